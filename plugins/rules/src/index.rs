//! Which of many rules does this request fire?
//!
//! Each rule is found by its *access predicates*: a set of tests of which at least one must pass for the rule to fire
//! (Fabret et al., *Filtering algorithms and implementation for very fast publish/subscribe systems*, SIGMOD 2001; for
//! trees, Whang et al., *Indexing Boolean expressions*, VLDB 2009). Of `all`, the parts' rarest set; of `any`, all parts'
//! sets together; of `not`, none. What many rules ask for, requests say often: a rule about a word that hundreds name is
//! found by its audience instead. Phrases stand in one Aho-Corasick automaton (Aho and Corasick, 1975), other tests in
//! maps by value; what is found is then tested as a whole. So the cost grows with what the request says and hits, not
//! with the number of rules. Rules without such a set (a schedule alone, a `not`) are tested one by one.
//! What is not here: validity, scopes and precedence; rules without conditions, which never fire from here.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Access<'r> {
    Phrase(Operator, &'r str),
    Value(Test, &'r str),
}

impl RuleIndex {
    /// Builds the index; rule `i` is the i-th tree, `None` for one that never fires from here.
    ///
    /// # Errors
    /// When the phrases together exceed what the automaton can hold (gigabytes).
    pub fn build<'r>(trees: impl Iterator<Item = Option<&'r Node>> + Clone) -> Result<Self, BuildError> {
        let crowds = Crowds::of(trees.clone().flatten());
        let mut index = Self::default();
        let mut phrases: BTreeMap<&str, Vec<(u32, Operator)>> = BTreeMap::new();
        for (rule, tree) in (0u32..).zip(trees) {
            let Some(tree) = tree else { continue };
            let Some((_, set)) = access(tree, &crowds) else {
                index.others.push(rule);
                continue;
            };
            for predicate in set {
                match predicate {
                    Access::Phrase(operator, phrase) => phrases.entry(phrase).or_default().push((rule, operator)),
                    Access::Value(test, value) => {
                        index.values.entry(test).or_default().entry(value.into()).or_default().push(rule);
                    }
                }
            }
        }
        if !phrases.is_empty() {
            let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(phrases.keys());
            index.automaton = Some(automaton?);
        }
        index.phrases = phrases.into_values().collect();
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
                Test::Category => facts.categories.iter().for_each(|path| look_up(path)),
                Test::Below => facts.categories_and_above().for_each(look_up),
                Test::Named(what) => facts.named(*what).iter().for_each(|value| look_up(value)),
                Test::Filter => facts.filters.iter().for_each(|filter| look_up(filter)),
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// How many tests ask for the same.
#[derive(Debug, Default)]
struct Crowds<'r>(HashMap<Access<'r>, u32>);

impl<'r> Crowds<'r> {
    fn of(trees: impl Iterator<Item = &'r Node>) -> Self {
        let mut crowds = Self::default();
        for tree in trees {
            tree.each(&mut |leaf, _| ways_to(leaf).for_each(|way| *crowds.0.entry(way).or_default() += 1));
        }
        crowds
    }

    fn size(&self, way: &Access<'_>) -> u32 {
        self.0.get(way).copied().unwrap_or(1)
    }
}

/// Tests of which one must pass for the tree to hold, and how often about one of them does; `None` when there is no such
/// set. A tree that never holds has an empty one.
fn access<'r>(node: &'r Node, crowds: &Crowds<'_>) -> Option<(f64, Vec<Access<'r>>)> {
    match node {
        Node::All(parts) => parts.iter().filter_map(|part| access(part, crowds)).min_by(|a, b| a.0.total_cmp(&b.0)),
        Node::Any(parts) => {
            let mut whole = (0.0, Vec::new());
            for part in parts {
                let (often, set) = access(part, crowds)?;
                whole.0 += often;
                whole.1.extend(set);
            }
            Some(whole)
        }
        Node::Not(_) => None,
        Node::Leaf(leaf) => access_of_leaf(leaf, crowds),
    }
}

