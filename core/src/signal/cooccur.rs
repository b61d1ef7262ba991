//! Which items go together?
//!
//! Pair counts, one bounded row per item and kind, counted live. A row is ordered by recency. Two products of a short
//! order say more about each other than two of a long one, so pairs of orders also carry a weight. A full row (see
//! `limits`) keeps four fifths, the largest counts and of equal counts the most recent, so that a newcomer has time to
//! gather support. Rows are shared copy-on-write, 32 to a chunk. The score is computed when asked, from the counts of
//! the same moment, so it depends on the log and never on when a view was published. Which pairs count is decided by
//! the callers: items of a visit, items of an order.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::chunked::Chunked;
use super::memory::{SHARED, growth};
use crate::id::ItemId;
use crate::limits::{BOUGHT_NEIGHBORS_MAX, NEIGHBORS_KEPT, NEIGHBORS_MAX};

/// How two items were seen together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum CoKind {
    /// Viewed in the same visit; symmetric.
    ViewedViewed = 0,
    /// Of a viewed item: what was bought in the same visit.
    ViewedBought = 1,
    /// Bought in the same order; symmetric.
    BoughtBought = 2,
}

impl CoKind {
    /// Every kind.
    pub const ALL: [CoKind; 3] = [CoKind::ViewedViewed, CoKind::ViewedBought, CoKind::BoughtBought];

    /// Most neighbors of a row.
    pub const fn neighbors_max(self) -> usize {
        match self {
            CoKind::ViewedViewed | CoKind::ViewedBought => NEIGHBORS_MAX,
            CoKind::BoughtBought => BOUGHT_NEIGHBORS_MAX,
        }
    }
}

/// An item seen together with another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// The item.
    pub item: ItemId,
    /// Strength, 0 or more and comparable within one list: of items seen in visits in `[0, 1)`, see [`cosine`]; of
    /// items bought together an estimated probability in `[0, 1]` (`alongside`), which is lowered where chance explains
    /// it; of what completes a basket (`together`) without a bound.
    pub score: f32,
}

impl Neighbor {
    /// The higher score first, of equal ones the smaller item id.
    pub(super) fn better(a: &Neighbor, b: &Neighbor) -> Ordering {
        b.score.total_cmp(&a.score).then(a.item.cmp(&b.item))
    }

    /// Sorts by [`Self::better`].
    pub(super) fn best_first(neighbors: &mut [Neighbor]) {
        neighbors.sort_unstable_by(Self::better);
    }
}

/// Shrinkage of [`cosine`]: with this much geometric-mean support the score is half of the plain cosine.
pub const COSINE_SHRINKAGE: f64 = 10.0;

/// How strongly two items belong together: `n_ij / (sqrt(n_i * n_j) + 10)`, cut to below 1.
///
/// The cosine of the two items' visit (or order) vectors, after Sarwar et al., "Item-Based Collaborative
/// Filtering Recommendation Algorithms", WWW 2001, section 3.1.1, shrunk towards 0 at small support.
/// `together` is `n_ij`, the others how often each item was counted at all.
pub fn cosine(together: u32, one: u32, other: u32) -> f32 {
    let support = (f64::from(one) * f64::from(other)).sqrt().max(f64::from(together));
    (f64::from(together) / (support + COSINE_SHRINKAGE)) as f32
}

/// Parts that the weight of a pair of orders is counted in: whole numbers, so that what is taken back leaves nothing.
pub(super) const WEIGHT_PARTS: u32 = 256;
/// How strongly the size of an order weighs its pairs down.
const SIZE_EXPONENT: f64 = -0.6;

/// What an order of `lines` paired lines adds to the weight of each of its pairs, in 256ths: `256 lines^-0.6`.
///
/// Who looks at one product of an order looks at one of `lines`, so `1 / lines` would be unbiased; long orders are
/// also more pairs seen, and -0.4 to -0.7 did equally well where it was measured.
pub(super) fn order_weight(lines: usize) -> u32 {
    (f64::from(WEIGHT_PARTS) * (lines.max(1) as f64).powf(SIZE_EXPONENT)).round() as u32
}

/// One neighbor in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) item: ItemId,
    pub(super) count: u32,
}

/// Most bytes of one row of a kind: it never has room for more neighbors than it may hold.
pub(super) const fn row_bytes_max(kind: CoKind) -> usize {
    let weight = match kind {
        CoKind::ViewedViewed | CoKind::ViewedBought => 0,
        CoKind::BoughtBought => size_of::<u32>(),
    };
    SHARED + size_of::<Row>() + kind.neighbors_max() * (size_of::<Pair>() + weight)
}

/// Neighbors of one item, the one counted last at the end.
#[derive(Clone, Debug, Default)]
struct Row {
    pairs: Vec<Pair>,
    /// The weight of each pair in 256ths; empty where pairs have none.
    weights: Vec<u32>,
}

