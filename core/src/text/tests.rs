//! Does the text room keep its promises as a whole?
//!
//! Small shops, one question a test; and the property that matters most: the same documents give the same bits,
//! however they were committed, merged, deleted, replaced or read back from disk.

use planogram_abi::{Alternative, Query, TermGroup};
use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::*;
use crate::id::ItemId;

fn shop() -> Vec<TextDoc> {
    let doc = |item, name: &str, brand: &str, categories: &[&str], description: &str, sku: &str| TextDoc {
        brand: brand.to_owned(),
        categories: categories.iter().map(|c| (*c).to_owned()).collect(),
        description: description.to_owned(),
        skus: vec![sku.to_owned()],
        ..TextDoc::named(ItemId(item), name)
    };
    let mut docs = vec![
        doc(1, "Bruno Compete Hoodie", "Luma", &["Men", "Hoodies"], "Stay warm on cold days.", "MH03"),
        doc(
            2,
            "Chaz Kangeroo Hoodies",
            "Luma",
            &["Men", "Hoodies"],
            "A hoodie with a pouch, hoodie fans rejoice.",
            "MH01",
        ),
        doc(3, "Running Shoe", "Levi's", &["Shoes"], "Wear it under a hoodie. Stainless steel eyelets.", "24-MB01"),
        doc(4, "Wi-Fi Router 2TB", "Net&Co", &["Network"], "Steel case, stainless it is not.", "SM-G900"),
        doc(5, "Crème Brûlée Set", "Küche", &["Cooking"], "Für zwei.", "CB 7"),
        doc(6, "Red Lamp", "", &["Lighting"], "", "LAMP"),
    ];
    docs[5].attributes = vec![("crimson".to_owned(), 5), ("plastic".to_owned(), 1), ("secret".to_owned(), 0)];
    docs
}

fn view_of(docs: &[TextDoc]) -> TextView {
    let (mut index, seq) = TextIndex::open(None, "en-US", Tolerance::default()).unwrap();
    assert_eq!(seq, 0);
    index.apply(docs, &[]).unwrap();
    index.commit(7).unwrap()
}

/// Items, best first, each with what its words score.
fn ranked(view: &TextView, query: &Query, universe: Option<&RoaringBitmap>, match_: Match) -> Vec<(u32, f32)> {
    let mut found = view.search(query, &FieldWeights::default(), universe, match_).unwrap();
    found.sort_by(|a, b| b.score().total_cmp(&a.score()).then(a.item.cmp(&b.item)));
    found.into_iter().map(|found| (found.item.0, found.text)).collect()
}

fn items(view: &TextView, text: &str, last: LastWord) -> Vec<u32> {
    let query = read_query(view.language(), text, last);
    ranked(view, &query, None, Match::All).into_iter().map(|(item, _)| item).collect()
}

fn alternative(text: &str, weight: f32) -> Alternative {
    Alternative { text: text.to_owned(), weight, prefix: false }
}

#[test]
fn finds_words_in_their_forms() {
    let view = view_of(&shop());
    let check = |text, expected: &[u32]| assert_eq!(items(&view, text, LastWord::Whole), expected, "{text:?}");
    check("hoodie", &[2, 1, 3]);
    check("hoodies pouch", &[2]);
    check("CREME brulée", &[5]);
    check("levis", &[3]);
    check("wifi", &[4]);
    check("wi-fi", &[4]);
    check("wi fi router", &[4]);
    check("net&co", &[4]);
    check("crimson", &[6]);
    check("secret", &[]);
    check("zwei lamp", &[]);
    check("nowhere", &[]);
}

#[test]
fn finds_skus_and_numbers_however_they_are_written() {
    let view = view_of(&shop());
    for (sku, item) in
        [("24-MB01", 3), ("24mb01", 3), ("24 mb01", 3), ("SMG900", 4), ("sm-g900", 4), ("cb7", 5), ("cb-7", 5)]
    {
        assert_eq!(items(&view, sku, LastWord::Whole).first(), Some(&item), "{sku}");
    }
    assert_eq!(items(&view, "2 tb", LastWord::Whole), [4]);
    assert_eq!(items(&view_of(&[TextDoc::named(ItemId(1), "Disk 2 TB")]), "2tb", LastWord::Whole), [1]);
}

