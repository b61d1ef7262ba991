//! A shop for the plugin's own tests.

use std::sync::Arc;

use planogram_abi::{
    CallHost, Candidate, ConditionId, Document, Epoch, ListKind, LogLevel, Outcome, PrepareHost, Request,
};

use crate::config::Settings;
use crate::state::State;

/// Lower-cases, cuts a plural `s`; knows every sku that is a number.
pub struct Shop;

impl CallHost for Shop {
    fn resolve(&self, skus: &[&str]) -> Vec<Option<u32>> {
        skus.iter().map(|sku| sku.parse().ok()).collect()
    }
    fn test(&self, _: ConditionId, items: &[u32]) -> Vec<bool> {
        vec![false; items.len()]
    }
    fn retrieve(&self, _: &str, _: &[u32], _: usize) -> Outcome<Vec<Candidate>> {
        Ok(Vec::new())
    }
    fn analyze(&self, text: &str) -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(|word| word.to_lowercase().trim_end_matches('s').to_owned()).collect()
    }
    fn log(&self, _: LogLevel, _: &str) {}
}

impl PrepareHost for Shop {
    fn compile(&self, _: &str) -> Outcome<ConditionId> {
        Ok(ConditionId(0))
    }
    fn log(&self, _: LogLevel, message: &str) {
        panic!("{message}");
    }
}

/// The state of an epoch with these documents: kind, id, body.
pub fn state(settings: &str, previous: Option<&State>, documents: &[(&str, &str, &str)]) -> State {
    let documents: Vec<Document<'_>> = documents
        .iter()
        .zip(1..)
        .map(|(&(kind, id, json), seq)| Document {
            kind,
            scope: "",
            id,
            revision: 1,
            seq,
            from_ms: i64::MIN,
            until_ms: i64::MAX,
            json,
        })
        .collect();
    let settings = Arc::new(Settings::read(settings).unwrap());
    State::new(&settings, &Epoch { documents: &documents, revision: 1, host: &Shop }, previous).unwrap()
}

/// A plain search for `text`.
pub fn request(text: &str) -> Request<'_> {
    Request { text, store_view: "main", ..Request::plain(ListKind::Search) }
}
