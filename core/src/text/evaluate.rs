//! Which documents of one segment match, and how well?
//!
//! Postings are walked list by list (tantivy's block cursors), adding weighted occurrences into one dense array;
//! groups are taken from the cheapest up, and later ones look only at documents that still match, by skipping when
//! few are left. tantivy's own scorers are not used: their sums run in an order that depends on the segment, so
//! the last bits of a score would too. Here a document's additions come in the order of the compiled query, always.

use std::cell;
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

/// Lists that a thread keeps to write the next ones into.
const SPARE_LISTS_MAX: usize = 12;
/// Documents of the longest list that is kept so.
const SPARE_DOCS_MAX: usize = 1 << 16;

/// What was counted in one document so far.
#[derive(Clone, Copy, Default)]
struct Cell {
    /// Weighted occurrences.
    tf: f32,
    /// The fields they stand in, a bit each; none before the first occurrence.
    fields: u8,
}

/// Working memory, kept by each thread between searches; clean (all zero, no documents) whenever it is put back. Long
/// lists are written into memory that was used before: fresh memory is given by the system in large pages, and clearing
/// these would cost as much as walking the postings.
#[derive(Default)]
struct Scratch {
    cells: Vec<Cell>,
    marked: Bits,
    wanted: Bits,
    either: Bits,
    positions: Vec<Vec<u32>>,
    spare: Vec<Hits>,
    /// What a pass found: documents, and what each came to.
    docs: Vec<u32>,
    rows: Vec<Row>,
}

thread_local! {
    static SCRATCH: cell::Cell<Option<Box<Scratch>>> = const { cell::Cell::new(None) };
}

impl Scratch {
    /// This thread's, with room for `n` documents. Taken out, not borrowed: should anything unwind, the memory is
    /// dropped and the next search gets clean one.
    fn take(n: usize) -> Box<Self> {
        let mut scratch = SCRATCH.take().unwrap_or_default();
        if scratch.cells.len() < n {
            scratch.cells.resize(n, Cell::default());
        }
        scratch.marked.grow(n);
        scratch.wanted.grow(n);
        scratch.either.grow(n);
        scratch
    }

    fn put_back(mut self: Box<Self>) {
        self.docs.clear();
        self.rows.clear();
        self.docs.shrink_to(SPARE_DOCS_MAX);
        self.rows.shrink_to(SPARE_DOCS_MAX);
        SCRATCH.set(Some(self));
    }

    /// An empty list.
    fn list(&mut self) -> Hits {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes a list that is of no more use.
    fn give_back(&mut self, mut list: Hits) {
        if self.spare.len() < SPARE_LISTS_MAX && (1..=SPARE_DOCS_MAX).contains(&list.0.capacity()) {
            list.0.clear();
            list.1.clear();
            self.spare.push(list);
        }
    }

    /// Takes a list back that others may still look at.
    fn give_back_shared(&mut self, list: Rc<Hits>) {
        if let Ok(list) = Rc::try_unwrap(list) {
            self.give_back(list);
        }
    }
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
        let mut scratch = Scratch::take(self.segment.n_docs());
        let segment = self.segment;
        let mut run = Evaluation { segment, factors: self.factors, found: &mut self.groups, scratch: &mut scratch };
        let (least, needs_word) = match join {
            Join::All => {
                run.all(groups, words)?;
                (0.0, false)
            }
            Join::Share(share) => {
                run.share(groups, share, words)?;
                (share, has_words(groups, words))
            }
        };
        for (&doc, &Row { score, matched, fields, has_word }) in scratch.docs.iter().zip(&scratch.rows) {
            if matched < least || needs_word && !has_word {
                continue;
            }
            best.offer(score, matched, fields, || {
                let item = segment.live_item(doc)?;
                universe.is_none_or(|universe| universe.contains(item.0)).then_some(item)
            });
        }
        scratch.put_back();
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

impl Drop for InSegment<'_> {
    fn drop(&mut self) {
        // Without memory to give them back to, lists are simply dropped.
        let Some(mut scratch) = SCRATCH.take() else { return };
        let walked = self.groups.iter_mut().filter_map(|group| group.settled.take());
        walked.for_each(|list| scratch.give_back_shared(list));
        SCRATCH.set(Some(scratch));
    }
}

/// One pass; what it finds is left in the `docs` and `rows` of the working memory.
struct Evaluation<'a> {
    segment: &'a Segment,
    factors: &'a LengthFactors,
    found: &'a mut [FoundGroup],
    scratch: &'a mut Scratch,
}

