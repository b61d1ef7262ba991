//! A plugin does its worst: every request is answered, the answer names the plugin, and soon it is not asked any more.

use serde_json::{Value, json};

use crate::shop::{Shop, library, plugin_entry, product, skus};

/// Requests after which a plugin that fails at every one of them must not be asked any more.
const PATIENCE: usize = 50;

/// A shop of three chairs whose only plugin has a fault.
fn shop(fault: &str) -> Shop {
    let settings = format!("{{ fault = \"{fault}\" }}");
    let shop = Shop::with_plugin_file(&plugin_entry("faulty", &library("faulty"), &settings));
    let chairs = [("A", 30.0), ("B", 20.0), ("C", 10.0)];
    let row = |(sku, price): (&str, f64)| {
        let mut row = product(sku, "Chair", price);
        row["categories"] = json!(["Garden"]);
        row
    };
    shop.put(&json!(chairs.map(row)));
    shop.configure("unit", "home", &json!({"type": "faulty-unit", "limit": 3, "fallback": ["most-viewed"]}));
    shop.events("faults", &[("product_view", "s", &["A", "B", "C"])]);
    shop
}

const LISTS: [&str; 3] = ["/v1/search?q=chair", "/v1/categories/Garden/products", "/v1/recommendations/home"];

fn metric(shop: &Shop, line: &str) -> f64 {
    let metrics = shop.get("/metrics").text;
    let value = metrics.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or(0.0)
}

/// The reasons an answer gives for what did not take part; all of it is the faulty plugin's.
fn reasons(list: &Value) -> Vec<&str> {
    let degraded = list["degraded"].as_array().unwrap();
    assert!(degraded.iter().all(|d| d["plugin"] == "faulty"), "{list}");
    degraded.iter().map(|d| d["reason"].as_str().unwrap()).collect()
}

/// Asks until the plugin is switched off. `lists` are those in which the fault shows; `off` is how it ends.
fn check(fault: &str, reason: &str, lists: &[&str], off: &str) {
    let shop = shop(fault);
    let counter = format!("planogram_degraded_total{{plugin=\"faulty\",reason=\"{reason}\"}}");
    let before = metric(&shop, &counter);
    let mut seen = 0;
    let is_off = |plugin: &Value| plugin["breaker"] == "open" || plugin["state"] == "quarantined";
    for asked in 0.. {
        assert!(asked < PATIENCE, "{fault}: still asked after {asked} requests: {}", shop.plugin("faulty"));
        let list = shop.ok(lists[asked % lists.len()]);
        let mut found = skus(&list);
        found.sort_unstable();
        assert_eq!(found, ["A", "B", "C"], "{fault}: {list}");
        let reasons = reasons(&list);
        // The fault that opens the breaker may be followed by refused calls within one request.
        assert!(reasons.contains(&reason), "{fault}: {list}");
        seen += reasons.iter().filter(|r| **r == reason).count();
        if is_off(&shop.plugin("faulty")) {
            break;
        }
    }
    let plugin = shop.plugin("faulty");
    // On a slow machine an open breaker may let a call through in between, to find out.
    let after = (0..PATIENCE).map(|_| shop.ok(lists[0])).find(|list| reasons(list).contains(&off));
    assert_eq!(after.map(|list| skus(&list).len()), Some(3), "{fault}: never `{off}`");
    assert_eq!(plugin["faults"][reason].as_u64().map(|n| n >= 3), Some(true), "{fault}: {plugin}");
    let counted = metric(&shop, &counter) - before;
    assert!(counted >= seen as f64 && seen >= 3, "{fault}: {counted} counted, {seen} seen");
    assert!(metric(&shop, &format!("planogram_plugin_faults_total{{plugin=\"faulty\",reason=\"{reason}\"}}")) >= 3.0);
    if off == "breaker-open" {
        assert_eq!(metric(&shop, "planogram_plugin_breaker{plugin=\"faulty\"}"), 2.0);
    } else {
        assert!(metric(&shop, "planogram_workers_lost") >= 3.0);
        // Loaded anew it is asked again; its stuck threads share the mapping, and end here.
        shop.send_ok("POST", "/v1/plugins/faulty/reload", &json!({}));
        assert_eq!(shop.plugin("faulty")["state"], "running");
        shop.send_ok("POST", "/v1/faulty-rules/release", &json!({}));
        assert_eq!(reasons(&shop.ok(lists[0])), Vec::<&str>::new(), "{fault}");
    }
}

// One test, because the metrics are the process's and the faults of two shops at once could not be told apart.
#[test]
fn whatever_a_plugin_does_requests_are_answered_and_it_is_switched_off() {
    check("panic-in-score", "panicked", &LISTS, "breaker-open");
    check("panic-in-rewrite", "panicked", &LISTS[..1], "breaker-open");
    check("error-in-score", "failed", &LISTS, "breaker-open");
    check("nan", "bad-output", &LISTS, "breaker-open");
    check("foreign-ids", "bad-output", &LISTS, "breaker-open");
    check("too-many", "bad-output", &LISTS[2..], "breaker-open");
    check("sleep", "late", &LISTS, "quarantined");
    check("spin", "late", &LISTS, "quarantined");
}

#[test]
fn a_well_behaved_plugin_ranks_and_is_not_degraded() {
    let shop = shop("none");
    // It pins the last of the ten best to the top.
    assert_eq!(skus(&shop.ok(LISTS[0])), ["C", "A", "B"]);
    for list in LISTS {
        let list = shop.ok(list);
        assert_eq!((skus(&list).len(), reasons(&list)), (3, vec![]));
    }
    let plugin = shop.plugin("faulty");
    assert_eq!((&plugin["breaker"], &plugin["faults"]), (&json!("closed"), &json!({})));
}
