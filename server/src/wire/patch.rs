//! What is a change of a product on the wire?
//!
//! The row of a PATCH: a sku and any of the fields that can change alone. What is absent stays. `null` removes:
//! a price from its book, an attribute, the count of units. A new price replaces the whole price of its book,
//! the special price included, so `special_price` needs the `price` beside it.

use std::collections::BTreeMap;

use planogram_core::catalog::doc::{ProductPatch, ROOT_BOOK};
use serde_json::Value;

use super::decode::{Defect, Fields, child};
use super::product::{self, Exponents};

/// Fields of a patch.
pub const FIELDS: &[&str] = &[
    "sku",
    "price",
    "special_price",
    "prices",
    "in_stock",
    "quantity",
    "attributes",
    "visibility",
    "name",
    "description",
    "image",
    "url",
    "categories",
    "links",
];

/// The patch a JSON row means.
///
/// # Errors
/// Everything that is wrong with the row.
pub fn decode(row: &Value, exponents: &Exponents) -> Result<ProductPatch, Vec<Defect>> {
    let mut defects = Vec::new();
    let patch = Fields::open(row, "", FIELDS, &mut defects).map(|mut f| patch(&mut f, exponents));
    match patch {
        Some(patch) if defects.is_empty() => Ok(patch),
        _ => Err(defects),
    }
}

fn patch(f: &mut Fields, exponents: &Exponents) -> ProductPatch {
    let sku = f.required_text("sku");
    for name in ["in_stock", "visibility", "name", "description", "image", "url", "categories", "links"] {
        if f.raw(name).is_some_and(Value::is_null) {
            f.report(name, format!("`{name}` is null, it can be changed but not removed"), "a value, or leave it out");
        }
    }
    let name = f.raw("name").is_some_and(|v| !v.is_null()).then(|| f.required_text("name"));
    let attributes = attributes(f);
    if attributes.contains_key("") {
        f.report("attributes", "an attribute code is empty", "codes that are not empty");
    }
    ProductPatch {
        sku,
        prices: prices(f, exponents),
        in_stock: f.boolean("in_stock"),
        quantity: match f.raw("quantity") {
            Some(Value::Null) => Some(None),
            _ => f.number("quantity").map(Some),
        },
        attributes,
        visibility: product::visibility(f),
        name,
        description: f.text("description"),
        image: f.text("image"),
        url: f.text("url"),
        categories: product::placements(f),
        links: product::links(f),
    }
}

fn prices(f: &mut Fields, exponents: &Exponents) -> BTreeMap<String, Option<planogram_core::catalog::doc::Price>> {
    let mut prices = BTreeMap::new();
    let root = product::price(f, exponents.of(ROOT_BOOK));
    match f.raw("price") {
        Some(Value::Null) => drop(prices.insert(ROOT_BOOK.to_owned(), None)),
        _ => drop(root.map(|price| prices.insert(ROOT_BOOK.to_owned(), Some(price)))),
    }
    for (book, value) in f.object("prices").into_iter().flatten() {
        let pointer = child(&f.pointer("prices"), book);
        if value.is_null() {
            prices.insert(book.clone(), None);
        } else if let Some(price) = product::book_price(value, &pointer, exponents.of(book), f.defects()) {
            prices.insert(book.clone(), Some(price));
        }
    }
    prices
}

fn attributes(f: &mut Fields) -> BTreeMap<String, Option<planogram_core::catalog::doc::AttributeValue>> {
    let removed: Vec<String> = f
        .object("attributes")
        .into_iter()
        .flatten()
        .filter(|(_, value)| value.is_null())
        .map(|(code, _)| code.clone())
        .collect();
    // A wrong type was reported just now; it must not be reported twice.
    let set = if f.raw("attributes").is_some_and(Value::is_object) {
        product::attributes(f, "attributes")
    } else {
        BTreeMap::new()
    };
    let set = set.into_iter().map(|(code, value)| (code, Some(value)));
    set.chain(removed.into_iter().map(|code| (code, None))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use planogram_core::catalog::doc::{AttributeValue, Price};
    use serde_json::json;

    fn good(row: Value) -> ProductPatch {
        decode(&row, &Exponents::default()).unwrap()
    }

    #[test]
    fn absent_stays_and_null_removes() {
        let patch = good(json!({"sku": "A", "price": 5, "prices": {"w": null}, "quantity": null,
            "attributes": {"color": "Red", "old": null}}));
        assert_eq!(patch.prices["default"], Some(Price { regular_minor: 500, special: None }));
        assert_eq!(patch.prices["w"], None);
        assert_eq!(patch.quantity, Some(None));
        assert_eq!(patch.attributes["color"], Some(AttributeValue::Text("Red".into())));
        assert_eq!(patch.attributes["old"], None);
        assert_eq!((patch.in_stock, patch.name, patch.categories), (None, None, None));
        assert_eq!(good(json!({"sku": "A", "price": null})).prices["default"], None);
        assert_eq!(good(json!({"sku": "A", "quantity": 0})).quantity, Some(Some(0.0)));
    }

    #[test]
    fn mistakes_are_named() {
        let check = |row: Value, pointer: &str| {
            let found = decode(&row, &Exponents::default()).unwrap_err();
            assert!(found.len() == 1 && found[0].pointer == pointer, "{found:?}");
        };
        check(json!({"price": 1}), "/sku");
        check(json!({"sku": "A", "special_price": 1}), "/special_price");
        check(json!({"sku": "A", "brand": "x"}), "/brand");
        check(json!({"sku": "A", "name": null}), "/name");
        check(json!({"sku": "A", "name": " "}), "/name");
        check(json!({"sku": "A", "attributes": []}), "/attributes");
        check(json!({"sku": "A", "in_stock": "yes"}), "/in_stock");
    }
}
