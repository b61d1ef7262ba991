//! Experiments: visitors are split among arms, each arm shows its drafts, and every answer says which.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::shop::{Reply, Shop, product, skus};

const HOME: &str = "/v1/recommendations/home";

/// Four products, looked at more and more from A to D, and a unit that shows the most viewed of them.
fn shop() -> Shop {
    let shop = Shop::start();
    shop.put(&json!(["A", "B", "C", "D"].map(|sku| product(sku, "Thing", 10.0))));
    let sessions = ["s1", "s2", "s3", "s4"];
    let views: Vec<(&str, &str, &[&str])> = sessions
        .iter()
        .zip([&["D"][..], &["D", "C"], &["D", "C", "B"], &["D", "C", "B", "A"]])
        .map(|(session, skus)| ("product_view", *session, skus))
        .collect();
    shop.events("looks", &views);
    shop.configure("unit", "home", &json!({"type": "most-viewed", "limit": 2}));
    draft(&shop, "unit", "home", "short", &json!({"type": "most-viewed", "limit": 1}));
    shop
}

fn draft(shop: &Shop, kind: &str, id: &str, overlay: &str, document: &Value) {
    shop.send_ok("PUT", &format!("/v1/config/{kind}/{id}?overlay={overlay}"), document);
}

/// The arm of `split` that a visitor of the unit gets, and what it shows.
fn visit(shop: &Shop, visitor: usize) -> (Option<String>, usize) {
    let list = shop.ok(&format!("{HOME}?facets=none&visitor=visitor-{visitor}"));
    (list["arms"]["split"].as_str().map(str::to_owned), skus(&list).len())
}

fn refused(reply: &Reply) -> (u16, &str, &str) {
    let text = |name: &str| reply.json[name].as_str().unwrap_or_default();
    (reply.status, text("detail"), text("allowed"))
}

fn quarters(traffic: f64) -> Value {
    json!({"traffic": traffic, "arms": [
        {"name": "control", "weight": 3}, {"name": "short", "weight": 1, "overlays": ["short"]}]})
}

#[test]
fn row_152_a_split_is_sticky_per_visitor_and_within_tolerance() {
    let shop = shop();
    shop.configure("experiment", "split", &quarters(0.8));
    let first: Vec<_> = (0..2_000).map(|visitor| visit(&shop, visitor)).collect();
    let mut counts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for (arm, shown) in &first {
        assert_eq!(*shown, if arm.as_deref() == Some("short") { 1 } else { 2 });
        *counts.entry(arm.as_deref()).or_default() += 1;
    }
    // 400, 1,200 and 400 are expected; three standard deviations are 54, 66 and 54. The assignment is a pure function,
    // so the counts are these for ever.
    assert_eq!(counts, BTreeMap::from([(None, 415), (Some("control"), 1_172), (Some("short"), 413)]));
    assert!((0..200).all(|visitor| visit(&shop, visitor) == first[visitor]), "the same visitor, the same arm");
    // With more traffic others join, and nobody changes arms.
    shop.configure("experiment", "split", &quarters(1.0));
    for (visitor, before) in first.iter().enumerate().take(400) {
        let now = visit(&shop, visitor).0;
        assert!(now.is_some() && (before.0.is_none() || now == before.0), "visitor {visitor}: {before:?}, {now:?}");
    }
}

