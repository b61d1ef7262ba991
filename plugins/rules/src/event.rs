//! What does a rule do?
//!
//! To products, named by sku or by a condition: pin, boost, bury, hide, include, filter, and quotas. To the list: a
//! redirect, a banner, a strategy, a synonym. A rule names each sku once and each pinned position once: two orders about
//! one product would hide each other, and the author should hear of it while writing.
//! What is not here: what happens when two *rules* disagree (see [`crate::resolve`]).

use std::collections::HashSet;

use planogram_abi::limits::TEXT_BYTES_MAX;
use planogram_abi::{Outcome, PrepareHost};
use serde_json::Value;

use crate::condition::Products;
use crate::read::{Findings, Object, show, text_of};
use crate::text::PHRASE_CHARS_MAX;

/// Factor of a boost that names none: a product counts as twice as good as it is.
pub const BOOST_FACTOR_DEFAULT: f32 = 2.0;
/// Largest factor of a boost.
pub const BOOST_FACTOR_MAX: f64 = 1_000.0;
/// Last position that can be pinned or be the end of a quota, from 1: as far as shoppers can page.
pub const PIN_POSITION_MAX: i64 = 10_000;
/// Longest sku, in characters.
pub const SKU_CHARS_MAX: usize = 256;
/// Most skus of one event.
pub const SKUS_MAX: usize = 1_000;
/// Most synonyms of one event.
pub const ALSO_MAX: usize = 50;

/// What is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// Place at this position of the whole list, from 1.
    Pin {
        /// From 1 to [`PIN_POSITION_MAX`]; several products follow each other.
        position: u32,
        /// Also when the product does not match.
        insert: bool,
    },
    /// Multiply the score.
    Boost {
        /// Above 1, at most [`BOOST_FACTOR_MAX`].
        factor: f32,
    },
    /// Put before everything that is neither pinned nor raised.
    Raise,
    /// Multiply the score.
    Lower {
        /// Above 0, below 1.
        factor: f32,
    },
    /// Put behind everything that is not buried.
    Bury,
    /// Leave out.
    Hide,
    /// Add though it does not match.
    Include,
    /// Leave out everything else.
    Filter,
    /// So many of them in the first positions.
    AtLeast {
        /// At least 1.
        count: u32,
        /// From `count` to [`PIN_POSITION_MAX`].
        first: u32,
    },
    /// No more than so many products of the same value in a row.
    AtMostInRow {
        /// At least 1.
        count: u32,
        /// Code of the attribute.
        attribute: String,
    },
    /// Send the shopper elsewhere.
    Redirect(String),
    /// Show a text or a content block with the list.
    Banner(String),
    /// Rank by another strategy.
    Strategy(String),
    /// Let words stand for a word of the query.
    Synonym {
        /// In the query.
        term: String,
        /// What is found as well.
        also: Vec<String>,
    },
}

impl Deed {
    /// What it does to `what`, after "it": `pins `A` to position 2`.
    pub fn words(&self, what: &str) -> String {
        match self {
            Deed::Pin { position, .. } => format!("pins {what} to position {position}"),
            Deed::Boost { factor } | Deed::Lower { factor } => format!("multiplies the score of {what} by {factor}"),
            Deed::Raise => format!("puts {what} at the top"),
            Deed::Bury => format!("puts {what} at the end"),
            Deed::Hide => format!("hides {what}"),
            Deed::Include => format!("includes {what}"),
            Deed::Filter => format!("shows nothing but {what}"),
            Deed::AtLeast { count, first } => format!("wants at least {count} of {what} among the first {first}"),
            Deed::AtMostInRow { count, attribute } => format!("wants at most {count} of one {attribute} in a row"),
            Deed::Redirect(url) => format!("redirects to {url}"),
            Deed::Banner(text) => format!("shows the banner `{text}`"),
            Deed::Strategy(name) => format!("ranks by `{name}`"),
            Deed::Synonym { term, .. } => format!("adds synonyms of `{term}`"),
        }
    }
}

/// Whom a deed is about.
#[derive(Clone, Debug, PartialEq)]
pub enum About {
    /// Products by name, in order.
    Skus(Vec<String>),
    /// Whatever satisfies a condition.
    Products(Products),
    /// The list.
    List,
}

/// One deed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Whom it is about.
    pub about: About,
    /// What is done.
    pub deed: Deed,
}

