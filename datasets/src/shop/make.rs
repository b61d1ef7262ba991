//! How is one product of the demo shop made up?
//!
//! From its leaf and kit: a brand that makes such things, a model name, an adjective, a material; colors times
//! sizes; a log-normal price around the leaf's median times the brand's level.

use std::collections::{BTreeMap, BTreeSet};

use planogram_core::catalog::doc::{
    AttributeValue, PRODUCTS, Placement, Price, ProductDoc, ROOT_BOOK, SpecialPrice, Stock, VariantDoc, ViewDoc,
    Visibility,
};
use planogram_core::id::{DAY_MS, TimeMs};

use super::brands::{Brand, MODELS, makers};
use super::kits::{KitWords, Pair, color};
use super::tree::Leaf;
use crate::rng::Rng;

/// Category of what was created lately.
pub const NEW_IN: &str = "New In";
/// Category of what has a special price.
pub const SALE: &str = "Sale";
/// Code of the Swedish store view.
pub const SWEDISH: &str = "sv";
/// Code of the second price book.
pub const WHOLESALE: &str = "wholesale";

/// Days a product counts as new.
const NEW_DAYS: i64 = 30;
/// Days of history over which products were created.
const CREATED_DAYS: i64 = 730;

/// Words chosen for one product.
struct Choice {
    brand: &'static Brand,
    model: &'static str,
    noun: Pair,
    adjective: Pair,
    material: Pair,
}

/// Product number `number` of a leaf; its name is added to `names`, which keeps names unique.
pub fn product(
    leaf: &'static Leaf,
    number: usize,
    now_ms: TimeMs,
    names: &mut BTreeSet<String>,
    rng: &mut Rng,
) -> ProductDoc {
    let words = leaf.kit.words();
    let (name, choice) = unused_name(leaf, &words, names, rng);
    let sku = format!("{}-{number:04}", leaf.code);
    let age_days = (rng.unit().powf(1.5) * CREATED_DAYS as f64) as i64;
    let created_ms = now_ms - age_days * DAY_MS - rng.between(0, DAY_MS - 1);
    let price = price(leaf, choice.brand, rng);
    let variants = variants(&sku, &words, price, rng);
    let attributes = attributes(leaf, &words, &choice, rng);
    let description = description(&words, &choice, rng);
    let path = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
    let position = rng.chance(0.6).then_some(number as i32 * 10);
    let mut categories = vec![Placement { path: path(&leaf.path), position }];
    if price.special.is_some() {
        categories.push(Placement { path: path(&[SALE]), position: None });
    }
    if age_days < NEW_DAYS {
        categories.push(Placement { path: path(&[NEW_IN]), position: None });
    }
    ProductDoc {
        collection: PRODUCTS.to_owned(),
        brand: Some(choice.brand.name.to_owned()),
        categories,
        visibility: visibility(rng),
        created_ms: Some(created_ms),
        attributes,
        image: Some(image_url(&variants[0].sku)),
        url: Some(format!("/p/{}", sku.to_lowercase())),
        links: BTreeMap::new(),
        views: swedish(&choice, &description.1, rng),
        vectors: BTreeMap::new(),
        variants,
        description: description.0,
        name,
        sku,
    }
}

/// Where the picture of a sku is found.
pub fn image_url(sku: &str) -> String {
    format!("/demo/images/{sku}.png")
}

fn unused_name(leaf: &Leaf, words: &KitWords, names: &mut BTreeSet<String>, rng: &mut Rng) -> (String, Choice) {
    let makers = makers(leaf.kit);
    for attempt in 0.. {
        let choice = Choice {
            brand: makers[rng.below(makers.len())],
            model: MODELS[rng.below(MODELS.len())],
            noun: *rng.pick(leaf.nouns),
            adjective: *rng.pick(words.adjectives),
            material: *rng.pick(words.materials),
        };
        let mut name = format!("{} {} {} {}", choice.brand.name, choice.model, choice.adjective.0, choice.noun.0);
        if attempt > 50 {
            // Only in shops far larger than the default one: a mark keeps the name apart.
            name = format!("{name} {attempt}");
        }
        if names.insert(name.clone()) {
            return (name, choice);
        }
    }
    unreachable!("every attempt above 50 makes another name")
}

/// Log-normal around the usual price, rounded as shops round; one in eight is reduced.
fn price(leaf: &Leaf, brand: &Brand, rng: &mut Rng) -> Price {
    let regular_minor = shop_price(rng.log_normal(leaf.median * brand.level, 0.35));
    let special = rng.chance(0.125).then(|| {
        let minor = shop_price(regular_minor as f64 / 100.0 * (1.0 - 0.05 * rng.between(2, 8) as f64));
        SpecialPrice { minor, from_ms: None, until_ms: None }
    });
    Price { regular_minor, special: special.filter(|s| s.minor < regular_minor) }
}

/// A price as it stands on a tag, in minor units: 7.90, 49.00, 1,290.00.
fn shop_price(major: f64) -> i64 {
    let major = major.max(2.0);
    match major {
        m if m < 20.0 => m.round() as i64 * 100 - 10,
        m if m < 300.0 => m.round() as i64 * 100,
        m => (m / 10.0).round() as i64 * 1_000,
    }
}

