//! How does a Rust plugin see what the host lends?
//!
//! [`LentHost`] is the host's table as the safe traits; the functions turn C structs into the model's types.
//! Nothing is copied but the small vectors that hold borrowed texts and columns.

use crate::layout::*;
use crate::model::*;
use crate::plugin::*;
use crate::table::{PgCall, PgHostTable};

/// The running call, as a plugin may use it. Neither `Send` nor `Sync`: a call belongs to its thread.
pub(super) struct LentHost {
    call: *const PgCall,
    table: PgHostTable,
}

/// One function of the host, or the failure that it has none.
macro_rules! lent {
    ($host:expr, $field:ident) => {
        $host.table.$field.ok_or_else(|| Failure(concat!("the host has no `", stringify!($field), "`").to_owned()))
    };
}

impl LentHost {
    /// # Safety
    /// `call` must be null or the running call, and outlive the value.
    pub(super) unsafe fn new(call: *const PgCall) -> Option<Self> {
        // SAFETY: passed on to the caller; the host's table lives as long as the process and, by the handshake,
        // is at least as long as ours.
        let table = unsafe { *call.as_ref()?.host.as_ref()? };
        Some(Self { call, table })
    }

    pub(super) fn fail(&self, message: &str) {
        if let Some(fail) = self.table.fail {
            // SAFETY: the call is running.
            unsafe { fail(self.call, PgStr::lend(message)) };
        }
    }

    /// Turns the host's status into an outcome, with the host's own words.
    fn outcome(&self, status: PgStatus) -> Outcome {
        if status == PG_OK {
            return Ok(());
        }
        // SAFETY: the call is running.
        let error = self.table.last_error.and_then(|last_error| unsafe { last_error(self.call).get() });
        Err(Failure(error.unwrap_or("the host gave no reason").to_owned()))
    }

    pub(super) fn emit_contribution<P>(&self, contribution: &Contribution<P>) -> Outcome {
        let emit = lent!(self, emit_contribution)?;
        let none: (&[String], &[Output]) = (&[], &[]);
        let (role, phase, window, (reads, writes)) = match &contribution.role {
            Role::Rewriter(_) => (PG_REWRITER, 0, 0, none),
            Role::Retriever(_) => (PG_RETRIEVER, 0, 0, none),
            Role::Scorer { phase, reads, writes, .. } => (PG_SCORER, *phase as u32, 0, (&reads[..], &writes[..])),
            Role::Reranker { reads, window, .. } => (PG_RERANKER, 0, *window, (&reads[..], none.1)),
            Role::Observer(_) => (PG_OBSERVER, 0, 0, none),
        };
        let reads: Vec<PgStr> = reads.iter().map(|name| PgStr::lend(name)).collect();
        let output = |o: &Output| PgOutput { name: PgStr::lend(&o.name), combine: o.combine as u32, reserved: 0 };
        let writes: Vec<PgOutput> = writes.iter().map(output).collect();
        let lent = PgContribution {
            struct_size: size_of::<PgContribution>() as u32,
            role,
            name: PgStr::lend(&contribution.name),
            lists: contribution.lists.iter().fold(0, |bits, &list| bits | 1 << list as u32),
            phase,
            window,
            reserved: 0,
            reads: PgStrs::lend(&reads),
            writes: writes.as_ptr(),
            writes_len: writes.len(),
        };
        // SAFETY: the call is running and copies what it is given.
        self.outcome(unsafe { emit(self.call, &raw const lent) })
    }

    pub(super) fn emit_kind(&self, kind: &ConfigKind) -> Outcome {
        let emit = lent!(self, emit_kind)?;
        // SAFETY: as above.
        self.outcome(unsafe { emit(self.call, PgStr::lend(&kind.name), PgStr::lend(&kind.schema)) })
    }

