//! Which words play a part of their own?
//!
//! A few closed lists of ordinary words, by language: words that carry nothing of a query that has others, words after
//! which a name speaks of something else, and things that belong to other things. They say how names are built, not
//! what a shop sells; a language without a list does without. What words mean to one shop is for synonyms and rules.

use super::analyzer::{Language, Stemmer};
use super::statistics::Statistics;
use super::view::TextView;

/// Words that carry nothing of a query that has others, folded.
const STOP_WORDS: [(&str, &str); 6] = [
    ("en", "a an and at by for from in into is it my of on or that the this to with your"),
    ("de", "am an auf aus das dem den der die ein eine einen fur im in mit oder und von zu zum zur"),
    ("sv", "av den det en ett for fran i med och om pa som till"),
    ("fr", "a au aux avec d de des du en et l la le les ou par pour sur un une"),
    ("es", "a al con de del el en la las los o para por un una y"),
    ("nl", "aan bij de een en het in met of op te van voor"),
];

/// Words after which a name speaks of something else: `case for a phone`, folded.
const ASIDES: [(&str, &str); 6] = [
    ("en", "for with without w compatible fits by from"),
    ("de", "fur mit ohne von passend kompatibel"),
    ("sv", "for med utan till fran av"),
    ("fr", "pour avec sans compatible"),
    ("es", "para con sin compatible"),
    ("nl", "voor met zonder"),
];

/// Things that belong to other things: right behind a word they make the product one for it, as in `keyboard cover`,
/// folded.
const ACCESSORIES: [(&str, &str); 3] = [
    (
        "en",
        "accessory adapter adaptor attachment bag battery bracket briefcase cable cap carrier cartridge case charger \
         cleaner clip cord cover cradle cushion dock docking enclosure feeder filter fuser guard handle hinge holder \
         holster housing kit lamp liner lock memory module mount pad part pillow pouch protector rack refill remote \
         remover replacement rest roller screen shade skin sleeve software spare stand strap support template tip toner \
         tray warranty",
    ),
    ("de", "adapter akku halter halterung hulle kabel ladegerat schutz tasche zubehor ersatzteil"),
    ("sv", "adapter batteri fodral hallare kabel laddare skydd skal tillbehor vaska"),
];

/// The words with a part that the shop has.
#[derive(Debug, Default)]
pub(super) struct Roles {
    asides: Numbers,
    accessories: Numbers,
}

/// A few numbers of stems; asked for every word of every name, nearly always in vain, so most are turned away by one
/// bit.
#[derive(Debug, Default)]
struct Numbers {
    /// Which remainders of 1,024 there are.
    remainders: [u64; 16],
    /// Increasing.
    list: Vec<u32>,
}

impl Numbers {
    fn of(mut list: Vec<u32>) -> Self {
        list.sort_unstable();
        let mut remainders = [0; 16];
        for number in &list {
            remainders[(number >> 6 & 15) as usize] |= 1 << (number & 63);
        }
        Self { remainders, list }
    }

    #[inline]
    fn contains(&self, number: u32) -> bool {
        let may_be = self.remainders[(number >> 6 & 15) as usize] >> (number & 63) & 1 == 1;
        may_be && self.list.binary_search(&number).is_ok()
    }
}

impl Roles {
    /// The roles of the words of a view.
    pub fn new(language: Language, statistics: &Statistics) -> Self {
        let mut stemmer = Stemmer::new(language);
        let mut numbers = |lists: &[(&str, &str)]| {
            let stems = of(lists, language).map(|word| statistics.stems.get(&*stemmer.stem(word)));
            Numbers::of(stems.flatten().map(|count| count.id).collect())
        };
        Self { asides: numbers(&ASIDES), accessories: numbers(&ACCESSORIES) }
    }

    /// Does a name speak of something else behind this stem?
    #[inline]
    pub fn is_aside(&self, stem: u32) -> bool {
        self.asides.contains(stem)
    }

    /// Is it something that belongs to something else?
    #[inline]
    pub fn is_accessory(&self, stem: u32) -> bool {
        self.accessories.contains(stem)
    }
}

impl TextView {
    /// Whether the folded word carries nothing of a query that has others.
    pub fn is_stop_word(&self, word: &str) -> bool {
        of(&STOP_WORDS, self.language()).any(|stop| stop == word)
    }
}

fn of<'l>(lists: &[(&str, &'l str)], language: Language) -> impl Iterator<Item = &'l str> {
    let list = lists.iter().find(|(code, _)| *code == language.code());
    list.map_or("", |(_, words)| words).split_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::analyze;

    #[test]
    fn words_of_lists_are_folded_words() {
        for (code, words) in STOP_WORDS.iter().chain(&ASIDES).chain(&ACCESSORIES) {
            for word in words.split_whitespace() {
                assert_eq!(analyze(code, word), [word], "{code}");
            }
        }
    }
}
