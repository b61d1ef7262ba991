//! When is it, as a merchandiser says it?
//!
//! Instants are written as RFC 3339 (or as a date alone, which is its midnight in UTC) and held in milliseconds since
//! 1970; opening hours of a week are written as days, hours and an offset from UTC. The proleptic Gregorian calendar by
//! Howard Hinnant's `days_from_civil`. There are no time zones here: a schedule that follows daylight saving is two.

use crate::read::{Findings, Object};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Minutes of a day.
const DAY_MINUTES: i64 = 24 * 60;

/// The days in the order of the bits.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days since 1970 of a date.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date of a number of days since 1970: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The instant a text means, in milliseconds since 1970.
pub fn instant(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    let mut parts = date.split('-');
    let (year, month, day) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let days = days_from_civil(year, month, day);
    if parts.next().is_some() || civil_from_days(days) != (year, month, day) {
        return None;
    }
    if rest.is_empty() {
        return Some(days * DAY_MS);
    }
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let offset_at = time.find(['Z', 'z', '+', '-'])?;
    let (time, offset) = time.split_at(offset_at);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let (hours, seconds) = clock.split_at_checked(5)?;
    let minutes = clock_minutes(hours).filter(|minutes| *minutes < DAY_MINUTES)?;
    let seconds = number(seconds.strip_prefix(':')?).filter(|seconds| *seconds < 60)?;
    let millis = number(&format!("{:0<3}", fraction.get(..fraction.len().min(3))?))?;
    let offset = if offset.eq_ignore_ascii_case("z") { 0 } else { offset_minutes(offset)? };
    number(fraction)?;
    Some(days * DAY_MS + (minutes - offset) * MINUTE_MS + seconds * 1_000 + millis)
}

/// An instant as RFC 3339 in UTC, to the millisecond.
pub fn text(now_ms: i64) -> String {
    let (year, month, day) = civil_from_days(now_ms.div_euclid(DAY_MS));
    let in_day = now_ms.rem_euclid(DAY_MS);
    let (hour, minute) = (in_day / (60 * MINUTE_MS), in_day / MINUTE_MS % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{:03}Z", in_day / 1_000 % 60, in_day % 1_000)
}

/// Minutes since midnight of `hh:mm`, up to `24:00`.
fn clock_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2)?;
    let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok().filter(|m| *m < 60)?);
    let total = i64::from(hours) * 60 + i64::from(minutes);
    (total <= DAY_MINUTES).then_some(total)
}

