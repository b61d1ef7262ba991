//! Does the wall hold against real libraries?
//!
//! Builds the faulty plugin and the C example, loads them from files as the server does, and lets them do their
//! worst. Each test is one promise of the host to a request or an operator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use planogram_abi::handshake::{PG_PANIC_ABORT, PgHandshake, to_bytes};
use planogram_abi::{
    Alternative, CallHost, Candidate, ConditionId, Document, ListKind, LogLevel, Outcome, Phase, PrepareHost, Query,
    RankedList, Request, Rewrite, Target, TermGroup, Verb,
};
use planogram_core::engine::types::PluginEntry;
use planogram_core::host::testing::build;
use planogram_core::host::{
    Attempt, CallContext, EventColumns, Fault, FaultReason, GuardPolicy, Host, HostConfig, PluginSet, PoolConfig,
    RankingPool, check, discover,
};

/// A kernel without a catalog.
struct Kernel;

impl PrepareHost for Kernel {
    fn compile(&self, _condition: &str) -> Outcome<ConditionId> {
        Ok(ConditionId(0))
    }
    fn log(&self, _level: LogLevel, _message: &str) {}
}

impl CallHost for Kernel {
    fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
        vec![None; skus.len()]
    }
    fn test(&self, _condition: ConditionId, items: &[u32]) -> Vec<bool> {
        vec![false; items.len()]
    }
    fn retrieve(&self, _source: &str, _anchors: &[u32], _k: usize) -> Outcome<Vec<Candidate>> {
        Ok(Vec::new())
    }
    fn analyze(&self, text: &str) -> Vec<String> {
        vec![text.to_owned()]
    }
    fn log(&self, _level: LogLevel, _message: &str) {}
}

fn request<'a>(text: &'a str, anchors: &'a [u32]) -> Request<'a> {
    Request { text, anchors, ..Request::plain(ListKind::Search) }
}

fn context<'a>(text: &'a str, attempt: &'a Attempt) -> CallContext<'a> {
    CallContext { request: request(text, &[]), host: &Kernel, attempt, n_items: 100 }
}

/// The faulty plugin's library.
fn faulty() -> PathBuf {
    build(&["planogram-faulty"]).join(&discover::file_names("faulty")[0])
}

fn entry(name: &str, file: &Path, settings: &str) -> PluginEntry {
    PluginEntry { name: name.to_owned(), file: Some(file.to_owned()), settings: settings.to_owned() }
}

fn with_fault(fault: &str) -> PluginEntry {
    entry("faulty", &faulty(), &format!("{{\"fault\": \"{fault}\"}}"))
}

/// Opens a host and prepares its first set.
fn open(plugins: Vec<PluginEntry>) -> (Host, Arc<PluginSet>, tempfile::TempDir) {
    let private = tempfile::tempdir().unwrap();
    let (host, problems) = Host::open(HostConfig::new(private.path().join("plugins"), Vec::new(), plugins));
    assert_eq!(problems, []);
    let (set, failures) = host.prepare(&[], 1, &Kernel, None);
    assert_eq!(failures, []);
    (host, set, private)
}

/// Scores three items on this thread.
fn score(set: &PluginSet, attempt: &Attempt) -> Result<Vec<f32>, Fault> {
    let slot = set.scorers(ListKind::Search, Phase::All).next().unwrap();
    let mut out = vec![Vec::new(); slot.writes().len()];
    slot.score(&context("sofa", attempt), &[0, 1, 2], &[&[1.0, 2.0, f32::NAN]], &mut out)?;
    Ok(out.remove(0))
}

