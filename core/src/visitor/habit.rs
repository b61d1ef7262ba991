//! How much of what people buy do they buy again?
//!
//! A supermarket's customers mostly buy what they bought before, a bookshop's hardly ever. What a shopper bought
//! is therefore weighed by how often this shop's shoppers came back for what they had: of the purchases that
//! their histories would have led to, the share that happened. Two sums over all orders of known shoppers; of a
//! person nothing is kept here.

use serde::{Deserialize, Serialize};

/// Purchases that are assumed before the first was seen, and the share of them that were repeats.
const PRIOR: (f64, f64) = (20.0, 0.25);
/// Orders added to a shopper's own, so that one order is not a habit.
pub(super) const ORDERS_PRIOR: f32 = 1.0;

/// How often expected repeats came true, over the whole shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Habit {
    expected: f64,
    repeated: f64,
}

impl Habit {
    /// An order of a shopper whose history led to `expected` purchases, and `repeated` of them happened.
    pub(super) fn learn(&mut self, expected: f64, repeated: usize) {
        self.expected += expected;
        self.repeated += repeated as f64;
    }

    /// Repeats by expected repeats, above 0; 1/4 before anything is known.
    pub fn propensity(&self) -> f32 {
        ((self.repeated + PRIOR.0 * PRIOR.1) / (self.expected + PRIOR.0)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_where_people_come_back_is_told_from_one_where_they_do_not() {
        let (mut grocer, mut bookshop) = (Habit::default(), Habit::default());
        assert_eq!(grocer.propensity(), 0.25);
        for _ in 0..1_000 {
            grocer.learn(10.0, 6);
            bookshop.learn(10.0, 0);
        }
        assert!((grocer.propensity() - 0.6).abs() < 0.01, "{}", grocer.propensity());
        assert!(bookshop.propensity() < 0.001 && bookshop.propensity() > 0.0);
    }
}
