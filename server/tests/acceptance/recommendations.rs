//! Recommendation units row by row: each test carries the number of its row in the master feature table.

use serde_json::{Value, json};

use crate::shop::{Shop, product, skus};

const HOUR_MS: u64 = 3_600_000;

fn now_ms() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64
}

/// A shop of six things in two categories, at 10, 20, …, 60.
fn shop() -> Shop {
    let shop = Shop::shipped();
    let rows: Vec<Value> = ["A", "B", "C", "D", "E", "F"]
        .iter()
        .enumerate()
        .map(|(i, sku)| {
            let mut row = product(sku, "Thing", 10.0 * (i + 1) as f64);
            row["categories"] = json!([if i % 2 == 0 { ["Even"] } else { ["Odd"] }]);
            row["brand"] = json!(if i < 3 { "Acme" } else { "Bolt" });
            row
        })
        .collect();
    shop.put(&json!(rows));
    shop
}

fn unit(shop: &Shop, id: &str, document: Value) {
    shop.configure("unit", id, &document);
}

/// `n` visits that do each of `kinds` with each of `items`.
fn visits(shop: &Shop, label: &str, n: usize, kinds: &[&str], items: &[&str]) {
    let sessions: Vec<String> = (0..n).map(|i| format!("{label}{i:03}")).collect();
    let events: Vec<(&str, &str, &[&str])> =
        sessions.iter().flat_map(|session| kinds.iter().map(move |kind| (*kind, session.as_str(), items))).collect();
    shop.events(label, &events);
}

/// One event `hours` ago, with further fields.
fn event(id: &str, kind: &str, session: &str, hours: u64, more: Value) -> Value {
    let mut row = json!({"id": id, "time": now_ms() - hours * HOUR_MS, "kind": kind, "visitor": session,
        "session": session});
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

fn send(shop: &Shop, events: &[Value]) {
    let receipt = shop.send_ok("POST", "/v1/events", &json!(events));
    assert_eq!(receipt["accepted"], events.len(), "{receipt}");
}

fn types(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["query_type"].as_str().unwrap()).collect()
}

/// Ids of the units of an answer, each with its skus.
fn shown(answer: &Value) -> Vec<(&str, Vec<&str>)> {
    let units = answer["units"].as_array().unwrap_or_else(|| panic!("{answer}"));
    units.iter().map(|unit| (unit["name"].as_str().unwrap(), skus(&unit["list"]))).collect()
}

#[test]
fn row_085_more_like_this_works_without_events() {
    let shop = shop();
    unit(&shop, "like", json!({"type": "more-like-this", "fallback": []}));
    let list = shop.ok("/v1/recommendations/like?anchors=A");
    assert_eq!(skus(&list)[..1], ["C"], "the same category and the same brand: {list}");
    assert!(types(&list).iter().all(|t| *t == "primary") && !skus(&list).contains(&"A"), "{list}");
}

#[test]
fn row_086_a_planted_pair_surfaces_above_what_is_merely_popular() {
    let shop = shop();
    visits(&shop, "pair", 5, &["product_view", "order_placed"], &["A", "B"]);
    visits(&shop, "popular", 40, &["product_view", "order_placed"], &["C", "D"]);
    visits(&shop, "noise", 2, &["product_view", "order_placed"], &["A", "C"]);
    for unit_type in ["viewed-this-viewed-that", "viewed-this-bought-that", "bought-this-bought-that"] {
        unit(&shop, unit_type, json!({"type": unit_type}));
        let list = shop.ok(&format!("/v1/recommendations/{unit_type}?anchors=A"));
        assert_eq!(skus(&list)[0], "B", "{unit_type}: {list}");
    }
}

#[test]
fn row_087_most_viewed_purchased_and_carted_count_visits_not_events() {
    let shop = shop();
    let loud: Vec<(&str, &str, &[&str])> =
        (0..30).flat_map(|_| [("product_view", "one", &["A"] as &[&str]), ("add_to_cart", "one", &["A"])]).collect();
    shop.events("loud", &loud);
    visits(&shop, "quiet", 2, &["product_view", "add_to_cart", "order_placed"], &["B"]);
    for unit_type in ["most-viewed", "most-added-to-cart", "most-purchased"] {
        unit(&shop, unit_type, json!({"type": unit_type, "fallback": []}));
        assert_eq!(skus(&shop.ok(&format!("/v1/recommendations/{unit_type}")))[0], "B", "{unit_type}");
    }
}

