//! Which words mean the same in every shop?
//!
//! A short list a language, written by hand from general knowledge, so that a shop whose merchandiser has written no
//! synonyms still finds televisions by "tv". What a line says is weaker than what a merchandiser says: it weighs
//! `synonyms.everyday_weight`, and a word that any synonym document of the store view names is left to that document.
//! What is typed is one word, because joining typed words to a phrase would narrow the search.

use crate::synonyms::{Direction, SynonymSet};

/// The lists, by ISO 639 code.
const LISTS: [(&str, &str); 5] = [
    ("de", include_str!("../everyday/de.txt")),
    ("en", include_str!("../everyday/en.txt")),
    ("es", include_str!("../everyday/es.txt")),
    ("fr", include_str!("../everyday/fr.txt")),
    ("sv", include_str!("../everyday/sv.txt")),
];

/// The sets of the language of `locale`; none where there is no list.
pub fn sets(locale: &str) -> Vec<SynonymSet> {
    let language = locale.split(['-', '_']).next().unwrap_or_default();
    let list = LISTS.iter().find(|(code, _)| code.eq_ignore_ascii_case(language));
    list.map_or("", |(_, list)| list).lines().filter_map(read).collect()
}

/// The set of a line; none for a comment or an empty line.
fn read(line: &str) -> Option<SynonymSet> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (direction, members): (Direction, Vec<&str>) = match line.split_once('>') {
        Some((term, expansions)) => (Direction::OneWay, std::iter::once(term).chain(expansions.split(',')).collect()),
        None => (Direction::TwoWay, line.split('=').collect()),
    };
    let members = members.into_iter().map(|member| member.trim().to_owned()).collect();
    Some(SynonymSet { direction, members, enabled: true })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_line_says_what_one_typed_word_stands_for() {
        for (language, list) in LISTS {
            let mut said = HashSet::new();
            for set in list.lines().filter_map(read) {
                assert!(set.members.len() > 1, "{language}: {set:?}");
                let typed = if set.direction == Direction::OneWay { 1 } else { set.members.len() };
                for (at, member) in set.members.iter().enumerate() {
                    let is_plain = member.chars().all(|c| c.is_alphanumeric() || c == ' ' && at >= typed);
                    assert!(is_plain && !member.is_empty(), "{language}: `{member}` of {set:?}");
                    for other in set.expansions(at).filter(|_| at < typed) {
                        assert!(
                            said.insert((member.clone(), other.to_owned())),
                            "{language}: {member} → {other} twice"
                        );
                    }
                }
            }
            assert!(said.len() > 15, "{language}");
        }
    }

    #[test]
    fn a_language_without_a_list_has_none() {
        assert!(sets("xx-XX").is_empty());
        assert!(!sets("en-GB").is_empty());
        assert_eq!(sets("EN"), sets("en_US"));
    }
}
