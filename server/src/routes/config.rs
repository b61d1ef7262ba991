//! Configuration documents: read, write, delete, history.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use planogram_core::config::document::{Document, DocumentWrite};
use planogram_core::engine::types::{WriteError, WriteOptions};

use super::{Answer, blocking, json};
use crate::error::Problem;
use crate::extract::{Pairs, Whole, text, write_options};
use crate::state::AppState;
use crate::wire::config::{self, DocumentJson, KindJson, WRITE};
use crate::wire::params::{Address, settle};
use crate::wire::schema::{DocumentQuery, DocumentWriteQuery};

/// The kinds of document there are, with owner, schema and questions.
#[utoipa::path(get, path = "/v1/config", tag = "config",
    responses((status = 200, description = "The answer.", body = Vec<KindJson>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn kinds(State(state): State<AppState>) -> Answer {
    let kinds: Vec<KindJson> = state.engine()?.config_kinds().into_iter().map(KindJson::from).collect();
    Ok(json(&kinds))
}

/// The documents of a kind, of every scope or of the named store view: the live ones, or the drafts of an overlay.
#[utoipa::path(get, path = "/v1/config/{kind}", tag = "config",
    params(("kind" = String, Path, description = "Kind of document."), DocumentQuery),
    responses((status = 200, description = "The answer.", body = Vec<DocumentJson>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(state): State<AppState>, Path(kind): Path<String>, Pairs(pairs): Pairs) -> Answer {
    let which = config::read(&pairs)?;
    let views =
        blocking(&state, move |engine| engine.config_list(&kind, which.scope.as_deref(), which.state, &which.overlay));
    let documents: Vec<DocumentJson> = views.await??.into_iter().map(DocumentJson::from).collect();
    Ok(json(&documents))
}

/// One document.
#[utoipa::path(get, path = "/v1/config/{kind}/{id}", tag = "config",
    params(("kind" = String, Path, description = "Kind of document."), ("id" = String, Path, description = "Id."), DocumentQuery),
    responses((status = 200, description = "The answer.", body = DocumentJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn get(
    State(state): State<AppState>,
    Path((kind, id)): Path<(String, String)>,
    Pairs(pairs): Pairs,
) -> Answer {
    let which = config::read(&pairs)?;
    let named = format!("{kind}/{id}");
    let found = blocking(&state, move |engine| {
        engine.config_get(&kind, which.scope.as_deref().unwrap_or_default(), &id, which.state, &which.overlay)
    });
    match found.await?? {
        Some(view) => {
            let document = DocumentJson::from(view);
            Ok(with_revision(json(&document), document.revision))
        }
        None => Err(Problem::not_found("document", &named)),
    }
}

/// Creates or replaces a document; the body is the document itself.
#[utoipa::path(put, path = "/v1/config/{kind}/{id}", tag = "config", request_body = serde_json::Value,
    params(("kind" = String, Path, description = "Kind of document."), ("id" = String, Path, description = "Id."),
        DocumentQuery, DocumentWriteQuery),
    responses((status = 200, description = "The answer.", body = DocumentJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn put(
    State(state): State<AppState>,
    Path((kind, id)): Path<(String, String)>,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
    body: Whole,
) -> Answer {
    // An empty body must not pass for an empty document.
    if body.bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::new(crate::error::Kind::MalformedBody, "the body is empty").allow("the document as JSON"));
    }
    let tag = text(&headers, header::IF_MATCH.as_str());
    let write = config::write(&kind, &id, &pairs, tag.as_deref(), Some(&body.bytes))?;
    store(&state, write, &pairs, &headers).await
}

/// Deletes a document; its history stays. Of a draft, `discard` throws the draft itself away; without it the overlay shows
/// the shop without the document.
#[utoipa::path(delete, path = "/v1/config/{kind}/{id}", tag = "config",
    params(("kind" = String, Path, description = "Kind of document."), ("id" = String, Path, description = "Id."),
        DocumentQuery, DocumentWriteQuery),
    responses((status = 200, description = "The answer.", body = DocumentJson), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn delete(
    State(state): State<AppState>,
    Path((kind, id)): Path<(String, String)>,
    Pairs(pairs): Pairs,
    headers: HeaderMap,
) -> Answer {
    let tag = text(&headers, header::IF_MATCH.as_str());
    let write = config::write(&kind, &id, &pairs, tag.as_deref(), None)?;
    store(&state, write, &pairs, &headers).await
}

/// All revisions of a document, newest first.
#[utoipa::path(get, path = "/v1/config/{kind}/{id}/history", tag = "config",
    params(("kind" = String, Path, description = "Kind of document."), ("id" = String, Path, description = "Id."), DocumentQuery),
    responses((status = 200, description = "The answer.", body = Vec<DocumentJson>), (status = "default", description = "A problem.", body = Problem, content_type = "application/problem+json")))]
pub async fn history(
    State(state): State<AppState>,
    Path((kind, id)): Path<(String, String)>,
    Pairs(pairs): Pairs,
) -> Answer {
    let which = config::read(&pairs)?;
    let scope = which.scope.unwrap_or_default();
    let revisions = blocking(&state, move |engine| engine.config_history(&kind, &scope, &id)).await??;
    let revisions: Vec<DocumentJson> = revisions.into_iter().map(|d| DocumentJson::new(d, None)).collect();
    Ok(json(&revisions))
}

async fn store(state: &AppState, write: DocumentWrite, pairs: &[(String, String)], headers: &HeaderMap) -> Answer {
    let mut address = Address::new(pairs, WRITE);
    let options: WriteOptions = write_options(&mut address, headers);
    settle(address)?;
    let key = format!("{}/{}", write.key.kind, write.key.id);
    let written = blocking(state, move |engine| {
        let (of, state, overlay) = (write.key.clone(), write.state, write.overlay.clone());
        let (documents, _) = engine.write_config(vec![write], options)?;
        let warnings = engine.config_remarks(&of, state, &overlay);
        Ok::<_, WriteError>((documents, warnings))
    });
    let (documents, warnings) = written.await??;
    let stored: Document = documents.into_iter().next().ok_or_else(|| {
        Problem::new(crate::error::Kind::Internal, format!("document `{key}` was written but not returned"))
    })?;
    let revision = stored.revision;
    Ok(with_revision(json(&DocumentJson { warnings, ..DocumentJson::new(stored, None) }), revision))
}

fn with_revision(mut response: Response, revision: u64) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{revision}\"")).expect("digits in quotes are fit for a header");
    response.headers_mut().insert(header::ETAG, tag);
    response
}