#[test]
fn row_088_trending_needs_three_days_and_prefers_what_rises() {
    let shop = shop();
    unit(&shop, "trend", json!({"type": "trending"}));
    let views = |sku: &str, n: usize, hours: u64| -> Vec<Value> {
        let id = |i| format!("{sku}-{hours}-{i}");
        (0..n).map(|i| event(&id(i), "product_view", &id(i), hours, json!({"items": [sku]}))).collect()
    };
    send(&shop, &views("B", 30, 0));
    let young = shop.ok("/v1/recommendations/trend");
    assert_eq!((skus(&young), types(&young)), (vec!["B"], vec!["backup:most-viewed"]), "{young}");
    send(&shop, &[views("A", 40, 71), views("A", 40, 30), views("A", 40, 0)].concat());
    let grown = shop.ok("/v1/recommendations/trend");
    assert_eq!((skus(&grown), types(&grown)), (vec!["B", "A"], vec!["primary", "primary"]), "{grown}");
}

#[test]
fn row_089_conversion_ranks_by_ratio_with_minimum_support() {
    let shop = shop();
    visits(&shop, "often", 12, &["product_view", "add_to_cart", "order_placed"], &["A"]);
    visits(&shop, "seldom", 60, &["product_view"], &["B"]);
    visits(&shop, "sometimes", 13, &["product_view", "add_to_cart", "order_placed"], &["B"]);
    visits(&shop, "lucky", 3, &["product_view", "add_to_cart", "order_placed"], &["C"]);
    for unit_type in ["view-to-cart", "view-to-purchase"] {
        unit(&shop, unit_type, json!({"type": unit_type, "fallback": []}));
        let list = shop.ok(&format!("/v1/recommendations/{unit_type}"));
        assert_eq!(skus(&list), ["A", "B"], "three views prove nothing: {list}");
    }
}

#[test]
fn row_091_and_094_recently_viewed_is_newest_first_and_never_filled_up() {
    let shop = shop();
    unit(&shop, "recent", json!({"type": "recently-viewed", "page_types": ["home"]}));
    visits(&shop, "crowd", 5, &["product_view"], &["F"]);
    let of = |visitor: &str| shop.ok(&format!("/v1/recommendations?page_type=home&visitor={visitor}"));
    assert_eq!(shown(&of("nobody")), [], "a unit without products is left out");
    send(
        &shop,
        &[
            event("1", "product_view", "anna", 2, json!({"items": ["A"]})),
            event("2", "product_view", "anna", 1, json!({"items": ["B"]})),
        ],
    );
    assert_eq!(shown(&of("anna")), [("recent", vec!["B", "A"])]);
}

#[test]
fn row_093_a_short_unit_is_filled_and_says_by_what() {
    let shop = shop();
    visits(&shop, "pair", 3, &["product_view"], &["A", "B"]);
    visits(&shop, "crowd", 9, &["product_view"], &["D"]);
    unit(&shop, "also", json!({"type": "viewed-this-viewed-that", "limit": 2}));
    let list = shop.ok("/v1/recommendations/also?anchors=A");
    assert_eq!((skus(&list), types(&list)), (vec!["B", "D"], vec!["primary", "backup:most-viewed"]), "{list}");
}

#[test]
fn row_095_a_unit_is_shown_on_its_page_types_only() {
    let shop = shop();
    visits(&shop, "crowd", 3, &["product_view"], &["A", "B"]);
    unit(&shop, "front", json!({"type": "most-viewed", "page_types": ["home"]}));
    unit(&shop, "detail", json!({"type": "most-viewed", "page_types": ["product", "cart"]}));
    let names = |page: &str| {
        let answer = shop.ok(&format!("/v1/recommendations?page_type={page}"));
        shown(&answer).iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (names("home"), names("cart"), names("category")),
        (vec!["front".to_owned()], vec!["detail".into()], vec![])
    );
    let refused = shop.get("/v1/recommendations/front?page_type=product");
    assert_eq!(
        (refused.status, &refused.json["parameter"], &refused.json["allowed"]),
        (400, &json!("page_type"), &json!("home"))
    );
}

