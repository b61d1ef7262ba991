//! A plugin is swapped while searches run, and what cannot be loaded never takes the running version away.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use planogram_abi::handshake::{MAGIC, PgHandshake, to_bytes};
use serde_json::{Value, json};

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

/// Two builds of one plugin: cheap products rise, and dear ones do.
fn builds(dir: &Path) -> [PathBuf; 2] {
    let dear = [("weight / (1.0f + price.data[row])", "weight * price.data[row]"), ("\"0.1.0\"", "\"0.2.0\"")];
    [compile(dir, "cheap", &[]), compile(dir, "dear", &dear)]
}

/// A changed build of a Rust plugin: the same code under another version.
fn next_version(library: &Path, to: &Path) -> PathBuf {
    let mut bytes = fs::read(library).unwrap();
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|w| w == what).unwrap();
    let record = find(&bytes, &MAGIC);
    let version = record + find(&bytes[record..], b"0.1.0");
    bytes[version + 4] = b'7';
    fs::write(to, bytes).unwrap();
    to.to_owned()
}

fn fill(shop: &Shop) {
    shop.put(&json!([product("A", "Chair", 10.0), product("B", "Chair", 20.0), product("C", "Chair", 30.0)]));
}

fn reload(shop: &Shop, name: &str) -> Value {
    shop.send_ok("POST", &format!("/v1/plugins/{name}/reload"), &json!({}))
}

#[test]
fn a_swap_under_load_fails_no_request_and_the_new_ranking_shows() {
    let dir = tempfile::tempdir().unwrap();
    let ranking = builds(dir.path());
    let reading = [library("live-search"), next_version(&library("live-search"), &dir.path().join("next.so"))];
    let live = [dir.path().join("ranking-live.so"), dir.path().join("reading-live.so")];
    fs::copy(&ranking[0], &live[0]).unwrap();
    fs::copy(&reading[0], &live[1]).unwrap();
    let entries =
        [plugin_entry("live-search", &live[1], "{}"), plugin_entry("cheapest-first", &live[0], "{ weight = 1.0 }")];
    let shop = Shop::with_plugin_file(&entries.concat());
    fill(&shop);
    assert_eq!(skus(&shop.ok("/v1/search?q=chair")), CHEAP_FIRST);

    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let client = || {
        while !stop.load(Ordering::Relaxed) {
            let list = shop.ok("/v1/search?q=chair");
            let order = skus(&list);
            assert!(order == CHEAP_FIRST || order == DEAR_FIRST, "{list}");
            assert_eq!(list["degraded"], json!([]), "{list}");
            answered.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        // Stops the clients also when an assertion below fails.
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let _stop = Stop(&stop);
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(client)).collect();
        for swap in 1..=6 {
            let served = answered.load(Ordering::Relaxed);
            while answered.load(Ordering::Relaxed) < served + 8 {
                assert!(clients.iter().all(|c| !c.is_finished()), "a client failed");
                std::thread::yield_now();
            }
            let old = ["live-search", "cheapest-first"].map(|name| shop.plugin(name)["content_hash"].clone());
            fs::copy(&ranking[swap % 2], &live[0]).unwrap();
            fs::copy(&reading[swap % 2], &live[1]).unwrap();
            let new = ["live-search", "cheapest-first"].map(|name| reload(&shop, name)["content_hash"].clone());
            assert!(old[0] != new[0] && old[1] != new[1], "{old:?} {new:?}");
            let list = shop.ok("/v1/search?q=chair");
            assert_eq!(skus(&list), if swap % 2 == 1 { DEAR_FIRST } else { CHEAP_FIRST });
            // The old version is not in force any more, and stands nowhere in the list of plugins.
            let plugins = shop.ok("/v1/plugins");
            let hashes: Vec<&Value> = plugins.as_array().unwrap().iter().map(|p| &p["content_hash"]).collect();
            assert_eq!(hashes, [&new[0], &new[1]]);
            let (version, hash) = list["as_of"]["plugins"]["cheapest-first"].as_str().unwrap().split_once('+').unwrap();
            assert_eq!(version, if swap % 2 == 1 { "0.2.0" } else { "0.1.0" });
            assert!(!hash.is_empty() && new[1].as_str().unwrap().starts_with(hash), "{list}");
        }
    });
    assert!(answered.load(Ordering::Relaxed) >= 48);
    let plugins = shop.ok("/v1/plugins");
    assert!(
        plugins.as_array().unwrap().iter().all(|p| p["faults"] == json!({}) && p["state"] == "running"),
        "{plugins}"
    );
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
    let builds = [compile(dir.path(), "loose", &[]), compile(dir.path(), "strict", &strict)];
    let live = dir.path().join("live.so");
    fs::copy(&builds[0], &live).unwrap();
    let shop = Shop::with_plugin_file(&plugin_entry("cheapest-first", &live, "{ weight = 5.0 }"));
    fill(&shop);
    fs::copy(&builds[1], &live).unwrap();
    let refused = shop.json("POST", "/v1/plugins/cheapest-first/reload", &json!({}));
    assert!(refused.status == 422 && refused.text.contains("`weight` must be in [0, 1]"), "{}", refused.text);
    assert_eq!(shop.plugin("cheapest-first")["version"], "0.1.0");
    assert_eq!(skus(&shop.ok("/v1/search?q=chair")), CHEAP_FIRST);
}
