//! How does what is held of a person look?
//!
//! Times are RFC 3339. Ids stand as the shop holds them, as pseudonyms: it knows no others.

use std::collections::BTreeMap;

use planogram_core::engine::types::{Erasure, Held, HeldProfile, Ordered};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::audience::key_text;
use super::{event, time};

/// Everything held of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldJson {
    /// Pseudonyms of the person's browsers.
    pub visitors: Vec<String>,
    /// Pseudonyms of the person's accounts.
    pub customers: Vec<String>,
    /// Orders known by their id.
    pub orders: usize,
    /// What is remembered, of the account and of each browser that is not signed in to it.
    pub profiles: Vec<ProfileJson>,
    /// Events as they stand in the log, with their position, oldest first; at most the newest 10,000.
    pub events: Vec<Value>,
    /// How many there are in the log.
    pub events_total: u64,
    /// Oldest position the log has.
    pub log_from: u64,
}

/// One profile.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileJson {
    /// Time of the newest event.
    pub last_seen: Option<String>,
    /// Time of the newest order.
    pub last_order: Option<String>,
    /// Products viewed, newest first.
    pub views: Vec<WhenJson>,
    /// Products in the cart.
    pub cart: Vec<WhenJson>,
    /// Products bought and kept, newest first.
    pub purchases: Vec<WhenJson>,
    /// Skus viewed in the current visit, newest first.
    pub session_items: Vec<String>,
    /// Categories that are liked, largest share first.
    pub categories: Vec<ShareJson>,
    /// Brands that are liked, largest share first.
    pub brands: Vec<ShareJson>,
    /// Key of the profile, as lists of members name it.
    pub member: String,
    /// Whether the person has an account.
    pub account: bool,
    /// What profile events said, by name.
    #[schema(value_type = Object)]
    pub attributes: BTreeMap<String, Value>,
    /// Products wished for, newest first.
    pub wishlist: Vec<WhenJson>,
    /// Newest orders, oldest first.
    pub orders: Vec<OrderJson>,
    /// The newest events that are kept for audiences, oldest first, a line each product.
    pub history: Vec<HistoryJson>,
    /// Audiences the person is in, in the default store view, now.
    pub audiences: Vec<String>,
}

/// An order, as far as its total is remembered.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderJson {
    /// When it was placed.
    pub time: String,
    /// What was kept of it, in minor units.
    pub total_minor: i64,
    /// Pieces that were kept.
    pub quantity: f32,
    /// Whether nothing was kept.
    pub canceled: bool,
}

/// A line of an event.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryJson {
    /// When.
    pub time: String,
    /// Kind of event.
    pub kind: &'static str,
    /// Product, if the event was about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
}

/// A product and when something was last done about it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhenJson {
    /// Sku.
    pub sku: String,
    /// When, the last time.
    pub time: String,
    /// How many, in the cart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<f32>,
}

/// A share of what a person likes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShareJson {
    /// Path of a category, or a brand.
    pub name: String,
    /// From 0 to 1.
    pub share: f64,
}

/// What an erasure destroyed the way to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureJson {
    /// Log position of the erasure.
    pub seq: u64,
    /// Browsers.
    pub visitors: usize,
    /// Accounts.
    pub customers: usize,
    /// Orders.
    pub orders: usize,
}

impl From<Held> for HeldJson {
    fn from(held: Held) -> Self {
        let row = |(seq, event): &(u64, _)| {
            let mut row = event::encode(event);
            row["seq"] = Value::from(*seq);
            row
        };
        Self {
            events: held.events.iter().map(row).collect(),
            visitors: held.visitors,
            customers: held.customers,
            orders: held.orders,
            profiles: held.profiles.into_iter().map(ProfileJson::from).collect(),
            events_total: held.events_total,
            log_from: held.log_from,
        }
    }
}

impl From<HeldProfile> for ProfileJson {
    fn from(profile: HeldProfile) -> Self {
        let when = |(sku, at)| WhenJson { sku, time: time::text(at), quantity: None };
        let line = |(sku, quantity, at)| WhenJson { sku, time: time::text(at), quantity: Some(quantity) };
        let share = |(name, share)| ShareJson { name, share };
        let line_of = |(at, kind, sku)| HistoryJson { time: time::text(at), kind, sku };
        Self {
            last_seen: profile.last_seen_ms.map(time::text),
            last_order: profile.last_order_ms.map(time::text),
            views: profile.views.into_iter().map(when).collect(),
            cart: profile.cart.into_iter().map(line).collect(),
            purchases: profile.purchases.into_iter().map(when).collect(),
            session_items: profile.session_items,
            categories: profile.categories.into_iter().map(share).collect(),
            brands: profile.brands.into_iter().map(share).collect(),
            member: key_text(profile.key),
            account: profile.is_account,
            attributes: profile
                .attributes
                .iter()
                .map(|(name, said)| (name.clone(), event::attribute_json(said)))
                .collect(),
            wishlist: profile.wishlist.into_iter().map(when).collect(),
            orders: profile.orders.iter().map(OrderJson::from).collect(),
            history: profile.history.into_iter().map(line_of).collect(),
            audiences: profile.audiences,
        }
    }
}

impl From<&Ordered> for OrderJson {
    fn from(order: &Ordered) -> Self {
        let Ordered { total_minor, quantity, canceled, .. } = *order;
        Self { time: time::text(order.time_ms), total_minor, quantity, canceled }
    }
}

impl From<Erasure> for ErasureJson {
    fn from(erased: Erasure) -> Self {
        let Erasure { seq, visitors, customers, orders } = erased;
        Self { seq, visitors, customers, orders }
    }
}
