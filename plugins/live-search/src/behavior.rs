//! How much may popularity add to relevance?
//!
//! A bounded share of the item's own text score: `addition = budget · text · Σ wᵢ·sᵢ(xᵢ) / Σ wᵢ`, every `sᵢ`
//! in `[0, 1]`. So an item whose text score is more than `1 + budget` times another's is never overtaken by it,
//! whatever shoppers did. Saturation `x / (x + half)` is the form of Craswell, Robertson, Zaragoza and Taylor
//! (*Relevance weighting for query independent evidence*, SIGIR 2005, their `satu`, exponent 1).
//! What is not here: where the columns come from, and which rule asks for which strategy.

/// How a column value becomes a share of its weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Curve {
    /// `x / (x + half)` for `x > 0`: the first sales count most.
    Saturating {
        /// The value that counts half; above 0.
        half: f32,
    },
    /// Linear between two values, flat outside; falling when `to` lies below `from`.
    Ramp {
        /// The value that counts nothing.
        from: f32,
        /// The value that counts fully; differs from `from`.
        to: f32,
    },
}

impl Curve {
    /// Adds `weight` times the share in `[0, 1]` of each value to `shares`, both `[n]`; a missing (NaN) value
    /// counts nothing. The curve is chosen once for the column, so that the loops stay tight.
    fn add_shares(self, weight: f64, column: &[f32], shares: &mut [f64]) {
        let each = shares.iter_mut().zip(column);
        match self {
            Curve::Saturating { half } => {
                let half = f64::from(half);
                // `max` turns NaN into 0.
                each.for_each(|(share, x)| *share += weight * (1.0 - half / (f64::from(x.max(0.0)) + half)));
            }
            Curve::Ramp { from, to } => {
                let (from, to) = (f64::from(from), f64::from(to));
                each.for_each(|(share, x)| {
                    let here = ((f64::from(*x) - from) / (to - from)).clamp(0.0, 1.0);
                    *share += weight * if here.is_nan() { 0.0 } else { here };
                });
            }
        }
    }
}

/// One column and what it is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Name of the column.
    pub column: String,
    /// Relative to the other weights; above 0.
    pub weight: f32,
    /// How its value counts.
    pub curve: Curve,
}

/// The one signal a query rule asks for, instead of the mixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Text alone.
    None,
    /// Views of 7 days.
    MostViewed,
    /// Adds to cart of 7 days.
    MostAddedToCart,
    /// Purchases of 7 days.
    MostPurchased,
    /// Rising in the last 24 hours.
    Trending,
}

impl Strategy {
    /// The names used in documents, in the order of [`Strategy::ALL`].
    pub const NAMES: [&str; 5] = ["none", "most-viewed", "most-added-to-cart", "most-purchased", "trending"];
    /// All of them.
    pub const ALL: [Strategy; 5] =
        [Strategy::None, Strategy::MostViewed, Strategy::MostAddedToCart, Strategy::MostPurchased, Strategy::Trending];

    /// The column it stands for.
    pub fn column(self) -> Option<&'static str> {
        match self {
            Strategy::None => None,
            Strategy::MostViewed => Some("views.7d"),
            Strategy::MostAddedToCart => Some("carts.7d"),
            Strategy::MostPurchased => Some("purchases.7d"),
            Strategy::Trending => Some("trending"),
        }
    }

    /// The name used in documents.
    pub fn name(self) -> &'static str {
        Self::NAMES[Self::ALL.iter().position(|one| *one == self).expect("ALL holds every strategy")]
    }
}

/// The signals in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Behavior {
    /// Most that is added, as a share of the item's own text score.
    pub budget: f32,
    /// Most that is added when there is no text, as a score.
    pub browse_budget: f32,
    /// In the order in which their columns are passed in.
    pub signals: Vec<Signal>,
}

impl Behavior {
    /// Whether a strategy's column is among the signals.
    pub fn can(&self, strategy: Strategy) -> bool {
        strategy.column().is_none_or(|column| self.signals.iter().any(|signal| signal.column == column))
    }

    /// Writes what each item gets into `out`, `[n]`. `text` is the text score of each item, or `None` for a
    /// list without text; `columns[i]` belongs to `signals[i]`, `[n]` each.
    pub fn add(&self, strategy: Option<Strategy>, text: Option<&[f32]>, columns: &[&[f32]], out: &mut [f32]) {
        let taken: Vec<(&Signal, &[f32])> = self
            .signals
            .iter()
            .zip(columns.iter().copied())
            .filter(|(signal, _)| strategy.is_none_or(|wanted| wanted.column() == Some(&signal.column)))
            .collect();
        let total: f64 = taken.iter().map(|(signal, _)| f64::from(signal.weight)).sum();
        if total <= 0.0 {
            out.fill(0.0);
            return;
        }
        let mut shares = vec![0.0_f64; out.len()];
        for (signal, column) in taken {
            let weight = f64::from(signal.weight) / total;
            signal.curve.add_shares(weight, column, &mut shares);
        }
        for (row, (out, share)) in out.iter_mut().zip(shares).enumerate() {
            let most = match text {
                Some(text) => f64::from(self.budget) * f64::from(text[row].max(0.0)),
                None => f64::from(self.browse_budget),
            };
            *out = round_down(most * share.min(1.0));
        }
    }
}

