//! What do rules of all kinds have in common?
//!
//! A head (name, switch, priority, origin) and limits. Each plugin adds its own body: a query rule has
//! a strategy, a category rule a category.

use serde::Deserialize;

use planogram_abi::{Document, PrepareHost, Problem};

use crate::condition::{Node, read_conditions};
use crate::event::{Event, read_events};
use crate::origin::Origin;
use crate::read::{Findings, Object};

/// Longest name of a rule, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Longest description of a rule, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;

/// The fields every rule may have, for the list of known fields of a document.
pub const HEAD_FIELDS: [&str; 4] = ["name", "description", "enabled", "priority"];

/// Who a rule is, and how urgent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Name for people; the id when the document names none.
    pub name: String,
    /// A rule that is switched off is kept, and does nothing.
    pub enabled: bool,
    /// Larger goes first; 0 by default.
    pub priority: i32,
    /// Which document.
    pub origin: Origin,
}

impl Head {
    /// Reads the head's fields of `rule`.
    pub fn read(document: &Document<'_>, rule: &Object<'_>, findings: &mut Findings) -> Self {
        let name = rule.text("name", NAME_CHARS_MAX, findings).unwrap_or(document.id);
        rule.remark("description", DESCRIPTION_CHARS_MAX, findings);
        let enabled = rule.flag("enabled", true, findings);
        let priority = rule.integer("priority", -1_000_000..=1_000_000, findings).unwrap_or(0);
        let priority = i32::try_from(priority).expect("the range was checked");
        Self { name: name.trim().to_owned(), enabled, priority, origin: Origin::of(document) }
    }

    /// How the rule is called in the ledger: `rule "Summer sofas" (search-rule/summer)`.
    pub fn label(&self) -> String {
        format!("rule \"{}\" ({}/{})", self.name, self.origin.kind, self.origin.id)
    }
}

/// A rule as all kinds of rules have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Who it is.
    pub head: Head,
    /// When it fires; `None` when it says no conditions.
    pub when: Option<Node>,
    /// What it does.
    pub events: Vec<Event>,
}

impl Rule {
    /// Reads what all kinds of rules say; the document may have the fields [`Rule::FIELDS`] and those of its kind.
    /// `without` are kinds of event that mean nothing there.
    pub fn read(
        document: &Document<'_>,
        object: &Object<'_>,
        limits: &Limits,
        without: &[&str],
        findings: &mut Findings,
    ) -> Self {
        let head = Head::read(document, object, findings);
        let when = read_conditions(object, limits.conditions_max, findings);
        Self { head, when, events: read_events(object, limits.events_max, without, findings) }
    }

    /// The fields that every rule may have.
    pub const FIELDS: [&str; 7] = ["name", "description", "enabled", "priority", "match", "conditions", "events"];

    /// Lets the host compile the conditions on products.
    ///
    /// # Errors
    /// Which rule, and what the host finds wrong with it.
    pub fn compile(&mut self, host: &dyn PrepareHost) -> Result<(), String> {
        let when = self.when.as_mut().map_or(Ok(()), |when| when.compile(host));
        let all = when.and_then(|()| self.events.iter_mut().try_for_each(|event| event.compile(host)));
        all.map_err(|failure| format!("{}: {}", self.head.label(), failure.0))
    }
}

/// How many rules, conditions and events a shop allows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Rules of one kind in one scope.
    pub rules_max: usize,
    /// Leaves of one rule's conditions.
    pub conditions_max: usize,
    /// Events of one rule.
    pub events_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rules_max: 10_000, conditions_max: 50, events_max: 100 }
    }
}

impl Limits {
    /// Checks the ranges; `path` is the key path of the limits in the settings, empty when they
    /// stand at the top.
    ///
    /// # Errors
    /// Names the key, the value and what is allowed.
    pub fn check(&self, path: &str) -> Result<(), String> {
        let ranges = [
            ("rules_max", self.rules_max, 1_000_000),
            ("conditions_max", self.conditions_max, 1_000),
            ("events_max", self.events_max, 100_000),
        ];
        for (key, value, most) in ranges {
            if !(1..=most).contains(&value) {
                let dot = if path.is_empty() { "" } else { "." };
                return Err(format!("`{path}{dot}{key}` is {value}, allowed are 1 to {most}"));
            }
        }
        Ok(())
    }
}

/// Refuses a new document when its scope is full: `setting` of the plugin says `max`. `others` may or may not hold the
/// document's predecessor.
pub fn check_count(document: &Document<'_>, others: &[Document<'_>], setting: &str, max: usize) -> Option<Problem> {
    let count = 1 + others.iter().filter(|other| other.id != document.id).count();
    let kind = document.kind;
    (count > max).then(|| {
        let allowed = format!("at most {max}, which the plugin's setting `{setting}` says");
        Problem::new("", format!("it would be `{kind}` number {count} in its scope"), allowed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document<'a>(id: &'a str, json: &'a str) -> Document<'a> {
        let (from_ms, until_ms) = (i64::MIN, i64::MAX);
        Document { kind: "search-rule", scope: "", id, revision: 1, seq: 7, from_ms, until_ms, json }
    }

    #[test]
    fn a_head_has_defaults_and_a_label() {
        let check = |json: &str, expected: (&str, bool, i32)| {
            let mut findings = Findings::default();
            let value = findings.parse(json).unwrap();
            let object = Object::read(&value, "", &HEAD_FIELDS, &mut findings).unwrap();
            let head = Head::read(&document("summer", json), &object, &mut findings);
            let head = findings.finish(Some(head)).unwrap();
            assert_eq!((head.label().as_str(), head.enabled, head.priority), expected);
        };
        check("{}", ("rule \"summer\" (search-rule/summer)", true, 0));
        let full = r#"{"name":"Summer sofas","enabled":false,"priority":-3,"description":""}"#;
        check(full, ("rule \"Summer sofas\" (search-rule/summer)", false, -3));
    }

    #[test]
    fn a_full_scope_refuses_new_documents_only() {
        let others = [document("a", "{}"), document("b", "{}")];
        let check = |id: &str, max: usize, expected: bool| {
            assert_eq!(
                check_count(&document(id, "{}"), &others, "rules_max", max).is_some(),
                expected,
                "{id} of {max}"
            );
        };
        check("c", 3, false);
        check("c", 2, true);
        check("a", 2, false);
    }

    #[test]
    fn limits_are_checked() {
        assert_eq!(Limits::default().check("limits"), Ok(()));
        let too_many = Limits { conditions_max: 1_001, ..Limits::default() };
        let message = "`limits.conditions_max` is 1001, allowed are 1 to 1000";
        assert_eq!(too_many.check("limits"), Err(message.to_owned()));
    }
}
