//! The next item of a visit: one event changes the next answer, and what was seen comes back only where it may.

use serde_json::json;

use crate::shop::{Shop, product, skus};

/// A shop in which B follows A, C follows B, and D was never viewed; `next` leaves out what was seen, `any` does not.
fn shop() -> Shop {
    let shop = Shop::shipped();
    shop.put(&json!(["A", "B", "C", "D"].map(|sku| product(sku, "Thing", 10.0))));
    let visits: Vec<String> = (0..40).map(|visit| format!("v{visit}")).collect();
    let mut events: Vec<(&str, &str, &[&str])> = Vec::new();
    for visit in &visits {
        events.extend([("product_view", visit.as_str(), &["A"] as &[&str]), ("product_view", visit, &["B"])]);
        events.push(("product_view", visit, &["C"]));
    }
    shop.events("past", &events);
    shop.configure("unit", "next", &json!({"type": "session", "limit": 4, "fallback": []}));
    shop.configure("unit", "any", &json!({"type": "session", "limit": 4, "fallback": [], "keep_seen": true}));
    shop
}

#[test]
fn one_view_changes_the_next_answer() {
    let shop = shop();
    let next = |visitor: &str| shop.ok(&format!("/v1/recommendations/next?visitor={visitor}"));
    assert_eq!(skus(&next("anna")), Vec::<&str>::new());
    shop.events("first", &[("product_view", "anna", &["A"])]);
    assert_eq!(skus(&next("anna")), ["B", "C"]);
    shop.events("second", &[("product_view", "anna", &["B"])]);
    let answer = next("anna");
    assert_eq!(skus(&answer), ["C"], "{answer}");
    assert_eq!(answer["items"][0]["query_type"], "primary");
    // What others do is seen at once, too.
    for visitor in 0..30 {
        shop.events(&format!("rise{visitor}"), &[("product_view", &format!("r{visitor}"), &["A", "D"])]);
    }
    assert_eq!(skus(&shop.ok("/v1/recommendations/next?recent=A"))[0], "D");
}

#[test]
fn a_visit_given_by_the_request_stands_for_the_known_one_and_what_was_seen_comes_back_only_where_it_may() {
    let shop = shop();
    shop.events("known", &[("product_view", "ben", &["B"])]);
    assert_eq!(skus(&shop.ok("/v1/recommendations/next?visitor=ben"))[0], "C");
    assert_eq!(skus(&shop.ok("/v1/recommendations/next?visitor=ben&recent=C,A")), ["B"]);
    let all = shop.ok("/v1/recommendations/any?recent=C,A");
    let mut found = skus(&all);
    found.sort_unstable();
    assert_eq!(found, ["A", "B", "C"], "{all}");
    // The product of the page is the visit's last view, and never proposed on its own page.
    assert_eq!(skus(&shop.ok("/v1/recommendations/any?recent=C&anchors=A"))[0], "B");
    assert!(!skus(&shop.ok("/v1/recommendations/any?recent=C&anchors=A")).contains(&"A"));
    assert_eq!(skus(&shop.ok("/v1/recommendations/next?recent=nobody")), Vec::<&str>::new());
}
