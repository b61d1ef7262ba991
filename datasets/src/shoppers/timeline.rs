//! In which order do events come?
//!
//! Day by day: the visits that begin on a day are played, and everything before its midnight is handed out in
//! time order. What runs over midnight or comes days later waits. So no more than a day and the open returns
//! is held in memory. Events from the end of the simulation on are dropped.

use std::collections::BTreeMap;
use std::vec::IntoIter;

use planogram_core::id::{DAY_MS, HOUR_MS, TimeMs};
use planogram_core::signal::event::Event;

use super::config::SimConfig;
use super::market::{HOURS, Market, Planted, WEEKDAYS, weekday};
use super::product::SimProduct;
use super::search::SearchBox;
use super::visit::{Visitor, World, visit};
use crate::rng::{Rng, Weights};

/// Most popular products of a category that its page shows.
const LEAF_HEAD: usize = 36;

/// The events, in time order; equal times by event id.
pub struct Simulation<'a> {
    world: World<'a>,
    shop: SearchBox,
    rng: Rng,
    /// Who comes how often.
    activity: Weights,
    accounts: Vec<bool>,
    store_views: Vec<usize>,
    hours: Weights,
    day: u32,
    visits: usize,
    waiting: Vec<Event>,
    ready: IntoIter<Event>,
}

/// Plants the effects into a catalog and plays the shoppers. An empty catalog has no events.
pub fn simulate<'a>(products: &'a [SimProduct], config: &'a SimConfig) -> Simulation<'a> {
    let mut rng = Rng::fork(config.seed, "timeline");
    let views = Weights::new(config.store_views.iter().map(|(_, weight)| *weight));
    let activity = Weights::new((0..config.shoppers).map(|_| rng.log_normal(1.0, 0.8)));
    let accounts = (0..config.shoppers).map(|_| rng.chance(config.account_share)).collect();
    let store_views = (0..config.shoppers).map(|_| views.draw(&mut rng).unwrap_or(usize::MAX)).collect();
    Simulation {
        shop: SearchBox::new(products),
        world: world(products, config),
        hours: Weights::new(HOURS),
        rng,
        activity,
        accounts,
        store_views,
        day: 0,
        visits: 0,
        waiting: Vec::new(),
        ready: Vec::new().into_iter(),
    }
}

fn world<'a>(products: &'a [SimProduct], config: &'a SimConfig) -> World<'a> {
    let market = Market::new(products, config);
    let mut leaves: BTreeMap<&[String], usize> = BTreeMap::new();
    let mut leaf_heads: Vec<Vec<u32>> = Vec::new();
    let mut leaf_of = Vec::with_capacity(products.len());
    for (i, product) in products.iter().enumerate() {
        let leaf = *leaves.entry(&product.category).or_insert(leaf_heads.len());
        if leaf == leaf_heads.len() {
            leaf_heads.push(Vec::new());
        }
        leaf_heads[leaf].push(i as u32);
        leaf_of.push(leaf);
    }
    for head in &mut leaf_heads {
        head.sort_by_key(|&p| market.planted.popularity_rank[p as usize]);
        head.truncate(LEAF_HEAD);
    }
    World { products, config, market, leaf_heads, leaf_of }
}

impl Simulation<'_> {
    /// The truth behind the events.
    pub fn planted(&self) -> &Planted {
        &self.world.market.planted
    }

    /// Plays the next day; false when there is none.
    fn next_day(&mut self) -> bool {
        let config = self.world.config;
        if self.day >= config.days || self.world.products.is_empty() || config.shoppers == 0 {
            return false;
        }
        let start_ms = config.start_ms + TimeMs::from(self.day) * DAY_MS;
        self.day += 1;
        let mean_weekday = WEEKDAYS.iter().sum::<f64>() / WEEKDAYS.len() as f64;
        let per_day = config.shoppers as f64 * config.visits_per_shopper / f64::from(config.days);
        let demand = self.world.market.demand(start_ms);
        for _ in 0..self.rng.poisson(per_day * weekday(start_ms) / mean_weekday) {
            let Some(who) = self.next_visitor(start_ms) else { break };
            self.waiting.extend(visit(&self.world, &mut self.shop, &demand, who));
        }
        let midnight = start_ms + DAY_MS;
        let (mut now, later) = std::mem::take(&mut self.waiting).into_iter().partition(|e| e.time_ms < midnight);
        self.waiting = later;
        sort(&mut now);
        self.ready = now.into_iter();
        true
    }

    fn next_visitor(&mut self, day_ms: TimeMs) -> Option<Visitor> {
        let shopper = self.activity.draw(&mut self.rng)?;
        let hour = self.hours.draw(&mut self.rng)? as TimeMs;
        let visit = self.visits;
        self.visits += 1;
        let view = self.world.config.store_views.get(self.store_views[shopper]);
        Some(Visitor {
            shopper,
            visit,
            start_ms: day_ms + hour * HOUR_MS + self.rng.between(0, HOUR_MS - 1),
            account: self.accounts[shopper],
            store_view: view.map(|(code, _)| code.clone()).unwrap_or_default(),
        })
    }
}

