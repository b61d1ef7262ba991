//! Was the same searched for a moment ago?
//!
//! Searches repeat: a few are asked all day, and whoever types asks for the same beginnings of words. Every ranking
//! thread keeps what the words of a search found, as long as the texts and what may be found are the very same; an
//! equal search is answered from there. What shoppers do changes neither, so that only a change of the catalog or of
//! the settings makes it look again. Nobody waits for a lock, nothing of this stands in a snapshot, and nothing here
//! keeps an old one alive. Bounded in bytes; what was not asked for the longest goes first.
//! What is not here: what words find (`relax`), and everything that differs from shopper to shopper.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use planogram_abi::Query;
use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::eligible::Universe;
use super::relax::{Finding, Words, find};
use super::request::Degraded;
use super::run::{Run, Subject};
use crate::limits::{SEARCH_MOMENTS_KEPT_MAX, SEARCHES_KEPT_BYTES_MAX};
use crate::snapshot::spelling::ExactWords;
use crate::text::{FieldWeights, Found, TextViewMark};

/// What a kept search weighs besides its matches and texts, in bytes.
const SEARCH_BYTES: usize = 512;

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// What the words of a search match, as far as it has to be relaxed; in no particular order.
pub(super) fn text_matches(run: &mut Run<'_>, query: &Query, universe: &Universe) -> Vec<Found> {
    let snapshot = run.snapshot;
    let Some(view) = snapshot.text.view(&run.view.text_source) else { return Vec::new() };
    let typed = match &run.subject {
        Subject::Search { text } => text.as_str(),
        _ => "",
    };
    let shop = &run.epoch.shop;
    let within = &universe.base.items;
    let words = Words { view, weights: &shop.field_weights, exact: &shop.exact_words, typed, within };
    let finding = if universe.is_lasting {
        let known = KEPT.with_borrow_mut(|kept| kept.find(words, within, query));
        known.unwrap_or_else(|| {
            let finding = Arc::new(find(words, query));
            KEPT.with_borrow_mut(|kept| kept.keep(words, within, query, &finding));
            finding
        })
    } else {
        Arc::new(find(words, query))
    };
    said(run, &finding)
}

/// Tells the request how its words were read.
fn said(run: &mut Run<'_>, finding: &Finding) -> Vec<Found> {
    run.relaxed.extend_from_slice(&finding.relaxed);
    run.degraded.extend(finding.failures.iter().map(|detail| Degraded {
        plugin: "kernel".into(),
        contribution: "text".into(),
        reason: "failed".into(),
        detail: detail.clone(),
    }));
    if !finding.found.is_empty() {
        run.did_you_mean.clone_from(&finding.did_you_mean);
        run.read_as = run.read_as.take().and_then(|_| finding.read_as.clone());
    }
    finding.found.clone()
}

/// Forgets what this thread keeps, so that the next search looks for itself.
pub fn forget() {
    KEPT.with_borrow_mut(|kept| *kept = Kept::default());
}

/// How many searches this thread answered from what it kept since it last forgot.
pub fn answered() -> u64 {
    KEPT.with_borrow(|kept| kept.answered)
}

/// Searches by what they were asked of.
#[derive(Default)]
struct Kept {
    moments: Vec<Moment>,
    bytes: usize,
    /// Counts questions; the time of this cache.
    clock: u64,
    /// Counts those that were answered.
    answered: u64,
}

/// Searches of the same texts, under the same settings, among the same products.
struct Moment {
    view: TextViewMark,
    within: Weak<RoaringBitmap>,
    weights: FieldWeights,
    exact: ExactWords,
    /// By what was typed; a store view's synonyms may make several queries of it.
    searches: FxHashMap<Box<str>, SmallVec<[Search; 1]>>,
    asked: u64,
}

struct Search {
    query: Query,
    finding: Arc<Finding>,
    asked: u64,
}

