//! Which query rules apply to this search?
//!
//! Those in force whose conditions hold; when there are none, the default rules (rules without conditions),
//! which are also the rules of the empty query. Order and resolution are those of [`planogram_rules`].
//! What is not here: what the events do to the list.

use planogram_abi::Document;
use planogram_rules::condition::read_conditions;
use planogram_rules::event::read_events;
use planogram_rules::rule::HEAD_FIELDS;
use planogram_rules::text::normalize;
use planogram_rules::{
    Condition, Event, Findings, Head, Join, Limits, Object, QueryIndex, Resolution, Scopes, in_order,
};

use crate::behavior::Strategy;

/// One query rule.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRule {
    /// Name, switch, priority, origin.
    pub head: Head,
    /// How the conditions are joined.
    pub join: Join,
    /// Empty for a default rule.
    pub conditions: Vec<Condition>,
    /// What it does.
    pub events: Vec<Event>,
    /// The signal it asks for.
    pub strategy: Option<Strategy>,
}

impl SearchRule {
    /// Reads a rule; `can` tells whether a strategy's column is gathered at all.
    pub fn read(
        document: &Document<'_>,
        limits: &Limits,
        can: impl Fn(Strategy) -> bool,
        findings: &mut Findings,
    ) -> Option<Self> {
        let body = findings.parse(document.json)?;
        let known = [&HEAD_FIELDS[..], &["match", "conditions", "events", "strategy"]].concat();
        let object = Object::read(&body, "", &known, findings)?;
        let head = Head::read(document, &object, findings);
        let (join, conditions) = read_conditions(&object, limits.conditions_max, findings);
        let events = read_events(&object, limits.events_max, findings);
        let strategy = object.choice("strategy", &Strategy::NAMES, findings).map(|index| Strategy::ALL[index]);
        if let Some(strategy) = strategy.filter(|strategy| !can(*strategy)) {
            let message = format!("`{}` reads a signal whose weight is 0", strategy.name());
            findings.report(object.at("strategy"), message, "a strategy whose signal has a weight in the settings");
        }
        Some(Self { head, join, conditions, events, strategy })
    }
}

/// A rule that applies, and how it came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Applied<'a> {
    /// The rule.
    pub rule: &'a SearchRule,
    /// Whether an `is` condition matched.
    pub exact: bool,
}

/// All query rules of an epoch.
#[derive(Debug)]
pub struct SearchRules {
    rules: Vec<SearchRule>,
    index: QueryIndex,
    scopes: Scopes,
    resolution: Resolution,
}

impl SearchRules {
    /// Indexes the rules.
    ///
    /// # Errors
    /// When their phrases together are too large to index.
    pub fn new(mut rules: Vec<SearchRule>, resolution: Resolution) -> Result<Self, String> {
        let mut scopes = Scopes::default();
        rules.iter().for_each(|rule| scopes.insert(&rule.head.origin));
        rules.retain(|rule| rule.head.enabled);
        let index = QueryIndex::build(rules.iter().map(|rule| (rule.join, rule.conditions.as_slice())))
            .map_err(|error| format!("the phrases of {} rules cannot be indexed: {error}", rules.len()))?;
        Ok(Self { rules, index, scopes, resolution })
    }

