//! What does the plugin know in one epoch?
//!
//! The category rules of the live documents. A document that cannot be read (written when the settings allowed
//! more, say) is left out with a warning rather than taking the rest down.

use planogram_abi::{ConditionId, Document, Epoch, LogLevel, Problem};
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
    /// Sequence of the newest document.
    pub newest: u64,
    /// The condition that every product satisfies, if the host takes it.
    pub everything: Option<ConditionId>,
}

impl State {
    /// Reads the documents of an epoch. `newest` is the newest document of the epoch before.
    ///
    /// # Errors
    /// When a condition of a rule that was just written does not compile.
    pub fn new(settings: &Settings, epoch: &Epoch<'_>, newest: Option<u64>) -> Result<Self, String> {
        let mut rules = CategoryRules::default();
        for document in epoch.documents.iter().filter(|document| document.kind == CATEGORY_RULE) {
            let read = read(document, settings).map_err(|problems| format!("{problems:?}"));
            let is_read = read.is_ok();
            match read.and_then(|mut rule| rule.compile(epoch.host).map(|()| rule)) {
                Ok(rule) => rules.insert(rule),
                // Its author is still there to be told; one from before must not take the rest down.
                Err(message) if is_read && newest.is_some_and(|newest| document.seq > newest) => return Err(message),
                Err(message) => {
                    epoch.host.log(LogLevel::Warn, &format!("left out {CATEGORY_RULE}/{}: {message}", document.id));
                }
            }
        }
        let newest = epoch.documents.iter().map(|document| document.seq).max().unwrap_or_default();
        let everything = epoch.host.compile(r#"{"all":[]}"#).ok();
        Ok(Self { rules, reads: Strategy::columns(&settings.windows), newest, everything })
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
