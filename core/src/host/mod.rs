//! Who may help with ranking, and what happens when he misbehaves?
//!
//! The kernel's side of the plugin wall, in the order of a plugin's life: found (`discover`), read without being
//! run (`verify`), mapped (`load`), configured and described (`instance`), watched (`guard`, `pool`), and made
//! part of an immutable [`PluginSet`] that a snapshot holds (`set`, `registry`). Plugins are trusted code in
//! our process: the wall contains errors, panics, lateness and bad output, not memory corruption.
//! No plugin is named here; which ones run is configuration.

mod types;
pub mod discover;
pub mod verify;
pub mod load;
pub mod guard;
mod control;
mod copies;
pub mod instance;
mod watch;
pub mod pool;
pub mod set;
mod observe;
mod probe;
pub mod registry;
pub mod check;
pub mod scaffold;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use copies::Copies;
pub use guard::{BreakerState, Fault, FaultReason, GuardPolicy};
pub use observe::{EventColumns, ObserverSlot};
pub use pool::{Attempt, PoolConfig, PoolError, RankingPool};
pub use registry::{Host, HostConfig, LoadProblem, log_for_plugin};
pub use set::{AskError, CallContext, PluginSet, Slot};
pub use types::{PluginEntry, PluginInfo, ReloadError};
