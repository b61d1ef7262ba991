//! Which documents are in force?
//!
//! A persistent map, folded from the log. Each key keeps its live document, its drafts by overlay, and its
//! latest revisions; the full history is the log. Overlays are looked through, never copied: a
//! [`Selection`] names them and every read goes through it, so that a preview and a live request take one path.

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::document::{Document, DocumentKey, DocumentState, DocumentWrite};
use crate::id::{Seq, TimeMs};
use crate::limits::CONFIG_HISTORY_MAX;

/// All documents of a shop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Store {
    slots: OrdMap<DocumentKey, Arc<Slot>>,
    epoch: u64,
}

/// Everything kept under one key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Slot {
    revision: u64,
    live: Option<Arc<Document>>,
    drafts: Vec<(String, Arc<Document>)>,
    /// Newest last, at most [`CONFIG_HISTORY_MAX`].
    history: Vec<Arc<Document>>,
}

impl Store {
    /// Number of configuration entries folded so far: changes whenever any document does.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Folds one entry's writes in; the caller has checked them.
    pub fn apply(&mut self, writes: &[DocumentWrite], seq: Seq, time_ms: TimeMs) -> Vec<Arc<Document>> {
        self.epoch += 1;
        writes.iter().map(|write| self.apply_one(write, seq, time_ms)).collect()
    }

    fn apply_one(&mut self, write: &DocumentWrite, seq: Seq, time_ms: TimeMs) -> Arc<Document> {
        let mut slot = self.slots.get(&write.key).map(|s| (**s).clone()).unwrap_or_default();
        slot.revision += 1;
        let document = Arc::new(Document { write: write.clone(), revision: slot.revision, seq, time_ms });
        match write.state {
            DocumentState::Live => slot.live = write.body.is_some().then(|| document.clone()),
            DocumentState::Discarded => slot.drafts.retain(|(overlay, _)| *overlay != write.overlay),
            DocumentState::Draft => {
                slot.drafts.retain(|(overlay, _)| *overlay != write.overlay);
                // A draft without a body stays: under its overlay the document is deleted.
                slot.drafts.push((write.overlay.clone(), document.clone()));
                slot.drafts.sort_by(|a, b| a.0.cmp(&b.0));
            }
        }
        slot.history.push(document.clone());
        let excess = slot.history.len().saturating_sub(CONFIG_HISTORY_MAX);
        slot.history.drain(..excess);
        self.slots.insert(write.key.clone(), Arc::new(slot));
        document
    }

    /// Current revision of a key, 0 when it was never written.
    pub fn revision(&self, key: &DocumentKey) -> u64 {
        self.slots.get(key).map_or(0, |slot| slot.revision)
    }

    /// The live document, or the draft of one overlay.
    pub fn get(&self, key: &DocumentKey, state: DocumentState, overlay: &str) -> Option<Arc<Document>> {
        let slot = self.slots.get(key)?;
        match state {
            DocumentState::Live => slot.live.clone(),
            DocumentState::Draft | DocumentState::Discarded => {
                slot.drafts.iter().find(|(name, _)| name == overlay).map(|(_, document)| document.clone())
            }
        }
    }

    /// The latest revisions of a key, newest first.
    pub fn history(&self, key: &DocumentKey) -> Vec<Arc<Document>> {
        self.slots.get(key).map_or_else(Vec::new, |slot| slot.history.iter().rev().cloned().collect())
    }

    /// Every draft: its key and the overlay it belongs to, ordered by key, then overlay.
    pub fn drafts(&self) -> impl Iterator<Item = (&DocumentKey, &str)> {
        self.slots.iter().flat_map(|(key, slot)| slot.drafts.iter().map(move |(overlay, _)| (key, overlay.as_str())))
    }

    /// Those of some overlays that no draft belongs to.
    pub fn without_drafts<'o>(&self, overlays: &'o [String]) -> impl Iterator<Item = &'o str> {
        let has_draft = |overlay: &&str| self.drafts().any(|(_, of)| of == *overlay);
        overlays.iter().map(String::as_str).filter(move |overlay| !has_draft(overlay))
    }

    /// Every kind that has a document, in order.
    pub fn kinds(&self) -> Vec<String> {
        let mut kinds: Vec<&String> = self.slots.keys().map(|key| &key.kind).collect();
        kinds.dedup();
        kinds.into_iter().cloned().collect()
    }

    /// The documents as seen under `overlays`, later overlays over earlier ones; empty is the live shop.
    pub fn select<'a>(&'a self, overlays: &'a [String]) -> Selection<'a> {
        Selection { store: self, overlays }
    }
}

/// The documents of a [`Store`] as one request sees them.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    store: &'a Store,
    overlays: &'a [String],
}

