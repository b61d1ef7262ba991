//! Does the writer share a sync without losing, doubling or reordering anything?

use super::*;
use crate::log::clock::ManualClock;
use crate::log::disk::{RedbLog, RedbOptions};
use crate::log::memory::MemoryLog;
use crate::log::testing::FailingDisk;
use crossbeam_channel::unbounded;

/// A log whose appends wait until the test lets them pass.
struct GatedLog {
    inner: MemoryLog,
    entered: Sender<usize>,
    gate: Receiver<()>,
}

impl Log for GatedLog {
    fn append(&mut self, entries: &[Entry]) -> Result<(), AppendError> {
        self.entered.send(entries.len()).unwrap();
        self.gate.recv().unwrap();
        self.inner.append(entries)
    }

    fn cut_before(&mut self, seq: Seq) -> Result<(), AppendError> {
        self.inner.cut_before(seq)
    }

    fn reader(&self) -> LogReader {
        self.inner.reader()
    }
}

fn submission(sku: &str, key: Option<&str>) -> Submission {
    let body = Body::Deletions(vec![sku.into()]);
    Submission { actor: "test".into(), idempotency_key: key.map(Into::into), body }
}

fn start(log: impl Log + 'static, clock: &Arc<ManualClock>) -> (WriterHandle, Receiver<Entry>) {
    let (sink, applied) = unbounded();
    (Writer::start(Box::new(log), clock.clone(), WriterConfig::default(), sink), applied)
}

#[test]
fn the_way_from_a_name_is_in_its_file_before_the_entry_is_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let identities = Some(Identities::open(Some(dir.path()), None).unwrap());
    let ((entered, appends), (open, gate)) = (unbounded(), unbounded());
    let log = GatedLog { inner: MemoryLog::default(), entered, gate };
    let reader = log.reader();
    let (sink, _applied) = unbounded();
    let duties = Duties { identities, ..Duties::default() };
    let clock = Arc::new(ManualClock::at(5_000));
    let writer = Writer::start_with(Box::new(log), clock, WriterConfig::default(), sink, duties);
    let mut event = crate::signal::testing::view("e1", "s1", 1, 5_000);
    event.visitor = "anna".into();
    let body = Body::Events(vec![event.clone()]);
    let submit =
        || writer.submit(Submission { actor: "t".into(), idempotency_key: Some("anna-1".into()), body: body.clone() });
    let ticket = submit();
    appends.recv().unwrap();
    // A crash here loses the entry, not the row.
    let known = || Identities::look(Some(dir.path())).unwrap().load().known(Kind::Visitor, "anna");
    let pseudonym = known().unwrap();
    assert_eq!(reader.last(), (0, 0));
    open.send(()).unwrap();
    assert_eq!(ticket.wait().unwrap(), new_at(1, 5_000));
    assert_eq!(submit().wait().unwrap(), Appended { repeated: true, ..new_at(1, 5_000) });
    let entry = reader.read(1, 1).unwrap().remove(0);
    assert!(!format!("{entry:?}").contains("anna"), "{entry:?}");
    assert!(matches!(entry.body, Body::Events(events) if events[0].visitor == pseudonym));
    // Erased behind what was submitted before, and in the log when it is answered.
    let whose = Whose { kind: Kind::Visitor, name: "anna".into(), is_signed_in: Box::new(|_| false) };
    open.send(()).unwrap();
    let (person, appended) = writer.erase_person(whose).wait().unwrap().unwrap();
    assert_eq!((person.visitors.as_slice(), appended), ([pseudonym.clone()].as_slice(), new_at(2, 5_000)));
    let erased = Body::Erased { visitors: vec![pseudonym], customers: Vec::new() };
    assert_eq!(reader.read(2, 1).unwrap()[0].body, erased);
    assert_eq!(known(), None);
}

#[test]
fn asked_cuts_are_made_in_slices_until_nothing_is_left_to_cut() {
    let clock = Arc::new(ManualClock::at(5_000));
    let (cuts, asked) = unbounded();
    let (sink, _applied) = unbounded();
    let duties = Duties { identities: None, cuts: asked };
    let writer = Writer::start_with(Box::new(MemoryLog::default()), clock, WriterConfig::default(), sink, duties);
    let count = 2 * LOG_CUT_ENTRIES_MAX + 500;
    let write = || writer.submit(submission("a", None));
    let tickets: Vec<_> = (0..count).map(|_| write()).collect();
    for ticket in tickets {
        ticket.wait().unwrap();
    }
    cuts.send(count - 10).unwrap();
    drop(cuts);
    // Each write gives the writer a chance.
    let done = (0..10_000).any(|_| {
        write().wait().unwrap();
        writer.reader().first().unwrap() == count - 10
    });
    assert!(done);
}

fn new_at(seq: Seq, time_ms: TimeMs) -> Appended {
    Appended { seq, time_ms, repeated: false }
}

