//! Which documents of one segment match, and how well?
//!
//! Postings are walked list by list (tantivy's block cursors), adding weighted occurrences into one dense array;
//! groups are taken from the cheapest up, and later ones look only at documents that still match, by skipping when
//! few are left. tantivy's own scorers are not used: their sums run in an order that depends on the segment, so
//! the last bits of a score would too. Here a document's additions come in the order of the compiled query, always.

use std::cell::Cell;
use std::rc::Rc;

use roaring::RoaringBitmap;
use smallvec::SmallVec;
use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, TERMINATED};

use super::best::Best;
use super::bits::Bits;
use super::compile::{Clause, Group, Lookup, Source, Words};
use super::document::TextField;
use super::error::TextError;
use super::score::{LengthFactors, saturate};
use super::segment::Segment;

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

/// Documents in increasing order, each with its score and the fields it was found in, [`WORD_BIT`] among them.
type Hits = (Vec<u32>, Vec<(f32, u8)>);

/// Working memory, kept by each thread between searches; clean (all zero) whenever it is put back.
#[derive(Default)]
struct Scratch {
    occurrences: Vec<f32>,
    fields: Vec<u8>,
    marked: Bits,
    wanted: Bits,
    either: Bits,
    positions: Vec<Vec<u32>>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// A compiled query in one segment. Its words are looked up once, and lists that were walked whole for one pass are
/// kept for the next.
pub(super) struct InSegment<'v> {
    segment: &'v Segment,
    factors: &'v LengthFactors,
    /// By group; empty before the first pass.
    groups: Vec<FoundGroup>,
}

/// What a segment has of a group.
struct FoundGroup {
    /// By clause, those of its sources that the segment has.
    clauses: Vec<Vec<Found>>,
    /// Every document of the clauses that are no endings, once they were walked.
    settled: Option<Rc<Hits>>,
}

/// A source with its entry in the segment's dictionary.
struct Found {
    /// Its place in the clause.
    source: usize,
    infos: SmallVec<[TermInfo; 1]>,
}

impl Found {
    /// Postings to be walked at most.
    fn cost(&self) -> usize {
        self.infos.iter().map(|info| info.doc_freq as usize).min().unwrap_or(0)
    }
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

impl<'v> InSegment<'v> {
    /// Ready to look a query up.
    pub fn new(segment: &'v Segment, factors: &'v LengthFactors) -> Self {
        Self { segment, factors, groups: Vec::new() }
    }

    /// Hands over every live match of the segment that is in the universe. The groups are the same in every pass.
    /// Where a query has words, a document that shares only numbers with it is no match of a part: sharing `5` is
    /// sharing nothing.
    pub fn evaluate(
        &mut self,
        groups: &[Group],
        join: Join,
        words: Words,
        universe: Option<&RoaringBitmap>,
        best: &mut Best,
    ) -> Result<(), TextError> {
        if self.groups.is_empty() {
            self.groups = groups.iter().map(|group| self.find(group)).collect::<Result<_, _>>()?;
        }
        // Taken out, not borrowed: should anything unwind, the memory is dropped and the next search gets clean one.
        let mut scratch = SCRATCH.take().unwrap_or_default();
        let n = self.segment.n_docs();
        if scratch.occurrences.len() < n {
            scratch.occurrences.resize(n, 0.0);
            scratch.fields.resize(n, 0);
        }
        scratch.marked.grow(n);
        scratch.wanted.grow(n);
        scratch.either.grow(n);
        let segment = self.segment;
        let mut run = Evaluation { segment, factors: self.factors, found: &mut self.groups, scratch: &mut scratch };
        let (least, needs_word, (docs, rows)) = match join {
            Join::All => (0.0, false, run.all(groups, words)?),
            Join::Share(share) => (share, has_words(groups, words), run.share(groups, share, words)?),
        };
        SCRATCH.set(Some(scratch));
        for (doc, Row { score, matched, fields, has_word }) in docs.into_iter().zip(rows) {
            if matched < least || needs_word && !has_word {
                continue;
            }
            best.offer(score, matched, fields, || {
                let item = segment.live_item(doc)?;
                universe.is_none_or(|universe| universe.contains(item.0)).then_some(item)
            });
        }
        Ok(())
    }

