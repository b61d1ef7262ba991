#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use planogram_abi::{
    Call, ConfigKind, Contribution, Document, Epoch, Failure, ListKind, Outcome, Plugin, Problem, Question, RetrieveFn,
};

pub mod config;
pub mod list;
pub mod mix;
pub mod rotate;
pub mod rule;

pub mod book;
pub mod conflicts;
pub mod propose;
pub mod retrieve;
mod validate;

use config::{Settings, TYPES};
use retrieve::{State, retrieve};

/// Kind of the documents that hold related-product rules.
pub const RELATED_RULE: &str = "related-rule";
/// Kind of the documents that say how a list is filled.
pub const RELATED_LIST: &str = "related-list";

planogram_abi::export_plugin!(RelatedProducts);

/// The plugin.
#[derive(Debug)]
pub struct RelatedProducts {
    settings: Settings,
}

/// The retrievers, in the order of [`TYPES`]. Each knows its own type, whatever the unit calls itself.
const RETRIEVERS: [RetrieveFn<State>; TYPES.len()] = [
    retrieve::<0>,
    retrieve::<1>,
    retrieve::<2>,
    retrieve::<3>,
    retrieve::<4>,
    retrieve::<5>,
    retrieve::<6>,
    retrieve::<7>,
    retrieve::<8>,
    retrieve::<9>,
    retrieve::<10>,
    retrieve::<11>,
    retrieve::<12>,
    retrieve::<13>,
    retrieve::<14>,
    retrieve::<15>,
    retrieve::<16>,
    retrieve::<17>,
    retrieve::<18>,
];

impl Plugin for RelatedProducts {
    const NAME: &'static str = "related-products";

    type Prepared = State;

    fn configure(settings: &str) -> Outcome<Self> {
        Ok(Self { settings: Settings::read(settings)? })
    }

    fn contributions(&self) -> Vec<Contribution<State>> {
        let types = TYPES.iter().zip(RETRIEVERS);
        types.map(|((name, _), run)| Contribution::retriever(name, run).on(&[ListKind::Recommendation])).collect()
    }

    fn config_kinds(&self) -> Vec<ConfigKind> {
        let kind = |name: &str, schema: &str| ConfigKind { name: name.to_owned(), schema: schema.to_owned() };
        vec![
            kind(RELATED_RULE, include_str!("../schema/related-rule.json")),
            kind(RELATED_LIST, include_str!("../schema/related-list.json")),
        ]
    }

    fn questions(&self) -> Vec<Question> {
        let (kind, name, about) = ("rules".to_owned(), "conflicts".to_owned(), conflicts::ABOUT.to_owned());
        vec![Question { kind, name, about }]
    }

