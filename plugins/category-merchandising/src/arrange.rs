//! How is a category page merchandised?
//!
//! The events of its own rules become acts, the strategy in force becomes a score. Both only where the page stands in
//! its own order: a category, no words to match, no explicit sort.
//! What is not here: which rule that is, and what a strategy is worth.

use planogram_abi::{Call, ListKind, Outcome, Request, Rewrite, ScoreBatch};
use planogram_rules::{Facts, note, redirect, to_acts};

use crate::category_rules::CategoryRule;
use crate::state::State;

/// Whether rules apply: a category in its own order, without words to match.
fn is_merchandised(request: &Request<'_>) -> bool {
    request.kind == ListKind::Category && !request.explicit_sort && request.text.is_empty()
}

/// The rewriter: the events of the category's own rules, and whose strategy it has.
pub fn arrange(state: &State, call: &Call<'_>, rewrite: &mut Rewrite) -> Outcome {
    let request = &call.request;
    if is_merchandised(request) {
        let applied = state.rules.applied(request.category, &Facts::of(call));
        let rules = applied.iter().map(|rule| (&rule.rule.head, rule.rule.events.as_slice()));
        rewrite.acts.extend(to_acts(call.host, rules.clone()));
        // Who orders the page has applied, too, also a rule of a category above.
        let standing = state.rules.strategy(request.category, request.store_view, request.now_ms);
        let is_named = |rule: &&CategoryRule| applied.iter().any(|one| std::ptr::eq(*one, *rule));
        let ordering = standing.map(|standing| standing.rule).filter(|rule| !is_named(rule));
        rewrite.acts.extend(ordering.map(|rule| note(&rule.rule.head)));
        if rewrite.query.redirect.is_none() {
            rewrite.query.redirect = redirect(rules).map(str::to_owned);
        }
    }
    Ok(())
}

/// The scorer: what the order in force gives to every product.
pub fn score(state: &State, call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    let request = &call.request;
    if !is_merchandised(request) {
        return Ok(());
    }
    match state.rules.strategy(request.category, request.store_view, request.now_ms) {
        Some(standing) => standing.strategy.score(call, batch),
        None => Ok(()),
    }
}
