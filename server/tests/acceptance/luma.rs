//! The Luma catalog: what is found, counted and listed is what counting by hand gives.

use std::collections::{BTreeMap, BTreeSet};

use planogram_core::catalog::doc::{AttributeValue, ProductDoc, VariantDoc};
use planogram_core::engine::types::{Acknowledge, WriteOptions};
use planogram_datasets::documents::SeedDocument;
use planogram_datasets::loaders::luma::luma;
use serde_json::{Value, json};

use crate::shop::{Shop, escaped, facet, skus};

/// The shop and what was loaded into it, or nothing where the data is not there.
fn store() -> Option<(Shop, Vec<ProductDoc>)> {
    let store = luma(&planogram_datasets::real::dir("luma")?).unwrap();
    assert_eq!(store.refused, []);
    let shop = Shop::shipped();
    let options =
        || WriteOptions { actor: "test".to_owned(), acknowledge: Acknowledge::Text, ..WriteOptions::default() };
    let attributes = store.attributes.iter().map(|(code, body)| SeedDocument::global("attribute", code, body.clone()));
    let writes = store.documents.iter().cloned().chain(attributes).map(|d| d.into_write("test", "")).collect();
    shop.engine.write_config(writes, options()).unwrap();
    shop.engine.change_categories(store.categories, options()).unwrap();
    let receipt = shop.engine.put_products(store.products.clone(), options()).unwrap();
    assert_eq!((receipt.accepted, receipt.rejected.len()), (store.products.len() as u64, 0));
    Some((shop, store.products))
}

fn has(variant: &VariantDoc, option: &str, value: &str) -> bool {
    matches!(variant.options.get(option), Some(AttributeValue::Text(text)) if text == value)
}

/// How many of these products have one variant that has all of this.
fn count(products: &[&ProductDoc], wanted: &[(&str, &str)], counts: impl Fn(&VariantDoc) -> bool) -> u64 {
    let matches = |v: &VariantDoc| counts(v) && wanted.iter().all(|(option, value)| has(v, option, value));
    products.iter().filter(|p| p.variants.iter().any(&matches)).count() as u64
}

/// All skus a request lists, each once.
fn listed(shop: &Shop, path: &str) -> (BTreeSet<String>, Value) {
    let list = shop.ok(&format!("{path}page_size=500"));
    let all: BTreeSet<String> = skus(&list).into_iter().map(str::to_owned).collect();
    assert_eq!(all.len(), skus(&list).len(), "a product stands twice in {path}");
    assert_eq!(all.len() as u64, list["total"].as_u64().unwrap(), "{path}");
    (all, list)
}

fn chosen<'a>(products: &'a [ProductDoc], chosen: &BTreeSet<String>) -> Vec<&'a ProductDoc> {
    products.iter().filter(|p| chosen.contains(&p.sku)).collect()
}

#[test]
fn hoodie_finds_hoodies_and_a_color_filter_counts_right() {
    let Some((shop, products)) = store() else { return };
    let (found, list) = listed(&shop, "/v1/search?q=hoodie&facets=color,size&");
    let named: Vec<&ProductDoc> =
        products.iter().filter(|p| p.name.to_lowercase().contains("hoodie") && p.visibility.in_search()).collect();
    assert!(named.len() > 10, "{}", named.len());
    assert!(named.iter().all(|p| found.contains(&p.sku)), "a hoodie is not found");
    let names: Vec<&str> = list["items"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap()).collect();
    assert!(names.iter().take(10).all(|name| name.to_lowercase().contains("hoodie")), "{names:?}");

    let matched = chosen(&products, &found);
    let colors = facet(&list, "color");
    assert!(colors.len() >= 5, "{list}");
    for (color, counted) in &colors {
        assert_eq!(*counted, count(&matched, &[("color", color)], |_| true), "{color}");
        let (filtered, filtered_list) =
            listed(&shop, &format!("/v1/search?q=hoodie&facets=color,size&filter.color={}&", escaped(color)));
        assert_eq!(filtered.len() as u64, *counted, "{color}");
        assert!(filtered.is_subset(&found));
        // Without its own filter the color facet stays as it was; the size facet counts the same variants.
        assert_eq!(facet(&filtered_list, "color"), colors, "{color}");
        for (size, n) in facet(&filtered_list, "size") {
            assert_eq!(n, count(&matched, &[("color", color), ("size", &size)], |_| true), "{color} {size}");
        }
        for item in filtered_list["items"].as_array().unwrap() {
            let product = products.iter().find(|p| item["sku"] == p.sku.as_str()).unwrap();
            let witness = product.variants.iter().find(|v| item["variant"] == v.sku.as_str()).unwrap();
            assert!(has(witness, "color", color), "{item}");
        }
    }
}

