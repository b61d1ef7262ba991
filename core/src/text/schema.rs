//! What stands in the tantivy index?
//!
//! Each field twice: as written (`name`, with its length) and stemmed (`name_stem`, with positions). Two fields and
//! not one, because the written words serve prefixes, completions and corrections and tell an exact occurrence from
//! an inflected one, while phrases want inflected forms; so positions are paid for once. Nothing is stored: the
//! item id is a fast field, everything else is in the columns.

use tantivy::schema::{Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};

use super::analyzer::{Compound, Language, compounds, squeeze};
use super::document::{TextDoc, TextField};
use super::feed::REPLAY;
use super::segmenter::{characters, is_unspaced_word};
use crate::limits::ATTRIBUTE_WEIGHT_MAX;

/// Name of the fast field with the item id.
pub(super) const ITEM: &str = "item";

/// Handles of the index's fields; array position is [`TextField`] as a number.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub item: Field,
    pub exact: [Field; TextField::COUNT],
    /// `None` where words are not stemmed.
    pub stem: [Option<Field>; TextField::COUNT],
}

/// The schema and its handles.
pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let item = builder.add_u64_field(ITEM, NumericOptions::default().set_indexed().set_fast());
    let indexing = |option| TextFieldIndexing::default().set_tokenizer(REPLAY).set_index_option(option);
    let exact = TextField::ALL.map(|field| {
        let options = indexing(IndexRecordOption::WithFreqs).set_fieldnorms(true);
        builder.add_text_field(field.name(), TextOptions::default().set_indexing_options(options))
    });
    let stem = TextField::ALL.map(|field| {
        let options = indexing(IndexRecordOption::WithFreqsAndPositions).set_fieldnorms(false);
        let options = TextOptions::default().set_indexing_options(options);
        field.is_stemmed().then(|| builder.add_text_field(&format!("{}_stem", field.name()), options))
    });
    (builder.build(), Fields { item, exact, stem })
}

/// One word of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    /// Words side by side have positions that differ by one; so have characters, which count by themselves.
    pub position: u32,
    /// How many times it counts.
    pub times: u8,
}

/// The words of each field, in order.
pub(super) fn words_of(language: Language, doc: &TextDoc) -> [Vec<Word>; TextField::COUNT] {
    let one = |text: &str| {
        let mut words = FieldWords::default();
        words.add(compounds(language, text), 1);
        words.words
    };
    let mut categories = FieldWords::default();
    for category in &doc.categories {
        categories.add(compounds(language, category), 1);
    }
    let weighted = |values: &[(String, u8)]| {
        let mut words = FieldWords::default();
        for (value, weight) in values {
            words.add(compounds(language, value), (*weight).min(ATTRIBUTE_WEIGHT_MAX));
        }
        words.words
    };
    let mut skus = FieldWords::default();
    for sku in &doc.skus {
        let whole = squeeze(sku).map(|word| Compound { parts: [word].into_iter().collect(), ..Compound::default() });
        skus.add(whole.into_iter().collect(), 1);
    }
    let (attributes, verbatim) = (weighted(&doc.attributes), weighted(&doc.verbatim));
    let description = one(&doc.description);
    [one(&doc.name), skus.words, one(&doc.brand), categories.words, attributes, description, verbatim]
}

#[derive(Default)]
struct FieldWords {
    words: Vec<Word>,
    next: u32,
    /// Characters have places of their own.
    next_character: u32,
}

impl FieldWords {
    /// Adds one value; no phrase reaches from one value into the next, nor over a comma or bracket.
    fn add(&mut self, compounds: Vec<Compound>, times: u8) {
        if times == 0 {
            return;
        }
        for Compound { parts, joined, apart, measures } in compounds {
            self.next += u32::from(apart);
            let first = self.next;
            let is_unspaced = parts.first().is_some_and(|part| is_unspaced_word(part));
            self.next_character += u32::from(apart || !is_unspaced);
            for text in parts {
                if is_unspaced {
                    for text in characters(&text) {
                        self.words.push(Word { text, position: self.next_character, times });
                        self.next_character += 1;
                    }
                }
                self.words.push(Word { text, position: self.next, times });
                self.next += 1;
            }
            for text in joined.into_iter().chain(measures) {
                self.words.push(Word { text, position: first, times });
            }
        }
        self.next += 1;
        self.next_character += 1;
    }
}
