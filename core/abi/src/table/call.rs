//! How does the host call a plugin without being unsafe about it?
//!
//! [`PluginRef`] is a table that was vouched for once; everything after that is safe to call. Handles own what
//! the plugin made and give it back exactly once, prepared states before their instance. The wrappers read
//! `struct_size` before they read a function, hand out borrowed memory only, and turn a status into a
//! [`CallError`]. What a result *means* (known items, finite numbers) is judged by the host's guard.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Arc;

use super::lend::{Expect, Lend, Session};
use super::*;
use crate::model::*;
use crate::plugin::{CallHost, PrepareHost, Question, Rewrite};

/// Why a call gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// The plugin says it could not.
    Failed(String),
    /// The plugin panicked; the shim stopped it.
    Panicked(String),
    /// The plugin broke the contract.
    BadOutput(String),
    /// The plugin does not offer the function.
    Unsupported(String),
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(message) => write!(f, "failed: {message}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::BadOutput(message) => write!(f, "bad output: {message}"),
            Self::Unsupported(message) => write!(f, "unsupported: {message}"),
        }
    }
}

impl std::error::Error for CallError {}

/// Why a table is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError(pub String);

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TableError {}

/// One contribution as its plugin describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Name, unique within the plugin.
    pub name: String,
    /// The lists it takes part in; empty means all.
    pub lists: Vec<ListKind>,
    /// What it does and needs.
    pub role: DescribedRole,
}

impl Described {
    /// Whether it takes part in this list.
    pub fn takes_part_in(&self, list: ListKind) -> bool {
        self.lists.is_empty() || self.lists.contains(&list)
    }
}

/// [`crate::Role`] without the functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DescribedRole {
    /// Query understanding.
    Rewriter,
    /// Candidate generation.
    Retriever,
    /// Ranking.
    Scorer {
        /// When it runs.
        phase: Phase,
        /// Columns it reads.
        reads: Vec<String>,
        /// Columns it writes.
        writes: Vec<Output>,
    },
    /// Re-ranking.
    Reranker {
        /// Columns it reads.
        reads: Vec<String>,
        /// Items of the head it wants to see.
        window: u32,
    },
    /// Learning.
    Observer,
}

impl DescribedRole {
    /// In a word: `rewriter`, `retriever`, `scorer`, `reranker`, `observer`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Rewriter => "rewriter",
            Self::Retriever => "retriever",
            Self::Scorer { .. } => "scorer",
            Self::Reranker { .. } => "reranker",
            Self::Observer => "observer",
        }
    }
}

/// Everything a plugin says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Contributions; their index is what the table's functions take.
    pub contributions: Vec<Described>,
    /// Kinds of configuration document it owns.
    pub kinds: Vec<ConfigKind>,
    /// Questions it answers.
    pub questions: Vec<Question>,
}

/// A plugin's table, vouched for.
#[derive(Clone, Copy, Debug)]
pub struct PluginRef(*const PgPluginTable);

// SAFETY: the table is read-only and lives as long as the process, as `PluginRef::new` demands.
unsafe impl Send for PluginRef {}
// SAFETY: as above; its functions may be called from any thread.
unsafe impl Sync for PluginRef {}

/// Reads one function of a table that may be shorter than ours.
macro_rules! function {
    ($plugin:expr, $field:ident) => {{
        let table = $plugin.0;
        // SAFETY: every table begins with its size; `PluginRef::new` has seen that the pointer is good.
        let size = unsafe { (*table).struct_size } as usize;
        let end = std::mem::offset_of!(PgPluginTable, $field) + size_of::<usize>();
        // SAFETY: the field lies inside the table, by the size just read.
        let found = if end <= size { unsafe { (*table).$field } } else { None };
        found.ok_or_else(|| CallError::Unsupported(concat!("the plugin has no `", stringify!($field), "`").to_owned()))
    }};
}

