//! Which products does a condition mean?
//!
//! The one condition language: request filters, unit filters, smart categories, audiences and rule targets
//! all use this tree. `parse` reads it from JSON within bounds, `evaluate` turns it into a set of variants.

mod evaluate;
mod parse;

#[cfg(test)]
pub(crate) mod testing;

pub use evaluate::{EvalContext, FIELDS, evaluate, unknown_fields};
pub use parse::{parse, to_json};

use serde::{Deserialize, Serialize};

/// A condition on a product's eligible variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// Every part holds; true when empty.
    All(Vec<Condition>),
    /// At least one part holds; false when empty.
    Any(Vec<Condition>),
    /// The part does not hold.
    Not(Box<Condition>),
    /// One field against one test.
    Field {
        /// `sku`, `brand`, `category` (also `categories`), `price`, `in_stock`, `quantity`, `age_days`, `name`, an
        /// attribute code, or a signal (`views.7d`, `purchases.30d`, `trending`).
        field: String,
        /// The test.
        test: Test,
    },
}

/// What is tested of a field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Test {
    /// Equal to one of these values; texts compare without case.
    In(Vec<Value>),
    /// Inside a range: from inclusive, to exclusive.
    Range {
        /// Lower bound, inclusive.
        from: Option<f64>,
        /// Upper bound, exclusive.
        to: Option<f64>,
    },
    /// The text contains this, without case.
    Contains(String),
    /// The text starts with this, without case.
    StartsWith(String),
    /// The field has any value.
    Exists,
    /// The text ends with this, without case.
    EndsWith(String),
    /// Each word of this begins a word of the text, without case.
    Words(String),
}

impl Test {
    /// The name of a test that looks at parts of texts; `None` for the others.
    pub fn text_operator(&self) -> Option<&'static str> {
        match self {
            Test::Contains(_) => Some("contains"),
            Test::StartsWith(_) => Some("starts_with"),
            Test::EndsWith(_) => Some("ends_with"),
            Test::Words(_) => Some("words"),
            Test::In(_) | Test::Range { .. } | Test::Exists => None,
        }
    }
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// A text.
    Text(String),
    /// A finite number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
}
