//! Which arms does a visitor see?
//!
//! A visitor takes part in an experiment, and gets an arm of it, by two independent numbers in `[0, 1)`:
//!
//! ```text
//! u(d) = (h >> 11) / 2^53,   h = first 8 bytes, little endian, of BLAKE3(d ‖ salt ‖ 0x00 ‖ visitor)
//! takes part  ⇔  u('t') < traffic
//! arm         =  the first whose cumulated weight is above u('a') × sum of weights
//! ```
//!
//! so that anybody can compute it, nothing is stored, and more traffic moves nobody from one arm to another. The
//! visitor is the id the request sends, else the customer's; whoever sends neither takes part in nothing.
//! Several experiments are laid over each other in the order of their ids, the later over the earlier.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use super::experiment::{Arm, Experiment};
use crate::config::document::{Document, DocumentKey};
use crate::config::store::Store;
use crate::id::TimeMs;
use crate::limits::EXPERIMENT_REMARKS_MAX;

/// Where a visitor falls when it is decided who takes part: uniform in `[0, 1)`.
pub fn share_of_traffic(salt: &str, visitor: &str) -> f64 {
    share(b't', salt, visitor)
}

/// Where a visitor falls among the arms: uniform in `[0, 1)`, independent of [`share_of_traffic`].
pub fn share_of_arm(salt: &str, visitor: &str) -> f64 {
    share(b'a', salt, visitor)
}

fn share(domain: u8, salt: &str, visitor: &str) -> f64 {
    let mut bytes: SmallVec<[u8; 128]> = SmallVec::new();
    bytes.push(domain);
    bytes.extend_from_slice(salt.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(visitor.as_bytes());
    let hash = blake3::hash(&bytes);
    let h = u64::from_le_bytes(*hash.as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes"));
    // 53 bits fit an f64 exactly.
    (h >> 11) as f64 / (1u64 << 53) as f64
}

/// An experiment as it is stored: where and when it runs.
#[derive(Clone, Debug, PartialEq)]
struct Planned {
    key: DocumentKey,
    from_ms: Option<TimeMs>,
    until_ms: Option<TimeMs>,
    experiment: Experiment,
}

/// Every experiment of one configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiments {
    /// By id, the one of every store view before those of single ones.
    by_id: BTreeMap<String, Vec<Planned>>,
}

/// The arms of one request: pairs of experiment and arm, by experiment.
pub type Arms = Vec<(String, String)>;

/// For whom arms are looked up.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// Code of the store view.
    pub view: &'a str,
    /// Time the request is answered for.
    pub now_ms: TimeMs,
    /// The visitor's id, else the customer's.
    pub visitor: Option<&'a str>,
    /// Arms to show whatever the visitor would get, also of experiments that do not run now.
    pub forced: &'a [(String, String)],
}

/// A forced arm that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownArm {
    /// What is wrong, with the value.
    pub message: String,
    /// The names there are.
    pub allowed: String,
}

