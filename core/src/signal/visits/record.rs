//! Where do visits lie, so that looking at one costs one line of cache?
//!
//! A record of 64 bytes holds up to 15 views of one visit in order of arrival; a longer visit goes on in a new
//! record that repeats the last four views, so that what follows what stays visible across the seam. Records are
//! numbered in the order in which they were opened and lie in shared chunks, copied only when a reader still holds
//! them. Only the newest [`VISIT_RECORDS_MAX`] are kept: a newer record takes the place of the oldest.
//! What is not here: which items a record is found by, see `ring`.

use serde::{Deserialize, Serialize};

use super::super::chunked::Chunked;
use crate::id::ItemId;
use crate::limits::{VISIT_RECORD_ITEMS, VISIT_RECORD_REPEATED, VISIT_RECORDS_MAX};

/// Records in a chunk: 2 KB are copied for the first change after a publication.
const CHUNK: usize = 32;

/// Records that are read at once before any of them is looked at.
const READ_AHEAD: usize = 32;

/// Views of one visit, oldest first; exactly one line of cache.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(super) struct Record {
    n: u16,
    /// The first so many are repeated from the record before.
    repeated: u16,
    items: [u32; VISIT_RECORD_ITEMS],
}

impl Record {
    /// The views, oldest first.
    #[inline]
    pub(super) fn items(&self) -> &[u32] {
        &self.items[..usize::from(self.n)]
    }

    /// The views that belong to this record alone.
    pub(super) fn own(&self) -> &[u32] {
        &self.items()[usize::from(self.repeated)..]
    }

    fn is_full(&self) -> bool {
        usize::from(self.n) == VISIT_RECORD_ITEMS
    }

    fn push(&mut self, item: u32) {
        self.items[usize::from(self.n)] = item;
        self.n += 1;
    }

    /// The record that goes on after a full one.
    fn after(full: &Record) -> Self {
        let mut next = Record::default();
        full.items()[VISIT_RECORD_ITEMS - VISIT_RECORD_REPEATED..].iter().for_each(|&item| next.push(item));
        next.repeated = next.n;
        next
    }
}

/// All records; clones share what was not touched since.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    chunks: Chunked<[Record; CHUNK]>,
    /// Number of the next record.
    next: u32,
}

impl Records {
    /// How many are kept, at most [`VISIT_RECORDS_MAX`].
    pub(super) fn len(&self) -> u32 {
        self.next.min(VISIT_RECORDS_MAX)
    }

    /// Calls `each` with every record of these numbers, in order, and its place among them; an empty record where a
    /// newer one took its place. Records are copied out a few dozen at a time, since a loop that does nothing else lets
    /// the processor wait for all of them at once: looked at one after the other they made an answer take twice as long.
    #[inline]
    pub(super) fn each(&self, numbers: impl Iterator<Item = u32>, mut each: impl FnMut(usize, &Record)) {
        let mut numbers = numbers.fuse();
        let mut read = [Record::default(); READ_AHEAD];
        let mut first = 0;
        loop {
            let mut n = 0;
            for (record, number) in read.iter_mut().zip(&mut numbers) {
                *record = self.get(number).copied().unwrap_or_default();
                n += 1;
            }
            read[..n].iter().enumerate().for_each(|(at, record)| each(first + at, record));
            first += n;
            if n < READ_AHEAD {
                return;
            }
        }
    }

    /// How many records were opened since this one, itself included: 1 is the newest.
    #[inline]
    pub(super) fn age(&self, number: u32) -> u32 {
        self.next.wrapping_sub(number)
    }

    /// Whether the record was opened and no newer one took its place.
    #[inline]
    pub(super) fn keeps(&self, number: u32) -> bool {
        (1..=VISIT_RECORDS_MAX).contains(&self.age(number))
    }

