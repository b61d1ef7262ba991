//! What does the plugin know in one epoch?
//!
//! Everything the live documents say, indexed. A document that cannot be read (written under wider limits, say)
//! is left out with a warning rather than taking the rest down. Synonyms are analyzed when a store view first
//! needs them, because only a call knows its analyzer; the result is kept as long as no synonym changes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use planogram_abi::{CallHost, ConditionId, Document, Epoch, LogLevel, PrepareHost, Problem, Request};
use planogram_rules::book::{Earlier, known_to};
use planogram_rules::{Findings, Origin, Scopes};

use crate::behavior::Behavior;
use crate::config::{Settings, SynonymSettings};
use crate::everyday;
use crate::ranker::{Ranker, Rankers};
use crate::redirects::{Redirect, Redirects};
use crate::search_rules::{SearchRule, SearchRules};
use crate::synonyms::{Matcher, SynonymSet};
use crate::{RANKER, REDIRECT, SEARCH_RULE, SYNONYM};

/// The state bound to one epoch.
#[derive(Debug)]
pub struct State {
    /// The settings the plugin was configured with.
    pub settings: Arc<Settings>,
    /// The signals in force.
    pub behavior: Behavior,
    /// Query rules.
    pub rules: SearchRules,
    /// Redirects.
    pub redirects: Redirects,
    /// Synonyms.
    pub synonyms: Arc<SynonymBook>,
    /// Learned rankers.
    pub rankers: Rankers,
    /// Sequence of the newest document.
    pub newest: u64,
    /// The condition that every product satisfies which the store view shows there, if the host takes it.
    pub shown: Option<ConditionId>,
}

impl State {
    /// Reads the documents of an epoch.
    ///
    /// # Errors
    /// When the rules cannot be indexed, or a condition of a rule that was just written does not compile.
    pub fn new(settings: &Arc<Settings>, epoch: &Epoch<'_>, previous: Option<&State>) -> Result<Self, String> {
        let behavior = settings.behavior()?;
        let known = previous.map(|state| (state.rules.book(), state.newest));
        let earlier =
            Earlier::of(known.filter(|_| previous.is_some_and(|state| Arc::ptr_eq(&state.settings, settings))));
        let mut rules: Vec<Arc<SearchRule>> = Vec::new();
        let mut redirects = Redirects::default();
        let mut synonyms = SynonymBook::default();
        let mut rankers = Rankers::default();
        for document in epoch.documents {
            let read = match document.kind {
                SYNONYM => read_synonym(document, settings).map(|set| synonyms.insert(document, set)),
                SEARCH_RULE => match prepared_rule(document, settings, &behavior, &earlier, epoch.host) {
                    Ok(rule) => {
                        rules.push(rule);
                        Ok(())
                    }
                    // Its author is still there to be told; one from before must not take the rest down.
                    Err(Wrong::Product(message)) if earlier.is_new(document) => return Err(message),
                    Err(Wrong::Product(message)) => Err(vec![Problem::new("", message, "a condition that compiles")]),
                    Err(Wrong::Document(problems)) => Err(problems),
                },
                RANKER => {
                    let read = Ranker::read(document, &settings.ranker);
                    read.map(|ranker| rankers.insert(Origin::of(document), ranker))
                }
                REDIRECT => read_redirect(document).map(|redirect| redirects.insert(Origin::of(document), redirect)),
                _ => Ok(()),
            };
            if let Err(problems) = read {
                epoch.host.log(LogLevel::Warn, &format!("left out {}/{}: {problems:?}", document.kind, document.id));
            }
        }
        let synonyms = match previous {
            Some(previous) if previous.synonyms.source == synonyms.source => Arc::clone(&previous.synonyms),
            _ => Arc::new(synonyms),
        };
        let rules = SearchRules::new(rules, settings.resolution, previous.map(|state| &state.rules))?;
        let newest = epoch.documents.iter().map(|document| document.seq).max().unwrap_or_default();
        let shown = epoch.host.compile(r#"{"field":"visible_in","eq":"search"}"#).ok();
        Ok(Self { settings: Arc::clone(settings), behavior, rules, redirects, synonyms, rankers, newest, shown })
    }
}

/// Why a rule cannot be prepared.
enum Wrong {
    /// The document cannot be read.
    Document(Vec<Problem>),
    /// A condition on products does not compile.
    Product(String),
}

/// The rule of a document: that of the epoch before where nothing changed.
fn prepared_rule(
    document: &Document<'_>,
    settings: &Settings,
    behavior: &Behavior,
    earlier: &Earlier<'_, SearchRule>,
    host: &dyn PrepareHost,
) -> Result<Arc<SearchRule>, Wrong> {
    if let Some(same) = earlier.same(document) {
        known_to(same, host).map_err(Wrong::Product)?;
        return Ok(Arc::clone(same));
    }
    let mut rule = read_rule(document, settings, behavior).map_err(Wrong::Document)?;
    rule.rule.compile(host).map_err(Wrong::Product)?;
    Ok(Arc::new(rule))
}

/// Reads a document of kind [`SYNONYM`].
pub fn read_synonym(document: &Document<'_>, settings: &Settings) -> Result<SynonymSet, Vec<Problem>> {
    let mut findings = Findings::default();
    let body = findings.parse(document.json);
    let set = body.and_then(|body| SynonymSet::read(&body, &settings.synonyms, &mut findings));
    findings.finish(set)
}

/// Reads a document of kind [`SEARCH_RULE`].
pub fn read_rule(
    document: &Document<'_>,
    settings: &Settings,
    behavior: &Behavior,
) -> Result<SearchRule, Vec<Problem>> {
    let mut findings = Findings::default();
    let rule = SearchRule::read(document, &settings.rules, |strategy| behavior.can(strategy), &mut findings);
    findings.finish(rule)
}

/// Reads a document of kind [`REDIRECT`].
pub fn read_redirect(document: &Document<'_>) -> Result<Redirect, Vec<Problem>> {
    let mut findings = Findings::default();
    let body = findings.parse(document.json);
    let redirect = body.and_then(|body| Redirect::read(&body, &mut findings));
    findings.finish(redirect)
}

/// All synonym sets of documents, and what the analyzers made of them so far.
#[derive(Debug, Default)]
pub struct SynonymBook {
    sets: Vec<(Origin, SynonymSet)>,
    scopes: Scopes,
    /// What the sets were read from, to tell whether anything changed.
    source: Vec<(Origin, u64, String)>,
    /// (Store view, locale) → its members as its analyzer sees them. Filled on first use; every filling is the
    /// same, so it does not matter who fills it.
    matchers: RwLock<HashMap<(String, String), Arc<Matchers>>>,
}

impl SynonymBook {
    fn insert(&mut self, document: &Document<'_>, set: SynonymSet) {
        let origin = Origin::of(document);
        self.scopes.insert(&origin);
        self.source.push((origin.clone(), document.revision, document.json.to_owned()));
        if set.enabled {
            self.sets.push((origin, set));
        }
    }

