//! Which conditions on products can hold for a product at all?
//!
//! A thousand audiences ask about a thousand sets of products, a shopper looked at ten. So conditions are found from the
//! product: each is filed under keys (a sku, a brand, a category, the value of an attribute) of which the product must
//! have one for it to hold, as subscriptions are in a matcher (Whang et al., "Indexing Boolean Expressions", VLDB 2009),
//! and only what the keys leave open is evaluated. A condition without such keys is found from every product.

use std::cell::Cell;
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::catalog::attribute::fold_text;
use crate::catalog::{BRAND, Catalog};
use crate::expr::evaluate::{VISIBLE_IN, as_number};
use crate::expr::{Condition, FIELDS, Members, Test, Value};
use crate::id::{CategoryId, ItemId};

/// A condition's number in the index.
pub type WhereId = u32;

/// Distinct conditions on products.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wheres {
    conditions: Vec<Filed>,
    ids: BTreeMap<String, WhereId>,
    skus: Keys,
    /// By path, folded.
    categories: Keys,
    /// By code, then by value, folded.
    attributes: Vec<(String, Keys)>,
    /// Those that any product may satisfy.
    unkeyed: Vec<WhereId>,
    /// Whether the keys of each say all of it.
    whole: Vec<bool>,
}

type Keys = FxHashMap<Box<str>, Vec<WhereId>>;

/// A condition and what is left to ask of a product that was found by its keys.
#[derive(Clone, Debug, PartialEq)]
struct Filed {
    condition: Condition,
    /// `None` when the keys say all of it.
    rest: Option<Condition>,
}

/// What the index says of some products: a bit each, by condition.
#[derive(Debug)]
pub struct Found {
    /// Words of a row of bits.
    words: usize,
    bits: Vec<[Cell<u64>; 3]>,
}

/// What the index says of a condition, of 64 products.
pub struct Told<'f>(&'f [Cell<u64>; 3]);

impl Told<'_> {
    /// Products for which it is certain.
    #[inline]
    pub fn certain(&self) -> u64 {
        self.0[0].get()
    }

    /// Products that have the keys and one variant: the rest must hold.
    #[inline]
    pub fn rest(&self) -> u64 {
        self.0[1].get()
    }

    /// Products that must be asked for the whole condition.
    #[inline]
    pub fn whole(&self) -> u64 {
        self.0[2].get()
    }

    /// Products that were asked, and those of them for which it is certain now.
    #[inline]
    pub fn settle(&self, asked: u64, certain: u64) {
        self.0[0].set(self.certain() | certain);
        self.0[1].set(self.rest() & !asked);
        self.0[2].set(self.whole() & !asked);
    }
}

impl Found {
    /// What is said of the products of one word of bits.
    #[inline]
    pub fn told(&self, id: WhereId, word: usize) -> Told<'_> {
        Told(&self.bits[id as usize * self.words + word])
    }
}

impl Wheres {
    /// The number of a condition, new or not.
    pub fn intern(&mut self, condition: &Condition) -> WhereId {
        let text = crate::expr::to_json(condition).to_string();
        if let Some(&known) = self.ids.get(&text) {
            return known;
        }
        let id = self.conditions.len() as WhereId;
        self.ids.insert(text, id);
        match access(condition) {
            Some(keys) => keys.iter().for_each(|key| self.file(key, id)),
            None => self.unkeyed.push(id),
        }
        let rest = rest(condition);
        self.whole.push(rest.is_none());
        self.conditions.push(Filed { condition: condition.clone(), rest });
        id
    }

