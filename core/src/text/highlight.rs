//! Where do the words of a query stand in a text?
//!
//! The text is read by the analyzer that reads documents, so that whatever matches is marked: inflected forms, the
//! letters a begun word became, synonyms and corrections (all of them alternatives of the query), compounds written
//! apart or together. A phrase is marked only where its words stand side by side.
//! Spans are bytes of the text as it is written; how they are shown is the caller's business, and so is which texts
//! are looked through.

use std::ops::Range;

use planogram_abi::{Alternative, Query};
use rustc_hash::FxHashMap;

use super::analyzer::{Language, Stemmer, compounds, split_at_digits};
use super::segmenter::{is_unspaced, segment};
use crate::limits::{HIGHLIGHT_BYTES_MAX, HIGHLIGHT_CHARS_MAX};

/// Characters shown before the first marked word of a part that is cut out of a long text.
const CONTEXT_CHARS: usize = 60;

/// A query, ready to be found in texts. Keep one per request: it remembers the words it has read, of which a page of
/// products repeats most.
pub struct Highlighter {
    language: Language,
    stemmer: Stemmer,
    sequences: Vec<Sequence>,
    /// Words read so far.
    words: Vec<Word>,
    /// Pieces of texts that are one word, and which.
    known: FxHashMap<Box<str>, usize>,
}

/// Words that have to stand side by side; often one.
struct Sequence {
    words: Vec<Word>,
    /// Is the last word only begun?
    prefix: bool,
}

/// A word as it is looked up.
struct Word {
    folded: String,
    stem: String,
}

/// Where a word stands in a text, and which of the words read so far it is.
struct Token {
    span: Range<usize>,
    word: usize,
}

/// Several parts of a text that are also read as one word.
struct Joined {
    span: Range<usize>,
    word: String,
}

impl Highlighter {
    /// A finder for every alternative of a query.
    pub fn new(language: Language, query: &Query) -> Self {
        let stemmer = Stemmer::new(language);
        let (words, known) = (Vec::new(), FxHashMap::default());
        let mut finder = Self { language, stemmer, sequences: Vec::new(), words, known };
        query.groups.iter().flat_map(|group| &group.alternatives).for_each(|one| finder.add(one));
        finder
    }

    /// The same readings of an alternative that are looked up in the index.
    fn add(&mut self, alternative: &Alternative) {
        let read = compounds(self.language, &alternative.text);
        let words: Vec<String> = read.iter().flat_map(|compound| compound.parts.iter().cloned()).collect();
        if let ([_], true) = (&read[..], words.len() > 1) {
            self.add_words(&[words.concat().replace('.', "")], alternative.prefix);
        }
        if let [word] = &words[..] {
            let pieces: Vec<String> = split_at_digits(word).iter().map(|piece| (*piece).to_owned()).collect();
            if pieces.len() > 1 {
                self.add_words(&pieces, alternative.prefix);
            }
        }
        self.add_words(&words, alternative.prefix);
    }

    fn add_words(&mut self, words: &[String], prefix: bool) {
        if words.is_empty() {
            return;
        }
        let stemmer = &mut self.stemmer;
        let wanted = words.iter().map(|word| Word { folded: word.clone(), stem: stemmer.stem(word).into_owned() });
        self.sequences.push(Sequence { words: wanted.collect(), prefix });
    }

    /// Where the query's words stand: byte ranges, ascending and apart from each other. Of a long text only the first
    /// 16 KiB are read.
    pub fn find(&mut self, text: &str) -> Vec<Range<usize>> {
        if self.sequences.is_empty() {
            return Vec::new();
        }
        let (tokens, joined) = self.read(&text[..floor_boundary(text, HIGHLIGHT_BYTES_MAX)]);
        let mut spans: Vec<Range<usize>> = Vec::new();
        for sequence in &self.sequences {
            for run in tokens.windows(sequence.words.len()) {
                if sequence.matches(run, &self.words) {
                    spans.extend(run.iter().map(|token| token.span.clone()));
                }
            }
            let whole = joined.iter().filter(|one| sequence.is_word(&one.word));
            spans.extend(whole.map(|one| one.span.clone()));
        }
        merged(spans)
    }

    /// The words of a text with the bytes they stand at. White space always ends a word, so each piece between is read
    /// by itself, and a piece that is several words is cut at everything but letters and digits.
    fn read(&mut self, text: &str) -> (Vec<Token>, Vec<Joined>) {
        let (mut tokens, mut joined) = (Vec::new(), Vec::new());
        for piece in pieces(text, 0, char::is_whitespace) {
            let piece = trimmed(text, piece);
            if let Some(&word) = self.known.get(&text[piece.clone()]) {
                tokens.push(Token { span: piece, word });
                continue;
            }
            let read = compounds(self.language, &text[piece.clone()]);
            if let [compound] = &read[..]
                && let [word] = &compound.parts[..]
            {
                let token = self.token(piece.clone(), word);
                self.known.insert(text[piece].into(), token.word);
                tokens.push(token);
                continue;
            }
            if let [compound] = &read[..]
                && let Some(word) = &compound.joined
            {
                joined.push(Joined { span: piece.clone(), word: word.clone() });
            }
            for part in pieces(&text[piece.clone()], piece.start, |c| !c.is_alphanumeric()) {
                self.read_part(text, part, &mut tokens);
            }
        }
        (tokens, joined)
    }

