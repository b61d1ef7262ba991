//! What does one request see?
//!
//! A [`Snapshot`] is immutable and whole: every view at one log position, together with the epoch (the
//! configuration and the plugins prepared for it). A request takes one and keeps it to the end. Everything in
//! it is shared with the snapshots before and after, so that making one costs what was touched.
//! There is no interior mutability here.

pub mod assign;
mod epoch;
pub mod experiment;
pub mod never;
mod shop;
pub mod spelling;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use epoch::{Conditions, Epoch, Misread};
pub use shop::{Shop, read_audiences, read_experiments};

use crate::catalog::Catalog;
use crate::id::{ItemId, Seq, TimeMs};
use crate::signal::SignalView;
use crate::text::{TextDoc, TextView};
use crate::vector::Vectors;
use crate::visitor::VisitorView;

/// Every view at one log position.
#[derive(Clone)]
pub struct Snapshot {
    /// Log position of everything but text.
    pub seq: Seq,
    /// Log time at that position.
    pub now_ms: TimeMs,
    /// What the shop sells.
    pub catalog: Catalog,
    /// What shoppers do.
    pub signals: SignalView,
    /// Who is near whom.
    pub vectors: Vectors,
    /// Who they are.
    pub visitors: VisitorView,
    /// The text indexes.
    pub text: Texts,
    /// The live configuration and its plugins.
    pub epoch: Arc<Epoch>,
    /// Columns learned by plugins' observers, `plugin/name` → value by item id.
    pub observed: Arc<BTreeMap<String, Arc<Vec<f32>>>>,
    /// Log position up to which those were learned; `None` while no plugin has learned anything.
    pub observed_seq: Option<Seq>,
}

/// The identity of a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AsOf {
    /// Log sequence of all views but text.
    pub seq: Seq,
    /// Log sequence of the text index.
    pub text_seq: Seq,
    /// Revision of the configuration.
    pub config_epoch: u64,
    /// Generation of the models.
    pub model_generation: u64,
    /// Plugins in force, `name` → `version+hash`.
    pub plugins: BTreeMap<String, String>,
    /// Log sequence up to which plugins' observers had learned; `None` while none has learned anything.
    pub observed_seq: Option<Seq>,
}

/// The text indexes by text source.
#[derive(Clone, Default)]
pub struct Texts {
    /// Log position up to which products are searchable.
    pub seq: Seq,
    views: Arc<BTreeMap<String, TextView>>,
}

impl Texts {
    /// The indexes of all sources at one position.
    pub fn new(seq: Seq, views: BTreeMap<String, TextView>) -> Self {
        Self { seq, views: Arc::new(views) }
    }

    /// The index of one source; `None` before anything was indexed.
    pub fn view(&self, source: &str) -> Option<&TextView> {
        self.views.get(source)
    }
}

impl Snapshot {
    /// The identity of an answer made from this snapshot under an epoch.
    pub fn as_of(&self, epoch: &Epoch) -> AsOf {
        AsOf {
            seq: self.seq,
            text_seq: self.text.seq,
            config_epoch: epoch.revision,
            model_generation: self.vectors.generation(),
            plugins: epoch.plugins.versions(),
            observed_seq: self.observed_seq,
        }
    }

    /// An item's text as a source indexes it.
    pub fn text_doc(&self, source: &str, item: ItemId, epoch: &Epoch) -> Option<TextDoc> {
        epoch.shop.text_doc(&self.catalog, source, item)
    }
}
