//! Where does an item stand among the items it is seen with?
//!
//! Pair counts become vectors in three steps: the counts are made symmetric, each is divided by the square root of
//! the two items' totals plus 5, and the 64 main directions of that matrix are the coordinates. It is the normalized
//! adjacency matrix of spectral embedding (Ng, Jordan and Weiss, NIPS 2001), whose totals are enlarged so that rare
//! items do not make directions of their own (Chaudhuri, Chung and Tsiatas, COLT 2012).
//!
//! Tried on the same pairs, nearest neighbors of the last item against the next new one: shifted positive PMI (Levy
//! and Goldberg, NIPS 2014) at shift 1 and 5, with and without smoothed contexts, PMI discounted at low counts, the
//! cosine with and without shrinkage, and implicit ALS over sessions (Hu, Koren and Volinsky, ICDM 2008). This one
//! found most on both session sets; for baskets ALS was ahead (HR@20 .242 against .217) at more than 20 times the
//! time, on a busy machine.
//! None of them finds what the pair rows themselves find: vectors are for what has few pairs, and for means of many.

use std::sync::atomic::AtomicBool;

use super::packed::Packed;
use super::spectral::{Sparse, coordinates};
use crate::id::ItemId;
use crate::limits::{FACTORIZE_ITERATIONS, MODEL_DIMENSION};

/// Added to every item's total: 5 of the 0, 5 and 10 tried in one form or another.
const REGULARIZATION: f32 = 5.0;

/// Vectors of the items that were seen with others. `rows` gives every item, ascending, with its neighbors and how
/// often they were seen together; a pair known from both sides counts with the larger number. `None` when `stop` was
/// raised.
pub fn factorize(rows: impl IntoIterator<Item = (ItemId, Vec<(ItemId, f32)>)>, stop: &AtomicBool) -> Option<Packed> {
    let (items, counts) = symmetric(rows);
    if items.is_empty() {
        return Some(Packed::default());
    }
    let matrix = normalize(counts);
    let found = coordinates(items.len(), MODEL_DIMENSION, FACTORIZE_ITERATIONS, stop, |x| matrix.times(x))?;
    let vectors = found.as_slice().unwrap_or_default().chunks_exact(MODEL_DIMENSION);
    // A number that is not finite would need counts beyond all bounds; such a model is none.
    Packed::new(MODEL_DIMENSION, items.into_iter().zip(vectors)).ok()
}

/// The items that have a pair, ascending, and the counts between them, from both sides alike.
fn symmetric(rows: impl IntoIterator<Item = (ItemId, Vec<(ItemId, f32)>)>) -> (Vec<ItemId>, Sparse) {
    let mut pairs: Vec<(u32, u32, f32)> = Vec::new();
    for (item, neighbors) in rows {
        let real = neighbors.into_iter().filter(|(other, count)| *other != item && *count > 0.0 && count.is_finite());
        pairs.extend(real.map(|(other, count)| (item.0, other.0, count)));
    }
    let mut items: Vec<u32> = pairs.iter().flat_map(|(one, other, _)| [*one, *other]).collect();
    items.sort_unstable();
    items.dedup();
    let index = |item: u32| items.binary_search(&item).unwrap_or_default() as u32;
    let mut both: Vec<(u32, u32, f32)> = Vec::with_capacity(2 * pairs.len());
    for (one, other, count) in pairs {
        let (one, other) = (index(one), index(other));
        both.extend([(one, other, count), (other, one, count)]);
    }
    // The larger of two counts first, then only the first of a pair is kept.
    both.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(b.2.total_cmp(&a.2)));
    both.dedup_by_key(|pair| (pair.0, pair.1));
    let mut matrix = Sparse { offsets: vec![0; items.len() + 1], ..Sparse::default() };
    for (row, column, count) in both {
        matrix.offsets[row as usize + 1] += 1;
        matrix.columns.push(column);
        matrix.values.push(count);
    }
    (0..items.len()).for_each(|row| matrix.offsets[row + 1] += matrix.offsets[row]);
    (items.into_iter().map(ItemId).collect(), matrix)
}

fn normalize(mut counts: Sparse) -> Sparse {
    let total = |row: usize| counts.row(row).map(|(_, count)| count).sum::<f32>() + REGULARIZATION;
    let roots: Vec<f32> = (0..counts.n_rows()).map(|row| total(row).sqrt()).collect();
    for row in 0..counts.n_rows() {
        for at in counts.offsets[row]..counts.offsets[row + 1] {
            counts.values[at] /= roots[row] * roots[counts.columns[at] as usize];
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::distance::dot;
    use crate::vector::scan::Rows;

    /// Two groups of items seen together, and item 90 seen with everything.
    fn rows() -> Vec<(ItemId, Vec<(ItemId, f32)>)> {
        let group = |items: std::ops::Range<u32>| {
            items.clone().map(move |item| {
                let mut row: Vec<_> = items.clone().filter(|o| *o != item).map(|o| (ItemId(o), 5.0)).collect();
                row.push((ItemId(90), 2.0));
                (ItemId(item), row)
            })
        };
        group(0..12).chain(group(40..52)).collect()
    }

    #[test]
    fn items_seen_together_stand_together() {
        let packed = factorize(rows(), &AtomicBool::new(false)).unwrap();
        assert_eq!((packed.len(), packed.dimension()), (25, MODEL_DIMENSION));
        let near = |a, b| dot(packed.row(ItemId(a)).unwrap(), packed.row(ItemId(b)).unwrap());
        assert!(near(1, 2) > 0.8 && near(41, 47) > 0.8);
        assert!(near(1, 41) < near(1, 90) && near(1, 90) < near(1, 2));
        assert_eq!(factorize(rows(), &AtomicBool::new(false)), Some(packed));
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(factorize([], &AtomicBool::new(false)).unwrap().is_empty());
        let alone = [(ItemId(1), vec![(ItemId(1), 3.0), (ItemId(2), 0.0), (ItemId(3), f32::NAN)])];
        assert!(factorize(alone, &AtomicBool::new(false)).unwrap().is_empty());
        assert_eq!(factorize(rows(), &AtomicBool::new(true)), None);
    }
}
