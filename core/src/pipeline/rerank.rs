//! What do merchandisers change about the order?
//!
//! Order acts that were matched while the query was understood, then those of the rerankers, in configured
//! order. An act moves items that are in the list already; it cannot change the set. Pins name positions of
//! the whole list and hold on every page size. Under an explicit sort the caller's order stands and no act
//! is applied.

use planogram_abi::{Act, RankedList, Verb};

use super::column;
use super::eligible;
use super::ledger::{Entry, Values};
use super::order::{self, band};
use super::rank::Ranked;
use super::request::{LedgerKind, LedgerLine};
use super::run::Run;
use super::understand::Understanding;

/// The list in its final order, as far as anybody will see it.
pub(super) struct Ordered {
    pub ranked: Ranked,
    /// Rows from the first position to the end of the page asked for.
    pub rows: Vec<u32>,
    /// Remarks on single rows for the ledger: pins and bands.
    pub remarks: Vec<(u32, LedgerLine)>,
}

pub(super) fn rerank(run: &mut Run<'_>, understanding: Understanding, mut ranked: Ranked) -> Ordered {
    let end = run.request.page.number as usize * run.request.page.size as usize;
    let mut remarks = Vec::new();
    let mut pins = Vec::new();
    if !run.has_explicit_sort() {
        for (plugin, act) in &understanding.order_acts {
            apply(run, plugin, act, &mut ranked, &mut remarks, &mut pins);
        }
        let plugins = run.epoch.plugins.clone();
        for slot in plugins.rerankers(run.kind()) {
            let head = order::head(run, &ranked, slot.window() as usize);
            let items: Vec<u32> = head.iter().map(|&row| ranked.matches.items[row as usize]).collect();
            let scores: Vec<f32> = head.iter().map(|&row| ranked.scores[row as usize] as f32).collect();
            let gathered: Vec<Vec<f32>> = slot
                .reads()
                .iter()
                .map(|name| {
                    column::gather(run, name, &ranked.matches, &head).unwrap_or_else(|| vec![f32::NAN; head.len()])
                })
                .collect();
            let columns: Vec<&[f32]> = gathered.iter().map(Vec::as_slice).collect();
            let list = RankedList { items: &items, scores: &scores, columns: &columns };
            let acts = run.call(slot, None, |slot, context| slot.rerank(context, list)).unwrap_or_default();
            for act in acts.into_iter().filter(|act| !act.verb.changes_set()) {
                boost(run, slot.plugin(), &act, &mut ranked);
                apply(run, slot.plugin(), &act, &mut ranked, &mut remarks, &mut pins);
            }
        }
    }
    let rows = place_pins(order::head(run, &ranked, end + pins.len()), &pins, end, ranked.matches.len());
    Ordered { ranked, rows, remarks }
}

/// A pin that was ordered: position, row.
type Pin = (u32, u32);

fn apply(
    run: &Run<'_>,
    plugin: &str,
    act: &Act,
    ranked: &mut Ranked,
    remarks: &mut Vec<(u32, LedgerLine)>,
    pins: &mut Vec<Pin>,
) {
    let targets = eligible::target_items(run, &act.target);
    for row in targets.iter().filter_map(|item| ranked.matches.row_of(item)).map(|row| row as u32) {
        let (kind, value) = match act.verb {
            Verb::Pin { position } => {
                if pins.iter().any(|(_, pinned)| *pinned == row) {
                    continue;
                }
                pins.push((position, row));
                (LedgerKind::Pin, f64::from(position))
            }
            Verb::Bury => {
                ranked.bands[row as usize] = band::BURIED;
                (LedgerKind::Band, 0.0)
            }
            Verb::Raise => {
                ranked.bands[row as usize] = band::RAISED;
                (LedgerKind::Band, 0.0)
            }
            Verb::Boost { .. } | Verb::Hide | Verb::Include | Verb::Filter => continue,
        };
        remarks.push((row, LedgerLine { kind, name: plugin.to_owned(), value, note: act.reason.clone() }));
    }
}

/// A reranker's boost enters the ledger like any other factor.
fn boost(run: &Run<'_>, plugin: &str, act: &Act, ranked: &mut Ranked) {
    if let Verb::Boost { factor } = act.verb {
        let rows = eligible::target_items(run, &act.target)
            .iter()
            .filter_map(|item| ranked.matches.row_of(item))
            .map(|row| (row as u32, factor, act.reason.clone()))
            .collect();
        let entry =
            Entry { name: plugin.to_owned(), combine: planogram_abi::Combine::Factor, values: Values::Sparse(rows) };
        ranked.ledger.enter(entry, &mut ranked.scores);
    }
}

/// Puts pinned rows at their positions. Of two pins at one position the earlier act keeps it and the later
/// takes the next free one; a pin behind the end of the list stands at its end.
fn place_pins(head: Vec<u32>, pins: &[Pin], end: usize, total: usize) -> Vec<u32> {
    let end = end.min(total);
    if pins.is_empty() {
        let mut rows = head;
        rows.truncate(end);
        return rows;
    }
    let mut placed: std::collections::BTreeMap<usize, u32> = std::collections::BTreeMap::new();
    for &(position, row) in pins {
        let wanted = (position as usize).min(total - 1);
        let free = (wanted..total).find(|at| !placed.contains_key(at));
        let at = free.or_else(|| (0..wanted).rev().find(|at| !placed.contains_key(at)));
        placed.insert(at.expect("there are as many positions as rows, and each row is pinned once"), row);
    }
    let pinned: std::collections::HashSet<u32> = pins.iter().map(|(_, row)| *row).collect();
    let mut others = head.into_iter().filter(|row| !pinned.contains(row));
    (0..end).map_while(|at| placed.get(&at).copied().or_else(|| others.next())).collect()
}

#[cfg(test)]
mod tests {
    use super::place_pins;

    fn check(pins: &[(u32, u32)], end: usize, expected: &[u32]) {
        let total = 6;
        let head: Vec<u32> = (0..total as u32).take(end + pins.len()).collect();
        assert_eq!(place_pins(head, pins, end, total), expected, "{pins:?}");
    }

    #[test]
    fn pins_hold_their_positions() {
        check(&[], 3, &[0, 1, 2]);
        check(&[(0, 4)], 6, &[4, 0, 1, 2, 3, 5]);
        check(&[(2, 0)], 6, &[1, 2, 0, 3, 4, 5]);
        check(&[(1, 5), (1, 4)], 6, &[0, 5, 4, 1, 2, 3]);
        check(&[(99, 0)], 6, &[1, 2, 3, 4, 5, 0]);
        check(&[(99, 0), (99, 1)], 6, &[2, 3, 4, 5, 1, 0]);
    }

    #[test]
    fn pages_of_any_size_are_cut_from_one_list() {
        let pins = [(3, 0), (1, 5)];
        let whole = place_pins((0..6).collect(), &pins, 6, 6);
        for end in 1..=6 {
            let head: Vec<u32> = (0..6).take(end + pins.len()).collect();
            assert_eq!(place_pins(head, &pins, end, 6), whole[..end]);
        }
    }
}
