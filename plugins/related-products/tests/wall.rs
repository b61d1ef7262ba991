//! Does the plugin do over the wall what it does inside?
//!
//! The harness calls everything twice, directly and through the exported table, and compares.

use planogram_abi::testing::{Asked, Harness, Shop};
use planogram_related_products::RelatedProducts;

fn shop() -> Shop {
    ["tent", "stove", "lamp", "rope", "boots", "socks"]
        .iter()
        .fold(Shop::new(), |shop, sku| shop.item(sku, &[]))
        .source_of("co-bought", "tent", &[("stove", 9.0), ("lamp", 3.0), ("tent", 1.0)])
        .source_of("co-bought", "boots", &[("socks", 900.0), ("lamp", 900.0)])
        .source_of("links.crosssell", "tent", &[("rope", 2.0), ("lamp", 1.0)])
        .source("most-viewed", &[("boots", 50.0), ("tent", 40.0), ("socks", 30.0), ("rope", 20.0)])
}

fn retrieved(settings: &str, asked: &Asked, k: usize) -> Vec<String> {
    let harness = Harness::<RelatedProducts>::new(settings, shop()).unwrap();
    harness.retrieve(&asked.unit_type, asked, k).unwrap().into_iter().map(|(sku, _)| sku).collect()
}

#[test]
fn units_are_supplied() {
    let check = |settings: &str, asked: &Asked, k: usize, expected: &[&str]| {
        assert_eq!(retrieved(settings, asked, k), expected, "{asked:?}");
    };
    let bought = Asked::unit("bought-this-bought-that", &["tent"]);
    check("", &bought, 5, &["stove", "lamp"]);
    check("", &bought, 1, &["stove"]);
    check(r#"{"minimum_scores":{"co-bought":5}}"#, &bought, 5, &["stove"]);
    let links_first = r#"{"types":{"bought-this-bought-that":["links.crosssell","co-bought"]}}"#;
    check(links_first, &bought, 5, &["rope", "lamp", "stove"]);
    check("", &Asked::unit("cross-sell", &["tent"]), 5, &["rope", "lamp"]);
    check("", &Asked::unit("more-like-this", &["tent"]), 5, &[]);

    let mut popular = Asked::unit("most-viewed", &["tent"]);
    popular.cart = vec!["boots".to_owned()];
    check("", &popular, 5, &["socks", "rope"]);
    popular.purchased = vec!["socks".to_owned()];
    check("", &popular, 5, &["rope"]);
    check(r#"{"drop_purchased":false}"#, &popular, 5, &["socks", "rope"]);
}

#[test]
fn a_cart_is_one_anchor_of_many() {
    let mut cart = Asked::unit("bought-this-bought-that", &[]);
    cart.cart = vec!["tent".to_owned(), "boots".to_owned()];
    // Stove: 1 · 9/9 = 1; lamp: 1 · 3/9 + 1/2 · 1 = 0.83; socks: 1/2 · 1 = 0.5; all by 1.5.
    assert_eq!(retrieved("", &cart, 5), ["stove", "lamp", "socks"]);
    assert_eq!(retrieved(r#"{"anchors_max":1}"#, &cart, 5), ["stove", "lamp"]);
}

#[test]
fn a_bad_setting_crosses_the_wall() {
    let failed = Harness::<RelatedProducts>::new(r#"{"anchors_max":0}"#, shop()).err();
    assert!(format!("{failed:?}").contains("`anchors_max` is 0, allowed are 1 to 1000"), "{failed:?}");
}
