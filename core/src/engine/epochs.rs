//! Who makes a new epoch?
//!
//! One thread takes changed configurations, types the kernel's documents, lets every plugin prepare for its
//! own, and publishes the result. If several changes queued up, only the newest is prepared. Epochs under
//! overlays are made the same way: those that visitors in experiments see together with the live one (see `arms`),
//! those of previews on demand, of which the latest few are kept.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender};
use planogram_abi::{ConditionId, Document as Lent, Failure, LogLevel, Outcome, PrepareHost};
use tracing::{error, warn};

use super::arms;
use super::indexer::TextJob;
use super::lock;
use super::publish::Publisher;
use crate::config::document::{Document, DocumentState};
use crate::config::store::{Selection, Store};
use crate::engine::types::ReloadError;
use crate::expr;
use crate::host::Host;
use crate::limits::OVERLAY_EPOCHS_MAX;
use crate::snapshot::{Conditions, Epoch, Misread, Shop, Snapshot};

/// What the epoch builder is sent.
pub enum EpochJob {
    /// The configuration changed.
    Store(Store),
    /// Load a plugin's library anew and put the new version in place of the old one.
    Reload {
        /// Which plugin.
        plugin: String,
        /// Told when the new set is published, or why the old version runs on.
        done: Sender<Result<(), ReloadError>>,
    },
}

/// Makes epochs.
pub struct EpochBuilder {
    /// The plugins.
    pub host: Arc<Host>,
    /// Where epochs go.
    pub publisher: Arc<Publisher>,
    /// Where changed text rules go.
    pub indexer: Sender<TextJob>,
    /// Epochs of previews, each with the live epoch it was laid over, newest last.
    overlaid: Mutex<Vec<(Arc<Epoch>, Arc<Epoch>)>>,
}

impl EpochBuilder {
    /// A builder that publishes to `publisher`.
    pub fn new(host: Arc<Host>, publisher: Arc<Publisher>, indexer: Sender<TextJob>) -> Self {
        Self { host, publisher, indexer, overlaid: Mutex::default() }
    }

    /// Builds epochs until nobody can ask for any.
    pub fn run(&self, inbox: &Receiver<EpochJob>) {
        while let Ok(first) = inbox.recv() {
            let jobs: Vec<EpochJob> = std::iter::once(first).chain(inbox.try_iter()).collect();
            let mut newest = None;
            let mut reloads = Vec::new();
            for job in jobs {
                match job {
                    EpochJob::Store(store) => newest = Some(store),
                    EpochJob::Reload { plugin, done } => reloads.push((plugin, done)),
                }
            }
            if let Some(store) = newest {
                self.rebuild(store);
            }
            for (plugin, done) in reloads {
                let _ = done.send(self.reload(&plugin));
            }
        }
    }

    fn rebuild(&self, store: Store) {
        let current = self.publisher.current();
        let old = &current.epoch;
        let mut epoch = build(&self.host, store, Vec::new(), Some(old));
        arms::prepare(&self.host, &mut epoch, current.now_ms);
        arms::warn_of_remarks(&epoch, old);
        let epoch = Arc::new(epoch);
        if epoch.shop.text_rules() != old.shop.text_rules() {
            self.publisher.expect_text();
            // Not older than what the applier had indexed before it published this snapshot.
            let current = self.publisher.current();
            let (seq, catalog, shop) = (current.seq, current.catalog.clone(), Box::new(epoch.shop.clone()));
            drop(self.indexer.send(TextJob::Everything { seq, catalog, shop }));
        }
        self.publish(epoch);
    }

    /// The new version is loaded, configured, prepared and probed before anything is published.
    fn reload(&self, plugin: &str) -> Result<(), ReloadError> {
        let current = self.publisher.current();
        let old = current.epoch.clone();
        let compiler = Compiler { conditions: RefCell::new(old.conditions.clone()), misread: RefCell::default() };
        let selection = old.store.select(&[]);
        let documents = documents_for_plugins(&self.host, &selection, Some(plugin));
        let plugins = self.host.reload(plugin, &lend(&documents), old.revision, &compiler, &old.plugins)?;
        let mut unprepared = old.unprepared.clone();
        unprepared.remove(plugin);
        let mut epoch = Epoch {
            revision: old.revision,
            store: old.store.clone(),
            overlays: Vec::new(),
            shop: old.shop.clone(),
            conditions: compiler.conditions.into_inner(),
            plugins,
            unprepared,
            misread: Vec::new(),
            kinds_in_use: kinds_in_use(&selection),
            drafted: old.drafted.clone(),
            arms: BTreeMap::new(),
        };
        arms::prepare(&self.host, &mut epoch, current.now_ms);
        self.publish(Arc::new(epoch));
        Ok(())
    }

    fn publish(&self, epoch: Arc<Epoch>) {
        lock(&self.overlaid).clear();
        self.publisher.publish(|next| next.epoch = epoch);
    }

    /// The epoch of a snapshot under effective overlays: the live one, one prepared for an experiment's arms, one
    /// kept from an earlier preview, or a new one.
    pub fn under(&self, snapshot: &Snapshot, overlays: Vec<String>) -> Arc<Epoch> {
        let live = &snapshot.epoch;
        if overlays.is_empty() {
            return live.clone();
        }
        if let Some(prepared) = live.arms.get(&overlays) {
            return prepared.clone();
        }
        // A reload changes the plugins but not the revision, so the live epoch itself is the key.
        let same = |(base, epoch): &&(Arc<Epoch>, Arc<Epoch>)| Arc::ptr_eq(base, live) && epoch.overlays == overlays;
        if let Some((_, found)) = lock(&self.overlaid).iter().find(same) {
            return found.clone();
        }
        let made = Arc::new(build(&self.host, live.store.clone(), overlays, Some(live)));
        let mut kept = lock(&self.overlaid);
        kept.push((live.clone(), made.clone()));
        let excess = kept.len().saturating_sub(OVERLAY_EPOCHS_MAX);
        kept.drain(..excess);
        made
    }
}

