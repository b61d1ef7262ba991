//! The kernel as a whole, without plugins and without a server.

mod acts;
mod again;
mod identity;
mod arms;
mod history;
mod merchant;
mod requests;
mod texts;
mod vectors;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::types::*;
use super::*;
use crate::catalog::doc::*;
use crate::config::document::{DocumentKey, DocumentState, DocumentWrite};
use crate::expr::{Condition, Test, Value};
use crate::log::clock::ManualClock;
use crate::pipeline::request::*;
use crate::signal::event::{Event, EventItem, EventKind};

const NOW: i64 = 1_760_000_000_000;

fn variant(sku: &str, options: &[(&str, &str)], price_minor: i64, in_stock: bool) -> VariantDoc {
    VariantDoc {
        sku: sku.into(),
        options: options.iter().map(|(k, v)| ((*k).into(), AttributeValue::Text((*v).into()))).collect(),
        prices: BTreeMap::from([(ROOT_BOOK.into(), Price { regular_minor: price_minor, special: None })]),
        stock: Stock { in_stock, quantity: None },
        image: None,
    }
}

fn product(sku: &str, name: &str, category: &str, variants: Vec<VariantDoc>) -> ProductDoc {
    ProductDoc {
        sku: sku.into(),
        collection: PRODUCTS.into(),
        name: name.into(),
        description: String::new(),
        brand: Some("Acme".into()),
        categories: vec![Placement { path: category.split('/').map(Into::into).collect(), position: None }],
        visibility: Visibility::Both,
        created_ms: Some(NOW),
        attributes: BTreeMap::new(),
        image: None,
        url: None,
        links: BTreeMap::new(),
        views: BTreeMap::new(),
        vectors: BTreeMap::new(),
        variants,
    }
}

fn simple(sku: &str, name: &str, category: &str, price_minor: i64) -> ProductDoc {
    product(sku, name, category, vec![variant(sku, &[], price_minor, true)])
}

fn request(list: List) -> ListRequest {
    ListRequest { list, explain: true, deadline: Some(Duration::from_secs(30)), ..ListRequest::plain("r1") }
}

fn search(text: &str) -> ListRequest {
    request(List::Search { text: text.into() })
}

fn filter(field: &str, value: &str) -> Condition {
    Condition::Field { field: field.into(), test: Test::In(vec![Value::Text(value.into())]) }
}

fn skus(answer: &ListAnswer) -> Vec<&str> {
    answer.items.iter().map(|hit| hit.sku.as_str()).collect()
}

fn open(dir: Option<&Path>) -> Arc<Engine> {
    let config = EngineConfig { data_dir: dir.map(Into::into), workers: 1, ..EngineConfig::default() };
    Engine::open_with_clock(config, Arc::new(ManualClock::at(NOW))).unwrap()
}

fn wait_for_text() -> WriteOptions {
    WriteOptions { actor: "test".into(), acknowledge: Acknowledge::Text, ..WriteOptions::default() }
}

fn event(id: &str, kind: EventKind, session: &str, sku: &str) -> Event {
    let item = EventItem { sku: sku.into(), quantity: 1.0, price_minor: None, position: None };
    Event {
        id: id.into(),
        time_ms: NOW,
        kind,
        visitor: session.into(),
        customer: None,
        session: session.into(),
        store_view: String::new(),
        request_id: None,
        items: vec![item],
        query: None,
        category: None,
        unit: None,
        order: (kind == EventKind::OrderPlaced).then(|| id.into()),
        consent: true,
        attributes: BTreeMap::new(),
    }
}

fn unit(id: &str, body: &str) -> DocumentWrite {
    DocumentWrite {
        key: DocumentKey { kind: "unit".into(), scope: String::new(), id: id.into() },
        state: DocumentState::Live,
        overlay: String::new(),
        body: Some(body.into()),
        author: "test".into(),
        note: String::new(),
        from_ms: None,
        until_ms: None,
        expected_revision: None,
    }
}

