//! How do readers get to see a change?
//!
//! Writers edit a copy of the current snapshot (copying shares everything that is not touched) and swap it in;
//! readers load a pointer and take no lock. A janitor thread frees snapshots that are no longer current and
//! wakes, or gives up on, those who wait for a log position, so that no request ever runs on a publishing thread.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::lock;
use crate::id::Seq;
use crate::snapshot::Snapshot;

/// How far the published views have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Log position of all views but text.
    pub seq: Seq,
    /// Log position of the text index.
    pub text_seq: Seq,
    /// Revision of the configuration.
    pub epoch: u64,
}

/// Publishes snapshots.
pub struct Publisher {
    current: ArcSwap<Snapshot>,
    reached: Mutex<Reached>,
    moved: Condvar,
    waiters: Mutex<Vec<Waiter>>,
    /// The fold has ended: nothing more will become visible.
    ended: AtomicBool,
    /// Text jobs handed to the indexer and not yet published.
    pending_text: AtomicU64,
    retired: Sender<Arc<Snapshot>>,
}

struct Waiter {
    seq: Seq,
    give_up: Instant,
    /// Told whether the position was reached.
    wake: Box<dyn FnOnce(bool) + Send>,
}

/// How often the janitor looks for waiters whose time is up.
const JANITOR_PERIOD: Duration = Duration::from_millis(10);

impl Publisher {
    /// A publisher of a first snapshot, and the janitor's loop, to be run on a thread of its own until the
    /// publisher is dropped.
    pub fn new(first: Snapshot) -> (Arc<Self>, impl FnOnce() + Send) {
        let (retired, inbox) = crossbeam_channel::unbounded();
        let reached = reached_by(&first);
        let publisher = Arc::new(Self {
            current: ArcSwap::from_pointee(first),
            reached: Mutex::new(reached),
            moved: Condvar::new(),
            waiters: Mutex::default(),
            ended: AtomicBool::new(false),
            pending_text: AtomicU64::new(0),
            retired,
        });
        let weak = Arc::downgrade(&publisher);
        (publisher, move || clean_up(&inbox, || weak.upgrade()))
    }

    /// The current snapshot; takes no lock.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Edits a copy of the current snapshot and makes it current.
    pub fn publish(&self, edit: impl FnOnce(&mut Snapshot)) {
        let mut reached = lock(&self.reached);
        let mut next = Snapshot::clone(&self.current.load());
        edit(&mut next);
        if self.pending_text.load(Ordering::Acquire) == 0 {
            next.text.seq = next.seq;
        }
        *reached = reached_by(&next);
        let old = self.current.swap(Arc::new(next));
        drop(reached);
        self.moved.notify_all();
        // The janitor wakes who waits and drops the old snapshot, unless the engine is closing and nobody cares.
        let _ = self.retired.send(old);
    }

    /// Says that a text job is on its way.
    pub fn expect_text(&self) {
        self.pending_text.fetch_add(1, Ordering::AcqRel);
    }

    /// Says, inside [`Publisher::publish`], that `jobs` text jobs are in.
    pub fn text_arrived(&self, jobs: u64) {
        self.pending_text.fetch_sub(jobs, Ordering::AcqRel);
    }

    /// How far the published views have come.
    pub fn reached(&self) -> Reached {
        *lock(&self.reached)
    }

    /// Says that the fold has ended, so that nobody waits for what will not come.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
        drop(lock(&self.reached));
        self.moved.notify_all();
    }

    /// Blocks until `done` says so, `deadline` is over, or the fold has ended; says whether `done` did.
    pub fn wait(&self, deadline: Option<Duration>, done: impl Fn(Reached) -> bool) -> bool {
        let give_up = deadline.map(|d| Instant::now() + d);
        let mut reached = lock(&self.reached);
        while !done(*reached) {
            if self.ended.load(Ordering::Acquire) {
                return false;
            }
            reached = match give_up {
                None => self.moved.wait(reached).unwrap_or_else(PoisonError::into_inner),
                Some(give_up) => {
                    let left = give_up.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    self.moved.wait_timeout(reached, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }

    /// Calls `wake` with `true` once `seq` is visible, or with `false` after `deadline`; does not block.
    pub fn when(&self, seq: Seq, deadline: Duration, wake: Box<dyn FnOnce(bool) + Send>) {
        lock(&self.waiters).push(Waiter { seq, give_up: Instant::now() + deadline, wake });
        self.wake_waiters();
    }

    fn wake_waiters(&self) {
        let mut waiters = lock(&self.waiters);
        if waiters.is_empty() {
            return;
        }
        let (now, reached) = (Instant::now(), self.reached().seq);
        let (ready, waiting): (Vec<_>, Vec<_>) = waiters.drain(..).partition(|w| w.seq <= reached || w.give_up <= now);
        *waiters = waiting;
        drop(waiters);
        for waiter in ready {
            (waiter.wake)(waiter.seq <= reached);
        }
    }
}

fn clean_up(inbox: &Receiver<Arc<Snapshot>>, publisher: impl Fn() -> Option<Arc<Publisher>>) {
    loop {
        match inbox.recv_timeout(JANITOR_PERIOD) {
            // Waking comes first: requests wait for it, the memory does not.
            Ok(retired) => {
                publisher().iter().for_each(|publisher| publisher.wake_waiters());
                drop(retired);
            }
            Err(RecvTimeoutError::Timeout) => match publisher() {
                Some(publisher) => publisher.wake_waiters(),
                None => return,
            },
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn reached_by(snapshot: &Snapshot) -> Reached {
    Reached { seq: snapshot.seq, text_seq: snapshot.text.seq, epoch: snapshot.epoch.revision }
}
