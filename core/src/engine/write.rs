//! How does a change get in?
//!
//! Rows are checked at the door, the good ones become one entry, and the caller waits for as much as it asked
//! for: durable, visible, or searchable. What is refused is listed; it never takes the good rows with it.

use std::collections::HashMap;

use planogram_abi::Problem;

use super::Engine;
use super::types::*;
use crate::catalog::check;
use crate::catalog::doc::{CategoryChange, ProductDoc, ProductPatch};
use crate::id::{Seq, TimeMs};
use crate::limits::{
    EVENT_ITEMS_MAX, EVENT_TEXT_BYTES_MAX, PRICE_MINOR_MAX, PROFILE_ATTRIBUTES_MAX, PROFILE_NAME_BYTES_MAX,
    PROFILE_TEXT_BYTES_MAX, PROFILE_TEXTS_MAX, SKU_BYTES_MAX,
};
use crate::log::entry::Body;
use crate::log::writer::{Submission, SubmitError};
use crate::signal::event::{Event, EventKind, ProfileValue};
use crate::signal::{Admission, SignalConfig};

impl Engine {
    /// Creates or replaces products.
    ///
    /// # Errors
    /// [`WriteError::AllRejected`] when no row was good.
    pub fn put_products(&self, docs: Vec<ProductDoc>, options: WriteOptions) -> Result<Receipt, WriteError> {
        let snapshot = self.publisher.current();
        let mut door = Door::default();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let good = door.admit(docs, |at, doc| {
            let mut problems = check::check_product(doc);
            problems.extend(snapshot.catalog.check_vectors(doc));
            if let Some(first) = seen.insert(doc.sku.clone(), at) {
                seen.insert(doc.sku.clone(), first);
                let message = format!("`sku` {:?} stands in row {} of the same batch already", doc.sku, first + 1);
                problems.push(Problem::new("/sku", message, "each sku once in a batch"));
            }
            problems
        });
        self.append(door, good, Body::Products, options)
    }

    /// Changes parts of products; unknown skus are refused.
    ///
    /// # Errors
    /// [`WriteError::AllRejected`] when no row was good.
    pub fn patch_products(&self, patches: Vec<ProductPatch>, options: WriteOptions) -> Result<Receipt, WriteError> {
        let snapshot = self.publisher.current();
        let mut door = Door::default();
        let good = door.admit(patches, |_, patch| {
            let mut problems = check::check_patch(patch);
            if problems.is_empty() {
                problems = snapshot.catalog.check_patch_target(patch);
            }
            problems
        });
        self.append(door, good, Body::Patches, options)
    }

    /// Deletes products by sku; unknown skus are refused.
    ///
    /// # Errors
    /// [`WriteError::AllRejected`] when no row was good.
    pub fn delete_products(&self, skus: Vec<String>, options: WriteOptions) -> Result<Receipt, WriteError> {
        let snapshot = self.publisher.current();
        let mut door = Door::default();
        let exists = |sku: &str| {
            snapshot
                .catalog
                .item(sku)
                .is_some_and(|item| snapshot.catalog.sku_of(item) == sku && snapshot.catalog.product(item).is_some())
        };
        let good = door.admit(skus, |_, sku| if exists(sku) { Vec::new() } else { vec![unknown_sku(sku)] });
        self.append(door, good, Body::Deletions, options)
    }

    /// Changes the category tree.
    ///
    /// # Errors
    /// [`WriteError::AllRejected`] when no row was good.
    pub fn change_categories(
        &self,
        changes: Vec<CategoryChange>,
        options: WriteOptions,
    ) -> Result<Receipt, WriteError> {
        let snapshot = self.publisher.current();
        let mut door = Door::default();
        let good = door.admit(changes, |_, change| snapshot.catalog.check_category(change));
        self.append(door, good, Body::Categories, options)
    }

