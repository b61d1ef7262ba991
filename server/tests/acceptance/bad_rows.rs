//! Bad rows, documents and names: refused with the field, the value and what is allowed, and nothing good is lost.

use serde_json::{Value, json};

use crate::shop::{Reply, Shop, now_ms, product, skus};

/// A shop with three products of which two have a color.
fn shop() -> Shop {
    let shop = Shop::shipped();
    let mut rows = [product("A", "Ant", 1.0), product("B", "Bee", 2.0), product("C", "Cat", 3.0)];
    for row in &mut rows[..2] {
        row["attributes"] = json!({"color": "Red"});
        row["categories"] = json!(["Pets"]);
    }
    shop.put(&json!(rows));
    shop
}

/// Between two good rows, this one alone is refused: its line, its pointer and these words are named.
fn check_row(shop: &Shop, row: &[u8], pointer: &str, parts: &[&str]) {
    let before = shop.ok("/health/ready")["products"].as_u64().unwrap();
    let mut body = b"{\"sku\": \"good-1\", \"name\": \"One\"}\n".to_vec();
    body.extend_from_slice(row);
    body.extend_from_slice(b"\n{\"sku\": \"good-2\", \"name\": \"Two\"}\n");
    let reply = shop.send("PUT", "/v1/products", &[("content-type", "application/x-ndjson")], Some(&body));
    assert_eq!(reply.status, 207, "{}", reply.text);
    assert_eq!(reply.json["accepted"], 2, "{}", reply.text);
    let rejected = &reply.json["rejected"];
    assert_eq!((rejected.as_array().unwrap().len(), &rejected[0]["line"]), (1, &json!(2)), "{}", reply.text);
    assert_eq!(rejected[0]["pointer"], pointer, "{}", reply.text);
    assert!(reply.text.len() < 2_000, "the answer repeats {} bytes of the row", reply.text.len());
    for part in parts {
        assert!(reply.text.contains(part), "`{part}` is not in {}", reply.text);
    }
    assert_eq!(shop.ok("/v1/products/good-2")["name"], "Two");
    assert_eq!(shop.ok("/health/ready")["products"].as_u64().unwrap(), before + 2);
    assert_eq!(shop.json("DELETE", "/v1/products", &json!(["good-1", "good-2"])).status, 200);
}

