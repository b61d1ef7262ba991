//! Experiments: what their visitors see, what is prepared for them, what is refused.

use super::*;
use crate::limits::ARM_COMBINATIONS_MAX;

fn experiment(id: &str, body: &str) -> DocumentWrite {
    let mut write = unit(id, body);
    write.key.kind = "experiment".into();
    write
}

fn draft(overlay: &str, id: &str, body: &str) -> DocumentWrite {
    DocumentWrite { state: DocumentState::Draft, overlay: overlay.into(), ..unit(id, body) }
}

const SPLIT: &str = r#"{"arms":[{"name":"off"},{"name":"on","overlays":["next"]}]}"#;

/// A shop whose unit shows one item, and two to visitors in the arm `on`.
fn shop(dir: Option<&Path>) -> Arc<Engine> {
    let engine = open(dir);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    let views = ["T1", "T2", "P1"].map(|sku| event(sku, EventKind::ProductView, "looker", sku));
    engine.ingest_events(views.to_vec(), WriteOptions::default()).unwrap();
    let writes = vec![
        unit("home", r#"{"type":"most-viewed","limit":1}"#),
        draft("next", "home", r#"{"type":"most-viewed","limit":2}"#),
        experiment("split", SPLIT),
    ];
    engine.write_config(writes, WriteOptions::default()).unwrap();
    engine
}

fn home(visitor: &str) -> ListRequest {
    let mut request = request(List::Unit { unit: "home".into(), anchors: Vec::new() });
    request.request_id = format!("for-{visitor}");
    request.shopper.visitor = Some(visitor.into());
    request
}

fn arm_of(engine: &Arc<Engine>, visitor: &str) -> String {
    let answer = engine.list(home(visitor)).unwrap();
    let [(experiment, arm)] = &answer.arms[..] else { panic!("{:?}", answer.arms) };
    assert_eq!((experiment.as_str(), answer.items.len()), ("split", if arm == "on" { 2 } else { 1 }));
    arm.clone()
}

#[test]
fn an_arm_stands_in_the_served_record_and_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let engine = shop(Some(dir.path()));
    let visitors: Vec<String> = (0..40).map(|n| format!("v{n}")).collect();
    let arms: Vec<String> = visitors.iter().map(|visitor| arm_of(&engine, visitor)).collect();
    assert!(arms.iter().any(|arm| arm == "on") && arms.iter().any(|arm| arm == "off"));
    for (visitor, arm) in visitors.iter().zip(&arms) {
        let record = engine.served.find(&format!("for-{visitor}")).unwrap();
        assert_eq!(record.arms, [("split".to_owned(), arm.clone())]);
    }
    engine.close();
    drop(engine);
    let engine = open(Some(dir.path()));
    assert_eq!(visitors.iter().map(|visitor| arm_of(&engine, visitor)).collect::<Vec<_>>(), arms);
}

#[test]
fn the_customer_stands_in_for_a_visitor_and_signing_in_changes_nothing() {
    let engine = shop(None);
    let arms_of = |visitor: Option<&str>, customer: Option<&str>| {
        let mut request = home("");
        (request.shopper.visitor, request.shopper.customer) = (visitor.map(Into::into), customer.map(Into::into));
        engine.list(request).unwrap().arms
    };
    for n in 0..20 {
        let (visitor, customer) = (format!("v{n}"), format!("c{n}"));
        assert_eq!(arms_of(Some(&visitor), Some(&customer)), arms_of(Some(&visitor), None));
        assert_eq!(arms_of(None, Some(&customer)), arms_of(Some(&customer), None));
    }
    assert_eq!(arms_of(None, None), []);
}

#[test]
fn what_visitors_see_is_prepared_when_it_is_published() {
    let engine = shop(None);
    let seen_on = |engine: &Engine| {
        let snapshot = engine.publisher.current();
        let mut forced = home("anybody");
        forced.arms = vec![("split".into(), "on".into())];
        let seen = engine.epochs.see(&snapshot, &super::super::arms::Ask::of(&forced)).unwrap();
        (snapshot.epoch.clone(), seen.epoch)
    };
    let (live, seen) = seen_on(&engine);
    assert_eq!(live.arms.keys().collect::<Vec<_>>(), [&["next".to_owned()]]);
    assert!(Arc::ptr_eq(&live.arms[&vec!["next".to_owned()]], &seen));
    // A changed draft is seen as soon as its write is acknowledged.
    let wider = draft("next", "home", r#"{"type":"most-viewed","limit":3}"#);
    engine.write_config(vec![wider], WriteOptions::default()).unwrap();
    let (newer, seen) = seen_on(&engine);
    assert!(!Arc::ptr_eq(&live, &newer) && Arc::ptr_eq(&newer.arms[&vec!["next".to_owned()]], &seen));
    let mut over = experiment("split", SPLIT);
    over.until_ms = Some(NOW - 1);
    engine.write_config(vec![over], WriteOptions::default()).unwrap();
    assert!(engine.publisher.current().epoch.arms.is_empty(), "nobody takes part any more");
}

#[test]
fn an_experiment_beyond_the_combinations_is_refused() {
    let engine = open(None);
    // Each doubles what visitors can see.
    let n_max = ARM_COMBINATIONS_MAX.ilog2();
    let body = |n: u32| format!(r#"{{"arms":[{{"name":"off"}},{{"name":"on","overlays":["o{n}"]}}]}}"#);
    let writes = (0..n_max).map(|n| experiment(&format!("e{n}"), &body(n))).collect();
    engine.write_config(writes, WriteOptions::default()).unwrap();
    let one_more = |write| engine.write_config(vec![write], WriteOptions::default());
    let WriteError::Refused { problems, .. } = one_more(experiment("more", &body(n_max))).unwrap_err() else {
        panic!()
    };
    assert_eq!(problems[0].pointer, "/arms");
    // One without overlays shows nothing new, and a draft shows nothing.
    one_more(experiment("blank", r#"{"arms":[{"name":"a"},{"name":"b"}]}"#)).unwrap();
    let hidden = experiment("more", &body(n_max));
    one_more(DocumentWrite { state: DocumentState::Draft, overlay: "later".into(), ..hidden }).unwrap();
}

#[test]
fn explicit_overlays_lie_on_top_and_bring_drafts_of_experiments_to_life() {
    let engine = shop(None);
    let writes = vec![
        draft("top", "home", r#"{"type":"most-viewed","limit":3}"#),
        DocumentWrite {
            state: DocumentState::Draft,
            overlay: "plan".into(),
            ..experiment("planned", r#"{"arms":[{"name":"only"}]}"#)
        },
    ];
    engine.write_config(writes, WriteOptions::default()).unwrap();
    let mut over = home("anybody");
    over.arms = vec![("split".into(), "on".into())];
    over.overlays = vec!["top".into()];
    assert_eq!(engine.list(over).unwrap().items.len(), 3);
    let mut planned = home("anybody");
    let with = |request: &ListRequest| engine.list(request.clone()).unwrap().arms.len();
    assert_eq!(with(&planned), 1);
    planned.overlays = vec!["plan".into()];
    assert_eq!(with(&planned), 2);
}
