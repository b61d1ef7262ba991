//! What is wanted, by whom, and when?
//!
//! Everything that does not change during the simulation: the planted truth and the tables to draw from.
//! A **department** is the upper two levels of a category path; demand is drawn department first, then by
//! popularity inside it, so that seasons and tastes move departments and leave popularity in place.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use planogram_core::id::{DAY_MS, TimeMs};

use super::config::{SimConfig, examination};
use super::product::SimProduct;
use crate::rng::{Rng, Weights, hash_text};

/// The truth behind the events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planted {
    /// Popularity rank of each product of the catalog, from 0 (most wanted).
    pub popularity_rank: Vec<usize>,
    /// Department names.
    pub departments: Vec<String>,
    /// Department of each product.
    pub department_of: Vec<usize>,
    /// Season of each department.
    pub seasons: Vec<Season>,
    /// Probability that each place of a list is looked at, from the top.
    pub examination: Vec<f64>,
    /// Taste of each shopper; shopper `n` has visitor ids that start with `v<n>-`.
    pub tastes: Vec<Taste>,
    /// (first, second): the second follows the first into the cart.
    pub complements: Vec<(usize, usize)>,
    /// Products that are viewed together.
    pub substitutes: Vec<Vec<usize>>,
    /// Items that trend in the last days.
    pub trending: Vec<usize>,
    /// First moment of the trend.
    pub trend_from_ms: TimeMs,
    /// Conversion of each product, relative to the base rate: 0.5, 1 or 2.
    pub conversion: Vec<f64>,
}

/// How demand for a department moves over the year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Season {
    /// Strength: 0 for none; demand at the peak is exp(strength) times the mean.
    pub strength: f64,
    /// Day of the year with most demand, from 0.
    pub peak_day: f64,
}

/// What a shopper likes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taste {
    /// Favorite departments, most loved first.
    pub departments: Vec<usize>,
    /// Favorite brands.
    pub brands: Vec<String>,
    /// 0 cheap, 1 middle, 2 dear: which third of a department's prices.
    pub price_level: u8,
}

/// Weight of a favorite brand.
const BRAND_WEIGHT: f64 = 4.0;
/// Weight of a product that is one price level away; two levels away it counts twice.
const PRICE_WEIGHT: f64 = 0.55;
/// Demand by weekday, Monday first.
pub const WEEKDAYS: [f64; 7] = [0.95, 0.9, 0.9, 0.95, 1.0, 1.2, 1.3];
/// Demand by hour of the day (UTC).
pub const HOURS: [f64; 24] = [
    0.3, 0.15, 0.1, 0.05, 0.05, 0.1, 0.3, 0.6, 0.8, 0.9, 1.0, 1.0, 1.1, 1.0, 0.9, 0.9, 1.0, 1.2, 1.5, 1.8, 2.0, 1.8,
    1.2, 0.7,
];

/// Words that tell when something is wanted: (word, day of the year).
const SEASON_WORDS: &[(&str, f64)] = &[
    ("winter", 350.0),
    ("ski", 350.0),
    ("snow", 350.0),
    ("climate", 350.0),
    ("jackets", 320.0),
    ("hoodies", 320.0),
    ("toys", 345.0),
    ("camping", 180.0),
    ("garden", 140.0),
    ("living", 140.0),
    ("shorts", 180.0),
    ("cycling", 130.0),
    ("hiking", 170.0),
];

/// The truth, and the tables to draw from it.
#[derive(Clone, Debug)]
pub struct Market {
    /// The truth.
    pub planted: Planted,
    /// Popularity of each product.
    pub weights: Vec<f64>,
    /// Price level of each product inside its department: 0, 1 or 2.
    price_level: Vec<u8>,
    /// Products of each department, and how to draw one.
    shelves: Vec<(Vec<usize>, Weights)>,
    /// Total popularity of each department.
    mass: Vec<f64>,
    /// Second of a pair, by the first.
    pub complement: BTreeMap<usize, usize>,
    /// Group of a substitute.
    pub group_of: BTreeMap<usize, usize>,
    trend_share: f64,
}

