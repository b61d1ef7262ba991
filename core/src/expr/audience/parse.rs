//! How is a condition on a shopper written?
//!
//! As the leaves of the one condition tree; see the schema in `document`. The reader, its bounds and its pointers are
//! those of product conditions, and a product condition inside counts toward the same bounds.

use planogram_abi::Problem;
use serde_json::{Map, Value as Json};

use super::time::{self, parse_time};
use super::{Bounds, CartMeasure, Fact, List, OrderMeasure, OrderStatus, ProfileTest, Selector, Tree, Window};
use crate::catalog::read::{kind, shown};
use crate::expr::parse::{Reader, Vocabulary, parse_as};
use crate::expr::{Condition, Test};
use crate::id::{DAY_MS, HOUR_MS, TimeMs};
use crate::limits::{
    AUDIENCE_ID_BYTES_MAX, AUDIENCE_MINUTES_MAX, AUDIENCE_STEPS_MAX, CONDITION_VALUES_MAX, PROFILE_NAME_BYTES_MAX,
    VISITOR_EVENTS_MAX, VISITOR_ORDERS_MAX,
};
use crate::signal::event::EventKind;
use crate::visitor::is_kept;

const MINUTE_MS: TimeMs = 60_000;
/// The leaves, by the key that makes one.
const LEAVES: [&str; 9] =
    ["profile", "count", "sequence", "cart", "wishlist", "viewed", "ordered", "orders", "audience"];

/// Reads a condition on a shopper.
///
/// # Errors
/// Everything that is wrong with it, in document order.
pub fn parse_tree(json: &Json) -> Result<Tree, Vec<Problem>> {
    parse_as(json)
}

impl Vocabulary for Tree {
    const NODE: &'static str = "an object with `all`, `any`, `none`, `not`, or one of `profile`, `count`, `sequence`, `cart`, `wishlist`, `viewed`, `ordered`, `orders`, `audience`";

    fn is_leaf(object: &Map<String, Json>) -> bool {
        LEAVES.iter().any(|leaf| object.contains_key(*leaf))
    }

    fn leaf(reader: &mut Reader, object: &Map<String, Json>, depth: usize) -> Option<Self> {
        let leaf = *LEAVES.iter().find(|leaf| object.contains_key(**leaf))?;
        let about = &object[leaf];
        match leaf {
            "profile" => profile(reader, object),
            "count" => count(reader, object, depth),
            "sequence" => sequence(reader, object, depth),
            "cart" if about.is_string() => cart(reader, object),
            "cart" => has(reader, object, leaf, List::Cart, depth),
            "wishlist" => has(reader, object, leaf, List::Wishlist, depth),
            "viewed" => has(reader, object, leaf, List::Viewed, depth),
            "ordered" => has(reader, object, leaf, List::Ordered, depth),
            "orders" => orders(reader, object),
            _ => audience(reader, object),
        }
    }

    fn all(parts: Vec<Self>) -> Self {
        Tree::All(parts)
    }

    fn any(parts: Vec<Self>) -> Self {
        Tree::Any(parts)
    }

    fn not(part: Self) -> Self {
        Tree::Not(Box::new(part))
    }
}

/// `{"profile": name, <test>: …}`
fn profile(reader: &mut Reader, object: &Map<String, Json>) -> Option<Tree> {
    const TESTS: &str = "exactly one of `eq`, `in`, `range`, `contains`, `starts_with`, `ends_with`, `words`, `exists`, `time`, `days_ago`";
    let name = reader.at("profile", |reader| reader.text(&object["profile"], PROFILE_NAME_BYTES_MAX));
    let mut tests = object.iter().filter(|(key, _)| *key != "profile");
    let (Some((key, operand)), None) = (tests.next(), tests.next()) else {
        return reader.refuse(format!("the attribute has {} tests", object.len() - 1), TESTS);
    };
    let test = reader.at(key, |reader| match key.as_str() {
        "time" => {
            let bounds = part(reader, operand, &["from", "to"])?;
            let (from_ms, to_ms) = (moment(reader, bounds, "from")?, moment(reader, bounds, "to")?);
            if from_ms.is_none() && to_ms.is_none() {
                return reader.refuse("the range has no bound".to_owned(), "`from` or `to`");
            }
            Some(Some(ProfileTest::Time { from_ms, to_ms }))
        }
        "days_ago" => Some(Some(ProfileTest::DaysAgo(bounds(reader, operand)?))),
        _ => Some(reader.test(key, operand)?.map(ProfileTest::Value)),
    });
    let (name, test) = (name?, test?);
    Some(match test {
        Some(test) => Tree::Leaf(Fact::Profile { name, test }),
        // `exists: false`
        None => Tree::not(Tree::Leaf(Fact::Profile { name, test: ProfileTest::Value(Test::Exists) })),
    })
}

