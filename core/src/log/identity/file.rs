//! How does the identity table lie on disk?
//!
//! In slots of 32 bytes that are overwritten in place. A copy-on-write store (the log's own) would keep an erased
//! row in a freed page for as long as nobody reuses it; here, after an erasure, the file does not hold it any
//! more. What the disk's own firmware and copies of the file keep is out of reach, as it is for every program.
//!
//! Layout, integers little endian: a head of two slots (magic `PLANOIDS`, format `u32`, 4 zeros, the shop's key,
//! BLAKE3 of that truncated to 16 bytes), then slots: two `u64`, a secret of 16 bytes less what follows, see
//! [`Slot`]; a slot of zeros is free. Each carries a checksum over its place and content, so a torn or rotten slot
//! is seen; it costs one row, never the start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Kind, Lookup, Secret};

/// Name of the file in the data directory.
pub const FILE_NAME: &str = "identity.plano";
/// The format this version writes and reads.
const FORMAT: u32 = 1;
const MAGIC: &[u8; 8] = b"PLANOIDS";
const SLOT_BYTES: usize = 32;
const HEAD_BYTES: usize = 2 * SLOT_BYTES;

/// Why the identity table cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// The disk failed.
    #[error("identity file `{}` cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The head of the file is not what was written; without it no row can be found.
    #[error(
        "identity file `{}` is not readable: {reason}; restore it, or move it away to make every person anonymous",
        path.display()
    )]
    Head {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

/// What one slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Nothing.
    Free,
    /// A name's secret.
    Row { lookup: Lookup, secret: Secret, kind: Kind, day: u16 },
    /// Two rows that belong to one person.
    Link { one: Lookup, other: Lookup },
}

/// Tag of a link; a row has the number of its kind.
const LINK: u8 = 4;

impl Slot {
    /// 8 bytes lookup, 16 bytes secret (of a link: the other lookup and zeros), tag, a zero, day, 4 bytes checksum.
    fn encode(self, at: u32) -> [u8; SLOT_BYTES] {
        let mut bytes = [0; SLOT_BYTES];
        match self {
            Slot::Free => return bytes,
            Slot::Row { lookup, secret, kind, day } => {
                bytes[..8].copy_from_slice(&lookup.to_le_bytes());
                bytes[8..24].copy_from_slice(&secret);
                bytes[24] = kind_tag(kind);
                bytes[26..28].copy_from_slice(&day.to_le_bytes());
            }
            Slot::Link { one, other } => {
                bytes[..8].copy_from_slice(&one.to_le_bytes());
                bytes[8..16].copy_from_slice(&other.to_le_bytes());
                bytes[24] = LINK;
            }
        }
        let check = checksum(at, &bytes);
        bytes[28..].copy_from_slice(&check);
        bytes
    }

    /// `None` of a damaged slot.
    fn decode(at: u32, bytes: &[u8; SLOT_BYTES]) -> Option<Self> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Some(Slot::Free);
        }
        if checksum(at, bytes) != bytes[28..] {
            return None;
        }
        let u64_at = |from: usize| u64::from_le_bytes(*bytes[from..].first_chunk().expect("a slot has 32 bytes"));
        let kind = match bytes[24] {
            LINK => return Some(Slot::Link { one: u64_at(0), other: u64_at(8) }),
            1 => Kind::Visitor,
            2 => Kind::Customer,
            3 => Kind::Order,
            _ => return None,
        };
        let secret = *bytes[8..].first_chunk().expect("a slot has 32 bytes");
        Some(Slot::Row { lookup: u64_at(0), secret, kind, day: u16::from_le_bytes([bytes[26], bytes[27]]) })
    }
}

fn kind_tag(kind: Kind) -> u8 {
    match kind {
        Kind::Visitor => 1,
        Kind::Customer => 2,
        Kind::Order => 3,
    }
}

fn checksum(at: u32, bytes: &[u8; SLOT_BYTES]) -> [u8; 4] {
    let hash = blake3::Hasher::new().update(&at.to_le_bytes()).update(&bytes[..28]).finalize();
    *hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes")
}

/// The file as it was found.
#[derive(Default)]
pub(super) struct Found {
    /// The shop's key; `None` when there is no file.
    pub shop: Option<[u8; 32]>,
    /// Every slot in order; damaged ones are free.
    pub slots: Vec<Slot>,
    /// How many were damaged.
    pub damaged: usize,
}

/// Reads the table in `dir`, changing nothing.
pub(super) fn read(dir: &Path) -> Result<Found, IdentityError> {
    let path = dir.join(FILE_NAME);
    let mut bytes = Vec::new();
    match File::open(&path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::default()),
        Err(source) => return Err(IdentityError::Io { path, source }),
    }
    let shop = read_head(&bytes).map_err(|reason| IdentityError::Head { path, reason })?;
    let mut found = Found { shop: Some(shop), ..Found::default() };
    // A last slot that was not written whole belongs to nothing that was acknowledged.
    for (at, bytes) in (0..).zip(bytes[HEAD_BYTES..].as_chunks::<SLOT_BYTES>().0) {
        let slot = Slot::decode(at, bytes);
        found.damaged += usize::from(slot.is_none());
        found.slots.push(slot.unwrap_or(Slot::Free));
    }
    Ok(found)
}

