//! What does the host lend while a plugin's function runs?
//!
//! A [`Session`] is the host's side of one call: it answers the plugin's questions and takes what the plugin
//! emits, copying and bounding it on the way in. Each shim is behind `catch_unwind`, because a panic of the
//! host must not cross the wall either. Item ids are not checked here; the host's guard does, who knows them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

use super::*;
use crate::limits::*;
use crate::model::*;
use crate::plugin::{CallHost, LogLevel, PrepareHost, Question};
use crate::table::call::{CallError, Described, DescribedRole, Description};

mod conditions;
mod names;

use conditions::*;
use names::{knows, resolve};

/// Where log lines go that belong to no call.
static LOGGER: OnceLock<fn(LogLevel, &str)> = OnceLock::new();

/// Says where plugins' log lines go that belong to no request; only the first call counts.
pub fn set_logger(logger: fn(LogLevel, &str)) {
    let _ = LOGGER.set(logger);
}

fn log_anywhere(level: LogLevel, message: &str) {
    if let Some(logger) = LOGGER.get() {
        logger(level, message);
    }
}

/// What the host answers with.
#[derive(Clone, Copy)]
pub(super) enum Lend<'a> {
    Nothing,
    Prepare(&'a dyn PrepareHost),
    Call(&'a dyn CallHost),
}

/// What the running function may emit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Nothing,
    Description,
    Problems,
    Rewrite,
    Candidates(usize),
    OrderActs,
    Text,
    Columns,
    Bytes,
}

/// The host's side of one running call.
pub(super) struct Session<'a> {
    lend: Lend<'a>,
    expect: Expect,
    /// What the plugin gave as the reason of its failure.
    message: String,
    /// Why the host's last answer was not `PG_OK`.
    last_error: String,
    /// The first thing that was refused.
    refused: Option<String>,
    /// Tokens lent until the call returns; boxed, so that they stay where they are.
    tokens: Vec<(Vec<String>, Box<[PgStr]>)>,
    /// Ids lent until the call returns.
    ids: Vec<Box<[u32]>>,
    act_items: usize,
    pub(super) description: Description,
    pub(super) problems: Vec<Problem>,
    pub(super) query: Option<Query>,
    pub(super) redirect: Option<String>,
    pub(super) acts: Vec<Act>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) text: Option<String>,
    pub(super) columns: Vec<(String, Vec<f32>)>,
    pub(super) bytes: Vec<u8>,
    pub(super) conditions: Vec<ConditionId>,
}

/// Why a host function does not answer `PG_OK`.
enum Refusal {
    /// The plugin broke the contract.
    Refused(String),
    /// The host could not; the plugin may go on.
    Failed(String),
}

type Answer<T = ()> = Result<T, Refusal>;

fn refused<T>(message: impl Into<String>) -> Answer<T> {
    Err(Refusal::Refused(message.into()))
}

