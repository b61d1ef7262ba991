//! How is a unit written?
//!
//! As a JSON object, see [`SCHEMA`](super::SCHEMA). Every mistake is named by its JSON pointer; a document with one
//! mistake is no unit.

use planogram_abi::Problem;
use serde_json::{Map, Value};

use super::{DEFAULT_FALLBACK, DEFAULT_LIMIT, PAGES_WITHOUT_PRODUCT, RECENTLY_VIEWED, Relative, Unit};
use crate::expr::{self, Condition, StoredCondition};
use crate::limits::{UNIT_AUDIENCES_MAX, UNIT_FALLBACK_MAX, UNIT_FILTERS_MAX, UNIT_LIMIT_MAX, UNIT_ORDER_MAX};

const FIELDS: &[&str] = &[
    "type",
    "label",
    "page_types",
    "order",
    "limit",
    "filter",
    "include",
    "exclude",
    "relative",
    "keep_seen",
    "fallback",
    "keep_purchased",
    "audiences",
];

impl Unit {
    /// Reads a document.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(json: &str) -> Result<Unit, Vec<Problem>> {
        let value: Value = serde_json::from_str(json)
            .map_err(|error| vec![Problem::new("", format!("not JSON: {error}"), "a JSON object")])?;
        let Some(object) = value.as_object() else {
            return Err(vec![Problem::new("", "not an object", "a JSON object")]);
        };
        let mut problems = Vec::new();
        let mut reader = Reader { object, pointer: String::new(), problems: &mut problems };
        reader.refuse_unknown(FIELDS);
        let unit = reader.unit();
        if problems.is_empty() { Ok(unit) } else { Err(problems) }
    }
}

