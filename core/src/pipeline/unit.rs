//! What is a recommendation unit?
//!
//! A document of kind `unit` that names a unit *type* (a plugin's retriever), where it is shown, how many items
//! it has, which items may stand in it, and what fills it up when the type finds too few. Unit types are policy
//! and come from plugins; this is the mechanism around them.

use planogram_abi::{Problem, source};
use serde_json::Value;

use crate::expr::{self, Condition};
use crate::limits::{UNIT_FALLBACK_MAX, UNIT_LIMIT_MAX};

/// The kind of these documents.
pub const KIND: &str = "unit";

/// Items a unit shows when its document does not say.
pub const DEFAULT_LIMIT: u32 = 5;

/// The rung that fills a unit whose document names no fallback.
pub const DEFAULT_FALLBACK: &str = "most-viewed";

/// JSON Schema of the document.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "required": ["type"],
  "additionalProperties": false,
  "properties": {
    "type": {"type": "string", "description": "unit type: a retriever contributed by a plugin, or one of the kernel's sources"},
    "label": {"type": "string", "description": "heading for shoppers"},
    "page_types": {"type": "array", "items": {"type": "string"}, "description": "page types it is shown on; empty means all"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 5},
    "filter": {"type": "object", "description": "condition every item must satisfy"},
    "keep_seen": {"type": "boolean", "description": "whether what the shopper has seen in this visit may stand in it; by default in every type but session"},
    "fallback": {"type": "array", "items": {"type": "string"}, "default": ["most-viewed"], "description": "unit types that fill it up, in order"}
  }
}"#;

/// A recommendation unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Unit type.
    pub unit_type: String,
    /// Heading for shoppers.
    pub label: String,
    /// Page types it is shown on; empty means all.
    pub page_types: Vec<String>,
    /// Items it shows, 1 to [`UNIT_LIMIT_MAX`].
    pub limit: u32,
    /// What every item must satisfy.
    pub filter: Option<Condition>,
    /// Whether what the shopper has seen in this visit may stand in it, when the document says.
    pub keep_seen: Option<bool>,
    /// Unit types that fill it up, in order.
    pub fallback: Vec<String>,
}

impl Unit {
    /// Reads a document, or says everything that is wrong with it.
    pub fn parse(json: &str) -> Result<Unit, Vec<Problem>> {
        let value: Value = serde_json::from_str(json)
            .map_err(|error| vec![Problem::new("", format!("not JSON: {error}"), "a JSON object")])?;
        let Some(object) = value.as_object() else {
            return Err(vec![Problem::new("", "not an object", "a JSON object")]);
        };
        let mut reader = Reader { object, problems: Vec::new() };
        reader.refuse_unknown(&["type", "label", "page_types", "limit", "filter", "keep_seen", "fallback"]);
        let unit = Unit {
            unit_type: reader.text("type", None),
            label: reader.text("label", Some("")),
            page_types: reader.texts("page_types", usize::MAX).unwrap_or_default(),
            limit: reader.limit(),
            filter: reader.condition("filter"),
            keep_seen: reader.flag("keep_seen"),
            fallback: reader.texts("fallback", UNIT_FALLBACK_MAX).unwrap_or_else(|| vec![DEFAULT_FALLBACK.to_owned()]),
        };
        if reader.problems.is_empty() { Ok(unit) } else { Err(reader.problems) }
    }

    /// Whether what the shopper has seen in this visit may stand in the unit: unless the document says otherwise, in
    /// every type but the one that proposes where the visit goes next.
    pub fn keeps_seen(&self) -> bool {
        self.keep_seen.unwrap_or(self.unit_type != source::SESSION)
    }

    /// Whether the unit is shown on a page type; an unnamed page type is any.
    pub fn is_on(&self, page_type: Option<&str>) -> bool {
        self.page_types.is_empty() || page_type.is_none_or(|page| self.page_types.iter().any(|p| p == page))
    }
}

