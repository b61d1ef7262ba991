//! Pages, sorts, deadlines and waiting.

use super::*;

fn views(skus: &[(&str, u32)]) -> Vec<Event> {
    let of = |(sku, n): &(&str, u32)| {
        (0..*n)
            .map(|at| event(&format!("{sku}-{at}"), EventKind::ProductView, &format!("{sku}-{at}"), sku))
            .collect::<Vec<_>>()
    };
    skus.iter().flat_map(of).collect()
}

#[test]
fn pages_of_a_unit_are_cut_from_one_list_of_its_length() {
    let engine = open(None);
    let docs: Vec<_> = (0..12).map(|n| simple(&format!("S{n:02}"), "Lamp", "Light", 100 + n)).collect();
    engine.put_products(docs, wait_for_text()).unwrap();
    let seen: Vec<(String, u32)> = (0..12).map(|n| (format!("S{n:02}"), 1 + n % 5)).collect();
    let seen: Vec<(&str, u32)> = seen.iter().map(|(sku, n)| (sku.as_str(), *n)).collect();
    engine.ingest_events(views(&seen), WriteOptions::default()).unwrap();
    let body = r#"{"type":"recent","limit":7,"fallback":["most-viewed"]}"#;
    engine.write_config(vec![unit("u", body)], WriteOptions::default()).unwrap();
    let page = |number, size| {
        let mut request = request(List::Unit { unit: "u".into(), anchors: Vec::new() });
        request.page = Page { number, size };
        request.shopper.viewed = vec!["S03".into(), "S04".into()];
        engine.list(request)
    };
    let whole = page(1, 24).unwrap();
    assert_eq!((whole.items.len(), whole.total), (7, 7), "the unit's limit, not the page's size");
    for size in 1..=8 {
        let pages: Vec<ListAnswer> = (1..=7u32.div_ceil(size)).map(|number| page(number, size).unwrap()).collect();
        assert!(pages.iter().all(|page| page.total == 7), "size {size}");
        assert_eq!(pages.iter().flat_map(skus).collect::<Vec<_>>(), skus(&whole), "size {size}");
    }
    assert!(matches!(page(2, 24), Err(QueryError::Invalid { parameter, .. }) if parameter == "page"));
}

#[test]
fn a_facet_of_everything_is_counted_without_its_own_filter() {
    let engine = open(None);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let mut request = search("");
    request.filters = vec![filter("color", "Blue")];
    request.facets = Some(vec!["color".into()]);
    let answer = engine.list(request).unwrap();
    let values: Vec<&str> = answer.facets[0].buckets.iter().map(|bucket| bucket.value.as_str()).collect();
    assert_eq!(values, ["Red", "Blue"]);
}

#[test]
fn position_sorts_by_the_merchants_numbers() {
    let engine = open(None);
    let at = |sku: &str, position: Option<i32>| {
        let mut doc = simple(sku, "Lamp", "Light", 100);
        doc.categories[0].position = position;
        doc
    };
    engine
        .put_products(vec![at("C", Some(3)), at("A", Some(1)), at("N", None), at("B", Some(2))], wait_for_text())
        .unwrap();
    let sorted = |keys: &[(&str, bool)]| {
        let mut request = request(List::Category { path: "Light".into() });
        request.sort =
            keys.iter().map(|(field, ascending)| SortKey { field: (*field).into(), ascending: *ascending }).collect();
        skus(&engine.list(request).unwrap()).join("")
    };
    assert_eq!(sorted(&[]), "ABCN");
    assert_eq!(sorted(&[("position", true)]), "ABCN");
    assert_eq!(sorted(&[("position", false)]), "CBAN");
    assert_eq!(sorted(&[("price", true), ("position", true)]), "ABCN");
}

#[test]
fn a_read_waits_for_its_position_within_its_deadline() {
    let engine = open(None);
    let next = engine.put_products(shirts(), wait_for_text()).unwrap().seq + 1;
    let mut request = search("coat");
    request.min_seq = Some(next);
    let (sender, answers) = crossbeam_channel::bounded(1);
    engine.submit_list(request.clone(), Box::new(move |answer| drop(sender.send(answer))));
    assert!(answers.is_empty());
    engine.put_products(vec![simple("C1", "Coat", "Men", 1)], wait_for_text()).unwrap();
    assert!(answers.recv().unwrap().unwrap().as_of.seq >= next);
    request.min_seq = Some(next + 1_000);
    request.deadline = Some(Duration::from_millis(1));
    assert!(matches!(engine.list(request), Err(QueryError::NotYet { .. })));
}

