//! Which products does the merchant link by hand?
//!
//! Two products in five have lists: related ones from the same leaf, dearer ones of the same leaf to step up
//! to, and things from the leaves that go with it.

use std::collections::BTreeMap;

use planogram_core::catalog::doc::{LinkKind, ProductDoc, ROOT_BOOK};

use super::tree;
use crate::rng::Rng;

/// Adds the links.
pub fn link(products: &mut [ProductDoc], rng: &mut Rng) {
    let mut shelves: BTreeMap<&str, Vec<(String, i64)>> = BTreeMap::new();
    for p in products.iter() {
        shelves.entry(code(&p.sku)).or_default().push((p.sku.clone(), price(p)));
    }
    let shelves: BTreeMap<String, Vec<(String, i64)>> =
        shelves.into_iter().map(|(code, shelf)| (code.to_owned(), shelf)).collect();
    for p in products.iter_mut() {
        if rng.chance(0.4) {
            p.links = links_of(p, &shelves, rng);
        }
    }
}

fn code(sku: &str) -> &str {
    sku.split('-').next().unwrap_or(sku)
}

fn price(product: &ProductDoc) -> i64 {
    product.variants[0].prices.get(ROOT_BOOK).map_or(0, |p| p.regular_minor)
}

fn links_of(
    product: &ProductDoc,
    shelves: &BTreeMap<String, Vec<(String, i64)>>,
    rng: &mut Rng,
) -> BTreeMap<LinkKind, Vec<String>> {
    let own_price = price(product);
    let shelf = |code: &str| shelves.get(code).map(Vec::as_slice).unwrap_or_default();
    let own = shelf(code(&product.sku));
    let others: Vec<String> = own.iter().filter(|(sku, _)| *sku != product.sku).map(|(sku, _)| sku.clone()).collect();
    let better: Vec<String> = own
        .iter()
        .filter(|(_, price)| (own_price * 6 / 5..own_price * 2).contains(price))
        .filter(|(sku, _)| *sku != product.sku)
        .map(|(sku, _)| sku.clone())
        .collect();
    let with = tree::leaf(code(&product.sku)).map_or(&[][..], |leaf| leaf.goes_with);
    let beside: Vec<String> = with.iter().flat_map(|code| shelf(code)).map(|(sku, _)| sku.clone()).collect();
    let lists = [
        (LinkKind::Related, rng.sample(&others, 4)),
        (LinkKind::UpSell, rng.sample(&better, 2)),
        (LinkKind::CrossSell, rng.sample(&beside, 3)),
    ];
    lists.into_iter().filter(|(_, skus)| !skus.is_empty()).collect()
}
