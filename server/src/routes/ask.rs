//! Named questions that plugins answer, such as "which rules contradict each other?".
//!
//! The server knows no question: it passes kind, question and argument on, and the answer back. The argument is the
//! JSON body, or the query string as an object of texts (a name given twice becomes a list); in both cases the address
//! says for which state of the shop is asked: `store_view`, `overlay`, `now`. A question about a kind
//! that is nobody's kind of document may be answered by several plugins; their lists are then joined.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use serde_json::{Map, Value};

use super::{Answer, blocking, json, text};
use crate::error::Problem;
use crate::extract::{Pairs, Whole};
use crate::state::AppState;
use crate::wire::audience::{self, OF_SHOP};
use crate::wire::params::{Address, settle};
use crate::wire::schema::ShopQuery;

/// Asks a question; the argument stands in the address.
#[utoipa::path(get, path = "/v1/{kind}/{question}", tag = "plugins",
    params(("kind" = String, Path, description = "Kind of document the question is about."), ("question" = String, Path, description = "Name of the question."), ShopQuery),
    responses((status = 200, description = "The plugin's answer.", body = Value), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<AppState>,
    Path((kind, question)): Path<(String, String)>,
    Pairs(pairs): Pairs,
) -> Answer {
    let (of, rest) = pairs.into_iter().partition(|(name, _)| OF_SHOP.contains(&name.as_str()));
    ask(&state, kind, question, argument(rest), of).await
}

/// Asks a question; the argument is the body.
#[utoipa::path(post, path = "/v1/{kind}/{question}", tag = "plugins", request_body = Value,
    params(("kind" = String, Path, description = "Kind of document the question is about."), ("question" = String, Path, description = "Name of the question."), ShopQuery),
    responses((status = 200, description = "The plugin's answer.", body = Value), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn post(
    State(state): State<AppState>,
    Path((kind, question)): Path<(String, String)>,
    Pairs(pairs): Pairs,
    body: Whole,
) -> Answer {
    let argument = body.json()?;
    ask(&state, kind, question, argument, pairs).await
}

/// Asks a question whose kind or name is that of a fixed route.
#[utoipa::path(get, path = "/v1/ask/{kind}/{question}", tag = "plugins",
    params(("kind" = String, Path, description = "Kind of document the question is about."), ("question" = String, Path, description = "Name of the question."), ShopQuery),
    responses((status = 200, description = "The plugin's answer.", body = Value), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn get_ask(state: State<AppState>, path: Path<(String, String)>, pairs: Pairs) -> Answer {
    get(state, path, pairs).await
}

/// Asks a question whose kind or name is that of a fixed route; the argument is the body.
#[utoipa::path(post, path = "/v1/ask/{kind}/{question}", tag = "plugins", request_body = Value,
    params(("kind" = String, Path, description = "Kind of document the question is about."), ("question" = String, Path, description = "Name of the question."), ShopQuery),
    responses((status = 200, description = "The plugin's answer.", body = Value), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn post_ask(state: State<AppState>, path: Path<(String, String)>, pairs: Pairs, body: Whole) -> Answer {
    post(state, path, pairs, body).await
}

async fn ask(state: &AppState, kind: String, question: String, argument: Value, of: Vec<(String, String)>) -> Answer {
    let engine = state.engine()?;
    let mut address = Address::new(&of, OF_SHOP);
    let of = audience::ask(&mut address);
    settle(address)?;
    let mut known: Vec<(String, String)> = Vec::new();
    for info in engine.config_kinds() {
        known.extend(info.questions.into_iter().map(|(name, _)| (info.name.clone(), name)));
    }
    let shared = engine.shared_questions();
    let is_shared = shared.iter().any(|(of, name, _)| *of == kind && *name == question);
    known.extend(shared.into_iter().map(|(kind, name, _)| (kind, name)));
    if !known.iter().any(|(of, _)| *of == kind) {
        let kinds: BTreeSet<&str> = known.iter().map(|(of, _)| of.as_str()).collect();
        return Err(Problem::not_found("kind", &kind).allow(kinds.into_iter().collect::<Vec<_>>().join(", ")));
    }
    if !known.iter().any(|(of, name)| *of == kind && *name == question) {
        let names: Vec<&str> = known.iter().filter(|(of, _)| *of == kind).map(|(_, name)| name.as_str()).collect();
        return Err(Problem::not_found("question", &format!("{kind}/{question}")).allow(names.join(", ")));
    }
    let argument = argument.to_string();
    let answers = blocking(state, move |engine| engine.ask(&kind, &question, &argument, &of)).await??;
    Ok(if is_shared { json(&joined(answers)) } else { text("application/json", first(answers)) })
}

fn first(answers: Vec<(String, String)>) -> String {
    answers.into_iter().next().map_or_else(|| "null".to_owned(), |(_, answer)| answer)
}

/// The answers to a shared question as one: lists of the same name are put behind each other, and each of their objects
/// says whose it is under `plugin`. Whatever is no object of lists stands under the plugin's name.
pub fn joined(answers: Vec<(String, String)>) -> Value {
    let mut whole: Map<String, Value> = Map::new();
    for (plugin, answer) in answers {
        let parsed = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
        let Value::Object(fields) = parsed else {
            whole.insert(plugin, parsed);
            continue;
        };
        for (name, value) in fields {
            let Value::Array(mut elements) = value else { continue };
            for element in elements.iter_mut().filter_map(Value::as_object_mut) {
                element.insert("plugin".to_owned(), Value::String(plugin.clone()));
            }
            match whole.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(list) => list.append(&mut elements),
                other => *other = Value::Array(elements),
            }
        }
    }
    Value::Object(whole)
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
    fn answers_to_a_shared_question_are_joined() {
        let answers = [("a", r#"{"x":[{"n":1}],"y":[]}"#), ("b", r#"{"x":[{"n":2},3]}"#), ("c", "7")];
        let whole = joined(answers.map(|(plugin, answer)| (plugin.to_owned(), answer.to_owned())).to_vec());
        let x = serde_json::json!([{"n": 1, "plugin": "a"}, {"n": 2, "plugin": "b"}, 3]);
        assert_eq!(whole, serde_json::json!({"x": x, "y": [], "c": 7}));
    }

    #[test]
    fn a_query_string_is_an_object_of_texts() {
        let pairs = [("a", "1"), ("b", "x"), ("a", "2"), ("a", "3")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(argument(pairs.to_vec()), serde_json::json!({"a": ["1", "2", "3"], "b": "x"}));
    }
}
