//! How fast does a habit fade?
//!
//! By half every 90 days, a day at a time: what shoppers chose last season says less than what they choose now, and
//! a shop with few searches must still keep what it learned. Whole powers are made by multiplication alone, so
//! that they are the same bits on every machine.

use crate::id::{DAY_MS, TimeMs};

/// Days after which a count is worth half.
const HALF_LIFE_DAYS: u32 = 90;
/// What a day leaves: `0.5^(1/90)`.
const A_DAY_LEAVES: f64 = 0.992_327_946_262_943_5;
/// Half-lives after which nothing is left of an `f64`.
const HALF_LIVES_MAX: u32 = 1_000;

/// A day of log time, from 1970.
pub(super) type Day = i32;

/// The day of a time.
pub(super) fn day(time_ms: TimeMs) -> Day {
    time_ms.div_euclid(DAY_MS).clamp(0, i64::from(i32::MAX)) as Day
}

/// What is left of 1 after `days` days, in `[0, 1]`; an earlier day leaves all.
pub(super) fn faded(days: Day) -> f64 {
    let days = days.max(0).unsigned_abs();
    let power = |base: f64, n: u32| (0..n).fold(1.0, |product, _| product * base);
    power(A_DAY_LEAVES, days % HALF_LIFE_DAYS) * power(0.5, (days / HALF_LIFE_DAYS).min(HALF_LIVES_MAX))
}

/// Moves the day of some counts on to `to`, and says what is left of them, in `[0, 1]`; an earlier day changes nothing.
pub(super) fn pass(to: Day, day: &mut Day) -> f64 {
    let left = faded(to - *day);
    *day = to.max(*day);
    left
}

/// The weight of a count made on `day` on a scale that never fades: what is newer weighs more, so that sums made on
/// different days compare as they stand (forward decay: Cormode, Shkapenyuk, Srivastava and Xu, ICDE 2009). It grows
/// until the year 2207, after 964 half-lives, and no further, so that 10^18 of them add up to a finite number; from then
/// on nothing fades.
pub(super) fn grown(day: Day) -> f64 {
    (1.0 / faded(day)).min(f64::MAX / 1e18)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_life_halves() {
        assert_eq!((faded(0), faded(-5), faded(180)), (1.0, 1.0, 0.25));
        assert!((faded(45) - 0.5f64.sqrt()).abs() < 1e-12);
        assert!((grown(20_090) / grown(20_000) - 2.0).abs() < 1e-12);
        assert!(grown(i32::MAX).is_finite() && faded(i32::MAX) < 1e-300);
        let new_year = |year: i32| (year - 1970) * 365 + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400;
        assert_eq!(new_year(2000), 10_957);
        assert!(grown(new_year(2207)) < grown(i32::MAX) && grown(new_year(2208)) == grown(i32::MAX));
    }

    #[test]
    fn a_day_passes_once_and_never_back() {
        let mut day = 100;
        assert_eq!((pass(190, &mut day), day), (0.5, 190));
        assert_eq!((pass(190, &mut day), pass(100, &mut day), day), (1.0, 1.0, 190));
    }
}