#[test]
fn row_096_a_unit_shows_five_and_the_bounds_of_the_shop_are_kept() {
    let shop = shop();
    visits(&shop, "crowd", 3, &["product_view"], &["A", "B", "C", "D", "E", "F"]);
    unit(&shop, "plain", json!({"type": "most-viewed"}));
    assert_eq!(skus(&shop.ok("/v1/recommendations/plain")).len(), 5);
    let bounded = Shop::start_with(|settings| {
        settings.units.limit_max = 20;
        settings.units.per_page_type_max = 2;
    });
    let put = |id: &str, document: Value| bounded.json("PUT", &format!("/v1/config/unit/{id}"), &document);
    let home = |limit: u32| json!({"type": "most-viewed", "page_types": ["home"], "limit": limit});
    let large = put("a", home(21));
    assert_eq!((large.status, large.json["pointer"].as_str()), (422, Some("/limit")), "{}", large.text);
    assert_eq!((put("a", home(20)).status, put("b", home(5)).status, put("b", home(6)).status), (200, 200, 200));
    let third = put("c", home(5));
    assert_eq!((third.status, third.json["pointer"].as_str()), (422, Some("/page_types/0")), "{}", third.text);
    assert!(third.text.contains("at most 2 live units"), "{}", third.text);
    assert_eq!(put("c", json!({"type": "most-viewed", "page_types": ["cart"]})).status, 200);
}

#[test]
fn row_097_a_product_stands_once_on_a_page_and_later_units_refill() {
    let shop = shop();
    visits(&shop, "crowd", 3, &["product_view"], &["A", "B", "C", "D"]);
    visits(&shop, "buyers", 2, &["order_placed"], &["A", "C", "E", "F"]);
    unit(&shop, "first", json!({"type": "most-viewed", "page_types": ["home"], "limit": 2, "order": 1}));
    unit(&shop, "second", json!({"type": "most-purchased", "page_types": ["home"], "limit": 3, "order": 2}));
    let answer = shop.ok("/v1/recommendations?page_type=home");
    assert_eq!(shown(&answer), [("first", vec!["A", "B"]), ("second", vec!["C", "E", "F"])], "{answer}");
}

#[test]
fn row_098_what_was_bought_or_is_in_the_cart_is_dropped() {
    let shop = shop();
    visits(&shop, "crowd", 3, &["product_view"], &["A", "B", "C"]);
    shop.events("anna", &[("order_placed", "anna", &["A"])]);
    unit(&shop, "popular", json!({"type": "most-viewed"}));
    assert_eq!(skus(&shop.ok("/v1/recommendations/popular?visitor=anna&cart=B")), ["C"]);
    assert_eq!(skus(&shop.ok("/v1/recommendations/popular")), ["A", "B", "C"]);
}

#[test]
fn row_099_inclusions_must_all_hold_before_any_exclusion_removes() {
    let shop = shop();
    visits(&shop, "crowd", 3, &["product_view"], &["A", "B", "C", "D", "E", "F"]);
    let brand = |name: &str, on: bool| json!({"when": {"field": "brand", "eq": name}, "on": on});
    let price = |from: f64, to: f64| json!({"when": {"field": "price", "range": {"from": from, "to": to}}});
    let check = |include: Value, exclude: Value, expected: &[&str]| {
        unit(&shop, "u", json!({"type": "most-viewed", "limit": 6, "include": include, "exclude": exclude}));
        assert_eq!(skus(&shop.ok("/v1/recommendations/u")), expected, "{include} without {exclude}");
    };
    check(json!([]), json!([]), &["A", "B", "C", "D", "E", "F"]);
    check(json!([brand("Acme", true), price(15.0, 99.0)]), json!([]), &["B", "C"]);
    check(json!([brand("Acme", true), brand("Bolt", true)]), json!([]), &[]);
    check(json!([]), json!([brand("Acme", true), price(55.0, 99.0)]), &["D", "E"]);
    check(json!([brand("Acme", true)]), json!([price(0.0, 15.0), price(25.0, 99.0)]), &["B"]);
    check(json!([brand("Acme", false)]), json!([brand("Bolt", false)]), &["A", "B", "C", "D", "E", "F"]);
}

#[test]
fn row_100_a_category_filter_covers_what_lies_below() {
    let shop = Shop::shipped();
    let mut rows = vec![product("P", "Thing", 1.0), product("Q", "Thing", 1.0), product("R", "Thing", 1.0)];
    rows[0]["categories"] = json!([["Men"]]);
    rows[1]["categories"] = json!([["Men", "Tops"]]);
    rows[2]["categories"] = json!([["Women"]]);
    shop.put(&json!(rows));
    visits(&shop, "crowd", 3, &["product_view"], &["P", "Q", "R"]);
    unit(&shop, "men", json!({"type": "most-viewed", "include": [{"when": {"field": "category", "eq": "Men"}}]}));
    assert_eq!(skus(&shop.ok("/v1/recommendations/men")), ["P", "Q"]);
}

