//! Which status does a failure get?
//!
//! The only place that picks a status code. Every failure leaves as `application/problem+json` (RFC 9457) and names
//! the parameter, pointer or line, the value and what is allowed, as far as they apply. What is ours (5xx) is logged
//! here, once; what is the caller's is told to the caller.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use planogram_core::engine::types::{QueryError, ReloadError, WriteError};
use planogram_core::log::ReadError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::decode::Defect;
use crate::wire::write::RejectedJson;

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A parameter or header of the request.
    InvalidParameter,
    /// The body is not JSON, or not what the route takes.
    MalformedBody,
    /// A write key is missing or wrong.
    Unauthorized,
    /// No such route or thing.
    NotFound,
    /// The route has no such method.
    MethodNotAllowed,
    /// It was there, and is not kept any more.
    Gone,
    /// The thing changed in between.
    Conflict,
    /// The body is over the bound.
    TooLarge,
    /// The body is of a type that is not understood.
    UnsupportedMediaType,
    /// Understood, but refused: bad rows, a bad document, a bad plugin.
    Refused,
    /// Too many requests at once.
    Overloaded,
    /// Starting, draining, or not yet at `min_seq`.
    Unavailable,
    /// No answer within the deadline.
    Late,
    /// Ours.
    Internal,
}

impl Kind {
    /// Status code.
    pub fn status(self) -> StatusCode {
        match self {
            Kind::InvalidParameter | Kind::MalformedBody => StatusCode::BAD_REQUEST,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Gone => StatusCode::GONE,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            Kind::Overloaded | Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Late => StatusCode::GATEWAY_TIMEOUT,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Last word of the problem's `type`, and its title.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Kind::InvalidParameter => ("invalid-parameter", "a parameter is not valid"),
            Kind::MalformedBody => ("malformed-body", "the body cannot be read"),
            Kind::Unauthorized => ("unauthorized", "a write key is needed"),
            Kind::NotFound => ("not-found", "there is no such thing"),
            Kind::MethodNotAllowed => ("method-not-allowed", "the route has no such method"),
            Kind::Gone => ("gone", "it is not kept any more"),
            Kind::Conflict => ("conflict", "it changed in between"),
            Kind::TooLarge => ("too-large", "the body is too large"),
            Kind::UnsupportedMediaType => ("unsupported-media-type", "the content type is not understood"),
            Kind::Refused => ("refused", "it was understood and refused"),
            Kind::Overloaded => ("overloaded", "too many requests at once"),
            Kind::Unavailable => ("unavailable", "not ready"),
            Kind::Late => ("late", "no answer within the deadline"),
            Kind::Internal => ("internal", "our fault"),
        }
    }
}

/// A failed request, as the caller sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A name for the kind of failure, `urn:planogram:…`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time: the thing, the value, the bound.
    pub detail: String,
    /// The query parameter or header at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// JSON pointer into the body to the value at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Line of the batch at fault, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The value at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
    /// Everything that is wrong with the body, when there is more than one thing to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Defect>,
    /// The refused rows of a batch of which nothing was accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<RejectedJson>,
    #[serde(skip)]
    code: Kind,
}

impl Problem {
    /// A failure of a kind, with its particulars.
    pub fn new(code: Kind, detail: impl Into<String>) -> Self {
        let (word, title) = code.words();
        Self {
            kind: format!("urn:planogram:{word}"),
            title,
            status: code.status().as_u16(),
            detail: detail.into(),
            parameter: None,
            pointer: None,
            line: None,
            value: None,
            allowed: None,
            problems: Vec::new(),
            rejected: Vec::new(),
            code,
        }
    }

    /// A parameter that is not valid.
    pub fn parameter(name: &str, detail: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { parameter: Some(name.to_owned()), ..Self::new(Kind::InvalidParameter, detail) }.allow(allowed)
    }

    /// A body with defects: the first is the detail, all are listed.
    pub fn defects(code: Kind, defects: Vec<Defect>) -> Self {
        let Some(first) = defects.first() else { return Self::new(code, "the body is not valid") };
        let problem = Self { pointer: Some(first.pointer.clone()), ..Self::new(code, first.message.clone()) };
        let problem = problem.allow(first.allowed.clone());
        if defects.len() > 1 { Self { problems: defects, ..problem } } else { problem }
    }

