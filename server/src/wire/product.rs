//! What is a product on the wire?
//!
//! The JSON shape of a product and its translation to and from the kernel's [`ProductDoc`]. A product without
//! `variants` is a simple one: its price, stock and image make the one variant that carries its sku. With
//! variants, the product's prices and stock are defaults for the variants that say nothing themselves.
//! Lengths and counts are checked by the kernel; here it is shape, type and exact money.

use std::collections::BTreeMap;

use planogram_core::catalog::doc::{
    AttributeValue, LinkKind, PRODUCTS, Placement, Price, ProductDoc, ROOT_BOOK, SpecialPrice, Stock, VariantDoc,
    ViewDoc, Visibility,
};
use serde_json::{Value, json};

use super::decode::{Defect, Fields, child, shown, wrong_type};
use super::money::{self, major_text};
use super::time;

/// Fields of a product.
pub const FIELDS: &[&str] = &[
    "sku",
    "collection",
    "name",
    "description",
    "brand",
    "categories",
    "visibility",
    "created_at",
    "attributes",
    "image",
    "url",
    "links",
    "views",
    "vectors",
    "price",
    "special_price",
    "prices",
    "in_stock",
    "quantity",
    "variants",
];
/// Fields of a variant.
pub const VARIANT_FIELDS: &[&str] =
    &["sku", "options", "price", "special_price", "prices", "in_stock", "quantity", "image"];
const PRICE_FIELDS: &[&str] = &["price", "special_price"];
const SPECIAL_FIELDS: &[&str] = &["price", "from", "until"];
const VIEW_FIELDS: &[&str] = &["name", "description", "visibility", "url"];
const PLACEMENT_FIELDS: &[&str] = &["path", "position"];
const VISIBILITIES: &str = "both, catalog, search, neither";

/// The decimals of each price book's currency.
#[derive(Clone, Debug, Default)]
pub struct Exponents(pub BTreeMap<String, u8>);

impl Exponents {
    /// Decimals of a book's currency; 2 when the book is not known.
    pub fn of(&self, book: &str) -> u8 {
        self.0.get(book).copied().unwrap_or(2)
    }
}

/// The product a JSON row means.
///
/// # Errors
/// Everything that is wrong with the row.
pub fn decode(row: &Value, exponents: &Exponents) -> Result<ProductDoc, Vec<Defect>> {
    let mut defects = Vec::new();
    let doc = Fields::open(row, "", FIELDS, &mut defects).map(|mut f| product(&mut f, exponents));
    match doc {
        Some(doc) if defects.is_empty() => Ok(doc),
        _ => Err(defects),
    }
}

fn product(f: &mut Fields, exponents: &Exponents) -> ProductDoc {
    let sku = f.required_text("sku");
    let prices = prices(f, exponents);
    let stock = stock(f, Stock { in_stock: true, quantity: None });
    let image = f.text("image");
    let variants = match f.array("variants") {
        Some(rows) if !rows.is_empty() => variants(f, rows, &prices, stock, exponents),
        _ => vec![VariantDoc { sku: sku.clone(), options: BTreeMap::new(), prices, stock, image: None }],
    };
    ProductDoc {
        collection: f.text("collection").unwrap_or_else(|| PRODUCTS.to_owned()),
        name: f.required_text("name"),
        description: f.text("description").unwrap_or_default(),
        brand: f.text("brand"),
        categories: placements(f).unwrap_or_default(),
        visibility: visibility(f).unwrap_or_default(),
        created_ms: moment(f, "created_at"),
        attributes: attributes(f, "attributes"),
        image,
        url: f.text("url"),
        links: links(f),
        views: views(f),
        vectors: vectors(f),
        sku,
        variants,
    }
}

fn variants(
    f: &mut Fields,
    rows: &[Value],
    prices_of_product: &BTreeMap<String, Price>,
    stock_of_product: Stock,
    exponents: &Exponents,
) -> Vec<VariantDoc> {
    let base = f.pointer("variants");
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut variants = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let Some(mut v) = Fields::open(row, &format!("{base}/{i}"), VARIANT_FIELDS, f.defects()) else { continue };
        let sku = v.required_text("sku");
        if let Some(first) = seen.insert(sku.clone(), i).filter(|_| !sku.is_empty()) {
            v.report("sku", format!("sku `{sku}` is also that of variant {first}"), "each variant once");
        }
        let mut prices = prices(&mut v, exponents);
        for (book, price) in prices_of_product {
            prices.entry(book.clone()).or_insert(*price);
        }
        variants.push(VariantDoc {
            sku,
            options: attributes(&mut v, "options"),
            prices,
            stock: stock(&mut v, stock_of_product),
            image: v.text("image"),
        });
    }
    variants
}

