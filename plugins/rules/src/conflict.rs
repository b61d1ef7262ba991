//! Which rules do not do what their authors think?
//!
//! Six kinds of finding, each shown by a request or proven without one (see [`crate::proof`]); what is neither shown nor
//! proven is not reported, so no finding is a false alarm:
//! *contradictory*: two rules can fire together and order the opposite of one product, place or list, or one undoes what
//! it does itself;
//! *shadowed*: whenever a rule fires, a stronger one fires, too, and leaves it nothing to do;
//! *never-firing*: no request from now on satisfies its conditions;
//! *unreachable-pin*: the pinned product cannot be in the list at all;
//! *missing-target*: the catalog has no product of that sku;
//! *unknown-name*: a condition or quota names what the shop does not have.
//! What is not here: whether a pinned product matches the words of a search; only the search can tell.

use std::collections::{BTreeSet, HashMap, HashSet};

use planogram_abi::{CallHost, ConditionId};
use serde_json::{Value, json};

use crate::condition::{Leaf, Named, Node, Operator};
use crate::event::{About, Deed};
use crate::facts::Facts;
use crate::origin::Scopes;
use crate::proof::{self, Verdict, World};
use crate::resolve::{Resolution, precedence};
use crate::rule::Rule;

mod example;
mod names;
mod opposed;
mod phrase;
mod quotas;
mod within;

use example::{request, shown};
use names::in_vain;
use opposed::opposed;
use quotas::opposed_quotas;
use within::undone;

/// Most pairs of rules that are compared with each other; the report says when there were more.
pub const PAIRS_MAX: usize = 100_000;
/// Most findings in a report.
pub const FINDINGS_MAX: usize = 10_000;

/// A rule as it is compared.
pub struct Subject<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The category whose page it is about; `None` for a rule of searches.
    pub category: Option<&'a str>,
    /// The strategy it asks for, in whatever way.
    pub strategy: Option<&'a str>,
    /// Compiled: products that can be in the list at all, beside those that the store view shows.
    pub members: Option<ConditionId>,
}

/// What rules are compared in.
pub struct Bench<'a> {
    /// The catalog.
    pub host: &'a dyn CallHost,
    /// Which documents stand in front of which.
    pub scopes: &'a Scopes,
    /// How many of the rules that fire apply.
    pub resolution: Resolution,
    /// Store view and time.
    pub world: World<'a>,
    /// Compiled: the products that the store view shows in lists of this kind; without it that is not looked at.
    pub shown: Option<ConditionId>,
}

/// A subject with all that restricts it in one tree.
struct Case<'a> {
    subject: &'a Subject<'a>,
    whole: Node,
    /// A request that fires it.
    witness: Option<Facts<'static>>,
}

