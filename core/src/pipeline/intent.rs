//! What kind of thing, and which brand, does a query mean?
//!
//! Words that stand in a product do not say that it is meant: a cable that mentions a brand and a device is neither.
//! Which category is meant follows from the catalog in two steps. The best matches vote for the categories they lie in
//! (as Broder et al. classify rare queries by what they retrieve, SIGIR 2007), and what shoppers took after the same
//! search votes along. A category's votes then weigh as much as the words are usual there, a word being as usual as
//! its share of the products' names and of the words of the category's own name (the geometric mean of a query
//! likelihood, Ponte and Croft, SIGIR 1998, squared): many cables do not outvote a few sets.
//!
//! ```text
//! vote     = (score / best)² + evidence
//! share(c) ~ votes(c) · (Π over words  (P(word | names in c) + P(word | c's own name)) / 2)^(2 / words)
//! category = text · CATEGORY · (share(leaf) + share(parent)) / 2,  or text · NAMED · share(word)
//! brand    = text · BRAND · strength
//! strength = (n · p + SHRINKAGE · products of the brand / products with its words) / (n + SHRINKAGE)
//! ```
//!
//! Shares are those of all votes and [`DOUBT`] more, so few matches mean little. A product without a category counts
//! under the word that ends its name. A brand is meant when the query has its whole name; `p` is how often that means
//! the brand here: its share of the `n` votes, each as heavy as the share of its kind. Where a brand's name mostly
//! stands for what things fit, as in `case for …`, it is small.
//!
//! Everything is counted when it is asked, from the snapshot and over a bounded window, so nothing has to be learned
//! again after a change. Attributes other than the brand are not looked at: tried, and most of their values are too
//! ordinary as words.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::evidence::value_of;
use super::run::{Run, Subject};
use crate::catalog::{BRAND, Catalog, ROOT};
use crate::id::{CategoryId, ItemId};
use crate::limits::{BRAND_WORDS_MAX, INTENT_CATEGORIES_MAX, INTENT_NAMES_MAX, INTENT_WINDOW, INTENT_WORDS_MAX};
use crate::text::{Found, KnownWord, TextView};

/// What a product of the kind that is certainly meant gains, of its text score.
const CATEGORY: f32 = 0.5;
/// The same for a product that lies in no category, whose name says less.
const NAMED: f32 = 0.3;
/// What a product of the brand that is certainly meant gains, of its text score.
const BRAND_GAIN: f32 = 0.5;
/// Votes that nobody gave.
const DOUBT: f32 = 5.0;
/// Votes as many as which the whole catalog counts when a brand's strength is estimated.
const SHRINKAGE: f32 = 5.0;
/// Products of a category as many as which the whole catalog counts when a word's share there is estimated.
const SMOOTHING: f32 = 2.0;

/// What the best matches of a search gain, by item.
#[derive(Debug, Default)]
pub(super) struct Intent {
    gains: Vec<(ItemId, Gain)>,
}

/// Shares of the text score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Gain {
    category: f32,
    brand: f32,
}

/// What kind of thing a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// A leaf of its placements, or the parent of one.
    Category(CategoryId),
    /// It lies nowhere; stem of the word that ends its name.
    Named(u32),
}

/// One of the best matches.
struct Voter {
    item: ItemId,
    vote: f32,
    /// Leaf categories, or the one word.
    kinds: SmallVec<[Kind; 2]>,
}

impl Voter {
    /// What it gains when it certainly is of the kind that is meant.
    fn weight(&self) -> f32 {
        if matches!(self.kinds[..], [Kind::Named(_)]) { NAMED } else { CATEGORY }
    }
}

/// A brand whose name the query has.
struct NamedBrand<'c> {
    products: &'c roaring::RoaringBitmap,
    /// How much of what has its words is of the brand, in the whole catalog.
    overall: f32,
}

/// Where it is looked up.
#[derive(Clone, Copy)]
struct Shop<'s> {
    catalog: &'s Catalog,
    view: &'s TextView,
}

impl Intent {
    /// What the request's words mean; `found`, its matches, is ordered by item.
    pub fn read(run: &Run<'_>, found: &[Found]) -> Self {
        let Subject::Search { text } = &run.subject else { return Self::default() };
        let Some(view) = run.snapshot.text.view(&run.view.text_source) else { return Self::default() };
        let shop = Shop { catalog: &run.snapshot.catalog, view };
        let meant = run.did_you_mean.as_deref().unwrap_or(text);
        Self::of(shop, meant, found, &run.evidence().values)
    }

