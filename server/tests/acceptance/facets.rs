//! Facets row by row: each test carries the number of its row in the master feature table.

use serde_json::{Value, json};

use crate::shop::{Shop, facet, product, skus};

fn row(sku: &str, name: &str, price: f64, attributes: Value) -> Value {
    let mut row = product(sku, name, price);
    row["attributes"] = attributes;
    row
}

fn attribute(shop: &Shop, code: &str, document: Value) {
    shop.configure("attribute", code, &document);
}

/// Codes of the facets of a list, in order.
fn codes(list: &Value) -> Vec<&str> {
    list["facets"].as_array().unwrap().iter().map(|f| f["attribute"].as_str().unwrap()).collect()
}

fn one<'l>(list: &'l Value, code: &str) -> &'l Value {
    let found = list["facets"].as_array().unwrap().iter().find(|f| f["attribute"] == code);
    found.unwrap_or_else(|| panic!("no facet `{code}` in {list}"))
}

fn counts(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    pairs.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
}

/// Ten shirts: color and size on all of them, six colors, prices 5, 15, …, 95.
fn shirts() -> Shop {
    let shop = Shop::start();
    let colors = ["Red", "Red", "Red", "Red", "Blue", "Blue", "Green", "Black", "Amber", "Amber"];
    let rows: Vec<Value> = (0..10)
        .map(|i| {
            let size = if i % 2 == 0 { "S" } else { "M" };
            row(
                &format!("T{i}"),
                "Shirt",
                5.0 + 10.0 * f64::from(i),
                json!({"color": colors[i as usize], "size": size}),
            )
        })
        .collect();
    shop.put(&json!(rows));
    shop
}

#[test]
fn row_047_pinned_facets_stand_in_merchant_order_before_dynamic_ones_by_label() {
    let shop = shirts();
    attribute(&shop, "color", json!({"label": "Zinnober", "facet": "dynamic"}));
    attribute(&shop, "size", json!({"label": "Cut", "facet": "dynamic"}));
    let list = shop.ok("/v1/search?q=shirt");
    assert_eq!(codes(&list), ["price", "size", "color"], "categories and brands have no values here");
    assert_eq!(one(&list, "size")["label"], "Cut");
    // The merchant's order of pinned ones is not that of their labels.
    attribute(&shop, "color", json!({"facet": "pinned", "facet_position": 0}));
    attribute(&shop, "size", json!({"label": "Asize", "facet": "pinned", "facet_position": 7}));
    assert_eq!(codes(&shop.ok("/v1/search?q=shirt")), ["color", "price", "size"]);
    // A request may name its own facets in its own order.
    assert_eq!(codes(&shop.ok("/v1/search?q=shirt&facets=size,color")), ["size", "color"]);
    // Of the dynamic ones a store view shows the most telling; one that is filtered by stays.
    attribute(&shop, "color", json!({"facet": "dynamic"}));
    attribute(&shop, "size", json!({"facet": "dynamic"}));
    shop.configure("store-view", "default", &json!({"locale": "en-US", "dynamic_facets": 1}));
    assert_eq!(codes(&shop.ok("/v1/search?q=shirt")), ["price", "color"], "six colors tell more than two sizes");
    assert_eq!(codes(&shop.ok("/v1/search?q=shirt&filter.size=S")), ["price", "color", "size"]);
}

