//! What is measured over?
//!
//! A real catalog of 46,156 products with short, repetitive names, and what it lacks planted by a hash of the sku: ten
//! attributes to count, a price, a rating, an age, one category that holds everything. Queries are two words of
//! one name, so that each has a match. Events fall on products by Zipf's law, as they do in shops.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use planogram_core::catalog::definition::ATTRIBUTE_KIND;
use planogram_core::catalog::doc::{AttributeValue, Placement, Price, ProductDoc, ROOT_BOOK, Stock};
use planogram_core::config::document::DocumentWrite;
use planogram_core::engine::Engine;
use planogram_core::engine::types::{Acknowledge, EngineConfig, ModelConfig, PluginEntry, WriteOptions};
use planogram_core::id::{DAY_MS, TimeMs};
use planogram_core::log::clock::{Clock, ManualClock, SystemClock};
use planogram_core::pipeline::request::{List, ListRequest};
use planogram_core::signal::event::{Event, EventItem, EventKind};
use planogram_datasets::documents::SeedDocument;
use planogram_datasets::loaders::products::products;
use planogram_datasets::real;
use planogram_datasets::rng::{Rng, Weights, hash_text};
use serde_json::{Value, json};

/// The time the shop stands still at.
pub const NOW_MS: TimeMs = 1_760_000_000_000;
/// The category of all products.
pub const EVERYTHING: &str = "Everything";
/// How many values each planted attribute has.
pub const CARDINALITIES: [u64; 10] = [5, 8, 12, 20, 30, 50, 80, 150, 300, 500];
/// Plugins that ship on.
const SHIPPED: [&str; 3] = ["live-search", "category-merchandising", "related-products"];
/// Products a visit strays over.
const STRAY: f64 = 60.0;
/// Products of one write.
const BATCH: usize = 2_000;
/// Every how many days a product's age steps on.
const AGE_DAYS_MAX: u64 = 2_000;

/// The code of a planted attribute.
pub fn facet_code(at: usize) -> String {
    format!("facet{at}")
}

/// The codes of all planted attributes.
pub fn facet_codes() -> Vec<String> {
    (0..CARDINALITIES.len()).map(facet_code).collect()
}

/// The value of a planted attribute.
fn facet_value(sku: &str, at: usize) -> String {
    format!("value {}", seeded(sku, &facet_code(at)) % CARDINALITIES[at])
}

fn seeded(sku: &str, part: &str) -> u64 {
    hash_text(&format!("{part}/{sku}"))
}

/// At most `max` products of the catalog; `None`, after saying so, when the data is not there.
///
/// # Errors
/// When the data is there and cannot be read.
pub fn catalog(max: usize) -> Result<Option<Vec<ProductDoc>>> {
    let Some(folder) = real::dir("retrotech") else { return Ok(None) };
    let docs = products(&folder.join("products.jsonl.gz"))?.take(max).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(docs.into_iter().map(planted).collect()))
}

/// The product with what the data lacks.
fn planted(mut doc: ProductDoc) -> ProductDoc {
    for at in 0..CARDINALITIES.len() {
        doc.attributes.insert(facet_code(at), AttributeValue::Text(facet_value(&doc.sku, at)));
    }
    let rating = 1.0 + (seeded(&doc.sku, "rating") % 41) as f64 / 10.0;
    doc.attributes.insert("rating".into(), AttributeValue::Number(rating));
    doc.created_ms = Some(NOW_MS - (seeded(&doc.sku, "age") % AGE_DAYS_MAX) as i64 * DAY_MS);
    let position = (seeded(&doc.sku, "position") % 100_000) as i32;
    doc.categories = vec![Placement { path: vec![EVERYTHING.into()], position: Some(position) }];
    for variant in &mut doc.variants {
        let price = Price { regular_minor: price_minor(&variant.sku), special: None };
        variant.prices = BTreeMap::from([(ROOT_BOOK.into(), price)]);
        variant.stock = Stock { in_stock: true, quantity: None };
    }
    doc
}

/// The planted price of a sku: 1 to 500 major units.
pub fn price_minor(sku: &str) -> i64 {
    100 + (seeded(sku, "price") % 49_900) as i64
}

/// `n` seeded queries: two different words of three letters or more from one name.
pub fn queries(docs: &[ProductDoc], n: usize) -> Vec<String> {
    let mut rng = Rng::fork(1, "queries");
    let mut queries = Vec::with_capacity(n);
    while queries.len() < n {
        let name = rng.pick(docs).name.to_lowercase();
        let mut words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| w.len() >= 3).collect();
        words.sort_unstable();
        words.dedup();
        if let [first, second] = &rng.sample(&words, 2)[..] {
            queries.push(format!("{first} {second}"));
        }
    }
    queries
}

/// A plugin by name with its shipped settings.
pub fn plugin(name: &str) -> PluginEntry {
    PluginEntry { name: name.into(), file: None, settings: "{}".into() }
}

