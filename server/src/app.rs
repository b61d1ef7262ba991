//! Which routes are there?
//!
//! The route table on one screen. Each route and its description come from the same attribute, so `/openapi.json`
//! cannot miss one; the one exception is the category page, whose path may contain slashes.

use axum::Router;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::routes::{
    ask, audiences, catalog, config, events, health, lists, log, models, no_such_method, nothing_here, overlays,
    people, plugins, suggest, units,
};
use crate::state::AppState;
use crate::{guard, telemetry};

#[derive(OpenApi)]
#[openapi(
    paths(lists::category),
    components(schemas(crate::error::Problem, crate::wire::write::ReceiptJson)),
    tags(
        (name = "lists", description = "Ranked lists: search, category pages, recommendations."),
        (name = "catalog", description = "Products and categories."),
        (name = "events", description = "What shoppers do."),
        (name = "people", description = "What is held of a person, and erasing it; audiences."),
        (name = "config", description = "Configuration documents."),
        (name = "plugins", description = "Ranking plugins and the questions they answer."),
        (name = "operation", description = "Health, metrics, log."),
    )
)]
struct Base;

fn table() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Base::openapi())
        .routes(routes!(lists::search, lists::search_post))
        .routes(routes!(suggest::suggest))
        .route("/v1/categories/{*rest}", get(lists::category))
        .routes(routes!(units::page))
        .routes(routes!(lists::unit, lists::unit_post))
        .routes(routes!(units::readiness))
        .routes(routes!(units::metrics))
        .routes(routes!(lists::page_of_lists))
        .routes(routes!(lists::explain))
        .routes(routes!(catalog::put, catalog::patch, catalog::delete))
        .routes(routes!(catalog::get))
        .routes(routes!(catalog::categories, catalog::put_categories))
        .routes(routes!(catalog::image))
        .routes(routes!(events::post))
        .routes(routes!(people::get_visitor, people::delete_visitor))
        .routes(routes!(people::get_customer, people::delete_customer))
        .routes(routes!(audiences::list))
        .routes(routes!(audiences::members, audiences::put_members))
        .routes(routes!(audiences::where_used))
        .routes(routes!(audiences::membership))
        .routes(routes!(config::kinds))
        .routes(routes!(config::list))
        .routes(routes!(config::get, config::put, config::delete))
        .routes(routes!(config::history))
        .routes(routes!(overlays::publish))
        .routes(routes!(ask::get, ask::post))
        .routes(routes!(ask::get_ask, ask::post_ask))
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::reload))
        .routes(routes!(models::get))
        .routes(routes!(models::rebuild))
        .routes(routes!(log::get))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(health::openapi))
}

/// All routes with their guards, ready to serve.
pub fn app(state: AppState) -> Router {
    // Before the first request, or its counts would be lost.
    telemetry::recorder();
    let router: Router<AppState> = table().into();
    let router = router.fallback(nothing_here).method_not_allowed_fallback(no_such_method);
    guard::around(router.with_state(state.clone()), &state)
}

/// The description of all routes, without the configuration kinds of a running engine.
pub fn description() -> Description {
    table().into_openapi()
}
