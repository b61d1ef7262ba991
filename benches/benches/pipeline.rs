//! What does one request cost, and what of it is ours?
//!
//! Searches and a category page of everything over a real catalog, with and without facets and plugins, beside the search
//! library alone. First a table over all queries, every row run over the same queries in every round; then
//! criterion's own statistics of the same rows. Plugins are loaded from files, as the server loads them.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::Result;
use criterion::{BenchmarkId, Criterion};
use planogram_benches::measure::{self, Contestant, Mode, Score, micros};
use planogram_benches::plain::Plain;
use planogram_benches::shop;
use planogram_core::catalog::doc::ProductDoc;
use planogram_core::engine::Engine;
use planogram_core::engine::types::PluginEntry;
use planogram_core::pipeline::again;
use planogram_core::pipeline::request::{List, ListAnswer};
use serde_json::json;

/// Events the signals are made of.
const EVENTS: usize = 50_000;
/// Visitors that cause them.
const VISITORS: usize = 5_000;

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let mode = Mode::from_args();
    let Some(docs) = shop::catalog(mode.pick(usize::MAX, 500))? else { return Ok(()) };
    let queries = shop::queries(&docs, mode.pick(1_000, 20));
    let shops = Shops::open(&docs)?;
    println!("{} products, {} queries, load {:.1}", docs.len(), queries.len(), measure::load());
    shops.print_match_sizes(&queries);
    print_table("search, two words", &measure::compete(&queries, mode.pick(5, 1), shops.searches()));
    print_table("while typing, (c)", &measure::compete(&queries, mode.pick(5, 1), shops.typed()));
    print_table("category page", &measure::compete(&[()], mode.pick(101, 1), shops.pages()));
    println!("load {:.1} at the end", measure::load());
    let mut criterion = Criterion::default().configure_from_args();
    shops.measure(&mut criterion, &queries);
    criterion.final_summary();
    Ok(())
}

/// The same catalog four times: without plugins, with each of the two, and in the search library alone.
struct Shops {
    bare: Arc<Engine>,
    searching: Arc<Engine>,
    merchandised: Arc<Engine>,
    plain: Plain,
}

impl Shops {
    fn open(docs: &[ProductDoc]) -> Result<Self> {
        let merchandised = filled(docs, vec![shop::plugin("category-merchandising")])?;
        let rule = json!({"category": shop::EVERYTHING, "strategy": "most-viewed", "window": "7d"});
        merchandised.write_config(vec![shop::document("category-rule", "everything", &rule)], Default::default())?;
        Ok(Self {
            bare: filled(docs, Vec::new())?,
            searching: filled(docs, vec![shop::plugin("live-search")])?,
            merchandised,
            plain: Plain::new(docs)?,
        })
    }

    fn print_match_sizes(&self, queries: &[String]) {
        let mut sizes: Vec<u64> = queries.iter().map(|query| search(&self.bare, query, &[]).total).collect();
        sizes.sort_unstable();
        let at = |q: usize| sizes[(sizes.len() - 1) * q / 100];
        println!("matches a query: p10 {}, p50 {}, p90 {}, p99 {}, most {}", at(10), at(50), at(90), at(99), at(100));
    }

