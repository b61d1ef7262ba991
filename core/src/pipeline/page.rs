//! What does the caller get?
//!
//! Cuts the page out of the ordered list, asserts once more that nothing ineligible is on it, and hydrates the
//! few items that are left: the variant that satisfied the filters gives price and image.

use planogram_abi::{ListKind, column};

use super::column as columns;
use super::eligible::Universe;
use super::highlight;
use super::request::*;
use super::rerank::Ordered;
use super::run::{Keep, Run, Subject};
use super::suggest;
use crate::host::Slot;
use crate::id::ItemId;
use crate::limits::{SERVED_COLUMNS_MAX, WARNINGS_MAX};

pub(super) fn page(
    mut run: Run<'_>,
    universe: &Universe,
    ordered: Ordered,
    facets: Vec<Facet>,
    keep: Keep,
) -> Result<ListAnswer, QueryError> {
    let total = listed(&run, ordered.ranked.matches.len());
    let Page { number, size } = run.request.page;
    let begin = (number as usize - 1) * size as usize;
    if number > 1 && begin >= total {
        let pages = total.div_ceil(size as usize).max(1);
        return Err(QueryError::Invalid {
            parameter: "page".into(),
            message: format!("`page` is {number}, but {total} items fill {pages} pages of {size}"),
            allowed: format!("1 to {pages} allowed"),
        });
    }
    let mut highlighter = highlight::highlighter(&run);
    let shown = ordered.rows.iter().take(total).enumerate().skip(begin).take(size as usize);
    let rows: Vec<u32> = shown.clone().map(|(_, &row)| row).collect();
    let (columns, mut values) = match keep {
        Keep::Columns => kept_columns(&run, &ordered, &rows),
        Keep::Nothing => (Vec::new(), vec![Vec::new(); rows.len()]),
    };
    let mut items = Vec::with_capacity(size as usize);
    for ((position, &row), values) in shown.zip(&mut values) {
        let item = ItemId(ordered.ranked.matches.items[row as usize]);
        assert!(universe.items.contains(item.0), "item {} is on the page but not in the universe", item.0);
        if let Some(mut hit) = hydrate(&run, &ordered, row, position as u32) {
            hit.highlights = highlighter.as_mut().map(|finder| highlight::of_item(&run, finder, item));
            hit.values = std::mem::take(values);
            items.push(hit);
        }
    }
    let suggestions = suggest::beside(&run, &items);
    each_once(&mut run.degraded, usize::MAX);
    each_once(&mut run.warnings, WARNINGS_MAX);
    Ok(ListAnswer {
        items,
        total: total as u64,
        page: run.request.page,
        facets,
        request_id: run.request.request_id.clone(),
        as_of: run.snapshot.as_of(run.epoch),
        degraded: run.degraded,
        redirect: run.redirect,
        relaxed: run.relaxed,
        did_you_mean: run.did_you_mean,
        warnings: run.warnings,
        unit: unit_info(&run.subject),
        // The line does not know how its epoch was chosen; the engine does.
        arms: Arms::new(),
        suggestions,
        columns,
        banners: run.banners,
        applied_rules: run.request.is_preview().then_some(run.applied_rules),
    })
}

/// What was added up for the rows, then what learned scorers read of them, whether or not they took part: names, and
/// values by row.
fn kept_columns(run: &Run<'_>, ordered: &Ordered, rows: &[u32]) -> (Vec<String>, Vec<Vec<f32>>) {
    let ranked = &ordered.ranked;
    let (mut names, mut values) = ranked.ledger.table(rows);
    names.truncate(SERVED_COLUMNS_MAX);
    values.iter_mut().for_each(|values| values.truncate(SERVED_COLUMNS_MAX));
    let plugins = run.epoch.plugins.clone();
    for name in plugins.learned_scorers(run.kind()).flat_map(Slot::reads) {
        if name == column::SCORE || names.contains(name) || names.len() == SERVED_COLUMNS_MAX {
            continue;
        }
        let column = columns::gather(run, name, ranked, rows);
        names.push(name.clone());
        values.iter_mut().zip(column).for_each(|(values, value)| values.push(value));
    }
    (names, values)
}

