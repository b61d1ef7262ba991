//! The conflict report finds what is wrong with a set of rules, and nothing else.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::shop::{Shop, escaped, product};

/// Small numbers from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }
}

/// A rule: kind, id, body, and what stands in its address.
type Row = (&'static str, String, Value, &'static str);

fn search(id: &str, conditions: Value, events: Value) -> Row {
    ("search-rule", id.to_owned(), json!({"match": "all", "conditions": conditions, "events": events}), "")
}

fn query(operator: &str, text: &str) -> Value {
    json!({"query": operator, "text": text})
}

/// At least `count` of eight products from number `from` on, in the first eight.
fn some_of(from: usize, count: usize) -> Value {
    let skus: Vec<String> = (from..from + 8).map(|n| format!("Q{n}")).collect();
    json!({"at_least": {"field": "sku", "in": skus}, "count": count, "first": 8})
}

/// Thirty rules that hold twenty-three faults, and the faults: kind and rules.
fn faulty() -> (Vec<Row>, Vec<(&'static str, Vec<&'static str>)>) {
    let oak = json!({"field": "brand", "eq": "Oak"});
    let with_priority = |row: Row, priority: i32| {
        let mut row = row;
        row.2["priority"] = json!(priority);
        row
    };
    let rows = vec![
        search("up", json!([query("contains", "alpha")]), json!([{"boost": "P1"}])),
        search("out", json!([query("starts", "alpha")]), json!([{"hide": "P1"}])),
        search("first-a", json!([query("is", "beta")]), json!([{"pin": "P2", "position": 1}])),
        search(
            "first-b",
            json!([query("contains", "bet"), {"audience": "vip"}]),
            json!([{"pin": "P3", "position": 1}]),
        ),
        search("no-oak", json!([query("contains", "brandy")]), json!([{"hide": oak}])),
        search("one-oak", json!([query("contains", "brandy")]), json!([{"include": "O1"}])),
        search("to-a", json!([query("words", "help")]), json!([{"redirect": "/a"}])),
        search("to-b", json!([query("words", "me")]), json!([{"redirect": "/b"}])),
        with_priority(search("strong", json!([query("contains", "gamma")]), json!([{"boost": ["P4", "P5"]}])), 5),
        search("weak", json!([query("is", "gamma ray")]), json!([{"boost": "P4", "factor": 9}])),
        with_priority(search("wide", json!([query("contains", "delt")]), json!([{"bury": "P6"}, {"banner": "D"}])), 1),
        search("narrow", json!([query("contains", "delta"), {"audience": "vip"}]), json!([{"banner": "D"}])),
        search(
            "two-devices",
            json!([{"device": "mobile"}, {"device": ["desktop", "tablet"]}]),
            json!([{"hide": "P7"}]),
        ),
        (
            "search-rule",
            "over".into(),
            json!({"conditions": [query("is", "old")], "events": [{"hide": "P7"}]}),
            "?until=2020-01-01T00:00:00Z",
        ),
        search(
            "itself",
            json!([query("contains", "zeta eta"), {"not": query("contains", "eta")}]),
            json!([{"hide": "P7"}]),
        ),
        search("gone", json!([query("is", "gone")]), json!([{"boost": "NOBODY"}, {"boost": "P8"}])),
        search("catalog-only", json!([query("is", "secret")]), json!([{"pin": "S1", "position": 3}])),
        (
            "category-rule",
            "elsewhere".into(),
            json!({"category": "Left", "events": [{"pin": "R1", "position": 2}]}),
            "",
        ),
        search("pins-hidden", json!([query("is", "acorn")]), json!([{"pin": "O1", "position": 1}, {"hide": oak}])),
        search("filters-own", json!([query("is", "filters")]), json!([{"include": ["P4", "O1"]}, {"filter": oak}])),
        search("own-quotas", json!([query("is", "quotas")]), json!([some_of(0, 6), some_of(10, 4)])),
        search("six-of-those", json!([query("contains", "epsilo")]), json!([some_of(0, 6)])),
        search("four-of-these", json!([query("starts", "epsi")]), json!([some_of(20, 4)])),
        search("no-view", json!([query("is", "bonjour"), {"store_view": "fr"}]), json!([{"hide": "P7"}])),
        search("no-category", json!([{"category": ["Left", "Lefft"]}]), json!([{"banner": "left"}])),
        search("no-filter", json!([{"filter": "colr", "eq": "Red"}]), json!([{"banner": "red"}])),
        search("no-device", json!([{"not": {"device": "moblie"}}, query("is", "app")]), json!([{"banner": "app"}])),
        search("no-group", json!([{"customer_group": "wholsale"}]), json!([{"banner": "trade"}])),
        search("no-page", json!([{"page_type": "prodct"}]), json!([{"banner": "page"}])),
        search("no-brnd", json!([query("is", "rows")]), json!([{"at_most_in_row": "brnd", "count": 3}])),
    ];
    let faults = vec![
        ("contradictory", vec!["out", "up"]),
        ("contradictory", vec!["first-a", "first-b"]),
        ("contradictory", vec!["no-oak", "one-oak"]),
        ("contradictory", vec!["to-a", "to-b"]),
        ("shadowed", vec!["strong", "weak"]),
        ("shadowed", vec!["narrow", "wide"]),
        ("never-firing", vec!["two-devices"]),
        ("never-firing", vec!["over"]),
        ("never-firing", vec!["itself"]),
        ("missing-target", vec!["gone"]),
        ("unreachable-pin", vec!["catalog-only"]),
        ("unreachable-pin", vec!["elsewhere"]),
        ("contradictory", vec!["pins-hidden"]),
        ("contradictory", vec!["filters-own"]),
        ("contradictory", vec!["own-quotas"]),
        ("contradictory", vec!["four-of-these", "six-of-those"]),
        ("unknown-name", vec!["no-view"]),
        ("unknown-name", vec!["no-category"]),
        ("unknown-name", vec!["no-filter"]),
        ("unknown-name", vec!["no-device"]),
        ("unknown-name", vec!["no-group"]),
        ("unknown-name", vec!["no-page"]),
        ("unknown-name", vec!["no-brnd"]),
    ];
    (rows, faults)
}