impl Search {
    fn bytes(&self) -> usize {
        let queries = std::iter::once(&self.query).chain(&self.finding.read_as);
        let alternatives = queries.flat_map(|query| &query.groups).flat_map(|group| &group.alternatives);
        let words: usize = alternatives.map(|one| size_of_val(one) + one.text.len()).sum();
        let relaxed: usize = self.finding.relaxed.iter().map(String::len).sum();
        SEARCH_BYTES + size_of_val(&self.finding.found[..]) + words + relaxed
    }
}

impl Moment {
    fn is_it(&self, words: Words<'_>, within: &Arc<RoaringBitmap>) -> bool {
        // What a weak reference points to is not reused while it is there.
        self.view.is_of(words.view)
            && std::ptr::eq(self.within.as_ptr(), Arc::as_ptr(within))
            && self.weights == *words.weights
            && self.exact.is_same(words.exact)
    }

    fn is_over(&self) -> bool {
        self.view.is_gone() || self.within.strong_count() == 0
    }

    fn bytes(&self) -> usize {
        self.searches.values().flatten().map(Search::bytes).sum()
    }
}

impl Kept {
    fn find(&mut self, words: Words<'_>, within: &Arc<RoaringBitmap>, query: &Query) -> Option<Arc<Finding>> {
        self.clock += 1;
        let moment = self.moments.iter_mut().find(|moment| moment.is_it(words, within))?;
        moment.asked = self.clock;
        let search = moment.searches.get_mut(words.typed)?.iter_mut().find(|search| search.query == *query)?;
        search.asked = self.clock;
        self.answered += 1;
        Some(search.finding.clone())
    }

    fn keep(&mut self, words: Words<'_>, within: &Arc<RoaringBitmap>, query: &Query, finding: &Arc<Finding>) {
        let search = Search { query: query.clone(), finding: finding.clone(), asked: self.clock };
        // What failed is tried again, and one search does not drive all others out.
        if !finding.failures.is_empty() || search.bytes() > SEARCHES_KEPT_BYTES_MAX / 8 {
            return;
        }
        let at = self.moments.iter().position(|moment| moment.is_it(words, within)).unwrap_or_else(|| {
            self.make_room();
            self.moments.push(Moment {
                view: words.view.mark(),
                within: Arc::downgrade(within),
                weights: *words.weights,
                exact: words.exact.clone(),
                searches: FxHashMap::default(),
                asked: self.clock,
            });
            self.moments.len() - 1
        });
        self.bytes += search.bytes();
        self.moments[at].searches.entry(words.typed.into()).or_default().push(search);
        if self.bytes > SEARCHES_KEPT_BYTES_MAX {
            self.shed();
        }
    }

    /// Lets the moments go that are over, and when there are too many, the one that was not asked about the longest.
    fn make_room(&mut self) {
        self.moments.retain(|moment| !moment.is_over());
        if self.moments.len() >= SEARCH_MOMENTS_KEPT_MAX {
            let oldest = (0..self.moments.len()).min_by_key(|at| self.moments[*at].asked).unwrap_or(0);
            self.moments.swap_remove(oldest);
        }
        self.bytes = self.moments.iter().map(Moment::bytes).sum();
    }

