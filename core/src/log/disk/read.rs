//! How is the log read while it is written?
//!
//! Each read is a redb read transaction: it sees the newest commit and never waits for the writer.
//! The reader holds the file weakly: closing the log does not wait for whoever keeps a handle.

use std::sync::Weak;

use redb::{Database, ReadableDatabase, ReadableTable};

use super::{ENTRIES, KEYS, Last, Store, contained};
use crate::id::{Seq, TimeMs};
use crate::limits::LOG_READ_BYTES_MAX;
use crate::log::entry::Entry;
use crate::log::{LogRead, ReadError, codec};

pub(super) struct DiskReader {
    pub(super) database: Weak<Store>,
    pub(super) last: Last,
    pub(super) lateness_ms: TimeMs,
}

fn storage(error: impl Into<redb::Error>) -> ReadError {
    ReadError::Storage(Box::new(error.into()))
}

impl LogRead for DiskReader {
    fn last(&self) -> (Seq, TimeMs) {
        self.last.get()
    }

    fn first(&self) -> Result<Seq, ReadError> {
        self.with_database(first)
    }

    fn read(&self, from: Seq, entries_max: usize) -> Result<Vec<Entry>, ReadError> {
        let from = from.max(1);
        let (last, _) = self.last.get();
        let entries = self.with_database(|database| read_window(database, from, entries_max))?;
        if entries.is_empty() && from <= last && entries_max > 0 {
            return Err(ReadError::Damaged { seq: from, reason: format!("it is missing, the log ends with {last}") });
        }
        Ok(entries)
    }

    fn find_key(&self, key: &str, now_ms: TimeMs) -> Result<Option<(Seq, TimeMs)>, ReadError> {
        let oldest_ms = now_ms.saturating_sub(self.lateness_ms);
        let found = self.with_database(|database| find_key(database, key))?;
        Ok(found.filter(|(_, time_ms)| *time_ms >= oldest_ms))
    }
}

impl DiskReader {
    fn with_database<T>(&self, work: impl FnOnce(&Database) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let database = self.database.upgrade().ok_or(ReadError::Closed)?;
        contained(|| work(&database), storage)
    }
}

fn first(database: &Database) -> Result<Seq, ReadError> {
    let transaction = database.begin_read().map_err(storage)?;
    let entries = transaction.open_table(ENTRIES).map_err(storage)?;
    Ok(entries.first().map_err(storage)?.map_or(1, |(seq, _)| seq.value()))
}

fn read_window(database: &Database, from: Seq, entries_max: usize) -> Result<Vec<Entry>, ReadError> {
    let transaction = database.begin_read().map_err(storage)?;
    let table = transaction.open_table(ENTRIES).map_err(storage)?;
    let first = table.first().map_err(storage)?.map_or(1, |(seq, _)| seq.value());
    if from < first {
        return Err(ReadError::Cut { from, first });
    }
    let mut bytes_total = 0;
    let mut entries: Vec<Entry> = Vec::new();
    for row in table.range(from..).map_err(storage)?.take(entries_max) {
        let (seq, bytes) = row.map_err(storage)?;
        bytes_total += bytes.value().len();
        if bytes_total > LOG_READ_BYTES_MAX && !entries.is_empty() {
            break;
        }
        let expected = entries.last().map_or(from, |entry| entry.seq + 1);
        match decode_next(expected, seq.value(), bytes.value()) {
            Ok(entry) => entries.push(entry),
            // What was good is returned; the next window begins with the damaged one and says so.
            Err(_) if !entries.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(entries)
}

fn find_key(database: &Database, key: &str) -> Result<Option<(Seq, TimeMs)>, ReadError> {
    let transaction = database.begin_read().map_err(storage)?;
    let keys = transaction.open_table(KEYS).map_err(storage)?;
    Ok(keys.get(key).map_err(storage)?.map(|found| found.value()))
}

fn decode_next(expected: Seq, seq: Seq, bytes: &[u8]) -> Result<Entry, ReadError> {
    if seq != expected {
        return Err(ReadError::Damaged { seq: expected, reason: format!("it is missing, {seq} comes next") });
    }
    codec::decode(seq, bytes)
}

#[cfg(test)]
mod tests {
    use redb::ReadableTable;

    use super::super::{ENTRIES, RedbLog, RedbOptions};
    use crate::log::testing::entries;
    use crate::log::{Log, ReadError};

    /// A log of 5 entries after `harm` was done to its table.
    fn harmed(harm: impl FnOnce(&mut redb::Table<u64, &[u8]>)) -> (tempfile::TempDir, RedbLog) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = RedbLog::open(dir.path(), &RedbOptions::default()).unwrap();
        log.append(&entries(1..=5)).unwrap();
        let transaction = log.database.begin_write().unwrap();
        harm(&mut transaction.open_table(ENTRIES).unwrap());
        transaction.commit().unwrap();
        (dir, log)
    }

    #[test]
    fn a_damaged_entry_is_reported_and_the_ones_before_it_are_read() {
        let (_dir, log) = harmed(|table| {
            let mut bytes = table.get(3).unwrap().unwrap().value().to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            table.insert(3, bytes.as_slice()).unwrap();
        });
        assert_eq!(log.read(1, 10).unwrap(), entries(1..=2));
        assert!(matches!(log.read(3, 10), Err(ReadError::Damaged { seq: 3, .. })));
        assert_eq!(log.read(4, 10).unwrap(), entries(4..=5));
        let scanned: Vec<_> = log.reader().scan(1).collect();
        assert_eq!(scanned.len(), 3);
        assert!(matches!(scanned[2], Err(ReadError::Damaged { seq: 3, .. })));
    }

    #[test]
    fn a_missing_entry_is_reported() {
        let (_dir, log) = harmed(|table| {
            table.remove(4).unwrap();
        });
        assert_eq!(log.read(2, 10).unwrap(), entries(2..=3));
        assert!(matches!(log.read(4, 10), Err(ReadError::Damaged { seq: 4, .. })));
    }

    #[test]
    fn a_missing_end_is_not_taken_for_the_end() {
        let (_dir, log) = harmed(|table| {
            table.remove(5).unwrap();
        });
        assert_eq!(log.read(4, 10).unwrap(), entries(4..=4));
        assert!(matches!(log.read(5, 10), Err(ReadError::Damaged { seq: 5, .. })));
        assert_eq!(log.read(6, 10).unwrap(), []);
    }
}
