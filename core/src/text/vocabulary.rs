//! Which words does the shop know that look like this one?
//!
//! Three questions on the live vocabulary: what may a prefix become, how may a begun word be completed, what may a
//! misspelled word have been. Words of deleted products are not offered: segments may still hold them, the
//! statistics do not. When to correct, and how much a correction counts, is the caller's policy.

use std::ops::Bound;
use std::sync::Arc;

use tantivy::Term;
use tantivy::query::FuzzyTermQuery;

use super::analyzer::{compounds, has_digit};
use super::document::TextField;
use super::error::TextError;
use super::statistics::{Statistics, WordCount};
use super::view::TextView;
use crate::limits::CORRECTED_CHARS_MAX;

/// A word of product names that begins as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The whole word, folded.
    pub word: String,
    /// Live documents that have it in the name.
    pub documents: u32,
}

/// A word of the shop that may have been meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// The word, folded.
    pub word: String,
    /// Letters inserted, deleted, replaced or swapped with their neighbor; 1 or 2.
    pub distance: u8,
    /// Live documents that have it in any field.
    pub documents: u32,
}

/// Fields whose words were chosen with care; asked before descriptions, which have typing errors of their own.
const CURATED: [TextField; 4] = [TextField::Name, TextField::Brand, TextField::Category, TextField::Attributes];

impl TextView {
    /// At most `max` words of product names that begin with `prefix`, the most frequent first, then in letter
    /// order. The prefix is folded; one that is no single word has no completions.
    pub fn completions(&self, prefix: &str, max: usize) -> Vec<Completion> {
        let Some(prefix) = self.single_word(prefix) else {
            return Vec::new();
        };
        let mut found: Vec<Completion> = begins_with(self.statistics(), &prefix)
            .filter(|(_, count)| count.names > 0)
            .map(|(word, count)| Completion { word: word.to_string(), documents: count.names })
            .collect();
        found.sort_unstable_by(|a, b| b.documents.cmp(&a.documents).then_with(|| a.word.cmp(&b.word)));
        found.truncate(max);
        found
    }

    /// At most `max` words that may have been meant by `word`: nearest first, then the most frequent, then in letter
    /// order. One error is allowed from 4 letters, two from 8; words with digits, on either side, and words longer
    /// than 32 characters are left alone. Descriptions are asked only when nothing else knows a near word.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn corrections(&self, word: &str, max: usize) -> Result<Vec<Correction>, TextError> {
        let Some(word) = self.single_word(word).filter(|word| !has_digit(word)) else {
            return Ok(Vec::new());
        };
        let allowed: u8 = match word.chars().count() {
            0..4 => 0,
            4..8 => 1,
            8..=CORRECTED_CHARS_MAX => 2,
            _ => 0,
        };
        if allowed == 0 || max == 0 {
            return Ok(Vec::new());
        }
        let mut found = self.near(&word, allowed, &CURATED)?;
        if found.is_empty() {
            found = self.near(&word, allowed, &[TextField::Description])?;
        }
        found.truncate(max);
        Ok(found)
    }

    fn near(&self, word: &str, allowed: u8, fields: &[TextField]) -> Result<Vec<Correction>, TextError> {
        let mut found: Vec<Correction> = Vec::new();
        for segment in self.segments() {
            for &field in fields {
                let term = Term::from_field_text(self.fields().exact[field as usize], word);
                let automaton = FuzzyTermQuery::new(term, allowed, true).automaton()?;
                let mut stream = segment.exact[field as usize].terms().search(automaton).into_stream()?;
                while stream.advance() {
                    let Ok(near) = std::str::from_utf8(stream.key()) else { continue };
                    let Some(count) = self.statistics().words.get(near) else { continue };
                    if near == word || has_digit(near) || found.iter().any(|known| known.word == near) {
                        continue;
                    }
                    let distance = distance(word, near);
                    found.push(Correction { word: near.to_owned(), distance, documents: count.documents });
                }
            }
        }
        found.sort_unstable_by(|a, b| {
            a.distance.cmp(&b.distance).then(b.documents.cmp(&a.documents)).then_with(|| a.word.cmp(&b.word))
        });
        Ok(found)
    }

    /// The folded word when the text is one.
    fn single_word(&self, text: &str) -> Option<String> {
        let mut compounds = compounds(self.language(), text);
        match (compounds.len(), compounds.pop()) {
            (1, Some(compound)) if compound.parts.len() == 1 => compound.parts.into_iter().next(),
            _ => None,
        }
    }
}

/// The live words that begin with `prefix`, in letter order.
pub(super) fn begins_with<'s>(
    statistics: &'s Statistics,
    prefix: &'s str,
) -> impl Iterator<Item = (&'s Arc<str>, &'s WordCount)> {
    let from = (Bound::Included(prefix), Bound::<&str>::Unbounded);
    statistics.words.range::<_, str>(from).take_while(move |(word, _)| word.starts_with(prefix))
}

/// At most `max` live words that begin with `prefix`: in the most documents first, then in letter order.
pub(super) fn most_frequent<'s>(statistics: &'s Statistics, prefix: &'s str, max: usize) -> Vec<(&'s Arc<str>, u32)> {
    let mut words: Vec<(&Arc<str>, u32)> =
        begins_with(statistics, prefix).map(|(word, count)| (word, count.documents)).collect();
    let order = |a: &(&Arc<str>, u32), b: &(&Arc<str>, u32)| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0));
    if words.len() > max {
        words.select_nth_unstable_by(max, order);
        words.truncate(max);
    }
    words.sort_unstable_by(order);
    words
}

/// Letters inserted, deleted, replaced, or swapped with their neighbor, each part of a word being changed once
/// ("optimal string alignment"), as the automaton counts them.
fn distance(a: &str, b: &str) -> u8 {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, x) in a.chars().enumerate() {
        let mut row = vec![i + 1];
        for (j, &y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if j > 0 && previous == Some(y) && x == b[j - 1] {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
        previous = Some(x);
    }
    last[b.len()].min(usize::from(u8::MAX)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        let check = |a, b, expected| assert_eq!(distance(a, b), expected, "{a} to {b}");
        check("hoodie", "hoodie", 0);
        check("hodie", "hoodie", 1);
        check("hoodei", "hoodie", 1);
        check("ab", "ba", 1);
        check("jacket", "packets", 2);
        check("", "abc", 3);
        check("écru", "ecru", 1);
    }
}