#[test]
fn row_048_facets_that_speak_of_the_query_go_before_popular_ones() {
    let shop = Shop::start();
    let mut rows: Vec<Value> = (0..6)
        .map(|i| {
            row(
                &format!("L{i}"),
                "Laptop",
                500.0,
                json!({"ram": format!("{} GB", 8 << (i % 3)), "color": if i % 2 == 0 { "Black" } else { "Gray" }}),
            )
        })
        .collect();
    rows.extend(
        (0..20).map(|i| row(&format!("M{i}"), "Mug", 9.0, json!({"color": if i % 2 == 0 { "Red" } else { "Blue" }}))),
    );
    shop.put(&json!(rows));
    attribute(&shop, "ram", json!({"label": "Memory", "facet": "dynamic"}));
    attribute(&shop, "color", json!({"label": "Color", "facet": "dynamic"}));
    let list = shop.ok("/v1/search?q=laptop");
    assert_eq!(codes(&list), ["price", "ram", "color"], "though Color comes before Memory");
    let kinds = ["price", "ram", "color"].map(|code| one(&list, code)["kind"].as_str().unwrap().to_owned());
    assert_eq!(kinds, ["pinned", "intelligent", "popular"]);
    // What several values of one product add up to is not mistaken for more products.
    let sports = json!({"sport": ["Run", "Swim", "Ski", "Row"]});
    shop.put(&json!((0..5).map(|i| row(&format!("S{i}"), "Mug", 9.0, sports.clone())).collect::<Vec<_>>()));
    attribute(&shop, "sport", json!({"type": "list", "facet": "dynamic"}));
    assert_eq!(one(&shop.ok("/v1/search?q=mug"), "sport")["kind"], "popular");
    // Without a query the memory is nothing special.
    let all = shop.ok("/v1/search");
    assert_eq!(codes(&all), ["price", "color", "ram", "sport"]);
    assert_eq!(one(&all, "ram")["kind"], "popular");
}

#[test]
fn row_049_choosing_a_value_leaves_the_counts_of_its_own_facet() {
    let shop = shirts();
    for code in ["color", "size"] {
        attribute(&shop, code, json!({"facet": "pinned"}));
    }
    let before = shop.ok("/v1/search?q=shirt");
    let after = shop.ok("/v1/search?q=shirt&filter.color=Red");
    assert_eq!((&after["total"], facet(&after, "color")), (&json!(4), facet(&before, "color")));
    assert_eq!(facet(&after, "size"), counts(&[("M", 2), ("S", 2)]), "other facets are counted under the color");
    let both = shop.ok("/v1/search?q=shirt&filter.color=Red,Blue&filter.size=S&filter.price=0..30");
    assert_eq!(both["total"], 2);
    assert_eq!(facet(&both, "color"), counts(&[("Red", 2)]), "under size and price, without the color");
    assert_eq!(facet(&both, "size"), counts(&[("S", 2), ("M", 1)]), "under color and price, without the size");
    let prices: u64 = facet(&both, "price").iter().map(|(_, n)| n).sum();
    assert_eq!(prices, 3, "under color and size, without the price");
}

#[test]
fn row_050_a_facet_shows_no_more_values_than_it_may() {
    let shop = shirts();
    let buckets = |document: Value| {
        attribute(&shop, "color", document);
        facet(&shop.ok("/v1/search?q=shirt&facets=color"), "color")
    };
    assert_eq!(buckets(json!({"facet": "pinned", "facet_size": 2})), counts(&[("Red", 4), ("Amber", 2)]));
    assert_eq!(buckets(json!({"facet": "pinned"})).len(), 5, "8 by default");
    assert_eq!(buckets(json!({"facet": "pinned", "facet_size": 0})), []);
    attribute(&shop, "price", json!({"type": "number", "facet": "pinned", "facet_size": 3}));
    let ranges = facet(&shop.ok("/v1/search?q=shirt"), "price");
    assert_eq!(ranges, counts(&[("0-50", 5), ("50-100", 5)]), "round ranges, at most three");
    let refused = shop.json("PUT", "/v1/config/attribute/color", &json!({"facet_size": 101}));
    assert_eq!((refused.status, &refused.json["pointer"]), (422, &json!("/facet_size")), "{}", refused.text);
}

#[test]
fn row_051_values_are_sorted_by_count_or_by_text() {
    let shop = shirts();
    let order = |sort: &str| {
        attribute(&shop, "color", json!({"facet": "pinned", "facet_sort": sort}));
        facet(&shop.ok("/v1/search?q=shirt"), "color").into_iter().map(|(value, _)| value).collect::<Vec<_>>()
    };
    assert_eq!(order("count"), ["Red", "Amber", "Blue", "Black", "Green"]);
    assert_eq!(order("alphabetical"), ["Amber", "Black", "Blue", "Green", "Red"]);
}

