//! What goes in and out of the engine's front door, besides lists?

use std::path::PathBuf;
use std::time::Duration;

pub use crate::catalog::definition::AttributeBounds;
use crate::config::document::{Document, DocumentKey};
pub use crate::host::{PluginEntry, PluginInfo, ReloadError};
use crate::id::{Seq, TimeMs};
use crate::limits;
pub use crate::log::entry::Membership;
pub use crate::pipeline::request::QueryError;
use crate::pipeline::request::{Arms, AsOf, ListAnswer, ListRequest, Shopper};
pub use crate::pipeline::unit::UnitBounds;
pub use crate::signal::event::{Event, ProfileValue};
pub use crate::vector::SpaceInfo;
pub use crate::visitor::Ordered;

/// How to open a shop.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The data directory; `None` keeps everything in memory.
    pub data_dir: Option<PathBuf>,
    /// Folders searched for plugin libraries, first hit wins.
    pub plugin_dirs: Vec<PathBuf>,
    /// Plugins in force, in order.
    pub plugins: Vec<PluginEntry>,
    /// Ranking workers; 0 means one per core.
    pub workers: usize,
    /// Requests that may wait for a worker before new ones are shed.
    pub queue_max: usize,
    /// Deadline of a request that names none.
    pub deadline: Duration,
    /// How long a write waits for others to share its sync.
    pub group_commit: Duration,
    /// How often the text index commits.
    pub text_commit: Duration,
    /// Log entries between two snapshot files.
    pub snapshot_every: u64,
    /// When models are built.
    pub models: ModelConfig,
    /// How long log entries are kept behind the snapshot files, in milliseconds of log time; 0 keeps them for ever.
    pub retention_ms: TimeMs,
    /// Seed of the pseudonyms, for measurements that must come out the same. Everybody can tell seeded pseudonyms:
    /// leave it out where people shop.
    pub identity_seed: Option<u64>,
    /// How large and how many recommendation units may be.
    pub unit_bounds: UnitBounds,
    /// How many facets there may be, how much they show, and how much filters may look through.
    pub attribute_bounds: AttributeBounds,
    /// How many audience documents there may be.
    pub audiences_max: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            data_dir: None,
            plugin_dirs: Vec::new(),
            plugins: Vec::new(),
            workers: 0,
            queue_max: limits::DEFAULT_QUEUE_MAX,
            deadline: Duration::from_millis(limits::DEFAULT_DEADLINE_MS),
            group_commit: Duration::from_millis(limits::DEFAULT_GROUP_COMMIT_MS),
            text_commit: Duration::from_millis(limits::DEFAULT_TEXT_COMMIT_MS),
            snapshot_every: limits::DEFAULT_SNAPSHOT_EVERY,
            models: ModelConfig::default(),
            retention_ms: limits::DEFAULT_RETENTION_MS,
            identity_seed: None,
            unit_bounds: UnitBounds::default(),
            attribute_bounds: AttributeBounds::default(),
            audiences_max: limits::DEFAULT_AUDIENCES_MAX,
        }
    }
}

/// When models are built in the background, and with how much of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelConfig {
    /// Log time after which a model is built anew, in milliseconds; 0 leaves the clock out.
    pub every_ms: i64,
    /// Changes (counted events and products written) after which a model is built anew; 0 leaves them out.
    pub every_changes: u64,
    /// Threads of the builder, at least 1; with more than one, graphs differ from build to build.
    pub threads: usize,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            every_ms: limits::DEFAULT_MODEL_EVERY_MS,
            every_changes: limits::DEFAULT_MODEL_EVERY_CHANGES,
            threads: limits::DEFAULT_MODEL_THREADS,
        }
    }
}