    fn validate(&self, document: &Document<'_>, others: &[Document<'_>]) -> Vec<Problem> {
        validate::validate(&self.settings, document, others)
    }

    fn prepare(&self, epoch: &Epoch<'_>, previous: Option<&State>) -> Outcome<State> {
        Ok(State::new(&self.settings, epoch, previous)?)
    }

    fn ask(&self, state: &State, call: &Call<'_>, question: &str, _: &str) -> Outcome<String> {
        match question {
            "conflicts" => conflicts::conflicts(&state.book, call),
            _ => Err(Failure(format!("no question `{question}`"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use planogram_abi::source;
    use planogram_abi::{CallHost, Candidate, ConditionId, LogLevel, PrepareHost, Request, Role};

    use super::*;

    /// A shop whose sources answer `anchor · 10 + 1, 2, 3`, nothing without an anchor where they need one, links
    /// fail, and everything else answers 1 to 9.
    struct Shop;

    impl CallHost for Shop {
        fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
            vec![None; skus.len()]
        }
        fn test(&self, _: ConditionId, items: &[u32]) -> Vec<bool> {
            vec![false; items.len()]
        }
        fn retrieve(&self, source: &str, anchors: &[u32], k: usize) -> Outcome<Vec<Candidate>> {
            let items: Vec<u32> = match (source, anchors) {
                ("links.related", _) => return Err(Failure("no links today".to_owned())),
                (source::CONTENT | source::CO_BOUGHT | source::VIEWED_BOUGHT | source::BASKET, []) => Vec::new(),
                (_, []) => (1..10).collect(),
                (_, anchors) => anchors.iter().flat_map(|anchor| (1..4).map(move |n| anchor * 10 + n)).collect(),
            };
            let candidates = items.into_iter().zip(0..);
            Ok(candidates.map(|(item, rank)| Candidate { item, score: 50.0 - rank as f32 }).take(k).collect())
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
        fn log(&self, _: LogLevel, _: &str) {}
    }

    fn request<'a>(anchors: &'a [u32], cart: &'a [u32], purchased: &'a [u32]) -> Request<'a> {
        Request { unit: "unit", anchors, cart, purchased, ..Request::plain(ListKind::Recommendation) }
    }

    fn retrieved(settings: &str, unit_type: &str, request: Request<'_>, k: usize) -> Result<Vec<u32>, String> {
        let plugin = RelatedProducts::configure(settings).unwrap();
        let state = plugin.prepare(&Epoch { documents: &[], revision: 1, host: &Shop }, None).unwrap();
        let contribution = plugin.contributions().into_iter().find(|c| c.name == unit_type).unwrap();
        let Role::Retriever(run) = contribution.role else { panic!("{unit_type} is no retriever") };
        let found = run(&state, &Call { request, host: &Shop }, k).map_err(|failure| failure.0)?;
        assert!(found.windows(2).all(|pair| pair[0].score > pair[1].score), "{found:?}");
        Ok(found.iter().map(|candidate| candidate.item).collect())
    }

    #[test]
    fn a_unit_never_shows_its_anchor_the_cart_or_what_was_bought() {
        let check = |unit_type: &str, request: Request<'_>, k: usize, expected: &[u32]| {
            assert_eq!(retrieved("", unit_type, request, k).as_deref(), Ok(expected), "{unit_type} {request:?}");
        };
        check("more-like-this", request(&[4], &[], &[]), 9, &[41, 42, 43]);
        check("more-like-this", request(&[4], &[41], &[42]), 9, &[43]);
        check("bought-this-bought-that", request(&[], &[4], &[]), 9, &[41, 42, 43]);
        check("viewed-this-viewed-that", request(&[4, 5], &[], &[]), 4, &[41, 42, 43, 51]);
        check("viewed-this-bought-that", request(&[], &[], &[]), 4, &[]);
        check("most-viewed", request(&[1], &[2], &[3]), 4, &[4, 5, 6, 7]);
        check("most-viewed", request(&[], &[], &[]), 0, &[]);
        check("complete-the-basket", request(&[9], &[4, 5], &[41]), 9, &[42, 43, 51, 52, 53]);
        check("complete-the-basket", request(&[4], &[], &[]), 9, &[41, 42, 43]);
        check("recommended-for-you", request(&[1], &[2], &[3]), 3, &[4, 5, 6]);
        check("shown-list", request(&[1], &[2], &[3]), 4, &[1, 2, 3, 4]);
        let kept = retrieved(r#"{"drop_purchased":false}"#, "trending", request(&[1], &[2], &[3]), 2);
        assert_eq!(kept, Ok(vec![3, 4]));
    }

    #[test]
    fn a_failing_source_leaves_the_others() {
        let mixed = r#"{"types":{"related":["links.related","content"],"up-sell":["content","links.related"]}}"#;
        assert_eq!(retrieved(mixed, "related", request(&[4], &[], &[]), 9), Ok(vec![41, 42, 43]));
        // Enough was found: the failing source is not even asked.
        assert_eq!(retrieved(mixed, "up-sell", request(&[4], &[], &[]), 2), Ok(vec![41, 42]));
        assert_eq!(retrieved("", "related", request(&[4], &[], &[]), 9), Err("no links today".to_owned()));
    }

    #[test]
    fn the_examples_of_the_readme_hold() {
        let blocks: Vec<&str> = include_str!("../README.md")
            .split("```json\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap())
            .collect();
        let [rule, list, shipped, mixed] = blocks[..] else { panic!("{} examples", blocks.len()) };
        let plugin = RelatedProducts::configure("").unwrap();
        for (kind, id, json) in [(RELATED_RULE, "shoes", rule), (RELATED_LIST, "related", list)] {
            let (from_ms, until_ms) = (i64::MIN, i64::MAX);
            let document = Document { kind, scope: "", id, revision: 1, seq: 1, from_ms, until_ms, json };
            assert_eq!(plugin.validate(&document, &[]), [], "{json}");
        }
        let (said, default) = (Settings::read(shipped).unwrap(), Settings::default());
        assert!((0..TYPES.len()).all(|unit_type| said.recipe(unit_type) == default.recipe(unit_type)));
        assert_eq!(Settings { types: default.types.clone(), ..said }, default);
        assert_eq!(Settings::read(mixed).unwrap().recipe(1)[1].minimum_score, 0.05);
    }
}
