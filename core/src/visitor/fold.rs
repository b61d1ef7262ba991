//! Whose history does an event belong to?
//!
//! An event with an account belongs to the account, one of a signed-in browser to the account it is linked to,
//! any other to the browser. At sign-in the browser's anonymous history moves into the account's, once: it is
//! taken out of the map and replaced by a link, which sign-out removes. So nothing can be joined twice, and a
//! second account on the same browser starts with what happened since the first signed out.
//!
//! The number of profiles and links is bounded. Each stands once in a queue with the day it was last known to
//! be alive; beyond the bound the front of the queue goes, unless it was seen since, which sends it to the back.
//! That is cheap, needs no clock, and depends on the log alone.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::habit::{Habit, ORDERS_PRIOR};
use super::outside::Outside;
use super::profile::Visitor;
use super::slots::{Published, Slots};
use crate::id::{DAY_MS, ItemId, TimeMs};
use crate::limits::DEFAULT_VISITORS_MAX;
use crate::log::entry::Membership;
use crate::signal::ResolvedEvent;
use crate::signal::event::{Event, EventKind};
use crate::signal::key::{customer_key, order_key, visitor_key};

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Slot {
    /// A person.
    Profile(Arc<Visitor>),
    /// A browser signed in to this account.
    SignedIn(u64),
}

/// The profile a key leads to, if need be by way of an account.
fn follow<'a>(key: u64, get: impl Fn(u64) -> Option<&'a Slot>) -> Option<&'a Visitor> {
    match get(key)? {
        Slot::Profile(visitor) => Some(visitor),
        Slot::SignedIn(account) => match get(*account)? {
            Slot::Profile(visitor) => Some(visitor),
            Slot::SignedIn(_) => None,
        },
    }
}

/// The profiles of one snapshot; a clone is one pointer.
#[derive(Clone, Debug, Default)]
pub struct VisitorView {
    slots: Published<Slot>,
    habit: Habit,
    outside: Outside,
}

impl VisitorView {
    /// The person's profile: the account's if it has one, else the visitor's, which is the account's, too, while
    /// the browser is signed in.
    pub fn get(&self, visitor: Option<&str>, customer: Option<&str>) -> Option<&Visitor> {
        let customer = customer.filter(|c| !c.is_empty()).and_then(|c| self.by_key(customer_key(c)));
        customer.or_else(|| visitor.filter(|v| !v.is_empty()).and_then(|v| self.by_key(visitor_key(v))))
    }

    /// The profile a visitor's or customer's key leads to.
    pub fn by_key(&self, key: u64) -> Option<&Visitor> {
        follow(key, |key| self.slots.get(key))
    }

    /// The profile that stands under this very key, not one it leads to.
    pub fn own(&self, key: u64) -> Option<&Visitor> {
        match self.slots.get(key)? {
            Slot::Profile(visitor) => Some(visitor),
            Slot::SignedIn(_) => None,
        }
    }

    /// Key of the account that is signed in on the browser of this key.
    pub fn account_of(&self, key: u64) -> Option<u64> {
        match self.slots.get(key)? {
            Slot::SignedIn(account) => Some(*account),
            Slot::Profile(_) => None,
        }
    }

    /// Audiences that other systems named, and who is in them.
    pub fn outside(&self) -> &Outside {
        &self.outside
    }

    /// Every profile whose key is above `after`, in order of key; costs a look at every entry of a range of keys.
    pub fn profiles(&self, after: Option<u64>) -> impl Iterator<Item = (u64, &Visitor)> {
        self.slots.after(after).filter_map(|(key, slot)| match slot {
            Slot::Profile(visitor) => Some((key, &**visitor)),
            Slot::SignedIn(_) => None,
        })
    }

    /// How much of what people buy they buy again.
    pub fn habit(&self) -> &Habit {
        &self.habit
    }

    /// Profiles and signed-in browsers remembered.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nobody is remembered.
    pub fn is_empty(&self) -> bool {
        self.slots.len() == 0
    }
}

/// Every profile, for writing.
#[derive(Clone, Debug)]
pub struct Visitors {
    slots: Slots<Slot>,
    habit: Habit,
    outside: Outside,
    /// Every key at least once, with the day it was queued; keys of erased profiles are skipped when met.
    queue: VecDeque<(i64, u64)>,
    visitors_max: usize,
}

