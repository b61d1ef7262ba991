//! Can conditions hold together, and if so, for which request?
//!
//! Conditions are brought into disjunctive normal form; each conjunction is then decided fact by fact, because facts are
//! independent of each other: of what a request names once, every value that matters is tried; audiences and filters are
//! sets, so wanted less barred ones are enough; time is tried at every instant at which a window or a schedule begins or
//! ends. All of that is complete. Queries are not: a witness is composed of the wanted phrases and tried, an
//! impossibility is proven only by rules that cannot err, and what is neither is unknown. What is in a cart is not made up.
//! What is found possible comes with the request that shows it, which was evaluated; so nothing here is ever a guess.

use std::collections::BTreeSet;

use crate::condition::{Leaf, Named, Node};
use crate::facts::Facts;

mod query;

/// Most conjunctions that are looked at; more are not decided.
const CONJUNCTIONS_MAX: usize = 256;
/// A word that no rule names, for what a witness must have and no rule asks for.
const FILLER: &str = "zq";

/// A test, and whether it must pass or fail.
pub type Literal<'r> = (&'r Leaf, bool);

/// Tests that must hold together.
pub type Conjunction<'r> = Vec<Literal<'r>>;

/// What was found out.
#[derive(Debug)]
pub enum Verdict {
    /// It is possible: for this request. It is boxed because the others are small.
    Possible(Box<Facts<'static>>),
    /// It is impossible, and why.
    Impossible(String),
    /// Neither was shown.
    Unknown,
}

/// What the requests that are made up start from.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The store view that answers when nothing is said.
    pub store_view: &'a str,
    /// Nothing before this time matters, in milliseconds since 1970.
    pub now_ms: i64,
    /// Whether requests are for the page of a category: it is one, while a search may be filtered by several.
    pub is_page: bool,
}

/// The disjunctive normal form of a tree, or of its negation; `None` when it is too large.
pub fn alternatives(node: &Node, positive: bool) -> Option<Vec<Conjunction<'_>>> {
    match node {
        Node::Leaf(leaf) => Some(vec![vec![(leaf, positive)]]),
        Node::Not(part) => alternatives(part, !positive),
        Node::All(parts) if positive => product(parts.iter().map(|part| alternatives(part, true))),
        Node::Any(parts) if !positive => product(parts.iter().map(|part| alternatives(part, false))),
        Node::All(parts) | Node::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(alternatives(part, positive)?);
            }
            (all.len() <= CONJUNCTIONS_MAX).then_some(all)
        }
    }
}

fn product<'r>(parts: impl Iterator<Item = Option<Vec<Conjunction<'r>>>>) -> Option<Vec<Conjunction<'r>>> {
    let mut whole: Vec<Conjunction<'r>> = vec![Vec::new()];
    for part in parts {
        let part = part?;
        if whole.len() * part.len() > CONJUNCTIONS_MAX {
            return None;
        }
        let joined = |one: &Conjunction<'r>| {
            let one = one.clone();
            part.iter().map(move |other| one.iter().chain(other).copied().collect())
        };
        whole = whole.iter().flat_map(|one| joined(one).collect::<Vec<_>>()).collect();
    }
    Some(whole)
}

/// Whether all of the trees can hold while none of the others does.
pub fn decide(hold: &[&Node], fail: &[&Node], world: World<'_>) -> Verdict {
    let parts =
        hold.iter().map(|node| alternatives(node, true)).chain(fail.iter().map(|node| alternatives(node, false)));
    let Some(conjunctions) = product(parts) else { return Verdict::Unknown };
    let mut reasons = BTreeSet::new();
    let mut is_unknown = false;
    for conjunction in &conjunctions {
        match possible(conjunction, world) {
            Verdict::Possible(facts) => {
                if hold.iter().all(|node| facts.hold(node)) && !fail.iter().any(|node| facts.hold(node)) {
                    return Verdict::Possible(facts);
                }
                is_unknown = true;
            }
            Verdict::Impossible(reason) => drop(reasons.insert(reason)),
            Verdict::Unknown => is_unknown = true,
        }
    }
    if is_unknown {
        return Verdict::Unknown;
    }
    let reason = if reasons.is_empty() { "no part of its conditions can hold".to_owned() } else { join(reasons) };
    Verdict::Impossible(reason)
}

