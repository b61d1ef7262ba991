//! Which events make up one visit, and what does it count?
//!
//! A visit is a maximal chain of a session's events with gaps of at most 30 minutes. In a visit an item counts
//! once per counter, in the hour it was first seen, and once in each store view it was seen in, in the hour it was
//! first seen there. All of this holds whatever the order of arrival: a late event may
//! open a visit, stretch one, move a count to an earlier hour, or join two visits into one, which takes back
//! what they counted twice. A session is kept until no admissible event can reach its last visit; the table is
//! bounded and drops what it has held longest (an event that then comes late may count a second time).
//!
//! Bytes: about 120 a session, 12 a mark.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::SignalConfig;
use super::counters::{Counters, ViewId};
use super::placement::Met;
use super::queries::Searches;
use super::sharded::Sharded;
use super::visits::Place;
use super::window::{Counter, Hour};
use crate::id::{ItemId, TimeMs};
use crate::limits::{SESSION_IDLE_MS, SESSION_MARKS_MAX, SESSION_PAIRED_ITEMS_MAX};

/// What a visit counted once in a store view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    counter: Counter,
    item: ItemId,
    view: ViewId,
    /// When it was first seen there.
    hour: Hour,
}

impl Mark {
    fn key(&self) -> (Counter, ItemId, ViewId) {
        (self.counter, self.item, self.view)
    }
}

/// When marks of one item and counter count in the whole shop.
fn first_hour(marks: &[Mark]) -> Option<Hour> {
    marks.iter().map(|mark| mark.hour).min()
}

/// One visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Visit {
    begin_ms: TimeMs,
    end_ms: TimeMs,
    /// What it counted and when, sorted by [`Mark::key`].
    marks: Vec<Mark>,
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
        let (marks, recent) = (Vec::new(), Vec::new());
        Self { begin_ms: time_ms, end_ms: time_ms, marks, recent, place: None, met: Met::default(), searches: None }
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
    pub(super) fn mark(
        &mut self,
        counter: Counter,
        item: ItemId,
        (view, hour): (ViewId, Hour),
        counters: &mut Counters,
    ) -> bool {
        let counted = first_hour(self.marks_of(counter, item));
        match self.marks.binary_search_by_key(&(counter, item, view), Mark::key) {
            Ok(i) if self.marks[i].hour <= hour => return false,
            Ok(i) => {
                let was = std::mem::replace(&mut self.marks[i].hour, hour);
                counters.own(view).into_iter().for_each(|own| own.shift(counter, item, was, hour));
            }
            Err(_) if self.marks.len() >= SESSION_MARKS_MAX => return false,
            Err(i) => {
                self.marks.insert(i, Mark { counter, item, view, hour });
                counters.own(view).into_iter().for_each(|own| own.add(counter, item, hour));
            }
        }
        match counted {
            None => counters.shop.add(counter, item, hour),
            Some(was) if hour < was => counters.shop.shift(counter, item, was, hour),
            Some(_) => {}
        }
        counted.is_none()
    }

    /// The marks of an item, one for each store view it was seen in.
    fn marks_of(&self, counter: Counter, item: ItemId) -> &[Mark] {
        let begin = self.marks.partition_point(|mark| (mark.counter, mark.item) < (counter, item));
        let len = self.marks[begin..].partition_point(|mark| (mark.counter, mark.item) == (counter, item));
        &self.marks[begin..begin + len]
    }

    /// Remembers the item as the last one viewed.
    pub(super) fn remember(&mut self, item: ItemId) {
        self.recent.retain(|&seen| seen != item);
        self.recent.push(item);
        let surplus = self.recent.len().saturating_sub(SESSION_PAIRED_ITEMS_MAX);
        self.recent.drain(..surplus);
    }

    /// Takes in a visit that turned out to be part of this one.
    fn join(&mut self, other: Visit, counters: &mut Counters) {
        self.begin_ms = self.begin_ms.min(other.begin_ms);
        self.end_ms = self.end_ms.max(other.end_ms);
        for theirs in other.marks.chunk_by(|a, b| (a.counter, a.item) == (b.counter, b.item)) {
            let (counter, item) = (theirs[0].counter, theirs[0].item);
            if let (Some(mine), Some(theirs)) = (first_hour(self.marks_of(counter, item)), first_hour(theirs)) {
                counters.shop.sub(counter, item, mine.max(theirs));
            }
            theirs.iter().for_each(|mark| self.take_in(*mark, counters));
        }
        // What either has in the index stays there; the one opened later goes on.
        self.place = other.place.or(self.place);
        self.met.join(other.met);
        match (&mut self.searches, other.searches) {
            (Some(mine), Some(theirs)) => mine.join(*theirs),
            (mine, theirs) => *mine = mine.take().or(theirs),
        }
        let newer = std::mem::replace(&mut self.recent, other.recent);
        for item in newer {
            self.remember(item);
        }
    }

    /// Takes in a mark of a visit that turned out to be part of this one: a store view counts the earlier one.
    fn take_in(&mut self, mark: Mark, counters: &mut Counters) {
        match self.marks.binary_search_by_key(&mark.key(), Mark::key) {
            Ok(i) => {
                let mine = self.marks[i].hour;
                let own = counters.own(mark.view);
                own.into_iter().for_each(|own| own.sub(mark.counter, mark.item, mine.max(mark.hour)));
                self.marks[i].hour = mine.min(mark.hour);
            }
            Err(i) => self.marks.insert(i, mark),
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
        counters: &mut Counters,
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
            visits[i].join(other, counters);
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
        let (mut sessions, mut counters) = (Sessions::default(), Counters::new(config.lateness_ms));
        counters.advance(Hour::of(NOW));
        for minute in minutes {
            let time_ms = NOW + minute * MINUTE;
            let visit = sessions.visit(1, time_ms, NOW, &mut counters, &config);
            visit.mark(Counter::Views, ItemId(3), (ViewId::UNNAMED, Hour::of(time_ms)), &mut counters);
        }
        assert_eq!(counters.shop.sums.totals[0].get(3), expected, "{minutes:?}");
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
        let (mut sessions, mut counters) = (Sessions::default(), Counters::new(config.lateness_ms));
        for session in 0..50 {
            sessions.visit(session << 50, NOW, NOW, &mut counters, &config);
            assert!(sessions.open.len() <= 10 && sessions.due.len() <= 10);
        }
        sessions.expire(NOW + config.lateness_ms, &config);
        assert_eq!(sessions.open.len(), 10);
        sessions.expire(NOW + config.lateness_ms + 3 * HOUR_MS, &config);
        assert_eq!((sessions.open.len(), sessions.due.len()), (0, 0));
    }
}