#[test]
fn row_101_a_price_filter_reads_the_price_of_the_customer_group() {
    let shop = Shop::shipped();
    shop.configure("price-book", "wholesale", &json!({"currency": "USD", "parent": "default"}));
    let row = |sku: &str, wholesale: f64| json!({"sku": sku, "name": "Thing", "price": 50, "prices": {"wholesale": wholesale}});
    shop.put(&json!([row("P", 10.0), row("Q", 45.0)]));
    visits(&shop, "crowd", 3, &["product_view"], &["P", "Q"]);
    let cheap = json!({"when": {"field": "price", "range": {"to": 20}}});
    unit(&shop, "cheap", json!({"type": "most-viewed", "include": [cheap], "fallback": []}));
    assert_eq!(skus(&shop.ok("/v1/recommendations/cheap")), Vec::<&str>::new());
    assert_eq!(skus(&shop.ok("/v1/recommendations/cheap?price_book=wholesale")), ["P"]);
}

#[test]
fn row_102_out_of_stock_never_shows_and_low_stock_can_be_left_out() {
    let shop = shop();
    visits(&shop, "crowd", 3, &["product_view"], &["A", "B", "C"]);
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "A", "in_stock": false}, {"sku": "B", "quantity": 2}]));
    unit(&shop, "all", json!({"type": "most-viewed"}));
    assert_eq!(skus(&shop.ok("/v1/recommendations/all")), ["B", "C"]);
    let low = json!({"when": {"field": "quantity", "range": {"to": 5}}});
    unit(&shop, "plenty", json!({"type": "most-viewed", "exclude": [low]}));
    assert_eq!(skus(&shop.ok("/v1/recommendations/plenty")), ["C"]);
}

#[test]
fn row_103_a_relative_filter_follows_the_product_and_is_refused_on_home() {
    let shop = shop();
    visits(&shop, "crowd", 3, &["product_view"], &["A", "B", "C", "D", "E", "F"]);
    let near = json!({"price": {"below_percent": 50, "above_percent": 50}});
    unit(&shop, "near", json!({"type": "most-viewed", "page_types": ["product"], "relative": near}));
    // B costs 20: 10 to 30, both included.
    assert_eq!(skus(&shop.ok("/v1/recommendations/near?anchors=B")), ["A", "C"]);
    unit(&shop, "same", json!({"type": "most-viewed", "relative": {"same_category": true}}));
    assert_eq!(skus(&shop.ok("/v1/recommendations/same?anchors=B")), ["D", "F"]);
    let home = json!({"type": "most-viewed", "page_types": ["home"], "relative": near});
    let refused = shop.json("PUT", "/v1/config/unit/home", &home);
    assert_eq!((refused.status, refused.json["pointer"].as_str()), (422, Some("/relative")), "{}", refused.text);
}

