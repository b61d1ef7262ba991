//! What is kept of a person besides views, cart and purchases?
//!
//! What audiences ask for: the newest events in order of their time, the newest orders with their totals, the
//! wishlist, what profile events said, and the audiences of other systems. All of it bounded. Most visitors have
//! events only, so that the rest lies behind one pointer. What an event is worth to an audience is not known here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::profile::{Viewed, Visitor, insert_newest_first};
use crate::id::{ItemId, TimeMs};
use crate::limits::{
    PROFILE_ATTRIBUTES_MAX, VISITOR_EVENT_ITEMS_MAX, VISITOR_EVENTS_MAX, VISITOR_ORDERS_MAX, VISITOR_OUTSIDE_MAX,
    VISITOR_WISHLIST_MAX,
};
use crate::signal::ResolvedEvent;
use crate::signal::event::{Event, EventKind, ProfileValue};
use crate::signal::key::order_key;

/// One line of an event.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// When, by the client's clock.
    pub time_ms: TimeMs,
    /// The product; [`Happened::NO_ITEM`] of an event about none.
    pub item: ItemId,
    /// How many.
    pub quantity: f32,
    /// Place of the kind in [`EventKind::ALL`].
    kind: u8,
    /// Whether the event begins here; the lines behind, up to the next that begins one, are of the same event.
    pub begins: bool,
}

impl Happened {
    /// Stands for no product.
    pub const NO_ITEM: ItemId = ItemId(u32::MAX);

    /// What happened.
    #[inline]
    pub fn kind(&self) -> EventKind {
        EventKind::ALL[usize::from(self.kind)]
    }

    /// Place of its kind in [`EventKind::ALL`].
    #[inline]
    pub fn code(&self) -> u8 {
        self.kind
    }
}

/// Whether events of a kind are kept. Not those of which one page has many, nor those that only say who somebody is.
pub fn is_kept(kind: EventKind) -> bool {
    use EventKind::{Profile, SearchResponse, SignOut, UnitImpression, UnitView};
    !matches!(kind, UnitImpression | UnitView | SearchResponse | Profile | SignOut)
}

/// An order that was placed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ordered {
    /// Key of the order.
    pub order: u64,
    /// When it was placed.
    pub time_ms: TimeMs,
    /// What the lines that were kept cost, in minor units; lines without a price add nothing.
    pub total_minor: i64,
    /// How many pieces were kept.
    pub quantity: f32,
    /// Whether nothing of it was kept.
    pub canceled: bool,
}

/// What few profiles have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Newest orders, in order of their time.
    pub orders: Vec<Ordered>,
    /// Distinct items wished for, newest first.
    pub wishlist: Vec<Viewed>,
    /// What profile events said, by name.
    pub attributes: BTreeMap<String, ProfileValue>,
    /// Audiences of other systems: number and generation (see `outside`), the longest known first.
    pub(super) outside: Vec<(u32, u32)>,
}

static NOTHING: LazyLock<Kept> = LazyLock::new(Kept::default);

impl Visitor {
    /// Orders, wishlist, attributes.
    pub fn kept(&self) -> &Kept {
        self.kept.as_deref().unwrap_or(&NOTHING)
    }

    /// Takes an event into the history and into what follows from it.
    pub(super) fn keep(&mut self, resolved: &ResolvedEvent<'_>) {
        let event = resolved.event;
        if is_kept(event.kind) {
            self.happened(resolved);
        }
        match event.kind {
            EventKind::OrderPlaced => self.kept.get_or_insert_default().order(event),
            EventKind::OrderCanceled | EventKind::Returned => {
                self.kept.iter_mut().for_each(|kept| kept.take_back(event));
            }
            EventKind::AddToWishlist => {
                let kept = self.kept.get_or_insert_default();
                resolved.items.iter().for_each(|item| kept.wish(*item, event.time_ms));
            }
            EventKind::RemoveFromWishlist => {
                let gone = |wished: &Viewed| resolved.items.contains(&wished.item);
                self.kept.iter_mut().for_each(|kept| kept.wishlist.retain(|wished| !gone(wished)));
            }
            EventKind::Profile if !event.attributes.is_empty() => {
                self.kept.get_or_insert_default().say(&event.attributes);
            }
            _ => {}
        }
    }

