//! What is a configuration document?
//!
//! Everything a merchandiser or operator can change while the shop runs: keyed (kind, scope, id), with
//! revision, author, note, state and validity. Its history is the log; a draft may stand beside the live one.

use serde::{Deserialize, Serialize};

use crate::id::{Seq, TimeMs};

/// The key of a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentKey {
    /// Kind: a name that its owner declared.
    pub kind: String,
    /// Store view code, or empty for every store view.
    pub scope: String,
    /// Id, unique within kind and scope.
    pub id: String,
}

/// Whether shoppers see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DocumentState {
    /// Seen only under an overlay.
    Draft,
    /// In force while valid.
    #[default]
    Live,
    /// Of a write only: the overlay's draft is thrown away, and the document looks as it does without it.
    Discarded,
}

/// A write of one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentWrite {
    /// Which document.
    pub key: DocumentKey,
    /// What is written: the draft of an overlay, the live document, or the end of a draft.
    pub state: DocumentState,
    /// Name of the overlay a draft belongs to, or belonged to; empty for live documents.
    pub overlay: String,
    /// The body as JSON text, or `None` to delete.
    pub body: Option<String>,
    /// Who wrote it.
    pub author: String,
    /// Why.
    pub note: String,
    /// Begin of validity, `None` for always.
    pub from_ms: Option<TimeMs>,
    /// End of validity (exclusive), `None` for never.
    pub until_ms: Option<TimeMs>,
    /// Write only if the current revision is this one (0: only if there is none).
    pub expected_revision: Option<u64>,
}

/// One stored revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The write that made it.
    pub write: DocumentWrite,
    /// Revision of the key, from 1, growing with each write.
    pub revision: u64,
    /// Log position of the write.
    pub seq: Seq,
    /// Log time of the write.
    pub time_ms: TimeMs,
}
