//! How is a shop opened?
//!
//! Recover the state, load the plugins, make the first epoch, index what is not indexed yet, publish the first
//! snapshot, start the threads. Everything after the recovery is the same for a shop in memory, for one on disk,
//! and for one as it was at an earlier position.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread::JoinHandle;

use crossbeam_channel::Sender;
use tracing::warn;

use super::applier::Applier;
use super::arms;
use super::epochs::{self, EpochBuilder};
use super::indexer::Indexer;
use super::models::{ModelBuilder, ModelShelf};
use super::observe::{ObserverJob, ObserverThread};
use super::publish::Publisher;
use super::recover::{self, Recovered};
use super::retention::Retention;
use super::state::{State, SwitchedOn};
use super::types::{EngineConfig, PluginInfo, WriteOptions};
use super::{APPLIER, Engine, Machinery, OpenError};
use crate::host::{Host, HostConfig, RankingPool};
use crate::id::{DAY_MS, Seq};
use crate::limits::DEFAULT_LATENESS_MS;
use crate::log::clock::{Clock, SystemClock};
use crate::log::disk::{RedbLog, RedbOptions};
use crate::log::entry::{Body, Entry};
use crate::log::identity::{Identities, Kind};
use crate::log::served::{ServedConfig, ServedJournal};
use crate::log::writer::{Duties, Writer, WriterConfig};
use crate::log::{Log, MemoryLog};
use crate::signal::key::{customer_key, visitor_key};
use crate::snapshot::{Snapshot, Texts};

impl Engine {
    /// Opens a shop: its data directory, or one in memory.
    ///
    /// # Errors
    /// When the log or a snapshot file cannot be used, with what to do about it.
    pub fn open(config: EngineConfig) -> Result<Arc<Engine>, OpenError> {
        Self::open_with_clock(config, Arc::new(SystemClock))
    }

