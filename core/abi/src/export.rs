//! How does a Rust plugin become a table of C functions?
//!
//! [`export_plugin!`](crate::export_plugin) writes the record, the entry function and the statics; the shims
//! below are the functions. Each shim is behind `catch_unwind`: a panic becomes a status and its message, and
//! so does a panic in dropping the panic's payload. Plugins may `forbid(unsafe_code)`: the compiler does not
//! apply that lint to what another crate's macro expands to.

use std::any::Any;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::handshake::{ABI_MINOR, PgHandshake};
use crate::layout::*;
use crate::model::*;
use crate::plugin::*;
use crate::table::{PgCall, PgHostTable, PgPluginTable, PluginRef};

mod borrow;

use borrow::LentHost;

/// Exports a type that implements [`Plugin`](crate::Plugin) from the crate it is used in. Use it once a crate.
///
/// The crate type must contain `cdylib`; with `rlib` beside it the plugin can be linked into tests and benches,
/// several at a time, because the entry symbol carries the crate's name.
#[macro_export]
macro_rules! export_plugin {
    ($plugin:ty) => {
        #[cfg(panic = "abort")]
        compile_error!("a planogram plugin must unwind: remove `panic = \"abort\"` from its profile");

        const _: () = {
            #[used]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".planogram"))]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__planogram"))]
            static HANDSHAKE: $crate::handshake::PgHandshake = $crate::handshake::PgHandshake::new(
                <$plugin as $crate::Plugin>::NAME,
                env!("CARGO_PKG_VERSION"),
                concat!("planogram_plugin_", env!("CARGO_CRATE_NAME")),
            );
            static TABLE: $crate::table::PgPluginTable = $crate::export::table::<$plugin>(&HANDSHAKE);

            #[unsafe(export_name = concat!("planogram_plugin_", env!("CARGO_CRATE_NAME")))]
            unsafe extern "C" fn entry(host: *const $crate::table::PgHostTable) -> *const $crate::table::PgPluginTable {
                // SAFETY: called by the host with its table, which lives as long as the process.
                unsafe { $crate::export::enter(host) };
                &raw const TABLE
            }
        };
    };
}

/// The host's table, for log lines that belong to no call.
static HOST: AtomicPtr<PgHostTable> = AtomicPtr::new(std::ptr::null_mut());

/// Remembers the host and sends panics to its log instead of standard error.
///
/// # Safety
/// `host` must be null or the host's table, and live as long as the process.
pub unsafe fn enter(host: *const PgHostTable) {
    HOST.store(host.cast_mut(), Ordering::Release);
    // A library has a copy of std of its own, and so a panic hook of its own.
    let hook = |info: &std::panic::PanicHookInfo<'_>| {
        let message = payload_message(info.payload());
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        log_to_host(LogLevel::Error, &format!("panicked at {place}: {message}"));
    };
    let _ = catch_unwind(|| std::panic::set_hook(Box::new(hook)));
}

fn log_to_host(level: LogLevel, message: &str) {
    // SAFETY: null, or the table that `enter` was promised to live as long as the process.
    let host = unsafe { HOST.load(Ordering::Acquire).as_ref() };
    if let Some(log) = host.and_then(|host| host.log) {
        // SAFETY: `log` may be called at any time with a null call.
        unsafe { log(null(), level as u32, PgStr::lend(message)) };
    }
}

fn payload_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a value that is no text".to_owned())
}

/// The table of a plugin's shims. Used by [`export_plugin!`](crate::export_plugin).
pub const fn table<P: Plugin>(handshake: *const PgHandshake) -> PgPluginTable {
    PgPluginTable {
        struct_size: size_of::<PgPluginTable>() as u32,
        abi_minor: ABI_MINOR,
        handshake,
        configure: Some(configure::<P>),
        destroy: Some(destroy::<P>),
        describe: Some(describe::<P>),
        validate: Some(validate::<P>),
        prepare: Some(prepare::<P>),
        release: Some(release::<P>),
        rewrite: Some(rewrite::<P>),
        retrieve: Some(retrieve::<P>),
        score: Some(score::<P>),
        rerank: Some(rerank::<P>),
        ask: Some(ask::<P>),
        observer_new: Some(observer_new::<P>),
        observer_fold: Some(observer_fold),
        observer_freeze: Some(observer_freeze),
        observer_save: Some(observer_save),
        observer_load: Some(observer_load),
        observer_free: Some(observer_free),
    }
}

