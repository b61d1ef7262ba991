//! What is bought together with one product?
//!
//! An estimate of the probability that another product is in the same order, computed when asked from the bounded
//! pair counts of that moment. Three things make it better than the counts: a pair of a short order weighs more than
//! one of a long order, few orders are filled up with those of the product's nearest neighbors, and what sells lately
//! counts more. The likeliest make the head of the list, chosen so that they do not all stand for one another; in it
//! comes first what chance does not explain, so that what is merely popular may be proposed but does not lead.
//! What is not here: what completes several products (`together`), and what may be shown.

use rustc_hash::FxHashMap;

use super::cooccur::{CoKind, Neighbor, cosine};
use super::view::SignalView;
use super::window::{Counter, Window};
use crate::id::ItemId;
use crate::limits::{ALONGSIDE_NEIGHBORS_MAX, BOUGHT_NEIGHBORS_MAX};

/// Orders by which neighbors' orders are believed to be the product's own.
const BORROWED_ORDERS: f32 = 40.0;
/// Added to the geometric mean of the sales in the similarity that finds the nearest neighbors, in orders.
const NEAR_SHRINKAGE: f32 = 10.0;
/// Added to the sales of a neighbor whose orders are borrowed.
const LENDER_SHRINKAGE: f32 = 5.0;
/// How strongly the sales of the last 30 days, as a share of those of all time, weigh.
const TREND_EXPONENT: f32 = 0.3;
/// How strongly sales weigh down.
const SALES_EXPONENT: f32 = 0.05;
/// How many products the head of a list holds, about what a unit shows, and from how many it is chosen.
const HEAD: (usize, usize) = (10, 20);
/// How much of its score a product loses for each one of the head, times how similar the two are.
const REDUNDANCY: f32 = 0.1;
/// Up to how many times chance being bought together is no full evidence, how fast it loses below, and what stays.
const CHANCE: (f32, i32, f32) = (1.5, 6, 1e-3);

/// What is bought in the same order as `item`, the strongest first, ties by item id; at most
/// [`BOUGHT_NEIGHBORS_MAX`].
pub(super) fn bought_with(view: &SignalView, item: ItemId) -> Vec<Neighbor> {
    let likely = likelihoods(view, item);
    let (head, tail) = split(view, likely);
    arrange(view, item, head, tail)
}

/// Estimates of the probability of each product in an order with `item`, the highest first.
///
/// `(w_ij + 40 * sum_k s_k^2 w_kj / (n_k + 5) / sum_k s_k^2) / (n_i + 40) * ((m_j + 2) / (n_j + 10))^0.3 / (n_j + 1)^0.05`
/// with `w` the weights of the pairs, `n` the sales of all time and `m` those of 30 days; `k` runs over the nearest
/// neighbors of `i` by `s_k = w_ik / (sqrt(n_i n_k) + 10)`. The sum is a Dirichlet prior from similar products, after
/// Dagan, Lee and Pereira, "Similarity-Based Models of Word Cooccurrence Probabilities", Machine Learning 34, 1999.
fn likelihoods(view: &SignalView, item: ItemId) -> Vec<Neighbor> {
    let sales = |item| view.total(Counter::Purchases, item) as f32;
    let mine = sales(item);
    let mut weights: FxHashMap<ItemId, f32> = view.weighted_pairs(item).collect();
    let near = nearest(view, item, mine);
    let shares: f32 = near.iter().map(|near| near.score * near.score).sum();
    for lender in near.iter().filter(|near| near.score > 0.0) {
        let share = lender.score * lender.score / shares;
        let factor = BORROWED_ORDERS * share / (sales(lender.item) + LENDER_SHRINKAGE);
        for (other, weight) in view.weighted_pairs(lender.item).filter(|(other, _)| *other != item) {
            *weights.entry(other).or_default() += factor * weight;
        }
    }
    let mut likely: Vec<Neighbor> = weights.into_iter().map(|(item, score)| Neighbor { item, score }).collect();
    if likely.len() > BOUGHT_NEIGHBORS_MAX {
        likely.select_nth_unstable_by(BOUGHT_NEIGHBORS_MAX, Neighbor::better);
        likely.truncate(BOUGHT_NEIGHBORS_MAX);
    }
    for other in &mut likely {
        let theirs = sales(other.item);
        let recent = view.count(Counter::Purchases, Window::Month, other.item) as f32;
        let trend = ((recent + 2.0) / (theirs + 10.0)).powf(TREND_EXPONENT).min(1.0);
        other.score *= trend / (theirs + 1.0).powf(SALES_EXPONENT) / (mine + BORROWED_ORDERS);
    }
    Neighbor::best_first(&mut likely);
    likely
}

/// The nearest neighbors of an item, the nearest first.
fn nearest(view: &SignalView, item: ItemId, mine: f32) -> Vec<Neighbor> {
    let similarity = |other: ItemId, weight: f32| {
        weight / ((mine * view.total(Counter::Purchases, other) as f32).sqrt() + NEAR_SHRINKAGE)
    };
    let pairs = view.weighted_pairs(item);
    let mut near: Vec<Neighbor> =
        pairs.map(|(other, weight)| Neighbor { item: other, score: similarity(other, weight) }).collect();
    Neighbor::best_first(&mut near);
    near.truncate(ALONGSIDE_NEIGHBORS_MAX);
    near
}

