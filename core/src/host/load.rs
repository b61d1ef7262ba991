//! How does a verified file become callable, and why is it never unmapped?
//!
//! The bytes that were verified are written to a private folder under their content hash (staging file, atomic
//! rename), hashed again and mapped from there: replacing or truncating the original cannot touch a mapped
//! library, and a changed build always has a new path, so that the linker's cache by name cannot hand out the old
//! one. Libraries are never closed, because a thread or a thread-local destructor of theirs may outlive every
//! handle; the number of mappings is bounded instead. This is the kernel's only file with `unsafe`.

#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use planogram_abi::handshake::Handshake;
use planogram_abi::table::{PgEntry, PluginRef, host_table};

use super::verify::{VerifyError, verify};
use crate::limits::PLUGIN_FILE_BYTES_MAX;

/// Why a library was not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Not found by name.
    #[error("no library in {}", .0.iter().map(|dir| format!("`{}`", dir.display())).collect::<Vec<_>>().join(", "))]
    Missing(Vec<PathBuf>),
    /// The file cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is too large to be a plugin.
    #[error("`{}` has {bytes} bytes, at most {PLUGIN_FILE_BYTES_MAX} allowed", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The handshake speaks against it.
    #[error("`{}`: {source}", path.display())]
    Refused {
        /// Which file.
        path: PathBuf,
        /// What was expected and what was found.
        source: VerifyError,
    },
    /// Too many versions were loaded since the start.
    #[error("{0} libraries are mapped, at most {0} allowed: restart to load another")]
    TooManyMappings(usize),
    /// The private copy cannot be made.
    #[error("the private copy `{}` cannot be made: {source}", path.display())]
    Copy {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The linker refuses it.
    #[error("`{}` cannot be mapped: {message}", path.display())]
    Link {
        /// Which file.
        path: PathBuf,
        /// The linker's words.
        message: String,
    },
    /// The entry function or its table is not what the handshake promised.
    #[error("`{}`: {message}", path.display())]
    Entry {
        /// Which file.
        path: PathBuf,
        /// What was expected and what was found.
        message: String,
    },
}

/// A mapped library.
#[derive(Clone, Debug)]
pub struct LoadedLibrary {
    /// Its functions.
    pub plugin: PluginRef,
    /// What it says of itself.
    pub handshake: Handshake,
    /// Hash of the file, 64 hexadecimal digits.
    pub content_hash: String,
    /// The original file.
    pub file: PathBuf,
}

/// Maps libraries, each content once.
#[derive(Debug)]
pub struct Loader {
    private_dir: PathBuf,
    mappings_max: usize,
    mapped: Mutex<BTreeMap<String, PluginRef>>,
    failures: AtomicU64,
}

impl Loader {
    /// A loader that keeps its copies in `private_dir`, made when first needed and readable by us alone.
    pub fn new(private_dir: PathBuf, mappings_max: usize) -> Self {
        Self { private_dir, mappings_max, mapped: Mutex::default(), failures: AtomicU64::new(0) }
    }

    /// Libraries mapped since the start, and the bound.
    pub fn mappings(&self) -> (u64, u64) {
        let mapped = self.mapped.lock().expect("nobody panics while holding the map of libraries");
        (mapped.len() as u64, self.mappings_max as u64)
    }

    /// Files refused since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Verifies and maps a library that must call itself `name`.
    ///
    /// # Errors
    /// Why it was refused; nothing of it has run unless the error is `Entry`, or `Link` in one of its constructors.
    pub fn load(&self, name: &str, file: &Path) -> Result<LoadedLibrary, LoadError> {
        self.load_counted(Some(name), file)
    }

