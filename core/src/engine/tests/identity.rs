//! Does nothing lead back to a person after an erasure, and does everything go on counting?

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::engine::identity::disguised;
use crate::engine::recover::recover;
use crate::engine::state::State;
use crate::log::ReadError;
use crate::log::identity::Kind;
use crate::signal::key;

fn at(dir: &Path, seed: Option<u64>) -> EngineConfig {
    EngineConfig { data_dir: Some(dir.into()), workers: 1, identity_seed: seed, ..EngineConfig::default() }
}

fn start(config: &EngineConfig) -> Arc<Engine> {
    Engine::open_with_clock(config.clone(), Arc::new(ManualClock::at(NOW))).unwrap()
}

fn of(visitor: &str, customer: Option<&str>, event: Event) -> Event {
    Event { visitor: visitor.into(), customer: customer.map(Into::into), ..event }
}

/// What two people do: Anna anonymously, then signed in on two browsers, and Ben.
fn history() -> Vec<Event> {
    use EventKind::{AddToCart, OrderPlaced, ProductView as View, SignIn};
    vec![
        of("anna-phone", None, event("ea1", View, "anna-s1", "P1")),
        of("anna-phone", Some("anna-account"), event("ea2", SignIn, "anna-s1", "P1")),
        of("anna-phone", Some("anna-account"), event("ea3", AddToCart, "anna-s1", "P1")),
        of("anna-phone", Some("anna-account"), event("anna-order", OrderPlaced, "anna-s1", "P1")),
        of("anna-desk", Some("anna-account"), event("ea5", View, "anna-s2", "P2")),
        of("anna-desk", Some("anna-account"), event("ea6", View, "anna-s2", "T1")),
        of("ben-phone", None, event("eb1", View, "ben-s1", "P2")),
        of("ben-phone", None, event("eb2", View, "ben-s1", "P1")),
        of("ben-phone", None, event("ben-order", OrderPlaced, "ben-s1", "P2")),
    ]
}

const ANNAS_NAMES: [&str; 10] =
    ["anna-phone", "anna-desk", "anna-account", "anna-s1", "anna-s2", "ea1", "ea2", "ea3", "ea5", "anna-order"];

fn filled(config: &EngineConfig) -> Arc<Engine> {
    let engine = start(config);
    engine.put_products(shirts(), wait_for_text()).unwrap();
    for (n, chunk) in history().chunks(2).enumerate() {
        let options = WriteOptions { idempotency_key: Some(format!("anna-phone-{n}")), ..WriteOptions::default() };
        assert_eq!(engine.ingest_events(chunk.to_vec(), options).unwrap().accepted, chunk.len() as u64);
    }
    engine
}

fn customer(name: &str) -> Subject {
    Subject::Customer(name.into())
}

fn visitor(name: &str) -> Subject {
    Subject::Visitor(name.into())
}

