//! What does a line of an import file hold?
//!
//! Told by its content, not by the name of its file: an event has a `kind`, a category change one of `put`, `move`,
//! `remove`; a product has a `sku` in our own format and an `id` in that of the public data sets.

use planogram_core::catalog::doc::{CategoryChange, ProductDoc};
use planogram_core::signal::event::Event;
use planogram_datasets::loaders::products;
use planogram_server::wire::decode::Defect;
use planogram_server::wire::product::Exponents;
use planogram_server::wire::{batch, category, event, product};
use serde_json::Value;

/// One row of an import.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A product.
    Product(Box<ProductDoc>),
    /// An event.
    Event(Box<Event>),
    /// A change of the category tree.
    Category(CategoryChange),
}

/// The row in one line.
///
/// # Errors
/// Everything that is wrong with it.
pub fn decode(line: u64, text: &str, exponents: &Exponents) -> Result<Row, Vec<Defect>> {
    let value: Value = batch::parse(text.as_bytes()).map_err(|defect| vec![defect])?;
    let has = |name: &str| value.get(name).is_some();
    if has("kind") {
        return event::decode(&value).map(|e| Row::Event(Box::new(e)));
    }
    if has("put") || has("move") || has("remove") {
        return category::decode(&value).map(Row::Category);
    }
    if has("id") && !has("sku") {
        let public = products::product_of(line, value);
        return public.map(|p| Row::Product(Box::new(p))).map_err(|e| vec![Defect::new(e.pointer, e.message, "")]);
    }
    product::decode(&value, exponents).map(|p| Row::Product(Box::new(p)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let found = match decode(1, text, &Exponents::default()) {
            Ok(Row::Product(p)) => format!("product {} {}", p.sku, p.variants[0].prices["default"].regular_minor),
            Ok(Row::Event(e)) => format!("event {}", e.id),
            Ok(Row::Category(c)) => format!("{c:?}"),
            Err(defects) => format!("{} {}", defects[0].pointer, defects[0].message),
        };
        assert!(found.starts_with(expected), "{text}: {found}");
    }

    #[test]
    fn content_tells_the_kind_of_row() {
        check(r#"{"sku": "A", "name": "Ant", "price": 1.5}"#, "product A 150");
        check(r#"{"id": "B", "name": "Bee", "price": 2.5, "brand": null, "categories": [["X"]]}"#, "product B 250");
        check(r#"{"id": "e", "kind": "page_view", "time": 0}"#, "event e");
        check(r#"{"remove": "Men"}"#, "Remove");
        check(r#"{"sku": "A", "nam": "Ant"}"#, "/nam unknown field");
        check(r#"{"id": "B", "price": "cheap", "name": "Bee"}"#, "/price");
        check("{", " not JSON");
    }
}
