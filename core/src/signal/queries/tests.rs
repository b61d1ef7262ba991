//! Do searches teach what they should?

use super::super::event::{Event, EventItem, EventKind};
use super::super::testing::{MINUTE_MS, NOW_MS, event, take};
use super::super::{Evidence, SignalConfig, Signals};
use super::examined::Examination;
use super::fade;
use crate::id::{DAY_MS, ItemId, TimeMs};

/// An event about a query of the visit `session`, whose request has the same name.
fn about(kind: EventKind, id: &str, session: &str, query: &str, items: &[(u32, u32)], time_ms: TimeMs) -> Event {
    let item = |(item, position): &(u32, u32)| EventItem {
        sku: item.to_string(),
        quantity: 1.0,
        price_minor: None,
        position: Some(*position),
    };
    Event {
        query: Some(query.to_owned()),
        visitor: session.to_owned(),
        request_id: Some(format!("{session}/{query}/{time_ms}")),
        items: items.iter().map(item).collect(),
        ..event(kind, &format!("{session}/{query}/{time_ms}/{id}"), session, &[], time_ms)
    }
}

/// A search that shows items 0 to 9 in the order given, and clicks some of them.
fn search(signals: &mut Signals, session: &str, query: &str, shown: &[u32], clicked: &[u32], time_ms: TimeMs) {
    let placed: Vec<(u32, u32)> = shown.iter().copied().zip(0..).collect();
    take(signals, &about(EventKind::SearchResponse, "shown", session, query, &placed, time_ms), time_ms);
    for (item, position) in placed.into_iter().filter(|(item, _)| clicked.contains(item)) {
        let click = about(EventKind::SearchClick, &item.to_string(), session, query, &[(item, position)], time_ms);
        take(signals, &click, time_ms);
    }
}

fn evidence(signals: &mut Signals, stems: &[&str]) -> Evidence {
    let stems: Vec<String> = stems.iter().map(|stem| (*stem).to_owned()).collect();
    signals.publish().evidence(&stems)
}

fn value(evidence: &Evidence, item: u32) -> f32 {
    evidence.values.iter().find(|(of, _)| of.0 == item).map_or(0.0, |(_, value)| *value)
}

fn best(evidence: &Evidence) -> Option<ItemId> {
    evidence.values.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(item, _)| *item)
}

const LIST: [u32; 10] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

#[test]
fn as_many_clicks_far_down_count_for_more() {
    let mut signals = Signals::new(SignalConfig::default());
    for visit in 0..40 {
        let clicked: &[u32] = if visit % 2 == 0 { &[0] } else { &[9] };
        search(&mut signals, &visit.to_string(), "lamp", &LIST, clicked, NOW_MS);
    }
    let found = evidence(&mut signals, &["lamp"]);
    assert_eq!(best(&found), Some(ItemId(9)), "{found:?}");
    assert!(value(&found, 0) > 0.0 && value(&found, 1) < 0.0, "{found:?}");
    assert!(found.values.iter().all(|(_, value)| (-1.0..1.0).contains(value)));
    assert_eq!(evidence(&mut signals, &["sofa"]), Evidence::default());
}

#[test]
fn a_click_without_a_reported_answer_counts_where_it_was() {
    let mut signals = Signals::new(SignalConfig::default());
    for visit in 0..20_u32 {
        let (item, position) = if visit % 2 == 0 { (1, 0) } else { (2, 9) };
        let session = visit.to_string();
        take(&mut signals, &about(EventKind::SearchClick, "c", &session, "lamp", &[(item, position)], NOW_MS), NOW_MS);
    }
    let found = evidence(&mut signals, &["lamp"]);
    assert!(value(&found, 2) > value(&found, 1), "{found:?}");
}

