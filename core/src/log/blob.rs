//! Where do large results lie that entries only name?
//!
//! A blob is one file beside the log, written once under a name that carries its generation and its hash, and durable
//! before the entry that names it. Reading checks the hash. What is in a blob is not known here.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a blob could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// The disk failed, or there is no such file.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what was written.
    #[error("`{}` has hash {got}, expected {expected}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Hash of what is there.
        got: String,
        /// Hash of what was written.
        expected: String,
    },
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> BlobError {
    move |source| BlobError::Io { path: path.to_owned(), source }
}

/// The hash under which a blob is named, in hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn path_of(dir: &Path, generation: u64, hash: &str) -> PathBuf {
    // The hash comes out of the log: whatever it holds, it is no path.
    let start: String = hash.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    dir.join(format!("{generation:020}-{start}.blob"))
}

/// Writes a blob into `dir`, durable on return; returns its hash.
///
/// # Errors
/// [`BlobError::Io`].
pub fn write(dir: &Path, generation: u64, bytes: &[u8]) -> Result<String, BlobError> {
    let hash = hash(bytes);
    fs::create_dir_all(dir).map_err(io_at(dir))?;
    let path = path_of(dir, generation, &hash);
    let temporary = path.with_extension("tmp");
    let written = File::create(&temporary).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(io_at(&temporary))?;
    fs::rename(&temporary, &path).map_err(io_at(&path))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io_at(dir))?;
    Ok(hash)
}

/// Reads the blob of a generation and a hash.
///
/// # Errors
/// See [`BlobError`].
pub fn read(dir: &Path, generation: u64, expected: &str) -> Result<Vec<u8>, BlobError> {
    let path = path_of(dir, generation, expected);
    let bytes = fs::read(&path).map_err(io_at(&path))?;
    match hash(&bytes) {
        got if got == expected => Ok(bytes),
        got => Err(BlobError::Damaged { path, got, expected: expected.to_owned() }),
    }
}

/// Removes all but the `kept` newest generations, and what an interrupted write left.
///
/// # Errors
/// [`BlobError::Io`].
pub fn prune(dir: &Path, kept: usize) -> Result<(), BlobError> {
    let entries =
        fs::read_dir(dir).and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>());
    let mut paths = entries.map_err(io_at(dir))?;
    let has = |path: &PathBuf, wanted: &str| path.extension().is_some_and(|extension| extension == wanted);
    // Names begin with the generation in fixed width, so their order is its order.
    paths.sort_unstable_by(|a, b| b.cmp(a));
    let old = paths.iter().filter(|path| has(path, "blob")).skip(kept);
    for path in old.chain(paths.iter().filter(|path| has(path, "tmp"))) {
        fs::remove_file(path).map_err(io_at(path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_read_back_unless_it_is_damaged_or_gone() {
        let dir = tempfile::tempdir().unwrap();
        let hash = write(dir.path(), 3, b"vectors").unwrap();
        assert_eq!(read(dir.path(), 3, &hash).unwrap(), b"vectors");
        assert!(matches!(read(dir.path(), 4, &hash), Err(BlobError::Io { .. })));
        assert!(matches!(read(dir.path(), 3, "../../etc"), Err(BlobError::Io { .. })));
        fs::write(path_of(dir.path(), 3, &hash), b"vektors").unwrap();
        let message = read(dir.path(), 3, &hash).unwrap_err().to_string();
        assert!(message.ends_with(&format!("expected {hash}")), "{message}");
    }

    #[test]
    fn the_newest_generations_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let hashes: Vec<String> = (1..=12).map(|n| write(dir.path(), n, &[n as u8]).unwrap()).collect();
        fs::write(dir.path().join("00000000000000000013-ab.tmp"), b"half").unwrap();
        prune(dir.path(), 2).unwrap();
        let kept = |n: u64| read(dir.path(), n, &hashes[n as usize - 1]).is_ok();
        assert!(kept(12) && kept(11) && (1..11).all(|n| !kept(n)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
