//! What happens when several rules have something to say?
//!
//! All of them apply, in a stated total order: larger priority first, then the newer write, then the id.
//! The first event that names a product wins; later ones that name it are dropped. Events about whatever satisfies a
//! condition come in addition: what is hidden is hidden, factors multiply, the first band and the first pin hold. Under `one_winner` only one rule applies: one with a matching `is` before others,
//! then the same order.
//! What is not here: two pins on one position; the kernel places them in the order given here.

use std::cmp::Ordering;
use std::collections::HashSet;

use planogram_abi::limits::{ACTS_MAX, TEXT_BYTES_MAX};
use planogram_abi::{Act, CallHost, Target, Verb};
use serde::Deserialize;

use crate::event::{About, Deed, Event};
use crate::rule::Head;

/// How many of the matching rules apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// All of them, in order.
    #[default]
    AllByPriority,
    /// The first only, a matching `is` before everything else.
    OneWinner,
}

/// Brings matching rules into order and keeps those that apply.
/// `exact` tells whether a rule matched by `is`; `head` gives its head.
pub fn in_order<R>(
    resolution: Resolution,
    mut rules: Vec<R>,
    exact: impl Fn(&R) -> bool,
    head: impl Fn(&R) -> &Head,
) -> Vec<R> {
    match resolution {
        Resolution::AllByPriority => rules.sort_by(|a, b| precedence(head(a), head(b))),
        Resolution::OneWinner => {
            rules.sort_by(|a, b| exact(b).cmp(&exact(a)).then_with(|| precedence(head(a), head(b))));
            rules.truncate(1);
        }
    }
    rules
}

/// Which of two rules goes first.
pub fn precedence(a: &Head, b: &Head) -> Ordering {
    (b.priority, b.origin.seq)
        .cmp(&(a.priority, a.origin.seq))
        .then_with(|| (&a.origin.id, &a.origin.scope).cmp(&(&b.origin.id, &b.origin.scope)))
}

/// A rule that applies: who it is, and what it does.
pub type Applied<'a> = (&'a Head, &'a [Event]);

/// The acts of rules that apply, first rule first, each rule beginning with a note of its name. Skus the catalog does not
/// know are passed over, and acts beyond what may cross the wall in one call, the last rules' first.
pub fn to_acts<'a>(host: &dyn CallHost, rules: impl Iterator<Item = Applied<'a>>) -> Vec<Act> {
    let rules: Vec<Applied<'_>> = rules.collect();
    let named: Vec<&str> =
        rules.iter().flat_map(|(_, events)| *events).flat_map(Event::skus).map(String::as_str).collect();
    let mut items = if named.is_empty() { Vec::new() } else { host.resolve(&named) }.into_iter();
    let mut claimed = HashSet::new();
    let mut acts = Vec::new();
    for (head, events) in rules {
        acts.push(note(head));
        for event in events {
            let target = match &event.about {
                About::Skus(skus) => {
                    let known = items.by_ref().take(skus.len()).flatten();
                    let is_claim = !matches!(event.deed, Deed::Filter | Deed::AtLeast { .. });
                    let free: Vec<u32> = known.filter(|item| !is_claim || claimed.insert(*item)).collect();
                    // Nothing but what is not there: that is nothing, and it is what was said.
                    if free.is_empty() && event.deed != Deed::Filter {
                        continue;
                    }
                    Target::Items(free)
                }
                About::Products(products) => match products.id {
                    Some(id) => Target::Matching(id),
                    None => continue,
                },
                About::List => Target::Items(Vec::new()),
            };
            let reason = cut(head.label());
            let act = |verb| Act { verb, target: target.clone(), reason: reason.clone() };
            match &event.deed {
                Deed::Pin { position, insert } => {
                    acts.extend(insert.then(|| act(Verb::Include)));
                    acts.push(act(Verb::Pin { position: position - 1 }));
                }
                Deed::Boost { factor } | Deed::Lower { factor } => acts.push(act(Verb::Boost { factor: *factor })),
                Deed::Raise => acts.push(act(Verb::Raise)),
                Deed::Bury => acts.push(act(Verb::Bury)),
                Deed::Hide => acts.push(act(Verb::Hide)),
                Deed::Include => acts.push(act(Verb::Include)),
                Deed::Filter => acts.push(act(Verb::Filter)),
                Deed::AtLeast { count, first } => acts.push(act(Verb::AtLeast { count: *count, first: *first })),
                Deed::AtMostInRow { count, attribute } => {
                    acts.push(act(Verb::AtMostInRow { count: *count, attribute: attribute.clone() }));
                }
                Deed::Banner(text) => acts.push(act(Verb::Banner { text: text.clone() })),
                Deed::Redirect(_) | Deed::Strategy(_) | Deed::Synonym { .. } => {}
            }
        }
    }
    acts.truncate(ACTS_MAX);
    acts
}

