//! How does the evaluator speak with the engine?
//!
//! As a storefront does: it puts products, writes unit documents, sends events in batches at their own times, and asks
//! for lists. The engine lives in memory under the plugins and settings that serve. Questions run on the asking thread
//! ([`Engine::list_here`]): the same pipeline, without queue and deadline, so that a busy machine changes the times
//! and never the answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use planogram_core::catalog::doc::{PRODUCTS, ProductDoc, Stock, VariantDoc, Visibility};
use planogram_core::engine::Engine;
use planogram_core::engine::types::{Acknowledge, EngineConfig, Receipt, WriteError, WriteOptions};
use planogram_core::id::{HOUR_MS, TimeMs};
use planogram_core::log::clock::{Clock, HistoryClock};
use planogram_core::pipeline::request::ListRequest;
use planogram_datasets::documents::SeedDocument;
use planogram_server::settings::Settings;

use super::plan::{Act, Ask, Names, Plan};
use super::units::Offer;

/// Events of one log entry.
const BATCH: usize = 2_000;
/// Time the events of one entry span: it stands at the time of its last event, and windows count in hours.
const BATCH_SPAN_MS: TimeMs = HOUR_MS;
/// Products of one log entry.
const PRODUCTS_BATCH: usize = 1_000;
/// How often progress is said.
const SAY_EVERY: Duration = Duration::from_secs(2);

/// An answered question.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The items, best first.
    pub items: Vec<u32>,
    /// Time it took, in microseconds.
    pub took_us: u32,
    /// Whether something did not take part.
    pub is_degraded: bool,
}

/// The engine under evaluation; closed when it goes out of scope.
pub struct Shop {
    engine: Arc<Engine>,
    clock: Arc<HistoryClock>,
    n_events: u64,
}

impl Shop {
    /// An empty shop in memory whose clock shows the beginning of the plan.
    pub fn open(settings: &Settings, plan: &Plan) -> anyhow::Result<Self> {
        let mut settings = settings.clone();
        settings.engine.data_dir.clear();
        let begin_ms = plan.begin_ms();
        let clock = Arc::new(HistoryClock::at(begin_ms));
        // Pseudonyms decide nothing, but a figure must come out the same to the last bit.
        let config = EngineConfig { identity_seed: Some(1), ..settings.engine()? };
        let engine = Engine::open_with_clock(config, clock.clone()).context("an engine in memory")?;
        let idle: Vec<String> = engine.plugins().into_iter().filter(|p| p.state != "running").map(|p| p.name).collect();
        anyhow::ensure!(idle.is_empty(), "plugins do not run: {}; build them with the program", idle.join(", "));
        Ok(Self { engine, clock, n_events: 0 })
    }

    /// Puts the catalog in, and a bare product for every other item; refused products are counted and replaced by
    /// bare ones, so that no item is missing.
    pub fn put_catalog(&self, plan: &Plan, say: &mut dyn FnMut(&str)) -> anyhow::Result<usize> {
        let mut has_text = vec![false; plan.names.len()];
        let mut refused = Vec::new();
        let mut said = Instant::now();
        for (number, batch) in plan.catalog.chunks(PRODUCTS_BATCH).enumerate() {
            let ids: Vec<Option<u32>> = batch.iter().map(|product| plan.names.known(&product.sku)).collect();
            ids.iter().flatten().for_each(|id| has_text[*id as usize] = true);
            let receipt = partly(self.engine.put_products(batch.to_vec(), options(Acknowledge::Durable)))?;
            refused.extend(receipt.rejected.iter().filter_map(|row| ids[row.index]));
            if said.elapsed() > SAY_EVERY {
                said = Instant::now();
                say(&format!("products {} of {}", (number + 1) * PRODUCTS_BATCH, plan.catalog.len()));
            }
        }
        refused.sort_unstable();
        refused.dedup();
        refused.iter().for_each(|id| has_text[*id as usize] = false);
        let bare: Vec<ProductDoc> =
            (0..plan.names.len()).filter(|id| !has_text[*id]).map(|id| bare(plan.names.name(id as u32))).collect();
        for batch in bare.chunks(PRODUCTS_BATCH) {
            self.engine.put_products(batch.to_vec(), options(Acknowledge::Durable)).context("products by their sku")?;
        }
        self.engine.flush().context("the catalog")?;
        Ok(refused.len())
    }

    /// Builds the learned vectors and lets the default store view search by them, as a JSON object says.
    pub fn search_by_vectors(&self, hybrid: &str) -> anyhow::Result<()> {
        let hybrid: serde_json::Value = serde_json::from_str(hybrid).context("`--hybrid`")?;
        let view = serde_json::json!({"locale": "en-US", "hybrid": hybrid});
        let write = SeedDocument::global("store-view", "default", view).into_write("evaluate", "");
        self.engine.write_config(vec![write], options(Acknowledge::Visible)).context("`--hybrid`")?;
        self.engine.rebuild_models().context("the learned vectors")?;
        Ok(())
    }