#[test]
fn a_group_shares_one_append_and_its_tickets_resolve_in_order() {
    let clock = Arc::new(ManualClock::at(5_000));
    let ((entered, appends), (open, gate)) = (unbounded(), unbounded());
    let (writer, applied) = start(GatedLog { inner: MemoryLog::default(), entered, gate }, &clock);
    let first = writer.submit(submission("first", None));
    assert_eq!(appends.recv().unwrap(), 1);
    // The first append is under way: these gather behind it.
    let tickets: Vec<Ticket> = (0..10).map(|i| writer.submit(submission(&format!("{i}"), None))).collect();
    open.send(()).unwrap();
    open.send(()).unwrap();
    assert_eq!(first.wait().unwrap(), new_at(1, 5_000));
    for (seq, ticket) in (2..).zip(tickets) {
        assert_eq!(ticket.wait().unwrap(), new_at(seq, 5_000));
    }
    assert_eq!(appends.try_recv(), Ok(10));
    let applied: Vec<Entry> = applied.try_iter().collect();
    assert_eq!(applied.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=11).collect::<Vec<_>>());
    assert_eq!(applied[10].body, Body::Deletions(vec!["9".into()]));
}

#[test]
fn many_threads_get_one_place_each() {
    let clock = Arc::new(ManualClock::at(0));
    let (writer, applied) = start(MemoryLog::default(), &clock);
    let mut seqs: Vec<Seq> = std::thread::scope(|scope| {
        let submit = |thread: usize| {
            let writer = &writer;
            scope.spawn(move || {
                (0..50).map(|i| writer.submit(submission(&format!("{thread}/{i}"), None)).wait().unwrap().seq).collect()
            })
        };
        let threads: Vec<_> = (0..4).map(submit).collect();
        threads.into_iter().flat_map(|thread| -> Vec<Seq> { thread.join().unwrap() }).collect()
    });
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
    writer.close();
    let applied: Vec<Entry> = applied.iter().collect();
    assert!(writer.reader().scan(1).map(Result::unwrap).eq(applied));
}

#[test]
fn time_never_goes_back() {
    let clock = Arc::new(ManualClock::at(5_000));
    let log = MemoryLog::default();
    let (writer, _applied) = start(log.clone(), &clock);
    let wait = |writer: &WriterHandle| writer.submit(submission("a", None)).wait().unwrap().time_ms;
    assert_eq!(wait(&writer), 5_000);
    clock.set(3_000);
    assert_eq!(wait(&writer), 5_000);
    clock.set(5_007);
    assert_eq!(wait(&writer), 5_007);
    clock.set(1);
    drop(writer);
    let (writer, _applied) = start(log, &clock);
    assert_eq!(wait(&writer), 5_007);
}

#[test]
fn an_idle_log_ticks() {
    let clock = Arc::new(ManualClock::at(10_000));
    let (writer, applied) = start(MemoryLog::default(), &clock);
    writer.submit(submission("a", None)).wait().unwrap();
    assert_eq!(applied.recv().unwrap().seq, 1);
    clock.advance(999);
    assert_eq!(writer.submit(submission("b", None)).wait().unwrap(), new_at(2, 10_999));
    assert_eq!(applied.recv().unwrap().seq, 2);
    for seq in 3..6 {
        clock.advance(1_000);
        let tick = applied.recv().unwrap();
        assert_eq!((tick.seq, tick.body, tick.actor.as_str()), (seq, Body::Tick, "system"));
        assert_eq!(tick.time_ms, 10_999 + (seq as TimeMs - 2) * 1_000);
    }
}

#[test]
fn a_repeated_key_gets_the_first_place_within_a_group_and_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let options = RedbOptions { lateness_ms: 1_000, ..RedbOptions::default() };
    let open = || RedbLog::open(dir.path(), &options).unwrap();
    let clock = Arc::new(ManualClock::at(100));
    let (writer, applied) = start(open(), &clock);
    let tickets = ["k", "k", "other", "k"].map(|key| writer.submit(submission(key, Some(key))));
    let places = tickets.map(|ticket| ticket.wait().unwrap());
    let repeated = |seq| Appended { seq, time_ms: 100, repeated: true };
    assert_eq!(places, [new_at(1, 100), repeated(1), new_at(2, 100), repeated(1)]);
    drop(writer);
    assert_eq!(applied.iter().count(), 2);

    let (writer, applied) = start(open(), &clock);
    clock.set(1_099);
    assert_eq!(writer.submit(submission("k", Some("k"))).wait().unwrap(), repeated(1));
    writer.close();
    // Past the bound the key is free again. The clock moves while no writer runs, so that no tick comes between.
    clock.set(1_101);
    let (writer, _applied) = start(open(), &clock);
    assert_eq!(writer.submit(submission("k", Some("k"))).wait().unwrap(), new_at(3, 1_101));
    assert_eq!(applied.iter().count(), 0);
}

