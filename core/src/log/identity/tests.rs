//! Do names stay out of the log, and does nothing lead back after an erasure?

use std::path::Path;

use super::*;
use crate::id::{DAY_MS, TimeMs};
use crate::log::entry::{Body, Event, Membership};
use crate::log::testing::{Dice, random_entry};
use crate::signal::event::EventKind;

const NOW: TimeMs = 20_000 * DAY_MS;

fn event(id: &str, visitor: &str, customer: &str, session: &str, order: &str) -> Event {
    let some = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    let event = crate::signal::testing::event(EventKind::OrderPlaced, id, session, &[1], NOW);
    Event { visitor: visitor.into(), customer: some(customer), order: some(order), ..event }
}

fn sealed(table: &mut Identities, event: Event) -> Event {
    let mut body = Body::Events(vec![event]);
    table.seal(&mut body, NOW);
    table.sync().unwrap();
    table.publish();
    match body {
        Body::Events(mut events) => events.remove(0),
        _ => unreachable!("sealing keeps the kind of a body"),
    }
}

fn open(dir: &Path) -> Identities {
    Identities::open(Some(dir), None).unwrap()
}

fn nobody_signed_in(_: &str) -> bool {
    false
}

fn all_bytes(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[test]
fn a_name_has_one_pseudonym_for_as_long_as_it_is_known_across_starts() {
    let dir = tempfile::tempdir().unwrap();
    let mut table = open(dir.path());
    let first = sealed(&mut table, event("e1", "anna-phone", "anna", "s1", "o1"));
    let second = sealed(&mut table, event("e1", "anna-phone", "anna", "s1", "o1"));
    assert_eq!(first, second);
    drop(table);
    let mut table = open(dir.path());
    assert_eq!(sealed(&mut table, event("e1", "anna-phone", "anna", "s1", "o1")), first);
    // A cancellation that names nobody is about the same order.
    assert_eq!(sealed(&mut table, event("e2", "", "", "", "o1")).order, first.order);
    let people = table.shared().load_full();
    assert_eq!(people.known(Kind::Visitor, "anna-phone").unwrap(), first.visitor);
    assert_eq!(people.known(Kind::Customer, "anna"), first.customer);
    assert_eq!(people.session(Some("anna-phone"), Some("anna"), "s1"), first.session);
    assert_eq!(people.known(Kind::Visitor, "anna"), None);
    // Sessions and event ids belong to who sends them.
    let other = sealed(&mut table, event("e1", "ben-phone", "", "s1", ""));
    assert!(other.session != first.session && other.id != first.id && other.visitor != first.visitor);
}

#[test]
fn no_name_is_in_the_file_and_none_leaves_an_event() {
    let dir = tempfile::tempdir().unwrap();
    let mut table = open(dir.path());
    let names = ["id-of-event", "anna-phone", "anna@shop", "session-of-anna", "order-of-anna"];
    let [id, visitor, customer, session, order] = names;
    let entry = format!("{:?}", sealed(&mut table, event(id, visitor, customer, session, order)));
    let key = table.seal_key(&Body::Events(Vec::new()), "anna-batch-1".into());
    assert_eq!(table.seal_key(&Body::Tick, "price-run".into()), "price-run");
    let file = all_bytes(dir.path());
    for name in names {
        assert!(!entry.contains(name) && !holds(&file, name.as_bytes()), "{name}");
    }
    assert!(!key.contains("anna"));
}

#[test]
fn an_erased_account_takes_browsers_and_orders_along_and_its_bytes_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let mut table = open(dir.path());
    let before = [
        sealed(&mut table, event("e1", "phone", "anna", "s1", "o1")),
        sealed(&mut table, event("e2", "laptop", "anna", "s2", "o2")),
        sealed(&mut table, event("e3", "laptop", "", "s2", "o3")),
        sealed(&mut table, event("e4", "tablet", "ben", "s3", "o4")),
    ];
    let names = [
        (Kind::Customer, "anna"),
        (Kind::Visitor, "phone"),
        (Kind::Visitor, "laptop"),
        (Kind::Order, "o1"),
        (Kind::Order, "o2"),
        (Kind::Order, "o3"),
    ];
    let traces: Vec<Vec<u8>> = names
        .iter()
        .flat_map(|(kind, name)| {
            let lookup = table.people().lookup(*kind, name);
            [lookup.to_le_bytes().to_vec(), table.people().rows[&lookup].secret.to_vec()]
        })
        .collect();
    let file = all_bytes(dir.path());
    assert!(traces.iter().all(|trace| holds(&file, trace)), "the test looks for what is there");
    let person = table.person(Kind::Customer, "anna", &nobody_signed_in).unwrap();
    assert_eq!((person.visitors.len(), person.customers.len(), person.orders), (2, 1, 3));
    table.destroy(Kind::Customer, "anna", &nobody_signed_in).unwrap();
    let file = all_bytes(dir.path());
    assert!(!traces.iter().any(|trace| holds(&file, trace)));
    let check = |people: &People| {
        assert!(names.iter().all(|(kind, name)| people.known(*kind, name).is_none()));
        assert_eq!(people.known(Kind::Customer, "ben"), before[3].customer);
    };
    check(&table.shared().load());
    drop(table);
    let mut table = open(dir.path());
    check(&table.shared().load());
    assert_eq!(table.person(Kind::Customer, "anna", &nobody_signed_in), None);
    // Who comes back is somebody new, in the slots that became free.
    let length = all_bytes(dir.path()).len();
    let again = sealed(&mut table, event("e1", "phone", "anna", "s1", "o1"));
    let old: Vec<&str> = before.iter().flat_map(|e| [e.id.as_str(), &e.visitor, &e.session]).collect();
    assert!(![&again.id, &again.visitor, &again.session].iter().any(|new| old.contains(&new.as_str())));
    assert!(again.customer != before[0].customer && again.order != before[0].order);
    assert_eq!(all_bytes(dir.path()).len(), length);
}