#[test]
fn row_052_five_price_ranges_of_twenty() {
    let shop = Shop::start();
    let prices = [3.0, 19.99, 20.0, 39.0, 60.0, 79.5, 80.0, 500.0];
    let rows: Vec<Value> = prices.iter().map(|price| product(&format!("P{price}"), "Pot", *price)).collect();
    shop.put(&json!(rows));
    attribute(&shop, "price", json!({"type": "number", "facet": "pinned", "facet_size": 5, "step": 20}));
    let list = shop.ok("/v1/search?q=pot");
    let expected = counts(&[("0-20", 2), ("20-40", 2), ("60-80", 2), ("80-", 2)]);
    assert_eq!(facet(&list, "price"), expected, "20 belongs to 20-40, and 40-60 is empty");
    let last = one(&list, "price")["buckets"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["from"], &last["to"]), (&json!(80.0), &Value::Null), "the last range is open");
    // Filters see the same bounds as the ranges they come from.
    for (range, count) in [("0..20", 2), ("20..40", 2), ("40..60", 0), ("60..80", 2), ("80..", 2)] {
        assert_eq!(shop.ok(&format!("/v1/search?q=pot&filter.price={range}"))["total"], count, "{range}");
    }
    // The same by edges, which need not be equal.
    attribute(&shop, "price", json!({"type": "number", "facet": "pinned", "buckets": [0, 10, 100]}));
    assert_eq!(facet(&shop.ok("/v1/search?q=pot"), "price"), counts(&[("0-10", 1), ("10-100", 6), ("100-", 1)]));
}

#[test]
fn row_053_the_bounds_of_a_price_facet_are_the_true_ones() {
    let shop = shirts();
    let bounds = |filter: &str| {
        let list = shop.ok(&format!("/v1/search?q=shirt{filter}"));
        (one(&list, "price")["min"].as_f64().unwrap(), one(&list, "price")["max"].as_f64().unwrap())
    };
    assert_eq!(bounds(""), (5.0, 95.0));
    assert_eq!(bounds("&filter.color=Blue"), (45.0, 55.0));
    assert_eq!(bounds("&filter.color=Blue&filter.price=50..60"), (45.0, 55.0), "a slider keeps its ends");
    shop.send_ok("PATCH", "/v1/products", &json!([{"sku": "T4", "price": "45.55"}]));
    assert_eq!(bounds("&filter.color=Blue"), (45.55, 55.0));
}

#[test]
fn row_054_swatches_booleans_and_several_values_have_a_bucket_each() {
    let shop = Shop::start();
    let variant = |sku: &str, color: &str| json!({"sku": sku, "options": {"color": color}});
    let mut shirt = row("S", "Shirt", 1.0, json!({"organic": true, "activity": ["Yoga", "Gym"]}));
    shirt["variants"] = json!([variant("S-R", "Red"), variant("S-B", "Blue")]);
    shop.put(&json!([
        shirt,
        row("T", "Shirt", 1.0, json!({"organic": false, "activity": ["Gym"], "color": "Red"})),
        row("U", "Shirt", 1.0, json!({"organic": true, "activity": ["Run", "Gym"]})),
    ]));
    attribute(&shop, "color", json!({"facet": "pinned"}));
    attribute(&shop, "organic", json!({"type": "boolean", "facet": "pinned"}));
    attribute(&shop, "activity", json!({"type": "list", "facet": "pinned"}));
    let list = shop.ok("/v1/search?q=shirt");
    assert_eq!(facet(&list, "color"), counts(&[("Red", 2), ("Blue", 1)]), "a product counts once in each color it has");
    assert_eq!(facet(&list, "organic"), counts(&[("true", 2), ("false", 1)]));
    assert_eq!(facet(&list, "activity"), counts(&[("Gym", 3), ("Run", 1), ("Yoga", 1)]));
    for (filter, total) in [("color=Blue", 1), ("organic=true", 2), ("activity=Yoga,Run", 2)] {
        assert_eq!(shop.ok(&format!("/v1/search?q=shirt&filter.{filter}"))["total"], total, "{filter}");
    }
}

