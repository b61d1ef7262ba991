//! What do all audiences of a configuration ask, each thing once?
//!
//! Compiled with an epoch. Equal questions of different audiences become one, so that a request answers each at most
//! once. What a profile must have for an audience to hold at all is worked out beside it (`gate`).

use std::collections::BTreeMap;

use super::gate::{Facts, Gate, Gates, fact_bit, list_bit};
use super::index::{WhereId, Wheres};
use super::{Audience, Fact, Tree};
use crate::expr::Condition;
use crate::id::TimeMs;

/// An audience document with where and when it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct AudienceDocument {
    /// Its id.
    pub id: String,
    /// Store view code, or empty for every store view.
    pub scope: String,
    /// Begin of validity, inclusive.
    pub from_ms: Option<TimeMs>,
    /// End of validity, exclusive.
    pub until_ms: Option<TimeMs>,
    /// What it says.
    pub audience: Audience,
}

impl AudienceDocument {
    fn is_in_force(&self, view: &str, now_ms: TimeMs) -> bool {
        let is_valid = self.from_ms.is_none_or(|from| from <= now_ms) && self.until_ms.is_none_or(|end| now_ms < end);
        is_valid && (self.scope.is_empty() || self.scope == view)
    }
}

/// A compiled condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
    /// Number of a question.
    Fact(u32),
    /// Number of an audience.
    Audience(u32),
}

/// A question with its product conditions as numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub fact: Fact,
    /// Conditions of its selectors, in order.
    pub wheres: Vec<Option<WhereId>>,
}

/// A compiled document.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Compiled {
    pub document: AudienceDocument,
    /// `None` of one whose members another system names.
    pub node: Option<Node>,
}

/// The audiences of a configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audiences {
    /// Every id that is defined or named, in order; the place is the number.
    pub(super) ids: Vec<String>,
    /// Documents by number of their audience: the range in `documents`.
    pub(super) of: Vec<(u32, u32)>,
    /// In order of id and scope.
    pub(super) documents: Vec<Compiled>,
    /// What must be there for each audience, by number.
    pub(super) gates: Gates,
    pub(super) questions: Vec<Question>,
    pub(super) wheres: Wheres,
    /// Lists of products, and kinds of events, that questions with a condition look through.
    pub(super) lists: Facts,
}