impl Experiments {
    /// Experiments with the documents that hold them, in the order of [`crate::config::store::Selection::of_kind`].
    pub fn new(read: Vec<(&Document, Experiment)>) -> Self {
        let mut by_id: BTreeMap<String, Vec<Planned>> = BTreeMap::new();
        for (document, experiment) in read {
            let write = &document.write;
            let planned =
                Planned { key: write.key.clone(), from_ms: write.from_ms, until_ms: write.until_ms, experiment };
            by_id.entry(write.key.id.clone()).or_default().push(planned);
        }
        Self { by_id }
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The arms somebody sees, by experiment, and the overlays of all of them, the last on top.
    ///
    /// # Errors
    /// The first forced arm that does not exist.
    pub fn assign(&self, who: Who<'_>) -> Result<(Arms, Vec<String>), UnknownArm> {
        for (id, _) in who.forced {
            if self.in_view(id, who.view).is_none() {
                let ids: Vec<&str> =
                    self.by_id.keys().filter(|id| self.in_view(id, who.view).is_some()).map(String::as_str).collect();
                let allowed = if ids.is_empty() { "there are no experiments".to_owned() } else { ids.join(", ") };
                return Err(UnknownArm { message: format!("no experiment `{id}`"), allowed });
            }
        }
        let (mut arms, mut overlays) = (Arms::new(), Vec::new());
        for id in self.by_id.keys() {
            let arm = match who.forced.iter().find(|(forced, _)| forced == id) {
                Some((_, name)) => self.in_view(id, who.view).map(|it| forced_arm(it, name)).transpose()?,
                None => self
                    .running(id, who.view, who.now_ms)
                    .zip(who.visitor)
                    .and_then(|(experiment, visitor)| experiment.arm_of(visitor)),
            };
            if let Some(arm) = arm {
                arms.push((id.clone(), arm.name.clone()));
                overlays.extend(arm.overlays.iter().cloned());
            }
        }
        Ok((arms, overlays))
    }

    /// The experiment of an id that a store view knows, its own before the common one, whether or not it runs now.
    fn in_view(&self, id: &str, view: &str) -> Option<&Experiment> {
        let planned = self.by_id.get(id)?;
        let of = |scope: &str| planned.iter().find(|it| it.key.scope == scope).map(|it| &it.experiment);
        of(view).or_else(|| of(""))
    }

    /// As [`Self::in_view`], but only what is valid now.
    fn running(&self, id: &str, view: &str, now_ms: TimeMs) -> Option<&Experiment> {
        let planned = self.by_id.get(id)?;
        let of = |scope: &str| {
            planned.iter().find(|it| it.key.scope == scope && it.holds_at(now_ms)).map(|it| &it.experiment)
        };
        of(view).or_else(|| of(""))
    }

    /// Every combination of overlays that some visitor of some of `views` may see from `now_ms` on, each list as
    /// [`Experiments::assign`] gives it, without the live shop's. At most `max` of them; the flag says whether these
    /// are all.
    pub fn combinations(&self, views: &[String], now_ms: TimeMs, max: usize) -> (BTreeSet<Vec<String>>, bool) {
        let mut found = BTreeSet::new();
        for view in views {
            let mut of_view = BTreeSet::from([Vec::new()]);
            for planned in self.by_id.values() {
                let here = planned.iter().filter(|it| it.key.scope.is_empty() || it.key.scope == *view);
                let arms: Vec<&Arm> =
                    here.filter(|it| !it.is_over_at(now_ms)).flat_map(|it| &it.experiment.arms).collect();
                let with_arms = of_view.iter().flat_map(|below: &Vec<String>| {
                    arms.iter().map(move |arm| below.iter().chain(&arm.overlays).cloned().collect())
                });
                let with_arms: Vec<Vec<String>> = with_arms.collect();
                of_view.extend(with_arms);
                if of_view.len() > max + 1 {
                    of_view.remove(&Vec::new());
                    return (of_view.into_iter().take(max).collect(), false);
                }
            }
            found.extend(of_view);
        }
        found.remove(&Vec::new());
        let is_all = found.len() <= max;
        (found.into_iter().take(max).collect(), is_all)
    }

    /// What an author should know: arms whose overlays hold nothing, and experiments that change the same document
    /// at the same time, where the one with the greater id lies on top.
    pub fn remarks(&self, store: &Store) -> Vec<(DocumentKey, String)> {
        let mut remarks = Vec::new();
        let drafted: BTreeSet<&str> = store.drafts().map(|(_, overlay)| overlay).collect();
        let all: Vec<&Planned> = self.by_id.values().flatten().collect();
        for planned in &all {
            for arm in &planned.experiment.arms {
                let empty = arm.overlays.iter().filter(|overlay| !drafted.contains(overlay.as_str()));
                remarks.extend(empty.map(|overlay| {
                    (planned.key.clone(), format!("arm `{}`: overlay `{overlay}` has no draft", arm.name))
                }));
            }
        }
        let mut drafts: BTreeMap<&DocumentKey, Vec<&str>> = BTreeMap::new();
        store.drafts().for_each(|(key, overlay)| drafts.entry(key).or_default().push(overlay));
        for (at, below) in all.iter().enumerate() {
            for above in all[at + 1..].iter().filter(|above| below.meets(above)) {
                let both = drafts.iter().filter(|(_, overlays)| below.collides(above, overlays));
                for (key, _) in both {
                    let document = format!("{}/{}", key.kind, key.id);
                    let (low, high) = (&below.key.id, &above.key.id);
                    let said = format!(
                        "experiments `{low}` and `{high}` both change `{document}`: who is in both sees what `{high}` says"
                    );
                    remarks.push((below.key.clone(), said.clone()));
                    remarks.push((above.key.clone(), said));
                }
            }
        }
        remarks.truncate(EXPERIMENT_REMARKS_MAX);
        remarks
    }
}

fn forced_arm<'a>(experiment: &'a Experiment, name: &str) -> Result<&'a Arm, UnknownArm> {
    experiment.arm(name).ok_or_else(|| UnknownArm {
        message: format!("experiment `{}` has no arm `{name}`", experiment.id),
        allowed: experiment.arms.iter().map(|arm| arm.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}

impl Planned {
    fn holds_at(&self, now_ms: TimeMs) -> bool {
        self.from_ms.is_none_or(|from| from <= now_ms) && !self.is_over_at(now_ms)
    }

    fn is_over_at(&self, now_ms: TimeMs) -> bool {
        self.until_ms.is_some_and(|until| until <= now_ms)
    }

    /// Can one visitor be in both?
    fn meets(&self, other: &Self) -> bool {
        let (scope, other_scope) = (&self.key.scope, &other.key.scope);
        let one_view = scope == other_scope || scope.is_empty() || other_scope.is_empty();
        let begins = |it: &Self| it.from_ms.unwrap_or(TimeMs::MIN);
        let ends = |it: &Self| it.until_ms.unwrap_or(TimeMs::MAX);
        self.key.id != other.key.id && one_view && begins(self) < ends(other) && begins(other) < ends(self)
    }

    /// Does a document with drafts in `overlays` look different in an arm of each?
    fn collides(&self, other: &Self, overlays: &[&str]) -> bool {
        let of =
            |it: &Self, overlay: &str| it.experiment.arms.iter().any(|arm| arm.overlays.iter().any(|o| o == overlay));
        let mine = overlays.iter().filter(|overlay| of(self, overlay));
        mine.into_iter().any(|one| overlays.iter().any(|two| two != one && of(other, two)))
    }
}

/// A list of overlays in which each stands once, where it covers most: at its last place.
pub fn each_once(overlays: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(overlays.len());
    for overlay in overlays.into_iter().rev() {
        if !kept.contains(&overlay) {
            kept.push(overlay);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests;
