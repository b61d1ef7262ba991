//! How do served records lie on disk?
//!
//! In files `served-<n>.log` that are only appended to: a magic number, then per record length (`u32`, little
//! endian), the first four bytes of the payload's BLAKE3, and the payload in MessagePack with named fields.
//! Nothing is synced; a torn end costs the last records and is told to the reader.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Served, ServedRecord};

const MAGIC: &[u8; 8] = b"PLANOSV1";
const PREFIX: &str = "served-";
const SUFFIX: &str = ".log";
const FRAME_BYTES: usize = 8;
/// Room for the payload of a page of 24 with ten columns, in bytes.
const PAYLOAD_BYTES_USUAL: usize = 4_096;

/// The bytes of a record.
pub(super) fn payload(record: &Served<'_>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(PAYLOAD_BYTES_USUAL);
    let mut writer = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
    record.serialize(&mut writer).map_err(io::Error::other)?;
    Ok(bytes)
}

/// The record that these bytes are.
///
/// # Errors
/// What is wrong with them, in words.
pub(super) fn record(payload: &[u8]) -> Result<ServedRecord, String> {
    rmp_serde::from_slice(payload).map_err(|e| e.to_string())
}

/// The files of a directory, of which the newest is written.
pub(super) struct Files {
    dir: PathBuf,
    file_bytes: u64,
    files: usize,
    /// Number of the next file.
    next: u64,
    /// The file being written, and its size.
    current: Option<(BufWriter<File>, u64)>,
}

impl Files {
    /// Makes `dir` if needed. Always begins a new file: the end of an old one may be torn.
    pub(super) fn open(dir: &Path, file_bytes: u64, files: usize) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let next = numbered(dir)?.last().map_or(1, |(n, _)| n + 1);
        Ok(Self { dir: dir.to_owned(), file_bytes, files, next, current: None })
    }

    /// Writes a record's payload, in a new file when it does not fit the current one. After an error the next record
    /// goes to a new file.
    pub(super) fn append(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
        let frame_bytes = (FRAME_BYTES + payload.len()) as u64;
        let (mut file, bytes) = match self.current.take() {
            Some((file, bytes)) if bytes + frame_bytes <= self.file_bytes => (file, bytes),
            full => {
                if let Some((mut file, _)) = full {
                    file.flush()?;
                }
                self.begin()?
            }
        };
        file.write_all(&length.to_le_bytes())?;
        file.write_all(&checksum(payload))?;
        file.write_all(payload)?;
        self.current = Some((file, bytes + frame_bytes));
        Ok(())
    }

    fn begin(&mut self) -> io::Result<(BufWriter<File>, u64)> {
        let path = self.dir.join(format!("{PREFIX}{:010}{SUFFIX}", self.next));
        self.next += 1;
        let mut file = BufWriter::new(File::create_new(path)?);
        file.write_all(MAGIC)?;
        let existing = numbered(&self.dir)?;
        for (_, old) in existing.iter().take(existing.len().saturating_sub(self.files)) {
            fs::remove_file(old)?;
        }
        Ok((file, MAGIC.len() as u64))
    }

    /// Hands everything to the system.
    pub(super) fn flush(&mut self) {
        if let Some((file, _)) = &mut self.current
            && let Err(error) = file.flush()
        {
            tracing::warn!(%error, "served records were not written");
            self.current = None;
        }
    }
}

/// The files of served records in `dir`, oldest first.
///
/// # Errors
/// When the directory cannot be listed.
pub fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(numbered(dir)?.into_iter().map(|(_, path)| path).collect())
}

fn numbered(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            files.push((number, path));
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServedFile {
    /// The records up to the first damaged one, in the order served.
    pub records: Vec<ServedRecord>,
    /// Why the rest cannot be read, if there is any.
    pub damaged: Option<String>,
}

/// Reads the records of one file; the file being written may be read, too.
///
/// # Errors
/// When the file cannot be read at all.
pub fn read(path: &Path) -> io::Result<ServedFile> {
    let bytes = fs::read(path)?;
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        return Ok(ServedFile { records: Vec::new(), damaged: Some("it is no file of served records".into()) });
    };
    let mut file = ServedFile::default();
    while !rest.is_empty() {
        match next_record(&mut rest) {
            Ok(record) => file.records.push(record),
            Err(reason) => {
                file.damaged = Some(format!("record {}: {reason}", file.records.len()));
                break;
            }
        }
    }
    Ok(file)
}

fn next_record(rest: &mut &[u8]) -> Result<ServedRecord, String> {
    let cut = || "the file ends within it".to_owned();
    let (length, after) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
    let (expected, after) = after.split_first_chunk::<4>().ok_or_else(cut)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (payload, after) = after.split_at_checked(length).ok_or_else(cut)?;
    if checksum(payload) != *expected {
        return Err("the checksum does not match".into());
    }
    *rest = after;
    record(payload)
}

fn checksum(payload: &[u8]) -> [u8; 4] {
    *blake3::hash(payload).as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes")
}
