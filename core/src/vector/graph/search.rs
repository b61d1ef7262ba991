//! How is the graph walked?
//!
//! From the entry greedily down the upper levels, then best first over the ground, where every row is a stepping
//! stone but only allowed rows are kept. Equal scores are ordered by row, so that a walk is always the same.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Graph, Packed};
use crate::id::ItemId;
use crate::vector::distance::dot;
use crate::vector::scan::{Near, Top};

/// What a walk needs besides the graph; filled again and again, it allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// Row → number of the walk that saw it last.
    seen: Vec<u32>,
    walk: u32,
    open: BinaryHeap<Stone>,
    kept: BinaryHeap<Reverse<Stone>>,
}

/// A row seen on the way; the larger stone is the nearer one, of equally near ones the smaller row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stone(u64);

impl Stone {
    fn new(score: f32, row: u32) -> Self {
        let bits = score.to_bits();
        // Floats in an order that integers have, too.
        let rank = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        Self(u64::from(rank) << 32 | u64::from(!row))
    }

    fn row(self) -> u32 {
        !(self.0 as u32)
    }

    fn score(self) -> f32 {
        let rank = (self.0 >> 32) as u32;
        f32::from_bits(if rank >> 31 == 1 { rank & !(1 << 31) } else { !rank })
    }
}

impl Scratch {
    fn begin(&mut self, n_rows: usize) {
        if self.seen.len() < n_rows {
            self.seen.resize(n_rows, 0);
        }
        self.walk = self.walk.wrapping_add(1);
        if self.walk == 0 {
            self.seen.fill(0);
            self.walk = 1;
        }
        self.open.clear();
        self.kept.clear();
    }

    /// Whether this walk sees the row for the first time.
    fn first(&mut self, row: u32) -> bool {
        std::mem::replace(&mut self.seen[row as usize], self.walk) != self.walk
    }
}

impl Graph {
    /// Offers the nearest rows to `top`, as far as a walk that keeps `ef` allowed rows finds them. `query` is a unit
    /// vector of the rows' dimension; `allowed` speaks of items.
    pub fn search(
        &self,
        packed: &Packed,
        query: &[f32],
        ef: usize,
        allowed: impl Fn(u32) -> bool,
        scratch: &mut Scratch,
        top: &mut Top,
    ) {
        let score = |row: u32| Stone::new(dot(query, packed.at(row)), row);
        scratch.begin(packed.len());
        let mut best = score(self.entry);
        for level in self.upper.iter().rev() {
            while let Some(nearer) = level.of(best.row()).iter().map(|row| score(*row)).max().filter(|at| *at > best) {
                best = nearer;
            }
        }
        scratch.first(best.row());
        scratch.open.push(best);
        self.keep(packed, best, ef, &allowed, scratch);
        while let Some(stone) = scratch.open.pop() {
            if scratch.kept.len() >= ef && scratch.kept.peek().is_some_and(|worst| stone < worst.0) {
                break;
            }
            for &row in self.ground_of(stone.row()) {
                if scratch.first(row) {
                    let near = score(row);
                    if scratch.kept.len() < ef || scratch.kept.peek().is_none_or(|worst| near > worst.0) {
                        scratch.open.push(near);
                        self.keep(packed, near, ef, &allowed, scratch);
                    }
                }
            }
        }
        for Reverse(stone) in scratch.kept.drain() {
            top.offer(Near { item: ItemId(packed.item_of()[stone.row() as usize]), score: stone.score() });
        }
    }

    fn keep(&self, packed: &Packed, stone: Stone, ef: usize, allowed: impl Fn(u32) -> bool, scratch: &mut Scratch) {
        if allowed(packed.item_of()[stone.row() as usize]) {
            scratch.kept.push(Reverse(stone));
            if scratch.kept.len() > ef {
                scratch.kept.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stones_are_ordered_like_their_scores() {
        let scores = [-1.0f32, -0.5, -0.0, 0.0, 1e-20, 0.25, 1.0];
        for (at, score) in scores.iter().enumerate() {
            let stone = Stone::new(*score, 7);
            assert_eq!((stone.score().to_bits(), stone.row()), (score.to_bits(), 7));
            assert!(scores[at + 1..].iter().all(|higher| Stone::new(*higher, 9) > stone));
        }
        assert!(Stone::new(0.5, 3) > Stone::new(0.5, 4), "of equals the smaller row is the nearer");
    }
}
