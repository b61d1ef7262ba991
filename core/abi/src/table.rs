//! Which functions does each side give the other?
//!
//! Two tables, one each way, and the promise that makes them last: *new functions are added at the end only*,
//! and whoever reads a table looks at its `struct_size` first. Every pointer may be null when a side does not
//! offer that function. Nothing is allocated on one side and freed on the other: variable-length results are
//! *emitted* into the host, which copies them before the emitting function returns.
//! `call` has the host's safe way of calling a plugin, `lend` what the host lends during a call.

use std::ffi::c_void;

use crate::handshake::PgHandshake;
use crate::layout::*;

mod call;
mod lend;

pub use call::{
    CallError, Described, DescribedRole, Description, Instance, ObserverHandle, PluginRef, Prepared, TableError,
};
pub use lend::{host_table, set_logger};

/// What a plugin function is called with; made by the host, valid until that function returns, and only on the
/// thread that was called. Growable.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgCall {
    /// Size of the struct as the host knows it.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// What the host lends.
    pub host: *const PgHostTable,
    /// The host's own.
    pub context: *mut c_void,
}

/// What the host lends. Every function takes the `call` it was lent with and may be called only while that
/// call runs, except that `log` may be called at any time with a null `call`.
/// A function answers `PG_REFUSED` when it is given something out of bounds; the whole call then counts as
/// bad output, whatever the plugin returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgHostTable {
    /// Size of the table as the host knows it.
    pub struct_size: u32,
    /// Minor version of the contract that the host speaks.
    pub abi_minor: u32,
    /// Writes a line to the server's log: 0 debug, 1 info, 2 warn, 3 error.
    pub log: Option<unsafe extern "C" fn(call: *const PgCall, level: u32, message: PgStr)>,
    /// Says why the running function is about to return `PG_FAILED` or `PG_PANICKED`.
    pub fail: Option<unsafe extern "C" fn(call: *const PgCall, message: PgStr)>,
    /// Why the host's last answer was not `PG_OK`; valid until the next call of a host function.
    pub last_error: Option<unsafe extern "C" fn(call: *const PgCall) -> PgStr>,
    /// `describe` only: adds a contribution; its index is the number of those before it.
    pub emit_contribution:
        Option<unsafe extern "C" fn(call: *const PgCall, contribution: *const PgContribution) -> PgStatus>,
    /// `describe` only: adds a kind of configuration document.
    pub emit_kind: Option<unsafe extern "C" fn(call: *const PgCall, name: PgStr, schema: PgStr) -> PgStatus>,
    /// `describe` only: adds a question.
    pub emit_question:
        Option<unsafe extern "C" fn(call: *const PgCall, kind: PgStr, name: PgStr, about: PgStr) -> PgStatus>,
    /// `validate` only: adds a problem.
    pub emit_problem:
        Option<unsafe extern "C" fn(call: *const PgCall, pointer: PgStr, message: PgStr, allowed: PgStr) -> PgStatus>,
    /// `prepare` only: compiles a condition (JSON text).
    pub compile: Option<unsafe extern "C" fn(call: *const PgCall, condition: PgStr, out: *mut u32) -> PgStatus>,
    /// Requests only: writes the item id of every sku to `out[0..skus.len]`, `PG_NO_ITEM` where it is unknown.
    pub resolve: Option<unsafe extern "C" fn(call: *const PgCall, skus: PgStrs, out: *mut u32) -> PgStatus>,
    /// Requests only: writes 1 or 0 to `out[0..items.len]`: does the item satisfy the condition?
    pub test:
        Option<unsafe extern "C" fn(call: *const PgCall, condition: u32, items: PgU32s, out: *mut u8) -> PgStatus>,
    /// Requests only: writes at most `k` candidates of a kernel source to `out[0..k]`, best first, and their
    /// number to `out_len`.
    pub retrieve: Option<
        unsafe extern "C" fn(
            call: *const PgCall,
            source: PgStr,
            anchors: PgU32s,
            k: usize,
            out: *mut PgCandidate,
            out_len: *mut usize,
        ) -> PgStatus,
    >,
    /// Requests only: the tokens of a text. They belong to the host and are valid until the plugin's function
    /// returns.
    pub analyze: Option<unsafe extern "C" fn(call: *const PgCall, text: PgStr, out: *mut PgStrs) -> PgStatus>,
    /// `rewrite` only: replaces the query by an empty one, without redirect.
    pub begin_query: Option<unsafe extern "C" fn(call: *const PgCall) -> PgStatus>,
    /// `rewrite` only, after `begin_query`: begins the next term group.
    pub emit_group: Option<unsafe extern "C" fn(call: *const PgCall) -> PgStatus>,
    /// `rewrite` only, after `emit_group`: adds an alternative to the last group.
    pub emit_alternative:
        Option<unsafe extern "C" fn(call: *const PgCall, alternative: *const PgAlternative) -> PgStatus>,
    /// `rewrite` only: sends the shopper elsewhere.
    pub emit_redirect: Option<unsafe extern "C" fn(call: *const PgCall, target: PgStr) -> PgStatus>,
    /// `rewrite` (both kinds of act) and `rerank` (order acts): adds an act.
    pub emit_act: Option<unsafe extern "C" fn(call: *const PgCall, act: *const PgAct) -> PgStatus>,
    /// `retrieve` only: adds candidates, best first, at most the asked number in all.
    pub emit_candidates:
        Option<unsafe extern "C" fn(call: *const PgCall, candidates: *const PgCandidate, len: usize) -> PgStatus>,
    /// `ask` only: the answer, JSON text; a second one replaces the first.
    pub emit_text: Option<unsafe extern "C" fn(call: *const PgCall, text: PgStr) -> PgStatus>,
    /// `observer_freeze` only: adds a column indexed by item id.
    pub emit_column: Option<unsafe extern "C" fn(call: *const PgCall, name: PgStr, values: PgF32s) -> PgStatus>,
    /// `observer_save` only: appends to the saved state.
    pub emit_bytes: Option<unsafe extern "C" fn(call: *const PgCall, bytes: PgBytes) -> PgStatus>,
    /// `score` only: writes the named column of every item to `out[0..items.len]`, NaN where it has no value.
    /// Since 1.1.
    pub gather:
        Option<unsafe extern "C" fn(call: *const PgCall, column: PgStr, items: PgU32s, out: *mut f32) -> PgStatus>,
    /// `prepare` only: compiles a condition that may compare with a matched product. Since 1.1.
    pub compile_relative:
        Option<unsafe extern "C" fn(call: *const PgCall, condition: PgStr, out: *mut u32) -> PgStatus>,
    /// `prepare` only: lets `satisfied` tell of compiled conditions. Since 1.1.
    pub index: Option<unsafe extern "C" fn(call: *const PgCall, conditions: PgU32s) -> PgStatus>,
    /// Requests only: the indexed conditions that an item satisfies, ascending, perhaps with such as other plugins or
    /// earlier epochs indexed. They belong to the host and are valid until the plugin's function returns. Since 1.1.
    pub satisfied: Option<unsafe extern "C" fn(call: *const PgCall, item: u32, out: *mut PgU32s) -> PgStatus>,
    /// Requests only: the eligible items that satisfy a condition relative to any of the anchors, at most the first `k`
    /// by id. They belong to the host and are valid until the plugin's function returns. Since 1.1.
    pub matching: Option<
        unsafe extern "C" fn(
            call: *const PgCall,
            condition: u32,
            anchors: PgU32s,
            k: usize,
            out: *mut PgU32s,
        ) -> PgStatus,
    >,
    /// `retrieve` only: says which source proposed items; answers name it beside the unit's own. Since 1.1.
    pub credit: Option<unsafe extern "C" fn(call: *const PgCall, source: PgStr, items: PgU32s) -> PgStatus>,
    /// `retrieve` only: says that a source proposes nothing but what satisfies a condition relative to any of the
    /// anchors; who asks why a product is not there is told which part of it the product fails. Since 1.1.
    pub confine:
        Option<unsafe extern "C" fn(call: *const PgCall, source: PgStr, condition: u32, anchors: PgU32s) -> PgStatus>,
    /// Requests only: writes 1 or 0 to `out[0..names.len]`: does the shop have what is named? Sorts of names are listed
    /// in `planogram_abi::name`; of others the shop keeps no list, and everything is there. Since 1.1.
    pub knows: Option<unsafe extern "C" fn(call: *const PgCall, sort: PgStr, names: PgStrs, out: *mut u8) -> PgStatus>,
}