/// `{"count": {"event": …, "where": …, "days": …}, "range": {…}}`, or with `exists`.
fn count(reader: &mut Reader, object: &Map<String, Json>, depth: usize) -> Option<Tree> {
    let read = reader.at("count", |reader| {
        let about = part(reader, &object["count"], &["event", "where", "days", "hours", "minutes", "from", "until"])?;
        let (events, window) = (selector(reader, about, depth), window(reader, about));
        Some((events?, window?))
    });
    let (range, is_not) = how_many(reader, object, "count", VISITOR_EVENTS_MAX)?;
    let (events, window) = read?;
    Some(negated(Tree::Leaf(Fact::Count { events, window, range }), is_not))
}

/// `{"sequence": [{"event": …, "where": …}, …], "within_minutes": …}`
fn sequence(reader: &mut Reader, object: &Map<String, Json>, depth: usize) -> Option<Tree> {
    let allowed = ["sequence", "within_minutes", "days", "hours", "minutes", "from", "until"];
    refuse_others(reader, object, &allowed);
    let steps = reader.at("sequence", |reader| {
        let steps = object["sequence"].as_array().filter(|steps| (2..=AUDIENCE_STEPS_MAX).contains(&steps.len()));
        let Some(steps) = steps else {
            let found = shown(&object["sequence"]);
            return reader.refuse(format!("the sequence is {found}"), format!("2 to {AUDIENCE_STEPS_MAX} events"));
        };
        let read = |(at, step): (usize, &Json)| {
            reader.at(&at.to_string(), |reader| {
                let about = part(reader, step, &["event", "where"])?;
                selector(reader, about, depth)
            })
        };
        let steps: Vec<Option<Selector>> = steps.iter().enumerate().map(read).collect();
        steps.into_iter().collect::<Option<Vec<_>>>()
    });
    let within = whole(reader, object, "within_minutes", AUDIENCE_MINUTES_MAX);
    if within == Some(None) {
        reader.refuse::<()>("`within_minutes` is missing".to_owned(), format!("1 to {AUDIENCE_MINUTES_MAX} minutes"));
    }
    let window = window(reader, object);
    let (steps, within_ms, window) = (steps?, within?? * MINUTE_MS, window?);
    Some(Tree::Leaf(Fact::Sequence { steps, within_ms, window }))
}

/// `{"cart": "total", "range": {…}}`
fn cart(reader: &mut Reader, object: &Map<String, Json>) -> Option<Tree> {
    const WORDS: [(&str, CartMeasure); 3] =
        [("total", CartMeasure::Total), ("quantity", CartMeasure::Quantity), ("lines", CartMeasure::Lines)];
    refuse_others(reader, object, &["cart", "range"]);
    let measure = word(reader, object, "cart", &WORDS);
    let range = range(reader, object);
    Some(Tree::Leaf(Fact::Cart { measure: measure?, range: range? }))
}

/// `{"ordered": {"where": …, "days": …}, "exists": true}`
fn has(reader: &mut Reader, object: &Map<String, Json>, leaf: &str, list: List, depth: usize) -> Option<Tree> {
    refuse_others(reader, object, &[leaf, "exists"]);
    let allowed = ["where", "days", "hours", "minutes", "from", "until"];
    let read = reader.at(leaf, |reader| {
        let about = part(reader, &object[leaf], &allowed)?;
        let (wanted, window) = (wanted(reader, about, depth), window(reader, about));
        Some((wanted?, window?))
    });
    let exists = object.get("exists").map_or(Some(true), |flag| exists(reader, flag));
    let ((wanted, window), exists) = (read?, exists?);
    Some(negated(Tree::Leaf(Fact::Has { list, wanted, window }), !exists))
}