#[test]
fn two_arms_rank_a_category_and_a_unit_differently() {
    let shop = Shop::shipped();
    let row = |sku: &str, price: u32| json!({"sku": sku, "name": "Tee", "price": price, "categories": ["Men"]});
    shop.put(&json!([row("A", 30), row("B", 10), row("C", 20)]));
    shop.events(
        "looks",
        &[("product_view", "s1", &["A"]), ("product_view", "s2", &["A"]), ("add_to_cart", "s1", &["B"])],
    );
    let rule = |strategy: &str| json!({"category": "Men", "strategy": strategy});
    shop.configure("category-rule", "men", &rule("price-asc"));
    shop.configure("unit", "top", &json!({"type": "most-viewed", "limit": 1}));
    draft(&shop, "category-rule", "men", "dear-first", &rule("price-desc"));
    draft(&shop, "unit", "top", "carts", &json!({"type": "most-added-to-cart", "limit": 1, "fallback": []}));
    let arms = json!([{"name": "a"}, {"name": "b", "overlays": ["dear-first", "carts"]}]);
    shop.configure("experiment", "order", &json!({"arms": arms}));
    let mut seen: BTreeMap<String, (String, String)> = BTreeMap::new();
    for visitor in 0..12 {
        let of = |path: &str| shop.ok(&format!("{path}?visitor=v{visitor}"));
        let (category, unit) = (of("/v1/categories/Men/products"), of("/v1/recommendations/top"));
        assert_eq!(category["arms"], unit["arms"]);
        let shown = (skus(&category).concat(), skus(&unit).concat());
        let arm = category["arms"]["order"].as_str().unwrap().to_owned();
        assert_eq!(*seen.entry(arm).or_insert(shown.clone()), shown);
    }
    let shows = |arm: &str| seen[arm].clone();
    assert_eq!((shows("a"), shows("b")), (("BCA".into(), "A".into()), ("ACB".into(), "B".into())));
}

#[test]
fn an_arm_can_be_forced_and_must_exist() {
    let shop = shop();
    shop.configure("experiment", "split", &quarters(0.0));
    let forced = |arms: &str| shop.get(&format!("{HOME}?visitor=v&arms={arms}"));
    let list = forced("split:short").json;
    assert_eq!((skus(&list).concat(), &list["arms"]), ("D".into(), &json!({"split": "short"})));
    assert_eq!(skus(&forced("split:control").json).concat(), "DC");
    let body = json!({"arms": ["split:short"]});
    assert_eq!(skus(&shop.send_ok("POST", HOME, &body)).concat(), "D");
    assert_eq!(refused(&forced("split:long")), (400, "experiment `split` has no arm `long`", "control, short"));
    assert_eq!(refused(&forced("splat:short")), (400, "no experiment `splat`", "split"));
    assert_eq!(forced("split").json["parameter"], "arms");
    // What a request names itself lies on top.
    draft(&shop, "unit", "home", "long", &json!({"type": "most-viewed", "limit": 3}));
    assert_eq!(skus(&forced("split:short&overlay=long").json).concat(), "DCB");
}

#[test]
fn whoever_is_unknown_takes_part_in_nothing() {
    let shop = shop();
    shop.configure("experiment", "split", &json!({"arms": [{"name": "all", "overlays": ["short"]}]}));
    let list = shop.ok(&format!("{HOME}?session=s"));
    assert_eq!((skus(&list).concat(), &list["arms"]), ("DC".into(), &Value::Null));
    assert_eq!(shop.ok(&format!("{HOME}?customer=c"))["arms"], json!({"split": "all"}));
}

#[test]
fn an_experiment_runs_while_it_is_live_and_valid() {
    let shop = shop();
    let all = json!({"arms": [{"name": "all", "overlays": ["short"]}]});
    let shown = |query: &str| skus(&shop.ok(&format!("{HOME}?visitor=v{query}"))).concat();
    draft(&shop, "experiment", "split", "plan", &all);
    assert_eq!((shown(""), shown("&overlay=plan")), ("DC".into(), "D".into()));
    assert_eq!(shop.get(&format!("{HOME}?visitor=v&arms=split:all")).status, 400);
    shop.send_ok("PUT", "/v1/config/experiment/split?from=2100-01-01T00:00:00Z", &all);
    assert_eq!((shown(""), shown("&now=2100-01-01T00:00:00Z")), ("DC".into(), "D".into()));
    shop.configure("experiment", "split", &all);
    assert_eq!(shown(""), "D");
    assert_eq!(shop.send("DELETE", "/v1/config/experiment/split", &[], None).status, 200);
    assert_eq!(shown(""), "DC");
}

