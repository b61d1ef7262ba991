//! What might the shopper want to type?
//!
//! First what other shoppers typed and found something with, the most used first; then what product names say from
//! the begun words on ("sport" is the beginning of "sport pant" in "Supernova Sport Pant"); then categories. Nothing
//! that only one or two people typed is ever shown, see `signal/queries`. Beside the first page of results the names of
//! these results are read, which costs next to nothing; while something is typed, names are searched when so few
//! products can match that it is quick, and else only their words are offered. Where nothing else completes a
//! misspelled last word, its likeliest correction is tried.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::RoaringBitmap;
use smallvec::SmallVec;

use super::members;
use super::request::*;
use super::run::{Run, Subject};
use crate::catalog::access::HiddenCategories;
use crate::catalog::doc::PRODUCTS;
use crate::catalog::views::{OutOfStock, StoreView};
use crate::catalog::{Purpose, StockRule, UniverseQuery};
use crate::expr::Members;
use crate::limits::{
    QUERY_CHARS_MAX, SUGGESTION_CATEGORIES_MAX, SUGGESTION_NAMES_MAX, SUGGESTION_PRODUCTS_MAX, SUGGESTION_WORDS_MORE,
    SUGGESTIONS_BESIDE_MAX, SUGGESTIONS_MAX,
};
use crate::snapshot::{Epoch, Snapshot};
use crate::text::{self, LastWord, Match, TextView, read_query};

/// Answers a search box.
///
/// # Errors
/// When the store view does not exist, or a parameter is out of range.
pub fn suggest(snapshot: &Snapshot, epoch: &Epoch, request: &SuggestRequest) -> Result<SuggestAnswer, QueryError> {
    check(request)?;
    let view = epoch.shop.store_view(&request.store_view);
    let view =
        view.ok_or_else(|| QueryError::NotFound { what: "store view".into(), name: request.store_view.clone() })?;
    let group = request.customer_group.as_deref();
    let smart = members::of_view(snapshot, epoch, &view, snapshot.now_ms);
    let tree = Members { catalog: &snapshot.catalog, smart: smart.as_deref() };
    let hidden = epoch.shop.hidden_categories(tree, &view.code, group, snapshot.now_ms);
    let mut box_ = SearchBox::of(snapshot, epoch, &view, &hidden, &request.text, request.limit);
    box_.take_used_queries(&request.text);
    if !box_.typed.is_empty() {
        box_.take_names(&request.text);
        box_.take_categories();
        if box_.found.is_empty() {
            box_.correct(&request.text);
        }
    }
    Ok(SuggestAnswer { suggestions: box_.found, as_of: snapshot.as_of(epoch) })
}

/// What to suggest beside the results of a search.
pub(super) fn beside(run: &Run<'_>, hits: &[Hit]) -> Vec<String> {
    let Subject::Search { text } = &run.subject else { return Vec::new() };
    // Whoever turns pages has found what to search for.
    if text.is_empty() || run.request.page.number > 1 {
        return Vec::new();
    }
    let mut box_ = SearchBox::of(run.snapshot, run.epoch, &run.view, &run.hidden, text, SUGGESTIONS_BESIDE_MAX);
    box_.take_used_queries(text);
    box_.take_phrases(hits.iter().take(SUGGESTION_NAMES_MAX).map(|hit| hit.name.as_str()));
    let catalog = &run.snapshot.catalog;
    let inside = format!(" {}", box_.typed);
    let mut seen = BTreeSet::new();
    for hit in hits.iter().take(SUGGESTION_NAMES_MAX) {
        if box_.is_full() {
            break;
        }
        for place in catalog.product(hit.item).iter().flat_map(|product| &product.placements) {
            let above = std::iter::once(place.category).chain(catalog.ancestors(place.category));
            // What is above one that was seen was seen with it.
            let shown = above.take_while(|id| seen.insert(*id)).filter(|id| !run.hidden.contains(*id));
            shown.filter_map(|id| catalog.category_node(id)).for_each(|node| box_.take_category(&node.name, &inside));
        }
    }
    box_.found.into_iter().map(|suggestion| suggestion.text).collect()
}

