//! What time is it, for the log?
//!
//! The only source of time in the kernel: the writer stamps entries with it, everything else reads the time
//! of entries. It is passed in, so that tests move it by hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::{Receiver, Sender, after, bounded};

use crate::id::TimeMs;

/// Where the writer takes its time from.
pub trait Clock: Send + Sync {
    /// Now; it may jump back, the writer takes care of that.
    fn now_ms(&self) -> TimeMs;

    /// A channel that receives one message at `at_ms`, at once when that has passed.
    fn alarm(&self, at_ms: TimeMs) -> Receiver<Instant>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> TimeMs {
        // A clock set before 1970 counts as 1970: the log's time does not go back anyway.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        TimeMs::try_from(since.as_millis()).unwrap_or(TimeMs::MAX)
    }

    fn alarm(&self, at_ms: TimeMs) -> Receiver<Instant> {
        let wait_ms = at_ms.saturating_sub(self.now_ms()).max(0);
        after(Duration::from_millis(wait_ms.unsigned_abs()))
    }
}

/// The machine's clock, except while history is taken in: then it shows what it is told, so that events of long
/// ago enter the log at their own time.
#[derive(Debug)]
pub struct HistoryClock {
    /// [`LIVE`] outside history.
    shown_ms: AtomicI64,
}

/// What a [`HistoryClock`] holds while it follows the machine's clock.
const LIVE: TimeMs = TimeMs::MIN;

/// How often somebody who waits for an alarm of history looks again, since history moves in jumps.
const HISTORY_ALARM: Duration = Duration::from_secs(1);

impl HistoryClock {
    /// A clock that shows `time_ms` until it is moved.
    pub fn at(time_ms: TimeMs) -> Self {
        Self { shown_ms: AtomicI64::new(time_ms) }
    }

    /// Shows `time_ms` from now on.
    pub fn show(&self, time_ms: TimeMs) {
        self.shown_ms.store(time_ms, Ordering::Release);
    }

    /// Whether it shows what it was told.
    pub fn is_in_history(&self) -> bool {
        self.shown_ms.load(Ordering::Acquire) != LIVE
    }

    /// Follows the machine's clock from now on.
    pub fn go_live(&self) {
        self.shown_ms.store(LIVE, Ordering::Release);
    }
}

impl Clock for HistoryClock {
    fn now_ms(&self) -> TimeMs {
        match self.shown_ms.load(Ordering::Acquire) {
            LIVE => SystemClock.now_ms(),
            shown => shown,
        }
    }

    fn alarm(&self, at_ms: TimeMs) -> Receiver<Instant> {
        match self.shown_ms.load(Ordering::Acquire) {
            LIVE => SystemClock.alarm(at_ms),
            _ => after(HISTORY_ALARM),
        }
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct ManualClock {
    state: Mutex<ManualState>,
}

#[derive(Debug, Default)]
struct ManualState {
    now_ms: TimeMs,
    alarms: Vec<(TimeMs, Sender<Instant>)>,
}

impl ManualClock {
    /// A clock that shows `now_ms`.
    pub fn at(now_ms: TimeMs) -> Self {
        Self { state: Mutex::new(ManualState { now_ms, alarms: Vec::new() }) }
    }

    /// Moves it forward.
    pub fn advance(&self, by_ms: TimeMs) {
        let now_ms = self.now_ms();
        self.set(now_ms + by_ms);
    }

    /// Sets it, also back, and rings the alarms that are due.
    pub fn set(&self, now_ms: TimeMs) {
        let mut state = self.lock();
        state.now_ms = now_ms;
        state.alarms.retain(|(at_ms, alarm)| {
            let due = *at_ms <= now_ms;
            if due {
                // Nobody may be listening any more.
                let _ = alarm.try_send(Instant::now());
            }
            !due
        });
    }

    fn lock(&self) -> MutexGuard<'_, ManualState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> TimeMs {
        self.lock().now_ms
    }

    fn alarm(&self, at_ms: TimeMs) -> Receiver<Instant> {
        let (alarm, receiver) = bounded(1);
        let mut state = self.lock();
        if at_ms <= state.now_ms {
            let _ = alarm.try_send(Instant::now());
        } else {
            state.alarms.push((at_ms, alarm));
        }
        receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_ring_when_due_and_not_before() {
        let clock = ManualClock::at(100);
        let (past, soon, later) = (clock.alarm(100), clock.alarm(150), clock.alarm(151));
        assert!(past.try_recv().is_ok());
        clock.advance(50);
        assert!(soon.try_recv().is_ok());
        assert!(later.try_recv().is_err());
        clock.set(400);
        assert!(later.try_recv().is_ok());
    }

    #[test]
    fn a_moved_back_clock_shows_it() {
        let clock = ManualClock::at(100);
        clock.set(40);
        assert_eq!(clock.now_ms(), 40);
    }
}
