//! What is a request for suggestions on the wire, and its answer?
//!
//! `q` is what was typed so far; without it the answer is what is popular.

use std::time::Duration;

use planogram_core::limits::{QUERY_CHARS_MAX, SUGGESTIONS_MAX};
use planogram_core::pipeline::request::{SuggestAnswer, SuggestRequest, SuggestionKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::AsOfJson;
use super::list::{DEADLINE_MS_MAX, FromHeaders};
use super::params::{Address, Params, settle};
use crate::error::Problem;

/// Parameters of the route.
pub const OWN: &[&str] = &["q", "store_view", "customer_group", "limit", "min_seq", "deadline_ms"];
/// Suggestions when the request names no number.
const LIMIT_DEFAULT: u64 = 8;

/// The request an address asks for.
///
/// # Errors
/// The parameter at fault.
pub fn from_address(pairs: &[(String, String)], headers: &FromHeaders) -> Result<SuggestRequest, Problem> {
    let mut address = Address::new(pairs, OWN);
    let text = address.text("q").unwrap_or_default();
    let n_chars = text.chars().count();
    if n_chars > QUERY_CHARS_MAX {
        address.report("q", format!("`q` has {n_chars} characters"), format!("at most {QUERY_CHARS_MAX}"));
    }
    let request = SuggestRequest {
        text,
        store_view: address.text("store_view").unwrap_or_default(),
        customer_group: address.text("customer_group").filter(|group| !group.is_empty()),
        limit: address.whole("limit", 1, SUGGESTIONS_MAX as u64).unwrap_or(LIMIT_DEFAULT) as usize,
        request_id: headers.request_id.clone(),
        min_seq: address.whole("min_seq", 0, u64::MAX),
        deadline: address.whole("deadline_ms", 1, DEADLINE_MS_MAX).map(Duration::from_millis),
    };
    settle(address).map(|()| request)
}

/// What to suggest.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuggestionsJson {
    /// The best first; each text once.
    pub suggestions: Vec<SuggestionJson>,
    /// Id of the request.
    pub request_id: String,
    /// Which state of the shop answered.
    pub as_of: AsOfJson,
}

/// One suggestion.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuggestionJson {
    /// What would be searched for.
    pub text: String,
    /// `query` (shoppers searched for it), `name` (products are called so) or `category`.
    pub kind: &'static str,
}

/// The answer as JSON.
pub fn encode(answer: SuggestAnswer, request_id: String) -> SuggestionsJson {
    let kind = |kind| match kind {
        SuggestionKind::Query => "query",
        SuggestionKind::Name => "name",
        SuggestionKind::Category => "category",
    };
    let suggestions = answer.suggestions.into_iter().map(|one| SuggestionJson { text: one.text, kind: kind(one.kind) });
    SuggestionsJson { suggestions: suggestions.collect(), request_id, as_of: answer.as_of.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&str, &str)]) -> Result<SuggestRequest, Problem> {
        let pairs: Vec<(String, String)> = query.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        from_address(&pairs, &FromHeaders { request_id: "r".into(), audiences: vec![], ..FromHeaders::default() })
    }

    #[test]
    fn nothing_asks_for_what_is_popular_and_mistakes_are_named() {
        let popular = read(&[]).unwrap();
        assert_eq!((popular.text.as_str(), popular.limit), ("", 8));
        assert_eq!(read(&[("q", "sp"), ("limit", "3")]).unwrap().limit, 3);
        assert_eq!(read(&[("customer_group", "b2b")]).unwrap().customer_group.as_deref(), Some("b2b"));
        let fault = |query: &[(&str, &str)]| read(query).unwrap_err().parameter;
        assert_eq!(fault(&[("limit", "21")]).as_deref(), Some("limit"));
        assert_eq!(fault(&[("limit", "0")]).as_deref(), Some("limit"));
        assert_eq!(fault(&[("query", "x")]).as_deref(), Some("query"));
        assert_eq!(fault(&[("q", &"x".repeat(256))]).as_deref(), Some("q"));
    }
}
