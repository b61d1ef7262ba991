//! What stands for a person, a visit, an order, an event inside the views?
//!
//! A 64-bit key: the first eight bytes, little endian, of BLAKE3 over a domain byte and the name, which is a
//! pseudonym by the time it comes here (see `log/identity`). It is stable across versions and machines (it stands
//! in snapshot files) and cannot be steered into collisions by a client. Two names among a billion share a key with
//! probability 0.03; an event or order that does is taken for a duplicate.

use smallvec::SmallVec;

use super::event::Event;

/// Key of a browser or device.
pub fn visitor_key(visitor: &str) -> u64 {
    key(b'v', visitor)
}

/// Key of an account.
pub fn customer_key(customer: &str) -> u64 {
    key(b'c', customer)
}

/// Key of the visit an event belongs to: its session, else its visitor; `None` when it names neither.
pub fn session_key(event: &Event) -> Option<u64> {
    if !event.session.is_empty() {
        Some(key(b's', &event.session))
    } else if !event.visitor.is_empty() {
        Some(visitor_key(&event.visitor))
    } else {
        None
    }
}

/// Key of the order an event is about; an order without an id is known by the event that placed it.
pub fn order_key(event: &Event) -> u64 {
    match event.order.as_deref() {
        Some(order) if !order.is_empty() => key(b'o', order),
        _ => event_key(event),
    }
}

/// Key of the event's own id.
pub fn event_key(event: &Event) -> u64 {
    key(b'e', &event.id)
}

/// Key of a query: of the stems of its words, each once, in letter order.
pub fn query_key(stems: &[String]) -> u64 {
    key(b'q', &stems.join(" "))
}

/// Key of the answer an event is about; never 0, which stands for none.
pub fn request_key(request_id: &str) -> u64 {
    key(b'r', request_id).max(1)
}

fn key(domain: u8, name: &str) -> u64 {
    let mut bytes: SmallVec<[u8; 128]> = SmallVec::with_capacity(1 + name.len());
    bytes.push(domain);
    bytes.extend_from_slice(name.as_bytes());
    let hash = blake3::hash(&bytes);
    u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_fixed_for_ever_and_differs_by_domain() {
        assert_eq!(visitor_key("anna"), key(b'v', "anna"));
        assert_ne!(visitor_key("anna"), customer_key("anna"));
        assert_ne!(visitor_key("anna"), visitor_key("anne"));
        // Recorded once: snapshot files hold such keys.
        assert_eq!(visitor_key("anna"), 7_079_818_490_453_904_551);
    }
}
