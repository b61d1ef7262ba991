//! What is a change of the category tree on the wire?
//!
//! `{"put": path, "position": 3, "anchor": true}`, `{"move": path, "to": path}` or `{"remove": path}`, where a path
//! is a list of names from the root or names joined by `/`.

use planogram_core::catalog::doc::CategoryChange;
use serde_json::Value;

use super::decode::{Defect, Fields};
use super::product::path;

/// Fields of a change.
pub const FIELDS: &[&str] = &["put", "move", "remove", "to", "position", "anchor"];

const ALLOWED: &str = "exactly one of `put`, `move`, `remove`";

/// The change a JSON row means.
///
/// # Errors
/// Everything that is wrong with the row.
pub fn decode(row: &Value) -> Result<CategoryChange, Vec<Defect>> {
    let mut defects = Vec::new();
    let change = Fields::open(row, "", FIELDS, &mut defects).and_then(|mut f| change(&mut f));
    match change {
        Some(change) if defects.is_empty() => Ok(change),
        _ => Err(defects),
    }
}

fn change(f: &mut Fields) -> Option<CategoryChange> {
    let verbs: Vec<&str> = ["put", "move", "remove"].into_iter().filter(|v| f.raw(v).is_some()).collect();
    let [verb] = verbs.as_slice() else {
        let message = if verbs.is_empty() { "no verb".to_owned() } else { format!("{} at once", verbs.join(" and ")) };
        f.defects().push(Defect::new("", message, ALLOWED));
        return None;
    };
    let misplaced: &[&str] = match *verb {
        "put" => &["to"],
        "move" => &["position", "anchor"],
        _ => &["to", "position", "anchor"],
    };
    for name in misplaced {
        if f.raw(name).is_none() {
            continue;
        }
        f.report(name, format!("`{name}` means nothing beside `{verb}`"), "leave it out");
    }
    let at = names(f, verb)?;
    Some(match *verb {
        "put" => CategoryChange::Put {
            path: at,
            position: f.whole("position", i64::from(i32::MIN), i64::from(i32::MAX)).map(|n| n as i32),
            anchor: f.boolean("anchor").unwrap_or(true),
        },
        "move" => CategoryChange::Move { path: at, to: names(f, "to")? },
        _ => CategoryChange::Remove { path: at },
    })
}

fn names(f: &mut Fields, field: &str) -> Option<Vec<String>> {
    let pointer = f.pointer(field);
    path(f.raw(field).unwrap_or(&Value::Null), &pointer, f.defects())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_three_verbs() {
        let path = |s: &str| s.split('/').map(str::to_owned).collect::<Vec<_>>();
        let check = |row: Value, expected: CategoryChange| assert_eq!(decode(&row), Ok(expected));
        check(
            json!({"put": "Men/Tops", "position": 2}),
            CategoryChange::Put { path: path("Men/Tops"), position: Some(2), anchor: true },
        );
        check(
            json!({"move": ["Men"], "to": "People/Men"}),
            CategoryChange::Move { path: path("Men"), to: path("People/Men") },
        );
        check(json!({"remove": "Men"}), CategoryChange::Remove { path: path("Men") });
    }

    #[test]
    fn mistakes_are_named() {
        let check = |row: Value, pointer: &str| {
            let found = decode(&row).unwrap_err();
            assert!(found.len() == 1 && found[0].pointer == pointer, "{found:?}");
        };
        check(json!({}), "");
        check(json!({"put": "A", "remove": "A"}), "");
        check(json!({"move": "A"}), "/to");
        check(json!({"remove": "A", "to": "B"}), "/to");
        check(json!({"put": ["A", ""]}), "/put");
        check(json!({"put": "A", "position": 1.5}), "/position");
    }
}
