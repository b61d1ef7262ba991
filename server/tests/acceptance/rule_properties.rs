//! Whatever rules say: previews show what shoppers will see, nothing ineligible appears, pins hold, pages are cut from one
//! list. Seeded sets of rules and requests, through the server.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::shop::{Shop, skus};

/// Small numbers from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }

    fn one<T: Clone>(&mut self, things: &[T]) -> T {
        things[self.roll(things.len())].clone()
    }
}

const N: usize = 40;

fn sku(n: usize) -> String {
    format!("S{n:02}")
}

/// Shirts of three brands in two categories; some sold out, some not shown in search.
fn catalog(dice: &mut Dice) -> Vec<Value> {
    let row = |n: usize| {
        json!({"sku": sku(n), "name": if n.is_multiple_of(5) { "Plain coat" } else { "Plain shirt" }, "price": 5 + dice.roll(50),
            "brand": dice.one(&["Oak", "Elm", "Fir"]), "in_stock": dice.roll(5) > 0,
            "visibility": dice.one(&["both", "both", "both", "search", "catalog"]),
            "categories": [dice.one(&["Men/Tops", "Women"])]})
    };
    (0..N).map(row).collect()
}

fn leaf(dice: &mut Dice) -> Value {
    match dice.roll(8) {
        0 => {
            json!({"query": dice.one(&["is", "contains", "starts", "ends", "words"]), "text": dice.one(&["shirt", "plain", "sh"])})
        }
        1 => json!({"device": "mobile"}),
        2 => json!({"audience": dice.one(&["vip", "new"])}),
        3 => json!({"customer_group": "b2b"}),
        4 => json!({"filter": "brand", "eq": dice.one(&["Oak", "Elm"])}),
        5 => json!({"from": "2030-01-01", "until": dice.one(&["2030-06-01", "2031-01-01"])}),
        6 => json!({"schedule": {"days": ["sat", "sun"], "from": "08:00", "to": "20:00"}}),
        _ => json!({"cart": {"field": "brand", "eq": "Fir"}}),
    }
}

fn tree(dice: &mut Dice, depth: usize) -> Value {
    match dice.roll(if depth == 0 { 1 } else { 5 }) {
        1 => json!({"all": [tree(dice, depth - 1), leaf(dice)]}),
        2 => json!({"any": [tree(dice, depth - 1), leaf(dice)]}),
        3 => json!({"not": tree(dice, depth - 1)}),
        _ => leaf(dice),
    }
}

fn event(dice: &mut Dice, at: usize) -> Value {
    let brand = json!({"field": "brand", "eq": dice.one(&["Oak", "Elm", "Fir"])});
    // Each event has skus of its own, because a rule names each sku once.
    let own = json!(sku(at * 8 + dice.roll(8)));
    let who = if dice.roll(2) == 0 { brand } else { own.clone() };
    match dice.roll(11) {
        0 | 1 => json!({"pin": own, "position": 1 + at * 3 + dice.roll(3), "insert": dice.roll(3) == 0}),
        2 => json!({"boost": who, "factor": 1.5 + dice.roll(3) as f64}),
        3 => json!({"boost": who, "to": "top"}),
        4 => json!({"bury": who}),
        5 => json!({"hide": who}),
        6 => json!({"include": own}),
        7 => json!({"filter": {"not": who_as_tree(&who)}}),
        8 => json!({"at_least": who, "count": 1 + dice.roll(2), "first": 3 + dice.roll(4)}),
        9 => json!({"at_most_in_row": "brand", "count": 1 + dice.roll(2)}),
        _ => json!({"banner": format!("B{}", dice.roll(3))}),
    }
}

fn who_as_tree(who: &Value) -> Value {
    if who.is_object() { who.clone() } else { json!({"field": "sku", "eq": who}) }
}

/// Some rules: kind, id, body.
fn rules(dice: &mut Dice) -> Vec<(&'static str, String, Value)> {
    let rule = |n: usize, dice: &mut Dice| {
        let events: Vec<Value> = (0..1 + dice.roll(3)).map(|at| event(dice, at)).collect();
        let mut body = json!({"priority": dice.roll(3), "match": dice.one(&["any", "all"]), "events": events,
            "conditions": [tree(dice, 2)]});
        if n.is_multiple_of(4) {
            body["category"] = json!(dice.one(&["Men/Tops", "Men", "Women"]));
            return ("category-rule", format!("r{n}"), body);
        }
        if dice.roll(6) == 0 {
            body["conditions"] = json!([]);
        }
        ("search-rule", format!("r{n}"), body)
    };
    (0..8).map(|n| rule(n, dice)).collect()
}

