//! How do recommendation units do?
//!
//! Per unit and hour: shown, seen, clicked, and what was bought of what was clicked, so that any of the windows
//! and all time can be read. A placement is seen for the first time once a visit and answer; an order counts for
//! the unit whose item was clicked earlier in the same visit, the last such unit if there were several. What
//! a cancel takes back is not taken back here: these are orders placed.
//!
//! Bytes: about 60 an hour in which a unit was active, for 30 days.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use super::window::{Hour, Window};
use crate::id::ItemId;
use crate::limits::{PLACEMENTS_COUNTED_MAX, SESSION_PLACEMENTS_MAX};

/// What was counted of a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementCounts {
    /// Times it was rendered, seen or not.
    pub impressions: u64,
    /// Times it came into view; every time counts.
    pub views: u64,
    /// Renderings that came into view at all.
    pub viewable_impressions: u64,
    /// Items clicked, and items put into the cart, in the unit.
    pub clicks: u64,
    /// Items bought that were clicked in the unit in the same visit.
    pub purchases: u64,
    /// What they cost, in minor units as the events say.
    pub revenue_minor: i64,
}

impl PlacementCounts {
    fn add(&mut self, other: &Self) {
        self.impressions += other.impressions;
        self.views += other.views;
        self.viewable_impressions += other.viewable_impressions;
        self.clicks += other.clicks;
        self.purchases += other.purchases;
        self.revenue_minor = self.revenue_minor.saturating_add(other.revenue_minor);
    }
}

/// One unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Series {
    hours: BTreeMap<Hour, PlacementCounts>,
    total: PlacementCounts,
}

/// Every unit that was ever shown, by id; a clone is one pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Placements {
    units: imbl::OrdMap<String, Arc<Series>>,
}

/// What a visit remembers of the units it met; newest last, bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Met {
    /// Answers seen: (request id, unit).
    seen: Vec<(String, String)>,
    /// Items clicked: (item, unit).
    clicked: Vec<(ItemId, String)>,
}

impl Met {
    /// Remembers that the answer's unit came into view; true the first time.
    fn sees(&mut self, event: &Event, unit: &str) -> bool {
        let key = (event.request_id.clone().unwrap_or_default(), unit.to_owned());
        let is_new = !self.seen.contains(&key);
        if is_new {
            push_bounded(&mut self.seen, key);
        }
        is_new
    }

    fn clicks(&mut self, item: ItemId, unit: &str) {
        self.clicked.retain(|(clicked, _)| *clicked != item);
        push_bounded(&mut self.clicked, (item, unit.to_owned()));
    }

    fn unit_of(&self, item: ItemId) -> Option<&str> {
        self.clicked.iter().find(|(clicked, _)| *clicked == item).map(|(_, unit)| unit.as_str())
    }

    /// Takes in what another part of the same visit met.
    pub(super) fn join(&mut self, other: Met) {
        other.seen.into_iter().for_each(|key| {
            if !self.seen.contains(&key) {
                push_bounded(&mut self.seen, key);
            }
        });
        other.clicked.into_iter().for_each(|(item, unit)| {
            if self.unit_of(item).is_none() {
                push_bounded(&mut self.clicked, (item, unit));
            }
        });
    }
}

fn push_bounded<T>(list: &mut Vec<T>, new: T) {
    if list.len() == SESSION_PLACEMENTS_MAX {
        list.remove(0);
    }
    list.push(new);
}

/// Whether an event says something about a unit.
pub(super) fn is_about_unit(event: &Event) -> bool {
    use EventKind::{AddToCart, UnitClick, UnitImpression, UnitView};
    event.unit.as_deref().is_some_and(|unit| !unit.is_empty())
        && matches!(event.kind, UnitImpression | UnitView | UnitClick | AddToCart)
}

impl Placements {
    /// Counts an event about a unit; `met` is what its visit remembers, if it belongs to one.
    pub(super) fn count(&mut self, event: &Event, items: &[ItemId], hour: Hour, met: Option<&mut Met>) {
        let Some(unit) = event.unit.as_deref().filter(|_| is_about_unit(event)) else { return };
        let mut counts = PlacementCounts::default();
        match event.kind {
            EventKind::UnitImpression => counts.impressions = 1,
            EventKind::UnitView => {
                counts.views = 1;
                counts.viewable_impressions = u64::from(met.is_none_or(|met| met.sees(event, unit)));
            }
            _ => {
                counts.clicks = items.len().max(1) as u64;
                if let Some(met) = met {
                    items.iter().for_each(|&item| met.clicks(item, unit));
                }
            }
        }
        self.add(unit, hour, &counts);
    }

