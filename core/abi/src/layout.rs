//! What crosses the wall, byte for byte?
//!
//! The C twins of `model`, one `repr(C)` struct each. Three rules hold for all of them:
//! *borrowed*: every pointer belongs to the side that made it and is valid until the call returns;
//! *growable*: a struct that begins with `struct_size` may get fields at its end, and a reader looks at
//! `struct_size` before it reads a field newer than version 1.0; *frozen*: all others never change.
//! Arrays of growable structs carry their `stride`. What is not here: functions (`table`) and the bytes in
//! the file (`handshake`).

use crate::model;

/// Outcome of a function of either table; one of the `PG_…` codes.
pub type PgStatus = u32;
/// It worked.
pub const PG_OK: PgStatus = 0;
/// It did not; the message went through `fail`.
pub const PG_FAILED: PgStatus = 1;
/// It panicked; the message went through `fail`.
pub const PG_PANICKED: PgStatus = 2;
/// The host refuses what was emitted: out of bounds, not UTF-8, or not expected from this function.
pub const PG_REFUSED: PgStatus = 3;
/// The function or contribution does not exist.
pub const PG_UNSUPPORTED: PgStatus = 4;

/// No item: an unknown sku, an event about no item.
pub const PG_NO_ITEM: u32 = 0xFFFF_FFFF;
/// No condition: the act names its items.
pub const PG_NO_CONDITION: u32 = 0xFFFF_FFFF;

/// [`PgContribution::role`]: query understanding.
pub const PG_REWRITER: u32 = 1;
/// [`PgContribution::role`]: candidate generation.
pub const PG_RETRIEVER: u32 = 2;
/// [`PgContribution::role`]: ranking.
pub const PG_SCORER: u32 = 3;
/// [`PgContribution::role`]: re-ranking.
pub const PG_RERANKER: u32 = 4;
/// [`PgContribution::role`]: learning.
pub const PG_OBSERVER: u32 = 5;

/// [`PgAct::verb`]: never show it.
pub const PG_HIDE: u32 = 1;
/// [`PgAct::verb`]: add it to the matches.
pub const PG_INCLUDE: u32 = 2;
/// [`PgAct::verb`]: keep only the target.
pub const PG_FILTER: u32 = 3;
/// [`PgAct::verb`]: place at `position`.
pub const PG_PIN: u32 = 4;
/// [`PgAct::verb`]: multiply the score by `factor`.
pub const PG_BOOST: u32 = 5;
/// [`PgAct::verb`]: after every item that is not buried.
pub const PG_BURY: u32 = 6;
/// [`PgAct::verb`]: before every item that is neither pinned nor raised.
pub const PG_RAISE: u32 = 7;
/// [`PgAct::verb`]: at least `count` of the target within the first `first` positions. Since 1.1.
pub const PG_AT_LEAST: u32 = 8;
/// [`PgAct::verb`]: at most `count` with the same value of the attribute `text` in a row. Since 1.1.
pub const PG_AT_MOST_IN_ROW: u32 = 9;
/// [`PgAct::verb`]: the banner `text` is shown with the list. Since 1.1.
pub const PG_BANNER: u32 = 10;
/// [`PgAct::verb`]: the reason names a rule that applied. Since 1.1.
pub const PG_NOTE: u32 = 11;

/// Borrowed UTF-8 text, not NUL-terminated. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgStr {
    /// First byte; may be null when `len` is 0.
    pub data: *const u8,
    /// Bytes.
    pub len: usize,
}

/// Borrowed texts. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgStrs {
    /// First text; may be null when `len` is 0.
    pub data: *const PgStr,
    /// Texts.
    pub len: usize,
}

/// Borrowed bytes. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgBytes {
    /// First byte; may be null when `len` is 0.
    pub data: *const u8,
    /// Bytes.
    pub len: usize,
}

/// Borrowed numbers. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgF32s {
    /// First number; may be null when `len` is 0.
    pub data: *const f32,
    /// Numbers.
    pub len: usize,
}

/// Numbers lent for writing. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgF32sMut {
    /// First number; may be null when `len` is 0.
    pub data: *mut f32,
    /// Numbers.
    pub len: usize,
}

/// Borrowed ids. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgU32s {
    /// First id; may be null when `len` is 0.
    pub data: *const u32,
    /// Ids.
    pub len: usize,
}

