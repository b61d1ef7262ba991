//! Does a library keep the contract?
//!
//! `planogram plugin check` runs [`run`] in a child process, because a plugin under test may crash or hang, and
//! that is a finding, too. The child announces each check before it begins; [`supervise`] reads the lines, and
//! blames a sudden end or silence on the check that was announced last.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use planogram_abi::table::{Described, DescribedRole, Instance, Prepared};
use planogram_abi::{ConditionId, EventBatch, ListKind, LogLevel, Outcome, PrepareHost, Request};

use super::instance::words;
use super::load::Loader;
use super::probe::{EmptyHost, call_once, plain_request};
use super::verify;

/// How one check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As the contract says.
    Passed,
    /// Not as the contract says.
    Failed(String),
    /// It took the process with it.
    Crashed(String),
    /// It did not end in time.
    Hung,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub check: String,
    /// How it ended.
    pub verdict: Verdict,
}

/// All findings about one file, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Findings; those after a crash or hang are missing.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong, and something was checked.
    pub fn good(&self) -> bool {
        !self.findings.is_empty() && self.findings.iter().all(|finding| finding.verdict == Verdict::Passed)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Finding { check, verdict } in &self.findings {
            match verdict {
                Verdict::Passed => writeln!(f, "  ok       {check}")?,
                Verdict::Failed(why) => writeln!(f, "  FAILED   {check}\n           {why}")?,
                Verdict::Crashed(how) => writeln!(f, "  CRASHED  {check}\n           {how}")?,
                Verdict::Hung => writeln!(f, "  HUNG     {check}")?,
            }
        }
        let bad = self.findings.iter().filter(|finding| finding.verdict != Verdict::Passed).count();
        match bad {
            0 => write!(f, "{} checks passed", self.findings.len()),
            _ => write!(f, "{bad} of {} checks found something", self.findings.len()),
        }
    }
}

const BEGIN: &str = "begin\t";
const PASSED: &str = "passed\t";
const FAILED: &str = "failed\t";