impl Market {
    /// Plants all effects into a catalog.
    pub fn new(products: &[SimProduct], config: &SimConfig) -> Self {
        let mut rng = Rng::fork(config.seed, "market");
        let (departments, department_of) = departments(products);
        let mut by_rank: Vec<usize> = (0..products.len()).collect();
        rng.shuffle(&mut by_rank);
        let mut popularity_rank = vec![0; products.len()];
        for (rank, &product) in by_rank.iter().enumerate() {
            popularity_rank[product] = rank;
        }
        let weight = |&rank: &usize| ((rank + 1) as f64).powf(-config.zipf_exponent);
        let weights: Vec<f64> = popularity_rank.iter().map(weight).collect();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); departments.len()];
        for (product, &department) in department_of.iter().enumerate() {
            members[department].push(product);
        }
        let mass: Vec<f64> = members.iter().map(|m| m.iter().map(|&p| weights[p]).sum()).collect();
        let conversion = products.iter().map(|_| *rng.pick(&[0.5, 1.0, 1.0, 2.0])).collect();
        let complements = complements(products, &by_rank, &department_of, config, &mut rng);
        let substitutes = substitutes(products, &by_rank, config, &mut rng);
        let trending = trending(&by_rank, config, &mut rng);
        let planted = Planted {
            seasons: departments.iter().map(|name| season(name, config.seed)).collect(),
            examination: (0..config.list_size).map(|k| examination(k, config.examination_exponent)).collect(),
            tastes: tastes(products, &members, &mass, config),
            trend_from_ms: config.end_ms() - TimeMs::from(config.trend_days) * DAY_MS,
            popularity_rank,
            departments,
            department_of,
            complements,
            substitutes,
            trending,
            conversion,
        };
        let group = |(g, products): (usize, &Vec<usize>)| products.iter().map(|&p| (p, g)).collect::<Vec<_>>();
        Self {
            price_level: price_levels(products, &members),
            shelves: members.into_iter().map(|m| shelf(m, &weights)).collect(),
            complement: planted.complements.iter().copied().collect(),
            group_of: planted.substitutes.iter().enumerate().flat_map(group).collect(),
            trend_share: if planted.trending.is_empty() { 0.0 } else { config.trend_share },
            planted,
            weights,
            mass,
        }
    }

    /// Departments in the demand of one day.
    pub fn demand(&self, time_ms: TimeMs) -> Weights {
        Weights::new(self.mass.iter().zip(&self.planted.seasons).map(|(mass, s)| mass * s.factor(time_ms)))
    }

    /// A product wanted by somebody out of nowhere (an ad, a friend's link): season, popularity and trend only.
    pub fn wanted(&self, demand: &Weights, time_ms: TimeMs, rng: &mut Rng) -> Option<usize> {
        if let Some(item) = self.trend(time_ms, rng) {
            return Some(item);
        }
        self.popular_in(demand.draw(rng)?, rng)
    }

    /// A product of this department that this shopper wants.
    pub fn wanted_by(
        &self,
        taste: &Taste,
        department: usize,
        products: &[SimProduct],
        time_ms: TimeMs,
        rng: &mut Rng,
    ) -> Option<usize> {
        if let Some(item) = self.trend(time_ms, rng) {
            return Some(item);
        }
        let mut last = None;
        for _ in 0..8 {
            let product = self.popular_in(department, rng)?;
            if rng.chance(self.liking(taste, &products[product], product) / BRAND_WEIGHT) {
                return Some(product);
            }
            last = Some(product);
        }
        last
    }

    /// How much a shopper likes a product beyond its popularity: from 0.3 to 4.
    pub fn liking(&self, taste: &Taste, product: &SimProduct, index: usize) -> f64 {
        let away = taste.price_level.abs_diff(self.price_level[index]);
        let brand = match &product.brand {
            Some(b) if taste.brands.contains(b) => BRAND_WEIGHT,
            _ => 1.0,
        };
        brand * PRICE_WEIGHT.powi(i32::from(away))
    }

    /// A product of a department by popularity alone.
    pub fn popular_in(&self, department: usize, rng: &mut Rng) -> Option<usize> {
        let (products, weights) = &self.shelves[department];
        weights.draw(rng).map(|i| products[i])
    }

    fn trend(&self, time_ms: TimeMs, rng: &mut Rng) -> Option<usize> {
        let on = time_ms >= self.planted.trend_from_ms && rng.chance(self.trend_share);
        on.then(|| *rng.pick(&self.planted.trending))
    }
}

impl Season {
    /// Demand at a time, relative to the mean of the year in the logarithm.
    pub fn factor(&self, time_ms: TimeMs) -> f64 {
        let day = (time_ms.div_euclid(DAY_MS) as f64).rem_euclid(365.2425);
        (self.strength * (TAU * (day - self.peak_day) / 365.2425).cos()).exp()
    }
}

/// Demand of a day of the week.
pub fn weekday(time_ms: TimeMs) -> f64 {
    // 1970-01-01 was a Thursday.
    WEEKDAYS[(time_ms.div_euclid(DAY_MS) + 3).rem_euclid(7) as usize]
}

