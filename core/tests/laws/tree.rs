//! What is in the checkout?
//!
//! The files as text, without what git ignores, and Rust sources with their comments or strings blanked out.

use std::path::{Path, PathBuf};

/// One text file.
pub struct File {
    /// Path from the top of the checkout, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The top of the checkout.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("core lies in the checkout").to_owned()
}

/// Names at the top, sorted, without what git ignores.
pub fn names_at_top() -> Vec<String> {
    let ignored = ignored();
    let mut names: Vec<_> =
        read_dir(&top()).into_iter().map(|(name, _)| name).filter(|n| !ignored.contains(n)).collect();
    names.sort();
    names
}

/// Every text file whose name ends so, sorted by path.
pub fn files(suffixes: &[&str]) -> Vec<File> {
    let (top, mut found) = (top(), Vec::new());
    for name in names_at_top().iter().filter(|name| name.as_str() != ".git") {
        collect(&top.join(name), name, suffixes, &mut found);
    }
    found
}

/// Every Rust source.
pub fn sources() -> Vec<File> {
    let found = files(&[".rs"]);
    assert!(found.len() > 100, "only {} sources found: the laws would judge nothing", found.len());
    found
}

fn collect(path: &Path, name: &str, suffixes: &[&str], found: &mut Vec<File>) {
    if path.is_dir() {
        let mut inside = read_dir(path);
        inside.sort();
        // A project inside the tree may have been built by itself.
        for (child, path) in inside.into_iter().filter(|(child, _)| child != "target") {
            collect(&path, &format!("{name}/{child}"), suffixes, found);
        }
    } else if suffixes.iter().any(|suffix| name.ends_with(suffix)) {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        found.push(File { path: name.to_owned(), text });
    }
}

fn read_dir(path: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    entries.map(|e| e.unwrap()).map(|e| (e.file_name().to_string_lossy().into_owned(), e.path())).collect()
}

/// Names that `.gitignore` says lie at the top and are nobody's business.
fn ignored() -> Vec<String> {
    let text = std::fs::read_to_string(top().join(".gitignore")).unwrap_or_default();
    text.lines().filter_map(|line| line.strip_prefix('/')).map(|name| name.trim_end_matches('/').to_owned()).collect()
}

/// What of a source is left standing; everything else becomes spaces, so that lines keep their numbers.
#[derive(Clone, Copy, PartialEq)]
pub enum Keep {
    /// Code alone.
    Code,
    /// Code and the text inside strings.
    CodeAndStrings,
}

/// A source without its comments, and without the text of its strings if so wished.
pub fn strip(source: &str, keep: Keep) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let (end, kept) = match token(&chars, at) {
            Token::Comment(end) => (end, false),
            Token::Text(end) => (end, keep == Keep::CodeAndStrings),
            Token::Code(end) => (end, true),
        };
        out.extend(chars[at..end].iter().map(|&c| if kept || c == '\n' { c } else { ' ' }));
        at = end;
    }
    out
}

/// What begins here, and where it ends.
enum Token {
    Comment(usize),
    Text(usize),
    Code(usize),
}

fn token(chars: &[char], at: usize) -> Token {
    let rest = &chars[at..];
    let after_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match rest {
        ['/', '/', ..] => Token::Comment(find(chars, at, '\n')),
        ['/', '*', ..] => Token::Comment(block_comment_end(chars, at)),
        ['"', ..] => Token::Text(quoted_end(chars, at + 1, '"')),
        ['r', '"' | '#', ..] if !after_word => raw_string_end(chars, at + 1).map_or(Token::Code(at + 1), Token::Text),
        ['b', 'r', '"' | '#', ..] if !after_word => {
            raw_string_end(chars, at + 2).map_or(Token::Code(at + 1), Token::Text)
        }
        // A character, not a lifetime.
        ['\'', '\\', ..] => Token::Text(quoted_end(chars, at + 1, '\'')),
        ['\'', _, '\'', ..] => Token::Text(at + 3),
        _ => Token::Code(at + 1),
    }
}

fn find(chars: &[char], from: usize, wanted: char) -> usize {
    chars[from..].iter().position(|&c| c == wanted).map_or(chars.len(), |n| from + n)
}

fn quoted_end(chars: &[char], from: usize, quote: char) -> usize {
    let mut at = from;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn block_comment_end(chars: &[char], from: usize) -> usize {
    let (mut at, mut depth) = (from, 0);
    while at < chars.len() {
        match chars[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The end of a raw string whose hashes begin at `from`; `None` when it is a raw identifier.
fn raw_string_end(chars: &[char], from: usize) -> Option<usize> {
    let hashes = chars[from..].iter().take_while(|&&c| c == '#').count();
    if chars.get(from + hashes) != Some(&'"') {
        return None;
    }
    let mut at = from + hashes + 1;
    while at < chars.len() {
        if chars[at] == '"' && chars[at + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(chars.len())
}

/// A stripped source without the module of unit tests at its end.
pub fn without_tests(code: &str) -> &str {
    code.split("#[cfg(test)]\nmod tests {").next().unwrap_or(code)
}

/// Whether a source is only built for tests.
pub fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("tests.rs") || path.ends_with("testing.rs")
}

/// Whether `word` stands in `code` as a whole word.
pub fn has_word(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        !code[..at].chars().next_back().is_some_and(is_part) && !code[at + word.len()..].starts_with(is_part)
    })
}

#[test]
fn comments_and_strings_are_told_from_code() {
    let check = |source: &str, code: &str, with_strings: &str| {
        let squeeze = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeeze(strip(source, Keep::Code)), code, "{source}");
        assert_eq!(squeeze(strip(source, Keep::CodeAndStrings)), with_strings, "{source}");
    };
    check("a // b\nc", "a c", "a c");
    check("a /* b /* c */ d */ e", "a e", "a e");
    check(r#"f("x \" // y", 1)"#, "f( , 1)", r#"f("x \" // y", 1)"#);
    check(r##"f(r#"x " y"#, br"z")"##, "f( , )", r##"f(r#"x " y"#, br"z")"##);
    check("fn f<'a>(c: &'a str) { c == '\"' }", "fn f<'a>(c: &'a str) { c == }", "fn f<'a>(c: &'a str) { c == '\"' }");
    check("let r#type = '\\''; g", "let r#type = ; g", "let r#type = '\\''; g");
    check("\"never closed", "", "\"never closed");
    assert!(has_word("x(unsafe {", "unsafe") && !has_word("unsafe_code unsafely", "unsafe"));
}