/// Drops repetitions, the first stays, and whatever is beyond `max`.
fn each_once<T: PartialEq>(remarks: &mut Vec<T>, max: usize) {
    let mut kept: Vec<T> = Vec::new();
    for remark in remarks.drain(..) {
        if kept.len() < max && !kept.contains(&remark) {
            kept.push(remark);
        }
    }
    *remarks = kept;
}

/// A unit lists no more than its limit, or than the list it was given to rank; everything else lists all matches.
fn listed(run: &Run<'_>, matches: usize) -> usize {
    match &run.subject {
        Subject::Unit { unit, .. } => matches.min((unit.limit as usize).max(run.shopper.among.len())),
        _ => matches,
    }
}

fn unit_info(subject: &Subject) -> Option<UnitInfo> {
    let Subject::Unit { id, unit, .. } = subject else { return None };
    Some(UnitInfo {
        id: id.clone(),
        unit_type: unit.unit_type.clone(),
        label: unit.label.clone(),
        page_types: unit.page_types.clone(),
        order: unit.order,
        limit: unit.limit,
    })
}

fn hydrate(run: &Run<'_>, ordered: &Ordered, row: u32, position: u32) -> Option<Hit> {
    let ranked = &ordered.ranked;
    let item = ItemId(ranked.matches.items[row as usize]);
    let catalog = &run.snapshot.catalog;
    let product = catalog.product(item)?;
    let witness = run.witness(item)?;
    let quote = catalog.price(witness, &run.book, run.now_ms);
    let variant_image = catalog.variant_record(witness).and_then(|variant| variant.image.clone());
    let query_type = (run.kind() == ListKind::Recommendation).then(|| query_type(ordered, row));
    let sources = ranked.matches.sources.iter().map(|(name, scores)| (name.clone(), f64::from(scores[row as usize])));
    Some(Hit {
        item,
        sku: catalog.sku_of(item).to_owned(),
        variant: catalog.variant_sku_of(witness).to_owned(),
        name: product.name_in(&run.view.code).to_owned(),
        brand: product.brand.clone(),
        url: product.url_in(&run.view.code).map(str::to_owned),
        image: variant_image.or_else(|| product.image.clone()),
        price_minor: quote.map(|q| q.final_minor),
        regular_minor: quote.map(|q| q.regular_minor),
        currency: run.book.currency.clone(),
        in_stock: catalog.sellable_items().contains(item.0),
        score: ranked.scores[row as usize],
        sources: sources.filter(|(_, score)| !score.is_nan()).collect(),
        query_type,
        position,
        ledger: run.request.explain.then(|| ledger(run, ordered, row)),
        values: Vec::new(),
        highlights: None,
    })
}

fn query_type(ordered: &Ordered, row: u32) -> String {
    let matches = &ordered.ranked.matches;
    match matches.rungs.get(row as usize) {
        Some(&rung) if rung > 0 => format!("backup:{}", matches.rung_names[usize::from(rung)]),
        _ => PRIMARY.into(),
    }
}

/// The score's lines, then what moved the item without touching the score.
fn ledger(run: &Run<'_>, ordered: &Ordered, row: u32) -> Vec<LedgerLine> {
    let mut lines = ordered.ranked.ledger.lines(row, ordered.boosted.get(&row).copied());
    if ordered.ranked.sold_out.get(row as usize) == Some(&true) {
        let note = "cannot be bought now, so it stands behind what can".to_owned();
        lines.push(LedgerLine {
            kind: LedgerKind::Band,
            name: "kernel/out-of-stock".into(),
            value: 0.0,
            note,
            moved: None,
        });
    }
    lines.extend(ordered.remarks.iter().filter(|(of, _)| *of == row).map(|(_, line)| line.clone()));
    if run.has_explicit_sort() {
        lines.extend(run.request.sort.iter().map(|key| LedgerLine {
            kind: LedgerKind::Sort,
            name: key.field.clone(),
            value: 0.0,
            note: if key.ascending { "smallest first".into() } else { "largest first".into() },
            moved: None,
        }));
    }
    lines
}