impl Default for Visitors {
    fn default() -> Self {
        Self::new(DEFAULT_VISITORS_MAX)
    }
}

impl Visitors {
    /// Nobody is known yet; at most `visitors_max` profiles and links will be.
    pub fn new(visitors_max: usize) -> Self {
        Self {
            slots: Slots::default(),
            habit: Habit::default(),
            outside: Outside::default(),
            queue: VecDeque::new(),
            visitors_max: visitors_max.max(2),
        }
    }

    /// Remembers an admitted event, unless it names no visitor.
    pub fn fold(&mut self, resolved: &ResolvedEvent<'_>) {
        let event = resolved.event;
        match resolved.visitor {
            Some(browser) => {
                let key = self.owner(event, browser);
                if event.kind == EventKind::SignOut {
                    self.sign_out(browser);
                } else {
                    self.remember(key, resolved);
                }
            }
            None => {
                let Some(account) = event.customer.as_deref().filter(|name| !name.is_empty()) else { return };
                if !is_of_back_office(event.kind) {
                    return;
                }
                let account = customer_key(account);
                self.profile(account, event.time_ms).is_account = true;
                self.remember(account, resolved);
            }
        }
        self.shrink();
    }

    /// Takes in what another system says of who is in an audience of its own.
    pub fn place(&mut self, audience: &str, replace: bool, rows: &[Membership], time_ms: TimeMs) {
        let Some((number, generation)) = self.outside.name(audience, replace) else { return };
        for row in rows {
            let account = row.customer.as_deref().filter(|name| !name.is_empty()).map(customer_key);
            let key = match account {
                Some(account) => account,
                None if row.visitor.is_empty() => continue,
                None => match self.slots.get(visitor_key(&row.visitor)) {
                    Some(&Slot::SignedIn(account)) => account,
                    _ => visitor_key(&row.visitor),
                },
            };
            if row.member {
                let profile = self.profile(key, time_ms);
                profile.is_account |= account.is_some();
                profile.kept.get_or_insert_default().belong(number, generation);
                self.shrink();
            } else if let Some(Slot::Profile(profile)) = self.slots.get_mut(key)
                && !profile.kept().outside.is_empty()
            {
                let kept = Arc::make_mut(profile).kept.get_or_insert_default();
                kept.outside.retain(|(known, _)| *known != number);
            }
        }
    }

    fn remember(&mut self, key: u64, resolved: &ResolvedEvent<'_>) {
        let event = resolved.event;
        let session = resolved.session.unwrap_or_default();
        let visitor = self.profile(key, event.time_ms);
        visitor.seen(session, event.time_ms);
        visitor.keep(resolved);
        let lines = resolved.items.iter().zip(&event.items).map(|(&item, line)| (item, line.quantity));
        let distinct = resolved.distinct_items();
        let mut lesson = None;
        match event.kind {
            EventKind::ProductView => {
                resolved.items.iter().for_each(|&item| visitor.view(item, session, event.time_ms));
            }
            EventKind::AddToCart => lines.for_each(|(item, n)| visitor.add_to_cart(item, n, event.time_ms)),
            EventKind::RemoveFromCart => lines.for_each(|(item, n)| visitor.remove_from_cart(item, n)),
            EventKind::OrderPlaced => {
                lesson = lesson_of(visitor, order_key(event), &distinct);
                visitor.order(order_key(event), &distinct, event.time_ms);
            }
            EventKind::OrderCanceled | EventKind::Returned => visitor.undo(order_key(event), &resolved.items),
            _ => {}
        }
        if let Some((expected, repeated)) = lesson {
            self.habit.learn(expected, repeated);
        }
    }

    /// The key whose profile the event belongs to; signs the browser in when the event names an account.
    fn owner(&mut self, event: &Event, browser: u64) -> u64 {
        match event.customer.as_deref().filter(|customer| !customer.is_empty()) {
            Some(customer) => {
                let account = customer_key(customer);
                self.sign_in(browser, account, event.time_ms);
                account
            }
            None => match self.slots.get(browser) {
                Some(&Slot::SignedIn(account)) => account,
                _ => browser,
            },
        }
    }

