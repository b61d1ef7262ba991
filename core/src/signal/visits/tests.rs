//! Does the index learn from every view, stay bounded, and prefer what it should?

use super::*;
use crate::limits::{ITEM_VISITS_BEFORE_PRUNING_MAX, VISIT_VIEWS_MAX};

fn indexed(visits: &[&[u32]]) -> Visits {
    let mut index = Visits::default();
    visits.iter().for_each(|visit| append(&mut index, visit));
    index
}

/// The visits many times over, in a shop with many others.
fn shop(visits: &[&[u32]]) -> Visits {
    let mut index = Visits::default();
    (0..2_000).for_each(|i| append(&mut index, &[1_000 + i % 500, 1_000 + (7 * i + 1) % 500]));
    (0..40).for_each(|_| visits.iter().for_each(|visit| append(&mut index, visit)));
    index
}

fn append(index: &mut Visits, visit: &[u32]) {
    visit.iter().fold(None, |place, &item| Some(index.append(place, ItemId(item))));
}

fn next(index: &Visits, views: &[u32]) -> Vec<u32> {
    index.next(views, 10, |_| true).into_iter().map(|(item, _)| item.0).collect()
}

/// What comes next among items the visit has not seen.
fn next_new(index: &Visits, views: &[u32]) -> Vec<u32> {
    index.next(views, 10, |item| !views.contains(&item)).into_iter().map(|(item, _)| item.0).collect()
}

#[test]
fn an_append_changes_the_next_answer_and_no_earlier_view() {
    let mut index = indexed(&[&[1, 2], &[1, 2]]);
    let held = index.clone();
    assert_eq!(next_new(&index, &[1]), [2]);
    for _ in 0..5 {
        append(&mut index, &[1, 3]);
    }
    assert_eq!(next_new(&index, &[1]), [3, 2]);
    assert_eq!(next_new(&held, &[1]), [2]);
    let open = index.append(None, ItemId(1));
    index.append(Some(open), ItemId(4));
    assert!(next_new(&index, &[1]).contains(&4), "an open visit teaches, too");
}

#[test]
fn what_comes_after_stands_before_what_came_before() {
    assert_eq!(next_new(&shop(&[&[5, 1, 6]]), &[1]), [6, 5]);
    assert_eq!(next_new(&shop(&[&[1, 7, 8, 9]]), &[1]), [7, 8, 9]);
}

#[test]
fn a_visit_that_shares_more_counts_more_than_in_proportion() {
    let index = shop(&[&[1, 2, 10], &[2, 11], &[2, 11]]);
    assert_eq!(next_new(&index, &[2])[0], 11);
    assert_eq!(next_new(&index, &[1, 2])[0], 10);
}

#[test]
fn two_steps_lead_where_one_does_not() {
    let index = shop(&[&[1, 2], &[2, 3]]);
    assert_eq!(next_new(&index, &[1]), [2, 3]);
}

#[test]
fn going_back_is_proposed_where_shoppers_go_back() {
    let going_back: Vec<&[u32]> = vec![&[1, 2, 1], &[3, 4, 3], &[5, 6, 5], &[7, 8, 7]];
    let index = shop(&going_back);
    assert_eq!(next(&index, &[3, 6])[0], 3);
    let going_on: Vec<&[u32]> = vec![&[1, 2, 9], &[3, 4, 9], &[5, 6, 9], &[7, 8, 9]];
    let index = shop(&going_on);
    assert_eq!(next(&index, &[3, 6])[0], 9);
    assert!(!next_new(&index, &[3, 6]).contains(&3));
}

#[test]
fn probabilities_fall_and_sum_to_one_and_nothing_forbidden_is_proposed() {
    let index = indexed(&[&[1, 2, 3, 2], &[2, 4, 1], &[4, 3], &[6, 5, 2]]);
    let found = index.next(&[1, 2], 100, |item| item != 4);
    assert!(found.windows(2).all(|pair| pair[0].1 >= pair[1].1 && pair[1].1 > 0.0), "{found:?}");
    assert!((found.iter().map(|(_, share)| share).sum::<f32>() - 1.0).abs() < 1e-5);
    assert!(found.iter().all(|(item, _)| item.0 != 4));
    assert_eq!(index.next(&[1, 2], 2, |item| item != 4).len(), 2);
}

#[test]
fn the_unknown_and_the_empty_are_answered_with_nothing() {
    let index = indexed(&[&[1, 2]]);
    for views in [&[][..], &[99], &[u32::MAX, 77]] {
        assert_eq!(next(&index, views), Vec::<u32>::new(), "{views:?}");
    }
    assert_eq!(next(&Visits::default(), &[1]), Vec::<u32>::new());
    assert_eq!(index.next(&[1], 0, |_| true), []);
}

#[test]
fn a_machine_that_views_everything_stays_within_its_bound() {
    let mut index = Visits::default();
    let views: Vec<u32> = (0..3 * VISIT_VIEWS_MAX).collect();
    append(&mut index, &views);
    let seen = views.iter().filter(|&&item| index.rings.get(item).is_some()).count();
    assert_eq!(seen, VISIT_VIEWS_MAX as usize);
    for _ in 0..1_000 {
        append(&mut index, &[1, 2]);
    }
    assert!(index.rings.get(1).unwrap().newest.len() <= ITEM_VISITS_BEFORE_PRUNING_MAX);
    assert!(next(&index, &views).len() <= 10);
}

#[test]
fn what_was_loaded_answers_and_goes_on_like_the_original() {
    let mut x = 7_u32;
    let mut random = |n: u32| {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (x >> 8) % n
    };
    let visits: Vec<Vec<u32>> = (0..400).map(|_| (0..1 + random(25)).map(|_| random(60)).collect()).collect();
    let mut original = Visits::default();
    visits[..300].iter().for_each(|visit| append(&mut original, visit));
    let bytes = rmp_serde::to_vec(&original.save()).unwrap();
    let mut loaded = Visits::load(rmp_serde::from_slice(&bytes).unwrap());
    for visit in &visits[300..] {
        append(&mut original, visit);
        append(&mut loaded, visit);
        assert_eq!(original.next(visit, 20, |_| true), loaded.next(visit, 20, |_| true));
    }
    assert_eq!(original.save(), loaded.save());
}
