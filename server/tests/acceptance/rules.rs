//! Every row about rules: when they fire, what they do, and that previews say so.

use serde_json::{Value, json};

use crate::shop::{Shop, escaped, libraries, plugin_entry, product, skus};

/// Eight chairs, A to H, of two brands and rising prices, with equal texts; the search order is that of their skus.
fn chairs() -> Shop {
    let shop = Shop::shipped();
    fill(&shop);
    shop
}

fn fill(shop: &Shop) {
    let row = |(n, sku): (usize, char)| {
        let mut row = product(&sku.to_string(), "Chair", 10.0 * (n + 1) as f64);
        row["brand"] = json!(if n < 5 { "Oak" } else { "Elm" });
        row["attributes"] = json!({"margin": n});
        row
    };
    let rows: Vec<Value> = ('A'..='H').enumerate().map(row).collect();
    shop.put(&json!(rows));
    assert_eq!(order(shop, "/v1/search?q=chair"), "ABCDEFGH");
}

/// The shipped search plugin with settings, over the chairs.
fn chairs_with(settings: &str) -> Shop {
    let file = libraries().join("libplanogram_live_search.so");
    let shop = Shop::with_plugin_file(&plugin_entry("live-search", &file, settings));
    fill(&shop);
    shop
}

fn order(shop: &Shop, path: &str) -> String {
    skus(&shop.ok(path)).concat()
}

fn is(text: &str) -> Value {
    json!({"query": "is", "text": text})
}

fn rule(conditions: Value, events: Value) -> Value {
    json!({"match": "all", "conditions": conditions, "events": events})
}

#[test]
fn row_062_match_any_is_or_and_all_is_and() {
    let shop = chairs();
    let both = json!([{"query": "starts", "text": "red"}, {"query": "ends", "text": "chair"}]);
    let fires = |join: &str, q: &str| {
        shop.configure("search-rule", "r", &json!({"match": join, "conditions": both, "events": [{"hide": "A"}]}));
        !order(&shop, &format!("/v1/search?q={q}")).contains('A')
    };
    let table =
        [("red+chair", true, true), ("red+chairs", true, false), ("old+chair", true, false), ("chairs", false, false)];
    for (q, any, all) in table {
        assert_eq!((fires("any", q), fires("all", q)), (any, all), "{q}");
    }
    let beside = json!({"match": "all", "conditions": [is("chair"), {"query": "contains", "text": "x"}], "events": []});
    let refused = shop.json("PUT", "/v1/config/search-rule/r", &beside);
    assert_eq!(refused.status, 422, "{}", refused.text);
    // To any depth, and of other things than the query.
    let tree = json!([{"any": [{"not": {"query": "contains", "text": "chair"}},
        {"all": [{"device": "mobile"}, {"audience": ["vip", "staff"]}, {"filter": "brand", "eq": "Oak"}]}]}]);
    shop.configure("search-rule", "r", &rule(tree, json!([{"hide": "A"}])));
    let on = "/v1/search?q=chair&device=Mobile&audiences=new,vip&filter.brand=Oak";
    assert_eq!(order(&shop, on), "BCDE");
    for less in ["device=Mobile&", "audiences=new,vip&", "&filter.brand=Oak"] {
        assert!(order(&shop, &on.replace(less, "")).contains('A'), "without {less}");
    }
}

