//! How do several lists become one?
//!
//! Within a source, the lists of several anchors are added up: each is divided by its own best score, so that
//! a much-sold anchor does not drown the others, and weighs `1 / (1 + rank of the anchor)`, newest first.
//! Between the sources of a recipe, everything of an earlier one stands before everything of a later one.
//! Scores come out strictly falling, in steps of at least one representable number, so that whoever sorts by
//! score alone finds the same order.
//! What is not here: who is asked, and what may be shown.

use std::collections::{HashMap, HashSet};

/// A product and its score.
pub type Scored = (u32, f32);

/// Adds up the lists of several anchors, newest anchor first, each list best first; result best first, in `[0, 1]`.
/// Scores below `minimum` do not count.
pub fn merge_anchors(lists: &[Vec<Scored>], minimum: f32) -> Vec<Scored> {
    let weight = |rank: usize| 1.0 / (1.0 + rank as f64);
    let total: f64 = (0..lists.len()).map(weight).sum();
    let mut order: Vec<u32> = Vec::new();
    let mut sums: HashMap<u32, f64> = HashMap::new();
    for (anchor, list) in lists.iter().enumerate() {
        let best = list.iter().map(|(_, score)| *score).fold(0.0, f32::max);
        let mut seen = HashSet::new();
        for (rank, (item, score)) in list.iter().enumerate() {
            if *score < minimum || !seen.insert(*item) {
                continue;
            }
            // A source without positive scores still has an order.
            let share = match best > 0.0 {
                true => f64::from(score.max(0.0)) / f64::from(best),
                false => weight(rank),
            };
            let sum = sums.entry(*item).or_insert_with(|| {
                order.push(*item);
                0.0
            });
            *sum += weight(anchor) * share / total;
        }
    }
    let mut merged: Vec<Scored> = order.into_iter().map(|item| (item, sums[&item] as f32)).collect();
    // Stable: equal scores stay in the order in which they were met.
    merged.sort_by(|a, b| b.1.total_cmp(&a.1));
    merged
}

/// Puts the lists of a recipe one behind the other; at most `k`, each product once, none of `excluded`.
pub fn layer(lists: &[Vec<Scored>], excluded: &HashSet<u32>, k: usize) -> Vec<Scored> {
    let mut seen = HashSet::new();
    let mut out: Vec<Scored> = Vec::new();
    for (index, list) in lists.iter().enumerate() {
        let floor = (lists.len() - 1 - index) as f32;
        for (item, score) in list {
            if out.len() == k {
                return out;
            }
            if excluded.contains(item) || !seen.insert(*item) {
                continue;
            }
            let most = out.last().map_or(f32::MAX, |(_, before)| before.next_down());
            out.push((*item, (floor + score).min(most)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_added_up_each_by_its_own_best() {
        let check = |lists: &[&[Scored]], minimum: f32, expected: &[Scored]| {
            let lists: Vec<Vec<Scored>> = lists.iter().map(|list| list.to_vec()).collect();
            let merged = merge_anchors(&lists, minimum);
            let close = |(a, b): (&Scored, &Scored)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-6;
            assert!(
                merged.len() == expected.len() && merged.iter().zip(expected).all(close),
                "{lists:?}: {merged:?} instead of {expected:?}"
            );
        };
        check(&[], 0.0, &[]);
        check(&[&[(1, 8.0), (2, 4.0)]], 0.0, &[(1, 1.0), (2, 0.5)]);
        check(&[&[(1, 8.0), (2, 4.0)]], 5.0, &[(1, 1.0)]);
        // The second anchor's scores are larger, and weigh half.
        check(
            &[&[(1, 1.0), (2, 0.5)], &[(3, 900.0), (2, 900.0)]],
            0.0,
            &[(1, 2.0 / 3.0), (2, 2.0 / 3.0), (3, 1.0 / 3.0)],
        );
        // A product both anchors lead to goes before what only one leads to.
        check(&[&[(1, 1.0), (2, 0.9)], &[(2, 5.0)]], 0.0, &[(2, 0.9 / 1.5 + 0.5 / 1.5), (1, 1.0 / 1.5)]);
        // No positive scores: the order counts. A repeated product counts once.
        check(&[&[(7, 0.0), (5, 0.0), (7, 0.0)]], f32::MIN, &[(7, 1.0), (5, 0.5)]);
    }

    #[test]
    fn earlier_sources_stand_before_later_ones() {
        let check = |lists: &[&[Scored]], excluded: &[u32], k: usize, expected: &[u32]| {
            let lists: Vec<Vec<Scored>> = lists.iter().map(|list| list.to_vec()).collect();
            let layered = layer(&lists, &excluded.iter().copied().collect(), k);
            let items: Vec<u32> = layered.iter().map(|(item, _)| *item).collect();
            assert_eq!(items, expected, "{lists:?} without {excluded:?}");
            assert!(layered.windows(2).all(|pair| pair[0].1 > pair[1].1), "{layered:?}");
        };
        check(&[], &[], 5, &[]);
        check(&[&[(1, 0.1), (2, 0.0)], &[(3, 1.0), (1, 0.9)]], &[], 5, &[1, 2, 3]);
        check(&[&[(1, 1.0), (2, 1.0), (3, 1.0)]], &[2], 5, &[1, 3]);
        check(&[&[(1, 1.0), (2, 0.5)], &[(3, 1.0)]], &[1], 1, &[2]);
        check(&[&[(1, 1.0)]], &[], 0, &[]);
    }
}
