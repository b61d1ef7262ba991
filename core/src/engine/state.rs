//! What does an entry change?
//!
//! The whole fold: `State × Entry → State`. It is pure: no clock but the entry's, no thread order, no
//! randomness, so that a replay of the log is the live state. Views fold themselves; this file only says which
//! view hears of what, and resolves skus to items on the way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::catalog::doc::{AttributeValue, CategoryChange, ProductPatch};
use crate::catalog::{BRAND, Catalog};
use crate::config::store::Store;
use crate::id::{CategoryId, ItemId, Seq, TimeMs};
use crate::limits::{DEFAULT_VISITORS_MAX, QUERY_CHARS_MAX};
use crate::log::entry::{Body, Entry};
use crate::signal::event::{Event, EventKind};
use crate::signal::key::{customer_key, visitor_key};
use crate::signal::{Admission, AskedQuery, ResolvedEvent, SignalConfig, Signals};
use crate::snapshot::Shop;
use crate::text;
use crate::vector::Vectors;
use crate::visitor::Visitors;

/// Everything that entries are folded into.
pub struct State {
    /// Position of the last entry folded.
    pub seq: Seq,
    /// Its time.
    pub time_ms: TimeMs,
    /// Position of the last entry that changed a text.
    pub text_seq: Seq,
    /// What the shop sells.
    pub catalog: Catalog,
    /// What shoppers do.
    pub signals: Signals,
    /// Who is near whom.
    pub vectors: Vectors,
    /// The model that the log says is in force.
    pub model: Option<ModelNamed>,
    /// Who they are.
    pub visitors: Visitors,
    /// What is configured.
    pub store: Store,
    /// Plugins switched on, by name.
    pub plugins: BTreeMap<String, SwitchedOn>,
}

/// A plugin version that the log says is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchedOn {
    /// Hash of the library file.
    pub content_hash: String,
    /// Version it declares.
    pub version: String,
}

/// A model that the log names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelNamed {
    /// Number, growing.
    pub generation: u64,
    /// Hash of its file.
    pub content_hash: String,
}

/// What one entry changed, for those who follow the fold.
#[derive(Debug, Default)]
pub struct Folded {
    /// Items whose text must be indexed anew (or removed).
    pub text_changed: Vec<ItemId>,
    /// The configuration changed.
    pub config_changed: bool,
    /// The log names another model.
    pub model_changed: bool,
    /// Rows that changed something.
    pub accepted: u64,
    /// Rows that were there already.
    pub duplicates: u64,
    /// Shopper events that counted, as observers see them.
    pub observed: Vec<ObservedRow>,
}

/// One (event, item) pair that counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObservedRow {
    /// Log position.
    pub seq: Seq,
    /// Event time.
    pub time_ms: TimeMs,
    /// Event kind code.
    pub kind: u32,
    /// Item, `u32::MAX` when the event is about none.
    pub item: u32,
    /// Hash of the session.
    pub session: u64,
    /// Hash of the visitor.
    pub visitor: u64,
    /// How many.
    pub quantity: f32,
}

impl Default for State {
    fn default() -> Self {
        Self {
            seq: 0,
            time_ms: 0,
            text_seq: 0,
            catalog: Catalog::new(),
            signals: Signals::new(SignalConfig::default()),
            vectors: Vectors::default(),
            model: None,
            visitors: Visitors::new(DEFAULT_VISITORS_MAX),
            store: Store::default(),
            plugins: BTreeMap::new(),
        }
    }
}

impl State {
    /// Folds one entry in; entries come in order, each once.
    pub fn fold(&mut self, entry: &Entry) -> Folded {
        debug_assert_eq!(entry.seq, self.seq + 1, "entries are folded in order, each once");
        self.seq = entry.seq;
        self.time_ms = self.time_ms.max(entry.time_ms);
        self.signals.tick(self.time_ms);
        let mut folded = Folded::default();
        match &entry.body {
            Body::Products(docs) => {
                self.catalog.touch(entry.seq);
                for doc in docs {
                    let item = self.catalog.put(doc.clone(), self.time_ms);
                    self.follow_vectors(item);
                    folded.text_changed.push(item);
                }
                folded.accepted = docs.len() as u64;
            }
            Body::Patches(patches) => {
                for patch in patches {
                    let is_searched = self.patches_searched_attribute(patch);
                    self.catalog.touch_patch(patch, entry.seq);
                    let outcome = self.catalog.patch(patch, self.time_ms);
                    let changes_text = outcome.text_changed || is_searched && outcome.attributes_changed;
                    folded.accepted += u64::from(outcome.item.is_some());
                    folded.text_changed.extend(outcome.item.filter(|_| changes_text));
                }
            }
            Body::Deletions(skus) => {
                self.catalog.touch(entry.seq);
                for sku in skus {
                    let deleted = self.catalog.delete(sku);
                    deleted.into_iter().for_each(|item| self.follow_vectors(item));
                    folded.accepted += u64::from(deleted.is_some());
                    folded.text_changed.extend(deleted);
                }
            }
            Body::Categories(changes) => {
                self.catalog.touch_tree(entry.seq);
                for change in changes {
                    folded.text_changed.extend(self.named_by(change));
                    self.catalog.change_category(change);
                }
                folded.accepted = changes.len() as u64;
            }
            Body::Events(events) => {
                for event in events {
                    self.fold_event(event, &mut folded);
                }
            }
            Body::Config(writes) => {
                self.store.apply(writes, entry.seq, entry.time_ms);
                folded.accepted = writes.len() as u64;
                folded.config_changed = true;
            }
            Body::Plugin { name, content_hash, version } => match content_hash {
                Some(content_hash) => {
                    let on = SwitchedOn { content_hash: content_hash.clone(), version: version.clone() };
                    self.plugins.insert(name.clone(), on);
                }
                None => drop(self.plugins.remove(name)),
            },
            Body::Erased { visitors, customers } => {
                let keys = customers.iter().map(|c| customer_key(c)).chain(visitors.iter().map(|v| visitor_key(v)));
                keys.for_each(|key| self.visitors.erase(key));
            }
            Body::Members { audience, replace, rows } => {
                self.visitors.place(audience, *replace, rows, self.time_ms);
                folded.accepted = rows.len() as u64;
            }
            Body::Model { generation, content_hash, .. } => {
                self.model = Some(ModelNamed { generation: *generation, content_hash: content_hash.clone() });
                folded.model_changed = true;
            }
            Body::Tick => {}
        }
        if !folded.text_changed.is_empty() {
            self.text_seq = self.seq;
        }
        folded
    }

