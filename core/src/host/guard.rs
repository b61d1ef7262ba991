//! May this plugin be called now, and what did it do?
//!
//! One [`Guard`] a running plugin: counters, a circuit breaker and the quarantine. The breaker is a pure state
//! machine over milliseconds that are passed in. After `failures_max` failures within `window_ms` it opens for
//! `open_ms`; then one call is let through, and its outcome closes or reopens it. Lateness is found out by the
//! pool's watchdog, not here. A plugin that cost several workers is quarantined until it is loaded anew.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use planogram_abi::table::CallError;

/// Why a contribution took no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultReason {
    /// It panicked; the panic stopped at the wall.
    Panicked,
    /// It said that it could not.
    Failed,
    /// It did not return in time.
    Late,
    /// What it gave is not finite, unknown, out of bounds, or otherwise against the contract.
    BadOutput,
    /// It failed too often lately and was not called.
    BreakerOpen,
    /// It cost several workers and is not called any more.
    Quarantined,
}

impl FaultReason {
    /// In answers and metrics: `panicked`, `failed`, `late`, `bad-output`, `breaker-open`, `quarantined`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Panicked => "panicked",
            Self::Failed => "failed",
            Self::Late => "late",
            Self::BadOutput => "bad-output",
            Self::BreakerOpen => "breaker-open",
            Self::Quarantined => "quarantined",
        }
    }
}

/// A contribution that took no part in an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{plugin}/{contribution} {}: {detail}", reason.word())]
pub struct Fault {
    /// Plugin name.
    pub plugin: String,
    /// Contribution name.
    pub contribution: String,
    /// Why, in one of a few words.
    pub reason: FaultReason,
    /// Why, in full.
    pub detail: String,
}

/// When a plugin is no longer called. The defaults stand in `limits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardPolicy {
    /// Failures within the window that open the breaker; at least 1.
    pub failures_max: usize,
    /// Length of the window, in milliseconds.
    pub window_ms: u64,
    /// How long the breaker stays open before a call is tried, in milliseconds.
    pub open_ms: u64,
    /// Written-off workers that quarantine the plugin; at least 1.
    pub workers_lost_max: u64,
}

impl Default for GuardPolicy {
    fn default() -> Self {
        Self {
            failures_max: crate::limits::DEFAULT_BREAKER_FAILURES,
            window_ms: crate::limits::DEFAULT_BREAKER_WINDOW_MS,
            open_ms: crate::limits::DEFAULT_BREAKER_OPEN_MS,
            workers_lost_max: crate::limits::DEFAULT_QUARANTINE_WORKERS,
        }
    }
}

/// State of a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// No call goes through.
    Open,
    /// One call is on its way to find out.
    HalfOpen,
}

impl BreakerState {
    /// `closed`, `open`, `half-open`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// A circuit breaker over milliseconds that only grow.
#[derive(Debug)]
struct Breaker {
    state: BreakerState,
    since_ms: u64,
    failures_ms: VecDeque<u64>,
}

impl Breaker {
    fn new() -> Self {
        Self { state: BreakerState::Closed, since_ms: 0, failures_ms: VecDeque::new() }
    }

    fn enter(&mut self, state: BreakerState, now_ms: u64) {
        self.state = state;
        self.since_ms = now_ms;
        self.failures_ms.clear();
    }

    /// Whether a call may go through now.
    fn admit(&mut self, policy: &GuardPolicy, now_ms: u64) -> bool {
        match self.state {
            BreakerState::Closed => true,
            // A probe that never reports back must not keep the breaker half open for ever.
            BreakerState::Open | BreakerState::HalfOpen if now_ms >= self.since_ms + policy.open_ms => {
                self.enter(BreakerState::HalfOpen, now_ms);
                true
            }
            BreakerState::Open | BreakerState::HalfOpen => false,
        }
    }

    fn succeed(&mut self, now_ms: u64) {
        if self.state == BreakerState::HalfOpen {
            self.enter(BreakerState::Closed, now_ms);
        }
    }

    fn fail(&mut self, policy: &GuardPolicy, now_ms: u64) {
        match self.state {
            BreakerState::HalfOpen => self.enter(BreakerState::Open, now_ms),
            BreakerState::Open => {}
            BreakerState::Closed => {
                self.failures_ms.push_back(now_ms);
                while self.failures_ms.front().is_some_and(|&at| at + policy.window_ms <= now_ms) {
                    self.failures_ms.pop_front();
                }
                if self.failures_ms.len() >= policy.failures_max {
                    self.enter(BreakerState::Open, now_ms);
                }
            }
        }
    }
}

const REASONS: [FaultReason; 6] = [
    FaultReason::Panicked,
    FaultReason::Failed,
    FaultReason::Late,
    FaultReason::BadOutput,
    FaultReason::BreakerOpen,
    FaultReason::Quarantined,
];

/// What one running plugin did, and whether it may go on.
#[derive(Debug)]
pub struct Guard {
    plugin: String,
    policy: GuardPolicy,
    opened: Instant,
    calls: AtomicU64,
    faults: [AtomicU64; REASONS.len()],
    workers_lost: AtomicU64,
    breaker: Mutex<Breaker>,
}

impl Guard {
    /// A guard that has seen nothing yet.
    pub fn new(plugin: &str, policy: GuardPolicy) -> Self {
        Self {
            plugin: plugin.to_owned(),
            policy,
            opened: Instant::now(),
            calls: AtomicU64::new(0),
            faults: Default::default(),
            workers_lost: AtomicU64::new(0),
            breaker: Mutex::new(Breaker::new()),
        }
    }

