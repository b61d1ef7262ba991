//! What does a product cost in memory, and where does it go?
//!
//! 40 events a product in one store view, spread over the thirty days that the counters look back on: visits of one to
//! seven views near a taste, some put into the cart, some bought. The views count their own bytes; beside that stands
//! how much the process grew, which includes what is not a product's: open visits, orders, seen event ids.
//! Visitors' profiles are not here, see `publish`.

use planogram_benches::measure::{self, Mode, line};
use planogram_benches::shop::{self, Visits};
use planogram_core::id::{DAY_MS, ItemId};
use planogram_core::limits::VISIT_RECORDS_MAX;
use planogram_core::signal::{
    Admission, CoKind, ITEM_HOUR_BYTES, ResolvedEvent, SignalConfig, SignalMemory, Signals, Window, item_bytes_max,
};

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events a product.
const EVENTS_A_PRODUCT: usize = 40;

fn main() {
    let mode = Mode::from_args();
    let n_products = mode.pick(50_000, 500);
    let n_events = n_products * EVENTS_A_PRODUCT;
    let (mut signals, mut visits) = (Signals::new(SignalConfig::default()), Visits::new(n_products));
    let before = measure::resident_mib();
    let (mut number, mut visit) = (0_u64, 0);
    while (number as usize) < n_events {
        let time_ms = shop::NOW_MS - 30 * DAY_MS + number as i64 * (30 * DAY_MS / n_events as i64);
        for mut event in shop::visit_events(&mut visits, number, visit, |item| item.to_string(), time_ms) {
            event.store_view = "default".into();
            assert_eq!(
                signals.admit(&event, event.time_ms),
                Admission::New,
                "an event that does not count is not measured"
            );
            let items = event.items.iter().map(|item| ItemId(item.sku.parse().expect("the sku is a number"))).collect();
            signals.fold(&ResolvedEvent::new(&event, items));
            number += 1;
        }
        visit += 1;
    }
    let grown = measure::resident_mib() - before;
    println!("{n_products} products, {number} events, {visit} visits, one store view, load {:.1}\n", measure::load());
    print(&signals.memory(), n_products, grown);
}

fn print(memory: &SignalMemory, n_products: usize, grown_mib: f64) {
    println!("  {:<50} {:>24}   target", "bytes a product", "mean");
    let each = |bytes: usize| format!("{:.0}", bytes as f64 / n_products as f64);
    line("counters (of the shop and of the one store view)", each(memory.counters), "");
    for kind in CoKind::ALL {
        line(&format!("pairs, {kind:?}"), each(memory.pairs[kind as usize]), "");
    }
    line("past visits: which saw an item", each(memory.rings), "");
    line("past visits: the visits", each(memory.records), "");
    line("all", each(memory.total()), "4,096");
    line("the process grew, all signals", format!("{:.0}", grown_mib * 1_048_576.0 / n_products as f64), "");
    println!("\n  what follows from the bounds, bytes");
    line("rows and ring of one item, at most", item_bytes_max().to_string(), "8,192");
    let hours = Window::Month.hours() as usize * ITEM_HOUR_BYTES;
    line("hours of one item active in each of 30 days' hours", format!("{hours} a set of counters"), "");
    line("visits of the whole shop, at most", format!("{}", u64::from(VISIT_RECORDS_MAX) * 64), "");
}