    fn sign_in(&mut self, browser: u64, account: u64, time_ms: TimeMs) {
        let known = self.slots.get(account).is_some();
        let before = match self.slots.get(browser) {
            Some(Slot::SignedIn(to)) if *to == account && known => return,
            Some(Slot::Profile(anonymous)) => Some(anonymous.clone()),
            _ => None,
        };
        self.sign_out(browser);
        if self.slots.insert(browser, Slot::SignedIn(account)) {
            self.enqueue(browser, time_ms);
        }
        let profile = self.profile(account, time_ms);
        profile.is_account = true;
        if let Some(before) = before {
            profile.join(&before);
        }
        if let Some(surplus) = profile.link(browser) {
            self.slots.remove(surplus);
        }
    }

    /// Unlinks the browser; an anonymous profile stays.
    fn sign_out(&mut self, browser: u64) {
        if let Some(&Slot::SignedIn(account)) = self.slots.get(browser) {
            self.slots.remove(browser);
            if let Some(Slot::Profile(profile)) = self.slots.get_mut(account) {
                Arc::make_mut(profile).devices.retain(|&device| device != browser);
            }
        }
    }

    fn profile(&mut self, key: u64, time_ms: TimeMs) -> &mut Visitor {
        if !matches!(self.slots.get(key), Some(Slot::Profile(_)))
            && self.slots.insert(key, Slot::Profile(Arc::default()))
        {
            self.enqueue(key, time_ms);
        }
        match self.slots.get_mut(key) {
            Some(Slot::Profile(visitor)) => Arc::make_mut(visitor),
            _ => unreachable!("a profile was just put there"),
        }
    }

    fn enqueue(&mut self, key: u64, time_ms: TimeMs) {
        self.queue.push_back((time_ms.div_euclid(DAY_MS), key));
    }

    /// Lets go of the longest unseen until the bound holds again.
    fn shrink(&mut self) {
        if self.queue.len() > 2 * self.visitors_max {
            self.tidy_queue();
        }
        while self.slots.len() > self.visitors_max {
            let Some((day, key)) = self.queue.pop_front() else { return };
            let seen = self.by_key(key).and_then(|visitor| visitor.last_seen_ms);
            match seen.map(|seen| seen.div_euclid(DAY_MS)) {
                Some(seen) if seen > day => self.queue.push_back((seen, key)),
                _ => self.forget(key),
            }
        }
    }

    /// Keeps the newest place of every living key: browsers that sign in and out queue again each time.
    fn tidy_queue(&mut self) {
        let mut met = FxHashSet::default();
        let mut queue: Vec<_> = std::mem::take(&mut self.queue).into();
        queue.reverse();
        queue.retain(|&(_, key)| self.slots.contains(key) && met.insert(key));
        self.queue = queue.into_iter().rev().collect();
    }

    /// Removes a profile with its links, or a link.
    fn forget(&mut self, key: u64) {
        self.sign_out(key);
        if let Some(Slot::Profile(profile)) = self.slots.remove(key) {
            for device in &profile.devices {
                if matches!(self.slots.get(*device), Some(Slot::SignedIn(account)) if *account == key) {
                    self.slots.remove(*device);
                }
            }
        }
    }

    /// Destroys what is known of a person, named by the key of the account or of any browser signed in to it,
    /// down to the keys themselves; from the next publication on no older profile of theirs is in memory, either, as
    /// soon as nobody reads an older view. Looks through the whole queue: milliseconds for millions of visitors.
    pub fn erase(&mut self, subject: u64) {
        let account = match self.slots.get(subject) {
            Some(&Slot::SignedIn(account)) => account,
            _ => subject,
        };
        if let Some(Slot::Profile(profile)) = self.slots.get(account) {
            let browsers = profile.devices.clone();
            browsers.into_iter().for_each(|browser| self.slots.let_go(browser));
        }
        self.slots.let_go(account);
        self.slots.let_go(subject);
        self.forget(account);
        self.slots.remove(subject);
        self.queue.retain(|&(_, key)| self.slots.contains(key));
    }