#[test]
fn row_104_units_stand_in_their_order_under_their_labels() {
    let shop = shop();
    visits(&shop, "crowd", 3, &["product_view"], &["A", "B", "C"]);
    for (id, order) in [("a", 20), ("b", -1), ("c", 20), ("d", 3)] {
        unit(
            &shop,
            id,
            json!({"type": "most-viewed", "page_types": ["home"], "order": order, "limit": 1, "label": id.to_uppercase(),
                "fallback": ["most-viewed"], "include": [{"when": {"field": "price", "exists": true}}]}),
        );
    }
    let answer = shop.ok("/v1/recommendations?page_type=home");
    let labels: Vec<&str> =
        answer["units"].as_array().unwrap().iter().map(|u| u["list"]["unit"]["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["B", "D", "A"], "three products fill three units of one: {answer}");
}

#[test]
fn row_105_readiness_tells_how_far_the_type_itself_fills_the_unit() {
    let shop = shop();
    unit(&shop, "bought", json!({"type": "bought-this-bought-that", "limit": 2}));
    let report = || shop.ok("/v1/recommendations/bought/readiness");
    let nothing = report();
    assert_eq!((nothing["percent"].as_f64(), nothing["state"].as_str()), (Some(0.0), Some("backup")), "{nothing}");
    visits(&shop, "orders", 2, &["order_placed"], &["A", "B", "C", "D"]);
    let some = report();
    // Four of six products have two companions each.
    let percent = some["percent"].as_f64().unwrap();
    assert!((percent - 400.0 / 6.0).abs() < 1e-9 && some["state"] == "fair", "{some}");
    visits(&shop, "more", 2, &["order_placed"], &["C", "D", "E", "F"]);
    let all = report();
    assert_eq!((all["percent"].as_f64(), all["state"].as_str()), (Some(100.0), Some("ready")), "{all}");
    assert_eq!((all["products_tried"].as_u64(), all["products_proposed"].as_u64()), (Some(6), Some(6)));
    assert_eq!(shop.get("/v1/recommendations/nothing/readiness").status, 404);
}

#[test]
fn row_106_units_by_id_leave_out_the_unknown_and_ask_for_the_product() {
    let shop = shop();
    visits(&shop, "crowd", 3, &["product_view"], &["A", "B"]);
    unit(&shop, "popular", json!({"type": "most-viewed", "limit": 1}));
    unit(&shop, "also", json!({"type": "viewed-this-viewed-that", "limit": 1}));
    let answer = shop.ok("/v1/recommendations?units=also,nothing,popular&anchors=B");
    assert_eq!(shown(&answer), [("also", vec!["A"])], "the second unit has nothing left: {answer}");
    assert_eq!(answer["unknown"], json!(["nothing"]));
    let without = shop.ok("/v1/recommendations?units=also");
    let warnings = without["units"][0]["list"]["warnings"].to_string();
    assert!(warnings.contains("names none in `anchors` or `cart`"), "{without}");
    assert_eq!(shop.get("/v1/recommendations").json["parameter"], "page_type");
}

#[test]
fn row_107_a_draft_is_not_served_and_its_preview_works() {
    let shop = shop();
    visits(&shop, "crowd", 3, &["product_view"], &["A", "B"]);
    let draft = json!({"type": "most-viewed", "page_types": ["home"]});
    shop.send_ok("PUT", "/v1/config/unit/soon?state=draft&overlay=spring", &draft);
    assert_eq!(shop.get("/v1/recommendations/soon").status, 404);
    assert_eq!(shown(&shop.ok("/v1/recommendations?page_type=home")), []);
    let preview = shop.ok("/v1/recommendations?page_type=home&overlay=spring");
    assert_eq!(shown(&preview), [("soon", vec!["A", "B"])]);
}

#[test]
fn row_108_the_metrics_of_a_unit_are_those_of_its_events() {
    let shop = shop();
    let about = |items: &[&str], request: &str| json!({"unit": "u", "items": items, "request_id": request});
    let line = |sku: &str, price: f64, quantity: u32| json!({"sku": sku, "price": price, "quantity": quantity});
    send(
        &shop,
        &[
            event("1", "unit_impression", "anna", 1, about(&["A", "B"], "r1")),
            event("2", "unit_impression", "anna", 1, about(&["A", "B"], "r2")),
            event("3", "unit_impression", "bert", 1, about(&["A", "B"], "r3")),
            event("4", "unit_impression", "bert", 60, about(&["A", "B"], "r4")),
            event("5", "unit_view", "anna", 1, about(&[], "r1")),
            event("6", "unit_view", "anna", 1, about(&[], "r1")),
            event("7", "unit_click", "anna", 1, about(&["B"], "r1")),
            event("8", "add_to_cart", "anna", 1, about(&["B"], "r1")),
            event("9", "add_to_cart", "anna", 1, json!({"items": ["C"]})),
            event(
                "10",
                "order_placed",
                "anna",
                1,
                json!({"order": "o1", "items": [line("B", 20.0, 2), line("C", 30.0, 1)]}),
            ),
            event("11", "order_placed", "bert", 1, json!({"order": "o2", "items": [line("B", 20.0, 1)]})),
        ],
    );
    let all = shop.ok("/v1/recommendations/u/metrics");
    let counts = |m: &Value| {
        ["impressions", "views", "viewable_impressions", "clicks", "purchases", "revenue_minor"]
            .map(|k| m[k].as_i64().unwrap())
    };
    assert_eq!(counts(&all), [4, 2, 1, 2, 1, 4_000], "{all}");
    assert_eq!(
        (all["ctr"].as_f64(), all["vctr"].as_f64(), all["viewability"].as_f64()),
        (Some(0.5), Some(2.0), Some(0.25))
    );
    let day = shop.ok("/v1/recommendations/u/metrics?window=24h");
    assert_eq!(counts(&day), [3, 2, 1, 2, 1, 4_000], "{day}");
    assert_eq!(shop.ok("/v1/recommendations/v/metrics")["ctr"], Value::Null);
    assert_eq!(shop.get("/v1/recommendations/u/metrics?window=1y").json["allowed"], "24h, 72h, 7d, 30d, all");
}
