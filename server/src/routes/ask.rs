//! Named questions that plugins answer, such as "which rules contradict each other?".
//!
//! The server knows no question: it passes kind, question and argument on, and the answer back. The argument is the
//! JSON body, or the query string as an object of texts (a name given twice becomes a list).

use axum::extract::{Path, State};
use serde_json::{Map, Value};

use super::{Answer, blocking, text};
use crate::error::Problem;
use crate::extract::{Pairs, Whole};
use crate::state::AppState;

/// Asks a question; the argument stands in the address.
#[utoipa::path(get, path = "/v1/{kind}/{question}", tag = "plugins",
    params(("kind" = String, Path, description = "Kind of document the question is about."), ("question" = String, Path, description = "Name of the question.")),
    responses((status = 200, description = "The plugin's answer.", body = Value), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<AppState>,
    Path((kind, question)): Path<(String, String)>,
    Pairs(pairs): Pairs,
) -> Answer {
    ask(&state, kind, question, argument(pairs)).await
}

/// Asks a question; the argument is the body.
#[utoipa::path(post, path = "/v1/{kind}/{question}", tag = "plugins", request_body = Value,
    params(("kind" = String, Path, description = "Kind of document the question is about."), ("question" = String, Path, description = "Name of the question.")),
    responses((status = 200, description = "The plugin's answer.", body = Value), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn post(
    State(state): State<AppState>,
    Path((kind, question)): Path<(String, String)>,
    body: Whole,
) -> Answer {
    let argument = body.json()?;
    ask(&state, kind, question, argument).await
}

/// Asks a question whose kind or name is that of a fixed route.
#[utoipa::path(get, path = "/v1/ask/{kind}/{question}", tag = "plugins",
    params(("kind" = String, Path, description = "Kind of document the question is about."), ("question" = String, Path, description = "Name of the question.")),
    responses((status = 200, description = "The plugin's answer.", body = Value), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn get_ask(state: State<AppState>, path: Path<(String, String)>, pairs: Pairs) -> Answer {
    get(state, path, pairs).await
}

/// Asks a question whose kind or name is that of a fixed route; the argument is the body.
#[utoipa::path(post, path = "/v1/ask/{kind}/{question}", tag = "plugins", request_body = Value,
    params(("kind" = String, Path, description = "Kind of document the question is about."), ("question" = String, Path, description = "Name of the question.")),
    responses((status = 200, description = "The plugin's answer.", body = Value), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn post_ask(state: State<AppState>, path: Path<(String, String)>, body: Whole) -> Answer {
    post(state, path, body).await
}

async fn ask(state: &AppState, kind: String, question: String, argument: Value) -> Answer {
    let kinds = state.engine()?.config_kinds();
    let Some(info) = kinds.iter().find(|k| k.name == kind) else {
        let known =
            kinds.iter().filter(|k| !k.questions.is_empty()).map(|k| k.name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Problem::not_found("kind", &kind).allow(known));
    };
    if !info.questions.iter().any(|(name, _)| *name == question) {
        let known = info.questions.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Problem::not_found("question", &format!("{kind}/{question}")).allow(known));
    }
    let argument = argument.to_string();
    let answer = blocking(state, move |engine| engine.ask(&kind, &question, &argument)).await??;
    Ok(text("application/json", answer))
}

fn argument(pairs: Vec<(String, String)>) -> Value {
    let mut map: Map<String, Value> = Map::new();
    for (name, value) in pairs {
        let value = Value::String(value);
        match map.get_mut(&name) {
            None => drop(map.insert(name, value)),
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_an_object_of_texts() {
        let pairs = [("a", "1"), ("b", "x"), ("a", "2"), ("a", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(argument(pairs.to_vec()), serde_json::json!({"a": ["1", "2", "3"], "b": "x"}));
    }
}
