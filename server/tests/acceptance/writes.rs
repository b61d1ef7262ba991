//! What is written is seen by the next read; drafts, history, pages and the log.

use serde_json::{Value, json};

use crate::shop::{Shop, now_ms, product, skus};

fn shop() -> Shop {
    let shop = Shop::shipped();
    let rows = ["A", "B", "C", "D"].map(|sku| product(sku, "Chair", 10.0));
    shop.put(&json!(rows));
    shop
}

fn minor_of(list: &Value, sku: &str) -> i64 {
    let item = list["items"].as_array().unwrap().iter().find(|item| item["sku"] == sku).unwrap();
    item["price"]["minor"].as_i64().unwrap()
}

#[test]
fn a_patch_of_price_and_stock_shows_at_once_and_leaves_the_text_alone() {
    let shop = shop();
    shop.configure("store-view", "default", &json!({"locale": "en-US", "default": true, "out_of_stock": "hide"}));
    let before = shop.ok("/v1/search?q=chair&explain=true");
    for round in 1..=5 {
        let patch = json!([{"sku": "A", "price": 10 + round}, {"sku": "B", "in_stock": round % 2 == 0}]);
        let receipt = shop.send_ok("PATCH", "/v1/products?ack=durable", &patch);
        assert_eq!(receipt["accepted"], 2);
        let list = shop.ok(&format!("/v1/search?q=chair&explain=true&min_seq={}", receipt["seq"]));
        assert_eq!(minor_of(&list, "A"), (10 + round) * 100);
        assert_eq!(skus(&list).contains(&"B"), round % 2 == 0, "{list}");
        // The text index was not touched: nothing waits for it, and every text score is what it was.
        let text = |list: &Value| list["items"][0]["ledger"][0].clone();
        assert_eq!(text(&list), text(&before));
        assert!(list["as_of"]["seq"].as_u64() >= receipt["seq"].as_u64());
    }
    let sorted = shop.ok("/v1/search?q=chair&sort=price:desc");
    assert_eq!(skus(&sorted)[0], "A");
}

#[test]
fn a_new_name_is_found_and_a_deleted_product_is_gone() {
    let shop = shop();
    shop.send_ok("PATCH", "/v1/products?wait=text", &json!([{"sku": "C", "name": "Stool"}]));
    assert_eq!(skus(&shop.ok("/v1/search?q=stool")), ["C"]);
    assert_eq!(skus(&shop.ok("/v1/search?q=chair")), ["A", "B", "D"]);
    // Gone from every list as soon as it is acknowledged, though the text index may still know it.
    let receipt = shop.send_ok("DELETE", "/v1/products", &json!(["A", {"sku": "C"}]));
    assert_eq!(receipt["accepted"], 2);
    assert_eq!(skus(&shop.ok("/v1/search?q=chair")), ["B", "D"]);
    assert_eq!(shop.ok("/v1/search?q=stool")["total"], 0);
    assert_eq!(shop.ok("/v1/search")["total"], 2);
    assert_eq!(shop.get("/v1/products/A").status, 404);
    shop.put(&json!([product("A", "Chair", 12.0)]));
    assert_eq!(shop.ok("/v1/search?q=chair")["total"], 3);
}

#[test]
fn min_seq_that_does_not_come_is_a_late_answer_not_a_wrong_one() {
    let shop = shop();
    let reply = shop.get("/v1/search?min_seq=1000000&deadline_ms=20");
    assert_eq!((reply.status, reply.json["parameter"].as_str()), (503, Some("min_seq")), "{}", reply.text);
    assert!(reply.headers.contains_key("retry-after"));
}

#[test]
fn a_repeated_idempotency_key_writes_once() {
    let shop = shop();
    let headers = [("content-type", "application/json"), ("idempotency-key", "order-7")];
    let body = json!([product("E", "Chair", 1.0)]).to_string();
    let send = || shop.send("PUT", "/v1/products", &headers, Some(body.as_bytes()));
    let (first, second) = (send(), send());
    assert_eq!((first.status, &first.json["accepted"], &first.json["duplicates"]), (200, &json!(1), &json!(0)));
    assert_eq!((second.status, &second.json["accepted"], &second.json["duplicates"]), (200, &json!(0), &json!(1)));
    assert_eq!(first.json["seq"], second.json["seq"]);
    let log = shop.get("/v1/log?from=1").text;
    let with_key = log.lines().filter(|line| line.contains("order-7")).count();
    assert_eq!(with_key, 1, "{log}");
}

