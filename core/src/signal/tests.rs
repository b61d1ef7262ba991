//! Does the fold keep its promises as a whole?

use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::event::{Event, EventKind};
use super::testing::{MINUTE_MS as MINUTE, NOW_MS as NOW, counters, event, shop_events, take, view};
use super::*;
use crate::id::{DAY_MS, HOUR_MS, ItemId, TimeMs};

fn signals() -> Signals {
    Signals::new(SignalConfig::default())
}

fn fold_at(now_ms: TimeMs, events: &[Event]) -> Signals {
    let mut signals = signals();
    for event in events {
        take(&mut signals, event, now_ms);
    }
    signals
}

fn order(kind: EventKind, id: &str, order: &str, items: &[u32], time_ms: TimeMs) -> Event {
    Event { order: Some(order.to_owned()), ..event(kind, id, "s", items, time_ms) }
}

fn bought(events: &[Event]) -> Vec<(u32, u32)> {
    let view = fold_at(NOW, events).publish();
    view.shop().counted(Counter::Purchases, Window::Day).map(|(item, n)| (item.0, n)).collect()
}

#[test]
fn a_visit_counts_an_item_once_and_strangers_count_each_time() {
    let mut events: Vec<Event> = (0..5).map(|i| view(&format!("e{i}"), "s", 1, NOW - i * MINUTE)).collect();
    events.push(view("other", "t", 1, NOW));
    events.push(view("nobody", "", 1, NOW));
    events.push(view("nobody again", "", 1, NOW));
    events.push(event(EventKind::AddToCart, "cart", "s", &[1, 1, 2], NOW));
    let view = fold_at(NOW, &events).publish();
    assert_eq!(view.count(Counter::Views, Window::Day, ItemId(1)), 4);
    assert_eq!(view.count(Counter::Carts, Window::Day, ItemId(1)), 1);
    assert_eq!(view.total(Counter::Carts, ItemId(2)), 1);
}

#[test]
fn an_order_counts_each_item_once_until_taken_back() {
    use EventKind::{OrderCanceled as Cancel, OrderPlaced as Place, Returned as Return};
    let placed = order(Place, "1", "o", &[1, 2, 2], NOW);
    let again = order(Place, "2", "o", &[1, 2], NOW);
    let canceled = order(Cancel, "3", "o", &[], NOW);
    let returned = order(Return, "4", "o", &[2], NOW);
    let returned_twice = order(Return, "5", "o", &[2], NOW);
    assert_eq!(bought(&[placed.clone(), again.clone()]), [(1, 1), (2, 1)]);
    assert_eq!(bought(&[placed.clone(), returned.clone(), returned_twice.clone()]), [(1, 1)]);
    assert_eq!(bought(&[returned, placed.clone(), returned_twice]), [(1, 1)]);
    assert_eq!(bought(&[canceled.clone(), placed.clone(), again]), []);
    assert_eq!(bought(&[placed, canceled]), []);
    assert_eq!(bought(&[event(Cancel, "6", "s", &[], NOW), order(Place, "7", "p", &[3], NOW)]), [(3, 1)]);
}

#[test]
fn an_order_id_never_expires() {
    let mut signals = signals();
    take(&mut signals, &order(EventKind::OrderPlaced, "1", "o", &[1], NOW), NOW);
    let later = NOW + 400 * DAY_MS;
    signals.tick(later);
    take(&mut signals, &order(EventKind::OrderPlaced, "2", "o", &[1], later), later);
    take(&mut signals, &order(EventKind::OrderCanceled, "3", "o", &[], later), later);
    assert_eq!(signals.publish().total(Counter::Purchases, ItemId(1)), 1);
}

#[test]
fn pairs_come_from_visits_and_orders() {
    let mut events = vec![view("1", "s", 1, NOW), view("2", "s", 2, NOW), view("3", "t", 3, NOW)];
    events.push(order(EventKind::OrderPlaced, "4", "o", &[2, 9], NOW));
    let mut signals = fold_at(NOW, &events);
    let view = signals.publish();
    let together = |kind, a, b| view.together(kind, ItemId(a), ItemId(b));
    assert_eq!((together(CoKind::ViewedViewed, 1, 2), together(CoKind::ViewedViewed, 2, 1)), (1, 1));
    assert_eq!(together(CoKind::ViewedViewed, 1, 3), 0);
    assert_eq!((together(CoKind::ViewedBought, 1, 9), together(CoKind::ViewedBought, 9, 1)), (1, 0));
    assert_eq!(together(CoKind::ViewedBought, 2, 2), 0, "never the item itself");
    assert_eq!((together(CoKind::BoughtBought, 2, 9), together(CoKind::BoughtBought, 9, 2)), (1, 1));
    take(&mut signals, &order(EventKind::Returned, "5", "o", &[9], NOW), NOW);
    assert_eq!(signals.publish().together(CoKind::BoughtBought, ItemId(2), ItemId(9)), 0);
    assert_eq!(view.together(CoKind::BoughtBought, ItemId(2), ItemId(9)), 1, "an old view stays as it was");
}

