//! How long does it take to learn all vectors and graphs anew, and who notices?
//!
//! First from which size a graph pays: comparing all rows against walking a graph over them. Then a shop of 50,000
//! products and two million events on disk rebuilds its models as `POST /v1/models/rebuild` does, while searches come
//! at a fifth of what saturates it. `-- --threads 2` gives the builder both cores; it has one as shipped.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use planogram_benches::measure::{self, Mode, Sample, line, micros};
use planogram_benches::shop::{self, Visits};
use planogram_benches::traffic::{self, Offered};
use planogram_core::catalog::doc::ProductDoc;
use planogram_core::engine::Engine;
use planogram_core::id::ItemId;
use planogram_core::limits::{DEFAULT_MODEL_THREADS, GRAPH_EF_SEARCH, MODEL_DIMENSION};
use planogram_core::log::clock::{Clock, SystemClock};
use planogram_core::pipeline::request::List;
use planogram_core::vector::graph::{self, Graph, Scratch};
use planogram_core::vector::{Packed, Top, normalized, scan};
use planogram_datasets::rng::Rng;
use roaring::RoaringBitmap;

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Products of the shop.
const PRODUCTS: usize = 50_000;
/// Its events.
const EVENTS: usize = 2_000_000;
/// Events of one batch.
const BATCH: usize = 5_000;
/// Share of what saturates the shop that is searched.
const SEARCH_SHARE: f64 = 0.2;
/// Neighbors asked for.
const K: usize = 20;

fn main() -> Result<()> {
    let mode = Mode::from_args();
    crossover(mode);
    let Some(docs) = shop::catalog(mode.pick(usize::MAX, 300))? else { return Ok(()) };
    let dir = tempfile::tempdir()?;
    let engine = fill(grown(docs, mode.pick(PRODUCTS, 300)), mode.pick(EVENTS, 3_000), dir.path())?;
    rebuild(&engine, mode)
}

/// The number after `--threads`, else as shipped.
fn threads() -> usize {
    let number = std::env::args().skip_while(|argument| argument != "--threads").nth(1);
    number.and_then(|number| number.parse().ok()).unwrap_or(DEFAULT_MODEL_THREADS)
}

/// Exact scan against graph, over clusters of fifty.
fn crossover(mode: Mode) {
    println!(
        "{K} nearest of n vectors of {MODEL_DIMENSION}, us mean of the shortest of 3, load {:.1}",
        measure::load()
    );
    println!("{:>8} {:>12} {:>12} {:>10} {:>12}", "n", "compare all", "walk", "recall@20", "build s");
    for n in mode.pick(&[2_500_u32, 5_000, 10_000, 20_000][..], &[500]) {
        let (packed, queries) = clusters(*n);
        let begin = Instant::now();
        let graph = graph::build(&packed, &AtomicBool::new(false)).expect("nobody breaks the build off");
        let built = begin.elapsed();
        let (exact, scanned) = search(&queries, |query, top| {
            let universe: &RoaringBitmap = &query.1;
            scan(&packed, &query.0, universe, |_| true, top);
        });
        let mut scratch = Scratch::default();
        let (walked, walking) = search(&queries, |query, top| walk(&graph, &packed, &query.0, &mut scratch, top));
        let found: usize =
            exact.iter().zip(&walked).map(|(a, b)| a.iter().filter(|item| b.contains(item)).count()).sum();
        let recall = found as f64 / (exact.len() * K) as f64;
        println!("{n:>8} {:12.1} {:12.1} {recall:10.3} {:12.2}", micros(scanned), micros(walking), built.as_secs_f64());
    }
}

fn walk(graph: &Graph, packed: &Packed, query: &[f32], scratch: &mut Scratch, top: &mut Top) {
    graph.search(packed, query, GRAPH_EF_SEARCH, |_| true, scratch, top);
}

/// A query with everything allowed.
type Query = (Vec<f32>, RoaringBitmap);

/// The items found for each query, and the mean of each query's shortest time of three.
fn search(queries: &[Query], mut run: impl FnMut(&Query, &mut Top)) -> (Vec<Vec<ItemId>>, Duration) {
    let mut top = Top::default();
    let mut shortest = vec![Duration::MAX; queries.len()];
    let mut found = Vec::new();
    for _ in 0..3 {
        found.clear();
        for (query, shortest) in queries.iter().zip(&mut shortest) {
            let begin = Instant::now();
            top.reset(K);
            run(black_box(query), &mut top);
            *shortest = begin.elapsed().min(*shortest);
            found.push(top.best().iter().map(|near| near.item).collect());
        }
    }
    (found, Sample::new(shortest).mean())
}

