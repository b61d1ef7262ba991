//! What do the catalog's own tests sell?
//!
//! Small documents and random histories over a handful of skus, so that puts, deletes, patches, moves and
//! variants that change hands collide often.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Catalog;
use super::doc::{
    AttributeValue, CategoryChange, PRODUCTS, Placement, Price, ProductDoc, ProductPatch, ROOT_BOOK, Stock, VariantDoc,
    ViewDoc, Visibility,
};
use crate::id::VariantId;

/// A variant with text options, in stock, for 10.00.
pub(crate) fn variant(sku: &str, options: &[(&str, &str)]) -> VariantDoc {
    let price = Price { regular_minor: 1_000, special: None };
    VariantDoc {
        sku: sku.to_owned(),
        options: options
            .iter()
            .map(|(code, text)| ((*code).to_owned(), AttributeValue::Text((*text).to_owned())))
            .collect(),
        prices: BTreeMap::from([(ROOT_BOOK.to_owned(), price)]),
        stock: Stock { in_stock: true, quantity: None },
        image: None,
    }
}

/// A plain product with these variants.
pub(crate) fn product(sku: &str, variants: &[VariantDoc]) -> ProductDoc {
    ProductDoc {
        sku: sku.to_owned(),
        collection: PRODUCTS.to_owned(),
        name: format!("Product {sku}"),
        description: String::new(),
        brand: None,
        categories: Vec::new(),
        visibility: Visibility::Both,
        created_ms: Some(0),
        attributes: BTreeMap::new(),
        image: None,
        url: None,
        links: BTreeMap::new(),
        views: BTreeMap::new(),
        vectors: BTreeMap::new(),
        variants: variants.to_vec(),
    }
}

/// Final price in the root book at time 0, in major units.
pub(crate) fn price_of(catalog: &Catalog, variant: VariantId) -> Option<f64> {
    let chain = catalog.root_chain();
    catalog.price(variant, &chain, 0).map(|quote| chain.major(quote.final_minor))
}

/// One step of a random history.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Put(Box<ProductDoc>),
    Patch(Box<ProductPatch>),
    Delete(String),
    Intern(String),
    Category(CategoryChange),
}

impl Change {
    /// Puts product `P<n>`; `seed` decides everything else.
    pub fn put(n: u8, seed: u64) -> Self {
        Self::Put(Box::new(random_product(n, seed)))
    }
}

const COLORS: [&str; 3] = ["Red", "Blue", "GREEN"];
const PATHS: [&str; 5] = ["Men", "Men/Tops", "Men/Tops/Tees", "Women/Tops", "Sale"];

fn pick<T: Copy>(seed: u64, shift: u32, from: &[T]) -> T {
    from[(seed >> shift) as usize % from.len()]
}

fn bit(seed: u64, at: u32) -> bool {
    seed >> at & 1 == 1
}

fn path(text: &str) -> Vec<String> {
    text.split('/').map(str::to_owned).collect()
}

fn random_product(n: u8, seed: u64) -> ProductDoc {
    // Variants of neighboring products share skus now and then, so that they change hands.
    let owner = if bit(seed, 0) && bit(seed, 1) { n + 1 } else { n };
    let variants = (0..=u32::from(bit(seed, 2)) * 2 + 1).map(|v| {
        let mut one = variant(&format!("P{owner}-S-{v}"), &[]);
        if bit(seed, 3 + v) {
            one.options.insert("color".to_owned(), AttributeValue::Text(pick(seed, 7 + v, &COLORS).to_owned()));
        }
        if bit(seed, 11 + v) {
            one.options.insert("size".to_owned(), AttributeValue::Number(f64::from(v)));
        }
        one.stock = Stock { in_stock: bit(seed, 15 + v), quantity: bit(seed, 16 + v).then_some(f64::from(v)) };
        one.prices
            .insert(ROOT_BOOK.to_owned(), Price { regular_minor: (seed >> (19 + v)) as i64 % 700, special: None });
        if bit(seed, 23 + v) {
            one.prices.clear();
        }
        one
    });
    let variants: Vec<VariantDoc> = variants.collect();
    let mut doc = product(&format!("P{n}"), &variants);
    doc.brand = bit(seed, 30).then(|| pick(seed, 31, &["Acme", "ACME", "Luma"]).to_owned());
    doc.visibility = pick(seed, 33, &[Visibility::Both, Visibility::Search, Visibility::Catalog, Visibility::Neither]);
    doc.collection = if seed.is_multiple_of(13) { "offers".to_owned() } else { PRODUCTS.to_owned() };
    if bit(seed, 35) {
        let colors = vec![pick(seed, 36, &COLORS).to_lowercase(), pick(seed, 37, &COLORS).to_owned()];
        doc.attributes.insert("color".to_owned(), AttributeValue::List(colors));
    }
    if bit(seed, 38) {
        doc.attributes.insert("size".to_owned(), AttributeValue::Number((seed >> 39) as f64 % 5.0));
    }
    if bit(seed, 41) {
        doc.attributes.insert("eco".to_owned(), AttributeValue::Boolean(bit(seed, 42)));
    }
    if bit(seed, 43) {
        let visibility = Some(pick(seed, 44, &[Visibility::Neither, Visibility::Both]));
        doc.views.insert("se".to_owned(), ViewDoc { visibility, ..ViewDoc::default() });
    }
    for at in 0..(seed >> 46) % 3 {
        let position = bit(seed, 48).then_some(at as i32);
        doc.categories.push(Placement { path: path(pick(seed, 49 + at as u32, &PATHS)), position });
    }
    doc
}

