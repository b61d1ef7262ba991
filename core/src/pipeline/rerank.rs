//! What do merchandisers change about the order?
//!
//! Order acts that were matched while the query was understood, then those of the rerankers, in configured
//! order. An act moves items that are in the list already; it cannot change the set. Pins name positions of
//! the whole list and hold on every page size. Under an explicit sort the caller's order stands and no act
//! is applied.

use std::collections::BTreeMap;

use planogram_abi::{Act, RankedList, Target, Verb};
use roaring::RoaringBitmap;

use super::column;
use super::eligible;
use super::order::{self, band};
use super::rank::Ranked;
use super::request::{LedgerKind, LedgerLine};
use super::run::Run;
use super::understand::Understanding;
use crate::host::Slot;

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
    let mut pins = Pins::default();
    if !run.has_explicit_sort() {
        for (plugin, act) in &understanding.order_acts {
            apply(run, plugin, act, &mut ranked, &mut remarks, &mut pins);
        }
        let plugins = run.epoch.plugins.clone();
        for slot in plugins.rerankers(run.kind()) {
            for act in acts_of(run, slot, &ranked) {
                ranked.boost(run, slot.plugin(), &act);
                apply(run, slot.plugin(), &act, &mut ranked, &mut remarks, &mut pins);
            }
        }
    }
    let rows = place_pins(order::head(run, &ranked, end + pins.list.len()), &pins.list, end, ranked.matches.len());
    Ordered { ranked, rows, remarks }
}

/// What one reranker orders, having seen the head it asked for. It cannot change the set.
fn acts_of(run: &mut Run<'_>, slot: &Slot, ranked: &Ranked) -> Vec<Act> {
    let head = order::head(run, ranked, slot.window() as usize);
    let items: Vec<u32> = head.iter().map(|&row| ranked.matches.items[row as usize]).collect();
    let scores = ranked.scores_of(&head);
    let gathered: Vec<Vec<f32>> = slot.reads().iter().map(|name| column::gather(run, name, ranked, &head)).collect();
    let columns: Vec<&[f32]> = gathered.iter().map(Vec::as_slice).collect();
    let list = RankedList { items: &items, scores: &scores, columns: &columns };
    let mut acts = run.call(slot, None, |slot, context| slot.rerank(context, list)).unwrap_or_default();
    acts.retain(|act| !act.verb.changes_set());
    acts
}

/// A pin that was ordered: position, row.
type Pin = (u32, u32);

/// The pins ordered so far: the first act that pins a row holds.
#[derive(Default)]
struct Pins {
    list: Vec<Pin>,
    rows: RoaringBitmap,
}

fn apply(
    run: &Run<'_>,
    plugin: &str,
    act: &Act,
    ranked: &mut Ranked,
    remarks: &mut Vec<(u32, LedgerLine)>,
    pins: &mut Pins,
) {
    for row in target_rows(run, act, ranked) {
        let (kind, value) = match act.verb {
            Verb::Pin { position } => {
                if !pins.rows.insert(row) {
                    continue;
                }
                pins.list.push((position, row));
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

/// The rows an act is about: listed items in the order in which they are listed, which is how they are pinned.
fn target_rows(run: &Run<'_>, act: &Act, ranked: &Ranked) -> Vec<u32> {
    let row = |item: u32| ranked.matches.row_of(item).map(|row| row as u32);
    match &act.target {
        Target::Items(items) => items.iter().filter_map(|item| row(*item)).collect(),
        Target::Matching(_) => eligible::target_items(run, &act.target).iter().filter_map(row).collect(),
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
    let mut placed: BTreeMap<usize, u32> = BTreeMap::new();
    let mut free = RoaringBitmap::new();
    free.insert_range(0..total as u32);
    for &(position, row) in pins {
        let wanted = position.min(total as u32 - 1);
        let at = free.range(wanted..).next().or_else(|| free.range(..wanted).next_back());
        let at = at.expect("there are as many positions as rows, and each row is pinned once");
        free.remove(at);
        placed.insert(at as usize, row);
    }
    let pinned: RoaringBitmap = pins.iter().map(|(_, row)| *row).collect();
    let mut others = head.into_iter().filter(|row| !pinned.contains(*row));
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
