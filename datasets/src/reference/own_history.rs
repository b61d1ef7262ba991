//! What does this customer always buy?
//!
//! The personal top, then the top of all: the floor that a next-basket method has to beat (Li, Jullien, Ariannezhad
//! and de Rijke, 2023, "A next basket recommendation reality check", TOIS, GP-TopFreq).

use std::collections::{HashMap, HashSet};

use super::{Context, Group, Reference, best, fill_up, group_counts};

/// A customer's own items by number of baskets, then everybody's.
pub struct OwnHistory {
    own: HashMap<u32, Vec<u32>>,
    top: Vec<u32>,
}

impl OwnHistory {
    /// Learns from baskets.
    pub fn of(groups: &[Group]) -> Self {
        let mut by_user: HashMap<u32, Vec<Group>> = HashMap::new();
        for group in groups {
            if let Some(user) = group.user {
                by_user.entry(user).or_default().push(group.clone());
            }
        }
        let own = by_user.into_iter().map(|(user, baskets)| (user, favorites(&baskets)));
        Self { own: own.collect(), top: best(group_counts(groups), usize::MAX) }
    }
}

/// A customer's items by number of baskets, equal ones in the order in which they were first bought.
fn favorites(baskets: &[Group]) -> Vec<u32> {
    let counts = group_counts(baskets);
    let mut items: Vec<u32> = Vec::new();
    let mut seen = HashSet::new();
    items.extend(baskets.iter().flat_map(|basket| &basket.items).filter(|item| seen.insert(**item)));
    items.sort_by(|a, b| counts[b].total_cmp(&counts[a]));
    items
}

impl Reference for OwnHistory {
    fn name(&self) -> &'static str {
        "own history, then top sellers"
    }

    fn source(&self) -> &'static str {
        "GP-TopFreq of Li et al. 2023"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let own = context.user.and_then(|user| self.own.get(&user)).cloned().unwrap_or_default();
        fill_up(own, &self.top, &[], k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_come_before_the_popular() {
        let basket = |user: u32, items: &[u32]| Group { user: Some(user), items: items.to_vec(), time_ms: 0 };
        let own = OwnHistory::of(&[basket(1, &[5, 6]), basket(1, &[5]), basket(2, &[6, 7]), basket(3, &[7, 6])]);
        let ask = |user: u32| own.rank(&Context { user: Some(user), ..Context::default() }, 3);
        assert_eq!(ask(1), [5, 6, 7]);
        assert_eq!(ask(3), [7, 6, 5]);
        assert_eq!(ask(9), [6, 5, 7]);
    }
}
