//! What does the API say of itself?
//!
//! OpenAPI 3.1, generated from the routes, with the JSON Schemas of the configuration kinds merged in as
//! `#/components/schemas/config.{kind}`. References inside a kind's schema are rewritten to where it now lies.

use planogram_core::engine::types::KindInfo;
use serde_json::{Value, json};

use crate::app;

/// The description, with the schemas of these kinds.
pub fn document(kinds: &[KindInfo]) -> Value {
    let mut api = serde_json::to_value(app::description()).expect("a description is made of texts");
    api["info"] = json!({
        "title": "planogram",
        "description": "Search and recommendation ranking for storefronts.",
        "version": env!("CARGO_PKG_VERSION"),
    });
    name_operations(&mut api["paths"]);
    let mut references = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let name = format!("config.{}", component_name(&kind.name));
        let Ok(mut schema) = serde_json::from_str::<Value>(&kind.schema) else { continue };
        rebase(&mut schema, &format!("#/components/schemas/{name}"));
        references.push(json!({"$ref": format!("#/components/schemas/{name}")}));
        api["components"]["schemas"][name] = schema;
    }
    if !references.is_empty() {
        let body = &mut api["paths"]["/v1/config/{kind}/{id}"]["put"]["requestBody"]["content"]["application/json"];
        body["schema"] = json!({"anyOf": references});
    }
    api
}

/// Names each operation after its method and path: handlers of different modules share a name.
fn name_operations(paths: &mut Value) {
    for (path, operations) in paths.as_object_mut().into_iter().flatten() {
        let words: Vec<&str> = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            operation["operationId"] = json!(format!("{method}_{}", words.join("_")));
        }
    }
}

/// Names of components are letters, digits, dots, hyphens and underscores.
fn component_name(kind: &str) -> String {
    kind.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect()
}

/// Moves references of a schema from its own root to `base`.
fn rebase(value: &mut Value, base: &str) {
    match value {
        Value::Object(map) => {
            // A root of its own would make the references relative to it again.
            for name in ["$schema", "$id"] {
                map.remove(name);
            }
            for (name, inner) in map.iter_mut() {
                match inner {
                    Value::String(target) if name == "$ref" && target.starts_with('#') => {
                        *target = format!("{base}{}", &target[1..]);
                    }
                    inner => rebase(inner, base),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| rebase(inner, base)),
        _ => {}
    }
}

#[cfg(test)]
#[path = "openapi_tests.rs"]
mod tests;
