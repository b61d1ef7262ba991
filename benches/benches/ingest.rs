//! How many events a second does a shop take in for good, and how long until everybody sees them?
//!
//! First what each view costs to fold: the same products and shoppers, events that reach one view more each time.
//! Then the whole engine as the server runs it (log on disk, group commit, the shipped plugins, its allocator):
//! batches of 500 on a schedule that does not wait for anybody, latency counted from when a batch was due. Then
//! searches at a fifth of what saturates the shop, alternately with and without those batches. Last one visitor's
//! event and what the next request makes of it. What one search costs alone is `pipeline`'s question.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use planogram_benches::measure::{self, Mode, Sample, line, micros, millis};
use planogram_benches::shop::{self, Shoppers};
use planogram_benches::traffic::{self, Offered};
use planogram_core::catalog::doc::ProductDoc;
use planogram_core::engine::Engine;
use planogram_core::engine::state::State;
use planogram_core::log::clock::{Clock, SystemClock};
use planogram_core::log::entry::{Body, Entry};
use planogram_core::pipeline::request::{List, ListRequest, Shopper};
use planogram_core::signal::event::{Event, EventKind};

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events of a batch.
const BATCH: usize = 500;
/// Batches a second.
const BATCHES_A_SECOND: u32 = 100;
/// Threads that hand batches in: more than are ever on their way when the shop keeps up.
const WRITERS: usize = 16;
/// A batch this late is not handed in any more, and neither is any after it: the shop does not keep up.
const LATE_MAX: Duration = Duration::from_secs(20);
/// Events of one batch while the visitors introduce themselves.
const INTRODUCTIONS: usize = 5_000;
/// Share of what saturates the shop that is searched.
const SEARCH_SHARE: f64 = 0.2;

fn main() -> Result<()> {
    let mode = Mode::from_args();
    let Some(docs) = shop::catalog(mode.pick(usize::MAX, 500))? else { return Ok(()) };
    let visitors = mode.pick(1_000_000, 2_000);
    println!("{} products, {visitors} visitors, load {:.1}", docs.len(), measure::load());
    Folding::new(&docs, visitors).print(mode.pick(60, 2));
    let dir = tempfile::tempdir()?;
    let mut whole = Whole::new(&docs, visitors, dir.path())?;
    whole.ingest(Duration::from_secs(mode.pick(20, 1)))?;
    whole.search_beside(mode.pick(5, 1), Duration::from_millis(mode.pick(4_000, 300)))?;
    whole.next_request(mode.pick(1_000, 10))?;
    println!("load {:.1} at the end", measure::load());
    Ok(())
}

/// Who does something, as an event names them.
#[derive(Clone, Copy)]
enum Who {
    Nobody,
    Session,
    Visitor,
}

/// Each row reaches one view more than the row before.
const ROWS: [(&str, EventKind, Who); 6] = [
    ("seen ids (page view of nobody)", EventKind::PageView, Who::Nobody),
    ("+ visits (page view in a visit)", EventKind::PageView, Who::Session),
    ("+ counters (into the cart in a visit)", EventKind::AddToCart, Who::Session),
    ("+ pairs, past visits (view in a visit)", EventKind::ProductView, Who::Session),
    ("+ profiles (view of a visitor)", EventKind::ProductView, Who::Visitor),
    ("an order of a visitor", EventKind::OrderPlaced, Who::Visitor),
];

/// The fold on this thread, without a log.
struct Folding {
    state: State,
    shoppers: Shoppers,
    current: Views,
}

/// What readers hold on to; the fold after it pays for what they hold.
type Views =
    (planogram_core::signal::SignalView, planogram_core::visitor::VisitorView, planogram_core::catalog::Catalog);

impl Folding {
    fn new(docs: &[ProductDoc], visitors: usize) -> Self {
        let mut state = State::default();
        state.fold(&entry(&state, Body::Products(docs.to_vec())));
        let current = publish(&mut state);
        let mut this = Self { state, shoppers: Shoppers::new(docs, visitors), current };
        let before = measure::resident_mib();
        for begin in (0..visitors).step_by(INTRODUCTIONS) {
            let mut events = this.shoppers.introduce(begin..(begin + INTRODUCTIONS).min(visitors), shop::NOW_MS);
            // Half of them are visits without a visitor, so that every row meets as many open visits.
            events.iter_mut().step_by(2).for_each(|event| event.session = std::mem::take(&mut event.visitor));
            this.step(events);
        }
        println!("memory of the visitors: {:.0} MiB", measure::resident_mib() - before);
        this
    }

    /// Folds one batch, publishes, and lets go of the views before: what each took.
    fn step(&mut self, events: Vec<Event>) -> [Duration; 3] {
        let entry = entry(&self.state, Body::Events(events));
        let begin = Instant::now();
        let folded = self.state.fold(&entry);
        let fold = begin.elapsed();
        assert_eq!(folded.duplicates, 0, "an event that does not count must not be measured");
        let begin = Instant::now();
        let next = black_box(publish(&mut self.state));
        let published = begin.elapsed();
        let old = std::mem::replace(&mut self.current, next);
        let begin = Instant::now();
        drop(old);
        [fold, published, begin.elapsed()]
    }

