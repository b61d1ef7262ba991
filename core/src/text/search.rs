//! How is one query asked several times?
//!
//! A search is relaxed pass by pass over one view, and most of what a pass needs was found by the one before: the query
//! is compiled once, its words are looked up once, and lists that were walked are kept. Which passes there are is the
//! pipeline's policy.

use roaring::RoaringBitmap;

use super::best::{Best, Hit, give_back};
use super::compile::{Group, Words, compile};
use super::document::{FieldWeights, TextField};
use super::error::TextError;
use super::evaluate::{InSegment, Join};
use super::fit::Fit;
use super::tolerance::Asked;
use super::view::{Found, Match, TextView};
use crate::limits::FIT_WINDOW;

/// The sku's bit of every group in [`Hit::fields`].
const SKU_BITS: u64 = 0x0101_0101_0101_0101 << TextField::Sku as u32;
/// Shares are sums of a few floats: a match is known to be too small only when it is by more than they may be off.
const SHARE_ERROR_MAX: f32 = 1e-4;

/// A query that is being asked; see [`TextView::ask`].
pub struct Search<'v> {
    view: &'v TextView,
    universe: Option<&'v RoaringBitmap>,
    groups: Vec<Group>,
    fit: Fit,
    segments: Vec<InSegment<'v>>,
}

impl TextView {
    /// Compiles a query, to be asked as often as it takes.
    ///
    /// # Errors
    /// When a weight is out of range, or when there are too many alternatives.
    pub fn ask<'v>(
        &'v self,
        asked: Asked<'_>,
        weights: &FieldWeights,
        universe: Option<&'v RoaringBitmap>,
    ) -> Result<Search<'v>, TextError> {
        let groups = compile(self, asked, weights)?;
        let fit = Fit::new(self, asked.query);
        Ok(Search { view: self, universe, segments: self.look_up(), groups, fit })
    }
}

impl Search<'_> {
    /// All items that match, as [`TextView::search`] gives them.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn matches(&mut self, match_: Match) -> Result<Vec<Found>, TextError> {
        let join = match match_ {
            Match::All => Join::All,
            Match::Share(share) => Join::Share(share),
        };
        let hits = self.evaluate(join, Words::AsTyped, usize::MAX)?;
        Ok(self.fitted(hits, &RoaringBitmap::new()))
    }

    /// Items that match at least this share of the query's weight, without those of `full`, which match all of it: at
    /// least the best `n` by [`Found::score`], if there are so many; the order is not defined. A begun word that the
    /// shop has is taken as it stands.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn others(&mut self, share: f32, n: usize, full: &RoaringBitmap) -> Result<Vec<Found>, TextError> {
        let weights = || self.groups.iter().map(|group| group.weight);
        let (total, lightest) = (weights().sum::<f32>(), weights().fold(f32::INFINITY, f32::min));
        if total - lightest < (share - SHARE_ERROR_MAX) * total {
            return Ok(Vec::new());
        }
        // Past the window nothing is added to a score or taken from it, so that order is by score.
        let n_max = FIT_WINDOW + n + full.len() as usize;
        let hits = self.evaluate(Join::Share(share), Words::Settled, n_max)?;
        Ok(self.fitted(hits, full))
    }

    fn evaluate(&mut self, join: Join, words: Words, n_max: usize) -> Result<Vec<Hit>, TextError> {
        self.fit.weigh(&self.groups);
        let mut best = Best::coordinated(n_max);
        self.view.evaluate(&mut self.segments, &self.groups, (join, words), self.universe, &mut best)?;
        Ok(best.finish())
    }

    fn fitted(&self, hits: Vec<Hit>, without: &RoaringBitmap) -> Vec<Found> {
        let fits = self.fit.of_best(self.view, &hits, without);
        let found = |(hit, fit): (&Hit, f32)| {
            let by_sku = hit.fields & SKU_BITS != 0;
            Found { item: hit.item, text: hit.score, fit, by_sku }
        };
        let is_new = |(hit, _): &(&Hit, f32)| !without.contains(hit.item.0);
        let fitted = hits.iter().zip(fits).filter(is_new).map(found).collect();
        give_back(hits);
        fitted
    }
}
