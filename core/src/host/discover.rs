//! Where is a plugin's library?
//!
//! By name, in the configured folders first, then beside the executable and in its `deps` (where cargo puts what
//! it builds), so that a fresh build runs without copying anything. First hit wins.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};

/// The file names a plugin's library may have, preferred first.
pub fn file_names(name: &str) -> [String; 2] {
    let name = name.replace('-', "_");
    [format!("{DLL_PREFIX}planogram_{name}{DLL_SUFFIX}"), format!("{DLL_PREFIX}{name}{DLL_SUFFIX}")]
}

/// The folders searched after the configured ones.
pub fn default_dirs() -> Vec<PathBuf> {
    let Some(beside) = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned)) else {
        return Vec::new();
    };
    let mut dirs = vec![beside.join("deps"), beside.join("plugins")];
    if beside.file_name().is_some_and(|name| name == "deps") {
        // A test runs from `deps` itself; finished libraries stand one above.
        dirs.extend(beside.parent().map(Path::to_owned));
    }
    dirs.insert(0, beside);
    dirs
}

/// Finds a plugin's library.
///
/// # Errors
/// The folders that were searched in vain, in order.
pub fn find(name: &str, configured: &[PathBuf]) -> Result<PathBuf, Vec<PathBuf>> {
    let dirs: Vec<PathBuf> = configured.iter().cloned().chain(default_dirs()).collect();
    let candidates = dirs.iter().flat_map(|dir| file_names(name).map(|file| dir.join(file)));
    candidates.into_iter().find(|path| path.is_file()).ok_or(dirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_configured_folder_wins() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let dirs = [first.path().to_owned(), second.path().to_owned()];
        let file = &file_names("my-plugin")[0];
        std::fs::write(second.path().join(file), "").unwrap();
        assert_eq!(find("my-plugin", &dirs).unwrap(), second.path().join(file));
        std::fs::write(first.path().join(file), "").unwrap();
        assert_eq!(find("my-plugin", &dirs).unwrap(), first.path().join(file));
    }

    #[test]
    fn a_library_may_leave_the_prefix_out() {
        let dir = tempfile::tempdir().unwrap();
        let file = format!("{DLL_PREFIX}my_plugin{DLL_SUFFIX}");
        std::fs::write(dir.path().join(&file), "").unwrap();
        assert_eq!(find("my-plugin", &[dir.path().to_owned()]).unwrap(), dir.path().join(file));
    }

    #[test]
    fn a_miss_lists_where_was_searched() {
        let dir = tempfile::tempdir().unwrap();
        let searched = find("no-such-plugin", &[dir.path().to_owned()]).unwrap_err();
        assert_eq!(searched[0], dir.path());
        assert!(searched.len() > 1);
    }
}
