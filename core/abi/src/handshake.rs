//! May this file be loaded at all?
//!
//! Every plugin carries one record of plain bytes in a named section of its file. The host reads it from the
//! file, before any code of the plugin has run, and refuses a mismatch field by field. There are no pointers
//! in it, so nothing has to be relocated to read it. Finding the section is the host's business.

use crate::layout::LAYOUT_HASH;
use crate::limits::NAME_BYTES_MAX;

/// First bytes of the record.
pub const MAGIC: [u8; 16] = *b"planogram plugin";
/// Raised when something that exists changes; a plugin of another major version is refused.
pub const ABI_MAJOR: u32 = 1;
/// Raised when something is appended; a plugin of a newer minor version is refused.
pub const ABI_MINOR: u32 = 1;
/// The layout hashes of older minor versions, from 0: structs have grown since, and whoever reads one looks at its
/// `struct_size`.
const OLDER_LAYOUTS: [u64; ABI_MINOR as usize] = [0xbe02_dba3_353a_2355];
/// Section of an ELF file.
pub const SECTION_ELF: &str = ".planogram";
/// Section of a Mach-O file, in segment `__DATA`.
pub const SECTION_MACHO: &str = "__planogram";

/// [`PgHandshake::panic`]: written in a language without panics.
pub const PG_PANIC_NONE: u32 = 0;
/// [`PgHandshake::panic`]: panics unwind, and the shims stop them.
pub const PG_PANIC_UNWIND: u32 = 1;
/// [`PgHandshake::panic`]: panics abort the process; refused.
pub const PG_PANIC_ABORT: u32 = 2;

/// The record in the plugin's file. Its texts are UTF-8, padded with NULs, at least one.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PgHandshake {
    /// `planogram plugin`.
    pub magic: [u8; 16],
    /// Bytes of this record.
    pub record_size: u32,
    /// Major version of the contract.
    pub abi_major: u32,
    /// Minor version of the contract.
    pub abi_minor: u32,
    /// Bytes of the plugin's function table.
    pub table_size: u32,
    /// Hash of all layouts.
    pub layout_hash: u64,
    /// Bits of a pointer.
    pub pointer_bits: u32,
    /// `PG_PANIC_…`.
    pub panic: u32,
    /// Architecture and system, such as `x86_64-linux`.
    pub target: [u8; 48],
    /// Name of the plugin.
    pub name: [u8; 64],
    /// Version of the plugin.
    pub version: [u8; 32],
    /// Symbol of the entry function.
    pub entry: [u8; 128],
}

const RECORD_SIZE: usize = size_of::<PgHandshake>();

/// Pads a text with NULs.
const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let bytes = text.as_bytes();
    assert!(bytes.len() < N, "a text of the handshake is too long");
    let mut out = [0; N];
    let mut i = 0;
    while i < bytes.len() {
        out[i] = bytes[i];
        i += 1;
    }
    out
}

/// Architecture and system of this build.
const fn target() -> [u8; 48] {
    let (arch, os) = (std::env::consts::ARCH.as_bytes(), std::env::consts::OS.as_bytes());
    let mut out = [0; 48];
    let mut i = 0;
    while i < arch.len() {
        out[i] = arch[i];
        i += 1;
    }
    out[i] = b'-';
    i += 1;
    let mut j = 0;
    while j < os.len() {
        out[i + j] = os[j];
        j += 1;
    }
    out
}

impl PgHandshake {
    /// The record of a Rust plugin built now. Used by `export_plugin!`.
    ///
    /// # Panics
    /// At compile time, when the name is empty, longer than [`NAME_BYTES_MAX`], or not lower-case words joined
    /// by hyphens; and when a text does not fit its field.
    pub const fn new(name: &str, version: &str, entry: &str) -> Self {
        assert!(is_name(name.as_bytes()), "a plugin's name must be lower-case words joined by hyphens");
        Self {
            magic: MAGIC,
            record_size: RECORD_SIZE as u32,
            abi_major: ABI_MAJOR,
            abi_minor: ABI_MINOR,
            table_size: size_of::<crate::table::PgPluginTable>() as u32,
            layout_hash: LAYOUT_HASH,
            pointer_bits: usize::BITS,
            panic: if cfg!(panic = "abort") { PG_PANIC_ABORT } else { PG_PANIC_UNWIND },
            target: target(),
            name: padded(name),
            version: padded(version),
            entry: padded(entry),
        }
    }
}

/// Whether a name is made of lower-case words and digits joined by single hyphens.
pub(crate) const fn is_name(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name[0] == b'-' || name[name.len() - 1] == b'-' {
        return false;
    }
    let mut i = 0;
    while i < name.len() {
        let word = name[i].is_ascii_lowercase() || name[i].is_ascii_digit();
        if !word && (name[i] != b'-' || name[i - 1] == b'-') {
            return false;
        }
        i += 1;
    }
    true
}

