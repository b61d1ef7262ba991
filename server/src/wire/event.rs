//! What is a shopper event on the wire?
//!
//! One JSON object an event; see [`FIELDS`]. Prices are major units; `currency` tells their decimals. Of an attribute a
//! text is a text, `{"time": …}` a moment, and `null` takes back what was said.
//! Whether an event is too late, too early or a duplicate is decided by the kernel.

use std::collections::BTreeMap;

use planogram_core::signal::event::{Event, EventItem, EventKind, ProfileValue};
use serde_json::Value;

use super::decode::{Defect, Fields, child, cut, suggest, wrong_type};
use super::money::exponent;
use super::product::{amount, moment};
use super::time;

/// Fields of an event.
pub const FIELDS: &[&str] = &[
    "id",
    "time",
    "kind",
    "visitor",
    "customer",
    "session",
    "store_view",
    "request_id",
    "items",
    "query",
    "category",
    "unit",
    "order",
    "consent",
    "currency",
    "attributes",
];
/// Fields of an item in an event.
pub const ITEM_FIELDS: &[&str] = &["sku", "quantity", "price", "position"];

/// The event a JSON row means.
///
/// # Errors
/// Everything that is wrong with the row.
pub fn decode(row: &Value) -> Result<Event, Vec<Defect>> {
    let mut defects = Vec::new();
    let event = Fields::open(row, "", FIELDS, &mut defects).and_then(|mut f| event(&mut f));
    match event {
        Some(event) if defects.is_empty() => Ok(event),
        _ => Err(defects),
    }
}

fn event(f: &mut Fields) -> Option<Event> {
    let id = f.required_text("id");
    if f.present("time").is_none() {
        f.report("time", "`time` is missing", time::ALLOWED);
    }
    let time_ms = moment(f, "time");
    let kind = kind(f);
    let decimals = exponent(&f.text("currency").unwrap_or_default());
    Some(Event {
        visitor: f.text("visitor").unwrap_or_default(),
        customer: f.text("customer"),
        session: f.text("session").unwrap_or_default(),
        store_view: f.text("store_view").unwrap_or_default(),
        request_id: f.text("request_id"),
        items: items(f, decimals),
        query: f.text("query"),
        category: f.text("category"),
        unit: f.text("unit"),
        order: f.text("order"),
        consent: f.boolean("consent").unwrap_or(true),
        attributes: attributes(f),
        id,
        time_ms: time_ms?,
        kind: kind?,
    })
}

fn kind(f: &mut Fields) -> Option<EventKind> {
    let name = f.required_text("kind");
    let kind = EventKind::from_name(&name);
    if kind.is_none() && !name.is_empty() {
        let names: Vec<&str> = EventKind::ALL.iter().map(|k| k.name()).collect();
        f.report("kind", format!("no event kind `{}`", cut(&name)), suggest(&name, &names));
    }
    kind
}

/// What an attribute may be, for messages.
const ATTRIBUTE_ALLOWED: &str = "a text, a number, true or false, {\"time\": …}, a list of texts, or null";

fn attributes(f: &mut Fields) -> BTreeMap<String, Option<ProfileValue>> {
    let mut attributes = BTreeMap::new();
    for (name, value) in f.object("attributes").into_iter().flatten() {
        match said(value) {
            Ok(said) => drop(attributes.insert(name.clone(), said)),
            Err(message) => {
                let pointer = child(&f.pointer("attributes"), name);
                f.defects().push(Defect::new(pointer, message, ATTRIBUTE_ALLOWED));
            }
        }
    }
    attributes
}

fn said(value: &Value) -> Result<Option<ProfileValue>, String> {
    let wrong = || wrong_type(value, "an attribute");
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::String(text) => ProfileValue::Text(text.clone()),
        Value::Bool(flag) => ProfileValue::Boolean(*flag),
        Value::Number(number) => {
            ProfileValue::Number(number.as_f64().filter(|number| number.is_finite()).ok_or_else(wrong)?)
        }
        Value::Array(texts) => {
            let texts: Option<Vec<String>> = texts.iter().map(|text| text.as_str().map(str::to_owned)).collect();
            ProfileValue::List(texts.ok_or_else(wrong)?)
        }
        Value::Object(object) => match (object.get("time"), object.len()) {
            (Some(moment), 1) => ProfileValue::Time(time::from_json(moment)?),
            _ => return Err(wrong()),
        },
    }))
}

/// The JSON of an attribute, as it is read.
pub fn attribute_json(value: &ProfileValue) -> Value {
    match value {
        ProfileValue::Text(text) => Value::from(text.as_str()),
        ProfileValue::Number(number) => Value::from(*number),
        ProfileValue::Boolean(flag) => Value::from(*flag),
        ProfileValue::Time(moment) => serde_json::json!({ "time": time::text(*moment) }),
        ProfileValue::List(texts) => Value::from(texts.clone()),
    }
}