#[test]
fn a_sku_is_named_whole() {
    let mut docs = shop();
    docs[5].skus.push("LAMPSHADE-7".to_owned());
    let view = view_of(&docs);
    let by_sku = |text| {
        let query = read_query(view.language(), text, LastWord::Begun);
        let found = view.search(&query, &FieldWeights::default(), None, Match::All).unwrap();
        found.iter().map(|found| (found.item.0, found.by_sku)).collect::<Vec<_>>()
    };
    assert_eq!(by_sku("red lampsh"), [(6, false)]);
    assert_eq!(by_sku("lampshade7"), [(6, true)]);
    assert_eq!(by_sku("red lamp"), [(6, true)], "LAMP is a sku of its own");
}

#[test]
fn words_at_one_place_of_a_name_stand_in_one_order_whatever_was_indexed_before() {
    let fits = |names: [(u32, &str); 2]| {
        let view = view_of(&names.map(|(item, name)| TextDoc::named(ItemId(item), name)));
        let query = read_query(view.language(), "24in 80in door", LastWord::Whole);
        let found = view.search(&query, &FieldWeights::default(), None, Match::All).unwrap();
        found.iter().map(|found| (found.item.0, found.fit)).collect::<Vec<_>>()
    };
    let (door, shelf) = ((1, "24x80in door"), (2, "80in shelf"));
    assert_eq!(fits([door, shelf]), fits([shelf, door]));
}

#[test]
fn what_is_scattered_is_merged_in_quiet_times_and_answers_stay() {
    let (mut index, _) = TextIndex::open(None, "en", Tolerance::default()).unwrap();
    // Fewer segments than are merged anyway.
    for (doc, at) in shop().into_iter().take(3).zip(1..) {
        index.apply(&[doc], &[]).unwrap();
        index.commit(at).unwrap();
    }
    let before = index.view();
    assert_eq!((before.n_segments(), index.is_scattered(), index.merged().unwrap().is_none()), (3, true, true));
    assert!(index.begin_merge() && index.is_merging());
    let after = loop {
        if let Some(view) = index.merged().unwrap() {
            break view;
        }
        std::thread::yield_now();
    };
    assert_eq!((after.n_segments(), after.seq(), index.begin_merge()), (1, 3, false));
    let query = read_query(before.language(), "hoodie jacket", LastWord::Begun);
    let found = |view: &TextView| ranked(view, &query, None, Match::Share(0.0));
    assert_eq!(found(&after), found(&before));
}

#[test]
fn a_number_alone_is_no_part_of_a_query_with_words() {
    let names = ["bottle 5", "bottle", "rack 5", "5 hooks", "chain for 455"];
    let view = view_of(&(1..).zip(names).map(|(item, name)| TextDoc::named(ItemId(item), name)).collect::<Vec<_>>());
    let partial = |text| {
        let query = read_query(view.language(), text, LastWord::Whole);
        let mut items: Vec<u32> =
            ranked(&view, &query, None, Match::Share(0.0)).into_iter().map(|(item, _)| item).collect();
        items.sort_unstable();
        items
    };
    assert_eq!(partial("5 bottle"), [1, 2]);
    assert_eq!(partial("bottle 5"), [1, 2]);
    assert_eq!(partial("5 unheard"), [1, 3, 4], "no word of it is known");
    assert_eq!(partial("5 7"), [1, 3, 4]);
    assert_eq!(partial("455 bottle"), [1, 2, 5], "a longer number names a model");
}

#[test]
fn the_name_outweighs_the_description_and_the_exact_form_the_inflected() {
    let view = view_of(&shop());
    assert_eq!(items(&view, "hoodie", LastWord::Whole).last(), Some(&3));
    let forms = view_of(&[TextDoc::named(ItemId(1), "blue shoes"), TextDoc::named(ItemId(2), "blue shoe")]);
    assert_eq!(items(&forms, "shoes", LastWord::Whole), [1, 2]);
    assert_eq!(items(&forms, "shoe", LastWord::Whole), [2, 1]);
}

