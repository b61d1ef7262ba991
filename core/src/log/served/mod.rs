//! What was answered?
//!
//! Served records lie beside the log, not in it: they are joined to later events by request id, and losing some
//! costs a little learning, never an answer. So the way in is a bounded queue that drops, one thread writes, and
//! a request never waits for a disk. Recent records are found in memory; the files are for those who learn from
//! them in the background. Nothing that replay must reproduce may be folded from here.

mod file;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use serde::{Deserialize, Serialize};

use crate::id::{ItemId, TimeMs};
use crate::limits::{DEFAULT_SERVED_FILE_BYTES, DEFAULT_SERVED_FILES, DEFAULT_SERVED_QUEUE, DEFAULT_SERVED_RECENT};

pub use file::{ServedFile, list, read};

/// One answer, as far as anybody wants to learn from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServedRecord {
    /// Id of the request, the key that events answer to.
    pub request_id: String,
    /// Time the request was answered for.
    pub time_ms: TimeMs,
    /// What kind of list.
    pub kind: ServedKind,
    /// The query, the category path or the unit's id.
    pub subject: String,
    /// Store view code.
    pub store_view: String,
    /// Key of the visitor's pseudonym; `None` without consent and before the visitor's first event.
    pub visitor: Option<u64>,
    /// Names of the columns: what was added up, then what a learned scorer reads besides; at most
    /// [`SERVED_COLUMNS_MAX`](crate::limits::SERVED_COLUMNS_MAX).
    pub columns: Vec<String>,
    /// What was shown, in order.
    pub items: Vec<ServedItem>,
    /// Experiment and arm.
    pub arms: Vec<(String, String)>,
}

/// Kind of a served list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ServedKind {
    /// Search results.
    Search,
    /// A category page.
    Category,
    /// A recommendation unit.
    Unit,
}

/// One item that was shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServedItem {
    /// Which; ids are stable over the life of a log.
    pub item: ItemId,
    /// Zero-based position in the whole list.
    pub position: u32,
    /// Its score.
    pub score: f64,
    /// One value per column of the record; NaN where it is missing.
    pub values: Vec<f32>,
}

/// How much of the served records is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedConfig {
    /// Directory of the files; `None` keeps only the recent records, in memory.
    pub dir: Option<PathBuf>,
    /// Records that may wait for the disk before new ones are dropped from the files, at least 1.
    pub queue: usize,
    /// Records that can be found by request id.
    pub recent: usize,
    /// Size at which a file is closed, in bytes.
    pub file_bytes: u64,
    /// Files kept, at least 1; the oldest goes first.
    pub files: usize,
}

impl Default for ServedConfig {
    fn default() -> Self {
        Self {
            dir: None,
            queue: DEFAULT_SERVED_QUEUE,
            recent: DEFAULT_SERVED_RECENT,
            file_bytes: DEFAULT_SERVED_FILE_BYTES,
            files: DEFAULT_SERVED_FILES,
        }
    }
}

/// The side journal; shared by reference among threads. Dropping it writes what waits.
pub struct ServedJournal {
    recent: Mutex<Recent>,
    /// `None` without files.
    disk: Option<Disk>,
    dir: Option<PathBuf>,
}

struct Disk {
    /// `None` while it is being dropped.
    queue: Option<Sender<Message>>,
    dropped: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

enum Message {
    Record(Arc<ServedRecord>),
    Flush(Sender<()>),
}

impl ServedJournal {
    /// Opens the journal; records of earlier runs stay in their files and count towards the bound.
    ///
    /// # Errors
    /// When the directory cannot be made or listed, or no thread can be started.
    pub fn start(config: &ServedConfig) -> io::Result<Self> {
        let recent = Mutex::new(Recent { limit: config.recent, order: VecDeque::new(), by_id: HashMap::new() });
        let Some(dir) = &config.dir else { return Ok(Self { recent, disk: None, dir: None }) };
        let files = file::Files::open(dir, config.file_bytes, config.files.max(1))?;
        let (queue, messages) = bounded(config.queue.max(1));
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = dropped.clone();
        let thread = std::thread::Builder::new()
            .name("served-journal".into())
            .spawn(move || write_all(&messages, files, &counter))?;
        let disk = Disk { queue: Some(queue), dropped, thread: Some(thread) };
        Ok(Self { recent, disk: Some(disk), dir: Some(dir.clone()) })
    }

