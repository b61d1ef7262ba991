//! What can happen to a shop?
//!
//! An [`Entry`] is one durable step, usually a whole batch. Everything else the kernel knows is a fold over
//! entries. New variants and fields are added at the end, with a serde default, so that old logs stay readable.

use serde::{Deserialize, Serialize};

use crate::catalog::doc::{CategoryChange, ProductDoc, ProductPatch};
use crate::config::document::DocumentWrite;
use crate::id::{Seq, TimeMs};
pub use crate::signal::event::Event;

/// One step of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Position, given by the writer.
    pub seq: Seq,
    /// Time, given by the writer, never smaller than that of the entry before.
    pub time_ms: TimeMs,
    /// Who caused it: an API key's name, `system`, …
    pub actor: String,
    /// A second entry with the same key within the lateness bound is not appended again.
    pub idempotency_key: Option<String>,
    /// What happened.
    pub body: Body,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Body {
    /// Products put: created or replaced.
    Products(Vec<ProductDoc>),
    /// Parts of products changed.
    Patches(Vec<ProductPatch>),
    /// Products deleted, by sku.
    Deletions(Vec<String>),
    /// The category tree changed.
    Categories(Vec<CategoryChange>),
    /// Shoppers did things; pseudonyms stand where names stood (see `log/identity`).
    Events(Vec<Event>),
    /// Configuration documents written; all or none.
    Config(Vec<DocumentWrite>),
    /// A plugin version was switched on (`Some(content hash)`) or off.
    Plugin {
        /// Plugin name.
        name: String,
        /// Hash of the library file, or `None` when it was switched off.
        content_hash: Option<String>,
        /// Version it declares.
        version: String,
    },
    /// A model built in the background was published.
    Model {
        /// Name of the model.
        name: String,
        /// Generation, growing.
        generation: u64,
        /// Hash of the blob beside the log.
        content_hash: String,
    },
    /// A person's identity was destroyed; nothing leads from a name to these pseudonyms any more.
    Erased {
        /// Pseudonyms of the person's browsers.
        visitors: Vec<String>,
        /// Pseudonyms of the person's accounts.
        customers: Vec<String>,
    },
    /// Time passed and nothing else happened.
    Tick,
    /// Another system said who is in an audience of its own; pseudonyms stand where names stood.
    Members {
        /// Id of the audience.
        audience: String,
        /// Whether those who are not named are members no more.
        replace: bool,
        /// Who is, and who is no more.
        rows: Vec<Membership>,
    },
}

/// What another system said of one shopper: by account, else by browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// The browser or device; empty when it is not known.
    pub visitor: String,
    /// The account.
    pub customer: Option<String>,
    /// Whether the shopper is a member.
    pub member: bool,
}