#[test]
fn row_055_the_hundred_and_first_facet_and_bucket_are_refused() {
    let shop = Shop::start();
    // `categories`, `price` and `brand` are facets from the beginning.
    for n in 4..=100 {
        attribute(&shop, &format!("a{n:03}"), json!({"facet": if n % 2 == 0 { "pinned" } else { "dynamic" }}));
    }
    let refused = shop.json("PUT", "/v1/config/attribute/a101", &json!({"facet": "pinned"}));
    assert_eq!((refused.status, &refused.json["pointer"]), (422, &json!("/facet")), "{}", refused.text);
    assert!(refused.text.contains("facet number 101") && refused.text.contains("at most 100"), "{}", refused.text);
    attribute(&shop, "a101", json!({"facet": "off"}));
    // One that is a facet already may change, and one that goes makes room.
    attribute(&shop, "a004", json!({"facet": "dynamic", "facet_size": 100}));
    attribute(&shop, "a004", json!({"facet": "off"}));
    attribute(&shop, "a101", json!({"facet": "pinned"}));
    let edges: Vec<u32> = (0..101).collect();
    for document in [json!({"facet_size": 101}), json!({"type": "number", "buckets": edges})] {
        let refused = shop.json("PUT", "/v1/config/attribute/a101", &document);
        assert!(refused.status == 422 && refused.text.contains("at most 100 buckets"), "{}", refused.text);
    }
}

/// Women and Men with tops and bottoms, and a sale.
fn wardrobe() -> Shop {
    let shop = Shop::start();
    let hung = |sku: &str, paths: &[&str]| {
        let mut row = product(sku, "Garment", 10.0);
        row["categories"] = json!(paths);
        row
    };
    shop.put(&json!([
        hung("A", &["Women/Tops/Tees"]),
        hung("B", &["Women/Tops", "Sale"]),
        hung("C", &["Women/Bottoms"]),
        hung("D", &["Men/Tops"]),
        hung("E", &["Men/Bottoms", "Sale"]),
    ]));
    shop
}

#[test]
fn row_056_a_category_page_lists_immediate_children_only() {
    let shop = wardrobe();
    let women = shop.ok("/v1/categories/Women/products");
    assert_eq!(facet(&women, "categories"), counts(&[("Women/Tops", 2), ("Women/Bottoms", 1)]));
    let tops = shop.ok("/v1/categories/Women/Tops/products");
    assert_eq!(facet(&tops, "categories"), counts(&[("Women/Tops/Tees", 1)]));
}

#[test]
fn row_057_filtering_by_a_category_keeps_its_siblings() {
    let shop = wardrobe();
    let top = shop.ok("/v1/search?q=garment&filter.categories=Women");
    let expected = counts(&[("Women", 3), ("Sale", 2), ("Men", 2), ("Women/Tops", 2), ("Women/Bottoms", 1)]);
    assert_eq!((&top["total"], facet(&top, "categories")), (&json!(3), expected));
    let deep = shop.ok("/v1/search?q=garment&filter.category=Women/Tops");
    assert_eq!(deep["total"], 2);
    let expected = counts(&[
        ("Women/Tops", 2),
        ("Women/Bottoms", 1),
        ("Women/Tops/Tees", 1),
        ("Women", 3),
        ("Sale", 2),
        ("Men", 2),
    ]);
    assert_eq!(facet(&deep, "categories"), expected, "siblings, children, then the top level");
    // Inside a category page the siblings of the chosen child stay, too.
    let page = shop.ok("/v1/categories/Women/products?filter.categories=Women/Tops");
    assert_eq!(page["total"], 2);
    assert_eq!(facet(&page, "categories"), counts(&[("Women/Tops", 2), ("Women/Bottoms", 1)]));
}

