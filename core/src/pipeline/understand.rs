//! What does the shopper mean?
//!
//! The kernel splits the text into words, the last of which may be unfinished; rewriters then add expansions
//! and acts, one after the other. Acts that change the set are applied before retrieval, acts that change the
//! order wait until re-ranking. A rewriter that fails leaves the query as it was.

use planogram_abi::{Act, Query, Rewrite, Verb};

use super::request::AppliedRule;
use super::run::{Run, Subject};
use crate::host::Slot;
use crate::text::{Language, LastWord, read_query};

/// What was understood.
#[derive(Debug, Default)]
pub(super) struct Understanding {
    /// The words and what may stand for them.
    pub query: Query,
    /// Hide, include, filter: each with the plugin that ordered it.
    pub set_acts: Vec<(String, Act)>,
    /// Pin, boost, bury, raise, quotas: each with the plugin that ordered it.
    pub order_acts: Vec<(String, Act)>,
    /// What is shown with the list, each once.
    pub banners: Vec<String>,
    /// Which rules applied.
    pub applied_rules: Vec<AppliedRule>,
}

pub(super) fn understand(run: &mut Run<'_>) -> Understanding {
    let mut rewrite = Rewrite { query: plain_query(run), acts: Vec::new() };
    let mut understanding = Understanding::default();
    let plugins = run.epoch.plugins.clone();
    for slot in plugins.rewriters(run.kind()) {
        let before = Rewrite { query: rewrite.query.clone(), acts: Vec::new() };
        if let Some(after) = run.call(slot, None, |slot, context| slot.rewrite(context, before)) {
            rewrite.query = after.query;
            understanding.take_acts(slot, after.acts);
        }
    }
    understanding.query = rewrite.query;
    understanding
}

impl Understanding {
    fn take_acts(&mut self, slot: &Slot, acts: Vec<Act>) {
        let plugin = slot.plugin().to_owned();
        for act in acts {
            match act.verb {
                Verb::Banner { text } if self.banners.contains(&text) => {}
                Verb::Banner { text } => self.banners.push(text),
                Verb::Note => self.applied_rules.push(AppliedRule { plugin: plugin.clone(), rule: act.reason }),
                _ if act.verb.changes_set() => self.set_acts.push((plugin.clone(), act)),
                _ => self.order_acts.push((plugin.clone(), act)),
            }
        }
    }
}

/// One group a word, in the shopper's order.
fn plain_query(run: &Run<'_>) -> Query {
    let Subject::Search { text } = &run.subject else { return Query::default() };
    read_query(Language::of_locale(&run.view.locale), text, LastWord::Begun)
}
