//! What is remembered of one person?
//!
//! Recent views, the cart, purchases, the current visit; every list bounded, newest first, each item once.
//! Lists are ordered by event time, so a late event lands where it belongs; the cart follows the order of
//! arrival, except that what was put in before the last order was placed stays out.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::kept::{Happened, Kept};
use crate::id::{ItemId, TimeMs};
use crate::limits::{
    SESSION_IDLE_MS, VISITOR_CART_MAX, VISITOR_DEVICES_MAX, VISITOR_PURCHASES_MAX, VISITOR_SESSION_ITEMS_MAX,
    VISITOR_VIEWS_MAX,
};

/// An item looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewed {
    /// The item.
    pub item: ItemId,
    /// When, the last time.
    pub time_ms: TimeMs,
}

/// An item in the cart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CartLine {
    /// The item.
    pub item: ItemId,
    /// How many, above 0.
    pub quantity: f32,
    /// When it was put in, the last time.
    pub time_ms: TimeMs,
}

/// An item bought and kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Purchased {
    /// The item.
    pub item: ItemId,
    /// When, the last time.
    pub time_ms: TimeMs,
    /// Key of the order.
    pub order: u64,
    /// In how many orders, each counting 5 % less with every order since; above 0.
    pub weight: f32,
}

/// What an order counts relative to the next one.
const ORDER_FADING: f32 = 0.95;

/// How well a shopper is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Warmth {
    /// Nothing is known.
    #[default]
    None,
    /// Only what was done in this visit.
    Session,
    /// Earlier visits or purchases, too.
    Known,
}

/// One person's recent behavior: at most about 30 KB, 700 bytes for most.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Visitor {
    /// Distinct items viewed, newest first.
    pub views: Vec<Viewed>,
    /// What is in the cart, in the order put in.
    pub cart: Vec<CartLine>,
    /// Distinct items bought, newest first.
    pub purchases: Vec<Purchased>,
    /// Key of the current visit; 0 before the first.
    pub session: u64,
    /// Distinct items viewed in the current visit, newest first.
    pub session_items: Vec<ItemId>,
    /// Time of the newest event; `None` before the first.
    pub last_seen_ms: Option<TimeMs>,
    /// Orders, each counting 5 % less with every order since.
    pub orders_weight: f32,
    /// Time of the newest order: the cart was empty then.
    pub last_order_ms: Option<TimeMs>,
    /// Keys of the browsers and devices signed in to this account, the longest linked first.
    pub devices: Vec<u64>,
    /// Lines of the newest events, in order of their time.
    pub events: Vec<Happened>,
    /// Whether the person has an account.
    pub is_account: bool,
    /// What few have.
    pub(super) kept: Option<Box<Kept>>,
}

impl Visitor {
    /// How well the person is known.
    pub fn warmth(&self) -> Warmth {
        let is_of_this_visit = |view: &Viewed| self.session_items.contains(&view.item);
        if !self.purchases.is_empty() || !self.views.iter().all(is_of_this_visit) {
            Warmth::Known
        } else if !self.views.is_empty() || !self.cart.is_empty() {
            Warmth::Session
        } else {
            Warmth::None
        }
    }

    /// An event happened in this visit: a new visit begins with a new session or after half an hour.
    pub(super) fn seen(&mut self, session: u64, time_ms: TimeMs) {
        let last = self.last_seen_ms.unwrap_or(time_ms);
        let idle = time_ms.saturating_sub(last) > SESSION_IDLE_MS;
        if time_ms >= last && (session != self.session || idle) {
            self.session = session;
            self.session_items.clear();
        }
        self.last_seen_ms = Some(last.max(time_ms));
    }

    pub(super) fn view(&mut self, item: ItemId, session: u64, time_ms: TimeMs) {
        let old = self.views.iter().position(|v| v.item == item).map(|i| self.views.remove(i));
        let time = old.map_or(time_ms, |old| old.time_ms.max(time_ms));
        insert_newest_first(&mut self.views, Viewed { item, time_ms: time }, |v| v.time_ms, VISITOR_VIEWS_MAX);
        if session == self.session {
            self.session_items.retain(|&seen| seen != item);
            self.session_items.insert(0, item);
            self.session_items.truncate(VISITOR_SESSION_ITEMS_MAX);
        }
    }

