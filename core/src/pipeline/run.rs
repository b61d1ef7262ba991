//! What are the steps of one request?
//!
//! [`rank_list`] is the driver. What all steps share (the snapshot, the epoch, who asks, how much time is left,
//! what went wrong) is the `Run`; what flows from step to step is passed by value.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;
use std::time::Instant;

use planogram_abi::{ConditionId, ListKind, Query, Request, Warmth};
use roaring::RoaringBitmap;

use super::lend::Lent;
use super::request::*;
use super::unit::{self, Unit};
use super::{
    audience, eligible, evidence, facet, filter, hybrid, lend, members, page, rank, rerank, retrieve, understand,
};
use crate::catalog::access::HiddenCategories;
use crate::catalog::views::StoreView;
use crate::catalog::{BookChain, Quote};
use crate::expr::{Condition, EvalContext, Members, SmartTree, is_same_audience};
use crate::host::{Attempt, CallContext, Fault, FaultReason, Slot};
use crate::id::{CategoryId, ItemId, TimeMs, VariantId};
use crate::limits::{AMONG_MAX, PAGE_SIZE_MAX, PAGE_WINDOW_MAX, QUERY_CHARS_MAX};
use crate::signal::{Demand, Evidence};
use crate::snapshot::{Epoch, Snapshot};
use crate::visitor::{self, Affinities, Visitor};

/// What of an answer is kept for those who learn from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: nobody is served.
    Nothing,
    /// What the scores of the shown items were made of.
    Columns,
}

/// Ranks one list over one snapshot. `taken` are items that an earlier list of the same page shows already.
///
/// # Errors
/// Only for what the caller asked wrongly; whatever goes wrong inside is named in the answer's `degraded`.
pub fn rank_list(
    snapshot: &Snapshot,
    epoch: &Epoch,
    request: &ListRequest,
    taken: &RoaringBitmap,
    attempt: &Attempt,
    keep: Keep,
) -> Result<ListAnswer, QueryError> {
    let mut run = Run::begin(snapshot, epoch, request, taken, attempt)?;
    let mut understanding = understand::understand(&mut run);
    run.redirect = understanding.query.redirect.take();
    run.banners = std::mem::take(&mut understanding.banners);
    run.applied_rules = std::mem::take(&mut understanding.applied_rules);
    run.read_as = request.highlight.then(|| understanding.query.clone());
    let universe = eligible::eligible(&mut run, &understanding);
    run.variants = universe.variants.clone();
    let matches = retrieve::retrieve(&mut run, &understanding, &universe);
    let facets = facet::count(&mut run, &universe, &matches);
    let ranked = rank::rank(&mut run, &understanding, &universe, matches);
    let ordered = rerank::rerank(&mut run, understanding, ranked);
    if run.is_withheld() {
        // Nothing is asked of who may not see it.
        run.warnings.clear();
        run.unanchored.set(false);
    }
    page::page(run, &universe, ordered, facets, keep)
}

/// What every step of one request can see.
pub(super) struct Run<'a> {
    pub snapshot: &'a Snapshot,
    pub epoch: &'a Epoch,
    pub request: &'a ListRequest,
    pub taken: &'a RoaringBitmap,
    pub attempt: &'a Attempt,
    /// The store view that answers.
    pub view: StoreView,
    /// What its shoppers want.
    pub demand: &'a Demand,
    /// The price book and its parents.
    pub book: BookChain,
    /// Time the request is answered for.
    pub now_ms: TimeMs,
    /// Seed of all randomness.
    pub seed: u64,
    /// What the list is about, resolved.
    pub subject: Subject,
    /// Who asks, resolved.
    pub shopper: Resolved,
    /// Audiences the shopper is in: those the caller vouches for as they were given, then the others in order.
    pub audiences: Vec<&'a str>,
    /// The vector that the request brings, of length 1.
    pub vector: Option<Vec<f32>>,
    /// Categories that the shopper does not see.
    pub hidden: HiddenCategories,
    /// What the shopper likes, made when it is first asked for.
    taste: OnceCell<Affinities>,
    /// What earlier searches for the same say, made when it is first asked for.
    evidence: OnceCell<Evidence>,
    /// Variants that may stand for their products: those that pass every filter.
    pub variants: Arc<RoaringBitmap>,
    /// What went wrong so far.
    pub degraded: Vec<Degraded>,
    /// Remarks for the caller.
    pub warnings: Vec<String>,
    /// Whether a source that starts from products was asked without any.
    pub unanchored: Cell<bool>,
    /// What a plugin said, while it retrieved, of who proposed which items.
    pub credits: RefCell<Vec<(String, Vec<u32>)>>,
    /// What a plugin said, while it retrieved, of what sources of its own propose: kept when somebody asks why a product is
    /// not there.
    pub confined: Option<RefCell<Vec<Confinement>>>,
    /// How the query was relaxed.
    pub relaxed: Vec<String>,
    /// The query as it was probably meant.
    pub did_you_mean: Option<String>,
    /// Where to send the shopper instead.
    pub redirect: Option<String>,
    /// The query as its matches were found, when they are to be highlighted.
    pub read_as: Option<Query>,
    /// What rules show with the list.
    pub banners: Vec<String>,
    /// Rules that applied.
    pub applied_rules: Vec<AppliedRule>,
    /// What the request filters by.
    pub filters: Cow<'a, [Condition]>,
    /// The members of smart categories, if there are any.
    pub smart: Option<Arc<SmartTree>>,
    /// What the request filters by, as plugins see it.
    filter_texts: Vec<String>,
}

