//! What can an operator set, and what holds when nothing is set?
//!
//! Every default of the plugin stands in this file. A unit type is a recipe: the sources it draws from, best
//! first. The shipped recipes have one source each; naming others in front or behind mixes them.

use std::collections::BTreeMap;

use planogram_abi::{limits::CANDIDATES_MAX, source};
use serde::Deserialize;

/// The unit types, each with its shipped recipe.
pub const TYPES: [(&str, &str); 19] = [
    ("more-like-this", source::CONTENT),
    ("bought-this-bought-that", source::CO_BOUGHT),
    ("viewed-this-viewed-that", source::CO_VIEWED),
    ("viewed-this-bought-that", source::VIEWED_BOUGHT),
    ("most-viewed", source::MOST_VIEWED),
    ("most-purchased", source::MOST_PURCHASED),
    ("most-added-to-cart", source::MOST_CARTED),
    ("trending", source::TRENDING),
    ("view-to-cart", source::VIEW_TO_CART),
    ("view-to-purchase", source::VIEW_TO_PURCHASE),
    ("complete-the-basket", source::BASKET),
    ("recommended-for-you", source::FOR_YOU),
    (SHOWN_LIST, source::SHOWN),
    ("recently-viewed", source::RECENT),
    ("session", source::SESSION),
    (LIST_TYPES[0], source::LINKS[0]),
    (LIST_TYPES[1], source::LINKS[1]),
    (LIST_TYPES[2], source::LINKS[2]),
    ("visual-similarity", source::VISUAL),
];

/// The unit types of the three lists that rules fill, in the order of [`crate::rule::LISTS`].
pub const LIST_TYPES: [&str; 3] = ["related", "up-sell", "cross-sell"];

/// The source that related-product rules are; only a list has it, in the shipped recipe behind its manual links.
pub const RULES: &str = "rules";

/// The sources that start from products; the others start from nothing, or from the shopper.
const ANCHORED: [&str; 7] = [
    source::CONTENT,
    source::CO_BOUGHT,
    source::CO_VIEWED,
    source::VIEWED_BOUGHT,
    source::LINKS[0],
    source::LINKS[1],
    source::LINKS[2],
];

/// The plugin's settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Unit type → its sources, best first, in place of the shipped recipe.
    pub types: BTreeMap<String, Vec<String>>,
    /// Source → the least raw score that counts as support.
    pub minimum_scores: BTreeMap<String, f32>,
    /// Most products a unit starts from; the newest count.
    pub anchors_max: usize,
    /// Whether what the shopper has bought is left out.
    pub drop_purchased: bool,
    /// How much related-product rules may be.
    pub rules: RuleLimits,
}

/// How many related-product rules there may be, and how much they may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleLimits {
    /// Rules of one scope.
    pub rules_max: usize,
    /// Most products one rule or list may show.
    pub limit_max: usize,
    /// Rules that one request asks for products.
    pub tried_max: usize,
}

impl Default for RuleLimits {
    fn default() -> Self {
        Self { rules_max: 10_000, limit_max: 1_000, tried_max: 50 }
    }
}

impl RuleLimits {
    fn check(&self) -> Result<(), String> {
        let ranges = [
            ("rules_max", self.rules_max, 1_000_000),
            ("limit_max", self.limit_max, 10_000),
            ("tried_max", self.tried_max, 10_000),
        ];
        match ranges.iter().find(|(_, value, most)| !(1..=*most).contains(value)) {
            Some((key, value, most)) => Err(format!("`rules.{key}` is {value}, allowed are 1 to {most}")),
            None => Ok(()),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            types: BTreeMap::new(),
            minimum_scores: BTreeMap::new(),
            anchors_max: 10,
            drop_purchased: true,
            rules: RuleLimits::default(),
        }
    }
}

/// The unit type that orders a given list: it leaves nothing out.
pub const SHOWN_LIST: &str = "shown-list";

/// What a source starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From each product the unit is about; the lists are added up.
    EachAnchor,
    /// From the whole cart at once.
    Cart,
    /// From related-product rules.
    Rules,
    /// From nothing, or from the shopper.
    Nothing,
}

/// One source of a recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Ingredient {
    /// Name of the kernel's retriever.
    pub source: String,
    /// What it starts from.
    pub start: Start,
    /// The least raw score that counts.
    pub minimum_score: f32,
}

impl Settings {
    /// Reads and checks the settings, a JSON object; blank text is the same as `{}`.
    ///
    /// # Errors
    /// Names the key path, the value and what is allowed.
    pub fn read(json: &str) -> Result<Self, String> {
        let json = if json.trim().is_empty() { "{}" } else { json };
        let settings: Self = serde_json::from_str(json).map_err(|error| format!("settings: {error}"))?;
        for (name, sources) in &settings.types {
            let path = format!("types.{name}");
            if !TYPES.iter().any(|(known, _)| known == name) {
                let known: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
                return Err(format!("`{path}` is no unit type, allowed are {}", known.join(", ")));
            }
            if sources.is_empty() || sources.len() > TYPES.len() {
                return Err(format!("`{path}` has {} sources, allowed are 1 to {}", sources.len(), TYPES.len()));
            }
            let is_list = LIST_TYPES.contains(&name.as_str());
            let others = sources.iter().filter(|source| !is_list || *source != RULES);
            others.into_iter().try_for_each(|source| known_source(&path, source))?;
        }
        for (source, least) in &settings.minimum_scores {
            known_source("minimum_scores", source)?;
            if !least.is_finite() {
                return Err(format!("`minimum_scores.{source}` is {least}, a finite number is needed"));
            }
        }
        if !(1..=1_000).contains(&settings.anchors_max) {
            return Err(format!("`anchors_max` is {}, allowed are 1 to 1000", settings.anchors_max));
        }
        settings.rules.check()?;
        Ok(settings)
    }