#[test]
fn row_058_a_pinned_category_is_always_there() {
    let shop = wardrobe();
    attribute(
        &shop,
        "categories",
        json!({"type": "list", "facet": "pinned", "facet_position": 0, "facet_size": 2,
        "pinned_values": ["Sale", "Men/Bottoms", "Nowhere"]}),
    );
    let list = shop.ok("/v1/search?q=garment&filter.category=Women/Tops");
    let buckets = facet(&list, "categories");
    assert_eq!(
        buckets,
        counts(&[("Sale", 2), ("Men/Bottoms", 1)]),
        "first and in their order, the size notwithstanding"
    );
    let page = shop.ok("/v1/categories/Women/Bottoms/products");
    assert_eq!(facet(&page, "categories"), counts(&[("Sale", 0), ("Men/Bottoms", 0)]), "also when nothing is there");
    // Values of other attributes can be pinned likewise.
    shop.put(&json!([
        row("F", "Garment", 1.0, json!({"color": "Red"})),
        row("G", "Garment", 1.0, json!({"color": "Blue"}))
    ]));
    attribute(&shop, "color", json!({"facet": "pinned", "pinned_values": ["White", "blue"]}));
    let list = shop.ok("/v1/search?q=garment");
    assert_eq!(facet(&list, "color"), counts(&[("White", 0), ("Blue", 1), ("Red", 1)]));
}

#[test]
fn row_059_restricted_categories_are_not_shown_to_other_groups() {
    let shop = wardrobe();
    shop.configure("category-access", "men", &json!({"category": "Men", "groups": ["wholesale"]}));
    let of = |group: &str, path: &str| shop.get(&format!("{path}{group}"));
    let list = |group: &str, path: &str| of(group, path).json;
    for group in ["", "&customer_group=retail"] {
        let found = list(group, "/v1/search?q=garment");
        let expected = counts(&[("Women", 3), ("Sale", 2)]);
        assert_eq!(
            facet(&found, "categories"),
            expected,
            "{group}: the trousers in the sale hang in an open category, too"
        );
        assert_eq!(found["total"], 4, "{group}");
        assert_eq!(list(group, "/v1/search?q=garment&filter.category=Men")["total"], 0, "{group}");
        assert_eq!(of(group, "/v1/categories/Men/products?page=1").status, 404, "{group}");
        assert_eq!(of(group, "/v1/categories/Men/Tops/products?page=1").status, 404, "{group}");
    }
    let wholesale = "&customer_group=wholesale";
    let found = list(wholesale, "/v1/search?q=garment");
    assert_eq!(facet(&found, "categories"), counts(&[("Women", 3), ("Sale", 2), ("Men", 2)]));
    assert_eq!(list(wholesale, "/v1/search?q=garment&filter.category=Men")["total"], 2);
    assert_eq!(list(wholesale, "/v1/categories/Men/products?page=1")["total"], 2);
    // Pinned buckets do not give them away either.
    attribute(&shop, "categories", json!({"type": "list", "facet": "pinned", "pinned_values": ["Men"]}));
    assert!(facet(&list("", "/v1/search?q=garment"), "categories").iter().all(|(path, _)| !path.starts_with("Men")));
    let why = shop.ok("/v1/explain?q=garment&sku=D")["answer"].to_string();
    assert!(why.contains("customer group"), "{why}");
}

