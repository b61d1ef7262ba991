//! Where is a shopper sent instead of being shown results?
//!
//! A redirect names one whole query, compared without case and extra spaces. A store view's redirect goes
//! before a global one, a newer write before an older one.

use std::collections::HashMap;

use planogram_rules::event::read_url;
use planogram_rules::text::{PHRASE_CHARS_MAX, normalize};
use planogram_rules::{Findings, Object, Origin, Scopes};
use serde_json::Value;

/// One redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The query, normalized.
    pub query: String,
    /// Where to.
    pub url: String,
    /// A redirect that is switched off is kept, and does nothing.
    pub enabled: bool,
}

impl Redirect {
    /// Reads a redirect.
    pub fn read(body: &Value, findings: &mut Findings) -> Option<Self> {
        let object = Object::read(body, "", &["query", "url", "enabled"], findings)?;
        let query = object.required_text("query", PHRASE_CHARS_MAX, findings);
        let url = read_url(&object, "url", findings);
        let enabled = object.flag("enabled", true, findings);
        Some(Self { query: normalize(query?), url: url?, enabled })
    }
}

/// All redirects of an epoch.
#[derive(Debug, Default)]
pub struct Redirects {
    by_query: HashMap<String, Vec<(Origin, Redirect)>>,
    scopes: Scopes,
}

impl Redirects {
    /// Takes a redirect in.
    pub fn insert(&mut self, origin: Origin, redirect: Redirect) {
        self.scopes.insert(&origin);
        if redirect.enabled {
            self.by_query.entry(redirect.query.clone()).or_default().push((origin, redirect));
        }
    }

    /// Where `text` leads.
    pub fn find(&self, text: &str, store_view: &str, now_ms: i64) -> Option<&str> {
        let known = self.by_query.get(&normalize(text))?;
        let in_force = known.iter().filter(|(origin, _)| self.scopes.in_force(origin, store_view, now_ms));
        let first = in_force.max_by_key(|(origin, _)| (!origin.scope.is_empty(), origin.seq, &origin.id));
        first.map(|(_, redirect)| redirect.url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Redirect, Vec<(String, String)>> {
        let mut findings = Findings::default();
        let value = findings.parse(json).unwrap();
        let redirect = Redirect::read(&value, &mut findings);
        findings.finish(redirect).map_err(|ps| ps.into_iter().map(|p| (p.pointer, p.message)).collect())
    }

    #[test]
    fn mistakes_are_named() {
        let check = |json: &str, pointer: &str, message: &str| {
            assert_eq!(read(json), Err(vec![(pointer.to_owned(), message.to_owned())]), "{json}");
        };
        check(r#"{"query":"x"}"#, "/url", "`url` is missing");
        check(r#"{"query":"","url":"/"}"#, "/query", "\"\" is no usable text");
        check(r#"{"query":"x","url":"sale"}"#, "/url", "`url` is `sale`");
        check(r#"{"query":"x","url":"javascript:alert(1)"}"#, "/url", "`url` is `javascript:alert(1)`");
        check(r#"{"query":"x","url":"/a b"}"#, "/url", "`url` is `/a b`");
    }

    #[test]
    fn the_store_view_goes_first_then_the_newest() {
        let mut redirects = Redirects::default();
        let mut insert = |scope: &str, id: &str, seq: u64, url: &str| {
            let origin =
                Origin { kind: "redirect".into(), scope: scope.into(), id: id.into(), seq, from_ms: 0, until_ms: 9 };
            redirects.insert(origin, Redirect { query: "sale".into(), url: url.into(), enabled: url != "/off" });
        };
        insert("", "a", 1, "/old");
        insert("", "b", 2, "/new");
        insert("uk", "c", 1, "/uk");
        insert("fr", "b", 3, "/off");
        let check = |text: &str, view: &str, now: i64, expected: Option<&str>| {
            assert_eq!(redirects.find(text, view, now), expected, "{text:?} in {view} at {now}");
        };
        check(" SALE", "us", 0, Some("/new"));
        check("sale", "uk", 0, Some("/uk"));
        check("sale", "fr", 0, Some("/old"));
        check("sales", "us", 0, None);
        check("sale", "us", 9, None);
    }
}
