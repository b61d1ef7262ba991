//! What exactly has to be looked up?
//!
//! Turns an understood query into lists of postings with their coefficients. Everything that depends on the
//! collection (rarity, which words a prefix stands for) is decided here, from the live statistics, so that
//! evaluation of a segment knows nothing but postings.

use planogram_abi::Alternative;
use smallvec::SmallVec;
use tantivy::Term;
use tantivy::schema::Field;

use super::analyzer::{Stemmer, compounds, is_digit, split_at_digits};
use super::document::{FieldWeights, TextField};
use super::error::TextError;
use super::score::{INFLECTED_SHARE, PREFIX_FACTOR, SPLIT_FACTOR, idf};
use super::segmenter::{characters, is_unspaced_word};
use super::tolerance::Asked;
use super::view::TextView;
use super::vocabulary::most_frequent;
use crate::limits::{PREFIX_WORDS_MAX, QUERY_ALTERNATIVES_MAX};

/// Most words the open end of a phrase stands for: each costs a positional intersection in every field.
const PHRASE_ENDINGS_MAX: usize = 10;
/// A prefix shorter than this does not look into descriptions: it would match nearly everything and say nothing.
const DESCRIPTION_PREFIX_CHARS_MIN: usize = 3;
/// What a word counts that was found by its characters alone.
const CHARACTERS_FACTOR: f32 = 0.5;
/// A word of a query weighs no more than one that a product in so many has: what hardly any product says is often
/// misspelled there or beside the point, and shall not outweigh the rest of the query.
const RAREST_IN: u32 = 5_000;
/// Longest number that says nothing of a product unless a word stands beside it, in bytes.
const SMALL_NUMBER_BYTES_MAX: usize = 2;
/// Most pieces of a word that is split where letters meet digits.
const SPLIT_PIECES_MAX: usize = 4;

/// One group of the query: any clause will do, the best one counts.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// May be empty: then no live document can match.
    pub clauses: Vec<Clause>,
    /// How much of the query's sense it carries: how rare what was typed is or, if the shop does not know that or it is
    /// doubted, the least rare of what it may have meant; 0 when there is nothing, because a word that the shop does not know tells
    /// no product from another.
    pub weight: f32,
}

impl Group {
    /// A group of one clause.
    pub fn of(clause: Clause) -> Self {
        Self { weight: clause.rarity, clauses: vec![clause] }
    }

    /// Weighs the group, of whose clauses the first `n_typed` are what was typed and is not doubted; it weighs
    /// `weight_max` at most. No way of reading it counts for more than it does: that `4set` is rare does not make `set`
    /// rare.
    fn settle(&mut self, n_typed: usize, weight_max: f32) {
        let rarities = |clauses: &[Clause]| -> SmallVec<[f32; 8]> {
            clauses.iter().filter(|clause| !clause.is_ending).map(|clause| clause.rarity).collect()
        };
        let typed = rarities(&self.clauses[..n_typed]).into_iter().reduce(f32::max);
        let weight = typed.or_else(|| rarities(&self.clauses).into_iter().reduce(f32::min));
        let Some(weight) = weight.map(|weight| weight.min(weight_max)) else { return };
        self.weight = weight;
        for clause in self.clauses.iter_mut().filter(|clause| clause.rarity > weight) {
            clause.factor *= weight / clause.rarity;
        }
    }
}

/// Which clauses take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// All.
    AsTyped,
    /// All but endings: a begun word that the shop has is taken as it stands.
    Settled,
}

impl Words {
    /// Whether the clause takes part.
    pub fn has(self, clause: &Clause) -> bool {
        self == Self::AsTyped || !clause.is_ending
    }
}

/// One way to satisfy a group; its score is `factor · tf / (tf + K)` over all sources.
#[derive(Debug)]
pub(super) struct Clause {
    /// Weight of the alternative times rarity.
    pub factor: f32,
    /// Rarity.
    pub rarity: f32,
    /// Whether its words only begin as typed.
    pub is_begun: bool,
    /// Whether it is a number that, in part of a query, says something of a product only beside a word.
    pub is_number: bool,
    /// Where occurrences are counted, in the order in which they add up.
    pub sources: Vec<Source>,
    /// Whether it is what a begun word may become that the shop has as it stands.
    pub is_ending: bool,
}

