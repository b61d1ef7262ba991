//! How often was an item viewed, put into a cart, bought, lately?
//!
//! One sparse map per hour is the truth; the windows of 24 h, 72 h, 7 d and 30 d are running sums over whole
//! hours, the current one included: the window `w` at hour `H` is the hours `(H - w, H]`. Hours are counted from
//! 1970 in UTC and move only when the log's time does, so the sums depend on what was counted and on `H`, never
//! on the order of counting. An hour is 16 bytes per item that was active in it; hours that late events can no
//! longer reach are kept as sorted arrays. What is counted, and when it counts again, is decided by `session`
//! and `order`.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::chunked::Counts;
use super::memory::ITEM_HOUR_BYTES;
use crate::id::{HOUR_MS, ItemId, TimeMs};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Counter {
    /// Visits in which the item was viewed.
    Views = 0,
    /// Visits in which the item was put into the cart.
    Carts = 1,
    /// Orders the item was bought in and not canceled or returned.
    Purchases = 2,
}

impl Counter {
    /// Every counter.
    pub const ALL: [Counter; 3] = [Counter::Views, Counter::Carts, Counter::Purchases];
}

/// How far back is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Window {
    /// 24 hours.
    Day = 0,
    /// 72 hours.
    ThreeDays = 1,
    /// 7 days.
    Week = 2,
    /// 30 days.
    Month = 3,
}

impl Window {
    /// Every window, shortest first: the order of the names in `planogram_abi::column`.
    pub const ALL: [Window; 4] = [Window::Day, Window::ThreeDays, Window::Week, Window::Month];

    /// Length in hours.
    pub const fn hours(self) -> i32 {
        match self {
            Window::Day => 24,
            Window::ThreeDays => 72,
            Window::Week => 7 * 24,
            Window::Month => 30 * 24,
        }
    }
}

/// Whole hours since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Hour(pub(super) i32);

impl Hour {
    /// The hour `time_ms` lies in, clamped to what fits.
    pub(super) fn of(time_ms: TimeMs) -> Self {
        let hour = time_ms.div_euclid(HOUR_MS);
        Self(hour.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
    }

    pub(super) fn minus(self, hours: i32) -> Self {
        Self(self.0.saturating_sub(hours))
    }

    pub(super) fn plus(self, hours: i32) -> Self {
        Self(self.0.saturating_add(hours))
    }
}

/// Counts of one hour.
#[derive(Clone, Debug)]
enum Bucket {
    /// Late events may still come.
    Open(FxHashMap<ItemId, [u32; 3]>),
    /// Only subtractions may come; sorted by item.
    Closed(Box<[(ItemId, [u32; 3])]>),
}

/// What readers see of the counters.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    /// Running sums by counter and window.
    pub(super) counts: [[Counts; 4]; 3],
    /// Sums of all time by counter.
    pub(super) totals: [Counts; 3],
}

/// The counters: hours, running window sums, sums of all time. The sums are copied when they change under a
/// reader, so that publishing what nobody touched costs a pointer.
#[derive(Clone, Debug)]
pub(super) struct Windows {
    hour: Hour,
    open_hours: i32,
    buckets: BTreeMap<Hour, Bucket>,
    pub(super) sums: Arc<Sums>,
}

impl Windows {
    /// Counters that are open to events up to `lateness_ms` late.
    pub(super) fn new(lateness_ms: TimeMs) -> Self {
        Self {
            hour: Hour::default(),
            open_hours: Hour::of(lateness_ms).plus(2).0,
            buckets: BTreeMap::new(),
            sums: Arc::default(),
        }
    }

    /// The hour every window ends with.
    pub(super) fn hour(&self) -> Hour {
        self.hour
    }

    /// Counts once at `hour`.
    pub(super) fn add(&mut self, counter: Counter, item: ItemId, hour: Hour) {
        let sums = Arc::make_mut(&mut self.sums);
        sums.totals[counter as usize].add(item.0, 1);
        if hour <= self.hour.minus(Window::Month.hours()) {
            return;
        }
        let bucket = self.buckets.entry(hour).or_insert_with(|| Bucket::Open(FxHashMap::default()));
        bucket.add(counter, item);
        for window in Window::ALL {
            if self.hour.minus(window.hours()) < hour && hour <= self.hour {
                sums.counts[counter as usize][window as usize].add(item.0, 1);
            }
        }
    }

