//! Which package may know which?

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{self, File};

/// Packages of this workspace that each package may depend on, in any way; benches may measure everything.
const ARROWS: [(&str, &[&str]); 7] = [
    ("planogram-abi", &[]),
    ("planogram-rules", &["planogram-abi"]),
    ("planogram-core", &["planogram-abi"]),
    ("planogram-faulty", &["planogram-abi"]),
    ("planogram-datasets", &["planogram-core", "planogram-abi"]),
    ("planogram-server", &["planogram-core", "planogram-abi", "planogram-datasets"]),
    ("planogram-fuzz", &["planogram-core", "planogram-abi", "planogram-server"]),
];

/// What a plugin may know of this workspace.
const PLUGIN_ARROWS: &[&str] = &["planogram-abi", "planogram-rules"];

/// Dependencies for tests that are no arrows of the product.
const TEST_ARROWS: [(&str, &str, &str); 2] = [
    ("planogram-core", "planogram-core", "its own test helpers, as a feature"),
    ("planogram-core", "planogram-faulty", "the plugin that misbehaves on purpose"),
];

/// Crates that speak HTTP or describe it.
const HTTP: [&str; 11] = [
    "axum",
    "axum-core",
    "http",
    "http-body",
    "hyper",
    "hyper-util",
    "reqwest",
    "tower",
    "tower-http",
    "utoipa",
    "utoipa-axum",
];

/// A manifest, as far as the laws care.
struct Manifest {
    path: String,
    name: String,
    /// Everything the product depends on.
    dependencies: BTreeSet<String>,
    /// Everything the tests depend on besides.
    test_dependencies: BTreeSet<String>,
}

impl Manifest {
    /// `None` for the workspace's own manifest.
    fn parse(file: &File) -> Option<Self> {
        let table: toml::Table = file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let name = table.get("package")?.get("name")?.as_str()?.to_owned();
        let mut manifest = Manifest {
            path: file.path.clone(),
            name,
            dependencies: BTreeSet::new(),
            test_dependencies: BTreeSet::new(),
        };
        manifest.read(&table);
        for target in table.get("target").and_then(|t| t.as_table()).into_iter().flat_map(|t| t.values()) {
            manifest.read(target.as_table().expect("a target is a table"));
        }
        Some(manifest)
    }

    fn read(&mut self, table: &toml::Table) {
        let names = |section: &str| -> Vec<String> {
            let entries = table.get(section).and_then(|t| t.as_table()).into_iter().flatten();
            // A dependency may be renamed; what counts is what it is.
            let real = |name: &String, value: &toml::Value| {
                value.get("package").and_then(|p| p.as_str()).map_or(name.clone(), str::to_owned)
            };
            entries.map(|(name, value)| real(name, value)).collect()
        };
        self.dependencies.extend(names("dependencies"));
        self.dependencies.extend(names("build-dependencies"));
        self.test_dependencies.extend(names("dev-dependencies"));
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.dependencies.union(&self.test_dependencies)
    }

    fn is_plugin(&self) -> bool {
        self.path.starts_with("plugins/") && self.name != "planogram-rules"
    }
}

fn manifests() -> Vec<Manifest> {
    let found: Vec<_> = tree::files(&["Cargo.toml"]).iter().filter_map(Manifest::parse).collect();
    assert!(found.len() >= 10, "only {} packages found", found.len());
    found
}

/// Law 1: the contract depends on nothing but std, not even for its tests.
fn contract_problems(manifests: &[Manifest]) -> Vec<String> {
    let contract = manifests.iter().filter(|m| m.name == "planogram-abi");
    contract.flat_map(|m| m.all().map(|d| format!("planogram-abi depends on {d}, on nothing is allowed"))).collect()
}

