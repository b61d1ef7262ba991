//! What to suggest in the search box.

use axum::extract::State;
use tokio::sync::oneshot;

use super::lists::{wait, with_id};
use super::{Answer, json};
use crate::error::Problem;
use crate::extract::Pairs;
use crate::state::AppState;
use crate::wire::list::FromHeaders;
use crate::wire::schema::SuggestQuery;
use crate::wire::suggest::{self, SuggestionsJson};

/// Completions of what was typed: queries that at least three shoppers used and that had results, then product names,
/// then categories; popular queries when nothing was typed.
#[utoipa::path(get, path = "/v1/suggest", tag = "lists", params(SuggestQuery),
    responses((status = 200, description = "The suggestions.", body = SuggestionsJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn suggest(State(state): State<AppState>, headers: FromHeaders, Pairs(pairs): Pairs) -> Answer {
    let request = suggest::from_address(&pairs, &headers)?;
    let (id, deadline) = (request.request_id.clone(), request.deadline);
    let (reply, answer) = oneshot::channel();
    state.engine()?.submit_suggest(request, Box::new(move |result| drop(reply.send(result))));
    let answered = wait(&state, deadline, answer).await?;
    Ok(with_id(json(&suggest::encode(answered, id.clone())), &id))
}
