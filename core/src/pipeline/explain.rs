//! Why is this product not here?
//!
//! Walks the same steps as a served request, with the same code, and names the first one that stopped the
//! product; if none did, says where it stands.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::lend::Lent;
use super::request::QueryError;
use super::request::{ListRequest, Page};
use super::run::{self, Keep, Run, Subject};
use super::{eligible, retrieve, understand};
use crate::host::{Attempt, CallContext};
use crate::limits::PAGE_SIZE_MAX;
use crate::snapshot::{Epoch, Snapshot};

/// The first thing that keeps `sku` out of a list, or its place in it.
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
            return Ok(format!("category `{name}` is kept from the shopper's customer group"));
        }
        begun => begun?,
    };
    let understanding = understand::understand(&mut run);
    let universe = eligible::eligible(&mut run, &understanding);
    if let Some(obstacle) = eligible::obstacle(&run, &understanding, &universe, item) {
        return Ok(obstacle);
    }
    let matches = retrieve::retrieve(&mut run, &understanding, &universe);
    if matches.row_of(item.0).is_none() {
        return Ok(run.no_match_words().to_owned());
    }
    place(snapshot, epoch, request, item.0, attempt)
}

/// Where an item that is in the list stands, looking through as many items as paging reaches at once.
fn place(
    snapshot: &Snapshot,
    epoch: &Epoch,
    request: &ListRequest,
    item: u32,
    attempt: &Attempt,
) -> Result<String, QueryError> {
    let whole = ListRequest { page: Page { number: 1, size: PAGE_SIZE_MAX }, facets: Some(vec![]), ..request.clone() };
    let answer = run::rank_list(snapshot, epoch, &whole, &RoaringBitmap::new(), attempt, Keep::Nothing)?;
    Ok(match answer.items.iter().find(|hit| hit.item.0 == item) {
        Some(hit) => {
            let page = hit.position / request.page.size + 1;
            format!("it is here: position {} of {}, on page {page}", hit.position + 1, answer.total)
        }
        None => format!("it matches, but stands behind position {} of {}", answer.items.len(), answer.total),
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
