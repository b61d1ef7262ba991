//! How are quotas kept while the list is laid out?
//!
//! One greedy pass from the first position on, each place given to the best row that may stand there: pinned rows keep
//! their places; "at least 2 of these in the first 8" takes over when no other place is left to keep it; "no more than 3
//! of a brand in a row" passes rows over for the next one of another brand, as far as the lookahead reaches, and no
//! further. No row is dropped, and since the pass looks a fixed way ahead, pages are cut from one list whatever their size.
//! A row never passes one of a better band: buried products stay behind all others.
//! What is not here: which rows a quota means, and what their values are (see [`super::rerank`]).

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::limits::QUOTA_LOOKAHEAD;

/// At least `count` of `members` within the first `first` positions.
pub(super) struct AtLeast {
    pub count: usize,
    pub first: usize,
    /// Rows that count.
    pub members: HashSet<u32>,
    /// The best members that may be moved up, best first, `count` of them or all there are.
    pub reserve: Vec<u32>,
}

/// No more than `count` rows of one value in a row.
pub(super) struct AtMostInRow {
    pub count: usize,
    /// Row to value; rows without one are not counted.
    pub values: HashMap<u32, u32>,
}

/// All quotas of a list.
#[derive(Default)]
pub(super) struct Quotas {
    pub at_least: Vec<AtLeast>,
    pub at_most: Vec<AtMostInRow>,
}

/// What is laid out.
pub(super) struct Layout<'a> {
    /// Places to fill.
    pub end: usize,
    /// Places that pins took, with their rows.
    pub pinned: &'a BTreeMap<usize, u32>,
    /// Rows that are not pinned, best first: those for all places and the lookahead behind them.
    pub queue: &'a [u32],
    /// Coarse order: a row does not pass one of a smaller band.
    pub bands: &'a dyn Fn(u32) -> (bool, u8),
}

/// Why a row stands elsewhere than its rank says: index of the quota, first those of [`Quotas::at_least`].
pub(super) type Reasons = HashMap<u32, usize>;

impl Quotas {
    /// The rows from the first place to the last.
    pub fn lay_out(&self, layout: &Layout<'_>, reasons: &mut Reasons) -> Vec<u32> {
        let mut pass =
            Pass { quotas: self, layout, rows: Vec::with_capacity(layout.end), used: HashSet::new(), next: 0 };
        for at in 0..layout.end {
            let Some(row) = layout.pinned.get(&at).copied().or_else(|| pass.pick(at, reasons)) else { break };
            pass.rows.push(row);
        }
        pass.rows
    }
}

struct Pass<'p, 'a> {
    quotas: &'p Quotas,
    layout: &'p Layout<'a>,
    rows: Vec<u32>,
    /// Rows of the queue that stand already.
    used: HashSet<u32>,
    /// First row of the queue that may be unused.
    next: usize,
}

impl Pass<'_, '_> {
    /// The row for a place that no pin took.
    fn pick(&mut self, at: usize, reasons: &mut Reasons) -> Option<u32> {
        while self.layout.queue.get(self.next).is_some_and(|row| self.used.contains(row)) {
            self.next += 1;
        }
        let row = match (0..self.quotas.at_least.len()).find_map(|quota| Some((quota, self.forced(quota, at)?))) {
            Some((quota, row)) => {
                if self.layout.queue.get(self.next) != Some(&row) {
                    reasons.entry(row).or_insert(quota);
                }
                row
            }
            None => self.first_fitting(at, reasons)?,
        };
        self.used.insert(row);
        Some(row)
    }

    /// The member that must stand here, because every place left in the first ones is needed.
    fn forced(&self, quota: usize, at: usize) -> Option<u32> {
        let AtLeast { count, first, members, reserve } = &self.quotas.at_least[quota];
        if at >= *first {
            return None;
        }
        let pins_ahead = || self.layout.pinned.range(at..*first);
        let standing = self.rows.iter().filter(|row| members.contains(row)).count();
        let coming = pins_ahead().filter(|(_, row)| members.contains(row)).count();
        let missing = count.saturating_sub(standing + coming);
        let left = first - at - pins_ahead().count();
        if missing == 0 || missing < left {
            return None;
        }
        let free = |row: &&u32| !self.used.contains(row);
        let mut candidates = reserve.iter().filter(free);
        let fitting = candidates.clone().find(|row| self.breaks(**row, at).is_none());
        fitting.or_else(|| candidates.next()).copied()
    }

    /// The best row that breaks no quota; the best one when every row near by does.
    fn first_fitting(&self, at: usize, reasons: &mut Reasons) -> Option<u32> {
        let mut free = self.layout.queue[self.next..].iter().copied().filter(|row| !self.used.contains(row));
        let best = free.next()?;
        let Some(broken) = self.breaks(best, at) else { return Some(best) };
        let band = (self.layout.bands)(best);
        let near = free.take(QUOTA_LOOKAHEAD).take_while(|row| (self.layout.bands)(*row) == band);
        let Some(other) = near.into_iter().find(|row| self.breaks(*row, at).is_none()) else { return Some(best) };
        reasons.entry(best).or_insert(broken);
        reasons.entry(other).or_insert(broken);
        Some(other)
    }

