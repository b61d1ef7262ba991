//! What was bought, and was it kept?
//!
//! An order counts each of its items once, in the hour it was (first) placed and in the store view it was placed in
//! then, and a category once while one of its lines counts; its lines may come in one event or in several. A cancel or
//! return takes items back, all of them when it names none, once, and also when it arrives before the order. The outcome
//! is the same in any order of arrival. Lines are remembered for the longest window and the lateness bound (`limits`
//! says for how many orders, and what one takes); after that only the id is, for ever: an old order neither counts
//! again nor is taken back.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::SignalConfig;
use super::cooccur::{Rows, order_weight};
use super::counters::{Tallies, ViewId, row_of};
use super::sharded::{KeySet, Sharded};
use super::window::{Counter, Hour, Window};
use crate::id::{CategoryId, ItemId, TimeMs};
use crate::limits::{ORDER_LINES_MAX, ORDER_PAIRED_LINES_MAX};

/// One item of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Line {
    item: ItemId,
    placed: bool,
    gone: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Order {
    /// When it was placed; unknown while only its cancel has arrived.
    hour: Option<Hour>,
    /// Where it was placed.
    view: ViewId,
    canceled: bool,
    lines: Vec<Line>,
    /// The categories of the lines that were placed, as (index of the line, category).
    shelves: Vec<(u16, CategoryId)>,
}

const _: () = assert!(ORDER_LINES_MAX <= u16::MAX as usize, "a line's index fits");

impl Order {
    fn line(&mut self, item: ItemId) -> Option<usize> {
        let known = self.lines.iter().position(|line| line.item == item);
        if known.is_none() && self.lines.len() < ORDER_LINES_MAX {
            self.lines.push(Line { item, placed: false, gone: false });
            return Some(self.lines.len() - 1);
        }
        known
    }

    fn counts(&self, i: usize) -> bool {
        !self.canceled && self.lines[i].placed && !self.lines[i].gone
    }

    /// The categories of a line in which no other line counts.
    fn alone_in(&self, i: usize) -> SmallVec<[CategoryId; 8]> {
        let other = |category| {
            self.shelves.iter().any(|&(j, c)| c == category && usize::from(j) != i && self.counts(usize::from(j)))
        };
        let own = self.shelves.iter().filter(|(j, _)| usize::from(*j) == i).map(|(_, category)| *category);
        own.filter(|category| !other(*category)).collect()
    }

    /// Counts a line that does from now on.
    fn add(&self, i: usize, at: (ViewId, Hour), tallies: &mut Tallies) {
        tallies.items.add(Counter::Purchases, self.lines[i].item, at);
        let alone = self.alone_in(i);
        alone.into_iter().for_each(|category| tallies.categories.add(Counter::Purchases, row_of(category), at));
    }

    /// Takes back a line that counted until now.
    fn sub(&self, i: usize, at: (ViewId, Hour), tallies: &mut Tallies) {
        tallies.items.sub(Counter::Purchases, self.lines[i].item, at);
        let alone = self.alone_in(i);
        alone.into_iter().for_each(|category| tallies.categories.sub(Counter::Purchases, row_of(category), at));
    }

    /// Moves what was counted to an earlier hour, or to the store view whose code comes first in the same one.
    fn move_to(&mut self, view: ViewId, hour: Hour, tallies: &mut Tallies) {
        let was_view = std::mem::replace(&mut self.view, view);
        let Some(was) = self.hour.replace(hour) else { return };
        for i in (0..self.lines.len()).filter(|&i| self.counts(i)) {
            tallies.items.sub(Counter::Purchases, self.lines[i].item, (was_view, was));
            tallies.items.add(Counter::Purchases, self.lines[i].item, (view, hour));
        }
        let mut shelves: SmallVec<[CategoryId; 16]> =
            self.shelves.iter().filter(|(i, _)| self.counts(usize::from(*i))).map(|(_, category)| *category).collect();
        shelves.sort_unstable();
        shelves.dedup();
        for category in shelves {
            tallies.categories.sub(Counter::Purchases, row_of(category), (was_view, was));
            tallies.categories.add(Counter::Purchases, row_of(category), (view, hour));
        }
    }

    /// The items that count, of the lines that are paired.
    fn paired(&self) -> Paired {
        let paired = self.lines.len().min(ORDER_PAIRED_LINES_MAX);
        (0..paired).filter(|&i| self.counts(i)).map(|i| self.lines[i].item).collect()
    }
}

type Paired = SmallVec<[ItemId; 16]>;

/// Pairs what an order holds now instead of what it held `before`: what stays weighs as much as what is new, so
/// that the weights do not depend on how the lines arrived.
fn pair_anew(together: &mut Rows, before: &Paired, now: &Paired) {
    let (was, is) = (order_weight(before.len()), order_weight(now.len()));
    for (i, &item) in before.iter().enumerate() {
        for &partner in &before[..i] {
            let stays = now.contains(&item) && now.contains(&partner);
            for (one, other) in [(item, partner), (partner, item)] {
                match stays {
                    true if was == is => {}
                    true => together.reweigh(one, other, was, is),
                    false => together.sub(one, other, Some(was)),
                }
            }
        }
    }
    for (i, &item) in now.iter().enumerate() {
        for &partner in &now[..i] {
            if !(before.contains(&item) && before.contains(&partner)) {
                together.add(item, partner, Some(is));
                together.add(partner, item, Some(is));
            }
        }
    }
}

