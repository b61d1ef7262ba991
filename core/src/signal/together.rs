//! What is missing in a basket?
//!
//! It is computed when asked, from the bounded pair counts of that moment, so that an order counts for the next request
//! and nothing has to be trained. A basket is completed in two passes: squared similarities find candidates, and for the
//! best of them a small ridge regression over their nearest neighbors says which of the basket's items speak for them
//! directly and which only through another.
//! What is not here: what goes with one product (`alongside`), what may be shown, and whose basket it is.

use rustc_hash::FxHashMap;

use super::cooccur::{CoKind, Neighbor};
use super::view::SignalView;
use super::window::Counter;
use crate::id::ItemId;
use crate::limits::{BASKET_CANDIDATES_MAX, BASKET_ITEMS_MAX, BASKET_NEIGHBORS_MAX};

/// Exponents of the sales of a basket's item and of a candidate in the similarity that finds candidates.
const BASKET_EXPONENTS: (f32, f32) = (0.8, 0.4);
/// Added to that similarity's denominator, in orders.
const BASKET_SHRINKAGE: f32 = 10.0;
/// Penalty of the regression: this times the square root of an item's sales is added to them.
const RIDGE: f64 = 8.0;
/// Places of the table that says whether an item may be among the nearest: some sixty for each of them.
const NEAR_TABLE: usize = 1_024;
/// What the squared similarity counts beside the regression.
const SIMILARITY_SHARE: f32 = 2.0;

/// What completes a basket, the best first, ties by item id: at most [`BASKET_CANDIDATES_MAX`] items that
/// `is_wanted`, none of the basket. The first [`BASKET_ITEMS_MAX`] items of it count. One to two milliseconds for
/// baskets of some twenty items, whose rows are full: half of it goes into the regressions' tables.
pub(super) fn complete(view: &SignalView, basket: &[ItemId], is_wanted: impl Fn(ItemId) -> bool) -> Vec<Neighbor> {
    let basket = &basket[..basket.len().min(BASKET_ITEMS_MAX)];
    // Most candidates go with several items of the basket; what depends on them alone is found once.
    let mut sums: FxHashMap<ItemId, Candidate> = FxHashMap::default();
    for &item in basket {
        let mine = (view.total(Counter::Purchases, item) as f32).powf(BASKET_EXPONENTS.0);
        for (other, together) in view.pairs(CoKind::BoughtBought, item) {
            let candidate = sums.entry(other).or_insert_with(|| Candidate {
                sum: 0.0,
                support: (is_wanted(other) && !basket.contains(&other))
                    .then(|| (view.total(Counter::Purchases, other) as f32).powf(BASKET_EXPONENTS.1)),
            });
            if let Some(theirs) = candidate.support {
                let similarity = together as f32 / (mine * theirs + BASKET_SHRINKAGE);
                candidate.sum += similarity * similarity;
            }
        }
    }
    let wanted = sums.into_iter().filter(|(_, candidate)| candidate.support.is_some());
    let mut found: Vec<Neighbor> = wanted.map(|(item, candidate)| Neighbor { item, score: candidate.sum }).collect();
    if found.len() > BASKET_CANDIDATES_MAX {
        found.select_nth_unstable_by(BASKET_CANDIDATES_MAX, Neighbor::better);
        found.truncate(BASKET_CANDIDATES_MAX);
    }
    for candidate in &mut found {
        candidate.score = SIMILARITY_SHARE * candidate.score + direct(view, candidate.item, basket);
    }
    Neighbor::best_first(&mut found);
    found
}

/// An item that may complete a basket.
struct Candidate {
    /// Squared similarities to the basket's items.
    sum: f32,
    /// What its sales weigh in them; nothing when it is not wanted.
    support: Option<f32>,
}

/// How strongly the basket speaks for `item` directly, 0 or more: the sum, over the items of the basket among
/// its nearest neighbors, of the weights `w` of the ridge regression `(G + diag(8 sqrt(n))) w = g`, where `G`
/// holds how often the neighbors were bought together and `g` how often each was with `item`.
///
/// Ning and Karypis, "SLIM", ICDM 2011, and Steck, "Embarrassingly Shallow Autoencoders", WWW 2019, confined to
/// the neighbors of one item, so that it needs no training.
fn direct(view: &SignalView, item: ItemId, basket: &[ItemId]) -> f32 {
    let near = nearest(view, item);
    if !near.iter().any(|(neighbor, _)| basket.contains(neighbor)) {
        return 0.0;
    }
    let n = near.len();
    let mut gram = vec![0.0_f64; n * n];
    // Sixteen of some three hundred pairs of a row are looked for: a small table tells nearly all others at once.
    let mut is_near = [false; NEAR_TABLE];
    near.iter().for_each(|(neighbor, _)| is_near[neighbor.index() % NEAR_TABLE] = true);
    let place = |item: ItemId| {
        let may_be = is_near[item.index() % NEAR_TABLE];
        may_be.then(|| near.iter().position(|(neighbor, _)| *neighbor == item)).flatten()
    };
    for (row, (neighbor, _)) in near.iter().enumerate() {
        let sales = f64::from(view.total(Counter::Purchases, *neighbor));
        gram[row * n + row] = sales + RIDGE * sales.sqrt();
        for (other, together) in view.pairs(CoKind::BoughtBought, *neighbor) {
            if let Some(column) = place(other) {
                // A pruned row may have forgotten what the other one remembers.
                let together = f64::from(together).max(gram[row * n + column]);
                gram[row * n + column] = together;
                gram[column * n + row] = together;
            }
        }
    }
    let mut weights: Vec<f64> = near.iter().map(|(_, together)| f64::from(*together)).collect();
    solve(&mut gram, &mut weights);
    let spoken = near.iter().zip(&weights).filter(|((neighbor, _), _)| basket.contains(neighbor));
    let sum: f64 = spoken.map(|(_, weight)| weight).sum();
    if sum.is_finite() { sum.max(0.0) as f32 } else { 0.0 }
}

