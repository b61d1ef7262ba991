//! How are sessions read, with times and without?
//!
//! Timed logs come click by click and are gathered by session, since they are sorted that way. Untimed ones
//! come as one session a line, oldest first; their test part comes as prefixes with the next item.

use std::path::Path;

use planogram_core::id::TimeMs;

use super::lines::{LineError, OpenError};
use super::table::{Grouped, Table};

/// One click of a timed session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Click {
    /// Item.
    pub item: String,
    /// When.
    pub time_ms: TimeMs,
    /// What it was, in the log's own word: `click` and others.
    pub action: String,
}

/// A session with times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedSession {
    /// Its id.
    pub session: String,
    /// Clicks, oldest first.
    pub clicks: Vec<Click>,
}

/// A session without times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceSession {
    /// Its id; sessions stand in the file oldest first.
    pub session: String,
    /// Items, oldest first.
    pub items: Vec<String>,
}

/// What was clicked so far, and what came next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefixCase {
    /// Id of the case.
    pub case: String,
    /// Items clicked so far, oldest first.
    pub prefix: Vec<String>,
    /// The next one.
    pub target: String,
}

/// Timed sessions: `session_id item_id unix_ts type`.
///
/// # Errors
/// When the file cannot be opened.
pub fn timed_sessions(
    path: &Path,
) -> Result<impl Iterator<Item = Result<TimedSession, LineError>> + Send + use<>, OpenError> {
    let rows = Table::open(path, ["session_id", "item_id", "unix_ts", "type?"], |mut row| {
        let time_ms = row.time_ms(2)?;
        Ok((row.text(0), Click { item: row.text(1), time_ms, action: row.text(3) }))
    })?;
    let start = |(session, click)| TimedSession { session, clicks: vec![click] };
    Ok(Grouped::new(rows, start, |group: &mut TimedSession, (session, click)| {
        if group.session != session {
            return Some((session, click));
        }
        group.clicks.push(click);
        None
    }))
}

/// Untimed sessions: `session_id items`.
///
/// # Errors
/// When the file cannot be opened.
pub fn sequence_sessions(
    path: &Path,
) -> Result<impl Iterator<Item = Result<SequenceSession, LineError>> + Send + use<>, OpenError> {
    Table::open(path, ["session_id", "items"], |mut row| {
        Ok(SequenceSession { session: row.text(0), items: row.words(1) })
    })
}

/// Prefixes with the next item: `case_id prefix target`.
///
/// # Errors
/// When the file cannot be opened.
pub fn prefix_cases(
    path: &Path,
) -> Result<impl Iterator<Item = Result<PrefixCase, LineError>> + Send + use<>, OpenError> {
    Table::open(path, ["case_id", "prefix", "target"], |mut row| {
        Ok(PrefixCase { case: row.text(0), prefix: row.words(1), target: row.text(2) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timed_sessions_are_gathered() {
        let Some(folder) = crate::real::dir("rsc15-100k") else { return };
        let sessions: Vec<_> = timed_sessions(&folder.join("train.tsv.gz")).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(sessions.len(), 17_794);
        assert_eq!(sessions.iter().map(|s| s.clicks.len()).sum::<usize>(), 70_278);
        assert!(sessions.iter().all(|s| s.clicks.is_sorted_by_key(|c| c.time_ms)));
        assert_eq!(sessions[0].clicks[0].time_ms, 1_396_437_466_940);
    }

    #[test]
    fn sequences_and_prefixes_are_read() {
        let Some(folder) = crate::real::dir("retailrocket") else { return };
        let train = sequence_sessions(&folder.join("train.tsv.gz")).unwrap();
        let items = train.map(|s| s.unwrap().items.len());
        assert_eq!(items.fold((0, 0), |(n, sum), len| (n + 1, sum + len)), (126_168, 685_984));
        let test: Vec<_> = prefix_cases(&folder.join("test.tsv.gz")).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!((test.len(), test[0].prefix.len(), test[0].target.as_str()), (15_132, 2, "16156"));
    }
}
