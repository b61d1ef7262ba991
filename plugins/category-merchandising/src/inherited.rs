//! Which strategy does a category have, and from where?
//!
//! The answer to the question of that name, for a merchandiser who looks at the tree.

use planogram_abi::{Call, Failure, Outcome, name};
use planogram_rules::text::tidy_path;

use crate::category_rules::CategoryRule;
use crate::state::State;

/// Answers `{"category": …}` (the request's category by default).
pub fn inherited(state: &State, call: &Call<'_>, argument: &str) -> Outcome<String> {
    let argument = planogram_rules::read::argument(argument, &["category"])?;
    let request = &call.request;
    let category = match argument.get("category") {
        None => request.category,
        Some(category) => category.as_str().ok_or(format!("`category` is {category}, a text is expected"))?,
    };
    if category.is_empty() {
        return Err(Failure("`category` is missing, the path of one is expected".to_owned()));
    }
    if !call.host.knows(name::CATEGORY, &[category])?.contains(&true) {
        return Err(Failure(format!("there is no category `{category}`")));
    }
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
