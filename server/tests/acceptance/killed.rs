//! The program is killed while it takes events in: what it acknowledged is there afterwards, and nothing twice.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::shop::now_ms;

const BATCH: usize = 50;
/// Batches that are seen in the log before the program is killed; the last of them may not be acknowledged yet.
const IN_LOG: usize = 40;
/// Batches in all.
const BATCHES: usize = 80;

/// A program that serves a data directory; killed when it goes out of scope.
struct Program {
    child: Child,
    address: String,
    agent: ureq::Agent,
}

impl Program {
    fn start(data_dir: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planogram"));
        command.args(["serve", "--port", "0", "--data-dir"]).arg(data_dir);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = "planogram serves on ";
        let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with(ready))).unwrap().unwrap();
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Self { child, address: line[ready.len()..].to_owned(), agent }
    }

    /// The receipt of a batch; nothing when the program is gone.
    fn send(&self, batch: usize) -> Option<Value> {
        let request = self.agent.post(format!("{}/v1/events", self.address));
        let mut response = request.header("content-type", "application/json").send(&events(batch).to_string()).ok()?;
        serde_json::from_str(&response.body_mut().read_to_string().ok()?).ok()
    }

    fn get(&self, path: &str) -> String {
        let mut response = self.agent.get(format!("{}{path}", self.address)).call().unwrap();
        response.body_mut().read_to_string().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // On Unix this is SIGKILL: nothing is flushed, nothing is said.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn events(batch: usize) -> Value {
    let now_ms = now_ms();
    let row = |i: usize| {
        json!({"id": format!("e{batch}-{i}"), "time": now_ms, "kind": "unit_impression", "unit": "u",
            "visitor": format!("v{}", i % 7), "items": ["A"]})
    };
    json!((0..BATCH).map(row).collect::<Vec<_>>())
}

/// Ids of all events in the log, as often as they stand there.
fn logged(program: &Program) -> Vec<String> {
    let log = program.get("/v1/log?from=1&limit=10000");
    let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let events = entries.flat_map(|entry| entry["body"]["Events"].as_array().cloned().unwrap_or_default());
    events.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn killed_while_it_takes_events_in_it_has_every_acknowledged_one_once() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path());
    let mut acknowledged = 0;
    std::thread::scope(|threads| {
        let sender = threads.spawn(|| (0..BATCHES).filter(|batch| program.send(*batch).is_some()).count());
        // The program dies in the middle of the stream, at whatever it is doing.
        while logged_so_far(&program) < IN_LOG * BATCH {}
        kill(&program);
        acknowledged = sender.join().unwrap();
    });
    // The last batch in the log may have been on its way back.
    let plausible = IN_LOG - 1..BATCHES;
    assert!(plausible.contains(&acknowledged), "{acknowledged} of {BATCHES} batches were acknowledged");
    drop(program);

    let program = Program::start(dir.path());
    let ids = logged(&program);
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "an event stands twice in the log");
    assert!(ids.len() >= acknowledged * BATCH, "{} events in the log, {acknowledged} batches acknowledged", ids.len());
    let counted = || -> Value { serde_json::from_str(&program.get("/v1/recommendations/u/metrics")).unwrap() };
    assert_eq!(counted()["impressions"], ids.len(), "the counters are a recount of the log");

    // A client that sends everything again ends with everything once.
    let duplicates: u64 = (0..BATCHES).map(|batch| program.send(batch).unwrap()["duplicates"].as_u64().unwrap()).sum();
    assert_eq!(duplicates, ids.len() as u64);
    assert_eq!(counted()["impressions"], BATCHES * BATCH);
}

/// Events visible so far; none when the program does not answer.
fn logged_so_far(program: &Program) -> usize {
    let counted: Value = serde_json::from_str(&program.get("/v1/recommendations/u/metrics")).unwrap();
    counted["impressions"].as_u64().unwrap() as usize
}

/// Kills the program from outside, while others still talk to it.
fn kill(program: &Program) {
    let killed = Command::new("kill").args(["-9", &program.child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}
