//! How does a start skip most of the log?
//!
//! A checkpoint file holds what the views looked like at one sequence, as named sections of bytes that mean
//! nothing here. It is written beside its place and renamed into it, so a file of the right name is whole;
//! checksums find what rotted later. A damaged checkpoint is never fatal: the one before it, or the log alone,
//! leads to the same state.
//!
//! Layout, integers little endian: magic `PLANOCKP`, format `u32`, seq `u64`, number of sections `u32`, then per
//! section name length `u16`, name, body length `u64` and BLAKE3 of the body; BLAKE3 of all that; the bodies.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use crate::id::Seq;
use crate::limits::{CHECKPOINT_NAME_BYTES_MAX, CHECKPOINT_SECTIONS_MAX, CHECKPOINTS_KEPT};

/// The format this version writes and reads; another one is skipped, since the log can replace it.
pub const FORMAT: u32 = 6;

const MAGIC: &[u8; 8] = b"PLANOCKP";
const PREFIX: &str = "checkpoint-";
const SUFFIX: &str = ".plano";
const HASH_BYTES: usize = 32;

/// What the views looked like after entry `seq`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The newest entry folded in.
    pub seq: Seq,
    /// Name and bytes, in the order written.
    pub sections: Vec<(String, Vec<u8>)>,
}

impl Checkpoint {
    /// The bytes of one section.
    pub fn section(&self, name: &str) -> Option<&[u8]> {
        self.sections.iter().find(|(n, _)| n == name).map(|(_, bytes)| bytes.as_slice())
    }
}

/// A search for the newest good checkpoint.
#[derive(Debug, Default)]
pub struct Found {
    /// The newest good one, if there is any.
    pub checkpoint: Option<Checkpoint>,
    /// Newer ones that could not be used, newest first.
    pub damaged: Vec<Damaged>,
}

/// A checkpoint file that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Why checkpoints could not be written or looked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The caller's fault: too many sections.
    #[error("{sections} sections, at most {CHECKPOINT_SECTIONS_MAX} allowed")]
    Sections {
        /// How many were given.
        sections: usize,
    },
    /// The caller's fault: a section's name.
    #[error("section name has {bytes} bytes, at most {CHECKPOINT_NAME_BYTES_MAX} allowed")]
    Name {
        /// Its length.
        bytes: usize,
    },
    /// Ours: a checkpoint that should be there is not.
    #[error("there is no good snapshot file since entry {seq}")]
    NoneSince {
        /// What it must cover.
        seq: Seq,
    },
    /// The disk failed.
    #[error("`{}` could not be used", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    move |source| CheckpointError::Io { path: path.to_owned(), source }
}

/// Writes `sections` as the checkpoint at `seq` into `dir`, durable on return, and removes all but the newest
/// [`CHECKPOINTS_KEPT`] up to `seq`. Returns the file.
///
/// # Errors
/// See [`CheckpointError`]; older checkpoints are then still there.
pub fn write(dir: &Path, seq: Seq, sections: &[(&str, Vec<u8>)]) -> Result<PathBuf, CheckpointError> {
    let header = header(seq, sections)?;
    fs::create_dir_all(dir).map_err(io_at(dir))?;
    let path = dir.join(format!("{PREFIX}{seq:020}{SUFFIX}"));
    let temporary = path.with_extension("tmp");
    write_file(&temporary, &header, sections).map_err(io_at(&temporary))?;
    fs::rename(&temporary, &path).map_err(io_at(&path))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_at(dir))?;
    prune(dir, seq)?;
    Ok(path)
}

/// The newest checkpoint in `dir` that can be used, and the newer ones that cannot. A missing directory has none.
///
/// # Errors
/// [`CheckpointError::Io`] when the directory cannot be listed.
pub fn newest_good(dir: &Path) -> Result<Found, CheckpointError> {
    newest_good_until(dir, Seq::MAX)
}

