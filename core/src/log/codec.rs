//! How does an entry look as bytes?
//!
//! `checksum[16] ++ MessagePack`, structures with named fields, so that fields can be added and old entries
//! stay readable. The checksum is BLAKE3, truncated, over sequence (little endian) and payload: a flipped bit
//! and an entry that stands in the wrong place are both found. Compression is left to the file system.

use crate::id::Seq;
use crate::limits::ENTRY_BYTES_MAX;
use crate::log::entry::Entry;
use crate::log::{AppendError, ReadError};

/// Bytes of the checksum before the payload.
pub(super) const CHECKSUM_BYTES: usize = 16;

/// Encodes `entry` with its checksum.
pub(super) fn encode(entry: &Entry) -> Result<Vec<u8>, AppendError> {
    let mut bytes = vec![0; CHECKSUM_BYTES];
    let mut serializer = rmp_serde::Serializer::new(&mut bytes).with_struct_map();
    serde::Serialize::serialize(entry, &mut serializer)
        .map_err(|e| AppendError::Encode { seq: entry.seq, reason: e.to_string() })?;
    if bytes.len() > ENTRY_BYTES_MAX {
        return Err(AppendError::TooLarge { seq: entry.seq, bytes: bytes.len() });
    }
    let checksum = checksum(entry.seq, &bytes[CHECKSUM_BYTES..]);
    bytes[..CHECKSUM_BYTES].copy_from_slice(&checksum);
    Ok(bytes)
}

/// Decodes the entry that stands at `seq`, checking it first.
pub(super) fn decode(seq: Seq, bytes: &[u8]) -> Result<Entry, ReadError> {
    let damaged = |reason: String| ReadError::Damaged { seq, reason };
    let Some((expected, payload)) = bytes.split_first_chunk::<CHECKSUM_BYTES>() else {
        return Err(damaged(format!("it has {} bytes, at least {CHECKSUM_BYTES} expected", bytes.len())));
    };
    if checksum(seq, payload) != *expected {
        return Err(damaged("the checksum does not match".into()));
    }
    let entry: Entry = rmp_serde::from_slice(payload).map_err(|e| damaged(e.to_string()))?;
    if entry.seq != seq {
        return Err(damaged(format!("it says it is entry {}", entry.seq)));
    }
    Ok(entry)
}

/// The checksum of a payload that stands at `seq`.
pub(super) fn checksum(seq: Seq, payload: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = blake3::Hasher::new().update(&seq.to_le_bytes()).update(payload).finalize();
    *hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::doc::ProductPatch;
    use crate::log::entry::Body;
    use crate::log::testing::{entry, random_entry, seeded};
    use proptest::prelude::*;

    #[test]
    fn an_entry_is_not_accepted_at_another_place() {
        let bytes = encode(&entry(7, 1_000)).unwrap();
        assert_eq!(decode(7, &bytes).unwrap(), entry(7, 1_000));
        assert!(matches!(decode(8, &bytes), Err(ReadError::Damaged { seq: 8, .. })));
    }

    #[test]
    fn a_quantity_that_is_no_longer_counted_is_not_one_that_stays() {
        for quantity in [None, Some(None), Some(Some(2.5))] {
            let patch = ProductPatch { sku: "a".into(), quantity, ..ProductPatch::default() };
            let entry = Entry { body: Body::Patches(vec![patch]), ..entry(1, 1) };
            assert_eq!(decode(1, &encode(&entry).unwrap()).unwrap(), entry);
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let good = encode(&entry(3, 5)).unwrap();
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(decode(3, &bad), Err(ReadError::Damaged { seq: 3, .. })), "bit {bit}");
        }
    }

    proptest! {
        #![proptest_config(seeded(256))]

        #[test]
        fn what_is_read_is_what_was_written(seq in 1u64.., seed in any::<u64>()) {
            let entry = random_entry(seq, 0, seed);
            prop_assert_eq!(decode(seq, &encode(&entry).unwrap()).unwrap(), entry);
        }

        #[test]
        fn foreign_bytes_are_refused_without_a_panic(seq in 1u64.., bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(seq, &bytes).is_err());
            // The same with a right checksum, so that the decoder itself sees them.
            let mut signed = checksum(seq, &bytes).to_vec();
            signed.extend(&bytes);
            prop_assert!(decode(seq, &signed).is_err());
        }
    }
}
