//! How are judged queries read, and the search sessions behind some of them?

use std::collections::BTreeMap;
use std::path::Path;

use super::lines::{LineError, OpenError};
use super::table::Table;

/// A query that people judged products for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Its id.
    pub qid: String,
    /// The words as typed.
    pub text: String,
}

/// One judgment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgment {
    /// Query.
    pub qid: String,
    /// Product.
    pub product: String,
    /// 0 (wrong) to 3 (right).
    pub gain: u8,
}

/// A search session: what was shown and clicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchSession {
    /// Its id.
    pub session: String,
    /// Query.
    pub qid: String,
    /// Products in shown order.
    pub shown: Vec<String>,
    /// Zero-based positions of the clicked ones.
    pub clicked: Vec<u32>,
}

/// Queries with all their judgments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Queries in file order.
    pub queries: Vec<Query>,
    /// Gain by product, by query id. A product that is not here was not judged.
    pub gains: BTreeMap<String, BTreeMap<String, u8>>,
}

/// Why judged queries cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JudgedError {
    /// A file cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A line is bad: judgments with holes would measure something else, so the first one ends it.
    #[error("{file}: {source}")]
    Line {
        /// Which file.
        file: &'static str,
        /// Which line and why.
        source: LineError,
    },
}

/// Queries: `qid query`.
///
/// # Errors
/// When the file cannot be opened.
pub fn queries(path: &Path) -> Result<impl Iterator<Item = Result<Query, LineError>> + Send + use<>, OpenError> {
    Table::open(path, ["qid", "query"], |mut row| Ok(Query { qid: row.text(0), text: row.text(1) }))
}

/// Judgments: `qid product_id gain`.
///
/// # Errors
/// When the file cannot be opened.
pub fn judgments(path: &Path) -> Result<impl Iterator<Item = Result<Judgment, LineError>> + Send + use<>, OpenError> {
    Table::open(path, ["qid", "product_id", "gain"], |mut row| {
        let gain = row.number(2)?;
        if gain > 3 {
            return Err(row.error(2, format!("is {gain}, 0 to 3 is expected")));
        }
        Ok(Judgment { qid: row.text(0), product: row.text(1), gain })
    })
}

/// Search sessions: `session_id qid shown clicked_ranks`.
///
/// # Errors
/// When the file cannot be opened.
pub fn search_sessions(
    path: &Path,
) -> Result<impl Iterator<Item = Result<SearchSession, LineError>> + Send + use<>, OpenError> {
    Table::open(path, ["session_id", "qid", "shown", "clicked_ranks"], |mut row| {
        let shown = row.words(2);
        let clicked: Result<Vec<u32>, _> = row.words(3).iter().map(|r| r.parse()).collect();
        let clicked = clicked.map_err(|_| row.error(3, "holds what is not a rank"))?;
        if let Some(rank) = clicked.iter().find(|r| **r as usize >= shown.len()) {
            return Err(row.error(3, format!("rank {rank} of {} shown", shown.len())));
        }
        Ok(SearchSession { session: row.text(0), qid: row.text(1), shown, clicked })
    })
}

/// Queries and judgments of a folder with `queries.tsv` and `qrels.tsv`.
///
/// # Errors
/// When a file cannot be opened or a line is bad.
pub fn judged(folder: &Path) -> Result<Judged, JudgedError> {
    let bad = |file| move |source| JudgedError::Line { file, source };
    let queries = queries(&folder.join("queries.tsv"))?;
    let queries = queries.collect::<Result<_, _>>().map_err(bad("queries.tsv"))?;
    let mut gains: BTreeMap<String, BTreeMap<String, u8>> = BTreeMap::new();
    for judgment in judgments(&folder.join("qrels.tsv"))? {
        let judgment = judgment.map_err(bad("qrels.tsv"))?;
        gains.entry(judgment.qid).or_default().insert(judgment.product, judgment.gain);
    }
    Ok(Judged { queries, gains })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judged_queries_are_read() {
        for (name, queries, judgments) in [("chorus-electronics", 69, 2_040), ("home-depot", 5_871, 37_137)] {
            let Some(folder) = crate::real::dir(name) else { continue };
            let judged = judged(&folder.join("dev")).unwrap();
            assert_eq!(judged.queries.len(), queries, "{name}");
            assert_eq!(judged.gains.values().map(BTreeMap::len).sum::<usize>(), judgments, "{name}");
        }
    }

    #[test]
    fn search_sessions_are_read() {
        let Some(folder) = crate::real::dir("retrotech") else { return };
        let sessions = search_sessions(&folder.join("dev/sessions.tsv.gz")).unwrap().map(Result::unwrap);
        assert_eq!(sessions.count(), 30_000);
    }
}