    /// As [`Engine::open`], with a clock of the caller's: for tests, and for taking in history.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open_with_clock(config: EngineConfig, clock: Arc<dyn Clock>) -> Result<Arc<Engine>, OpenError> {
        Self::start(config, clock, None)
    }

    /// Opens a shop as it was at log position `until`, for reading.
    ///
    /// # Errors
    /// As [`Engine::open`]; also when the log has not come so far.
    pub fn open_at(config: EngineConfig, until: Seq) -> Result<Arc<Engine>, OpenError> {
        Self::start(config, Arc::new(SystemClock), Some(until))
    }

    fn start(config: EngineConfig, clock: Arc<dyn Clock>, until: Option<Seq>) -> Result<Arc<Engine>, OpenError> {
        let log = open_log(config.data_dir.as_deref())?;
        let reader = log.reader();
        let read_only = until.is_some();
        let files = config.data_dir.as_deref().map(checkpoints_in);
        let recovered = recover::recover(files.as_deref(), &reader, until)?;
        if let Some(until) = until.filter(|until| recovered.state.seq < *until) {
            return Err(OpenError(format!("the log ends at entry {}, {until} was asked for", recovered.state.seq)));
        }
        let host = Arc::new(open_host(&config));
        let Recovered { state, checkpointed, observers: saved, observed } = recovered;
        let identities = if read_only { None } else { Some(open_identities(&config, &state)?) };
        let people = match &identities {
            Some(identities) => identities.shared(),
            None => Identities::look(config.data_dir.as_deref()).map_err(OpenError::from_any)?,
        };
        let mut epoch = epochs::build(&host, state.store.clone(), Vec::new(), None);
        arms::prepare(&host, &mut epoch, state.time_ms);
        let epoch = Arc::new(epoch);
        let shop = epoch.shop.clone();
        let mut state = state;
        let shelf = Arc::new(ModelShelf::new(config.data_dir.as_ref().map(|dir| dir.join("models"))));
        shelf.adopt(&mut state);
        let generation = state.model.as_ref().map_or(0, |named| named.generation);
        let state_plugins = state.plugins.clone();
        let (publisher, janitor) = Publisher::new(Snapshot {
            seq: state.seq,
            now_ms: state.time_ms,
            catalog: state.catalog.clone(),
            signals: state.signals.publish(),
            vectors: state.vectors.clone(),
            visitors: state.visitors.publish(),
            text: Texts::default(),
            epoch,
            observed: Arc::default(),
            observed_seq: None,
        });
        let text_dir = config.data_dir.as_ref().filter(|_| !read_only).map(|dir| dir.join("text"));
        let positions = (state.seq, state.text_seq);
        let indexer =
            Indexer::open(publisher.clone(), text_dir.as_deref(), config.text_commit, shop, &state.catalog, positions)
                .map_err(OpenError::from_any)?;
        let (texts, text_jobs) = crossbeam_channel::unbounded();
        let (epoch_sender, epoch_jobs) = crossbeam_channel::unbounded();
        let (observer_sender, observer_jobs) = crossbeam_channel::unbounded();
        let (checkpoints, checkpoint_requests) = crossbeam_channel::unbounded();
        let (sink, entries) = crossbeam_channel::bounded(WriterConfig::default().queue);
        let builder = Arc::new(EpochBuilder::new(host.clone(), publisher.clone(), texts.clone()));
        let reached = Arc::new(AtomicU64::new(state.seq));
        let mut observers =
            ObserverThread { observers: host.observers(), publisher: publisher.clone(), reached: reached.clone() };
        observers.restore(&saved);
        drop(observer_sender.send(ObserverJob::Fold { rows: observed, seq: state.seq }));
        let (cuts, cut_requests) = crossbeam_channel::unbounded();
        let snapshots = files.filter(|_| !read_only);
        let keep_ms = config.retention_ms;
        let applier = Applier {
            publisher: publisher.clone(),
            indexer: texts.clone(),
            epochs: epoch_sender.clone(),
            observers: observer_sender.clone(),
            shelf: shelf.clone(),
            changes: Arc::default(),
            reports: Arc::default(),
            checkpoint_dir: snapshots.clone(),
            checkpoint_every: config.snapshot_every,
            checkpointed,
            retention: (keep_ms > 0).then(|| Retention { keep_ms, log: reader.clone(), cuts }),
        };
        let (reports, changes) = (applier.reports.clone(), applier.changes.clone());
        let building = builder.clone();
        let mut threads = vec![
            spawn(APPLIER, move || {
                let _ended = EndOfFold(applier.publisher.clone());
                applier.run(state, &entries, &checkpoint_requests);
            })?,
            spawn("planogram-indexer", move || indexer.run(&text_jobs))?,
            spawn("planogram-epochs", move || building.run(&epoch_jobs))?,
            spawn("planogram-observers", move || observers.run(&observer_jobs))?,
        ];
        // Not joined: it ends when the publisher is dropped, and has nothing to lose.
        spawn("planogram-janitor", janitor)?;
        let writer_config = WriterConfig { group_commit: config.group_commit, ..WriterConfig::default() };
        let writer = if read_only {
            // Nothing may be added to the log of a shop that is looked at as it was: this one goes nowhere.
            Writer::start(Box::new(MemoryLog::new(DEFAULT_LATENESS_MS)), clock.clone(), writer_config, dead_end())
        } else {
            let duties = Duties { identities, cuts: cut_requests };
            Writer::start_with(log, clock.clone(), writer_config, sink, duties)
        };
        let writer = Arc::new(writer);
        let (models, model_jobs) = crossbeam_channel::unbounded();
        let stop_building = Arc::new(AtomicBool::new(false));
        if !read_only {
            let (publisher, writer, stop) = (publisher.clone(), writer.clone(), stop_building.clone());
            let config = config.models;
            let builder = ModelBuilder { publisher, shelf, writer, changes, stop, config, generation };
            threads.push(spawn("planogram-models", move || builder.run(&model_jobs))?);
        }
        // What was served then is not what was served: a look back leaves no record.
        let served_dir = config.data_dir.filter(|_| !read_only).map(|dir| dir.join("served"));
        let served = ServedConfig { dir: served_dir, ..ServedConfig::default() };
        let switched = switched_plugins(&state_plugins, &publisher.current().epoch.plugins.infos());
        let engine = Arc::new(Engine {
            publisher,
            pool: RankingPool::new(workers(config.workers), config.queue_max),
            host,
            epochs: builder,
            served: ServedJournal::start(&served).map_err(OpenError::from_any)?,
            log: reader,
            people,
            snapshots,
            clock,
            reports,
            observed: reached,
            deadline: config.deadline,
            unit_bounds: config.unit_bounds,
            attribute_bounds: config.attribute_bounds,
            audiences_max: config.audiences_max,
            read_only,
            configuring: Default::default(),
            closed: Default::default(),
            machinery: Some(Machinery {
                writer,
                checkpoints,
                texts,
                epochs: epoch_sender,
                observers: observer_sender,
                models,
                stop_building,
                threads,
            })
            .into(),
        });
        if !read_only {
            for body in switched {
                let options = WriteOptions { actor: "system".into(), ..WriteOptions::default() };
                engine.submit(body, options).map_err(OpenError::from_any)?;
            }
        }
        Ok(engine)
    }
}