#[test]
fn words_are_found_where_nothing_stands_between_them() {
    let named = |names: &[&str]| {
        let docs = (1..).zip(names).map(|(item, name)| TextDoc::named(ItemId(item), *name));
        view_of(&docs.collect::<Vec<_>>())
    };
    let check = |view: &TextView, text, expected: &[u32]| {
        let mut found = items(view, text, LastWord::Whole);
        found.sort_unstable();
        assert_eq!(found, expected, "{text:?}");
    };
    let japanese = named(&["男性用腕時計", "電話機", "iPhone用ケース", "コーヒーメーカー 5カップ"]);
    check(&japanese, "腕時計", &[1]);
    check(&japanese, "腕時計 男性", &[1]);
    check(&japanese, "ケースiphone", &[3]);
    check(&japanese, "ｺｰﾋｰﾒｰｶｰ", &[4]);
    check(&japanese, "掃除機", &[]);
    assert_eq!(items(&japanese, "電話", LastWord::Begun), [2]);
    let chinese = named(&["儿童自行车", "蓝牙耳机", "男士 手表"]);
    check(&chinese, "自行车", &[1]);
    check(&chinese, "耳机 蓝牙", &[2]);
    let thai = named(&["รองเท้าวิ่งผู้ชาย", "น้ำหอมผู้หญิง"]);
    check(&thai, "รองเท้า", &[1]);
    check(&thai, "น้ำหอม", &[2]);
    check(&thai, "ผู้ชาย วิ่ง", &[1]);
}

#[test]
fn no_word_is_found_across_two_unless_nobody_has_it() {
    // 京都 (Kyoto) stands in 東京都 (Tokyo) as characters, not as a word.
    let tokyo = TextDoc::named(ItemId(1), "東京都の地図");
    let kyoto = TextDoc::named(ItemId(2), "京都の地図");
    assert_eq!(items(&view_of(&[tokyo.clone(), kyoto]), "京都", LastWord::Whole), [2]);
    // A word that no product has is found by its characters: dictionaries do not know every word.
    assert_eq!(items(&view_of(&[tokyo]), "京都", LastWord::Whole), [1]);
}

#[test]
fn weights_are_obeyed() {
    let view = view_of(&shop());
    let query = read_query(view.language(), "hoodie", LastWord::Whole);
    let names_only = FieldWeights { description: 0.0, category: 0.0, ..FieldWeights::default() };
    let mut found = view.search(&query, &names_only, None, Match::All).unwrap();
    found.sort_by_key(|found| found.item);
    assert_eq!(found.iter().map(|found| found.item.0).collect::<Vec<_>>(), [1, 2]);
    let light = TextDoc { attributes: vec![("oak".to_owned(), 1)], ..TextDoc::named(ItemId(1), "table") };
    let heavy = TextDoc { attributes: vec![("oak".to_owned(), 9)], ..TextDoc::named(ItemId(2), "table") };
    assert_eq!(items(&view_of(&[light, heavy]), "oak", LastWord::Whole), [2, 1]);
}

#[test]
fn phrases_stand_side_by_side() {
    let view = view_of(&shop());
    let phrase = |text: &str| Query {
        groups: vec![TermGroup { alternatives: vec![alternative("nowhere", 1.0), alternative(text, 0.5)] }],
        redirect: None,
    };
    let found = |text| ranked(&view, &phrase(text), None, Match::All).into_iter().map(|(i, _)| i).collect::<Vec<_>>();
    assert_eq!(found("stainless steel"), [3]);
    assert_eq!(found("steel eyelet"), [3]);
    assert_eq!(found("steel stainless"), [] as [u32; 0]);
    // No phrase reaches from one category, or sentence of another field, into the next.
    assert_eq!(found("men hoodies"), [] as [u32; 0]);
}

#[test]
fn the_best_alternative_counts_and_groups_add_up() {
    let view = view_of(&shop());
    let group = |alternatives: &[Alternative]| TermGroup { alternatives: alternatives.to_vec() };
    let score = |groups: Vec<TermGroup>| ranked(&view, &Query { groups, redirect: None }, None, Match::All)[0].1;
    let one = score(vec![group(&[alternative("lamp", 1.0)])]);
    assert_eq!(score(vec![group(&[alternative("lamp", 0.5)])]), one * 0.5);
    assert_eq!(score(vec![group(&[alternative("lamp", 0.5), alternative("lamp", 1.0), alternative("red", 0.1)])]), one);
    assert_eq!(score(vec![group(&[alternative("lamp", 1.0)]), group(&[alternative("lamp", 1.0)])]), one + one);
}

#[test]
fn a_begun_word_matches_but_a_full_word_comes_first() {
    let docs = [
        TextDoc::named(ItemId(1), "lampshade white"),
        TextDoc::named(ItemId(2), "lamp white"),
        TextDoc::named(ItemId(3), "lantern white"),
    ];
    let view = view_of(&docs);
    assert_eq!(items(&view, "lamp", LastWord::Begun), [2, 1]);
    assert_eq!(items(&view, "lamp", LastWord::Whole), [2]);
    assert_eq!(items(&view, "white la", LastWord::Begun), [1, 2, 3]);
    let open = Alternative { text: "white lamps".to_owned(), weight: 1.0, prefix: true };
    let query = Query { groups: vec![TermGroup { alternatives: vec![open] }], redirect: None };
    assert!(ranked(&view, &query, None, Match::All).is_empty());
    let view = view_of(&[TextDoc::named(ItemId(1), "white lampshade")]);
    assert_eq!(ranked(&view, &query, None, Match::All).len(), 1);
}

