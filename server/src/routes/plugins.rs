//! Which plugins are loaded, and loading one anew.

use axum::extract::{Path, State};

use super::{Answer, blocking, json};
use crate::error::Problem;
use crate::state::AppState;
use crate::wire::plugin::PluginJson;

/// The plugins of the configuration, loaded or refused.
#[utoipa::path(get, path = "/v1/plugins", tag = "plugins",
    responses((status = 200, description = "The answer.", body = Vec<PluginJson>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(state): State<AppState>) -> Answer {
    let plugins: Vec<PluginJson> = state.engine()?.plugins().into_iter().map(PluginJson::from).collect();
    Ok(json(&plugins))
}

/// Loads a plugin's library anew. On any failure the previous version keeps serving.
#[utoipa::path(post, path = "/v1/plugins/{name}/reload", tag = "plugins",
    params(("name" = String, Path, description = "Name of the plugin.")),
    responses((status = 200, description = "The answer.", body = PluginJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn reload(State(state): State<AppState>, Path(name): Path<String>) -> Answer {
    let info = blocking(&state, move |engine| engine.reload_plugin(&name)).await??;
    Ok(json(&PluginJson::from(info)))
}