/// The record as read from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Major version of the contract.
    pub abi_major: u32,
    /// Minor version of the contract.
    pub abi_minor: u32,
    /// Bytes of the plugin's function table.
    pub table_size: u32,
    /// Hash of all layouts.
    pub layout_hash: u64,
    /// Bits of a pointer.
    pub pointer_bits: u32,
    /// `PG_PANIC_…`.
    pub panic: u32,
    /// Architecture and system.
    pub target: String,
    /// Name of the plugin.
    pub name: String,
    /// Version of the plugin.
    pub version: String,
    /// Symbol of the entry function.
    pub entry: String,
}

/// Why bytes are not a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAHandshake(pub String);

impl std::fmt::Display for NotAHandshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAHandshake {}

/// Reads the contents of the section.
///
/// # Errors
/// When the section does not hold exactly one record, or a text in it is not one.
pub fn parse(bytes: &[u8]) -> Result<Handshake, NotAHandshake> {
    let refuse = |message: String| Err(NotAHandshake(message));
    // Magic and size come first, so that a record of another version is still told apart from garbage.
    if bytes.len() < 28 || bytes[..16] != MAGIC {
        let head = &bytes[..bytes.len().min(16)];
        return refuse(format!("magic: expected `{}`, got `{}`", String::from_utf8_lossy(&MAGIC), head.escape_ascii()));
    }
    let abi_major = read_u32(bytes, 20);
    let record_size = read_u32(bytes, 16) as usize;
    if abi_major == ABI_MAJOR && (record_size != RECORD_SIZE || bytes.len() != RECORD_SIZE) {
        return refuse(format!(
            "record size: expected one record of {RECORD_SIZE} bytes, got {} bytes with records of {record_size}",
            bytes.len()
        ));
    }
    if bytes.len() < RECORD_SIZE {
        return refuse(format!("abi major: expected {ABI_MAJOR}, got {abi_major}"));
    }
    Ok(Handshake {
        abi_major,
        abi_minor: read_u32(bytes, 24),
        table_size: read_u32(bytes, 28),
        layout_hash: u64::from(read_u32(bytes, 32 + low_half())) | u64::from(read_u32(bytes, 36 - low_half())) << 32,
        pointer_bits: read_u32(bytes, 40),
        panic: read_u32(bytes, 44),
        target: read_text(&bytes[48..96], "target")?,
        name: read_text(&bytes[96..160], "name")?,
        version: read_text(&bytes[160..192], "version")?,
        entry: read_text(&bytes[192..320], "entry")?,
    })
}

