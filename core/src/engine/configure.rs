//! How is the shop configured while it runs?
//!
//! A document is checked by the owner of its kind before it is stored: the kernel for its own kinds, a plugin
//! for the others. A write is all or none, and is acknowledged when the epoch made from it is published.

use std::collections::BTreeMap;
use std::sync::Arc;

use planogram_abi::Problem;

use super::Engine;
use super::epochs::{self, lend};
use super::remarks::Names;
use super::types::*;
use crate::catalog::{access, definition, facet_document, views};
use crate::config::document::{Document, DocumentKey, DocumentState, DocumentWrite};
use crate::expr::audience::{AUDIENCE_KIND, AUDIENCE_SCHEMA, parse_audience};
use crate::expr::pointer_to;
use crate::expr::smart::{SMART_CATEGORY_KIND, SMART_CATEGORY_SCHEMA, parse_smart_category};
use crate::host::Copies;
use crate::id::Seq;
use crate::limits::CONFIG_BYTES_MAX;
use crate::log::ReadError;
use crate::log::entry::Body;
use crate::pipeline::unit::{self, Unit};
use crate::snapshot::{Epoch, Misread, Shop, experiment, never, spelling};

/// One of the kernel's own kinds: name, schema, and what is wrong with a document (id, JSON).
type KernelKind = (&'static str, &'static str, fn(&str, &str) -> Vec<Problem>);

/// What is wrong with a condition of a plugin's, as mistakes of the document in which it stands; none when it does not
/// stand there as it was handed in.
fn placed(misread: &Misread, body: &str) -> Vec<Problem> {
    let Some(at) = pointer_to(body, &misread.condition) else { return Vec::new() };
    let problems = misread.problems.iter();
    problems.map(|p| Problem::new(format!("{at}{}", p.pointer), p.message.clone(), p.allowed.clone())).collect()
}

/// The kernel's own kinds.
const KERNEL_KINDS: &[KernelKind] = &[
    (definition::ATTRIBUTE_KIND, definition::ATTRIBUTE_SCHEMA, |id, json| {
        problems(definition::parse_attribute(id, json))
    }),
    (AUDIENCE_KIND, AUDIENCE_SCHEMA, |id, json| problems(parse_audience(id, json))),
    (access::CATEGORY_ACCESS_KIND, access::CATEGORY_ACCESS_SCHEMA, |_, json| {
        problems(access::parse_category_access(json))
    }),
    (experiment::EXPERIMENT_KIND, experiment::EXPERIMENT_SCHEMA, |id, json| {
        problems(experiment::parse_experiment(id, json))
    }),
    (facet_document::FACET_KIND, facet_document::FACET_SCHEMA, facet_document::check_facet),
    (views::PRICE_BOOK_KIND, views::PRICE_BOOK_SCHEMA, |id, json| problems(views::parse_price_book(id, json))),
    (SMART_CATEGORY_KIND, SMART_CATEGORY_SCHEMA, |_, json| problems(parse_smart_category(json))),
    (views::STORE_VIEW_KIND, views::STORE_VIEW_SCHEMA, |id, json| problems(views::parse_store_view(id, json))),
    (spelling::SPELLING_KIND, spelling::SPELLING_SCHEMA, |id, json| problems(spelling::parse_spelling(id, json))),
    (never::SUGGESTIONS_KIND, never::SUGGESTIONS_SCHEMA, |id, json| problems(never::parse_suggestions(id, json))),
    (unit::KIND, unit::SCHEMA, |_, json| problems(Unit::parse(json))),
];

/// What documents of one write are judged beside, by kind, scope and overlays: many have the same.
type Beside = BTreeMap<(String, String, Vec<String>), Copies>;

