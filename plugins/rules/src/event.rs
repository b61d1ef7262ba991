//! What does a rule do to one product?
//!
//! Pin, boost, bury or hide, by sku. A rule names each sku once and each pinned position once: two orders
//! about one product would hide each other, and the author should hear of it while writing.
//! What is not here: what happens when two *rules* disagree (see [`crate::resolve`]).

use std::collections::HashSet;

use serde_json::Value;

use crate::read::{Findings, Object};

/// Factor of a boost that names none: a product counts as twice as good as it is.
pub const BOOST_FACTOR_DEFAULT: f32 = 2.0;
/// Largest factor of a boost.
pub const BOOST_FACTOR_MAX: f64 = 1_000.0;
/// Last position that can be pinned, from 1: as far as shoppers can page.
pub const PIN_POSITION_MAX: i64 = 10_000;
/// Longest sku, in characters.
pub const SKU_CHARS_MAX: usize = 256;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    /// Place at this position of the whole list, from 1, if it is in the list.
    Pin {
        /// From 1 to [`PIN_POSITION_MAX`].
        position: u32,
    },
    /// Multiply the score.
    Boost {
        /// Above 1, at most [`BOOST_FACTOR_MAX`].
        factor: f32,
    },
    /// Put behind everything that is not buried.
    Bury,
    /// Leave out.
    Hide,
}

impl std::fmt::Display for Deed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Deed::Pin { position } => write!(f, "pinned to {position}"),
            Deed::Boost { factor } => write!(f, "boosted by {factor}"),
            Deed::Bury => f.write_str("buried"),
            Deed::Hide => f.write_str("hidden"),
        }
    }
}

/// One deed to one product.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The product.
    pub sku: String,
    /// What is done to it.
    pub deed: Deed,
}

/// Reads the field `events` of a rule; at most `events_max`.
pub fn read_events(rule: &Object<'_>, events_max: usize, findings: &mut Findings) -> Vec<Event> {
    let pointer = rule.at("events");
    let mut skus = HashSet::new();
    let mut positions = HashSet::new();
    let mut events = Vec::new();
    for (index, value) in rule.list("events", events_max, findings).iter().enumerate() {
        let here = format!("{pointer}/{index}");
        let Some(event) = read_event(value, &here, findings) else { continue };
        if !skus.insert(event.sku.clone()) {
            findings.report(&here, format!("`{}` is named twice", event.sku), "each sku once");
        }
        if let Deed::Pin { position } = event.deed
            && !positions.insert(position)
        {
            findings.report(&here, format!("position {position} is pinned twice"), "each position once");
        }
        events.push(event);
    }
    events
}

fn read_event(value: &Value, pointer: &str, findings: &mut Findings) -> Option<Event> {
    const VERBS: [&str; 4] = ["pin", "boost", "bury", "hide"];
    let known: &[&str] = match value {
        Value::Object(fields) if fields.contains_key("pin") => &["pin", "position"],
        Value::Object(fields) if fields.contains_key("boost") => &["boost", "factor"],
        Value::Object(fields) if fields.contains_key("bury") => &["bury"],
        Value::Object(fields) if fields.contains_key("hide") => &["hide"],
        other => {
            let message = format!("{} names no event", crate::read::show(other));
            findings.report(pointer, message, format!("an object with one of {}", VERBS.join(", ")));
            return None;
        }
    };
    let object = Object::read(value, pointer, known, findings)?;
    let sku = object.required_text(known[0], SKU_CHARS_MAX, findings);
    let deed = match known[0] {
        "pin" => {
            object.require("position", findings);
            let position = object.integer("position", 1..=PIN_POSITION_MAX, findings)?;
            Deed::Pin { position: u32::try_from(position).expect("the range was checked") }
        }
        "boost" => {
            let factor = object.number_above("factor", 1.0, BOOST_FACTOR_MAX, findings);
            if object.has("factor") && factor.is_none() {
                return None;
            }
            Deed::Boost { factor: factor.map_or(BOOST_FACTOR_DEFAULT, |factor| factor as f32) }
        }
        "bury" => Deed::Bury,
        _ => Deed::Hide,
    };
    Some(Event { sku: sku?.trim().to_owned(), deed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<Event>, Vec<(String, String)>> {
        let mut findings = Findings::default();
        let value = findings.parse(json).unwrap();
        let object = Object::read(&value, "", &["events"], &mut findings).unwrap();
        let events = read_events(&object, 5, &mut findings);
        findings.finish(Some(events)).map_err(|ps| ps.into_iter().map(|p| (p.pointer, p.message)).collect())
    }

    #[test]
    fn events_are_read() {
        let json = r#"{"events":[{"pin":"A","position":1},{"boost":" B "},{"boost":"C","factor":1.5},{"bury":"D"},{"hide":"E"}]}"#;
        let event = |sku: &str, deed| Event { sku: sku.to_owned(), deed };
        let expected = vec![
            event("A", Deed::Pin { position: 1 }),
            event("B", Deed::Boost { factor: BOOST_FACTOR_DEFAULT }),
            event("C", Deed::Boost { factor: 1.5 }),
            event("D", Deed::Bury),
            event("E", Deed::Hide),
        ];
        assert_eq!(read(json), Ok(expected));
    }

    #[test]
    fn mistakes_are_named() {
        let check = |json: &str, expected: &[(&str, &str)]| {
            let found = read(json).expect_err(json);
            let found: Vec<(&str, &str)> = found.iter().map(|(p, m)| (p.as_str(), m.as_str())).collect();
            assert_eq!(found, expected, "{json}");
        };
        check(r#"{"events":[{"pin":"A"}]}"#, &[("/events/0/position", "`position` is missing")]);
        check(r#"{"events":[{"pin":"A","position":0}]}"#, &[("/events/0/position", "`position` is 0")]);
        check(r#"{"events":[{"boost":"A","factor":1}]}"#, &[("/events/0/factor", "`factor` is 1")]);
        check(r#"{"events":[{"bury":"A","hide":"B"}]}"#, &[("/events/0/hide", "unknown field `hide`")]);
        check(r#"{"events":[{"lift":"A"}]}"#, &[("/events/0", "{\"lift\":\"A\"} names no event")]);
        check(r#"{"events":[{"hide":3}]}"#, &[("/events/0/hide", "3 is no usable text")]);
        check(r#"{"events":[{"hide":"A"},{"bury":"A"}]}"#, &[("/events/1", "`A` is named twice")]);
        check(
            r#"{"events":[{"pin":"A","position":2},{"pin":"B","position":2}]}"#,
            &[("/events/1", "position 2 is pinned twice")],
        );
        let six = (0..6).map(|n| format!(r#"{{"hide":"{n}"}}"#)).collect::<Vec<_>>().join(",");
        check(&format!(r#"{{"events":[{six}]}}"#), &[("/events", "`events` has 6 elements")]);
    }
}
