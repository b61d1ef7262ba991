//! Which words may stand for the shopper's words?
//!
//! A set is two-way (each member finds what any other finds) or one-way (the term finds the expansions, never
//! the reverse). Members are compared as the analyzer sees them, so "couches" meets "couch"; a member of
//! several words is a phrase. Stop words do not count when members are found in a query; at the ends of a
//! member they are cut from what is searched for, too, but stay inside ("chest of drawers").
//! At each place of the query the longest member in force wins, from left to right; sets are not chained.
//! What is not here: how the query is written (see [`crate::understand`]).

use std::collections::{BTreeSet, HashMap, HashSet};

use planogram_rules::read::text_of;
use planogram_rules::text::{PHRASE_CHARS_MAX, normalize};
use planogram_rules::{Deed, Event, Findings, Object};
use serde_json::Value;

use crate::config::SynonymSettings;

/// Whether a set works in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Every member stands for every other.
    TwoWay,
    /// The first member is widened by the others.
    OneWay,
}

impl Direction {
    /// The names used in documents: two-way, one-way.
    pub const NAMES: [&str; 2] = ["two-way", "one-way"];
}

/// Members that stand for each other, or for the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SynonymSet {
    /// In which direction.
    pub direction: Direction,
    /// Normalized, without stop words at the ends; for one-way sets the term comes first.
    pub members: Vec<String>,
    /// A set that is switched off is kept, and does nothing.
    pub enabled: bool,
}

impl SynonymSet {
    /// Reads a set.
    pub fn read(body: &Value, settings: &SynonymSettings, findings: &mut Findings) -> Option<Self> {
        let direction = direction_of(body);
        let fields: &[&str] = match direction {
            Some(Direction::TwoWay) => &["type", "terms", "enabled"],
            Some(Direction::OneWay) => &["type", "term", "expansions", "enabled"],
            None => &["type", "terms", "term", "expansions", "enabled"],
        };
        let object = Object::read(body, "", fields, findings)?;
        object.require("type", findings)?;
        object.choice("type", &Direction::NAMES, findings);
        let mut members = Members { settings, seen: HashSet::new(), members: Vec::new() };
        match direction? {
            Direction::TwoWay => members.read_list(&object, "terms", 2, findings),
            Direction::OneWay => {
                if let Some(term) = object.required_text("term", PHRASE_CHARS_MAX, findings) {
                    members.take(term, object.at("term"), findings);
                }
                members.read_list(&object, "expansions", 1, findings);
            }
        }
        let enabled = object.flag("enabled", true, findings);
        Some(Self { direction: direction?, members: members.members, enabled })
    }

    /// The set of an event of a rule, if it is one of synonyms.
    pub fn of_event(event: &Event) -> Option<Self> {
        let Deed::Synonym { term, also } = &event.deed else { return None };
        let members = std::iter::once(term).chain(also).map(|text| normalize(text)).collect();
        Some(Self { direction: Direction::OneWay, members, enabled: true })
    }

    /// Leaves out the members that are `foreign`, and with its term the whole of a one-way set.
    pub fn leave(&mut self, foreign: impl Fn(&str) -> bool) {
        if self.direction == Direction::OneWay && self.members.first().is_some_and(|term| foreign(term)) {
            self.members.clear();
        }
        self.members.retain(|member| !foreign(member));
    }

    /// What stands for member `member` besides itself.
    pub fn expansions(&self, member: usize) -> impl Iterator<Item = &str> {
        let none = self.direction == Direction::OneWay && member != 0;
        self.members.iter().enumerate().filter(move |(i, _)| !none && *i != member).map(|(_, text)| text.as_str())
    }
}

/// The direction a document names, if it names one.
pub fn direction_of(body: &Value) -> Option<Direction> {
    match body.get("type")?.as_str()? {
        "two-way" => Some(Direction::TwoWay),
        "one-way" => Some(Direction::OneWay),
        _ => None,
    }
}

/// The members read so far.
struct Members<'s> {
    settings: &'s SynonymSettings,
    seen: HashSet<String>,
    members: Vec<String>,
}

