//! What would this shopper like next?
//!
//! A mixture of three estimates of the probability that an item is in the next order: that it is bought again
//! (how regularly the shopper bought it, times how much this shop's shoppers come back at all), that it goes with
//! what they bought or looked at lately (the average over the history of how often it was together with each item,
//! fading with age, and for what they looked at also what is looked at next, in that order of views), and that
//! anybody buys it. All are in the same unit, purchases an order, so that a long history outweighs the crowd and a
//! short one does not. What is looked at next may be what was looked at before, where this shop's shoppers go back and
//! the caller lets them.
//! The personal part follows Hu et al., "Modeling Personalized Item Frequency Information for Next-basket
//! Recommendation", SIGIR 2020, without its neighbors: those brought nothing beyond the item pairs where it was
//! measured.
//! What is not here: what may be shown, and whether what was bought is left out.

use roaring::RoaringBitmap;
use rustc_hash::FxHashMap;

use super::fold::VisitorView;
use super::habit::ORDERS_PRIOR;
use super::profile::Visitor;
use crate::id::ItemId;
use crate::limits::{HISTORY_NEXT_MAX, HISTORY_PURCHASES_MAX, HISTORY_VIEWS_MAX, VISIT_CONTEXT_MAX};
use crate::signal::{CoKind, Counter, SignalView, Window};

/// What an order, or a view, counts relative to the next newer one.
const FADING: f32 = 0.7;
/// Weight of the neighbors of what was bought, and of what was looked at.
const NEIGHBORS_WEIGHT: f32 = 0.3;
/// Weight of the probability that an item is looked at next, given what was looked at in order.
const NEXT_WEIGHT: f32 = 0.3;
/// Exponents of the counts of the history's item and of its neighbor.
const EXPONENTS: (f32, f32) = (0.7, 0.3);
/// Added to the denominator of the neighbors' similarity.
const SHRINKAGE: f32 = 5.0;
/// How strongly the sales of 30 days, as a share of those of all time, weigh in an item's popularity.
const TREND_EXPONENT: f32 = 0.3;

/// What is known of a shopper.
#[derive(Clone, Copy, Debug, Default)]
pub struct Past<'a> {
    /// The profile, where there is one.
    pub visitor: Option<&'a Visitor>,
    /// What was looked at, newest first.
    pub viewed: &'a [ItemId],
}

/// Estimated purchases in the next order, for every item that anything speaks for; in order of item id.
///
/// `popular` are items to estimate in any case; what is looked at next is sought among the items of `next`.
pub fn next_purchases(
    visitors: &VisitorView,
    past: Past<'_>,
    popular: &[ItemId],
    next: &RoaringBitmap,
    signals: &SignalView,
) -> Vec<(ItemId, f32)> {
    let mut scores: FxHashMap<ItemId, f32> = popular.iter().map(|&item| (item, 0.0)).collect();
    if let Some(visitor) = past.visitor {
        let again = visitors.habit().propensity() / (visitor.orders_weight + ORDERS_PRIOR);
        for bought in &visitor.purchases {
            *scores.entry(bought.item).or_default() += again * bought.weight;
        }
        neighbors(&aged_purchases(visitor), CoKind::BoughtBought, Counter::Purchases, signals, &mut scores);
    }
    let ages = std::iter::successors(Some(1.0_f32), |age| Some(age * FADING));
    let seen: Vec<(ItemId, f32)> = past.viewed.iter().copied().take(HISTORY_VIEWS_MAX).zip(ages).collect();
    neighbors(&seen, CoKind::ViewedViewed, Counter::Views, signals, &mut scores);
    let in_order: Vec<u32> = past.viewed.iter().take(VISIT_CONTEXT_MAX).rev().map(|item| item.0).collect();
    for (item, chance) in signals.next_in_visit(&in_order, HISTORY_NEXT_MAX, next) {
        *scores.entry(item).or_default() += NEXT_WEIGHT * chance;
    }
    let mut estimates: Vec<(ItemId, f32)> =
        scores.into_iter().map(|(item, score)| (item, score + popularity(signals, item))).collect();
    estimates.sort_unstable_by_key(|(item, _)| *item);
    estimates
}

/// The newest purchases, each with its share of its order and that faded with the order's age.
fn aged_purchases(visitor: &Visitor) -> Vec<(ItemId, f32)> {
    let newest = &visitor.purchases[..visitor.purchases.len().min(HISTORY_PURCHASES_MAX)];
    let mut aged = Vec::with_capacity(newest.len());
    let mut age = 1.0;
    for order in newest.chunk_by(|a, b| a.order == b.order) {
        aged.extend(order.iter().map(|bought| (bought.item, age / order.len() as f32)));
        age *= FADING;
    }
    aged
}

/// Adds the average of what was together with the history's items.
fn neighbors(
    history: &[(ItemId, f32)],
    kind: CoKind,
    counter: Counter,
    signals: &SignalView,
    scores: &mut FxHashMap<ItemId, f32>,
) {
    let total: f32 = history.iter().map(|(_, weight)| weight).sum();
    for &(item, weight) in history {
        let share = NEIGHBORS_WEIGHT * weight / total;
        let mine = (signals.total(counter, item) as f32).powf(EXPONENTS.0);
        for (other, together) in signals.pairs(kind, item) {
            let theirs = (signals.total(counter, other) as f32).powf(EXPONENTS.1);
            *scores.entry(other).or_default() += share * together as f32 / (mine * theirs + SHRINKAGE);
        }
    }
}

