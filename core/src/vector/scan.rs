//! Which vectors of a universe are nearest, exactly?
//!
//! Every allowed row is compared, best first, ties by item id; the result does not depend on the order of the rows.
//! This is the answer for small spaces and narrow universes, and the yardstick for the graph.

use std::cmp::Ordering;

use roaring::RoaringBitmap;

use super::distance::dot;
use crate::id::ItemId;

/// An item near a vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// The item.
    pub item: ItemId,
    /// Cosine in `[-1, 1]`, rounding aside.
    pub score: f32,
}

impl Near {
    /// Better first: the higher score, of equal scores the smaller item id.
    pub fn rank(&self, other: &Near) -> Ordering {
        other.score.total_cmp(&self.score).then(self.item.cmp(&other.item))
    }
}

/// The best `k` seen so far, best first. Filling it again allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Top {
    k: usize,
    best: Vec<Near>,
}

impl Top {
    /// Forgets everything and keeps the best `k` from now on.
    pub fn reset(&mut self, k: usize) {
        self.k = k;
        self.best.clear();
    }

    /// Keeps the candidate if it is among the best.
    #[inline]
    pub fn offer(&mut self, near: Near) {
        if self.best.len() >= self.k {
            match self.best.last() {
                Some(last) if near.rank(last) == Ordering::Less => drop(self.best.pop()),
                _ => return,
            }
        }
        let at = self.best.partition_point(|kept| kept.rank(&near) == Ordering::Less);
        self.best.insert(at, near);
    }

    /// The best, best first.
    pub fn best(&self) -> &[Near] {
        &self.best
    }
}

/// Unit vectors by item.
pub trait Rows {
    /// Numbers of a row.
    fn dimension(&self) -> usize;
    /// Items that have a row.
    fn items(&self) -> &RoaringBitmap;
    /// The row of an item.
    fn row(&self, item: ItemId) -> Option<&[f32]>;
}

/// Offers every row of `universe` to `top` that `allowed` lets through. `query` has the rows' dimension.
pub fn scan(rows: &impl Rows, query: &[f32], universe: &RoaringBitmap, allowed: impl Fn(u32) -> bool, top: &mut Top) {
    let mut offer = |item: u32| {
        if let Some(row) = rows.row(ItemId(item)).filter(|_| allowed(item)) {
            top.offer(Near { item: ItemId(item), score: dot(query, row) });
        }
    };
    // The smaller side is walked, the other one asked.
    if universe.len() <= rows.items().len() {
        universe.iter().for_each(&mut offer);
    } else {
        rows.items().iter().filter(|item| universe.contains(*item)).for_each(&mut offer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_is_ordered_bounded_and_breaks_ties_by_item() {
        let mut top = Top::default();
        top.reset(3);
        for (item, score) in [(5, 0.1), (4, 0.9), (9, 0.5), (2, 0.5), (7, 0.5)] {
            top.offer(Near { item: ItemId(item), score });
        }
        let kept: Vec<u32> = top.best().iter().map(|near| near.item.0).collect();
        assert_eq!(kept, [4, 2, 7]);
        top.reset(0);
        top.offer(Near { item: ItemId(1), score: 1.0 });
        assert!(top.best().is_empty());
    }
}
