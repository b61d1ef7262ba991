//! Does evaluating a bitmap give what reading every variant by hand gives?

use proptest::prelude::*;

use super::super::testing::arb_condition;
use super::*;
use crate::catalog::doc::{AttributeValue, ProductPatch};
use crate::catalog::testing::{arb_shop, price_of, product, variant};
use crate::catalog::{Purpose, StockRule, UniverseQuery};
use crate::expr::parse;

fn condition(text: &str) -> Condition {
    parse(&serde_json::from_str(text).unwrap()).unwrap()
}

fn matches(catalog: &Catalog, text: &str, now_ms: TimeMs) -> RoaringBitmap {
    let context = EvalContext { book: &catalog.root_chain(), now_ms, view: "default", demand: None };
    evaluate(&condition(text), catalog, &context)
}

fn skus(catalog: &Catalog, text: &str) -> Vec<String> {
    let matched = matches(catalog, text, DAY_MS);
    matched.iter().map(|variant| catalog.variant_sku_of(VariantId(variant)).to_owned()).collect()
}

/// A shirt in red S and blue M, and a mug.
fn shop() -> Catalog {
    let mut catalog = Catalog::new();
    let red = variant("SHIRT-RS", &[("color", "Red"), ("size", "S")]);
    let blue = variant("SHIRT-BM", &[("color", "Blue"), ("size", "M")]);
    let mut shirt = product("SHIRT", &[red, blue]);
    let both = AttributeValue::List(vec!["Red".to_owned(), "Blue".to_owned()]);
    shirt.attributes.insert("color".to_owned(), both);
    shirt.brand = Some("Acme".to_owned());
    catalog.put(shirt, 0);
    let mut mug = product("MUG", &[variant("MUG", &[])]);
    mug.attributes.insert("color".to_owned(), AttributeValue::Text("red".to_owned()));
    mug.attributes.insert("weight".to_owned(), AttributeValue::Number(0.5));
    mug.variants[0].stock.quantity = Some(7.0);
    catalog.put(mug, 0);
    catalog
}

