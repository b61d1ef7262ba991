//! How is the condition of a rule written?
//!
//! As a tree of JSON objects; every mistake is named by its place.

use serde_json::Value;

use super::{DEPTH_MAX, Leaf, Named, Node, Operator, Products, VALUE_CHARS_MAX, VALUES_MAX};
use crate::moment::{self, Weekly};
use crate::read::{Findings, Object, show, text_of};
use crate::text::{PHRASE_CHARS_MAX, normalize, path_key};

/// Reads the fields `match` and `conditions` of a rule: at most `conditions_max` leaves. `None` without conditions.
pub fn read_conditions(rule: &Object<'_>, conditions_max: usize, findings: &mut Findings) -> Option<Node> {
    let is_all = rule.choice("match", &["any", "all"], findings) == Some(1);
    let pointer = rule.at("conditions");
    let listed = rule.list("conditions", conditions_max, findings);
    let mut reader = Reader { findings, leaves: 0 };
    let parts: Vec<Node> = listed
        .iter()
        .enumerate()
        .filter_map(|(index, value)| reader.node(value, &format!("{pointer}/{index}"), 1))
        .collect();
    if is_all {
        reader.check_is(&parts, &pointer);
    }
    let n_leaves = reader.leaves;
    if n_leaves > conditions_max {
        findings.report(pointer, format!("the conditions have {n_leaves} leaves"), format!("at most {conditions_max}"));
    }
    let join = if is_all { Node::All } else { Node::Any };
    (!listed.is_empty()).then(|| join(parts))
}

/// What a leaf of a kind may say beside the field that tells its kind.
const LEAVES: [(&str, &[&str]); 11] = [
    ("query", &["query", "text"]),
    ("category", &["category", "below"]),
    ("audience", &["audience"]),
    ("customer_group", &["customer_group"]),
    ("store_view", &["store_view"]),
    ("device", &["device"]),
    ("page_type", &["page_type"]),
    ("cart", &["cart"]),
    ("filter", &["filter", "eq"]),
    ("schedule", &["schedule"]),
    ("from", &["from", "until"]),
];

struct Reader<'f> {
    findings: &'f mut Findings,
    leaves: usize,
}

