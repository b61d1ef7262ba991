//! Units that know what the shopper bought, has in the cart, looked at, or was shown.

use serde_json::{Value, json};

use crate::shop::{Shop, now_ms, product, skus};

/// A shop of the products `P000`, `P001`, …
fn shop_of(n: usize) -> Shop {
    let shop = Shop::shipped();
    let rows: Vec<Value> = (0..n).map(|i| product(&name(i), "Thing", 10.0)).collect();
    shop.put(&json!(rows));
    for (id, document) in [
        ("complete", json!({"type": "complete-the-basket", "fallback": []})),
        ("together", json!({"type": "bought-this-bought-that", "fallback": []})),
        ("for-you", json!({"type": "recommended-for-you", "fallback": ["most-purchased"]})),
        ("again", json!({"type": "recommended-for-you", "keep_purchased": true, "fallback": []})),
        ("shown", json!({"type": "shown-list", "limit": 2, "fallback": []})),
    ] {
        shop.configure("unit", id, &document);
    }
    shop
}

fn name(i: usize) -> String {
    format!("P{i:03}")
}

/// Orders, each by a visitor of its own.
fn orders(shop: &Shop, label: &str, orders: &[Vec<String>]) {
    for (part, orders) in orders.chunks(500).enumerate() {
        let visits: Vec<String> = (0..orders.len()).map(|i| format!("{label}-{part}-{i}")).collect();
        let lines: Vec<Vec<&str>> = orders.iter().map(|o| o.iter().map(String::as_str).collect()).collect();
        let events: Vec<(&str, &str, &[&str])> = visits
            .iter()
            .zip(&lines)
            .map(|(visit, lines)| ("order_placed", visit.as_str(), lines.as_slice()))
            .collect();
        shop.events(&format!("{label}{part}"), &events);
    }
}

fn repeated(n: usize, items: &[usize]) -> Vec<Vec<String>> {
    vec![items.iter().map(|i| name(*i)).collect(); n]
}

/// One order of a shopper who comes back.
fn order(shop: &Shop, visitor: &str, id: &str, items: &[&str]) {
    let now_ms = now_ms();
    let event = json!([{"id": id, "time": now_ms, "kind": "order_placed", "visitor": visitor, "session": id,
        "order": id, "items": items}]);
    shop.send_ok("POST", "/v1/events", &event);
}

#[test]
fn a_planted_pair_surfaces_among_five_thousand_noisy_orders() {
    let shop = shop_of(402);
    let mut x = 7_u64;
    let mut random = |n: usize| {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (x >> 33) as usize % n
    };
    // P000 is in every third order; P400 and P401 are bought together 30 times.
    let noisy: Vec<Vec<String>> = (0..5_000)
        .map(|i| {
            let mut items = vec![name(1 + random(399)), name(1 + random(399))];
            if i % 3 == 0 {
                items.push(name(0));
            }
            if i % 166 == 0 && i < 4_980 {
                items.extend([name(400), name(401)]);
            }
            items.dedup();
            items
        })
        .collect();
    orders(&shop, "noise", &noisy);
    assert_eq!(skus(&shop.ok("/v1/recommendations/together?anchors=P400"))[0], "P401");
    assert_eq!(skus(&shop.ok("/v1/recommendations/together?anchors=P401"))[0], "P400");
    assert_eq!(skus(&shop.ok("/v1/recommendations/complete?cart=P400,P007"))[0], "P401");
    let led =
        (1..40).filter(|i| skus(&shop.ok(&format!("/v1/recommendations/together?anchors={}", name(*i))))[0] == "P000");
    let n_led = led.count();
    assert!(n_led < 20, "what is merely popular leads {n_led} of 39 lists");
}

