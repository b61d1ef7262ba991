//! What can a caller do with a shop?
//!
//! The engine is the kernel's one front door: open, search, category, recommend, page, ingest, configure,
//! reload. Writes block until they are acknowledged; reads run on the ranking pool. Behind the door run a log
//! writer, an applier that folds, an indexer, an epoch builder, a model builder, an observer feeder and a janitor, one
//! thread each.

pub mod types;

mod arms;
mod audiences;
mod read;
mod units;
mod learn;
mod categories;
mod write;
mod configure;
mod remarks;
mod identity;
mod plugins;
mod open;

mod applier;
mod epochs;
mod models;
mod indexer;
mod observe;
mod publish;
mod recover;
mod retention;
pub mod state;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam_channel::Sender;

use crate::catalog::doc::ProductDoc;
use crate::host::{Host, RankingPool};
use crate::id::{ItemId, Seq};
use crate::log::clock::Clock;
use crate::log::entry::Entry;
use crate::log::identity::People;
use crate::log::served::ServedJournal;
use crate::log::writer::WriterHandle;
use crate::log::{LogReader, ReadError};
use applier::Reports;
use epochs::{EpochBuilder, EpochJob};
use indexer::TextJob;
use models::ModelJob;
use observe::ObserverJob;
use publish::Publisher;
use types::*;

pub use read::Reply;

/// Why a shop could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(pub String);

