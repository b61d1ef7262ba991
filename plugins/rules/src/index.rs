//! Which of many rules does this query fire?
//!
//! One Aho-Corasick automaton (Aho and Corasick, 1975) over the phrases of all conditions finds every phrase
//! in one pass over the query; where a phrase stands tells which operators hold. The cost grows with the query
//! and with what it hits, not with the number of rules.
//! What is not here: schedules, scopes and precedence; rules without conditions, which never fire from here.

use std::collections::{BTreeMap, HashMap};

use aho_corasick::{AhoCorasick, BuildError, MatchKind};

use crate::condition::{Condition, Join, Operator};

/// Most conditions of one rule: their outcomes are bits of one word.
pub const CONDITIONS_MAX: usize = 64;

/// A rule whose conditions hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Index of the rule, as given to [`QueryIndex::build`].
    pub rule: usize,
    /// Whether an `is` condition was among those that hold.
    pub exact: bool,
}

/// Answers which rules a query fires.
#[derive(Debug)]
pub struct QueryIndex {
    /// None when there are no conditions at all.
    automaton: Option<AhoCorasick>,
    /// Pattern → the conditions it stands in.
    uses: Vec<Vec<Use>>,
    /// Rule → the bits that must be set; `None` for any one bit.
    needs: Vec<Option<u64>>,
}

#[derive(Clone, Copy, Debug)]
struct Use {
    rule: usize,
    bit: u64,
    operator: Operator,
}

impl QueryIndex {
    /// Builds the index; rule `i` is the i-th element.
    ///
    /// # Errors
    /// When the phrases together exceed what the automaton can hold (gigabytes).
    ///
    /// # Panics
    /// When a rule has more than [`CONDITIONS_MAX`] conditions; [`crate::Limits::check`] keeps them below.
    pub fn build<'a>(rules: impl Iterator<Item = (Join, &'a [Condition])>) -> Result<Self, BuildError> {
        let mut patterns: Vec<&str> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut uses: Vec<Vec<Use>> = Vec::new();
        let mut needs = Vec::new();
        for (rule, (join, conditions)) in rules.enumerate() {
            assert!(conditions.len() <= CONDITIONS_MAX, "rule {rule} has {} conditions", conditions.len());
            for (position, condition) in conditions.iter().enumerate() {
                let pattern = *known.entry(&condition.phrase).or_insert_with(|| {
                    patterns.push(&condition.phrase);
                    uses.push(Vec::new());
                    patterns.len() - 1
                });
                uses[pattern].push(Use { rule, bit: 1 << position, operator: condition.operator });
            }
            let every = conditions.iter().enumerate().fold(0, |bits, (position, _)| bits | 1 << position);
            needs.push((join == Join::All).then_some(every));
        }
        let automaton = match patterns.is_empty() {
            true => None,
            false => Some(AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns)?),
        };
        Ok(Self { automaton, uses, needs })
    }

    /// The rules that `query` (normalized) fires, in ascending order.
    pub fn matches(&self, query: &str) -> Vec<Match> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let mut hits: BTreeMap<usize, (u64, bool)> = BTreeMap::new();
        for found in automaton.find_overlapping_iter(query) {
            for hit in &self.uses[found.pattern().as_usize()] {
                if hit.operator.holds_at(found.start(), found.end(), query.len()) {
                    let (bits, exact) = hits.entry(hit.rule).or_default();
                    *bits |= hit.bit;
                    *exact |= hit.operator == Operator::Is;
                }
            }
        }
        hits.into_iter()
            .filter(|(rule, (bits, _))| self.needs[*rule].is_none_or(|every| *bits == every))
            .map(|(rule, (_, exact))| Match { rule, exact })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(operator: Operator, phrase: &str) -> Condition {
        Condition { operator, phrase: phrase.to_owned() }
    }

    fn index(rules: &[(Join, Vec<Condition>)]) -> QueryIndex {
        QueryIndex::build(rules.iter().map(|(join, conditions)| (*join, conditions.as_slice()))).unwrap()
    }

    #[test]
    fn each_operator_fires_on_its_own_phrases() {
        use Operator::*;
        let rules: Vec<_> =
            [Is, Contains, Starts, Ends].map(|op| (Join::Any, vec![condition(op, "sofa")])).into_iter().collect();
        let index = index(&rules);
        let check = |query: &str, expected: &[usize]| {
            let fired: Vec<usize> = index.matches(query).iter().map(|m| m.rule).collect();
            assert_eq!(fired, expected, "{query:?}");
        };
        check("sofa", &[0, 1, 2, 3]);
        check("sofa bed", &[1, 2]);
        check("blue sofa", &[1, 3]);
        check("blue sofas", &[1]);
        check("blue sof", &[]);
        check("", &[]);
        check("sofa sofa", &[1, 2, 3]);
    }

    #[test]
    fn any_and_all_are_or_and_and() {
        use Operator::*;
        let both = vec![condition(Starts, "a"), condition(Ends, "b")];
        let index = index(&[(Join::Any, both.clone()), (Join::All, both), (Join::All, vec![])]);
        let check = |query: &str, expected: &[usize]| {
            let fired: Vec<usize> = index.matches(query).iter().map(|m| m.rule).collect();
            assert_eq!(fired, expected, "{query:?}");
        };
        check("a b", &[0, 1]);
        check("a c", &[0]);
        check("c b", &[0]);
        check("c", &[]);
    }

    #[test]
    fn the_index_agrees_with_testing_every_rule() {
        let mut seed = 1_u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let mut word = |most: u64| (0..=next(most)).map(|_| if next(2) == 0 { 'a' } else { 'b' }).collect::<String>();
        let queries: Vec<String> = (0..200).map(|_| word(7)).collect();
        let phrases: Vec<String> = (0..300).map(|_| word(3)).collect();
        let operators = [Operator::Is, Operator::Contains, Operator::Starts, Operator::Ends];
        let rules: Vec<(Join, Vec<Condition>)> = phrases
            .chunks(3)
            .enumerate()
            .map(|(n, chunk)| {
                let conditions =
                    chunk.iter().enumerate().map(|(i, p)| condition(operators[(n + i * n) % 4], p)).collect();
                (if n % 2 == 0 { Join::Any } else { Join::All }, conditions)
            })
            .collect();
        let index = index(&rules);
        let holds = |c: &Condition, query: &str| match c.operator {
            Operator::Is => query == c.phrase,
            Operator::Contains => query.contains(&c.phrase),
            Operator::Starts => query.starts_with(&c.phrase),
            Operator::Ends => query.ends_with(&c.phrase),
        };
        for query in &queries {
            let expected: Vec<usize> = (0..rules.len())
                .filter(|rule| match &rules[*rule] {
                    (Join::Any, conditions) => conditions.iter().any(|c| holds(c, query)),
                    (Join::All, conditions) => conditions.iter().all(|c| holds(c, query)),
                })
                .collect();
            let fired: Vec<usize> = index.matches(query).iter().map(|m| m.rule).collect();
            assert_eq!(fired, expected, "{query:?}");
        }
    }
}
