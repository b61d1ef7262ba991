//! Is a shopper in the audiences that the words of their documents mean?

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::{AudienceDocument, parse_audience};
use super::*;
use crate::catalog::testing::{product, variant};
use crate::id::HOUR_MS;
use crate::signal::event::{Event, EventItem};
use crate::signal::testing::event;
use crate::signal::{ResolvedEvent, SignalConfig};
use crate::visitor::Visitors;

const NOW: TimeMs = 20_000 * DAY_MS;
const MINUTE_MS: TimeMs = 60_000;

/// A red shirt of Acme and a blue mug, 10.00 each.
fn shop() -> Catalog {
    let mut catalog = Catalog::new();
    for (sku, color, brand) in [("SHIRT", "Red", Some("Acme")), ("MUG", "Blue", None)] {
        let mut document = product(sku, &[variant(sku, &[("color", color)])]);
        document.brand = brand.map(str::to_owned);
        catalog.put(document, 0);
    }
    catalog
}

struct History {
    catalog: Catalog,
    visitors: Visitors,
}

impl History {
    fn new() -> Self {
        Self { catalog: shop(), visitors: Visitors::default() }
    }

    /// What happened so many milliseconds ago.
    fn then(mut self, kind: EventKind, skus: &[&str], ago_ms: TimeMs, change: impl FnOnce(&mut Event)) -> Self {
        let line =
            |sku: &&str| EventItem { sku: (*sku).into(), quantity: 1.0, price_minor: Some(1_000), position: None };
        let items = skus.iter().map(line).collect();
        let mut event = Event { visitor: "v".into(), items, ..event(kind, "", "", &[], NOW - ago_ms) };
        change(&mut event);
        let items = event.items.iter().map(|item| self.catalog.intern(&item.sku)).collect();
        self.visitors.fold(&ResolvedEvent::new(&event, items));
        self
    }

    fn view(self, sku: &str, ago_ms: TimeMs) -> Self {
        self.then(EventKind::ProductView, &[sku], ago_ms, |_| {})
    }

    fn say(self, name: &str, value: ProfileValue) -> Self {
        self.then(EventKind::Profile, &[], 0, |event| drop(event.attributes.insert(name.into(), Some(value))))
    }

    fn holds(&mut self, condition: &Json) -> bool {
        self.audiences(&[("a", json!({"condition": condition}))], &[]) == ["a"]
    }

    fn audiences(&mut self, documents: &[(&str, Json)], vouched: &[&str]) -> Vec<String> {
        let read = |(id, json): &(&str, Json)| {
            let audience = parse_audience(id, &json.to_string()).unwrap();
            AudienceDocument { id: (*id).into(), scope: String::new(), from_ms: None, until_ms: None, audience }
        };
        let set = Audiences::new(documents.iter().map(read).collect());
        let view = self.visitors.publish();
        let nobody = Visitor::default();
        let visitor = view.get(Some("v"), None).unwrap_or(&nobody);
        let vouched: Vec<String> = vouched.iter().map(|id| (*id).to_owned()).collect();
        let person = Person {
            visitor,
            is_registered: visitor.is_account,
            cart: None,
            group: None,
            outside: view.outside(),
            vouched: &vouched,
        };
        let context = EvalContext {
            book: &self.catalog.root_chain(),
            now_ms: NOW,
            view: "default",
            demand: None,
            seq: 0,
            tree: None,
        };
        let of = set.of(&person, &self.catalog, &context);
        // Which one of a circle holds depends on where it is entered.
        for (id, _) in documents.iter().filter(|(id, _)| !id.starts_with("loop")) {
            assert_eq!(set.holds(id, &person, &self.catalog, &context), of.contains(id), "{id}: one by one");
        }
        of.into_iter().map(str::to_owned).collect()
    }
}

fn check(history: impl Fn() -> History, condition: Json, expected: bool) {
    assert_eq!(history().holds(&condition), expected, "{condition}");
}

#[test]
fn all_and_any_of_true_and_false_are_a_truth_table() {
    let leaf = |holds: bool| if holds { json!({"all": []}) } else { json!({"any": []}) };
    for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
        let parts = json!([leaf(a), leaf(b)]);
        let check = |condition: Json, expected: bool| check(History::new, condition, expected);
        check(json!({ "all": parts }), a && b);
        check(json!({ "any": parts }), a || b);
        check(json!({ "none": parts }), !a && !b);
        check(json!({"not": {"all": parts}}), !a || !b);
        check(json!({"all": [{"not": {"any": [leaf(a), {"none": [leaf(b)]}]}}, leaf(true)]}), !a && b);
    }
}

