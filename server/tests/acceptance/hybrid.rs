//! Searching by words and vectors together: off it is the order of the words, on it finds what they miss.

use serde_json::{Value, json};

use crate::shop::{Shop, product, skus};

/// Seats under two words that never stand together, and tools.
fn furniture() -> Value {
    let seat = "with deep cushion seat and wooden legs for the living room";
    let tool = "handle garden tool of forged steel to dig heavy soil";
    let mut rows = Vec::new();
    for (at, kind) in ["velvet", "leather", "linen"].iter().enumerate() {
        rows.push(product(&format!("SOFA-{at}"), &format!("{kind} sofa {seat}"), 400.0));
        rows.push(product(&format!("DIVAN-{at}"), &format!("{kind} divan {seat}"), 300.0));
        rows.push(product(&format!("SPADE-{at}"), &format!("{kind} spade {tool}"), 20.0));
        rows.push(product(&format!("FORK-{at}"), &format!("{kind} fork {tool}"), 20.0));
    }
    Value::Array(rows)
}

fn switch(shop: &Shop, hybrid: Value) {
    shop.configure("store-view", "default", &json!({"locale": "en-US", "hybrid": hybrid}));
}

/// Score lines of an item, and whether they add up to its score to the bit.
fn lines(item: &Value) -> Vec<(&str, f64)> {
    let ledger = item["ledger"].as_array().unwrap_or_else(|| panic!("no ledger: {item}"));
    let scores = ledger.iter().filter(|line| line["kind"] == "score");
    let lines: Vec<(&str, f64)> =
        scores.map(|line| (line["name"].as_str().unwrap(), line["value"].as_f64().unwrap())).collect();
    let sum = lines.iter().fold(0.0, |sum, (_, value)| sum + value);
    assert_eq!(sum.to_bits(), item["score"].as_f64().unwrap().to_bits(), "{item}");
    lines
}

#[test]
fn row_033_hybrid_search_is_off_or_on() {
    let shop = Shop::shipped();
    shop.put(&furniture());
    // One moment for all: products age with every write.
    let ask = || shop.ok("/v1/search?q=sofa&explain=true&now=2040-01-01T00:00:00Z");
    let before = ask();
    let mut sofas = skus(&before);
    sofas.sort_unstable();
    assert_eq!(sofas, ["SOFA-0", "SOFA-1", "SOFA-2"]);
    shop.send_ok("POST", "/v1/models/rebuild?wait=true", &json!({}));

    assert_eq!(ask()["items"], before["items"], "vectors alone change nothing");
    switch(&shop, json!({"enabled": false}));
    assert_eq!(ask()["items"], before["items"]);

    switch(&shop, json!({}));
    let on = ask();
    let found = skus(&on);
    assert_eq!((&on["total"], found.len()), (&json!(6), 6), "{found:?}");
    assert!(found[..3].iter().all(|sku| sku.starts_with("SOFA")), "the word itself stands first: {found:?}");
    assert!(found[3..].iter().all(|sku| sku.starts_with("DIVAN")), "a paraphrase is found: {found:?}");
    let divan = &on["items"][3];
    let by_vector = lines(divan);
    assert_eq!(by_vector.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["kernel/text", "kernel/vector"]);
    assert!(by_vector[0].1 == 0.0 && by_vector[1].1 > 0.0, "{divan}");
    on["items"].as_array().unwrap().iter().for_each(|item| drop(lines(item)));
    assert_eq!(shop.ok("/v1/search?q=sofa")["items"].as_array().map(Vec::len), Some(6));

    // Filters never leak, and what a facet counts is what its filter shows.
    let cheap = shop.ok("/v1/search?q=sofa&filter.price=0..350");
    assert!(skus(&cheap).iter().all(|sku| sku.starts_with("DIVAN")) && cheap["total"] == 3, "{cheap}");
    // What is only similar does not come first because it is cheap.
    let mut sorted = skus(&shop.ok("/v1/search?q=sofa&sort=price")).len();
    assert_eq!(sorted, 3);
    switch(&shop, json!({"candidates": 1}));
    sorted = skus(&shop.ok("/v1/search?q=sofa")).len();
    assert_eq!(sorted, 4, "as many by vector alone as the view says");
}

#[test]
fn row_033_a_request_brings_a_vector_of_its_own() {
    let shop = Shop::start();
    let seen = |sku: &str, name: &str, image: [f32; 2]| {
        let mut row = product(sku, name, 10.0);
        row["vectors"] = json!({"image": image});
        row
    };
    let rows = [
        seen("RED", "Red dress", [1.0, 0.0]),
        seen("RUBY", "Ruby gown", [0.9, 0.1]),
        seen("BLUE", "Blue dress", [0.0, 1.0]),
        product("PLAIN", "Plain dress", 10.0),
    ];
    shop.put(&json!(rows));
    let ask = |body: Value| shop.send_ok("POST", "/v1/search", &body);
    let by_words = ask(json!({"q": "dress"}));
    assert_eq!(skus(&by_words), ["RED", "BLUE", "PLAIN"]);
    let both = ask(json!({"q": "dress", "vector": [5.0, 0.5], "vector_space": "image", "explain": true}));
    assert_eq!(skus(&both), ["RED", "BLUE", "PLAIN", "RUBY"], "{both}");
    both["items"].as_array().unwrap().iter().for_each(|item| drop(lines(item)));
    let alone = ask(json!({"vector": [5.0, 0.5], "vector_space": "image"}));
    assert_eq!((skus(&alone), &alone["total"]), (vec!["RUBY", "RED"], &json!(2)), "only what is near");

    switch(&shop, json!({"enabled": false}));
    let off = ask(json!({"q": "dress", "vector": [5.0, 0.5], "vector_space": "image"}));
    assert_eq!(skus(&off), skus(&by_words));
    assert!(off["warnings"][0].as_str().unwrap().contains("`vector` is not used"), "{off}");
}

#[test]
fn a_vector_that_is_none_is_refused_by_name() {
    let shop = Shop::start();
    let mut row = product("A", "Thing", 10.0);
    row["vectors"] = json!({"image": [1.0, 0.0]});
    shop.put(&json!([row]));
    let check = |body: &str, place: &str, said: &str| {
        let reply = shop.send("POST", "/v1/search", &[("content-type", "application/json")], Some(body.as_bytes()));
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
        assert!(reply.text.contains(place) && reply.text.contains(said), "{body}: {}", reply.text);
    };
    check(r#"{"vector":[1,2,3],"vector_space":"image"}"#, "vector", "the vector has 3 dimensions, the space has 2");
    check(r#"{"vector":[0,0],"vector_space":"image"}"#, "vector", "it has no direction");
    check(r#"{"vector":[1e300,0],"vector_space":"image"}"#, "/vector/0", "a finite number");
    check(r#"{"vector":[null,0],"vector_space":"image"}"#, "/vector/0", "a finite number");
    check(r#"{"vector":[],"vector_space":"image"}"#, "/vector", "`vector` has 0 numbers");
    check(r#"{"vector":"x","vector_space":"image"}"#, "/vector", "expected a list");
    check(r#"{"vector":[1,0]}"#, "/vector_space", "`vector_space` is missing");
    check(r#"{"vector_space":"image"}"#, "/vector_space", "means nothing without `vector`");
    check(r#"{"vector":[1,0],"vector_space":"sound"}"#, "vector_space", "no vector space `sound`");
    let in_address = shop.get("/v1/search?q=a&vector=1,0&vector_space=image");
    assert_eq!(in_address.status, 400);
    assert!(in_address.text.contains("JSON body of a POST"), "{}", in_address.text);
}