    /// As [`load`](Self::load), whatever the plugin calls itself.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_any(&self, file: &Path) -> Result<LoadedLibrary, LoadError> {
        self.load_counted(None, file)
    }

    fn load_counted(&self, name: Option<&str>, file: &Path) -> Result<LoadedLibrary, LoadError> {
        let loaded = self.try_load(name, file);
        if loaded.is_err() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        loaded
    }

    fn try_load(&self, name: Option<&str>, file: &Path) -> Result<LoadedLibrary, LoadError> {
        let bytes = read(file)?;
        let refused = |source| LoadError::Refused { path: file.to_owned(), source };
        let handshake = verify(&bytes).map_err(refused)?;
        if let Some(expected) = name.filter(|&name| name != handshake.name) {
            let (expected, got) = (expected.to_owned(), handshake.name);
            return Err(refused(VerifyError::Name { expected, got }));
        }
        let content_hash = blake3::hash(&bytes).to_hex().to_string();
        // Held while mapping, so that one content is mapped once.
        let mut mapped = self.mapped.lock().expect("nobody panics while holding the map of libraries");
        let plugin = match mapped.get(&content_hash) {
            Some(&plugin) => plugin,
            None if mapped.len() >= self.mappings_max => return Err(LoadError::TooManyMappings(self.mappings_max)),
            None => {
                let copy = self.copy(&handshake.name, &content_hash, &bytes)?;
                let plugin = map(&copy, &handshake)?;
                mapped.insert(content_hash.clone(), plugin);
                plugin
            }
        };
        Ok(LoadedLibrary { plugin, handshake, content_hash, file: file.to_owned() })
    }

    /// Puts the verified bytes where nobody else writes, and reads them back.
    fn copy(&self, name: &str, content_hash: &str, bytes: &[u8]) -> Result<PathBuf, LoadError> {
        let path = self.private_dir.join(format!("{name}-{content_hash}{}", std::env::consts::DLL_SUFFIX));
        let failed = |source| LoadError::Copy { path: path.clone(), source };
        make_private(&self.private_dir).map_err(failed)?;
        let is_ours = |path: &Path| fs::read(path).is_ok_and(|b| blake3::hash(&b).to_hex().as_str() == content_hash);
        if !is_ours(&path) {
            static STAGED: AtomicU64 = AtomicU64::new(0);
            let unique = STAGED.fetch_add(1, Ordering::Relaxed);
            let staging = self.private_dir.join(format!(".{name}-{}-{unique}", std::process::id()));
            fs::write(&staging, bytes).map_err(failed)?;
            fs::rename(&staging, &path).map_err(failed)?;
        }
        if is_ours(&path) { Ok(path) } else { Err(failed(io::Error::other("it does not hash to its name"))) }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > PLUGIN_FILE_BYTES_MAX {
        return Err(LoadError::TooLarge { path: path.to_owned(), bytes });
    }
    fs::read(path).map_err(unreadable)
}

fn make_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Maps the private copy, calls its entry function and checks that it is the plugin the file promised.
fn map(copy: &Path, handshake: &Handshake) -> Result<PluginRef, LoadError> {
    let link = |error: libloading::Error| LoadError::Link { path: copy.to_owned(), message: error.to_string() };
    let refuse = |message: String| LoadError::Entry { path: copy.to_owned(), message };
    // SAFETY: runs the constructors of a file the operator trusts; all symbols are bound now and stay local.
    let library = unsafe { Library::open(Some(copy), RTLD_NOW | RTLD_LOCAL) }.map_err(link)?;
    // Never closed: see the head of this file.
    let library = ManuallyDrop::new(library);
    // SAFETY: the handshake says that this symbol is an entry function; the file is trusted to tell the truth.
    let entry = unsafe { library.get::<PgEntry>(handshake.entry.as_str()) };
    let entry = entry.map_err(|_| refuse(format!("no entry function `{}` in the library", handshake.entry)))?;
    // SAFETY: the host's table lives as long as the process.
    let table = unsafe { entry(host_table()) };
    // SAFETY: the library is never unmapped, and the contract is on its side.
    let plugin = unsafe { PluginRef::new(table) }.map_err(|error| refuse(error.0))?;
    let record = plugin.handshake_bytes().map(|bytes| planogram_abi::handshake::parse(&bytes));
    match record {
        Some(Ok(record)) if record == *handshake => Ok(plugin),
        Some(Ok(record)) => Err(refuse(format!(
            "mapped handshake: expected `{}` {}, got `{}` {}",
            handshake.name, handshake.version, record.name, record.version
        ))),
        Some(Err(error)) => Err(refuse(format!("mapped handshake: {error}"))),
        None => Err(refuse("mapped handshake: expected a record, got null".to_owned())),
    }
}
