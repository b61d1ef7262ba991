//! In which order do scored rows stand?
//!
//! What can be bought first where the store view says so, then by band, then by the explicit sort keys or the score,
//! then by item id: a total order, so that equal requests give equal lists and pages never overlap. Only the rows
//! somebody will see are sorted; the rest is selected away.

use std::cmp::Ordering;

use planogram_abi::ListKind;

use super::rank::Ranked;
use super::request::SortKey;
use super::retrieve::Matches;
use super::run::{Run, Subject};
use crate::catalog::Catalog;
use crate::catalog::views::OutOfStockLast;
use crate::id::ItemId;

/// Coarse order before the score.
pub(super) mod band {
    /// Raised by a rule.
    pub const RAISED: u8 = 0;
    /// Ordered by score; a unit's fallback rungs follow as 2, 3, ….
    pub const PLAIN: u8 = 1;
    /// Past the window of phase 2.
    pub const PAST_WINDOW: u8 = 100;
    /// Buried by a rule.
    pub const BURIED: u8 = 200;
}

/// The band every row starts in.
pub(super) fn first_bands(run: &Run<'_>, matches: &Matches) -> Vec<u8> {
    match run.kind() {
        ListKind::Recommendation => matches.rungs.iter().map(|rung| band::PLAIN + rung).collect(),
        ListKind::Search | ListKind::Category => vec![band::PLAIN; matches.len()],
    }
}

/// The rows that the store view wants behind all others because they cannot be bought: those whose variants that pass
/// the filters are all out of stock. Empty when it wants none there.
pub(super) fn sold_out(run: &Run<'_>, matches: &Matches) -> Vec<bool> {
    let moves = match run.view.out_of_stock_last {
        OutOfStockLast::Off => false,
        OutOfStockLast::Relevance => !run.has_explicit_sort(),
        OutOfStockLast::Always => true,
    };
    if !moves {
        return Vec::new();
    }
    let catalog = &run.snapshot.catalog;
    let can_be_bought = |item| run.witness(ItemId(item)).is_some_and(|variant| catalog.stock(variant).in_stock);
    matches.items.iter().map(|&item| !can_be_bought(item)).collect()
}

/// Moves every plain row that is not in `window` behind it.
pub(super) fn band_rows_outside(window: &[u32], bands: &mut [u8]) {
    let mut inside = vec![false; bands.len()];
    window.iter().for_each(|&row| inside[row as usize] = true);
    for (band, inside) in bands.iter_mut().zip(inside) {
        if !inside && *band < band::PAST_WINDOW {
            *band = band::PAST_WINDOW;
        }
    }
}

/// The best `k` rows in order.
pub(super) fn head(run: &Run<'_>, ranked: &Ranked, k: usize) -> Vec<u32> {
    let n = ranked.matches.len();
    if run.has_explicit_sort() || n <= 2 * k {
        return best_of(run, ranked, (0..n as u32).collect(), k);
    }
    best_by_score(ranked, k)
}

/// The same without sort keys, for few of many: a row that is behind the best `k` of those before it is only looked at.
fn best_by_score(ranked: &Ranked, k: usize) -> Vec<u32> {
    let compare = |&a: &u32, &b: &u32| compare_rows(&[], ranked, a as usize, b as usize);
    let mut best: Vec<u32> = Vec::with_capacity(2 * k);
    let mut last: Option<u32> = None;
    let class = |row: u32| (ranked.sold_out.get(row as usize).copied().unwrap_or(false), ranked.bands[row as usize]);
    let (mut last_class, mut last_score) = ((false, 0), f64::MIN);
    for row in 0..ranked.matches.len() as u32 {
        // Most rows are behind by their score alone, which is quickly seen.
        let is_behind = ranked.scores[row as usize] < last_score && class(row) >= last_class;
        if is_behind || last.is_some_and(|last| compare(&row, &last).is_gt()) {
            continue;
        }
        best.push(row);
        if best.len() == 2 * k {
            let (_, &mut row, _) = best.select_nth_unstable_by(k - 1, compare);
            best.truncate(k);
            last = Some(row);
            (last_class, last_score) = (class(row), ranked.scores[row as usize]);
        }
    }
    best.sort_unstable_by(compare);
    best.truncate(k);
    best
}

/// Where each row stands, `[n]`, when nothing but these decide: bands and scores, what cannot be bought last.
pub(super) fn standings(scores: &[f64], bands: &[u8], sold_out: &[bool]) -> Vec<u32> {
    let is_sold_out = |row: u32| sold_out.get(row as usize).copied().unwrap_or(false);
    let mut rows: Vec<u32> = (0..scores.len() as u32).collect();
    rows.sort_unstable_by(|&a, &b| {
        let by_band = is_sold_out(a).cmp(&is_sold_out(b)).then(bands[a as usize].cmp(&bands[b as usize]));
        by_band.then_with(|| scores[b as usize].total_cmp(&scores[a as usize])).then(a.cmp(&b))
    });
    let mut positions = vec![0; rows.len()];
    rows.iter().zip(0..).for_each(|(&row, position)| positions[row as usize] = position);
    positions
}