impl PluginRef {
    /// Vouches for a table.
    ///
    /// # Errors
    /// When the pointer is null or the table is smaller than that of version 1.0.
    ///
    /// # Safety
    /// `table` must be null, or point to a plugin table that begins with its true size, lives and stays
    /// unchanged as long as the process, and whose functions keep the promises written at [`PgPluginTable`].
    pub unsafe fn new(table: *const PgPluginTable) -> Result<Self, TableError> {
        if table.is_null() || !table.is_aligned() {
            return Err(TableError("the entry function returned no table".to_owned()));
        }
        // SAFETY: not null; the caller vouches that it begins with its size.
        let size = unsafe { (*table).struct_size } as usize;
        if size < PLUGIN_TABLE_SIZE_MIN {
            return Err(TableError(format!("table size: expected at least {PLUGIN_TABLE_SIZE_MIN} bytes, got {size}")));
        }
        Ok(Self(table))
    }

    /// The record behind the table, to be compared with the one read from the file.
    pub fn handshake_bytes(&self) -> Option<Vec<u8>> {
        // SAFETY: part of every table since version 1.0.
        let record = unsafe { (*self.0).handshake };
        // SAFETY: the table's promise: null or a record that lives as long as the process.
        unsafe { record.as_ref() }.map(crate::handshake::to_bytes)
    }

    /// Makes an instance from settings (a JSON object).
    ///
    /// # Errors
    /// What the plugin says is wrong with them, or how it broke.
    pub fn configure(self, settings: &str) -> Result<Instance, CallError> {
        let configure = function!(self, configure)?;
        let mut pointer = null_mut();
        let mut session = Session::new(Lend::Nothing, Expect::Nothing);
        // SAFETY: arguments live until the function returns.
        let outcome = session.run(|call| unsafe { configure(call, PgStr::lend(settings), &raw mut pointer) });
        // Owned before the outcome is looked at, so that an instance that came with an error is freed, too.
        let instance = Instance { plugin: self, pointer };
        outcome?;
        Ok(instance)
    }
}

/// A configured plugin. Dropping it frees it.
#[derive(Debug)]
pub struct Instance {
    plugin: PluginRef,
    pointer: *mut c_void,
}

// SAFETY: the table's promise: functions of one instance may be called from several threads at once.
unsafe impl Send for Instance {}
// SAFETY: as above.
unsafe impl Sync for Instance {}

impl Drop for Instance {
    fn drop(&mut self) {
        if self.pointer.is_null() {
            return;
        }
        if let Ok(destroy) = function!(self.plugin, destroy) {
            // SAFETY: made by `configure`, freed here and only here; prepared states hold the instance by `Arc`.
            unsafe { destroy(self.pointer) };
        }
    }
}

impl Instance {
    /// What the plugin says of itself.
    ///
    /// # Errors
    /// When it breaks, or says something out of bounds.
    pub fn describe(&self) -> Result<Description, CallError> {
        let describe = function!(self.plugin, describe)?;
        let mut session = Session::new(Lend::Nothing, Expect::Description);
        // SAFETY: the instance is alive.
        session.run(|call| unsafe { describe(self.pointer, call) })?;
        Ok(session.description)
    }