fn stock(f: &mut Fields, default: Stock) -> Stock {
    Stock {
        in_stock: f.boolean("in_stock").unwrap_or(default.in_stock),
        quantity: f.number("quantity").or(default.quantity),
    }
}

/// The prices of a product or variant: `price` with `special_price` in the root book, `prices` in the others.
pub(super) fn prices(f: &mut Fields, exponents: &Exponents) -> BTreeMap<String, Price> {
    let mut prices = BTreeMap::new();
    if let Some(root) = price(f, exponents.of(ROOT_BOOK)) {
        prices.insert(ROOT_BOOK.to_owned(), root);
    }
    for (book, value) in f.object("prices").into_iter().flatten() {
        let pointer = child(&f.pointer("prices"), book);
        if let Some(price) = book_price(value, &pointer, exponents.of(book), f.defects()) {
            prices.insert(book.clone(), price);
        }
    }
    prices
}

/// The price in one book: a plain price, or an object with `price` and `special_price`.
pub(super) fn book_price(value: &Value, pointer: &str, exponent: u8, defects: &mut Vec<Defect>) -> Option<Price> {
    if value.is_object() {
        let mut fields = Fields::open(value, pointer, PRICE_FIELDS, defects)?;
        if fields.present("price").is_none() {
            fields.report("price", "`price` is missing", money::ALLOWED);
        }
        return price(&mut fields, exponent);
    }
    match money::minor(value, exponent) {
        Ok(regular_minor) => Some(Price { regular_minor, special: None }),
        Err(message) => {
            defects.push(Defect::new(pointer, message, money::ALLOWED));
            None
        }
    }
}

/// `price` and the `special_price` beside it.
pub(super) fn price(f: &mut Fields, exponent: u8) -> Option<Price> {
    let regular = amount(f, "price", exponent);
    let special = match f.present("special_price") {
        None => None,
        Some(value @ Value::Object(_)) => {
            let pointer = f.pointer("special_price");
            Fields::open(value, &pointer, SPECIAL_FIELDS, f.defects()).and_then(|mut s| special(&mut s, exponent))
        }
        Some(_) => {
            amount(f, "special_price", exponent).map(|minor| SpecialPrice { minor, from_ms: None, until_ms: None })
        }
    };
    if f.present("price").is_none() && f.present("special_price").is_some() {
        f.report("special_price", "`special_price` stands without a `price`", "a `price` beside it");
    }
    regular.map(|regular_minor| Price { regular_minor, special })
}

fn special(f: &mut Fields, exponent: u8) -> Option<SpecialPrice> {
    if f.present("price").is_none() {
        f.report("price", "`price` is missing", money::ALLOWED);
    }
    let (from_ms, until_ms) = (moment(f, "from"), moment(f, "until"));
    if let (Some(from), Some(until)) = (from_ms, until_ms)
        && until <= from
    {
        f.report(
            "until",
            format!("`until` {} is not after `from` {}", time::text(until), time::text(from)),
            "a later time",
        );
    }
    Some(SpecialPrice { minor: amount(f, "price", exponent)?, from_ms, until_ms })
}

/// The minor units of a field.
pub(super) fn amount(f: &mut Fields, name: &str, exponent: u8) -> Option<i64> {
    match money::minor(f.present(name)?, exponent) {
        Ok(minor) => Some(minor),
        Err(message) => {
            f.report(name, message, money::ALLOWED);
            None
        }
    }
}

/// The time of a field.
pub(super) fn moment(f: &mut Fields, name: &str) -> Option<i64> {
    match time::from_json(f.present(name)?) {
        Ok(ms) => Some(ms),
        Err(message) => {
            f.report(name, message, time::ALLOWED);
            None
        }
    }
}

