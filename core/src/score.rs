//! How are scores compared?
//!
//! A [`Score`] is finite and totally ordered; equal scores are ordered by the caller's tie rule (item id).
//! Scores add up in `f64`, left to right, so that a reader of the ledger gets the same bits.

use std::cmp::Ordering;

/// A finite ranking score; larger is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score(f64);

impl Score {
    /// No contribution yet.
    pub const ZERO: Score = Score(0.0);

    /// The score, unless it is NaN or infinite. Negative zero becomes zero.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_finite_is_no_score() {
        assert_eq!(Score::new(f64::NAN), None);
        assert_eq!(Score::new(f64::INFINITY), None);
        assert_eq!(Score::new(-0.0).unwrap().cmp(&Score::ZERO), Ordering::Equal);
    }
}
