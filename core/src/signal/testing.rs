//! Events for tests, in one line each, and shops full of them.

use proptest::prelude::*;
use smallvec::SmallVec;

use super::event::{Event, EventItem, EventKind};
use super::{Admission, AskedQuery, Counter, Demand, ResolvedEvent, SignalConfig, SignalView, Signals, Window};
use crate::id::{CategoryId, DAY_MS, HOUR_MS, ItemId, TimeMs};

/// When the shops of [`shop_events`] are.
pub(crate) const NOW_MS: TimeMs = 20_000 * DAY_MS + 5 * HOUR_MS;
/// A minute.
pub(crate) const MINUTE_MS: TimeMs = 60_000;
/// What their events name, the empty one included.
pub(crate) const STORE_VIEWS: [&str; 3] = ["", "se", "de"];
/// How many products they have.
pub(crate) const ITEMS: u32 = 6;
/// How many categories.
pub(crate) const CATEGORIES: u32 = 6;

/// An event of `session` about these items; the sku is the item's number.
pub(crate) fn event(kind: EventKind, id: &str, session: &str, items: &[u32], time_ms: TimeMs) -> Event {
    let item = |item: &u32| EventItem { sku: item.to_string(), quantity: 1.0, price_minor: None, position: None };
    Event {
        id: id.to_owned(),
        time_ms,
        kind,
        visitor: String::new(),
        customer: None,
        session: session.to_owned(),
        store_view: String::new(),
        request_id: None,
        items: items.iter().map(item).collect(),
        query: None,
        category: None,
        unit: None,
        order: None,
        consent: true,
        attributes: Default::default(),
    }
}

/// A product view.
pub(crate) fn view(id: &str, session: &str, item: u32, time_ms: TimeMs) -> Event {
    event(EventKind::ProductView, id, session, &[item], time_ms)
}

/// The categories of a product: one of two, one of three, and the one above all.
pub(crate) fn categories_of(item: u32) -> [u32; 3] {
    [item % 2, 2 + item % 3, CATEGORIES - 1]
}

/// The event with its skus read back as items.
pub(crate) fn resolved(event: &Event) -> ResolvedEvent<'_> {
    let items: SmallVec<[ItemId; 4]> = event.items.iter().map(|item| ItemId(item.sku.parse().unwrap())).collect();
    let shelves = items.iter().flat_map(|item| categories_of(item.0).map(|category| (*item, CategoryId(category))));
    let mut shelves: SmallVec<_> = shelves.collect();
    shelves.sort_unstable();
    shelves.dedup();
    let stems: Vec<String> = event.query.iter().flat_map(|text| text.split(' ')).map(str::to_owned).collect();
    let query = event.query.clone().map(|text| AskedQuery { view: String::new(), folded: text.clone(), text, stems });
    ResolvedEvent { shelves, query, ..ResolvedEvent::new(event, items) }
}

/// What the engine does with an event of an entry at `now_ms`.
pub(crate) fn take(signals: &mut Signals, event: &Event, now_ms: TimeMs) -> Admission {
    let admission = signals.admit(event, now_ms);
    if admission == Admission::New {
        signals.fold(&resolved(event));
    }
    admission
}

/// Any event of a small shop within the last hours; ids are given by the caller.
fn any_event() -> impl Strategy<Value = Event> {
    let kinds = prop::sample::select(vec![
        EventKind::ProductView,
        EventKind::ProductView,
        EventKind::ProductView,
        EventKind::AddToCart,
        EventKind::PageView,
        EventKind::OrderPlaced,
        EventKind::OrderCanceled,
        EventKind::Returned,
    ]);
    let view = prop::sample::select(STORE_VIEWS.to_vec());
    (kinds, 0..4_u8, prop::collection::vec(0..ITEMS, 0..4), 0..300_i64, 0..6_u8, view).prop_map(
        |(kind, session, items, minutes, order, view)| Event {
            store_view: view.to_owned(),
            order: (order > 0).then(|| order.to_string()),
            ..event(
                kind,
                "",
                &if session == 0 { String::new() } else { session.to_string() },
                &items,
                NOW_MS - minutes * 13 * MINUTE_MS,
            )
        },
    )
}

/// Up to 80 such events with ids of their own.
pub(crate) fn shop_events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(any_event(), 0..80).prop_map(|mut events| {
        for (i, event) in events.iter_mut().enumerate() {
            event.id = i.to_string();
        }
        events
    })
}

/// All that counters say, by item: every counter in every window and in all time.
fn counted(demand: &Demand) -> Vec<u32> {
    let of = |item| {
        Counter::ALL.into_iter().flat_map(move |counter| {
            let windows = Window::ALL.map(|window| demand.count(counter, window, item));
            windows.into_iter().chain([demand.total(counter, item)])
        })
    };
    (0..ITEMS).map(ItemId).flat_map(of).collect()
}

/// The same of categories, in the shop or in a store view.
fn counted_categories(view: &SignalView, code: Option<&str>) -> Vec<u32> {
    let of = |category| {
        Counter::ALL.into_iter().flat_map(move |counter| {
            let windows = Window::ALL.map(Some).into_iter().chain([None]);
            windows.map(move |window| view.category(code, counter, window, category))
        })
    };
    (0..CATEGORIES).map(CategoryId).flat_map(of).collect()
}

/// All that the counters say, of the shop and of each store view, items first; a view without any counts nothing.
pub(crate) fn counters(signals: &mut Signals) -> Vec<Vec<u32>> {
    let view = signals.publish();
    let views = STORE_VIEWS.map(|code| view.store_view(code).map_or_else(|| counted(&Demand::default()), counted));
    let categories = [None].into_iter().chain(STORE_VIEWS.map(Some)).map(|code| counted_categories(&view, code));
    [counted(view.shop())].into_iter().chain(views).chain(categories).collect()
}

/// A shop that heard these orders.
pub(crate) fn ordered(orders: &[&[u32]]) -> SignalView {
    let mut signals = Signals::new(SignalConfig::default());
    for (i, items) in orders.iter().enumerate() {
        let mut order = event(EventKind::OrderPlaced, &i.to_string(), &i.to_string(), items, 1_000);
        order.order = Some(i.to_string());
        take(&mut signals, &order, 1_000);
    }
    signals.publish()
}

/// The same order `n` times more.
pub(crate) fn more<'a>(orders: &mut Vec<&'a [u32]>, n: usize, items: &'a [u32]) {
    orders.resize(orders.len() + n, items);
}
