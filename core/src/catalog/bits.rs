//! How are sets of ids turned, tested and shared quickly?
//!
//! Roaring bitmaps are what the catalog keeps and hands out; a flat bit array is what a single wide pass
//! works on, because testing and setting one bit there costs about a nanosecond. Which set means what is
//! not decided here.

use std::sync::Arc;

use roaring::RoaringBitmap;

/// A flat set of small integers.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlatBits {
    bytes: Vec<u8>,
}

impl FlatBits {
    /// An empty set for values below `bound`.
    pub fn with_bound(bound: usize) -> Self {
        Self { bytes: vec![0; bound.div_ceil(8)] }
    }

    /// The same set, flat. Values are below `bound`; larger ones are left out.
    pub fn from_bitmap(bitmap: &RoaringBitmap, bound: usize) -> Self {
        let mut flat = Self::with_bound(bound);
        let mut values = [0u32; 256];
        let mut iter = bitmap.iter();
        loop {
            let batch = iter.next_many(&mut values);
            if batch.is_empty() {
                return flat;
            }
            batch.iter().for_each(|&value| flat.insert(value));
        }
    }

    /// Puts a value in; one at or above the bound is left out.
    #[inline]
    pub fn insert(&mut self, value: u32) {
        if let Some(byte) = self.bytes.get_mut((value >> 3) as usize) {
            *byte |= 1 << (value & 7);
        }
    }

    /// Is the value in?
    #[inline]
    pub fn contains(&self, value: u32) -> bool {
        self.bytes.get((value >> 3) as usize).is_some_and(|byte| byte & (1 << (value & 7)) != 0)
    }

    /// The same set as a roaring bitmap.
    pub fn to_bitmap(&self) -> RoaringBitmap {
        RoaringBitmap::from_lsb0_bytes(0, &self.bytes)
    }
}

/// Puts `id` in or out of a shared bitmap, copying it only when something changes.
pub(crate) fn put_bit(bitmap: &mut Arc<RoaringBitmap>, id: u32, member: bool) {
    if bitmap.contains(id) != member {
        let bitmap = Arc::make_mut(bitmap);
        if member {
            bitmap.insert(id)
        } else {
            bitmap.remove(id)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_and_roaring_agree() {
        let bitmap: RoaringBitmap = [0u32, 7, 8, 63, 64, 65_535, 65_536, 99_999].into_iter().collect();
        let flat = FlatBits::from_bitmap(&bitmap, 100_000);
        assert_eq!(flat.to_bitmap(), bitmap);
        assert!(flat.contains(65_536) && !flat.contains(65_537) && !flat.contains(1_000_000));
    }

    #[test]
    fn an_unchanged_bit_copies_nothing() {
        let mut live = Arc::new(RoaringBitmap::from([3]));
        let published = Arc::clone(&live);
        put_bit(&mut live, 3, true);
        put_bit(&mut live, 4, false);
        assert!(Arc::ptr_eq(&live, &published));
        put_bit(&mut live, 4, true);
        assert_eq!((published.len(), live.len()), (1, 2));
    }
}
