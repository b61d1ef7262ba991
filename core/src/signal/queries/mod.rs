//! What do shoppers take when they search?
//!
//! A fold over searches, answers, clicks, carts and orders into three things: what each query was shown and what was
//! taken of it (`record`), how far down a list shoppers look (`examined`), and which queries may be suggested to
//! others (`used`). A query is the set of the stems of its words, so that order and plurals don't matter. Everything is
//! bounded, fades with log time, and is shared with readers copy-on-write. Words are read before events come
//! here, and what the evidence is worth in a ranking is decided elsewhere. What an order adds stays when it is canceled
//! or returned: it was chosen, and fades like the rest.

mod fade;
mod examined;
mod record;
mod used;
mod visit;
mod share;

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::event::EventKind;
use super::fold::ResolvedEvent;
use super::key::{customer_key, query_key, request_key};
use crate::id::{ItemId, TimeMs};
use crate::limits::{QUERIES_MAX, QUERIES_OF_STEM_MAX, SESSION_ANSWERS_MAX, SHOWN_POSITIONS_MAX, SUGGESTIONS_MAX};
use examined::Examination;
use fade::Day;
use record::Record;
pub use share::Evidence;
use used::{SavedUsed, Used, UsedKey};
use visit::Asked;
pub(super) use visit::Searches;

/// What putting a clicked product into the cart adds to its click.
const CART_BONUS: f32 = 2.0;
/// What buying it adds.
const ORDER_BONUS: f32 = 4.0;

/// The words of an event, read in the language of its store view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedQuery {
    /// Code of the store view.
    pub view: String,
    /// As typed, in small letters, single spaces.
    pub text: String,
    /// The folded words, single spaces.
    pub folded: String,
    /// Stems of the words, each once, in letter order; at least one.
    pub stems: Vec<String>,
}

/// All queries; a clone shares what was not touched since.
#[derive(Clone, Debug, Default)]
pub(super) struct Queries {
    records: OrdMap<u64, Arc<Record>>,
    /// Queries with clicks that have a stem, in the order in which they were first clicked.
    by_stem: OrdMap<Arc<str>, Arc<Vec<u64>>>,
    examination: Arc<Examination>,
    used: Used,
}

/// Whether an event of this kind may say something about a search.
pub(super) fn concerns_searches(kind: EventKind) -> bool {
    use EventKind::{AddToCart, OrderPlaced, SearchClick, SearchRequest, SearchResponse};
    matches!(kind, SearchRequest | SearchResponse | SearchClick | AddToCart | OrderPlaced)
}

impl Queries {
    /// Counts what an event says of a search; `visit` is what its visit remembers, if it belongs to one.
    pub(super) fn count(&mut self, resolved: &ResolvedEvent<'_>, visit: Option<&mut Searches>, now_ms: TimeMs) {
        let day = fade::day(now_ms);
        let mut nothing = Searches::default();
        let visit = visit.unwrap_or(&mut nothing);
        match resolved.event.kind {
            EventKind::SearchRequest => drop(self.open(resolved, visit, day)),
            EventKind::SearchResponse => self.answered(resolved, visit, day),
            EventKind::SearchClick => self.clicked(resolved, visit, day),
            EventKind::AddToCart => {
                // A cart button in the result list is a click, too.
                if resolved.event.request_id.is_some() {
                    self.clicked(resolved, visit, day);
                }
                self.earned(&resolved.items, visit, CART_BONUS, day, |clicked| &mut clicked.is_carted);
            }
            EventKind::OrderPlaced => {
                self.earned(&resolved.items, visit, ORDER_BONUS, day, |clicked| &mut clicked.is_bought);
            }
            _ => {}
        }
    }

