//! Who learns in the background?
//!
//! One thread builds a model generation from a snapshot: after so many changes, after so much log time, or when asked.
//! It writes the file first and the log entry after, so that an entry never names what is not there; a replay loads the
//! file and never learns again. A file that is missing or damaged leaves the shop without a model and is named.
//! What a model is stands in the vector room.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use tracing::{info, warn};

use super::lock;
use super::publish::Publisher;
use super::state::{ModelNamed, State};
use super::types::{ModelConfig, ModelInfo, WriteError};
use crate::id::{ItemId, TimeMs};
use crate::limits::{MODEL_CHANGES_MIN, MODEL_FILES_KEPT, MODEL_PAUSE_FACTOR};
use crate::log::blob;
use crate::log::entry::Body;
use crate::log::writer::{Submission, WriterHandle};
use crate::signal::CoKind;
use crate::snapshot::Snapshot;
use crate::vector::{self, Inputs, Model, PairRow};

/// Name of the one kind of model there is, in the log.
pub const VECTORS: &str = "vectors";

/// How often the builder looks whether a model is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where model files lie, and the model built last.
pub struct ModelShelf {
    dir: Option<PathBuf>,
    newest: Mutex<Option<(String, Arc<Model>)>>,
}

impl ModelShelf {
    /// A shelf on disk, or in memory only.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Self { dir, newest: Mutex::default() }
    }

    /// Keeps a model; returns the hash of its file.
    fn put(&self, model: Model) -> Result<String, String> {
        let bytes = vector::to_bytes(&model);
        let hash = match &self.dir {
            Some(dir) => blob::write(dir, model.generation, &bytes).map_err(|error| error.to_string())?,
            None => blob::hash(&bytes),
        };
        *lock(&self.newest) = Some((hash.clone(), Arc::new(model)));
        Ok(hash)
    }

    fn get(&self, named: &ModelNamed) -> Result<Arc<Model>, String> {
        if let Some((hash, model)) = &*lock(&self.newest)
            && *hash == named.content_hash
        {
            return Ok(model.clone());
        }
        let Some(dir) = &self.dir else { return Err("a shop in memory keeps no model files".into()) };
        let bytes = blob::read(dir, named.generation, &named.content_hash).map_err(|error| error.to_string())?;
        vector::from_bytes(&bytes).map(Arc::new).map_err(|error| error.to_string())
    }

    /// Puts the model that the log names in force.
    pub fn adopt(&self, state: &mut State) {
        let Some(named) = &state.model else { return };
        let model = self.get(named).map_err(|reason| {
            warn!(generation = named.generation, reason, "no model in force until the next one is built");
        });
        state.vectors.adopt(model.ok());
    }
}

/// Asks for a model now; told when it is in force, or why there is none.
pub type ModelJob = Sender<Result<ModelInfo, WriteError>>;

/// The builder's thread.
pub struct ModelBuilder {
    /// What models are built from.
    pub publisher: Arc<Publisher>,
    /// Where they are kept.
    pub shelf: Arc<ModelShelf>,
    /// Where their entries go.
    pub writer: Arc<WriterHandle>,
    /// Changes folded so far: counted events and products written.
    pub changes: Arc<AtomicU64>,
    /// Raised when the engine closes.
    pub stop: Arc<AtomicBool>,
    /// When, and with how many threads.
    pub config: ModelConfig,
    /// Number of the last generation that the log names.
    pub generation: u64,
}

/// How far the shop was when a model was built last.
struct Built {
    changes: u64,
    now_ms: TimeMs,
    rest_until: Instant,
}