    /// What the plugin finds wrong with a document; nothing when it does not validate.
    ///
    /// # Errors
    /// When it breaks.
    pub fn validate(&self, document: &Document<'_>, others: &[Document<'_>]) -> Result<Vec<Problem>, CallError> {
        let Ok(validate) = function!(self.plugin, validate) else {
            return Ok(Vec::new());
        };
        let document = PgDocument::lend(document);
        let others: Vec<_> = others.iter().map(PgDocument::lend).collect();
        let mut session = Session::new(Lend::Nothing, Expect::Problems);
        // SAFETY: arguments live until the function returns.
        session.run(|call| unsafe { validate(self.pointer, call, &raw const document, PgDocuments::lend(&others)) })?;
        Ok(session.problems)
    }

    /// Makes the state of an epoch.
    ///
    /// # Errors
    /// Why the plugin refuses the epoch, or how it broke.
    pub fn prepare(
        self: &Arc<Self>,
        documents: &[Document<'_>],
        revision: u64,
        host: &dyn PrepareHost,
        previous: Option<&Prepared>,
    ) -> Result<Prepared, CallError> {
        let prepare = function!(self.plugin, prepare)?;
        let documents: Vec<_> = documents.iter().map(PgDocument::lend).collect();
        let epoch = PgEpoch {
            struct_size: size_of::<PgEpoch>() as u32,
            reserved: 0,
            revision,
            documents: PgDocuments::lend(&documents),
        };
        // A state of another instance is none of this one's business.
        let previous = previous.filter(|previous| Arc::ptr_eq(&previous.instance, self));
        let previous = previous.map_or(null_mut(), |previous| previous.pointer);
        let mut pointer = null_mut();
        let mut session = Session::new(Lend::Prepare(host), Expect::Nothing);
        let run = |call| {
            // SAFETY: arguments live until the function returns; `previous` is kept alive by the caller.
            unsafe { prepare(self.pointer, call, &raw const epoch, previous, &raw mut pointer) }
        };
        let outcome = session.run(run);
        let mut conditions = std::mem::take(&mut session.conditions);
        conditions.sort_unstable_by_key(|id| id.0);
        conditions.dedup();
        let prepared = Prepared { instance: Arc::clone(self), pointer, conditions };
        outcome?;
        Ok(prepared)
    }

    /// Makes an observer of the contribution at `index`.
    ///
    /// # Errors
    /// When it is none, or the plugin breaks.
    pub fn observe(self: &Arc<Self>, index: u32) -> Result<ObserverHandle, CallError> {
        let make = function!(self.plugin, observer_new)?;
        let mut pointer = null_mut();
        let mut session = Session::new(Lend::Nothing, Expect::Nothing);
        // SAFETY: arguments live until the function returns.
        let outcome = session.run(|call| unsafe { make(self.pointer, call, index, &raw mut pointer) });
        let observer = ObserverHandle { instance: Arc::clone(self), pointer };
        outcome?;
        Ok(observer)
    }
}

/// A plugin's state for one epoch. Dropping it frees it.
#[derive(Debug)]
pub struct Prepared {
    instance: Arc<Instance>,
    pointer: *mut c_void,
    /// Conditions compiled for it, ascending.
    conditions: Vec<ConditionId>,
}

// SAFETY: the table's promise: functions of one prepared state may be called from several threads at once.
unsafe impl Send for Prepared {}
// SAFETY: as above.
unsafe impl Sync for Prepared {}

impl Drop for Prepared {
    fn drop(&mut self) {
        if self.pointer.is_null() {
            return;
        }
        if let Ok(release) = function!(self.instance.plugin, release) {
            // SAFETY: made by `prepare`, freed here and only here, before its instance.
            unsafe { release(self.pointer) };
        }
    }
}

impl Prepared {
    /// Whether the condition was compiled for this state.
    pub fn knows(&self, condition: ConditionId) -> bool {
        self.conditions.binary_search_by_key(&condition.0, |id| id.0).is_ok()
    }

