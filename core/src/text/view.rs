//! What does a request search in?
//!
//! A [`TextView`] is one committed state of one text source: open segments, the statistics of exactly that state,
//! and nothing that changes. Cloning it is one reference count.

use std::sync::{Arc, Weak};

use roaring::RoaringBitmap;

use super::analyzer::Language;
use super::best::Best;
use super::compile::{Group, Words};
use super::document::FieldWeights;
use super::error::TextError;
use super::evaluate::{InSegment, Join};
use super::roles::Roles;
use super::schema::Fields;
use super::score::{LengthFactors, length_factors};
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

/// Knows a view again without keeping it.
#[derive(Clone)]
pub struct TextViewMark(Weak<Inner>);

impl TextViewMark {
    /// Whether it is the mark of this very view.
    pub fn is_of(&self, view: &TextView) -> bool {
        // What a mark points to is not reused while the mark is there.
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(&view.inner))
    }

    /// Whether nobody has the view any more.
    pub fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
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
    /// What this very view is known by.
    pub fn mark(&self) -> TextViewMark {
        TextViewMark(Arc::downgrade(&self.inner))
    }

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
        self.ask(asked.into(), weights, universe)?.matches(match_)
    }

    /// The segments, ready for a query to be looked up in.
    pub(super) fn look_up(&self) -> Vec<InSegment<'_>> {
        let Inner { segments, factors, .. } = &*self.inner;
        segments.iter().map(|segment| InSegment::new(segment, factors)).collect()
    }

    /// Hands over every live match of the universe; `segments` are the view's own, and belong to these groups.
    pub(super) fn evaluate(
        &self,
        segments: &mut [InSegment<'_>],
        groups: &[Group],
        (join, words): (Join, Words),
        universe: Option<&RoaringBitmap>,
        best: &mut Best,
    ) -> Result<(), TextError> {
        let hopeless = groups.is_empty() || join == Join::All && groups.iter().any(|group| group.clauses.is_empty());
        if !hopeless && universe.is_none_or(|universe| !universe.is_empty()) {
            for segment in segments {
                segment.evaluate(groups, join, words, universe, best)?;
            }
        }
        Ok(())
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