#[test]
fn a_rule_fires_by_group_view_page_cart_and_category() {
    let shop = Shop::shipped();
    shop.configure("store-view", "default", &json!({"locale": "en-US", "default": true}));
    shop.configure("store-view", "uk", &json!({"locale": "en-GB"}));
    fill(&shop);
    let shelf = |sku: char| if "AB".contains(sku) { "Seats/Chairs" } else { "Seats/Benches" };
    let shelved = ('A'..='H').map(|sku| json!({"sku": sku.to_string(), "categories": [shelf(sku)]}));
    shop.send_ok("PATCH", "/v1/products", &json!(shelved.collect::<Vec<Value>>()));
    let check = |condition: Value, yes: &str, no: &str| {
        shop.configure("search-rule", "r", &rule(json!([condition]), json!([{"pin": "B", "position": 1}])));
        let first = |more: &str| order(&shop, &format!("/v1/search?q=chair&{more}")).chars().next();
        assert_eq!((first(yes), first(no)), (Some('B'), Some('A')), "{condition}");
    };
    check(json!({"customer_group": "b2b"}), "customer_group=b2b", "customer_group=b2c");
    check(json!({"page_type": ["home", "search"]}), "page_type=search", "page_type=product");
    check(json!({"store_view": "UK"}), "store_view=uk", "store_view=default");
    check(json!({"cart": {"field": "brand", "eq": "Elm"}}), "cart=H", "cart=C");
    check(json!({"category": "seats", "below": true}), "filter.category=Seats/Chairs", "");
    check(json!({"category": "Seats/Chairs"}), "filter.category=Seats/Chairs", "filter.category=Seats");
    check(json!({"filter": "price"}), "filter.price=0..500", "filter.brand=Oak,Elm");
    let hours = json!({"schedule": {"days": ["sat"], "from": "08:00", "to": "20:00", "utc_offset": "+01:00"}});
    check(hours, "now=2026-11-21T07:00:00Z", "now=2026-11-21T19:00:00Z");
    check(json!({"from": "2026-11-27", "until": "2026-11-28"}), "now=2026-11-27T12:00:00Z", "now=2026-11-28T00:00:00Z");
    // What is ruled out, or is only one way out of several, is not what the list is filtered by.
    let shelf = |path: &str| json!({"field": "category", "eq": path});
    let oak = json!({"field": "brand", "eq": "Oak"});
    let asks = |condition: &Value, filter: Value| {
        shop.configure("search-rule", "r", &rule(json!([condition]), json!([{"banner": "fires"}])));
        shop.send_ok("POST", "/v1/search", &json!({"q": "chair", "filter": filter}))["banners"] == json!(["fires"])
    };
    let (chairs, by_oak) = (json!({"category": "Seats/Chairs"}), json!({"filter": "brand", "eq": "Oak"}));
    assert!(asks(&chairs, shelf("Seats/Chairs")) && asks(&by_oak, oak.clone()));
    assert!(!asks(&chairs, json!({"not": shelf("Seats/Chairs")})) && !asks(&by_oak, json!({"not": oak})));
    assert!(!asks(&chairs, json!({"any": [shelf("Seats/Chairs"), oak]})));
    assert!(asks(&json!({"filter": "brand"}), json!({"not": oak})), "the brand is filtered by, in whichever way");
    // A condition on products that nobody can compile is refused, and what was there stays.
    let broken = rule(json!([{"cart": {"feld": "brand"}}]), json!([]));
    let refused = shop.json("PUT", "/v1/config/search-rule/r", &broken);
    assert!(refused.status == 422 && refused.text.contains("unknown key `feld`"), "{}", refused.text);
    assert_eq!(refused.json["pointer"], "/conditions/0/cart/feld");
    let broken =
        json!({"conditions": [], "events": [{"hide": "A"}, {"boost": {"any": [{"field": "price", "gt": 3}]}}]});
    for address in ["", "?overlay=next"] {
        let refused = shop.json("PUT", &format!("/v1/config/search-rule/r{address}"), &broken);
        let said = (&refused.json["pointer"], &refused.json["detail"]);
        assert_eq!(said, (&json!("/events/1/boost/any/0/gt"), &json!("unknown test `gt`")), "{}", refused.text);
        assert!(refused.json["allowed"].as_str().unwrap().starts_with("exactly one of"), "{}", refused.text);
    }
}

#[test]
fn row_063_and_064_products_are_boosted_and_buried_by_expression_too() {
    let shop = chairs();
    let check = |event: Value, expected: &str| {
        shop.configure("search-rule", "r", &rule(json!([is("chair")]), json!([event])));
        assert_eq!(order(&shop, "/v1/search?q=chair"), expected, "{event}");
    };
    let elm = json!({"field": "brand", "eq": "Elm"});
    check(json!({"boost": elm, "factor": 3}), "FGHABCDE");
    check(json!({"boost": elm, "to": "top"}), "FGHABCDE");
    check(json!({"bury": {"field": "price", "range": {"from": 20, "to": 40}}}), "ADEFGHBC");
    check(json!({"bury": {"field": "margin", "range": {"to": 2}}, "factor": 0.5}), "CDEFGHAB");
    check(json!({"hide": {"not": elm}}), "FGH");
    check(json!({"filter": elm}), "FGH");
    check(json!({"filter": ["B", "C"]}), "BC");
    check(json!({"pin": ["G", "H"], "position": 2}), "AGHBCDEF");
    check(json!({"at_least": elm, "count": 2, "first": 4}), "ABFGCDEH");
    check(json!({"at_most_in_row": "brand", "count": 2}), "ABFCDGEH");
    shop.events(
        "views",
        &[("product_view", "s1", &["D"]), ("product_view", "s2", &["D"]), ("product_view", "s1", &["C"])],
    );
    check(json!({"boost": {"field": "views.7d", "range": {"from": 2}}, "to": "top"}), "DCABEFGH");
}

