//! How are long histories of single shoppers read?

use std::path::Path;

use super::lines::{LineError, OpenError};
use super::table::Table;

/// What a shopper did, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Who.
    pub user: String,
    /// Items, oldest first.
    pub items: Vec<String>,
}

/// A history and what came next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryCase {
    /// Id of the case.
    pub case: String,
    /// Who.
    pub user: String,
    /// Items so far, oldest first.
    pub history: Vec<String>,
    /// The next one.
    pub target: String,
}

/// Histories: `user_id items`.
///
/// # Errors
/// When the file cannot be opened.
pub fn histories(path: &Path) -> Result<impl Iterator<Item = Result<History, LineError>> + Send + use<>, OpenError> {
    Table::open(path, ["user_id", "items"], |mut row| Ok(History { user: row.text(0), items: row.words(1) }))
}

/// Histories with the next item: `case_id user_id history target`.
///
/// # Errors
/// When the file cannot be opened.
pub fn history_cases(
    path: &Path,
) -> Result<impl Iterator<Item = Result<HistoryCase, LineError>> + Send + use<>, OpenError> {
    Table::open(path, ["case_id", "user_id", "history", "target"], |mut row| {
        Ok(HistoryCase { case: row.text(0), user: row.text(1), history: row.words(2), target: row.text(3) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histories_are_read() {
        let Some(folder) = crate::real::dir("amazon-office") else { return };
        let train = histories(&folder.join("train_sequences_partial.tsv.gz")).unwrap();
        let sizes = train.map(|h| h.unwrap().items.len());
        assert_eq!(sizes.fold((0, 0), |(n, sum), len| (n + 1, sum + len)), (3_231, 12_715));
        for (file, expected) in [("valid.tsv.gz", 4_866), ("test.tsv.gz", 4_866)] {
            let cases = history_cases(&folder.join(file)).unwrap().map(Result::unwrap);
            assert_eq!(cases.filter(|c| !c.history.is_empty()).count(), expected, "{file}");
        }
    }
}
