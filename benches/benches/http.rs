//! What does a search cost over HTTP, beside a database's full text on the same data?
//!
//! The whole server in this process, and clients that share its two cores: one thread a connection, kept open. First
//! each client asks as fast as it is answered, which finds how many answers a second there are: a thousand searches over
//! and over, as a shop meets its frequent ones, and searches that nobody asked before. Then requests come at 70 % of the
//! first, evenly, and a latency counts from when its request was due. PostgreSQL, when it is installed, gets
//! the same products, queries and two facets through `benches/postgres.sh`, over its local socket.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use planogram_benches::measure::{Mode, Sample, load, millis};
use planogram_benches::shop;
use planogram_core::catalog::doc::{AttributeValue, ProductDoc};
use planogram_server::serve;
use planogram_server::settings::Settings;
use planogram_server::state::AppState;

/// Connections of the clients.
const CLIENTS: [usize; 3] = [1, 2, 4];
/// Searches that are asked once; more than are answered in the time.
const FRESH: usize = 100_000;
/// Share of the saturated rate that requests come at while latencies are measured.
const STEADY: f64 = 0.7;
/// The two facets: of 20 and of 150 values.
const FACETS: [usize; 2] = [3, 7];

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let mode = Mode::from_args();
    let Some(docs) = shop::catalog(mode.pick(usize::MAX, 2_000))? else { return Ok(()) };
    let mut queries = shop::queries(&docs, mode.pick(FRESH, 40));
    let mut fresh = queries.split_off(mode.pick(1_000, 20));
    let mut asked: BTreeSet<String> = queries.iter().cloned().collect();
    fresh.retain(|query| asked.insert(query.clone()));
    let seconds = mode.pick(8.0, 0.2);
    let dir = tempfile::tempdir()?;
    let address = start(dir.path(), &docs)?;
    let requests: Arc<Vec<Vec<u8>>> = Arc::new(queries.iter().map(|query| request(query)).collect());
    println!("load {:.1}; {} products, {} queries, page of 24, two facets", load(), docs.len(), queries.len());
    let mut best = (0.0, 1);
    for clients in CLIENTS {
        let (rate, sample) = saturate(address, &requests, clients, seconds)?;
        print_line(&format!("planogram, {clients} clients, as fast as it goes"), rate, &sample);
        best = if rate > best.0 { (rate, clients) } else { best };
    }
    steady("a thousand searches over and over", address, &requests, best, seconds)?;
    let mut fresh: Vec<Vec<u8>> = fresh.iter().map(|query| request(query)).collect();
    let later = Arc::new(fresh.split_off(fresh.len() / 2));
    let (unasked, sample) = saturate(address, &Arc::new(fresh), best.1, seconds)?;
    print_line(&format!("planogram, {} clients, searches not asked before", best.1), unasked, &sample);
    steady("searches not asked before", address, &later, (unasked, best.1), seconds)?;
    match postgres(&docs, &queries, mode)? {
        Some(theirs) => println!(
            "planogram answers {:.1} times as many, {:.1} times of those not asked before; wanted 5",
            best.0 / theirs,
            unasked / theirs
        ),
        None => println!("PostgreSQL is not installed: not compared"),
    }
    Ok(())
}

/// Measures latencies below the rate at which so many clients saturate the server, with twice as many.
fn steady(
    what: &str,
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    (saturated, clients): (f64, usize),
    seconds: f64,
) -> Result<()> {
    let rate = saturated * STEADY;
    let (sample, late) = beside_a_sleeper(|| steadily(address, requests, rate, clients.max(2) * 2, seconds));
    let sample = sample?;
    print_line(&format!("at {:.0} % of that, {what}", STEADY * 100.0), rate, &sample);
    println!("  p99 {:.1} ms, wanted under 15", millis(sample.quantile(0.99)));
    println!("  a thread that only slept was late by {:.1} ms at most meanwhile", millis(late));
    Ok(())
}

/// The server over the shop on disk with the plugins that ship, on a thread of its own.
fn start(dir: &Path, docs: &[ProductDoc]) -> Result<SocketAddr> {
    let engine = shop::open_whole(dir, 1)?;
    shop::fill(&engine, docs)?;
    let mut settings = Settings::default();
    settings.server.port = 0;
    let state = AppState::open(settings, engine, None);
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || -> Result<()> {
        let runtime = serve::runtime()?;
        runtime.block_on(async move {
            let listener = serve::listen(&state).await?;
            tell.send(listener.local_addr()?)?;
            serve::serve(state, listener, std::future::pending()).await?;
            Ok(())
        })
    });
    told.recv().context("the server does not listen")
}

fn request(query: &str) -> Vec<u8> {
    let words = query.replace(' ', "+");
    let facets = FACETS.map(shop::facet_code).join(",");
    format!("GET /v1/search?q={words}&page_size=24&facets={facets} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes()
}

/// One open connection.
struct Client {
    reader: BufReader<TcpStream>,
    body: Vec<u8>,
}

impl Client {
    fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream), body: Vec::new() })
    }

    /// Sends a request and reads the whole answer, which has to be a good one.
    fn ask(&mut self, request: &[u8]) -> Result<()> {
        self.reader.get_mut().write_all(request)?;
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        ensure!(line.starts_with("HTTP/1.1 200"), "the server says {line}");
        let mut length = None;
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        self.body.resize(length.context("the answer says no length")?, 0);
        self.reader.read_exact(&mut self.body)?;
        Ok(())
    }
}

