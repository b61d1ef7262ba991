//! Which product conditions hold for the products of a profile?
//!
//! Every product that questions look at has a place, a bit; of each list (views, a cart, the events of a kind) it is
//! known which bits are on it. So "a red one among those put into the cart" is one word of bits against another, and a
//! condition is evaluated only for what the index leaves open and somebody asks about, once a product and request.

use super::evaluate::{Person, each_listed};
use super::gate::{Clue, fact_bit, has, list_bit};
use super::index::{Found, WhereId};
use super::{Audiences, List};
use crate::catalog::Catalog;
use crate::expr::EvalContext;
use crate::expr::one::holds_for;
use crate::id::ItemId;
use crate::signal::event::EventKind;
use crate::visitor::Happened;

/// Lists that bits are kept of: one a bit of facts.
const LISTS: usize = 64;
const PRODUCT_LISTS: [List; 4] = [List::Cart, List::Wishlist, List::Viewed, List::Ordered];

/// The products of one profile, with what is known of them.
pub(super) struct Seen<'a> {
    set: &'a Audiences,
    catalog: &'a Catalog,
    context: &'a EvalContext<'a>,
    /// As they stand in the profile, in order of id.
    items: Vec<ItemId>,
    /// What they are: what was seen under a variant's sku before the product came is the product.
    products: Vec<ItemId>,
    words: usize,
    /// The products of each list, by place of its bit.
    lists: Vec<u64>,
    /// Of each line of the history the place of its product, behind the last of one that is not looked at.
    places: Vec<usize>,
    found: Found,
}

impl<'a> Seen<'a> {
    /// The products that any question looks at.
    pub fn new(set: &'a Audiences, person: &Person<'_>, catalog: &'a Catalog, context: &'a EvalContext<'a>) -> Self {
        let events = &person.visitor.events;
        let is_asked = |line: &&Happened| set.lists >> (has::EVENT + u32::from(line.code())) & 1 == 1;
        let mut items: Vec<ItemId> = events.iter().filter(is_asked).map(|line| line.item).collect();
        let lists = PRODUCT_LISTS.into_iter().filter(|list| set.lists & list_bit(*list) != 0);
        lists.clone().for_each(|list| each_listed(person, list, |item, _| items.push(item)));
        items.retain(|item| *item != Happened::NO_ITEM);
        items.sort_unstable();
        items.dedup();
        let words = items.len().div_ceil(64);
        let products: Vec<ItemId> = items.iter().map(|item| catalog.stands_for(*item)).collect();
        let found = set.wheres.find(&products, context.members(catalog));
        let (lists_of, places) = (vec![0; LISTS * words], Vec::new());
        let mut seen = Self { set, catalog, context, items, products, words, lists: lists_of, places, found };
        seen.places = events.iter().map(|line| seen.place(line.item)).collect();
        for (line, at) in events.iter().zip(0..) {
            seen.enlist(has::EVENT + u32::from(line.code()), seen.places[at]);
        }
        lists.for_each(|list| {
            each_listed(person, list, |item, _| seen.enlist(list_bit(list).trailing_zeros(), seen.place(item)));
        });
        seen
    }

    fn enlist(&mut self, list: u32, place: usize) {
        if place < self.items.len() {
            self.lists[list as usize * self.words + place / 64] |= 1 << (place % 64);
        }
    }

    /// Behind the last of a product that no question looks at.
    pub fn place(&self, item: ItemId) -> usize {
        self.items.binary_search(&item).unwrap_or(self.items.len())
    }

    /// The place of the product of a line of the history.
    #[inline]
    pub fn place_of_line(&self, line: usize) -> usize {
        self.places[line]
    }

    /// Whether there may be such a product; cheap.
    #[inline]
    pub fn may_have(&self, clue: Clue) -> bool {
        (0..self.words).any(|word| {
            let told = self.found.told(clue.wanted, word);
            self.listed(clue.list, word) & (told.certain() | told.rest() | told.whole()) != 0
        })
    }

    /// Whether the condition holds for a product on a list.
    pub fn is_on(&self, list: List, wanted: WhereId) -> bool {
        self.is_any(list_bit(list).trailing_zeros(), wanted)
    }

    /// Whether the condition holds for a product of an event of a kind.
    pub fn is_in_event(&self, kind: EventKind, wanted: WhereId) -> bool {
        self.is_any(fact_bit(kind).trailing_zeros(), wanted)
    }

    #[inline]
    fn is_any(&self, list: u32, wanted: WhereId) -> bool {
        (0..self.words).any(|word| {
            let of = self.listed(list, word);
            let told = self.found.told(wanted, word);
            told.certain() & of != 0 || bits((told.rest() | told.whole()) & of).any(|bit| self.ask(wanted, word, bit))
        })
    }

    /// Whether the condition holds for the product at a place.
    #[inline]
    pub fn holds(&self, wanted: WhereId, place: usize) -> bool {
        if place >= self.items.len() {
            return false;
        }
        let (word, bit) = (place / 64, place as u32 % 64);
        let told = self.found.told(wanted, word);
        let is_in = |bits: u64| bits >> bit & 1 == 1;
        is_in(told.certain()) || is_in(told.rest() | told.whole()) && self.ask(wanted, word, bit)
    }

    #[inline]
    fn listed(&self, list: u32, word: usize) -> u64 {
        self.lists[list as usize * self.words + word]
    }

    /// Evaluates what the index left open of one product.
    fn ask(&self, wanted: WhereId, word: usize, bit: u32) -> bool {
        let told = self.found.told(wanted, word);
        let item = self.products[word * 64 + bit as usize];
        let is_in = |bits: u64| bits >> bit & 1 == 1;
        let asked = |condition| holds_for(condition, self.catalog, item, self.context);
        let holds = is_in(told.rest()) && self.set.wheres.rest(wanted).is_some_and(asked)
            || is_in(told.whole()) && asked(self.set.wheres.get(wanted));
        told.settle(1 << bit, u64::from(holds) << bit);
        holds
    }
}

/// The places of the bits that are set.
fn bits(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(bit)
    })
}
