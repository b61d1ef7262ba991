//! Which query rules do not do what their authors think?
//!
//! The answer to the shared question of that name; the findings are those of [`planogram_rules::conflict`].

use planogram_abi::Call;
use planogram_rules::conflict::{Bench, Subject, report};
use planogram_rules::proof::World;

use crate::state::State;

/// What the question is about.
pub const ABOUT: &str =
    "Rules that contradict or shadow each other, never fire, pin what cannot be shown, or name what is not there.";

/// Answers with `{"conflicts": […]}`.
pub fn conflicts(state: &State, call: &Call<'_>) -> String {
    let book = state.rules.book();
    let subjects: Vec<Subject<'_>> = book
        .rules()
        .iter()
        .map(|rule| Subject {
            rule: &rule.rule,
            category: None,
            strategy: rule.strategy.map(|strategy| strategy.name()),
            members: None,
        })
        .collect();
    let world = World { store_view: call.request.store_view, now_ms: call.request.now_ms, is_page: false };
    let (host, shown) = (call.host, state.shown);
    let bench = Bench { host, scopes: book.scopes(), resolution: book.resolution(), world, shown };
    report(&subjects, &bench).to_string()
}