    fn happened(&mut self, resolved: &ResolvedEvent<'_>) {
        let event = resolved.event;
        // Kinds are numbered in the order of `ALL`, and new ones are added at the end.
        let kind = event.kind as u8;
        let line = Happened { time_ms: event.time_ms, item: Happened::NO_ITEM, quantity: 1.0, kind, begins: true };
        let lines = resolved.items.iter().zip(&event.items).take(VISITOR_EVENT_ITEMS_MAX);
        let lines = lines.enumerate().map(|(at, (&item, said))| Happened {
            item,
            quantity: said.quantity,
            begins: at == 0,
            ..line
        });
        let n = resolved.items.len().clamp(1, VISITOR_EVENT_ITEMS_MAX);
        if self.events.len() + n > self.events.capacity() {
            self.events.reserve_exact((self.events.len() / 4).max(n).max(4));
        }
        // Nearly always the end: events come about in order.
        let at = self.events.partition_point(|other| other.time_ms <= event.time_ms);
        if resolved.items.is_empty() {
            self.events.insert(at, line);
        } else if at == self.events.len() {
            self.events.extend(lines);
        } else {
            self.events.splice(at..at, lines);
        }
        self.forget_oldest_events();
    }

    fn forget_oldest_events(&mut self) {
        let surplus = self.events.len().saturating_sub(VISITOR_EVENTS_MAX);
        if surplus > 0 {
            self.events.drain(..surplus);
            // What is left of an event is an event.
            self.events[0].begins = true;
        }
    }

    /// Takes in what was kept before signing in; the account's own word counts.
    pub(super) fn join_kept(&mut self, other: &Visitor) {
        self.events.extend_from_slice(&other.events);
        // Stable, and lines of one event have one time: they stay together.
        self.events.sort_by_key(|event| event.time_ms);
        self.forget_oldest_events();
        let Some(before) = &other.kept else { return };
        let kept = self.kept.get_or_insert_default();
        before.orders.iter().for_each(|order| kept.note_order(*order));
        before.wishlist.iter().rev().for_each(|wished| kept.wish(wished.item, wished.time_ms));
        for (name, value) in &before.attributes {
            if !kept.attributes.contains_key(name) && kept.attributes.len() < PROFILE_ATTRIBUTES_MAX {
                kept.attributes.insert(name.clone(), value.clone());
            }
        }
        before.outside.iter().for_each(|&(audience, generation)| kept.belong(audience, generation));
    }
}

impl Kept {
    /// An order may come in several events: they add up.
    fn order(&mut self, event: &Event) {
        let (amount, quantity) = sum(event);
        let order = order_key(event);
        let new = Ordered { order, time_ms: event.time_ms, total_minor: amount, quantity, canceled: false };
        match self.orders.iter_mut().find(|known| known.order == order) {
            Some(known) => {
                known.total_minor = known.total_minor.saturating_add(amount);
                known.quantity = (known.quantity + quantity).min(f32::MAX);
            }
            None => self.note_order(new),
        }
    }

    fn note_order(&mut self, new: Ordered) {
        if self.orders.iter().any(|known| known.order == new.order) {
            return;
        }
        let at = self.orders.partition_point(|other| other.time_ms <= new.time_ms);
        self.orders.insert(at, new);
        let surplus = self.orders.len().saturating_sub(VISITOR_ORDERS_MAX);
        self.orders.drain(..surplus);
    }

    /// What came back is worth what the event says, else its share of the order.
    fn take_back(&mut self, event: &Event) {
        let order = order_key(event);
        let Some(known) = self.orders.iter_mut().find(|known| known.order == order) else { return };
        let (amount, quantity) = sum(event);
        if event.items.is_empty() || quantity >= known.quantity {
            (known.total_minor, known.quantity, known.canceled) = (0, 0.0, true);
            return;
        }
        let is_priced = event.items.iter().all(|line| line.price_minor.is_some());
        let share = known.total_minor as f64 * f64::from(quantity / known.quantity);
        let amount = if is_priced { amount } else { share.round() as i64 };
        known.total_minor = known.total_minor.saturating_sub(amount).max(0);
        known.quantity -= quantity;
    }