#[test]
fn carts_and_orders_of_the_visit_weigh_more_than_clicks_and_count_once() {
    let mut signals = Signals::new(SignalConfig::default());
    for visit in 0..12 {
        let session = format!("v{visit}");
        // Both are clicked as often and in the same places.
        let (shown, clicked) = if visit % 2 == 0 { ([1, 2], [1]) } else { ([2, 1], [2]) };
        search(&mut signals, &session, "lamp", &shown, &clicked, NOW_MS);
        if clicked == [2] {
            for n in 0..3 {
                take(
                    &mut signals,
                    &event(EventKind::AddToCart, &format!("a{visit}{n}"), &session, &[2], NOW_MS),
                    NOW_MS,
                );
                take(
                    &mut signals,
                    &event(EventKind::OrderPlaced, &format!("o{visit}{n}"), &session, &[2], NOW_MS),
                    NOW_MS,
                );
            }
        }
    }
    let found = evidence(&mut signals, &["lamp"]);
    assert_eq!(best(&found), Some(ItemId(2)), "{found:?}");
    let bonus: f32 = signals.queries.record(&["lamp".to_owned()]).unwrap().met().iter().map(|met| met.bonus).sum();
    assert_eq!(bonus, 6.0 * (super::CART_BONUS + super::ORDER_BONUS));
}

#[test]
fn an_unseen_query_borrows_from_those_that_share_most_words() {
    let mut signals = Signals::new(SignalConfig::default());
    for visit in 0..30 {
        search(&mut signals, &format!("a{visit}"), "blue desk lamp", &LIST, &[4], NOW_MS);
        search(&mut signals, &format!("b{visit}"), "blue sofa", &LIST, &[7], NOW_MS);
    }
    let lamp = evidence(&mut signals, &["desk", "lamp"]);
    assert_eq!(best(&lamp), Some(ItemId(4)), "{lamp:?}");
    let own = evidence(&mut signals, &["blue", "desk", "lamp"]);
    assert!(value(&lamp, 4) < value(&own, 4), "what is borrowed is worth less");
    assert_eq!(evidence(&mut signals, &["blue"]), Evidence::default(), "one frequent word in common is not enough");
}

#[test]
fn what_was_learned_fades() {
    let mut signals = Signals::new(SignalConfig::default());
    for visit in 0..10 {
        search(&mut signals, &visit.to_string(), "lamp", &LIST, &[4], NOW_MS);
    }
    let fresh = value(&evidence(&mut signals, &["lamp"]), 4);
    signals.tick(NOW_MS + 180 * DAY_MS);
    let old = value(&evidence(&mut signals, &["lamp"]), 4);
    assert!(0.0 < old && old < fresh / 2.0, "{old} {fresh}");
}

fn suggested(signals: &mut Signals, begun: &str) -> Vec<String> {
    signals.publish().used_queries("", begun, 5).iter().map(ToString::to_string).collect()
}

#[test]
fn a_query_is_suggested_after_three_shoppers_found_something() {
    let mut signals = Signals::new(SignalConfig::default());
    for visit in 0..3 {
        let session = visit.to_string();
        assert_eq!(suggested(&mut signals, ""), [] as [String; 0]);
        search(&mut signals, &session, "sport pant", &LIST, &[], NOW_MS);
        search(&mut signals, &session, "nothing here", &[], &[], NOW_MS);
    }
    assert_eq!(suggested(&mut signals, "sp"), ["sport pant"]);
    assert_eq!(suggested(&mut signals, ""), ["sport pant"]);
}

#[test]
fn what_is_typed_on_the_way_is_not_suggested() {
    let mut signals = Signals::new(SignalConfig::default());
    for visit in 0..5 {
        let session = visit.to_string();
        for (typed, after_ms) in ["kin", "kindl", "kindlr", "kindl", "kindle"].into_iter().zip(0..) {
            search(&mut signals, &session, typed, &LIST, &[], NOW_MS + after_ms);
        }
        search(&mut signals, &session, "lamp", &LIST, &[3], NOW_MS);
        search(&mut signals, &session, "lamps", &LIST, &[3], NOW_MS);
    }
    assert_eq!(suggested(&mut signals, "kin"), ["kindle"]);
    assert_eq!(suggested(&mut signals, "la"), ["lamp", "lamps"], "a clicked one is a query of its own");
}