    /// Remembers `record`. Never waits for the disk: when it lags, the record is only kept in memory and counted
    /// as dropped.
    pub fn record(&self, record: ServedRecord) {
        let record = Arc::new(record);
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).insert(record.clone());
        if let Some(Disk { queue: Some(queue), dropped, .. }) = &self.disk
            && queue.try_send(Message::Record(record)).is_err()
        {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The newest record of that request, while it is recent.
    pub fn find(&self, request_id: &str) -> Option<Arc<ServedRecord>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).by_id.get(request_id).cloned()
    }

    /// Hands over every record that is kept, oldest first: those in the files, or the recent ones where there are no
    /// files. Returns what could not be read, in words.
    ///
    /// # Errors
    /// When the directory or a file cannot be read at all.
    pub fn each(&self, take: &mut dyn FnMut(&ServedRecord)) -> io::Result<Vec<String>> {
        let Some(dir) = &self.dir else {
            let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner).order.clone();
            recent.iter().for_each(|record| take(record));
            return Ok(Vec::new());
        };
        self.flush();
        let mut damaged = Vec::new();
        for path in list(dir)? {
            let file = read(&path)?;
            file.records.iter().for_each(&mut *take);
            damaged.extend(file.damaged.map(|reason| format!("{}: {reason}", path.display())));
        }
        Ok(damaged)
    }

    /// Records that did not reach a file, since the start.
    pub fn dropped(&self) -> u64 {
        self.disk.as_ref().map_or(0, |disk| disk.dropped.load(Ordering::Relaxed))
    }

    /// Waits until what was recorded before is in the files (handed to the system, not synced).
    pub fn flush(&self) {
        if let Some(Disk { queue: Some(queue), .. }) = &self.disk {
            let (done, wait) = bounded(1);
            if queue.send(Message::Flush(done)).is_ok() {
                // Disconnected when the thread ended: nothing is left to wait for.
                let _ = wait.recv();
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.queue = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the served journal panicked");
        }
    }
}

/// The thread: writes until the queue is disconnected, and flushes whenever it is empty.
fn write_all(messages: &Receiver<Message>, mut files: file::Files, dropped: &AtomicU64) {
    while let Ok(message) = messages.recv() {
        match message {
            Message::Record(record) => {
                if let Err(error) = files.append(&record) {
                    dropped.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(%error, "a served record was not written");
                }
                if messages.is_empty() {
                    files.flush();
                }
            }
            Message::Flush(done) => {
                files.flush();
                let _ = done.send(());
            }
        }
    }
    files.flush();
}

/// A ring with an index.
struct Recent {
    limit: usize,
    order: VecDeque<Arc<ServedRecord>>,
    by_id: HashMap<String, Arc<ServedRecord>>,
}