fn shirts() -> Vec<ProductDoc> {
    let trap = vec![
        variant("T1-S-Red", &[("color", "Red"), ("size", "S")], 2_000, true),
        variant("T1-M-Blue", &[("color", "Blue"), ("size", "M")], 2_000, true),
        variant("T1-M-Red", &[("color", "Red"), ("size", "M")], 2_000, false),
    ];
    let other = vec![variant("T2-M-Red", &[("color", "Red"), ("size", "M")], 3_000, true)];
    vec![
        product("T1", "Striped shirt", "Men/Tops", trap),
        product("T2", "Plain shirt", "Men/Tops", other),
        simple("P1", "Wool pants", "Men/Bottoms", 5_000),
        simple("P2", "Linen pants", "Men/Bottoms", 4_000),
    ]
}

#[test]
fn a_search_finds_filters_counts_and_explains() {
    let engine = open(None);
    let receipt = engine.put_products(shirts(), wait_for_text()).unwrap();
    assert_eq!((receipt.accepted, receipt.rejected.len()), (4, 0));
    let answer = engine.list(search("shirts")).unwrap();
    assert_eq!(answer.total, 2);
    for hit in &answer.items {
        let lines = hit.ledger.as_ref().unwrap();
        let sum = lines.iter().filter(|l| l.kind == LedgerKind::Score).fold(0.0, |sum, line| sum + line.value);
        assert_eq!(sum.to_bits(), hit.score.to_bits(), "{lines:?}");
    }
    assert_eq!(answer.as_of.seq, answer.as_of.text_seq);
    assert!(engine.list(search("nothing like it")).unwrap().items.is_empty());
}

