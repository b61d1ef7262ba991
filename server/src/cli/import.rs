//! `planogram import`: files into a data directory.
//!
//! Lines are streamed; rows of one kind are written in batches of one log entry each. A refused row is remembered with
//! its line and reason and the others go on. The end is waited for, text included, before the summary is printed.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressStyle};
use planogram_core::catalog::doc::{CategoryChange, ProductDoc};
use planogram_core::engine::types::{Acknowledge, Receipt, WriteError, WriteOptions};
use planogram_core::signal::event::Event;
use planogram_datasets::documents::SeedDocument;
use planogram_datasets::loaders::lines::Lines;
use planogram_datasets::loaders::luma;
use planogram_server::state::AppState;
use planogram_server::wire::decode::Defect;
use planogram_server::wire::time;

use super::ImportArgs;
use super::open::{Open, When};
use super::rows::{Row, decode};

/// Refused rows that are printed; the rest is only counted.
const SHOWN_MAX: usize = 20;

/// Runs the command.
pub fn run(args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let when = match &args.as_of {
        Some(text) => {
            When::AsOf(time::parse(text).map_err(|why| anyhow::anyhow!("--as-of {why}, {} allowed", time::ALLOWED))?)
        }
        None => When::Now,
    };
    let (shop, _) = Open::dir_for_bulk(&args.data_dir, args.config.as_deref(), &when)?;
    let mut total = Account::default();
    for file in &args.files {
        let begun = Instant::now();
        let account = if file.is_dir() {
            folder(&shop, file, args.batch as usize)
        } else {
            lines(&shop, file, args.batch as usize)
        };
        let account = account.with_context(|| format!("importing `{}`", file.display()))?;
        shop.flush().context("the last rows are durable but not all visible")?;
        eprint!("{}", account.summary(&file.display().to_string(), begun.elapsed().as_secs_f64()));
        total.add(account);
    }
    Ok(match (total.accepted + total.duplicates, total.refused) {
        (_, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(2),
        _ => ExitCode::from(1),
    })
}

/// What became of the rows.
#[derive(Debug, Default)]
struct Account {
    accepted: u64,
    duplicates: u64,
    refused: u64,
    /// The first refusals: (line, what).
    shown: Vec<(u64, String)>,
}

impl Account {
    fn refuse(&mut self, line: u64, defect: &Defect) {
        self.refused += 1;
        if self.shown.len() < SHOWN_MAX {
            let allowed =
                if defect.allowed.is_empty() { String::new() } else { format!(" (allowed: {})", defect.allowed) };
            let place = if defect.pointer.is_empty() { String::new() } else { format!("{}: ", defect.pointer) };
            self.shown.push((line, format!("{place}{}{allowed}", defect.message)));
        }
    }

    fn add(&mut self, other: Account) {
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.refused += other.refused;
    }

    fn summary(&self, file: &str, seconds: f64) -> String {
        let rows = self.accepted + self.duplicates + self.refused;
        let rate = if seconds > 0.0 { rows as f64 / seconds } else { rows as f64 };
        let mut out = format!(
            "{file}: {rows} rows, {} accepted, {} there already, {} refused, {rate:.0} rows/s\n",
            self.accepted, self.duplicates, self.refused
        );
        for (line, what) in &self.shown {
            out.push_str(&format!("  line {line}: {what}\n"));
        }
        if self.refused > self.shown.len() as u64 {
            out.push_str(&format!("  and {} more\n", self.refused - self.shown.len() as u64));
        }
        out
    }
}

/// Imports a file of lines.
fn lines(shop: &Open, path: &Path, batch: usize) -> anyhow::Result<Account> {
    let file = File::open(path)?;
    let bar = ProgressBar::new(file.metadata()?.len());
    bar.set_style(
        ProgressStyle::with_template("{bar:30} {percent:>3}% {bytes}/{total_bytes} {msg}")
            .expect("the template names only fields that exist"),
    );
    let reader = unpacked(bar.wrap_read(file))?;
    let account = stream(shop, Lines::from_reader(reader), batch, &mut |rows, seconds| {
        bar.set_message(format!("{rows} rows, {:.0} rows/s", rows as f64 / seconds.max(1e-9)));
    });
    bar.finish_and_clear();
    account
}

/// The text of a file, which may be packed.
fn unpacked(file: impl Read + Send + 'static) -> anyhow::Result<Box<dyn BufRead + Send>> {
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let packed = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if packed { Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(reader))) } else { Box::new(reader) })
}

fn stream(shop: &Open, lines: Lines, batch: usize, progress: &mut dyn FnMut(u64, f64)) -> anyhow::Result<Account> {
    let exponents = AppState::exponents_of(shop);
    let begun = Instant::now();
    let mut account = Account::default();
    let mut first_lines: HashMap<String, u64> = HashMap::new();
    let mut pending = Pending::default();
    for item in lines {
        let (line, row) = match item {
            Err(e) => {
                account.refuse(e.line, &Defect::new(e.pointer, e.message, ""));
                continue;
            }
            Ok((line, text)) => (line, decode(line, &text, &exponents)),
        };
        let row = match row {
            Ok(row) => row,
            Err(defects) => {
                account.refuse(
                    line,
                    &defects.into_iter().next().unwrap_or_else(|| Defect::new("", "the row was refused", "")),
                );
                continue;
            }
        };
        if let Row::Product(product) = &row
            && let Some(first) = first_lines.get(&product.sku)
        {
            let message = format!("sku `{}` stands in this file already, in line {first}", product.sku);
            account.refuse(line, &Defect::new("/sku", message, "each sku once"));
            continue;
        }
        if let Row::Product(product) = &row {
            first_lines.insert(product.sku.clone(), line);
        }
        if !pending.takes(&row) || pending.lines.len() >= batch {
            pending.write(shop, &mut account)?;
            progress(account.accepted + account.duplicates + account.refused, begun.elapsed().as_secs_f64());
        }
        pending.push(line, row);
    }
    pending.write(shop, &mut account)?;
    Ok(account)
}

