//! What do a thousand audiences cost a request?
//!
//! A synthetic shop of 50,000 products and 1,000 audiences of every kind, most about products of a brand, a color or a
//! category in a window, each asked of shoppers with about 30 events, a cart and an order. The answer is compared
//! with the one that asks audience by audience. A query's time is its shortest of five rounds, since neighbors on the
//! machine only add to it. The profiles are folded from events, which is measured, too.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use planogram_benches::measure::{self, Contestant, Mode, Score, compete, line, micros, millis};
use planogram_benches::shop;
use planogram_core::catalog::doc::{
    AttributeValue, PRODUCTS, Placement, Price, ProductDoc, ROOT_BOOK, Stock, VariantDoc, Visibility,
};
use planogram_core::catalog::{BookChain, Catalog};
use planogram_core::expr::EvalContext;
use planogram_core::expr::audience::{AudienceDocument, Audiences, Person, parse_audience};
use planogram_core::id::{DAY_MS, ItemId, TimeMs};
use planogram_core::limits::DEFAULT_AUDIENCES_MAX;
use planogram_core::signal::ResolvedEvent;
use planogram_core::signal::event::{Event, EventKind, ProfileValue};
use planogram_core::visitor::{Visitor, VisitorView, Visitors};
use planogram_datasets::rng::Rng;
use serde_json::{Value, json};

/// The server's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Products of the shop.
const PRODUCTS_MAX: usize = 50_000;
/// Shoppers that are asked about.
const SHOPPERS: usize = 2_000;
/// Events of each.
const EVENTS: usize = 30;
/// Products that one shopper looks at lie near each other: so many around a taste.
const NEAR: usize = 300;
const COLORS: [&str; 12] =
    ["Red", "Blue", "Green", "Black", "White", "Pink", "Gray", "Brown", "Gold", "Teal", "Lime", "Navy"];

fn main() {
    let mode = Mode::from_args();
    let n_products = mode.pick(PRODUCTS_MAX, 500);
    let catalog = catalog(n_products);
    let (view, folding, n_events) = shoppers(mode.pick(SHOPPERS, 20), n_products);
    let documents = documents(mode.pick(DEFAULT_AUDIENCES_MAX, 60));
    let n_documents = documents.len();
    let begun = Instant::now();
    let set = Audiences::new(documents);
    let compiling = begun.elapsed();
    let (questions, conditions) = set.size();
    println!(
        "{n_products} products, {n_documents} audiences, {questions} questions, {conditions} product conditions, load {:.1}\n",
        measure::load()
    );
    let book = catalog.root_chain();
    let profiles: Vec<&Visitor> = view.profiles(None).map(|(_, visitor)| visitor).collect();
    let found = check(&set, &view, &profiles, &catalog, &book);
    println!("  {:<50} {:>24}   target", "us", "p50 / p99, cpu mean");
    let of = |visitor: &&Visitor| drop(black_box(set.of(&person(&view, visitor), &catalog, &context(&book))));
    let scores = compete(&profiles, mode.pick(5, 1), vec![Contestant::new("of", of)]);
    line("audiences of one shopper", quantiles(&scores[0]), "p99 below 50");
    let nobody = Visitor::default();
    let nobodies = vec![&nobody; profiles.len()];
    let scores = compete(&nobodies, mode.pick(5, 1), vec![Contestant::new("nobody", of)]);
    line("audiences of a stranger", quantiles(&scores[0]), "");
    println!();
    line("audiences a shopper is in, mean", format!("{:.1}", found as f64 / profiles.len() as f64), "");
    line("compiling them, ms", format!("{:.1}", millis(compiling)), "");
    line("folding an event into its profile, us", format!("{:.2}", micros(folding) / n_events as f64), "");
    println!("load {:.1} at the end", measure::load());
}

fn context(book: &BookChain) -> EvalContext<'_> {
    EvalContext { book, now_ms: shop::NOW_MS, view: "default", demand: None, seq: 0, tree: None }
}

fn person<'a>(view: &'a VisitorView, visitor: &'a Visitor) -> Person<'a> {
    let outside = view.outside();
    Person { visitor, is_registered: visitor.is_account, cart: None, group: None, outside, vouched: &[] }
}