fn check(request: &SuggestRequest) -> Result<(), QueryError> {
    let n_chars = request.text.chars().count();
    let invalid = |parameter: &str, message: String, allowed: String| {
        Err(QueryError::Invalid { parameter: parameter.into(), message, allowed })
    };
    if n_chars > QUERY_CHARS_MAX {
        return invalid("q", format!("`q` has {n_chars} characters"), format!("at most {QUERY_CHARS_MAX} allowed"));
    }
    if request.limit == 0 || request.limit > SUGGESTIONS_MAX {
        return invalid("limit", format!("`limit` is {}", request.limit), format!("1 to {SUGGESTIONS_MAX} allowed"));
    }
    Ok(())
}

/// Suggestions in the making.
struct SearchBox<'a> {
    snapshot: &'a Snapshot,
    epoch: &'a Epoch,
    view: &'a StoreView,
    /// What the shopper does not see is not suggested either.
    hidden: &'a HiddenCategories,
    /// What was typed, in small letters, single spaces.
    typed: String,
    limit: usize,
    found: Vec<Suggestion>,
}

impl<'a> SearchBox<'a> {
    fn of(
        snapshot: &'a Snapshot,
        epoch: &'a Epoch,
        view: &'a StoreView,
        hidden: &'a HiddenCategories,
        text: &str,
        limit: usize,
    ) -> Self {
        Self { snapshot, epoch, view, hidden, typed: lower(text), limit, found: Vec::new() }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Takes a text that is new and is not what was typed already.
    fn take(&mut self, text: &str, kind: SuggestionKind) {
        let is_known = text == self.typed || self.found.iter().any(|known| known.text == text);
        if !is_known && !self.is_full() && !self.epoch.shop.never_suggested.forbids(text) {
            self.found.push(Suggestion { text: text.to_owned(), kind });
        }
    }

    fn take_used_queries(&mut self, text: &str) {
        let mut begun = text::analyze(&self.view.locale, text).join(" ");
        if !begun.is_empty() && text.ends_with(char::is_whitespace) {
            begun.push(' ');
        }
        // More than wanted, since some may be forbidden.
        let used = self.snapshot.signals.used_queries(&self.view.code, &begun, SUGGESTIONS_MAX);
        used.iter().for_each(|text| self.take(text, SuggestionKind::Query));
    }

    /// What names say from the begun words on: what more of them say first, then in the order of the names.
    fn take_phrases<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        if self.is_full() || self.typed.is_empty() {
            return;
        }
        let words = self.typed.split(' ').count() + SUGGESTION_WORDS_MORE;
        let mut phrases: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for name in names.filter(|name| may_say(name, &self.typed)) {
            let name = lower(name);
            let begins = std::iter::once(0).chain(name.match_indices(' ').map(|(at, _)| at + 1));
            for begun in begins.map(|at| &name[at..]).filter(|rest| rest.starts_with(self.typed.as_str())) {
                let phrase = begun.split(' ').take(words).collect::<Vec<_>>().join(" ");
                let order = phrases.len();
                phrases.entry(trimmed(&phrase)).or_insert((0, order)).0 += 1;
            }
        }
        let mut phrases: Vec<(String, (usize, usize))> = phrases.into_iter().collect();
        phrases.sort_by(|a, b| b.1.0.cmp(&a.1.0).then(a.1.1.cmp(&b.1.1)));
        phrases.iter().for_each(|(phrase, _)| self.take(phrase, SuggestionKind::Name));
    }

    /// Names of products that match, when few can; the words they may go on with otherwise.
    fn take_names(&mut self, text: &str) {
        let Some(texts) = self.snapshot.text.view(&self.view.text_source).filter(|_| !self.is_full()) else { return };
        let begun = self.typed.rsplit(' ').next().unwrap_or_default().to_owned();
        let completions = texts.completions(&begun, SUGGESTIONS_MAX);
        let n_products: u32 = completions.iter().map(|word| word.documents).fold(0, u32::saturating_add);
        if n_products <= SUGGESTION_PRODUCTS_MAX {
            let names = self.matching_names(texts, text);
            self.take_phrases(names.iter().map(String::as_str));
        } else if begun == self.typed {
            let seen = completions.iter().filter(|word| self.is_seen(texts, &word.word)).collect::<Vec<_>>();
            seen.iter().for_each(|word| self.take(&word.word, SuggestionKind::Name));
        }
    }