/// The same among checkpoints at or before `seq`: for a look at an earlier state, and for a log that ends before
/// the newest checkpoint because it was restored from a copy.
///
/// # Errors
/// [`CheckpointError::Io`] when the directory cannot be listed.
pub fn newest_good_until(dir: &Path, seq: Seq) -> Result<Found, CheckpointError> {
    let mut found = Found::default();
    for (_, path) in list(dir)?.into_iter().filter(|(at, _)| *at <= seq) {
        match read(&path) {
            Ok(checkpoint) => {
                found.checkpoint = Some(checkpoint);
                break;
            }
            Err(reason) => found.damaged.push(Damaged { path, reason }),
        }
    }
    Ok(found)
}

/// Removes the checkpoints before the newest good one, which must be at `seq` or later: because of what stands in
/// the older ones.
///
/// # Errors
/// [`CheckpointError::NoneSince`] when there is none; nothing was removed then.
pub fn remove_before(dir: &Path, seq: Seq) -> Result<(), CheckpointError> {
    let newest = newest_good(dir)?.checkpoint.map(|checkpoint| checkpoint.seq).filter(|newest| *newest >= seq);
    let newest = newest.ok_or(CheckpointError::NoneSince { seq })?;
    for (_, path) in list(dir)?.into_iter().filter(|(at, _)| *at < newest) {
        fs::remove_file(&path).map_err(io_at(&path))?;
    }
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_at(dir))
}

/// Renames a snapshot file so that it is not looked at again, and keeps what is in it.
///
/// # Errors
/// When the file cannot be renamed.
pub fn set_aside(path: &Path) -> std::io::Result<()> {
    std::fs::rename(path, path.with_extension("ahead"))
}

/// The checkpoint files of `dir` with the sequences their names say, newest first. The log may be cut before the
/// oldest of them, and no further.
///
/// # Errors
/// [`CheckpointError::Io`] when the directory cannot be listed.
pub fn list(dir: &Path) -> Result<Vec<(Seq, PathBuf)>, CheckpointError> {
    let mut files = Vec::new();
    for path in paths(dir)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let seq = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
        if let Some(seq) = seq.and_then(|seq| seq.parse().ok()) {
            files.push((seq, path));
        }
    }
    files.sort_unstable_by(|a, b| b.cmp(a));
    Ok(files)
}

fn paths(dir: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    match fs::read_dir(dir) {
        Ok(entries) => {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>().map_err(io_at(dir))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(io_at(dir)(error)),
    }
}

fn prune(dir: &Path, seq: Seq) -> Result<(), CheckpointError> {
    // Files beyond `seq` belong to a future that this log does not have (any more): not ours to count or remove.
    let old = list(dir)?.into_iter().filter(|(at, _)| *at <= seq).skip(CHECKPOINTS_KEPT).map(|(_, path)| path);
    let unfinished = paths(dir)?.into_iter().filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with(PREFIX) && name.ends_with(".tmp")
    });
    for path in old.chain(unfinished) {
        fs::remove_file(&path).map_err(io_at(&path))?;
    }
    Ok(())
}

/// What stands before the bodies.
pub(super) fn header(seq: Seq, sections: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, CheckpointError> {
    let too_many = CheckpointError::Sections { sections: sections.len() };
    let n = u32::try_from(sections.len()).ok().filter(|n| *n as usize <= CHECKPOINT_SECTIONS_MAX).ok_or(too_many)?;
    let mut header = MAGIC.to_vec();
    header.extend(FORMAT.to_le_bytes());
    header.extend(seq.to_le_bytes());
    header.extend(n.to_le_bytes());
    for (name, body) in sections {
        let bytes = name.len();
        let length = u16::try_from(bytes).ok().filter(|_| bytes <= CHECKPOINT_NAME_BYTES_MAX);
        header.extend(length.ok_or(CheckpointError::Name { bytes })?.to_le_bytes());
        header.extend(name.as_bytes());
        header.extend((body.len() as u64).to_le_bytes());
        header.extend(blake3::hash(body).as_bytes());
    }
    let checksum = blake3::hash(&header);
    header.extend(checksum.as_bytes());
    Ok(header)
}

fn write_file(path: &Path, header: &[u8], sections: &[(&str, Vec<u8>)]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(header)?;
    for (_, body) in sections {
        file.write_all(body)?;
    }
    file.sync_all()
}

/// Reads and checks one file; the error says what is wrong in words.
fn read(path: &Path) -> Result<Checkpoint, String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let length = file.metadata().map_err(|e| e.to_string())?.len();
    read_from(BufReader::new(file), length)
}

