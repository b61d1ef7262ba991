//! Which of many rules does this request fire?
//!
//! Each rule is found by its *access predicates*: a set of tests of which at least one must pass for the rule to fire
//! (Fabret et al., *Filtering algorithms and implementation for very fast publish/subscribe systems*, SIGMOD 2001; for
//! trees, Whang et al., *Indexing Boolean expressions*, VLDB 2009). Of `all`, the parts' rarest set; of `any`, all parts'
//! sets together; of `not`, none. Phrases stand in one Aho-Corasick automaton (Aho and Corasick, 1975), other tests in
//! maps by value; what is found is then tested as a whole. So the cost grows with what the request says and hits, not
//! with the number of rules. Rules without such a set (a schedule alone, a `not`) are tested one by one.
//! What is not here: validity, scopes and precedence; rules without conditions, which never fire from here.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, BuildError, MatchKind};

use crate::condition::{Leaf, Named, Node, Operator};
use crate::facts::Facts;

/// Answers which rules a request fires.
#[derive(Debug, Default)]
pub struct RuleIndex {
    /// None when there are no phrases at all.
    automaton: Option<AhoCorasick>,
    /// Pattern → the rules it gives access to.
    phrases: Vec<Vec<(u32, Operator)>>,
    /// Test → value → the rules it gives access to.
    values: HashMap<Test, HashMap<Box<str>, Vec<u32>>>,
    /// Rules that nothing gives access to.
    others: Vec<u32>,
}

/// A test whose value is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Test {
    Is,
    Word,
    Category,
    Below,
    Named(Named),
    Filter,
}

