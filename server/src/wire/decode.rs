//! How is a JSON value turned into a typed one, with every mistake named?
//!
//! Decoding collects *all* problems of a row, each with a JSON pointer and what is allowed, instead of stopping
//! at the first. It is written by hand over [`serde_json::Value`]: derived decoding stops at the first problem
//! and loses the pointer. Bounds of the catalog are not checked here but in the kernel, which knows them.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// One thing that is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Defect {
    /// JSON pointer to the value, `""` for the whole row.
    pub pointer: String,
    /// What is wrong, with the value.
    pub message: String,
    /// What is allowed there.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub allowed: String,
}

impl Defect {
    /// A defect at `pointer`.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into(), allowed: allowed.into() }
    }
}

/// `pointer` extended by one key, escaped as RFC 6901 asks.
pub fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The value as a person should see it in a message: JSON, cut after 80 characters.
pub fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

/// The text, cut after 80 characters.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A message that names the value and what it should be, and what it is.
pub fn wrong_type(value: &Value, wanted: &str) -> String {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("{} is {kind}, expected {wanted}", shown(value))
}

/// The names joined for a message; with a guess in front when `name` looks like one of them.
pub fn suggest(name: &str, names: &[&str]) -> String {
    let all = names.join(", ");
    let nearest = names.iter().map(|n| (edit_distance(name, n), *n)).min();
    match nearest {
        Some((distance, guess)) if distance <= 1 + name.chars().count() / 4 => format!("did you mean `{guess}`? {all}"),
        _ => all,
    }
}

/// Levenshtein distance in characters, one row at a time. Long names are not worth a guess.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The fields of one JSON object, read by name; what is wrong goes to the shared list of defects.
pub struct Fields<'v, 'd> {
    map: &'v Map<String, Value>,
    pointer: String,
    defects: &'d mut Vec<Defect>,
}

impl<'v, 'd> Fields<'v, 'd> {
    /// Opens `value` as an object that may hold only the `allowed` fields.
    /// Unknown fields are defects; so is anything but an object, in which case there is nothing to read.
    pub fn open(value: &'v Value, pointer: &str, allowed: &[&str], defects: &'d mut Vec<Defect>) -> Option<Self> {
        let Value::Object(map) = value else {
            defects.push(Defect::new(
                pointer,
                wrong_type(value, "an object"),
                format!("an object with {}", allowed.join(", ")),
            ));
            return None;
        };
        for name in map.keys().filter(|name| !allowed.contains(&name.as_str())) {
            defects.push(Defect::new(
                child(pointer, name),
                format!("unknown field `{}`", cut(name)),
                suggest(name, allowed),
            ));
        }
        Some(Self { map, pointer: pointer.to_owned(), defects })
    }

    /// Pointer of a field.
    pub fn pointer(&self, name: &str) -> String {
        child(&self.pointer, name)
    }

    /// Reports a defect of a field.
    pub fn report(&mut self, name: &str, message: impl Into<String>, allowed: impl Into<String>) {
        let pointer = self.pointer(name);
        self.defects.push(Defect::new(pointer, message, allowed));
    }

    /// The list defects go to, for decoding below a field.
    pub fn defects(&mut self) -> &mut Vec<Defect> {
        self.defects
    }

