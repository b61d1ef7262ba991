//! Which units does a page show, and how well are they supplied?
//!
//! The units of a page type, or those named, ranked over one snapshot in the order of their documents, each
//! product once. A unit that has nothing to show is left out. Readiness tries a unit on products of the catalog
//! and reports how far its own type fills it, before any fallback does.

use std::collections::BTreeSet;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::Engine;
use super::arms::Seen;
use super::read::{Reply, Ticket, rank_seen};
use super::types::*;
use crate::host::Attempt;
use crate::id::{ItemId, TimeMs};
use crate::limits::{PAGE_LISTS_MAX, READINESS_SAMPLE};
use crate::log::identity::People;
use crate::pipeline::request::*;
use crate::pipeline::run::Keep;
use crate::pipeline::unit::{self, Unit};
use crate::signal::{PlacementCounts, Window};
use crate::snapshot::{Epoch, Snapshot};

/// What was ranked, and for which request, so that it can be noted as served.
type Ranked = (ListRequest, String, Result<ListAnswer, QueryError>);

impl Engine {
    /// Ranks the units of a page; `reply` is called exactly once, possibly on another thread.
    pub fn submit_units(self: &Arc<Self>, request: UnitsRequest, reply: Reply<UnitsAnswer>) {
        if let UnitChoice::Ids(ids) = &request.choice
            && ids.len() > PAGE_LISTS_MAX
        {
            return reply(Err(QueryError::Invalid {
                parameter: "units".into(),
                message: format!("{} units are named", ids.len()),
                allowed: format!("at most {PAGE_LISTS_MAX}"),
            }));
        }
        let ticket: Ticket = self.ticket(&request.list);
        let (engine, people) = (self.clone(), self.people.clone());
        let job = move |snapshot: &Snapshot, seen: &Seen, attempt: &Attempt| {
            let (units, unknown) = chosen(snapshot, &seen.epoch, &request)?;
            let ranked = rank_units(&people.load(), snapshot, seen, &request, units, attempt);
            let empty =
                UnitsAnswer { lists: Vec::new(), unknown, as_of: snapshot.as_of(&seen.epoch), arms: seen.arms.clone() };
            Ok((ranked, empty))
        };
        let reply: Reply<(Vec<Ranked>, UnitsAnswer)> = Box::new(move |answer| {
            let answer = answer.map(|(ranked, empty)| {
                for (request, _, answer) in &ranked {
                    answer.iter().for_each(|answer| engine.note_served(request, answer));
                }
                let lists = ranked.into_iter().map(|(_, id, answer)| (id, answer)).collect();
                UnitsAnswer { lists, ..empty }
            });
            // Whoever has the answer may close the shop: no worker holds it open.
            drop(engine);
            reply(answer);
        });
        self.on_pool(ticket, job, reply);
    }

    /// How far a unit's own type fills it, tried on up to 200 products spread evenly over the catalog.
    ///
    /// # Errors
    /// As [`Engine::submit_list`].
    pub fn readiness(self: &Arc<Self>, unit: &str, store_view: &str) -> Result<Readiness, QueryError> {
        let snapshot = self.publisher.current();
        let skus = sample(&snapshot.catalog.sellable_items().clone())
            .into_iter()
            .map(|item| snapshot.catalog.sku_of(item).to_owned());
        let mut filled = 0.0;
        let mut tried = 0_u32;
        let mut proposed = BTreeSet::new();
        for sku in skus {
            let request = ListRequest {
                list: List::Unit { unit: unit.to_owned(), anchors: vec![sku] },
                store_view: store_view.to_owned(),
                page: Page { number: 1, size: crate::limits::UNIT_LIMIT_MAX },
                ..ListRequest::plain("readiness")
            };
            let answer = self.unserved(request)?;
            let own: Vec<ItemId> = answer.items.iter().filter(|hit| hit.is_primary()).map(|hit| hit.item).collect();
            let wanted = answer.unit.map_or(unit::DEFAULT_LIMIT, |unit| unit.limit).max(1);
            filled += (own.len() as f64 / f64::from(wanted)).min(1.0);
            proposed.extend(own);
            tried += 1;
        }
        let percent = if tried == 0 { 0.0 } else { 100.0 * filled / f64::from(tried) };
        Ok(Readiness { percent, products_tried: tried, products_proposed: proposed.len() as u64 })
    }
}

impl Engine {
    /// What a unit did in a window, or in all time, and the time the window ends with.
    pub fn placement(&self, unit: &str, window: Option<Window>) -> (PlacementCounts, TimeMs) {
        let snapshot = self.publisher.current();
        (snapshot.signals.placement(unit, window), snapshot.now_ms)
    }
}

/// Units by id in the order of the page, and names that lead to none.
type Chosen = (Vec<(String, Unit)>, Vec<String>);

/// The units asked for, with the names that lead to none.
fn chosen(snapshot: &Snapshot, epoch: &Epoch, request: &UnitsRequest) -> Result<Chosen, QueryError> {
    let list = &request.list;
    let view = epoch.shop.store_view(&list.store_view);
    let view = view.ok_or_else(|| QueryError::NotFound { what: "store view".into(), name: list.store_view.clone() })?;
    let live = unit::in_force(&epoch.documents(), &view.code, list.now_ms.unwrap_or(snapshot.now_ms));
    Ok(match &request.choice {
        UnitChoice::On => {
            let page_type = list.shopper.page_type.as_deref();
            (live.into_iter().filter(|(_, unit)| unit.is_on(page_type)).take(PAGE_LISTS_MAX).collect(), Vec::new())
        }
        UnitChoice::Ids(ids) => {
            let unknown = ids.iter().filter(|id| !live.iter().any(|(live, _)| live == *id)).cloned().collect();
            let found = |id: &String| live.iter().find(|(live, _)| live == id).cloned();
            (ids.iter().filter_map(found).collect(), unknown)
        }
    })
}

fn rank_units(
    people: &People,
    snapshot: &Snapshot,
    seen: &Seen,
    request: &UnitsRequest,
    units: Vec<(String, Unit)>,
    attempt: &Attempt,
) -> Vec<Ranked> {
    let mut taken = RoaringBitmap::new();
    let mut ranked = Vec::with_capacity(units.len());
    for (id, unit) in units {
        let list = ListRequest {
            list: List::Unit { unit: id.clone(), anchors: request.anchors.clone() },
            page: Page { number: 1, size: unit.limit },
            ..request.list.clone()
        };
        let answer = rank_seen(people, snapshot, seen, &list, &taken, attempt, Keep::Columns);
        if let Ok(answer) = &answer {
            taken.extend(answer.items.iter().map(|hit| hit.item.0));
        }
        // A heading without products helps nobody; a unit that failed is named.
        if answer.as_ref().is_ok_and(|answer| answer.items.is_empty() && answer.warnings.is_empty()) {
            continue;
        }
        ranked.push((list, id, answer));
    }
    ranked
}

/// At most [`READINESS_SAMPLE`] items, spread evenly.
fn sample(items: &RoaringBitmap) -> Vec<ItemId> {
    let n = items.len();
    let step = n.div_ceil(READINESS_SAMPLE as u64).max(1);
    items.iter().step_by(step as usize).map(ItemId).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_all_and_never_larger_than_its_bound() {
        let check = |n: u32, expected: usize| assert_eq!(sample(&(0..n).collect()).len(), expected, "{n}");
        check(0, 0);
        check(7, 7);
        check(200, 200);
        check(201, 101);
        check(4_000, 200);
        assert_eq!(sample(&(0..1_000).collect()).last(), Some(&ItemId(995)));
    }
}
