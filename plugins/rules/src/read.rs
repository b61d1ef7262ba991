//! How is a JSON document read so that every mistake is named with its place?
//!
//! A reader walks an already parsed value and collects [`Problem`]s with JSON pointers (RFC 6901) instead of
//! stopping at the first: a merchandiser fixes a document once, not field by field.
//! What is not here: what the fields mean.

use std::ops::RangeInclusive;

use planogram_abi::Problem;
use planogram_abi::limits::PROBLEMS_MAX;
use serde_json::{Map, Value};

/// The problems found so far.
#[derive(Debug, Default)]
pub struct Findings {
    problems: Vec<Problem>,
}

impl Findings {
    /// Notes a problem at `pointer`; those beyond what may cross the wall are dropped.
    pub fn report(&mut self, pointer: impl Into<String>, message: impl Into<String>, allowed: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem::new(pointer, message, allowed));
        }
    }

    /// Parses `json`; a syntax error is a problem with the whole document.
    pub fn parse(&mut self, json: &str) -> Option<Value> {
        serde_json::from_str(json)
            .map_err(|error| self.report("", format!("the document is not JSON: {error}"), "one JSON object"))
            .ok()
    }

    /// The value, if nothing was wrong; the problems otherwise.
    ///
    /// # Panics
    /// When `value` is absent although no problem was reported: a reader forgot to say why.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() {
            Ok(value.expect("a reader that gives nothing has reported why"))
        } else {
            Err(self.problems)
        }
    }
}

/// The argument of a question: a JSON object with no other fields than `known`, empty when nothing is said.
///
/// # Errors
/// What is wrong with it.
pub fn argument(json: &str, known: &[&str]) -> Result<Map<String, Value>, String> {
    let read = if json.trim().is_empty() { Ok(Value::Null) } else { serde_json::from_str(json) };
    match read.map_err(|error| format!("the argument is not JSON: {error}"))? {
        Value::Null => Ok(Map::new()),
        Value::Object(fields) => match fields.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(format!("`{key}` is not asked for, only `{}`", known.join("`, `"))),
            None => Ok(fields),
        },
        other => Err(format!("the argument is {}, an object is expected", show(&other))),
    }
}

/// A JSON object with its place in the document.
#[derive(Debug)]
pub struct Object<'v> {
    fields: &'v Map<String, Value>,
    pointer: String,
}

impl<'v> Object<'v> {
    /// Takes `value` as an object with no other fields than `known`; unknown ones are reported.
    pub fn read(value: &'v Value, pointer: &str, known: &[&str], findings: &mut Findings) -> Option<Self> {
        let Value::Object(fields) = value else {
            findings.report(pointer, format!("{} is not an object", show(value)), "a JSON object");
            return None;
        };
        let object = Self { fields, pointer: pointer.to_owned() };
        for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
            findings.report(object.at(key), format!("unknown field `{key}`"), known.join(", "));
        }
        Some(object)
    }

    /// JSON pointer of the field `key`.
    pub fn at(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1"))
    }

    /// Whether the field is present (`null` counts as absent).
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The field's value; `null` counts as absent.
    pub fn get(&self, key: &str) -> Option<&'v Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    /// The field as a non-blank text of at most `chars_max` characters; `None` when absent or wrong.
    pub fn text(&self, key: &str, chars_max: usize, findings: &mut Findings) -> Option<&'v str> {
        text_of(self.get(key)?, &self.at(key), chars_max, findings)
    }

    /// Checks that the field, if present, is a text of at most `chars_max` characters; blank is fine.
    pub fn remark(&self, key: &str, chars_max: usize, findings: &mut Findings) {
        let fits = |value: &Value| value.as_str().is_some_and(|text| text.chars().count() <= chars_max);
        if let Some(value) = self.get(key).filter(|value| !fits(value)) {
            let allowed = format!("a text of at most {chars_max} characters");
            findings.report(self.at(key), format!("`{key}` is {}", show(value)), allowed);
        }
    }

    /// Like [`Object::text`], but absence is a problem.
    pub fn required_text(&self, key: &str, chars_max: usize, findings: &mut Findings) -> Option<&'v str> {
        self.require(key, findings)?;
        self.text(key, chars_max, findings)
    }

    /// The field as an integer in `range`.
    pub fn integer(&self, key: &str, range: RangeInclusive<i64>, findings: &mut Findings) -> Option<i64> {
        let value = self.get(key)?;
        let found = value.as_i64().filter(|number| range.contains(number));
        if found.is_none() {
            let allowed = format!("an integer from {} to {}", range.start(), range.end());
            findings.report(self.at(key), format!("`{key}` is {}", show(value)), allowed);
        }
        found
    }

    /// The field as a finite number above `above` and up to `max`.
    pub fn number_above(&self, key: &str, above: f64, max: f64, findings: &mut Findings) -> Option<f64> {
        let value = self.get(key)?;
        let found = value.as_f64().filter(|number| *number > above && *number <= max);
        if found.is_none() {
            let allowed = format!("a number above {above}, at most {max}");
            findings.report(self.at(key), format!("`{key}` is {}", show(value)), allowed);
        }
        found
    }

    /// The field as `true` or `false`; `default` when absent.
    pub fn flag(&self, key: &str, default: bool, findings: &mut Findings) -> bool {
        let Some(value) = self.get(key) else { return default };
        value.as_bool().unwrap_or_else(|| {
            findings.report(self.at(key), format!("`{key}` is {}", show(value)), "true or false");
            default
        })
    }

    /// The field as one of `names`, by its index.
    pub fn choice(&self, key: &str, names: &[&str], findings: &mut Findings) -> Option<usize> {
        let value = self.get(key)?;
        let found = value.as_str().and_then(|text| names.iter().position(|name| *name == text));
        if found.is_none() {
            findings.report(self.at(key), format!("`{key}` is {}", show(value)), names.join(", "));
        }
        found
    }

    /// The field as a list of at most `max` elements; empty when absent or wrong.
    /// Too long a list is reported, and not read any further.
    pub fn list(&self, key: &str, max: usize, findings: &mut Findings) -> &'v [Value] {
        match self.get(key) {
            None => &[],
            Some(Value::Array(values)) if values.len() <= max => values,
            Some(Value::Array(values)) => {
                let message = format!("`{key}` has {} elements", values.len());
                findings.report(self.at(key), message, format!("at most {max}"));
                &[]
            }
            Some(other) => {
                findings.report(self.at(key), format!("`{key}` is {}", show(other)), "a list");
                &[]
            }
        }
    }

    /// Reports the absence of a field.
    pub fn require(&self, key: &str, findings: &mut Findings) -> Option<()> {
        if self.has(key) {
            return Some(());
        }
        findings.report(self.at(key), format!("`{key}` is missing"), "required");
        None
    }
}

