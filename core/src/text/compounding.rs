//! Is it one word or two?
//!
//! What one shopper writes together another writes apart, and German and its kin make nouns of nouns. A word is split,
//! two are joined, or longer words with this one at their end are found, only where the live vocabulary has the
//! outcome: there is no dictionary here. How much such a reading counts is the caller's policy.

use std::ops::Bound;

use super::analyzer::{Stemmer, has_digit};
use super::statistics::backwards;
use super::view::TextView;

/// Shortest half of a word that is split, in letters.
const PART_CHARS_MIN: usize = 3;
/// Shortest word that is looked for at the end of compound nouns, in letters.
const COMPOUND_END_CHARS_MIN: usize = 4;
/// Shortest word that two words are joined to, in bytes.
const JOINED_BYTES_MIN: usize = 5;
/// What may link the halves of a compound noun.
const LINKS: [&str; 6] = ["s", "es", "n", "en", "e", "er"];

impl TextView {
    /// Two words that `word` may be written together of, both longer than two letters, live, and in more documents
    /// than `word` itself; the split whose rarer half is in the most documents. With the link between them cut where
    /// the language has such (`Arbeit-s-hose`).
    pub fn split(&self, word: &str) -> Option<(String, String)> {
        let word = self.single_word(word).filter(|word| !has_digit(word) && word.is_ascii())?;
        let statistics = self.statistics();
        let documents = |word: &str| statistics.words.get(word).map_or(0, |count| count.curated);
        let own = documents(&word);
        let mut best: Option<(u32, usize, usize)> = None;
        for at in PART_CHARS_MIN..(word.len() + 1).saturating_sub(PART_CHARS_MIN) {
            let mut consider = |end: usize| {
                let support = documents(&word[..end]).min(documents(&word[at..]));
                if support > own && best.is_none_or(|(most, ..)| support > most) {
                    best = Some((support, end, at));
                }
            };
            consider(at);
            if self.language().has_compounds() {
                for link in LINKS.iter().filter(|link| word[..at].ends_with(**link)) {
                    let end = at - link.len();
                    if end >= PART_CHARS_MIN {
                        consider(end);
                    }
                }
            }
        }
        best.map(|(_, end, at)| (word[..end].to_owned(), word[at..].to_owned()))
    }

    /// At most `max` stems of compound nouns that end with this one, the most frequent first: `winterjack` for
    /// `jacke`. None in languages that write them apart.
    pub fn compounds_of(&self, word: &str, max: usize) -> Vec<String> {
        let reversed = &self.statistics().reversed;
        if reversed.is_empty() {
            return Vec::new();
        }
        let Some(word) = self.single_word(word).filter(|word| !has_digit(word)) else {
            return Vec::new();
        };
        if word.chars().count() < COMPOUND_END_CHARS_MIN {
            return Vec::new();
        }
        let end = backwards(&Stemmer::new(self.language()).stem(&word));
        let from = (Bound::Excluded(&*end), Bound::<&str>::Unbounded);
        let mut found: Vec<(u32, String)> = reversed
            .range::<_, str>(from)
            .take_while(|(stem, _)| stem.starts_with(&end))
            .filter(|(stem, _)| stem.len() >= end.len() + PART_CHARS_MIN)
            .map(|(stem, documents)| (*documents, backwards(stem)))
            .collect();
        found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        found.truncate(max);
        found.into_iter().map(|(_, stem)| stem).collect()
    }

    /// Two words of a query written as one, when the shop has such a word.
    pub fn joined(&self, left: &str, right: &str) -> Option<String> {
        let fits = |word: &str| word.len() > 1 && word.chars().all(char::is_alphabetic);
        let joined = (fits(left) && fits(right)).then(|| format!("{left}{right}"))?;
        let stem = Stemmer::new(self.language()).stem(&joined).into_owned();
        (joined.len() >= JOINED_BYTES_MIN && self.statistics().stems.contains_key(&*stem)).then_some(joined)
    }
}