    /// The rows on this thread look for themselves each time; a worker of the pool keeps what it found from the first
    /// round on.
    fn searches(&self) -> Vec<Contestant<'_, String>> {
        let facets = shop::facet_codes();
        let (counted, repeated) = (facets.clone(), facets.clone());
        vec![
            Contestant::new("tantivy, top 24", |query: &String| drop(black_box(self.plain.search(query)))),
            Contestant::new("tantivy, top 24, 3 aggregations", |query: &String| {
                drop(black_box(self.plain.search_and_count(query)));
            }),
            Contestant::new("(a) no plugins, no facets", |query: &String| {
                drop(black_box(search(&self.bare, query, &[])))
            }),
            Contestant::new("(b) no plugins, 10 facets", move |query: &String| {
                drop(black_box(search(&self.bare, query, &facets)));
            }),
            Contestant::new("(c) live-search, 10 facets", move |query: &String| {
                drop(black_box(search(&self.searching, query, &counted)));
            }),
            Contestant::new("(a) through the pool, asked again", |query: &String| {
                let request = shop::request(List::Search { text: query.clone() }, Vec::new());
                drop(black_box(self.bare.list(request)));
            }),
            Contestant::new("(c) through the pool, asked again", move |query: &String| {
                let request = shop::request(List::Search { text: query.clone() }, repeated.clone());
                drop(black_box(self.searching.list(request)));
            }),
        ]
    }

    /// The same queries as they look on the way, and with a slip.
    fn typed(&self) -> Vec<Contestant<'_, String>> {
        let row = |name: &str, write: fn(&str) -> String| {
            let facets = shop::facet_codes();
            Contestant::new(name, move |query: &String| {
                drop(black_box(search(&self.searching, &write(query), &facets)));
            })
        };
        vec![
            row("both words whole", str::to_owned),
            row("the last word without its last letter", |query| without_last(query, 1)),
            row("the last word without its last two", |query| without_last(query, 2)),
            row("two letters of the longest word swapped", misspelled),
        ]
    }

    fn pages(&self) -> Vec<Contestant<'_, ()>> {
        let facets = shop::facet_codes();
        let counted = facets.clone();
        vec![
            Contestant::new("(d) no plugins, no facets", |(): &()| drop(black_box(browse(&self.bare, &[])))),
            Contestant::new("(e) no plugins, 10 facets", move |(): &()| drop(black_box(browse(&self.bare, &facets)))),
            Contestant::new("(f) category-merchandising, no facets", |(): &()| {
                drop(black_box(browse(&self.merchandised, &[])));
            }),
            Contestant::new("(g) category-merchandising, 10 facets", move |(): &()| {
                drop(black_box(browse(&self.merchandised, &counted)));
            }),
        ]
    }

    fn measure(&self, criterion: &mut Criterion, queries: &[String]) {
        let facets = shop::facet_codes();
        let mut group = criterion.benchmark_group("search");
        let mut each = |name: &str, run: &dyn Fn(&str)| {
            let mut next = queries.iter().cycle();
            group.bench_function(name, |bencher| {
                bencher.iter(|| run(next.next().expect("a cycle of queries does not end")));
            });
        };
        each("tantivy", &|query| drop(black_box(self.plain.search(query))));
        each("tantivy-aggregations", &|query| drop(black_box(self.plain.search_and_count(query))));
        each("no-plugins", &|query| drop(black_box(search(&self.bare, query, &[]))));
        each("no-plugins-facets", &|query| drop(black_box(search(&self.bare, query, &facets))));
        each("live-search-facets", &|query| drop(black_box(search(&self.searching, query, &facets))));
        group.finish();
        let mut group = criterion.benchmark_group("category");
        for (name, engine) in [("no-plugins", &self.bare), ("category-merchandising", &self.merchandised)] {
            group.bench_with_input(BenchmarkId::new(name, "facets"), &facets, |bencher, facets| {
                bencher.iter(|| browse(engine, facets));
            });
        }
        group.finish();
    }
}

fn filled(docs: &[ProductDoc], plugins: Vec<PluginEntry>) -> Result<Arc<Engine>> {
    let engine = shop::open(plugins)?;
    shop::fill(&engine, docs)?;
    let events = shop::Shoppers::new(docs, VISITORS).next(EVENTS, shop::NOW_MS);
    engine.ingest_events(events, Default::default())?;
    Ok(engine)
}

/// A query whose end is not typed yet.
fn without_last(query: &str, letters: usize) -> String {
    let n = query.chars().count().saturating_sub(letters);
    query.chars().take(n).collect()
}

/// A query with the second and third letter of its longest word swapped; of a word with digits, too.
fn misspelled(query: &str) -> String {
    let words: Vec<&str> = query.split(' ').collect();
    let longest = (0..words.len()).max_by_key(|at| words[*at].chars().count()).unwrap_or(0);
    let swapped = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.swap(1, 2);
        letters.into_iter().collect::<String>()
    };
    let each =
        words.iter().enumerate().map(|(at, word)| if at == longest { swapped(word) } else { (*word).to_owned() });
    each.collect::<Vec<_>>().join(" ")
}

/// A search that was not asked before.
fn search(engine: &Engine, query: &str, facets: &[String]) -> ListAnswer {
    again::forget();
    list(engine, List::Search { text: query.to_owned() }, facets)
}

fn browse(engine: &Engine, facets: &[String]) -> ListAnswer {
    list(engine, List::Category { path: shop::EVERYTHING.to_owned() }, facets)
}

fn list(engine: &Engine, list: List, facets: &[String]) -> ListAnswer {
    let answer = engine.list_here(&shop::request(list, facets.to_vec())).expect("the request is a good one");
    assert!(answer.degraded.is_empty(), "a degraded answer must not be measured: {:?}", answer.degraded);
    answer
}

/// One line a contestant; ratios are to the first.
fn print_table(what: &str, scores: &[Score]) {
    println!("\n{what:<38} | p50 us | p90 us | p99 us | mean us | cpu us | mean ratio");
    let Some(first) = scores.first() else { return };
    for Score { name, times, cpu } in scores {
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|q| micros(times.quantile(q)));
        let (mean, ratio) = (micros(times.mean()), micros(times.mean()) / micros(first.times.mean()));
        println!("{name:<38} | {p50:6.0} | {p90:6.0} | {p99:6.0} | {mean:7.0} | {:6.0} | {ratio:5.2}", micros(*cpu));
    }
}
