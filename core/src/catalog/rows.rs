//! What does one product say, all attributes side by side?
//!
//! A row is the sorted list of (attribute, value ordinal) of one item or variant. The rows of 128 neighbors
//! lie in one array (CSR), so that counting facets of a narrow set reads a few cache lines a product, for
//! all facets at once, and a rare attribute costs eight bytes where it occurs and nothing elsewhere.

use std::sync::Arc;

/// Rows in one chunk.
const CHUNK: usize = 128;

/// One value of one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    /// Number of the attribute.
    pub attribute: u32,
    /// Ordinal in its dictionary.
    pub ordinal: u32,
}

#[derive(Clone, Debug)]
struct Chunk {
    /// End of each row in `pairs`; a row begins where the one before ends. `[CHUNK]`.
    ends: [u32; CHUNK],
    pairs: Vec<Pair>,
}

/// Rows by index; a row never written is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    spine: Arc<Vec<Arc<Chunk>>>,
}

impl Rows {
    /// The row, sorted.
    #[inline]
    pub fn get(&self, index: usize) -> &[Pair] {
        self.spine.get(index / CHUNK).map_or(&[], |chunk| &chunk.pairs[chunk.span(index % CHUNK)])
    }

    /// Replaces a row. `row` is sorted.
    pub fn set(&mut self, index: usize, row: &[Pair]) {
        if self.get(index) == row {
            return;
        }
        let spine = Arc::make_mut(&mut self.spine);
        while spine.len() <= index / CHUNK {
            spine.push(Arc::new(Chunk { ends: [0; CHUNK], pairs: Vec::new() }));
        }
        let chunk = Arc::make_mut(&mut spine[index / CHUNK]);
        let span = chunk.span(index % CHUNK);
        let shift = row.len() as i64 - span.len() as i64;
        chunk.pairs.splice(span, row.iter().copied());
        for end in &mut chunk.ends[index % CHUNK..] {
            *end = (i64::from(*end) + shift) as u32;
        }
    }
}

impl Chunk {
    #[inline]
    fn span(&self, row: usize) -> std::ops::Range<usize> {
        let from = if row == 0 { 0 } else { self.ends[row - 1] };
        from as usize..self.ends[row] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ordinals: &[u32]) -> Vec<Pair> {
        ordinals.iter().map(|&ordinal| Pair { attribute: 7, ordinal }).collect()
    }

    #[test]
    fn rows_grow_and_shrink_without_moving_others() {
        let mut rows = Rows::default();
        rows.set(130, &row(&[1, 2]));
        rows.set(0, &row(&[3]));
        rows.set(129, &row(&[4, 5, 6]));
        let published = rows.clone();
        rows.set(129, &[]);
        assert_eq!(published.get(129), row(&[4, 5, 6]));
        assert_eq!([rows.get(0), rows.get(129), rows.get(130)], [&row(&[3])[..], &[], &row(&[1, 2])]);
        assert_eq!([rows.get(1), rows.get(9_999)], [&[], &[]]);
    }
}
