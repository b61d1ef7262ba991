//! Which words does the shop know that look like this one?
//!
//! Three questions on the live vocabulary: what may a prefix become, how may a begun word be completed, what may a
//! misspelled word have been. Words of deleted products are not offered: segments may still hold them, the
//! statistics do not. When to correct, and how much a correction counts, is the caller's policy.

use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;

use super::analyzer::{Stemmer, compounds, has_digit};
use super::statistics::{COMMON_DOCUMENTS_MIN, Shape, Statistics, WordCount};
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

/// How many times as many documents a word needs that is one edit further away.
const EDIT_ODDS: f64 = 16.0;
/// Shortest words that are corrected by one edit, and by two, in letters.
const ONE_EDIT_CHARS_MIN: usize = 4;
const TWO_EDITS_CHARS_MIN: usize = 6;
/// Shortest word whose first letter may be wrong, whatever it is, in letters.
const FIRST_WRONG_CHARS_MIN: usize = 5;

impl Correction {
    /// How likely it was meant, compared to the others of the same word.
    pub fn odds(&self) -> f64 {
        f64::from(self.documents) / EDIT_ODDS.powi(i32::from(self.distance))
    }
}

impl TextView {
    /// At most `max` words of product names that begin with `prefix`, the most frequent first, then in letter
    /// order. The prefix is folded; one that is no single word has no completions.
    pub fn completions(&self, prefix: &str, max: usize) -> Vec<Completion> {
        let Some(prefix) = self.single_word(prefix) else {
            return Vec::new();
        };
        let named = begins_with(&self.statistics().words, &prefix).filter(|(_, count)| count.names > 0);
        let best = best_of(named.collect(), max, |count| count.names);
        best.into_iter().map(|(word, count)| Completion { word: word.to_string(), documents: count.names }).collect()
    }

    /// At most `max` words that may have been meant by `word`, the likeliest first: an edit more needs a word that
    /// stands in `EDIT_ODDS` times as many documents; ties by letters.
    ///
    /// One edit is allowed from 4 letters, two from 6; words with digits, on either side, and words longer than 32
    /// characters are left alone. A first letter is hardly ever mistyped, so what may have been meant begins with
    /// the same letter, or with the second one (`hte` for `the`, `eht`); when there is no such word, from 5 letters with
    /// any, if it is a common word one edit away (`olastic`). Words of descriptions are considered only
    /// when nothing else is near, because descriptions have errors of their own; those that stand only where typing
    /// errors are not tolerated, never.
    pub fn corrections(&self, word: &str, max: usize) -> Vec<Correction> {
        let Some(word) = self.single_word(word).filter(|word| !has_digit(word)) else {
            return Vec::new();
        };
        let n_chars = word.chars().count();
        let allowed: u8 = match n_chars {
            ONE_EDIT_CHARS_MIN..TWO_EDITS_CHARS_MIN => 1,
            TWO_EDITS_CHARS_MIN..=CORRECTED_CHARS_MAX => 2,
            _ => return Vec::new(),
        };
        if max == 0 {
            return Vec::new();
        }
        let mut found = self.near(&word, allowed, 0);
        if found.is_empty() && n_chars >= FIRST_WRONG_CHARS_MIN {
            found = self.near_of(&word, [""], 1, COMMON_DOCUMENTS_MIN);
        }
        if found.iter().any(|(_, is_curated)| *is_curated) {
            found.retain(|(_, is_curated)| *is_curated);
        }
        let mut found: Vec<Correction> = found.into_iter().map(|(correction, _)| correction).collect();
        found.sort_unstable_by(|a, b| b.odds().total_cmp(&a.odds()).then_with(|| a.word.cmp(&b.word)));
        found.truncate(max);
        found
    }

    /// Whether a word one edit away that is no form of this folded one stands in at least so many live documents and begins
    /// with its first or second letter. Much cheaper than [`TextView::corrections`].
    pub fn has_better_known(&self, word: &str, documents: u32) -> bool {
        self.near(word, 1, documents).iter().any(|(near, _)| !self.is_form_of(&near.word, word))
    }

    /// Live words at most `allowed` edits away in at least `documents_min` documents that begin with the first letter or
    /// the second one, each with whether it stands elsewhere than in descriptions.
    fn near(&self, word: &str, allowed: u8, documents_min: u32) -> Vec<(Correction, bool)> {
        let mut firsts: Vec<String> = word.chars().take(2).map(String::from).collect();
        firsts.dedup();
        self.near_of(word, firsts.iter().map(String::as_str), allowed, documents_min)
    }

