//! What was answered?
//!
//! Served records lie beside the log, not in it: they are joined to later events by request id, and losing some
//! costs a little learning, never an answer. So the way in is a bounded queue that drops, one thread writes, and
//! a request never waits for a disk. A record is written as bytes where it is made, from borrowed parts, and these bytes
//! are what is kept and what goes to the file; the thread takes many at a time, so that not every request wakes it.
//! Recent records are found in memory; the files are for those who learn from them in the background. Nothing that
//! replay must reproduce may be folded from here.

mod file;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

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

/// How long records may wait for others to be written with them.
const LINGER: Duration = Duration::from_millis(20);

/// A [`ServedRecord`] in the making: the same, borrowed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Served<'a> {
    /// As in the record.
    pub request_id: &'a str,
    /// As in the record.
    pub time_ms: TimeMs,
    /// As in the record.
    pub kind: ServedKind,
    /// As in the record.
    pub subject: &'a str,
    /// As in the record.
    pub store_view: &'a str,
    /// As in the record.
    pub visitor: Option<u64>,
    /// As in the record.
    pub columns: &'a [String],
    /// As in the record.
    pub items: Vec<Shown<'a>>,
    /// As in the record.
    pub arms: &'a [(String, String)],
}

/// A [`ServedItem`], borrowed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown<'a> {
    /// As in the record.
    pub item: ItemId,
    /// As in the record.
    pub position: u32,
    /// As in the record.
    pub score: f64,
    /// As in the record.
    pub values: &'a [f32],
}

/// A record as it stands in a file, without its frame.
type Payload = Arc<[u8]>;

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
    /// The thread, to be woken while it lingers.
    writer: Option<Thread>,
}

enum Message {
    Record(Payload),
    Flush(Sender<()>),
}

impl ServedJournal {
    /// Opens the journal; records of earlier runs stay in their files and count towards the bound.
    ///
    /// # Errors
    /// When the directory cannot be made or listed, or no thread can be started.
    pub fn start(config: &ServedConfig) -> io::Result<Self> {
        let recent = Mutex::new(Recent { limit: config.recent, order: VecDeque::new(), by_id: BTreeMap::new() });
        let Some(dir) = &config.dir else { return Ok(Self { recent, disk: None, dir: None }) };
        let files = file::Files::open(dir, config.file_bytes, config.files.max(1))?;
        let (queue, messages) = bounded(config.queue.max(1));
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = dropped.clone();
        let thread = std::thread::Builder::new()
            .name("served-journal".into())
            .spawn(move || write_all(&messages, files, &counter))?;
        let writer = Some(thread.thread().clone());
        let disk = Disk { queue: Some(queue), dropped, thread: Some(thread), writer };
        Ok(Self { recent, disk: Some(disk), dir: Some(dir.clone()) })
    }

    /// Remembers `record`. Never waits for the disk: when it lags, the record is only kept in memory and counted
    /// as dropped.
    pub fn record(&self, record: &Served<'_>) {
        let payload: Payload = match file::payload(record) {
            Ok(payload) => payload.into(),
            Err(error) => {
                tracing::warn!(%error, "a served record was not written");
                return self.disk.iter().for_each(Disk::drop_one);
            }
        };
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).insert(record.request_id, payload.clone());
        self.disk.iter().for_each(|disk| disk.hand_over(payload.clone()));
    }

    /// The newest record of that request, while it is recent.
    pub fn find(&self, request_id: &str) -> Option<ServedRecord> {
        let payload = self.recent.lock().unwrap_or_else(PoisonError::into_inner).by_id.get(request_id).cloned();
        file::record(&payload?).ok()
    }

    /// Hands over every record that is kept, oldest first: those in the files, or the recent ones where there are no
    /// files. Returns what could not be read, in words.
    ///
    /// # Errors
    /// When the directory or a file cannot be read at all.
    pub fn each(&self, take: &mut dyn FnMut(&ServedRecord)) -> io::Result<Vec<String>> {
        let Some(dir) = &self.dir else {
            let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner).order.clone();
            let mut damaged = Vec::new();
            for (_, payload) in &recent {
                match file::record(payload) {
                    Ok(record) => take(&record),
                    Err(reason) => damaged.push(reason),
                }
            }
            return Ok(damaged);
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
        if let Some(disk @ Disk { queue: Some(queue), .. }) = &self.disk {
            let (done, wait) = bounded(1);
            if queue.send(Message::Flush(done)).is_ok() {
                disk.wake();
                // Disconnected when the thread ended: nothing is left to wait for.
                let _ = wait.recv();
            }
        }
    }
}

impl Disk {
    fn hand_over(&self, payload: Payload) {
        let Some(queue) = &self.queue else { return };
        if queue.try_send(Message::Record(payload)).is_err() {
            self.drop_one();
        }
        // Whoever makes the queue half full does not wait for the others.
        if queue.capacity().is_some_and(|most| queue.len() >= most.div_ceil(2)) {
            self.wake();
        }
    }

    fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    fn wake(&self) {
        self.writer.iter().for_each(Thread::unpark);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.queue = None;
        self.wake();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the served journal panicked");
        }
    }
}

/// The thread: writes until the queue is disconnected, and flushes whenever it is empty.
fn write_all(messages: &Receiver<Message>, mut files: file::Files, dropped: &AtomicU64) {
    let mut flushed: Vec<Sender<()>> = Vec::new();
    while let Ok(first) = messages.recv() {
        if matches!(first, Message::Record(_)) && messages.len() * 2 < messages.capacity().unwrap_or(usize::MAX) {
            std::thread::park_timeout(LINGER);
        }
        // No more than may wait, so that whoever waits for a flush is answered though requests keep coming.
        let others = messages.try_iter().take(messages.capacity().unwrap_or(usize::MAX));
        for message in std::iter::once(first).chain(others) {
            match message {
                Message::Record(payload) => {
                    if let Err(error) = files.append(&payload) {
                        dropped.fetch_add(1, Ordering::Relaxed);
                        tracing::warn!(%error, "a served record was not written");
                    }
                }
                Message::Flush(done) => flushed.push(done),
            }
        }
        files.flush();
        for done in flushed.drain(..) {
            // Whoever asked may have given up.
            let _ = done.send(());
        }
    }
    files.flush();
}

/// A ring with an index.
struct Recent {
    limit: usize,
    order: VecDeque<(Arc<str>, Payload)>,
    /// No hash table: one that fills up is hashed anew as a whole, and every request would wait for that.
    by_id: BTreeMap<Arc<str>, Payload>,
}

impl Recent {
    fn insert(&mut self, request_id: &str, payload: Payload) {
        let id: Arc<str> = request_id.into();
        self.by_id.insert(id.clone(), payload.clone());
        self.order.push_back((id, payload));
        while self.order.len() > self.limit {
            let Some((id, oldest)) = self.order.pop_front() else { return };
            // The id may have been answered again since.
            if self.by_id.get(&id).is_some_and(|found| Arc::ptr_eq(found, &oldest)) {
                self.by_id.remove(&id);
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

    fn borrowed<'r>(record: &'r ServedRecord) -> Served<'r> {
        let shown =
            |of: &'r ServedItem| Shown { item: of.item, position: of.position, score: of.score, values: &of.values };
        Served {
            request_id: &record.request_id,
            time_ms: record.time_ms,
            kind: record.kind,
            subject: &record.subject,
            store_view: &record.store_view,
            visitor: record.visitor,
            columns: &record.columns,
            items: record.items.iter().map(shown).collect(),
            arms: &record.arms,
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
        (0..5).for_each(|n| journal.record(&borrowed(&record(n))));
        assert_eq!(journal.find("request-1"), None);
        assert_eq!(journal.find("request-2"), Some(record(2)));
        // The same id again: the newest answer counts, also after the first one left the ring.
        let again = ServedRecord { subject: "again".into(), ..record(2) };
        journal.record(&borrowed(&again));
        journal.record(&borrowed(&record(6)));
        assert_eq!(journal.find("request-2"), Some(again));
        assert_eq!(journal.dropped(), 0);
    }

    #[test]
    fn what_is_written_from_borrowed_parts_reads_the_same() {
        let record = record(3);
        let written = file::payload(&borrowed(&record)).unwrap();
        assert_eq!(written, rmp_serde::to_vec_named(&record).unwrap());
        assert_eq!(file::record(&written).unwrap(), record);
    }

    #[test]
    fn files_hold_the_records_in_order_across_runs() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(&dir);
        for run in 0..3 {
            let journal = ServedJournal::start(&config).unwrap();
            (0..10).for_each(|n| journal.record(&borrowed(&record(run * 10 + n))));
            assert_eq!(journal.dropped(), 0);
        }
        assert_eq!(read_all(&config), (0..30).map(record).collect::<Vec<_>>());
        let journal = ServedJournal::start(&config).unwrap();
        journal.record(&borrowed(&record(30)));
        let mut seen = Vec::new();
        assert_eq!(journal.each(&mut |record| seen.push(record.clone())).unwrap(), [""; 0]);
        assert_eq!(seen, (0..31).map(record).collect::<Vec<_>>());
    }

    #[test]
    fn files_are_bounded_in_size_and_number() {
        let dir = tempfile::tempdir().unwrap();
        let config = ServedConfig { file_bytes: 2_000, files: 3, ..config(&dir) };
        let journal = ServedJournal::start(&config).unwrap();
        (0..100).for_each(|n| journal.record(&borrowed(&record(n))));
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
        journal.disk = Some(Disk { queue: Some(queue), dropped, thread: None, writer: None });
        (0..7).for_each(|n| journal.record(&borrowed(&record(n))));
        assert_eq!(journal.dropped(), 5);
        assert_eq!(journal.find("request-6"), Some(record(6)));
    }

    #[test]
    fn a_torn_tail_ends_the_file_and_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(&dir);
        let journal = ServedJournal::start(&config).unwrap();
        (0..4).for_each(|n| journal.record(&borrowed(&record(n))));
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
