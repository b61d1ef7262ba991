//! Which words are never corrected?
//!
//! Documents of kind `spelling`: names and skus that look like misspelled words and are not. When the shop has no
//! product for one of them, the answer says so instead of showing what has a similar name. Which attributes are not
//! matched tolerantly is said by the attributes' own documents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use planogram_abi::Problem;

use crate::catalog::read::Fields;
use crate::limits::{EXACT_WORDS_MAX, QUERY_CHARS_MAX};
use crate::text;

/// Kind of the documents.
pub const SPELLING_KIND: &str = "spelling";

/// JSON Schema of such a document.
pub const SPELLING_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Spelling",
  "description": "Which words of a search are meant as they are typed.",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "exact": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^\\S+$"}, "maxItems": 10000, "default": [], "description": "Words and skus that are never corrected, whatever their case, accents, hyphens and dots."}
  }
}"#;

/// Reads such a document: its words, folded, without what joins their parts.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_spelling(_id: &str, json: &str) -> Result<Vec<String>, Vec<Problem>> {
    let mut fields = Fields::parse(json)?;
    let exact = fields.texts("exact", EXACT_WORDS_MAX, QUERY_CHARS_MAX).unwrap_or_default();
    if let Some(several) = exact.iter().find(|word| word.split_whitespace().nth(1).is_some()) {
        fields.refuse("exact", format!("`exact` holds `{several}`"), "single words");
    }
    fields.finish(exact.iter().map(|word| plain(word)).collect())
}

/// Every word that is never corrected.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExactWords {
    words: Arc<BTreeSet<String>>,
}

impl ExactWords {
    /// The words of all documents.
    pub fn new(documents: BTreeMap<String, Vec<String>>) -> Self {
        Self { words: Arc::new(documents.into_values().flatten().collect()) }
    }

    /// Whether these are certainly the same words, without comparing them.
    pub fn is_same(&self, other: &Self) -> bool {
        self.words.is_empty() && other.words.is_empty() || Arc::ptr_eq(&self.words, &other.words)
    }

    /// Whether a word of a query is meant as it is typed.
    pub fn contains(&self, word: &str) -> bool {
        !self.words.is_empty() && self.words.contains(&plain(word))
    }
}

/// Folded letters and digits.
fn plain(word: &str) -> String {
    text::analyze("", word).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_however_they_are_written() {
        let words = parse_spelling("", r#"{"exact":["Kodak","AB-CD.E","Éclat"]}"#).unwrap();
        let exact = ExactWords::new([("a".to_owned(), words)].into());
        for word in ["kodak", "KODAK", "ab-cd-e", "abcde", "eclat"] {
            assert!(exact.contains(word), "{word}");
        }
        assert!(!exact.contains("kodaks") && !ExactWords::default().contains("kodak"));
    }

    #[test]
    fn mistakes_are_named() {
        let refused = |json: &str| parse_spelling("", json).unwrap_err()[0].pointer.clone();
        assert_eq!(refused(r#"{"exact":["two words"]}"#), "/exact");
        assert_eq!(refused(r#"{"exact":"kodak"}"#), "/exact");
        assert_eq!(refused(r#"{"never":[]}"#), "/never");
    }
}
