//! How much do shoppers want each item, in the whole shop or in one store view?
//!
//! Reads over counters at one moment: a count, a gathered column, the top of a universe. A request resolves once
//! whose demand it answers from, and everything it ranks is then counted alike. Which events count where is
//! decided by `counters`.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::chunked::Counts;
use super::top::{Best, Ranked, top};
use super::window::{Counter, Hour, Sums, Window};
use crate::id::{ItemId, TimeMs};

/// Views that an item is assumed to have in both windows of [`Demand::trending`]: few views prove little.
pub const TRENDING_SMOOTHING: f32 = 10.0;

/// Views of an item below which its conversion rate says nothing.
pub const CONVERSION_VIEWS_MIN: u32 = 10;
/// Views that the shop's mean conversion rate is worth beside an item's own.
pub const CONVERSION_PRIOR_VIEWS: f64 = 20.0;

/// What was viewed, put into carts and bought; a clone is a pointer.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    pub(super) now_ms: TimeMs,
    /// Time of the oldest event that counted.
    pub(super) since_ms: Option<TimeMs>,
    pub(super) sums: Arc<Sums>,
}

/// A signal that scorers can read as a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalColumn {
    /// A counter over a window.
    Count(Counter, Window),
    /// [`Demand::trending`].
    Trending,
}

impl SignalColumn {
    /// The column of that name in `planogram_abi::column`.
    pub fn from_name(name: &str) -> Option<Self> {
        use planogram_abi::column::{CARTS, PURCHASES, TRENDING, VIEWS};
        if name == TRENDING {
            return Some(SignalColumn::Trending);
        }
        let names = [(Counter::Views, VIEWS), (Counter::Carts, CARTS), (Counter::Purchases, PURCHASES)];
        names.into_iter().find_map(|(counter, names)| {
            let window = names.iter().position(|&n| n == name)?;
            Some(SignalColumn::Count(counter, Window::ALL[window]))
        })
    }
}

impl Demand {
    /// Whether nothing was ever counted.
    pub(super) fn is_empty(&self) -> bool {
        self.sums.totals.iter().all(|counts| counts.chunks().all(|(_, chunk)| chunk.max == 0))
    }

    /// How often the item was counted in the window.
    pub fn count(&self, counter: Counter, window: Window, item: ItemId) -> u32 {
        self.column(counter, window).get(item.0)
    }

    /// How often the item was counted in all time.
    pub fn total(&self, counter: Counter, item: ItemId) -> u32 {
        self.sums.totals[counter as usize].get(item.0)
    }

    /// Views of the last 24 hours against a third of the last 72, both smoothed: `(v24 + s) / (v72 / 3 + s)` with
    /// `s = 10`. 1 is steady, above 1 rising, at most 3; an item without views is at 1, and so is every one before three
    /// days of events are known: nothing has an own past then.
    pub fn trending(&self, item: ItemId) -> f32 {
        if !self.knows_three_days() {
            return 1.0;
        }
        let views = |window| self.count(Counter::Views, window, item);
        trending(views(Window::Day), views(Window::ThreeDays))
    }

    /// Whether the first event is old enough for a view to have a past to be compared with.
    fn knows_three_days(&self) -> bool {
        let first_hour = Hour::of(self.now_ms).minus(Window::ThreeDays.hours()).plus(1);
        self.since_ms.is_some_and(|since| Hour::of(since) <= first_hour)
    }

    /// Fills `out[i]` with the column's value for `items[i]`.
    ///
    /// # Panics
    /// When the two slices differ in length.
    pub fn gather(&self, column: SignalColumn, items: &[u32], out: &mut [f32]) {
        assert_eq!(items.len(), out.len(), "a column has one value per item");
        match column {
            SignalColumn::Count(counter, window) => self.column(counter, window).gather(items, out),
            SignalColumn::Trending => {
                out.iter_mut().zip(items).for_each(|(out, &item)| *out = self.trending(ItemId(item)));
            }
        }
    }

    /// Every item with a count above 0 in the window, in order of id.
    pub fn counted(&self, counter: Counter, window: Window) -> impl Iterator<Item = (ItemId, u32)> {
        self.column(counter, window).positive().map(|(item, n)| (ItemId(item), n))
    }

    /// The `k` items of the universe counted most in the window, ties by item id; only counts above 0.
    pub fn top(&self, counter: Counter, window: Window, k: usize, universe: &RoaringBitmap) -> Vec<(ItemId, f32)> {
        top(self.column(counter, window), k, universe, |_, n| n as f32, |max| max as f32)
    }