/// A category and what shoppers did with its products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryInfo {
    /// Names from the top.
    pub path: Vec<String>,
    /// Order among its siblings, smallest first; `None` goes behind.
    pub position: Option<i32>,
    /// Whether it shows its descendants' products.
    pub anchor: bool,
    /// Products it shows, whether or not they may be sold.
    pub products: u64,
    /// Visits that viewed a product of the category or below, each once.
    pub views: u32,
    /// Visits that put one into the cart, each once.
    pub carts: u32,
    /// Orders that kept one, each once.
    pub purchases: u32,
}

/// The model in force and every vector space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelInfo {
    /// Number of the model, 0 for none.
    pub generation: u64,
    /// Log position of what it was built from.
    pub built_at: Seq,
    /// Log entries since then.
    pub behind: u64,
    /// The spaces, by name.
    pub spaces: Vec<SpaceInfo>,
}

/// A scorer that takes part where a document of the kind it is named after is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedScorer {
    /// Its plugin.
    pub plugin: String,
    /// The kind of its documents, which is also its name.
    pub kind: String,
    /// Columns that served records keep for it.
    pub reads: Vec<String>,
    /// Its own lines in the ledger: `plugin/output`.
    pub writes: Vec<String>,
}

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acknowledge {
    /// As soon as it is durable.
    Durable,
    /// When it is durable and visible in every view but text.
    #[default]
    Visible,
    /// When the text index has it, too.
    Text,
}

/// Who writes, and how the write is acknowledged.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Who.
    pub actor: String,
    /// A repeated key within the lateness bound returns the first receipt and writes nothing.
    pub idempotency_key: Option<String>,
    /// When.
    pub acknowledge: Acknowledge,
}

/// The answer to a write: the good part of the batch is in, the rest is listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Receipt {
    /// Log position; reads with `min_seq` at or above it see the write. 0 when nothing was written.
    pub seq: Seq,
    /// Rows taken in.
    pub accepted: u64,
    /// Rows that were already there (event ids, order ids, idempotency key).
    pub duplicates: u64,
    /// Events of shoppers who have not consented: not taken in, and nothing is left of them.
    pub unconsented: u64,
    /// Rows refused.
    pub rejected: Vec<Rejected>,
}

/// One refused row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Zero-based index in the batch.
    pub index: usize,
    /// JSON pointer to the offending value inside the row.
    pub pointer: String,
    /// What is wrong, with the value.
    pub message: String,
    /// What is allowed.
    pub allowed: String,
}

/// A person, by the id that clients send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A browser or device.
    Visitor(String),
    /// An account.
    Customer(String),
}

/// Everything that is held of a person. Ids stand as they are held: as pseudonyms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    /// Pseudonyms of the person's browsers.
    pub visitors: Vec<String>,
    /// Pseudonyms of the person's accounts.
    pub customers: Vec<String>,
    /// Orders that are known by their id.
    pub orders: usize,
    /// What is remembered: of the account, and of each browser that is not signed in to it.
    pub profiles: Vec<HeldProfile>,
    /// Events with their log position, oldest first; the newest ones when there are too many.
    pub events: Vec<(Seq, Event)>,
    /// How many there are in the log.
    pub events_total: u64,
    /// Oldest position that the log has.
    pub log_from: Seq,
}

/// One profile, with skus for items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldProfile {
    /// Time of the newest event.
    pub last_seen_ms: Option<TimeMs>,
    /// Time of the newest order.
    pub last_order_ms: Option<TimeMs>,
    /// Viewed and when last, newest first.
    pub views: Vec<(String, TimeMs)>,
    /// In the cart, how many and since when.
    pub cart: Vec<(String, f32, TimeMs)>,
    /// Bought and when last, newest first.
    pub purchases: Vec<(String, TimeMs)>,
    /// Viewed in the current visit, newest first.
    pub session_items: Vec<String>,
    /// Paths of the categories that are liked, with their shares, largest first.
    pub categories: Vec<(String, f64)>,
    /// Brands that are liked, likewise.
    pub brands: Vec<(String, f64)>,
    /// Key of the profile, as lists of members name it.
    pub key: u64,
    /// Whether the person has an account.
    pub is_account: bool,
    /// What profile events said, by name.
    pub attributes: Vec<(String, ProfileValue)>,
    /// Wished for and when last, newest first.
    pub wishlist: Vec<(String, TimeMs)>,
    /// Newest orders, oldest first: when, what was kept of them in minor units and pieces, and whether anything was.
    pub orders: Vec<Ordered>,
    /// Lines of the newest events that are kept for audiences, oldest first: when, what, and which product.
    pub history: Vec<(TimeMs, &'static str, Option<String>)>,
    /// Audiences the person is in, in order: in the default store view, now.
    pub audiences: Vec<String>,
}