#[test]
fn the_last_handle_may_be_let_go_while_a_read_waits() {
    let engine = open(None);
    let mut request = search("coat");
    request.min_seq = Some(1_000);
    request.deadline = Some(Duration::from_millis(20));
    let (sender, answers) = crossbeam_channel::bounded(1);
    engine.submit_list(request, Box::new(move |answer| drop(sender.send(answer))));
    drop(engine);
    assert!(matches!(answers.recv().unwrap(), Err(QueryError::NotYet { .. })));
}

#[test]
fn remarks_on_a_request_are_few_and_said_once() {
    let engine = open(None);
    let mut request = search("");
    request.filters = (0..100).flat_map(|n| [filter(&format!("f{n}"), "x"), filter(&format!("f{n}"), "y")]).collect();
    let warnings = engine.list(request).unwrap().warnings;
    assert_eq!(warnings.len(), crate::limits::WARNINGS_MAX);
    assert!(warnings[0].contains("f0") && warnings[1].contains("f1"), "{warnings:?}");
}

#[test]
fn what_a_shop_is_neither_differs_by_view_nor_comes_and_goes() {
    let engine = open(None);
    let mut view = unit("default", r#"{"locale":"en-US"}"#);
    view.key.kind = "store-view".into();
    let mut dated = view.clone();
    dated.until_ms = Some(NOW);
    assert!(matches!(engine.write_config(vec![dated], WriteOptions::default()), Err(WriteError::Refused { .. })));
    let mut scoped = view.clone();
    scoped.key.scope = "default".into();
    assert!(matches!(engine.write_config(vec![scoped], WriteOptions::default()), Err(WriteError::Refused { .. })));
    engine.write_config(vec![view], WriteOptions::default()).unwrap();
}

#[test]
fn a_look_back_can_be_flushed_and_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let live = open(Some(dir.path()));
    let first = live.put_products(shirts(), wait_for_text()).unwrap().seq;
    live.delete_products(vec!["T1".into()], wait_for_text()).unwrap();
    live.close();
    drop(live);
    let before = std::fs::read_dir(dir.path().join("served")).unwrap().count();
    let config = EngineConfig { data_dir: Some(dir.path().into()), workers: 1, ..EngineConfig::default() };
    let then = Engine::open_at(config, first).unwrap();
    then.flush().unwrap();
    assert_eq!(then.list(search("shirt")).unwrap().total, 2);
    drop(then);
    assert_eq!(std::fs::read_dir(dir.path().join("served")).unwrap().count(), before);
}

#[test]
fn a_snapshot_file_ahead_of_its_log_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let live = open(Some(dir.path()));
    live.put_products(shirts(), wait_for_text()).unwrap();
    drop(live);
    // The log is restored from an empty copy.
    let other = tempfile::tempdir().unwrap();
    drop(open(Some(other.path())));
    for kept in ["snapshots", "text"] {
        std::fs::remove_dir_all(other.path().join(kept)).ok();
        std::fs::rename(dir.path().join(kept), other.path().join(kept)).unwrap();
    }
    let restored = open(Some(other.path()));
    assert_eq!(restored.status().products, 0);
    let seq = restored.put_products(vec![simple("S1", "Anorak", "Men", 1)], wait_for_text()).unwrap().seq;
    assert_eq!(skus(&restored.list(search("anorak")).unwrap()), ["S1"]);
    assert!(restored.list(search("shirt")).unwrap().items.is_empty());
    assert!(restored.status().as_of.seq >= seq);
}

#[test]
fn whoever_has_the_answer_has_the_last_handle() {
    let engine = open(None);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    for _ in 0..100 {
        engine.list(search("shirt")).unwrap();
        assert_eq!(Arc::strong_count(&engine), 1);
        let page = PageRequest { lists: vec![("a".into(), search("shirt"))], shopper: Shopper::default() };
        engine.page(page).unwrap();
        assert_eq!(Arc::strong_count(&engine), 1);
    }
}
