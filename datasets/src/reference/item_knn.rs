//! What do histories hold near each other?
//!
//! Item-based neighbors (Sarwar, Karypis, Konstan and Riedl, 2001, "Item-based collaborative filtering") over
//! ordered histories: two items count together the more the nearer they stand, normalized by how often each occurs;
//! at the asking, newer items of the history weigh more.

use std::collections::HashMap;

use super::{Context, Group, Reference, best};

/// What one step further apart, or further back, leaves of a weight.
const DECAY: f64 = 0.7;
/// Steps after which nothing is left.
const STEPS_MAX: usize = 10;

/// Item-kNN over training histories.
pub struct ItemKnn {
    pairs: HashMap<u32, HashMap<u32, f64>>,
    count: HashMap<u32, f64>,
}

impl ItemKnn {
    /// Learns from histories.
    pub fn of(groups: &[Group]) -> Self {
        let mut pairs: HashMap<u32, HashMap<u32, f64>> = HashMap::new();
        let mut count: HashMap<u32, f64> = HashMap::new();
        for group in groups {
            for (at, item) in group.items.iter().enumerate() {
                *count.entry(*item).or_default() += 1.0;
                for (gap, before) in group.items[..at].iter().rev().take(STEPS_MAX).enumerate() {
                    if before != item {
                        let weight = DECAY.powi(gap as i32);
                        *pairs.entry(*before).or_default().entry(*item).or_default() += weight;
                        *pairs.entry(*item).or_default().entry(*before).or_default() += weight;
                    }
                }
            }
        }
        Self { pairs, count }
    }
}

impl Reference for ItemKnn {
    fn name(&self) -> &'static str {
        "item-kNN"
    }

    fn source(&self) -> &'static str {
        "Sarwar et al. 2001, decayed by distance"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for (age, item) in context.items.iter().rev().take(STEPS_MAX).enumerate() {
            let Some(row) = self.pairs.get(item) else { continue };
            for (other, together) in row {
                let cosine = together / (self.count[item] * self.count[other]).sqrt();
                *scores.entry(*other).or_default() += DECAY.powi(age as i32) * cosine;
            }
        }
        best(scores, k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearer_items_count_more() {
        let knn = ItemKnn::of(&[Group { items: vec![1, 2, 3], ..Group::default() }]);
        assert_eq!(knn.rank(&Context { items: &[1], ..Context::default() }, 5), [2, 3]);
        assert_eq!(knn.rank(&Context { items: &[8], ..Context::default() }, 5), [] as [u32; 0]);
    }
}
