//! Speed measurements of planogram, each beside a baseline in the same run.
//!
//! What the benches share: the [`shop`] they measure over, the [`measure`]ments themselves, the
//! [`traffic`] of a busy shop, and the [`plain`] index they are compared with. The benches are in `benches/`, what they found in `README.md` beside them.

#![forbid(unsafe_code)]

pub mod measure;
pub mod traffic;
pub mod plain;
pub mod shop;
