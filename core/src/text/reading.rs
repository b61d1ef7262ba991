//! What did the shopper type?
//!
//! The plain reading of a query, before any rewriter: one group a compound, the last one possibly unfinished. Where
//! a number is involved, neighbors may also stand together (`2 tb` for `2tb`, `24 mb01` for a sku). Synonyms,
//! corrections and intent are other rooms' business.

use planogram_abi::{Alternative, Query, TermGroup};

use super::analyzer::{Compound, Language, compounds, has_digit};

/// Weight of two words of the query read as one.
const JOINED_WEIGHT: f32 = 0.9;

/// Whether the shopper has finished the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastWord {
    /// It is what it is.
    Whole,
    /// More letters may come, so it matches as a prefix too (unless white space or punctuation ends the text).
    Begun,
}

/// Reads a query in a language; without a single word it has no groups.
pub fn read_query(language: Language, text: &str, last: LastWord) -> Query {
    let compounds = compounds(language, text);
    let begun = last == LastWord::Begun && text.ends_with(|c: char| c.is_alphanumeric());
    let mut groups: Vec<TermGroup> = compounds
        .iter()
        .enumerate()
        .map(|(at, compound)| {
            let text = compound.parts.join("-");
            let prefix = begun && at + 1 == compounds.len();
            TermGroup { alternatives: vec![Alternative { text, weight: 1.0, prefix }] }
        })
        .collect();
    for (at, pair) in compounds.windows(2).enumerate() {
        if let Some(text) = one_word(&pair[0], &pair[1]) {
            let prefix = begun && at + 2 == compounds.len();
            // In both groups, so that one word of the document satisfies the two of the query.
            for group in &mut groups[at..at + 2] {
                group.alternatives.push(Alternative { text: text.clone(), weight: JOINED_WEIGHT, prefix });
            }
        }
    }
    Query { groups, redirect: None }
}

/// Two plain words, one of them with a digit, as one.
fn one_word(left: &Compound, right: &Compound) -> Option<String> {
    match (&left.parts[..], &right.parts[..]) {
        ([left], [right]) if has_digit(left) || has_digit(right) => Some(format!("{left}{right}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, last: LastWord, expected: &str) {
        let shown = |a: &Alternative| format!("{}{}", a.text, if a.prefix { "*" } else { "" });
        let groups = read_query(Language::of_locale("en"), text, last).groups;
        let read: Vec<String> =
            groups.iter().map(|g| g.alternatives.iter().map(shown).collect::<Vec<_>>().join("|")).collect();
        assert_eq!(read.join(" "), expected, "{text:?}");
    }

    #[test]
    fn reads_words_compounds_and_numbers() {
        check("Red HOODIE", LastWord::Whole, "red hoodie");
        check("red hood", LastWord::Begun, "red hood*");
        check("red hood ", LastWord::Begun, "red hood");
        check("Wi-Fi router", LastWord::Whole, "wi-fi router");
        check("2 TB disk", LastWord::Begun, "2|2tb tb|2tb disk*");
        check("24 mb", LastWord::Begun, "24|24mb* mb*|24mb*");
        check(" ?! ", LastWord::Begun, "");
    }
}
