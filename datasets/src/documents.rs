//! In which form does a shop bring its configuration along?
//!
//! As documents that are written to the log on the first start. Their bodies are JSON; whoever owns the kind
//! checks them.

use planogram_core::config::document::{DocumentKey, DocumentState, DocumentWrite};
use serde_json::Value;

/// One configuration document of a new shop.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedDocument {
    /// Kind, scope (empty for every store view) and id.
    pub key: DocumentKey,
    /// The body.
    pub body: Value,
}

impl SeedDocument {
    /// A document for every store view.
    pub fn global(kind: &str, id: &str, body: Value) -> Self {
        Self::scoped(kind, "", id, body)
    }

    /// A document for one store view.
    pub fn scoped(kind: &str, scope: &str, id: &str, body: Value) -> Self {
        let key = DocumentKey { kind: kind.to_owned(), scope: scope.to_owned(), id: id.to_owned() };
        Self { key, body }
    }

    /// The write that makes it live, only if there is none yet.
    pub fn into_write(self, author: &str, note: &str) -> DocumentWrite {
        DocumentWrite {
            key: self.key,
            state: DocumentState::Live,
            overlay: String::new(),
            body: Some(self.body.to_string()),
            author: author.to_owned(),
            note: note.to_owned(),
            from_ms: None,
            until_ms: None,
            expected_revision: Some(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_document_never_overwrites() {
        let write = SeedDocument::scoped("unit", "sv", "home", serde_json::json!({"limit": 5})).into_write("demo", "");
        assert_eq!((write.expected_revision, write.body.as_deref()), (Some(0), Some(r#"{"limit":5}"#)));
        assert_eq!(write.key.scope, "sv");
    }
}