/// Law 2, and the other arrows between packages.
fn arrow_problems(manifests: &[Manifest]) -> Vec<String> {
    let names: BTreeSet<&String> = manifests.iter().map(|m| &m.name).collect();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let mut problems = Vec::new();
    for manifest in manifests.iter().filter(|m| m.name != "planogram-benches") {
        let Some(may_know) = allowed.get(manifest.name.as_str()).or(manifest.is_plugin().then_some(&PLUGIN_ARROWS))
        else {
            problems.push(format!("{} ({}) has no place in the arrows", manifest.name, manifest.path));
            continue;
        };
        let for_tests = |d: &str| {
            !manifest.dependencies.contains(d)
                && TEST_ARROWS.iter().any(|(from, to, _)| *from == manifest.name && *to == d)
        };
        for dependency in manifest.all().filter(|d| names.contains(d)) {
            if !may_know.contains(&dependency.as_str()) && !for_tests(dependency) {
                problems.push(format!("{} depends on {dependency}, allowed are {may_know:?}", manifest.name));
            }
        }
    }
    problems
}

/// Law 4, its half about HTTP: the server speaks it, benches may ask it, nothing else has heard of it.
fn http_problems(manifests: &[Manifest]) -> Vec<String> {
    let others = manifests.iter().filter(|m| !matches!(m.name.as_str(), "planogram-server" | "planogram-benches"));
    let speaks = |m: &Manifest| {
        let known: Vec<_> = m.all().filter(|d| HTTP.contains(&d.as_str())).cloned().collect();
        known.into_iter().map(|d| format!("{} depends on {d}: only the server speaks HTTP", m.name)).collect::<Vec<_>>()
    };
    others.flat_map(speaks).collect()
}

/// Law 6: a package named so would shadow Rust's own.
fn name_problems(manifests: &[Manifest]) -> Vec<String> {
    let shadows = |m: &&Manifest| matches!(m.name.as_str(), "core" | "std" | "alloc" | "test" | "proc_macro");
    manifests.iter().filter(shadows).map(|m| format!("{} is named `{}`, which is Rust's own", m.path, m.name)).collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn law_1_the_contract_depends_on_nothing() {
    assert_eq!(contract_problems(&manifests()), none());
}

#[test]
fn law_2_a_plugin_knows_the_contract_and_the_rules_and_arrows_run_one_way() {
    assert_eq!(arrow_problems(&manifests()), none());
}

#[test]
fn law_4_only_the_server_speaks_http() {
    assert_eq!(http_problems(&manifests()), none());
}

#[test]
fn law_6_no_package_shadows_rust() {
    assert_eq!(name_problems(&manifests()), none());
}

#[test]
fn a_broken_law_is_seen() {
    let parse = |path: &str, text: &str| {
        Manifest::parse(&File { path: path.into(), text: text.into() }).expect("the manifest names a package")
    };
    let bad = [
        parse("core/abi/Cargo.toml", "[package]\nname = 'planogram-abi'\n[dev-dependencies]\nserde = '1'"),
        parse(
            "core/Cargo.toml",
            "[package]\nname = 'planogram-core'\n[dependencies]\nplanogram-faulty = '1'\naxum = '1'",
        ),
        parse("plugins/a/Cargo.toml", "[package]\nname = 'a'\n[target.'cfg(unix)'.dependencies]\nb.workspace = true"),
        parse(
            "plugins/b/Cargo.toml",
            "[package]\nname = 'b'\n[build-dependencies]\nx = { package = 'planogram-core' }",
        ),
        parse("core/x/Cargo.toml", "[package]\nname = 'core'"),
        parse("core/tests/fixtures/faulty/Cargo.toml", "[package]\nname = 'planogram-faulty'"),
    ];
    assert_eq!(contract_problems(&bad), ["planogram-abi depends on serde, on nothing is allowed"]);
    assert_eq!(
        arrow_problems(&bad),
        [
            "planogram-core depends on planogram-faulty, allowed are [\"planogram-abi\"]",
            "a depends on b, allowed are [\"planogram-abi\", \"planogram-rules\"]",
            "b depends on planogram-core, allowed are [\"planogram-abi\", \"planogram-rules\"]",
            "core (core/x/Cargo.toml) has no place in the arrows",
        ]
    );
    assert_eq!(http_problems(&bad), ["planogram-core depends on axum: only the server speaks HTTP"]);
    assert_eq!(name_problems(&bad), ["core/x/Cargo.toml is named `core`, which is Rust's own"]);
}