    /// Writes the document of the first offer that the engine and its plugins know; answers which it was.
    pub fn choose(&self, unit: &str, limit: u32, offers: &'static [Offer]) -> anyhow::Result<&'static Offer> {
        for offer in offers {
            let id = format!("{unit}-{}", offer.unit_type);
            let write = SeedDocument::global("unit", &id, offer.document(limit)).into_write("evaluate", "");
            match self.engine.write_config(vec![write], options(Acknowledge::Visible)) {
                Ok(_) => {}
                Err(WriteError::Refused { .. }) => continue,
                Err(error) => return Err(error).with_context(|| format!("unit `{id}`")),
            }
            let probe = offer.request(&id, &Ask::default(), &Names::default(), false);
            let answer = self.engine.list_here(&probe).with_context(|| format!("unit `{id}`"))?;
            let unknown = format!("`{}`", offer.unit_type);
            if !answer.warnings.iter().any(|warning| warning.contains(&unknown)) {
                return Ok(offer);
            }
        }
        let types: Vec<&str> = offers.iter().map(|offer| offer.unit_type).collect();
        anyhow::bail!("no plugin in force knows one of the unit types {}", types.join(", "))
    }

    /// Sends acts in order of time, in batches, and waits until all is learned.
    pub fn learn(&mut self, acts: &[Act], names: &Names, say: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
        let (begun, mut said, mut done) = (Instant::now(), Instant::now(), 0);
        while let Some(first) = acts.get(done) {
            let rest = &acts[done..acts.len().min(done + BATCH)];
            let n = rest.iter().take_while(|act| act.time_ms < first.time_ms + BATCH_SPAN_MS).count().max(1);
            self.send(&rest[..n], names, Acknowledge::Durable)?;
            done += n;
            if said.elapsed() > SAY_EVERY || done == acts.len() {
                said = Instant::now();
                let rate = done as f64 / begun.elapsed().as_secs_f64().max(1e-9);
                say(&format!("learning: {done} of {} events, {rate:.0} events/s", acts.len()));
            }
        }
        self.engine.flush().context("the last events")
    }

    /// Sends one act and waits until the next question sees it.
    pub fn hear(&mut self, act: &Act, names: &Names) -> anyhow::Result<()> {
        self.send(std::slice::from_ref(act), names, Acknowledge::Visible)
    }

    fn send(&mut self, acts: &[Act], names: &Names, acknowledge: Acknowledge) -> anyhow::Result<()> {
        let last = acts.iter().map(|act| act.time_ms).max().unwrap_or(0);
        if last > self.clock.now_ms() {
            self.clock.show(last);
        }
        let first_id = self.n_events;
        let events = acts.iter().zip(first_id..).map(|(act, id)| act.event(id, names)).collect();
        self.n_events += acts.len() as u64;
        let receipt = self.engine.ingest_events(events, options(acknowledge)).context("events")?;
        match receipt.rejected.first() {
            None => Ok(()),
            Some(row) => {
                anyhow::bail!("event {} was refused: {} {}", first_id + row.index as u64, row.pointer, row.message)
            }
        }
    }

    /// Answers a request on this thread.
    pub fn ask(&self, request: &ListRequest, names: &Names) -> anyhow::Result<Answer> {
        let begun = Instant::now();
        let answer = self.engine.list_here(request)?;
        let took_us = u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX);
        let items = answer.items.iter().filter_map(|hit| names.known(&hit.sku)).collect();
        Ok(Answer { items, took_us, is_degraded: !answer.degraded.is_empty() })
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.engine.close();
    }
}

fn options(acknowledge: Acknowledge) -> WriteOptions {
    WriteOptions { actor: "evaluate".to_owned(), idempotency_key: None, acknowledge }
}

/// A batch of which nothing was good still says what was wrong with each row.
fn partly(result: Result<Receipt, WriteError>) -> Result<Receipt, WriteError> {
    match result {
        Err(WriteError::AllRejected(receipt)) => Ok(receipt),
        other => other,
    }
}

/// A product of which only the sku is known.
fn bare(sku: &str) -> ProductDoc {
    let variant = VariantDoc {
        sku: sku.to_owned(),
        options: Default::default(),
        prices: Default::default(),
        stock: Stock { in_stock: true, quantity: None },
        image: None,
    };
    ProductDoc {
        sku: sku.to_owned(),
        collection: PRODUCTS.to_owned(),
        name: sku.to_owned(),
        description: String::new(),
        brand: None,
        categories: Vec::new(),
        visibility: Visibility::Both,
        created_ms: None,
        attributes: Default::default(),
        image: None,
        url: None,
        links: Default::default(),
        views: Default::default(),
        vectors: Default::default(),
        variants: vec![variant],
    }
}
