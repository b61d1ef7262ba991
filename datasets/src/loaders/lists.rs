//! How are lists read that were shown to shoppers?

use std::path::Path;

use planogram_core::id::TimeMs;

use super::lines::{LineError, OpenError};
use super::table::Table;

/// A list as it was shown, and what was clicked.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownList {
    /// Session.
    pub session: String,
    /// Who.
    pub user: String,
    /// When.
    pub time_ms: TimeMs,
    /// How-many-eth step of the session, from 1.
    pub step: u32,
    /// Items in shown order, each with its price in major units.
    pub shown: Vec<(String, f64)>,
    /// What was clicked; not always among the shown.
    pub clicked: String,
    /// Filters in force.
    pub filters: Option<String>,
    /// Is it the last list of its session?
    pub last_in_session: bool,
}

/// Something a shopper did between lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEvent {
    /// Session.
    pub session: String,
    /// When.
    pub time_ms: TimeMs,
    /// The log's own word for it.
    pub action: String,
    /// The item it refers to, if it refers to one.
    pub item: Option<String>,
    /// What else it refers to.
    pub reference: Option<String>,
    /// Filters in force.
    pub filters: Option<String>,
}

/// Shown lists: `session_id user_id unix_ts step shown_items shown_prices clicked_item filters is_last_in_session`.
///
/// # Errors
/// When the file cannot be opened.
pub fn shown_lists(
    path: &Path,
) -> Result<impl Iterator<Item = Result<ShownList, LineError>> + Send + use<>, OpenError> {
    let columns = [
        "session_id",
        "user_id",
        "unix_ts",
        "step",
        "shown_items",
        "shown_prices",
        "clicked_item",
        "filters",
        "is_last_in_session",
    ];
    Table::open(path, columns, |mut row| {
        let (items, prices) = (row.words(4), row.words(5));
        if items.len() != prices.len() {
            return Err(row.error(5, format!("{} prices for {} items", prices.len(), items.len())));
        }
        let prices: Result<Vec<f64>, _> = prices.iter().map(|p| p.parse()).collect();
        let prices = prices.map_err(|_| row.error(5, "holds what is not a number"))?;
        Ok(ShownList {
            time_ms: row.time_ms(2)?,
            step: row.number(3)?,
            last_in_session: row.number::<u8>(8)? == 1,
            session: row.text(0),
            user: row.text(1),
            shown: items.into_iter().zip(prices).collect(),
            clicked: row.text(6),
            filters: row.optional(7),
        })
    })
}

/// What happened between the lists: `session_id item_id unix_ts type other_reference filters`.
///
/// # Errors
/// When the file cannot be opened.
pub fn list_events(
    path: &Path,
) -> Result<impl Iterator<Item = Result<ListEvent, LineError>> + Send + use<>, OpenError> {
    Table::open(path, ["session_id", "item_id", "unix_ts", "type", "other_reference?", "filters?"], |mut row| {
        Ok(ListEvent {
            time_ms: row.time_ms(2)?,
            session: row.text(0),
            item: row.optional(1),
            action: row.text(3),
            reference: row.optional(4),
            filters: row.optional(5),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_lists_are_read() {
        let Some(folder) = crate::real::dir("trivago-rerank") else { return };
        let lists = shown_lists(&folder.join("dev/clickouts.tsv.gz")).unwrap();
        let lists: Vec<ShownList> = lists.collect::<Result<_, _>>().unwrap();
        assert_eq!(lists.len(), 6_788);
        assert_eq!(lists.iter().filter(|l| l.last_in_session).count(), 3_607);
        assert!(lists.iter().all(|l| l.shown.len() <= 25));
        let events = list_events(&folder.join("dev/events.tsv.gz")).unwrap().map(Result::unwrap);
        let (mut rows, mut clickouts) = (0, 0);
        for event in events {
            rows += 1;
            clickouts += usize::from(event.action == "clickout_item");
        }
        // The folder's README speaks of 46,949 rows; the file holds these, and as many clickouts as lists.
        assert_eq!((rows, clickouts), (52_149, lists.len()));
    }
}