#[test]
fn a_repeated_write_of_a_document_gives_the_first_answer() {
    let shop = shop();
    let put = |key: &str, label: &str, revision: u64| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let path = format!("/v1/config/attribute/color?expected_revision={revision}");
        shop.send("PUT", &path, &headers, Some(json!({"label": label}).to_string().as_bytes()))
    };
    let first = put("one", "Color", 0);
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(put("two", "Colour", 1).status, 200);
    let repeated = put("one", "Color", 0);
    assert_eq!((repeated.status, &repeated.json), (200, &first.json), "{}", repeated.text);
    assert_eq!(shop.ok("/v1/config/attribute/color")["document"]["label"], "Colour");
    assert_eq!(put("three", "Color", 0).status, 409, "only what is repeated");
}

#[test]
fn events_change_the_most_viewed_at_once_and_count_once() {
    let shop = shop();
    shop.configure("unit", "front", &json!({"type": "most-viewed", "limit": 3}));
    shop.events("one", &[("product_view", "s1", &["B"])]);
    assert_eq!(skus(&shop.ok("/v1/recommendations/front")), ["B"]);
    shop.events("two", &[("product_view", "s1", &["D"]), ("product_view", "s2", &["D"])]);
    assert_eq!(skus(&shop.ok("/v1/recommendations/front")), ["D", "B"]);
    // A client that sends again changes nothing.
    let again = json!([{"id": "one-0", "time": 0, "kind": "product_view", "session": "s9", "items": ["B"]}]);
    let late = shop.json("POST", "/v1/events", &again);
    assert_eq!(late.status, 422, "{}", late.text);
    let now_ms = now_ms();
    let again: Vec<Value> = (0..5)
        .map(|_| json!({"id": "one-0", "time": now_ms, "kind": "product_view", "session": "s1", "visitor": "s1", "items": ["B"]}))
        .collect();
    let receipt = shop.send_ok("POST", "/v1/events", &json!(again));
    assert_eq!((&receipt["accepted"], &receipt["duplicates"]), (&json!(0), &json!(5)), "{receipt}");
    assert_eq!(skus(&shop.ok("/v1/recommendations/front")), ["D", "B"]);
}

#[test]
fn a_page_shows_nothing_twice_and_refills() {
    let shop = Shop::shipped();
    let rows: Vec<Value> = (0..12)
        .map(|i| json!({"sku": format!("P{i:02}"), "name": "Chair", "price": 10, "categories": [{"path": "Garden", "position": i}]}))
        .collect();
    shop.put(&json!(rows));
    shop.configure("unit", "one", &json!({"type": "most-viewed", "limit": 4, "label": "Popular"}));
    shop.configure("unit", "two", &json!({"type": "most-viewed", "limit": 4}));
    let sessions: Vec<String> = (0..10).map(|s| format!("s{s}")).collect();
    let all: Vec<String> = (0..10).map(|i| format!("P{i:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    // P00 is viewed in ten visits, P01 in nine, and so on.
    let views: Vec<(&str, &str, &[&str])> =
        (0..10).map(|i| ("product_view", sessions[i].as_str(), &all[..10 - i])).collect();
    shop.events("page", &views);
    let alone = |unit: &str| shop.ok(&format!("/v1/recommendations/{unit}"));
    assert_eq!(skus(&alone("one")), ["P00", "P01", "P02", "P03"]);
    assert_eq!(skus(&alone("two")), ["P00", "P01", "P02", "P03"]);

    let page = json!({"explain": true, "lists": [
        {"name": "hero", "unit": "one"},
        {"name": "more", "unit": "two"},
        {"name": "grid", "category": "Garden", "page_size": 3},
        {"name": "none", "unit": "nowhere"},
        {"name": "found", "q": "chair"},
    ]});
    let answer = shop.send_ok("POST", "/v1/page", &page);
    let lists = answer["lists"].as_array().unwrap();
    let names: Vec<&str> = lists.iter().map(|l| l["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hero", "more", "grid", "none", "found"]);
    assert_eq!(skus(&lists[0]["list"]), ["P00", "P01", "P02", "P03"]);
    assert_eq!(skus(&lists[1]["list"]), ["P04", "P05", "P06", "P07"]);
    assert_eq!(skus(&lists[2]["list"]), ["P08", "P09", "P10"]);
    assert_eq!((&lists[3]["problem"]["status"], &lists[3]["list"]), (&json!(404), &Value::Null));
    assert_eq!(skus(&lists[4]["list"]), ["P11"]);
    assert_eq!(lists[0]["list"]["unit"]["label"], "Popular");
    assert!(lists[0]["list"]["items"][0]["ledger"].is_array());
    for list in lists.iter().filter(|l| l["list"].is_object()) {
        assert_eq!(list["list"]["as_of"], answer["as_of"]);
    }
}

#[test]
fn documents_keep_their_history() {
    let shop = shop();
    let put = |limit: u32, note: &str| {
        let path = format!("/v1/config/unit/front?author=ann&note={note}");
        shop.json("PUT", &path, &json!({"type": "most-viewed", "limit": limit}))
    };
    let first = put(2, "first");
    assert_eq!((first.status, first.headers["etag"].to_str().unwrap()), (200, "\"1\""));
    assert_eq!(put(3, "second").json["revision"], 2);
    let deleted = shop.send("DELETE", "/v1/config/unit/front?author=bob", &[("if-match", "\"2\"")], None);
    assert_eq!(deleted.status, 200, "{}", deleted.text);
    assert_eq!(shop.get("/v1/config/unit/front").status, 404);
    assert_eq!(shop.get("/v1/recommendations/front").status, 404);
    let history = shop.ok("/v1/config/unit/front/history");
    let shown: Vec<(u64, &str, &str, Option<u64>)> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            let text = |key: &str| r[key].as_str().unwrap();
            (r["revision"].as_u64().unwrap(), text("author"), text("note"), r["document"]["limit"].as_u64())
        })
        .collect();
    assert_eq!(shown, [(3, "bob", "", None), (2, "ann", "second", Some(3)), (1, "ann", "first", Some(2))]);
}

