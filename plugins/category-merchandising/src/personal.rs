//! How well does a product suit the shopper?
//!
//! `0.7 · near(i) / max near + 0.3 · affinity(i)`, in `[0, 1]`. `near` adds up what was viewed in the same visits as the
//! shopper's ten newest views (the kernel's source `co-viewed`); `affinity` is the share of the product's categories,
//! brand, price band and attributes in what the shopper did lately. Of a shopper of whom nothing is known it is 0 for
//! every product, so that nothing changes.

use std::collections::HashMap;

use planogram_abi::{Call, Outcome, column, source};

/// Views that count, newest ones.
const VIEWS_MAX: usize = 10;
/// Neighbors that are looked at.
const NEIGHBORS_MAX: usize = 1_000;
/// Weight of what was viewed together; the rest is taste.
const NEAR_WEIGHT: f64 = 0.7;

/// The share of every item, `[items.len()]`, in `[0, 1]`.
///
/// # Errors
/// When the host gives no neighbors or no affinities.
pub fn shares(call: &Call<'_>, items: &[u32]) -> Outcome<Vec<f64>> {
    let recent = call.request.recent;
    let newest = &recent[..recent.len().min(VIEWS_MAX)];
    let near: HashMap<u32, f64> = match newest {
        [] => HashMap::new(),
        views => {
            let found = call.host.retrieve(source::CO_VIEWED, views, NEIGHBORS_MAX)?;
            found.into_iter().map(|candidate| (candidate.item, f64::from(candidate.score).max(0.0))).collect()
        }
    };
    let most = near.values().copied().fold(0.0, f64::max);
    let taste = call.host.gather(column::AFFINITY[0], items)?;
    let share = |(item, taste): (&u32, f32)| {
        let near = if most > 0.0 { near.get(item).copied().unwrap_or(0.0) / most } else { 0.0 };
        // NaN is not above 0.
        NEAR_WEIGHT * near + (1.0 - NEAR_WEIGHT) * f64::from(if taste > 0.0 { taste.min(1.0) } else { 0.0 })
    };
    Ok(items.iter().zip(taste).map(share).collect())
}
