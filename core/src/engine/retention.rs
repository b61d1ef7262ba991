//! How long is history kept?
//!
//! For as long as somebody may want to replay it, and at least back to the oldest snapshot file that a start may
//! fall back to. The fold asks for a cut after it has written a snapshot file; the log's writer makes it, in
//! slices, because only it writes, and nobody waits for it. What is cut can no longer be replayed, looked at or
//! exported; the state that came of it stays.

use std::path::Path;

use crossbeam_channel::Sender;
use tracing::{info, warn};

use crate::id::{Seq, TimeMs};
use crate::limits::CHECKPOINTS_KEPT;
use crate::log::checkpoint;
use crate::log::{LogReader, ReadError};

/// Cuts the log behind snapshot files.
pub struct Retention {
    /// How long entries are kept, in milliseconds of log time; above 0.
    pub keep_ms: TimeMs,
    /// The log.
    pub log: LogReader,
    /// The log's writer.
    pub cuts: Sender<Seq>,
}

impl Retention {
    /// Asks for what may go at `now_ms`, when `dir` has every snapshot file that a start may want.
    pub fn after_checkpoint(&self, dir: &Path, now_ms: TimeMs) {
        let files = match checkpoint::list(dir) {
            Ok(files) => files,
            Err(error) => return warn!(%error, "the log is not cut"),
        };
        // One file alone may turn out damaged, and then only the log leads to the state.
        let Some((covered, _)) = files.get(CHECKPOINTS_KEPT - 1) else { return };
        match first_since(&self.log, now_ms.saturating_sub(self.keep_ms)) {
            Ok((first, since)) => {
                let before = since.min(*covered);
                if before > first {
                    info!(before, "entries are forgotten");
                    // The writer may have ended; the next run cuts then.
                    let _ = self.cuts.send(before);
                }
            }
            Err(error) => warn!(%error, "the log is not cut"),
        }
    }
}

/// The oldest entry, and the oldest one that is not older than `since_ms` (the newest, when all are).
fn first_since(log: &LogReader, since_ms: TimeMs) -> Result<(Seq, Seq), ReadError> {
    let first = log.first()?;
    let (mut low, mut high) = (first, log.last().0);
    while low < high {
        let middle = low + (high - low) / 2;
        let is_older = log.read(middle, 1)?.first().is_some_and(|entry| entry.time_ms < since_ms);
        (low, high) = if is_older { (middle + 1, high) } else { (low, middle) };
    }
    Ok((first, low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::entry::{Body, Entry};
    use crate::log::{Log, MemoryLog};

    /// Entries 1 to 9, one a second.
    fn entries() -> Vec<Entry> {
        let entry = |seq: Seq| Entry {
            seq,
            time_ms: seq as TimeMs * 1_000,
            actor: String::new(),
            idempotency_key: None,
            body: Body::Tick,
        };
        (1..=9).map(entry).collect()
    }

    #[test]
    fn the_first_entry_of_a_time_is_found() {
        let mut log = MemoryLog::default();
        let check =
            |log: &MemoryLog, since_ms, expected| assert_eq!(first_since(&log.reader(), since_ms).unwrap(), expected);
        check(&log, 0, (1, 1));
        log.append(&entries()).unwrap();
        for (since_ms, seq) in [(0, 1), (1_000, 1), (1_001, 2), (5_000, 5), (9_000, 9), (99_000, 9)] {
            check(&log, since_ms, (1, seq));
        }
        log.cut_before(4).unwrap();
        check(&log, 0, (4, 4));
        check(&log, 6_500, (4, 7));
    }

    #[test]
    fn nothing_is_cut_before_there_is_a_file_to_fall_back_to() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = MemoryLog::default();
        log.append(&entries()).unwrap();
        let (cuts, asked) = crossbeam_channel::unbounded();
        let retention = Retention { keep_ms: 2_000, log: log.reader(), cuts };
        let after = |seq| {
            checkpoint::write(dir.path(), seq, &[("meta", vec![])]).unwrap();
            retention.after_checkpoint(dir.path(), 9_000);
            asked.try_recv().ok()
        };
        assert_eq!(after(3), None);
        assert_eq!(after(5), Some(3), "not behind the oldest file");
        assert_eq!(after(8), Some(5));
        assert_eq!(after(9), Some(7), "not what is within the time");
    }
}