#[test]
fn a_basket_is_completed_by_what_goes_with_all_of_it() {
    let shop = shop_of(8);
    orders(&shop, "triple", &repeated(12, &[1, 2, 3]));
    orders(&shop, "one", &repeated(12, &[1, 4]));
    orders(&shop, "two", &repeated(12, &[2, 5]));
    orders(&shop, "else", &repeated(12, &[6, 7]));
    let list = shop.ok("/v1/recommendations/complete?cart=P001,P002");
    assert_eq!(skus(&list), ["P003", "P004", "P005"], "{list}");
    assert_eq!(skus(&shop.ok("/v1/recommendations/complete?anchors=P006")), ["P007"], "without a cart, the product");
    let nothing = shop.ok("/v1/recommendations/complete");
    assert!(skus(&nothing).is_empty() && nothing["warnings"][0].as_str().is_some(), "{nothing}");
}

#[test]
fn row_090_recommended_for_you_adapts_after_one_more_view() {
    let shop = shop_of(8);
    orders(&shop, "crowd", &repeated(9, &[6, 7]));
    let looked: Vec<String> = (0..12).map(|i| format!("looked-{i}")).collect();
    for (label, pair) in [("a", ["P001", "P002"]), ("b", ["P003", "P004"])] {
        let views = looked.iter().flat_map(|visit| pair.iter().map(move |sku| (visit, sku)));
        let visits: Vec<(String, [&str; 1])> = views.map(|(visit, sku)| (format!("{label}{visit}"), [*sku])).collect();
        let events: Vec<(&str, &str, &[&str])> =
            visits.iter().map(|(visit, sku)| ("product_view", visit.as_str(), &sku[..])).collect();
        shop.events(label, &events);
    }
    let for_you = || shop.ok("/v1/recommendations/for-you?visitor=bo");
    assert_eq!(skus(&for_you()), ["P006", "P007"], "nothing is known, so what all buy");
    shop.events("first", &[("product_view", "bo", &["P001"])]);
    assert_eq!(skus(&for_you()), ["P006", "P007", "P002"], "it goes with what was viewed");
    shop.events("second", &[("product_view", "bo", &["P003"])]);
    assert_eq!(skus(&for_you())[..4], ["P006", "P007", "P004", "P002"], "the newest view counts most");
}

#[test]
fn row_090_recommended_for_you_adapts_after_one_order() {
    let shop = shop_of(8);
    orders(&shop, "crowd", &repeated(9, &[6, 7]));
    orders(&shop, "pair", &repeated(6, &[1, 2]));
    orders(&shop, "other", &repeated(6, &[3, 4]));
    let stranger = shop.ok("/v1/recommendations/for-you?visitor=anna");
    assert_eq!(skus(&stranger)[..2], ["P006", "P007"], "nothing is known, so what most buy: {stranger}");
    order(&shop, "anna", "first", &["P001"]);
    let known = shop.ok("/v1/recommendations/for-you?visitor=anna");
    assert!(skus(&known).contains(&"P002") && !skus(&known).contains(&"P001"), "{known}");
    order(&shop, "anna", "second", &["P001", "P003"]);
    let again = shop.ok("/v1/recommendations/again?visitor=anna");
    assert_eq!(skus(&again)[0], "P001", "bought twice: {again}");
    assert!(skus(&again).contains(&"P004"), "it goes with what was bought last: {again}");
}

#[test]
fn a_shown_list_comes_back_whole_in_a_better_order() {
    let shop = shop_of(8);
    let path = "/v1/recommendations/shown?visitor=ben&among=P003,P001,P005,P000,P999";
    assert_eq!(skus(&shop.ok(path)), ["P003", "P001", "P005", "P000"], "nothing known keeps the order");
    shop.events("touch", &[("product_view", "ben", &["P000"]), ("product_view", "ben", &["P001"])]);
    assert_eq!(skus(&shop.ok(path))[..2], ["P001", "P000"], "touched last leads");
    let all: Vec<String> = (0..101).map(name).collect();
    let refused = shop.get(&format!("/v1/recommendations/shown?among={}", all.join(",")));
    assert_eq!(refused.status, 400);
    assert_eq!(shop.get("/v1/search?q=thing&among=P001").status, 400);
}
