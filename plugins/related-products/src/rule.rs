//! What does a related-product rule say?
//!
//! Which list it feeds, which products it is about (`match`), what it shows beside them (`display`), how much of it, to
//! whom, and in which order. Conditions are kept as text: the kernel alone knows their language, compiles them and says
//! what is wrong with them. What is not here: when a rule holds, which its document's validity says.

use planogram_abi::{ConditionId, Document, Outcome, PrepareHost};
use planogram_rules::rule::HEAD_FIELDS;
use planogram_rules::{Findings, Head, Object};
use serde_json::Value;

use crate::config::{RuleLimits, known_source};

/// The lists, as rules name them.
pub const LISTS: [&str; 3] = ["related", "upsell", "crosssell"];

/// Products a rule shows when it does not say.
pub const LIMIT_DEFAULT: usize = 20;
/// Most audiences of one rule.
const AUDIENCES_MAX: usize = 100;
/// Longest name of an audience, in characters.
const AUDIENCE_CHARS_MAX: usize = 200;
/// Longest name of a source, in characters.
const SOURCE_CHARS_MAX: usize = 63;

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RelatedRule {
    /// Who it is.
    pub head: Head,
    /// How it is called in answers.
    pub label: String,
    /// Index in [`LISTS`].
    pub list: usize,
    /// Condition on the product of the page, JSON text; and its id once it is compiled.
    pub matches: (String, Option<ConditionId>),
    /// Condition on what is shown, perhaps relative to that product, JSON text; and its id once it is compiled.
    pub display: (String, Option<ConditionId>),
    /// Whether anything in `display` is relative to the matched product.
    pub is_relative: bool,
    /// Most products it shows at once.
    pub limit: usize,
    /// Whether its products are drawn by lot when there are more than `limit`; `None` as the list says.
    pub by_lot: Option<bool>,
    /// Audiences it is for, in lower case; empty for everybody.
    pub audiences: Vec<String>,
    /// Source that orders its products.
    pub order_by: Option<String>,
}

impl RelatedRule {
    /// Reads a document.
    pub fn read(document: &Document<'_>, body: &Value, limits: &RuleLimits, findings: &mut Findings) -> Option<Self> {
        let own = ["list", "match", "display", "limit", "rotation", "audiences", "order_by"];
        let object = Object::read(body, "", &[&HEAD_FIELDS[..], &own[..]].concat(), findings)?;
        let head = Head::read(document, &object, findings);
        object.require("list", findings);
        let list = object.choice("list", &LISTS, findings);
        let anything = serde_json::json!({ "all": [] });
        let matches = condition(&object, "match", findings).unwrap_or(&anything);
        object.require("display", findings);
        let display = condition(&object, "display", findings);
        let most = limits.limit_max;
        let limit = object.integer("limit", 1..=most as i64, findings);
        let rotation = object.choice("rotation", &["id", "random"], findings);
        let audiences = read_audiences(&object, findings);
        let order_by = object.text("order_by", SOURCE_CHARS_MAX, findings);
        if let Some(Err(message)) = order_by.map(|source| known_source("order_by", source)) {
            findings.report(object.at("order_by"), message, "a source that orders products");
        }
        let display = display?;
        Some(Self {
            label: head.label(),
            head,
            list: list?,
            matches: (matches.to_string(), None),
            is_relative: is_relative(display),
            display: (display.to_string(), None),
            limit: limit
                .map_or(LIMIT_DEFAULT.min(most), |limit| usize::try_from(limit).expect("the range was checked")),
            by_lot: rotation.map(|choice| choice == 1),
            audiences,
            order_by: order_by.map(str::to_owned),
        })
    }

    /// Lets the host compile the conditions.
    ///
    /// # Errors
    /// Which rule, which of its fields, and what the host finds wrong with it.
    pub fn compile(&mut self, host: &dyn PrepareHost) -> Result<(), String> {
        let say = |field: &str, failure: planogram_abi::Failure, head: &Head| {
            format!("{}: /{field}{}", head.label(), failure.0)
        };
        let matches: Outcome<ConditionId> = host.compile(&self.matches.0);
        self.matches.1 = Some(matches.map_err(|failure| say("match", failure, &self.head))?);
        let display = host.compile_relative(&self.display.0);
        self.display.1 = Some(display.map_err(|failure| say("display", failure, &self.head))?);
        Ok(())
    }

