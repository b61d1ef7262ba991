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

/// The ten calls on the page of `category-merchandising`, as far as they do not hang on a simulated history.
#[test]
fn the_walkthrough_of_a_merchandisers_afternoon_says_what_happens() {
    let Some((shop, products)) = store() else { return };
    let jackets = "/v1/categories/Men/Tops/Jackets/products?page_size=6";
    let page = |more: &str| shop.ok(&format!("{jackets}{more}"));
    let put = |address: &str, body: Value| shop.send_ok("PUT", &format!("/v1/config/{address}"), &body);
    let rules = |list: &Value| -> Vec<String> {
        let rules = list["applied_rules"].as_array().unwrap().iter();
        rules.map(|rule| rule["rule"].as_str().unwrap().split('"').nth(1).unwrap().to_owned()).collect()
    };
    // 1: see the category.
    let first = page("");
    assert_eq!(skus(&first), ["MJ01", "MJ02", "MJ04", "MJ07", "MJ08", "MJ09"]);
    assert_eq!(first["total"], 11);
    // 2: a strategy for all tops.
    let blend = json!({"blend": {"most-purchased": 0.5, "most-viewed": 0.3, "newest": 0.2}, "window": "30d"});
    put(
        "category-rule/men-tops",
        json!({"category": "Men/Tops", "name": "Tops sell", "strategy": blend, "apply_to_subcategories": true}),
    );
    let lines = page("&explain=true")["items"][0]["ledger"].to_string();
    assert!(lines.contains("category-merchandising/newest"), "{lines}");
    // 3 and 4: a draft, and its preview.
    let live: Vec<String> = skus(&page("")).into_iter().map(str::to_owned).collect();
    let fleece = json!({"field": "material", "eq": "Fleece"});
    let events =
        json!([{"pin": "MJ12", "position": 1}, {"hide": "MJ04"}, {"at_least": fleece, "count": 2, "first": 4}]);
    let autumn = json!({"category": "Men/Tops/Jackets", "name": "Autumn jackets", "events": events});
    assert_eq!(put("category-rule/jackets?overlay=autumn", autumn)["state"], "draft");
    assert_eq!(skus(&page("")), live, "shoppers still see what they saw");
    let preview = page("&overlay=autumn&explain=true");
    assert_eq!((skus(&preview)[0], preview["total"].as_u64()), ("MJ12", Some(10)));
    assert_eq!(rules(&preview), ["Autumn jackets", "Tops sell"]);
    // 5: why is it not here?
    let why = shop.ok("/v1/explain?category=Men/Tops/Jackets&sku=MJ04&overlay=autumn");
    let expected = r#"rule "Autumn jackets" (category-rule/jackets) hides it"#;
    assert_eq!(why["answer"], expected);
    // 6: the sale week.
    let week = json!([{"from": "2027-01-10T00:00:00Z", "until": "2027-01-17T00:00:00Z"}]);
    let sale =
        |events: Value| json!({"category": "Men/Tops/Jackets", "priority": 5, "conditions": week, "events": events});
    let cheap = json!({"boost": {"field": "price", "range": {"to": 60}}, "to": "top"});
    put("category-rule/sale-week?overlay=autumn", sale(json!([cheap])));
    let in_week = page("&overlay=autumn&now=2027-01-12T12:00:00Z");
    assert_eq!(rules(&in_week), ["sale-week", "Autumn jackets", "Tops sell"]);
    let dear: Vec<bool> =
        in_week["items"].as_array().unwrap().iter().map(|i| i["price"]["amount"].as_f64() >= Some(60.0)).collect();
    assert!(dear.is_sorted() && !dear[0], "what is below 60 stands in front: {dear:?}");
    assert_eq!(skus(&page("&overlay=autumn")), skus(&preview), "without a time nothing changes yet");
    // 7: a category that fills itself.
    shop.send_ok("PUT", "/v1/categories", &json!([{"put": "Collections/Fleece"}]));
    let condition = json!({"all": [fleece, {"field": "category", "eq": "Men"}]});
    put("smart-category/fleece", json!({"category": "Collections/Fleece", "condition": condition}));
    let smart = shop.ok("/v1/categories/Collections/Fleece/products");
    assert_eq!((smart["total"].as_u64(), &skus(&smart)[..3]), (Some(14), &["MH02", "MH07", "MH11"][..]));
    // 8: do rules fight?
    let conflicts = || shop.ok("/v1/rules/conflicts?overlay=autumn")["conflicts"].as_array().unwrap().clone();
    assert_eq!(conflicts(), [Value::Null; 0]);
    put("category-rule/sale-week?overlay=autumn", sale(json!([{"pin": "MJ04", "position": 2}])));
    let found = conflicts();
    assert_eq!((found.len(), &found[0]["kind"]), (1, &json!("contradictory")));
    assert!(found[0]["example"]["parameters"]["now"].as_str().unwrap().starts_with("2027-01-1"), "{found:?}");
    put("category-rule/sale-week?overlay=autumn", sale(json!([cheap])));
    // 9: publish, and take back.
    let published = shop.send_ok("POST", "/v1/overlays/autumn/publish", &json!({}));
    assert!(published.as_array().unwrap().iter().all(|document| document["state"] == "live"), "{published}");
    assert_eq!(skus(&page("")), skus(&preview), "what was previewed");
    // 10: what became of it.
    let tree = shop.ok("/v1/categories?window=30d");
    let of =
        |path: Value| tree["categories"].as_array().unwrap().iter().find(|one| one["path"] == path).unwrap().clone();
    assert_eq!(of(json!(["Men", "Tops", "Jackets"]))["products"], 11);
    assert_eq!(of(json!(["Collections", "Fleece"]))["products"], 14);
    let strategy = shop.ok("/v1/category-rule/inherited?category=Men/Tops/Jackets")["strategy"].clone();
    assert_eq!(
        (&strategy["name"], &strategy["inherited"], &strategy["rule"]["name"]),
        (&json!("blend"), &json!(true), &json!("Tops sell"))
    );
    assert_eq!(shop.send("DELETE", "/v1/config/category-rule/jackets", &[], None).status, 200);
    assert_eq!(skus(&page("")), live);
    assert_eq!((products.len(), page("")["total"].as_u64()), (199, Some(11)));
}
