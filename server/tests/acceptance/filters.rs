//! Filters row by row: each test carries the number of its row in the master feature table.

use serde_json::{Value, json};

use crate::shop::{Shop, product, skus};

fn row(sku: &str, name: &str, attributes: Value) -> Value {
    let mut row = product(sku, name, 10.0);
    row["attributes"] = attributes;
    row
}

/// Pumps by makers, with part numbers forwards and backwards.
fn pumps() -> Shop {
    let shop = Shop::start();
    let pump = |sku: &str, name: &str, maker: &str, part: &str| {
        let reversed: String = part.chars().rev().collect();
        row(sku, name, json!({"maker": maker, "part": part, "part_reversed": reversed}))
    };
    shop.put(&json!([
        pump("A", "Water pump", "ABC Auto Company", "PX-100-77A"),
        pump("B", "Water pump", "ABCauto", "PX-200-77A"),
        pump("C", "Fuel pump", "Siemens", "QX-100-12B"),
        pump("D", "Fuel filter", "Siemens Automotive Works", "QX-200-12B"),
        pump("E", "Water filter", "Bosch", "RX-1"),
    ]));
    shop
}

fn found(shop: &Shop, query: &str) -> String {
    let list = shop.ok(&format!("/v1/search?{query}"));
    let mut found = skus(&list);
    found.sort_unstable();
    found.concat()
}

#[test]
fn row_035_contains_looks_inside_words_and_long_input_word_by_word() {
    let shop = pumps();
    assert_eq!(found(&shop, "filter.maker:contains=auto"), "ABD");
    assert_eq!(found(&shop, "filter.maker:contains=BCAU"), "B", "without case, inside a word");
    assert_eq!(found(&shop, "filter.maker:contains=auto,osch"), "ABDE", "any of several");
    // Past ten characters the words of the value may be begun in any order.
    assert_eq!(found(&shop, "filter.maker:contains=company+abc+au"), "A");
    assert_eq!(found(&shop, "filter.maker:contains=works+sie"), "", "eight letters and a space are not past ten");
    assert_eq!(found(&shop, "filter.maker:contains=works+siem+auto"), "D");
    let body = json!({"filter": {"field": "maker", "contains": "auto"}, "sort": "name"});
    assert_eq!(shop.send_ok("POST", "/v1/search", &body)["total"], 3);
}

#[test]
fn row_036_starts_with_finds_beginnings_and_reversed_values_their_ends() {
    let shop = pumps();
    assert_eq!(found(&shop, "filter.maker:starts_with=Sieme"), "CD");
    assert_eq!(found(&shop, "filter.maker:starts_with=auto"), "", "the value begins with it, not a word of it");
    assert_eq!(found(&shop, "filter.part_reversed:starts_with=A77"), "AB");
    assert_eq!(found(&shop, "filter.part:ends_with=77a"), "AB", "which needs no reversed attribute");
    let body = json!({"filter": {"field": "part", "ends_with": "12B"}});
    assert_eq!(shop.send_ok("POST", "/v1/search", &body)["total"], 2);
    // The attribute says which parts of its texts shoppers may look for.
    shop.configure("attribute", "part", &json!({"operators": ["starts_with"]}));
    assert_eq!(found(&shop, "filter.part:starts_with=PX"), "AB");
    let refused = shop.get("/v1/search?filter.part:contains=PX");
    assert_eq!((refused.status, &refused.json["parameter"]), (400, &json!("filter")), "{}", refused.text);
    assert_eq!(refused.json["allowed"], "starts_with");
}

#[test]
fn row_037_a_phrase_and_an_attribute_operator_intersect() {
    let shop = pumps();
    assert_eq!(found(&shop, "q=pump"), "ABC");
    assert_eq!(found(&shop, "q=pump&filter.maker:contains=auto"), "AB");
    assert_eq!(found(&shop, "q=pump&filter.maker:starts_with=Sieme"), "C");
    assert_eq!(found(&shop, "q=filter&filter.maker:starts_with=Sieme&filter.part:contains=200"), "D");
    assert_eq!(found(&shop, "q=pump&filter.maker:contains=bosch"), "");
}

