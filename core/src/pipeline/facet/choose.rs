//! Which dynamic facets are offered, and in which order?
//!
//! Pinned facets stand first, in the merchant's order. Of the others, as many as the store view shows are taken by what
//! they are worth to somebody who wants to narrow these matches: `coverage · split`, where `coverage` is the share of
//! the matches that have a value and `split` the chance that two values drawn from the matches differ (Gini, 1912;
//! Simpson, *Measurement of diversity*, Nature 1949). Those that a filter is about stay besides.
//! Those that the matches have clearly more often than the shop does speak of what was searched for: they are
//! `intelligent` and go before the `popular` ones; inside each group they stand by label.

use crate::limits::{INTELLIGENT_COVERAGE_MIN, INTELLIGENT_LIFT_MIN};
use crate::pipeline::request::{Facet, facet_kind};

/// A counted facet and what is needed to weigh it.
pub(super) struct Weighed {
    pub facet: Facet,
    pub pinned: bool,
    /// Is a filter of the request about it?
    pub filtered: bool,
    /// Share of the matches that have a value, 0 to 1.
    pub coverage: f64,
    /// Share of all products that have a value, 0 to 1.
    pub in_shop: f64,
    /// Chance that two values of the matches differ, 0 to 1.
    pub split: f64,
}

impl Weighed {
    /// The kind that shoppers' fronts are told.
    pub fn kind(&self) -> &'static str {
        if self.pinned {
            facet_kind::PINNED
        } else if self.coverage >= INTELLIGENT_COVERAGE_MIN && self.coverage >= INTELLIGENT_LIFT_MIN * self.in_shop {
            facet_kind::INTELLIGENT
        } else {
            facet_kind::POPULAR
        }
    }

    fn worth(&self) -> f64 {
        self.coverage * self.split
    }
}

/// Chance that two of the counted values differ: `1 - Σ (nᵢ / n)²`; 0 when nothing was counted.
pub(super) fn split(counts: impl Iterator<Item = u64> + Clone) -> f64 {
    let n: u64 = counts.clone().sum();
    if n == 0 { 0.0 } else { 1.0 - counts.map(|count| (count as f64 / n as f64).powi(2)).sum::<f64>() }
}

/// The facets to show out of those that were counted, which are pinned ones in order, then dynamic ones by label.
pub(super) fn choose(counted: Vec<Weighed>, dynamic_max: usize) -> Vec<Facet> {
    let stays = |one: &Weighed| one.pinned || one.filtered;
    let mut by_worth: Vec<usize> = (0..counted.len()).filter(|&at| !stays(&counted[at])).collect();
    by_worth.sort_by(|&a, &b| counted[b].worth().total_cmp(&counted[a].worth()).then(a.cmp(&b)));
    let mut kept: Vec<bool> = counted.iter().map(stays).collect();
    by_worth.into_iter().take(dynamic_max).for_each(|at| kept[at] = true);
    let mut kept: Vec<Weighed> = counted.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(one, _)| one).collect();
    kept.sort_by_key(|one| match one.kind() {
        facet_kind::PINNED => 0,
        facet_kind::INTELLIGENT => 1,
        _ => 2,
    });
    kept.into_iter().map(|one| one.facet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighed(code: &str, pinned: bool, coverage: f64, in_shop: f64, split: f64) -> Weighed {
        let facet = Facet {
            attribute: code.to_owned(),
            label: code.to_owned(),
            kind: String::new(),
            buckets: Vec::new(),
            bounds: None,
        };
        Weighed { facet, pinned, filtered: code == "filtered", coverage, in_shop, split }
    }

    #[test]
    fn pinned_then_intelligent_then_popular_and_the_least_telling_go_first() {
        let counted = || {
            vec![
                weighed("pinned", true, 0.1, 0.1, 0.0),
                weighed("alike", false, 1.0, 1.0, 0.0),
                weighed("color", false, 0.9, 0.8, 0.7),
                weighed("filtered", false, 0.0, 0.5, 0.0),
                weighed("memory", false, 0.9, 0.1, 0.5),
                weighed("rare", false, 0.2, 0.0, 0.9),
            ]
        };
        let check = |max: usize, expected: &[&str]| {
            let shown = choose(counted(), max);
            assert_eq!(shown.iter().map(|facet| facet.attribute.as_str()).collect::<Vec<_>>(), expected, "{max}");
        };
        check(9, &["pinned", "memory", "alike", "color", "filtered", "rare"]);
        check(2, &["pinned", "memory", "color", "filtered"]);
        check(0, &["pinned", "filtered"]);
    }

    #[test]
    fn values_that_are_all_alike_split_nothing() {
        let of = |counts: &[u64]| split(counts.iter().copied());
        assert_eq!((of(&[]), of(&[9]), of(&[5, 5])), (0.0, 0.0, 0.5));
        assert!(of(&[3, 3, 3]) > of(&[7, 1, 1]));
    }
}
