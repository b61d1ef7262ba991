//! What does a suggestion cost while somebody types?
//!
//! The real catalog, and 30,000 queries that three shoppers each found something with. Every beginning of 300 of the
//! queries is asked, letter by letter, and so are beginnings with a typing error; a request's time is its shortest of
//! five rounds, since neighbors on the machine only add to it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use planogram_benches::measure::{self, Mode, Sample, micros};
use planogram_benches::shop;
use planogram_core::engine::Engine;
use planogram_core::pipeline::request::SuggestRequest;
use planogram_core::signal::event::{Event, EventItem, EventKind};

/// Queries that shoppers used.
const QUERIES: usize = 30_000;
/// Queries that are typed letter by letter.
const TYPED: usize = 300;
/// Events of one write.
const BATCH: usize = 5_000;

fn main() -> Result<()> {
    let mode = Mode::from_args();
    let Some(docs) = shop::catalog(mode.pick(usize::MAX, 500))? else { return Ok(()) };
    let queries = shop::queries(&docs, mode.pick(QUERIES, 50));
    let engine = shop::open(Vec::new())?;
    shop::fill(&engine, &docs)?;
    let events: Vec<Event> = queries.iter().zip(0..).flat_map(|(query, n)| uses(query, &docs[0].sku, n)).collect();
    for batch in events.chunks(BATCH) {
        engine.ingest_events(batch.to_vec(), shop::durable())?;
    }
    engine.flush()?;
    println!("{} products, {} queries used, load {:.1}", docs.len(), queries.len(), measure::load());
    let typed: Vec<&String> = queries.iter().take(mode.pick(TYPED, 10)).collect();
    let begun =
        |letters: usize| -> Vec<String> { typed.iter().map(|query| query.chars().take(letters).collect()).collect() };
    println!("what is asked          | p50 us | p99 us | most us | found");
    print_row(&engine, "nothing typed", &[String::new()]);
    for letters in [1, 2, 3, 4, 6, 8] {
        print_row(&engine, &format!("{letters} letters"), &begun(letters));
    }
    let all: Vec<String> = (1..=12).flat_map(begun).collect();
    print_row(&engine, "1 to 12 letters", &all);
    let misspelled: Vec<String> = typed.iter().filter_map(|query| misspelled(query)).collect();
    print_row(&engine, "a misspelled word", &misspelled);
    Ok(())
}

/// Three shoppers search for it and are shown something.
fn uses(query: &str, sku: &str, n: usize) -> Vec<Event> {
    let item = EventItem { sku: sku.into(), quantity: 1.0, price_minor: None, position: Some(0) };
    let of = |shopper: usize| Event {
        id: format!("{n}-{shopper}"),
        time_ms: shop::NOW_MS,
        kind: EventKind::SearchResponse,
        visitor: format!("v{n}-{shopper}"),
        customer: None,
        session: String::new(),
        store_view: String::new(),
        request_id: None,
        items: vec![item.clone()],
        query: Some(query.into()),
        category: None,
        unit: None,
        order: None,
        consent: true,
        attributes: Default::default(),
    };
    (0..3).map(of).collect()
}

/// The first word of a query with its third letter doubled, if it is long enough to be corrected.
fn misspelled(query: &str) -> Option<String> {
    let word = query.split(' ').next().filter(|word| word.is_ascii() && word.len() > 5)?;
    Some(format!("{}{}", &word[..3], &word[2..]))
}

fn print_row(engine: &Engine, name: &str, texts: &[String]) {
    let mut shortest = vec![Duration::MAX; texts.len()];
    let mut found = 0;
    for _ in 0..5 {
        for (shortest, text) in shortest.iter_mut().zip(texts) {
            let request = SuggestRequest { text: text.clone(), limit: 8, ..SuggestRequest::default() };
            let begin = Instant::now();
            let answer = black_box(engine.suggest_here(&request)).expect("the request is a good one");
            *shortest = begin.elapsed().min(*shortest);
            found += usize::from(!answer.suggestions.is_empty());
        }
    }
    let share = found as f64 / (5 * texts.len().max(1)) as f64;
    let times = Sample::new(shortest);
    let [p50, p99, most] = [0.5, 0.99, 1.0].map(|q| micros(times.quantile(q)));
    println!("{name:<22} | {p50:6.0} | {p99:6.0} | {most:7.0} | {:4.0} %", 100.0 * share);
}