impl<'a> Selection<'a> {
    /// Every document of a kind in every scope, ordered by (scope, id), whatever its validity.
    pub fn of_kind(&self, kind: &str) -> Vec<&'a Document> {
        let first = DocumentKey { kind: kind.to_owned(), scope: String::new(), id: String::new() };
        self.store
            .slots
            .range(first..)
            .take_while(|(key, _)| key.kind == kind)
            .filter_map(|(_, slot)| self.visible(slot))
            .collect()
    }

    /// Every kind that has a document, in order.
    pub fn kinds(&self) -> Vec<String> {
        self.store.kinds()
    }

    /// The document in force for a store view at a time: the view's own, else the one of every view.
    pub fn in_force(&self, kind: &str, scope: &str, id: &str, now_ms: TimeMs) -> Option<&'a Document> {
        let find = |scope: &str| {
            let key = DocumentKey { kind: kind.to_owned(), scope: scope.to_owned(), id: id.to_owned() };
            self.store.slots.get(&key).and_then(|slot| self.visible(slot)).filter(|d| d.write.is_valid_at(now_ms))
        };
        (!scope.is_empty()).then(|| find(scope)).flatten().or_else(|| find(""))
    }

    fn visible(&self, slot: &'a Slot) -> Option<&'a Document> {
        let draft =
            self.overlays.iter().rev().find_map(|overlay| {
                slot.drafts.iter().find(|(name, _)| name == overlay).map(|(_, document)| &**document)
            });
        match draft {
            Some(document) => document.write.body.is_some().then_some(document),
            None => slot.live.as_deref(),
        }
    }
}

impl DocumentWrite {
    /// Whether the document is in force at a time.
    pub fn is_valid_at(&self, now_ms: TimeMs) -> bool {
        self.from_ms.is_none_or(|from| from <= now_ms) && self.until_ms.is_none_or(|until| now_ms < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(scope: &str, id: &str, body: Option<&str>, overlay: Option<&str>) -> DocumentWrite {
        DocumentWrite {
            key: DocumentKey { kind: "unit".into(), scope: scope.into(), id: id.into() },
            state: if overlay.is_some() { DocumentState::Draft } else { DocumentState::Live },
            overlay: overlay.unwrap_or_default().into(),
            body: body.map(Into::into),
            author: "tester".into(),
            note: String::new(),
            from_ms: None,
            until_ms: None,
            expected_revision: None,
        }
    }

    fn body(document: Option<&Document>) -> Option<&str> {
        document.and_then(|d| d.write.body.as_deref())
    }

    #[test]
    fn a_store_view_overrides_and_falls_back() {
        let mut store = Store::default();
        store.apply(&[write("", "a", Some("1"), None), write("sv", "a", Some("2"), None)], 1, 0);
        let live = store.select(&[]);
        assert_eq!(body(live.in_force("unit", "sv", "a", 0)), Some("2"));
        assert_eq!(body(live.in_force("unit", "de", "a", 0)), Some("1"));
        assert_eq!(live.of_kind("unit").len(), 2);
        assert_eq!(live.of_kind("units").len(), 0);
    }

    #[test]
    fn a_draft_is_seen_under_its_overlay_only_and_may_delete() {
        let mut store = Store::default();
        store.apply(&[write("", "a", Some("1"), None)], 1, 0);
        store.apply(&[write("", "a", Some("2"), Some("spring")), write("", "b", Some("3"), Some("spring"))], 2, 0);
        store.apply(&[write("", "a", None, Some("purge"))], 3, 0);
        let spring = ["spring".to_owned()];
        let both = ["spring".to_owned(), "purge".to_owned()];
        assert_eq!(body(store.select(&[]).in_force("unit", "", "a", 0)), Some("1"));
        assert_eq!(body(store.select(&spring).in_force("unit", "", "a", 0)), Some("2"));
        assert_eq!(store.select(&spring).of_kind("unit").len(), 2);
        assert_eq!(body(store.select(&both).in_force("unit", "", "a", 0)), None);
    }

    #[test]
    fn a_discarded_draft_is_as_if_it_had_never_been_and_stands_in_the_history() {
        let mut store = Store::default();
        store.apply(&[write("", "a", Some("1"), None), write("", "a", None, Some("spring"))], 1, 0);
        let spring = ["spring".to_owned()];
        assert_eq!(body(store.select(&spring).in_force("unit", "", "a", 0)), None);
        let discard = DocumentWrite { state: DocumentState::Discarded, ..write("", "a", None, Some("spring")) };
        store.apply(std::slice::from_ref(&discard), 2, 0);
        assert_eq!(body(store.select(&spring).in_force("unit", "", "a", 0)), Some("1"));
        assert_eq!(store.drafts().count(), 0);
        assert_eq!((store.revision(&discard.key), store.history(&discard.key).len()), (3, 3));
    }

    #[test]
    fn validity_and_history() {
        let mut store = Store::default();
        let mut timed = write("", "a", Some("1"), None);
        (timed.from_ms, timed.until_ms) = (Some(10), Some(20));
        store.apply(&[timed], 1, 0);
        let seen = |now| store.select(&[]).in_force("unit", "", "a", now).is_some();
        assert_eq!([9, 10, 19, 20].map(seen), [false, true, true, false]);
        store.apply(&[write("", "a", None, None)], 2, 0);
        let key = write("", "a", None, None).key;
        assert_eq!(store.revision(&key), 2);
        assert_eq!(store.history(&key).iter().map(|d| d.revision).collect::<Vec<_>>(), [2, 1]);
    }
}
