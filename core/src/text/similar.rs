//! Which items are described in the same words?
//!
//! The words that say most of an item (weighted like a match, times rarity; name, brand, categories, attributes) are
//! searched, and what shares the most of them comes first. Descriptions are left out: prose is alike for reasons
//! that have nothing to do with the product.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::analyzer::Stemmer;
use super::best::{Best, give_back};
use super::compile::{Compiler, Group, Words};
use super::document::{FieldWeights, TextDoc, TextField};
use super::error::TextError;
use super::evaluate::Join;
use super::schema::words_of;
use super::score::{idf, saturate};
use super::segmenter::is_character;
use super::view::TextView;
use crate::id::ItemId;

/// How many words of the item are searched.
const WORDS_MAX: usize = 24;

impl TextView {
    /// At most `k` items of the universe most like `doc`, best first, ties by item id; never `doc.item` itself.
    /// The document need not be in the index.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn similar(
        &self,
        doc: &TextDoc,
        k: usize,
        universe: Option<&RoaringBitmap>,
    ) -> Result<Vec<(ItemId, f32)>, TextError> {
        let weights = FieldWeights { sku: 0.0, description: 0.0, ..FieldWeights::default() };
        let mut compiler = Compiler::new(self, &weights);
        let groups: Vec<Group> = self
            .telling_words(doc, &weights)
            .into_iter()
            .filter_map(|(word, weight)| compiler.word(&word, weight))
            .map(Group::of)
            .collect();
        let mut best = Best::plain();
        self.evaluate(&mut self.look_up(), &groups, (Join::Share(0.0), Words::AsTyped), universe, &mut best)?;
        let hits = best.finish();
        let mut found: Vec<(ItemId, f32)> =
            hits.iter().filter(|hit| hit.item != doc.item).map(|hit| (hit.item, hit.score)).collect();
        give_back(hits);
        let order = |a: &(ItemId, f32), b: &(ItemId, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if found.len() > k {
            found.select_nth_unstable_by(k, order);
            found.truncate(k);
        }
        found.sort_unstable_by(order);
        Ok(found)
    }

    /// The words that say most, one for each stem, with weights in `(0, 1]`.
    fn telling_words(&self, doc: &TextDoc, weights: &FieldWeights) -> Vec<(String, f32)> {
        let mut stemmer = Stemmer::new(self.language());
        let mut occurrences: BTreeMap<String, (String, f32)> = BTreeMap::new();
        let fields = words_of(self.language(), doc);
        for (field, words) in TextField::ALL.into_iter().zip(&fields) {
            let weight = weights.of(field);
            for word in words.iter().filter(|word| weight > 0.0 && !is_character(&word.text)) {
                let stem = stemmer.stem(&word.text).into_owned();
                let entry = occurrences.entry(stem).or_insert_with(|| (word.text.clone(), 0.0));
                entry.1 += weight * f32::from(word.times);
            }
        }
        let statistics = self.statistics();
        let mut words: Vec<(String, f32)> = occurrences
            .into_iter()
            .filter_map(|(stem, (word, tf))| {
                let matching = statistics.stems.get(stem.as_str())?.documents;
                Some((word, saturate(idf(statistics.documents, matching), tf)))
            })
            .collect();
        // Stable, so that equals stay in letter order of their stems.
        words.sort_by(|a, b| b.1.total_cmp(&a.1));
        words.truncate(WORDS_MAX);
        let top = words.first().map_or(1.0, |(_, weight)| *weight);
        words.into_iter().map(|(word, weight)| (word, weight / top)).collect()
    }
}