fn join(reasons: BTreeSet<String>) -> String {
    reasons.into_iter().collect::<Vec<_>>().join("; ")
}

/// Decides one conjunction, fact by fact.
fn possible(conjunction: &Conjunction<'_>, world: World<'_>) -> Verdict {
    let mut facts = Facts { now_ms: world.now_ms, ..Facts::default() };
    let mut is_unknown = false;
    let steps: [&dyn Fn(&mut Facts<'static>) -> Decided; 6] = [
        &|facts| time(conjunction, world, facts),
        &|facts| category(conjunction, world, facts),
        &|facts| names(conjunction, world, facts),
        &|facts| sets(conjunction, facts),
        &|_| cart(conjunction),
        &|facts| query::decide(conjunction, facts),
    ];
    for step in steps {
        match step(&mut facts) {
            Ok(true) => {}
            Ok(false) => is_unknown = true,
            Err(reason) => return Verdict::Impossible(reason),
        }
    }
    if is_unknown { Verdict::Unknown } else { Verdict::Possible(Box::new(facts)) }
}

/// Possible, unknown, or why it is impossible.
type Decided = Result<bool, String>;

/// The literals that speak of some fact.
fn about<'c, 'r>(
    conjunction: &'c Conjunction<'r>,
    is_about: impl Fn(&Leaf) -> bool + 'c,
) -> impl Iterator<Item = Literal<'r>> + Clone + 'c
where
    'r: 'c,
{
    let is_about = std::rc::Rc::new(is_about);
    conjunction.iter().copied().filter(move |(leaf, _)| is_about(leaf))
}

fn keep<'r>(facts: &Facts<'_>, mut literals: impl Iterator<Item = Literal<'r>>) -> bool {
    literals.all(|(leaf, wanted)| facts.satisfy(leaf) == wanted)
}

/// Windows and schedules, at every instant at which one of them begins or ends.
fn time(conjunction: &Conjunction<'_>, world: World<'_>, facts: &mut Facts<'static>) -> Decided {
    let literals = about(conjunction, |leaf| matches!(leaf, Leaf::Weekly(_) | Leaf::Window { .. }));
    let mut begins = vec![world.now_ms];
    for (leaf, _) in literals.clone() {
        if let Leaf::Window { from_ms, until_ms } = leaf {
            begins.extend([*from_ms, *until_ms].into_iter().filter(|edge| *edge > world.now_ms && *edge < i64::MAX));
        }
    }
    begins.sort_unstable();
    let mut instants = begins.clone();
    for (leaf, _) in literals.clone() {
        if let Leaf::Weekly(hours) = leaf {
            // From the last edge of a window on, a week repeats itself.
            instants.extend(begins.iter().flat_map(|begin| hours.edges(*begin)));
        }
    }
    instants.sort_unstable();
    for now_ms in instants {
        facts.now_ms = now_ms;
        if keep(facts, literals.clone()) {
            return Ok(true);
        }
    }
    Err("there is no time at which its dates and hours hold, from now on".to_owned())
}

