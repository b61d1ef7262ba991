//! What a search box suggests, and what searches teach the next one.

use serde_json::{Value, json};

use crate::shop::{Shop, escaped, now_ms, product, skus};

/// Sport clothes, and some lamps that read alike.
fn shop() -> Shop {
    let shop = Shop::shipped();
    let mut rows: Vec<Value> = (0..10).map(|i| product(&format!("L{i}"), &format!("Brass Lamp {i}"), 10.0)).collect();
    rows.push(product("P1", "Supernova Sport Pant", 40.0));
    rows.push(product("P2", "Kratos Gym Pant", 40.0));
    rows.push(product("G1", "Driven Backpack", 40.0));
    rows[11]["categories"] = json!([["Women", "Sport Bras"]]);
    rows[12]["categories"] = json!([["Gear", "Sport"]]);
    shop.put(&json!(rows));
    shop
}

/// A search of a visit, `visitor` or `visitor#number`: what was shown, in order, and what of it was clicked.
fn search(shop: &Shop, visit: &str, query: &str, shown: &[&str], clicked: &[&str]) {
    let visitor = visit.split('#').next().unwrap();
    let now_ms = now_ms();
    let request = format!("{visit}/{query}");
    let place = |sku: &&str| shown.iter().position(|one| one == sku);
    let row = |kind: &str, items: &[&str]| {
        let items: Vec<Value> = items.iter().map(|sku| json!({"sku": sku, "position": place(sku)})).collect();
        json!({"id": format!("{request}/{kind}/{}", items.len()), "time": now_ms, "kind": kind, "visitor": visitor,
            "session": visit, "request_id": request, "query": query, "items": items})
    };
    let mut rows = vec![row("search_request", &[]), row("search_response", shown)];
    rows.extend((!clicked.is_empty()).then(|| row("search_click", clicked)));
    let receipt = shop.send_ok("POST", "/v1/events", &json!(rows));
    assert_eq!(receipt["accepted"], rows.len(), "{receipt}");
}

fn suggested(shop: &Shop, query: &str) -> Vec<(String, String)> {
    let answer = shop.ok(&format!("/v1/suggest?q={}", escaped(query)));
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    answer["suggestions"].as_array().unwrap().iter().map(|one| (text(one, "text"), text(one, "kind"))).collect()
}

fn texts(shop: &Shop, query: &str, kind: &str) -> Vec<String> {
    suggested(shop, query).into_iter().filter(|(_, of)| of == kind).map(|(text, _)| text).collect()
}

#[test]
fn row_030_suggestions_are_what_names_and_categories_go_on_with() {
    let shop = shop();
    let list = shop.ok("/v1/search?q=sport");
    let beside: Vec<&str> = list["suggestions"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
    assert!(beside.contains(&"sport pant") && beside.contains(&"sport bras"), "{list}");
    assert!(beside.len() <= 5 && !beside.contains(&"sport"), "{list}");
    let many = shop.ok("/v1/search?q=br");
    assert_eq!(many["suggestions"].as_array().map(Vec::len), Some(5), "{many}");
    assert!(shop.ok("/v1/search?q=").get("suggestions").is_none());

    assert_eq!(texts(&shop, "sport", "name"), ["sport pant"]);
    assert_eq!(texts(&shop, "spo", "category"), ["sport bras", "sport"]);
    assert_eq!(texts(&shop, "Gym P", "name"), ["gym pant"]);
    assert_eq!(shop.ok("/v1/suggest?q=br&limit=3")["suggestions"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_query_is_suggested_after_three_shoppers_found_something_with_it() {
    let shop = shop();
    for (visitor, before) in ["ann", "bob", "cid"].into_iter().zip(0..) {
        assert_eq!(texts(&shop, "gift", "query"), [] as [String; 0], "after {before}");
        search(&shop, visitor, "Gift for him", &["L1", "L2"], &[]);
        search(&shop, visitor, "gift for nobody", &[], &[]);
    }
    assert_eq!(texts(&shop, "gift", "query"), ["gift for him"]);
    assert_eq!(texts(&shop, "", "query"), ["gift for him"]);
    // One shopper alone may search as often as they like.
    (0..9).for_each(|n| search(&shop, &format!("ann#{n}"), "gift for my secret love", &["L1"], &["L1"]));
    assert_eq!(texts(&shop, "gift for m", "query"), [] as [String; 0]);
    shop.configure("suggestions", "house", &json!({"never": ["HIM"]}));
    assert_eq!(texts(&shop, "", "query"), [] as [String; 0]);
    let refused = shop.json("PUT", "/v1/config/suggestions/house", &json!({"never": "him"}));
    assert_eq!((refused.status, refused.json["pointer"].as_str()), (422, Some("/never")), "{}", refused.text);
}

#[test]
fn a_misspelled_beginning_is_completed_when_nothing_else_is() {
    let shop = shop();
    let found = suggested(&shop, "bakpack");
    assert!(found.iter().any(|(text, _)| text == "backpack"), "{found:?}");
}

#[test]
fn what_shoppers_take_stands_higher_in_the_next_search_and_says_why() {
    let shop = shop();
    let before = shop.ok("/v1/search?q=brass%20lamp");
    let last = skus(&before)[9].to_owned();
    let shown: Vec<&str> = skus(&before);
    for visitor in ["ann", "bob", "cid"] {
        search(&shop, visitor, "brass lamps", &shown, &[&last]);
    }
    let after = shop.ok("/v1/search?q=brass%20lamp&explain=true");
    assert_eq!(skus(&after)[0], last, "{after}");
    let top = &after["items"][0];
    let line = top["ledger"].as_array().unwrap().iter().find(|line| line["name"] == "live-search/evidence");
    assert!(line.unwrap()["value"].as_f64().unwrap() > 0.0, "{top}");
    let other = skus(&shop.ok("/v1/search?q=pant")).join(" ");
    assert!(!other.contains(&last), "{other}");
}

#[test]
fn as_many_clicks_further_down_count_for_more() {
    let shop = shop();
    let before = shop.ok("/v1/search?q=brass%20lamp");
    let shown: Vec<&str> = skus(&before);
    for n in 0..20 {
        let clicked = if n % 2 == 0 { shown[0] } else { shown[9] };
        search(&shop, &format!("v{n}"), "brass lamp", &shown, &[clicked]);
    }
    assert_eq!(skus(&shop.ok("/v1/search?q=brass%20lamp"))[..2], [shown[9], shown[0]]);
}

#[test]
fn what_shoppers_take_is_found_without_its_words() {
    let shop = shop();
    let find = || skus(&shop.ok("/v1/search?q=knapsack")).iter().map(|sku| (*sku).to_owned()).collect::<Vec<_>>();
    assert_eq!(find(), [] as [String; 0]);
    (0..30).for_each(|n| search(&shop, &format!("v{n}"), "knapsack", &["G1", "L1"], &["G1"]));
    assert_eq!(find(), ["G1"]);
    let sources = shop.ok("/v1/search?q=knapsack")["items"][0]["sources"].clone();
    assert!(sources.as_array().unwrap().iter().any(|source| source["name"] == "evidence"), "{sources}");
}