    /// Looks the sources of every clause up; those the segment does not have are left out.
    fn find(&self, group: &Group) -> Result<FoundGroup, TextError> {
        let mut clauses = Vec::with_capacity(group.clauses.len());
        for clause in &group.clauses {
            let mut found = Vec::with_capacity(clause.sources.len());
            for (source, Source { field, lookup, .. }) in clause.sources.iter().enumerate() {
                let field = *field as usize;
                let (dictionary, terms) = match lookup {
                    Lookup::Exact(term) => (&self.segment.exact[field], std::slice::from_ref(term)),
                    Lookup::Stem(term) => (&self.segment.stem[field], std::slice::from_ref(term)),
                    Lookup::Phrase(terms) => (&self.segment.stem[field], &terms[..]),
                };
                let mut infos = SmallVec::new();
                for term in terms {
                    match dictionary.get_term_info(term)? {
                        Some(info) => infos.push(info),
                        None => break,
                    }
                }
                if infos.len() == terms.len() {
                    found.push(Found { source, infos });
                }
            }
            clauses.push(found);
        }
        Ok(FoundGroup { clauses, settled: None })
    }
}

struct Evaluation<'a> {
    segment: &'a Segment,
    factors: &'a LengthFactors,
    found: &'a mut [FoundGroup],
    scratch: &'a mut Scratch,
}

impl Evaluation<'_> {
    fn all(&mut self, groups: &[Group], words: Words) -> Result<(Vec<u32>, Vec<Row>), TextError> {
        let mut order = Vec::with_capacity(groups.len());
        for (at, group) in groups.iter().enumerate() {
            let clauses = group.clauses.iter().zip(&self.found[at].clauses).filter(|(clause, _)| words.has(clause));
            let cost: usize = clauses.flat_map(|(_, sources)| sources).map(Found::cost).sum();
            if cost == 0 {
                return Ok(Default::default());
            }
            order.push((cost, at));
        }
        order.sort_unstable();
        let mut docs: Vec<u32> = Vec::new();
        let mut columns: Vec<Vec<(f32, u8)>> = vec![Vec::new(); groups.len()];
        let mut done: Vec<usize> = Vec::with_capacity(groups.len());
        for (_, at) in order {
            if done.is_empty() {
                let walked = self.walk(&groups[at], at, words)?;
                docs.clone_from(&walked.0);
                columns[at].clone_from(&walked.1);
            } else {
                let (hits, values) = self.group(&groups[at], at, Some(&docs), |clause| words.has(clause))?;
                keep(&docs, &hits, &mut columns, &done);
                docs = hits;
                columns[at] = values;
            }
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

    /// Every document that may reach the share, and some that do not.
    ///
    /// The heaviest groups are walked; the others cannot reach the share without one of them, so they are looked up
    /// only where one of those was found.
    fn share(&mut self, groups: &[Group], share: f32, words: Words) -> Result<(Vec<u32>, Vec<Row>), TextError> {
        let weights: Vec<f32> = groups.iter().map(|group| group.weight).collect();
        let total: f32 = weights.iter().sum();
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
        let mut hits: Vec<Rc<Hits>> = vec![Rc::default(); groups.len()];
        let mut docs: Option<Vec<u32>> = None;
        let mut left = total;
        for &at in &order {
            if left > 0.0 && left >= share * total {
                hits[at] = self.walk(&groups[at], at, words)?;
                hits[at].0.iter().for_each(|&doc| self.scratch.either.set(doc));
            } else {
                let docs = docs.get_or_insert_with(|| self.scratch.either.to_vec());
                hits[at] = self.probe(&groups[at], at, words, docs)?;
            }
            left -= weights[at];
        }
        let docs = docs.unwrap_or_else(|| self.scratch.either.to_vec());
        docs.iter().for_each(|&doc| self.scratch.either.clear(doc));
        let mut rows = vec![Row::default(); docs.len()];
        for (at, hits) in hits.into_iter().enumerate() {
            let mut row = 0;
            for (&doc, &value) in hits.0.iter().zip(&hits.1) {
                while docs[row] != doc {
                    row += 1;
                }
                rows[row].add(at, value);
                rows[row].matched += weights[at];
            }
        }
        rows.iter_mut().for_each(|row| row.matched = (row.matched / total).min(1.0));
        Ok((docs, rows))
    }

    /// Every document of a group.
    fn walk(&mut self, group: &Group, at: usize, words: Words) -> Result<Rc<Hits>, TextError> {
        let settled = match &self.found[at].settled {
            Some(settled) => settled.clone(),
            None => Rc::new(self.group(group, at, None, |clause| !clause.is_ending)?),
        };
        self.found[at].settled = Some(settled.clone());
        if words == Words::Settled || group.clauses.iter().all(|clause| !clause.is_ending) {
            return Ok(settled);
        }
        let endings = self.group(group, at, None, |clause| clause.is_ending)?;
        Ok(Rc::new(merge(Hits::clone(&settled), endings, better)))
    }

    /// Those of `docs` that the group has.
    fn probe(&mut self, group: &Group, at: usize, words: Words, docs: &[u32]) -> Result<Rc<Hits>, TextError> {
        let settled = self.found[at].settled.clone().filter(|_| words == Words::Settled);
        let Some(settled) = settled else {
            return Ok(Rc::new(self.group(group, at, Some(docs), |clause| words.has(clause))?));
        };
        let either = &self.scratch.either;
        let known = settled.0.iter().copied().zip(settled.1.iter().copied());
        Ok(Rc::new(known.filter(|(doc, _)| either.has(*doc)).unzip()))
    }

    /// The best clause of each document; with `wanted`, of those documents only.
    fn group(
        &mut self,
        group: &Group,
        at: usize,
        wanted: Option<&[u32]>,
        takes: impl Fn(&Clause) -> bool,
    ) -> Result<Hits, TextError> {
        for &doc in wanted.unwrap_or_default() {
            self.scratch.wanted.set(doc);
        }
        let mut best = Hits::default();
        let (segment, factors) = (self.segment, self.factors);
        for (clause, found) in group.clauses.iter().zip(&self.found[at].clauses) {
            if found.is_empty() || !takes(clause) {
                continue;
            }
            let mut counter = Counter { segment, factors, scratch: self.scratch };
            for found in found {
                let source = &clause.sources[found.source];
                match source.lookup {
                    Lookup::Exact(_) | Lookup::Stem(_) => counter.count_word(source, &found.infos[0], wanted)?,
                    Lookup::Phrase(_) => counter.count_phrase(source, &found.infos, wanted.is_some())?,
                }
            }
            let next = counter.finish(clause);
            best = if best.0.is_empty() { next } else { merge(best, next, better) };
        }
        for &doc in wanted.unwrap_or_default() {
            self.scratch.wanted.clear(doc);
        }
        Ok(best)
    }
}

/// Counts the occurrences of one clause.
struct Counter<'a> {
    segment: &'a Segment,
    factors: &'a LengthFactors,
    scratch: &'a mut Scratch,
}