#[test]
fn events_are_counted_within_the_window_both_edges_included() {
    let count = |window: Json, from: u32| {
        let mut about = json!({"event": "product_view"});
        about.as_object_mut().unwrap().extend(window.as_object().unwrap().clone());
        json!({"count": about, "range": {"from": from}})
    };
    let at = |ago: TimeMs| move || History::new().view("SHIRT", ago);
    check(at(7 * DAY_MS), count(json!({"days": 7}), 1), true);
    check(at(7 * DAY_MS + 1), count(json!({"days": 7}), 1), false);
    check(at(HOUR_MS), count(json!({"hours": 1}), 1), true);
    check(at(HOUR_MS), count(json!({"minutes": 59}), 1), false);
    check(at(-5 * MINUTE_MS), count(json!({"minutes": 1}), 1), true);
    check(at(-11 * MINUTE_MS), count(json!({}), 1), false);
    // 20,000 days after 1970.
    check(at(0), count(json!({"from": "2024-10-04", "until": "2024-10-05"}), 1), true);
    check(at(1), count(json!({"from": "2024-10-04"}), 1), false);
    check(at(0), count(json!({"until": "2024-10-04"}), 1), false);
    check(at(0), json!({"count": {"event": "product_view"}, "range": {"from": 1, "to": 2}}), true);
    check(at(0), json!({"count": {"event": "product_view"}, "range": {"to": 1}}), false);
    check(at(0), json!({"count": {"event": "add_to_cart"}, "exists": false}), true);
}

#[test]
fn an_event_counts_once_whatever_its_lines_and_only_with_a_product_that_is_wanted() {
    let both = || {
        let carts = History::new().then(EventKind::AddToCart, &["SHIRT", "MUG"], 5, |_| {});
        carts.then(EventKind::AddToCart, &["MUG", "SHIRT"], 4, |_| {}).then(EventKind::AddToCart, &["MUG"], 3, |_| {})
    };
    let count = |wanted: Json, from: u32, to: u32| json!({"count": {"event": "add_to_cart", "where": wanted}, "range": {"from": from, "to": to}});
    check(both, count(json!({"all": []}), 3, 4), true);
    check(both, count(json!({"field": "color", "eq": "red"}), 2, 3), true);
    check(both, count(json!({"field": "brand", "eq": "Acme"}), 2, 3), true);
    check(both, count(json!({"field": "sku", "eq": "MUG"}), 3, 4), true);
    check(both, count(json!({"field": "price", "range": {"to": 5}}), 1, 9), false);
    check(both, count(json!({"not": {"field": "color", "eq": "red"}}), 3, 4), true);
}

#[test]
fn a_sequence_is_in_order_in_time_and_of_different_events() {
    let sequence = |minutes: u32| {
        json!({"sequence": [{"event": "product_view", "where": {"field": "sku", "eq": "SHIRT"}}, {"event": "add_to_cart"}],
            "within_minutes": minutes})
    };
    let then_cart = |view_ago: TimeMs, cart_ago: TimeMs| {
        move || {
            let carted = History::new().then(EventKind::AddToCart, &["MUG"], cart_ago * MINUTE_MS, |_| {});
            carted.view("SHIRT", view_ago * MINUTE_MS)
        }
    };
    check(then_cart(90, 30), sequence(60), true);
    check(then_cart(91, 30), sequence(60), false);
    check(then_cart(30, 90), sequence(600), false);
    // The later view is the one that counts, and another product between does not matter.
    check(|| then_cart(300, 30)().view("SHIRT", 40 * MINUTE_MS).view("MUG", 35 * MINUTE_MS), sequence(10), true);
    check(|| History::new().view("MUG", HOUR_MS).then(EventKind::AddToCart, &[], 0, |_| {}), sequence(600), false);
    let twice = json!({"sequence": [{"event": "product_view"}, {"event": "product_view"}], "within_minutes": 60});
    check(|| History::new().view("SHIRT", 0), twice.clone(), false);
    check(|| History::new().view("SHIRT", 0).view("SHIRT", 5), twice, true);
}