    /// The value of a field as it stands, `null` included.
    pub fn raw(&self, name: &str) -> Option<&'v Value> {
        self.map.get(name)
    }

    /// The value of a field; absent and `null` are both nothing.
    pub fn present(&self, name: &str) -> Option<&'v Value> {
        self.map.get(name).filter(|v| !v.is_null())
    }

    /// A text, if there is one.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let value = self.present(name)?;
        let text = value.as_str().map(str::to_owned);
        self.typed(name, value, text, "a text")
    }

    /// A text that must be there and not be blank; an empty one stands in after the report.
    pub fn required_text(&mut self, name: &str) -> String {
        match self.raw(name) {
            None => self.report(name, format!("`{name}` is missing"), "a text that is not empty"),
            Some(Value::String(text)) if text.trim().is_empty() => {
                self.report(name, format!("`{name}` is empty"), "a text that is not empty");
            }
            Some(Value::String(text)) => return text.clone(),
            Some(other) => self.report(name, wrong_type(other, "a text"), "a text that is not empty"),
        }
        String::new()
    }

    /// A finite number, if there is one.
    pub fn number(&mut self, name: &str) -> Option<f64> {
        let value = self.present(name)?;
        self.typed(name, value, value.as_f64(), "a number")
    }

    /// A whole number from `min` to `max`, if there is one.
    pub fn whole(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        let value = self.present(name)?;
        let whole = value.as_i64().filter(|n| (min..=max).contains(n));
        if whole.is_none() {
            self.report(name, format!("`{name}` is {}", shown(value)), format!("a whole number from {min} to {max}"));
        }
        whole
    }

    /// A yes or no, if there is one.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        let value = self.present(name)?;
        self.typed(name, value, value.as_bool(), "true or false")
    }

    /// A list of texts, if there is one; entries of another type are reported and left out.
    pub fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let value = self.present(name)?;
        let list = self.typed(name, value, value.as_array(), "a list of texts")?;
        let mut texts = Vec::with_capacity(list.len());
        for (i, entry) in list.iter().enumerate() {
            match entry {
                Value::String(text) => texts.push(text.clone()),
                other => {
                    let pointer = format!("{}/{i}", self.pointer(name));
                    self.defects.push(Defect::new(pointer, wrong_type(other, "a text"), "a list of texts"));
                }
            }
        }
        Some(texts)
    }

    /// A list of numbers that fit 32 bits, if there is one.
    pub fn numbers(&mut self, name: &str) -> Option<Vec<f32>> {
        let pointer = self.pointer(name);
        let mut numbers = Vec::new();
        for (i, entry) in self.array(name)?.iter().enumerate() {
            match entry.as_f64().map(|number| number as f32).filter(|number| number.is_finite()) {
                Some(number) => numbers.push(number),
                None => {
                    let message = wrong_type(entry, "a finite number of 32 bits");
                    self.defects.push(Defect::new(format!("{pointer}/{i}"), message, "a list of numbers"));
                }
            }
        }
        Some(numbers)
    }

    /// An object, if there is one.
    pub fn object(&mut self, name: &str) -> Option<&'v Map<String, Value>> {
        let value = self.present(name)?;
        self.typed(name, value, value.as_object(), "an object")
    }

    /// A list, if there is one.
    pub fn array(&mut self, name: &str) -> Option<&'v Vec<Value>> {
        let value = self.present(name)?;
        self.typed(name, value, value.as_array(), "a list")
    }

    fn typed<T>(&mut self, name: &str, value: &Value, converted: Option<T>, wanted: &str) -> Option<T> {
        if converted.is_none() {
            self.report(name, wrong_type(value, wanted), wanted);
        }
        converted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(value: Value, expected: &[(&str, &str)]) {
        let mut defects = Vec::new();
        if let Some(mut f) = Fields::open(&value, "", &["sku", "price", "tags", "on"], &mut defects) {
            f.required_text("sku");
            f.number("price");
            f.texts("tags");
            f.boolean("on");
        }
        let found: Vec<_> = defects.iter().map(|d| (d.pointer.as_str(), d.message.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_problem_is_named_with_its_pointer() {
        check(json!({"sku": "a", "price": 1.5, "tags": ["x"], "on": true}), &[]);
        check(json!({"sku": "a", "price": null}), &[]);
        check(json!([]), &[("", "[] is a list, expected an object")]);
        check(
            json!({"sku": 5, "price": "1", "tags": ["x", 2], "on": 0}),
            &[
                ("/sku", "5 is a number, expected a text"),
                ("/price", "\"1\" is a text, expected a number"),
                ("/tags/1", "2 is a number, expected a text"),
                ("/on", "0 is a number, expected true or false"),
            ],
        );
        check(json!({"a/b~c": 1}), &[("/a~1b~0c", "unknown field `a/b~c`"), ("/sku", "`sku` is missing")]);
        check(json!({"sku": "  "}), &[("/sku", "`sku` is empty")]);
    }

    #[test]
    fn a_near_miss_gets_a_guess() {
        assert_eq!(suggest("pirce", &["sku", "price"]), "did you mean `price`? sku, price");
        assert_eq!(suggest("warehouse", &["sku", "price"]), "sku, price");
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }
}
