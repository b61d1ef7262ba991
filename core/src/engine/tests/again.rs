//! A search that is asked again is answered as if it were asked for the first time.

use proptest::prelude::*;

use super::*;
use crate::pipeline::again::{answered, forget};

/// Everything of an answer that may not depend on whether the search was asked before.
fn said(answer: &ListAnswer) -> String {
    let hits: Vec<_> = answer.items.iter().map(|hit| (&hit.sku, hit.score.to_bits(), &hit.ledger)).collect();
    format!("{hits:?} {} {:?} {:?} {:?}", answer.total, answer.relaxed, answer.did_you_mean, answer.facets)
}

#[test]
fn a_change_of_texts_visibility_or_words_shows_in_a_search_asked_before() {
    let engine = open(None);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let ask = |text: &str| {
        let (first, second) = (engine.list(search(text)).unwrap(), engine.list(search(text)).unwrap());
        assert_eq!(said(&first), said(&second), "{text}");
        let mut found: Vec<String> = skus(&second).into_iter().map(str::to_owned).collect();
        found.sort_unstable();
        found.concat()
    };
    assert_eq!(ask("pants"), "P1P2");
    engine.put_products(vec![simple("P3", "Corduroy pants", "Men/Bottoms", 1)], wait_for_text()).unwrap();
    assert_eq!(ask("pants"), "P1P2P3");
    let hidden = ProductPatch { sku: "P2".into(), visibility: Some(Visibility::Neither), ..ProductPatch::default() };
    engine.patch_products(vec![hidden], wait_for_text()).unwrap();
    assert_eq!(ask("pants"), "P1P3");
    engine.ingest_events(vec![event("e", EventKind::ProductView, "s", "P3")], wait_for_text()).unwrap();
    assert_eq!(ask("pants"), "P1P3");
    assert_eq!(ask("corduroi"), "P3", "a typing error");
    let mut exact = unit("words", r#"{"exact":["corduroi"]}"#);
    exact.key.kind = "spelling".into();
    engine.write_config(vec![exact], WriteOptions::default()).unwrap();
    assert_eq!(ask("corduroi"), "", "now it is meant as it is typed");
}

#[test]
fn a_search_is_kept_over_events_and_prices_and_not_over_a_change_of_texts() {
    let engine = open(None);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    forget();
    let ask = || {
        let request = ListRequest { highlight: true, ..search("pants") };
        let answer = engine.list_here(&request).unwrap();
        (answered(), answer.items.iter().map(|hit| format!("{:?}", hit.highlights)).collect::<String>())
    };
    let (_, first) = ask();
    assert!(first.contains("ants"), "{first}");
    assert_eq!(ask(), (1, first.clone()), "with what was highlighted");
    engine.ingest_events(vec![event("e", EventKind::ProductView, "s", "P1")], wait_for_text()).unwrap();
    assert_eq!(ask().0, 2);
    let price = Price { regular_minor: 7, special: None };
    let patch = ProductPatch {
        sku: "P1".into(),
        prices: BTreeMap::from([(ROOT_BOOK.into(), Some(price))]),
        ..ProductPatch::default()
    };
    engine.patch_products(vec![patch], wait_for_text()).unwrap();
    assert_eq!(ask().0, 3, "prices are no texts");
    engine.put_products(vec![simple("P3", "Corduroy pants", "Men/Bottoms", 1)], wait_for_text()).unwrap();
    assert_eq!(ask().0, 3);
    assert_eq!(ask().0, 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_kept_is_what_looking_gives(
        queries in prop::collection::vec("(striped|plain|wool|linen|shir|shirts|pnts|men|tops|acme|x) ?(pants|shirt|bottoms|li)?", 1..12),
        hidden in prop::option::of(0..4usize),
    ) {
        let engine = open(None);
        engine.put_products(shirts(), wait_for_text()).unwrap();
        let ask = |text: &String| said(&engine.list_here(&search(text)).unwrap());
        for round in 0..2 {
            if let Some(sku) = hidden.filter(|_| round == 1).map(|at| ["T1", "T2", "P1", "P2"][at]) {
                let patch = ProductPatch { sku: sku.into(), visibility: Some(Visibility::Catalog), ..ProductPatch::default() };
                engine.patch_products(vec![patch], wait_for_text()).unwrap();
            }
            let kept: Vec<String> = queries.iter().chain(&queries).map(&ask).collect();
            let looked: Vec<String> = queries.iter().map(|query| { forget(); ask(query) }).collect();
            prop_assert_eq!(&kept[..queries.len()], &looked[..]);
            prop_assert_eq!(&kept[queries.len()..], &looked[..]);
        }
    }
}
