//! Where does a test find a freshly built plugin?
//!
//! [`build`] runs `cargo build` for the packages in the profile and target folder of the test itself and answers
//! with the folder that holds their libraries. It always runs cargo, which is quick when nothing changed, so a
//! test never meets a stale library. Only compiled for tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Builds plugin packages once a process and returns the folder of their libraries.
///
/// # Panics
/// When cargo fails, with its words, or when the test does not run from a cargo target folder.
pub fn build(packages: &[&str]) -> PathBuf {
    static BUILT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let exe = std::env::current_exe().expect("a test knows its own path");
    let profile_dir = exe.ancestors().find(|dir| dir.join("deps").is_dir());
    let profile_dir = profile_dir.expect("a test runs from cargo's target folder");
    let mut built = BUILT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let wanted: Vec<&&str> = packages.iter().filter(|package| !built.contains(**package)).collect();
    if !wanted.is_empty() {
        run_cargo(profile_dir, &wanted);
        built.extend(wanted.iter().map(|package| (**package).to_owned()));
    }
    profile_dir.to_owned()
}

fn run_cargo(profile_dir: &Path, packages: &[&&str]) {
    let target_dir = profile_dir.parent().expect("the profile folder is inside the target folder");
    let profile = match profile_dir.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let mut cargo = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    cargo.args(["build", "--quiet", "--profile", profile, "--target-dir"]).arg(target_dir);
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for package in packages {
        cargo.args(["--package", package]);
    }
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{packages:?} do not build:\n{}", String::from_utf8_lossy(&output.stderr));
}