impl Recent {
    fn insert(&mut self, record: Arc<ServedRecord>) {
        self.by_id.insert(record.request_id.clone(), record.clone());
        self.order.push_back(record);
        while self.order.len() > self.limit {
            let Some(oldest) = self.order.pop_front() else { return };
            // The id may have been answered again since.
            if self.by_id.get(&oldest.request_id).is_some_and(|found| Arc::ptr_eq(found, &oldest)) {
                self.by_id.remove(&oldest.request_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: u64) -> ServedRecord {
        let item = |i: u32| ServedItem { item: ItemId(i), position: i, score: 0.5, values: vec![0.25, 0.25] };
        ServedRecord {
            request_id: format!("request-{n}"),
            time_ms: n as TimeMs,
            kind: ServedKind::Search,
            subject: "hoodie".into(),
            store_view: "default".into(),
            visitor: Some(u64::MAX - n),
            columns: vec!["kernel/text".into(), "live/popular".into()],
            items: (0..3).map(item).collect(),
            arms: vec![("ranking".into(), "b".into())],
        }
    }

    fn config(dir: &tempfile::TempDir) -> ServedConfig {
        ServedConfig { dir: Some(dir.path().join("served")), ..ServedConfig::default() }
    }

    fn read_all(config: &ServedConfig) -> Vec<ServedRecord> {
        let files = list(config.dir.as_ref().unwrap()).unwrap();
        files.iter().flat_map(|path| read(path).unwrap().records).collect()
    }

    #[test]
    fn recent_records_are_found_and_old_ones_forgotten() {
        let journal = ServedJournal::start(&ServedConfig { recent: 3, ..ServedConfig::default() }).unwrap();
        (0..5).for_each(|n| journal.record(record(n)));
        assert_eq!(journal.find("request-1"), None);
        assert_eq!(journal.find("request-2").as_deref(), Some(&record(2)));
        // The same id again: the newest answer counts, also after the first one left the ring.
        let again = ServedRecord { subject: "again".into(), ..record(2) };
        journal.record(again.clone());
        journal.record(record(6));
        assert_eq!(journal.find("request-2").as_deref(), Some(&again));
        assert_eq!(journal.dropped(), 0);
    }

    #[test]
    fn files_hold_the_records_in_order_across_runs() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(&dir);
        for run in 0..3 {
            let journal = ServedJournal::start(&config).unwrap();
            (0..10).for_each(|n| journal.record(record(run * 10 + n)));
            assert_eq!(journal.dropped(), 0);
        }
        assert_eq!(read_all(&config), (0..30).map(record).collect::<Vec<_>>());
        let journal = ServedJournal::start(&config).unwrap();
        journal.record(record(30));
        let mut seen = Vec::new();
        assert_eq!(journal.each(&mut |record| seen.push(record.clone())).unwrap(), [""; 0]);
        assert_eq!(seen, (0..31).map(record).collect::<Vec<_>>());
    }

    #[test]
    fn files_are_bounded_in_size_and_number() {
        let dir = tempfile::tempdir().unwrap();
        let config = ServedConfig { file_bytes: 2_000, files: 3, ..config(&dir) };
        let journal = ServedJournal::start(&config).unwrap();
        (0..100).for_each(|n| journal.record(record(n)));
        journal.flush();
        let files = list(config.dir.as_ref().unwrap()).unwrap();
        assert_eq!(files.len(), 3);
        for file in &files {
            assert!(std::fs::metadata(file).unwrap().len() <= 2_000, "{}", file.display());
        }
        let kept = read_all(&config);
        assert!(kept.len() > 5);
        assert_eq!(kept, (100 - kept.len() as u64..100).map(record).collect::<Vec<_>>());
    }

    #[test]
    fn a_lagging_disk_drops_and_counts_but_never_blocks() {
        // A journal whose thread takes nothing at all.
        let (queue, _messages) = bounded(2);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut journal = ServedJournal::start(&ServedConfig::default()).unwrap();
        journal.disk = Some(Disk { queue: Some(queue), dropped, thread: None });
        (0..7).for_each(|n| journal.record(record(n)));
        assert_eq!(journal.dropped(), 5);
        assert_eq!(journal.find("request-6").as_deref(), Some(&record(6)));
    }

    #[test]
    fn a_torn_tail_ends_the_file_and_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(&dir);
        let journal = ServedJournal::start(&config).unwrap();
        (0..4).for_each(|n| journal.record(record(n)));
        drop(journal);
        let path = list(config.dir.as_ref().unwrap()).unwrap().remove(0);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let file = read(&path).unwrap();
            let n = file.records.len() as u64;
            assert!(n < 4);
            assert_eq!(file.records, (0..n).map(record).collect::<Vec<_>>());
        }
        let mut flipped = whole.clone();
        *flipped.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &flipped).unwrap();
        let file = read(&path).unwrap();
        assert_eq!(file.records.len(), 3);
        assert_eq!(file.damaged.unwrap(), "record 3: the checksum does not match");
    }
}