/// Where the first of the rules that says so sends the shopper.
pub fn redirect<'a>(mut rules: impl Iterator<Item = Applied<'a>>) -> Option<&'a str> {
    rules.find_map(|(_, events)| {
        events.iter().find_map(|event| if let Deed::Redirect(url) = &event.deed { Some(url.as_str()) } else { None })
    })
}

/// Says that a rule applied.
pub fn note(head: &Head) -> Act {
    Act { verb: Verb::Note, target: Target::Items(Vec::new()), reason: cut(head.label()) }
}

/// What the ledger says; cut where it would not cross the wall.
fn cut(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(TEXT_BYTES_MAX));
    reason
}

#[cfg(test)]
mod tests {
    use planogram_abi::{Candidate, ConditionId, LogLevel, Outcome};

    use super::*;
    use crate::condition::Products;
    use crate::origin::Origin;

    /// Knows the skus `0` to `9`, and `v3` as another name of 3.
    struct Skus;

    impl CallHost for Skus {
        fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
            skus.iter().map(|sku| sku.trim_start_matches('v').parse().ok().filter(|item| *item < 10)).collect()
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

    fn head(id: &str, priority: i32, seq: u64) -> Head {
        let origin = Origin { kind: "r".into(), scope: String::new(), id: id.into(), seq, from_ms: 0, until_ms: 1 };
        Head { name: id.to_uppercase(), enabled: true, priority, origin }
    }

    #[test]
    fn the_order_is_priority_then_newest_then_id() {
        let rules =
            vec![(head("d", 0, 5), false), (head("c", 0, 5), true), (head("b", 0, 9), false), (head("a", 3, 1), false)];
        let check = |resolution, expected: &[&str]| {
            let ordered = in_order(resolution, rules.clone(), |r| r.1, |r| &r.0);
            let ids: Vec<&str> = ordered.iter().map(|r| r.0.origin.id.as_str()).collect();
            assert_eq!(ids, expected);
        };
        check(Resolution::AllByPriority, &["a", "b", "c", "d"]);
        check(Resolution::OneWinner, &["c"]);
    }

    #[test]
    fn the_first_event_about_a_product_wins() {
        let event = |sku: &str, deed| Event { about: About::Skus(vec![sku.into()]), deed };
        let list = |deed| Event { about: About::List, deed };
        let brand = Products { json: "{}".into(), id: Some(ConditionId(7)) };
        let strong = [event("3", Deed::Pin { position: 2, insert: true }), event("unknown", Deed::Hide)];
        let weak = [
            event("v3", Deed::Hide),
            event("4", Deed::Boost { factor: 1.5 }),
            Event { about: About::Products(brand), deed: Deed::AtLeast { count: 1, first: 3 } },
            list(Deed::Banner("sale".into())),
            list(Deed::Redirect("/b".into())),
        ];
        let (a, b) = (head("a", 1, 1), head("b", 0, 1));
        let rules = [(&a, strong.as_slice()), (&b, weak.as_slice())];
        let acts = to_acts(&Skus, rules.into_iter());
        let act = |verb, target, reason: &str| Act { verb, target, reason: reason.into() };
        let items = |items: &[u32]| Target::Items(items.to_vec());
        let expected = [
            act(Verb::Note, items(&[]), "rule \"A\" (r/a)"),
            act(Verb::Include, items(&[3]), "rule \"A\" (r/a)"),
            act(Verb::Pin { position: 1 }, items(&[3]), "rule \"A\" (r/a)"),
            act(Verb::Note, items(&[]), "rule \"B\" (r/b)"),
            act(Verb::Boost { factor: 1.5 }, items(&[4]), "rule \"B\" (r/b)"),
            act(Verb::AtLeast { count: 1, first: 3 }, Target::Matching(ConditionId(7)), "rule \"B\" (r/b)"),
            act(Verb::Banner { text: "sale".into() }, items(&[]), "rule \"B\" (r/b)"),
        ];
        assert_eq!(acts, expected);
        assert_eq!(redirect(rules.into_iter()), Some("/b"));
    }

    #[test]
    fn a_reason_is_cut_between_letters() {
        let reason = cut("ä".repeat(TEXT_BYTES_MAX));
        assert!(reason.len() <= TEXT_BYTES_MAX && reason.len() > TEXT_BYTES_MAX - 2);
    }
}
