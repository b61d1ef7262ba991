//! Which rules are there, and which are about a product?
//!
//! All rules and lists of one epoch. Rules lie under the id of their compiled `match`, and the kernel says which of
//! those a product satisfies, so that ten thousand rules cost a request those that are about its product.
//! What is not here: what the rules propose (see [`crate::propose`]).

use std::collections::HashMap;
use std::sync::Arc;

use planogram_abi::{ConditionId, Document, Epoch, LogLevel, Problem, Request};
use planogram_rules::resolve::precedence;
use planogram_rules::{Findings, Scopes};

use crate::config::Settings;
use crate::list::{ListConfig, ListDocument};
use crate::rule::RelatedRule;
use crate::{RELATED_LIST, RELATED_RULE};

/// All rules and lists of one epoch.
#[derive(Debug, Default)]
pub struct Book {
    /// Rules that are switched on, in order of precedence.
    rules: Vec<Arc<RelatedRule>>,
    /// Rules by the condition on the product of the page, in order.
    by_match: HashMap<u32, Vec<u32>>,
    scopes: Scopes,
    lists: Vec<ListDocument>,
    list_scopes: Scopes,
    /// Sequence of the newest document.
    newest: u64,
}

/// Reads a document of kind [`RELATED_RULE`].
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_rule(document: &Document<'_>, settings: &Settings) -> Result<RelatedRule, Vec<Problem>> {
    let mut findings = Findings::default();
    let body = findings.parse(document.json);
    let rule = body.and_then(|body| RelatedRule::read(document, &body, &settings.rules, &mut findings));
    findings.finish(rule)
}

/// Reads a document of kind [`RELATED_LIST`].
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_list(document: &Document<'_>, settings: &Settings) -> Result<ListDocument, Vec<Problem>> {
    let mut findings = Findings::default();
    let body = findings.parse(document.json);
    let list = body.and_then(|body| ListDocument::read(document, &body, settings.rules.limit_max, &mut findings));
    findings.finish(list)
}

impl Book {
    /// Reads the documents of an epoch; those that did not change since `previous` are not read anew.
    ///
    /// # Errors
    /// When a condition of a rule that was just written does not compile; one from before is left out with a warning,
    /// rather than taking the rest down.
    pub fn new(settings: &Settings, epoch: &Epoch<'_>, previous: Option<&Book>) -> Result<Self, String> {
        let mut book = Self::default();
        let mut fresh: Vec<ConditionId> = Vec::new();
        let earlier: HashMap<(&str, &str), &Arc<RelatedRule>> = previous
            .into_iter()
            .flat_map(|book| &book.rules)
            .map(|rule| ((rule.head.origin.scope.as_str(), rule.head.origin.id.as_str()), rule))
            .collect();
        for document in epoch.documents {
            let warn = |what: String| {
                epoch.host.log(LogLevel::Warn, &format!("left out {}/{}: {what}", document.kind, document.id));
            };
            match document.kind {
                RELATED_RULE => {
                    let same = earlier.get(&(document.scope, document.id)).copied();
                    let same = same.filter(|rule| rule.head.origin.is_of(document));
                    if let Some(same) = same {
                        // Its conditions are compiled and indexed, and stay so.
                        book.scopes.insert(&same.head.origin);
                        book.rules.push(Arc::clone(same));
                        continue;
                    }
                    let mut rule = match read_rule(document, settings) {
                        Ok(rule) => rule,
                        Err(problems) => {
                            warn(format!("{problems:?}"));
                            continue;
                        }
                    };
                    book.scopes.insert(&rule.head.origin);
                    match rule.compile(epoch.host) {
                        Ok(()) => {
                            fresh.extend(rule.matches.1);
                            book.rules.push(Arc::new(rule));
                        }
                        Err(message) if previous.is_some_and(|book| document.seq > book.newest) => return Err(message),
                        Err(message) => warn(message),
                    }
                }
                RELATED_LIST => match read_list(document, settings) {
                    Ok(list) => {
                        book.list_scopes.insert(&list.origin);
                        book.lists.push(list);
                    }
                    Err(problems) => warn(format!("{problems:?}")),
                },
                _ => {}
            }
        }
        book.newest = epoch.documents.iter().map(|document| document.seq).max().unwrap_or_default();
        if !fresh.is_empty() {
            epoch.host.index(&fresh).map_err(|failure| failure.0)?;
        }
        book.arrange();
        Ok(book)
    }

    fn arrange(&mut self) {
        self.rules.retain(|rule| rule.head.enabled);
        self.rules.sort_by(|a, b| precedence(&a.head, &b.head));
        for (at, rule) in (0u32..).zip(&self.rules) {
            if let (_, Some(condition)) = rule.matches {
                self.by_match.entry(condition.0).or_default().push(at);
            }
        }
    }

    /// The rules that are switched on, in order of precedence.
    pub fn rules(&self) -> &[Arc<RelatedRule>] {
        &self.rules
    }

    /// Which documents stand in front of which.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// How a list is filled for a request.
    pub fn list(&self, list: usize, request: &Request<'_>) -> ListConfig {
        let here = self.lists.iter().filter(|document| document.list == list);
        let mut here =
            here.filter(|document| self.list_scopes.in_force(&document.origin, request.store_view, request.now_ms));
        here.next().map(|document| document.config).unwrap_or_default()
    }

    /// The rules of a list that apply, in order of precedence, each with those of the products it is about.
    /// `satisfied` says of each product which conditions it satisfies.
    pub fn applying(
        &self,
        list: usize,
        request: &Request<'_>,
        satisfied: &[(u32, Vec<ConditionId>)],
    ) -> Vec<(&RelatedRule, Vec<u32>)> {
        let mut about: HashMap<u32, Vec<u32>> = HashMap::new();
        for (item, conditions) in satisfied {
            let found = conditions.iter().filter_map(|condition| self.by_match.get(&condition.0)).flatten();
            found.for_each(|rule| about.entry(*rule).or_default().push(*item));
        }
        let mut numbers: Vec<u32> = about.keys().copied().collect();
        numbers.sort_unstable();
        let applies = |rule: &RelatedRule| {
            rule.list == list
                && self.scopes.in_force(&rule.head.origin, request.store_view, request.now_ms)
                && rule.is_for(request.audiences)
        };
        let rules = numbers.into_iter().map(|number| (&*self.rules[number as usize], number));
        rules
            .filter(|(rule, _)| applies(rule))
            .map(|(rule, number)| (rule, about.remove(&number).unwrap_or_default()))
            .collect()
    }
}