    fn print(&mut self, rounds: usize) {
        let mut spent = vec![(Vec::new(), Duration::ZERO); ROWS.len()];
        for round in 0..rounds + 1 {
            for ((_, kind, who), (spent, cpu)) in ROWS.into_iter().zip(&mut spent) {
                let events = self.events(kind, who);
                let before = measure::cpu_here();
                let took = self.step(events);
                // The first round meets what nobody met before.
                if round > 0 {
                    *cpu += measure::cpu_here().saturating_sub(before);
                    spent.push(took);
                }
            }
        }
        println!("\nfold of one event by what it reaches, us, one thread, batches of {BATCH}, median of {rounds}");
        println!("{:<42} {:>8} {:>8} {:>8} {:>8} {:>10}", "", "fold", "publish", "retire", "all", "cpu, mean");
        for ((name, ..), (spent, cpu)) in ROWS.into_iter().zip(&spent) {
            let column = |at: usize| Sample::new(spent.iter().map(|took: &[Duration; 3]| took[at]).collect());
            let [fold, publish, retire] = [0, 1, 2].map(|at| micros(column(at).quantile(0.5)) / BATCH as f64);
            let (all, cpu) = (fold + publish + retire, micros(*cpu) / (spent.len().max(1) * BATCH) as f64);
            println!("{name:<42} {fold:8.2} {publish:8.2} {retire:8.2} {all:8.2} {cpu:10.2}");
        }
    }

    fn events(&mut self, kind: EventKind, who: Who) -> Vec<Event> {
        let mut events = self.shoppers.doing(kind, BATCH, shop::NOW_MS);
        for event in &mut events {
            match who {
                Who::Nobody => event.visitor.clear(),
                Who::Session => event.session = std::mem::take(&mut event.visitor),
                Who::Visitor => {}
            }
            if kind == EventKind::PageView {
                event.items.clear();
            }
        }
        events
    }
}

fn publish(state: &mut State) -> Views {
    (state.signals.publish(), state.visitors.publish(), state.catalog.clone())
}

fn entry(state: &State, body: Body) -> Entry {
    Entry { seq: state.seq + 1, time_ms: shop::NOW_MS, actor: String::new(), idempotency_key: None, body }
}

/// The whole engine, on disk.
struct Whole {
    engine: Arc<Engine>,
    shoppers: Shoppers,
    queries: Vec<String>,
}

/// A batch on its way.
struct Due {
    at: Instant,
    events: Vec<Event>,
}

impl Whole {
    fn new(docs: &[ProductDoc], visitors: usize, dir: &Path) -> Result<Self> {
        let engine = shop::open_whole(dir, 1)?;
        shop::fill(&engine, docs)?;
        let mut shoppers = Shoppers::new(docs, visitors);
        for begin in (0..visitors).step_by(INTRODUCTIONS) {
            let events = shoppers.introduce(begin..(begin + INTRODUCTIONS).min(visitors), SystemClock.now_ms());
            engine.ingest_events(events, shop::durable())?;
        }
        engine.flush()?;
        println!("\nthe whole engine, log on disk: {} visitors known", engine.status().visitors);
        Ok(Self { engine, shoppers, queries: shop::queries(docs, 1_000) })
    }

