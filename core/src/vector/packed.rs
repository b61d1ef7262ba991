//! How does a model hold its vectors?
//!
//! One block of unit vectors in order of item id, made once and never changed.

use roaring::RoaringBitmap;

use super::VectorError;
use super::distance::normalized;
use super::scan::Rows;
use crate::id::ItemId;
use crate::limits::VECTOR_DIMENSIONS_MAX;

/// Unit vectors `[n, d]`, row-major, by ascending item id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packed {
    dimension: usize,
    items: RoaringBitmap,
    /// Row → item, ascending.
    item_of: Vec<u32>,
    /// Item → row + 1, 0 for none.
    row_of: Vec<u32>,
    values: Vec<f32>,
}

impl Packed {
    /// Packs vectors of one dimension; those without a direction are left out, so an item near nothing has no row.
    ///
    /// # Errors
    /// When the items do not ascend, a dimension differs, or a number is not finite.
    pub fn new<'a>(
        dimension: usize,
        vectors: impl IntoIterator<Item = (ItemId, &'a [f32])>,
    ) -> Result<Self, VectorError> {
        let (mut item_of, mut values) = (Vec::new(), Vec::new());
        for (item, vector) in vectors {
            if vector.len() != dimension {
                return Err(VectorError::Mismatch { n: vector.len(), expected: dimension });
            }
            match normalized(vector) {
                Ok(unit) => {
                    values.extend(unit);
                    item_of.push(item.0);
                }
                Err(VectorError::Zero) => {}
                Err(error) => return Err(error),
            }
        }
        Self::from_parts(dimension, item_of, values)
    }

    /// Takes rows that are unit vectors already, as a file holds them.
    ///
    /// # Errors
    /// When the parts do not fit together, the items do not ascend, or a row is no unit vector.
    pub fn from_parts(dimension: usize, item_of: Vec<u32>, values: Vec<f32>) -> Result<Self, VectorError> {
        if dimension == 0 || dimension > VECTOR_DIMENSIONS_MAX {
            return Err(VectorError::Dimensions { n: dimension });
        }
        if item_of.len().checked_mul(dimension) != Some(values.len()) {
            return Err(VectorError::Mismatch { n: values.len(), expected: item_of.len() * dimension });
        }
        if let Some(at) = item_of.windows(2).position(|pair| pair[0] >= pair[1]) {
            return Err(VectorError::Order { at: at + 1 });
        }
        for (row, vector) in values.chunks_exact(dimension).enumerate() {
            let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
            if !length.is_finite() || (length - 1.0).abs() >= 1e-3 {
                return Err(VectorError::NotUnit { row, length });
            }
        }
        let mut row_of = vec![0; item_of.last().map_or(0, |item| *item as usize + 1)];
        for (row, item) in item_of.iter().enumerate() {
            row_of[*item as usize] = row as u32 + 1;
        }
        let items = item_of.iter().copied().collect();
        Ok(Self { dimension, items, item_of, row_of, values })
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.item_of.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.item_of.is_empty()
    }

    /// Items by row, ascending.
    pub fn item_of(&self) -> &[u32] {
        &self.item_of
    }

    /// All rows, `[n, d]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// A row by its number, which is below [`len`](Self::len).
    #[inline]
    pub fn at(&self, row: u32) -> &[f32] {
        let start = row as usize * self.dimension;
        &self.values[start..start + self.dimension]
    }
}

impl Rows for Packed {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn items(&self) -> &RoaringBitmap {
        &self.items
    }

    #[inline]
    fn row(&self, item: ItemId) -> Option<&[f32]> {
        let row = self.row_of.get(item.index())?.checked_sub(1)?;
        Some(self.at(row))
    }
}