/// Borrowed hashes or sequences. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgU64s {
    /// First number; may be null when `len` is 0.
    pub data: *const u64,
    /// Numbers.
    pub len: usize,
}

/// Borrowed times. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgI64s {
    /// First number; may be null when `len` is 0.
    pub data: *const i64,
    /// Numbers.
    pub len: usize,
}

/// Columns, each of the batch's length. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgColumns {
    /// First column; may be null when `len` is 0.
    pub data: *const PgF32s,
    /// Columns.
    pub len: usize,
}

/// Columns lent for writing, each of the batch's length. Frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgColumnsMut {
    /// First column; may be null when `len` is 0.
    pub data: *const PgF32sMut,
    /// Columns.
    pub len: usize,
}

/// [`model::Request`]. Host to plugin, growable.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgRequest {
    /// Size of the struct as the host knows it.
    pub struct_size: u32,
    /// 0 search, 1 category, 2 recommendation.
    pub kind: u32,
    /// The shopper's words.
    pub text: PgStr,
    /// Code of the store view.
    pub store_view: PgStr,
    /// BCP 47 tag.
    pub locale: PgStr,
    /// Path of the category being browsed, or empty.
    pub category: PgStr,
    /// Id of the unit, or empty.
    pub unit: PgStr,
    /// Type of the unit, or empty.
    pub unit_type: PgStr,
    /// Page type, or empty.
    pub page_type: PgStr,
    /// Customer group, or empty.
    pub customer_group: PgStr,
    /// Audiences the shopper is in.
    pub audiences: PgStrs,
    /// Items the list is about.
    pub anchors: PgU32s,
    /// Items in the cart.
    pub cart: PgU32s,
    /// Items looked at, newest first.
    pub recent: PgU32s,
    /// Items bought, newest first.
    pub purchased: PgU32s,
    /// Time of the request, milliseconds since 1970.
    pub now_ms: i64,
    /// Seed of everything random.
    pub seed: u64,
    /// 1 when the caller asked for an explicit sort, else 0.
    pub explicit_sort: u32,
    /// How well the shopper is known: 0 not at all, 1 from this visit, 2 from before.
    pub warmth: u32,
    /// Kind of device, or empty. Since 1.1.
    pub device: PgStr,
    /// What the caller filters by: `field` and `field=value`. Since 1.1.
    pub filters: PgStrs,
}

/// [`model::Alternative`]. Either direction, frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgAlternative {
    /// A word, or several that must stand side by side.
    pub text: PgStr,
    /// Factor on the text score, in (0, 1].
    pub weight: f32,
    /// 1 when the last word may also match as a prefix, else 0.
    pub prefix: u32,
}

/// [`model::TermGroup`]. Host to plugin, frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgTermGroup {
    /// First alternative; may be null when `len` is 0.
    pub data: *const PgAlternative,
    /// Alternatives.
    pub len: usize,
}

/// [`model::Query`]. Host to plugin, growable.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgQuery {
    /// Size of the struct as the host knows it.
    pub struct_size: u32,
    /// 1 when there is a redirect, else 0.
    pub has_redirect: u32,
    /// First group; may be null when `len` is 0.
    pub data: *const PgTermGroup,
    /// Groups.
    pub len: usize,
    /// Where the shopper is sent, when `has_redirect`.
    pub redirect: PgStr,
}

/// [`model::Act`]. Plugin to host, growable.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgAct {
    /// Size of the struct as the plugin knows it.
    pub struct_size: u32,
    /// `PG_HIDE` … `PG_NOTE`.
    pub verb: u32,
    /// Of a pin: zero-based position in the whole list.
    pub position: u32,
    /// Of a boost: finite and greater than 0.
    pub factor: f32,
    /// A compiled condition, or `PG_NO_CONDITION` when `items` holds the target.
    pub condition: u32,
    /// 0.
    pub reserved: u32,
    /// The target, when there is no condition.
    pub items: PgU32s,
    /// Who ordered it.
    pub reason: PgStr,
    /// Of `PG_AT_LEAST` and `PG_AT_MOST_IN_ROW`: how many, at least 1. Since 1.1.
    pub count: u32,
    /// Of `PG_AT_LEAST`: within how many positions, at least `count`. Since 1.1.
    pub first: u32,
    /// Of `PG_AT_MOST_IN_ROW`: code of the attribute; of `PG_BANNER`: the banner. Since 1.1.
    pub text: PgStr,
}

