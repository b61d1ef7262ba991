//! `planogram simulate`: shoppers over a catalog.
//!
//! The catalog is the one of the data directory; what the simulated shoppers do goes to standard output
//! as NDJSON (what `import` and `POST /v1/events` take) or straight into the shop.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use planogram_core::catalog::doc::ProductDoc;
use planogram_core::engine::Engine;
use planogram_core::engine::types::{Acknowledge, WriteOptions};
use planogram_core::id::{DAY_MS, TimeMs};
use planogram_core::signal::event::Event;
use planogram_datasets::shoppers::{SimConfig, of_catalog, simulate};
use planogram_server::wire::event;

use super::SimulateArgs;
use super::open::{Open, When};

/// Events of one log entry.
const CHUNK: usize = 1_000;
/// Time that the events of one log entry span: an entry stands at the time of its last event, and the first must not
/// be late by then, however few the shoppers are.
const CHUNK_SPAN_MS: TimeMs = DAY_MS / 4;

/// Runs the command.
pub fn run(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let (shop, _) = Open::dir(&args.data_dir, args.config.as_deref(), &When::AfterTheLast)?;
    let products = catalog(&shop);
    anyhow::ensure!(!products.is_empty(), "`{}` holds no product, import a catalog first", args.data_dir.display());
    let config =
        SimConfig { seed: args.seed, days: args.days, shoppers: args.shoppers as usize, ..SimConfig::default() };
    let now_ms =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as TimeMs);
    let config = config.ending_before(now_ms);
    let written = if args.into_shop {
        let config = after(config, shop.status().now_ms)?;
        let written = with_events(&products, config, &mut |events| {
            shop.reach(&events);
            ingest(&shop, events)
        })?;
        shop.flush().context("the last events")?;
        written
    } else {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        let written = with_events(&products, config, &mut |events| {
            events.iter().try_for_each(|e| writeln!(out, "{}", event::encode(e))).context("standard output")
        })?;
        out.flush().context("standard output")?;
        written
    };
    eprintln!("{written} events of {} shoppers over {} products in {} days", args.shoppers, products.len(), args.days);
    Ok(ExitCode::SUCCESS)
}

/// The same shoppers, beginning on the day after the shop's log ends.
fn after(config: SimConfig, last_ms: TimeMs) -> anyhow::Result<SimConfig> {
    let end_ms = config.end_ms();
    let start_ms = config.start_ms.max(last_ms.div_euclid(DAY_MS) * DAY_MS + DAY_MS);
    let days = (end_ms - start_ms) / DAY_MS;
    anyhow::ensure!(
        days > 0,
        "the log of this shop ends today, so there is no past to simulate: import the catalog with `--as-of` \
         and a date some weeks ago, or leave out `--into-shop`"
    );
    Ok(SimConfig { start_ms, days: days as u32, ..config })
}

/// Plays the shoppers and hands over what they do in chunks, in time order; returns how many events there were.
pub fn with_events(
    products: &[ProductDoc],
    config: SimConfig,
    take: &mut dyn FnMut(Vec<Event>) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let known = of_catalog(products);
    let mut events = simulate(&known, &config).peekable();
    let mut count = 0;
    while let Some(first) = events.next() {
        let end_ms = first.time_ms + CHUNK_SPAN_MS;
        let mut chunk = vec![first];
        while chunk.len() < CHUNK
            && let Some(event) = events.next_if(|event| event.time_ms < end_ms)
        {
            chunk.push(event);
        }
        count += chunk.len() as u64;
        take(chunk)?;
    }
    Ok(count)
}

/// Writes events into the shop.
pub fn ingest(engine: &Engine, events: Vec<Event>) -> anyhow::Result<()> {
    let options =
        WriteOptions { actor: "simulate".to_owned(), acknowledge: Acknowledge::Durable, ..WriteOptions::default() };
    let receipt = engine.ingest_events(events, options).context("events")?;
    match receipt.rejected.first() {
        None => Ok(()),
        Some(first) => anyhow::bail!("event {} was refused: {} {}", first.index, first.pointer, first.message),
    }
}

/// The products of the shop as they are now, in the order of their skus.
fn catalog(engine: &Engine) -> Vec<ProductDoc> {
    engine.skus().iter().filter_map(|sku| engine.product(sku)).collect()
}
