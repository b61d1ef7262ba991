//! What happens when several rules have something to say?
//!
//! All of them apply, in a stated total order: larger priority first, then the newer write, then the id.
//! The first event about a product wins; later ones about it are dropped. Under `one_winner` only one rule
//! applies: one with a matching `is` before others, then the same order.
//! What is not here: two pins on one position; the kernel places them in the order given here.

use std::cmp::Ordering;
use std::collections::HashSet;

use planogram_abi::limits::{ACTS_MAX, TEXT_BYTES_MAX};
use planogram_abi::{Act, CallHost, Target, Verb};
use serde::Deserialize;

use crate::event::{Deed, Event};
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

fn precedence(a: &Head, b: &Head) -> Ordering {
    (b.priority, b.origin.seq)
        .cmp(&(a.priority, a.origin.seq))
        .then_with(|| (&a.origin.id, &a.origin.scope).cmp(&(&b.origin.id, &b.origin.scope)))
}

/// The acts of rules that apply, first rule first. Skus the catalog does not know are passed over, and acts
/// beyond what may cross the wall in one call, the last rules' first.
pub fn to_acts<'a>(host: &dyn CallHost, rules: impl Iterator<Item = (&'a Head, &'a [Event])>) -> Vec<Act> {
    let events: Vec<(&Head, &Event)> = rules.flat_map(|(head, events)| events.iter().map(move |e| (head, e))).collect();
    if events.is_empty() {
        return Vec::new();
    }
    let skus: Vec<&str> = events.iter().map(|(_, event)| event.sku.as_str()).collect();
    let items = host.resolve(&skus);
    let mut seen = HashSet::new();
    events
        .into_iter()
        .zip(items)
        .filter_map(|((head, event), item)| item.map(|item| (head, event, item)))
        .filter(|(_, _, item)| seen.insert(*item))
        .take(ACTS_MAX)
        .map(|(head, event, item)| Act {
            verb: verb(event.deed),
            target: Target::Items(vec![item]),
            reason: reason(head, event.deed),
        })
        .collect()
}

/// What the ledger says; cut where it would not cross the wall.
fn reason(head: &Head, deed: Deed) -> String {
    let mut reason = format!("{}: {deed}", head.label());
    reason.truncate(reason.floor_char_boundary(TEXT_BYTES_MAX));
    reason
}

fn verb(deed: Deed) -> Verb {
    match deed {
        Deed::Pin { position } => Verb::Pin { position: position - 1 },
        Deed::Boost { factor } => Verb::Boost { factor },
        Deed::Bury => Verb::Bury,
        Deed::Hide => Verb::Hide,
    }
}

#[cfg(test)]
mod tests {
    use planogram_abi::{Candidate, ConditionId, LogLevel, Outcome};

    use super::*;
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
        let event = |sku: &str, deed| Event { sku: sku.into(), deed };
        let strong = [event("3", Deed::Pin { position: 2 }), event("unknown", Deed::Hide)];
        let weak = [event("v3", Deed::Hide), event("4", Deed::Boost { factor: 1.5 })];
        let (a, b) = (head("a", 1, 1), head("b", 0, 1));
        let acts = to_acts(&Skus, [(&a, strong.as_slice()), (&b, weak.as_slice())].into_iter());
        let act = |verb, item, reason: &str| Act { verb, target: Target::Items(vec![item]), reason: reason.into() };
        let expected = [
            act(Verb::Pin { position: 1 }, 3, "rule \"A\" (r/a): pinned to 2"),
            act(Verb::Boost { factor: 1.5 }, 4, "rule \"B\" (r/b): boosted by 1.5"),
        ];
        assert_eq!(acts, expected);
    }

    #[test]
    fn a_reason_is_cut_between_letters() {
        let mut long = head("a", 0, 1);
        long.origin.id = "ä".repeat(TEXT_BYTES_MAX);
        let reason = reason(&long, Deed::Bury);
        assert!(reason.len() <= TEXT_BYTES_MAX && reason.len() > TEXT_BYTES_MAX - 2);
    }
}