impl Engine {
    /// Writes documents, all or none; returns the stored revisions and the log position. What is repeated under an
    /// idempotency key gives what the first time gave, whatever changed since.
    ///
    /// # Errors
    /// [`WriteError::Refused`] with everything the owner found wrong, [`WriteError::Conflict`] when a document
    /// changed in between, [`WriteError::UnknownKind`].
    pub fn write_config(
        &self,
        writes: Vec<DocumentWrite>,
        options: WriteOptions,
    ) -> Result<(Vec<Document>, Seq), WriteError> {
        // One writer at a time, so that what was checked is what is stored.
        let _turn = super::lock(&self.configuring);
        if let Some(first) = self.written_before(&options)? {
            return Ok(first);
        }
        let epoch = self.publisher.current().epoch.clone();
        let mut beside = Beside::new();
        for write in &writes {
            self.check_write(&epoch, write, &mut beside)?;
        }
        self.check_combinations(&epoch, &writes)?;
        self.check_books(&epoch, &writes)?;
        self.check_units(&epoch, &writes)?;
        self.check_facets(&epoch, &writes)?;
        self.check_audiences(&epoch, &writes)?;
        self.rehearse(&epoch, &writes)?;
        let keys: Vec<(DocumentKey, DocumentState, String)> =
            writes.iter().map(|w| (w.key.clone(), w.state, w.overlay.clone())).collect();
        let acknowledge = options.acknowledge;
        let before = epoch.store.epoch();
        let (seq, repeated) = self.submit(Body::Config(writes), options)?;
        if !repeated {
            let seen = self.publisher.wait(None, |reached| reached.epoch > before && reached.seq >= seq);
            if !seen {
                return Err(WriteError::Closing);
            }
        }
        self.wait_for(seq, acknowledge)?;
        let store = &self.publisher.current().epoch.store;
        let stored = keys.iter().filter_map(|(key, ..)| store.history(key).into_iter().find(|d| d.seq == seq));
        Ok((stored.map(|document| (*document).clone()).collect(), seq))
    }

    /// The documents that an earlier write under the same idempotency key stored, in its order, as they were stored; none
    /// of what was no write of documents, or of revisions that are no longer kept. To be asked by whoever has the turn.
    fn written_before(&self, options: &WriteOptions) -> Result<Option<(Vec<Document>, Seq)>, WriteError> {
        let Some(key) = &options.idempotency_key else { return Ok(None) };
        let unread = |error: ReadError| WriteError::Log(error.to_string());
        let now_ms = self.clock.now_ms().max(self.log.last().1);
        let Some((seq, _)) = self.log.find_key(key, now_ms).map_err(unread)? else { return Ok(None) };
        self.wait_for(seq, options.acknowledge)?;
        let writes = match self.log.read(seq, 1).map_err(unread)?.pop().map(|entry| entry.body) {
            Some(Body::Config(writes)) => writes,
            _ => Vec::new(),
        };
        let store = &self.publisher.current().epoch.store;
        let stored = writes.iter().filter_map(|write| {
            let is_it = |it: &Arc<Document>| {
                it.seq == seq && it.write.state == write.state && it.write.overlay == write.overlay
            };
            store.history(&write.key).into_iter().find(is_it)
        });
        Ok(Some((stored.map(|document| (*document).clone()).collect(), seq)))
    }

    fn check_write(&self, epoch: &Epoch, write: &DocumentWrite, beside: &mut Beside) -> Result<(), WriteError> {
        let refused = |problems: Vec<Problem>| WriteError::Refused { key: write.key.clone(), problems };
        let current = epoch.store.revision(&write.key);
        if let Some(expected) = write.expected_revision
            && expected != current
        {
            return Err(WriteError::Conflict { key: write.key.clone(), current, expected });
        }
        let problems = check_frame(epoch, write);
        if !problems.is_empty() {
            return Err(refused(problems));
        }
        let Some(body) = &write.body else {
            let name = || write.key.id.clone();
            return match (epoch.store.get(&write.key, write.state, &write.overlay), write.state) {
                (None, DocumentState::Live) => Err(WriteError::NotFound { what: write.key.kind.clone(), name: name() }),
                (None, DocumentState::Discarded) => {
                    let what = format!("draft of a {} in the overlay `{}`", write.key.kind, write.overlay);
                    Err(WriteError::NotFound { what, name: name() })
                }
                _ => Ok(()),
            };
        };
        let problems = match KERNEL_KINDS.iter().find(|(kind, ..)| *kind == write.key.kind) {
            Some((_, _, check)) => check(&write.key.id, body),
            None if epoch.plugins.owner_of(&write.key.kind).is_some() => self.ask_owner(epoch, write, body, beside),
            // The owner may come back: its documents are kept and reported inactive, but no new kind is made up.
            None if epoch.store.kinds().contains(&write.key.kind) => Vec::new(),
            None => {
                return Err(WriteError::UnknownKind { kind: write.key.kind.clone(), known: self.kind_names() });
            }
        };
        if problems.is_empty() { Ok(()) } else { Err(refused(problems)) }
    }