impl<'a> Session<'a> {
    pub(super) fn new(lend: Lend<'a>, expect: Expect) -> Self {
        Self {
            lend,
            expect,
            message: String::new(),
            last_error: String::new(),
            refused: None,
            tokens: Vec::new(),
            ids: Vec::new(),
            act_items: 0,
            description: Description::default(),
            problems: Vec::new(),
            query: None,
            redirect: None,
            acts: Vec::new(),
            candidates: Vec::new(),
            text: None,
            columns: Vec::new(),
            bytes: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Runs one function of the plugin with this session and judges its status.
    pub(super) fn run(&mut self, function: impl FnOnce(*const PgCall) -> PgStatus) -> Result<(), CallError> {
        let call = PgCall {
            struct_size: size_of::<PgCall>() as u32,
            reserved: 0,
            host: host_table(),
            context: std::ptr::from_mut(self).cast(),
        };
        let status = function(&raw const call);
        let message = std::mem::take(&mut self.message);
        let or = |text: &str| if message.is_empty() { text.to_owned() } else { message.clone() };
        match (status, self.refused.take()) {
            (PG_PANICKED, _) => Err(CallError::Panicked(or("no message"))),
            (_, Some(refused)) => Err(CallError::BadOutput(refused)),
            (PG_OK, None) => Ok(()),
            (PG_FAILED, None) => Err(CallError::Failed(or("no message"))),
            (PG_REFUSED, None) => Err(CallError::BadOutput(or("the plugin says it was refused, but nothing was"))),
            (PG_UNSUPPORTED, None) => Err(CallError::Unsupported(or("not offered by the plugin"))),
            (other, None) => Err(CallError::BadOutput(format!("status: expected 0 to 4, got {other}"))),
        }
    }

    fn expects(&self, wanted: bool, what: &str) -> Answer {
        if wanted { Ok(()) } else { refused(format!("{what} is not expected from this function")) }
    }

    fn call_host(&self) -> Answer<&'a dyn CallHost> {
        match self.lend {
            Lend::Call(host) => Ok(host),
            _ => refused("this function is lent during requests only"),
        }
    }

    fn log(&self, level: LogLevel, message: &str) {
        match self.lend {
            Lend::Nothing => log_anywhere(level, message),
            Lend::Prepare(host) => host.log(level, message),
            Lend::Call(host) => host.log(level, message),
        }
    }
}

/// Adds to a list that has a bound.
fn push<T>(list: &mut Vec<T>, value: T, max: usize, what: &str) -> Answer {
    if list.len() >= max {
        return refused(format!("more than {max} {what}"));
    }
    list.push(value);
    Ok(())
}

/// Copies a text that has a bound.
///
/// # Safety
/// As [`PgStr::get`].
unsafe fn text(value: PgStr, max: usize, what: &str) -> Answer<String> {
    // SAFETY: passed on to the caller.
    let Some(value) = (unsafe { value.get() }) else {
        return refused(format!("{what} is not UTF-8 text"));
    };
    if value.len() > max {
        return refused(format!("{what} has {} bytes, at most {max} allowed", value.len()));
    }
    Ok(value.to_owned())
}

/// Runs a host function on the session behind `call`.
///
/// # Safety
/// `call` must be null or the call that a running plugin function was given, on that thread.
unsafe fn with(call: *const PgCall, body: impl FnOnce(&mut Session<'_>) -> Answer) -> PgStatus {
    // SAFETY: the caller vouches for the pointer.
    let Some(call) = (unsafe { call.as_ref() }) else {
        return PG_REFUSED;
    };
    // SAFETY: `context` was made from a live `&mut Session` by `Session::run`, which does not touch the session
    // until the plugin returns; a plugin may use its call on one thread only, and host functions do not nest.
    let session = unsafe { &mut *call.context.cast::<Session<'_>>() };
    let outcome = catch_unwind(AssertUnwindSafe(|| body(session)));
    match outcome {
        Ok(Ok(())) => PG_OK,
        Ok(Err(Refusal::Refused(message))) => {
            session.last_error.clone_from(&message);
            session.refused.get_or_insert(message);
            PG_REFUSED
        }
        Ok(Err(Refusal::Failed(message))) => {
            session.last_error = message;
            PG_FAILED
        }
        Err(payload) => {
            session.last_error = "the host panicked".to_owned();
            std::mem::forget(payload);
            PG_FAILED
        }
    }
}

/// The host's table; lives as long as the process.
pub fn host_table() -> *const PgHostTable {
    static TABLE: PgHostTable = PgHostTable {
        struct_size: size_of::<PgHostTable>() as u32,
        abi_minor: crate::handshake::ABI_MINOR,
        log: Some(log),
        fail: Some(fail),
        last_error: Some(last_error),
        emit_contribution: Some(emit_contribution),
        emit_kind: Some(emit_kind),
        emit_question: Some(emit_question),
        emit_problem: Some(emit_problem),
        compile: Some(compile),
        resolve: Some(resolve),
        test: Some(test),
        retrieve: Some(retrieve),
        analyze: Some(analyze),
        begin_query: Some(begin_query),
        emit_group: Some(emit_group),
        emit_alternative: Some(emit_alternative),
        emit_redirect: Some(emit_redirect),
        emit_act: Some(emit_act),
        emit_candidates: Some(emit_candidates),
        emit_text: Some(emit_text),
        emit_column: Some(emit_column),
        emit_bytes: Some(emit_bytes),
        gather: Some(gather),
        compile_relative: Some(compile_relative),
        index: Some(index),
        satisfied: Some(satisfied),
        matching: Some(matching),
        credit: Some(credit),
        confine: Some(confine),
        knows: Some(knows),
    };
    &raw const TABLE
}

fn level(code: u32) -> LogLevel {
    match code {
        0 => LogLevel::Debug,
        1 => LogLevel::Info,
        2 => LogLevel::Warn,
        _ => LogLevel::Error,
    }
}

// In every shim below: SAFETY of `with`, `text` and the views is the contract of the table, which the plugin
// upholds: `call` is the running call, borrowed values live until the shim returns, and out pointers have room
// for what is written to them.

unsafe extern "C" fn log(call: *const PgCall, code: u32, message: PgStr) {
    // SAFETY: see above; only copied.
    let message = unsafe { text(message, MESSAGE_BYTES_MAX, "a log line") }
        .unwrap_or_else(|_| "a log line that is too long or not UTF-8".to_owned());
    if call.is_null() {
        let _ = catch_unwind(|| log_anywhere(level(code), &message));
        return;
    }
    let body = |session: &mut Session<'_>| {
        session.log(level(code), &message);
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) };
}

unsafe extern "C" fn fail(call: *const PgCall, message: PgStr) {
    let body = |session: &mut Session<'_>| {
        // SAFETY: see above.
        let bytes = unsafe { slice(message.data, message.len) }.unwrap_or_default();
        session.message = String::from_utf8_lossy(&bytes[..bytes.len().min(MESSAGE_BYTES_MAX)]).into_owned();
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) };
}

