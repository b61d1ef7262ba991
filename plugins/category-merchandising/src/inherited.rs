//! Which strategy does a category have, and from where?
//!
//! The answer to the question of that name, for a merchandiser who looks at the tree.

use planogram_abi::{Call, Outcome};
use planogram_rules::text::tidy_path;

use crate::category_rules::CategoryRule;
use crate::state::State;

/// Answers `{"category": …}` (the request's category by default).
pub fn inherited(state: &State, call: &Call<'_>, argument: &str) -> Outcome<String> {
    let argument: serde_json::Value = match argument.trim().is_empty() {
        true => serde_json::Value::Null,
        false => serde_json::from_str(argument).map_err(|error| format!("the argument is not JSON: {error}"))?,
    };
    let request = &call.request;
    let category = match argument.get("category") {
        None => request.category,
        Some(category) => category.as_str().ok_or(format!("`category` is {category}, a text is expected"))?,
    };
    let own = state.rules.own(category, request.store_view, request.now_ms);
    let standing = state.rules.strategy(category, request.store_view, request.now_ms);
    let shown = |rule: &CategoryRule| {
        let (head, origin) = (&rule.rule.head, &rule.rule.head.origin);
        serde_json::json!({
            "id": origin.id, "scope": origin.scope, "name": head.name, "category": rule.category,
            "events": rule.rule.events.len(),
        })
    };
    let strategy = standing.map(|standing| {
        serde_json::json!({
            "name": standing.strategy.name(),
            "window": standing.strategy.window().map(|window| window.name()),
            "inherited": standing.inherited,
            "rule": shown(standing.rule),
        })
    });
    Ok(serde_json::json!({ "category": tidy_path(category), "rule": own.map(shown), "strategy": strategy }).to_string())
}
