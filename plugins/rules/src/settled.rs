//! Will the index of an earlier epoch do?
//!
//! Indexing ten thousand rules takes as long as a hundred searches, and an epoch changes a rule or two. So an index is
//! kept from epoch to epoch for as long as few rules are new and most of its rules are still there: new ones are tested
//! one by one, what it finds of those that are gone is passed over. A rule that did not change is the very same `Arc`.
//! What is not here: how an index finds rules (see [`crate::index`]).

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::facts::Facts;
use crate::index::RuleIndex;
use crate::rule::Rule;

/// New rules that do not pay for a new index.
const FRESH_MAX: usize = 64;
/// Number of a rule that is gone.
const GONE: u32 = u32::MAX;

/// An index over rules, some of which may have come or gone since.
#[derive(Debug)]
pub struct Settled<R> {
    base: Arc<Base<R>>,
    /// Number in the base → number now.
    now: Vec<u32>,
    /// Rules that are not in the base.
    fresh: Vec<u32>,
}

#[derive(Debug)]
struct Base<R> {
    index: RuleIndex,
    /// Kept, so that no other rule comes to lie at the same address.
    rules: Vec<Arc<R>>,
    numbers: HashMap<usize, u32>,
}

impl<R: Borrow<Rule>> Settled<R> {
    /// An index of these rules, upon that of an `earlier` one when it will do.
    ///
    /// # Errors
    /// When their phrases together are too large to index.
    pub fn of(rules: &[Arc<R>], earlier: Option<&Settled<R>>) -> Result<Self, String> {
        let upon = earlier.map(|earlier| Self::upon(&earlier.base, rules));
        let will_do =
            |it: &Self| it.fresh.len() <= FRESH_MAX && 2 * (rules.len() - it.fresh.len()) >= it.base.rules.len();
        match upon.filter(will_do) {
            Some(settled) => Ok(settled),
            None => Ok(Self::upon(&Arc::new(Base::of(rules)?), rules)),
        }
    }

    fn upon(base: &Arc<Base<R>>, rules: &[Arc<R>]) -> Self {
        let (mut now, mut fresh) = (vec![GONE; base.rules.len()], Vec::new());
        for (rule, number) in rules.iter().zip(0..) {
            match base.numbers.get(&address(rule)) {
                Some(&known) => now[known as usize] = number,
                None => fresh.push(number),
            }
        }
        Self { base: Arc::clone(base), now, fresh }
    }

    /// The rules that may fire, ascending, each once: every rule that fires is among them.
    pub fn candidates(&self, facts: &Facts<'_>) -> Vec<u32> {
        let mut found = self.base.index.candidates(facts);
        found.iter_mut().for_each(|number| *number = self.now[*number as usize]);
        found.retain(|number| *number != GONE);
        found.extend(&self.fresh);
        found.sort_unstable();
        found
    }
}

impl<R: Borrow<Rule>> Base<R> {
    fn of(rules: &[Arc<R>]) -> Result<Self, String> {
        let trees = rules.iter().map(|rule| -> &Rule { (**rule).borrow() }).map(|rule| rule.when.as_ref());
        let index = RuleIndex::build(trees)
            .map_err(|error| format!("the phrases of {} rules cannot be indexed: {error}", rules.len()))?;
        let numbers = rules.iter().map(address).zip(0..).collect();
        Ok(Self { index, rules: rules.to_vec(), numbers })
    }
}

fn address<R>(rule: &Arc<R>) -> usize {
    Arc::as_ptr(rule) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;
    use crate::rule::Head;
    use crate::testing::{Dice, facts, tree};

    fn rule(dice: &mut Dice) -> Arc<Rule> {
        let origin = Origin { kind: "r".into(), scope: String::new(), id: "a".into(), seq: 1, from_ms: 0, until_ms: 1 };
        let head = Head { name: String::new(), enabled: true, priority: 0, origin };
        Arc::new(Rule { head, when: Some(tree(dice, 3)), events: Vec::new() })
    }

    #[test]
    fn what_is_kept_misses_no_rule_that_fires() {
        let mut dice = Dice::new(7);
        let mut rules: Vec<Arc<Rule>> = (0..200).map(|_| rule(&mut dice)).collect();
        let mut settled = Settled::of(&rules, None).unwrap();
        let mut kept = 0;
        for round in 0..150 {
            let base = Arc::clone(&settled.base);
            let at = dice.roll(rules.len());
            match round % 4 {
                0 => drop(rules.remove(at)),
                1 => rules.insert(at, rule(&mut dice)),
                _ => rules[at] = rule(&mut dice),
            }
            settled = Settled::of(&rules, Some(&settled)).unwrap();
            kept += usize::from(Arc::ptr_eq(&base, &settled.base));
            for _ in 0..5 {
                let facts = facts(&mut dice);
                let fires = |number: &u32| rules[*number as usize].when.as_ref().is_some_and(|when| facts.hold(when));
                let found: Vec<u32> = settled.candidates(&facts).into_iter().filter(fires).collect();
                let expected: Vec<u32> = (0..rules.len() as u32).filter(fires).collect();
                assert_eq!(found, expected, "round {round}");
            }
        }
        assert!((140..150).contains(&kept), "{kept} of 150 epochs took an index over");
    }

    #[test]
    fn rules_that_went_away_go_out_of_memory_in_the_end() {
        let mut dice = Dice::new(8);
        let rules: Vec<Arc<Rule>> = (0..20).map(|_| rule(&mut dice)).collect();
        let settled = Settled::of(&rules, None).unwrap();
        let fewer = Settled::of(&rules[..9], Some(&settled)).unwrap();
        assert_eq!(fewer.base.rules.len(), 9, "less than half is left");
    }
}
