//! A plugin is swapped while searches run, and what cannot be loaded never takes the running version away.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use planogram_abi::handshake::{PgHandshake, to_bytes};
use serde_json::{Value, json};

use crate::rebuilt::{VERSION, rebuild};
use crate::shop::{Shop, library, plugin_entry, product, skus};

const CHEAP_FIRST: [&str; 3] = ["A", "B", "C"];
const DEAR_FIRST: [&str; 3] = ["C", "B", "A"];

/// Compiles the C example, changed by replacements.
fn compile(dir: &Path, name: &str, replacements: &[(&str, &str)]) -> PathBuf {
    let abi = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/abi");
    let mut text = fs::read_to_string(abi.join("examples/cheapest_first.c")).unwrap();
    for (old, new) in replacements {
        assert!(text.contains(old), "`{old}` is not in the example");
        text = text.replace(old, new);
    }
    let (source, file) = (dir.join(format!("{name}.c")), dir.join(format!("{name}.so")));
    fs::write(&source, text).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-O1", "-fPIC", "-shared", "-I"]).arg(abi).arg(&source).arg("-o").arg(&file);
    let output = cc.output().expect("a C compiler is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    file
}

fn fill(shop: &Shop) {
    shop.put(&json!([product("A", "Chair", 10.0), product("B", "Chair", 20.0), product("C", "Chair", 30.0)]));
}

fn reload(shop: &Shop, name: &str) -> Value {
    shop.send_ok("POST", &format!("/v1/plugins/{name}/reload"), &json!({}))
}

/// Rated A, B, C from worst to best: `live-search` as shipped puts the best first, the rebuilt one the worst.
const BEST_FIRST: [&str; 3] = ["C", "B", "A"];
const WORST_FIRST: [&str; 3] = ["A", "B", "C"];

/// Stops the clients, also when an assertion fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_swap_under_load_fails_no_request_and_the_new_ranking_shows() {
    let curve =
        |from: &str, to: &str| format!("(\"attribute.rating\", 0.10, Curve::Ramp {{ from: {from}, to: {to} }})");
    let (rising, falling) = (curve("2.5", "5.0"), curve("5.0", "2.5"));
    let builds = [library("live-search"), rebuild("live-search", &[("config.rs", &rising, &falling)])];
    let orders = [BEST_FIRST, WORST_FIRST];
    let versions = ["0.1.0", VERSION];
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live.so");
    fs::copy(&builds[0], &live).unwrap();
    let shop = Shop::with_plugin_file(&plugin_entry("live-search", &live, "{}"));
    let rated = |(sku, rating): (&str, f64)| json!({"sku": sku, "name": "Chair", "price": 10, "attributes": {"rating": rating}});
    shop.put(&json!([("A", 3.0), ("B", 4.0), ("C", 5.0)].map(rated)));
    assert_eq!(skus(&shop.ok("/v1/search?q=chair")), BEST_FIRST);

    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let client = || {
        while !stop.load(Ordering::Relaxed) {
            let list = shop.ok("/v1/search?q=chair");
            // Whoever ranked says so, and no answer is half one version's and half the other's.
            let by = list["as_of"]["plugins"]["live-search"].as_str().unwrap();
            let version = versions.iter().position(|version| by.starts_with(version)).unwrap();
            assert_eq!((skus(&list), &list["degraded"]), (orders[version].to_vec(), &json!([])), "{list}");
            answered.fetch_add(1, Ordering::Relaxed);
        }
    };
    const SWAPS: usize = 6;
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(client)).collect();
        for swap in 1..=SWAPS {
            let served = answered.load(Ordering::Relaxed);
            while answered.load(Ordering::Relaxed) < served + 8 {
                assert!(clients.iter().all(|c| !c.is_finished()), "a client failed");
                std::thread::yield_now();
            }
            let old = shop.plugin("live-search")["content_hash"].clone();
            fs::copy(&builds[swap % 2], &live).unwrap();
            let new = reload(&shop, "live-search");
            assert_eq!(new["version"], versions[swap % 2]);
            assert_ne!(new["content_hash"], old);
            // The next request has the new ranking, and the old version is in force nowhere.
            let list = shop.ok("/v1/search?q=chair");
            assert_eq!(skus(&list), orders[swap % 2]);
            let by = format!("{}+", versions[swap % 2]);
            let hash = list["as_of"]["plugins"]["live-search"].as_str().unwrap().strip_prefix(&by).unwrap();
            assert!(!hash.is_empty() && new["content_hash"].as_str().unwrap().starts_with(hash), "{list}");
            let plugins = shop.ok("/v1/plugins");
            assert_eq!((plugins.as_array().unwrap().len(), &plugins[0]["content_hash"]), (1, &new["content_hash"]));
        }
    });
    assert!(answered.load(Ordering::Relaxed) >= 8 * SWAPS);
    let plugin = shop.plugin("live-search");
    assert_eq!((&plugin["faults"], &plugin["state"]), (&json!({}), &json!("running")));
    // A version retires when its last request has ended and its snapshot is dropped, which happens on other threads.
    let give_up = Instant::now() + Duration::from_secs(60);
    while shop.engine.status().plugins_retired < SWAPS as u64 {
        assert!(Instant::now() < give_up, "{} of {SWAPS} retired", shop.engine.status().plugins_retired);
        std::thread::yield_now();
    }
    assert_eq!(shop.engine.status().plugins_retired, SWAPS as u64);
}