#[test]
fn an_erased_browser_takes_the_account_along_that_is_signed_in_there() {
    let check = |signed_in: bool, visitors: usize, customers: usize| {
        let mut table = Identities::open(None, Some(1)).unwrap();
        let first = sealed(&mut table, event("e1", "phone", "anna", "s1", "o1"));
        sealed(&mut table, event("e2", "laptop", "anna", "s2", ""));
        let anna = first.customer.unwrap();
        let person = table.person(Kind::Visitor, "phone", &|who| signed_in && who == anna).unwrap();
        assert_eq!(
            (person.visitors.len(), person.customers.len(), person.orders),
            (visitors, customers, customers),
            "an order is its account's"
        );
        table.destroy(Kind::Visitor, "phone", &|who| signed_in && who == anna).unwrap();
        assert_eq!(table.shared().load().known(Kind::Customer, "anna").is_some(), customers == 0);
    };
    check(true, 2, 1);
    check(false, 1, 0);
}

#[test]
fn an_interrupted_erasure_can_be_asked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut table = open(dir.path());
    sealed(&mut table, event("e1", "phone", "anna", "s1", "o1"));
    let named = table.people().lookup(Kind::Customer, "anna");
    // As far as it gets before the last step.
    let rows = table.rows_of_person(named, &nobody_signed_in).unwrap();
    let mut freed = Vec::new();
    rows.iter().filter(|lookup| **lookup != named).for_each(|lookup| table.forget(*lookup, &mut freed));
    table.sync().unwrap();
    drop(table);
    let mut table = open(dir.path());
    assert_eq!(table.person(Kind::Customer, "anna", &nobody_signed_in).unwrap().visitors, [""; 0]);
    table.destroy(Kind::Customer, "anna", &nobody_signed_in).unwrap();
    assert!(table.shared().load().is_empty());
}

#[test]
fn beyond_the_bound_new_names_stay_anonymous_and_known_ones_known() {
    let mut table = Identities::open(None, Some(1)).unwrap().with_room_for(4);
    let anna = sealed(&mut table, event("e1", "phone", "anna", "s", ""));
    let ben = sealed(&mut table, event("e1", "tablet", "ben", "s", "o"));
    assert!(!ben.visitor.is_empty(), "one slot was left");
    assert_eq!(ben.customer, None);
    let cleo = sealed(&mut table, event("e1", "desk", "cleo", "s", "o"));
    assert_eq!((cleo.visitor.as_str(), &cleo.customer), ("", &None));
    assert!(!cleo.order.as_ref().unwrap().is_empty() && cleo.id != "e1" && cleo.session != "s");
    assert_eq!(sealed(&mut table, event("e1", "phone", "anna", "s", "")), anna);
}

