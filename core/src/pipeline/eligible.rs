//! What may be shown at all?
//!
//! The universe is computed before retrieval, as bitmaps over variants and products, so that no later step can
//! let an ineligible item through and no filter costs recall. A filter must hold for one and the same variant:
//! all of them are intersected over variants first, and only then lifted to products. A request without
//! filters and rules shares the catalog's ready sets.

use std::sync::Arc;

use planogram_abi::{Target, Verb};
use roaring::RoaringBitmap;

use super::run::{Run, Subject};
use super::understand::Understanding;
use super::words::{self, Answer};
use super::{filter, permit};
use crate::catalog::doc::PRODUCTS;
use crate::catalog::facet::Scope;
use crate::catalog::views::OutOfStock;
use crate::catalog::{Purpose, StockRule, UniverseQuery};
use crate::expr::{self, Condition, StoredCondition, in_words, kept};
use crate::id::{ItemId, VariantId};

/// What may be shown.
pub(super) struct Universe {
    /// Eligible before the caller's filters.
    pub base: crate::catalog::Universe,
    /// The caller's filters, each over variants, with the field it tests if it tests only one.
    pub filters: Vec<(Option<String>, RoaringBitmap)>,
    /// Variants that pass everything.
    pub variants: Arc<RoaringBitmap>,
    /// Their products.
    pub items: Arc<RoaringBitmap>,
    /// Products that a rule adds though they do not match; eligible before the caller's filters.
    pub included: RoaringBitmap,
    /// Whether `base` is the catalog's own, which the next request shares: neither rules nor the shopper change it.
    pub is_lasting: bool,
    /// Whether eligibility alone, without filters, may leave only some variants of a product.
    pub scope: Scope,
}

impl Universe {
    /// Eligible variants under every filter but those on `field`; shared when no other filter is left.
    pub fn without_filters_on(&self, field: &str) -> Arc<RoaringBitmap> {
        let mut others = self.filters.iter().filter(|(of, _)| of.as_deref() != Some(field)).peekable();
        if others.peek().is_none() {
            return self.base.variants.clone();
        }
        let mut variants = RoaringBitmap::clone(&self.base.variants);
        others.for_each(|(_, filter)| variants &= filter);
        Arc::new(variants)
    }
}

pub(super) fn eligible(run: &mut Run<'_>, understanding: &Understanding) -> Universe {
    let Before { base, is_lasting, scope, included } = before_filters(run, understanding);
    let meant = |condition| evaluate(run, &filter::meant(run, condition));
    let filters: Vec<_> = run.filters.iter().map(|f| (tested_field(f), meant(f))).collect();
    warn_of_unknown_fields(run);
    let (variants, items) = if filters.is_empty() {
        (base.variants.clone(), base.items.clone())
    } else {
        let mut variants = RoaringBitmap::clone(&base.variants);
        filters.iter().for_each(|(_, filter)| variants &= filter);
        let items = run.snapshot.catalog.lift(&variants);
        (Arc::new(variants), Arc::new(items))
    };
    Universe { base, filters, variants, items, included, is_lasting, scope }
}

/// What may be shown before the caller's filters; as in [`Universe`].
struct Before {
    base: crate::catalog::Universe,
    is_lasting: bool,
    scope: Scope,
    included: RoaringBitmap,
}

/// The catalog's ready sets, less what rules and the unit take away.
fn before_filters(run: &Run<'_>, understanding: &Understanding) -> Before {
    let catalog = &run.snapshot.catalog;
    let query = universe_query(run);
    let mut base = catalog.universe(query);
    let mut scope = if query.stock == StockRule::Any { Scope::WholeProducts } else { Scope::SomeVariants };
    let mut removed = run.taken | run.hidden.items();
    let mut included = RoaringBitmap::new();
    let mut kept: Option<RoaringBitmap> = None;
    for (_, act) in &understanding.set_acts {
        match act.verb {
            Verb::Hide => removed |= &*target_items(run, &act.target),
            Verb::Include => included |= &*target_items(run, &act.target),
            Verb::Filter => {
                let target = target_variants(run, &act.target);
                kept = Some(kept.map_or_else(|| (*target).clone(), |kept| kept & &*target));
            }
            _ => {}
        }
    }
    if let Subject::Unit { unit, anchors, .. } = &run.subject {
        removed.extend(anchors.iter().map(|item| item.0));
        removed.extend(run.shopper.cart.iter());
        if !unit.keeps_seen() {
            removed.extend(run.shopper.visit.iter());
        }
        if let Some(passing) = permit::permitted(run, unit, anchors) {
            kept = Some(kept.map_or_else(|| passing.clone(), |kept| kept & &passing));
        }
    }
    if run.is_withheld() {
        kept = Some(RoaringBitmap::new());
    }
    // Sets under a rule of stock are made for each request.
    let is_lasting = removed.is_empty() && kept.is_none() && query.stock == StockRule::Any;
    if let Some(kept) = kept {
        let variants = &*base.variants & kept;
        base.items = Arc::new(catalog.lift(&variants));
        base.variants = Arc::new(variants);
        scope = Scope::SomeVariants;
    }
    if !removed.is_empty() {
        base.variants = Arc::new(&*base.variants - catalog.expand(&removed));
        base.items = Arc::new(&*base.items - removed);
    }
    included &= &*base.items;
    Before { base, is_lasting, scope, included }
}

