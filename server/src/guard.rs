//! What happens to every request, whatever its route?
//!
//! From outside in: request id and measuring, cross-origin rules, compression, panic barrier, load shedding and write
//! key. The request id is outermost so that every answer carries one, those of the guards included. What stands side by
//! side is one layer: each layer copies all that lies inside it for every request.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Response, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::error::{Kind, Problem};
use crate::extract::text;
use crate::state::AppState;
use crate::wire::list::{key_missing, valid_request_id};

/// Name of the header that carries the request id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Id of the request being answered.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Puts the guards around all routes.
pub fn around(router: Router, state: &AppState) -> Router {
    router
        .layer(from_fn_with_state(state.clone(), admit))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(CompressionLayer::new())
        .layer(cors(&state.settings().cors.origins))
        .layer(from_fn(observe))
}

/// Takes the caller's request id, or draws one, and puts it on the answer; counts the request and its time.
async fn observe(mut request: Request, next: Next) -> Response<Body> {
    let id = text(request.headers(), REQUEST_ID.as_str()).filter(|id| valid_request_id(id)).unwrap_or_else(draw_id);
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = measure(request, next).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        // A list route that was given its own id has set it already.
        response.headers_mut().entry(REQUEST_ID).or_insert(value);
    }
    response
}

/// A request id nobody else has drawn: a random process prefix and a counter, mixed.
pub fn draw_id() -> String {
    static PROCESS: OnceLock<RandomState> = OnceLock::new();
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let process = PROCESS.get_or_init(RandomState::new);
    let n = DRAWN.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}{:08x}", process.hash_one(n), n & 0xffff_ffff)
}

