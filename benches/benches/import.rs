//! How many products a second does a shop take in for good, and where does the time go?
//!
//! The same file of products twice. The search library alone, as its manual has it: one writing thread, stemmed name,
//! brand and description, on disk, from parsed products to the end of its commit. And the whole way of
//! `planogram import`: lines are unpacked and parsed, rows checked, logged, folded and indexed, until all can be found.
//! Rounds alternate, so that whatever the machine does meets both. Closing a shop is not measured.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use planogram_benches::measure::{self, Mode, line, median, millis};
use planogram_benches::shop;
use planogram_core::catalog::doc::ProductDoc;
use planogram_core::engine::Engine;
use planogram_core::engine::types::{EngineConfig, ModelConfig};
use planogram_datasets::loaders::products::products;
use planogram_datasets::real;
use tantivy::schema::{FAST, INDEXED, IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, TantivyDocument};

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows of one log entry, as `planogram import` has it.
const BATCH: usize = 1_000;
/// Bytes the library's one thread may use before it writes a segment: enough for all in one.
const WRITER_BYTES: usize = 512 << 20;
/// Threads that took less are not listed.
const LISTED_MIN: Duration = Duration::from_millis(10);

fn main() -> Result<()> {
    let mode = Mode::from_args();
    let Some(folder) = real::dir("retrotech") else { return Ok(()) };
    let file = folder.join("products.jsonl.gz");
    let max = mode.pick(usize::MAX, 500);
    let docs = products(&file)?.take(max).collect::<Result<Vec<_>, _>>()?;
    println!("{} products, load {:.1}", docs.len(), measure::load());
    let (mut plain, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..mode.pick(5, 1) {
        plain.push(index_alone(&docs)?);
        whole.push(import(&file, max, docs.len())?);
    }
    let rate = |took: Duration| docs.len() as f64 / took.as_secs_f64().max(1e-9);
    let (a, b) = (rate(median(plain.iter().map(|one| one.took))), rate(median(whole.iter().map(|one| one.took))));
    line("the search library alone, products a second", format!("{a:.0}"), "");
    line("planogram, from the file until found", format!("{b:.0}"), "");
    line("  ratio of medians", format!("{:.2}", b / a), "0.70 or more");
    let fastest = |took: &mut dyn Iterator<Item = Duration>| took.min().unwrap_or_default();
    let (a, b) = (fastest(&mut plain.iter().map(|one| one.took)), fastest(&mut whole.iter().map(|one| one.took)));
    line("  ratio of the fastest rounds", format!("{:.2}", a.as_secs_f64() / b.as_secs_f64().max(1e-9)), "");
    // What two cores that nobody else uses could do at best: a busy machine says little about wall time.
    let (a, b) = (fastest(&mut plain.iter().map(|one| one.cpu)), fastest(&mut whole.iter().map(|one| one.cpu)));
    line("time on the processor: library, planogram, ms", format!("{:.0}, {:.0}", millis(a), millis(b)), "");
    if let Some(cheapest) = whole.iter().min_by_key(|one| one.cpu) {
        cheapest.print();
    }
    println!("load {:.1} at the end", measure::load());
    Ok(())
}

/// What the library alone took, and its time on the processor.
struct Alone {
    took: Duration,
    cpu: Duration,
}

/// Indexes parsed products with the library; from the first one to the end of the commit.
fn index_alone(docs: &[ProductDoc]) -> Result<Alone> {
    let stemmed = TextFieldIndexing::default()
        .set_tokenizer("en_stem")
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text = TextOptions::default().set_indexing_options(stemmed);
    let mut schema = Schema::builder();
    let item = schema.add_u64_field("item", INDEXED | FAST);
    let sku = schema.add_text_field("sku", STRING);
    let [name, brand, description] = ["name", "brand", "description"].map(|n| schema.add_text_field(n, text.clone()));
    let dir = tempfile::tempdir()?;
    let index = Index::create_in_dir(dir.path(), schema.build())?;
    let mut writer = index.writer_with_num_threads::<TantivyDocument>(1, WRITER_BYTES)?;
    let (begin, process) = (Instant::now(), measure::cpu_of_process());
    for (number, doc) in docs.iter().enumerate() {
        let mut document = TantivyDocument::default();
        document.add_u64(item, number as u64);
        document.add_text(sku, &doc.sku);
        document.add_text(name, &doc.name);
        document.add_text(brand, doc.brand.as_deref().unwrap_or_default());
        document.add_text(description, &doc.description);
        writer.add_document(document)?;
    }
    writer.commit()?;
    let (took, cpu) = (begin.elapsed(), measure::cpu_of_process() - process);
    writer.wait_merging_threads()?;
    Ok(Alone { took, cpu })
}

/// What one import took.
struct Import {
    took: Duration,
    /// Time on the processor of all threads.
    cpu: Duration,
    /// Of the thread that reads the file and hands rows in: parsing, checking.
    reading: Duration,
    parsing: Duration,
    /// Of the shop's other threads, by name.
    threads: Vec<(String, Duration)>,
}

/// Imports the file into a new shop.
fn import(file: &Path, max: usize, expected: usize) -> Result<Import> {
    let dir = tempfile::tempdir()?;
    let engine = open(dir.path())?;
    let (before, process, here) = (measure::cpu_by_thread(), measure::cpu_of_process(), measure::cpu_here());
    let mut parsing = Duration::ZERO;
    let begin = Instant::now();
    let mut rows = products(file)?.take(max);
    let mut written = 0;
    loop {
        let parsed = Instant::now();
        let batch = rows.by_ref().take(BATCH).collect::<Result<Vec<_>, _>>()?;
        parsing += parsed.elapsed();
        if batch.is_empty() {
            break;
        }
        written += engine.put_products(batch, shop::durable())?.accepted as usize;
    }
    engine.flush().context("the shop closed while it was filled")?;
    let took = begin.elapsed();
    anyhow::ensure!(written == expected, "{written} of {expected} products were accepted");
    let (cpu, reading) = (measure::cpu_of_process() - process, measure::cpu_here().saturating_sub(here));
    let mine = std::thread::current().name().unwrap_or_default().to_owned();
    let threads = measure::cpu_since(&before).into_iter().filter(|(name, _)| *name != mine).collect();
    engine.close();
    Ok(Import { took, cpu, reading, parsing, threads })
}

/// A shop on disk as `planogram import` opens it, without plugins.
fn open(dir: &Path) -> Result<Arc<Engine>> {
    let models = ModelConfig { every_ms: 0, every_changes: 0, ..ModelConfig::default() };
    let text_commit = Duration::from_secs(60);
    let config = EngineConfig { data_dir: Some(dir.to_owned()), models, text_commit, ..EngineConfig::default() };
    Ok(Engine::open(config)?)
}

impl Import {
    fn print(&self) {
        println!("where the time of the cheapest import goes, ms on the processor (the two marked * are wall time)");
        line("* all, parsing", format!("{:.0}, {:.0}", millis(self.took), millis(self.parsing)), "");
        line("all threads", format!("{:.0}", millis(self.cpu)), "");
        line("  reading, parsing, checking", format!("{:.0}", millis(self.reading)), "");
        let mut named = self.reading;
        for (name, cpu) in self.threads.iter().filter(|(name, _)| name.starts_with("planogram") || name == "log-writer")
        {
            named += *cpu;
            if *cpu >= LISTED_MIN {
                line(&format!("  {name}"), format!("{:.0}", millis(*cpu)), "");
            }
        }
        line("  the library's own threads", format!("{:.0}", millis(self.cpu.saturating_sub(named))), "");
    }
}
