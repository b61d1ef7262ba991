//! What does the answer to a condition depend on?
//!
//! A condition that stays (of a rule, a unit, a smart category) is kept with its text and with the kinds of things that
//! change its answer, so that the answer can be kept, too (see `kept`). Every answer depends on the products; what else
//! is read off its fields. A condition of a single request is not worth it.

use super::{Condition, to_json};
use crate::signal::SignalColumn;

/// A condition that stays.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCondition {
    condition: Condition,
    text: std::sync::Arc<str>,
    needs: Needs,
}

/// What an answer depends on besides the products, their attributes and where they hang.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Prices, and the books they are read from.
    pub prices: bool,
    /// What is in stock.
    pub stock: bool,
    /// The time of the request.
    pub time: bool,
    /// The names of the store view, and what it shows.
    pub view: bool,
    /// What shoppers do.
    pub signals: bool,
    /// Which members smart categories have.
    pub categories: bool,
}

impl Needs {
    fn of(condition: &Condition) -> Self {
        let all = |parts: &[Condition]| parts.iter().map(Self::of).fold(Self::default(), Self::and);
        match condition {
            Condition::All(parts) | Condition::Any(parts) => all(parts),
            Condition::Not(part) => Self::of(part),
            Condition::Field { field, .. } => match field.as_str() {
                "price" => Self { prices: true, time: true, ..Self::default() },
                "in_stock" | "quantity" => Self { stock: true, ..Self::default() },
                "age_days" => Self { time: true, ..Self::default() },
                "name" | "visible_in" => Self { view: true, ..Self::default() },
                "category" | "categories" => Self { categories: true, ..Self::default() },
                // A product attribute may have the name of a signal; then nothing is lost but a hit.
                code => Self { signals: SignalColumn::from_name(code).is_some(), ..Self::default() },
            },
        }
    }

    /// What either depends on.
    pub fn and(self, other: Self) -> Self {
        Self {
            prices: self.prices || other.prices,
            stock: self.stock || other.stock,
            time: self.time || other.time,
            view: self.view || other.view,
            signals: self.signals || other.signals,
            categories: self.categories || other.categories,
        }
    }
}

impl StoredCondition {
    /// Keeps a condition.
    pub fn new(condition: Condition) -> Self {
        let text = to_json(&condition).to_string().into();
        Self { needs: Needs::of(&condition), text, condition }
    }

    /// The condition.
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Its JSON text: equal conditions have equal texts.
    pub fn text(&self) -> &std::sync::Arc<str> {
        &self.text
    }

    /// What its answer depends on.
    pub fn needs(&self) -> Needs {
        self.needs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse;

    #[test]
    fn needs_are_read_off_the_fields() {
        let needs = |json: &str| {
            let condition = parse(&serde_json::from_str(json).unwrap()).unwrap();
            StoredCondition::new(condition).needs()
        };
        let none = Needs::default();
        assert_eq!(needs(r#"{"field":"color","eq":"red"}"#), none);
        assert_eq!(needs(r#"{"not":{"field":"age_days","range":{"to":3}}}"#), Needs { time: true, ..none });
        let both = needs(r#"{"all":[{"field":"price","range":{"to":3}},{"any":[{"field":"quantity","eq":3}]}]}"#);
        assert_eq!(both, Needs { prices: true, time: true, stock: true, ..none });
        assert_eq!(needs(r#"{"field":"views.7d","range":{"from":3}}"#), Needs { signals: true, ..none });
        assert_eq!(needs(r#"{"field":"category","eq":"Men"}"#), Needs { categories: true, ..none });
    }
}
