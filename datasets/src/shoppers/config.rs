//! How large is the simulation, and how strong are its effects?

use planogram_core::id::{DAY_MS, TimeMs};

/// Size and strength; the default is what the demo shop uses.
#[derive(Clone, Debug, PartialEq)]
pub struct SimConfig {
    /// Same seed, same events.
    pub seed: u64,
    /// First moment, midnight UTC.
    pub start_ms: TimeMs,
    /// Length in days.
    pub days: u32,
    /// How many people.
    pub shoppers: usize,
    /// Mean visits of a shopper over the whole time.
    pub visits_per_shopper: f64,
    /// Share of shoppers who have an account.
    pub account_share: f64,
    /// Store views by weight; shoppers stay in one. An empty code means the default one.
    pub store_views: Vec<(String, f64)>,
    /// Items shown in a list.
    pub list_size: usize,
    /// Units on a product page; empty for none.
    pub product_units: Vec<String>,
    /// Zipf exponent s of popularity.
    pub zipf_exponent: f64,
    /// η of the examination curve (k + 1)^−η.
    pub examination_exponent: f64,
    /// Share of visits that are about a favorite department.
    pub taste_share: f64,
    /// Pairs that are bought together.
    pub complement_pairs: usize,
    /// How often the second of a pair follows the first into the cart.
    pub complement_rate: f64,
    /// Groups of two to four products that are viewed together.
    pub substitute_groups: usize,
    /// How often another of the group is viewed next.
    pub substitute_rate: f64,
    /// How many items trend.
    pub trending_items: usize,
    /// In how many last days.
    pub trend_days: u32,
    /// Share of what is wanted that they take in those days, together.
    pub trend_share: f64,
    /// Carts per view at conversion 1.
    pub cart_rate: f64,
    /// Share of filled carts that are ordered.
    pub order_rate: f64,
    /// Share of ordered lines that come back.
    pub return_rate: f64,
    /// Share of orders that are canceled.
    pub cancel_rate: f64,
}

/// 2026-03-02T00:00:00Z, a Monday; with 90 days the simulation ends on 2026-05-31.
pub const DEFAULT_START_MS: TimeMs = 20_514 * DAY_MS;

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            start_ms: DEFAULT_START_MS,
            days: 90,
            shoppers: 4_000,
            visits_per_shopper: 6.0,
            account_share: 0.6,
            store_views: vec![("default".to_owned(), 1.0)],
            list_size: 12,
            product_units: vec!["product-viewed".to_owned()],
            zipf_exponent: 0.85,
            examination_exponent: 0.7,
            taste_share: 0.7,
            complement_pairs: 40,
            complement_rate: 0.4,
            substitute_groups: 40,
            substitute_rate: 0.35,
            trending_items: 5,
            trend_days: 4,
            trend_share: 0.06,
            cart_rate: 0.12,
            order_rate: 0.6,
            return_rate: 0.09,
            cancel_rate: 0.03,
        }
    }
}

impl SimConfig {
    /// The same with its last day ending at the midnight (UTC) before `now_ms`.
    pub fn ending_before(self, now_ms: TimeMs) -> Self {
        let end = now_ms.div_euclid(DAY_MS) * DAY_MS;
        Self { start_ms: end - TimeMs::from(self.days) * DAY_MS, ..self }
    }

    /// First moment after the simulation.
    pub fn end_ms(&self) -> TimeMs {
        self.start_ms + TimeMs::from(self.days) * DAY_MS
    }
}

/// Probability that the zero-based place `k` of a list is looked at: (k + 1)^−η, 1 at the top
/// (the position-based model of Craswell et al., 2008, with a power curve as in Joachims et al., 2017).
pub fn examination(k: usize, exponent: f64) -> f64 {
    ((k + 1) as f64).powf(-exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_ends_where_it_should() {
        let config = SimConfig::default().ending_before(DEFAULT_START_MS + 5);
        assert_eq!(config.end_ms(), DEFAULT_START_MS);
        assert_eq!((examination(0, 0.7), examination(3, 0.5)), (1.0, 0.5));
    }
}