// SAFETY: the table is read-only and holds nothing but numbers and functions.
unsafe impl Sync for PgHostTable {}

/// What a plugin gives. `instance` comes from `configure`, `prepared` from `prepare`, `observer` from
/// `observer_new`; the host hands them back unchanged and frees each exactly once, instances last.
/// All functions of one instance and all functions of one prepared state may be called from several threads at
/// once; an observer is used by one thread at a time. Every function must return; none may unwind.
/// `contribution` is the index in the order of `describe`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgPluginTable {
    /// Size of the table as the plugin knows it.
    pub struct_size: u32,
    /// Minor version of the contract that the plugin was built for.
    pub abi_minor: u32,
    /// The record that also stands in the file.
    pub handshake: *const PgHandshake,
    /// Makes an instance from settings (a JSON object).
    pub configure:
        Option<unsafe extern "C" fn(call: *const PgCall, settings: PgStr, out: *mut *mut c_void) -> PgStatus>,
    /// Frees an instance.
    pub destroy: Option<unsafe extern "C" fn(instance: *mut c_void)>,
    /// Emits contributions, kinds and questions; every time the same.
    pub describe: Option<unsafe extern "C" fn(instance: *mut c_void, call: *const PgCall) -> PgStatus>,
    /// Emits the problems of a document; `others` are the live ones of the same kind and scope.
    pub validate: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            call: *const PgCall,
            document: *const PgDocument,
            others: PgDocuments,
        ) -> PgStatus,
    >,
    /// Makes the state of an epoch; `previous` is the state it replaces, or null.
    pub prepare: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            call: *const PgCall,
            epoch: *const PgEpoch,
            previous: *mut c_void,
            out: *mut *mut c_void,
        ) -> PgStatus,
    >,
    /// Frees a prepared state.
    pub release: Option<unsafe extern "C" fn(prepared: *mut c_void)>,
    /// Query understanding.
    pub rewrite: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            prepared: *mut c_void,
            call: *const PgCall,
            contribution: u32,
            request: *const PgRequest,
            query: *const PgQuery,
        ) -> PgStatus,
    >,
    /// Candidate generation: emits at most `k` candidates.
    pub retrieve: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            prepared: *mut c_void,
            call: *const PgCall,
            contribution: u32,
            request: *const PgRequest,
            k: usize,
        ) -> PgStatus,
    >,
    /// Ranking: writes the batch's `out` columns.
    pub score: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            prepared: *mut c_void,
            call: *const PgCall,
            contribution: u32,
            request: *const PgRequest,
            batch: *const PgScoreBatch,
        ) -> PgStatus,
    >,
    /// Re-ranking: emits order acts.
    pub rerank: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            prepared: *mut c_void,
            call: *const PgCall,
            contribution: u32,
            request: *const PgRequest,
            list: *const PgRankedList,
        ) -> PgStatus,
    >,
    /// Answers a question: emits text.
    pub ask: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            prepared: *mut c_void,
            call: *const PgCall,
            request: *const PgRequest,
            question: PgStr,
            argument: PgStr,
        ) -> PgStatus,
    >,
    /// Makes the state of an observer.
    pub observer_new: Option<
        unsafe extern "C" fn(
            instance: *mut c_void,
            call: *const PgCall,
            contribution: u32,
            out: *mut *mut c_void,
        ) -> PgStatus,
    >,
    /// Takes a batch of events in.
    pub observer_fold: Option<
        unsafe extern "C" fn(observer: *mut c_void, call: *const PgCall, events: *const PgEventBatch) -> PgStatus,
    >,
    /// Emits the learned columns.
    pub observer_freeze: Option<unsafe extern "C" fn(observer: *mut c_void, call: *const PgCall) -> PgStatus>,
    /// Emits the whole state as bytes.
    pub observer_save: Option<unsafe extern "C" fn(observer: *mut c_void, call: *const PgCall) -> PgStatus>,
    /// Replaces the state by saved bytes.
    pub observer_load:
        Option<unsafe extern "C" fn(observer: *mut c_void, call: *const PgCall, state: PgBytes) -> PgStatus>,
    /// Frees an observer.
    pub observer_free: Option<unsafe extern "C" fn(observer: *mut c_void)>,
}

// SAFETY: the table is read-only and holds nothing but numbers, functions and a pointer to constant bytes.
unsafe impl Sync for PgPluginTable {}

/// The one function a plugin exports, under the symbol its handshake names. Called once after loading, before
/// anything else; `host` and the returned table live as long as the process.
pub type PgEntry = unsafe extern "C" fn(host: *const PgHostTable) -> *const PgPluginTable;

/// Size of the plugin table of version 1.0: a smaller one is refused.
pub(crate) const PLUGIN_TABLE_SIZE_MIN: usize = size_of::<PgPluginTable>();