/// Postings of one word or phrase in one field.
#[derive(Debug)]
pub(super) struct Source {
    pub field: TextField,
    /// What one occurrence counts before length normalization.
    pub coefficient: f32,
    /// What it counts besides as the word as written, when a list of a stem is the list of that word, too; else 0.
    pub as_written: f32,
    pub lookup: Lookup,
}

/// What is looked up.
#[derive(Debug)]
pub(super) enum Lookup {
    /// A word as written.
    Exact(Term),
    /// Any form of a word.
    Stem(Term),
    /// Any form of each word, side by side; at least two.
    Phrase(SmallVec<[Term; 4]>),
}

/// Compiles every group; groups without a single word are left out, so the answer may be empty.
pub(super) fn compile(view: &TextView, asked: Asked<'_>, weights: &FieldWeights) -> Result<Vec<Group>, TextError> {
    weights.check()?;
    let query = asked.query;
    let count = query.groups.iter().map(|group| group.alternatives.len()).sum();
    if count > QUERY_ALTERNATIVES_MAX {
        return Err(TextError::TooManyAlternatives { count, max: QUERY_ALTERNATIVES_MAX });
    }
    let mut compiler = Compiler::new(view, weights);
    let n_documents = view.n_documents();
    let weight_max = idf(n_documents, n_documents / RAREST_IN);
    let mut groups = Vec::with_capacity(query.groups.len());
    for (at, group) in query.groups.iter().enumerate() {
        let mut compiled = Group::default();
        let mut has_words = false;
        let mut n_typed = 0;
        for (nth, alternative) in group.alternatives.iter().enumerate() {
            compiler.is_guess = asked.is_guess(at, &alternative.text);
            let n_before = compiled.clauses.len();
            has_words |= compiler.alternative(alternative, &mut compiled.clauses)?;
            let is_number = says_nothing_alone(alternative);
            compiled.clauses[n_before..].iter_mut().for_each(|clause| clause.is_number = is_number);
            if nth == 0 {
                n_typed = compiled.clauses.len();
            }
        }
        let is_doubted = group.alternatives.iter().any(|own| asked.is_guess(at, &own.text));
        compiled.settle(if is_doubted { 0 } else { n_typed }, weight_max);
        if has_words {
            groups.push(compiled);
        }
    }
    Ok(groups)
}

/// Compiles single words; see [`Compiler::word`].
pub(super) struct Compiler<'v> {
    view: &'v TextView,
    weights: &'v FieldWeights,
    stemmer: Stemmer,
    /// Whether what is compiled was guessed, so that it counts only where typing errors are tolerated.
    is_guess: bool,
}

impl<'v> Compiler<'v> {
    /// Ready to compile against a view.
    pub fn new(view: &'v TextView, weights: &'v FieldWeights) -> Self {
        Self { view, weights, stemmer: Stemmer::new(view.language()), is_guess: false }
    }

    /// Adds the clauses of one alternative; false when it has no word at all.
    fn alternative(&mut self, alternative: &Alternative, clauses: &mut Vec<Clause>) -> Result<bool, TextError> {
        let Alternative { text, weight, prefix } = alternative;
        if !(*weight > 0.0 && *weight <= 1.0) {
            return Err(TextError::AlternativeWeight { text: text.clone(), value: *weight });
        }
        let n_before = clauses.len();
        let compounds = compounds(self.view.language(), text);
        let words: Vec<&str> = compounds.iter().flat_map(|c| c.parts.iter().map(String::as_str)).collect();
        self.sequence(&words, *weight, *prefix, clauses);
        if let [compound] = &compounds[..] {
            // A compound also matches written as one word, which is how skus stand in the index.
            if words.len() > 1 {
                let whole = compound.parts.concat();
                let whole: String = whole.chars().filter(|&c| c != '.').collect();
                self.sequence(&[&whole], *weight, *prefix, clauses);
            }
        }
        if let [word] = words[..] {
            let pieces = split_at_digits(word);
            if (2..=SPLIT_PIECES_MAX).contains(&pieces.len()) {
                self.sequence(&pieces, *weight * SPLIT_FACTOR, *prefix, clauses);
            }
        }
        let has_endings = clauses[n_before..].iter().any(|clause| clause.is_ending);
        if has_endings && !self.view.knows(text, false) {
            clauses[n_before..].iter_mut().for_each(|clause| clause.is_ending = false);
        }
        Ok(!words.is_empty())
    }

