//! What is a recommendation unit?
//!
//! A document of kind `unit` that names a unit *type* (a plugin's retriever), where it is shown, how many items
//! it has, which items may stand in it, and what fills it up when the type finds too few. Unit types are policy
//! and come from plugins; this is the mechanism around them.
//!
//! Which items may stand in it is said in three ways, taken together: every inclusion must hold, no exclusion
//! may, and the relation to the page's product must. All three are evaluated before anything is retrieved.

mod read;

use std::collections::BTreeMap;

use planogram_abi::{Problem, source};

use crate::config::store::Selection;
use crate::expr::StoredCondition;
use crate::id::TimeMs;
use crate::limits::{DEFAULT_UNITS_PER_PAGE_TYPE_MAX, UNIT_LIMIT_MAX};

/// The kind of these documents.
pub const KIND: &str = "unit";

/// Items a unit shows when its document does not say.
pub const DEFAULT_LIMIT: u32 = 5;

/// The rung that fills a unit whose document names no fallback.
pub const DEFAULT_FALLBACK: &str = "most-viewed";

/// The type of which a short list is the truth: what the shopper has not seen is not put into their history.
pub const RECENTLY_VIEWED: &str = "recently-viewed";

/// Page types without a product to relate to: a unit on one of them cannot have a `relative` filter.
pub const PAGES_WITHOUT_PRODUCT: [&str; 2] = ["home", "page-builder"];

/// JSON Schema of the document.
pub const SCHEMA: &str = r#"{
  "type": "object",
  "required": ["type"],
  "additionalProperties": false,
  "properties": {
    "type": {"type": "string", "description": "unit type: a retriever contributed by a plugin, or one of the kernel's sources"},
    "label": {"type": "string", "description": "heading for shoppers"},
    "page_types": {"type": "array", "items": {"type": "string"}, "description": "page types it is shown on, such as home, category, product, cart, confirmation, page-builder; empty means all"},
    "order": {"type": "integer", "minimum": -1000000, "maximum": 1000000, "default": 0, "description": "place among the units of a page, smallest first; equal ones by id"},
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 5, "description": "items it shows"},
    "filter": {"type": "object", "description": "condition every item must satisfy; the same as one inclusion. As in the others, a value may be {\"matched\": field}, what the page's product has there, and a bound of a range {\"matched_percent\": number}"},
    "include": {"type": "array", "items": {
      "type": "object",
      "required": ["when"],
      "additionalProperties": false,
      "properties": {
        "when": {"type": "object", "description": "a condition"},
        "on": {"type": "boolean", "default": true, "description": "whether it counts; one that is off is only kept"}
      }
    }, "description": "every one that is on must hold"},
    "exclude": {"type": "array", "items": {
      "type": "object",
      "required": ["when"],
      "additionalProperties": false,
      "properties": {
        "when": {"type": "object", "description": "a condition"},
        "on": {"type": "boolean", "default": true, "description": "whether it counts; one that is off is only kept"}
      }
    }, "description": "items for which one that is on holds are left out, after the inclusions"},
    "keep_purchased": {"type": "boolean", "default": false, "description": "whether what the shopper bought may stand in it, as for what is bought again and again"},
    "relative": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "same_category": {"type": "boolean", "default": false, "description": "only items that share a category with the page's product"},
        "price": {
          "type": "object",
          "additionalProperties": false,
          "required": ["below_percent", "above_percent"],
          "properties": {
            "below_percent": {"type": "number", "minimum": 0, "maximum": 100},
            "above_percent": {"type": "number", "minimum": 0, "maximum": 100000}
          },
          "description": "only items whose price is at most this far below and above that of the page's product, both ends included"
        }
      },
      "description": "what relates the items to the page's product, the first anchor; not for units on home or page-builder pages"
    },
    "audiences": {"type": "array", "items": {"type": "string"}, "description": "audiences of which a shopper must be in one to see it; nobody else sees anything in it; empty means everybody"},
    "keep_seen": {"type": "boolean", "description": "whether what the shopper has seen in this visit may stand in it, by default in every type but session; true lets recommended-for-you propose going back to it"},
    "fallback": {"type": "array", "items": {"type": "string"}, "default": ["most-viewed"], "description": "unit types that fill it up, in order; for recently-viewed the default is none"}
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
    /// Place among the units of a page, smallest first.
    pub order: i32,
    /// Items it shows, 1 to [`UNIT_LIMIT_MAX`].
    pub limit: u32,
    /// What every item must satisfy: the inclusions that are on.
    pub include: Vec<StoredCondition>,
    /// What no item may satisfy: the exclusions that are on.
    pub exclude: Vec<StoredCondition>,
    /// What relates the items to the page's product.
    pub relative: Relative,
    /// Whether what the shopper has seen in this visit may stand in it, when the document says.
    pub keep_seen: Option<bool>,
    /// Unit types that fill it up, in order.
    pub fallback: Vec<String>,
    /// Whether what the shopper bought may stand in it.
    pub keep_purchased: bool,
    /// Audiences of which a shopper must be in one; empty means everybody.
    pub audiences: Vec<String>,
}