struct Reader<'a> {
    object: &'a serde_json::Map<String, Value>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, key: &str, message: String, allowed: &str) {
        self.problems.push(Problem::new(format!("/{key}"), message, allowed));
    }

    fn refuse_unknown(&mut self, known: &[&str]) {
        let unknown: Vec<String> = self.object.keys().filter(|key| !known.contains(&key.as_str())).cloned().collect();
        for key in unknown {
            self.problem(&key, format!("unknown field `{key}`"), &known.join(", "));
        }
    }

    fn text(&mut self, key: &str, default: Option<&str>) -> String {
        match (self.object.get(key), default) {
            (Some(Value::String(text)), _) if !text.is_empty() || default.is_some() => text.clone(),
            (None, Some(default)) => default.to_owned(),
            (found, _) => {
                let message = found.map_or_else(|| format!("`{key}` is missing"), |v| format!("`{key}` is {v}"));
                self.problem(key, message, "a text that is not empty");
                String::new()
            }
        }
    }

    fn texts(&mut self, key: &str, max: usize) -> Option<Vec<String>> {
        let found = self.object.get(key)?;
        let texts: Option<Vec<String>> =
            found.as_array().and_then(|list| list.iter().map(|v| v.as_str().map(str::to_owned)).collect());
        match texts {
            Some(texts) if texts.len() <= max => Some(texts),
            _ => {
                self.problem(key, format!("`{key}` is {found}"), &format!("a list of at most {max} texts"));
                None
            }
        }
    }

    fn limit(&mut self) -> u32 {
        let Some(found) = self.object.get("limit") else { return DEFAULT_LIMIT };
        match found.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=UNIT_LIMIT_MAX).contains(n)) {
            Some(limit) => limit,
            None => {
                self.problem(
                    "limit",
                    format!("`limit` is {found}"),
                    &format!("a whole number from 1 to {UNIT_LIMIT_MAX}"),
                );
                DEFAULT_LIMIT
            }
        }
    }

    fn flag(&mut self, key: &str) -> Option<bool> {
        let found = self.object.get(key)?;
        let flag = found.as_bool();
        if flag.is_none() {
            self.problem(key, format!("`{key}` is {found}"), "true or false");
        }
        flag
    }

    fn condition(&mut self, key: &str) -> Option<Condition> {
        match expr::parse(self.object.get(key)?) {
            Ok(condition) => Some(condition),
            Err(problems) => {
                self.problems
                    .extend(problems.into_iter().map(|p| Problem { pointer: format!("/{key}{}", p.pointer), ..p }));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Result<(&str, u32, &[&str]), &[&str]>) {
        match (Unit::parse(json), expected) {
            (Ok(unit), Ok((unit_type, limit, fallback))) => {
                assert_eq!((unit.unit_type.as_str(), unit.limit), (unit_type, limit), "{json}");
                assert_eq!(unit.fallback, fallback, "{json}");
            }
            (Err(problems), Err(pointers)) => {
                assert_eq!(problems.iter().map(|p| p.pointer.as_str()).collect::<Vec<_>>(), pointers, "{json}");
            }
            (got, _) => panic!("{json}: {got:?}"),
        }
    }

    #[test]
    fn reads_defaults_and_reports_every_problem() {
        check(r#"{"type":"a"}"#, Ok(("a", 5, &["most-viewed"])));
        check(r#"{"type":"a","limit":7,"fallback":[]}"#, Ok(("a", 7, &[])));
        check(r#"{"limit":0,"colour":1}"#, Err(&["/colour", "/type", "/limit"]));
        check(r#"{"type":"a","filter":{"nonsense":1}}"#, Err(&["/filter/nonsense"]));
        check(r#"{"type":"a","keep_seen":1}"#, Err(&["/keep_seen"]));
        check("[]", Err(&[""]));
    }

    #[test]
    fn what_was_seen_is_left_out_of_the_type_that_goes_on_unless_said_otherwise() {
        let keeps = |json: &str| Unit::parse(json).unwrap().keeps_seen();
        assert!(!keeps(r#"{"type":"session"}"#) && keeps(r#"{"type":"recently-viewed"}"#));
        assert!(keeps(r#"{"type":"session","keep_seen":true}"#) && !keeps(r#"{"type":"a","keep_seen":false}"#));
    }
}
