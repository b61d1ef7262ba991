//! Which past visits are like this one, and what came next in them?
//!
//! A live index of visits: every product view is appended to its visit's record and found by the next request. Past
//! visits are kept as short records in order, each item knows its newest ones, and how often shoppers go back is
//! counted. Everything is bounded, shared with readers copy-on-write, and a pure function of the views in order of
//! arrival: a late view is appended where its visit is by then. What a visit is, `session` decides.
//!
//! Bytes: 64 for a visit of up to 15 views, 4 more for each distinct item, at most 1,280 an item for its ring.

mod rank;
mod record;
mod returns;
mod ring;
mod sums;
mod weights;

use serde::{Deserialize, Serialize};

use crate::id::ItemId;
use crate::limits::VISIT_VIEWS_MAX;
use record::{Records, SavedRecords};
use returns::Returns;
pub(super) use ring::ring_bytes_max;
use ring::{Rings, SavedRings};

/// The index; a clone shares what was not touched since.
#[derive(Clone, Debug, Default)]
pub(super) struct Visits {
    records: Records,
    rings: Rings,
    returns: Returns,
}

/// Where a visit is in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    record: u32,
    n_views: u32,
}

impl Visits {
    /// Appends a view to the visit that is at `place`, `None` before its first view, and says where it is now.
    /// Beyond [`VISIT_VIEWS_MAX`] views a visit, likely a machine's, adds nothing.
    pub(super) fn append(&mut self, place: Option<Place>, item: ItemId) -> Place {
        if let Some(place) = place.filter(|place| place.n_views >= VISIT_VIEWS_MAX) {
            return place;
        }
        let before = place.and_then(|place| self.records.get(place.record));
        if let Some(record) = before {
            self.returns.count(record.items(), item.0);
        }
        let record = self.records.open(place.map(|place| place.record));
        let is_first = self.records.get(record).is_none_or(|record| !record.own().contains(&item.0));
        self.records.push(record, item);
        if is_first {
            self.rings.add(item, record);
        }
        Place { record, n_views: place.map_or(0, |place| place.n_views) + 1 }
    }

    /// Bytes of the rings and of the records.
    pub(super) fn bytes(&self) -> (usize, usize) {
        (self.rings.bytes(), self.records.bytes())
    }

    pub(super) fn save(&self) -> SavedVisits {
        SavedVisits { records: self.records.save(), rings: self.rings.save(), returns: self.returns.clone() }
    }

    pub(super) fn load(saved: SavedVisits) -> Self {
        Self {
            records: Records::load(saved.records),
            rings: Rings::load(saved.rings),
            returns: saved.returns.or_none_if_misshapen(),
        }
    }
}

/// [`Visits`] as they stand in a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedVisits {
    records: SavedRecords,
    rings: SavedRings,
    returns: Returns,
}

#[cfg(test)]
mod tests;