fn sort(events: &mut [Event]) {
    events.sort_by(|a, b| a.time_ms.cmp(&b.time_ms).then_with(|| a.id.cmp(&b.id)));
}

impl Iterator for Simulation<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.next() {
                return Some(event);
            }
            if !self.next_day() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use planogram_core::signal::event::EventKind;

    use super::*;
    use crate::shop::{ShopConfig, generate};
    use crate::shoppers::of_catalog;

    fn small() -> SimConfig {
        SimConfig { days: 20, shoppers: 200, ..SimConfig::default() }
    }

    #[test]
    fn events_come_in_order_once_and_repeatably() {
        let products = of_catalog(&generate(ShopConfig { products: 400, ..ShopConfig::default() }).products);
        let config = small();
        let events: Vec<Event> = simulate(&products, &config).collect();
        assert!(events.is_sorted_by_key(|e| e.time_ms));
        assert!(events.iter().all(|e| (config.start_ms..config.end_ms()).contains(&e.time_ms)));
        let ids: BTreeSet<&str> = events.iter().map(|e| e.id.as_str()).collect();
        assert_eq!(ids.len(), events.len());
        assert!(simulate(&products, &config).eq(events.iter().cloned()));
        let other = SimConfig { seed: 2, ..config };
        assert!(!simulate(&products, &other).eq(events));
    }

    #[test]
    fn every_kind_of_event_that_shoppers_cause_occurs_and_refers_to_something() {
        let products = of_catalog(&generate(ShopConfig { products: 400, ..ShopConfig::default() }).products);
        let config = SimConfig { shoppers: 800, ..small() };
        let mut kinds = BTreeSet::new();
        let mut requests = BTreeSet::new();
        let mut orders = BTreeSet::new();
        for e in simulate(&products, &config) {
            kinds.insert(e.kind.name());
            match e.kind {
                EventKind::SearchRequest => assert!(requests.insert(e.request_id.unwrap()) && e.query.is_some()),
                EventKind::SearchResponse | EventKind::SearchClick => {
                    assert!(requests.contains(&e.request_id.unwrap()))
                }
                EventKind::OrderPlaced => assert!(orders.insert(e.order.unwrap()) && !e.items.is_empty()),
                EventKind::OrderCanceled | EventKind::Returned => assert!(orders.contains(&e.order.unwrap())),
                EventKind::SignIn => assert!(e.customer.is_some()),
                _ => {}
            }
        }
        let missing: Vec<&str> = EventKind::ALL.iter().map(|k| k.name()).filter(|name| !kinds.contains(name)).collect();
        assert_eq!(missing, ["sign_out", "profile", "unit_view", "add_to_wishlist", "remove_from_wishlist"]);
    }

    #[test]
    fn the_demo_has_the_size_it_promises() {
        let products = of_catalog(&generate(ShopConfig::default()).products);
        let config = SimConfig::default();
        let (mut events, mut orders, mut searches) = (0, 0, 0);
        for e in simulate(&products, &config) {
            events += 1;
            orders += usize::from(e.kind == EventKind::OrderPlaced);
            searches += usize::from(e.kind == EventKind::SearchRequest);
        }
        assert!((150_000..300_000).contains(&events), "{events} events");
        assert!(orders > 2_000 && searches > 10_000, "{orders} orders, {searches} searches");
    }

    #[test]
    fn poor_catalogs_are_simulated_too() {
        let config = SimConfig { days: 3, shoppers: 50, ..small() };
        assert_eq!(simulate(&[], &config).count(), 0);
        let bare = [SimProduct { sku: "1".into(), ..SimProduct::default() }];
        let events: Vec<Event> = simulate(&bare, &config).collect();
        assert!(events.len() > 50 && events.iter().flat_map(|e| &e.items).all(|i| i.sku == "1"));
        assert!(events.iter().all(|e| e.kind != EventKind::AddToCart), "nothing can be bought");
    }

    #[test]
    fn real_catalogs_are_simulated_too() {
        let Some(folder) = crate::real::dir("luma") else { return };
        let products = of_catalog(&crate::loaders::luma(&folder).unwrap().products);
        let config = SimConfig { days: 5, shoppers: 300, visits_per_shopper: 1.0, ..small() };
        let events: Vec<Event> = simulate(&products, &config).collect();
        assert!(events.len() > 1_000, "{}", events.len());
        assert!(events.iter().any(|e| e.query.as_deref().is_some_and(|q| q.contains("hoodie"))));
    }
}
