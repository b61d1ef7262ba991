//! What is bought with what?
//!
//! Co-purchase counts in training orders, as counts and as cosines (Linden, Smith and York, 2003, "Amazon.com
//! recommendations: item-to-item collaborative filtering"). An order of `n` items counts 1 / log2(n + 2), because a
//! reseller's order says little about what goes together; orders beyond 150 items say nothing.

use std::collections::HashMap;

use super::{Context, Group, Reference, best};

/// Largest order that counts, in items.
const ORDER_ITEMS_MAX: usize = 150;

/// How a pair is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighing {
    /// By how often it was bought together.
    Count,
    /// By that over the root of how often each was bought.
    Cosine,
}

/// Co-purchase over training orders; several items of a context add up.
pub struct CoPurchase {
    pairs: HashMap<u32, HashMap<u32, f64>>,
    weight: HashMap<u32, f64>,
    weighing: Weighing,
}

impl CoPurchase {
    /// Learns from orders.
    pub fn of(groups: &[Group], weighing: Weighing) -> Self {
        let mut pairs: HashMap<u32, HashMap<u32, f64>> = HashMap::new();
        let mut weight: HashMap<u32, f64> = HashMap::new();
        for group in groups {
            let mut items = group.items.clone();
            items.sort_unstable();
            items.dedup();
            if !(2..=ORDER_ITEMS_MAX).contains(&items.len()) {
                continue;
            }
            let counts = 1.0 / ((items.len() + 2) as f64).log2();
            for a in &items {
                *weight.entry(*a).or_default() += counts;
                let row = pairs.entry(*a).or_default();
                items.iter().filter(|b| *b != a).for_each(|b| *row.entry(*b).or_default() += counts);
            }
        }
        Self { pairs, weight, weighing }
    }
}

impl Reference for CoPurchase {
    fn name(&self) -> &'static str {
        match self.weighing {
            Weighing::Count => "co-count",
            Weighing::Cosine => "cosine",
        }
    }

    fn source(&self) -> &'static str {
        "item-to-item, Linden et al. 2003; orders of at most 150 items, weight 1/log2(size + 2)"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for item in context.items {
            let Some(row) = self.pairs.get(item) else { continue };
            for (other, together) in row {
                let score = match self.weighing {
                    Weighing::Count => *together,
                    Weighing::Cosine => together / (self.weight[item] * self.weight[other]).sqrt(),
                };
                *scores.entry(*other).or_default() += score;
            }
        }
        scores.retain(|item, _| !context.items.contains(item));
        best(scores, k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_prefers_the_faithful_to_the_popular() {
        let group = |items: &[u32]| Group { items: items.to_vec(), ..Group::default() };
        let orders = [group(&[1, 2]), group(&[1, 3]), group(&[1, 3]), group(&[3, 4]), group(&[3, 5]), group(&[3, 6])];
        let context = Context { items: &[1], ..Context::default() };
        assert_eq!(CoPurchase::of(&orders, Weighing::Count).rank(&context, 5), [3, 2]);
        assert_eq!(CoPurchase::of(&orders, Weighing::Cosine).rank(&context, 5), [2, 3]);
    }
}
