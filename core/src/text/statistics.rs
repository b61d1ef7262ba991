//! How rare is a word?
//!
//! Document frequencies, document count and field lengths over **live** documents, counted from the same analysis
//! that feeds the index. tantivy's own counts include deleted documents until a merge drops them, so scores would
//! move with the merge schedule; these do not. The [`Lexicon`] is the writer's side: dense, exact, mutable. The
//! [`Statistics`] are what a snapshot holds: persistent maps, of which publishing touches only the words that changed.
//! Nothing is stored on disk: opening an index counts its postings again.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use imbl::OrdMap;
use rustc_hash::FxHashMap;

use super::analyzer::{Language, Stemmer, has_digit};
use super::document::TextField;
use super::names::{NameWord, Names};
use super::tolerance::Tolerance;
use crate::id::ItemId;

/// Live documents from which on a word is common: most words of a shop stand in fewer.
pub(super) const COMMON_DOCUMENTS_MIN: u32 = 15;

/// Counts of one word as written, and what it looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WordCount {
    /// Live documents that have the word in any field.
    pub documents: u32,
    /// Live documents that have it elsewhere than in the description.
    pub curated: u32,
    /// Live documents that have it in the name.
    pub names: u32,
    /// Live documents that have it in a field in which typing errors are tolerated.
    pub tolerant: u32,
    /// Fields that had it since the index was opened.
    pub fields: FieldSet,
    /// What it looks like.
    pub shape: Shape,
}

/// Fields that may have a word, a bit each. A field that once had it stays in until the index is opened again, so that
/// what is not in need not be looked up, and nothing has to be counted field by field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet(u8);

const _: () = assert!(TextField::COUNT <= 8, "a field has a bit");

impl FieldSet {
    /// One field.
    pub fn of(field: TextField) -> Self {
        Self(1 << field as u8)
    }

    /// Takes the fields of another set in.
    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// False when no live document has the word in the field.
    pub fn may_have(self, field: TextField) -> bool {
        self.0 >> field as u8 & 1 == 1
    }
}

/// What a word looks like: two words whose shapes are far apart are not near each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Which letters it has, a bit each, letters with the same remainder sharing one.
    letters: u32,
    /// Characters.
    pub chars: u8,
}

impl Shape {
    /// The shape of a word.
    pub fn of(word: &str) -> Self {
        let mut shape = Self::default();
        for c in word.chars() {
            shape.letters |= 1 << (u32::from(c) % 32);
            shape.chars = shape.chars.saturating_add(1);
        }
        shape
    }

    /// False when more than `edits` edits certainly lie between words of the two shapes.
    pub fn may_be_near(self, other: Self, edits: u8) -> bool {
        let edits_max = u32::from(edits);
        self.chars.abs_diff(other.chars) <= edits
            && (self.letters & !other.letters).count_ones() <= edits_max
            && (other.letters & !self.letters).count_ones() <= edits_max
    }
}

/// The counts a view scores with.
#[derive(Clone, Default)]
pub(super) struct Statistics {
    /// Where typing errors are tolerated.
    pub tolerance: Tolerance,
    /// Live documents.
    pub documents: u32,
    /// Words in all live documents, by field, repetitions included.
    pub lengths: [u64; TextField::COUNT],
    /// Every live word as written.
    pub words: OrdMap<Arc<str>, WordCount>,
    /// Those of them that stand in at least [`COMMON_DOCUMENTS_MIN`] live documents.
    pub common: OrdMap<Arc<str>, WordCount>,
    /// Every live stem.
    pub stems: OrdMap<Arc<str>, StemCount>,
    /// Every live stem written backwards, in languages that write compound nouns as one word; empty elsewhere.
    pub reversed: OrdMap<Arc<str>, u32>,
    /// The names of all live documents.
    pub names: Names,
}

/// Counts of one stem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StemCount {
    /// Live documents that have one of its forms in any field.
    pub documents: u32,
    /// Its number in names; good until the index is opened again.
    pub id: u32,
    /// Whether no segment has more than one form of it: then its documents are those of that form.
    pub has_one_form: bool,
    /// Fields that had one of its forms since the index was opened.
    pub fields: FieldSet,
}

