//! What did the shopper type?
//!
//! The plain reading of a query, before any rewriter: one group a compound, the last one possibly unfinished; sizes
//! with their units are one group, and so is what stands in quotes. Where a number is involved, neighbors may also
//! stand together (`2 tb` for `2tb`, `24 mb01` for a sku). Synonyms, corrections and intent are other rooms' business.

use planogram_abi::{Alternative, Query, TermGroup};

use super::analyzer::{Compound, Language, compounds, has_digit};
use super::units::{Chain, Size, chains};

/// Weight of two words of the query read as one.
const JOINED_WEIGHT: f32 = 0.9;
/// Weight of a size in another unit.
const CONVERTED_WEIGHT: f32 = 0.9;
/// Weight of one size of several: two feet wide says little of what is two by four.
const PART_OF_CHAIN_WEIGHT: f32 = 0.4;
/// Weight of a number whose unit is not said.
const BARE_NUMBER_WEIGHT: f32 = 0.5;
const INCHES_PER_FOOT: f64 = 12.0;

/// Whether the shopper has finished the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastWord {
    /// It is what it is.
    Whole,
    /// More letters may come, so it matches as a prefix too (unless white space or punctuation ends the text).
    Begun,
}

/// Reads a query in a language; without a single word it has no groups. What stands in quotes is one group, a phrase.
pub fn read_query(language: Language, text: &str, last: LastWord) -> Query {
    let mut groups = Vec::new();
    let stretches = stretches(text);
    for (at, stretch) in stretches.iter().enumerate() {
        match stretch {
            Stretch::Quoted(text) => groups
                .extend(phrase(language, text).map(|text| TermGroup { alternatives: vec![own(text, 1.0, false)] })),
            Stretch::Plain(text) if at + 1 == stretches.len() => groups.extend(plain(language, text, last)),
            Stretch::Plain(text) => groups.extend(plain(language, text, LastWord::Whole)),
        }
    }
    Query { groups, redirect: None }
}

/// The words and phrases of a query that stand in quotes, as the groups of [`read_query`] have them: they mean what
/// they say.
pub fn quoted_words(language: Language, text: &str) -> Vec<String> {
    let quoted = |stretch| match stretch {
        Stretch::Quoted(text) => phrase(language, text),
        Stretch::Plain(_) => None,
    };
    stretches(text).into_iter().filter_map(quoted).collect()
}

/// A part of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stretch<'t> {
    Plain(&'t str),
    Quoted(&'t str),
}

/// A quote opens before a word and closes behind one; any other is an inch.
fn stretches(text: &str) -> Vec<Stretch<'_>> {
    let is_quote = |c: char| matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}');
    let mut found = Vec::new();
    let mut rest = text;
    let opens = |text: &str| {
        text.char_indices().find(|&(at, c)| is_quote(c) && !text[..at].ends_with(|c: char| !c.is_whitespace()))
    };
    while let Some((open, mark)) = opens(rest) {
        let inside = &rest[open + mark.len_utf8()..];
        let closes = |&(at, c): &(usize, char)| {
            let behind = &inside[at + c.len_utf8()..];
            is_quote(c) && at > 0 && !behind.starts_with(|c: char| !c.is_whitespace())
        };
        let Some((close, mark)) = inside.char_indices().find(closes) else { break };
        found.push(Stretch::Plain(&rest[..open]));
        found.push(Stretch::Quoted(&inside[..close]));
        rest = &inside[close + mark.len_utf8()..];
    }
    found.push(Stretch::Plain(rest));
    found.retain(|stretch| *stretch != Stretch::Plain(""));
    found
}