#[test]
fn a_library_ranks() {
    let (host, set, _private) = open(vec![with_fault("none")]);
    let attempt = Attempt::inline();
    assert_eq!(score(&set, &attempt).unwrap(), [1.0, 2.0, 0.0]);

    let alternative = Alternative { text: "sofa".to_owned(), weight: 1.0, prefix: false };
    let query = Query { groups: vec![TermGroup { alternatives: vec![alternative] }], redirect: None };
    let rewriter = set.rewriters(ListKind::Search).next().unwrap();
    let rewrite = rewriter.rewrite(&context("sofa", &attempt), Rewrite { query, acts: Vec::new() }).unwrap();
    assert_eq!(rewrite.query.groups[0].alternatives[1].text, "couch");

    let retriever = set.retriever("faulty-unit").unwrap();
    let found = retriever.retrieve(&context("", &attempt), 5).unwrap();
    assert_eq!(found, [Candidate { item: 0, score: 1.0 }, Candidate { item: 1, score: 0.5 }]);
    assert!(set.retriever("other-unit").is_none());

    let reranker = set.rerankers(ListKind::Category).next().unwrap();
    assert_eq!((reranker.label(), reranker.window()), ("faulty/rerank", 10));
    let list = RankedList { items: &[4, 5], scores: &[2.0, 1.0], columns: &[] };
    let acts = reranker.rerank(&context("", &attempt), list).unwrap();
    assert_eq!((&acts[0].verb, &acts[0].target), (&Verb::Pin { position: 0 }, &Target::Items(vec![5])));

    assert_eq!(set.owner_of("faulty-rules"), Some("faulty"));
    let answer = set.ask(&context("sofa", &attempt), "faulty-rules", "echo", "7").unwrap();
    assert_eq!(answer, [("faulty".to_owned(), "{\"argument\": 7, \"text\": \"sofa\"}".to_owned())]);
    assert!(set.ask(&context("", &attempt), "faulty-rules", "no-such", "7").is_err());
    let infos = set.infos();
    assert_eq!((infos[0].state.as_str(), infos[0].calls, infos[0].version.as_str()), ("running", 5, "0.1.0"));
    assert_eq!(host.mappings().0, 1);
}

#[test]
fn documents_are_judged_by_their_owner() {
    let (host, _, _private) = open(vec![with_fault("none")]);
    let document = |kind, json| Document {
        kind,
        scope: "",
        id: "a",
        revision: 1,
        seq: 1,
        from_ms: i64::MIN,
        until_ms: i64::MAX,
        json,
    };
    assert_eq!(host.validate(&document("faulty-rules", "{}"), &[]), []);
    let problems = host.validate(&document("faulty-rules", "{\"x\":1}"), &[]);
    assert_eq!(problems[0].message, "`x` in {\"x\":1} is unknown");
    assert_eq!(host.validate(&document("nobodys", "{\"x\":1}"), &[]), []);
}

#[test]
fn an_observer_learns() {
    let (host, _, _private) = open(vec![with_fault("none")]);
    let mut observer = host.observers().remove(0);
    let events = EventColumns {
        seqs: vec![1, 1],
        times_ms: vec![1, 1],
        kinds: vec![2, 2],
        items: vec![2, u32::MAX],
        sessions: vec![1, 1],
        visitors: vec![1, 1],
        quantities: vec![1.0, 1.0],
    };
    observer.fold(&Arc::new(events)).unwrap();
    assert_eq!(observer.freeze(3).unwrap(), [("faulty/count".to_owned(), vec![0.0, 0.0, 1.0])]);
    assert_eq!(observer.freeze(2).unwrap_err().reason, FaultReason::BadOutput);
    assert_eq!(observer.load(&[1, 2, 3]).unwrap_err().detail, "a state has a multiple of 4 bytes, got 3");
}

/// A fault, where it shows, and what the answer says of it.
fn check_fault(fault: &str, reason: FaultReason, detail: &str) {
    let (_host, set, _private) = open(vec![with_fault(fault)]);
    let attempt = Attempt::inline();
    let ctx = context("sofa", &attempt);
    let query = Query { groups: Vec::new(), redirect: None };
    let rewrite = set.rewriters(ListKind::Search).next().unwrap().rewrite(&ctx, Rewrite { query, acts: vec![] }).err();
    let retrieve = set.retriever("faulty-unit").unwrap().retrieve(&ctx, 3).err();
    let list = RankedList { items: &[1], scores: &[1.0], columns: &[] };
    let rerank = set.rerankers(ListKind::Search).next().unwrap().rerank(&ctx, list).err();
    let faults: Vec<Fault> = [rewrite, retrieve, score(&set, &attempt).err(), rerank].into_iter().flatten().collect();
    assert!(!faults.is_empty(), "{fault} did not show");
    for found in &faults {
        assert_eq!((found.plugin.as_str(), found.reason), ("faulty", reason), "{found}");
        assert!(found.detail.contains(detail), "{found}");
    }
    assert_eq!(set.infos()[0].faults[reason.word()], faults.len() as u64);
}

