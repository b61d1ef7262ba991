//! Does a prepared plugin answer at all?
//!
//! The golden call: every contribution once without rows and once with two plain ones, against a host that knows
//! no sku and no source. A plugin that cannot answer that is not published.

use planogram_abi::table::{CallError, Described, DescribedRole, Description, Prepared};
use planogram_abi::{
    Alternative, CallHost, Candidate, Combine, ConditionId, ListKind, LogLevel, Outcome, Query, RankedList, Request,
    ScoreBatch, TermGroup,
};

use super::instance::words;
use super::set::{judge_acts, judge_candidates, judge_columns};

/// Locale of the requests made here.
const LOCALE: &str = "en-US";

/// A host without a catalog.
pub(super) struct EmptyHost;

impl CallHost for EmptyHost {
    fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
        vec![None; skus.len()]
    }

    fn test(&self, _condition: ConditionId, items: &[u32]) -> Vec<bool> {
        vec![false; items.len()]
    }

    fn retrieve(&self, _source: &str, _anchors: &[u32], _k: usize) -> Outcome<Vec<Candidate>> {
        Ok(Vec::new())
    }

    fn analyze(&self, text: &str) -> Vec<String> {
        // As in a real request: a plugin may keep what it learns here for the requests that follow.
        crate::text::stems(LOCALE, text)
    }

    fn satisfied(&self, _item: u32) -> Outcome<Vec<ConditionId>> {
        Ok(Vec::new())
    }

    fn matching(&self, _condition: ConditionId, _anchors: &[u32], _k: usize) -> Outcome<Vec<u32>> {
        Ok(Vec::new())
    }

    fn credit(&self, _source: &str, _items: &[u32]) -> Outcome {
        Ok(())
    }

    fn log(&self, _level: LogLevel, _message: &str) {}
}

/// A request that asks for nothing in particular.
pub(super) fn plain_request(kind: ListKind, text: &str) -> Request<'_> {
    Request { text, locale: LOCALE, ..Request::plain(kind) }
}

/// A query of these words as they stand.
pub(super) fn plain_query(text: &str) -> Query {
    let group = |word: &str| TermGroup {
        alternatives: vec![Alternative { text: word.to_owned(), weight: 1.0, prefix: false }],
    };
    Query { groups: text.split_whitespace().map(group).collect(), redirect: None }
}

/// One call of one contribution with `rows` rows, all columns holding `value`; what it gave is judged.
pub(super) fn call_once(
    prepared: &Prepared,
    index: u32,
    described: &Described,
    host: &dyn CallHost,
    request: &Request<'_>,
    shape: (u32, f32),
) -> Result<Vec<u32>, CallError> {
    let (rows, value) = shape;
    let items: Vec<u32> = (0..rows).collect();
    let column = vec![value; rows as usize];
    let columns = |reads: &[String]| vec![column.as_slice(); reads.len()];
    let bad = CallError::BadOutput;
    // What was answered, in bits, so that two calls can be compared though NaN is not equal to itself.
    match &described.role {
        DescribedRole::Rewriter => {
            let rewrite = prepared.rewrite(index, request, host, plain_query(request.text))?;
            judge_acts(&rewrite.acts, rows, prepared).map_err(bad)?;
            Ok(format!("{rewrite:?}").bytes().map(u32::from).collect())
        }
        DescribedRole::Retriever => {
            let found = prepared.retrieve(index, request, host, rows as usize)?;
            judge_candidates(&found, rows).map_err(bad)?;
            Ok(found.iter().flat_map(|c| [c.item, c.score.to_bits()]).collect())
        }
        DescribedRole::Scorer { reads, writes, .. } => {
            let neutral = |combine| if combine == Combine::Factor { 1.0 } else { 0.0 };
            let mut out: Vec<Vec<f32>> = writes.iter().map(|w| vec![neutral(w.combine); rows as usize]).collect();
            let mut lent: Vec<&mut [f32]> = out.iter_mut().map(Vec::as_mut_slice).collect();
            let batch = ScoreBatch { items: &items, columns: &columns(reads), out: &mut lent };
            prepared.score(index, request, host, batch)?;
            judge_columns(writes, &lent).map_err(bad)?;
            Ok(out.iter().flatten().map(|value| value.to_bits()).collect())
        }
        DescribedRole::Reranker { reads, .. } => {
            let scores: Vec<f32> = (0..rows).rev().map(|score| score as f32).collect();
            let list = RankedList { items: &items, scores: &scores, columns: &columns(reads) };
            let acts = prepared.rerank(index, request, host, list)?;
            judge_acts(&acts, rows, prepared).map_err(bad)?;
            Ok(format!("{acts:?}").bytes().map(u32::from).collect())
        }
        DescribedRole::Observer => Ok(Vec::new()),
    }
}

/// Calls every contribution, in the first list it takes part in.
///
/// # Errors
/// Which contribution gave what.
pub(super) fn golden_call(description: &Description, prepared: &Prepared) -> Result<(), String> {
    for (index, described) in description.contributions.iter().enumerate() {
        let list = described.lists.first().copied().unwrap_or(ListKind::Search);
        let request = plain_request(list, "golden call");
        for rows in [0, 2] {
            let outcome = call_once(prepared, index as u32, described, &EmptyHost, &request, (rows, 1.0));
            outcome.map_err(|error| format!("golden call of `{}`: {}", described.name, words(&error)))?;
        }
    }
    Ok(())
}
