//! `planogram demo`: a whole shop to play with.
//!
//! The shop is generated from a seed, never shipped as data. It is built once into the data directory; a later start
//! finds it there. Images are drawn when they are asked for.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use planogram_core::catalog::doc::{CategoryChange, ProductDoc};
use planogram_core::config::document::DocumentWrite;
use planogram_core::engine::Engine;
use planogram_core::engine::types::{Acknowledge, WriteError, WriteOptions};
use planogram_core::log::clock::{Clock, HistoryClock, SystemClock};
use planogram_datasets::shop::{self, ShopConfig};
use planogram_datasets::shoppers::SimConfig;
use planogram_server::state::Images;
use planogram_server::telemetry;

use super::serve::serve_shop;
use super::{DemoArgs, simulate};

/// Data directory when the command line names none.
const DATA_DIR: &str = "planogram-demo";
/// File in the data directory that says that the shop is complete.
const MARKER: &str = "demo-complete";
/// Rows of one log entry.
const CHUNK: usize = 1_000;

/// A shop as plain documents, whatever made it.
pub struct Seed {
    /// Configuration first, since it names store views, price books and attributes.
    pub documents: Vec<DocumentWrite>,
    /// The category tree, parents first.
    pub categories: Vec<CategoryChange>,
    /// Products.
    pub products: Vec<ProductDoc>,
    /// The shoppers who make its history.
    pub shoppers: SimConfig,
}

/// Runs the command.
pub fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let mut settings = args.common.settings()?;
    if args.common.data_dir.is_none() && args.common.config.is_none() {
        settings.engine.data_dir = DATA_DIR.to_owned();
    }
    if std::env::var_os("RUST_LOG").is_none() && args.common.config.is_none() {
        // The three requests should be the last thing on the screen.
        settings.log.filter = "warn".to_owned();
    }
    telemetry::log(&settings.log);
    let config = ShopConfig { seed: args.seed, products: args.products as usize, now_ms: SystemClock.now_ms() };
    let shoppers = args.shoppers;
    let images: Images = Arc::new(|sku| Some(shop::image(sku)));
    let marker = (!settings.engine.data_dir.is_empty()).then(|| Path::new(&settings.engine.data_dir).join(MARKER));
    if marker.as_ref().is_some_and(|marker| marker.exists()) {
        let ready = |address: &str| print!("{}", examples(address));
        return serve_shop(settings, Some(images), Arc::new(SystemClock), |_| Ok(()), ready);
    }
    refuse_half_built(&settings.engine.data_dir)?;
    let seed = seed(config, shoppers);
    // The shop's past enters the log at its own time; from then on the shop lives now.
    let clock = Arc::new(HistoryClock::at(seed.shoppers.start_ms));
    let history = clock.clone();
    let prepare = move |engine: &Arc<Engine>| {
        let built = populate(engine, seed, &history, &mut |line| {
            eprint!("\r{line:<60}");
            // The progress is a courtesy: a closed standard error must not stop the shop.
            drop(std::io::stderr().flush());
        });
        history.go_live();
        eprintln!();
        let marked = built.and_then(|()| match marker {
            Some(marker) => std::fs::write(&marker, "").with_context(|| format!("`{}`", marker.display())),
            None => Ok(()),
        });
        marked.map_err(|error| format!("{error:#}"))
    };
    serve_shop(settings, Some(images), clock, prepare, |address| print!("{}", examples(address)))
}

/// A shop whose building was interrupted lacks a part of its past, which cannot be written behind the rest.
fn refuse_half_built(data_dir: &str) -> anyhow::Result<()> {
    let is_empty = data_dir.is_empty() || std::fs::read_dir(data_dir).map_or(true, |mut files| files.next().is_none());
    anyhow::ensure!(
        is_empty,
        "`{data_dir}` holds a shop that is not a complete demo: remove that directory, or name another with --data-dir"
    );
    Ok(())
}

/// The demo shop.
fn seed(config: ShopConfig, shoppers: u32) -> Seed {
    let shop = shop::generate(config);
    let sim = SimConfig { seed: config.seed, shoppers: shoppers as usize, ..SimConfig::default() };
    Seed {
        documents: shop.documents.into_iter().map(|d| d.into_write("demo", "the demo shop")).collect(),
        categories: shop.categories,
        products: shop.products,
        shoppers: sim.ending_before(config.now_ms),
    }
}

/// Writes a shop into an engine, in chunks; `clock` is the engine's and follows the events. `progress` gets a
/// line now and then.
///
/// # Errors
/// A chunk of which nothing was accepted, or a row that was refused: the shop is ours, all of it must be good.
pub fn populate(
    engine: &Engine,
    seed: Seed,
    clock: &HistoryClock,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<()> {
    let options =
        WriteOptions { actor: "demo".to_owned(), acknowledge: Acknowledge::Durable, ..WriteOptions::default() };
    progress("configuration");
    // One document a write: the kernel refuses a write as a whole, and a message should name one document.
    for document in seed.documents {
        let key = format!("{}/{}", document.key.kind, document.key.id);
        match engine.write_config(vec![document], options.clone()) {
            Ok(_) | Err(WriteError::Conflict { .. }) => {}
            // A plugin that was switched off leaves its documents out, and the shop works without them.
            Err(WriteError::UnknownKind { kind, .. }) => {
                tracing::warn!(kind, key, "document left out, nobody owns its kind")
            }
            Err(error) => return Err(problems(error)).with_context(|| format!("document `{key}`")),
        }
    }
    engine.change_categories(seed.categories, options.clone()).context("categories")?;
    let total = seed.products.len();
    let mut done = 0;
    for chunk in seed.products.chunks(CHUNK) {
        let receipt = engine.put_products(chunk.to_vec(), options.clone()).context("products")?;
        if let Some(first) = receipt.rejected.first() {
            anyhow::bail!("product {} was refused: {} {}", done + first.index, first.pointer, first.message);
        }
        done += chunk.len();
        progress(&format!("products {done} of {total}"));
    }
    let mut events = 0;
    if seed.shoppers.shoppers > 0 {
        simulate::with_events(&seed.products, seed.shoppers, &mut |chunk| {
            events += chunk.len();
            progress(&format!("events {events}"));
            if let Some(last) = chunk.last() {
                clock.show(last.time_ms);
            }
            simulate::ingest(engine, chunk)
        })?;
    }
    progress("text index");
    engine.flush().context("the last of the shop")?;
    Ok(())
}

/// A refused document with everything that is wrong with it.
fn problems(error: WriteError) -> anyhow::Error {
    let listed = match &error {
        WriteError::Refused { problems, .. } => problems
            .iter()
            .map(|p| format!("{} {} (allowed: {})", p.pointer, p.message, p.allowed))
            .collect::<Vec<_>>()
            .join("; "),
        _ => String::new(),
    };
    if listed.is_empty() { error.into() } else { anyhow::Error::from(error).context(listed) }
}

fn examples(address: &str) -> String {
    format!(
        "\nThe demo shop is open at {address}\n\n\
         Search:\n  curl '{address}/v1/search?q=jacket&page_size=3&explain=true'\n\
         A category, cheapest first:\n  curl '{address}/v1/categories/Women/Clothing/products?page_size=3&sort=price:asc'\n\
         A recommendation, with its reasons:\n  curl '{address}/v1/recommendations/home-popular?page_size=3&explain=true'\n\n\
         The API in full: {address}/openapi.json. Stop with Ctrl-C.\n"
    )
}