/// The writer's side of the counts: interned words, and which words each document has.
pub(super) struct Lexicon {
    stemmer: Stemmer,
    tolerance: Tolerance,
    ids: FxHashMap<Arc<str>, u32>,
    words: Vec<WordEntry>,
    stem_ids: FxHashMap<Arc<str>, u32>,
    stems: Vec<StemEntry>,
    documents: FxHashMap<ItemId, DocumentWords>,
    lengths: [u64; TextField::COUNT],
    touched_words: Vec<u32>,
    touched_stems: Vec<u32>,
    has_compounds: bool,
    names: Names,
    published: Statistics,
}

struct WordEntry {
    text: Arc<str>,
    stem: u32,
    count: WordCount,
    touched: bool,
}

struct StemEntry {
    text: Arc<str>,
    documents: u32,
    /// Words taken in that have it.
    forms: u32,
    fields: FieldSet,
    touched: bool,
}

/// What one document adds to the counts.
#[derive(Debug, Default, PartialEq, Eq)]
struct DocumentWords {
    /// Distinct words in increasing order: the word's id times eight, plus four when it is where typing errors are
    /// tolerated, plus two when it is elsewhere than in the description, plus one when it is in the name.
    words: Box<[u32]>,
    lengths: [u32; TextField::COUNT],
}

/// Gathers one document's words; see [`Lexicon::put`].
#[derive(Debug, Default)]
pub(super) struct Tally {
    tolerance: Tolerance,
    words: Vec<u32>,
    /// Which field each of `words` was found in.
    fields: Vec<(u32, FieldSet)>,
    lengths: [u32; TextField::COUNT],
    name: Vec<NameWord>,
}

impl Tally {
    /// Says where a word stands in the name.
    pub fn place(&mut self, word: NameWord) {
        self.name.push(word);
    }

    /// Counts `times` occurrences of a word.
    pub fn add(&mut self, word: u32, field: TextField, times: u32) {
        let curated = u32::from(field != TextField::Description);
        let tolerant = u32::from(self.tolerance.of(field));
        self.words.push(word << 3 | tolerant << 2 | curated << 1 | u32::from(field == TextField::Name));
        self.fields.push((word, FieldSet::of(field)));
        self.lengths[field as usize] += times;
    }

    fn finish(mut self) -> (DocumentWords, Vec<NameWord>) {
        self.words.sort_unstable();
        let mut words: Vec<u32> = Vec::with_capacity(self.words.len());
        for word in self.words {
            match words.last_mut() {
                Some(last) if *last >> 3 == word >> 3 => *last |= word,
                _ => words.push(word),
            }
        }
        (DocumentWords { words: words.into_boxed_slice(), lengths: self.lengths }, self.name)
    }
}

impl Lexicon {
    /// No documents.
    pub fn new(language: Language, tolerance: Tolerance) -> Self {
        Self {
            tolerance,
            stemmer: Stemmer::new(language),
            ids: FxHashMap::default(),
            words: Vec::new(),
            stem_ids: FxHashMap::default(),
            stems: Vec::new(),
            documents: FxHashMap::default(),
            lengths: [0; TextField::COUNT],
            touched_words: Vec::new(),
            touched_stems: Vec::new(),
            has_compounds: language.has_compounds(),
            names: Names::default(),
            published: Statistics { tolerance, ..Statistics::default() },
        }
    }

    /// Gathers the words of one document.
    pub fn tally(&self) -> Tally {
        Tally { tolerance: self.tolerance, ..Tally::default() }
    }

