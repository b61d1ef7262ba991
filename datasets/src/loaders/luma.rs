//! How is the Luma demo store read as a whole?
//!
//! Products with their manual links, the category tree, the attribute definitions and the documents of one
//! store view in US dollars. Unlike a plain catalog this is small, so it is read into memory.
//!
//! Not here: reviews, customers, orders and price rules (one customer and two orders teach nothing).

use std::collections::BTreeMap;
use std::path::Path;

use planogram_core::catalog::doc::{CategoryChange, LinkKind, ProductDoc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::lines::{LineError, OpenError};
use super::products::products;
use super::table::Table;
use crate::documents::SeedDocument;

/// The store: what was good of it, and what was not.
#[derive(Clone, Debug, Default)]
pub struct Luma {
    /// Products, links included, in file order.
    pub products: Vec<ProductDoc>,
    /// The category tree, parents first.
    pub categories: Vec<CategoryChange>,
    /// Attribute definitions: (code, body).
    pub attributes: Vec<(String, Value)>,
    /// Store view and price book.
    pub documents: Vec<SeedDocument>,
    /// Lines that were refused: (file name, error).
    pub refused: Vec<(&'static str, LineError)>,
}

/// Why the store cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LumaError {
    /// A file is missing or cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A JSON file is not what it should be.
    #[error("{file}: {source}")]
    Json {
        /// Which file.
        file: &'static str,
        /// Where and what.
        source: serde_json::Error,
    },
}

/// Reads the store from its folder.
///
/// # Errors
/// When a file is missing, or a JSON document (not a line) is broken.
pub fn luma(folder: &Path) -> Result<Luma, LumaError> {
    let mut store = Luma {
        categories: categories(folder)?,
        attributes: attributes(folder)?,
        documents: store_view(),
        ..Luma::default()
    };
    let mut links = links(folder, &mut store.refused)?;
    for product in products(&folder.join("products.jsonl"))? {
        match product {
            Ok(mut product) => {
                product.links = links.remove(&product.sku).unwrap_or_default();
                // The fixtures carry two fields a second time as attributes.
                product.attributes.remove("visibility");
                product.attributes.remove("url_key");
                store.products.push(product);
            }
            Err(e) => store.refused.push(("products.jsonl", e)),
        }
    }
    Ok(store)
}

fn read_json<T: for<'a> Deserialize<'a>>(folder: &Path, file: &'static str) -> Result<T, LumaError> {
    let path = folder.join(file);
    let bytes = std::fs::read(&path).map_err(|source| OpenError { path, source })?;
    serde_json::from_slice(&bytes).map_err(|source| LumaError::Json { file, source })
}

#[derive(Deserialize)]
struct CategoryRow {
    path: Vec<String>,
    position: Option<i32>,
    is_anchor: bool,
}

fn categories(folder: &Path) -> Result<Vec<CategoryChange>, LumaError> {
    let mut rows: Vec<CategoryRow> = read_json(folder, "categories.json")?;
    rows.sort_by_key(|r| r.path.len());
    let put = |r: CategoryRow| CategoryChange::Put { path: r.path, position: r.position, anchor: r.is_anchor };
    Ok(rows.into_iter().map(put).collect())
}

#[derive(Deserialize)]
struct AttributeRow {
    code: String,
    label: String,
    #[serde(rename = "type")]
    kind: String,
    searchable: bool,
    filterable: bool,
}

fn attributes(folder: &Path) -> Result<Vec<(String, Value)>, LumaError> {
    let rows: Vec<AttributeRow> = read_json(folder, "attributes.json")?;
    let body = |r: AttributeRow| {
        let kind = match r.kind.as_str() {
            "multiselect" => "list",
            "boolean" => "boolean",
            _ => "text",
        };
        let facet = match r.code.as_str() {
            "color" | "size" => "pinned",
            _ if r.filterable => "dynamic",
            _ => "off",
        };
        let body = json!({
            "label": r.label, "type": kind, "searchable": r.searchable, "filterable": r.filterable, "facet": facet,
        });
        (r.code, body)
    };
    Ok(rows.into_iter().map(body).collect())
}

type Links = BTreeMap<String, BTreeMap<LinkKind, Vec<String>>>;

fn links(folder: &Path, refused: &mut Vec<(&'static str, LineError)>) -> Result<Links, LumaError> {
    let columns = ["kind", "product_id", "linked_id", "position"];
    let table = Table::open(&folder.join("links.tsv"), columns, |mut row| {
        let kind = match row.cells[0].as_str() {
            "related" => LinkKind::Related,
            "upsell" => LinkKind::UpSell,
            "crosssell" => LinkKind::CrossSell,
            other => return Err(row.error(0, format!("is `{other}`; related, upsell or crosssell is expected"))),
        };
        Ok((row.text(1), kind, row.number::<i64>(3)?, row.text(2)))
    })?;
    let mut rows = Vec::new();
    for row in table {
        match row {
            Ok(row) => rows.push(row),
            Err(e) => refused.push(("links.tsv", e)),
        }
    }
    rows.sort();
    let mut links = Links::new();
    for (product, kind, _, linked) in rows {
        links.entry(product).or_default().entry(kind).or_default().push(linked);
    }
    Ok(links)
}

fn store_view() -> Vec<SeedDocument> {
    vec![
        SeedDocument::global("price-book", "default", json!({"currency": "USD"})),
        SeedDocument::global(
            "store-view",
            "default",
            json!({"name": "Luma", "locale": "en-US", "currency": "USD", "price_book": "default", "default": true}),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_store_is_read() {
        let Some(folder) = crate::real::dir("luma") else { return };
        let store = luma(&folder).unwrap();
        assert_eq!(store.refused, []);
        assert_eq!(store.products.len(), 199);
        assert_eq!(store.products.iter().map(|p| p.variants.len()).sum::<usize>(), 1_847 + 52);
        assert_eq!((store.categories.len(), store.attributes.len()), (38, 21));
        let count = |kind| store.products.iter().filter_map(|p| p.links.get(&kind)).map(Vec::len).sum::<usize>();
        let counts = [LinkKind::Related, LinkKind::UpSell, LinkKind::CrossSell].map(count);
        assert_eq!(counts, [484, 325, 733]);
        let bag = store.products.iter().find(|p| p.sku == "24-WB05").unwrap();
        let price = bag.variants[0].prices["default"];
        assert_eq!((price.regular_minor, price.special.unwrap().minor), (3200, 2400));
        let without_price = store.products.iter().filter(|p| p.variants[0].prices.is_empty()).count();
        assert_eq!(without_price, 2);
    }
}