    fn of(shop: Shop<'_>, text: &str, found: &[Found], evidence: &[(ItemId, f32)]) -> Self {
        let voters = voters(shop, found, evidence);
        let (brands, words) = shop.brands_and_words(text);
        let shares = shop.shares(&voters, &words);
        let strengths: SmallVec<[f32; 2]> = brands.iter().map(|brand| brand.strength(&voters, &shares)).collect();
        let gain = |voter: &Voter| {
            let own = brands.iter().zip(&strengths).filter(|(brand, _)| brand.products.contains(voter.item.0));
            let strength = own.map(|(_, strength)| *strength).fold(0.0, f32::max);
            Gain { category: voter.weight() * shares.of(voter), brand: BRAND_GAIN * strength }
        };
        let mut gains: Vec<(ItemId, Gain)> = voters.iter().map(|voter| (voter.item, gain(voter))).collect();
        gains.sort_unstable_by_key(|(item, _)| *item);
        Self { gains }
    }

    /// What is added to the scores of `found`, `[found.len()]` each, for the category and for the brand; empty when
    /// nobody gains.
    pub fn contributions(&self, found: &[Found]) -> (Vec<f32>, Vec<f32>) {
        let column = |share: fn(&Gain) -> f32| {
            if self.gains.iter().all(|(_, gain)| share(gain) == 0.0) {
                return Vec::new();
            }
            let of = |item: ItemId| self.gains.binary_search_by_key(&item, |(of, _)| *of);
            let added = |found: &Found| of(found.item).map_or(0.0, |at| found.text * share(&self.gains[at].1));
            found.iter().map(added).collect()
        };
        (column(|gain| gain.category), column(|gain| gain.brand))
    }
}

/// The best of `found` with their votes, the greatest first, ties by item.
fn voters(shop: Shop<'_>, found: &[Found], evidence: &[(ItemId, f32)]) -> Vec<Voter> {
    let best = found.iter().map(Found::score).fold(0.0, f32::max);
    let vote = |found: &Found| {
        let relative = if best > 0.0 { (found.score() / best).max(0.0) } else { 0.0 };
        let taken = if evidence.is_empty() { None } else { value_of(evidence, found.item) };
        (found.item, relative * relative + taken.unwrap_or(0.0).max(0.0))
    };
    let by_vote = |a: &(ItemId, f32), b: &(ItemId, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    let mut votes: Vec<(ItemId, f32)> = found.iter().map(vote).collect();
    if votes.len() > INTENT_WINDOW {
        votes.select_nth_unstable_by(INTENT_WINDOW, by_vote);
        votes.truncate(INTENT_WINDOW);
    }
    votes.sort_unstable_by(by_vote);
    votes.into_iter().map(|(item, vote)| Voter { item, vote, kinds: shop.kinds(item) }).collect()
}

/// Shares of all votes, by kind; kinds and the parents of categories.
struct Shares {
    of: FxHashMap<Kind, f32>,
    parents: FxHashMap<CategoryId, CategoryId>,
}

impl Shares {
    /// The share of the best of a product's kinds, from 0 to 1.
    fn of(&self, voter: &Voter) -> f32 {
        voter.kinds.iter().map(|kind| self.of_kind(*kind)).fold(0.0, f32::max)
    }

    fn of_kind(&self, kind: Kind) -> f32 {
        let share = |kind| self.of.get(&kind).copied().unwrap_or(0.0);
        let parent = match kind {
            Kind::Category(id) => self.parents.get(&id),
            Kind::Named(_) => None,
        };
        parent.map_or(share(kind), |parent| (share(kind) + share(Kind::Category(*parent))) / 2.0)
    }
}

impl NamedBrand<'_> {
    /// How often the brand is meant where it is named, from 0 to 1.
    fn strength(&self, voters: &[Voter], shares: &Shares) -> f32 {
        let (mut all, mut own, mut n) = (0.0, 0.0, 0.0);
        for voter in voters {
            let weight = voter.vote * shares.of(voter);
            all += weight;
            n += voter.vote;
            if self.products.contains(voter.item.0) {
                own += weight;
            }
        }
        let here = if all > 0.0 { own / all } else { 0.0 };
        (n * here + SHRINKAGE * self.overall) / (n + SHRINKAGE)
    }
}

