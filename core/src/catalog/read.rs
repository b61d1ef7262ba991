//! How is a kernel configuration document read so that every mistake is named?
//!
//! [`Fields`] walks one JSON object: each getter takes a key, notes what is wrong under the value's JSON
//! pointer, and [`Fields::finish`] names the keys nobody asked for. Reading goes on after a mistake, so that
//! a caller sees all of them at once.

use planogram_abi::Problem;
use serde_json::{Map, Value};

/// One JSON object being read.
pub(crate) struct Fields {
    object: Map<String, Value>,
    known: Vec<&'static str>,
    problems: Vec<Problem>,
}

impl Fields {
    /// Parses a text that must hold one JSON object.
    pub fn parse(json: &str) -> Result<Self, Vec<Problem>> {
        match serde_json::from_str(json) {
            Ok(Value::Object(object)) => Ok(Self { object, known: Vec::new(), problems: Vec::new() }),
            Ok(other) => Err(vec![Problem::new("", format!("the document is {}", kind(&other)), "a JSON object")]),
            Err(error) => Err(vec![Problem::new("", format!("not JSON: {error}"), "a JSON object")]),
        }
    }

    /// Notes a problem with a key, or with the whole document when the key is empty.
    pub fn refuse(&mut self, key: &str, message: impl Into<String>, allowed: impl Into<String>) {
        let keys: &[&str] = if key.is_empty() { &[] } else { &[key] };
        self.refuse_at(keys, message, allowed);
    }

    /// Notes a problem with what lies under a path of keys.
    pub fn refuse_at(&mut self, keys: &[&str], message: impl Into<String>, allowed: impl Into<String>) {
        self.problems.push(Problem::new(pointer(keys), message, allowed));
    }

    /// Was something wrong with this key?
    pub fn refused(&self, key: &str) -> bool {
        self.problems.iter().any(|problem| problem.pointer.strip_prefix('/') == Some(key))
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.object.remove(key).filter(|value| !value.is_null())
    }

    fn typed<T>(&mut self, key: &'static str, allowed: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = self.take(key)?;
        let read = read(&value);
        if read.is_none() {
            self.refuse(key, format!("`{key}` is {}", shown(&value)), allowed);
        }
        read
    }

    /// A text that is not empty, at most `bytes_max` long.
    pub fn text(&mut self, key: &'static str, bytes_max: usize) -> Option<String> {
        let allowed = format!("a text of 1 to {bytes_max} bytes");
        let fits = |text: &&str| !text.trim().is_empty() && text.len() <= bytes_max;
        self.typed(key, &allowed, |value| value.as_str().filter(fits).map(str::to_owned))
    }

    /// A value that the caller reads.
    pub fn any(&mut self, key: &'static str) -> Option<Value> {
        self.take(key)
    }