/// The plugin's own table, for calling it in this process without loading it: in tests and benches.
pub fn linked<P: Plugin>() -> PluginRef {
    struct Linked<P>(PhantomData<P>);
    impl<P: Plugin> Linked<P> {
        const TABLE: &'static PgPluginTable = &table::<P>(null());
    }
    // SAFETY: a constant made of our own shims.
    unsafe { PluginRef::new(Linked::<P>::TABLE) }.expect("our own table is not null and has our own size")
}

/// What `configure` makes: the plugin and its functions, asked for once so that indices stay put.
struct Guest<P: Plugin> {
    plugin: P,
    contributions: Vec<Contribution<P::Prepared>>,
}

/// Runs the body of a shim; nothing unwinds out of it.
///
/// # Safety
/// `call` must be the running call.
unsafe fn shim(call: *const PgCall, body: impl FnOnce(&LentHost) -> Outcome) -> PgStatus {
    // SAFETY: the caller vouches for the call.
    let Some(host) = (unsafe { LentHost::new(call) }) else {
        return PG_FAILED;
    };
    let (status, message) = match catch_unwind(AssertUnwindSafe(|| body(&host))) {
        Ok(Ok(())) => return PG_OK,
        Ok(Err(Failure(message))) => (PG_FAILED, message),
        Err(payload) => {
            let message = payload_message(&*payload);
            drop_quietly(payload);
            (PG_PANICKED, message)
        }
    };
    host.fail(&message);
    status
}

/// Drops what may panic while it is dropped.
fn drop_quietly<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // A payload whose drop panics could do so for ever.
        std::mem::forget(payload);
    }
}

fn broken(what: &str) -> Failure {
    Failure(format!("the host passed {what} that cannot be read"))
}

// In every shim below: SAFETY is the contract of the table, which the host upholds. `instance`, `prepared` and
// `observer` are what the plugin made and has not freed; structs and slices live until the shim returns; a host
// that speaks this contract passes structs that are at least as long as ours.

unsafe extern "C" fn configure<P: Plugin>(call: *const PgCall, settings: PgStr, out: *mut *mut c_void) -> PgStatus {
    let body = |_: &LentHost| {
        // SAFETY: see above.
        let settings = unsafe { settings.get() }.ok_or_else(|| broken("settings"))?;
        let plugin = P::configure(settings)?;
        let contributions = plugin.contributions();
        let guest = Box::into_raw(Box::new(Guest { plugin, contributions }));
        // SAFETY: the host gives room for one pointer.
        unsafe { out.write(guest.cast()) };
        Ok(())
    };
    // SAFETY: see above.
    unsafe { shim(call, body) }
}

unsafe extern "C" fn destroy<P: Plugin>(instance: *mut c_void) {
    // SAFETY: made by `configure`, freed once.
    let guest = unsafe { Box::from_raw(instance.cast::<Guest<P>>()) };
    drop_quietly(guest);
}

/// # Safety
/// `instance` was made by `configure` of the same plugin and lives during `'a`.
unsafe fn guest<'a, P: Plugin>(instance: *mut c_void) -> &'a Guest<P> {
    // SAFETY: passed on to the caller.
    unsafe { &*instance.cast::<Guest<P>>() }
}

/// # Safety
/// `prepared` was made by `prepare` of the same plugin and lives during `'a`.
unsafe fn state<'a, P: Plugin>(prepared: *mut c_void) -> &'a P::Prepared {
    // SAFETY: passed on to the caller.
    unsafe { &*prepared.cast::<P::Prepared>() }
}