/// Reads and checks `length` bytes; the error says what is wrong in words.
pub(super) fn read_from(file: impl Read, length: u64) -> Result<Checkpoint, String> {
    let mut source = Source { file, left: length, header: blake3::Hasher::new() };
    let magic = source.header::<8>()?;
    if magic != *MAGIC {
        return Err(format!("it begins with {magic:02x?}, expected {MAGIC:02x?}"));
    }
    let format = u32::from_le_bytes(source.header()?);
    if format != FORMAT {
        return Err(format!("format {format}, expected {FORMAT}"));
    }
    let seq = Seq::from_le_bytes(source.header()?);
    let n = u32::from_le_bytes(source.header()?) as usize;
    if n > CHECKPOINT_SECTIONS_MAX {
        return Err(format!("{n} sections, at most {CHECKPOINT_SECTIONS_MAX} allowed"));
    }
    let mut table = Vec::new();
    for _ in 0..n {
        let name_bytes = u16::from_le_bytes(source.header()?);
        let name = source.take(u64::from(name_bytes))?;
        source.header.update(&name);
        let name = String::from_utf8(name).map_err(|_| "a section's name is not UTF-8".to_owned())?;
        table.push((name, u64::from_le_bytes(source.header()?), source.header::<HASH_BYTES>()?));
    }
    let expected = source.header.finalize();
    if source.take(HASH_BYTES as u64)? != expected.as_bytes() {
        return Err("the checksum of the header does not match".into());
    }
    let mut sections = Vec::with_capacity(table.len());
    for (name, bytes, expected) in table {
        let body = source.take(bytes)?;
        if *blake3::hash(&body).as_bytes() != expected {
            return Err(format!("the checksum of section `{name}` does not match"));
        }
        sections.push((name, body));
    }
    match source.left {
        0 => Ok(Checkpoint { seq, sections }),
        left => Err(format!("{left} bytes follow the last section")),
    }
}

/// A file that is never asked for more than it has, so that a false length allocates nothing.
struct Source<R> {
    file: R,
    left: u64,
    header: blake3::Hasher,
}

impl<R: Read> Source<R> {
    fn take(&mut self, bytes: u64) -> Result<Vec<u8>, String> {
        if bytes > self.left {
            return Err(format!("it ends {} bytes early", bytes - self.left));
        }
        let size = usize::try_from(bytes).map_err(|_| format!("a section of {bytes} bytes"))?;
        let mut out = vec![0; size];
        self.file.read_exact(&mut out).map_err(|e| e.to_string())?;
        self.left -= bytes;
        Ok(out)
    }