/// Minutes east of UTC of `+hh:mm` or `-hh:mm`.
fn offset_minutes(text: &str) -> Option<i64> {
    let minutes = clock_minutes(text.get(1..)?).filter(|minutes| *minutes <= 14 * 60)?;
    match text.as_bytes()[0] {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

/// Hours of some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekly {
    /// Bit `i` is day `i` of [`DAYS`].
    pub days: u8,
    /// First minute of the day, inclusive.
    pub from: u16,
    /// Last minute, exclusive; not after `from` means that the hours go on past midnight.
    pub to: u16,
    /// Minutes east of UTC.
    pub offset: i16,
}

impl Weekly {
    /// Reads the value of `schedule`.
    pub fn read(object: &Object<'_>, findings: &mut Findings) -> Option<Self> {
        let mut days = 0;
        let pointer = object.at("days");
        for (index, value) in object.list("days", DAYS.len(), findings).iter().enumerate() {
            match value.as_str().and_then(|day| DAYS.iter().position(|known| *known == day)) {
                Some(day) => days |= 1 << day,
                None => {
                    let message = format!("{} is no day", crate::read::show(value));
                    findings.report(format!("{pointer}/{index}"), message, DAYS.join(", "));
                }
            }
        }
        let days = if object.has("days") { days } else { 0x7f };
        let mut read = |key: &str, default: &str, parse: &dyn Fn(&str) -> Option<i64>, allowed: &str| {
            let text = if object.has(key) { object.text(key, 6, findings)? } else { default };
            let parsed = parse(text);
            if parsed.is_none() {
                findings.report(object.at(key), format!("`{key}` is `{text}`"), allowed);
            }
            parsed
        };
        let from = read("from", "00:00", &clock_minutes, "hh:mm from 00:00 to 24:00");
        let to = read("to", "24:00", &clock_minutes, "hh:mm from 00:00 to 24:00");
        let offset = read("utc_offset", "+00:00", &offset_minutes, "+hh:mm or -hh:mm, at most 14 hours");
        let (from, to) = (from?, to?);
        if from == to {
            findings.report(object.at("to"), "the hours end when they begin", "an end that differs from the begin");
        }
        if days == 0 {
            findings.report(pointer, "there is no day in `days`", DAYS.join(", "));
        }
        Some(Self { days, from: from as u16, to: to as u16, offset: offset? as i16 })
    }

    /// Whether an instant lies in the hours.
    pub fn holds(self, now_ms: i64) -> bool {
        let local = now_ms + i64::from(self.offset) * MINUTE_MS;
        // 1970-01-01 was a Thursday.
        let day = (local.div_euclid(DAY_MS) + 3).rem_euclid(7);
        let minute = local.rem_euclid(DAY_MS) / MINUTE_MS;
        let is_on = |day: i64| self.days & (1 << day) != 0;
        let (from, to) = (i64::from(self.from), i64::from(self.to));
        if from < to {
            return is_on(day) && (from..to).contains(&minute);
        }
        (is_on(day) && minute >= from) || (is_on((day + 6) % 7) && minute < to)
    }

    /// The instants of the week after `now_ms` at which the hours begin or end, on whatever days.
    pub fn edges(self, now_ms: i64) -> impl Iterator<Item = i64> {
        let midnight = now_ms - (now_ms + i64::from(self.offset) * MINUTE_MS).rem_euclid(DAY_MS);
        let at = move |day: i64, minute: u16| midnight + day * DAY_MS + i64::from(minute) * MINUTE_MS;
        (0..=7).flat_map(move |day| [at(day, self.from), at(day, self.to)]).filter(move |edge| *edge >= now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_and_written() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(instant(text), expected, "{text}");
        check("1970-01-01", Some(0));
        check("2026-11-22T21:30:00Z", Some(1_795_383_000_000));
        check("2026-11-22T22:30:00.5+01:00", Some(1_795_383_000_500));
        check("2000-02-29T00:00:00-00:30", Some(951_784_200_000));
        check("1969-12-31T23:59:59.999Z", Some(-1));
        for bad in ["", "2026", "2026-02-30", "2026-13-01", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00", "2026-1-01x"]
        {
            check(bad, None);
        }
        assert_eq!(text(1_795_383_000_500), "2026-11-22T21:30:00.500Z");
        for day in (-800_000..800_000).step_by(997) {
            let (year, month, date) = civil_from_days(day);
            assert_eq!(days_from_civil(year, month, date), day);
        }
    }

    #[test]
    fn hours_of_a_week_hold_at_their_edges() {
        let at = |text: &str| instant(text).unwrap();
        let check = |hours: Weekly, text: &str, expected: bool| {
            assert_eq!(hours.holds(at(text)), expected, "{hours:?} at {text}");
        };
        // 2026-11-21 is a Saturday.
        let saturday = Weekly { days: 1 << 5, from: 8 * 60, to: 20 * 60, offset: 60 };
        check(saturday, "2026-11-21T07:00:00Z", true);
        check(saturday, "2026-11-21T06:59:59Z", false);
        check(saturday, "2026-11-21T19:00:00Z", false);
        check(saturday, "2026-11-22T12:00:00Z", false);
        let night = Weekly { days: 1 << 5, from: 22 * 60, to: 2 * 60, offset: 0 };
        check(night, "2026-11-21T22:00:00Z", true);
        check(night, "2026-11-22T01:59:00Z", true);
        check(night, "2026-11-22T02:00:00Z", false);
        check(night, "2026-11-21T01:00:00Z", false);
        let edges: Vec<i64> = saturday.edges(at("2026-11-21T12:00:00Z")).collect();
        assert!(edges.contains(&at("2026-11-21T19:00:00Z")) && edges.contains(&at("2026-11-28T07:00:00Z")));
    }
}
