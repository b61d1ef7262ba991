//! What do ten thousand rules cost a request, and how soon does a changed one hold?
//!
//! 50,000 made-up products and the search plugin as it ships, twice: without rules, and with 10,000 rules of all kinds of
//! conditions. Each search is asked of both in turn: what it takes longer is what the rules cost, with what they do to its
//! list. A request's time is its shortest of several rounds, since neighbors on the machine only add to it. Rules name products
//! by sku, so that the cost of finding rules is not hidden behind that of evaluating conditions on products.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use planogram_benches::measure::{self, Mode, Sample, micros, millis};
use planogram_benches::shop;
use planogram_core::catalog::doc::ProductDoc;
use planogram_core::config::document::DocumentWrite;
use planogram_core::engine::Engine;
use planogram_core::pipeline::request::{List, ListRequest, Shopper};
use planogram_datasets::rng::Rng;
use planogram_datasets::shop::{ShopConfig, generate};
use serde_json::{Value, json};

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rules in force.
const RULES: usize = 10_000;
/// Products of the shop.
const PRODUCTS: usize = 50_000;
/// Audiences that rules name.
const AUDIENCES: usize = 1_000;

fn main() -> Result<()> {
    let mode = Mode::from_args();
    let docs = generate(ShopConfig { seed: 1, products: mode.pick(PRODUCTS, 300), now_ms: shop::NOW_MS }).products;
    let [plain, engine] = [(); 2].map(|()| shop::open(vec![shop::plugin("live-search")]));
    let (plain, engine) = (plain?, engine?);
    shop::fill(&plain, &docs)?;
    shop::fill(&engine, &docs)?;
    write_rules(&engine, &docs, mode.pick(RULES, 100))?;
    let requests = requests(&docs, mode.pick(1_000, 20));
    println!("{} products, {} requests, load {:.1}", docs.len(), requests.len(), measure::load());
    let (before, after) = times([&plain, &engine], &requests, mode.pick(15, 1));
    let applied =
        requests.iter().map(|request| applied(&engine, request)).sum::<usize>() as f64 / requests.len() as f64;
    println!("{applied:.1} rules apply to a request");
    let cost: Vec<Duration> = before.iter().zip(&after).map(|(before, after)| after.saturating_sub(*before)).collect();
    println!("\n                         |  p50 us |  p90 us |  p99 us | mean us");
    print_row("without rules", before);
    print_row("with rules", after);
    print_row("what rules cost", cost);
    changes(&engine, &docs, mode.pick(20, 2))?;
    println!("load {:.1} at the end", measure::load());
    Ok(())
}

/// Searches by shoppers of all kinds.
fn requests(docs: &[ProductDoc], n: usize) -> Vec<ListRequest> {
    let mut rng = Rng::fork(11, "rule requests");
    let one = |text: String| ListRequest {
        shopper: Shopper {
            device: Some(device(&mut rng)),
            customer_group: Some(format!("group{}", rng.below(10))),
            page_type: Some("search".to_owned()),
            audiences: (0..5).map(|_| audience(&mut rng)).collect(),
            ..Shopper::default()
        },
        ..shop::request(List::Search { text }, Vec::new())
    };
    shop::queries(docs, n).into_iter().map(one).collect()
}

fn device(rng: &mut Rng) -> String {
    ["mobile", "desktop", "tablet"][rng.below(3)].to_owned()
}

fn audience(rng: &mut Rng) -> String {
    format!("audience{}", rng.below(AUDIENCES))
}

/// The shortest time of each request in either shop, asked in turn.
fn times(engines: [&Engine; 2], requests: &[ListRequest], rounds: usize) -> (Vec<Duration>, Vec<Duration>) {
    let mut shortest = vec![[Duration::MAX; 2]; requests.len()];
    for _ in 0..rounds {
        for (shortest, request) in shortest.iter_mut().zip(requests) {
            for (engine, shortest) in engines.iter().zip(shortest) {
                let begin = Instant::now();
                let answer = black_box(engine.list_here(request)).expect("the request is a good one");
                *shortest = begin.elapsed().min(*shortest);
                assert!(answer.degraded.is_empty(), "a degraded answer must not be measured: {:?}", answer.degraded);
            }
        }
    }
    shortest.into_iter().map(|[plain, ruled]| (plain, ruled)).unzip()
}