/// `{"orders": "revenue", "days": …, "status": …, "range": {…}}`
fn orders(reader: &mut Reader, object: &Map<String, Json>) -> Option<Tree> {
    const MEASURES: [(&str, OrderMeasure); 5] = [
        ("count", OrderMeasure::Count),
        ("revenue", OrderMeasure::Revenue),
        ("average", OrderMeasure::Average),
        ("quantity", OrderMeasure::Quantity),
        ("average_quantity", OrderMeasure::AverageQuantity),
    ];
    const STATES: [(&str, OrderStatus); 3] =
        [("placed", OrderStatus::Placed), ("canceled", OrderStatus::Canceled), ("any", OrderStatus::Any)];
    let allowed = ["orders", "range", "status", "days", "hours", "minutes", "from", "until"];
    refuse_others(reader, object, &allowed);
    let measure = word(reader, object, "orders", &MEASURES);
    let status = match object.contains_key("status") {
        true => word(reader, object, "status", &STATES),
        false => Some(OrderStatus::Placed),
    };
    let window = window(reader, object);
    let range = range(reader, object)?;
    if measure == Some(OrderMeasure::Count) {
        remembered(reader, range, VISITOR_ORDERS_MAX)?;
    }
    Some(Tree::Leaf(Fact::Orders { measure: measure?, window: window?, status: status?, range }))
}

/// `{"audience": id}`, or several ids of which one is enough.
fn audience(reader: &mut Reader, object: &Map<String, Json>) -> Option<Tree> {
    refuse_others(reader, object, &["audience"]);
    let one =
        |reader: &mut Reader, id: &Json| Some(Tree::Leaf(Fact::Audience(reader.text(id, AUDIENCE_ID_BYTES_MAX)?)));
    reader.at("audience", |reader| match &object["audience"] {
        Json::Array(ids) if ids.len() <= CONDITION_VALUES_MAX => {
            let read = |(at, id): (usize, &Json)| reader.at(&at.to_string(), |reader| one(reader, id));
            let parts: Vec<Option<Tree>> = ids.iter().enumerate().map(read).collect();
            parts.into_iter().collect::<Option<Vec<_>>>().map(Tree::Any)
        }
        id => one(reader, id),
    })
}

fn negated(tree: Tree, is_not: bool) -> Tree {
    if is_not { Tree::not(tree) } else { tree }
}

/// A part that must be an object with these keys alone.
fn part<'j>(reader: &mut Reader, json: &'j Json, allowed: &[&str]) -> Option<&'j Map<String, Json>> {
    let names = || allowed.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let Some(object) = json.as_object() else {
        return reader.refuse(format!("it is {}", kind(json)), format!("an object with {}", names()));
    };
    refuse_others(reader, object, allowed);
    Some(object)
}

fn refuse_others(reader: &mut Reader, object: &Map<String, Json>, allowed: &[&str]) {
    let names = || allowed.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    for key in object.keys().filter(|key| !allowed.contains(&key.as_str())) {
        reader.at(key, |reader| reader.refuse::<()>(format!("unknown key `{key}`"), names()));
    }
}

fn selector(reader: &mut Reader, object: &Map<String, Json>, depth: usize) -> Option<Selector> {
    let kept = || EventKind::ALL.iter().copied().filter(|kind| is_kept(*kind)).map(EventKind::name);
    let named = object.get("event").and_then(Json::as_str).and_then(EventKind::from_name);
    let event = named.filter(|kind| is_kept(*kind));
    if event.is_none() {
        let found = object.get("event").map_or_else(|| "missing".to_owned(), shown);
        let allowed = format!("an event that profiles keep: {}", kept().collect::<Vec<_>>().join(", "));
        let refuse = |reader: &mut Reader| reader.refuse::<()>(format!("`event` is {found}"), allowed);
        if object.contains_key("event") {
            reader.at("event", refuse)
        } else {
            refuse(reader)
        };
    }
    let wanted = wanted(reader, object, depth);
    Some(Selector { kind: event?, wanted: wanted? })
}

/// The product condition under `where`; `Some(None)` without one.
fn wanted(reader: &mut Reader, object: &Map<String, Json>, depth: usize) -> Option<Option<Condition>> {
    match object.get("where") {
        None | Some(Json::Null) => Some(None),
        Some(json) => reader.at("where", |reader| reader.node::<Condition>(json, depth + 1)).map(Some),
    }
}

