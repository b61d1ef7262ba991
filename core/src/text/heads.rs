//! Which word of a name says what the product is?
//!
//! In English and its kin the last one before a comma, a "for" or the like: `table lamp with shade` is a lamp. A word
//! right behind a number is its unit and says how much. Languages that put what a thing is in front are read in the
//! same way, so there the word is often a color or a size; whoever counts such words sees that they say little.

use super::analyzer::{Stemmer, compounds};
use super::view::TextView;
use crate::id::ItemId;

/// A word that live documents have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownWord {
    /// Number of its stem, good within one view.
    pub stem: u32,
    /// Live documents that have one of its forms in any field; above 0.
    pub documents: u32,
}

impl TextView {
    /// The words of a text that live documents have, in order, but for those that carry nothing of a query.
    pub fn known_words(&self, text: &str) -> Vec<KnownWord> {
        let mut stemmer = Stemmer::new(self.language());
        let mut known = Vec::new();
        let compounds = compounds(self.language(), text);
        let words = compounds.iter().flat_map(|compound| &compound.parts);
        for word in words.filter(|word| !self.is_stop_word(word)) {
            let count = self.statistics().stems.get(&*stemmer.stem(word));
            known.extend(count.map(|count| KnownWord { stem: count.id, documents: count.documents }));
        }
        known
    }

    /// Whether an item's name has the word in any form.
    pub fn is_in_name(&self, item: ItemId, word: KnownWord) -> bool {
        self.statistics().names.of(item).iter().any(|own| own.stem == word.stem)
    }

    /// Stem of the word that says what the item is, a number good within this view; `None` when its name has no word
    /// that may.
    pub fn name_head(&self, item: ItemId) -> Option<u32> {
        let name = self.statistics().names.of(item);
        let mut head = None;
        let mut before = name.first()?.position;
        let mut number = None;
        for word in name {
            if word.position > before + 1 || self.roles().is_aside(word.stem) {
                // What stands in front may be nothing but a number or a bracket: then the name begins here.
                if head.is_some() {
                    break;
                }
            }
            before = word.position;
            if word.is_number {
                number = Some(word.position);
            } else if number.is_none_or(|number| number + 1 != word.position) && !self.roles().is_aside(word.stem) {
                head = Some(word.stem);
            }
        }
        head
    }
}

#[cfg(test)]
mod tests {
    use crate::id::ItemId;
    use crate::text::{TextDoc, TextIndex, Tolerance};

    #[test]
    fn the_head_ends_the_part_that_says_what_it_is() {
        let (mut index, _) = TextIndex::open(None, "en", Tolerance::default()).unwrap();
        let names = [
            ("Table lamps with shade", "lamp"),
            ("Lamp shade, white", "shade"),
            ("Bottle 500 ml", "bottle"),
            ("12 in. mixing bowl", "bowl"),
            ("for phones", "phone"),
        ];
        let docs: Vec<TextDoc> = names.iter().zip(0..).map(|((name, _), n)| TextDoc::named(ItemId(n), *name)).collect();
        index.apply(&docs, &[]).unwrap();
        let view = index.commit(1).unwrap();
        for ((name, head), n) in names.into_iter().zip(0..) {
            let word = view.known_words(head)[0];
            assert_eq!(view.name_head(ItemId(n)), Some(word.stem), "{name}");
            assert!(view.is_in_name(ItemId(n), word));
        }
        assert_eq!(view.name_head(ItemId(99)), None);
        assert!(view.known_words("unheard for").is_empty());
        assert_eq!(view.known_words("lamp")[0].documents, 2);
    }
}