impl Evaluation<'_> {
    fn all(&mut self, groups: &[Group], words: Words) -> Result<(), TextError> {
        let mut order: SmallVec<[(usize, usize); 8]> = SmallVec::new();
        for (at, group) in groups.iter().enumerate() {
            let clauses = group.clauses.iter().zip(&self.found[at].clauses).filter(|(clause, _)| words.has(clause));
            let cost: usize = clauses.flat_map(|(_, sources)| sources).map(Found::cost).sum();
            if cost == 0 {
                return Ok(());
            }
            order.push((cost, at));
        }
        order.sort_unstable();
        let Some((&(_, first), others)) = order.split_first() else { return Ok(()) };
        // By group, what its documents score, of those that match all groups so far; the first, which is the longest
        // list, is cut to them once, when the others are through.
        let mut columns: SmallVec<[Option<Hits>; 8]> = groups.iter().map(|_| None).collect();
        let walked = self.walk(&groups[first], first, words)?;
        let mut last = None;
        for &(_, at) in others {
            let docs = &last.and_then(|last: usize| columns[last].as_ref()).unwrap_or(&walked).0;
            let hits = self.group(&groups[at], at, Some(docs), |clause| words.has(clause))?;
            let is_over = hits.0.is_empty();
            columns[at] = Some(hits);
            last = Some(at);
            if is_over {
                break;
            }
        }
        let docs = &last.and_then(|last: usize| columns[last].as_ref()).unwrap_or(&walked).0;
        let Scratch { docs: out, rows, .. } = &mut *self.scratch;
        out.extend_from_slice(docs);
        rows.resize(out.len(), Row { matched: 1.0, ..Row::default() });
        // In the order of the query, whatever the order of evaluation was.
        for (at, column) in columns.iter().enumerate() {
            let column = if at == first { Some(&*walked) } else { column.as_ref() };
            column.into_iter().for_each(|hits| add_column(at, hits, out, rows));
        }
        columns.into_iter().flatten().for_each(|hits| self.scratch.give_back(hits));
        self.scratch.give_back_shared(walked);
        Ok(())
    }

    /// Every document that may reach the share, and some that do not.
    ///
    /// The heaviest groups are walked; the others cannot reach the share without one of them, so they are looked up
    /// only where one of those was found.
    fn share(&mut self, groups: &[Group], share: f32, words: Words) -> Result<(), TextError> {
        let weights: SmallVec<[f32; 8]> = groups.iter().map(|group| group.weight).collect();
        let total: f32 = weights.iter().sum();
        let mut order: SmallVec<[usize; 8]> = (0..groups.len()).collect();
        order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
        let mut hits: SmallVec<[Rc<Hits>; 8]> = groups.iter().map(|_| Rc::default()).collect();
        let mut docs: Option<Vec<u32>> = None;
        let mut left = total;
        for &at in &order {
            if left > 0.0 && left >= share * total {
                hits[at] = self.walk(&groups[at], at, words)?;
                hits[at].0.iter().for_each(|&doc| self.scratch.either.set(doc));
            } else {
                if docs.is_none() {
                    docs = Some(self.either());
                }
                hits[at] = self.probe(&groups[at], at, words, docs.as_deref().unwrap_or_default())?;
            }
            left -= weights[at];
        }
        let docs = docs.unwrap_or_else(|| self.either());
        docs.iter().for_each(|&doc| self.scratch.either.clear(doc));
        let rows = &mut self.scratch.rows;
        rows.resize(docs.len(), Row::default());
        for (at, hits) in hits.iter().enumerate() {
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
        self.scratch.docs = docs;
        hits.into_iter().for_each(|hits| self.scratch.give_back_shared(hits));
        Ok(())
    }

    /// The documents of either group so far, in the memory for what a pass finds.
    fn either(&mut self) -> Vec<u32> {
        let mut docs = std::mem::take(&mut self.scratch.docs);
        self.scratch.either.list(&mut docs);
        docs
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
        if endings.0.is_empty() {
            return Ok(settled);
        }
        let mut both = self.scratch.list();
        merge(&settled, &endings, better, &mut both);
        self.scratch.give_back(endings);
        Ok(Rc::new(both))
    }

    /// Those of `docs` that the group has.
    fn probe(&mut self, group: &Group, at: usize, words: Words, docs: &[u32]) -> Result<Rc<Hits>, TextError> {
        let settled = self.found[at].settled.clone().filter(|_| words == Words::Settled);
        let Some(settled) = settled else {
            return Ok(Rc::new(self.group(group, at, Some(docs), |clause| words.has(clause))?));
        };
        let mut known = self.scratch.list();
        let either = &self.scratch.either;
        let all = settled.0.iter().copied().zip(settled.1.iter().copied());
        known.extend(all.filter(|(doc, _)| either.has(*doc)));
        Ok(Rc::new(known))
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
        let mut best = self.scratch.list();
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
            if best.0.is_empty() {
                counter.finish(clause, &mut best);
                continue;
            }
            let mut next = counter.scratch.list();
            counter.finish(clause, &mut next);
            if !next.0.is_empty() {
                let mut both = self.scratch.list();
                merge(&best, &next, better, &mut both);
                self.scratch.give_back(std::mem::replace(&mut best, both));
            }
            self.scratch.give_back(next);
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
    /// Writes the documents in which something was counted, each with its score, into an empty list; leaves the memory
    /// clean.
    fn finish(&mut self, clause: &Clause, hits: &mut Hits) {
        let kept = if clause.is_begun { !SKU_BIT } else { u8::MAX };
        let word = if clause.is_number { 0 } else { WORD_BIT };
        let Scratch { cells, marked, .. } = &mut *self.scratch;
        let n = marked.count();
        hits.0.reserve(n);
        hits.1.reserve(n);
        marked.drain(|doc| {
            let Cell { tf, fields } = std::mem::take(&mut cells[doc as usize]);
            hits.0.push(doc);
            hits.1.push((saturate(clause.factor, tf), fields & kept | word));
        });
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
        let Scratch { cells, marked, wanted: wanted_bits, .. } = &mut *self.scratch;
        let mut add = |doc: u32, times: u32| {
            let factor = factors[usize::from(lengths[doc as usize])];
            let cell = &mut cells[doc as usize];
            cell.tf += coefficient * times as f32 * factor;
            cell.tf += as_written * times as f32 * factor;
            if cell.fields == 0 {
                marked.set(doc);
            }
            cell.fields |= bit;
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
        let Scratch { cells, marked, wanted, positions, .. } = &mut *self.scratch;
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
                    let cell = &mut cells[common as usize];
                    cell.tf += source.coefficient * times as f32 * factor;
                    cell.fields |= 1 << field;
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

/// Adds the group at `at` to the rows of `docs`, all of which it has; both are increasing.
fn add_column(at: usize, hits: &Hits, docs: &[u32], rows: &mut [Row]) {
    if hits.0.len() == docs.len() {
        return rows.iter_mut().zip(&hits.1).for_each(|(row, &value)| row.add(at, value));
    }
    let mut from = 0;
    for (doc, row) in docs.iter().zip(rows) {
        while hits.0[from] != *doc {
            from += 1;
        }
        row.add(at, hits.1[from]);
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

/// Writes the union of two increasing lists into an empty one; values of documents in both are combined, the left one
/// first.
fn merge<T: Copy>(
    left: &(Vec<u32>, Vec<T>),
    right: &(Vec<u32>, Vec<T>),
    combine: impl Fn(T, T) -> T,
    both: &mut (Vec<u32>, Vec<T>),
) {
    let (docs, values) = both;
    docs.reserve(left.0.len() + right.0.len());
    values.reserve(left.0.len() + right.0.len());
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
    fn merges_and_adds_columns() {
        let mut merged = Default::default();
        merge(&(vec![1, 3, 5], vec![1, 3, 5]), &(vec![3, 4], vec![10, 20]), |a, b| a + b, &mut merged);
        assert_eq!(merged, (vec![1, 3, 4, 5], vec![1, 13, 20, 5]));
        let hits = (vec![4, 5, 9], vec![(1.0, 0), (2.0, 1), (3.0, 2)]);
        let mut rows = [Row::default(); 2];
        add_column(0, &hits, &[4, 9], &mut rows);
        add_column(1, &(vec![4, 9], vec![(0.5, 4), (0.25, 0)]), &[4, 9], &mut rows);
        assert_eq!(rows.map(|row| (row.score, row.fields)), [(1.5, 4 << 8), (3.25, 2)]);
    }
}