    /// Counts what was bought for the units it was clicked in: (item, amount paid in minor units).
    pub(super) fn bought(&mut self, lines: &[(ItemId, i64)], hour: Hour, met: &Met) {
        for &(item, revenue_minor) in lines {
            if let Some(unit) = met.unit_of(item) {
                self.add(unit, hour, &PlacementCounts { purchases: 1, revenue_minor, ..PlacementCounts::default() });
            }
        }
    }

    fn add(&mut self, unit: &str, hour: Hour, counts: &PlacementCounts) {
        if !self.units.contains_key(unit) && self.units.len() >= PLACEMENTS_COUNTED_MAX {
            return;
        }
        let series = Arc::make_mut(self.units.entry(unit.to_owned()).or_default());
        series.total.add(counts);
        series.hours.entry(hour).or_default().add(counts);
        let oldest = series.hours.last_key_value().map_or(hour, |(newest, _)| newest.minus(Window::Month.hours()));
        if series.hours.first_key_value().is_some_and(|(first, _)| *first <= oldest) {
            series.hours = series.hours.split_off(&oldest.plus(1));
        }
    }

    /// Counts of a unit in a window that ends with `hour`, or of all time.
    pub(super) fn read(&self, unit: &str, window: Option<Window>, hour: Hour) -> PlacementCounts {
        let Some(series) = self.units.get(unit) else { return PlacementCounts::default() };
        let Some(window) = window else { return series.total };
        let mut sum = PlacementCounts::default();
        let hours = series.hours.range(hour.minus(window.hours()).plus(1)..=hour);
        hours.for_each(|(_, counts)| sum.add(counts));
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::testing::event;

    fn about(kind: EventKind, request: &str, items: &[u32]) -> Event {
        Event { unit: Some("u".into()), request_id: Some(request.into()), ..event(kind, "e", "s", items, 0) }
    }

    #[test]
    fn each_kind_counts_what_it_says_and_a_placement_is_viewable_once() {
        let (mut placements, mut met) = (Placements::default(), Met::default());
        let mut take = |kind, request: &str, items: &[u32], hour: i32| {
            let event = about(kind, request, items);
            let items: Vec<ItemId> = items.iter().map(|&item| ItemId(item)).collect();
            placements.count(&event, &items, Hour(hour), Some(&mut met));
        };
        take(EventKind::UnitImpression, "r", &[1, 2], 100);
        take(EventKind::UnitImpression, "q", &[1, 2], 100);
        take(EventKind::UnitView, "r", &[], 100);
        take(EventKind::UnitView, "r", &[], 100);
        take(EventKind::UnitClick, "r", &[2], 100);
        take(EventKind::AddToCart, "r", &[2], 130);
        take(EventKind::ProductView, "r", &[2], 130);
        placements.bought(&[(ItemId(2), 1_999), (ItemId(7), 5)], Hour(130), &met);
        let all = PlacementCounts {
            impressions: 2,
            views: 2,
            viewable_impressions: 1,
            clicks: 2,
            purchases: 1,
            revenue_minor: 1_999,
        };
        assert_eq!(placements.read("u", None, Hour(9_000)), all);
        let day = PlacementCounts { clicks: 1, purchases: 1, revenue_minor: 1_999, ..PlacementCounts::default() };
        assert_eq!(placements.read("u", Some(Window::Day), Hour(130)), day);
        assert_eq!(placements.read("v", None, Hour(130)), PlacementCounts::default());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut placements, mut met) = (Placements::default(), Met::default());
        for n in 0..2_000_i32 {
            let event = about(EventKind::UnitView, &n.to_string(), &[]);
            placements.count(&event, &[], Hour(n), Some(&mut met));
            met.clicks(ItemId(n as u32), "u");
        }
        assert!(met.seen.len() <= SESSION_PLACEMENTS_MAX && met.clicked.len() <= SESSION_PLACEMENTS_MAX);
        assert_eq!(placements.units["u"].hours.len(), 720);
        assert_eq!(placements.read("u", None, Hour(0)).views, 2_000);
    }
}
