//! What a merchandiser says through HTTP is what shoppers see, under the plugins that ship.

use serde_json::{Value, json};

use crate::shop::{Shop, product, skus};

/// Eight chairs, A to H, with equal texts; the search order is that of their skus.
fn chairs() -> Shop {
    let shop = Shop::shipped();
    let rows: Vec<Value> = ('A'..='H').map(|sku| product(&sku.to_string(), "Chair", 10.0)).collect();
    shop.put(&json!(rows));
    assert_eq!(order(&shop, "/v1/search?q=chair"), "ABCDEFGH");
    shop
}

fn order(shop: &Shop, path: &str) -> String {
    skus(&shop.ok(path)).concat()
}

fn rule(query: &str, text: &str, events: Value) -> Value {
    json!({"name": format!("when {query} {text}"), "conditions": [{"query": query, "text": text}], "events": events})
}

#[test]
fn row_063_and_064_and_067_a_rule_pins_boosts_buries_and_hides() {
    let shop = chairs();
    let events = json!([{"pin": "F", "position": 2}, {"boost": "E", "factor": 3}, {"bury": "A"}, {"hide": "C"}]);
    shop.configure("search-rule", "all", &rule("is", "chair", events));
    let list = shop.ok("/v1/search?q=chair&explain=true");
    assert_eq!(skus(&list).concat(), "EFBDGHA");
    assert_eq!(list["total"], 7);
    let lines = |sku: &str| {
        let item = list["items"].as_array().unwrap().iter().find(|i| i["sku"] == sku).unwrap();
        item["ledger"].as_array().unwrap().clone()
    };
    let said = |sku: &str, kind: &str| {
        lines(sku).iter().any(|l| l["kind"] == kind && l["note"].as_str().unwrap().contains("when is chair"))
    };
    assert!(said("F", "pin") && said("A", "band") && said("E", "score"), "{list}");
    let pin = lines("F").into_iter().find(|l| l["kind"] == "pin").unwrap();
    assert_eq!(pin["value"], 1.0);
    // An order the shopper asked for is left alone.
    assert_eq!(order(&shop, "/v1/search?q=chair&sort=name:asc"), "ABCDEFGH");
    assert_eq!(order(&shop, "/v1/search?q=chairs+and+tables"), "ABCDEFGH");
}

#[test]
fn row_065_a_pin_holds_on_any_page_size() {
    let shop = chairs();
    shop.configure(
        "search-rule",
        "pin",
        &rule("is", "chair", json!([{"pin": "H", "position": 4}, {"pin": "G", "position": 1}])),
    );
    for size in 1..=9usize {
        let pages = 8usize.div_ceil(size);
        let whole: String =
            (1..=pages).map(|n| order(&shop, &format!("/v1/search?q=chair&page_size={size}&page={n}"))).collect();
        assert_eq!(whole, "GABHCDEF", "page size {size}");
    }
    // Also when filters leave less, as long as the position is there.
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "A", "price": 99}, {"sku": "B", "price": 99}]));
    assert_eq!(order(&shop, "/v1/search?q=chair&filter.price=0..50"), "GCDHEF");
}

#[test]
fn row_061_rules_fire_on_is_contains_starts_and_ends() {
    let shop = chairs();
    let rules = [("is", "red chair", "B"), ("contains", "edu", "C"), ("starts", "old", "D"), ("ends", "chairs", "E")];
    for (query, text, sku) in rules {
        shop.configure("search-rule", query, &rule(query, text, json!([{"pin": sku, "position": 1}])));
    }
    // No product is red, used or old: any word will do then, and the rules see the query itself.
    let first = |q: &str| order(&shop, &format!("/v1/search?q={q}")).remove(0);
    assert_eq!((first("Red++Chair"), first("red+chair+x")), ('B', 'A'));
    assert_eq!((first("reduced+chair"), first("chair")), ('C', 'A'));
    assert_eq!((first("old+chair"), first("chair+old")), ('D', 'A'));
    assert_eq!((first("two+chairs"), first("chairs+two")), ('E', 'A'));
    let matching = shop.ok("/v1/search-rule/matching?text=old+reduced+chairs").to_string();
    assert!(["contains", "starts", "ends"].iter().all(|id| matching.contains(&format!("when {id}"))), "{matching}");
}