unsafe extern "C" fn last_error(call: *const PgCall) -> PgStr {
    // SAFETY: see above.
    let Some(call) = (unsafe { call.as_ref() }) else {
        return PgStr::lend("the call is null");
    };
    // SAFETY: as in `with`.
    let session = unsafe { &*call.context.cast::<Session<'_>>() };
    PgStr::lend(&session.last_error)
}

unsafe extern "C" fn emit_contribution(call: *const PgCall, contribution: *const PgContribution) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        session.expects(session.expect == Expect::Description, "a contribution")?;
        // SAFETY: see above; a plugin of version 1.0 has the whole struct.
        let Some(given) = (unsafe { contribution.as_ref() }) else {
            return refused("the contribution is null");
        };
        if (given.struct_size as usize) < size_of::<PgContribution>() {
            return refused(format!("contribution of {} bytes is too small", given.struct_size));
        }
        // SAFETY: see above.
        let described = unsafe { read_contribution(given) }?;
        push(&mut session.description.contributions, described, CONTRIBUTIONS_MAX, "contributions")
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

/// # Safety
/// As [`PgStr::get`].
unsafe fn read_contribution(given: &PgContribution) -> Answer<Described> {
    // SAFETY: passed on to the caller, here and below.
    let name = unsafe { text(given.name, NAME_BYTES_MAX, "a contribution's name") }?;
    let all = [ListKind::Search, ListKind::Category, ListKind::Recommendation];
    if name.is_empty() {
        return refused("a contribution has no name");
    }
    if given.lists >> all.len() != 0 {
        return refused(format!("contribution `{name}` names lists {:#b}, which do not exist", given.lists));
    }
    let lists = all.into_iter().filter(|&list| given.lists & (1 << list as u32) != 0).collect();
    // SAFETY: see above.
    let Some(reads) = (unsafe { given.reads.get() }).filter(|reads| reads.len() <= COLUMNS_MAX) else {
        return refused(format!("contribution `{name}` reads more than {COLUMNS_MAX} columns"));
    };
    // SAFETY: see above.
    let read = |column: &PgStr| unsafe { text(*column, 2 * NAME_BYTES_MAX, "a column's name") };
    let reads = reads.iter().map(read).collect::<Answer<Vec<_>>>()?;
    // SAFETY: see above.
    let Some(writes) = (unsafe { slice(given.writes, given.writes_len) }).filter(|w| w.len() <= COLUMNS_MAX) else {
        return refused(format!("contribution `{name}` writes more than {COLUMNS_MAX} columns"));
    };
    // SAFETY: see above.
    let writes = writes.iter().map(|output| unsafe { read_output(output) }).collect::<Answer<Vec<_>>>()?;
    let role = match given.role {
        PG_REWRITER => DescribedRole::Rewriter,
        PG_RETRIEVER => DescribedRole::Retriever,
        PG_SCORER => {
            let phase = match given.phase {
                1 => Phase::All,
                2 => Phase::Window,
                other => return refused(format!("phase of `{name}`: expected 1 or 2, got {other}")),
            };
            DescribedRole::Scorer { phase, reads, writes }
        }
        PG_RERANKER => DescribedRole::Reranker { reads, window: given.window },
        PG_OBSERVER => DescribedRole::Observer,
        other => return refused(format!("role of `{name}`: expected 1 to 5, got {other}")),
    };
    Ok(Described { name, lists, role })
}

/// # Safety
/// As [`PgStr::get`].
unsafe fn read_output(output: &PgOutput) -> Answer<Output> {
    // SAFETY: passed on to the caller.
    let name = unsafe { text(output.name, NAME_BYTES_MAX, "a column's name") }?;
    let combine = match output.combine {
        1 => Combine::Add,
        2 => Combine::Factor,
        3 => Combine::Feature,
        other => return refused(format!("combine of column `{name}`: expected 1 to 3, got {other}")),
    };
    Ok(Output { name, combine })
}

unsafe extern "C" fn emit_kind(call: *const PgCall, name: PgStr, schema: PgStr) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        session.expects(session.expect == Expect::Description, "a kind")?;
        // SAFETY: see above.
        let name = unsafe { text(name, NAME_BYTES_MAX, "a kind's name") }?;
        // SAFETY: see above.
        let schema = unsafe { text(schema, SCHEMA_BYTES_MAX, "a kind's schema") }?;
        if !crate::handshake::is_name(name.as_bytes()) {
            return refused(format!("kind: expected lower-case words joined by hyphens, got `{name}`"));
        }
        push(&mut session.description.kinds, ConfigKind { name, schema }, KINDS_MAX, "kinds")
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn emit_question(call: *const PgCall, kind: PgStr, name: PgStr, about: PgStr) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        session.expects(session.expect == Expect::Description, "a question")?;
        // SAFETY: see above.
        let kind = unsafe { text(kind, NAME_BYTES_MAX, "a question's kind") }?;
        // SAFETY: see above.
        let name = unsafe { text(name, NAME_BYTES_MAX, "a question's name") }?;
        // SAFETY: see above.
        let about = unsafe { text(about, TEXT_BYTES_MAX, "a question's description") }?;
        push(&mut session.description.questions, Question { kind, name, about }, QUESTIONS_MAX, "questions")
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn emit_problem(call: *const PgCall, pointer: PgStr, message: PgStr, allowed: PgStr) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        session.expects(session.expect == Expect::Problems, "a problem")?;
        // SAFETY: see above.
        let pointer = unsafe { text(pointer, MESSAGE_BYTES_MAX, "a problem's pointer") }?;
        // SAFETY: see above.
        let message = unsafe { text(message, MESSAGE_BYTES_MAX, "a problem's message") }?;
        // SAFETY: see above.
        let allowed = unsafe { text(allowed, MESSAGE_BYTES_MAX, "a problem's remedy") }?;
        push(&mut session.problems, Problem { pointer, message, allowed }, PROBLEMS_MAX, "problems")
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn retrieve(
    call: *const PgCall,
    source: PgStr,
    anchors: PgU32s,
    k: usize,
    out: *mut PgCandidate,
    out_len: *mut usize,
) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let host = session.call_host()?;
        if k > CANDIDATES_MAX {
            return refused(format!("k is {k}, at most {CANDIDATES_MAX} allowed"));
        }
        // SAFETY: see above.
        let source = unsafe { text(source, NAME_BYTES_MAX, "a source") }?;
        // SAFETY: see above.
        let Some(anchors) = (unsafe { anchors.get() }) else {
            return refused("anchors are no slice");
        };
        let found = host.retrieve(&source, anchors, k).map_err(|failure| Refusal::Failed(failure.0))?;
        let len = found.len().min(k);
        for (index, candidate) in found.into_iter().take(k).enumerate() {
            let candidate = PgCandidate { item: candidate.item, score: candidate.score };
            // SAFETY: the plugin gives room for `k` candidates.
            unsafe { out.add(index).write(candidate) };
        }
        // SAFETY: the plugin gives room for one number.
        unsafe { out_len.write(len) };
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn analyze(call: *const PgCall, given: PgStr, out: *mut PgStrs) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let host = session.call_host()?;
        // SAFETY: see above.
        let given = unsafe { text(given, SCHEMA_BYTES_MAX, "a text") }?;
        let tokens = host.analyze(&given);
        let lent: Box<[PgStr]> = tokens.iter().map(|token| PgStr::lend(token)).collect();
        // SAFETY: the plugin gives room for one value; the tokens move into the session, their heap memory stays.
        unsafe { out.write(PgStrs::lend(&lent)) };
        session.tokens.push((tokens, lent));
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn gather(call: *const PgCall, column: PgStr, items: PgU32s, out: *mut f32) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let host = session.call_host()?;
        // SAFETY: see above.
        let column = unsafe { text(column, NAME_BYTES_MAX, "a column") }?;
        // SAFETY: see above.
        let Some(items) = (unsafe { items.get() }) else {
            return refused("items are no slice");
        };
        let values = host.gather(&column, items).map_err(|failure| Refusal::Failed(failure.0))?;
        for (index, value) in values.into_iter().take(items.len()).enumerate() {
            // SAFETY: the plugin gives room for one value an item.
            unsafe { out.add(index).write(value) };
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn begin_query(call: *const PgCall) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        session.expects(session.expect == Expect::Rewrite, "a query")?;
        session.query = Some(Query::default());
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn emit_group(call: *const PgCall) -> PgStatus {
    let body = |session: &mut Session<'_>| match &mut session.query {
        Some(query) => push(&mut query.groups, TermGroup::default(), GROUPS_MAX, "term groups"),
        None => refused("a term group before the query was begun"),
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn emit_alternative(call: *const PgCall, alternative: *const PgAlternative) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        // SAFETY: see above; frozen, so the size is known.
        let Some(given) = (unsafe { alternative.as_ref() }) else {
            return refused("the alternative is null");
        };
        let Some(group) = session.query.as_mut().and_then(|query| query.groups.last_mut()) else {
            return refused("an alternative before a term group was begun");
        };
        // SAFETY: see above.
        let text = unsafe { text(given.text, TEXT_BYTES_MAX, "an alternative") }?;
        if !(given.weight > 0.0 && given.weight <= 1.0) {
            return refused(format!("weight of `{text}` is {}, must be in (0, 1]", given.weight));
        }
        let alternative = Alternative { text, weight: given.weight, prefix: given.prefix != 0 };
        push(&mut group.alternatives, alternative, ALTERNATIVES_MAX, "alternatives of one term group")
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn emit_redirect(call: *const PgCall, target: PgStr) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        session.expects(session.expect == Expect::Rewrite, "a redirect")?;
        // SAFETY: see above.
        session.redirect = Some(unsafe { text(target, TEXT_BYTES_MAX, "a redirect") }?);
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn emit_act(call: *const PgCall, act: *const PgAct) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        if act.is_null() || !act.is_aligned() {
            return refused("the act is null or not aligned");
        }
        // SAFETY: see above; not null, and every act begins with its size.
        let Some(given) = (unsafe { PgAct::read(act) }) else {
            return refused(format!("the act has less than {} bytes", PgAct::SIZE_MIN));
        };
        // SAFETY: see above.
        let act = unsafe { read_act(&given, &mut session.act_items) }?;
        let allowed = match session.expect {
            Expect::Rewrite => true,
            Expect::OrderActs => act.verb.changes_order(),
            _ => false,
        };
        session
            .expects(allowed, if act.verb.changes_order() { "an order act" } else { "an act that changes no order" })?;
        push(&mut session.acts, act, ACTS_MAX, "acts")
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

/// # Safety
/// As [`PgStr::get`].
unsafe fn read_act(given: &PgAct, act_items: &mut usize) -> Answer<Act> {
    let verb = match given.verb {
        PG_HIDE => Verb::Hide,
        PG_INCLUDE => Verb::Include,
        PG_FILTER => Verb::Filter,
        PG_PIN => Verb::Pin { position: given.position },
        PG_BOOST if given.factor.is_finite() && given.factor > 0.0 => Verb::Boost { factor: given.factor },
        PG_BOOST => return refused(format!("factor of a boost is {}, must be finite and above 0", given.factor)),
        PG_BURY => Verb::Bury,
        PG_RAISE => Verb::Raise,
        PG_AT_LEAST if (1..=given.first).contains(&given.count) => {
            Verb::AtLeast { count: given.count, first: given.first }
        }
        PG_AT_LEAST => {
            return refused(format!("at least {} of the first {}, must be 1 to that many", given.count, given.first));
        }
        PG_AT_MOST_IN_ROW if given.count > 0 => {
            // SAFETY: passed on to the caller.
            let attribute = unsafe { text(given.text, TEXT_BYTES_MAX, "an act's attribute") }?;
            Verb::AtMostInRow { count: given.count, attribute }
        }
        PG_AT_MOST_IN_ROW => return refused("at most 0 in a row, must be 1 or more"),
        // SAFETY: passed on to the caller.
        PG_BANNER => Verb::Banner { text: unsafe { text(given.text, TEXT_BYTES_MAX, "a banner") }? },
        PG_NOTE => Verb::Note,
        other => return refused(format!("verb: expected 1 to 11, got {other}")),
    };
    let target = if given.condition == PG_NO_CONDITION {
        // SAFETY: passed on to the caller.
        let Some(items) = (unsafe { given.items.get() }) else {
            return refused("the items of an act are no slice");
        };
        *act_items += items.len();
        if *act_items > ACT_ITEMS_MAX {
            return refused(format!("acts name more than {ACT_ITEMS_MAX} items together"));
        }
        Target::Items(items.to_vec())
    } else {
        Target::Matching(ConditionId(given.condition))
    };
    // SAFETY: passed on to the caller.
    let reason = unsafe { text(given.reason, TEXT_BYTES_MAX, "an act's reason") }?;
    Ok(Act { verb, target, reason })
}

unsafe extern "C" fn emit_candidates(call: *const PgCall, candidates: *const PgCandidate, len: usize) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let Expect::Candidates(k) = session.expect else {
            return refused("candidates are not expected from this function");
        };
        // SAFETY: see above.
        let Some(given) = (unsafe { slice(candidates, len) }) else {
            return refused("candidates are no slice");
        };
        if session.candidates.len() + given.len() > k {
            let got = session.candidates.len() + given.len();
            return refused(format!("{got} candidates, at most {k} were asked for"));
        }
        session.candidates.extend(given.iter().map(|c| Candidate { item: c.item, score: c.score }));
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn emit_text(call: *const PgCall, given: PgStr) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        session.expects(session.expect == Expect::Text, "text")?;
        // SAFETY: see above.
        session.text = Some(unsafe { text(given, ANSWER_BYTES_MAX, "the answer") }?);
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn emit_column(call: *const PgCall, name: PgStr, values: PgF32s) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        session.expects(session.expect == Expect::Columns, "a column")?;
        // SAFETY: see above.
        let name = unsafe { text(name, NAME_BYTES_MAX, "a column's name") }?;
        // SAFETY: see above.
        let Some(values) = (unsafe { values.get() }) else {
            return refused(format!("column `{name}` is no slice"));
        };
        push(&mut session.columns, (name, values.to_vec()), COLUMNS_MAX, "columns")
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

unsafe extern "C" fn emit_bytes(call: *const PgCall, bytes: PgBytes) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        session.expects(session.expect == Expect::Bytes, "state")?;
        // SAFETY: see above.
        let Some(bytes) = (unsafe { bytes.get() }) else {
            return refused("the state is no slice");
        };
        if session.bytes.len().saturating_add(bytes.len()) > STATE_BYTES_MAX {
            return refused(format!("the state has more than {STATE_BYTES_MAX} bytes"));
        }
        session.bytes.extend_from_slice(bytes);
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}
