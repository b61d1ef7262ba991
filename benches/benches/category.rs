//! What does a merchandised category cost, beside the least that could be done?
//!
//! One category of every product, ranked whole under a blend of three signals and 200 acts: pins and boosts by sku,
//! boosts and buries by condition. Beside it, in the same rounds: a floor that gathers the same three columns by item
//! id, tests the bitmap of what may be shown and selects the first 24. Straight through the pipeline, on one thread.
//! Asserted here: the page is whole, and within the time and the multiple of the floor that are asked of it. With
//! `-- --test` the shop is small and nothing is asserted about time.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::Result;
use planogram_benches::measure::{self, Contestant, Mode, micros};
use planogram_benches::shop;
use planogram_core::catalog::doc::{PRODUCTS, ProductDoc};
use planogram_core::catalog::{Purpose, StockRule, UniverseQuery};
use planogram_core::engine::Engine;
use planogram_core::pipeline::request::{List, ListAnswer};
use planogram_core::signal::{Counter, SignalColumn, Window};
use planogram_core::snapshot::Snapshot;
use serde_json::{Value, json};

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events the signals are made of.
const EVENTS: usize = 50_000;
/// Visitors that cause them.
const VISITORS: usize = 5_000;
/// Products of the category: the catalog again and again under other skus until there are as many.
const PRODUCTS_WANTED: usize = 50_000;
/// Items of a page.
const PAGE: usize = 24;
/// What a page may take, in microseconds.
const PAGE_US_MAX: f64 = 3_000.0;
/// What it may take beside the floor.
const RATIO_MAX: f64 = 4.0;

fn main() -> Result<()> {
    let mode = Mode::from_args();
    let Some(mut docs) = shop::catalog(mode.pick(usize::MAX, 500))? else { return Ok(()) };
    let wanted = mode.pick(PRODUCTS_WANTED, 600);
    let copies: Vec<ProductDoc> = docs.iter().take(wanted.saturating_sub(docs.len())).map(copy).collect();
    docs.extend(copies);
    let plain = filled(&docs, &json!("position"), &[])?;
    let one = filled(&docs, &json!("most-viewed"), &[])?;
    let blend =
        json!({"blend": {"most-viewed": 0.5, "most-added-to-cart": 0.3, "most-purchased": 0.2}, "window": "7d"});
    let blended = filled(&docs, &blend, &[])?;
    let whole = filled(&docs, &blend, &acts(&docs))?;
    let answer = browse(&whole);
    assert_eq!((answer.total as usize, answer.items.len()), (docs.len(), PAGE), "every member is ranked");
    let snapshot = whole.snapshot();
    println!("{} products, load {:.1}", docs.len(), measure::load());
    let scores = measure::compete(
        &[()],
        mode.pick(301, 1),
        vec![
            Contestant::new("floor: 3 columns by id, bitmap, top 24", |(): &()| drop(black_box(floor(&snapshot)))),
            Contestant::new("positions, no acts", |(): &()| drop(black_box(browse(&plain)))),
            Contestant::new("one signal, no acts", |(): &()| drop(black_box(browse(&one)))),
            Contestant::new("blend of 3 signals, no acts", |(): &()| drop(black_box(browse(&blended)))),
            Contestant::new("blend of 3 signals, 200 acts", |(): &()| drop(black_box(browse(&whole)))),
        ],
    );
    println!("\n{:<40} | p50 us | p90 us | p99 us | of the floor", "category of everything");
    let least = micros(scores[0].times.quantile(0.5));
    for score in &scores {
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|q| micros(score.times.quantile(q)));
        println!("{:<40} | {p50:6.0} | {p90:6.0} | {p99:6.0} | {:5.2}", score.name, p50 / least);
    }
    println!("load {:.1} at the end", measure::load());
    let p50 = micros(scores[4].times.quantile(0.5));
    if mode.pick(true, false) {
        anyhow::ensure!(p50 < PAGE_US_MAX, "a page takes {p50:.0} us, at most {PAGE_US_MAX} allowed");
        anyhow::ensure!(p50 / least < RATIO_MAX, "{:.2} times the floor, at most {RATIO_MAX} allowed", p50 / least);
    }
    Ok(())
}

