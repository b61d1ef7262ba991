//! What is a configuration document on the wire?
//!
//! The body of a PUT is the document itself; who, why and when stand in the address, so that a document can be kept
//! in a file and sent as it is. Answers wrap the document with its revision and validity.

use planogram_core::config::document::{Document, DocumentKey, DocumentState, DocumentWrite};
use planogram_core::engine::types::{DocumentView, KindInfo};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::params::{Address, Params, settle};
use super::time;
use crate::error::{Kind, Problem};

/// Parameters of reads of documents.
pub const READ: &[&str] = &["store_view", "state", "overlay"];
/// Parameters of writes of documents.
pub const WRITE: &[&str] = &[
    "store_view",
    "state",
    "overlay",
    "author",
    "note",
    "from",
    "until",
    "expected_revision",
    "wait",
    "ack",
    "discard",
];

/// Parameters of publishing the drafts of an overlay.
pub const PUBLISH: &[&str] = &["wait", "ack"];

/// A stored revision of a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentJson {
    /// Kind.
    pub kind: String,
    /// Id.
    pub id: String,
    /// Store view code; empty for every store view.
    pub store_view: String,
    /// `live`, `draft`, or `discarded` for the revision that threw a draft away.
    pub state: &'static str,
    /// Overlay of a draft.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub overlay: String,
    /// Revision, from 1.
    pub revision: u64,
    /// Who wrote it.
    pub author: String,
    /// Why.
    pub note: String,
    /// Begin of validity; absent for always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// End of validity (exclusive); absent for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Log position of the write.
    pub seq: u64,
    /// Log time of the write.
    pub time: String,
    /// Does anybody act on it? False when the owner of the kind is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// What its author should know though it was not refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The document; `null` when this revision deleted it.
    pub document: Option<Value>,
}

/// A kind of document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KindJson {
    /// Name.
    pub name: String,
    /// `kernel`, the owning plugin, or nothing when the owner is absent.
    pub owner: Option<String>,
    /// Does anybody act on its documents?
    pub active: bool,
    /// JSON Schema of a document.
    pub schema: Value,
    /// Questions that can be asked about it.
    pub questions: Vec<QuestionJson>,
}

/// A question of a kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct QuestionJson {
    /// Name: ask at `/v1/{kind}/{name}`.
    pub name: String,
    /// One sentence about it.
    pub about: String,
}

impl DocumentJson {
    /// One revision.
    pub fn new(document: Document, active: Option<bool>) -> Self {
        let write = document.write;
        Self {
            kind: write.key.kind,
            id: write.key.id,
            store_view: write.key.scope,
            state: match write.state {
                DocumentState::Draft => "draft",
                DocumentState::Live => "live",
                DocumentState::Discarded => "discarded",
            },
            overlay: write.overlay,
            revision: document.revision,
            author: write.author,
            note: write.note,
            from: write.from_ms.map(time::text),
            until: write.until_ms.map(time::text),
            seq: document.seq,
            time: time::text(document.time_ms),
            active,
            warnings: Vec::new(),
            document: write.body.map(|body| serde_json::from_str(&body).unwrap_or(Value::String(body))),
        }
    }
}

impl From<DocumentView> for DocumentJson {
    fn from(view: DocumentView) -> Self {
        Self { warnings: view.remarks, ..Self::new(view.document, Some(view.active)) }
    }
}

impl From<KindInfo> for KindJson {
    fn from(kind: KindInfo) -> Self {
        Self {
            active: kind.owner.is_some(),
            schema: serde_json::from_str(&kind.schema).unwrap_or(Value::Bool(true)),
            name: kind.name,
            owner: kind.owner,
            questions: kind.questions.into_iter().map(|(name, about)| QuestionJson { name, about }).collect(),
        }
    }
}

/// Which document of a key an address means: store view, state and overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Which {
    /// Store view; empty for every one, nothing when the address names none.
    pub scope: Option<String>,
    /// Draft or live.
    pub state: DocumentState,
    /// Overlay of a draft.
    pub overlay: String,
}

fn which(p: &mut Address<'_>) -> Which {
    let scope = p.text("store_view");
    let overlay = p.text("overlay").filter(|o| !o.is_empty());
    let state = match p.text("state").as_deref() {
        None => overlay.as_ref().map_or(DocumentState::Live, |_| DocumentState::Draft),
        Some("live") => DocumentState::Live,
        Some("draft") => DocumentState::Draft,
        Some(other) => {
            p.report("state", format!("no state `{}`", super::decode::cut(other)), "live, draft".to_owned());
            DocumentState::Live
        }
    };
    match (state, &overlay) {
        (DocumentState::Draft, None) => {
            p.report(
                "overlay",
                "a draft belongs to an overlay".to_owned(),
                "overlay=NAME beside state=draft".to_owned(),
            );
        }
        (DocumentState::Live, Some(_)) => {
            p.report("overlay", "a live document has no overlay".to_owned(), "state=draft, or no overlay".to_owned());
        }
        _ => {}
    }
    Which { scope, state, overlay: overlay.unwrap_or_default() }
}