    /// The record of that number, unless a newer one took its place.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&Record> {
        let slot = self.slot(number)?;
        self.chunks.get(slot / CHUNK).map(|chunk| &chunk[slot % CHUNK])
    }

    /// The record in which a visit goes on: the one it is at while there is room, else a new one.
    pub(super) fn open(&mut self, at: Option<u32>) -> u32 {
        let current = at.and_then(|number| self.get(number));
        let fresh = match current {
            Some(record) if record.is_full() => Record::after(record),
            Some(_) => return at.expect("the record was found by its number"),
            None => Record::default(),
        };
        let number = self.next;
        self.next = self.next.saturating_add(1);
        *self.get_mut(number) = fresh;
        number
    }

    /// Adds a view to a record that [`open`](Self::open) gave.
    pub(super) fn push(&mut self, number: u32, item: ItemId) {
        self.get_mut(number).push(item.0);
    }

    #[inline]
    fn slot(&self, number: u32) -> Option<usize> {
        self.keeps(number).then_some((number % VISIT_RECORDS_MAX) as usize)
    }

    fn get_mut(&mut self, number: u32) -> &mut Record {
        let slot = (number % VISIT_RECORDS_MAX) as usize;
        &mut self.chunks.get_mut(slot / CHUNK)[slot % CHUNK]
    }

    /// Bytes of all records.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.bytes()
    }

    pub(super) fn save(&self) -> SavedRecords {
        let first = self.next - self.len();
        let records = (first..self.next).map(|number| match self.get(number) {
            Some(record) => (record.repeated, record.items().to_vec()),
            None => (0, Vec::new()),
        });
        SavedRecords { next: self.next, records: records.collect() }
    }

    pub(super) fn load(saved: SavedRecords) -> Self {
        let mut loaded = Self { chunks: Chunked::default(), next: saved.next };
        let first = saved.next.saturating_sub(saved.records.len() as u32);
        for (number, (repeated, items)) in (first..).zip(saved.records) {
            let record = loaded.get_mut(number);
            items.into_iter().take(VISIT_RECORD_ITEMS).for_each(|item| record.push(item));
            record.repeated = repeated.min(record.n);
        }
        loaded
    }
}

/// [`Records`] as they stand in a snapshot file: those that are kept, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct SavedRecords {
    next: u32,
    records: Vec<(u16, Vec<u32>)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_line_of_cache() {
        assert_eq!((size_of::<Record>(), align_of::<Record>()), (64, 64));
    }

    #[test]
    fn records_read_ahead_are_those_asked_for_in_their_order() {
        let mut records = Records::default();
        for item in 0..100 {
            let number = records.open(None);
            records.push(number, ItemId(item));
        }
        for n in [0, 1, READ_AHEAD - 1, READ_AHEAD, 3 * READ_AHEAD + 1] {
            let numbers: Vec<u32> = (0..n as u32).map(|at| (at * 37) % 101).collect();
            let mut met = Vec::new();
            records.each(numbers.iter().copied(), |at, record| met.push((at, record.items().first().copied())));
            let wanted = numbers.iter().enumerate().map(|(at, number)| (at, (*number < 100).then_some(*number)));
            assert_eq!(met, wanted.collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_long_visit_goes_on_in_a_record_that_repeats_its_end() {
        let mut records = Records::default();
        let mut at = None;
        for item in 0..17 {
            let number = records.open(at);
            records.push(number, ItemId(item));
            at = Some(number);
        }
        assert_eq!(at, Some(1));
        assert_eq!(records.get(0).unwrap().items().len(), VISIT_RECORD_ITEMS);
        assert_eq!(records.get(1).unwrap().items(), [11, 12, 13, 14, 15, 16]);
        assert_eq!(records.get(1).unwrap().own(), [15, 16]);
        assert_eq!((records.age(1), records.age(0)), (1, 2));
        assert!(records.get(2).is_none(), "not opened yet");
        let loaded = Records::load(records.save());
        assert_eq!(loaded.save(), records.save());
    }

    #[test]
    fn the_oldest_records_give_way() {
        let mut records = Records { next: VISIT_RECORDS_MAX, ..Records::default() };
        let number = records.open(None);
        records.push(number, ItemId(7));
        assert_eq!(records.len(), VISIT_RECORDS_MAX);
        assert!(records.get(0).is_none() && records.get(1).is_some());
        assert_eq!(records.get(number).unwrap().items(), [7]);
        let next = records.open(Some(0));
        assert_eq!(next, number + 1, "a visit whose record is gone starts again");
    }
}