    /// The recipe of a unit type, by its index in [`TYPES`].
    pub fn recipe(&self, unit_type: usize) -> Vec<Ingredient> {
        let (name, shipped) = TYPES[unit_type];
        let rules = LIST_TYPES.contains(&name).then(|| RULES.to_owned());
        let shipped = || std::iter::once(shipped.to_owned()).chain(rules).collect();
        let sources = self.types.get(name).cloned().unwrap_or_else(shipped);
        sources.iter().map(|source| self.ingredient(source)).collect()
    }

    /// How a source is drawn from.
    pub fn ingredient(&self, source: &str) -> Ingredient {
        Ingredient {
            start: match source {
                RULES => Start::Rules,
                source::BASKET => Start::Cart,
                name if ANCHORED.contains(&name) || name.starts_with(source::VECTOR_PREFIX) => Start::EachAnchor,
                _ => Start::Nothing,
            },
            minimum_score: self.minimum_scores.get(source).copied().unwrap_or(f32::MIN),
            source: source.to_owned(),
        }
    }
}

/// Refuses a name that is no source of the kernel's.
///
/// # Errors
/// Says which names are.
pub fn known_source(path: &str, source: &str) -> Result<(), String> {
    let is_space = source.len() > source::VECTOR_PREFIX.len() && source.starts_with(source::VECTOR_PREFIX);
    if is_space || TYPES.iter().any(|(_, known)| *known == source) {
        return Ok(());
    }
    let known: Vec<&str> = TYPES.iter().map(|(_, source)| *source).collect();
    Err(format!(
        "`{path}` names the source `{source}`, allowed are {}, vector/ and the name of a space",
        known.join(", ")
    ))
}

/// How many candidates are asked of a source so that `k` are left when `excluded` are taken out.
pub fn fetch_size(k: usize, excluded: usize) -> usize {
    k.saturating_add(excluded).min(CANDIDATES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_recipe_replaces_the_shipped_one() {
        let json = r#"{"types":{"more-like-this":["links.related","content"]},"minimum_scores":{"content":0.5}}"#;
        let settings = Settings::read(json).unwrap();
        let check = |unit_type: usize, expected: &[(&str, Start, f32)]| {
            let recipe = settings.recipe(unit_type);
            let found: Vec<_> = recipe.iter().map(|i| (i.source.as_str(), i.start, i.minimum_score)).collect();
            assert_eq!(found, expected);
        };
        check(0, &[("links.related", Start::EachAnchor, f32::MIN), ("content", Start::EachAnchor, 0.5)]);
        check(4, &[("most-viewed", Start::Nothing, f32::MIN)]);
        let completes = TYPES.iter().position(|(name, _)| *name == "complete-the-basket").unwrap();
        check(completes, &[("basket", Start::Cart, f32::MIN)]);
        let related = settings.recipe(TYPES.iter().position(|(name, _)| *name == "related").unwrap());
        assert_eq!(
            related.iter().map(|i| (i.source.as_str(), i.start)).collect::<Vec<_>>(),
            [("links.related", Start::EachAnchor), ("rules", Start::Rules)]
        );
        let spaces = Settings::read(r#"{"types":{"up-sell":["vector/co-view"]}}"#).unwrap();
        let up_sell = TYPES.iter().position(|(name, _)| *name == "up-sell").unwrap();
        assert_eq!(spaces.recipe(up_sell)[0].start, Start::EachAnchor);
        assert_eq!(Settings::read("").unwrap(), Settings::default());
    }

    #[test]
    fn a_bad_setting_is_named() {
        let check = |json: &str, expected: &str| {
            let message = Settings::read(json).expect_err(json);
            assert!(message.contains(expected), "{json}: {message}");
        };
        check(r#"{"type":{}}"#, "unknown field `type`");
        check(r#"{"types":{"similar":["content"]}}"#, "`types.similar` is no unit type");
        check(r#"{"types":{"related":["links"]}}"#, "`types.related` names the source `links`");
        check(r#"{"types":{"trending":["rules"]}}"#, "`types.trending` names the source `rules`");
        check(r#"{"rules":{"limit_max":0}}"#, "`rules.limit_max` is 0, allowed are 1 to 10000");
        check(r#"{"types":{"related":[]}}"#, "`types.related` has 0 sources");
        check(r#"{"types":{"related":["vector/"]}}"#, "`types.related` names the source `vector/`");
        check(r#"{"minimum_scores":{"images":1}}"#, "`minimum_scores` names the source `images`");
        check(r#"{"anchors_max":0}"#, "`anchors_max` is 0, allowed are 1 to 1000");
    }
}
