#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use planogram_abi::{
    Call, Combine, ConfigKind, Contribution, Document, Epoch, Failure, ListKind, Outcome, Phase, Plugin, Problem,
    Question,
};

pub mod category_rules;
pub mod config;

pub mod strategy;

pub mod arrange;
pub mod conflicts;
pub mod inherited;
pub mod state;
mod validate;

use config::Settings;
use state::State;
use strategy::Strategy;

/// Kind of the documents that hold category rules.
pub const CATEGORY_RULE: &str = "category-rule";

planogram_abi::export_plugin!(CategoryMerchandising);

/// The plugin.
#[derive(Debug)]
pub struct CategoryMerchandising {
    settings: Settings,
}

impl Plugin for CategoryMerchandising {
    const NAME: &'static str = "category-merchandising";

    type Prepared = State;

    fn configure(settings: &str) -> Outcome<Self> {
        Ok(Self { settings: Settings::read(settings)? })
    }

    fn contributions(&self) -> Vec<Contribution<State>> {
        let reads = Strategy::columns(&self.settings.windows);
        let writes = [("strategy", Combine::Add)];
        vec![
            Contribution::rewriter("arrange", arrange::arrange).on(&[ListKind::Category]),
            Contribution::scorer("strategy", Phase::All, &reads, &writes, arrange::score).on(&[ListKind::Category]),
        ]
    }

    fn config_kinds(&self) -> Vec<ConfigKind> {
        let schema = include_str!("../schema/category-rule.json").to_owned();
        vec![ConfigKind { name: CATEGORY_RULE.to_owned(), schema }]
    }

    fn questions(&self) -> Vec<Question> {
        let about =
            "Which rule and which strategy a category has, and whether it inherits: {\"category\": \"Men/Tops\"}.";
        let question = |kind: &str, name: &str, about: &str| Question {
            kind: kind.to_owned(),
            name: name.to_owned(),
            about: about.to_owned(),
        };
        vec![question(CATEGORY_RULE, "inherited", about), question("rules", "conflicts", conflicts::ABOUT)]
    }

    fn validate(&self, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
        validate::validate(&self.settings, document, others)
    }

    fn prepare(&self, epoch: &Epoch<'_>, previous: Option<&State>) -> Outcome<State> {
        Ok(State::new(&self.settings, epoch, previous.map(|state| state.newest))?)
    }

    fn ask(&self, state: &State, call: &Call<'_>, question: &str, argument: &str) -> Outcome<String> {
        match question {
            "inherited" => inherited::inherited(state, call, argument),
            "conflicts" => Ok(conflicts::conflicts(state, call)),
            _ => Err(Failure(format!("no question `{question}`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_readme_hold() {
        let plugin = CategoryMerchandising::configure("").unwrap();
        let blocks: Vec<&str> = include_str!("../README.md")
            .split("```json\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap())
            .collect();
        assert_eq!(Settings::read(blocks[0]), Ok(Settings::default()));
        assert_eq!(blocks.len(), 4);
        for json in &blocks[1..] {
            let (from_ms, until_ms) = (i64::MIN, i64::MAX);
            let (kind, scope, id) = (CATEGORY_RULE, "", "example");
            let document = Document { kind, scope, id, revision: 1, seq: 1, from_ms, until_ms, json };
            assert_eq!(plugin.validate(&document, &[]), [], "{json}");
        }
    }

    #[test]
    fn the_schema_is_json_and_names_the_strategies() {
        let kinds = CategoryMerchandising::configure("").unwrap().config_kinds();
        let schema: serde_json::Value = serde_json::from_str(&kinds[0].schema).unwrap();
        assert_eq!(schema["properties"]["strategy"]["enum"], serde_json::json!(Strategy::NAMES));
        assert_eq!(schema["properties"]["window"]["enum"], serde_json::json!(strategy::Window::NAMES));
    }
}