#[test]
fn row_065_a_pin_holds_under_personal_order_and_gives_way_when_ineligible() {
    let shop = chairs();
    shop.configure("search-rule", "r", &rule(json!([is("chair")]), json!([{"pin": "H", "position": 2}])));
    shop.events(
        "views",
        &[("product_view", "ann", &["C"]), ("product_view", "ann", &["C"]), ("product_view", "bob", &["F"])],
    );
    for more in ["", "&visitor=ann", "&visitor=bob&viewed=F,G", "&page_size=2", "&page_size=3"] {
        assert_eq!(order(&shop, &format!("/v1/search?q=chair{more}")).chars().nth(1), Some('H'), "{more}");
    }
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "H", "visibility": "neither"}]));
    let without = order(&shop, "/v1/search?q=chair");
    assert!(!without.contains('H') && without.len() == 7, "{without}");
}

#[test]
fn row_066_a_pin_holds_only_in_the_results_unless_it_is_inserted() {
    let shop = chairs();
    shop.put(&json!([product("T", "Table", 5.0)]));
    let pin = |insert: bool| json!([{"pin": "T", "position": 1, "insert": insert}]);
    shop.configure("search-rule", "r", &rule(json!([is("chair")]), pin(false)));
    assert_eq!(order(&shop, "/v1/search?q=chair"), "ABCDEFGH");
    shop.configure("search-rule", "r", &rule(json!([is("chair")]), pin(true)));
    let list = shop.ok("/v1/search?q=chair");
    assert_eq!((skus(&list).concat(), list["total"].as_u64()), ("TABCDEFGH".into(), Some(9)));
    // What may not be shown is not inserted either.
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "T", "visibility": "catalog"}]));
    assert_eq!(order(&shop, "/v1/search?q=chair"), "ABCDEFGH");
}

#[test]
fn row_067_hidden_products_are_not_counted() {
    let shop = chairs();
    shop.configure("search-rule", "r", &rule(json!([is("chair")]), json!([{"hide": ["A", "B"]}])));
    let list = shop.ok("/v1/search?q=chair&facets=brand");
    assert_eq!((skus(&list).concat(), list["total"].as_u64()), ("CDEFGH".into(), Some(6)));
    assert_eq!(crate::shop::facet(&list, "brand"), [("Elm".to_owned(), 3), ("Oak".to_owned(), 3)]);
    let why = shop.ok("/v1/explain?q=chair&sku=A")["answer"].as_str().unwrap().to_owned();
    assert_eq!(why, "rule \"r\" (search-rule/r) hides it");
}

#[test]
fn row_068_a_default_rule_applies_to_empty_and_unmatched_phrases_only() {
    let shop = chairs();
    shop.configure("search-rule", "default", &json!({"events": [{"hide": "A"}]}));
    shop.configure("search-rule", "red", &rule(json!([{"query": "contains", "text": "red"}]), json!([{"hide": "B"}])));
    let shown = |q: &str| order(&shop, &format!("/v1/search?q={q}&sort=relevance"));
    assert_eq!((shown(""), shown("chair"), shown("red+chair")), ("BCDEFGH".into(), "BCDEFGH".into(), "ACDEFGH".into()));
}

#[test]
fn row_069_the_newest_rule_wins_and_is_goes_before_others() {
    let shop = chairs_with("{ resolution = \"one_winner\" }");
    let put = |id: &str, query: &str, sku: &str| {
        let rule = rule(json!([{"query": query, "text": "chair"}]), json!([{"pin": sku, "position": 1}]));
        shop.configure("search-rule", id, &rule);
    };
    let first = || order(&shop, "/v1/search?q=chair").remove(0);
    put("one", "contains", "B");
    put("two", "starts", "C");
    assert_eq!(first(), 'C', "the newer one");
    put("one", "contains", "B");
    assert_eq!(first(), 'B', "its time was swapped");
    put("three", "is", "D");
    put("two", "starts", "C");
    assert_eq!(first(), 'D', "`is` goes before the newer one");
    let rules = shop.ok("/v1/search?q=chair&explain=true")["applied_rules"].clone();
    assert_eq!(rules.as_array().map(Vec::len), Some(1), "{rules}");
    // Only what is active wins: not what is off, over, or not begun.
    let newest = json!({"conditions": [is("chair")], "events": [{"pin": "E", "position": 1}]});
    let mut off = newest.clone();
    off["enabled"] = json!(false);
    shop.configure("search-rule", "off", &off);
    shop.send_ok("PUT", "/v1/config/search-rule/over?until=2020-01-01T00:00:00Z", &newest);
    shop.send_ok("PUT", "/v1/config/search-rule/later?from=2090-01-01T00:00:00Z", &newest);
    assert_eq!(first(), 'D', "the newer ones are not active");
    shop.configure("search-rule", "off", &newest);
    assert_eq!(first(), 'E', "it was switched on");
}

