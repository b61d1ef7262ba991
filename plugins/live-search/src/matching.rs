//! Which rules does a query fire?
//!
//! The answer to the question of that name, for a merchandiser who wonders why a rule does or does not apply.

use planogram_abi::{Call, Outcome};
use planogram_rules::Facts;
use planogram_rules::text::normalize;

use crate::state::State;

/// Answers `{"text": …}` (the request's text by default) with the rules in order and the strategy in force.
pub fn matching(state: &State, call: &Call<'_>, argument: &str) -> Outcome<String> {
    let argument = planogram_rules::read::argument(argument, &["text"])?;
    let text = match argument.get("text") {
        None => call.request.text,
        Some(text) => text.as_str().ok_or(format!("`text` is {text}, a text is expected"))?,
    };
    let facts = Facts { text: normalize(text), ..Facts::of(call) };
    let applied = state.rules.select(&facts);
    let rules: Vec<_> = applied
        .iter()
        .map(|applied| {
            let head = &applied.rule.rule.head;
            serde_json::json!({
                "id": head.origin.id,
                "scope": head.origin.scope,
                "name": head.name,
                "priority": head.priority,
                "exact": applied.exact,
                "default": applied.rule.rule.when.is_none(),
            })
        })
        .collect();
    let strategy = applied.iter().find_map(|applied| applied.rule.strategy).map(|strategy| strategy.name());
    Ok(serde_json::json!({ "text": text, "rules": rules, "strategy": strategy }).to_string())
}