/// The library with another host's number in its handshake.
fn for_another_host(library: &Path) -> Vec<u8> {
    let mut bytes = fs::read(library).unwrap();
    let mut record = PgHandshake::new("faulty", "0.1.0", "planogram_plugin_planogram_faulty");
    let good = to_bytes(&record).to_vec();
    let at = bytes.windows(good.len()).position(|w| w == good).unwrap();
    record.abi_major = 9;
    bytes[at..at + good.len()].copy_from_slice(&to_bytes(&record));
    bytes
}

#[test]
fn what_cannot_be_loaded_is_refused_and_the_old_version_serves_on() {
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live.so");
    let good = fs::read(library("faulty")).unwrap();
    fs::write(&live, &good).unwrap();
    let shop = Shop::with_plugin_file(&plugin_entry("faulty", &live, "{ factor = 2 }"));
    fill(&shop);
    let before = (shop.plugin("faulty")["content_hash"].clone(), shop.ok("/v1/search?q=chair")["items"].clone());

    let check = |bytes: &[u8], expected: &[&str]| {
        // Overwritten in place, as a careless deployment does.
        fs::write(&live, bytes).unwrap();
        let refused = shop.json("POST", "/v1/plugins/faulty/reload", &json!({}));
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert_eq!(refused.headers["content-type"], "application/problem+json");
        for part in expected {
            assert!(refused.text.contains(part), "`{part}` is not in {}", refused.text);
        }
        let plugin = shop.plugin("faulty");
        assert_eq!((&plugin["content_hash"], &plugin["state"]), (&before.0, &json!("running")));
        let list = shop.ok("/v1/search?q=chair");
        assert_eq!((&list["items"], &list["degraded"]), (&before.1, &json!([])));
    };
    check(&good[..good.len() / 2], &["expected a shared library", "got"]);
    check(b"", &["expected a shared library", "got"]);
    check(b"not a library", &["expected a shared library", "got"]);
    check(&for_another_host(&library("faulty")), &["abi major: expected 1, got 9"]);
    check(&fs::read(library("live-search")).unwrap(), &["name: expected `faulty`, got `live-search`"]);
    fs::remove_file(&live).unwrap();
    let gone = shop.json("POST", "/v1/plugins/faulty/reload", &json!({}));
    assert!(gone.status == 422 && gone.text.contains("cannot be read"), "{}", gone.text);
    fs::write(&live, &good).unwrap();
    assert_eq!(reload(&shop, "faulty")["content_hash"], before.0);

    let unknown = shop.json("POST", "/v1/plugins/nobody/reload", &json!({}));
    assert!(unknown.status == 404 && unknown.text.contains("nobody"), "{}", unknown.text);
}

#[test]
fn a_build_that_refuses_its_settings_does_not_replace_one_that_takes_them() {
    let dir = tempfile::tempdir().unwrap();
    let strict = [("weight <= 100.0f", "weight <= 1.0f"), ("[0, 100]", "[0, 1]"), ("\"0.1.0\"", "\"0.2.0\"")];
    let dear = [("weight / (1.0f + price.data[row])", "weight * price.data[row]"), ("\"0.1.0\"", "\"0.2.0\"")];
    let builds = [("loose", &[][..]), ("strict", &strict[..]), ("dear", &dear[..])];
    let builds = builds.map(|(name, replacements)| compile(dir.path(), name, replacements));
    let live = dir.path().join("live.so");
    fs::copy(&builds[0], &live).unwrap();
    let shop = Shop::with_plugin_file(&plugin_entry("cheapest-first", &live, "{ weight = 5.0 }"));
    fill(&shop);
    fs::copy(&builds[1], &live).unwrap();
    let refused = shop.json("POST", "/v1/plugins/cheapest-first/reload", &json!({}));
    assert!(refused.status == 422 && refused.text.contains("`weight` must be in [0, 1]"), "{}", refused.text);
    assert_eq!(shop.plugin("cheapest-first")["version"], "0.1.0");
    assert_eq!(skus(&shop.ok("/v1/search?q=chair")), CHEAP_FIRST);
    fs::copy(&builds[2], &live).unwrap();
    assert_eq!(reload(&shop, "cheapest-first")["version"], "0.2.0");
    assert_eq!(skus(&shop.ok("/v1/search?q=chair")), DEAR_FIRST);
}
