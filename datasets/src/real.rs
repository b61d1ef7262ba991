//! Where is the real data, if it is here at all?
//!
//! Public catalogs and logs are measured with, never shipped. They lie in the folder named by the variable
//! `PLANOGRAM_DATA`, by default `../shared/data` beside the checkout. What needs them asks [`dir`] and leaves
//! when it gets `None`; with `PLANOGRAM_REQUIRE_DATA=1` absence is a failure instead, so that a run that must
//! measure cannot pass by skipping.

use std::path::{Path, PathBuf};

/// The folder of one data set, or `None` after printing a line `skipped: …`.
///
/// # Panics
/// When the folder is absent and `PLANOGRAM_REQUIRE_DATA` is `1`.
pub fn dir(name: &str) -> Option<PathBuf> {
    let required = std::env::var("PLANOGRAM_REQUIRE_DATA").is_ok_and(|v| v == "1");
    let root = std::env::var_os("PLANOGRAM_DATA").map_or_else(default_root, PathBuf::from);
    match find(&root, name) {
        Ok(folder) => Some(folder),
        Err(message) if required => panic!("{message}, and PLANOGRAM_REQUIRE_DATA is 1"),
        Err(message) => {
            println!("skipped: {message}");
            None
        }
    }
}

fn default_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data")
}

/// The folder, or why it is not there.
fn find(root: &Path, name: &str) -> Result<PathBuf, String> {
    let folder = root.join(name);
    if folder.is_dir() { Ok(folder) } else { Err(format!("real data `{name}` is not in {}", root.display())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_is_said_and_presence_found() {
        let message = find(Path::new("/nowhere"), "luma").unwrap_err();
        assert_eq!(message, "real data `luma` is not in /nowhere");
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(find(here, "src"), Ok(here.join("src")));
    }
}