#[test]
fn a_draft_shows_under_its_overlay_only() {
    let shop = shop();
    let rule = json!({"conditions": [{"query": "is", "text": "chair"}], "events": [{"pin": "D", "position": 1}]});
    let draft = "/v1/config/search-rule/spring?overlay=spring";
    assert_eq!(shop.send_ok("PUT", draft, &rule)["state"], "draft");
    let live = "/v1/search?q=chair";
    assert_eq!(skus(&shop.ok(live)), ["A", "B", "C", "D"]);
    assert_eq!(skus(&shop.ok("/v1/search?q=chair&overlay=spring")), ["D", "A", "B", "C"]);
    assert_eq!(skus(&shop.ok("/v1/search?q=chair&overlay=autumn")), ["A", "B", "C", "D"]);
    assert_eq!(shop.get("/v1/config/search-rule/spring").status, 404);
    assert_eq!(shop.ok(draft)["document"], rule);
    // A draft that says the document is gone, and none at all, are two things.
    shop.send_ok("PUT", "/v1/config/search-rule/winter", &rule);
    let winter = "/v1/config/search-rule/winter?overlay=winter";
    assert_eq!(shop.send("DELETE", winter, &[], None).status, 200);
    assert_eq!(skus(&shop.ok("/v1/search?q=chair&overlay=winter")), ["A", "B", "C", "D"]);
    let gone = shop.send("DELETE", &format!("{winter}&discard=true"), &[], None);
    assert_eq!((gone.status, &gone.json["state"]), (200, &json!("discarded")), "{}", gone.text);
    assert_eq!(skus(&shop.ok("/v1/search?q=chair&overlay=winter")), ["D", "A", "B", "C"]);
    let again = shop.send("DELETE", &format!("{winter}&discard=true"), &[], None);
    assert_eq!(again.status, 404, "{}", again.text);
    assert!(again.json["detail"].as_str().unwrap().contains("in the overlay `winter`"), "{}", again.text);
    assert_eq!(shop.send("DELETE", "/v1/config/search-rule/winter", &[], None).status, 200);
    // What goes live is what was previewed.
    shop.configure("search-rule", "spring", &rule);
    assert_eq!(skus(&shop.ok(live)), ["D", "A", "B", "C"]);
}

#[test]
fn a_store_view_names_a_price_book_that_exists() {
    let shop = shop();
    let view = json!({"locale": "sv-SE", "price_book": "se"});
    let refused = shop.json("PUT", "/v1/config/store-view/se", &view);
    assert_eq!((refused.status, &refused.json["pointer"]), (422, &json!("/price_book")), "{}", refused.text);
    assert_eq!(refused.json["allowed"], "default");
    assert_eq!(shop.configure("price-book", "se", &json!({"currency": "SEK"}))["warnings"], Value::Null);
    // Currencies change one document after another.
    let warnings = &shop.configure("store-view", "se", &view)["warnings"];
    assert!(warnings[0].as_str().unwrap().contains("its price book `se` in SEK"), "{warnings}");
    let refused = shop.send("DELETE", "/v1/config/price-book/se", &[], None);
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("store view `se`: no price book `se`"), "{}", refused.text);
    let fits = json!({"locale": "sv-SE", "currency": "SEK", "price_book": "se"});
    assert_eq!(shop.configure("store-view", "se", &fits)["warnings"], Value::Null);
}

