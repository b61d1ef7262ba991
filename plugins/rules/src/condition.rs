//! When does a query rule fire?
//!
//! Up to ten tests of the whole phrase, joined by one word for the whole rule: `any` (the default) or `all`.
//! Both sides are normalized by [`crate::text::normalize`]. `is` under `all` must stand alone, because a second
//! test beside it could only be redundant or impossible.
//! What is not here: how many rules are tested at once (see [`crate::index`]).

use serde_json::Value;

use crate::read::{Findings, Object};
use crate::text::{PHRASE_CHARS_MAX, normalize};

/// How a phrase is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The whole query is the phrase.
    Is,
    /// The phrase stands anywhere in the query, also inside a word.
    Contains,
    /// The query begins with the phrase.
    Starts,
    /// The query ends with the phrase.
    Ends,
}

impl Operator {
    /// The names used in documents, in the order of the variants.
    pub const NAMES: [&str; 4] = ["is", "contains", "starts", "ends"];
    const ALL: [Operator; 4] = [Operator::Is, Operator::Contains, Operator::Starts, Operator::Ends];

    /// Whether a phrase found at `start..end` of a query of `len` bytes satisfies the operator.
    pub fn holds_at(self, start: usize, end: usize, len: usize) -> bool {
        match self {
            Operator::Is => start == 0 && end == len,
            Operator::Contains => true,
            Operator::Starts => start == 0,
            Operator::Ends => end == len,
        }
    }
}

/// How the conditions of one rule are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    /// At least one must hold.
    #[default]
    Any,
    /// Every one must hold.
    All,
}

/// One test of the query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// How it is compared.
    pub operator: Operator,
    /// The phrase, normalized and not empty.
    pub phrase: String,
}

/// Reads the fields `match` and `conditions` of a rule; at most `conditions_max`.
pub fn read_conditions(rule: &Object<'_>, conditions_max: usize, findings: &mut Findings) -> (Join, Vec<Condition>) {
    let join = match rule.choice("match", &["any", "all"], findings) {
        Some(1) => Join::All,
        _ => Join::Any,
    };
    let pointer = rule.at("conditions");
    let conditions: Vec<Condition> = rule
        .list("conditions", conditions_max, findings)
        .iter()
        .enumerate()
        .filter_map(|(index, value)| read_condition(value, &format!("{pointer}/{index}"), findings))
        .collect();
    if join == Join::All && conditions.len() > 1 && conditions.iter().any(|c| c.operator == Operator::Is) {
        let message = format!("`is` stands beside {} other conditions under `all`", conditions.len() - 1);
        findings.report(pointer, message, "`is` alone, or `any`");
    }
    (join, conditions)
}

fn read_condition(value: &Value, pointer: &str, findings: &mut Findings) -> Option<Condition> {
    let object = Object::read(value, pointer, &["query", "text"], findings)?;
    let operator = object.require("query", findings).and_then(|()| object.choice("query", &Operator::NAMES, findings));
    let text = object.required_text("text", PHRASE_CHARS_MAX, findings);
    Some(Condition { operator: Operator::ALL[operator?], phrase: normalize(text?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Mistakes<'a> = Vec<(&'a str, &'a str)>;

    fn check(json: &str, expected: Result<(Join, Vec<Condition>), Mistakes<'_>>) {
        let mut findings = Findings::default();
        let value = findings.parse(json).unwrap();
        let object = Object::read(&value, "", &["match", "conditions"], &mut findings).unwrap();
        let read = read_conditions(&object, 10, &mut findings);
        let found = findings.finish(Some(read));
        let found = found
            .as_ref()
            .map_err(|problems| problems.iter().map(|p| (p.pointer.as_str(), p.message.as_str())).collect::<Vec<_>>());
        assert_eq!(found, expected.as_ref().map_err(Clone::clone), "{json}");
    }

    fn condition(operator: Operator, phrase: &str) -> Condition {
        Condition { operator, phrase: phrase.to_owned() }
    }

    #[test]
    fn conditions_are_read_and_normalized() {
        check("{}", Ok((Join::Any, vec![])));
        check(
            r#"{"match":"all","conditions":[{"query":"starts","text":" Blue  SOFA"},{"query":"contains","text":"a"}]}"#,
            Ok((Join::All, vec![condition(Operator::Starts, "blue sofa"), condition(Operator::Contains, "a")])),
        );
        check(
            r#"{"match":"all","conditions":[{"query":"is","text":"x"}]}"#,
            Ok((Join::All, vec![condition(Operator::Is, "x")])),
        );
    }

    #[test]
    fn mistakes_are_named() {
        check(
            r#"{"match":"some","conditions":[{"query":"like","text":"x"},{"query":"is","text":""},{"text":"x"},7]}"#,
            Err(vec![
                ("/match", "`match` is \"some\""),
                ("/conditions/0/query", "`query` is \"like\""),
                ("/conditions/1/text", "\"\" is no usable text"),
                ("/conditions/2/query", "`query` is missing"),
                ("/conditions/3", "7 is not an object"),
            ]),
        );
        check(
            r#"{"match":"all","conditions":[{"query":"is","text":"x"},{"query":"ends","text":"x"}]}"#,
            Err(vec![("/conditions", "`is` stands beside 1 other conditions under `all`")]),
        );
        let eleven = [r#"{"query":"is","text":"x"}"#; 11].join(",");
        check(&format!(r#"{{"conditions":[{eleven}]}}"#), Err(vec![("/conditions", "`conditions` has 11 elements")]));
    }
}
