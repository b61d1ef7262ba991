//! How do times look on the wire?
//!
//! As RFC 3339 texts in UTC with milliseconds; a whole number of milliseconds since 1970 is understood, too.
//! A date without a time is the begin of that day in UTC.

use jiff::Timestamp;
use planogram_core::id::TimeMs;
use serde_json::Value;

use super::decode::{cut, wrong_type};

/// What a time may look like, for messages.
pub const ALLOWED: &str = "RFC 3339 such as 2026-01-31T12:00:00Z, a date, or milliseconds since 1970";

/// The RFC 3339 text of a time; a time outside the calendar comes out as a number.
pub fn text(time: TimeMs) -> String {
    match Timestamp::from_millisecond(time) {
        Ok(t) => format!("{t:.3}"),
        Err(_) => time.to_string(),
    }
}

/// The time a text means.
///
/// # Errors
/// A message that shows the text.
pub fn parse(text: &str) -> Result<TimeMs, String> {
    let trimmed = text.trim();
    if let Ok(t) = trimmed.parse::<Timestamp>() {
        return Ok(t.as_millisecond());
    }
    if let Ok(ms) = trimmed.parse::<i64>() {
        return in_calendar(ms);
    }
    let midnight = trimmed.parse::<jiff::civil::Date>().ok().and_then(|d| d.to_zoned(jiff::tz::TimeZone::UTC).ok());
    match midnight {
        Some(zoned) if trimmed.len() == "2026-01-31".len() => Ok(zoned.timestamp().as_millisecond()),
        _ => Err(format!("`{}` is not a time", cut(text))),
    }
}

/// The time a JSON value means: a text or a whole number of milliseconds.
///
/// # Errors
/// A message that shows the value.
pub fn from_json(value: &Value) -> Result<TimeMs, String> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(n) => n.as_i64().ok_or_else(|| format!("{n} is not a whole number")).and_then(in_calendar),
        other => Err(wrong_type(other, "a time")),
    }
}

fn in_calendar(ms: i64) -> Result<TimeMs, String> {
    Timestamp::from_millisecond(ms).map(|_| ms).map_err(|_| format!("{ms} is outside the years -9999 to 9999"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<TimeMs>) {
        assert_eq!(parse(input).ok(), expected, "{input}");
    }

    #[test]
    fn texts_numbers_and_dates() {
        check("1970-01-01T00:00:01Z", Some(1000));
        check("1970-01-01T01:00:00.5+01:00", Some(500));
        check("1970-01-02", Some(86_400_000));
        check("86400000", Some(86_400_000));
        check("tomorrow", None);
        check("2026-13-01", None);
        check("2026-01-01T00:00:00", None);
        check("99999999999999999", None);
    }

    #[test]
    fn text_and_back() {
        assert_eq!(text(86_400_123), "1970-01-02T00:00:00.123Z");
        assert_eq!(parse(&text(1_700_000_000_007)), Ok(1_700_000_000_007));
        assert!(from_json(&serde_json::json!(1.5)).is_err());
        assert!(from_json(&serde_json::json!(null)).is_err());
    }
}