/// Requests as addresses without page, size and time.
fn requests(dice: &mut Dice) -> Vec<String> {
    let one = |dice: &mut Dice| {
        let list = dice.one(&[
            "/v1/search?q=shirt",
            "/v1/search?q=plain+shirt",
            "/v1/search?q=",
            "/v1/search?q=plain",
            "/v1/categories/Men/products?",
            "/v1/categories/Men/Tops/products?",
            "/v1/categories/Women/products?",
        ]);
        let who = dice.one(&[
            "",
            "&device=mobile",
            "&audiences=vip",
            "&audiences=new,vip&customer_group=b2b",
            "&cart=S01,S02,S03,S04",
        ]);
        let what = dice.one(&["", "", "&filter.brand=Oak", "&filter.brand=Oak,Elm"]);
        format!("{list}{who}{what}")
    };
    (0..6).map(|_| one(dice)).collect()
}

/// What an answer shows, without what differs between any two answers.
fn shown(list: &Value) -> Value {
    let items: Vec<Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| json!([i["sku"], i["score"], i["ledger"], i["position"]]))
        .collect();
    json!([items, list["total"], list["facets"], list["banners"], list["redirect"], list["applied_rules"]])
}

#[test]
fn previews_equal_what_is_live_and_rules_never_show_the_ineligible_nor_tear_pages_apart() {
    for seed in 1..=5 {
        let mut dice = Dice(seed);
        let shop = Shop::shipped();
        let products = catalog(&mut dice);
        shop.put(&json!(products));
        let rules = rules(&mut dice);
        for (kind, id, body) in &rules {
            let path = format!("/v1/config/{kind}/{id}?overlay=next");
            let reply = shop.json("PUT", &path, body);
            // A draft that no rule may be like is none: every rule here is meant to be good.
            assert_eq!(reply.status, 200, "seed {seed}: {body}: {}", reply.text);
        }
        let requests = requests(&mut dice);
        let times = ["2029-12-31T23:00:00Z", "2030-03-02T12:00:00Z", "2030-08-05T12:00:00Z"];
        let ask = |request: &str, time: &str, more: &str| {
            shop.ok(&format!("{request}&now={time}&seed=1&page_size=100&explain=true{more}"))
        };
        let each = || requests.iter().flat_map(|request| times.map(|time| (request, time)));
        let previews: Vec<Value> = each().map(|(request, time)| ask(request, time, "&overlay=next")).collect();
        shop.send_ok("POST", "/v1/overlays/next/publish", &json!({}));
        for ((request, time), preview) in each().zip(&previews) {
            let live = ask(request, time, "");
            assert_eq!(shown(&live), shown(preview), "seed {seed}: {request} at {time}");
            check_eligible(&products, request, &live, seed);
            check_pins(&live, seed);
            check_pages(&shop, request, time, &live, 1 + dice.roll(6), seed);
        }
    }
}

/// Nothing is shown that is not visible in this list or does not pass the shopper's filter, inserted or not.
fn check_eligible(products: &[Value], request: &str, list: &Value, seed: u64) {
    // A search for nothing is a walk through the catalog.
    let has_words = request.contains("/search") && !request.contains("q=&") && !request.ends_with("q=");
    let hidden_here = if has_words { "catalog" } else { "search" };
    for sku in skus(list) {
        let row = products.iter().find(|row| row["sku"] == sku).unwrap();
        assert_ne!(row["visibility"], hidden_here, "seed {seed}: {sku} in {request}");
        if let Some((_, brands)) = request.split_once("filter.brand=") {
            assert!(brands.split(',').any(|brand| row["brand"] == brand), "seed {seed}: {sku} in {request}");
        }
    }
    let unique: BTreeSet<&str> = skus(list).into_iter().collect();
    assert_eq!(unique.len(), skus(list).len(), "seed {seed}: {request}");
}

/// A pin holds its position, or an earlier pin of the same position does and it takes the next free one; at the end of a
/// shorter list it stands at the end.
fn check_pins(list: &Value, seed: u64) {
    let items = list["items"].as_array().unwrap();
    let pin_of = |item: &Value| {
        let lines = item["ledger"].as_array().unwrap();
        lines.iter().find(|line| line["kind"] == "pin").map(|line| line["value"].as_f64().unwrap() as usize)
    };
    let pinned: Vec<Option<usize>> = items.iter().map(pin_of).collect();
    for (at, wanted) in pinned.iter().enumerate() {
        let Some(wanted) = wanted.map(|wanted| wanted.min(items.len() - 1)) else { continue };
        // Between the place that was wanted and the place that was got there is nothing but other pins.
        let (from, to) = (wanted.min(at), wanted.max(at));
        assert!(
            pinned[from..=to].iter().all(Option::is_some),
            "seed {seed}: pinned to {wanted}, stands at {at}: {list}"
        );
    }
}

/// Pages of any size are slices of the whole list.
fn check_pages(shop: &Shop, request: &str, time: &str, whole: &Value, size: usize, seed: u64) {
    let all = skus(whole);
    let mut pages: Vec<String> = Vec::new();
    for page in 1..=all.len().div_ceil(size) {
        let list = shop.ok(&format!("{request}&now={time}&seed=1&page_size={size}&page={page}"));
        pages.extend(skus(&list).into_iter().map(str::to_owned));
    }
    assert_eq!(pages, all, "seed {seed}: pages of {size} of {request} at {time}");
}