    fn file(&mut self, key: &Key, id: WhereId) {
        let (keys, text) = match key {
            Key::Sku(sku) => (&mut self.skus, sku),
            Key::Category(path) => (&mut self.categories, path),
            Key::Attribute(code, value) => {
                let at = self.attributes.iter().position(|(known, _)| known == code).unwrap_or_else(|| {
                    self.attributes.push((code.clone(), Keys::default()));
                    self.attributes.len() - 1
                });
                (&mut self.attributes[at].1, value)
            }
        };
        let ids = keys.entry(text.as_str().into()).or_default();
        if ids.last() != Some(&id) {
            ids.push(id);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.conditions.len()
    }

    /// A condition by number.
    pub fn get(&self, id: WhereId) -> &Condition {
        &self.conditions[id as usize].condition
    }

    /// What is left to ask of a product that is among [`Told::rest`].
    pub fn rest(&self, id: WhereId) -> Option<&Condition> {
        self.conditions[id as usize].rest.as_ref()
    }

    /// Which conditions may hold for these products, the bit of each its place.
    pub fn find<'a>(&'a self, items: &[ItemId], members: Members<'a>) -> Found {
        let catalog = members.catalog;
        let words = items.len().div_ceil(64);
        let found = Found { words, bits: vec![Default::default(); self.conditions.len() * words] };
        let known = |(code, keys): &'a (String, Keys)| {
            let id = catalog.attribute_id(code)?;
            Some((id, catalog.attribute(id)?, keys))
        };
        let attributes: SmallVec<[_; 8]> = self.attributes.iter().filter_map(known).collect();
        let names_skus = !self.skus.is_empty();
        let mut folded: FxHashMap<(u32, u32), &[WhereId]> = FxHashMap::default();
        let mut shelves: FxHashMap<CategoryId, Shelf<'_>> = FxHashMap::default();
        for (place, &item) in items.iter().enumerate() {
            let variants = catalog.variants_of(item);
            let (word, bit) = (place / 64, 1 << (place % 64));
            let hit = |ids: &[WhereId], is_plain: bool| {
                for &id in ids {
                    let row = match (self.whole[id as usize], variants.len()) {
                        (true, 1..) if is_plain => 0,
                        (false, 1) if is_plain => 1,
                        _ => 2,
                    };
                    let bits = &found.told(id, word).0[row];
                    bits.set(bits.get() | bit);
                }
            };
            if names_skus {
                hit(named(&self.skus, catalog.sku_of(item)), true);
                variants.iter().for_each(|variant| hit(named(&self.skus, catalog.variant_sku_of(*variant)), true));
            }
            for &variant in variants {
                for (id, attribute, keys) in &attributes {
                    for ordinal in catalog.ordinals_of(variant, *id) {
                        let ids = folded
                            .entry((id.0, ordinal))
                            .or_insert_with(|| named(keys, &fold_text(attribute.text(ordinal))));
                        hit(ids, true);
                    }
                }
            }
            for id in members.placed_in(item) {
                let shelf = shelves.entry(id).or_insert_with(|| self.shelf(id, catalog));
                shelf.iter().for_each(|(ids, is_plain)| hit(ids, *is_plain));
            }
            hit(&self.unkeyed, false);
        }
        found
    }

    /// Conditions about a category or one above it.
    fn shelf(&self, id: CategoryId, catalog: &Catalog) -> Shelf<'_> {
        let above = std::iter::once(id).chain(catalog.ancestors(id));
        let about = above.map(|id| {
            let path = catalog.category_path(id);
            // A name with a slash in it may share its path with another category.
            let is_plain = path.iter().all(|name| !name.contains('/'));
            (named(&self.categories, &path_key(&path.join("/"))), is_plain)
        });
        about.filter(|(ids, _)| !ids.is_empty()).collect()
    }
}

/// Conditions about a category, and whether it is said by its path alone.
type Shelf<'k> = SmallVec<[(&'k [WhereId], bool); 4]>;

fn named<'k>(keys: &'k Keys, text: &str) -> &'k [WhereId] {
    keys.get(text).map_or(&[], Vec::as_slice)
}

/// What a product must have.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Sku(String),
    Category(String),
    Attribute(String, String),
}

/// A path in the form that paths of one category share.
fn path_key(path: &str) -> String {
    path.trim_matches('/').split('/').map(fold_text).collect::<Vec<_>>().join("/")
}

/// Keys of which a product must have one for the condition to hold; `None` when there are none that would do.
fn access(condition: &Condition) -> Option<Vec<Key>> {
    match condition {
        // One part is enough: of the fields that tell most, the one with the fewest keys.
        Condition::All(parts) => accessed(parts).and_then(|at| access(&parts[at])),
        Condition::Any(parts) => {
            let keys: Option<Vec<Vec<Key>>> = parts.iter().map(access).collect();
            Some(keys?.into_iter().flatten().collect())
        }
        Condition::Not(_) => None,
        Condition::Field { field, test: Test::In(values) } => values.iter().map(|value| key(field, value)).collect(),
        Condition::Field { .. } => None,
    }
}

/// The part whose keys stand for all parts.
fn accessed(parts: &[Condition]) -> Option<usize> {
    let telling = |key: &Key| match key {
        Key::Sku(_) => 0,
        Key::Attribute(code, _) if code == BRAND => 1,
        Key::Category(_) => 2,
        Key::Attribute(..) => 3,
    };
    let cost = |keys: Vec<Key>| (keys.iter().map(telling).max(), keys.len());
    let keyed = parts.iter().enumerate().filter_map(|(at, part)| Some((cost(access(part)?), at)));
    keyed.min().map(|(_, at)| at)
}

