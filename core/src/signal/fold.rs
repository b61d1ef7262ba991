//! What does one event change?
//!
//! The fold itself: an event finds its visit, counts its items there, pairs them, and an order counts its lines.
//! Whether an event counts at all is `admit`'s decision and comes first.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::admit::{Admission, SavedSeen, Seen};
use super::cooccur::{CoKind, Rows, SavedRows};
use super::counters::{Counters, SavedCounters, Tallies, ViewId, row_of};
use super::event::{Event, EventKind};
use super::key::{order_key, session_key, visitor_key};
use super::memory::SignalMemory;
use super::order::{Orders, SavedOrders, Touched};
use super::placement::{Placements, is_about_unit};
use super::queries::{self, AskedQuery, Queries, SavedQueries, Searches};
use super::session::{SavedSessions, Sessions};
use super::view::SignalView;
use super::visits::{SavedVisits, Visits};
use super::window::{Counter, Hour};
use crate::id::{CategoryId, ItemId, TimeMs};
use crate::limits;

/// Bounds of the fold. They are part of what the log means: a replay needs the same ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignalConfig {
    /// How late an event may arrive, in milliseconds of log time, 0 or more.
    pub lateness_ms: TimeMs,
    /// How far an event may lie in the future, in milliseconds of log time, 0 or more.
    pub future_ms: TimeMs,
    /// Most event ids remembered.
    pub seen_events_max: usize,
    /// Most sessions that late events can still join.
    pub sessions_max: usize,
    /// Most orders whose lines are remembered.
    pub order_records_max: usize,
}

impl Default for SignalConfig {
    fn default() -> Self {
        Self {
            lateness_ms: limits::DEFAULT_LATENESS_MS,
            future_ms: limits::DEFAULT_FUTURE_MS,
            seen_events_max: limits::DEFAULT_SEEN_EVENTS_MAX,
            sessions_max: limits::DEFAULT_SESSIONS_MAX,
            order_records_max: limits::DEFAULT_ORDER_RECORDS_MAX,
        }
    }
}

/// An event whose skus are known to the catalog.
#[derive(Clone, Debug)]
pub struct ResolvedEvent<'a> {
    /// The event.
    pub event: &'a Event,
    /// Product of each of `event.items`, in the same order; variants are lifted to their product.
    pub items: SmallVec<[ItemId; 4]>,
    /// The categories each product is in, ancestors included, each pair once, in order.
    pub shelves: SmallVec<[(ItemId, CategoryId); 8]>,
    /// Key of its visit, see [`session_key`].
    pub session: Option<u64>,
    /// Key of its visitor; `None` when it names none.
    pub visitor: Option<u64>,
    /// What `event.query` says; `None` when it says nothing.
    pub query: Option<AskedQuery>,
}

impl<'a> ResolvedEvent<'a> {
    /// An event with its products, in no category. The keys of its visit and visitor are hashed here, once for all
    /// views.
    pub fn new(event: &'a Event, items: SmallVec<[ItemId; 4]>) -> Self {
        let visitor = (!event.visitor.is_empty()).then(|| visitor_key(&event.visitor));
        let session = if event.session.is_empty() { visitor } else { session_key(event) };
        Self { event, items, shelves: SmallVec::new(), session, visitor, query: None }
    }

    /// What was paid for each of `items`, in minor units; a line without a price adds nothing.
    fn amounts(&self, items: &[ItemId]) -> SmallVec<[(ItemId, i64); 4]> {
        let amount = |item: ItemId| {
            let lines = self.items.iter().zip(&self.event.items).filter(|(of, _)| **of == item);
            let paid = lines.map(|(_, line)| line.price_minor.unwrap_or(0) as f64 * f64::from(line.quantity));
            // A conversion saturates, and a sum that is no number counts as nothing.
            (item, paid.sum::<f64>().round() as i64)
        };
        items.iter().map(|&item| amount(item)).collect()
    }

    /// The categories of all products, each once, in order of id.
    fn categories(&self) -> impl Iterator<Item = CategoryId> {
        let mut distinct: SmallVec<[CategoryId; 8]> = self.shelves.iter().map(|(_, category)| *category).collect();
        distinct.sort_unstable();
        distinct.dedup();
        distinct.into_iter()
    }

    /// The products, each once, in order of first mention.
    pub fn distinct_items(&self) -> SmallVec<[ItemId; 4]> {
        let mut distinct: SmallVec<[ItemId; 4]> = SmallVec::new();
        let mut seen = rustc_hash::FxHashSet::default();
        for &item in &self.items {
            // A list this short is searched faster than it is hashed.
            let known = if distinct.len() < 16 { distinct.contains(&item) } else { seen.contains(&item) };
            if !known {
                distinct.push(item);
                if distinct.len() == 16 {
                    seen.extend(distinct.iter().copied());
                } else if distinct.len() > 16 {
                    seen.insert(item);
                }
            }
        }
        distinct
    }
}

