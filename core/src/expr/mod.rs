//! Which products does a condition mean?
//!
//! The one condition language: request filters, unit filters, smart categories, audiences and rule targets
//! all use this tree. `parse` reads it from JSON within bounds, `evaluate` turns it into a set of variants, `within`
//! does so inside a narrow set, `one` asks it of a single product, and `index` tells which of many a product
//! satisfies. What is compared with another product, the matched one, is filled in by `matched` beforehand, and `words`
//! says what keeps a product out.
//! `audience` is the same tree over what is known of a shopper, and `named` finds what any
//! document names.

pub mod audience;
mod evaluate;
mod index;
pub mod kept;
mod matched;
mod named;
mod one;
mod parse;
pub mod smart;
mod stored;
mod within;
mod words;

#[cfg(test)]
pub(crate) mod testing;

pub use evaluate::{EvalContext, FIELDS, evaluate, is_known_field, unknown_fields};
pub use index::ConditionIndex;
pub use matched::relate;
pub use named::{Named, is_same_audience, named_in, pointer_to};
pub use one::holds_for;
pub use parse::{parse, parse_relative, to_json};
pub use smart::{Members, SmartTree};
pub use stored::{Needs, StoredCondition};
pub use within::evaluate_within;
pub use words::{Refusal, in_words, refusal};

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
        /// attribute code, a signal (`views.7d`, `purchases.30d`, `trending`), or
        /// `visible_in` (`search`, `catalog`).
        field: String,
        /// The test.
        test: Test,
    },
}

impl Condition {
    /// Whether a part of it compares with the matched product.
    pub fn is_relative(&self) -> bool {
        match self {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().any(Condition::is_relative),
            Condition::Not(part) => part.is_relative(),
            Condition::Field { test, .. } => test.is_relative(),
        }
    }
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
    /// Inside a range of which a bound is relative to the matched product: from inclusive, to exclusive. Nothing is
    /// inside before [`relate`] has filled the product in.
    Relative {
        /// Lower bound, inclusive.
        from: Option<Bound>,
        /// Upper bound, exclusive.
        to: Option<Bound>,
    },
}

/// A bound of a range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Bound {
    /// A number.
    Number(f64),
    /// Percent of what the matched product has in the same field.
    Percent(f64),
}

impl Test {
    /// Whether it compares with the matched product.
    pub fn is_relative(&self) -> bool {
        match self {
            Test::In(values) => values.iter().any(|value| matches!(value, Value::Matched(_))),
            Test::Relative { .. } => true,
            _ => false,
        }
    }

    /// The name of a test that looks at parts of texts; `None` for the others.
    pub fn text_operator(&self) -> Option<&'static str> {
        match self {
            Test::Contains(_) => Some("contains"),
            Test::StartsWith(_) => Some("starts_with"),
            Test::EndsWith(_) => Some("ends_with"),
            Test::Words(_) => Some("words"),
            Test::In(_) | Test::Range { .. } | Test::Exists | Test::Relative { .. } => None,
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
    /// Every value that the matched product has in this field; none before [`relate`] has filled them in.
    Matched(String),
}