/// The orders placed so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    recent: Sharded<Order>,
    /// Recent orders once each, with the hour their lines are forgotten; hours do not fall.
    due: VecDeque<(Hour, u64)>,
    old: KeySet,
}

/// What an order touches besides itself.
pub(super) struct Touched<'a> {
    /// The counters.
    pub(super) tallies: &'a mut Tallies,
    /// The bought-bought rows.
    pub(super) together: &'a mut Rows,
}

impl Orders {
    /// Counts the items of an order and pairs them; returns those that count now and did not before.
    pub(super) fn place(
        &mut self,
        key: u64,
        (view, hour): (ViewId, Hour),
        (items, shelves): (&[ItemId], &[(ItemId, CategoryId)]),
        now: (TimeMs, &SignalConfig),
        touched: Touched<'_>,
    ) -> SmallVec<[ItemId; 4]> {
        let mut bought = SmallVec::new();
        let Some(order) = self.order(key, now) else { return bought };
        let tallies = touched.tallies;
        let code = |view| tallies.items.code(view);
        if order.hour.is_none_or(|was| (hour, code(view)) < (was, code(order.view))) {
            order.move_to(view, hour, tallies);
        }
        let at = (order.view, order.hour.unwrap_or(hour));
        let before = order.paired();
        for item in shuffled(key, items) {
            let Some(i) = order.line(item) else { break };
            if std::mem::replace(&mut order.lines[i].placed, true) || !order.counts(i) {
                continue;
            }
            let own = shelves.iter().filter(|(of, _)| *of == item);
            order.shelves.extend(own.map(|(_, category)| (i as u16, *category)));
            order.add(i, at, tallies);
            bought.push(item);
        }
        pair_anew(touched.together, &before, &order.paired());
        bought
    }

    /// Takes items back, every item when none is named.
    pub(super) fn undo(&mut self, key: u64, items: &[ItemId], now: (TimeMs, &SignalConfig), touched: Touched<'_>) {
        let Some(order) = self.order(key, now) else { return };
        let lines: SmallVec<[usize; 8]> = if items.is_empty() {
            (0..order.lines.len()).collect()
        } else {
            items.iter().filter_map(|&item| order.line(item)).collect()
        };
        let before = order.paired();
        for i in lines {
            if let Some(hour) = order.hour.filter(|_| order.counts(i)) {
                order.sub(i, (order.view, hour), touched.tallies);
            }
            order.lines[i].gone = true;
        }
        order.canceled |= items.is_empty();
        pair_anew(touched.together, &before, &order.paired());
    }

    /// Orders known, canceled ones included.
    pub(super) fn len(&self) -> u64 {
        (self.recent.len() + self.old.len()) as u64
    }

    /// The order, remembered from now on; `None` when it is too old to change.
    fn order(&mut self, key: u64, (now_ms, config): (TimeMs, &SignalConfig)) -> Option<&mut Order> {
        if self.old.contains(key) {
            return None;
        }
        if !self.recent.contains(key) {
            while self.recent.len() >= config.order_records_max.max(1) && self.forget_oldest() {}
            self.recent.insert(key, Order::default());
            let kept = Hour::of(config.lateness_ms).plus(Window::Month.hours() + 1);
            self.due.push_back((Hour::of(now_ms).plus(kept.0), key));
        }
        self.recent.get_mut(key)
    }

    fn forget_oldest(&mut self) -> bool {
        let Some((_, key)) = self.due.pop_front() else { return false };
        self.recent.remove(key);
        self.old.insert(key, ());
        true
    }

    /// Forgets the lines of orders that have left every window.
    pub(super) fn expire(&mut self, now_ms: TimeMs) {
        while self.due.front().is_some_and(|(due, _)| *due <= Hour::of(now_ms)) {
            self.forget_oldest();
        }
    }

    pub(super) fn save(&self) -> SavedOrders {
        SavedOrders {
            recent: self.recent.sorted().into_iter().map(|(key, order)| (key, order.clone())).collect(),
            due: self.due.iter().copied().collect(),
            old: self.old.keys(),
        }
    }

    pub(super) fn load(saved: SavedOrders) -> Self {
        Self {
            recent: saved.recent.into_iter().collect(),
            due: saved.due.into(),
            old: saved.old.into_iter().map(|key| (key, ())).collect(),
        }
    }
}

/// The items in an order of their own for each order: where only the first lines are paired, they are a fair
/// sample. A shop that sorts its lines would otherwise pair the same few items again and again.
fn shuffled(key: u64, items: &[ItemId]) -> SmallVec<[ItemId; 16]> {
    let mut items = SmallVec::from_slice(items);
    if items.len() > ORDER_PAIRED_LINES_MAX {
        items.sort_by_cached_key(|item: &ItemId| {
            let mixed = (key ^ u64::from(item.0)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
        });
    }
    items
}

/// [`Orders`] as they stand in a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedOrders {
    recent: Vec<(u64, Order)>,
    due: Vec<(Hour, u64)>,
    old: Vec<u64>,
}
