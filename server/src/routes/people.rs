//! What is held of a person, and letting go of it: by the id of a browser or of an account.

use axum::extract::{Path, State};
use planogram_core::engine::types::Subject;

use super::{Answer, blocking, json};
use crate::error::Problem;
use crate::state::AppState;
use crate::wire::person::{ErasureJson, HeldJson};

/// Everything held of a visitor: profiles, and the newest events the log still has.
#[utoipa::path(get, path = "/v1/visitors/{id}", tag = "people",
    params(("id" = String, Path, description = "Id of the browser or device, as events carry it.")),
    responses((status = 200, description = "Everything held.", body = HeldJson),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn get_visitor(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    access(&state, Subject::Visitor(id)).await
}

/// Erases a visitor, with the account that is signed in there.
#[utoipa::path(delete, path = "/v1/visitors/{id}", tag = "people",
    params(("id" = String, Path, description = "Id of the browser or device, as events carry it.")),
    responses((status = 200, description = "Nothing leads from the ids to what was done.", body = ErasureJson),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn delete_visitor(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    erase(&state, Subject::Visitor(id)).await
}

/// Everything held of a customer and of the browsers that signed in: profiles, and the newest events the log still has.
#[utoipa::path(get, path = "/v1/customers/{id}", tag = "people",
    params(("id" = String, Path, description = "Id of the account, as events carry it.")),
    responses((status = 200, description = "Everything held.", body = HeldJson),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn get_customer(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    access(&state, Subject::Customer(id)).await
}

/// Erases a customer, with every browser that signed in to the account.
#[utoipa::path(delete, path = "/v1/customers/{id}", tag = "people",
    params(("id" = String, Path, description = "Id of the account, as events carry it.")),
    responses((status = 200, description = "Nothing leads from the ids to what was done.", body = ErasureJson),
        (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn delete_customer(State(state): State<AppState>, Path(id): Path<String>) -> Answer {
    erase(&state, Subject::Customer(id)).await
}

async fn access(state: &AppState, subject: Subject) -> Answer {
    let held = blocking(state, move |engine| engine.access(&subject)).await??;
    Ok(json(&HeldJson::from(held)))
}

async fn erase(state: &AppState, subject: Subject) -> Answer {
    let erased = blocking(state, move |engine| engine.erase(&subject)).await??;
    Ok(json(&ErasureJson::from(erased)))
}