impl PgAct {
    /// Size of the struct in version 1.0.
    pub(crate) const SIZE_MIN: usize = std::mem::offset_of!(PgAct, count);

    /// The act, with nothing in the fields that its side does not know; `None` when it is smaller than in version 1.0.
    ///
    /// # Safety
    /// `act` points to an act that begins with its true size.
    pub(crate) unsafe fn read(act: *const PgAct) -> Option<PgAct> {
        // SAFETY: the caller vouches for the first field.
        let size = unsafe { (&raw const (*act).struct_size).read() } as usize;
        if size < Self::SIZE_MIN {
            return None;
        }
        let mut whole = std::mem::MaybeUninit::<PgAct>::zeroed();
        let bytes = size.min(size_of::<PgAct>());
        // SAFETY: the caller vouches for `size` bytes; no more than the struct holds are copied, and neither overlaps.
        unsafe { std::ptr::copy_nonoverlapping(act.cast::<u8>(), whole.as_mut_ptr().cast::<u8>(), bytes) };
        // SAFETY: numbers and pointers, for which zeros are values.
        Some(unsafe { whole.assume_init() })
    }
}

/// [`model::Candidate`]. Either direction, frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgCandidate {
    /// Item id.
    pub item: u32,
    /// Raw score, finite.
    pub score: f32,
}

/// [`model::ScoreBatch`]. Host to plugin, growable; `out` is the host's memory, lent for writing.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgScoreBatch {
    /// Size of the struct as the host knows it.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Item ids, `[n]`.
    pub items: PgU32s,
    /// The columns declared under `reads`, in that order, each `[n]`.
    pub columns: PgColumns,
    /// The columns declared under `writes`, in that order, each `[n]`, neutral at first.
    pub out: PgColumnsMut,
}

/// [`model::RankedList`]. Host to plugin, growable.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgRankedList {
    /// Size of the struct as the host knows it.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Item ids in order, `[n]`.
    pub items: PgU32s,
    /// Their scores, `[n]`.
    pub scores: PgF32s,
    /// The columns declared under `reads`, each `[n]`.
    pub columns: PgColumns,
}

/// [`model::Document`]. Host to plugin, growable.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgDocument {
    /// Size of the struct as the host knows it.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Kind.
    pub kind: PgStr,
    /// Store view code, or empty.
    pub scope: PgStr,
    /// Id, unique within kind and scope.
    pub id: PgStr,
    /// Revision, from 1.
    pub revision: u64,
    /// Sequence of the write.
    pub seq: u64,
    /// Begin of validity, milliseconds since 1970.
    pub from_ms: i64,
    /// End of validity, exclusive.
    pub until_ms: i64,
    /// The body.
    pub json: PgStr,
}

/// Documents; the next one begins `stride` bytes after the one before. Host to plugin, frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgDocuments {
    /// First document; may be null when `len` is 0.
    pub data: *const PgDocument,
    /// Documents.
    pub len: usize,
    /// Bytes from one document to the next.
    pub stride: usize,
}

/// [`crate::Epoch`]. Host to plugin, growable.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgEpoch {
    /// Size of the struct as the host knows it.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Revision of the configuration.
    pub revision: u64,
    /// The live documents of the plugin's kinds, ordered by kind, scope, id.
    pub documents: PgDocuments,
}

/// [`model::EventBatch`]. Host to plugin, growable.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgEventBatch {
    /// Size of the struct as the host knows it.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// Log sequences, `[n]`.
    pub seqs: PgU64s,
    /// Event times, `[n]`.
    pub times_ms: PgI64s,
    /// Event kind codes, `[n]`.
    pub kinds: PgU32s,
    /// Items, `[n]`.
    pub items: PgU32s,
    /// Session hashes, `[n]`.
    pub sessions: PgU64s,
    /// Visitor hashes, `[n]`.
    pub visitors: PgU64s,
    /// Quantities, `[n]`.
    pub quantities: PgF32s,
}

