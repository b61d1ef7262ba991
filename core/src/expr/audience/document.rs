//! How is an audience written?
//!
//! A document of kind `audience`: what it is called, whom it may hold, and the condition of its members. One without a
//! condition has the members that another system named.

use planogram_abi::Problem;
use serde_json::Value as Json;

use super::{Tree, parse_tree};
use crate::catalog::read::{kind, shown};
use crate::limits::AUDIENCE_NAME_BYTES_MAX;

/// Kind of the documents.
pub const AUDIENCE_KIND: &str = "audience";

/// JSON Schema of such a document.
pub const AUDIENCE_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Audience",
  "description": "Shoppers who have something in common. One without a condition has the members that another system named.",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "name": {"type": "string", "minLength": 1, "maxLength": 256, "description": "What people call it; the id by default."},
    "description": {"type": "string", "maxLength": 256, "description": "For people."},
    "applies_to": {"enum": ["everyone", "registered", "visitors"], "default": "everyone", "description": "Whether members have an account, have none, or either."},
    "condition": {"type": "object", "description": "A tree of all, any, none and not around leaves: {profile, one test}, {count: {event, where, window}, range or exists}, {sequence: [{event, where}], within_minutes, window}, {cart: total|quantity|lines, range}, {cart|wishlist|viewed|ordered: {where, window}, exists}, {orders: count|revenue|average|quantity|average_quantity, window, status, range}, {audience}. where is a condition on products. A window is one of days, hours and minutes, and from and until."}
  }
}"#;

/// Whom an audience may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppliesTo {
    /// Anybody.
    #[default]
    Everyone,
    /// Who has an account.
    Registered,
    /// Who has none.
    Visitors,
}

/// An audience as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Audience {
    /// What people call it.
    pub name: String,
    /// Whom it may hold.
    pub applies_to: AppliesTo,
    /// The condition of its members; `None` of one whose members another system names.
    pub condition: Option<Tree>,
}

/// Reads an audience.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_audience(id: &str, json: &str) -> Result<Audience, Vec<Problem>> {
    let object = match serde_json::from_str(json) {
        Ok(Json::Object(object)) => object,
        Ok(other) => return Err(vec![Problem::new("", format!("the document is {}", kind(&other)), "a JSON object")]),
        Err(error) => return Err(vec![Problem::new("", format!("not JSON: {error}"), "a JSON object")]),
    };
    let mut audience = Audience { name: id.to_owned(), applies_to: AppliesTo::Everyone, condition: None };
    let mut problems = Vec::new();
    for (key, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        let text = value.as_str().filter(|text| !text.trim().is_empty() && text.len() <= AUDIENCE_NAME_BYTES_MAX);
        let mut refuse = |allowed: String| {
            problems.push(Problem::new(format!("/{key}"), format!("`{key}` is {}", shown(value)), allowed));
        };
        match key.as_str() {
            "name" => match text {
                Some(text) => audience.name = text.to_owned(),
                None => refuse(format!("a text of 1 to {AUDIENCE_NAME_BYTES_MAX} bytes")),
            },
            "description" if text.is_none() => refuse(format!("a text of 1 to {AUDIENCE_NAME_BYTES_MAX} bytes")),
            "description" => {}
            "applies_to" => match value.as_str() {
                Some("everyone") => audience.applies_to = AppliesTo::Everyone,
                Some("registered") => audience.applies_to = AppliesTo::Registered,
                Some("visitors") => audience.applies_to = AppliesTo::Visitors,
                _ => refuse("`everyone`, `registered`, `visitors`".to_owned()),
            },
            "condition" => match parse_tree(value) {
                Ok(tree) => audience.condition = Some(tree),
                Err(found) => problems
                    .extend(found.into_iter().map(|it| Problem { pointer: format!("/condition{}", it.pointer), ..it })),
            },
            _ => {
                let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
                let allowed = "`name`, `description`, `applies_to`, `condition`";
                problems.push(Problem::new(pointer, format!("unknown key `{key}`"), allowed));
            }
        }
    }
    if problems.is_empty() { Ok(audience) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_read_and_every_mistake_is_named() {
        let plain = parse_audience("vip", "{}").unwrap();
        assert_eq!((plain.name.as_str(), plain.condition), ("vip", None));
        let read =
            parse_audience("vip", r#"{"name":"Best","applies_to":"registered","condition":{"all":[]}}"#).unwrap();
        assert_eq!((read.name.as_str(), read.applies_to), ("Best", AppliesTo::Registered));
        assert_eq!(read.condition, Some(Tree::All(vec![])));
        let wrong = r#"{"name":"","applies_to":"all","condition":{"not":{"x":1}},"size":3}"#;
        let pointers: Vec<String> = parse_audience("vip", wrong).unwrap_err().into_iter().map(|p| p.pointer).collect();
        assert_eq!(pointers, ["/applies_to", "/condition/not/x", "/name", "/size"]);
    }
}