/// One object of the document and where it stands.
struct Reader<'a> {
    object: &'a Map<String, Value>,
    pointer: String,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn unit(&mut self) -> Unit {
        let unit_type = self.text("type", None);
        let label = self.text("label", Some(""));
        let page_types = self.texts("page_types", usize::MAX).unwrap_or_default();
        let order = self.whole("order", -UNIT_ORDER_MAX, UNIT_ORDER_MAX).unwrap_or(0) as i32;
        let limit = self.whole("limit", 1, i64::from(UNIT_LIMIT_MAX)).map_or(DEFAULT_LIMIT, |n| n as u32);
        let mut include: Vec<Condition> = self.condition("filter").into_iter().collect();
        include.extend(self.switched("include"));
        let exclude = self.switched("exclude");
        let relative = self.relative(&page_types);
        if include.iter().chain(&exclude).any(Condition::is_relative) {
            let key = if exclude.iter().any(Condition::is_relative) { "exclude" } else { "include" };
            self.refuse_bare(if self.object.contains_key(key) { key } else { "filter" }, &page_types);
        }
        let keep_seen = self.object.contains_key("keep_seen").then(|| self.flag("keep_seen", false));
        let default = || if unit_type == RECENTLY_VIEWED { Vec::new() } else { vec![DEFAULT_FALLBACK.to_owned()] };
        let fallback = self.texts("fallback", UNIT_FALLBACK_MAX).unwrap_or_else(default);
        let keep_purchased = self.flag("keep_purchased", false);
        let audiences = self.texts("audiences", UNIT_AUDIENCES_MAX).unwrap_or_default();
        Unit {
            unit_type,
            label,
            page_types,
            order,
            limit,
            include: include.into_iter().map(StoredCondition::new).collect(),
            exclude: exclude.into_iter().map(StoredCondition::new).collect(),
            relative,
            keep_seen,
            keep_purchased,
            audiences,
            fallback,
        }
    }

    fn problem(&mut self, key: &str, message: String, allowed: &str) {
        self.problems.push(Problem::new(format!("{}/{key}", self.pointer), message, allowed));
    }

    fn refuse_unknown(&mut self, known: &[&str]) {
        let unknown: Vec<String> = self.object.keys().filter(|key| !known.contains(&key.as_str())).cloned().collect();
        for key in unknown {
            self.problem(&key, format!("unknown field `{key}`"), &known.join(", "));
        }
    }

    /// Reads an object inside this one.
    fn inside<T>(&mut self, key: &str, read: impl FnOnce(&mut Reader<'_>) -> T) -> Option<T> {
        match self.object.get(key)? {
            Value::Object(object) => {
                Some(read(&mut Reader { object, pointer: format!("{}/{key}", self.pointer), problems: self.problems }))
            }
            found => {
                self.problem(key, format!("`{key}` is {found}"), "an object");
                None
            }
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

    fn whole(&mut self, key: &str, least: i64, most: i64) -> Option<i64> {
        let found = self.object.get(key)?;
        let number = found.as_i64().filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.problem(key, format!("`{key}` is {found}"), &format!("a whole number from {least} to {most}"));
        }
        number
    }

    fn flag(&mut self, key: &str, default: bool) -> bool {
        match self.object.get(key) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(found) => {
                self.problem(key, format!("`{key}` is {found}"), "true or false");
                default
            }
        }
    }

    fn percent(&mut self, key: &str, most: f64) -> f64 {
        let found = self.object.get(key);
        match found.and_then(Value::as_f64).filter(|n| (0.0..=most).contains(n)) {
            Some(percent) => percent,
            None => {
                let message = found.map_or_else(|| format!("`{key}` is missing"), |v| format!("`{key}` is {v}"));
                self.problem(key, message, &format!("a number from 0 to {most}"));
                0.0
            }
        }
    }

    fn condition(&mut self, key: &str) -> Option<Condition> {
        match expr::parse_relative(self.object.get(key)?) {
            Ok(condition) => Some(condition),
            Err(problems) => {
                let pointer = format!("{}/{key}", self.pointer);
                let located = |p: Problem| Problem { pointer: format!("{pointer}{}", p.pointer), ..p };
                self.problems.extend(problems.into_iter().map(located));
                None
            }
        }
    }

    /// The conditions of a list of switched ones that are on; those that are off are checked, too.
    fn switched(&mut self, key: &str) -> Vec<Condition> {
        let Some(found) = self.object.get(key) else { return Vec::new() };
        let rows = match found.as_array() {
            Some(rows) if rows.len() <= UNIT_FILTERS_MAX => rows,
            _ => {
                let allowed = format!("a list of at most {UNIT_FILTERS_MAX} objects with `when` and perhaps `on`");
                self.problem(key, format!("`{key}` is {found}"), &allowed);
                return Vec::new();
            }
        };
        let mut on = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let pointer = format!("{}/{key}/{at}", self.pointer);
            let Some(object) = row.as_object() else {
                self.problem(&format!("{key}/{at}"), format!("it is {row}"), "an object with `when`");
                continue;
            };
            let mut reader = Reader { object, pointer, problems: self.problems };
            reader.refuse_unknown(&["when", "on"]);
            let is_on = reader.flag("on", true);
            if !object.contains_key("when") {
                reader.problem("when", "`when` is missing".into(), "a condition");
            }
            on.extend(reader.condition("when").filter(|_| is_on));
        }
        on
    }

    fn relative(&mut self, page_types: &[String]) -> Relative {
        let relative = self.inside("relative", |reader| {
            reader.refuse_unknown(&["same_category", "price"]);
            let price = reader.inside("price", |reader| {
                reader.refuse_unknown(&["below_percent", "above_percent"]);
                (reader.percent("below_percent", 100.0), reader.percent("above_percent", 100_000.0))
            });
            Relative { same_category: reader.flag("same_category", false), price }
        });
        let relative = relative.unwrap_or_default();
        if relative.is_set() {
            self.refuse_bare("relative", page_types);
        }
        relative
    }

    /// What relates to the page's product has no place on a page without one.
    fn refuse_bare(&mut self, key: &str, page_types: &[String]) {
        if let Some(page) = page_types.iter().find(|page| PAGES_WITHOUT_PRODUCT.contains(&page.as_str())) {
            let message = format!("a page of type `{page}` has no product to relate to");
            self.problem(key, message, "page types with a product, such as product or cart");
        }
    }
}
