//! Which conditions on products can hold for a product at all?
//!
//! A thousand audiences ask about a thousand sets of products, a shopper looked at ten. So conditions are found from the
//! product: each is filed under keys (a sku, a brand, a category, the value of an attribute) of which the product must
//! have one for it to hold, as subscriptions are in a matcher (Whang et al., "Indexing Boolean Expressions", VLDB 2009),
//! and only those found are evaluated. A condition without such keys is found from every product.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;

use crate::catalog::Catalog;
use crate::catalog::attribute::fold_text;
use crate::expr::evaluate::as_number;
use crate::expr::{Condition, FIELDS, Test, Value};
use crate::id::{CategoryId, ItemId};

/// A condition's number in the index.
pub type WhereId = u32;

/// Distinct conditions on products.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wheres {
    conditions: Vec<Condition>,
    ids: BTreeMap<String, WhereId>,
    keyed: FxHashMap<u64, Vec<WhereId>>,
    /// Those that any product may satisfy.
    unkeyed: Vec<WhereId>,
    /// Codes of attributes that keys are made of.
    codes: Vec<String>,
}

impl Wheres {
    /// The number of a condition, new or not.
    pub fn intern(&mut self, condition: &Condition) -> WhereId {
        let text = crate::expr::to_json(condition).to_string();
        if let Some(&known) = self.ids.get(&text) {
            return known;
        }
        let id = self.conditions.len() as WhereId;
        self.conditions.push(condition.clone());
        self.ids.insert(text, id);
        match access(condition) {
            Some(keys) => {
                for key in keys {
                    let ids = self.keyed.entry(key.hash()).or_default();
                    if ids.last() != Some(&id) {
                        ids.push(id);
                    }
                    if let Key::Attribute(code, _) = key
                        && !self.codes.contains(&code)
                    {
                        self.codes.push(code);
                    }
                }
            }
            None => self.unkeyed.push(id),
        }
        id
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.conditions.len()
    }

    /// A condition by number.
    pub fn get(&self, id: WhereId) -> &Condition {
        &self.conditions[id as usize]
    }

    /// The conditions that may hold for each of these products, as (condition, product), sorted; each pair once. What
    /// was seen under a variant's sku before the product came is looked up as the product and stays as it stands.
    pub fn candidates(&self, items: &[ItemId], catalog: &Catalog) -> Vec<(WhereId, u32)> {
        let mut found = Vec::new();
        let attributes: SmallVec<[_; 8]> =
            self.codes.iter().filter_map(|code| Some((code, catalog.attribute_id(code)?))).collect();
        let mut shelves: SmallVec<[(CategoryId, u64); 16]> = SmallVec::new();
        for &listed in items {
            let item = catalog.stands_for(listed);
            let mut look = |hash: u64| {
                let ids = self.keyed.get(&hash).into_iter().flatten();
                found.extend(ids.map(|id| (*id, listed.0)));
            };
            look(hash_of("sku", catalog.sku_of(item)));
            for &variant in catalog.variants_of(item) {
                look(hash_of("sku", catalog.variant_sku_of(variant)));
                for (code, id) in &attributes {
                    let Some(attribute) = catalog.attribute(*id) else { continue };
                    let texts = catalog.ordinals_of(variant, *id).map(|ordinal| attribute.text(ordinal));
                    texts.for_each(|text| look(hash_of(code, &fold_text(text))));
                }
            }
            for place in catalog.product(item).iter().flat_map(|product| &product.placements) {
                for id in std::iter::once(place.category).chain(catalog.ancestors(place.category)) {
                    let known = shelves.iter().find(|(known, _)| *known == id).map(|(_, hash)| *hash);
                    let hash = known.unwrap_or_else(|| {
                        let hash = hash_of("category", &path_key(&catalog.category_path(id).join("/")));
                        shelves.push((id, hash));
                        hash
                    });
                    look(hash);
                }
            }
            found.extend(self.unkeyed.iter().map(|id| (*id, listed.0)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// What a product must have.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Sku(String),
    Category(String),
    Attribute(String, String),
}

impl Key {
    fn hash(&self) -> u64 {
        match self {
            Key::Sku(sku) => hash_of("sku", sku),
            Key::Category(path) => hash_of("category", &path_key(path)),
            Key::Attribute(code, value) => hash_of(code, value),
        }
    }
}

fn hash_of(field: &str, value: &str) -> u64 {
    let mut hasher = FxHasher::default();
    (field, value).hash(&mut hasher);
    hasher.finish()
}

/// A path in the form that paths of one category share.
fn path_key(path: &str) -> String {
    path.trim_matches('/').split('/').map(fold_text).collect::<Vec<_>>().join("/")
}

/// Keys of which a product must have one for the condition to hold; `None` when there are none that would do.
fn access(condition: &Condition) -> Option<Vec<Key>> {
    match condition {
        // One part is enough, and the fewer keys the better.
        Condition::All(parts) => parts.iter().filter_map(access).min_by_key(Vec::len),
        Condition::Any(parts) => {
            let keys: Option<Vec<Vec<Key>>> = parts.iter().map(access).collect();
            Some(keys?.into_iter().flatten().collect())
        }
        Condition::Not(_) => None,
        Condition::Field { field, test: Test::In(values) } => values.iter().map(|value| key(field, value)).collect(),
        Condition::Field { .. } => None,
    }
}

fn key(field: &str, value: &Value) -> Option<Key> {
    let text = value.spelling();
    match field {
        "sku" => Some(Key::Sku(text.into_owned())),
        "category" | "categories" => Some(Key::Category(text.into_owned())),
        // Numbers are equal however they are spelled.
        code if !FIELDS.contains(&code) && as_number(value).is_none() => {
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
    use crate::expr::testing::arb_condition;
    use crate::expr::{EvalContext, holds_for};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn whatever_holds_is_found(catalog in arb_shop(), conditions in prop::collection::vec(arb_condition(), 1..6)) {
            let context = EvalContext { book: &catalog.root_chain(), now_ms: 0, view: "default" };
            let mut wheres = Wheres::default();
            let ids: Vec<WhereId> = conditions.iter().map(|condition| wheres.intern(condition)).collect();
            let items: Vec<ItemId> = (0..catalog.item_bound() as u32).map(ItemId).collect();
            let candidates = wheres.candidates(&items, &catalog);
            for (condition, id) in conditions.iter().zip(ids) {
                for &item in &items {
                    let holds = holds_for(condition, &catalog, item, &context);
                    prop_assert!(!holds || candidates.binary_search(&(id, item.0)).is_ok(), "{condition:?}");
                }
            }
        }
    }

    #[test]
    fn keys_are_the_fewest_that_are_needed() {
        let check = |json: &str, expected: Option<usize>| {
            let condition = crate::expr::parse(&serde_json::from_str(json).unwrap()).unwrap();
            assert_eq!(access(&condition).map(|keys| keys.len()), expected, "{json}");
        };
        let color = r#"{"field":"color","in":["Red","Blue"]}"#;
        check(color, Some(2));
        check(
            &format!(r#"{{"all":[{color},{{"field":"brand","eq":"Acme"}},{{"field":"price","range":{{"to":9}}}}]}}"#),
            Some(1),
        );
        check(&format!(r#"{{"any":[{color},{{"field":"sku","eq":"A"}}]}}"#), Some(3));
        check(&format!(r#"{{"any":[{color},{{"field":"price","exists":true}}]}}"#), None);
        check(&format!(r#"{{"not":{color}}}"#), None);
        check(r#"{"field":"size","eq":"10"}"#, None);
        check(r#"{"any":[]}"#, Some(0));
    }
}
