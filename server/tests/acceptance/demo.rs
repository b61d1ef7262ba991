//! The demo shop answers, and every score is explained to the bit.

use planogram_core::engine::types::{Acknowledge, WriteOptions};
use planogram_datasets::shop::{ShopConfig, generate};
use planogram_datasets::shoppers::{SimConfig, of_catalog, simulate};
use serde_json::Value;

use crate::shop::{Shop, now_ms, skus};

/// A small demo shop with yesterday's shoppers, under the plugins that ship.
fn demo() -> Shop {
    let shop = Shop::shipped();
    let engine = &shop.engine;
    let made = generate(ShopConfig { products: 240, ..ShopConfig::default() });
    let options =
        || WriteOptions { actor: "demo".to_owned(), acknowledge: Acknowledge::Durable, ..WriteOptions::default() };
    for document in made.documents {
        engine.write_config(vec![document.into_write("demo", "")], options()).unwrap();
    }
    assert!(engine.change_categories(made.categories, options()).unwrap().rejected.is_empty());
    assert!(engine.put_products(made.products.clone(), options()).unwrap().rejected.is_empty());
    let now_ms = now_ms() as i64;
    let config = SimConfig { days: 1, shoppers: 120, visits_per_shopper: 2.0, ..SimConfig::default() };
    let known = of_catalog(&made.products);
    let events: Vec<_> = simulate(&known, &config.ending_before(now_ms)).collect();
    assert!(events.len() > 500, "{} events", events.len());
    assert!(engine.ingest_events(events, options()).unwrap().rejected.is_empty());
    engine.flush().unwrap();
    shop
}

/// JSON with every number as a text of its digits: a JSON library may read a number one bit off, and this is about
/// bits.
fn exact(json: &str) -> Value {
    let (mut out, mut in_text, mut escaped, mut in_number) = (String::new(), false, false, false);
    for c in json.chars() {
        let is_number =
            !in_text && (c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E') && (in_number || c == '-'));
        if is_number != in_number {
            out.push('"');
            in_number = is_number;
        }
        out.push(c);
        if in_text {
            (in_text, escaped) = (escaped || c != '"', !escaped && c == '\\');
        } else if c == '"' {
            in_text = true;
        }
    }
    serde_json::from_str(&out).unwrap()
}

fn digits(value: &Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("no number: {value}")).parse().unwrap()
}

/// Every item of the list has a ledger whose score lines, added from left to right, are its score; returns the names
/// of the lines.
fn adds_up(shop: &Shop, path: &str) -> Vec<String> {
    let list = exact(&shop.get(path).text);
    let items = list["items"].as_array().unwrap_or_else(|| panic!("{path}: {list}"));
    assert!(!items.is_empty() && list["degraded"] == serde_json::json!([]), "{path}: {list}");
    let mut names = Vec::new();
    for item in items {
        let lines = item["ledger"].as_array().unwrap().iter().filter(|line| line["kind"] == "score");
        let mut sum = 0.0;
        for line in lines {
            sum += digits(&line["value"]);
            names.push(line["name"].as_str().unwrap().to_owned());
        }
        assert_eq!(sum.to_bits(), digits(&item["score"]).to_bits(), "{path}: {item}");
    }
    names
}

#[test]
fn numbers_are_read_to_the_bit() {
    let read = exact(r#"{"a\"1": [1.5e-7, -2, "x 3"], "b": 0.30000000000000004, "c": true}"#);
    assert_eq!(read, serde_json::json!({"a\"1": ["1.5e-7", "-2", "x 3"], "b": "0.30000000000000004", "c": true}));
}

#[test]
fn search_category_and_recommendation_are_ranked_and_explained_to_the_bit() {
    let shop = demo();
    let search = adds_up(&shop, "/v1/search?q=jacket&page_size=50&explain=true");
    assert!(
        search.iter().any(|n| n == "kernel/text") && search.iter().any(|n| n == "live-search/behavior"),
        "{search:?}"
    );
    let browse = adds_up(&shop, "/v1/search?page_size=100&explain=true");
    assert!(browse.iter().any(|n| n == "live-search/behavior"), "{browse:?}");
    let category = adds_up(&shop, "/v1/categories/Men/Clothing/products?page_size=50&explain=true");
    assert!(category.iter().any(|n| n == "category-merchandising/strategy"), "{category:?}");
    adds_up(&shop, "/v1/recommendations/home-popular?explain=true");

    let first = shop.ok("/v1/search?q=jacket&page_size=50");
    let scores: Vec<f64> = first["items"].as_array().unwrap().iter().map(|i| i["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let viewed = skus(&first)[0].to_owned();
    for unit in ["product-viewed", "product-bought", "product-similar"] {
        adds_up(&shop, &format!("/v1/recommendations/{unit}?anchors={viewed}&explain=true"));
        let list = shop.ok(&format!("/v1/recommendations/{unit}?anchors={viewed}"));
        assert!(!skus(&list).contains(&viewed.as_str()) && list["unit"]["id"] == unit, "{list}");
    }
}

#[test]
fn pages_are_a_partition_of_the_list() {
    let shop = demo();
    for path in ["/v1/search?q=cotton", "/v1/search?", "/v1/categories/Men/products?"] {
        let page = |number: usize, size: usize| shop.ok(&format!("{path}&page={number}&page_size={size}"));
        let whole = page(1, 500);
        let total = whole["total"].as_u64().unwrap() as usize;
        assert!(total > 14 && total == skus(&whole).len(), "{path}: {total}");
        for size in [7, 24] {
            let pages: Vec<_> = (1..=total.div_ceil(size)).map(|number| page(number, size)).collect();
            let joined: Vec<&str> = pages.iter().flat_map(skus).collect();
            assert_eq!(joined, skus(&whole), "{path} by {size}");
        }
    }
}