/// [`model::Output`]. Plugin to host, frozen.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgOutput {
    /// Name, unique within the plugin.
    pub name: PgStr,
    /// 1 add, 2 factor, 3 feature.
    pub combine: u32,
    /// 0.
    pub reserved: u32,
}

/// One contribution. Plugin to host, growable.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgContribution {
    /// Size of the struct as the plugin knows it.
    pub struct_size: u32,
    /// `PG_REWRITER` … `PG_OBSERVER`.
    pub role: u32,
    /// Name, unique within the plugin.
    pub name: PgStr,
    /// Bit `1 << kind` for every list it takes part in; 0 means all.
    pub lists: u32,
    /// Of a scorer: 1 all matches, 2 top window.
    pub phase: u32,
    /// Of a reranker: items of the head it wants to see.
    pub window: u32,
    /// 0.
    pub reserved: u32,
    /// Of a scorer or reranker: columns it reads.
    pub reads: PgStrs,
    /// Of a scorer: first column it writes; may be null when `writes_len` is 0.
    pub writes: *const PgOutput,
    /// Of a scorer: columns it writes.
    pub writes_len: usize,
}

/// Views a foreign pointer and length as a slice; `None` when they cannot be one.
///
/// # Safety
/// If `data` is not null and aligned, it must point to `len` initialized values that nobody writes during `'a`.
pub(crate) unsafe fn slice<'a, T>(data: *const T, len: usize) -> Option<&'a [T]> {
    if len == 0 {
        return Some(&[]);
    }
    let fits = len.checked_mul(size_of::<T>()).is_some_and(|bytes| bytes <= isize::MAX as usize);
    if data.is_null() || !data.is_aligned() || !fits {
        return None;
    }
    // SAFETY: not null, aligned, not too long; the caller vouches for the contents and the lifetime.
    Some(unsafe { std::slice::from_raw_parts(data, len) })
}

/// Views foreign memory as a slice to write to; `None` when it cannot be one.
///
/// # Safety
/// As [`slice`], and nobody else reads or writes it during `'a`.
pub(crate) unsafe fn slice_mut<'a, T>(data: *mut T, len: usize) -> Option<&'a mut [T]> {
    if len == 0 {
        return Some(&mut []);
    }
    let fits = len.checked_mul(size_of::<T>()).is_some_and(|bytes| bytes <= isize::MAX as usize);
    if data.is_null() || !data.is_aligned() || !fits {
        return None;
    }
    // SAFETY: not null, aligned, not too long; the caller vouches for the contents, lifetime and exclusiveness.
    Some(unsafe { std::slice::from_raw_parts_mut(data, len) })
}

macro_rules! borrowed {
    ($name:ident, $item:ty) => {
        impl $name {
            /// Lends a slice.
            pub fn lend(values: &[$item]) -> Self {
                Self { data: values.as_ptr(), len: values.len() }
            }

            /// The slice, or `None` when the pointer cannot be one.
            ///
            /// # Safety
            /// The fields must come from the other side of a running call, and `'a` must not outlive that call.
            pub unsafe fn get<'a>(self) -> Option<&'a [$item]> {
                // SAFETY: passed on to the caller.
                unsafe { slice(self.data, self.len) }
            }
        }
    };
}

borrowed!(PgBytes, u8);
borrowed!(PgF32s, f32);
borrowed!(PgU32s, u32);
borrowed!(PgU64s, u64);
borrowed!(PgI64s, i64);
borrowed!(PgStrs, PgStr);
borrowed!(PgColumns, PgF32s);
borrowed!(PgColumnsMut, PgF32sMut);
borrowed!(PgTermGroup, PgAlternative);

impl PgStr {
    /// Lends a text.
    pub const fn lend(text: &str) -> Self {
        Self { data: text.as_ptr(), len: text.len() }
    }

    /// The text, or `None` when the pointer cannot be one or the bytes are not UTF-8.
    ///
    /// # Safety
    /// The fields must come from the other side of a running call, and `'a` must not outlive that call.
    pub unsafe fn get<'a>(self) -> Option<&'a str> {
        // SAFETY: passed on to the caller.
        let bytes = unsafe { slice(self.data, self.len) }?;
        std::str::from_utf8(bytes).ok()
    }
}

