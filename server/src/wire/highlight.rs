//! How are matched words shown?
//!
//! As HTML that can be put into a page as it is: everything but the tags is escaped, and each word that was searched
//! for stands in `<em>`. The words themselves are listed, too, for clients that mark in their own way.

use planogram_core::pipeline::request::Highlight;
use serde::Serialize;
use utoipa::ToSchema;

/// A text of an item, or a part of a long one, with words in it that were searched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HighlightJson {
    /// `name`, `sku`, `brand`, `categories`, `description`, or an attribute code.
    pub attribute: String,
    /// The text as HTML: escaped, each matched word in `<em>`.
    pub value: String,
    /// The matched words as they are written, each once, in order.
    pub matched_words: Vec<String>,
}

impl From<&Highlight> for HighlightJson {
    fn from(highlight: &Highlight) -> Self {
        let text = &highlight.text;
        let mut value = String::with_capacity(text.len() + 16 * highlight.spans.len());
        let mut words = Vec::new();
        let mut at = 0;
        for span in &highlight.spans {
            escape(&text[at..span.start], &mut value);
            value.push_str("<em>");
            escape(&text[span.clone()], &mut value);
            value.push_str("</em>");
            at = span.end;
            add_word(&mut words, &text[span.clone()]);
        }
        escape(&text[at..], &mut value);
        Self { attribute: highlight.attribute.clone(), value, matched_words: words }
    }
}

/// The words of several texts, each once, in order.
pub fn words_of(highlights: &[HighlightJson]) -> Vec<String> {
    let mut words = Vec::new();
    highlights.iter().flat_map(|one| &one.matched_words).for_each(|word| add_word(&mut words, word));
    words
}

fn add_word(words: &mut Vec<String>, word: &str) {
    if !words.iter().any(|known| known == word) {
        words.push(word.to_owned());
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_tagged_and_everything_is_escaped() {
        let text = "A <b>tent</b> & a \"Tent\" that's a tent";
        let spans = text.match_indices("ent").map(|(at, _)| at - 1..at + 3).collect();
        let shown = HighlightJson::from(&Highlight { attribute: "name".into(), text: text.into(), spans });
        let expected =
            "A &lt;b&gt;<em>tent</em>&lt;/b&gt; &amp; a &quot;<em>Tent</em>&quot; that&#39;s a <em>tent</em>";
        assert_eq!(shown.value, expected);
        assert_eq!(shown.matched_words, ["tent", "Tent"]);
        assert_eq!(words_of(&[shown.clone(), shown]), ["tent", "Tent"]);
    }
}
