//! What does a new plugin look like?
//!
//! `planogram plugin new` writes the plugin in `plugins/template`, which is built and tested with everything else,
//! under another name and as a project of its own: it needs no checkout around it, only the contract crate.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files of the template, by their path in the new project.
const FILES: [(&str, &str); 4] = [
    ("README.md", include_str!("../../../plugins/template/README.md")),
    ("src/lib.rs", include_str!("../../../plugins/template/src/lib.rs")),
    ("src/bonus.rs", include_str!("../../../plugins/template/src/bonus.rs")),
    ("src/config.rs", include_str!("../../../plugins/template/src/config.rs")),
];

/// Why no project was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScaffoldError {
    /// Not a plugin name.
    #[error("name is `{0}`, must be lower-case words joined by hyphens, beginning with a letter")]
    Name(String),
    /// There is something already.
    #[error("`{}` exists already and is not empty", .0.display())]
    Exists(PathBuf),
    /// No contract crate there.
    #[error("`{}` does not hold the planogram-abi crate: name its folder with --abi-path", .0.display())]
    NoAbi(PathBuf),
    /// The disk refuses.
    #[error("`{}` cannot be written: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The contract crate of the checkout this executable was built from.
pub fn default_abi_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("abi")
}

/// Writes the project of a plugin `name` into the folder `dir`, which must be empty or absent, and returns the
/// files. `abi_path` is the folder of the contract crate.
///
/// # Errors
/// When the name is none, the folder is taken, or nothing can be written.
pub fn write(name: &str, dir: &Path, abi_path: &Path) -> Result<Vec<PathBuf>, ScaffoldError> {
    if !is_plugin_name(name) {
        return Err(ScaffoldError::Name(name.to_owned()));
    }
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file() {
        return Err(ScaffoldError::Exists(dir.to_owned()));
    }
    let abi_path = fs::canonicalize(abi_path)
        .ok()
        .filter(|path| path.join("Cargo.toml").is_file())
        .ok_or_else(|| ScaffoldError::NoAbi(abi_path.to_owned()))?;
    let generated = [("Cargo.toml", manifest(name, &abi_path)), (".gitignore", "/target\n".to_owned())];
    let renamed = FILES.iter().map(|(path, text)| (*path, rename(text, name)));
    let mut written = Vec::new();
    for (path, text) in generated.into_iter().chain(renamed) {
        let path = dir.join(path);
        let failed = |source| ScaffoldError::Io { path: path.clone(), source };
        fs::create_dir_all(path.parent().unwrap_or(dir)).map_err(failed)?;
        fs::write(&path, text).map_err(failed)?;
        written.push(path);
    }
    Ok(written)
}

/// Lower-case words joined by single hyphens, and a crate name at that.
fn is_plugin_name(name: &str) -> bool {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.len() <= crate::limits::wall::NAME_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('-').all(word)
}

fn manifest(name: &str, abi_path: &Path) -> String {
    // A path may hold quotes and backslashes; TOML's own encoder knows how to write them.
    let abi_path = toml::Value::String(abi_path.display().to_string());
    format!(
        r#"[package]
name = "{name}"
version = "0.1.0"
edition = "2024"

# The library is loaded, the rlib is linked into tests.
[lib]
crate-type = ["cdylib", "rlib"]

[dependencies]
planogram-abi = {{ path = {abi_path} }}
serde = {{ version = "1", features = ["derive"] }}
serde_json = "1"

[dev-dependencies]
planogram-abi = {{ path = {abi_path}, features = ["testing"] }}

# A project of its own, also inside another workspace's folder.
[workspace]
"#
    )
}

/// The template's text under another name.
fn rename(text: &str, name: &str) -> String {
    let word = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let type_name: String = name.split('-').map(word).collect();
    let crate_name = name.replace('-', "_");
    text.replace("libtemplate", &format!("lib{crate_name}")).replace("Template", &type_name).replace("template", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_carries_its_name_everywhere() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("my-ranker");
        let written = write("my-ranker", &project, &default_abi_path()).unwrap();
        assert_eq!(written.len(), 6);
        let read = |path: &str| fs::read_to_string(project.join(path)).unwrap();
        assert!(read("src/lib.rs").contains("const NAME: &'static str = \"my-ranker\";"));
        assert!(read("src/lib.rs").contains("export_plugin!(MyRanker);"));
        assert!(read("README.md").contains("target/release/libmy_ranker.so"));
        let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some("my-ranker"));
        assert!(manifest["workspace"].as_table().unwrap().is_empty());
        let all: String = written.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        assert!(!all.to_lowercase().contains("template"), "the template's name is left somewhere");
    }

    #[test]
    fn what_cannot_be_a_project_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["", "My", "a--b", "-a", "1a", "a_b", "../a"] {
            let refused = write(name, &dir.path().join("x"), &default_abi_path());
            assert!(matches!(refused, Err(ScaffoldError::Name(_))), "{name}");
        }
        fs::write(dir.path().join("mine"), "").unwrap();
        assert!(matches!(write("a", dir.path(), &default_abi_path()), Err(ScaffoldError::Exists(_))));
        let elsewhere = write("a", &dir.path().join("a"), Path::new("/nowhere"));
        assert!(matches!(elsewhere, Err(ScaffoldError::NoAbi(_))));
    }
}
