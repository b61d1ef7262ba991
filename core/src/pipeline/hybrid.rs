//! What is near the query that its words do not find?
//!
//! A query has a vector when its caller brings one, or when the store view says that words are looked up in a space.
//! The blend is a normalized linear one: Bruch, Gai and Ingber, *An analysis of fusion functions for hybrid retrieval*
//! (ACM TOIS 2023), find that it beats rank fusion in and out of domain and needs little tuning. Theirs is
//! `α · sem + (1 − α) · lex` with both scores scaled by their theoretical minimum and the best of the query. Divided by
//! `(1 − α) / lex_max`, which changes no order, it becomes a text score plus one line of the ledger:
//!
//! ```text
//! score = lex + weight · lex_max · max(0, (cos · known − floor) / (1 − floor))
//! ```
//!
//! `weight` is `α / (1 − α)`; `known` is the share of the query's words that have a place in the space, 1 for a vector
//! that was brought. The scale ends at 1, not at the query's best: where nothing is really near, nothing is added. The
//! missing half of either score is filled in, as they recommend: every match by words gets its similarity, too.
//!
//! Matches by vector alone are few (`candidates`), above the floor, and of the universe before the caller's filters, so
//! that what a facet counts is what its filter then shows. Under an explicit sort they stay away if words found
//! anything: what is only similar shall not come first because it is cheap.

use std::cell::RefCell;

use roaring::RoaringBitmap;

use super::request::{ListRequest, QueryError};
use super::run::{Run, Subject};
use crate::catalog::hybrid::{Hybrid, HybridMode};
use crate::catalog::views::StoreView;
use crate::id::ItemId;
use crate::limits::HYBRID_FEEDBACK_ITEMS;
use crate::snapshot::Snapshot;
use crate::text::Found;
use crate::vector::{SearchScratch, dot};

/// What one unit of text score is worth where words found nothing.
const SCALE_WITHOUT_WORDS: f32 = 1.0;

thread_local! {
    /// Each ranking worker fills its own again and again.
    static SCRATCH: RefCell<SearchScratch> = RefCell::default();
}

/// A query as a direction, and what nearness to it is worth.
pub(super) struct Direction<'r> {
    space: &'r str,
    /// Of length 1.
    vector: Vec<f32>,
    known: f32,
    floor: f32,
    weight: f32,
    /// Score of the best match by words.
    scale: f32,
}

/// The vector that a request brings, at length 1.
///
/// # Errors
/// When it belongs to no search, its space does not exist, or it is no vector of it.
pub(super) fn supplied(snapshot: &Snapshot, request: &ListRequest) -> Result<Option<Vec<f32>>, QueryError> {
    let Some(query) = &request.vector else { return Ok(None) };
    let invalid = |parameter: &str, message: String, allowed: &str| QueryError::Invalid {
        parameter: parameter.to_owned(),
        message,
        allowed: allowed.to_owned(),
    };
    if !matches!(request.list, super::request::List::Search { .. }) {
        return Err(invalid("vector", "`vector` does not belong to a search".to_owned(), "only a search takes one"));
    }
    let found = snapshot.vectors.unit(&query.space, &query.values);
    found.map(Some).map_err(|error| match error {
        crate::vector::VectorError::UnknownSpace { .. } => {
            invalid("vector_space", error.to_string(), "the name of a space that holds vectors")
        }
        error => invalid("vector", error.to_string(), "finite numbers, as many as the space has, not all of them 0"),
    })
}

/// What the caller should know about a vector that is not used.
pub(super) fn warning(request: &ListRequest, view: &StoreView) -> Option<String> {
    let is_ignored = request.vector.is_some() && view.hybrid.mode == HybridMode::Off;
    is_ignored.then(|| format!("store view `{}` has hybrid search switched off, so `vector` is not used", view.code))
}

/// Where the query points, if anywhere, given what its words found before the caller's filters.
pub(super) fn direction<'r>(run: &'r Run<'_>, found: &[Found]) -> Option<Direction<'r>> {
    let Subject::Search { text } = &run.subject else { return None };
    let hybrid = &run.view.hybrid;
    let (space, vector, known) = match (&run.vector, &run.request.vector, hybrid.mode) {
        (_, _, HybridMode::Off) => return None,
        (Some(vector), Some(query), _) => (query.space.as_str(), vector.clone(), 1.0),
        (_, _, HybridMode::Supplied) => return None,
        (_, _, HybridMode::Learned) => {
            let (vector, known) = learned(run, hybrid, text, found)?;
            (hybrid.space.as_str(), vector, known)
        }
    };
    let best = found.iter().map(Found::score).fold(0.0, f32::max);
    let scale = if best > 0.0 { best } else { SCALE_WITHOUT_WORDS };
    Some(Direction { space, vector, known, floor: hybrid.floor, weight: hybrid.weight, scale })
}

/// The words folded in; in a space without words the mean of what they found first, which is pseudo-relevance feedback
/// (Rocchio, 1971).
fn learned(run: &Run<'_>, hybrid: &Hybrid, text: &str, found: &[Found]) -> Option<(Vec<f32>, f32)> {
    let vectors = &run.snapshot.vectors;
    if vectors.knows_words(&hybrid.space) {
        let folded = vectors.fold_text(&hybrid.space, text)?;
        return Some((vectors.unit(&hybrid.space, &folded.vector).ok()?, folded.known));
    }
    let mut best: Vec<(ItemId, f32)> = found.iter().map(|found| (found.item, found.score())).collect();
    let by_score = |a: &(ItemId, f32), b: &(ItemId, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if best.len() > HYBRID_FEEDBACK_ITEMS {
        best.select_nth_unstable_by(HYBRID_FEEDBACK_ITEMS, by_score);
        best.truncate(HYBRID_FEEDBACK_ITEMS);
    }
    best.sort_by(by_score);
    Some((vectors.mean(&hybrid.space, best)?, 1.0))
}

impl Direction<'_> {
    /// The nearest items of `universe` that are not in `found` (ascending by item), each with a text score of 0.
    pub fn candidates(&self, run: &Run<'_>, found: &[Found], universe: &RoaringBitmap) -> Vec<Found> {
        let k = run.view.hybrid.candidates;
        if k == 0 || run.has_explicit_sort() && !found.is_empty() {
            return Vec::new();
        }
        let rest = universe - found.iter().map(|found| found.item.0).collect::<RoaringBitmap>();
        SCRATCH.with_borrow_mut(|scratch| {
            let near = run.snapshot.vectors.similar(self.space, &self.vector, k, &rest, scratch);
            let near = near.unwrap_or_default().iter();
            near.filter(|near| near.score * self.known > self.floor).map(|near| Found::elsewhere(near.item)).collect()
        })
    }

    /// How near each item is, `[n]`; NaN without a vector.
    pub fn similarities(&self, run: &Run<'_>, items: &[u32]) -> Vec<f32> {
        let vectors = &run.snapshot.vectors;
        let similarity = |item: &u32| vectors.vector(self.space, ItemId(*item)).map(|own| dot(own, &self.vector));
        items.iter().map(|item| similarity(item).map_or(f32::NAN, |cos| cos * self.known)).collect()
    }

    /// What nearness adds to the score, `[n]`, at least 0.
    pub fn contributions(&self, similarities: &[f32]) -> Vec<f32> {
        let room = (1.0 - self.floor).max(f32::EPSILON);
        // `max` turns NaN into 0.
        let share = |similarity: &f32| ((similarity - self.floor) / room).max(0.0);
        similarities.iter().map(|similarity| self.weight * self.scale * share(similarity)).collect()
    }
}
