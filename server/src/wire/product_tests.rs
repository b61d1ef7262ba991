//! Which product rows are refused, and with which words?

use super::*;

fn refused(row: Value) -> Vec<(String, String)> {
    decode(&row, &Exponents::default()).unwrap_err().into_iter().map(|d| (d.pointer, d.message)).collect()
}

fn check_refused(row: Value, pointer: &str, message: &str) {
    let found = refused(row);
    assert!(found.iter().any(|(p, m)| p == pointer && m.contains(message)), "{pointer} {message}: {found:?}");
}

#[test]
fn a_simple_product_is_its_own_variant() {
    let doc = decode(&json!({"sku": "A", "name": "Ant", "price": 52.1, "quantity": 3}), &Exponents::default()).unwrap();
    assert_eq!(doc.collection, "products");
    assert_eq!(doc.visibility, Visibility::Both);
    let [variant] = doc.variants.as_slice() else { panic!("one variant") };
    assert_eq!((variant.sku.as_str(), variant.prices["default"].regular_minor), ("A", 5210));
    assert_eq!(variant.stock, Stock { in_stock: true, quantity: Some(3.0) });
}

#[test]
fn variants_inherit_what_they_do_not_say() {
    let row = json!({"sku": "A", "name": "Ant", "price": 10, "prices": {"wholesale": "8.00"}, "in_stock": false,
        "variants": [{"sku": "A-S", "options": {"size": "S"}}, {"sku": "A-M", "price": 12, "in_stock": true}]});
    let doc = decode(&row, &Exponents::default()).unwrap();
    let of = |i: usize, book: &str| doc.variants[i].prices[book].regular_minor;
    assert_eq!([of(0, "default"), of(0, "wholesale"), of(1, "default"), of(1, "wholesale")], [1000, 800, 1200, 800]);
    assert_eq!([doc.variants[0].stock.in_stock, doc.variants[1].stock.in_stock], [false, true]);
}

#[test]
fn categories_have_three_spellings() {
    let row = json!({"sku": "A", "name": "Ant",
        "categories": [["Men", "Tops"], "Men/Tops/Hoodies", {"path": ["Sale"], "position": 3}]});
    let doc = decode(&row, &Exponents::default()).unwrap();
    assert_eq!(doc.categories[1].path, ["Men", "Tops", "Hoodies"]);
    assert_eq!(doc.categories[2], Placement { path: vec!["Sale".into()], position: Some(3) });
}

#[test]
fn what_is_wrong_is_named_all_at_once() {
    let found = refused(json!({"pirce": 1, "price": -1, "name": 7, "variants": [{"sku": "v", "colour": 1}]}));
    let pointers: Vec<_> = found.iter().map(|(p, _)| p.as_str()).collect();
    assert_eq!(pointers, ["/pirce", "/sku", "/price", "/variants/0/colour", "/name"]);
}

#[test]
fn each_kind_of_mistake() {
    let with = |field: &str, value: Value| {
        let mut row = json!({"sku": "A", "name": "Ant"});
        row[field] = value;
        row
    };
    check_refused(json!({"name": "Ant"}), "/sku", "missing");
    check_refused(json!({"sku": null, "name": "Ant"}), "/sku", "null is null");
    check_refused(json!("A"), "", "expected an object");
    check_refused(with("price", json!("NaN")), "/price", "not a decimal");
    check_refused(with("price", json!(1.001)), "/price", "more than the 2 decimals");
    check_refused(with("special_price", json!(3)), "/special_price", "without a `price`");
    check_refused(with("prices", json!({"w": {"special_price": 1}})), "/prices/w/price", "missing");
    check_refused(with("prices", json!({"w": null})), "/prices/w", "expected a price");
    check_refused(with("visibility", json!("maybe")), "/visibility", "unknown");
    check_refused(with("categories", json!(["Men//Tops"])), "/categories/0", "not a category path");
    check_refused(with("categories", json!("Men")), "/categories", "expected a list");
    check_refused(with("created_at", json!("soon")), "/created_at", "not a time");
    check_refused(with("attributes", json!({"a": {"b": 1}})), "/attributes/a", "expected a text");
    check_refused(with("attributes", json!({"a": ["x", 1]})), "/attributes/a", "is a list");
    check_refused(with("links", json!({"similar": []})), "/links/similar", "unknown field");
    check_refused(with("vectors", json!({"v": [1.0, null]})), "/vectors/v", "not a vector");
    check_refused(with("vectors", json!({"v": [1e300]})), "/vectors/v", "not a vector");
    check_refused(with("quantity", json!("many")), "/quantity", "expected a number");
    check_refused(with("variants", json!([{"sku": "v"}, {"sku": "v"}])), "/variants/1/sku", "also that of variant 0");
    let special = json!({"price": 1, "from": "2026-02-01", "until": "2026-01-01"});
    let row = json!({"sku": "A", "name": "Ant", "price": 2, "special_price": special});
    check_refused(row, "/special_price/until", "not after");
}

#[test]
fn what_is_encoded_decodes_to_the_same() {
    let exponents = Exponents(BTreeMap::from([("yen".to_owned(), 0)]));
    let rows = [
        json!({"sku": "A", "name": "Ant", "price": "0.05"}),
        json!({"sku": "B", "name": "Bee", "description": "Buzz.", "brand": "Hive", "collection": "blocks",
            "categories": [{"path": ["Men"], "position": 2}], "visibility": "Catalog, Search", "created_at": "2026-01-02",
            "attributes": {"t": "x", "n": 1.5, "b": true, "l": ["p", "q"]}, "image": "b.png", "url": "/bee",
            "links": {"related": ["A"], "crosssell": []}, "views": {"sv": {"name": "Bi", "visibility": "search"}},
            "vectors": {"look": [0.25, -1.5]}, "price": 9.99, "special_price": {"price": 5, "until": "2026-06-01"},
            "prices": {"yen": 980, "wholesale": {"price": 7, "special_price": 6}},
            "variants": [{"sku": "B-1", "options": {"size": "S"}, "quantity": 0, "in_stock": false, "image": "b1.png"}]}),
    ];
    for row in rows {
        let doc = decode(&row, &exponents).unwrap();
        assert_eq!(decode(&encode(&doc, &exponents), &exponents).unwrap(), doc);
    }
}
