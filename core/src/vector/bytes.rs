//! How does a model stand in a file?
//!
//! Little-endian numbers and arrays in a fixed order, with a checksum behind them. A file is checked twice: against
//! its checksum, which finds damage, and part by part, so that a file with a good checksum and wrong contents is
//! refused as well. Lengths are checked before anything is allocated. Where files lie is not known here.

use std::collections::BTreeMap;

use super::graph::{Graph, Level};
use super::model::{Model, ModelSpace};
use super::packed::Packed;
use super::scan::Rows;
use super::terms::Terms;
use crate::limits::{CODE_BYTES_MAX, GRAPH_LEVELS_MAX, MODEL_SPACES_MAX};

const MAGIC: &[u8; 8] = b"PLGVECT2";
/// Files of an older version end behind the spaces: they have no words.
const MAGIC_WITHOUT_TERMS: &[u8; 8] = b"PLGVECT1";
const CHECKSUM_BYTES: usize = 32;

/// Why a model file was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("model file refused: {0}")]
pub struct ModelError(pub String);

/// The file of a model.
pub fn to_bytes(model: &Model) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(MAGIC);
    out.extend(model.generation.to_le_bytes());
    out.extend(model.built_at.to_le_bytes());
    number(&mut out, model.spaces.len());
    for (name, space) in &model.spaces {
        number(&mut out, name.len());
        out.extend(name.as_bytes());
        number(&mut out, space.packed.dimension());
        numbers(&mut out, space.packed.item_of());
        number(&mut out, space.packed.values().len());
        space.packed.values().iter().for_each(|value| out.extend(value.to_le_bytes()));
        number(&mut out, space.graph.as_ref().map_or(0, |graph| graph.upper.len() + 1));
        if let Some(graph) = &space.graph {
            out.extend(graph.entry.to_le_bytes());
            for level in std::iter::once(&graph.ground).chain(&graph.upper) {
                [&level.rows, &level.offsets, &level.neighbors].iter().for_each(|list| numbers(&mut out, list));
            }
        }
    }
    numbers(&mut out, model.terms.columns());
    number(&mut out, model.terms.values().len());
    model.terms.values().iter().for_each(|value| out.extend(value.to_le_bytes()));
    let checksum = blake3::hash(&out);
    out.extend(checksum.as_bytes());
    out
}

fn number(out: &mut Vec<u8>, n: usize) {
    out.extend((n as u32).to_le_bytes());
}

fn numbers(out: &mut Vec<u8>, list: &[u32]) {
    number(out, list.len());
    list.iter().for_each(|n| out.extend(n.to_le_bytes()));
}

