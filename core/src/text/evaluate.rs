//! Which documents of one segment match, and how well?
//!
//! Postings are walked list by list (tantivy's block cursors), adding weighted occurrences into one dense array;
//! groups are taken from the cheapest up, and later ones look only at documents that still match, by skipping when
//! few are left. tantivy's own scorers are not used: their sums run in an order that depends on the segment, so
//! the last bits of a score would too. Here a document's additions come in the order of the compiled query, always.

use std::cell::Cell;

use roaring::RoaringBitmap;
use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, TERMINATED};

use super::bits::Bits;
use super::compile::{Clause, Group, Lookup, Source};
use super::document::TextField;
use super::error::TextError;
use super::score::{LengthFactors, saturate};
use super::segment::Segment;
use crate::id::ItemId;

/// A list is skipped through instead of walked when it is this many times longer than what is looked for in it.
const SKIP_RATIO: usize = 16;
/// The sku among the fields a group was found in: a sku is named whole or not at all.
const SKU_BIT: u8 = 1 << TextField::Sku as u8;
/// Beside the fields' bits: whether it was found by more than a number.
const WORD_BIT: u8 = 1 << 7;
const _: () = assert!(TextField::COUNT <= 7, "the bit behind the fields is free");

/// How groups go together; scores of groups that match add up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Join {
    /// All must match.
    All,
    /// Those that match must have at least this share of all groups' weight; at 0 one is enough.
    Share(f32),
}

/// One match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hit {
    pub item: ItemId,
    /// What the groups that match score together.
    pub score: f32,
    /// Share of all groups' weight that the matching ones have, in `(0, 1]`.
    pub matched: f32,
    /// Of each of the first eight groups, the first in the lowest byte, the fields in which it was found, a bit each.
    pub fields: u64,
}

/// Documents in increasing order, each with its score and the fields it was found in, [`WORD_BIT`] among them.
type Hits = (Vec<u32>, Vec<(f32, u8)>);

/// Working memory, kept by each thread between searches; clean (all zero) whenever it is put back.
#[derive(Default)]
struct Scratch {
    occurrences: Vec<f32>,
    fields: Vec<u8>,
    marked: Bits,
    wanted: Bits,
    positions: Vec<Vec<u32>>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Appends every live match of the segment that is in the universe.
pub(super) fn evaluate(
    segment: &Segment,
    factors: &LengthFactors,
    groups: &[Group],
    join: Join,
    universe: Option<&RoaringBitmap>,
    out: &mut Vec<Hit>,
) -> Result<(), TextError> {
    // Taken out, not borrowed: should anything unwind, the memory is dropped and the next search gets clean one.
    let mut scratch = SCRATCH.take().unwrap_or_default();
    let n = segment.n_docs();
    if scratch.occurrences.len() < n {
        scratch.occurrences.resize(n, 0.0);
        scratch.fields.resize(n, 0);
    }
    scratch.marked.grow(n);
    scratch.wanted.grow(n);
    let mut run = Evaluation { segment, factors, scratch: &mut scratch };
    let (docs, rows) = match join {
        Join::All => run.all(groups)?,
        Join::Share(share) => run.share(groups, share)?,
    };
    SCRATCH.set(Some(scratch));
    for (doc, row) in docs.into_iter().zip(rows) {
        let Some(item) = segment.live_item(doc) else { continue };
        if universe.is_none_or(|universe| universe.contains(item.0)) {
            let Row { score, matched, fields, .. } = row;
            out.push(Hit { item, score, matched, fields });
        }
    }
    Ok(())
}

/// What the groups of one document came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Row {
    score: f32,
    matched: f32,
    fields: u64,
    /// Whether more than numbers matched.
    has_word: bool,
}

impl Row {
    /// Adds the group at `at`.
    fn add(&mut self, at: usize, (score, fields): (f32, u8)) {
        self.score += score;
        self.has_word |= fields & WORD_BIT != 0;
        if at < 8 {
            self.fields |= u64::from(fields & !WORD_BIT) << (8 * at);
        }
    }
}

/// A source with its entry in the segment's dictionary.
struct Found<'q> {
    source: &'q Source,
    infos: Vec<TermInfo>,
}

impl Found<'_> {
    /// Postings to be walked at most.
    fn cost(&self) -> usize {
        self.infos.iter().map(|info| info.doc_freq as usize).min().unwrap_or(0)
    }
}

