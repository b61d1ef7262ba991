//! What do merchandisers change about the order?
//!
//! Order acts that were matched while the query was understood, then those of the rerankers, in configured
//! order. An act moves items that are in the list already; it cannot change the set. Pins name positions of
//! the whole list and hold on every page size; quotas are kept around them (see [`super::quota`]). Under an explicit sort
//! the caller's order stands and no act is applied. When reasons are asked for, each stage (boosts, bands, pins, quotas)
//! says from where to where it moved a product.

use std::collections::{BTreeMap, HashMap, HashSet};

use planogram_abi::{Act, RankedList, Target, Verb};
use roaring::RoaringBitmap;

use super::column;
use super::eligible;
use super::lend::Lent;
use super::order::{self, band};
use super::quota::{AtLeast, AtMostInRow, Layout, Quotas, Reasons};
use super::rank::Ranked;
use super::request::{LedgerKind, LedgerLine};
use super::run::Run;
use super::understand::Understanding;
use super::words;
use crate::host::Slot;
use crate::id::ItemId;

/// The list in its final order, as far as anybody will see it.
pub(super) struct Ordered {
    pub ranked: Ranked,
    /// Rows from the first position to the end of the page asked for.
    pub rows: Vec<u32>,
    /// Remarks on single rows for the ledger: pins, bands and quotas.
    pub remarks: Vec<(u32, LedgerLine)>,
    /// When reasons are asked for: from where to where boosts moved a row.
    pub boosted: HashMap<u32, (u32, u32)>,
}

pub(super) fn rerank(run: &mut Run<'_>, understanding: Understanding, mut ranked: Ranked) -> Ordered {
    let end = run.request.page.number as usize * run.request.page.size as usize;
    let bands_before = run.request.explain.then(|| ranked.bands.clone());
    let mut orders = Orders::default();
    if run.request.explain {
        orders.remark_included(run, &understanding, &ranked);
    }
    if !run.has_explicit_sort() {
        for (plugin, act) in &understanding.order_acts {
            orders.take(run, plugin, act, &mut ranked);
        }
        let plugins = run.epoch.plugins.clone();
        for slot in plugins.rerankers(run.kind()) {
            for act in acts_of(run, slot, &ranked) {
                ranked.boost(run, slot.plugin(), &act);
                orders.take(run, slot.plugin(), &act, &mut ranked);
            }
        }
    }
    let total = ranked.matches.len();
    let end = end.min(total);
    let places = places(&orders.pins, total);
    let reach = end + orders.pins.len() + orders.reach();
    let head = order::head(run, &ranked, reach);
    let (rows, reasons) = if orders.is_without_quotas() {
        (merged(&places, &head, end), Reasons::new())
    } else {
        lay_out(run, &orders, &ranked, &places, &head, end)
    };
    let mut ordered = Ordered { ranked, rows, remarks: orders.remarks, boosted: HashMap::new() };
    if let Some(bands) = bands_before.filter(|_| !run.has_explicit_sort()) {
        trace(run, &mut ordered, &bands, &places, &orders.quotas, &reasons);
    }
    ordered
}

/// What one reranker orders, having seen the head it asked for. It cannot change the set.
fn acts_of(run: &mut Run<'_>, slot: &Slot, ranked: &Ranked) -> Vec<Act> {
    let head = order::head(run, ranked, slot.window() as usize);
    let items: Vec<u32> = head.iter().map(|&row| ranked.matches.items[row as usize]).collect();
    let scores = ranked.scores_of(&head);
    let gathered: Vec<Vec<f32>> = slot.reads().iter().map(|name| column::gather(run, name, ranked, &head)).collect();
    let columns: Vec<&[f32]> = gathered.iter().map(Vec::as_slice).collect();
    let list = RankedList { items: &items, scores: &scores, columns: &columns };
    let mut acts = run.call(slot, Lent::default(), |slot, context| slot.rerank(context, list)).unwrap_or_default();
    acts.retain(|act| act.verb.changes_order());
    acts
}

/// A pin that was ordered: position, row.
type Pin = (u32, u32);

/// What was ordered so far.
#[derive(Default)]
struct Orders {
    /// The first act that pins a row holds.
    pins: Vec<Pin>,
    pinned: RoaringBitmap,
    /// Quotas with the rows they mean, in order; each with the plugin that ordered it.
    quotas: Vec<(String, Act, Vec<u32>)>,
    remarks: Vec<(u32, LedgerLine)>,
}