#[test]
fn row_070_a_schedule_holds_between_its_ends_and_a_preview_shows_it() {
    let shop = chairs();
    let body = rule(json!([is("chair")]), json!([{"pin": "H", "position": 1}, {"banner": "Sale"}]));
    shop.send_ok("PUT", "/v1/config/search-rule/r?from=2030-01-01T00:00:00Z&until=2030-02-01T00:00:00Z", &body);
    let at = |now: &str| shop.ok(&format!("/v1/search?q=chair&now={now}"));
    assert_eq!(order(&shop, "/v1/search?q=chair"), "ABCDEFGH");
    assert_eq!(skus(&at("2029-12-31T23:59:59Z")).concat(), "ABCDEFGH");
    let inside = at("2030-01-01T00:00:00Z");
    assert_eq!((skus(&inside).concat(), &inside["banners"]), ("HABCDEFG".into(), &json!(["Sale"])));
    assert_eq!(skus(&at("2030-02-01T00:00:00Z")).concat(), "ABCDEFGH");
}

#[test]
fn row_071_an_explicit_sort_turns_rules_off() {
    let shop = chairs();
    let events = json!([{"pin": "H", "position": 1}, {"hide": "B"}, {"banner": "x"}, {"redirect": "/sale"},
        {"at_least": "G", "count": 1, "first": 1}]);
    shop.configure("search-rule", "r", &rule(json!([is("chair")]), events));
    let sorted = shop.ok("/v1/search?q=chair&sort=price:asc");
    assert_eq!(skus(&sorted).concat(), "ABCDEFGH");
    assert_eq!((&sorted["banners"], &sorted["redirect"]), (&Value::Null, &Value::Null));
    let own = shop.ok("/v1/search?q=chair&sort=relevance:desc");
    assert_eq!((skus(&own)[0], &own["redirect"]), ("H", &json!("/sale")));
}

#[test]
fn row_072_limits_refuse_the_51st_rule_the_11th_condition_and_the_26th_event() {
    let shop = chairs_with("{ rules = { rules_max = 50, conditions_max = 10, events_max = 25 } }");
    let put = |id: String, conditions: usize, events: usize| {
        let conditions: Vec<Value> = (0..conditions).map(|n| is(&format!("q{n}"))).collect();
        let events: Vec<Value> = (0..events).map(|n| json!({"hide": format!("S{n}")})).collect();
        let body = json!({"conditions": conditions, "events": events});
        shop.json("PUT", &format!("/v1/config/search-rule/{id}"), &body)
    };
    let check = |id: &str, conditions, events, expected: &str| {
        let refused = put(id.to_owned(), conditions, events);
        assert!(refused.status == 422 && refused.text.contains(expected), "{}", refused.text);
    };
    check("c", 11, 0, "at most 10");
    check("e", 0, 26, "at most 25");
    for n in 0..50 {
        assert_eq!(put(format!("r{n}"), 10, 25).status, 200, "rule {n}");
    }
    check("r50", 1, 1, "number 51 in its scope");
    assert_eq!(put("r7".to_owned(), 1, 1).status, 200, "one that is there may change");
}

#[test]
fn row_073_applied_rules_are_told_in_previews_only() {
    let shop = chairs();
    shop.configure(
        "search-rule",
        "r",
        &json!({"name": "Chairs", "conditions": [is("chair")], "events": [{"hide": "A"}]}),
    );
    assert_eq!(shop.ok("/v1/search?q=chair")["applied_rules"], Value::Null);
    let expected = json!([{"plugin": "live-search", "rule": "rule \"Chairs\" (search-rule/r)"}]);
    for preview in ["explain=true", "now=2026-11-22T00:00:00Z", "overlay=spring"] {
        assert_eq!(shop.ok(&format!("/v1/search?q=chair&{preview}"))["applied_rules"], expected, "{preview}");
    }
    assert_eq!(shop.ok("/v1/search?q=table&explain=true")["applied_rules"], json!([]));
}

