//! Which plugins are there, and how does one version follow another?
//!
//! The [`Host`] owns what is configured and what runs. It never changes a [`PluginSet`]; it builds the next one,
//! and whoever publishes snapshots publishes that. A new version is found, verified, copied, mapped, configured,
//! prepared and probed with a golden call before it is in a set; when any of that fails, the version that
//! runs goes on. Nothing here reads a clock that would reach an answer.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use planogram_abi::table::{PluginRef, Prepared};
use planogram_abi::{ConfigKind, Document, Failure, LogLevel, PrepareHost, Problem};

use super::control::Control;
use super::copies::Copies;
use super::discover;
use super::guard::{FaultReason, GuardPolicy};
use super::instance::{Running, Source, start, words};
use super::load::{LoadError, Loader};
use super::observe::ObserverSlot;
use super::probe::golden_call;
use super::set::{Member, PluginSet};
use super::types::{PluginEntry, PluginInfo, ReloadError};
use crate::limits;

/// How to open the wall.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Folders searched for libraries before the ones beside the executable.
    pub dirs: Vec<PathBuf>,
    /// Where mapped copies are kept; ours alone.
    pub private_dir: PathBuf,
    /// Plugins in force, in order.
    pub plugins: Vec<PluginEntry>,
    /// Most libraries mapped in this process.
    pub mappings_max: usize,
    /// When a plugin is no longer called.
    pub policy: GuardPolicy,
    /// Longest one call of a plugin may take that no request waits for.
    pub control: Duration,
}

impl HostConfig {
    /// The defaults, with these plugins and folders.
    pub fn new(private_dir: PathBuf, dirs: Vec<PathBuf>, plugins: Vec<PluginEntry>) -> Self {
        Self {
            dirs,
            private_dir,
            plugins,
            mappings_max: limits::DEFAULT_MAPPINGS,
            policy: GuardPolicy::default(),
            control: Duration::from_millis(limits::DEFAULT_CONTROL_MS),
        }
    }
}

/// Why a configured plugin does not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("plugin `{plugin}`: {message}")]
pub struct LoadProblem {
    /// Plugin name.
    pub plugin: String,
    /// True when no library was found, false when one was refused.
    pub missing: bool,
    /// What was expected and what was found.
    pub message: String,
}

/// A configured plugin and the version of it that runs.
#[derive(Debug)]
struct Seat {
    entry: PluginEntry,
    state: Result<Arc<Running>, LoadProblem>,
}

/// The wall: everything configured, loaded, and watched.
#[derive(Debug)]
pub struct Host {
    config: HostConfig,
    control: Control,
    loader: Loader,
    seats: Mutex<Vec<Seat>>,
    retired: Arc<AtomicU64>,
}

impl Host {
    /// Loads and configures every plugin of the configuration. Those that cannot be are listed and left out.
    pub fn open(config: HostConfig) -> (Self, Vec<LoadProblem>) {
        planogram_abi::table::set_logger(log_for_plugin);
        let loader = Loader::new(config.private_dir.clone(), config.mappings_max);
        let control = Control::new(config.control);
        let host = Self { control, loader, seats: Mutex::default(), retired: Arc::default(), config };
        let mut problems = Vec::new();
        for entry in host.config.plugins.clone() {
            let state = host.start_from_file(&entry).and_then(|running| host.admit(running));
            problems.extend(state.as_ref().err().cloned());
            host.seats().push(Seat { entry, state });
        }
        (host, problems)
    }

    /// Adds a plugin that is linked into this executable, after those that are there: for tests and benches.
    ///
    /// # Errors
    /// As for a plugin from a file.
    pub fn link(&self, name: &str, plugin: PluginRef, settings: &str) -> Result<(), LoadProblem> {
        let entry = PluginEntry { name: name.to_owned(), file: None, settings: settings.to_owned() };
        let source =
            Source { plugin, version: "linked".to_owned(), content_hash: "linked".to_owned(), file: String::new() };
        let running = self.admit(self.start(source, &entry)?)?;
        self.seats().push(Seat { entry, state: Ok(running) });
        Ok(())
    }

