//! planogram.
fn main() {}