/// For which state of the shop something is asked that no shopper asks: audiences, questions to plugins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShopAsk {
    /// Store view code; empty means the default one.
    pub store_view: String,
    /// Sets of draft documents laid over the live ones, in order.
    pub overlays: Vec<String>,
    /// Time to answer for; the snapshot's otherwise.
    pub now_ms: Option<TimeMs>,
}

/// One audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudienceInfo {
    /// Id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `everyone`, `registered` or `visitors`.
    pub applies_to: &'static str,
    /// Whether a condition says who is in it; another system otherwise.
    pub has_condition: bool,
    /// Profiles in it.
    pub size: u64,
}

/// The audiences of a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudienceList {
    /// In order of id.
    pub audiences: Vec<AudienceInfo>,
    /// The one snapshot that was counted.
    pub as_of: AsOf,
    /// The time that was counted for.
    pub now_ms: TimeMs,
}

/// One member of an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Key of the profile: access to the person says it, too.
    pub key: u64,
    /// Whether the person has an account.
    pub is_account: bool,
    /// Time of the newest event; `None` before the first.
    pub last_seen_ms: Option<TimeMs>,
    /// Remembered orders that were not canceled.
    pub orders: u64,
    /// Distinct products in the cart.
    pub in_cart: u64,
}

/// Some members of an audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberList {
    /// In order of key.
    pub members: Vec<Member>,
    /// Where to go on; `None` at the end.
    pub next: Option<u64>,
    /// The one snapshot that was looked at.
    pub as_of: AsOf,
    /// The time that was asked for.
    pub now_ms: TimeMs,
}

/// A document that names an audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudienceUse {
    /// Which document.
    pub key: DocumentKey,
    /// Overlay of a draft; empty for a live document.
    pub overlay: String,
    /// JSON pointers to where it does.
    pub pointers: Vec<String>,
}

/// The audiences of a shopper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembershipAnswer {
    /// Those the caller vouches for as they were given, then the others in order.
    pub audiences: Vec<String>,
    /// Which state of the shop answered.
    pub as_of: AsOf,
}

/// What an erasure destroyed the way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Log position; reads with `min_seq` at or above it no longer know the person.
    pub seq: Seq,
    /// Browsers.
    pub visitors: usize,
    /// Accounts.
    pub customers: usize,
    /// Orders.
    pub orders: usize,
}

/// Several units and lists over one snapshot, without duplicates across them.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// Named lists, in order of precedence: the first list keeps a product that several want.
    pub lists: Vec<(String, ListRequest)>,
    /// Who asks; fills what the lists leave out.
    pub shopper: Shopper,
}

/// The answer to a [`PageRequest`].
#[derive(Clone, Debug)]
pub struct PageAnswer {
    /// The lists, in the order asked for; a list that failed says why and the others stand.
    pub lists: Vec<(String, Result<ListAnswer, QueryError>)>,
    /// The one snapshot that answered.
    pub as_of: AsOf,
    /// Arms of the experiments the shopper takes part in, one assignment for all lists: (experiment, arm), by
    /// experiment.
    pub arms: Arms,
}

/// The units of a page, without duplicates across them.
#[derive(Clone, Debug)]
pub struct UnitsRequest {
    /// Which units.
    pub choice: UnitChoice,
    /// Skus the page is about.
    pub anchors: Vec<String>,
    /// Everything else: who asks, on which page type, over which store view. Its list and page are not read.
    pub list: ListRequest,
}