#[test]
fn a_planted_pair_stands_above_what_is_merely_popular() {
    let mut signals = signals();
    let mut x = 1_u32;
    let mut random = |n: u32| {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (x >> 8) % n
    };
    for i in 0..5_000 {
        // Item 0 is in every third order; 500 and 501 are bought together 30 times.
        let mut items = vec![1 + random(400), 1 + random(400)];
        if i % 3 == 0 {
            items.push(0);
        }
        if i % 166 == 0 {
            items.extend([500, 501]);
        }
        take(&mut signals, &order(EventKind::OrderPlaced, &i.to_string(), &i.to_string(), &items, NOW), NOW);
    }
    let view = signals.publish();
    let best = |item| view.neighbors(CoKind::BoughtBought, ItemId(item))[0].item.0;
    assert_eq!((best(500), best(501)), (501, 500));
    let led_by_popular = (1..=400).filter(|&item| best(item) == 0).count();
    assert!(led_by_popular < 200, "the popular item leads {led_by_popular} of 400 lists");
}

#[test]
fn trending_finds_what_rises_inside_the_universe() {
    let mut events = Vec::new();
    for i in 0..60 {
        let old = NOW - 30 * HOUR_MS;
        events.push(view(&format!("a{i}"), &format!("a{i}"), 1, if i < 40 { old } else { NOW }));
        events.push(view(&format!("b{i}"), &format!("b{i}"), 2, NOW));
    }
    let all: RoaringBitmap = (0..10).collect();
    assert_eq!(fold_at(NOW, &events).publish().shop().top_trending(5, &all), [], "nothing is older than three days");
    events.push(view("first", "first", 9, NOW - 71 * HOUR_MS));
    let view = fold_at(NOW, &events).publish();
    let items = |top: Vec<(ItemId, f32)>| top.into_iter().map(|(item, _)| item.0).collect::<Vec<_>>();
    assert_eq!(items(view.shop().top_trending(5, &all)), [2, 1]);
    assert_eq!(items(view.shop().top_trending(5, &[1, 7].into_iter().collect())), [1]);
    let mut gathered = [0.0; 3];
    view.shop().gather(SignalColumn::Trending, &[1, 2, 999], &mut gathered);
    assert_eq!(gathered, [view.shop().trending(ItemId(1)), view.shop().trending(ItemId(2)), 1.0]);
}

#[test]
fn conversion_needs_support_and_shrinks_towards_the_shop() {
    let mut events = Vec::new();
    // Item: visits that viewed it, those of them that put it into the cart.
    for (item, views, carts) in [(1, 100, 50), (2, 9, 9), (3, 10, 6), (4, 1_000, 10), (5, 50, 0)] {
        for i in 0..views {
            let visit = format!("{item}-{i}");
            events.push(view(&format!("v{visit}"), &visit, item, NOW));
            if i < carts {
                events.push(event(EventKind::AddToCart, &format!("c{visit}"), &visit, &[item], NOW));
            }
        }
    }
    let view = fold_at(NOW, &events).publish();
    let top = view.shop().top_converting(Counter::Carts, 9, &(0..10).collect());
    assert_eq!(top.iter().map(|(item, _)| item.0).collect::<Vec<_>>(), [1, 3, 4]);
    let mean = 75.0 / 1_169.0;
    let expected = (6.0 + CONVERSION_PRIOR_VIEWS * mean) / (10.0 + CONVERSION_PRIOR_VIEWS);
    assert!((f64::from(top[1].1) - expected).abs() < 1e-6, "{top:?}, {expected}");
    assert_eq!(view.shop().top_converting(Counter::Carts, 1, &(3..10).collect()).len(), 1);
    assert_eq!(view.shop().top_converting(Counter::Purchases, 9, &(0..10).collect()), []);
}

