#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::sync::Arc;

use planogram_abi::{
    Call, Combine, ConfigKind, Contribution, Document, Epoch, Failure, ListKind, Outcome, Phase, Plugin, Problem,
    Question, ScoreBatch, column,
};

pub mod config;
pub mod redirects;
pub mod search_rules;
pub mod synonyms;

pub mod behavior;

pub mod state;
pub mod understand;
mod validate;

use config::Settings;
use state::State;

/// Kind of the documents that hold synonyms.
pub const SYNONYM: &str = "synonym";
/// Kind of the documents that hold query rules.
pub const SEARCH_RULE: &str = "search-rule";
/// Kind of the documents that hold redirects.
pub const REDIRECT: &str = "redirect";

/// The plugin.
#[derive(Debug)]
pub struct LiveSearch {
    settings: Arc<Settings>,
}

impl Plugin for LiveSearch {
    const NAME: &'static str = "live-search";

    type Prepared = State;

    fn configure(settings: &str) -> Outcome<Self> {
        Ok(Self { settings: Arc::new(Settings::read(settings)?) })
    }

    fn contributions(&self) -> Vec<Contribution<State>> {
        let mut contributions =
            vec![Contribution::rewriter("understand", understand::understand).on(&[ListKind::Search])];
        let behavior = self.settings.behavior().expect("the settings were checked when they were read");
        if !behavior.signals.is_empty() {
            let mut reads = vec![column::TEXT];
            reads.extend(behavior.signals.iter().map(|signal| signal.column.as_str()));
            let scorer =
                Contribution::scorer("behavior", Phase::All, &reads, &[("behavior", Combine::Add)], score_behavior);
            contributions.push(scorer.on(&[ListKind::Search]));
        }
        contributions
    }

    fn config_kinds(&self) -> Vec<ConfigKind> {
        let kind = |name: &str, schema: &str| ConfigKind { name: name.to_owned(), schema: schema.to_owned() };
        vec![
            kind(SYNONYM, include_str!("../schema/synonym.json")),
            kind(SEARCH_RULE, include_str!("../schema/search-rule.json")),
            kind(REDIRECT, include_str!("../schema/redirect.json")),
        ]
    }

    fn questions(&self) -> Vec<Question> {
        let about = "Which rules a query fires, first one first: {\"text\": \"sofa\"}.";
        vec![Question { kind: SEARCH_RULE.to_owned(), name: "matching".to_owned(), about: about.to_owned() }]
    }

    fn validate(&self, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
        validate::validate(&self.settings, document, others)
    }

    fn prepare(&self, epoch: &Epoch<'_>, previous: Option<&State>) -> Outcome<State> {
        Ok(State::new(&self.settings, epoch, previous)?)
    }

    fn ask(&self, state: &State, call: &Call<'_>, question: &str, argument: &str) -> Outcome<String> {
        match question {
            "matching" => matching(state, call, argument),
            _ => Err(Failure(format!("no question `{question}`"))),
        }
    }
}

/// Scores the signals.
fn score_behavior(state: &State, call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    let request = &call.request;
    let strategy = match state.rules.any_strategy() && !request.explicit_sort {
        true => state.rules.strategy(request.text, request.store_view, request.now_ms),
        false => None,
    };
    let (text, signals) = batch.columns.split_first().ok_or("the text column is missing")?;
    let text = (!request.text.is_empty()).then_some(*text);
    state.behavior.add(strategy, text, signals, batch.out[0]);
    Ok(())
}

/// Answers which rules a query fires.
fn matching(state: &State, call: &Call<'_>, argument: &str) -> Outcome<String> {
    let argument: serde_json::Value = match argument.trim().is_empty() {
        true => serde_json::Value::Null,
        false => serde_json::from_str(argument).map_err(|error| format!("the argument is not JSON: {error}"))?,
    };
    let text = match argument.get("text") {
        None => call.request.text,
        Some(text) => text.as_str().ok_or(format!("`text` is {text}, a text is expected"))?,
    };
    let applied = state.rules.select(text, call.request.store_view, call.request.now_ms);
    let rules: Vec<_> = applied
        .iter()
        .map(|applied| {
            let head = &applied.rule.head;
            serde_json::json!({
                "id": head.origin.id,
                "scope": head.origin.scope,
                "name": head.name,
                "priority": head.priority,
                "exact": applied.exact,
                "default": applied.rule.conditions.is_empty(),
            })
        })
        .collect();
    let strategy = applied.iter().find_map(|applied| applied.rule.strategy).map(|strategy| strategy.name());
    Ok(serde_json::json!({ "text": text, "rules": rules, "strategy": strategy }).to_string())
}