#[test]
fn filters_hold_for_one_and_the_same_eligible_variant() {
    let engine = open(None);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let red_and_m = |out_of_stock: &str| {
        let mut view = unit("default", &format!(r#"{{"locale":"en-US","out_of_stock":"{out_of_stock}"}}"#));
        view.key.kind = "store-view".into();
        engine.write_config(vec![view], wait_for_text()).unwrap();
        let mut request = search("shirt");
        request.filters = vec![filter("color", "Red"), filter("size", "M")];
        let answer = engine.list(request).unwrap();
        answer.items.iter().map(|hit| (hit.sku.clone(), hit.variant.clone())).collect::<Vec<_>>()
    };
    assert_eq!(red_and_m("hide"), [("T2".to_owned(), "T2-M-Red".to_owned())], "the red M of T1 is sold out");
    let mut shown = red_and_m("show");
    shown.sort();
    assert_eq!(shown[0], ("T1".to_owned(), "T1-M-Red".to_owned()));
    assert_eq!(shown.len(), 2);
}

#[test]
fn a_facet_is_counted_without_its_own_filter() {
    let engine = open(None);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let mut request = search("shirt");
    request.filters = vec![filter("color", "Blue")];
    request.facets = Some(vec!["color".into(), "size".into()]);
    let answer = engine.list(request).unwrap();
    assert_eq!(skus(&answer), ["T1"]);
    let counts = |code: &str| -> Vec<(String, u64)> {
        let facet = answer.facets.iter().find(|facet| facet.attribute == code).unwrap();
        facet.buckets.iter().map(|b| (b.value.clone(), b.count)).collect()
    };
    assert_eq!(counts("color"), [("Red".to_owned(), 2), ("Blue".to_owned(), 1)]);
    assert_eq!(counts("size"), [("M".to_owned(), 1)]);
}

#[test]
fn without_plugins_lists_still_answer() {
    let engine = open(None);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let category = engine.list(request(List::Category { path: "Men".into() })).unwrap();
    assert_eq!(category.total, 4);
    engine.write_config(vec![unit("also", r#"{"type":"no-such-type","limit":2}"#)], WriteOptions::default()).unwrap();
    let events = ["a", "b"].map(|s| event(s, EventKind::ProductView, s, "P2"));
    assert_eq!(engine.ingest_events(events.to_vec(), WriteOptions::default()).unwrap().accepted, 2);
    let answer = engine.list(request(List::Unit { unit: "also".into(), anchors: vec!["T1".into()] })).unwrap();
    assert_eq!(skus(&answer), ["P2"], "{:?}", answer.warnings);
    let of_itself = engine.list(request(List::Unit { unit: "also".into(), anchors: vec!["P2".into()] })).unwrap();
    assert!(!skus(&of_itself).contains(&"P2"));
}

#[test]
fn pages_are_a_partition_of_the_list() {
    let engine = open(None);
    let docs: Vec<_> = (0..53).map(|n| simple(&format!("S{n:02}"), "Lamp", "Light", 100 + n % 7)).collect();
    engine.put_products(docs, wait_for_text()).unwrap();
    for (text, sort) in [("lamp", None), ("", Some("price")), ("lamp", Some("name"))] {
        let page = |number, size| {
            let mut request = search(text);
            request.page = Page { number, size };
            request.sort = sort.iter().map(|field| SortKey { field: (*field).into(), ascending: false }).collect();
            engine.list(request).unwrap().items.into_iter().map(|hit| hit.sku).collect::<Vec<_>>()
        };
        let whole = page(1, 60);
        assert_eq!(whole.len(), 53);
        let pages: Vec<String> = (1..=6).flat_map(|number| page(number, 10)).collect();
        assert_eq!(pages, whole, "{text} {sort:?}");
    }
    let mut beyond = search("lamp");
    beyond.page = Page { number: 7, size: 10 };
    assert!(matches!(engine.list(beyond), Err(QueryError::Invalid { parameter, .. }) if parameter == "page"));
}

#[test]
fn bad_rows_do_not_take_good_ones_with_them() {
    let engine = open(None);
    let mut bad = simple("B1", "Bad", "X", -1);
    bad.variants[0].prices.get_mut(ROOT_BOOK).unwrap().regular_minor = -1;
    let rows = vec![simple("G1", "Good", "X", 1), bad, simple("G1", "Again", "X", 1)];
    let receipt = engine.put_products(rows, wait_for_text()).unwrap();
    assert_eq!(receipt.accepted, 1);
    assert_eq!(receipt.rejected.iter().map(|r| r.index).collect::<Vec<_>>(), [1, 2]);
    assert!(receipt.rejected[1].message.contains("row 1"), "{:?}", receipt.rejected);
}

#[test]
fn an_idempotency_key_writes_once() {
    let engine = open(None);
    let options = || WriteOptions { idempotency_key: Some("k".into()), ..WriteOptions::default() };
    let first = engine.put_products(shirts(), options()).unwrap();
    let again = engine.put_products(shirts(), options()).unwrap();
    assert_eq!((again.seq, again.accepted, again.duplicates), (first.seq, 0, 4));
}

/// What a shop answers to a fixed set of requests.
fn answers(engine: &Arc<Engine>) -> Vec<String> {
    let mut said = Vec::new();
    for text in ["shirt", "pants", "lamp", ""] {
        said.push(engine.list(search(text)).unwrap());
    }
    said.push(engine.list(request(List::Category { path: "Men".into() })).unwrap());
    if let Ok(answer) = engine.list(request(List::Unit { unit: "also".into(), anchors: vec!["T1".into()] })) {
        said.push(answer);
    }
    said.iter().map(|answer| format!("{answer:?}")).collect()
}

/// A shop's life, from a seed.
fn live_a_little(engine: &Arc<Engine>, seed: u64) {
    let mut state = seed;
    let mut roll = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    engine.put_products(shirts(), WriteOptions::default()).unwrap();
    engine.write_config(vec![unit("also", r#"{"type":"co-viewed"}"#)], WriteOptions::default()).unwrap();
    for step in 0..40 {
        let sku = ["T1", "T2", "P1", "P2", "L1"][roll(5) as usize];
        match roll(6) {
            0 => {
                drop(engine.put_products(vec![simple("L1", "Lamp", "Light", roll(9) as i64)], WriteOptions::default()))
            }
            1 => {
                let price = Price { regular_minor: roll(9_000) as i64, special: None };
                let patch = ProductPatch {
                    sku: sku.into(),
                    prices: BTreeMap::from([(ROOT_BOOK.into(), Some(price))]),
                    in_stock: Some(roll(4) > 0),
                    ..ProductPatch::default()
                };
                drop(engine.patch_products(vec![patch], WriteOptions::default()));
            }
            2 if step % 5 == 0 => drop(engine.delete_products(vec![sku.into()], WriteOptions::default())),
            3 => {
                let order = event(&format!("o{step}"), EventKind::OrderPlaced, &format!("s{}", roll(5)), sku);
                engine.ingest_events(vec![order], WriteOptions::default()).unwrap();
            }
            _ => {
                let view = event(&format!("e{step}"), EventKind::ProductView, &format!("s{}", roll(5)), sku);
                engine.ingest_events(vec![view], WriteOptions::default()).unwrap();
            }
        }
    }
    engine.flush().unwrap();
}

#[test]
fn a_replay_of_the_log_is_the_live_shop() {
    for seed in [1, 2, 3] {
        let dir = tempfile::tempdir().unwrap();
        let live = open(Some(dir.path()));
        live_a_little(&live, seed);
        let (expected, at) = (answers(&live), live.status().as_of);
        live.close();
        drop(live);
        // From the snapshot file that closing wrote.
        let reopened = open(Some(dir.path()));
        assert_eq!(reopened.status().as_of, at);
        assert_eq!(answers(&reopened), expected);
        drop(reopened);
        // From the log alone.
        std::fs::remove_dir_all(dir.path().join("snapshots")).unwrap();
        std::fs::remove_dir_all(dir.path().join("text")).unwrap();
        let replayed = open(Some(dir.path()));
        assert_eq!(answers(&replayed), expected);
    }
}

#[test]
fn a_shop_can_be_opened_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let config = EngineConfig { data_dir: Some(dir.path().into()), workers: 1, ..EngineConfig::default() };
    let live = open(Some(dir.path()));
    live.put_products(shirts(), wait_for_text()).unwrap();
    let before = live.status().as_of.seq;
    live.delete_products(vec!["T1".into()], wait_for_text()).unwrap();
    assert_eq!(live.list(search("shirt")).unwrap().total, 1);
    live.close();
    drop(live);
    let then = Engine::open_at(config.clone(), before).unwrap();
    assert_eq!(then.list(search("shirt")).unwrap().total, 2);
    assert!(then.put_products(shirts(), WriteOptions::default()).is_err());
    drop(then);
    assert!(Engine::open_at(config, 999).is_err());
}

#[test]
fn a_page_shows_no_product_twice_and_refills() {
    let engine = open(None);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let events: Vec<Event> =
        ["P1", "P2", "T1", "T2"].iter().map(|sku| event(sku, EventKind::ProductView, sku, sku)).collect();
    engine.ingest_events(events, WriteOptions::default()).unwrap();
    engine.write_config(vec![unit("top", r#"{"type":"most-viewed","limit":2}"#)], WriteOptions::default()).unwrap();
    let list = || request(List::Unit { unit: "top".into(), anchors: Vec::new() });
    let page = PageRequest { lists: vec![("a".into(), list()), ("b".into(), list())], shopper: Shopper::default() };
    let answer = engine.page(page).unwrap();
    let shown: Vec<String> = answer
        .lists
        .iter()
        .flat_map(|(_, list)| list.as_ref().unwrap().items.iter().map(|hit| hit.sku.clone()))
        .collect();
    assert_eq!(shown.len(), 4);
    assert_eq!(shown.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
}

#[test]
fn a_draft_is_seen_under_its_overlay_only() {
    let engine = open(None);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let mut draft = unit("later", r#"{"type":"most-viewed"}"#);
    (draft.state, draft.overlay) = (DocumentState::Draft, "spring".into());
    engine.write_config(vec![draft], WriteOptions::default()).unwrap();
    let list = || request(List::Unit { unit: "later".into(), anchors: Vec::new() });
    assert!(matches!(engine.list(list()), Err(QueryError::NotFound { .. })));
    let preview = ListRequest { overlays: vec!["spring".into()], ..list() };
    assert!(engine.list(preview).is_ok());
}

#[test]
fn why_not_names_the_first_obstacle() {
    let engine = open(None);
    let mut hidden = simple("H1", "Secret shirt", "Men", 1);
    hidden.visibility = Visibility::Catalog;
    engine.put_products(shirts().into_iter().chain([hidden]).collect(), wait_for_text()).unwrap();
    let check = |request: ListRequest, sku: &str, expected: &str| {
        let said = engine.explain_absence(request, sku).unwrap();
        assert!(said.contains(expected), "{sku}: {said}");
    };
    check(search("shirt"), "H1", "visibility");
    check(search("shirt"), "P1", "does not match");
    check(search("shirt"), "T1", "position");
    let mut filtered = search("shirt");
    filtered.filters = vec![filter("size", "M"), filter("color", "Green")];
    check(filtered, "T2", "filter 2");
}