#[test]
fn what_does_not_match_is_held_against_a_document() {
    let view = view_of(&shop());
    let query = read_query(view.language(), "red hoodie unheard", LastWord::Whole);
    assert!(ranked(&view, &query, None, Match::All).is_empty());
    let any = ranked(&view, &query, None, Match::Share(0.0));
    let lamp = ranked(&view, &read_query(view.language(), "red", LastWord::Whole), None, Match::All)[0];
    assert_eq!(any.len(), 4);
    let lamp_alone = any.iter().find(|found| found.0 == 6).unwrap().1;
    assert!(lamp_alone < lamp.1, "{any:?}");
    // What the shop has no word for is not held against anybody.
    assert!(ranked(&view, &query, None, Match::Share(1.0)).is_empty());
    let known = read_query(view.language(), "red unheard", LastWord::Whole);
    assert_eq!(ranked(&view, &known, None, Match::Share(1.0)), [lamp]);
}

#[test]
fn only_the_universe_is_found() {
    let view = view_of(&shop());
    let query = read_query(view.language(), "hoodie", LastWord::Whole);
    let all = ranked(&view, &query, None, Match::All);
    let some = ranked(&view, &query, Some(&RoaringBitmap::from_iter([1, 3, 99])), Match::All);
    assert_eq!(some, all.into_iter().filter(|(item, _)| *item != 2).collect::<Vec<_>>());
    assert!(ranked(&view, &query, Some(&RoaringBitmap::new()), Match::All).is_empty());
}

#[test]
fn skipping_through_long_postings_gives_the_same_bits_as_walking() {
    let docs: Vec<TextDoc> = (0..1_500u32)
        .map(|i| {
            let mut doc = TextDoc::named(ItemId(i), if i % 97 == 5 { "rare common" } else { "common" });
            doc.description = "common filler ".repeat(i as usize % 7);
            doc
        })
        .collect();
    let view = view_of(&docs);
    let scores = |text| ranked(&view, &read_query(view.language(), text, LastWord::Whole), None, Match::All);
    let common: std::collections::BTreeMap<u32, f32> = scores("common").into_iter().collect();
    assert_eq!(common.len(), 1_500);
    for text in ["rare common", "common rare"] {
        let mut both = scores(text);
        both.sort_by_key(|(item, _)| *item);
        let mut expected: Vec<(u32, f32)> =
            scores("rare").into_iter().map(|(item, score)| (item, score + common[&item])).collect();
        expected.sort_by_key(|(item, _)| *item);
        assert_eq!(both.len(), 16);
        assert_eq!(both, expected, "{text}");
    }
}

#[test]
fn a_view_stays_what_it_was() {
    let (mut index, _) = TextIndex::open(None, "en", Tolerance::default()).unwrap();
    index.apply(&shop(), &[]).unwrap();
    assert!(items(&index.view(), "hoodie", LastWord::Whole).is_empty());
    let before = index.commit(1).unwrap();
    index.apply(&[TextDoc::named(ItemId(6), "Hoodie hanger")], &[ItemId(1), ItemId(77)]).unwrap();
    let after = index.commit(2).unwrap();
    assert_eq!(items(&before, "lamp", LastWord::Whole), [6]);
    assert_eq!(items(&before, "hoodie", LastWord::Whole).len(), 3);
    assert!(items(&after, "lamp", LastWord::Whole).is_empty());
    let mut found = items(&after, "hoodie", LastWord::Whole);
    found.sort_unstable();
    assert_eq!(found, [2, 3, 6]);
    assert_eq!((before.seq(), after.seq(), after.n_documents()), (1, 2, 5));
}

#[test]
fn similar_items_share_words() {
    let docs = shop();
    let view = view_of(&docs);
    let like = |doc: &TextDoc, k| view.similar(doc, k, None).unwrap().into_iter().map(|(i, _)| i.0).collect::<Vec<_>>();
    assert_eq!(like(&docs[0], 5), [2]);
    assert_eq!(like(&docs[0], 0), [] as [u32; 0]);
    assert_eq!(like(&TextDoc::named(ItemId(50), "hoodie shoe"), 1).len(), 1);
    assert_eq!(like(&TextDoc::named(ItemId(50), "???"), 5), [] as [u32; 0]);
}

