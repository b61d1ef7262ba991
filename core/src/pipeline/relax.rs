//! What is listed when not every word matches as it was typed?
//!
//! In this order, and what was done is said in `relaxed`:
//!
//! 1. Words are read in other ways, too, lighter than as typed: two words as one and one as two, compound nouns that
//!    end with the word, and, for a word that the shop does not know or hardly knows, what may have been meant. Words
//!    in quotes are left alone. Words that carry nothing ("for", "the") need not match when two others do.
//! 2. Products that match every word come first; when there are none, every word is read as a beginning.
//! 3. When good ones do not fill a few pages, products follow that match part of the query: those whose words carry the
//!    most of it, as rare words do, and that share more with it than a number. Never more than fill these pages, so
//!    that a precise query is not answered with the whole shop, and none when a sku was asked for and found.
//!
//! Which spellings are near is the text room's business; synonyms are a plugin's.

use planogram_abi::limits::ALTERNATIVES_MAX;
use planogram_abi::{Alternative, Query, TermGroup};
use roaring::RoaringBitmap;

use crate::limits::{COMPOUND_NOUNS_MAX, RELAXED_BELOW_TWO, RELAXED_FILL, SPELLINGS_MAX};
use crate::snapshot::spelling::ExactWords;
use crate::text::{Asked, Correction, FieldWeights, Found, Guess, Match, Search, TextError, TextView, quoted_words};

/// Weight of two words written as one.
const JOINED_WEIGHT: f32 = 0.4;
/// Weight of a word written as two.
const SPLIT_WEIGHT: f32 = 0.6;
/// Weight of a compound noun that ends with the word.
const COMPOUND_NOUN_WEIGHT: f32 = 0.7;
/// Weight of the likeliest correction of a word that the shop does not know, to the power of its edits; and of one that
/// it hardly knows. Others weigh less, by the root of how much less likely they are.
const CORRECTED_WEIGHT: f32 = 0.5;
/// A word in no more than one of so many documents is hardly known…
const HARDLY_KNOWN_IN: u32 = 5_000;
/// …and doubted when it has this many letters; see [`CLEARLY_MORE`].
const HARDLY_KNOWN_CHARS_MIN: usize = 5;
/// In how many times as many documents another word must be, one edit away, to be tried for a word that is hardly known.
const CLEARLY_MORE: u32 = 15;
/// Shares of the query's weight that a product must match to be listed, one after the other until the pages are full:
/// most of the query, which few and cheap to find products do, then at least something of it.
const SHARES: [f32; 2] = [0.6, 0.2];
/// What share of the best full match's text score a full match has that is good; see [`n_good`].
const GOOD_SHARE: f32 = 0.25;
/// Full matches below which words that are hardly known are doubted: with so few, a better known word is worth a try.
const FEW: usize = 5;
/// Words without which a query may do when it has as many others.
const CONTENT_WORDS_MIN: usize = 2;
/// Shortest word that is read as a beginning although it is not the last one, in letters.
const BEGINNING_CHARS_MIN: usize = 2;

/// What the words of a search are looked up in, and by which settings.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    /// The texts.
    pub view: &'a TextView,
    /// How much each field counts.
    pub weights: &'a FieldWeights,
    /// Words that are never corrected.
    pub exact: &'a ExactWords,
    /// The search as it was typed.
    pub typed: &'a str,
    /// What may be found.
    pub within: &'a RoaringBitmap,
}

/// What the words of a search found, and how they were read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Finding {
    /// The matches, in no particular order.
    pub found: Vec<Found>,
    /// How the search was relaxed.
    pub relaxed: Vec<String>,
    /// The query as it was probably meant.
    pub did_you_mean: Option<String>,
    /// The query as its matches were found.
    pub read_as: Option<Query>,
    /// What kept texts from being read.
    pub failures: Vec<String>,
}

/// All matches of a search, as far as it has to be relaxed. Says the same of the same words, every time.
pub(super) fn find(words: Words<'_>, query: &Query) -> Finding {
    let mut finding = Finding::default();
    if query.groups.is_empty() {
        return finding;
    }
    let mut reading = Reading::of(words, query);
    let mut search = finding.ask(words, reading.asked(&reading.query));
    let mut found = finding.full_matches(&mut search);
    if found.len() < FEW
        && let Some(doubted) = reading.doubted(words.view)
    {
        search = finding.ask(words, doubted.asked(&doubted.query));
        found = finding.full_matches(&mut search);
        reading = doubted;
    }
    if found.is_empty() && query.groups.len() > 1 {
        let mut begun = finding.ask(words, reading.asked(&beginnings(&reading.query)));
        found = finding.full_matches(&mut begun);
        if !found.is_empty() {
            finding.relaxed.push("words were also read as beginnings of longer ones".into());
        }
    }
    let n_full = found.len();
    if n_full < RELAXED_FILL && n_good(&found) < enough(&reading.query) && !found.iter().any(|found| found.by_sku) {
        let mut partial = finding.partial_matches(&mut search, &found);
        keep_best(&mut partial, RELAXED_FILL - n_full);
        if !partial.is_empty() {
            finding.relaxed.push(match n_full {
                0 => "no product matches every word, so those matching some are shown".into(),
                n => format!("{n} products match every word; those that follow match part of the query"),
            });
            found.extend(partial);
        }
    }
    if !found.is_empty() {
        finding.did_you_mean = reading.did_you_mean();
        finding.read_as = Some(reading.query);
        finding.relaxed.extend(reading.said.into_iter().map(|(_, said)| said));
    }
    finding.found = found;
    finding
}

