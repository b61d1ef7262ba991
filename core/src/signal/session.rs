//! Which events make up one visit, and what does it count?
//!
//! A visit is a maximal chain of a session's events with gaps of at most 30 minutes. What it counts, items and their
//! categories, is in its `marks`. All of this holds whatever the order of arrival: a late event may open a visit,
//! stretch one, move a count to an earlier hour, or join two visits into one, which takes back what they counted twice.
//! A session is kept until no admissible event can reach its last visit; the table is bounded (`limits` says by what,
//! and what one takes) and drops what it has held longest: an event that then comes late may count a second time.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::SignalConfig;
use super::counters::{Tallies, ViewId, row_of};
use super::marks::Marks;
use super::placement::Met;
use super::queries::Searches;
use super::sharded::Sharded;
use super::visits::Place;
use super::window::{Counter, Hour};
use crate::id::{CategoryId, ItemId, TimeMs};
use crate::limits::{SESSION_IDLE_MS, SESSION_PAIRED_ITEMS_MAX};

/// One visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Visit {
    begin_ms: TimeMs,
    end_ms: TimeMs,
    /// The items it counted.
    items: Marks,
    /// The categories it counted.
    categories: Marks,
    /// The last distinct items viewed, newest last, in order of arrival.
    recent: Vec<ItemId>,
    /// Where it is in the index of visits; `None` before its first view.
    pub(super) place: Option<Place>,
    /// The recommendation units it met.
    pub(super) met: Met,
    /// What it searched for; `None` before its first search.
    pub(super) searches: Option<Box<Searches>>,
}

impl Visit {
    fn at(time_ms: TimeMs) -> Self {
        Self {
            begin_ms: time_ms,
            end_ms: time_ms,
            items: Marks::default(),
            categories: Marks::default(),
            recent: Vec::new(),
            place: None,
            met: Met::default(),
            searches: None,
        }
    }

    fn reaches(&self, time_ms: TimeMs) -> bool {
        self.begin_ms.saturating_sub(SESSION_IDLE_MS) <= time_ms
            && time_ms <= self.end_ms.saturating_add(SESSION_IDLE_MS)
    }

    /// The last distinct items viewed, newest last.
    pub(super) fn recent(&self) -> &[ItemId] {
        &self.recent
    }

    /// Counts the item once, in the earliest hour it was seen; true the first time.
    pub(super) fn mark(&mut self, counter: Counter, item: ItemId, at: (ViewId, Hour), tallies: &mut Tallies) -> bool {
        self.items.mark(counter, item, at, &mut tallies.items)
    }

    /// Counts the category once, in the earliest hour one of its items was seen.
    pub(super) fn mark_category(
        &mut self,
        counter: Counter,
        category: CategoryId,
        at: (ViewId, Hour),
        tallies: &mut Tallies,
    ) {
        self.categories.mark(counter, row_of(category), at, &mut tallies.categories);
    }

    /// Remembers the item as the last one viewed.
    pub(super) fn remember(&mut self, item: ItemId) {
        self.recent.retain(|&seen| seen != item);
        self.recent.push(item);
        let surplus = self.recent.len().saturating_sub(SESSION_PAIRED_ITEMS_MAX);
        self.recent.drain(..surplus);
    }

    /// Takes in a visit that turned out to be part of this one.
    fn join(&mut self, other: Visit, tallies: &mut Tallies) {
        self.searches = match (self.searches.take(), other.searches) {
            (Some(mine), Some(theirs)) => {
                // The one opened later may have begun earlier.
                let is_in_order = self.begin_ms <= other.begin_ms;
                let (mut earlier, later) = if is_in_order { (mine, theirs) } else { (theirs, mine) };
                earlier.join(*later);
                Some(earlier)
            }
            (mine, theirs) => mine.or(theirs),
        };
        self.begin_ms = self.begin_ms.min(other.begin_ms);
        self.end_ms = self.end_ms.max(other.end_ms);
        self.items.join(other.items, &mut tallies.items);
        self.categories.join(other.categories, &mut tallies.categories);
        // What either has in the index stays there; the one opened later goes on.
        self.place = other.place.or(self.place);
        self.met.join(other.met);
        let newer = std::mem::replace(&mut self.recent, other.recent);
        for item in newer {
            self.remember(item);
        }
    }
}

type Visits = SmallVec<[Visit; 1]>;

/// The sessions that can still change.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    open: Sharded<Visits>,
    /// Every session once, with the hour to look at it again; hours do not fall.
    due: VecDeque<(Hour, u64)>,
}

