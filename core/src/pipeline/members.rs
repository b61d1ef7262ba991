//! Who is in a category for this request?
//!
//! The tree as the request sees it: what hangs in it, and the members that smart categories have at its time, in its
//! store view and under its overlays. A search for nothing in the order of positions, filtered by one category, is that
//! category's page.

use std::borrow::Cow;
use std::sync::Arc;

use super::filter::canonical;
use super::request::{List, ListRequest};
use super::run::{Run, resolve_demand};
use crate::catalog::access::HiddenCategories;
use crate::catalog::views::StoreView;
use crate::catalog::{BookChain, Catalog};
use crate::expr::{Condition, EvalContext, Members, SmartTree, Test, Value};
use crate::id::{CategoryId, TimeMs};
use crate::signal::Demand;
use crate::snapshot::{Epoch, Snapshot};

/// Begins the warning that a list in the order of positions is of no category.
pub const EMPTY_CATEGORY_PATH: &str = "EMPTY_CATEGORY_PATH";

/// The members of smart categories in a store view; `None` when there are none.
pub fn smart_tree(
    snapshot: &Snapshot,
    epoch: &Epoch,
    view: &str,
    book: &BookChain,
    demand: &Demand,
    now_ms: TimeMs,
) -> Option<Arc<SmartTree>> {
    let smart = epoch.shop.smart_categories(view, now_ms);
    let context = EvalContext { book, now_ms, view, demand: Some(demand), seq: snapshot.seq, tree: None };
    SmartTree::of(&smart, &snapshot.catalog, &context)
}

/// The same at the prices of the store view, for what its shoppers want.
pub fn of_view(snapshot: &Snapshot, epoch: &Epoch, view: &StoreView, now_ms: TimeMs) -> Option<Arc<SmartTree>> {
    let book = epoch.shop.book(&snapshot.catalog, &view.price_book).unwrap_or_else(|| snapshot.catalog.root_chain());
    smart_tree(snapshot, epoch, &view.code, &book, resolve_demand(snapshot, epoch, view), now_ms)
}

impl Run<'_> {
    /// The category tree with its members.
    pub fn members(&self) -> Members<'_> {
        Members { catalog: &self.snapshot.catalog, smart: self.smart.as_deref() }
    }

    /// What conditions are evaluated for.
    pub fn eval_context(&self) -> EvalContext<'_> {
        EvalContext {
            book: &self.book,
            now_ms: self.now_ms,
            view: &self.view.code,
            demand: Some(self.demand),
            seq: self.snapshot.seq,
            tree: self.smart.as_ref(),
        }
    }
}

/// What a request is after, which asks for the order of positions.
pub(super) struct Placed<'a> {
    /// The category whose page it is.
    pub category: Option<CategoryId>,
    /// The filters that are left.
    pub filters: Cow<'a, [Condition]>,
    /// What the caller should know.
    pub warning: Option<String>,
}

/// Finds the category of a search for nothing in the order of positions. Where it names none, or one that is not there,
/// it gets everything in its usual order, and a warning.
pub(super) fn placed<'a>(catalog: &Catalog, request: &'a ListRequest, hidden: &HiddenCategories) -> Placed<'a> {
    let whole = |filters| Placed { category: None, filters, warning: None };
    let is_browse = matches!(&request.list, List::Search { text } if text.trim().is_empty());
    let by_position = request.sort.first().is_some_and(|key| key.field == "position" && key.ascending);
    if !is_browse || !by_position || request.vector.is_some() {
        return whole(Cow::Borrowed(&request.filters));
    }
    let Some(at) = request.filters.iter().position(|filter| path_of(filter).is_some()) else {
        let names_some = request
            .filters
            .iter()
            .any(|filter| matches!(filter, Condition::Field { field, .. } if canonical(field) == "category"));
        let warning = (!names_some).then(|| format!("{EMPTY_CATEGORY_PATH}: `sort` is `position`, but no filter names a category, so the order is the usual one"));
        return Placed { warning, ..whole(Cow::Borrowed(&request.filters)) };
    };
    let path = path_of(&request.filters[at]).unwrap_or_default();
    let mut filters = request.filters.clone();
    filters.remove(at);
    let filters = Cow::Owned(filters);
    match catalog.category(path).filter(|id| !hidden.contains(*id)) {
        Some(id) => Placed { category: Some(id), filters, warning: None },
        None => {
            let warning = format!(
                "{EMPTY_CATEGORY_PATH}: there is no category `{path}`, so its filter is left out and the order is the usual one"
            );
            Placed { warning: Some(warning), ..whole(filters) }
        }
    }
}

/// The category that a filter asks for, and no other.
fn path_of(filter: &Condition) -> Option<&str> {
    match filter {
        Condition::Field { field, test: Test::In(values) } if canonical(field) == "category" => match values.as_slice()
        {
            [Value::Text(path)] => Some(path),
            _ => None,
        },
        Condition::All(parts) | Condition::Any(parts) => match parts.as_slice() {
            [only] => path_of(only),
            _ => None,
        },
        _ => None,
    }
}
