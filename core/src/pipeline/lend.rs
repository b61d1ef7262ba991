//! What does a plugin get to ask during a call?
//!
//! The kernel's side of `CallHost`, over the one snapshot of the request: a plugin sees what the request sees.

use planogram_abi::{CallHost, Candidate, ConditionId, Failure, LogLevel, Outcome};
use roaring::RoaringBitmap;

use super::column;
use super::eligible::{self, Universe};
use super::known;
use super::rank::Ranked;
use super::run::{Confinement, Run};
use super::source;
use crate::expr::{self, Condition};
use crate::id::{ItemId, VariantId};
use crate::text;

/// What there is to lend at one point of the line.
#[derive(Clone, Copy, Default)]
pub(super) struct Lent<'l> {
    /// Absent while the query is being rewritten, when nothing is eligible yet.
    pub universe: Option<&'l Universe>,
    /// While a batch is scored: the matches so far, and the rows of the batch.
    pub batch: Option<(&'l Ranked, &'l [u32])>,
}

/// Lends one request's view of the shop to a plugin.
pub(super) struct Lender<'l, 'a> {
    pub run: &'l Run<'a>,
    pub lent: Lent<'l>,
}

impl CallHost for Lender<'_, '_> {
    fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
        skus.iter().map(|sku| self.run.snapshot.catalog.item(sku).map(|item| item.0)).collect()
    }

    fn test(&self, condition: ConditionId, items: &[u32]) -> Vec<bool> {
        let Some(condition) = self.run.epoch.conditions.get(condition) else { return vec![false; items.len()] };
        let variants = eligible::matching(self.run, condition);
        let holds = |variant: &VariantId| {
            variants.contains(variant.0) && self.lent.universe.is_none_or(|it| it.variants.contains(variant.0))
        };
        let catalog = &self.run.snapshot.catalog;
        items.iter().map(|&item| catalog.variants_of(ItemId(item)).iter().any(holds)).collect()
    }

    fn retrieve(&self, source: &str, anchors: &[u32], k: usize) -> Outcome<Vec<Candidate>> {
        let Some(universe) = self.lent.universe else {
            return Err(Failure("nothing is eligible yet while the query is rewritten".into()));
        };
        source::candidates(self.run, source, anchors, k, &universe.items).map_err(Failure)
    }

    fn satisfied(&self, item: u32) -> Outcome<Vec<ConditionId>> {
        let run = self.run;
        Ok(run.epoch.conditions.satisfied(&run.snapshot.catalog, ItemId(item), &run.eval_context()))
    }

    fn matching(&self, condition: ConditionId, anchors: &[u32], k: usize) -> Outcome<Vec<u32>> {
        let run = self.run;
        let Some(stored) = run.epoch.conditions.get(condition) else { return Ok(Vec::new()) };
        let condition = stored.condition();
        let catalog = &run.snapshot.catalog;
        let base = || RoaringBitmap::clone(self.lent.universe.map_or(catalog.alive(), |universe| &universe.variants));
        let within = |condition: &Condition| expr::evaluate_within(condition, base(), catalog, &run.eval_context());
        let variants = if condition.is_relative() {
            let known = anchors.iter().filter(|anchor| (**anchor as usize) < catalog.item_bound());
            let related = known.map(|anchor| expr::relate(condition, catalog, ItemId(*anchor), &run.eval_context()));
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

    fn confine(&self, source: &str, condition: ConditionId, anchors: &[u32]) -> Outcome {
        if let Some(confined) = &self.run.confined {
            let (source, anchors) = (source.to_owned(), anchors.to_vec());
            confined.borrow_mut().push(Confinement { source, condition, anchors });
        }
        Ok(())
    }

    fn knows(&self, sort: &str, names: &[&str]) -> Outcome<Vec<bool>> {
        Ok(known::knows(self.run, sort, names))
    }

    fn analyze(&self, text: &str) -> Vec<String> {
        text::stems(&self.run.view.locale, text)
    }

    fn gather(&self, column: &str, items: &[u32]) -> Outcome<Vec<f32>> {
        let Some((ranked, rows)) = self.lent.batch else {
            return Err(Failure(format!("column `{column}` is not lent here, only to scorers")));
        };
        if *ranked.matches.items_of(rows) == *items {
            return Ok(column::gather(self.run, column, ranked, rows));
        }
        let asked: Option<Vec<u32>> = items.iter().map(|item| Some(ranked.matches.row_of(*item)? as u32)).collect();
        match asked {
            Some(rows) => Ok(column::gather(self.run, column, ranked, &rows)),
            None => Err(Failure(format!("column `{column}` was asked for an item that is not in the list"))),
        }
    }

    fn log(&self, level: LogLevel, message: &str) {
        crate::host::log_for_plugin(level, message);
    }
}
