//! How is the log file opened, and what is refused?

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend, TableError};

use super::{ENTRIES, FILE_NAME, FORMAT, KEY_TIMES, KEYS, Last, META, RedbLog, RedbOptions, Store, contained};
use crate::id::{Seq, TimeMs};
use crate::log::codec;

/// Why the log was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The caller's fault: another process (or another part of this one) has it open.
    #[error("log file `{}` is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The caller's fault: written by a newer version.
    #[error("the log has format {got}, expected at most {expected}; start a newer version of planogram")]
    NewerFormat {
        /// The newest format this version reads.
        expected: u64,
        /// The one found.
        got: u64,
    },
    /// The caller's fault: written by a version that kept names in the log.
    #[error(
        "the log has format {got}, expected {expected}: it holds names of shoppers in the clear; import the shop again"
    )]
    OlderFormat {
        /// The format this version reads.
        expected: u64,
        /// The one found.
        got: u64,
    },
    /// The file is a database of something else.
    #[error("the file is a database without a log in it")]
    Foreign,
    /// Ours: the newest entry is not what was written.
    #[error("the newest entry of the log is damaged")]
    Damaged(#[source] crate::log::ReadError),
    /// The data directory could not be made or read.
    #[error("data directory `{}` cannot be used", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Ours: the disk failed, or the file is not a log file.
    #[error("the log file could not be opened")]
    Storage(#[source] Box<redb::Error>),
}

fn storage(error: impl Into<redb::Error>) -> OpenError {
    OpenError::Storage(Box::new(error.into()))
}

impl RedbLog {
    /// Opens the log in `data_dir`, making directory and file when they are not there. After a crash the file
    /// is repaired first, which reads all of it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(data_dir: &Path, options: &RedbOptions) -> Result<Self, OpenError> {
        let directory = |source| OpenError::Directory { path: data_dir.to_owned(), source };
        fs::create_dir_all(data_dir).map_err(directory)?;
        let path = data_dir.join(FILE_NAME);
        let create = || Builder::new().set_cache_size(options.cache_bytes).create(&path);
        let log = contained(
            || {
                let database = create().map_err(|error| match error {
                    DatabaseError::DatabaseAlreadyOpen => OpenError::InUse { path: path.clone() },
                    other => storage(other),
                })?;
                Self::from_store(Store(Some(database)), options)
            },
            storage,
        )?;
        // The file's name must be as durable as its content.
        File::open(data_dir).and_then(|dir| dir.sync_all()).map_err(directory)?;
        Ok(log)
    }

    /// Opens a log on any storage, such as one that fails on purpose.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_on(backend: impl StorageBackend, options: &RedbOptions) -> Result<Self, OpenError> {
        let create = || Builder::new().set_cache_size(options.cache_bytes).create_with_backend(backend);
        contained(|| Self::from_store(Store(Some(create().map_err(storage)?)), options), storage)
    }

    fn from_store(database: Store, options: &RedbOptions) -> Result<Self, OpenError> {
        match format_of(&database)? {
            None => create_tables(&database)?,
            Some(got) if got < FORMAT => return Err(OpenError::OlderFormat { expected: FORMAT, got }),
            Some(got) if got > FORMAT => return Err(OpenError::NewerFormat { expected: FORMAT, got }),
            Some(_) => {}
        }
        let last = newest(&database)?;
        Ok(Self { database: Arc::new(database), last: Last::new(last), lateness_ms: options.lateness_ms })
    }
}

/// The format found; `None` of a new file.
fn format_of(database: &Database) -> Result<Option<u64>, OpenError> {
    let transaction = database.begin_read().map_err(storage)?;
    match transaction.open_table(META) {
        Ok(meta) => match meta.get("format").map_err(storage)? {
            Some(format) => Ok(Some(format.value())),
            None => Err(OpenError::Foreign),
        },
        Err(TableError::TableDoesNotExist(_)) => {
            let empty = transaction.list_tables().map_err(storage)?.next().is_none();
            if empty { Ok(None) } else { Err(OpenError::Foreign) }
        }
        Err(error) => Err(storage(error)),
    }
}

