//! What is wrong with a vector?

use crate::limits::VECTOR_DIMENSIONS_MAX;

/// Why a vector, or a block of them, was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VectorError {
    /// None, or too many.
    #[error("the vector has {n} dimensions, 1 to {VECTOR_DIMENSIONS_MAX} allowed")]
    Dimensions {
        /// How many.
        n: usize,
    },
    /// Another dimension than the space's.
    #[error("the vector has {n} dimensions, the space has {expected}")]
    Mismatch {
        /// How many.
        n: usize,
        /// How many the space has.
        expected: usize,
    },
    /// NaN or infinite.
    #[error("dimension {at} of the vector is {value}, finite numbers are allowed")]
    NotFinite {
        /// Which dimension.
        at: usize,
        /// What it holds.
        value: f32,
    },
    /// Nothing to normalize.
    #[error("every dimension of the vector is 0, it has no direction")]
    Zero,
    /// Packed rows do not ascend.
    #[error("row {at} is not of a larger item than the row before")]
    Order {
        /// Which row.
        at: usize,
    },
    /// A packed row is not normalized.
    #[error("row {row} has length {length}, expected 1")]
    NotUnit {
        /// Which row.
        row: usize,
        /// Its length.
        length: f64,
    },
    /// There is no such space.
    #[error("no vector space `{name}`; spaces are {known}")]
    UnknownSpace {
        /// What was asked for.
        name: String,
        /// Those that exist.
        known: String,
    },
}
