//! VSTAN: neighbors weighed by position, recency, distance and rarity.
//!
//! Ludewig, Mauro, Latifi and Jannach, 2021, "Empirical analysis of session-based recommendation algorithms", UMUAI
//! 31, section 3.1.2, which joins STAN (Garg et al., 2019, "Sequence and time aware neighborhood", SIGIR, equations 2
//! to 6) and the item weights of VS-kNN. All weights are exponential decays; their constants are those of the paper's
//! RSC15 row as the data set's page states them.

use std::collections::{HashMap, HashSet};

use super::{Context, Group, Reference, best, group_counts, newest_first};

/// Visits that vote.
const NEIGHBORS: usize = 1_500;
/// Most recent visits looked at.
const SAMPLE: usize = 10_000;
/// Decay of a click's weight with its distance from the end of the visit, in clicks.
const POSITION_DECAY: f64 = 0.5;
/// Decay of a neighbor's weight with its age, in days.
const AGE_DECAY_DAYS: f64 = 80.0;
/// Decay of an item's weight with its distance from the newest shared item in the neighbor, in clicks.
const DISTANCE_DECAY: f64 = 2.25;
/// Decay of a neighbor's weight with the place from the end of the newest shared item, in clicks.
const MATCH_DECAY: f64 = 2.25;
/// How much rare items gain.
const RARITY: f64 = 5.0;

const DAY_MS: f64 = 86_400_000.0;

/// VSTAN over the training visits.
pub struct Vstan {
    visits: Vec<Group>,
    /// Distinct items of each visit.
    n_distinct: Vec<f64>,
    of_item: HashMap<u32, Vec<u32>>,
    /// Inverse frequency, scaled to `[0, 1]`.
    rarity: HashMap<u32, f64>,
}

impl Vstan {
    /// Learns from visits, oldest first.
    pub fn of(groups: &[Group]) -> Self {
        let mut of_item: HashMap<u32, Vec<u32>> = HashMap::new();
        for (visit, group) in groups.iter().enumerate() {
            newest_first(&group.items).iter().for_each(|item| of_item.entry(*item).or_default().push(visit as u32));
        }
        let idf: HashMap<u32, f64> =
            group_counts(groups).into_iter().map(|(item, n)| (item, (groups.len() as f64 / n).ln())).collect();
        let low = idf.values().copied().fold(f64::INFINITY, f64::min);
        let high = idf.values().copied().fold(f64::NEG_INFINITY, f64::max);
        let range = if high > low { high - low } else { 1.0 };
        let rarity = idf.into_iter().map(|(item, idf)| (item, (idf - low) / range)).collect();
        let n_distinct = groups.iter().map(|group| newest_first(&group.items).len() as f64).collect();
        Self { visits: groups.to_vec(), n_distinct, of_item, rarity }
    }

    /// The most recent visits that share an item with this one.
    fn sample(&self, items: &[u32]) -> Vec<u32> {
        let shared = items.iter().filter_map(|item| self.of_item.get(item)).flatten().copied();
        let mut sample: Vec<u32> = shared.collect::<HashSet<u32>>().into_iter().collect();
        sample.sort_unstable_by_key(|visit| (std::cmp::Reverse(self.visits[*visit as usize].time_ms), *visit));
        sample.truncate(SAMPLE);
        sample
    }

    fn neighbors(&self, context: &Context<'_>) -> Vec<(u32, f64)> {
        let n = context.items.len();
        let mut weights: HashMap<u32, f64> = HashMap::new();
        for (at, item) in context.items.iter().enumerate() {
            weights.insert(*item, (-((n - 1 - at) as f64) / POSITION_DECAY).exp());
        }
        // Summed in the order of the clicks, so that the same visit gives the same bits.
        let norm = newest_first(context.items).iter().map(|item| weights[item].powi(2)).sum::<f64>().sqrt();
        let similarity = |visit: &u32| {
            let group = &self.visits[*visit as usize];
            let shared: f64 = newest_first(&group.items).iter().filter_map(|item| weights.get(item)).sum();
            let age_days = (context.time_ms - group.time_ms).max(0) as f64 / DAY_MS;
            shared / (norm * self.n_distinct[*visit as usize].sqrt()) * (-age_days / AGE_DECAY_DAYS).exp()
        };
        let mut found: Vec<(u32, f64)> =
            self.sample(context.items).into_iter().map(|visit| (visit, similarity(&visit))).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        found.truncate(NEIGHBORS);
        found
    }
}

impl Reference for Vstan {
    fn name(&self) -> &'static str {
        "VSTAN"
    }

    fn source(&self) -> &'static str {
        "Ludewig et al. 2021, k 1500, sample 10000"
    }

    fn rank(&self, context: &Context<'_>, k: usize) -> Vec<u32> {
        let recent = newest_first(context.items);
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for (visit, similarity) in self.neighbors(context) {
            let items = &self.visits[visit as usize].items;
            let Some(shared) = recent.iter().find(|item| items.contains(item)) else { continue };
            let age = context.items.iter().rev().position(|item| item == shared).unwrap_or(0) + 1;
            let weight = similarity * (-(age as f64) / MATCH_DECAY).exp();
            let at = items.iter().rposition(|item| item == shared).unwrap_or(0);
            for item in newest_first(items) {
                let place = items.iter().rposition(|i| *i == item).unwrap_or(0);
                let near = (-(place.abs_diff(at) as f64) / DISTANCE_DECAY).exp();
                let rarity = self.rarity.get(&item).copied().unwrap_or(0.0);
                *scores.entry(item).or_default() += weight * near * (1.0 + RARITY * rarity);
            }
        }
        best(scores, k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_items_of_recent_neighbors_come_first() {
        let group = |items: &[u32], day: i64| Group { items: items.to_vec(), time_ms: day * 86_400_000, user: None };
        let vstan = Vstan::of(&[group(&[1, 5, 6], 0), group(&[1, 7, 8], 90), group(&[2, 9], 90)]);
        let ranked = vstan.rank(&Context { items: &[2, 1], time_ms: 90 * 86_400_000, ..Context::default() }, 10);
        let place = |item: u32| ranked.iter().position(|i| *i == item).unwrap();
        assert!(place(7) < place(8) && place(7) < place(5) && place(5) < place(6), "{ranked:?}");
    }
}
