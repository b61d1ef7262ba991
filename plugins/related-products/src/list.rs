//! How is one of the three lists filled?
//!
//! A document of kind `related-list` whose id is the list's name: which proposals it shows, how many, and how they take
//! turns. Without one a list shows everything, manual links first, in order of priority and then of product id.

use planogram_abi::Document;
use planogram_rules::{Findings, Object, Origin};
use serde_json::Value;

use crate::rotate::Rotation;
use crate::rule::LISTS;

/// Which proposals a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// Manual links, then what rules propose.
    #[default]
    Both,
    /// Manual links only.
    Selected,
    /// What rules propose only.
    Rules,
}

/// How one list is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListConfig {
    /// Which proposals.
    pub show: Show,
    /// Most products the list proposes; without it the unit's limit alone decides.
    pub max: Option<usize>,
    /// How what rules propose takes turns.
    pub rotation: Rotation,
}

/// A document: where it comes from, which list it is about, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct ListDocument {
    /// Where it comes from.
    pub origin: Origin,
    /// Index in [`LISTS`].
    pub list: usize,
    /// What it says.
    pub config: ListConfig,
}

impl ListDocument {
    /// Reads a document.
    pub fn read(document: &Document<'_>, body: &Value, limit_max: usize, findings: &mut Findings) -> Option<Self> {
        let object = Object::read(body, "", &["show", "max", "rotation"], findings)?;
        let list = LISTS.iter().position(|list| *list == document.id);
        if list.is_none() {
            findings.report("", format!("there is no list `{}`", document.id), LISTS.join(", "));
        }
        let show = object.choice("show", &["both", "selected", "rule-based"], findings);
        let max = object.integer("max", 1..=limit_max as i64, findings);
        let rotation = object.choice("rotation", &["id", "random", "weighted"], findings);
        let config = ListConfig {
            show: [Show::Both, Show::Selected, Show::Rules][show.unwrap_or(0)],
            max: max.map(|max| usize::try_from(max).expect("the range was checked")),
            rotation: [Rotation::Id, Rotation::Random, Rotation::Weighted][rotation.unwrap_or(0)],
        };
        Some(Self { origin: Origin::of(document), list: list?, config })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_configured_by_its_name() {
        let check = |id: &str, json: &str, expected: Result<ListConfig, &[&str]>| {
            let mut findings = Findings::default();
            let body = findings.parse(json).unwrap();
            let (kind, from_ms, until_ms) = (crate::RELATED_LIST, i64::MIN, i64::MAX);
            let document = Document { kind, scope: "", id, revision: 1, seq: 1, from_ms, until_ms, json };
            let read = ListDocument::read(&document, &body, 100, &mut findings);
            let read = findings.finish(read).map(|list| list.config);
            let read = read.map_err(|problems| problems.into_iter().map(|p| p.pointer).collect::<Vec<_>>());
            assert_eq!(read, expected.map_err(|pointers| pointers.iter().map(|p| (*p).to_owned()).collect()), "{json}");
        };
        check("upsell", "{}", Ok(ListConfig::default()));
        let all = r#"{"show":"rule-based","max":6,"rotation":"weighted"}"#;
        check("related", all, Ok(ListConfig { show: Show::Rules, max: Some(6), rotation: Rotation::Weighted }));
        check("links", "{}", Err(&[""]));
        check("related", r#"{"show":"manual","max":101,"rotation":"shuffle"}"#, Err(&["/show", "/max", "/rotation"]));
    }
}
