//! Consent, access and erasure, and a log that does not remember for ever.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use planogram_core::catalog::doc::CategoryChange;
use planogram_core::engine::Engine;
use planogram_core::engine::types::{EngineConfig, WriteOptions};
use planogram_core::log::clock::ManualClock;
use serde_json::{Value, json};

use crate::shop::{Shop, product, skus};

const NAMES: [&str; 6] = ["anna-phone", "anna-desk", "anna@shop.example", "anna-visit", "anna-event", "anna-order"];

/// A shop on disk with three chairs.
fn shop(dir: &Path) -> Shop {
    let data_dir = dir.display().to_string();
    let shop = Shop::start_with(|s| s.engine.data_dir = data_dir);
    shop.put(&json!(["A", "B", "C"].map(|sku| product(sku, "Chair", 10.0))));
    shop.configure("unit", "viewed", &json!({"type": "most-viewed", "limit": 3}));
    shop.configure("unit", "bought", &json!({"type": "most-purchased", "limit": 3}));
    shop
}

fn now_ms() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64
}

fn event(id: &str, kind: &str, visitor: &str, items: &[&str]) -> Value {
    json!({"id": id, "time": now_ms(), "kind": kind, "visitor": visitor, "session": format!("{visitor}-visit"), "items": items})
}

/// Anna looks on her phone, signs in there and on her desk, and buys; Ben looks.
fn visit(shop: &Shop) {
    let mut order = event("anna-event", "order_placed", "anna-phone", &["B"]);
    order["customer"] = json!("anna@shop.example");
    order["order"] = json!("anna-order");
    order["session"] = json!("anna-visit");
    let mut desk = event("e3", "sign_in", "anna-desk", &[]);
    desk["customer"] = json!("anna@shop.example");
    let events = json!([
        event("e1", "product_view", "anna-phone", &["A"]),
        order,
        desk,
        event("e4", "product_view", "anna-desk", &["A", "B"]),
        event("e5", "product_view", "ben-phone", &["B"]),
    ]);
    let headers = [("content-type", "application/json"), ("idempotency-key", "anna-phone-1")];
    let reply = shop.send("POST", "/v1/events", &headers, Some(events.to_string().as_bytes()));
    assert_eq!((reply.status, &reply.json["accepted"]), (200, &json!(5)), "{}", reply.text);
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The names that any file of the shop holds.
fn names_on_disk(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for file in files(dir) {
        let bytes = std::fs::read(&file).unwrap();
        let holds = |name: &&&str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
        found.extend(NAMES.iter().filter(holds).map(|name| format!("{name} in {}", file.display())));
    }
    found
}

fn units(shop: &Shop) -> Vec<Vec<String>> {
    ["viewed", "bought"]
        .map(|unit| {
            let list = shop.ok(&format!("/v1/recommendations/{unit}?visitor=anna-phone"));
            skus(&list).into_iter().map(str::to_owned).collect()
        })
        .into()
}

#[test]
fn a_person_sees_what_is_held_and_is_erased_while_the_counters_stay() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path());
    visit(&shop);
    let counted = units(&shop);
    assert_eq!(counted, [vec!["A", "B"], vec!["B", "A"]], "what was not bought fills up");
    let held = shop.ok("/v1/customers/anna%40shop.example");
    assert_eq!(
        (held["events_total"].as_u64(), held["visitors"].as_array().map(Vec::len)),
        (Some(4), Some(2)),
        "{held}"
    );
    assert_eq!(held["profiles"][0]["purchases"][0]["sku"], "B");
    let viewed: Vec<&str> =
        held["profiles"][0]["views"].as_array().unwrap().iter().map(|view| view["sku"].as_str().unwrap()).collect();
    assert_eq!(viewed, ["B", "A"]);
    assert_eq!(held["events"][0]["kind"], "product_view");
    let nobody = shop.get("/v1/visitors/nobody");
    assert_eq!((nobody.status, nobody.json["detail"].as_str()), (404, Some("no visitor `nobody`")));

    let erased = shop.send_ok("DELETE", "/v1/customers/anna%40shop.example", &json!(null));
    assert_eq!((&erased["visitors"], &erased["customers"], &erased["orders"]), (&json!(2), &json!(1), &json!(1)));
    for path in ["/v1/customers/anna%40shop.example", "/v1/visitors/anna-phone", "/v1/visitors/anna-desk"] {
        assert_eq!((shop.get(path).status, shop.send("DELETE", path, &[], None).status), (404, 404), "{path}");
    }
    assert_eq!(shop.ok("/v1/visitors/ben-phone")["events_total"], 1);
    assert_eq!(units(&shop), counted);
    let log = shop.get("/v1/log").text;
    assert!(log.contains("order_placed") || log.contains("OrderPlaced"), "{log}");
    assert!(!NAMES.iter().any(|name| log.contains(name)), "{log}");
    shop.engine.close();
    drop(shop);
    assert_eq!(names_on_disk(dir.path()), [""; 0]);

    // The same from the log alone.
    std::fs::remove_dir_all(dir.path().join("snapshots")).unwrap();
    let data_dir = dir.path().display().to_string();
    let again = Shop::start_with(|s| s.engine.data_dir = data_dir);
    assert_eq!(units(&again), counted);
    assert_eq!(again.get("/v1/visitors/anna-phone").status, 404);
}