#[test]
fn row_059_no_test_of_a_category_reaches_a_restricted_one() {
    let shop = wardrobe();
    // A path that reads as a number is one all the same.
    let mut year = product("Y", "Garment", 10.0);
    year["categories"] = json!(["2024", "Sale"]);
    shop.put(&json!([year]));
    shop.configure("category-access", "men", &json!({"category": "Men", "groups": ["wholesale"]}));
    shop.configure("category-access", "year", &json!({"category": "2024", "groups": ["wholesale"]}));
    let found = |test: Value, group: &str| {
        let filter = json!({"field": "category", test["by"].as_str().unwrap(): test["value"]});
        let body = json!({"q": "garment", "filter": filter, "customer_group": group, "sort": "name"});
        let list = shop.send_ok("POST", "/v1/search", &body);
        let mut found = skus(&list);
        found.sort_unstable();
        found.concat()
    };
    let tests = [
        ("contains", json!("en/"), "ABC", "ABCDE"),
        ("contains", json!("en/bottoms"), "C", "CE"),
        ("contains", json!("bottoms men"), "", "E"),
        ("starts_with", json!("Men"), "", "DE"),
        ("ends_with", json!("Bottoms"), "C", "CE"),
        ("words", json!("men"), "", "DE"),
        ("eq", json!("men/bottoms"), "", "E"),
        ("eq", json!(2024), "", "Y"),
        ("exists", json!(true), "ABCEY", "ABCDEY"),
    ];
    for (by, value, retail, wholesale) in tests {
        let test = json!({"by": by, "value": value});
        assert_eq!(found(test.clone(), "retail"), retail, "{by} {value}");
        assert_eq!(found(test, "wholesale"), wholesale, "{by} {value}");
    }
}

