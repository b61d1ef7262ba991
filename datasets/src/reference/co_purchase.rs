//! What is bought with what?
//!
//! Co-purchase counts in training orders, as counts and as cosines (Linden, Smith and York, 2003, "Amazon.com
//! recommendations: item-to-item collaborative filtering"). An order of `n` items counts 1 / log2(n + 2), because a
//! reseller's order says little about what goes together; orders beyond 150 items say nothing.

use std::sync::Arc;

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

/// How often any two items were bought together, and each alone.
pub struct Pairs {
    /// By item: the others with their counts, ascending.
    rows: Vec<Vec<(u32, f64)>>,
    alone: Vec<f64>,
}

impl Pairs {
    /// Counts training orders.
    pub fn of(groups: &[Group]) -> Self {
        let mut orders: Vec<(Vec<u32>, f64)> = Vec::new();
        for group in groups {
            let mut items = group.items.clone();
            items.sort_unstable();
            items.dedup();
            if (2..=ORDER_ITEMS_MAX).contains(&items.len()) {
                let counts = 1.0 / ((items.len() + 2) as f64).log2();
                orders.push((items, counts));
            }
        }
        let n_items = orders.iter().filter_map(|(items, _)| items.last()).max().map_or(0, |last| *last as usize + 1);
        let mut orders_of: Vec<Vec<usize>> = vec![Vec::new(); n_items];
        for (order, (items, _)) in orders.iter().enumerate() {
            items.iter().for_each(|item| orders_of[*item as usize].push(order));
        }
        let mut sums = vec![0.0; n_items];
        let row = |own: &Vec<usize>| {
            sums.fill(0.0);
            for (items, counts) in own.iter().map(|order| &orders[*order]) {
                items.iter().for_each(|item| sums[*item as usize] += counts);
            }
            (0..).zip(&sums).filter(|(_, sum)| **sum > 0.0).map(|(item, sum)| (item, *sum)).collect()
        };
        let mut rows: Vec<Vec<(u32, f64)>> = orders_of.iter().map(row).collect();
        // An item is always together with itself: that is how often it was bought.
        let alone = (0..).zip(&mut rows).map(|(item, row): (u32, &mut Vec<(u32, f64)>)| {
            row.iter().position(|(other, _)| *other == item).map_or(0.0, |own| row.remove(own).1)
        });
        Self { alone: alone.collect(), rows }
    }
}

/// Co-purchase over training orders; several items of a context add up.
pub struct CoPurchase {
    pairs: Arc<Pairs>,
    weighing: Weighing,
}

impl CoPurchase {
    /// Weighs pairs.
    pub fn new(pairs: Arc<Pairs>, weighing: Weighing) -> Self {
        Self { pairs, weighing }
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
        let Pairs { rows, alone } = &*self.pairs;
        let mut scores = vec![0.0; rows.len()];
        for item in context.items {
            for (other, together) in rows.get(*item as usize).into_iter().flatten() {
                scores[*other as usize] += match self.weighing {
                    Weighing::Count => *together,
                    Weighing::Cosine => together / (alone[*item as usize] * alone[*other as usize]).sqrt(),
                };
            }
        }
        for item in context.items {
            scores.get_mut(*item as usize).into_iter().for_each(|score| *score = 0.0);
        }
        best((0..).zip(scores), k)
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
        let pairs = Arc::new(Pairs::of(&orders));
        assert_eq!(CoPurchase::new(pairs.clone(), Weighing::Count).rank(&context, 5), [3, 2]);
        assert_eq!(CoPurchase::new(pairs, Weighing::Cosine).rank(&context, 5), [2, 3]);
    }
}
