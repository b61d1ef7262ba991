//! Does a rule undo what it does itself?
//!
//! A product that it pins, includes or boosts may be among those that another event of the same rule hides, buries or,
//! showing nothing but others, leaves out. A pin is kept before whatever is buried, and so is what was put at the top
//! first: those are exceptions that work.

use std::collections::HashSet;

use super::{Bench, Case, phrase};
use crate::event::{About, Deed, Event};

/// What a rule does and undoes, in words, each pair of its events once.
pub(super) fn undone(case: &Case<'_>, bench: &Bench<'_>) -> Vec<String> {
    let events = &case.subject.rule.events;
    let is_against = |event: &Event| matches!(event.deed, Deed::Hide | Deed::Bury | Deed::Filter);
    let lifts = |event: &Event| !event.skus().is_empty() && lifts(&event.deed);
    let mut found = Vec::new();
    if !events.iter().any(is_against) {
        return found;
    }
    for (at, event) in events.iter().enumerate().filter(|(_, event)| lifts(event)) {
        let shown = shown(event.skus(), bench);
        for (other_at, other) in events.iter().enumerate().filter(|(_, event)| is_against(event)) {
            let is_exception = match (&event.deed, &other.deed) {
                (Deed::Pin { .. }, Deed::Bury) => true,
                (Deed::Raise, Deed::Bury) => at < other_at,
                _ => false,
            };
            let Some(meant) = meant(other, &shown, bench).filter(|_| !is_exception) else { continue };
            let undoes = |item: &u32| meant.contains(item) != (other.deed == Deed::Filter);
            let mut undone = shown.iter().filter(|(_, item)| undoes(item));
            let Some((sku, _)) = undone.next() else { continue };
            let more = match undone.count() {
                0 => String::new(),
                more => format!(" and so for {more} more"),
            };
            let whom = match &other.about {
                About::Products(products) => phrase::products(products),
                _ => "products by name".to_owned(),
            };
            let among = if other.deed == Deed::Filter { "it is none of them" } else { "it is one of them" };
            found.push(format!(
                "it {} and {}, and {among}{more}",
                event.deed.words(&format!("`{sku}`")),
                other.deed.words(&whom)
            ));
        }
    }
    found
}

/// Whether it brings a product in or up.
fn lifts(deed: &Deed) -> bool {
    matches!(deed, Deed::Pin { .. } | Deed::Include | Deed::Boost { .. } | Deed::Raise)
}

/// Those of some skus that the store view shows at all, with their ids; of others nothing is told.
fn shown<'e>(skus: &'e [String], bench: &Bench<'_>) -> Vec<(&'e str, u32)> {
    let Some(condition) = bench.shown else { return Vec::new() };
    let names: Vec<&str> = skus.iter().map(String::as_str).collect();
    let resolved = names.iter().zip(bench.host.resolve(&names));
    let known: Vec<(&str, u32)> = resolved.filter_map(|(sku, item)| Some((*sku, item?))).collect();
    let items: Vec<u32> = known.iter().map(|(_, item)| *item).collect();
    let is_shown = bench.host.test(condition, &items);
    known.into_iter().zip(is_shown).filter(|(_, is_shown)| *is_shown).map(|(one, _)| one).collect()
}

/// Those of some products that an event means; `None` when it cannot be told.
fn meant(event: &Event, items: &[(&str, u32)], bench: &Bench<'_>) -> Option<HashSet<u32>> {
    match &event.about {
        About::Products(products) => {
            let items: Vec<u32> = items.iter().map(|(_, item)| *item).collect();
            let holds = bench.host.test(products.id?, &items);
            Some(items.into_iter().zip(holds).filter(|(_, holds)| *holds).map(|(item, _)| item).collect())
        }
        About::Skus(skus) => {
            let names: Vec<&str> = skus.iter().map(String::as_str).collect();
            Some(bench.host.resolve(&names).into_iter().flatten().collect())
        }
        About::List => None,
    }
}