    /// Whether the rule is for a shopper of these audiences.
    pub fn is_for(&self, audiences: &[&str]) -> bool {
        self.audiences.is_empty() || audiences.iter().any(|one| self.audiences.contains(&one.to_lowercase()))
    }
}

fn condition<'v>(object: &Object<'v>, key: &str, findings: &mut Findings) -> Option<&'v Value> {
    let value = object.get(key)?;
    if !value.is_object() {
        findings.report(object.at(key), format!("`{key}` is {}", planogram_rules::read::show(value)), "a condition");
        return None;
    }
    Some(value)
}

fn read_audiences(object: &Object<'_>, findings: &mut Findings) -> Vec<String> {
    let mut audiences = Vec::new();
    for (at, value) in object.list("audiences", AUDIENCES_MAX, findings).iter().enumerate() {
        let pointer = format!("{}/{at}", object.at("audiences"));
        let audience = planogram_rules::read::text_of(value, &pointer, AUDIENCE_CHARS_MAX, findings);
        audiences.extend(audience.map(|audience| audience.trim().to_lowercase()));
    }
    audiences
}

/// Whether a condition anywhere speaks of the matched product.
fn is_relative(value: &Value) -> bool {
    match value {
        Value::Array(parts) => parts.iter().any(is_relative),
        Value::Object(parts) => {
            parts.iter().any(|(key, part)| ["matched", "matched_percent"].contains(&key.as_str()) || is_relative(part))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use planogram_abi::Problem;

    use super::*;

    fn read(json: &str) -> Result<RelatedRule, Vec<Problem>> {
        let mut findings = Findings::default();
        let body = findings.parse(json).unwrap();
        let (kind, from_ms, until_ms) = (crate::RELATED_RULE, i64::MIN, i64::MAX);
        let document = Document { kind, scope: "", id: "r", revision: 1, seq: 1, from_ms, until_ms, json };
        let rule =
            RelatedRule::read(&document, &body, &RuleLimits { limit_max: 20, ..RuleLimits::default() }, &mut findings);
        findings.finish(rule)
    }

    #[test]
    fn a_rule_has_defaults() {
        let plain = read(r#"{"list":"upsell","display":{"field":"brand","eq":"x"}}"#).unwrap();
        assert_eq!((plain.list, plain.limit, plain.matches.0.as_str()), (1, 20, r#"{"all":[]}"#));
        assert!(!plain.is_relative && plain.by_lot.is_none() && plain.is_for(&[]));
        let full = r#"{"name":"R","description":"d","enabled":true,"priority":3,"list":"related","match":{"all":[]},
            "display":{"any":[{"field":"price","range":{"to":{"matched_percent":120}}}]},"limit":5,"rotation":"random",
            "audiences":["VIP "],"order_by":"co-bought"}"#;
        let full = read(full).unwrap();
        assert!(full.is_relative && full.by_lot == Some(true) && full.order_by.as_deref() == Some("co-bought"));
        assert!(full.is_for(&["new", "Vip"]) && !full.is_for(&["new"]) && !full.is_for(&[]));
    }

    #[test]
    fn a_bad_rule_is_refused_with_the_place() {
        let check = |json: &str, expected: &[&str]| {
            let problems = read(json).unwrap_err();
            assert_eq!(problems.iter().map(|p| p.pointer.as_str()).collect::<Vec<_>>(), expected, "{json}");
        };
        check("{}", &["/list", "/display"]);
        check(r#"{"list":"links","display":[],"match":3}"#, &["/list", "/match", "/display"]);
        let wrong =
            r#"{"list":"related","display":{},"limit":21,"rotation":"weighted","audiences":[1],"order_by":"x","to":1}"#;
        check(wrong, &["/to", "/limit", "/rotation", "/audiences/0", "/order_by"]);
    }
}
