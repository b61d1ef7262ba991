//! Which direction does a text point in?
//!
//! The words of a `content` space, each with its place among the products, so that a query can be *folded in*
//! (Deerwester et al., *Indexing by latent semantic analysis*, JASIS 1990): its vector is the sum of its words'
//! vectors, `q · V` with `A = U S Vᵀ`. A word of few products or of all has no place. Words are hashed into columns as
//! they are for products; two that share a column share a vector.

use std::collections::BTreeMap;

use super::content;
use crate::limits::{CONTENT_COLUMNS, CONTENT_WORDS_MAX, MODEL_DIMENSION};

/// Vectors of words by column, `[n, d]`, row-major, weighted by how telling a word is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// Ascending.
    columns: Vec<u32>,
    values: Vec<f32>,
}

/// A text in a space.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// The sum of its words, of any length.
    pub vector: Vec<f32>,
    /// Share of its different words that have a place, above 0, at most 1.
    pub known: f32,
}

impl Terms {
    /// Takes rows as a file holds them.
    ///
    /// # Errors
    /// When the parts do not fit together, columns do not ascend or are too large, or a number is not finite.
    pub fn from_parts(columns: Vec<u32>, values: Vec<f32>) -> Result<Self, String> {
        if columns.len() * MODEL_DIMENSION != values.len() {
            return Err(format!("{} words have {} numbers", columns.len(), values.len()));
        }
        if let Some(at) = columns.windows(2).position(|pair| pair[0] >= pair[1]) {
            return Err(format!("word {} does not ascend", at + 1));
        }
        if let Some(last) = columns.last().filter(|last| **last >= CONTENT_COLUMNS) {
            return Err(format!("a word stands in column {last}, there are {CONTENT_COLUMNS}"));
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(format!("number {at} of the words is {}", values[at])),
            None => Ok(Self { columns, values }),
        }
    }

    /// Columns, ascending.
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// All rows, `[n, d]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Whether no word has a place.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The text in the space; `None` when none of its words has a place.
    pub fn fold(&self, text: &str) -> Option<Folded> {
        let mut counts: BTreeMap<u32, f32> = BTreeMap::new();
        content::words_of(text)
            .take(CONTENT_WORDS_MAX)
            .for_each(|word| *counts.entry(content::column(word)).or_default() += 1.0);
        let mut vector = vec![0.0; MODEL_DIMENSION];
        let mut n_known = 0;
        for (column, count) in &counts {
            let Ok(row) = self.columns.binary_search(column) else { continue };
            n_known += 1;
            let weight = 1.0 + count.ln();
            let own = &self.values[row * MODEL_DIMENSION..(row + 1) * MODEL_DIMENSION];
            vector.iter_mut().zip(own).for_each(|(sum, number)| *sum += weight * number);
        }
        (n_known > 0).then(|| Folded { vector, known: n_known as f32 / counts.len() as f32 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let check = |columns: &[u32], n: usize, value: f32, expected: &str| {
            let refused = Terms::from_parts(columns.to_vec(), vec![value; n * MODEL_DIMENSION]).unwrap_err();
            assert_eq!(refused, expected);
        };
        check(&[1, 2], 1, 0.0, "2 words have 64 numbers");
        check(&[2, 2], 2, 0.0, "word 1 does not ascend");
        check(&[CONTENT_COLUMNS], 1, 0.0, "a word stands in column 131072, there are 131072");
        check(&[1], 1, f32::NAN, "number 0 of the words is NaN");
    }

    #[test]
    fn a_text_says_how_much_of_it_is_known() {
        let (red, tent) = (content::column("red"), content::column("tent"));
        let mut columns = vec![red, tent];
        columns.sort_unstable();
        let values = columns.iter().flat_map(|c| [if *c == red { 1.0 } else { 3.0 }; MODEL_DIMENSION]).collect();
        let terms = Terms::from_parts(columns, values).unwrap();
        let check = |text: &str, expected: Option<(f32, f32)>| {
            assert_eq!(terms.fold(text).map(|folded| (folded.vector[0], folded.known)), expected, "{text}");
        };
        check("Red TENT", Some((4.0, 1.0)));
        check("red-boat", Some((1.0, 0.5)));
        check("red red", Some((1.0 + 2f32.ln(), 1.0)));
        check("boat", None);
        check("", None);
    }
}