impl Reader<'_> {
    fn node(&mut self, value: &Value, pointer: &str, depth: usize) -> Option<Node> {
        if depth > DEPTH_MAX {
            let message = format!("the conditions are more than {DEPTH_MAX} deep");
            self.findings.report(pointer, message, format!("at most {DEPTH_MAX}"));
            return None;
        }
        let Value::Object(fields) = value else {
            self.findings.report(pointer, format!("{} is not an object", show(value)), "a JSON object");
            return None;
        };
        if let Some(key) = ["all", "any", "not"].into_iter().find(|key| fields.contains_key(*key)) {
            let object = Object::read(value, pointer, &[key], self.findings)?;
            let here = object.at(key);
            let inner = object.get(key)?;
            if key == "not" {
                return Some(Node::Not(Box::new(self.node(inner, &here, depth + 1)?)));
            }
            let Value::Array(parts) = inner else {
                self.findings.report(here, format!("`{key}` is {}", show(inner)), "a list of conditions");
                return None;
            };
            let parts: Vec<Node> = parts
                .iter()
                .enumerate()
                .filter_map(|(index, part)| self.node(part, &format!("{here}/{index}"), depth + 1))
                .collect();
            if key == "all" {
                self.check_is(&parts, &here);
                return Some(Node::All(parts));
            }
            return Some(Node::Any(parts));
        }
        self.leaves += 1;
        self.leaf(value, pointer).map(Node::Leaf)
    }

    /// Under `all`, `is` says it all of the query.
    fn check_is(&mut self, parts: &[Node], pointer: &str) {
        let operator =
            |node: &Node| if let Node::Leaf(Leaf::Query { operator, .. }) = node { Some(*operator) } else { None };
        let of_query: Vec<Operator> = parts.iter().filter_map(operator).collect();
        if of_query.len() > 1 && of_query.contains(&Operator::Is) {
            let message = format!("`is` stands beside {} other conditions under `all`", of_query.len() - 1);
            self.findings.report(pointer, message, "`is` alone, or `any`");
        }
    }

    fn leaf(&mut self, value: &Value, pointer: &str) -> Option<Leaf> {
        let has = |key: &str| value.get(key).is_some();
        let kind = LEAVES.iter().find(|(key, _)| has(key) || (*key == "from" && has("until")));
        let Some((kind, known)) = kind else {
            let kinds: Vec<&str> = LEAVES.iter().map(|(key, _)| *key).collect();
            let allowed = format!("all, any, not, {}", kinds.join(", "));
            if has("text") {
                self.findings.report(format!("{pointer}/query"), "`query` is missing", "required");
            } else {
                self.findings.report(pointer, format!("{} is no condition", show(value)), allowed);
            }
            return None;
        };
        let object = Object::read(value, pointer, known, self.findings)?;
        let findings = &mut *self.findings;
        match *kind {
            "query" => {
                let operator = object.choice("query", &Operator::NAMES, findings);
                let text = object.required_text("text", PHRASE_CHARS_MAX, findings);
                Some(Leaf::Query { operator: Operator::ALL[operator?], phrase: normalize(text?) })
            }
            "category" => {
                let paths = texts(&object, "category", findings)?.into_iter().map(|path| path_key(&path)).collect();
                Some(Leaf::Category { paths, below: object.flag("below", false, findings) })
            }
            "cart" => object.get("cart").map(|tree| Leaf::Cart(Products::new(tree))),
            "filter" => {
                let field = object.required_text("filter", VALUE_CHARS_MAX, findings)?.trim().to_lowercase();
                let field = if field == "categories" { "category".to_owned() } else { field };
                let value = object.get("eq").map(|value| match value {
                    Value::String(text) => text.trim().to_lowercase(),
                    other => other.to_string(),
                });
                Some(Leaf::Filter(value.map_or(field.clone(), |value| format!("{field}={value}"))))
            }
            "schedule" => {
                let fields = ["days", "from", "to", "utc_offset"];
                let hours = Object::read(object.get("schedule")?, &object.at("schedule"), &fields, findings)?;
                Weekly::read(&hours, findings).map(Leaf::Weekly)
            }
            "from" => {
                let from_ms = instant(&object, "from", findings)?.unwrap_or(i64::MIN);
                let until_ms = instant(&object, "until", findings)?.unwrap_or(i64::MAX);
                if until_ms <= from_ms {
                    findings.report(object.at("until"), "`until` is not after `from`", "a later time");
                }
                Some(Leaf::Window { from_ms, until_ms })
            }
            name => {
                let what = Named::ALL.into_iter().find(|named| named.key() == name)?;
                let values = texts(&object, name, findings)?;
                Some(Leaf::Named { what, values: values.iter().map(|value| value.trim().to_lowercase()).collect() })
            }
        }
    }
}

/// A text or a list of texts, at least one.
fn texts(object: &Object<'_>, key: &str, findings: &mut Findings) -> Option<Vec<String>> {
    let pointer = object.at(key);
    match object.get(key)? {
        Value::Array(values) if (1..=VALUES_MAX).contains(&values.len()) => {
            let read = |(index, value): (usize, &Value)| {
                text_of(value, &format!("{pointer}/{index}"), VALUE_CHARS_MAX, findings).map(str::to_owned)
            };
            Some(values.iter().enumerate().filter_map(read).collect())
        }
        Value::Array(values) => {
            findings.report(pointer, format!("`{key}` has {} values", values.len()), format!("1 to {VALUES_MAX}"));
            None
        }
        value => text_of(value, &pointer, VALUE_CHARS_MAX, findings).map(|text| vec![text.to_owned()]),
    }
}

