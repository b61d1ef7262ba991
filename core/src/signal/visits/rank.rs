//! What will be viewed next in this visit?
//!
//! Evidence is gathered from the newest past visits of each item of this one, scored, and given out as a probability.
//!
//! **Evidence** of a candidate `i`, `e(i)`, is a sum over past visits `v` that share an item with this one:
//! `shared(v) · place(i in v) · recency(v) / sqrt(length of v)`, plus what stands two steps away (the strongest
//! companions of the last two items, and their companions), plus how much `i` is viewed at all.
//! It is a neighborhood method after VMIS-kNN (Kersbergen et al., "Serenade", SIGMOD 2022) and V-STAN (Ludewig et al.,
//! "Empirical Analysis of Session-Based Recommendation Algorithms", UMUAI 2021), with a learned kernel of places in
//! both directions, visits that share several items counting more than in proportion, and a second step for items
//! with a short history.
//!
//! **Score**: `1.243 ln e(i) - 0.326 ln(1 + visits) + 0.114 ln(1 + recent visits)` for what the visit has not seen;
//! for what it has, the evidence weighs a third and how often visits like this go back (`returns`) the rest. The softmax
//! of the scores is what is answered. Sums run in the order in which visits are met, never of a hash map.
//! What is not here: the weights and where they come from, see `weights`.

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::returns::Situation;
use super::ring::Ring;
use super::sums::Sums;
use super::{Visits, weights};
use crate::id::ItemId;
use crate::limits::{
    VISIT_CANDIDATES_MAX, VISIT_COMPANION_VISITS_MAX, VISIT_COMPANIONS_MAX, VISIT_CONTEXT_MAX,
    VISIT_EARLIER_VISITS_MAX, VISIT_LAST_VISITS_MAX,
};

/// What an item's popularity adds: to its evidence, so that it is above 0, and to its score.
struct Popularity {
    evidence: f32,
    score: f32,
}

/// A past visit that shares items with this one.
struct Neighbor {
    number: u32,
    shared: usize,
    /// Of the newest shared item: its rank among the visit's distinct items, and the past visit's rank among its visits.
    back: usize,
    rank: usize,
}

impl Visits {
    /// The `k` items most likely viewed next after `views`, oldest first, each with its probability among the candidates;
    /// best first, ties by item id. Only items that `may` be shown; what the visit has seen is among the candidates.
    /// Empty when nothing is known of any of the views.
    pub(in super::super) fn next(&self, views: &[u32], k: usize, may: impl Fn(u32) -> bool) -> Vec<(ItemId, f32)> {
        let views = &views[views.len().saturating_sub(VISIT_CONTEXT_MAX)..];
        let situation = Situation::of(views);
        let mut evidence = Sums::with_capacity(2_048);
        self.add_neighbors(&situation.distinct, &mut evidence);
        for (&item, weight) in situation.distinct.iter().zip(weights::SECOND_STEP) {
            self.add_companions(item, weight, &mut evidence);
        }
        if evidence.is_empty() {
            return Vec::new();
        }
        let mut candidates: Vec<(u32, f32)> = Vec::new();
        let is_new = |item: u32| !situation.distinct.contains(&item);
        candidates.extend(evidence.iter().filter(|(item, _)| is_new(*item) && may(*item)));
        keep_best(&mut candidates, k.max(VISIT_CANDIDATES_MAX));
        let recent = (self.records.len() / 20).max(1);
        for (item, score) in &mut candidates {
            let popularity = self.popularity(*item, recent);
            *score = weights::EVIDENCE * (*score + popularity.evidence).ln() + popularity.score;
        }
        let follows = Follows::of(self, views);
        for (rank, &item) in situation.distinct.iter().enumerate().filter(|(_, item)| may(**item)) {
            let times = views.iter().filter(|&&view| view == item).count();
            let (back, new) = self.returns.chances(&situation, rank);
            let popularity = self.popularity(item, recent);
            let mut score = weights::SEEN_EVIDENCE * (evidence.get(item) + popularity.evidence).ln();
            score += popularity.score + weights::SEEN;
            score += weights::RETURN * (back / new * 100.0).ln();
            score += weights::SEEN_AGAIN * (times as f32).ln();
            score += weights::FOLLOWS[usize::from(rank > 0)] * follows.lift(item, back).ln();
            score += if rank == 0 { weights::SEEN_LAST } else { 0.0 };
            candidates.push((item, score));
        }
        keep_best(&mut candidates, k);
        softmax(candidates)
    }

    /// Adds the evidence of past visits that share an item.
    fn add_neighbors(&self, distinct: &[u32], evidence: &mut Sums) {
        let neighbors = self.neighbors(distinct);
        self.records.each(neighbors.iter().map(|neighbor| neighbor.number), |at, record| {
            let neighbor = &neighbors[at];
            let items = record.items();
            let shared = distinct[neighbor.back];
            let Some(first) = items.iter().position(|&item| item == shared) else { return };
            let weight = weights::shared(neighbor.shared, neighbor.back) * weights::recency(neighbor.rank)
                / (items.len() as f32).sqrt();
            let mut before = None;
            for (at, &item) in items.iter().enumerate() {
                let places = match before {
                    Some(before) => at as isize - before,
                    None => at as isize - first as isize,
                };
                if item != shared {
                    evidence.add(item, weight * weights::place(neighbor.back, places));
                    continue;
                }
                // A return counts as what comes next, however much later it is.
                if before.is_some() {
                    evidence.add(item, weight * weights::place(neighbor.back, 1));
                }
                before = Some(at as isize);
            }
        });
    }

