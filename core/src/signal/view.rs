//! What can a request ask of the signals?
//!
//! Reads over one moment: the demand in the shop and in each store view, the neighbors of an item, what comes next.
//! Nothing here changes, locks or reads a clock. What is asked of the counters is in `demand`.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::alongside;
use super::cooccur::{CoKind, Neighbor, Rows, WEIGHT_PARTS, cosine};
use super::counters::{Tallies, row_of};
use super::demand::Demand;
use super::placement::{PlacementCounts, Placements};
use super::queries::{Evidence, Queries};
use super::together;
use super::visits::Visits;
use super::window::{Counter, Hour, Window};
use crate::id::{CategoryId, ItemId, TimeMs};

/// The signals of one snapshot; a clone is cheap.
#[derive(Clone, Debug, Default)]
pub struct SignalView {
    now_ms: TimeMs,
    shop: Demand,
    /// By code; the one without a code is what no event named.
    views: Vec<(Arc<str>, Demand)>,
    /// The same two, of categories.
    categories: (Demand, Vec<(Arc<str>, Demand)>),
    rows: [Rows; 3],
    visits: Visits,
    placements: Placements,
    queries: Queries,
    /// Orders of all time.
    orders: u64,
}

impl SignalView {
    pub(super) fn new(
        (now_ms, orders): (TimeMs, u64),
        tallies: &Tallies,
        rows: &[Rows; 3],
        placements: &Placements,
        visits: &Visits,
        queries: &Queries,
    ) -> Self {
        let (shop, views) = tallies.items.publish(now_ms);
        let categories = tallies.categories.publish(now_ms);
        let (rows, placements, visits) = (rows.clone(), placements.clone(), visits.clone());
        Self { now_ms, shop, views, categories, rows, placements, visits, queries: queries.clone(), orders }
    }

    /// What a recommendation unit did in a window, or in all time.
    pub fn placement(&self, unit: &str, window: Option<Window>) -> PlacementCounts {
        self.placements.read(unit, window, Hour::of(self.now_ms))
    }

    /// What shoppers took of what they were shown for a query with these stems, each once, in letter order. A few
    /// microseconds for a query with clicks of its own, up to a tenth of a millisecond for one that borrows them.
    pub fn evidence(&self, stems: &[String]) -> Evidence {
        self.queries.evidence(stems, self.now_ms)
    }

    /// At most `max` queries that at least three shoppers of a store view used and that had results, the most used
    /// first; their folded words begin with `begun`, which may be empty. At most 20.
    pub fn used_queries(&self, view: &str, begun: &str, max: usize) -> Vec<Arc<str>> {
        self.queries.completions(view, begun, max)
    }

    /// The log's time, which every window ends with (its hour included), in milliseconds.
    pub fn now_ms(&self) -> TimeMs {
        self.now_ms
    }

    /// What was viewed, put into carts and bought in the whole shop.
    pub fn shop(&self) -> &Demand {
        &self.shop
    }

    /// The same for the events that named a store view by this code, or none where it is empty; `None` when these
    /// counted nothing yet, or were told apart too late to be counted alone.
    pub fn store_view(&self, code: &str) -> Option<&Demand> {
        named(&self.views, code).filter(|demand| !demand.is_empty())
    }

    /// Visits (orders, for [`Counter::Purchases`]) that viewed, put into the cart or bought at least one product of the
    /// category, each once however many, in the window or in all time; by where the product was when the event
    /// came, and in the categories above as well. In the whole shop, or in what named the store view by this code.
    pub fn category(&self, code: Option<&str>, counter: Counter, window: Option<Window>, category: CategoryId) -> u32 {
        let demand = match code {
            None => Some(&self.categories.0),
            Some(code) => named(&self.categories.1, code),
        };
        let row = row_of(category);
        demand.map_or(0, |demand| match window {
            Some(window) => demand.count(counter, window, row),
            None => demand.total(counter, row),
        })
    }

