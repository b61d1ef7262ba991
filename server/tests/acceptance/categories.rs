//! A category page does what its strategy, its conditions and its position order promise, row by row of the table.

use std::sync::Arc;

use planogram_core::id::{DAY_MS, HOUR_MS, TimeMs};
use planogram_core::log::clock::{Clock, ManualClock};
use serde_json::{Value, json};

use crate::shop::{Shop, facet, skus};

/// When the clocks of these tests begin.
const BEGIN_MS: TimeMs = 1_760_000_000_000;
const MEN: &str = "/v1/categories/Men/products";

/// A shop whose clock stands still, and the clock.
fn shop() -> (Shop, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(BEGIN_MS));
    (Shop::shipped_at(clock.clone()), clock)
}

fn row(sku: &str, position: u32) -> Value {
    json!({"sku": sku, "name": format!("Tee {sku}"), "price": 10, "categories": [{"path": "Men", "position": position}]})
}

fn order(shop: &Shop, path: &str) -> String {
    skus(&shop.ok(path)).concat()
}

/// Sends `n` events of as many sessions at a moment of the clock.
fn happen(shop: &Shop, clock: &ManualClock, kind: &str, sku: &str, n: usize) {
    let now = clock.now_ms();
    let event = |i: usize| {
        let visit = format!("{kind}-{sku}-{now}-{i}");
        let mut event =
            json!({"id": visit, "time": now, "kind": kind, "visitor": visit, "session": visit, "items": [sku]});
        if kind == "order_placed" {
            event["order"] = json!(visit);
        }
        event
    };
    let events: Vec<Value> = (0..n).map(event).collect();
    let receipt = shop.send_ok("POST", "/v1/events", &json!(events));
    assert_eq!(receipt["accepted"], n, "{receipt}");
}

fn strategy(shop: &Shop, strategy: &Value) {
    shop.configure("category-rule", "men", &json!({"category": "Men", "strategy": strategy}));
}

#[test]
fn row_074_events_of_day_eight_no_longer_count() {
    let (shop, clock) = shop();
    shop.put(&json!([row("A", 1), row("B", 2), row("C", 3)]));
    for (kind, name) in
        [("order_placed", "most-purchased"), ("add_to_cart", "most-added-to-cart"), ("product_view", "most-viewed")]
    {
        strategy(&shop, &json!(name));
        happen(&shop, &clock, kind, "C", 5);
        clock.advance(HOUR_MS);
        happen(&shop, &clock, kind, "B", 2);
        assert_eq!(order(&shop, MEN), "CBA", "{name}");
        clock.advance(7 * DAY_MS - 2 * HOUR_MS);
        happen(&shop, &clock, kind, "A", 1);
        assert_eq!(order(&shop, MEN), "CBA", "{name}: seven days are not over");
        clock.advance(DAY_MS);
        happen(&shop, &clock, kind, "A", 3);
        assert_eq!(order(&shop, MEN), "ABC", "{name}: what happened on day one does not count on day eight");
        // Two weeks later nothing of this is left.
        clock.advance(14 * DAY_MS);
        shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "A", "price": 10}]));
        assert_eq!(order(&shop, MEN), "ABC");
    }
}

#[test]
fn row_075_a_burst_beats_a_steady_seller_once_three_days_are_known() {
    let (shop, clock) = shop();
    shop.put(&json!([row("A", 1), row("S", 2), row("B", 3)]));
    strategy(&shop, &json!("trending"));
    happen(&shop, &clock, "product_view", "B", 20);
    assert_eq!(order(&shop, MEN), "ASB", "nothing has a past yet that it could rise above");
    for _ in 0..12 {
        clock.advance(6 * HOUR_MS);
        happen(&shop, &clock, "product_view", "S", 30);
    }
    clock.advance(DAY_MS);
    happen(&shop, &clock, "product_view", "S", 120);
    happen(&shop, &clock, "product_view", "B", 40);
    let now = order(&shop, MEN);
    assert!(now.starts_with('B'), "40 views out of nothing rise, 120 of a steady seller do not: {now}");
    strategy(&shop, &json!("most-viewed"));
    assert!(order(&shop, MEN).starts_with('S'), "the steady seller is viewed more");
}

