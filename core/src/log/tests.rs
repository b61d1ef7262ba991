//! Does every log keep the same promises, and does the one on disk keep them when the power fails?

use super::testing::{Dice, FailingDisk, entries, entry, random_entry, seeded};
use super::*;
use crate::limits::LOG_READ_BYTES_MAX;
use crate::log::disk::RedbOptions;
use crate::log::entry::Body;
use proptest::prelude::*;

const LATENESS_MS: TimeMs = 10_000;

fn options() -> RedbOptions {
    RedbOptions { lateness_ms: LATENESS_MS, cache_bytes: 8 << 20 }
}

/// Runs `test` on both logs; the function it gets closes the log and opens it again.
fn on_each_log(test: impl Fn(Box<dyn Log>, &dyn Fn(Box<dyn Log>) -> Box<dyn Log>)) {
    let memory = MemoryLog::new(LATENESS_MS);
    test(Box::new(memory.clone()), &|closed| {
        drop(closed);
        Box::new(memory.clone())
    });
    let dir = tempfile::tempdir().unwrap();
    let open = || Box::new(RedbLog::open(dir.path(), &options()).unwrap());
    test(open(), &|closed| {
        drop(closed);
        open()
    });
}

fn keyed(seq: Seq, time_ms: TimeMs, key: &str) -> Entry {
    Entry { idempotency_key: Some(key.into()), ..entry(seq, time_ms) }
}

#[test]
fn windows_are_read_in_order() {
    on_each_log(|mut log, reopen| {
        assert_eq!(log.last(), (0, 0));
        assert_eq!(log.reader().first().unwrap(), 1);
        assert_eq!(log.read(0, 10).unwrap(), []);
        log.append(&entries(1..=7)).unwrap();
        log.append(&[]).unwrap();
        log.append(&entries(8..=9)).unwrap();
        let log = reopen(log);
        assert_eq!(log.last(), (9, 9_000));
        for (from, max, expected) in [(0, 3, 1..=3), (1, 3, 1..=3), (6, 3, 6..=8), (8, 100, 8..=9)] {
            assert_eq!(log.read(from, max).unwrap(), entries(expected), "from {from}, at most {max}");
        }
        assert_eq!(log.read(10, 3).unwrap(), []);
        assert_eq!(log.read(Seq::MAX, 3).unwrap(), []);
        assert_eq!(log.read(3, 0).unwrap(), []);
        let scanned: Vec<Entry> = log.reader().scan(0).map(Result::unwrap).collect();
        assert_eq!(scanned, entries(1..=9));
    });
}

#[test]
fn a_window_is_bounded_in_bytes_but_never_empty() {
    on_each_log(|mut log, _| {
        let big = |seq| Entry { body: Body::Deletions(vec!["x".repeat(LOG_READ_BYTES_MAX * 2 / 3)]), ..entry(seq, 1) };
        log.append(&[big(1), big(2), entry(3, 1)]).unwrap();
        for (from, seqs) in [(1, vec![1]), (2, vec![2, 3])] {
            let window = log.read(from, 10).unwrap();
            assert_eq!(window.iter().map(|entry| entry.seq).collect::<Vec<_>>(), seqs);
        }
    });
}

