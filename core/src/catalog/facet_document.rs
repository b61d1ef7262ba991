//! How is an attribute offered as a facet in one store view?
//!
//! Configuration documents of kind `facet`, of one store view or of all, whose ids are attribute codes. Each lays its
//! keys over the facet keys of the attribute's own document, so that a view has its own headings, order and values
//! while what is indexed and filtered stays the attribute's business.

use planogram_abi::Problem;

use super::definition::parse_attribute;
use super::read::{keys, laid_over};

/// Kind of the documents read here.
pub const FACET_KIND: &str = "facet";
/// The keys of an attribute document that a facet document may say anew.
pub const FACET_KEYS: [&str; 8] =
    ["label", "facet", "facet_position", "facet_size", "facet_sort", "pinned_values", "buckets", "step"];

/// JSON Schema of a facet document; its id is the attribute's code.
pub const FACET_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Facet",
  "description": "How an attribute is offered as a facet, in one store view or in all. What it leaves out stands in the attribute's own document. The document's id is the attribute's code.",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "label": {"type": "string", "minLength": 1},
    "facet": {"enum": ["off", "pinned", "dynamic"]},
    "facet_position": {"type": "integer", "minimum": 0, "maximum": 1000000},
    "facet_size": {"type": "integer", "minimum": 0, "maximum": 1000},
    "facet_sort": {"enum": ["count", "alphabetical", "position"]},
    "pinned_values": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 100, "uniqueItems": true},
    "buckets": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 1000},
    "step": {"type": "number", "exclusiveMinimum": 0}
  }
}"#;

/// Everything that is wrong with one facet document.
pub fn check_facet(code: &str, json: &str) -> Vec<Problem> {
    // Whether the attribute holds numbers is seen when the document is laid over its own.
    let read = laid_over(r#"{"type":"number"}"#, json).and_then(|whole| parse_attribute(code, &whole).map(drop));
    let known = |problem: &Problem| FACET_KEYS.iter().any(|key| problem.pointer.starts_with(&format!("/{key}")));
    let own = read.err().unwrap_or_default().into_iter().filter(|it| it.pointer.is_empty() || known(it));
    let foreign = keys(json).into_iter().filter(|key| !FACET_KEYS.contains(&key.as_str()));
    let foreign = foreign.map(|key| {
        let pointer = super::read::pointer(&[&key]);
        Problem::new(pointer, format!("unknown key `{key}`"), FACET_KEYS.join(", "))
    });
    own.chain(foreign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_named() {
        let check = |json: &str, pointers: &[&str]| {
            let found: Vec<String> = check_facet("color", json).into_iter().map(|problem| problem.pointer).collect();
            assert_eq!(found, pointers, "{json}");
        };
        check(r#"{"label":"Farbe","facet":"pinned","step":5,"facet_size":3}"#, &[]);
        check(r#"{"facet_size":-1,"facet_sort":"position"}"#, &["/facet_size", "/facet_sort"]);
        check(r#"{"searchable":true,"colour":1}"#, &["/colour", "/searchable"]);
        check("[]", &[""]);
        check("{", &[""]);
    }
}