    /// Takes back what was counted once at `hour`.
    pub(super) fn sub(&mut self, counter: Counter, item: ItemId, hour: Hour) {
        let sums = Arc::make_mut(&mut self.sums);
        sums.totals[counter as usize].sub(item.0, 1);
        if !self.buckets.get_mut(&hour).is_some_and(|bucket| bucket.sub(counter, item)) {
            return;
        }
        for window in Window::ALL {
            if self.hour.minus(window.hours()) < hour && hour <= self.hour {
                sums.counts[counter as usize][window as usize].sub(item.0, 1);
            }
        }
    }

    /// Moves what was counted once at `was` to `hour`.
    pub(super) fn shift(&mut self, counter: Counter, item: ItemId, was: Hour, hour: Hour) {
        self.sub(counter, item, was);
        self.add(counter, item, hour);
    }

    /// Moves every window to end with `hour`; an earlier hour changes nothing.
    pub(super) fn advance(&mut self, hour: Hour) {
        if hour <= self.hour {
            return;
        }
        let was = self.hour;
        let counts = &mut Arc::make_mut(&mut self.sums).counts;
        for window in Window::ALL {
            let (begin_was, begin) = (was.minus(window.hours()), hour.minus(window.hours()));
            for (_, bucket) in self.buckets.range(begin_was.plus(1)..=begin.min(was)) {
                bucket.each(|counter, item, n| counts[counter][window as usize].sub(item.0, n));
            }
            for (_, bucket) in self.buckets.range(was.max(begin).plus(1)..=hour) {
                bucket.each(|counter, item, n| counts[counter][window as usize].add(item.0, n));
            }
        }
        self.hour = hour;
        self.buckets = self.buckets.split_off(&hour.minus(Window::Month.hours()).plus(1));
        for (_, bucket) in self.buckets.range_mut(..hour.minus(self.open_hours)) {
            bucket.close();
        }
    }

    /// Bytes of hours, windows and sums of all time.
    pub(super) fn bytes(&self) -> usize {
        let columns = self.sums.counts.iter().flatten().chain(&self.sums.totals);
        columns.map(Counts::bytes).sum::<usize>() + self.buckets.values().map(Bucket::bytes).sum::<usize>()
    }

    /// Everything that cannot be computed again, in one canonical order.
    pub(super) fn save(&self) -> SavedWindows {
        let mut totals: BTreeMap<ItemId, [u32; 3]> = BTreeMap::new();
        for counter in Counter::ALL {
            for (item, n) in self.sums.totals[counter as usize].positive() {
                totals.entry(ItemId(item)).or_default()[counter as usize] = n;
            }
        }
        SavedWindows {
            hour: self.hour,
            hours: self.buckets.iter().map(|(&hour, bucket)| (hour, bucket.sorted())).collect(),
            totals: totals.into_iter().collect(),
        }
    }

    /// The counters that were saved.
    pub(super) fn load(saved: SavedWindows, lateness_ms: TimeMs) -> Self {
        let mut windows = Self::new(lateness_ms);
        for (hour, counts) in saved.hours {
            windows.buckets.insert(hour, Bucket::Open(counts.into_iter().collect()));
        }
        windows.advance(saved.hour);
        let sums = Arc::make_mut(&mut windows.sums);
        for (item, counts) in saved.totals {
            for (c, n) in counts.into_iter().enumerate().filter(|&(_, n)| n > 0) {
                sums.totals[c].add(item.0, n);
            }
        }
        windows
    }
}

impl Bucket {
    fn bytes(&self) -> usize {
        match self {
            // A hash map has a control byte a place, and a power of two of places at most seven eighths of which are taken.
            Bucket::Open(counts) => (counts.capacity() * 8 / 7).next_power_of_two() * (ITEM_HOUR_BYTES + 1),
            Bucket::Closed(counts) => counts.len() * ITEM_HOUR_BYTES,
        }
    }

    fn add(&mut self, counter: Counter, item: ItemId) {
        if let Bucket::Closed(counts) = self {
            // Not met inside the lateness bound; correct, only slower, when the bound was raised meanwhile.
            *self = Bucket::Open(counts.iter().copied().collect());
        }
        if let Bucket::Open(counts) = self {
            let n = &mut counts.entry(item).or_default()[counter as usize];
            *n = n.saturating_add(1);
        }
    }

    /// Whether there was something to take away.
    fn sub(&mut self, counter: Counter, item: ItemId) -> bool {
        let counts = match self {
            Bucket::Open(counts) => counts.get_mut(&item),
            Bucket::Closed(counts) => {
                counts.binary_search_by_key(&item, |c| c.0).ok().and_then(|i| counts.get_mut(i)).map(|c| &mut c.1)
            }
        };
        let Some(counts) = counts.filter(|counts| counts[counter as usize] > 0) else { return false };
        counts[counter as usize] -= 1;
        if *counts == [0; 3]
            && let Bucket::Open(open) = self
        {
            open.remove(&item);
        }
        true
    }