#[test]
fn what_does_not_continue_the_log_is_refused_and_changes_nothing() {
    on_each_log(|mut log, reopen| {
        log.append(&entries(1..=3)).unwrap();
        let too_large = Entry { body: Body::Deletions(vec!["x".repeat(ENTRY_BYTES_MAX)]), ..entry(5, 4_000) };
        let wrong: [(&[Entry], &str); 5] = [
            (&[entry(3, 9_000)], "entry has sequence 3, expected 4"),
            (&[entry(5, 9_000)], "entry has sequence 5, expected 4"),
            (&[entry(4, 9_000), entry(6, 9_000)], "entry has sequence 6, expected 5"),
            (&[entry(4, 2_999)], "entry 4 has time 2999 ms, the entry before it has 3000 ms"),
            (&[entry(4, 4_000), too_large], "entry 5 takes"),
        ];
        for (batch, message) in wrong {
            let error = log.append(batch).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        let mut log = reopen(log);
        assert_eq!(log.read(1, 10).unwrap(), entries(1..=3));
        log.append(&[entry(4, 3_000)]).unwrap();
        assert_eq!(log.last(), (4, 3_000));
    });
}

#[test]
fn a_cut_log_begins_later_and_goes_on() {
    on_each_log(|mut log, reopen| {
        log.append(&entries(1..=6)).unwrap();
        log.cut_before(4).unwrap();
        let mut log = reopen(log);
        assert!(matches!(log.read(3, 10), Err(ReadError::Cut { from: 3, first: 4 })));
        assert!(matches!(log.read(0, 10), Err(ReadError::Cut { from: 1, first: 4 })));
        assert_eq!(log.read(4, 10).unwrap(), entries(4..=6));
        log.cut_before(2).unwrap();
        assert_eq!(log.reader().first().unwrap(), 4);
        log.cut_before(1_000).unwrap();
        let mut log = reopen(log);
        assert_eq!(log.reader().first().unwrap(), 6);
        assert_eq!(log.last(), (6, 6_000));
        log.append(&entries(7..=7)).unwrap();
        assert_eq!(log.read(6, 10).unwrap(), entries(6..=7));
    });
}

#[test]
fn a_key_is_remembered_for_the_lateness_bound() {
    on_each_log(|mut log, reopen| {
        log.append(&[entry(1, 900), keyed(2, 1_000, "a"), keyed(3, 1_000, "b")]).unwrap();
        log.cut_before(3).unwrap();
        let mut log = reopen(log);
        let find = |log: &dyn Log, key: &str, now_ms| log.reader().find_key(key, now_ms).unwrap();
        assert_eq!(find(&*log, "a", 1_000), Some((2, 1_000)));
        assert_eq!(find(&*log, "a", 1_000 + LATENESS_MS), Some((2, 1_000)));
        assert_eq!(find(&*log, "a", 1_001 + LATENESS_MS), None);
        assert_eq!(find(&*log, "c", 1_000), None);
        // Used again after it expired: the new place counts, and forgetting the old one leaves it.
        log.append(&[keyed(4, 1_001 + LATENESS_MS, "a"), entry(5, 1_002 + LATENESS_MS)]).unwrap();
        let log = reopen(log);
        assert_eq!(find(&*log, "a", 1_002 + LATENESS_MS), Some((4, 1_001 + LATENESS_MS)));
        // Forgotten for good, whatever the time asked for.
        assert_eq!(find(&*log, "b", 1_000), None);
    });
}

#[test]
fn a_long_log_is_read_back_whole() {
    on_each_log(|mut log, reopen| {
        let written: Vec<Entry> = (1..=10_000).map(|seq| random_entry(seq, seq as TimeMs / 3, seq)).collect();
        for batch in written.chunks(257) {
            log.append(batch).unwrap();
        }
        let log = reopen(log);
        assert!(log.reader().scan(1).map(Result::unwrap).eq(written));
    });
}

#[test]
fn a_reader_on_another_thread_sees_what_is_durable() {
    on_each_log(|mut log, _| {
        let reader = log.reader();
        log.append(&entries(1..=3)).unwrap();
        let seen = std::thread::spawn(move || reader.read(2, 10).unwrap()).join().unwrap();
        assert_eq!(seen, entries(2..=3));
    });
}

/// Appends seeded batches until the power goes off. Returns everything written and how much was acknowledged.
fn write_until_dark(disk: &FailingDisk, seed: u64) -> (Vec<Entry>, usize) {
    let mut dice = Dice(seed);
    let (mut written, mut acknowledged) = (Vec::new(), 0);
    let Ok(mut log) = RedbLog::open_on(disk.clone(), &options()) else { return (written, 0) };
    while disk.powered() {
        let batch: Vec<Entry> = (0..1 + dice.below(20))
            .map(|i| written.len() as Seq + 1 + i)
            .map(|seq| random_entry(seq, seq as TimeMs * 100, dice.roll()))
            .collect();
        let outcome = if dice.below(8) == 0 { log.cut_before(written.len() as Seq / 2) } else { Ok(()) };
        let outcome = outcome.and_then(|()| {
            written.extend_from_slice(&batch);
            log.append(&batch)
        });
        match outcome {
            Ok(()) => acknowledged = written.len(),
            Err(error) => assert!(matches!(error, AppendError::Storage(_)), "{error}"),
        }
    }
    (written, acknowledged)
}

#[test]
fn whatever_was_acknowledged_survives_a_power_failure_at_any_sync() {
    let mut survivors = 0;
    for syncs in 1..60 {
        for seed in 0..3 {
            let disk = FailingDisk::new(Vec::new(), syncs, seed);
            let (written, acknowledged) = write_until_dark(&disk, syncs * 100 + seed);
            let after = FailingDisk::new(disk.remains(), u64::MAX, 0);
            let context = format!("sync {syncs}, seed {seed}, {acknowledged} acknowledged");
            let mut log = match RedbLog::open_on(after, &options()) {
                Ok(log) => log,
                // Nothing was promised before the file was complete.
                Err(_) if acknowledged == 0 => continue,
                Err(error) => panic!("{context}: {error}"),
            };
            let (last, last_ms) = log.last();
            assert!(last as usize >= acknowledged, "{context}: the log ends at {last}");
            let first = log.reader().first().unwrap();
            let found: Vec<Entry> = log.reader().scan(first).collect::<Result<_, _>>().expect(&context);
            assert_eq!(found, written[first as usize - 1..last as usize], "{context}");
            // A batch is there as a whole or not at all, and the log goes on.
            assert!(last as usize == acknowledged || last as usize == written.len(), "{context}: torn at {last}");
            log.append(&[entry(last + 1, last_ms)]).expect(&context);
            survivors += usize::from(acknowledged > 0);
        }
    }
    assert!(survivors > 100, "only {survivors} runs had anything to lose");
}

proptest! {
    #![proptest_config(seeded(24))]

    #[test]
    fn what_is_read_back_is_what_was_appended(
        seeds in prop::collection::vec(any::<u64>(), 0..60),
        batch in 1usize..9,
        window in 1usize..9,
    ) {
        let written: Vec<Entry> =
            (1..).zip(&seeds).map(|(seq, seed)| random_entry(seq, seq as TimeMs, *seed)).collect();
        on_each_log(|mut log, reopen| {
            for batch in written.chunks(batch) {
                log.append(batch).unwrap();
            }
            let log = reopen(log);
            let mut found = Vec::new();
            while found.len() < written.len() {
                found.extend(log.read(found.len() as Seq + 1, window).unwrap());
            }
            assert_eq!(found, written);
        });
    }
}