fn some_p() -> Value {
    json!({"field": "sku", "in": ["P8"]})
}

/// Rules that look as if they were at odds, and are not: for each pair of these something keeps them apart, or they want
/// the same.
fn sound(dice: &mut Dice, n: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let oak = json!({"field": "brand", "eq": "Oak"});
    // A pin is an exception from what is buried, and so is what is raised before; quotas may overlap, or just fit.
    let fits = json!([{"pin": "O1", "position": 2}, {"boost": "P8", "to": "top"}, {"bury": oak}, {"bury": some_p()},
        some_of(0, 4), some_of(8, 4), some_of(4, 6), {"at_most_in_row": "brand", "count": 3}]);
    let named = json!([query("is", "everything"), {"device": "Mobile"}, {"page_type": "Search"},
        {"store_view": "DEFAULT"}, {"category": "left", "below": true}, {"filter": "Price"}, {"filter": "Hue"},
        {"not": {"customer_group": "Wholesale"}}]);
    rows.push(search("sound-of-all", named, fits));
    rows.push(search("sound-of-page", json!([{"page_type": "gift-finder"}]), json!([{"banner": "gifts"}])));
    while rows.len() < n {
        let (at, sku, word) = (rows.len(), format!("Q{}", rows.len() / 2), format!("word{}", rows.len()));
        let (left, right) = match dice.roll(7) {
            // One wants it up, the other down, but never both at once.
            0 => (json!([query("is", &word)]), json!([query("is", &format!("{word} two"))])),
            1 => (
                json!([query("contains", &word), {"device": "mobile"}]),
                json!([query("contains", &word), {"device": "desktop"}]),
            ),
            2 => (
                json!([query("contains", &word), {"until": "2030-01-01"}]),
                json!([query("contains", &word), {"from": "2030-01-01"}]),
            ),
            3 => (json!([query("starts", &word)]), json!([query("starts", &format!("x{word}"))])),
            4 => (
                json!([query("contains", &word), {"audience": "a"}]),
                json!([query("contains", &word), {"not": {"audience": "a"}}]),
            ),
            5 => (
                json!([query("contains", &word), {"schedule": {"days": ["sat", "sun"]}}]),
                json!([query("contains", &word), {"schedule": {"days": ["mon"], "to": "12:00"}}]),
            ),
            _ => (
                json!([query("contains", &word), {"customer_group": "b2b"}]),
                json!([query("is", &word), {"not": {"customer_group": ["b2b", "b2c"]}}]),
            ),
        };
        rows.push(search(&format!("sound{at}"), left, json!([{"pin": sku, "position": 10 + at}])));
        rows.push(search(&format!("sound{}", at + 1), right, json!([{"hide": sku}, {"banner": word}])));
    }
    rows.truncate(n);
    rows
}