    /// Whether anything is remembered under this key.
    pub fn knows(&self, key: u64) -> bool {
        self.slots.contains(key)
    }

    fn by_key(&self, key: u64) -> Option<&Visitor> {
        follow(key, |key| self.slots.get(key))
    }

    /// What a snapshot holds; costs what was touched since the last time.
    pub fn publish(&mut self) -> VisitorView {
        VisitorView { slots: self.slots.publish(), habit: self.habit, outside: self.outside.clone() }
    }

    /// The whole state in one canonical order: equal states are equal here.
    pub fn save(&self) -> SavedVisitors {
        let slots = self.slots.sorted().into_iter().map(|(key, slot)| (key, slot.clone())).collect();
        let outside = self.outside.clone();
        SavedVisitors { slots, queue: self.queue.iter().copied().collect(), habit: self.habit, outside }
    }

    /// The state that was saved, which then folds on exactly as the original would under the same bound.
    pub fn load(saved: SavedVisitors, visitors_max: usize) -> Self {
        let slots = saved.slots.into_iter().collect();
        let SavedVisitors { habit, outside, queue, .. } = saved;
        Self { slots, habit, outside, queue: queue.into(), ..Self::new(visitors_max) }
    }
}

/// Kinds of events that a shop's back office sends of an account, where no browser takes part.
fn is_of_back_office(kind: EventKind) -> bool {
    use EventKind::{AddToWishlist, OrderCanceled, OrderPlaced, Profile, RemoveFromWishlist, Returned};
    matches!(kind, Profile | OrderPlaced | OrderCanceled | Returned | AddToWishlist | RemoveFromWishlist)
}

/// What an order teaches of repeats: how many its shopper's history led to, and how many happened. `None` for
/// someone's first order, and for more lines of a known one.
fn lesson_of(visitor: &Visitor, order: u64, items: &[ItemId]) -> Option<(f64, usize)> {
    if visitor.purchases.is_empty() || visitor.knows_order(order) {
        return None;
    }
    let owned: f32 = visitor.purchases.iter().map(|bought| bought.weight).sum();
    let expected = f64::from(owned) / f64::from(visitor.orders_weight + ORDERS_PRIOR);
    let again = visitor.purchases.iter().filter(|bought| items.contains(&bought.item)).count();
    Some((expected, again))
}