fn universe_query<'r>(run: &'r Run<'_>) -> UniverseQuery<'r> {
    let (purpose, is_unit) = match run.subject {
        // Without anything to look for a search is a walk through the catalog.
        Subject::Search { ref text } if text.is_empty() && run.vector.is_none() => (Purpose::Catalog, false),
        Subject::Search { .. } => (Purpose::Search, false),
        Subject::Category { .. } => (Purpose::Catalog, false),
        Subject::Unit { .. } => (Purpose::Catalog, true),
    };
    // A recommendation of something that cannot be bought helps nobody, whatever the view shows elsewhere.
    let stock = if is_unit || run.view.out_of_stock == OutOfStock::Hide { StockRule::InStock } else { StockRule::Any };
    UniverseQuery { collection: PRODUCTS, purpose, view: &run.view.code, stock }
}

/// The variants that satisfy a condition of this request.
pub(super) fn evaluate(run: &Run<'_>, condition: &Condition) -> RoaringBitmap {
    expr::evaluate(condition, &run.snapshot.catalog, &run.eval_context())
}

/// The variants that satisfy a condition that stays.
pub(super) fn matching(run: &Run<'_>, condition: &StoredCondition) -> Arc<RoaringBitmap> {
    kept::variants(condition, &run.snapshot.catalog, &run.eval_context())
}

/// The products an act is about.
pub(super) fn target_items(run: &Run<'_>, target: &Target) -> Arc<RoaringBitmap> {
    match target {
        Target::Items(items) => Arc::new(items.iter().copied().collect()),
        Target::Matching(id) => match run.epoch.conditions.get(*id) {
            Some(condition) => kept::items(condition, &run.snapshot.catalog, &run.eval_context()),
            None => Arc::default(),
        },
    }
}

/// The condition by which an act means products, if it does not name them.
pub(super) fn condition_of<'r>(run: &'r Run<'_>, target: &Target) -> Option<&'r Condition> {
    match target {
        Target::Items(_) => None,
        Target::Matching(id) => run.epoch.conditions.get(*id).map(StoredCondition::condition),
    }
}

/// The variants an act keeps: a condition must hold for the variant that the filters hold for.
fn target_variants(run: &Run<'_>, target: &Target) -> Arc<RoaringBitmap> {
    match target {
        Target::Items(items) => Arc::new(run.snapshot.catalog.expand(&items.iter().copied().collect())),
        Target::Matching(id) => {
            run.epoch.conditions.get(*id).map(|condition| matching(run, condition)).unwrap_or_default()
        }
    }
}

/// The field a filter tests, when it tests only one: its facet is counted without it.
fn tested_field(condition: &Condition) -> Option<String> {
    match condition {
        Condition::Field { field, .. } => Some(filter::canonical(field).to_owned()),
        Condition::Any(parts) | Condition::All(parts) => {
            let first = tested_field(parts.first()?)?;
            parts.iter().all(|part| tested_field(part).as_ref() == Some(&first)).then_some(first)
        }
        Condition::Not(_) => None,
    }
}

