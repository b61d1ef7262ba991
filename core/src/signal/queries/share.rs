//! What does the log say about which products suit a query?
//!
//! The query's own clicks; and while these are few, those of queries with almost the same words, worth less the
//! more their words differ. Two queries are as alike as the rarity of the words they share, by the rarity of all their
//! words: a weighted Jaccard index with inverse document frequency, a query being the document. How far all of it is
//! to be believed grows with the clicks.

use std::collections::BTreeMap;

use super::Queries;
use super::fade::Day;
use super::record::{PRIOR_EXAMINED, Record};
use crate::id::ItemId;

/// Own clicks from which a query needs no others.
const ENOUGH_CLICKS: f64 = 30.0;
/// Least likeness of a query that is taken along.
const LIKENESS_MIN: f64 = 0.5;
/// What the clicks of a query with the same words would be worth; others less.
const SHARED: f64 = 0.5;
/// Most queries taken along.
const LIKE_MAX: usize = 4;
/// Clicks at which half of what they say is believed.
const HALF_BELIEVED_CLICKS: f64 = 20.0;
/// How attractive a product is expected to be that nobody saw, against the rate of those the shop chose to show.
const UNSEEN: f64 = 0.5;

/// Products that shoppers were shown for a query, and how they took them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Product and value, by product: `c · (a - u) / a*` in `(-1, 1)`, where `a` is the product's attractiveness, `u`
    /// that of a product that nobody saw, `a*` the greatest, and `c` in `[0, 1)` how far the clicks are believed.
    /// A product that was not shown has none, which is as good as 0.
    pub values: Vec<(ItemId, f32)>,
    /// Product and how little of it was seen, by product, in `(0, 1]`: 1 is never.
    pub novelty: Vec<(ItemId, f32)>,
}

/// What several queries say together of a product.
#[derive(Default)]
struct Sum {
    examined: f64,
    clicks: f64,
    bonus: f64,
}

impl Queries {
    /// The evidence for a query on a day; `stems` in letter order, each once.
    pub(super) fn evidence_on(&self, stems: &[String], day: Day) -> Evidence {
        let own = self.record(stems);
        let own_clicks = own.map_or(0.0, |record| record.totals().1 * record.left(day));
        let mut taken: Vec<(f64, &Record)> = own.map(|record| (1.0, record)).into_iter().collect();
        if own_clicks < ENOUGH_CLICKS {
            taken.extend(self.like(stems));
        }
        let mut sums: BTreeMap<ItemId, Sum> = BTreeMap::new();
        let (mut examined, mut clicks) = (0.0, 0.0);
        for (weight, record) in taken {
            let weight = weight * record.left(day);
            let (of_examined, of_clicks) = record.totals();
            examined += weight * of_examined;
            clicks += weight * of_clicks;
            for met in record.met() {
                let sum = sums.entry(met.item).or_default();
                sum.examined += weight * f64::from(met.examined);
                sum.clicks += weight * f64::from(met.clicks);
                sum.bonus += weight * f64::from(met.bonus);
            }
        }
        if clicks <= 0.0 {
            return Evidence::default();
        }
        let rate = (clicks + PRIOR_EXAMINED * self.examination.rate()) / (examined + PRIOR_EXAMINED);
        let unseen = UNSEEN * rate;
        let attractiveness =
            |sum: &Sum| (sum.clicks + sum.bonus + PRIOR_EXAMINED * unseen) / (sum.examined + PRIOR_EXAMINED);
        let best = sums.values().map(attractiveness).fold(unseen, f64::max);
        let believed = clicks / (clicks + HALF_BELIEVED_CLICKS);
        let value = |sum: &Sum| (believed * (attractiveness(sum) - unseen) / best) as f32;
        let novelty = |sum: &Sum| (PRIOR_EXAMINED / (sum.examined + PRIOR_EXAMINED)) as f32;
        Evidence {
            values: sums.iter().map(|(item, sum)| (*item, value(sum))).collect(),
            novelty: sums.iter().map(|(item, sum)| (*item, novelty(sum))).collect(),
        }
    }

    /// The queries most like one, without itself, with what their clicks are worth.
    fn like(&self, stems: &[String]) -> Vec<(f64, &Record)> {
        let rarity = |stem: &str| {
            let with = self.by_stem.get(stem).map_or(0, |queries| queries.len());
            (1.0 + self.records.len() as f64 / (1.0 + with as f64)).ln()
        };
        let own: f64 = stems.iter().map(|stem| rarity(stem)).sum();
        let mut shared: BTreeMap<u64, f64> = BTreeMap::new();
        for stem in stems {
            let weight = rarity(stem);
            let queries = self.by_stem.get(stem.as_str());
            queries
                .iter()
                .flat_map(|queries| queries.iter())
                .for_each(|query| *shared.entry(*query).or_default() += weight);
        }
        let mut like: Vec<(f64, u64, &Record)> = Vec::new();
        for (query, shared) in shared {
            // Whatever else the other query says only makes it less alike.
            let Some(record) = self.records.get(&query).filter(|_| shared / own >= LIKENESS_MIN) else { continue };
            let theirs: f64 = record.stems.iter().map(|stem| rarity(stem)).sum();
            let likeness = shared / (own + theirs - shared);
            let is_itself = record.stems.len() == stems.len() && likeness > 1.0 - 1e-9;
            if likeness >= LIKENESS_MIN && !is_itself {
                like.push((likeness, query, record));
            }
        }
        like.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        like.into_iter().take(LIKE_MAX).map(|(likeness, _, record)| (SHARED * likeness, record)).collect()
    }
}