#[test]
fn a_better_known_word_is_one_of_the_corrections() {
    let (mut index, _) = TextIndex::open(None, "en", Tolerance::default()).unwrap();
    // Beside words of few documents one that counts as common, its plural, and one just below.
    let words = ["lantern"; 16].into_iter().chain(["lanters"; 14]).chain(["lanterns"; 20]).chain(["lanterm", "banter"]);
    let docs: Vec<TextDoc> = words.zip(0..).map(|(word, n)| TextDoc::named(ItemId(n), word)).collect();
    index.apply(&docs, &[]).unwrap();
    let view = index.commit(1).unwrap();
    for word in ["lanterm", "lantern", "lanters", "lanternz", "bantern", "kettle"] {
        let corrections = view.corrections(word, 9);
        let near = |min| corrections.iter().filter(move |c| c.distance == 1 && c.documents >= min);
        for min in 0..25 {
            let expected = near(min).any(|c| !view.is_form_of(&c.word, word));
            assert_eq!(view.has_better_known(word, min), expected, "{word} {min}");
        }
    }
    assert!(view.has_better_known("lanterm", 16) && !view.has_better_known("lanterm", 17));
}

#[test]
fn corrects_and_completes_from_live_words() {
    let (mut index, _) = TextIndex::open(None, "en", Tolerance::default()).unwrap();
    index.apply(&shop(), &[]).unwrap();
    let view = index.commit(1).unwrap();
    let corrected = |view: &TextView, word: &str| {
        view.corrections(word, 3).into_iter().map(|c| (c.word, c.distance)).collect::<Vec<_>>()
    };
    assert_eq!(corrected(&view, "hodie"), [("hoodie".to_owned(), 1)]);
    assert_eq!(corrected(&view, "LAPM"), [("lamp".to_owned(), 1)]);
    assert_eq!(corrected(&view, "kangarooo"), [("kangeroo".to_owned(), 2)]);
    assert_eq!(corrected(&view, "rejoyce"), [("rejoice".to_owned(), 1)], "descriptions as a last resort");
    for left_alone in ["rde", "g90", "mh02", "two words", "", "xqzwv"] {
        assert_eq!(corrected(&view, left_alone), [], "{left_alone:?}");
    }
    let completed = |view: &TextView, prefix: &str| {
        view.completions(prefix, 2).into_iter().map(|c| (c.word, c.documents)).collect::<Vec<_>>()
    };
    assert_eq!(completed(&view, "Hood"), [("hoodie".to_owned(), 1), ("hoodies".to_owned(), 1)]);
    assert_eq!(completed(&view, "stain"), [], "names only");
    index.apply(&[], &[ItemId(6)]).unwrap();
    let view = index.commit(2).unwrap();
    assert_eq!(corrected(&view, "lapm"), []);
    assert_eq!(completed(&view, "lam"), []);
}

#[test]
fn a_first_letter_is_wrong_only_of_a_common_word() {
    let (mut index, _) = TextIndex::open(None, "en", Tolerance::default()).unwrap();
    let words = ["lantern"; 15].into_iter().chain(["kettle"; 14]);
    let docs: Vec<TextDoc> = words.zip(0..).map(|(word, n)| TextDoc::named(ItemId(n), word)).collect();
    index.apply(&docs, &[]).unwrap();
    let view = index.commit(1).unwrap();
    let corrected = |word: &str| view.corrections(word, 3).into_iter().map(|c| c.word).collect::<Vec<_>>();
    assert_eq!(corrected("pantern"), ["lantern"]);
    assert_eq!(corrected("pantorn"), [""; 0], "one error, not two");
    assert_eq!(corrected("mettle"), [""; 0]);
    assert_eq!(corrected("kettel"), ["kettle"]);
}

#[test]
fn another_reading_makes_no_word_weigh_more() {
    let names = ["Tool set"; 40].into_iter().chain(["Bits 4set", "Hammer", "Big hammer"]);
    let docs: Vec<TextDoc> = names.zip(0..).map(|(name, n)| TextDoc::named(ItemId(n), name)).collect();
    let view = view_of(&docs);
    let group = |alternatives| TermGroup { alternatives };
    let set = group(vec![alternative("set", 1.0), alternative("4set", 0.9)]);
    let query = Query { groups: vec![set, group(vec![alternative("hammer", 1.0)])], redirect: None };
    let mut found: Vec<u32> =
        ranked(&view, &query, None, Match::Share(0.6)).into_iter().map(|(item, _)| item).collect();
    found.sort_unstable();
    assert_eq!(found, [41, 42], "the hammer is most of it");
}