/// One access predicate.
#[derive(Clone, Copy, Debug)]
enum Access<'r> {
    Phrase(Operator, &'r str),
    Value(Test, &'r str),
}

impl RuleIndex {
    /// Builds the index; rule `i` is the i-th tree, `None` for one that never fires from here.
    ///
    /// # Errors
    /// When the phrases together exceed what the automaton can hold (gigabytes).
    pub fn build<'r>(trees: impl Iterator<Item = Option<&'r Node>>) -> Result<Self, BuildError> {
        let mut index = Self::default();
        let mut patterns: Vec<&str> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (rule, tree) in (0u32..).zip(trees) {
            let Some(tree) = tree else { continue };
            let Some((_, set)) = access(tree) else {
                index.others.push(rule);
                continue;
            };
            for predicate in set {
                match predicate {
                    Access::Phrase(operator, phrase) => {
                        let pattern = *known.entry(phrase).or_insert_with(|| {
                            patterns.push(phrase);
                            index.phrases.push(Vec::new());
                            patterns.len() - 1
                        });
                        index.phrases[pattern].push((rule, operator));
                    }
                    Access::Value(test, value) => {
                        index.values.entry(test).or_default().entry(value.into()).or_default().push(rule);
                    }
                }
            }
        }
        if !patterns.is_empty() {
            index.automaton = Some(AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns)?);
        }
        Ok(index)
    }

    /// The rules that may fire, ascending, each once: every rule that fires is among them.
    pub fn candidates(&self, facts: &Facts<'_>) -> Vec<u32> {
        let mut found = self.others.clone();
        if let Some(automaton) = &self.automaton {
            let length = facts.text.len();
            for hit in automaton.find_overlapping_iter(&facts.text) {
                let fits = |operator: &Operator| match operator {
                    Operator::Starts => hit.start() == 0,
                    Operator::Ends => hit.end() == length,
                    _ => true,
                };
                let rules = &self.phrases[hit.pattern().as_usize()];
                found.extend(rules.iter().filter(|(_, operator)| fits(operator)).map(|(rule, _)| *rule));
            }
        }
        for (test, by_value) in &self.values {
            let mut look_up = |value: &str| found.extend(by_value.get(value).into_iter().flatten());
            match test {
                Test::Is => look_up(&facts.text),
                Test::Word => facts.text.split(' ').for_each(look_up),
                Test::Category => look_up(&facts.category),
                Test::Below => facts.categories().for_each(look_up),
                Test::Named(what) => facts.named(*what).iter().for_each(|value| look_up(value)),
                Test::Filter => facts.filters.iter().for_each(|filter| look_up(filter)),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Tests of which one must pass for the tree to hold, and how often about one of them does; `None` when there is no such
/// set. A tree that never holds has an empty one.
fn access(node: &Node) -> Option<(f64, Vec<Access<'_>>)> {
    match node {
        Node::All(parts) => parts.iter().filter_map(access).min_by(|a, b| a.0.total_cmp(&b.0)),
        Node::Any(parts) => {
            let mut whole = (0.0, Vec::new());
            for part in parts {
                let (often, set) = access(part)?;
                whole.0 += often;
                whole.1.extend(set);
            }
            Some(whole)
        }
        Node::Not(_) => None,
        Node::Leaf(leaf) => access_of_leaf(leaf),
    }
}

/// The shares of requests that pass a test are rough guesses; only their order matters, and only for speed.
fn access_of_leaf(leaf: &Leaf) -> Option<(f64, Vec<Access<'_>>)> {
    Some(match leaf {
        Leaf::Query { operator: Operator::Is, phrase } => (0.001, vec![Access::Value(Test::Is, phrase)]),
        Leaf::Query { operator: Operator::Words, phrase } => {
            let longest = phrase.split(' ').max_by_key(|word| word.len())?;
            (0.02, vec![Access::Value(Test::Word, longest)])
        }
        Leaf::Query { operator, phrase } => {
            let often = [1.0, 0.5, 0.25, 0.1, 0.03][phrase.chars().count().min(4)];
            (often / f64::from(u8::from(*operator != Operator::Contains) + 1), vec![Access::Phrase(*operator, phrase)])
        }
        Leaf::Category { paths, below } => {
            let (often, test) = if *below { (0.05, Test::Below) } else { (0.01, Test::Category) };
            (often * paths.len() as f64, each(test, paths))
        }
        Leaf::Named { what, values } => {
            let often = match what {
                Named::Audience => 0.05,
                Named::CustomerGroup => 0.2,
                Named::StoreView | Named::Device | Named::PageType => 0.5,
            };
            (often * values.len() as f64, each(Test::Named(*what), values))
        }
        Leaf::Filter(text) => (if text.contains('=') { 0.01 } else { 0.05 }, vec![Access::Value(Test::Filter, text)]),
        Leaf::Cart(_) | Leaf::Weekly(_) | Leaf::Window { .. } => return None,
    })
}

fn each(test: Test, values: &[String]) -> Vec<Access<'_>> {
    values.iter().map(|value| Access::Value(test, value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Dice, facts, tree};

    #[test]
    fn the_index_misses_no_rule_that_fires() {
        let mut dice = Dice::new(1);
        let trees: Vec<Node> = (0..400).map(|_| tree(&mut dice, 3)).collect();
        let index = RuleIndex::build(trees.iter().map(Some)).unwrap();
        let (mut fired, mut tested) = (0, 0);
        for _ in 0..500 {
            let facts = facts(&mut dice);
            let candidates = index.candidates(&facts);
            tested += candidates.len();
            let found: Vec<u32> = candidates.into_iter().filter(|rule| facts.hold(&trees[*rule as usize])).collect();
            let expected: Vec<u32> = (0..400).filter(|rule| facts.hold(&trees[*rule as usize])).collect();
            assert_eq!(found, expected, "{facts:?}");
            fired += found.len();
        }
        assert!(fired > 10_000 && tested < 500 * 400, "{fired} of {tested}");
    }

    #[test]
    fn the_rarest_part_of_all_gives_access() {
        let leaf = |what, value: &str| Node::Leaf(Leaf::Named { what, values: vec![value.into()] });
        let is = Node::Leaf(Leaf::Query { operator: Operator::Is, phrase: "sofa".into() });
        let mobile = leaf(Named::Device, "mobile");
        let check = |node: &Node, expected: Option<usize>| {
            assert_eq!(access(node).map(|(_, set)| set.len()), expected, "{node:?}");
        };
        check(&Node::All(vec![mobile.clone(), is.clone()]), Some(1));
        check(&Node::Any(vec![mobile.clone(), is.clone()]), Some(2));
        check(&Node::Any(vec![mobile.clone(), Node::Not(Box::new(is.clone()))]), None);
        check(&Node::All(vec![mobile.clone(), Node::Not(Box::new(is.clone()))]), Some(1));
        check(&Node::Any(vec![]), Some(0));
        check(&Node::All(vec![]), None);
        let all = Node::All(vec![mobile, is]);
        assert!(matches!(access(&all).unwrap().1[0], Access::Value(Test::Is, "sofa")));
    }
}