    /// Refuses writes after which a store view would name a price book that does not exist, where it named one
    /// before: it would sell at other prices than its author meant. A new currency may come with one document after
    /// another, so that a currency that does not fit is only remarked.
    fn check_books(&self, epoch: &Epoch, writes: &[DocumentWrite]) -> Result<(), WriteError> {
        let kinds = [views::STORE_VIEW_KIND, views::PRICE_BOOK_KIND];
        let current = self.publisher.current();
        for write in writes.iter().filter(|write| kinds.contains(&write.key.kind.as_str())) {
            let overlays = Vec::from_iter((!write.overlay.is_empty()).then(|| write.overlay.clone()));
            let mut store = epoch.store.clone();
            let before = Shop::read(&store.select(&overlays)).0.missing_books();
            store.apply(writes, current.seq + 1, current.now_ms);
            let after = Shop::read(&store.select(&overlays)).0.missing_books();
            let problems: Vec<Problem> = after
                .into_iter()
                .filter(|it| !before.contains(it))
                .map(|(view, problem)| {
                    // The pointer leads into this document only if it is the view itself.
                    let is_own = write.key.kind == views::STORE_VIEW_KIND && write.key.id == view;
                    let pointer = if is_own { problem.pointer } else { String::new() };
                    Problem { pointer, message: format!("store view `{view}`: {}", problem.message), ..problem }
                })
                .collect();
            if !problems.is_empty() {
                return Err(WriteError::Refused { key: write.key.clone(), problems });
            }
        }
        Ok(())
    }

    /// Holds live units to the bounds of the shop, beside those that are live and those written with them.
    fn check_units(&self, epoch: &Epoch, writes: &[DocumentWrite]) -> Result<(), WriteError> {
        let is_live_unit = |write: &&DocumentWrite| write.key.kind == unit::KIND && write.state == DocumentState::Live;
        for write in writes.iter().filter(is_live_unit) {
            let Some(unit) = write.body.as_deref().and_then(|body| Unit::parse(body).ok()) else { continue };
            let live = epoch.store.select(&[]).of_kind(unit::KIND);
            let stored = live.into_iter().map(|document| &document.write);
            let kept = stored.filter(|old| !writes.iter().any(|new| new.key == old.key && is_live_unit(&new)));
            let beside = writes.iter().filter(is_live_unit).filter(|other| other.key != write.key);
            let is_in_scope = |other: &&DocumentWrite| {
                other.key.scope == write.key.scope || other.key.scope.is_empty() || write.key.scope.is_empty()
            };
            let others = kept.chain(beside).filter(is_in_scope).filter(|other| other.key.id != write.key.id);
            let others: Vec<Unit> = others.filter_map(|other| Unit::parse(other.body.as_deref()?).ok()).collect();
            let problems = self.unit_bounds.check(&unit, &others);
            if !problems.is_empty() {
                return Err(WriteError::Refused { key: write.key.clone(), problems });
            }
        }
        Ok(())
    }

    /// Holds live attributes and facets to the bounds of the shop: how many are facets, and how much each shows.
    fn check_facets(&self, epoch: &Epoch, writes: &[DocumentWrite]) -> Result<(), WriteError> {
        let kinds = [definition::ATTRIBUTE_KIND, facet_document::FACET_KIND];
        let is_live =
            |write: &&DocumentWrite| kinds.contains(&write.key.kind.as_str()) && write.state == DocumentState::Live;
        if !writes.iter().any(|write| is_live(&write)) {
            return Ok(());
        }
        let mut store = epoch.store.clone();
        let current = self.publisher.current();
        store.apply(writes, current.seq + 1, current.now_ms);
        let after = Shop::read(&store.select(&[])).0;
        let before = epoch.shop.facet_counts();
        // A view that has facets of its own for the first time had those of all views.
        let count_before = |view: &str| before.get(view).or_else(|| before.get("")).copied().unwrap_or(0);
        let grown = after.facet_counts().into_iter().map(|(view, n)| (count_before(view), n));
        let (count_before, count) = most_grown(grown);
        for write in writes.iter().filter(is_live).filter(|write| write.body.is_some()) {
            let one = after.attribute_in_view(&write.key.scope, &write.key.id);
            let problems = self.attribute_bounds.check(&one, count_before, count);
            if !problems.is_empty() {
                return Err(WriteError::Refused { key: write.key.clone(), problems });
            }
        }
        Ok(())
    }