/// Holds the whole answer to the answers one by one; memberships found.
fn check(set: &Audiences, view: &VisitorView, profiles: &[&Visitor], catalog: &Catalog, book: &BookChain) -> usize {
    let ids: Vec<&str> = set.in_force("default", shop::NOW_MS).map(|document| document.id.as_str()).collect();
    let of = |visitor: &Visitor| set.of(&person(view, visitor), catalog, &context(book));
    for visitor in profiles.iter().take(3) {
        let holds = |id: &&&str| set.holds(id, &person(view, visitor), catalog, &context(book));
        let one_by_one: Vec<&str> = ids.iter().filter(holds).copied().collect();
        assert_eq!(of(visitor), one_by_one, "an answer that is not right is not measured");
    }
    profiles.iter().map(|visitor| of(visitor).len()).sum()
}

fn quantiles(score: &Score) -> String {
    let [p50, p99] = [0.5, 0.99].map(|q| micros(score.times.quantile(q)));
    format!("{p50:.1} / {p99:.1}, {:.1}", micros(score.cpu))
}

/// Item ids are the numbers of the products.
fn catalog(n: usize) -> Catalog {
    let mut catalog = Catalog::new();
    for number in 0..n {
        catalog.put(product(number), 0);
    }
    catalog
}

fn brand(number: usize) -> String {
    format!("Brand {}", number / 100 % 200)
}

/// Neighbors share a category.
fn category(number: usize) -> [String; 3] {
    let leaf = number / 150;
    [format!("Hall {}", leaf / 40), format!("Aisle {}", leaf / 8), format!("Shelf {leaf}")]
}

fn product(number: usize) -> ProductDoc {
    let sku = number.to_string();
    let price = Price { regular_minor: shop::price_minor(&sku), special: None };
    let color = AttributeValue::Text(COLORS[number % COLORS.len()].into());
    ProductDoc {
        collection: PRODUCTS.into(),
        name: format!("Product {number}"),
        description: String::new(),
        brand: Some(brand(number)),
        categories: vec![Placement { path: category(number).into(), position: None }],
        visibility: Visibility::default(),
        created_ms: Some(0),
        attributes: BTreeMap::from([("color".to_owned(), color)]),
        variants: vec![VariantDoc {
            sku: sku.clone(),
            options: BTreeMap::new(),
            prices: BTreeMap::from([(ROOT_BOOK.to_owned(), price)]),
            stock: Stock { in_stock: true, quantity: None },
            image: None,
        }],
        sku,
        url: None,
        image: None,
        links: BTreeMap::new(),
        views: BTreeMap::new(),
        vectors: BTreeMap::new(),
    }
}

/// Shoppers with what they did in the last ten days, how long folding it took, and how many events it was.
fn shoppers(n: usize, n_products: usize) -> (VisitorView, Duration, usize) {
    use EventKind::{AddToCart, AddToWishlist, OrderPlaced, PageView, ProductView, Profile, SearchRequest};
    const KINDS: [EventKind; 10] = [
        ProductView,
        ProductView,
        ProductView,
        ProductView,
        ProductView,
        PageView,
        SearchRequest,
        AddToCart,
        AddToWishlist,
        OrderPlaced,
    ];
    let mut rng = Rng::fork(1, "shoppers");
    let mut events: Vec<Event> = Vec::new();
    for shopper in 0..n {
        let taste = rng.below(n_products);
        for at in 0..EVENTS {
            // One order, and something in the cart behind it.
            let kind = match at {
                0 => Profile,
                1 => OrderPlaced,
                _ => KINDS[rng.below(KINDS.len() - 1)],
            };
            let skus = match kind {
                PageView | SearchRequest | Profile => Vec::new(),
                _ => vec![((taste + rng.below(NEAR)) % n_products).to_string()],
            };
            let ago_ms = (EVENTS - at) as TimeMs * 10 * DAY_MS / EVENTS as TimeMs;
            let number = (shopper * EVENTS + at) as u64;
            let mut event = shop::visit_event(kind, number, shopper as u64, skus, shop::NOW_MS - ago_ms);
            event.visitor = shopper.to_string();
            if kind == Profile {
                let tier = ["gold", "silver", "bronze"][rng.below(3)];
                event.attributes = BTreeMap::from([
                    ("tier".to_owned(), Some(ProfileValue::Text(tier.into()))),
                    ("credit".to_owned(), Some(ProfileValue::Number(rng.below(1_000) as f64))),
                ]);
            }
            events.push(event);
        }
    }
    let mut visitors = Visitors::default();
    let resolve = |event: &Event| -> Vec<ItemId> {
        event.items.iter().map(|item| ItemId(item.sku.parse().expect("the sku is a number"))).collect()
    };
    let resolved: Vec<ResolvedEvent<'_>> =
        events.iter().map(|event| ResolvedEvent::new(event, resolve(event).into())).collect();
    let begun = Instant::now();
    resolved.iter().for_each(|event| visitors.fold(event));
    let folding = begun.elapsed();
    (visitors.publish(), folding, events.len())
}

