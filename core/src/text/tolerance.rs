//! Where may a word be misspelled?
//!
//! Everywhere, unless the shop says otherwise of a field or an attribute: part numbers, materials and the like are
//! better not found by what merely looks like them. Words of such fields are not what a misspelled word may have
//! meant, and a word that was guessed is not looked for in them. Which words of a query are guesses is the caller's
//! business, and so are words that are never corrected wherever they stand.

use planogram_abi::Query;

use super::document::TextField;

/// The fields in which typing errors are tolerated: all but the one for words that have to be typed as they are
/// written, by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    fields: [bool; TextField::COUNT],
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { fields: TextField::ALL.map(|field| field != TextField::Verbatim) }
    }
}

impl Tolerance {
    /// Without one more field.
    #[must_use]
    pub fn without(mut self, field: TextField) -> Self {
        self.fields[field as usize] = false;
        self
    }

    /// Whether a field is matched tolerantly.
    pub fn of(&self, field: TextField) -> bool {
        self.fields[field as usize]
    }
}

/// A word of a query that nobody typed: what may have been meant by a misspelled one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// Its group of the query.
    pub group: usize,
    /// The alternative's text.
    pub text: String,
}

/// A query and what of it was guessed.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'q> {
    /// The whole query, guesses among its alternatives.
    pub query: &'q Query,
    /// Alternatives that are looked for only where typing errors are tolerated.
    pub guesses: &'q [Guess],
}

impl Asked<'_> {
    /// Whether an alternative of a group was guessed.
    pub(super) fn is_guess(&self, group: usize, text: &str) -> bool {
        self.guesses.iter().any(|guess| guess.group == group && guess.text == text)
    }
}

impl<'q> From<&'q Query> for Asked<'q> {
    fn from(query: &'q Query) -> Self {
        Self { query, guesses: &[] }
    }
}
