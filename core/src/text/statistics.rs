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

use super::analyzer::{Language, Stemmer};
use super::document::TextField;
use crate::id::ItemId;

/// Counts of one word as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WordCount {
    /// Live documents that have the word in any field.
    pub documents: u32,
    /// Live documents that have it in the name.
    pub names: u32,
}

/// The counts a view scores with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Statistics {
    /// Live documents.
    pub documents: u32,
    /// Words in all live documents, by field, repetitions included.
    pub lengths: [u64; TextField::COUNT],
    /// Every live word as written.
    pub words: OrdMap<Arc<str>, WordCount>,
    /// Every live stem with the number of documents that have one of its forms in any field.
    pub stems: OrdMap<Arc<str>, u32>,
}

/// The writer's side of the counts: interned words, and which words each document has.
pub(super) struct Lexicon {
    stemmer: Stemmer,
    ids: FxHashMap<Arc<str>, u32>,
    words: Vec<WordEntry>,
    stem_ids: FxHashMap<Arc<str>, u32>,
    stems: Vec<StemEntry>,
    documents: FxHashMap<ItemId, DocumentWords>,
    lengths: [u64; TextField::COUNT],
    touched_words: Vec<u32>,
    touched_stems: Vec<u32>,
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
    touched: bool,
}

/// What one document adds to the counts.
#[derive(Debug, Default, PartialEq, Eq)]
struct DocumentWords {
    /// Distinct words in increasing order: the word's id times two, plus one when it is in the name.
    words: Box<[u32]>,
    lengths: [u32; TextField::COUNT],
}

/// Gathers one document's words; see [`Lexicon::put`].
#[derive(Debug, Default)]
pub(super) struct Tally {
    words: Vec<u32>,
    lengths: [u32; TextField::COUNT],
}

impl Tally {
    /// Counts `times` occurrences of a word.
    pub fn add(&mut self, word: u32, field: TextField, times: u32) {
        self.words.push(word << 1 | u32::from(field == TextField::Name));
        self.lengths[field as usize] += times;
    }

    fn finish(mut self) -> DocumentWords {
        // In the name sorts behind not in the name, so the last of equal words says it all.
        self.words.sort_unstable();
        let mut words: Vec<u32> = Vec::with_capacity(self.words.len());
        for word in self.words {
            match words.last_mut() {
                Some(last) if *last >> 1 == word >> 1 => *last = word,
                _ => words.push(word),
            }
        }
        DocumentWords { words: words.into_boxed_slice(), lengths: self.lengths }
    }
}

impl Lexicon {
    /// No documents.
    pub fn new(language: Language) -> Self {
        Self {
            stemmer: Stemmer::new(language),
            ids: FxHashMap::default(),
            words: Vec::new(),
            stem_ids: FxHashMap::default(),
            stems: Vec::new(),
            documents: FxHashMap::default(),
            lengths: [0; TextField::COUNT],
            touched_words: Vec::new(),
            touched_stems: Vec::new(),
            published: Statistics::default(),
        }
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
                self.stems.push(StemEntry { text: text.clone(), documents: 0, touched: false });
                self.stem_ids.insert(text, id);
                id
            }
        };
        let text: Arc<str> = Arc::from(text);
        let id = self.words.len() as u32;
        self.words.push(WordEntry { text: text.clone(), stem, count: WordCount::default(), touched: false });
        self.ids.insert(text, id);
        id
    }

    /// The stem of a word taken in before.
    pub fn stem_of(&self, word: u32) -> &str {
        &self.stems[self.words[word as usize].stem as usize].text
    }

    /// Whether the item has a document.
    pub fn contains(&self, item: ItemId) -> bool {
        self.documents.contains_key(&item)
    }

    /// Counts a document, in place of the one the item had.
    pub fn put(&mut self, item: ItemId, tally: Tally) {
        let new = tally.finish();
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
        }
    }

    fn count(&mut self, document: &DocumentWords, sign: i32) {
        let mut stems: Vec<u32> = Vec::with_capacity(document.words.len());
        for &word in &document.words {
            let id = word >> 1;
            let entry = &mut self.words[id as usize];
            entry.count.documents = entry.count.documents.wrapping_add_signed(sign);
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
        }
        for id in self.touched_stems.drain(..) {
            let entry = &mut self.stems[id as usize];
            entry.touched = false;
            if entry.documents == 0 {
                self.published.stems.remove(&*entry.text);
            } else {
                self.published.stems.insert(entry.text.clone(), entry.documents);
            }
        }
        self.published.documents = self.documents.len() as u32;
        self.published.lengths = self.lengths;
        self.published.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(lexicon: &mut Lexicon, item: u32, words: &[(&str, TextField)]) {
        let mut tally = Tally::default();
        for (word, field) in words {
            let id = lexicon.word_id(word);
            tally.add(id, *field, 1);
        }
        lexicon.put(ItemId(item), tally);
    }

    #[test]
    fn counts_documents_not_occurrences() {
        let mut lexicon = Lexicon::new(Language::of_locale("en"));
        put(
            &mut lexicon,
            1,
            &[("shoe", TextField::Name), ("shoes", TextField::Description), ("shoe", TextField::Brand)],
        );
        put(&mut lexicon, 2, &[("shoes", TextField::Description)]);
        let statistics = lexicon.publish();
        assert_eq!(statistics.words["shoe"], WordCount { documents: 1, names: 1 });
        assert_eq!(statistics.words["shoes"], WordCount { documents: 2, names: 0 });
        assert_eq!(statistics.stems["shoe"], 2);
        assert_eq!(statistics.lengths, [1, 0, 1, 0, 0, 2]);
    }

    #[test]
    fn what_is_removed_leaves_no_trace() {
        let mut lexicon = Lexicon::new(Language::of_locale("en"));
        put(&mut lexicon, 1, &[("red", TextField::Name)]);
        let before = lexicon.publish();
        put(&mut lexicon, 2, &[("red", TextField::Name), ("blue", TextField::Name)]);
        put(&mut lexicon, 2, &[("green", TextField::Sku)]);
        lexicon.publish();
        lexicon.remove(ItemId(2));
        lexicon.remove(ItemId(3));
        assert_eq!(lexicon.publish(), before);
    }
}
