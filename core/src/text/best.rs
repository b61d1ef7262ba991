//! Which matches are worth looking at closer?
//!
//! Scores are held back by what did not match, and of matches that are only to fill a list no more are kept than can be
//! on it: most are turned away by one comparison, before anybody asks whether they are live and may be shown. Which
//! ones stay depends on scores and items alone, not on the order in which they come. The list they are gathered in is kept
//! by the thread for the next search.

use std::cell::Cell;
use std::cmp::Ordering;

use smallvec::SmallVec;

use super::score::COORDINATION;
use crate::id::ItemId;

/// One match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hit {
    pub item: ItemId,
    /// What the groups that match score together.
    pub score: f32,
    /// Of each of the first eight groups, the first in the lowest byte, the fields in which it was found, a bit each.
    pub fields: u64,
}

impl Hit {
    /// Best first, ties by item.
    pub fn order(a: &Self, b: &Self) -> Ordering {
        b.score.total_cmp(&a.score).then(a.item.cmp(&b.item))
    }
}

/// Matches of the longest list that is kept for the next search.
const SPARE_HITS_MAX: usize = 1 << 16;

thread_local! {
    static SPARE: Cell<Vec<Hit>> = const { Cell::new(Vec::new()) };
}

/// Takes a list that is of no more use.
pub(super) fn give_back(mut hits: Vec<Hit>) {
    hits.clear();
    hits.shrink_to(SPARE_HITS_MAX);
    SPARE.set(hits);
}

/// Gathers matches.
pub(super) struct Best {
    hits: Vec<Hit>,
    /// How many are kept.
    n_max: usize,
    /// Scores below are not among them.
    floor: f32,
    /// Shares of the query that matched, each with the factor it puts on the score; `None` when scores stay as they are.
    factors: Option<SmallVec<[(f32, f32); 8]>>,
}

impl Best {
    /// All matches, their scores as they are.
    pub fn plain() -> Self {
        Self { hits: SPARE.take(), n_max: usize::MAX, floor: f32::NEG_INFINITY, factors: None }
    }

    /// The best `n_max`, scores held back by what did not match.
    pub fn coordinated(n_max: usize) -> Self {
        Self { factors: Some(SmallVec::new()), n_max, ..Self::plain() }
    }

    /// Takes a match in, if it is good enough and `item` knows one; `matched` is the share that did, in `(0, 1]`.
    #[inline]
    pub fn offer(&mut self, score: f32, matched: f32, fields: u64, item: impl FnOnce() -> Option<ItemId>) {
        let score = if matched < 1.0 { score * self.factor(matched) } else { score };
        if score < self.floor {
            return;
        }
        let Some(item) = item() else { return };
        self.hits.push(Hit { item, score, fields });
        if self.hits.len() >= self.n_max.saturating_mul(2) {
            self.cut();
        }
    }

    /// The matches that were kept; in which order is not defined.
    pub fn finish(mut self) -> Vec<Hit> {
        self.cut();
        self.hits
    }

    fn cut(&mut self) {
        if self.n_max > 0 && self.hits.len() > self.n_max {
            self.hits.select_nth_unstable_by(self.n_max - 1, Hit::order);
            self.floor = self.hits[self.n_max - 1].score;
        }
        self.hits.truncate(self.n_max);
    }

    /// Few different shares occur, one for each set of words, so each is raised to the power once.
    fn factor(&mut self, matched: f32) -> f32 {
        let Some(factors) = &mut self.factors else { return 1.0 };
        if let Some((_, factor)) = factors.iter().find(|(share, _)| *share == matched) {
            return *factor;
        }
        let factor = matched.powf(COORDINATION);
        if factors.len() < factors.inline_size() {
            factors.push((matched, factor));
        }
        factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_best_whatever_the_order() {
        let rows: Vec<(f32, u32)> = (0..100).map(|n| ((n * 37 % 10) as f32, n)).collect();
        let kept = |rows: &mut dyn Iterator<Item = (f32, u32)>| {
            let mut best = Best::coordinated(7);
            rows.for_each(|(score, item)| best.offer(score, 1.0, 0, || (item % 2 == 0).then_some(ItemId(item))));
            let mut kept = best.finish();
            kept.sort_unstable_by(Hit::order);
            kept.into_iter().map(|hit| (hit.score, hit.item.0)).collect::<Vec<_>>()
        };
        let mut expected: Vec<(f32, u32)> = rows.iter().copied().filter(|(_, item)| item % 2 == 0).collect();
        expected.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        expected.truncate(7);
        assert_eq!(kept(&mut rows.iter().copied()), expected);
        assert_eq!(kept(&mut rows.iter().rev().copied()), expected);
        assert_eq!(Best::coordinated(0).finish(), []);
    }

    #[test]
    fn holds_scores_back_by_what_did_not_match() {
        let score = |mut best: Best, matched| {
            best.offer(2.0, matched, 0, || Some(ItemId(1)));
            best.finish()[0].score
        };
        assert_eq!(score(Best::coordinated(1), 0.25), 0.125);
        assert_eq!((score(Best::coordinated(1), 1.0), score(Best::plain(), 0.25)), (2.0, 2.0));
    }
}