/// The state that the log alone leads to.
fn replayed(engine: &Engine) -> State {
    recover(None, &engine.log, None).unwrap().state
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Every trace of `names` in the files: the names, and what can be computed from a name alone.
fn traces(dir: &Path, names: &[&str]) -> Vec<String> {
    let mut wanted: Vec<(String, Vec<u8>)> = Vec::new();
    for name in names {
        wanted.push((format!("the name {name}"), name.as_bytes().to_vec()));
        let named =
            Event { session: (*name).into(), order: Some((*name).into()), ..event(name, EventKind::SignIn, "", "") };
        let keys = [
            key::visitor_key(name),
            key::customer_key(name),
            key::session_key(&named).unwrap(),
            key::order_key(&named),
            key::event_key(&named),
        ];
        for key in keys {
            wanted.push((format!("a key of {name}"), key.to_le_bytes().to_vec()));
            wanted.push((format!("a key of {name}"), key.to_be_bytes().to_vec()));
            wanted.push((format!("a key of {name}"), format!("{key:016x}").into_bytes()));
        }
        wanted.push((format!("a hash of {name}"), blake3::hash(name.as_bytes()).as_bytes()[..8].to_vec()));
    }
    let mut found = Vec::new();
    for file in files(dir) {
        // The text index tidies its folder up meanwhile.
        let Ok(bytes) = fs::read(&file) else { continue };
        for (what, trace) in &wanted {
            // Names as short as an event's id come up by chance in a large file.
            if trace.len() > 3 && bytes.windows(trace.len()).any(|window| window == trace) {
                found.push(format!("{what} in {}", file.display()));
            }
        }
    }
    found
}

#[test]
fn after_an_erasure_and_a_replay_the_counters_are_those_of_a_shop_that_never_erased() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [never, erased] = dirs.each_ref().map(|dir| filled(&at(dir.path(), Some(7))));
    let before = never.publisher.current().signals.clone();
    let done = erased.erase(&customer("anna-account")).unwrap();
    assert_eq!((done.visitors, done.customers, done.orders), (2, 1, 1));
    // The same pseudonyms in both, so that the whole of what is counted can be compared, to the byte.
    let saved = |engine: &Engine| rmp_serde::to_vec(&replayed(engine).signals.save()).unwrap();
    assert_eq!(saved(&erased), saved(&never));
    let live = erased.publisher.current();
    for item in 0..live.catalog.item_bound() as u32 {
        for counter in [crate::signal::Counter::Views, crate::signal::Counter::Carts, crate::signal::Counter::Purchases]
        {
            let item = crate::id::ItemId(item);
            assert_eq!(live.signals.total(counter, item), before.total(counter, item));
        }
    }
    // A repeated event of somebody else is still known.
    let again = erased.ingest_events(history()[6..].to_vec(), WriteOptions::default()).unwrap();
    assert_eq!((again.accepted, again.duplicates), (0, 3));
    assert_eq!(never.publisher.current().visitors.len(), 4, "two browsers, an account, and Ben");
    let visitors = replayed(&erased).visitors.publish();
    assert_eq!(visitors.len(), 1, "Ben");
    // A start from the snapshot file sees what the log alone leads to.
    erased.close();
    drop(erased);
    let reopened = start(&at(dirs[1].path(), None));
    assert_eq!(saved(&reopened), saved(&never));
    assert_eq!(reopened.publisher.current().visitors.len(), 1);
}

#[test]
fn no_file_leads_from_a_name_to_what_was_done() {
    let dir = tempfile::tempdir().unwrap();
    let config = EngineConfig { snapshot_every: 2, ..at(dir.path(), None) };
    let engine = filled(&config);
    let mut asks = search("shirt");
    asks.shopper.visitor = Some("anna-phone".into());
    asks.shopper.customer = Some("anna-account".into());
    asks.shopper.session = Some("anna-s1".into());
    engine.list(asks.clone()).unwrap();
    engine.served.flush();
    let pseudonyms: Vec<String> = {
        let people = engine.people.load();
        let known = |kind, name| people.known(kind, name).unwrap();
        vec![
            known(Kind::Visitor, "anna-phone"),
            known(Kind::Visitor, "anna-desk"),
            known(Kind::Customer, "anna-account"),
        ]
    };
    // Not even before: names stand nowhere.
    assert_eq!(traces(dir.path(), &ANNAS_NAMES), [""; 0]);
    let n_snapshots = || fs::read_dir(dir.path().join("snapshots")).unwrap().count();
    assert_eq!(n_snapshots(), 2);
    let done = engine.erase(&visitor("anna-desk")).unwrap();
    assert_eq!((done.visitors, done.customers, done.orders), (2, 1, 1), "she is signed in there");
    assert_eq!(n_snapshots(), 1, "those with the profile are gone");
    assert_eq!(traces(dir.path(), &ANNAS_NAMES), [""; 0]);
    for name in ["anna-phone", "anna-desk", "anna-account"] {
        for subject in [visitor(name), customer(name)] {
            assert!(matches!(engine.access(&subject), Err(WriteError::NotFound { .. })));
            assert!(matches!(engine.erase(&subject), Err(WriteError::NotFound { .. })));
        }
    }
    // The pseudonyms are in the log, and nothing knows them any more: no profile, no row.
    let check = |engine: &Engine| {
        let (people, snapshot) = (engine.people.load(), engine.publisher.current());
        for pseudonym in &pseudonyms {
            let keys = [key::visitor_key(pseudonym), key::customer_key(pseudonym)];
            assert!(keys.iter().all(|key| snapshot.visitors.by_key(*key).is_none()));
        }
        assert_eq!(people.known(Kind::Visitor, "anna-phone"), None);
        assert!(people.known(Kind::Visitor, "ben-phone").is_some());
        assert_eq!(people.len(), 2, "Ben and his order");
    };
    check(&engine);
    assert!(engine.read_log(1, 1_000).unwrap().iter().any(|entry| format!("{entry:?}").contains(&pseudonyms[0])));
    engine.list(asks).unwrap();
    assert_eq!(engine.served.find("r1").unwrap().visitor, None);
    engine.close();
    drop(engine);
    for path in files(&dir.path().join("snapshots")) {
        fs::remove_file(path).unwrap();
    }
    let engine = start(&config);
    check(&engine);
    // Who comes back is somebody new.
    engine.ingest_events(history()[..2].to_vec(), WriteOptions::default()).unwrap();
    let back = engine.access(&customer("anna-account")).unwrap();
    assert!(!back.visitors.iter().chain(&back.customers).any(|now| pseudonyms.contains(now)));
    assert_eq!((back.events_total, back.orders), (2, 0));
    engine.close();
    assert_eq!(traces(dir.path(), &ANNAS_NAMES), [""; 0]);
}

