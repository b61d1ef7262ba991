//! How often do shoppers go back, and to which item of their visit?
//!
//! Counted live, so that every shop has its own answer: given how many distinct items a visit has seen and whether its
//! last view was new, how often was the next view a new item, the last one again, the one before it, and so on. In
//! click logs a fifth to two fifths of all views are returns, so how returns stand against new items decides much
//! of the order. Counts of a situation are halved when they grow large: habits of long ago fade.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::limits::RETURN_COUNTS_MAX;

/// Distinct items a situation tells apart, and how the last view came.
const SITUATIONS: usize = (DISTINCT_MAX + 1) * 4;
const DISTINCT_MAX: usize = 6;
/// Back to the last distinct item, the one before, …; then all older ones; then something new.
const OUTCOMES: usize = 8;
const OLDER: usize = 6;
const NEW: usize = 7;

/// What a visit looks like before its next view.
#[derive(Clone, Debug)]
pub(super) struct Situation {
    index: usize,
    /// Distinct items, the one seen last first.
    pub(super) distinct: SmallVec<[u32; 16]>,
}

impl Situation {
    /// Of a visit's views, oldest first.
    pub(super) fn of(views: &[u32]) -> Self {
        let mut distinct: SmallVec<[u32; 16]> = SmallVec::new();
        for &item in views.iter().rev() {
            if !distinct.contains(&item) {
                distinct.push(item);
            }
        }
        let came = match views {
            [] | [_] => 0,
            [.., before, last] if before == last => 1,
            [earlier @ .., last] if earlier.contains(last) => 2,
            _ => 3,
        };
        Self { index: distinct.len().min(DISTINCT_MAX) * 4 + came, distinct }
    }
}

/// The counts; a clone is one pointer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Returns(Arc<Vec<u32>>);

impl Default for Returns {
    fn default() -> Self {
        Self(Arc::new(vec![0; SITUATIONS * OUTCOMES]))
    }
}

impl Returns {
    /// After `views`, oldest first, came `next`; the first view of a visit returns to nothing.
    pub(super) fn count(&mut self, views: &[u32], next: u32) {
        if views.is_empty() {
            return;
        }
        let situation = Situation::of(views);
        let outcome = situation.distinct.iter().position(|&item| item == next).map_or(NEW, |rank| rank.min(OLDER));
        let counts = &mut Arc::make_mut(&mut self.0)[situation.index * OUTCOMES..][..OUTCOMES];
        counts[outcome] += 1;
        if counts.iter().sum::<u32>() >= RETURN_COUNTS_MAX {
            counts.iter_mut().for_each(|count| *count /= 2);
        }
    }

    /// How likely the next view goes back to the item of that rank among the distinct ones (0 is the last), and how
    /// likely it is a new item; both in `(0, 1)`.
    pub(super) fn chances(&self, situation: &Situation, rank: usize) -> (f32, f32) {
        let counts = &self.0[situation.index * OUTCOMES..][..OUTCOMES];
        let total = counts.iter().sum::<u32>() as f32 + 0.5 * OUTCOMES as f32;
        let share = |outcome: usize| (counts[outcome] as f32 + 0.5) / total;
        let back = match rank {
            0..OLDER => share(rank),
            _ => share(OLDER) / situation.distinct.len().saturating_sub(OLDER).max(1) as f32,
        };
        (back, share(NEW))
    }

    /// Whether counts read from a file have the shape that is written.
    pub(super) fn or_none_if_misshapen(self) -> Self {
        if self.0.len() == SITUATIONS * OUTCOMES { self } else { Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_habit_of_going_back_is_learned() {
        let mut returns = Returns::default();
        for _ in 0..300 {
            returns.count(&[1, 2], 1);
            returns.count(&[1, 2, 2], 9);
        }
        let situation = Situation::of(&[7, 8]);
        assert_eq!(situation.distinct[..], [8, 7]);
        let (back, new) = returns.chances(&situation, 1);
        assert!(back > 0.9 && new < 0.01, "{back} {new}");
        let (back, new) = returns.chances(&Situation::of(&[7, 8, 8]), 1);
        assert!(back < 0.01 && new > 0.9, "{back} {new}: a repeated view is another situation");
    }

    #[test]
    fn counts_stay_bounded_and_keep_their_shares() {
        let mut returns = Returns::default();
        for i in 0..3 * RETURN_COUNTS_MAX {
            returns.count(&[1], if i % 4 == 0 { 1 } else { 2 });
        }
        assert!(returns.0.iter().sum::<u32>() < RETURN_COUNTS_MAX);
        let (back, new) = returns.chances(&Situation::of(&[5]), 0);
        assert!((back - 0.25).abs() < 0.01 && (new - 0.75).abs() < 0.01, "{back} {new}");
    }
}
