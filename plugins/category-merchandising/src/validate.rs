//! What is wrong with a document, before it is stored?
//!
//! First its own shape; then whether its category already has a rule without conditions in this scope at the same time,
//! and whether the scope is full.

use planogram_abi::{Document, Problem};
use planogram_rules::rule::check_count;
use planogram_rules::text::path_key as key;

use crate::config::Settings;
use crate::state::read;

/// Everything that is wrong with `document`; empty when it is good.
pub fn validate(settings: &Settings, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
    let rule = match read(document, settings) {
        Ok(rule) => rule,
        Err(problems) => return problems,
    };
    let overlaps = |other: &&Document<'_>| document.from_ms < other.until_ms && other.from_ms < document.until_ms;
    let mut rivals = others.iter().filter(|other| other.id != document.id).filter(overlaps);
    let is_plain = rule.rule.when.is_none();
    let same = |other: &&Document<'_>| {
        let other = read(other, settings);
        other.is_ok_and(|o| o.rule.when.is_none() && key(&o.category) == key(&rule.category))
    };
    let rival = rivals.find(same).filter(|_| is_plain).map(|rival| {
        let message = format!("`{}` has the rule `{}` at the same time", rule.category, rival.id);
        Problem::new("/category", message, "one rule without conditions of a category and scope at a time")
    });
    rival.into_iter().chain(check_count(document, others, "rules_max", settings.rules_max)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document<'a>(id: &'a str, json: &'a str) -> Document<'a> {
        let (kind, scope) = (crate::CATEGORY_RULE, "");
        Document { kind, scope, id, revision: 1, seq: 1, from_ms: 0, until_ms: 100, json }
    }

    #[test]
    fn a_category_has_one_rule_at_a_time() {
        let settings = Settings::read(r#"{"rules_max":2}"#).unwrap();
        let check = |document: &Document<'_>, others: &[Document<'_>], expected: &[(&str, &str)]| {
            let problems = validate(&settings, document, others);
            let found: Vec<_> = problems.iter().map(|p| (p.pointer.as_str(), p.message.as_str())).collect();
            assert_eq!(found, expected, "{document:?}");
        };
        let first = document("a", r#"{"category":"Men/Tops"}"#);
        let second = document("b", r#"{"category":"men / tops","strategy":"newest"}"#);
        let other = document("c", r#"{"category":"Men"}"#);
        check(&second, &[first], &[("/category", "`men/tops` has the rule `a` at the same time")]);
        check(&Document { id: "a", ..second }, &[first], &[]);
        check(&Document { from_ms: 100, until_ms: 200, ..second }, &[first], &[]);
        check(&other, &[first], &[]);
        check(&other, &[first, document("d", "{}")], &[("", "it would be `category-rule` number 3 in its scope")]);
    }
}