#[test]
fn what_has_to_be_typed_as_written_is_neither_guessed_nor_found_by_guesses() {
    let mut docs = vec![TextDoc::named(ItemId(1), "Mug"), TextDoc::named(ItemId(2), "Cobalt bowl")];
    docs[0].verbatim = vec![("cobalt".to_owned(), 1), ("titanium".to_owned(), 1)];
    docs[1].brand = "Sonara".to_owned();
    let view_with = |tolerance: Tolerance| {
        let (mut index, _) = TextIndex::open(None, "en", tolerance).unwrap();
        index.apply(&docs, &[]).unwrap();
        index.commit(1).unwrap()
    };
    let view = view_with(Tolerance::default());
    let corrected = |view: &TextView, word: &str| view.corrections(word, 3).into_iter().map(|c| c.word).next();
    assert_eq!(corrected(&view, "titanum"), None);
    assert_eq!(corrected(&view, "cobolt").as_deref(), Some("cobalt"), "it stands in a name, too");
    assert_eq!(corrected(&view, "sonora").as_deref(), Some("sonara"));
    assert_eq!(corrected(&view_with(Tolerance::default().without(TextField::Brand)), "sonora"), None);
    let query = read_query(view.language(), "cobalt", LastWord::Whole);
    let found = |guesses: &[Guess]| {
        let asked = Asked { query: &query, guesses };
        let found = view.search(asked, &FieldWeights::default(), None, Match::All).unwrap();
        let mut items: Vec<u32> = found.into_iter().map(|found| found.item.0).collect();
        items.sort_unstable();
        items
    };
    assert_eq!(found(&[]), [1, 2]);
    assert_eq!(found(&[Guess { group: 0, text: "cobalt".to_owned() }]), [2]);
}

#[test]
fn words_are_split_and_joined_as_the_shop_writes_them() {
    let names = ["Arbeit Handschuh", "Hose blau", "Winterhosen", "Smartwatch", "Arbeit Hose", "Handschuhe"];
    let docs: Vec<TextDoc> = (0..).zip(names).map(|(item, name)| TextDoc::named(ItemId(item), name)).collect();
    let (mut index, _) = TextIndex::open(None, "de-DE", Tolerance::default()).unwrap();
    index.apply(&docs, &[]).unwrap();
    let view = index.commit(1).unwrap();
    let pair = |left: &str, right: &str| Some((left.to_owned(), right.to_owned()));
    assert_eq!(view.split("Arbeitshose"), pair("arbeit", "hose"));
    assert_eq!(view.split("Winterhosen"), None, "nothing is called winter");
    assert_eq!(view.joined("smart", "watch").as_deref(), Some("smartwatch"));
    assert_eq!(view.joined("blau", "hose"), None);
    assert_eq!(view.compounds_of("Hose", 5), ["winterhos"]);
    assert_eq!(view_of(&docs).compounds_of("Hose", 5), [] as [&str; 0], "English writes them apart");
    assert!(view.is_stop_word("mit") && !view.is_stop_word("hose"));
}

#[test]
fn odd_queries_are_answered() {
    let view = view_of(&shop());
    let long = "hoodie ".repeat(36);
    for text in ["", " ", "&", "-", "\u{0}", "💡 … ½", &long, &"x".repeat(255), &"a ".repeat(127), "red -- lamp"] {
        for last in [LastWord::Whole, LastWord::Begun] {
            items(&view, text, last);
        }
    }
    assert_eq!(items(&view, "red -- lamp", LastWord::Whole), [6]);
    assert_eq!(items(&view, &long, LastWord::Whole).len(), 3);
    let punctuation = TermGroup { alternatives: vec![alternative("&", 1.0)] };
    let lamp = TermGroup { alternatives: vec![alternative("lamp", 1.0)] };
    let query = Query { groups: vec![punctuation, lamp], redirect: None };
    assert_eq!(ranked(&view, &query, None, Match::All).len(), 1);
}

