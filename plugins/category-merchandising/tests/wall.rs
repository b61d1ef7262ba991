//! Does the plugin do over the wall what it does inside?
//!
//! The harness calls everything twice, directly and through the exported table, and compares.

use planogram_abi::testing::{Asked, Harness, Shop};
use planogram_abi::{Act, ListKind, LogLevel, Target, Verb};
use planogram_category_merchandising::CategoryMerchandising;

const SKUS: [&str; 3] = ["tee", "shirt", "sock"];

fn harness() -> Harness<CategoryMerchandising> {
    let shop = Shop::new()
        .item("tee", &[("purchases.7d", 5.0), ("price", 20.0), ("views.24h", 1.0)])
        .item("shirt", &[("price", 30.0)])
        .item("sock", &[("purchases.7d", 0.0), ("price", 5.0), ("views.24h", 9.0)]);
    let mut harness = Harness::new("", shop).unwrap();
    let tees = r#"{"category":"Men/Tops/Tees","events":[{"pin":"sock","position":2},{"hide":"shirt"}]}"#;
    let tops = r#"{"category":"Men/Tops","name":"Tops","strategy":"most-purchased","apply_to_subcategories":true,
        "events":[{"bury":"tee"}]}"#;
    let socks = r#"{"category":"Men/Socks","strategy":"most-viewed","window":"24h"}"#;
    for (id, json) in [("tees", tees), ("tops", tops), ("socks", socks), ("broken", r#"{"category":7}"#)] {
        harness.put("category-rule", id, json).unwrap();
    }
    harness
}

fn check(asked: &Asked, scores: [f32; 3], acts: &[(Verb, &str, &str)]) {
    let harness = harness();
    let scored = harness.score("strategy", asked, &SKUS).unwrap();
    assert_eq!(scored[0], ("strategy".to_owned(), scores.to_vec()), "{asked:?}");
    assert!(scored[1..].iter().all(|(_, values)| values == &[0.0; 3]), "{asked:?}: {scored:?}");
    let act = |(verb, sku, reason): &(Verb, &str, &str)| Act {
        verb: verb.clone(),
        target: Target::Items(if sku.is_empty() { vec![] } else { vec![harness.shop().id(sku)] }),
        reason: (*reason).to_owned(),
    };
    let expected: Vec<Act> = acts.iter().map(act).collect();
    assert_eq!(harness.rewrite("arrange", asked).unwrap().acts, expected, "{asked:?}");
}

#[test]
fn a_category_has_the_strategy_from_above_and_events_of_its_own() {
    let tees = [
        (Verb::Note, "", "rule \"tees\" (category-rule/tees)"),
        (Verb::Pin { position: 1 }, "sock", "rule \"tees\" (category-rule/tees)"),
        (Verb::Hide, "shirt", "rule \"tees\" (category-rule/tees)"),
        // Its strategy orders the page.
        (Verb::Note, "", "rule \"Tops\" (category-rule/tops)"),
    ];
    let tops = [
        (Verb::Note, "", "rule \"Tops\" (category-rule/tops)"),
        (Verb::Bury, "tee", "rule \"Tops\" (category-rule/tops)"),
    ];
    let purchased = [6.0, 0.0, 1.0];
    check(&Asked::category("Men/Tops/Tees"), purchased, &tees);
    check(&Asked::category("Men/Tops"), purchased, &tops);
    check(&Asked::category("Men/Tops/Shirts"), purchased, &tops[..1]);
    let socks = [(Verb::Note, "", "rule \"socks\" (category-rule/socks)")];
    check(&Asked::category("Men/Socks"), [2.0, 0.0, 10.0], &socks);
    check(&Asked::category("Men"), [0.0; 3], &[]);
}

#[test]
fn only_a_category_in_its_own_order_is_merchandised() {
    let tops = Asked::category("Men/Tops");
    check(&Asked { explicit_sort: true, ..tops.clone() }, [0.0; 3], &[]);
    check(&Asked { kind: ListKind::Search, ..tops.clone() }, [0.0; 3], &[]);
    check(&Asked { text: "tee".to_owned(), ..tops }, [0.0; 3], &[]);
}