/// Runs the child (a command that ends up in [`run`] with its standard output) and collects its findings; each
/// single check may take `patience`.
///
/// # Errors
/// When the child cannot be started.
pub fn supervise(mut child: Command, patience: Duration) -> std::io::Result<Report> {
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let stdout = child.stdout.take().ok_or_else(|| std::io::Error::other("the child has no output"))?;
    let (send, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    let mut report = Report::default();
    let mut running: Option<String> = None;
    loop {
        match lines.recv_timeout(patience) {
            Ok(line) => {
                if let Some(check) = line.strip_prefix(BEGIN) {
                    running = Some(check.to_owned());
                } else if let Some(check) = line.strip_prefix(PASSED) {
                    running = None;
                    report.findings.push(Finding { check: check.to_owned(), verdict: Verdict::Passed });
                } else if let Some((check, why)) = line.strip_prefix(FAILED).and_then(|rest| rest.split_once('\t')) {
                    running = None;
                    let verdict = Verdict::Failed(why.to_owned());
                    report.findings.push(Finding { check: check.to_owned(), verdict });
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let check = running.take().unwrap_or_else(|| "start".to_owned());
                report.findings.push(Finding { check, verdict: Verdict::Hung });
                child.kill()?;
                child.wait()?;
                return Ok(report);
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Some(crash) = crashed(&mut child, running)? {
        report.findings.push(crash);
    }
    Ok(report)
}

/// What the child's end says, if it ended in the middle of a check or by a signal.
fn crashed(child: &mut Child, running: Option<String>) -> std::io::Result<Option<Finding>> {
    use std::os::unix::process::ExitStatusExt;
    let status = child.wait()?;
    let how = match (status.signal(), running.is_some()) {
        (Some(signal), _) => format!("the process was killed by signal {signal}"),
        (None, true) => format!("the process ended by itself with {status}"),
        (None, false) => return Ok(None),
    };
    let check = running.unwrap_or_else(|| "end of the process".to_owned());
    Ok(Some(Finding { check, verdict: Verdict::Crashed(how) }))
}

/// Announces checks and writes their findings.
struct Writer<'a> {
    out: &'a mut dyn Write,
    failed: bool,
}

impl Writer<'_> {
    /// Runs one check; `None` when it failed.
    fn check<T>(&mut self, name: &str, body: impl FnOnce() -> Result<T, String>) -> Option<T> {
        self.line(&format!("{BEGIN}{name}"));
        match body() {
            Ok(value) => {
                self.line(&format!("{PASSED}{name}"));
                Some(value)
            }
            Err(why) => {
                self.failed = true;
                let why = why.replace(['\n', '\r', '\t'], " ");
                self.line(&format!("{FAILED}{name}\t{why}"));
                None
            }
        }
    }

    fn line(&mut self, line: &str) {
        // A parent that is gone needs no report.
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
    }
}

/// Runs all checks on a file in this process and writes one line an event. Returns whether all passed.
/// `settings` is what the plugin is configured with; mapped copies go to `private_dir`.
pub fn run(file: &Path, settings: &str, private_dir: &Path, out: &mut dyn Write) -> bool {
    let mut writer = Writer { out, failed: false };
    let read = || std::fs::read(file).map_err(|error| error.to_string());
    let handshake = writer.check("the handshake is in the file and fits this host", || {
        verify::verify(&read()?).map_err(|error| error.to_string())
    });
    if handshake.is_none() {
        return false;
    }
    let loader = Loader::new(private_dir.to_owned(), 1);
    let load = || loader.load_any(file).map_err(|error| error.to_string());
    if let Some(loaded) = writer.check("the library loads and gives its table", load) {
        for bad in ["", "{", "{\"no such setting, surely\": 1}"] {
            writer.check(&format!("bad settings `{bad}` are refused with a message"), || {
                match loaded.plugin.configure(bad) {
                    Ok(_) => Err("they were accepted".to_owned()),
                    Err(error) if words(&error) == "no message" => Err("no message".to_owned()),
                    Err(planogram_abi::table::CallError::Failed(_)) => Ok(()),
                    Err(error) => Err(error.to_string()),
                }
            });
        }
        let configure = || loaded.plugin.configure(settings).map_err(|error| error.to_string());
        if let Some(instance) = writer.check(&format!("settings `{settings}` are accepted"), configure) {
            check_instance(&mut writer, &Arc::new(instance));
        }
    }
    !writer.failed
}

/// A host for `prepare` that compiles whatever is JSON.
struct AnyCondition;

impl PrepareHost for AnyCondition {
    fn compile(&self, condition: &str) -> Outcome<ConditionId> {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(condition);
        Ok(parsed.map(|_| ConditionId(0))?)
    }

    fn index(&self, _conditions: &[ConditionId]) -> Outcome {
        Ok(())
    }

    fn log(&self, _level: LogLevel, _message: &str) {}
}

fn check_instance(writer: &mut Writer<'_>, instance: &Arc<Instance>) {
    let description = writer.check("it describes itself, twice the same", || {
        let first = instance.describe().map_err(|error| error.to_string())?;
        let second = instance.describe().map_err(|error| error.to_string())?;
        if first == second { Ok(first) } else { Err(format!("first {first:?}, then {second:?}")) }
    });
    let prepared = writer.check("it prepares without documents", || {
        instance.prepare(&[], 1, &AnyCondition, None).map_err(|error| error.to_string())
    });
    let (Some(description), Some(prepared)) = (description, prepared) else {
        return;
    };
    writer.check("it prepares again from its predecessor", || {
        instance.prepare(&[], 2, &AnyCondition, Some(&prepared)).map(drop).map_err(|error| error.to_string())
    });
    for (index, described) in description.contributions.iter().enumerate() {
        if described.role == DescribedRole::Observer {
            check_observer(writer, instance, index as u32, &described.name);
        } else {
            check_contribution(writer, &prepared, index as u32, described);
        }
    }
}

/// Texts that break what counts bytes as characters, or expects words.
fn awkward_texts() -> Vec<(&'static str, String)> {
    vec![
        ("a plain text", "red shoes".to_owned()),
        ("no text", String::new()),
        ("unicode", "ßtraße 🧦 e\u{301} \u{202e}עברית ｆｕｌｌ".to_owned()),
        ("a long text", "sock ".repeat(51)),
        ("punctuation", "'\"\\ {}[]()*?%_\u{0}".to_owned()),
    ]
}

fn check_contribution(writer: &mut Writer<'_>, prepared: &Prepared, index: u32, described: &Described) {
    let label = format!("{} `{}`", described.role.word(), described.name);
    let all = [ListKind::Search, ListKind::Category, ListKind::Recommendation];
    for list in all.into_iter().filter(|&list| described.takes_part_in(list)) {
        let call = |request: &Request<'_>, shape: (u32, f32)| {
            let first = call_once(prepared, index, described, &EmptyHost, request, shape);
            let first = first.map_err(|error| error.to_string())?;
            let second = call_once(prepared, index, described, &EmptyHost, request, shape);
            let second = second.map_err(|error| error.to_string())?;
            if first == second { Ok(first) } else { Err("two equal calls gave different answers".to_owned()) }
        };
        for rows in [0, 1, 1_000] {
            let name = format!("{label} on {list:?}: {rows} rows, equal twice");
            writer.check(&name, || call(&plain_request(list, "red shoes"), (rows, 1.0)));
        }
        for (what, value) in [("missing", f32::NAN), ("negative", -1.0), ("huge", f32::MAX)] {
            let name = format!("{label} on {list:?}: all columns {what}");
            writer.check(&name, || call(&plain_request(list, "red shoes"), (10, value)));
        }
        for (what, text) in awkward_texts() {
            writer.check(&format!("{label} on {list:?}: {what}"), || call(&plain_request(list, &text), (10, 1.0)));
        }
        let name = format!("{label} on {list:?}: with anchors, from two threads at once");
        writer.check(&name, || in_parallel(prepared, index, described, list));
    }
}

/// The same calls from two threads must give the same answers.
fn in_parallel(prepared: &Prepared, index: u32, described: &Described, list: ListKind) -> Result<(), String> {
    let calls = || -> Result<Vec<u32>, String> {
        let mut answers = Vec::new();
        for _ in 0..50 {
            let items = [0, 1, 2];
            let request = Request { anchors: &items, recent: &items, ..plain_request(list, "red shoes") };
            let answer = call_once(prepared, index, described, &EmptyHost, &request, (100, 2.0));
            answers.extend(answer.map_err(|error| error.to_string())?);
        }
        Ok(answers)
    };
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(calls);
        (calls(), other.join().unwrap_or_else(|_| Err("the thread panicked".to_owned())))
    });
    if one? == other? { Ok(()) } else { Err("the threads got different answers".to_owned()) }
}

