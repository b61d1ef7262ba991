//! VMIS-kNN: what came up in the visits most like this one?
//!
//! Kersbergen, Sprangers and Schelter, 2022, "Serenade: low-latency session-based recommendation in e-commerce at
//! scale", SIGMOD, algorithm 1: the `m` most recent visits that share an item; of these the `k` most similar by the
//! positions of the shared items; an item scores the sum of its visits' similarities, each by the position of the
//! newest shared item, times the item's inverse frequency.

use std::collections::HashMap;

use super::{Context, Group, Reference, best, newest_first};

/// Most recent visits looked at.
const RECENT_MAX: usize = 500;
/// Most similar visits that vote.
const NEIGHBORS: usize = 100;

/// VMIS-kNN over the training visits.
pub struct VmisKnn {
    /// Distinct items of each visit, oldest visit first.
    visits: Vec<Vec<u32>>,
    /// Visits of each item, oldest first.
    of_item: HashMap<u32, Vec<u32>>,
}

impl VmisKnn {
    /// Learns from visits, oldest first.
    pub fn of(groups: &[Group]) -> Self {
        let visits: Vec<Vec<u32>> = groups.iter().map(|group| newest_first(&group.items)).collect();
        let mut of_item: HashMap<u32, Vec<u32>> = HashMap::new();
        for (visit, items) in visits.iter().enumerate() {
            items.iter().for_each(|item| of_item.entry(*item).or_default().push(visit as u32));
        }
        Self { visits, of_item }
    }

    /// The most similar of the most recent visits: (visit, similarity, place from the end of the newest shared item).
    fn neighbors(&self, items: &[u32]) -> Vec<(u32, f64, usize)> {
        let length = items.len() as f64;
        let mut found: HashMap<u32, (f64, usize)> = HashMap::new();
        for item in newest_first(items) {
            let position = items.iter().rposition(|i| *i == item).map_or(0, |p| p + 1);
            let age = items.len() - position + 1;
            let visits = self.of_item.get(&item).map_or(&[][..], Vec::as_slice);
            for visit in visits.iter().rev().take(RECENT_MAX) {
                let entry = found.entry(*visit).or_insert((0.0, age));
                entry.0 += position as f64 / length;
                entry.1 = entry.1.min(age);
            }
        }
        let mut recent: Vec<(u32, f64, usize)> = found.into_iter().map(|(v, (score, age))| (v, score, age)).collect();
        recent.sort_unstable_by_key(|(visit, ..)| std::cmp::Reverse(*visit));
        recent.truncate(RECENT_MAX);
        recent.sort_by(|a, b| b.1.total_cmp(&a.1));
        recent.truncate(NEIGHBORS);
        recent
    }
}

impl Reference for VmisKnn {
    fn name(&self) -> &'static str {
        "VMIS-kNN"
    }

    fn source(&self) -> &'static str {
        "Kersbergen et al. 2022, m 500, k 100, idf"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for (visit, similarity, age) in self.neighbors(context.items) {
            let weight = similarity * (1.0 - 0.1 * age as f64).max(0.0);
            for item in &self.visits[visit as usize] {
                let idf = (self.visits.len() as f64 / self.of_item[item].len() as f64).ln();
                *scores.entry(*item).or_default() += weight * idf;
            }
        }
        best(scores, k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_visit_that_shares_the_newest_item_votes_most() {
        let group = |items: &[u32]| Group { items: items.to_vec(), ..Group::default() };
        let knn = VmisKnn::of(&[group(&[1, 5]), group(&[2, 6]), group(&[3, 7])]);
        let ranked = knn.rank(&Context { items: &[1, 2], ..Context::default() }, 10);
        assert_eq!(ranked, [2, 6, 1, 5]);
        assert_eq!(knn.rank(&Context { items: &[9], ..Context::default() }, 10), [] as [u32; 0]);
    }
}