/// The visibility, by its short name or as shop systems print it (`Catalog, Search`).
pub(super) fn visibility(f: &mut Fields) -> Option<Visibility> {
    let text = f.text("visibility")?;
    let found = match text.to_lowercase().as_str() {
        "both" | "catalog, search" | "catalog,search" => Some(Visibility::Both),
        "catalog" => Some(Visibility::Catalog),
        "search" => Some(Visibility::Search),
        "neither" | "none" | "not visible individually" => Some(Visibility::Neither),
        _ => None,
    };
    if found.is_none() {
        f.report("visibility", format!("visibility {} is unknown", shown(&Value::String(text))), VISIBILITIES);
    }
    found
}

/// The placements, each a path as a list of names, as `A/B`, or as `{path, position}`.
pub(super) fn placements(f: &mut Fields) -> Option<Vec<Placement>> {
    let rows = f.array("categories")?;
    let base = f.pointer("categories");
    let mut placements = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        let pointer = format!("{base}/{i}");
        let placement = if row.is_object() {
            Fields::open(row, &pointer, PLACEMENT_FIELDS, f.defects()).and_then(|mut p| {
                let position = p.whole("position", i64::from(i32::MIN), i64::from(i32::MAX)).map(|n| n as i32);
                let path_pointer = p.pointer("path");
                let path = path(p.raw("path").unwrap_or(&Value::Null), &path_pointer, p.defects())?;
                Some(Placement { path, position })
            })
        } else {
            path(row, &pointer, f.defects()).map(|path| Placement { path, position: None })
        };
        placements.extend(placement);
    }
    Some(placements)
}

/// A category path: a list of names, or names joined by `/`.
pub(super) fn path(value: &Value, pointer: &str, defects: &mut Vec<Defect>) -> Option<Vec<String>> {
    let names: Option<Vec<String>> = match value {
        Value::String(text) => Some(text.split('/').map(|n| n.trim().to_owned()).collect()),
        Value::Array(list) => list.iter().map(|n| n.as_str().map(|n| n.trim().to_owned())).collect(),
        _ => None,
    };
    let good = names.filter(|names| !names.is_empty() && names.iter().all(|n| !n.is_empty()));
    if good.is_none() {
        let allowed = "a list of names from the root, or names joined by `/`, none of them empty";
        defects.push(Defect::new(pointer, format!("{} is not a category path", shown(value)), allowed));
    }
    good
}

/// The attribute values of an object field; `null` leaves an attribute out.
pub(super) fn attributes(f: &mut Fields, name: &str) -> BTreeMap<String, AttributeValue> {
    let mut attributes = BTreeMap::new();
    for (code, value) in f.object(name).into_iter().flatten().filter(|(_, v)| !v.is_null()) {
        let pointer = child(&f.pointer(name), code);
        if let Some(value) = attribute(value, &pointer, f.defects()) {
            attributes.insert(code.clone(), value);
        }
    }
    attributes
}

/// One attribute value.
pub(super) fn attribute(value: &Value, pointer: &str, defects: &mut Vec<Defect>) -> Option<AttributeValue> {
    let decoded = match value {
        Value::String(text) => Some(AttributeValue::Text(text.clone())),
        Value::Number(n) => n.as_f64().map(AttributeValue::Number),
        Value::Bool(b) => Some(AttributeValue::Boolean(*b)),
        Value::Array(list) => {
            list.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<_>>().map(AttributeValue::List)
        }
        _ => None,
    };
    if decoded.is_none() {
        let wanted = "a text, a number, true or false, or a list of texts";
        defects.push(Defect::new(pointer, wrong_type(value, wanted), wanted));
    }
    decoded
}

/// The manual links.
pub(super) fn links(f: &mut Fields) -> BTreeMap<LinkKind, Vec<String>> {
    let mut links = BTreeMap::new();
    let Some(value) = f.present("links") else { return links };
    let pointer = f.pointer("links");
    let Some(mut l) = Fields::open(value, &pointer, &LINK_KINDS.map(|(name, _)| name), f.defects()) else {
        return links;
    };
    for (name, kind) in LINK_KINDS {
        if let Some(skus) = l.texts(name) {
            links.insert(kind, skus);
        }
    }
    links
}

const LINK_KINDS: [(&str, LinkKind); 3] =
    [("related", LinkKind::Related), ("upsell", LinkKind::UpSell), ("crosssell", LinkKind::CrossSell)];