#[test]
fn without_consent_nothing_is_stored_and_no_profile_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path());
    let log = shop.get("/v1/log").text;
    let mut quiet = event("anna-event", "product_view", "anna-phone", &["C"]);
    quiet["consent"] = json!(false);
    let receipt = shop.send_ok("POST", "/v1/events", &json!([quiet]));
    assert_eq!((&receipt["seq"], &receipt["accepted"], &receipt["unconsented"]), (&json!(0), &json!(0), &json!(1)));
    let both = shop.send_ok("POST", "/v1/events", &json!([quiet, event("e1", "product_view", "ben-phone", &["B"])]));
    assert_eq!((&both["accepted"], &both["unconsented"]), (&json!(1), &json!(1)));
    let after = shop.get("/v1/log").text;
    let events = |log: &str| log.lines().filter(|line| line.contains("\"Events\"")).count();
    assert_eq!((events(&log), events(&after)), (0, 1));
    assert_eq!(shop.get("/v1/visitors/anna-phone").status, 404);
    assert_eq!(units(&shop)[0], ["B"]);
    shop.ok("/v1/search?q=chair&visitor=anna-phone&session=anna-visit&consent=false");
    let wrong = shop.get("/v1/search?q=chair&consent=perhaps");
    assert_eq!((wrong.status, wrong.json["parameter"].as_str()), (400, Some("consent")));
    shop.engine.close();
    drop(shop);
    assert_eq!(names_on_disk(dir.path()), [""; 0]);
}

#[test]
fn a_persons_data_need_the_write_key() {
    let shop = Shop::start_with(|s| s.auth.write_key_blake3 = blake3::hash(b"secret").to_hex().to_string());
    for method in ["GET", "DELETE"] {
        let send = |headers: &[(&str, &str)]| shop.send(method, "/v1/visitors/anna", headers, None).status;
        assert_eq!((send(&[]), send(&[("x-api-key", "secret")])), (401, 404), "{method}");
    }
}

#[test]
fn a_position_that_was_cut_is_gone_and_the_oldest_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    // Yesterday's entries.
    let yesterday = ManualClock::at(now_ms() as i64 - 24 * 3_600_000);
    let config = EngineConfig { data_dir: Some(dir.path().into()), workers: 1, ..EngineConfig::default() };
    let engine = Engine::open_with_clock(config, Arc::new(yesterday)).unwrap();
    let put = |name: &str| engine.change_categories(vec![put_category(name)], WriteOptions::default()).unwrap().seq;
    let last = ["Men", "Women", "Sale"].map(put)[2];
    engine.close();
    drop(engine);
    let data_dir = dir.path().display().to_string();
    let shop = Shop::start_with(|s| {
        s.engine.data_dir = data_dir;
        s.engine.retention_hours = 1;
        s.engine.snapshot_every_entries = 2;
    });
    assert_eq!(shop.get("/v1/log?from=1").status, 200);
    let write = |n: usize| shop.send_ok("PUT", "/v1/products", &json!([product("A", "Chair", n as f64)]));
    // Each write gives the writer a chance to cut.
    let gone =
        (1..1_000).map(|n| drop(write(n))).map(|()| shop.get("/v1/log?from=1")).find(|reply| reply.status != 200);
    let gone = gone.expect("a cut comes");
    assert_eq!((gone.status, gone.json["type"].as_str()), (410, Some("urn:planogram:gone")), "{}", gone.text);
    let oldest: u64 = gone.json["allowed"].as_str().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(oldest >= last, "{}", gone.text);
    let line = shop.get("/v1/log?limit=1").text;
    assert!(serde_json::from_str::<Value>(&line).unwrap()["seq"].as_u64().unwrap() >= oldest, "{line}");
    assert_eq!(shop.get("/v1/log?from=1000000").text, "");
}

fn put_category(name: &str) -> CategoryChange {
    CategoryChange::Put { path: vec![name.to_owned()], position: None, anchor: true }
}