unsafe extern "C" fn describe<P: Plugin>(instance: *mut c_void, call: *const PgCall) -> PgStatus {
    let body = |host: &LentHost| {
        // SAFETY: see above.
        let guest = unsafe { guest::<P>(instance) };
        for contribution in &guest.contributions {
            host.emit_contribution(contribution)?;
        }
        for kind in guest.plugin.config_kinds() {
            host.emit_kind(&kind)?;
        }
        for question in guest.plugin.questions() {
            host.emit_question(&question)?;
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { shim(call, body) }
}

unsafe extern "C" fn validate<P: Plugin>(
    instance: *mut c_void,
    call: *const PgCall,
    document: *const PgDocument,
    others: PgDocuments,
) -> PgStatus {
    let body = |host: &LentHost| {
        // SAFETY: see above.
        let document = unsafe { document.as_ref().and_then(|d| d.get()) }.ok_or_else(|| broken("a document"))?;
        // SAFETY: see above.
        let others = unsafe { others.get() }.ok_or_else(|| broken("documents"))?;
        // SAFETY: see above.
        let guest = unsafe { guest::<P>(instance) };
        guest.plugin.validate(&document, &others).iter().try_for_each(|problem| host.emit_problem(problem))
    };
    // SAFETY: see above.
    unsafe { shim(call, body) }
}

unsafe extern "C" fn prepare<P: Plugin>(
    instance: *mut c_void,
    call: *const PgCall,
    epoch: *const PgEpoch,
    previous: *mut c_void,
    out: *mut *mut c_void,
) -> PgStatus {
    let body = |host: &LentHost| {
        // SAFETY: see above.
        let epoch = unsafe { epoch.as_ref() }.ok_or_else(|| broken("an epoch"))?;
        // SAFETY: see above.
        let documents = unsafe { epoch.documents.get() }.ok_or_else(|| broken("documents"))?;
        // SAFETY: see above; null when there is none.
        let previous = unsafe { previous.cast::<P::Prepared>().as_ref() };
        // SAFETY: see above.
        let guest = unsafe { guest::<P>(instance) };
        let epoch = Epoch { documents: &documents, revision: epoch.revision, host };
        let prepared = guest.plugin.prepare(&epoch, previous)?;
        // SAFETY: the host gives room for one pointer.
        unsafe { out.write(Box::into_raw(Box::new(prepared)).cast()) };
        Ok(())
    };
    // SAFETY: see above.
    unsafe { shim(call, body) }
}

unsafe extern "C" fn release<P: Plugin>(prepared: *mut c_void) {
    // SAFETY: made by `prepare`, freed once.
    let prepared = unsafe { Box::from_raw(prepared.cast::<P::Prepared>()) };
    drop_quietly(prepared);
}

/// Runs the body of a request shim with the request as the plugin sees it.
///
/// # Safety
/// As the shims.
unsafe fn request_shim(
    call: *const PgCall,
    request: *const PgRequest,
    body: impl FnOnce(&LentHost, &Call<'_>) -> Outcome,
) -> PgStatus {
    let body = |host: &LentHost| {
        // SAFETY: passed on to the caller.
        let lent = unsafe { request.as_ref() }.ok_or_else(|| broken("a request"))?;
        // SAFETY: passed on to the caller.
        let audiences = unsafe { lent.audiences.texts() }.ok_or_else(|| broken("audiences"))?;
        // SAFETY: passed on to the caller.
        let filters = unsafe { lent.filters.texts() }.ok_or_else(|| broken("filters"))?;
        // SAFETY: passed on to the caller.
        let request = unsafe { borrow::request(lent, &audiences, &filters) }.ok_or_else(|| broken("a request"))?;
        body(host, &Call { request, host })
    };
    // SAFETY: passed on to the caller.
    unsafe { shim(call, body) }
}

fn no_such(role: &str, index: u32) -> Failure {
    Failure(format!("no {role} at index {index}"))
}

unsafe extern "C" fn rewrite<P: Plugin>(
    instance: *mut c_void,
    prepared: *mut c_void,
    call: *const PgCall,
    contribution: u32,
    request: *const PgRequest,
    query: *const PgQuery,
) -> PgStatus {
    let body = |host: &LentHost, call: &Call<'_>| {
        // SAFETY: see above.
        let (guest, prepared) = unsafe { (guest::<P>(instance), state::<P>(prepared)) };
        // SAFETY: see above.
        let query = unsafe { query.as_ref().and_then(|q| borrow::query(q)) }.ok_or_else(|| broken("a query"))?;
        let role = guest.contributions.get(contribution as usize).map(|c| &c.role);
        let Some(Role::Rewriter(run)) = role else {
            return Err(no_such("rewriter", contribution));
        };
        let mut rewrite = Rewrite { query: query.clone(), acts: Vec::new() };
        run(prepared, call, &mut rewrite)?;
        if rewrite.query != query {
            host.emit_query(&rewrite.query)?;
        }
        rewrite.acts.iter().try_for_each(|act| host.emit_act(act))
    };
    // SAFETY: see above.
    unsafe { request_shim(call, request, body) }
}

unsafe extern "C" fn retrieve<P: Plugin>(
    instance: *mut c_void,
    prepared: *mut c_void,
    call: *const PgCall,
    contribution: u32,
    request: *const PgRequest,
    k: usize,
) -> PgStatus {
    let body = |host: &LentHost, call: &Call<'_>| {
        // SAFETY: see above.
        let (guest, prepared) = unsafe { (guest::<P>(instance), state::<P>(prepared)) };
        let role = guest.contributions.get(contribution as usize).map(|c| &c.role);
        let Some(Role::Retriever(run)) = role else {
            return Err(no_such("retriever", contribution));
        };
        host.emit_candidates(&run(prepared, call, k)?)
    };
    // SAFETY: see above.
    unsafe { request_shim(call, request, body) }
}

unsafe extern "C" fn score<P: Plugin>(
    instance: *mut c_void,
    prepared: *mut c_void,
    call: *const PgCall,
    contribution: u32,
    request: *const PgRequest,
    batch: *const PgScoreBatch,
) -> PgStatus {
    let body = |_: &LentHost, call: &Call<'_>| {
        // SAFETY: see above.
        let (guest, prepared) = unsafe { (guest::<P>(instance), state::<P>(prepared)) };
        let role = guest.contributions.get(contribution as usize).map(|c| &c.role);
        let Some(Role::Scorer { run, .. }) = role else {
            return Err(no_such("scorer", contribution));
        };
        // SAFETY: see above.
        let lent = unsafe { batch.as_ref() }.ok_or_else(|| broken("a batch"))?;
        // SAFETY: see above.
        let items = unsafe { lent.items.get() }.ok_or_else(|| broken("items"))?;
        // SAFETY: see above.
        let columns = unsafe { lent.columns.columns(items.len()) }.ok_or_else(|| broken("columns"))?;
        // SAFETY: see above; each column is lent once, and nobody else looks at it during the call.
        let out = unsafe { borrow::columns_mut(lent.out, items.len()) };
        let mut out = out.ok_or_else(|| broken("out columns"))?;
        run(prepared, call, &mut ScoreBatch { items, columns: &columns, out: &mut out })
    };
    // SAFETY: see above.
    unsafe { request_shim(call, request, body) }
}