/// How large and how many units may be, as far as the shop says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitBounds {
    /// Most items a unit may show, 1 to [`UNIT_LIMIT_MAX`].
    pub limit_max: u32,
    /// Most units that may be live on one page type of one store view, 1 to [`PAGE_LISTS_MAX`](crate::limits::PAGE_LISTS_MAX).
    pub per_page_type_max: usize,
}

impl Default for UnitBounds {
    fn default() -> Self {
        Self { limit_max: UNIT_LIMIT_MAX, per_page_type_max: DEFAULT_UNITS_PER_PAGE_TYPE_MAX }
    }
}

impl UnitBounds {
    /// What is wrong with a live unit beside the `others` that are live in the same store view.
    pub fn check(&self, unit: &Unit, others: &[Unit]) -> Vec<Problem> {
        let mut problems = Vec::new();
        if unit.limit > self.limit_max {
            let message = format!("`limit` is {}", unit.limit);
            problems.push(Problem::new("/limit", message, format!("1 to {}, as this shop is set", self.limit_max)));
        }
        for (at, page) in unit.page_types.iter().enumerate() {
            let live = others.iter().filter(|other| other.page_types.contains(page)).count();
            if live >= self.per_page_type_max {
                let message = format!("{live} other units are live on `{page}` pages");
                let allowed = format!("at most {} live units a page type", self.per_page_type_max);
                problems.push(Problem::new(format!("/page_types/{at}"), message, allowed));
            }
        }
        problems
    }
}

/// The units in force for a store view at a time, by id, in the order in which a page shows them.
pub fn in_force(documents: &Selection<'_>, view: &str, now_ms: TimeMs) -> Vec<(String, Unit)> {
    let mut units: BTreeMap<&str, Unit> = BTreeMap::new();
    for document in documents.of_kind(KIND) {
        let id = document.write.key.id.as_str();
        let found = documents.in_force(KIND, view, id, now_ms).and_then(|found| found.write.body.as_deref());
        units.extend(found.and_then(|body| Unit::parse(body).ok()).map(|unit| (id, unit)));
    }
    let mut units: Vec<(String, Unit)> = units.into_iter().map(|(id, unit)| (id.to_owned(), unit)).collect();
    // Stable: units of one place stay in order of id.
    units.sort_by_key(|(_, unit)| unit.order);
    units
}

/// What relates a unit's items to the page's product, its first anchor.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Relative {
    /// They share a category with it.
    pub same_category: bool,
    /// Their price is at most this many percent below and above its price.
    pub price: Option<(f64, f64)>,
}

impl Relative {
    /// Whether it asks for anything.
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

impl Unit {
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
        check(r#"{"type":"recently-viewed"}"#, Ok(("recently-viewed", 5, &[])));
        check(
            r#"{"type":"a","order":1.5,"include":{},"exclude":[{"on":1}]}"#,
            Err(&["/order", "/include", "/exclude/0/on", "/exclude/0/when"]),
        );
        check(r#"{"type":"a","include":[{"when":{"x":1},"of":2}]}"#, Err(&["/include/0/of", "/include/0/when/x"]));
        check(
            r#"{"type":"a","relative":{"price":{"below_percent":101}}}"#,
            Err(&["/relative/price/below_percent", "/relative/price/above_percent"]),
        );
        check(r#"{"type":"a","page_types":["product","home"],"relative":{"same_category":true}}"#, Err(&["/relative"]));
        check(
            r#"{"type":"a","page_types":["home"],"relative":{"same_category":false}}"#,
            Ok(("a", 5, &["most-viewed"])),
        );
        check(r#"{"type":"a","keep_seen":1}"#, Err(&["/keep_seen"]));
        let same = r#"{"type":"a","page_types":["PAGE"],"filter":{"field":"color","eq":{"matched":"color"}}}"#;
        check(&same.replace("PAGE", "home"), Err(&["/filter"]));
        check(&same.replace("PAGE", "cart"), Ok(("a", 5, &["most-viewed"])));
        let without = r#"{"type":"a","page_types":["home"],"exclude":[{"when":{"field":"x","eq":{"matched":"x"}}}]}"#;
        check(without, Err(&["/exclude"]));
        check("[]", Err(&[""]));
    }

    #[test]
    fn what_was_seen_is_left_out_of_the_type_that_goes_on_unless_said_otherwise() {
        let keeps = |json: &str| Unit::parse(json).unwrap().keeps_seen();
        assert!(!keeps(r#"{"type":"session"}"#) && keeps(r#"{"type":"recently-viewed"}"#));
        assert!(keeps(r#"{"type":"session","keep_seen":true}"#) && !keeps(r#"{"type":"a","keep_seen":false}"#));
    }

    #[test]
    fn what_is_off_is_kept_but_does_not_count() {
        let json = r#"{"type":"a","filter":{"field":"brand","exists":true},
            "include":[{"when":{"field":"price","range":{"to":9}}},{"when":{"field":"price","exists":true},"on":false}],
            "exclude":[{"when":{"field":"brand","eq":"X"},"on":false}],
            "relative":{"price":{"below_percent":10,"above_percent":20}}}"#;
        let unit = Unit::parse(json).unwrap();
        assert_eq!((unit.include.len(), unit.exclude.len()), (2, 0));
        assert_eq!(unit.relative, Relative { same_category: false, price: Some((10.0, 20.0)) });
    }
}
