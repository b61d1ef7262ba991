//! What does a request search in?
//!
//! A [`TextView`] is one committed state of one text source: open segments, the statistics of exactly that state,
//! and nothing that changes. Cloning it is one reference count.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::analyzer::Language;
use super::compile::{Group, compile};
use super::document::{FieldWeights, TextField};
use super::error::TextError;
use super::evaluate::{Hit, Join, evaluate};
use super::fit::Fit;
use super::roles::Roles;
use super::schema::Fields;
use super::score::{COORDINATION, LengthFactors, length_factors};
use super::segment::Segment;
use super::statistics::Statistics;
use super::tolerance::Asked;
use crate::id::{ItemId, Seq};

/// How many groups of a query have to match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Match {
    /// Every group.
    All,
    /// Those that match have at least this share of the query's weight, from 0 (any group will do) to 1, a group
    /// weighing as much as its rarest word is rare, and nothing when the shop has none of its words. The score is
    /// held back by what did not match.
    Share(f32),
}

/// The sku's bit of every group in [`Hit::fields`].
const SKU_BITS: u64 = 0x0101_0101_0101_0101 << TextField::Sku as u32;

/// One match of a search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// The item.
    pub item: ItemId,
    /// What its words score; above 0 but for an item that something else found.
    pub text: f32,
    /// What is added or taken away because of where the words stand in the name; 0 for an item far down the list.
    pub fit: f32,
    /// Whether a word of the query is one of its skus.
    pub by_sku: bool,
}

impl Found {
    /// An item that something other than words found.
    pub fn elsewhere(item: ItemId) -> Self {
        Self { item, text: 0.0, fit: 0.0, by_sku: false }
    }

    /// Both parts together.
    pub fn score(&self) -> f32 {
        self.text + self.fit
    }
}

/// An immutable state of the text index of one text source.
#[derive(Clone)]
pub struct TextView {
    inner: Arc<Inner>,
}

struct Inner {
    seq: Seq,
    language: Language,
    fields: Fields,
    segments: Vec<Segment>,
    statistics: Statistics,
    factors: Box<LengthFactors>,
    roles: Roles,
}

impl TextView {
    pub(super) fn new(
        seq: Seq,
        language: Language,
        fields: Fields,
        segments: Vec<Segment>,
        statistics: Statistics,
    ) -> Self {
        let factors = length_factors(&statistics);
        let roles = Roles::new(language, &statistics);
        Self { inner: Arc::new(Inner { seq, language, fields, segments, statistics, factors, roles }) }
    }

    /// Everything up to this log entry is in the view.
    pub fn seq(&self) -> Seq {
        self.inner.seq
    }

    /// The language words are stemmed in.
    pub fn language(&self) -> Language {
        self.inner.language
    }

    /// Live documents.
    pub fn n_documents(&self) -> u32 {
        self.inner.statistics.documents
    }

    /// Segments that are searched one after the other; few are fast.
    pub fn n_segments(&self) -> usize {
        self.inner.segments.len()
    }

    /// All items in the universe that match the query, each once, with a score above 0.
    ///
    /// The order is **not defined** (it follows the segments): sort by score and item id before anything depends
    /// on it. Scores depend on the live documents only, to the last bit. A group matches by its best alternative
    /// and scores what that one scores; groups add up. A group without a single word (`&`) is no condition; a query
    /// without a single word matches nothing.
    ///
    /// # Errors
    /// When a weight is out of range, when there are too many alternatives, or when the index cannot be read.
    pub fn search<'q>(
        &self,
        asked: impl Into<Asked<'q>>,
        weights: &FieldWeights,
        universe: Option<&RoaringBitmap>,
        match_: Match,
    ) -> Result<Vec<Found>, TextError> {
        let asked = asked.into();
        let groups = compile(self, asked, weights)?;
        let join = match match_ {
            Match::All => Join::All,
            Match::Share(share) => Join::Share(share),
        };
        let mut hits = self.evaluate(&groups, join, universe)?;
        for hit in hits.iter_mut().filter(|hit| hit.matched < 1.0) {
            hit.score *= hit.matched.powf(COORDINATION);
        }
        let fits = Fit::new(self, asked.query, &groups).of_best(self, &hits);
        let found = |(hit, fit): (Hit, f32)| {
            let by_sku = hit.fields & SKU_BITS != 0;
            Found { item: hit.item, text: hit.score, fit, by_sku }
        };
        Ok(hits.into_iter().zip(fits).map(found).collect())
    }

    pub(super) fn evaluate(
        &self,
        groups: &[Group],
        join: Join,
        universe: Option<&RoaringBitmap>,
    ) -> Result<Vec<Hit>, TextError> {
        let mut out = Vec::new();
        let hopeless = groups.is_empty() || join == Join::All && groups.iter().any(|group| group.clauses.is_empty());
        if !hopeless && universe.is_none_or(|universe| !universe.is_empty()) {
            for segment in &self.inner.segments {
                evaluate(segment, &self.inner.factors, groups, join, universe, &mut out)?;
            }
        }
        Ok(out)
    }

    pub(super) fn fields(&self) -> &Fields {
        &self.inner.fields
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.inner.segments
    }

    pub(super) fn roles(&self) -> &Roles {
        &self.inner.roles
    }

    pub(super) fn statistics(&self) -> &Statistics {
        &self.inner.statistics
    }
}

impl std::fmt::Debug for TextView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextView")
            .field("seq", &self.seq())
            .field("language", &self.language().code())
            .field("documents", &self.n_documents())
            .field("segments", &self.n_segments())
            .finish()
    }
}