#[test]
fn one_bad_entry_does_not_harm_its_group() {
    let clock = Arc::new(ManualClock::at(1));
    let ((entered, appends), (open, gate)) = (unbounded(), unbounded());
    let (writer, applied) = start(GatedLog { inner: MemoryLog::default(), entered, gate }, &clock);
    let first = writer.submit(submission("first", None));
    appends.recv().unwrap();
    let good = writer.submit(submission("good", None));
    let bad = writer.submit(submission(&"x".repeat(crate::limits::ENTRY_BYTES_MAX), Some("bad")));
    let same = writer.submit(submission("stands for bad", Some("bad")));
    let after = writer.submit(submission("after", Some("after")));
    let again = writer.submit(submission("after", Some("after")));
    for _ in 0..3 {
        open.send(()).unwrap();
    }
    assert_eq!(first.wait().unwrap().seq, 1);
    assert_eq!(good.wait().unwrap(), new_at(2, 1));
    assert!(matches!(bad.wait(), Err(SubmitError::Refused(_))));
    assert!(matches!(same.wait(), Err(SubmitError::Refused(_))));
    assert_eq!(after.wait().unwrap(), new_at(3, 1));
    assert_eq!(again.wait().unwrap(), Appended { seq: 3, time_ms: 1, repeated: true });
    assert_eq!(applied.try_iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_failed_sync_fails_every_submitter_and_poisons_the_writer() {
    let clock = Arc::new(ManualClock::at(1));
    let disk = FailingDisk::new(Vec::new(), 40, 1);
    let (writer, applied) = start(RedbLog::open_on(disk.clone(), &RedbOptions::default()).unwrap(), &clock);
    let mut acknowledged = 0;
    let error = loop {
        match writer.submit(submission("a", None)).wait() {
            Ok(appended) => acknowledged = appended.seq,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, SubmitError::Failed(_)), "{error}");
    assert!(acknowledged > 0);
    assert!(matches!(writer.submit(submission("b", None)).wait(), Err(SubmitError::Failed(_))));
    assert!(matches!(writer.cut_before(1), Err(SubmitError::Failed(_))));
    assert!(writer.failed().is_some());
    writer.close();
    assert_eq!(applied.iter().count() as Seq, acknowledged, "only what is durable is folded");
    let log = RedbLog::open_on(FailingDisk::new(disk.remains(), u64::MAX, 0), &RedbOptions::default()).unwrap();
    assert!(log.last().0 >= acknowledged);
}

#[test]
fn closing_writes_what_was_submitted_and_refuses_the_rest() {
    let clock = Arc::new(ManualClock::at(1));
    let (writer, applied) = start(MemoryLog::default(), &clock);
    let tickets: Vec<Ticket> = (0..100).map(|i| writer.submit(submission(&format!("{i}"), None))).collect();
    writer.close();
    for (seq, ticket) in (1..).zip(tickets) {
        assert_eq!(ticket.wait().unwrap(), new_at(seq, 1));
    }
    assert_eq!(applied.iter().count(), 100);
    assert!(matches!(writer.submit(submission("late", None)).wait(), Err(SubmitError::Closed)));
    assert!(matches!(writer.cut_before(1), Err(SubmitError::Closed)));
}

#[test]
fn a_lagging_sink_holds_the_writer_back_and_loses_nothing() {
    let clock = Arc::new(ManualClock::at(1));
    let (sink, applied) = bounded(1);
    let config = WriterConfig { queue: 2, group_entries: 2, ..WriterConfig::default() };
    let writer = Writer::start(Box::new(MemoryLog::default()), clock, config, sink);
    std::thread::scope(|scope| {
        let submitter = scope.spawn(|| {
            let tickets: Vec<Ticket> = (0..50).map(|i| writer.submit(submission(&format!("{i}"), None))).collect();
            tickets.into_iter().map(|ticket| ticket.wait().unwrap().seq).collect::<Vec<_>>()
        });
        let seqs: Vec<Seq> = applied.iter().take(50).map(|entry| entry.seq).collect();
        assert_eq!(seqs, submitter.join().unwrap());
    });
}

#[test]
fn a_lost_sink_is_told_to_the_next_submitter() {
    let clock = Arc::new(ManualClock::at(1));
    let (writer, applied) = start(MemoryLog::default(), &clock);
    drop(applied);
    assert_eq!(writer.submit(submission("durable", None)).wait().unwrap(), new_at(1, 1));
    assert!(matches!(writer.submit(submission("b", None)).wait(), Err(SubmitError::Unfolded)));
    assert_eq!(writer.reader().last().0, 1);
}

#[test]
fn names_that_are_too_long_are_refused_with_the_bound() {
    let (writer, _applied) = start(MemoryLog::default(), &Arc::new(ManualClock::at(1)));
    let long = "k".repeat(IDEMPOTENCY_KEY_BYTES_MAX + 1);
    let error = writer.submit(submission("a", Some(&long))).wait().unwrap_err();
    assert_eq!(error.to_string(), "`idempotency_key` has 257 bytes, at most 256 allowed");
}

#[test]
fn the_writer_cuts_behind_what_was_submitted() {
    let (writer, _applied) = start(MemoryLog::default(), &Arc::new(ManualClock::at(1)));
    let tickets: Vec<Ticket> = (0..10).map(|i| writer.submit(submission(&format!("{i}"), None))).collect();
    writer.cut_before(8).unwrap();
    assert_eq!(writer.reader().first().unwrap(), 8);
    assert!(tickets.into_iter().all(|ticket| ticket.wait().is_ok()));
}
