//! How does a store view search by meaning?
//!
//! The part `hybrid` of its document. Words and vectors are blended by a weight (see `pipeline/hybrid.rs` for the
//! formula); this file holds what can be set and what holds when nothing is said.

use super::check::CONTENT_SPACE;
use super::read::Fields;
use crate::limits::{
    CODE_BYTES_MAX, DEFAULT_HYBRID_CANDIDATES, DEFAULT_HYBRID_FLOOR, DEFAULT_HYBRID_WEIGHT, HYBRID_CANDIDATES_MAX,
    HYBRID_WEIGHT_MAX,
};

/// Which vectors take part in a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HybridMode {
    /// None, not even those that requests bring.
    Off,
    /// Those that requests bring.
    #[default]
    Supplied,
    /// Those that requests bring, and those of the words elsewhere.
    Learned,
}

/// Search by words and vectors together.
#[derive(Clone, Debug, PartialEq)]
pub struct Hybrid {
    /// Which vectors take part.
    pub mode: HybridMode,
    /// Space that words are looked up in.
    pub space: String,
    /// What the nearest product gets, as a share of the best text score; from 0 to [`HYBRID_WEIGHT_MAX`].
    pub weight: f32,
    /// Cosine from which a product counts as near, from 0 to 1.
    pub floor: f32,
    /// Products at most that are found by vector alone.
    pub candidates: usize,
}

impl Default for Hybrid {
    fn default() -> Self {
        Self {
            mode: HybridMode::default(),
            space: CONTENT_SPACE.to_owned(),
            weight: DEFAULT_HYBRID_WEIGHT,
            floor: DEFAULT_HYBRID_FLOOR,
            candidates: DEFAULT_HYBRID_CANDIDATES,
        }
    }
}

impl Hybrid {
    /// Reads the object `hybrid`; one that says nothing switches it on.
    pub(super) fn read(fields: &mut Fields) -> Self {
        let usual = Self::default();
        let is_on = fields.flag("enabled").unwrap_or(true);
        let most = HYBRID_CANDIDATES_MAX as i64;
        Self {
            mode: if is_on { HybridMode::Learned } else { HybridMode::Off },
            space: fields.text("space", CODE_BYTES_MAX).unwrap_or(usual.space),
            weight: fields.number("weight", 0.0, HYBRID_WEIGHT_MAX).map_or(usual.weight, |weight| weight as f32),
            floor: fields.number("floor", 0.0, 1.0).map_or(usual.floor, |floor| floor as f32),
            candidates: fields.integer("candidates", 0, most).map_or(usual.candidates, |n| n as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::views::parse_store_view;

    #[test]
    fn a_view_says_whether_and_how() {
        let read = |hybrid: &str| {
            let view = parse_store_view("en", &format!(r#"{{"locale":"en"{hybrid}}}"#));
            view.map(|view| view.hybrid).map_err(|problems| problems[0].pointer.clone())
        };
        assert_eq!(read(""), Ok(Hybrid::default()));
        assert_eq!(read(r#","hybrid":{}"#).unwrap().mode, HybridMode::Learned);
        assert_eq!(read(r#","hybrid":{"enabled":false}"#).unwrap().mode, HybridMode::Off);
        let set = read(r#","hybrid":{"space":"clip","weight":2,"floor":0.1,"candidates":7}"#).unwrap();
        let expected =
            Hybrid { mode: HybridMode::Learned, space: "clip".into(), weight: 2.0, floor: 0.1, candidates: 7 };
        assert_eq!(set, expected);
        let check = |hybrid: &str, pointer: &str| assert_eq!(read(hybrid), Err(pointer.to_owned()), "{hybrid}");
        check(r#","hybrid":true"#, "/hybrid");
        check(r#","hybrid":{"weight":-1}"#, "/hybrid/weight");
        check(r#","hybrid":{"floor":1.1}"#, "/hybrid/floor");
        check(r#","hybrid":{"candidates":1001}"#, "/hybrid/candidates");
        check(r#","hybrid":{"alpha":1}"#, "/hybrid/alpha");
    }
}
