//! Which items of a set have the largest counts?
//!
//! Exact: chunks are visited from the largest maximum down, and the visit ends when no unseen chunk can reach the
//! list; a small universe is scanned instead. Ties go to the smaller item id.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use roaring::RoaringBitmap;

use super::chunked::{CHUNK, Counts};
use crate::id::ItemId;

/// A universe below this is scanned; above it, chunks are tried in order of their maximum.
const SCAN_MAX: u64 = 2 * CHUNK as u64;

/// The best `k` so far; the worst of them is on top of the heap.
pub(super) struct Best {
    k: usize,
    heap: BinaryHeap<Reverse<Ranked>>,
}

/// Larger is better: by value, then by smaller item id.
#[derive(PartialEq)]
pub(super) struct Ranked {
    pub value: f32,
    pub item: u32,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.total_cmp(&other.value).then(other.item.cmp(&self.item))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Best {
    pub(super) fn of(k: usize) -> Self {
        Self { k, heap: BinaryHeap::with_capacity(k.min(CHUNK) + 1) }
    }

    fn wants(&self, candidate: &Ranked) -> bool {
        self.heap.len() < self.k || self.heap.peek().is_some_and(|Reverse(worst)| candidate > worst)
    }

    /// Takes the candidate in if it is among the best so far.
    pub(super) fn offer(&mut self, candidate: Ranked) {
        if !self.wants(&candidate) {
            return;
        }
        self.heap.push(Reverse(candidate));
        if self.heap.len() > self.k {
            self.heap.pop();
        }
    }

    /// Best first.
    pub(super) fn into_list(self) -> Vec<(ItemId, f32)> {
        let ranked = self.heap.into_sorted_vec();
        ranked.into_iter().map(|Reverse(r)| (ItemId(r.item), r.value)).collect()
    }
}

/// The exact top `k` of `universe` by `value(item, count)` over counts above 0, where `bound(max)` is no smaller
/// than the value of any item whose count is at most `max`.
pub(super) fn top(
    counts: &Counts,
    k: usize,
    universe: &RoaringBitmap,
    value: impl Fn(u32, u32) -> f32,
    bound: impl Fn(u32) -> f32,
) -> Vec<(ItemId, f32)> {
    let mut best = Best::of(k);
    if k == 0 {
        return Vec::new();
    }
    if universe.len() <= SCAN_MAX {
        for item in universe {
            let n = counts.get(item);
            let candidate = Ranked { value: value(item, n), item };
            if n > 0 {
                best.offer(candidate);
            }
        }
    } else {
        let mut chunks: Vec<_> = counts.chunks().filter(|(_, chunk)| chunk.max > 0).collect();
        chunks.sort_unstable_by_key(|&(first, chunk)| (Reverse(chunk.max), first));
        for (first, chunk) in chunks {
            // An equal value still wins by a smaller id, so only a chunk strictly below the worst ends the search.
            if best.heap.len() == k && best.heap.peek().is_some_and(|Reverse(w)| bound(chunk.max) < w.value) {
                break;
            }
            for (item, &n) in (first..).zip(&chunk.values).filter(|&(_, &n)| n > 0) {
                let candidate = Ranked { value: value(item, n), item };
                if best.wants(&candidate) && universe.contains(item) {
                    best.offer(candidate);
                }
            }
        }
    }
    best.into_list()
}