/// `n` unit vectors around n / 50 centers, and 200 queries of the same kind.
fn clusters(n: u32) -> (Packed, Vec<Query>) {
    let mut rng = Rng::fork(u64::from(n), "clusters");
    let mut point = |near: Option<&[f32]>| -> Vec<f32> {
        let noise = (0..MODEL_DIMENSION).map(|_| (rng.unit() + rng.unit() - 1.0) as f32);
        let center = near.unwrap_or(&[0.0; MODEL_DIMENSION]);
        let values: Vec<f32> = noise.zip(center).map(|(noise, center)| noise + 2.0 * center).collect();
        normalized(&values).expect("noise is not zero")
    };
    let centers: Vec<Vec<f32>> = (0..n.div_ceil(50)).map(|_| point(None)).collect();
    let mut near = |row: u32| point(Some(&centers[row as usize % centers.len()]));
    let rows: Vec<Vec<f32>> = (0..n).map(&mut near).collect();
    let packed = Packed::new(MODEL_DIMENSION, rows.iter().zip(0..).map(|(row, item)| (ItemId(item), row.as_slice())))
        .expect("all rows have one length");
    let everything: RoaringBitmap = (0..n).collect();
    let queries = (0..200).map(|row| (near(row * 7), everything.clone())).collect();
    (packed, queries)
}

/// The catalog with as many products more, copies of its first, as make `n`.
fn grown(mut docs: Vec<ProductDoc>, n: usize) -> Vec<ProductDoc> {
    for at in 0..n.saturating_sub(docs.len()) {
        let mut copy = docs[at].clone();
        copy.sku.push_str("-again");
        copy.variants.iter_mut().for_each(|variant| variant.sku.push_str("-again"));
        docs.push(copy);
    }
    docs
}

fn fill(docs: Vec<ProductDoc>, n_events: usize, dir: &Path) -> Result<Arc<Engine>> {
    let engine = shop::open_whole(dir, threads())?;
    let begin = Instant::now();
    shop::fill(&engine, &docs)?;
    let mut visits = Visits::new(docs.len());
    let (mut batch, mut number) = (Vec::new(), 0);
    for visit in 0.. {
        let sku = |item: u32| docs[item as usize].sku.clone();
        let events = shop::visit_events(&mut visits, number, visit, sku, SystemClock.now_ms());
        number += events.len() as u64;
        batch.extend(events);
        if batch.len() >= BATCH || number as usize >= n_events {
            engine.ingest_events(std::mem::take(&mut batch), shop::durable())?;
        }
        if number as usize >= n_events {
            break;
        }
    }
    engine.flush()?;
    println!("\n{} products, {number} events, filled in {:.0?}", docs.len(), begin.elapsed());
    Ok(engine)
}

fn rebuild(engine: &Arc<Engine>, mode: Mode) -> Result<()> {
    let skus = engine.skus();
    let docs: Vec<ProductDoc> = skus.iter().filter_map(|sku| engine.product(sku)).collect();
    let search = |text: String| shop::request(List::Search { text }, shop::facet_codes());
    let requests: Vec<_> = shop::queries(&docs, 1_000).into_iter().map(search).collect();
    drop(docs);
    let lasting = Duration::from_millis(mode.pick(4_000, 300));
    let saturated = traffic::saturate(engine, &requests, lasting);
    let run = || traffic::offer(engine, &requests, saturated * SEARCH_SHARE, lasting);
    let alone: Vec<Offered> = (0..mode.pick(5, 1)).map(|_| run()).collect();
    let (load, before, begin) = (measure::load(), measure::cpu_by_thread(), Instant::now());
    let (took, spent, during) = thread::scope(|scope| -> Result<_> {
        let building = scope.spawn(|| {
            let built = engine.rebuild_models();
            (built, begin.elapsed())
        });
        let (mut during, mut spent) = (Vec::new(), Duration::ZERO);
        while !building.is_finished() {
            during.push(run());
            // The builder's helpers, and what they spent, are gone when it has finished.
            let builders =
                measure::cpu_since(&before).into_iter().filter(|(name, _)| name.starts_with("planogram-model"));
            spent = spent.max(builders.map(|(_, cpu)| cpu).sum());
        }
        let (built, took) = building.join().expect("the caller does not panic");
        built.context("the models were not rebuilt")?;
        Ok((took, spent, during))
    })?;
    println!("\nrebuild with {} thread(s), load {load:.1} before, {:.1} after", threads(), measure::load());
    for space in engine.models().spaces {
        let kind = if space.has_graph { "with a graph" } else { "without a graph" };
        line(&format!("space {}", space.name), format!("{} items, {kind}", space.n_items), "");
    }
    line("time, s", format!("{:.1}", took.as_secs_f64()), "180");
    line("processor until the last look, s", format!("{:.1}", spent.as_secs_f64()), "");
    let rate = saturated * SEARCH_SHARE;
    println!("  searches, {rate:.0} a second, medians of {} runs before and {} during", alone.len(), during.len());
    traffic::print_ratios(&alone, &during, "during the rebuild", "2");
    Ok(())
}