fn head(shop: &[u8; 32]) -> [u8; HEAD_BYTES] {
    let mut bytes = [0; HEAD_BYTES];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[16..48].copy_from_slice(shop);
    let check = blake3::hash(&bytes[..48]);
    bytes[48..].copy_from_slice(&check.as_bytes()[..16]);
    bytes
}

fn read_head(bytes: &[u8]) -> Result<[u8; 32], String> {
    let Some(found) = bytes.first_chunk::<HEAD_BYTES>() else {
        return Err(format!("it has {} bytes, at least {HEAD_BYTES} expected", bytes.len()));
    };
    if found[..8] != *MAGIC {
        return Err(format!("it begins with {:02x?}, expected {MAGIC:02x?}", &found[..8]));
    }
    let format = u32::from_le_bytes(*found[8..].first_chunk().expect("the head has 64 bytes"));
    if format != FORMAT {
        return Err(format!("format {format}, expected {FORMAT}"));
    }
    let shop = *found[16..].first_chunk().expect("the head has 64 bytes");
    if head(&shop) != *found {
        return Err("the checksum of its head does not match".into());
    }
    Ok(shop)
}

/// The slots for writing; without a file they are kept nowhere.
pub(super) struct Slots {
    file: Option<(File, PathBuf)>,
    /// What is not in the file yet.
    waiting: Vec<(u32, Slot)>,
}

impl Slots {
    /// No file at all, for a shop in memory.
    pub fn nowhere() -> Self {
        Self { file: None, waiting: Vec::new() }
    }

    /// Opens the file in `dir` for writing. A missing one is made with its head beside its place and renamed, so
    /// that a file of the name has a head.
    pub fn open(dir: &Path, shop: &[u8; 32], is_new: bool) -> Result<Self, IdentityError> {
        let path = dir.join(FILE_NAME);
        let open = || {
            if is_new {
                fs::create_dir_all(dir)?;
                let temporary = path.with_extension("tmp");
                let mut file = File::create(&temporary)?;
                file.write_all(&head(shop))?;
                file.sync_all()?;
                fs::rename(&temporary, &path)?;
                File::open(dir)?.sync_all()?;
            }
            OpenOptions::new().read(true).write(true).open(&path)
        };
        match open() {
            Ok(file) => Ok(Self { file: Some((file, path)), waiting: Vec::new() }),
            Err(source) => Err(IdentityError::Io { path, source }),
        }
    }

    /// Puts `slot` at place `at` with the next [`Slots::sync`].
    pub fn put(&mut self, at: u32, slot: Slot) {
        if self.file.is_some() {
            self.waiting.push((at, slot));
        }
    }

    /// Makes everything put before durable; free when there is nothing.
    pub fn sync(&mut self) -> Result<(), IdentityError> {
        let Some((file, path)) = &mut self.file else { return Ok(()) };
        if self.waiting.is_empty() {
            return Ok(());
        }
        write_runs(file, &self.waiting).map_err(|source| IdentityError::Io { path: path.clone(), source })?;
        self.waiting.clear();
        Ok(())
    }
}

/// Writes slots in order, neighbors in one piece.
fn write_runs(file: &mut File, slots: &[(u32, Slot)]) -> io::Result<()> {
    for run in slots.chunk_by(|(one, _), (next, _)| one + 1 == *next) {
        let bytes: Vec<u8> = run.iter().flat_map(|(at, slot)| slot.encode(*at)).collect();
        file.seek(SeekFrom::Start(HEAD_BYTES as u64 + u64::from(run[0].0) * SLOT_BYTES as u64))?;
        file.write_all(&bytes)?;
    }
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_read_back_at_its_place_only() {
        let row = Slot::Row { lookup: 7, secret: [9; 16], kind: Kind::Order, day: 20_000 };
        for slot in [row, Slot::Link { one: 1, other: 2 }, Slot::Free] {
            assert_eq!(Slot::decode(3, &slot.encode(3)), Some(slot));
        }
        assert_eq!(Slot::decode(4, &row.encode(3)), None);
        for bit in 0..SLOT_BYTES * 8 {
            let mut bytes = row.encode(3);
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Slot::decode(3, &bytes), None, "bit {bit}");
        }
    }

    #[test]
    fn a_damaged_head_is_refused_and_a_damaged_slot_costs_one_row() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let row = |lookup| Slot::Row { lookup, secret: [1; 16], kind: Kind::Visitor, day: 1 };
        let mut slots = Slots::open(dir.path(), &[5; 32], true).unwrap();
        (0..3).for_each(|at| slots.put(at, row(u64::from(at) + 10)));
        slots.sync().unwrap();
        let good = fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[HEAD_BYTES + SLOT_BYTES + 3] ^= 1;
        // Torn at the end: half a slot.
        bad.extend([1; SLOT_BYTES / 2]);
        fs::write(&path, &bad).unwrap();
        let found = read(dir.path()).unwrap();
        assert_eq!((found.shop, found.damaged), (Some([5; 32]), 1));
        assert_eq!(found.slots, [row(10), Slot::Free, row(12)]);
        for length in [0, 5, HEAD_BYTES - 1] {
            fs::write(&path, &good[..length]).unwrap();
            assert!(matches!(read(dir.path()), Err(IdentityError::Head { .. })));
        }
        let mut bad = good;
        bad[20] ^= 1;
        fs::write(&path, &bad).unwrap();
        let error = read(dir.path()).err().unwrap().to_string();
        assert!(error.contains("checksum"), "{error}");
    }
}
