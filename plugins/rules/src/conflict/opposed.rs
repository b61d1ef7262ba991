//! Which pairs of rules want the opposite of something?
//!
//! Of a product, named by both or named by one and meant by the other's condition; of a place in the list; of an address.
//! Whether they can ever fire together is not asked here.

use std::collections::{BTreeMap, HashSet};

use planogram_abi::ConditionId;

use super::{Bench, Case, phrase};
use crate::condition::Products;
use crate::event::{About, Deed};

/// What a rule wants of one product.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wish {
    /// At this position.
    At(u32),
    /// Further up, or in.
    Up,
    /// Further down, or out.
    Down,
}

/// Pairs of rules that want the opposite of something, with what it is; each pair perhaps several times.
pub(super) fn opposed(cases: &[Case<'_>], bench: &Bench<'_>) -> Vec<(usize, usize, String)> {
    let mut wishes: BTreeMap<String, Vec<(usize, Wish)>> = BTreeMap::new();
    let mut places: BTreeMap<u32, Vec<(usize, &str)>> = BTreeMap::new();
    let mut redirects: Vec<(usize, &str)> = Vec::new();
    let mut broad: Vec<(usize, ConditionId, &Products, Wish)> = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        for event in &case.subject.rule.events {
            let wish = match &event.deed {
                Deed::Pin { position, .. } => Some(Wish::At(*position)),
                Deed::Boost { .. } | Deed::Raise | Deed::Include => Some(Wish::Up),
                Deed::Bury | Deed::Lower { .. } | Deed::Hide => Some(Wish::Down),
                Deed::Redirect(url) => {
                    redirects.push((at, url));
                    None
                }
                _ => None,
            };
            let Some(wish) = wish else { continue };
            match &event.about {
                About::Skus(skus) => {
                    for (offset, sku) in (0u32..).zip(skus) {
                        let wish = if let Wish::At(position) = wish { Wish::At(position + offset) } else { wish };
                        wishes.entry(format!("`{sku}`")).or_default().push((at, wish));
                        if let Wish::At(position) = wish {
                            places.entry(position).or_default().push((at, sku));
                        }
                    }
                }
                About::Products(products) => {
                    wishes.entry(phrase::products(products)).or_default().push((at, wish));
                    broad.extend(products.id.map(|id| (at, id, products, wish)));
                }
                About::List => {}
            }
        }
    }
    let mut found = Vec::new();
    let label = |at: &usize| cases[*at].subject.rule.head.label();
    for (what, wishes) in &wishes {
        each_pair(wishes, |(one, a), (other, b)| {
            let opposite =
                a != b && !(matches!(a, Wish::At(_)) && *b == Wish::Up || *a == Wish::Up && matches!(b, Wish::At(_)));
            let words = || format!("{} {}, {} {}", label(one), does(*a, what), label(other), does(*b, what));
            found.extend(opposite.then(|| (*one, *other, words())));
        });
    }
    for (position, pins) in &places {
        each_pair(pins, |(one, a), (other, b)| {
            let (one_label, other_label) = (label(one), label(other));
            let words = || format!("{one_label} pins `{a}` to position {position}, {other_label} pins `{b}` there");
            found.extend((a != b).then(|| (*one, *other, words())));
        });
    }
    each_pair(&redirects, |(one, a), (other, b)| {
        found.extend(
            (a != b).then(|| (*one, *other, format!("{} redirects to {a}, {} to {b}", label(one), label(other)))),
        );
    });
    broad_pairs(cases, bench, &broad, &mut found);
    found
}

/// A rule about a condition against one about a sku that satisfies it. A product that is hidden by its sku is an exception
/// from what is said of many: it is hidden whatever brings the others up, and both rules do what they say.
fn broad_pairs(
    cases: &[Case<'_>],
    bench: &Bench<'_>,
    broad: &[(usize, ConditionId, &Products, Wish)],
    found: &mut Vec<(usize, usize, String)>,
) {
    let mut single: Vec<(usize, &str, Wish, bool)> = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        for event in &case.subject.rule.events {
            let wish = match &event.deed {
                Deed::Pin { position, .. } => Wish::At(*position),
                Deed::Boost { .. } | Deed::Raise | Deed::Include => Wish::Up,
                Deed::Bury | Deed::Lower { .. } | Deed::Hide => Wish::Down,
                _ => continue,
            };
            let is_exception = event.deed == Deed::Hide;
            single.extend(event.skus().iter().map(|sku| (at, sku.as_str(), wish, is_exception)));
        }
    }
    let skus: Vec<&str> = single.iter().map(|(_, sku, ..)| *sku).collect();
    if broad.is_empty() || skus.is_empty() {
        return;
    }
    let items = bench.host.resolve(&skus);
    let known: Vec<u32> = items.iter().flatten().copied().collect();
    for (at, condition, products, wish) in broad {
        let holds = bench.host.test(*condition, &known);
        let satisfying: HashSet<u32> =
            known.iter().zip(holds).filter(|(_, holds)| *holds).map(|(item, _)| *item).collect();
        for ((other, sku, other_wish, is_exception), item) in single.iter().zip(&items) {
            let is_down = |wish: &Wish| *wish == Wish::Down;
            if at != other
                && !is_exception
                && item.is_some_and(|item| satisfying.contains(&item))
                && is_down(wish) != is_down(other_wish)
            {
                let (all, one) = (phrase::products(products), format!("`{sku}`"));
                let label = |at: &usize| cases[*at].subject.rule.head.label();
                let (a, b) = (does(*wish, &all), does(*other_wish, &one));
                let words = format!("{} {a}, {} {b}, which is one of them", label(at), label(other));
                found.push((*at, *other, words));
            }
        }
    }
}

fn does(wish: Wish, what: &str) -> String {
    match wish {
        Wish::At(position) => format!("pins {what} to position {position}"),
        Wish::Up => format!("brings {what} up"),
        Wish::Down => format!("puts {what} down or out"),
    }
}

/// Calls `compare` with every two elements of different rules.
fn each_pair<T>(elements: &[(usize, T)], mut compare: impl FnMut(&(usize, T), &(usize, T))) {
    // Enough for a report; more of one product would not be read by anybody.
    const EACH_MAX: usize = 1_000;
    let elements = &elements[..elements.len().min(EACH_MAX)];
    for (at, one) in elements.iter().enumerate() {
        elements[at + 1..].iter().filter(|other| other.0 != one.0).for_each(|other| compare(one, other));
    }
}