#[test]
fn a_sweep_forgets_who_is_old_unknown_and_untied() {
    let mut table = Identities::open(None, Some(1)).unwrap();
    let kept = sealed(&mut table, event("e", "kept", "", "", ""));
    sealed(&mut table, event("e", "gone", "", "", ""));
    sealed(&mut table, event("e", "buyer", "", "", "o"));
    let remembers = |kind: Kind, pseudonym: &str| kind == Kind::Visitor && pseudonym == kept.visitor;
    assert_eq!(table.sweep(20_000, remembers).unwrap(), 0, "nobody is old enough");
    assert_eq!(table.sweep(20_001, remembers).unwrap(), 1);
    let people = table.shared().load_full();
    let known = ["kept", "gone", "buyer"].map(|name| people.known(Kind::Visitor, name).is_some());
    assert_eq!((known, people.known(Kind::Order, "o").is_some()), ([true, false, true], true));
}

#[test]
fn seeded_pseudonyms_come_out_the_same_and_drawn_ones_do_not() {
    let first = |seed| sealed(&mut Identities::open(None, seed).unwrap(), event("e", "v", "c", "s", "o"));
    assert_eq!(first(Some(3)), first(Some(3)));
    assert_ne!(first(Some(3)), first(Some(4)));
    assert_ne!(first(None), first(None));
}

#[test]
fn whatever_is_written_and_destroyed_the_file_says_what_memory_says() {
    let dir = tempfile::tempdir().unwrap();
    let mut dice = Dice(5);
    for _ in 0..30 {
        let mut table = open(dir.path());
        for _ in 0..20 {
            let name = |dice: &mut Dice, of: &str| match dice.below(9) {
                0 => String::new(),
                n => format!("{of}{n}"),
            };
            let (visitor, customer, order) = (name(&mut dice, "v"), name(&mut dice, "c"), name(&mut dice, "o"));
            if dice.below(4) == 0 {
                table.destroy(Kind::Customer, &customer, &nobody_signed_in).unwrap();
            } else {
                sealed(&mut table, event("e", &visitor, &customer, "s", &order));
            }
        }
        let again = open(dir.path());
        assert_eq!(again.people().rows, table.people().rows);
        let sorted = |table: &Identities| {
            let mut ties: Vec<_> = table.ties.iter().map(|(at, ties)| (*at, ties.to_vec())).collect();
            ties.iter_mut().for_each(|(_, ties)| ties.sort_unstable());
            ties.sort_unstable();
            ties
        };
        assert_eq!(sorted(&again), sorted(&table));
        assert_eq!(again.n_slots, table.n_slots);
    }
}

#[test]
fn only_events_and_members_are_sealed() {
    let mut table = Identities::open(None, Some(1)).unwrap();
    for seed in 0..60 {
        let entry = random_entry(1, NOW, seed);
        let mut body = entry.body.clone();
        table.seal(&mut body, NOW);
        if !matches!(body, Body::Events(_) | Body::Members { .. }) {
            assert_eq!(body, entry.body);
        }
    }
}

#[test]
fn members_go_by_the_pseudonyms_of_their_events() {
    let mut table = Identities::open(None, Some(1)).unwrap();
    let row = |visitor: &str, customer: Option<&str>| Membership {
        visitor: visitor.into(),
        customer: customer.map(str::to_owned),
        member: true,
    };
    let rows = vec![row("phone", None), row("desk", Some("anna")), row("", Some(""))];
    let mut body = Body::Members { audience: "vip".into(), replace: true, rows };
    table.seal(&mut body, NOW);
    let Body::Members { rows, .. } = body else { panic!("a body stays what it is") };
    let known = |kind, name| table.people().known(kind, name);
    assert_eq!(Some(rows[0].visitor.clone()), known(Kind::Visitor, "phone"));
    assert_eq!((rows[1].visitor.as_str(), rows[1].customer.clone()), ("", known(Kind::Customer, "anna")));
    assert_eq!((rows[2].visitor.as_str(), &rows[2].customer, known(Kind::Visitor, "desk")), ("", &None, None));
}
