//! Does the model rank later choices better than what is in force?
//!
//! The items of every later answer are put in order by the scores they were served with and by those the model would
//! have given; each chosen item then has a place in both orders. Choices are weighed by gain and by one over the chance
//! that their place was looked at, so that the order that was shown is no advantage (Joachims et al., WSDM 2017, section
//! 4). The interval of the difference is a bootstrap over queries, because answers to one query resemble each other.

use planogram_datasets::metrics::bootstrap_grouped;
use serde_json::{Value, json};

use super::bias::inverse_propensity;
use super::columns::{Column, features};
use super::examples::Answer;
use super::rounded;

const CONFIDENCE: f64 = 0.95;
const RESAMPLES: usize = 2_000;

/// A measure of both orders.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Of what is in force.
    pub current: f64,
    /// Of the model.
    pub learned: f64,
    /// Lower end of the difference.
    pub low: f64,
    /// Upper end of the difference.
    pub high: f64,
}

/// What later choices say.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Answers judged by.
    pub n_answers: usize,
    /// Items chosen in them.
    pub n_chosen: usize,
    /// Discounted gain of the chosen: `1 / log2(place + 1)`, places from 1.
    pub ndcg: Comparison,
    /// `1 / place` of the chosen.
    pub mrr: Comparison,
}

impl Comparison {
    /// Whether the model is better beyond chance.
    pub fn is_better(&self) -> bool {
        self.low > 0.0
    }

    /// Why it is refused, in words.
    pub fn words(&self) -> String {
        format!(
            "the model does not rank later choices better beyond chance: nDCG {:.4} instead of {:.4}, the difference lies \
             between {:+.4} and {:+.4}",
            self.learned, self.current, self.low, self.high
        )
    }

    /// The figures on one line.
    pub fn line(&self) -> String {
        format!("{:.4} instead of {:.4}, difference {:+.4} to {:+.4}", self.learned, self.current, self.low, self.high)
    }

    /// The figures of the document.
    pub fn as_json(&self) -> Value {
        json!({"current": rounded(self.current), "learned": rounded(self.learned),
            "difference": [rounded(self.low), rounded(self.high)]})
    }
}

/// One chosen item: its group, its weight, and its places.
struct Chosen {
    query: u32,
    weight: f64,
    current: usize,
    learned: usize,
}

/// Judges weights of the columns by later answers.
pub fn judge(columns: &[Column], weights: &[f64], answers: &[Answer], exponent: f64, seed: u64) -> Verdict {
    let mut chosen = Vec::new();
    for answer in answers {
        let best = answer.best();
        let learned = |at: usize| {
            let row = &answer.rows[at];
            let added: f64 = features(columns, row, best).iter().zip(weights).map(|(x, w)| w * x).sum();
            row.base + best * added
        };
        let current = places(answer.rows.len(), |at| answer.rows[at].score);
        let learned = places(answer.rows.len(), learned);
        for (at, row) in answer.rows.iter().enumerate().filter(|(_, row)| row.gain > 0) {
            let weight = f64::from(row.gain) * inverse_propensity(row.position, exponent);
            chosen.push(Chosen { query: answer.query, weight, current: current[at], learned: learned[at] });
        }
    }
    Verdict {
        n_answers: answers.len(),
        n_chosen: chosen.len(),
        ndcg: compare(&chosen, |place| 1.0 / ((place + 2) as f64).log2(), seed),
        mrr: compare(&chosen, |place| 1.0 / (place + 1) as f64, seed),
    }
}

/// The zero-based place of each row, highest score first; equal ones stay as they were shown.
fn places(n: usize, score: impl Fn(usize) -> f64) -> Vec<usize> {
    let scores: Vec<f64> = (0..n).map(score).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut places = vec![0; n];
    order.into_iter().enumerate().for_each(|(place, at)| places[at] = place);
    places
}

/// Weighted means of a worth by place, and the interval of their difference.
fn compare(chosen: &[Chosen], worth: impl Fn(usize) -> f64, seed: u64) -> Comparison {
    let mean_weight = chosen.iter().map(|one| one.weight).sum::<f64>() / chosen.len().max(1) as f64;
    let share = |one: &Chosen| one.weight / mean_weight;
    let mean = |place: fn(&Chosen) -> usize| {
        chosen.iter().map(|one| share(one) * worth(place(one))).sum::<f64>() / chosen.len().max(1) as f64
    };
    let differences: Vec<f64> =
        chosen.iter().map(|one| share(one) * (worth(one.learned) - worth(one.current))).collect();
    let groups: Vec<u32> = chosen.iter().map(|one| one.query).collect();
    let interval = bootstrap_grouped(&differences, &groups, CONFIDENCE, RESAMPLES, seed);
    let (low, high) = interval.map_or((0.0, 0.0), |interval| (interval.low, interval.high));
    Comparison { current: mean(|one| one.current), learned: mean(|one| one.learned), low, high }
}

#[cfg(test)]
mod tests {
    use planogram_core::id::ItemId;
    use planogram_datasets::rng::Rng;

    use super::super::columns::Scale;
    use super::super::examples::Row;
    use super::*;

    /// Answers in which the item at `choose(query)` was chosen; the only column is 1 for item 3.
    fn answers(choose: impl Fn(u32) -> u32) -> Vec<Answer> {
        let row = |item: u32, chosen: u32| Row {
            item: ItemId(item),
            position: item,
            score: f64::from(10 - item),
            base: f64::from(10 - item),
            values: vec![if item == 3 { 1.0 } else { 0.0 }],
            gain: u8::from(item == chosen),
        };
        (0..200)
            .map(|query| Answer { query, time_ms: 0, rows: (0..5).map(|item| row(item, choose(query))).collect() })
            .collect()
    }

    #[test]
    fn a_model_is_judged_by_where_it_puts_what_was_chosen() {
        let columns = [Column { name: "x".into(), scale: Scale::Linear { center: 0.0, spread: 1.0 } }];
        let check = |weight: f64, choose: &dyn Fn(u32) -> u32, is_better: bool| {
            let verdict = judge(&columns, &[weight], &answers(choose), 1.0, 1);
            assert_eq!(verdict.ndcg.is_better(), is_better, "{verdict:?}");
            verdict
        };
        let verdict = check(1.0, &|_| 3, true);
        assert_eq!((verdict.mrr.current, verdict.mrr.learned, verdict.n_chosen), (0.25, 1.0, 200));
        check(-1.0, &|_| 3, false);
        check(0.0, &|_| 3, false);
        check(1.0, &|_| 0, false);
        // Chosen at random among what is looked at: no order is better than another.
        let mut rng = Rng::new(9);
        let draws: Vec<u32> = (0..200).map(|_| rng.below(5) as u32).collect();
        let verdict = judge(&columns, &[1.0], &answers(|query| draws[query as usize]), 0.0, 1);
        assert!(!verdict.ndcg.is_better(), "{verdict:?}");
    }
}
