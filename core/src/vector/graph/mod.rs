//! How is the nearest vector found without comparing all of them?
//!
//! A hierarchical navigable small world graph (Malkov and Yashunin, IEEE TPAMI 2020), built by hnsw_rs and served as a
//! frozen flat form of our own: neighbor lists in one array a level, rows in the order of [`Packed`]. Serving is
//! deterministic, takes a filter and allocates nothing. The library's own search is not used (slower, and its filter
//! loses most of its speed), nor is its loader, which ends the process when a file is damaged.
//! Whether a graph pays for a request is decided in [`pays`].

mod build;
mod search;

pub use build::build;
pub use search::Scratch;

use super::packed::Packed;
use crate::limits::GRAPH_COST_FACTOR;

/// Neighbor lists of one level above the ground.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Level {
    /// Rows on this level, ascending.
    pub(super) rows: Vec<u32>,
    /// List `i` is `neighbors[offsets[i]..offsets[i + 1]]`; one more than rows.
    pub(super) offsets: Vec<u32>,
    /// Rows.
    pub(super) neighbors: Vec<u32>,
}

impl Level {
    fn of(&self, row: u32) -> &[u32] {
        match self.rows.binary_search(&row) {
            Ok(at) => &self.neighbors[self.offsets[at] as usize..self.offsets[at + 1] as usize],
            Err(_) => &[],
        }
    }
}

/// The frozen graph over the rows of one [`Packed`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Where every search begins: a row of the highest level.
    pub(super) entry: u32,
    /// The lists of all rows: `neighbors[offsets[row]..offsets[row + 1]]`.
    pub(super) ground: Level,
    /// Levels above the ground, lowest first.
    pub(super) upper: Vec<Level>,
}

impl Graph {
    /// A graph from its parts, as a file holds them. The rows of the ground are all `n_rows`.
    ///
    /// # Errors
    /// What does not fit together, in words.
    pub(super) fn from_parts(n_rows: usize, entry: u32, ground: Level, upper: Vec<Level>) -> Result<Self, String> {
        if entry as usize >= n_rows {
            return Err(format!("the graph begins at row {entry} of {n_rows}"));
        }
        for (at, level) in std::iter::once(&ground).chain(&upper).enumerate() {
            level.check(n_rows).map_err(|problem| format!("level {at} of the graph: {problem}"))?;
        }
        if ground.rows.len() != n_rows {
            return Err(format!("the ground of the graph has {} rows, expected {n_rows}", ground.rows.len()));
        }
        Ok(Self { entry, ground, upper })
    }

    fn ground_of(&self, row: u32) -> &[u32] {
        let at = row as usize;
        &self.ground.neighbors[self.ground.offsets[at] as usize..self.ground.offsets[at + 1] as usize]
    }
}

impl Level {
    fn check(&self, n_rows: usize) -> Result<(), String> {
        let ascend = self.rows.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascend || self.rows.last().is_some_and(|row| *row as usize >= n_rows) {
            return Err(format!("rows are not ascending and below {n_rows}"));
        }
        let ends = self.offsets.first() == Some(&0) && self.offsets.last() == Some(&(self.neighbors.len() as u32));
        if !ends || self.offsets.len() != self.rows.len() + 1 || self.offsets.windows(2).any(|pair| pair[0] > pair[1]) {
            return Err("offsets do not cut the neighbors into one list a row".into());
        }
        match self.neighbors.iter().find(|row| **row as usize >= n_rows) {
            Some(row) => Err(format!("neighbor {row} of {n_rows} rows")),
            None => Ok(()),
        }
    }
}

/// Whether walking the graph is cheaper than comparing all `n_allowed` of `n_rows` rows.
///
/// The walk keeps `ef` allowed rows and meets one in every `n_rows / n_allowed`, so it compares about
/// `c * ef * n_rows / n_allowed` rows, each some times dearer than in a scan; the scan compares `n_allowed`.
pub fn pays(n_allowed: u64, n_rows: u64, ef: usize) -> bool {
    n_allowed * n_allowed > GRAPH_COST_FACTOR * ef as u64 * n_rows
}

/// Rows that a search of `k` keeps while it walks: more finds more.
pub fn ef_for(k: usize) -> usize {
    crate::limits::GRAPH_EF_SEARCH.max(k + k / 2)
}

#[cfg(test)]
mod tests;
