//! Sorting and paging row by row: each test carries the number of its row in the master feature table.

use serde_json::{Value, json};

use crate::shop::{Shop, product, skus};

fn order(shop: &Shop, path: &str) -> String {
    skus(&shop.ok(path)).concat()
}

#[test]
fn row_042_what_is_sold_out_stands_last_where_the_store_view_says_so() {
    let shop = Shop::shipped();
    let row = |sku: &str, name: &str, price: f64, in_stock: bool| {
        let mut row = product(sku, name, price);
        row["in_stock"] = json!(in_stock);
        row["categories"] = json!(["Seats"]);
        row
    };
    shop.put(&json!([
        row("A", "Chair", 40.0, false),
        row("B", "Chair", 30.0, true),
        row("C", "Garden chair for the terrace", 20.0, false),
        row("D", "Garden chair for the terrace", 10.0, true),
    ]));
    let last = |mode: &str| {
        shop.configure("store-view", "default", &json!({"locale": "en-US", "out_of_stock_last": mode}));
        let by = |sort: &str| order(&shop, &format!("/v1/search?q=chair{sort}"));
        (by(""), by("&sort=relevance"), by("&sort=price:desc"))
    };
    let expected = |relevance: &str, price: &str| (relevance.to_owned(), relevance.to_owned(), price.to_owned());
    let off = last("off");
    assert_eq!((off.0.find('A') < off.0.find('D'), off.2.as_str()), (true, "ABCD"), "{off:?}");
    assert_eq!(last("relevance"), expected("BDAC", "ABCD"));
    assert_eq!(last("always"), expected("BDAC", "BDAC"));
    // A category's own order is one of relevance, too.
    assert!(order(&shop, "/v1/categories/Seats/products").ends_with("AC"));
    let list = shop.ok("/v1/search?q=chair&explain=true");
    let said = |at: usize| list["items"][at]["ledger"].to_string().contains("kernel/out-of-stock");
    assert_eq!([said(0), said(1), said(2), said(3)], [false, false, true, true], "{list}");
    // What a merchandiser pins stays where it is pinned.
    let pin = json!({"name": "pin", "conditions": [{"query": "is", "text": "chair"}], "events": [{"pin": "C", "position": 1}]});
    shop.configure("search-rule", "pin", &pin);
    assert_eq!(order(&shop, "/v1/search?q=chair"), "CBDA");
    // Under a filter the variant counts that passes it.
    let variant =
        |sku: &str, color: &str, in_stock: bool| json!({"sku": sku, "options": {"color": color}, "in_stock": in_stock});
    let mut two = product("V", "Stool", 5.0);
    two["variants"] = json!([variant("V-R", "Red", false), variant("V-B", "Blue", true)]);
    let mut red = product("W", "Low wooden stool", 5.0);
    red["attributes"] = json!({"color": "Red"});
    shop.put(&json!([two, red]));
    assert_eq!(order(&shop, "/v1/search?q=stool"), "VW");
    assert_eq!(order(&shop, "/v1/search?q=stool&filter.color=Red"), "WV");
}

#[test]
fn row_043_equal_prices_are_ordered_by_the_next_key() {
    let shop = Shop::start();
    let row = |sku: &str, name: &str, price: f64, grade: &str| {
        let mut row = product(sku, name, price);
        row["attributes"] = json!({"grade": grade});
        row
    };
    shop.put(&json!([
        row("A", "Lamp C", 10.0, "x"),
        row("B", "Lamp A", 20.0, "y"),
        row("C", "Lamp B", 10.0, "y"),
        row("D", "Lamp A", 10.0, "x"),
    ]));
    let by = |sort: &str| order(&shop, &format!("/v1/search?q=lamp&sort={sort}"));
    assert_eq!(by("price,name"), "DCAB");
    assert_eq!(by("price:desc,name:desc"), "BACD");
    assert_eq!(by("name,price:desc"), "BDCA");
    assert_eq!(by("grade,price,name"), "DACB", "any attribute can be sorted by");
    // An attribute can be barred, and one that nobody has sorts nothing and says so.
    shop.configure("attribute", "grade", &json!({"sortable": false}));
    let refused = shop.get("/v1/search?q=lamp&sort=grade");
    assert_eq!((refused.status, &refused.json["parameter"]), (400, &json!("sort")), "{}", refused.text);
    assert!(shop.ok("/v1/search?q=lamp&sort=flavor")["warnings"].to_string().contains("flavor"));
}

#[test]
fn row_044_a_page_past_the_end_is_an_error() {
    let shop = Shop::start();
    let rows: Vec<Value> = (0..97).map(|i| product(&format!("P{i:02}"), "Pen", 1.0)).collect();
    shop.put(&json!(rows));
    let page = |number: u32| shop.get(&format!("/v1/search?q=pen&page_size=20&page={number}"));
    assert_eq!(page(1).json["page"], json!({"number": 1, "size": 20, "count": 5}));
    assert_eq!(skus(&page(5).json).len(), 17);
    let beyond = page(6);
    assert_eq!((beyond.status, &beyond.json["parameter"]), (400, &json!("page")), "{}", beyond.text);
    assert_eq!(shop.get("/v1/search?q=nothing&page_size=20").json["total"], 0, "the first page may be empty");
    // 20 × 500 is the last position that paging reaches, whatever there is.
    assert!(page(500).text.contains("97 items"));
    let window = page(501);
    assert_eq!((window.status, &window.json["parameter"]), (400, &json!("page")), "{}", window.text);
    assert!(window.json["detail"].to_string().contains("10000"), "{}", window.text);
}

#[test]
fn row_045_a_page_has_at_most_five_hundred_items() {
    let shop = Shop::start();
    let rows: Vec<Value> = (0..510).map(|i| product(&format!("P{i:03}"), "Pen", 1.0)).collect();
    shop.put(&json!(rows));
    assert_eq!(skus(&shop.ok("/v1/search?q=pen&page_size=500")).len(), 500);
    let refused = shop.get("/v1/search?q=pen&page_size=501");
    assert_eq!((refused.status, &refused.json["parameter"]), (400, &json!("page_size")), "{}", refused.text);
    assert!(refused.json["allowed"].to_string().contains("500"), "{}", refused.text);
}