/// Tells those who wait that the fold has ended, in whatever way it did.
struct EndOfFold(Arc<Publisher>);

impl Drop for EndOfFold {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What the log must be told of the plugins that run now.
fn switched_plugins(logged: &BTreeMap<String, SwitchedOn>, running: &[PluginInfo]) -> Vec<Body> {
    let running: BTreeMap<&str, &PluginInfo> =
        running.iter().filter(|info| info.state == "running").map(|info| (info.name.as_str(), info)).collect();
    let is_news = |info: &PluginInfo| logged.get(&info.name).is_none_or(|on| on.content_hash != info.content_hash);
    let on = running.values().filter(|info| is_news(info)).map(|info| Body::Plugin {
        name: info.name.clone(),
        content_hash: Some(info.content_hash.clone()),
        version: info.version.clone(),
    });
    let off = logged.iter().filter(|(name, _)| !running.contains_key(name.as_str())).map(|(name, was)| Body::Plugin {
        name: name.clone(),
        content_hash: None,
        version: was.version.clone(),
    });
    on.chain(off).collect()
}

/// A sink nobody reads.
fn dead_end() -> Sender<Entry> {
    crossbeam_channel::bounded(1).0
}

fn open_log(dir: Option<&Path>) -> Result<Box<dyn Log>, OpenError> {
    let Some(dir) = dir else { return Ok(Box::new(MemoryLog::new(DEFAULT_LATENESS_MS))) };
    std::fs::create_dir_all(dir).map_err(|e| OpenError(format!("data directory {}: {e}", dir.display())))?;
    Ok(Box::new(RedbLog::open(dir, &RedbOptions::default()).map_err(OpenError::from_any)?))
}

/// The identity table, without those whom the bound on profiles has made everybody forget: only rows that are old
/// enough for every late event of theirs to be refused.
fn open_identities(config: &EngineConfig, state: &State) -> Result<Identities, OpenError> {
    let mut identities =
        Identities::open(config.data_dir.as_deref(), config.identity_seed).map_err(OpenError::from_any)?;
    let day = (state.time_ms - DEFAULT_LATENESS_MS).div_euclid(DAY_MS);
    let is_remembered = |kind, pseudonym: &str| match kind {
        Kind::Visitor => state.visitors.knows(visitor_key(pseudonym)),
        Kind::Customer => state.visitors.knows(customer_key(pseudonym)),
        Kind::Order => true,
    };
    let swept = identities.sweep(u16::try_from(day).unwrap_or(0), is_remembered).map_err(OpenError::from_any)?;
    if swept > 0 {
        tracing::info!(swept, "forgotten visitors left the identity table");
    }
    Ok(identities)
}

fn checkpoints_in(data_dir: &Path) -> PathBuf {
    data_dir.join("snapshots")
}

fn open_host(config: &EngineConfig) -> Host {
    let private = match &config.data_dir {
        Some(dir) => dir.join("plugins"),
        None => std::env::temp_dir().join(format!("planogram-plugins-{}", std::process::id())),
    };
    let (host, problems) = Host::open(HostConfig::new(private, config.plugin_dirs.clone(), config.plugins.clone()));
    for problem in problems {
        warn!(plugin = problem.plugin, message = problem.message, "plugin not loaded");
    }
    host
}

fn workers(configured: usize) -> usize {
    if configured > 0 { configured } else { std::thread::available_parallelism().map_or(1, usize::from) }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(OpenError::from_any)
}