fn copy(doc: &ProductDoc) -> ProductDoc {
    let mut copy = doc.clone();
    copy.sku.push_str("-again");
    copy.variants.iter_mut().for_each(|variant| variant.sku.push_str("-again"));
    copy
}

fn filled(docs: &[ProductDoc], strategy: &Value, events: &[Value]) -> Result<Arc<Engine>> {
    let engine = shop::open(vec![json_plugin()])?;
    shop::fill(&engine, docs)?;
    let shoppers = shop::Shoppers::new(docs, VISITORS).next(EVENTS, shop::NOW_MS);
    engine.ingest_events(shoppers, Default::default())?;
    let rule = json!({"category": shop::EVERYTHING, "strategy": strategy, "events": events});
    engine.write_config(vec![shop::document("category-rule", "everything", &rule)], Default::default())?;
    Ok(engine)
}

fn json_plugin() -> planogram_core::engine::types::PluginEntry {
    let settings = json!({"events_max": 200}).to_string();
    planogram_core::engine::types::PluginEntry { settings, ..shop::plugin("category-merchandising") }
}

/// 200 acts: 40 pins, 60 boosts and 20 buries by sku, 60 boosts and 20 buries by a value of an attribute.
fn acts(docs: &[ProductDoc]) -> Vec<Value> {
    let sku = |at: usize| docs[at * 97 % docs.len()].sku.clone();
    let value = |at: usize, field: usize| json!({"field": shop::facet_code(field), "eq": format!("value {at}")});
    let pins = (0..40).map(|at| json!({"pin": sku(at), "position": 1 + at * 3}));
    let boosts = (40..100).map(|at| json!({"boost": sku(at), "factor": 1.5}));
    let buries = (100..120).map(|at| json!({"bury": sku(at)}));
    // Of an attribute of 150 values, and one of 300.
    let boosts_by_value = (0..60).map(|at| json!({"boost": value(at, 7), "factor": 1.2}));
    let buries_by_value = (0..20).map(|at| json!({"bury": value(at, 8)}));
    pins.chain(boosts).chain(buries).chain(boosts_by_value).chain(buries_by_value).collect()
}

fn browse(engine: &Engine) -> ListAnswer {
    let list = List::Category { path: shop::EVERYTHING.to_owned() };
    let answer = engine.list_here(&shop::request(list, Vec::new())).expect("the request is a good one");
    assert!(answer.degraded.is_empty(), "a degraded answer must not be measured: {:?}", answer.degraded);
    answer
}

/// The least that ranks every member by three signals: the columns gathered by id, the bitmap tested, 24 selected.
fn floor(snapshot: &Snapshot) -> Vec<(f32, u32)> {
    let catalog = &snapshot.catalog;
    let query =
        UniverseQuery { collection: PRODUCTS, purpose: Purpose::Catalog, view: "default", stock: StockRule::Any };
    let shown = catalog.universe(query).items;
    let category =
        catalog.category(shop::EVERYTHING).and_then(|id| catalog.members(id)).expect("the category is there");
    let items: Vec<u32> = category.iter().filter(|item| shown.contains(*item)).collect();
    let mut columns = [vec![0.0_f32; items.len()], vec![0.0; items.len()], vec![0.0; items.len()]];
    let counters = [Counter::Views, Counter::Carts, Counter::Purchases];
    for (column, counter) in columns.iter_mut().zip(counters) {
        snapshot.signals.shop().gather(SignalColumn::Count(counter, Window::Week), &items, column);
    }
    let [views, carts, purchases] = columns;
    let score = |row: usize| 0.5 * views[row] + 0.3 * carts[row] + 0.2 * purchases[row];
    let mut scored: Vec<(f32, u32)> = items.iter().enumerate().map(|(row, &item)| (score(row), item)).collect();
    let better = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    let last = PAGE.min(scored.len() - 1);
    scored.select_nth_unstable_by(last, better);
    scored.truncate(PAGE);
    scored.sort_unstable_by(better);
    scored
}
