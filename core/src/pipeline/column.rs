//! What does a column hold for each candidate?
//!
//! Gathers a named column into one contiguous `f32[n]`, row = candidate. This is the only place where names of
//! columns meet the views behind them. A missing value is NaN.

use planogram_abi::column;

use super::evidence;
use super::rank::Ranked;
use super::retrieve::Matches;
use super::run::{Run, Subject};
use crate::id::{DAY_MS, ItemId};
use crate::signal::SignalColumn;

/// The named column over `rows` of the matches, `[rows.len()]`; a column that does not exist is missing everywhere.
pub(super) fn gather(run: &Run<'_>, name: &str, ranked: &Ranked, rows: &[u32]) -> Vec<f32> {
    let known = ranked.ledger.column(name, rows).or_else(|| look_up(run, name, &ranked.matches, rows));
    known.unwrap_or_else(|| vec![f32::NAN; rows.len()])
}

fn look_up(run: &Run<'_>, name: &str, matches: &Matches, rows: &[u32]) -> Option<Vec<f32>> {
    let items = || rows.iter().map(|&row| ItemId(matches.items[row as usize]));
    let pick = |values: &[f32]| rows.iter().map(|&row| values[row as usize]).collect();
    let catalog = &run.snapshot.catalog;
    Some(match name {
        column::TEXT => match matches.sources.get("text") {
            Some(values) => pick(values),
            None => vec![0.0; rows.len()],
        },
        column::POSITION => match &run.subject {
            Subject::Category { id, .. } => {
                let node = catalog.category_node(*id)?;
                items().map(|item| node.position_of(item).map_or(f32::NAN, |p| p as f32)).collect()
            }
            _ => vec![f32::NAN; rows.len()],
        },
        column::PRICE => items().map(|item| price(run, item).map_or(f32::NAN, |(paid, _)| paid)).collect(),
        column::DISCOUNT => items().map(|item| price(run, item).map_or(f32::NAN, |(_, off)| off)).collect(),
        column::QUANTITY => items().map(|item| quantity(run, item)).collect(),
        column::IN_STOCK => {
            let sellable = catalog.sellable_items();
            items().map(|item| f32::from(u8::from(sellable.contains(item.0)))).collect()
        }
        column::NAME_RANK => {
            let view = run.view.code.as_str();
            places(items().map(|item| catalog.product(item).map_or("", |product| product.name_in(view))))
        }
        column::SKU_RANK => places(items().map(|item| catalog.sku_of(item))),
        column::AGE_DAYS => items().map(|item| age_days(run, item)).collect(),
        column::QUERY_EVIDENCE => {
            let values = &run.evidence().values;
            items().map(|item| evidence::value_of(values, item).unwrap_or(0.0)).collect()
        }
        column::QUERY_NOVELTY => {
            let novelty = &run.evidence().novelty;
            let never = if novelty.is_empty() { f32::NAN } else { 1.0 };
            items().map(|item| evidence::value_of(novelty, item).unwrap_or(never)).collect()
        }
        _ => {
            if let Some(signal) = SignalColumn::from_name(name) {
                let ids = matches.items_of(rows);
                let mut values = vec![0.0; ids.len()];
                run.demand.gather(signal, &ids, &mut values);
                return Some(values);
            }
            if let Some(part) = column::AFFINITY.iter().position(|affinity| *affinity == name) {
                return Some(items().map(|item| affinity(run, part, item)).collect());
            }
            if let Some(code) = name.strip_prefix(column::ATTRIBUTE_PREFIX) {
                let attribute = catalog.attribute(catalog.attribute_id(code)?)?;
                return Some(items().map(|item| attribute.item_number(item) as f32).collect());
            }
            if name.starts_with(column::SOURCE_PREFIX) {
                return Some(matches.source_column(name).map_or_else(|| vec![f32::NAN; rows.len()], pick));
            }
            let observed = run.snapshot.observed.get(name)?;
            items().map(|item| observed.get(item.index()).copied().unwrap_or(f32::NAN)).collect()
        }
    })
}

/// The zero-based place of each text among all of them; equal texts share it.
fn places<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<f32> {
    // Most texts differ in their first bytes, which are compared as one number.
    let head = |text: &str| {
        let mut bytes = [0; 8];
        text.bytes().zip(&mut bytes).for_each(|(from, to)| *to = from);
        u64::from_be_bytes(bytes)
    };
    let mut sorted: Vec<(u64, &str, u32)> = texts.zip(0..).map(|(text, row)| (head(text), text, row)).collect();
    sorted.sort_unstable();
    let mut places = vec![0.0; sorted.len()];
    let (mut place, mut before) = (0.0, None);
    for (at, (_, text, row)) in sorted.into_iter().enumerate() {
        if before != Some(text) {
            (place, before) = (at as f32, Some(text));
        }
        places[row as usize] = place;
    }
    places
}

/// Final price in major units, and the share taken off, of the variant shown by default.
fn price(run: &Run<'_>, item: ItemId) -> Option<(f32, f32)> {
    let quote = run.quote(item)?;
    let off = if quote.regular_minor > 0 { 1.0 - quote.final_minor as f64 / quote.regular_minor as f64 } else { 0.0 };
    Some((run.book.major(quote.final_minor) as f32, off as f32))
}

/// One part of the shopper's affinity to a product, by its index in [`column::AFFINITY`].
fn affinity(run: &Run<'_>, part: usize, item: ItemId) -> f32 {
    let taste = run.taste();
    if taste.is_empty() {
        return 0.0;
    }
    let affinity = taste.to(item, &run.snapshot.catalog, run.usual_price(item));
    [affinity.all(), affinity.category, affinity.brand, affinity.price, affinity.attributes][part]
}

fn age_days(run: &Run<'_>, item: ItemId) -> f32 {
    run.snapshot
        .catalog
        .created_ms(item)
        .map_or(f32::NAN, |created| ((run.now_ms - created) as f64 / DAY_MS as f64) as f32)
}

fn quantity(run: &Run<'_>, item: ItemId) -> f32 {
    let stock = run.witness(item).map(|variant| run.snapshot.catalog.stock(variant));
    stock.and_then(|stock| stock.quantity).map_or(f32::NAN, |quantity| quantity as f32)
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn equal_texts_share_a_place() {
        let check = |texts: &[&str], expected: &[f32]| assert_eq!(places(texts.iter().copied()), expected, "{texts:?}");
        check(&[], &[]);
        check(&["b", "a", "b", "c"], &[1.0, 0.0, 1.0, 3.0]);
        check(&["long name 2", "long name 1", "long name", ""], &[3.0, 2.0, 1.0, 0.0]);
        check(&["é", "z", "e"], &[2.0, 1.0, 0.0]);
    }
}