fn visibility(rng: &mut Rng) -> Visibility {
    match rng.unit() {
        u if u < 0.96 => Visibility::Both,
        u if u < 0.975 => Visibility::Search,
        u if u < 0.99 => Visibility::Catalog,
        _ => Visibility::Neither,
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::Text(value.to_owned())
}

fn variants(sku: &str, words: &KitWords, price: Price, rng: &mut Rng) -> Vec<VariantDoc> {
    let color_count = rng.between(1, 4) as usize;
    let colors: Vec<Option<&str>> = match words.colors {
        [] => vec![None],
        palette => rng.sample(palette, color_count).into_iter().map(Some).collect(),
    };
    let sizes: Vec<Option<&str>> = match words.sizes {
        [] => vec![None],
        sizes => sizes.iter().copied().map(Some).collect(),
    };
    let sold_out = rng.chance(0.03);
    let wholesale = rng.chance(0.7).then(|| Price {
        regular_minor: shop_price(price.regular_minor as f64 / 100.0 * (0.62 + 0.1 * rng.unit())),
        special: None,
    });
    let mut variants = Vec::with_capacity(colors.len() * sizes.len());
    for color_name in &colors {
        for size in &sizes {
            let mut variant_sku = sku.to_owned();
            let mut options = BTreeMap::new();
            if let Some(c) = color_name.and_then(color) {
                variant_sku = format!("{variant_sku}-{}", c.2);
                options.insert("color".to_owned(), text(c.0));
            }
            if let Some(size) = size {
                variant_sku = format!("{variant_sku}-{}", size.to_uppercase());
                options.insert("size".to_owned(), text(size));
            }
            let mut prices = BTreeMap::from([(ROOT_BOOK.to_owned(), price)]);
            prices.extend(wholesale.map(|p| (WHOLESALE.to_owned(), p)));
            let in_stock = !sold_out && !rng.chance(0.06);
            let left = if in_stock { rng.log_normal(20.0, 1.0).ceil() } else { 0.0 };
            let stock = Stock { in_stock, quantity: Some(left) };
            variants.push(VariantDoc {
                image: Some(image_url(&variant_sku)),
                sku: variant_sku,
                options,
                prices,
                stock,
            });
        }
    }
    variants
}

fn attributes(leaf: &Leaf, words: &KitWords, choice: &Choice, rng: &mut Rng) -> BTreeMap<String, AttributeValue> {
    let mut attributes = BTreeMap::from([
        ("material".to_owned(), text(choice.material.0)),
        ("style".to_owned(), text(choice.adjective.0)),
        ("rating".to_owned(), AttributeValue::Number(rating(rng))),
        ("eco".to_owned(), AttributeValue::Boolean(rng.chance(0.3))),
    ]);
    if let Some(gender) = leaf.gender() {
        attributes.insert("gender".to_owned(), text(gender));
    }
    if !words.seasons.is_empty() {
        let count = rng.between(1, 2) as usize;
        let seasons = rng.sample(words.seasons, count).into_iter().map(str::to_owned).collect();
        attributes.insert("season".to_owned(), AttributeValue::List(seasons));
    }
    for m in words.measures {
        let steps = ((m.to - m.from) / m.step).round() as i64;
        let value = m.from + m.step * rng.between(0, steps) as f64;
        attributes.insert(m.code.to_owned(), AttributeValue::Number((value * 100.0).round() / 100.0));
    }
    attributes
}

/// Stars from 1 to 5 in tenths, most of them about 4.
fn rating(rng: &mut Rng) -> f64 {
    let stars = (4.1 + 0.5 * rng.normal()).clamp(1.0, 5.0);
    (stars * 10.0).round() / 10.0
}

/// Two to five sentences: (English, Swedish).
fn description(words: &KitWords, choice: &Choice, rng: &mut Rng) -> (String, String) {
    let Choice { brand, model, noun, adjective, material } = choice;
    let mut english = vec![format!(
        "The {} {} by {}, {} and made of {}.",
        model,
        noun.0.to_lowercase(),
        brand.name,
        adjective.0.to_lowercase(),
        material.0
    )];
    let mut swedish = vec![format!("{} från {}: {}, {}, av {}.", model, brand.name, noun.1, adjective.1, material.1)];
    let count = rng.between(1, 3) as usize;
    for benefit in rng.sample(words.benefits, count) {
        english.push(benefit.0.to_owned());
        swedish.push(benefit.1.to_owned());
    }
    if rng.chance(0.6) {
        english.push(brand.motto.0.to_owned());
        swedish.push(brand.motto.1.to_owned());
    }
    (english.join(" "), swedish.join(" "))
}

/// Four products in five are translated; the others show their English name.
fn swedish(choice: &Choice, description: &str, rng: &mut Rng) -> BTreeMap<String, ViewDoc> {
    if !rng.chance(0.8) {
        return BTreeMap::new();
    }
    let Choice { brand, model, noun, adjective, .. } = choice;
    let view = ViewDoc {
        name: Some(format!("{} {} {}, {}", brand.name, model, noun.1, adjective.1)),
        description: Some(description.to_owned()),
        visibility: None,
        url: None,
    };
    BTreeMap::from([(SWEDISH.to_owned(), view)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_look_like_tags() {
        for (major, expected) in [(0.5, 190), (7.3, 690), (48.6, 4_900), (1_234.0, 123_000)] {
            assert_eq!(shop_price(major), expected, "{major}");
        }
    }
}