/// `value` as the nearest `f32` that is not above it, so that a bound on `value` holds for the result;
/// 0 for what is not a positive finite number.
fn round_down(value: f64) -> f32 {
    let near = value as f32;
    if !(near > 0.0 && near.is_finite()) {
        return 0.0;
    }
    if f64::from(near) > value { near.next_down() } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn behavior() -> Behavior {
        let signal = |column: &str, weight, curve| Signal { column: column.into(), weight, curve };
        Behavior {
            budget: 0.3,
            browse_budget: 2.0,
            signals: vec![
                signal("views.7d", 1.0, Curve::Saturating { half: 10.0 }),
                signal("age_days", 3.0, Curve::Ramp { from: 90.0, to: 0.0 }),
            ],
        }
    }

    #[test]
    fn curves_stay_between_nothing_and_all() {
        let check = |curve: Curve, x: f32, expected: f64| {
            let mut shares = [0.5];
            curve.add_shares(2.0, &[x], &mut shares);
            let share = (shares[0] - 0.5) / 2.0;
            assert!((share - expected).abs() < 1e-12, "{curve:?} of {x} is {share}");
        };
        let saturating = Curve::Saturating { half: 10.0 };
        check(saturating, 0.0, 0.0);
        check(saturating, 10.0, 0.5);
        check(saturating, 30.0, 0.75);
        check(saturating, -5.0, 0.0);
        check(saturating, f32::NAN, 0.0);
        check(saturating, f32::INFINITY, 1.0);
        let newness = Curve::Ramp { from: 90.0, to: 0.0 };
        check(newness, 0.0, 1.0);
        check(newness, 45.0, 0.5);
        check(newness, 400.0, 0.0);
        check(newness, f32::NAN, 0.0);
        check(Curve::Ramp { from: 1.0, to: 3.0 }, 2.0, 0.5);
    }

    #[test]
    fn the_addition_is_the_weighted_share_of_the_budget() {
        let check = |strategy, text: Option<f32>, expected: f32| {
            let text = text.map(|score| [score]);
            let mut out = [9.0];
            behavior().add(strategy, text.as_ref().map(|t| t.as_slice()), &[&[10.0], &[45.0]], &mut out);
            assert!((out[0] - expected).abs() < 1e-6, "{strategy:?} {text:?}: {}", out[0]);
        };
        check(None, Some(10.0), 0.3 * 10.0 * 0.5);
        check(None, Some(0.0), 0.0);
        check(None, Some(f32::NAN), 0.0);
        check(None, None, 2.0 * 0.5);
        check(Some(Strategy::MostViewed), Some(10.0), 0.3 * 10.0 * 0.5);
        check(Some(Strategy::Trending), Some(10.0), 0.0);
        check(Some(Strategy::None), Some(10.0), 0.0);
    }

    #[test]
    fn a_clearly_better_text_match_is_never_overtaken() {
        let behavior = behavior();
        let mut seed = 7_u64;
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 40) as f32 / (1_u32 << 24) as f32
        };
        let mut close = 0;
        for round in 0..20_000 {
            let weak = next() * 30.0;
            let bound = (1.0 + f64::from(behavior.budget)) * f64::from(weak);
            // As close above the bound as f32 allows, every other time.
            let strong = if round % 2 == 0 { (bound as f32).next_up() } else { bound as f32 * (1.0 + next()) };
            if f64::from(strong) <= bound {
                continue;
            }
            // The weak one is wildly popular, and brand new every third time.
            let views = [0.0, next() * 1e9];
            let ages = [f32::NAN, if round % 3 == 0 { 0.0 } else { next() * 100.0 }];
            let mut out = [0.0; 2];
            behavior.add(None, Some(&[strong, weak]), &[&views, &ages], &mut out);
            let total = |text: f32, added: f32| f64::from(text) + f64::from(added);
            assert!(total(strong, out[0]) > total(weak, out[1]), "{strong} against {weak}, added {out:?}");
            close += u32::from(total(weak, out[1]) > f64::from(strong) * 0.999);
        }
        assert!(close > 100, "the bound was approached {close} times only");
    }

    #[test]
    fn an_addition_is_never_rounded_up() {
        let check = |value: f64, expected: f32| assert_eq!(round_down(value), expected, "{value}");
        check(0.5, 0.5);
        check(0.1, 0.1_f32.next_down());
        check(-1.0, 0.0);
        check(f64::NAN, 0.0);
        check(1e300, 0.0);
    }
}
