//! Which moment does a text of a document mean?
//!
//! RFC 3339 in the forms that people write: a date, which is its begin in UTC, or a date with a time and an offset.
//! A dozen lines of calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013) instead of a library,
//! since nothing else below the server reads times.

use crate::id::{DAY_MS, TimeMs};

/// What a moment looks like, for messages.
pub const ALLOWED: &str = "a moment such as 2026-01-31T12:00:00Z, or a date";

/// The moment a text means; `None` when it means none.
pub fn parse_time(text: &str) -> Option<TimeMs> {
    let text = text.trim();
    if !text.is_ascii() || text.len() < 10 {
        return None;
    }
    let (date, rest) = text.split_at(10);
    let days = days_of(date)?;
    if rest.is_empty() {
        return Some(days * DAY_MS);
    }
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    let at = clock.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = clock.split_at(at);
    Some(days * DAY_MS + clock_ms(clock)? - offset_ms(zone)?)
}

/// Days since 1970 of `YYYY-MM-DD`.
fn days_of(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let (year, month, day) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Milliseconds of `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff`.
fn clock_ms(clock: &str) -> Option<i64> {
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.split(':');
    let (hours, minutes) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let seconds = parts.next().map_or(Some(0), |seconds| digits(seconds, 2))?;
    let is_clock = hours < 24 && minutes < 60 && seconds < 60 && parts.next().is_none();
    if !is_clock || fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let millis = fraction.bytes().chain(*b"00").take(3).fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000 + millis)
}

/// Milliseconds that local clocks are ahead of UTC.
fn offset_ms(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn digits(text: &str, length: usize) -> Option<i64> {
    let fits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_nonsense_is_not() {
        let check = |text: &str, expected: Option<TimeMs>| assert_eq!(parse_time(text), expected, "{text}");
        check("1970-01-01", Some(0));
        check("2026-01-31T12:00:00Z", Some(1_769_860_800_000));
        check("2026-01-31T13:00:00.25+01:00", Some(1_769_860_800_250));
        check("2026-01-31t07:30-04:30", Some(1_769_860_800_000));
        check("2024-02-29", Some(1_709_164_800_000));
        check("1990-05-04", Some(641_779_200_000));
        for wrong in [
            "",
            "2026",
            "2026-02-29",
            "2026-13-01",
            "2026-01-31T12:00:00",
            "2026-01-31T25:00Z",
            "31.01.2026",
            "2026-01-3é",
            "2026-01-31T12:00:00.Z",
            "+026-01-31",
            "2026-01-31Z",
        ] {
            check(wrong, None);
        }
    }
}