impl OpenError {
    fn from_any(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// A shop, open for business.
pub struct Engine {
    publisher: Arc<Publisher>,
    pool: RankingPool,
    host: Arc<Host>,
    epochs: Arc<EpochBuilder>,
    served: ServedJournal,
    log: LogReader,
    /// Who is behind a name, as the log's writer has it.
    people: Arc<ArcSwap<People>>,
    /// Where snapshot files are, of a shop on disk that can be written to.
    snapshots: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    reports: Arc<Reports>,
    /// Log position the observers have come to.
    observed: Arc<AtomicU64>,
    /// Deadline of a request that names none.
    deadline: Duration,
    unit_bounds: UnitBounds,
    attribute_bounds: AttributeBounds,
    audiences_max: usize,
    /// True for a shop opened at an earlier position.
    read_only: bool,
    configuring: Mutex<()>,
    closed: AtomicBool,
    /// Taken apart when the engine closes.
    machinery: Mutex<Option<Machinery>>,
}

/// Name of the thread that folds: it is joined first.
const APPLIER: &str = "planogram-applier";

/// The threads behind the door and the channels that keep them alive.
struct Machinery {
    /// Shared, since handing in a write may block while the writer's queue is full: nobody waits inside the lock.
    writer: Arc<WriterHandle>,
    checkpoints: Sender<Sender<()>>,
    texts: Sender<TextJob>,
    epochs: Sender<EpochJob>,
    observers: Sender<ObserverJob>,
    models: Sender<ModelJob>,
    /// Raised to break off a model that is being built.
    stop_building: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Entries of the log from a position on, at most `max`.
    ///
    /// # Errors
    /// [`ReadError::Cut`] when the position was cut; others when the log cannot be read.
    pub fn read_log(&self, from: Seq, max: usize) -> Result<Vec<Entry>, ReadError> {
        self.log.read(from, max)
    }

    /// Position of the oldest entry that the log has.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn log_begins(&self) -> Result<Seq, ReadError> {
        self.log.first()
    }

    /// A product as it is stored.
    pub fn product(&self, sku: &str) -> Option<ProductDoc> {
        let snapshot = self.publisher.current();
        snapshot.catalog.document(snapshot.catalog.item(sku)?)
    }

    /// The item that a sku stands for, of a product or of a variant.
    pub fn item(&self, sku: &str) -> Option<ItemId> {
        self.publisher.current().catalog.item(sku)
    }

    /// Skus of all products, in order.
    pub fn skus(&self) -> Vec<String> {
        let catalog = &self.publisher.current().catalog;
        let mut skus: Vec<_> =
            catalog.alive_items().iter().map(|item| catalog.sku_of(ItemId(item)).to_owned()).collect();
        skus.sort_unstable();
        skus
    }

    /// Codes of the store views with their locales.
    pub fn store_views(&self) -> Vec<(String, String)> {
        let epoch = self.publisher.current().epoch.clone();
        epoch.shop.store_views().into_iter().map(|view| (view.code, view.locale)).collect()
    }

    /// Decimal places of a price book's currency: 2 for cents; `None` when there is no such book.
    pub fn currency_exponent(&self, book: &str) -> Option<u32> {
        let snapshot = self.publisher.current();
        snapshot.epoch.shop.book(&snapshot.catalog, book).map(|book| book.exponent)
    }

    /// Log entries that the observers have not come to yet.
    fn observer_lag(&self) -> u64 {
        self.publisher.reached().seq.saturating_sub(self.observed.load(Ordering::Relaxed))
    }

    /// How the engine is doing.
    pub fn status(&self) -> Status {
        let snapshot = self.publisher.current();
        let is_closed = self.closed.load(Ordering::Acquire);
        Status {
            ready: !is_closed,
            phase: if is_closed { "closing" } else { "serving" }.into(),
            as_of: snapshot.as_of(&snapshot.epoch),
            now_ms: snapshot.now_ms,
            products: snapshot.catalog.n_products(),
            variants: snapshot.catalog.n_variants(),
            visitors: snapshot.visitors.len() as u64,
            mappings: self.host.mappings(),
            plugins_retired: self.host.retired(),
            workers_lost: self.pool.workers_lost(),
            threads_lost: self.host.threads_lost(),
            served_dropped: self.served.dropped(),
        }
    }

    /// The model in force and every vector space.
    pub fn models(&self) -> ModelInfo {
        models::model_info(&self.publisher.current())
    }

    /// Builds a model from what is visible now and waits until it is in force: seconds to minutes.
    ///
    /// # Errors
    /// [`WriteError::Failed`] when it cannot be kept, [`WriteError::Closing`].
    pub fn rebuild_models(&self) -> Result<ModelInfo, WriteError> {
        let (done, finished) = crossbeam_channel::bounded(1);
        self.send(|machinery| machinery.models.send(done).is_ok())?;
        finished.recv().map_err(|_| WriteError::Closing)?
    }

    /// Asks for a model and does not wait for it.
    ///
    /// # Errors
    /// [`WriteError::Closing`].
    pub fn request_models(&self) -> Result<(), WriteError> {
        let (done, _) = crossbeam_channel::bounded(1);
        self.send(|machinery| machinery.models.send(done).is_ok())
    }

    /// Waits until everything written so far is visible, text and what plugins learned included.
    ///
    /// # Errors
    /// [`WriteError::Failed`] when the text index could not be written, [`WriteError::Closing`].
    pub fn flush(&self) -> Result<(), WriteError> {
        // A shop opened at an earlier position never reaches the end of the log.
        let last = if self.read_only { self.publisher.reached().seq } else { self.log.last().0 };
        self.publisher.wait(None, |reached| reached.seq >= last);
        let (done, finished) = crossbeam_channel::bounded(1);
        let (learned, frozen) = crossbeam_channel::bounded(1);
        self.send(|machinery| {
            machinery.texts.send(TextJob::Flush(done)).is_ok()
                && machinery.observers.send(ObserverJob::Flush(learned)).is_ok()
        })?;
        frozen.recv().map_err(|_| WriteError::Closing)?;
        let is_searchable = finished.recv().map_err(|_| WriteError::Closing)?;
        let failed = || WriteError::Failed("the text index could not be committed, it is tried again".into());
        is_searchable.then_some(()).ok_or_else(failed)
    }

    /// Writes a snapshot file now, so that the next start replays nothing.
    ///
    /// # Errors
    /// [`WriteError::Closing`].
    pub fn checkpoint(&self) -> Result<(), WriteError> {
        let (done, finished) = crossbeam_channel::bounded(1);
        self.send(|machinery| machinery.checkpoints.send(done).is_ok())?;
        finished.recv().map_err(|_| WriteError::Closing)
    }

    /// Drains what was accepted, syncs, writes a snapshot file and stops every thread. Later writes answer
    /// [`WriteError::Closing`]; reads still see the last snapshot.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let Some(machinery) = lock(&self.machinery).take() else { return };
        // Closing the writer ends the applier, which lets go of its senders, and so on down the line; the
        // indexer is told, since the epoch builder keeps a sender for as long as the engine lives.
        machinery.stop_building.store(true, Ordering::Relaxed);
        machinery.writer.close();
        let Machinery { writer, checkpoints, texts, epochs, observers, models, threads, .. } = machinery;
        drop((writer, epochs, observers, models));
        let (applier, others) =
            threads.into_iter().partition::<Vec<_>, _>(|thread| thread.thread().name() == Some(APPLIER));
        // A thread that panicked has said so in the log; the others still get to finish.
        applier.into_iter().for_each(|thread| drop(thread.join()));
        drop(checkpoints);
        drop(texts.send(TextJob::Stop));
        for thread in others {
            drop(thread.join());
        }
        self.served.flush();
    }

    fn send(&self, send: impl FnOnce(&Machinery) -> bool) -> Result<(), WriteError> {
        lock(&self.machinery).as_ref().filter(|m| send(m)).map(|_| ()).ok_or(WriteError::Closing)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

/// The data behind the engine's mutexes stays good whatever panics while holding them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