#[test]
fn row_076_what_is_recommended_follows_the_history_that_is_sent() {
    let (shop, clock) = shop();
    shop.put(&json!([row("A", 1), row("B", 2), row("C", 3), row("D", 4)]));
    let now = clock.now_ms();
    let visit = |n: usize, sku: &str| {
        json!({"id": format!("{n}-{sku}"), "time": now, "kind": "product_view", "visitor": format!("v{n}"),
            "session": format!("s{n}"), "items": [sku]})
    };
    let views: Vec<Value> =
        (0..6).flat_map(|n| [visit(n, "A"), visit(n, "D")]).chain([visit(9, "A"), visit(9, "C")]).collect();
    shop.send_ok("POST", "/v1/events", &json!(views));
    assert_eq!(order(&shop, MEN), "ABCD");
    let before = order(&shop, &format!("{MEN}?viewed=A"));
    assert_eq!(before, "ABCD", "history alone changes nothing");
    strategy(&shop, &json!("recommended-for-you"));
    assert_eq!(order(&shop, MEN), "ABCD", "without history the order is that of the positions");
    let list = shop.ok(&format!("{MEN}?viewed=A&explain=true"));
    assert!(skus(&list).concat().starts_with('D'), "{list}");
    let lines = list["items"][0]["ledger"].to_string();
    assert!(lines.contains("category-merchandising/strategy"), "{lines}");
    // The history that the shop remembers counts as well.
    assert!(
        order(&shop, &format!("{MEN}?visitor=v9")).starts_with('D'),
        "{}",
        order(&shop, &format!("{MEN}?visitor=v9"))
    );
}

#[test]
fn row_078_rules_apply_to_positions_of_a_category_without_a_phrase_alone() {
    let (shop, _) = shop();
    shop.put(&json!([row("A", 1), row("B", 2), row("C", 3)]));
    let rule = json!({"category": "Men", "strategy": "name-desc", "events": [{"pin": "B", "position": 1}]});
    shop.configure("category-rule", "men", &rule);
    assert_eq!(order(&shop, MEN), "BCA");
    assert_eq!(order(&shop, &format!("{MEN}?sort=position")), "BCA");
    assert_eq!(order(&shop, "/v1/search?sort=position&filter.categories=Men"), "BCA", "a search may ask for the page");
    assert_eq!(order(&shop, "/v1/search?sort=position:asc&filter.category=men"), "BCA");
    // Another sort, a phrase, no sort by position: no rule of the category.
    assert_eq!(order(&shop, &format!("{MEN}?sort=name")), "ABC");
    assert_eq!(order(&shop, "/v1/search?sort=name:desc&filter.category=Men"), "CBA");
    assert_eq!(order(&shop, "/v1/search?q=tee&sort=position&filter.category=Men"), "ABC");
    assert_eq!(order(&shop, "/v1/search?filter.category=Men"), "ABC");
    // Further filters stay filters, and pins stand among what is left.
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "C", "price": 99}]));
    assert_eq!(order(&shop, "/v1/search?sort=position&filter.category=Men&filter.price=0..50"), "BA");
}

#[test]
fn row_081_positions_of_no_category_are_the_usual_order_and_a_warning() {
    let (shop, _) = shop();
    shop.put(&json!([row("A", 1), row("B", 2)]));
    let everything = shop.ok("/v1/search");
    for query in ["sort=position", "sort=position&filter.category=Nowhere", "sort=position&filter.category=Men/Hats"] {
        let list = shop.ok(&format!("/v1/search?{query}"));
        assert_eq!(skus(&list), skus(&everything), "{query}");
        let warnings = list["warnings"].as_array().unwrap();
        let warned = warnings.iter().any(|warning| warning.as_str().unwrap().starts_with("EMPTY_CATEGORY_PATH"));
        assert!(warned, "{query}: {list}");
    }
    let list = shop.ok("/v1/search?sort=position&filter.category=Men");
    assert!(!list.to_string().contains("EMPTY_CATEGORY_PATH"), "{list}");
    // What is hidden from a shopper is as good as not there.
    shop.configure("category-access", "men", &json!({"category": "Men", "groups": ["trade"]}));
    assert!(shop.ok("/v1/search?sort=position&filter.category=Men").to_string().contains("EMPTY_CATEGORY_PATH"));
}