/// The nearest neighbors of an item by cosine, with how often they were bought together.
fn nearest(view: &SignalView, item: ItemId) -> Vec<(ItemId, u32)> {
    let mine = view.total(Counter::Purchases, item) as f32;
    let mut near: Vec<(f32, ItemId, u32)> = view
        .pairs(CoKind::BoughtBought, item)
        .map(|(other, together)| {
            let support = (mine * view.total(Counter::Purchases, other) as f32).sqrt() + 1.0;
            (together as f32 / support, other, together)
        })
        .collect();
    let order = |a: &(f32, ItemId, u32), b: &(f32, ItemId, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if near.len() > BASKET_NEIGHBORS_MAX {
        near.select_nth_unstable_by(BASKET_NEIGHBORS_MAX, order);
        near.truncate(BASKET_NEIGHBORS_MAX);
    }
    near.sort_unstable_by(order);
    near.into_iter().map(|(_, other, together)| (other, together)).collect()
}

/// Solves `matrix x = vector` in place by elimination without pivoting; the matrix is `[n, n]`, row-major,
/// symmetric with a heavy diagonal. A pivot near 0 is taken as 1, which leaves that unknown at about 0.
fn solve(matrix: &mut [f64], vector: &mut [f64]) {
    let n = vector.len();
    for pivot in 0..n {
        let (above, below) = matrix.split_at_mut((pivot + 1) * n);
        let lead = &mut above[pivot * n..];
        if lead[pivot].abs() < 1e-9 {
            lead[pivot] = 1.0;
        }
        for (at, row) in (pivot + 1..n).zip(below.chunks_exact_mut(n)) {
            let factor = row[pivot] / lead[pivot];
            if factor != 0.0 {
                row[pivot..].iter_mut().zip(&lead[pivot..]).for_each(|(x, l)| *x -= factor * l);
                vector[at] -= factor * vector[pivot];
            }
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|column| matrix[row * n + column] * vector[column]).sum();
        vector[row] = (vector[row] - known) / matrix[row * n + row];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::testing::{more, ordered};

    fn completed(view: &SignalView, basket: &[u32]) -> Vec<u32> {
        let basket: Vec<ItemId> = basket.iter().copied().map(ItemId).collect();
        complete(view, &basket, |item| item != ItemId(99)).into_iter().map(|found| found.item.0).collect()
    }

    #[test]
    fn equations_are_solved() {
        let mut matrix = [4.0, 1.0, 1.0, 3.0];
        let mut vector = [6.0, 7.0];
        solve(&mut matrix, &mut vector);
        assert!((vector[0] - 1.0).abs() < 1e-12 && (vector[1] - 2.0).abs() < 1e-12, "{vector:?}");
        let mut nothing = [0.0; 4];
        let mut vector = [0.0, 3.0];
        solve(&mut nothing, &mut vector);
        assert!(vector.iter().all(|x| x.is_finite()));
    }

    #[test]
    fn a_basket_is_completed_by_what_goes_with_all_of_it() {
        let mut orders: Vec<&[u32]> = vec![&[1, 2, 3]; 12];
        more(&mut orders, 12, &[1, 4]);
        more(&mut orders, 12, &[2, 5]);
        more(&mut orders, 12, &[6, 7, 99]);
        let view = ordered(&orders);
        assert_eq!(completed(&view, &[1, 2]), [3, 4, 5]);
        assert_eq!(completed(&view, &[6]), [7], "what is not wanted stays out");
        assert!(completed(&view, &[]).is_empty() && completed(&view, &[77]).is_empty());
    }

    #[test]
    fn what_speaks_only_through_another_speaks_less() {
        // 2 goes with 1, and 3 goes with 2, whether or not 1 is there.
        let mut orders: Vec<&[u32]> = vec![&[1, 2, 3]; 20];
        more(&mut orders, 80, &[2, 3]);
        more(&mut orders, 5, &[1]);
        let view = ordered(&orders);
        let (through, direct_one) = (direct(&view, ItemId(3), &[ItemId(1)]), direct(&view, ItemId(3), &[ItemId(2)]));
        // By cosine it would be 0.4 of it.
        assert!(through < 0.3 * direct_one, "{through} against {direct_one}");
    }
}
