//! Which of many conditions may a product satisfy?
//!
//! Each condition is entered under values of which a product must have one to satisfy it: those of an equality that the
//! condition cannot hold without, the fewest if there are several. A product is looked up by what it has, and only what
//! is found is evaluated, so that ten thousand rules about single brands, categories and skus cost those of one brand. A
//! condition without such an equality (a price range, a negation) is always found.
//! What is not here: the conditions themselves.

use std::sync::Arc;

use planogram_abi::ConditionId;

use super::evaluate::{VISIBLE_IN, as_number};
use super::{Condition, Members, Test, Value};
use crate::catalog::attribute::{UNLISTED, fold_text};
use crate::id::ItemId;
use crate::signal::SignalColumn;

/// Conditions by what a product must have. Copying shares what does not change.
#[derive(Clone, Debug, Default)]
pub struct ConditionIndex {
    by_key: imbl::HashMap<Arc<str>, imbl::Vector<u32>>,
    /// Conditions that any product may satisfy.
    always: imbl::Vector<u32>,
    /// All that were entered.
    known: imbl::HashSet<u32>,
}

impl ConditionIndex {
    /// Enters a condition, if it is new.
    pub fn insert(&mut self, id: ConditionId, condition: &Condition) {
        if self.known.insert(id.0).is_some() {
            return;
        }
        match needed(condition) {
            None => self.always.push_back(id.0),
            Some(mut keys) => {
                keys.sort_unstable();
                keys.dedup();
                for key in keys {
                    self.by_key.entry(key.into()).or_default().push_back(id.0);
                }
            }
        }
    }

    /// The conditions that the product may satisfy, ascending, each once; it satisfies no other.
    pub fn candidates(&self, members: Members<'_>, item: ItemId) -> Vec<ConditionId> {
        let mut found: Vec<u32> = self.always.iter().copied().collect();
        for key in keys_of(members, item) {
            found.extend(self.by_key.get(key.as_str()).into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(ConditionId).collect()
    }
}

fn key(field: &str, value: &str) -> String {
    format!("{field}\0{value}")
}

fn number_key(field: &str, number: f64) -> String {
    // Adding zero makes the two zeros one.
    key(field, &format!("#{:x}", (number + 0.0).to_bits()))
}

fn path_key(path: &str) -> String {
    let names: Vec<String> = path.trim_matches('/').split('/').map(fold_text).collect();
    key("category", &names.join("/"))
}

/// Keys of which a product must have one to satisfy the condition; `None` when that cannot be told.
fn needed(condition: &Condition) -> Option<Vec<String>> {
    match condition {
        Condition::All(parts) => parts.iter().filter_map(needed).min_by_key(Vec::len),
        Condition::Any(parts) => {
            let parts: Option<Vec<Vec<String>>> = parts.iter().map(needed).collect();
            parts.map(|keys| keys.concat())
        }
        Condition::Not(_) => None,
        Condition::Field { field, test: Test::In(values) } => values_needed(field, values),
        Condition::Field { .. } => None,
    }
}

fn values_needed(field: &str, values: &[Value]) -> Option<Vec<String>> {
    if values.iter().any(|value| matches!(value, Value::Matched(_))) {
        return None;
    }
    let spelled = values.iter().map(Value::spelling);
    Some(match field {
        "sku" => spelled.map(|sku| key("sku", &sku)).collect(),
        "category" | "categories" => spelled.map(|path| path_key(&path)).collect(),
        "name" | "price" | "in_stock" | "quantity" | "age_days" => return None,
        code if code == VISIBLE_IN || SignalColumn::from_name(code).is_some() => return None,
        code => {
            let numbers = values.iter().filter_map(as_number).map(|number| number_key(code, number));
            spelled.map(|text| key(code, &fold_text(&text))).chain(numbers).collect()
        }
    })
}

/// What a product has, as keys; perhaps some twice.
fn keys_of(members: Members<'_>, item: ItemId) -> Vec<String> {
    let catalog = members.catalog;
    let variants = catalog.variants_of(item);
    let mut keys: Vec<String> = vec![key("sku", catalog.sku_of(item))];
    keys.extend(variants.iter().map(|variant| key("sku", catalog.variant_sku_of(*variant))));
    keys.extend(members.shelves(item).map(|id| path_key(&catalog.category_path(id).join("/"))));
    for (id, ordinal) in catalog.all_values(item) {
        let Some(attribute) = catalog.attribute(id) else { continue };
        if ordinal == UNLISTED {
            let numbers = variants.iter().map(|variant| attribute.number(*variant)).filter(|number| !number.is_nan());
            keys.extend(numbers.map(|number| number_key(attribute.code(), number)));
        } else {
            keys.push(key(attribute.code(), &fold_text(attribute.text(ordinal))));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{arb_condition, arb_smart};
    use super::*;
    use crate::catalog::testing::arb_shop;
    use crate::expr::{EvalContext, SmartTree, holds_for, parse};

    #[test]
    fn a_condition_is_entered_under_its_rarest_equality() {
        let check = |json: &str, expected: Option<&[&str]>| {
            let condition = parse(&serde_json::from_str(json).unwrap()).unwrap();
            let keys = needed(&condition);
            let keys = keys.as_ref().map(|keys| keys.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(keys.as_deref(), expected, "{json}");
        };
        check(r#"{"field":"brand","eq":"ACME"}"#, Some(&["brand\0acme"]));
        check(r#"{"field":"sku","in":["A","b"]}"#, Some(&["sku\0A", "sku\0b"]));
        check(r#"{"field":"category","eq":"/Men / Tops"}"#, Some(&["category\0men/tops"]));
        check(r#"{"field":"price","range":{"to":9}}"#, None);
        check(r#"{"not":{"field":"brand","eq":"x"}}"#, None);
        check(
            r#"{"all":[{"field":"price","exists":true},{"field":"size","in":["S","M"]},{"field":"eco","eq":true}]}"#,
            Some(&["eco\0true"]),
        );
        check(r#"{"any":[{"field":"a","eq":"x"},{"field":"b","eq":"y"}]}"#, Some(&["a\0x", "b\0y"]));
        check(r#"{"any":[{"field":"a","eq":"x"},{"field":"price","eq":3}]}"#, None);
        check(r#"{"any":[]}"#, Some(&[]));
        check(r#"{"all":[]}"#, None);
        check(r#"{"field":"views.7d","eq":3}"#, None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn every_condition_that_holds_is_found(
            catalog in arb_shop(), conditions in prop::collection::vec(arb_condition(), 1..12), smart in arb_smart(),
        ) {
            let book = catalog.root_chain();
            let hung = EvalContext { book: &book, now_ms: 0, view: "default", demand: None, seq: 0, tree: None };
            let tree = SmartTree::of(&smart, &catalog, &hung);
            let context = EvalContext { tree: tree.as_ref(), ..hung };
            let mut index = ConditionIndex::default();
            for (at, condition) in conditions.iter().enumerate() {
                index.insert(ConditionId(at as u32), condition);
                index.insert(ConditionId(at as u32), condition);
            }
            for item in (0..catalog.item_bound() as u32).map(ItemId) {
                let found = index.candidates(context.members(&catalog), item);
                prop_assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
                for (at, condition) in conditions.iter().enumerate() {
                    let holds = holds_for(condition, &catalog, item, &context);
                    prop_assert!(!holds || found.contains(&ConditionId(at as u32)), "{:?}", condition);
                }
            }
        }
    }
}
