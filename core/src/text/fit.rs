//! Where do the words of a query stand in a name?
//!
//! A bag of words cannot tell a laptop from a lock for laptops. Names can: what a thing is stands before any "for" or
//! "with", in English and its kin at the end of that part, and a word of the query followed by `cover` or `pad` makes
//! it a thing for another thing. Words side by side belong together, and words found in one field more than words
//! gathered from several.
//!
//! ```text
//! fit = text · (ADJACENT · adjacent + ONE_FIELD + HEAD − FOR_ANOTHER − ASIDE · aside)
//! ```
//!
//! `adjacent` is the share of neighboring words of the query that stand side by side in the name, `aside` the share of
//! the query that stands in the name only behind a "for", both weighed by rarity; the others count when true. The fit
//! of the best few hundred matches is looked at; it can neither make a score negative nor double it.

use std::hint::black_box;

use planogram_abi::Query;
use roaring::RoaringBitmap;
use smallvec::SmallVec;

use super::analyzer::{Stemmer, compounds};
use super::best::Hit;
use super::compile::Group;
use super::document::TextField;
use super::names::NameWord;
use super::roles::Roles;
use super::view::TextView;
use crate::limits::FIT_WINDOW;

/// All neighbors of the query stand side by side, in its order.
const ADJACENT: f32 = 0.5;
/// All words stand in one field, whichever.
const ONE_FIELD: f32 = 0.2;
/// The last word of the query ends the part of the name that says what it is.
const HEAD: f32 = 0.3;
/// A word of the query is followed by an accessory that the query does not name.
const FOR_ANOTHER: f32 = 0.25;
/// All words stand in the name behind a "for" only.
const ASIDE: f32 = 0.4;
/// Groups whose places are followed; queries have fewer.
const GROUPS_MAX: usize = 64;
/// Groups whose fields are known: [`Hit::fields`] has a byte for each.
const FIELD_GROUPS_MAX: usize = 8;

/// What is looked for in names.
pub(super) struct Fit {
    /// Stems, each with the group it belongs to.
    words: SmallVec<[(u32, u8); 8]>,
    /// Weights of the groups.
    weights: SmallVec<[f32; 8]>,
    /// Sum of the weights; above 0 where it divides.
    total: f32,
    /// Sum over neighboring groups of the lighter one's weight.
    pairs: f32,
}

/// What the words of one name come to.
#[derive(Debug, Default)]
struct Places {
    /// Groups found before any aside, a bit each.
    early: u64,
    /// Groups found behind one.
    late: u64,
    /// Weight of neighbors that stand side by side.
    adjacent: f32,
    /// Group of the word that ends the first part.
    head: Option<u8>,
    is_for_another: bool,
}

impl Fit {
    /// What a query looks for; it is still to be weighed.
    pub fn new(view: &TextView, query: &Query) -> Self {
        let mut stemmer = Stemmer::new(view.language());
        let mut words = SmallVec::new();
        let mut at = 0;
        for group in &query.groups {
            let before = at;
            for compound in group.alternatives.iter().flat_map(|a| compounds(view.language(), &a.text)) {
                // Groups without words were left out when the query was compiled.
                at = before + 1;
                for word in compound.parts.iter().chain(&compound.joined) {
                    let known = view.statistics().stems.get(&*stemmer.stem(word));
                    words.extend(known.filter(|_| before < GROUPS_MAX).map(|count| (count.id, before as u8)));
                }
            }
        }
        Self { words, weights: SmallVec::new(), total: 0.0, pairs: 0.0 }
    }

    /// Weighs the query's groups that have words.
    pub fn weigh(&mut self, groups: &[Group]) {
        self.weights = groups.iter().map(|group| group.weight).collect();
        self.total = self.weights.iter().sum();
        self.pairs = self.weights.windows(2).map(|pair| pair[0].min(pair[1])).sum();
    }

