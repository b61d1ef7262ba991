//! What is held of a person, and how is it let go?
//!
//! The only place where a person's id meets the kernel: requests trade it for a pseudonym before they are ranked,
//! access gathers what goes by it, erasure destroys the way from it. An erasure is an entry, so that profiles go
//! on every replay, too; then the rows of the identity table are overwritten; then a fresh snapshot file replaces
//! those that hold the profile. Counters keep what was counted: it is nobody's any more.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use super::types::*;
use super::{Engine, lock, recover};
use crate::catalog::Catalog;
use crate::id::{ItemId, TimeMs};
use crate::limits::ACCESS_EVENTS_MAX;
use crate::log::entry::Body;
use crate::log::identity::{Kind, People};
use crate::log::writer::{Asked, SubmitError, Whose, WriterHandle};
use crate::pipeline::request::ListRequest;
use crate::signal::key::{customer_key, visitor_key};
use crate::visitor::{Affinities, Happened, Visitor};

impl Engine {
    /// Everything that is held of a person: profiles, and the newest of their events that the log still has.
    /// Reads the whole log.
    ///
    /// # Errors
    /// [`WriteError::NotFound`] when nothing goes by the name; [`WriteError::Log`] when the log cannot be read.
    pub fn access(&self, subject: &Subject) -> Result<Held, WriteError> {
        let person = self.ask_writer(subject, WriterHandle::find_person)?.ok_or_else(|| subject.unknown())?;
        let snapshot = self.publisher.current();
        let mut held = Held { orders: person.orders, ..Held::default() };
        let keys =
            person.customers.iter().map(|c| customer_key(c)).chain(person.visitors.iter().map(|v| visitor_key(v)));
        let profiles: Vec<(u64, &Visitor)> = keys.filter_map(|key| Some((key, snapshot.visitors.own(key)?))).collect();
        let audiences = self.audiences_of_profiles(&profiles.iter().map(|(_, profile)| *profile).collect::<Vec<_>>());
        let held_of = |((key, profile), audiences)| HeldProfile {
            key,
            audiences,
            ..HeldProfile::of(profile, &snapshot.catalog, snapshot.now_ms)
        };
        held.profiles = profiles.into_iter().zip(audiences).map(held_of).collect();
        held.log_from = self.log.first().map_err(|error| WriteError::Log(error.to_string()))?;
        let names: BTreeSet<&str> = person.visitors.iter().chain(&person.customers).map(String::as_str).collect();
        let mut events = VecDeque::new();
        for entry in self.log.scan(held.log_from) {
            let entry = entry.map_err(|error| WriteError::Log(error.to_string()))?;
            let Body::Events(all) = entry.body else { continue };
            let is_theirs = |name: &str| names.contains(name);
            for event in all {
                if is_theirs(&event.visitor) || event.customer.as_deref().is_some_and(is_theirs) {
                    held.events_total += 1;
                    events.push_back((entry.seq, event));
                }
            }
            let surplus = events.len().saturating_sub(ACCESS_EVENTS_MAX);
            events.drain(..surplus);
        }
        held.events = events.into();
        (held.visitors, held.customers) = (person.visitors, person.customers);
        Ok(held)
    }

    /// Destroys every way from a person to what they did: an account goes with every browser that signed in to
    /// it, a browser with the account that is signed in on it. On return no file leads from the person's ids to
    /// an entry, a profile or a record.
    ///
    /// # Errors
    /// [`WriteError::NotFound`] when nothing goes by the name. After [`WriteError::Failed`] the erasure stands, but
    /// older snapshot files still hold the profile, under a pseudonym that nothing leads to, until newer ones have
    /// replaced them. After any other error ask again.
    pub fn erase(&self, subject: &Subject) -> Result<Erasure, WriteError> {
        let (person, appended) =
            self.ask_writer(subject, WriterHandle::erase_person)?.ok_or_else(|| subject.unknown())?;
        self.wait_for(appended.seq, Acknowledge::Visible)?;
        if let Some(dir) = &self.snapshots {
            self.checkpoint()?;
            recover::drop_checkpoints_before(dir, appended.seq)
                .map_err(|error| WriteError::Failed(error.to_string()))?;
        }
        let (visitors, customers) = (person.visitors.len(), person.customers.len());
        Ok(Erasure { seq: appended.seq, visitors, customers, orders: person.orders })
    }