    /// The next bytes of the header.
    fn header<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let bytes = self.take(N as u64)?;
        self.header.update(&bytes);
        Ok(bytes.try_into().expect("take returns what was asked for"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::testing::Dice;

    fn sections(seed: u8) -> Vec<(&'static str, Vec<u8>)> {
        vec![("catalog", vec![seed; 1_000]), ("empty", Vec::new()), ("signal/räume", vec![seed, 1, 2])]
    }

    fn checkpoint(seq: Seq, seed: u8) -> Checkpoint {
        Checkpoint { seq, sections: sections(seed).into_iter().map(|(n, b)| (n.to_owned(), b)).collect() }
    }

    #[test]
    fn the_newest_is_found_and_the_oldest_go() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("not/yet/there");
        assert!(newest_good(&dir).unwrap().checkpoint.is_none());
        for seq in [3, 20, 100] {
            write(&dir, seq, &sections(seq as u8)).unwrap();
        }
        let found = newest_good(&dir).unwrap();
        assert_eq!(found.checkpoint, Some(checkpoint(100, 100)));
        assert_eq!(found.damaged, []);
        assert_eq!(found.checkpoint.unwrap().section("signal/räume"), Some(&[100, 1, 2][..]));
        assert_eq!(list(&dir).unwrap().iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [100, 20]);
        assert_eq!(newest_good_until(&dir, 99).unwrap().checkpoint, Some(checkpoint(20, 20)));
        assert_eq!(newest_good_until(&dir, 19).unwrap().checkpoint, None);
    }

    #[test]
    fn a_damaged_one_falls_back_to_the_one_before_and_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), 1, &sections(1)).unwrap();
        let path = write(dir.path(), 2, &sections(2)).unwrap();
        let good = fs::read(&path).unwrap();
        let mut dice = Dice(5);
        for _ in 0..300 {
            let mut bad = good.clone();
            match dice.below(3) {
                0 => bad.truncate(dice.below(good.len() as u64) as usize),
                1 => bad.push(0),
                _ => bad[dice.below(good.len() as u64) as usize] ^= 1 << dice.below(8),
            }
            fs::write(&path, &bad).unwrap();
            let found = newest_good(dir.path()).unwrap();
            assert_eq!(found.checkpoint, Some(checkpoint(1, 1)));
            assert_eq!(found.damaged.len(), 1);
            assert_eq!(found.damaged[0].path, path);
        }
    }

    #[test]
    fn the_reason_says_what_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let path = write(dir.path(), 2, &sections(2)).unwrap();
        let good = fs::read(&path).unwrap();
        let check = |at: usize, value: u8, reason: &str| {
            let mut bad = good.clone();
            bad[at] = value;
            fs::write(&path, bad).unwrap();
            assert_eq!(newest_good(dir.path()).unwrap().damaged[0].reason, reason);
        };
        check(8, 9, "format 9, expected 6");
        check(15, 7, "the checksum of the header does not match");
        check(23, 255, "4278190083 sections, at most 4096 allowed");
        check(good.len() - 1, 77, "the checksum of section `signal/räume` does not match");
    }

    #[test]
    fn an_unfinished_file_is_not_taken_for_one_and_goes() {
        let dir = tempfile::tempdir().unwrap();
        let unfinished = dir.path().join(format!("{PREFIX}{:020}.tmp", 9));
        fs::write(&unfinished, b"half").unwrap();
        assert!(newest_good(dir.path()).unwrap().checkpoint.is_none());
        write(dir.path(), 1, &sections(1)).unwrap();
        assert!(!unfinished.exists());
    }

    #[test]
    fn a_checkpoint_of_a_lost_future_does_not_push_out_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        for seq in [800, 900, 10, 11] {
            write(dir.path(), seq, &sections(1)).unwrap();
        }
        assert_eq!(newest_good_until(dir.path(), 11).unwrap().checkpoint, Some(checkpoint(11, 1)));
        assert_eq!(newest_good_until(dir.path(), 10).unwrap().checkpoint, Some(checkpoint(10, 1)));
    }

    #[test]
    fn bounds_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let long = "n".repeat(CHECKPOINT_NAME_BYTES_MAX + 1);
        let error = write(dir.path(), 1, &[(&long, Vec::new())]).unwrap_err();
        assert_eq!(error.to_string(), "section name has 256 bytes, at most 255 allowed");
        let many = vec![("x", Vec::new()); CHECKPOINT_SECTIONS_MAX + 1];
        assert!(matches!(write(dir.path(), 1, &many), Err(CheckpointError::Sections { sections: 4_097 })));
    }
}