#[test]
fn row_079_and_080_a_category_strategy_is_inherited_and_its_events_are_not() {
    let shop = Shop::shipped();
    let row = |sku: &str, price: u32, category: &str, position: u32| json!({"sku": sku, "name": "Tee", "price": price, "categories": [{"path": category, "position": position}]});
    shop.put(&json!([
        row("A", 30, "Men/Tops", 1),
        row("B", 10, "Men/Tops", 2),
        row("C", 20, "Men/Tops", 3),
        row("D", 5, "Men/Tops/Tees", 1),
        row("E", 50, "Men/Tops/Tees", 2),
        row("F", 25, "Men/Shorts", 1),
    ]));
    let tops = "/v1/categories/Men/Tops/products";
    let tees = "/v1/categories/Men/Tops/Tees/products";
    assert_eq!(order(&shop, tees), "DE");
    shop.configure(
        "category-rule",
        "men",
        &json!({"category": "Men", "strategy": "price-desc", "apply_to_subcategories": true}),
    );
    assert_eq!((order(&shop, tops), order(&shop, tees)), ("EACBD".into(), "ED".into()));
    // What is passed down is the strategy alone: pins, buries and hides stay where they were said.
    let with_events = json!({"category": "Men", "strategy": "price-desc", "apply_to_subcategories": true,
        "events": [{"pin": "D", "position": 1}, {"bury": "A"}, {"hide": "E"}, {"banner": "Men"}]});
    shop.configure("category-rule", "men", &with_events);
    assert_eq!(order(&shop, "/v1/categories/Men/products"), "DFCBA");
    assert_eq!((order(&shop, tops), order(&shop, tees)), ("EACBD".into(), "ED".into()));
    let below = shop.ok(&format!("{tees}?explain=true"));
    assert_eq!(below["banners"], Value::Null);
    let says = json!([{"plugin": "category-merchandising", "rule": "rule \"men\" (category-rule/men)"}]);
    assert_eq!(below["applied_rules"], says, "the rule whose strategy orders the page");
    let plain = json!({"category": "Men", "strategy": "price-desc", "apply_to_subcategories": true});
    shop.configure("category-rule", "men", &plain);
    // A strategy that is not passed down holds where it stands only; events of a category neither.
    let own = json!({"category": "Men/Tops", "strategy": "price-asc",
        "events": [{"pin": "A", "position": 2}, {"bury": "D"}, {"hide": "B"}]});
    shop.configure("category-rule", "tops", &own);
    assert_eq!((order(&shop, tops), order(&shop, tees)), ("CAED".into(), "ED".into()));
    assert_eq!(order(&shop, "/v1/categories/Men/products"), "EAFCBD");
    let inherited = shop.ok("/v1/category-rule/inherited?category=Men/Tops/Tees").to_string();
    assert!(inherited.contains("price-desc") && inherited.contains("Men"), "{inherited}");
    // An order the shopper asked for is left alone, hidden products included.
    assert_eq!(order(&shop, &format!("{tops}?sort=price:asc")), "DBCAE");
    let second =
        shop.json("PUT", "/v1/config/category-rule/again", &json!({"category": "men/tops", "strategy": "newest"}));
    assert_eq!(second.status, 422, "{}", second.text);
    assert_eq!(shop.send("DELETE", "/v1/config/category-rule/tops", &[], None).status, 200);
    assert_eq!(order(&shop, tops), "EACBD");
}

#[test]
fn a_category_by_views_follows_the_events() {
    let shop = Shop::shipped();
    let row =
        |sku: &str| json!({"sku": sku, "name": "Tee", "price": 1, "categories": [{"path": "Men", "position": 1}]});
    shop.put(&json!([row("A"), row("B"), row("C")]));
    shop.configure("category-rule", "men", &json!({"category": "Men", "strategy": "most-viewed", "window": "24h"}));
    let path = "/v1/categories/Men/products";
    assert_eq!(order(&shop, path), "ABC");
    shop.events(
        "one",
        &[("product_view", "s1", &["C"]), ("product_view", "s2", &["C"]), ("product_view", "s2", &["B"])],
    );
    assert_eq!(order(&shop, path), "CBA");
    shop.events(
        "two",
        &[("product_view", "s3", &["A"]), ("product_view", "s4", &["A"]), ("product_view", "s5", &["A"])],
    );
    assert_eq!(order(&shop, path), "ACB");
}

#[test]
fn row_077_popularity_decides_between_equals_and_never_beats_a_strong_match() {
    let shop = chairs();
    let stool = json!({"sku": "X", "name": "Stool", "description": "As good as any chair there is, and lighter to carry", "price": 9});
    shop.put(&json!([stool]));
    let sessions: Vec<String> = (0..60).map(|s| format!("s{s}")).collect();
    let views: Vec<(&str, &str, &[&str])> = sessions
        .iter()
        .flat_map(|s| [("product_view", s.as_str(), &["X"][..]), ("add_to_cart", s.as_str(), &["X"])])
        .collect();
    shop.events("stool", &views);
    shop.events("chair", &[("product_view", "s1", &["F"]), ("product_view", "s2", &["F"])]);
    assert_eq!(order(&shop, "/v1/search?q=chair"), "FABCDEGHX");
    assert_eq!(order(&shop, "/v1/search?page_size=2"), "XF");
}