fn random_patch(sku: String, seed: u64) -> ProductPatch {
    let mut patch = ProductPatch { sku, ..ProductPatch::default() };
    patch.in_stock = bit(seed, 0).then_some(bit(seed, 1));
    patch.quantity = bit(seed, 2).then_some(bit(seed, 3).then_some(4.0));
    if bit(seed, 4) {
        let price = bit(seed, 5).then_some(Price { regular_minor: (seed >> 6) as i64 % 900, special: None });
        patch.prices.insert(pick(seed, 6, &[ROOT_BOOK, "vip"]).to_owned(), price);
    }
    if bit(seed, 8) {
        let value = bit(seed, 9).then(|| AttributeValue::Text(pick(seed, 10, &COLORS).to_owned()));
        patch.attributes.insert(pick(seed, 12, &["color", "size", "brand"]).to_owned(), value);
    }
    if bit(seed, 14) {
        patch.categories = Some(vec![Placement { path: path(pick(seed, 15, &PATHS)), position: Some(1) }]);
    }
    patch.visibility = bit(seed, 18).then_some(Visibility::Catalog);
    patch
}

fn arb_change() -> impl Strategy<Value = Change> {
    let n = || 0u8..5;
    let category = (0usize..5, 0usize..5, 0u8..3).prop_map(|(from, to, verb)| match verb {
        0 => CategoryChange::Put { path: path(PATHS[from]), position: Some(to as i32), anchor: to != 0 },
        1 => CategoryChange::Move { path: path(PATHS[from]), to: path(&format!("{}/Moved", PATHS[to])) },
        _ => CategoryChange::Remove { path: path(PATHS[from]) },
    });
    prop_oneof![
        6 => (n(), any::<u64>()).prop_map(|(n, seed)| Change::put(n, seed)),
        2 => (n(), any::<u64>()).prop_map(|(n, seed)| Change::Patch(Box::new(random_patch(format!("P{n}"), seed)))),
        2 => (n(), any::<u64>()).prop_map(|(n, seed)| Change::Patch(Box::new(random_patch(format!("P{n}-S-0"), seed)))),
        1 => n().prop_map(|n| Change::Delete(format!("P{n}"))),
        1 => n().prop_map(|n| Change::Intern(format!("P{n}-S-1"))),
        2 => category.prop_map(Change::Category),
    ]
}

/// A random history.
pub(crate) fn arb_changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(arb_change(), 0..40)
}

/// The shop after a random history.
pub(crate) fn arb_shop() -> impl Strategy<Value = Catalog> {
    arb_changes().prop_map(|changes| {
        let mut catalog = Catalog::new();
        apply(&mut catalog, &changes);
        catalog
    })
}

/// Folds a history, a millisecond a step.
pub(crate) fn apply(catalog: &mut Catalog, changes: &[Change]) {
    for (time_ms, change) in (1..).zip(changes) {
        match change {
            Change::Put(doc) => drop(catalog.put((**doc).clone(), time_ms)),
            Change::Patch(patch) => drop(catalog.patch(patch, time_ms)),
            Change::Delete(sku) => drop(catalog.delete(sku)),
            Change::Intern(sku) => drop(catalog.intern(sku)),
            Change::Category(change) => catalog.change_category(change),
        }
    }
}