impl Orders {
    fn is_without_quotas(&self) -> bool {
        self.quotas.is_empty()
    }

    /// How many rows behind the page quotas look at.
    fn reach(&self) -> usize {
        let count = |act: &Act| if let Verb::AtLeast { count, .. } = act.verb { count as usize } else { 0 };
        let reserves: usize = self.quotas.iter().map(|(_, act, _)| count(act)).sum();
        if self.quotas.is_empty() { 0 } else { crate::limits::QUOTA_LOOKAHEAD + reserves }
    }

    /// Notes whom a rule brought in.
    fn remark_included(&mut self, run: &Run<'_>, understanding: &Understanding, ranked: &Ranked) {
        for (plugin, act) in understanding.set_acts.iter().filter(|(_, act)| act.verb == Verb::Include) {
            let line = LedgerLine {
                kind: LedgerKind::Note,
                name: plugin.clone(),
                value: 0.0,
                note: words::done(plugin, act, None),
                moved: None,
            };
            self.remarks.extend(target_rows(run, act, ranked).into_iter().map(|row| (row, line.clone())));
        }
    }

    fn take(&mut self, run: &Run<'_>, plugin: &str, act: &Act, ranked: &mut Ranked) {
        match &act.verb {
            Verb::Pin { .. } | Verb::Bury | Verb::Raise => {}
            Verb::AtLeast { .. } => {
                return self.quotas.push((plugin.to_owned(), act.clone(), target_rows(run, act, ranked)));
            }
            Verb::AtMostInRow { .. } => return self.quotas.push((plugin.to_owned(), act.clone(), Vec::new())),
            _ => return,
        }
        for row in target_rows(run, act, ranked) {
            let (kind, value) = match act.verb {
                Verb::Pin { position } => {
                    if !self.pinned.insert(row) {
                        continue;
                    }
                    self.pins.push((position, row));
                    (LedgerKind::Pin, f64::from(position))
                }
                _ => {
                    let band = &mut ranked.bands[row as usize];
                    // The first act that raises or buries a row holds, too.
                    if matches!(*band, band::RAISED | band::BURIED) {
                        continue;
                    }
                    *band = if act.verb == Verb::Bury { band::BURIED } else { band::RAISED };
                    (LedgerKind::Band, 0.0)
                }
            };
            if !run.request.explain {
                continue;
            }
            let (name, note) = (plugin.to_owned(), words::done(plugin, act, None));
            self.remarks.push((row, LedgerLine { kind, name, value, note, moved: None }));
        }
    }
}

/// The rows an act is about: listed items in the order in which they are listed, which is how they are pinned.
fn target_rows(run: &Run<'_>, act: &Act, ranked: &Ranked) -> Vec<u32> {
    let row = |item: &u32| ranked.matches.row_of(*item).map(|row| row as u32);
    match &act.target {
        Target::Items(items) => items.iter().filter_map(row).collect(),
        Target::Matching(_) => ranked.matches.rows_of(&eligible::target_items(run, &act.target)),
    }
}

/// The places of pinned rows. Of two pins at one position the earlier act keeps it and the later takes the next free
/// one; a pin behind the end of the list stands at its end.
fn places(pins: &[Pin], total: usize) -> BTreeMap<usize, u32> {
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
    placed
}

/// The rows of the first `end` places: pinned rows at theirs, the others in order around them.
fn merged(places: &BTreeMap<usize, u32>, head: &[u32], end: usize) -> Vec<u32> {
    if places.is_empty() {
        return head[..end.min(head.len())].to_vec();
    }
    let pinned: RoaringBitmap = places.values().copied().collect();
    let mut others = head.iter().copied().filter(|row| !pinned.contains(*row));
    (0..end).map_while(|at| places.get(&at).copied().or_else(|| others.next())).collect()
}

