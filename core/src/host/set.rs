//! Which plugins take part in a request, and how is one of them called?
//!
//! A [`PluginSet`] is the plugins of one epoch with their prepared states: immutable, shared, held by a snapshot.
//! A [`Slot`] is one contribution; every call through it is admitted by the guard, published to the watchdog,
//! and judged: finite numbers, known items, compiled conditions. What fails the judgement is a [`Fault`], and the
//! caller goes on without it. When the last set that holds a plugin's version is dropped, so is the version.

use std::collections::BTreeMap;
use std::sync::Arc;

use planogram_abi::table::{CallError, Described, DescribedRole, Prepared};
use planogram_abi::{
    Act, CallHost, Candidate, Combine, ConfigKind, ListKind, Output, Phase, Question, RankedList, Request, Rewrite,
    ScoreBatch, Target, Verb,
};

use super::guard::{Fault, FaultReason, Guard, reason_of};
use super::instance::Running;
use super::pool::Attempt;
use super::types::PluginInfo;

/// One call's surroundings, the same for all plugins of a request.
#[derive(Clone, Copy)]
pub struct CallContext<'a> {
    /// The request being ranked.
    pub request: Request<'a>,
    /// What the kernel lends.
    pub host: &'a dyn CallHost,
    /// The run of the request.
    pub attempt: &'a Attempt,
    /// Item ids below this are known.
    pub n_items: u32,
}

/// A plugin of the set: a running version with its state for the epoch.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub running: Arc<Running>,
    pub prepared: Arc<Prepared>,
}

/// One contribution of one plugin in one epoch.
#[derive(Debug)]
pub struct Slot {
    member: Member,
    index: u32,
    label: String,
}

/// The plugins of one epoch.
#[derive(Debug, Default)]
pub struct PluginSet {
    pub(super) members: Vec<Member>,
    /// Configured plugins that are not running.
    pub(super) absent: Vec<PluginInfo>,
    slots: Vec<Slot>,
}