    /// What is added to the scores of `hits` or taken from them, `[hits.len()]`; 0 past the window of the best, and for
    /// items of `but`, which take up room in the window all the same.
    pub fn of_best(&self, view: &TextView, hits: &[Hit], but: &RoaringBitmap) -> Vec<f32> {
        let mut fits = vec![0.0; hits.len()];
        let mut best: Vec<u32> = (0..hits.len() as u32).collect();
        if best.len() > FIT_WINDOW {
            best.select_nth_unstable_by(FIT_WINDOW, |a, b| Hit::order(&hits[*a as usize], &hits[*b as usize]));
            best.truncate(FIT_WINDOW);
        }
        best.retain(|row| !but.contains(hits[*row as usize].item.0));
        // Names lie all over the memory: all are touched before one is read, so that the processor waits for many at once.
        let names: Vec<&[NameWord]> =
            best.iter().map(|row| view.statistics().names.of(hits[*row as usize].item)).collect();
        black_box(names.iter().filter_map(|name| name.first()).fold(0, |sum, word| sum ^ word.stem));
        for (row, name) in best.into_iter().zip(names) {
            let hit = &hits[row as usize];
            fits[row as usize] = hit.score * (self.in_name(name, view.roles()) + self.in_one_field(hit));
        }
        fits
    }

    fn in_one_field(&self, hit: &Hit) -> f32 {
        let n = self.weights.len();
        let together = |field: usize| (0..n).all(|group| hit.fields >> (8 * group + field) & 1 == 1);
        let is_one = (2..=FIELD_GROUPS_MAX).contains(&n) && (0..TextField::COUNT).any(together);
        if is_one { ONE_FIELD } else { 0.0 }
    }

    fn in_name(&self, name: &[NameWord], roles: &Roles) -> f32 {
        if self.words.is_empty() || name.is_empty() || self.total <= 0.0 {
            return 0.0;
        }
        let places = self.places(name, roles);
        let behind = places.late & !places.early;
        let known = self.weights.iter().take(GROUPS_MAX).enumerate();
        let aside: f32 = known.filter(|(group, _)| behind >> group & 1 == 1).map(|(_, weight)| weight).sum();
        let adjacent = if self.pairs > 0.0 { (places.adjacent / self.pairs).min(1.0) } else { 0.0 };
        let is_head = places.head.is_some_and(|group| usize::from(group) + 1 == self.weights.len());
        let when = |is_so: bool, value: f32| if is_so { value } else { 0.0 };
        ADJACENT * adjacent + when(is_head, HEAD)
            - when(places.is_for_another, FOR_ANOTHER)
            - ASIDE * (aside / self.total).min(1.0)
    }

    fn places(&self, name: &[NameWord], roles: &Roles) -> Places {
        let mut places = Places::default();
        let (mut is_aside, mut is_first_part) = (false, true);
        let mut last: Option<(u16, u8)> = None;
        let mut before = name[0].position;
        for word in name {
            is_first_part &= word.position <= before + 1;
            before = word.position;
            if roles.is_aside(word.stem) {
                (is_aside, is_first_part) = (true, false);
                continue;
            }
            let follows = |(position, _): (u16, u8)| position + 1 == word.position;
            let Some(&(_, group)) = self.words.iter().find(|(stem, _)| *stem == word.stem) else {
                places.is_for_another |= !is_aside && roles.is_accessory(word.stem) && last.is_some_and(follows);
                if is_first_part && !word.is_number {
                    places.head = None;
                }
                continue;
            };
            let found = if is_aside { &mut places.late } else { &mut places.early };
            *found |= 1 << group;
            if let Some((_, previous)) = last.filter(|last| follows(*last) && last.1 + 1 == group) {
                let weight = |group: u8| self.weights.get(usize::from(group)).copied().unwrap_or(0.0);
                places.adjacent += weight(group).min(weight(previous));
            }
            last = Some((word.position, group));
            if is_first_part {
                places.head = Some(group);
            }
        }
        places
    }
}