/// Audiences of every kind, most of them different.
fn documents(n: usize) -> Vec<AudienceDocument> {
    let mut rng = Rng::fork(2, "audiences");
    let document = |number: usize| {
        let condition = condition(number, &mut rng);
        let json = json!({ "condition": condition }).to_string();
        let id = format!("audience-{number:05}");
        let audience = parse_audience(&id, &json).expect("the bench writes good audiences");
        AudienceDocument { id, scope: String::new(), from_ms: None, until_ms: None, audience }
    };
    (0..n).map(document).collect()
}

/// Of ten audiences three count, one looks for a sequence, and one each asks lists, cart, orders, profile and others.
fn condition(number: usize, rng: &mut Rng) -> Value {
    let wanted = wanted(rng);
    let days = 1 + rng.below(30);
    let from = 1 + rng.below(4);
    let (tier, credit) = (["gold", "silver", "tin"][rng.below(3)], rng.below(1_000));
    match number % 10 {
        0 | 1 => json!({"count": {"event": "product_view", "where": wanted, "days": days}, "range": {"from": from}}),
        2 => json!({"all": [
            {"count": {"event": "add_to_cart", "where": wanted, "days": days}, "exists": true},
            {"orders": "count", "days": days, "range": {"to": 1}}]}),
        3 => json!({"sequence": [{"event": "product_view", "where": wanted}, {"event": "add_to_cart"}],
            "within_minutes": 60 * days, "days": days}),
        4 => json!({"any": [{"viewed": {"where": wanted, "days": days}}, {"wishlist": {"where": wanted}}]}),
        5 => json!({"ordered": {"where": wanted, "days": 10 * days}}),
        6 => json!({"all": [{"cart": "total", "range": {"from": 50 * from}}, {"cart": {"where": wanted}}]}),
        7 => json!({"orders": "revenue", "days": days, "range": {"from": credit}}),
        8 => json!({"all": [{"profile": "tier", "eq": tier}, {"profile": "credit", "range": {"from": credit}}]}),
        _ => {
            let other = |rng: &mut Rng| format!("audience-{:05}", rng.below(number));
            json!({"all": [{"audience": other(rng)}, {"none": [{"audience": other(rng)}]}]})
        }
    }
}

fn wanted(rng: &mut Rng) -> Value {
    let number = rng.below(PRODUCTS_MAX);
    let category = category(number);
    let (color, price) = (*rng.pick(&COLORS), rng.below(200));
    let brands = [brand(number), brand(number + 100)];
    let (hall, aisle, shelf) = (category[0].clone(), category[..2].join("/"), category.join("/"));
    match rng.below(5) {
        0 => json!({"field": "brand", "eq": brands[0]}),
        1 => json!({"field": "category", "eq": aisle}),
        2 => json!({"field": "category", "in": [shelf, hall]}),
        3 => json!({"all": [{"field": "color", "eq": color}, {"field": "price", "range": {"from": price}}]}),
        _ => json!({"all": [{"field": "brand", "in": brands}, {"field": "color", "eq": color}]}),
    }
}