/// The category of a page, or those that a search is filtered by. Every named path, something below each, and another
/// one: any path is like one of these.
fn category(conjunction: &Conjunction<'_>, world: World<'_>, facts: &mut Facts<'static>) -> Decided {
    let literals = about(conjunction, |leaf| matches!(leaf, Leaf::Category { .. }));
    let mut paths: Vec<String> = Vec::new();
    for (leaf, _) in literals.clone() {
        if let Leaf::Category { paths: named, .. } = leaf {
            paths.extend(named.iter().cloned());
        }
    }
    let below: Vec<String> = paths.iter().map(|path| format!("{path}/{FILLER}")).collect();
    let mut in_one = |path: Option<&String>, literals: &mut dyn Iterator<Item = Literal<'_>>| {
        facts.categories = path.cloned().into_iter().collect();
        keep(facts, literals)
    };
    let all = || paths.iter().chain(&below);
    let mut found: Vec<&String> = Vec::new();
    if world.is_page {
        if in_one(None, &mut literals.clone()) {
            return Ok(true);
        }
        let fits = all().find(|path| in_one(Some(path), &mut literals.clone()));
        found.push(fits.ok_or("it would take two categories at once")?);
    } else {
        // One path for each wanted test, and none that a barred one meets.
        let barred: Vec<Literal<'_>> = literals.clone().filter(|(_, wanted)| !wanted).collect();
        for wanted in literals.filter(|(_, wanted)| *wanted) {
            let mut tests = barred.clone();
            tests.push(wanted);
            let fits = all().find(|path| in_one(Some(path), &mut tests.iter().copied()));
            found.push(fits.ok_or("it would take a search that is and is not filtered by a category")?);
        }
        found.dedup();
    }
    facts.categories = found.iter().map(|path| (*path).clone()).collect();
    // Whether there is a category below is for the catalog to say.
    Ok(found.iter().all(|path| paths.contains(path)))
}

/// What a request names once: every value named by a test, and none.
fn names(conjunction: &Conjunction<'_>, world: World<'_>, facts: &mut Facts<'static>) -> Decided {
    let mut is_known = true;
    for what in Named::ALL {
        if what == Named::Audience {
            continue;
        }
        let literals = about(conjunction, move |leaf| matches!(leaf, Leaf::Named { what: of, .. } if *of == what));
        let none = if what == Named::StoreView { world.store_view.to_lowercase() } else { String::new() };
        let mut values = vec![none];
        for (leaf, wanted) in literals.clone() {
            if let (Leaf::Named { values: named, .. }, true) = (leaf, wanted) {
                values.extend(named.iter().cloned());
            }
        }
        let fits = |value: &String| {
            let mut tried = facts.clone();
            set(&mut tried, what, value.clone());
            keep(&tried, literals.clone())
        };
        match values.iter().find(|value| fits(value)) {
            Some(value) => set(facts, what, value.clone()),
            // Another store view than those that are named might do.
            None if what == Named::StoreView && literals.clone().all(|(_, wanted)| !wanted) => is_known = false,
            None => return Err(format!("it would take two values of `{}` at once", what.key())),
        }
    }
    if facts.store_view == world.store_view.to_lowercase() {
        world.store_view.clone_into(&mut facts.view);
    }
    Ok(is_known)
}

fn set(facts: &mut Facts<'_>, what: Named, value: String) {
    match what {
        Named::Audience => facts.audiences = vec![value],
        Named::CustomerGroup => facts.customer_group = value,
        Named::StoreView => {
            facts.view.clone_from(&value);
            facts.store_view = value;
        }
        Named::Device => facts.device = value,
        Named::PageType => facts.page_type = value,
    }
}

/// Audiences and filters: all that are wanted, less those that are barred.
fn sets(conjunction: &Conjunction<'_>, facts: &mut Facts<'static>) -> Decided {
    let is_audience = |leaf: &Leaf| matches!(leaf, Leaf::Named { what: Named::Audience, .. });
    let literals = about(conjunction, move |leaf| is_audience(leaf) || matches!(leaf, Leaf::Filter(_)));
    let (mut wanted, mut barred): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (leaf, positive) in literals.clone() {
        let into = if positive { &mut wanted } else { &mut barred };
        match leaf {
            Leaf::Named { values, .. } => into.extend(values.iter().map(String::as_str)),
            Leaf::Filter(text) if positive => {
                // Who filters by a value filters by its field.
                facts.filters.extend(text.split_once('=').map(|(field, _)| field.to_owned()));
                facts.filters.push(text.clone());
            }
            _ => {}
        }
    }
    facts.audiences = wanted.iter().filter(|value| !barred.contains(value)).map(|value| (*value).to_owned()).collect();
    facts.audiences.sort_unstable();
    facts.audiences.dedup();
    facts.filters.sort_unstable();
    facts.filters.dedup();
    match keep(facts, literals) {
        true => Ok(true),
        false => Err("it would take a shopper who is and is not in an audience, or filters and does not".to_owned()),
    }
}

