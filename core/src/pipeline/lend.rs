//! What does a plugin get to ask during a call?
//!
//! The kernel's side of `CallHost`, over the one snapshot of the request: a plugin sees what the request sees.

use planogram_abi::{CallHost, Candidate, ConditionId, Failure, LogLevel, Outcome};
use roaring::RoaringBitmap;

use super::eligible::{self, Universe};
use super::run::Run;
use super::source;
use crate::expr::{self, Condition};
use crate::id::ItemId;
use crate::text;

/// Lends one request's view of the shop to a plugin.
pub(super) struct Lender<'l, 'a> {
    pub run: &'l Run<'a>,
    /// Absent while the query is being rewritten, when nothing is eligible yet.
    pub universe: Option<&'l Universe>,
}

impl CallHost for Lender<'_, '_> {
    fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
        skus.iter().map(|sku| self.run.snapshot.catalog.item(sku).map(|item| item.0)).collect()
    }

    fn test(&self, condition: ConditionId, items: &[u32]) -> Vec<bool> {
        let Some(condition) = self.run.epoch.conditions.get(condition) else { return vec![false; items.len()] };
        let mut variants = eligible::evaluate(self.run, condition);
        if let Some(universe) = self.universe {
            variants &= &*universe.variants;
        }
        let holds: RoaringBitmap = self.run.snapshot.catalog.lift(&variants);
        items.iter().map(|&item| holds.contains(item)).collect()
    }

    fn retrieve(&self, source: &str, anchors: &[u32], k: usize) -> Outcome<Vec<Candidate>> {
        let Some(universe) = self.universe else {
            return Err(Failure("nothing is eligible yet while the query is rewritten".into()));
        };
        source::candidates(self.run, source, anchors, k, &universe.items).map_err(Failure)
    }

    fn satisfied(&self, item: u32) -> Outcome<Vec<ConditionId>> {
        let run = self.run;
        Ok(run.epoch.conditions.satisfied(&run.snapshot.catalog, ItemId(item), &eligible::context(run)))
    }

    fn matching(&self, condition: ConditionId, anchors: &[u32], k: usize) -> Outcome<Vec<u32>> {
        let run = self.run;
        let Some(condition) = run.epoch.conditions.get(condition) else { return Ok(Vec::new()) };
        let catalog = &run.snapshot.catalog;
        let base = || RoaringBitmap::clone(self.universe.map_or(catalog.alive(), |universe| &universe.variants));
        let within = |condition: &Condition| expr::evaluate_within(condition, base(), catalog, &eligible::context(run));
        let variants = if condition.is_relative() {
            let known = anchors.iter().filter(|anchor| (**anchor as usize) < catalog.item_bound());
            let related =
                known.map(|anchor| expr::relate(condition, catalog, ItemId(*anchor), &eligible::context(run)));
            related.map(|condition| within(&condition)).reduce(|any, set| any | set).unwrap_or_default()
        } else {
            within(condition)
        };
        Ok(catalog.lift(&variants).iter().take(k).collect())
    }

    fn credit(&self, source: &str, items: &[u32]) -> Outcome {
        self.run.credits.borrow_mut().push((source.to_owned(), items.to_vec()));
        Ok(())
    }

    fn analyze(&self, text: &str) -> Vec<String> {
        text::stems(&self.run.view.locale, text)
    }

    fn log(&self, level: LogLevel, message: &str) {
        crate::host::log_for_plugin(level, message);
    }
}