    /// The search that an event is about, known to the visit from here on; `None` when nobody said what was searched.
    fn open(&mut self, resolved: &ResolvedEvent<'_>, visit: &mut Searches, day: Day) -> Option<usize> {
        let request = resolved.event.request_id.as_deref().filter(|id| !id.is_empty()).map_or(0, request_key);
        let query = resolved.query.as_ref().map(|query| query_key(&query.stems));
        if let Some(known) = visit.find(request, query) {
            let asked = visit.get(known);
            if asked.request == 0 {
                // Whatever comes later may name its answer alone.
                asked.request = request;
            }
            let used = asked.used.clone();
            self.pass_stepping_stone(resolved, visit, &used);
            return Some(visit.renew(known));
        }
        let (asked, query) = (resolved.query.as_ref()?, query?);
        let used = UsedKey { view: asked.view.as_str().into(), folded: asked.folded.as_str().into() };
        self.pass_stepping_stone(resolved, visit, &used);
        self.know(query, asked, day);
        let asked = Asked { request, query, used, shown_to: 0, used_on: None, introduces: false, is_clicked: false };
        Some(visit.push(asked))
    }

    /// What the shopper typed before on the way to this is no use of its own.
    fn pass_stepping_stone(&mut self, resolved: &ResolvedEvent<'_>, visit: &mut Searches, next: &UsedKey) {
        if let Some(before) = visit.stepping_stone(next)
            && let Some(used_on) = before.used_on.take()
        {
            let introduced = visitor_of(resolved).filter(|_| std::mem::take(&mut before.introduces));
            self.used.take_back(&before.used, introduced, used_on);
        }
    }

    /// An answer was shown: its products were examined as far as shoppers look.
    fn answered(&mut self, resolved: &ResolvedEvent<'_>, visit: &mut Searches, day: Day) {
        let Some(at) = self.open(resolved, visit, day) else { return };
        visit.n_answers = visit.n_answers.saturating_add(1);
        if resolved.items.is_empty() || visit.n_answers > SESSION_ANSWERS_MAX {
            return;
        }
        let asked = visit.get(at);
        self.use_once(asked, resolved, day);
        let from = asked.shown_to;
        let rows = resolved.items.iter().zip(&resolved.event.items).zip(0..);
        let placed = rows.map(|((item, line), at)| (*item, line.position.unwrap_or(at)));
        for (item, position) in placed.filter(|(_, position)| (from..SHOWN_POSITIONS_MAX).contains(position)) {
            asked.shown_to = asked.shown_to.max(position + 1);
            self.shown(asked.query, item, position, day);
        }
    }

    /// A result was clicked, once a visit and query; one whose answer was not reported was shown all the same.
    fn clicked(&mut self, resolved: &ResolvedEvent<'_>, visit: &mut Searches, day: Day) {
        let Some(at) = self.open(resolved, visit, day) else { return };
        for (item, line) in resolved.items.iter().zip(&resolved.event.items) {
            let asked = visit.get(at);
            let (query, shown_to) = (asked.query, asked.shown_to);
            if !visit.click(*item, query) {
                continue;
            }
            let position = line.position.unwrap_or(0).min(SHOWN_POSITIONS_MAX);
            if position >= shown_to {
                self.shown(query, *item, position, day);
            }
            let examination = Arc::make_mut(&mut self.examination);
            examination.settle(day);
            examination.clicked(position);
            self.change(query, day, |record| record.clicked(*item));
            let asked = visit.get(at);
            asked.is_clicked = true;
            self.use_once(asked, resolved, day);
            self.list_by_stems(query);
        }
    }

    /// What was clicked for a query, the last one if there were several, led further.
    fn earned(
        &mut self,
        items: &[ItemId],
        visit: &mut Searches,
        bonus: f32,
        day: Day,
        is_counted: impl Fn(&mut visit::Clicked) -> &mut bool,
    ) {
        for item in items {
            let Some(clicked) = visit.clicked.iter_mut().rev().find(|clicked| clicked.item == *item) else { continue };
            if !std::mem::replace(is_counted(clicked), true) {
                let query = clicked.query;
                self.change(query, day, |record| record.earned(*item, bonus));
            }
        }
    }

    fn use_once(&mut self, asked: &mut Asked, resolved: &ResolvedEvent<'_>, day: Day) {
        if asked.used_on.is_none() {
            asked.used_on = Some(day);
            let text = resolved.query.as_ref().map_or(&*asked.used.folded, |query| query.text.as_str());
            asked.introduces = self.used.add(&asked.used, text, visitor_of(resolved), day);
        }
    }