#[test]
fn row_038_one_attribute_too_many_by_an_operator_is_refused() {
    let shop = pumps();
    let ask = |operator: &str, n: usize| {
        let tests: Vec<String> = (0..n).map(|i| format!("filter.a{i}:{operator}=x")).collect();
        shop.get(&format!("/v1/search?{}", tests.join("&")))
    };
    for operator in ["contains", "starts_with"] {
        assert_eq!(ask(operator, 6).status, 200, "{operator}");
        let refused = ask(operator, 7);
        assert_eq!((refused.status, &refused.json["parameter"]), (400, &json!("filter")), "{operator}");
        let said = (refused.json["detail"].to_string(), refused.json["allowed"].to_string());
        assert!(said.0.contains("7 attributes") && said.1.contains("at most 6"), "{}", refused.text);
    }
    // Six by each operator are twelve altogether, and one attribute counts once.
    let six = |operator: &str| (0..6).map(|i| format!("filter.a{i}:{operator}=x&")).collect::<String>();
    assert_eq!(shop.get(&format!("/v1/search?{}{}", six("contains"), six("starts_with"))).status, 200);
    let generous = Shop::start_with(|s| s.attributes.text_filters_max = 7);
    let seven: Vec<Value> = (0..7).map(|i| json!({"field": format!("a{i}"), "contains": "x"})).collect();
    assert_eq!(generous.json("POST", "/v1/search", &json!({"filter": {"any": seven}})).status, 200);
}

#[test]
fn row_039_an_empty_phrase_browses_a_category() {
    let shop = Shop::start();
    let hung = |sku: &str, path: &str| json!({"sku": sku, "name": "Thing", "price": 1, "categories": [path]});
    shop.put(&json!([hung("A", "Men/Tops"), hung("B", "Men"), hung("C", "Women")]));
    assert_eq!(found(&shop, "filter.category=Men"), "AB");
    assert_eq!(found(&shop, "q=&filter.category=Men/Tops,Women"), "AC");
    assert_eq!(skus(&shop.ok("/v1/categories/Men/products")).len(), 2);
    assert_eq!(found(&shop, "q="), "ABC", "and without any filter the whole shop");
}

#[test]
fn row_040_visibility_tells_search_from_browsing() {
    let shop = Shop::start();
    let hung = |sku: &str, visibility: &str| json!({"sku": sku, "name": "Thing", "price": 1, "categories": ["Men"], "visibility": visibility});
    shop.put(&json!([hung("B", "both"), hung("C", "catalog"), hung("S", "search"), hung("N", "neither")]));
    let browsed = |path: &str| skus(&shop.ok(path)).concat();
    assert_eq!(browsed("/v1/search?q=thing"), "BS");
    assert_eq!(browsed("/v1/categories/Men/products"), "BC");
    let shown = shop.ok("/v1/categories/Men/products")["total"].clone();
    assert_eq!(shown, 2, "what is not shown is not counted");
    // Nothing to look for is a walk through the catalog, too.
    assert_eq!((browsed("/v1/search"), browsed("/v1/search?q=+&filter.category=Men")), ("BC".into(), "BC".into()));
    let why = shop.ok("/v1/explain?sku=S")["answer"].to_string();
    assert!(why.contains("visibility"), "{why}");
}

#[test]
fn row_041_a_stock_filter_leaves_out_what_is_sold_out() {
    let shop = Shop::start();
    let mut shirt = product("S", "Shirt", 10.0);
    let variant =
        |sku: &str, color: &str, in_stock: bool| json!({"sku": sku, "options": {"color": color}, "in_stock": in_stock});
    shirt["variants"] = json!([variant("S-R", "Red", false), variant("S-B", "Blue", true)]);
    let mut gone = product("G", "Shirt", 10.0);
    gone["in_stock"] = json!(false);
    shop.put(&json!([shirt, gone, product("T", "Shirt", 10.0)]));
    assert_eq!(found(&shop, "q=shirt"), "GST");
    assert_eq!(found(&shop, "q=shirt&filter.in_stock=true"), "ST");
    assert_eq!(found(&shop, "q=shirt&filter.in_stock=true&filter.color=Red"), "", "the red one is what is sold out");
    assert_eq!(found(&shop, "q=shirt&filter.in_stock=true&filter.color=Blue"), "S");
}

#[test]
fn row_046_an_unknown_attribute_matches_nothing() {
    let shop = pumps();
    let list = shop.ok("/v1/search?q=pump&filter.flavor=mint");
    assert_eq!((skus(&list).len(), &list["total"]), (0, &json!(0)));
    assert!(list["warnings"].to_string().contains("flavor"), "{list}");
    // One that exists but may not be filtered by is the caller's mistake.
    shop.configure("attribute", "maker", &json!({"filterable": false}));
    let refused = shop.get("/v1/search?q=pump&filter.maker=Bosch");
    assert_eq!((refused.status, &refused.json["parameter"]), (400, &json!("filter")), "{}", refused.text);
    let nested =
        json!({"filter": {"any": [{"not": {"field": "maker", "exists": true}}, {"field": "part", "eq": "RX-1"}]}});
    assert_eq!(shop.json("POST", "/v1/search", &nested).status, 400);
}