#[test]
fn every_fault_is_named_and_contained() {
    check_fault("panic-in-score", FaultReason::Panicked, "cannot score 3 items");
    check_fault("panic-in-rewrite", FaultReason::Panicked, "cannot rewrite sofa");
    check_fault("error-in-score", FaultReason::Failed, "the model is missing");
    check_fault("nan", FaultReason::BadOutput, "column `value` is NaN in row 0, must be finite");
    check_fault("foreign-ids", FaultReason::BadOutput, "item 1000000, known are those below 100");
    check_fault("too-many", FaultReason::BadOutput, "4 candidates, at most 3 were asked for");
    check_fault("many-alternatives", FaultReason::BadOutput, "more than 64 alternatives of one term group");
    check_fault("unknown-condition", FaultReason::BadOutput, "condition 12345, not compiled in this epoch");
    check_fault("set-act-in-rerank", FaultReason::BadOutput, "an act that changes no order is not expected");
}

#[test]
fn the_breaker_opens_after_several_faults() {
    let (_host, set, _private) = open(vec![with_fault("panic-in-score")]);
    let attempt = Attempt::inline();
    for _ in 0..GuardPolicy::default().failures_max {
        assert_eq!(score(&set, &attempt).unwrap_err().reason, FaultReason::Panicked);
    }
    assert_eq!(score(&set, &attempt).unwrap_err().reason, FaultReason::BreakerOpen);
    assert_eq!(set.infos()[0].breaker, "open");
}

/// Requests that meet a plugin that does not come back are answered, until it is not asked any more.
fn check_stuck(fault: &str) {
    let (_host, set, private) = open(vec![with_fault(fault)]);
    // However long the deadline is, so that a busy machine does not decide the test.
    let pool = RankingPool::with_config(PoolConfig { call_max: Duration::from_millis(5), ..PoolConfig::new(1, 16) });
    let asked = Arc::clone(&set);
    let request = move || {
        let set = Arc::clone(&asked);
        let job = move |attempt: &Attempt| (score(&set, attempt), attempt.excluded.clone());
        pool.run(Arc::new(job), PATIENCE).map(|answer| (answer, pool.workers_lost()))
    };
    let lost_max = GuardPolicy::default().workers_lost_max;
    for lost in 1..=lost_max {
        let ((scored, excluded), workers_lost) = request().unwrap();
        assert_eq!(scored.unwrap_err().reason, FaultReason::Late);
        assert_eq!(excluded, [("faulty".to_owned(), FaultReason::Late)]);
        assert_eq!(workers_lost, lost);
    }
    let ((scored, excluded), workers_lost) = request().unwrap();
    assert_eq!(scored.unwrap_err().reason, FaultReason::Quarantined);
    assert_eq!((excluded, workers_lost), (vec![], lost_max));
    assert_eq!(set.infos()[0].state, "quarantined");
    release(private.path());
}

/// Lets stuck threads end: a second host over the same private folder shares the mapping, and so its statics.
fn release(private: &Path) {
    let config = HostConfig::new(private.join("plugins"), Vec::new(), vec![with_fault("none")]);
    let (host, problems) = Host::open(config);
    assert_eq!(problems, []);
    let (set, _) = host.prepare(&[], 1, &Kernel, None);
    set.ask(&context("", &Attempt::inline()), "faulty-rules", "release", "0").unwrap();
}

#[test]
fn what_does_not_come_back_is_left_out() {
    check_stuck("sleep");
    check_stuck("spin");
}

/// Why a library is refused at the start.
fn check_refused(entry: PluginEntry, expected: &str) {
    let private = tempfile::tempdir().unwrap();
    let (host, problems) = Host::open(HostConfig::new(private.path().to_owned(), Vec::new(), vec![entry]));
    let message = problems.first().map(ToString::to_string).unwrap_or_default();
    assert!(message.contains(expected), "`{message}` does not contain `{expected}`");
    let (set, failures) = host.prepare(&[], 1, &Kernel, None);
    assert_eq!(failures, []);
    assert_eq!(set.scorers(ListKind::Search, Phase::All).count(), 0);
    let info = &set.infos()[0];
    assert!(["refused", "missing"].contains(&info.state.as_str()));
    assert!(info.problem.as_ref().unwrap().contains(expected));
}

