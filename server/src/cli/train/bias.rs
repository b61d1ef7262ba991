//! How much more is looked at what stands further up?
//!
//! A place k (from 1) is looked at in proportion to `k^-η`, the curve of Joachims, Swaminathan and Schnabel, *Unbiased
//! learning-to-rank with biased feedback* (WSDM 2017). η comes from the shop's own log: the same product was shown for the
//! same query at several places (Agarwal et al., *Estimating position bias without intrusive interventions*, WSDM 2019).
//! Given how often such a pair was chosen in all, the places of the choices are multinomial in `n_k · k^-η`, whatever the
//! product is worth, so the likelihood has η alone in it and one maximum.

use std::collections::BTreeMap;

use planogram_core::id::ItemId;

use super::examples::Answer;

/// What is believed before the log speaks, and how firmly (a normal deviation): a log in which nothing ever moved says
/// nothing.
const PRIOR: (f64, f64) = (0.7, 0.5);
/// Steepest curve considered.
const EXPONENT_MAX: f64 = 3.0;
/// A choice far down counts as this many at the top at most: few choices must not decide alone.
const WEIGHT_MAX: f64 = 10.0;

/// Shown and chosen, by place.
type Places = BTreeMap<u32, (f64, f64)>;

/// The most likely η, from 0 to 3.
pub fn exponent<'a>(answers: impl Iterator<Item = &'a Answer>) -> f64 {
    let mut pairs: BTreeMap<(u32, ItemId), Places> = BTreeMap::new();
    for answer in answers {
        for row in &answer.rows {
            let place = pairs.entry((answer.query, row.item)).or_default().entry(row.position).or_default();
            place.0 += 1.0;
            place.1 += f64::from(u8::from(row.gain > 0));
        }
    }
    let telling: Vec<Places> = pairs.into_values().filter(|places| places.len() > 1).collect();
    // The slope of the logarithm of the likelihood falls in η, so its root is found by halving.
    let (mut low, mut high) = (0.0, EXPONENT_MAX);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        let slope = telling.iter().map(|places| slope(places, middle)).sum::<f64>();
        if slope + (PRIOR.0 - middle) / PRIOR.1.powi(2) > 0.0 { low = middle } else { high = middle }
    }
    low
}

/// `Σ_k c_k (E[ln k] − ln k)`, the expectation being over `n_k · k^-η`.
fn slope(places: &Places, exponent: f64) -> f64 {
    let ln = |position: u32| (f64::from(position) + 1.0).ln();
    let weights =
        places.iter().map(|(position, (shown, _))| (ln(*position), shown * (-exponent * ln(*position)).exp()));
    let (sum, total) = weights.fold((0.0, 0.0), |(sum, total), (ln, weight)| (sum + ln * weight, total + weight));
    places.iter().map(|(position, (_, chosen))| chosen * (sum / total - ln(*position))).sum()
}

/// How much a choice at a zero-based place counts: one over the chance that it was looked at, up to a bound.
pub fn inverse_propensity(position: u32, exponent: f64) -> f64 {
    (f64::from(position) + 1.0).powf(exponent).min(WEIGHT_MAX)
}

#[cfg(test)]
mod tests {
    use planogram_datasets::rng::Rng;

    use super::super::examples::Row;
    use super::*;

    /// Answers of a simulated shop: ten products in random order, liked differently, looked at by a known curve.
    fn answers(n: usize, exponent: f64, seed: u64) -> Vec<Answer> {
        let mut rng = Rng::new(seed);
        let mut order: Vec<u32> = (0..10).collect();
        let mut answer = |n: usize| {
            rng.shuffle(&mut order);
            let rows = order.iter().zip(0u32..).map(|(item, position)| {
                let chance = f64::from(*item + 1) / 20.0 * (f64::from(position) + 1.0).powf(-exponent);
                let gain = u8::from(rng.unit() < chance);
                Row { item: ItemId(*item), position, score: 0.0, base: 0.0, values: Vec::new(), gain }
            });
            Answer { query: (n % 5) as u32, time_ms: n as i64, rows: rows.collect() }
        };
        (0..n).map(&mut answer).filter(|answer| answer.n_chosen() > 0).collect()
    }

    #[test]
    fn the_curve_is_found_in_the_log() {
        let check = |truth: f64| {
            let found = exponent(answers(6_000, truth, 3).iter());
            assert!((found - truth).abs() < 0.12, "{found} is not {truth}");
        };
        check(1.0);
        check(0.4);
    }

    #[test]
    fn a_log_in_which_nothing_moves_says_nothing() {
        let mut still = answers(200, 1.0, 4);
        for answer in &mut still {
            answer.rows.sort_by_key(|row| row.item);
            answer.rows.iter_mut().zip(0..).for_each(|(row, position)| row.position = position);
        }
        assert!((exponent(still.iter()) - PRIOR.0).abs() < 1e-6);
        assert_eq!(
            (inverse_propensity(0, 1.0), inverse_propensity(3, 1.0), inverse_propensity(99, 1.0)),
            (1.0, 4.0, 10.0)
        );
    }
}
