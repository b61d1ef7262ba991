//! Which rule orders this category?
//!
//! Its own, if it has one with a strategy; otherwise the strategy of the nearest category above that passes its
//! own down. Events are never inherited: a pin stands where it was put. A store view's rule stands in front of
//! the global rule of the same category.
//! What is not here: what a strategy does to the score.

use std::borrow::Borrow;
use std::collections::HashMap;

use planogram_abi::{ConditionId, Document, PrepareHost};
use planogram_rules::text::{path_key, tidy_path};
use planogram_rules::{Facts, Findings, Object, Resolution, Rule, Scopes, in_order};

use crate::config::Settings;
use crate::strategy::{Strategy, Window};

/// Longest category path, in characters.
const PATH_CHARS_MAX: usize = 1_000;

/// One category rule.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoryRule {
    /// Name, switch, priority, origin, conditions of its events, events.
    pub rule: Rule,
    /// Path of the category as written, single slashes.
    pub category: String,
    /// Its own strategy.
    pub strategy: Option<Strategy>,
    /// Whether subcategories without a strategy take this one.
    pub passes_down: bool,
    /// Compiled: the products of the category and below; nothing until the plugin prepares,
    /// or where the host does not take it.
    pub members: Option<ConditionId>,
}

impl Borrow<Rule> for CategoryRule {
    fn borrow(&self) -> &Rule {
        &self.rule
    }
}

impl CategoryRule {
    /// Reads a rule.
    pub fn read(document: &Document<'_>, settings: &Settings, findings: &mut Findings) -> Option<Self> {
        let body = findings.parse(document.json)?;
        let known = [&Rule::FIELDS[..], &["category", "strategy", "window", "apply_to_subcategories"]].concat();
        let object = Object::read(&body, "", &known, findings)?;
        let rule = Rule::read(document, &object, &settings.limits(), &["strategy", "synonym"], findings);
        let strategy = read_strategy(&object, settings, findings);
        let passes_down = object.flag("apply_to_subcategories", false, findings);
        if passes_down && !object.has("strategy") {
            let message = "`apply_to_subcategories` is true, but there is no strategy to apply";
            findings.report(object.at("apply_to_subcategories"), message, "a `strategy` beside it, or false");
        }
        if rule.when.is_some() && object.has("strategy") {
            let message = "a strategy stands beside conditions, which say when events apply";
            findings.report(object.at("strategy"), message, "a rule of its own for the strategy");
        }
        let category = tidy_path(object.required_text("category", PATH_CHARS_MAX, findings)?);
        if category.is_empty() {
            findings.report(object.at("category"), "`category` has no name in it", "names joined by `/`");
        }
        Some(Self { rule, category, strategy, passes_down, members: None })
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

impl CategoryRule {
    /// Lets the host compile the conditions on products.
    ///
    /// # Errors
    /// Which rule, and what the host finds wrong with it.
    pub fn compile(&mut self, host: &dyn PrepareHost) -> Result<(), String> {
        let members = serde_json::json!({ "field": "category", "eq": self.category }).to_string();
        self.members = host.compile(&members).ok();
        self.rule.compile(host)
    }
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
        self.scopes.insert(&rule.rule.head.origin);
        if rule.rule.head.enabled {
            self.by_category.entry(path_key(&rule.category)).or_default().push(rule);
        }
    }

    /// The rules that are switched on, by category and in the order in which they were taken in.
    pub fn rules(&self) -> Vec<&CategoryRule> {
        let mut paths: Vec<&String> = self.by_category.keys().collect();
        paths.sort_unstable();
        paths.into_iter().flat_map(|path| &self.by_category[path]).collect()
    }

    /// Which documents stand in front of which.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The rule of this very category without conditions: the store view's before the global one, then the newest.
    pub fn own(&self, category: &str, store_view: &str, now_ms: i64) -> Option<&CategoryRule> {
        self.at_key(&path_key(category), store_view, now_ms)
    }

    /// The rules whose events apply to a page of this very category, first one first: those whose conditions hold, and
    /// the one without conditions.
    pub fn applied(&self, category: &str, facts: &Facts<'_>) -> Vec<&CategoryRule> {
        let own = self.own(category, &facts.view, facts.now_ms);
        let rules = self.by_category.get(&path_key(category)).into_iter().flatten();
        let fires = |rule: &&CategoryRule| {
            let holds = rule.rule.when.as_ref().is_some_and(|when| facts.hold(when));
            holds && self.scopes.in_force(&rule.rule.head.origin, &facts.view, facts.now_ms)
        };
        let applied = rules.filter(fires).chain(own).collect();
        in_order(Resolution::AllByPriority, applied, |_| false, |rule| &rule.rule.head)
    }

    /// The strategy in force.
    pub fn strategy(&self, category: &str, store_view: &str, now_ms: i64) -> Option<Standing<'_>> {
        let path = path_key(category);
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
        let plain = rules.filter(|rule| rule.rule.when.is_none());
        let in_force = plain.filter(|rule| self.scopes.in_force(&rule.rule.head.origin, store_view, now_ms));
        in_force.max_by_key(|rule| {
            let origin = &rule.rule.head.origin;
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
        check(r#"{"category":"A","order":1}"#, "/order", "unknown field `order`");
        let both = r#"{"category":"A","strategy":"newest","conditions":[{"device":"mobile"}]}"#;
        check(both, "/strategy", "a strategy stands beside conditions, which say when events apply");
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
            let found = found.map(|s| (s.strategy, s.rule.rule.head.origin.id.as_str(), s.inherited));
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
        let own = |category: &str| rules.own(category, "us", 0).map(|rule| rule.rule.head.origin.id.as_str());
        assert_eq!(own("Men/Tops/Tees"), Some("tees"));
        assert_eq!(own("Men/Tops/Tees/V-neck"), None);
    }
}
