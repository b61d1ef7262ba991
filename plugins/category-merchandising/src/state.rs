//! What does the plugin know in one epoch?
//!
//! The category rules of the live documents. A document that cannot be read (written when the settings allowed
//! more, say) is left out with a warning rather than taking the rest down.

use planogram_abi::{Document, Epoch, LogLevel, Problem};
use planogram_rules::Findings;

use crate::CATEGORY_RULE;
use crate::category_rules::{CategoryRule, CategoryRules};
use crate::config::Settings;
use crate::strategy::Strategy;

/// The state bound to one epoch.
#[derive(Debug)]
pub struct State {
    /// The rules.
    pub rules: CategoryRules,
    reads: Vec<String>,
}

impl State {
    /// Reads the documents of an epoch.
    pub fn new(settings: &Settings, epoch: &Epoch<'_>) -> Self {
        let mut rules = CategoryRules::default();
        for document in epoch.documents.iter().filter(|document| document.kind == CATEGORY_RULE) {
            match read(document, settings) {
                Ok(rule) => rules.insert(rule),
                Err(problems) => {
                    epoch.host.log(LogLevel::Warn, &format!("left out {CATEGORY_RULE}/{}: {problems:?}", document.id));
                }
            }
        }
        Self { rules, reads: Strategy::columns(&settings.windows) }
    }

    /// The columns passed in, in order.
    pub fn reads(&self) -> &[String] {
        &self.reads
    }
}

/// Reads a category rule.
pub fn read(document: &Document<'_>, settings: &Settings) -> Result<CategoryRule, Vec<Problem>> {
    let mut findings = Findings::default();
    let rule = CategoryRule::read(document, settings, &mut findings);
    findings.finish(rule)
}
