//! What may a source know?
//!
//! Plugin names, JSON, bytes on disk, `unsafe`, and the other rooms of the kernel.

use crate::tree::{self, File, Keep};

/// The rooms of `core/src` in reading order: a room uses only those above it.
const ROOMS: [&str; 15] = [
    "id", "score", "limits", "config", "log", "catalog", "text", "signal", "vector", "visitor", "expr", "host",
    "snapshot", "pipeline", "engine",
];

/// (file, room): what looks down although it stands above.
const LOOKS_DOWN: [(&str, &str, &str); 2] = [
    ("core/src/log/entry.rs", "catalog", "an entry carries product documents, which are plain data"),
    ("core/src/log/entry.rs", "signal", "an entry carries shopper events, which are plain data"),
];

/// Where the kernel reads or writes JSON text: never of the HTTP API, which is the server's.
const JSON: [(&str, &str); 6] = [
    ("core/src/catalog/read.rs", "configuration documents are JSON"),
    ("core/src/expr/", "a condition is a JSON tree"),
    ("core/src/engine/epochs.rs", "plugins hand conditions in as text"),
    ("core/src/host/instance.rs", "a plugin's schemas are checked to be JSON"),
    ("core/src/host/check.rs", "the conformance suite reads a plugin's schemas and answers"),
    ("core/src/pipeline/unit/read.rs", "a unit is a configuration document"),
];

/// Where the kernel knows bytes on disk.
const DISK: [(&str, &str); 7] = [
    ("core/src/log/", "the log, the snapshot files and the served records"),
    ("core/src/text/index.rs", "tantivy's folder, which can always be built again"),
    ("core/src/engine/open.rs", "makes the data directory"),
    ("core/src/host/discover.rs", "finds libraries"),
    ("core/src/host/load.rs", "copies and maps libraries"),
    ("core/src/host/check.rs", "reads the library under test"),
    ("core/src/host/scaffold.rs", "writes a new plugin project"),
];

/// Words that give away a file system or a database.
const DISK_WORDS: [&str; 9] =
    ["fs::", "fs;", "File::open", "File::create", "OpenOptions", "redb", "MmapDirectory", "canonicalize", ".is_file()"];

/// Where `unsafe` may stand: the wall, seen from both sides.
const UNSAFE: [(&str, &str); 4] = [
    ("core/abi/src/layout.rs", "views of the C structures"),
    ("core/abi/src/table", "calls through the function tables"),
    ("core/abi/src/export", "the guest's side of the calls"),
    ("core/src/host/load.rs", "maps a library and asks for its table"),
];

/// Law 3. The template is no plugin that runs: `plugin new` copies its text. Tests of the whole product
/// (`server/tests`) may speak of what `plugins/default.toml` loads; nothing below may.
fn plugin_name_problems(sources: &[File], plugins: &[String]) -> Vec<String> {
    let in_question = |f: &&File| f.path.starts_with("core/") || f.path.starts_with("server/src/");
    let mut problems = Vec::new();
    for file in sources.iter().filter(in_question).filter(|f| !f.path.starts_with("core/tests/laws/")) {
        let code = tree::strip(&file.text, Keep::CodeAndStrings);
        for plugin in plugins {
            if code.contains(plugin.as_str()) || code.contains(&plugin.replace('-', "_")) {
                problems.push(format!("{} names the plugin `{plugin}`", file.path));
            }
        }
    }
    problems
}

/// Files of the kernel that do what only the listed ones may, and list entries that nothing needs.
fn outside(sources: &[File], allowed: &[(&str, &str)], what: &str, does: impl Fn(&str) -> bool) -> Vec<String> {
    let mut needless: Vec<&str> = allowed.iter().map(|(path, _)| *path).collect();
    let mut problems = Vec::new();
    for file in sources.iter().filter(|f| f.path.starts_with("core/src/") && !tree::is_test(&f.path)) {
        let code = tree::strip(&file.text, Keep::Code);
        if does(tree::without_tests(&code)) {
            match allowed.iter().find(|(path, _)| file.path.starts_with(path)) {
                Some((path, _)) => needless.retain(|other| other != path),
                None => problems.push(format!("{} {what}", file.path)),
            }
        }
    }
    problems.extend(needless.into_iter().map(|path| format!("{path} is on the list and never {what}")));
    problems
}

