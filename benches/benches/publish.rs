//! What does it cost until everybody sees what a shopper did?
//!
//! A million known visitors over a real catalog, at a calm and at a stormy rate, a hundred batches a second each.
//! First the fold and the publication alone, on one thread, without a log; then the whole way through the
//! engine, from handing a batch in to its being visible, on a schedule that does not wait for anybody: a batch's
//! latency counts from when it was due. The log is in memory, so no disk is measured.

use std::hint::black_box;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use criterion::Criterion;
use planogram_benches::measure::{self, Mode, Sample, micros};
use planogram_benches::shop::{self, Shoppers};
use planogram_core::catalog::Catalog;
use planogram_core::catalog::doc::ProductDoc;
use planogram_core::engine::Engine;
use planogram_core::engine::state::State;
use planogram_core::log::clock::{Clock, SystemClock};
use planogram_core::log::entry::{Body, Entry};
use planogram_core::signal::SignalView;
use planogram_core::signal::event::Event;
use planogram_core::visitor::VisitorView;

/// Events a second, calm and stormy.
const RATES: [usize; 2] = [1_000, 50_000];
/// Batches, and so at most publications, a second.
const BATCHES_A_SECOND: usize = 100;
/// Threads that hand batches in.
const WRITERS: usize = 4;
/// Events of one batch while the visitors introduce themselves.
const INTRODUCTIONS: usize = 5_000;

fn main() -> Result<()> {
    let mode = Mode::from_args();
    let Some(docs) = shop::catalog(mode.pick(usize::MAX, 500))? else { return Ok(()) };
    let visitors = mode.pick(1_000_000, 2_000);
    println!("{} products, {visitors} visitors, load {:.1}", docs.len(), measure::load());
    let mut folding = Folding::new(&docs, visitors);
    for rate in RATES {
        folding.print(rate, mode.pick(1_000, 3));
    }
    folding.measure(&mut Criterion::default().configure_from_args());
    drop(folding);
    let mut engine = Whole::new(&docs, visitors)?;
    for rate in RATES {
        engine.print(rate, Duration::from_secs(mode.pick(20, 1)))?;
    }
    println!("load {:.1} at the end", measure::load());
    Criterion::default().configure_from_args().final_summary();
    Ok(())
}

/// What readers hold on to; the fold after it pays for what they hold.
type Views = (SignalView, VisitorView, Catalog);

/// The fold on this thread.
struct Folding {
    state: State,
    shoppers: Shoppers,
    /// The views published last.
    current: Views,
}

impl Folding {
    fn new(docs: &[ProductDoc], visitors: usize) -> Self {
        let before = measure::resident_mib();
        let mut state = State::default();
        fold(&mut state, Body::Products(docs.to_vec()));
        let current = publish(&mut state);
        let mut this = Self { state, shoppers: Shoppers::new(docs, visitors), current };
        let shop = measure::resident_mib();
        let (mut spent, mut begin) = (Duration::ZERO, 0);
        while begin < visitors {
            let end = (begin + INTRODUCTIONS).min(visitors);
            let events = this.shoppers.introduce(begin..end, shop::NOW_MS);
            spent += this.fold(events);
            this.current = publish(&mut this.state);
            begin = end;
        }
        let after = measure::resident_mib();
        println!("\nfold, publish and retire on one thread, without a log");
        println!("memory: {before:.0} MiB with the documents, {shop:.0} with the shop, {after:.0} with the visitors");
        println!("first event of each visitor: {:.2} us", micros(spent) / visitors as f64);
        this
    }

    fn fold(&mut self, events: Vec<Event>) -> Duration {
        let entry = entry(&self.state, Body::Events(events));
        let begin = Instant::now();
        let folded = self.state.fold(&entry);
        let took = begin.elapsed();
        assert_eq!(folded.accepted, n_events(&entry), "an event that does not count must not be measured");
        took
    }

    /// Folds one batch and publishes; what each of the three steps took.
    fn step(&mut self, n: usize) -> [Duration; 3] {
        let events = self.shoppers.next(n, shop::NOW_MS);
        let fold = self.fold(events);
        let begin = Instant::now();
        let next = black_box(publish(&mut self.state));
        let published = begin.elapsed();
        let old = std::mem::replace(&mut self.current, next);
        let begin = Instant::now();
        drop(old);
        [fold, published, begin.elapsed()]
    }

    fn print(&mut self, rate: usize, publications: usize) {
        let n = rate / BATCHES_A_SECOND;
        for _ in 0..publications.min(20) {
            black_box(self.step(n));
        }
        let steps: Vec<[Duration; 3]> = (0..publications).map(|_| self.step(n)).collect();
        let column = |at: usize| Sample::new(steps.iter().map(|step| step[at]).collect());
        println!("{rate} events/s, {n} events a publication, {publications} publications:");
        for (at, name) in ["fold", "publish", "retire"].into_iter().enumerate() {
            let times = column(at);
            let [p50, p99] = [0.5, 0.99].map(|q| micros(times.quantile(q)));
            let mean = micros(times.mean());
            println!(
                "  {name:<8} p50 {p50:8.1} us, p99 {p99:8.1} us, mean {mean:8.1} us, {:6.2} us an event",
                mean / n as f64
            );
        }
        let busy: Duration = steps.iter().flatten().sum();
        let share = busy.as_secs_f64() / publications as f64 * BATCHES_A_SECOND as f64;
        println!("  busy {:.1} % of one core at this rate", share * 100.0);
    }