/// An instant, `Some(None)` when it is not said.
fn instant(object: &Object<'_>, key: &str, findings: &mut Findings) -> Option<Option<i64>> {
    let Some(value) = object.get(key) else { return Some(None) };
    let read = value.as_str().and_then(moment::instant);
    if read.is_none() {
        findings.report(
            object.at(key),
            format!("`{key}` is {}", show(value)),
            "RFC 3339, such as 2026-11-27T00:00:00Z",
        );
    }
    read.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Mistakes<'a> = Vec<(&'a str, &'a str)>;

    fn check(json: &str, expected: Result<Option<Node>, Mistakes<'_>>) {
        let mut findings = Findings::default();
        let value = findings.parse(json).unwrap();
        let object = Object::read(&value, "", &["match", "conditions"], &mut findings).unwrap();
        let read = read_conditions(&object, 10, &mut findings);
        let found = findings.finish(Some(read));
        let found = found
            .as_ref()
            .map_err(|problems| problems.iter().map(|p| (p.pointer.as_str(), p.message.as_str())).collect::<Vec<_>>());
        assert_eq!(found, expected.as_ref().map_err(Clone::clone), "{json}");
    }

    fn query(operator: Operator, phrase: &str) -> Node {
        Node::Leaf(Leaf::Query { operator, phrase: phrase.to_owned() })
    }

    #[test]
    fn conditions_are_read_and_normalized() {
        check("{}", Ok(None));
        check(
            r#"{"match":"all","conditions":[{"query":"starts","text":" Blue  SOFA"},{"query":"contains","text":"a"}]}"#,
            Ok(Some(Node::All(vec![query(Operator::Starts, "blue sofa"), query(Operator::Contains, "a")]))),
        );
        check(
            r#"{"match":"all","conditions":[{"query":"is","text":"x"},{"device":"Mobile"}]}"#,
            Ok(Some(Node::All(vec![
                query(Operator::Is, "x"),
                Node::Leaf(Leaf::Named { what: Named::Device, values: vec!["mobile".into()] }),
            ]))),
        );
        check(
            r#"{"conditions":[{"not":{"any":[{"category":["Men / Tops","B"],"below":true},{"filter":"Color","eq":"Red"}]}},
                {"from":"2026-01-01","until":"2026-01-02T00:00:00Z"},{"cart":{"field":"brand","eq":"X"}}]}"#,
            Ok(Some(Node::Any(vec![
                Node::Not(Box::new(Node::Any(vec![
                    Node::Leaf(Leaf::Category { paths: vec!["men/tops".into(), "b".into()], below: true }),
                    Node::Leaf(Leaf::Filter("color=red".into())),
                ]))),
                Node::Leaf(Leaf::Window { from_ms: 1_767_225_600_000, until_ms: 1_767_312_000_000 }),
                Node::Leaf(Leaf::Cart(Products { json: r#"{"eq":"X","field":"brand"}"#.into(), id: None })),
            ]))),
        );
    }

    #[test]
    fn mistakes_are_named() {
        check(
            r#"{"match":"some","conditions":[{"query":"like","text":"x"},{"query":"is","text":""},{"text":"x"},7,{}]}"#,
            Err(vec![
                ("/match", "`match` is \"some\""),
                ("/conditions/0/query", "`query` is \"like\""),
                ("/conditions/1/text", "\"\" is no usable text"),
                ("/conditions/2/query", "`query` is missing"),
                ("/conditions/3", "7 is not an object"),
                ("/conditions/4", "{} is no condition"),
            ]),
        );
        check(
            r#"{"match":"all","conditions":[{"query":"is","text":"x"},{"query":"ends","text":"x"}]}"#,
            Err(vec![("/conditions", "`is` stands beside 1 other conditions under `all`")]),
        );
        check(
            r#"{"conditions":[{"all":7},{"audience":[]},{"from":"noon"},{"until":"2026-01-01","from":"2026-01-01"},
                {"schedule":{"days":["today"],"from":"8"}}]}"#,
            Err(vec![
                ("/conditions/0/all", "`all` is 7"),
                ("/conditions/1/audience", "`audience` has 0 values"),
                ("/conditions/2/from", "`from` is \"noon\""),
                ("/conditions/3/until", "`until` is not after `from`"),
                ("/conditions/4/schedule/days/0", "\"today\" is no day"),
                ("/conditions/4/schedule/from", "`from` is `8`"),
            ]),
        );
        let eleven = [r#"{"query":"is","text":"x"}"#; 11].join(",");
        check(&format!(r#"{{"conditions":[{eleven}]}}"#), Err(vec![("/conditions", "`conditions` has 11 elements")]));
        check(
            &format!(r#"{{"conditions":[{{"any":[{eleven}]}}]}}"#),
            Err(vec![("/conditions", "the conditions have 11 leaves")]),
        );
        let deep = format!(r#"{{"conditions":[{}{{}}{}]}}"#, r#"{"not":"#.repeat(16), "}".repeat(16));
        let pointer = format!("/conditions/0{}", "/not".repeat(16));
        check(&deep, Err(vec![(&pointer, "the conditions are more than 16 deep")]));
    }
}
