//! What is said to a merchandiser?
//!
//! Every answer to "why is this product not here?" and every note on what a rule did stands in this file, so that they
//! read as one person speaks: the product is "it", who acts comes first, what was asked for and what the product has there
//! stand side by side. Who orders an act is the plugin's word (a rule's name and id), what is done is ours.
//! What is not here: when an answer is given (see [`super::explain`] and [`super::eligible`]), and how conditions read
//! (see [`crate::expr::in_words`]).

use std::fmt::{self, Display, Formatter};

use planogram_abi::{Act, Verb};

use crate::expr::{Condition, Refusal, in_words};

/// Why a product is not in a list, or where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// At a position, from 1, of so many products, on a page of the size that was asked for.
    Here { position: u32, total: u64, page: u32 },
    /// In the list, behind what can be paged to at once.
    FarBehind { listed: usize, total: u64 },
    /// In a unit that shows fewer.
    BehindLimit { limit: u64 },
    /// Only heard of in events and links.
    NotPut,
    /// What the store view says where it is shown.
    NotVisible { view: String, visibility: String },
    /// In categories alone that the shopper does not see.
    CategoriesKept,
    /// The category asked for is one of those.
    CategoryKept { path: String },
    /// Sold out where that is not shown.
    SoldOut { is_unit: bool },
    /// A unit for shoppers of these audiences.
    OtherAudiences { audiences: Vec<String> },
    /// The page or the unit is about it.
    IsAnchor,
    /// In the cart.
    InCart,
    /// Seen in this visit.
    Seen,
    /// A rule hides it: by name, or with all that satisfy a condition.
    Hidden { who: String, condition: Option<String> },
    /// A rule shows nothing but other products: by a condition, or by name.
    FilteredOut { who: String, refusal: Option<Refusal> },
    /// Rules and the unit filter, each by a different variant.
    FilteredOutTogether,
    /// The unit shows nothing but what satisfies a condition.
    NotIncluded { refusal: Refusal },
    /// The unit leaves out what satisfies a condition.
    Excluded { condition: String },
    /// The unit wants the same category as that of the page's product.
    OtherCategory { anchor: String },
    /// The unit wants about the price of the page's product.
    OtherPrice { anchor: String },
    /// A filter of the request, from 1.
    Filter { number: usize, refusal: Refusal },
    /// Every filter holds for some variant.
    FiltersTogether,
    /// The words of a search are others.
    NoTextMatch { text: String, by_vector: bool },
    /// In other categories, or in none.
    NotInCategory { path: String, categories: Vec<String> },
    /// A unit is full before its retrievers propose it.
    NotReached { unit_type: String },
    /// A unit's retrievers do not propose it; what sources said of what they propose.
    NotProposed { unit_type: String, sources: Vec<Confined> },
}

/// A source that proposes nothing but what satisfies a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Confined {
    /// Who: a rule.
    pub who: String,
    /// Products that the condition is relative to.
    pub beside: Vec<String>,
    /// Why the product does not satisfy it; `None` when it does.
    pub refusal: Option<Refusal>,
}