/// Models are built when asked only, so that no build begins in the middle of a measurement.
const WHEN_ASKED: ModelConfig = ModelConfig { every_ms: 0, every_changes: 0, threads: 1 };

/// An engine in memory with one ranking worker and models when asked only, at [`NOW_MS`].
///
/// # Errors
/// When it does not open, or a plugin is missing or refused.
pub fn open(plugins: Vec<PluginEntry>) -> Result<Arc<Engine>> {
    open_with_clock(plugins, Arc::new(ManualClock::at(NOW_MS)))
}

/// As [`open`], with a clock of the caller's.
///
/// # Errors
/// As [`open`].
pub fn open_with_clock(plugins: Vec<PluginEntry>, clock: Arc<dyn Clock>) -> Result<Arc<Engine>> {
    open_with(EngineConfig { plugins, workers: 1, models: WHEN_ASKED, ..EngineConfig::default() }, clock)
}

/// An engine on disk as the server runs it with the plugins that ship, but for models: they are built when asked only.
///
/// # Errors
/// As [`open`].
pub fn open_whole(dir: &Path, model_threads: usize) -> Result<Arc<Engine>> {
    let models = ModelConfig { threads: model_threads, ..WHEN_ASKED };
    let plugins = SHIPPED.map(plugin).to_vec();
    let config = EngineConfig { data_dir: Some(dir.to_owned()), plugins, models, ..EngineConfig::default() };
    open_with(config, Arc::new(SystemClock))
}

fn open_with(config: EngineConfig, clock: Arc<dyn Clock>) -> Result<Arc<Engine>> {
    let engine = Engine::open_with_clock(config, clock)?;
    for plugin in engine.plugins() {
        let problem = plugin.problem.clone().unwrap_or_default();
        let built = "build the plugins in the same profile first, see benches/README.md";
        anyhow::ensure!(plugin.state == "running", "plugin `{}` is {}: {problem}; {built}", plugin.name, plugin.state);
        println!("plugin {} {} from {}, {}", plugin.name, plugin.version, plugin.file, &plugin.content_hash[..12]);
    }
    Ok(engine)
}

/// Puts products and waits until they can be found.
///
/// # Errors
/// When a product is refused.
pub fn fill(engine: &Engine, docs: &[ProductDoc]) -> Result<()> {
    engine.write_config(facet_codes().iter().map(|code| not_searched(code)).collect(), durable())?;
    for batch in docs.chunks(BATCH) {
        let receipt = engine.put_products(batch.to_vec(), durable())?;
        let refused = receipt.rejected.first().map(|row| row.message.clone());
        anyhow::ensure!(refused.is_none(), "a product was refused: {}", refused.unwrap_or_default());
    }
    engine.flush().context("the shop closed while it was filled")
}

/// The planted attributes are there to be counted; nobody types their values.
fn not_searched(code: &str) -> DocumentWrite {
    document(ATTRIBUTE_KIND, code, &json!({"searchable": false}))
}

/// A live document.
pub fn document(kind: &str, id: &str, body: &Value) -> DocumentWrite {
    SeedDocument::global(kind, id, body.clone()).into_write("bench", "")
}

/// Writes as the benches do: acknowledged when durable.
pub fn durable() -> WriteOptions {
    WriteOptions { actor: "bench".into(), acknowledge: Acknowledge::Durable, ..WriteOptions::default() }
}

/// A first page of 24 items.
pub fn request(list: List, facets: Vec<String>) -> ListRequest {
    let deadline = Some(Duration::from_secs(30));
    ListRequest { list, facets: Some(facets), deadline, ..ListRequest::plain("bench") }
}

/// An endless stream of events over a catalog: one visitor does one thing to one product.
#[derive(Debug)]
pub struct Shoppers {
    skus: Vec<String>,
    popularity: Weights,
    visitors: usize,
    rng: Rng,
    made: u64,
}

impl Shoppers {
    /// Shoppers of a catalog; the k-th product of a shuffled catalog is as popular as 1/k.
    pub fn new(docs: &[ProductDoc], visitors: usize) -> Self {
        let mut rng = Rng::fork(2, "shoppers");
        let mut skus: Vec<String> = docs.iter().map(|doc| doc.sku.clone()).collect();
        rng.shuffle(&mut skus);
        let popularity = Weights::new((1..=skus.len()).map(|rank| 1.0 / rank as f64));
        Self { skus, popularity, visitors, rng, made: 0 }
    }

    /// One event of each of some visitors, so that they are known.
    pub fn introduce(&mut self, visitors: std::ops::Range<usize>, time_ms: TimeMs) -> Vec<Event> {
        visitors.map(|visitor| self.event(visitor, time_ms)).collect()
    }

    /// The next `n` events, of random visitors.
    pub fn next(&mut self, n: usize, time_ms: TimeMs) -> Vec<Event> {
        let visitors: Vec<usize> = (0..n).map(|_| self.rng.below(self.visitors)).collect();
        visitors.into_iter().map(|visitor| self.event(visitor, time_ms)).collect()
    }

