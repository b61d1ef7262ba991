//! How well does one word fit one document?
//!
//! BM25F (Robertson, Zaragoza and Taylor, 2004, "Simple BM25 extension to multiple weighted fields"): occurrences in
//! all fields are weighted, normalized by field length and added up *before* they saturate, and rarity is one
//! number for the whole document. A sum of per-field scores would count one word three times when it stands in name,
//! category and description; a maximum would ignore that it does.
//!
//! ```text
//! tf    = Σ over fields  weight · share · occurrences / (1 − b + b · length / mean length)
//! idf   = ln(1 + (N − n + ½) / (n + ½))
//! score = alternative's weight · idf · tf / (tf + K)
//! ```
//!
//! An alternative's idf is never above the weight of the word of the query it stands for.
//!
//! The scores of the words add up; when only some of the words match, the sum is multiplied by the share of the query
//! that they carry (their weight over the weight of all), to the power of [`COORDINATION`].

use super::document::TextField;
use super::statistics::Statistics;
use tantivy::fieldnorm::FieldNormReader;

/// Weighted occurrences at which half of a word's weight is reached: one occurrence in a name of usual length.
pub(super) const HALF_SATURATION: f32 = 5.0;
/// What an inflected form counts of an exact one: `shoe` found for `shoes`.
pub(super) const INFLECTED_SHARE: f32 = 0.8;
/// Factor on a word that was only begun, so that full words come first.
pub(super) const PREFIX_FACTOR: f32 = 0.4;
/// How strongly words that do not match are held against a document.
pub(super) const COORDINATION: f32 = 2.0;
/// Factor on a word split where letters meet digits: `2 tb` found for `2tb`.
pub(super) const SPLIT_FACTOR: f32 = 0.9;

/// How much of a field's length is held against it (`b`), by field. Names and descriptions grow with what they
/// talk about besides; a sku, a brand or a category does not become less true by being long.
const LENGTH_PENALTIES: [f32; TextField::COUNT] = [0.4, 0.0, 0.0, 0.0, 0.2, 0.7, 0.2];

/// `1 / (1 − b + b · length / mean length)` by field and by the length's one-byte code.
pub(super) type LengthFactors = [[f32; 256]; TextField::COUNT];

/// The length factors of a view.
pub(super) fn length_factors(statistics: &Statistics) -> Box<LengthFactors> {
    let mut factors = Box::new([[1.0; 256]; TextField::COUNT]);
    for (field, row) in factors.iter_mut().enumerate() {
        let b = LENGTH_PENALTIES[field];
        let mean = (statistics.lengths[field] as f64 / f64::from(statistics.documents.max(1))).max(1.0) as f32;
        for (code, factor) in row.iter_mut().enumerate() {
            let length = FieldNormReader::id_to_fieldnorm(code as u8) as f32;
            *factor = 1.0 / (1.0 - b + b * length / mean);
        }
    }
    factors
}

/// Rarity of a word that `matching` of `documents` live documents have; above 0.
pub(super) fn idf(documents: u32, matching: u32) -> f32 {
    let (all, some) = (f64::from(documents), f64::from(matching.min(documents)));
    (1.0 + (all - some + 0.5) / (some + 0.5)).ln() as f32
}

/// The score of weighted occurrences `tf`, with `factor` the alternative's weight times the idf.
#[inline]
pub(super) fn saturate(factor: f32, tf: f32) -> f32 {
    factor * (tf / (tf + HALF_SATURATION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rarer_is_worth_more_and_nothing_is_negative() {
        assert!(idf(100, 1) > idf(100, 50));
        assert!(idf(100, 100) > 0.0);
        assert!(idf(1, 7) > 0.0 && idf(0, 0) > 0.0);
    }

    #[test]
    fn saturates_below_the_factor() {
        assert_eq!(saturate(2.0, HALF_SATURATION), 1.0);
        assert!(saturate(2.0, 1e6) < 2.0 && saturate(2.0, 1e6) > saturate(2.0, 1e3));
    }

    #[test]
    fn mean_length_is_neutral_and_longer_counts_less() {
        let statistics = Statistics { documents: 2, lengths: [8; TextField::COUNT], ..Statistics::default() };
        let factors = length_factors(&statistics);
        let at =
            |field: TextField, length| factors[field as usize][usize::from(FieldNormReader::fieldnorm_to_id(length))];
        assert_eq!(at(TextField::Name, 4), 1.0);
        assert!(at(TextField::Description, 40) < at(TextField::Name, 40));
        assert_eq!(at(TextField::Brand, 40), 1.0);
    }
}
