//! What may a plugin ask about names?
//!
//! Which products skus are, and whether the shop has what a document names. As everywhere, what is given is copied and
//! bounded on the way in.

use super::*;

// In every shim below: SAFETY of `with`, `text` and the views is the contract of the table, which the plugin upholds, as
// in the module above.

pub(super) unsafe extern "C" fn resolve(call: *const PgCall, skus: PgStrs, out: *mut u32) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let host = session.call_host()?;
        // SAFETY: see above.
        let Some(skus) = (unsafe { skus.texts() }) else {
            return refused("skus are not UTF-8 text");
        };
        let items = host.resolve(&skus);
        for (index, item) in items.into_iter().take(skus.len()).enumerate() {
            // SAFETY: the plugin gives room for one id a sku.
            unsafe { out.add(index).write(item.unwrap_or(PG_NO_ITEM)) };
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}

pub(super) unsafe extern "C" fn knows(call: *const PgCall, sort: PgStr, names: PgStrs, out: *mut u8) -> PgStatus {
    let body = |session: &mut Session<'_>| {
        let host = session.call_host()?;
        // SAFETY: see above.
        let sort = unsafe { text(sort, NAME_BYTES_MAX, "a sort of names") }?;
        // SAFETY: see above.
        let Some(names) = (unsafe { names.texts() }) else {
            return refused("names are not UTF-8 text");
        };
        let known = host.knows(&sort, &names).map_err(|failure| Refusal::Failed(failure.0))?;
        for (index, is_known) in known.into_iter().take(names.len()).enumerate() {
            // SAFETY: the plugin gives room for one byte a name.
            unsafe { out.add(index).write(u8::from(is_known)) };
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { with(call, body) }
}