fn applied(engine: &Engine, request: &ListRequest) -> usize {
    let request = ListRequest { explain: true, ..request.clone() };
    let answer = engine.list_here(&request).expect("the request is a good one");
    answer.applied_rules.map_or(0, |rules| rules.len())
}

/// Writes so many rules; half of them are about the query alone, the others about who asks, too.
fn write_rules(engine: &Engine, docs: &[ProductDoc], n: usize) -> Result<()> {
    let mut rng = Rng::fork(12, "rules");
    let queries = shop::queries(docs, n);
    let rules: Vec<DocumentWrite> = queries
        .iter()
        .zip(0..)
        .map(|(query, at)| shop::document("search-rule", &format!("r{at}"), &rule(query, docs, &mut rng)))
        .collect();
    let begin = Instant::now();
    engine.write_config(rules, Default::default())?;
    println!("{n} rules written at once in {:.0} ms", millis(begin.elapsed()));
    Ok(())
}

fn rule(query: &str, docs: &[ProductDoc], rng: &mut Rng) -> Value {
    let word = query.split(' ').next().unwrap_or(query);
    let of_query = match rng.below(5) {
        0 => json!({"query": "is", "text": query}),
        1 => json!({"query": "starts", "text": query}),
        2 => json!({"query": "words", "text": query}),
        3 => json!({"query": "contains", "text": query}),
        _ => json!({"all": [{"query": "words", "text": word}, {"audience": audience(rng)}]}),
    };
    let of_shopper = match rng.below(6) {
        0 => json!({"device": device(rng)}),
        1 => json!({"audience": [audience(rng), audience(rng)]}),
        2 => json!({"customer_group": format!("group{}", rng.below(10))}),
        3 => json!({"not": {"page_type": "home"}}),
        4 => json!({"schedule": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "06:00", "to": "23:00"}}),
        _ => json!({"any": [{"device": "mobile"}, {"filter": "brand"}]}),
    };
    let conditions = if rng.below(2) == 0 { json!([of_query]) } else { json!([of_query, of_shopper]) };
    let sku = |rng: &mut Rng| docs[rng.below(docs.len())].sku.clone();
    let mut events = vec![json!({"boost": sku(rng), "factor": 1.5}), json!({"bury": sku(rng)})];
    if rng.below(2) == 0 {
        events.push(json!({"pin": sku(rng), "position": 1 + rng.below(10)}));
    }
    // The same product twice in one rule is refused.
    let (first, second) = (events[0]["boost"].clone(), events[1]["bury"].clone());
    events.retain(|event| event["pin"] != first && event["pin"] != second || event["pin"].is_null());
    if first == second {
        events.truncate(1);
    }
    json!({"match": "all", "conditions": conditions, "events": events})
}

/// Changes one of the rules and asks at once.
fn changes(engine: &Arc<Engine>, docs: &[ProductDoc], n: usize) -> Result<()> {
    let query = &shop::queries(docs, 1)[0];
    let request = shop::request(List::Search { text: query.clone() }, Vec::new());
    // Something that is shown anyway, or it could not be inserted.
    let shown = engine.list_here(&shop::request(List::Search { text: String::new() }, Vec::new()))?.items;
    let mut took = Vec::new();
    for at in 0..n {
        let sku = &shown[at % shown.len()].sku;
        let body = json!({"priority": 9, "conditions": [{"query": "is", "text": query}],
            "events": [{"pin": sku, "position": 1, "insert": true}]});
        let begin = Instant::now();
        let changed = shop::document("search-rule", "r0", &body);
        engine.write_config(vec![DocumentWrite { expected_revision: None, ..changed }], Default::default())?;
        let answer = engine.list_here(&request)?;
        took.push(begin.elapsed());
        assert_eq!(
            answer.items.first().map(|hit| &hit.sku),
            Some(sku),
            "the acknowledged rule holds in the next request"
        );
    }
    let took = Sample::new(took);
    let [p50, most] = [0.5, 1.0].map(|q| millis(took.quantile(q)));
    println!("\na rule changed, acknowledged and seen by the next request: p50 {p50:.1} ms, most {most:.1} ms of {n}");
    Ok(())
}

fn print_row(name: &str, times: Vec<Duration>) {
    let times = Sample::new(times);
    let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|q| micros(times.quantile(q)));
    println!("{name:<24} | {p50:7.1} | {p90:7.1} | {p99:7.1} | {:7.1}", micros(times.mean()));
}
