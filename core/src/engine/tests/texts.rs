//! When what is written becomes searchable, and what does not touch the text index.

use super::*;
use crate::engine::indexer::{Indexer, TextJob};

fn patch(sku: &str) -> ProductPatch {
    ProductPatch { sku: sku.into(), ..ProductPatch::default() }
}

fn attribute(code: &str, body: &str) -> DocumentWrite {
    let mut write = unit(code, body);
    write.key.kind = "attribute".into();
    write
}

fn with_attribute(sku: &str, code: &str, value: AttributeValue) -> ProductPatch {
    ProductPatch { attributes: BTreeMap::from([(code.into(), Some(value))]), ..patch(sku) }
}

fn changed(engine: &Arc<Engine>, patch: ProductPatch) -> bool {
    let mut state = state::State::default();
    for entry in engine.read_log(1, 1_000).unwrap() {
        state.fold(&entry);
    }
    let seq = engine.patch_products(vec![patch], WriteOptions::default()).unwrap().seq;
    let entries = engine.read_log(state.seq + 1, 1_000).unwrap();
    let folded = entries.iter().map(|entry| (entry.seq, state.fold(entry))).find(|(at, _)| *at == seq);
    !folded.unwrap().1.text_changed.is_empty()
}

#[test]
fn a_patched_word_is_found_if_its_attribute_is_searched() {
    let engine = open(None);
    engine.write_config(vec![attribute("code", r#"{"searchable":false}"#)], WriteOptions::default()).unwrap();
    engine.put_products(shirts(), wait_for_text()).unwrap();
    engine
        .patch_products(vec![with_attribute("T1", "fabric", AttributeValue::Text("corduroy".into()))], wait_for_text())
        .unwrap();
    assert_eq!(skus(&engine.list(search("corduroy")).unwrap()), ["T1"]);
    let removed = ProductPatch { attributes: BTreeMap::from([("fabric".into(), None)]), ..patch("T1") };
    engine.patch_products(vec![removed], wait_for_text()).unwrap();
    assert!(engine.list(search("corduroy")).unwrap().items.is_empty());
}

#[test]
fn only_searched_words_touch_the_text_index() {
    let engine = open(None);
    engine.write_config(vec![attribute("code", r#"{"searchable":false}"#)], WriteOptions::default()).unwrap();
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let text = |text: &str| AttributeValue::Text(text.into());
    let price = Price { regular_minor: 1, special: None };
    let price = ProductPatch { prices: BTreeMap::from([(ROOT_BOOK.into(), Some(price))]), ..patch("T1") };
    assert!(!changed(&engine, price));
    assert!(!changed(&engine, ProductPatch { in_stock: Some(false), ..patch("P1") }));
    assert!(!changed(&engine, with_attribute("T1", "rating", AttributeValue::Number(4.0))));
    assert!(!changed(&engine, with_attribute("T1", "code", text("x7"))));
    assert!(changed(&engine, with_attribute("T1", "fabric", text("linen"))));
    assert!(!changed(&engine, with_attribute("T1", "fabric", text("linen"))), "nothing changed");
    assert!(changed(&engine, with_attribute("T1", "brand", text("Umbra"))));
    assert!(changed(&engine, with_attribute("T1-S-Red", "color", text("Crimson"))));
}

#[test]
fn a_category_that_moves_or_goes_takes_its_words_along() {
    let engine = open(None);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let names = |path: &[&str]| path.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let found = |text: &str| {
        let answer = engine.list(search(text)).unwrap();
        skus(&answer).iter().map(|sku| (*sku).to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    let tops = std::collections::BTreeSet::from(["T1".to_owned(), "T2".to_owned()]);
    assert_eq!(found("tops"), tops);
    let moved = CategoryChange::Move { path: names(&["Men", "Tops"]), to: names(&["Gents", "Upperwear"]) };
    engine.change_categories(vec![moved], wait_for_text()).unwrap();
    assert_eq!(found("upperwear"), tops);
    assert_eq!(found("gents"), tops);
    assert!(found("tops").is_empty());
    let removed = CategoryChange::Remove { path: names(&["Gents"]) };
    engine.change_categories(vec![removed], wait_for_text()).unwrap();
    assert!(found("upperwear").is_empty());
}

/// An indexer of an empty shop, and the parts it publishes with.
fn indexer() -> (Indexer, Arc<Publisher>, crate::snapshot::Shop) {
    let engine = open(None);
    let first = engine.publisher.current();
    let (publisher, _) = Publisher::new((*first).clone());
    let shop = first.epoch.shop.clone();
    let indexer =
        Indexer::open(publisher.clone(), None, std::time::Duration::ZERO, shop.clone(), &first.catalog, (0, 0));
    (indexer.unwrap(), publisher, shop)
}

#[test]
fn an_indexer_that_is_told_to_stop_among_other_jobs_stops() {
    let (indexer, publisher, _) = indexer();
    let (jobs, inbox) = crossbeam_channel::unbounded();
    let (done, finished) = crossbeam_channel::bounded(1);
    jobs.send(TextJob::Flush(done)).unwrap();
    jobs.send(TextJob::Stop).unwrap();
    // It returns though `jobs` is still there, or this test never ends.
    indexer.run(&inbox);
    finished.recv().unwrap();
    publisher.publish(|next| next.seq = 7);
    assert_eq!(publisher.reached().text_seq, 7, "nothing is pending");
}

#[test]
fn new_rules_with_an_older_catalog_do_not_bring_old_texts_back() {
    let (indexer, publisher, shop) = indexer();
    let old = publisher.current().catalog.clone();
    let mut new = old.clone();
    let item = new.put(simple("S1", "Anorak", "Men", 1), NOW);
    publisher.expect_text();
    publisher.expect_text();
    let (jobs, inbox) = crossbeam_channel::unbounded();
    jobs.send(TextJob::Changed { seq: 2, catalog: new, items: vec![item] }).unwrap();
    jobs.send(TextJob::Everything { seq: 1, catalog: old, shop: Box::new(shop) }).unwrap();
    jobs.send(TextJob::Stop).unwrap();
    indexer.run(&inbox);
    let snapshot = publisher.current();
    let view = snapshot.text.view("default").unwrap();
    let query =
        crate::text::read_query(crate::text::Language::of_locale("en-US"), "anorak", crate::text::LastWord::Begun);
    let found = view.search(&query, &Default::default(), None, crate::text::Match::All).unwrap();
    assert_eq!(found.iter().map(|found| found.item).collect::<Vec<_>>(), [item]);
}

#[test]
fn a_text_that_cannot_be_committed_is_not_said_to_be_searchable() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(Some(dir.path()));
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let found = |text: &str| engine.list(search(text)).unwrap().total;
    assert_eq!((found("shirt"), found("lamp")), (2, 0));

    // The folder of the index is gone, and something stands in its place.
    let folder = std::fs::read_dir(dir.path().join("text")).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let lamp = simple("L1", "Brass lamp", "Light", 900);
    let written = engine.put_products(vec![lamp], WriteOptions::default()).unwrap();
    for _ in 0..2 {
        assert!(matches!(engine.flush(), Err(WriteError::Failed(_))));
        let as_of = engine.status().as_of;
        assert!(as_of.seq >= written.seq && as_of.text_seq < written.seq, "{as_of:?}");
        assert_eq!((found("shirt"), found("lamp")), (2, 0), "the last good texts are searched");
    }

    std::fs::remove_file(&folder).unwrap();
    engine.flush().unwrap();
    let as_of = engine.status().as_of;
    assert_eq!(as_of.text_seq, as_of.seq);
    assert_eq!((found("shirt"), found("lamp")), (2, 1));
}
