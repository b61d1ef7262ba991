//! Which words are in a text?
//!
//! A text is folded (compatibility forms, case, accents), cut into **compounds** at white space and punctuation, and
//! each compound into **parts** at the joints `- _ . / & +`, so that `SM-G900` is found as `smg900`, `sm g900` and
//! `sm-g900`. The stem is taken of the *folded* word: shoppers leave accents out, and the stem must be a function of
//! what stands in the dictionary. Where a script puts nothing between words, [`super::segmenter`] finds them.
//! What numbers mean with their units is in [`super::units`]; compound nouns are a question of reading a query.

use std::borrow::Cow;

use smallvec::SmallVec;
use tantivy::tokenizer::{Language as Snowball, RawTokenizer, Stemmer as SnowballFilter, TextAnalyzer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::segmenter::{is_unspaced, segment};
use super::spelling::respelled;
use super::units::{add_measures, level};
use crate::limits::{COMPOUND_PARTS_MAX, WORD_BYTES_MAX};

/// Version of the rules below; an index written by another version is fed again.
pub(super) const ANALYZER_VERSION: u32 = 6;

/// The language words are stemmed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Language {
    code: &'static str,
    snowball: Option<Snowball>,
    elides: bool,
}

/// Code, stemmer, and whether an apostrophe ends a word (`l'eau` is two words, `men's` is one).
const LANGUAGES: [(&str, Snowball, bool); 20] = [
    ("ar", Snowball::Arabic, false),
    ("da", Snowball::Danish, false),
    ("de", Snowball::German, false),
    ("el", Snowball::Greek, false),
    ("en", Snowball::English, false),
    ("es", Snowball::Spanish, false),
    ("fi", Snowball::Finnish, false),
    ("fr", Snowball::French, true),
    ("hu", Snowball::Hungarian, false),
    ("it", Snowball::Italian, true),
    ("nb", Snowball::Norwegian, false),
    ("nl", Snowball::Dutch, false),
    ("nn", Snowball::Norwegian, false),
    ("no", Snowball::Norwegian, false),
    ("pt", Snowball::Portuguese, false),
    ("ro", Snowball::Romanian, false),
    ("ru", Snowball::Russian, false),
    ("sv", Snowball::Swedish, false),
    ("ta", Snowball::Tamil, false),
    ("tr", Snowball::Turkish, false),
];

impl Default for Language {
    fn default() -> Self {
        Self::UNSTEMMED
    }
}

impl Language {
    /// No stemming: words match in the form they are written.
    pub const UNSTEMMED: Language = Language { code: "und", snowball: None, elides: false };

    /// The language of a BCP 47 tag such as `en-US` (or `en_US`); unknown languages are [`Language::UNSTEMMED`].
    pub fn of_locale(locale: &str) -> Self {
        let primary = locale.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        LANGUAGES
            .iter()
            .find(|(code, ..)| *code == primary)
            .map(|&(code, snowball, elides)| Self { code, snowball: Some(snowball), elides })
            .unwrap_or(Self::UNSTEMMED)
    }

    /// Whether nouns that belong together are written as one word: `Winterjacke`.
    pub(super) fn has_compounds(self) -> bool {
        matches!(self.code, "da" | "de" | "fi" | "nb" | "nl" | "nn" | "no" | "sv")
    }

    /// ISO 639 code, `und` without a stemmer.
    pub fn code(self) -> &'static str {
        self.code
    }
}

/// The words of `text` as the store view's search sees them: folded, not stemmed, in order, one per part of a
/// compound (`Wi-Fi router` gives `wi fi router`). Words longer than 256 bytes are left out.
pub fn analyze(locale: &str, text: &str) -> Vec<String> {
    compounds(Language::of_locale(locale), text).into_iter().flat_map(|compound| compound.parts).collect()
}

/// The stems of the words of `text`, in order: what words are compared by, so that plurals meet.
pub fn stems(locale: &str, text: &str) -> Vec<String> {
    let mut stemmer = Stemmer::new(Language::of_locale(locale));
    analyze(locale, text).iter().map(|word| stemmer.stem(word).into_owned()).collect()
}

/// The stems of a text, each once, in letter order: what a query is known by, whatever the order of its words.
pub fn stem_set(locale: &str, text: &str) -> Vec<String> {
    let mut stems = stems(locale, text);
    stems.sort_unstable();
    stems.dedup();
    stems
}