/// What is left to ask of a product that has one of the keys; `None` when nothing is.
fn rest(condition: &Condition) -> Option<Condition> {
    match condition {
        Condition::Field { test: Test::In(_), .. } => access(condition).is_none().then(|| condition.clone()),
        Condition::All(parts) => match accessed(parts) {
            Some(at) => {
                let mut left = parts.clone();
                match rest(&parts[at]) {
                    Some(part) => left[at] = part,
                    None => drop(left.remove(at)),
                }
                (!left.is_empty()).then_some(Condition::All(left))
            }
            None => Some(condition.clone()),
        },
        // Each part that is said by its keys alone is said by them here, too.
        Condition::Any(parts) if parts.iter().all(|part| access(part).is_some() && rest(part).is_none()) => None,
        other => Some(other.clone()),
    }
}

fn key(field: &str, value: &Value) -> Option<Key> {
    let text = value.spelling();
    match field {
        "sku" => Some(Key::Sku(text.into_owned())),
        "category" | "categories" => Some(Key::Category(path_key(&text))),
        // Numbers are equal however they are spelled.
        code if !FIELDS.contains(&code) && code != VISIBLE_IN && as_number(value).is_none() => {
            Some(Key::Attribute(code.to_owned(), fold_text(&text)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::testing::arb_shop;
    use crate::expr::testing::{arb_condition, arb_smart};
    use crate::expr::{EvalContext, SmartTree, holds_for};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn whatever_holds_is_found_and_what_is_certain_holds(
            catalog in arb_shop(),
            conditions in prop::collection::vec(arb_condition(), 1..6),
            smart in arb_smart(),
        ) {
            let book = catalog.root_chain();
            let hung = EvalContext { book: &book, now_ms: 0, view: "default", demand: None, seq: 0, tree: None };
            let tree = SmartTree::of(&smart, &catalog, &hung);
            let context = EvalContext { tree: tree.as_ref(), ..hung };
            let mut wheres = Wheres::default();
            let ids: Vec<WhereId> = conditions.iter().map(|condition| wheres.intern(condition)).collect();
            let items: Vec<ItemId> = (0..catalog.item_bound() as u32).map(ItemId).collect();
            let products: Vec<ItemId> = items.iter().map(|item| catalog.stands_for(*item)).collect();
            let found = wheres.find(&products, context.members(&catalog));
            for (condition, id) in conditions.iter().zip(ids) {
                for &item in &items {
                    let told = found.told(id, item.index() / 64);
                    let is_in = |bits: u64| bits >> (item.0 % 64) & 1 == 1;
                    let asked = |condition: &Condition| {
                        holds_for(condition, &catalog, catalog.stands_for(item), &context)
                    };
                    let is_held = is_in(told.certain())
                        || is_in(told.rest()) && wheres.rest(id).is_some_and(asked)
                        || is_in(told.whole()) && asked(condition);
                    prop_assert_eq!(is_held, asked(condition), "{:?} of {:?}", condition, catalog.sku_of(item));
                }
            }
        }
    }

    #[test]
    fn keys_are_those_that_tell_most_and_what_they_say_is_not_asked_again() {
        let check = |json: &str, expected: Option<usize>, is_all: bool| {
            let condition = crate::expr::parse(&serde_json::from_str(json).unwrap()).unwrap();
            assert_eq!(access(&condition).map(|keys| keys.len()), expected, "{json}");
            assert_eq!(rest(&condition).is_none(), is_all, "{json}");
        };
        let color = r#"{"field":"color","in":["Red","Blue"]}"#;
        let brand = r#"{"field":"brand","in":["Acme","Luma","Zest"]}"#;
        let cheap = r#"{"field":"price","range":{"to":9}}"#;
        check(color, Some(2), true);
        check(&format!(r#"{{"all":[{color}]}}"#), Some(2), true);
        check(&format!(r#"{{"all":[{color},{brand},{cheap}]}}"#), Some(3), false);
        check(&format!(r#"{{"any":[{color},{{"field":"sku","eq":"A"}}]}}"#), Some(3), true);
        check(&format!(r#"{{"any":[{color},{cheap}]}}"#), None, false);
        check(&format!(r#"{{"not":{color}}}"#), None, false);
        check(r#"{"field":"size","eq":"10"}"#, None, false);
        check(r#"{"any":[]}"#, Some(0), true);
    }
}