impl Event {
    /// The skus it names.
    pub fn skus(&self) -> &[String] {
        if let About::Skus(skus) = &self.about { skus } else { &[] }
    }

    /// Lets the host compile the condition on products, if there is one.
    ///
    /// # Errors
    /// What the host finds wrong with it.
    pub fn compile(&mut self, host: &dyn PrepareHost) -> Outcome {
        if let About::Products(products) = &mut self.about { products.compile(host) } else { Ok(()) }
    }
}

/// The kinds of event, by the field that tells the kind, with the fields that may stand beside it.
const KINDS: [(&str, &[&str]); 12] = [
    ("pin", &["pin", "position", "insert"]),
    ("boost", &["boost", "factor", "to"]),
    ("bury", &["bury", "factor"]),
    ("hide", &["hide"]),
    ("include", &["include"]),
    ("filter", &["filter"]),
    ("at_least", &["at_least", "count", "first"]),
    ("at_most_in_row", &["at_most_in_row", "count"]),
    ("redirect", &["redirect"]),
    ("banner", &["banner"]),
    ("strategy", &["strategy"]),
    ("synonym", &["synonym"]),
];

/// Reads the field `events` of a rule; at most `events_max`, none of the kinds `without`, which mean nothing there.
pub fn read_events(rule: &Object<'_>, events_max: usize, without: &[&str], findings: &mut Findings) -> Vec<Event> {
    let pointer = rule.at("events");
    let mut skus = HashSet::new();
    let mut positions = HashSet::new();
    let mut events: Vec<Event> = Vec::new();
    for (index, value) in rule.list("events", events_max, findings).iter().enumerate() {
        let here = format!("{pointer}/{index}");
        let Some(event) = read_event(value, &here, without, findings) else { continue };
        let is_claim = !matches!(event.deed, Deed::Filter | Deed::AtLeast { .. });
        for sku in event.skus().iter().filter(|_| is_claim) {
            if !skus.insert(sku.clone()) {
                findings.report(&here, format!("`{sku}` is named twice"), "each sku once");
            }
        }
        if let Deed::Pin { position, .. } = event.deed
            && !positions.insert(position)
        {
            findings.report(&here, format!("position {position} is pinned twice"), "each position once");
        }
        let is_alone = matches!(event.deed, Deed::Redirect(_) | Deed::Strategy(_));
        let same = |other: &Event| std::mem::discriminant(&other.deed) == std::mem::discriminant(&event.deed);
        if is_alone && events.iter().any(same) {
            findings.report(&here, format!("{} stands beside another one", show(value)), "one of a kind");
        }
        events.push(event);
    }
    events
}

fn read_event(value: &Value, pointer: &str, without: &[&str], findings: &mut Findings) -> Option<Event> {
    let possible = || KINDS.iter().filter(|(kind, _)| !without.contains(kind));
    let Some((kind, known)) = possible().find(|(kind, _)| value.get(kind).is_some()) else {
        let kinds: Vec<&str> = possible().map(|(kind, _)| *kind).collect();
        let message = format!("{} names no event", show(value));
        findings.report(pointer, message, format!("an object with one of {}", kinds.join(", ")));
        return None;
    };
    let object = Object::read(value, pointer, known, findings)?;
    let list = |deed| Some(Event { about: About::List, deed });
    match *kind {
        "redirect" => list(Deed::Redirect(read_url(&object, "redirect", findings)?)),
        "banner" => list(Deed::Banner(short_text(&object, "banner", findings)?)),
        "strategy" => list(Deed::Strategy(object.required_text("strategy", SKU_CHARS_MAX, findings)?.to_owned())),
        "synonym" => list(read_synonym(&object, findings)?),
        "at_most_in_row" => {
            let attribute = short_text(&object, "at_most_in_row", findings);
            let count = required(&object, "count", PIN_POSITION_MAX, findings);
            list(Deed::AtMostInRow { count: count?, attribute: attribute? })
        }
        _ => {
            let about = read_about(&object, kind, findings);
            let deed = read_deed(&object, kind, findings)?;
            Some(Event { about: about?, deed })
        }
    }
}

