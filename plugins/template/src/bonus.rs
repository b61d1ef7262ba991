//! Who gets the bonus?
//!
//! The idea itself, without a word of the contract: a free function over slices.

/// Writes `bonus` where the value is at least `at_least`, 0 elsewhere; a missing value (NaN) gets none.
/// `values` and `out` are `[n]`.
pub fn fill(values: &[f32], at_least: f32, bonus: f32, out: &mut [f32]) {
    for (out, value) in out.iter_mut().zip(values) {
        *out = if *value >= at_least { bonus } else { 0.0 };
    }
}
