//! Related-product rules: what they are about, what they show, in which list, in which order, and to whom.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::shop::{Shop, libraries, plugin_entry, product, skus};

/// Eight products, A to H: prices, brands, categories and colors; G is sold out.
fn fill(shop: &Shop) {
    let rows = [
        ("A", 100.0, "Oak", "Men/Tops", "red"),
        ("B", 79.99, "Oak", "Men/Tops", "Red"),
        ("C", 80.0, "Elm", "Men/Tops/Tees", "red"),
        ("D", 100.0, "Elm", "Men/Tops/Tees", "blue"),
        ("E", 120.0, "Oak", "Men/Shoes", "red"),
        ("F", 119.99, "Elm", "Men/Shoes", "blue"),
        ("G", 100.0, "Elm", "Men/Tops", "red"),
        ("H", 100.0, "Elm", "Women", "green"),
    ];
    let row = |(sku, price, brand, category, color): &(&str, f64, &str, &str, &str)| {
        let mut row = product(sku, "Thing", *price);
        row["brand"] = json!(brand);
        row["categories"] = json!([category]);
        row["attributes"] = json!({"color": color});
        row["in_stock"] = json!(*sku != "G");
        row
    };
    shop.put(&json!(rows.iter().map(row).collect::<Vec<Value>>()));
    for (unit, unit_type) in [("related", "related"), ("up", "up-sell"), ("cross", "cross-sell")] {
        shop.configure("unit", unit, &json!({"type": unit_type, "limit": 20, "fallback": []}));
    }
}

fn shop() -> Shop {
    let shop = Shop::shipped();
    fill(&shop);
    shop
}

/// What a unit shows, in order.
fn shown(shop: &Shop, unit: &str, query: &str) -> String {
    skus(&shop.ok(&format!("/v1/recommendations/{unit}?{query}"))).concat()
}

/// A rule about products of brand Oak.
fn rule(list: &str, display: Value) -> Value {
    json!({"list": list, "match": {"field": "brand", "eq": "Oak"}, "display": display})
}

fn sku(skus: &[&str]) -> Value {
    json!({"field": "sku", "in": skus})
}

#[test]
fn row_123_conditions_take_constants_and_what_the_matched_product_has() {
    let shop = shop();
    let check = |display: Value, anchors: &str, expected: &str| {
        shop.configure("related-rule", "r", &rule("related", display.clone()));
        assert_eq!(shown(&shop, "related", &format!("anchors={anchors}")), expected, "{display} of {anchors}");
    };
    let color = json!({"field": "color", "eq": {"matched": "color"}});
    let near = json!({"field": "price", "range": {"from": {"matched_percent": 80}, "to": {"matched_percent": 120}}});
    let shelf = json!({"field": "category", "eq": {"matched": "category"}});
    check(json!({"field": "brand", "eq": "Elm"}), "A", "CDFH");
    check(json!({"field": "brand", "eq": "Elm"}), "C", "");
    check(color.clone(), "A", "BCE");
    check(shelf.clone(), "A", "BCD");
    check(shelf, "E", "F");
    check(near.clone(), "A", "CDFH");
    check(json!({"all": [near, {"not": color}]}), "A", "DFH");
    check(json!({"field": "brand", "in": ["Oak", {"matched": "brand"}]}), "B", "AE");
    // Relative to either of two products.
    check(
        json!({"all": [{"field": "color", "eq": "blue"}, {"field": "category", "eq": {"matched": "category"}}]}),
        "B,E",
        "DF",
    );
    // What an attribute is not there for is equal to nothing.
    check(json!({"field": "size", "eq": {"matched": "size"}}), "A", "");
    let list = shop.ok("/v1/recommendations/related?anchors=A");
    assert_eq!(list["degraded"], json!([]), "{list}");
}

