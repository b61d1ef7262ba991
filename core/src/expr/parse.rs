//! How is a condition written?
//!
//! As a JSON tree: `{"all": […]}`, `{"any": […]}`, `{"none": […]}`, `{"not": …}`, and leaves `{"field": …}` with exactly
//! one of `eq`, `in`, `range`, `contains`, `starts_with`, `ends_with`, `words`, `exists`. Depth, nodes and values are
//! bounded while reading, before anything is built from them. Every mistake is named by its JSON pointer; whether a field
//! exists is asked of a catalog later (`evaluate`), because attributes come and go. Where there is a product to relate
//! to, a value may be `{"matched": field}` and a bound of a range `{"matched_percent": number}`; elsewhere both are
//! refused.

use planogram_abi::Problem;
use serde_json::{Map, Value as Json, json};

use super::{Bound, Condition, Test, Value};
use crate::catalog::read::{kind, shown};
use crate::limits::{
    CODE_BYTES_MAX, CONDITION_DEPTH_MAX, CONDITION_NODES_MAX, CONDITION_TEXT_BYTES_MAX, CONDITION_VALUES_MAX,
    MATCHED_PERCENT_MAX,
};

const NODE: &str = "an object with `all`, `any`, `none`, `not`, or `field` and one test";
const TESTS: &str = "exactly one of `eq`, `in`, `range`, `contains`, `starts_with`, `ends_with`, `words`, `exists`";

/// What stands at the ends of the branches: of products here, of shoppers in `audience`. The branches are the same.
pub(super) trait Vocabulary: Sized {
    /// What a node may be, for messages.
    const NODE: &'static str;

    /// Whether an object is a leaf, right or wrong.
    fn is_leaf(object: &Map<String, Json>) -> bool;

    /// Reads a leaf; what is wrong with it goes to the reader.
    fn leaf(reader: &mut Reader, object: &Map<String, Json>, depth: usize) -> Option<Self>;

    /// Every part holds.
    fn all(parts: Vec<Self>) -> Self;

    /// At least one part holds.
    fn any(parts: Vec<Self>) -> Self;

    /// The part does not hold.
    fn not(part: Self) -> Self;
}

impl Vocabulary for Condition {
    const NODE: &'static str = NODE;

    fn is_leaf(object: &Map<String, Json>) -> bool {
        object.contains_key("field")
    }

    fn leaf(reader: &mut Reader, object: &Map<String, Json>, _: usize) -> Option<Self> {
        reader.leaf(object)
    }

    fn all(parts: Vec<Self>) -> Self {
        Condition::All(parts)
    }

    fn any(parts: Vec<Self>) -> Self {
        Condition::Any(parts)
    }

    fn not(part: Self) -> Self {
        Condition::Not(Box::new(part))
    }
}

/// Reads a condition.
///
/// # Errors
/// Everything that is wrong with it, in document order.
pub fn parse(json: &Json) -> Result<Condition, Vec<Problem>> {
    parse_as(json)
}

/// Reads a condition that may compare with a matched product.
///
/// # Errors
/// As [`parse`].
pub fn parse_relative(json: &Json) -> Result<Condition, Vec<Problem>> {
    read(json, true)
}

/// Reads a tree of any vocabulary.
pub(super) fn parse_as<V: Vocabulary>(json: &Json) -> Result<V, Vec<Problem>> {
    read(json, false)
}

fn read<V: Vocabulary>(json: &Json, has_matched: bool) -> Result<V, Vec<Problem>> {
    let mut reader = Reader { problems: Vec::new(), nodes: 0, pointer: String::new(), has_matched };
    match reader.node(json, 1) {
        Some(tree) if reader.problems.is_empty() => Ok(tree),
        _ => Err(reader.problems),
    }
}

/// Reads trees within their bounds and notes what is wrong.
pub(super) struct Reader {
    problems: Vec<Problem>,
    nodes: usize,
    /// Where we are, a JSON pointer.
    pointer: String,
    /// Whether there is a product to relate to.
    has_matched: bool,
}

impl Reader {
    pub(super) fn refuse<T>(&mut self, message: String, allowed: impl Into<String>) -> Option<T> {
        self.problems.push(Problem::new(self.pointer.clone(), message, allowed));
        None
    }