#[test]
fn red_s_and_blue_m_do_not_answer_red_and_m() {
    let mut catalog = shop();
    let both = |color: &str, size: &str| {
        format!(r#"{{"all":[{{"field":"color","eq":"{color}"}},{{"field":"size","eq":"{size}"}}]}}"#)
    };
    assert!(skus(&catalog, &both("Red", "M")).is_empty());
    assert_eq!(skus(&catalog, &both("red", "s")), ["SHIRT-RS"]);

    let patch = ProductPatch { sku: "SHIRT-RS".to_owned(), in_stock: Some(false), ..ProductPatch::default() };
    catalog.patch(&patch, 1);
    let query = UniverseQuery { collection: "products", purpose: Purpose::Search, view: "", stock: StockRule::InStock };
    let universe = catalog.universe(query);
    assert!(skus(&catalog, &both("Red", "M")).is_empty());
    assert!((matches(&catalog, &both("Red", "S"), 0) & &*universe.variants).is_empty(), "red S is sold out");
    let blue = matches(&catalog, r#"{"field":"color","eq":"Blue"}"#, 0) & &*universe.variants;
    let shirt = catalog.item("SHIRT").unwrap();
    assert_eq!(catalog.lift(&blue), RoaringBitmap::from([shirt.0]));
    assert_eq!(catalog.witness(shirt, &blue), catalog.variant("SHIRT-BM"));
    assert_eq!(catalog.witness(shirt, catalog.alive()), catalog.variant("SHIRT-BM"), "what can be bought comes first");
}

#[test]
fn every_field_answers() {
    let catalog = shop();
    let check = |text: &str, expected: &[&str]| assert_eq!(skus(&catalog, text), expected, "{text}");
    check(r#"{"field":"color","in":["RED"]}"#, &["SHIRT-RS", "MUG"]);
    check(r#"{"field":"color","exists":true}"#, &["SHIRT-RS", "SHIRT-BM", "MUG"]);
    check(r#"{"field":"size","exists":false}"#, &["MUG"]);
    check(r#"{"field":"color","starts_with":"bl"}"#, &["SHIRT-BM"]);
    check(r#"{"field":"weight","eq":0.5}"#, &["MUG"]);
    check(r#"{"field":"weight","eq":"0.50"}"#, &["MUG"]);
    check(r#"{"field":"weight","range":{"to":0.5}}"#, &[]);
    check(r#"{"field":"weight","range":{"from":0.5}}"#, &["MUG"]);
    check(r#"{"field":"sku","eq":"SHIRT"}"#, &["SHIRT-RS", "SHIRT-BM"]);
    check(r#"{"field":"sku","eq":"SHIRT-BM"}"#, &["SHIRT-BM"]);
    check(r#"{"field":"sku","starts_with":"mu"}"#, &["MUG"]);
    check(r#"{"field":"name","contains":"shirt"}"#, &["SHIRT-RS", "SHIRT-BM"]);
    check(r#"{"field":"brand","eq":"ACME"}"#, &["SHIRT-RS", "SHIRT-BM"]);
    check(r#"{"field":"price","range":{"from":10,"to":10.01}}"#, &["SHIRT-RS", "SHIRT-BM", "MUG"]);
    check(r#"{"field":"price","range":{"to":10}}"#, &[]);
    check(r#"{"field":"quantity","range":{"from":1}}"#, &["MUG"]);
    check(r#"{"field":"in_stock","eq":false}"#, &[]);
    check(r#"{"field":"age_days","range":{"from":1,"to":1.5}}"#, &["SHIRT-RS", "SHIRT-BM", "MUG"]);
    check(r#"{"field":"flavor","eq":"Mint"}"#, &[]);
    let both =
        r#"{"all":[{"field":"flavor","eq":"x"},{"not":{"field":"flavor","eq":"y"}},{"field":"brand","eq":"x"}]}"#;
    assert_eq!(unknown_fields(&condition(both), &catalog), ["flavor"]);
}

/// The same language, read variant by variant.
fn holds(condition: &Condition, catalog: &Catalog, variant: VariantId) -> bool {
    let (field, test) = match condition {
        Condition::All(parts) => return parts.iter().all(|part| holds(part, catalog, variant)),
        Condition::Any(parts) => return parts.iter().any(|part| holds(part, catalog, variant)),
        Condition::Not(part) => return !holds(part, catalog, variant),
        Condition::Field { field, test } => (field.as_str(), test),
    };
    let item = catalog.item_of(variant);
    let document = catalog.document(item).expect("alive variants have a product");
    let own = document.variants.iter().find(|one| one.sku == catalog.variant_sku_of(variant));
    let own = own.expect("the document lists its variants");
    let number = |number: Option<f64>| {
        number.is_some_and(|number| match test {
            Test::In(values) => values.iter().filter_map(as_number).any(|value| value == number),
            Test::Range { from, to } => from.is_none_or(|from| from <= number) && to.is_none_or(|to| number < to),
            Test::Exists => true,
            _ => false,
        })
    };
    match field {
        "price" => number(price_of(catalog, variant)),
        "quantity" => number(own.stock.quantity),
        "in_stock" => match test {
            Test::Exists => true,
            _ => test.holds_for(if own.stock.in_stock { "true" } else { "false" }),
        },
        "category" => document
            .categories
            .iter()
            .any(|place| (1..=place.path.len()).any(|depth| test.holds_for(&place.path[..depth].join("/")))),
        code => {
            let brand = document.brand.clone().filter(|_| code == "brand").map(AttributeValue::Text);
            let value = own.options.get(code).cloned().or(brand).or_else(|| document.attributes.get(code).cloned());
            match value {
                None => false,
                Some(AttributeValue::Number(value)) => number(Some(value)),
                Some(AttributeValue::Text(text)) => test.holds_for(&text),
                Some(AttributeValue::Boolean(flag)) => test.holds_for(if flag { "true" } else { "false" }),
                Some(AttributeValue::List(texts)) => texts.iter().any(|text| test.holds_for(text)),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn a_bitmap_says_what_every_variant_says(catalog in arb_shop(), condition in arb_condition()) {
        let context = EvalContext { book: &catalog.root_chain(), now_ms: 0, view: "default", demand: None };
        let expected: RoaringBitmap =
            catalog.alive().iter().filter(|variant| holds(&condition, &catalog, VariantId(*variant))).collect();
        prop_assert_eq!(evaluate(&condition, &catalog, &context), expected);
    }

    #[test]
    fn lifting_and_expanding_agree_with_the_products(catalog in arb_shop(), keep in any::<u64>()) {
        let some: RoaringBitmap = catalog.alive().iter().filter(|variant| keep >> (variant % 64) & 1 == 1).collect();
        let items = catalog.lift(&some);
        let all: RoaringBitmap = items.iter().flat_map(|item| catalog.variants_of(ItemId(item))).map(|v| v.0).collect();
        prop_assert_eq!(catalog.expand(&items), all);
        prop_assert!(items.iter().all(|item| catalog.witness(ItemId(item), &some).is_some_and(|v| some.contains(v.0))));
        for purpose in [Purpose::Search, Purpose::Catalog] {
            for (stock, view) in [(StockRule::Any, "se"), (StockRule::InStock, "se"), (StockRule::Any, "")] {
                let universe = catalog.universe(UniverseQuery { collection: "products", purpose, view, stock });
                let eligible = |item: ItemId| catalog.product(item).is_some_and(|product| {
                    let seen = product.visibility_in(view);
                    let shown = if purpose == Purpose::Search { seen.in_search() } else { seen.in_catalog() };
                    shown && product.collection == "products"
                });
                let expected: RoaringBitmap = catalog.alive().iter().filter(|variant| {
                    let sold = stock == StockRule::Any || catalog.stock(VariantId(*variant)).in_stock;
                    sold && eligible(catalog.item_of(VariantId(*variant)))
                }).collect();
                prop_assert_eq!(&*universe.variants, &expected);
                prop_assert_eq!(&*universe.items, &catalog.lift(&expected));
            }
        }
    }
}