#[test]
fn row_082_automatic_sorts_are_reproducible() {
    let (shop, _) = shop();
    let row = |sku: &str, name: &str, position: u32, rest: Value| {
        let mut row =
            json!({"sku": sku, "name": name, "price": 20, "categories": [{"path": "Men", "position": position}]});
        row.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        row
    };
    shop.put(&json!([
        row("A", "Parka", 1, json!({"quantity": 7, "price": 30, "attributes": {"color": "Red"}, "created_at": "2025-03-01T00:00:00Z"})),
        row("B", "Anorak", 2, json!({"quantity": 2, "price": 10, "attributes": {"color": "Blue"}, "created_at": "2025-01-01T00:00:00Z"})),
        row("C", "Zip vest", 3, json!({"quantity": 9, "special_price": 15, "attributes": {"color": "Green"}, "created_at": "2025-02-01T00:00:00Z"})),
        row("D", "Anorak", 4, json!({"attributes": {"color": "Red"}, "created_at": "2025-02-01T00:00:00Z"})),
    ]));
    let check = |order_by: Value, expected: &str| {
        strategy(&shop, &order_by);
        for _ in 0..2 {
            assert_eq!(order(&shop, MEN), expected, "{order_by}");
        }
        let pages: String = (1..=4).map(|page| order(&shop, &format!("{MEN}?page_size=1&page={page}"))).collect();
        assert_eq!(pages, expected, "{order_by}, page by page");
    };
    check(json!("position"), "ABCD");
    check(json!("newest"), "ACDB");
    check(json!("price-asc"), "BCDA");
    check(json!("price-desc"), "ADCB");
    check(json!("low-stock-top"), "BACD");
    check(json!("low-stock-bottom"), "DCAB");
    check(json!("special-price-top"), "CABD");
    check(json!("special-price-bottom"), "ABDC");
    check(json!("name-asc"), "BDAC");
    check(json!("name-desc"), "CABD");
    check(json!("sku-asc"), "ABCD");
    check(json!("sku-desc"), "DCBA");
    check(json!({"order_by": "color", "values": ["Green", "Red"]}), "CADB");
    // Pins stand in an automatic order as in any other.
    let rule =
        json!({"category": "Men", "strategy": "sku-desc", "events": [{"pin": "A", "position": 2}, {"bury": "D"}]});
    shop.configure("category-rule", "men", &rule);
    assert_eq!(order(&shop, MEN), "CABD");
}

#[test]
fn a_blend_is_made_of_parts_that_the_ledger_names() {
    let (shop, clock) = shop();
    shop.put(&json!([row("A", 1), row("B", 2), row("C", 3)]));
    happen(&shop, &clock, "product_view", "C", 50);
    happen(&shop, &clock, "order_placed", "B", 2);
    let blend = |views: f64, purchases: f64| {
        strategy(&shop, &json!({"blend": {"most-viewed": views, "most-purchased": purchases}, "window": "7d"}));
        order(&shop, MEN)
    };
    assert_eq!(blend(0.9, 0.1), "CBA");
    assert_eq!(blend(0.1, 0.9), "BCA", "two orders of one product outweigh fifty views of another");
    let list = shop.ok(&format!("{MEN}?explain=true"));
    let names = |sku: &str| -> Vec<String> {
        let item = list["items"].as_array().unwrap().iter().find(|item| item["sku"] == sku).unwrap();
        item["ledger"].as_array().unwrap().iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("B"), ["kernel/position", "category-merchandising/most-purchased"]);
    assert_eq!(names("C"), ["kernel/position", "category-merchandising/most-viewed"]);
    let refused =
        shop.json("PUT", "/v1/config/category-rule/x", &json!({"category": "X", "strategy": {"blend": {"luck": 1}}}));
    assert!(refused.status == 422 && refused.text.contains("/strategy/blend/luck"), "{}", refused.text);
}

