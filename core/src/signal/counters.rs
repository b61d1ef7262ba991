//! Whose counters does an event change?
//!
//! The whole shop's, always, and those of the store view it names. A view gets counters of its own with its first
//! event, so a shop whose events name none pays for one set only; from the first event that names one, what names
//! none is told apart, too, and begins with all that was counted until then. The number of views is bounded:
//! later ones count in the whole shop alone. What counts once, and when, is decided by `session` and `order`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::demand::Demand;
use super::window::{Counter, Hour, SavedWindows, Windows};
use crate::id::{CategoryId, ItemId, TimeMs};
use crate::limits::STORE_VIEWS_COUNTED_MAX;

/// A store view as the counters know it, in order of first event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct ViewId(u8);

impl ViewId {
    /// What names no store view.
    pub(super) const UNNAMED: ViewId = ViewId(0);
    /// Every view that came after the last one that is counted.
    const OTHER: ViewId = ViewId(u8::MAX);
}

const _: () = assert!(STORE_VIEWS_COUNTED_MAX < ViewId::OTHER.0 as usize, "every view has an id of its own");

/// Counters of one store view.
#[derive(Clone, Debug)]
struct Own {
    code: Arc<str>,
    /// Time of its oldest event.
    since_ms: Option<TimeMs>,
    windows: Windows,
}

/// What is counted of items and, by the same rules, of categories.
#[derive(Clone, Debug)]
pub(super) struct Tallies {
    pub(super) items: Counters,
    /// Its rows are [`row_of`] categories.
    pub(super) categories: Counters,
}

/// The row a category is counted in.
pub(super) fn row_of(category: CategoryId) -> ItemId {
    ItemId(category.0)
}

impl Tallies {
    /// Counters that are open to events up to `lateness_ms` late.
    pub(super) fn new(lateness_ms: TimeMs) -> Self {
        Self { items: Counters::new(lateness_ms), categories: Counters::new(lateness_ms) }
    }

    /// The store view an event at `time_ms` names, known from now on; the id is the same in both.
    pub(super) fn meet(&mut self, code: &str, time_ms: TimeMs) -> ViewId {
        let (view, of_categories) = (self.items.meet(code, time_ms), self.categories.meet(code, time_ms));
        debug_assert_eq!(view, of_categories, "both meet the same views in the same order");
        view
    }

    /// Moves every window to end with `hour`; an earlier hour changes nothing.
    pub(super) fn advance(&mut self, hour: Hour) {
        self.items.advance(hour);
        self.categories.advance(hour);
    }
}

/// The counters of the shop and of its store views.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    /// The whole shop.
    pub(super) shop: Windows,
    /// Time of the oldest event that counted.
    since_ms: Option<TimeMs>,
    /// By [`ViewId`]; empty until an event names a store view.
    views: Vec<Own>,
    lateness_ms: TimeMs,
}

impl Counters {
    /// Counters that are open to events up to `lateness_ms` late.
    pub(super) fn new(lateness_ms: TimeMs) -> Self {
        Self { shop: Windows::new(lateness_ms), since_ms: None, views: Vec::new(), lateness_ms }
    }

    /// The store view an event at `time_ms` names, known from now on.
    pub(super) fn meet(&mut self, code: &str, time_ms: TimeMs) -> ViewId {
        let view = self.view(code);
        let of_view = self.views.get_mut(usize::from(view.0)).map(|own| &mut own.since_ms);
        for since in of_view.into_iter().chain([&mut self.since_ms]) {
            *since = Some(since.map_or(time_ms, |since| since.min(time_ms)));
        }
        view
    }

    fn view(&mut self, code: &str) -> ViewId {
        if code.is_empty() {
            return ViewId::UNNAMED;
        }
        if let Some(known) = self.views.iter().position(|own| &*own.code == code) {
            return ViewId(known as u8);
        }
        if self.views.is_empty() {
            // So far nothing named a view, so what was counted in the shop is what was counted without one.
            self.views.push(Own { code: "".into(), since_ms: self.since_ms, windows: self.shop.clone() });
        }
        if self.views.len() > STORE_VIEWS_COUNTED_MAX {
            return ViewId::OTHER;
        }
        let mut windows = Windows::new(self.lateness_ms);
        windows.advance(self.shop.hour());
        self.views.push(Own { code: code.into(), since_ms: None, windows });
        ViewId(self.views.len() as u8 - 1)
    }

