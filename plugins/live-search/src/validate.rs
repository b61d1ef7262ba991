//! What is wrong with a document, before it is stored?
//!
//! First its own shape; then, if that is good, how it stands to the other live documents of its kind and scope:
//! how many there are, a synonym's type, a query that already has a redirect.

use planogram_abi::{Document, Problem};
use planogram_rules::rule::check_count;

use crate::config::Settings;
use crate::ranker::Ranker;
use crate::state::{read_redirect, read_rule, read_synonym};
use crate::synonyms::{Direction, direction_of};
use crate::{RANKER, REDIRECT, SEARCH_RULE, SYNONYM};

/// Everything that is wrong with `document`; empty when it is good.
pub fn validate(settings: &Settings, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
    let (own, setting, max) = match document.kind {
        SYNONYM => (synonym(settings, document, others), "synonyms.per_scope_max", settings.synonyms.per_scope_max),
        SEARCH_RULE => (rule(settings, document), "rules.rules_max", settings.rules.rules_max),
        RANKER => {
            // More than one would be a riddle, so that is no setting.
            let own = Ranker::read(document, &settings.ranker).err().unwrap_or_default();
            let second = others.iter().any(|other| other.id != document.id);
            let message = || Problem::new("", "there is a ranker in its scope already", "one in each scope");
            return own.into_iter().chain(second.then(message)).collect();
        }
        REDIRECT => (redirect(document, others), "redirects.per_scope_max", settings.redirects.per_scope_max),
        other => {
            return vec![Problem::new(
                "",
                format!("kind `{other}` is not ours"),
                "synonym, search-rule, redirect, ranker",
            )];
        }
    };
    own.into_iter().chain(check_count(document, others, setting, max)).collect()
}

fn synonym(settings: &Settings, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
    let set = match read_synonym(document, settings) {
        Ok(set) => set,
        Err(problems) => return problems,
    };
    let before = others.iter().find(|other| other.id == document.id);
    let before = before.and_then(|other| direction_of(&serde_json::from_str(other.json).ok()?));
    match before {
        Some(before) if before != set.direction => {
            let name = |direction: Direction| Direction::NAMES[direction as usize];
            let message = format!("`type` is {}, the document was created as {}", name(set.direction), name(before));
            vec![Problem::new("/type", message, format!("{}; or delete it first", name(before)))]
        }
        _ => Vec::new(),
    }
}

fn rule(settings: &Settings, document: &Document<'_>) -> Vec<Problem> {
    let behavior = settings.behavior().expect("the settings were checked when they were read");
    read_rule(document, settings, &behavior).err().unwrap_or_default()
}

fn redirect(document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
    let redirect = match read_redirect(document) {
        Ok(redirect) => redirect,
        Err(problems) => return problems,
    };
    let overlaps = |other: &&Document<'_>| document.from_ms < other.until_ms && other.from_ms < document.until_ms;
    let mut rivals = others.iter().filter(|other| other.id != document.id).filter(overlaps);
    let rival = rivals.find(|other| read_redirect(other).is_ok_and(|other| other.query == redirect.query));
    rival.map_or(Vec::new(), |rival| {
        let message = format!("`{}` is redirected by `{}` at the same time", redirect.query, rival.id);
        vec![Problem::new("/query", message, "one redirect of a query at a time")]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document<'a>(kind: &'a str, id: &'a str, json: &'a str) -> Document<'a> {
        Document { kind, scope: "", id, revision: 1, seq: 1, from_ms: 0, until_ms: 10, json }
    }

    fn check(settings: &str, document: &Document<'_>, others: &[Document<'_>], expected: &[(&str, &str)]) {
        let problems = validate(&Settings::read(settings).unwrap(), document, others);
        let found: Vec<(&str, &str)> = problems.iter().map(|p| (p.pointer.as_str(), p.message.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_synonym_keeps_its_type() {
        let two = document(SYNONYM, "a", r#"{"type":"two-way","terms":["sofa","couch"]}"#);
        let one = document(SYNONYM, "a", r#"{"type":"one-way","term":"sofa","expansions":["couch"]}"#);
        check("", &two, &[two], &[]);
        let message = "`type` is one-way, the document was created as two-way";
        check("", &one, &[two], &[("/type", message)]);
        check("", &document(SYNONYM, "b", one.json), &[two], &[]);
    }

    #[test]
    fn a_scope_can_be_full() {
        let set = |id| document(SYNONYM, id, r#"{"type":"two-way","terms":["sofa","couch"]}"#);
        let full = r#"{"synonyms":{"per_scope_max":2}}"#;
        check(full, &set("c"), &[set("a"), set("b")], &[("", "it would be `synonym` number 3 in its scope")]);
        check(full, &set("b"), &[set("a"), set("b")], &[]);
        let ranker = |id| document(RANKER, id, r#"{"columns":[]}"#);
        check("", &ranker("b"), &[ranker("a")], &[("", "there is a ranker in its scope already")]);
        let rule = |id| document(SEARCH_RULE, id, "{}");
        let full = r#"{"rules":{"rules_max":1}}"#;
        check(full, &rule("b"), &[rule("a")], &[("", "it would be `search-rule` number 2 in its scope")]);
        let told = validate(&Settings::read(full).unwrap(), &rule("b"), &[rule("a")]).remove(0).allowed;
        assert_eq!(told, "at most 1, which the plugin's setting `rules.rules_max` says");
    }

    #[test]
    fn by_default_a_scope_has_ten_thousand_synonyms() {
        let ids: Vec<String> = (0..10_000).map(|n| format!("s{n}")).collect();
        let json = r#"{"type":"two-way","terms":["sofa","couch"]}"#;
        let others: Vec<Document<'_>> = ids.iter().map(|id| document(SYNONYM, id, json)).collect();
        let one_more = document(SYNONYM, "one more", json);
        check("", &one_more, &others[1..], &[]);
        check("", &one_more, &others, &[("", "it would be `synonym` number 10001 in its scope")]);
    }

    #[test]
    fn a_query_has_one_redirect_at_a_time() {
        let first = document(REDIRECT, "a", r#"{"query":"Sale","url":"/sale"}"#);
        let second = document(REDIRECT, "b", r#"{"query":"sale ","url":"/other"}"#);
        check("", &second, &[first], &[("/query", "`sale` is redirected by `a` at the same time")]);
        check("", &Document { from_ms: 10, until_ms: 20, ..second }, &[first], &[]);
        check("", &first, &[first], &[]);
    }

    #[test]
    fn other_kinds_are_not_ours() {
        check("", &document("unit", "a", "{}"), &[], &[("", "kind `unit` is not ours")]);
    }
}