impl ModelBuilder {
    /// Builds until nobody can ask any more.
    pub fn run(mut self, inbox: &Receiver<ModelJob>) {
        let now_ms = self.publisher.current().now_ms;
        let mut last = Built { changes: 0, now_ms, rest_until: Instant::now() };
        loop {
            // Whoever asked while a model was built gets the next one, all of them the same.
            let jobs: Vec<ModelJob> = match inbox.recv_timeout(LOOK_EVERY) {
                Ok(job) => std::iter::once(job).chain(inbox.try_iter()).collect(),
                Err(RecvTimeoutError::Timeout) if self.is_due(&last) => Vec::new(),
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let snapshot = self.publisher.current();
            let (changes, begun) = (self.changes.load(Ordering::Relaxed), Instant::now());
            let result = self.build(&snapshot);
            last = Built {
                changes,
                now_ms: snapshot.now_ms,
                rest_until: Instant::now() + begun.elapsed() * MODEL_PAUSE_FACTOR,
            };
            if let Err(error) = &result
                && *error != WriteError::Closing
            {
                warn!(%error, "no model was built");
            }
            // Whoever asked may have given up.
            jobs.into_iter().for_each(|job| drop(job.send(result.clone())));
        }
    }

    /// Whether enough happened; never sooner than the pause that a build is followed by.
    fn is_due(&self, last: &Built) -> bool {
        let changes = self.changes.load(Ordering::Relaxed) - last.changes;
        let age_ms = self.publisher.current().now_ms - last.now_ms;
        let by_clock = self.config.every_ms > 0 && age_ms >= self.config.every_ms && changes >= MODEL_CHANGES_MIN;
        // A shop that was filled before this start, and learned from by nobody, does not wait for the clock.
        let is_new_here =
            self.generation == 0 && self.publisher.current().catalog.alive_items().len() >= MODEL_CHANGES_MIN;
        let by_clock = by_clock || self.config.every_ms > 0 && is_new_here;
        let by_changes = self.config.every_changes > 0 && changes >= self.config.every_changes;
        (by_clock || by_changes) && Instant::now() >= last.rest_until
    }

    fn build(&mut self, snapshot: &Arc<Snapshot>) -> Result<ModelInfo, WriteError> {
        let begun = Instant::now();
        let generation = self.generation + 1;
        let failed = |error: &dyn std::fmt::Display| WriteError::Failed(format!("no model was built: {error}"));
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.config.threads.max(1))
            .thread_name(|_| "planogram-models".to_owned())
            .build()
            .map_err(|error| failed(&error))?;
        let model =
            pool.install(|| vector::build(generation, inputs(snapshot), &self.stop)).ok_or(WriteError::Closing)?;
        let content_hash = self.shelf.put(model).map_err(|error| failed(&error))?;
        let body = Body::Model { name: VECTORS.to_owned(), generation, content_hash };
        let submission = Submission { actor: "system".to_owned(), idempotency_key: None, body };
        let appended = self.writer.submit(submission).wait().map_err(|error| failed(&error))?;
        self.generation = generation;
        if !self.publisher.wait(None, |reached| reached.seq >= appended.seq) {
            return Err(WriteError::Closing);
        }
        if let Some(dir) = &self.shelf.dir
            && let Err(error) = blob::prune(dir, MODEL_FILES_KEPT)
        {
            warn!(%error, "old model files are not removed");
        }
        let info = model_info(&self.publisher.current());
        info!(generation, built_at = info.built_at, elapsed_ms = begun.elapsed().as_millis() as u64, "model in force");
        Ok(info)
    }
}

/// What a snapshot gives to learn from.
fn inputs(
    snapshot: &Snapshot,
) -> Inputs<impl Iterator<Item = PairRow>, impl Iterator<Item = PairRow>, impl Iterator<Item = crate::text::TextDoc>> {
    let rows = |kind: CoKind| {
        let pairs =
            move |item: u32| snapshot.signals.pairs(kind, ItemId(item)).map(|(other, n)| (other, n as f32)).collect();
        (0..snapshot.catalog.item_bound() as u32).map(move |item| (ItemId(item), pairs(item)))
    };
    let epoch = &snapshot.epoch;
    let source = epoch.shop.store_view("").map(|view| view.text_source).unwrap_or_default();
    let items = snapshot.catalog.alive_items().iter();
    Inputs {
        built_at: snapshot.seq,
        co_viewed: rows(CoKind::ViewedViewed),
        co_bought: rows(CoKind::BoughtBought),
        texts: items.filter_map(move |item| snapshot.text_doc(&source, ItemId(item), epoch)),
        supplied: snapshot.vectors.supplied(),
    }
}

/// What a snapshot says of its model and its spaces.
pub fn model_info(snapshot: &Snapshot) -> ModelInfo {
    ModelInfo {
        generation: snapshot.vectors.generation(),
        built_at: snapshot.vectors.model().map_or(0, |model| model.built_at),
        behind: snapshot.vectors.model().map_or(0, |model| snapshot.seq.saturating_sub(model.built_at)),
        spaces: snapshot.vectors.spaces(),
    }
}