impl Row {
    /// `weight` is `None` where pairs have none.
    fn add(&mut self, item: ItemId, weight: Option<u32>, neighbors_max: usize) {
        let (mut pair, mut sum) = (Pair { item, count: 0 }, 0_u32);
        match self.pairs.iter().rposition(|p| p.item == item) {
            Some(i) => {
                pair = self.pairs.remove(i);
                sum = weight.map_or(0, |_| self.weights.remove(i));
            }
            None if self.pairs.len() >= neighbors_max => self.prune(),
            None => {}
        }
        if self.pairs.len() == self.pairs.capacity() {
            self.pairs.reserve_exact(growth(self.pairs.len(), neighbors_max));
        }
        pair.count = pair.count.saturating_add(1);
        self.pairs.push(pair);
        if let Some(weight) = weight {
            if self.weights.len() == self.weights.capacity() {
                self.weights.reserve_exact(growth(self.weights.len(), neighbors_max));
            }
            self.weights.push(sum.saturating_add(weight));
        }
    }

    fn sub(&mut self, item: ItemId, weight: Option<u32>) {
        if let Some(i) = self.pairs.iter().position(|p| p.item == item) {
            self.pairs[i].count -= 1;
            if let Some(weight) = weight {
                self.weights[i] = self.weights[i].saturating_sub(weight);
            }
            if self.pairs[i].count == 0 {
                self.pairs.remove(i);
                weight.map(|_| self.weights.remove(i));
            }
        }
    }

    fn bytes(&self) -> usize {
        let (pairs, weights) = (self.pairs.capacity() * size_of::<Pair>(), self.weights.capacity() * size_of::<u32>());
        SHARED + size_of::<Self>() + pairs + weights
    }

    fn prune(&mut self) {
        let mut by_worth: Vec<(u32, usize)> = self.pairs.iter().enumerate().map(|(i, p)| (p.count, i)).collect();
        by_worth.sort_unstable_by(|a, b| b.cmp(a));
        let mut keep = vec![false; self.pairs.len()];
        let (kept, of) = NEIGHBORS_KEPT;
        by_worth.iter().take(self.pairs.len() * kept / of).for_each(|&(_, i)| keep[i] = true);
        let mut kept = keep.iter();
        self.pairs.retain(|_| kept.next().copied().unwrap_or(false));
        let mut kept = keep.iter();
        self.weights.retain(|_| kept.next().copied().unwrap_or(false));
    }
}

const ROWS: usize = 32;

type RowChunk = [Option<Arc<Row>>; ROWS];

/// All rows of one kind; clones share what was not touched since.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    chunks: Chunked<RowChunk>,
    neighbors_max: usize,
}

impl Default for Rows {
    fn default() -> Self {
        Self::of(CoKind::ViewedViewed)
    }
}

impl Rows {
    /// No rows yet.
    pub(super) fn of(kind: CoKind) -> Self {
        Self { chunks: Chunked::default(), neighbors_max: kind.neighbors_max() }
    }

    /// `other` was seen with `item` once more; `weight` as in every other call of these rows.
    pub(super) fn add(&mut self, item: ItemId, other: ItemId, weight: Option<u32>) {
        if item != other {
            let slot = &mut self.chunks.get_mut(item.index() / ROWS)[item.index() % ROWS];
            Arc::make_mut(slot.get_or_insert_default()).add(other, weight, self.neighbors_max);
        }
    }

    /// Once less, with the weight it was added with; nothing when the pair was pruned meanwhile.
    pub(super) fn sub(&mut self, item: ItemId, other: ItemId, weight: Option<u32>) {
        if let Some(row) = self.row_with(item, other) {
            row.sub(other, weight);
        }
    }

    /// What was added with the weight `was` weighs `is` from now on; nothing when the pair was pruned meanwhile.
    pub(super) fn reweigh(&mut self, item: ItemId, other: ItemId, was: u32, is: u32) {
        if let Some(row) = self.row_with(item, other)
            && let Some(i) = row.pairs.iter().position(|pair| pair.item == other)
        {
            row.weights[i] = row.weights[i].saturating_sub(was).saturating_add(is);
        }
    }

    /// The row of an item if it has the pair; only then it is copied for the change.
    fn row_with(&mut self, item: ItemId, other: ItemId) -> Option<&mut Row> {
        self.pairs(item).iter().any(|pair| pair.item == other).then_some(())?;
        self.chunks.get_mut(item.index() / ROWS)[item.index() % ROWS].as_mut().map(Arc::make_mut)
    }

    /// The pairs of an item, in order of recency.
    pub(super) fn pairs(&self, item: ItemId) -> &[Pair] {
        self.row(item).map_or(&[], |row| &row.pairs)
    }

    /// The weights of the same pairs in 256ths, in the same order; none where pairs have none.
    pub(super) fn weights(&self, item: ItemId) -> &[u32] {
        self.row(item).map_or(&[], |row| &row.weights)
    }

    fn row(&self, item: ItemId) -> Option<&Row> {
        self.chunks.get(item.index() / ROWS)?[item.index() % ROWS].as_deref()
    }