#[test]
fn a_document_is_in_force_while_it_is_valid() {
    let shop = shop();
    let rule = json!({"conditions": [{"query": "is", "text": "chair"}], "events": [{"pin": "C", "position": 1}]});
    let path = "/v1/config/search-rule/later?from=2100-01-01T00:00:00Z&until=2100-02-01T00:00:00Z";
    shop.send_ok("PUT", path, &rule);
    let at = |now: &str| shop.ok(&format!("/v1/search?q=chair{now}"));
    assert_eq!(skus(&at(""))[0], "A");
    assert_eq!(skus(&at("&now=2100-01-01T00:00:00Z"))[0], "C");
    assert_eq!(skus(&at("&now=2100-02-01T00:00:00Z"))[0], "A");
}

#[test]
fn why_a_product_is_not_there_is_answered() {
    let shop = shop();
    shop.configure("store-view", "default", &json!({"locale": "en-US", "default": true, "out_of_stock": "hide"}));
    let hide =
        json!({"name": "No more D", "conditions": [{"query": "is", "text": "chair"}], "events": [{"hide": "D"}]});
    shop.configure("search-rule", "hide-d", &hide);
    shop.send_ok(
        "PATCH",
        "/v1/products",
        &json!([{"sku": "B", "in_stock": false}, {"sku": "C", "visibility": "catalog"}]),
    );
    let check = |query: &str, expected: &str| {
        let answer = shop.ok(&format!("/v1/explain?{query}"))["answer"].as_str().unwrap().to_owned();
        assert!(answer.contains(expected), "{query}: {answer}");
    };
    check("q=chair&sku=A", "position 1 of 1, on page 1");
    check("q=chair&sku=B", "it is sold out: none of its variants is in stock");
    check("q=chair&sku=C", "its visibility in store view `default` is `catalog`");
    check("q=chair&sku=D", "No more D");
    check("q=table&sku=A", "its text does not match the words `table`");
    let dear = "filter 1 of the request asks for products whose price is at least 0 and below 5, and its price is 10";
    check("q=chair&filter.price=0..5&sku=A", dear);
}

#[test]
fn what_keeps_a_product_out_of_a_unit_or_a_hidden_category_is_named() {
    let shop = Shop::start();
    let row = |sku: &str, brand: &str, category: &str| json!({"sku": sku, "name": "Chair", "price": 5, "brand": brand, "categories": [category]});
    shop.put(&json!([row("A", "Oak", "Seats"), row("B", "Oak", "Seats"), row("C", "Elm", "Tables")]));
    let why = |query: &str| shop.ok(&format!("/v1/explain?{query}"))["answer"].as_str().unwrap().to_owned();
    let check = |query: &str, expected: &str| assert_eq!(why(query), expected, "{query}");
    let unit = |rest: Value| {
        let mut body = json!({"type": "most-viewed", "page_types": ["product"], "fallback": []});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        shop.configure("unit", "u", &body);
    };
    unit(json!({}));
    check("unit=u&anchors=A&sku=A", "it is the product that the unit is about");
    check("unit=u&cart=C&sku=C", "it is in the shopper's cart already");
    unit(json!({"exclude": [{"when": {"field": "brand", "eq": "Elm"}}]}));
    check("unit=u&anchors=A&sku=C", "the unit leaves out products whose brand is `Elm`");
    unit(json!({"include": [{"when": {"field": "brand", "eq": "Oak"}}]}));
    let oak = "the unit shows only products whose brand is `Oak`, and its brand is `Elm`";
    check("unit=u&anchors=A&sku=C", oak);
    unit(json!({"relative": {"same_category": true}}));
    let seats = "the unit shows only products of the categories of `A`, and it is in none of them";
    check("unit=u&anchors=A&sku=C", seats);
    assert!(why("unit=u&anchors=A&sku=B").contains("proposes it"), "{}", why("unit=u&anchors=A&sku=B"));
    unit(json!({"limit": 1}));
    shop.events("looks", &[("product_view", "s", &["C"])]);
    let others = "it may be shown, but others fill the places of the unit before its type `most-viewed` proposes it";
    check("unit=u&sku=B", others);
    check("category=Tables&sku=A", "it may be shown, but it is neither in `Tables` nor below: it is in `Seats`");
    shop.configure("category-access", "seats", &json!({"category": "Seats", "groups": ["trade"]}));
    check("category=Seats&sku=A", "the category `Seats` is kept from the shopper's customer group");
    check("category=Seats&customer_group=trade&sku=A", "it is here: position 1 of 2, on page 1");
    assert_eq!(shop.get("/v1/explain?category=Nowhere&sku=A").status, 404);
}