    /// The `k` items of the universe with the highest [`trending`](Self::trending) that were viewed at all in the
    /// last 24 hours, ties by item id. None before three days of events are known: nothing has an own past then.
    pub fn top_trending(&self, k: usize, universe: &RoaringBitmap) -> Vec<(ItemId, f32)> {
        if !self.knows_three_days() {
            return Vec::new();
        }
        let three_days = self.column(Counter::Views, Window::ThreeDays);
        let value = |item, n| trending(n, three_days.get(item));
        // The views of a day are among those of three, and the quotient grows with them.
        top(self.column(Counter::Views, Window::Day), k, universe, value, |max| trending(max, max))
    }

    /// The `k` items of the universe whose views of the last 7 days led to `counter` most often, ties by item id;
    /// only items with at least [`CONVERSION_VIEWS_MIN`] views that led to it at all.
    ///
    /// The rate is `(c + s · m) / (v + s)` with `c` visits (orders) that led to it, at most `v`, `v` visits that viewed the
    /// item, `m` the rate of all viewed items together and `s = 20`: the mean of a beta posterior whose prior is
    /// the shop, worth [`CONVERSION_PRIOR_VIEWS`] views (Gelman et al., "Bayesian Data Analysis", section 2.4).
    /// In `[0, 1]`. One pass over all items viewed in 7 days.
    pub fn top_converting(&self, counter: Counter, k: usize, universe: &RoaringBitmap) -> Vec<(ItemId, f32)> {
        let led = self.column(counter, Window::Week);
        let (mut all_views, mut all_led) = (0.0, 0.0);
        let mut candidates: Vec<(u32, u32, u32)> = Vec::new();
        for (item, views) in self.column(Counter::Views, Window::Week).positive() {
            let led = led.get(item).min(views);
            all_views += f64::from(views);
            all_led += f64::from(led);
            if led > 0 && views >= CONVERSION_VIEWS_MIN && universe.contains(item) {
                candidates.push((item, views, led));
            }
        }
        let mean = all_led / f64::max(all_views, 1.0);
        let mut best = Best::of(k);
        for (item, views, led) in candidates {
            let prior = CONVERSION_PRIOR_VIEWS;
            let rate = (f64::from(led) + prior * mean) / (f64::from(views) + prior);
            best.offer(Ranked { value: rate as f32, item });
        }
        best.into_list()
    }

    fn column(&self, counter: Counter, window: Window) -> &Counts {
        &self.sums.counts[counter as usize][window as usize]
    }
}

/// In `f64`, so that rounding cannot turn a larger `day` into a smaller quotient.
fn trending(day: u32, three_days: u32) -> f32 {
    let smoothing = f64::from(TRENDING_SMOOTHING);
    ((f64::from(day) + smoothing) / (f64::from(three_days) / 3.0 + smoothing)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(n: u32) -> Counts {
        let mut counts = Counts::default();
        let mut x = 88_172_645_463_325_252_u64;
        for item in 0..n {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            counts.add(item, (x % 40) as u32 * (x % 7) as u32);
        }
        counts
    }

    /// The search agrees with sorting everything.
    fn check(k: usize, universe: &RoaringBitmap) {
        let mut sums = Sums::default();
        sums.counts[Counter::Views as usize][Window::Day as usize] = noisy(5_000);
        let view = Demand { sums: Arc::new(sums), ..Demand::default() };
        let mut expected: Vec<(ItemId, f32)> =
            view.counted(Counter::Views, Window::Day).map(|(item, n)| (item, n as f32)).collect();
        expected.retain(|(item, _)| universe.contains(item.0));
        expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        expected.truncate(k);
        assert_eq!(view.top(Counter::Views, Window::Day, k, universe), expected);
    }

    #[test]
    fn the_top_is_exact_under_any_universe() {
        for k in [0, 1, 24, 10_000] {
            check(k, &RoaringBitmap::new());
            check(k, &(0..6_000).collect());
            check(k, &(0..5_000).step_by(3).collect());
            check(k, &(4_000..4_100).collect());
            check(k, &(0..5_000).step_by(11).collect());
        }
    }

    #[test]
    fn trending_is_bounded_by_the_day_alone() {
        let check = |day, three_days, expected: f32| {
            assert!((trending(day, three_days) - expected).abs() < 1e-6, "{day} of {three_days}");
        };
        check(0, 0, 1.0);
        check(10, 30, 1.0);
        check(30, 30, 2.0);
        check(0, 30, 0.5);
        assert!(trending(u32::MAX, u32::MAX) <= 3.0);
    }

    #[test]
    fn every_column_of_the_contract_is_known() {
        use planogram_abi::column;
        for (names, counter) in
            [(column::VIEWS, Counter::Views), (column::CARTS, Counter::Carts), (column::PURCHASES, Counter::Purchases)]
        {
            for (name, window) in names.into_iter().zip(Window::ALL) {
                assert_eq!(SignalColumn::from_name(name), Some(SignalColumn::Count(counter, window)));
            }
        }
        assert_eq!(SignalColumn::from_name(column::TRENDING), Some(SignalColumn::Trending));
        assert_eq!(SignalColumn::from_name("views.1h"), None);
    }
}