struct Evaluation<'a> {
    segment: &'a Segment,
    factors: &'a LengthFactors,
    scratch: &'a mut Scratch,
}

impl Evaluation<'_> {
    fn all(&mut self, groups: &[Group]) -> Result<(Vec<u32>, Vec<Row>), TextError> {
        let mut found = Vec::with_capacity(groups.len());
        for (at, group) in groups.iter().enumerate() {
            let clauses = self.find(group)?;
            let cost: usize = clauses.iter().flat_map(|(_, sources)| sources).map(Found::cost).sum();
            if cost == 0 {
                return Ok(Default::default());
            }
            found.push((cost, at, clauses));
        }
        found.sort_by_key(|&(cost, at, _)| (cost, at));
        let mut docs: Vec<u32> = Vec::new();
        let mut columns: Vec<Vec<(f32, u8)>> = vec![Vec::new(); groups.len()];
        let mut done: Vec<usize> = Vec::with_capacity(groups.len());
        for (_, at, clauses) in found {
            let wanted = (!done.is_empty()).then_some(&docs[..]);
            let (hits, values) = self.group(&clauses, wanted)?;
            if !done.is_empty() {
                keep(&docs, &hits, &mut columns, &done);
            }
            docs = hits;
            columns[at] = values;
            done.push(at);
            if docs.is_empty() {
                return Ok(Default::default());
            }
        }
        let mut rows = vec![Row { matched: 1.0, ..Row::default() }; docs.len()];
        // In the order of the query, whatever the order of evaluation was.
        for (at, column) in columns.iter().enumerate() {
            rows.iter_mut().zip(column).for_each(|(row, &value)| row.add(at, value));
        }
        Ok((docs, rows))
    }

    /// The heaviest groups are walked; the others cannot reach the share without one of them, so they are looked up
    /// only where one of those was found. Where a query has words, a document that shares only numbers with it is left
    /// out: sharing `5` is sharing nothing.
    fn share(&mut self, groups: &[Group], share: f32) -> Result<(Vec<u32>, Vec<Row>), TextError> {
        let total: f32 = groups.iter().map(|group| group.weight).sum();
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by(|&a, &b| groups[b].weight.total_cmp(&groups[a].weight).then(a.cmp(&b)));
        let mut hits: Vec<Hits> = vec![Hits::default(); groups.len()];
        let mut docs: Vec<u32> = Vec::new();
        let mut left = total;
        for &at in &order {
            let clauses = self.find(&groups[at])?;
            if left > 0.0 && left >= share * total {
                hits[at] = self.group(&clauses, None)?;
                docs = union(&docs, &hits[at].0);
            } else {
                hits[at] = self.group(&clauses, Some(&docs))?;
            }
            left -= groups[at].weight;
        }
        let mut rows = vec![Row::default(); docs.len()];
        for (at, (found, values)) in hits.into_iter().enumerate() {
            let mut row = 0;
            for (doc, value) in found.into_iter().zip(values) {
                while docs[row] != doc {
                    row += 1;
                }
                rows[row].add(at, value);
                rows[row].matched += groups[at].weight;
            }
        }
        let has_words = groups.iter().flat_map(|group| &group.clauses).any(|clause| !clause.is_number);
        let mut kept = (Vec::new(), Vec::new());
        for (doc, row) in docs.into_iter().zip(rows) {
            let matched = (row.matched / total).min(1.0);
            if matched >= share && (row.has_word || !has_words) {
                kept.0.push(doc);
                kept.1.push(Row { matched, ..row });
            }
        }
        Ok(kept)
    }

    /// Looks the sources of every clause up; those the segment does not have are left out.
    fn find<'q>(&self, group: &'q Group) -> Result<Vec<(&'q Clause, Vec<Found<'q>>)>, TextError> {
        let mut clauses = Vec::with_capacity(group.clauses.len());
        for clause in &group.clauses {
            let mut sources = Vec::with_capacity(clause.sources.len());
            for source in &clause.sources {
                let field = source.field as usize;
                let (dictionary, terms) = match &source.lookup {
                    Lookup::Exact(term) => (&self.segment.exact[field], std::slice::from_ref(term)),
                    Lookup::Stem(term) => (&self.segment.stem[field], std::slice::from_ref(term)),
                    Lookup::Phrase(terms) => (&self.segment.stem[field], &terms[..]),
                };
                let mut infos = Vec::with_capacity(terms.len());
                for term in terms {
                    infos.extend(dictionary.get_term_info(term)?);
                }
                if infos.len() == terms.len() {
                    sources.push(Found { source, infos });
                }
            }
            clauses.push((clause, sources));
        }
        Ok(clauses)
    }

    /// The best clause of each document; with `wanted`, of those documents only.
    fn group(&mut self, clauses: &[(&Clause, Vec<Found<'_>>)], wanted: Option<&[u32]>) -> Result<Hits, TextError> {
        for &doc in wanted.unwrap_or_default() {
            self.scratch.wanted.set(doc);
        }
        let mut best = Hits::default();
        for (clause, sources) in clauses {
            for found in sources {
                match found.source.lookup {
                    Lookup::Exact(_) | Lookup::Stem(_) => self.count_word(found, wanted)?,
                    Lookup::Phrase(_) => self.count_phrase(found, wanted.is_some())?,
                }
            }
            let mut next = Hits::default();
            let Scratch { occurrences, fields, marked, .. } = &mut *self.scratch;
            marked.drain(|doc| {
                let tf = std::mem::take(&mut occurrences[doc as usize]);
                let fields = std::mem::take(&mut fields[doc as usize]);
                next.0.push(doc);
                let fields = if clause.is_begun { fields & !SKU_BIT } else { fields };
                let word = if clause.is_number { 0 } else { WORD_BIT };
                next.1.push((saturate(clause.factor, tf), fields | word));
            });
            best = if best.0.is_empty() { next } else { merge(best, next, |a, b| (a.0.max(b.0), a.1 | b.1)) };
        }
        for &doc in wanted.unwrap_or_default() {
            self.scratch.wanted.clear(doc);
        }
        Ok(best)
    }

    /// Adds the occurrences of one word in one field.
    fn count_word(&mut self, found: &Found<'_>, wanted: Option<&[u32]>) -> Result<(), TextError> {
        let field = found.source.field as usize;
        let reader = match found.source.lookup {
            Lookup::Exact(_) => &self.segment.exact[field],
            _ => &self.segment.stem[field],
        };
        let info = &found.infos[0];
        let mut list = reader.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
        let lengths = &self.segment.lengths[field];
        let factors = &self.factors[field];
        let coefficient = found.source.coefficient;
        let bit = 1u8 << field;
        let Scratch { occurrences, fields, marked, wanted: wanted_bits, .. } = &mut *self.scratch;
        let mut add = |doc: u32, times: u32| {
            let factor = factors[usize::from(lengths.fieldnorm_id(doc))];
            occurrences[doc as usize] += coefficient * times as f32 * factor;
            fields[doc as usize] |= bit;
            marked.set(doc);
        };
        match wanted {
            Some(docs) if docs.len() * SKIP_RATIO < info.doc_freq as usize => {
                for &doc in docs {
                    let at = list.seek(doc);
                    match list.doc(at) {
                        TERMINATED => break,
                        here if here == doc => add(doc, list.freq(at)),
                        _ => {}
                    }
                }
            }
            _ => {
                while !list.docs().is_empty() {
                    for (&doc, &times) in list.docs().iter().zip(list.freqs()) {
                        if wanted.is_none() || wanted_bits.has(doc) {
                            add(doc, times);
                        }
                    }
                    list.advance();
                }
            }
        }
        Ok(())
    }

    /// Adds the occurrences of one phrase in one field.
    fn count_phrase(&mut self, found: &Found<'_>, only_wanted: bool) -> Result<(), TextError> {
        let field = found.source.field as usize;
        let mut lists: Vec<SegmentPostings> = Vec::with_capacity(found.infos.len());
        for info in &found.infos {
            let option = IndexRecordOption::WithFreqsAndPositions;
            lists.push(self.segment.stem[field].read_postings_from_terminfo(info, option)?);
        }
        let Scratch { occurrences, fields, marked, wanted, positions } = &mut *self.scratch;
        positions.resize_with(positions.len().max(lists.len()), Vec::new);
        let mut doc = lists[0].doc();
        while let Some(common) = next_common(&mut lists, doc) {
            if !only_wanted || wanted.has(common) {
                for (list, positions) in lists.iter_mut().zip(positions.iter_mut()) {
                    list.positions(positions);
                }
                let times = phrase_count(&positions[..lists.len()]);
                if times > 0 {
                    let factor = self.factors[field][usize::from(self.segment.lengths[field].fieldnorm_id(common))];
                    occurrences[common as usize] += found.source.coefficient * times as f32 * factor;
                    fields[common as usize] |= 1 << field;
                    marked.set(common);
                }
            }
            doc = lists[0].advance();
        }
        Ok(())
    }
}

/// The first document from `doc` (where the first list stands) on that is in every list.
fn next_common(lists: &mut [SegmentPostings], mut doc: u32) -> Option<u32> {
    'candidate: while doc != TERMINATED {
        for at in 1..lists.len() {
            let here = lists[at].doc();
            let here = if here < doc { lists[at].seek(doc) } else { here };
            if here > doc {
                doc = if here == TERMINATED { TERMINATED } else { lists[0].seek(here) };
                continue 'candidate;
            }
        }
        return Some(doc);
    }
    None
}