    fn seats(&self) -> MutexGuard<'_, Vec<Seat>> {
        self.seats.lock().expect("nobody panics while holding the seats")
    }

    fn start(&self, source: Source, entry: &PluginEntry) -> Result<Arc<Running>, LoadProblem> {
        let running = start(source, entry, self.config.policy, &self.control, &self.retired);
        running.map(Arc::new).map_err(|message| refused(&entry.name, message))
    }

    fn start_from_file(&self, entry: &PluginEntry) -> Result<Arc<Running>, LoadProblem> {
        let found = match &entry.file {
            Some(file) => Ok(file.clone()),
            None => discover::find(&entry.name, &self.config.dirs).map_err(LoadError::Missing),
        };
        let loaded = found.and_then(|file| self.loader.load(&entry.name, &file));
        let loaded = loaded.map_err(|error| LoadProblem {
            plugin: entry.name.clone(),
            missing: matches!(error, LoadError::Missing(_)),
            message: error.to_string(),
        })?;
        self.start(loaded.into(), entry)
    }

    /// Refuses a second plugin of a name and a second owner of a kind.
    fn admit(&self, running: Arc<Running>) -> Result<Arc<Running>, LoadProblem> {
        let seats = self.seats();
        if seats.iter().any(|seat| seat.entry.name == running.name) {
            return Err(refused(&running.name, "it is configured twice".to_owned()));
        }
        check_owners(&running, &seats).map(|()| running)
    }

    /// Builds the set of a new epoch from all live documents, ordered by kind, scope and id. A plugin that
    /// refuses the epoch keeps its state from `previous`, or is left out when it has none; it is listed either
    /// way. A writer that must not publish what is refused looks at the list. The conditions of a kept state
    /// are those of its own epoch, so compiled conditions must outlive the epoch they were made in.
    pub fn prepare(
        &self,
        documents: &[Document<'_>],
        revision: u64,
        compile: &dyn PrepareHost,
        previous: Option<&PluginSet>,
    ) -> (Arc<PluginSet>, Vec<(String, Failure)>) {
        let running: Vec<Arc<Running>> = self.seats().iter().filter_map(|seat| seat.state.clone().ok()).collect();
        let mut members = Vec::new();
        let mut failures = Vec::new();
        for running in running {
            let before = previous.and_then(|set| set.members.iter().find(|m| Arc::ptr_eq(&m.running, &running)));
            let state = before.map(|member| Arc::clone(&member.prepared));
            match self.prepare_one(&running, documents, revision, compile, state) {
                Ok(prepared) => members.push(Member { running, prepared }),
                Err(message) => {
                    failures.push((running.name.clone(), Failure(message)));
                    members.extend(before.cloned());
                }
            }
        }
        (PluginSet::new(members, self.absent()), failures)
    }

    fn prepare_one(
        &self,
        running: &Arc<Running>,
        documents: &[Document<'_>],
        revision: u64,
        compile: &dyn PrepareHost,
        previous: Option<Arc<Prepared>>,
    ) -> Result<Arc<Prepared>, String> {
        let owned = |document: &&Document<'_>| running.description.kinds.iter().any(|k| k.name == document.kind);
        // What a thread that may never return is given must be its own.
        let documents = Copies::of(documents.iter().filter(owned));
        let instance = Arc::clone(&running.instance);
        let prepare = move |host: &dyn PrepareHost| {
            let documents = documents.lend();
            instance.prepare(&documents, revision, host, previous.as_deref())
        };
        let late = |_: &String| running.guard.fail(FaultReason::Late);
        let prepared = self.control.within_asking("prepare", compile, prepare).inspect_err(late)?;
        let prepared = Arc::new(prepared.map_err(|error| format!("prepare: {}", words(&error)))?);
        let (probed, of_probe) = (Arc::clone(&prepared), Arc::clone(running));
        self.control.within("golden call", move || golden_call(&of_probe.description, &probed)).inspect_err(late)??;
        Ok(prepared)
    }

    fn absent(&self) -> Vec<PluginInfo> {
        let absent = |seat: &Seat| {
            let problem = seat.state.as_ref().err()?;
            Some(PluginInfo {
                name: seat.entry.name.clone(),
                file: seat.entry.file.as_ref().map(|file| file.display().to_string()).unwrap_or_default(),
                state: if problem.missing { "missing" } else { "refused" }.to_owned(),
                problem: Some(problem.message.clone()),
                breaker: "closed".to_owned(),
                ..PluginInfo::default()
            })
        };
        self.seats().iter().filter_map(absent).collect()
    }

    /// Replaces the running version of a plugin by the one in its file, prepared for the epoch of `previous`; the
    /// other plugins keep their states. Publish the set, and the old version retires with its last request.
    ///
    /// # Errors
    /// Why the new version was refused; the old one runs on.
    pub fn reload(
        &self,
        name: &str,
        documents: &[Document<'_>],
        revision: u64,
        compile: &dyn PrepareHost,
        previous: &PluginSet,
    ) -> Result<Arc<PluginSet>, ReloadError> {
        let refused = |message| ReloadError { plugin: name.to_owned(), message, unknown: false };
        let entry = self.seats().iter().find(|seat| seat.entry.name == name).map(|seat| seat.entry.clone());
        let Some(entry) = entry else {
            let message = "no plugin of that name is configured".to_owned();
            return Err(ReloadError { plugin: name.to_owned(), message, unknown: true });
        };
        let running = self.start_from_file(&entry).map_err(|problem| refused(problem.message))?;
        check_owners(&running, &self.seats()).map_err(|problem| refused(problem.message))?;
        let prepared = self.prepare_one(&running, documents, revision, compile, None).map_err(refused)?;
        let mut seats = self.seats();
        if let Some(seat) = seats.iter_mut().find(|seat| seat.entry.name == name) {
            seat.state = Ok(Arc::clone(&running));
        }
        let newcomer = Member { running, prepared };
        let member = |seat: &Seat| match seat.entry.name == name {
            true => Some(newcomer.clone()),
            false => previous.members.iter().find(|m| m.running.name == seat.entry.name).cloned(),
        };
        let members = seats.iter().filter_map(member).collect();
        drop(seats);
        Ok(PluginSet::new(members, self.absent()))
    }

    /// Everything the owner of `document.kind` finds wrong with it; `others` are the live documents of its kind
    /// and scope. A kind without a running owner has no problems.
    pub fn validate(&self, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
        self.validate_beside(document, &Copies::of(others.iter()))
    }

    /// The same for one of many documents that are judged beside the same others.
    pub fn validate_beside(&self, document: &Document<'_>, others: &Copies) -> Vec<Problem> {
        let owns = |r: &Arc<Running>| r.description.kinds.iter().any(|kind| kind.name == document.kind);
        let owner = self.seats().iter().filter_map(|seat| seat.state.clone().ok()).find(owns);
        let Some(owner) = owner else {
            return Vec::new();
        };
        let (document, others) = (Copies::of([document]), others.clone());
        let instance = Arc::clone(&owner.instance);
        let judge = move || instance.validate(&document.lend()[0], &others.lend());
        let judged = self.control.within("validate", judge).inspect_err(|_| owner.guard.fail(FaultReason::Late));
        judged.and_then(|problems| problems.map_err(|error| error.to_string())).unwrap_or_else(|error| {
            let message = format!("plugin `{}` could not judge it: {error}", owner.name);
            vec![Problem::new("", message, "a document its plugin can read")]
        })
    }

    /// The kinds of configuration document that running plugins own, each with its owner's name.
    pub fn kinds(&self) -> Vec<(ConfigKind, String)> {
        let running: Vec<Arc<Running>> = self.seats().iter().filter_map(|seat| seat.state.clone().ok()).collect();
        let of = |r: &Arc<Running>| {
            r.description.kinds.iter().map(|kind| (kind.clone(), r.name.clone())).collect::<Vec<_>>()
        };
        running.iter().flat_map(of).collect()
    }

    /// New observers of every running plugin, in configured order, each with an empty state.
    pub fn observers(&self) -> Vec<ObserverSlot> {
        let running: Vec<Arc<Running>> = self.seats().iter().filter_map(|seat| seat.state.clone().ok()).collect();
        running.iter().flat_map(|running| ObserverSlot::all_of(running, &self.control)).collect()
    }

    /// Libraries mapped since the start, and the bound.
    pub fn mappings(&self) -> (u64, u64) {
        self.loader.mappings()
    }

    /// Files refused since the start.
    pub fn load_failures(&self) -> u64 {
        self.loader.failures()
    }

    /// Threads written off because a plugin never returned from a call that no request waited for.
    pub fn threads_lost(&self) -> u64 {
        self.control.lost()
    }

    /// Versions whose last user has let go of them.
    pub fn retired(&self) -> u64 {
        self.retired.load(Ordering::Relaxed)
    }
}

fn refused(plugin: &str, message: String) -> LoadProblem {
    LoadProblem { plugin: plugin.to_owned(), missing: false, message }
}

/// Two owners of one kind is a load error.
fn check_owners(running: &Running, seats: &[Seat]) -> Result<(), LoadProblem> {
    for other in seats.iter().filter_map(|seat| seat.state.as_ref().ok()).filter(|r| r.name != running.name) {
        for kind in &running.description.kinds {
            if other.description.kinds.iter().any(|owned| owned.name == kind.name) {
                let message = format!("kind `{}` is owned by plugin `{}` already", kind.name, other.name);
                return Err(refused(&running.name, message));
            }
        }
    }
    Ok(())
}

/// Log lines of plugins that belong to no request.
pub fn log_for_plugin(level: LogLevel, message: &str) {
    match level {
        LogLevel::Debug => tracing::debug!(target: "plugin", "{message}"),
        LogLevel::Info => tracing::info!(target: "plugin", "{message}"),
        LogLevel::Warn => tracing::warn!(target: "plugin", "{message}"),
        LogLevel::Error => tracing::error!(target: "plugin", "{message}"),
    }
}