impl<'s> Shop<'s> {
    /// The leaves of a product's placements, or the word that ends its name.
    fn kinds(self, item: ItemId) -> SmallVec<[Kind; 2]> {
        let categories = self.catalog.categories_of(item);
        let is_above = |upper: CategoryId| {
            let below = |lower: CategoryId| lower != upper && self.catalog.ancestors(lower).any(|id| id == upper);
            categories.len() > 1 && categories.iter().any(|category| below(*category))
        };
        let leaves = categories.iter().copied().filter(|id| !is_above(*id));
        let kinds: SmallVec<[Kind; 2]> = leaves.map(Kind::Category).collect();
        if !kinds.is_empty() {
            return kinds;
        }
        self.view.name_head(item).map(Kind::Named).into_iter().collect()
    }

    /// The brands that a query names, and its other words.
    fn brands_and_words(self, text: &str) -> (SmallVec<[NamedBrand<'s>; 2]>, SmallVec<[KnownWord; 8]>) {
        let mut words: SmallVec<[KnownWord; 8]> = self.view.known_words(text).into_iter().collect();
        words.truncate(INTENT_WORDS_MAX);
        let mut brands = SmallVec::new();
        let attribute = self.catalog.attribute_id(BRAND).and_then(|id| self.catalog.attribute(id));
        let Some(attribute) = attribute else { return (brands, words) };
        let typed: SmallVec<[&str; 8]> = text.split_whitespace().take(INTENT_WORDS_MAX).collect();
        let mut at = 0;
        while at < typed.len() {
            // The longest name wins: `black & decker` is not what `black` makes.
            let longest = BRAND_WORDS_MAX.min(typed.len() - at);
            let named = (1..=longest).rev().find_map(|n| {
                let name = typed[at..at + n].join(" ");
                let products = attribute.items(attribute.ordinal(&name)?).filter(|items| !items.is_empty())?;
                Some((n, name, products))
            });
            let Some((n, name, products)) = named else {
                at += 1;
                continue;
            };
            let own = self.view.known_words(&name);
            words.retain(|word| own.iter().all(|own| own.stem != word.stem));
            let documents = own.iter().map(|word| word.documents).min().unwrap_or(0);
            let overall = (products.len() as f32 / (documents as f32 + 1.0)).min(1.0);
            brands.push(NamedBrand { products, overall });
            at += n;
        }
        (brands, words)
    }

    /// The share of each kind, and of the parents of categories.
    fn shares(self, voters: &[Voter], words: &[KnownWord]) -> Shares {
        let mut named: FxHashMap<Kind, f32> = FxHashMap::default();
        let mut categories: Vec<(CategoryId, f32)> = Vec::new();
        let mut places: FxHashMap<CategoryId, usize> = FxHashMap::default();
        let (mut total, mut in_categories) = (DOUBT, 0.0);
        for voter in voters.iter().filter(|voter| !voter.kinds.is_empty()) {
            total += voter.vote;
            let part = voter.vote / voter.kinds.len() as f32;
            for kind in &voter.kinds {
                match kind {
                    Kind::Named(_) => *named.entry(*kind).or_default() += part,
                    Kind::Category(id) => {
                        let place = *places.entry(*id).or_insert(categories.len());
                        if place == categories.len() {
                            categories.push((*id, 0.0));
                        }
                        categories[place].1 += part;
                        in_categories += part;
                    }
                }
            }
        }
        // Stable, so that categories of equal votes stay in the order of their best matches.
        categories.sort_by(|a, b| b.1.total_cmp(&a.1));
        self.weigh(&mut categories, words);
        let weighed: f32 = categories.iter().map(|(_, votes)| votes).sum();
        let scale = if weighed > 0.0 { in_categories / weighed } else { 0.0 };
        named.values_mut().for_each(|votes| *votes /= total);
        let mut shares = Shares { of: named, parents: FxHashMap::default() };
        for (id, votes) in categories {
            let share = votes * scale / total;
            *shares.of.entry(Kind::Category(id)).or_default() += share;
            let parent = self.catalog.category_node(id).and_then(|node| node.parent).filter(|parent| *parent != ROOT);
            if let Some(parent) = parent {
                *shares.of.entry(Kind::Category(parent)).or_default() += share;
                shares.parents.insert(id, parent);
            }
        }
        shares
    }

    /// Multiplies the votes of categories, the greatest first, by how usual the words are there; what is past the
    /// bound counts as the least usual.
    fn weigh(self, categories: &mut [(CategoryId, f32)], words: &[KnownWord]) {
        if words.is_empty() || categories.len() < 2 {
            return;
        }
        let mut least = f32::INFINITY;
        for (at, (id, votes)) in categories.iter_mut().enumerate() {
            if at < INTENT_CATEGORIES_MAX {
                let usual = self.usual(*id, words);
                least = least.min(usual);
                *votes *= usual;
            } else {
                *votes *= least;
            }
        }
    }

    /// How usual words are in a category, the square of their geometric mean, above 0 and at most 1. What all names of
    /// a category have says more than that many do: many have a word for the sake of what they fit.
    fn usual(self, id: CategoryId, words: &[KnownWord]) -> f32 {
        let Some(node) = self.catalog.category_node(id) else { return 1.0 };
        let own_name = self.view.known_words(&node.name);
        let members = node.direct();
        let n = members.len().min(INTENT_NAMES_MAX as u64);
        let mut counts = [0u32; INTENT_WORDS_MAX];
        // Evenly spread over the ids: all of a small category, and of a large one its older and its newer products.
        for item in (0..n).filter_map(|at| members.select((at * members.len() / n) as u32)) {
            for (count, word) in counts.iter_mut().zip(words) {
                *count += u32::from(self.view.is_in_name(ItemId(item), *word));
            }
        }
        let n_documents = self.view.n_documents().max(1) as f32;
        let of_word = |(word, count): (&KnownWord, u32)| {
            let everywhere = word.documents as f32 / n_documents;
            let in_names = (count as f32 + SMOOTHING * everywhere) / (n as f32 + SMOOTHING);
            let is_named = own_name.iter().any(|own| own.stem == word.stem);
            let in_own_name = if is_named { 1.0 / own_name.len() as f32 } else { 0.0 };
            ((in_names + in_own_name) / 2.0).min(1.0)
        };
        let product: f32 = words.iter().zip(counts).map(of_word).product();
        product.powf(2.0 / words.len() as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::doc::{Placement, ProductDoc};
    use crate::catalog::testing::{product, variant};
    use crate::text::{FieldWeights, LastWord, Match, TextDoc, TextIndex, Tolerance, read_query};

    fn doc(sku: String, name: &str, brand: &str, path: &[&str]) -> ProductDoc {
        let path = path.iter().map(|name| (*name).to_owned()).collect();
        let categories = vec![Placement { path, position: None }];
        let (name, brand) = (name.to_owned(), Some(brand.to_owned()));
        ProductDoc { name, brand, categories, ..product(&sku, &[variant(&format!("{sku}-v"), &[])]) }
    }

    /// Two television sets of each of three brands, and twelve cables that say which sets they fit.
    fn electronics() -> Vec<ProductDoc> {
        let mut docs = Vec::new();
        for brand in ["Samsung", "Sony", "Philips"] {
            for size in [43, 55] {
                let name = format!("{brand} UHD {size} Smart Screen TV");
                docs.push(doc(format!("tv-{brand}-{size}"), &name, brand, &["Electronics", "TVs"]));
            }
        }
        for n in 0..12 {
            let name = if n < 8 { format!("Samsung TV cable {n} m") } else { format!("Network cable {n} m") };
            docs.push(doc(format!("cable-{n}"), &name, "Hama", &["Electronics", "Cables"]));
        }
        docs
    }

    /// The gains of a search by sku.
    fn gains(docs: &[ProductDoc], text: &str, taken: &[&str]) -> Vec<(String, Gain)> {
        let mut catalog = Catalog::new();
        let (mut index, _) = TextIndex::open(None, "en", Tolerance::default()).unwrap();
        for doc in docs {
            let item = catalog.put(doc.clone(), 0);
            let categories = doc.categories.iter().flat_map(|place| place.path.clone()).collect();
            let brand = doc.brand.clone().unwrap_or_default();
            index.apply(&[TextDoc { brand, categories, ..TextDoc::named(item, &*doc.name) }], &[]).unwrap();
        }
        let view = index.commit(1).unwrap();
        let query = read_query(view.language(), text, LastWord::Whole);
        let mut found = view.search(&query, &FieldWeights::default(), None, Match::Share(0.1)).unwrap();
        found.sort_unstable_by_key(|found| found.item);
        let mut evidence: Vec<(ItemId, f32)> = taken.iter().map(|sku| (catalog.item(sku).unwrap(), 1.0)).collect();
        evidence.sort_unstable_by_key(|(item, _)| *item);
        let intent = Intent::of(Shop { catalog: &catalog, view: &view }, text, &found, &evidence);
        let mut gains: Vec<(String, Gain)> =
            intent.gains.iter().map(|(item, gain)| (catalog.sku_of(*item).to_owned(), *gain)).collect();
        gains.sort_by(|a, b| a.0.cmp(&b.0));
        gains
    }

    fn gain_of(gains: &[(String, Gain)], sku: &str) -> Gain {
        gains.iter().find(|(of, _)| of == sku).unwrap().1
    }

    #[test]
    fn many_cables_do_not_outvote_a_few_sets() {
        let gains = gains(&electronics(), "samsung tv", &[]);
        let (set, other, cable) =
            (gain_of(&gains, "tv-Samsung-43"), gain_of(&gains, "tv-Sony-43"), gain_of(&gains, "cable-0"));
        assert!(set.category > 1.1 * cable.category, "{set:?} {cable:?}");
        assert!(set.brand > 0.0 && other.brand == 0.0 && cable.brand == 0.0, "{set:?} {other:?} {cable:?}");
        assert_eq!(set.category, other.category);
        assert!(gains.iter().all(|(_, gain)| gain.category <= CATEGORY && gain.brand <= BRAND_GAIN));
    }

    #[test]
    fn words_of_the_other_category_mean_the_other_category() {
        let gains = gains(&electronics(), "samsung cable", &[]);
        assert!(gain_of(&gains, "cable-9").category > 1.3 * gain_of(&gains, "tv-Samsung-55").category);
    }

    #[test]
    fn a_brand_that_mostly_says_what_fits_is_meant_less() {
        let docs = electronics();
        let strength = |text: &str| gain_of(&gains(&docs, text, &[]), "tv-Samsung-43").brand;
        assert!(strength("samsung tv") > 1.2 * strength("samsung cable"));
        assert_eq!(strength("smart tv"), 0.0);
    }

    #[test]
    fn what_shoppers_took_votes_along() {
        let docs = electronics();
        let taken = ["cable-0", "cable-1", "cable-2", "cable-3"];
        let (without, with) = (gains(&docs, "samsung", &[]), gains(&docs, "samsung", &taken));
        assert!(gain_of(&with, "cable-0").category > gain_of(&without, "cable-0").category);
    }

    #[test]
    fn products_without_categories_count_under_the_word_that_ends_their_name() {
        let mut docs: Vec<ProductDoc> = (0..6).map(|n| product(&format!("lamp-{n}"), &[])).collect();
        docs.iter_mut().for_each(|doc| doc.name = "Steel desk lamp".to_owned());
        docs.push(ProductDoc { name: "Desk lamp switch".to_owned(), ..product("switch", &[]) });
        let gains = gains(&docs, "desk lamp", &[]);
        assert!(gain_of(&gains, "lamp-3").category > 3.0 * gain_of(&gains, "switch").category);
    }

    #[test]
    fn the_order_in_which_products_came_shows_nowhere() {
        let docs = electronics();
        let backwards: Vec<ProductDoc> = docs.iter().rev().cloned().collect();
        for text in ["samsung tv", "samsung cable", "tv", "philips", "network"] {
            let (one, other) = (gains(&docs, text, &[]), gains(&backwards, text, &[]));
            let near = |a: f32, b: f32| (a - b).abs() < 1e-5;
            for (a, b) in one.iter().zip(&other) {
                assert!(a.0 == b.0 && near(a.1.category, b.1.category) && near(a.1.brand, b.1.brand), "{a:?} {b:?}");
            }
            assert_eq!(one.len(), other.len());
        }
    }
}
