//! How do values of different columns become comparable?
//!
//! A column that is a line of the ledger is taken as a share of the best score of its list. Any other is centered and
//! divided by its spread over all shown items, of the logarithm where it is skewed: prices and counts are. Three spreads
//! are the most that counts. The scorer that reads the document does the same; `trained` documents carry the constants.

use serde_json::{Value, json};

use super::examples::{Answer, Row};

/// Lines of the ledger carry their owner's name: `plugin/line`.
const OWNER_MARK: char = '/';
/// The line of the text, under the name that plugins read it by.
const TEXT: &str = "text";
/// How many spreads from the center still count.
const REACH: f64 = 3.0;
/// A spread below this says that all values are the same.
const SPREAD_MIN: f64 = 1e-6;
/// Skewness from which the logarithm is taken.
const SKEW: f64 = 1.0;

/// How a value becomes comparable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// As a share of the best score.
    Score,
    /// `(x − center) / spread`.
    Linear { center: f64, spread: f64 },
    /// `(ln(1 + x) − center) / spread`.
    Log { center: f64, spread: f64 },
    /// Nothing to tell apart.
    Constant,
}

/// A column and its scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Scale.
    pub scale: Scale,
}

impl Column {
    /// A value as the model sees it; 0 when missing.
    pub fn apply(&self, x: f32, best: f64) -> f64 {
        let x = f64::from(x);
        if x.is_nan() {
            return 0.0;
        }
        let scaled = match self.scale {
            Scale::Score => x / best,
            Scale::Linear { center, spread } => (x - center) / spread,
            Scale::Log { center, spread } => (x.max(0.0).ln_1p() - center) / spread,
            Scale::Constant => 0.0,
        };
        if scaled.is_nan() { 0.0 } else { scaled.clamp(-REACH, REACH) }
    }

    /// The row of the document.
    pub fn as_json(&self, weight: f64) -> Value {
        let row = |scale: &str| json!({"column": self.name, "weight": weight, "scale": scale});
        let with = |scale: &str, center: f64, spread: f64| {
            let mut row = row(scale);
            row["center"] = json!(center);
            row["spread"] = json!(spread);
            row
        };
        match self.scale {
            Scale::Linear { center, spread } => with("linear", center, spread),
            Scale::Log { center, spread } => with("log", center, spread),
            Scale::Score | Scale::Constant => row("score"),
        }
    }
}

/// What the model sees of a shown item, in the order of the columns.
pub fn features(columns: &[Column], row: &Row, best: f64) -> Vec<f64> {
    columns.iter().zip(&row.values).map(|(column, x)| column.apply(*x, best)).collect()
}

/// The columns with scales that fit the answers.
pub fn of(names: &[String], answers: &[Answer]) -> Vec<Column> {
    let scale = |(at, name): (usize, &String)| {
        let scale = match name.contains(OWNER_MARK) || name == TEXT {
            true => Scale::Score,
            false => fitting(answers.iter().flat_map(|answer| &answer.rows).map(|row| f64::from(row.values[at]))),
        };
        Column { name: name.clone(), scale }
    };
    names.iter().enumerate().map(scale).collect()
}

fn fitting(values: impl Iterator<Item = f64>) -> Scale {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let (center, spread, skew) = moments(values.iter().copied());
    if spread.is_nan() || spread < SPREAD_MIN {
        return Scale::Constant;
    }
    let is_skewed = skew > SKEW && values.iter().all(|value| *value >= 0.0);
    let (log_center, log_spread, _) = moments(values.iter().map(|value| value.max(0.0).ln_1p()));
    if is_skewed && log_spread >= SPREAD_MIN {
        return Scale::Log { center: log_center, spread: log_spread };
    }
    Scale::Linear { center, spread }
}

/// Mean, deviation and skewness; NaN of nothing.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let power = |p: i32| values.clone().map(|value| (value - mean).powi(p)).sum::<f64>() / n;
    let spread = power(2).sqrt();
    (mean, spread, power(3) / spread.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skewed_columns_are_seen_through_the_logarithm() {
        let check = |values: &[f64], expected: fn(Scale) -> bool| {
            let found = fitting(values.iter().copied());
            assert!(expected(found), "{values:?}: {found:?}");
        };
        check(&[1.0, 2.0, 3.0, f64::NAN], |s| s == Scale::Linear { center: 2.0, spread: (2f64 / 3.0).sqrt() });
        check(&[1.0, 1.0, 2.0, 1.0, 1e6], |s| matches!(s, Scale::Log { .. }));
        check(&[-1.0, 1.0, 2.0, 1.0, 1e6], |s| matches!(s, Scale::Linear { .. }));
        check(&[5.0, 5.0], |s| s == Scale::Constant);
        check(&[f64::NAN], |s| s == Scale::Constant);
        check(&[], |s| s == Scale::Constant);
    }

    #[test]
    fn values_stay_within_reach_and_missing_ones_are_average() {
        let column = Column { name: "price".into(), scale: Scale::Linear { center: 10.0, spread: 2.0 } };
        let applied = [12.0, 1e9, f32::NAN].map(|x| column.apply(x, 1.0));
        assert_eq!(applied, [1.0, REACH, 0.0]);
        let log = Column { name: "price".into(), scale: Scale::Log { center: 2.0, spread: 1.0 } };
        assert_eq!([f32::NAN, 0.0].map(|x| log.apply(x, 1.0)), [0.0, -2.0]);
        assert_eq!(Column { name: "p/x".into(), scale: Scale::Score }.apply(3.0, 12.0), 0.25);
    }
}