fn catalog(shop: &Shop) {
    let mut rows: Vec<Value> = (1..=8).map(|n| product(&format!("P{n}"), "Thing", 1.0)).collect();
    rows.extend((0..30).map(|n| product(&format!("Q{n}"), "Thing", 1.0)));
    rows.push(json!({"sku": "O1", "name": "Thing", "price": 1, "brand": "Oak"}));
    rows.push(json!({"sku": "S1", "name": "Thing", "price": 1, "visibility": "catalog"}));
    rows.push(json!({"sku": "R1", "name": "Thing", "price": 1, "categories": ["Right"]}));
    rows.push(json!({"sku": "L1", "name": "Thing", "price": 1, "categories": ["Left/Low"]}));
    rows[0]["attributes"] = json!({"Hue": "Red"});
    shop.put(&json!(rows));
    shop.configure("category-access", "trade", &json!({"category": "Trade", "groups": ["b2b", "b2c", "wholesale"]}));
    shop.configure("unit", "gifts", &json!({"type": "most-viewed", "page_types": ["gift-finder"]}));
}

/// The address of an example.
fn address(example: &Value) -> String {
    let parameters = example["parameters"].as_object().unwrap();
    let pairs: Vec<String> = parameters.iter().map(|(k, v)| format!("{k}={}", escaped(v.as_str().unwrap()))).collect();
    format!("{}?{}&explain=true", example["path"].as_str().unwrap(), pairs.join("&"))
}

#[test]
fn all_planted_faults_among_sixty_rules_are_found_and_nothing_else() {
    let shop = Shop::shipped();
    catalog(&shop);
    let (mut rows, faults) = faulty();
    rows.extend(sound(&mut Dice(7), 60 - rows.len()));
    assert_eq!((rows.len(), faults.len()), (60, 23));
    for (kind, id, body, address) in &rows {
        shop.send_ok("PUT", &format!("/v1/config/{kind}/{id}{address}"), body);
    }
    let report = shop.ok("/v1/rules/conflicts");
    let mut found = BTreeSet::new();
    for conflict in report["conflicts"].as_array().unwrap() {
        let rules = conflict["rules"].as_array().unwrap();
        let mut ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        assert!(found.insert((conflict["kind"].as_str().unwrap(), ids)), "twice: {conflict}");
        let owner = if rules[0]["kind"] == "category-rule" { "category-merchandising" } else { "live-search" };
        assert_eq!(conflict["plugin"], owner);
        // The example shows it: all rules of the finding apply to it.
        let cannot_be_asked = ["no-view", "no-category", "no-filter"].contains(&rules[0]["id"].as_str().unwrap());
        if conflict["kind"] == "never-firing" || cannot_be_asked {
            assert_eq!(conflict["example"], Value::Null);
            continue;
        }
        let applied = shop.ok(&address(&conflict["example"]))["applied_rules"].to_string();
        let applies = |rule: &Value| applied.contains(&format!("/{})", rule["id"].as_str().unwrap()));
        assert!(rules.iter().all(applies), "{conflict}: {applied}");
    }
    let expected: BTreeSet<(&str, Vec<&str>)> = faults.into_iter().collect();
    assert_eq!(found, expected, "{report:#}");
    // One more, of category pages.
    let up = json!({"category": "Left/Low", "conditions": [{"device": "mobile"}], "events": [{"boost": "L1"}]});
    shop.configure("category-rule", "left-up", &up);
    shop.configure("category-rule", "left-down", &json!({"category": "Left/Low", "events": [{"bury": "L1"}]}));
    let report = shop.ok("/v1/rules/conflicts");
    assert_eq!(report["conflicts"].as_array().map(Vec::len), Some(24), "{report:#}");
    let kinds = shop.get("/v1/rules/other");
    assert!(kinds.status == 404 && kinds.text.contains("conflicts"), "{}", kinds.text);
}