    fn matching_names(&self, texts: &TextView, text: &str) -> Vec<String> {
        let catalog = &self.snapshot.catalog;
        let shown = self.shown_items();
        let query = read_query(texts.language(), text, LastWord::Begun);
        let weights = &self.epoch.shop.field_weights;
        // What the index cannot answer is left out of a suggestion; the search itself says so.
        let mut found = texts.search(&query, weights, Some(&shown), Match::All).unwrap_or_default();
        found.sort_unstable_by(|a, b| b.score().total_cmp(&a.score()).then(a.item.cmp(&b.item)));
        let products = found.iter().take(SUGGESTION_NAMES_MAX).filter_map(|found| catalog.product(found.item));
        products.map(|product| product.name_in(&self.view.code).to_owned()).collect()
    }

    /// The products that a search may show.
    fn shown_items(&self) -> Arc<RoaringBitmap> {
        let stock = if self.view.out_of_stock == OutOfStock::Hide { StockRule::InStock } else { StockRule::Any };
        let shown = UniverseQuery { collection: PRODUCTS, purpose: Purpose::Search, view: &self.view.code, stock };
        let items = self.snapshot.catalog.universe(shown).items;
        if self.hidden.items().is_empty() { items } else { Arc::new(&*items - self.hidden.items()) }
    }

    /// Is a word of the dictionary, which knows nothing of customer groups, said by the name of a product that is shown?
    /// The name of a category that is hidden may be a word of such a product, too.
    fn is_seen(&self, texts: &TextView, word: &str) -> bool {
        // With a space behind it the word is whole.
        let says = |name: &String| lower(name).contains(word);
        self.hidden.is_empty() || self.matching_names(texts, &format!("{word} ")).iter().any(says)
    }

    fn take_categories(&mut self) {
        let inside = format!(" {}", self.typed);
        let nodes = self.snapshot.catalog.categories().filter(|(id, _)| !self.hidden.contains(*id));
        let nodes: Vec<_> = nodes.take(SUGGESTION_CATEGORIES_MAX).collect();
        for (_, node) in nodes.into_iter().filter(|(_, node)| !node.members().is_empty()) {
            if self.is_full() {
                return;
            }
            self.take_category(&node.name, &inside);
        }
    }

    /// Takes a category whose name begins as typed, or has a word that does: it holds `inside`, which is what was typed
    /// behind a space.
    fn take_category(&mut self, name: &str, inside: &str) {
        if !self.is_full() {
            let name = lower(name);
            let begins = name.starts_with(&self.typed) || name.contains(inside);
            if begins && !self.typed.is_empty() {
                self.take(&name, SuggestionKind::Category);
            }
        }
    }

    /// Tries again with the likeliest correction of the last word.
    fn correct(&mut self, text: &str) {
        let Some(texts) = self.snapshot.text.view(&self.view.text_source) else { return };
        let last = text.split_whitespace().last().filter(|last| !self.epoch.shop.exact_words.contains(last));
        let Some(last) = last else { return };
        let corrections = texts.corrections(last, 1);
        let Some(correction) = corrections.first().filter(|word| self.is_seen(texts, &word.word)) else { return };
        let before = text.trim_end().strip_suffix(last).unwrap_or_default();
        let corrected = format!("{before}{}", correction.word);
        self.typed = lower(&corrected);
        self.take_used_queries(&corrected);
        self.take_names(&corrected);
        let typed = std::mem::take(&mut self.typed);
        self.take(&typed, SuggestionKind::Name);
        self.typed = typed;
    }
}

/// False when a name surely does not go on as the typed words do from any of its words on; few names do, and making
/// small letters of the others would cost more than this.
fn may_say(name: &str, typed: &str) -> bool {
    let begins_so = |word: &str, head: &str| {
        word.as_bytes().get(..head.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(head.as_bytes()))
    };
    let (whole, begun) = typed.rsplit_once(' ').unwrap_or(("", typed));
    let whole: SmallVec<[&str; 8]> = whole.split_whitespace().collect();
    let words: SmallVec<[&str; 16]> = name.split_whitespace().collect();
    let says = |words: &[&str]| {
        let (head, last) = words.split_at(whole.len());
        begins_so(last[0], begun) && head.iter().zip(&whole).all(|(word, typed)| word.eq_ignore_ascii_case(typed))
    };
    !name.is_ascii() || words.windows(whole.len() + 1).any(says)
}

/// Small letters, single spaces.
fn lower(text: &str) -> String {
    let text = text.to_lowercase();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without the punctuation a cut leaves at the end.
fn trimmed(phrase: &str) -> String {
    phrase.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '"' && c != ')').to_owned()
}