    /// Runs `read` with the pointer one step further down.
    pub(super) fn at<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let len = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        let result = read(self);
        self.pointer.truncate(len);
        result
    }

    pub(super) fn node<V: Vocabulary>(&mut self, json: &Json, depth: usize) -> Option<V> {
        self.nodes += 1;
        if self.nodes == CONDITION_NODES_MAX + 1 {
            let message = format!("the condition has more than {CONDITION_NODES_MAX} parts");
            return self.refuse(message, format!("at most {CONDITION_NODES_MAX}"));
        }
        if self.nodes > CONDITION_NODES_MAX {
            return None;
        }
        if depth > CONDITION_DEPTH_MAX {
            return self.refuse(format!("the condition is {depth} deep"), format!("at most {CONDITION_DEPTH_MAX}"));
        }
        let Some(object) = json.as_object() else {
            return self.refuse(format!("the condition is {}", kind(json)), V::NODE);
        };
        if V::is_leaf(object) {
            return V::leaf(self, object, depth);
        }
        let mut keys = object.iter();
        let (Some((key, inner)), None) = (keys.next(), keys.next()) else {
            let keys = object.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            return self.refuse(
                format!("the condition has the keys {}", if keys.is_empty() { "none" } else { &keys }),
                V::NODE,
            );
        };
        match key.as_str() {
            "all" => self.at(key, |reader| reader.parts(inner, depth)).map(V::all),
            "any" => self.at(key, |reader| reader.parts(inner, depth)).map(V::any),
            "none" => self.at(key, |reader| reader.parts(inner, depth)).map(|parts| V::not(V::any(parts))),
            "not" => self.at(key, |reader| reader.node(inner, depth + 1)).map(V::not),
            _ => self.at(key, |reader| reader.refuse(format!("unknown key `{key}`"), V::NODE)),
        }
    }

    fn parts<V: Vocabulary>(&mut self, json: &Json, depth: usize) -> Option<Vec<V>> {
        let Some(parts) = json.as_array() else {
            return self.refuse(format!("the parts are {}", kind(json)), "an array of conditions");
        };
        let mut read = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            if self.nodes > CONDITION_NODES_MAX {
                return None;
            }
            read.extend(self.at(&at.to_string(), |reader| reader.node(part, depth + 1)));
        }
        Some(read)
    }

    fn leaf(&mut self, object: &Map<String, Json>) -> Option<Condition> {
        let field = self.at("field", |reader| reader.text(&object["field"], CODE_BYTES_MAX));
        let mut tests = object.iter().filter(|(key, _)| *key != "field");
        let (Some((key, operand)), None) = (tests.next(), tests.next()) else {
            return self.refuse(format!("the field has {} tests", object.len() - 1), TESTS);
        };
        let test = self.at(key, |reader| reader.test(key, operand));
        let (field, test) = (field?, test?);
        Some(match test {
            Some(test) => Condition::Field { field, test },
            // `exists: false`
            None => Condition::Not(Box::new(Condition::Field { field, test: Test::Exists })),
        })
    }

    /// The test, or `Some(None)` for `exists: false`.
    pub(super) fn test(&mut self, key: &str, operand: &Json) -> Option<Option<Test>> {
        let test = match key {
            "eq" => Test::In(vec![self.value(operand)?]),
            "in" => Test::In(self.values(operand)?),
            "range" => self.range(operand)?,
            "contains" => Test::Contains(self.text(operand, CONDITION_TEXT_BYTES_MAX)?),
            "starts_with" => Test::StartsWith(self.text(operand, CONDITION_TEXT_BYTES_MAX)?),
            "ends_with" => Test::EndsWith(self.text(operand, CONDITION_TEXT_BYTES_MAX)?),
            "words" => Test::Words(self.text(operand, CONDITION_TEXT_BYTES_MAX)?),
            "exists" => match operand.as_bool() {
                Some(true) => Test::Exists,
                Some(false) => return Some(None),
                None => return self.refuse(format!("`exists` is {}", shown(operand)), "true or false"),
            },
            _ => return self.refuse(format!("unknown test `{key}`"), TESTS),
        };
        Some(Some(test))
    }

    fn values(&mut self, json: &Json) -> Option<Vec<Value>> {
        let allowed = format!("an array of at most {CONDITION_VALUES_MAX} texts, numbers or booleans");
        match json.as_array() {
            None => self.refuse(format!("`in` is {}", kind(json)), allowed),
            Some(values) if values.len() > CONDITION_VALUES_MAX => {
                self.refuse(format!("`in` has {} values", values.len()), allowed)
            }
            Some(values) => {
                let mut read = Vec::with_capacity(values.len());
                for (at, value) in values.iter().enumerate() {
                    read.push(self.at(&at.to_string(), |reader| reader.value(value)));
                }
                read.into_iter().collect()
            }
        }
    }

    fn value(&mut self, json: &Json) -> Option<Value> {
        match json {
            Json::String(_) => self.text(json, CONDITION_TEXT_BYTES_MAX).map(Value::Text),
            Json::Bool(flag) => Some(Value::Boolean(*flag)),
            Json::Number(number) => match number.as_f64().filter(|number| number.is_finite()) {
                Some(number) => Some(Value::Number(number)),
                None => self.refuse(format!("the number is {number}"), "a finite number"),
            },
            Json::Object(object) => {
                self.matched(object, "matched", |reader, field| reader.text(field, CODE_BYTES_MAX).map(Value::Matched))
            }
            other => self.refuse(format!("the value is {}", kind(other)), "a text, a number or a boolean"),
        }
    }

    /// What stands for something of the matched product: an object with the one key `key`.
    fn matched<T>(
        &mut self,
        object: &Map<String, Json>,
        key: &str,
        read: impl FnOnce(&mut Self, &Json) -> Option<T>,
    ) -> Option<T> {
        let mut keys = object.iter();
        match (keys.next(), keys.next()) {
            (Some((found, operand)), None) if found == key && self.has_matched => {
                self.at(key, |reader| read(reader, operand))
            }
            (Some((found, _)), None) if found == key => {
                self.refuse(format!("`{key}` stands where no product is matched"), "a value that is written out")
            }
            _ => self
                .refuse("the value is an object".to_owned(), format!("a plain value, or an object with `{key}` alone")),
        }
    }

    pub(super) fn text(&mut self, json: &Json, bytes_max: usize) -> Option<String> {
        match json.as_str() {
            Some(text) if !text.is_empty() && text.len() <= bytes_max => Some(text.to_owned()),
            _ => self.refuse(format!("the text is {}", shown(json)), format!("a text of 1 to {bytes_max} bytes")),
        }
    }

    pub(super) fn range(&mut self, json: &Json) -> Option<Test> {
        const ALLOWED: &str = "`from` (inclusive) and `to` (exclusive), numbers, at least one of them";
        let Some(object) = json.as_object() else {
            return self.refuse(format!("`range` is {}", kind(json)), ALLOWED);
        };
        if let Some(key) = object.keys().find(|key| !matches!(key.as_str(), "from" | "to")) {
            return self.at(key, |reader| reader.refuse(format!("unknown key `{key}`"), ALLOWED));
        }
        let (from, to) = (self.bound(object, "from")?, self.bound(object, "to")?);
        let is_upside_down = |from: f64, to: f64| from > to;
        match (from, to) {
            (None, None) => self.refuse("the range has no bound".to_owned(), ALLOWED),
            (Some(Bound::Number(from)), Some(Bound::Number(to)))
            | (Some(Bound::Percent(from)), Some(Bound::Percent(to)))
                if is_upside_down(from, to) =>
            {
                self.refuse(format!("the range is from {from} to {to}"), "a `from` that is not above `to`")
            }
            (from, to) => Some(match (number(from), number(to)) {
                (Some(from), Some(to)) => Test::Range { from, to },
                _ => Test::Relative { from, to },
            }),
        }
    }

    fn percent(&mut self, json: &Json) -> Option<Bound> {
        match json.as_f64().filter(|percent| (0.0..=MATCHED_PERCENT_MAX).contains(percent)) {
            Some(percent) => Some(Bound::Percent(percent)),
            None => {
                let allowed = format!("a number from 0 to {MATCHED_PERCENT_MAX}");
                self.refuse(format!("`matched_percent` is {}", shown(json)), allowed)
            }
        }
    }

    /// `Some(None)` when the bound is open.
    fn bound(&mut self, object: &Map<String, Json>, key: &str) -> Option<Option<Bound>> {
        match object.get(key) {
            None | Some(Json::Null) => Some(None),
            Some(Json::Object(object)) => {
                self.at(key, |reader| reader.matched(object, "matched_percent", Self::percent)).map(Some)
            }
            Some(json) => match json.as_f64().filter(|number| number.is_finite()) {
                Some(number) => Some(Some(Bound::Number(number))),
                None => self.at(key, |reader| reader.refuse(format!("`{key}` is {}", shown(json)), "a finite number")),
            },
        }
    }
}