/// Which units are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitChoice {
    /// Every live unit of the request's page type, of any page type when it names none.
    On,
    /// These, in this order.
    Ids(Vec<String>),
}

/// The answer to a [`UnitsRequest`].
#[derive(Clone, Debug)]
pub struct UnitsAnswer {
    /// The units that have something to show, by id, in the order of the page; one that failed says why.
    pub lists: Vec<(String, Result<ListAnswer, QueryError>)>,
    /// Ids that name no live unit.
    pub unknown: Vec<String>,
    /// The one snapshot that answered.
    pub as_of: AsOf,
    /// Arms of the experiments the shopper takes part in, one assignment for all units.
    pub arms: Arms,
}

/// How far a unit's own type fills it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Readiness {
    /// Of the places of the unit on an average product page, how many its type fills, 0 to 100.
    pub percent: f64,
    /// Products it was tried on.
    pub products_tried: u32,
    /// Different products it proposed on them.
    pub products_proposed: u64,
}

/// Why a write was not taken at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Nothing in the batch was good.
    #[error("no row of the batch was accepted")]
    AllRejected(Receipt),
    /// A configuration document was refused by the owner of its kind.
    #[error("document `{}/{}` has {} problems", key.kind, key.id, problems.len())]
    Refused {
        /// Which document.
        key: DocumentKey,
        /// What is wrong with it, and where.
        problems: Vec<planogram_abi::Problem>,
    },
    /// The document changed in between.
    #[error("document `{}/{}` is at revision {current}, expected {expected}", key.kind, key.id)]
    Conflict {
        /// Which document.
        key: DocumentKey,
        /// The revision it has.
        current: u64,
        /// The revision the caller expected.
        expected: u64,
    },
    /// Nobody owns this kind.
    #[error("no configuration kind `{kind}`; kinds are {known}")]
    UnknownKind {
        /// The kind.
        kind: String,
        /// Those that exist.
        known: String,
    },
    /// The named thing does not exist.
    #[error("no {what} `{name}`")]
    NotFound {
        /// Kind of thing.
        what: String,
        /// Its name.
        name: String,
    },
    /// A plugin could not answer, or the text index could not be written.
    #[error("{0}")]
    Failed(String),
    /// The log could not be written.
    #[error("the log could not be written: {0}")]
    Log(String),
    /// The engine is closing.
    #[error("the engine is closing")]
    Closing,
}

/// A configuration kind as the server shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// Name.
    pub name: String,
    /// JSON Schema of a document.
    pub schema: String,
    /// `kernel`, or the owning plugin; `None` when documents exist but the owner is absent.
    pub owner: Option<String>,
    /// Questions about it.
    pub questions: Vec<(String, String)>,
}

/// The live document, the drafts beside it, and whether anybody acts on it.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentView {
    /// The document.
    pub document: Document,
    /// False when the owner of the kind is absent: kept, but without effect.
    pub active: bool,
    /// What its author should know, see [`crate::engine::Engine::config_remarks`].
    pub remarks: Vec<String>,
}

/// How the engine is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// Does it answer?
    pub ready: bool,
    /// What it is doing while it does not.
    pub phase: String,
    /// Identity of the current snapshot.
    pub as_of: AsOf,
    /// Time of the current snapshot.
    pub now_ms: TimeMs,
    /// Products that can be shown.
    pub products: u64,
    /// Variants.
    pub variants: u64,
    /// Visitors remembered.
    pub visitors: u64,
    /// Library mappings that are kept because code is never unloaded, and the bound.
    pub mappings: (u64, u64),
    /// Plugin versions that were replaced and that nobody uses any more.
    pub plugins_retired: u64,
    /// Ranking workers written off because a plugin never returned.
    pub workers_lost: u64,
    /// Threads written off because a plugin never returned from a call that no request waited for.
    pub threads_lost: u64,
    /// Served records dropped because the side journal was full.
    pub served_dropped: u64,
}
