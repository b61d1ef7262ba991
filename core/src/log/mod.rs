//! What happened, in order?
//!
//! The durable, ordered log that every view of the kernel is folded from, and the files beside it. A [`Log`]
//! appends and cuts, and lends any number of [`LogReader`]s; a [`writer`] gathers submissions into group
//! commits, replaces the names of shoppers ([`identity`]), and gives each its sequence and time. [`checkpoint`]s shorten a start, the [`served`] journal
//! remembers what was answered. Nothing here knows what an entry means.

pub mod blob;
pub mod checkpoint;
pub mod clock;
mod codec;
pub mod disk;
pub mod entry;
#[cfg(any(test, feature = "testing"))]
pub mod fuzz;
pub mod identity;
pub mod memory;
pub mod served;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod writer;

use std::sync::Arc;

use crate::id::{Seq, TimeMs};
use crate::limits::ENTRY_BYTES_MAX;
use entry::Entry;

pub use disk::RedbLog;
pub use memory::MemoryLog;

/// The one who writes. Sequences are contiguous from 1, times never decrease.
pub trait Log: Send {
    /// Appends `entries`, all or none; they are durable when this returns.
    ///
    /// # Errors
    /// [`AppendError::Gap`], [`AppendError::TimeWentBack`] and [`AppendError::TooLarge`] are the caller's fault
    /// and leave the log as it was. After [`AppendError::Storage`] it is unknown whether the entries are there:
    /// stop appending; opening the log again tells.
    fn append(&mut self, entries: &[Entry]) -> Result<(), AppendError>;

    /// Forgets the entries before `seq`. The newest entry always stays, so that sequence and time go on from it;
    /// idempotency keys stay until they expire.
    ///
    /// # Errors
    /// [`AppendError::Storage`].
    fn cut_before(&mut self, seq: Seq) -> Result<(), AppendError>;

    /// A handle for other threads, which sees every entry as soon as it is durable.
    fn reader(&self) -> LogReader;

    /// See [`LogRead::read`].
    ///
    /// # Errors
    /// See [`LogRead::read`].
    fn read(&self, from: Seq, entries_max: usize) -> Result<Vec<Entry>, ReadError> {
        self.reader().read(from, entries_max)
    }

    /// See [`LogRead::last`].
    fn last(&self) -> (Seq, TimeMs) {
        self.reader().last()
    }
}

/// What readers can do; implemented beside each [`Log`].
pub trait LogRead: Send + Sync {
    /// Sequence and time of the newest entry; (0, 0) of an empty log.
    fn last(&self) -> (Seq, TimeMs);

    /// Sequence of the oldest entry kept; 1 of an empty log.
    ///
    /// # Errors
    /// [`ReadError::Storage`], [`ReadError::Closed`].
    fn first(&self) -> Result<Seq, ReadError>;

    /// Up to `entries_max` entries in order, beginning with `from` (0 and 1 both mean the first one ever).
    /// Empty only at the end of the log (or when `entries_max` is 0). It may be shorter than asked for: after
    /// [`LOG_READ_BYTES_MAX`](crate::limits::LOG_READ_BYTES_MAX) bytes, and before a damaged entry.
    ///
    /// # Errors
    /// [`ReadError::Cut`] when `from` is no longer there, [`ReadError::Damaged`] when the entry `from` itself
    /// cannot be read, [`ReadError::Storage`] and [`ReadError::Closed`].
    fn read(&self, from: Seq, entries_max: usize) -> Result<Vec<Entry>, ReadError>;

    /// Where an entry with this idempotency key stands, if it is within the lateness bound at `now_ms`.
    ///
    /// # Errors
    /// [`ReadError::Storage`], [`ReadError::Closed`].
    fn find_key(&self, key: &str, now_ms: TimeMs) -> Result<Option<(Seq, TimeMs)>, ReadError>;
}

/// A cloneable handle on a log for other threads. It never waits for a writer.
#[derive(Clone)]
pub struct LogReader(Arc<dyn LogRead>);

impl LogReader {
    /// A handle on `inner`.
    pub fn new(inner: Arc<dyn LogRead>) -> Self {
        Self(inner)
    }

    /// See [`LogRead::last`].
    pub fn last(&self) -> (Seq, TimeMs) {
        self.0.last()
    }

    /// See [`LogRead::first`].
    ///
    /// # Errors
    /// See [`LogRead::first`].
    pub fn first(&self) -> Result<Seq, ReadError> {
        self.0.first()
    }

