//! Which audiences of other systems is a person in?
//!
//! Each audience that another system named has a number and a generation. A profile holds the numbers with the
//! generation they were given in; a list of members that stands for all of them begins a new generation, so that
//! nobody has to look through millions of profiles for those who left.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Visitor;
use crate::limits::OUTSIDE_AUDIENCES_MAX;

/// The audiences that other systems named; a clone is one pointer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outside {
    by_id: Arc<BTreeMap<String, (u32, u32)>>,
}

impl Outside {
    /// Number and generation of an audience that was named.
    pub(super) fn of(&self, audience: &str) -> Option<(u32, u32)> {
        self.by_id.get(audience).copied()
    }

    /// The same for one that is named now, which begins a new generation if its members are `replaced`; `None` when
    /// there are too many.
    pub(super) fn name(&mut self, audience: &str, replaced: bool) -> Option<(u32, u32)> {
        let by_id = Arc::make_mut(&mut self.by_id);
        if let Some(known) = by_id.get_mut(audience) {
            known.1 += u32::from(replaced);
            return Some(*known);
        }
        // Numbers are given once: none is ever taken back.
        let new = (by_id.len() as u32, 0);
        (by_id.len() < OUTSIDE_AUDIENCES_MAX).then(|| by_id.insert(audience.to_owned(), new))?;
        Some(new)
    }

    /// Every audience that was named, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.by_id.keys().map(String::as_str)
    }

    /// Whether another system named this audience.
    pub fn knows(&self, audience: &str) -> bool {
        self.by_id.contains_key(audience)
    }

    /// Whether a person is in an audience, as far as another system said.
    pub fn has(&self, audience: &str, visitor: &Visitor) -> bool {
        self.of(audience).is_some_and(|current| visitor.kept().outside.contains(&current))
    }

    /// The audiences that a person is in, in order.
    pub fn audiences_of(&self, visitor: &Visitor) -> Vec<&str> {
        let outside = &visitor.kept().outside;
        if outside.is_empty() {
            return Vec::new();
        }
        self.by_id.iter().filter(|(_, current)| outside.contains(current)).map(|(id, _)| id.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::entry::Membership;
    use crate::visitor::{VisitorView, Visitors};

    fn row(visitor: &str, customer: Option<&str>, member: bool) -> Membership {
        Membership { visitor: visitor.to_owned(), customer: customer.map(str::to_owned), member }
    }

    fn audiences(view: &VisitorView, visitor: &str, customer: &str) -> Vec<String> {
        let found = view.get(Some(visitor), Some(customer));
        found
            .map(|visitor| view.outside().audiences_of(visitor))
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn members_are_added_taken_away_and_replaced() {
        let mut visitors = Visitors::new(100);
        visitors.place("vip", false, &[row("v", None, true), row("", Some("anna"), true), row("", None, true)], 0);
        visitors.place("new", false, &[row("v", None, true)], 0);
        let view = visitors.publish();
        assert_eq!(
            (audiences(&view, "v", ""), audiences(&view, "", "anna")),
            (vec!["new".into(), "vip".into()], vec!["vip".into()])
        );
        visitors.place("vip", true, &[row("w", None, true)], 0);
        visitors.place("new", false, &[row("v", None, false), row("nobody", None, false)], 0);
        let view = visitors.publish();
        assert_eq!((audiences(&view, "v", ""), audiences(&view, "", "anna")), (vec![], vec![]));
        assert_eq!((audiences(&view, "w", ""), view.len()), (vec!["vip".to_owned()], 3));
        let again = Visitors::load(visitors.save(), 100).publish();
        assert_eq!(audiences(&again, "w", ""), ["vip"]);
    }

    #[test]
    fn the_number_of_audiences_is_bounded() {
        let mut outside = Outside::default();
        for n in 0..OUTSIDE_AUDIENCES_MAX {
            assert_eq!(outside.name(&n.to_string(), true), Some((n as u32, 0)));
        }
        assert_eq!((outside.name("one more", false), outside.name("7", true)), (None, Some((7, 1))));
    }
}