/// A source that proposes nothing but what satisfies a condition relative to some items.
pub(super) struct Confinement {
    pub source: String,
    pub condition: ConditionId,
    pub anchors: Vec<u32>,
}

/// What a list is about, with names resolved to ids.
pub(super) enum Subject {
    Search { text: String },
    Category { id: CategoryId, path: String },
    Unit { id: String, unit: Box<Unit>, anchors: Vec<ItemId> },
}

/// Who asks, with skus resolved to items; unknown skus are left out.
#[derive(Default)]
pub(super) struct Resolved {
    pub cart: Vec<u32>,
    pub recent: Vec<u32>,
    pub purchased: Vec<u32>,
    /// Views of this visit, oldest first.
    pub visit: Vec<u32>,
    pub anchors: Vec<u32>,
    /// The list to rank, as it was given.
    pub among: Vec<u32>,
    pub warmth: Warmth,
}

impl<'a> Run<'a> {
    pub(super) fn begin(
        snapshot: &'a Snapshot,
        epoch: &'a Epoch,
        request: &'a ListRequest,
        taken: &'a RoaringBitmap,
        attempt: &'a Attempt,
    ) -> Result<Self, QueryError> {
        check_page(request.page)?;
        check_among(request)?;
        let view =
            epoch.shop.store_view(&request.store_view).ok_or_else(|| not_found("store view", &request.store_view))?;
        let book = match &request.shopper.price_book {
            Some(code) => epoch.shop.book(&snapshot.catalog, code).ok_or_else(|| not_found("price book", code))?,
            None => {
                epoch.shop.book(&snapshot.catalog, &view.price_book).unwrap_or_else(|| snapshot.catalog.root_chain())
            }
        };
        let now_ms = request.now_ms.unwrap_or(snapshot.now_ms);
        let demand = resolve_demand(snapshot, epoch, &view);
        filter::check(&epoch.shop, request)?;
        let group = request.shopper.customer_group.as_deref();
        let smart = members::smart_tree(snapshot, epoch, &view.code, &book, demand, now_ms);
        let tree = Members { catalog: &snapshot.catalog, smart: smart.as_deref() };
        let hidden = epoch.shop.hidden_categories(tree, &view.code, group, now_ms);
        let placed = members::placed(&snapshot.catalog, request, &hidden);
        let subject = match placed.category {
            Some(id) => Subject::Category { id, path: snapshot.catalog.category_path(id).join("/") },
            None => resolve_subject(snapshot, epoch, request, &view, now_ms)?,
        };
        if let Subject::Category { id, path } = &subject
            && hidden.contains(*id)
        {
            return Err(not_found("category", path));
        }
        let shopper = resolve_shopper(snapshot, request, &subject);
        let (seq, view_code) = (snapshot.seq, view.code.as_str());
        let context =
            EvalContext { book: &book, now_ms, view: view_code, demand: Some(demand), seq, tree: smart.as_ref() };
        let audiences = audience::resolve(snapshot, epoch, request, &context);
        let vector = hybrid::supplied(snapshot, request)?;
        let mistaken = epoch.store.without_drafts(&request.overlays);
        let mistaken = mistaken.map(|name| format!("the overlay `{name}` has no draft, so it changes nothing"));
        let warnings = hybrid::warning(request, &view).into_iter().chain(placed.warning).chain(mistaken).collect();
        Ok(Run {
            snapshot,
            epoch,
            request,
            taken,
            attempt,
            view,
            demand,
            book,
            now_ms,
            seed: request.seed.unwrap_or_else(|| seed_of(snapshot, request)),
            subject,
            shopper,
            audiences,
            vector,
            hidden,
            taste: OnceCell::new(),
            evidence: OnceCell::new(),
            variants: snapshot.catalog.alive().clone(),
            degraded: attempt.excluded.iter().map(|(plugin, reason)| degraded_of(plugin, *reason)).collect(),
            warnings,
            unanchored: Cell::new(false),
            credits: RefCell::default(),
            confined: None,
            relaxed: Vec::new(),
            did_you_mean: None,
            redirect: None,
            read_as: None,
            banners: Vec::new(),
            applied_rules: Vec::new(),
            filter_texts: filter::texts(&placed.filters),
            filters: placed.filters,
            smart,
        })
    }

