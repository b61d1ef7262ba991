//! Where do the parameters of a read come from?
//!
//! Two sources behind one trait, so that `GET` and `POST` decode a list request by the same code: the pairs of an
//! address, where everything is a text, and the fields of a JSON body, where everything has a type.

use planogram_core::expr::Condition;
use planogram_core::pipeline::request::SortKey;
use serde_json::Value;

use super::condition;
use super::decode::{Defect, Fields, cut, suggest};
use super::time;

/// Named values of a request; what is wrong is collected, not returned.
pub trait Params {
    /// A text.
    fn text(&mut self, name: &str) -> Option<String>;
    /// A whole number from `min` to `max`.
    fn whole(&mut self, name: &str, min: u64, max: u64) -> Option<u64>;
    /// Yes or no.
    fn flag(&mut self, name: &str) -> Option<bool>;
    /// Several texts; in an address separated by commas.
    fn list(&mut self, name: &str) -> Option<Vec<String>>;
    /// Several numbers; never in an address.
    fn numbers(&mut self, name: &str) -> Option<Vec<f32>>;
    /// A time.
    fn moment(&mut self, name: &str) -> Option<i64>;
    /// The filters.
    fn filters(&mut self) -> Vec<Condition>;
    /// The sort keys.
    fn sort(&mut self) -> Vec<SortKey>;
    /// Reports a mistake.
    fn report(&mut self, name: &str, message: String, allowed: String);
}

/// What a sort key may look like, for messages.
const SORT_ALLOWED: &str = "field:asc or field:desc";

/// The key a text such as `price:asc` means; without a direction it ascends, relevance and `created` descend.
fn sort_key(text: &str) -> Result<SortKey, String> {
    let (field, direction) = text.split_once(':').map_or((text, ""), |(f, d)| (f, d));
    let ascending = match direction.to_ascii_lowercase().as_str() {
        "" => !matches!(field, "relevance" | "created"),
        "asc" => true,
        "desc" => false,
        _ => return Err(format!("sort `{}` has the direction `{}`", cut(text), cut(direction))),
    };
    match field.trim() {
        "" => Err(format!("sort `{}` has no field", cut(text))),
        field => Ok(SortKey { field: field.to_owned(), ascending }),
    }
}

/// The pairs of an address.
pub struct Address<'a> {
    pairs: &'a [(String, String)],
    /// What is wrong: (parameter, message, allowed).
    pub faults: Vec<(String, String, String)>,
}