impl Counter<'_> {
    /// The documents in which something was counted, each with its score; leaves the memory clean.
    fn finish(self, clause: &Clause) -> Hits {
        let kept = if clause.is_begun { !SKU_BIT } else { u8::MAX };
        let word = if clause.is_number { 0 } else { WORD_BIT };
        let Scratch { occurrences, fields, marked, .. } = self.scratch;
        let n = marked.count();
        let mut hits: Hits = (Vec::with_capacity(n), Vec::with_capacity(n));
        marked.drain(|doc| {
            let tf = std::mem::take(&mut occurrences[doc as usize]);
            hits.0.push(doc);
            hits.1.push((saturate(clause.factor, tf), std::mem::take(&mut fields[doc as usize]) & kept | word));
        });
        hits
    }

    /// Adds the occurrences of one word in one field.
    fn count_word(&mut self, source: &Source, info: &TermInfo, wanted: Option<&[u32]>) -> Result<(), TextError> {
        let field = source.field as usize;
        let reader = match source.lookup {
            Lookup::Exact(_) => &self.segment.exact[field],
            _ => &self.segment.stem[field],
        };
        let mut list = reader.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
        let lengths = &self.segment.lengths[field];
        let factors = &self.factors[field];
        let (coefficient, as_written) = (source.coefficient, source.as_written);
        let bit = 1u8 << field;
        let Scratch { occurrences, fields, marked, wanted: wanted_bits, .. } = &mut *self.scratch;
        let mut add = |doc: u32, times: u32| {
            let factor = factors[usize::from(lengths[doc as usize])];
            let sum = &mut occurrences[doc as usize];
            *sum += coefficient * times as f32 * factor;
            *sum += as_written * times as f32 * factor;
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
    fn count_phrase(&mut self, source: &Source, infos: &[TermInfo], only_wanted: bool) -> Result<(), TextError> {
        let field = source.field as usize;
        let mut lists: Vec<SegmentPostings> = Vec::with_capacity(infos.len());
        for info in infos {
            let option = IndexRecordOption::WithFreqsAndPositions;
            lists.push(self.segment.stem[field].read_postings_from_terminfo(info, option)?);
        }
        let Scratch { occurrences, fields, marked, wanted, positions, .. } = &mut *self.scratch;
        positions.resize_with(positions.len().max(lists.len()), Vec::new);
        let mut doc = lists[0].doc();
        while let Some(common) = next_common(&mut lists, doc) {
            if !only_wanted || wanted.has(common) {
                for (list, positions) in lists.iter_mut().zip(positions.iter_mut()) {
                    list.positions(positions);
                }
                let times = phrase_count(&positions[..lists.len()]);
                if times > 0 {
                    let factor = self.factors[field][usize::from(self.segment.lengths[field][common as usize])];
                    occurrences[common as usize] += source.coefficient * times as f32 * factor;
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

/// Whether anything of the query is more than a number.
fn has_words(groups: &[Group], words: Words) -> bool {
    groups.iter().flat_map(|group| &group.clauses).any(|clause| words.has(clause) && !clause.is_number)
}

/// The better of two ways to satisfy a group, found in the fields of both.
fn better(a: (f32, u8), b: (f32, u8)) -> (f32, u8) {
    (a.0.max(b.0), a.1 | b.1)
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
    }
}
