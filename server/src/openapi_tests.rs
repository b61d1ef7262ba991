//! Does the description of the API say what it must?

use std::collections::BTreeSet;

use super::*;

fn kind(name: &str, schema: Value) -> KindInfo {
    KindInfo { name: name.into(), schema: schema.to_string(), owner: None, questions: vec![] }
}

/// Every `$ref` of a document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                match inner {
                    Value::String(target) if name == "$ref" => drop(found.insert(target.clone())),
                    inner => references(inner, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}

fn sample() -> Value {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"limit": {"$ref": "#/$defs/limit"}, "more": {"type": "array", "items": {"$ref": "#"}}},
        "$defs": {"limit": {"type": "integer", "minimum": 1}},
    });
    document(&[kind("unit", schema), kind("broken", json!("not a schema"))])
}

#[test]
fn every_reference_resolves() {
    let api = sample();
    let mut found = BTreeSet::new();
    references(&api, &mut found);
    assert!(found.contains("#/components/schemas/config.unit/$defs/limit"), "{found:?}");
    assert!(found.contains("#/components/schemas/ListJson"), "{found:?}");
    for reference in &found {
        let pointer = reference.strip_prefix('#').expect("references stay inside the document");
        assert!(api.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn the_document_has_the_shape_of_openapi_3_1() {
    let operation = json!({
        "type": "object",
        "required": ["operationId", "responses", "tags"],
        "properties": {
            "parameters": {"type": "array", "items": {
                "type": "object",
                "required": ["name", "in", "schema"],
                "properties": {"in": {"enum": ["path", "query", "header", "cookie"]}},
                "if": {"properties": {"in": {"const": "path"}}},
                "then": {"required": ["required"], "properties": {"required": {"const": true}}},
            }},
            "requestBody": {"type": "object", "required": ["content"]},
            "responses": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": "^([1-5]([0-9][0-9]|XX)|default)$"},
                "additionalProperties": {"type": "object", "required": ["description"]},
            },
        },
    });
    let shape = json!({
        "type": "object",
        "required": ["openapi", "info", "paths", "components"],
        "properties": {
            "openapi": {"pattern": "^3\\.1\\.[0-9]+$"},
            "info": {"type": "object", "required": ["title", "version"]},
            "paths": {
                "type": "object",
                "propertyNames": {"pattern": "^/"},
                "additionalProperties": {
                    "type": "object",
                    "propertyNames": {"enum": ["get", "put", "post", "patch", "delete"]},
                    "additionalProperties": operation,
                },
            },
            "components": {"type": "object", "properties": {"schemas": {
                "type": "object",
                "propertyNames": {"pattern": "^[a-zA-Z0-9._-]+$"},
            }}},
        },
    });
    let validator = jsonschema::validator_for(&shape).unwrap();
    let api = sample();
    let errors: Vec<String> = validator.iter_errors(&api).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn every_schema_is_a_schema() {
    let api = sample();
    for (name, schema) in api["components"]["schemas"].as_object().unwrap() {
        if name == "config.broken" {
            continue;
        }
        assert!(jsonschema::meta::is_valid(schema), "{name} is not a JSON Schema");
    }
}

#[test]
fn operations_have_names_of_their_own_and_their_path_parameters() {
    let api = sample();
    let mut seen = BTreeSet::new();
    for (path, operations) in api["paths"].as_object().unwrap() {
        let in_path: BTreeSet<&str> = path
            .split('/')
            .filter_map(|s| s.strip_prefix('{')?.strip_suffix('}').or_else(|| s.strip_prefix('{')?.split('}').next()))
            .collect();
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(seen.insert(id.to_owned()), "two operations are named {id}");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let described: BTreeSet<&str> =
                parameters.iter().filter(|p| p["in"] == "path").map(|p| p["name"].as_str().unwrap()).collect();
            assert_eq!(described, in_path, "{method} {path}");
        }
    }
}
