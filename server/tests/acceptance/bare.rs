//! Without any plugin the shop still answers: BM25 order, catalog order, most viewed.

use serde_json::json;

use crate::shop::{Shop, product, skus};

#[test]
fn search_category_and_recommendations_answer_without_plugins() {
    let shop = Shop::start();
    assert_eq!(shop.ok("/v1/plugins"), json!([]));
    let at = |sku: &str, name: &str, position: i32| json!({"sku": sku, "name": name, "price": 10, "categories": [{"path": ["Garden"], "position": position}]});
    shop.put(&json!([
        at("A", "Garden chair", 3),
        at("B", "Chair", 1),
        at("C", "Wooden garden chair with a long name and a cushion", 2),
        at("D", "Table", 0),
    ]));
    // The shorter the name, the more one word of it says.
    let search = shop.ok("/v1/search?q=chair&explain=true");
    assert_eq!(skus(&search), ["B", "A", "C"]);
    assert_eq!(search["items"][0]["ledger"][0]["name"], "kernel/text");
    assert_eq!(skus(&shop.ok("/v1/categories/Garden/products")), ["D", "B", "C", "A"]);

    shop.configure("unit", "home", &json!({"type": "most-viewed"}));
    shop.configure("unit", "together", &json!({"type": "bought-this-bought-that", "limit": 2}));
    shop.events(
        "bare",
        &[
            ("product_view", "s1", &["C"]),
            ("product_view", "s2", &["C"]),
            ("product_view", "s1", &["A"]),
            ("product_view", "s3", &["C"]),
            ("product_view", "s3", &["A"]),
            ("product_view", "s3", &["D"]),
        ],
    );
    assert_eq!(skus(&shop.ok("/v1/recommendations/home")), ["C", "A", "D"]);
    // Nobody serves that type any more: what most look at stands in, and the answer says so.
    let other = shop.ok("/v1/recommendations/together?anchors=C");
    assert_eq!(skus(&other), ["A", "D"]);
    for item in other["items"].as_array().unwrap() {
        assert_eq!(
            (&item["query_type"], &item["sources"][0]["name"]),
            (&json!("backup:most-viewed"), &json!("most-viewed"))
        );
    }
    assert!(
        other["warnings"][0].as_str().unwrap().contains("no unit type or source `bought-this-bought-that`"),
        "{other}"
    );
}

#[test]
fn documents_of_an_absent_owner_are_no_kind() {
    let shop = Shop::start();
    let reply = shop.json("PUT", "/v1/config/synonym/a", &json!({"type": "two-way", "terms": ["a", "b"]}));
    assert_eq!((reply.status, reply.json["status"].as_u64()), (404, Some(404)), "{}", reply.text);
    assert!(reply.text.contains("unit") && reply.text.contains("store-view"), "{}", reply.text);
    shop.put(&json!([product("A", "Ant", 1.0)]));
    assert_eq!(skus(&shop.ok("/v1/search?q=ant")), ["A"]);
}
