//! Audiences: their sizes, members and uses, who is in which, and what other systems say of theirs.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use planogram_core::engine::types::Receipt;
use tokio::sync::oneshot;

use super::lists::{wait, with_id};
use super::write::Batch;
use super::{Answer, blocking, json, text};
use crate::error::Problem;
use crate::extract::{Pairs, Whole, write_options};
use crate::state::AppState;
use crate::wire::audience::{self, AudiencesJson, MembersJson, MembershipJson, UsesJson};
use crate::wire::list::FromHeaders;
use crate::wire::params::{Address, Params, settle};
use crate::wire::schema::{MemberBody, SharedQuery, ShopQuery, WriteQuery};
use crate::wire::write::ReceiptJson;

/// Every audience with its size. Looks at every profile the shop remembers.
#[utoipa::path(get, path = "/v1/audiences", tag = "people", params(ShopQuery),
    responses((status = 200, description = "The audiences, by id.", body = AudiencesJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(state): State<AppState>, Pairs(pairs): Pairs) -> Answer {
    let mut address = Address::new(&pairs, audience::OF_SHOP);
    let ask = audience::ask(&mut address);
    settle(address)?;
    let found = blocking(&state, move |engine| engine.audiences(&ask)).await??;
    Ok(json(&AudiencesJson::from(found)))
}

/// The members of an audience by the keys of their profiles, as JSON or as CSV; access to a person says theirs.
#[utoipa::path(get, path = "/v1/audiences/{id}/members", tag = "people",
    params(("id" = String, Path, description = "Id of the audience."), ShopQuery,
        ("limit" = Option<u64>, Query, description = "Most members, 1 to 100,000; 1,000 by default."),
        ("after" = Option<String>, Query, description = "Go on behind this member, as `next` says."),
        ("format" = Option<String>, Query, description = "`json`, the default, or `csv`.")),
    responses((status = 200, description = "The members, by key.", body = MembersJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn members(State(state): State<AppState>, Path(id): Path<String>, Pairs(pairs): Pairs) -> Answer {
    let request = audience::members(&pairs)?;
    let (ask, after, limit) = (request.ask, request.after, request.limit);
    let found = blocking(&state, move |engine| engine.audience_members(&id, &ask, after, limit)).await??;
    if request.csv {
        return Ok(text("text/csv; charset=utf-8", audience::csv(&found)));
    }
    Ok(json(&MembersJson::from(found)))
}

/// The documents and drafts that name an audience.
#[utoipa::path(get, path = "/v1/audiences/{id}/where-used", tag = "people",
    params(("id" = String, Path, description = "Id of the audience.")),
    responses((status = 200, description = "The documents, by kind, scope and id.", body = UsesJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn where_used(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    let asked = id.clone();
    let uses = blocking(&state, move |engine| engine.audience_uses(&asked)).await?;
    Ok(json(&UsesJson::new(id, uses)))
}

/// Takes in who is in an audience of another system. A JSON array or NDJSON of browsers and accounts; with `replace`
/// nobody else is in it, and one bad row refuses all.
#[utoipa::path(put, path = "/v1/audiences/{id}/members", tag = "people", request_body = Vec<MemberBody>,
    params(("id" = String, Path, description = "Id of the audience: without a document, or with one that has no condition."),
        ("replace" = Option<bool>, Query, description = "Whether those who are not named are members no more."), WriteQuery),
    responses((status = 200, description = "Every row was taken in.", body = ReceiptJson),
        (status = 207, description = "Some rows were taken in.", body = ReceiptJson),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn put_members(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
    body: Whole,
) -> Answer {
    let mut address = Address::new(&pairs, audience::MEMBERS_WRITE);
    let options = write_options(&mut address, &headers);
    let replace = address.flag("replace").unwrap_or(false);
    settle(address)?;
    let rows = body.rows(Some("members"))?;
    let sent = rows.len();
    let mut batch = Batch::decode(rows, audience::row, |_| None, "");
    let good = batch.take();
    // A list that stands for all members must be whole.
    if good.len() < sent && replace || good.is_empty() && !replace {
        return batch.answer(Ok(Receipt::default()));
    }
    let result = blocking(&state, move |engine| engine.write_members(&id, replace, good, options)).await?;
    batch.answer(result)
}

/// The audiences of a shopper, as every list asked for with the same parameters sees them.
#[utoipa::path(get, path = "/v1/membership", tag = "people", params(SharedQuery),
    responses((status = 200, description = "The audiences: those the caller vouches for, then the others by id.", body = MembershipJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn membership(State(state): State<AppState>, headers: FromHeaders, Pairs(pairs): Pairs) -> Answer {
    let request = audience::membership(&pairs, &headers)?;
    let (id, deadline) = (request.request_id.clone(), request.deadline);
    let (reply, answer) = oneshot::channel();
    state.engine()?.submit_membership(request, Box::new(move |result| drop(reply.send(result))));
    let found = wait(&state, deadline, answer).await?;
    Ok(with_id(json(&MembershipJson::from(found)), &id))
}
