//! Who feeds the plugins' observers?
//!
//! One thread hands counted events to the observers in log order and publishes the columns they learned on a
//! timer. Observers may lag; how far is reported. Their states are saved with the snapshot file and loaded back,
//! and the events behind the file are handed to them again. An observer that never returns is left out until its
//! plugin is loaded anew, and the others go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use tracing::warn;

use super::publish::Publisher;
use super::state::ObservedRow;
use crate::host::{EventColumns, ObserverSlot};
use crate::id::Seq;

/// Saved states by `plugin/name`.
pub type SavedObservers = BTreeMap<String, Vec<u8>>;

/// What the observers' thread is sent.
pub enum ObserverJob {
    /// Counted events in log order.
    Fold {
        /// The rows; none when nothing counted, so that the position is known all the same.
        rows: Vec<ObservedRow>,
        /// Log position after them.
        seq: Seq,
    },
    /// A plugin was swapped: go on with these observers, each from the state of its predecessor.
    Swap(Vec<ObserverSlot>),
    /// Save all states.
    Save(Sender<SavedObservers>),
    /// Publish what was learned so far, and say so.
    Flush(Sender<()>),
}

/// How often learned columns are published.
const FREEZE_EVERY: Duration = Duration::from_secs(1);

/// The observers' thread.
pub struct ObserverThread {
    /// The observers, in configured order.
    pub observers: Vec<ObserverSlot>,
    /// Where learned columns go.
    pub publisher: Arc<Publisher>,
    /// Log position the observers have come to.
    pub reached: Arc<AtomicU64>,
}

impl ObserverThread {
    /// Loads saved states; an observer that refuses its state begins anew.
    pub fn restore(&mut self, saved: &SavedObservers) {
        for observer in &mut self.observers {
            let Some(state) = saved.get(observer.label()) else { continue };
            if let Err(fault) = observer.load(state) {
                warn!(
                    plugin = fault.plugin,
                    detail = fault.detail,
                    "observer begins anew, its saved state was refused"
                );
            }
        }
    }

    /// Feeds observers until nobody can send any more.
    pub fn run(mut self, inbox: &Receiver<ObserverJob>) {
        let mut due: Option<Instant> = None;
        loop {
            let wait = due.map_or(Duration::from_secs(3600), |due| due.saturating_duration_since(Instant::now()));
            match inbox.recv_timeout(wait) {
                Ok(ObserverJob::Fold { rows, seq }) => {
                    self.fold(&rows);
                    self.reached.store(seq, Ordering::Relaxed);
                    if !rows.is_empty() {
                        due.get_or_insert_with(|| Instant::now() + FREEZE_EVERY);
                    }
                }
                Ok(ObserverJob::Swap(observers)) => {
                    let saved = self.save();
                    self.observers = observers;
                    self.restore(&saved);
                }
                Ok(ObserverJob::Save(done)) => drop(done.send(self.save())),
                Ok(ObserverJob::Flush(done)) => {
                    due = None;
                    self.freeze();
                    // Whoever asked may have given up.
                    let _ = done.send(());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if due.is_some_and(|due| due <= Instant::now()) {
                due = None;
                self.freeze();
            }
            // What is wrong with it was said once.
            self.observers.retain(ObserverSlot::works);
        }
    }

    fn fold(&mut self, rows: &[ObservedRow]) {
        if self.observers.is_empty() || rows.is_empty() {
            return;
        }
        let columns = Arc::new(columns_of(rows));
        for observer in &mut self.observers {
            if let Err(fault) = observer.fold(&columns) {
                warn!(plugin = fault.plugin, detail = fault.detail, "observer failed");
            }
        }
    }

    fn save(&mut self) -> SavedObservers {
        let mut saved = SavedObservers::new();
        for observer in &mut self.observers {
            match observer.save() {
                Ok(state) => drop(saved.insert(observer.label().to_owned(), state)),
                Err(fault) => warn!(plugin = fault.plugin, detail = fault.detail, "observer not saved"),
            }
        }
        saved
    }

    fn freeze(&mut self) {
        if self.observers.is_empty() {
            return;
        }
        let n_items = self.publisher.current().catalog.item_bound() as u32;
        let mut columns = BTreeMap::new();
        for observer in &mut self.observers {
            match observer.freeze(n_items) {
                Ok(learned) => columns.extend(learned.into_iter().map(|(name, values)| (name, Arc::new(values)))),
                Err(fault) => warn!(plugin = fault.plugin, detail = fault.detail, "observer gave no columns"),
            }
        }
        let seq = self.reached.load(Ordering::Relaxed);
        self.publisher.publish(|next| {
            next.observed = Arc::new(columns);
            next.observed_seq = Some(seq);
        });
    }
}

/// The rows of a batch as columns.
fn columns_of(rows: &[ObservedRow]) -> EventColumns {
    EventColumns {
        seqs: rows.iter().map(|r| r.seq).collect(),
        times_ms: rows.iter().map(|r| r.time_ms).collect(),
        kinds: rows.iter().map(|r| r.kind).collect(),
        items: rows.iter().map(|r| r.item).collect(),
        sessions: rows.iter().map(|r| r.session).collect(),
        visitors: rows.iter().map(|r| r.visitor).collect(),
        quantities: rows.iter().map(|r| r.quantity).collect(),
    }
}
