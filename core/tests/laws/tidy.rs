//! Is the tree tidy?

use std::collections::BTreeSet;

use crate::tree::{self, File, Keep};

/// What may lie at the top. Names that begin with a dot belong to tools.
const TOP: [&str; 10] = [
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "core",
    "datasets",
    "plugins",
    "server",
];

/// A file of more lines than this is a tangle, unless it is a catalog.
const LINES_MAX: usize = 700;

/// Files that are longer, and why.
const LONG: [(&str, &str); 1] =
    [("core/abi/src/layout.rs", "every structure of the contract, in one place as in the C header")];

/// Words of unfinished work, put together so that they do not stand here.
fn unfinished_words() -> [String; 6] {
    [["TO", "DO"], ["FIX", "ME"], ["XX", "X:"], ["to", "do!("], ["unimpl", "emented!("], ["db", "g!("]]
        .map(|parts| parts.concat())
}

/// Folders of somebody's machine, put together likewise.
fn machine_folders() -> [String; 4] {
    [["/ho", "me/"], ["/Us", "ers/"], ["/ro", "ot/"], ["/wo", "rk/"]].map(|parts| parts.concat())
}

fn top_problems(names: &[String]) -> Vec<String> {
    let allowed = |name: &&String| name.starts_with('.') || TOP.contains(&name.as_str());
    names.iter().filter(|name| !allowed(name)).map(|name| format!("{name} does not belong at the top")).collect()
}

/// A source begins by saying which question it answers.
fn header_problems(sources: &[File]) -> Vec<String> {
    let says = |f: &&File| f.text.starts_with("//! ") || f.text.starts_with("#![doc = include_str!(");
    sources.iter().filter(|f| !says(f)).map(|f| format!("{} does not begin with `//!`", f.path)).collect()
}

fn length_problems(sources: &[File], long: &[(&str, &str)]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in sources {
        let (n_lines, listed) = (file.text.lines().count(), long.iter().any(|(path, _)| *path == file.path));
        match (n_lines > LINES_MAX, listed) {
            (true, false) => problems.push(format!("{} has {n_lines} lines, at most {LINES_MAX} allowed", file.path)),
            (false, true) => problems.push(format!("{} has {n_lines} lines and need not be on the list", file.path)),
            _ => {}
        }
    }
    problems
}

fn word_problems(files: &[File], words: &[String]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| begins_word(line, word)) {
                problems.push(format!("{}:{}: `{word}`", file.path, at + 1));
            }
        }
    }
    problems
}

/// Whether `word` stands in a line and is not the tail of something longer, as a folder of a web address is.
fn begins_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric()))
}

/// Prose of a Markdown page, line by line: no code blocks, no tables, no `code`.
fn prose(page: &str) -> impl Iterator<Item = (usize, String)> {
    let mut in_code = false;
    page.lines().enumerate().filter_map(move |(at, line)| {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            return None;
        }
        (!in_code && !line.trim_start().starts_with('|')).then(|| (at + 1, without_code(line)))
    })
}

/// A line with every piece of inline code as one small word.
fn without_code(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part } else { "x" }).collect()
}

/// One sentence per line, so that a change of a sentence is a change of a line. A sentence ends with a dot, a question
/// mark or an exclamation mark, and the next one begins with a capital; "e.g." and "et al." do not end one, and a label in
/// bold is no sentence.
fn sentence_problems(pages: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for page in pages {
        let crowded = prose(&page.text).filter(|(_, line)| has_two_sentences(line));
        problems.extend(crowded.map(|(at, _)| format!("{}:{at}: more than one sentence on a line", page.path)));
    }
    problems
}

fn has_two_sentences(line: &str) -> bool {
    let ends = line.match_indices([' ']).filter(|(at, _)| {
        let (before, after) = (line[..*at].trim_end_matches(['"', ')']), &line[at + 1..]);
        let stops = before.ends_with(['.', '?', '!']) && after.starts_with(|c: char| c.is_uppercase());
        let is_short = ["e.g.", "i.e.", "al.", "cf.", "etc.", "vs.", "p."].iter().any(|short| before.ends_with(short));
        let is_number = before.trim_start().trim_end_matches('.').chars().all(|c| c.is_ascii_digit());
        stops && !is_short && !is_number
    });
    ends.count() > 0
}

/// The targets of a page's links, without those that lead into the net.
fn links(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in prose(page) {
        for (start, _) in line.match_indices("](") {
            let target = line[start + 2..].split(')').next().unwrap_or_default();
            if !target.contains("://") && !target.starts_with("mailto:") {
                found.push((at, target.to_owned()));
            }
        }
    }
    found
}

/// Links lead somewhere: to a file or folder, and to a heading when they name one.
fn link_problems(pages: &[File], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    for page in pages {
        for (at, target) in links(&page.text) {
            let (path, heading) = target.split_once('#').map_or((target.as_str(), None), |(p, h)| (p, Some(h)));
            let resolved = if path.is_empty() { page.path.clone() } else { resolve(&page.path, path) };
            let has_heading = |wanted: &str| {
                let target = pages.iter().find(|p| p.path == resolved);
                target.is_none_or(|p| headings(&p.text).contains(wanted))
            };
            if !exists(&resolved) || !heading.is_none_or(has_heading) {
                problems.push(format!("{}:{at}: the link `{target}` leads nowhere", page.path));
            }
        }
    }
    problems
}