/// What is done to products.
fn read_deed(object: &Object<'_>, kind: &str, findings: &mut Findings) -> Option<Deed> {
    Some(match kind {
        "pin" => {
            let position = required(object, "position", PIN_POSITION_MAX, findings)?;
            Deed::Pin { position, insert: object.flag("insert", false, findings) }
        }
        "boost" if object.has("to") => {
            object.choice("to", &["top"], findings)?;
            if object.has("factor") {
                findings.report(object.at("factor"), "`factor` stands beside `to`", "one of them");
            }
            Deed::Raise
        }
        "boost" => {
            let factor = object.number_above("factor", 1.0, BOOST_FACTOR_MAX, findings);
            if object.has("factor") && factor.is_none() {
                return None;
            }
            Deed::Boost { factor: factor.map_or(BOOST_FACTOR_DEFAULT, |factor| factor as f32) }
        }
        "bury" if object.has("factor") => {
            let factor = object.number_above("factor", 0.0, 1.0, findings)? as f32;
            if factor >= 1.0 || factor <= 0.0 {
                findings.report(object.at("factor"), format!("`factor` is {factor}"), "a number between 0 and 1");
            }
            Deed::Lower { factor }
        }
        "bury" => Deed::Bury,
        "hide" => Deed::Hide,
        "include" => Deed::Include,
        "filter" => Deed::Filter,
        _ => {
            let count = required(object, "count", PIN_POSITION_MAX, findings);
            let (count, first) = (count?, required(object, "first", PIN_POSITION_MAX, findings)?);
            if count > first {
                findings.report(object.at("count"), format!("`count` is {count}"), format!("at most {first}, `first`"));
            }
            Deed::AtLeast { count, first }
        }
    })
}

/// A number from 1 on that must be there.
fn required(object: &Object<'_>, key: &str, most: i64, findings: &mut Findings) -> Option<u32> {
    object.require(key, findings)?;
    object.integer(key, 1..=most, findings).map(|number| u32::try_from(number).expect("the range was checked"))
}

/// A sku, a list of skus, or a condition on products.
fn read_about(object: &Object<'_>, key: &str, findings: &mut Findings) -> Option<About> {
    let pointer = object.at(key);
    let value = object.get(key);
    object.require(key, findings)?;
    match value? {
        tree @ Value::Object(_) => Some(About::Products(Products::new(tree))),
        Value::Array(skus) if (1..=SKUS_MAX).contains(&skus.len()) => {
            let mut read = Vec::with_capacity(skus.len());
            for (index, sku) in skus.iter().enumerate() {
                read.extend(text_of(sku, &format!("{pointer}/{index}"), SKU_CHARS_MAX, findings));
            }
            Some(About::Skus(read.into_iter().map(|sku| sku.trim().to_owned()).collect()))
        }
        Value::Array(skus) => {
            findings.report(pointer, format!("`{key}` names {} skus", skus.len()), format!("1 to {SKUS_MAX}"));
            None
        }
        value => {
            let sku = text_of(value, &pointer, SKU_CHARS_MAX, findings)?;
            Some(About::Skus(vec![sku.trim().to_owned()]))
        }
    }
}

/// A text that may cross the wall.
fn short_text(object: &Object<'_>, key: &str, findings: &mut Findings) -> Option<String> {
    let text = object.required_text(key, TEXT_BYTES_MAX, findings)?.trim();
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("`{key}` has {} bytes", text.len());
        findings.report(object.at(key), message, format!("at most {TEXT_BYTES_MAX}"));
        return None;
    }
    Some(text.to_owned())
}

/// A text that leads somewhere.
pub fn read_url(object: &Object<'_>, key: &str, findings: &mut Findings) -> Option<String> {
    let url = short_text(object, key, findings)?;
    let leads_somewhere = ["/", "https://", "http://"].iter().any(|start| url.starts_with(start));
    if !leads_somewhere || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        let allowed = "a path from `/`, or an address with https:// or http://, without spaces";
        findings.report(object.at(key), format!("`{key}` is `{url}`"), allowed);
    }
    Some(url)
}