    /// Makes every draft of an overlay live, all or none, and discards the drafts; returns what became live and the log
    /// position. A draft that says a document is gone deletes it.
    ///
    /// # Errors
    /// [`WriteError::NotFound`] when the overlay has no draft; others as [`Engine::write_config`].
    pub fn publish_overlay(&self, overlay: &str, options: WriteOptions) -> Result<(Vec<Document>, Seq), WriteError> {
        let repeated = {
            let _turn = super::lock(&self.configuring);
            self.written_before(&options)?
        };
        if let Some((mut documents, seq)) = repeated {
            documents.retain(|document| document.write.state == DocumentState::Live);
            return Ok((documents, seq));
        }
        let store = self.publisher.current().epoch.store.clone();
        let mut writes = Vec::new();
        for (key, _) in store.drafts().filter(|(_, of)| *of == overlay) {
            let Some(draft) = store.get(key, DocumentState::Draft, overlay) else { continue };
            // What changes before this is written is a conflict, not something to be overwritten.
            let expected_revision = Some(store.revision(key));
            let live = DocumentWrite {
                state: DocumentState::Live,
                overlay: String::new(),
                expected_revision,
                ..draft.write.clone()
            };
            if live.body.is_some() || store.get(key, DocumentState::Live, "").is_some() {
                writes.push(live);
            }
            let state = DocumentState::Discarded;
            writes.push(DocumentWrite { state, body: None, expected_revision, ..draft.write.clone() });
        }
        if writes.is_empty() {
            return Err(WriteError::NotFound { what: "draft in the overlay".into(), name: overlay.into() });
        }
        let live: Vec<DocumentKey> =
            writes.iter().filter(|write| write.state == DocumentState::Live).map(|write| write.key.clone()).collect();
        let (_, seq) = self.write_config(writes, options)?;
        let store = &self.publisher.current().epoch.store;
        let is_it = |document: &Arc<Document>| document.seq == seq && document.write.state == DocumentState::Live;
        let published = live.iter().filter_map(|key| store.history(key).into_iter().find(is_it));
        Ok((published.map(|document| (*document).clone()).collect(), seq))
    }

    /// Lets the owners prepare for the documents as they would be: what a plugin cannot prepare is refused here,
    /// before it is stored. A plugin that could not prepare before is no reason to refuse.
    fn rehearse(&self, epoch: &Epoch, writes: &[DocumentWrite]) -> Result<(), WriteError> {
        let mut sets: Vec<Vec<String>> = writes
            .iter()
            .filter(|write| epoch.plugins.owner_of(&write.key.kind).is_some())
            .map(|write| if write.state == DocumentState::Live { Vec::new() } else { vec![write.overlay.clone()] })
            .collect();
        sets.sort();
        sets.dedup();
        for overlays in sets {
            let mut store = epoch.store.clone();
            let current = self.publisher.current();
            store.apply(writes, current.seq + 1, current.now_ms);
            let trial = epochs::build(&self.host, store, overlays, Some(epoch));
            let fails = |write: &&DocumentWrite| {
                let owner = epoch.plugins.owner_of(&write.key.kind)?;
                let message = trial.unprepared.get(owner).filter(|_| !epoch.unprepared.contains_key(owner))?;
                let body = write.body.as_deref().unwrap_or_default();
                let misread: Vec<Problem> = trial.misread.iter().flat_map(|misread| placed(misread, body)).collect();
                let as_a_whole = || {
                    let message = format!("plugin `{owner}` cannot work with it: {message}");
                    vec![Problem::new("", message, "a document its plugin can prepare for")]
                };
                Some(if misread.is_empty() { as_a_whole() } else { misread })
            };
            // The document in which a condition is wrong before one that is refused beside it.
            let mut failed: Vec<_> = writes.iter().filter_map(|write| Some((write, fails(&write)?))).collect();
            failed.sort_by_key(|(_, problems)| problems.iter().all(|problem| problem.pointer.is_empty()));
            if let Some((write, problems)) = failed.into_iter().next() {
                return Err(WriteError::Refused { key: write.key.clone(), problems });
            }
        }
        Ok(())
    }

