//! What would the published methods have recommended?
//!
//! Small, plain rankers to measure planogram against in the same run: the same cases, the same items, the same
//! measures, so that a difference can be taken case by case. Each file is one method, written from its paper, which
//! it names, with the constants that the data's protocol states. They are clear before they are fast, and nothing
//! that serves a shop uses them.
//!
//! Items and users are dense numbers given by the caller. Ties go to the smaller number, so results repeat.

mod bm25;
mod click_rate;
mod co_purchase;
mod item_knn;
mod own_history;
mod popularity;
mod session_knn;
mod shown;
mod tifu;
mod vstan;

use std::collections::HashMap;

pub use bm25::{Bm25, words};
pub use click_rate::ClickRate;
pub use co_purchase::{CoPurchase, Pairs, Weighing};
pub use item_knn::ItemKnn;
pub use own_history::OwnHistory;
pub use popularity::{Popularity, SessionPopularity};
pub use session_knn::VmisKnn;
pub use shown::{AsShown, TouchedFirst};
pub use tifu::TifuKnn;
pub use vstan::Vstan;

/// A group of items that belong together: a visit in order of clicks, or a basket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Whose it is, when known.
    pub user: Option<u32>,
    /// Time of the last item, in milliseconds.
    pub time_ms: i64,
    /// Items, oldest first.
    pub items: Vec<u32>,
}

/// What a method may look at to answer one case.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// Who asks, when known.
    pub user: Option<u32>,
    /// When, in milliseconds.
    pub time_ms: i64,
    /// Items of the visit, basket or history so far, oldest first.
    pub items: &'a [u32],
    /// The list to put in order, as it was shown; empty when all items may be recommended.
    pub shown: &'a [u32],
    /// The words searched for.
    pub text: &'a str,
}

/// A method that has learned from the training part.
pub trait Reference: Send + Sync {
    /// Its short name.
    fn name(&self) -> &'static str;

    /// Where it was published.
    fn source(&self) -> &'static str;

    /// At most `k` items, best first.
    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32>;
}

/// The `k` items of the highest scores, best first, ties by number; scores of 0 and below are left out.
fn best(scores: impl IntoIterator<Item = (u32, f64)>, k: usize) -> Vec<u32> {
    let mut scored: Vec<(u32, f64)> = scores.into_iter().filter(|(_, score)| *score > 0.0).collect();
    let order = |a: &(u32, f64), b: &(u32, f64)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if k > 0 && scored.len() > k {
        scored.select_nth_unstable_by(k - 1, order);
        scored.truncate(k);
    }
    scored.sort_unstable_by(order);
    scored.truncate(k);
    scored.into_iter().map(|(item, _)| item).collect()
}

/// Fills a list up to `k` with those of `more` that it does not hold yet and that are not excluded.
fn fill_up(mut list: Vec<u32>, more: &[u32], excluded: &[u32], k: usize) -> Vec<u32> {
    for item in more {
        if list.len() >= k {
            break;
        }
        if !list.contains(item) && !excluded.contains(item) {
            list.push(*item);
        }
    }
    list.truncate(k);
    list
}

/// The items of a list, each once, in order of their last mention, newest first.
fn newest_first(items: &[u32]) -> Vec<u32> {
    let mut seen = std::collections::HashSet::new();
    items.iter().rev().copied().filter(|item| seen.insert(*item)).collect()
}

/// In how many groups each item stands.
fn group_counts(groups: &[Group]) -> HashMap<u32, f64> {
    let mut counts = HashMap::new();
    for group in groups {
        for item in newest_first(&group.items) {
            *counts.entry(item).or_insert(0.0) += 1.0;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first_and_ties_by_number() {
        assert_eq!(best([(3, 1.0), (1, 1.0), (2, 5.0), (4, 0.0)], 10), [2, 1, 3]);
        assert_eq!(best([(3, 1.0), (1, 1.0), (2, 5.0)], 2), [2, 1]);
        assert_eq!(best([(3, 1.0)], 0), [] as [u32; 0]);
    }

    #[test]
    fn a_list_is_filled_up_without_repeating() {
        assert_eq!(fill_up(vec![1], &[1, 2, 3, 4], &[2], 3), [1, 3, 4]);
        assert_eq!(newest_first(&[1, 2, 1, 3]), [3, 1, 2]);
    }
}