#[test]
fn access_gives_everything_held_and_nothing_of_others() {
    let engine = filled(&EngineConfig { workers: 1, ..EngineConfig::default() });
    let held = engine.access(&customer("anna-account")).unwrap();
    assert_eq!((held.visitors.len(), held.customers.len(), held.orders, held.log_from), (2, 1, 1, 1));
    assert_eq!((held.events_total, held.events.len()), (6, 6));
    let skus: Vec<&str> = held.events.iter().map(|(_, event)| event.items[0].sku.as_str()).collect();
    assert_eq!(skus, ["P1", "P1", "P1", "P1", "P2", "T1"]);
    let [profile] = held.profiles.as_slice() else { panic!("one person has one profile: {:?}", held.profiles) };
    let viewed: Vec<&str> = profile.views.iter().map(|(sku, _)| sku.as_str()).collect();
    assert_eq!(viewed, ["T1", "P2", "P1"]);
    assert_eq!((profile.categories.len(), profile.brands[0].0.as_str()), (3, "Acme"), "{profile:?}");
    assert_eq!(profile.purchases, [("P1".to_owned(), NOW)]);
    assert_eq!(engine.access(&visitor("anna-desk")).unwrap(), held, "the account is signed in there");
    let bens = engine.access(&visitor("ben-phone")).unwrap();
    assert_eq!((bens.events_total, bens.customers.len()), (3, 0));
    let nobody = engine.access(&visitor("nobody")).unwrap_err();
    assert_eq!(nobody.to_string(), "no visitor `nobody`");
}

#[test]
fn without_consent_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let engine = filled(&at(dir.path(), None));
    let last = engine.log.last();
    let names = ["carl-phone", "carl-account", "carl-s1", "carl-order"];
    let carls = of("carl-phone", Some("carl-account"), event("carl-order", EventKind::OrderPlaced, "carl-s1", "P1"));
    let carls = Event { consent: false, ..carls };
    let receipt = engine.ingest_events(vec![carls.clone()], WriteOptions::default()).unwrap();
    assert_eq!((receipt.seq, receipt.accepted, receipt.unconsented), (0, 0, 1));
    assert_eq!(engine.log.last(), last);
    let daves = of("dave", None, event("ed", EventKind::ProductView, "s", "P1"));
    let receipt = engine.ingest_events(vec![carls, daves], WriteOptions::default()).unwrap();
    assert_eq!((receipt.accepted, receipt.unconsented), (1, 1));
    let mut asks = search("shirt");
    asks.shopper = Shopper {
        visitor: Some("anna-phone".into()),
        customer: Some("anna-account".into()),
        session: Some("s".into()),
        ..Shopper::default()
    };
    let people = engine.people.load();
    let consented = disguised(&people, &asks).into_owned().shopper;
    let profile = engine.publisher.current();
    let profile = profile.visitors.get(consented.visitor.as_deref(), consented.customer.as_deref());
    assert!(profile.is_some_and(|profile| profile.session_items.len() == 2));
    asks.shopper.unconsented = true;
    let seen = disguised(&people, &asks).into_owned().shopper;
    assert_eq!((seen.visitor, seen.customer, seen.session), (None, None, None));
    engine.list(asks).unwrap();
    assert_eq!(engine.served.find("r1").unwrap().visitor, None);
    engine.close();
    assert_eq!(traces(dir.path(), &names), [""; 0]);
}

