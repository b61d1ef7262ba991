//! TIFU-KNN: what do customers with habits like these buy next?
//!
//! Hu, He, Gao and Zhang, 2020, "Modeling personalized item frequency information for next-basket recommendation",
//! SIGIR, equations 1 to 4: a customer is a vector of item frequencies, decayed by basket within a group of `m`
//! baskets and again by group; the prediction blends it with the mean vector of the `k` nearest customers.

use std::collections::HashMap;

use super::{Context, Group, Reference, best};

/// Nearest customers.
const NEIGHBORS: usize = 300;
/// Decay per basket inside a group.
const BASKET_DECAY: f64 = 0.9;
/// Decay per group.
const GROUP_DECAY: f64 = 0.7;
/// Share of the customer's own vector.
const OWN_SHARE: f64 = 0.7;
/// Groups that a history is cut into.
const GROUPS: usize = 7;
/// Customers are dealt into this many folds; neighbors come from the other folds, as in the paper, where the customers
/// asked for are not among those learned from.
const FOLDS: usize = 5;

/// TIFU-KNN over training baskets.
pub struct TifuKnn {
    /// Sparse vectors by customer, items ascending.
    vectors: Vec<Vec<(u32, f64)>>,
    norms: Vec<f64>,
    place: HashMap<u32, usize>,
    /// Customers who have an item, with their weight of it.
    holders: HashMap<u32, Vec<(u32, f64)>>,
}

impl TifuKnn {
    /// Learns from baskets, each customer's oldest first.
    pub fn of(groups: &[Group]) -> Self {
        let mut users: Vec<u32> = Vec::new();
        let mut baskets: HashMap<u32, Vec<&[u32]>> = HashMap::new();
        for group in groups {
            let Some(user) = group.user else { continue };
            let own = baskets.entry(user).or_default();
            if own.is_empty() {
                users.push(user);
            }
            own.push(&group.items);
        }
        let vectors: Vec<Vec<(u32, f64)>> = users.iter().map(|user| vector(&baskets[user])).collect();
        let norms = vectors.iter().map(|v| v.iter().map(|(_, w)| w * w).sum()).collect();
        let place = users.iter().enumerate().map(|(place, user)| (*user, place)).collect();
        let mut holders: HashMap<u32, Vec<(u32, f64)>> = HashMap::new();
        for (at, vector) in vectors.iter().enumerate() {
            vector.iter().for_each(|(item, w)| holders.entry(*item).or_default().push((at as u32, *w)));
        }
        Self { vectors, norms, place, holders }
    }

    /// The nearest customers of the other folds by Euclidean distance.
    fn neighbors(&self, at: usize) -> Vec<u32> {
        let mut dot = vec![0.0; self.vectors.len()];
        for (item, own) in &self.vectors[at] {
            self.holders[item].iter().for_each(|(other, weight)| dot[*other as usize] += own * weight);
        }
        let nearness = (0..self.vectors.len()).filter(|other| other % FOLDS != at % FOLDS).map(|other| {
            let squared = (self.norms[at] + self.norms[other] - 2.0 * dot[other]).max(0.0);
            // Falls with the distance and stays above 0, as `best` wants it.
            (other as u32, 1.0 / (1.0 + squared))
        });
        best(nearness, NEIGHBORS)
    }
}

/// Personalized item frequency: the mean over groups of the mean over their baskets, both decayed.
fn vector(baskets: &[&[u32]]) -> Vec<(u32, f64)> {
    let n_groups = baskets.len().clamp(1, GROUPS);
    // As even as can be, the newest groups the larger ones.
    let cut = |at: usize| at * baskets.len() / n_groups;
    let groups = (0..n_groups).map(|at| &baskets[cut(at)..cut(at + 1)]);
    let n_groups = n_groups as f64;
    let mut weights: HashMap<u32, f64> = HashMap::new();
    for (group_age, group) in groups.rev().enumerate() {
        for (age, basket) in group.iter().rev().enumerate() {
            let weight = BASKET_DECAY.powi(age as i32) / group.len() as f64 * GROUP_DECAY.powi(group_age as i32);
            basket.iter().for_each(|item| *weights.entry(*item).or_default() += weight / n_groups);
        }
    }
    let mut vector: Vec<(u32, f64)> = weights.into_iter().collect();
    vector.sort_unstable_by_key(|(item, _)| *item);
    vector
}

impl Reference for TifuKnn {
    fn name(&self) -> &'static str {
        "TIFU-KNN"
    }

    fn source(&self) -> &'static str {
        "Hu et al. 2020, k 300, .9, .7, alpha .7, m 7"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let Some(at) = context.user.and_then(|user| self.place.get(&user)) else { return Vec::new() };
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for (item, weight) in &self.vectors[*at] {
            *scores.entry(*item).or_default() += OWN_SHARE * weight;
        }
        let neighbors = self.neighbors(*at);
        let share = (1.0 - OWN_SHARE) / neighbors.len().max(1) as f64;
        for other in neighbors {
            for (item, weight) in &self.vectors[other as usize] {
                *scores.entry(*item).or_default() += share * weight;
            }
        }
        best(scores, k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_baskets_weigh_more() {
        let weights = vector(&[&[1], &[2], &[1, 3]]);
        // Three baskets are three groups of one: 1, .7 and .49, over 3.
        let near = |item: u32, expected: f64| {
            let found = weights.iter().find(|(i, _)| *i == item).unwrap().1;
            assert!((found - expected / 3.0).abs() < 1e-12, "{item}: {found}");
        };
        near(3, 1.0);
        near(2, 0.7);
        near(1, 1.49);
    }

    #[test]
    fn customers_alike_lend_what_is_missing() {
        let basket = |user: u32, items: &[u32]| Group { user: Some(user), items: items.to_vec(), time_ms: 0 };
        let knn = TifuKnn::of(&[basket(1, &[1, 2]), basket(2, &[1, 2, 3]), basket(3, &[8, 9])]);
        let ranked = knn.rank(&Context { user: Some(1), ..Context::default() }, 3);
        assert_eq!(ranked, [1, 2, 3]);
        assert_eq!(knn.rank(&Context::default(), 3), [] as [u32; 0]);
    }
}