/// Purchases an order by anybody, those of the last 30 days counting more.
fn popularity(signals: &SignalView, item: ItemId) -> f32 {
    let all = signals.total(Counter::Purchases, item) as f32;
    let recent = signals.count(Counter::Purchases, Window::Month, item) as f32;
    all / signals.orders().max(1) as f32 * ((recent + 2.0) / (all + 10.0)).powf(TREND_EXPONENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::event::{Event, EventKind};
    use crate::signal::testing::{event, resolved, take};
    use crate::signal::{SignalConfig, Signals};
    use crate::visitor::Visitors;

    /// A shop that heard these orders of (visitor, items).
    fn shop(orders: &[(&str, &[u32])]) -> (VisitorView, SignalView) {
        let (mut signals, mut visitors) = (Signals::new(SignalConfig::default()), Visitors::default());
        for (i, (visitor, items)) in (0..).zip(orders) {
            let order = Event {
                visitor: (*visitor).to_owned(),
                order: Some(format!("o{i}")),
                ..event(EventKind::OrderPlaced, &format!("e{i}"), &format!("s{i}"), items, 1_000 + i)
            };
            take(&mut signals, &order, 2_000);
            visitors.fold(&resolved(&order));
        }
        (visitors.publish(), signals.publish())
    }

    fn ranked((visitors, signals): &(VisitorView, SignalView), visitor: &str, viewed: &[u32]) -> Vec<u32> {
        let viewed: Vec<ItemId> = viewed.iter().copied().map(ItemId).collect();
        let known = visitors.get(Some(visitor), None);
        let past = Past { visitor: known, viewed: &viewed };
        let everything = (0..100).collect();
        let mut estimates = next_purchases(visitors, past, &[ItemId(9)], &everything, signals);
        assert!(estimates.iter().all(|(_, estimate)| estimate.is_finite() && *estimate >= 0.0), "{estimates:?}");
        estimates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        estimates.into_iter().map(|(item, _)| item.0).collect()
    }

    #[test]
    fn what_is_bought_again_and_again_leads() {
        let mut orders: Vec<(&str, &[u32])> = vec![("anna", &[1, 2]), ("anna", &[1, 3]), ("anna", &[1])];
        for visitor in ["ben", "cara", "dora"] {
            orders.push((visitor, &[3, 4]));
        }
        let shop = shop(&orders);
        assert_eq!(ranked(&shop, "anna", &[])[0], 1);
        assert!(ranked(&shop, "anna", &[]).contains(&4), "it goes with what anna bought");
        assert_eq!(ranked(&shop, "nobody", &[]), [9], "what anybody buys is left");
    }

    #[test]
    fn what_is_looked_at_after_something_goes_before_what_is_looked_at_before_it() {
        let mut signals = Signals::new(SignalConfig::default());
        for i in 0..20 {
            for (place, item) in [3, 1, 2].into_iter().enumerate() {
                let id = format!("{i}-{place}");
                take(
                    &mut signals,
                    &event(EventKind::ProductView, &id, &i.to_string(), &[item], 1_000 + place as i64),
                    2_000,
                );
            }
        }
        let shop = (Visitors::default().publish(), signals.publish());
        assert_eq!(ranked(&shop, "nobody", &[1])[..2], [2, 3]);
    }

    #[test]
    fn an_order_in_two_events_is_one_and_a_return_is_forgotten() {
        let mut visitors = Visitors::default();
        let act = |kind, id: &str, order: &str, items: &[u32], time_ms| Event {
            visitor: "v".to_owned(),
            order: Some(order.to_owned()),
            ..event(kind, id, "s", items, time_ms)
        };
        for order in [
            act(EventKind::OrderPlaced, "1", "a", &[1, 2], 10),
            act(EventKind::OrderPlaced, "2", "a", &[2, 3], 10),
            act(EventKind::OrderPlaced, "3", "b", &[1], 20),
        ] {
            visitors.fold(&resolved(&order));
        }
        let weights = |visitors: &mut Visitors| -> Vec<(u32, f32)> {
            let view = visitors.publish();
            let mut weights: Vec<(u32, f32)> =
                view.get(Some("v"), None).unwrap().purchases.iter().map(|p| (p.item.0, p.weight)).collect();
            weights.sort_by_key(|(item, _)| *item);
            weights
        };
        assert_eq!(weights(&mut visitors), [(1, 1.95), (2, 0.95), (3, 0.95)]);
        visitors.fold(&resolved(&act(EventKind::Returned, "4", "b", &[1], 30)));
        visitors.fold(&resolved(&act(EventKind::Returned, "5", "a", &[3], 30)));
        let kept = weights(&mut visitors);
        assert_eq!(kept.iter().map(|(item, _)| *item).collect::<Vec<_>>(), [1, 2], "{kept:?}");
    }
}