#[test]
fn row_059_nothing_restricted_is_suggested_to_other_groups() {
    let shop = Shop::start();
    let hung = |sku: &str, name: &str, path: &str| {
        let mut row = product(sku, name, 10.0);
        row["categories"] = json!([path]);
        row
    };
    // So many products may match one letter that their words are offered in place of their names.
    let mut rows: Vec<Value> = (0..2_100).map(|n| hung(&format!("M{n}"), "Mellow Mug", "Kitchen/Mugs")).collect();
    rows.push(hung("T", "Maxi Traderack", "Trade/Mountings"));
    rows.push(hung("O", "Traveling Bag", "Bags"));
    // Whoever sees this one by its other category does not learn of the restricted one.
    rows.push(product("U", "Monitor Stand", 10.0));
    rows[2_102]["categories"] = json!(["Bags", "Trade/Mountings"]);
    shop.put(&json!(rows));
    let suggested = |typed: &str, group: &str| {
        let answer = shop.ok(&format!("/v1/suggest?q={typed}&customer_group={group}&limit=20"));
        let all = answer["suggestions"].as_array().unwrap().iter();
        all.map(|one| one["text"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let beside = |group: &str| {
        let list = shop.ok(&format!("/v1/search?q=mo&customer_group={group}"));
        assert!(skus(&list).contains(&"U"), "{list}");
        list["suggestions"].to_string()
    };
    let has = |found: &[String], text: &str| found.iter().any(|one| one == text);
    for typed in ["tra", "mo", "m", "tradereck"] {
        assert_eq!(suggested(typed, "retail"), suggested(typed, ""), "nothing is restricted yet");
    }
    assert!(has(&suggested("tra", ""), "traderack") && has(&suggested("m", ""), "maxi"));
    assert!(has(&suggested("mo", ""), "mountings") && has(&suggested("tradereck", ""), "traderack"));
    assert!(beside("").contains("mountings"), "{}", beside(""));

    shop.configure("category-access", "trade", &json!({"category": "Trade", "groups": ["wholesale"]}));
    for group in ["", "retail"] {
        for typed in ["tra", "mo", "m", "tradereck"] {
            let found = suggested(typed, group).join(", ");
            let restricted = ["trade", "traderack", "mountings", "maxi"];
            assert!(restricted.iter().all(|text| !found.contains(text)), "{typed}: {found}");
        }
        assert!(has(&suggested("tra", group), "traveling bag") && has(&suggested("m", group), "mellow"));
        assert!(!beside(group).contains("mountings"), "{}", beside(group));
    }
    assert!(has(&suggested("tra", "wholesale"), "traderack") && has(&suggested("mo", "wholesale"), "mountings"));
}

#[test]
fn a_store_view_offers_its_own_facets_under_its_own_headings() {
    let shop = shirts();
    attribute(&shop, "color", json!({"label": "Color", "facet": "pinned"}));
    shop.configure("store-view", "default", &json!({"locale": "en-US", "default": true}));
    shop.configure("store-view", "de", &json!({"locale": "de-DE", "text_source": "default"}));
    shop.send_ok("PUT", "/v1/config/facet/color?store_view=de", &json!({"label": "Farbe", "facet_size": 2}));
    shop.send_ok("PUT", "/v1/config/facet/size?store_view=de", &json!({"label": "Größe", "facet": "dynamic"}));
    shop.send_ok("PUT", "/v1/config/facet/price", &json!({"step": 50, "facet_size": 2}));
    let german = shop.ok("/v1/search?q=shirt&store_view=de");
    assert_eq!((one(&german, "color")["label"].as_str(), facet(&german, "color").len()), (Some("Farbe"), 2));
    assert_eq!(codes(&german), ["price", "color", "size"]);
    let english = shop.ok("/v1/search?q=shirt");
    assert_eq!((one(&english, "color")["label"].as_str(), facet(&english, "color").len()), (Some("Color"), 5));
    assert_eq!(codes(&english), ["price", "color"]);
    for list in [&german, &english] {
        assert_eq!(facet(list, "price"), counts(&[("0-50", 5), ("50-", 5)]));
    }
    let refused = shop.json("PUT", "/v1/config/facet/size", &json!({"searchable": false}));
    assert_eq!((refused.status, &refused.json["pointer"]), (422, &json!("/searchable")), "{}", refused.text);
    let dated = shop.json("PUT", "/v1/config/facet/size?from=2030-01-01T00:00:00Z", &json!({}));
    assert_eq!(dated.status, 422, "{}", dated.text);
}

#[test]
fn row_060_a_draft_changes_nothing_until_it_is_published() {
    let shop = shirts();
    attribute(&shop, "color", json!({"facet": "pinned", "facet_size": 2}));
    let shown = |overlay: &str| {
        let list = shop.ok(&format!("/v1/search?q=shirt{overlay}"));
        (codes(&list).into_iter().map(str::to_owned).collect::<Vec<_>>(), facet(&list, "color").len())
    };
    let live = shown("");
    shop.send_ok("PUT", "/v1/config/attribute/color?overlay=spring", &json!({"facet": "pinned", "facet_size": 4}));
    shop.send_ok("PUT", "/v1/config/attribute/size?overlay=spring", &json!({"facet": "pinned"}));
    assert_eq!(shown(""), live);
    let draft = shown("&overlay=spring");
    assert_eq!((draft.0.contains(&"size".to_owned()), draft.1), (true, 4));
    let publish = |key: &str| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        shop.send("POST", "/v1/overlays/spring/publish", &headers, Some(b"{}"))
    };
    let first = publish("spring-is-here");
    assert_eq!(first.status, 200, "{}", first.text);
    let published = first.json.clone();
    let published: Vec<&str> = published.as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap()).collect();
    assert_eq!(published, ["color", "size"]);
    assert_eq!(shown(""), draft);
    let again = shop.json("POST", "/v1/overlays/spring/publish", &json!({}));
    assert_eq!(again.status, 404, "the drafts are gone: {}", again.text);
    // Whoever did not hear the answer gets it by asking again, also when there are other drafts by now.
    let repeated = publish("spring-is-here");
    assert_eq!((repeated.status, &repeated.json), (200, &first.json), "{}", repeated.text);
    shop.send_ok("PUT", "/v1/config/attribute/size?overlay=spring", &json!({"facet": "off"}));
    assert_eq!(publish("spring-is-here").json, first.json);
    assert_eq!(shown(""), draft, "and publishes nothing again");
    assert_eq!(publish("spring-goes-on").status, 200);
    assert!(!shown("").0.contains(&"size".to_owned()));
}