    /// Lets the half go that was not asked for the longest.
    fn shed(&mut self) {
        let searches = self.moments.iter().flat_map(|moment| moment.searches.values().flatten());
        let mut asked: Vec<u64> = searches.map(|search| search.asked).collect();
        let middle = asked.len() / 2;
        let (_, &mut middle, _) = asked.select_nth_unstable(middle);
        for moment in &mut self.moments {
            moment.searches.retain(|_, searches| {
                searches.retain(|search| search.asked > middle);
                !searches.is_empty()
            });
        }
        self.bytes = self.moments.iter().map(Moment::bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use planogram_abi::{Alternative, TermGroup};

    use super::*;
    use crate::id::ItemId;
    use crate::text::{TextDoc, TextIndex, TextView, Tolerance};

    fn view() -> TextView {
        let (mut index, _) = TextIndex::open(None, "en-US", Tolerance::default()).unwrap();
        index.apply(&[TextDoc::named(ItemId(1), "red lamp"), TextDoc::named(ItemId(2), "blue lamp")], &[]).unwrap();
        index.commit(1).unwrap()
    }

    fn query(text: &str) -> Query {
        let own = Alternative { text: text.to_owned(), weight: 1.0, prefix: false };
        Query { groups: vec![TermGroup { alternatives: vec![own] }], redirect: None }
    }

    #[test]
    fn a_search_is_known_again_by_its_texts_products_settings_and_words() {
        let (here, there) = (view(), view());
        let (weights, exact) = (FieldWeights::default(), ExactWords::default());
        let other = FieldWeights { name: 1.0, ..weights };
        let within: Arc<RoaringBitmap> = Arc::new((0..9).collect());
        let same: Arc<RoaringBitmap> = Arc::new((0..9).collect());
        let words = Words { view: &here, weights: &weights, exact: &exact, typed: "lamp", within: &within };
        let mut kept = Kept::default();
        let finding = Arc::new(find(words, &query("lamp")));
        assert_eq!(finding.found.len(), 2);
        kept.keep(words, &within, &query("lamp"), &finding);
        assert!(kept.find(words, &within, &query("lamp")).is_some_and(|known| Arc::ptr_eq(&known, &finding)));
        let mut is_known = |words: Words<'_>, within, text: &str| kept.find(words, within, &query(text)).is_some();
        assert!(!is_known(words, &same, "lamp"), "equal products, but not the very same set");
        assert!(!is_known(words, &within, "lamps"));
        assert!(!is_known(Words { view: &there, ..words }, &within, "lamp"));
        assert!(!is_known(Words { weights: &other, ..words }, &within, "lamp"));
        assert!(!is_known(Words { typed: "\"lamp\"", ..words }, &within, "lamp"));
        drop(here);
        kept.make_room();
        assert_eq!((kept.moments.len(), kept.bytes), (0, 0), "nothing is kept of texts that are gone");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (view, weights, exact) = (view(), FieldWeights::default(), ExactWords::default());
        let sets: Vec<Arc<RoaringBitmap>> = (0..40).map(|_| Arc::new((0..9).collect())).collect();
        let mut kept = Kept::default();
        for n in 0..20_000 {
            let (typed, within) = (format!("lamp {n}"), &sets[n % sets.len()]);
            let words = Words { view: &view, weights: &weights, exact: &exact, typed: &typed, within };
            assert!(kept.find(words, within, &query(&typed)).is_none());
            kept.keep(words, within, &query(&typed), &Arc::new(Finding::default()));
            assert!(kept.bytes <= SEARCHES_KEPT_BYTES_MAX && kept.moments.len() <= SEARCH_MOMENTS_KEPT_MAX);
        }
        let all: usize = kept.moments.iter().map(Moment::bytes).sum();
        assert_eq!(kept.bytes, all);
        let mut wide = query("x");
        let one = wide.groups[0].alternatives[0].clone();
        wide.groups[0].alternatives = vec![Alternative { text: "y".repeat(100), ..one }; 1_000];
        let search = Search { query: wide, finding: Arc::default(), asked: 0 };
        assert!(search.bytes() > 100_000, "words count, too");
        let large =
            Finding { found: vec![Found::elsewhere(ItemId(1)); SEARCHES_KEPT_BYTES_MAX / 64], ..Finding::default() };
        let words = Words { view: &view, weights: &weights, exact: &exact, typed: "x", within: &sets[0] };
        kept.keep(words, &sets[0], &query("x"), &Arc::new(large));
        assert!(kept.find(words, &sets[0], &query("x")).is_none(), "too large to be kept");
    }
}