    /// The plugin's name.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    fn now_ms(&self) -> u64 {
        self.opened.elapsed().as_millis() as u64
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().expect("nobody panics while holding a breaker")
    }

    /// Counts a call, or says why there must be none.
    pub(super) fn admit(&self) -> Result<(), (FaultReason, String)> {
        if self.quarantined() {
            self.count(FaultReason::Quarantined);
            let lost = self.workers_lost.load(Ordering::Relaxed);
            return Err((FaultReason::Quarantined, format!("{lost} workers were lost to it; reload it")));
        }
        if !self.breaker().admit(&self.policy, self.now_ms()) {
            self.count(FaultReason::BreakerOpen);
            let GuardPolicy { failures_max, window_ms, open_ms, .. } = self.policy;
            let detail = format!("{failures_max} failures within {window_ms} ms; tried again every {open_ms} ms");
            return Err((FaultReason::BreakerOpen, detail));
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Takes note of a call that went well.
    pub(super) fn succeed(&self) {
        self.breaker().succeed(self.now_ms());
    }

    /// Takes note of a call that did not.
    pub(super) fn fail(&self, reason: FaultReason) {
        self.count(reason);
        self.breaker().fail(&self.policy, self.now_ms());
    }

    /// Takes note of a worker that will not come back in time.
    pub(super) fn lose_worker(&self) {
        self.workers_lost.fetch_add(1, Ordering::Relaxed);
        self.fail(FaultReason::Late);
    }

    fn count(&self, reason: FaultReason) {
        self.faults[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it is never called again.
    pub fn quarantined(&self) -> bool {
        self.workers_lost.load(Ordering::Relaxed) >= self.policy.workers_lost_max
    }

    /// Calls let through.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Faults by reason, those that happened.
    pub fn faults(&self) -> BTreeMap<String, u64> {
        let counts = REASONS.iter().map(|&r| (r.word().to_owned(), self.faults[r as usize].load(Ordering::Relaxed)));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// State of the breaker.
    pub fn breaker_state(&self) -> BreakerState {
        self.breaker().state
    }
}

/// The reason behind a call that gave no result.
pub(super) fn reason_of(error: &CallError) -> (FaultReason, String) {
    match error {
        CallError::Failed(message) => (FaultReason::Failed, message.clone()),
        CallError::Panicked(message) => (FaultReason::Panicked, message.clone()),
        CallError::BadOutput(message) => (FaultReason::BadOutput, message.clone()),
        other => (FaultReason::Failed, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: GuardPolicy = GuardPolicy { failures_max: 3, window_ms: 100, open_ms: 50, workers_lost_max: 2 };

    /// Plays `f`ail, `s`ucceed and `?` (admit) at given times; the answers to `?` are compared.
    fn check(script: &[(u64, char)], expected: &[bool], state: BreakerState) {
        let mut breaker = Breaker::new();
        let mut answers = Vec::new();
        for &(now_ms, step) in script {
            match step {
                'f' => breaker.fail(&POLICY, now_ms),
                's' => breaker.succeed(now_ms),
                _ => answers.push(breaker.admit(&POLICY, now_ms)),
            }
        }
        assert_eq!(answers, expected, "{script:?}");
        assert_eq!(breaker.state, state, "{script:?}");
    }

    #[test]
    fn it_opens_after_enough_failures_in_the_window() {
        check(&[(0, 'f'), (1, 'f'), (2, '?')], &[true], BreakerState::Closed);
        check(&[(0, 'f'), (1, 'f'), (2, 'f'), (3, '?')], &[false], BreakerState::Open);
    }

    #[test]
    fn failures_outside_the_window_are_forgotten() {
        check(&[(0, 'f'), (1, 'f'), (100, 'f'), (100, '?')], &[true], BreakerState::Closed);
    }

    #[test]
    fn one_call_probes_and_decides() {
        let open = [(0, 'f'), (0, 'f'), (0, 'f'), (49, '?'), (50, '?'), (51, '?')];
        check(&open, &[false, true, false], BreakerState::HalfOpen);
        let well = [&open[..], &[(52, 's'), (53, '?')]].concat();
        check(&well, &[false, true, false, true], BreakerState::Closed);
        let badly = [&open[..], &[(52, 'f'), (53, '?'), (101, '?'), (102, '?')]].concat();
        check(&badly, &[false, true, false, false, false, true], BreakerState::HalfOpen);
    }

    #[test]
    fn lost_workers_quarantine() {
        let guard = Guard::new("p", POLICY);
        guard.lose_worker();
        assert!(guard.admit().is_ok());
        guard.lose_worker();
        assert_eq!(guard.admit().unwrap_err().0, FaultReason::Quarantined);
        assert_eq!(guard.faults(), BTreeMap::from([("late".to_owned(), 2), ("quarantined".to_owned(), 1)]));
    }
}