#[test]
fn row_084_the_ledger_names_every_rule_that_moved_a_product_from_where_to_where() {
    let shop = chairs();
    let put = |id: &str, priority: i32, events: Value| {
        let body = json!({"name": id, "priority": priority, "conditions": [is("chair")], "events": events});
        shop.configure("search-rule", id, &body);
    };
    put("boost", 3, json!([{"boost": "H", "factor": 3}]));
    put("bury", 2, json!([{"bury": "A"}]));
    put("pin", 1, json!([{"pin": "D", "position": 1}]));
    put("quota", 0, json!([{"at_least": {"field": "sku", "in": ["F", "G"]}, "count": 1, "first": 3}]));
    let list = shop.ok("/v1/search?q=chair&explain=true");
    assert_eq!(skus(&list).concat(), "DHFBCEGA");
    let line = |sku: &str, kind: &str, rule: &str| {
        let item = list["items"].as_array().unwrap().iter().find(|item| item["sku"] == sku).unwrap();
        let is_it =
            |l: &&Value| l["kind"] == kind && l["note"].as_str().unwrap().contains(&format!("search-rule/{rule}"));
        let line =
            item["ledger"].as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("{sku} {kind}: {item}"));
        (line["from"].as_u64().unwrap(), line["to"].as_u64().unwrap())
    };
    // By score A to H; boosted HABCDEFG; then A behind all; then D in front; then F into the first three.
    assert_eq!(line("H", "score", "boost"), (7, 0));
    assert_eq!(line("A", "band", "bury"), (1, 7));
    assert_eq!(line("D", "pin", "pin"), (3, 0));
    assert_eq!(line("F", "quota", "quota"), (5, 2));
    let notes = list.to_string();
    for deed in [
        "boost) multiplies its score by 3",
        "bury) puts it at the end",
        "pin) pins it to position 1",
        "quota) wants at least 1 of the products whose sku is `F` or `G` among the first 3",
    ] {
        assert!(notes.contains(deed), "{deed}: {notes}");
    }
    let why = |sku: &str| {
        shop.ok(&format!("/v1/explain?q={}&sku={sku}", escaped("chair")))["answer"].as_str().unwrap().to_owned()
    };
    assert!(why("F").contains("position 3 of 8"), "{}", why("F"));
    put("filter", 0, json!([{"filter": ["A", "B"]}]));
    let named = "shows only products that it names, and this is none of them";
    assert_eq!(why("F"), format!("rule \"filter\" (search-rule/filter) {named}"));
    put("filter", 0, json!([{"filter": {"field": "brand", "eq": "Oak"}}]));
    let oak = "shows only products whose brand is `Oak`, and its brand is `Elm`";
    let of_elm = list["items"].as_array().unwrap().iter().find(|item| item["brand"] == "Elm").unwrap();
    assert_eq!(why(of_elm["sku"].as_str().unwrap()), format!("rule \"filter\" (search-rule/filter) {oak}"));
}

#[test]
fn category_rules_have_conditions_and_the_same_events() {
    let shop = chairs();
    let placed: Vec<Value> = ('A'..='H').map(|sku| json!({"sku": sku.to_string(), "categories": ["Seats"]})).collect();
    shop.send_ok("PATCH", "/v1/products", &json!(placed));
    let path = "/v1/categories/Seats/products";
    shop.configure("category-rule", "all", &json!({"category": "Seats", "events": [{"pin": "C", "position": 1}]}));
    let mobile = json!({"category": "Seats", "priority": 5, "conditions": [{"device": "mobile"}],
        "events": [{"pin": "H", "position": 1}, {"at_most_in_row": "brand", "count": 1}, {"banner": "App"}]});
    shop.configure("category-rule", "mobile", &mobile);
    assert_eq!(order(&shop, path), "CABDEFGH");
    let list = shop.ok(&format!("{path}?device=mobile&explain=true"));
    assert_eq!((skus(&list).concat(), &list["banners"]), ("HCFAGBDE".into(), &json!(["App"])));
    assert_eq!(list["applied_rules"].as_array().map(Vec::len), Some(2), "{list}");
    let second = json!({"category": "seats", "strategy": "newest"});
    assert_eq!(shop.json("PUT", "/v1/config/category-rule/second", &second).status, 422);
}

