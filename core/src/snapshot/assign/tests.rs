//! Assignment: the formula, running and forced experiments, combinations, remarks.

use super::*;
use crate::config::document::{DocumentState, DocumentWrite};
use crate::snapshot::experiment::EXPERIMENT_KIND;
use crate::snapshot::read_experiments;

fn write(kind: &str, scope: &str, id: &str, overlay: &str, body: &str) -> DocumentWrite {
    DocumentWrite {
        key: DocumentKey { kind: kind.into(), scope: scope.into(), id: id.into() },
        state: if overlay.is_empty() { DocumentState::Live } else { DocumentState::Draft },
        overlay: overlay.into(),
        body: Some(body.into()),
        author: String::new(),
        note: String::new(),
        from_ms: None,
        until_ms: None,
        expected_revision: None,
    }
}

fn live(scope: &str, id: &str, body: &str) -> DocumentWrite {
    write(EXPERIMENT_KIND, scope, id, "", body)
}

fn store(writes: &[DocumentWrite]) -> Store {
    let mut store = Store::default();
    store.apply(writes, 1, 0);
    store
}

fn experiments(writes: &[DocumentWrite]) -> Experiments {
    let mut problems = Vec::new();
    let read = read_experiments(&store(writes).select(&[]), &mut problems);
    assert_eq!(problems, Vec::<String>::new());
    read
}

fn who<'a>(visitor: Option<&'a str>, forced: &'a [(String, String)]) -> Who<'a> {
    Who { view: "se", now_ms: 10, visitor, forced }
}

/// An experiment whose every visitor gets one arm of this name under this overlay.
fn all_in(arm: &str, overlay: &str) -> String {
    format!(r#"{{"arms":[{{"name":"{arm}","overlays":["{overlay}"]}}]}}"#)
}

fn pair(id: &str, arm: &str) -> (String, String) {
    (id.into(), arm.into())
}

#[test]
fn the_formula_is_fixed_for_ever() {
    // Recorded once, from an implementation of the published formula in another language: another formula would move
    // visitors from arm to arm.
    let of = |share: f64| (share * 2f64.powi(53)) as u64;
    assert_eq!(of(share_of_traffic("spring", "anna")), 12_913_024_711_911);
    assert_eq!(of(share_of_arm("spring", "anna")), 4_307_211_649_018_583);
}

#[test]
fn shares_are_uniform() {
    let mut buckets = [0usize; 20];
    (0..40_000).for_each(|v| buckets[(share_of_arm("s", &format!("v{v}")) * 20.0) as usize] += 1);
    // 2,000 expected in each; the statistic has 19 degrees of freedom and is below 43.8 in 999 of 1,000 draws.
    let chi: f64 = buckets.iter().map(|n| (*n as f64 - 2_000.0).powi(2) / 2_000.0).sum();
    assert!(chi < 43.8, "{chi}: {buckets:?}");
}

#[test]
fn a_later_id_lies_on_top_and_nobody_unknown_takes_part() {
    let all = experiments(&[live("", "b", &all_in("on", "y")), live("", "a", &all_in("on", "x"))]);
    let (arms, overlays) = all.assign(who(Some("v"), &[])).unwrap();
    assert_eq!((arms, overlays), (vec![pair("a", "on"), pair("b", "on")], vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!(all.assign(who(None, &[])).unwrap(), (vec![], vec![]));
    assert_eq!(each_once(["x", "y", "x"].map(str::to_owned).to_vec()), ["y", "x"]);
}

#[test]
fn a_store_views_own_experiment_stands_before_the_common_one_while_it_is_valid() {
    let mut own = live("se", "a", &all_in("own", "x"));
    (own.from_ms, own.until_ms) = (Some(10), Some(20));
    let all = experiments(&[live("", "a", &all_in("common", "y")), own, live("de", "d", &all_in("far", "z"))]);
    let arm_at = |now_ms| all.assign(Who { now_ms, ..who(Some("v"), &[]) }).unwrap().0;
    assert_eq!(arm_at(9), [pair("a", "common")]);
    assert_eq!(arm_at(10), [pair("a", "own")]);
    assert_eq!(arm_at(20), [pair("a", "common")]);
}

#[test]
fn an_arm_can_be_forced_before_its_time_and_must_exist() {
    let mut later = live("", "a", r#"{"traffic":0,"arms":[{"name":"on","overlays":["x"]},{"name":"off"}]}"#);
    later.from_ms = Some(100);
    let all = experiments(&[later, live("de", "d", &all_in("far", "z"))]);
    let forced = |id: &str, arm: &str| all.assign(who(None, &[pair(id, arm)]));
    assert_eq!(forced("a", "on").unwrap(), (vec![pair("a", "on")], vec!["x".to_owned()]));
    let refused = |id: &str, arm: &str| forced(id, arm).unwrap_err();
    assert_eq!(
        (refused("a", "in").message.as_str(), refused("a", "in").allowed.as_str()),
        ("experiment `a` has no arm `in`", "on, off")
    );
    assert_eq!(
        (refused("d", "far").message.as_str(), refused("d", "far").allowed.as_str()),
        ("no experiment `d`", "a")
    );
}

#[test]
fn combinations_are_all_that_a_visitor_can_see_and_no_more_than_the_bound() {
    let control = r#"{"arms":[{"name":"off"},{"name":"on","overlays":["y"]}]}"#;
    let mut over = live("", "c", &all_in("on", "old"));
    over.until_ms = Some(10);
    let all = experiments(&[
        live("", "a", &all_in("on", "x")),
        live("", "b", control),
        over,
        live("de", "d", &all_in("far", "z")),
    ]);
    let sets = |views: &[&str], max| {
        let views: Vec<String> = views.iter().map(|view| (*view).to_owned()).collect();
        let (found, is_all) = all.combinations(&views, 10, max);
        (found.iter().map(|list| list.concat()).collect::<Vec<_>>(), is_all)
    };
    assert_eq!(sets(&["se"], 9), (["x", "xy", "y"].map(str::to_owned).to_vec(), true));
    assert_eq!(sets(&["se", "de"], 9).0, ["x", "xy", "xyz", "xz", "y", "yz", "z"]);
    let (found, is_all) = sets(&["se", "de"], 3);
    assert_eq!((found.len(), is_all), (3, false));
}

#[test]
fn authors_are_told_of_empty_overlays_and_of_collisions() {
    let unit = |overlay: &str| write("unit", "", "home", overlay, "{}");
    let mut apart = live("", "c", &all_in("on", "x"));
    (apart.from_ms, apart.until_ms) = (Some(0), Some(5));
    let mut after = live("", "d", &all_in("on", "y"));
    after.from_ms = Some(5);
    let writes = [live("", "a", &all_in("on", "x")), live("", "b", &all_in("on", "y")), unit("x"), unit("y")];
    let of = |writes: &[DocumentWrite]| {
        let store = store(writes);
        let read = read_experiments(&store.select(&[]), &mut Vec::new());
        read.remarks(&store).into_iter().map(|(key, said)| format!("{}: {said}", key.id)).collect::<Vec<_>>()
    };
    let said = "experiments `a` and `b` both change `unit/home`: who is in both sees what `b` says";
    assert_eq!(of(&writes), [format!("a: {said}"), format!("b: {said}")]);
    assert_eq!(of(&[apart, after, unit("x"), unit("y")]), Vec::<String>::new());
    assert_eq!(of(&[live("", "e", &all_in("on", "typo"))]), ["e: arm `on`: overlay `typo` has no draft"]);
}