/// What the address of a read means.
///
/// # Errors
/// The parameter at fault.
pub fn read(pairs: &[(String, String)]) -> Result<Which, Problem> {
    let mut address = Address::new(pairs, READ);
    let which = which(&mut address);
    settle(address).map(|()| which)
}

/// The write that address, `If-Match` and body ask for; no body deletes.
///
/// # Errors
/// The parameter at fault, or where the body stops being JSON.
pub fn write(
    kind: &str,
    id: &str,
    pairs: &[(String, String)],
    if_match: Option<&str>,
    body: Option<&[u8]>,
) -> Result<DocumentWrite, Problem> {
    let mut p = Address::new(pairs, WRITE);
    let mut which = which(&mut p);
    if p.flag("discard").unwrap_or(false) {
        if which.state == DocumentState::Live {
            p.report("discard", "only a draft can be discarded".to_owned(), "overlay=NAME beside it".to_owned());
        }
        if body.is_some() {
            p.report("discard", "`discard` means nothing with a document".to_owned(), "DELETE".to_owned());
        }
        which.state = DocumentState::Discarded;
    }
    let expected = p.whole("expected_revision", 0, u64::MAX).or_else(|| revision_of(if_match?, &mut p));
    let (from_ms, until_ms) = (p.moment("from"), p.moment("until"));
    if let (Some(from), Some(until)) = (from_ms, until_ms)
        && until <= from
    {
        p.report("until", "`until` is not after `from`".to_owned(), "a later time".to_owned());
    }
    let write = DocumentWrite {
        key: DocumentKey { kind: kind.to_owned(), scope: which.scope.unwrap_or_default(), id: id.to_owned() },
        state: which.state,
        overlay: which.overlay,
        body: None,
        author: p.text("author").unwrap_or_default(),
        note: p.text("note").unwrap_or_default(),
        from_ms,
        until_ms,
        expected_revision: expected,
    };
    settle(p)?;
    let body = match body {
        None => None,
        Some(bytes) => {
            let value = super::batch::parse(bytes).map_err(|d| Problem::defects(Kind::MalformedBody, vec![d]))?;
            Some(value.to_string())
        }
    };
    Ok(DocumentWrite { body, ..write })
}

/// The revision an entity tag such as `"3"` stands for.
fn revision_of(tag: &str, p: &mut Address<'_>) -> Option<u64> {
    let revision = tag.trim().trim_start_matches("W/").trim_matches('"').parse().ok();
    if revision.is_none() {
        p.report(
            "if-match",
            format!("`{}` is no revision", super::decode::cut(tag)),
            "an ETag such as \"3\"".to_owned(),
        );
    }
    revision
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_write_says_who_why_and_when() {
        let address = pairs(&[("store_view", "sv"), ("author", "ada"), ("note", "sale"), ("from", "2026-01-01")]);
        let w = write("unit", "home", &address, Some("\"3\""), Some(b"{\"limit\": 5}")).unwrap();
        assert_eq!((w.key.scope.as_str(), w.author.as_str(), w.expected_revision), ("sv", "ada", Some(3)));
        assert_eq!(w.body.as_deref(), Some("{\"limit\":5}"));
        let delete = write("unit", "home", &pairs(&[("overlay", "spring")]), None, None).unwrap();
        assert_eq!((delete.state, delete.overlay.as_str(), delete.body), (DocumentState::Draft, "spring", None));
    }

    #[test]
    fn mistakes_are_named() {
        let check = |list: &[(&str, &str)], tag: Option<&str>, parameter: &str| {
            let p = write("unit", "u", &pairs(list), tag, Some(b"{}")).unwrap_err();
            assert_eq!((p.status, p.parameter.as_deref()), (400, Some(parameter)));
        };
        check(&[("state", "draft")], None, "overlay");
        check(&[("state", "live"), ("overlay", "x")], None, "overlay");
        check(&[("state", "dead")], None, "state");
        check(&[("from", "2026-02-01"), ("until", "2026-01-01")], None, "until");
        check(&[("expected_revision", "-1")], None, "expected_revision");
        check(&[], Some("abc"), "if-match");
        check(&[("auther", "x")], None, "auther");
        let discard = |list: &[(&str, &str)], body| write("unit", "u", &pairs(list), None, body);
        assert_eq!(discard(&[("discard", "true")], None).unwrap_err().parameter.as_deref(), Some("discard"));
        let spring = [("overlay", "spring"), ("discard", "true")];
        assert_eq!(discard(&spring, Some(b"{}")).unwrap_err().parameter.as_deref(), Some("discard"));
        assert_eq!(discard(&spring, None).unwrap().state, DocumentState::Discarded);
        let broken = write("unit", "u", &[], None, Some(b"{")).unwrap_err();
        assert_eq!((broken.status, broken.pointer.as_deref()), (400, Some("")));
    }
}
