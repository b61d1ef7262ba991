//! How does an entry become durable, and how does history end?
//!
//! One append is one redb transaction with one sync: entries, their idempotency keys, and a bounded number of
//! expired keys going out, so that forgetting never falls behind and never stalls a write.

use std::sync::Arc;

use redb::ReadableTable;

use super::read::DiskReader;
use super::{ENTRIES, KEY_TIMES, KEYS, RedbLog, contained};
use crate::id::{Seq, TimeMs};
use crate::limits::KEYS_FORGOTTEN_MAX;
use crate::log::entry::Entry;
use crate::log::{AppendError, Log, LogReader, check_order, codec};

impl Log for RedbLog {
    fn append(&mut self, entries: &[Entry]) -> Result<(), AppendError> {
        check_order(self.last.get(), entries)?;
        let Some(newest) = entries.last() else { return Ok(()) };
        // Whatever the caller did wrong is found before the file is touched.
        let encoded = entries.iter().map(codec::encode).collect::<Result<Vec<_>, _>>()?;
        let oldest_ms = newest.time_ms.saturating_sub(self.lateness_ms);
        contained(|| self.commit(entries, &encoded, oldest_ms), |error| error)
            .map_err(|error| AppendError::Storage(Box::new(error)))?;
        self.last.set((newest.seq, newest.time_ms));
        Ok(())
    }

    fn cut_before(&mut self, seq: Seq) -> Result<(), AppendError> {
        let keep_from = seq.min(self.last.get().0);
        contained(|| self.remove_before(keep_from), |error| error)
            .map_err(|error| AppendError::Storage(Box::new(error)))
    }

    fn reader(&self) -> LogReader {
        LogReader::new(Arc::new(DiskReader {
            database: Arc::downgrade(&self.database),
            last: self.last.clone(),
            lateness_ms: self.lateness_ms,
        }))
    }
}

impl RedbLog {
    fn commit(&self, entries: &[Entry], encoded: &[Vec<u8>], oldest_ms: TimeMs) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(ENTRIES)?;
            let mut keys = transaction.open_table(KEYS)?;
            let mut key_times = transaction.open_table(KEY_TIMES)?;
            for (entry, bytes) in entries.iter().zip(encoded) {
                table.insert(entry.seq, bytes.as_slice())?;
                if let Some(key) = &entry.idempotency_key {
                    keys.insert(key.as_str(), (entry.seq, entry.time_ms))?;
                    key_times.insert((entry.time_ms, entry.seq), key.as_str())?;
                }
            }
            for _ in 0..entries.len() + KEYS_FORGOTTEN_MAX {
                let Some((seq, key)) = pop_expired(&mut key_times, oldest_ms)? else { break };
                // The key may have been used again since.
                let same = keys.get(key.as_str())?.is_some_and(|found| found.value().0 == seq);
                if same {
                    keys.remove(key.as_str())?;
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn remove_before(&self, keep_from: Seq) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(ENTRIES)?.retain_in(..keep_from, |_, _| false)?;
        transaction.commit()?;
        Ok(())
    }
}

/// Takes the oldest key out of `key_times` if it is older than `oldest_ms`.
fn pop_expired(
    key_times: &mut redb::Table<(TimeMs, Seq), &str>,
    oldest_ms: TimeMs,
) -> Result<Option<(Seq, String)>, redb::Error> {
    let (time_ms, seq) = match key_times.first()? {
        Some((at, _)) => at.value(),
        None => return Ok(None),
    };
    if time_ms >= oldest_ms {
        return Ok(None);
    }
    let key = key_times.remove((time_ms, seq))?.map(|key| key.value().to_owned());
    Ok(key.map(|key| (seq, key)))
}
