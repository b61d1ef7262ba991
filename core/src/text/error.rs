//! What can go wrong with text?
//!
//! One enum for the room: the caller's fault first, ours after. Everything the index holds can be fed again from the
//! log, so the remedy for our own faults is always the same and [`TextError::needs_rebuild`] says when.

use std::path::PathBuf;

use thiserror::Error;

/// Why the text room could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TextError {
    /// Caller's fault: a field weight that is not a weight.
    #[error("weight of text field `{field}` is {value}, a number from 0 to {max} is allowed")]
    Weight {
        /// Name of the field.
        field: &'static str,
        /// What was given.
        value: f32,
        /// Largest weight allowed.
        max: f32,
    },
    /// Caller's fault: an alternative's weight outside `(0, 1]`.
    #[error("weight of `{text}` is {value}, a number above 0 and at most 1 is allowed")]
    AlternativeWeight {
        /// The alternative.
        text: String,
        /// What was given.
        value: f32,
    },
    /// Caller's fault: more to look up than one search may.
    #[error("the query has {count} alternatives, at most {max} allowed")]
    TooManyAlternatives {
        /// Alternatives in all groups.
        count: usize,
        /// Most allowed.
        max: usize,
    },
    /// Ours: the files of the index are damaged or of another make.
    #[error("text index in {dir} cannot be used: {cause}; rebuild it from the log")]
    Damaged {
        /// Directory of the index.
        dir: PathBuf,
        /// What was found.
        cause: String,
    },
    /// Ours: another writer holds the directory.
    #[error("text index in {dir} is already open for writing")]
    Busy {
        /// Directory of the index.
        dir: PathBuf,
    },
    /// Ours: the directory cannot be made or emptied.
    #[error("text index directory {dir} cannot be prepared: {source}")]
    Directory {
        /// Directory of the index.
        dir: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Ours: reading or writing the index failed.
    #[error("text index failed: {0}")]
    Storage(#[from] tantivy::TantivyError),
    /// Ours: reading postings failed.
    #[error("text index could not be read: {0}")]
    Read(#[from] std::io::Error),
}

impl TextError {
    /// Whether the index has to be emptied with [`TextIndex::rebuild`](super::TextIndex::rebuild) and fed again.
    pub fn needs_rebuild(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Storage(_) | Self::Read(_))
    }
}