fn views(f: &mut Fields) -> BTreeMap<String, ViewDoc> {
    let mut views = BTreeMap::new();
    for (code, value) in f.object("views").into_iter().flatten() {
        let pointer = child(&f.pointer("views"), code);
        let Some(mut v) = Fields::open(value, &pointer, VIEW_FIELDS, f.defects()) else { continue };
        let (name, description, url) = (v.text("name"), v.text("description"), v.text("url"));
        views.insert(code.clone(), ViewDoc { name, description, visibility: visibility(&mut v), url });
    }
    views
}

fn vectors(f: &mut Fields) -> BTreeMap<String, Vec<f32>> {
    let mut vectors = BTreeMap::new();
    for (space, value) in f.object("vectors").into_iter().flatten() {
        let numbers: Option<Vec<f32>> = value
            .as_array()
            .and_then(|list| list.iter().map(|n| n.as_f64().map(|n| n as f32).filter(|n| n.is_finite())).collect());
        match numbers {
            Some(numbers) => drop(vectors.insert(space.clone(), numbers)),
            None => {
                let pointer = child(&f.pointer("vectors"), space);
                let message = format!("{} is not a vector", shown(value));
                f.defects().push(Defect::new(pointer, message, "a list of numbers that fit 32-bit floats"));
            }
        }
    }
    vectors
}

/// The JSON of a product: what [`decode`] reads back to the same document.
pub fn encode(doc: &ProductDoc, exponents: &Exponents) -> Value {
    let mut out = json!({
        "sku": doc.sku,
        "collection": doc.collection,
        "name": doc.name,
        "description": doc.description,
        "brand": doc.brand,
        "categories": doc.categories.iter().map(|p| json!({"path": p.path, "position": p.position})).collect::<Vec<_>>(),
        "visibility": visibility_name(doc.visibility),
        "created_at": doc.created_ms.map(time::text),
        "attributes": attributes_json(&doc.attributes),
        "image": doc.image,
        "url": doc.url,
        "links": LINK_KINDS.iter().filter_map(|(name, kind)| Some(((*name).to_owned(), json!(doc.links.get(kind)?))))
            .collect::<serde_json::Map<_, _>>(),
        "views": doc.views.iter().map(|(code, v)| (code.clone(), json!({
            "name": v.name, "description": v.description, "visibility": v.visibility.map(visibility_name), "url": v.url,
        }))).collect::<serde_json::Map<_, _>>(),
        "vectors": doc.vectors,
        "variants": doc.variants.iter().map(|v| variant_json(v, exponents)).collect::<Vec<_>>(),
    });
    if let ([only], Value::Object(map)) = (doc.variants.as_slice(), &mut out)
        && only.sku == doc.sku
        && only.options.is_empty()
        && only.image.is_none()
    {
        map.remove("variants");
        let Value::Object(simple) = variant_json(only, exponents) else { return out };
        map.extend(simple.into_iter().filter(|(name, _)| !matches!(name.as_str(), "sku" | "options" | "image")));
    }
    out
}

fn variant_json(v: &VariantDoc, exponents: &Exponents) -> Value {
    let prices: serde_json::Map<_, _> =
        v.prices.iter().map(|(book, p)| (book.clone(), price_json(p, exponents.of(book)))).collect();
    json!({
        "sku": v.sku, "options": attributes_json(&v.options), "prices": prices,
        "in_stock": v.stock.in_stock, "quantity": v.stock.quantity, "image": v.image,
    })
}

fn price_json(price: &Price, exponent: u8) -> Value {
    let special = price.special.map(|s| {
        json!({"price": major_text(s.minor, exponent), "from": s.from_ms.map(time::text), "until": s.until_ms.map(time::text)})
    });
    json!({"price": major_text(price.regular_minor, exponent), "special_price": special})
}

fn attributes_json(attributes: &BTreeMap<String, AttributeValue>) -> Value {
    let entry = |(code, value): (&String, &AttributeValue)| {
        let value = match value {
            AttributeValue::Text(text) => json!(text),
            AttributeValue::Number(number) => json!(number),
            AttributeValue::Boolean(yes) => json!(yes),
            AttributeValue::List(list) => json!(list),
        };
        (code.clone(), value)
    };
    Value::Object(attributes.iter().map(entry).collect())
}

fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Both => "both",
        Visibility::Catalog => "catalog",
        Visibility::Search => "search",
        Visibility::Neither => "neither",
    }
}

#[cfg(test)]
#[path = "product_tests.rs"]
mod tests;