    /// A run of letters and digits: one word, or several in scripts that put nothing between them.
    fn read_part(&mut self, text: &str, part: Range<usize>, tokens: &mut Vec<Token>) {
        if let [word] = &self.words_of(&text[part.clone()])[..] {
            tokens.push(self.token(part, word));
            return;
        }
        for span in words_within(text, part) {
            match &self.words_of(&text[span.clone()])[..] {
                [] => {}
                [word] => tokens.push(self.token(span, word)),
                _ => {
                    for (at, c) in text[span.clone()].char_indices() {
                        let one = span.start + at..span.start + at + c.len_utf8();
                        if let [word] = &self.words_of(&text[one.clone()])[..] {
                            tokens.push(self.token(one, word));
                        }
                    }
                }
            }
        }
    }

    fn words_of(&self, text: &str) -> Vec<String> {
        compounds(self.language, text).into_iter().flat_map(|compound| compound.parts).collect()
    }

    fn token(&mut self, span: Range<usize>, word: &str) -> Token {
        self.words.push(Word { folded: word.to_owned(), stem: self.stemmer.stem(word).into_owned() });
        Token { span, word: self.words.len() - 1 }
    }
}

/// The words of a run of letters and digits as they are written: byte ranges, in order.
fn words_within(text: &str, part: Range<usize>) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = part.start;
    while let Some(first) = text[at..part.end].chars().next() {
        let rest = &text[at..part.end];
        let run = &rest[..rest.find(|c| is_unspaced(c) != is_unspaced(first)).unwrap_or(rest.len())];
        let words: Vec<&str> = if is_unspaced(first) { segment(run).collect() } else { vec![run] };
        for word in words {
            spans.push(at..at + word.len());
            at += word.len();
        }
    }
    spans
}

impl Sequence {
    fn matches(&self, run: &[Token], words: &[Word]) -> bool {
        let last = self.words.len() - 1;
        self.words.iter().zip(run).enumerate().all(|(at, (wanted, token))| {
            let read = &words[token.word];
            wanted.folded == read.folded
                || wanted.stem == read.stem
                || (self.prefix && at == last && read.folded.starts_with(&wanted.folded))
        })
    }

    /// Is the sequence this one word?
    fn is_word(&self, word: &str) -> bool {
        let [wanted] = &self.words[..] else { return false };
        wanted.folded == word || (self.prefix && word.starts_with(&wanted.folded))
    }
}

/// The part of a long text that shows most of its marked words, with its own spans; a short text as it is. What is cut
/// off is three dots.
pub fn excerpt(text: &str, spans: &[Range<usize>]) -> (String, Vec<Range<usize>>) {
    if text.chars().nth(HIGHLIGHT_CHARS_MAX).is_none() {
        return (text.to_owned(), spans.to_vec());
    }
    let end_of = |from: usize| end_after(text, from, HIGHLIGHT_CHARS_MAX - CONTEXT_CHARS);
    let shown = |from: usize| spans.iter().filter(|span| span.start >= from && span.end <= end_of(from)).count();
    let best = spans.iter().map(|span| span.start).max_by_key(|from| (shown(*from), std::cmp::Reverse(*from)));
    let first = best.unwrap_or(0);
    let before: Vec<(usize, char)> = text[..first].char_indices().rev().take(CONTEXT_CHARS).collect();
    let is_whole = before.len() < CONTEXT_CHARS;
    let start = match before.iter().rev().find(|(_, c)| c.is_whitespace()) {
        _ if is_whole => 0,
        Some((at, c)) => at + c.len_utf8(),
        None => first,
    };
    let wanted_end = end_after(text, start, HIGHLIGHT_CHARS_MAX);
    let inside = |end: usize| spans.iter().all(|span| span.end <= end || span.start >= end);
    let cut = text[start..wanted_end].rfind(char::is_whitespace).map(|at| start + at).filter(|end| inside(*end));
    let end = if wanted_end == text.len() { wanted_end } else { cut.unwrap_or(wanted_end) };
    let (lead, tail) = (if start > 0 { "…" } else { "" }, if end < text.len() { "…" } else { "" });
    let moved = spans.iter().filter(|span| span.start >= start && span.end <= end);
    let moved = moved.map(|span| span.start - start + lead.len()..span.end - start + lead.len()).collect();
    (format!("{lead}{}{tail}", &text[start..end]), moved)
}

/// The byte after `chars` characters from `from` on.
fn end_after(text: &str, from: usize, chars: usize) -> usize {
    text[from..].char_indices().nth(chars).map_or(text.len(), |(at, _)| from + at)
}