unsafe extern "C" fn rerank<P: Plugin>(
    instance: *mut c_void,
    prepared: *mut c_void,
    call: *const PgCall,
    contribution: u32,
    request: *const PgRequest,
    list: *const PgRankedList,
) -> PgStatus {
    let body = |host: &LentHost, call: &Call<'_>| {
        // SAFETY: see above.
        let (guest, prepared) = unsafe { (guest::<P>(instance), state::<P>(prepared)) };
        let role = guest.contributions.get(contribution as usize).map(|c| &c.role);
        let Some(Role::Reranker { run, .. }) = role else {
            return Err(no_such("reranker", contribution));
        };
        // SAFETY: see above.
        let lent = unsafe { list.as_ref() }.ok_or_else(|| broken("a list"))?;
        // SAFETY: see above.
        let (items, scores) = unsafe { (lent.items.get(), lent.scores.get()) };
        let items = items.ok_or_else(|| broken("items"))?;
        let scores = scores.filter(|scores| scores.len() == items.len()).ok_or_else(|| broken("scores"))?;
        // SAFETY: see above.
        let columns = unsafe { lent.columns.columns(items.len()) }.ok_or_else(|| broken("columns"))?;
        let acts = run(prepared, call, RankedList { items, scores, columns: &columns })?;
        acts.iter().try_for_each(|act| host.emit_act(act))
    };
    // SAFETY: see above.
    unsafe { request_shim(call, request, body) }
}

