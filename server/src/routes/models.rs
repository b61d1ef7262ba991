//! Which vectors are there, and building the learned ones anew.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::{Answer, blocking, json};
use crate::error::Problem;
use crate::extract::Pairs;
use crate::state::AppState;
use crate::wire::model::ModelsJson;
use crate::wire::params::{Address, Params, settle};

/// The model in force and every vector space.
#[utoipa::path(get, path = "/v1/models", tag = "operation",
    responses((status = 200, description = "The answer.", body = ModelsJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn get(State(state): State<AppState>) -> Answer {
    Ok(json(&ModelsJson::from(state.engine()?.models())))
}

/// Builds the models anew in the background, whatever the schedule.
#[utoipa::path(post, path = "/v1/models/rebuild", tag = "operation",
    params(("wait" = Option<bool>, Query, description = "Answer when the new model is in force, with 200; otherwise at once, with 202.")),
    responses((status = 200, description = "The model in force, the new one.", body = ModelsJson), (status = 202, description = "The model in force, the old one.", body = ModelsJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn rebuild(State(state): State<AppState>, Pairs(pairs): Pairs) -> Answer {
    let mut address = Address::new(&pairs, &["wait"]);
    let wait = address.flag("wait").unwrap_or(false);
    settle(address)?;
    if wait {
        let info = blocking(&state, |engine| engine.rebuild_models()).await??;
        return Ok(json(&ModelsJson::from(info)));
    }
    let engine = state.engine()?;
    engine.request_models()?;
    Ok((StatusCode::ACCEPTED, json(&ModelsJson::from(engine.models()))).into_response())
}