impl Display for Answer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Here { position, total, page } => {
                write!(f, "it is here: position {position} of {total}, on page {page}")
            }
            Answer::FarBehind { listed, total } => write!(f, "it is in the list, behind the first {listed} of {total}"),
            Answer::BehindLimit { limit } => {
                write!(f, "it is proposed, but others fill the {limit} places of the unit")
            }
            Answer::NotPut => f.write_str("events or links name it, but no product has been put under this sku"),
            Answer::NotVisible { view, visibility } => write!(
                f,
                "its visibility in store view `{view}` is `{visibility}`, which keeps it out of lists of this kind"
            ),
            Answer::CategoriesKept => f.write_str("all categories it is in are kept from the shopper's customer group"),
            Answer::CategoryKept { path } => {
                write!(f, "the category `{path}` is kept from the shopper's customer group")
            }
            Answer::SoldOut { is_unit: true } => f.write_str(
                "it is sold out: none of its variants is in stock, and nobody is recommended what they cannot buy",
            ),
            Answer::SoldOut { is_unit: false } => {
                f.write_str("it is sold out: none of its variants is in stock, and the store view hides such products")
            }
            Answer::OtherAudiences { audiences } => {
                let names: Vec<String> = audiences.iter().map(|audience| format!("`{audience}`")).collect();
                write!(
                    f,
                    "the unit is for the audiences {} alone, and the shopper is in none of them",
                    names.join(", ")
                )
            }
            Answer::IsAnchor => f.write_str("it is the product that the unit is about"),
            Answer::InCart => f.write_str("it is in the shopper's cart already"),
            Answer::Seen => f.write_str("the shopper saw it in this visit, and the unit does not say `keep_seen`"),
            Answer::Hidden { who, condition: Some(condition) } => {
                write!(f, "{who} hides it: products whose {condition}")
            }
            Answer::Hidden { who, condition: None } => write!(f, "{who} hides it"),
            Answer::FilteredOut { who, refusal: Some(refusal) } => write!(f, "{who} shows only {}", products(refusal)),
            Answer::FilteredOut { who, refusal: None } => {
                write!(f, "{who} shows only products that it names, and this is none of them")
            }
            Answer::FilteredOutTogether => f.write_str(
                "each filter of a rule or of the unit holds for one of its variants, but no one variant satisfies all",
            ),
            Answer::NotIncluded { refusal } => write!(f, "the unit shows only {}", products(refusal)),
            Answer::Excluded { condition } => write!(f, "the unit leaves out products whose {condition}"),
            Answer::OtherCategory { anchor } => {
                write!(f, "the unit shows only products of the categories of `{anchor}`, and it is in none of them")
            }
            Answer::OtherPrice { anchor } => {
                write!(f, "the unit shows only products that cost about as much as `{anchor}`, and it does not")
            }
            Answer::Filter { number, refusal } => {
                write!(f, "filter {number} of the request asks for {}", products(refusal))
            }
            Answer::FiltersTogether => f.write_str(
                "each filter of the request holds for one of its variants, but no one variant satisfies all",
            ),
            Answer::NoTextMatch { text, by_vector } => {
                let more = if *by_vector { ", and its vector is not near enough" } else { "" };
                write!(f, "it may be shown, but its text does not match the words `{text}`{more}")
            }
            Answer::NotInCategory { path, categories } if categories.is_empty() => {
                write!(f, "it may be shown, but it is neither in `{path}` nor below: it is in no category")
            }
            Answer::NotInCategory { path, categories } => {
                let names: Vec<String> = categories.iter().map(|path| format!("`{path}`")).collect();
                write!(f, "it may be shown, but it is neither in `{path}` nor below: it is in {}", names.join(" and "))
            }
            Answer::NotReached { unit_type } => write!(
                f,
                "it may be shown, but others fill the places of the unit before its type `{unit_type}` proposes it"
            ),
            Answer::NotProposed { unit_type, sources } if sources.is_empty() => {
                write!(f, "it may be shown, but neither the unit's type `{unit_type}` nor its fallback proposes it")
            }
            Answer::NotProposed { sources, .. } => {
                let said: Vec<String> = sources.iter().map(Confined::to_string).collect();
                f.write_str(&said.join("; "))
            }
        }
    }
}

/// `products whose brand is `Acme`, and its brand is `Oak``.
fn products(Refusal { wanted, has }: &Refusal) -> String {
    format!("products whose {wanted}, and {has}")
}

impl Display for Confined {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.beside.iter().map(|sku| format!("`{sku}`")).collect();
        let beside = if names.is_empty() { String::new() } else { format!(" beside {}", names.join(", ")) };
        match &self.refusal {
            Some(refusal) => write!(f, "{}{beside} shows only {}", self.who, products(refusal)),
            None => write!(
                f,
                "{}{beside} may show it, but shows others first or leaves it out because the shopper bought it",
                self.who
            ),
        }
    }
}

/// Who orders an act.
pub(super) fn who(plugin: &str, act: &Act) -> String {
    if act.reason.is_empty() { format!("plugin `{plugin}`") } else { act.reason.clone() }
}