    fn wish(&mut self, item: ItemId, time_ms: TimeMs) {
        let old = self.wishlist.iter().position(|wished| wished.item == item).map(|at| self.wishlist.remove(at));
        let time_ms = old.map_or(time_ms, |old| old.time_ms.max(time_ms));
        insert_newest_first(&mut self.wishlist, Viewed { item, time_ms }, |w| w.time_ms, VISITOR_WISHLIST_MAX);
    }

    /// Beyond the bound, names that are new are not taken.
    fn say(&mut self, said: &BTreeMap<String, Option<ProfileValue>>) {
        for (name, value) in said {
            match value {
                None => drop(self.attributes.remove(name)),
                Some(value) => {
                    if self.attributes.contains_key(name) || self.attributes.len() < PROFILE_ATTRIBUTES_MAX {
                        self.attributes.insert(name.clone(), value.clone());
                    }
                }
            }
        }
    }

    pub(super) fn belong(&mut self, audience: u32, generation: u32) {
        match self.outside.iter_mut().find(|(known, _)| *known == audience) {
            Some(known) => known.1 = known.1.max(generation),
            None => {
                if self.outside.len() >= VISITOR_OUTSIDE_MAX {
                    self.outside.remove(0);
                }
                self.outside.push((audience, generation));
            }
        }
    }
}