fn check_observer(writer: &mut Writer<'_>, instance: &Arc<Instance>, index: u32, name: &str) {
    let rows = 1_000usize;
    let seqs: Vec<u64> = (1..=rows as u64).collect();
    let times: Vec<i64> = seqs.iter().map(|&seq| seq as i64 * 1_000).collect();
    let kinds: Vec<u32> = seqs.iter().map(|seq| (seq % 16) as u32 + 1).collect();
    let items: Vec<u32> = seqs.iter().map(|seq| if seq % 7 == 0 { u32::MAX } else { (seq % 100) as u32 }).collect();
    let sessions: Vec<u64> = seqs.iter().map(|seq| seq / 5).collect();
    let batch = |from: usize, to: usize| EventBatch {
        seqs: &seqs[from..to],
        times_ms: &times[from..to],
        kinds: &kinds[from..to],
        items: &items[from..to],
        sessions: &sessions[from..to],
        visitors: &sessions[from..to],
        quantities: &[1.0; 1_000][from..to],
    };
    let shown = |columns: &[(String, Vec<f32>)]| {
        let mut text = String::new();
        for (name, values) in columns {
            let bits: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
            let _ = write!(text, "{name}{bits:?}");
        }
        text
    };
    writer.check(&format!("observer `{name}`: folds, saves and loads to the same state"), || {
        let folded = || -> Result<_, planogram_abi::table::CallError> {
            let mut whole = instance.observe(index)?;
            whole.fold(&batch(0, 0))?;
            whole.fold(&batch(0, 400))?;
            let mut resumed = instance.observe(index)?;
            resumed.load(&whole.save()?)?;
            whole.fold(&batch(400, rows))?;
            resumed.fold(&batch(400, rows))?;
            Ok((shown(&whole.freeze()?), shown(&resumed.freeze()?)))
        };
        let (whole, resumed) = folded().map_err(|error| error.to_string())?;
        if whole == resumed { Ok(()) } else { Err("a saved and loaded state goes on differently".to_owned()) }
    });
}