    /// Bytes of all rows.
    pub(super) fn bytes(&self) -> usize {
        let rows = self.chunks.iter().flat_map(|(_, chunk)| chunk).flatten();
        self.chunks.bytes() + rows.map(|row| row.bytes()).sum::<usize>()
    }

    pub(super) fn save(&self) -> SavedRows {
        let rows = self.chunks.iter().flat_map(|(c, rows)| {
            rows.iter().enumerate().filter_map(move |(r, row)| {
                let row = row.as_ref().filter(|row| !row.pairs.is_empty())?;
                Some((ItemId((c * ROWS + r) as u32), row.pairs.clone(), row.weights.clone()))
            })
        });
        SavedRows { rows: rows.collect() }
    }

    pub(super) fn load(saved: SavedRows, kind: CoKind) -> Self {
        let mut rows = Self::of(kind);
        for (item, pairs, weights) in saved.rows {
            rows.chunks.get_mut(item.index() / ROWS)[item.index() % ROWS] = Some(Arc::new(Row { pairs, weights }));
        }
        rows
    }
}

/// [`Rows`] as they stand in a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedRows {
    rows: Vec<(ItemId, Vec<Pair>, Vec<u32>)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_and_popularity_weigh_down() {
        assert!(cosine(30, 40, 40) > cosine(30, 40, 4_000));
        assert!(cosine(30, 40, 40) > cosine(3, 4, 4));
        assert_eq!(cosine(0, 0, 0), 0.0);
        assert_eq!(cosine(10, 10, 10), 0.5);
        assert!(cosine(u32::MAX, 1, 1) < 1.0 + f32::EPSILON);
    }

    #[test]
    fn a_full_row_keeps_the_strong_and_the_recent() {
        let mut rows = Rows::default();
        let item = ItemId(0);
        for _ in 0..2 {
            rows.add(item, ItemId(1), None);
        }
        for other in 2..1_000 {
            rows.add(item, ItemId(other), None);
            assert!(rows.pairs(item).len() <= NEIGHBORS_MAX);
        }
        let kept: Vec<u32> = rows.pairs(item).iter().map(|pair| pair.item.0).collect();
        assert!(kept.contains(&1), "the strongest stays");
        assert!(kept.contains(&999) && kept.contains(&900), "the recent stay");
        assert!(!kept.contains(&2), "the old and weak go");
    }

    #[test]
    fn a_row_takes_no_more_memory_than_its_bound_says() {
        for kind in CoKind::ALL {
            let mut rows = Rows::of(kind);
            let weight = (kind == CoKind::BoughtBought).then_some(1);
            rows.add(ItemId(0), ItemId(1), weight);
            let chunk = rows.bytes() - rows.row(ItemId(0)).unwrap().bytes();
            let mut most = 0;
            for other in 1..1_000 {
                rows.add(ItemId(0), ItemId(other), weight);
                most = most.max(rows.bytes() - chunk);
                // A reader holds the row now and then, so that it is copied.
                let _held = (other % 7 == 0).then(|| rows.clone());
                rows.add(ItemId(0), ItemId(other), weight);
                most = most.max(rows.bytes() - chunk);
            }
            assert_eq!(most, row_bytes_max(kind), "{kind:?}");
        }
    }

    #[test]
    fn what_is_taken_back_leaves_nothing() {
        let mut rows = Rows::of(CoKind::BoughtBought);
        let (short, long) = (Some(order_weight(2)), Some(order_weight(50)));
        assert!(short > long && long > Some(0));
        rows.add(ItemId(70), ItemId(2), short);
        rows.add(ItemId(70), ItemId(70), short);
        assert_eq!(rows.pairs(ItemId(70)), [Pair { item: ItemId(2), count: 1 }]);
        rows.reweigh(ItemId(70), ItemId(2), order_weight(2), order_weight(50));
        rows.reweigh(ItemId(70), ItemId(3), order_weight(2), order_weight(50));
        assert_eq!(rows.weights(ItemId(70)), [order_weight(50)]);
        rows.sub(ItemId(70), ItemId(3), long);
        rows.sub(ItemId(70), ItemId(2), long);
        rows.sub(ItemId(70), ItemId(2), long);
        assert_eq!(rows.save(), Rows::default().save());
    }

    #[test]
    fn a_weight_stays_with_its_pair() {
        let mut rows = Rows::of(CoKind::BoughtBought);
        for round in 0..3 {
            for other in 1..=BOUGHT_NEIGHBORS_MAX as u32 + 40 * round {
                rows.add(ItemId(0), ItemId(other), Some(other));
            }
        }
        for (pair, weight) in rows.pairs(ItemId(0)).iter().zip(rows.weights(ItemId(0))) {
            assert_eq!(*weight, pair.count * pair.item.0, "{pair:?}");
        }
        assert_eq!(rows.pairs(ItemId(0)).len(), rows.weights(ItemId(0)).len());
    }
}