#[test]
fn a_document_that_cannot_be_read_is_left_out_with_a_warning() {
    let harness = harness();
    let is_warning = |(level, line): &(LogLevel, String)| {
        *level == LogLevel::Warn && line.starts_with("left out category-rule/broken")
    };
    assert!(harness.shop().logged().iter().any(is_warning));
}

#[test]
fn inheritance_is_answered() {
    let harness = harness();
    let ask = |argument: &str| harness.ask(&Asked::category("Men"), "inherited", argument);
    let check = |argument: &str, expected: serde_json::Value| {
        let answer = ask(argument).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&answer).unwrap(), expected, "{argument}");
    };
    let tees = serde_json::json!({
        "id": "tees", "scope": "", "name": "tees", "category": "Men/Tops/Tees", "events": 2,
    });
    let tops = serde_json::json!({ "id": "tops", "scope": "", "name": "Tops", "category": "Men/Tops", "events": 1 });
    let strategy = serde_json::json!({ "name": "most-purchased", "window": "7d", "inherited": true, "rule": tops });
    let inherits = serde_json::json!({ "category": "Men/Tops/Tees", "rule": tees, "strategy": strategy });
    check(r#"{"category":"Men/Tops/Tees/"}"#, inherits);
    check("", serde_json::json!({ "category": "Men", "rule": null, "strategy": null }));
    assert!(ask("{").is_err());
    assert!(ask(r#"{"category":7}"#).is_err());
    assert!(harness.ask(&Asked::category("Men"), "other", "").is_err());
}

/// What each column gives a category with this rule, for a shopper who looked at the tee.
fn scored(rule: &str) -> Vec<(String, Vec<f32>)> {
    let shop = Shop::new()
        .item("tee", &[("views.7d", 9.0), ("quantity", 2.0), ("order.name", 1.0), ("affinity", 0.0)])
        .item("shirt", &[("views.7d", 0.0), ("order.name", 0.0), ("affinity", 1.0), ("age_days", 30.0)])
        .item("sock", &[("views.7d", 2.0), ("quantity", 7.0), ("order.name", 2.0)])
        .source("co-viewed", &[("sock", 4.0), ("shirt", 2.0)])
        .condition(r#"{"eq":"Black","field":"color"}"#, &["sock"])
        .condition(r#"{"eq":"White","field":"color"}"#, &["sock", "tee"]);
    let mut harness: Harness<CategoryMerchandising> = Harness::new("", shop).unwrap();
    harness.put("category-rule", "a", &format!(r#"{{"category":"A","strategy":{rule}}}"#)).unwrap();
    let asked = Asked { recent: vec!["tee".to_owned()], ..Asked::category("A") };
    let scored = harness.score("strategy", &asked, &SKUS).unwrap();
    scored.into_iter().filter(|(_, values)| values.iter().any(|value| *value != 0.0)).collect()
}

#[test]
fn orders_ask_for_the_columns_they_need() {
    let check = |rule: &str, expected: &[(&str, [f32; 3])]| {
        let expected: Vec<_> = expected.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec())).collect();
        assert_eq!(scored(rule), expected, "{rule}");
    };
    let most = 16_777_216.0;
    check(r#""low-stock-top""#, &[("strategy", [most - 2.0, 0.0, most - 7.0])]);
    check(r#""low-stock-bottom""#, &[("strategy", [3.0, most, 8.0])]);
    check(r#""name-asc""#, &[("strategy", [most - 1.0, most, most - 2.0])]);
    check(r#"{"order_by":"color","values":["Black","White"]}"#, &[("strategy", [1.0, 0.0, 2.0])]);
    let steps = most / 16.0;
    check(r#""recommended-for-you""#, &[("strategy", [0.0, (0.65 * steps).round(), (0.7 * steps).round()])]);
    let counted = (0.75 * steps * 3.0_f32.ln() / 10.0_f32.ln()).round();
    let blend = r#"{"blend":{"most-viewed":3,"newest":1}}"#;
    let found = scored(blend);
    assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["most-viewed", "newest"]);
    assert_eq!((found[0].1[0], found[0].1[1]), (0.75 * steps, 0.0));
    assert!((found[0].1[2] - counted).abs() <= 1.0, "{found:?}");
    assert_eq!(found[1].1, [0.0, 0.125 * steps, 0.0]);
}
