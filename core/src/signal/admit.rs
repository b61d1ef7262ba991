//! Does an event count?
//!
//! It does unless it was seen before, is later than the lateness bound, or lies further in the future than
//! clocks err. The decision is a pure function of the log so far and of the entry's time, so that a replay
//! decides alike; the door asks the same question without changing anything. An id is remembered for as long
//! as an event with that time could still be admitted. When more ids come than memory allows, the oldest are
//! forgotten early; that, too, depends on the log alone.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::SignalConfig;
use super::event::Event;
use super::key::event_key;
use super::sharded::KeySet;
use super::window::Hour;
use crate::id::TimeMs;

/// Whether an event counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It counts.
    New,
    /// An event with this id was counted before.
    Duplicate,
    /// It is older than the lateness bound allows.
    TooLate {
        /// Milliseconds past the bound.
        by_ms: TimeMs,
    },
    /// Its clock runs ahead of the log by more than the bound.
    Future {
        /// Milliseconds past the bound.
        by_ms: TimeMs,
    },
}

/// Ids of the events that were admitted lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    ids: KeySet,
    /// By the hour of admission, in order of admission.
    hours: VecDeque<(Hour, Vec<u64>)>,
}

impl Seen {
    pub(super) fn would_admit(&self, event: &Event, now_ms: TimeMs, config: &SignalConfig) -> Admission {
        self.decide(event, event_key(event), now_ms, config)
    }

    pub(super) fn admit(&mut self, event: &Event, now_ms: TimeMs, config: &SignalConfig) -> Admission {
        let id = event_key(event);
        let admission = self.decide(event, id, now_ms, config);
        if admission == Admission::New {
            self.remember(id, Hour::of(now_ms));
            while self.ids.len() > config.seen_events_max.max(1) {
                self.forget_oldest_hour_half();
            }
        }
        admission
    }

    fn decide(&self, event: &Event, id: u64, now_ms: TimeMs, config: &SignalConfig) -> Admission {
        let early = event.time_ms.saturating_sub(now_ms.saturating_add(config.future_ms));
        let late = now_ms.saturating_sub(config.lateness_ms).saturating_sub(event.time_ms);
        if early > 0 {
            Admission::Future { by_ms: early }
        } else if late > 0 {
            Admission::TooLate { by_ms: late }
        } else if self.ids.contains(id) {
            Admission::Duplicate
        } else {
            Admission::New
        }
    }

    fn remember(&mut self, id: u64, hour: Hour) {
        self.ids.insert(id, ());
        match self.hours.back_mut() {
            Some((last, ids)) if *last >= hour => ids.push(id),
            _ => self.hours.push_back((hour, vec![id])),
        }
    }

    /// Forgets the older half of the oldest hour: amortized, a few steps per event.
    fn forget_oldest_hour_half(&mut self) {
        let Some((_, ids)) = self.hours.front_mut() else { return };
        let half = ids.len().div_ceil(2);
        for id in ids.drain(..half) {
            self.ids.remove(id);
        }
        if ids.is_empty() {
            self.hours.pop_front();
        }
    }

    /// Forgets ids that no admissible event can carry any more.
    pub(super) fn expire(&mut self, now_ms: TimeMs, config: &SignalConfig) {
        let bound = now_ms.saturating_sub(config.lateness_ms).saturating_sub(config.future_ms);
        while let Some((_, ids)) = self.hours.pop_front_if(|(hour, _)| hour.plus(1) < Hour::of(bound)) {
            for id in ids {
                self.ids.remove(id);
            }
        }
    }

    pub(super) fn save(&self) -> SavedSeen {
        SavedSeen { hours: self.hours.iter().cloned().collect() }
    }

    pub(super) fn load(saved: SavedSeen) -> Self {
        let ids = saved.hours.iter().flat_map(|(_, ids)| ids.iter().map(|&id| (id, ()))).collect();
        Self { ids, hours: saved.hours.into() }
    }
}

/// [`Seen`] as it stands in a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedSeen {
    hours: Vec<(Hour, Vec<u64>)>,
}

#[cfg(test)]
mod tests {
    use super::super::testing::view;
    use super::*;
    use crate::id::HOUR_MS;

    const NOW: TimeMs = 1_000_000 * HOUR_MS;

    fn check(time_ms: TimeMs, expected: Admission) {
        let (config, mut seen) = (SignalConfig::default(), Seen::default());
        let event = view("id", "s", 1, time_ms);
        assert_eq!(seen.would_admit(&event, NOW, &config), expected);
        assert_eq!(seen.admit(&event, NOW, &config), expected);
        let again = if expected == Admission::New { Admission::Duplicate } else { expected };
        assert_eq!(seen.admit(&event, NOW, &config), again);
        assert_eq!(Seen::load(seen.save()).admit(&event, NOW, &config), again);
    }

    #[test]
    fn time_decides_at_the_bounds() {
        check(NOW, Admission::New);
        check(NOW - 72 * HOUR_MS, Admission::New);
        check(NOW - 72 * HOUR_MS - 1, Admission::TooLate { by_ms: 1 });
        check(NOW + 600_000, Admission::New);
        check(NOW + 600_001, Admission::Future { by_ms: 1 });
        check(TimeMs::MAX, Admission::Future { by_ms: TimeMs::MAX - NOW - 600_000 });
        assert!(matches!(
            Seen::default().would_admit(&view("id", "s", 1, TimeMs::MIN), NOW, &SignalConfig::default()),
            Admission::TooLate { .. }
        ));
    }

    #[test]
    fn an_id_is_remembered_until_its_event_would_be_too_late() {
        let (config, mut seen) = (SignalConfig::default(), Seen::default());
        let event = view("id", "s", 1, NOW + config.future_ms);
        seen.admit(&event, NOW, &config);
        let last = event.time_ms + config.lateness_ms;
        seen.expire(last, &config);
        assert_eq!(seen.admit(&event, last, &config), Admission::Duplicate);
        seen.expire(last + 3 * HOUR_MS, &config);
        assert_eq!(seen.ids.len(), 0);
    }

    #[test]
    fn memory_is_bounded_and_the_newest_ids_stay() {
        let config = SignalConfig { seen_events_max: 100, ..SignalConfig::default() };
        let mut seen = Seen::default();
        for i in 0..1_000 {
            seen.admit(&view(&i.to_string(), "s", 1, NOW), NOW, &config);
            assert!(seen.ids.len() <= 100);
        }
        assert_eq!(seen.admit(&view("999", "s", 1, NOW), NOW, &config), Admission::Duplicate);
        assert_eq!(seen.admit(&view("0", "s", 1, NOW), NOW, &config), Admission::New);
    }
}