    /// Which kind of list this is, in the contract's words.
    pub fn kind(&self) -> ListKind {
        match self.subject {
            Subject::Search { .. } => ListKind::Search,
            Subject::Category { .. } => ListKind::Category,
            Subject::Unit { .. } => ListKind::Recommendation,
        }
    }

    /// The variant that stands for a product in this request: it gives price, stock and image.
    pub fn witness(&self, item: ItemId) -> Option<VariantId> {
        self.snapshot.catalog.witness(item, &self.variants)
    }

    /// What that variant costs.
    pub fn quote(&self, item: ItemId) -> Option<Quote> {
        self.snapshot.catalog.price(self.witness(item)?, &self.book, self.now_ms)
    }

    /// What the shopper likes.
    pub fn taste(&self) -> &Affinities {
        self.taste.get_or_init(|| {
            let shopper = &self.request.shopper;
            let known = self.snapshot.visitors.get(shopper.visitor.as_deref(), shopper.customer.as_deref());
            let catalog = &self.snapshot.catalog;
            let viewed: Vec<ItemId> = shopper.viewed.iter().filter_map(|sku| catalog.item(sku)).collect();
            Affinities::of(known, &viewed, self.now_ms, catalog, |item| self.usual_price(item))
        })
    }

    /// What earlier searches for the same say of products, nothing outside a search.
    pub fn evidence(&self) -> &Evidence {
        self.evidence.get_or_init(|| evidence::read(self))
    }

    /// What a product costs whatever the filters, in major units: its first variant stands for it.
    pub fn usual_price(&self, item: ItemId) -> Option<f64> {
        let variant = *self.snapshot.catalog.variants_of(item).first()?;
        let quote = self.snapshot.catalog.price(variant, &self.book, self.now_ms)?;
        Some(self.book.major(quote.final_minor))
    }

    /// Whether the caller asked for an order of its own, which no plugin may disturb. The list's own order, best
    /// first, may be named, too: it is no other order.
    pub fn has_explicit_sort(&self) -> bool {
        let is_own = |key: &SortKey| match key.field.as_str() {
            "relevance" => !key.ascending,
            "position" => key.ascending,
            _ => false,
        };
        !self.request.sort.iter().all(is_own)
    }

    /// Whether an optional step still has time; when not, the step is named in `degraded`.
    pub fn has_time_for(&mut self, step: &str) -> bool {
        let in_time = self.attempt.optional_until().is_none_or(|deadline| Instant::now() < deadline);
        if !in_time {
            self.degraded.push(Degraded {
                plugin: "kernel".into(),
                contribution: step.into(),
                reason: "deadline".into(),
                detail: format!("no time was left for `{step}`"),
            });
        }
        in_time
    }

    /// Calls one contribution of a plugin; a fault becomes a line of `degraded` and `None`.
    pub fn call<T>(
        &mut self,
        slot: &Slot,
        lent: Lent<'_>,
        f: impl FnOnce(&Slot, &CallContext<'_>) -> Result<T, Fault>,
    ) -> Option<T> {
        match self.with_context(lent, |context| f(slot, context)) {
            Ok(value) => Some(value),
            // Named once for the whole request already.
            Err(fault) if self.attempt.excluded.iter().any(|(plugin, _)| *plugin == fault.plugin) => None,
            Err(fault) => {
                self.degraded.push(Degraded {
                    plugin: fault.plugin,
                    contribution: fault.contribution,
                    reason: fault.reason.word().into(),
                    detail: fault.detail,
                });
                None
            }
        }
    }

    /// Lends the request's view of the shop.
    pub fn with_context<T>(&self, lent: Lent<'_>, ask: impl FnOnce(&CallContext<'_>) -> T) -> T {
        let filters: Vec<&str> = self.filter_texts.iter().map(String::as_str).collect();
        let host = lend::Lender { run: self, lent };
        ask(&CallContext {
            request: self.contract_request(&filters),
            host: &host,
            attempt: self.attempt,
            n_items: self.snapshot.catalog.item_bound() as u32,
        })
    }

