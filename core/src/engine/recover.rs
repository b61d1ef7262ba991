//! How does a shop start?
//!
//! From the newest good snapshot file and the tail of the log behind it; from the log alone when there is no
//! file. A damaged file is named and passed over. The same replay makes a shop as it was at an earlier
//! position: time travel is recovery that stops early.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::{info, warn};

use super::OpenError;
use super::observe::SavedObservers;
use super::state::{ObservedRow, State};
use crate::catalog::Catalog;
use crate::id::{ItemId, Seq};
use crate::limits::DEFAULT_VISITORS_MAX;
use crate::log::LogReader;
use crate::log::checkpoint::{self, Checkpoint};
use crate::signal::{SignalConfig, Signals};
use crate::vector::Vectors;
use crate::visitor::Visitors;

/// Writes the state into a snapshot file.
pub fn write_checkpoint(dir: &Path, state: &State, observers: &SavedObservers) -> Result<(), OpenError> {
    let path = checkpoint::write(dir, state.seq, &sections(state, observers)?).map_err(OpenError::from_any)?;
    info!(seq = state.seq, path = %path.display(), "snapshot file written");
    Ok(())
}

/// The state as the sections of a snapshot file; the same state has the same bytes.
pub(super) fn sections(state: &State, observers: &SavedObservers) -> Result<Vec<(&'static str, Vec<u8>)>, OpenError> {
    Ok(vec![
        ("meta", encode(&(state.seq, state.time_ms, state.text_seq, &state.plugins))?),
        ("catalog", encode(&state.catalog.save())?),
        ("signals", encode(&state.signals.save())?),
        ("visitors", encode(&state.visitors.save())?),
        ("config", encode(&state.store)?),
        ("observers", encode(observers)?),
        ("model", encode(&state.model)?),
    ])
}

/// Removes the snapshot files before the newest one, which must cover entry `seq`.
pub fn drop_checkpoints_before(dir: &Path, seq: Seq) -> Result<(), OpenError> {
    checkpoint::remove_before(dir, seq).map_err(OpenError::from_any)
}

/// A shop as it stands in its files.
#[derive(Default)]
pub struct Recovered {
    /// The views' state.
    pub state: State,
    /// Position of the snapshot file it began with, 0 without one.
    pub checkpointed: Seq,
    /// The observers' states at the snapshot file.
    pub observers: SavedObservers,
    /// Counted events behind the snapshot file, for the observers.
    pub observed: Vec<ObservedRow>,
}

/// The shop at the end of the log, or at `until`.
pub fn recover(dir: Option<&Path>, log: &LogReader, until: Option<Seq>) -> Result<Recovered, OpenError> {
    let end = log.last().0;
    if let Some(dir) = dir.filter(|_| until.is_none()) {
        set_aside_after(dir, end)?;
    }
    let until = until.unwrap_or(end);
    let mut recovered = match dir.map(|dir| newest_checkpoint(dir, until.min(end))).transpose()?.flatten() {
        Some(checkpoint) => decode(&checkpoint)?,
        None => Recovered::default(),
    };
    let state = &mut recovered.state;
    let first = log.first().map_err(OpenError::from_any)?;
    if state.seq < until && state.seq + 1 < first {
        return Err(OpenError(format!(
            "entry {until} cannot be reached: the log begins at entry {first}, and no good snapshot file covers what was cut"
        )));
    }
    for entry in log.scan(state.seq + 1) {
        let entry = entry.map_err(OpenError::from_any)?;
        if entry.seq > until {
            break;
        }
        if entry.seq != state.seq + 1 {
            let (expected, got) = (state.seq + 1, entry.seq);
            return Err(OpenError(format!(
                "the log goes on at entry {got}, expected {expected}: older entries were cut and no good snapshot file covers them"
            )));
        }
        recovered.observed.extend(state.fold(&entry).observed);
    }
    info!(seq = state.seq, from_checkpoint = recovered.checkpointed, "recovered");
    Ok(recovered)
}

/// Sets aside the snapshot files of entries that the log does not have (it was restored from a copy): once it has
/// grown past them, they would be taken for its own.
fn set_aside_after(dir: &Path, end: Seq) -> Result<(), OpenError> {
    let files = checkpoint::list(dir).map_err(OpenError::from_any)?;
    for (seq, path) in files.into_iter().take_while(|(seq, _)| *seq > end) {
        warn!(seq, end, file = %path.display(), "snapshot file is ahead of the log and set aside");
        checkpoint::set_aside(&path).map_err(OpenError::from_any)?;
    }
    Ok(())
}

fn newest_checkpoint(dir: &Path, until: Seq) -> Result<Option<Checkpoint>, OpenError> {
    let found = checkpoint::newest_good_until(dir, until).map_err(OpenError::from_any)?;
    for damaged in &found.damaged {
        warn!(file = %damaged.path.display(), reason = %damaged.reason, "snapshot file passed over");
    }
    Ok(found.checkpoint)
}

/// The state that a snapshot file holds.
pub(super) fn decode(checkpoint: &Checkpoint) -> Result<Recovered, OpenError> {
    let (seq, time_ms, text_seq, plugins) = section(checkpoint, "meta")?;
    let mut state = State {
        seq,
        time_ms,
        text_seq,
        plugins,
        catalog: Catalog::load(section(checkpoint, "catalog")?).map_err(OpenError::from_any)?,
        signals: Signals::load(section(checkpoint, "signals")?, SignalConfig::default()),
        visitors: Visitors::load(section(checkpoint, "visitors")?, DEFAULT_VISITORS_MAX),
        store: section(checkpoint, "config")?,
        // An older version's file names no model.
        model: checkpoint.section("model").map(|_| section(checkpoint, "model")).transpose()?.flatten(),
        vectors: Vectors::default(),
    };
    for item in state.catalog.alive_items().clone().iter() {
        state.follow_vectors(ItemId(item));
    }
    Ok(Recovered { state, checkpointed: seq, observers: section(checkpoint, "observers")?, observed: Vec::new() })
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>, OpenError> {
    rmp_serde::to_vec_named(value).map_err(OpenError::from_any)
}

fn section<T: DeserializeOwned>(checkpoint: &Checkpoint, name: &str) -> Result<T, OpenError> {
    let bytes = checkpoint
        .section(name)
        .ok_or_else(|| OpenError(format!("snapshot file at entry {} has no section `{name}`", checkpoint.seq)))?;
    rmp_serde::from_slice(bytes)
        .map_err(|e| OpenError(format!("section `{name}` of the snapshot file at entry {}: {e}", checkpoint.seq)))
}
