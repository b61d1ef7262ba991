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
    assert_eq!(scored, [("strategy".to_owned(), scores.to_vec())], "{asked:?}");
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
        (Verb::Pin { position: 1 }, "sock", "rule \"tees\" (category-rule/tees): pinned to 2"),
        (Verb::Hide, "shirt", "rule \"tees\" (category-rule/tees): hidden"),
    ];
    let tops = [
        (Verb::Note, "", "rule \"Tops\" (category-rule/tops)"),
        (Verb::Bury, "tee", "rule \"Tops\" (category-rule/tops): buried"),
    ];
    let purchased = [6.0, 0.0, 1.0];
    check(&Asked::category("Men/Tops/Tees"), purchased, &tees);
    check(&Asked::category("Men/Tops"), purchased, &tops);
    check(&Asked::category("Men/Tops/Shirts"), purchased, &[]);
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