/// The best `k` of some rows in order.
pub(super) fn best_of(run: &Run<'_>, ranked: &Ranked, mut rows: Vec<u32>, k: usize) -> Vec<u32> {
    let keys = sort_columns(run, &ranked.matches);
    let compare = |&a: &u32, &b: &u32| compare_rows(&keys, ranked, a as usize, b as usize);
    if k < rows.len() {
        rows.select_nth_unstable_by(k, compare);
        rows.truncate(k);
    }
    rows.sort_unstable_by(compare);
    rows
}

fn compare_rows(keys: &[SortColumn<'_>], ranked: &Ranked, a: usize, b: usize) -> Ordering {
    if !ranked.sold_out.is_empty() && ranked.sold_out[a] != ranked.sold_out[b] {
        return ranked.sold_out[a].cmp(&ranked.sold_out[b]);
    }
    if keys.is_empty() {
        let by_band = ranked.bands[a].cmp(&ranked.bands[b]);
        return by_band.then_with(|| ranked.scores[b].total_cmp(&ranked.scores[a])).then(a.cmp(&b));
    }
    let by_keys = keys.iter().map(|key| key.compare(ranked, a, b)).find(|o| o.is_ne());
    // Rows are in item order, so the row number is the tie rule.
    by_keys.unwrap_or(Ordering::Equal).then(a.cmp(&b))
}

/// One explicit sort key, gathered over all rows; missing values come last in both directions.
struct SortColumn<'k> {
    key: &'k SortKey,
    values: SortValues<'k>,
}

enum SortValues<'k> {
    Score,
    Numbers(Vec<Option<f64>>),
    Texts(Vec<Option<&'k str>>),
}

impl SortColumn<'_> {
    fn compare(&self, ranked: &Ranked, a: usize, b: usize) -> Ordering {
        match &self.values {
            SortValues::Score => {
                let descending = ranked.scores[b].total_cmp(&ranked.scores[a]);
                if self.key.ascending { descending.reverse() } else { descending }
            }
            SortValues::Numbers(v) => {
                missing_last(v[a].as_ref(), v[b].as_ref(), self.key.ascending, |a, b| a.total_cmp(b))
            }
            SortValues::Texts(v) => missing_last(v[a].as_ref(), v[b].as_ref(), self.key.ascending, |a, b| a.cmp(b)),
        }
    }
}

fn missing_last<T>(a: Option<&T>, b: Option<&T>, ascending: bool, compare: impl Fn(&T, &T) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if ascending => compare(a, b),
        (Some(a), Some(b)) => compare(b, a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// The columns of an explicit order; none when the list is ordered by score.
fn sort_columns<'k>(run: &'k Run<'_>, matches: &Matches) -> Vec<SortColumn<'k>> {
    if !run.has_explicit_sort() {
        return Vec::new();
    }
    let catalog = &run.snapshot.catalog;
    let items = || matches.items.iter().map(|&item| ItemId(item));
    let column = |key: &'k SortKey| {
        let values = match key.field.as_str() {
            "relevance" => SortValues::Score,
            "position" => SortValues::Numbers(positions(run, items())),
            "name" => {
                let names = items().map(|item| catalog.product(item).map(|p| p.name_in(&run.view.code)));
                SortValues::Texts(names.collect())
            }
            "price" => SortValues::Numbers(items().map(|item| run.quote(item).map(|q| q.final_minor as f64)).collect()),
            "created" => SortValues::Numbers(items().map(|item| catalog.created_ms(item).map(|t| t as f64)).collect()),
            code => attribute_values(catalog, code, items()),
        };
        SortColumn { key, values }
    };
    run.request.sort.iter().map(column).collect()
}

/// The merchant's positions in the category browsed; elsewhere nothing has one.
fn positions(run: &Run<'_>, items: impl Iterator<Item = ItemId>) -> Vec<Option<f64>> {
    let node = match &run.subject {
        Subject::Category { id, .. } => run.snapshot.catalog.category_node(*id),
        Subject::Search { .. } | Subject::Unit { .. } => None,
    };
    items.map(|item| node?.position_of(item).map(f64::from)).collect()
}

/// An attribute as sort values: its numbers when it holds numbers, else its first text.
fn attribute_values<'c>(catalog: &'c Catalog, code: &str, items: impl Iterator<Item = ItemId>) -> SortValues<'c> {
    let found = catalog.attribute_id(code).and_then(|id| Some((id, catalog.attribute(id)?)));
    match found {
        Some((_, attribute)) if attribute.is_numeric() => {
            SortValues::Numbers(items.map(|item| Some(attribute.item_number(item)).filter(|n| !n.is_nan())).collect())
        }
        Some((id, _)) => SortValues::Texts(items.map(|item| catalog.values_of(item, id).next()).collect()),
        None => SortValues::Numbers(items.map(|_| None).collect()),
    }
}