/// Counters, co-occurrence, past visits, and what is needed to count each thing once.
#[derive(Clone, Debug)]
pub struct Signals {
    config: SignalConfig,
    now_ms: TimeMs,
    seen: Seen,
    sessions: Sessions,
    orders: Orders,
    tallies: Tallies,
    rows: [Rows; 3],
    visits: Visits,
    placements: Placements,
    pub(super) queries: Queries,
}

impl Signals {
    /// Nothing has happened yet.
    pub fn new(config: SignalConfig) -> Self {
        Self {
            now_ms: 0,
            seen: Seen::default(),
            sessions: Sessions::default(),
            orders: Orders::default(),
            tallies: Tallies::new(config.lateness_ms),
            rows: CoKind::ALL.map(Rows::of),
            visits: Visits::default(),
            placements: Placements::default(),
            queries: Queries::default(),
            config,
        }
    }

    /// Moves the log's time to `now_ms`; an earlier time changes nothing. Cheap within an hour; once an hour it
    /// moves the windows and forgets what can no longer change.
    pub fn tick(&mut self, now_ms: TimeMs) {
        if now_ms <= self.now_ms {
            return;
        }
        let new_hour = Hour::of(now_ms) > Hour::of(self.now_ms);
        self.now_ms = now_ms;
        if new_hour {
            self.tallies.advance(Hour::of(now_ms));
            self.seen.expire(now_ms, &self.config);
            self.sessions.expire(now_ms, &self.config);
            self.orders.expire(now_ms);
        }
    }

    /// Whether the event would count if its entry were folded now; changes nothing.
    pub fn would_admit(&self, event: &Event, now_ms: TimeMs) -> Admission {
        self.seen.would_admit(event, now_ms.max(self.now_ms), &self.config)
    }

    /// Decides whether the event counts and remembers its id if it does. `now_ms` is the time of the entry.
    /// Only an event that is [`Admission::New`] is then folded.
    pub fn admit(&mut self, event: &Event, now_ms: TimeMs) -> Admission {
        self.tick(now_ms);
        self.seen.admit(event, self.now_ms, &self.config)
    }

    /// Counts an admitted event.
    ///
    /// An event that names neither session nor visitor is a visit of its own and leaves only its counts.
    pub fn fold(&mut self, resolved: &ResolvedEvent<'_>) {
        let event = resolved.event;
        let hour = Hour::of(event.time_ms);
        let at = (self.tallies.meet(&event.store_view, event.time_ms), hour);
        let items = resolved.distinct_items();
        if is_about_unit(event) {
            self.count_placement(resolved, hour, &items);
        }
        match event.kind {
            EventKind::ProductView => self.view(resolved, at, &items),
            EventKind::AddToCart => self.mark(resolved, Counter::Carts, at, &items),
            EventKind::OrderPlaced => self.place(resolved, at, &items),
            EventKind::OrderCanceled | EventKind::Returned => self.undo(resolved, &items),
            // These only stretch the visit they belong to.
            _ => self.stretch(resolved),
        }
        if queries::concerns_searches(event.kind) {
            self.count_search(resolved);
        }
    }

    fn count_search(&mut self, resolved: &ResolvedEvent<'_>) {
        let event = resolved.event;
        let tallies = &mut self.tallies;
        let visit = resolved
            .session
            .map(|session| self.sessions.visit(session, event.time_ms, self.now_ms, tallies, &self.config));
        let Some(visit) = visit else { return self.queries.count(resolved, None, self.now_ms) };
        if resolved.query.is_some() || visit.searches.is_some() {
            let searches: &mut Searches = visit.searches.get_or_insert_default();
            self.queries.count(resolved, Some(searches), self.now_ms);
        }
    }

    fn view(&mut self, resolved: &ResolvedEvent<'_>, at: (ViewId, Hour), items: &[ItemId]) {
        let Some(session) = resolved.session else { return self.mark(resolved, Counter::Views, at, items) };
        let tallies = &mut self.tallies;
        let visit = self.sessions.visit(session, resolved.event.time_ms, self.now_ms, tallies, &self.config);
        let rows = &mut self.rows[CoKind::ViewedViewed as usize];
        for &item in items {
            if visit.mark(Counter::Views, item, at, tallies) {
                for &before in visit.recent() {
                    rows.add(before, item, None);
                    rows.add(item, before, None);
                }
            }
            visit.remember(item);
            visit.place = Some(self.visits.append(visit.place, item));
        }
        resolved.categories().for_each(|category| visit.mark_category(Counter::Views, category, at, tallies));
    }

    fn mark(&mut self, resolved: &ResolvedEvent<'_>, counter: Counter, at: (ViewId, Hour), items: &[ItemId]) {
        let tallies = &mut self.tallies;
        match resolved.session {
            None => {
                items.iter().for_each(|&item| tallies.items.add(counter, item, at));
                resolved.categories().for_each(|category| tallies.categories.add(counter, row_of(category), at));
            }
            Some(session) => {
                let time_ms = resolved.event.time_ms;
                let visit = self.sessions.visit(session, time_ms, self.now_ms, tallies, &self.config);
                for &item in items {
                    visit.mark(counter, item, at, tallies);
                }
                resolved.categories().for_each(|category| visit.mark_category(counter, category, at, tallies));
            }
        }
    }