impl<'a> Address<'a> {
    /// The pairs, of which only the `allowed` names (and `filter.…`) may occur, each once but `filter…`.
    pub fn new(pairs: &'a [(String, String)], allowed: &[&str]) -> Self {
        let mut faults = Vec::new();
        for (i, (name, _)) in pairs.iter().enumerate() {
            if allowed.contains(&"filter") && (name == "filter" || name.starts_with("filter.")) {
                continue;
            }
            if !allowed.contains(&name.as_str()) {
                let mut hint = suggest(name, allowed);
                if allowed.contains(&"filter") {
                    hint.push_str(&format!("; to filter by an attribute write `filter.{}`", cut(name)));
                }
                faults.push((cut(name), format!("unknown parameter `{}`", cut(name)), hint));
            } else if pairs[..i].iter().any(|(n, _)| n == name) {
                faults.push((name.clone(), format!("parameter `{name}` is given twice"), "once".to_owned()));
            }
        }
        Self { pairs, faults }
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        self.pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

impl Params for Address<'_> {
    fn text(&mut self, name: &str) -> Option<String> {
        self.raw(name).map(str::to_owned)
    }

    fn whole(&mut self, name: &str, min: u64, max: u64) -> Option<u64> {
        let text = self.raw(name)?;
        let number = text.parse::<u64>().ok().filter(|n| (min..=max).contains(n));
        if number.is_none() {
            self.report(name, format!("`{name}` is `{}`", cut(text)), format!("a whole number from {min} to {max}"));
        }
        number
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        match self.raw(name)? {
            "true" | "1" | "" => Some(true),
            "false" | "0" => Some(false),
            other => {
                self.report(name, format!("`{name}` is `{}`", cut(other)), "true or false".to_owned());
                None
            }
        }
    }

    fn list(&mut self, name: &str) -> Option<Vec<String>> {
        let text = self.raw(name)?;
        Some(condition::split(text).into_iter().map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect())
    }

    fn numbers(&mut self, _: &str) -> Option<Vec<f32>> {
        None
    }

    fn moment(&mut self, name: &str) -> Option<i64> {
        match time::parse(self.raw(name)?) {
            Ok(ms) => Some(ms),
            Err(message) => {
                self.report(name, message, time::ALLOWED.to_owned());
                None
            }
        }
    }

    fn filters(&mut self) -> Vec<Condition> {
        let mut by_field: Vec<(String, Vec<&str>)> = Vec::new();
        for (name, value) in self.pairs {
            let (field, value) = match (name.strip_prefix("filter."), name.as_str()) {
                (Some(field), _) => (field, value.as_str()),
                (None, "filter") => match value.split_once(':') {
                    Some(parts) => parts,
                    None => {
                        let message = format!("filter `{}` has no `:`", cut(value));
                        self.report("filter", message, "filter=field:value,value or filter.field=value".to_owned());
                        continue;
                    }
                },
                _ => continue,
            };
            match by_field.iter_mut().find(|(f, _)| f == field) {
                Some((_, values)) => values.push(value),
                None => by_field.push((field.to_owned(), vec![value])),
            }
        }
        let mut filters = Vec::with_capacity(by_field.len());
        for (field, values) in by_field {
            match condition::from_address(&field, &values) {
                Ok(condition) if !field.is_empty() => filters.push(condition),
                Ok(_) => self.report("filter", "a filter names no field".to_owned(), "filter.field=value".to_owned()),
                Err(message) => {
                    self.report(
                        &format!("filter.{field}"),
                        message,
                        "value,value or from..to (to exclusive)".to_owned(),
                    );
                }
            }
        }
        filters
    }

    fn sort(&mut self) -> Vec<SortKey> {
        let keys = self.list("sort").unwrap_or_default();
        keys.iter()
            .filter_map(|key| sort_key(key).map_err(|m| self.report("sort", m, SORT_ALLOWED.to_owned())).ok())
            .collect()
    }

    fn report(&mut self, name: &str, message: String, allowed: String) {
        self.faults.push((name.to_owned(), message, allowed));
    }
}

impl Params for Fields<'_, '_> {
    fn text(&mut self, name: &str) -> Option<String> {
        Fields::text(self, name)
    }

    fn whole(&mut self, name: &str, min: u64, max: u64) -> Option<u64> {
        let value = self.present(name)?;
        let number = value.as_u64().filter(|n| (min..=max).contains(n));
        if number.is_none() {
            let message = format!("`{name}` is {}", super::decode::shown(value));
            Fields::report(self, name, message, format!("a whole number from {min} to {max}"));
        }
        number
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        self.boolean(name)
    }

    fn list(&mut self, name: &str) -> Option<Vec<String>> {
        self.texts(name)
    }

    fn numbers(&mut self, name: &str) -> Option<Vec<f32>> {
        Fields::numbers(self, name)
    }

    fn moment(&mut self, name: &str) -> Option<i64> {
        super::product::moment(self, name)
    }

    fn filters(&mut self) -> Vec<Condition> {
        let Some(value) = self.present("filter") else { return Vec::new() };
        let pointer = self.pointer("filter");
        condition::decode(value, &pointer, self.defects()).map(condition::conjuncts).unwrap_or_default()
    }

    fn sort(&mut self) -> Vec<SortKey> {
        let keys = match self.present("sort") {
            None => Vec::new(),
            Some(Value::String(text)) => condition::split(text),
            Some(_) => self.texts("sort").unwrap_or_default(),
        };
        let mut sort = Vec::with_capacity(keys.len());
        for key in keys {
            match sort_key(key.trim()) {
                Ok(key) => sort.push(key),
                Err(message) => Fields::report(self, "sort", message, SORT_ALLOWED),
            }
        }
        sort
    }

    fn report(&mut self, name: &str, message: String, allowed: String) {
        Fields::report(self, name, message, allowed);
    }
}

/// The first fault of an address as a problem, or nothing.
///
/// # Errors
/// The problem.
pub fn settle(address: Address<'_>) -> Result<(), crate::error::Problem> {
    let Some((name, message, allowed)) = address.faults.first().cloned() else { return Ok(()) };
    let mut problem = crate::error::Problem::parameter(&name, message, allowed);
    problem.value = address.pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| cut(v));
    if address.faults.len() > 1 {
        problem.problems =
            address.faults.into_iter().map(|(name, message, allowed)| Defect::new(name, message, allowed)).collect();
    }
    Err(problem)
}