    /// Takes shopper events in. Events seen before are counted as duplicates; events too late or too far in the
    /// future are refused; events without consent are counted and dropped.
    ///
    /// # Errors
    /// [`WriteError::AllRejected`] when no row was good.
    pub fn ingest_events(&self, events: Vec<Event>, options: WriteOptions) -> Result<Receipt, WriteError> {
        let now_ms = self.clock.now_ms().max(self.publisher.current().now_ms);
        let mut door = Door::default();
        let good = door.admit(events, |_, event| {
            let mut problems = check_event(event);
            match in_time(event, now_ms) {
                Admission::TooLate { by_ms } => problems.push(Problem::new(
                    "/time",
                    format!("the event is {by_ms} ms older than the lateness bound"),
                    "events of the last 72 hours",
                )),
                Admission::Future { by_ms } => problems.push(Problem::new(
                    "/time",
                    format!("the event is {by_ms} ms further in the future than clocks may differ"),
                    "events until now",
                )),
                Admission::New | Admission::Duplicate => {}
            }
            problems
        });
        let n_good = good.len();
        let consented: Vec<Event> = good.into_iter().filter(|event| event.consent).collect();
        door.unconsented = (n_good - consented.len()) as u64;
        self.append(door, consented, Body::Events, options)
    }

    pub(super) fn append<T>(
        &self,
        door: Door,
        good: Vec<T>,
        body: impl FnOnce(Vec<T>) -> Body,
        options: WriteOptions,
    ) -> Result<Receipt, WriteError> {
        let (accepted, unconsented) = (good.len() as u64, door.unconsented);
        let mut receipt = Receipt { accepted, unconsented, rejected: door.rejected, ..Receipt::default() };
        if good.is_empty() {
            let all_were_bad = !receipt.rejected.is_empty() && unconsented == 0;
            return if all_were_bad { Err(WriteError::AllRejected(receipt)) } else { Ok(receipt) };
        }
        let acknowledge = options.acknowledge;
        let (seq, repeated) = self.submit(body(good), options)?;
        receipt.seq = seq;
        self.wait_for(seq, acknowledge)?;
        if repeated {
            (receipt.accepted, receipt.duplicates) = (0, receipt.accepted);
        } else if acknowledge != Acknowledge::Durable
            && let Some((accepted, duplicates)) = self.reports.of(seq)
        {
            (receipt.accepted, receipt.duplicates) = (accepted, duplicates);
        }
        Ok(receipt)
    }

    /// Makes an entry durable; says where it stands and whether its key was there already.
    pub(super) fn submit(&self, body: Body, options: WriteOptions) -> Result<(Seq, bool), WriteError> {
        if self.read_only {
            return Err(WriteError::Log("this shop was opened at an earlier position and takes no writes".into()));
        }
        let submission = Submission { actor: options.actor, idempotency_key: options.idempotency_key, body };
        let writer = super::lock(&self.machinery).as_ref().map(|machinery| machinery.writer.clone());
        let ticket = writer.ok_or(WriteError::Closing)?.submit(submission);
        let appended = ticket.wait().map_err(|error| match error {
            SubmitError::Closed => WriteError::Closing,
            other => WriteError::Log(with_causes(&other)),
        })?;
        Ok((appended.seq, appended.repeated))
    }

    pub(super) fn wait_for(&self, seq: Seq, acknowledge: Acknowledge) -> Result<(), WriteError> {
        let seen = match acknowledge {
            Acknowledge::Durable => true,
            Acknowledge::Visible => self.publisher.wait(None, |reached| reached.seq >= seq),
            Acknowledge::Text => self.publisher.wait(None, |reached| reached.text_seq >= seq),
        };
        // Durable all the same: the next start folds it.
        if seen { Ok(()) } else { Err(WriteError::Closing) }
    }
}

fn unknown_sku(sku: &str) -> Problem {
    Problem::new("", format!("no product `{sku}`"), "the sku of a product that was put before")
}

/// An error with the errors behind it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
}

/// Sorts rows into good and refused.
#[derive(Default)]
pub(super) struct Door {
    pub(super) rejected: Vec<Rejected>,
    /// Good rows that may not be taken in.
    unconsented: u64,
}