impl PgStrs {
    /// The texts, or `None` when one is not a text.
    ///
    /// # Safety
    /// As [`PgStr::get`].
    pub unsafe fn texts<'a>(self) -> Option<Vec<&'a str>> {
        // SAFETY: passed on to the caller.
        let texts = unsafe { self.get() }?;
        // SAFETY: passed on to the caller.
        texts.iter().map(|text| unsafe { text.get() }).collect()
    }
}

impl PgColumns {
    /// The columns, or `None` when one is not `[rows]`.
    ///
    /// # Safety
    /// As [`PgF32s::get`].
    pub unsafe fn columns<'a>(self, rows: usize) -> Option<Vec<&'a [f32]>> {
        // SAFETY: passed on to the caller.
        let columns = unsafe { self.get() }?;
        // SAFETY: passed on to the caller.
        columns.iter().map(|column| unsafe { column.get() }.filter(|c| c.len() == rows)).collect()
    }
}

impl PgF32sMut {
    /// Lends a slice for writing.
    pub fn lend(values: &mut [f32]) -> Self {
        Self { data: values.as_mut_ptr(), len: values.len() }
    }

    /// The slice, or `None` when the pointer cannot be one.
    ///
    /// # Safety
    /// As [`PgF32s::get`], and no other view of the memory may be used during `'a`.
    pub unsafe fn get<'a>(self) -> Option<&'a mut [f32]> {
        // SAFETY: passed on to the caller.
        unsafe { slice_mut(self.data, self.len) }
    }
}

impl PgDocument {
    /// Lends a document.
    pub fn lend(document: &model::Document<'_>) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            reserved: 0,
            kind: PgStr::lend(document.kind),
            scope: PgStr::lend(document.scope),
            id: PgStr::lend(document.id),
            revision: document.revision,
            seq: document.seq,
            from_ms: document.from_ms,
            until_ms: document.until_ms,
            json: PgStr::lend(document.json),
        }
    }

    /// The document, or `None` when a text is not one.
    ///
    /// # Safety
    /// As [`PgStr::get`].
    pub unsafe fn get<'a>(&self) -> Option<model::Document<'a>> {
        // SAFETY: passed on to the caller, here and below.
        let text = |text: PgStr| unsafe { text.get() };
        Some(model::Document {
            kind: text(self.kind)?,
            scope: text(self.scope)?,
            id: text(self.id)?,
            revision: self.revision,
            seq: self.seq,
            from_ms: self.from_ms,
            until_ms: self.until_ms,
            json: text(self.json)?,
        })
    }
}

impl PgDocuments {
    /// Lends documents.
    pub fn lend(documents: &[PgDocument]) -> Self {
        Self { data: documents.as_ptr(), len: documents.len(), stride: size_of::<PgDocument>() }
    }

    /// The documents, or `None` when one is not a document.
    ///
    /// # Safety
    /// As [`PgStr::get`]; `stride` is the size of the host's struct, which is not smaller than ours.
    pub unsafe fn get<'a>(self) -> Option<Vec<model::Document<'a>>> {
        if self.len > 0 && (self.data.is_null() || self.stride < size_of::<PgDocument>()) {
            return None;
        }
        let bytes = self.data.cast::<u8>();
        (0..self.len)
            .map(|index| {
                // SAFETY: the host laid out `len` documents, `stride` bytes apart.
                let document = unsafe { bytes.add(index * self.stride) }.cast::<PgDocument>();
                // SAFETY: as above, and each is at least as long as our struct.
                let document = unsafe { &*document };
                // SAFETY: passed on to the caller.
                unsafe { document.get() }
            })
            .collect()
    }
}

