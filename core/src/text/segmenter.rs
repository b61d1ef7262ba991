//! Where do words end in scripts that put nothing between them?
//!
//! Chinese, Japanese, Thai, Lao, Khmer and Burmese are cut by the dictionaries of ICU4X, which are compiled in; other
//! scripts never come here. A dictionary does not know every name, and may cut a word in a query otherwise than in a
//! longer text. So every such word is indexed by its characters, too, marked so that no word is taken for one: a word
//! that no product has is looked up as its characters side by side. Chosen over lindera and charabia, which fetch
//! dictionaries while they build, and over neural models, which are slower and no better for product names.

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};

/// Leads a character that stands for itself; no word begins with it.
const MARK: char = '~';

/// Whether a folded character belongs to a script that is written without spaces.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c,
        // Thai and Lao but for their digits, Burmese, Khmer.
        '\u{e01}'..='\u{e4e}' | '\u{e81}'..='\u{ecd}' | '\u{edc}'..='\u{edf}'
        | '\u{1000}'..='\u{103f}' | '\u{1050}'..='\u{108f}' | '\u{1780}'..='\u{17d3}'
        // Kana and ideographs.
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

/// Whether a folded word is of such a script.
pub(super) fn is_unspaced_word(word: &str) -> bool {
    word.starts_with(is_unspaced)
}

/// The words of a run of such characters, in order; together they are the run.
pub(super) fn segment(run: &str) -> impl Iterator<Item = &str> {
    // Nothing is read or made here: the data is static.
    let segmenter: WordSegmenterBorrowed<'static> = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
    let mut start = 0;
    segmenter.segment_str(run).filter_map(move |end| {
        let word = &run[start..end];
        start = end;
        (!word.is_empty()).then_some(word)
    })
}

/// The characters of a word, each as the index has it.
pub(super) fn characters(word: &str) -> impl Iterator<Item = String> {
    word.chars().map(|c| String::from_iter([MARK, c]))
}

/// Whether an indexed text is a character and not a word.
pub(super) fn is_character(indexed: &str) -> bool {
    indexed.starts_with(MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(run: &str, expected: &str) {
        assert!(run.chars().all(is_unspaced), "{run}");
        assert_eq!(segment(run).collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn words_are_found() {
        check("男性用腕時計", "男性 用 腕時計");
        check("コーヒーメーカー", "コーヒーメーカー");
        check("黒い電話機", "黒い 電話機");
        check("蓝牙耳机", "蓝牙 耳机");
        check("儿童自行车", "儿童 自行 车");
        check("東京都の地図", "東京 都 の 地図");
        check("京都の地図", "京都 の 地図");
        check("ภาษาไทย", "ภาษา ไทย");
        check("รองเท้าวิ่ง", "รองเท้า วิ่ง");
        check("", "");
    }

    #[test]
    fn a_run_is_its_words() {
        for run in ["龘靐齉爩", "ๆๆๆ", "ー", "ကခဂ", "ភាសាខ្មែរ", "ພາສາລາວ"]
        {
            assert_eq!(segment(run).collect::<String>(), run);
        }
    }

    #[test]
    fn characters_are_no_words() {
        assert_eq!(characters("電話").collect::<Vec<_>>(), ["~電", "~話"]);
        assert!(characters("電").all(|c| is_character(&c)) && !is_character("電"));
    }
}