    /// Whether the shopper is in an audience, named in whatever case.
    pub fn is_in(&self, audience: &str) -> bool {
        self.audiences.iter().any(|known| is_same_audience(known, audience))
    }

    /// Whether the list is a unit for audiences that the shopper is in none of: there is nothing to show then.
    pub fn is_withheld(&self) -> bool {
        match &self.subject {
            Subject::Unit { unit, .. } => {
                !unit.audiences.is_empty() && !unit.audiences.iter().any(|audience| self.is_in(audience))
            }
            Subject::Search { .. } | Subject::Category { .. } => false,
        }
    }

    fn contract_request<'r>(&'r self, filters: &'r [&'r str]) -> Request<'r> {
        let (text, category, unit, unit_type) = match &self.subject {
            Subject::Search { text } => (text.as_str(), "", "", ""),
            Subject::Category { path, .. } => ("", path.as_str(), "", ""),
            Subject::Unit { id, unit, .. } => ("", "", id.as_str(), unit.unit_type.as_str()),
        };
        let shopper = &self.request.shopper;
        Request {
            kind: self.kind(),
            text,
            store_view: &self.view.code,
            locale: &self.view.locale,
            category,
            unit,
            unit_type,
            page_type: shopper.page_type.as_deref().unwrap_or_default(),
            customer_group: shopper.customer_group.as_deref().unwrap_or_default(),
            audiences: &self.audiences,
            anchors: &self.shopper.anchors,
            cart: &self.shopper.cart,
            recent: &self.shopper.recent,
            purchased: &self.shopper.purchased,
            now_ms: self.now_ms,
            seed: self.seed,
            explicit_sort: self.has_explicit_sort(),
            warmth: self.shopper.warmth,
            device: shopper.device.as_deref().unwrap_or_default(),
            filters,
        }
    }
}

/// The seed of a request that names none, the same on every machine: of a unit the shopper's visit, so that what
/// rotates in it stands still while they go back and forth, and else the request's id.
fn seed_of(snapshot: &Snapshot, request: &ListRequest) -> u64 {
    let shopper = &request.shopper;
    let visit = || {
        let known = snapshot.visitors.get(shopper.visitor.as_deref(), shopper.customer.as_deref());
        known.map(|visitor| visitor.session).filter(|session| *session != 0).map(|session| session.to_string())
    };
    let text = match (&request.list, &shopper.session) {
        (List::Unit { .. }, Some(session)) => Some(session.clone()),
        (List::Unit { .. }, None) => visit().or_else(|| shopper.visitor.clone()).or_else(|| shopper.customer.clone()),
        _ => None,
    };
    let hash = blake3::hash(text.as_ref().unwrap_or(&request.request_id).as_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().expect("a hash has more than 8 bytes"))
}

fn degraded_of(plugin: &str, reason: FaultReason) -> Degraded {
    let reason = reason.word();
    Degraded {
        plugin: plugin.to_owned(),
        contribution: String::new(),
        reason: reason.to_owned(),
        detail: format!("`{plugin}` was left out of this answer: {reason}"),
    }
}

fn not_found(what: &str, name: &str) -> QueryError {
    QueryError::NotFound { what: what.into(), name: name.into() }
}

fn check_page(page: Page) -> Result<(), QueryError> {
    let invalid = |parameter: &str, message: String, allowed: String| {
        Err(QueryError::Invalid { parameter: parameter.into(), message, allowed })
    };
    if page.number == 0 {
        return invalid("page", "`page` is 0".into(), "pages are counted from 1".into());
    }
    if page.size == 0 || page.size > PAGE_SIZE_MAX {
        return invalid("page_size", format!("`page_size` is {}", page.size), format!("1 to {PAGE_SIZE_MAX} allowed"));
    }
    let end = u64::from(page.number) * u64::from(page.size);
    if end > PAGE_WINDOW_MAX && page.number > 1 {
        let message = format!("`page` {} of size {} ends at item {end}", page.number, page.size);
        return invalid("page", message, format!("paging reaches item {PAGE_WINDOW_MAX}"));
    }
    Ok(())
}

/// Only a unit ranks a given list, and none that is too long.
fn check_among(request: &ListRequest) -> Result<(), QueryError> {
    let n = request.among.len();
    let is_unit = matches!(request.list, List::Unit { .. });
    if n <= AMONG_MAX && (is_unit || n == 0) {
        return Ok(());
    }
    let allowed =
        if is_unit { format!("at most {AMONG_MAX} allowed") } else { "only a unit ranks a given list".into() };
    Err(QueryError::Invalid { parameter: "among".into(), message: format!("`among` names {n} items"), allowed })
}