fn access_of_leaf<'r>(leaf: &'r Leaf, crowds: &Crowds<'_>) -> Option<(f64, Vec<Access<'r>>)> {
    let often = often(leaf)?;
    let mut ways: Vec<Access<'r>> = ways_to(leaf).collect();
    if let Leaf::Query { operator: Operator::Words, .. } = leaf {
        // All of them must stand there: the rarest one will do.
        let length = |way: &Access<'_>| if let Access::Value(_, word) = way { word.len() } else { 0 };
        let rarest = ways.into_iter().min_by_key(|way| (crowds.size(way), Reverse(length(way))))?;
        ways = vec![rarest];
    }
    let crowd: u32 = ways.iter().map(|way| crowds.size(way)).sum();
    Some((often * f64::from(crowd), ways))
}

/// How often a test of one value passes. The shares of requests are rough guesses; only their order matters, and only
/// for speed. `None` of what is not looked up.
fn often(leaf: &Leaf) -> Option<f64> {
    Some(match leaf {
        Leaf::Query { operator: Operator::Is, .. } => 0.001,
        Leaf::Query { operator: Operator::Words, .. } => 0.02,
        Leaf::Query { operator, phrase } => {
            let often = [1.0, 0.5, 0.25, 0.1, 0.03][phrase.chars().count().min(4)];
            often / f64::from(u8::from(*operator != Operator::Contains) + 1)
        }
        Leaf::Category { below: true, .. } => 0.05,
        Leaf::Category { below: false, .. } => 0.01,
        Leaf::Named { what: Named::Audience, .. } => 0.05,
        Leaf::Named { what: Named::CustomerGroup, .. } => 0.2,
        Leaf::Named { what: Named::StoreView | Named::Device | Named::PageType, .. } => 0.5,
        Leaf::Filter(text) => [0.05, 0.01][usize::from(text.contains('='))],
        Leaf::Cart(_) | Leaf::Weekly(_) | Leaf::Window { .. } => return None,
    })
}

/// What is looked up for a test.
fn ways_to(leaf: &Leaf) -> impl Iterator<Item = Access<'_>> {
    fn each(test: Test, values: &[String]) -> Vec<Access<'_>> {
        values.iter().map(|value| Access::Value(test, value)).collect()
    }
    let ways: Vec<Access<'_>> = match leaf {
        Leaf::Query { operator: Operator::Is, phrase } => vec![Access::Value(Test::Is, phrase)],
        Leaf::Query { operator: Operator::Words, phrase } => {
            phrase.split(' ').map(|word| Access::Value(Test::Word, word)).collect()
        }
        Leaf::Query { operator, phrase } => vec![Access::Phrase(*operator, phrase)],
        Leaf::Category { paths, below } => each(if *below { Test::Below } else { Test::Category }, paths),
        Leaf::Named { what, values } => each(Test::Named(*what), values),
        Leaf::Filter(text) => vec![Access::Value(Test::Filter, text)],
        Leaf::Cart(_) | Leaf::Weekly(_) | Leaf::Window { .. } => Vec::new(),
    };
    ways.into_iter()
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
            assert_eq!(access(node, &Crowds::default()).map(|(_, set)| set.len()), expected, "{node:?}");
        };
        check(&Node::All(vec![mobile.clone(), is.clone()]), Some(1));
        check(&Node::Any(vec![mobile.clone(), is.clone()]), Some(2));
        check(&Node::Any(vec![mobile.clone(), Node::Not(Box::new(is.clone()))]), None);
        check(&Node::All(vec![mobile.clone(), Node::Not(Box::new(is.clone()))]), Some(1));
        check(&Node::Any(vec![]), Some(0));
        check(&Node::All(vec![]), None);
        let all = Node::All(vec![mobile, is]);
        assert!(matches!(access(&all, &Crowds::default()).unwrap().1[0], Access::Value(Test::Is, "sofa")));
    }
}