/// A run of letters and digits with at most single joints inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Compound {
    /// The words between the joints; at least one.
    pub parts: SmallVec<[String; 2]>,
    /// The parts without joints, when there are several and writing them as one word makes sense.
    pub joined: Option<String>,
    /// What it means with its unit or among other sizes, as words: `15in`, `4x8`.
    pub measures: SmallVec<[String; 1]>,
    /// Whether a comma, a bracket, a lone dash or the like stands between it and the compound before.
    pub apart: bool,
}

/// Cuts a text into compounds.
pub(super) fn compounds(language: Language, text: &str) -> Vec<Compound> {
    let folded = fold(text);
    let folded = level(&folded);
    let mut cutter = Cutter { language, ..Cutter::default() };
    let mut rest = &*folded;
    while let Some(c) = rest.chars().next() {
        let plain = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if plain > 0 {
            cutter.part.push_str(&rest[..plain]);
            rest = &rest[plain..];
        } else if is_unspaced(c) {
            let end = rest.find(|c| !is_unspaced(c)).unwrap_or(rest.len());
            cutter.take_unspaced(&rest[..end]);
            rest = &rest[end..];
        } else {
            rest = &rest[c.len_utf8()..];
            cutter.take(c, rest.chars().next());
        }
    }
    cutter.end_compound();
    let mut compounds = cutter.out;
    add_measures(&mut compounds);
    compounds
}

/// A text as one word: every letter and digit, nothing else (`24-MB 01` gives `24mb01`). `None` when nothing is left
/// or the word would be too long.
pub(super) fn squeeze(text: &str) -> Option<String> {
    let word: String = fold(text).chars().filter(|&c| is_word(c)).collect();
    (!word.is_empty() && word.len() <= WORD_BYTES_MAX).then_some(word)
}

/// Where letters meet digits: `2tb` gives `2`, `tb`. One piece when they do not.
pub(super) fn split_at_digits(word: &str) -> SmallVec<[&str; 4]> {
    let mut pieces = SmallVec::new();
    let mut start = 0;
    let mut before: Option<bool> = None;
    for (at, c) in word.char_indices() {
        let digit = c.is_numeric() || c == '.';
        if before.is_some_and(|b| b != digit) {
            pieces.push(&word[start..at]);
            start = at;
        }
        before = Some(digit);
    }
    pieces.push(&word[start..]);
    pieces
}

/// Gives the stem of folded words; cheap to make, keep one per batch.
pub(super) struct Stemmer {
    analyzer: Option<TextAnalyzer>,
    /// Whether abbreviations take an s in the plural.
    s_plural: bool,
    /// Whether words are spelled in the ways of English.
    is_english: bool,
}

impl Stemmer {
    /// A stemmer for the language.
    pub fn new(language: Language) -> Self {
        let analyzer = language.snowball.map(|snowball| {
            TextAnalyzer::builder(RawTokenizer::default()).filter(SnowballFilter::new(snowball)).build()
        });
        Self { analyzer, s_plural: matches!(language.code, "de" | "en"), is_english: language.code == "en" }
    }

    /// The stem of a folded word; the word itself when it has a digit or the stemmer would leave nothing.
    pub fn stem<'w>(&mut self, word: &'w str) -> Cow<'w, str> {
        let Some(analyzer) = self.analyzer.as_mut().filter(|_| !has_digit(word)) else {
            return Cow::Borrowed(word);
        };
        if let Some(single) = abbreviation_of(word).filter(|_| self.s_plural) {
            return Cow::Borrowed(single);
        }
        let respelled = if self.is_english { respelled(word) } else { None };
        let mut stream = analyzer.token_stream(respelled.as_deref().unwrap_or(word));
        if !stream.advance() || stream.token().text.is_empty() || stream.token().text == word {
            return Cow::Borrowed(word);
        }
        Cow::Owned(stream.token().text.clone())
    }
}

/// What a plural like `tvs`, `dvds` or `pcs` is of: stemmers look for an ending behind a vowel, and abbreviations have
/// none.
fn abbreviation_of(word: &str) -> Option<&str> {
    let single = word.strip_suffix('s')?;
    let is_abbreviated = single.len() > 1
        && !single.ends_with('s')
        && single.bytes().all(|letter| letter.is_ascii_lowercase() && !b"aeiouy".contains(&letter));
    is_abbreviated.then_some(single)
}

/// A decimal digit of the Latin script, which is what folding leaves.
pub(super) fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Whether a word carries a digit: such words are never corrected or stemmed.
pub(super) fn has_digit(word: &str) -> bool {
    word.chars().any(char::is_numeric)
}