    /// Makes a record of a query that has none.
    fn know(&mut self, query: u64, asked: &AskedQuery, day: Day) {
        if !self.records.contains_key(&query) {
            self.make_room(day);
            let stems: Vec<Arc<str>> = asked.stems.iter().map(|stem| stem.as_str().into()).collect();
            self.records.insert(query, Arc::new(Record::of(&stems, day)));
        }
    }

    /// A product was shown at a position; nothing for a query that was forgotten meanwhile.
    fn shown(&mut self, query: u64, item: ItemId, position: u32, day: Day) {
        let Some(record) = self.records.get_mut(&query) else { return };
        let record = Arc::make_mut(record);
        let examination = Arc::make_mut(&mut self.examination);
        examination.settle(day);
        record.settle(day);
        let attractiveness = record.attractiveness(item, examination.rate());
        record.shown(item, examination.shown(position, attractiveness));
    }

    fn change(&mut self, query: u64, day: Day, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.records.get_mut(&query) {
            let record = Arc::make_mut(record);
            record.settle(day);
            change(record);
        }
    }

    /// Makes a query with clicks known by its stems.
    fn list_by_stems(&mut self, query: u64) {
        let Some(record) = self.records.get(&query) else { return };
        for stem in record.stems.clone() {
            let queries = Arc::make_mut(self.by_stem.entry(stem).or_default());
            if !queries.contains(&query) {
                if queries.len() >= QUERIES_OF_STEM_MAX {
                    queries.remove(0);
                }
                queries.push(query);
            }
        }
    }

    /// An eighth goes at once when there are too many, so that the search for the weakest is paid seldom.
    fn make_room(&mut self, day: Day) {
        if self.records.len() < QUERIES_MAX {
            return;
        }
        let mut all: Vec<(u64, u64)> =
            self.records.iter().map(|(query, record)| (record.worth(day).to_bits(), *query)).collect();
        all.sort_unstable();
        for (_, query) in all.into_iter().take(QUERIES_MAX / 8) {
            let Some(record) = self.records.remove(&query) else { continue };
            for stem in &record.stems {
                let Some(queries) = self.by_stem.get_mut(stem) else { continue };
                Arc::make_mut(queries).retain(|known| *known != query);
                if queries.is_empty() {
                    self.by_stem.remove(stem);
                }
            }
        }
    }

    fn record(&self, stems: &[String]) -> Option<&Record> {
        self.records.get(&query_key(stems)).map(|record| &**record)
    }

    /// The evidence for a query at a time; `stems` in letter order, each once.
    pub(super) fn evidence(&self, stems: &[String], now_ms: TimeMs) -> Evidence {
        if stems.is_empty() { Evidence::default() } else { self.evidence_on(stems, fade::day(now_ms)) }
    }

    /// Queries that others used: see [`Used::completions`].
    pub(super) fn completions(&self, view: &str, begun: &str, max: usize) -> Vec<Arc<str>> {
        self.used.completions(view, begun, max.min(SUGGESTIONS_MAX))
    }

    pub(super) fn save(&self) -> SavedQueries {
        let by_stem = self.by_stem.iter().map(|(stem, queries)| (stem.clone(), queries.to_vec()));
        SavedQueries {
            records: self.records.iter().map(|(query, record)| (*query, Record::clone(record))).collect(),
            by_stem: by_stem.collect(),
            examination: Examination::clone(&self.examination),
            used: self.used.save(),
        }
    }

    pub(super) fn load(saved: SavedQueries) -> Self {
        Self {
            records: saved.records.into_iter().map(|(query, record)| (query, Arc::new(record))).collect(),
            by_stem: saved.by_stem.into_iter().map(|(stem, queries)| (stem, Arc::new(queries))).collect(),
            examination: Arc::new(saved.examination),
            used: Used::load(saved.used),
        }
    }
}

/// Who counts as one shopper: the browser, else the account.
fn visitor_of(resolved: &ResolvedEvent<'_>) -> Option<u64> {
    resolved.visitor.or_else(|| resolved.event.customer.as_deref().map(customer_key))
}

/// [`Queries`] as they stand in a snapshot file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedQueries {
    records: Vec<(u64, Record)>,
    by_stem: Vec<(Arc<str>, Vec<u64>)>,
    examination: Examination,
    used: SavedUsed,
}

#[cfg(test)]
mod tests;