/// The best `n` by score, ties by item; the order is not defined.
fn keep_best(found: &mut Vec<Found>, n: usize) {
    if found.len() > n {
        found.select_nth_unstable_by(n, |a, b| b.score().total_cmp(&a.score()).then(a.item.cmp(&b.item)));
        found.truncate(n);
    }
}

impl Finding {
    /// The query ready to be asked; `None` when it cannot be.
    fn ask<'v>(&mut self, words: Words<'v>, asked: Asked<'_>) -> Option<Search<'v>> {
        let search = words.view.ask(asked, words.weights, Some(words.within));
        search.map_or_else(|error| self.fail(&error), Some)
    }

    fn full_matches(&mut self, search: &mut Option<Search<'_>>) -> Vec<Found> {
        let found = search.as_mut().map(|search| search.matches(Match::All));
        found.map_or_else(Vec::new, |found| found.unwrap_or_else(|error| self.fail(&error)))
    }

    /// Matches of part of the query, share by share until there are enough to fill the list behind the full ones. A
    /// begun word is taken as it stands when the shop has it: what it may become was looked for among the full
    /// matches, and would cost more here than all other words together.
    fn partial_matches(&mut self, search: &mut Option<Search<'_>>, full: &[Found]) -> Vec<Found> {
        let Some(search) = search else { return Vec::new() };
        let n_wanted = RELAXED_FILL - full.len();
        let full: RoaringBitmap = full.iter().map(|found| found.item.0).collect();
        let mut partial = Vec::new();
        for share in SHARES {
            if partial.len() < n_wanted {
                partial = search.others(share, n_wanted, &full).unwrap_or_else(|error| self.fail(&error));
            }
        }
        partial
    }

    /// Says that texts could not be read; nothing is found then.
    fn fail<T: Default>(&mut self, error: &TextError) -> T {
        self.failures.push(error.to_string());
        T::default()
    }
}

/// Full matches that mean what the query says: where the words of many merely occur somewhere, in a description or a
/// data sheet, a product named by the telling one of them may be better.
fn n_good(full: &[Found]) -> usize {
    let best = full.iter().map(|found| found.text).fold(0.0, f32::max);
    full.iter().filter(|found| found.text >= GOOD_SHARE * best).count()
}

/// Full matches that are good from which on nothing follows. Two words say little that a product could do without, so a page of
/// products that have both is enough.
fn enough(query: &Query) -> usize {
    match query.groups.len() {
        0..=1 => 0,
        2 => RELAXED_BELOW_TWO,
        _ => RELAXED_FILL,
    }
}

/// Every word as the beginning of a longer one.
fn beginnings(query: &Query) -> Query {
    let mut query = query.clone();
    for own in query.groups.iter_mut().filter_map(|group| group.alternatives.first_mut()) {
        own.prefix |= own.text.chars().count() >= BEGINNING_CHARS_MIN && own.text.chars().all(char::is_alphabetic);
    }
    query
}

/// A query with what its words may have meant.
#[derive(Clone, Default)]
struct Reading {
    query: Query,
    /// What was read otherwise, in words, each with the place of the typed word.
    said: Vec<(usize, String)>,
    /// The words as they were probably meant, those in quotes with them.
    meant: Vec<String>,
    /// Alternatives that are corrections.
    guesses: Vec<Guess>,
    /// Words that the shop knows and that may be doubted all the same.
    known: Vec<Known>,
}

/// A word of a reading that the shop knows.
#[derive(Clone)]
struct Known {
    /// As typed, folded.
    word: String,
    /// Its place among the words typed.
    at: usize,
    /// Its group of the query.
    group: usize,
}