fn knows_the_disk(code: &str) -> bool {
    DISK_WORDS.iter().any(|word| code.contains(word))
}

fn knows_json(code: &str) -> bool {
    tree::has_word(code, "serde_json")
}

/// Law 5, its half about code.
fn unsafe_problems(sources: &[File]) -> Vec<String> {
    let may = |path: &str| UNSAFE.iter().any(|(allowed, _)| path.starts_with(allowed));
    let has_unsafe = |f: &&File| tree::has_word(&tree::strip(&f.text, Keep::Code), "unsafe");
    sources.iter().filter(|f| !may(&f.path)).filter(has_unsafe).map(|f| format!("{} has `unsafe`", f.path)).collect()
}

/// Law 5, its half about promises: the crates outside the wall forbid it, the kernel denies it but for the loader.
fn promise_problems(sources: &[File]) -> Vec<String> {
    let is_root = |f: &&File| f.path.ends_with("/src/lib.rs") || f.path.ends_with("/src/main.rs");
    let mut problems = Vec::new();
    for file in sources.iter().filter(is_root) {
        let wanted = match file.path.as_str() {
            "core/abi/src/lib.rs" | "benches/src/lib.rs" => continue,
            "core/src/lib.rs" => "#![deny(unsafe_code)]",
            _ => "#![forbid(unsafe_code)]",
        };
        if !file.text.lines().any(|line| line == wanted) {
            problems.push(format!("{} does not say {wanted}", file.path));
        }
    }
    let gives_leave = |f: &&File| tree::strip(&f.text, Keep::Code).contains("allow(unsafe_code)");
    for file in sources.iter().filter(|f| f.path.starts_with("core/src/")).filter(gives_leave) {
        if file.path != "core/src/host/load.rs" {
            problems.push(format!("{} allows `unsafe`, only the loader may", file.path));
        }
    }
    problems
}

/// The arrows between the rooms of the kernel; its tests may look everywhere.
fn room_problems(sources: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut needless = LOOKS_DOWN.map(|(file, room, _)| (file, room)).to_vec();
    for file in sources.iter().filter(|f| !tree::is_test(&f.path)) {
        let Some(inside) = file.path.strip_prefix("core/src/").filter(|inside| *inside != "lib.rs") else { continue };
        let room = inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs");
        let Some(place) = ROOMS.iter().position(|r| *r == room) else {
            problems.push(format!("{} is in no room", file.path));
            continue;
        };
        let code = tree::strip(&file.text, Keep::Code);
        let code = tree::without_tests(&code);
        for below in ROOMS[place + 1..].iter().filter(|below| uses(code, below)) {
            match LOOKS_DOWN.iter().find(|(path, to, _)| *path == file.path && to == below) {
                Some(_) => needless.retain(|(path, to)| (*path, to) != (&file.path, below)),
                None => problems.push(format!("{} uses `{below}`, which stands below `{room}`", file.path)),
            }
        }
    }
    problems.extend(needless.iter().map(|(path, room)| format!("{path} is on the list and does not use `{room}`")));
    problems
}

