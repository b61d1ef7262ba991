//! What does the next item of a visit cost after a million visits, and what does one more view?
//!
//! A synthetic shop of 50,000 products: a visit has a taste, a place on a line of products, popular places being
//! visited more, and views one to seven products near it. Appends are measured as the whole fold of a view event
//! (counters and co-occurrence included), answers on one thread with the whole catalog eligible. A query's time is its
//! shortest of five rounds, since neighbors on the machine only add to it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use planogram_benches::measure::{self, Mode, Sample, micros};
use planogram_core::id::ItemId;
use planogram_core::signal::event::{Event, EventItem, EventKind};
use planogram_core::signal::{Admission, ResolvedEvent, SignalConfig, SignalView, Signals};
use planogram_datasets::rng::Rng;
use roaring::RoaringBitmap;

/// Products of the shop.
const PRODUCTS: u32 = 50_000;
/// Products a visit strays over.
const STRAY: f64 = 60.0;
/// Milliseconds between two views of the log.
const PACE_MS: i64 = 20;
/// Items asked for.
const K: usize = 20;

fn main() {
    let mode = Mode::from_args();
    let n_visits = mode.pick(1_000_000, 2_000);
    let (mut signals, mut rng) = (Signals::new(SignalConfig::default()), Rng::new(7));
    let before = measure::resident_mib();
    let (mut folding, mut n_views, mut asked) = (Duration::ZERO, 0_u64, Vec::new());
    for visit in 0..n_visits {
        let views = views(&mut rng);
        let events: Vec<Event> = views.iter().zip(n_views..).map(|(item, at)| event(visit, *item, at)).collect();
        n_views += views.len() as u64;
        let begin = Instant::now();
        events.iter().for_each(|event| fold(&mut signals, event));
        folding += begin.elapsed();
        if visit % 500 == 0 {
            asked.push(views);
        }
    }
    println!("{n_visits} visits, {n_views} views, {PRODUCTS} products, load {:.1}", measure::load());
    println!("fold of a view, all signals: {:.2} us", micros(folding) / n_views as f64);
    println!("memory: {:.0} MiB more", measure::resident_mib() - before);
    let (view, universe) = (signals.publish(), (0..PRODUCTS).collect::<RoaringBitmap>());
    let mut shortest = vec![Duration::MAX; asked.len()];
    for _ in 0..mode.pick(5, 1) {
        for (shortest, views) in shortest.iter_mut().zip(&asked) {
            let begin = Instant::now();
            black_box(answer(&view, views, &universe));
            *shortest = begin.elapsed().min(*shortest);
        }
    }
    let answers = Sample::new(shortest);
    let [p50, p99] = [0.5, 0.99].map(|q| micros(answers.quantile(q)));
    println!("next item of a visit: p50 {p50:.0} us, p99 {p99:.0} us over {} visits", asked.len());
    let mut criterion = Criterion::default().configure_from_args();
    let mut turn = 0;
    criterion.bench_function("session/next", |b| {
        b.iter(|| {
            turn += 1;
            answer(&view, &asked[turn % asked.len()], &universe)
        });
    });
    criterion.final_summary();
}

fn answer(view: &SignalView, views: &[u32], universe: &RoaringBitmap) -> Vec<(ItemId, f32)> {
    view.next_in_visit(views, K, universe)
}

fn views(rng: &mut Rng) -> Vec<u32> {
    let taste = (f64::from(PRODUCTS) * rng.unit().powi(3)) as u32;
    let n = 1 + (7.0 * rng.unit()) as usize;
    (0..n).map(|_| (taste + (STRAY * rng.unit().powi(2)) as u32) % PRODUCTS).collect()
}

fn event(visit: u32, item: u32, at: u64) -> Event {
    Event {
        id: at.to_string(),
        time_ms: 1_700_000_000_000 + at as i64 * PACE_MS,
        kind: EventKind::ProductView,
        visitor: String::new(),
        customer: None,
        session: visit.to_string(),
        store_view: String::new(),
        request_id: None,
        items: vec![EventItem { sku: item.to_string(), quantity: 1.0, price_minor: None, position: None }],
        query: None,
        category: None,
        unit: None,
        order: None,
        consent: true,
    }
}

fn fold(signals: &mut Signals, event: &Event) {
    assert_eq!(signals.admit(event, event.time_ms), Admission::New, "an event that does not count is not measured");
    let items = event.items.iter().map(|item| ItemId(item.sku.parse().expect("the sku is a number"))).collect();
    signals.fold(&ResolvedEvent { event, items, shelves: Default::default() });
}
