//! What did a visit count, and when?
//!
//! Each thing (an item or a category) counts once per counter, in the hour it was first seen, and once in each store
//! view it was seen in, in the hour it was first seen there, whatever the order of arrival: an earlier sighting moves
//! the count, and visits that turn out to be one take back what they counted twice. Bounded, so that a crawler cannot
//! flood the counters.

use serde::{Deserialize, Serialize};

use super::counters::{Counters, ViewId};
use super::window::{Counter, Hour};
use crate::id::ItemId;
use crate::limits::SESSION_MARKS_MAX;

/// What was counted once in a store view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    counter: Counter,
    row: ItemId,
    view: ViewId,
    /// When it was first seen there.
    hour: Hour,
}

impl Mark {
    fn key(&self) -> (Counter, ItemId, ViewId) {
        (self.counter, self.row, self.view)
    }
}

/// When marks of one row and counter count in the whole shop.
fn first_hour(marks: &[Mark]) -> Option<Hour> {
    marks.iter().map(|mark| mark.hour).min()
}

/// The marks of one visit, sorted by counter, row and store view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marks(Vec<Mark>);

impl Marks {
    /// Counts the row once, in the earliest hour it was seen; true the first time.
    pub(super) fn mark(
        &mut self,
        counter: Counter,
        row: ItemId,
        (view, hour): (ViewId, Hour),
        counters: &mut Counters,
    ) -> bool {
        let counted = first_hour(self.of(counter, row));
        match self.0.binary_search_by_key(&(counter, row, view), Mark::key) {
            Ok(i) if self.0[i].hour <= hour => return false,
            Ok(i) => {
                let was = std::mem::replace(&mut self.0[i].hour, hour);
                counters.own(view).into_iter().for_each(|own| own.shift(counter, row, was, hour));
            }
            Err(_) if self.0.len() >= SESSION_MARKS_MAX => return false,
            Err(i) => {
                self.0.insert(i, Mark { counter, row, view, hour });
                counters.own(view).into_iter().for_each(|own| own.add(counter, row, hour));
            }
        }
        match counted {
            None => counters.shop.add(counter, row, hour),
            Some(was) if hour < was => counters.shop.shift(counter, row, was, hour),
            Some(_) => {}
        }
        counted.is_none()
    }

    /// Takes in the marks of a visit that turned out to be part of this one.
    pub(super) fn join(&mut self, other: Marks, counters: &mut Counters) {
        for theirs in other.0.chunk_by(|a, b| (a.counter, a.row) == (b.counter, b.row)) {
            let (counter, row) = (theirs[0].counter, theirs[0].row);
            if let (Some(mine), Some(theirs)) = (first_hour(self.of(counter, row)), first_hour(theirs)) {
                counters.shop.sub(counter, row, mine.max(theirs));
            }
            theirs.iter().for_each(|mark| self.take_in(*mark, counters));
        }
    }

    /// A store view counts the earlier of two marks.
    fn take_in(&mut self, mark: Mark, counters: &mut Counters) {
        match self.0.binary_search_by_key(&mark.key(), Mark::key) {
            Ok(i) => {
                let mine = self.0[i].hour;
                let own = counters.own(mark.view);
                own.into_iter().for_each(|own| own.sub(mark.counter, mark.row, mine.max(mark.hour)));
                self.0[i].hour = mine.min(mark.hour);
            }
            Err(i) => self.0.insert(i, mark),
        }
    }

    /// The marks of a row, one for each store view it was seen in.
    fn of(&self, counter: Counter, row: ItemId) -> &[Mark] {
        let begin = self.0.partition_point(|mark| (mark.counter, mark.row) < (counter, row));
        let len = self.0[begin..].partition_point(|mark| (mark.counter, mark.row) == (counter, row));
        &self.0[begin..begin + len]
    }
}