#[test]
fn a_use_of_yesterday_is_not_taken_back_with_a_word_typed_on_the_way_today() {
    let mut signals = Signals::new(SignalConfig::default());
    for visit in 0..3 {
        let session = visit.to_string();
        search(&mut signals, &session, "kindle", &LIST, &[3], NOW_MS - DAY_MS);
        search(&mut signals, &session, "kindle", &LIST, &[], NOW_MS);
        search(&mut signals, &session, "kindle case", &LIST, &[], NOW_MS + 1);
    }
    assert_eq!(suggested(&mut signals, "kin"), ["kindle case", "kindle"]);
    let key = super::UsedKey { view: "".into(), folded: "kindle".into() };
    assert!(!signals.queries.used.add(&key, "kindle", Some(crate::signal::key::visitor_key("1")), 0), "still known");
}

#[test]
fn a_late_event_that_joins_two_visits_leaves_the_newest_search_the_newest() {
    let (begin_ms, later_ms) = (NOW_MS - 50 * MINUTE_MS, NOW_MS);
    for is_late in [false, true] {
        let mut signals = Signals::new(SignalConfig::default());
        for visit in 0..3 {
            let session = &visit.to_string();
            let searches = [("lamp", begin_ms), ("kin", later_ms)];
            let order = if is_late { [1, 0] } else { [0, 1] };
            for (query, time_ms) in order.map(|at: usize| searches[at]) {
                search(&mut signals, session, query, &LIST, &[], time_ms);
            }
            let between =
                event(EventKind::PageView, &format!("between {visit}"), session, &[], NOW_MS - 25 * MINUTE_MS);
            take(&mut signals, &between, NOW_MS);
            search(&mut signals, session, "kindle", &LIST, &[], NOW_MS + 1);
        }
        assert_eq!(suggested(&mut signals, "kin"), ["kindle"], "`kin` was typed on the way to it; late: {is_late}");
        assert_eq!(suggested(&mut signals, "la"), ["lamp"]);
    }
}

#[test]
fn a_click_that_names_only_its_answer_counts_for_the_search_that_was_answered() {
    let mut signals = Signals::new(SignalConfig::default());
    let mut asked = about(EventKind::SearchRequest, "asked", "s", "lamp", &[], NOW_MS);
    asked.request_id = None;
    let answered = about(EventKind::SearchResponse, "shown", "s", "lamp", &[(1, 0), (2, 1)], NOW_MS);
    let mut clicked = about(EventKind::SearchClick, "clicked", "s", "lamp", &[(2, 1)], NOW_MS);
    clicked.query = None;
    for event in [asked, answered, clicked] {
        take(&mut signals, &event, NOW_MS);
    }
    assert_eq!(signals.queries.record(&["lamp".to_owned()]).unwrap().totals().1, 1.0);
}

#[test]
fn a_late_click_is_added_to_what_time_has_left_of_the_others() {
    let mut signals = Signals::new(SignalConfig::default());
    search(&mut signals, "other", "sofa", &LIST, &[3], NOW_MS);
    search(&mut signals, "s", "lamp", &LIST, &[], NOW_MS);
    let mut expected = Examination::clone(&signals.queries.examination);
    let late_ms = NOW_MS + 2 * DAY_MS;
    take(&mut signals, &about(EventKind::SearchClick, "late", "s", "lamp", &[(3, 3)], NOW_MS), late_ms);
    expected.settle(fade::day(late_ms));
    expected.clicked(3);
    assert_eq!(*signals.queries.examination, expected);
}

#[test]
fn one_machine_cannot_drown_the_others() {
    let mut signals = Signals::new(SignalConfig::default());
    for n in 0..1_000 {
        let mut robot = about(EventKind::SearchResponse, &n.to_string(), "robot", "lamp", &[(1, 0)], NOW_MS);
        robot.request_id = Some(n.to_string());
        take(&mut signals, &robot, NOW_MS);
    }
    let (examined, _) = signals.queries.record(&["lamp".to_owned()]).unwrap().totals();
    assert!(examined <= f64::from(crate::limits::SESSION_ANSWERS_MAX), "{examined}");
}