    fn sequence(&mut self, words: &[&str], weight: f32, prefix: bool, clauses: &mut Vec<Clause>) {
        match words {
            [] => {}
            [word] => {
                let found = self.word(word, weight).or_else(|| self.characters(words, weight));
                clauses.extend(found);
                if prefix {
                    clauses.extend(self.prefix(word, weight));
                }
            }
            _ => {
                clauses.extend(self.phrase(words, weight).or_else(|| self.characters(words, weight)));
                if prefix {
                    clauses.extend(self.open_phrase(words, weight));
                }
            }
        }
    }

    /// A word in any form; `None` when no live document has it.
    pub fn word(&mut self, word: &str, weight: f32) -> Option<Clause> {
        let statistics = self.view.statistics();
        let stem = self.stemmer.stem(word);
        let count = statistics.stems.get(&*stem)?;
        let matching = count.documents;
        let written = statistics.words.get(word);
        let is_only_form = written.is_some() && count.has_one_form;
        let mut sources = Vec::with_capacity(2 * TextField::COUNT);
        for (field, field_weight) in self.searched() {
            let inflected = if field.is_stemmed() { INFLECTED_SHARE } else { 0.0 };
            let is_written = written.is_some_and(|count| count.fields.may_have(field));
            if field.is_stemmed() && count.fields.may_have(field) {
                let lookup = Lookup::Stem(Term::from_field_text(self.stem_field(field), &stem));
                let as_written = if is_only_form { field_weight * (1.0 - inflected) } else { 0.0 };
                sources.push(Source { field, coefficient: field_weight * inflected, as_written, lookup });
            }
            if is_written && !(is_only_form && field.is_stemmed()) {
                let lookup = Lookup::Exact(Term::from_field_text(self.exact_field(field), word));
                sources.push(Source { field, coefficient: field_weight * (1.0 - inflected), as_written: 0.0, lookup });
            }
        }
        let rarity = idf(statistics.documents, matching);
        Some(Clause { factor: weight * rarity, rarity, is_begun: false, is_number: false, sources, is_ending: false })
    }