/// What the lines of an event cost together, in minor units, and how many pieces they are; an event without lines is
/// one piece of unknown price.
fn sum(event: &Event) -> (i64, f32) {
    if event.items.is_empty() {
        return (0, 1.0);
    }
    let amount =
        |line: &crate::signal::event::EventItem| line.price_minor.unwrap_or(0) as f64 * f64::from(line.quantity);
    let quantity: f32 = event.items.iter().map(|line| line.quantity).sum();
    // A conversion saturates, and a sum that is no number counts as nothing.
    (event.items.iter().map(amount).sum::<f64>().round() as i64, quantity.min(f32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::DAY_MS;
    use crate::signal::event::EventItem;
    use crate::signal::testing::{event, resolved};
    use crate::visitor::Visitors;

    const NOW: TimeMs = 20_000 * DAY_MS;

    fn by(kind: EventKind, items: &[u32], time_ms: TimeMs) -> Event {
        Event { visitor: "v".to_owned(), ..event(kind, "", "", items, time_ms) }
    }

    fn of(events: &[Event]) -> Visitor {
        let mut visitors = Visitors::default();
        events.iter().for_each(|event| visitors.fold(&resolved(event)));
        visitors.publish().get(Some("v"), None).unwrap().clone()
    }

    fn order(name: &str, kind: EventKind, lines: &[(f32, Option<i64>)]) -> Event {
        let line = |(at, (quantity, price_minor)): (usize, &(f32, Option<i64>))| EventItem {
            sku: (at + 1).to_string(),
            quantity: *quantity,
            price_minor: *price_minor,
            position: None,
        };
        let items = lines.iter().enumerate().map(line).collect();
        Event { order: Some(name.to_owned()), items, ..by(kind, &[], NOW) }
    }

    #[test]
    fn the_history_is_in_order_of_time_and_keeps_the_newest() {
        let n = VISITOR_EVENTS_MAX as i64;
        let mut events: Vec<Event> = (0..n + 40).map(|i| by(EventKind::ProductView, &[1], NOW + i)).collect();
        events.push(by(EventKind::AddToCart, &[2, 3], NOW + n));
        let visitor = of(&events);
        assert_eq!(visitor.events.len(), VISITOR_EVENTS_MAX);
        assert!(visitor.events.is_sorted_by_key(|event| event.time_ms) && visitor.events[0].begins);
        let late: Vec<bool> =
            visitor.events.iter().filter(|e| e.kind() == EventKind::AddToCart).map(|e| e.begins).collect();
        assert_eq!(late, [true, false], "the lines of an event stay together");
        assert_eq!(visitor.events.last().unwrap().time_ms, NOW + n + 39);
    }

    #[test]
    fn a_long_order_leaves_room_and_impressions_leave_nothing() {
        let items: Vec<u32> = (0..100).collect();
        let long = by(EventKind::CheckoutStarted, &items, NOW);
        assert_eq!(of(&[long]).events.len(), VISITOR_EVENT_ITEMS_MAX);
        let many = [EventKind::UnitImpression, EventKind::UnitView, EventKind::Profile].map(|kind| by(kind, &[1], NOW));
        assert_eq!(of(&many).events, []);
    }

    #[test]
    fn orders_add_up_and_what_comes_back_is_taken_off() {
        use EventKind::{OrderCanceled, OrderPlaced, Returned};
        let check = |events: &[Event], expected: (i64, f32, bool)| {
            let visitor = of(events);
            let found = visitor.kept().orders[0];
            assert_eq!((found.total_minor, found.quantity, found.canceled), expected);
        };
        let placed = order("o", OrderPlaced, &[(2.0, Some(1_000)), (1.0, Some(500))]);
        check(std::slice::from_ref(&placed), (2_500, 3.0, false));
        check(&[placed.clone(), order("o", OrderPlaced, &[(1.0, None)])], (2_500, 4.0, false));
        check(&[placed.clone(), order("o", Returned, &[(1.0, Some(1_000))])], (1_500, 2.0, false));
        check(&[placed.clone(), order("o", Returned, &[(1.5, None)])], (1_250, 1.5, false));
        check(&[placed.clone(), order("o", OrderCanceled, &[])], (0, 0.0, true));
        check(&[placed, order("other", OrderCanceled, &[])], (2_500, 3.0, false));
        let many: Vec<Event> = (0..100).map(|n| order(&n.to_string(), OrderPlaced, &[(1.0, Some(n))])).collect();
        let kept = of(&many).kept().orders.clone();
        assert_eq!((kept.len(), kept[0].total_minor), (VISITOR_ORDERS_MAX, 100 - VISITOR_ORDERS_MAX as i64));
    }

    #[test]
    fn wishes_and_attributes_come_and_go_within_their_bounds() {
        use EventKind::{AddToWishlist, Profile, RemoveFromWishlist};
        let wished =
            of(&[by(AddToWishlist, &[1, 2], NOW), by(AddToWishlist, &[3], NOW + 1), by(RemoveFromWishlist, &[1], NOW)]);
        assert_eq!(wished.kept().wishlist.iter().map(|wish| wish.item.0).collect::<Vec<_>>(), [3, 2]);
        let many: Vec<u32> = (0..200).collect();
        assert_eq!(of(&[by(AddToWishlist, &many, NOW)]).kept().wishlist.len(), VISITOR_WISHLIST_MAX);
        let say = |attributes: &[(&str, Option<f64>)]| {
            let said = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.map(ProfileValue::Number)));
            Event { attributes: said.collect(), ..by(Profile, &[], NOW) }
        };
        let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let all: Vec<(&str, Option<f64>)> = names.iter().map(|name| (name.as_str(), Some(1.0))).collect();
        let visitor = of(&[
            say(&[("tier", Some(1.0)), ("gone", Some(1.0))]),
            say(&[("tier", Some(2.0)), ("gone", None)]),
            say(&all),
        ]);
        let attributes = &visitor.kept().attributes;
        assert_eq!((attributes.len(), attributes.get("gone")), (PROFILE_ATTRIBUTES_MAX, None));
        assert_eq!(attributes["tier"], ProfileValue::Number(2.0));
    }

    #[test]
    fn signing_in_brings_the_history_and_the_account_has_the_last_word() {
        let tier = |tier: &str, customer: Option<&str>| Event {
            attributes: [("tier".to_owned(), Some(ProfileValue::Text(tier.to_owned())))].into(),
            customer: customer.map(str::to_owned),
            visitor: if customer.is_some() { String::new() } else { "v".to_owned() },
            ..by(EventKind::Profile, &[], NOW)
        };
        let sign_in = Event { customer: Some("anna".to_owned()), ..by(EventKind::SignIn, &[], NOW + 2) };
        let view = by(EventKind::ProductView, &[7], NOW + 1);
        let visitor = of(&[tier("gold", Some("anna")), tier("none", None), view, sign_in]);
        assert!(visitor.is_account);
        assert_eq!(visitor.kept().attributes["tier"], ProfileValue::Text("gold".into()));
        let kinds: Vec<EventKind> = visitor.events.iter().map(Happened::kind).collect();
        assert_eq!(kinds, [EventKind::ProductView, EventKind::SignIn]);
    }
}