/// All words of a text side by side; `None` without any.
fn phrase(language: Language, text: &str) -> Option<String> {
    let words: Vec<String> = compounds(language, text).into_iter().flat_map(|compound| compound.parts).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The groups of a text without quotes.
fn plain(language: Language, text: &str, last: LastWord) -> Vec<TermGroup> {
    let compounds = compounds(language, text);
    let begun = last == LastWord::Begun && text.ends_with(|c: char| c.is_alphanumeric());
    let mut chains = chains(&compounds).into_iter().peekable();
    let mut groups: Vec<TermGroup> = Vec::new();
    let mut at = 0;
    while at < compounds.len() {
        if let Some(chain) = chains.next_if(|chain| chain.is_whole && chain.compounds.start == at) {
            groups.push(sizes(&chain, begun && chain.compounds.end == compounds.len()));
            at = chain.compounds.end;
            continue;
        }
        while chains.next_if(|chain| chain.compounds.start <= at).is_some() {}
        let prefix = begun && at + 1 == compounds.len();
        let mut group = TermGroup { alternatives: vec![own(compounds[at].parts.join("-"), 1.0, prefix)] };
        let mut pair = |left: usize, right: usize| {
            let text = one_word(compounds.get(left)?, compounds.get(right)?)?;
            // In both groups, so that one word of the document satisfies the two of the query.
            group.alternatives.push(own(text, JOINED_WEIGHT, begun && right + 1 == compounds.len()));
            Some(())
        };
        if at > 0 {
            pair(at - 1, at);
        }
        pair(at, at + 1);
        groups.push(group);
        at += 1;
    }
    groups
}

fn own(text: String, weight: f32, prefix: bool) -> Alternative {
    Alternative { text, weight, prefix }
}

/// Sizes are one group: the chain as a whole, in other units, or, lighter, what it is made of. What is begun may become
/// longer: `4 x 8` may become `4 x 80`.
fn sizes(chain: &Chain, begun: bool) -> TermGroup {
    let last = chain.sizes.len() - 1;
    let mut alternatives = Vec::new();
    if last > 0 {
        alternatives.push(own(chain.stretch(0, last), 1.0, false));
        alternatives.extend(convert(chain).map(|other| own(other.stretch(0, last), CONVERTED_WEIGHT, false)));
    }
    // 2 x 4 x 8 is a two by four.
    let stretches = (1..last).rev().flat_map(|n| (0..=last - n).map(move |from| (from, from + n)));
    alternatives.extend(stretches.map(|(from, to)| own(chain.stretch(from, to), PART_OF_CHAIN_WEIGHT, false)));
    let whole = if last > 0 { PART_OF_CHAIN_WEIGHT } else { 1.0 };
    alternatives.extend(chain.sizes.iter().filter_map(Size::word).map(|word| own(word, whole, false)));
    if let (0, [size]) = (last, &chain.sizes[..]) {
        alternatives
            .extend(convert(chain).and_then(|other| Some(own(other.sizes[0].word()?, CONVERTED_WEIGHT, false))));
        alternatives.push(own(size.number.clone(), BARE_NUMBER_WEIGHT, false));
    }
    alternatives[0].prefix = begun;
    TermGroup { alternatives }
}

/// Feet as inches, and inches as feet where they come out even.
fn convert(chain: &Chain) -> Option<Chain> {
    let convert = |size: &Size| -> Option<Size> {
        let number: f64 = size.number.parse().ok()?;
        let (number, unit) = match size.unit? {
            "ft" => (number * INCHES_PER_FOOT, "in"),
            "in" if number % INCHES_PER_FOOT == 0.0 => (number / INCHES_PER_FOOT, "ft"),
            _ => return None,
        };
        Some(Size { number: format!("{number}"), unit: Some(unit), at: size.at })
    };
    let sizes: Option<Vec<Size>> = chain.sizes.iter().map(convert).collect();
    Some(Chain { sizes: sizes?, ..chain.clone() })
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
        check("2 TB disk", LastWord::Begun, "2tb|2 disk*");
        check("4 ft x 8 ft plywood", LastWord::Whole, "4x8|48x96|4ft|8ft plywood");
        check("48 inch gate", LastWord::Whole, "48in|4ft|48 gate");
        check("\"red lamp\" shade", LastWord::Begun, "red lamp shade*");
        check("15\" tv 20\" \"wide", LastWord::Whole, "15in|15 tv|tv20 20in|20 wide");
        check("2x4", LastWord::Begun, "2x4*");
        check("plywood 4 x 8", LastWord::Begun, "plywood|plywood4 4x8*");
        check("2x4 ", LastWord::Begun, "2x4");
        check("2x4x8 ", LastWord::Begun, "2x4x8|2x4|4x8");
        check("24 mb", LastWord::Begun, "24mb*|24");
        check("24 mb01", LastWord::Begun, "24|24mb01* mb01*|24mb01*");
        check(" ?! ", LastWord::Begun, "");
    }
}