/// Offset of the low half of a 64-bit number in this machine's byte order.
const fn low_half() -> usize {
    if cfg!(target_endian = "big") { 4 } else { 0 }
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn read_text(field: &[u8], what: &str) -> Result<String, NotAHandshake> {
    let end = field.iter().position(|&byte| byte == 0);
    let text = end.and_then(|end| std::str::from_utf8(&field[..end]).ok()).filter(|text| !text.is_empty());
    match text {
        Some(text) => Ok(text.to_owned()),
        None => Err(NotAHandshake(format!("{what}: expected NUL-terminated text, got `{}`", field.escape_ascii()))),
    }
}

impl Handshake {
    /// Everything that keeps this host from loading the plugin, one line a field; empty when nothing does.
    pub fn mismatches(&self) -> Vec<String> {
        let ours = PgHandshake::new("host", "0", "host");
        let mut found = Vec::new();
        let mut check = |field: &str, good: bool, expected: String, got: String| {
            if !good {
                found.push(format!("{field}: expected {expected}, got {got}"));
            }
        };
        let (major, minor) = (self.abi_major, self.abi_minor);
        check("abi major", major == ABI_MAJOR, ABI_MAJOR.to_string(), major.to_string());
        check("abi minor", (0..=ABI_MINOR).contains(&minor), format!("at most {ABI_MINOR}"), minor.to_string());
        let table_good = self.table_size == ours.table_size;
        check("table size", table_good, ours.table_size.to_string(), self.table_size.to_string());
        let layout = OLDER_LAYOUTS.get(minor as usize).copied().unwrap_or(LAYOUT_HASH);
        let (hash, wanted) = (format!("{:#018x}", self.layout_hash), format!("{layout:#018x}"));
        check("layout hash", self.layout_hash == layout, wanted, hash);
        let bits = self.pointer_bits;
        check("pointer bits", bits == usize::BITS, usize::BITS.to_string(), bits.to_string());
        let panic_good = self.panic == PG_PANIC_NONE || self.panic == PG_PANIC_UNWIND;
        check("panic strategy", panic_good, "unwind".to_owned(), panic_name(self.panic));
        let our_target = ours.target.iter().take_while(|&&byte| byte != 0).map(|&byte| char::from(byte)).collect();
        check("target", self.target == our_target, our_target, self.target.clone());
        let name_good = is_name(self.name.as_bytes());
        check("name", name_good, "lower-case words joined by hyphens".to_owned(), format!("`{}`", self.name));
        found
    }
}

fn panic_name(panic: u32) -> String {
    match panic {
        PG_PANIC_NONE => "none".to_owned(),
        PG_PANIC_UNWIND => "unwind".to_owned(),
        PG_PANIC_ABORT => "abort".to_owned(),
        other => other.to_string(),
    }
}

/// The bytes of a record, as they stand in the section.
pub fn to_bytes(record: &PgHandshake) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RECORD_SIZE);
    bytes.extend_from_slice(&record.magic);
    for number in [record.record_size, record.abi_major, record.abi_minor, record.table_size] {
        bytes.extend_from_slice(&number.to_ne_bytes());
    }
    bytes.extend_from_slice(&record.layout_hash.to_ne_bytes());
    bytes.extend_from_slice(&record.pointer_bits.to_ne_bytes());
    bytes.extend_from_slice(&record.panic.to_ne_bytes());
    bytes.extend_from_slice(&record.target);
    bytes.extend_from_slice(&record.name);
    bytes.extend_from_slice(&record.version);
    bytes.extend_from_slice(&record.entry);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Vec<u8> {
        to_bytes(&PgHandshake::new("my-plugin", "1.2.3", "planogram_plugin_my_plugin"))
    }

    /// Patches the good record and says what the host would answer.
    fn check(patch: impl FnOnce(&mut PgHandshake), expected: &[&str]) {
        let mut record = PgHandshake::new("my-plugin", "1.2.3", "planogram_plugin_my_plugin");
        patch(&mut record);
        let found = match parse(&to_bytes(&record)) {
            Ok(handshake) => handshake.mismatches(),
            Err(error) => vec![error.0],
        };
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found} does not contain {expected}");
        }
    }

    #[test]
    fn the_bytes_are_the_record() {
        let handshake = parse(&good()).unwrap();
        assert_eq!((handshake.name.as_str(), handshake.version.as_str()), ("my-plugin", "1.2.3"));
        assert_eq!(handshake.entry, "planogram_plugin_my_plugin");
        assert_eq!(handshake.layout_hash, LAYOUT_HASH);
        assert_eq!(good().len(), RECORD_SIZE);
        assert_eq!(RECORD_SIZE, 320);
    }

    #[test]
    fn every_field_is_refused_by_name() {
        check(|_| {}, &[]);
        check(|r| r.magic[0] = b'P', &["magic: expected `planogram plugin`, got `Planogram plugin`"]);
        check(|r| r.abi_major = 2, &["abi major: expected 1, got 2"]);
        check(|r| r.abi_minor = 9, &["abi minor: expected at most 1, got 9"]);
        check(|r| r.table_size = 8, &["table size: expected "]);
        check(|r| r.layout_hash = 1, &["got 0x0000000000000001"]);
        check(|r| r.pointer_bits = 32, &["pointer bits: expected 64, got 32"]);
        check(|r| r.panic = PG_PANIC_ABORT, &["panic strategy: expected unwind, got abort"]);
        check(|r| r.panic = 77, &["panic strategy: expected unwind, got 77"]);
        check(|r| r.target = padded("m68k-amiga"), &["got m68k-amiga"]);
        check(|r| r.name = padded("Not A Name"), &["name: expected lower-case words joined by hyphens"]);
        check(|r| r.name = [b'a'; 64], &["name: expected NUL-terminated text"]);
        check(|r| r.record_size = 12, &["record size: expected one record of 320 bytes"]);
    }

    #[test]
    fn several_mismatches_are_all_reported() {
        let patch = |r: &mut PgHandshake| {
            r.abi_minor = 9;
            r.pointer_bits = 32;
        };
        check(patch, &["abi minor", "pointer bits"]);
    }

    #[test]
    fn no_prefix_of_a_record_is_a_record() {
        let bytes = good();
        for len in 0..bytes.len() {
            assert!(parse(&bytes[..len]).is_err(), "a prefix of {len} bytes was accepted");
        }
    }

    #[test]
    fn two_records_in_one_file_are_refused() {
        let twice = [good(), good()].concat();
        assert!(parse(&twice).unwrap_err().0.contains("record size"));
    }

    #[test]
    fn names_are_words_joined_by_hyphens() {
        for (name, expected) in
            [("a", true), ("a-b2", true), ("", false), ("-a", false), ("a-", false), ("a--b", false), ("A", false)]
        {
            assert_eq!(is_name(name.as_bytes()), expected, "{name}");
        }
    }
}