/// How often the words stand side by side; `positions` are increasing, one list a word.
fn phrase_count(positions: &[Vec<u32>]) -> u32 {
    let Some((first, rest)) = positions.split_first() else { return 0 };
    let follows = |start: u32| (1u32..).zip(rest).all(|(by, list)| list.binary_search(&(start + by)).is_ok());
    first.iter().filter(|&&start| follows(start)).count() as u32
}

/// Drops the rows of finished columns whose document is no longer in; `kept` is a subset of `docs`, both increasing.
fn keep(docs: &[u32], kept: &[u32], columns: &mut [Vec<(f32, u8)>], done: &[usize]) {
    for &column in done {
        let column = &mut columns[column];
        let mut from = 0;
        for (to, doc) in kept.iter().enumerate() {
            while docs[from] != *doc {
                from += 1;
            }
            column[to] = column[from];
        }
        column.truncate(kept.len());
    }
}

/// The union of two increasing lists.
fn union(left: &[u32], right: &[u32]) -> Vec<u32> {
    let with = |list: &[u32]| (list.to_vec(), vec![(); list.len()]);
    if left.is_empty() { right.to_vec() } else { merge(with(left), with(right), |(), ()| ()).0 }
}

/// The union of two increasing lists; values of documents in both are combined, the left one first.
fn merge<T: Copy>(
    left: (Vec<u32>, Vec<T>),
    right: (Vec<u32>, Vec<T>),
    combine: impl Fn(T, T) -> T,
) -> (Vec<u32>, Vec<T>) {
    let mut docs = Vec::with_capacity(left.0.len() + right.0.len());
    let mut values = Vec::with_capacity(docs.capacity());
    let (mut l, mut r) = (0, 0);
    while l < left.0.len() || r < right.0.len() {
        let a = left.0.get(l).copied().unwrap_or(TERMINATED);
        let b = right.0.get(r).copied().unwrap_or(TERMINATED);
        docs.push(a.min(b));
        values.push(match a.cmp(&b) {
            std::cmp::Ordering::Less => left.1[l],
            std::cmp::Ordering::Greater => right.1[r],
            std::cmp::Ordering::Equal => combine(left.1[l], right.1[r]),
        });
        l += usize::from(a <= b);
        r += usize::from(b <= a);
    }
    (docs, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_phrases() {
        let check = |positions: &[&[u32]], expected| {
            let positions: Vec<Vec<u32>> = positions.iter().map(|list| list.to_vec()).collect();
            assert_eq!(phrase_count(&positions), expected, "{positions:?}");
        };
        check(&[&[0, 5, 9], &[1, 6, 8]], 2);
        check(&[&[0, 5], &[2, 4]], 0);
        check(&[&[3, 3], &[4, 4], &[5, 5]], 2);
        check(&[&[0, 1, 2], &[0, 1, 2]], 2);
        check(&[], 0);
    }

    #[test]
    fn merges_and_keeps() {
        let merged = merge((vec![1, 3, 5], vec![1, 3, 5]), (vec![3, 4], vec![10, 20]), |a, b| a + b);
        assert_eq!(merged, (vec![1, 3, 4, 5], vec![1, 13, 20, 5]));
        let mut columns = vec![vec![], vec![(1.0, 0), (2.0, 1), (3.0, 2)]];
        keep(&[4, 5, 9], &[4, 9], &mut columns, &[1]);
        assert_eq!(columns[1], [(1.0, 0), (3.0, 2)]);
        assert_eq!(union(&[1, 4], &[2, 4]), [1, 2, 4]);
    }
}