unsafe extern "C" fn ask<P: Plugin>(
    instance: *mut c_void,
    prepared: *mut c_void,
    call: *const PgCall,
    request: *const PgRequest,
    question: PgStr,
    argument: PgStr,
) -> PgStatus {
    let body = |host: &LentHost, call: &Call<'_>| {
        // SAFETY: see above.
        let (guest, prepared) = unsafe { (guest::<P>(instance), state::<P>(prepared)) };
        // SAFETY: see above.
        let (question, argument) = unsafe { (question.get(), argument.get()) };
        let question = question.ok_or_else(|| broken("a question"))?;
        let argument = argument.ok_or_else(|| broken("an argument"))?;
        host.emit_text(&guest.plugin.ask(prepared, call, question, argument)?)
    };
    // SAFETY: see above.
    unsafe { request_shim(call, request, body) }
}

unsafe extern "C" fn observer_new<P: Plugin>(
    instance: *mut c_void,
    call: *const PgCall,
    contribution: u32,
    out: *mut *mut c_void,
) -> PgStatus {
    let body = |_: &LentHost| {
        // SAFETY: see above.
        let guest = unsafe { guest::<P>(instance) };
        let role = guest.contributions.get(contribution as usize).map(|c| &c.role);
        let Some(Role::Observer(make)) = role else {
            return Err(no_such("observer", contribution));
        };
        let observer: Box<Box<dyn Observer>> = Box::new(make());
        // SAFETY: the host gives room for one pointer.
        unsafe { out.write(Box::into_raw(observer).cast()) };
        Ok(())
    };
    // SAFETY: see above.
    unsafe { shim(call, body) }
}

/// # Safety
/// `observer` was made by `observer_new`, lives during `'a`, and is used by this thread alone.
unsafe fn observer<'a>(observer: *mut c_void) -> &'a mut Box<dyn Observer> {
    // SAFETY: passed on to the caller.
    unsafe { &mut *observer.cast::<Box<dyn Observer>>() }
}

unsafe extern "C" fn observer_fold(state: *mut c_void, call: *const PgCall, events: *const PgEventBatch) -> PgStatus {
    let body = |_: &LentHost| {
        // SAFETY: see above.
        let events = unsafe { events.as_ref().and_then(|e| borrow::events(e)) }.ok_or_else(|| broken("events"))?;
        // SAFETY: see above.
        unsafe { observer(state) }.fold(&events)
    };
    // SAFETY: see above.
    unsafe { shim(call, body) }
}

unsafe extern "C" fn observer_freeze(state: *mut c_void, call: *const PgCall) -> PgStatus {
    let body = |host: &LentHost| {
        // SAFETY: see above.
        let columns = unsafe { observer(state) }.freeze();
        columns.iter().try_for_each(|(name, values)| host.emit_column(name, values))
    };
    // SAFETY: see above.
    unsafe { shim(call, body) }
}

unsafe extern "C" fn observer_save(state: *mut c_void, call: *const PgCall) -> PgStatus {
    let body = |host: &LentHost| {
        // SAFETY: see above.
        let bytes = unsafe { observer(state) }.save();
        host.emit_bytes(&bytes)
    };
    // SAFETY: see above.
    unsafe { shim(call, body) }
}

unsafe extern "C" fn observer_load(state: *mut c_void, call: *const PgCall, bytes: PgBytes) -> PgStatus {
    let body = |_: &LentHost| {
        // SAFETY: see above.
        let bytes = unsafe { bytes.get() }.ok_or_else(|| broken("a saved state"))?;
        // SAFETY: see above.
        unsafe { observer(state) }.load(bytes)
    };
    // SAFETY: see above.
    unsafe { shim(call, body) }
}

unsafe extern "C" fn observer_free(state: *mut c_void) {
    // SAFETY: made by `observer_new`, freed once.
    let observer = unsafe { Box::from_raw(state.cast::<Box<dyn Observer>>()) };
    drop_quietly(observer);
}
