#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::sync::Arc;

use planogram_abi::{
    Call, Combine, ConfigKind, Contribution, Document, Epoch, Failure, ListKind, Outcome, Phase, Plugin, Problem,
    Question, column,
};

pub mod config;
pub mod everyday;
pub mod redirects;
pub mod search_rules;
pub mod synonyms;

pub mod behavior;
pub mod evidence;

pub mod conflicts;
pub mod matching;
pub mod ranker;
pub mod score;
pub mod state;
pub mod understand;
mod validate;

#[cfg(test)]
mod fixture;

use config::Settings;
use state::State;

/// Kind of the documents that hold synonyms.
pub const SYNONYM: &str = "synonym";
/// Kind of the documents that hold query rules.
pub const SEARCH_RULE: &str = "search-rule";
/// Kind of the documents that hold redirects.
pub const REDIRECT: &str = "redirect";

/// Kind of the documents that hold a learned ranker, and name of the scorer that works by them.
pub const RANKER: &str = "ranker";

planogram_abi::export_plugin!(LiveSearch);

/// The plugin.
#[derive(Debug)]
pub struct LiveSearch {
    settings: Arc<Settings>,
}

impl Plugin for LiveSearch {
    const NAME: &'static str = "live-search";

    type Prepared = State;

    fn configure(settings: &str) -> Outcome<Self> {
        Ok(Self { settings: Arc::new(Settings::read(settings)?) })
    }

    fn contributions(&self) -> Vec<Contribution<State>> {
        let mut contributions =
            vec![Contribution::rewriter("understand", understand::understand).on(&[ListKind::Search])];
        let behavior = self.settings.behavior().expect("the settings were checked when they were read");
        if !behavior.signals.is_empty() {
            let mut reads = vec![column::TEXT];
            reads.extend(behavior.signals.iter().map(|signal| signal.column.as_str()));
            let scorer =
                Contribution::scorer("behavior", Phase::All, &reads, &[("behavior", Combine::Add)], score::score);
            contributions.push(scorer.on(&[ListKind::Search]));
        }
        let evidence = self.settings.evidence;
        if evidence.budget > 0.0 || evidence.exploration > 0.0 {
            let mut reads = vec![column::TEXT, column::QUERY_EVIDENCE];
            reads.extend((evidence.exploration > 0.0).then_some(column::QUERY_NOVELTY));
            let writes = [("evidence", Combine::Add)];
            let scorer = Contribution::scorer("evidence", Phase::All, &reads, &writes, score::evidence);
            contributions.push(scorer.on(&[ListKind::Search]));
        }
        let ranker = &self.settings.ranker;
        if !ranker.columns.is_empty() {
            let reads: Vec<&str> =
                std::iter::once(column::SCORE).chain(ranker.columns.iter().map(String::as_str)).collect();
            let writes = ranker.writes();
            let writes: Vec<(&str, Combine)> = writes.iter().map(|(name, combine)| (name.as_str(), *combine)).collect();
            let scorer = Contribution::scorer(RANKER, Phase::Window, &reads, &writes, ranker::score);
            contributions.push(scorer.on(&[ListKind::Search]));
        }
        contributions
    }

    fn config_kinds(&self) -> Vec<ConfigKind> {
        let kind = |name: &str, schema: &str| ConfigKind { name: name.to_owned(), schema: schema.to_owned() };
        vec![
            kind(SYNONYM, include_str!("../schema/synonym.json")),
            kind(SEARCH_RULE, include_str!("../schema/search-rule.json")),
            kind(REDIRECT, include_str!("../schema/redirect.json")),
            kind(RANKER, include_str!("../schema/ranker.json")),
        ]
    }

    fn questions(&self) -> Vec<Question> {
        let about = "Which rules a query fires, first one first: {\"text\": \"sofa\"}.";
        let question = |kind: &str, name: &str, about: &str| Question {
            kind: kind.to_owned(),
            name: name.to_owned(),
            about: about.to_owned(),
        };
        vec![question(SEARCH_RULE, "matching", about), question("rules", "conflicts", conflicts::ABOUT)]
    }

    fn validate(&self, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
        validate::validate(&self.settings, document, others)
    }

    fn prepare(&self, epoch: &Epoch<'_>, previous: Option<&State>) -> Outcome<State> {
        Ok(State::new(&self.settings, epoch, previous)?)
    }