fn window(reader: &mut Reader, object: &Map<String, Json>) -> Option<Window> {
    let units = [("days", DAY_MS), ("hours", HOUR_MS), ("minutes", MINUTE_MS)];
    let named: Vec<&str> = units.iter().map(|(key, _)| *key).filter(|key| object.contains_key(*key)).collect();
    if named.len() > 1 {
        let message = format!("the window has {}", named.join(" and "));
        return reader.refuse(message, "one of `days`, `hours`, `minutes`");
    }
    let mut window = Window::default();
    for (key, unit) in units.into_iter().filter(|(key, _)| object.contains_key(*key)) {
        window.span_ms = whole(reader, object, key, AUDIENCE_MINUTES_MAX * MINUTE_MS / unit)?.map(|n| n * unit);
    }
    (window.from_ms, window.until_ms) = (moment(reader, object, "from")?, moment(reader, object, "until")?);
    Some(window)
}

/// A whole number from 1 to `max`; `Some(None)` without one.
fn whole(reader: &mut Reader, object: &Map<String, Json>, key: &str, max: i64) -> Option<Option<i64>> {
    let Some(json) = object.get(key) else { return Some(None) };
    match json.as_i64().filter(|number| (1..=max).contains(number)) {
        Some(number) => Some(Some(number)),
        None => reader.at(key, |reader| {
            reader.refuse(format!("`{key}` is {}", shown(json)), format!("a whole number from 1 to {max}"))
        }),
    }
}

/// A moment; `Some(None)` without one.
fn moment(reader: &mut Reader, object: &Map<String, Json>, key: &str) -> Option<Option<TimeMs>> {
    let Some(json) = object.get(key).filter(|json| !json.is_null()) else { return Some(None) };
    match json.as_str().and_then(parse_time) {
        Some(moment) => Some(Some(moment)),
        None => reader.at(key, |reader| reader.refuse(format!("`{key}` is {}", shown(json)), time::ALLOWED)),
    }
}

fn word<T: Copy>(reader: &mut Reader, object: &Map<String, Json>, key: &str, words: &[(&str, T)]) -> Option<T> {
    let found = object[key].as_str().and_then(|text| words.iter().find(|(word, _)| *word == text));
    match found {
        Some((_, meant)) => Some(*meant),
        None => {
            let allowed = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            reader.at(key, |reader| reader.refuse(format!("`{key}` is {}", shown(&object[key])), allowed))
        }
    }
}

fn exists(reader: &mut Reader, json: &Json) -> Option<bool> {
    let flag = json.as_bool();
    flag.or_else(|| {
        reader.at("exists", |reader| reader.refuse(format!("`exists` is {}", shown(json)), "true or false"))
    })
}

/// The range under `range`, which must be there.
fn range(reader: &mut Reader, object: &Map<String, Json>) -> Option<Bounds> {
    match object.get("range") {
        Some(json) => reader.at("range", |reader| bounds(reader, json)),
        None => reader.refuse("`range` is missing".to_owned(), "`range` with `from` (inclusive) and `to` (exclusive)"),
    }
}

fn bounds(reader: &mut Reader, json: &Json) -> Option<Bounds> {
    match reader.range(json)? {
        Test::Range { from, to } => Some(Bounds { from, to }),
        _ => None,
    }
}

/// `range`, or `exists` for once or more; the flag says whether the contrary is meant.
fn how_many(reader: &mut Reader, object: &Map<String, Json>, leaf: &str, kept: usize) -> Option<(Bounds, bool)> {
    refuse_others(reader, object, &[leaf, "range", "exists"]);
    match (object.get("range"), object.get("exists")) {
        (Some(_), None) => {
            let range = range(reader, object)?;
            remembered(reader, range, kept)?;
            Some((range, false))
        }
        (None, Some(flag)) => exists(reader, flag).map(|flag| (Bounds { from: Some(1.0), to: None }, !flag)),
        _ => reader.refuse("the count has no one test".to_owned(), "`range` or `exists`"),
    }
}