    /// The code of a view, empty for what has no counters of its own.
    pub(super) fn code(&self, view: ViewId) -> &str {
        self.views.get(usize::from(view.0)).map_or("", |own| &own.code)
    }

    /// The view's own counters, if it has any.
    pub(super) fn own(&mut self, view: ViewId) -> Option<&mut Windows> {
        self.views.get_mut(usize::from(view.0)).map(|own| &mut own.windows)
    }

    /// Counts once in the shop and in the view.
    pub(super) fn add(&mut self, counter: Counter, item: ItemId, (view, hour): (ViewId, Hour)) {
        self.shop.add(counter, item, hour);
        self.own(view).into_iter().for_each(|own| own.add(counter, item, hour));
    }

    /// Takes back what was counted once in the shop and in the view.
    pub(super) fn sub(&mut self, counter: Counter, item: ItemId, (view, hour): (ViewId, Hour)) {
        self.shop.sub(counter, item, hour);
        self.own(view).into_iter().for_each(|own| own.sub(counter, item, hour));
    }

    /// Moves every window to end with `hour`; an earlier hour changes nothing.
    pub(super) fn advance(&mut self, hour: Hour) {
        self.shop.advance(hour);
        self.views.iter_mut().for_each(|own| own.windows.advance(hour));
    }

    /// What readers see at `now_ms`: the shop's, and each view's with its code. A pointer for each.
    pub(super) fn publish(&self, now_ms: TimeMs) -> (Demand, Vec<(Arc<str>, Demand)>) {
        let demand = |since_ms, windows: &Windows| Demand { now_ms, since_ms, sums: Arc::clone(&windows.sums) };
        let views = self.views.iter().map(|own| (Arc::clone(&own.code), demand(own.since_ms, &own.windows)));
        (demand(self.since_ms, &self.shop), views.collect())
    }

    /// Bytes of the shop's counters and of every view's.
    pub(super) fn bytes(&self) -> usize {
        self.shop.bytes() + self.views.iter().map(|own| own.windows.bytes()).sum::<usize>()
    }

    pub(super) fn save(&self) -> SavedCounters {
        let own = |own: &Own| (own.code.to_string(), own.since_ms, own.windows.save());
        SavedCounters { shop: self.shop.save(), since_ms: self.since_ms, views: self.views.iter().map(own).collect() }
    }

    /// The counters that were saved.
    pub(super) fn load(saved: SavedCounters, lateness_ms: TimeMs) -> Self {
        let own = |(code, since_ms, windows): (String, _, _)| Own {
            code: code.into(),
            since_ms,
            windows: Windows::load(windows, lateness_ms),
        };
        Self {
            shop: Windows::load(saved.shop, lateness_ms),
            since_ms: saved.since_ms,
            views: saved.views.into_iter().map(own).collect(),
            lateness_ms,
        }
    }
}

/// [`Counters`] as they stand in a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedCounters {
    shop: SavedWindows,
    since_ms: Option<TimeMs>,
    views: Vec<(String, Option<TimeMs>, SavedWindows)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_bounded_and_what_came_before_the_first_is_the_unnamed_ones() {
        let (mut counters, hour) = (Counters::new(0), Hour(500_000));
        counters.advance(hour);
        let unnamed = counters.meet("", 5);
        counters.add(Counter::Views, ItemId(1), (unnamed, hour));
        assert!(counters.publish(9).1.is_empty(), "nothing is told apart before it must be");
        for n in 0..STORE_VIEWS_COUNTED_MAX + 3 {
            let view = counters.meet(&format!("v{n}"), 7);
            assert_eq!(view, counters.meet(&format!("v{n}"), 8), "a view keeps its id");
            counters.add(Counter::Views, ItemId(1), (view, hour));
        }
        let (shop, views) = counters.publish(9);
        let count = |demand: &Demand| demand.total(Counter::Views, ItemId(1));
        assert_eq!(count(&shop) as usize, 1 + STORE_VIEWS_COUNTED_MAX + 3);
        assert_eq!(views.len(), 1 + STORE_VIEWS_COUNTED_MAX);
        assert!(views.iter().all(|(_, demand)| count(demand) == 1));
        assert_eq!((views[0].1.since_ms, views[1].1.since_ms, shop.since_ms), (Some(5), Some(7), Some(5)));
        assert_eq!(Counters::load(counters.save(), 0).save(), counters.save());
    }
}