#[test]
fn the_drafts_of_an_overlay_are_listed() {
    let shop = shop();
    let rule = json!({"locale": "en-US", "default": true});
    shop.configure("store-view", "default", &rule);
    shop.send_ok("PUT", "/v1/config/store-view/uk?overlay=spring", &json!({"locale": "en-GB"}));
    let ids = |query: &str| -> Vec<String> {
        let list = shop.ok(&format!("/v1/config/store-view{query}"));
        list.as_array().unwrap().iter().map(|d| format!("{} {}", d["id"].as_str().unwrap(), d["state"])).collect()
    };
    assert_eq!(ids(""), [r#"default "live""#]);
    assert_eq!(ids("?overlay=spring"), [r#"uk "draft""#]);
    assert_eq!(ids("?overlay=other"), [""; 0]);
}

#[test]
fn what_a_document_names_in_vain_is_remarked() {
    let shop = shop();
    let rule = |about: Value, audience: &str| json!({"type": "most-viewed", "audiences": [audience], "include": [{"when": about}], "fallback": []});
    let warnings = |address: &str, body: &Value| -> Vec<String> {
        let stored = shop.send_ok("PUT", address, body);
        let list = stored["warnings"].as_array().cloned().unwrap_or_default();
        list.iter().map(|w| w.as_str().unwrap().to_owned()).collect()
    };
    let about = json!({"any": [{"field": "colr", "eq": "Red"}, {"field": "category", "in": ["Hats"]}, {"field": "price", "exists": true}]});
    let expected = [
        "no product has the attribute `colr` (/include/0/when/any/0/field), so nothing passes",
        "there is no category `Hats` (/include/0/when/any/1/in/0), so nothing is in it",
        "there is no audience `ghosts` (/audiences/0), so only shoppers whose request names it are in it",
    ];
    assert_eq!(warnings("/v1/config/unit/u", &rule(about.clone(), "ghosts")), expected);
    assert_eq!(warnings("/v1/config/unit/u?overlay=next", &rule(about, "ghosts")), expected, "a draft's author, too");
    assert_eq!(shop.ok("/v1/config/unit/u")["warnings"].as_array().map(Vec::len), Some(3));
    shop.configure("audience", "Ghosts", &json!({"condition": {"cart": {}}}));
    let access = warnings("/v1/config/category-access/a", &json!({"category": "Hats", "groups": ["trade"]}));
    assert_eq!(access, ["there is no category `Hats` (/category), so nothing is in it"]);
    let smart = warnings("/v1/config/smart-category/s", &json!({"category": "Hats", "condition": {"all": []}}));
    assert_eq!(smart, ["there is no category `Hats` yet, so that the document rests until it is put"]);
    shop.send_ok("PUT", "/v1/categories", &json!([{"put": "Hats"}]));
    let access = warnings("/v1/config/category-access/a", &json!({"category": "/hats /", "groups": ["trade"]}));
    assert_eq!(access, [""; 0]);
    let good = json!({"all": [{"field": "views.7d", "range": {"from": 1}}, {"field": "visible_in", "eq": "search"}]});
    assert_eq!(warnings("/v1/config/unit/u", &rule(good, "ghosts")), [""; 0]);
}

#[test]
fn the_log_can_be_read_from_any_position() {
    let shop = shop();
    let seq =
        shop.send_ok("PATCH", "/v1/products?author=ann", &json!([{"sku": "A", "price": 3}]))["seq"].as_u64().unwrap();
    let entries = |path: &str| -> Vec<Value> {
        let reply = shop.get(path);
        assert_eq!(reply.headers["content-type"], "application/x-ndjson");
        reply.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = entries("/v1/log");
    assert!(all.iter().zip(1..).all(|(entry, seq)| entry["seq"] == seq as u64), "{all:?}");
    let tail = entries(&format!("/v1/log?from={seq}&limit=1"));
    assert_eq!((tail.len(), &tail[0]["actor"], tail[0]["seq"].as_u64()), (1, &json!("ann"), Some(seq)));
    assert_eq!(tail[0]["body"]["Patches"][0]["sku"], "A");
    assert_eq!(entries(&format!("/v1/log?from={}", seq + 1_000_000)), Vec::<Value>::new());
}