/// The path a link means, seen from the top of the checkout.
fn resolve(page: &str, link: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// The anchors of a page's headings, as GitHub makes them.
fn headings(page: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| -> String {
        let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    page.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.into() }
}

#[test]
fn the_top_is_tidy() {
    let names = tree::names_at_top();
    assert_eq!(top_problems(&names), none());
    let missing: Vec<_> = TOP.iter().filter(|wanted| !names.iter().any(|name| name == *wanted)).collect();
    assert!(missing.is_empty(), "{missing:?} is missing at the top");
}

#[test]
fn every_source_says_what_it_is_for_and_is_not_too_long() {
    assert_eq!(header_problems(&tree::sources()), none());
    assert_eq!(length_problems(&tree::sources(), &LONG), none());
}

#[test]
fn nothing_is_left_unfinished_or_tied_to_one_machine() {
    let files = tree::files(&[".rs", ".md", ".toml", ".h", ".c", "/run", ".json"]);
    assert_eq!(word_problems(&files, &unfinished_words()), none());
    assert_eq!(word_problems(&files, &machine_folders()), none());
}

#[test]
fn nothing_prints_for_debugging() {
    let sources = tree::sources();
    let in_kernel = |f: &File| f.path.starts_with("core/src/") && !tree::is_test(&f.path);
    let code = |f: File| file(&f.path, tree::without_tests(&tree::strip(&f.text, Keep::Code)));
    let kernel: Vec<_> = sources.into_iter().filter(in_kernel).map(code).collect();
    assert_eq!(word_problems(&kernel, &["println!(".into(), "eprintln!(".into()]), none());
}

#[test]
fn pages_have_a_sentence_a_line_and_links_that_lead_somewhere() {
    let pages = tree::files(&[".md"]);
    assert!(pages.len() >= 10, "only {} pages found", pages.len());
    assert_eq!(sentence_problems(&pages), none());
    let top = tree::top();
    assert_eq!(link_problems(&pages, |path| top.join(path).exists()), none());
}

/// Benches have a page of figures instead, the template's page is for whoever gets a copy of it, and the fixtures explain
/// themselves.
#[test]
fn every_crate_has_a_page_and_shows_it() {
    let manifests = tree::files(&["/Cargo.toml"]);
    let folders = manifests.iter().filter_map(|f| f.path.strip_suffix("/Cargo.toml"));
    for folder in
        folders.filter(|folder| !["benches", "plugins/template"].contains(folder) && !folder.contains("/fixtures/"))
    {
        assert!(tree::top().join(folder).join("README.md").is_file(), "{folder} has no README.md");
        let root = tree::files(&[&format!("{folder}/src/lib.rs")]).pop().expect("a crate has a root");
        assert!(root.text.contains("#![doc = include_str!(\"../README.md\")]"), "{} does not show its page", root.path);
    }
}

#[test]
fn untidiness_is_seen() {
    assert_eq!(top_problems(&["core".into(), ".ci".into(), "notes".into()]), ["notes does not belong at the top"]);
    let bare = file("a.rs", "use x;\n//! Too late.");
    assert_eq!(header_problems(&[bare, file("b.rs", "//! Why?")]), ["a.rs does not begin with `//!`"]);
    let (long, short) = (file("long.rs", &"\n".repeat(LINES_MAX + 1)), file("short.rs", "\n"));
    assert_eq!(
        length_problems(&[long, short], &[("short.rs", "was long once")]),
        ["long.rs has 701 lines, at most 700 allowed", "short.rs has 1 lines and need not be on the list"]
    );
    let unfinished = format!("fine\n// {}: later", unfinished_words()[0]);
    assert_eq!(word_problems(&[file("a.rs", &unfinished)], &unfinished_words()).len(), 1);
    let folder = &machine_folders()[0];
    let tied = format!("open(\"{folder}me\")\nget(\"/v1{folder}history\")");
    assert_eq!(word_problems(&[file("a.rs", &tied)], &machine_folders()), [format!("a.rs:1: `{folder}`")]);
}

#[test]
fn crowded_lines_are_seen() {
    let check = |line: &str, expected: bool| assert_eq!(has_two_sentences(&without_code(line)), expected, "{line}");
    check("One sentence.", false);
    check("One sentence. Another one.", true);
    check("Is it? It is.", true);
    check("Said (in brackets.) Then more.", true);
    check("**A label.** One sentence.", false);
    check("**A label.** One sentence. Another.", true);
    check("1. A list item", false);
    check("After Cormack et al. Some name", false);
    check("The call `a. B` is code", false);
    check("Version 1.2 of Rust, e.g. Rust 1.95", false);
    let page = "fine.\n```\nCode. More\n```\n| Cell. More |\nBad. Line";
    assert_eq!(sentence_problems(&[file("p.md", page)]), ["p.md:6: more than one sentence on a line"]);
}

#[test]
fn links_into_nowhere_are_seen() {
    let pages = [
        file("a/x.md", "[good](../b/y.md) [net](https://example.com) `[code](z)`\n[bad](y.md)\n[heading](#one-two)"),
        file("b/y.md", "## Real heading\n[good](#real-heading) [bad](../a/x.md#nothing)"),
    ];
    let exists = |path: &str| matches!(path, "a/x.md" | "b/y.md");
    assert_eq!(
        link_problems(&pages, exists),
        [
            "a/x.md:2: the link `y.md` leads nowhere",
            "a/x.md:3: the link `#one-two` leads nowhere",
            "b/y.md:2: the link `../a/x.md#nothing` leads nowhere",
        ]
    );
}