/// Answers a second, and each one's latency, with so many clients that ask again as soon as they are answered.
fn saturate(address: SocketAddr, requests: &Arc<Vec<Vec<u8>>>, clients: usize, seconds: f64) -> Result<(f64, Sample)> {
    let begun = Instant::now();
    let until = begun + Duration::from_secs_f64(seconds);
    let each = on_threads(clients, |at| {
        let requests = Arc::clone(requests);
        move || {
            let (mut client, mut latencies) = (Client::open(address)?, Vec::new());
            let mut next = at * requests.len() / clients;
            while Instant::now() < until {
                let asked = Instant::now();
                client.ask(&requests[next % requests.len()])?;
                latencies.push(asked.elapsed());
                next += 1;
            }
            Ok(latencies)
        }
    })?;
    Ok((each.len() as f64 / begun.elapsed().as_secs_f64(), Sample::new(each)))
}

/// Latencies, from when each was due, of requests that come at `rate` a second whatever happens.
fn steadily(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    rate: f64,
    clients: usize,
    seconds: f64,
) -> Result<Sample> {
    let begun = Instant::now();
    let total = (rate * seconds).max(1.0) as usize;
    let turn = Arc::new(AtomicUsize::new(0));
    let each = on_threads(clients, |_| {
        let (requests, turn) = (Arc::clone(requests), Arc::clone(&turn));
        move || {
            let (mut client, mut latencies) = (Client::open(address)?, Vec::new());
            loop {
                let next = turn.fetch_add(1, Ordering::Relaxed);
                if next >= total {
                    return Ok(latencies);
                }
                let due = begun + Duration::from_secs_f64(next as f64 / rate);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                client.ask(&requests[next % requests.len()])?;
                latencies.push(due.elapsed());
            }
        }
    })?;
    Ok(Sample::new(each))
}

/// What `work` gives, and how late a thread woke up at most that only slept meanwhile: what the machine adds to a latency,
/// whatever the server does.
fn beside_a_sleeper<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    const NAP: Duration = Duration::from_millis(2);
    let is_over = AtomicBool::new(false);
    let sleep = || {
        let mut latest = Duration::ZERO;
        while !is_over.load(Ordering::Relaxed) {
            let begun = Instant::now();
            std::thread::sleep(NAP);
            latest = latest.max(begun.elapsed().saturating_sub(NAP));
        }
        latest
    };
    std::thread::scope(|scope| {
        let sleeper = scope.spawn(sleep);
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        (done, sleeper.join().unwrap_or_default())
    })
}

fn on_threads<F>(n: usize, work: impl Fn(usize) -> F) -> Result<Vec<Duration>>
where
    F: FnOnce() -> Result<Vec<Duration>> + Send + 'static,
{
    let threads: Vec<_> = (0..n).map(|at| std::thread::spawn(work(at))).collect();
    let mut all = Vec::new();
    for thread in threads {
        all.extend(thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
    }
    Ok(all)
}

fn print_line(what: &str, rate: f64, sample: &Sample) {
    let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|q| millis(sample.quantile(q)));
    println!("{what:<46} | {rate:6.0}/s | p50 {p50:5.2} p90 {p90:5.2} p99 {p99:5.2} ms");
}

/// Answers a second of PostgreSQL; `None` where it is not installed.
fn postgres(docs: &[ProductDoc], queries: &[String], mode: Mode) -> Result<Option<f64>> {
    let dir = tempfile::tempdir()?;
    write_rows(&dir.path().join("products.tsv"), docs)?;
    std::fs::write(dir.path().join("queries.txt"), queries.join("\n") + "\n")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres.sh");
    let seconds = mode.pick("8", "1");
    let run = Command::new("sh").arg(script).arg(dir.path()).arg(seconds).output()?;
    let said = String::from_utf8_lossy(&run.stdout);
    match run.status.code() {
        Some(3) => return Ok(None),
        Some(0) => {}
        _ => anyhow::bail!("PostgreSQL did not run: {said}{}", String::from_utf8_lossy(&run.stderr)),
    }
    let mut best = 0.0;
    for line in said.lines() {
        println!("PostgreSQL, {line}");
        let rate = line.split("tps ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
        best = rate.map_or(best, |rate| f64::max(rate, best));
    }
    ensure!(best > 0.0, "PostgreSQL names no rate: {said}");
    Ok(Some(best))
}

/// Name, brand, description, the values of both facets.
fn write_rows(path: &Path, docs: &[ProductDoc]) -> Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let plain = |text: &str| text.replace(['\t', '\n', '\r', '\\'], " ");
    for (id, doc) in docs.iter().enumerate() {
        let facet = |at| match doc.attributes.get(&shop::facet_code(at)) {
            Some(AttributeValue::Text(value)) => plain(value),
            _ => String::new(),
        };
        let brand = plain(doc.brand.as_deref().unwrap_or_default());
        let [first, second] = FACETS.map(facet);
        writeln!(file, "{id}\t{}\t{brand}\t{}\t{first}\t{second}", plain(&doc.name), plain(&doc.description))?;
    }
    Ok(file.flush()?)
}
