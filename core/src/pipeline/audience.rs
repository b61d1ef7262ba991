//! Which audiences is the shopper of a request in?
//!
//! Those the caller vouches for, those another system named, and those whose conditions hold for the profile at the
//! request's time, in its store view and at its prices. Resolved once at the beginning; a shop without audiences pays
//! nothing for it.

use std::sync::LazyLock;

use roaring::RoaringBitmap;

use super::request::{ListRequest, QueryError};
use super::run::Run;
use crate::catalog::Catalog;
use crate::expr::EvalContext;
use crate::expr::audience::Person;
use crate::host::Attempt;
use crate::id::ItemId;
use crate::signal::key::visitor_key;
use crate::snapshot::{Epoch, Snapshot};
use crate::visitor::Visitor;

static NOBODY: LazyLock<Visitor> = LazyLock::new(Visitor::default);

/// Audiences of the shopper, each once: those the caller vouches for as they were given, then the others in order.
pub(super) fn resolve<'a>(
    snapshot: &'a Snapshot,
    epoch: &'a Epoch,
    request: &'a ListRequest,
    context: &EvalContext<'_>,
) -> Vec<&'a str> {
    let shopper = &request.shopper;
    let mut audiences: Vec<&str> = Vec::with_capacity(shopper.audiences.len());
    for audience in shopper.audiences.iter().map(String::as_str) {
        if !audiences.contains(&audience) {
            audiences.push(audience);
        }
    }
    let vouched = audiences.len();
    let visitors = &snapshot.visitors;
    let known = visitors.get(shopper.visitor.as_deref(), shopper.customer.as_deref());
    let mut others = known.map(|visitor| visitors.outside().audiences_of(visitor)).unwrap_or_default();
    let set = &epoch.shop.audiences;
    if !set.is_empty() {
        let signed_in = |browser: &str| visitors.account_of(visitor_key(browser)).is_some();
        let has_account = shopper.customer.as_deref().is_some_and(|customer| !customer.is_empty());
        let cart = cart(request, &snapshot.catalog);
        let person = Person {
            visitor: known.unwrap_or(&NOBODY),
            is_registered: has_account
                || known.is_some_and(|visitor| visitor.is_account)
                || shopper.visitor.as_deref().is_some_and(signed_in),
            cart: (!shopper.cart.is_empty()).then_some(&cart[..]),
            group: shopper.customer_group.as_deref(),
            outside: visitors.outside(),
            vouched: &shopper.audiences,
        };
        others.extend(set.of(&person, &snapshot.catalog, context));
        others.sort_unstable();
        others.dedup();
    }
    others.retain(|audience| !audiences[..vouched].contains(audience));
    audiences.extend(others);
    audiences
}

/// The cart that a request names: a sku as often as it stands there.
fn cart(request: &ListRequest, catalog: &Catalog) -> Vec<(ItemId, f32)> {
    let mut cart: Vec<(ItemId, f32)> = Vec::new();
    for item in request.shopper.cart.iter().filter_map(|sku| catalog.item(sku)) {
        match cart.iter_mut().find(|(known, _)| *known == item) {
            Some(line) => line.1 += 1.0,
            None => cart.push((item, 1.0)),
        }
    }
    cart
}

/// The audiences of who asks, as every list for the same shopper sees them.
///
/// # Errors
/// As [`rank_list`](super::run::rank_list).
pub fn membership(
    snapshot: &Snapshot,
    epoch: &Epoch,
    request: &ListRequest,
    attempt: &Attempt,
) -> Result<Vec<String>, QueryError> {
    let taken = RoaringBitmap::new();
    let run = Run::begin(snapshot, epoch, request, &taken, attempt)?;
    Ok(run.audiences.iter().map(|audience| (*audience).to_owned()).collect())
}