#[test]
fn the_answer_names_the_rule_and_a_price_of_the_moment_counts() {
    let shop = shop();
    let near = json!({"field": "price", "range": {"from": {"matched_percent": 100}, "to": {"matched_percent": 101}}});
    let mut body = rule("related", near);
    body["name"] = json!("About as dear");
    shop.configure("related-rule", "r", &body);
    let list = shop.ok("/v1/recommendations/related?anchors=A");
    assert_eq!(skus(&list).concat(), "DH");
    let sources = list["items"][0]["sources"].as_array().unwrap();
    let names: Vec<&str> = sources.iter().map(|source| source["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["related", "rule \"About as dear\" (related-rule/r)"], "{list}");
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "A", "price": 120}, {"sku": "D", "in_stock": false}]));
    assert_eq!(shown(&shop, "related", "anchors=A"), "E");
}

#[test]
fn a_rule_says_which_of_its_conditions_keeps_a_product_out() {
    let shop = shop();
    let near = json!({"field": "price", "range": {"from": {"matched_percent": 80}, "to": {"matched_percent": 110}}});
    let color = json!({"field": "color", "eq": {"matched": "color"}});
    let mut body = rule("related", json!({"all": [near, color]}));
    body["name"] = json!("Like it");
    shop.configure("related-rule", "like", &body);
    let why =
        |query: &str| shop.ok(&format!("/v1/explain?unit=related&{query}"))["answer"].as_str().unwrap().to_owned();
    assert_eq!(shown(&shop, "related", "anchors=A"), "C");
    assert_eq!(why("anchors=A&sku=C"), "it is here: position 1 of 1, on page 1");
    let beside = "rule \"Like it\" (related-rule/like) beside `A` shows only products whose";
    let dear = "price is at least 80 and below 110, and its price is 120";
    assert_eq!(why("anchors=A&sku=E"), format!("{beside} {dear}"));
    assert_eq!(why("anchors=A&sku=D"), format!("{beside} color is `red`, and its color is `blue`"));
    // No rule is about C.
    assert_eq!(
        why("anchors=C&sku=D"),
        "it may be shown, but neither the unit's type `related` nor its fallback proposes it"
    );
    // Two rules: each says its own.
    let oak = json!({"field": "brand", "in": ["Oak", "Ash"]});
    shop.configure("related-rule", "oak", &rule("related", oak));
    let both = why("anchors=A&sku=D");
    assert!(
        both.contains("rule \"oak\" (related-rule/oak) shows only products whose brand is `Oak` or `Ash`"),
        "{both}"
    );
    assert!(both.contains(", and its brand is `Elm`; "), "{both}");
    // What a rule may show and does not.
    let mut first = rule("related", json!({"field": "brand", "eq": "Elm"}));
    first["limit"] = json!(1);
    shop.configure("related-rule", "like", &json!({"list": "related", "display": {"all": []}, "enabled": false}));
    shop.configure("related-rule", "oak", &first);
    assert_eq!(shown(&shop, "related", "anchors=A"), "C");
    assert!(why("anchors=A&sku=D").contains("may show it, but shows others first"), "{}", why("anchors=A&sku=D"));
}

#[test]
fn what_is_relative_is_refused_where_there_is_nothing_to_relate_to() {
    let shop = shop();
    let color = json!({"field": "color", "eq": {"matched": "color"}});
    let mut about = rule("related", json!({"all": []}));
    about["match"] = color.clone();
    let refused = shop.json("PUT", "/v1/config/related-rule/r", &about);
    assert_eq!((refused.status, refused.json["pointer"].as_str()), (422, Some("/match/eq")), "{}", refused.text);
    let broken = rule("related", json!({"field": "price", "range": {"from": {"matched_percent": -1}}}));
    let refused = shop.json("PUT", "/v1/config/related-rule/r", &broken);
    let at = "/display/range/from/matched_percent";
    assert_eq!((refused.status, refused.json["pointer"].as_str()), (422, Some(at)), "{}", refused.text);
    let unit = |page: &str| json!({"type": "most-viewed", "page_types": [page], "filter": color});
    let refused = shop.json("PUT", "/v1/config/unit/u", &unit("home"));
    assert_eq!((refused.status, refused.json["pointer"].as_str()), (422, Some("/filter")), "{}", refused.text);
    let refused = shop.json("POST", "/v1/search", &json!({"q": "thing", "filter": color}));
    assert!(refused.status == 400 || refused.status == 422, "{}", refused.text);
    // On a product's page the filter of a unit relates to that product.
    shop.configure("unit", "u", &unit("product"));
    let visits: Vec<(&str, &str, &[&str])> = vec![("product_view", "s", &["B", "D", "C"])];
    shop.events("relative", &visits);
    let found: BTreeSet<String> = shown(&shop, "u", "anchors=A").chars().map(String::from).collect();
    assert_eq!(found.into_iter().collect::<String>(), "BC");
    assert_eq!(shown(&shop, "u", ""), "", "without a product nothing is like it");
}