#[test]
fn what_is_out_of_range_is_refused() {
    let view = view_of(&shop());
    let search = |alternatives: Vec<Alternative>, weights: FieldWeights| {
        let query = Query { groups: vec![TermGroup { alternatives }], redirect: None };
        view.search(&query, &weights, None, Match::All).map(|_| ()).unwrap_err().to_string()
    };
    let nan = FieldWeights { brand: f32::NAN, ..FieldWeights::default() };
    assert!(search(vec![], nan).contains("`brand` is NaN"));
    assert!(search(vec![alternative("x", 1.5)], FieldWeights::default()).contains("`x` is 1.5"));
    assert!(search(vec![alternative("x", 1.0); 1_001], FieldWeights::default()).contains("1001 alternatives"));
}

#[test]
fn a_huge_description_is_indexed() {
    let mut doc = TextDoc::named(ItemId(1), "manual");
    doc.description = "tome ".repeat((1 << 20) / 5);
    let view = view_of(&[doc, TextDoc::named(ItemId(2), "tome")]);
    assert_eq!(items(&view, "tome", LastWord::Whole).len(), 2);
}

#[test]
fn comes_back_from_disk_with_its_position() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("text");
    let (mut index, seq) = TextIndex::open(Some(&path), "en-US", Tolerance::default()).unwrap();
    assert_eq!(seq, 0);
    index.apply(&shop(), &[]).unwrap();
    index.commit(41).unwrap();
    index.apply(&[TextDoc::named(ItemId(9), "lost lamp")], &[]).unwrap();
    assert!(matches!(TextIndex::open(Some(&path), "en-US", Tolerance::default()), Err(TextError::Busy { .. })));
    drop(index);
    let (index, seq) = TextIndex::open(Some(&path), "en-GB", Tolerance::default()).unwrap();
    assert_eq!((seq, index.view().seq()), (41, 41));
    assert_eq!(items(&index.view(), "lamp", LastWord::Whole), [6]);
    let (view, fresh) = (index.view(), view_of(&shop()));
    let (again, first) = (view.statistics(), fresh.statistics());
    assert_eq!((again.documents, again.lengths), (first.documents, first.lengths));
    assert!(again.words == first.words);
    let places = |view: &TextView| {
        let name = view.statistics().names.of(ItemId(4)).iter().map(|word| (word.position, word.is_number));
        name.collect::<Vec<_>>()
    };
    assert_eq!(places(&view), places(&fresh));
}

#[test]
fn damage_asks_for_a_rebuild() {
    let make = || {
        let dir = tempfile::tempdir().unwrap();
        let (mut index, _) = TextIndex::open(Some(dir.path()), "en", Tolerance::default()).unwrap();
        index.apply(&shop(), &[]).unwrap();
        index.commit(3).unwrap();
        dir
    };
    let refused = |dir: &tempfile::TempDir, locale: &str| {
        let error = TextIndex::open(Some(dir.path()), locale, Tolerance::default()).map(|_| ()).unwrap_err();
        assert!(error.needs_rebuild(), "{error}");
        let mut index = TextIndex::rebuild(dir.path(), locale, Tolerance::default()).unwrap();
        index.apply(&shop(), &[]).unwrap();
        assert_eq!(items(&index.commit(3).unwrap(), "lamp", LastWord::Whole), [6]);
    };
    refused(&make(), "de");
    let files = |dir: &tempfile::TempDir| {
        let mut files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| !file.file_name().unwrap().to_string_lossy().starts_with('.'));
        files.sort();
        files
    };
    let n_files = files(&make()).len();
    assert!(n_files > 4);
    for at in 0..n_files {
        let flipped = make();
        let file = &files(&flipped)[at];
        let mut bytes = std::fs::read(file).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle] ^= 0x55;
        std::fs::write(file, bytes).unwrap();
        // A changed byte may leave the list of segments readable; then the index must still be whole.
        if file.ends_with("meta.json") && TextIndex::open(Some(flipped.path()), "en", Tolerance::default()).is_ok() {
            continue;
        }
        refused(&flipped, "en");
        let truncated = make();
        let file = &files(&truncated)[at];
        let bytes = std::fs::read(file).unwrap();
        std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
        refused(&truncated, "en");
        let missing = make();
        let file = &files(&missing)[at];
        std::fs::remove_file(file).unwrap();
        if !file.ends_with("meta.json") {
            refused(&missing, "en");
        }
    }
}

/// One thing that happens to a small shop.
#[derive(Clone, Debug)]
enum Step {
    Put(TextDoc),
    Delete(ItemId),
    Commit,
    Compact,
}

