//! Which rule orders this category?
//!
//! Its own, if it has one with a strategy; otherwise the strategy of the nearest category above that passes its
//! own down. Events are never inherited: a pin stands where it was put. A store view's rule stands in front of
//! the global rule of the same category.
//! What is not here: what a strategy does to the score.

use std::collections::HashMap;

use planogram_abi::Document;
use planogram_rules::event::read_events;
use planogram_rules::{Event, Findings, Head, Object, Scopes};

use crate::config::Settings;
use crate::strategy::{Strategy, Window};

/// Longest category path, in characters.
const PATH_CHARS_MAX: usize = 1_000;

/// One category rule.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoryRule {
    /// Name, switch, origin.
    pub head: Head,
    /// Path of the category as written, single slashes.
    pub category: String,
    /// Its own strategy.
    pub strategy: Option<Strategy>,
    /// Whether subcategories without a strategy take this one.
    pub passes_down: bool,
    /// What it does to single products.
    pub events: Vec<Event>,
}

impl CategoryRule {
    /// Reads a rule.
    pub fn read(document: &Document<'_>, settings: &Settings, findings: &mut Findings) -> Option<Self> {
        const FIELDS: [&str; 8] =
            ["category", "name", "description", "enabled", "strategy", "window", "apply_to_subcategories", "events"];
        let body = findings.parse(document.json)?;
        let object = Object::read(&body, "", &FIELDS, findings)?;
        let head = Head::read(document, &object, findings);
        let strategy = read_strategy(&object, settings, findings);
        let passes_down = object.flag("apply_to_subcategories", false, findings);
        if passes_down && !object.has("strategy") {
            let message = "`apply_to_subcategories` is true, but there is no strategy to apply";
            findings.report(object.at("apply_to_subcategories"), message, "a `strategy` beside it, or false");
        }
        let events = read_events(&object, settings.events_max, findings);
        let category = tidy(object.required_text("category", PATH_CHARS_MAX, findings)?);
        if category.is_empty() {
            findings.report(object.at("category"), "`category` has no name in it", "names joined by `/`");
        }
        Some(Self { head, category, strategy, passes_down, events })
    }
}

fn read_strategy(object: &Object<'_>, settings: &Settings, findings: &mut Findings) -> Option<Strategy> {
    let window = object.choice("window", &Window::NAMES, findings).map(|index| Window::ALL[index]);
    let index = object.choice("strategy", &Strategy::NAMES, findings);
    let strategy = index.and_then(|index| Strategy::of_index(index, window.unwrap_or_default()));
    let counts_back = strategy.and_then(Strategy::window);
    if let Some(window) = window.filter(|_| counts_back.is_none() && (strategy.is_some() || !object.has("strategy"))) {
        let message = format!("`window` is {}, but no strategy here counts", window.name());
        findings.report(object.at("window"), message, "only beside most-viewed, most-added-to-cart, most-purchased");
    }
    if let Some(window) = counts_back.filter(|window| !settings.windows.contains(window)) {
        let known: Vec<&str> = settings.windows.iter().map(|window| window.name()).collect();
        let message = format!("the window {} is not among the `windows` of the settings", window.name());
        findings.report(object.at("window"), message, known.join(", "));
    }
    strategy
}

/// A path with single slashes and no white space around its names.
pub fn tidy(path: &str) -> String {
    path.split('/').map(str::trim).filter(|name| !name.is_empty()).collect::<Vec<_>>().join("/")
}

/// The key under which a category is found: categories are named without case.
pub fn key(path: &str) -> String {
    tidy(path).to_lowercase()
}

/// The strategy of a category, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing<'a> {
    /// The strategy.
    pub strategy: Strategy,
    /// The rule that names it.
    pub rule: &'a CategoryRule,
    /// Whether that is the rule of a category above.
    pub inherited: bool,
}

/// All category rules of an epoch.
#[derive(Debug, Default)]
pub struct CategoryRules {
    by_category: HashMap<String, Vec<CategoryRule>>,
    scopes: Scopes,
}

impl CategoryRules {
    /// Takes a rule in.
    pub fn insert(&mut self, rule: CategoryRule) {
        self.scopes.insert(&rule.head.origin);
        if rule.head.enabled {
            self.by_category.entry(key(&rule.category)).or_default().push(rule);
        }
    }

    /// The rule of this very category: the store view's before the global one, then the newest.
    pub fn own(&self, category: &str, store_view: &str, now_ms: i64) -> Option<&CategoryRule> {
        self.at_key(&key(category), store_view, now_ms)
    }