#[test]
fn bad_settings_and_names_are_refused() {
    check_refused(with_fault("panic-in-configure"), "configure: panicked: cannot be configured");
    check_refused(with_fault("error-in-configure"), "configure: key `color` is unknown");
    check_refused(entry("other", &faulty(), "{}"), "name: expected `other`, got `faulty`");
    check_refused(entry("faulty", Path::new("/nowhere/x.so"), "{}"), "cannot be read");
    let missing = PluginEntry { name: "no-such-plugin".to_owned(), file: None, settings: "{}".to_owned() };
    check_refused(missing, "no library in ");
}

#[test]
fn files_that_are_no_plugins_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = fs::read(faulty()).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        entry("faulty", &path, "{}")
    };
    check_refused(write("truncated", &bytes[..bytes.len() / 2]), "expected a shared library");
    check_refused(write("empty", b""), "expected a shared library");
    check_refused(write("text", b"not a library"), "expected a shared library");
    let text = dir.path().join("plain.c");
    fs::write(&text, "int answer(void) { return 42; }").unwrap();
    let plain = compile_c(&text, &dir.path().join("plain.so"));
    check_refused(entry("faulty", &plain, "{}"), "expected a plugin with a section `.planogram`");
}

/// Patches the record inside the library and says why that is refused.
fn check_patched(bytes: &[u8], patch: impl FnOnce(&mut PgHandshake), expected: &str) {
    let good = record(bytes);
    let at = bytes.windows(good.len()).position(|window| window == good).unwrap();
    let mut record = PgHandshake::new("faulty", "0.1.0", "planogram_plugin_planogram_faulty");
    assert_eq!(to_bytes(&record), good);
    patch(&mut record);
    let mut patched = bytes.to_vec();
    patched[at..at + good.len()].copy_from_slice(&to_bytes(&record));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("patched.so");
    fs::write(&path, patched).unwrap();
    check_refused(entry("faulty", &path, "{}"), expected);
}

fn record(bytes: &[u8]) -> Vec<u8> {
    let at = bytes.windows(16).position(|window| window == planogram_abi::handshake::MAGIC).unwrap();
    bytes[at..at + size_of::<PgHandshake>()].to_vec()
}

#[test]
fn a_library_for_another_host_is_refused_field_by_field() {
    let bytes = fs::read(faulty()).unwrap();
    check_patched(&bytes, |r| r.abi_major = 9, "abi major: expected 1, got 9");
    check_patched(&bytes, |r| r.abi_minor = 9, "abi minor: expected at most 1, got 9");
    check_patched(&bytes, |r| r.layout_hash = 7, "got 0x0000000000000007");
    check_patched(&bytes, |r| r.table_size = 8, "table size: expected ");
    // What an older minor version says is compared with what that version was.
    check_patched(&bytes, |r| r.abi_minor = 0, "layout hash: expected 0xbe02dba3353a2355, got ");
    check_patched(&bytes, |r| r.panic = PG_PANIC_ABORT, "panic strategy: expected unwind, got abort");
    check_patched(&bytes, |r| r.pointer_bits = 32, "pointer bits: expected 64, got 32");
    check_patched(&bytes, |r| r.target[0] = b'?', "target: expected ");
    check_patched(&bytes, |r| r.entry[0] = b'?', "no entry function `?lanogram_plugin_planogram_faulty`");
}

#[test]
fn two_owners_of_one_kind_are_a_load_error() {
    let private = tempfile::tempdir().unwrap();
    let twice = vec![with_fault("none"), with_fault("none")];
    let (_, problems) = Host::open(HostConfig::new(private.path().to_owned(), Vec::new(), twice));
    assert_eq!(problems[0].to_string(), "plugin `faulty`: it is configured twice");
    let (host, _, _private) = open(vec![with_fault("none")]);
    let plugin = planogram_abi::export::linked::<planogram_faulty::Faulty>();
    let refused = host.link("other", plugin, "{}").unwrap_err().to_string();
    assert_eq!(refused, "plugin `other`: kind `faulty-rules` is owned by plugin `faulty` already");
    host.link("other", plugin, "{\"fault\": \"other-kind\"}").unwrap();
    let (set, _) = host.prepare(&[], 1, &Kernel, None);
    let kinds: Vec<_> = set.kinds().iter().map(|(kind, owner)| (kind.name.clone(), (*owner).to_owned())).collect();
    let expected = [("faulty-rules", "faulty"), ("faulty-others", "other")];
    assert_eq!(kinds, expected.map(|(kind, owner)| (kind.to_owned(), owner.to_owned())));
}