#[test]
fn attributes_are_tested_by_their_type_and_absent_ones_match_nothing() {
    let history = || {
        let history =
            History::new().say("tier", ProfileValue::Text("Gold".into())).say("credit", ProfileValue::Number(12.5));
        let history =
            history.say("newsletter", ProfileValue::Boolean(true)).say("joined", ProfileValue::Time(NOW - 30 * DAY_MS));
        let lists = ProfileValue::List(vec!["sale".into(), "news".into()]);
        history.say("lists", lists).say("birthday", ProfileValue::Text("1990-05-04".into()))
    };
    for (condition, expected) in [
        (json!({"profile": "tier", "eq": "gold"}), true),
        (json!({"profile": "tier", "in": ["silver", "bronze"]}), false),
        (json!({"profile": "tier", "contains": "OL"}), true),
        (json!({"profile": "tier", "range": {"from": 0}}), false),
        (json!({"profile": "credit", "range": {"from": 12.5, "to": 13}}), true),
        (json!({"profile": "credit", "eq": "12.50"}), true),
        (json!({"profile": "newsletter", "eq": true}), true),
        (json!({"profile": "lists", "eq": "News"}), true),
        (json!({"none": [{"profile": "lists", "in": ["sale"]}]}), false),
        (json!({"profile": "joined", "days_ago": {"from": 30, "to": 31}}), true),
        (json!({"profile": "joined", "time": {"to": "2024-09-04"}}), false),
        (json!({"profile": "birthday", "time": {"from": "1990-05-04", "to": "1990-05-05"}}), true),
        (json!({"profile": "address.city", "eq": "Berlin"}), false),
        (json!({"profile": "address.city", "exists": false}), true),
        (json!({"not": {"profile": "address.city", "eq": "Berlin"}}), true),
    ] {
        check(history, condition, expected);
    }
}

#[test]
fn cart_lists_and_orders_are_measured() {
    let history = || {
        let history = History::new().then(EventKind::AddToCart, &["SHIRT", "SHIRT"], 5, |_| {});
        let history = history.then(EventKind::AddToWishlist, &["MUG"], 2 * DAY_MS, |_| {});
        let order = |name: &'static str| move |event: &mut Event| event.order = Some(name.into());
        let history = history.then(EventKind::OrderPlaced, &["MUG", "SHIRT"], 40 * DAY_MS, order("old"));
        let history = history.then(EventKind::OrderPlaced, &["MUG"], 10 * DAY_MS, order("new"));
        let history = history.then(EventKind::OrderPlaced, &["MUG"], 9 * DAY_MS, order("lost"));
        history.then(EventKind::OrderCanceled, &[], 8 * DAY_MS, order("lost"))
    };
    let shirt = json!({"field": "color", "eq": "Red"});
    for (condition, expected) in [
        (json!({"cart": "lines", "range": {"from": 1, "to": 2}}), true),
        (json!({"cart": "quantity", "range": {"from": 2, "to": 3}}), true),
        (json!({"cart": "total", "range": {"from": 20, "to": 20.01}}), true),
        (json!({"cart": {"where": shirt}}), true),
        (json!({"cart": {"where": {"not": shirt}}, "exists": false}), true),
        (json!({"wishlist": {"where": shirt}}), false),
        (json!({"wishlist": {"days": 1}}), false),
        (json!({"wishlist": {"days": 2}}), true),
        (json!({"viewed": {}}), false),
        (json!({"ordered": {"where": shirt, "days": 30}}), false),
        (json!({"ordered": {"where": shirt, "days": 60}}), true),
        (json!({"orders": "count", "range": {"from": 2, "to": 3}}), true),
        (json!({"orders": "count", "status": "any", "range": {"from": 3}}), true),
        (json!({"orders": "count", "status": "canceled", "days": 9, "range": {"from": 1, "to": 2}}), true),
        (json!({"orders": "revenue", "range": {"from": 30, "to": 30.01}}), true),
        (json!({"orders": "revenue", "days": 30, "range": {"to": 10.01}}), true),
        (json!({"orders": "average", "range": {"from": 15, "to": 15.01}}), true),
        (json!({"orders": "average", "days": 1, "range": {"from": 0}}), false),
        (json!({"orders": "quantity", "range": {"from": 3, "to": 4}}), true),
        (json!({"orders": "average_quantity", "range": {"from": 1.5, "to": 1.6}}), true),
    ] {
        check(history, condition, expected);
    }
}