    fn ask_owner(&self, epoch: &Epoch, write: &DocumentWrite, body: &str, beside: &mut Beside) -> Vec<Problem> {
        let overlays: Vec<String> = match write.state {
            DocumentState::Live => Vec::new(),
            DocumentState::Draft | DocumentState::Discarded => vec![write.overlay.clone()],
        };
        let place = (write.key.kind.clone(), write.key.scope.clone(), overlays);
        let others = beside.entry(place).or_insert_with_key(|(kind, scope, overlays)| {
            let others = epoch.store.select(overlays).of_kind(kind);
            let others: Vec<&Document> = others.into_iter().filter(|d| d.write.key.scope == *scope).collect();
            Copies::of(&lend(&others))
        });
        let candidate = Document {
            write: DocumentWrite { body: Some(body.to_owned()), ..write.clone() },
            revision: epoch.store.revision(&write.key) + 1,
            seq: self.publisher.current().seq + 1,
            time_ms: self.publisher.current().now_ms,
        };
        let candidate = lend(&[&candidate]);
        self.host.validate_beside(&candidate[0], others)
    }

    fn kind_names(&self) -> String {
        self.config_kinds().into_iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
    }

    /// Every kind of document, the kernel's and the plugins', and those whose owner is absent.
    pub fn config_kinds(&self) -> Vec<KindInfo> {
        let mut kinds: Vec<KindInfo> = KERNEL_KINDS
            .iter()
            .map(|(name, schema, _)| KindInfo {
                name: (*name).to_owned(),
                schema: (*schema).to_owned(),
                owner: Some("kernel".into()),
                questions: Vec::new(),
            })
            .collect();
        let epoch = self.publisher.current().epoch.clone();
        let questions = epoch.plugins.questions();
        kinds.extend(epoch.plugins.kinds().into_iter().map(|(kind, owner)| {
            KindInfo {
                name: kind.name.clone(),
                schema: kind.schema.clone(),
                owner: Some(owner.to_owned()),
                questions: questions
                    .iter()
                    .filter(|(question, _)| question.kind == kind.name)
                    .map(|(question, _)| (question.name.clone(), question.about.clone()))
                    .collect(),
            }
        }));
        for name in epoch.store.kinds() {
            if !kinds.iter().any(|kind| kind.name == name) {
                kinds.push(KindInfo { name, schema: "{}".into(), owner: None, questions: Vec::new() });
            }
        }
        kinds.sort_by(|a, b| a.name.cmp(&b.name));
        kinds
    }

    fn known_kind(&self, kind: &str) -> Result<bool, WriteError> {
        let found = self.config_kinds().into_iter().find(|known| known.name == kind);
        found
            .map(|kind| kind.owner.is_some())
            .ok_or_else(|| WriteError::UnknownKind { kind: kind.to_owned(), known: self.kind_names() })
    }

    /// The documents of a kind, of one scope or of all: the live ones, or the drafts of an overlay.
    ///
    /// # Errors
    /// [`WriteError::UnknownKind`].
    pub fn config_list(
        &self,
        kind: &str,
        scope: Option<&str>,
        state: DocumentState,
        overlay: &str,
    ) -> Result<Vec<DocumentView>, WriteError> {
        let active = self.known_kind(kind)?;
        let current = self.publisher.current();
        let (names, store) = (Names::of(&current), &current.epoch.store);
        let documents: Vec<Arc<Document>> = match state {
            DocumentState::Live => store.select(&[]).of_kind(kind).into_iter().cloned().map(Arc::new).collect(),
            DocumentState::Draft | DocumentState::Discarded => {
                let of_overlay = store.drafts().filter(|(key, of)| key.kind == kind && *of == overlay);
                of_overlay.filter_map(|(key, of)| store.get(key, DocumentState::Draft, of)).collect()
            }
        };
        let in_scope = |document: &Arc<Document>| scope.is_none_or(|scope| document.write.key.scope == scope);
        let view = |document: Arc<Document>| {
            let remarks = self.remarks_on(&names, &document.write.key, state, Some(&document));
            DocumentView { remarks, document: (*document).clone(), active }
        };
        Ok(documents.into_iter().filter(in_scope).map(view).collect())
    }