#[test]
fn a_bad_row_is_named_and_the_good_ones_are_kept() {
    let shop = shop();
    let check = |row: &str, pointer: &str, parts: &[&str]| check_row(&shop, row.as_bytes(), pointer, parts);
    check(r#"{"sku": "X", "name": "X", "colour": "Red"}"#, "/colour", &["unknown field `colour`"]);
    check(r#"{"sku": 7, "name": "X"}"#, "/sku", &["7", "text"]);
    check(r#"{"sku": "X", "name": "X", "in_stock": "yes"}"#, "/in_stock", &["yes", "true or false"]);
    check(r#"{"sku": "X", "name": "X", "categories": "Pets"}"#, "/categories", &["Pets", "list"]);
    check(r#"{"sku": "good-1", "name": "X"}"#, "/sku", &["good-1", "line 1", "each once"]);
    check(r#"{"sku": "X", "name": "X", "price": -1}"#, "/price", &["-1", "negative", "at least 0"]);
    check(r#"{"sku": "X", "name": "X", "price": "NaN"}"#, "/price", &["NaN", "not a decimal number"]);
    check(r#"{"sku": "X", "name": "X", "price": 1e999}"#, "", &["number out of range"]);
    check(r#"{"sku": "X", "name": "X", "price": 1e300}"#, "/price", &["too large", "1000000000000000"]);
    check(r#"{"sku": "X", "name": "X", "price": 1.005}"#, "/price", &["1.005", "2 decimals"]);
    check(r#"{"name": "X"}"#, "/sku", &["`sku` is missing"]);
    check(r#"{"sku": "", "name": "X"}"#, "/sku", &["sku"]);
    check(r#"{"sku": "X"}"#, "/name", &["`name` is missing"]);
    check(
        r#"{"sku": "X", "name": "X", "attributes": {"rating": [1]}}"#,
        "/attributes/rating",
        &["[1] is a list", "a list of texts"],
    );
    check(r#"{"sku": "X", "name": "X", "visibility": "hidden"}"#, "/visibility", &["hidden", "both, catalog, search"]);
    check(r#"[1, 2]"#, "", &["object"]);
    check(r#"{"sku": "X", "name": "#, "", &["not JSON"]);
    let long = format!(r#"{{"sku": "X", "name": "X", "description": "{}"}}"#, "d".repeat(10 << 20));
    check(&long, "/description", &["10485760", "1048576"]);
    check_row(&shop, b"{\"sku\": \"X\", \"name\": \"\xff\"}", "", &["byte 0xff", "UTF-8"]);
}

#[test]
fn line_17_of_50_is_refused_alone() {
    let shop = Shop::start();
    let mut lines: Vec<String> = (1..=50).map(|i| product(&format!("P{i}"), "Pen", 1.0).to_string()).collect();
    lines[16].truncate(20);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let reply = shop.lines("PUT", "/v1/products?wait=text", &lines);
    assert_eq!((reply.status, &reply.json["accepted"]), (207, &json!(49)), "{}", reply.text);
    let rejected = reply.json["rejected"].as_array().unwrap();
    assert_eq!((rejected.len(), &rejected[0]["line"]), (1, &json!(17)), "{}", reply.text);
    assert!(rejected[0]["message"].as_str().unwrap().contains("not JSON"), "{}", reply.text);
    let list = shop.ok("/v1/search?q=pen&page_size=500");
    assert_eq!(list["total"], 49);
    assert!(!skus(&list).contains(&"P17"));
}

/// The answer is a problem with these words.
fn is_problem(reply: &Reply, status: u16, parts: &[&str]) {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!(reply.headers["content-type"], "application/problem+json", "{}", reply.text);
    for part in parts {
        assert!(reply.text.contains(part), "`{part}` is not in {}", reply.text);
    }
}

#[test]
fn names_and_pages_that_do_not_exist_are_named() {
    let shop = shop();
    shop.configure("unit", "home", &json!({"type": "most-viewed"}));
    let check = |path: &str, status: u16, parts: &[&str]| is_problem(&shop.get(path), status, parts);
    check("/v1/categories/Pets/Fish/products", 404, &["no category `Pets/Fish`"]);
    check("/v1/recommendations/nowhere", 404, &["no unit `nowhere`"]);
    check("/v1/search?store_view=mars", 404, &["no store view `mars`"]);
    check("/v1/search?price_book=mars", 404, &["no price book `mars`"]);
    check("/v1/products/nobody", 404, &["no product `nobody`"]);
    check("/v1/explain?sku=nobody&q=ant", 404, &["no product `nobody`"]);
    check("/v1/search?q=ant&page=2", 400, &["\"parameter\":\"page\"", "1 items fill 1 pages", "1 to 1"]);
    check("/v1/categories/Pets/products?page=3&page_size=1", 400, &["2 items fill 2 pages of 1", "1 to 2"]);
    check("/v1/search?page_size=0", 400, &["\"parameter\":\"page_size\"", "\"value\":\"0\"", "from 1 to 500"]);
    check("/v1/search?page_size=501", 400, &["\"parameter\":\"page_size\"", "\"value\":\"501\"", "from 1 to 500"]);
    check("/v1/config/nothing", 404, &["nothing", "category-rule", "search-rule", "store-view", "unit"]);
    check("/v1/config/unit/nowhere", 404, &["unit/nowhere"]);
    let reload = shop.json("POST", "/v1/plugins/nobody/reload", &json!({}));
    is_problem(&reload, 404, &["nobody"]);
    is_problem(&shop.json("PUT", "/v1/config/nothing/a", &json!({})), 404, &["nothing", "search-rule"]);
    is_problem(&shop.json("PATCH", "/v1/products", &json!([{"sku": "nobody", "price": 1}])), 422, &["/sku", "nobody"]);
    is_problem(&shop.json("DELETE", "/v1/products", &json!(["nobody"])), 422, &["nobody"]);
    assert_eq!(shop.ok("/v1/search")["total"], 3);
}

#[test]
fn a_filter_on_an_unknown_attribute_finds_nothing_and_says_so() {
    let shop = shop();
    let list = shop.ok("/v1/search?filter.colour=Red");
    assert_eq!((&list["total"], &list["items"]), (&json!(0), &json!([])));
    assert!(list["warnings"][0].as_str().unwrap().contains("`colour`"), "{list}");
    let known = shop.ok("/v1/search?filter.color=Red");
    assert_eq!((&known["total"], &known["warnings"]), (&json!(2), &Value::Null));
}

#[test]
fn a_refused_document_is_located_and_the_one_before_stays() {
    let shop = shop();
    let check = |kind: &str, document: Value, pointer: &str, parts: &[&str]| {
        let reply = shop.json("PUT", &format!("/v1/config/{kind}/x"), &document);
        is_problem(&reply, 422, parts);
        let first = [&reply.json["pointer"], &reply.json["problems"][0]["pointer"]];
        assert!(first.contains(&&json!(pointer)), "{}", reply.text);
        assert_eq!(shop.get(&format!("/v1/config/{kind}/x")).status, 404, "{kind}");
    };
    check("unit", json!({"type": "most-viewed", "limit": 101}), "/limit", &["101", "1 to 100"]);
    check("unit", json!({"limit": 5}), "/type", &["missing"]);
    check("store-view", json!({"locale": "en-US", "out_of_stock": "burn"}), "/out_of_stock", &["burn", "hide"]);
    check("attribute", json!({"facet": "sometimes"}), "/facet", &["sometimes", "pinned"]);
    check("synonym", json!({"type": "two-way", "terms": ["sofa"]}), "/terms", &["2"]);
    check("synonym", json!({"type": "three-way"}), "/type", &["three-way", "two-way"]);
    let pin = json!({"conditions": [{"query": "is", "text": "a"}], "events": [{"pin": "A", "position": 0}]});
    check("search-rule", pin, "/events/0/position", &["0"]);
    let condition = json!({"conditions": [{"query": "like", "text": "a"}]});
    check("search-rule", condition, "/conditions/0/query", &["like", "contains"]);
    check("category-rule", json!({"category": "Pets", "strategy": "best"}), "/strategy", &["best", "newest"]);
    check("category-rule", json!({"strategy": "newest"}), "/category", &["category"]);
    check("redirect", json!({"query": "a", "url": "javascript:alert(1)"}), "/url", &["javascript"]);

    shop.configure("unit", "kept", &json!({"type": "most-viewed", "limit": 2}));
    is_problem(
        &shop.json("PUT", "/v1/config/unit/kept", &json!({"type": "most-viewed", "limit": 0})),
        422,
        &["/limit"],
    );
    assert_eq!(shop.ok("/v1/config/unit/kept")["document"]["limit"], 2);
    let stale = shop.json("PUT", "/v1/config/unit/kept?expected_revision=7", &json!({"type": "most-viewed"}));
    is_problem(&stale, 409, &["revision 1", "expected 7"]);
}

#[test]
fn bad_events_are_named_and_the_good_ones_count() {
    let shop = shop();
    shop.configure("unit", "home", &json!({"type": "most-viewed"}));
    let now_ms = now_ms();
    let event = |id: &str, time: u64, kind: &str, sku: &str| json!({"id": id, "time": time, "kind": kind, "session": id, "items": [sku]});
    let hour = 3_600_000;
    let rows = json!([
        event("e1", now_ms, "product_view", "B"),
        event("e2", now_ms - 73 * hour, "product_view", "A"),
        event("e3", now_ms + hour, "product_view", "A"),
        event("e4", now_ms, "product_wiev", "A"),
        event("e1", now_ms, "product_view", "B"),
    ]);
    let reply = shop.json("POST", "/v1/events", &rows);
    let counted = ["accepted", "duplicates"].map(|key| reply.json[key].as_u64().unwrap());
    assert_eq!((reply.status, counted), (207, [1, 1]), "{}", reply.text);
    let rejected: Vec<_> =
        reply.json["rejected"].as_array().unwrap().iter().map(|r| (&r["line"], &r["pointer"])).collect();
    let [two, three, four] = [2, 3, 4].map(|line| json!(line));
    let (time, kind) = (json!("/time"), json!("/kind"));
    assert_eq!(rejected, [(&two, &time), (&three, &time), (&four, &kind)], "{}", reply.text);
    assert!(reply.text.contains("72 hours") && reply.text.contains("did you mean `product_view`?"), "{}", reply.text);
    assert_eq!(skus(&shop.ok("/v1/recommendations/home")), ["B"]);
}
