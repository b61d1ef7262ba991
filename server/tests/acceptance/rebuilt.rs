//! Where does a test find a really different build of a plugin that ships?
//!
//! [`rebuild`] copies a plugin's sources into the target folder, changes them by replacements, and has cargo build
//! them in the profile and target folder of the tests, so that the libraries they share are compiled once. Files are
//! written only when they differ and cargo always runs: a second run is quick, and no run meets a stale library.
//! What is not here: any change to the plugin in the checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use planogram_core::host::discover;

use crate::shop::libraries;

/// The version of every rebuilt plugin; the shipped ones have another.
pub const VERSION: &str = "0.2.0";

/// Builds `plugins/{plugin}` with `replacements` (file below `src`, old, new) and returns its library.
pub fn rebuild(plugin: &str, replacements: &[(&str, &str, &str)]) -> PathBuf {
    let profile_dir = libraries();
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    let workspace = profile_dir.parent().unwrap().join(format!("acceptance-rebuilt-{plugin}"));
    let library = format!("{}_rebuilt", plugin.replace('-', "_"));
    write(&workspace.join("Cargo.toml"), &workspace_manifest(&top));
    write(&workspace.join("plugin/Cargo.toml"), &plugin_manifest(&top, plugin, &library));
    write(&workspace.join("plugin/README.md"), &read(&top.join(format!("plugins/{plugin}/README.md"))));
    // The versions of the workspace, which are there without a network.
    fs::copy(top.join("Cargo.lock"), workspace.join("Cargo.lock")).unwrap();
    let (from, to) = (top.join(format!("plugins/{plugin}")), workspace.join("plugin"));
    copy(&from.join("src"), &to.join("src"), replacements);
    // What a plugin takes in besides its sources, as far as it has it.
    ["schema", "everyday"].iter().for_each(|folder| copy(&from.join(folder), &to.join(folder), &[]));

    let mut cargo = Command::new(env!("CARGO"));
    let profile = if profile_dir.ends_with("debug") { "dev" } else { "release" };
    cargo.args(["build", "--quiet", "--offline", "--profile", profile, "--target-dir"]);
    cargo.arg(profile_dir.parent().unwrap()).current_dir(&workspace);
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{plugin} does not build:\n{}", String::from_utf8_lossy(&output.stderr));
    profile_dir.join(&discover::file_names(&library)[1])
}

/// The workspace's manifest for one member in another folder: same profiles, same dependencies.
fn workspace_manifest(top: &Path) -> String {
    let mut manifest: toml::Table = read(&top.join("Cargo.toml")).parse().unwrap();
    let workspace = manifest["workspace"].as_table_mut().unwrap();
    workspace.insert("members".into(), vec!["plugin"].into());
    workspace.remove("default-members");
    for (_, dependency) in workspace["dependencies"].as_table_mut().unwrap() {
        let path = dependency.get("path").map(|path| top.join(path.as_str().unwrap()).display().to_string());
        if let Some(path) = path {
            dependency.as_table_mut().unwrap().insert("path".into(), path.into());
        }
    }
    toml::to_string(&manifest).unwrap()
}

/// The plugin's manifest with another version and another name for its library, beside which it is put.
fn plugin_manifest(top: &Path, plugin: &str, library: &str) -> String {
    let mut manifest: toml::Table = read(&top.join(format!("plugins/{plugin}/Cargo.toml"))).parse().unwrap();
    manifest.remove("dev-dependencies");
    manifest["package"].as_table_mut().unwrap().insert("version".into(), VERSION.into());
    let lib = manifest["lib"].as_table_mut().unwrap();
    lib.insert("name".into(), library.into());
    lib.insert("crate-type".into(), vec!["cdylib"].into());
    toml::to_string(&manifest).unwrap()
}

/// Copies a folder with its replacements, and removes what is no longer in it.
fn copy(from: &Path, to: &Path, replacements: &[(&str, &str, &str)]) {
    let names = |dir: &Path| -> Vec<String> {
        let entries = fs::read_dir(dir).into_iter().flatten();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let wanted = names(from);
    for gone in names(to).iter().filter(|name| !wanted.contains(name)) {
        fs::remove_file(to.join(gone)).unwrap();
    }
    for name in &wanted {
        let mut text = read(&from.join(name));
        for (_, old, new) in replacements.iter().filter(|(file, ..)| file == name) {
            assert!(text.contains(old), "`{old}` is not in {name}");
            text = text.replace(old, new);
        }
        write(&to.join(name), &text);
    }
    let missing = replacements.iter().find(|(file, ..)| !wanted.iter().any(|name| name == file));
    assert!(missing.is_none(), "no file for {missing:?}");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Writes a file unless it says that already, since cargo goes by its time.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).ok().as_deref() != Some(text) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}
