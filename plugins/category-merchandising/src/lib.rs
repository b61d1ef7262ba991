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
        vec![Question { kind: CATEGORY_RULE.to_owned(), name: "inherited".to_owned(), about: about.to_owned() }]
    }

    fn validate(&self, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
        validate::validate(&self.settings, document, others)
    }

    fn prepare(&self, epoch: &Epoch<'_>, _previous: Option<&State>) -> Outcome<State> {
        Ok(State::new(&self.settings, epoch))
    }

    fn ask(&self, state: &State, call: &Call<'_>, question: &str, argument: &str) -> Outcome<String> {
        match question {
            "inherited" => inherited::inherited(state, call, argument),
            _ => Err(Failure(format!("no question `{question}`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use planogram_abi::{
        CallHost, Candidate, ConditionId, LogLevel, PrepareHost, Request, Rewrite, Role, ScoreBatch, Target, Verb,
    };

    use super::*;
    use crate::arrange::{arrange, score};

    /// Knows every sku that is a number.
    struct Shop;

    impl CallHost for Shop {
        fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
            skus.iter().map(|sku| sku.parse().ok()).collect()
        }
        fn test(&self, _: ConditionId, items: &[u32]) -> Vec<bool> {
            vec![false; items.len()]
        }
        fn retrieve(&self, _: &str, _: &[u32], _: usize) -> Outcome<Vec<Candidate>> {
            Ok(Vec::new())
        }
        fn analyze(&self, _: &str) -> Vec<String> {
            Vec::new()
        }
        fn log(&self, _: LogLevel, _: &str) {}
    }

    impl PrepareHost for Shop {
        fn compile(&self, _: &str) -> Outcome<ConditionId> {
            Ok(ConditionId(0))
        }
        fn log(&self, _: LogLevel, message: &str) {
            assert!(message.starts_with("left out category-rule/broken"), "{message}");
        }
    }

    fn document<'a>(id: &'a str, json: &'a str) -> Document<'a> {
        let (from_ms, until_ms) = (i64::MIN, i64::MAX);
        Document { kind: CATEGORY_RULE, scope: "", id, revision: 1, seq: 1, from_ms, until_ms, json }
    }

    fn plugin() -> CategoryMerchandising {
        CategoryMerchandising::configure(r#"{"windows":["7d"]}"#).unwrap()
    }

    fn prepared(plugin: &CategoryMerchandising) -> State {
        let documents = [
            document("broken", r#"{"category":7}"#),
            document("tees", r#"{"category":"Men/Tops/Tees","events":[{"pin":"3","position":2},{"hide":"4"}]}"#),
            document(
                "tops",
                r#"{"category":"Men/Tops","name":"Tops","strategy":"most-purchased","apply_to_subcategories":true,"events":[{"bury":"5"}]}"#,
            ),
        ];
        plugin.prepare(&Epoch { documents: &documents, revision: 1, host: &Shop }, None).unwrap()
    }

    fn request(category: &str) -> Request<'_> {
        Request {
            kind: ListKind::Category,
            text: "",
            store_view: "main",
            locale: "en-US",
            category,
            unit: "",
            unit_type: "",
            page_type: "",
            customer_group: "",
            audiences: &[],
            anchors: &[],
            cart: &[],
            recent: &[],
            purchased: &[],
            now_ms: 0,
            seed: 0,
            explicit_sort: false,
        }
    }

    #[test]
    fn a_category_has_the_strategy_from_above_and_events_of_its_own() {
        let plugin = plugin();
        let state = prepared(&plugin);
        let purchases = plugin.contributions().into_iter().find_map(|contribution| match contribution.role {
            Role::Scorer { reads, .. } => reads.iter().position(|column| column == "purchases.7d"),
            _ => None,
        });
        let check = |request: Request<'_>, scores: [f32; 3], acts: &[(Verb, u32, &str)]| {
            let call = Call { request, host: &Shop };
            let mut rewrite = Rewrite::default();
            arrange(&state, &call, &mut rewrite).unwrap();
            let expected: Vec<_> = acts
                .iter()
                .map(|(verb, item, reason)| planogram_abi::Act {
                    verb: *verb,
                    target: Target::Items(vec![*item]),
                    reason: (*reason).to_owned(),
                })
                .collect();
            assert_eq!(rewrite.acts, expected, "{request:?}");
            let mut columns = vec![[f32::NAN; 3]; state.reads().len()];
            columns[purchases.unwrap()] = [5.0, f32::NAN, 0.0];
            let columns: Vec<&[f32]> = columns.iter().map(|column| column.as_slice()).collect();
            let mut out = [0.0; 3];
            score(&state, &call, &mut ScoreBatch { items: &[1, 2, 3], columns: &columns, out: &mut [&mut out] })
                .unwrap();
            assert_eq!(out, scores, "{request:?}");
        };
        let tees = [
            (Verb::Pin { position: 1 }, 3, "rule \"tees\" (category-rule/tees): pinned to 2"),
            (Verb::Hide, 4, "rule \"tees\" (category-rule/tees): hidden"),
        ];
        let tops = [(Verb::Bury, 5, "rule \"Tops\" (category-rule/tops): buried")];
        let counted = [6.0, 0.0, 1.0];
        check(request("Men/Tops/Tees"), counted, &tees);
        check(request("Men/Tops"), counted, &tops);
        check(request("Men/Tops/Shirts"), counted, &[]);
        check(request("Men"), [0.0; 3], &[]);
        check(Request { explicit_sort: true, ..request("Men/Tops") }, [0.0; 3], &[]);
        check(Request { kind: ListKind::Search, ..request("Men/Tops") }, [0.0; 3], &[]);
        check(Request { text: "tee", ..request("Men/Tops") }, [0.0; 3], &[]);
    }

    #[test]
    fn a_category_has_one_rule_at_a_time() {
        let first = document("a", r#"{"category":"Men/Tops"}"#);
        let second = document("b", r#"{"category":"men / tops","strategy":"newest"}"#);
        let problems = plugin().validate(&second, &[first]);
        let found: Vec<_> = problems.iter().map(|p| (p.pointer.as_str(), p.message.as_str())).collect();
        assert_eq!(found, [("/category", "`men/tops` has the rule `a` at the same time")]);
        let (early, late) = (Document { until_ms: 10, ..first }, Document { from_ms: 10, ..second });
        assert_eq!(plugin().validate(&late, &[early]), []);
        assert_eq!(plugin().validate(&Document { id: "a", ..second }, &[first]), []);
    }

    #[test]
    fn inheritance_is_answered() {
        let plugin = plugin();
        let state = prepared(&plugin);
        let call = Call { request: request("Men"), host: &Shop };
        let check = |argument: &str, expected: serde_json::Value| {
            let answer = plugin.ask(&state, &call, "inherited", argument).unwrap();
            assert_eq!(serde_json::from_str::<serde_json::Value>(&answer).unwrap(), expected, "{argument}");
        };
        let tees = serde_json::json!({
            "id": "tees", "scope": "", "name": "tees", "category": "Men/Tops/Tees", "events": 2,
        });
        let tops =
            serde_json::json!({ "id": "tops", "scope": "", "name": "Tops", "category": "Men/Tops", "events": 1 });
        let strategy = serde_json::json!({ "name": "most-purchased", "window": "7d", "inherited": true, "rule": tops });
        let inherits = serde_json::json!({ "category": "Men/Tops/Tees", "rule": tees, "strategy": strategy });
        check(r#"{"category":"Men/Tops/Tees/"}"#, inherits);
        check("", serde_json::json!({ "category": "Men", "rule": null, "strategy": null }));
        assert!(plugin.ask(&state, &call, "inherited", "{").is_err());
        assert!(plugin.ask(&state, &call, "other", "").is_err());
    }

    #[test]
    fn the_examples_of_the_readme_hold() {
        let plugin = CategoryMerchandising::configure("").unwrap();
        let blocks: Vec<&str> = include_str!("../README.md")
            .split("```json\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap())
            .collect();
        assert_eq!(Settings::read(blocks[0]), Ok(Settings::default()));
        assert_eq!(blocks.len(), 3);
        for json in &blocks[1..] {
            assert_eq!(plugin.validate(&document("example", json), &[]), [], "{json}");
        }
    }
}
