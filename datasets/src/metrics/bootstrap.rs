//! How sure is a mean?
//!
//! The percentile bootstrap (Efron, 1979): draw as many cases as there are, with replacement, many times;
//! the interval is where the middle share of the resampled means lies. Seeded, so a report can be repeated.

use std::collections::BTreeMap;

use crate::rng::Rng;

/// A mean and its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Mean of the cases.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The mean of `values` with its interval at `confidence` (0.95, say), from `resamples` draws (1,000, say).
/// `None` when there are no values, no resamples, or the confidence is not inside (0, 1).
pub fn bootstrap_mean(values: &[f64], confidence: f64, resamples: usize, seed: u64) -> Option<Interval> {
    if values.is_empty() || resamples == 0 || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let mut rng = Rng::fork(seed, "bootstrap");
    let n = values.len();
    let mut means: Vec<f64> =
        (0..resamples).map(|_| (0..n).map(|_| values[rng.below(n)]).sum::<f64>() / n as f64).collect();
    means.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let at = |share: f64| means[((share * resamples as f64) as usize).min(resamples - 1)];
    Some(Interval { mean: values.iter().sum::<f64>() / n as f64, low: at(tail), high: at(1.0 - tail) })
}

/// As [`bootstrap_mean`] over cases that belong to groups, `groups[i]` being the group of `values[i]`: groups are drawn,
/// not cases, because cases of one group (the clicks of a visit) resemble each other and say less than their number
/// (the cluster bootstrap; Field and Welsh, 2007). `None` also when the lengths differ.
pub fn bootstrap_grouped(
    values: &[f64],
    groups: &[u32],
    confidence: f64,
    resamples: usize,
    seed: u64,
) -> Option<Interval> {
    if values.is_empty() || values.len() != groups.len() || resamples == 0 || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let mut sums: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (value, group) in values.iter().zip(groups) {
        let (sum, n) = sums.entry(*group).or_default();
        (*sum, *n) = (*sum + value, *n + 1.0);
    }
    let sums: Vec<(f64, f64)> = sums.into_values().collect();
    let mut rng = Rng::fork(seed, "bootstrap");
    let draw = |rng: &mut Rng| {
        let drawn = (0..sums.len()).map(|_| sums[rng.below(sums.len())]);
        let (sum, n) = drawn.fold((0.0, 0.0), |(s, n), (group_sum, group_n)| (s + group_sum, n + group_n));
        sum / n
    };
    let mut means: Vec<f64> = (0..resamples).map(|_| draw(&mut rng)).collect();
    means.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let at = |share: f64| means[((share * resamples as f64) as usize).min(resamples - 1)];
    Some(Interval { mean: values.iter().sum::<f64>() / values.len() as f64, low: at(tail), high: at(1.0 - tail) })
}

/// The mean of `ours − theirs`, case by case (the paired bootstrap): a lower end above 0 means that ours is
/// better than chance explains. `None` as in [`bootstrap_mean`], or when the lengths differ.
pub fn bootstrap_difference(
    ours: &[f64],
    theirs: &[f64],
    confidence: f64,
    resamples: usize,
    seed: u64,
) -> Option<Interval> {
    if ours.len() != theirs.len() {
        return None;
    }
    let differences: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a - b).collect();
    bootstrap_mean(&differences, confidence, resamples, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_normal_theory() {
        // 400 coin flips of probability 1/2: the standard error is 0.025.
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let interval = bootstrap_mean(&values, 0.95, 2_000, 1).unwrap();
        assert_eq!(interval.mean, 0.5);
        assert!((interval.low - (0.5 - 1.96 * 0.025)).abs() < 0.006, "{interval:?}");
        assert!((interval.high - (0.5 + 1.96 * 0.025)).abs() < 0.006, "{interval:?}");
        assert_eq!(Some(interval), bootstrap_mean(&values, 0.95, 2_000, 1));
    }

    #[test]
    fn pairing_sees_a_small_steady_gain() {
        let theirs: Vec<f64> = (0..200).map(|i| f64::from(i % 10)).collect();
        let ours: Vec<f64> = theirs.iter().map(|v| v + 0.01).collect();
        let paired = bootstrap_difference(&ours, &theirs, 0.95, 500, 1).unwrap();
        assert!(paired.low > 0.0, "{paired:?}");
        assert_eq!(bootstrap_difference(&ours, &[], 0.95, 500, 1), None);
    }

    #[test]
    fn cases_that_always_agree_count_once() {
        // 400 flips, each told four times: as unsure as 400, not as sure as 1,600.
        let values: Vec<f64> = (0..1_600).map(|i| f64::from(i / 4 % 2)).collect();
        let groups: Vec<u32> = (0..1_600).map(|i| i / 4).collect();
        let interval = bootstrap_grouped(&values, &groups, 0.95, 2_000, 1).unwrap();
        assert_eq!(interval.mean, 0.5);
        assert!((interval.high - interval.low - 2.0 * 1.96 * 0.025).abs() < 0.012, "{interval:?}");
        let alone: Vec<u32> = (0..1_600).collect();
        assert_eq!(bootstrap_grouped(&values, &alone, 0.95, 200, 1), bootstrap_mean(&values, 0.95, 200, 1));
        assert_eq!(bootstrap_grouped(&values, &[1], 0.95, 200, 1), None);
    }

    #[test]
    fn nothing_has_no_mean() {
        assert_eq!(bootstrap_mean(&[], 0.95, 100, 1), None);
        assert_eq!(bootstrap_mean(&[1.0], 1.0, 100, 1), None);
        assert_eq!(bootstrap_mean(&[1.0], 0.95, 100, 1), Some(Interval { mean: 1.0, low: 1.0, high: 1.0 }));
    }
}
