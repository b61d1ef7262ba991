//! How do handlers get at the parts of a request?
//!
//! Own extractors, because those of the framework reject in plain text: every rejection here is a [`Problem`].

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use planogram_core::engine::types::{Acknowledge, WriteOptions};
use serde_json::Value;

use crate::error::{Kind, Problem};
use crate::guard::{Caller, RequestId};
use crate::state::AppState;
use crate::wire::batch;
use crate::wire::decode::cut;
use crate::wire::list::FromHeaders;
use crate::wire::params::{Address, Params, settle};

/// The pairs of the query string, decoded, in order.
pub struct Pairs(pub Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) {
            Ok(Query(pairs)) => Ok(Self(pairs)),
            Err(e) => {
                Err(Problem::parameter("query", format!("the query string cannot be read: {e}"), "name=value pairs"))
            }
        }
    }
}

/// What headers add to a read: request id, audiences, and whether more than a shopper asks.
impl<S: Send + Sync> FromRequestParts<S> for FromHeaders {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let audiences = text(&parts.headers, "aep-segments-membership").unwrap_or_default();
        let audiences = audiences.split(',').map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()).collect();
        let is_shopper = parts.extensions.get::<Caller>() == Some(&Caller::Shopper);
        Ok(Self { request_id, audiences, is_shopper })
    }
}

/// The body of a request, whole and within its bound, with its content type.
pub struct Whole {
    /// The bytes.
    pub bytes: Bytes,
    /// The content type, if one was named.
    pub content_type: Option<String>,
}

impl FromRequest<AppState> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, state: &AppState) -> Result<Self, Problem> {
        let max = state.settings().server.body_bytes_max;
        let (parts, body) = request.into_parts();
        let too_large = || {
            let declared = text(&parts.headers, header::CONTENT_LENGTH.as_str());
            let problem = Problem::new(Kind::TooLarge, format!("the body is larger than {max} bytes"));
            let problem = problem.allow(format!("at most {max} bytes a request; send larger batches in parts"));
            declared.map_or(problem.clone(), |d| problem.with_value(d))
        };
        let declared = text(&parts.headers, header::CONTENT_LENGTH.as_str()).and_then(|l| l.parse::<u64>().ok());
        if declared.is_some_and(|length| length > max) {
            return Err(too_large());
        }
        let limit = usize::try_from(max).unwrap_or(usize::MAX);
        let bytes = axum::body::to_bytes(body, limit).await.map_err(|e| {
            let source = std::error::Error::source(&e).map(ToString::to_string).unwrap_or_default();
            if source.contains("length limit") {
                return too_large();
            }
            Problem::new(Kind::MalformedBody, format!("the body broke off: {e}"))
        })?;
        Ok(Self { bytes, content_type: text(&parts.headers, header::CONTENT_TYPE.as_str()) })
    }
}

impl Whole {
    /// The rows of a batch, which an object may hold under `wrapper`.
    ///
    /// # Errors
    /// 415 for other content types, 400 when the body as a whole cannot be read or is empty.
    pub fn rows(&self, wrapper: Option<&str>) -> Result<Vec<batch::Row>, Problem> {
        let Some(framing) = batch::framing(self.content_type.as_deref(), &self.bytes) else {
            let named = cut(self.content_type.as_deref().unwrap_or_default());
            let problem = Problem::new(Kind::UnsupportedMediaType, format!("content type `{named}` is not understood"));
            return Err(problem.allow("application/json, application/x-ndjson"));
        };
        if self.bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Problem::new(Kind::MalformedBody, "the body is empty").allow("a JSON array, or NDJSON"));
        }
        batch::rows(&self.bytes, framing, wrapper).map_err(|defect| Problem::defects(Kind::MalformedBody, vec![defect]))
    }

    /// The body as one JSON document; an empty body is an empty object.
    ///
    /// # Errors
    /// 415 for other content types, 400 when it is not JSON.
    pub fn json(&self) -> Result<Value, Problem> {
        if batch::framing(self.content_type.as_deref(), &self.bytes).is_none() {
            let named = cut(self.content_type.as_deref().unwrap_or_default());
            let problem = Problem::new(Kind::UnsupportedMediaType, format!("content type `{named}` is not understood"));
            return Err(problem.allow("application/json"));
        }
        if self.bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        batch::parse(&self.bytes).map_err(|defect| Problem::defects(Kind::MalformedBody, vec![defect]))
    }
}

/// How a write is made and acknowledged: `?wait=text`, `?ack=durable`, `?author=`, `Idempotency-Key`.
pub struct WriteParams(pub WriteOptions);

/// Parameters of writes of rows.
pub const WRITE_PARAMETERS: &[&str] = &["wait", "ack", "author"];

impl<S: Send + Sync> FromRequestParts<S> for WriteParams {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Pairs(pairs) = Pairs::from_request_parts(parts, state).await?;
        let mut address = Address::new(&pairs, WRITE_PARAMETERS);
        let options = write_options(&mut address, &parts.headers);
        settle(address)?;
        Ok(Self(options))
    }
}

/// The write options an address and headers name; mistakes go to `address`.
pub fn write_options(address: &mut Address<'_>, headers: &HeaderMap) -> WriteOptions {
    let (wait, ack) = (address.text("wait"), address.text("ack"));
    let acknowledge = match (wait.as_deref(), ack.as_deref()) {
        (None, None) => Acknowledge::Visible,
        (Some("text"), None) => Acknowledge::Text,
        (None, Some("durable")) => Acknowledge::Durable,
        (None, Some("visible")) => Acknowledge::Visible,
        (Some(_), Some(_)) => {
            address.report(
                "ack",
                "`ack` and `wait` exclude each other".to_owned(),
                "one of wait=text, ack=durable".to_owned(),
            );
            Acknowledge::Visible
        }
        (Some(other), None) => {
            address.report("wait", format!("`wait` is `{}`", cut(other)), "text".to_owned());
            Acknowledge::Visible
        }
        (None, Some(other)) => {
            address.report("ack", format!("`ack` is `{}`", cut(other)), "durable, visible".to_owned());
            Acknowledge::Visible
        }
    };
    let key = text(headers, "idempotency-key");
    if key.as_ref().is_some_and(|k| k.is_empty() || k.len() > 256) {
        address.report(
            "idempotency-key",
            "`Idempotency-Key` is empty or too long".to_owned(),
            "1 to 256 bytes".to_owned(),
        );
    }
    let actor = address.text("author").filter(|a| !a.is_empty()).unwrap_or_else(|| "api".to_owned());
    WriteOptions { actor, idempotency_key: key, acknowledge }
}

/// A header as text, if it is there and is text.
pub fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