    /// One document: the live one, or the draft of an overlay.
    ///
    /// # Errors
    /// [`WriteError::UnknownKind`].
    pub fn config_get(
        &self,
        kind: &str,
        scope: &str,
        id: &str,
        state: DocumentState,
        overlay: &str,
    ) -> Result<Option<DocumentView>, WriteError> {
        let active = self.known_kind(kind)?;
        let key = DocumentKey { kind: kind.into(), scope: scope.into(), id: id.into() };
        let found = self.publisher.current().epoch.store.get(&key, state, overlay);
        let remarks = self.config_remarks(&key, state, overlay);
        Ok(found.map(|document| DocumentView { document: (*document).clone(), active, remarks }))
    }

    /// The revisions of a document that are at hand, newest first; older ones are in the log.
    ///
    /// # Errors
    /// [`WriteError::UnknownKind`].
    pub fn config_history(&self, kind: &str, scope: &str, id: &str) -> Result<Vec<Document>, WriteError> {
        self.known_kind(kind)?;
        let key = DocumentKey { kind: kind.into(), scope: scope.into(), id: id.into() };
        let history = self.publisher.current().epoch.store.history(&key);
        Ok(history.iter().map(|document| (**document).clone()).collect())
    }
}

/// How many facets a view had and has: the one that has most of those that got more; none and none when none did.
fn most_grown(views: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    views.filter(|(before, n)| n > before).max_by_key(|(_, n)| *n).unwrap_or_default()
}

fn problems<T>(read: Result<T, Vec<Problem>>) -> Vec<Problem> {
    read.err().unwrap_or_default()
}

/// Kinds that say what the shop is: indexes are built by them, so they neither differ by view nor come and go.
fn is_whole_shop(kind: &str) -> bool {
    [definition::ATTRIBUTE_KIND, views::PRICE_BOOK_KIND, views::STORE_VIEW_KIND].contains(&kind)
}

/// What is wrong with a document whatever its kind.
fn check_frame(epoch: &Epoch, write: &DocumentWrite) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut problem = |pointer: &str, message: String, allowed: &str| {
        problems.push(Problem::new(pointer, message, allowed));
    };
    if write.key.id.is_empty() || write.key.id.len() > 256 {
        problem("", format!("the id has {} bytes", write.key.id.len()), "1 to 256 bytes");
    }
    let is_view = write.key.scope.is_empty() || epoch.shop.store_view(&write.key.scope).is_some();
    if !is_view {
        problem("", format!("no store view `{}` to scope the document to", write.key.scope), "a store view, or none");
    }
    if is_whole_shop(&write.key.kind) {
        let allowed = "global documents without validity";
        if !write.key.scope.is_empty() {
            problem("", format!("a document of kind `{}` cannot be scoped to a store view", write.key.kind), allowed);
        }
    }
    let is_dated = write.from_ms.is_some() || write.until_ms.is_some();
    if is_dated && (is_whole_shop(&write.key.kind) || write.key.kind == facet_document::FACET_KIND) {
        problem("", format!("a document of kind `{}` holds at all times", write.key.kind), "no validity");
    }
    if let Some(body) = &write.body
        && body.len() > CONFIG_BYTES_MAX
    {
        problem("", format!("the document has {} bytes", body.len()), &format!("at most {CONFIG_BYTES_MAX}"));
    }
    if let (Some(from), Some(until)) = (write.from_ms, write.until_ms)
        && from >= until
    {
        problem("", "validity ends before it begins".into(), "`from` before `until`");
    }
    if write.state == DocumentState::Discarded && write.body.is_some() {
        problem("", "a draft cannot be written and discarded at once".into(), "no body");
    }
    if write.state != DocumentState::Live && write.overlay.is_empty() {
        problem("", "a draft needs the name of its overlay".into(), "a name");
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_above_the_bound_that_stays_as_it_is_hides_no_other_that_grows() {
        let check = |views: &[(usize, usize)], expected| assert_eq!(most_grown(views.iter().copied()), expected);
        check(&[(5, 5), (2, 4), (1, 3)], (2, 4));
        check(&[(2, 4), (4, 4)], (2, 4));
        check(&[(5, 5), (7, 6)], (0, 0));
        check(&[], (0, 0));
    }
}
