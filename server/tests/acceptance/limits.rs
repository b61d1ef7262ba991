//! What is more than the shop is set to hold is refused, and who is refused is told the limit and its setting.

use planogram_core::config::document::{DocumentKey, DocumentState, DocumentWrite};
use planogram_core::engine::types::WriteOptions;
use serde_json::{Value, json};

use crate::shop::{Reply, Shop, libraries, plugin_entry};

/// A document of every store view.
fn write(kind: &str, id: &str, body: &Value) -> DocumentWrite {
    DocumentWrite {
        key: DocumentKey { kind: kind.to_owned(), scope: String::new(), id: id.to_owned() },
        state: DocumentState::Live,
        overlay: String::new(),
        body: Some(body.to_string()),
        author: String::new(),
        note: String::new(),
        from_ms: None,
        until_ms: None,
        expected_revision: None,
    }
}

fn is_refused(reply: &Reply, parts: &[&str]) {
    assert_eq!(reply.status, 422, "{}", reply.text);
    parts.iter().for_each(|part| assert!(reply.text.contains(part), "`{part}` is not in {}", reply.text));
}

#[test]
fn the_rule_behind_the_last_one_is_refused_with_limit_value_and_setting() {
    let plugin = |name: &str, settings: &str| {
        let file = libraries().join(format!("libplanogram_{}.so", name.replace('-', "_")));
        plugin_entry(name, &file, settings)
    };
    let shop = Shop::with_plugin_file(
        &[
            plugin("live-search", "{ rules = { rules_max = 3 } }"),
            plugin("category-merchandising", "{ rules_max = 3 }"),
            plugin("related-products", "{ rules = { rules_max = 3 } }"),
        ]
        .concat(),
    );
    let body = |kind: &str, n: usize| match kind {
        "search-rule" => json!({"conditions": [{"query": "is", "text": format!("q{n}")}], "events": [{"hide": "A"}]}),
        "category-rule" => json!({"category": format!("C{n}"), "events": [{"hide": "A"}]}),
        _ => json!({"list": "related", "display": {"field": "brand", "eq": format!("B{n}")}}),
    };
    let settings =
        [("search-rule", "rules.rules_max"), ("category-rule", "rules_max"), ("related-rule", "rules.rules_max")];
    for (kind, setting) in settings {
        let put = |n: usize| shop.json("PUT", &format!("/v1/config/{kind}/r{n}"), &body(kind, n));
        assert!((0..3).all(|n| put(n).status == 200), "{kind}");
        let number = format!("it would be `{kind}` number 4 in its scope");
        is_refused(&put(3), &[&number, "at most 3", &format!("`{setting}`")]);
        assert_eq!(put(2).status, 200, "{kind}: one that is there may change");
        shop.send("DELETE", &format!("/v1/config/{kind}/r0"), &[], None);
        assert_eq!(put(3).status, 200, "{kind}: there is room again");
    }
}

#[test]
fn ten_thousand_rules_and_a_thousand_audiences_are_held_as_shipped_and_no_more() {
    let shop = Shop::shipped();
    let rule = json!({"conditions": [{"query": "is", "text": "sale"}], "events": [{"banner": "Sale"}]});
    // Rules that are switched off count, too, and are soon read.
    let off = json!({"enabled": false});
    let rules = (0..9_999).map(|n| write("search-rule", &format!("r{n}"), &off));
    let rules = rules.chain([write("search-rule", "sale", &rule)]).collect();
    shop.engine.write_config(rules, WriteOptions::default()).expect("as many are held");
    let put = |kind: &str, id: &str, body: &Value| shop.json("PUT", &format!("/v1/config/{kind}/{id}"), body);
    let refused = put("search-rule", "one-more", &rule);
    is_refused(&refused, &["number 10001 in its scope", "at most 10000", "`rules.rules_max`"]);
    assert_eq!(shop.ok("/v1/search?q=sale")["banners"], json!(["Sale"]));

    let audience = |n: usize| json!({"condition": {"profile": "tier", "eq": format!("t{n}")}});
    let audiences = (0..1_000).map(|n| write("audience", &format!("a{n}"), &audience(n))).collect();
    shop.engine.write_config(audiences, WriteOptions::default()).expect("as many are held");
    let refused = put("audience", "one-more", &audience(1_000));
    is_refused(&refused, &["with it there would be 1001 audiences", "at most 1000", "`audiences.max`"]);
    assert_eq!(put("audience", "a7", &audience(7)).status, 200, "one that is there may change");
}
