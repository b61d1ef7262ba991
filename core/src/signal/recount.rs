//! Do the counters say what a recount of all events says?
//!
//! The reference sorts the events and reads them as the rules are written: visits first, then what each counts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::event::{Event, EventKind};
use super::testing::{
    CATEGORIES, ITEMS, MINUTE_MS, NOW_MS, STORE_VIEWS, categories_of, counters, event, shop_events, take,
};
use super::*;
use crate::id::{HOUR_MS, ItemId, TimeMs};

/// What was counted once: where (`None` is the whole shop), what, of which item, in which hour.
type Counted = (Option<String>, Counter, u32, i64);

/// Categories are counted like items, under numbers above theirs.
const FIRST_CATEGORY: u32 = 1_000;

fn items(event: &Event) -> BTreeSet<u32> {
    event.items.iter().map(|item| item.sku.parse().unwrap()).collect()
}

fn with_categories(items: impl Iterator<Item = u32>) -> BTreeSet<u32> {
    items
        .flat_map(|item| categories_of(item).map(|category| FIRST_CATEGORY + category).into_iter().chain([item]))
        .collect()
}

fn hour(event: &Event) -> i64 {
    event.time_ms.div_euclid(HOUR_MS)
}

/// The visits: chains with gaps of at most half an hour; a stranger's event is one of its own.
fn visits(events: &[Event]) -> Vec<Vec<&Event>> {
    let mut sorted: Vec<&Event> = events.iter().collect();
    sorted.sort_by_key(|event| (&event.session, event.time_ms));
    let follows = |a: &&Event, b: &&Event| {
        !a.session.is_empty() && a.session == b.session && b.time_ms - a.time_ms <= 30 * MINUTE_MS
    };
    sorted.chunk_by(follows).map(<[&Event]>::to_vec).collect()
}

fn of_visit(visit: &[&Event], counted: &mut Vec<Counted>) {
    let mut first: BTreeMap<(Option<String>, Counter, u32), i64> = BTreeMap::new();
    for event in visit {
        let counter = match event.kind {
            EventKind::ProductView => Counter::Views,
            EventKind::AddToCart => Counter::Carts,
            _ => continue,
        };
        let seen = with_categories(items(event).into_iter());
        for (item, view) in seen.into_iter().flat_map(|i| [(i, None), (i, Some(event.store_view.clone()))]) {
            let at = first.entry((view, counter, item)).or_insert(i64::MAX);
            *at = hour(event).min(*at);
        }
    }
    counted.extend(first.into_iter().map(|((view, counter, item), hour)| (view, counter, item, hour)));
}

fn of_order(events: &[&Event], counted: &mut Vec<Counted>) {
    let (placed, undone): (Vec<&Event>, Vec<&Event>) = events.iter().partition(|e| e.kind == EventKind::OrderPlaced);
    let Some((hour, view)) = placed.iter().map(|event| (hour(event), &event.store_view)).min() else { return };
    if undone.iter().any(|event| event.items.is_empty()) {
        return;
    }
    let gone: BTreeSet<u32> = undone.iter().flat_map(|event| items(event)).collect();
    let bought: BTreeSet<u32> = placed.iter().flat_map(|event| items(event)).collect();
    for item in with_categories(bought.difference(&gone).copied()) {
        counted.extend([None, Some(view.clone())].map(|view| (view, Counter::Purchases, item, hour)));
    }
}

/// The same as [`counters`], from the events alone.
fn recounted(events: &[Event], now_ms: TimeMs) -> Vec<Vec<u32>> {
    let mut counted = Vec::new();
    visits(events).iter().for_each(|visit| of_visit(visit, &mut counted));
    let mut orders: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events {
        use EventKind::{OrderCanceled, OrderPlaced, Returned};
        match (event.kind, event.order.as_deref()) {
            (OrderPlaced | OrderCanceled | Returned, Some(order)) => orders.entry(order).or_default().push(event),
            (OrderPlaced, None) => of_order(&[event], &mut counted),
            _ => {}
        }
    }
    orders.values().for_each(|events| of_order(events, &mut counted));
    let is_told_apart = events.iter().any(|event| !event.store_view.is_empty());
    let places = STORE_VIEWS.map(|code| Some(code.to_owned()));
    let sum = |place: &Option<String>, rows: std::ops::Range<u32>| {
        let count = |counter, item, hours: i64| {
            let begin = now_ms.div_euclid(HOUR_MS) - hours;
            let here = counted.iter().filter(|c| (&c.0, c.1, c.2) == (place, counter, item) && c.3 > begin);
            here.count() as u32 * u32::from(place.is_none() || is_told_apart)
        };
        let windows = Window::ALL.map(|window| i64::from(window.hours()));
        let all_time = [1_000_000];
        let of = |item| {
            let lengths = move |c| windows.into_iter().chain(all_time).map(move |hours| (c, hours));
            Counter::ALL.into_iter().flat_map(lengths).map(move |(c, hours)| count(c, item, hours))
        };
        rows.flat_map(of).collect::<Vec<u32>>()
    };
    let rows = [0..ITEMS, FIRST_CATEGORY..FIRST_CATEGORY + CATEGORIES];
    let all = |rows: std::ops::Range<u32>| [None].iter().chain(&places).map(move |place| sum(place, rows.clone()));
    rows.into_iter().flat_map(all).collect()
}

/// Events over days, where every window has an end, or over hours, where visits are long and join.
fn sparse_or_dense() -> impl Strategy<Value = Vec<Event>> {
    let parts = prop::sample::select(vec![1, 13, 40]);
    (shop_events().prop_shuffle(), parts).prop_map(|(mut events, parts)| {
        events.iter_mut().for_each(|event| event.time_ms = NOW_MS - (NOW_MS - event.time_ms) / parts);
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_counters_of_the_shop_and_of_each_view_equal_a_recount(
        events in sparse_or_dense(),
        hours in 0..100_i64,
    ) {
        let mut signals = Signals::new(SignalConfig::default());
        events.iter().for_each(|event| assert_eq!(take(&mut signals, event, NOW_MS), Admission::New));
        // Between 19 and 24 hours later the events of the last five leave the shortest window one hour after another.
        for later in (19..=24).chain([24 + hours]).map(|hours| NOW_MS + hours * HOUR_MS) {
            signals.tick(later);
            prop_assert_eq!(counters(&mut signals), recounted(&events, later));
        }
    }
}

#[test]
fn a_visit_counts_once_in_the_shop_and_once_in_each_store_view_it_was_in() {
    let mut signals = Signals::new(SignalConfig::default());
    let in_view = |id: &str, store_view: &str, minutes: TimeMs| Event {
        store_view: store_view.to_owned(),
        ..event(EventKind::ProductView, id, "s", &[1], NOW_MS - minutes * MINUTE_MS)
    };
    for (id, store_view, minutes) in [("1", "", 0), ("2", "se", 2), ("3", "se", 1), ("4", "de", 9), ("5", "", 3)] {
        take(&mut signals, &in_view(id, store_view, minutes), NOW_MS);
    }
    let view = signals.publish();
    let views = |code| view.store_view(code).map(|demand| demand.count(Counter::Views, Window::Day, ItemId(1)));
    assert_eq!((views("se"), views("de"), views("")), (Some(1), Some(1), Some(1)));
    assert_eq!((views("fi"), view.count(Counter::Views, Window::Day, ItemId(1))), (None, 1));
}