    pub(super) fn emit_question(&self, question: &Question) -> Outcome {
        let emit = lent!(self, emit_question)?;
        let (kind, name) = (PgStr::lend(&question.kind), PgStr::lend(&question.name));
        // SAFETY: as above.
        self.outcome(unsafe { emit(self.call, kind, name, PgStr::lend(&question.about)) })
    }

    pub(super) fn emit_problem(&self, problem: &Problem) -> Outcome {
        let emit = lent!(self, emit_problem)?;
        let (pointer, message) = (PgStr::lend(&problem.pointer), PgStr::lend(&problem.message));
        // SAFETY: as above.
        self.outcome(unsafe { emit(self.call, pointer, message, PgStr::lend(&problem.allowed)) })
    }

    pub(super) fn emit_query(&self, query: &Query) -> Outcome {
        let begin = lent!(self, begin_query)?;
        let emit_group = lent!(self, emit_group)?;
        let emit_alternative = lent!(self, emit_alternative)?;
        // SAFETY: as above, here and below.
        self.outcome(unsafe { begin(self.call) })?;
        for group in &query.groups {
            // SAFETY: as above.
            self.outcome(unsafe { emit_group(self.call) })?;
            for alternative in &group.alternatives {
                let lent = PgAlternative {
                    text: PgStr::lend(&alternative.text),
                    weight: alternative.weight,
                    prefix: u32::from(alternative.prefix),
                };
                // SAFETY: as above.
                self.outcome(unsafe { emit_alternative(self.call, &raw const lent) })?;
            }
        }
        if let Some(redirect) = &query.redirect {
            let emit_redirect = lent!(self, emit_redirect)?;
            // SAFETY: as above.
            self.outcome(unsafe { emit_redirect(self.call, PgStr::lend(redirect)) })?;
        }
        Ok(())
    }

    pub(super) fn emit_act(&self, act: &Act) -> Outcome {
        let emit = lent!(self, emit_act)?;
        let (verb, position, factor) = match &act.verb {
            Verb::Hide => (PG_HIDE, 0, 1.0),
            Verb::Include => (PG_INCLUDE, 0, 1.0),
            Verb::Filter => (PG_FILTER, 0, 1.0),
            Verb::Pin { position } => (PG_PIN, *position, 1.0),
            Verb::Boost { factor } => (PG_BOOST, 0, *factor),
            Verb::Bury => (PG_BURY, 0, 1.0),
            Verb::Raise => (PG_RAISE, 0, 1.0),
            Verb::AtLeast { .. } => (PG_AT_LEAST, 0, 1.0),
            Verb::AtMostInRow { .. } => (PG_AT_MOST_IN_ROW, 0, 1.0),
            Verb::Banner { .. } => (PG_BANNER, 0, 1.0),
            Verb::Note => (PG_NOTE, 0, 1.0),
        };
        let (count, first, text) = match &act.verb {
            Verb::AtLeast { count, first } => (*count, *first, ""),
            Verb::AtMostInRow { count, attribute } => (*count, 0, attribute.as_str()),
            Verb::Banner { text } => (0, 0, text.as_str()),
            _ => (0, 0, ""),
        };
        let (condition, items): (u32, &[u32]) = match &act.target {
            Target::Items(items) => (PG_NO_CONDITION, items),
            Target::Matching(condition) => (condition.0, &[]),
        };
        let lent = PgAct {
            struct_size: size_of::<PgAct>() as u32,
            verb,
            position,
            factor,
            condition,
            reserved: 0,
            items: PgU32s::lend(items),
            reason: PgStr::lend(&act.reason),
            count,
            first,
            text: PgStr::lend(text),
        };
        // SAFETY: as above.
        self.outcome(unsafe { emit(self.call, &raw const lent) })
    }

    pub(super) fn emit_candidates(&self, candidates: &[Candidate]) -> Outcome {
        let emit = lent!(self, emit_candidates)?;
        let candidate = |c: &Candidate| PgCandidate { item: c.item, score: c.score };
        let lent: Vec<PgCandidate> = candidates.iter().map(candidate).collect();
        // SAFETY: as above.
        self.outcome(unsafe { emit(self.call, lent.as_ptr(), lent.len()) })
    }