    /// Lets a rewriter edit the query; its acts come back alone, without those of other rewriters.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn rewrite(
        &self,
        index: u32,
        request: &Request<'_>,
        host: &dyn CallHost,
        query: Query,
    ) -> Result<Rewrite, CallError> {
        let rewrite = function!(self.instance.plugin, rewrite)?;
        let alternative = |a: &Alternative| PgAlternative {
            text: PgStr::lend(&a.text),
            weight: a.weight,
            prefix: u32::from(a.prefix),
        };
        let alternatives: Vec<Vec<PgAlternative>> =
            query.groups.iter().map(|group| group.alternatives.iter().map(alternative).collect()).collect();
        let groups: Vec<PgTermGroup> = alternatives.iter().map(|group| PgTermGroup::lend(group)).collect();
        let lent = PgQuery {
            struct_size: size_of::<PgQuery>() as u32,
            has_redirect: u32::from(query.redirect.is_some()),
            data: groups.as_ptr(),
            len: groups.len(),
            redirect: PgStr::lend(query.redirect.as_deref().unwrap_or_default()),
        };
        let (instance, prepared) = (self.instance.pointer, self.pointer);
        let mut session = Session::new(Lend::Call(host), Expect::Rewrite);
        with_request(request, |request| {
            // SAFETY: arguments live until the function returns.
            session.run(|call| unsafe { rewrite(instance, prepared, call, index, request, &raw const lent) })
        })?;
        let mut query = session.query.unwrap_or(query);
        if let Some(group) = query.groups.iter().position(|group| group.alternatives.is_empty()) {
            return Err(CallError::BadOutput(format!("term group {group} has no alternatives")));
        }
        if session.redirect.is_some() {
            query.redirect = session.redirect;
        }
        Ok(Rewrite { query, acts: session.acts })
    }

    /// At most `k` candidates of a retriever.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn retrieve(
        &self,
        index: u32,
        request: &Request<'_>,
        host: &dyn CallHost,
        k: usize,
    ) -> Result<Vec<Candidate>, CallError> {
        let retrieve = function!(self.instance.plugin, retrieve)?;
        let (instance, prepared) = (self.instance.pointer, self.pointer);
        let mut session = Session::new(Lend::Call(host), Expect::Candidates(k));
        with_request(request, |request| {
            // SAFETY: arguments live until the function returns.
            session.run(|call| unsafe { retrieve(instance, prepared, call, index, request, k) })
        })?;
        Ok(session.candidates)
    }

    /// Lets a scorer write its columns.
    ///
    /// # Errors
    /// How the plugin broke; `out` may then hold anything.
    pub fn score(
        &self,
        index: u32,
        request: &Request<'_>,
        host: &dyn CallHost,
        batch: ScoreBatch<'_, '_>,
    ) -> Result<(), CallError> {
        let score = function!(self.instance.plugin, score)?;
        let columns: Vec<PgF32s> = batch.columns.iter().map(|column| PgF32s::lend(column)).collect();
        let out: Vec<PgF32sMut> = batch.out.iter_mut().map(|column| PgF32sMut::lend(column)).collect();
        let lent = PgScoreBatch {
            struct_size: size_of::<PgScoreBatch>() as u32,
            reserved: 0,
            items: PgU32s::lend(batch.items),
            columns: PgColumns::lend(&columns),
            out: PgColumnsMut::lend(&out),
        };
        let (instance, prepared) = (self.instance.pointer, self.pointer);
        let mut session = Session::new(Lend::Call(host), Expect::Nothing);
        with_request(request, |request| {
            // SAFETY: arguments live until the function returns; `out` is borrowed mutably by `batch`.
            session.run(|call| unsafe { score(instance, prepared, call, index, request, &raw const lent) })
        })
    }

    /// The order acts of a reranker.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn rerank(
        &self,
        index: u32,
        request: &Request<'_>,
        host: &dyn CallHost,
        list: RankedList<'_>,
    ) -> Result<Vec<Act>, CallError> {
        let rerank = function!(self.instance.plugin, rerank)?;
        let columns: Vec<PgF32s> = list.columns.iter().map(|column| PgF32s::lend(column)).collect();
        let lent = PgRankedList {
            struct_size: size_of::<PgRankedList>() as u32,
            reserved: 0,
            items: PgU32s::lend(list.items),
            scores: PgF32s::lend(list.scores),
            columns: PgColumns::lend(&columns),
        };
        let (instance, prepared) = (self.instance.pointer, self.pointer);
        let mut session = Session::new(Lend::Call(host), Expect::OrderActs);
        with_request(request, |request| {
            // SAFETY: arguments live until the function returns.
            session.run(|call| unsafe { rerank(instance, prepared, call, index, request, &raw const lent) })
        })?;
        Ok(session.acts)
    }

    /// The plugin's answer to a question, JSON text.
    ///
    /// # Errors
    /// How the plugin broke, or that it gave no answer.
    pub fn ask(
        &self,
        request: &Request<'_>,
        host: &dyn CallHost,
        question: &str,
        argument: &str,
    ) -> Result<String, CallError> {
        let ask = function!(self.instance.plugin, ask)?;
        let (instance, prepared) = (self.instance.pointer, self.pointer);
        let (question, argument) = (PgStr::lend(question), PgStr::lend(argument));
        let mut session = Session::new(Lend::Call(host), Expect::Text);
        with_request(request, |request| {
            // SAFETY: arguments live until the function returns.
            session.run(|call| unsafe { ask(instance, prepared, call, request, question, argument) })
        })?;
        session.text.ok_or_else(|| CallError::BadOutput("no answer was emitted".to_owned()))
    }
}

