//! What is wrong with a document, before it is stored?
//!
//! Its own shape, and whether the scope is full. What is wrong inside its conditions the kernel says when the epoch is
//! prepared, and the write is refused then.

use planogram_abi::{Document, Problem};
use planogram_rules::rule::check_count;

use crate::book::{read_list, read_rule};
use crate::config::Settings;
use crate::{RELATED_LIST, RELATED_RULE};

/// Everything that is wrong with `document`; empty when it is good.
pub fn validate(settings: &Settings, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
    match document.kind {
        RELATED_RULE => match read_rule(document, settings) {
            Ok(_) => check_count(document, others, "rules.rules_max", settings.rules.rules_max).into_iter().collect(),
            Err(problems) => problems,
        },
        RELATED_LIST => read_list(document, settings).err().unwrap_or_default(),
        _ => Vec::new(),
    }
}