    /// Set number `number`.
    pub fn set(&self, number: usize) -> &SynonymSet {
        &self.sets[number].1
    }

    /// Whether set number `number` holds for this store view at this time.
    pub fn in_force(&self, number: usize, store_view: &str, now_ms: i64) -> bool {
        self.scopes.in_force(&self.sets[number].0, store_view, now_ms)
    }

    /// The members as the analyzer of this store view sees them.
    pub fn matchers(&self, request: &Request<'_>, settings: &SynonymSettings, host: &dyn CallHost) -> Arc<Matchers> {
        let key = (request.store_view.to_owned(), request.locale.to_owned());
        let known = self.matchers.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| {
            // Built outside the lock: a slow analyzer must not make other requests wait.
            let built = Arc::new(self.analyzed(request, settings, host));
            let mut matchers = self.matchers.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(matchers.entry(key).or_insert(built))
        })
    }

    fn analyzed(&self, request: &Request<'_>, settings: &SynonymSettings, host: &dyn CallHost) -> Matchers {
        let here = self.sets.iter().enumerate();
        let here = here.filter(|(_, (origin, _))| origin.scope.is_empty() || origin.scope == request.store_view);
        let sets: Vec<(usize, &SynonymSet)> = here.map(|(n, (_, set))| (n, set)).collect();
        let analyze = |text: &str| host.analyze(text);
        let mut everyday = if settings.everyday { everyday::sets(request.locale) } else { Vec::new() };
        if !everyday.is_empty() && !sets.is_empty() {
            let named: HashSet<Vec<String>> =
                sets.iter().flat_map(|(_, set)| &set.members).map(|member| analyze(member)).collect();
            everyday.iter_mut().for_each(|set| set.leave(|member| named.contains(&analyze(member))));
        }
        let own = Matcher::build(sets.into_iter(), &settings.stop_words, analyze);
        let everyday_words = Matcher::build(everyday.iter().enumerate(), &[], analyze);
        Matchers { own, everyday, everyday_words }
    }
}

/// What a store view's queries are read by.
#[derive(Debug)]
pub struct Matchers {
    /// The members of documents; sets are numbered as in the book.
    pub own: Matcher,
    /// What everyday words stand for, but for those that a document names.
    pub everyday: Vec<SynonymSet>,
    /// Their members.
    pub everyday_words: Matcher,
}
