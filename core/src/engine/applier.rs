//! Who folds?
//!
//! One thread takes durable entries in order, folds them into the [`State`], and publishes. It folds whatever
//! has queued up and publishes once, so that a burst costs one publication. Text goes to the indexer,
//! configuration to the epoch builder; neither holds up the fold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender};
use tracing::warn;

use super::epochs::EpochJob;
use super::indexer::TextJob;
use super::lock;
use super::models::ModelShelf;
use super::observe::ObserverJob;
use super::publish::Publisher;
use super::recover;
use super::retention::Retention;
use super::state::{Folded, State};
use crate::id::{ItemId, Seq};
use crate::limits::{APPLY_BATCH_MAX, FOLD_REPORTS_MAX};
use crate::log::entry::Entry;

/// Counts of recently folded entries, for the receipts of their writers.
#[derive(Default)]
pub struct Reports {
    recent: Mutex<BTreeMap<Seq, (u64, u64)>>,
}

impl Reports {
    /// Rows accepted and rows that were duplicates, of a recent entry.
    pub fn of(&self, seq: Seq) -> Option<(u64, u64)> {
        lock(&self.recent).get(&seq).copied()
    }

    fn note(&self, seq: Seq, folded: &Folded) {
        let mut recent = lock(&self.recent);
        recent.insert(seq, (folded.accepted, folded.duplicates));
        while recent.len() > FOLD_REPORTS_MAX {
            recent.pop_first();
        }
    }
}

/// The applier's threads-mates and duties.
pub struct Applier {
    /// Where snapshots go.
    pub publisher: Arc<Publisher>,
    /// Where changed texts go.
    pub indexer: Sender<TextJob>,
    /// Where changed configurations go.
    pub epochs: Sender<EpochJob>,
    /// Where counted events go.
    pub observers: Sender<ObserverJob>,
    /// Where models lie.
    pub shelf: Arc<ModelShelf>,
    /// Counted events and products written so far, for whoever builds models.
    pub changes: Arc<AtomicU64>,
    /// Receipts.
    pub reports: Arc<Reports>,
    /// Where snapshot files are written; nowhere for a shop in memory.
    pub checkpoint_dir: Option<PathBuf>,
    /// Entries between two snapshot files.
    pub checkpoint_every: u64,
    /// Position of the snapshot file the shop started from: what it replayed since is worth one, too.
    pub checkpointed: Seq,
    /// Cuts the log behind them, if anything does.
    pub retention: Option<Retention>,
}

impl Applier {
    /// Folds until the writer hangs up; `checkpoints` asks for a snapshot file and is told when it is written.
    pub fn run(self, mut state: State, entries: &Receiver<Entry>, checkpoints: &Receiver<Sender<()>>) {
        let mut last_checkpoint = self.checkpointed;
        loop {
            let mut asked = None;
            crossbeam_channel::select! {
                recv(entries) -> first => match first {
                    Ok(first) => self.fold(&mut state, std::iter::once(first).chain(entries.try_iter().take(APPLY_BATCH_MAX))),
                    Err(_) => break,
                },
                recv(checkpoints) -> done => match done {
                    Ok(done) => asked = Some(done),
                    Err(_) => break,
                },
            }
            if asked.is_some() || state.seq - last_checkpoint >= self.checkpoint_every {
                self.checkpoint(&state);
                last_checkpoint = state.seq;
            }
            if let Some(done) = asked {
                // Whoever asked may have given up.
                let _ = done.send(());
            }
        }
        // The writer has ended: what it still handed over is folded, and the next start replays nothing.
        self.fold(&mut state, entries.try_iter());
        if state.seq != last_checkpoint {
            self.checkpoint(&state);
        }
    }

    /// Folds a run of entries and publishes once.
    fn fold(&self, state: &mut State, entries: impl Iterator<Item = Entry>) {
        let mut changes = Changes::default();
        for entry in entries {
            changes.take(&self.reports, entry.seq, state.fold(&entry));
        }
        self.publish(state, changes);
    }

    fn publish(&self, state: &mut State, changes: Changes) {
        self.changes.fetch_add((changes.observed.len() + changes.text.len()) as u64, Ordering::Relaxed);
        // Told before the publication: whoever has seen that and then flushes finds these events before the flush.
        drop(self.observers.send(ObserverJob::Fold { rows: changes.observed, seq: state.seq }));
        if changes.model {
            self.shelf.adopt(state);
        }
        let signals = state.signals.publish();
        let visitors = state.visitors.publish();
        if !changes.text.is_empty() {
            self.publisher.expect_text();
            let items = changes.text.into_iter().collect();
            let job = TextJob::Changed { seq: state.seq, catalog: state.catalog.clone(), items };
            drop(self.indexer.send(job));
        }
        self.publisher.publish(|next| {
            next.seq = state.seq;
            next.now_ms = state.time_ms;
            next.catalog = state.catalog.clone();
            next.signals = signals;
            next.vectors = state.vectors.clone();
            next.visitors = visitors;
        });
        if changes.config {
            drop(self.epochs.send(EpochJob::Store(state.store.clone())));
        }
    }

    fn checkpoint(&self, state: &State) {
        let Some(dir) = &self.checkpoint_dir else { return };
        let (done, saved) = crossbeam_channel::bounded(1);
        drop(self.observers.send(ObserverJob::Save(done)));
        let observers = saved.recv().unwrap_or_default();
        if let Err(error) = recover::write_checkpoint(dir, state, &observers) {
            warn!(%error, seq = state.seq, "snapshot file not written, the log still has everything");
        } else if let Some(retention) = &self.retention {
            retention.after_checkpoint(dir, state.time_ms);
        }
    }
}

/// What a run of entries changed.
#[derive(Default)]
struct Changes {
    text: BTreeSet<ItemId>,
    config: bool,
    model: bool,
    observed: Vec<super::state::ObservedRow>,
}

impl Changes {
    fn take(&mut self, reports: &Reports, seq: Seq, folded: Folded) {
        reports.note(seq, &folded);
        self.text.extend(folded.text_changed);
        self.config |= folded.config_changed;
        self.model |= folded.model_changed;
        self.observed.extend(folded.observed);
    }
}
