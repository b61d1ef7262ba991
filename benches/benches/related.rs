//! What do ten thousand related-product rules cost a recommendation unit?
//!
//! 50,000 made-up products and the plugin as it ships. A unit of the type `related` is asked about the same products
//! before and after 10,000 rules are written. The rules are about one brand and color, a category, or a sku, a tenth of
//! them about nothing but a price, and show products of a category in the matched product's color or price. What a unit
//! takes longer is what the rules cost: finding those about the product, and drawing what they show. Rules that show
//! nothing tell how much of that is finding. A request's time is its shortest of several rounds, since neighbors on the
//! machine only add to it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use planogram_benches::measure::{self, Mode, Sample, micros, millis};
use planogram_benches::shop;
use planogram_core::catalog::doc::{AttributeValue, ProductDoc};
use planogram_core::config::document::DocumentWrite;
use planogram_core::engine::Engine;
use planogram_core::pipeline::request::{List, ListRequest};
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
/// Rules of one write.
const BATCH: usize = 1_000;
/// Brands that are planted.
const BRANDS: usize = 200;
/// Colors that are planted.
const COLORS: usize = 12;

fn main() -> Result<()> {
    let mode = Mode::from_args();
    let mut docs = generate(ShopConfig { seed: 1, products: mode.pick(PRODUCTS, 300), now_ms: shop::NOW_MS }).products;
    docs.iter_mut().enumerate().for_each(|(at, doc)| plant(doc, at));
    let engine = shop::open(vec![shop::plugin("related-products")])?;
    shop::fill(&engine, &docs)?;
    engine.write_config(
        vec![shop::document("unit", "related", &json!({"type": "related", "limit": 10, "fallback": []}))],
        Default::default(),
    )?;
    let requests = requests(&docs, mode.pick(1_000, 20));
    let rounds = mode.pick(7, 1);
    println!("{} products, {} requests, load {:.1}", docs.len(), requests.len(), measure::load());
    let before = times(&engine, &requests, rounds);
    write_rules(&engine, &docs, mode.pick(RULES, 100), Shown::Nothing)?;
    let silent = times(&engine, &requests, rounds);
    write_rules(&engine, &docs, mode.pick(RULES, 100), Shown::Products)?;
    let after = times(&engine, &requests, rounds);
    let items: usize = requests.iter().map(|request| shown(&engine, request)).sum();
    println!("a unit shows {:.1} products by rules", items as f64 / requests.len() as f64);
    let cost = |than: &[Duration]| -> Vec<Duration> {
        before.iter().zip(than).map(|(before, after)| after.saturating_sub(*before)).collect()
    };
    println!("\n                         |  p50 us |  p90 us |  p99 us | mean us");
    print_row("without rules", before.clone());
    print_row("finding rules costs", cost(&silent));
    print_row("finding and drawing", cost(&after));
    println!("load {:.1} at the end", measure::load());
    Ok(())
}

/// Brand and color by number of the product.
fn plant(doc: &mut ProductDoc, at: usize) {
    let mut rng = Rng::fork(at as u64, "related");
    doc.brand = Some(format!("brand {}", rng.below(BRANDS)));
    doc.attributes.insert("tint".to_owned(), AttributeValue::Text(format!("tint {}", rng.below(COLORS))));
}

fn requests(docs: &[ProductDoc], n: usize) -> Vec<ListRequest> {
    let mut rng = Rng::fork(11, "related requests");
    let list = |sku: &str| List::Unit { unit: "related".to_owned(), anchors: vec![sku.to_owned()] };
    (0..n).map(|_| shop::request(list(&docs[rng.below(docs.len())].sku), Vec::new())).collect()
}

/// The shortest time of each request.
fn times(engine: &Engine, requests: &[ListRequest], rounds: usize) -> Vec<Duration> {
    let mut shortest = vec![Duration::MAX; requests.len()];
    for _ in 0..rounds {
        for (shortest, request) in shortest.iter_mut().zip(requests) {
            let begin = Instant::now();
            let answer = black_box(engine.list_here(request)).expect("the request is a good one");
            *shortest = begin.elapsed().min(*shortest);
            assert!(answer.degraded.is_empty(), "a degraded answer must not be measured: {:?}", answer.degraded);
        }
    }
    shortest
}

fn shown(engine: &Engine, request: &ListRequest) -> usize {
    engine.list_here(request).expect("the request is a good one").items.len()
}

/// What the rules show.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    Nothing,
    Products,
}

fn write_rules(engine: &Engine, docs: &[ProductDoc], n: usize, shown: Shown) -> Result<()> {
    let mut rng = Rng::fork(12, "related rules");
    let written = |at| shop::document("related-rule", &format!("r{at}"), &rule(docs, shown, &mut rng));
    // They may be there already.
    let anew = |write| DocumentWrite { expected_revision: None, ..write };
    let rules: Vec<DocumentWrite> = (0..n).map(written).map(anew).collect();
    let begin = Instant::now();
    for batch in rules.chunks(BATCH) {
        engine.write_config(batch.to_vec(), Default::default())?;
    }
    println!("{n} rules written in {:.0} ms, {BATCH} at once", millis(begin.elapsed()));
    Ok(())
}

fn rule(docs: &[ProductDoc], shown: Shown, rng: &mut Rng) -> Value {
    let category = |rng: &mut Rng| {
        let places = &docs[rng.below(docs.len())].categories;
        places.first().map_or_else(|| "Nowhere".to_owned(), |place| place.path.join("/"))
    };
    let brand = json!({"field": "brand", "eq": format!("brand {}", rng.below(BRANDS))});
    let about = match rng.below(10) {
        0 => json!({"field": "price", "range": {"from": rng.below(400), "to": 500}}),
        1 | 2 => json!({"field": "sku", "eq": docs[rng.below(docs.len())].sku}),
        3 | 4 => json!({"all": [brand, {"field": "category", "eq": category(rng)}]}),
        _ => json!({"all": [brand, {"field": "tint", "eq": format!("tint {}", rng.below(COLORS))}]}),
    };
    let shelf = json!({"field": "category", "eq": category(rng)});
    let display = match (shown, rng.below(2)) {
        (Shown::Nothing, _) => json!({"field": "sku", "eq": "nothing"}),
        (_, 0) => json!({"all": [shelf, {"field": "tint", "eq": {"matched": "tint"}}]}),
        _ => {
            let near = json!({"from": {"matched_percent": 80}, "to": {"matched_percent": 120}});
            json!({"all": [shelf, {"field": "price", "range": near}]})
        }
    };
    json!({"list": "related", "priority": rng.below(100), "match": about, "display": display})
}

fn print_row(name: &str, times: Vec<Duration>) {
    let times = Sample::new(times);
    let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|q| micros(times.quantile(q)));
    println!("{name:<24} | {p50:7.1} | {p90:7.1} | {p99:7.1} | {:7.1}", micros(times.mean()));
}