    /// Calls `f` for each count above 0, in no order: what is done must commute.
    fn each(&self, mut f: impl FnMut(usize, ItemId, u32)) {
        let mut one = |item: ItemId, counts: &[u32; 3]| {
            for (counter, &n) in counts.iter().enumerate().filter(|&(_, &n)| n > 0) {
                f(counter, item, n);
            }
        };
        match self {
            Bucket::Open(counts) => counts.iter().for_each(|(&item, counts)| one(item, counts)),
            Bucket::Closed(counts) => counts.iter().for_each(|(item, counts)| one(*item, counts)),
        }
    }

    fn sorted(&self) -> ItemCounts {
        let mut counts: Vec<_> = match self {
            Bucket::Open(counts) => counts.iter().map(|(&item, &counts)| (item, counts)).collect(),
            Bucket::Closed(counts) => counts.to_vec(),
        };
        counts.retain(|&(_, counts)| counts != [0; 3]);
        counts.sort_unstable_by_key(|&(item, _)| item);
        counts
    }

    fn close(&mut self) {
        if matches!(self, Bucket::Open(_)) {
            *self = Bucket::Closed(self.sorted().into());
        }
    }
}

/// Counts by counter, sorted by item.
type ItemCounts = Vec<(ItemId, [u32; 3])>;

/// [`Windows`] as it stands in a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedWindows {
    hour: Hour,
    hours: Vec<(Hour, ItemCounts)>,
    totals: ItemCounts,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: ItemId = ItemId(7);

    fn counted(windows: &Windows) -> [u32; 5] {
        let views = &windows.sums.counts[Counter::Views as usize];
        let [a, b, c, d] = std::array::from_fn(|w| views[w].get(ITEM.0));
        [a, b, c, d, windows.sums.totals[0].get(ITEM.0)]
    }

    fn check(age_hours: i32, expected: [u32; 5]) {
        let now = Hour(500_000);
        let mut before = Windows::new(72 * HOUR_MS);
        before.advance(now);
        before.add(Counter::Views, ITEM, now.minus(age_hours));
        assert_eq!(counted(&before), expected, "counted {age_hours} h late");
        let mut after = Windows::new(72 * HOUR_MS);
        after.advance(now.minus(age_hours));
        after.add(Counter::Views, ITEM, now.minus(age_hours));
        after.advance(now);
        assert_eq!(counted(&after), expected, "counted, then {age_hours} h passed");
        let mut stepped = Windows::load(before.save(), 72 * HOUR_MS);
        assert_eq!(counted(&stepped), expected, "loaded");
        stepped.sub(Counter::Views, ITEM, now.minus(age_hours));
        assert_eq!(counted(&stepped), [0; 5], "taken back");
    }

    #[test]
    fn an_item_is_in_a_window_for_exactly_its_hours() {
        check(0, [1, 1, 1, 1, 1]);
        check(23, [1, 1, 1, 1, 1]);
        check(24, [0, 1, 1, 1, 1]);
        check(71, [0, 1, 1, 1, 1]);
        check(72, [0, 0, 1, 1, 1]);
        check(167, [0, 0, 1, 1, 1]);
        check(168, [0, 0, 0, 1, 1]);
        check(719, [0, 0, 0, 1, 1]);
        check(720, [0, 0, 0, 0, 1]);
    }

    #[test]
    fn the_near_future_counts_when_it_has_come() {
        let mut windows = Windows::new(72 * HOUR_MS);
        windows.advance(Hour(100));
        windows.add(Counter::Views, ITEM, Hour(101));
        assert_eq!(counted(&windows), [0, 0, 0, 0, 1]);
        windows.advance(Hour(101));
        assert_eq!(counted(&windows), [1, 1, 1, 1, 1]);
    }

    #[test]
    fn steps_and_leaps_agree() {
        let (mut steps, mut leap) = (Windows::new(HOUR_MS), Windows::new(HOUR_MS));
        for windows in [&mut steps, &mut leap] {
            windows.advance(Hour(1_000));
            for h in 0..40 {
                windows.add(Counter::ALL[h as usize % 3], ItemId(h as u32 % 5), Hour(1_000 - h * 17));
            }
        }
        for h in 1_000..1_300 {
            steps.advance(Hour(h));
        }
        leap.advance(Hour(1_299));
        assert_eq!(steps.save(), leap.save());
        for (a, b) in steps.sums.counts.iter().flatten().zip(leap.sums.counts.iter().flatten()) {
            assert!(a.positive().eq(b.positive()));
        }
    }
}
