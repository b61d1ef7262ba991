//! What happens in one visit?
//!
//! A shopper comes in by a link or by the front page, wants a few things one after the other, looks for each
//! by search, by category or by chance, looks at what the lists show, fills a cart and perhaps orders.

use planogram_core::id::{DAY_MS, HOUR_MS, TimeMs};
use planogram_core::signal::event::{Event, EventItem, EventKind};

use super::config::SimConfig;
use super::market::{Market, Taste};
use super::product::SimProduct;
use super::search::{self, SearchBox};
use crate::rng::{Rng, Weights, mix};

/// Share of visits that begin on a product page.
const LINK_SHARE: f64 = 0.25;
/// Mean number of further things wanted in a visit.
const WANTS_MEAN: f64 = 1.6;
/// Probability that an examined item that was not sought is clicked, before liking.
const CLICK_RATE: f64 = 0.08;
/// Probability that the item that was sought is clicked once examined.
const SOUGHT_CLICK_RATE: f64 = 0.6;
/// How often a product page is scrolled down to its units.
const UNIT_SEEN: f64 = 0.3;
/// Probability that an examined item of a unit is clicked, before liking.
const UNIT_CLICK_RATE: f64 = 0.05;
/// Share of queries that are mistyped.
const MISTYPED: f64 = 0.05;
/// Share of cart lines that are taken out again.
const REMOVED: f64 = 0.08;

/// What every visit shares.
pub struct World<'a> {
    /// The catalog.
    pub products: &'a [SimProduct],
    /// Size and strength.
    pub config: &'a SimConfig,
    /// What is wanted.
    pub market: Market,
    /// Most popular products of each product's own category.
    pub leaf_heads: Vec<Vec<u32>>,
    /// Category of each product, as an index into `leaf_heads`.
    pub leaf_of: Vec<usize>,
}

/// Who comes, when, and under which names.
pub struct Visitor {
    /// Number of the shopper.
    pub shopper: usize,
    /// Number of the visit, from 0, over all shoppers.
    pub visit: usize,
    /// First moment.
    pub start_ms: TimeMs,
    /// Has an account?
    pub account: bool,
    /// Store view code.
    pub store_view: String,
}

/// Where a product was found.
#[derive(Clone, Default)]
struct Found {
    request: Option<String>,
    position: Option<u32>,
}

struct CartLine {
    product: usize,
    item: EventItem,
    request: Option<String>,
}

/// One visit under way.
pub struct Visit<'w> {
    world: &'w World<'w>,
    shop: &'w mut SearchBox,
    demand: &'w Weights,
    rng: Rng,
    taste: &'w Taste,
    who: Visitor,
    device: usize,
    customer: Option<String>,
    clock: TimeMs,
    requests: usize,
    cart: Vec<CartLine>,
    events: Vec<Event>,
}

/// Plays one visit; events are in time order, cancellations and returns (days later) at the end.
pub fn visit<'w>(world: &'w World<'w>, shop: &'w mut SearchBox, demand: &'w Weights, who: Visitor) -> Vec<Event> {
    let mut rng = Rng::fork(mix(mix(world.config.seed).wrapping_add(who.visit as u64)), "visit");
    let device = usize::from(rng.chance(0.25));
    let signed_in = who.account && rng.chance(0.5);
    let mut visit = Visit {
        customer: signed_in.then(|| format!("c{}", who.shopper)),
        taste: &world.market.planted.tastes[who.shopper],
        clock: who.start_ms,
        requests: 0,
        cart: Vec::new(),
        events: Vec::new(),
        world,
        shop,
        demand,
        rng,
        who,
        device,
    };
    visit.play();
    visit.events
}