#[test]
fn a_shop_goes_on_from_a_log_that_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    let config = EngineConfig { retention_ms: 1, snapshot_every: 1_000_000, ..at(dir.path(), None) };
    let clock = Arc::new(ManualClock::at(NOW));
    let engine = Engine::open_with_clock(config.clone(), clock.clone()).unwrap();
    engine.put_products(shirts(), wait_for_text()).unwrap();
    engine.write_config(vec![unit("top", r#"{"type":"most-viewed","limit":4}"#)], WriteOptions::default()).unwrap();
    let view = |n: usize| event(&format!("e{n}"), EventKind::ProductView, &format!("s{n}"), ["P1", "P2", "P1"][n % 3]);
    let write = |engine: &Engine, n| engine.ingest_events(vec![view(n)], WriteOptions::default()).unwrap().seq;
    write(&engine, 0);
    engine.checkpoint().unwrap();
    let covered = engine.log.last().0;
    for n in 1..10 {
        write(&engine, n);
    }
    clock.advance(60_000);
    write(&engine, 10);
    assert_eq!(engine.log_begins().unwrap(), 1);
    engine.checkpoint().unwrap();
    // The writer cuts when it comes to it; each write gives it a chance.
    let cut = (11..1_000).find(|n| write(&engine, *n) > 0 && engine.log_begins().unwrap() > 1);
    assert!(cut.is_some());
    assert_eq!(engine.log_begins().unwrap(), covered);
    assert!(matches!(engine.read_log(1, 10), Err(ReadError::Cut { from: 1, first }) if first == covered));
    let top = || request(List::Unit { unit: "top".into(), anchors: Vec::new() });
    let answers = |engine: &Arc<Engine>| {
        let list = |request| skus(&engine.list(request).unwrap()).into_iter().map(str::to_owned).collect::<Vec<_>>();
        (list(top()), list(search("shirt")), engine.status().visitors)
    };
    let expected = answers(&engine);
    engine.close();
    drop(engine);
    assert_eq!(answers(&start(&config)), expected);
    // Without the newest snapshot file the one before it and the log behind it still lead to the same.
    let snapshots = dir.path().join("snapshots");
    let mut kept = files(&snapshots);
    kept.sort();
    let seq_of = |path: &PathBuf| -> u64 {
        path.file_stem().unwrap().to_str().unwrap().trim_start_matches("checkpoint-").parse().unwrap()
    };
    let oldest = seq_of(&kept[0]);
    fs::remove_file(kept.last().unwrap()).unwrap();
    assert_eq!(answers(&start(&config)), expected);
    let then = Engine::open_at(config.clone(), oldest).unwrap();
    assert_eq!(then.status().as_of.seq, oldest);
    drop(then);
    let before = Engine::open_at(config.clone(), 1).err().unwrap().to_string();
    assert!(before.contains("entry 1 cannot be reached: the log begins at entry"), "{before}");
    files(&snapshots).iter().for_each(|path| fs::remove_file(path).unwrap());
    let lost = Engine::open(config).err().unwrap().to_string();
    assert!(lost.contains("no good snapshot file covers what was cut"), "{lost}");
}
