//! What does a helper thread keep of the documents it was given?
//!
//! Copies of its own, because it may outlive the call. They are shared: of many documents that are judged beside the
//! same ten thousand others, those are copied once.

use std::sync::Arc;

use planogram_abi::Document;

/// Documents that a helper thread may keep. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct Copies(Arc<Vec<Copied>>);

#[derive(Debug)]
struct Copied {
    kind: String,
    scope: String,
    id: String,
    revision: u64,
    seq: u64,
    from_ms: i64,
    until_ms: i64,
    json: String,
}

impl Copies {
    /// Copies of documents, in their order.
    pub fn of<'d, 'a: 'd>(documents: impl IntoIterator<Item = &'d Document<'a>>) -> Self {
        Self(Arc::new(documents.into_iter().map(Copied::of).collect()))
    }

    /// The documents.
    pub(super) fn lend(&self) -> Vec<Document<'_>> {
        self.0.iter().map(Copied::lend).collect()
    }
}

impl Copied {
    fn of(document: &Document<'_>) -> Self {
        let Document { kind, scope, id, revision, seq, from_ms, until_ms, json } = *document;
        let [kind, scope, id, json] = [kind, scope, id, json].map(str::to_owned);
        Self { kind, scope, id, revision, seq, from_ms, until_ms, json }
    }

    fn lend(&self) -> Document<'_> {
        let Self { kind, scope, id, revision, seq, from_ms, until_ms, json } = self;
        let (revision, seq, from_ms, until_ms) = (*revision, *seq, *from_ms, *until_ms);
        Document { kind, scope, id, revision, seq, from_ms, until_ms, json }
    }
}