    /// The same of the words that begin with one of `starts`.
    fn near_of<'s>(
        &self,
        word: &str,
        starts: impl IntoIterator<Item = &'s str>,
        allowed: u8,
        documents_min: u32,
    ) -> Vec<(Correction, bool)> {
        let Statistics { words, common, .. } = self.statistics();
        let words = if documents_min >= COMMON_DOCUMENTS_MIN { common } else { words };
        let shape = Shape::of(word);
        let mut found = Vec::new();
        let mut ruler = Ruler::new(word);
        for start in starts {
            for (near, count) in begins_with(words, start) {
                let is_target = count.tolerant > 0 && count.documents >= documents_min;
                if !is_target || !shape.may_be_near(count.shape, allowed) || has_digit(near) || &**near == word {
                    continue;
                }
                let distance = ruler.distance(near);
                if distance <= allowed {
                    let is_curated = count.curated > 0;
                    let documents = if is_curated { count.curated } else { count.documents };
                    found.push((Correction { word: near.to_string(), distance, documents }, is_curated));
                }
            }
        }
        found
    }

    /// Whether two folded words are forms of one: `jackets` and `jacket`.
    pub fn is_form_of(&self, word: &str, other: &str) -> bool {
        let mut stemmer = Stemmer::new(self.language());
        stemmer.stem(word) == stemmer.stem(other)
    }

    /// Live documents that have the folded word, as written, elsewhere than in the description.
    pub fn curated(&self, word: &str) -> u32 {
        self.statistics().words.get(word).map_or(0, |count| count.curated)
    }

    /// Whether a live document has all words of the text, in whatever form, or, when it is only `begun`, one that
    /// begins so.
    pub fn knows(&self, text: &str, begun: bool) -> bool {
        let mut stemmer = Stemmer::new(self.language());
        let compounds = compounds(self.language(), text);
        let mut words = compounds.iter().flat_map(|compound| &compound.parts);
        let joined = compounds.iter().flat_map(|compound| &compound.joined);
        let statistics = self.statistics();
        words.all(|word| statistics.stems.contains_key(&*stemmer.stem(word)))
            || joined.into_iter().any(|word| statistics.words.contains_key(&**word))
            || begun
                && compounds.len() == 1
                && compounds[0].parts.len() == 1
                && begins_with(&statistics.words, &compounds[0].parts[0]).next().is_some()
    }

    /// The folded word when the text is one.
    pub(super) fn single_word(&self, text: &str) -> Option<String> {
        let mut compounds = compounds(self.language(), text);
        match (compounds.len(), compounds.pop()) {
            (1, Some(compound)) if compound.parts.len() == 1 => compound.parts.into_iter().next(),
            _ => None,
        }
    }
}

/// Those of `words` that begin with `prefix`, in letter order. They end before the first text behind all of them, so
/// that the words themselves are not read.
pub(super) fn begins_with<'s>(
    words: &'s OrdMap<Arc<str>, WordCount>,
    prefix: &str,
) -> impl Iterator<Item = (&'s Arc<str>, &'s WordCount)> {
    let behind = behind(prefix);
    let until = behind.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    words.range::<_, str>((Bound::Included(prefix), until))
}

/// The first text behind all that begin with `prefix`; `None` when they are the last ones.
fn behind(prefix: &str) -> Option<String> {
    let mut head = prefix.to_owned();
    while let Some(last) = head.pop() {
        // Of characters that follow each other, `..` knows which they are.
        if let Some(next) = (last..=char::MAX).nth(1) {
            head.push(next);
            return Some(head);
        }
    }
    None
}

/// At most `max` live words that begin with `prefix`: in the most documents first, then in letter order.
pub(super) fn most_frequent<'s>(
    statistics: &'s Statistics,
    prefix: &str,
    max: usize,
) -> Vec<(&'s Arc<str>, &'s WordCount)> {
    best_of(begins_with(&statistics.words, prefix).collect(), max, |count| count.documents)
}

/// At most `max` of the words, those with the greatest counts first, then in letter order. Only they are sorted.
fn best_of<'s>(
    mut words: Vec<(&'s Arc<str>, &'s WordCount)>,
    max: usize,
    count: impl Fn(&WordCount) -> u32,
) -> Vec<(&'s Arc<str>, &'s WordCount)> {
    type Word<'s> = (&'s Arc<str>, &'s WordCount);
    let order = |a: &Word<'_>, b: &Word<'_>| count(b.1).cmp(&count(a.1)).then_with(|| a.0.cmp(b.0));
    if words.len() > max {
        words.select_nth_unstable_by(max, order);
        words.truncate(max);
    }
    words.sort_unstable_by(order);
    words
}

/// Measures how far words are from one: letters inserted, deleted, replaced, or swapped with their neighbor, each part
/// of a word being changed once ("optimal string alignment"). Keeps its rows from word to word.
struct Ruler {
    word: Vec<char>,
    rows: [Vec<u8>; 3],
}

impl Ruler {
    fn new(word: &str) -> Self {
        let word: Vec<char> = word.chars().collect();
        let row = vec![0; word.len() + 1];
        Self { word, rows: [row.clone(), row.clone(), row] }
    }

    fn distance(&mut self, other: &str) -> u8 {
        let n = self.word.len();
        let [before_last, last, row] = &mut self.rows;
        (0..).zip(last.iter_mut()).for_each(|(at, cell)| *cell = at);
        let mut previous = None;
        for (i, x) in (1u8..).zip(other.chars()) {
            row[0] = i;
            for j in 0..n {
                let y = self.word[j];
                let mut best = (last[j] + u8::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
                if j > 0 && previous == Some(y) && x == self.word[j - 1] {
                    best = best.min(before_last[j - 1] + 1);
                }
                row[j + 1] = best;
            }
            std::mem::swap(before_last, last);
            std::mem::swap(last, row);
            previous = Some(x);
        }
        last[n]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_so_ends_before() {
        let check =
            |prefix: &str, expected: Option<&str>| assert_eq!(behind(prefix).as_deref(), expected, "{prefix:?}");
        check("ab", Some("ac"));
        check("a\u{d7ff}", Some("a\u{e000}"));
        check("a\u{10ffff}", Some("b"));
        check("\u{10ffff}", None);
        check("", None);
    }

    #[test]
    fn counts_edits() {
        let check = |a, b, expected| assert_eq!(Ruler::new(a).distance(b), expected, "{a} to {b}");
        check("hoodie", "hoodie", 0);
        check("hodie", "hoodie", 1);
        check("hoodei", "hoodie", 1);
        check("ab", "ba", 1);
        check("jacket", "packets", 2);
        check("", "abc", 3);
        check("écru", "ecru", 1);
    }
}