#[test]
fn audiences_of_audiences_and_those_that_others_name() {
    let documents = [
        ("both", json!({"condition": {"all": [{"audience": "looked"}, {"not": {"audience": "crm"}}]}})),
        ("crm", json!({"name": "From elsewhere"})),
        ("guests", json!({"applies_to": "visitors", "condition": {"all": []}})),
        ("looked", json!({"condition": {"viewed": {}}})),
        ("looping", json!({"condition": {"not": {"audience": "loops"}}})),
        ("loops", json!({"condition": {"audience": "looping"}})),
        ("members", json!({"applies_to": "registered", "condition": {"all": []}})),
        ("of-crm", json!({"condition": {"audience": ["nowhere", "crm"]}})),
    ];
    let of = |mut history: History, vouched: &[&str]| history.audiences(&documents, vouched);
    let guest = || History::new().view("SHIRT", 5);
    let without_loops =
        |found: Vec<String>| -> Vec<String> { found.into_iter().filter(|id| !id.starts_with("loop")).collect() };
    assert_eq!(without_loops(of(guest(), &[])), ["both", "guests", "looked"]);
    assert_eq!(without_loops(of(guest(), &["crm", "other"])), ["crm", "guests", "looked", "of-crm"]);
    let member = guest().then(EventKind::SignIn, &[], 0, |event| event.customer = Some("anna".into()));
    assert_eq!(without_loops(of(member, &[])), ["both", "looked", "members"]);
    assert_eq!(without_loops(of(History::new(), &["nowhere"])), ["guests", "of-crm"]);
}

/// The answer of every leaf, whatever the profile must have for it: what is skipped is what does not hold.
#[test]
fn skipping_by_what_is_needed_changes_nothing() {
    let leaves = [
        json!({"count": {"event": "product_view"}, "range": {"to": 1}}),
        json!({"count": {"event": "product_view"}, "range": {"from": 1}}),
        json!({"cart": "total", "range": {"to": 1}}),
        json!({"cart": "quantity", "range": {"from": 1}}),
        json!({"orders": "count", "range": {"to": 1}}),
        json!({"profile": "tier", "exists": true}),
        json!({"wishlist": {}}),
    ];
    let histories: [fn() -> History; 3] = [
        History::new,
        || History::new().view("SHIRT", 0),
        || History::new().then(EventKind::AddToCart, &["MUG"], 0, |_| {}).say("tier", ProfileValue::Boolean(false)),
    ];
    for history in histories {
        for a in &leaves {
            let plain = history().holds(a);
            // The same behind two negations, which need nothing.
            assert_eq!(history().holds(&json!({"not": {"not": a}})), plain, "{a}");
            for b in &leaves {
                let (all, any) = (json!({"all": [a, b]}), json!({"any": [a, b]}));
                assert_eq!(history().holds(&all), plain && history().holds(b), "{all}");
                assert_eq!(history().holds(&any), plain || history().holds(b), "{any}");
            }
        }
    }
}

#[test]
fn a_request_says_cart_and_customer_group_itself() {
    let catalog = shop();
    let visitor = Visitor::default();
    let outside = Outside::default();
    let cart = [(catalog.item("SHIRT").unwrap(), 2.0), (catalog.item("MUG").unwrap(), 1.0)];
    let person = Person {
        visitor: &visitor,
        is_registered: false,
        cart: Some(&cart),
        group: Some("b2b"),
        outside: &outside,
        vouched: &[],
    };
    let context =
        EvalContext { book: &catalog.root_chain(), now_ms: NOW, view: "default", demand: None, seq: 0, tree: None };
    let document = |id: &str, condition: Json| {
        let audience = parse_audience(id, &json!({ "condition": condition }).to_string()).unwrap();
        AudienceDocument { id: id.into(), scope: String::new(), from_ms: None, until_ms: None, audience }
    };
    let set = Audiences::new(vec![
        document("a", json!({"cart": "total", "range": {"from": 30, "to": 30.01}})),
        document("b", json!({"profile": "customer_group", "eq": "B2B"})),
        document("c", json!({"cart": {"where": {"field": "color", "eq": "blue"}}})),
        document("d", json!({"profile": "customer_group", "eq": "retail"})),
    ]);
    assert_eq!(set.of(&person, &catalog, &context), ["a", "b", "c"]);
    assert!(SignalConfig::default().future_ms > 5 * MINUTE_MS, "clocks that run ahead are allowed for");
}