#[test]
fn row_124_the_three_lists_are_independent() {
    let shop = shop();
    for (list, item) in [("related", "B"), ("upsell", "E"), ("crosssell", "H")] {
        shop.configure("related-rule", list, &rule(list, sku(&[item, "D"])));
    }
    shop.configure("related-list", "upsell", &json!({"max": 1}));
    let all = |query: &str| ["related", "up", "cross"].map(|unit| shown(&shop, unit, query));
    assert_eq!(all("anchors=A"), ["BD", "D", "DH"]);
    // Cross-sells are about the cart: H is of another brand.
    assert_eq!(all("anchors=A&cart=C"), ["BD", "D", ""]);
    assert_eq!(all("anchors=C&cart=A"), ["", "", "DH"]);
    assert_eq!(all("cart=A"), ["BD", "D", "DH"]);
    let mut off = rule("crosssell", sku(&["H"]));
    off["enabled"] = json!(false);
    shop.configure("related-rule", "crosssell", &off);
    assert_eq!(all("anchors=A"), ["BD", "D", ""]);
    let refused = shop.json("PUT", "/v1/config/related-list/links", &json!({}));
    assert_eq!(refused.status, 422, "{}", refused.text);
}

#[test]
fn row_125_manual_links_come_first_and_rules_fill_up_to_the_maximum() {
    let shop = shop();
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "A", "links": {"related": ["H", "C"]}}]));
    shop.configure("related-rule", "r", &rule("related", sku(&["B", "C", "D", "E"])));
    let check = |config: Value, expected: &str| {
        shop.configure("related-list", "related", &config);
        assert_eq!(shown(&shop, "related", "anchors=A"), expected, "{config}");
    };
    assert_eq!(shown(&shop, "related", "anchors=A"), "HCBDE", "both, when nothing is said");
    check(json!({"show": "both"}), "HCBDE");
    check(json!({"show": "selected"}), "HC");
    check(json!({"show": "rule-based"}), "BCDE");
    check(json!({"show": "both", "max": 4}), "HCBD");
    check(json!({"show": "both", "max": 1}), "H");
    check(json!({"show": "rule-based", "max": 2}), "BC");
    // The unit's own limit holds, too, and its fallback fills what is left of it.
    let unit = json!({"type": "related", "limit": 3, "fallback": ["most-viewed"]});
    shop.configure("unit", "related", &unit);
    check(json!({"max": 10}), "HCB");
    shop.events("fallback", &[("product_view", "s", &["F"])]);
    check(json!({"max": 2}), "HCF");
    let list = shop.ok("/v1/recommendations/related?anchors=A");
    assert_eq!(list["items"][2]["query_type"], "backup:most-viewed", "{list}");
}