    /// How often the item was counted in the window, in the whole shop.
    pub fn count(&self, counter: Counter, window: Window, item: ItemId) -> u32 {
        self.shop.count(counter, window, item)
    }

    /// How often the item was counted in all time, in the whole shop.
    pub fn total(&self, counter: Counter, item: ItemId) -> u32 {
        self.shop.total(counter, item)
    }

    /// How often the two were seen together, as far as the bounded row remembers.
    pub fn together(&self, kind: CoKind, item: ItemId, other: ItemId) -> u32 {
        self.rows[kind as usize].pairs(item).iter().find(|pair| pair.item == other).map_or(0, |pair| pair.count)
    }

    /// The items seen together with `item` and how often, at most [`CoKind::neighbors_max`], in order of recency.
    pub fn pairs(&self, kind: CoKind, item: ItemId) -> impl Iterator<Item = (ItemId, u32)> {
        self.rows[kind as usize].pairs(item).iter().map(|pair| (pair.item, pair.count))
    }

    /// The items bought together with `item`, each with what their orders weigh: the sum of `lines^-0.6` over them, with
    /// the number of lines of each. As many and in the same order as in [`Self::pairs`].
    pub(super) fn weighted_pairs(&self, item: ItemId) -> impl Iterator<Item = (ItemId, f32)> {
        let rows = &self.rows[CoKind::BoughtBought as usize];
        let weight = |parts: &u32| *parts as f32 / WEIGHT_PARTS as f32;
        rows.pairs(item).iter().zip(rows.weights(item)).map(move |(pair, parts)| (pair.item, weight(parts)))
    }

    /// Orders of all time.
    pub fn orders(&self) -> u64 {
        self.orders
    }

    /// What completes a basket, the best first, ties by item id: see the module `together`. At most
    /// [`BASKET_CANDIDATES_MAX`](crate::limits::BASKET_CANDIDATES_MAX) items that `is_wanted`, none of the basket.
    pub fn complete(&self, basket: &[ItemId], is_wanted: impl Fn(ItemId) -> bool) -> Vec<Neighbor> {
        together::complete(self, basket, is_wanted)
    }

    /// At most [`CoKind::neighbors_max`] items seen together with `item`, the strongest first, ties by item id. A few
    /// microseconds, of orders up to a quarter of a millisecond.
    pub fn neighbors(&self, kind: CoKind, item: ItemId) -> Vec<Neighbor> {
        let (mine, theirs) = match kind {
            CoKind::ViewedViewed => (Counter::Views, Counter::Views),
            CoKind::ViewedBought => (Counter::Views, Counter::Purchases),
            CoKind::BoughtBought => return alongside::bought_with(self, item),
        };
        let n = self.total(mine, item);
        let pairs = self.rows[kind as usize].pairs(item).iter();
        let score = |p: &super::cooccur::Pair| cosine(p.count, n, self.total(theirs, p.item));
        let mut neighbors: Vec<_> = pairs.map(|p| Neighbor { item: p.item, score: score(p) }).collect();
        Neighbor::best_first(&mut neighbors);
        neighbors
    }

    /// The `k` items of the universe most likely viewed next after `views`, oldest first, a repeated view each time; each
    /// with its probability among the candidates, best first, ties by item id. What the visit has seen is a candidate
    /// like any other: leave it out of the universe where it shall not be proposed again. Empty when nothing is known of
    /// any view; the last 15 views count. About 0.1 ms.
    pub fn next_in_visit(&self, views: &[u32], k: usize, universe: &RoaringBitmap) -> Vec<(ItemId, f32)> {
        self.visits.next(views, k, |item| universe.contains(item))
    }
}

fn named<'d>(views: &'d [(Arc<str>, Demand)], code: &str) -> Option<&'d Demand> {
    views.iter().find(|(known, _)| &**known == code).map(|(_, demand)| demand)
}