/// The model in a file.
///
/// # Errors
/// When anything about the file is not as [`to_bytes`] writes it, with the part and the reason.
pub fn from_bytes(bytes: &[u8]) -> Result<Model, ModelError> {
    let refused = |reason: &str| ModelError(reason.to_owned());
    let Some((body, checksum)) = bytes.split_last_chunk::<CHECKSUM_BYTES>() else {
        return Err(ModelError(format!("{} bytes are too few", bytes.len())));
    };
    if blake3::hash(body) != *checksum {
        return Err(refused("the checksum does not fit, the file is damaged or cut off"));
    }
    let mut reader = Reader(body);
    let magic = reader.take("magic", MAGIC.len())?;
    if magic != MAGIC && magic != MAGIC_WITHOUT_TERMS {
        return Err(refused("not a model file of this version"));
    }
    let generation = reader.long("generation")?;
    let built_at = reader.long("log position")?;
    let mut spaces = BTreeMap::new();
    for _ in 0..reader.number("number of spaces", MODEL_SPACES_MAX)? {
        let (name, space) = reader.space()?;
        spaces.insert(name, space);
    }
    let terms = if magic == MAGIC { reader.terms()? } else { Terms::default() };
    if !reader.0.is_empty() {
        return Err(ModelError(format!("{} bytes follow the last part", reader.0.len())));
    }
    Ok(Model { generation, built_at, spaces, terms })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, what: &str, n: usize) -> Result<&'a [u8], ModelError> {
        let (taken, rest) = self
            .0
            .split_at_checked(n)
            .ok_or_else(|| ModelError(format!("{what} needs {n} bytes, {} are left", self.0.len())))?;
        self.0 = rest;
        Ok(taken)
    }

    fn long(&mut self, what: &str) -> Result<u64, ModelError> {
        Ok(self.take(what, 8)?.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte)))
    }

    fn number(&mut self, what: &str, max: usize) -> Result<usize, ModelError> {
        let n = self.words(what, 1)?.next().unwrap_or_default() as usize;
        if n <= max { Ok(n) } else { Err(ModelError(format!("{what} is {n}, at most {max} allowed"))) }
    }

    fn words(&mut self, what: &str, n: usize) -> Result<impl Iterator<Item = u32> + use<'a>, ModelError> {
        let bytes = n.checked_mul(4).ok_or_else(|| ModelError(format!("{what} has {n} numbers")))?;
        let (words, _) = self.take(what, bytes)?.as_chunks::<4>();
        Ok(words.iter().map(|word| u32::from_le_bytes(*word)))
    }

    fn list(&mut self, what: &str) -> Result<impl Iterator<Item = u32> + use<'a>, ModelError> {
        let n = self.number(what, usize::MAX)?;
        self.words(what, n)
    }

    fn space(&mut self) -> Result<(String, ModelSpace), ModelError> {
        let n = self.number("length of a name", CODE_BYTES_MAX)?;
        let name =
            std::str::from_utf8(self.take("a name", n)?).map_err(|error| ModelError(format!("a name: {error}")))?;
        let within = |reason: &dyn std::fmt::Display| ModelError(format!("space `{name}`: {reason}"));
        let dimension = self.number("dimension", usize::MAX)?;
        let items = self.list("items")?.collect();
        let values = self.list("values")?.map(f32::from_bits).collect();
        let packed = Packed::from_parts(dimension, items, values).map_err(|error| within(&error))?;
        let n_levels = self.number("number of levels", GRAPH_LEVELS_MAX + 1)?;
        let graph = match n_levels.checked_sub(1) {
            None => None,
            Some(n_upper) => {
                let entry = self.words("entry", 1)?.next().unwrap_or_default();
                let ground = self.level()?;
                let upper = (0..n_upper).map(|_| self.level()).collect::<Result<_, _>>()?;
                let graph =
                    Graph::from_parts(packed.len(), entry, ground, upper).map_err(|problem| within(&problem))?;
                Some(graph)
            }
        };
        Ok((name.to_owned(), ModelSpace { packed, graph }))
    }

    fn terms(&mut self) -> Result<Terms, ModelError> {
        let columns = self.list("columns of words")?.collect();
        let values = self.list("values of words")?.map(f32::from_bits).collect();
        Terms::from_parts(columns, values).map_err(ModelError)
    }

    fn level(&mut self) -> Result<Level, ModelError> {
        Ok(Level {
            rows: self.list("rows of a level")?.collect(),
            offsets: self.list("offsets of a level")?.collect(),
            neighbors: self.list("neighbors of a level")?.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use proptest::prelude::*;

    use super::*;
    use crate::id::ItemId;
    use crate::limits::MODEL_DIMENSION;
    use crate::vector::graph;

    fn model() -> Model {
        let vectors: Vec<Vec<f32>> =
            (0..60).map(|i| (0..8).map(|d| ((i * 7 + d * 3) as f32).sin()).collect()).collect();
        let rows = vectors.iter().zip(0..).map(|(vector, item)| (ItemId(item * 2), vector.as_slice()));
        let packed = Packed::new(8, rows).unwrap();
        let graph = graph::build(&packed, &AtomicBool::new(false));
        let bare = ModelSpace { packed: packed.clone(), graph: None };
        let spaces = [("bare".to_owned(), bare), ("graphed".to_owned(), ModelSpace { packed, graph })];
        let terms = Terms::from_parts(vec![3, 9], (0..2 * MODEL_DIMENSION).map(|n| n as f32).collect()).unwrap();
        Model { generation: 3, built_at: 17, spaces: spaces.into(), terms }
    }

    fn signed(mut body: Vec<u8>) -> Vec<u8> {
        let checksum = blake3::hash(&body);
        body.extend(checksum.as_bytes());
        body
    }

    #[test]
    fn a_model_is_read_as_it_was_written() {
        let model = model();
        assert!(model.spaces["graphed"].graph.is_some());
        // Not printed when it fails: a model is long.
        assert!(from_bytes(&to_bytes(&model)) == Ok(model));
    }

    #[test]
    fn every_cut_and_every_flipped_byte_is_refused() {
        let bytes = to_bytes(&model());
        for n in (0..bytes.len()).step_by(7) {
            assert!(from_bytes(&bytes[..n]).is_err(), "cut at {n}");
            let mut flipped = bytes.clone();
            flipped[n] ^= 0x40;
            assert!(from_bytes(&flipped).is_err(), "flipped at {n}");
        }
        let mut longer = bytes[..bytes.len() - CHECKSUM_BYTES].to_vec();
        longer.push(0);
        assert_eq!(
            from_bytes(&signed(longer)).unwrap_err().to_string(),
            "model file refused: 1 bytes follow the last part"
        );
    }

    #[test]
    fn a_file_without_words_is_still_read() {
        let model = Model { terms: Terms::default(), ..model() };
        let mut body = to_bytes(&model);
        // Two empty lists less, under the magic of before.
        body.truncate(body.len() - CHECKSUM_BYTES - 8);
        body[..MAGIC.len()].copy_from_slice(MAGIC_WITHOUT_TERMS);
        assert!(from_bytes(&signed(body)) == Ok(model));
    }

    #[test]
    fn a_cut_with_a_good_checksum_is_refused() {
        let bytes = to_bytes(&model());
        let body = &bytes[..bytes.len() - CHECKSUM_BYTES];
        for n in (0..body.len()).step_by(5) {
            assert!(from_bytes(&signed(body[..n].to_vec())).is_err(), "cut at {n}");
        }
    }

    proptest! {
        /// With a good checksum a flipped byte may give another model, but never one that breaks a search.
        #[test]
        fn no_file_breaks_a_search(at in 0usize..1 << 16, byte: u8) {
            let mut body = to_bytes(&model());
            body.truncate(body.len() - CHECKSUM_BYTES);
            let n = body.len();
            body[at % n] = byte;
            if let Ok(model) = from_bytes(&signed(body)) {
                for space in model.spaces.values() {
                    let mut scratch = crate::vector::SearchScratch::default();
                    space.similar(&vec![0.5; space.packed.dimension()], 5, &(0..200).collect(), |_| true, &mut scratch);
                }
            }
        }
    }
}
