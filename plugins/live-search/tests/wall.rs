//! Does the plugin do over the wall what it does inside?
//!
//! The harness calls everything twice, directly and through the exported table, and compares.

use planogram_abi::testing::{Asked, Harness, Shop};
use planogram_abi::{Act, Target, Verb};
use planogram_live_search::LiveSearch;

fn shop() -> Shop {
    Shop::new()
        .item("plain", &[("text", 10.0)])
        .item("popular", &[("text", 8.0), ("purchases.7d", 1e9), ("views.7d", 1e9), ("in_stock", 1.0)])
        .item("weak", &[("text", 1.0), ("purchases.7d", 1e9), ("views.7d", 1e9), ("trending", 99.0)])
}

fn harness() -> Harness<LiveSearch> {
    Harness::new("", shop()).unwrap()
}

/// The skus in the order of text score plus what the plugin adds, best first.
fn ranked(harness: &Harness<LiveSearch>, asked: &Asked) -> Vec<&'static str> {
    let skus = ["plain", "popular", "weak"];
    let text = [10.0, 8.0, 1.0].map(|score| if asked.text.is_empty() { 0.0 } else { score });
    let added = harness.score("behavior", asked, &skus).unwrap();
    assert_eq!(added[0].0, "behavior");
    let mut order: Vec<usize> = (0..skus.len()).collect();
    let total = |row: usize| text[row] + f64::from(added[0].1[row]);
    order.sort_by(|a, b| total(*b).total_cmp(&total(*a)));
    order.into_iter().map(|row| skus[row]).collect()
}

#[test]
fn popularity_decides_among_similar_matches_only() {
    let mut harness = harness();
    let sofa = Asked::search("sofa");
    assert_eq!(ranked(&harness, &sofa), ["plain", "popular", "weak"], "0.55 of a budget of 0.3 is not enough");
    harness.put("search-rule", "default", r#"{"strategy":"most-purchased"}"#).unwrap();
    assert_eq!(ranked(&harness, &sofa), ["popular", "plain", "weak"]);
    assert_eq!(ranked(&harness, &Asked::search(""))[2], "plain");
}

#[test]
fn a_query_is_understood() {
    let mut harness = harness();
    harness.put("synonym", "couch", r#"{"type":"two-way","terms":["couch","leather sofa"]}"#).unwrap();
    harness.put("redirect", "sale", r#"{"query":"sofa sale","url":"/sale"}"#).unwrap();
    let rule = r#"{"name":"Sofas","conditions":[{"query":"ends","text":"SOFA"}],
        "events":[{"pin":"weak","position":1},{"hide":"plain"},{"bury":"unknown"}]}"#;
    harness.put("search-rule", "sofas", rule).unwrap();

    let rewrite = harness.rewrite("understand", &Asked::search("red leather sofa")).unwrap();
    let texts: Vec<Vec<&str>> =
        rewrite.query.groups.iter().map(|group| group.alternatives.iter().map(|a| a.text.as_str()).collect()).collect();
    assert_eq!(texts, [vec!["red"], vec!["leather sofa", "couch"]]);
    let act = |verb, sku: &str| Act {
        verb,
        target: Target::Items(vec![harness.shop().id(sku)]),
        reason: "rule \"Sofas\" (search-rule/sofas)".to_owned(),
    };
    assert_eq!(
        rewrite.acts,
        [
            Act {
                verb: Verb::Note,
                target: Target::Items(vec![]),
                reason: "rule \"Sofas\" (search-rule/sofas)".to_owned()
            },
            act(Verb::Pin { position: 0 }, "weak"),
            act(Verb::Hide, "plain"),
        ]
    );

    let redirected = harness.rewrite("understand", &Asked::search("Sofa SALE")).unwrap();
    assert_eq!((redirected.query.redirect.as_deref(), redirected.acts.len()), (Some("/sale"), 0));
    let mut sorted = Asked::search("sofa");
    sorted.explicit_sort = true;
    assert_eq!(harness.rewrite("understand", &sorted).unwrap().acts, []);
}

#[test]
fn a_store_view_goes_before_the_rest() {
    let mut harness = harness();
    harness.put("search-rule", "sofas", r#"{"events":[{"hide":"plain"}]}"#).unwrap();
    harness.put_in("search-rule", "uk", "sofas", r#"{"enabled":false}"#).unwrap();
    let mut asked = Asked::search("sofa");
    assert_eq!(harness.rewrite("understand", &asked).unwrap().acts.len(), 2);
    asked.store_view = "uk".to_owned();
    assert_eq!(harness.rewrite("understand", &asked).unwrap().acts, []);
}

#[test]
fn a_learned_ranker_writes_a_line_for_each_column() {
    let mut harness = harness();
    let term = r#"{"column":"in_stock","weight":0.5,"scale":"linear","center":0,"spread":1}"#;
    harness.put("ranker", "learned", &format!(r#"{{"columns":[{term}]}}"#)).unwrap();
    let lines = harness.score("ranker", &Asked::search("sofa"), &["plain", "popular", "weak"]).unwrap();
    for (name, values) in lines {
        let expected = if name == "ranker.in_stock" { [0.0, 0.5, 0.0] } else { [0.0; 3] };
        assert_eq!(values, expected, "{name}");
    }
}

#[test]
fn mistakes_and_answers_cross_the_wall() {
    let mut harness = harness();
    harness.put("synonym", "couch", r#"{"type":"two-way","terms":["couch","sofa"]}"#).unwrap();
    let problems = harness.validate("synonym", "couch", r#"{"type":"one-way","term":"couch","expansions":["sofa"]}"#);
    assert_eq!(problems.unwrap()[0].pointer, "/type");
    let problems = harness.validate("search-rule", "x", r#"{"events":[{"pin":"plain","position":0}]}"#).unwrap();
    assert_eq!((problems[0].pointer.as_str(), problems[0].message.as_str()), ("/events/0/position", "`position` is 0"));
    let answer = harness.ask(&Asked::search("sofa"), "matching", "").unwrap();
    assert_eq!(answer, r#"{"rules":[],"strategy":null,"text":"sofa"}"#);
    let failed = Harness::<LiveSearch>::new(r#"{"behavior":{"budget":-1}}"#, shop()).err();
    assert!(format!("{failed:?}").contains("`behavior.budget` is -1, allowed are 0 to 10"), "{failed:?}");
}