    /// Asks behind everything written so far.
    fn ask_writer<T>(
        &self,
        subject: &Subject,
        ask: impl FnOnce(&WriterHandle, Whose) -> Asked<T>,
    ) -> Result<T, WriteError> {
        if self.read_only {
            return Err(WriteError::Log("this shop was opened at an earlier position and knows no names".into()));
        }
        let last = self.log.last().0;
        if !self.publisher.wait(None, |reached| reached.seq >= last) {
            return Err(WriteError::Closing);
        }
        let whose = self.whose(subject);
        let asked = lock(&self.machinery).as_ref().map(|machinery| ask(&machinery.writer, whose));
        asked.ok_or(WriteError::Closing)?.wait().map_err(|error| match error {
            SubmitError::Closed => WriteError::Closing,
            other => WriteError::Log(other.to_string()),
        })
    }

    fn whose(&self, subject: &Subject) -> Whose {
        let (kind, name) = subject.parts();
        let people = self.people.load();
        let browser = people.known(kind, name).filter(|_| kind == Kind::Visitor);
        let snapshot = self.publisher.current();
        let account = browser.and_then(|browser| snapshot.visitors.account_of(visitor_key(&browser)));
        let is_signed_in = Box::new(move |customer: &str| account == Some(customer_key(customer)));
        Whose { kind, name: name.to_owned(), is_signed_in }
    }
}

impl Subject {
    fn parts(&self) -> (Kind, &str) {
        match self {
            Subject::Visitor(name) => (Kind::Visitor, name),
            Subject::Customer(name) => (Kind::Customer, name),
        }
    }

    fn unknown(&self) -> WriteError {
        let (kind, name) = self.parts();
        let what = if kind == Kind::Visitor { "visitor" } else { "customer" };
        WriteError::NotFound { what: what.into(), name: name.into() }
    }
}

impl HeldProfile {
    fn of(profile: &Visitor, catalog: &Catalog, now_ms: TimeMs) -> Self {
        // What price bands are liked is not listed, so prices need not be known.
        let taste = Affinities::of(Some(profile), &[], now_ms, catalog, |_| None);
        let sku = |item: ItemId| catalog.sku_of(item).to_owned();
        let kept = profile.kept();
        let line = |line: &Happened| {
            let item = (line.item != Happened::NO_ITEM).then(|| sku(line.item));
            (line.time_ms, line.kind().name(), item)
        };
        Self {
            last_seen_ms: profile.last_seen_ms,
            last_order_ms: profile.last_order_ms,
            views: profile.views.iter().map(|view| (sku(view.item), view.time_ms)).collect(),
            cart: profile.cart.iter().map(|line| (sku(line.item), line.quantity, line.time_ms)).collect(),
            purchases: profile.purchases.iter().map(|bought| (sku(bought.item), bought.time_ms)).collect(),
            categories: taste.categories(catalog),
            brands: taste.brands(catalog),
            session_items: profile.session_items.iter().map(|item| sku(*item)).collect(),
            key: 0,
            is_account: profile.is_account,
            attributes: kept.attributes.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            wishlist: kept.wishlist.iter().map(|wished| (sku(wished.item), wished.time_ms)).collect(),
            orders: kept.orders.clone(),
            history: profile.events.iter().map(line).collect(),
            audiences: Vec::new(),
        }
    }
}

/// The request with pseudonyms for names, and without anybody when the shopper has not consented. Everything
/// behind the engine's door sees this one.
pub(super) fn disguised<'a>(people: &People, request: &'a ListRequest) -> Cow<'a, ListRequest> {
    let asks = &request.shopper;
    if asks.visitor.is_none() && asks.customer.is_none() && asks.session.is_none() {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    let given = &mut request.shopper;
    if asks.unconsented {
        (given.visitor, given.customer, given.session) = (None, None, None);
        return Cow::Owned(request);
    }
    let (visitor, customer) = (asks.visitor.as_deref(), asks.customer.as_deref());
    given.visitor = visitor.map(|name| people.known_or_stranger(Kind::Visitor, name));
    given.customer = customer.map(|name| people.known_or_stranger(Kind::Customer, name));
    given.session = asks.session.as_deref().map(|name| people.session(visitor, customer, name));
    Cow::Owned(request)
}

/// Key of the visitor who asked, for the served journal; `None` without consent and of a stranger.
pub(super) fn served_visitor(people: &People, request: &ListRequest) -> Option<u64> {
    let name = request.shopper.visitor.as_deref().filter(|_| !request.shopper.unconsented)?;
    people.known(Kind::Visitor, name).map(|pseudonym| visitor_key(&pseudonym))
}
