#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::collections::HashSet;

use planogram_abi::{Call, Candidate, Contribution, Epoch, ListKind, LogLevel, Outcome, Plugin, Request, RetrieveFn};

pub mod config;
pub mod mix;

use config::{Ingredient, Settings, TYPES, fetch_size};
use mix::{Scored, layer, merge_anchors};

planogram_abi::export_plugin!(RelatedProducts);

/// The plugin.
#[derive(Debug)]
pub struct RelatedProducts {
    settings: Settings,
}

/// The state bound to one epoch: nothing but the settings, read once.
#[derive(Debug)]
pub struct State {
    settings: Settings,
    /// The recipe of each unit type, in the order of [`TYPES`].
    recipes: Vec<Vec<Ingredient>>,
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

    fn prepare(&self, _epoch: &Epoch<'_>, _previous: Option<&State>) -> Outcome<State> {
        let recipes = (0..TYPES.len()).map(|unit_type| self.settings.recipe(unit_type)).collect();
        Ok(State { settings: self.settings.clone(), recipes })
    }
}

/// The retriever of one unit type.
fn retrieve<const UNIT_TYPE: usize>(state: &State, call: &Call<'_>, k: usize) -> Outcome<Vec<Candidate>> {
    let request = &call.request;
    let excluded = excluded(request, state.settings.drop_purchased);
    let anchors = anchors(request, state.settings.anchors_max);
    let wanted = fetch_size(k, excluded.len());
    let mut lists: Vec<Vec<Scored>> = Vec::new();
    let mut failure = None;
    for ingredient in &state.recipes[UNIT_TYPE] {
        // A source that is not needed any more, or fails, keeps its place: scores do not depend on it.
        let is_full = layer(&lists, &excluded, k).len() == k;
        let drawn = if is_full { Ok(Vec::new()) } else { draw(call, ingredient, anchors, wanted) };
        lists.push(drawn.unwrap_or_else(|error| {
            call.host.log(LogLevel::Warn, &format!("source `{}` failed: {}", ingredient.source, error.0));
            failure = Some(error);
            Vec::new()
        }));
    }
    let candidates: Vec<Candidate> =
        layer(&lists, &excluded, k).into_iter().map(|(item, score)| Candidate { item, score }).collect();
    match failure {
        Some(error) if candidates.is_empty() => Err(error),
        _ => Ok(candidates),
    }
}

/// The candidates of one source, best first.
fn draw(call: &Call<'_>, ingredient: &Ingredient, anchors: &[u32], wanted: usize) -> Outcome<Vec<Scored>> {
    let ask = |anchors: &[u32]| -> Outcome<Vec<Scored>> {
        let found = call.host.retrieve(&ingredient.source, anchors, wanted)?;
        Ok(found.into_iter().map(|candidate| (candidate.item, candidate.score)).collect())
    };
    let lists = match ingredient.anchored {
        true => anchors.iter().map(|anchor| ask(&[*anchor])).collect::<Outcome<Vec<_>>>()?,
        false => vec![ask(&[])?],
    };
    Ok(merge_anchors(&lists, ingredient.minimum_score))
}

/// What the unit is about: the page's product, or else what is in the cart.
fn anchors<'a>(request: &Request<'a>, anchors_max: usize) -> &'a [u32] {
    let all = if request.anchors.is_empty() { request.cart } else { request.anchors };
    &all[..all.len().min(anchors_max)]
}

/// What must not be proposed: what the unit is about, what is in the cart, and what was bought.
fn excluded(request: &Request<'_>, drop_purchased: bool) -> HashSet<u32> {
    let purchased: &[u32] = if drop_purchased { request.purchased } else { &[] };
    [request.anchors, request.cart, purchased].concat().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use planogram_abi::{CallHost, ConditionId, Failure, PrepareHost, Role};

    use super::*;

    /// A shop whose sources answer `anchor · 10 + 1, 2, 3`, links fail, and everything else answers 1 to 9.
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
        Request {
            kind: ListKind::Recommendation,
            text: "",
            store_view: "main",
            locale: "en-US",
            category: "",
            unit: "unit",
            unit_type: "",
            page_type: "",
            customer_group: "",
            audiences: &[],
            anchors,
            cart,
            recent: &[],
            purchased,
            now_ms: 0,
            seed: 0,
            explicit_sort: false,
        }
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
        let [shipped, mixed] = blocks[..] else { panic!("{} examples", blocks.len()) };
        let (said, default) = (Settings::read(shipped).unwrap(), Settings::default());
        assert!((0..TYPES.len()).all(|unit_type| said.recipe(unit_type) == default.recipe(unit_type)));
        assert_eq!(Settings { types: default.types.clone(), ..said }, default);
        assert_eq!(Settings::read(mixed).unwrap().recipe(1)[1].minimum_score, 0.05);
    }
}
