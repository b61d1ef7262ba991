//! How good is one list?
//!
//! What is right about a case, and the measures of the published tables over it, by the names they have there. All lie
//! in `[0, 1]`; a measure that says nothing about a case (no relevant product was judged) leaves it out.

use std::collections::BTreeMap;

use planogram_datasets::metrics::rank;

/// What would be a right answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Truth {
    /// One item.
    One(u32),
    /// Any of these.
    Any(Vec<u32>),
    /// Judged items with their gains, 0 to 3.
    Judged(BTreeMap<u32, u8>),
}

/// The gain from which a judged item counts as relevant.
const RELEVANT: u8 = 2;

/// One column of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// `HR@k`: is a right one among the first `k`?
    Hit(usize),
    /// `PHR@k`: the same, as the papers on baskets call it.
    PersonHit(usize),
    /// `MRR@k`: one over the place of the first right one; `MRR` without a bound.
    ReciprocalRank(Option<usize>),
    /// `P@k`: the share of the first `k` that is right.
    Precision(usize),
    /// `Recall@k`: the share of the right ones among the first `k`.
    Recall(usize),
    /// `NDCG@k` over right and wrong; the ideal list holds all right ones, however many.
    Ndcg(usize),
    /// `nDCG@k` over gains.
    Graded(usize),
    /// `condensed nDCG@k`: the same with unjudged items taken out of the list (Sakai, 2007).
    Condensed(usize),
    /// `judged@k`: the share of the first `k` that was judged at all.
    JudgedShare(usize),
}

use Measure::*;

impl Measure {
    /// The name in tables and in JSON.
    pub fn name(self) -> String {
        match self {
            Hit(k) => format!("HR@{k}"),
            PersonHit(k) => format!("PHR@{k}"),
            ReciprocalRank(Some(k)) => format!("MRR@{k}"),
            ReciprocalRank(None) => "MRR".to_owned(),
            Precision(k) => format!("P@{k}"),
            Recall(k) => format!("Recall@{k}"),
            Ndcg(k) => format!("NDCG@{k}"),
            Graded(k) => format!("nDCG@{k}"),
            Condensed(k) => format!("condensed nDCG@{k}"),
            JudgedShare(k) => format!("judged@{k}"),
        }
    }

    /// The value for one list; `None` when it says nothing about this case.
    pub fn of(self, list: &[u32], truth: &Truth) -> Option<f64> {
        let right = relevant(truth);
        if right.is_empty() && !matches!(self, Graded(_) | Condensed(_) | JudgedShare(_)) {
            return None;
        }
        let is_right = |item: &u32| right.contains(item);
        let first = list.iter().position(is_right);
        let found = |k: usize| list.iter().take(k).filter(|item| is_right(item)).count() as f64;
        Some(match self {
            Hit(k) | PersonHit(k) => rank::hit(first, k),
            ReciprocalRank(k) => rank::reciprocal_rank(first, k.unwrap_or(usize::MAX)),
            Precision(k) => found(k) / k as f64,
            Recall(k) => found(k) / right.len() as f64,
            Ndcg(k) => {
                let grades: Vec<u8> = list.iter().map(|item| u8::from(is_right(item))).collect();
                rank::dcg(&grades, k) / rank::dcg(&vec![1; right.len()], usize::MAX)
            }
            Graded(k) => graded(list, truth, k, false)?,
            Condensed(k) => graded(list, truth, k, true)?,
            JudgedShare(k) => judged_share(list, truth, k)?,
        })
    }
}

/// The items that are right, each once.
fn relevant(truth: &Truth) -> Vec<u32> {
    match truth {
        Truth::One(item) => vec![*item],
        Truth::Any(items) => {
            let mut items = items.clone();
            items.sort_unstable();
            items.dedup();
            items
        }
        Truth::Judged(gains) => gains.iter().filter(|(_, gain)| **gain >= RELEVANT).map(|(item, _)| *item).collect(),
    }
}

fn graded(list: &[u32], truth: &Truth, k: usize, is_condensed: bool) -> Option<f64> {
    let Truth::Judged(gains) = truth else { return None };
    let judged: Vec<u8> = gains.values().copied().collect();
    let in_list = list.iter().filter(|item| !is_condensed || gains.contains_key(item));
    let grades: Vec<u8> = in_list.map(|item| gains.get(item).copied().unwrap_or(0)).collect();
    rank::ndcg(&grades, &judged, k)
}

/// Over queries that nDCG is taken over; places that the list leaves empty count as not judged.
fn judged_share(list: &[u32], truth: &Truth, k: usize) -> Option<f64> {
    let Truth::Judged(gains) = truth else { return None };
    let has_good = gains.values().any(|gain| *gain > 0);
    has_good.then(|| list.iter().take(k).filter(|item| gains.contains_key(item)).count() as f64 / k as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(measure: Measure, list: &[u32], truth: &Truth, name: &str, expected: Option<f64>) {
        assert_eq!(measure.name(), name);
        let found = measure.of(list, truth);
        let same = match (found, expected) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-9,
            (a, b) => a == b,
        };
        assert!(same, "{name}: {found:?} is not {expected:?}");
    }

    #[test]
    fn one_right_answer() {
        let truth = Truth::One(7);
        check(Hit(2), &[1, 7, 3], &truth, "HR@2", Some(1.0));
        check(Hit(1), &[1, 7, 3], &truth, "HR@1", Some(0.0));
        check(ReciprocalRank(Some(20)), &[1, 7, 3], &truth, "MRR@20", Some(0.5));
        check(ReciprocalRank(None), &[1, 2, 3, 7], &truth, "MRR", Some(0.25));
        check(Ndcg(10), &[1, 7], &truth, "NDCG@10", Some(1.0 / 3f64.log2()));
    }

    #[test]
    fn several_right_answers() {
        let truth = Truth::Any(vec![1, 2, 3, 3]);
        check(Precision(10), &[1, 9, 3], &truth, "P@10", Some(0.2));
        check(Recall(2), &[1, 9, 3], &truth, "Recall@2", Some(1.0 / 3.0));
        check(PersonHit(1), &[9, 1], &truth, "PHR@1", Some(0.0));
        let ideal = 1.0 + 1.0 / 3f64.log2() + 0.5;
        check(Ndcg(1), &[1, 9], &truth, "NDCG@1", Some(1.0 / ideal));
        check(Recall(2), &[1], &Truth::Any(Vec::new()), "Recall@2", None);
    }

    #[test]
    fn judged_answers() {
        let truth = Truth::Judged(BTreeMap::from([(1, 3), (2, 1), (3, 0)]));
        check(Graded(10), &[9, 1, 2], &truth, "nDCG@10", Some((7.0 / 3f64.log2() + 0.5) / (7.0 + 1.0 / 3f64.log2())));
        check(Condensed(10), &[9, 1, 2], &truth, "condensed nDCG@10", Some(1.0));
        check(JudgedShare(10), &[9, 1, 3], &truth, "judged@10", Some(0.2));
        check(Recall(100), &[1], &truth, "Recall@100", Some(1.0));
        let worthless = Truth::Judged(BTreeMap::from([(1, 0)]));
        check(Graded(10), &[1], &worthless, "nDCG@10", None);
        check(JudgedShare(10), &[1], &worthless, "judged@10", None);
        check(Recall(100), &[1], &worthless, "Recall@100", None);
    }
}
