//! Does the graph find what the scan finds, whatever the filter?

use std::sync::atomic::AtomicBool;

use roaring::RoaringBitmap;

use super::*;
use crate::id::ItemId;
use crate::vector::scan::{Near, Top, scan};
use crate::vector::{ModelSpace, SearchScratch, normalized};

/// `n` vectors around 60 centers, on every third item.
fn space(n: u32) -> Packed {
    let vectors: Vec<Vec<f32>> = (0..n).map(|row| point(row, 0)).collect();
    let rows = vectors.iter().zip(0..).map(|(vector, row)| (ItemId(row * 3), vector.as_slice()));
    Packed::new(16, rows).unwrap()
}

fn point(row: u32, salt: u32) -> Vec<f32> {
    let noise = |a: u32, b: u32| {
        let mixed = (a.wrapping_mul(2_654_435_761) ^ b.wrapping_mul(40_503)).wrapping_mul(2_246_822_519);
        f64::from(mixed ^ mixed >> 15) as f32 / u32::MAX as f32 - 0.5
    };
    (0..16).map(|d| noise(row % 60, d + 1_000) + 0.5 * noise(row + salt, d)).collect()
}

fn exact(packed: &Packed, query: &[f32], universe: &RoaringBitmap) -> Vec<Near> {
    let mut top = Top::default();
    top.reset(20);
    scan(packed, query, universe, |_| true, &mut top);
    top.best().to_vec()
}

/// One thread builds the same graph every time; of several, each meets what the others have linked so far.
fn built_by_one(packed: &Packed) -> Graph {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| build(packed, &AtomicBool::new(false))).unwrap()
}

#[test]
fn filters_never_leak_and_keep_recall() {
    let packed = space(2_000);
    let graph = built_by_one(&packed);
    let space = ModelSpace { packed: packed.clone(), graph: Some(graph.clone()) };
    let (mut scratch, mut walked) = (SearchScratch::default(), SearchScratch::default());
    for one_in in [1, 2, 5, 20, 100, 1_000] {
        let universe: RoaringBitmap =
            packed.item_of().iter().copied().filter(|item| item % (3 * one_in) == 0).collect();
        let (mut found, mut by_walk, mut wanted) = (0, 0, 0);
        for salt in 0..40 {
            let query = normalized(&point(salt * 71, 90_000)).unwrap();
            let exact = exact(&packed, &query, &universe);
            let near = space.similar(&query, 20, &universe, |_| true, &mut scratch).to_vec();
            walked.top.reset(20);
            graph.search(&packed, &query, 64, |item| universe.contains(item), &mut walked.walk, &mut walked.top);
            assert!(near.iter().chain(walked.top.best()).all(|near| universe.contains(near.item.0)), "a filter leaked");
            assert!(near.is_sorted_by(|a, b| a.rank(b).is_lt()), "best first, each once");
            wanted += exact.len();
            found += exact.iter().filter(|near_exact| near.contains(near_exact)).count();
            by_walk += exact.iter().filter(|near_exact| walked.top.best().contains(near_exact)).count();
        }
        assert!(found * 100 >= wanted * 95, "recall {found} of {wanted} with one in {one_in}");
        assert!(by_walk * 100 >= wanted * 95, "a walk alone finds {by_walk} of {wanted} with one in {one_in}");
    }
}

#[test]
fn rows_that_come_cluster_by_cluster_are_found() {
    let vector = |row: u32| -> Vec<f32> {
        let (center, own) = (point(row / 40 % 60, 0), point(row, 500_000));
        center.iter().zip(&own).map(|(center, own)| center + 0.1 * own).collect()
    };
    let vectors: Vec<Vec<f32>> = (0..2_000).map(vector).collect();
    let packed =
        Packed::new(16, vectors.iter().zip(0..).map(|(vector, row)| (ItemId(row), vector.as_slice()))).unwrap();
    let graph = built_by_one(&packed);
    let (mut scratch, mut top, mut found) = (Scratch::default(), Top::default(), 0);
    let everything: RoaringBitmap = (0..2_000).collect();
    for row in (0..2_000).step_by(20) {
        let exact = exact(&packed, packed.at(row), &everything);
        top.reset(20);
        graph.search(&packed, packed.at(row), 64, |_| true, &mut scratch, &mut top);
        found += exact.iter().filter(|near| top.best().contains(near)).count();
    }
    assert!(found >= 1_900, "{found} of 2000");
}

#[test]
fn every_row_finds_itself_and_a_search_is_always_the_same() {
    let packed = space(800);
    let graph = built_by_one(&packed);
    let (mut scratch, mut top) = (Scratch::default(), Top::default());
    for row in 0..packed.len() as u32 {
        top.reset(5);
        graph.search(&packed, packed.at(row), 64, |_| true, &mut scratch, &mut top);
        let first = top.best().to_vec();
        assert_eq!(first[0].item, ItemId(row * 3));
        top.reset(5);
        graph.search(&packed, packed.at(row), 64, |_| true, &mut Scratch::default(), &mut top);
        assert_eq!(top.best(), first, "a used scratch changes nothing");
    }
}

#[test]
fn one_thread_builds_the_same_graph_twice_and_a_raised_flag_stops_it() {
    let packed = space(600);
    let graph = built_by_one(&packed);
    assert!(graph == built_by_one(&packed));
    let levels = graph.upper;
    assert!(levels.iter().all(|level| level.neighbors.iter().all(|row| level.rows.contains(row))));
    assert_eq!(build(&packed, &AtomicBool::new(true)), None);
    assert_eq!(build(&Packed::default(), &AtomicBool::new(false)), None);
}

#[test]
fn even_a_lone_row_is_a_graph() {
    let packed = space(1);
    let graph = build(&packed, &AtomicBool::new(false)).unwrap();
    let mut top = Top::default();
    top.reset(3);
    graph.search(&packed, packed.at(0), 64, |_| true, &mut Scratch::default(), &mut top);
    assert_eq!(top.best().len(), 1);
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let level = |rows: &[u32], offsets: &[u32], neighbors: &[u32]| Level {
        rows: rows.to_vec(),
        offsets: offsets.to_vec(),
        neighbors: neighbors.to_vec(),
    };
    let good = level(&[0, 1], &[0, 1, 2], &[1, 0]);
    assert!(Graph::from_parts(2, 1, good.clone(), vec![level(&[1], &[0, 0], &[])]).is_ok());
    let check = |entry, ground, upper, expected: &str| {
        let problem = Graph::from_parts(2, entry, ground, upper).unwrap_err();
        assert!(problem.contains(expected), "{problem}");
    };
    check(2, good.clone(), vec![], "begins at row 2 of 2");
    check(0, level(&[0], &[0, 0], &[]), vec![], "the ground of the graph has 1 rows");
    check(0, level(&[0, 1], &[0, 1], &[1]), vec![], "offsets");
    check(0, level(&[0, 1], &[0, 2, 1], &[1]), vec![], "offsets");
    check(0, level(&[0, 1], &[0, 1, 2], &[1, 2]), vec![], "neighbor 2 of 2 rows");
    check(0, good, vec![level(&[1, 0], &[0, 0, 0], &[])], "level 1 of the graph: rows are not ascending");
}

#[test]
fn a_graph_pays_for_wide_universes_only() {
    assert!(pays(50_000, 50_000, 64) && pays(20_000, 20_000, 64));
    assert!(!pays(5_000, 50_000, 64) && !pays(7_000, 20_000, 64));
    assert!(!pays(50_000, 50_000, 2_000), "a long list is compared");
}