    /// Offers 50,000 events a second for a while.
    fn ingest(&mut self, lasting: Duration) -> Result<()> {
        let batches = self.batches(lasting);
        let (before, memory) = (measure::cpu_by_thread(), measure::resident_mib());
        let begin = Instant::now();
        let latencies = offer(&self.engine, batches, &AtomicBool::new(false))?;
        let took = begin.elapsed();
        let (spent, n_events) = (measure::cpu_since(&before), (latencies.n() * BATCH) as f64);
        println!(
            "\n50,000 events a second offered for {lasting:.0?}, in batches of {BATCH}, load {:.1}",
            measure::load()
        );
        line("sustained, events a second", format!("{:.0}", n_events / took.as_secs_f64()), "50,000");
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|q| millis(latencies.quantile(q)));
        line("due to visible, p50 / p99 / most, ms", format!("{p50:.1} / {p99:.1} / {most:.1}"), "p99 below 50");
        line("memory before, after, MiB", format!("{memory:.0}, {:.0}", measure::resident_mib()), "");
        let all: Duration = spent.values().sum();
        line("processor, cores", format!("{:.2}", all.as_secs_f64() / took.as_secs_f64()), "2");
        for (name, cpu) in spent.iter().filter(|(_, cpu)| micros(**cpu) / n_events > 0.05) {
            line(&format!("processor of {name}, us an event"), format!("{:.2}", micros(*cpu) / n_events), "");
        }
        Ok(())
    }

    /// Searches at a fifth of saturation, alternately alone and beside ingest.
    fn search_beside(&mut self, rounds: usize, lasting: Duration) -> Result<()> {
        let requests = self.searches();
        let saturated = traffic::saturate(&self.engine, &requests, lasting);
        let rate = saturated * SEARCH_SHARE;
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            alone.push(traffic::offer(&self.engine, &requests, rate, lasting));
            let (batches, stop) = (self.batches(lasting * 2), AtomicBool::new(false));
            beside.push(thread::scope(|scope| -> Result<Offered> {
                let ingest = scope.spawn(|| offer(&self.engine, batches, &stop));
                thread::sleep(lasting / 10);
                let found = traffic::offer(&self.engine, &requests, rate, lasting);
                stop.store(true, Ordering::Relaxed);
                ingest.join().expect("a writer does not panic").context("ingest beside searches")?;
                Ok(found)
            })?);
        }
        println!(
            "\nsearches at {:.0} % of saturation ({saturated:.0} a second), medians of {rounds} runs of {lasting:.0?} each, load {:.1}",
            SEARCH_SHARE * 100.0,
            measure::load()
        );
        traffic::print_ratios(&alone, &beside, "with ingest", "1.5");
        Ok(())
    }

    /// One visitor looks at one product after the other; each time the unit of recent views must follow.
    fn next_request(&mut self, n: usize) -> Result<()> {
        let unit = serde_json::json!({"label": "Recently", "type": "recently-viewed", "page_types": ["home"]});
        self.engine.write_config(vec![shop::document("unit", "recently", &unit)], Default::default())?;
        let (mut acknowledged, mut answered) = (Vec::new(), Vec::new());
        for _ in 0..n {
            let mut event = self.shoppers.doing(EventKind::ProductView, 1, SystemClock.now_ms()).remove(0);
            event.visitor = "somebody".into();
            let sku = event.items[0].sku.clone();
            let sent = Instant::now();
            self.engine.ingest_events(vec![event], Default::default())?;
            acknowledged.push(sent.elapsed());
            let asked = Instant::now();
            let answer = self.engine.list(self.recently_viewed())?;
            answered.push(asked.elapsed());
            let first = answer.items.first().map(|hit| hit.sku.clone());
            anyhow::ensure!(first.as_deref() == Some(&sku), "the answer begins with {first:?}, viewed was {sku}");
        }
        println!("\none visitor's view and their next request, {n} times, nobody else, load {:.1}", measure::load());
        for (name, times) in [
            ("sent to acknowledged and visible, p50 / p99, ms", acknowledged),
            ("acknowledged to another answer, p50 / p99, ms", answered),
        ] {
            let times = Sample::new(times);
            let [p50, p99] = [0.5, 0.99].map(|q| millis(times.quantile(q)));
            line(name, format!("{p50:.2} / {p99:.2}"), "");
        }
        Ok(())
    }

    fn recently_viewed(&self) -> ListRequest {
        let list = List::Unit { unit: "recently".into(), anchors: Vec::new() };
        let shopper = Shopper { visitor: Some("somebody".into()), ..Shopper::default() };
        ListRequest { shopper, ..shop::request(list, Vec::new()) }
    }

    fn searches(&self) -> Vec<ListRequest> {
        let search = |text: &String| shop::request(List::Search { text: text.clone() }, shop::facet_codes());
        self.queries.iter().map(search).collect()
    }

    fn batches(&mut self, lasting: Duration) -> Vec<Vec<Event>> {
        let n = (lasting.as_secs_f64() * f64::from(BATCHES_A_SECOND)).ceil() as usize;
        let now_ms = SystemClock.now_ms();
        (0..n).map(|_| self.shoppers.next(BATCH, now_ms)).collect()
    }
}

/// Hands batches in when they are due, until told to stop, and says how long after that each was visible.
fn offer(engine: &Engine, batches: Vec<Vec<Event>>, stop: &AtomicBool) -> Result<Sample> {
    let (due, inbox) = crossbeam_channel::unbounded::<Due>();
    let write = || -> Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        for Due { at, events } in inbox.iter().take_while(|due| due.at.elapsed() < LATE_MAX) {
            engine.ingest_events(events, Default::default())?;
            latencies.push(at.elapsed());
        }
        Ok(latencies)
    };
    thread::scope(|scope| {
        let name = |at: usize| thread::Builder::new().name(format!("bench-writer-{at}"));
        let writers: Result<Vec<_>, _> = (0..WRITERS).map(|at| name(at).spawn_scoped(scope, write)).collect();
        let begin = Instant::now();
        for (events, at) in batches.into_iter().zip(0u32..) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let at = begin + Duration::from_secs(1) / BATCHES_A_SECOND * at;
            thread::sleep(at.saturating_duration_since(Instant::now()));
            // Nobody takes it any more when the writers have given up.
            drop(due.send(Due { at, events }));
        }
        drop(due);
        let mut latencies = Vec::new();
        for writer in writers? {
            latencies.extend(writer.join().expect("a writer does not panic")?);
        }
        Ok(Sample::new(latencies))
    })
}