    /// The rules that apply, first one first.
    pub fn select(&self, text: &str, store_view: &str, now_ms: i64) -> Vec<Applied<'_>> {
        let in_force = |applied: &Applied<'_>| self.scopes.in_force(&applied.rule.head.origin, store_view, now_ms);
        let fired = self.index.matches(&normalize(text)).into_iter();
        let mut applied: Vec<Applied<'_>> =
            fired.map(|hit| Applied { rule: &self.rules[hit.rule], exact: hit.exact }).filter(in_force).collect();
        if applied.is_empty() {
            let defaults = self.rules.iter().filter(|rule| rule.conditions.is_empty());
            applied = defaults.map(|rule| Applied { rule, exact: false }).filter(in_force).collect();
        }
        in_order(self.resolution, applied, |a| a.exact, |a| &a.rule.head)
    }

    /// Whether any rule asks for a strategy, so that it is worth selecting rules while scoring.
    pub fn any_strategy(&self) -> bool {
        self.rules.iter().any(|rule| rule.strategy.is_some())
    }

    /// The strategy of the first applying rule that names one.
    pub fn strategy(&self, text: &str, store_view: &str, now_ms: i64) -> Option<Strategy> {
        self.select(text, store_view, now_ms).iter().find_map(|applied| applied.rule.strategy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document<'a>(scope: &'a str, id: &'a str, seq: u64, json: &'a str) -> Document<'a> {
        let (from_ms, until_ms) = (0, 1_000);
        Document { kind: "search-rule", scope, id, revision: 1, seq, from_ms, until_ms, json }
    }

    fn read(document: &Document<'_>) -> Result<SearchRule, Vec<(String, String)>> {
        let mut findings = Findings::default();
        let can = |strategy| strategy != Strategy::Trending;
        let rule = SearchRule::read(document, &Limits::default(), can, &mut findings);
        findings.finish(rule).map_err(|ps| ps.into_iter().map(|p| (p.pointer, p.message)).collect())
    }

    #[test]
    fn mistakes_are_named() {
        let check = |json: &str, pointer: &str, message: &str| {
            let expected = vec![(pointer.to_owned(), message.to_owned())];
            assert_eq!(read(&document("", "a", 1, json)), Err(expected), "{json}");
        };
        check(r#"{"condition":[]}"#, "/condition", "unknown field `condition`");
        check(r#"{"strategy":"random"}"#, "/strategy", "`strategy` is \"random\"");
        check(r#"{"strategy":"trending"}"#, "/strategy", "`trending` reads a signal whose weight is 0");
    }

    #[test]
    fn default_rules_answer_for_the_rest() {
        let documents = [
            document("", "default", 1, r#"{"strategy":"most-viewed"}"#),
            document("", "sofa", 2, r#"{"conditions":[{"query":"contains","text":"Sofa"}]}"#),
            document("", "exact", 1, r#"{"conditions":[{"query":"is","text":"sofa"}],"strategy":"none"}"#),
            document("", "off", 9, r#"{"enabled":false,"conditions":[{"query":"is","text":"sofa"}]}"#),
            document("", "lamp", 3, r#"{"conditions":[{"query":"is","text":"lamp"}]}"#),
            document("uk", "lamp", 4, r#"{"enabled":false}"#),
        ];
        let rules = || documents.iter().map(|d| read(d).unwrap()).collect::<Vec<_>>();
        let all = SearchRules::new(rules(), Resolution::AllByPriority).unwrap();
        let one = SearchRules::new(rules(), Resolution::OneWinner).unwrap();
        let check = |rules: &SearchRules, text: &str, view: &str, now: i64, expected: &[&str]| {
            let applied = rules.select(text, view, now);
            let ids: Vec<&str> = applied.iter().map(|a| a.rule.head.origin.id.as_str()).collect();
            assert_eq!(ids, expected, "{text:?} in {view} at {now}");
        };
        check(&all, "", "us", 0, &["default"]);
        check(&all, "chair", "us", 0, &["default"]);
        check(&all, " SOFA ", "us", 0, &["sofa", "exact"]);
        check(&one, " SOFA ", "us", 0, &["exact"]);
        check(&all, "sofa bed", "us", 0, &["sofa"]);
        check(&all, "lamp", "us", 0, &["lamp"]);
        check(&all, "lamp", "uk", 0, &["default"]);
        check(&all, "sofa", "us", 1_000, &[]);
        assert_eq!(all.strategy("sofa", "us", 0), Some(Strategy::None));
        assert_eq!(all.strategy("", "us", 0), Some(Strategy::MostViewed));
        assert_eq!(all.strategy("lamp", "us", 0), None);
    }
}