    /// See [`LogRead::read`].
    ///
    /// # Errors
    /// See [`LogRead::read`].
    pub fn read(&self, from: Seq, entries_max: usize) -> Result<Vec<Entry>, ReadError> {
        self.0.read(from, entries_max)
    }

    /// See [`LogRead::find_key`].
    ///
    /// # Errors
    /// See [`LogRead::find_key`].
    pub fn find_key(&self, key: &str, now_ms: TimeMs) -> Result<Option<(Seq, TimeMs)>, ReadError> {
        self.0.find_key(key, now_ms)
    }

    /// Every entry from `from` to the end, read window by window; ends after the first error.
    pub fn scan(&self, from: Seq) -> Scan {
        Scan { reader: self.clone(), next: Some(from.max(1)), window: Vec::new().into_iter() }
    }
}

/// An iterator over the log, see [`LogReader::scan`].
pub struct Scan {
    reader: LogReader,
    /// Where the next window begins; `None` when done.
    next: Option<Seq>,
    window: std::vec::IntoIter<Entry>,
}

/// Entries a [`Scan`] asks for at once.
const SCAN_ENTRIES: usize = 1_000;

impl Iterator for Scan {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.window.next() {
            return Some(Ok(entry));
        }
        let from = self.next.take()?;
        match self.reader.read(from, SCAN_ENTRIES) {
            Ok(window) => {
                self.next = window.last().map(|entry| entry.seq + 1);
                self.window = window.into_iter();
                self.window.next().map(Ok)
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// Why entries were not appended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The caller's fault: sequences must be contiguous.
    #[error("entry has sequence {got}, expected {expected}")]
    Gap {
        /// The next free sequence.
        expected: Seq,
        /// The one given.
        got: Seq,
    },
    /// The caller's fault: times must not decrease.
    #[error("entry {seq} has time {got_ms} ms, the entry before it has {last_ms} ms")]
    TimeWentBack {
        /// The entry.
        seq: Seq,
        /// Time of the entry before.
        last_ms: TimeMs,
        /// Its own time.
        got_ms: TimeMs,
    },
    /// The caller's fault: split the batch.
    #[error("entry {seq} takes {bytes} bytes, at most {ENTRY_BYTES_MAX} allowed; split the batch")]
    TooLarge {
        /// The entry.
        seq: Seq,
        /// Its encoded size.
        bytes: usize,
    },
    /// Ours: the entry has no encoding.
    #[error("entry {seq} cannot be encoded: {reason}")]
    Encode {
        /// The entry.
        seq: Seq,
        /// Why.
        reason: String,
    },
    /// Ours: the disk failed.
    #[error("the log file could not be written")]
    Storage(#[source] Box<redb::Error>),
    /// Ours: the rows that an entry's names lead to could not be written.
    #[error("the identity table could not be written")]
    Identity(#[source] identity::IdentityError),
}

impl AppendError {
    /// The one entry at fault, when all others could be appended without it.
    pub fn culprit(&self) -> Option<Seq> {
        match self {
            AppendError::TooLarge { seq, .. } | AppendError::Encode { seq, .. } => Some(*seq),
            _ => None,
        }
    }
}

/// Why entries were not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The caller's fault: history before `first` was cut; start from a snapshot.
    #[error("entry {from} was cut, the log begins at {first}; start from a snapshot")]
    Cut {
        /// What was asked for.
        from: Seq,
        /// The oldest entry kept.
        first: Seq,
    },
    /// Ours: the bytes of one entry are not what was written.
    #[error("entry {seq} is damaged: {reason}")]
    Damaged {
        /// The entry.
        seq: Seq,
        /// What is wrong with it.
        reason: String,
    },
    /// Ours: the disk failed.
    #[error("the log file could not be read")]
    Storage(#[source] Box<redb::Error>),
    /// The log this reader belongs to was closed.
    #[error("the log is closed")]
    Closed,
}

/// Checks that `entries` continue a log whose newest entry is `last`.
fn check_order(last: (Seq, TimeMs), entries: &[Entry]) -> Result<(), AppendError> {
    let (mut seq, mut time_ms) = last;
    for entry in entries {
        if entry.seq != seq + 1 {
            return Err(AppendError::Gap { expected: seq + 1, got: entry.seq });
        }
        if entry.time_ms < time_ms {
            return Err(AppendError::TimeWentBack { seq: entry.seq, last_ms: time_ms, got_ms: entry.time_ms });
        }
        (seq, time_ms) = (entry.seq, entry.time_ms);
    }
    Ok(())
}
