//! Where does the memory of the signals go?
//!
//! Bytes asked of the allocator, by view, counted from lengths and capacities: of the counters, the pairs and the index
//! of past visits, which grow with the catalog. Queries, open sessions, orders and the ids of events seen are not
//! counted; each has a bound in `limits` beside what one of them takes. What an allocator adds (rounding up, a header)
//! is not in it, and neither is what readers keep of older snapshots. [`item_bytes_max`] is what one item can ask for at
//! most, whatever happens: it follows from the bounds in `limits`.

use super::CoKind;
use super::cooccur::row_bytes_max;
use super::visits::ring_bytes_max;

/// Bytes by view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalMemory {
    /// Counters of products and categories: hours, windows, sums of all time, of the shop and of every store view.
    pub counters: usize,
    /// Co-occurrence rows, by [`CoKind`].
    pub pairs: [usize; 3],
    /// Index of past visits: which visits saw an item.
    pub rings: usize,
    /// Index of past visits: the visits, 64 bytes each, a bounded number of them in the whole shop.
    pub records: usize,
}

impl SignalMemory {
    /// All that is counted here: counters, pairs and past visits, not queries, sessions, orders or ids of events seen.
    pub fn total(&self) -> usize {
        self.counters + self.pairs.iter().sum::<usize>() + self.rings + self.records
    }
}

/// Bytes of a reference-counted value besides the value itself.
pub(super) const SHARED: usize = 2 * size_of::<usize>();

/// How many more values a full list of `len` makes room for: a quarter, but no more than it may ever hold.
pub(super) fn growth(len: usize, len_max: usize) -> usize {
    (len / 4).max(4).min(len_max.saturating_sub(len).max(1))
}

/// Most bytes of one item, without its hours in the counters and without the records of visits: rows and ring full.
pub const fn item_bytes_max() -> usize {
    let pairs =
        row_bytes_max(CoKind::ViewedViewed) + row_bytes_max(CoKind::ViewedBought) + row_bytes_max(CoKind::BoughtBought);
    pairs + ring_bytes_max()
}

/// Bytes of one item in one hour of the counters that late events can no longer reach.
pub const ITEM_HOUR_BYTES: usize = size_of::<(crate::id::ItemId, [u32; 3])>();

#[cfg(test)]
mod tests {
    use super::super::cooccur::Pair;
    use super::super::testing::{take, view};
    use super::super::{SignalConfig, Signals};
    use super::*;

    #[test]
    fn memory_is_counted_where_it_goes() {
        let mut signals = Signals::new(SignalConfig::default());
        assert_eq!(signals.memory().records, 0);
        take(&mut signals, &view("a", "s", 1, 1_000), 1_000);
        let one = signals.memory();
        assert!(one.records >= 64 && one.rings >= 4 && one.counters > 0);
        assert_eq!(one.pairs, [0; 3], "a single view pairs nothing");
        take(&mut signals, &view("b", "s", 2, 1_000), 1_000);
        let two = signals.memory();
        assert!(two.pairs[CoKind::ViewedViewed as usize] >= 2 * size_of::<Pair>());
        assert!(two.total() > one.total());
        assert!(item_bytes_max() < 8 << 10, "an item's rows and ring stay below 8 KB");
    }
}
