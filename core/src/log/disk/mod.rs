//! Where does the log live?
//!
//! In one redb file, `log.redb`: an embedded, crash-safe B-tree with one writer and readers that never wait
//! for it. Four tables: the format, the entries by sequence, the idempotency keys, and the keys by time so that
//! expired ones can be forgotten. One file per verb. The format number is ours and independent of redb's: a log
//! written by a newer planogram is refused before anything is changed.

mod append;
mod open;
mod read;

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use redb::{Database, TableDefinition};

use crate::id::{Seq, TimeMs};
use crate::limits::{DEFAULT_LATENESS_MS, LOG_CACHE_BYTES};

pub use open::OpenError;

/// Name of the file in the data directory.
pub const FILE_NAME: &str = "log.redb";
/// The format this version writes and reads. Before 2 entries carried the names of shoppers.
pub const FORMAT: u64 = 2;

/// `format` → [`FORMAT`].
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
/// Sequence → encoded entry, see `codec`.
const ENTRIES: TableDefinition<Seq, &[u8]> = TableDefinition::new("entries");
/// Idempotency key → the newest entry that carries it.
const KEYS: TableDefinition<&str, (Seq, TimeMs)> = TableDefinition::new("keys");
/// The same in order of time.
const KEY_TIMES: TableDefinition<(TimeMs, Seq), &str> = TableDefinition::new("key_times");

/// How to open a [`RedbLog`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedbOptions {
    /// How long an idempotency key is remembered, in milliseconds.
    pub lateness_ms: TimeMs,
    /// Page cache, in bytes.
    pub cache_bytes: usize,
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self { lateness_ms: DEFAULT_LATENESS_MS, cache_bytes: LOG_CACHE_BYTES }
    }
}

/// The durable log. The file is locked while it lives and closed when it is dropped; its readers then answer
/// [`ReadError::Closed`](crate::log::ReadError::Closed).
pub struct RedbLog {
    database: Arc<Store>,
    last: Last,
    lateness_ms: TimeMs,
}

/// Sequence and time of the newest durable entry, shared with readers.
#[derive(Clone)]
struct Last(Arc<Mutex<(Seq, TimeMs)>>);

impl Last {
    fn new(last: (Seq, TimeMs)) -> Self {
        Self(Arc::new(Mutex::new(last)))
    }

    fn get(&self) -> (Seq, TimeMs) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, last: (Seq, TimeMs)) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }
}

/// Runs `work` on the storage; a panic inside it becomes an error. redb trusts a file that was closed properly, and
/// some bit flips in such a file make it panic; checking the whole file at every start would cost too much.
fn contained<T, E>(work: impl FnOnce() -> Result<T, E>, storage: impl FnOnce(redb::Error) -> E) -> Result<T, E> {
    // Unwind safe: what the panic may have left half done is redb's, whose locks are poisoned then, and every
    // later use ends here again.
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(storage(redb::Error::Corrupted("the file contradicts itself".into()))))
}

/// The open file; closing it is contained like all other work on it.
struct Store(Option<Database>);

impl Deref for Store {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.0.as_ref().expect("the database is taken out only by drop")
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(database) = self.0.take()
            && let Err(error) = contained(|| database.close().map_err(redb::Error::from), |error| error)
        {
            // Nothing acknowledged is lost: the next start repairs the file.
            tracing::warn!(%error, "the log file was not closed properly");
        }
    }
}