/// A bound that is a number, or open; `None` for one that is relative.
fn number(bound: Option<Bound>) -> Option<Option<f64>> {
    match bound {
        None => Some(None),
        Some(Bound::Number(number)) => Some(Some(number)),
        Some(Bound::Percent(_)) => None,
    }
}

/// Writes a condition the way [`parse`] or [`parse_relative`] reads it.
pub fn to_json(condition: &Condition) -> Json {
    let parts = |parts: &[Condition]| parts.iter().map(to_json).collect::<Vec<_>>();
    match condition {
        Condition::All(all) => json!({ "all": parts(all) }),
        Condition::Any(any) => json!({ "any": parts(any) }),
        Condition::Not(part) => json!({ "not": to_json(part) }),
        Condition::Field { field, test } => match test {
            Test::In(values) => json!({ "field": field, "in": values.iter().map(value_json).collect::<Vec<_>>() }),
            Test::Range { from, to } => {
                let bounds = [("from", from), ("to", to)].into_iter();
                let bounds: Map<_, _> =
                    bounds.filter_map(|(key, bound)| Some((key.to_owned(), json!((*bound)?)))).collect();
                json!({ "field": field, "range": bounds })
            }
            Test::Relative { from, to } => {
                let bounds = [("from", from), ("to", to)].into_iter();
                let bounds: Map<_, _> =
                    bounds.filter_map(|(key, bound)| Some((key.to_owned(), bound_json((*bound)?)))).collect();
                json!({ "field": field, "range": bounds })
            }
            Test::Contains(text) => json!({ "field": field, "contains": text }),
            Test::StartsWith(text) => json!({ "field": field, "starts_with": text }),
            Test::EndsWith(text) => json!({ "field": field, "ends_with": text }),
            Test::Words(text) => json!({ "field": field, "words": text }),
            Test::Exists => json!({ "field": field, "exists": true }),
        },
    }
}