    /// Puts items in; what happened before the last order is in that order, not in the cart.
    pub(super) fn add_to_cart(&mut self, item: ItemId, quantity: f32, time_ms: TimeMs) {
        if self.last_order_ms.is_some_and(|order| time_ms <= order) || !quantity.is_finite() || quantity <= 0.0 {
            return;
        }
        if let Some(line) = self.cart.iter_mut().find(|line| line.item == item) {
            line.quantity = (line.quantity + quantity).min(f32::MAX);
            line.time_ms = line.time_ms.max(time_ms);
        } else if self.cart.len() < VISITOR_CART_MAX {
            self.cart.push(CartLine { item, quantity, time_ms });
        }
    }

    pub(super) fn remove_from_cart(&mut self, item: ItemId, quantity: f32) {
        for line in self.cart.iter_mut().filter(|line| line.item == item) {
            line.quantity -= quantity;
        }
        self.cart.retain(|line| line.quantity > 0.0);
    }

    /// Empties the cart of everything put in up to the order's time and remembers what was bought.
    pub(super) fn order(&mut self, order: u64, items: &[ItemId], time_ms: TimeMs) {
        self.cart.retain(|line| line.time_ms > time_ms);
        self.last_order_ms = self.last_order_ms.max(Some(time_ms));
        // An order may come in several events.
        if !self.knows_order(order) {
            self.orders_weight = self.orders_weight * ORDER_FADING + 1.0;
            self.purchases.iter_mut().for_each(|p| p.weight *= ORDER_FADING);
        }
        for &item in items {
            self.purchase(Purchased { item, time_ms, order, weight: 1.0 });
        }
    }

    pub(super) fn knows_order(&self, order: u64) -> bool {
        self.purchases.iter().any(|p| p.order == order)
    }

    fn purchase(&mut self, new: Purchased) {
        let old = self.purchases.iter().position(|p| p.item == new.item).map(|i| self.purchases.remove(i));
        let mut newest = old.filter(|old| old.time_ms > new.time_ms).unwrap_or(new);
        newest.weight = match old {
            Some(old) if old.order == new.order => old.weight.max(new.weight),
            Some(old) => old.weight + new.weight,
            None => new.weight,
        };
        insert_newest_first(&mut self.purchases, newest, |p| p.time_ms, VISITOR_PURCHASES_MAX);
    }

    /// Forgets items of an order that were not kept; every item when none is named.
    pub(super) fn undo(&mut self, order: u64, items: &[ItemId]) {
        for bought in self.purchases.iter_mut().filter(|p| p.order == order) {
            if items.is_empty() || items.contains(&bought.item) {
                bought.weight -= 1.0;
            }
        }
        // What was bought before that, too, is still bought.
        self.purchases.retain(|p| p.weight > 0.0);
    }

    /// Takes in what an anonymous visitor did before signing in.
    pub(super) fn join(&mut self, other: &Visitor) {
        for &Viewed { item, time_ms } in other.views.iter().rev() {
            let newest = self.views.iter().find(|v| v.item == item).map_or(time_ms, |v| v.time_ms.max(time_ms));
            self.views.retain(|v| v.item != item);
            insert_newest_first(&mut self.views, Viewed { item, time_ms: newest }, |v| v.time_ms, VISITOR_VIEWS_MAX);
        }
        self.last_order_ms = self.last_order_ms.max(other.last_order_ms);
        for line in &other.cart {
            self.add_to_cart(line.item, line.quantity, line.time_ms);
        }
        if let Some(order_ms) = other.last_order_ms {
            self.cart.retain(|line| line.time_ms > order_ms);
        }
        self.orders_weight += other.orders_weight;
        for &purchased in other.purchases.iter().rev() {
            self.purchase(purchased);
        }
        if other.last_seen_ms >= self.last_seen_ms {
            self.session = other.session;
            self.session_items.clone_from(&other.session_items);
        }
        self.last_seen_ms = self.last_seen_ms.max(other.last_seen_ms);
        self.join_kept(other);
    }

    /// Links a browser or device; the one that has to go, if there are too many, is returned.
    pub(super) fn link(&mut self, device: u64) -> Option<u64> {
        self.devices.retain(|&d| d != device);
        self.devices.push(device);
        (self.devices.len() > VISITOR_DEVICES_MAX).then(|| self.devices.remove(0))
    }
}

/// Inserts before everything that is not newer and keeps the first `max`.
pub(super) fn insert_newest_first<T>(list: &mut Vec<T>, new: T, time: impl Fn(&T) -> TimeMs, max: usize) {
    let at = list.partition_point(|old| Reverse(time(old)) < Reverse(time(&new)));
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 4).max(4));
    }
    list.insert(at, new);
    list.truncate(max);
}