/// Types the kernel's documents and lets every plugin prepare for its own.
pub fn build(host: &Host, store: Store, overlays: Vec<String>, previous: Option<&Epoch>) -> Epoch {
    let selection = store.select(&overlays);
    let (shop, problems) = Shop::read(&selection);
    for problem in problems {
        // Documents are checked before they are stored, so this one was stored by an older version.
        error!(problem, "stored document left out");
    }
    let conditions = RefCell::new(previous.map(|e| e.conditions.clone()).unwrap_or_default());
    let compiler = Compiler { conditions, misread: RefCell::default() };
    let documents = documents_for_plugins(host, &selection, None);
    let before = previous.map(|epoch| &*epoch.plugins);
    let (plugins, failures) = host.prepare(&lend(&documents), store.epoch(), &compiler, before);
    let unprepared: BTreeMap<String, String> =
        failures.into_iter().map(|(plugin, Failure(said))| (plugin, said)).collect();
    for (plugin, message) in &unprepared {
        warn!(plugin, message, "plugin could not prepare and keeps its previous state");
    }
    let revision = store.epoch();
    let drafted = match previous.filter(|epoch| epoch.revision == revision) {
        Some(same) => same.drafted.clone(),
        None => Arc::new(store.drafts().map(|(_, overlay)| overlay.to_owned()).collect::<BTreeSet<String>>()),
    };
    let kinds_in_use = kinds_in_use(&selection);
    Epoch {
        revision,
        kinds_in_use,
        overlays,
        shop,
        conditions: compiler.conditions.into_inner(),
        plugins,
        unprepared,
        misread: compiler.misread.into_inner(),
        drafted,
        arms: BTreeMap::new(),
        store,
    }
}

/// Kinds of which there is a document.
fn kinds_in_use(selection: &Selection<'_>) -> BTreeSet<String> {
    selection.kinds().into_iter().filter(|kind| !selection.of_kind(kind).is_empty()).collect()
}

/// Every document a plugin may own, ordered by kind, scope and id. A reloaded version may own kinds that the
/// running one does not, so a reload offers all that the kernel does not own.
fn documents_for_plugins<'a>(host: &Host, selection: &Selection<'a>, reloading: Option<&str>) -> Vec<&'a Document> {
    let owned = host.kinds();
    let kinds = selection.kinds();
    let wanted = kinds.iter().filter(|kind| reloading.is_some() || owned.iter().any(|(known, _)| known.name == **kind));
    wanted.flat_map(|kind| selection.of_kind(kind)).collect()
}

/// Documents as plugins see them. Drafts count as newer than everything and as old as each other, which is what they will
/// be when their overlay is published: rules that go by age are then in the order in which they were previewed.
pub fn lend<'a>(documents: &[&'a Document]) -> Vec<Lent<'a>> {
    documents
        .iter()
        .map(|document| Lent {
            kind: &document.write.key.kind,
            scope: &document.write.key.scope,
            id: &document.write.key.id,
            revision: document.revision,
            seq: if document.write.state == DocumentState::Live { document.seq } else { u64::MAX },
            from_ms: document.write.from_ms.unwrap_or(i64::MIN),
            until_ms: document.write.until_ms.unwrap_or(i64::MAX),
            json: document.write.body.as_deref().unwrap_or("{}"),
        })
        .collect()
}

/// Compiles plugins' conditions into the epoch's table.
struct Compiler {
    conditions: RefCell<Conditions>,
    /// What is wrong with those that could not be read.
    misread: RefCell<Vec<Misread>>,
}

impl Compiler {
    fn compile_by(&self, parse: Parse, condition: &str) -> Outcome<ConditionId> {
        let value = serde_json::from_str(condition).map_err(|e| Failure(format!("condition is not JSON: {e}")))?;
        let parsed = parse(&value).map_err(|problems| {
            let said: Vec<String> =
                problems.iter().map(|p| format!("{}: {} ({})", p.pointer, p.message, p.allowed)).collect();
            self.misread.borrow_mut().push(Misread { condition: condition.to_owned(), problems });
            Failure(said.join("; "))
        })?;
        Ok(self.conditions.borrow_mut().intern(parsed))
    }
}

/// How a condition is read.
type Parse = fn(&serde_json::Value) -> Result<expr::Condition, Vec<planogram_abi::Problem>>;

impl PrepareHost for Compiler {
    fn compile(&self, condition: &str) -> Outcome<ConditionId> {
        self.compile_by(expr::parse, condition)
    }

    fn compile_relative(&self, condition: &str) -> Outcome<ConditionId> {
        self.compile_by(expr::parse_relative, condition)
    }

    fn index(&self, conditions: &[ConditionId]) -> Outcome {
        let mut table = self.conditions.borrow_mut();
        conditions.iter().for_each(|id| table.index(*id));
        Ok(())
    }

    fn log(&self, level: LogLevel, message: &str) {
        crate::host::log_for_plugin(level, message);
    }
}
