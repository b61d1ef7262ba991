//! What is wrong with a document, before it is stored?
//!
//! First its own shape; then whether its category already has a rule in this scope at the same time, and whether
//! the scope is full.

use planogram_abi::{Document, Problem};
use planogram_rules::rule::check_count;

use crate::category_rules::key;
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
    let same = |other: &&Document<'_>| read(other, settings).is_ok_and(|o| key(&o.category) == key(&rule.category));
    let rival = rivals.find(same).map(|rival| {
        let message = format!("`{}` has the rule `{}` at the same time", rule.category, rival.id);
        Problem::new("/category", message, "one rule of a category and scope at a time")
    });
    rival.into_iter().chain(check_count(document, others, settings.rules_max)).collect()
}