impl Reading {
    fn of(words: Words<'_>, query: &Query) -> Self {
        let Words { view, exact, typed, .. } = words;
        let own = |group: &TermGroup| group.alternatives.first().map_or("", |own| own.text.as_str()).to_owned();
        let words: Vec<String> = query.groups.iter().map(own).collect();
        let joined: Vec<Option<String>> = words.windows(2).map(|pair| view.joined(&pair[0], &pair[1])).collect();
        let quoted = quoted_words(view.language(), typed);
        let n_content = words.iter().filter(|word| !view.is_stop_word(word)).count();
        let mut reading = Self::default();
        reading.query.redirect.clone_from(&query.redirect);
        for (at, (group, word)) in query.groups.iter().zip(&words).enumerate() {
            if quoted.contains(word) {
                reading.meant.push(format!("\"{word}\""));
                reading.query.groups.push(group.clone());
                continue;
            }
            reading.meant.push(word.clone());
            let is_begun = group.alternatives.first().is_some_and(|own| own.prefix);
            if n_content >= CONTENT_WORDS_MIN && !is_begun && view.is_stop_word(word) {
                continue;
            }
            let mut group = group.clone();
            // In both groups, so that one word of the document satisfies the two of the query.
            let pairs =
                [at.checked_sub(1), Some(at)].into_iter().flatten().filter_map(|left| joined.get(left)?.clone());
            let is_known = is_known(view, &group);
            write_otherwise(view, word, pairs, &mut group);
            let place = reading.query.groups.len();
            reading.query.groups.push(group);
            if exact.contains(word) {
                continue;
            }
            if is_known {
                reading.known.push(Known { word: word.clone(), at, group: place });
            } else {
                reading.correct(at, place, word, view.corrections(word, SPELLINGS_MAX));
            }
        }
        reading
    }

    /// The reading with words corrected that the shop hardly knows, too; `None` when there are none.
    fn doubted(&self, view: &TextView) -> Option<Self> {
        let mut doubted = self.clone();
        for Known { word, at, group } in &self.known {
            let n_own = view.curated(word);
            if n_own > view.n_documents() / HARDLY_KNOWN_IN || word.chars().count() < HARDLY_KNOWN_CHARS_MIN {
                continue;
            }
            let clearly_more = CLEARLY_MORE * n_own.max(1);
            if !view.has_better_known(word, clearly_more) {
                continue;
            }
            let mut corrections = view.corrections(word, SPELLINGS_MAX);
            // Another form of the word is found by it anyway.
            corrections.retain(|c| c.distance == 1 && c.documents >= clearly_more);
            corrections.retain(|c| !view.is_form_of(&c.word, word));
            doubted.correct(*at, *group, word, corrections);
        }
        doubted.said.sort_by_key(|(at, _)| *at);
        (doubted.said.len() > self.said.len()).then_some(doubted)
    }

    /// Adds what may have been meant by the word at `at`, the likeliest first.
    fn correct(&mut self, at: usize, group: usize, word: &str, corrections: Vec<Correction>) {
        let Some(likeliest) = corrections.first() else { return };
        self.meant[at].clone_from(&likeliest.word);
        let best = likeliest.odds();
        for correction in corrections {
            self.said.push((at, format!("`{word}` was also read as `{}`", correction.word)));
            let likely = (correction.odds() / best).sqrt() as f32;
            let weight = CORRECTED_WEIGHT.powi(i32::from(correction.distance)) * likely;
            if add(&mut self.query.groups[group], correction.word.clone(), weight) {
                self.guesses.push(Guess { group, text: correction.word });
            }
        }
    }

    /// This reading's query, or what was made of it.
    fn asked<'q>(&'q self, query: &'q Query) -> Asked<'q> {
        Asked { query, guesses: &self.guesses }
    }

    /// The query as it was probably meant, when a word was corrected.
    fn did_you_mean(&self) -> Option<String> {
        (!self.said.is_empty()).then(|| self.meant.join(" "))
    }
}

/// Whether the shop knows a word as it was typed, or a synonym of it; that it knows it joined to a number beside it
/// (`24cubic`) says nothing.
fn is_known(view: &TextView, group: &TermGroup) -> bool {
    let is_it = |(nth, own): &(usize, &Alternative)| *nth == 0 || !own.text.contains(char::is_numeric);
    group.alternatives.iter().enumerate().filter(is_it).any(|(_, own)| view.knows(&own.text, own.prefix))
}

/// Adds other ways of writing a word, `pairs` being it and a neighbor as one.
fn write_otherwise(view: &TextView, word: &str, pairs: impl Iterator<Item = String>, group: &mut TermGroup) {
    for pair in pairs {
        add(group, pair, JOINED_WEIGHT);
    }
    if let Some((left, right)) = view.split(word) {
        add(group, format!("{left} {right}"), SPLIT_WEIGHT);
    }
    for noun in view.compounds_of(word, COMPOUND_NOUNS_MAX) {
        add(group, noun, COMPOUND_NOUN_WEIGHT);
    }
}

/// Adds an alternative, once, as far as there is room; false when it was not added.
fn add(group: &mut TermGroup, text: String, weight: f32) -> bool {
    let fits = group.alternatives.len() < ALTERNATIVES_MAX && group.alternatives.iter().all(|known| known.text != text);
    if fits {
        group.alternatives.push(Alternative { text, weight, prefix: false });
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ItemId;

    #[test]
    fn a_poor_full_match_is_no_good_one() {
        let full = [4.0, 1.0, 0.9].map(|text| Found { text, ..Found::elsewhere(ItemId(0)) });
        assert_eq!((n_good(&full), n_good(&full[1..]), n_good(&[])), (2, 2, 0));
    }
}
