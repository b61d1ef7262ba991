//! Where do the vectors that callers supply live?
//!
//! A [`Space`] holds unit vectors of one dimension by item, packed into chunks that are shared until written, so that
//! publishing costs what was touched. A removed row is a hole that the next new item fills. What has no direction or
//! another dimension is refused. Which products have vectors, and what they are good for, is not known here.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::VectorError;
use super::distance::normalized;
use super::scan::Rows;
use crate::catalog::chunk::Chunked;
use crate::id::ItemId;
use crate::limits::VECTOR_CHUNK_BYTES;

/// Unit vectors of one dimension by item; a clone is cheap and does not see later writes.
#[derive(Clone, Debug)]
pub struct Space {
    dimension: usize,
    rows_per_chunk: usize,
    chunks: Arc<Vec<Arc<[f32]>>>,
    /// Item → row + 1, 0 for none.
    row_of: Chunked<u32>,
    n_rows: usize,
    holes: Arc<Vec<u32>>,
    items: Arc<RoaringBitmap>,
}

impl Space {
    /// An empty space.
    ///
    /// # Errors
    /// When the dimension is 0 or above the limit.
    pub fn new(dimension: usize) -> Result<Self, VectorError> {
        if dimension == 0 || dimension > crate::limits::VECTOR_DIMENSIONS_MAX {
            return Err(VectorError::Dimensions { n: dimension });
        }
        let rows_per_chunk = (VECTOR_CHUNK_BYTES / (dimension * size_of::<f32>())).max(1);
        Ok(Self {
            dimension,
            rows_per_chunk,
            chunks: Arc::default(),
            row_of: Chunked::default(),
            n_rows: 0,
            holes: Arc::default(),
            items: Arc::default(),
        })
    }

    /// Writes an item's vector, normalized; returns whether it changed anything.
    ///
    /// # Errors
    /// When the vector has another dimension, a number that is not finite, or no direction.
    pub fn put(&mut self, item: ItemId, vector: &[f32]) -> Result<bool, VectorError> {
        if vector.len() != self.dimension {
            return Err(VectorError::Mismatch { n: vector.len(), expected: self.dimension });
        }
        let unit = normalized(vector)?;
        if self.row(item).is_some_and(|row| row == unit) {
            return Ok(false);
        }
        let row = match self.row_index(item) {
            Some(row) => row,
            None => self.new_row(item),
        };
        let (chunk, within) = (row / self.rows_per_chunk, row % self.rows_per_chunk * self.dimension);
        let chunks = Arc::make_mut(&mut self.chunks);
        if chunk == chunks.len() {
            chunks.push(vec![0.0; self.rows_per_chunk * self.dimension].into());
        }
        Arc::make_mut(&mut chunks[chunk])[within..within + self.dimension].copy_from_slice(&unit);
        Ok(true)
    }

    /// Removes an item's vector; returns whether there was one.
    pub fn remove(&mut self, item: ItemId) -> bool {
        let Some(row) = self.row_index(item) else { return false };
        *self.row_of.get_mut(item.index()) = 0;
        Arc::make_mut(&mut self.holes).push(row as u32);
        Arc::make_mut(&mut self.items).remove(item.0);
        true
    }

    /// Items that have a vector.
    pub fn len(&self) -> usize {
        self.items.len() as usize
    }

    /// Whether no item has a vector.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn row_index(&self, item: ItemId) -> Option<usize> {
        (*self.row_of.get(item.index())? as usize).checked_sub(1)
    }

    fn new_row(&mut self, item: ItemId) -> usize {
        let hole = if self.holes.is_empty() { None } else { Arc::make_mut(&mut self.holes).pop() };
        let row = hole.map_or(self.n_rows, |hole| hole as usize);
        self.n_rows = self.n_rows.max(row + 1);
        *self.row_of.get_mut(item.index()) = row as u32 + 1;
        Arc::make_mut(&mut self.items).insert(item.0);
        row
    }
}

impl Rows for Space {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn items(&self) -> &RoaringBitmap {
        &self.items
    }

    #[inline]
    fn row(&self, item: ItemId) -> Option<&[f32]> {
        let row = self.row_index(item)?;
        let start = row % self.rows_per_chunk * self.dimension;
        Some(&self.chunks[row / self.rows_per_chunk][start..start + self.dimension])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::scan::{Top, scan};

    fn nearest(space: &Space, query: &[f32], universe: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let mut top = Top::default();
        top.reset(3);
        scan(space, query, &universe.into_iter().collect(), |_| true, &mut top);
        top.best().iter().map(|near| near.item.0).collect()
    }

    #[test]
    fn vectors_are_put_replaced_and_removed() {
        let mut space = Space::new(2).unwrap();
        assert_eq!(space.put(ItemId(3), &[2.0, 0.0]), Ok(true));
        assert_eq!(space.put(ItemId(8), &[0.0, 5.0]), Ok(true));
        assert_eq!(space.put(ItemId(3), &[1.0, 0.0]), Ok(false), "the same direction");
        assert_eq!(nearest(&space, &[1.0, 0.1], 0..9), [3, 8]);
        assert_eq!(nearest(&space, &[1.0, 0.1], [8]), [8]);
        let before = space.clone();
        assert_eq!(space.put(ItemId(3), &[0.0, -1.0]), Ok(true));
        assert_eq!(nearest(&space, &[1.0, 0.1], 0..9), [8, 3]);
        assert_eq!(nearest(&before, &[1.0, 0.1], 0..9), [3, 8], "a clone does not see later writes");
        assert!(space.remove(ItemId(8)) && !space.remove(ItemId(8)));
        space.put(ItemId(4), &[1.0, 1.0]).unwrap();
        assert_eq!((space.n_rows, space.len()), (2, 2), "the hole is filled");
        assert_eq!(space.row(ItemId(8)), None);
    }

    #[test]
    fn what_is_no_vector_of_the_space_is_refused_and_changes_nothing() {
        assert!(Space::new(0).is_err() && Space::new(2_049).is_err());
        let mut space = Space::new(3).unwrap();
        let message = space.put(ItemId(0), &[1.0, 2.0]).unwrap_err().to_string();
        assert_eq!(message, "the vector has 2 dimensions, the space has 3");
        for bad in [[0.0; 3], [1.0, f32::NAN, 0.0], [f32::NEG_INFINITY, 0.0, 0.0]] {
            assert!(space.put(ItemId(0), &bad).is_err(), "{bad:?}");
        }
        assert!(space.is_empty());
    }

    #[test]
    fn many_chunks_answer_like_one() {
        let mut space = Space::new(1_500).unwrap();
        for item in 0..40u32 {
            let mut vector = vec![0.0; 1_500];
            vector[item as usize] = 1.0;
            space.put(ItemId(item), &vector).unwrap();
        }
        assert!(space.chunks.len() > 1);
        let mut query = vec![0.0; 1_500];
        query[33] = 1.0;
        assert_eq!(nearest(&space, &query, 0..40)[0], 33);
    }
}
