//! What does a query rule say, and which ones apply to this search?
//!
//! A rule as all rules are, and a strategy: as a field or among the events. Those in force whose conditions hold apply;
//! when there are none, the default rules (rules without conditions), which are also the rules of the empty query. Order
//! and resolution are those of [`planogram_rules`].
//! What is not here: what the events do to the list.

use std::borrow::Borrow;
use std::sync::Arc;

use planogram_abi::Document;
use planogram_rules::{Deed, Facts, Findings, Fired, Limits, Object, Resolution, Rule, RuleBook};

use crate::behavior::Strategy;

/// One query rule.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRule {
    /// Name, switch, priority, origin, conditions, events.
    pub rule: Rule,
    /// The signal it asks for.
    pub strategy: Option<Strategy>,
}

impl Borrow<Rule> for SearchRule {
    fn borrow(&self) -> &Rule {
        &self.rule
    }
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
        let known = [&Rule::FIELDS[..], &["strategy"]].concat();
        let object = Object::read(&body, "", &known, findings)?;
        let rule = Rule::read(document, &object, limits, &[], findings);
        let field = object.choice("strategy", &Strategy::NAMES, findings).map(|index| Strategy::ALL[index]);
        let mut strategy = field.map(|strategy| (object.at("strategy"), strategy));
        for (index, event) in rule.events.iter().enumerate() {
            let Deed::Strategy(name) = &event.deed else { continue };
            let here = format!("{}/{index}/strategy", object.at("events"));
            match Strategy::NAMES.iter().position(|known| known == name) {
                Some(_) if field.is_some() => {
                    findings.report(here, "`strategy` is said twice", "the field or the event");
                }
                Some(at) => strategy = Some((here, Strategy::ALL[at])),
                None => findings.report(here, format!("`strategy` is `{name}`"), Strategy::NAMES.join(", ")),
            }
        }
        if let Some((pointer, strategy)) = strategy.as_ref().filter(|(_, strategy)| !can(*strategy)) {
            let message = format!("`{}` reads a signal whose weight is 0", strategy.name());
            findings.report(pointer, message, "a strategy whose signal has a weight in the settings");
        }
        Some(Self { rule, strategy: strategy.map(|(_, strategy)| strategy) })
    }
}

/// All query rules of an epoch.
#[derive(Debug)]
pub struct SearchRules {
    book: RuleBook<SearchRule>,
    any_strategy: bool,
}

impl SearchRules {
    /// Indexes the rules; the index of earlier ones is taken over when it will do.
    ///
    /// # Errors
    /// When their phrases together are too large to index.
    pub fn new(
        rules: Vec<Arc<SearchRule>>,
        resolution: Resolution,
        earlier: Option<&SearchRules>,
    ) -> Result<Self, String> {
        let any_strategy = rules.iter().any(|rule| rule.strategy.is_some());
        Ok(Self { book: RuleBook::new(rules, resolution, earlier.map(|earlier| &earlier.book))?, any_strategy })
    }

    /// The rules themselves.
    pub fn book(&self) -> &RuleBook<SearchRule> {
        &self.book
    }

    /// The rules that apply, first one first.
    pub fn select(&self, facts: &Facts<'_>) -> Vec<Fired<'_, SearchRule>> {
        self.book.select(facts, true)
    }

    /// Whether any rule asks for a strategy, so that it is worth selecting rules while scoring.
    pub fn any_strategy(&self) -> bool {
        self.any_strategy
    }

    /// The strategy of the first applying rule that names one.
    pub fn strategy(&self, facts: &Facts<'_>) -> Option<Strategy> {
        self.select(facts).iter().find_map(|fired| fired.rule.strategy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(text: &str, view: &str, now_ms: i64) -> Facts<'static> {
        let text = planogram_rules::text::normalize(text);
        Facts { text, store_view: view.to_owned(), view: view.to_owned(), now_ms, ..Facts::default() }
    }

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
        let event = |name: &str| format!(r#"{{"events":[{{"strategy":"{name}"}}]}}"#);
        check(&event("random"), "/events/0/strategy", "`strategy` is `random`");
        check(&event("trending"), "/events/0/strategy", "`trending` reads a signal whose weight is 0");
        let twice = r#"{"strategy":"none","events":[{"strategy":"most-viewed"}]}"#;
        check(twice, "/events/0/strategy", "`strategy` is said twice");
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
        let rules = || documents.iter().map(|d| Arc::new(read(d).unwrap())).collect::<Vec<_>>();
        let all = SearchRules::new(rules(), Resolution::AllByPriority, None).unwrap();
        let one = SearchRules::new(rules(), Resolution::OneWinner, None).unwrap();
        let check = |rules: &SearchRules, text: &str, view: &str, now: i64, expected: &[&str]| {
            let facts = facts(text, view, now);
            let applied = rules.select(&facts);
            let ids: Vec<&str> = applied.iter().map(|a| a.rule.rule.head.origin.id.as_str()).collect();
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
        assert_eq!(all.strategy(&facts("sofa", "us", 0)), Some(Strategy::None));
        assert_eq!(all.strategy(&facts("", "us", 0)), Some(Strategy::MostViewed));
        assert_eq!(all.strategy(&facts("lamp", "us", 0)), None);
    }
}