impl Audiences {
    /// Compiles documents; the last of two with one id and scope counts.
    pub fn new(documents: Vec<AudienceDocument>) -> Self {
        let mut sorted: BTreeMap<(String, String), AudienceDocument> = BTreeMap::new();
        for document in documents {
            sorted.insert((document.id.clone(), document.scope.clone()), document);
        }
        let mut set = Self::default();
        for document in sorted.values() {
            set.ids.push(document.id.clone());
            document.audience.condition.iter().for_each(|tree| named(tree, &mut set.ids));
        }
        set.ids.sort_unstable();
        set.ids.dedup();
        let mut known = BTreeMap::new();
        for document in sorted.into_values() {
            let node = document.audience.condition.as_ref().map(|tree| set.compile(tree, &mut known));
            set.documents.push(Compiled { document, node });
        }
        let place = |id: &String| {
            let from = set.documents.partition_point(|one| one.document.id < *id);
            let to = set.documents.partition_point(|one| one.document.id <= *id);
            (from as u32, to as u32)
        };
        set.of = set.ids.iter().map(place).collect();
        let gate = |&(from, to): &(u32, u32)| {
            Gate::any(set.documents[from as usize..to as usize].iter().map(|one| one.gate(&set.questions)))
        };
        set.gates = set.of.iter().map(gate).collect();
        set
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The documents in force for a store view at a time, in order of id.
    pub fn in_force<'s>(&'s self, view: &'s str, now_ms: TimeMs) -> impl Iterator<Item = &'s AudienceDocument> {
        let numbers = 0..self.of.len() as u32;
        numbers.filter_map(move |number| Some(&self.find(number, view, now_ms)?.document))
    }

    /// The document of an id in force for a store view at a time.
    pub fn get(&self, id: &str, view: &str, now_ms: TimeMs) -> Option<&AudienceDocument> {
        Some(&self.find(self.number(id)?, view, now_ms)?.document)
    }

    /// How many distinct questions and product conditions they ask.
    pub fn size(&self) -> (usize, usize) {
        (self.questions.len(), self.wheres.len())
    }

    pub(super) fn number(&self, id: &str) -> Option<u32> {
        self.ids.binary_search_by(|known| known.as_str().cmp(id)).ok().map(|at| at as u32)
    }

    /// The store view's own document, else the one of every view.
    pub(super) fn find(&self, number: u32, view: &str, now_ms: TimeMs) -> Option<&Compiled> {
        let (from, to) = self.of[number as usize];
        let found = &self.documents[from as usize..to as usize];
        if let [one] = found {
            return Some(one).filter(|one| one.document.is_in_force(view, now_ms));
        }
        found
            .iter()
            .rev()
            .filter(|one| one.document.is_in_force(view, now_ms))
            .max_by_key(|one| !one.document.scope.is_empty())
    }

    fn compile(&mut self, tree: &Tree, known: &mut BTreeMap<String, u32>) -> Node {
        match tree {
            Tree::All(parts) => Node::All(parts.iter().map(|part| self.compile(part, known)).collect()),
            Tree::Any(parts) => Node::Any(parts.iter().map(|part| self.compile(part, known)).collect()),
            Tree::Not(part) => Node::Not(Box::new(self.compile(part, known))),
            Tree::Leaf(Fact::Audience(id)) => {
                Node::Audience(self.number(id).expect("every named id was gathered before"))
            }
            Tree::Leaf(fact) => Node::Fact(self.question(fact, known)),
        }
    }

    fn question(&mut self, fact: &Fact, known: &mut BTreeMap<String, u32>) -> u32 {
        // The text says all of it, and equal questions are written alike.
        let text = format!("{fact:?}");
        if let Some(&number) = known.get(&text) {
            return number;
        }
        let wanted: Vec<Option<&Condition>> = match fact {
            Fact::Has { wanted, .. } => vec![wanted.as_ref()],
            _ => fact.selectors().iter().map(|selector| selector.wanted.as_ref()).collect(),
        };
        if let Fact::Has { list, wanted: Some(_), .. } = fact {
            self.lists |= list_bit(*list);
        }
        for selector in fact.selectors().iter().filter(|selector| selector.wanted.is_some()) {
            self.lists |= fact_bit(selector.kind);
        }
        let wheres = wanted.into_iter().map(|wanted| wanted.map(|condition| self.wheres.intern(condition))).collect();
        self.questions.push(Question { fact: fact.clone(), wheres });
        let number = self.questions.len() as u32 - 1;
        known.insert(text, number);
        number
    }
}

/// Ids of other audiences that a condition names.
fn named(tree: &Tree, ids: &mut Vec<String>) {
    match tree {
        Tree::All(parts) | Tree::Any(parts) => parts.iter().for_each(|part| named(part, ids)),
        Tree::Not(part) => named(part, ids),
        Tree::Leaf(Fact::Audience(id)) => ids.push(id.clone()),
        Tree::Leaf(_) => {}
    }
}

/// A circle of audiences that name each other, the first again at the end; `None` when every way ends. Documents of
/// all scopes and times count.
pub fn find_cycle<'d>(documents: impl IntoIterator<Item = (&'d str, &'d Audience)>) -> Option<Vec<String>> {
    let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (id, audience) in documents {
        let all = names.entry(id).or_default();
        audience.condition.iter().for_each(|tree| named(tree, all));
    }
    let mut done: Vec<&str> = Vec::new();
    // Each entry of the way: an audience and how many of the ones it names were followed.
    for &start in names.keys() {
        let mut way: Vec<(&str, usize)> = vec![(start, 0)];
        while let Some((id, followed)) = way.last_mut() {
            let next = names.get(id).and_then(|all| all.get(*followed)).map(String::as_str);
            *followed += 1;
            let Some(next) = next else {
                done.extend(way.pop().map(|(id, _)| id));
                continue;
            };
            if let Some(at) = way.iter().position(|(id, _)| *id == next) {
                let circle = way[at..].iter().map(|(id, _)| *id).chain([next]);
                return Some(circle.map(str::to_owned).collect());
            }
            if let Some((next, _)) = names.get_key_value(next).filter(|(next, _)| !done.contains(next)) {
                way.push((next, 0));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::audience::parse_audience;

    fn document(id: &str, scope: &str, json: &str) -> AudienceDocument {
        let audience = parse_audience(id, &format!(r#"{{"condition":{json}}}"#)).unwrap();
        AudienceDocument { id: id.into(), scope: scope.into(), from_ms: None, until_ms: None, audience }
    }

    #[test]
    fn equal_questions_are_asked_once_and_a_view_has_its_own() {
        let viewed = r#"{"viewed":{"where":{"field":"brand","eq":"Acme"}}}"#;
        let set = Audiences::new(vec![
            document("b", "", &format!(r#"{{"all":[{viewed},{{"audience":"z"}}]}}"#)),
            document("a", "", viewed),
            document("a", "de", r#"{"cart":{}}"#),
        ]);
        assert_eq!((set.size(), set.ids.len()), ((2, 1), 3));
        let scope = |view| set.get("a", view, 0).map(|document| document.scope.as_str());
        assert_eq!((scope("de"), scope("se"), scope("")), (Some("de"), Some(""), Some("")));
        assert_eq!(set.in_force("de", 0).map(|document| document.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(set.get("z", "", 0).is_none());
    }

    #[test]
    fn circles_are_found_with_their_way() {
        let check = |documents: &[(&str, &str)], expected: Option<&[&str]>| {
            let read: Vec<AudienceDocument> = documents.iter().map(|(id, json)| document(id, "", json)).collect();
            let found = find_cycle(read.iter().map(|it| (it.id.as_str(), &it.audience)));
            assert_eq!(
                found.as_ref().map(|way| way.iter().map(String::as_str).collect::<Vec<_>>()).as_deref(),
                expected
            );
        };
        let (b, c, a) = (r#"{"audience":"b"}"#, r#"{"not":{"audience":"c"}}"#, r#"{"any":[{"audience":["x","a"]}]}"#);
        check(&[("a", b), ("b", c)], None);
        check(&[("a", b), ("b", c), ("c", a)], Some(&["a", "b", "c", "a"]));
        check(&[("a", r#"{"audience":"a"}"#)], Some(&["a", "a"]));
        check(&[("a", b), ("d", b), ("b", r#"{"all":[]}"#)], None);
    }
}