#[test]
fn men_tops_lists_exactly_its_members_each_parent_once() {
    let Some((shop, products)) = store() else { return };
    let below = |p: &ProductDoc, path: &[&str]| {
        p.visibility.in_catalog() && p.categories.iter().any(|c| c.path.iter().take(path.len()).eq(path.iter()))
    };
    for path in
        [&["Men", "Tops"][..], &["Men", "Tops", "Hoodies & Sweatshirts"], &["Women", "Bottoms"], &["Gear", "Bags"]]
    {
        let expected: BTreeSet<String> = products.iter().filter(|p| below(p, path)).map(|p| p.sku.clone()).collect();
        assert!(expected.len() > 5, "{path:?}");
        let address = path.iter().map(|name| escaped(name)).collect::<Vec<_>>().join("/");
        assert_eq!(listed(&shop, &format!("/v1/categories/{address}/products?")).0, expected, "{path:?}");
    }
    // `Women` is no anchor: it does not show what hangs below it, and nothing hangs in it.
    assert_eq!(listed(&shop, "/v1/categories/Women/products?").0, BTreeSet::new());
}

#[test]
fn red_and_m_must_be_one_variant_that_can_be_bought() {
    let Some((shop, products)) = store() else { return };
    let view = json!({"locale": "en-US", "currency": "USD", "default": true, "out_of_stock": "hide"});
    shop.configure("store-view", "default", &view);
    let path = "/v1/search?filter.color=Red&filter.size=M&";
    let shown: Vec<&ProductDoc> = products.iter().filter(|p| p.visibility.in_search()).collect();
    let red_m = [("color", "Red"), ("size", "M")];
    let (before, _) = listed(&shop, path);
    assert_eq!(before.len() as u64, count(&shown, &red_m, |v| v.stock.in_stock));

    // Half of the red Ms are sold out; those products still have red ones and ones in M.
    let of = |p: &ProductDoc| {
        p.variants.iter().filter(|v| red_m.iter().all(|(o, x)| has(v, o, x))).map(|v| v.sku.clone()).collect::<Vec<_>>()
    };
    let sold: BTreeMap<String, Vec<String>> =
        shown.iter().filter(|p| before.contains(&p.sku)).step_by(2).map(|p| (p.sku.clone(), of(p))).collect();
    assert!(sold.len() > 5 && sold.len() < before.len());
    let patches: Vec<Value> = sold.values().flatten().map(|sku| json!({"sku": sku, "in_stock": false})).collect();
    shop.send_ok("PATCH", "/v1/products", &json!(patches));
    let (after, list) = listed(&shop, path);
    let expected: BTreeSet<String> = before.iter().filter(|sku| !sold.contains_key(*sku)).cloned().collect();
    assert_eq!(after, expected);
    assert!(list["items"].as_array().unwrap().iter().all(|i| i["in_stock"] == true), "{list}");
    let (red, _) = listed(&shop, "/v1/search?filter.color=Red&");
    let (medium, _) = listed(&shop, "/v1/search?filter.size=M&");
    assert!(sold.keys().all(|sku| red.contains(sku) && medium.contains(sku)), "the trap was not set");
    let answer = shop.ok(&format!("/v1/explain?{path}sku={}", sold.keys().next().unwrap()).replace("/v1/search?", ""));
    assert!(answer["answer"].as_str().unwrap().contains("no one variant satisfies all"), "{answer}");
}