    /// Takes an item's supplied vectors over from its product.
    pub fn follow_vectors(&mut self, item: ItemId) {
        match self.catalog.product(item) {
            Some(product) => self.vectors.follow(item, &product.vectors),
            None => self.vectors.follow(item, &BTreeMap::new()),
        }
    }

    /// Whether a patch speaks of an attribute whose words are searched, before or after it. Which attributes are
    /// is configuration, which is folded here, too; when it changes later, everything is indexed anew.
    fn patches_searched_attribute(&self, patch: &ProductPatch) -> bool {
        let item = self.catalog.item(&patch.sku);
        let holds_words = |code: &String| {
            let Some(item) = item else { return false };
            let own = self.catalog.product(item).map(|product| &product.attributes);
            let variants = self.catalog.variants_of(item).iter().filter_map(|id| self.catalog.variant_record(*id));
            own.into_iter()
                .chain(variants.map(|variant| &variant.options))
                .any(|values| values.get(code).is_some_and(has_words))
        };
        patch.attributes.iter().any(|(code, value)| {
            let is_about_words = value.as_ref().is_some_and(has_words) || holds_words(code);
            code == BRAND || is_about_words && Shop::attribute_in(&self.store, code).searchable
        })
    }

    /// The items whose texts name a category that is about to change its name or place, or to go.
    fn named_by(&self, change: &CategoryChange) -> Vec<ItemId> {
        let path = match change {
            CategoryChange::Put { .. } => return Vec::new(),
            CategoryChange::Move { path, .. } | CategoryChange::Remove { path } => path,
        };
        let node = self.catalog.category_at(path).and_then(|id| self.catalog.category_node(id));
        node.map_or_else(Vec::new, |node| node.subtree().iter().map(ItemId).collect())
    }

    /// The words an event searched for, in the language of its store view at this point of the log; `None` without
    /// a word, or with more than a search takes.
    fn read_query(&self, event: &Event) -> Option<AskedQuery> {
        let typed = event.query.as_deref()?;
        if typed.chars().nth(QUERY_CHARS_MAX).is_some() {
            return None;
        }
        let view = Shop::store_view_in(&self.store, &event.store_view);
        let folded = text::analyze(&view.locale, typed).join(" ");
        let stems = text::stem_set(&view.locale, typed);
        let text = typed.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        (!stems.is_empty()).then_some(AskedQuery { view: view.code, text, folded, stems })
    }

    fn fold_event(&mut self, event: &Event, folded: &mut Folded) {
        if self.signals.admit(event, self.time_ms) != Admission::New {
            folded.duplicates += 1;
            return;
        }
        let items: SmallVec<[ItemId; 4]> = event.items.iter().map(|item| self.catalog.intern(&item.sku)).collect();
        let shelves = self.shelves(event.kind, &items);
        let query = if asks(event) { self.read_query(event) } else { None };
        let resolved = ResolvedEvent { shelves, query, ..ResolvedEvent::new(event, items) };
        self.signals.fold(&resolved);
        self.visitors.fold(&resolved);
        folded.accepted += 1;
        folded.observe(self.seq, &resolved);
    }
}

impl State {
    /// The categories the products are in now, for the kinds of events that count there.
    fn shelves(&self, kind: EventKind, items: &[ItemId]) -> SmallVec<[(ItemId, CategoryId); 8]> {
        let mut shelves = SmallVec::new();
        if !matches!(kind, EventKind::ProductView | EventKind::AddToCart | EventKind::OrderPlaced) {
            return shelves;
        }
        for &item in items {
            let Some(product) = self.catalog.product(item) else { continue };
            for place in &product.placements {
                let above = self.catalog.ancestors(place.category);
                shelves.extend(std::iter::once(place.category).chain(above).map(|category| (item, category)));
            }
        }
        shelves.sort_unstable();
        shelves.dedup();
        shelves
    }
}

/// Whether the query of an event is what a search was asked for.
fn asks(event: &Event) -> bool {
    use EventKind::{AddToCart, SearchClick, SearchRequest, SearchResponse};
    matches!(event.kind, SearchRequest | SearchResponse | SearchClick | AddToCart)
}

/// Numbers and flags are not searched.
fn has_words(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::Text(_) | AttributeValue::List(_))
}

impl Folded {
    fn observe(&mut self, seq: Seq, resolved: &ResolvedEvent<'_>) {
        let event = resolved.event;
        let row = ObservedRow {
            seq,
            time_ms: event.time_ms,
            kind: event.kind.code(),
            item: u32::MAX,
            session: resolved.session.unwrap_or(0),
            visitor: resolved.visitor.unwrap_or(0),
            quantity: 1.0,
        };
        if resolved.items.is_empty() {
            self.observed.push(row);
        }
        let rows = resolved.items.iter().zip(&event.items);
        self.observed.extend(rows.map(|(item, line)| ObservedRow { item: item.0, quantity: line.quantity, ..row }));
    }
}
