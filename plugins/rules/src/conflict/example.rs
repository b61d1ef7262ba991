//! How are rules and requests written in a report?
//!
//! Requests as the parameters that the API takes, so that whoever reads the report can send them.

use serde_json::{Value, json};

use crate::facts::Facts;
use crate::moment;
use crate::proof::World;
use crate::rule::Rule;

pub(super) fn shown(rule: &Rule) -> Value {
    let origin = &rule.head.origin;
    json!({ "kind": origin.kind, "id": origin.id, "store_view": origin.scope, "name": rule.head.name })
}

/// A request as the API takes it.
pub(super) fn request(facts: &Facts<'_>, category: Option<&str>, world: World<'_>) -> Value {
    let mut parameters = serde_json::Map::new();
    let mut say = |name: &str, value: String| {
        if !value.is_empty() {
            parameters.insert(name.to_owned(), Value::String(value));
        }
    };
    say("q", facts.text.clone());
    say("audiences", facts.audiences.join(","));
    say("customer_group", facts.customer_group.clone());
    say("device", facts.device.clone());
    say("page_type", facts.page_type.clone());
    if facts.view != world.store_view {
        say("store_view", facts.view.clone());
    }
    if facts.now_ms != world.now_ms {
        say("now", moment::text(facts.now_ms));
    }
    for filter in &facts.filters {
        match filter.split_once('=') {
            Some((field, value)) => say(&format!("filter.{field}"), value.to_owned()),
            // Anything will do that says the field, and there is always something.
            None if !facts.filters.iter().any(|other| other.starts_with(&format!("{filter}="))) => {
                say(&format!("filter.{filter}"), "x".to_owned());
            }
            None => {}
        }
    }
    let path = match category {
        Some(category) => format!("/v1/categories/{category}/products"),
        None => {
            let paths: Vec<String> = facts.categories.iter().map(|path| path.replace(',', "\\,")).collect();
            say("filter.category", paths.join(","));
            "/v1/search".to_owned()
        }
    };
    json!({ "path": path, "parameters": parameters })
}
