//! What does the next item of a visit cost after a million visits, what does one more view, and what a basket?
//!
//! A synthetic shop of 50,000 products. Appends are measured as the whole fold of a view event (counters and
//! co-occurrence included), answers on one thread with the whole catalog eligible, beside VMIS-kNN over the same visits
//! as the evaluation has it. Baskets of twenty are completed from orders that have filled the rows of every product.
//! A query's time is its shortest of five rounds, since neighbors on the machine only add to it; on a crowded
//! one the time on the processor, the mean of all rounds, says more.

use std::time::{Duration, Instant};

use planogram_benches::measure::{self, Contestant, Mode, Score, compete, line, micros};
use planogram_benches::shop::{self, Visits};
use planogram_core::id::ItemId;
use planogram_core::signal::event::{Event, EventKind};
use planogram_core::signal::{Admission, CoKind, ResolvedEvent, SignalConfig, Signals};
use planogram_datasets::reference::{Context, Group, Reference, VmisKnn};
use roaring::RoaringBitmap;

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Products of the shop.
const PRODUCTS: usize = 50_000;
/// Products of the shop that baskets are of: few, so that every row is full.
const BASKET_PRODUCTS: usize = 5_000;
/// Products an order strays over.
const ORDER_STRAY: f64 = 1_000.0;
/// Items of a basket, and of an order.
const BASKET: usize = 20;
/// Milliseconds between two events.
const PACE_MS: i64 = 20;
/// Items asked for.
const K: usize = 20;

fn main() {
    let mode = Mode::from_args();
    println!("load {:.1}\n  {:<50} {:>24}   target", measure::load(), "us", "p50 / p99, cpu mean");
    visits(mode);
    baskets(mode);
    println!("load {:.1} at the end", measure::load());
}

fn visits(mode: Mode) {
    let n_visits = mode.pick(1_000_000, 2_000);
    let (mut signals, mut visits) = (Signals::new(SignalConfig::default()), Visits::new(PRODUCTS));
    let (mut folding, mut number) = (Duration::ZERO, 0);
    let (mut asked, mut groups) = (Vec::new(), Vec::new());
    for visit in 0..n_visits {
        let views = visits.next_views();
        let events: Vec<Event> =
            views.iter().zip(number..).map(|(item, at)| event(EventKind::ProductView, visit, at, &[*item])).collect();
        number += views.len() as u64;
        let begin = Instant::now();
        events.iter().for_each(|event| fold(&mut signals, event));
        folding += begin.elapsed();
        if visit % 500 == 0 {
            asked.push(views.clone());
        }
        groups.push(Group { user: None, time_ms: number as i64, items: views });
    }
    let (view, universe) = (signals.publish(), (0..PRODUCTS as u32).collect::<RoaringBitmap>());
    let baseline = VmisKnn::of(&groups);
    let ours = Contestant::new("ours", |views: &Vec<u32>| drop(view.next_in_visit(views, K, &universe)));
    let theirs = Contestant::new("VMIS-kNN", |views: &Vec<u32>| {
        drop(baseline.rank(&Context { items: views, ..Context::default() }, K));
    });
    let scores = compete(&asked, mode.pick(4, 1), vec![ours, theirs]);
    line(&format!("next item after {n_visits} visits"), quantiles(&scores[0]), "p50 below 150, p99 below 1,000");
    line("baseline: VMIS-kNN over the same visits", quantiles(&scores[1]), "");
    line("fold of a view, all signals, mean", format!("{:.2}", micros(folding) / number as f64), "");
}

fn baskets(mode: Mode) {
    let (mut signals, mut visits) = (Signals::new(SignalConfig::default()), Visits::new(BASKET_PRODUCTS));
    let mut asked = Vec::new();
    for order in 0..mode.pick(40_000_u64, 500) {
        let taste = (order * 7_919 % BASKET_PRODUCTS as u64) as u32;
        let mut items = visits.near(taste, BASKET + BASKET / 4, ORDER_STRAY);
        items.sort_unstable();
        items.dedup();
        items.truncate(BASKET);
        fold(&mut signals, &event(EventKind::OrderPlaced, order, order, &items));
        if order % 200 == 0 {
            asked.push(items.into_iter().map(ItemId).collect::<Vec<_>>());
        }
    }
    let view = signals.publish();
    let full = (0..BASKET_PRODUCTS as u32).map(|item| view.pairs(CoKind::BoughtBought, ItemId(item)).count());
    let pairs = full.sum::<usize>() / BASKET_PRODUCTS;
    let universe: RoaringBitmap = (0..BASKET_PRODUCTS as u32).collect();
    let complete = |basket: &Vec<ItemId>| drop(view.complete(basket, |item| universe.contains(item.0)));
    let scores = compete(&asked, mode.pick(4, 1), vec![Contestant::new("complete", complete)]);
    line(&format!("basket of {BASKET}, rows of {pairs} pairs"), quantiles(&scores[0]), "p50 below 1,000");
}

fn quantiles(score: &Score) -> String {
    let [p50, p99] = [0.5, 0.99].map(|q| micros(score.times.quantile(q)));
    format!("{p50:.0} / {p99:.0}, {:.0}", micros(score.cpu))
}

fn event(kind: EventKind, visit: u64, number: u64, items: &[u32]) -> Event {
    let skus = items.iter().map(u32::to_string).collect();
    shop::visit_event(kind, number, visit, skus, 1_700_000_000_000 + number as i64 * PACE_MS)
}

fn fold(signals: &mut Signals, event: &Event) {
    assert_eq!(signals.admit(event, event.time_ms), Admission::New, "an event that does not count is not measured");
    let items = event.items.iter().map(|item| ItemId(item.sku.parse().expect("the sku is a number"))).collect();
    signals.fold(&ResolvedEvent::new(event, items));
}