/// Compatibility forms, case and accents away: `Crème Brûlée ﬁne ２XL` gives `creme brulee fine 2xl`.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.bytes().take_while(u8::is_ascii).count();
        // The last plain letter may carry a mark that stands behind it; no plain letter joins what stands before it.
        let (head, tail) = rest.split_at(if plain == rest.len() { plain } else { plain.saturating_sub(1) });
        out.extend(head.chars().map(|c| c.to_ascii_lowercase()));
        let end = tail.char_indices().skip(1).find(|(_, c)| c.is_ascii()).map_or(tail.len(), |(at, _)| at);
        let (marked, after) = tail.split_at(end);
        fold_marked(marked, &mut out);
        rest = after;
    }
    out
}

/// Folds a text of any characters.
fn fold_marked(text: &str, out: &mut String) {
    let bare = text.chars().map(|c| match c {
        '™' | '®' | '©' | '℠' => ' ',
        SARA_AM => SARA_AM_KEPT,
        other => other,
    });
    for c in bare.nfkd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).nfc() {
        for lower in c.to_lowercase() {
            match plain_letters(lower) {
                Some(letters) => out.push_str(letters),
                None => out.push(if lower == SARA_AM_KEPT { SARA_AM } else { lower }),
            }
        }
    }
}

/// A Thai vowel that compatibility forms would take apart, and no dictionary has it so.
const SARA_AM: char = '\u{e33}';
/// What stands for it meanwhile, of the private use area.
const SARA_AM_KEPT: char = '\u{f0e33}';

/// Letters that Unicode does not take apart but shoppers do.
fn plain_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ħ' => "h",
        'ı' => "i",
        'þ' => "th",
        'ς' => "σ",
        // What lower-casing a dotted capital I leaves behind.
        '\u{307}' => "",
        _ => return None,
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || !c.is_ascii() && is_combining_mark(c)
}

/// What ends a phrase: brackets, commas, colons, and a dash that joins nothing. A full stop does not, because names
/// are full of abbreviations.
fn is_break(c: char) -> bool {
    matches!(c, ',' | ';' | ':' | '(' | ')' | '[' | ']' | '|' | '-' | '\u{2013}' | '\u{2014}' | '\u{2022}' | '\n')
}

/// The state of cutting: the compound being read and the part at its end.
#[derive(Default)]
struct Cutter {
    language: Language,
    out: Vec<Compound>,
    parts: SmallVec<[String; 2]>,
    part: String,
    slash: bool,
    /// Whether a break was met since the last compound.
    broken: bool,
}

impl Cutter {
    fn take(&mut self, c: char, next: Option<char>) {
        if is_word(c) {
            self.part.push(c);
            return;
        }
        let inside = !(self.part.is_empty() && self.parts.is_empty()) && next.is_some_and(is_word);
        let between_digits =
            self.part.ends_with(|c: char| c.is_ascii_digit()) && next.is_some_and(|n| n.is_ascii_digit());
        match c {
            '.' | ',' if between_digits => self.part.push('.'),
            '\'' | '\u{2019}' if inside && !self.language.elides => {}
            '-' | '\u{2010}' | '_' | '.' | '/' | '&' | '+' if inside => {
                self.slash |= c == '/';
                self.end_part();
            }
            _ => {
                self.end_compound();
                self.broken |= is_break(c);
            }
        }
    }

    /// Takes a run of a script without spaces: every word is a compound.
    fn take_unspaced(&mut self, run: &str) {
        self.end_compound();
        for word in segment(run) {
            self.part.push_str(word);
            self.end_compound();
        }
    }

    fn end_part(&mut self) {
        let part = std::mem::take(&mut self.part);
        if !part.is_empty() && part.len() <= WORD_BYTES_MAX {
            self.parts.push(part);
        }
    }

    fn end_compound(&mut self) {
        self.end_part();
        let parts = std::mem::take(&mut self.parts);
        let slash = std::mem::take(&mut self.slash);
        if parts.is_empty() {
            return;
        }
        let joined = join(&parts, slash);
        let apart = std::mem::take(&mut self.broken) && !self.out.is_empty();
        self.out.push(Compound { parts, joined, apart, measures: SmallVec::new() });
    }
}

