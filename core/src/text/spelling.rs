//! Which spellings are one word?
//!
//! British and American English write the same word in two ways, and some English plurals change more than their end, so
//! that a stemmer, which only cuts endings, takes `moulding` and `molding`, or `shelf` and `shelves`, for different
//! words. The lists are closed: they hold what English writes in two ways, not what means the same, which is for
//! synonyms. Words are respelled before they are stemmed, in the index and in queries alike; what shoppers read stays as
//! it was written.

/// How words begin in British English, folded, and what stands for that in American English; in letter order.
const AMERICAN: [(&str, &str); 21] = [
    ("aluminium", "aluminum"),
    ("armour", "armor"),
    ("catalogue", "catalog"),
    ("centre", "center"),
    ("colour", "color"),
    ("draught", "draft"),
    ("favour", "favor"),
    ("fibre", "fiber"),
    ("flavour", "flavor"),
    ("grey", "gray"),
    ("harbour", "harbor"),
    ("jewellery", "jewelry"),
    ("litre", "liter"),
    ("metre", "meter"),
    ("mould", "mold"),
    ("odour", "odor"),
    ("parlour", "parlor"),
    ("plough", "plow"),
    ("theatre", "theater"),
    ("tyre", "tire"),
    ("vapour", "vapor"),
];
/// Endings of British English in which a z may stand for the s.
const WITH_S: [&str; 7] = ["ise", "ises", "ised", "iser", "isers", "ising", "isation"];
/// Shortest part before such an ending, in bytes, so that `wise`, `promise` and `cruiser` are not among them: what stands
/// before is the same in all forms of a word, so that all of them are respelled or none.
const BEFORE_S_BYTES_MIN: usize = 5;
/// Words that the stemmer does not bring together with their other form, and what stands for them; in letter order.
const UNEVEN: [(&str, &str); 14] = [
    ("calf", "calve"),
    ("children", "child"),
    ("feet", "foot"),
    ("geese", "goose"),
    ("half", "halve"),
    ("hoof", "hoove"),
    ("knife", "knive"),
    ("leaf", "leave"),
    ("loaf", "loave"),
    ("mice", "mouse"),
    ("scarf", "scarve"),
    ("shelf", "shelve"),
    ("teeth", "tooth"),
    ("wolf", "wolve"),
];

/// The folded English word as it is to be stemmed; `None` when it stays as it is.
pub(super) fn respelled(word: &str) -> Option<String> {
    if let Ok(at) = UNEVEN.binary_search_by_key(&word, |(from, _)| from) {
        return Some(UNEVEN[at].1.to_owned());
    }
    // None begins with another one, so if a word begins with one, that is the last one not behind it.
    let (from, to) = AMERICAN[AMERICAN.partition_point(|(from, _)| *from <= word).saturating_sub(1)];
    let american = word.strip_prefix(from).map(|rest| format!("{to}{rest}"));
    american.or_else(|| {
        let head = |end: &&str| word.strip_suffix(*end).filter(|head| head.len() >= BEFORE_S_BYTES_MIN);
        WITH_S.iter().find_map(|end| Some(format!("{}iz{}", head(end)?, &end[2..])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::stems;

    #[test]
    fn lists_are_in_order_and_none_begins_with_another() {
        assert!(UNEVEN.is_sorted() && AMERICAN.is_sorted());
        assert!(AMERICAN.windows(2).all(|two| !two[1].0.starts_with(two[0].0)));
        for (from, to) in AMERICAN {
            assert_eq!(respelled(&format!("{from}s")), Some(format!("{to}s")));
        }
    }

    #[test]
    fn two_spellings_are_one_word() {
        for (one, other) in [
            ("moulding", "molding"),
            ("grey", "gray"),
            ("colourful", "colorful"),
            ("galvanised", "galvanized"),
            ("organiser", "organizers"),
            ("shelf", "shelves"),
            ("shelf", "shelving"),
            ("knife", "knives"),
            ("leaf", "leaves"),
            ("mice", "mouse"),
            ("chemise", "chemises"),
            ("cruiser", "cruisers"),
            ("promise", "promises"),
            ("realise", "realised"),
        ] {
            assert_eq!(stems("en-US", one), stems("en-US", other), "{one}, {other}");
        }
    }

    #[test]
    fn other_words_and_other_languages_stay() {
        assert_eq!(stems("en", "rise wise noise glove valve"), ["rise", "wise", "nois", "glove", "valv"]);
        assert_ne!(stems("de", "grey"), stems("de", "gray"));
    }
}
