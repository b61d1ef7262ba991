//! Where is a numeric facet cut?
//!
//! Lower edges that a person would have chosen: multiples of a round step. Counting is the catalog's business.

use crate::catalog::definition::FacetRanges;
use crate::limits::FACET_BUCKETS_MAX;

/// Ascending lower edges, and whether the last range is open; a closed one has its upper bound as one edge more.
pub(super) struct Edges {
    pub lower: Vec<f64>,
    pub is_open: bool,
}

impl Edges {
    /// The edges for numbers from `low` to `high`, in at most `wanted` ranges where nothing is configured.
    pub fn of(ranges: &FacetRanges, low: f64, high: f64, wanted: usize) -> Self {
        let closed = |lower| Self { lower, is_open: false };
        let open = |lower| Self { lower, is_open: true };
        match ranges {
            FacetRanges::Edges(edges) => open(edges.clone()),
            FacetRanges::Step(step) => closed(edges_of(low, high, *step)),
            FacetRanges::Steps(step, count) => {
                let first = (low / step).floor().min(0.0);
                open((0..*count).map(|at| round_to_step((first + at as f64) * step, *step)).collect())
            }
            FacetRanges::Automatic => closed(edges_of(low, high, round_step(low, high, wanted))),
        }
    }

    /// The upper bound of a range, exclusive; `None` is open.
    pub fn upper(&self, at: usize) -> Option<f64> {
        let width = self.lower.windows(2).next().map_or(0.0, |pair| pair[1] - pair[0]);
        self.lower.get(at + 1).copied().or((!self.is_open).then(|| self.lower[at] + width))
    }
}

/// Lower edges of equal ranges from the multiple of `step` below `low`, until `high` lies in the last; a step
/// that would give too many is doubled. One edge more than ranges are needed, so that the width can be read.
fn edges_of(low: f64, high: f64, step: f64) -> Vec<f64> {
    let mut step = step;
    while (high - low) / step > (FACET_BUCKETS_MAX / 10) as f64 {
        step *= 2.0;
    }
    let first = (low / step).floor();
    let n = (high / step).floor() - first + 2.0;
    // Multiplying, not adding up, keeps the edges the numbers a person would write.
    (0..n as u64).map(|at| round_to_step((first + at as f64) * step, step)).collect()
}

/// `0.30000000000000004` for a step of 0.1 becomes `0.3`.
fn round_to_step(value: f64, step: f64) -> f64 {
    let decimals = (-step.log10().floor()).max(0.0) + 2.0;
    let scale = 10f64.powf(decimals);
    (value * scale).round() / scale
}

/// The smallest of 1, 2, 5 × 10^k that puts the numbers from `low` to `high` into at most `wanted` ranges; numbers on
/// both sides of 0 take two ranges at least.
fn round_step(low: f64, high: f64, wanted: usize) -> f64 {
    let wanted = wanted.max(2) as f64;
    let raw = ((high - low) / wanted).max(0.01);
    let magnitude = raw.log10().floor();
    let steps = (0..4).flat_map(|more| [1.0, 2.0, 5.0].map(|m| m * 10f64.powf(magnitude + f64::from(more))));
    let fits = |step: &f64| *step >= raw * 0.999_999 && (high / step).floor() - (low / step).floor() < wanted;
    steps.into_iter().find(fits).unwrap_or(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_few() {
        for (low, high, expected) in [
            (0.0, 0.0, 0.01),
            (0.0, 7.9, 1.0),
            (0.0, 8.0, 2.0),
            (0.0, 90.0, 20.0),
            (0.0, 300.0, 50.0),
            (15.0, 90.0, 20.0),
            (-1.0, 7_000.0, 2_000.0),
        ] {
            let step = round_step(low, high, 8);
            assert!((step - expected).abs() < 1e-9, "{low} to {high}: {step}");
            assert!(edges_of(low, high, step).len() <= 9, "{low} to {high}");
        }
    }

    #[test]
    fn edges_cover_the_span_and_read_well() {
        assert_eq!(edges_of(3.0, 44.0, 20.0), [0.0, 20.0, 40.0, 60.0]);
        assert_eq!(edges_of(20.0, 20.0, 20.0), [20.0, 40.0]);
        assert_eq!(edges_of(0.1, 0.35, 0.1), [0.1, 0.2, 0.3, 0.4]);
        assert!(edges_of(0.0, 1e9, 0.01).len() <= 102);
    }

    #[test]
    fn a_stated_number_of_ranges_begins_at_zero_and_ends_open() {
        let edges = Edges::of(&FacetRanges::Steps(20.0, 5), 37.0, 900.0, 5);
        assert_eq!(edges.lower, [0.0, 20.0, 40.0, 60.0, 80.0]);
        assert_eq!([edges.upper(0), edges.upper(4)], [Some(20.0), None]);
        let below = Edges::of(&FacetRanges::Steps(20.0, 2), -5.0, 900.0, 2);
        assert_eq!(below.lower, [-20.0, 0.0]);
        assert_eq!(Edges::of(&FacetRanges::Step(20.0), 3.0, 25.0, 1).upper(1), Some(40.0));
    }
}
