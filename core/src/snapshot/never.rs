//! Which words does the shop never suggest?
//!
//! Documents of kind `suggestions`: words and phrases that a merchant does not want to see under the search box,
//! whoever typed them. A suggestion that holds one of them, as whole words, is left out; searching for them works as
//! before.

use std::collections::BTreeMap;

use planogram_abi::Problem;

use crate::catalog::read::Fields;
use crate::limits::{QUERY_CHARS_MAX, SUGGESTIONS_NEVER_MAX};

/// Kind of the documents.
pub const SUGGESTIONS_KIND: &str = "suggestions";

/// JSON Schema of such a document.
pub const SUGGESTIONS_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Suggestions",
  "description": "What is never suggested in the search box.",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "never": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 255}, "maxItems": 10000, "default": [], "description": "Words and phrases; a suggestion that holds one of them as whole words is left out."}
  }
}"#;

/// Reads such a document: its phrases, in small letters, single spaces.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_suggestions(_id: &str, json: &str) -> Result<Vec<String>, Vec<Problem>> {
    let mut fields = Fields::parse(json)?;
    let never = fields.texts("never", SUGGESTIONS_NEVER_MAX, QUERY_CHARS_MAX).unwrap_or_default();
    fields.finish(never.iter().map(|phrase| plain(phrase)).filter(|phrase| !phrase.is_empty()).collect())
}

/// Every phrase that is never suggested.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NeverSuggested {
    phrases: Vec<String>,
    /// Words of the longest phrase.
    words_max: usize,
}

impl NeverSuggested {
    /// The phrases of all documents.
    pub fn new(documents: BTreeMap<String, Vec<String>>) -> Self {
        let mut phrases: Vec<String> = documents.into_values().flatten().collect();
        phrases.sort_unstable();
        phrases.dedup();
        let words_max = phrases.iter().map(|phrase| phrase.split(' ').count()).max().unwrap_or(0);
        Self { phrases, words_max }
    }

    /// Whether a text holds one of the phrases.
    pub fn forbids(&self, text: &str) -> bool {
        if self.phrases.is_empty() {
            return false;
        }
        let text = plain(text);
        let starts = std::iter::once(0).chain(text.match_indices(' ').map(|(at, _)| at + 1));
        starts.map(|from| &text[from..]).any(|rest| {
            let ends = rest.match_indices(' ').map(|(at, _)| at).chain([rest.len()]);
            ends.take(self.words_max)
                .any(|to| self.phrases.binary_search_by(|known| known.as_str().cmp(&rest[..to])).is_ok())
        })
    }
}

/// Letters and digits in small letters, everything else a single space.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_never_suggested() {
        let phrases = parse_suggestions("", r#"{"never":["Rude", "two  words"," - "]}"#).unwrap();
        let never = NeverSuggested::new([("a".to_owned(), phrases)].into());
        assert!(never.forbids("a RUDE lamp") && never.forbids("two-words") && never.forbids("rude"));
        assert!(!never.forbids("rudeness") && !never.forbids("two other words") && !never.forbids(""));
        assert!(never.forbids("rude two words") && never.forbids("some two words more") && !never.forbids("two"));
        assert!(!NeverSuggested::default().forbids("rude"));
    }

    #[test]
    fn mistakes_are_named() {
        let problems = parse_suggestions("", r#"{"never":"rude","more":1}"#).unwrap_err();
        let pointers: Vec<String> = problems.into_iter().map(|problem| problem.pointer).collect();
        assert_eq!(pointers, ["/never", "/more"]);
    }
}