#[test]
fn a_plugin_that_refuses_an_epoch_keeps_the_old_one() {
    let (host, set, _private) = open(vec![with_fault("error-in-prepare")]);
    let document = Document {
        kind: "faulty-rules",
        scope: "",
        id: "a",
        revision: 1,
        seq: 1,
        from_ms: i64::MIN,
        until_ms: i64::MAX,
        json: "{}",
    };
    let (kept, failures) = host.prepare(&[document], 2, &Kernel, Some(&set));
    assert_eq!(failures[0].1.0, "prepare: documents are refused");
    assert!(score(&kept, &Attempt::inline()).is_ok());
    let (left_out, failures) = host.prepare(&[document], 2, &Kernel, None);
    assert_eq!((failures.len(), left_out.scorers(ListKind::Search, Phase::All).count()), (1, 0));
    // Documents of other kinds are none of its business.
    let (_, failures) = host.prepare(&[Document { kind: "nobodys", ..document }], 2, &Kernel, None);
    assert_eq!(failures, []);
}

/// Copies of one library that differ in their version, so that they are different contents.
fn versions(dir: &Path) -> [PathBuf; 2] {
    let bytes = fs::read(faulty()).unwrap();
    [b'1', b'2'].map(|minor| {
        let mut bytes = bytes.clone();
        let at = bytes.windows(16).position(|window| window == planogram_abi::handshake::MAGIC).unwrap();
        bytes[at + 162] = minor;
        let path = dir.join(format!("v{}.so", char::from(minor)));
        fs::write(&path, bytes).unwrap();
        path
    })
}

#[test]
fn versions_are_swapped_under_load_without_a_wrong_answer() {
    let dir = tempfile::tempdir().unwrap();
    let versions = versions(dir.path());
    let live = dir.path().join("live.so");
    fs::copy(&versions[0], &live).unwrap();
    let (host, set, _private) = open(vec![entry("faulty", &live, "{}")]);
    let current = RwLock::new(set);
    let stop = AtomicBool::new(false);
    let swaps = 20;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let set = Arc::clone(&current.read().unwrap());
                    assert_eq!(score(&set, &Attempt::inline()).unwrap(), [1.0, 2.0, 0.0]);
                }
            });
        }
        for swap in 0..swaps {
            // Overwritten in place: the mapped copy must not care.
            fs::copy(&versions[(swap + 1) % 2], &live).unwrap();
            let before = Arc::clone(&current.read().unwrap());
            let after = host.reload("faulty", &[], 1, &Kernel, &before).unwrap();
            assert_ne!(after.versions(), before.versions());
            *current.write().unwrap() = after;
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(host.retired(), swaps as u64);
    assert_eq!(host.mappings().0, 2);
}

#[test]
fn a_refused_reload_leaves_the_old_version() {
    let dir = tempfile::tempdir().unwrap();
    let live = dir.path().join("live.so");
    fs::copy(faulty(), &live).unwrap();
    let (host, set, _private) = open(vec![entry("faulty", &live, "{}")]);
    fs::write(&live, b"no library").unwrap();
    let refused = host.reload("faulty", &[], 1, &Kernel, &set).unwrap_err();
    assert!(!refused.unknown && refused.message.contains("expected a shared library"), "{refused}");
    assert!(host.reload("nobody", &[], 1, &Kernel, &set).unwrap_err().unknown);
    let (again, failures) = host.prepare(&[], 2, &Kernel, Some(&set));
    assert_eq!(failures, []);
    assert!(score(&again, &Attempt::inline()).is_ok());
    assert_eq!((host.retired(), host.load_failures()), (0, 1));
}