    fn measure(&mut self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group("publish");
        for rate in RATES {
            let n = rate / BATCHES_A_SECOND;
            group.bench_function(format!("{n} events"), |bencher| {
                bencher.iter_custom(|times| (0..times).map(|_| self.step(n).iter().sum::<Duration>()).sum());
            });
        }
        group.finish();
    }
}

fn publish(state: &mut State) -> Views {
    (state.signals.publish(), state.visitors.publish(), state.catalog.clone())
}

fn entry(state: &State, body: Body) -> Entry {
    Entry { seq: state.seq + 1, time_ms: shop::NOW_MS, actor: String::new(), idempotency_key: None, body }
}

fn fold(state: &mut State, body: Body) {
    let entry = entry(state, body);
    state.fold(&entry);
}

fn n_events(entry: &Entry) -> u64 {
    if let Body::Events(events) = &entry.body { events.len() as u64 } else { 0 }
}

/// The whole engine.
struct Whole {
    engine: Arc<Engine>,
    shoppers: Shoppers,
}

/// A batch on its way.
struct Due {
    at: Instant,
    events: Vec<Event>,
}

impl Whole {
    fn new(docs: &[ProductDoc], visitors: usize) -> Result<Self> {
        let engine = shop::open_with_clock(Vec::new(), Arc::new(SystemClock))?;
        shop::fill(&engine, docs)?;
        let mut shoppers = Shoppers::new(docs, visitors);
        for begin in (0..visitors).step_by(INTRODUCTIONS) {
            let events = shoppers.introduce(begin..(begin + INTRODUCTIONS).min(visitors), SystemClock.now_ms());
            engine.ingest_events(events, shop::durable())?;
        }
        engine.flush()?;
        println!("\nthe whole engine, log in memory: {} visitors known", engine.status().visitors);
        Ok(Self { engine, shoppers })
    }

    /// Offers `rate` events a second for a while.
    fn print(&mut self, rate: usize, lasting: Duration) -> Result<()> {
        let n_batches = lasting.as_secs() as usize * BATCHES_A_SECOND;
        let n = rate / BATCHES_A_SECOND;
        let now_ms = SystemClock.now_ms();
        let batches: Vec<Vec<Event>> = (0..n_batches).map(|_| self.shoppers.next(n, now_ms)).collect();
        let (before, memory) = (measure::cpu_by_thread(), measure::resident_mib());
        let begin = Instant::now();
        let latencies = self.offer(batches)?;
        let took = begin.elapsed();
        let after = measure::cpu_by_thread();
        let events = (n_batches * n) as f64;
        let sustained = if took < lasting + Duration::from_secs(1) { "sustained" } else { "not sustained" };
        println!(
            "{rate} events/s offered for {} s in batches of {n}: {sustained}, done after {took:.1?}",
            lasting.as_secs()
        );
        let [p50, p99, most] = [0.5, 0.99, 1.0].map(|q| latencies.quantile(q).as_secs_f64() * 1e3);
        println!("  from due to visible: p50 {p50:.1} ms, p99 {p99:.1} ms, most {most:.1} ms");
        println!("  memory: {memory:.0} MiB before, {:.0} after", measure::resident_mib());
        for (name, cpu) in &after {
            let spent = cpu.saturating_sub(before.get(name).copied().unwrap_or_default());
            if spent > Duration::from_millis(1) {
                println!("  {name:<16} {:7.2} us of processor an event", micros(spent) / events);
            }
        }
        Ok(())
    }

    /// Hands batches in when they are due, and says how long after that each was visible.
    fn offer(&self, batches: Vec<Vec<Event>>) -> Result<Sample> {
        let (due, inbox) = crossbeam_channel::unbounded::<Due>();
        let write = || -> Result<Vec<Duration>> {
            let mut latencies = Vec::new();
            for Due { at, events } in inbox.iter() {
                self.engine.ingest_events(events, Default::default())?;
                latencies.push(at.elapsed());
            }
            Ok(latencies)
        };
        thread::scope(|scope| {
            let name = |at: usize| thread::Builder::new().name(format!("bench-writer-{at}"));
            let writers: Result<Vec<_>, _> = (0..WRITERS).map(|at| name(at).spawn_scoped(scope, write)).collect();
            let begin = Instant::now();
            for (events, at) in batches.into_iter().zip(0u32..) {
                let at = begin + Duration::from_secs(1) / BATCHES_A_SECOND as u32 * at;
                thread::sleep(at.saturating_duration_since(Instant::now()));
                due.send(Due { at, events })?;
            }
            drop(due);
            let mut latencies = Vec::new();
            for writer in writers? {
                latencies.extend(writer.join().expect("a writer does not panic")?);
            }
            Ok(Sample::new(latencies))
        })
    }
}
