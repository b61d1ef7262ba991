//! What is the answer to a write?
//!
//! The good rows of a batch are in, the others are listed with line, pointer, message and what is allowed.

use planogram_core::engine::types::Rejected;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::decode::{Defect, cut};

/// The answer to a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ReceiptJson {
    /// Log position: a read with `min_seq` at or above it sees the write; 0 when nothing was written.
    pub seq: u64,
    /// Rows taken in.
    pub accepted: u64,
    /// Rows that were there already (event ids, order ids, idempotency key).
    pub duplicates: u64,
    /// Events without consent: not taken in, and nothing is left of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub unconsented: u64,
    /// Rows refused, in the order they came.
    pub rejected: Vec<RejectedJson>,
}

/// One refused row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RejectedJson {
    /// Line in NDJSON, element in an array, from 1.
    pub line: usize,
    /// Zero-based number of the row among those that came.
    pub index: usize,
    /// Sku or id of the row, when it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// JSON pointer to the first value at fault, inside the row.
    pub pointer: String,
    /// What is wrong, with the value.
    pub message: String,
    /// What is allowed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub allowed: String,
    /// Everything that is wrong with the row, when it is more than one thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Defect>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The refusal of a row with at least one defect.
pub fn rejected(line: usize, index: usize, key: Option<String>, mut defects: Vec<Defect>) -> RejectedJson {
    let all = if defects.len() > 1 { defects.clone() } else { Vec::new() };
    let first = if defects.is_empty() { Defect::new("", "the row was refused", "") } else { defects.swap_remove(0) };
    RejectedJson {
        line,
        index,
        sku: key,
        pointer: first.pointer,
        message: first.message,
        allowed: first.allowed,
        problems: all,
    }
}

/// The refusal the kernel gave a row.
pub fn from_kernel(line: usize, index: usize, key: Option<String>, refusal: Rejected) -> RejectedJson {
    rejected(line, index, key, vec![Defect::new(refusal.pointer, refusal.message, refusal.allowed)])
}

/// What names the row in a message: its `sku` or `id`, cut.
pub fn key_of(row: &Value) -> Option<String> {
    ["sku", "id"].iter().find_map(|field| row.get(*field)?.as_str()).map(cut)
}
