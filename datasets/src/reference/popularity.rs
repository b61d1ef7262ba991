//! What do all like, and what does this visit like? The floor under every other method.

use std::collections::HashMap;

use super::{Context, Group, Reference, best, fill_up};

/// The most frequent items, for everybody the same.
pub struct Popularity {
    top: Vec<u32>,
    /// What is in the context already is left out: a basket is not completed with what it holds.
    drop_context: bool,
}

impl Popularity {
    /// Counts every mention; items of the context may be recommended.
    pub fn of(groups: &[Group]) -> Self {
        Self { top: mentions(groups), drop_context: false }
    }

    /// Counts every mention; items of the context are left out.
    pub fn beside_context(groups: &[Group]) -> Self {
        Self { top: mentions(groups), drop_context: true }
    }
}

/// Items by mentions, most first.
pub(super) fn mentions(groups: &[Group]) -> Vec<u32> {
    let mut counts: HashMap<u32, f64> = HashMap::new();
    for item in groups.iter().flat_map(|group| &group.items) {
        *counts.entry(*item).or_default() += 1.0;
    }
    let n = counts.len();
    best(counts, n)
}

impl Reference for Popularity {
    fn name(&self) -> &'static str {
        "popularity"
    }

    fn source(&self) -> &'static str {
        "counts of the training part"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let excluded = if self.drop_context { context.items } else { &[] };
        fill_up(Vec::new(), &self.top, excluded, k)
    }
}

/// The items of the visit itself, the most clicked first, then the most popular.
///
/// Session popularity as in Hidasi, Karatzoglou, Baltrunas and Tikk, 2016, "Session-based recommendations with
/// recurrent neural networks" (S-POP), ties by popularity.
pub struct SessionPopularity {
    top: Vec<u32>,
    place: HashMap<u32, usize>,
}

impl SessionPopularity {
    /// Learns what is popular, for ties and the rest of the list.
    pub fn of(groups: &[Group]) -> Self {
        let top = mentions(groups);
        let place = top.iter().enumerate().map(|(place, item)| (*item, place)).collect();
        Self { top, place }
    }
}

impl Reference for SessionPopularity {
    fn name(&self) -> &'static str {
        "session popularity"
    }

    fn source(&self) -> &'static str {
        "S-POP of Hidasi et al. 2016"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let mut counts: HashMap<u32, f64> = HashMap::new();
        for item in context.items {
            *counts.entry(*item).or_default() += 1.0;
        }
        let all = self.top.len() + 1;
        let tie = |item: &u32| 1.0 - self.place.get(item).copied().unwrap_or(all) as f64 / (all + 1) as f64;
        let own = best(counts.into_iter().map(|(item, n)| (item, n + tie(&item))), k);
        fill_up(own, &self.top, &[], k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_decide() {
        let group = |items: &[u32]| Group { items: items.to_vec(), ..Group::default() };
        let groups = [group(&[1, 2, 2]), group(&[3, 2, 3])];
        let context = Context { items: &[9, 3, 3], ..Context::default() };
        assert_eq!(Popularity::of(&groups).rank(&context, 2), [2, 3]);
        assert_eq!(Popularity::beside_context(&groups).rank(&context, 2), [2, 1]);
        assert_eq!(SessionPopularity::of(&groups).rank(&context, 4), [3, 9, 2, 1]);
    }
}