/// The demand in the request's store view, else in the whole shop: also where there is no other view, and where no
/// event named the view yet. Events that name no view stand for the default one.
pub fn resolve_demand<'a>(snapshot: &'a Snapshot, epoch: &Epoch, view: &StoreView) -> &'a Demand {
    let signals = &snapshot.signals;
    if !epoch.shop.has_several_views() {
        return signals.shop();
    }
    let unnamed = || {
        let default = epoch.shop.store_view("")?;
        signals.store_view("").filter(|_| default.code == view.code)
    };
    signals.store_view(&view.code).or_else(unnamed).unwrap_or(signals.shop())
}

fn resolve_subject(
    snapshot: &Snapshot,
    epoch: &Epoch,
    request: &ListRequest,
    view: &StoreView,
    now_ms: TimeMs,
) -> Result<Subject, QueryError> {
    match &request.list {
        List::Search { text } => {
            let n_chars = text.chars().count();
            if n_chars > QUERY_CHARS_MAX {
                return Err(QueryError::Invalid {
                    parameter: "q".into(),
                    message: format!("`q` has {n_chars} characters"),
                    allowed: format!("at most {QUERY_CHARS_MAX} allowed"),
                });
            }
            Ok(Subject::Search { text: text.trim().to_owned() })
        }
        List::Category { path } => {
            let id = snapshot.catalog.category(path).ok_or_else(|| not_found("category", path))?;
            Ok(Subject::Category { id, path: snapshot.catalog.category_path(id).join("/") })
        }
        List::Unit { unit, anchors } => {
            let document = epoch.documents().in_force(unit::KIND, &view.code, unit, now_ms);
            let body = document.and_then(|d| d.write.body.as_deref()).ok_or_else(|| not_found("unit", unit))?;
            let parsed = Unit::parse(body).map_err(|problems| {
                QueryError::Internal(format!("unit `{unit}` is stored but unreadable: {problems:?}"))
            })?;
            let page_type = request.shopper.page_type.as_deref();
            if !parsed.is_on(page_type) {
                return Err(QueryError::Invalid {
                    parameter: "page_type".into(),
                    message: format!("unit `{unit}` is not shown on `{}` pages", page_type.unwrap_or_default()),
                    allowed: parsed.page_types.join(", "),
                });
            }
            let anchors = anchors.iter().filter_map(|sku| snapshot.catalog.item(sku)).collect();
            Ok(Subject::Unit { id: unit.clone(), unit: Box::new(parsed), anchors })
        }
    }
}

fn resolve_shopper(snapshot: &Snapshot, request: &ListRequest, subject: &Subject) -> Resolved {
    let items = |skus: &[String]| -> Vec<u32> {
        skus.iter().filter_map(|sku| snapshot.catalog.item(sku)).map(|item| item.0).collect()
    };
    // A sku that was seen in an event before its product came may be a variant's.
    let stands_for = |item: ItemId| snapshot.catalog.stands_for(item).0;
    let shopper = &request.shopper;
    let known = snapshot.visitors.get(shopper.visitor.as_deref(), shopper.customer.as_deref());
    let mut resolved = Resolved { cart: items(&shopper.cart), recent: items(&shopper.viewed), ..Resolved::default() };
    resolved.visit = items(&shopper.recent);
    if let Some(visitor) = known {
        if resolved.cart.is_empty() {
            resolved.cart = visitor.cart.iter().map(|line| stands_for(line.item)).collect();
        }
        if resolved.recent.is_empty() {
            resolved.recent = visitor.views.iter().map(|view| stands_for(view.item)).collect();
        }
        if shopper.recent.is_empty() {
            resolved.visit = visitor.session_items.iter().rev().map(|&item| stands_for(item)).collect();
        }
        resolved.purchased = visitor.purchases.iter().map(|purchase| stands_for(purchase.item)).collect();
    }
    resolved.warmth = match known.map_or(visitor::Warmth::None, Visitor::warmth) {
        visitor::Warmth::Known => Warmth::Known,
        visitor::Warmth::Session => Warmth::Session,
        visitor::Warmth::None if !resolved.recent.is_empty() || !resolved.cart.is_empty() => Warmth::Session,
        visitor::Warmth::None => Warmth::None,
    };
    if let Subject::Unit { anchors, unit, .. } = subject {
        resolved.anchors = anchors.iter().map(|item| item.0).collect();
        resolved.among = items(&request.among);
        if unit.keep_purchased {
            resolved.purchased.clear();
        }
    }
    resolved
}
