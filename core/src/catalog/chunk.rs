//! How is a column stored so that publishing costs only what was touched?
//!
//! Columns are cut into fixed chunks behind `Arc`s: a clone of a column is one reference count, and the
//! first write after a clone copies the spine (one pointer a chunk) and the one chunk it lands in.
//! [`Chunked`] is dense and holds a default where nothing was written; [`Column`] knows missing values and
//! keeps thinly filled chunks as sorted pairs, so that thousands of rare attributes stay cheap.
//! Which column means what is not decided here.

use std::sync::Arc;

/// Cells of a [`Column`] chunk.
const COLUMN_CHUNK: usize = 512;
/// A chunk with more cells than this is stored dense.
const SPARSE_MAX: usize = COLUMN_CHUNK / 4;

/// A dense column: index → value, the default where nothing was written.
#[derive(Clone, Debug)]
pub(crate) struct Chunked<T, const N: usize = 512> {
    spine: Arc<Vec<Arc<[T]>>>,
    len: usize,
}

impl<T, const N: usize> Default for Chunked<T, N> {
    fn default() -> Self {
        Self { spine: Arc::default(), len: 0 }
    }
}

impl<T: Clone + Default, const N: usize> Chunked<T, N> {
    /// One past the largest index written.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The value, `None` past the end.
    pub fn get(&self, index: usize) -> Option<&T> {
        if index < self.len { Some(&self.spine[index / N][index % N]) } else { None }
    }

    /// The value for writing; the column grows to hold it.
    pub fn get_mut(&mut self, index: usize) -> &mut T {
        let spine = Arc::make_mut(&mut self.spine);
        while spine.len() <= index / N {
            spine.push((0..N).map(|_| T::default()).collect());
        }
        self.len = self.len.max(index + 1);
        &mut Arc::make_mut(&mut spine[index / N])[index % N]
    }

    /// Appends a value and returns its index.
    pub fn push(&mut self, value: T) -> usize {
        let index = self.len;
        *self.get_mut(index) = value;
        index
    }

    /// All values in index order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.spine.iter().flat_map(|chunk| chunk.iter()).take(self.len)
    }
}

/// A value that can say "missing" by itself.
pub(crate) trait Cell: Copy {
    /// What a cell holds when nothing was written.
    const MISSING: Self;
    /// Is this the missing value?
    fn is_missing(self) -> bool;
}

impl Cell for f64 {
    const MISSING: Self = f64::NAN;
    fn is_missing(self) -> bool {
        self.is_nan()
    }
}

impl Cell for i64 {
    const MISSING: Self = i64::MIN;
    fn is_missing(self) -> bool {
        self == i64::MIN
    }
}

#[derive(Clone, Debug)]
enum Cells<T> {
    /// Sorted by offset.
    Sparse(Vec<(u16, T)>),
    /// `[COLUMN_CHUNK]`.
    Dense(Box<[T]>),
}

/// A column that knows missing values; thinly filled chunks are sparse.
#[derive(Clone, Debug)]
pub(crate) struct Column<T> {
    spine: Arc<Vec<Arc<Cells<T>>>>,
    filled: usize,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { spine: Arc::default(), filled: 0 }
    }
}

impl<T: Cell> Column<T> {
    /// Cells that are not missing.
    pub fn filled(&self) -> usize {
        self.filled
    }

    /// The value, or [`Cell::MISSING`].
    #[inline]
    pub fn get(&self, index: usize) -> T {
        match self.spine.get(index / COLUMN_CHUNK).map(|cells| &**cells) {
            None => T::MISSING,
            Some(Cells::Dense(cells)) => cells[index % COLUMN_CHUNK],
            Some(Cells::Sparse(pairs)) => {
                let offset = (index % COLUMN_CHUNK) as u16;
                pairs.binary_search_by_key(&offset, |pair| pair.0).map_or(T::MISSING, |at| pairs[at].1)
            }
        }
    }

    /// Writes a value; writing [`Cell::MISSING`] removes it.
    pub fn set(&mut self, index: usize, value: T) {
        let was_missing = self.get(index).is_missing();
        if was_missing && value.is_missing() {
            return;
        }
        self.filled = self.filled + usize::from(was_missing) - usize::from(value.is_missing());
        let spine = Arc::make_mut(&mut self.spine);
        while spine.len() <= index / COLUMN_CHUNK {
            spine.push(Arc::new(Cells::Sparse(Vec::new())));
        }
        Arc::make_mut(&mut spine[index / COLUMN_CHUNK]).set(index % COLUMN_CHUNK, value);
    }
}

impl<T: Cell> Cells<T> {
    fn set(&mut self, offset: usize, value: T) {
        match self {
            Cells::Dense(cells) => cells[offset] = value,
            Cells::Sparse(pairs) => match pairs.binary_search_by_key(&(offset as u16), |pair| pair.0) {
                Ok(at) if value.is_missing() => drop(pairs.remove(at)),
                Ok(at) => pairs[at].1 = value,
                Err(_) if value.is_missing() => {}
                Err(at) if pairs.len() < SPARSE_MAX => pairs.insert(at, (offset as u16, value)),
                Err(_) => {
                    let mut cells = vec![T::MISSING; COLUMN_CHUNK].into_boxed_slice();
                    for &(offset, value) in pairs.iter() {
                        cells[usize::from(offset)] = value;
                    }
                    cells[offset] = value;
                    *self = Cells::Dense(cells);
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_clone_does_not_see_later_writes() {
        let mut live: Chunked<u32, 4> = Chunked::default();
        (0..10).for_each(|n| *live.get_mut(n) = n as u32);
        let published = live.clone();
        *live.get_mut(5) = 99;
        assert_eq!((published.get(5), live.get(5), live.get(10)), (Some(&5), Some(&99), None));
        assert!(Arc::ptr_eq(&published.spine[0], &live.spine[0]), "an untouched chunk is shared");
        assert!(!Arc::ptr_eq(&published.spine[1], &live.spine[1]));
    }

    proptest! {
        #[test]
        fn a_column_answers_like_a_map(writes in prop::collection::vec((0usize..1500, prop::option::of(-9i64..9)), 0..900)) {
            let mut column = Column::<i64>::default();
            let mut map = BTreeMap::new();
            for (index, value) in writes {
                column.set(index, value.unwrap_or(i64::MISSING));
                match value {
                    Some(value) => drop(map.insert(index, value)),
                    None => drop(map.remove(&index)),
                }
            }
            prop_assert_eq!(column.filled(), map.len());
            prop_assert!((0..1600).all(|index| column.get(index) == map.get(&index).copied().unwrap_or(i64::MISSING)));
        }
    }
}
