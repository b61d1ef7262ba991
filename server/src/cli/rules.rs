//! `planogram rules`: are there rules that do not do what their authors think?
//!
//! Asks the shop's plugins the shared question `rules/conflicts`, of a data directory or of a running server, and prints
//! the answer as a table. It knows no rule: kinds, words and examples are the plugins'.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{ArgGroup, Args, Subcommand};
use planogram_core::engine::Engine;
use planogram_core::engine::types::ShopAsk;
use planogram_server::routes::ask::joined;
use serde_json::Value;

/// Environment variable with the server's write key: arguments of a command are seen by everybody on the machine.
const KEY: &str = "PLANOGRAM_KEY";
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks after merchandising rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Lists rules that contradict or shadow each other, never fire, or miss their targets. Exit code 1 when there are any.
    #[command(
        after_help = "A server with a write key is asked with the one in the environment variable PLANOGRAM_KEY.\n\nExample:\n  planogram rules check --url http://127.0.0.1:7650"
    )]
    Check(CheckArgs),
}

/// Which shop.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("shop").args(["data", "url"]).required(true).multiple(false)))]
pub struct CheckArgs {
    /// Data directory of a shop that no server has open.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address of a running server, http only.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Configuration file (TOML), beside `--data`.
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    config: Option<PathBuf>,
    /// Overlays whose drafts are laid over the live rules, in order, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    overlay: Vec<String>,
}

/// Runs the command.
pub fn run(command: &RulesCommand) -> anyhow::Result<ExitCode> {
    let RulesCommand::Check(args) = command;
    let report = match (&args.url, &args.data) {
        (Some(url), _) => asked(url, &args.overlay)?,
        (None, Some(dir)) => of_dir(dir, args.config.as_deref(), &args.overlay)?,
        (None, None) => anyhow::bail!("neither `--data` nor `--url` is given"),
    };
    let conflicts = report["conflicts"].as_array().map(Vec::as_slice).unwrap_or_default();
    print!("{}", table(conflicts));
    Ok(if conflicts.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The report of a data directory.
fn of_dir(dir: &Path, config: Option<&Path>, overlays: &[String]) -> anyhow::Result<Value> {
    anyhow::ensure!(dir.is_dir(), "there is no directory `{}`", dir.display());
    let mut settings = super::load(config)?;
    settings.engine.data_dir = dir.display().to_string();
    let engine: Arc<Engine> = Engine::open(settings.engine()?)
        .with_context(|| format!("the data directory `{}` cannot be opened", dir.display()))?;
    let of = ShopAsk { overlays: overlays.to_vec(), ..ShopAsk::default() };
    let answers = engine.ask("rules", "conflicts", "{}", &of);
    engine.close();
    Ok(joined(answers?))
}

/// The report of a server.
fn asked(url: &str, overlays: &[String]) -> anyhow::Result<Value> {
    let address = url.strip_prefix("http://").with_context(|| format!("`{url}` does not begin with http://"))?;
    let host = address.trim_end_matches('/');
    let target = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut stream = TcpStream::connect(&target).with_context(|| format!("`{url}` cannot be reached"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // 1.0: one answer, not in chunks, and then the end.
    let query = if overlays.is_empty() { String::new() } else { format!("?overlay={}", escaped(&overlays.join(","))) };
    let key = std::env::var(KEY).ok().filter(|key| !key.trim().is_empty() && !key.contains(['\r', '\n']));
    let key = key.map(|key| format!("X-Api-Key: {}\r\n", key.trim())).unwrap_or_default();
    let headers = format!("Host: {host}\r\nAccept: application/json\r\n{key}");
    write!(stream, "GET /v1/rules/conflicts{query} HTTP/1.0\r\n{headers}\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).with_context(|| format!("`{url}` broke off"))?;
    let (head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("`{url}` does not speak HTTP"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    anyhow::ensure!(status == "200", "`{url}` answered {status}: {body}");
    serde_json::from_str(body).with_context(|| format!("`{url}` did not answer JSON"))
}

/// A value of an address.
fn escaped(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.,".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// One paragraph a finding: kind, rules, words, example.
fn table(conflicts: &[Value]) -> String {
    if conflicts.is_empty() {
        return "no conflict\n".to_owned();
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut out = String::new();
    for conflict in conflicts {
        let name = |rule: &Value| format!("{}/{}", text(&rule["kind"]), text(&rule["id"]));
        let rules: Vec<String> = conflict["rules"].as_array().into_iter().flatten().map(name).collect();
        out.push_str(&format!("{:16} {}\n", text(&conflict["kind"]), rules.join(", ")));
        out.push_str(&format!("{:16} {}\n", "", text(&conflict["words"])));
        if let Some(path) = conflict["example"]["path"].as_str() {
            let parameters = conflict["example"]["parameters"].as_object();
            let pair = |(name, value): (&String, &Value)| format!("{name}={}", text(value).replace(' ', "+"));
            let pairs: Vec<String> = parameters.into_iter().flatten().map(pair).collect();
            let mark = if pairs.is_empty() { "" } else { "?" };
            out.push_str(&format!("{:16} {path}{mark}{}\n", "", pairs.join("&")));
        }
    }
    out.push_str(&format!("{} in all\n", conflicts.len()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_finding_is_a_paragraph() {
        let rules = json!([{"kind": "a-rule", "id": "x"}, {"kind": "a-rule", "id": "y"}]);
        let example = json!({"path": "/v1/search", "parameters": {"q": "red sofa", "device": "mobile"}});
        let one = json!({"kind": "contradictory", "rules": rules, "words": "they differ", "example": example});
        let two = json!({"kind": "never-firing", "rules": [rules[0]], "words": "no time", "example": null});
        let expected = "contradictory    a-rule/x, a-rule/y\n                 they differ\n                 \
            /v1/search?device=mobile&q=red+sofa\nnever-firing     a-rule/x\n                 no time\n2 in all\n";
        assert_eq!(table(&[one, two]), expected);
        assert_eq!(table(&[]), "no conflict\n");
    }

    #[test]
    fn a_shop_is_named_once_and_the_rest_stands_beside_it() {
        use clap::Parser;
        #[derive(Debug, Parser)]
        struct Line {
            #[command(subcommand)]
            command: RulesCommand,
        }
        let read = |line: &str| Line::try_parse_from(["planogram", "check"].into_iter().chain(line.split(' '))).is_ok();
        assert!(read("--data shop --config shop.toml --overlay autumn,sale"));
        assert!(read("--url http://x --overlay autumn"));
        for bad in ["--overlay autumn", "--data shop --url http://x", "--url http://x --config shop.toml"] {
            assert!(!read(bad), "{bad}");
        }
        assert_eq!(escaped("a b,c/d"), "a%20b,c%2Fd");
    }

    #[test]
    fn an_address_that_is_none_is_named() {
        assert!(asked("ftp://x", &[]).unwrap_err().to_string().contains("`ftp://x` does not begin with http://"));
    }
}
