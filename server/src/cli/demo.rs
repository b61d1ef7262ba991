//! `planogram demo`: a whole shop to play with.
//!
//! The shop is generated from a seed, never shipped as data. It is built once into the data directory; a later start
//! finds it there. Images are drawn when they are asked for.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use planogram_core::catalog::doc::{CategoryChange, ProductDoc};
use planogram_core::config::document::DocumentWrite;
use planogram_core::engine::Engine;
use planogram_core::engine::types::{Acknowledge, WriteOptions};
use planogram_datasets::shop::{self, ShopConfig};
use planogram_datasets::shoppers::SimConfig;
use planogram_server::state::Images;
use planogram_server::telemetry;

use super::serve::serve_shop;
use super::{DemoArgs, simulate};

/// Data directory when the command line names none.
const DATA_DIR: &str = "planogram-demo";
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
    let config = ShopConfig { seed: args.seed, products: args.products as usize, ..ShopConfig::default() };
    let shoppers = args.shoppers;
    let images: Images = Arc::new(|sku| Some(shop::image(sku)));
    let prepare = move |engine: &Arc<Engine>| {
        if engine.status().products > 0 {
            return;
        }
        let built = populate(engine, seed(config, shoppers), &mut |line| {
            eprint!("\r{line:<60}");
            // The progress is a courtesy: a closed standard error must not stop the shop.
            drop(std::io::stderr().flush());
        });
        match built {
            Ok(()) => eprintln!(),
            Err(error) => tracing::error!(%error, "the demo shop is not complete"),
        }
    };
    serve_shop(settings, Some(images), prepare, |address| print!("{}", examples(address)))
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

/// Writes a shop into an engine, in chunks. `progress` gets a line now and then.
///
/// # Errors
/// A chunk of which nothing was accepted, or a row that was refused: the shop is ours, all of it must be good.
pub fn populate(engine: &Engine, seed: Seed, progress: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let options = WriteOptions { actor: "demo".to_owned(), acknowledge: Acknowledge::Durable, ..WriteOptions::default() };
    progress("configuration");
    // One document a write: the kernel refuses a write as a whole, and a message should name one document.
    for document in seed.documents {
        let key = format!("{}/{}", document.key.kind, document.key.id);
        engine.write_config(vec![document], options.clone()).with_context(|| format!("document `{key}`"))?;
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
            simulate::ingest(engine, chunk)
        })?;
    }
    progress("text index");
    engine.flush().context("the last of the shop")?;
    Ok(())
}

fn examples(address: &str) -> String {
    format!(
        "\nThe demo shop is open at {address}\n\n\
         Search:\n  curl '{address}/v1/search?q=jacket&page_size=3&explain=true'\n\
         A category, cheapest first:\n  curl '{address}/v1/categories/Women/Clothing/products?page_size=3&sort=price:asc'\n\
         A recommendation, with its reasons:\n  curl '{address}/v1/recommendations/home-most-viewed?page_size=3&explain=true'\n\n\
         The API in full: {address}/openapi.json. Stop with Ctrl-C.\n"
    )
}
