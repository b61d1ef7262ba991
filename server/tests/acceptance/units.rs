//! Recommendation units: what goes together is proposed, the anchor and what cannot be bought never are.

use serde_json::{Value, json};

use crate::shop::{Shop, product, skus};

/// A (the anchor) is bought with P, and with U which is sold out; X is bought by everybody else.
fn shop() -> Shop {
    let shop = Shop::shipped();
    let mut rows: Vec<Value> = ["A", "P", "U", "X", "Y", "Z"].map(|sku| product(sku, "Thing", 10.0)).to_vec();
    rows[0]["links"] = json!({"related": ["Z", "Y", "U"], "upsell": ["Y"], "crosssell": ["A", "X"]});
    rows[2]["in_stock"] = json!(false);
    shop.put(&json!(rows));
    let sessions: Vec<String> = (0..30).map(|s| format!("s{s:02}")).collect();
    let mut events: Vec<(&str, &str, &[&str])> = Vec::new();
    for (i, session) in sessions.iter().enumerate() {
        let basket: &[&str] = match i {
            0..6 => &["A", "P", "U"],
            6..8 => &["A", "X"],
            _ => &["X", "Y"],
        };
        events.push(("product_view", session, basket));
        events.push(("order_placed", session, basket));
    }
    shop.events("units", &events);
    let unit = |id: &str, unit_type: &str, fallback: &[&str]| {
        shop.configure("unit", id, &json!({"type": unit_type, "limit": 3, "fallback": fallback}));
    };
    unit("bought", "bought-this-bought-that", &["most-viewed"]);
    unit("bought-only", "bought-this-bought-that", &[]);
    unit("viewed", "viewed-this-viewed-that", &["most-viewed"]);
    unit("popular", "most-viewed", &[]);
    unit("related", "related", &["most-viewed"]);
    unit("up-sell", "up-sell", &["related", "most-viewed"]);
    unit("cross-sell", "cross-sell", &[]);
    unit("similar", "more-like-this", &["most-viewed"]);
    shop
}

fn types(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|i| i["query_type"].as_str().unwrap()).collect()
}

const UNITS: [&str; 8] = ["bought", "bought-only", "viewed", "popular", "related", "up-sell", "cross-sell", "similar"];

#[test]
fn what_is_bought_together_stands_before_what_is_merely_popular() {
    let shop = shop();
    assert_eq!(skus(&shop.ok("/v1/recommendations/popular"))[0], "X");
    for unit in ["bought", "bought-only", "viewed"] {
        let list = shop.ok(&format!("/v1/recommendations/{unit}?anchors=A"));
        assert_eq!(skus(&list)[..2], ["P", "X"], "{list}");
        assert_eq!(types(&list)[..2], ["primary", "primary"], "{list}");
    }
    assert_eq!(skus(&shop.ok("/v1/recommendations/bought?anchors=X"))[0], "Y");
}

#[test]
fn the_anchor_and_what_cannot_be_bought_are_never_proposed() {
    let shop = shop();
    for unit in UNITS {
        for query in
            ["anchors=A", "anchors=A,P", "anchors=Y&cart=A", "anchors=U", "anchors=A&viewed=A,U", "anchors=nobody"]
        {
            let list = shop.ok(&format!("/v1/recommendations/{unit}?{query}"));
            let found = skus(&list);
            assert!(!found.contains(&"U"), "{unit} {query}: {found:?}");
            let excluded = query.split(['=', '&', ',']).filter(|part| part.len() == 1);
            if !query.contains("viewed") {
                assert!(excluded.into_iter().all(|sku| !found.contains(&sku)), "{unit} {query}: {found:?}");
            }
            assert!(!query.contains("anchors=A") || !found.contains(&"A"), "{unit} {query}: {found:?}");
            let mut once = found.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), found.len(), "{unit} {query}: {found:?}");
            assert!(found.len() <= 3 && list["degraded"] == json!([]), "{list}");
        }
    }
    // Sold out by the next request.
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "P", "in_stock": false}]));
    assert_eq!(skus(&shop.ok("/v1/recommendations/bought-only?anchors=A")), ["X", "Y"], "Y goes with X");
}

#[test]
fn manual_links_keep_the_merchants_order_and_the_fallback_is_named() {
    let shop = shop();
    let related = shop.ok("/v1/recommendations/related?anchors=A");
    assert_eq!(skus(&related), ["Z", "Y", "X"], "{related}");
    assert_eq!(types(&related), ["primary", "primary", "backup:most-viewed"]);
    let up = shop.ok("/v1/recommendations/up-sell?anchors=A");
    assert_eq!((skus(&up), types(&up)), (vec!["Y", "Z", "X"], vec!["primary", "backup:related", "backup:most-viewed"]));
    let cross = shop.ok("/v1/recommendations/cross-sell?anchors=A");
    assert_eq!((skus(&cross), types(&cross)), (vec!["X"], vec!["primary"]));
    assert_eq!(skus(&shop.ok("/v1/recommendations/cross-sell?anchors=Z")), Vec::<&str>::new());
}

#[test]
fn a_unit_obeys_its_filter_and_its_page_types() {
    let shop = shop();
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "Y", "price": 99}]));
    let filter = json!({"field": "price", "range": {"from": 50}});
    shop.configure(
        "unit",
        "dear",
        &json!({"type": "most-viewed", "filter": filter, "page_types": ["product"], "label": "Dear"}),
    );
    let list = shop.ok("/v1/recommendations/dear?page_type=product");
    assert_eq!(skus(&list), ["Y"]);
    let unit = json!({"id": "dear", "type": "most-viewed", "label": "Dear", "page_types": ["product"], "order": 0,
        "limit": 5});
    assert_eq!(list["unit"], unit);
}

#[test]
fn what_the_shopper_bought_is_not_proposed_again() {
    let shop = shop();
    let list = shop.ok("/v1/recommendations/popular?visitor=s00");
    assert!(!skus(&list).contains(&"P") && !skus(&list).contains(&"A"), "{list}");
    assert!(skus(&shop.ok("/v1/recommendations/popular?visitor=s29")).contains(&"P"));
}