impl Visit<'_> {
    fn play(&mut self) {
        if self.rng.chance(LINK_SHARE) {
            if let Some(product) = self.world.market.wanted(self.demand, self.clock, &mut self.rng) {
                self.view(product, Found::default(), 0);
            }
        } else {
            self.push(EventKind::PageView);
        }
        for _ in 0..1 + self.rng.poisson(WANTS_MEAN) {
            let Some(sought) = self.want() else { return };
            match self.rng.below(100) {
                0..50 => self.search(sought),
                50..85 => self.browse(sought),
                _ => self.view(sought, Found::default(), 0),
            }
        }
        self.leave();
    }

    /// The next thing wanted: from a favorite department if it is in season, else from any.
    fn want(&mut self) -> Option<usize> {
        let department = match self.favorite() {
            Some(department) => department,
            None => self.demand.draw(&mut self.rng)?,
        };
        self.world.market.wanted_by(self.taste, department, self.world.products, self.clock, &mut self.rng)
    }

    fn favorite(&mut self) -> Option<usize> {
        if self.taste.departments.is_empty() || !self.rng.chance(self.world.config.taste_share) {
            return None;
        }
        let department = *self.rng.pick(&self.taste.departments);
        let season = self.world.market.planted.seasons[department];
        self.rng.chance(season.factor(self.clock) / season.strength.exp()).then_some(department)
    }

    fn search(&mut self, sought: usize) {
        let query = search::query_for(&self.world.products[sought], &mut self.rng);
        let typed = if self.rng.chance(MISTYPED) { search::mistyped(&query, &mut self.rng) } else { query.clone() };
        let found_any = self.search_once(&typed, sought);
        if !found_any && typed != query && self.rng.chance(0.7) {
            self.search_once(&query, sought);
        }
    }

    fn search_once(&mut self, query: &str, sought: usize) -> bool {
        let request = self.next_request();
        let world = self.world;
        let shown = self.shop.answer(query, &world.market.weights, world.config.list_size, &mut self.rng);
        let ask = self.push(EventKind::SearchRequest);
        ask.query = Some(query.to_owned());
        ask.request_id = Some(request.clone());
        let items = self.listed(&shown);
        self.clock += self.rng.between(5, 80);
        let answer = self.push_now(EventKind::SearchResponse);
        answer.query = Some(query.to_owned());
        answer.request_id = Some(request.clone());
        answer.items = items;
        for (place, &product) in shown.iter().enumerate() {
            if !self.clicks(product, place, sought, CLICK_RATE) {
                continue;
            }
            let item = self.item(product, Some(place as u32));
            let click = self.push(EventKind::SearchClick);
            click.query = Some(query.to_owned());
            click.request_id = Some(request.clone());
            click.items = vec![item];
            self.view(product, Found { request: Some(request.clone()), position: Some(place as u32) }, 0);
        }
        !shown.is_empty()
    }

    fn browse(&mut self, sought: usize) {
        let world = self.world;
        let path = world.products[sought].category.join("/");
        if path.is_empty() {
            return self.view(sought, Found::default(), 0);
        }
        let request = self.next_request();
        let head = &world.leaf_heads[world.leaf_of[sought]];
        let shown = search::shown(head, &world.market.weights, world.config.list_size, &mut self.rng);
        let page = self.push(EventKind::PageView);
        page.category = Some(path);
        page.request_id = Some(request.clone());
        for (place, &product) in shown.iter().enumerate() {
            if self.clicks(product, place, sought, CLICK_RATE) {
                self.view(product, Found { request: Some(request.clone()), position: Some(place as u32) }, 0);
            }
        }
    }

    /// Looked at, and liked: the two are independent.
    fn clicks(&mut self, product: usize, place: usize, sought: usize, rate: f64) -> bool {
        let world = self.world;
        let examined = world.market.planted.examination.get(place).copied().unwrap_or(0.0);
        let liked = match product == sought {
            true => SOUGHT_CLICK_RATE,
            false => (rate * world.market.liking(self.taste, &world.products[product], product)).min(1.0),
        };
        self.rng.chance(examined * liked)
    }

    /// A product page; `depth` counts how far the shopper was led on from page to page.
    fn view(&mut self, product: usize, found: Found, depth: usize) {
        let item = self.item(product, found.position);
        let view = self.push(EventKind::ProductView);
        view.request_id = found.request.clone();
        view.items = vec![item];
        let world = self.world;
        if self.rng.chance(world.config.cart_rate * world.market.planted.conversion[product]) {
            self.add_to_cart(product, found.request);
        }
        if depth > 0 {
            return;
        }
        if let Some(&group) = world.market.group_of.get(&product)
            && self.rng.chance(world.config.substitute_rate)
        {
            let group = &world.market.planted.substitutes[group];
            let others: Vec<usize> = group.iter().copied().filter(|&p| p != product).collect();
            let other = *self.rng.pick(&others);
            self.view(other, Found::default(), depth + 1);
        }
        if self.rng.chance(UNIT_SEEN) {
            self.units(product, depth);
        }
    }

    fn units(&mut self, anchor: usize, depth: usize) {
        let world = self.world;
        for unit in &world.config.product_units {
            let head = &world.leaf_heads[world.leaf_of[anchor]];
            let mut shown = search::shown(head, &world.market.weights, 6, &mut self.rng);
            shown.retain(|&p| p != anchor);
            shown.truncate(5);
            if shown.is_empty() {
                continue;
            }
            let request = self.next_request();
            let items = self.listed(&shown);
            let seen = self.push(EventKind::UnitImpression);
            seen.unit = Some(unit.clone());
            seen.request_id = Some(request.clone());
            seen.items = items;
            for (place, &product) in shown.iter().enumerate() {
                if !self.clicks(product, place, usize::MAX, UNIT_CLICK_RATE) {
                    continue;
                }
                let item = self.item(product, Some(place as u32));
                let click = self.push(EventKind::UnitClick);
                click.unit = Some(unit.clone());
                click.request_id = Some(request.clone());
                click.items = vec![item];
                self.view(product, Found { request: Some(request.clone()), position: Some(place as u32) }, depth + 1);
            }
        }
    }

    fn add_to_cart(&mut self, product: usize, request: Option<String>) {
        let world = self.world;
        let buyable = &world.products[product].buyable;
        if buyable.is_empty() || self.cart.iter().any(|line| line.product == product) {
            return;
        }
        let item = EventItem {
            sku: self.rng.pick(buyable).clone(),
            quantity: if self.rng.chance(0.1) { 2.0 } else { 1.0 },
            price_minor: world.products[product].price_minor,
            position: None,
        };
        let add = self.push(EventKind::AddToCart);
        add.request_id = request.clone();
        add.items = vec![item.clone()];
        self.cart.push(CartLine { product, item, request });
        if let Some(&second) = world.market.complement.get(&product)
            && self.rng.chance(world.config.complement_rate)
        {
            self.add_to_cart(second, None);
        }
    }

    /// The end: some lines are taken out, and the rest is ordered or left.
    fn leave(&mut self) {
        let mut kept = Vec::new();
        for line in std::mem::take(&mut self.cart) {
            if self.rng.chance(REMOVED) {
                let remove = self.push(EventKind::RemoveFromCart);
                remove.request_id = line.request;
                remove.items = vec![line.item];
            } else {
                kept.push(line.item);
            }
        }
        let decision = self.rng.unit();
        let order_rate = self.world.config.order_rate;
        if kept.is_empty() || decision > order_rate + 0.2 {
            return;
        }
        self.push(EventKind::CheckoutStarted).items = kept.clone();
        if decision < order_rate {
            self.order(kept);
        }
    }

    fn order(&mut self, lines: Vec<EventItem>) {
        if self.who.account && self.customer.is_none() {
            self.customer = Some(format!("c{}", self.who.shopper));
            self.push(EventKind::SignIn);
        }
        let order = format!("o{}", self.who.visit);
        let placed = self.push(EventKind::OrderPlaced);
        placed.order = Some(order.clone());
        placed.items = lines.clone();
        if self.rng.chance(self.world.config.cancel_rate) {
            self.clock += self.rng.between(HOUR_MS, DAY_MS);
            let canceled = self.push(EventKind::OrderCanceled);
            canceled.order = Some(order);
            canceled.items = lines;
            return;
        }
        let ordered_ms = self.clock;
        for line in lines {
            if self.rng.chance(self.world.config.return_rate) {
                self.clock = ordered_ms + self.rng.between(5 * DAY_MS, 20 * DAY_MS);
                let returned = self.push_now(EventKind::Returned);
                returned.order = Some(order.clone());
                returned.items = vec![line];
            }
        }
    }

    fn next_request(&mut self) -> String {
        self.requests += 1;
        format!("r{}-{}", self.who.visit, self.requests)
    }

    fn item(&self, product: usize, position: Option<u32>) -> EventItem {
        let p = &self.world.products[product];
        EventItem { sku: p.sku.clone(), quantity: 1.0, price_minor: p.price_minor, position }
    }

    fn listed(&self, shown: &[usize]) -> Vec<EventItem> {
        shown.iter().enumerate().map(|(place, &p)| self.item(p, Some(place as u32))).collect()
    }

    /// The next event, after some seconds of reading.
    fn push(&mut self, kind: EventKind) -> &mut Event {
        if !self.events.is_empty() {
            self.clock += 1_000 + self.rng.exponential(25_000.0).min(600_000.0) as TimeMs;
        }
        self.push_now(kind)
    }

    fn push_now(&mut self, kind: EventKind) -> &mut Event {
        let number = self.events.len();
        self.events.push(Event {
            id: format!("e{}-{number}", self.who.visit),
            time_ms: self.clock,
            kind,
            visitor: format!("v{}-{}", self.who.shopper, self.device),
            customer: self.customer.clone(),
            session: format!("s{}", self.who.visit),
            store_view: self.who.store_view.clone(),
            request_id: None,
            items: Vec::new(),
            query: None,
            category: None,
            unit: None,
            order: None,
            consent: true,
            attributes: Default::default(),
        });
        &mut self.events[number]
    }
}