fn uses(code: &str, room: &str) -> bool {
    let path = format!("crate::{room}");
    code.match_indices(&path)
        .any(|(at, _)| !code[at + path.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// The plugins of the checkout that can run; what they share and what new ones are copied from cannot.
fn plugin_names() -> Vec<String> {
    let manifests = tree::files(&["/Cargo.toml"]).into_iter();
    let names =
        manifests.filter_map(|f| f.path.strip_prefix("plugins/")?.strip_suffix("/Cargo.toml").map(str::to_owned));
    names.filter(|name| name != "rules" && name != "template").collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.into() }
}

#[test]
fn law_3_nothing_names_a_plugin() {
    let plugins = plugin_names();
    let shipped = tree::files(&["plugins/default.toml"]).pop().expect("the shipped plugins are configured in a file");
    for plugin in &plugins {
        assert!(shipped.text.contains(&format!("name = \"{plugin}\"")), "{} does not name {plugin}", shipped.path);
    }
    assert!(plugins.len() >= 3, "only {plugins:?} found");
    assert_eq!(plugin_name_problems(&tree::sources(), &plugins), none());
}

#[test]
fn law_4_only_listed_rooms_know_json_and_the_disk() {
    let sources = tree::sources();
    assert_eq!(outside(&sources, &JSON, "knows JSON", knows_json), none());
    assert_eq!(outside(&sources, &DISK, "knows the disk", knows_the_disk), none());
}

#[test]
fn law_5_unsafe_stays_at_the_wall() {
    assert_eq!(unsafe_problems(&tree::sources()), none());
    assert_eq!(promise_problems(&tree::sources()), none());
}

#[test]
fn a_room_uses_only_those_above_it() {
    assert_eq!(room_problems(&tree::sources()), none());
    let listed: Vec<_> = tree::files(&["core/src/lib.rs"])[0]
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.split(';').next().map(str::to_owned))
        .collect();
    assert_eq!(listed, ROOMS, "core/src/lib.rs lists the rooms in reading order");
}

#[test]
fn a_named_plugin_is_seen() {
    let sources = [
        file("core/src/a.rs", "let name = \"best-first\"; // best-first"),
        file("server/src/b.rs", "use best_first::X;"),
        file("server/src/c.rs", "// best-first is a plugin"),
        file("server/tests/d.rs", "load(\"best-first\")"),
    ];
    assert_eq!(
        plugin_name_problems(&sources, &["best-first".into()]),
        ["core/src/a.rs names the plugin `best-first`", "server/src/b.rs names the plugin `best-first`"]
    );
}

#[test]
fn json_and_disk_outside_their_rooms_are_seen() {
    let sources = [
        file("core/src/a/x.rs", "let x = std::fs::read(path);"),
        file("core/src/b.rs", "// std::fs\n#[cfg(test)]\nmod tests { use std::fs; }"),
        file("core/src/a/tests.rs", "std::fs::read"),
        file("core/src/c/y.rs", "use redb::Database;"),
    ];
    let allowed = [("core/src/c/", "its room"), ("core/src/d/", "nobody is there")];
    assert_eq!(
        outside(&sources, &allowed, "knows the disk", knows_the_disk),
        ["core/src/a/x.rs knows the disk", "core/src/d/ is on the list and never knows the disk"]
    );
    assert!(knows_json("serde_json::from_str(x)") && !knows_json("my_serde_json2"));
}

#[test]
fn unsafe_elsewhere_is_seen() {
    let sources = [
        file("core/src/host/load.rs", "#![allow(unsafe_code)] unsafe { f() }"),
        file("core/src/lib.rs", "#![deny(unsafe_code)]\n// unsafe"),
        file("core/src/host/set.rs", "#![allow(unsafe_code)]\nlet s = \"unsafe\"; unsafe { g() }"),
        file("plugins/a/src/lib.rs", "#![deny(unsafe_code)]"),
    ];
    assert_eq!(unsafe_problems(&sources), ["core/src/host/set.rs has `unsafe`"]);
    assert_eq!(
        promise_problems(&sources),
        [
            "plugins/a/src/lib.rs does not say #![forbid(unsafe_code)]",
            "core/src/host/set.rs allows `unsafe`, only the loader may",
        ]
    );
}

#[test]
fn a_room_that_looks_down_is_seen() {
    let sources = [
        file("core/src/log/entry.rs", "use crate::catalog::doc::A; use crate::signal::B;"),
        file("core/src/log/writer.rs", "use crate::id::Seq; use crate::engine::State;"),
        file("core/src/attic.rs", ""),
        file(
            "core/src/text/x.rs",
            "crate::hosts::y(); // crate::host\n#[cfg(test)]\nmod tests { use crate::engine::E; }",
        ),
    ];
    assert_eq!(
        room_problems(&sources),
        ["core/src/log/writer.rs uses `engine`, which stands below `log`", "core/src/attic.rs is in no room"]
    );
}
