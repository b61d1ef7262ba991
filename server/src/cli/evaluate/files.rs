//! Which files of a folder are there, and how are their rows read?
//!
//! A data set is a folder; a table may be packed (`.tsv.gz`) or not (`.tsv`). Judged queries and shown lists lie in
//! the folder itself or in parts of it (`dev`, `heldout`). A bad line ends the evaluation: figures over a file with
//! holes would be of another file.

use std::path::{Path, PathBuf};

use anyhow::Context;
use planogram_core::catalog::doc::ProductDoc;
use planogram_datasets::loaders::lines::{LineError, Lines, OpenError};
use planogram_datasets::loaders::products;

/// Folders inside a data set that hold a part of it.
const PARTS: [&str; 2] = ["dev", "heldout"];

/// The file of that stem, if it is there.
pub fn find(dir: &Path, stem: &str) -> Option<PathBuf> {
    let endings = ["tsv.gz", "tsv", "jsonl.gz", "jsonl"];
    endings.iter().map(|ending| dir.join(format!("{stem}.{ending}"))).find(|path| path.is_file())
}

/// The file of that stem.
pub fn need(dir: &Path, stem: &str) -> anyhow::Result<PathBuf> {
    find(dir, stem).with_context(|| format!("`{}` holds no {stem}.tsv or {stem}.tsv.gz", dir.display()))
}

/// The folder itself and its parts, as far as they hold such a file; with the part's name.
pub fn parts(dir: &Path, stem: &str) -> Vec<(String, PathBuf)> {
    let own = std::iter::once((String::new(), dir.to_owned()));
    let inner = PARTS.iter().map(|part| ((*part).to_owned(), dir.join(part)));
    own.chain(inner).filter(|(_, folder)| find(folder, stem).is_some()).collect()
}

/// The names of a table's columns.
pub fn columns(path: &Path) -> anyhow::Result<Vec<String>> {
    let header = Lines::open(path)?.next().with_context(|| format!("`{}` is empty", path.display()))?;
    let (_, text) = header.with_context(|| format!("`{}`", path.display()))?;
    Ok(text.split('\t').map(str::to_owned).collect())
}

/// All rows of a file.
pub fn rows<T, I>(path: &Path, open: impl FnOnce(&Path) -> Result<I, OpenError>) -> anyhow::Result<Vec<T>>
where
    I: Iterator<Item = Result<T, LineError>>,
{
    open(path)?.collect::<Result<_, _>>().with_context(|| format!("`{}`", path.display()))
}

/// The products of the folder; none when it has no catalog.
pub fn catalog(dir: &Path) -> anyhow::Result<Vec<ProductDoc>> {
    match find(dir, "products") {
        None => Ok(Vec::new()),
        Some(path) => rows(&path, products),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_where_their_files_are() {
        let dir = tempfile::tempdir().unwrap();
        assert!(parts(dir.path(), "queries").is_empty());
        std::fs::create_dir(dir.path().join("heldout")).unwrap();
        std::fs::write(dir.path().join("heldout/queries.tsv"), "qid\tquery\n").unwrap();
        let found = parts(dir.path(), "queries");
        assert_eq!(found, [("heldout".to_owned(), dir.path().join("heldout"))]);
        assert_eq!(columns(&found[0].1.join("queries.tsv")).unwrap(), ["qid", "query"]);
        let said = need(dir.path(), "train").unwrap_err().to_string();
        assert!(said.ends_with("holds no train.tsv or train.tsv.gz"), "{said}");
    }
}