/// The head of the list and the rest of it, each the likeliest first.
///
/// The head is filled one by one with the likeliest product, and what is similar to it then loses a little: a list
/// of one product in ten colors is right or wrong as a whole. After Carbonell and Goldstein, "The Use of MMR,
/// Diversity-Based Reranking for Reordering Documents and Producing Summaries", SIGIR 1998.
fn split(view: &SignalView, likely: Vec<Neighbor>) -> (Vec<Neighbor>, Vec<Neighbor>) {
    let mut left = likely;
    let tail = left.split_off(left.len().min(HEAD.1));
    let mut head: Vec<Neighbor> = Vec::with_capacity(HEAD.0);
    let mut worth: Vec<f32> = left.iter().map(|other| other.score).collect();
    while head.len() < HEAD.0 && !left.is_empty() {
        // The first of the best: those before it are likelier or have the smaller id.
        let best = (1..left.len()).fold(0, |best, at| if worth[at] > worth[best] { at } else { best });
        worth.remove(best);
        let chosen = left.remove(best);
        let sales = |item| view.total(Counter::Purchases, item);
        for (other, together) in view.pairs(CoKind::BoughtBought, chosen.item) {
            if let Some(at) = left.iter().position(|one| one.item == other) {
                worth[at] *= 1.0 - REDUNDANCY * cosine(together, sales(chosen.item), sales(other));
            }
        }
        head.push(chosen);
    }
    left.extend(tail);
    (head, left)
}

/// Puts the head in order of evidence, and the tail below it.
///
/// Evidence is `max(min(1, lift / 1.5)^6, 0.001)` with `lift = n_ij N / (n_i n_j)` over `N` orders, after Brin et al.,
/// "Dynamic Itemset Counting and Implication Rules for Market Basket Data", SIGMOD 1997.
fn arrange(view: &SignalView, item: ItemId, mut head: Vec<Neighbor>, tail: Vec<Neighbor>) -> Vec<Neighbor> {
    let sales = |item| view.total(Counter::Purchases, item) as f32;
    let counts: FxHashMap<ItemId, u32> = view.pairs(CoKind::BoughtBought, item).collect();
    for other in &mut head {
        let together = counts.get(&other.item).copied().unwrap_or(0) as f32;
        let lift = together * view.orders() as f32 / (sales(item) * sales(other.item)).max(1.0);
        other.score *= (lift / CHANCE.0).min(1.0).powi(CHANCE.1).max(CHANCE.2);
    }
    Neighbor::best_first(&mut head);
    let (floor, most) = (head.last().map_or(0.0, |last| last.score), tail.first().map_or(1.0, |first| first.score));
    // Below the head also where a product of the tail is likelier than one that was chosen for being different.
    let scale = if most > 0.0 { 0.99 * floor / most.max(floor) } else { 0.0 };
    head.extend(tail.into_iter().map(|other| Neighbor { score: scale * other.score, ..other }));
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::testing::{more, ordered};

    fn with(view: &SignalView, item: u32) -> Vec<u32> {
        let found = bought_with(view, ItemId(item));
        assert!(found.iter().all(|n| n.score > 0.0 && n.score < 1.0), "{found:?}");
        assert!(found.is_sorted_by(|a, b| a.score >= b.score), "{found:?}");
        found.iter().map(|found| found.item.0).collect()
    }

    #[test]
    fn chance_does_not_lead() {
        let mut orders: Vec<&[u32]> = vec![&[1, 2]; 4];
        more(&mut orders, 5, &[1, 9]);
        more(&mut orders, 60, &[3, 9]);
        more(&mut orders, 31, &[4]);
        let view = ordered(&orders);
        assert_eq!(with(&view, 1)[..2], [2, 9], "9 is in two thirds of all orders, so five of nine are no evidence");
    }

    #[test]
    fn a_short_order_says_more_than_a_long_one() {
        let long: Vec<u32> = (10..40).chain([1, 3]).collect();
        let mut orders: Vec<&[u32]> = vec![&[1, 2]; 3];
        more(&mut orders, 3, &long);
        more(&mut orders, 40, &[5]);
        assert_eq!(with(&ordered(&orders), 1)[0], 2);
    }

    #[test]
    fn few_orders_are_filled_up_with_those_of_the_nearest() {
        let mut orders: Vec<&[u32]> = vec![&[1, 2]];
        more(&mut orders, 20, &[2, 3]);
        more(&mut orders, 20, &[4, 5]);
        let view = ordered(&orders);
        assert_eq!(with(&view, 1), [2, 3], "3 was never bought with 1, but with what was");
        assert!(with(&view, 99).is_empty());
    }

    #[test]
    fn no_order_arrives_in_vain_and_long_lists_are_bounded() {
        let items: Vec<Vec<u32>> = (0..40).map(|part| (part * 49..part * 49 + 49).chain([5_000]).collect()).collect();
        let view = ordered(&items.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!(with(&view, 5_000).len(), BOUGHT_NEIGHBORS_MAX);
    }
}
