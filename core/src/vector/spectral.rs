//! What are the main directions of a large sparse matrix?
//!
//! Randomized subspace iteration (Halko, Martinsson and Tropp, SIAM Review 2011, algorithms 4.4 and 5.3) for a
//! symmetric operator that is only known by what it does to vectors. The random start has a fixed seed and everything
//! runs on one thread, so equal input gives equal output on one machine. What the matrix means is not known here.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{Array2, ArrayView2, Axis};

use crate::limits::SPECTRAL_OVERSAMPLING;

/// Rows of numbers, thinly filled: row `i` is `offsets[i]..offsets[i + 1]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sparse {
    pub offsets: Vec<usize>,
    pub columns: Vec<u32>,
    pub values: Vec<f32>,
}

impl Sparse {
    pub fn n_rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The cells of a row: column and value.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let range = self.offsets[row]..self.offsets[row + 1];
        self.columns[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// The matrix with rows and columns exchanged; columns ascend in every row.
    pub fn transposed(&self, n_columns: usize) -> Sparse {
        let mut offsets = vec![0usize; n_columns + 1];
        self.columns.iter().for_each(|column| offsets[*column as usize + 1] += 1);
        (0..n_columns).for_each(|column| offsets[column + 1] += offsets[column]);
        let mut next = offsets.clone();
        let (mut columns, mut values) = (vec![0u32; self.columns.len()], vec![0.0f32; self.columns.len()]);
        for row in 0..self.n_rows() {
            for (column, value) in self.row(row) {
                let at = &mut next[column as usize];
                (columns[*at], values[*at]) = (row as u32, value);
                *at += 1;
            }
        }
        Sparse { offsets, columns, values }
    }

    /// `self * x`, with `x` `[columns, l]`.
    pub fn times(&self, x: ArrayView2<'_, f32>) -> Array2<f32> {
        let x = x.as_standard_layout();
        let l = x.ncols();
        let mut product = Array2::zeros((self.n_rows(), l));
        let (from, to) = (x.as_slice().unwrap_or_default(), product.as_slice_mut().unwrap_or_default());
        for (row, sums) in to.chunks_exact_mut(l.max(1)).enumerate() {
            for (column, value) in self.row(row) {
                let start = column as usize * l;
                sums.iter_mut().zip(&from[start..start + l]).for_each(|(sum, number)| *sum += value * number);
            }
        }
        product
    }
}

/// Coordinates `[n, d]` of the rows of a symmetric operator in its `d` main directions of positive weight: the
/// eigenvectors, each times the square root of its eigenvalue. `None` when `stop` was raised.
pub(super) fn coordinates(
    n: usize,
    d: usize,
    n_iterations: usize,
    stop: &AtomicBool,
    apply: impl Fn(ArrayView2<'_, f32>) -> Array2<f32>,
) -> Option<Array2<f32>> {
    let width = (d + SPECTRAL_OVERSAMPLING).min(n);
    let mut random = Random(0x706c_616e_6f67);
    let mut basis = Array2::from_shape_simple_fn((n, width), || random.next());
    for _ in 0..=n_iterations {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        basis = orthonormal(&apply(basis.view()));
    }
    let small = basis.t().dot(&apply(basis.view()));
    let (values, vectors) = eigen(small.mapv(f64::from));
    let mut order: Vec<usize> = (0..width).filter(|at| values[*at] > 0.0).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]).then(a.cmp(b)));
    let turn = Array2::from_shape_fn((width, d), |(row, column)| match order.get(column) {
        Some(&at) => (vectors[[row, at]] * values[at].sqrt()) as f32,
        None => 0.0,
    });
    Some(basis.dot(&turn))
}

/// An orthonormal basis of the columns, by Gram and Schmidt done twice; a column within the others becomes 0.
fn orthonormal(columns: &Array2<f32>) -> Array2<f32> {
    let mut rows = columns.t().as_standard_layout().into_owned();
    for _ in 0..2 {
        for at in 0..rows.nrows() {
            let (before, mut rest) = rows.view_mut().split_at(Axis(0), at);
            let mut row = rest.row_mut(0);
            let length_before = row.dot(&row).sqrt();
            let shares = before.dot(&row);
            row -= &before.t().dot(&shares);
            let length = row.dot(&row).sqrt();
            if length > 1e-6 * length_before { row /= length } else { row.fill(0.0) }
        }
    }
    rows.t().as_standard_layout().into_owned()
}

/// Eigenvalues and eigenvectors (in columns) of a small symmetric matrix, by Jacobi's rotations.
fn eigen(matrix: Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = matrix.nrows();
    let mut a = (&matrix + &matrix.t()) * 0.5;
    let mut vectors = Array2::<f64>::eye(n);
    let total: f64 = a.iter().map(|number| number * number).sum();
    for _ in 0..50 {
        let off: f64 = (0..n).flat_map(|p| (p + 1..n).map(move |q| (p, q))).map(|at| a[at] * a[at]).sum();
        if off <= 1e-20 * total {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    (a.diag().to_vec(), vectors)
}

/// Makes cell (p, q) zero.
fn rotate(a: &mut Array2<f64>, vectors: &mut Array2<f64>, p: usize, q: usize) {
    if a[[p, q]] == 0.0 {
        return;
    }
    let theta = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
    let tangent = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = tangent * cosine;
    let turn = |x: f64, y: f64| (cosine * x - sine * y, sine * x + cosine * y);
    for k in 0..a.nrows() {
        (a[[k, p]], a[[k, q]]) = turn(a[[k, p]], a[[k, q]]);
    }
    for k in 0..a.nrows() {
        (a[[p, k]], a[[q, k]]) = turn(a[[p, k]], a[[q, k]]);
        (vectors[[k, p]], vectors[[k, q]]) = turn(vectors[[k, p]], vectors[[k, q]]);
    }
}

/// Numbers from -1 to 1 by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_symmetric_matrix_is_taken_apart() {
        let matrix = ndarray::array![[2.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, -1.0]];
        let (values, vectors) = eigen(matrix.clone());
        let again = vectors.dot(&Array2::from_diag(&ndarray::Array1::from(values))).dot(&vectors.t());
        assert!((&again - &matrix).iter().all(|difference| difference.abs() < 1e-9));
    }

    #[test]
    fn a_matrix_of_low_rank_is_found_again() {
        let mut random = Random(5);
        let factors = Array2::from_shape_simple_fn((60, 4), || random.next());
        let matrix = factors.dot(&factors.t());
        let found = coordinates(60, 4, 3, &AtomicBool::new(false), |x| matrix.dot(&x)).unwrap();
        assert!((&found.dot(&found.t()) - &matrix).iter().all(|difference| difference.abs() < 1e-3));
        assert_eq!(coordinates(60, 4, 3, &AtomicBool::new(false), |x| matrix.dot(&x)).unwrap(), found);
        assert_eq!(coordinates(60, 4, 3, &AtomicBool::new(true), |x| matrix.dot(&x)), None);
    }

    #[test]
    fn a_sparse_matrix_multiplies_and_turns_like_a_dense_one() {
        let sparse = Sparse { offsets: vec![0, 2, 2, 3], columns: vec![0, 2, 1], values: vec![1.0, 2.0, 3.0] };
        let dense = ndarray::array![[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0]];
        let x = ndarray::array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]];
        assert_eq!(sparse.times(x.view()), dense.dot(&x));
        assert_eq!(sparse.transposed(3).times(x.view()), dense.t().dot(&x));
    }
}
