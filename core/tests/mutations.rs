//! Do slightly wrong bytes upset the kernel's readers?
//!
//! The fuzz targets of `core/fuzz`, each with its valid inputs and a few thousand mutations of them from a fixed seed.
//! What only a long run with coverage finds is in that folder's README.

#![forbid(unsafe_code)]

#[path = "../fuzz/src/kernel.rs"]
mod kernel;
#[path = "../fuzz/src/mutate.rs"]
mod mutate;

use mutate::{Verdict, try_mutations};

/// Mutations a target gets.
const MUTATIONS: usize = 5_000;

fn check(name: &str, target: fn(&[u8]) -> Verdict, valid: &[Vec<u8>]) {
    let (taken, refused) = try_mutations(name, target, valid, MUTATIONS);
    assert_eq!(taken + refused, MUTATIONS);
    // Mutations that are all taken, or all refused at the first byte, would test nothing.
    assert!(refused > MUTATIONS / 4, "only {refused} of {MUTATIONS} refused");
}

#[test]
fn no_mutation_upsets_the_handshake() {
    check("handshake", kernel::handshake, &kernel::handshakes());
}

#[test]
fn no_mutation_upsets_the_reader_of_entries() {
    check("entry", kernel::entry, &kernel::entries());
}

#[test]
fn no_mutation_upsets_the_reader_of_snapshot_files() {
    check("checkpoint", kernel::checkpoint, &kernel::checkpoints());
}

#[test]
fn no_mutation_upsets_the_reader_of_conditions() {
    check("condition", kernel::condition, &kernel::conditions());
}

#[test]
fn no_mutation_upsets_the_reader_of_audiences() {
    check("audience", kernel::audience, &kernel::audiences());
}
