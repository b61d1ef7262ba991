//! How widely, and how fashionably, do many lists recommend?

use std::collections::{BTreeMap, BTreeSet};

/// Coverage: the share of a catalog of `catalog_size` items that stands in at least one list, in `[0, 1]`.
pub fn coverage<T: Ord>(lists: &[Vec<T>], catalog_size: usize) -> f64 {
    let shown: BTreeSet<&T> = lists.iter().flatten().collect();
    if catalog_size == 0 { 0.0 } else { (shown.len() as f64 / catalog_size as f64).min(1.0) }
}

/// Popularity bias: mean popularity of the recommended items over the mean popularity of all items
/// (average recommendation popularity, Yin et al., 2012, made free of scale).
///
/// 1 means items are recommended regardless of popularity, above 1 that popular ones are favored. Items
/// without a count have popularity 0. `None` when nothing is recommended or nothing is popular.
pub fn popularity_bias<T: Ord>(lists: &[Vec<T>], popularity: &BTreeMap<T, u64>) -> Option<f64> {
    let slots: usize = lists.iter().map(Vec::len).sum();
    let total: u64 = popularity.values().sum();
    if slots == 0 || total == 0 {
        return None;
    }
    let recommended: u64 = lists.iter().flatten().filter_map(|item| popularity.get(item)).sum();
    Some((recommended as f64 / slots as f64) / (total as f64 / popularity.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_counts_different_items() {
        assert_eq!(coverage(&[vec![1, 2], vec![2, 3]], 6), 0.5);
        assert_eq!(coverage::<u32>(&[], 0), 0.0);
    }

    #[test]
    fn bias_is_relative_to_the_catalog() {
        let popularity = BTreeMap::from([("hit", 8), ("rare", 0)]);
        assert_eq!(popularity_bias(&[vec!["hit"], vec!["hit"]], &popularity), Some(2.0));
        assert_eq!(popularity_bias(&[vec!["hit", "rare"]], &popularity), Some(1.0));
        assert_eq!(popularity_bias(&[vec![]], &popularity), None);
    }
}
