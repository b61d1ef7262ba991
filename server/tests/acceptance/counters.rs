//! Whose shoppers made a product popular?

use serde_json::{Value, json};

use crate::shop::{Shop, now_ms, product, skus};

/// Views of `sku` by `n` visits, each naming the store view unless it is empty.
fn views(shop: &Shop, store_view: &str, sku: &str, n: usize) {
    let now_ms = now_ms();
    let row = |i| {
        let id = format!("{store_view}-{sku}-{i}");
        let mut row = json!({"id": id, "time": now_ms, "kind": "product_view", "visitor": id, "items": [sku]});
        if !store_view.is_empty() {
            row["store_view"] = json!(store_view);
        }
        row
    };
    let rows: Vec<Value> = (0..n).map(row).collect();
    assert_eq!(shop.send_ok("POST", "/v1/events", &json!(rows))["accepted"], n);
}

fn shop() -> Shop {
    let shop = Shop::shipped();
    shop.put(&json!(["A", "B", "C"].map(|sku| product(sku, "Thing", 10.0))));
    shop.configure("unit", "top", &json!({"type": "most-viewed", "fallback": []}));
    shop
}

#[test]
fn most_viewed_is_that_of_the_store_view() {
    let shop = shop();
    shop.configure("store-view", "us", &json!({"locale": "en-US", "default": true}));
    for code in ["se", "fi"] {
        shop.configure("store-view", code, &json!({"locale": "sv-SE"}));
    }
    let top = |store_view: &str| shop.ok(&format!("/v1/recommendations/top?store_view={store_view}"));
    views(&shop, "", "A", 3);
    views(&shop, "", "B", 1);
    assert_eq!(skus(&top("se")), ["A", "B"], "before its first event the whole shop answers");
    views(&shop, "se", "B", 5);
    views(&shop, "se", "C", 2);
    assert_eq!(skus(&top("se")), ["B", "C"]);
    assert_eq!(skus(&top("us")), ["A", "B"], "an event without a store view is of the default one");
    assert_eq!(skus(&top("")), ["A", "B"]);
    assert_eq!(skus(&top("fi")), ["B", "A", "C"], "6, 3 and 2 views in the whole shop");
}

#[test]
fn a_store_view_alone_in_the_shop_counts_every_event() {
    let shop = shop();
    shop.configure("store-view", "us", &json!({"locale": "en-US"}));
    views(&shop, "us", "A", 2);
    views(&shop, "", "B", 3);
    assert_eq!(skus(&shop.ok("/v1/recommendations/top")), ["B", "A"]);
    assert_eq!(skus(&shop.ok("/v1/recommendations/top?store_view=us")), ["B", "A"]);
}

#[test]
fn a_category_counts_visits_and_orders_once_and_the_ones_above_it_too() {
    let shop = Shop::shipped();
    let in_category = |sku: &str, path: &str| {
        let mut row = product(sku, "Thing", 10.0);
        row["categories"] = json!([path]);
        row
    };
    shop.put(&json!([in_category("A", "Men/Tops"), in_category("B", "Men/Tops"), in_category("C", "Men/Pants")]));
    let now_ms = now_ms();
    let event = |id: &str, visitor: &str, kind: &str, skus: &[&str], order: &str| {
        let mut row = json!({"id": id, "time": now_ms, "kind": kind, "visitor": visitor, "items": skus});
        if !order.is_empty() {
            row["order"] = json!(order);
        }
        row
    };
    let rows = [
        event("1", "u", "product_view", &["A"], ""),
        event("2", "u", "product_view", &["B"], ""),
        event("3", "u", "product_view", &["C"], ""),
        event("4", "v", "product_view", &["C"], ""),
        event("5", "v", "add_to_cart", &["C"], ""),
        event("6", "u", "order_placed", &["A", "B", "C"], "o"),
        event("7", "u", "order_canceled", &["A"], "o"),
    ];
    shop.send_ok("POST", "/v1/events", &json!(rows));
    let counted = |address: &str| {
        let tree = shop.ok(address);
        let line = |c: &Value| {
            let path = c["path"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect::<Vec<_>>().join("/");
            format!("{path} {} {} {} {}", c["products"], c["views"], c["carts"], c["purchases"])
        };
        tree["categories"].as_array().unwrap().iter().map(line).collect::<Vec<_>>()
    };
    let tree = ["Men 3 2 1 1", "Men/Tops 2 1 0 1", "Men/Pants 1 2 1 1"];
    assert_eq!(counted("/v1/categories?window=24h"), tree);
    shop.send_ok("POST", "/v1/events", &json!([event("8", "u", "order_canceled", &["B"], "o")]));
    assert_eq!(counted("/v1/categories"), ["Men 3 2 1 1", "Men/Tops 2 1 0 0", "Men/Pants 1 2 1 1"]);
    let refused = shop.get("/v1/categories?store_view=nowhere");
    assert_eq!(refused.status, 404, "{}", refused.text);
}
