//! What are the category tree and a change of it on the wire?
//!
//! A change is `{"put": path, "position": 3, "anchor": true}`, `{"move": path, "to": path}` or `{"remove": path}`, where a path
//! is a list of names from the root or names joined by `/`.

use planogram_core::catalog::doc::CategoryChange;
use planogram_core::engine::types::CategoryInfo;
use planogram_core::signal::Window;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::decode::{Defect, Fields};
use super::params::{Address, Params, settle};
use super::product::path;
use super::units::window_of;
use crate::error::Problem;

/// The category tree.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoriesJson {
    /// `24h`, `72h`, `7d`, `30d`, or `all`.
    pub window: String,
    /// The moment the window ends with, RFC 3339.
    pub until: String,
    /// Parents before children, siblings in their order.
    pub categories: Vec<CategoryJson>,
}

/// A category and what shoppers did with its products.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryJson {
    /// Names from the top.
    pub path: Vec<String>,
    /// Order among its siblings, smallest first; null goes behind.
    pub position: Option<i32>,
    /// Whether it shows its descendants' products.
    pub anchor: bool,
    /// Products it shows, whether or not they may be sold.
    pub products: u64,
    /// Visits that viewed a product of the category or below, each once.
    pub views: u32,
    /// Visits that put one into the cart, each once.
    pub carts: u32,
    /// Orders that kept one, each once.
    pub purchases: u32,
}

impl CategoriesJson {
    /// The tree as it was read in a window.
    pub fn new(window: String, (categories, until_ms): (Vec<CategoryInfo>, i64)) -> Self {
        let category = |info: CategoryInfo| CategoryJson {
            path: info.path,
            position: info.position,
            anchor: info.anchor,
            products: info.products,
            views: info.views,
            carts: info.carts,
            purchases: info.purchases,
        };
        Self { window, until: super::time::text(until_ms), categories: categories.into_iter().map(category).collect() }
    }
}

/// The store view and the window, by name and as it is, that an address asks for.
///
/// # Errors
/// The parameter at fault.
pub fn asked(pairs: &[(String, String)]) -> Result<(Option<String>, String, Option<Window>), Problem> {
    let mut address = Address::new(pairs, &["store_view", "window"]);
    let store_view = address.text("store_view");
    let (name, window) = window_of(&mut address);
    settle(address).map(|()| (store_view, name, window))
}

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