/// Counts the request and its time under its route.
async fn measure(request: Request, next: Next) -> Response<Body> {
    let begun = Instant::now();
    let method = request.method().as_str().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or("none".to_owned(), |p| p.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    let elapsed = begun.elapsed().as_secs_f64();
    tracing::debug!(method, route, status, elapsed, "answered");
    metrics::counter!("planogram_http_requests_total", "method" => method.clone(), "route" => route.clone(), "status" => status)
        .increment(1);
    metrics::histogram!("planogram_http_request_seconds", "method" => method, "route" => route).record(elapsed);
    response
}

/// Answers 503 at once when too many requests are being answered; health and metrics always pass. Then asks for the write
/// key where it is needed, and notes who asks.
async fn admit(State(state): State<AppState>, mut request: Request, next: Next) -> Response<Body> {
    let path = request.uri().path();
    let always_passes = path.starts_with("/health/") || path == "/metrics";
    let permit = (!always_passes).then(|| state.in_flight().try_acquire());
    if let Some(Err(_)) = permit {
        metrics::counter!("planogram_http_shed_total").increment(1);
        let max = state.settings().server.in_flight_max;
        let said = format!("{max} requests are being answered, no more may at the same time");
        return Problem::new(Kind::Overloaded, said).into_response();
    }
    match caller(&state, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Who asks, as far as the write key tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// There is a key, and it was not given.
    Shopper,
    /// The key was given, or there is none.
    Shop,
}

/// Who asks; an error without the write key where the route changes the shop, exports it or tells how it is made.
fn caller(state: &AppState, request: &Request) -> Result<Caller, Problem> {
    let Some(wanted) = state.write_key() else { return Ok(Caller::Shop) };
    let headers = request.headers();
    let bearer =
        text(headers, header::AUTHORIZATION.as_str()).and_then(|a| a.strip_prefix("Bearer ").map(str::to_owned));
    let given = bearer.or_else(|| text(headers, "x-api-key"));
    // The comparison of hashes takes the same time whatever differs.
    if given.as_ref().is_some_and(|key| blake3::hash(key.trim().as_bytes()) == wanted) {
        return Ok(Caller::Shop);
    }
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    match needs_key(request.method(), request.uri().path(), route, state.settings().auth.events_open) {
        true if given.is_some() => Err(key_missing("the write key is wrong")),
        true => Err(key_missing("the write key is missing")),
        false => Ok(Caller::Shopper),
    }
}

fn needs_key(method: &Method, path: &str, route: &str, events_open: bool) -> bool {
    // What plugins answer of their documents is not for shoppers, however it is asked.
    if route == "/v1/{kind}/{question}" || path.starts_with("/v1/ask/") {
        return true;
    }
    match *method {
        Method::PUT | Method::PATCH | Method::DELETE => true,
        Method::POST => {
            path.starts_with("/v1/plugins/")
                || path.starts_with("/v1/models/")
                || path.starts_with("/v1/overlays/")
                || (path == "/v1/events" && !events_open)
        }
        // The log holds everything that was done; a person's data are for that person alone, and so is who is in which
        // audience; counters say how the shop does, and the tree beside them has the categories that are kept from some;
        // drafts, rules and audiences say what it is up to.
        _ => {
            let inside = ["/v1/visitors/", "/v1/customers/", "/v1/audiences", "/v1/membership", "/v1/config"];
            ["/v1/log", "/v1/categories", "/v1/explain"].contains(&path)
                || (path.starts_with("/v1/recommendations/") && path.ends_with("/metrics"))
                || inside.iter().any(|prefix| path.starts_with(prefix))
        }
    }
}

/// Reads may be called from any page; writes are for the shop's own backend.
fn cors(origins: &[String]) -> CorsLayer {
    let origin = if origins.iter().any(|o| o == "*") {
        AllowOrigin::from(Any)
    } else {
        AllowOrigin::list(origins.iter().filter_map(|o| HeaderValue::from_str(o).ok()))
    };
    CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(Any)
        .expose_headers([REQUEST_ID, header::ETAG])
}

fn panicked(payload: Box<dyn std::any::Any + Send>) -> Response<Body> {
    let said = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let said = said.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned());
    metrics::counter!("planogram_http_panics_total").increment(1);
    tracing::error!(message = said, "a handler panicked");
    Problem::new(Kind::Internal, "the server made a mistake; the log has it under this request id").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_ids_differ_and_are_fit_for_a_header() {
        let ids: std::collections::BTreeSet<String> = (0..1000).map(|_| draw_id()).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| valid_request_id(id)));
    }

    #[test]
    fn what_changes_or_exports_the_shop_needs_the_key() {
        let check = |method: Method, path: &str, expected: bool| {
            assert_eq!(needs_key(&method, path, path, true), expected, "{path}");
        };
        check(Method::GET, "/v1/search", false);
        check(Method::POST, "/v1/search", false);
        check(Method::POST, "/v1/events", false);
        check(Method::GET, "/v1/log", true);
        check(Method::GET, "/v1/categories", true);
        check(Method::GET, "/v1/categories/Men/products", false);
        check(Method::GET, "/v1/recommendations/front/metrics", true);
        check(Method::GET, "/v1/recommendations/front", false);
        check(Method::GET, "/v1/visitors/v", true);
        check(Method::GET, "/v1/audiences", true);
        check(Method::GET, "/v1/membership", true);
        check(Method::HEAD, "/v1/customers/c", true);
        check(Method::DELETE, "/v1/customers/c", true);
        check(Method::PUT, "/v1/products", true);
        check(Method::POST, "/v1/plugins/x/reload", true);
        check(Method::POST, "/v1/models/rebuild", true);
        check(Method::GET, "/v1/models", false);
        check(Method::POST, "/v1/overlays/spring/publish", true);
        for path in ["/v1/config", "/v1/config/search-rule", "/v1/config/audience/a/history", "/v1/explain"] {
            check(Method::GET, path, true);
        }
        check(Method::POST, "/v1/ask/rules/conflicts", true);
        let question = |method| needs_key(&method, "/v1/rules/conflicts", "/v1/{kind}/{question}", true);
        assert!(question(Method::GET) && question(Method::POST));
        assert!(needs_key(&Method::POST, "/v1/events", "", false));
    }
}