    /// Yes or no.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.typed(key, "true or false", Value::as_bool)
    }

    /// A whole number within bounds, both inclusive.
    pub fn integer(&mut self, key: &'static str, min: i64, max: i64) -> Option<i64> {
        let allowed = format!("a whole number from {min} to {max}");
        self.typed(key, &allowed, |value| value.as_i64().filter(|number| (min..=max).contains(number)))
    }

    /// A number above zero.
    pub fn positive(&mut self, key: &'static str) -> Option<f64> {
        self.typed(key, "a number above 0", |value| value.as_f64().filter(|number| *number > 0.0))
    }

    /// A number within bounds, both inclusive.
    pub fn number(&mut self, key: &'static str, min: f64, max: f64) -> Option<f64> {
        let allowed = format!("a number from {min} to {max}");
        self.typed(key, &allowed, |value| value.as_f64().filter(|number| (min..=max).contains(number)))
    }

    /// At most `len_max` texts, none empty and none longer than `bytes_max`.
    pub fn texts(&mut self, key: &'static str, len_max: usize, bytes_max: usize) -> Option<Vec<String>> {
        let allowed = format!("at most {len_max} texts of 1 to {bytes_max} bytes");
        let fits = |text: &&str| !text.trim().is_empty() && text.len() <= bytes_max;
        self.typed(key, &allowed, |value| {
            let rows = value.as_array().filter(|rows| rows.len() <= len_max)?;
            rows.iter().map(|row| row.as_str().filter(fits).map(str::to_owned)).collect()
        })
    }

    /// One object; what is wrong inside it is noted under its own pointer.
    pub fn object<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Fields) -> T) -> Option<T> {
        let object = self.typed(key, "an object", |value| value.as_object().cloned())?;
        let mut fields = Fields { object, known: Vec::new(), problems: Vec::new() };
        let value = read(&mut fields);
        fields.refuse_rest();
        let under = pointer(&[key]);
        let problems = fields.problems.into_iter();
        self.problems.extend(problems.map(|it| Problem { pointer: format!("{under}{}", it.pointer), ..it }));
        Some(value)
    }

    /// From 1 to `len_max` objects; what is wrong inside one is noted under its own pointer. None of them is read
    /// when one is no object.
    pub fn objects<T>(&mut self, key: &'static str, len_max: usize, read: impl Fn(&mut Fields) -> T) -> Option<Vec<T>> {
        let allowed = format!("1 to {len_max} objects");
        let rows = self.typed(key, &allowed, |value| {
            value.as_array().filter(|rows| (1..=len_max).contains(&rows.len())).cloned()
        })?;
        if let Some((at, row)) = rows.iter().enumerate().find(|(_, row)| !row.is_object()) {
            self.refuse_at(&[key, &at.to_string()], format!("the row is {}", kind(row)), "an object");
            return Some(Vec::new());
        }
        let objects =
            rows.into_iter().filter_map(|row| if let Value::Object(object) = row { Some(object) } else { None });
        let mut read_rows = Vec::new();
        for (at, object) in objects.enumerate() {
            let mut fields = Fields { object, known: Vec::new(), problems: Vec::new() };
            read_rows.push(read(&mut fields));
            fields.refuse_rest();
            let under = pointer(&[key, &at.to_string()]);
            let problems = fields.problems.into_iter();
            self.problems.extend(problems.map(|it| Problem { pointer: format!("{under}{}", it.pointer), ..it }));
        }
        Some(read_rows)
    }

    /// Numbers, each larger than the one before, from 1 to `len_max` of them.
    pub fn ascending(&mut self, key: &'static str, len_max: usize) -> Option<Vec<f64>> {
        let allowed = format!("1 to {len_max} numbers, each larger than the one before");
        self.typed(key, &allowed, |value| {
            let numbers: Vec<f64> = value.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
            let ordered = numbers.windows(2).all(|pair| pair[0] < pair[1]);
            (ordered && (1..=len_max).contains(&numbers.len())).then_some(numbers)
        })
    }

    /// One of the listed words.
    pub fn word<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let allowed = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let find = |value: &Value| words.iter().find(|(word, _)| value.as_str() == Some(word)).map(|(_, found)| *found);
        self.typed(key, &allowed, find)
    }

    /// What was read, unless anything was wrong with it.
    pub fn finish<T>(mut self, read: T) -> Result<T, Vec<Problem>> {
        self.refuse_rest();
        if self.problems.is_empty() { Ok(read) } else { Err(self.problems) }
    }

    /// Names the keys nobody asked for.
    fn refuse_rest(&mut self) {
        let allowed = self.known.join(", ");
        for key in std::mem::take(&mut self.object).keys() {
            self.problems.push(Problem::new(pointer(&[key]), format!("unknown key `{key}`"), allowed.clone()));
        }
    }
}

/// One document with the keys of another laid over it.
///
/// # Errors
/// When one of them is no JSON object.
pub(crate) fn laid_over(base: &str, over: &str) -> Result<String, Vec<Problem>> {
    let (mut whole, over) = (Fields::parse(base)?, Fields::parse(over)?);
    whole.object.extend(over.object);
    Ok(Value::Object(whole.object).to_string())
}

/// The keys of a document, in order; none when it is no JSON object.
pub(crate) fn keys(json: &str) -> Vec<String> {
    Fields::parse(json).map_or_else(|_| Vec::new(), |fields| fields.object.keys().cloned().collect())
}

/// What sort of JSON value it is, for a message.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A value as a message shows it: itself when short, else what sort it is.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= 80 { text } else { format!("{} of {} bytes", kind(value), text.len()) }
}

/// A JSON pointer (RFC 6901) through these keys.
pub(crate) fn pointer(keys: &[&str]) -> String {
    keys.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
}