#[test]
fn a_search_that_is_filtered_by_several_categories_is_in_each_of_them() {
    let shop = chairs();
    let row = |sku: &str, path: &str| json!({"sku": sku, "categories": [path]});
    shop.send_ok("PATCH", "/v1/products", &json!([row("A", "Seats/Oak"), row("B", "Desks"), row("C", "Lamps")]));
    let about = |path: &str, below: bool| json!({"category": path, "below": below});
    let order = |filter: &str| order(&shop, &format!("/v1/search?q=chair&{filter}"));
    let both = "filter.category=Seats/Oak,Desks";
    for (path, below) in [("Seats/Oak", false), ("Desks", false), ("Desks", true), ("Seats", true)] {
        shop.configure("search-rule", "r", &rule(json!([about(path, below)]), json!([{"hide": "A"}])));
        assert_eq!(order(both), "B", "{path} {below}");
        assert_eq!(order("filter.category=Desks,Seats/Oak"), "B", "{path} {below}");
    }
    for (path, below) in [("Seats", false), ("Lamps", true)] {
        shop.configure("search-rule", "r", &rule(json!([about(path, below)]), json!([{"hide": "A"}])));
        assert_eq!(order(both), "AB", "{path} {below}");
    }
    // Not in a category means in none of them.
    let neither = json!([{"all": [{"query": "contains", "text": "chair"}, {"not": about("Desks", false)}]}]);
    shop.configure("search-rule", "r", &rule(neither, json!([{"hide": "A"}])));
    assert_eq!((order(both), order("filter.category=Seats")), ("AB".into(), "".into()));
}

#[test]
fn a_question_that_is_asked_wrongly_is_refused_and_harms_nobody() {
    let shop = chairs();
    shop.configure("search-rule", "r", &rule(json!([is("chair")]), json!([{"hide": "A"}])));
    let check = |path: &str, body: Value, expected: &str| {
        let refused = shop.json("POST", path, &body);
        assert!(refused.status == 422 && refused.text.contains(expected), "{}", refused.text);
    };
    for _ in 0..5 {
        check("/v1/search-rule/matching", json!({"text": 3}), "`text` is 3, a text is expected");
        check("/v1/search-rule/matching", json!({"q": "chair"}), "`q` is not asked for, only `text`");
        check("/v1/category-rule/inherited", json!({}), "`category` is missing");
        check("/v1/category-rule/inherited", json!({"category": "Nowhere"}), "there is no category `Nowhere`");
    }
    let list = shop.ok("/v1/search?q=chair");
    assert_eq!((skus(&list).concat().as_str(), &list["degraded"]), ("BCDEFGH", &json!([])), "the plugins take part");
}

#[test]
fn an_overlay_without_drafts_is_told_of() {
    let shop = chairs();
    shop.send_ok("PUT", "/v1/config/search-rule/r?overlay=spring", &rule(json!([is("chair")]), json!([{"hide": "A"}])));
    let warnings = |overlay: &str| shop.ok(&format!("/v1/search?q=chair&overlay={overlay}"))["warnings"].clone();
    assert_eq!(warnings("spring"), Value::Null);
    assert_eq!(warnings("spring,sprign"), json!(["the overlay `sprign` has no draft, so it changes nothing"]));
    let asked = shop.get("/v1/rules/conflicts?overlay=sprign");
    assert!(asked.status == 404 && asked.text.contains("no draft in the overlay `sprign`"), "{}", asked.text);
    assert_eq!(shop.get("/v1/rules/conflicts?overlay=spring").status, 200);
}

#[test]
fn who_brought_a_product_in_and_who_hides_others_is_told() {
    let shop = chairs();
    shop.put(&json!([product("T", "Table", 1.0)]));
    let events = json!([{"include": "T"}, {"hide": {"field": "price", "range": {"from": 75}}}]);
    shop.configure("search-rule", "r", &rule(json!([is("chair")]), events));
    let list = shop.ok("/v1/search?q=chair&explain=true");
    assert_eq!(skus(&list).concat(), "ABCDEFGT");
    let line = list["items"][7]["ledger"].as_array().unwrap().last().unwrap().clone();
    let note = "rule \"r\" (search-rule/r) includes it, whether or not it matches";
    assert_eq!((&line["kind"], &line["note"], &line["from"]), (&json!("note"), &json!(note), &Value::Null));
    let why = shop.ok("/v1/explain?q=chair&sku=H")["answer"].clone();
    assert_eq!(why, "rule \"r\" (search-rule/r) hides it: products whose price is at least 75");
}
