#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::sync::Arc;

use planogram_abi::{
    Call, Combine, ConfigKind, Contribution, Document, Epoch, Failure, ListKind, LogLevel, Outcome, Phase, Plugin,
    Problem, Question, Request, Rewrite, ScoreBatch,
};
use planogram_rules::rule::check_count;
use planogram_rules::{Findings, to_acts};

pub mod category_rules;
pub mod config;

pub mod strategy;

use category_rules::{CategoryRule, CategoryRules, key, tidy};
use config::Settings;
use strategy::Strategy;

/// Kind of the documents that hold category rules.
pub const CATEGORY_RULE: &str = "category-rule";

planogram_abi::export_plugin!(CategoryMerchandising);

/// The plugin.
#[derive(Debug)]
pub struct CategoryMerchandising {
    settings: Arc<Settings>,
}

/// The state bound to one epoch.
#[derive(Debug)]
pub struct State {
    rules: CategoryRules,
    /// The columns passed in, in order.
    reads: Vec<String>,
}

impl Plugin for CategoryMerchandising {
    const NAME: &'static str = "category-merchandising";

    type Prepared = State;

    fn configure(settings: &str) -> Outcome<Self> {
        Ok(Self { settings: Arc::new(Settings::read(settings)?) })
    }

    fn contributions(&self) -> Vec<Contribution<State>> {
        let reads = Strategy::columns(&self.settings.windows);
        let writes = [("strategy", Combine::Add)];
        vec![
            Contribution::rewriter("arrange", arrange).on(&[ListKind::Category]),
            Contribution::scorer("strategy", Phase::All, &reads, &writes, score).on(&[ListKind::Category]),
        ]
    }

    fn config_kinds(&self) -> Vec<ConfigKind> {
        let schema = include_str!("../schema/category-rule.json").to_owned();
        vec![ConfigKind { name: CATEGORY_RULE.to_owned(), schema }]
    }

    fn questions(&self) -> Vec<Question> {
        let about =
            "Which rule and which strategy a category has, and whether it inherits: {\"category\": \"Men/Tops\"}.";
        vec![Question { kind: CATEGORY_RULE.to_owned(), name: "inherited".to_owned(), about: about.to_owned() }]
    }

    fn validate(&self, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
        let rule = match read(document, &self.settings) {
            Ok(rule) => rule,
            Err(problems) => return problems,
        };
        let rival = self.rival(&rule, document, others).map(|rival| {
            let message = format!("`{}` has the rule `{}` at the same time", rule.category, rival.id);
            Problem::new("/category", message, "one rule of a category and scope at a time")
        });
        rival.into_iter().chain(check_count(document, others, self.settings.rules_max)).collect()
    }

    fn prepare(&self, epoch: &Epoch<'_>, _previous: Option<&State>) -> Outcome<State> {
        let mut rules = CategoryRules::default();
        for document in epoch.documents.iter().filter(|document| document.kind == CATEGORY_RULE) {
            match read(document, &self.settings) {
                Ok(rule) => rules.insert(rule),
                Err(problems) => {
                    epoch.host.log(LogLevel::Warn, &format!("left out {CATEGORY_RULE}/{}: {problems:?}", document.id));
                }
            }
        }
        Ok(State { rules, reads: Strategy::columns(&self.settings.windows) })
    }

    fn ask(&self, state: &State, call: &Call<'_>, question: &str, argument: &str) -> Outcome<String> {
        match question {
            "inherited" => inherited(state, call, argument),
            _ => Err(Failure(format!("no question `{question}`"))),
        }
    }
}

impl CategoryMerchandising {
    /// Another document that orders the same category while `document` is valid.
    fn rival<'a>(
        &self,
        rule: &CategoryRule,
        document: &Document<'_>,
        others: &'a [Document<'a>],
    ) -> Option<&'a Document<'a>> {
        let overlaps = |other: &&Document<'_>| document.from_ms < other.until_ms && other.from_ms < document.until_ms;
        let mut rivals = others.iter().filter(|other| other.id != document.id).filter(overlaps);
        rivals.find(|other| read(other, &self.settings).is_ok_and(|other| key(&other.category) == key(&rule.category)))
    }
}

fn read(document: &Document<'_>, settings: &Settings) -> Result<CategoryRule, Vec<Problem>> {
    let mut findings = Findings::default();
    let rule = CategoryRule::read(document, settings, &mut findings);
    findings.finish(rule)
}

/// Whether rules apply: a category in its own order, without words to match.
fn is_merchandised(request: &Request<'_>) -> bool {
    request.kind == ListKind::Category && !request.explicit_sort && request.text.is_empty()
}

/// The rewriter: the events of the category's own rule.
fn arrange(state: &State, call: &Call<'_>, rewrite: &mut Rewrite) -> Outcome {
    let request = &call.request;
    if is_merchandised(request) {
        let own = state.rules.own(request.category, request.store_view, request.now_ms);
        let events = own.map(|rule| (&rule.head, rule.events.as_slice()));
        rewrite.acts.extend(to_acts(call.host, events.into_iter()));
    }
    Ok(())
}

/// The scorer: the value of the category's strategy.
fn score(state: &State, call: &Call<'_>, batch: &mut ScoreBatch<'_, '_>) -> Outcome {
    let request = &call.request;
    if !is_merchandised(request) {
        return Ok(());
    }
    let standing = state.rules.strategy(request.category, request.store_view, request.now_ms);
    let Some((strategy, wanted)) = standing.and_then(|s| Some((s.strategy, s.strategy.column()?))) else {
        return Ok(());
    };
    let index = state.reads.iter().position(|column| *column == wanted);
    let column = index.and_then(|index| batch.columns.get(index)).ok_or(format!("no column `{wanted}`"))?;
    for (out, x) in batch.out[0].iter_mut().zip(*column) {
        *out = strategy.value(*x);
    }
    Ok(())
}

/// Answers which rule and which strategy a category has.
fn inherited(state: &State, call: &Call<'_>, argument: &str) -> Outcome<String> {
    let argument: serde_json::Value = match argument.trim().is_empty() {
        true => serde_json::Value::Null,
        false => serde_json::from_str(argument).map_err(|error| format!("the argument is not JSON: {error}"))?,
    };
    let request = &call.request;
    let category = match argument.get("category") {
        None => request.category,
        Some(category) => category.as_str().ok_or(format!("`category` is {category}, a text is expected"))?,
    };
    let own = state.rules.own(category, request.store_view, request.now_ms);
    let standing = state.rules.strategy(category, request.store_view, request.now_ms);
    let shown = |rule: &CategoryRule| {
        let (head, origin) = (&rule.head, &rule.head.origin);
        serde_json::json!({
            "id": origin.id, "scope": origin.scope, "name": head.name, "category": rule.category,
            "events": rule.events.len(),
        })
    };
    let strategy = standing.map(|standing| {
        serde_json::json!({
            "name": standing.strategy.name(),
            "window": standing.strategy.window().map(|window| window.name()),
            "inherited": standing.inherited,
            "rule": shown(standing.rule),
        })
    });
    Ok(serde_json::json!({ "category": tidy(category), "rule": own.map(shown), "strategy": strategy }).to_string())
}
