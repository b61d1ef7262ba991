//! What does a visit remember of its searches?
//!
//! Enough to join what belongs together: which query a request id stands for, how far down its answer was counted as
//! shown, what was clicked for which query. Each thing counts once a visit. Bounded; the oldest are forgotten.

use serde::{Deserialize, Serialize};

use super::fade::Day;
use super::used::UsedKey;
use crate::id::ItemId;
use crate::limits::{SESSION_CLICKS_MAX, SESSION_QUERIES_MAX};

/// A query of the visit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    /// Key of the request id, 0 without one.
    pub request: u64,
    /// Key of the query.
    pub query: u64,
    /// What would be suggested.
    pub used: UsedKey,
    /// Positions below this were counted as shown.
    pub shown_to: u32,
    /// The day it was counted as used, unless it was not.
    pub used_on: Option<Day>,
    /// Whether that made its shopper one of those remembered for the query.
    pub introduces: bool,
    pub is_clicked: bool,
}

/// A product clicked for a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Clicked {
    pub item: ItemId,
    pub query: u64,
    pub is_carted: bool,
    pub is_bought: bool,
}

/// The searches of a visit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Searches {
    /// Newest last.
    asked: Vec<Asked>,
    /// Newest last.
    pub(super) clicked: Vec<Clicked>,
    /// Answers counted, so that a machine cannot search without end.
    pub(super) n_answers: u32,
}

impl Searches {
    /// Where the search of this request and query is: the request id decides where both sides have one, else the
    /// newest search with the same words.
    pub(super) fn find(&self, request: u64, query: Option<u64>) -> Option<usize> {
        let is_same = |asked: &Asked| asked.request == request && query.is_none_or(|query| query == asked.query);
        let reads_alike = |asked: &Asked| (request == 0 || asked.request == 0) && query == Some(asked.query);
        let by_request = || self.asked.iter().rposition(is_same);
        let by_words = || self.asked.iter().rposition(reads_alike);
        (request != 0).then(by_request).flatten().or_else(by_words)
    }

    pub(super) fn get(&mut self, at: usize) -> &mut Asked {
        &mut self.asked[at]
    }

    /// Makes a search the newest one; says where it is then.
    pub(super) fn renew(&mut self, at: usize) -> usize {
        self.asked[at..].rotate_left(1);
        self.asked.len() - 1
    }

    pub(super) fn push(&mut self, asked: Asked) -> usize {
        if self.asked.len() >= SESSION_QUERIES_MAX {
            self.asked.remove(0);
        }
        self.asked.push(asked);
        self.asked.len() - 1
    }

    /// The search before, if the shopper went on typing from it, or took letters back, without clicking anything.
    pub(super) fn stepping_stone(&mut self, next: &UsedKey) -> Option<&mut Asked> {
        let before = self.asked.last_mut()?;
        let (a, b) = (&before.used.folded, &next.folded);
        let goes_on = a != b && (a.starts_with(&**b) || b.starts_with(&**a));
        (goes_on && !before.is_clicked && before.used_on.is_some()).then_some(before)
    }

    /// Remembers a click; false when it was known.
    pub(super) fn click(&mut self, item: ItemId, query: u64) -> bool {
        if self.clicked.iter().any(|clicked| clicked.item == item && clicked.query == query) {
            return false;
        }
        if self.clicked.len() >= SESSION_CLICKS_MAX {
            self.clicked.remove(0);
        }
        self.clicked.push(Clicked { item, query, is_carted: false, is_bought: false });
        true
    }

    /// Takes in what a later part of the same visit did.
    pub(in super::super) fn join(&mut self, later: Searches) {
        for asked in later.asked {
            self.push(asked);
        }
        for theirs in later.clicked {
            self.click(theirs.item, theirs.query);
            let same = |one: &&mut Clicked| one.item == theirs.item && one.query == theirs.query;
            if let Some(mine) = self.clicked.iter_mut().find(same) {
                mine.is_carted |= theirs.is_carted;
                mine.is_bought |= theirs.is_bought;
            }
        }
        self.n_answers = self.n_answers.saturating_add(later.n_answers);
    }
}
