//! From `planogram plugin new` to a changed ranking, by the commands of the new plugin's README.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::shop::{Shop, skus};

const PLANOGRAM: &str = env!("CARGO_BIN_EXE_planogram");

/// The fenced blocks of a language in a Markdown text.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// Runs a line of the README in the project, with this build's `planogram` on the path; returns what it says.
fn run(project: &Path, line: &str) -> String {
    let bin = Path::new(PLANOGRAM).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-ec", line]).current_dir(project).env("PATH", path);
    // What the project needs lies in cargo's cache, since the workspace needs it as well.
    command.env("CARGO_NET_OFFLINE", "true").env_remove("CARGO_TARGET_DIR");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "`{line}` failed:\n{said}");
    said
}

/// The folder in which the project builds, kept from run to run: only the first one compiles everything.
fn target_dir() -> PathBuf {
    let dir = Path::new(PLANOGRAM).ancestors().nth(2).unwrap().join("acceptance-template");
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn rated(sku: &str, rating: f64) -> Value {
    json!({"sku": sku, "name": "Chair", "price": 10, "attributes": {"rating": rating}})
}

#[test]
#[cfg(unix)]
fn a_new_plugin_changes_the_ranking_by_the_commands_of_its_readme() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(dir.path(), "planogram plugin new my-ranker");
    assert!(said.contains("cd my-ranker") && said.contains("cargo build --release"), "{said}");
    let project = dir.path().join("my-ranker");
    std::os::unix::fs::symlink(target_dir(), project.join("target")).unwrap();
    // The same versions as the workspace, which are there without a network.
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock"), project.join("Cargo.lock")).unwrap();
    let readme = fs::read_to_string(project.join("README.md")).unwrap();

    let commands: Vec<&str> = blocks(&readme, "sh")[0].lines().collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    let said: Vec<String> = commands.iter().map(|line| run(&project, line)).collect();
    assert!(said[0].contains("test result: ok."), "{}", said[0]);
    assert!(said[2].contains("passed") && !said[2].contains("FAILED"), "{}", said[2]);

    let file = blocks(&readme, "toml")[0].replace("target/", &format!("{}/target/", project.display()));
    let shop = Shop::with_plugin_file(&file);
    assert_eq!(shop.plugin("my-ranker")["state"], "running");
    shop.put(&json!([rated("A", 3.0), rated("B", 2.0), rated("C", 4.5)]));
    let plain = Shop::start();
    plain.put(&json!([rated("A", 3.0), rated("B", 2.0), rated("C", 4.5)]));
    assert_eq!(skus(&plain.ok("/v1/search?q=chair")), ["A", "B", "C"]);
    let list = shop.ok("/v1/search?q=chair&explain=true");
    assert_eq!(skus(&list), ["C", "A", "B"]);
    let lines = list["items"][0]["ledger"].as_array().unwrap();
    assert!(lines.iter().any(|l| l["name"] == "my-ranker/bonus" && l["value"] == 1.0), "{list}");

    // After a change: build again, reload.
    let source = project.join("src/bonus.rs");
    let text = fs::read_to_string(&source).unwrap();
    let changed = text.replace(">= at_least", "< at_least");
    assert_ne!(text, changed);
    fs::write(&source, changed).unwrap();
    run(&project, commands[1]);
    let reload = blocks(&readme, "sh")[1].trim();
    assert!(reload.starts_with("curl -X POST http://127.0.0.1:7650/v1/plugins/my-ranker/reload"), "{reload}");
    shop.send_ok("POST", "/v1/plugins/my-ranker/reload", &json!({}));
    assert_eq!(skus(&shop.ok("/v1/search?q=chair")), ["A", "B", "C"]);
}