    fn ask(&self, state: &State, call: &Call<'_>, question: &str, argument: &str) -> Outcome<String> {
        match question {
            "matching" => matching::matching(state, call, argument),
            "conflicts" => Ok(conflicts::conflicts(state, call)),
            _ => Err(Failure(format!("no question `{question}`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use planogram_abi::ScoreBatch;

    use super::*;

    /// The JSON blocks of the README, each with the heading it stands under.
    fn examples() -> Vec<(&'static str, &'static str)> {
        let mut heading = "";
        let mut found = Vec::new();
        for part in include_str!("../README.md").split("\n#") {
            heading = part.lines().next().map_or(heading, |line| line.trim_start_matches('#').trim());
            found.extend(part.split("```json\n").skip(1).map(|rest| (heading, rest.split("```").next().unwrap())));
        }
        found
    }

    #[test]
    fn the_examples_of_the_readme_hold() {
        let plugin = LiveSearch::configure("{}").unwrap();
        let mut documents = 0;
        for (heading, json) in examples() {
            let heading = heading.trim_matches('`');
            if heading == "Settings" {
                let said = Settings::read(json).unwrap();
                assert_eq!(said.behavior().unwrap(), Settings::default().behavior().unwrap());
                let signals = std::collections::BTreeMap::new();
                let behavior = config::BehaviorSettings { signals, ..said.behavior };
                assert_eq!(Settings { behavior, ..said }, Settings::default());
                continue;
            }
            let (from_ms, until_ms) = (i64::MIN, i64::MAX);
            let document =
                Document { kind: heading, scope: "", id: "example", revision: 1, seq: 1, from_ms, until_ms, json };
            assert_eq!(plugin.validate(&document, &[]), [], "{json}");
            documents += 1;
        }
        assert_eq!(documents, 5);
    }

    #[test]
    fn signals_are_added_as_the_rules_say() {
        use fixture::{Shop, request, state};
        let settings = r#"{"behavior":{"budget":0.5,"browse_budget":8,"signals":{
            "carts.7d":{"weight":0},"trending":{"weight":0},"attribute.rating":{"weight":0},
            "in_stock":{"weight":0},"age_days":{"weight":0},
            "purchases.7d":{"weight":1,"half":10},"views.7d":{"weight":1,"half":10}}}}"#;
        let state = state(
            settings,
            None,
            &[
                (SEARCH_RULE, "views", r#"{"conditions":[{"query":"is","text":"sofa"}],"strategy":"most-viewed"}"#),
                (SEARCH_RULE, "text", r#"{"conditions":[{"query":"is","text":"lamp"}],"strategy":"none"}"#),
            ],
        );
        let check = |request: planogram_abi::Request<'_>, expected: [f32; 2]| {
            let columns: [&[f32]; 3] = [&[4.0, f32::NAN], &[10.0, 10.0], &[30.0, f32::NAN]];
            let mut out = [0.0; 2];
            let mut batch = ScoreBatch { items: &[1, 2], columns: &columns, out: &mut [&mut out] };
            score::score(&state, &Call { request, host: &Shop }, &mut batch).unwrap();
            assert_eq!(out, expected, "{request:?}");
        };
        check(request("chair"), [0.5 * 4.0 * 0.625, 0.0]);
        check(request("sofa"), [0.5 * 4.0 * 0.75, 0.0]);
        check(request("lamp"), [0.0, 0.0]);
        check(request(""), [8.0 * 0.625, 8.0 * 0.25]);
        let sorted = planogram_abi::Request { explicit_sort: true, ..request("sofa") };
        check(sorted, [0.5 * 4.0 * 0.625, 0.0]);
    }

    #[test]
    fn the_matching_rules_are_answered() {
        use fixture::{Shop, request, state};
        let state = state("", None, &[(SEARCH_RULE, "a", r#"{"name":"A","strategy":"trending"}"#)]);
        let plugin = LiveSearch::configure("").unwrap();
        let ask = |question: &str, argument: &str| {
            plugin.ask(&state, &Call { request: request("x"), host: &Shop }, question, argument)
        };
        let answer: serde_json::Value = serde_json::from_str(&ask("matching", r#"{"text":"sofa"}"#).unwrap()).unwrap();
        let rule = serde_json::json!({"id":"a","scope":"","name":"A","priority":0,"exact":false,"default":true});
        assert_eq!(answer, serde_json::json!({"text":"sofa","rules":[rule],"strategy":"trending"}));
        assert!(ask("matching", r#"{"text":7}"#).is_err());
        assert!(ask("other", "").is_err());
    }

    #[test]
    fn no_document_takes_the_plugin_down() {
        let plugin = LiveSearch::configure("").unwrap();
        let (from_ms, until_ms) = (i64::MIN, i64::MAX);
        let mut refused = 0;
        for (heading, json) in examples() {
            for odd in ["null", "-1", "1e300", "\"\"", "\"\u{0}é\"", "[[]]", "{}", "true", "{\"pin\":{}}"] {
                // Every value after a colon or in a list, one at a time, gives way to something odd.
                for (at, _) in json.match_indices([':', '[', ',']) {
                    let rest = json[at + 1..].find([',', ']', '}']).map_or(json.len(), |end| at + 1 + end);
                    let json = format!("{}{odd}{}", &json[..=at], &json[rest..]);
                    let kind = heading.trim_matches('`');
                    let document =
                        Document { kind, scope: "", id: "x", revision: 1, seq: 1, from_ms, until_ms, json: &json };
                    refused += usize::from(!plugin.validate(&document, &[document]).is_empty());
                }
            }
        }
        assert!(refused > 100, "{refused}");
    }

    #[test]
    fn schemas_are_json_and_name_the_fields() {
        for kind in LiveSearch::configure("").unwrap().config_kinds() {
            let schema: serde_json::Value = serde_json::from_str(&kind.schema).expect(&kind.name);
            let fields = &schema.pointer("/properties").or(schema.pointer("/oneOf/0/properties")).unwrap();
            assert!(fields.get("enabled").is_some(), "{}", kind.name);
        }
    }

    #[test]
    fn only_columns_that_count_are_read() {
        let check = |settings: &str, expected: &[&str]| {
            let contributions = LiveSearch::configure(settings).unwrap().contributions();
            let mut behavior = contributions.iter().filter(|contribution| contribution.name == "behavior");
            let reads = behavior.find_map(|contribution| match &contribution.role {
                planogram_abi::Role::Scorer { reads, .. } => Some(reads.clone()),
                _ => None,
            });
            assert_eq!(reads.unwrap_or_default(), expected, "{settings}");
        };
        let off = |rest: &str| {
            let zero = |column: &&str| format!(r#""{column}":{{"weight":0}}"#);
            let all: Vec<String> = rest.split(' ').collect::<Vec<_>>().iter().map(zero).collect();
            format!(r#"{{"behavior":{{"signals":{{{}}}}}}}"#, all.join(","))
        };
        let most = "purchases.7d carts.7d trending attribute.rating in_stock age_days";
        check(&off(most), &["text", "views.7d"]);
        check(&off(&format!("{most} views.7d")), &[]);
    }
}
