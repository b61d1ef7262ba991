//! Do slightly wrong rows upset the server?
//!
//! The fuzz target of `core/fuzz` for rows of products, with valid bodies and a few thousand mutations of them from a
//! fixed seed.

#[path = "../../../core/fuzz/src/mutate.rs"]
mod mutate;
#[path = "../../../core/fuzz/src/rows.rs"]
mod rows;

const MUTATIONS: usize = 5_000;

#[test]
fn no_mutation_upsets_the_reader_of_rows() {
    let (taken, refused) = mutate::try_mutations("rows", rows::products, &rows::valid(), MUTATIONS);
    assert_eq!(taken + refused, MUTATIONS);
    assert!(refused > MUTATIONS / 4 && taken > 0, "{taken} taken, {refused} refused");
}