impl Members<'_> {
    fn read_list(&mut self, object: &Object<'_>, key: &str, least: usize, findings: &mut Findings) {
        let pointer = object.at(key);
        if object.require(key, findings).is_none() {
            return;
        }
        let values = object.list(key, self.settings.terms_max, findings);
        let is_short_list = matches!(object.get(key), Some(Value::Array(all)) if all.len() < least);
        if is_short_list {
            findings.report(&pointer, format!("`{key}` has {} elements", values.len()), format!("at least {least}"));
        }
        for (index, value) in values.iter().enumerate() {
            let here = format!("{pointer}/{index}");
            if let Some(text) = text_of(value, &here, PHRASE_CHARS_MAX, findings) {
                self.take(text, here, findings);
            }
        }
    }

    fn take(&mut self, text: &str, pointer: String, findings: &mut Findings) {
        let member = trim_stop_words(&normalize(text), &self.settings.stop_words);
        if member.is_empty() {
            findings.report(pointer, format!("`{text}` has only stop words"), "a word that carries meaning");
        } else if !self.seen.insert(member.clone()) {
            findings.report(pointer, format!("`{text}` is named twice"), "each term once");
        } else {
            self.members.push(member);
        }
    }
}

fn trim_stop_words(text: &str, stop_words: &[String]) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let carries = |word: &&str| !word.is_empty() && !stop_words.iter().any(|stop| stop == word);
    let Some(first) = words.iter().position(carries) else { return String::new() };
    let last = words.iter().rposition(carries).expect("there is a first one");
    words[first..=last].join(" ")
}

/// One token of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// As the analyzer sees it.
    pub text: &'a str,
    /// Whether it is passed over between the words of a member.
    pub stop: bool,
}

/// A member found in a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// First token.
    pub start: usize,
    /// Behind the last token.
    pub end: usize,
    /// The sets it belongs to, each with the member's index there; ascending.
    pub hits: Vec<(usize, usize)>,
}

/// The members of all sets, by their first token.
#[derive(Debug, Default)]
pub struct Matcher {
    by_first: HashMap<String, Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    tokens: Vec<String>,
    hit: (usize, usize),
}

impl Matcher {
    /// Analyzes every member that can be found in a query. `sets` gives each set with its number.
    pub fn build<'a>(
        sets: impl Iterator<Item = (usize, &'a SynonymSet)>,
        stop_words: &[String],
        analyze: impl Fn(&str) -> Vec<String>,
    ) -> Self {
        let mut matcher = Self::default();
        for (number, set) in sets {
            let found = if set.direction == Direction::OneWay { 1 } else { set.members.len() };
            for (index, member) in set.members.iter().take(found).enumerate() {
                let words: Vec<&str> =
                    member.split(' ').filter(|word| !stop_words.iter().any(|stop| stop == word)).collect();
                let tokens = analyze(&words.join(" "));
                if let Some(first) = tokens.first() {
                    let entries = matcher.by_first.entry(first.clone()).or_default();
                    entries.push(Entry { tokens, hit: (number, index) });
                }
            }
        }
        matcher
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.by_first.is_empty()
    }