    /// The id of a folded word; new words are taken in and keep their id until the index is opened again.
    pub fn word_id(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let stem_text = self.stemmer.stem(text);
        let stem = match self.stem_ids.get(&*stem_text) {
            Some(&id) => id,
            None => {
                let text: Arc<str> = Arc::from(&*stem_text);
                let id = self.stems.len() as u32;
                self.stems.push(StemEntry {
                    text: text.clone(),
                    documents: 0,
                    forms: 0,
                    fields: FieldSet::default(),
                    touched: false,
                });
                self.stem_ids.insert(text, id);
                id
            }
        };
        self.stems[stem as usize].forms += 1;
        let text: Arc<str> = Arc::from(text);
        let id = self.words.len() as u32;
        let count = WordCount { shape: Shape::of(&text), ..WordCount::default() };
        self.words.push(WordEntry { text: text.clone(), stem, count, touched: false });
        self.ids.insert(text, id);
        id
    }

    /// The stem of a word taken in before.
    pub fn stem_of(&self, word: u32) -> &str {
        &self.stems[self.words[word as usize].stem as usize].text
    }

    /// Where a word taken in before stands in a name.
    pub fn name_word(&self, word: u32, position: u32) -> NameWord {
        let entry = &self.words[word as usize];
        let position = position.min(u32::from(u16::MAX)) as u16;
        NameWord { position, is_number: has_digit(&entry.text), stem: entry.stem }
    }

    /// The number of a stem; `None` when it was never taken in.
    pub fn known_stem(&self, stem: &str) -> Option<u32> {
        self.stem_ids.get(stem).copied()
    }

    /// Whether the item has a document.
    pub fn contains(&self, item: ItemId) -> bool {
        self.documents.contains_key(&item)
    }

    /// Counts a document, in place of the one the item had.
    pub fn put(&mut self, item: ItemId, mut tally: Tally) {
        for (word, fields) in tally.fields.drain(..) {
            let entry = &mut self.words[word as usize];
            entry.count.fields.add(fields);
            self.stems[entry.stem as usize].fields.add(fields);
        }
        let (new, mut name) = tally.finish();
        // Words at one place by their letters: their numbers depend on what was indexed before.
        let text = |word: &NameWord| &self.stems[word.stem as usize].text;
        name.sort_unstable_by(|a, b| a.position.cmp(&b.position).then_with(|| text(a).cmp(text(b))));
        self.names.put(item, name);
        self.count(&new, 1);
        match self.documents.entry(item) {
            Entry::Occupied(mut entry) => {
                let old = entry.insert(new);
                self.count(&old, -1);
            }
            Entry::Vacant(entry) => {
                entry.insert(new);
            }
        }
    }

    /// Takes a document out of the counts.
    pub fn remove(&mut self, item: ItemId) {
        if let Some(old) = self.documents.remove(&item) {
            self.count(&old, -1);
            self.names.remove(item);
        }
    }

    fn count(&mut self, document: &DocumentWords, sign: i32) {
        let mut stems: Vec<u32> = Vec::with_capacity(document.words.len());
        for &word in &document.words {
            let id = word >> 3;
            let entry = &mut self.words[id as usize];
            entry.count.documents = entry.count.documents.wrapping_add_signed(sign);
            entry.count.tolerant = entry.count.tolerant.wrapping_add_signed(sign * (word >> 2 & 1) as i32);
            entry.count.curated = entry.count.curated.wrapping_add_signed(sign * (word >> 1 & 1) as i32);
            entry.count.names = entry.count.names.wrapping_add_signed(sign * (word & 1) as i32);
            if !std::mem::replace(&mut entry.touched, true) {
                self.touched_words.push(id);
            }
            stems.push(entry.stem);
        }
        stems.sort_unstable();
        stems.dedup();
        for stem in stems {
            let entry = &mut self.stems[stem as usize];
            entry.documents = entry.documents.wrapping_add_signed(sign);
            if !std::mem::replace(&mut entry.touched, true) {
                self.touched_stems.push(stem);
            }
        }
        for (sum, &length) in self.lengths.iter_mut().zip(&document.lengths) {
            *sum = sum.wrapping_add_signed(i64::from(sign) * i64::from(length));
        }
    }