/// Lends a request for the duration of `body`.
fn with_request<T>(request: &Request<'_>, body: impl FnOnce(*const PgRequest) -> T) -> T {
    let audiences: Vec<PgStr> = request.audiences.iter().map(|audience| PgStr::lend(audience)).collect();
    let filters: Vec<PgStr> = request.filters.iter().map(|filter| PgStr::lend(filter)).collect();
    let lent = PgRequest {
        struct_size: size_of::<PgRequest>() as u32,
        kind: request.kind as u32,
        text: PgStr::lend(request.text),
        store_view: PgStr::lend(request.store_view),
        locale: PgStr::lend(request.locale),
        category: PgStr::lend(request.category),
        unit: PgStr::lend(request.unit),
        unit_type: PgStr::lend(request.unit_type),
        page_type: PgStr::lend(request.page_type),
        customer_group: PgStr::lend(request.customer_group),
        audiences: PgStrs::lend(&audiences),
        anchors: PgU32s::lend(request.anchors),
        cart: PgU32s::lend(request.cart),
        recent: PgU32s::lend(request.recent),
        purchased: PgU32s::lend(request.purchased),
        now_ms: request.now_ms,
        seed: request.seed,
        explicit_sort: u32::from(request.explicit_sort),
        warmth: request.warmth as u32,
        device: PgStr::lend(request.device),
        filters: PgStrs::lend(&filters),
    };
    body(&raw const lent)
}

/// An observer's state. Dropping it frees it.
#[derive(Debug)]
pub struct ObserverHandle {
    instance: Arc<Instance>,
    pointer: *mut c_void,
}

// SAFETY: the table's promise: an observer may move between threads, used by one at a time; all methods that
// change it take `&mut self`, and it is not `Sync`.
unsafe impl Send for ObserverHandle {}

impl Drop for ObserverHandle {
    fn drop(&mut self) {
        if self.pointer.is_null() {
            return;
        }
        if let Ok(free) = function!(self.instance.plugin, observer_free) {
            // SAFETY: made by `observer_new`, freed here and only here, before its instance.
            unsafe { free(self.pointer) };
        }
    }
}

impl ObserverHandle {
    /// Takes a batch in.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn fold(&mut self, events: &EventBatch<'_>) -> Result<(), CallError> {
        let fold = function!(self.instance.plugin, observer_fold)?;
        let lent = PgEventBatch {
            struct_size: size_of::<PgEventBatch>() as u32,
            reserved: 0,
            seqs: PgU64s::lend(events.seqs),
            times_ms: PgI64s::lend(events.times_ms),
            kinds: PgU32s::lend(events.kinds),
            items: PgU32s::lend(events.items),
            sessions: PgU64s::lend(events.sessions),
            visitors: PgU64s::lend(events.visitors),
            quantities: PgF32s::lend(events.quantities),
        };
        let mut session = Session::new(Lend::Nothing, Expect::Nothing);
        // SAFETY: arguments live until the function returns.
        session.run(|call| unsafe { fold(self.pointer, call, &raw const lent) })
    }

    /// The learned columns, by name, each indexed by item id.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn freeze(&self) -> Result<Vec<(String, Vec<f32>)>, CallError> {
        let freeze = function!(self.instance.plugin, observer_freeze)?;
        let mut session = Session::new(Lend::Nothing, Expect::Columns);
        // SAFETY: the observer is alive.
        session.run(|call| unsafe { freeze(self.pointer, call) })?;
        Ok(session.columns)
    }

    /// The whole state.
    ///
    /// # Errors
    /// How the plugin broke.
    pub fn save(&self) -> Result<Vec<u8>, CallError> {
        let save = function!(self.instance.plugin, observer_save)?;
        let mut session = Session::new(Lend::Nothing, Expect::Bytes);
        // SAFETY: the observer is alive.
        session.run(|call| unsafe { save(self.pointer, call) })?;
        Ok(session.bytes)
    }

    /// Replaces the state.
    ///
    /// # Errors
    /// How the plugin broke; the observer is then in the state the plugin left it in.
    pub fn load(&mut self, state: &[u8]) -> Result<(), CallError> {
        let load = function!(self.instance.plugin, observer_load)?;
        let mut session = Session::new(Lend::Nothing, Expect::Nothing);
        // SAFETY: arguments live until the function returns.
        session.run(|call| unsafe { load(self.pointer, call, PgBytes::lend(state)) })
    }
}
