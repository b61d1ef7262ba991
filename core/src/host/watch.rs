//! When does the watchdog look next?
//!
//! It sleeps until the first call is overdue that it knows of, and looks now and then while plugins are called. Whoever
//! enters a plugin wakes it only for a call that is overdue before it would look: waking a thread for every request would
//! cost more than all plugin calls together. What it looks at is the pool's.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How often it looks at least while plugins are called.
const INTERVAL: Duration = Duration::from_millis(100);
/// It sleeps until it is woken.
const NEVER: u64 = u64::MAX;

/// Shared by the watchdog and those it watches.
#[derive(Debug)]
pub(super) struct Watch {
    /// What times are counted from.
    begun: Instant,
    /// When it looks, in microseconds, or [`NEVER`].
    next_us: AtomicU64,
    /// Whether a plugin was called since it looked last.
    is_called: AtomicBool,
    /// The watchdog, once it runs.
    thread: OnceLock<Thread>,
}

/// When to look, as far as is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    at: Instant,
    /// Whether there is a reason to look at all.
    has_reason: bool,
}

impl Look {
    /// Not later than `at`.
    pub fn earlier(self, at: Instant) -> Self {
        Self { at: self.at.min(at), has_reason: true }
    }
}

impl Watch {
    /// Nobody watches yet.
    pub fn new() -> Self {
        let next_us = AtomicU64::new(NEVER);
        Self { begun: Instant::now(), next_us, is_called: AtomicBool::new(false), thread: OnceLock::new() }
    }

    /// Says which thread is the watchdog; once.
    pub fn is_kept_by(&self, thread: &Thread) {
        self.thread.get_or_init(|| thread.clone());
    }

    fn micros(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.begun).as_micros() as u64
    }

    /// Wakes the watchdog if it would sleep through the end of a call, which is published already.
    pub fn entered(&self, overdue_at: Instant) {
        if !self.is_called.load(Ordering::Relaxed) {
            self.is_called.store(true, Ordering::Relaxed);
        }
        if self.micros(overdue_at) < self.next_us.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    /// Wakes the watchdog.
    pub fn wake(&self) {
        self.thread.get().into_iter().for_each(Thread::unpark);
    }

    /// Says, before calls are looked at, when they will be at the latest: whoever enters a plugin from here on sees it, and
    /// whoever did before is looked at.
    pub fn plan(&self) -> Look {
        let at = Instant::now() + INTERVAL;
        self.next_us.store(self.micros(at), Ordering::SeqCst);
        Look { at, has_reason: self.is_called.swap(false, Ordering::Relaxed) }
    }

    /// Sleeps until then, or, when there is no reason to look and nobody is inside a plugin, until it is woken.
    pub fn sleep(&self, look: Look, is_anybody_inside: impl FnOnce() -> bool) {
        if look.has_reason {
            // A call that is overdue before was seen, so that only one that is overdue earlier still has to wake anybody.
            self.next_us.store(self.micros(look.at), Ordering::SeqCst);
            return thread::park_timeout(look.at.saturating_duration_since(Instant::now()));
        }
        self.next_us.store(NEVER, Ordering::SeqCst);
        // A call that began since they were looked at had no reason to wake anybody.
        if !is_anybody_inside() {
            thread::park();
        }
    }
}