/// An empty cart satisfies no condition; what else lies in one is not made up.
fn cart(conjunction: &Conjunction<'_>) -> Decided {
    let literals = about(conjunction, |leaf| matches!(leaf, Leaf::Cart(_)));
    for (leaf, wanted) in literals.clone().filter(|(_, wanted)| *wanted) {
        if literals.clone().any(|other| other == (leaf, !wanted)) {
            return Err("it would take a cart with and without the same products".to_owned());
        }
    }
    let is_empty = !literals.clone().any(|(_, wanted)| wanted);
    Ok(is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::Operator;
    use crate::testing::{Dice, facts, tree};

    fn world() -> World<'static> {
        World { store_view: "a", now_ms: 10, is_page: false }
    }

    #[test]
    fn what_is_possible_was_seen_and_what_is_impossible_never_is() {
        let mut dice = Dice::new(3);
        let (mut possible, mut impossible, mut unknown) = (0, 0, 0);
        for _ in 0..400 {
            let (one, other) = (tree(&mut dice, 3), tree(&mut dice, 2));
            match decide(&[&one], &[&other], world()) {
                Verdict::Possible(facts) => {
                    assert!(facts.hold(&one) && !facts.hold(&other), "{facts:?}: {one:?} without {other:?}");
                    possible += 1;
                }
                Verdict::Impossible(reason) => {
                    for _ in 0..300 {
                        let mut facts = facts(&mut dice);
                        facts.now_ms += 10;
                        assert!(!facts.hold(&one) || facts.hold(&other), "{reason}: {facts:?}: {one:?}, {other:?}");
                    }
                    impossible += 1;
                }
                Verdict::Unknown => unknown += 1,
            }
        }
        assert!(possible > 200 && impossible > 20 && unknown < 60, "{possible}, {impossible}, {unknown}");
    }

    #[test]
    fn reasons_are_words() {
        let query = |operator, phrase: &str| Node::Leaf(Leaf::Query { operator, phrase: phrase.into() });
        let named = |value: &str| Node::Leaf(Leaf::Named { what: Named::Device, values: vec![value.into()] });
        let check = |parts: Vec<Node>, expected: &str| match decide(&[&Node::All(parts)], &[], world()) {
            Verdict::Impossible(reason) => assert_eq!(reason, expected),
            other => panic!("{other:?}"),
        };
        let not = |node: Node| Node::Not(Box::new(node));
        check(
            vec![query(Operator::Is, "sofa"), query(Operator::Contains, "lamp")],
            "the query `sofa` cannot contain `lamp`",
        );
        check(
            vec![query(Operator::Contains, "sofa bed"), not(query(Operator::Contains, "sofa"))],
            "a query that contains `sofa bed` cannot not contain `sofa`",
        );
        check(
            vec![query(Operator::Is, "sofa"), query(Operator::Is, "")],
            "the query `sofa` cannot be empty, as that of a category page is",
        );
        check(vec![named("a"), named("b")], "it would take two values of `device` at once");
        check(
            vec![Node::Leaf(Leaf::Window { from_ms: 1, until_ms: 5 })],
            "there is no time at which its dates and hours hold, from now on",
        );
        check(vec![Node::Any(vec![])], "no part of its conditions can hold");
        let category = |path: &str, below| Node::Leaf(Leaf::Category { paths: vec![path.into()], below });
        let two = Node::All(vec![category("men", false), category("women", false)]);
        assert!(matches!(decide(&[&two], &[], world()), Verdict::Possible(facts) if facts.categories.len() == 2));
        let page = World { is_page: true, ..world() };
        assert!(matches!(decide(&[&two], &[], page), Verdict::Impossible(_)), "a page is that of one category");
        check(
            vec![category("men/tops", false), not(category("men", true))],
            "it would take a search that is and is not filtered by a category",
        );
    }
}
