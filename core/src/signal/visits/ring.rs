//! Which visits saw an item, newest first?
//!
//! One bounded list of record numbers per item. An append is seen by the next request; a full list drops its oldest
//! quarter at once, so that dropping costs next to nothing per append. Lists are shared copy-on-write.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::chunked::Chunked;
use super::super::memory::{SHARED, growth};
use crate::id::ItemId;
use crate::limits::{ITEM_VISITS_BEFORE_PRUNING_MAX, ITEM_VISITS_MAX};

const ROWS: usize = 32;

/// The visits of one item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ring {
    /// How many there were in all.
    pub(super) n_visits: u32,
    /// Numbers of the newest records, the newest at the end.
    pub(super) newest: Vec<u32>,
}

/// Most bytes of one item's ring: it never has room for more visits than it may hold.
pub(in super::super) const fn ring_bytes_max() -> usize {
    SHARED + size_of::<Ring>() + ITEM_VISITS_BEFORE_PRUNING_MAX * size_of::<u32>()
}

type RingChunk = [Option<Arc<Ring>>; ROWS];

/// The rings of all items; clones share what was not touched since.
#[derive(Clone, Debug, Default)]
pub(super) struct Rings(Chunked<RingChunk>);

impl Rings {
    #[inline]
    pub(super) fn get(&self, item: u32) -> Option<&Ring> {
        self.0.get(item as usize / ROWS)?[item as usize % ROWS].as_deref()
    }

    /// A record saw the item for the first time.
    pub(super) fn add(&mut self, item: ItemId, number: u32) {
        let slot = &mut self.0.get_mut(item.index() / ROWS)[item.index() % ROWS];
        let ring = Arc::make_mut(slot.get_or_insert_default());
        ring.n_visits = ring.n_visits.saturating_add(1);
        if ring.newest.len() >= ITEM_VISITS_BEFORE_PRUNING_MAX {
            ring.newest.drain(..ring.newest.len() + 1 - ITEM_VISITS_MAX);
        }
        if ring.newest.len() == ring.newest.capacity() {
            ring.newest.reserve_exact(growth(ring.newest.len(), ITEM_VISITS_BEFORE_PRUNING_MAX));
        }
        ring.newest.push(number);
    }

    /// Bytes of all rings.
    pub(super) fn bytes(&self) -> usize {
        let rings = self.0.iter().flat_map(|(_, chunk)| chunk).flatten();
        let ring = |ring: &Arc<Ring>| SHARED + size_of::<Ring>() + ring.newest.capacity() * size_of::<u32>();
        self.0.bytes() + rings.map(ring).sum::<usize>()
    }

    pub(super) fn save(&self) -> SavedRings {
        let rings = self.0.iter().flat_map(|(c, chunk)| {
            let rings = chunk.iter().enumerate();
            rings.filter_map(move |(r, ring)| Some((ItemId((c * ROWS + r) as u32), Ring::clone(ring.as_ref()?))))
        });
        SavedRings { rings: rings.collect() }
    }

    pub(super) fn load(saved: SavedRings) -> Self {
        let mut rings = Self::default();
        for (item, ring) in saved.rings {
            rings.0.get_mut(item.index() / ROWS)[item.index() % ROWS] = Some(Arc::new(ring));
        }
        rings
    }
}

/// [`Rings`] as they stand in a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct SavedRings {
    rings: Vec<(ItemId, Ring)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_keeps_the_newest_and_counts_all() {
        let mut rings = Rings::default();
        for number in 0..1_000 {
            rings.add(ItemId(40), number);
            let ring = rings.get(40).unwrap();
            assert!(ring.newest.len() <= ITEM_VISITS_BEFORE_PRUNING_MAX);
            assert!(ring.newest.len() >= ITEM_VISITS_MAX.min(number as usize + 1));
            assert_eq!(ring.newest.last(), Some(&number));
        }
        assert_eq!(rings.get(40).unwrap().n_visits, 1_000);
        assert_eq!(rings.bytes() - rings.0.bytes(), ring_bytes_max(), "it has room for no more");
        assert!(rings.get(41).is_none());
        assert_eq!(Rings::load(rings.save()).save(), rings.save());
    }
}