/// Refuses a count that is never reached, because no more is remembered.
fn remembered(reader: &mut Reader, range: Bounds, kept: usize) -> Option<()> {
    match range.from.filter(|from| *from > kept as f64) {
        None => Some(()),
        Some(from) => reader.at("range", |reader| {
            reader.refuse(format!("the range is from {from}"), format!("at most {kept}: no more are remembered"))
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_leaf_is_read() {
        let check = |json: Json, expected: Fact| assert_eq!(parse_tree(&json), Ok(Tree::Leaf(expected)), "{json}");
        let week = Window { span_ms: Some(7 * DAY_MS), ..Window::default() };
        let red = json!({"field": "color", "eq": "Red"});
        let wanted = Some(crate::expr::parse(&red).unwrap());
        let views = Selector { kind: EventKind::ProductView, wanted: wanted.clone() };
        let from = |from| Bounds { from: Some(from), to: None };
        check(
            json!({"count": {"event": "product_view", "where": red, "days": 7}, "range": {"from": 3}}),
            Fact::Count { events: views.clone(), window: week, range: from(3.0) },
        );
        let carts = Selector { kind: EventKind::AddToCart, wanted: None };
        check(
            json!({"sequence": [{"event": "product_view", "where": red}, {"event": "add_to_cart"}], "within_minutes": 60}),
            Fact::Sequence { steps: vec![views, carts], within_ms: HOUR_MS, window: Window::default() },
        );
        check(
            json!({"cart": "total", "range": {"to": 50}}),
            Fact::Cart { measure: CartMeasure::Total, range: Bounds { from: None, to: Some(50.0) } },
        );
        check(json!({"ordered": {"where": red, "days": 7}}), Fact::Has { list: List::Ordered, wanted, window: week });
        let all_carts = Fact::Has { list: List::Cart, wanted: None, window: Window::default() };
        check(json!({"cart": {}, "exists": true}), all_carts.clone());
        assert_eq!(parse_tree(&json!({"cart": {}, "exists": false})), Ok(Tree::not(Tree::Leaf(all_carts))));
        check(
            json!({"orders": "revenue", "days": 7, "range": {"from": 100}}),
            Fact::Orders {
                measure: OrderMeasure::Revenue,
                window: week,
                status: OrderStatus::Placed,
                range: from(100.0),
            },
        );
        check(json!({"audience": "vip"}), Fact::Audience("vip".into()));
        let tier = |test| Fact::Profile { name: "tier".into(), test };
        check(json!({"profile": "tier", "exists": true}), tier(ProfileTest::Value(Test::Exists)));
        check(json!({"profile": "tier", "days_ago": {"from": 3}}), tier(ProfileTest::DaysAgo(from(3.0))));
        let time = ProfileTest::Time { from_ms: Some(0), to_ms: None };
        check(json!({"profile": "tier", "time": {"from": "1970-01-01"}}), tier(time));
    }

    #[test]
    fn every_mistake_is_named() {
        let check = |json: Json, pointers: &[&str]| {
            let found: Vec<String> = parse_tree(&json).unwrap_err().into_iter().map(|it| it.pointer).collect();
            assert_eq!(found, pointers, "{json}");
        };
        check(json!({"field": "color", "eq": "Red"}), &[""]);
        check(json!({"count": {"event": "unit_view"}, "range": {"from": 1}}), &["/count/event"]);
        check(json!({"count": {"event": "product_view", "day": 7}, "exists": 1}), &["/count/day", "/exists"]);
        check(
            json!({"count": {"event": "product_view", "days": 0}, "range": {"from": 200}}),
            &["/count/days", "/range"],
        );
        check(json!({"count": {"event": "product_view", "days": 1, "hours": 1}, "exists": true}), &["/count"]);
        check(
            json!({"all": [{"count": {"event": "product_view", "where": {"field": "x"}}, "exists": true}]}),
            &["/all/0/count/where"],
        );
        check(json!({"sequence": [{"event": "product_view"}], "within_minutes": 5}), &["/sequence"]);
        check(json!({"sequence": [{"event": "product_view"}, {"event": "x"}]}), &["/sequence/1/event", ""]);
        check(json!({"cart": "weight", "range": {"from": 1}}), &["/cart"]);
        check(json!({"cart": "total"}), &[""]);
        check(
            json!({"orders": "count", "status": "lost", "from": "soon", "range": {"from": 1}}),
            &["/status", "/from"],
        );
        check(json!({"orders": "count", "range": {"from": 100}}), &["/range"]);
        check(json!({"audience": ["a", 7]}), &["/audience/1"]);
        check(json!({"profile": "tier"}), &[""]);
        check(json!({"profile": "tier", "time": {}}), &["/time"]);
    }
}
