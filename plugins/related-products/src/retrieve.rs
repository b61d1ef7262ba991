//! What does a recommendation unit propose?
//!
//! Its type's recipe, drawn from the kernel's own retrievers, without what the shopper already has before them.
//! What is not here: how lists become one (see [`crate::mix`]), and eligibility, filters and fallback, which are
//! the kernel's.

use std::collections::HashSet;

use planogram_abi::{Call, Candidate, Epoch, LogLevel, Outcome, Request};

use crate::book::Book;
use crate::config::{Ingredient, LIST_TYPES, SHOWN_LIST, Settings, Start, TYPES, fetch_size};
use crate::list::Show;
use crate::mix::{Scored, layer, merge_anchors};
use crate::propose::{Wish, propose};

/// The state bound to one epoch: the settings, read once, and the rules.
#[derive(Debug)]
pub struct State {
    settings: Settings,
    /// The recipe of each unit type, in the order of [`TYPES`].
    recipes: Vec<Vec<Ingredient>>,
    /// Related-product rules.
    pub book: Book,
}

impl State {
    /// Looks the recipes up once and reads the rules.
    ///
    /// # Errors
    /// As [`Book::new`].
    pub fn new(settings: &Settings, epoch: &Epoch<'_>, previous: Option<&State>) -> Result<Self, String> {
        let recipes = (0..TYPES.len()).map(|unit_type| settings.recipe(unit_type)).collect();
        // Rules that were read under other settings are read again.
        let earlier = previous.filter(|state| state.settings == *settings).map(|state| &state.book);
        Ok(Self { settings: settings.clone(), recipes, book: Book::new(settings, epoch, earlier)? })
    }
}

/// The retriever of one unit type, by its index in [`TYPES`].
pub fn retrieve<const UNIT_TYPE: usize>(state: &State, call: &Call<'_>, k: usize) -> Outcome<Vec<Candidate>> {
    let request = &call.request;
    let name = TYPES[UNIT_TYPE].0;
    let excluded = match name {
        SHOWN_LIST => HashSet::new(),
        _ => excluded(request, state.settings.drop_purchased),
    };
    let list = LIST_TYPES.iter().position(|list| *list == name);
    let config = list.map(|list| state.book.list(list, request)).unwrap_or_default();
    let k = config.max.map_or(k, |max| max.min(k));
    let anchors = anchors(request, list, state.settings.anchors_max);
    let wanted = fetch_size(k, excluded.len());
    let mut lists: Vec<Vec<Scored>> = Vec::new();
    let mut failure = None;
    for ingredient in &state.recipes[UNIT_TYPE] {
        // A source that is not needed any more, or fails, keeps its place: scores do not depend on it.
        let n_found = layer(&lists, &excluded, k).len();
        let drawn = match (ingredient.start, list) {
            _ if n_found == k || !is_shown(config.show, ingredient) => Ok(Vec::new()),
            (Start::Rules, Some(list)) => {
                let rotation = config.rotation;
                // What is linked by hand may be proposed once more.
                propose(
                    &state.book,
                    &state.settings,
                    call,
                    &Wish { list, anchors, excluded: &excluded, wanted: k, rotation },
                )
            }
            _ => draw(call, ingredient, anchors, wanted),
        };
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

/// Whether a list shows what a source proposes.
fn is_shown(show: Show, ingredient: &Ingredient) -> bool {
    match show {
        Show::Both => true,
        Show::Selected => ingredient.start != Start::Rules,
        Show::Rules => ingredient.start == Start::Rules,
    }
}

/// The candidates of one source, best first.
fn draw(call: &Call<'_>, ingredient: &Ingredient, anchors: &[u32], wanted: usize) -> Outcome<Vec<Scored>> {
    let start = if ingredient.start == Start::Cart { basket(&call.request) } else { anchors };
    draw_all(call, ingredient, start, wanted)
}

/// The candidates of one source that starts from `anchors`, best first.
///
/// # Errors
/// What the host says.
pub fn draw_all(call: &Call<'_>, ingredient: &Ingredient, anchors: &[u32], wanted: usize) -> Outcome<Vec<Scored>> {
    let ask = |anchors: &[u32]| -> Outcome<Vec<Scored>> {
        let found = call.host.retrieve(&ingredient.source, anchors, wanted)?;
        Ok(found.into_iter().map(|candidate| (candidate.item, candidate.score)).collect())
    };
    let lists = match ingredient.start {
        // The kernel is told that there is nothing to start from, and tells the caller.
        Start::EachAnchor if anchors.is_empty() => vec![ask(&[])?],
        Start::EachAnchor => anchors.iter().map(|anchor| ask(&[*anchor])).collect::<Outcome<Vec<_>>>()?,
        Start::Cart => vec![ask(anchors)?],
        Start::Nothing => vec![ask(&[])?],
        Start::Rules => Vec::new(),
    };
    Ok(merge_anchors(&lists, ingredient.minimum_score))
}

/// What the unit is about: the page's product, or else what is in the cart. Cross-sells are about the cart first.
fn anchors<'a>(request: &Request<'a>, list: Option<usize>, anchors_max: usize) -> &'a [u32] {
    let (first, second) = match list {
        Some(list) if LIST_TYPES[list] == "cross-sell" => (request.cart, request.anchors),
        _ => (request.anchors, request.cart),
    };
    let all = if first.is_empty() { second } else { first };
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
