//! How do foreign bytes reach the readers of this room?
//!
//! The readers of entries and snapshot files are private, because only the log and a start call them. Fuzz targets
//! (`core/fuzz`) and tests of them come in here. Only compiled for tests.

use super::checkpoint::{self, Checkpoint, CheckpointError};
use super::codec;
use super::entry::Entry;
use super::{AppendError, ReadError};
use crate::id::Seq;

/// Bytes of the checksum before an entry's payload.
pub const ENTRY_CHECKSUM_BYTES: usize = codec::CHECKSUM_BYTES;

/// Reads the bytes that stand at `seq` in the log.
///
/// # Errors
/// [`ReadError::Damaged`].
pub fn read_entry(seq: Seq, bytes: &[u8]) -> Result<Entry, ReadError> {
    codec::decode(seq, bytes)
}

/// An entry as the log stores it.
///
/// # Errors
/// [`AppendError::TooLarge`].
pub fn write_entry(entry: &Entry) -> Result<Vec<u8>, AppendError> {
    codec::encode(entry)
}

/// Any payload under the checksum it must have at `seq`, so that the decoder behind the checksum sees it.
pub fn signed_entry(seq: Seq, payload: &[u8]) -> Vec<u8> {
    let mut signed = codec::checksum(seq, payload).to_vec();
    signed.extend(payload);
    signed
}

/// Reads the bytes of a snapshot file.
///
/// # Errors
/// What is wrong with them, in words.
pub fn read_checkpoint(bytes: &[u8]) -> Result<Checkpoint, String> {
    checkpoint::read_from(bytes, bytes.len() as u64)
}

/// The bytes of a snapshot file.
///
/// # Errors
/// [`CheckpointError::Sections`] and [`CheckpointError::Name`].
pub fn write_checkpoint(checkpoint: &Checkpoint) -> Result<Vec<u8>, CheckpointError> {
    let sections: Vec<(&str, Vec<u8>)> = checkpoint.sections.iter().map(|(n, b)| (n.as_str(), b.clone())).collect();
    let mut bytes = checkpoint::header(checkpoint.seq, &sections)?;
    sections.iter().for_each(|(_, body)| bytes.extend(body));
    Ok(bytes)
}