    /// The counts as of now; costs what changed since the last call.
    pub fn publish(&mut self) -> Statistics {
        for id in self.touched_words.drain(..) {
            let entry = &mut self.words[id as usize];
            entry.touched = false;
            if entry.count.documents == 0 {
                self.published.words.remove(&*entry.text);
            } else {
                self.published.words.insert(entry.text.clone(), entry.count);
            }
            if entry.count.documents >= COMMON_DOCUMENTS_MIN {
                self.published.common.insert(entry.text.clone(), entry.count);
            } else {
                self.published.common.remove(&*entry.text);
            }
        }
        for stem in self.touched_stems.drain(..) {
            let entry = &mut self.stems[stem as usize];
            entry.touched = false;
            if entry.documents == 0 {
                self.published.stems.remove(&*entry.text);
                if self.has_compounds {
                    self.published.reversed.remove(&*backwards(&entry.text));
                }
            } else {
                let count = StemCount {
                    documents: entry.documents,
                    id: stem,
                    has_one_form: entry.forms == 1,
                    fields: entry.fields,
                };
                self.published.stems.insert(entry.text.clone(), count);
                if self.has_compounds {
                    self.published.reversed.insert(backwards(&entry.text).into(), entry.documents);
                }
            }
        }
        self.published.documents = self.documents.len() as u32;
        self.published.lengths = self.lengths;
        self.published.names = self.names.clone();
        self.published.clone()
    }
}

/// A word from its last letter to its first.
pub(super) fn backwards(word: &str) -> String {
    word.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(lexicon: &mut Lexicon, item: u32, words: &[(&str, TextField)]) {
        let mut tally = lexicon.tally();
        for (word, field) in words {
            let id = lexicon.word_id(word);
            tally.add(id, *field, 1);
        }
        lexicon.put(ItemId(item), tally);
    }

    #[test]
    fn counts_documents_not_occurrences() {
        let mut lexicon = Lexicon::new(Language::of_locale("en"), Tolerance::default());
        put(
            &mut lexicon,
            1,
            &[("shoe", TextField::Name), ("shoes", TextField::Description), ("shoe", TextField::Brand)],
        );
        put(&mut lexicon, 2, &[("shoes", TextField::Description)]);
        let statistics = lexicon.publish();
        let counts = |word: &str| {
            let count = statistics.words[word];
            (count.documents, count.curated, count.names)
        };
        assert_eq!(counts("shoe"), (1, 1, 1));
        assert_eq!(counts("shoes"), (2, 0, 0));
        assert_eq!((statistics.stems["shoe"].documents, statistics.stems["shoe"].has_one_form), (2, false));
        assert_eq!(statistics.lengths, [1, 0, 1, 0, 0, 2, 0]);
    }

    #[test]
    fn a_word_is_common_while_enough_documents_have_it() {
        let mut lexicon = Lexicon::new(Language::of_locale("en"), Tolerance::default());
        for item in 0..COMMON_DOCUMENTS_MIN {
            assert!(lexicon.publish().common.is_empty());
            put(&mut lexicon, item, &[("red", TextField::Name)]);
        }
        let statistics = lexicon.publish();
        assert_eq!(statistics.common.get("red"), statistics.words.get("red"));
        lexicon.remove(ItemId(0));
        assert!(lexicon.publish().common.is_empty());
    }

    #[test]
    fn what_is_removed_leaves_no_trace() {
        let mut lexicon = Lexicon::new(Language::of_locale("en"), Tolerance::default());
        put(&mut lexicon, 1, &[("red", TextField::Name)]);
        let before = lexicon.publish();
        put(&mut lexicon, 2, &[("red", TextField::Name), ("blue", TextField::Name)]);
        put(&mut lexicon, 2, &[("green", TextField::Sku)]);
        lexicon.publish();
        lexicon.remove(ItemId(2));
        lexicon.remove(ItemId(3));
        let after = lexicon.publish();
        assert_eq!((after.documents, after.lengths), (before.documents, before.lengths));
        assert!(after.words == before.words && after.stems == before.stems);
        assert!(after.names.of(ItemId(2)).is_empty());
    }
}