fn compile_c(source: &Path, library: &Path) -> PathBuf {
    let abi = Path::new(env!("CARGO_MANIFEST_DIR")).join("abi");
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared", "-I"]).arg(&abi);
    let output = cc.arg(source).arg("-o").arg(library).output().expect("a C compiler is there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library.to_owned()
}

fn c_plugin(dir: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("abi/examples/cheapest_first.c");
    compile_c(&source, &dir.join("libcheapest_first.so"))
}

#[test]
fn a_plugin_in_plain_c_ranks() {
    let dir = tempfile::tempdir().unwrap();
    let file = c_plugin(dir.path());
    let (host, set, _private) = open(vec![entry("cheapest-first", &file, "{\"weight\": 2}"), with_fault("none")]);
    let attempt = Attempt::inline();
    assert_eq!(score(&set, &attempt).unwrap(), [1.0, 2.0 / 3.0, 0.0]);
    let reranker = set.rerankers(ListKind::Search).next().unwrap();
    let ctx = CallContext { request: request("", &[5]), ..context("", &attempt) };
    let acts = reranker.rerank(&ctx, RankedList { items: &[4, 5], scores: &[1.0, 0.5], columns: &[] }).unwrap();
    assert_eq!(acts[0].reason, "\"the product of the page comes first\"");
    assert_eq!(acts[0].target, Target::Items(vec![5]));
    assert_eq!(host.observers().len(), 1);
    check_refused(entry("cheapest-first", &file, "{\"weight\": 200}"), "`weight` must be in [0, 100]");
}

/// The test that is the child: it does nothing unless it is told to.
#[test]
fn conformance_child() {
    let Some(file) = std::env::var_os("PLANOGRAM_CHECK_FILE") else {
        return;
    };
    let settings = std::env::var("PLANOGRAM_CHECK_SETTINGS").unwrap();
    // The test runner has begun a line of its own.
    println!();
    let private = tempfile::tempdir().unwrap();
    check::run(Path::new(&file), &settings, private.path(), &mut std::io::stdout());
}

fn conformance(file: &Path, settings: &str, patience: Duration) -> check::Report {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "conformance_child", "--nocapture", "--test-threads=1"]);
    child.env("PLANOGRAM_CHECK_FILE", file).env("PLANOGRAM_CHECK_SETTINGS", settings);
    check::supervise(child, patience).unwrap()
}

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_good_plugin_passes_the_conformance_suite() {
    let dir = tempfile::tempdir().unwrap();
    let template = build(&["planogram-template"]).join(&discover::file_names("template")[0]);
    for (file, checks_min) in [(template, 40), (c_plugin(dir.path()), 70)] {
        let report = conformance(&file, "{}", PATIENCE);
        assert!(report.good(), "{report}");
        assert!(report.findings.len() >= checks_min, "{report}");
    }
}

#[test]
fn a_bad_plugin_is_found_out() {
    let check_found = |settings: &str, patience: Duration, expected: &str| {
        let report = conformance(&faulty(), settings, patience);
        assert!(!report.good(), "{report}");
        assert!(report.to_string().contains(expected), "`{expected}` is not in\n{report}");
    };
    check_found("{\"fault\": \"panic-in-score\"}", PATIENCE, "panicked: cannot score 1000 items");
    check_found("{\"fault\": \"nan\"}", PATIENCE, "column `value` is NaN in row 0");
    check_found("{\"fault\": \"spin\"}", Duration::from_secs(2), "HUNG     scorer `score`");
    check_found("{\"fault\": \"error-in-configure\"}", PATIENCE, "key `color` is unknown");
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text.so");
    fs::write(&text, "no library").unwrap();
    let report = conformance(&text, "{}", PATIENCE);
    assert!(report.to_string().contains("expected a shared library"), "{report}");
}

#[test]
fn a_crash_of_the_child_is_a_finding() {
    let mut child = Command::new("sh");
    child.args(["-c", "printf 'begin\\tone\\npassed\\tone\\nbegin\\ttwo\\n'; kill -SEGV $$"]);
    let report = check::supervise(child, PATIENCE).unwrap();
    let crash = check::Verdict::Crashed("the process was killed by signal 11".to_owned());
    assert_eq!((report.findings[0].check.as_str(), &report.findings[0].verdict), ("one", &check::Verdict::Passed));
    assert_eq!((report.findings[1].check.as_str(), &report.findings[1].verdict), ("two", &crash));
}
