//! How near are two vectors?
//!
//! One dot product in eight lanes. The lanes are summed in a fixed order, so the same two vectors give the same bits
//! on every run; plain Rust is vectorized by the compiler for the instructions the build names. Instructions chosen
//! at run time would be 1.5 to 2 times faster and need `unsafe`, which stays out of this room.

use super::VectorError;
use crate::limits::VECTOR_DIMENSIONS_MAX;

const LANES: usize = 8;

/// The dot product of two vectors; of unit vectors, the cosine. A longer one is cut to the shorter one's length.
#[inline]
pub fn dot(one: &[f32], other: &[f32]) -> f32 {
    let n = one.len().min(other.len());
    let (one, one_rest) = one[..n].as_chunks::<LANES>();
    let (other, other_rest) = other[..n].as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for (a, b) in one.iter().zip(other) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = one_rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    let pairs = [lanes[0] + lanes[4], lanes[1] + lanes[5], lanes[2] + lanes[6], lanes[3] + lanes[7]];
    (pairs[0] + pairs[2]) + (pairs[1] + pairs[3]) + rest
}

/// The vector at length 1.
///
/// # Errors
/// When it has no direction (all zero), a number that is not finite, or too many dimensions.
pub fn normalized(vector: &[f32]) -> Result<Vec<f32>, VectorError> {
    if vector.is_empty() || vector.len() > VECTOR_DIMENSIONS_MAX {
        return Err(VectorError::Dimensions { n: vector.len() });
    }
    if let Some(at) = vector.iter().position(|number| !number.is_finite()) {
        return Err(VectorError::NotFinite { at, value: vector[at] });
    }
    // In double precision no finite vector overflows, and the smallest numbers still have a length.
    let length = vector.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
    if length == 0.0 {
        return Err(VectorError::Zero);
    }
    Ok(vector.iter().map(|number| (f64::from(*number) / length) as f32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_plain_sum() {
        for n in 0..40 {
            let one: Vec<f32> = (0..n).map(|i| (i as f32 * 0.7).sin()).collect();
            let other: Vec<f32> = (0..n).map(|i| (i as f32 * 1.3).cos()).collect();
            let plain: f64 = one.iter().zip(&other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!((f64::from(dot(&one, &other)) - plain).abs() < 1e-5, "{n} dimensions");
        }
        assert_eq!(dot(&[1.0, 2.0], &[3.0]), 3.0);
    }

    #[test]
    fn only_vectors_with_a_direction_are_normalized() {
        assert_eq!(normalized(&[3.0, 4.0]), Ok(vec![0.6, 0.8]));
        assert_eq!(normalized(&[0.0, 0.0]), Err(VectorError::Zero));
        assert_eq!(normalized(&[]), Err(VectorError::Dimensions { n: 0 }));
        assert_eq!(
            normalized(&vec![1.0; VECTOR_DIMENSIONS_MAX + 1]).unwrap_err().to_string(),
            "the vector has 2049 dimensions, 1 to 2048 allowed"
        );
        let message = normalized(&[1.0, f32::INFINITY]).unwrap_err().to_string();
        assert_eq!(message, "dimension 1 of the vector is inf, finite numbers are allowed");
        assert!(normalized(&[f32::NAN]).is_err());
        let extremes = [f32::MAX, f32::MIN_POSITIVE * f32::EPSILON];
        for vector in extremes.map(|number| normalized(&[number; 4]).unwrap()) {
            assert!((dot(&vector, &vector) - 1.0).abs() < 1e-6);
        }
    }
}
