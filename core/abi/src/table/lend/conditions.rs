//! What may a plugin ask about conditions?
//!
//! It has them compiled and indexed while it prepares, and during a request it asks which items satisfy one and which of
//! all an item satisfies. As everywhere, what is given is copied and bounded on the way in.

use std::collections::HashSet;

use super::*;
use crate::plugin::Outcome;

// In every shim below: SAFETY of `with`, `text` and the views is the contract of the table, which the plugin upholds, as
// in the module above.

pub(super) unsafe extern "C" fn compile(call: *const PgCall, condition: PgStr, out: *mut u32) -> PgStatus {
    // SAFETY: see above.
    unsafe { compile_by(call, condition, out, |host, condition| host.compile(condition)) }
}

pub(super) unsafe extern "C" fn compile_relative(call: *const PgCall, condition: PgStr, out: *mut u32) -> PgStatus {
    // SAFETY: see above.
    unsafe { compile_by(call, condition, out, |host, condition| host.compile_relative(condition)) }
}

/// # Safety
/// As the functions of the table.
unsafe fn compile_by(
    call: *const PgCall,
    condition: PgStr,
    out: *mut u32,
    compile: impl FnOnce(&dyn PrepareHost, &str) -> Outcome<ConditionId>,
) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let Lend::Prepare(host) = session.lend else {
            return refused("conditions are compiled while preparing only");
        };
        // SAFETY: see above.
        let condition = unsafe { text(condition, SCHEMA_BYTES_MAX, "a condition") }?;
        let id = compile(host, &condition).map_err(|failure| Refusal::Failed(failure.0))?;
        session.conditions.push(id);
        // SAFETY: the plugin gives room for one id.
        unsafe { out.write(id.0) };
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

pub(super) unsafe extern "C" fn index(call: *const PgCall, conditions: PgU32s) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let Lend::Prepare(host) = session.lend else {
            return refused("conditions are indexed while preparing only");
        };
        // SAFETY: see above.
        let Some(ids) = (unsafe { conditions.get() }) else {
            return refused("conditions are no slice");
        };
        let ids: Vec<ConditionId> = ids.iter().copied().map(ConditionId).collect();
        let compiled: HashSet<ConditionId> = session.conditions.iter().copied().collect();
        if let Some(foreign) = ids.iter().find(|id| !compiled.contains(id)) {
            return refused(format!("condition {} was not compiled for this epoch", foreign.0));
        }
        host.index(&ids).map_err(|failure| Refusal::Failed(failure.0))
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

pub(super) unsafe extern "C" fn satisfied(call: *const PgCall, item: u32, out: *mut PgU32s) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let host = session.call_host()?;
        let found = host.satisfied(item).map_err(|failure| Refusal::Failed(failure.0))?;
        let ids: Box<[u32]> = found.iter().map(|id| id.0).collect();
        // SAFETY: the plugin gives room for one value; the ids move into the session, their heap memory stays.
        unsafe { out.write(PgU32s::lend(&ids)) };
        session.ids.push(ids);
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

pub(super) unsafe extern "C" fn matching(
    call: *const PgCall,
    condition: u32,
    anchors: PgU32s,
    k: usize,
    out: *mut PgU32s,
) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let host = session.call_host()?;
        // SAFETY: see above.
        let Some(anchors) = (unsafe { anchors.get() }) else {
            return refused("anchors are no slice");
        };
        let found = host.matching(ConditionId(condition), anchors, k).map_err(|failure| Refusal::Failed(failure.0))?;
        let items: Box<[u32]> = found.into_iter().take(k).collect();
        // SAFETY: as in `satisfied`.
        unsafe { out.write(PgU32s::lend(&items)) };
        session.ids.push(items);
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

pub(super) unsafe extern "C" fn credit(call: *const PgCall, source: PgStr, items: PgU32s) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let Expect::Candidates(_) = session.expect else {
            return refused("sources are credited while candidates are retrieved only");
        };
        let host = session.call_host()?;
        // SAFETY: see above.
        let source = unsafe { text(source, TEXT_BYTES_MAX, "a source") }?;
        // SAFETY: see above.
        let Some(items) = (unsafe { items.get() }) else {
            return refused("items are no slice");
        };
        host.credit(&source, items).map_err(|failure| Refusal::Failed(failure.0))
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

pub(super) unsafe extern "C" fn confine(
    call: *const PgCall,
    source: PgStr,
    condition: u32,
    anchors: PgU32s,
) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let Expect::Candidates(_) = session.expect else {
            return refused("sources are confined while candidates are retrieved only");
        };
        let host = session.call_host()?;
        // SAFETY: see above.
        let source = unsafe { text(source, TEXT_BYTES_MAX, "a source") }?;
        // SAFETY: see above.
        let Some(anchors) = (unsafe { anchors.get() }) else {
            return refused("anchors are no slice");
        };
        host.confine(&source, ConditionId(condition), anchors).map_err(|failure| Refusal::Failed(failure.0))
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

pub(super) unsafe extern "C" fn test(call: *const PgCall, condition: u32, items: PgU32s, out: *mut u8) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let host = session.call_host()?;
        // SAFETY: see above.
        let Some(items) = (unsafe { items.get() }) else {
            return refused("items are no slice");
        };
        let answers = host.test(ConditionId(condition), items);
        for (index, answer) in answers.into_iter().take(items.len()).enumerate() {
            // SAFETY: the plugin gives room for one byte an item.
            unsafe { out.add(index).write(u8::from(answer)) };
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}