fn warn_of_unknown_fields(run: &mut Run<'_>) {
    let catalog = &run.snapshot.catalog;
    let unknown = run.filters.iter().flat_map(|filter| expr::unknown_fields(filter, catalog));
    let warnings =
        unknown.map(|field| format!("no product has the attribute `{field}`, so the filter on it matches nothing"));
    let built_in = ["relevance", "position", "name", "price", "created"];
    let unsorted = run.request.sort.iter().map(|key| &key.field);
    let unsorted =
        unsorted.filter(|field| !built_in.contains(&field.as_str()) && catalog.attribute_id(field).is_none());
    let unsorted = unsorted.map(|field| format!("no product has the attribute `{field}`, so it sorts nothing"));
    let warnings: Vec<String> = warnings.chain(unsorted).collect();
    run.warnings.extend(warnings);
}

/// What first keeps an item out of a list; `None` when it may be shown.
pub(super) fn obstacle(
    run: &Run<'_>,
    understanding: &Understanding,
    universe: &Universe,
    item: ItemId,
) -> Option<Answer> {
    if universe.items.contains(item.0) {
        return None;
    }
    if let (Subject::Unit { unit, .. }, true) = (&run.subject, run.is_withheld()) {
        return Some(Answer::OtherAudiences { audiences: unit.audiences.clone() });
    }
    if let Some(reason) = why_not_shown(run, item) {
        return Some(reason);
    }
    let catalog = &run.snapshot.catalog;
    let (all, context) = (catalog.variants_of(item), run.eval_context());
    for (plugin, act) in &understanding.set_acts {
        let hit = target_items(run, &act.target).contains(item.0);
        match act.verb {
            Verb::Hide if hit => {
                let condition = condition_of(run, &act.target).map(in_words);
                return Some(Answer::Hidden { who: words::who(plugin, act), condition });
            }
            Verb::Filter if !hit => {
                let condition = condition_of(run, &act.target);
                let refusal = condition.and_then(|condition| expr::refusal(condition, catalog, all, &context));
                return Some(Answer::FilteredOut { who: words::who(plugin, act), refusal });
            }
            _ => {}
        }
    }
    let eligible = all.iter().copied().filter(|variant| universe.base.variants.contains(variant.0));
    let eligible: Vec<VariantId> = eligible.collect();
    if eligible.is_empty() {
        return Some(why_not_in_unit(run, item));
    }
    let fails = |filter: &RoaringBitmap| !eligible.iter().any(|variant| filter.contains(variant.0));
    let failing = universe.filters.iter().position(|(_, filter)| fails(filter));
    let refusal = failing.and_then(|at| {
        let meant = filter::meant(run, &run.filters[at]);
        Some((at + 1, expr::refusal(&meant, catalog, &eligible, &context)?))
    });
    Some(refusal.map_or(Answer::FiltersTogether, |(number, refusal)| Answer::Filter { number, refusal }))
}

/// Why an item that the shop shows is none of those that the unit, or a rule's filters together, leave.
fn why_not_in_unit(run: &Run<'_>, item: ItemId) -> Answer {
    let Subject::Unit { unit, anchors, .. } = &run.subject else { return Answer::FilteredOutTogether };
    if anchors.contains(&item) {
        return Answer::IsAnchor;
    }
    if run.shopper.cart.contains(&item.0) {
        return Answer::InCart;
    }
    if !unit.keeps_seen() && run.shopper.visit.contains(&item.0) {
        return Answer::Seen;
    }
    let catalog = &run.snapshot.catalog;
    let shown = &*catalog.universe(universe_query(run)).variants;
    let variants: RoaringBitmap = catalog.variants_of(item).iter().map(|variant| variant.0).collect();
    permit::refusal(run, unit, anchors, shown & variants).unwrap_or(Answer::FilteredOutTogether)
}

/// Why an item is not among those the store view shows at all.
fn why_not_shown(run: &Run<'_>, item: ItemId) -> Option<Answer> {
    let catalog = &run.snapshot.catalog;
    let query = universe_query(run);
    let Some(product) = catalog.product(item) else { return Some(Answer::NotPut) };
    if !catalog.universe(UniverseQuery { stock: StockRule::Any, ..query }).items.contains(item.0) {
        let visibility = format!("{:?}", product.visibility_in(&run.view.code)).to_lowercase();
        return Some(Answer::NotVisible { view: run.view.code.clone(), visibility });
    }
    if run.hidden.items().contains(item.0) {
        return Some(Answer::CategoriesKept);
    }
    let is_unit = matches!(run.subject, Subject::Unit { .. });
    (!catalog.universe(query).items.contains(item.0)).then_some(Answer::SoldOut { is_unit })
}