    /// The members found in `query`, from left to right, none overlapping; only sets that are `in_force`.
    pub fn find(&self, query: &[Token<'_>], in_force: impl Fn(usize) -> bool) -> Vec<Found> {
        let mut all = Vec::new();
        let mut start = 0;
        while start < query.len() {
            match self.longest_at(query, start, &in_force) {
                Some(found) => {
                    start = found.end;
                    all.push(found);
                }
                None => start += 1,
            }
        }
        all
    }

    fn longest_at(&self, query: &[Token<'_>], start: usize, in_force: &impl Fn(usize) -> bool) -> Option<Found> {
        let mut end = start;
        let mut hits = BTreeSet::new();
        for entry in self.by_first.get(query[start].text)? {
            let Some(here) = entry.end_at(query, start).filter(|here| *here >= end && in_force(entry.hit.0)) else {
                continue;
            };
            if here > end {
                hits.clear();
                end = here;
            }
            hits.insert(entry.hit);
        }
        (!hits.is_empty()).then(|| Found { start, end, hits: hits.into_iter().collect() })
    }
}

impl Entry {
    /// Behind the last token of this member, if it stands at `start`.
    fn end_at(&self, query: &[Token<'_>], start: usize) -> Option<usize> {
        let mut at = start;
        for (index, token) in self.tokens.iter().enumerate() {
            while index > 0 && query.get(at)?.stop && query[at].text != token {
                at += 1;
            }
            if query.get(at)?.text != token {
                return None;
            }
            at += 1;
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<SynonymSet, Vec<(String, String)>> {
        let settings = SynonymSettings { terms_max: 4, ..SynonymSettings::default() };
        let mut findings = Findings::default();
        let value = findings.parse(json).unwrap();
        let set = SynonymSet::read(&value, &settings, &mut findings);
        findings.finish(set).map_err(|ps| ps.into_iter().map(|p| (p.pointer, p.message)).collect())
    }

    /// Lower-cases and cuts a plural `s`.
    fn analyze(text: &str) -> Vec<String> {
        text.split_whitespace().map(|word| word.to_lowercase().trim_end_matches('s').to_owned()).collect()
    }

    #[test]
    fn sets_are_read_without_stop_words_at_the_ends() {
        let set = read(r#"{"type":"two-way","terms":["The Sofa","couch","chest of drawers"]}"#).unwrap();
        assert_eq!(set.members, ["sofa", "couch", "chest of drawers"]);
        let set = read(r#"{"type":"one-way","term":"pants","expansions":["capris"],"enabled":false}"#).unwrap();
        assert_eq!((set.direction, set.enabled), (Direction::OneWay, false));
        assert_eq!(set.members, ["pants", "capris"]);
    }

    #[test]
    fn mistakes_are_named() {
        let check = |json: &str, expected: &[(&str, &str)]| {
            let found = read(json).expect_err(json);
            let found: Vec<(&str, &str)> = found.iter().map(|(p, m)| (p.as_str(), m.as_str())).collect();
            assert_eq!(found, expected, "{json}");
        };
        check("{}", &[("/type", "`type` is missing")]);
        check(r#"{"type":"both"}"#, &[("/type", "`type` is \"both\"")]);
        check(r#"{"type":"two-way"}"#, &[("/terms", "`terms` is missing")]);
        check(r#"{"type":"two-way","terms":["a1"]}"#, &[("/terms", "`terms` has 1 elements")]);
        check(r#"{"type":"two-way","terms":["1","2","3","4","5"]}"#, &[("/terms", "`terms` has 5 elements")]);
        check(r#"{"type":"two-way","terms":["sofa","of the"]}"#, &[("/terms/1", "`of the` has only stop words")]);
        check(r#"{"type":"two-way","terms":["sofa","a SOFA"]}"#, &[("/terms/1", "`a SOFA` is named twice")]);
        check(r#"{"type":"two-way","terms":["x","y"],"term":"z"}"#, &[("/term", "unknown field `term`")]);
        check(r#"{"type":"one-way","expansions":["x"]}"#, &[("/term", "`term` is missing")]);
        check(r#"{"type":"one-way","term":"x","expansions":[]}"#, &[("/expansions", "`expansions` has 0 elements")]);
    }

    #[test]
    fn members_are_found_by_the_longest_first() {
        let sets = [
            read(r#"{"type":"two-way","terms":["swim suits","bikini"]}"#).unwrap(),
            read(r#"{"type":"two-way","terms":["swim","bath"]}"#).unwrap(),
            read(r#"{"type":"one-way","term":"pants","expansions":["capris"]}"#).unwrap(),
            read(r#"{"type":"two-way","terms":["chest of drawers","dresser"]}"#).unwrap(),
            read(r#"{"type":"one-way","term":"bikini","expansions":["beach"]}"#).unwrap(),
        ];
        let stop_words = SynonymSettings::default().stop_words;
        let matcher = Matcher::build(sets.iter().enumerate(), &stop_words, analyze);
        let check = |query: &str, off: Option<usize>, expected: &[(usize, usize, &[&str])]| {
            let words = analyze(query);
            let tokens: Vec<Token<'_>> =
                words.iter().map(|text| Token { text, stop: stop_words.contains(text) }).collect();
            let found = matcher.find(&tokens, |set| Some(set) != off);
            let found: Vec<(usize, usize, Vec<&str>)> = found
                .iter()
                .map(|f| {
                    let texts = f.hits.iter().flat_map(|(set, member)| sets[*set].expansions(*member)).collect();
                    (f.start, f.end, texts)
                })
                .collect();
            let expected: Vec<_> = expected.iter().map(|(start, end, texts)| (*start, *end, texts.to_vec())).collect();
            assert_eq!(found, expected, "{query:?}");
        };
        check("", None, &[]);
        check("blue Swim Suit", None, &[(1, 3, &["bikini"])]);
        check("swim cap", None, &[(0, 1, &["bath"])]);
        check("swim suit", Some(0), &[(0, 1, &["bath"])]);
        check("bikinis", None, &[(0, 1, &["swim suits", "beach"])]);
        check("pant", None, &[(0, 1, &["capris"])]);
        check("capris", None, &[]);
        check("chest of the drawers", None, &[(0, 4, &["dresser"])]);
        check("chest drawers swim", None, &[(0, 2, &["dresser"]), (2, 3, &["bath"])]);
        check("chest", None, &[]);
    }
}