/// Rows of one kind that wait to be written, with their lines.
#[derive(Default)]
struct Pending {
    lines: Vec<u64>,
    products: Vec<ProductDoc>,
    events: Vec<Event>,
    categories: Vec<CategoryChange>,
}

impl Pending {
    fn takes(&self, row: &Row) -> bool {
        match row {
            Row::Product(_) => self.events.is_empty() && self.categories.is_empty(),
            Row::Event(_) => self.products.is_empty() && self.categories.is_empty(),
            Row::Category(_) => self.products.is_empty() && self.events.is_empty(),
        }
    }

    fn push(&mut self, line: u64, row: Row) {
        self.lines.push(line);
        match row {
            Row::Product(product) => self.products.push(*product),
            Row::Event(event) => self.events.push(*event),
            Row::Category(change) => self.categories.push(change),
        }
    }

    /// Writes what waits as one log entry and notes what was refused.
    fn write(&mut self, shop: &Open, account: &mut Account) -> anyhow::Result<()> {
        let Pending { lines, products, events, categories } = std::mem::take(self);
        let result = if !products.is_empty() {
            shop.put_products(products, options())
        } else if !events.is_empty() {
            shop.reach(&events);
            shop.ingest_events(events, options())
        } else if !categories.is_empty() {
            shop.change_categories(categories, options())
        } else {
            return Ok(());
        };
        note(result, &lines, account)
    }
}

fn note(result: Result<Receipt, WriteError>, lines: &[u64], account: &mut Account) -> anyhow::Result<()> {
    let receipt = match result {
        Err(WriteError::AllRejected(receipt)) => receipt,
        other => other?,
    };
    account.accepted += receipt.accepted;
    account.duplicates += receipt.duplicates;
    for refusal in receipt.rejected {
        let line = lines.get(refusal.index).copied().unwrap_or(0);
        account.refuse(line, &Defect::new(refusal.pointer, refusal.message, refusal.allowed));
    }
    Ok(())
}

fn options() -> WriteOptions {
    WriteOptions { actor: "import".to_owned(), idempotency_key: None, acknowledge: Acknowledge::Durable }
}

/// Imports the folder of a whole store: definitions, category tree, then products with their links.
fn folder(shop: &Open, path: &Path, batch: usize) -> anyhow::Result<Account> {
    let store = luma(path)?;
    let mut account = Account::default();
    for (file, error) in &store.refused {
        account.refuse(error.line, &Defect::new(error.pointer.clone(), format!("{file}: {}", error.message), ""));
    }
    let attributes = store.attributes.into_iter().map(|(code, body)| SeedDocument::global("attribute", &code, body));
    for document in store.documents.into_iter().chain(attributes) {
        let key = format!("{}/{}", document.key.kind, document.key.id);
        let write = document.into_write("import", "imported");
        match shop.write_config(vec![write], options()) {
            // A document that is there already was written by the merchant: it stays.
            Ok(_) | Err(WriteError::Conflict { .. }) => {}
            Err(error) => return Err(error).with_context(|| format!("document `{key}`")),
        }
    }
    if !store.categories.is_empty() {
        note(shop.change_categories(store.categories, options()), &[], &mut account)?;
    }
    for (chunk_number, chunk) in store.products.chunks(batch).enumerate() {
        let lines: Vec<u64> = (0..chunk.len()).map(|i| (chunk_number * batch + i + 1) as u64).collect();
        note(shop.put_products(chunk.to_vec(), options()), &lines, &mut account)?;
    }
    Ok(account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use planogram_core::engine::types::Rejected;

    #[test]
    fn refusals_of_the_kernel_find_their_line() {
        let mut account = Account::default();
        let refusal =
            Rejected { index: 1, pointer: "/name".into(), message: "too long".into(), allowed: "4096 bytes".into() };
        let receipt = Receipt { seq: 1, accepted: 1, rejected: vec![refusal], ..Receipt::default() };
        note(Err(WriteError::AllRejected(receipt)), &[7, 9], &mut account).unwrap();
        assert_eq!(account.shown, [(9, "/name: too long (allowed: 4096 bytes)".to_owned())]);
        assert!(note(Err(WriteError::Closing), &[], &mut account).is_err());
    }

    #[test]
    fn a_long_list_of_refusals_is_cut_but_counted() {
        let mut account = Account { accepted: 3, ..Account::default() };
        for line in 1..=30 {
            account.refuse(line, &Defect::new("", "bad", ""));
        }
        let said = account.summary("f", 2.0);
        assert!(
            said.starts_with("f: 33 rows, 3 accepted, 0 there already, 30 refused, 16 rows/s\n  line 1: bad\n"),
            "{said}"
        );
        assert!(said.ends_with("  line 20: bad\n  and 10 more\n"), "{said}");
    }

    #[test]
    fn packed_and_plain_files_read_the_same() {
        use std::io::Write;
        let text = b"{\"sku\":\"A\"}\n";
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(text).unwrap();
        for bytes in [packer.finish().unwrap(), text.to_vec()] {
            let mut read = Vec::new();
            unpacked(std::io::Cursor::new(bytes)).unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, text);
        }
    }
}
