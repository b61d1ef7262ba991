//! What can a request ask of the signals?
//!
//! Reads over one moment: a count, a gathered column, the neighbors of an item, the top of a universe. Nothing
//! here changes, locks or reads a clock.

use roaring::RoaringBitmap;

use super::chunked::Counts;
use super::cooccur::{CoKind, Neighbor, Rows, cosine};
use super::placement::{PlacementCounts, Placements};
use super::together;
use super::top::{Best, Ranked, top};
use super::visits::Visits;
use super::window::{Counter, Hour, Window, Windows};
use crate::id::{ItemId, TimeMs};

/// Views that an item is assumed to have in both windows of [`SignalView::trending`]: few views prove little.
pub const TRENDING_SMOOTHING: f32 = 10.0;

/// Views of an item below which its conversion rate says nothing.
pub const CONVERSION_VIEWS_MIN: u32 = 10;
/// Views that the shop's mean conversion rate is worth beside an item's own.
pub const CONVERSION_PRIOR_VIEWS: f64 = 20.0;

/// The signals of one snapshot; a clone is cheap.
#[derive(Clone, Debug, Default)]
pub struct SignalView {
    now_ms: TimeMs,
    /// Time of the oldest event that counted.
    since_ms: Option<TimeMs>,
    counts: [[Counts; 4]; 3],
    totals: [Counts; 3],
    rows: [Rows; 3],
    visits: Visits,
    placements: Placements,
    /// Orders of all time.
    orders: u64,
}

/// A signal that scorers can read as a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalColumn {
    /// A counter over a window.
    Count(Counter, Window),
    /// [`SignalView::trending`].
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

impl SignalView {
    pub(super) fn new(
        (now_ms, since_ms): (TimeMs, Option<TimeMs>),
        orders: u64,
        windows: &Windows,
        rows: &[Rows; 3],
        placements: &Placements,
        visits: &Visits,
    ) -> Self {
        let (counts, totals) = (windows.counts.clone(), windows.totals.clone());
        let (rows, placements, visits) = (rows.clone(), placements.clone(), visits.clone());
        Self { now_ms, since_ms, counts, totals, rows, placements, visits, orders }
    }

    /// What a recommendation unit did in a window, or in all time.
    pub fn placement(&self, unit: &str, window: Option<Window>) -> PlacementCounts {
        self.placements.read(unit, window, Hour::of(self.now_ms))
    }

    /// The log's time, which every window ends with (its hour included), in milliseconds.
    pub fn now_ms(&self) -> TimeMs {
        self.now_ms
    }

    /// How often the item was counted in the window.
    pub fn count(&self, counter: Counter, window: Window, item: ItemId) -> u32 {
        self.column(counter, window).get(item.0)
    }

    /// How often the item was counted in all time.
    pub fn total(&self, counter: Counter, item: ItemId) -> u32 {
        self.totals[counter as usize].get(item.0)
    }

    /// Views of the last 24 hours against a third of the last 72, both smoothed: `(v24 + s) / (v72 / 3 + s)` with
    /// `s = 10`. 1 is steady, above 1 rising, at most 3; an item without views is at 1.
    pub fn trending(&self, item: ItemId) -> f32 {
        let views = |window| self.count(Counter::Views, window, item);
        trending(views(Window::Day), views(Window::ThreeDays))
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

    /// How often the two were seen together, as far as the bounded row remembers.
    pub fn together(&self, kind: CoKind, item: ItemId, other: ItemId) -> u32 {
        self.rows[kind as usize].pairs(item).iter().find(|pair| pair.item == other).map_or(0, |pair| pair.count)
    }

    /// The items seen together with `item` and how often, at most 320, in order of recency.
    pub fn pairs(&self, kind: CoKind, item: ItemId) -> impl Iterator<Item = (ItemId, u32)> {
        self.rows[kind as usize].pairs(item).iter().map(|pair| (pair.item, pair.count))
    }

    /// Orders of all time.
    pub fn orders(&self) -> u64 {
        self.orders
    }

    /// What completes a basket, the best first, ties by item id: see the module `together`. At most
    /// [`BASKET_CANDIDATES_MAX`](crate::limits::BASKET_CANDIDATES_MAX) items that `is_wanted`, none of the basket.
    pub fn complete(&self, basket: &[ItemId], is_wanted: impl Fn(ItemId) -> bool) -> Vec<Neighbor> {
        together::complete(self, basket, is_wanted)
    }

    /// At most 320 items seen together with `item`, the strongest first, ties by item id. A few microseconds.
    pub fn neighbors(&self, kind: CoKind, item: ItemId) -> Vec<Neighbor> {
        let (mine, theirs) = match kind {
            CoKind::ViewedViewed => (Counter::Views, Counter::Views),
            CoKind::ViewedBought => (Counter::Views, Counter::Purchases),
            CoKind::BoughtBought => return together::bought_with(self, item),
        };
        let n = self.total(mine, item);
        let pairs = self.rows[kind as usize].pairs(item).iter();
        let score = |p: &super::cooccur::Pair| cosine(p.count, n, self.total(theirs, p.item));
        let mut neighbors: Vec<_> = pairs.map(|p| Neighbor { item: p.item, score: score(p) }).collect();
        neighbors.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
        neighbors
    }

    /// The `k` items of the universe most likely viewed next after `views`, oldest first, a repeated view each time; each
    /// with its probability among the candidates, best first, ties by item id. What the visit has seen is a candidate
    /// like any other: leave it out of the universe where it shall not be proposed again. Empty when nothing is known of
    /// any view; the last 15 views count. About 0.1 ms.
    pub fn next_in_visit(&self, views: &[u32], k: usize, universe: &RoaringBitmap) -> Vec<(ItemId, f32)> {
        self.visits.next(views, k, |item| universe.contains(item))
    }

    /// The `k` items of the universe counted most in the window, ties by item id; only counts above 0.
    pub fn top(&self, counter: Counter, window: Window, k: usize, universe: &RoaringBitmap) -> Vec<(ItemId, f32)> {
        top(self.column(counter, window), k, universe, |_, n| n as f32, |max| max as f32)
    }

    /// The `k` items of the universe with the highest [`trending`](Self::trending) that were viewed at all in the
    /// last 24 hours, ties by item id. None before three days of events are known: nothing has an own past then.
    pub fn top_trending(&self, k: usize, universe: &RoaringBitmap) -> Vec<(ItemId, f32)> {
        let first_hour = Hour::of(self.now_ms).minus(Window::ThreeDays.hours()).plus(1);
        if self.since_ms.is_none_or(|since| Hour::of(since) > first_hour) {
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
        &self.counts[counter as usize][window as usize]
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
        let view = SignalView {
            counts: [
                [noisy(5_000), Counts::default(), Counts::default(), Counts::default()],
                <_>::default(),
                <_>::default(),
            ],
            ..SignalView::default()
        };
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