    /// The strategy in force.
    pub fn strategy(&self, category: &str, store_view: &str, now_ms: i64) -> Option<Standing<'_>> {
        let path = key(category);
        let own = self.at_key(&path, store_view, now_ms);
        if let Some((rule, strategy)) = own.and_then(|rule| Some((rule, rule.strategy?))) {
            return Some(Standing { strategy, rule, inherited: false });
        }
        let mut above = path.as_str();
        while let Some((parent, _)) = above.rsplit_once('/') {
            above = parent;
            let rule = self.at_key(above, store_view, now_ms).filter(|rule| rule.passes_down);
            if let Some((rule, strategy)) = rule.and_then(|rule| Some((rule, rule.strategy?))) {
                return Some(Standing { strategy, rule, inherited: true });
            }
        }
        None
    }

    fn at_key(&self, key: &str, store_view: &str, now_ms: i64) -> Option<&CategoryRule> {
        let rules = self.by_category.get(key)?.iter();
        let in_force = rules.filter(|rule| self.scopes.in_force(&rule.head.origin, store_view, now_ms));
        in_force.max_by_key(|rule| {
            let origin = &rule.head.origin;
            (!origin.scope.is_empty(), origin.seq, &origin.id)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document<'a>(scope: &'a str, id: &'a str, seq: u64, json: &'a str) -> Document<'a> {
        Document { kind: "category-rule", scope, id, revision: 1, seq, from_ms: 0, until_ms: 100, json }
    }

    fn read(document: &Document<'_>) -> Result<CategoryRule, Vec<(String, String)>> {
        let settings = Settings::read(r#"{"windows":["7d"],"events_max":1}"#).unwrap();
        let mut findings = Findings::default();
        let rule = CategoryRule::read(document, &settings, &mut findings);
        findings.finish(rule).map_err(|ps| ps.into_iter().map(|p| (p.pointer, p.message)).collect())
    }

    #[test]
    fn mistakes_are_named() {
        let check = |json: &str, pointer: &str, message: &str| {
            let expected = vec![(pointer.to_owned(), message.to_owned())];
            assert_eq!(read(&document("", "a", 1, json)), Err(expected), "{json}");
        };
        check("{}", "/category", "`category` is missing");
        check(r#"{"category":" / "}"#, "/category", "`category` has no name in it");
        check(r#"{"category":"A","priority":1}"#, "/priority", "unknown field `priority`");
        check(r#"{"category":"A","strategy":"random"}"#, "/strategy", "`strategy` is \"random\"");
        check(r#"{"category":"A","strategy":"best","window":"7d"}"#, "/strategy", "`strategy` is \"best\"");
        check(r#"{"category":"A","window":"7d"}"#, "/window", "`window` is 7d, but no strategy here counts");
        check(
            r#"{"category":"A","strategy":"newest","window":"7d"}"#,
            "/window",
            "`window` is 7d, but no strategy here counts",
        );
        check(
            r#"{"category":"A","strategy":"most-viewed","window":"30d"}"#,
            "/window",
            "the window 30d is not among the `windows` of the settings",
        );
        check(
            r#"{"category":"A","apply_to_subcategories":true}"#,
            "/apply_to_subcategories",
            "`apply_to_subcategories` is true, but there is no strategy to apply",
        );
        check(r#"{"category":"A","events":[{"hide":"1"},{"hide":"2"}]}"#, "/events", "`events` has 2 elements");
    }

    #[test]
    fn the_nearest_strategy_that_is_passed_down_counts() {
        let documents = [
            document("", "men", 1, r#"{"category":"Men","strategy":"newest","apply_to_subcategories":true}"#),
            document("", "tops", 2, r#"{"category":"Men/Tops","strategy":"price-asc"}"#),
            document("", "tees", 3, r#"{"category":"/Men/Tops / Tees/","events":[{"hide":"1"}]}"#),
            document("", "shoes", 4, r#"{"category":"Men/Shoes","strategy":"position","apply_to_subcategories":true}"#),
            document("uk", "uk-men", 1, r#"{"category":"men","strategy":"trending","apply_to_subcategories":true}"#),
            document("fr", "men", 9, r#"{"category":"Men","enabled":false}"#),
            document("", "women", 5, r#"{"category":"Women","enabled":false,"strategy":"newest"}"#),
        ];
        let mut rules = CategoryRules::default();
        documents.iter().for_each(|document| rules.insert(read(document).unwrap()));
        let check = |category: &str, view: &str, now: i64, expected: Option<(Strategy, &str, bool)>| {
            let found = rules.strategy(category, view, now);
            let found = found.map(|s| (s.strategy, s.rule.head.origin.id.as_str(), s.inherited));
            assert_eq!(found, expected, "{category} in {view} at {now}");
        };
        check("Men", "us", 0, Some((Strategy::Newest, "men", false)));
        check("men/", "us", 0, Some((Strategy::Newest, "men", false)));
        check("Men/Tops", "us", 0, Some((Strategy::PriceAscending, "tops", false)));
        check("Men/Tops/Tees", "us", 0, Some((Strategy::Newest, "men", true)));
        check("Men/Tops/Tees", "uk", 0, Some((Strategy::Trending, "uk-men", true)));
        check("Men/Tops/Tees", "fr", 0, None);
        check("Men/Shoes/Boots", "us", 0, Some((Strategy::Position, "shoes", true)));
        check("Menswear", "us", 0, None);
        check("Women", "us", 0, None);
        check("Men", "us", 100, None);
        check("", "us", 0, None);
        let own = |category: &str| rules.own(category, "us", 0).map(|rule| rule.head.origin.id.as_str());
        assert_eq!(own("Men/Tops/Tees"), Some("tees"));
        assert_eq!(own("Men/Tops/Tees/V-neck"), None);
    }
}