/// The same under quotas.
fn lay_out(
    run: &Run<'_>,
    orders: &Orders,
    ranked: &Ranked,
    places: &BTreeMap<usize, u32>,
    head: &[u32],
    end: usize,
) -> (Vec<u32>, Reasons) {
    let class = |row: u32| (ranked.sold_out.get(row as usize).copied().unwrap_or(false), ranked.bands[row as usize]);
    let mut quotas = Quotas::default();
    for (_, act, members) in &orders.quotas {
        if let Verb::AtLeast { count, first } = act.verb {
            let may_rise = |row: &u32| !orders.pinned.contains(*row) && class(*row) < (false, band::BURIED);
            let reserve = members.iter().copied().filter(may_rise).collect();
            let reserve = order::best_of(run, ranked, reserve, count as usize);
            // No more can be asked for than there are, or a place would be kept for nobody.
            let pinned = places.range(..first as usize).filter(|(_, row)| members.contains(row)).count();
            let count = (count as usize).min(reserve.len() + pinned);
            let members: HashSet<u32> = members.iter().copied().collect();
            quotas.at_least.push(AtLeast {
                count,
                first: (first as usize).min(ranked.matches.len()),
                members,
                reserve,
            });
        }
    }
    let reserves = quotas.at_least.iter().flat_map(|quota| &quota.reserve);
    let seen: HashSet<u32> = head.iter().chain(places.values()).chain(reserves).copied().collect();
    for (_, act, _) in &orders.quotas {
        if let Verb::AtMostInRow { count, attribute } = &act.verb {
            quotas.at_most.push(AtMostInRow { count: *count as usize, values: values(run, ranked, attribute, &seen) });
        }
    }
    let queue: Vec<u32> = head.iter().copied().filter(|row| !orders.pinned.contains(*row)).collect();
    let mut reasons = Reasons::new();
    let layout = Layout { end, pinned: places, queue: &queue, bands: &class };
    (quotas.lay_out(&layout, &mut reasons), reasons)
}

/// The first value of an attribute of each row that has one, as a number.
fn values(run: &Run<'_>, ranked: &Ranked, attribute: &str, rows: &HashSet<u32>) -> HashMap<u32, u32> {
    let catalog = &run.snapshot.catalog;
    let Some(id) = catalog.attribute_id(attribute) else { return HashMap::new() };
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut number = |row: &u32| {
        let value = catalog.values_of(ItemId(ranked.matches.items[*row as usize]), id).next()?;
        let next = numbers.len() as u32;
        Some((*row, *numbers.entry(value).or_insert(next)))
    };
    rows.iter().filter_map(&mut number).collect()
}

/// Notes from where to where each stage moved the rows that are shown.
fn trace(
    run: &Run<'_>,
    ordered: &mut Ordered,
    bands: &[u8],
    places: &BTreeMap<usize, u32>,
    acts: &[(String, Act, Vec<u32>)],
    reasons: &Reasons,
) {
    let ranked = &ordered.ranked;
    let n = ranked.matches.len();
    let plain = order::standings(&ranked.ledger.without_boosts(n), bands, &ranked.sold_out);
    let boosted = order::standings(&ranked.scores, bands, &ranked.sold_out);
    let banded = order::standings(&ranked.scores, &ranked.bands, &ranked.sold_out);
    let mut in_order = vec![0; n];
    banded.iter().zip(0..).for_each(|(&at, row)| in_order[at as usize] = row);
    let mut pinned = vec![0; n];
    merged(places, &in_order, n).iter().zip(0..).for_each(|(&row, at)| pinned[row as usize] = at);
    let step = |from: &[u32], to: &[u32], row: u32| (from[row as usize], to[row as usize]);
    let moved = |(from, to): (u32, u32)| (from != to).then_some((from, to));
    for (row, line) in &mut ordered.remarks {
        line.moved = match line.kind {
            LedgerKind::Pin => moved(step(&banded, &pinned, *row)),
            LedgerKind::Note => None,
            _ => moved(step(&boosted, &banded, *row)),
        };
    }
    // Quotas are numbered as they were laid out: those of the first positions come first.
    let is_at_least = |(_, act, _): &&(String, Act, Vec<u32>)| matches!(act.verb, Verb::AtLeast { .. });
    let quotas: Vec<_> = acts.iter().filter(is_at_least).chain(acts.iter().filter(|act| !is_at_least(act))).collect();
    for (&row, at) in ordered.rows.iter().zip(0..) {
        ordered.boosted.extend(moved(step(&plain, &boosted, row)).map(|step| (row, step)));
        let Some((quota, step)) = reasons.get(&row).zip(moved((pinned[row as usize], at))) else { continue };
        let (plugin, act, _) = quotas[*quota];
        let note = words::done(plugin, act, eligible::condition_of(run, &act.target));
        let (kind, name) = (LedgerKind::Quota, plugin.clone());
        ordered.remarks.push((row, LedgerLine { kind, name, value: 0.0, note, moved: Some(step) }));
    }
}

#[cfg(test)]
mod tests {
    use super::{merged, places};

    fn place_pins(head: Vec<u32>, pins: &[(u32, u32)], end: usize, total: usize) -> Vec<u32> {
        merged(&places(pins, total), &head, end.min(total))
    }

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