#[test]
fn a_product_hidden_by_its_sku_is_an_exception_from_what_is_said_of_many() {
    let shop = Shop::shipped();
    catalog(&shop);
    let put = |id: &str, event: Value| {
        shop.configure("search-rule", id, &json!({"conditions": [query("is", "thing")], "events": [event]}));
    };
    let kinds = || -> Vec<String> {
        let report = shop.ok("/v1/rules/conflicts");
        report["conflicts"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap().to_owned()).collect()
    };
    let oak = json!({"field": "brand", "eq": "Oak"});
    put("all-oak", json!({"boost": oak, "to": "top"}));
    put("but-one", json!({"hide": "O1"}));
    assert_eq!(kinds(), [""; 0], "both do what they say");
    assert!(!shop.ok("/v1/search?q=thing&page_size=100").to_string().contains("O1"));
    put("but-one", json!({"bury": "O1"}));
    assert_eq!(kinds(), ["contradictory"], "only one of two bands holds");
    put("all-oak", json!({"hide": oak}));
    put("but-one", json!({"boost": "O1"}));
    assert_eq!(kinds(), ["contradictory"], "the boost of what is hidden does nothing");
}

#[test]
fn drafts_are_looked_at_under_their_overlay_and_rules_at_a_time_and_in_a_store_view() {
    let shop = Shop::shipped();
    shop.configure("store-view", "default", &json!({"locale": "en-US", "default": true}));
    shop.configure("store-view", "uk", &json!({"locale": "en-GB"}));
    catalog(&shop);
    let put = |id: &str, address: &str, events: Value| {
        let body = json!({"conditions": [query("is", "alpha")], "events": events});
        shop.send_ok("PUT", &format!("/v1/config/search-rule/{id}{address}"), &body);
    };
    put("live", "", json!([{"hide": ["P1", "P2"]}]));
    put("draft", "?overlay=next", json!([{"pin": "P1", "position": 1}]));
    let kinds = |query: &str| -> Vec<String> {
        let report = shop.ok(&format!("/v1/rules/conflicts{query}"));
        report["conflicts"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(""), [""; 0]);
    assert_eq!(kinds("?overlay=next"), ["contradictory"]);
    let posted = shop.send_ok("POST", "/v1/rules/conflicts?overlay=next", &json!({}));
    assert_eq!(posted["conflicts"].as_array().map(Vec::len), Some(1), "{posted}");
    let check = |overlay: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planogram"));
        command.args(["rules", "check", "--url", &shop.address]).args(overlay).output().unwrap().status.code()
    };
    assert_eq!((check(&[]), check(&["--overlay", "next"])), (Some(0), Some(1)));
    // A rule that ends some day fires until then, and is dead from then on.
    put("brief", "?until=2090-01-01T00:00:00Z", json!([{"banner": "x"}]));
    assert_eq!((kinds(""), kinds("?now=2090-01-01T00:00:00Z")), (vec![], vec!["never-firing".to_owned()]));
    // S1 is not found by searches of either view; each is told of its own.
    put("uk", "?store_view=uk", json!([{"pin": "S1", "position": 1}]));
    assert_eq!((kinds(""), kinds("?store_view=uk")), (vec![], vec!["unreachable-pin".to_owned()]));
    assert_eq!(shop.get("/v1/rules/conflicts?store_view=fr").status, 404);
    assert_eq!(shop.get("/v1/rules/conflicts?now=soon").status, 400);
    // Other questions are about the same state.
    let rule = json!({"category": "Left", "strategy": "newest"});
    shop.send_ok("PUT", "/v1/config/category-rule/left?overlay=next", &rule);
    let strategy =
        |more: &str| shop.ok(&format!("/v1/category-rule/inherited?category=Left{more}"))["strategy"]["name"].clone();
    assert_eq!((strategy(""), strategy("&overlay=next")), (Value::Null, json!("newest")));
}

#[test]
fn the_command_prints_conflicts_and_says_so_by_its_exit_code() {
    let shop = Shop::shipped();
    catalog(&shop);
    let check = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planogram"));
        command.args(["rules", "check", "--url", &shop.address]);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(check(), (Some(0), "no conflict\n".to_owned()));
    shop.configure("search-rule", "gone", &json!({"conditions": [query("is", "x")], "events": [{"hide": "NOBODY"}]}));
    let (code, text) = check();
    assert!(code == Some(1) && text.contains("missing-target") && text.contains("search-rule/gone"), "{text}");
    assert!(text.contains("/v1/search?q=x"), "{text}");
}
