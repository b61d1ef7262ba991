//! What is replaced before an entry is written?
//!
//! The names in shopper events and in lists of members, and the idempotency key of a batch of events, which clients
//! like to make of names.
//! The writer's thread does this, between taking a submission and appending it, so that the order of entries is
//! also the order of sealing and erasing. Nothing else that an entry carries names a shopper.

use super::table::Identities;
use super::{Domain, Kind, NOBODY, text};
use crate::id::{DAY_MS, TimeMs};
use crate::log::entry::{Body, Event, Membership};

impl Identities {
    /// What stands for the idempotency key of a submission.
    pub fn seal_key(&self, body: &Body, key: String) -> String {
        match body {
            Body::Events(_) | Body::Members { .. } => text(self.people().hash(Domain::IdempotencyKey, &NOBODY, &key)),
            _ => key,
        }
    }

    /// Replaces every name in `body`; `time_ms` is the time of the entry. New rows are durable after the next
    /// [`Identities::sync`], which must come before the entry is.
    pub fn seal(&mut self, body: &mut Body, time_ms: TimeMs) {
        let day = u16::try_from(time_ms.div_euclid(DAY_MS)).unwrap_or(if time_ms < 0 { 0 } else { u16::MAX });
        match body {
            Body::Events(events) => events.iter_mut().for_each(|event| self.seal_event(event, day)),
            Body::Members { rows, .. } => rows.iter_mut().for_each(|row| self.seal_member(row, day)),
            _ => {}
        }
    }

    /// An account stands for itself; the browser beside it is not needed and not kept.
    fn seal_member(&mut self, row: &mut Membership, day: u16) {
        let customer = row.customer.take().filter(|name| !name.is_empty());
        let visitor = std::mem::take(&mut row.visitor);
        match customer {
            Some(name) => {
                let customer = self.row_of(Kind::Customer, &name, day);
                row.customer = customer.map(|(_, customer)| self.people().pseudonym(&customer));
            }
            None => {
                let browser = self.row_of(Kind::Visitor, &visitor, day);
                row.visitor = browser.map(|(_, browser)| self.people().pseudonym(&browser)).unwrap_or_default();
            }
        }
    }

    fn seal_event(&mut self, event: &mut Event, day: u16) {
        let visitor = self.row_of(Kind::Visitor, &event.visitor, day);
        let customer = event.customer.take().and_then(|name| self.row_of(Kind::Customer, &name, day));
        // An account that cannot be tied to its browser is left out: it could not be erased with it.
        let customer = match (visitor, customer) {
            (Some(visitor), Some(customer)) => self.tie(visitor.0, customer.0).then_some(customer),
            (_, customer) => customer,
        };
        let owner = customer.or(visitor);
        let order = event.order.take().filter(|order| !order.is_empty());
        event.order = order.map(|name| match self.row_of(Kind::Order, &name, day) {
            Some(order) if owner.is_none_or(|owner| self.tie(order.0, owner.0)) => self.people().pseudonym(&order.1),
            _ => text(self.people().hash(Domain::Event, &NOBODY, &name)),
        });
        let people = self.people();
        let secret = visitor.or(customer).map_or(NOBODY, |(_, row)| row.secret);
        event.visitor = visitor.map(|(_, row)| people.pseudonym(&row)).unwrap_or_default();
        event.customer = customer.map(|(_, row)| people.pseudonym(&row));
        if !event.session.is_empty() {
            event.session = text(people.hash(Domain::Session, &secret, &event.session));
        }
        event.id = text(people.hash(Domain::Event, &secret, &event.id));
    }
}