/// What an act did to a product, for its ledger; of quotas `condition` says whom they are about, when they do not name them.
pub(super) fn done(plugin: &str, act: &Act, condition: Option<&Condition>) -> String {
    let some = || condition.map_or("those it names".to_owned(), |one| format!("the products whose {}", in_words(one)));
    let deed = match &act.verb {
        Verb::Hide => "hides it".to_owned(),
        Verb::Include => "includes it, whether or not it matches".to_owned(),
        Verb::Filter => "shows it and others like it alone".to_owned(),
        Verb::Pin { position } => format!("pins it to position {}", u64::from(*position) + 1),
        Verb::Boost { factor } => format!("multiplies its score by {factor}"),
        Verb::Bury => "puts it at the end".to_owned(),
        Verb::Raise => "puts it at the top".to_owned(),
        Verb::AtLeast { count, first } => format!("wants at least {count} of {} among the first {first}", some()),
        Verb::AtMostInRow { count, attribute } => format!("wants at most {count} of one {attribute} in a row"),
        Verb::Banner { text } => format!("shows the banner `{text}`"),
        Verb::Note => return who(plugin, act),
    };
    format!("{} {deed}", who(plugin, act))
}

#[cfg(test)]
mod tests {
    use planogram_abi::Target;

    use super::*;

    fn refusal() -> Refusal {
        Refusal { wanted: "color is `Red`".into(), has: "its color is `Blue`".into() }
    }

    #[test]
    fn every_answer_is_a_sentence_about_it() {
        let text = str::to_owned;
        let check = |answer: Answer, expected: &str| assert_eq!(answer.to_string(), expected);
        let rule = || text("rule \"Red\" (r/red)");
        check(Answer::Here { position: 3, total: 12, page: 1 }, "it is here: position 3 of 12, on page 1");
        check(Answer::BehindLimit { limit: 6 }, "it is proposed, but others fill the 6 places of the unit");
        check(Answer::Hidden { who: rule(), condition: None }, "rule \"Red\" (r/red) hides it");
        check(
            Answer::Hidden { who: rule(), condition: Some(refusal().wanted) },
            "rule \"Red\" (r/red) hides it: products whose color is `Red`",
        );
        check(
            Answer::FilteredOut { who: rule(), refusal: Some(refusal()) },
            "rule \"Red\" (r/red) shows only products whose color is `Red`, and its color is `Blue`",
        );
        check(
            Answer::FilteredOut { who: rule(), refusal: None },
            "rule \"Red\" (r/red) shows only products that it names, and this is none of them",
        );
        check(
            Answer::Filter { number: 1, refusal: refusal() },
            "filter 1 of the request asks for products whose color is `Red`, and its color is `Blue`",
        );
        let confined = |refusal| Confined { who: rule(), beside: vec![text("A")], refusal };
        check(
            Answer::NotProposed {
                unit_type: text("related"),
                sources: vec![confined(Some(refusal())), confined(None)],
            },
            "rule \"Red\" (r/red) beside `A` shows only products whose color is `Red`, and its color is `Blue`; \
             rule \"Red\" (r/red) beside `A` may show it, but shows others first or leaves it out because the shopper bought it",
        );
        check(
            Answer::NotInCategory { path: text("Men"), categories: vec![text("Women"), text("Sale")] },
            "it may be shown, but it is neither in `Men` nor below: it is in `Women` and `Sale`",
        );
    }

    #[test]
    fn what_an_act_did_begins_with_who_ordered_it() {
        let check = |verb: Verb, reason: &str, expected: &str| {
            let act = Act { verb, target: Target::Items(Vec::new()), reason: reason.to_owned() };
            assert_eq!(done("x", &act, None), expected);
        };
        check(Verb::Pin { position: 0 }, "rule \"A\" (r/a)", "rule \"A\" (r/a) pins it to position 1");
        check(Verb::Boost { factor: 1.5 }, "", "plugin `x` multiplies its score by 1.5");
        check(Verb::AtLeast { count: 2, first: 8 }, "B", "B wants at least 2 of those it names among the first 8");
        check(Verb::Note, "B", "B");
    }
}
