//! How do words reach the index without being cut a second time?
//!
//! tantivy cuts texts with tokenizers of its own, or takes tokens that were cut before; the latter it copies as JSON on
//! the way to the thread that writes segments, which cost more than indexing them. So a field travels as one string in
//! which every word is led by a character that says where it stands, and a tokenizer reads them back. Words hold letters
//! and digits only, so that no word looks like such a character. Cutting itself is the analyzer's.

use std::ops::Range;

use smallvec::SmallVec;
use tantivy::schema::Field;
use tantivy::schema::document::{Document, ReferenceValue, ReferenceValueLeaf, Value};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// The name under which [`Replay`] is registered.
pub(super) const REPLAY: &str = "replay";

/// Before a word one place behind the word before it, or at the first place.
const NEXT: u8 = 1;
/// Before a word at the place of the word before it.
const SAME: u8 = 2;
/// Before a word at any other place: the place follows in decimal digits, then [`NEXT`], then the word.
const AT: u8 = 3;
/// The word before once more.
const AGAIN: u8 = 4;

/// One item's words on their way into the index.
#[derive(Debug)]
pub(super) struct Feed {
    item: (Field, u64),
    /// The words of all fields, one field behind the other.
    text: String,
    fields: SmallVec<[(Field, Range<usize>); 14]>,
}

impl Feed {
    /// Nothing but the item's number.
    pub fn new(field: Field, item: u64) -> Self {
        Self { item: (field, item), text: String::new(), fields: SmallVec::new() }
    }

    /// Adds a field: its words in any order, each with its place and how many times it counts.
    pub fn add<'a>(&mut self, field: Field, words: impl Iterator<Item = (&'a str, u32, u8)>) {
        let start = self.text.len();
        let mut next = 0;
        for (word, place, times) in words {
            if times == 0 {
                continue;
            }
            if place == next {
                self.text.push(char::from(NEXT));
            } else if place + 1 == next {
                self.text.push(char::from(SAME));
            } else {
                self.text.push(char::from(AT));
                self.text.push_str(&place.to_string());
                self.text.push(char::from(NEXT));
            }
            self.text.push_str(word);
            self.text.extend(std::iter::repeat_n(char::from(AGAIN), usize::from(times) - 1));
            next = place + 1;
        }
        if self.text.len() > start {
            self.fields.push((field, start..self.text.len()));
        }
    }
}

impl Document for Feed {
    type Value<'a> = FeedValue<'a>;
    type FieldsValuesIter<'a> = FeedValues<'a>;

    fn iter_fields_and_values(&self) -> FeedValues<'_> {
        FeedValues { feed: self, at: 0 }
    }
}

/// The item's number, then the fields with words.
pub(super) struct FeedValues<'a> {
    feed: &'a Feed,
    at: usize,
}

impl<'a> Iterator for FeedValues<'a> {
    type Item = (Field, FeedValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        self.at += 1;
        let Some(at) = at.checked_sub(1) else {
            return Some((self.feed.item.0, FeedValue::Item(self.feed.item.1)));
        };
        let (field, range) = self.feed.fields.get(at)?;
        Some((*field, FeedValue::Words(&self.feed.text[range.clone()])))
    }
}

/// A field's value.
#[derive(Clone, Copy, Debug)]
pub(super) enum FeedValue<'a> {
    Item(u64),
    Words(&'a str),
}

impl<'a> Value<'a> for FeedValue<'a> {
    type ArrayIter = std::iter::Empty<Self>;
    type ObjectIter = std::iter::Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        ReferenceValue::Leaf(match *self {
            Self::Item(item) => ReferenceValueLeaf::U64(item),
            Self::Words(words) => ReferenceValueLeaf::Str(words),
        })
    }
}

/// Gives the words of a [`Feed`] back as tokens.
#[derive(Clone, Default)]
pub(super) struct Replay {
    token: Token,
}

impl Tokenizer for Replay {
    type TokenStream<'a> = Replayed<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Replayed<'a> {
        self.token.reset();
        Replayed { token: &mut self.token, rest: text, next: 0 }
    }
}

/// A field being read.
pub(super) struct Replayed<'a> {
    token: &'a mut Token,
    rest: &'a str,
    /// The place behind the last word.
    next: usize,
}

impl<'a> Replayed<'a> {
    /// Takes off what stands before the next mark.
    fn until_mark(&mut self) -> &'a str {
        let end = self.rest.bytes().position(|b| b <= AGAIN).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

impl TokenStream for Replayed<'_> {
    fn advance(&mut self) -> bool {
        let Some(&mark) = self.rest.as_bytes().first() else { return false };
        self.rest = &self.rest[1..];
        if mark == AGAIN {
            return true;
        }
        let place = match mark {
            AT => {
                // Written by `Feed::add`, so that there are digits and a mark behind them.
                let place = self.until_mark().parse().unwrap_or(self.next);
                self.rest = self.rest.get(1..).unwrap_or_default();
                place
            }
            SAME => self.next.saturating_sub(1),
            _ => self.next,
        };
        let word = self.until_mark();
        self.token.text.clear();
        self.token.text.push_str(word);
        self.token.position = place;
        self.next = place + 1;
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replayed(text: &str) -> Vec<(String, usize)> {
        let mut replay = Replay::default();
        let mut stream = replay.token_stream(text);
        let mut tokens = Vec::new();
        stream.process(&mut |token| tokens.push((token.text.clone(), token.position)));
        tokens
    }

    #[test]
    fn what_goes_in_comes_out() {
        let words = [
            ("wi", 0, 1),
            ("fi", 1, 2),
            ("wifi", 0, 1),
            ("5.5", 1, 1),
            ("gone", 2, 0),
            ("電", 7, 1),
            ("é", 7, 3),
            ("last", 4_000_000, 1),
        ];
        let mut feed = Feed::new(Field::from_field_id(0), 7);
        feed.add(Field::from_field_id(1), words.into_iter());
        feed.add(Field::from_field_id(2), std::iter::empty());
        feed.add(Field::from_field_id(3), std::iter::once(("far", 3, 1)));
        let values: Vec<_> = feed.iter_fields_and_values().collect();
        let [(_, FeedValue::Item(7)), (first, FeedValue::Words(text)), (third, FeedValue::Words(far))] = values[..]
        else {
            panic!("{values:?}")
        };
        assert_eq!((first.field_id(), third.field_id()), (1, 3));
        let expected = words.iter().flat_map(|&(word, place, times)| {
            std::iter::repeat_n((word.to_owned(), place as usize), usize::from(times))
        });
        assert_eq!(replayed(text), expected.collect::<Vec<_>>());
        assert_eq!(replayed(far), [("far".to_owned(), 3)]);
        assert_eq!(replayed(""), []);
    }
}
