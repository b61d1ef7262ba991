//! Where does the log live when nothing has to survive?
//!
//! In memory, for tests and throw-away shops. Entries are kept encoded, so that it refuses and returns exactly
//! what the log on disk would. Clones share one log, which stands in for closing and opening it again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use crate::id::{Seq, TimeMs};
use crate::limits::{DEFAULT_LATENESS_MS, LOG_READ_BYTES_MAX};
use crate::log::entry::Entry;
use crate::log::{AppendError, Log, LogRead, LogReader, ReadError, check_order, codec};

/// A log that ends with the process.
#[derive(Clone)]
pub struct MemoryLog {
    state: Arc<RwLock<State>>,
}

struct State {
    lateness_ms: TimeMs,
    /// Sequence of the front of `entries`.
    first: Seq,
    entries: VecDeque<Vec<u8>>,
    last: (Seq, TimeMs),
    keys: HashMap<String, (Seq, TimeMs)>,
    /// Keys in order of time, the oldest in front.
    key_times: VecDeque<(TimeMs, Seq, String)>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new(DEFAULT_LATENESS_MS)
    }
}

impl MemoryLog {
    /// An empty log that remembers idempotency keys for `lateness_ms`.
    pub fn new(lateness_ms: TimeMs) -> Self {
        Self {
            state: Arc::new(RwLock::new(State {
                lateness_ms,
                first: 1,
                entries: VecDeque::new(),
                last: (0, 0),
                keys: HashMap::new(),
                key_times: VecDeque::new(),
            })),
        }
    }
}

impl Log for MemoryLog {
    fn append(&mut self, entries: &[Entry]) -> Result<(), AppendError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        check_order(state.last, entries)?;
        let encoded = entries.iter().map(codec::encode).collect::<Result<Vec<_>, _>>()?;
        state.entries.extend(encoded);
        for entry in entries {
            let at = (entry.seq, entry.time_ms);
            state.last = at;
            if let Some(key) = &entry.idempotency_key {
                state.keys.insert(key.clone(), at);
                state.key_times.push_back((entry.time_ms, entry.seq, key.clone()));
            }
        }
        state.forget_keys();
        Ok(())
    }

    fn cut_before(&mut self, seq: Seq) -> Result<(), AppendError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        while state.first < seq.min(state.last.0) {
            state.entries.pop_front();
            state.first += 1;
        }
        Ok(())
    }

    fn reader(&self) -> LogReader {
        LogReader::new(Arc::new(self.clone()))
    }
}

impl State {
    fn forget_keys(&mut self) {
        let oldest_ms = self.last.1.saturating_sub(self.lateness_ms);
        while self.key_times.front().is_some_and(|(time_ms, _, _)| *time_ms < oldest_ms) {
            let Some((_, seq, key)) = self.key_times.pop_front() else { return };
            // The key may have been used again since.
            if self.keys.get(&key).is_some_and(|found| found.0 == seq) {
                self.keys.remove(&key);
            }
        }
    }
}

impl LogRead for MemoryLog {
    fn last(&self) -> (Seq, TimeMs) {
        self.state.read().unwrap_or_else(PoisonError::into_inner).last
    }

    fn first(&self) -> Result<Seq, ReadError> {
        Ok(self.state.read().unwrap_or_else(PoisonError::into_inner).first)
    }

    fn read(&self, from: Seq, entries_max: usize) -> Result<Vec<Entry>, ReadError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let from = from.max(1);
        if from < state.first {
            return Err(ReadError::Cut { from, first: state.first });
        }
        let skip = usize::try_from(from - state.first).unwrap_or(usize::MAX);
        let mut bytes_total = 0;
        let mut entries = Vec::new();
        for (bytes, seq) in state.entries.iter().skip(skip).zip(from..).take(entries_max) {
            bytes_total += bytes.len();
            if bytes_total > LOG_READ_BYTES_MAX && !entries.is_empty() {
                break;
            }
            entries.push(codec::decode(seq, bytes)?);
        }
        Ok(entries)
    }

    fn find_key(&self, key: &str, now_ms: TimeMs) -> Result<Option<(Seq, TimeMs)>, ReadError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let oldest_ms = now_ms.saturating_sub(state.lateness_ms);
        Ok(state.keys.get(key).copied().filter(|(_, time_ms)| *time_ms >= oldest_ms))
    }
}