impl Sessions {
    /// The visit of the session that an event at `time_ms` belongs to, opened, stretched or joined as needed.
    pub(super) fn visit(
        &mut self,
        session: u64,
        time_ms: TimeMs,
        now_ms: TimeMs,
        tallies: &mut Tallies,
        config: &SignalConfig,
    ) -> &mut Visit {
        if !self.open.contains(session) {
            while self.open.len() >= config.sessions_max.max(1) {
                let Some((_, oldest)) = self.due.pop_front() else { break };
                self.open.remove(oldest);
            }
            self.open.insert(session, Visits::new());
            self.due.push_back((due(now_ms, config), session));
        }
        let visits = self.open.get_mut(session).expect("the session was just inserted");
        let i = visits.iter().position(|visit| visit.reaches(time_ms)).unwrap_or_else(|| {
            visits.push(Visit::at(time_ms));
            visits.len() - 1
        });
        if let Some(j) = (i + 1..visits.len()).find(|&j| visits[j].reaches(time_ms)) {
            let other = visits.remove(j);
            visits[i].join(other, tallies);
        }
        let visit = &mut visits[i];
        visit.begin_ms = visit.begin_ms.min(time_ms);
        visit.end_ms = visit.end_ms.max(time_ms);
        visit
    }

    /// Drops the visits that no admissible event can reach any more.
    pub(super) fn expire(&mut self, now_ms: TimeMs, config: &SignalConfig) {
        let bound = now_ms.saturating_sub(config.lateness_ms).saturating_sub(SESSION_IDLE_MS);
        while let Some((_, session)) = self.due.pop_front_if(|(due, _)| *due <= Hour::of(now_ms)) {
            let Some(visits) = self.open.get_mut(session) else { continue };
            visits.retain(|visit| visit.end_ms >= bound);
            if visits.is_empty() {
                self.open.remove(session);
            } else {
                self.due.push_back((due(now_ms, config), session));
            }
        }
    }

    pub(super) fn save(&self) -> SavedSessions {
        let open = self.open.sorted().into_iter().map(|(key, visits)| (key, visits.to_vec())).collect();
        SavedSessions { open, due: self.due.iter().copied().collect() }
    }

    pub(super) fn load(saved: SavedSessions) -> Self {
        let open = saved.open.into_iter().map(|(key, visits)| (key, Visits::from_vec(visits))).collect();
        Self { open, due: saved.due.into() }
    }
}

/// When a session touched at `now_ms` may be closed for good.
fn due(now_ms: TimeMs, config: &SignalConfig) -> Hour {
    let last = now_ms.saturating_add(config.future_ms).saturating_add(SESSION_IDLE_MS);
    Hour::of(last.saturating_add(config.lateness_ms)).plus(1)
}

/// [`Sessions`] as they stand in a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedSessions {
    open: Vec<(u64, Vec<Visit>)>,
    due: Vec<(Hour, u64)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::HOUR_MS;

    const MINUTE: TimeMs = 60_000;
    const NOW: TimeMs = 500_000 * HOUR_MS;

    /// Views of one item by one session at these minutes count this often.
    fn check(minutes: &[TimeMs], expected: u32) {
        let config = SignalConfig::default();
        let (mut sessions, mut tallies) = (Sessions::default(), Tallies::new(config.lateness_ms));
        tallies.advance(Hour::of(NOW));
        for minute in minutes {
            let time_ms = NOW + minute * MINUTE;
            let visit = sessions.visit(1, time_ms, NOW, &mut tallies, &config);
            visit.mark(Counter::Views, ItemId(3), (ViewId::UNNAMED, Hour::of(time_ms)), &mut tallies);
        }
        assert_eq!(tallies.items.shop.sums.totals[0].get(3), expected, "{minutes:?}");
    }

    #[test]
    fn a_visit_is_a_chain_of_gaps_up_to_half_an_hour_in_any_order() {
        check(&[0, 0, 1], 1);
        check(&[0, 30], 1);
        check(&[0, 31], 2);
        check(&[0, 30, 60], 1);
        check(&[60, 0, 30], 1);
        check(&[60, 0, 31], 2);
        check(&[61, 0, 30], 2);
        check(&[0, 120, 60, 30, 90], 1);
    }

    #[test]
    fn sessions_are_dropped_when_nothing_can_reach_them_and_never_exceed_the_bound() {
        let config = SignalConfig { sessions_max: 10, ..SignalConfig::default() };
        let (mut sessions, mut tallies) = (Sessions::default(), Tallies::new(config.lateness_ms));
        for session in 0..50 {
            sessions.visit(session << 50, NOW, NOW, &mut tallies, &config);
            assert!(sessions.open.len() <= 10 && sessions.due.len() <= 10);
        }
        sessions.expire(NOW + config.lateness_ms, &config);
        assert_eq!(sessions.open.len(), 10);
        sessions.expire(NOW + config.lateness_ms + 3 * HOUR_MS, &config);
        assert_eq!((sessions.open.len(), sessions.due.len()), (0, 0));
    }
}