#[test]
fn a_page_has_one_assignment() {
    let shop = shop();
    shop.configure("experiment", "split", &json!({"arms": [{"name": "off"}, {"name": "on", "overlays": ["short"]}]}));
    let lists = json!([{"name": "one", "unit": "home"}, {"name": "two", "unit": "home"}]);
    let mut seen = std::collections::BTreeSet::new();
    for visitor in 0..12 {
        let page = shop.send_ok("POST", "/v1/page", &json!({"visitor": format!("v{visitor}"), "lists": lists}));
        let arm = page["arms"]["split"].as_str().unwrap();
        for list in page["lists"].as_array().unwrap() {
            assert_eq!(list["list"]["arms"], page["arms"]);
            assert_eq!(skus(&list["list"]).len(), if arm == "on" { 1 } else { 2 });
        }
        seen.insert(arm.to_owned());
    }
    assert_eq!(seen.len(), 2);
    let forced = shop.send_ok("POST", "/v1/page", &json!({"arms": ["split:on"], "lists": lists}));
    assert_eq!(forced["arms"], json!({"split": "on"}));
    let units = |arms: &str| shop.get(&format!("/v1/recommendations?units=home&arms={arms}"));
    assert_eq!(units("split:on").json["arms"], json!({"split": "on"}), "{}", units("split:on").text);
    assert_eq!(skus(&units("split:on").json["units"][0]["list"]).len(), 1);
    assert_eq!(units("split:up").status, 400);
    assert_eq!(shop.json("POST", "/v1/page", &json!({"arms": ["split:up"], "lists": lists})).status, 400);
}

#[test]
fn of_two_experiments_on_one_document_the_later_id_counts_and_authors_are_told() {
    let shop = shop();
    draft(&shop, "unit", "home", "long", &json!({"type": "most-viewed", "limit": 3}));
    let all = |overlay: &str| json!({"arms": [{"name": "all", "overlays": [overlay]}]});
    assert_eq!(shop.configure("experiment", "b-long", &all("long"))["warnings"], Value::Null);
    let said = "experiments `a-short` and `b-long` both change `unit/home`: who is in both sees what `b-long` says";
    assert_eq!(shop.configure("experiment", "a-short", &all("short"))["warnings"], json!([said]));
    assert_eq!(shop.ok("/v1/config/experiment/b-long")["warnings"], json!([said]));
    let list = shop.ok(&format!("{HOME}?visitor=v"));
    assert_eq!((skus(&list).concat(), &list["arms"]), ("DCB".into(), &json!({"a-short": "all", "b-long": "all"})));
    let typo = shop.configure("experiment", "c", &all("shrot"));
    assert_eq!(typo["warnings"], json!(["arm `all`: overlay `shrot` has no draft"]));
}

#[test]
fn a_bad_experiment_is_refused_with_a_pointer() {
    let shop = shop();
    let check = |document: Value, pointer: &str, detail: &str| {
        let reply = shop.json("PUT", "/v1/config/experiment/split", &document);
        assert_eq!((reply.status, reply.json["pointer"].as_str()), (422, Some(pointer)), "{}", reply.text);
        assert!(reply.json["detail"].as_str().unwrap().contains(detail), "{}", reply.text);
    };
    check(json!({}), "/arms", "`arms` is missing");
    check(json!({"arms": []}), "/arms", "`arms` is []");
    check(json!({"arms": [{"name": "a"}, {"name": "a"}]}), "/arms/1/name", "two arms are named `a`");
    check(json!({"arms": [{"name": "a", "weight": -1}]}), "/arms/0/weight", "`weight` is -1");
    check(json!({"arms": [{"name": "a", "weight": 0}]}), "/arms", "every arm has the weight 0");
    check(json!({"arms": [{"name": "a:b"}]}), "/arms/0/name", "`name` is `a:b`");
    check(json!({"arms": [{"name": "a", "overlay": "x"}]}), "/arms/0/overlay", "unknown key `overlay`");
    check(json!({"traffic": 1.5, "arms": [{"name": "a"}]}), "/traffic", "`traffic` is 1.5");
    assert_eq!(shop.get("/v1/config/experiment/split").status, 404);
}