fn bound_json(bound: Bound) -> Json {
    match bound {
        Bound::Number(number) => json!(number),
        Bound::Percent(percent) => json!({ "matched_percent": percent }),
    }
}

fn value_json(value: &Value) -> Json {
    match value {
        Value::Matched(field) => json!({ "matched": field }),
        Value::Text(text) => json!(text),
        Value::Number(number) => json!(number),
        Value::Boolean(flag) => json!(flag),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::arb_condition;
    use super::*;

    fn read(text: &str) -> Result<Condition, Vec<Problem>> {
        parse(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn every_form_is_read() {
        let color = |values: &[&str]| Condition::Field {
            field: "color".to_owned(),
            test: Test::In(values.iter().map(|text| Value::Text((*text).to_owned())).collect()),
        };
        let check = |text: &str, expected: Condition| assert_eq!(read(text), Ok(expected), "{text}");
        check(r#"{"field":"color","eq":"Red"}"#, color(&["Red"]));
        check(r#"{"field":"color","in":["Red","Blue"]}"#, color(&["Red", "Blue"]));
        check(r#"{"all":[]}"#, Condition::All(vec![]));
        check(r#"{"none":[{"all":[]}]}"#, Condition::Not(Box::new(Condition::Any(vec![Condition::All(vec![])]))));
        check(
            r#"{"any":[{"not":{"field":"color","eq":"Red"}}]}"#,
            Condition::Any(vec![Condition::Not(Box::new(color(&["Red"])))]),
        );
        let price = |from, to| Condition::Field { field: "price".to_owned(), test: Test::Range { from, to } };
        check(r#"{"field":"price","range":{"from":10,"to":50}}"#, price(Some(10.0), Some(50.0)));
        check(r#"{"field":"price","range":{"to":50,"from":null}}"#, price(None, Some(50.0)));
        let exists = Condition::Field { field: "price".to_owned(), test: Test::Exists };
        check(r#"{"field":"price","exists":false}"#, Condition::Not(Box::new(exists)));
    }

    #[test]
    fn every_mistake_is_named() {
        let check = |text: &str, pointers: &[&str]| {
            let found: Vec<String> = read(text).unwrap_err().into_iter().map(|problem| problem.pointer).collect();
            assert_eq!(found, pointers, "{text}");
        };
        check("[]", &[""]);
        check("{}", &[""]);
        check(r#"{"all":[],"any":[]}"#, &[""]);
        check(r#"{"and":[]}"#, &["/and"]);
        check(r#"{"all":{}}"#, &["/all"]);
        check(r#"{"field":"x"}"#, &[""]);
        check(r#"{"field":"x","eq":1,"in":[]}"#, &[""]);
        check(r#"{"field":"x","like":1}"#, &["/like"]);
        check(r#"{"field":"","eq":{}}"#, &["/field", "/eq"]);
        check(r#"{"all":[{"field":"x","in":[1,null,[]]},{"not":3}]}"#, &["/all/0/in/1", "/all/0/in/2", "/all/1/not"]);
        check(r#"{"field":"x","range":{}}"#, &["/range"]);
        check(r#"{"field":"x","range":{"from":2,"to":1}}"#, &["/range"]);
        check(r#"{"field":"x","range":{"from":"2"}}"#, &["/range/from"]);
        check(r#"{"field":"x","range":{"min/max":2}}"#, &["/range/min~1max"]);
    }

    #[test]
    fn size_is_bounded() {
        let nested = |depth: usize| (1..depth).fold(json!({"all": []}), |inner, _| json!({ "not": inner }));
        assert!(parse(&nested(CONDITION_DEPTH_MAX)).is_ok());
        assert_eq!(parse(&nested(CONDITION_DEPTH_MAX + 1)).unwrap_err().len(), 1);
        let wide = |n: usize| json!({ "any": vec![json!({"field": "x", "eq": 1}); n] });
        assert!(parse(&wide(CONDITION_NODES_MAX - 1)).is_ok());
        assert_eq!(parse(&wide(CONDITION_NODES_MAX * 3)).unwrap_err().len(), 1);
        let long = json!({"field": "x", "in": vec![1; CONDITION_VALUES_MAX + 1]});
        assert_eq!(parse(&long).unwrap_err()[0].pointer, "/in");
    }

    #[test]
    fn what_is_relative_is_read_where_there_is_something_to_relate_to() {
        let color = json!({"field": "color", "in": ["red", {"matched": "color"}]});
        let price = json!({"all": [{"field": "price", "range": {"from": {"matched_percent": 80.0}, "to": 12.0}}]});
        for tree in [&color, &price] {
            let condition = parse_relative(tree).unwrap();
            assert!(condition.is_relative());
            assert_eq!(&to_json(&condition), tree);
            assert_eq!(parse_relative(&to_json(&condition)), Ok(condition));
        }
        let check = |problems: Vec<Problem>, pointer: &str, message: &str| {
            assert_eq!((problems[0].pointer.as_str(), problems[0].message.as_str()), (pointer, message));
        };
        check(parse(&color).unwrap_err(), "/in/1", "`matched` stands where no product is matched");
        let percent = "`matched_percent` stands where no product is matched";
        check(parse(&price).unwrap_err(), "/all/0/range/from", percent);
        let wrong = |tree: Json| parse_relative(&tree).unwrap_err();
        check(wrong(json!({"field": "x", "eq": {"same": "x"}})), "/eq", "the value is an object");
        check(wrong(json!({"field": "x", "eq": {"matched": 3}})), "/eq/matched", "the text is 3");
        let upside_down =
            json!({"field": "x", "range": {"from": {"matched_percent": 2}, "to": {"matched_percent": 1}}});
        check(wrong(upside_down), "/range", "the range is from 2 to 1");
        let negative = json!({"field": "x", "range": {"from": {"matched_percent": -1}}});
        check(wrong(negative), "/range/from/matched_percent", "`matched_percent` is -1");
    }

    fn arb_json() -> impl Strategy<Value = Json> {
        let key = prop::sample::select(vec![
            "all", "any", "none", "not", "field", "eq", "in", "range", "from", "to", "exists", "~/",
        ]);
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            key.clone().prop_map(Json::from),
        ];
        leaf.prop_recursive(6, 64, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..3)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_input_panics_and_every_pointer_leads_somewhere(json in arb_json()) {
            match parse(&json) {
                Ok(condition) => prop_assert_eq!(parse(&to_json(&condition)), Ok(condition)),
                Err(problems) => {
                    prop_assert!(!problems.is_empty());
                    prop_assert!(problems.iter().all(|problem| json.pointer(&problem.pointer).is_some()));
                }
            }
        }

        #[test]
        fn what_is_written_is_read_back(condition in arb_condition()) {
            prop_assert_eq!(parse(&to_json(&condition)), Ok(condition));
        }
    }
}
