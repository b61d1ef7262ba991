//! In which order should these items be shown to this shopper?
//!
//! For a list that another system made: its order is the prior, and what the shopper touched lately moves items.
//! The score is the exponential of a sum of a few features with fixed weights, a conditional logit model after
//! McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior", 1974, whose weights were fitted once, on lists
//! that were really shown and clicked. They are the same for every shop.
//! What is not here: which items may be shown.

/// One item of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shown {
    /// How recently it was touched: 0 is the last item touched, 1 the one before; `None` is not lately.
    pub touched: Option<usize>,
    /// What it costs, in any unit, above 0.
    pub price: Option<f64>,
}

/// A place lower in the list, in logarithms of the place from 1, with nothing touched and with something.
const PLACE: (f64, f64) = (-1.4, -0.8);
/// Touched at all, by one over the rank of recency, and as the last item.
const TOUCHED: (f64, f64, f64) = (1.2, 0.7, 0.65);
/// Below the item touched last: shoppers read on downwards.
const BELOW: f64 = 0.8;
/// Distance to the item touched last, in logarithms of the places between from 1.
const DISTANCE: f64 = -0.8;
/// Price against the list's median, and distance from the mean of what was touched, in logarithms.
const PRICE: (f64, f64) = (-0.75, -0.9);

/// A score above 0 for every item of a list, in the order given.
pub(super) fn scores(list: &[Shown]) -> Vec<f32> {
    let last = list.iter().position(|item| item.touched == Some(0));
    let any_touched = list.iter().any(|item| item.touched.is_some());
    let median = median(list.iter().filter_map(|item| item.price));
    let liked = mean(list.iter().filter(|item| item.touched.is_some()).filter_map(|item| item.price));
    let utility = |place: usize, item: &Shown| {
        let mut sum = ((place + 1) as f64).ln() * if any_touched { PLACE.1 } else { PLACE.0 };
        if let Some(rank) = item.touched {
            sum += TOUCHED.0 + TOUCHED.1 / (1.0 + rank as f64) + if rank == 0 { TOUCHED.2 } else { 0.0 };
        }
        if let Some(last) = last {
            sum += DISTANCE * (1.0 + place.abs_diff(last) as f64).ln() + if place > last { BELOW } else { 0.0 };
        }
        if let (Some(price), Some(median)) = (item.price, median) {
            sum += PRICE.0 * (price / median).ln();
            sum += liked.map_or(0.0, |liked| PRICE.1 * (price / liked).ln().abs());
        }
        sum.clamp(-60.0, 60.0).exp() as f32
    };
    list.iter().enumerate().map(|(place, item)| utility(place, item)).collect()
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (n, sum) = values.fold((0, 0.0), |(n, sum), value| (n + 1, sum + value));
    (n > 0).then(|| sum / f64::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(list: &[(Option<usize>, Option<f64>)]) -> Vec<usize> {
        let list: Vec<Shown> = list.iter().map(|&(touched, price)| Shown { touched, price }).collect();
        let scores = scores(&list);
        assert!(scores.iter().all(|score| score.is_finite() && *score > 0.0), "{scores:?}");
        let mut order: Vec<usize> = (0..list.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        order
    }

    #[test]
    fn nothing_known_keeps_the_order() {
        assert_eq!(ranked(&[(None, None); 5]), [0, 1, 2, 3, 4]);
        assert!(ranked(&[]).is_empty());
    }

    #[test]
    fn what_was_touched_rises_the_last_first() {
        let untouched = (None, None);
        assert_eq!(ranked(&[untouched, untouched, (Some(1), None), untouched, (Some(0), None)])[..2], [4, 2]);
    }

    #[test]
    fn of_two_neighbors_the_cheaper_rises() {
        let costs = |price| (None, Some(price));
        let order = ranked(&[costs(100.0), costs(100.0), costs(400.0), costs(50.0), costs(100.0)]);
        let place = |item| order.iter().position(|at| *at == item).unwrap();
        assert!(place(3) < place(2), "{order:?}");
    }
}
