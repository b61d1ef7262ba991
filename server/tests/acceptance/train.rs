//! `planogram train` learns what shoppers choose, and refuses what is no better.
//!
//! Simulated shoppers search a real server: each looks at the places of a list as the position-based model says
//! ([`examination`]) and clicks what is cheap, or, in another shop, whatever.

use std::path::Path;
use std::process::Command;

use planogram_datasets::rng::Rng;
use planogram_datasets::shoppers::examination;
use serde_json::{Value, json};

use crate::shop::{Shop, libraries, now_ms};

const KINDS: [&str; 6] = ["lamp", "chair", "kettle", "blanket", "mirror", "basket"];
const SEARCHES: usize = 900;
const EXPONENT: f64 = 0.7;

/// A shop on disk under the shipped plugins.
fn open(dir: &Path) -> Shop {
    let (plugins, data_dir) = (libraries(), dir.join("shop").display().to_string());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/default.toml");
    Shop::start_with(|s| {
        s.plugins.dirs = vec![plugins];
        s.plugins.file = file;
        s.engine.data_dir = data_dir;
    })
}

fn catalog() -> Value {
    let mut rng = Rng::new(11);
    let mut rows = Vec::new();
    for kind in KINDS {
        for n in 0..16 {
            let price = (rng.log_normal(40.0, 0.8) * 100.0).round() / 100.0;
            rows.push(json!({"sku": format!("{kind}-{n}"), "name": format!("{kind} number {n}"), "price": price}));
        }
    }
    Value::Array(rows)
}

/// Shoppers search and click; `like` is the probability of a click on what was looked at, by price.
fn browse(shop: &Shop, like: impl Fn(f64, &mut Rng) -> f64) {
    let mut rng = Rng::new(12);
    let now_ms = now_ms();
    let mut events = Vec::new();
    for n in 0..SEARCHES {
        let kind = rng.pick(&KINDS);
        let request = format!("request-{n}");
        // Some shoppers sort, so that a product is seen at several places.
        let sort = if rng.chance(0.3) { "&sort=name:desc" } else { "" };
        let list = shop.ok(&format!("/v1/search?q={kind}&page_size=10&facets=none&request_id={request}{sort}"));
        for (place, item) in list["items"].as_array().unwrap().iter().enumerate() {
            let price = item["price"]["amount"].as_f64().unwrap_or_else(|| panic!("{item}"));
            if rng.chance(examination(place, EXPONENT)) && rng.unit() < like(price, &mut rng) {
                events.push(json!({"id": format!("{request}-{place}"), "time": now_ms, "kind": "search_click",
                    "visitor": format!("v{n}"), "session": format!("v{n}"), "request_id": request,
                    "items": [{"sku": item["sku"], "position": place}]}));
            }
        }
    }
    for batch in events.chunks(500) {
        assert_eq!(shop.send_ok("POST", "/v1/events", &json!(batch))["accepted"], batch.len());
    }
}

/// Runs the command; exit code, standard output and standard error.
fn train(dir: &Path, options: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planogram"));
    let output = command.args(["train", "--data-dir"]).arg(dir.join("shop")).args(options).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Mean price of the first five of every kind, under an overlay.
fn mean_price(shop: &Shop, overlay: &str) -> f64 {
    let price = |kind: &&str| {
        let list = shop.ok(&format!("/v1/search?q={kind}&page_size=5&facets=none{overlay}"));
        list["items"].as_array().unwrap().iter().map(|item| item["price"]["amount"].as_f64().unwrap()).sum::<f64>()
            / 5.0
    };
    KINDS.iter().map(price).sum::<f64>() / KINDS.len() as f64
}

/// How often the search plugin is called for one search.
fn calls(shop: &Shop) -> u64 {
    let calls = || shop.plugin("live-search")["calls"].as_u64().unwrap();
    let before = calls();
    shop.ok("/v1/search?q=lamp");
    calls() - before
}

#[test]
fn a_shop_learns_that_its_shoppers_prefer_the_cheap() {
    let dir = tempfile::tempdir().unwrap();
    let shop = open(dir.path());
    shop.put(&catalog());
    browse(&shop, |price, _| 0.7 * (-price / 40.0).exp());
    let before = mean_price(&shop, "");
    drop(shop);

    let (code, out, progress) = train(dir.path(), &["--json"]);
    assert_eq!(code, 0, "{out}\n{progress}");
    let document: Value = serde_json::from_str(&out).unwrap();
    let price = document["columns"].as_array().unwrap().iter().find(|row| row["column"] == "price").unwrap();
    assert!(price["weight"].as_f64().unwrap() < 0.0, "{document}");
    let held_out = &document["trained"]["held_out"];
    assert!(held_out["nDCG"]["difference"][0].as_f64().unwrap() > 0.0, "{document}");
    assert!(progress.contains("draft of the overlay `learned`"), "{progress}");

    let shop = open(dir.path());
    assert_eq!(mean_price(&shop, ""), before, "a draft changes nothing");
    let learned = mean_price(&shop, "&overlay=learned");
    let calls_asleep = calls(&shop);
    assert!(learned < 0.8 * before, "{learned} instead of {before}");
    drop(shop);

    let (code, _, progress) = train(dir.path(), &["--publish"]);
    assert_eq!(code, 0, "{progress}");
    let shop = open(dir.path());
    assert!((mean_price(&shop, "") - learned).abs() < 0.1 * learned);
    assert_eq!(calls(&shop), calls_asleep + 1, "without a document the scorer is not even called");
    let list = shop.ok("/v1/search?q=lamp&explain=true");
    for item in list["items"].as_array().unwrap() {
        let ledger = item["ledger"].as_array().unwrap();
        let scores = || ledger.iter().filter(|line| line["kind"] == "score");
        assert!(scores().any(|line| line["name"] == "live-search/ranker.price"), "{item}");
        let sum = scores().fold(0.0, |sum, line| sum + line["value"].as_f64().unwrap());
        assert_eq!(sum.to_bits(), item["score"].as_f64().unwrap().to_bits(), "{item}");
    }
}

#[test]
fn choices_without_a_reason_teach_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let shop = open(dir.path());
    shop.put(&catalog());
    drop(shop);
    let (code, _, said) = train(dir.path(), &[]);
    assert!(code == 2 && said.contains("refused: 0 chosen items"), "{said}");

    let shop = open(dir.path());
    browse(&shop, |_, rng| if rng.chance(0.5) { 0.5 } else { 0.1 });
    drop(shop);
    let (code, out, said) = train(dir.path(), &["--publish"]);
    assert_eq!(code, 1, "{out}\n{said}");
    assert!(said.contains("does not rank later choices better beyond chance"), "{said}");
    assert_eq!(open(dir.path()).ok("/v1/config/ranker").as_array().map(Vec::len), Some(0));
    let (code, _, said) = train(dir.path(), &["--kind", "mood"]);
    assert!(code == 2 && said.contains("no scorer learns documents of kind `mood`, only `ranker`"), "{code} {said}");
}