    /// The newest past visits of each item, in the order in which they are met.
    fn neighbors(&self, distinct: &[u32]) -> Vec<Neighbor> {
        let mut found: Vec<Neighbor> = Vec::with_capacity(2 * VISIT_LAST_VISITS_MAX);
        let mut at: FxHashMap<u32, u32> = FxHashMap::with_capacity_and_hasher(512, FxBuildHasher);
        for (back, &item) in distinct.iter().enumerate() {
            let most = if back == 0 { VISIT_LAST_VISITS_MAX } else { VISIT_EARLIER_VISITS_MAX };
            for (rank, number) in self.newest(item, most).enumerate() {
                let index = *at.entry(number).or_insert_with(|| {
                    found.push(Neighbor { number, shared: 0, back, rank });
                    found.len() as u32 - 1
                });
                found[index as usize].shared += 1;
            }
        }
        found
    }

    /// Adds what is seen with the items that are most seen with `item`, `1 / distance` each.
    fn add_companions(&self, item: u32, weight: f32, evidence: &mut Sums) {
        let mut first = Sums::with_capacity(512);
        self.visit_around(self.newest(item, VISIT_EARLIER_VISITS_MAX), item, |other, closeness| {
            if other != item {
                first.add(other, closeness);
            }
        });
        let mut companions = first.into_vec();
        keep_best(&mut companions, VISIT_COMPANIONS_MAX);
        let total: f32 = companions.iter().map(|(_, closeness)| closeness).sum();
        for (companion, closeness) in companions {
            let n_visits = self.newest(companion, VISIT_COMPANION_VISITS_MAX).count() as f32;
            let share = weight * closeness / total / n_visits;
            let visits = self.newest(companion, VISIT_COMPANION_VISITS_MAX);
            self.visit_around(visits, companion, |other, closeness| evidence.add(other, share * closeness));
        }
    }

    /// Every view of these records but the last one of `item`, with one over its distance from that.
    fn visit_around(&self, numbers: impl Iterator<Item = u32>, item: u32, mut add: impl FnMut(u32, f32)) {
        self.records.each(numbers, |_, record| {
            let Some(place) = record.items().iter().rposition(|&other| other == item) else { return };
            for (at, &other) in record.items().iter().enumerate().filter(|(at, _)| *at != place) {
                add(other, 1.0 / at.abs_diff(place) as f32);
            }
        });
    }

    /// Numbers of the newest kept records of an item, newest first.
    fn newest(&self, item: u32, most: usize) -> impl Iterator<Item = u32> {
        let numbers = self.rings.get(item).map_or(&[][..], |ring| &ring.newest);
        numbers.iter().rev().take(most).copied().filter(|&number| self.records.keeps(number))
    }

    /// How much the item is viewed, now and in all.
    fn popularity(&self, item: u32, recent: u32) -> Popularity {
        let ring = self.rings.get(item);
        let visits = ring.map_or(0, |ring| ring.n_visits) as f32;
        let recent_visits = ring.map_or(0.0, |ring| self.recent_visits(ring, recent));
        let views = recent_visits + weights::OLD_VIEW * (visits + 1.0);
        Popularity {
            evidence: weights::POPULARITY * (views / self.records.len().max(1) as f32).min(weights::POPULARITY_MAX),
            score: weights::VISITS * visits.ln_1p() + weights::RECENT_VISITS * recent_visits.ln_1p(),
        }
    }

    /// Visits among the `recent` newest records of the shop, extrapolated where the ring is too short.
    fn recent_visits(&self, ring: &Ring, recent: u32) -> f32 {
        let Ring { n_visits, newest } = ring;
        let from = newest.partition_point(|&number| self.records.age(number) > recent);
        let n = (newest.len() - from) as f32;
        match newest.first() {
            Some(&oldest) if from == 0 && *n_visits as usize > newest.len() => {
                n * recent as f32 / self.records.age(oldest).max(1) as f32
            }
            _ => n,
        }
    }
}

/// What followed the last item in its past visits.
struct Follows {
    /// How often each of the visit's items did.
    counts: Vec<(u32, u32)>,
    n: u32,
}

impl Follows {
    fn of(visits: &Visits, views: &[u32]) -> Self {
        let mut follows = Self { counts: views.iter().map(|&item| (item, 0)).collect(), n: 0 };
        let Some(&last) = views.last() else { return follows };
        visits.records.each(visits.newest(last, VISIT_LAST_VISITS_MAX), |_, record| {
            for pair in record.items().windows(2).filter(|pair| pair[0] == last) {
                follows.n += 1;
                if let Some((_, count)) = follows.counts.iter_mut().find(|(item, _)| *item == pair[1]) {
                    *count += 1;
                }
            }
        });
        follows
    }

    /// How much more often than `usual`, a share, the item followed: above 0, about 1 without evidence.
    fn lift(&self, item: u32, usual: f32) -> f32 {
        let count = self.counts.iter().find(|(other, _)| *other == item).map_or(0, |(_, count)| *count) as f32;
        (count + 2.0 * usual.min(0.5)) / (self.n as f32 + 2.0) / usual
    }
}

/// Keeps the `k` largest, in order, ties by item id.
fn keep_best(scored: &mut Vec<(u32, f32)>, k: usize) {
    let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if k < scored.len() {
        scored.select_nth_unstable_by(k, order);
        scored.truncate(k);
    }
    scored.sort_unstable_by(order);
}

/// Scores in falling order to shares of their sum, in `(0, 1]`.
fn softmax(scored: Vec<(u32, f32)>) -> Vec<(ItemId, f32)> {
    let best = scored.first().map_or(0.0, |(_, score)| *score);
    let shares: Vec<f32> = scored.iter().map(|(_, score)| (score - best).exp()).collect();
    let total: f32 = shares.iter().sum();
    scored.iter().zip(shares).map(|((item, _), share)| (ItemId(*item), share / total)).collect()
}
