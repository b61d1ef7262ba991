//! What does a recommendation unit propose?
//!
//! Its type's recipe, drawn from the kernel's own retrievers, without what the shopper already has before them.
//! What is not here: how lists become one (see [`crate::mix`]), and eligibility, filters and fallback, which are
//! the kernel's.

use std::collections::HashSet;

use planogram_abi::{Call, Candidate, LogLevel, Outcome, Request};

use crate::config::{Ingredient, SHOWN_LIST, Settings, Start, TYPES, fetch_size};
use crate::mix::{Scored, layer, merge_anchors};

/// The state bound to one epoch: nothing but the settings, read once.
#[derive(Debug)]
pub struct State {
    settings: Settings,
    /// The recipe of each unit type, in the order of [`TYPES`].
    recipes: Vec<Vec<Ingredient>>,
}

impl State {
    /// Looks the recipes up once.
    pub fn new(settings: &Settings) -> Self {
        let recipes = (0..TYPES.len()).map(|unit_type| settings.recipe(unit_type)).collect();
        Self { settings: settings.clone(), recipes }
    }
}

/// The retriever of one unit type, by its index in [`TYPES`].
pub fn retrieve<const UNIT_TYPE: usize>(state: &State, call: &Call<'_>, k: usize) -> Outcome<Vec<Candidate>> {
    let request = &call.request;
    let excluded = match TYPES[UNIT_TYPE].0 {
        SHOWN_LIST => HashSet::new(),
        _ => excluded(request, state.settings.drop_purchased),
    };
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
    let lists = match ingredient.start {
        // The kernel is told that there is nothing to start from, and tells the caller.
        Start::EachAnchor if anchors.is_empty() => vec![ask(&[])?],
        Start::EachAnchor => anchors.iter().map(|anchor| ask(&[*anchor])).collect::<Outcome<Vec<_>>>()?,
        Start::Cart => vec![ask(basket(&call.request))?],
        Start::Nothing => vec![ask(&[])?],
    };
    Ok(merge_anchors(&lists, ingredient.minimum_score))
}

/// What the unit is about: the page's product, or else what is in the cart.
fn anchors<'a>(request: &Request<'a>, anchors_max: usize) -> &'a [u32] {
    let all = if request.anchors.is_empty() { request.cart } else { request.anchors };
    &all[..all.len().min(anchors_max)]
}

/// What is completed: the cart, or else what the unit is about.
fn basket<'a>(request: &Request<'a>) -> &'a [u32] {
    if request.cart.is_empty() { request.anchors } else { request.cart }
}

/// What must not be proposed: what the unit is about, what is in the cart, and what was bought.
fn excluded(request: &Request<'_>, drop_purchased: bool) -> HashSet<u32> {
    let purchased: &[u32] = if drop_purchased { request.purchased } else { &[] };
    [request.anchors, request.cart, purchased].concat().into_iter().collect()
}