/// [`Visitors`] as they stand in a snapshot file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedVisitors {
    slots: Vec<(u64, Slot)>,
    queue: Vec<(i64, u64)>,
    habit: Habit,
    outside: Outside,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::signal::testing::{event, resolved};

    const NOW: TimeMs = 20_000 * DAY_MS;

    fn by(visitor: &str, kind: EventKind, items: &[u32], time_ms: TimeMs) -> Event {
        Event { visitor: visitor.to_owned(), ..event(kind, "", "", items, time_ms) }
    }

    fn signed(customer: &str, event: Event) -> Event {
        Event { customer: Some(customer.to_owned()), ..event }
    }

    fn folded(events: &[Event]) -> Visitors {
        let mut visitors = Visitors::default();
        events.iter().for_each(|event| visitors.fold(&resolved(event)));
        visitors
    }

    fn views(view: &VisitorView, visitor: &str, customer: &str) -> Vec<u32> {
        let found = view.get(Some(visitor), Some(customer));
        found.map(|v| v.views.iter().map(|v| v.item.0).collect()).unwrap_or_default()
    }

    #[test]
    fn views_are_distinct_and_newest_first_whatever_the_order_of_arrival() {
        use EventKind::ProductView as View;
        let events = [by("v", View, &[1], NOW + 1), by("v", View, &[3], NOW + 9), by("v", View, &[2], NOW + 5)];
        let view = folded(&events).publish();
        assert_eq!(views(&view, "v", ""), [3, 2, 1]);
        let many: Vec<Event> = (0..300).map(|i| by("v", View, &[i], NOW + i64::from(i))).collect();
        let view = folded(&many).publish();
        assert_eq!(views(&view, "v", ""), (200..300).rev().collect::<Vec<_>>());
        assert_eq!(view.get(Some("v"), None).unwrap().session_items.len(), 50);
    }

    #[test]
    fn a_stranger_leaves_nothing() {
        let stranger = signed("c", by("", EventKind::ProductView, &[1], NOW));
        assert_eq!(folded(&[stranger]).save(), Visitors::default().save());
    }

    #[test]
    fn the_cart_fills_empties_and_ignores_what_came_before_the_order() {
        use EventKind::{AddToCart, OrderCanceled, OrderPlaced, RemoveFromCart};
        let cart = |events: &[Event]| {
            let view = folded(events).publish();
            view.get(Some("v"), None).unwrap().cart.iter().map(|line| (line.item.0, line.quantity)).collect::<Vec<_>>()
        };
        let add = by("v", AddToCart, &[1, 2], NOW);
        let remove = by("v", RemoveFromCart, &[1], NOW + 1);
        let order = Event { order: Some("o".into()), ..by("v", OrderPlaced, &[2], NOW + 2) };
        let later = by("v", AddToCart, &[5], NOW + 3);
        assert_eq!(cart(&[add.clone(), add.clone()]), [(1, 2.0), (2, 2.0)]);
        assert_eq!(cart(&[add.clone(), remove.clone()]), [(2, 1.0)]);
        assert_eq!(cart(&[add.clone(), remove, order.clone(), later.clone()]), [(5, 1.0)]);
        assert_eq!(cart(&[later, order.clone(), add]), [(5, 1.0)]);
        let bought = folded(std::slice::from_ref(&order)).publish();
        assert_eq!(bought.get(Some("v"), None).unwrap().purchases.len(), 1);
        let canceled = Event { order: Some("o".into()), ..by("v", OrderCanceled, &[], NOW + 9) };
        let kept = folded(&[order, canceled]).publish();
        assert_eq!(kept.get(Some("v"), None).unwrap().purchases, []);
    }

    #[test]
    fn half_an_hour_or_a_new_session_begins_a_visit() {
        use EventKind::ProductView as View;
        let minutes = |m: i64| NOW + m * 60_000;
        let visit = |events: &[Event]| {
            let view = folded(events).publish();
            view.get(Some("v"), None).unwrap().session_items.iter().map(|item| item.0).collect::<Vec<_>>()
        };
        let at = |m, item| by("v", View, &[item], minutes(m));
        let in_session = |session: &str, event: Event| Event { session: session.to_owned(), ..event };
        assert_eq!(visit(&[at(0, 1), at(30, 2)]), [2, 1]);
        assert_eq!(visit(&[at(0, 1), at(31, 2)]), [2]);
        assert_eq!(visit(&[in_session("a", at(0, 1)), in_session("b", at(1, 2))]), [2]);
        assert_eq!(visit(&[in_session("b", at(1, 2)), in_session("a", at(0, 1))]), [2], "a late event opens none");
    }

    #[test]
    fn history_joins_the_account_once() {
        use EventKind::{ProductView as View, SignIn, SignOut};
        let mut visitors = folded(&[
            signed("anna", by("phone", View, &[1], NOW)),
            by("laptop", View, &[2], NOW + 1),
            signed("anna", by("laptop", SignIn, &[], NOW + 2)),
            by("laptop", View, &[3], NOW + 3),
        ]);
        let view = visitors.publish();
        assert_eq!(views(&view, "", "anna"), [3, 2, 1]);
        assert_eq!(views(&view, "phone", ""), [3, 2, 1], "another signed-in browser sees the same");
        for event in [
            by("laptop", SignOut, &[], NOW + 4),
            by("laptop", View, &[4], NOW + 5),
            signed("ben", by("laptop", SignIn, &[], NOW + 6)),
        ] {
            visitors.fold(&resolved(&event));
        }
        let view = visitors.publish();
        assert_eq!(views(&view, "laptop", "ben"), [4], "the second account gets only what came after sign-out");
        assert_eq!(views(&view, "", "anna"), [3, 2, 1]);
    }

    #[test]
    fn erasing_any_name_of_a_person_leaves_no_trace() {
        let events = [
            signed("anna", by("phone", EventKind::ProductView, &[1], NOW)),
            signed("anna", by("laptop", EventKind::ProductView, &[2], NOW)),
        ];
        for subject in [customer_key("anna"), visitor_key("phone"), visitor_key("laptop")] {
            let mut visitors = folded(&events);
            visitors.erase(subject);
            assert_eq!(visitors.save(), Visitors::default().save());
        }
        let mut others = folded(&events);
        others.fold(&resolved(&by("else", EventKind::ProductView, &[1], NOW)));
        others.erase(visitor_key("nobody"));
        others.erase(customer_key("anna"));
        assert_eq!(views(&others.publish(), "else", ""), [1]);
    }

    #[test]
    fn an_erased_profile_leaves_the_memory_with_the_last_reader_of_an_older_view() {
        use EventKind::{ProductView as View, SignIn};
        let mut visitors = Visitors::default();
        let mut held = Vec::new();
        let mut profiles = Vec::new();
        for event in [
            by("laptop", View, &[1], NOW),
            by("else", View, &[1], NOW),
            signed("anna", by("laptop", SignIn, &[], NOW + 1)),
            signed("anna", by("phone", View, &[2], NOW + 2)),
        ] {
            visitors.fold(&resolved(&event));
            held.push(visitors.publish());
            for key in [visitor_key("laptop"), visitor_key("phone"), customer_key("anna")] {
                if let Some(Slot::Profile(profile)) = visitors.slots.get(key) {
                    profiles.push(Arc::downgrade(profile));
                }
            }
        }
        // The laptop's twice, for the second one is still the same, and two of the account.
        assert_eq!(profiles.len(), 4);
        visitors.erase(customer_key("anna"));
        let view = visitors.publish();
        assert!(profiles.iter().all(|profile| profile.upgrade().is_some()), "older views are still read");
        drop(held);
        assert!(profiles.iter().all(|profile| profile.upgrade().is_none()));
        assert_eq!(views(&view, "else", ""), [1]);
    }

    #[test]
    fn the_longest_unseen_go_first_and_the_bound_holds() {
        let mut visitors = Visitors::new(10);
        for i in 0..100_i64 {
            visitors.fold(&resolved(&by("regular", EventKind::ProductView, &[1], NOW + i * DAY_MS)));
            visitors.fold(&resolved(&by(&i.to_string(), EventKind::ProductView, &[1], NOW + i * DAY_MS)));
            assert!(visitors.publish().len() <= 10 && visitors.queue.len() <= 20);
        }
        let view = visitors.publish();
        assert!(view.get(Some("regular"), None).is_some() && view.get(Some("99"), None).is_some());
        assert!(view.get(Some("0"), None).is_none());
    }

    #[test]
    fn signing_in_and_out_for_ever_takes_no_memory() {
        let mut visitors = Visitors::new(10);
        for i in 0..200 {
            visitors.fold(&resolved(&signed("anna", by("v", EventKind::SignIn, &[], NOW + i))));
            visitors.fold(&resolved(&by("v", EventKind::SignOut, &[], NOW + i)));
            assert!(visitors.queue.len() <= 21);
        }
        assert!(visitors.publish().get(None, Some("anna")).is_some());
    }

    fn any_event() -> impl Strategy<Value = Event> {
        let kind = prop::sample::select(EventKind::ALL);
        (kind, 0..6_u8, 0..4_u8, prop::collection::vec(0..8_u32, 0..3), 0..5_000_i64).prop_map(
            |(kind, visitor, customer, items, minutes)| Event {
                customer: (customer > 1).then(|| customer.to_string()),
                ..by(&visitor.to_string(), kind, &items, NOW + minutes * 60_000)
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_was_loaded_folds_on_like_the_original(
            before in prop::collection::vec(any_event(), 0..60),
            after in prop::collection::vec(any_event(), 0..60),
            max in 2..12_usize,
        ) {
            let mut original = Visitors::new(max);
            before.iter().for_each(|event| original.fold(&resolved(event)));
            let bytes = rmp_serde::to_vec(&original.save()).unwrap();
            let mut loaded = Visitors::load(rmp_serde::from_slice(&bytes).unwrap(), max);
            for event in &after {
                original.fold(&resolved(event));
                let kept = loaded.publish();
                loaded.fold(&resolved(event));
                drop(kept);
                prop_assert!(original.publish().len() <= max);
            }
            prop_assert_eq!(original.save(), loaded.save());
        }
    }
}