/// `red/blue` is a choice, not a word, so a slash joins only where there are digits.
fn join(parts: &[String], slash: bool) -> Option<String> {
    let fits = (2..=COMPOUND_PARTS_MAX).contains(&parts.len());
    let plausible = !slash || parts.iter().any(|part| has_digit(part));
    if !fits || !plausible {
        return None;
    }
    let joined: String = parts.concat().chars().filter(|&c| is_word(c)).collect();
    (joined.len() <= WORD_BYTES_MAX).then_some(joined)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(analyze("en-US", text).join(" "), expected, "words of {text:?}");
    }

    #[test]
    fn folds_and_cuts() {
        check("Crème Brûlée ﬁne ２XL Straße", "creme brulee fine 2xl strasse");
        check("Levi's Men’s 501®Jeans", "levis mens 501 jeans");
        check("15.6\" display, 1,5 l", "15.6 in display 1.5 l");
        check("Wi-Fi / AC&DC -- -x-", "wi fi ac dc x");
        check("İstanbul ΣΊΣΥΦΟΣ", "istanbul σισυφοσ");
        check(" \t!?…“”„ ---", "");
        check("電話機 case", "電話機 case");
        check("iPhone用ケース15cm", "iphone 用 ケース 15cm");
        check("e\u{301}te\u{301} caf\u{e9}™X", "ete cafe x");
        check("น้ำหอม", "น้ำหอม");
        check("", "");
    }

    #[test]
    fn an_apostrophe_ends_a_french_word() {
        assert_eq!(analyze("fr-FR", "l'eau d’été"), ["l", "eau", "d", "ete"]);
    }

    #[test]
    fn joins_what_is_joined() {
        let joined =
            |text| compounds(Language::of_locale("en"), text).into_iter().map(|c| c.joined).collect::<Vec<_>>();
        assert_eq!(joined("SM-G900"), [Some("smg900".to_owned())]);
        assert_eq!(joined("MC123LL/A"), [Some("mc123lla".to_owned())]);
        assert_eq!(joined("red/blue"), [None]);
        assert_eq!(joined("plain words"), [None, None]);
        assert_eq!(joined("a-b-c-d-e-f-g-h-i-j"), [None]);
    }

    #[test]
    fn squeezes_and_splits() {
        assert_eq!(squeeze("24-MB 01").as_deref(), Some("24mb01"));
        assert_eq!(squeeze("--"), None);
        assert_eq!(squeeze(&"x".repeat(10_000)), None);
        assert_eq!(split_at_digits("iphone15pro")[..], ["iphone", "15", "pro"]);
        assert_eq!(split_at_digits("15.6in")[..], ["15.6", "in"]);
        assert_eq!(split_at_digits("plain")[..], ["plain"]);
    }

    #[test]
    fn stems_by_language() {
        let stem = |locale, word| Stemmer::new(Language::of_locale(locale)).stem(word).into_owned();
        assert_eq!(stem("en-GB", "hoodies"), stem("en", "hoodie"));
        assert_eq!(stem("sv-SE", "jackorna"), stem("sv", "jackor"));
        assert_eq!(stem("de", "hosen"), stem("de", "hose"));
        assert_eq!(stem("xx", "hoodies"), "hoodies");
        assert_eq!(stem("en", "g900s"), "g900s");
        assert_eq!((stem("en", "tvs"), stem("de", "dvds")), ("tv".to_owned(), "dvd".to_owned()));
        assert_eq!((stem("en", "xs"), stem("en", "ss"), stem("sv", "tvs")), ("xs".into(), "ss".into(), "tvs".into()));
        assert_eq!(stems("en-US", "Two Couches"), stems("en-US", "two couch"));
    }

    #[test]
    fn a_monstrous_word_is_left_out() {
        let text = format!("{} end", "é".repeat(1 << 19));
        check(&text, "end");
    }

    /// Folding all at once, which the quick way must equal.
    fn folded_whole(text: &str) -> String {
        let mut out = String::new();
        fold_marked(text, &mut out);
        out
    }

    proptest! {
        #[test]
        fn folding_by_stretches_is_folding(text in "[a-zA-Z \u{300}-\u{303}\u{325}é™ﬁÅσΣ電가가]{0,24}") {
            prop_assert_eq!(fold(&text), folded_whole(&text));
        }

        #[test]
        fn any_text_is_read(text in "\\PC{0,255}", language in 0..LANGUAGES.len()) {
            let language = Language::of_locale(LANGUAGES[language].0);
            let mut stemmer = Stemmer::new(language);
            for compound in compounds(language, &text) {
                prop_assert!(!compound.parts.is_empty());
                for word in compound.parts.iter().chain(&compound.joined) {
                    prop_assert!(!word.is_empty() && word.len() <= WORD_BYTES_MAX);
                    prop_assert!(!stemmer.stem(word).is_empty());
                    prop_assert!(split_at_digits(word).concat() == *word);
                }
            }
        }
    }
}