const WORDS: [&str; 16] = [
    "red",
    "shoe",
    "shoes",
    "running",
    "run",
    "wi-fi",
    "lamp",
    "lamps",
    "2tb",
    "blue",
    "steel",
    "case",
    "b-52",
    "été",
    "東京都",
    "黒い電話機",
];

fn any_text(words: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), words).prop_map(|words| words.join(" "))
}

fn any_step() -> impl Strategy<Value = Step> {
    let doc = (0u32..12, any_text(0..5), any_text(0..12), any_text(0..2), any_text(0..2), any_text(0..3), 0u8..4);
    let put = doc.prop_map(|(item, name, description, brand, category, attribute, weight)| {
        let attributes = vec![(attribute, weight)];
        let categories = vec![category, brand.clone()];
        let skus = vec![format!("S-{item}")];
        let verbatim = vec![(brand.clone(), weight)];
        Step::Put(TextDoc { item: ItemId(item), name, description, brand, categories, skus, attributes, verbatim })
    });
    prop_oneof![
        8 => put,
        3 => (0u32..12).prop_map(|item| Step::Delete(ItemId(item))),
        2 => Just(Step::Commit),
        1 => Just(Step::Compact),
    ]
}

/// Everything a view answers to a fixed list of questions, scores as bits.
fn answers(view: &TextView) -> Vec<String> {
    let mut out = Vec::new();
    for text in [
        "red",
        "shoes",
        "run shoe",
        "lamp steel",
        "wifi",
        "s 3",
        "b-52",
        "2 tb",
        "r",
        "sh",
        "blue la",
        "ete case red",
        "東京",
        "黒い機",
    ] {
        for (last, match_) in
            [(LastWord::Whole, Match::All), (LastWord::Begun, Match::All), (LastWord::Whole, Match::Share(0.0))]
        {
            let found = ranked(view, &read_query(view.language(), text, last), None, match_);
            let bits: Vec<String> =
                found.iter().map(|(item, score)| format!("{item}:{:08x}", score.to_bits())).collect();
            out.push(format!("{text} {last:?} {match_:?}: {}", bits.join(" ")));
        }
    }
    let phrase = TermGroup { alternatives: vec![alternative("running shoe", 1.0), alternative("blue", 0.7)] };
    out.push(format!("{:?}", ranked(view, &Query { groups: vec![phrase], redirect: None }, None, Match::All)));
    out.push(format!("{:?}", view.similar(&TextDoc::named(ItemId(3), "red running lamp"), 5, None).unwrap()));
    out.push(format!("{:?}", view.corrections("runnign", 5)));
    out.push(format!("{:?}", view.completions("s", 5)));
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn scores_do_not_depend_on_commits_and_merges(steps in prop::collection::vec(any_step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let (mut as_told, _) = TextIndex::open(Some(dir.path()), "en", Tolerance::default()).unwrap();
        let (mut at_once, _) = TextIndex::open(None, "en", Tolerance::default()).unwrap();
        let (mut eager, _) = TextIndex::open(None, "en", Tolerance::default()).unwrap();
        let mut live: std::collections::BTreeMap<ItemId, TextDoc> = Default::default();
        for (at, step) in steps.iter().enumerate() {
            let (upserts, deletes) = match step {
                Step::Put(doc) => (vec![doc.clone()], vec![]),
                Step::Delete(item) => (vec![], vec![*item]),
                _ => (vec![], vec![]),
            };
            for index in [&mut as_told, &mut at_once, &mut eager] {
                index.apply(&upserts, &deletes).unwrap();
            }
            deletes.iter().for_each(|item| drop(live.remove(item)));
            live.extend(upserts.into_iter().map(|doc| (doc.item, doc)));
            eager.commit(at as u64 + 1).unwrap();
            match step {
                Step::Commit => drop(as_told.commit(at as u64 + 1).unwrap()),
                Step::Compact => drop(as_told.compact().unwrap()),
                _ => {}
            }
        }
        let last = steps.len() as u64;
        let expected = answers(&view_of(&live.into_values().collect::<Vec<_>>()));
        prop_assert_eq!(&answers(&at_once.commit(last).unwrap()), &expected);
        prop_assert_eq!(&answers(&eager.commit(last).unwrap()), &expected);
        prop_assert_eq!(&answers(&eager.compact().unwrap()), &expected);
        prop_assert_eq!(&answers(&as_told.commit(last).unwrap()), &expected);
        drop(as_told);
        let (reopened, _) = TextIndex::open(Some(dir.path()), "en", Tolerance::default()).unwrap();
        prop_assert_eq!(&answers(&reopened.view()), &expected);
    }
}