#[test]
fn row_126_products_take_turns_by_id_by_lot_or_by_weight() {
    let shop = shop();
    for (id, priority, items) in [("strong", 9, &["E"][..]), ("weak", 1, &["D", "C", "B"])] {
        let mut body = rule("related", sku(items));
        body["priority"] = json!(priority);
        shop.configure("related-rule", id, &body);
    }
    let rotate = |how: &str| shop.configure("related-list", "related", &json!({"rotation": how}));
    let with = |query: &str| shown(&shop, "related", &format!("anchors=A&{query}"));
    rotate("id");
    assert_eq!(with("seed=1"), "EBCD");
    assert_eq!(with("seed=2"), "EBCD");
    rotate("random");
    let seeded: BTreeSet<String> = (0..40).map(|seed| with(&format!("seed={seed}"))).collect();
    let expected = ["EBCD", "EBDC", "ECBD", "ECDB", "EDBC", "EDCB"];
    assert_eq!(
        seeded.iter().map(String::as_str).collect::<Vec<_>>(),
        expected,
        "every order of the band, E always first"
    );
    assert!((0..5).all(|_| with("seed=7") == with("seed=7")));
    // A visit keeps its order from request to request; visits differ.
    let of_visit = |n: usize| with(&format!("visitor=v{n}&session=s{n}"));
    assert!((0..8).all(|n| of_visit(n) == of_visit(n)));
    assert!((0..20).map(of_visit).collect::<BTreeSet<_>>().len() > 1);
    // Nobody in particular sees a new order with each request.
    assert!((0..20).map(|n| with(&format!("request_id=r{n}"))).collect::<BTreeSet<_>>().len() > 1);
    rotate("weighted");
    let n = 240;
    let orders: Vec<String> = (0..n).map(|seed| with(&format!("seed={seed}"))).collect();
    let first = |sku: char| orders.iter().filter(|order| order.starts_with(sku)).count();
    // E weighs 2, the others 1 each: 2 of 5 are E's; within five standard deviations.
    assert!((59..=133).contains(&first('E')), "{} of {n}", first('E'));
    for other in ['B', 'C', 'D'] {
        assert!((17..=79).contains(&first(other)), "{other}: {} of {n}", first(other));
    }
    assert_eq!(orders[7], with("seed=7"));
}

#[test]
fn a_rule_says_how_many_stand_for_it_and_what_orders_them() {
    let shop = shop();
    let mut body = rule("related", json!({"field": "brand", "eq": "Elm"}));
    body["limit"] = json!(2);
    shop.configure("related-rule", "r", &body);
    assert_eq!(shown(&shop, "related", "anchors=A"), "CD");
    let orders: Vec<String> = (0..6).map(|n| format!("o{n}")).collect();
    let baskets: Vec<(&str, &str, &[&str])> =
        orders.iter().map(|o| ("order_placed", o.as_str(), &["A", "H"][..])).collect();
    shop.events("bought", &baskets);
    body["order_by"] = json!("co-bought");
    shop.configure("related-rule", "r", &body);
    assert_eq!(shown(&shop, "related", "anchors=A"), "HC", "bought with it first, then by id");
    body["rotation"] = json!("random");
    shop.configure("related-rule", "r", &body);
    let seconds: BTreeSet<String> =
        (0..40).map(|seed| shown(&shop, "related", &format!("anchors=A&seed={seed}"))).collect();
    assert_eq!(seconds.iter().map(String::as_str).collect::<Vec<_>>(), ["HC", "HD", "HF"]);
    body["order_by"] = json!("nothing");
    let refused = shop.json("PUT", "/v1/config/related-rule/r", &body);
    assert_eq!((refused.status, refused.json["pointer"].as_str()), (422, Some("/order_by")), "{}", refused.text);
}