fn create_tables(database: &Database) -> Result<(), OpenError> {
    let transaction = database.begin_write().map_err(storage)?;
    {
        let mut meta = transaction.open_table(META).map_err(storage)?;
        meta.insert("format", FORMAT).map_err(storage)?;
        transaction.open_table(ENTRIES).map_err(storage)?;
        transaction.open_table(KEYS).map_err(storage)?;
        transaction.open_table(KEY_TIMES).map_err(storage)?;
    }
    transaction.commit().map_err(storage)
}

/// Sequence and time of the newest entry.
fn newest(database: &Database) -> Result<(Seq, TimeMs), OpenError> {
    let transaction = database.begin_read().map_err(storage)?;
    let entries = transaction.open_table(ENTRIES).map_err(storage)?;
    let Some((seq, bytes)) = entries.last().map_err(storage)? else { return Ok((0, 0)) };
    let entry = codec::decode(seq.value(), bytes.value()).map_err(OpenError::Damaged)?;
    Ok((entry.seq, entry.time_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::testing::{Dice, entries, entry};
    use crate::log::{Log, ReadError};

    fn open(dir: &Path) -> Result<RedbLog, OpenError> {
        RedbLog::open(dir, &RedbOptions::default())
    }

    #[test]
    fn a_newer_format_is_refused_with_both_numbers() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()).unwrap());
        let database = Database::create(dir.path().join(FILE_NAME)).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(META).unwrap().insert("format", FORMAT + 3).unwrap();
        transaction.commit().unwrap();
        drop(database);
        let error = open(dir.path()).err().unwrap();
        assert!(matches!(error, OpenError::NewerFormat { expected: FORMAT, got } if got == FORMAT + 3), "{error}");
        let database = Database::create(dir.path().join(FILE_NAME)).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(META).unwrap().insert("format", FORMAT - 1).unwrap();
        transaction.commit().unwrap();
        drop(database);
        assert!(matches!(open(dir.path()), Err(OpenError::OlderFormat { .. })));
    }

    #[test]
    fn a_log_is_open_only_once_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let log = open(dir.path()).unwrap();
        let reader = log.reader();
        assert!(matches!(open(dir.path()), Err(OpenError::InUse { .. })));
        drop(log);
        assert!(matches!(reader.read(1, 1), Err(ReadError::Closed)));
        open(dir.path()).unwrap();
    }

    #[test]
    fn a_file_that_is_no_log_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE_NAME), b"a shopping list, not a log").unwrap();
        assert!(matches!(open(dir.path()), Err(OpenError::Storage(_))));
    }

    #[test]
    fn a_database_of_something_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::create(dir.path().join(FILE_NAME)).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(redb::TableDefinition::<u64, u64>::new("cats")).unwrap().insert(1, 1).unwrap();
        transaction.commit().unwrap();
        drop(database);
        assert!(matches!(open(dir.path()), Err(OpenError::Foreign)));
    }

    #[test]
    fn a_damaged_newest_entry_is_reported_with_its_sequence() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path()).unwrap();
        log.append(&[entry(1, 10), entry(2, 20)]).unwrap();
        let transaction = log.database.begin_write().unwrap();
        transaction.open_table(ENTRIES).unwrap().insert(2, &b"rubbish that is long enough"[..]).unwrap();
        transaction.commit().unwrap();
        drop(log);
        let error = open(dir.path()).err().unwrap();
        assert!(matches!(error, OpenError::Damaged(ReadError::Damaged { seq: 2, .. })), "{error}");
    }

    #[test]
    fn a_damaged_file_is_an_error_or_harmless_but_never_a_panic() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let mut log = open(dir.path()).unwrap();
        for batch in entries(1..=1_000).chunks(50) {
            log.append(batch).unwrap();
        }
        drop(log);
        let good = fs::read(&path).unwrap();
        let mut dice = Dice(1);
        let mut refused = 0;
        for round in 0..90 {
            let mut bad = good.clone();
            match round % 3 {
                0 => bad.truncate(dice.below(good.len() as u64) as usize),
                flips => {
                    (0..flips * 32).for_each(|_| bad[dice.below(good.len() as u64) as usize] ^= 1 << dice.below(8))
                }
            }
            fs::write(&path, &bad).unwrap();
            // Whatever can be read is what was written.
            let found = open(dir.path()).map(|log| log.reader().scan(1).map_while(Result::ok).collect::<Vec<_>>());
            match found {
                Ok(found) => assert_eq!(found, entries(1..=found.len() as u64)),
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 30, "{refused}");
    }
}
