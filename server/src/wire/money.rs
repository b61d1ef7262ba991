//! How do prices look on the wire?
//!
//! In: major units as a JSON number or a decimal text, converted exactly (`"52.10"` is 5210 cents, never 5209).
//! Out: the minor units, the same amount in major units for people, and the currency. The number of decimals is
//! the currency's exponent (ISO 4217), two unless the currency is known to differ. There is no rounding: a price
//! with more decimals than its currency has is refused.

use planogram_core::limits::PRICE_MINOR_MAX;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::decode::{shown, wrong_type};

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Money {
    /// Major units, for people: 52.0.
    pub amount: f64,
    /// Minor units, exact: 5200.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

impl Money {
    /// The amount of `minor` units of a currency.
    pub fn new(minor: i64, currency: &str) -> Self {
        let amount = minor as f64 / 10f64.powi(i32::from(exponent(currency)));
        Self { amount, minor, currency: currency.to_owned() }
    }
}

/// Decimals of a currency (ISO 4217), 2 when nothing else is known of it.
pub fn exponent(currency: &str) -> u8 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// What a price may look like, for messages.
pub const ALLOWED: &str = "a number of major units such as 52.1 or \"52.10\", at least 0";

/// Minor units of a price in major units: a JSON number or a decimal text.
///
/// # Errors
/// A message when it is not a decimal, is negative, too large, or finer than the currency.
pub fn minor(value: &Value, exponent: u8) -> Result<i64, String> {
    match value {
        // A JSON number was parsed to the nearest double; its shortest text is what the caller wrote.
        Value::Number(n) => decimal_minor(&n.to_string(), exponent),
        Value::String(text) => decimal_minor(text.trim(), exponent),
        other => return Err(wrong_type(other, "a price")),
    }
    .map_err(|why| format!("price {} {why}", shown(value)))
}

fn decimal_minor(text: &str, exponent: u8) -> Result<i64, String> {
    let (mantissa, scale) = match text.split_once(['e', 'E']) {
        Some((mantissa, scale)) => (mantissa, scale.parse::<i32>().map_err(|_| not_decimal())?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return Err(not_decimal());
    }
    // value = digits * 10^shift in minor units
    let significant = format!("{whole}{fraction}");
    let significant = significant.trim_start_matches('0');
    let trailing = significant.len() - significant.trim_end_matches('0').len();
    let significant = &significant[..significant.len() - trailing];
    if significant.is_empty() {
        return Ok(0);
    }
    if negative {
        return Err("is negative".to_owned());
    }
    let shift = i64::from(exponent) + i64::from(scale) - fraction.len() as i64 + trailing as i64;
    if shift < 0 {
        return Err(format!("has more than the {exponent} decimals of its currency"));
    }
    let too_large = || format!("is too large, at most {PRICE_MINOR_MAX} minor units are allowed");
    if significant.len() as i64 + shift > 18 {
        return Err(too_large());
    }
    let minor = significant.parse::<i64>().map_err(|_| too_large())? * 10i64.pow(shift as u32);
    if minor > PRICE_MINOR_MAX { Err(too_large()) } else { Ok(minor) }
}

fn not_decimal() -> String {
    "is not a decimal number".to_owned()
}

/// Minor units as a decimal text of major units: the exact inverse of [`minor`].
pub fn major_text(minor: i64, exponent: u8) -> String {
    let unit = 10i64.pow(u32::from(exponent));
    match exponent {
        0 => minor.to_string(),
        e => format!("{}.{:0width$}", minor / unit, minor % unit, width = usize::from(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, exponent: u8, expected: Result<i64, &str>) {
        let value: Value = serde_json::from_str(json).unwrap();
        let got = minor(&value, exponent);
        match (&got, expected) {
            (Ok(got), Ok(expected)) => assert_eq!(*got, expected, "{json}"),
            (Err(got), Err(expected)) => assert!(got.contains(expected), "{json}: {got}"),
            _ => panic!("{json}: {got:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn conversion_is_exact() {
        check("52", 2, Ok(5200));
        check("52.0", 2, Ok(5200));
        check("52.1", 2, Ok(5210));
        check("\"52.10\"", 2, Ok(5210));
        check("\"52.100\"", 2, Ok(5210));
        check("0.29", 2, Ok(29));
        check("1.005", 3, Ok(1005));
        check("4.35", 2, Ok(435));
        check("0", 2, Ok(0));
        check("-0.0", 2, Ok(0));
        check("1e3", 2, Ok(100_000));
        check("1e-2", 2, Ok(1));
        check("980", 0, Ok(980));
        check("10000000000000", 2, Ok(1_000_000_000_000_000));
    }

    #[test]
    fn a_bad_price_says_why() {
        check("-1", 2, Err("price -1 is negative"));
        check("1.005", 2, Err("more than the 2 decimals"));
        check("9.5", 0, Err("more than the 0 decimals"));
        check("1e30", 2, Err("too large"));
        check("\"1e999999999\"", 2, Err("too large"));
        check("\"1e99999999999\"", 2, Err("not a decimal"));
        check("10000000000000.01", 2, Err("too large"));
        check("\"NaN\"", 2, Err("not a decimal"));
        check("\"\"", 2, Err("not a decimal"));
        check("\".\"", 2, Err("not a decimal"));
        check("\"5,20\"", 2, Err("not a decimal"));
        check("null", 2, Err("null is null, expected a price"));
        check("true", 2, Err("expected a price"));
        assert!(serde_json::from_str::<Value>("1e999").is_err(), "infinity never gets past the parser");
    }

    #[test]
    fn text_and_back() {
        for (minor_units, e) in [(0, 2), (5, 2), (5210, 2), (980, 0), (1005, 3)] {
            assert_eq!(minor(&Value::String(major_text(minor_units, e)), e), Ok(minor_units));
        }
        assert_eq!(Money::new(5210, "USD").amount, 52.1);
        assert_eq!(Money::new(980, "JPY").amount, 980.0);
    }
}