    pub(super) fn emit_text(&self, text: &str) -> Outcome {
        let emit = lent!(self, emit_text)?;
        // SAFETY: as above.
        self.outcome(unsafe { emit(self.call, PgStr::lend(text)) })
    }

    pub(super) fn emit_column(&self, name: &str, values: &[f32]) -> Outcome {
        let emit = lent!(self, emit_column)?;
        // SAFETY: as above.
        self.outcome(unsafe { emit(self.call, PgStr::lend(name), PgF32s::lend(values)) })
    }

    pub(super) fn emit_bytes(&self, bytes: &[u8]) -> Outcome {
        let emit = lent!(self, emit_bytes)?;
        // SAFETY: as above.
        self.outcome(unsafe { emit(self.call, PgBytes::lend(bytes)) })
    }

    fn write_log(&self, level: LogLevel, message: &str) {
        if let Some(log) = self.table.log {
            // SAFETY: the call is running.
            unsafe { log(self.call, level as u32, PgStr::lend(message)) };
        }
    }
}

impl PrepareHost for LentHost {
    fn compile(&self, condition: &str) -> Outcome<ConditionId> {
        let compile = lent!(self, compile)?;
        let mut id = 0;
        // SAFETY: the call is running; `id` has room for one id.
        self.outcome(unsafe { compile(self.call, PgStr::lend(condition), &raw mut id) })?;
        Ok(ConditionId(id))
    }

    fn compile_relative(&self, condition: &str) -> Outcome<ConditionId> {
        let compile = lent!(self, compile_relative)?;
        let mut id = 0;
        // SAFETY: as in `compile`.
        self.outcome(unsafe { compile(self.call, PgStr::lend(condition), &raw mut id) })?;
        Ok(ConditionId(id))
    }

    fn index(&self, conditions: &[ConditionId]) -> Outcome {
        let index = lent!(self, index)?;
        let ids: Vec<u32> = conditions.iter().map(|id| id.0).collect();
        // SAFETY: the call is running and copies what it is given.
        self.outcome(unsafe { index(self.call, PgU32s::lend(&ids)) })
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.write_log(level, message);
    }
}

