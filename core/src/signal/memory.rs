//! Where does the memory of the signals go?
//!
//! Bytes asked of the allocator, by view, counted from lengths and capacities. What an allocator adds (rounding up, a
//! header) is not in it, and neither is what readers keep of older snapshots. [`item_bytes_max`] is what one item can
//! ask for at most, whatever happens: it follows from the bounds in `limits`.

use super::CoKind;
use super::cooccur::Pair;
use crate::limits::ITEM_VISITS_BEFORE_PRUNING_MAX;

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
    /// All of it.
    pub fn total(&self) -> usize {
        self.counters + self.pairs.iter().sum::<usize>() + self.rings + self.records
    }
}

/// Bytes of a reference-counted value besides the value itself.
pub(super) const SHARED: usize = 2 * size_of::<usize>();

/// Most bytes of a list of at most `len` values of `each` bytes, which grows by a quarter.
const fn grown(len: usize, each: usize) -> usize {
    (len + len / 4) * each
}

/// Most bytes of one item, without its hours in the counters and without the records of visits: rows and ring full,
/// with the slack they grow by.
pub const fn item_bytes_max() -> usize {
    let pairs = grown(CoKind::ViewedViewed.neighbors_max(), size_of::<Pair>())
        + grown(CoKind::ViewedBought.neighbors_max(), size_of::<Pair>())
        + grown(CoKind::BoughtBought.neighbors_max(), size_of::<Pair>());
    pairs + grown(ITEM_VISITS_BEFORE_PRUNING_MAX, size_of::<u32>())
}

/// Bytes of one item in one hour of the counters that late events can no longer reach.
pub const ITEM_HOUR_BYTES: usize = size_of::<(crate::id::ItemId, [u32; 3])>();

#[cfg(test)]
mod tests {
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