/// Why a question was not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The caller's fault: nobody answers this.
    #[error("no question `{question}` about `{kind}`")]
    Unknown {
        /// The configuration kind.
        kind: String,
        /// The question.
        question: String,
    },
    /// The caller's fault, as a plugin says: the argument, mostly.
    #[error("`{plugin}` does not answer that: {message}")]
    Refused {
        /// Which plugin.
        plugin: String,
        /// Its words.
        message: String,
    },
    /// The plugin's fault.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl PluginSet {
    /// No plugin at all: the plain engine.
    pub fn empty() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(super) fn new(members: Vec<Member>, absent: Vec<PluginInfo>) -> Arc<Self> {
        let slots_of = |member: &Member| {
            member.running.serve();
            let contributions = member.running.description.contributions.iter().enumerate();
            let slot = |(index, described): (usize, &Described)| Slot {
                member: member.clone(),
                index: index as u32,
                label: format!("{}/{}", member.running.name, described.name),
            };
            contributions.map(slot).collect::<Vec<_>>()
        };
        let slots = members.iter().flat_map(slots_of).collect();
        Arc::new(Self { members, absent, slots })
    }

    /// Rewriters of a list, in configured order.
    pub fn rewriters(&self, list: ListKind) -> impl Iterator<Item = &Slot> {
        self.on(list).filter(|slot| matches!(slot.role(), DescribedRole::Rewriter))
    }

    /// Scorers of a list and phase, in configured order.
    pub fn scorers(&self, list: ListKind, phase: Phase) -> impl Iterator<Item = &Slot> {
        let in_phase = move |slot: &&Slot| matches!(slot.role(), DescribedRole::Scorer { phase: p, .. } if *p == phase);
        self.on(list).filter(in_phase)
    }

    /// Scorers of a list, whatever the phase, that are named after a configuration kind of their plugin.
    pub fn learned_scorers(&self, list: ListKind) -> impl Iterator<Item = &Slot> {
        self.on(list).filter(|slot| slot.learned_kind().is_some())
    }

    /// Rerankers of a list, in configured order.
    pub fn rerankers(&self, list: ListKind) -> impl Iterator<Item = &Slot> {
        self.on(list).filter(|slot| matches!(slot.role(), DescribedRole::Reranker { .. }))
    }

    fn on(&self, list: ListKind) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(move |slot| slot.described().takes_part_in(list))
    }

    /// The retriever that serves a unit type; the first configured one when several do.
    pub fn retriever(&self, unit_type: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| matches!(slot.role(), DescribedRole::Retriever) && slot.name() == unit_type)
    }

    /// Names of all unit types that a retriever serves, in configured order.
    pub fn unit_types(&self) -> Vec<&str> {
        let retrievers = self.slots.iter().filter(|slot| matches!(slot.role(), DescribedRole::Retriever));
        retrievers.map(Slot::name).collect()
    }

    /// The plugin that owns a configuration kind.
    pub fn owner_of(&self, kind: &str) -> Option<&str> {
        self.kinds().into_iter().find(|(declared, _)| declared.name == kind).map(|(_, owner)| owner)
    }

    /// All configuration kinds with their owners, in configured order.
    pub fn kinds(&self) -> Vec<(&ConfigKind, &str)> {
        self.members.iter().flat_map(|member| kinds_of(&member.running)).collect()
    }

    /// All questions with the plugins that answer them, in configured order.
    pub fn questions(&self) -> Vec<(&Question, &str)> {
        let mut questions = Vec::new();
        for member in &self.members {
            let of_member = member.running.description.questions.iter();
            questions.extend(of_member.map(|question| (question, member.running.name.as_str())));
        }
        questions
    }

    /// Answers a question about a kind with JSON text. A question whose kind is nobody's kind of document is *shared*:
    /// every plugin that declares it is asked. Answers come with their plugins' names, in configured order.
    ///
    /// # Errors
    /// When nobody answers it, or a plugin refuses the argument or breaks.
    pub fn ask(
        &self,
        ctx: &CallContext<'_>,
        kind: &str,
        question: &str,
        argument: &str,
    ) -> Result<Vec<(String, String)>, AskError> {
        let answers =
            |m: &&Member| m.running.description.questions.iter().any(|q| q.kind == kind && q.name == question);
        let most = if self.owner_of(kind).is_some() { 1 } else { usize::MAX };
        let mut said = Vec::new();
        for member in self.members.iter().filter(answers).take(most) {
            // What is asked wrongly is no failure of the plugin, or whoever asks could have it left out of lists.
            let ask = || match member.prepared.ask(&ctx.request, ctx.host, question, argument) {
                Err(CallError::Failed(message)) => Ok(Err(message)),
                answered => answered.map(Ok),
            };
            let plugin = member.running.name.clone();
            match guarded(member, question, ctx, ask, |_| Ok(()))? {
                Ok(answer) => said.push((plugin, answer)),
                Err(message) => return Err(AskError::Refused { plugin, message }),
            }
        }
        if said.is_empty() {
            return Err(AskError::Unknown { kind: kind.to_owned(), question: question.to_owned() });
        }
        Ok(said)
    }

    /// The questions about kinds that are nobody's kind of document, each once: kind, name, what it is about.
    pub fn shared_questions(&self) -> Vec<&Question> {
        let mut shared: Vec<&Question> = Vec::new();
        for (question, _) in self.questions() {
            let is_known = shared.iter().any(|known| (&known.kind, &known.name) == (&question.kind, &question.name));
            if self.owner_of(&question.kind).is_none() && !is_known {
                shared.push(question);
            }
        }
        shared
    }

    /// How every configured plugin is doing, running ones first.
    pub fn infos(&self) -> Vec<PluginInfo> {
        self.members.iter().map(|member| info(&member.running)).chain(self.absent.iter().cloned()).collect()
    }

    /// Name and `version+hash` of every plugin in force, for the identity of a snapshot.
    pub fn versions(&self) -> BTreeMap<String, String> {
        let version = |r: &Running| format!("{}+{}", r.version, &r.content_hash[..r.content_hash.len().min(12)]);
        self.members.iter().map(|m| (m.running.name.clone(), version(&m.running))).collect()
    }

    /// The columns all plugins together read, each once, in order of first use.
    pub fn columns_read(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.slots.iter().flat_map(Slot::reads) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

fn kinds_of(running: &Running) -> Vec<(&ConfigKind, &str)> {
    running.description.kinds.iter().map(|kind| (kind, running.name.as_str())).collect()
}

fn info(running: &Running) -> PluginInfo {
    let contribution = |c: &Described| (c.role.word().to_owned(), c.name.clone());
    PluginInfo {
        name: running.name.clone(),
        version: running.version.clone(),
        content_hash: running.content_hash.clone(),
        file: running.file.clone(),
        state: if running.guard.quarantined() { "quarantined" } else { "running" }.to_owned(),
        problem: None,
        contributions: running.description.contributions.iter().map(contribution).collect(),
        config_kinds: running.description.kinds.iter().map(|kind| kind.name.clone()).collect(),
        calls: running.guard.calls(),
        faults: running.guard.faults(),
        breaker: running.guard.breaker_state().word().to_owned(),
        observer_lag: 0,
    }
}

/// Calls into a plugin: admitted, watched, judged, accounted for.
fn guarded<T>(
    member: &Member,
    contribution: &str,
    ctx: &CallContext<'_>,
    call: impl FnOnce() -> Result<T, CallError>,
    judge: impl FnOnce(&T) -> Result<(), String>,
) -> Result<T, Fault> {
    let guard: &Arc<Guard> = &member.running.guard;
    let fault = |reason, detail| Fault {
        plugin: member.running.name.clone(),
        contribution: contribution.to_owned(),
        reason,
        detail,
    };
    if let Some(reason) = ctx.attempt.exclusion(guard.plugin()) {
        return Err(fault(reason, "left out of this run".to_owned()));
    }
    guard.admit().map_err(|(reason, detail)| fault(reason, detail))?;
    let inside = ctx.attempt.enter(guard);
    let outcome = call();
    // A run that was given up is accounted for by the watchdog.
    inside.leave().map_err(|reason| fault(reason, "it returned after its time was up".to_owned()))?;
    let judged = outcome.map_err(|error| reason_of(&error)).and_then(|value| match judge(&value) {
        Ok(()) => Ok(value),
        Err(detail) => Err((FaultReason::BadOutput, detail)),
    });
    match judged {
        Ok(value) => {
            guard.succeed();
            Ok(value)
        }
        Err((reason, detail)) => {
            guard.fail(reason);
            Err(fault(reason, detail))
        }
    }
}

impl Slot {
    fn described(&self) -> &Described {
        &self.member.running.description.contributions[self.index as usize]
    }

    fn role(&self) -> &DescribedRole {
        &self.described().role
    }

    /// Name of the plugin.
    pub fn plugin(&self) -> &str {
        &self.member.running.name
    }

    /// Name of the contribution.
    pub fn name(&self) -> &str {
        &self.described().name
    }

    /// `plugin/name`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The configuration kind that a scorer is named after, if its plugin owns one of that name: such a scorer takes
    /// part only where a document of the kind is in force, and what it reads is kept with what was served, so that
    /// its documents can be learned.
    pub fn learned_kind(&self) -> Option<&str> {
        let is_scorer = matches!(self.role(), DescribedRole::Scorer { .. });
        let kinds = &self.member.running.description.kinds;
        kinds.iter().map(|kind| kind.name.as_str()).find(|kind| is_scorer && *kind == self.name())
    }

    /// Columns a scorer or reranker reads, in the order it wants them.
    pub fn reads(&self) -> &[String] {
        match self.role() {
            DescribedRole::Scorer { reads, .. } | DescribedRole::Reranker { reads, .. } => reads,
            _ => &[],
        }
    }

    /// Columns a scorer writes, in the order it writes them.
    pub fn writes(&self) -> &[Output] {
        match self.role() {
            DescribedRole::Scorer { writes, .. } => writes,
            _ => &[],
        }
    }

    /// Items of the head a reranker wants to see; 0 for others.
    pub fn window(&self) -> u32 {
        match self.role() {
            DescribedRole::Reranker { window, .. } => *window,
            _ => 0,
        }
    }

    /// Lets a rewriter edit the query; its acts are added to those already there.
    ///
    /// # Errors
    /// Why it took no part; the caller keeps its own copy to go on with.
    pub fn rewrite(&self, ctx: &CallContext<'_>, rewrite: Rewrite) -> Result<Rewrite, Fault> {
        let Rewrite { query, mut acts } = rewrite;
        let call = || self.member.prepared.rewrite(self.index, &ctx.request, ctx.host, query);
        let judge = |edited: &Rewrite| judge_acts(&edited.acts, ctx.n_items, &self.member.prepared);
        let edited = guarded(&self.member, self.name(), ctx, call, judge)?;
        acts.extend(edited.acts);
        Ok(Rewrite { query: edited.query, acts })
    }

    /// At most `k` candidates, best first as the plugin sees it.
    ///
    /// # Errors
    /// Why it took no part.
    pub fn retrieve(&self, ctx: &CallContext<'_>, k: usize) -> Result<Vec<Candidate>, Fault> {
        let call = || self.member.prepared.retrieve(self.index, &ctx.request, ctx.host, k);
        let judge = |found: &Vec<Candidate>| judge_candidates(found, ctx.n_items);
        guarded(&self.member, self.name(), ctx, call, judge)
    }

    /// Lets a scorer write its columns: `out[i]` becomes column `i` of [`writes`](Self::writes), `[items.len()]`.
    /// `columns` are those of [`reads`](Self::reads), in that order, each `[items.len()]`.
    ///
    /// # Errors
    /// Why it took no part; `out` then holds neutral values.
    ///
    /// # Panics
    /// When `out` or `columns` do not have the declared numbers, or a column is not `[items.len()]`.
    pub fn score(
        &self,
        ctx: &CallContext<'_>,
        items: &[u32],
        columns: &[&[f32]],
        out: &mut [Vec<f32>],
    ) -> Result<(), Fault> {
        assert_eq!(out.len(), self.writes().len(), "one buffer for each column that {} writes", self.label);
        assert_eq!(columns.len(), self.reads().len(), "one column for each that {} reads", self.label);
        assert!(columns.iter().all(|column| column.len() == items.len()), "a value in every row");
        self.fill_neutral(items.len(), out);
        let call = || {
            let mut lent: Vec<&mut [f32]> = out.iter_mut().map(Vec::as_mut_slice).collect();
            let batch = ScoreBatch { items, columns, out: &mut lent };
            self.member.prepared.score(self.index, &ctx.request, ctx.host, batch)?;
            judge_columns(self.writes(), &lent).map_err(CallError::BadOutput)
        };
        let outcome = guarded(&self.member, self.name(), ctx, call, |()| Ok(()));
        if outcome.is_err() {
            self.fill_neutral(items.len(), out);
        }
        outcome
    }

    fn fill_neutral(&self, rows: usize, out: &mut [Vec<f32>]) {
        for (column, output) in out.iter_mut().zip(self.writes()) {
            column.clear();
            column.resize(rows, if output.combine == Combine::Factor { 1.0 } else { 0.0 });
        }
    }

    /// The order acts of a reranker.
    ///
    /// # Errors
    /// Why it took no part.
    ///
    /// # Panics
    /// As [`score`](Self::score), about `list.columns`.
    pub fn rerank(&self, ctx: &CallContext<'_>, list: RankedList<'_>) -> Result<Vec<Act>, Fault> {
        assert_eq!(list.columns.len(), self.reads().len(), "one column for each that {} reads", self.label);
        assert!(list.columns.iter().all(|column| column.len() == list.items.len()), "a value in every row");
        let call = || self.member.prepared.rerank(self.index, &ctx.request, ctx.host, list);
        let judge = |acts: &Vec<Act>| judge_acts(acts, ctx.n_items, &self.member.prepared);
        guarded(&self.member, self.name(), ctx, call, judge)
    }
}

/// Acts name known items and compiled conditions only, and pin where a list can have a position.
pub(super) fn judge_acts(acts: &[Act], n_items: u32, prepared: &Prepared) -> Result<(), String> {
    for act in acts {
        match &act.target {
            Target::Items(items) => {
                if let Some(item) = items.iter().find(|&&item| item >= n_items) {
                    return Err(format!("act `{}` names item {item}, known are those below {n_items}", act.reason));
                }
            }
            Target::Matching(condition) if !prepared.knows(*condition) => {
                return Err(format!(
                    "act `{}` names condition {}, not compiled in this epoch",
                    act.reason, condition.0
                ));
            }
            Target::Matching(_) => {}
        }
        if let Verb::AtLeast { first, .. } = act.verb
            && first > crate::limits::QUOTA_POSITION_MAX
        {
            let max = crate::limits::QUOTA_POSITION_MAX;
            return Err(format!("act `{}` speaks of the first {first} positions, at most {max} allowed", act.reason));
        }
        if let Verb::Pin { position } = act.verb
            && position > crate::limits::PIN_POSITION_MAX
        {
            let max = crate::limits::PIN_POSITION_MAX;
            return Err(format!("act `{}` pins to position {position}, at most {max} allowed", act.reason));
        }
    }
    Ok(())
}

/// Candidates are known items with finite scores.
pub(super) fn judge_candidates(found: &[Candidate], n_items: u32) -> Result<(), String> {
    for (row, candidate) in found.iter().enumerate() {
        if candidate.item >= n_items {
            return Err(format!("candidate {row} is item {}, known are those below {n_items}", candidate.item));
        }
        if !candidate.score.is_finite() {
            return Err(format!("candidate {row} has score {}, must be finite", candidate.score));
        }
    }
    Ok(())
}

/// Columns are finite, factors not negative.
pub(super) fn judge_columns(writes: &[Output], columns: &[&mut [f32]]) -> Result<(), String> {
    for (output, column) in writes.iter().zip(columns) {
        let least = if output.combine == Combine::Factor { 0.0 } else { f32::MIN };
        // Every row, without a way out, so that the loop runs over many at once.
        if column.iter().fold(true, |good, value| good & (*value >= least) & (*value <= f32::MAX)) {
            continue;
        }
        let bad = |value: &f32| !value.is_finite() || *value < least;
        if let Some(row) = column.iter().position(bad) {
            let wanted = if output.combine == Combine::Factor { "finite and not negative" } else { "finite" };
            return Err(format!("column `{}` is {} in row {row}, must be {wanted}", output.name, column[row]));
        }
    }
    Ok(())
}