    /// An event that counts nothing still belongs to a visit.
    fn stretch(&mut self, resolved: &ResolvedEvent<'_>) {
        if let Some(session) = resolved.session {
            self.sessions.visit(session, resolved.event.time_ms, self.now_ms, &mut self.tallies, &self.config);
        }
    }

    fn count_placement(&mut self, resolved: &ResolvedEvent<'_>, hour: Hour, items: &[ItemId]) {
        let (event, tallies) = (resolved.event, &mut self.tallies);
        let visit = resolved
            .session
            .map(|session| self.sessions.visit(session, event.time_ms, self.now_ms, tallies, &self.config));
        self.placements.count(event, items, hour, visit.map(|visit| &mut visit.met));
    }

    fn place(&mut self, resolved: &ResolvedEvent<'_>, at: (ViewId, Hour), items: &[ItemId]) {
        let event = resolved.event;
        let [_, viewed_bought, together] = &mut self.rows;
        let touched = Touched { tallies: &mut self.tallies, together };
        let lines = (items, &resolved.shelves[..]);
        let bought = self.orders.place(order_key(event), at, lines, (self.now_ms, &self.config), touched);
        let Some(session) = resolved.session else { return };
        let visit = self.sessions.visit(session, event.time_ms, self.now_ms, &mut self.tallies, &self.config);
        for &before in visit.recent() {
            for &item in bought.iter().take(limits::ORDER_PAIRED_LINES_MAX) {
                viewed_bought.add(before, item, None);
            }
        }
        self.placements.bought(&resolved.amounts(&bought), at.1, &visit.met);
    }

    /// A cancel or return that names no order has nothing to take back.
    fn undo(&mut self, resolved: &ResolvedEvent<'_>, items: &[ItemId]) {
        self.stretch(resolved);
        let event = resolved.event;
        if event.order.as_deref().is_some_and(|order| !order.is_empty()) {
            let together = &mut self.rows[CoKind::BoughtBought as usize];
            let touched = Touched { tallies: &mut self.tallies, together };
            self.orders.undo(order_key(event), items, (self.now_ms, &self.config), touched);
        }
    }

    /// What a snapshot holds: costs some pointers per 16,384 items, whatever was counted.
    pub fn publish(&mut self) -> SignalView {
        SignalView::new(
            (self.now_ms, self.orders.len()),
            &self.tallies,
            &self.rows,
            &self.placements,
            &self.visits,
            &self.queries,
        )
    }

    /// Where the memory goes; walks through all of it.
    pub fn memory(&self) -> SignalMemory {
        let (rings, records) = self.visits.bytes();
        let counters = self.tallies.items.bytes() + self.tallies.categories.bytes();
        SignalMemory { counters, pairs: self.rows.each_ref().map(Rows::bytes), rings, records }
    }

    /// The whole state in one canonical order: equal states are equal here.
    pub fn save(&self) -> SavedSignals {
        SavedSignals {
            now_ms: self.now_ms,
            seen: self.seen.save(),
            sessions: self.sessions.save(),
            orders: self.orders.save(),
            items: self.tallies.items.save(),
            categories: self.tallies.categories.save(),
            rows: self.rows.each_ref().map(Rows::save),
            visits: self.visits.save(),
            placements: self.placements.clone(),
            queries: self.queries.save(),
        }
    }

    /// The state that was saved, which then folds on exactly as the original would under the same bounds.
    /// The file's checksum is the caller's business; item ids in it are trusted to be dense.
    pub fn load(saved: SavedSignals, config: SignalConfig) -> Self {
        let mut kinds = CoKind::ALL.into_iter();
        Self {
            now_ms: saved.now_ms,
            seen: Seen::load(saved.seen),
            sessions: Sessions::load(saved.sessions),
            orders: Orders::load(saved.orders),
            tallies: Tallies {
                items: Counters::load(saved.items, config.lateness_ms),
                categories: Counters::load(saved.categories, config.lateness_ms),
            },
            rows: saved.rows.map(|rows| Rows::load(rows, kinds.next().expect("as many kinds as rows"))),
            visits: Visits::load(saved.visits),
            placements: saved.placements,
            queries: Queries::load(saved.queries),
            config,
        }
    }
}

/// [`Signals`] as they stand in a snapshot file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedSignals {
    now_ms: TimeMs,
    seen: SavedSeen,
    sessions: SavedSessions,
    orders: SavedOrders,
    items: SavedCounters,
    categories: SavedCounters,
    rows: [SavedRows; 3],
    visits: SavedVisits,
    placements: Placements,
    queries: SavedQueries,
}
