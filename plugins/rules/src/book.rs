//! Which rules apply to this request, and in which order?
//!
//! All rules of a kind in one epoch, indexed. Those in force whose conditions hold; when there are none, the default
//! rules (rules without conditions). A document that did not change since the last epoch is not read anew.
//! What is not here: what else a kind of rule says (a strategy, a category): the kinds keep that beside.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;

use planogram_abi::{Document, PrepareHost};

use crate::facts::Facts;
use crate::origin::{Origin, Scopes};
use crate::resolve::{Resolution, in_order};
use crate::rule::Rule;
use crate::settled::Settled;

/// All rules of one kind; `R` is the kind's own rule.
#[derive(Debug)]
pub struct RuleBook<R> {
    rules: Vec<Arc<R>>,
    index: Settled<R>,
    /// Rules without conditions.
    defaults: Vec<u32>,
    scopes: Scopes,
    resolution: Resolution,
}

/// A rule that applies, and how it came to.
#[derive(Debug, PartialEq)]
pub struct Fired<'a, R> {
    /// The rule.
    pub rule: &'a R,
    /// Whether a test of the whole query held.
    pub exact: bool,
}

impl<R> Clone for Fired<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Fired<'_, R> {}

impl<R: Borrow<Rule>> RuleBook<R> {
    /// Indexes the rules; those that are switched off count for what they stand in front of. The index of an
    /// earlier book is taken over when it will do.
    ///
    /// # Errors
    /// When their phrases together are too large to index.
    pub fn new(mut rules: Vec<Arc<R>>, resolution: Resolution, earlier: Option<&RuleBook<R>>) -> Result<Self, String> {
        let mut scopes = Scopes::default();
        rules.iter().for_each(|rule| scopes.insert(&head(rule).origin));
        rules.retain(|rule| head(rule).enabled);
        let index = Settled::of(&rules, earlier.map(|earlier| &earlier.index))?;
        let defaults = (0u32..).zip(&rules).filter(|(_, rule)| body(rule).when.is_none()).map(|(at, _)| at).collect();
        Ok(Self { rules, index, defaults, scopes, resolution })
    }

    /// The rules that are switched on.
    pub fn rules(&self) -> &[Arc<R>] {
        &self.rules
    }

    /// Which documents stand in front of which.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// How many of the rules that fire apply.
    pub fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// The rules in force whose conditions hold, in no order, default rules left out.
    pub fn fired(&self, facts: &Facts<'_>) -> Vec<Fired<'_, R>> {
        let fires = |rule: &&R| {
            let rule: &Rule = (*rule).borrow();
            self.in_force(&rule.head.origin, facts) && rule.when.as_ref().is_some_and(|when| facts.hold(when))
        };
        let candidates = self.index.candidates(facts).into_iter().map(|at| &*self.rules[at as usize]);
        let exactly = |rule: &R| (*rule).borrow().when.as_ref().is_some_and(|when| facts.hold_exactly(when));
        candidates.filter(fires).map(|rule| Fired { rule, exact: exactly(rule) }).collect()
    }

    /// The rules that apply, first one first; the default rules when no other does and the caller wants them.
    pub fn select(&self, facts: &Facts<'_>, defaults: bool) -> Vec<Fired<'_, R>> {
        let mut applied = self.fired(facts);
        if applied.is_empty() && defaults {
            let rules = self.defaults.iter().map(|at| &*self.rules[*at as usize]);
            let rules = rules.filter(|rule| self.in_force(&(*rule).borrow().head.origin, facts));
            applied = rules.map(|rule| Fired { rule, exact: false }).collect();
        }
        in_order(self.resolution, applied, |fired| fired.exact, |fired| &fired.rule.borrow().head)
    }

    fn in_force(&self, origin: &Origin, facts: &Facts<'_>) -> bool {
        self.scopes.in_force(origin, &facts.view, facts.now_ms)
    }
}

fn body<R: Borrow<Rule>>(rule: &Arc<R>) -> &Rule {
    (**rule).borrow()
}

fn head<R: Borrow<Rule>>(rule: &Arc<R>) -> &crate::rule::Head {
    &body(rule).head
}

/// The rules of an earlier epoch by document, so that what did not change is not read anew.
#[derive(Debug)]
pub struct Earlier<'a, R> {
    rules: HashMap<(&'a str, &'a str), &'a Arc<R>>,
    /// Sequence of the newest document then.
    newest: u64,
}

impl<'a, R: Borrow<Rule>> Earlier<'a, R> {
    /// The rules of a book, switched off ones left out; `newest` is the greatest sequence of all its documents.
    pub fn of(book: Option<(&'a RuleBook<R>, u64)>) -> Self {
        let rules = book.into_iter().flat_map(|(book, _)| &book.rules).map(|rule| {
            let origin = &head(rule).origin;
            ((origin.scope.as_str(), origin.id.as_str()), rule)
        });
        Self { rules: rules.collect(), newest: book.map_or(u64::MAX, |(_, newest)| newest) }
    }

    /// The rule of a document, if it was read from the very same write.
    pub fn same(&self, document: &Document<'_>) -> Option<&'a Arc<R>> {
        let known = self.rules.get(&(document.scope, document.id)).copied();
        known.filter(|rule| head(rule).origin.is_of(document))
    }

    /// Whether a document was written after the earlier epoch: what is wrong with it can still be refused.
    pub fn is_new(&self, document: &Document<'_>) -> bool {
        document.seq > self.newest
    }
}

/// Makes the conditions of a rule known to the host of an epoch, so that their ids are good in it.
///
/// # Errors
/// As [`Rule::compile`].
pub fn known_to<R: Borrow<Rule> + Clone>(rule: &Arc<R>, host: &dyn PrepareHost) -> Result<(), String> {
    let body = body(rule);
    let has_products = body.events.iter().any(|event| matches!(event.about, crate::event::About::Products(_)));
    let mut has_cart = false;
    if let Some(when) = &body.when {
        when.each(&mut |leaf, _| has_cart |= matches!(leaf, crate::condition::Leaf::Cart(_)));
    }
    // Equal conditions keep their id for as long as the host runs, so the rule itself stays as it is.
    if has_products || has_cart { body.clone().compile(host) } else { Ok(()) }
}