/// The report: `{"conflicts": […]}` and, when not all pairs were compared, what was left out.
pub fn report(subjects: &[Subject<'_>], bench: &Bench<'_>) -> Value {
    let mut report = Report { findings: Vec::new(), left_out: 0 };
    let cases: Vec<Case<'_>> = subjects.iter().filter_map(|subject| report.case(subject, bench)).collect();
    report.names(subjects, &cases, bench);
    report.targets(&cases, bench);
    let (own, quotas): (Vec<_>, Vec<_>) = opposed_quotas(&cases, bench).into_iter().partition(|(a, b, _)| a == b);
    let undone = (0..).zip(&cases).flat_map(|(at, case)| undone(case, bench).into_iter().map(move |words| (at, words)));
    for (at, words) in undone.chain(own.into_iter().map(|(at, _, words)| (at, words))) {
        let case: &Case<'_> = &cases[at];
        let example = case.witness.as_ref().map(|facts| (facts, bench.world));
        report.find("contradictory", &[case.subject], words, example);
    }
    let shadowed = report.shadowed(&cases, bench);
    if bench.resolution == Resolution::AllByPriority {
        report.contradictions(&cases, quotas, &shadowed, bench);
    }
    let mut whole = json!({ "conflicts": report.findings });
    if report.left_out > 0 {
        let remark = format!("{} pairs of rules were not compared, at most {PAIRS_MAX} are", report.left_out);
        whole["remarks"] = json!([{ "remark": remark }]);
    }
    whole
}

struct Report {
    findings: Vec<Value>,
    left_out: usize,
}

impl Report {
    fn find(&mut self, kind: &str, rules: &[&Subject<'_>], words: String, example: Option<(&Facts<'_>, World<'_>)>) {
        if self.findings.len() < FINDINGS_MAX {
            let category = rules.first().and_then(|subject| subject.category);
            let rules: Vec<Value> = rules.iter().map(|subject| shown(subject.rule)).collect();
            let example = example.map(|(facts, world)| request(facts, category, world));
            self.findings.push(json!({ "kind": kind, "rules": rules, "words": words, "example": example }));
        }
    }

    /// The whole condition of a rule, and a request that fires it; nothing for a rule that never fires.
    fn case<'a>(&mut self, subject: &'a Subject<'a>, bench: &Bench<'_>) -> Option<Case<'a>> {
        let whole = whole(subject, bench.scopes);
        match proof::decide(&[&whole], &[], bench.world) {
            Verdict::Possible(facts) => Some(Case { subject, whole, witness: Some(*facts) }),
            Verdict::Unknown => Some(Case { subject, whole, witness: None }),
            Verdict::Impossible(reason) => {
                self.find("never-firing", &[subject], reason, None);
                None
            }
        }
    }

    /// What rules name that the shop does not have.
    fn names(&mut self, subjects: &[Subject<'_>], cases: &[Case<'_>], bench: &Bench<'_>) {
        for (at, words, may_fire) in in_vain(subjects, bench.host) {
            let subject = &subjects[at];
            let case = cases.iter().find(|case| std::ptr::eq(case.subject, subject)).filter(|_| may_fire);
            let example = case.and_then(|case| Some((case.witness.as_ref()?, bench.world)));
            self.find("unknown-name", &[subject], words, example);
        }
    }

    /// Skus that are not there, and pins of products that cannot be in the list.
    fn targets(&mut self, cases: &[Case<'_>], bench: &Bench<'_>) {
        for case in cases {
            let example = case.witness.as_ref().map(|facts| (facts, bench.world));
            for event in &case.subject.rule.events {
                let skus: Vec<&str> = event.skus().iter().map(String::as_str).collect();
                for (sku, item) in skus.iter().zip(bench.host.resolve(&skus)) {
                    let Some(item) = item else {
                        let words =
                            format!("it {}, which the catalog does not have", event.deed.words(&format!("`{sku}`")));
                        self.find("missing-target", &[case.subject], words, example);
                        continue;
                    };
                    let is_here = case.witness.as_ref().is_some_and(|facts| facts.view == bench.world.store_view);
                    if let (Deed::Pin { position, insert }, true) = (&event.deed, is_here) {
                        self.pin(case, bench, sku, item, (*position, *insert));
                    }
                }
            }
        }
    }

    fn pin(&mut self, case: &Case<'_>, bench: &Bench<'_>, sku: &str, item: u32, (position, insert): (u32, bool)) {
        let holds = |condition| bench.host.test(condition, &[item]).contains(&true);
        let example = case.witness.as_ref().map(|facts| (facts, bench.world));
        let why = if bench.shown.is_some_and(|shown| !holds(shown)) {
            format!("store view `{}` does not show it there", bench.world.store_view)
        } else if !insert && case.subject.members.is_some_and(|members| !holds(members)) {
            format!("it is not in the category `{}` or below", case.subject.category.unwrap_or_default())
        } else {
            return;
        };
        let words = format!("`{sku}` cannot stand at position {position}: {why}");
        self.find("unreachable-pin", &[case.subject], words, example);
    }

    /// Rules that are left nothing to do; the pairs that were found so.
    fn shadowed(&mut self, cases: &[Case<'_>], bench: &Bench<'_>) -> HashSet<(usize, usize)> {
        let mut found = HashSet::new();
        let claims: HashMap<String, Vec<usize>> = by_claim(cases);
        for (at, case) in cases.iter().enumerate() {
            let Some(witness) = &case.witness else { continue };
            let rivals: BTreeSet<usize> = match bench.resolution {
                Resolution::OneWinner => (0..cases.len()).collect(),
                Resolution::AllByPriority => {
                    claims_of(case.subject).iter().take(1).flat_map(|claim| &claims[claim]).copied().collect()
                }
            };
            let rivals =
                rivals.into_iter().filter(|other| *other != at).filter(|other| cases[*other].whole_holds(witness));
            let stronger = rivals.filter(|other| leaves_nothing(&cases[*other], case, bench.resolution));
            for other in stronger.take(PAIRS_MAX) {
                let proven = proof::decide(&[&case.whole], &[&cases[other].whole], bench.world);
                if let Verdict::Impossible(_) = proven {
                    let words = format!(
                        "whenever it fires, {} fires, too, goes first and decides all that it says",
                        cases[other].subject.rule.head.label()
                    );
                    self.find("shadowed", &[case.subject, cases[other].subject], words, Some((witness, bench.world)));
                    found.extend([(at, other), (other, at)]);
                    break;
                }
            }
        }
        found
    }

    /// Pairs that can fire together and want the opposite.
    fn contradictions(
        &mut self,
        cases: &[Case<'_>],
        quotas: Vec<(usize, usize, String)>,
        shadowed: &HashSet<(usize, usize)>,
        bench: &Bench<'_>,
    ) {
        let mut reported: HashSet<(usize, usize)> = shadowed.clone();
        let mut compared = 0;
        for (one, other, words) in opposed(cases, bench).into_iter().chain(quotas) {
            let pair = (one.min(other), one.max(other));
            if reported.contains(&pair) {
                continue;
            }
            compared += 1;
            if compared > PAIRS_MAX {
                self.left_out += 1;
                continue;
            }
            let (a, b) = (&cases[pair.0], &cases[pair.1]);
            if a.subject.rule.when.is_none() != b.subject.rule.when.is_none() && a.subject.category.is_none() {
                // A default rule of searches applies only when no other rule does.
                continue;
            }
            if let Verdict::Possible(facts) = proof::decide(&[&a.whole, &b.whole], &[], bench.world) {
                reported.insert(pair);
                let a_first = precedence(&a.subject.rule.head, &b.subject.rule.head).is_lt();
                let (first, second) = if a_first { (a, b) } else { (b, a) };
                let words = format!("{words}; {} goes first", first.subject.rule.head.label());
                self.find("contradictory", &[first.subject, second.subject], words, Some((&facts, bench.world)));
            }
        }
    }
}

impl Case<'_> {
    fn whole_holds(&self, facts: &Facts<'_>) -> bool {
        facts.hold(&self.whole)
    }
}

/// Everything that restricts a rule: its conditions, its validity, its store view, its category, and the documents of
/// store views that stand in front of it.
fn whole(subject: &Subject<'_>, scopes: &Scopes) -> Node {
    let origin = &subject.rule.head.origin;
    let view = |code: &str| Node::Leaf(Leaf::Named { what: Named::StoreView, values: vec![code.to_lowercase()] });
    let window = |from_ms, until_ms| Node::Leaf(Leaf::Window { from_ms, until_ms });
    let mut parts: Vec<Node> = subject.rule.when.iter().cloned().collect();
    if (origin.from_ms, origin.until_ms) != (i64::MIN, i64::MAX) {
        parts.push(window(origin.from_ms, origin.until_ms));
    }
    if !origin.scope.is_empty() {
        parts.push(view(&origin.scope));
    }
    if let Some(category) = subject.category {
        let paths = vec![crate::text::path_key(category)];
        parts.push(Node::Leaf(Leaf::Category { paths, below: false }));
        // Its page has no query.
        let nothing = Leaf::Query { operator: Operator::Is, phrase: String::new() };
        parts.push(Node::Leaf(nothing));
    }
    for (code, from_ms, until_ms) in scopes.covers(origin) {
        parts.push(Node::Not(Box::new(Node::All(vec![view(code), window(from_ms, until_ms)]))));
    }
    Node::All(parts)
}

/// What a rule speaks of, as texts: `sku A`, `position 3`.
fn claims_of(subject: &Subject<'_>) -> Vec<String> {
    let mut claims = Vec::new();
    for event in &subject.rule.events {
        match &event.about {
            About::Skus(skus) => claims.extend(skus.iter().map(|sku| format!("sku {sku}"))),
            About::Products(products) => claims.push(format!("products {}", products.json)),
            About::List => claims.push(format!("list {}", kind_of(&event.deed))),
        }
    }
    claims.extend(subject.strategy.map(|_| "list strategy".to_owned()));
    claims
}

fn kind_of(deed: &Deed) -> String {
    match deed {
        Deed::Redirect(_) => "redirect".to_owned(),
        Deed::Strategy(_) => "strategy".to_owned(),
        other => format!("{other:?}"),
    }
}

fn by_claim(cases: &[Case<'_>]) -> HashMap<String, Vec<usize>> {
    let mut claims: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, case) in cases.iter().enumerate() {
        for claim in claims_of(case.subject) {
            claims.entry(claim).or_default().push(at);
        }
    }
    claims
}

/// Whether `strong`, where both fire, leaves `weak` nothing to do.
fn leaves_nothing(strong: &Case<'_>, weak: &Case<'_>, resolution: Resolution) -> bool {
    let (one, other) = (strong.subject, weak.subject);
    if one.rule.when.is_none() != other.rule.when.is_none() && one.category.is_none() {
        return false;
    }
    let goes_first = precedence(&one.rule.head, &other.rule.head).is_lt();
    match resolution {
        Resolution::OneWinner => match (always_exact(one.rule), is_ever_exact(other.rule)) {
            (true, false) => true,
            (true, true) | (false, false) => goes_first,
            (false, true) => false,
        },
        Resolution::AllByPriority => goes_first && says_all(one, other),
    }
}

/// Whether everything that `weak` says is said by `strong` already.
fn says_all(strong: &Subject<'_>, weak: &Subject<'_>) -> bool {
    let decided = |deed: &Deed| !matches!(deed, Deed::Filter | Deed::AtLeast { .. });
    let claims: HashSet<&str> = strong
        .rule
        .events
        .iter()
        .filter(|event| decided(&event.deed))
        .flat_map(|event| event.skus())
        .map(String::as_str)
        .collect();
    let has_kind = |kind: &str| strong.rule.events.iter().any(|event| kind_of(&event.deed) == kind);
    let says = |event: &crate::event::Event| match (&event.about, &event.deed) {
        (About::Skus(skus), deed) if decided(deed) => skus.iter().all(|sku| claims.contains(sku.as_str())),
        (About::List, Deed::Redirect(_)) => has_kind("redirect"),
        _ => strong.rule.events.contains(event),
    };
    let has_strategy = weak.strategy.is_none() || strong.strategy.is_some();
    let does_something = !weak.rule.events.is_empty() || weak.strategy.is_some();
    does_something && has_strategy && weak.rule.events.iter().all(says)
}

/// Whether a rule fires only by tests of the whole query.
fn always_exact(rule: &Rule) -> bool {
    let Some(alternatives) = rule.when.as_ref().and_then(|when| proof::alternatives(when, true)) else { return false };
    let is = |leaf: &Leaf| matches!(leaf, Leaf::Query { operator: Operator::Is, .. });
    alternatives.iter().all(|literals| literals.iter().any(|(leaf, wanted)| *wanted && is(leaf)))
}

/// Whether a rule may fire by a test of the whole query.
fn is_ever_exact(rule: &Rule) -> bool {
    let mut found = false;
    if let Some(when) = &rule.when {
        when.each(&mut |leaf, _| found |= matches!(leaf, Leaf::Query { operator: Operator::Is, .. }));
    }
    found
}
