//! Is the C header in the tree the one that the Rust layouts say?
//!
//! `core/abi/planogram.h` is generated from `core/abi/src` and checked in, so that a C programmer needs no Rust.
//! After a change of the contract run this test with `PLANOGRAM_UPDATE_HEADER=1` and review the difference.

use std::fmt::Write as _;
use std::path::Path;

use planogram_abi::handshake::{ABI_MAJOR, ABI_MINOR, PgHandshake};
use planogram_abi::layout::*;
use planogram_abi::table::{PgCall, PgHostTable, PgPluginTable};

const HEAD: &str = "\
/* The contract between the planogram kernel and its plugins, for C.
 *
 * Generated from core/abi/src; do not edit. How to use it: core/abi/README.md.
 * Ownership: every pointer is borrowed until the call it came with returns; nobody frees what the other side made.
 */";

const HELPERS: &str = r#"
/* Architecture and system, as the host spells them. */
#if defined(__x86_64__)
#define PG_ARCH "x86_64"
#elif defined(__aarch64__)
#define PG_ARCH "aarch64"
#endif
#if defined(__linux__)
#define PG_OS "linux"
#define PG_SECTION __attribute__((used, section(".planogram")))
#elif defined(__APPLE__)
#define PG_OS "macos"
#define PG_SECTION __attribute__((used, section("__DATA,__planogram")))
#endif

/* The record in the plugin's file; use it once. `entry_name` is the symbol of the PgEntry function, as text:
 *   PG_HANDSHAKE(handshake, "my-plugin", "1.0.0", "planogram_plugin_my_plugin");
 */
#define PG_HANDSHAKE(variable, plugin_name, plugin_version, entry_name)                                          \
  PG_SECTION static const PgHandshake variable = {                                                               \
    {'p', 'l', 'a', 'n', 'o', 'g', 'r', 'a', 'm', ' ', 'p', 'l', 'u', 'g', 'i', 'n'},                            \
    sizeof(PgHandshake), PG_ABI_MAJOR, PG_ABI_MINOR, sizeof(PgPluginTable), PG_LAYOUT_HASH,                      \
    8 * sizeof(void *), PG_PANIC_NONE, PG_ARCH "-" PG_OS, plugin_name, plugin_version, entry_name,               \
  }

/* A text as the host wants it; the bytes stay the caller's. */
static inline PgStr pg_str(const char *text) {
  PgStr lent = {(const uint8_t *)text, strlen(text)};
  return lent;
}
"#;

/// The header as it should be.
fn generate() -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("abi/src");
    let mut builder = cbindgen::Builder::new()
        .with_language(cbindgen::Language::C)
        .with_style(cbindgen::Style::Both)
        .with_header(HEAD)
        .with_include_guard("PLANOGRAM_H")
        .with_sys_include("string.h")
        // The call and the host's table name each other.
        .with_after_include("\ntypedef struct PgCall PgCall;")
        .with_line_length(120)
        .with_documentation(true);
    for file in ["layout.rs", "handshake.rs", "table.rs"] {
        builder = builder.with_src(source.join(file));
    }
    for item in ["PgEntry", "PgCall", "PgHostTable", "PgPluginTable", "PgHandshake", "PgContribution", "PgAct"] {
        builder = builder.include_item(item);
    }
    for item in ["MAGIC", "ABI_MAJOR", "ABI_MINOR", "SECTION_ELF", "SECTION_MACHO", "LAYOUT_HASH", "RECORD_SIZE"] {
        builder = builder.exclude_item(item);
    }
    let bindings = builder.with_trailer(trailer()).generate().expect("the sources parse");
    let mut header = Vec::new();
    bindings.write(&mut header);
    let header = String::from_utf8(header).expect("a header is text");
    // Rust's links mean nothing in C.
    let lines = header.replace("[`", "`").replace("`]", "`").replace("model::", "").replace("crate::", "");
    lines.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

/// Constants that are computed, helpers, and the sizes that the C compiler must agree with.
fn trailer() -> String {
    let mut text = format!(
        "/* Version of the contract, and the hash of all layouts on a 64-bit machine. */\n\
         #define PG_ABI_MAJOR {ABI_MAJOR}\n#define PG_ABI_MINOR {ABI_MINOR}\n#define PG_LAYOUT_HASH {LAYOUT_HASH:#018x}ull\n"
    );
    text.push_str(HELPERS);
    text.push_str("\n#if __STDC_VERSION__ >= 201112L\n");
    macro_rules! sizes {
        ($($name:ident),* $(,)?) => {$(
            let (name, size) = (stringify!($name), size_of::<$name>());
            writeln!(text, "_Static_assert(sizeof({name}) == {size}, \"{name}\");").expect("text takes text");
        )*};
    }
    sizes!(
        PgStr,
        PgStrs,
        PgBytes,
        PgF32s,
        PgF32sMut,
        PgU32s,
        PgU64s,
        PgI64s,
        PgColumns,
        PgColumnsMut,
        PgRequest,
        PgAlternative,
        PgTermGroup,
        PgQuery,
        PgAct,
        PgCandidate,
        PgScoreBatch,
        PgRankedList,
        PgDocument,
        PgDocuments,
        PgEpoch,
        PgEventBatch,
        PgOutput,
        PgContribution,
        PgHandshake,
        PgCall,
        PgHostTable,
        PgPluginTable,
    );
    text.push_str("#endif\n");
    text
}

#[test]
fn the_header_is_what_the_layouts_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("abi/planogram.h");
    let expected = generate();
    if std::env::var_os("PLANOGRAM_UPDATE_HEADER").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "core/abi/planogram.h is stale: run this test with PLANOGRAM_UPDATE_HEADER=1");
}