    /// The thing that does not exist.
    pub fn not_found(what: &str, name: &str) -> Self {
        Self::new(Kind::NotFound, format!("no {what} `{name}`"))
    }

    /// With what is allowed.
    pub fn allow(self, allowed: impl Into<String>) -> Self {
        let allowed = allowed.into();
        Self { allowed: (!allowed.is_empty()).then_some(allowed), ..self }
    }

    /// With the value at fault.
    pub fn with_value(self, value: impl Into<String>) -> Self {
        Self { value: Some(value.into()), ..self }
    }

    /// What kind of failure it is.
    pub fn code(&self) -> Kind {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if self.code == Kind::Internal {
            tracing::error!(detail = self.detail, "request failed");
        }
        let body = serde_json::to_vec(&self).expect("a problem has only texts and numbers");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(self.code, Kind::Overloaded | Kind::Unavailable) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.code == Kind::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let said = error.to_string();
        match error {
            QueryError::Invalid { parameter, message, allowed } => Problem::parameter(&parameter, message, allowed),
            QueryError::NotFound { .. } => Problem::new(Kind::NotFound, said),
            QueryError::NotYet { .. } => {
                Problem { parameter: Some("min_seq".into()), ..Problem::new(Kind::Unavailable, said) }
            }
            QueryError::Overloaded { .. } | QueryError::Expired => Problem::new(Kind::Overloaded, said),
            _ => Problem::new(Kind::Internal, said),
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        let said = error.to_string();
        match error {
            WriteError::AllRejected(_) => Problem::new(Kind::Refused, said),
            WriteError::Refused { problems, .. } => {
                let defects = problems.into_iter().map(|p| Defect::new(p.pointer, p.message, p.allowed)).collect();
                Problem::defects(Kind::Refused, defects)
            }
            WriteError::Conflict { .. } => Problem::new(Kind::Conflict, said),
            WriteError::UnknownKind { known, .. } => Problem::new(Kind::NotFound, said).allow(known),
            WriteError::NotFound { .. } => Problem::new(Kind::NotFound, said),
            WriteError::Closing => Problem::new(Kind::Unavailable, said),
            _ => Problem::new(Kind::Internal, said),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Cut { first, .. } => {
                Problem { parameter: Some("from".into()), ..Problem::new(Kind::Gone, error.to_string()) }
                    .allow(format!("{first} or later"))
            }
            ReadError::Closed => Problem::new(Kind::Unavailable, error.to_string()),
            _ => Problem::new(Kind::Internal, format!("the log cannot be read: {error}")),
        }
    }
}

impl From<ReloadError> for Problem {
    fn from(error: ReloadError) -> Self {
        let code = if error.unknown { Kind::NotFound } else { Kind::Refused };
        Problem::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(problem: impl Into<Problem>, status: u16, detail: &str) {
        let problem = problem.into();
        assert_eq!((problem.status, problem.detail.as_str()), (status, detail));
        assert_eq!(problem.into_response().status().as_u16(), status);
    }

    #[test]
    fn statuses() {
        let invalid =
            QueryError::Invalid { parameter: "sort".into(), message: "no sort `x`".into(), allowed: "price".into() };
        check(invalid, 400, "no sort `x`");
        check(QueryError::NotFound { what: "unit".into(), name: "u".into() }, 404, "no unit `u`");
        check(QueryError::Overloaded { waiting: 9, limit: 8 }, 503, "9 requests wait for a worker, at most 8 may");
        check(QueryError::Internal("disk".into()), 500, "disk");
        check(ReadError::Cut { from: 3, first: 9 }, 410, "entry 3 was cut, the log begins at 9; start from a snapshot");
        check(WriteError::Closing, 503, "the engine is closing");
        check(ReloadError { plugin: "p".into(), message: "m".into(), unknown: true }, 404, "plugin `p` refused: m");
        check(ReloadError { plugin: "p".into(), message: "m".into(), unknown: false }, 422, "plugin `p` refused: m");
    }

    #[test]
    fn a_retry_is_suggested_when_it_helps() {
        let response = Problem::new(Kind::Overloaded, "full").into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
}