fn departments(products: &[SimProduct]) -> (Vec<String>, Vec<usize>) {
    let name = |p: &SimProduct| p.category.iter().take(2).map(String::as_str).collect::<Vec<_>>().join("/");
    let mut index: BTreeMap<String, usize> = products.iter().map(|p| (name(p), 0)).collect();
    for (i, slot) in index.values_mut().enumerate() {
        *slot = i;
    }
    let of = products.iter().map(|p| index[&name(p)]).collect();
    (index.into_keys().collect(), of)
}

fn shelf(members: Vec<usize>, weights: &[f64]) -> (Vec<usize>, Weights) {
    let draw = Weights::new(members.iter().map(|&p| weights[p]));
    (members, draw)
}

/// By the words of its name where they tell, else a weak season at a day of its own.
fn season(department: &str, seed: u64) -> Season {
    let name = department.to_lowercase();
    match SEASON_WORDS.iter().find(|(word, _)| name.contains(word)) {
        Some((_, peak_day)) => Season { strength: 0.8, peak_day: *peak_day },
        None => {
            let mut rng = Rng::new(seed ^ hash_text(department));
            Season { strength: 0.15 * rng.unit(), peak_day: 365.0 * rng.unit() }
        }
    }
}

fn price_levels(products: &[SimProduct], members: &[Vec<usize>]) -> Vec<u8> {
    let mut levels = vec![1; products.len()];
    for shelf in members {
        let mut priced: Vec<usize> = shelf.iter().copied().filter(|&p| products[p].price_minor.is_some()).collect();
        priced.sort_by_key(|&p| (products[p].price_minor, p));
        for (i, &p) in priced.iter().enumerate() {
            levels[p] = (i * 3 / priced.len()) as u8;
        }
    }
    levels
}

fn tastes(products: &[SimProduct], members: &[Vec<usize>], mass: &[f64], config: &SimConfig) -> Vec<Taste> {
    let mut rng = Rng::fork(config.seed, "tastes");
    let departments = Weights::new(mass.iter().copied());
    (0..config.shoppers)
        .map(|_| {
            let mut taste = Taste { price_level: rng.below(3) as u8, ..Taste::default() };
            for _ in 0..rng.between(1, 2) {
                let Some(department) = departments.draw(&mut rng) else { continue };
                if taste.departments.contains(&department) {
                    continue;
                }
                taste.departments.push(department);
                let product = *rng.pick(&members[department]);
                taste.brands.extend(products[product].brand.clone());
            }
            taste.brands.dedup();
            taste
        })
        .collect()
}

/// Pairs from different departments (where there are several), from the most wanted tenth of the catalog, no
/// product in two pairs: a pair that is hardly ever ordered could not be learned from anything.
fn complements(
    products: &[SimProduct],
    by_rank: &[usize],
    department_of: &[usize],
    config: &SimConfig,
    rng: &mut Rng,
) -> Vec<(usize, usize)> {
    let mut pool: Vec<usize> =
        by_rank.iter().copied().take(products.len() / 10 + 2).filter(|&p| !products[p].buyable.is_empty()).collect();
    rng.shuffle(&mut pool);
    let one_department = department_of.windows(2).all(|w| w[0] == w[1]);
    let mut pairs = Vec::new();
    while let Some(first) = pool.pop() {
        if pairs.len() == config.complement_pairs {
            break;
        }
        let apart = |&p: &usize| one_department || department_of[p] != department_of[first];
        let Some(at) = pool.iter().rposition(apart) else { break };
        pairs.push((first, pool.remove(at)));
    }
    pairs
}

/// Groups of two to four products of one category, cheapest beside next cheapest.
fn substitutes(products: &[SimProduct], by_rank: &[usize], config: &SimConfig, rng: &mut Rng) -> Vec<Vec<usize>> {
    let mut shelves: BTreeMap<&[String], Vec<usize>> = BTreeMap::new();
    for &p in by_rank.iter().take(products.len() / 2 + 2) {
        shelves.entry(&products[p].category).or_default().push(p);
    }
    let mut groups = Vec::new();
    for shelf in shelves.values_mut() {
        shelf.sort_by_key(|&p| (products[p].price_minor, p));
        let mut rest = shelf.as_slice();
        while rest.len() >= 4 {
            let (group, tail) = rest.split_at(rng.between(2, 4) as usize);
            groups.push(group.to_vec());
            rest = tail;
        }
    }
    rng.shuffle(&mut groups);
    groups.truncate(config.substitute_groups);
    groups
}

/// Items from the lower half: what trends was not popular before.
fn trending(by_rank: &[usize], config: &SimConfig, rng: &mut Rng) -> Vec<usize> {
    rng.sample(&by_rank[by_rank.len() / 2..], config.trending_items)
}