#[test]
fn a_gathered_count_is_the_count_in_any_order_of_items() {
    // Items on both sides of a chunk's end, in a chunk nobody touched, and beyond the column.
    let viewed = [(3, 2), (255, 1), (256, 4), (70_000, 3)];
    let visits = viewed.iter().flat_map(|&(item, n)| (0..n).map(move |visit| (item, format!("{item}-{visit}"))));
    let events: Vec<_> = visits.map(|(item, id)| view(&id, &id, item, NOW)).collect();
    let view = fold_at(NOW, &events).publish();
    let items = [256, 3, 255, 4, 1_000, 70_000, 3, 200_000];
    let mut gathered = [f32::NAN; 8];
    view.shop().gather(SignalColumn::Count(Counter::Views, Window::Week), &items, &mut gathered);
    assert_eq!(gathered, [4.0, 2.0, 1.0, 0.0, 0.0, 3.0, 2.0, 0.0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_arrival_gives_the_same_counters(
        (events, shuffled) in shop_events().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        hours in 0..100_i64,
    ) {
        let mut one = fold_at(NOW, &events);
        let mut other = signals();
        for (i, event) in shuffled.iter().enumerate() {
            // The second log takes its time, too.
            take(&mut other, event, NOW - 30 * MINUTE + 30 * MINUTE * i as i64 / 80 + event.time_ms.max(NOW - HOUR_MS) - NOW + HOUR_MS);
        }
        for signals in [&mut one, &mut other] {
            signals.tick(NOW + 2 * HOUR_MS + hours * HOUR_MS);
        }
        prop_assert_eq!(counters(&mut one), counters(&mut other));
    }

    #[test]
    fn what_was_loaded_folds_on_like_the_original(before in shop_events(), after in shop_events(), hours in 0..2_000_i64) {
        let mut original = fold_at(NOW, &before);
        let bytes = rmp_serde::to_vec(&original.save()).unwrap();
        let mut loaded = Signals::load(rmp_serde::from_slice(&bytes).unwrap(), SignalConfig::default());
        prop_assert_eq!(original.save(), loaded.save());
        for event in &after {
            let event = Event { id: format!("after {}", event.id), ..event.clone() };
            prop_assert_eq!(take(&mut original, &event, NOW + HOUR_MS), take(&mut loaded, &event, NOW + HOUR_MS));
        }
        for signals in [&mut original, &mut loaded] {
            signals.tick(NOW + hours * HOUR_MS);
        }
        prop_assert_eq!(original.save(), loaded.save());
        prop_assert_eq!(counters(&mut original), counters(&mut loaded));
    }

    #[test]
    fn a_replay_is_equal_and_publishing_leaves_no_trace(events in shop_events()) {
        let mut live = signals();
        for event in &events {
            take(&mut live, event, NOW);
            drop(live.publish());
        }
        let mut replayed = fold_at(NOW, &events);
        prop_assert_eq!(live.save(), replayed.save());
        let (live, replayed) = (live.publish(), replayed.publish());
        for kind in CoKind::ALL {
            for item in (0..6).map(ItemId) {
                prop_assert_eq!(live.neighbors(kind, item), replayed.neighbors(kind, item));
            }
        }
    }

    #[test]
    fn duplicates_change_nothing(events in shop_events()) {
        let mut signals = fold_at(NOW, &events);
        let once = signals.save();
        for event in &events {
            prop_assert_eq!(signals.would_admit(event, NOW), Admission::Duplicate);
            prop_assert_eq!(take(&mut signals, event, NOW), Admission::Duplicate);
        }
        prop_assert_eq!(once, signals.save());
    }

    #[test]
    fn once_everything_is_old_only_totals_and_ids_remain(events in shop_events()) {
        let mut signals = fold_at(NOW, &events);
        signals.tick(NOW + 60 * DAY_MS);
        let view = signals.publish();
        for counter in Counter::ALL {
            for window in Window::ALL {
                prop_assert_eq!(view.shop().counted(counter, window).count(), 0);
            }
        }
        let again = events.first().map(|event| Event { time_ms: NOW + 60 * DAY_MS, ..event.clone() });
        if let Some(event) = again {
            prop_assert_eq!(signals.would_admit(&event, NOW + 60 * DAY_MS), Admission::New, "ids are forgotten");
        }
    }
}