impl Door {
    pub(super) fn admit<T>(&mut self, rows: Vec<T>, mut check: impl FnMut(usize, &T) -> Vec<Problem>) -> Vec<T> {
        let mut good = Vec::with_capacity(rows.len());
        for (index, row) in rows.into_iter().enumerate() {
            let problems = check(index, &row);
            if problems.is_empty() {
                good.push(row);
                continue;
            }
            self.rejected.extend(problems.into_iter().map(|p| Rejected {
                index,
                pointer: p.pointer,
                message: p.message,
                allowed: p.allowed,
            }));
        }
        good
    }
}

/// What is wrong with an event, time aside.
fn check_event(event: &Event) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut refuse = |pointer: String, message: String, allowed: &str| {
        problems.push(Problem::new(pointer, message, allowed));
    };
    if event.id.is_empty() || event.id.len() > EVENT_TEXT_BYTES_MAX {
        refuse("/id".into(), format!("`id` has {} bytes", event.id.len()), "1 to 256 bytes");
    }
    for (name, text) in [("visitor", &event.visitor), ("session", &event.session)] {
        if text.len() > EVENT_TEXT_BYTES_MAX {
            refuse(format!("/{name}"), format!("`{name}` has {} bytes", text.len()), "at most 256 bytes");
        }
    }
    if event.items.len() > EVENT_ITEMS_MAX {
        refuse("/items".into(), format!("the event has {} items", event.items.len()), "at most 1000 items");
    }
    for (at, item) in event.items.iter().enumerate() {
        if item.sku.is_empty() || item.sku.len() > SKU_BYTES_MAX {
            refuse(format!("/items/{at}/sku"), format!("`sku` has {} bytes", item.sku.len()), "1 to 256 bytes");
        }
        if !(item.quantity.is_finite() && item.quantity > 0.0) {
            refuse(format!("/items/{at}/quantity"), format!("`quantity` is {}", item.quantity), "a number above 0");
        }
        if item.price_minor.is_some_and(|price| !(0..=PRICE_MINOR_MAX).contains(&price)) {
            refuse(format!("/items/{at}/price"), "`price` is out of range".into(), "0 or more");
        }
    }
    if !event.attributes.is_empty() && event.kind != EventKind::Profile {
        let message = format!("`attributes` of a {} event", event.kind.name());
        refuse("/attributes".into(), message, "attributes on events of kind profile");
    }
    if event.attributes.len() > PROFILE_ATTRIBUTES_MAX {
        let message = format!("the event has {} attributes", event.attributes.len());
        refuse("/attributes".into(), message, "at most 64 attributes");
    }
    for (name, value) in &event.attributes {
        let pointer = || format!("/attributes/{}", name.replace('~', "~0").replace('/', "~1"));
        if name.is_empty() || name.len() > PROFILE_NAME_BYTES_MAX {
            refuse(pointer(), format!("the name has {} bytes", name.len()), "1 to 64 bytes");
        }
        if let Some(value) = value {
            let (bytes, texts) =
                (value.text_bytes(), if let ProfileValue::List(texts) = value { texts.len() } else { 0 });
            if bytes > PROFILE_TEXT_BYTES_MAX || texts > PROFILE_TEXTS_MAX {
                refuse(pointer(), format!("{texts} texts of up to {bytes} bytes"), "at most 32 texts of 256 bytes");
            }
        }
    }
    problems
}

/// Whether an event is near enough to now; whether it was seen before is decided when it is folded.
fn in_time(event: &Event, now_ms: TimeMs) -> Admission {
    let config = SignalConfig::default();
    let late_by = now_ms - config.lateness_ms - event.time_ms;
    let early_by = event.time_ms - now_ms - config.future_ms;
    match (late_by > 0, early_by > 0) {
        (true, _) => Admission::TooLate { by_ms: late_by },
        (_, true) => Admission::Future { by_ms: early_by },
        _ => Admission::New,
    }
}
