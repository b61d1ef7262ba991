//! What should the author of a document know, though it was not refused?
//!
//! What it names is looked for in the shop as it is: a field that no product has, a category or an audience that is not
//! there are allowed, because they may come later, but are mostly misspelled, and a condition on them says nothing until
//! then. Deleting an audience tells who still counts on it. Experiments, store views, price books and smart categories
//! have remarks of their own.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::Engine;
use super::types::AudienceUse;
use crate::config::document::{Document, DocumentKey, DocumentState};
use crate::expr::audience::AUDIENCE_KIND;
use crate::expr::smart::{SMART_CATEGORY_KIND, parse_smart_category};
use crate::expr::{is_known_field, named_in};
use crate::limits::CONFIG_REMARKS_MAX;
use crate::snapshot::{Snapshot, experiment};

/// What documents may name.
pub(super) struct Names<'a> {
    snapshot: &'a Snapshot,
    /// Ids in lower case of all audiences, looked up when a document names one.
    audiences: OnceCell<HashSet<String>>,
}

impl<'a> Names<'a> {
    /// What there is in a snapshot.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        Self { snapshot, audiences: OnceCell::new() }
    }

    /// Whether an audience has a document, live or draft, in any scope, or members that another system named.
    fn knows_audience(&self, id: &str) -> bool {
        let all = || {
            let store = &self.snapshot.epoch.store;
            let live = store.select(&[]);
            let live = live.of_kind(AUDIENCE_KIND).into_iter().map(|document| document.write.key.id.to_lowercase());
            let drafts = store.drafts().filter(|(key, _)| key.kind == AUDIENCE_KIND);
            let outside = self.snapshot.visitors.outside().ids().map(str::to_lowercase);
            live.chain(drafts.map(|(key, _)| key.id.to_lowercase())).chain(outside).collect()
        };
        self.audiences.get_or_init(all).contains(&id.to_lowercase())
    }

    /// What a document names that is not there.
    fn in_vain(&self, key: &DocumentKey, body: &str) -> Vec<String> {
        let catalog = &self.snapshot.catalog;
        let named = named_in(body);
        let smart = (key.kind == SMART_CATEGORY_KIND).then(|| parse_smart_category(body).ok()).flatten();
        let resting = smart.map(|smart| smart.category).filter(|path| catalog.category(path).is_none());
        let resting = resting
            .map(|path| format!("there is no category `{path}` yet, so that the document rests until it is put"));
        let fields = named.fields.iter().filter(|(_, field)| !is_known_field(field, catalog));
        let fields =
            fields.map(|(at, field)| format!("no product has the attribute `{field}` ({at}), so nothing passes"));
        // A smart category that is not there is remarked on already.
        let is_told = |at: &str| key.kind == SMART_CATEGORY_KIND && at == "/category";
        let tidy = |path: &str| {
            let names = path.split('/').map(str::trim).filter(|name| !name.is_empty());
            names.collect::<Vec<_>>().join("/")
        };
        let categories = named.categories.iter();
        let categories = categories.filter(|(at, path)| catalog.category(&tidy(path)).is_none() && !is_told(at));
        let categories =
            categories.map(|(at, path)| format!("there is no category `{path}` ({at}), so nothing is in it"));
        let audiences = named.audiences.iter().filter(|(_, id)| !self.knows_audience(id));
        let audiences = audiences.map(|(at, id)| {
            format!("there is no audience `{id}` ({at}), so only shoppers whose request names it are in it")
        });
        resting.into_iter().chain(fields).chain(categories).chain(audiences).collect()
    }
}

impl Engine {
    /// What the author of a live document, or of an overlay's draft, should know though it was not refused; at most
    /// [`CONFIG_REMARKS_MAX`] remarks.
    pub fn config_remarks(&self, key: &DocumentKey, state: DocumentState, overlay: &str) -> Vec<String> {
        let current = self.publisher.current();
        let document = current.epoch.store.get(key, state, overlay);
        self.remarks_on(&Names::of(&current), key, state, document.as_deref())
    }

    /// The same of a document at hand; without one it was deleted.
    pub(super) fn remarks_on(
        &self,
        names: &Names<'_>,
        key: &DocumentKey,
        state: DocumentState,
        document: Option<&Document>,
    ) -> Vec<String> {
        let epoch = &names.snapshot.epoch;
        let mut remarks = match document.and_then(|document| document.write.body.as_deref()) {
            Some(body) => names.in_vain(key, body),
            None if key.kind == AUDIENCE_KIND && !names.knows_audience(&key.id) => self.orphans(&key.id),
            None => Vec::new(),
        };
        if state == DocumentState::Live && key.kind == experiment::EXPERIMENT_KIND {
            let of_all = epoch.shop.experiments.remarks(&epoch.store).into_iter();
            remarks.extend(of_all.filter(|(of, _)| of == key).map(|(_, remark)| remark));
        } else if state == DocumentState::Live {
            remarks.extend(epoch.shop.misfits(&key.kind, &key.id));
        }
        remarks.truncate(CONFIG_REMARKS_MAX);
        remarks
    }

    /// Documents that name an audience which is gone.
    fn orphans(&self, id: &str) -> Vec<String> {
        let draft = |overlay: &str| if overlay.is_empty() { String::new() } else { format!(" of overlay `{overlay}`") };
        let words = |of: AudienceUse| {
            let pointers = of.pointers.join(", ");
            format!("it is still named by `{}/{}`{} ({pointers})", of.key.kind, of.key.id, draft(&of.overlay))
        };
        self.audience_uses(id).into_iter().map(words).collect()
    }
}