    /// The next `n` events of one kind, of random visitors.
    pub fn doing(&mut self, kind: EventKind, n: usize, time_ms: TimeMs) -> Vec<Event> {
        let visitors: Vec<usize> = (0..n).map(|_| self.rng.below(self.visitors)).collect();
        visitors.into_iter().map(|visitor| self.event_of(kind, visitor, time_ms)).collect()
    }

    /// Of 100 events 75 are views, 15 search clicks, 7 carts, 3 orders of one line.
    fn event(&mut self, visitor: usize, time_ms: TimeMs) -> Event {
        let kind = match self.rng.below(100) {
            0..75 => EventKind::ProductView,
            75..90 => EventKind::SearchClick,
            90..97 => EventKind::AddToCart,
            _ => EventKind::OrderPlaced,
        };
        self.event_of(kind, visitor, time_ms)
    }

    fn event_of(&mut self, kind: EventKind, visitor: usize, time_ms: TimeMs) -> Event {
        let sku = self.popularity.draw(&mut self.rng).map_or_else(String::new, |at| self.skus[at].clone());
        self.made += 1;
        Event {
            id: format!("e{}", self.made),
            time_ms,
            kind,
            visitor: format!("v{visitor}"),
            customer: None,
            session: String::new(),
            store_view: String::new(),
            request_id: None,
            items: vec![EventItem { sku, quantity: 1.0, price_minor: None, position: None }],
            query: None,
            category: None,
            unit: None,
            order: (kind == EventKind::OrderPlaced).then(|| format!("o{}", self.made)),
            consent: true,
            attributes: BTreeMap::new(),
        }
    }
}

/// An endless stream of visits: each has a taste, a place on a line of products, popular places being visited more, and
/// looks at one to seven products near it.
#[derive(Debug)]
pub struct Visits {
    n_products: u32,
    rng: Rng,
}

impl Visits {
    /// Visits to a shop of so many products, at least one.
    pub fn new(n_products: usize) -> Self {
        Self { n_products: n_products.max(1) as u32, rng: Rng::new(7) }
    }

    /// Numbers of the products the next visit looks at, in order.
    pub fn next_views(&mut self) -> Vec<u32> {
        let taste = (f64::from(self.n_products) * self.rng.unit().powi(3)) as u32;
        let n = 1 + (7.0 * self.rng.unit()) as usize;
        self.near(taste, n, STRAY)
    }

    /// `n` numbers of products near a place, nearer ones more often; repeated ones included.
    pub fn near(&mut self, taste: u32, n: usize, stray: f64) -> Vec<u32> {
        (0..n).map(|_| (taste + (stray * self.rng.unit().powi(2)) as u32) % self.n_products).collect()
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.rng.unit() < probability
    }
}

/// What somebody without a name does to some products in a visit; `number` is the event's and, of an order, the order's.
pub fn visit_event(kind: EventKind, number: u64, visit: u64, skus: Vec<String>, time_ms: TimeMs) -> Event {
    let item = |sku| EventItem { sku, quantity: 1.0, price_minor: None, position: None };
    Event {
        id: number.to_string(),
        time_ms,
        kind,
        visitor: String::new(),
        customer: None,
        session: visit.to_string(),
        store_view: String::new(),
        request_id: None,
        items: skus.into_iter().map(item).collect(),
        query: None,
        category: None,
        unit: None,
        order: (kind == EventKind::OrderPlaced).then(|| number.to_string()),
        consent: true,
        attributes: BTreeMap::new(),
    }
}

/// Everything a visit does: it views, puts one in ten of what it views into the cart, and one in twelve buys.
/// Events are numbered from `number`.
pub fn visit_events(
    visits: &mut Visits,
    number: u64,
    visit: u64,
    sku: impl Fn(u32) -> String,
    time_ms: TimeMs,
) -> Vec<Event> {
    let views = visits.next_views();
    let mut doings: Vec<(EventKind, Vec<u32>)> = Vec::new();
    for item in &views {
        doings.push((EventKind::ProductView, vec![*item]));
        doings.extend(visits.happens(0.1).then(|| (EventKind::AddToCart, vec![*item])));
    }
    doings.extend(visits.happens(1.0 / 12.0).then_some((EventKind::OrderPlaced, views)));
    let event = |(at, (kind, items)): (u64, (EventKind, Vec<u32>))| {
        visit_event(kind, at, visit, items.into_iter().map(&sku).collect(), time_ms)
    };
    (number..).zip(doings).map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planted_depends_on_the_sku_alone() {
        assert_eq!(facet_value("A1", 3), facet_value("A1", 3));
        assert!((100..50_000).contains(&price_minor("A1")));
        let values: std::collections::BTreeSet<String> = (0..1_000).map(|n| facet_value(&n.to_string(), 0)).collect();
        assert_eq!(values.len() as u64, CARDINALITIES[0]);
    }
}