#[test]
fn row_083_a_product_enters_a_smart_category_with_its_attributes() {
    let (shop, clock) = shop();
    let tee = |sku: &str, season: &str| json!({"sku": sku, "name": "Tee", "price": 10, "attributes": {"season": season}, "categories": [{"path": "Men/Tees"}]});
    shop.put(&json!([tee("A", "summer"), tee("B", "winter"), row("M", 1)]));
    shop.send_ok("PUT", "/v1/categories", &json!([{"put": "Women/Summer"}]));
    let summer = "/v1/categories/Women/Summer/products";
    let rule = json!({"category": "Women/Summer", "condition": {"field": "season", "eq": "summer"}});
    assert_eq!(order(&shop, summer), "");
    // A draft shows what it would do.
    shop.send_ok("PUT", "/v1/config/smart-category/summer?overlay=try", &rule);
    assert_eq!((order(&shop, summer), order(&shop, &format!("{summer}?overlay=try"))), (String::new(), "A".into()));
    let receipt = shop.configure("smart-category", "summer", &rule);
    assert!(!receipt.to_string().contains("there is no category"), "{receipt}");
    assert_eq!(order(&shop, summer), "A");
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "B", "attributes": {"season": "summer"}}]));
    assert_eq!(order(&shop, summer), "AB", "no document was saved again");
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "A", "attributes": {"season": "winter"}}]));
    assert_eq!(order(&shop, summer), "B");
    // It is a member wherever members count: above, in filters, facets, units, counts.
    assert_eq!(order(&shop, "/v1/categories/Women/products"), "B");
    assert_eq!(order(&shop, "/v1/search?filter.category=Women"), "B");
    let list = shop.ok("/v1/search?facets=categories");
    assert_eq!(facet(&list, "categories"), [("Men".to_owned(), 3), ("Women".to_owned(), 1)], "{list}");
    let tree = shop.ok("/v1/categories");
    let products = |path: &[&str]| {
        let found = tree["categories"].as_array().unwrap().iter().find(|one| one["path"] == json!(path)).cloned();
        found.unwrap_or_else(|| panic!("no `{path:?}` in {tree}"))["products"].clone()
    };
    assert_eq!(
        (products(&["Women", "Summer"]), products(&["Women"]), products(&["Men"])),
        (json!(1), json!(1), json!(3))
    );
    happen(&shop, &clock, "product_view", "A", 2);
    happen(&shop, &clock, "product_view", "B", 1);
    shop.configure("unit", "women", &json!({"type": "most-viewed", "filter": {"field": "category", "eq": "Women"}}));
    assert_eq!(order(&shop, "/v1/recommendations/women"), "B");
    // The hung ones stay beside those of the condition when it only adds.
    shop.send_ok(
        "PATCH",
        "/v1/products",
        &json!([{"sku": "M", "categories": [{"path": "Women/Summer", "position": 1}]}]),
    );
    assert_eq!(order(&shop, summer), "B");
    shop.configure(
        "smart-category",
        "summer",
        &json!({"category": "Women/Summer", "condition": {"field": "season", "eq": "summer"}, "mode": "add"}),
    );
    assert_eq!(order(&shop, summer), "MB");
    // A hidden category hides what hangs nowhere else, its smart members too.
    shop.configure("category-access", "men", &json!({"category": "Men", "groups": ["trade"]}));
    let mut seen = order(&shop, "/v1/search").into_bytes();
    seen.sort_unstable();
    assert_eq!(String::from_utf8(seen).unwrap(), "BM", "B hangs in Men alone, and is seen as a member of Women");
    assert_eq!(shop.send("DELETE", "/v1/config/smart-category/summer", &[], None).status, 200);
    assert_eq!(order(&shop, summer), "M");
    // Without the category the document rests, and says so.
    let resting = shop.configure("smart-category", "hats", &json!({"category": "Hats", "condition": {"all": []}}));
    assert!(resting.to_string().contains("there is no category `Hats` yet"), "{resting}");
    assert_eq!(shop.get("/v1/categories/Hats/products").status, 404);
}