/// Conditions of every kind around product conditions of every kind, some of which the index leaves open.
fn arb_tree() -> impl Strategy<Value = Json> {
    let wanted = prop::sample::select(vec![
        json!({"field": "color", "eq": "red"}),
        json!({"field": "color", "eq": "Green"}),
        json!({"field": "sku", "eq": "MUG"}),
        json!({"not": {"field": "brand", "eq": "acme"}}),
        json!({"all": [{"field": "color", "in": ["Red", "Blue"]}, {"field": "price", "range": {"from": 5}}]}),
        json!({"all": [{"field": "brand", "eq": "Acme"}, {"field": "color", "eq": "Blue"}]}),
        json!({"any": [{"field": "price", "range": {"to": 5}}, {"field": "color", "eq": "Blue"}]}),
    ]);
    let event = prop::sample::select(vec!["product_view", "add_to_cart", "page_view"]);
    let leaf = (0..6u8, wanted, event, 0..3u32, any::<bool>()).prop_map(|(kind, wanted, event, n, is_open)| match kind {
        0 if is_open => json!({"count": {"event": event, "where": wanted}, "range": {"to": n}}),
        0 => json!({"count": {"event": event, "where": wanted, "days": 1 + n}, "range": {"from": n}}),
        1 => json!({"sequence": [{"event": event}, {"event": "add_to_cart", "where": wanted}], "within_minutes": 3_000}),
        2 => json!({"viewed": {"where": wanted, "days": 1 + n}}),
        3 => json!({"cart": {"where": wanted}}),
        4 => json!({"wishlist": {"where": wanted}}),
        _ => json!({"cart": "lines", "range": {"from": n}}),
    });
    leaf.prop_recursive(3, 12, 3, |part| {
        let parts = prop::collection::vec(part.clone(), 0..4);
        prop_oneof![
            parts.clone().prop_map(|parts| json!({ "all": parts })),
            parts.clone().prop_map(|parts| json!({ "any": parts })),
            parts.prop_map(|parts| json!({ "none": parts })),
            part.prop_map(|part| json!({ "not": part })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn gates_shut_nobody_out_who_is_in(
        trees in prop::collection::vec(arb_tree(), 1..5),
        done in prop::collection::vec((0..4u8, any::<bool>(), any::<bool>(), 0..5 * DAY_MS), 0..6),
    ) {
        let mut history = History::new();
        for (kind, is_shirt, is_both, ago_ms) in done {
            let kinds = [EventKind::ProductView, EventKind::AddToCart, EventKind::AddToWishlist, EventKind::PageView];
            let skus = [if is_shirt { "SHIRT" } else { "MUG" }, "MUG"];
            let n = if kind == 3 { 0 } else { 1 + usize::from(is_both) };
            history = history.then(kinds[usize::from(kind)], &skus[..n], ago_ms, |_| {});
        }
        let document = |(at, tree): (usize, &Json)| {
            let id = format!("a{at}");
            let audience = parse_audience(&id, &json!({ "condition": tree }).to_string()).unwrap();
            AudienceDocument { id, scope: String::new(), from_ms: None, until_ms: None, audience }
        };
        let set = Audiences::new(trees.iter().enumerate().map(document).collect());
        let is_open = |_| super::super::gate::Gate { facts: 0, clues: None };
        let open = Audiences { gates: set.ids.iter().map(is_open).collect(), ..set.clone() };
        let view = history.visitors.publish();
        let nobody = Visitor::default();
        let visitor = view.get(Some("v"), None).unwrap_or(&nobody);
        let outside = view.outside();
        let person = Person { visitor, is_registered: false, cart: None, group: None, outside, vouched: &[] };
        let book = history.catalog.root_chain();
        let context = EvalContext { book: &book, now_ms: NOW, view: "default", demand: None, seq: 0, tree: None };
        prop_assert_eq!(set.of(&person, &history.catalog, &context), open.of(&person, &history.catalog, &context));
    }
}