#[test]
fn row_127_rules_hold_for_their_audiences_and_in_their_dates() {
    let shop = shop();
    let mut body = rule("related", sku(&["H"]));
    body["audiences"] = json!(["vip", "Staff"]);
    shop.configure("related-rule", "r", &body);
    assert_eq!(shown(&shop, "related", "anchors=A"), "");
    assert_eq!(shown(&shop, "related", "anchors=A&audiences=new"), "");
    assert_eq!(shown(&shop, "related", "anchors=A&audiences=new,staff"), "H");
    // Of the shop's own audiences, too: who put F into the cart.
    let has_f = json!({"cart": {"where": {"field": "sku", "eq": "F"}}});
    shop.configure("audience", "vip", &json!({ "condition": has_f }));
    assert_eq!(shown(&shop, "related", "anchors=A&cart=F"), "H");
    assert_eq!(shown(&shop, "related", "anchors=A&cart=E"), "");
    let dated = "/v1/config/related-rule/d?from=2030-01-01T00:00:00Z&until=2030-02-01T00:00:00Z";
    shop.send_ok("PUT", dated, &rule("related", sku(&["F"])));
    let on = |now: &str| shown(&shop, "related", &format!("anchors=A&audiences=vip&now={now}"));
    assert_eq!(on("2029-12-31T23:59:59Z"), "H");
    assert_eq!(on("2030-01-01T00:00:00Z"), "FH");
    assert_eq!(on("2030-01-31T23:59:59Z"), "FH");
    assert_eq!(on("2030-02-01T00:00:00Z"), "H");
    // A draft shows in a preview of its overlay only.
    shop.send_ok("PUT", "/v1/config/related-rule/n?state=draft&overlay=next", &rule("related", sku(&["E"])));
    assert_eq!(shown(&shop, "related", "anchors=A"), "");
    assert_eq!(shown(&shop, "related", "anchors=A&overlay=next"), "E");
}

#[test]
fn row_128_what_passes_the_limits_that_are_set_is_refused() {
    let file = libraries().join("libplanogram_related_products.so");
    let shop = Shop::with_plugin_file(&plugin_entry(
        "related-products",
        &file,
        "{ rules = { limit_max = 20, rules_max = 2 } }",
    ));
    fill(&shop);
    let put = |id: &str, limit: u32| {
        let mut body = rule("related", sku(&["H"]));
        body["limit"] = json!(limit);
        shop.json("PUT", &format!("/v1/config/related-rule/{id}"), &body)
    };
    let refused = put("a", 21);
    assert_eq!((refused.status, refused.json["pointer"].as_str()), (422, Some("/limit")), "{}", refused.text);
    assert!(refused.text.contains("from 1 to 20"), "{}", refused.text);
    assert_eq!(put("a", 20).status, 200);
    assert_eq!(put("b", 1).status, 200);
    let refused = put("c", 1);
    assert!(refused.status == 422 && refused.text.contains("at most 2"), "{}", refused.text);
    assert_eq!(put("b", 2).status, 200, "a rule that is there may change");
    let refused = shop.json("PUT", "/v1/config/related-list/related", &json!({"max": 21}));
    assert_eq!(refused.status, 422, "{}", refused.text);
}

#[test]
fn the_conflict_report_tells_of_rules_that_show_nothing() {
    let shop = shop();
    shop.configure("related-rule", "good", &rule("related", sku(&["H"])));
    let color = json!({"field": "color", "eq": {"matched": "color"}});
    shop.configure("related-rule", "like-it", &rule("related", color));
    shop.configure("related-rule", "gone", &rule("related", sku(&["H", "Q"])));
    let mut nobody = rule("upsell", sku(&["H"]));
    nobody["match"] = json!({"field": "brand", "eq": "Ash"});
    shop.configure("related-rule", "nobody", &nobody);
    shop.configure("related-rule", "nothing", &rule("related", json!({"field": "price", "range": {"from": 500}})));
    let size = json!({"field": "size", "eq": {"matched": "size"}});
    shop.configure("related-rule", "unlike", &rule("related", size));
    let past = "/v1/config/related-rule/past?from=2020-01-01T00:00:00Z&until=2020-02-01T00:00:00Z";
    shop.send_ok("PUT", past, &rule("related", sku(&["H"])));
    let report = shop.ok("/v1/rules/conflicts");
    let found: BTreeSet<(&str, &str)> = report["conflicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["rules"][0]["id"].as_str().unwrap(), finding["kind"].as_str().unwrap()))
        .collect();
    let expected = [
        ("gone", "missing-target"),
        ("nobody", "never-firing"),
        ("nothing", "empty-display"),
        ("past", "never-firing"),
        ("unlike", "empty-display"),
    ];
    assert_eq!(found, BTreeSet::from(expected), "{report}");
}
