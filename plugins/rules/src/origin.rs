//! Which document is in force where, and when?
//!
//! A document of a store view stands in front of the global one with the same id while it is valid, also when
//! it is switched off: that is how one store view opts out of a global rule. Validity is half open:
//! from inclusive, until exclusive, in milliseconds of the request's time.

use std::collections::HashMap;

use planogram_abi::Document;

/// Where a document comes from and how long it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Kind of the document.
    pub kind: String,
    /// Store view code, or empty for every store view.
    pub scope: String,
    /// Id within kind and scope.
    pub id: String,
    /// Sequence of the write: newer documents have larger ones.
    pub seq: u64,
    /// Begin of validity, milliseconds since 1970.
    pub from_ms: i64,
    /// End of validity (exclusive), milliseconds since 1970.
    pub until_ms: i64,
}

impl Origin {
    /// The origin of `document`.
    pub fn of(document: &Document<'_>) -> Self {
        Self {
            kind: document.kind.to_owned(),
            scope: document.scope.to_owned(),
            id: document.id.to_owned(),
            seq: document.seq,
            from_ms: document.from_ms,
            until_ms: document.until_ms,
        }
    }

    /// Whether this is the origin of `document`.
    pub fn is_of(&self, document: &Document<'_>) -> bool {
        (self.seq, self.from_ms, self.until_ms) == (document.seq, document.from_ms, document.until_ms)
            && (&*self.kind, &*self.scope, &*self.id) == (document.kind, document.scope, document.id)
    }

    /// Whether the document holds at this time.
    pub fn valid_at(&self, now_ms: i64) -> bool {
        (self.from_ms..self.until_ms).contains(&now_ms)
    }
}

/// The documents of one kind by store view, to tell which global ones are covered.
#[derive(Clone, Debug, Default)]
pub struct Scopes {
    /// Store view → id → validity; global documents are not kept.
    views: HashMap<String, HashMap<String, (i64, i64)>>,
}

impl Scopes {
    /// Takes a document in; those that are switched off, too.
    pub fn insert(&mut self, origin: &Origin) {
        if !origin.scope.is_empty() {
            let view = self.views.entry(origin.scope.clone()).or_default();
            view.insert(origin.id.clone(), (origin.from_ms, origin.until_ms));
        }
    }

    /// Whether the document holds for this store view at this time.
    pub fn in_force(&self, origin: &Origin, store_view: &str, now_ms: i64) -> bool {
        if !origin.valid_at(now_ms) {
            return false;
        }
        if !origin.scope.is_empty() {
            return origin.scope == store_view;
        }
        let cover = self.views.get(store_view).and_then(|view| view.get(&origin.id));
        !cover.is_some_and(|(from_ms, until_ms)| (*from_ms..*until_ms).contains(&now_ms))
    }

    /// The documents of store views that stand in front of a global one: view, begin and end of validity.
    pub fn covers<'a>(&'a self, origin: &'a Origin) -> impl Iterator<Item = (&'a str, i64, i64)> {
        let views = self.views.iter().filter(|_| origin.scope.is_empty());
        let mut covers: Vec<_> = views
            .filter_map(|(view, ids)| {
                ids.get(&origin.id).map(|(from_ms, until_ms)| (view.as_str(), *from_ms, *until_ms))
            })
            .collect();
        covers.sort_unstable();
        covers.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(scope: &str, from_ms: i64, until_ms: i64) -> Origin {
        Origin { kind: "k".into(), scope: scope.into(), id: "a".into(), seq: 1, from_ms, until_ms }
    }

    #[test]
    fn a_store_view_document_covers_the_global_one_while_valid() {
        let (global, british) = (origin("", 0, 100), origin("uk", 50, 60));
        let mut scopes = Scopes::default();
        scopes.insert(&global);
        scopes.insert(&british);
        let check = |who: &Origin, view: &str, now: i64, expected: bool| {
            assert_eq!(scopes.in_force(who, view, now), expected, "{}/{view} at {now}", who.scope);
        };
        check(&global, "us", 55, true);
        check(&global, "uk", 49, true);
        check(&global, "uk", 50, false);
        check(&global, "uk", 60, true);
        check(&global, "us", 100, false);
        check(&global, "us", -1, false);
        check(&british, "uk", 50, true);
        check(&british, "uk", 60, false);
        check(&british, "us", 55, false);
    }
}