/// Adds a number to an FNV-1a hash.
const fn fnv(hash: u64, value: usize) -> u64 {
    let bytes = (value as u64).to_le_bytes();
    let mut hash = hash;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

macro_rules! hash_layout {
    ($hash:expr; $($name:ident { $($field:ident),* $(,)? })*) => {{
        let mut hash: u64 = $hash;
        $(
            hash = fnv(hash, size_of::<$name>());
            hash = fnv(hash, align_of::<$name>());
            $( hash = fnv(hash, std::mem::offset_of!($name, $field)); )*
        )*
        hash
    }};
}

/// FNV-1a over size, alignment and field offsets of every struct above, in the order of this file.
/// Two builds with equal hashes see the same bytes in the same places.
pub const LAYOUT_HASH: u64 = hash_layout! { 0xcbf2_9ce4_8422_2325;
    PgStr { data, len }
    PgStrs { data, len }
    PgBytes { data, len }
    PgF32s { data, len }
    PgF32sMut { data, len }
    PgU32s { data, len }
    PgU64s { data, len }
    PgI64s { data, len }
    PgColumns { data, len }
    PgColumnsMut { data, len }
    PgRequest {
        struct_size, kind, text, store_view, locale, category, unit, unit_type, page_type, customer_group, audiences,
        anchors, cart, recent, purchased, now_ms, seed, explicit_sort, warmth, device, filters,
    }
    PgAlternative { text, weight, prefix }
    PgTermGroup { data, len }
    PgQuery { struct_size, has_redirect, data, len, redirect }
    PgAct { struct_size, verb, position, factor, condition, reserved, items, reason, count, first, text }
    PgCandidate { item, score }
    PgScoreBatch { struct_size, reserved, items, columns, out }
    PgRankedList { struct_size, reserved, items, scores, columns }
    PgDocument { struct_size, reserved, kind, scope, id, revision, seq, from_ms, until_ms, json }
    PgDocuments { data, len, stride }
    PgEpoch { struct_size, reserved, revision, documents }
    PgEventBatch { struct_size, reserved, seqs, times_ms, kinds, items, sessions, visitors, quantities }
    PgOutput { name, combine, reserved }
    PgContribution { struct_size, role, name, lists, phase, window, reserved, reads, writes, writes_len }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_pointer_is_a_slice_only_when_it_is_empty() {
        // SAFETY: null is never read.
        assert_eq!(unsafe { slice::<u32>(std::ptr::null(), 0) }, Some(&[][..]));
        // SAFETY: null is never read.
        assert_eq!(unsafe { slice::<u32>(std::ptr::null(), 3) }, None);
    }

    #[test]
    fn a_length_past_the_address_space_is_refused() {
        let value = 7u32;
        // SAFETY: refused by its length before it is read.
        assert_eq!(unsafe { slice(&value, usize::MAX) }, None);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let bytes = [0xff, 0xfe];
        let text = PgStr { data: bytes.as_ptr(), len: 2 };
        // SAFETY: the bytes live on this stack frame.
        assert_eq!(unsafe { text.get() }, None);
    }

    #[test]
    fn an_act_of_an_older_version_has_nothing_in_the_newer_fields() {
        let text = PgStr::lend("x");
        let (items, reason) = (PgU32s::lend(&[]), PgStr::lend("why"));
        let act = |size: usize| PgAct {
            struct_size: size as u32,
            verb: PG_PIN,
            position: 3,
            factor: 1.0,
            condition: PG_NO_CONDITION,
            reserved: 0,
            items,
            reason,
            count: 7,
            first: 8,
            text,
        };
        let read = |size: usize| {
            let act = act(size);
            // SAFETY: the act lives on this stack frame and is at least as long as it says.
            unsafe { PgAct::read(&raw const act) }
        };
        let old = read(PgAct::SIZE_MIN).unwrap();
        assert_eq!((old.position, old.count, old.first, old.text.len), (3, 0, 0, 0));
        let new = read(size_of::<PgAct>()).unwrap();
        assert_eq!((new.position, new.count, new.first, new.text.len), (3, 7, 8, 1));
        assert!(read(PgAct::SIZE_MIN - 1).is_none());
    }

    #[test]
    fn documents_are_read_by_stride() {
        #[repr(C)]
        struct Newer {
            document: PgDocument,
            appended: u64,
        }
        let make = |id| Newer {
            document: PgDocument::lend(&model::Document {
                kind: "k",
                scope: "",
                id,
                revision: 1,
                seq: 1,
                from_ms: 0,
                until_ms: 1,
                json: "{}",
            }),
            appended: u64::MAX,
        };
        let documents = [make("a"), make("b")];
        assert_eq!(documents[0].appended, u64::MAX);
        let lent = PgDocuments { data: documents.as_ptr().cast(), len: 2, stride: size_of::<Newer>() };
        // SAFETY: the array lives on this stack frame.
        let ids: Vec<_> = unsafe { lent.get() }.unwrap().iter().map(|d| d.id).collect();
        assert_eq!(ids, ["a", "b"]);
    }
}