    /// The quota that is broken when `row` stands at `at`, counting the pins right behind it.
    fn breaks(&self, row: u32, at: usize) -> Option<usize> {
        let broken = self.quotas.at_most.iter().position(|quota| {
            let Some(value) = quota.values.get(&row) else { return false };
            let same = |row: &u32| quota.values.get(row) == Some(value);
            let before = self.rows.iter().rev().take_while(|row| same(row)).count();
            let behind = (at + 1..).map_while(|at| self.layout.pinned.get(&at)).take_while(|row| same(row)).count();
            before + 1 + behind > quota.count
        });
        broken.map(|quota| self.quotas.at_least.len() + quota)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(quotas: &Quotas, pins: &[(usize, u32)], total: u32, end: usize) -> Vec<u32> {
        let pinned: BTreeMap<usize, u32> = pins.iter().copied().collect();
        let is_pinned = |row: &u32| pins.iter().any(|(_, pinned)| pinned == row);
        let reserves: usize = quotas.at_least.iter().map(|quota| quota.count).sum();
        let reach = end + pins.len() + QUOTA_LOOKAHEAD + reserves;
        let queue: Vec<u32> = (0..total).take(reach).filter(|row| !is_pinned(row)).collect();
        let layout = Layout { end, pinned: &pinned, queue: &queue, bands: &|row| (false, u8::from(row >= 90)) };
        quotas.lay_out(&layout, &mut Reasons::new())
    }

    fn at_least(count: usize, first: usize, members: &[u32], pinned: &[u32]) -> AtLeast {
        let reserve = members.iter().copied().filter(|row| !pinned.contains(row)).take(count).collect();
        AtLeast { count, first, members: members.iter().copied().collect(), reserve }
    }

    /// Rows below `to` have the value 0, the others their own number.
    fn at_most(count: usize, to: u32) -> AtMostInRow {
        AtMostInRow { count, values: (0..200).map(|row| (row, if row < to { 0 } else { row })).collect() }
    }

    #[test]
    fn members_are_moved_up_no_further_than_needed() {
        let check = |quota: AtLeast, pins: &[(usize, u32)], expected: &[u32]| {
            let quotas = Quotas { at_least: vec![quota], at_most: Vec::new() };
            assert_eq!(laid_out(&quotas, pins, 12, expected.len()), expected);
        };
        check(at_least(2, 4, &[1, 3], &[]), &[], &[0, 1, 2, 3, 4]);
        check(at_least(2, 4, &[7, 9, 11], &[]), &[], &[0, 1, 7, 9, 2, 3, 4, 5, 6, 8]);
        check(at_least(2, 3, &[1, 9], &[]), &[], &[0, 1, 9, 2]);
        check(at_least(2, 4, &[7, 9], &[7]), &[(3, 7)], &[0, 1, 9, 7, 2]);
        check(at_least(2, 3, &[7, 9], &[]), &[(2, 5)], &[7, 9, 5, 0, 1]);
        check(at_least(9, 9, &[7], &[]), &[], &[7, 0, 1, 2]);
    }

    #[test]
    fn runs_are_broken_where_something_else_is_near() {
        let check = |quota: AtMostInRow, pins: &[(usize, u32)], expected: &[u32]| {
            let quotas = Quotas { at_least: Vec::new(), at_most: vec![quota] };
            assert_eq!(laid_out(&quotas, pins, 12, expected.len()), expected);
        };
        check(at_most(2, 5), &[], &[0, 1, 5, 2, 3, 6, 4, 7]);
        check(at_most(2, 5), &[(2, 4)], &[0, 5, 4, 1, 6, 2, 3, 7]);
        check(at_most(2, 12), &[], &[0, 1, 2, 3]);
        check(at_most(1, 3), &[(0, 2), (1, 1)], &[2, 1, 3, 0, 4]);
    }

    #[test]
    fn a_band_is_not_passed_and_the_lookahead_ends() {
        let quotas = Quotas { at_least: Vec::new(), at_most: vec![at_most(2, 90)] };
        assert_eq!(laid_out(&quotas, &[], 100, 4), [0, 1, 2, 3], "row 90 lies in a later band");
        let far = QUOTA_LOOKAHEAD as u32 + 3;
        let quotas = |to| Quotas { at_least: Vec::new(), at_most: vec![at_most(2, to)] };
        assert_eq!(laid_out(&quotas(far), &[], 80, 3), [0, 1, 2]);
        assert_eq!(laid_out(&quotas(far - 1), &[], 80, 3), [0, 1, far - 1]);
    }

    #[test]
    fn pages_of_any_size_are_cut_from_one_list_that_holds_every_row() {
        let quotas = Quotas {
            at_least: vec![at_least(3, 9, &[20, 21, 29], &[]), at_least(1, 2, &[11], &[])],
            at_most: vec![
                at_most(2, 12),
                AtMostInRow { count: 1, values: (0..30).map(|row| (row, row % 4)).collect() },
            ],
        };
        let pins = [(4, 0), (5, 25), (29, 2)];
        let whole = laid_out(&quotas, &pins, 30, 30);
        let mut sorted = whole.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..30).collect::<Vec<_>>());
        assert_eq!((whole[4], whole[5], whole[29]), (0, 25, 2));
        for end in 1..30 {
            assert_eq!(laid_out(&quotas, &pins, 30, end), whole[..end]);
        }
    }
}