impl CallHost for LentHost {
    fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
        let mut out = vec![PG_NO_ITEM; skus.len()];
        if let Some(resolve) = self.table.resolve {
            let skus: Vec<PgStr> = skus.iter().map(|sku| PgStr::lend(sku)).collect();
            // SAFETY: the call is running; `out` has room for one id a sku. A refusal leaves them unknown.
            unsafe { resolve(self.call, PgStrs::lend(&skus), out.as_mut_ptr()) };
        }
        out.into_iter().map(|item| (item != PG_NO_ITEM).then_some(item)).collect()
    }

    fn test(&self, condition: ConditionId, items: &[u32]) -> Vec<bool> {
        let mut out = vec![0u8; items.len()];
        if let Some(test) = self.table.test {
            // SAFETY: the call is running; `out` has room for one byte an item. A refusal leaves them false.
            unsafe { test(self.call, condition.0, PgU32s::lend(items), out.as_mut_ptr()) };
        }
        out.into_iter().map(|answer| answer != 0).collect()
    }

    fn retrieve(&self, source: &str, anchors: &[u32], k: usize) -> Outcome<Vec<Candidate>> {
        let retrieve = lent!(self, retrieve)?;
        if k > crate::limits::CANDIDATES_MAX {
            return Err(Failure(format!("k is {k}, at most {} allowed", crate::limits::CANDIDATES_MAX)));
        }
        let mut found = vec![PgCandidate { item: PG_NO_ITEM, score: 0.0 }; k];
        let mut len = 0;
        let (source, anchors) = (PgStr::lend(source), PgU32s::lend(anchors));
        // SAFETY: the call is running; `found` has room for `k` candidates.
        self.outcome(unsafe { retrieve(self.call, source, anchors, k, found.as_mut_ptr(), &raw mut len) })?;
        found.truncate(len);
        Ok(found.into_iter().map(|c| Candidate { item: c.item, score: c.score }).collect())
    }

    fn analyze(&self, text: &str) -> Vec<String> {
        let mut out = PgStrs { data: std::ptr::null(), len: 0 };
        if let Some(analyze) = self.table.analyze {
            // SAFETY: the call is running; a refusal leaves `out` empty.
            unsafe { analyze(self.call, PgStr::lend(text), &raw mut out) };
        }
        // SAFETY: the host keeps the tokens until the call ends; they are copied now.
        unsafe { out.texts() }.unwrap_or_default().into_iter().map(str::to_owned).collect()
    }

    fn gather(&self, column: &str, items: &[u32]) -> Outcome<Vec<f32>> {
        let gather = lent!(self, gather)?;
        let mut out = vec![f32::NAN; items.len()];
        // SAFETY: the call is running; `out` has room for one value an item.
        self.outcome(unsafe { gather(self.call, PgStr::lend(column), PgU32s::lend(items), out.as_mut_ptr()) })?;
        Ok(out)
    }

    fn satisfied(&self, item: u32) -> Outcome<Vec<ConditionId>> {
        let satisfied = lent!(self, satisfied)?;
        let mut out = PgU32s { data: std::ptr::null(), len: 0 };
        // SAFETY: the call is running; a refusal leaves `out` empty.
        self.outcome(unsafe { satisfied(self.call, item, &raw mut out) })?;
        // SAFETY: the host keeps the ids until the call ends; they are copied now.
        Ok(unsafe { out.get() }.unwrap_or_default().iter().copied().map(ConditionId).collect())
    }

    fn matching(&self, condition: ConditionId, anchors: &[u32], k: usize) -> Outcome<Vec<u32>> {
        let matching = lent!(self, matching)?;
        let mut out = PgU32s { data: std::ptr::null(), len: 0 };
        // SAFETY: as in `satisfied`.
        self.outcome(unsafe { matching(self.call, condition.0, PgU32s::lend(anchors), k, &raw mut out) })?;
        // SAFETY: as in `satisfied`.
        Ok(unsafe { out.get() }.unwrap_or_default().to_vec())
    }

    fn credit(&self, source: &str, items: &[u32]) -> Outcome {
        let credit = lent!(self, credit)?;
        // SAFETY: the call is running and copies what it is given.
        self.outcome(unsafe { credit(self.call, PgStr::lend(source), PgU32s::lend(items)) })
    }

    fn confine(&self, source: &str, condition: ConditionId, anchors: &[u32]) -> Outcome {
        let confine = lent!(self, confine)?;
        // SAFETY: the call is running and copies what it is given.
        self.outcome(unsafe { confine(self.call, PgStr::lend(source), condition.0, PgU32s::lend(anchors)) })
    }

    fn knows(&self, sort: &str, names: &[&str]) -> Outcome<Vec<bool>> {
        let knows = lent!(self, knows)?;
        let mut out = vec![1u8; names.len()];
        let names: Vec<PgStr> = names.iter().map(|name| PgStr::lend(name)).collect();
        // SAFETY: the call is running; `out` has room for one byte a name.
        self.outcome(unsafe { knows(self.call, PgStr::lend(sort), PgStrs::lend(&names), out.as_mut_ptr()) })?;
        Ok(out.into_iter().map(|known| known != 0).collect())
    }

    fn log(&self, level: LogLevel, message: &str) {
        self.write_log(level, message);
    }
}