fn items(f: &mut Fields, decimals: u8) -> Vec<EventItem> {
    let Some(rows) = f.array("items") else { return Vec::new() };
    let base = f.pointer("items");
    let mut items = Vec::with_capacity(rows.len());
    for (i, row) in rows.iter().enumerate() {
        if let Some(sku) = row.as_str() {
            items.push(EventItem { sku: sku.to_owned(), quantity: 1.0, price_minor: None, position: None });
            continue;
        }
        let Some(mut item) = Fields::open(row, &format!("{base}/{i}"), ITEM_FIELDS, f.defects()) else { continue };
        let sku = item.required_text("sku");
        let quantity = item.number("quantity").unwrap_or(1.0) as f32;
        if !(quantity.is_finite() && quantity > 0.0) {
            item.report("quantity", format!("`quantity` is {quantity}"), "a number above 0");
        }
        let price_minor = amount(&mut item, "price", decimals);
        let position = item.whole("position", 0, i64::from(u32::MAX)).map(|n| n as u32);
        items.push(EventItem { sku, quantity, price_minor, position });
    }
    items
}

/// The JSON of an event: what [`decode`] reads back to the same event (its prices carry two decimals).
pub fn encode(event: &Event) -> Value {
    let items: Vec<Value> = event
        .items
        .iter()
        .map(|item| {
            let price = item.price_minor.map(|minor| super::money::major_text(minor, 2));
            serde_json::json!({"sku": item.sku, "quantity": item.quantity, "price": price, "position": item.position})
        })
        .collect();
    let attributes = event.attributes.iter().map(|(name, value)| (name.clone(), value.as_ref().map(attribute_json)));
    let attributes: BTreeMap<String, Option<Value>> = attributes.collect();
    serde_json::json!({
        "id": event.id, "time": time::text(event.time_ms), "kind": event.kind.name(), "visitor": event.visitor,
        "customer": event.customer, "session": event.session, "store_view": event.store_view,
        "request_id": event.request_id, "items": items, "query": event.query, "category": event.category,
        "unit": event.unit, "order": event.order, "consent": event.consent, "attributes": attributes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_order_with_lines_survives_the_round_trip() {
        let row = json!({"id": "e1", "time": "2026-01-02T03:04:05Z", "kind": "order_placed", "visitor": "v",
            "order": "o1", "items": [{"sku": "A", "quantity": 2, "price": "9.90"}, "B"]});
        let event = decode(&row).unwrap();
        assert_eq!(
            (event.items[0].price_minor, event.items[0].quantity, event.items[1].quantity),
            (Some(990), 2.0, 1.0)
        );
        assert_eq!(decode(&encode(&event)).unwrap(), event);
        assert!(event.consent, "what is not said is agreed to");
    }

    #[test]
    fn attributes_of_every_type_survive_the_round_trip() {
        let row = json!({"id": "e1", "time": "2026-01-02T03:04:05Z", "kind": "profile", "customer": "c", "attributes": {
            "tier": "gold", "credit": 12.5, "newsletter": true, "joined": {"time": "2020-05-01"}, "lists": ["a", "b"],
            "gone": null}});
        let event = decode(&row).unwrap();
        assert_eq!(event.attributes["joined"], Some(ProfileValue::Time(1_588_291_200_000)));
        assert_eq!((event.attributes.len(), &event.attributes["gone"]), (6, &None));
        assert_eq!(decode(&encode(&event)).unwrap(), event);
    }

    #[test]
    fn mistakes_are_named() {
        let check = |field: &str, value: Value, pointer: &str| {
            let mut row = json!({"id": "e", "time": 0, "kind": "page_view"});
            row[field] = value;
            let found = decode(&row).unwrap_err();
            assert!(found.len() == 1 && found[0].pointer == pointer, "{found:?}");
        };
        check("kind", json!("page-view"), "/kind");
        check("time", json!("now"), "/time");
        check("time", Value::Null, "/time");
        check("id", json!(""), "/id");
        check("items", json!([{"sku": "A", "quantity": 0}]), "/items/0/quantity");
        check("items", json!([{"sku": "A", "quantity": 1e300}]), "/items/0/quantity");
        check("items", json!([{"sku": "A", "price": -1}]), "/items/0/price");
        check("items", json!([7]), "/items/0");
        check("attributes", json!({"tier": {"is": "gold"}}), "/attributes/tier");
        check("attributes", json!({"lists": ["a", 1]}), "/attributes/lists");
        check("skus", json!([]), "/skus");
        check("consent", json!("no"), "/consent");
    }
}