/// The largest character boundary that is not above `bytes`.
fn floor_boundary(text: &str, bytes: usize) -> usize {
    (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// What stands between separators, moved by `offset`.
fn pieces(text: &str, offset: usize, is_separator: impl Fn(char) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (is_separator(c), start) {
            (true, Some(from)) => {
                found.push(offset + from..offset + at);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    found.extend(start.map(|from| offset + from..offset + text.len()));
    found
}

/// A range without what is no letter or digit at its ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let Some(from) = inner.find(char::is_alphanumeric) else { return range.start..range.start };
    let to = inner.char_indices().rev().find(|(_, c)| c.is_alphanumeric()).map_or(from, |(at, c)| at + c.len_utf8());
    range.start + from..range.start + to
}

/// Ranges in order, those that overlap as one.
fn merged(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let mut apart: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match apart.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => apart.push(span),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use planogram_abi::TermGroup;
    use proptest::prelude::*;

    use super::super::reading::{LastWord, read_query};
    use super::*;

    fn marked(text: &str, spans: &[Range<usize>]) -> String {
        let mut out = text.to_owned();
        for span in spans.iter().rev() {
            out.insert(span.end, ']');
            out.insert(span.start, '[');
        }
        out
    }

    fn check(locale: &str, query: &str, text: &str, expected: &str) {
        let language = Language::of_locale(locale);
        let spans = Highlighter::new(language, &read_query(language, query, LastWord::Begun)).find(text);
        assert_eq!(marked(text, &spans), expected, "{query:?} in {text:?}");
    }

    #[test]
    fn whatever_matches_is_marked_as_it_is_written() {
        check("en", "hoodies", "Chaz Kangeroo Hoodie, (hooded)", "Chaz Kangeroo [Hoodie], (hooded)");
        check("en", "hood", "A hoodie, a Hood; no hat", "A [hoodie], a [Hood]; no hat");
        check("en", "hood ", "A hoodie, a Hood; no hat", "A hoodie, a [Hood]; no hat");
        check("en", "creme brulee", "Crème Brûlée bowl", "[Crème] [Brûlée] bowl");
        check("en", "wifi", "New Wi-Fi router", "New [Wi-Fi] router");
        check("en", "wi-fi", "New wifi, wi-fi; fi wi", "New [wifi], [wi-fi]; fi wi");
        check("en", "2tb", "A 2 TB disk, 2TB, TB 2", "A [2] [TB] disk, [2TB], TB [2]");
        check("en", "mens", "Men's tee", "[Men's] tee");
        check("fr", "eau", "De l'eau froide", "De l'[eau] froide");
        check("sv", "jackor", "Röd jacka", "Röd [jacka]");
        check("ja", "電話", "黒い電話機", "黒い[電話機]");
        check("ja", "電話 ケース", "iPhone用ケースと電話機", "iPhone用[ケース]と電話機");
        check("en", "", "Nothing", "Nothing");
    }

    #[test]
    fn a_phrase_is_marked_where_its_words_stand_side_by_side() {
        let alternative = |text: &str| Alternative { text: text.to_owned(), weight: 1.0, prefix: false };
        let group = TermGroup { alternatives: vec![alternative("headlamp"), alternative("head torch")] };
        let query = Query { groups: vec![group], redirect: None };
        let mut finder = Highlighter::new(Language::of_locale("en"), &query);
        let text = "Head torches: a torch for the head, or headlamps";
        assert_eq!(marked(text, &finder.find(text)), "[Head] [torches]: a torch for the head, or [headlamps]");
    }

    #[test]
    fn a_long_text_is_cut_to_where_most_is_marked() {
        let text = format!(
            "{}first tent {}then a tent, one more tent and rope {}",
            "x ".repeat(50),
            "y ".repeat(300),
            "z ".repeat(300)
        );
        let language = Language::of_locale("en");
        let spans = Highlighter::new(language, &read_query(language, "tent ", LastWord::Begun)).find(&text);
        assert_eq!(spans.len(), 3);
        let (shown, spans) = excerpt(&text, &spans);
        assert_eq!(spans.iter().map(|span| &shown[span.clone()]).collect::<Vec<_>>(), ["tent", "tent"]);
        assert!(shown.starts_with("…y ") && shown.ends_with(" z…"), "{shown}");
        assert!(shown.chars().count() <= HIGHLIGHT_CHARS_MAX + 2, "{}", shown.chars().count());
    }

    proptest! {
        #[test]
        fn any_text_is_marked_inside_its_bounds(text in "\\PC{0,400}", query in "\\PC{0,30}", again in 0usize..9) {
            let language = Language::of_locale(["en", "fr", "ja", "xx", "de", "tr", "el", "sv", "ta"][again]);
            let text = text.repeat(again);
            let mut finder = Highlighter::new(language, &read_query(language, &query, LastWord::Begun));
            let spans = finder.find(&text);
            prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let (shown, cut) = excerpt(&text, &spans);
            prop_assert!(cut.iter().all(|span| shown.get(span.clone()).is_some_and(|word| !word.is_empty())));
        }
    }
}