fn read_synonym(object: &Object<'_>, findings: &mut Findings) -> Option<Deed> {
    let inner = Object::read(object.get("synonym")?, &object.at("synonym"), &["term", "also"], findings)?;
    let term = inner.required_text("term", PHRASE_CHARS_MAX, findings).map(str::to_owned);
    inner.require("also", findings)?;
    let pointer = inner.at("also");
    let mut also = Vec::new();
    for (index, value) in inner.list("also", ALSO_MAX, findings).iter().enumerate() {
        also.extend(text_of(value, &format!("{pointer}/{index}"), PHRASE_CHARS_MAX, findings).map(str::to_owned));
    }
    Some(Deed::Synonym { term: term?, also })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<Event>, Vec<(String, String)>> {
        let mut findings = Findings::default();
        let value = findings.parse(json).unwrap();
        let object = Object::read(&value, "", &["events"], &mut findings).unwrap();
        let events = read_events(&object, 15, &["strategy"], &mut findings);
        findings.finish(Some(events)).map_err(|ps| ps.into_iter().map(|p| (p.pointer, p.message)).collect())
    }

    #[test]
    fn events_are_read() {
        let json = r#"{"events":[{"pin":"A","position":1},{"boost":" B "},{"boost":"C","factor":1.5},{"bury":"D"},{"hide":"E"},
            {"pin":["F","G"],"position":2,"insert":true},{"boost":{"field":"brand","eq":"X"},"to":"top"},{"bury":"H","factor":0.5},
            {"include":"I"},{"filter":"A"},{"at_least":{"field":"brand","eq":"X"},"count":2,"first":8},
            {"at_most_in_row":"brand","count":3},{"redirect":"/sale"},{"banner":"Sale!"},{"synonym":{"term":"a","also":["b"]}}]}"#;
        let event =
            |skus: &[&str], deed| Event { about: About::Skus(skus.iter().map(|s| (*s).to_owned()).collect()), deed };
        let brand = || About::Products(Products { json: r#"{"eq":"X","field":"brand"}"#.into(), id: None });
        let list = |deed| Event { about: About::List, deed };
        let expected = vec![
            event(&["A"], Deed::Pin { position: 1, insert: false }),
            event(&["B"], Deed::Boost { factor: BOOST_FACTOR_DEFAULT }),
            event(&["C"], Deed::Boost { factor: 1.5 }),
            event(&["D"], Deed::Bury),
            event(&["E"], Deed::Hide),
            event(&["F", "G"], Deed::Pin { position: 2, insert: true }),
            Event { about: brand(), deed: Deed::Raise },
            event(&["H"], Deed::Lower { factor: 0.5 }),
            event(&["I"], Deed::Include),
            event(&["A"], Deed::Filter),
            Event { about: brand(), deed: Deed::AtLeast { count: 2, first: 8 } },
            list(Deed::AtMostInRow { count: 3, attribute: "brand".into() }),
            list(Deed::Redirect("/sale".into())),
            list(Deed::Banner("Sale!".into())),
            list(Deed::Synonym { term: "a".into(), also: vec!["b".into()] }),
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
        check(r#"{"events":[{"boost":"A","to":"moon"}]}"#, &[("/events/0/to", "`to` is \"moon\"")]);
        check(r#"{"events":[{"bury":"A","factor":1}]}"#, &[("/events/0/factor", "`factor` is 1")]);
        check(r#"{"events":[{"bury":"A","hide":"B"}]}"#, &[("/events/0/hide", "unknown field `hide`")]);
        check(r#"{"events":[{"lift":"A"}]}"#, &[("/events/0", "{\"lift\":\"A\"} names no event")]);
        check(r#"{"events":[{"strategy":"x"}]}"#, &[("/events/0", "{\"strategy\":\"x\"} names no event")]);
        check(r#"{"events":[{"hide":3}]}"#, &[("/events/0/hide", "3 is no usable text")]);
        check(r#"{"events":[{"hide":[]}]}"#, &[("/events/0/hide", "`hide` names 0 skus")]);
        check(r#"{"events":[{"hide":"A"},{"bury":"A"}]}"#, &[("/events/1", "`A` is named twice")]);
        check(r#"{"events":[{"at_least":"A","count":3,"first":2}]}"#, &[("/events/0/count", "`count` is 3")]);
        check(r#"{"events":[{"redirect":"sale"}]}"#, &[("/events/0/redirect", "`redirect` is `sale`")]);
        check(
            r#"{"events":[{"redirect":"/a"},{"redirect":"/b"}]}"#,
            &[("/events/1", "{\"redirect\":\"/b\"} stands beside another one")],
        );
        check(
            r#"{"events":[{"pin":"A","position":2},{"pin":"B","position":2}]}"#,
            &[("/events/1", "position 2 is pinned twice")],
        );
        let sixteen = (0..16).map(|n| format!(r#"{{"hide":"{n}"}}"#)).collect::<Vec<_>>().join(",");
        check(&format!(r#"{{"events":[{sixteen}]}}"#), &[("/events", "`events` has 16 elements")]);
    }
}
