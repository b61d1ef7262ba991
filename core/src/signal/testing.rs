//! Events for tests, in one line each.

use smallvec::SmallVec;

use super::event::{Event, EventItem, EventKind};
use super::{Admission, ResolvedEvent, Signals};
use crate::id::{ItemId, TimeMs};

/// An event of `session` about these items; the sku is the item's number.
pub(crate) fn event(kind: EventKind, id: &str, session: &str, items: &[u32], time_ms: TimeMs) -> Event {
    let item = |item: &u32| EventItem { sku: item.to_string(), quantity: 1.0, price_minor: None, position: None };
    Event {
        id: id.to_owned(),
        time_ms,
        kind,
        visitor: String::new(),
        customer: None,
        session: session.to_owned(),
        store_view: String::new(),
        request_id: None,
        items: items.iter().map(item).collect(),
        query: None,
        category: None,
        unit: None,
        order: None,
        consent: true,
    }
}

/// A product view.
pub(crate) fn view(id: &str, session: &str, item: u32, time_ms: TimeMs) -> Event {
    event(EventKind::ProductView, id, session, &[item], time_ms)
}

/// The event with its skus read back as items.
pub(crate) fn resolved(event: &Event) -> ResolvedEvent<'_> {
    let items: SmallVec<_> = event.items.iter().map(|item| ItemId(item.sku.parse().unwrap())).collect();
    ResolvedEvent { event, items }
}

/// What the engine does with an event of an entry at `now_ms`.
pub(crate) fn take(signals: &mut Signals, event: &Event, now_ms: TimeMs) -> Admission {
    let admission = signals.admit(event, now_ms);
    if admission == Admission::New {
        signals.fold(&resolved(event));
    }
    admission
}
