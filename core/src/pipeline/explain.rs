//! Why is this product not here?
//!
//! Walks the same steps as a served request, with the same code, and names the first one that stopped the
//! product; if none did, says where it stands. The sentences stand in `words`.

use std::cell::RefCell;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::eligible::Universe;
use super::lend::Lent;
use super::request::QueryError;
use super::request::{ListRequest, Page};
use super::run::{self, Confinement, Keep, Run, Subject};
use super::words::{Answer, Confined};
use super::{eligible, retrieve, understand};
use crate::catalog::hybrid::HybridMode;
use crate::expr::{Condition, Refusal, StoredCondition, refusal, relate};
use crate::host::{Attempt, CallContext};
use crate::id::{ItemId, VariantId};
use crate::limits::PAGE_SIZE_MAX;
use crate::snapshot::{Epoch, Snapshot};

/// Most sources of a unit whose say about a product is passed on.
const SOURCES_MAX: usize = 5;

/// The first thing that keeps `sku` out of a list, or its place in it, in words.
///
/// # Errors
/// As [`run::rank_list`]; an unknown sku is [`QueryError::NotFound`].
pub fn why_not(
    snapshot: &Snapshot,
    epoch: &Epoch,
    request: &ListRequest,
    sku: &str,
    attempt: &Attempt,
) -> Result<String, QueryError> {
    let item = snapshot
        .catalog
        .item(sku)
        .ok_or_else(|| QueryError::NotFound { what: "product".into(), name: sku.to_owned() })?;
    let taken = RoaringBitmap::new();
    let mut run = match Run::begin(snapshot, epoch, request, &taken, attempt) {
        Err(QueryError::NotFound { what, name })
            if what == "category" && snapshot.catalog.category(&name).is_some() =>
        {
            return Ok(Answer::CategoryKept { path: name }.to_string());
        }
        begun => begun?,
    };
    run.confined = Some(RefCell::default());
    let understanding = understand::understand(&mut run);
    let universe = eligible::eligible(&mut run, &understanding);
    if let Some(obstacle) = eligible::obstacle(&run, &understanding, &universe, item) {
        return Ok(obstacle.to_string());
    }
    let matches = retrieve::retrieve(&mut run, &understanding, &universe);
    if matches.row_of(item.0).is_none() {
        return Ok(no_match(&run, &universe, matches.len(), item).to_string());
    }
    Ok(place(&run, item)?.to_string())
}

/// Why an item that may be shown is not among so many matches.
fn no_match(run: &Run<'_>, universe: &Universe, n: usize, item: ItemId) -> Answer {
    let catalog = &run.snapshot.catalog;
    match &run.subject {
        Subject::Search { text } => {
            let by_vector = run.vector.is_some() || run.view.hybrid.mode == HybridMode::Learned;
            Answer::NoTextMatch { text: text.clone(), by_vector }
        }
        Subject::Category { path, .. } => {
            let placed = run.members().placed_in(item).filter(|id| !run.hidden.contains(*id));
            let categories = placed.map(|id| catalog.category_path(id).join("/")).collect();
            Answer::NotInCategory { path: path.clone(), categories }
        }
        Subject::Unit { unit, .. } => {
            let said = run.confined.as_ref().map(RefCell::take).unwrap_or_default();
            let sources = said.iter().take(SOURCES_MAX).map(|one| confined(run, universe, item, one));
            let (sources, unit_type): (Vec<Confined>, _) = (sources.collect(), unit.unit_type.clone());
            if sources.is_empty() && n >= unit.limit as usize {
                return Answer::NotReached { unit_type };
            }
            Answer::NotProposed { unit_type, sources }
        }
    }
}

/// What a source that is confined to a condition makes of an item: relative to each of its anchors, if it is relative.
fn confined(run: &Run<'_>, universe: &Universe, item: ItemId, said: &Confinement) -> Confined {
    let catalog = &run.snapshot.catalog;
    let context = run.eval_context();
    let condition = run.epoch.conditions.get(said.condition).map(StoredCondition::condition);
    let variants = catalog.variants_of(item).iter().copied();
    let variants: Vec<VariantId> = variants.filter(|variant| universe.variants.contains(variant.0)).collect();
    let refusal_of = |condition: &Condition| refusal(condition, catalog, &variants, &context);
    let who = said.source.clone();
    let Some(condition) = condition.filter(|condition| condition.is_relative()) else {
        return Confined { who, beside: Vec::new(), refusal: condition.and_then(refusal_of) };
    };
    let is_known = |anchor: &&u32| (**anchor as usize) < catalog.item_bound();
    let tried = said.anchors.iter().filter(is_known).map(|&anchor| {
        let related = relate(condition, catalog, ItemId(anchor), &context);
        (catalog.sku_of(ItemId(anchor)).to_owned(), refusal_of(&related))
    });
    let tried: Vec<(String, Option<Refusal>)> = tried.collect();
    // It fits beside one of them, or it is said what the first of them asks for.
    let told = tried.iter().find(|(_, refusal)| refusal.is_none()).or(tried.first()).cloned();
    let (beside, refusal) = told.map_or((Vec::new(), None), |(sku, refusal)| (vec![sku], refusal));
    Confined { who, beside, refusal }
}

/// Where an item that is in the list stands, looking through as many items as paging reaches at once.
fn place(run: &Run<'_>, item: ItemId) -> Result<Answer, QueryError> {
    let request = run.request;
    let whole = ListRequest { page: Page { number: 1, size: PAGE_SIZE_MAX }, facets: Some(vec![]), ..request.clone() };
    let (nothing, keep) = (RoaringBitmap::new(), Keep::Nothing);
    let answer = run::rank_list(run.snapshot, run.epoch, &whole, &nothing, run.attempt, keep)?;
    let total = answer.total;
    Ok(match (answer.items.iter().find(|hit| hit.item == item), &run.subject) {
        (Some(hit), _) => {
            Answer::Here { position: hit.position + 1, total, page: hit.position / request.page.size + 1 }
        }
        (None, Subject::Unit { .. }) => Answer::BehindLimit { limit: total },
        (None, _) => Answer::FarBehind { listed: answer.items.len(), total },
    })
}

/// Lends a plugin the shop outside any list: an empty search in the store view and at the time of `asked`, in which
/// everything is eligible that any list shows.
///
/// # Errors
/// When the shop has no such store view to look through.
pub fn with_context<T>(
    snapshot: &Snapshot,
    epoch: &Epoch,
    asked: &ListRequest,
    attempt: &Attempt,
    ask: impl FnOnce(&CallContext<'_>) -> T,
) -> Result<T, QueryError> {
    let page = Page { number: 1, size: 1 };
    let request = ListRequest { page, facets: Some(Vec::new()), ..asked.clone() };
    let taken = RoaringBitmap::new();
    let mut run = Run::begin(snapshot, epoch, &request, &taken, attempt)?;
    let nothing = understand::Understanding::default();
    let mut universe = eligible::eligible(&mut run, &nothing);
    // What only a search with words shows.
    let browsing = std::mem::replace(&mut run.subject, Subject::Search { text: "words".into() });
    let searched = eligible::eligible(&mut run, &nothing);
    run.subject = browsing;
    universe.variants = Arc::new(&*universe.variants | &*searched.variants);
    universe.items = Arc::new(&*universe.items | &*searched.items);
    Ok(run.with_context(Lent { universe: Some(&universe), batch: None }, ask))
}