/// The request, or `None` when a text or slice in it is not one.
///
/// # Safety
/// The struct comes from the host of a running call, and `'a` does not outlive that call.
pub(super) unsafe fn request<'a>(
    lent: &PgRequest,
    audiences: &'a [&'a str],
    filters: &'a [&'a str],
) -> Option<Request<'a>> {
    // SAFETY: passed on to the caller, here and below.
    let text = |value: PgStr| unsafe { value.get() };
    // SAFETY: passed on to the caller.
    let items = |value: PgU32s| unsafe { value.get() };
    Some(Request {
        kind: match lent.kind {
            0 => ListKind::Search,
            1 => ListKind::Category,
            2 => ListKind::Recommendation,
            _ => return None,
        },
        text: text(lent.text)?,
        store_view: text(lent.store_view)?,
        locale: text(lent.locale)?,
        category: text(lent.category)?,
        unit: text(lent.unit)?,
        unit_type: text(lent.unit_type)?,
        page_type: text(lent.page_type)?,
        customer_group: text(lent.customer_group)?,
        audiences,
        anchors: items(lent.anchors)?,
        cart: items(lent.cart)?,
        recent: items(lent.recent)?,
        purchased: items(lent.purchased)?,
        now_ms: lent.now_ms,
        seed: lent.seed,
        explicit_sort: lent.explicit_sort != 0,
        warmth: Warmth::from_code(lent.warmth),
        device: text(lent.device)?,
        filters,
    })
}

/// The query, copied, or `None` when a text or slice in it is not one.
///
/// # Safety
/// As [`request`].
pub(super) unsafe fn query(lent: &PgQuery) -> Option<Query> {
    // SAFETY: passed on to the caller, here and below.
    let groups = unsafe { slice(lent.data, lent.len) }?;
    let group = |group: &PgTermGroup| {
        // SAFETY: passed on to the caller.
        let alternatives = unsafe { group.get() }?;
        let alternative = |a: &PgAlternative| {
            // SAFETY: passed on to the caller.
            let text = unsafe { a.text.get() }?.to_owned();
            Some(Alternative { text, weight: a.weight, prefix: a.prefix != 0 })
        };
        Some(TermGroup { alternatives: alternatives.iter().map(alternative).collect::<Option<_>>()? })
    };
    let groups = groups.iter().map(group).collect::<Option<_>>()?;
    // SAFETY: passed on to the caller.
    let redirect = unsafe { lent.redirect.get() }?;
    Some(Query { groups, redirect: (lent.has_redirect != 0).then(|| redirect.to_owned()) })
}

/// The columns lent for writing, or `None` when one is not `[rows]`.
///
/// # Safety
/// As [`request`], and the columns do not overlap and are lent to this call alone.
pub(super) unsafe fn columns_mut<'a>(lent: PgColumnsMut, rows: usize) -> Option<Vec<&'a mut [f32]>> {
    // SAFETY: passed on to the caller.
    let columns = unsafe { lent.get() }?;
    // SAFETY: passed on to the caller.
    columns.iter().map(|column| unsafe { column.get() }.filter(|c| c.len() == rows)).collect()
}

/// The events, or `None` when the slices differ in length.
///
/// # Safety
/// As [`request`].
pub(super) unsafe fn events<'a>(lent: &PgEventBatch) -> Option<EventBatch<'a>> {
    // SAFETY: passed on to the caller, here and below.
    let events = unsafe {
        EventBatch {
            seqs: lent.seqs.get()?,
            times_ms: lent.times_ms.get()?,
            kinds: lent.kinds.get()?,
            items: lent.items.get()?,
            sessions: lent.sessions.get()?,
            visitors: lent.visitors.get()?,
            quantities: lent.quantities.get()?,
        }
    };
    let n = events.seqs.len();
    let lengths = [events.times_ms.len(), events.kinds.len(), events.items.len(), events.sessions.len()];
    let same = lengths.iter().all(|&len| len == n) && events.visitors.len() == n && events.quantities.len() == n;
    same.then_some(events)
}