/// A value as a non-blank text of at most `chars_max` characters; otherwise a problem at `pointer`.
pub fn text_of<'v>(value: &'v Value, pointer: &str, chars_max: usize, findings: &mut Findings) -> Option<&'v str> {
    let found = value.as_str().filter(|text| !text.trim().is_empty() && text.chars().count() <= chars_max);
    if found.is_none() {
        findings.report(pointer, format!("{} is no usable text", show(value)), format!("1 to {chars_max} characters"));
    }
    found
}

/// `value` as it is quoted in a message: short, on one line.
pub fn show(value: &Value) -> String {
    const CHARS_MAX: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &[(&str, &str)]) {
        let mut findings = Findings::default();
        if let Some(value) = findings.parse(json)
            && let Some(object) = Object::read(&value, "", &["name", "n", "list", "on", "kind"], &mut findings)
        {
            object.required_text("name", 5, &mut findings);
            object.integer("n", 1..=9, &mut findings);
            object.list("list", 2, &mut findings);
            object.flag("on", true, &mut findings);
            object.choice("kind", &["a", "b"], &mut findings);
        }
        let found: Vec<(&str, &str)> =
            findings.problems.iter().map(|p| (p.pointer.as_str(), p.message.as_str())).collect();
        assert_eq!(found, expected, "{json}");
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        check(r#"{"name":"abc","n":9,"list":[1,2],"on":false,"kind":"b"}"#, &[]);
        check(r#"{"name":"abc","n":null}"#, &[]);
        check("[]", &[("", "[] is not an object")]);
        check(r#"{"n":1}"#, &[("/name", "`name` is missing")]);
        check(r#"{"name":" "}"#, &[("/name", "\" \" is no usable text")]);
        check(r#"{"name":"abcdef"}"#, &[("/name", "\"abcdef\" is no usable text")]);
        check(
            r#"{"name":"a","n":10,"list":[1,2,3],"on":1,"kind":"c","a/b~c":0}"#,
            &[
                ("/a~1b~0c", "unknown field `a/b~c`"),
                ("/n", "`n` is 10"),
                ("/list", "`list` has 3 elements"),
                ("/on", "`on` is 1"),
                ("/kind", "`kind` is \"c\""),
            ],
        );
    }

    #[test]
    fn long_values_are_quoted_short() {
        let long = Value::String("ä".repeat(500));
        assert_eq!(show(&long).chars().count(), 61);
    }
}
