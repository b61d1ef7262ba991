//! In which order do the products of several rules stand?
//!
//! Rules of one priority are a band. By priority, then id: band after band, in each what has the greater score first,
//! and equals by id. By priority, then random: the same with lots in place of ids. Weighted random: all bands together,
//! drawn without replacement, where a product of the lowest of `n` bands has weight 1 and of the highest weight `n`.
//! Lots are hashes of seed and product, so that one seed always gives one order. The weighted draw is that of
//! Efraimidis and Spirakis ("Weighted random sampling with a reservoir", 2006) in its exponential form: the least
//! `-ln(u) / w` first.
//! What is not here: which rules apply, and what they propose.

use std::collections::HashSet;

/// How products take turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// By priority, then id.
    #[default]
    Id,
    /// By priority, then by lot.
    Random,
    /// By lot, weighted by priority.
    Weighted,
}

/// What a rule proposes: products, each with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Larger stands first.
    pub priority: i32,
    /// Products, each with its score, 0 where nothing orders them.
    pub items: Vec<(u32, f32)>,
}

/// The lot of a product: evenly spread over all numbers. SplitMix64 by Steele, Lea and Flood (2014).
pub fn lot(seed: u64, item: u32) -> u64 {
    let mix = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    // Twice, so that neighboring seeds do not give neighboring lots.
    mix(mix(seed.wrapping_add(0x9E37_79B9_7F4A_7C15)) ^ u64::from(item).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// The products of all proposals in order, each once: that of the first proposal that has it.
/// `proposals` are in order of precedence, so those of one priority stand together.
pub fn rotate(proposals: &[Proposal], rotation: Rotation, seed: u64) -> Vec<u32> {
    let mut seen = HashSet::new();
    let mut bands: Vec<Vec<(u32, f32)>> = Vec::new();
    for band in proposals.chunk_by(|one, other| one.priority == other.priority) {
        let items = band.iter().flat_map(|proposal| &proposal.items).copied();
        bands.push(items.filter(|(item, _)| seen.insert(*item)).collect());
    }
    if rotation == Rotation::Weighted {
        return weighted(&bands, seed);
    }
    for band in &mut bands {
        let turn = |item: u32| if rotation == Rotation::Id { u64::from(item) } else { lot(seed, item) };
        band.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| (turn(a.0), a.0).cmp(&(turn(b.0), b.0))));
    }
    bands.concat().into_iter().map(|(item, _)| item).collect()
}

fn weighted(bands: &[Vec<(u32, f32)>], seed: u64) -> Vec<u32> {
    let mut keyed: Vec<(f64, u32)> = Vec::new();
    for (rank, band) in bands.iter().enumerate() {
        let weight = (bands.len() - rank) as f64;
        // In (0, 1]: the upper 53 bits, and never 0.
        let uniform = |item: u32| ((lot(seed, item) >> 11) + 1) as f64 / (1u64 << 53) as f64;
        keyed.extend(band.iter().map(|(item, _)| (-uniform(*item).ln() / weight, *item)));
    }
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    keyed.into_iter().map(|(_, item)| item).collect()
}

/// At most `limit` products of a set that stand for it: those of the greatest score; among equals the first by id, or
/// by lot.
pub fn stand_for(mut items: Vec<(u32, f32)>, limit: usize, by_lot: Option<u64>) -> Vec<(u32, f32)> {
    let turn = |item: u32| by_lot.map_or(u64::from(item), |seed| lot(seed, item));
    let order =
        |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then_with(|| (turn(a.0), a.0).cmp(&(turn(b.0), b.0)));
    if items.len() > limit {
        items.select_nth_unstable_by(limit, order);
        items.truncate(limit);
    }
    items.sort_by(order);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposal(priority: i32, items: &[u32]) -> Proposal {
        Proposal { priority, items: items.iter().map(|item| (*item, 0.0)).collect() }
    }

    #[test]
    fn bands_stand_behind_each_other_and_products_once() {
        let proposals = [proposal(9, &[7, 3]), proposal(9, &[5, 3]), proposal(1, &[1, 7, 2])];
        assert_eq!(rotate(&proposals, Rotation::Id, 1), [3, 5, 7, 1, 2]);
        let scored = [Proposal { priority: 9, items: vec![(7, 0.5), (3, 0.0), (8, 0.9)] }, proposal(1, &[1])];
        assert_eq!(rotate(&scored, Rotation::Id, 1), [8, 7, 3, 1]);
        for seed in 0..50 {
            let order = rotate(&proposals, Rotation::Random, seed);
            assert_eq!(order, rotate(&proposals, Rotation::Random, seed));
            let (mut first, mut second) = (order[..3].to_vec(), order[3..].to_vec());
            first.sort_unstable();
            second.sort_unstable();
            assert_eq!((first, second), (vec![3, 5, 7], vec![1, 2]), "seed {seed}");
        }
        assert_eq!(rotate(&[], Rotation::Weighted, 1), [0; 0]);
    }

    #[test]
    fn lots_are_even() {
        let proposals = [proposal(0, &[10, 11, 12, 13])];
        let mut firsts = [0u32; 4];
        (0..4_000).for_each(|seed| firsts[rotate(&proposals, Rotation::Random, seed)[0] as usize - 10] += 1);
        assert!(firsts.iter().all(|n| (900..1_100).contains(n)), "{firsts:?}");
    }

    #[test]
    fn weights_are_those_of_the_bands() {
        let proposals = [proposal(9, &[1]), proposal(5, &[2]), proposal(-3, &[3])];
        let mut firsts = [0u32; 3];
        (0..6_000).for_each(|seed| firsts[rotate(&proposals, Rotation::Weighted, seed)[0] as usize - 1] += 1);
        // 3 : 2 : 1 of 6000, within five standard deviations.
        for (got, expected) in firsts.iter().zip([3_000u32, 2_000, 1_000]) {
            assert!(got.abs_diff(expected) < 200, "{firsts:?}");
        }
    }

    #[test]
    fn the_best_or_the_lucky_stand_for_a_set() {
        let set = || vec![(4, 0.0), (2, 0.5), (9, 0.0), (1, 0.0)];
        assert_eq!(stand_for(set(), 3, None), [(2, 0.5), (1, 0.0), (4, 0.0)]);
        assert_eq!(stand_for(set(), 9, None).len(), 4);
        let lucky = |seed| stand_for(set(), 2, Some(seed))[1].0;
        assert!((0..40).all(|seed| stand_for(set(), 2, Some(seed))[0].0 == 2));
        let mut all: Vec<u32> = (0..40).map(lucky).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all, [1, 4, 9]);
    }
}