    /// Words of a script without spaces that no live document has so, as their characters side by side: the
    /// dictionary may have cut them otherwise in a longer text.
    fn characters(&mut self, words: &[&str], weight: f32) -> Option<Clause> {
        if !words.iter().all(|word| is_unspaced_word(word)) {
            return None;
        }
        let characters: Vec<String> = words.iter().flat_map(|word| characters(word)).collect();
        match &characters.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [one] => self.word(one, weight * CHARACTERS_FACTOR),
            several => self.phrase(several, weight * CHARACTERS_FACTOR),
        }
    }

    /// The most frequent words that begin with `prefix`, as if they were one word.
    fn prefix(&self, prefix: &str, weight: f32) -> Option<Clause> {
        let statistics = self.view.statistics();
        let words = most_frequent(statistics, prefix, PREFIX_WORDS_MAX);
        if words.iter().all(|(word, _)| &***word == prefix) {
            return None;
        }
        let short = prefix.chars().count() < DESCRIPTION_PREFIX_CHARS_MIN;
        let mut sources = Vec::with_capacity(words.len() * TextField::COUNT);
        for (field, coefficient) in self.searched() {
            if short && field == TextField::Description {
                continue;
            }
            let words = words.iter().filter(|(_, count)| count.fields.may_have(field));
            sources.extend(words.map(|(word, _)| {
                let lookup = Lookup::Exact(Term::from_field_text(self.exact_field(field), word));
                Source { field, coefficient, as_written: 0.0, lookup }
            }));
        }
        let matching = words.iter().fold(0u32, |sum, (_, count)| sum.saturating_add(count.documents));
        let rarity = idf(statistics.documents, matching);
        Some(Clause {
            factor: weight * PREFIX_FACTOR * rarity,
            rarity,
            is_begun: true,
            is_number: false,
            sources,
            is_ending: true,
        })
    }

    /// Words side by side; as rare as the rarest of them, which understates it, so that a phrase that stands for a
    /// word never outweighs the word.
    fn phrase(&mut self, words: &[&str], weight: f32) -> Option<Clause> {
        let statistics = self.view.statistics();
        let mut stems: SmallVec<[String; 4]> = SmallVec::new();
        let mut matching = u32::MAX;
        for word in words {
            let stem = self.stemmer.stem(word);
            matching = matching.min(statistics.stems.get(&*stem)?.documents);
            stems.push(stem.into_owned());
        }
        let sources = self.phrase_sources(&stems);
        let rarity = idf(statistics.documents, matching);
        Some(Clause { factor: weight * rarity, rarity, is_begun: false, is_number: false, sources, is_ending: false })
    }

    /// A phrase whose last word is only begun.
    fn open_phrase(&mut self, words: &[&str], weight: f32) -> Option<Clause> {
        let statistics = self.view.statistics();
        let (begun, whole) = words.split_last()?;
        let mut head: SmallVec<[String; 4]> = SmallVec::new();
        let mut matching = u32::MAX;
        for word in whole {
            let stem = self.stemmer.stem(word);
            matching = matching.min(statistics.stems.get(&*stem)?.documents);
            head.push(stem.into_owned());
        }
        let mut endings: Vec<String> = Vec::new();
        for (word, _) in most_frequent(statistics, begun, PREFIX_WORDS_MAX) {
            let ending = self.stemmer.stem(word).into_owned();
            if endings.len() < PHRASE_ENDINGS_MAX && !endings.contains(&ending) {
                endings.push(ending);
            }
        }
        let mut sources = Vec::new();
        for ending in endings {
            head.push(ending);
            sources.extend(self.phrase_sources(&head));
            head.pop();
        }
        let rarity = idf(statistics.documents, matching);
        Some(Clause {
            factor: weight * PREFIX_FACTOR * rarity,
            rarity,
            is_begun: true,
            is_number: false,
            sources,
            is_ending: true,
        })
    }

    fn phrase_sources(&self, stems: &[String]) -> Vec<Source> {
        let stemmed = self.searched().filter(|(field, _)| field.is_stemmed());
        stemmed
            .map(|(field, coefficient)| {
                let terms = stems.iter().map(|stem| Term::from_field_text(self.stem_field(field), stem)).collect();
                Source { field, coefficient, as_written: 0.0, lookup: Lookup::Phrase(terms) }
            })
            .collect()
    }

    /// The fields with a weight above 0 that hold words and may be searched, in summation order.
    fn searched(&self) -> impl Iterator<Item = (TextField, f32)> + use<'v> {
        let (statistics, weights, is_guess) = (self.view.statistics(), self.weights, self.is_guess);
        let holds_words = move |field: TextField| statistics.lengths[field as usize] > 0;
        TextField::ALL
            .into_iter()
            .map(|field| (field, weights.of(field)))
            .filter(move |(field, weight)| *weight > 0.0 && holds_words(*field))
            .filter(move |(field, _)| !is_guess || statistics.tolerance.of(*field))
    }

    fn exact_field(&self, field: TextField) -> Field {
        self.view.fields().exact[field as usize]
    }

    fn stem_field(&self, field: TextField) -> Field {
        self.view.fields().stem[field as usize].unwrap_or(self.exact_field(field))
    }
}

/// Whether an alternative is a number that says nothing alone: one that was typed, when it is short, because longer ones
/// name models; one that is lighter than typed, which is what is left of a size, however long it is.
fn says_nothing_alone(alternative: &Alternative) -> bool {
    let Alternative { text, weight, .. } = alternative;
    let is_number = text.starts_with(is_digit) && text.chars().all(|c| is_digit(c) || c == '.');
    is_number && (*weight < 1.0 || text.len() <= SMALL_NUMBER_BYTES_MAX)
}
