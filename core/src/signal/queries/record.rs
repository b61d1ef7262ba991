//! What is known of one query?
//!
//! For each product that was shown for it: how much of it was examined, how often it was clicked, and what that led
//! to. A product's attractiveness is clicks by examined showings, shrunk to the rate of the query, which is shrunk
//! to the rate of the shop. The weakest product gives way when there are too many. 16 bytes a product.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fade::{Day, faded, pass};
use crate::id::ItemId;
use crate::limits::QUERY_ITEMS_MAX;

/// Examined showings that the rate of a query is worth to a product, and the rate of the shop to a query.
pub(super) const PRIOR_EXAMINED: f64 = 20.0;

/// A product that was shown for a query.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Met {
    pub item: ItemId,
    /// Showings, each as much as its place is examined.
    pub examined: f32,
    pub clicks: f32,
    /// What carts and orders add to the clicks before them.
    pub bonus: f32,
}

impl Met {
    fn strength(&self) -> (f32, f32) {
        (self.clicks + self.bonus, self.examined)
    }
}

/// One query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    day: Day,
    /// Its stems, each once, in letter order.
    pub stems: Vec<Arc<str>>,
    /// By item.
    met: Vec<Met>,
    examined: f32,
    clicks: f32,
}

impl Record {
    pub fn of(stems: &[Arc<str>], day: Day) -> Self {
        Self { day, stems: stems.to_vec(), ..Self::default() }
    }

    /// Lets time pass.
    pub fn settle(&mut self, day: Day) {
        let left = pass(day, &mut self.day) as f32;
        if left < 1.0 {
            self.examined *= left;
            self.clicks *= left;
            self.met.iter_mut().for_each(|met| {
                met.examined *= left;
                met.clicks *= left;
                met.bonus *= left;
            });
        }
    }

    /// What is left of its counts on a day, in `[0, 1]`.
    pub fn left(&self, day: Day) -> f64 {
        faded(day - self.day)
    }

    /// By item.
    pub fn met(&self) -> &[Met] {
        &self.met
    }

    /// Examined showings and clicks of all products.
    pub fn totals(&self) -> (f64, f64) {
        (f64::from(self.examined), f64::from(self.clicks))
    }

    /// How much would be lost with it.
    pub fn worth(&self, day: Day) -> f64 {
        let bonus: f32 = self.met.iter().map(|met| met.bonus).sum();
        (f64::from(self.clicks + bonus) + 1e-3 * f64::from(self.examined)) * self.left(day)
    }

    /// Clicks by examined showings of a product, shrunk.
    pub fn attractiveness(&self, item: ItemId, shop_rate: f64) -> f64 {
        let rate = (f64::from(self.clicks) + PRIOR_EXAMINED * shop_rate) / (f64::from(self.examined) + PRIOR_EXAMINED);
        let (clicks, examined) = match self.met.binary_search_by_key(&item, |met| met.item) {
            Ok(at) => (f64::from(self.met[at].clicks), f64::from(self.met[at].examined)),
            Err(_) => (0.0, 0.0),
        };
        (clicks + PRIOR_EXAMINED * rate) / (examined + PRIOR_EXAMINED)
    }

    pub fn shown(&mut self, item: ItemId, examined: f64) {
        self.examined += examined as f32;
        self.of_item(item).examined += examined as f32;
    }

    pub fn clicked(&mut self, item: ItemId) {
        self.clicks += 1.0;
        self.of_item(item).clicks += 1.0;
    }

    /// A click led further. Nothing for a product that was forgotten meanwhile.
    pub fn earned(&mut self, item: ItemId, bonus: f32) {
        if let Ok(at) = self.met.binary_search_by_key(&item, |met| met.item) {
            self.met[at].bonus += bonus;
        }
    }

    fn of_item(&mut self, item: ItemId) -> &mut Met {
        let at = match self.met.binary_search_by_key(&item, |met| met.item) {
            Ok(at) => at,
            Err(mut at) => {
                if self.met.len() >= QUERY_ITEMS_MAX {
                    let weakest = self.weakest();
                    self.met.remove(weakest);
                    at -= usize::from(weakest < at);
                }
                self.met.insert(at, Met { item, examined: 0.0, clicks: 0.0, bonus: 0.0 });
                at
            }
        };
        &mut self.met[at]
    }

    /// The product with the fewest clicks, then the fewest examined showings, then the greatest id.
    fn weakest(&self) -> usize {
        let order = |a: &Met, b: &Met| {
            let ((a_clicks, a_examined), (b_clicks, b_examined)) = (a.strength(), b.strength());
            a_clicks.total_cmp(&b_clicks).then(a_examined.total_cmp(&b_examined)).then(b.item.cmp(&a.item))
        };
        let weakest = self.met.iter().enumerate().min_by(|(_, a), (_, b)| order(a, b));
        weakest.map_or(0, |(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weakest_product_gives_way() {
        let mut record = Record::default();
        for item in 0..QUERY_ITEMS_MAX as u32 {
            record.shown(ItemId(item), if item == 7 { 0.1 } else { 1.0 });
        }
        record.clicked(ItemId(7));
        record.shown(ItemId(1_000), 0.5);
        assert_eq!(record.met().len(), QUERY_ITEMS_MAX);
        let known: Vec<u32> = record.met().iter().map(|met| met.item.0).collect();
        assert!(known.contains(&7) && known.contains(&1_000) && known.contains(&0));
        assert!(!known.contains(&(QUERY_ITEMS_MAX as u32 - 1)), "of equals the newest goes: {known:?}");
        assert!(known.is_sorted());
    }

    #[test]
    fn little_evidence_is_shrunk_to_the_query_and_the_shop() {
        let mut record = Record::default();
        assert!((record.attractiveness(ItemId(1), 0.1) - 0.1).abs() < 1e-6);
        for _ in 0..1_000 {
            record.shown(ItemId(1), 1.0);
            record.shown(ItemId(2), 0.1);
        }
        for _ in 0..200 {
            record.clicked(ItemId(1));
            record.clicked(ItemId(2));
        }
        let of = |item| record.attractiveness(ItemId(item), 0.1);
        assert!((of(1) - 0.2).abs() < 0.01 && of(2) > 1.5, "{} {}", of(1), of(2));
        assert!((of(3) - 400.0 / 1_100.0).abs() < 0.01, "{}", of(3));
        let before = of(2);
        record.settle(900);
        assert!(record.attractiveness(ItemId(2), 0.1) < before / 2.0, "what is old is shrunk more");
    }
}
