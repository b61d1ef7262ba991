//! How is a read answered?
//!
//! On the ranking pool: take one snapshot, find the arms and the epoch, run the pipeline, note what was served. A read that
//! names `min_seq` first waits for it without holding a worker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use roaring::RoaringBitmap;

use super::Engine;
use super::arms::{Ask, Seen};
use super::identity::{disguised, served_visitor};
use super::types::*;
use crate::host::{Attempt, PoolError};
use crate::id::Seq;
use crate::limits::PAGE_LISTS_MAX;
use crate::log::identity::People;
use crate::log::served::{Served, ServedKind, Shown};
use crate::pipeline::request::*;
use crate::pipeline::run::{self, Keep};
use crate::pipeline::{explain, filter, suggest};
use crate::snapshot::Snapshot;

/// Takes an answer, once, on whatever thread has it.
pub type Reply<T> = Box<dyn FnOnce(Result<T, QueryError>) + Send>;

/// What a read needs before it can run.
pub(super) struct Ticket {
    min_seq: Option<Seq>,
    deadline: Duration,
    ask: Ask,
}

impl Engine {
    /// The shop as a request of this moment sees it, for those who measure or compare.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.publisher.current()
    }

    /// Ranks one list; `reply` is called exactly once, possibly on another thread.
    pub fn submit_list(self: &Arc<Self>, request: ListRequest, reply: Reply<ListAnswer>) {
        if let Err(error) = self.check_filters([&request]) {
            return reply(Err(error));
        }
        let ticket = self.ticket(&request);
        let request = Arc::new(request);
        let served = (self.clone(), request.clone());
        let people = self.people.clone();
        let job = move |snapshot: &Snapshot, seen: &Seen, attempt: &Attempt| {
            let nothing = RoaringBitmap::new();
            rank_seen(&people.load(), snapshot, seen, &request, &nothing, attempt, Keep::Columns)
        };
        let reply: Reply<ListAnswer> = Box::new(move |answer| {
            let (engine, request) = served;
            if let Ok(answer) = &answer {
                engine.note_served(&request, answer);
            }
            // Whoever has the answer may close the shop: no worker holds it open.
            drop(engine);
            reply(answer);
        });
        self.on_pool(ticket, job, reply);
    }

    /// Ranks several lists over one snapshot, without duplicates across them: the first list keeps a product
    /// that several want, and the later ones take their next.
    pub fn submit_page(self: &Arc<Self>, page: PageRequest, reply: Reply<PageAnswer>) {
        let Some((_, first)) = page.lists.first() else {
            return reply(Err(invalid(
                "lists",
                "the page has no lists".into(),
                format!("1 to {PAGE_LISTS_MAX} allowed"),
            )));
        };
        if page.lists.len() > PAGE_LISTS_MAX {
            let message = format!("the page has {} lists", page.lists.len());
            return reply(Err(invalid("lists", message, format!("1 to {PAGE_LISTS_MAX} allowed"))));
        }
        if let Err(error) = self.check_filters(page.lists.iter().map(|(_, list)| list)) {
            return reply(Err(error));
        }
        // One snapshot for all: the first list's overlays, arms and deadline, the furthest position any waits for.
        let min_seq = page.lists.iter().filter_map(|(_, list)| list.min_seq).max();
        let ticket = Ticket { min_seq, ..self.ticket(&with_shopper(first, &page.shopper)) };
        let requests: Vec<ListRequest> = page.lists.iter().map(|(_, list)| with_shopper(list, &page.shopper)).collect();
        let served = (self.clone(), requests.clone());
        let people = self.people.clone();
        let job = move |snapshot: &Snapshot, seen: &Seen, attempt: &Attempt| {
            let people = people.load();
            let mut taken = RoaringBitmap::new();
            let mut lists = Vec::with_capacity(page.lists.len());
            for ((name, _), request) in page.lists.iter().zip(&requests) {
                let answer = rank_seen(&people, snapshot, seen, request, &taken, attempt, Keep::Columns);
                if let Ok(answer) = &answer {
                    taken.extend(answer.items.iter().map(|hit| hit.item.0));
                }
                lists.push((name.clone(), answer));
            }
            Ok(PageAnswer { lists, as_of: snapshot.as_of(&seen.epoch), arms: seen.arms.clone() })
        };
        let reply: Reply<PageAnswer> = Box::new(move |answer| {
            let (engine, requests) = served;
            let lists = answer.iter().flat_map(|page| &page.lists);
            for (request, (_, list)) in requests.iter().zip(lists) {
                list.iter().for_each(|list| engine.note_served(request, list));
            }
            drop(engine);
            reply(answer);
        });
        self.on_pool(ticket, job, reply);
    }

    /// Holds the filters of requests to the bounds of the shop.
    fn check_filters<'r>(&self, requests: impl IntoIterator<Item = &'r ListRequest>) -> Result<(), QueryError> {
        let max = self.attribute_bounds.text_filters_max;
        requests.into_iter().try_for_each(|request| filter::check_text_operators(&request.filters, max))
    }

    /// Ranks one list and waits for it.
    ///
    /// # Errors
    /// As [`Engine::submit_list`].
    pub fn list(self: &Arc<Self>, request: ListRequest) -> Result<ListAnswer, QueryError> {
        wait_for_reply(|reply| self.submit_list(request, reply))
    }

    /// Ranks one list and waits for it; nobody was served.
    pub(super) fn unserved(self: &Arc<Self>, request: ListRequest) -> Result<ListAnswer, QueryError> {
        let ticket = self.ticket(&request);
        let people = self.people.clone();
        let job = move |snapshot: &Snapshot, seen: &Seen, attempt: &Attempt| {
            let nothing = RoaringBitmap::new();
            rank_seen(&people.load(), snapshot, seen, &request, &nothing, attempt, Keep::Nothing)
        };
        wait_for_reply(|reply| self.on_pool(ticket, job, reply))
    }

    /// Suggests what to search for; `reply` is called exactly once, possibly on another thread.
    pub fn submit_suggest(self: &Arc<Self>, request: SuggestRequest, reply: Reply<SuggestAnswer>) {
        let (min_seq, deadline) = (request.min_seq, request.deadline);
        let plain = ListRequest { min_seq, deadline, ..ListRequest::plain(&request.request_id) };
        let job =
            move |snapshot: &Snapshot, seen: &Seen, _: &Attempt| suggest::suggest(snapshot, &seen.epoch, &request);
        self.on_pool(self.ticket(&plain), job, reply);
    }

    /// Suggests on the calling thread. For measuring, and for whoever waits anyway.
    ///
    /// # Errors
    /// As [`Engine::submit_suggest`].
    pub fn suggest_here(&self, request: &SuggestRequest) -> Result<SuggestAnswer, QueryError> {
        let snapshot = self.publisher.current();
        suggest::suggest(&snapshot, &snapshot.epoch, request)
    }

    /// Ranks one list on the calling thread: no queue, no watchdog, no deadline for plugins, and nothing is noted
    /// as served. For measuring the pipeline alone.
    ///
    /// # Errors
    /// As [`Engine::submit_list`].
    pub fn list_here(&self, request: &ListRequest) -> Result<ListAnswer, QueryError> {
        let snapshot = self.publisher.current();
        let seen = self.epochs.see(&snapshot, &Ask::of(request))?;
        let nothing = RoaringBitmap::new();
        rank_seen(&self.people.load(), &snapshot, &seen, request, &nothing, &Attempt::inline(), Keep::Nothing)
    }

    /// Ranks one page and waits for it.
    ///
    /// # Errors
    /// As [`Engine::submit_page`].
    pub fn page(self: &Arc<Self>, request: PageRequest) -> Result<PageAnswer, QueryError> {
        wait_for_reply(|reply| self.submit_page(request, reply))
    }

    /// "Why is this product not here?": the first thing that stopped it, or where it stands.
    ///
    /// # Errors
    /// As [`Engine::submit_list`]; an unknown sku is [`QueryError::NotFound`].
    pub fn explain_absence(self: &Arc<Self>, request: ListRequest, sku: &str) -> Result<String, QueryError> {
        let ticket = self.ticket(&request);
        let sku = sku.to_owned();
        let people = self.people.clone();
        let job = move |snapshot: &Snapshot, seen: &Seen, attempt: &Attempt| {
            explain::why_not(snapshot, &seen.epoch, &disguised(&people.load(), &request), &sku, attempt)
        };
        wait_for_reply(|reply| self.on_pool(ticket, job, reply))
    }

    pub(super) fn ticket(&self, request: &ListRequest) -> Ticket {
        Ticket { min_seq: request.min_seq, deadline: request.deadline.unwrap_or(self.deadline), ask: Ask::of(request) }
    }

    pub(super) fn on_pool<T: Send + 'static>(
        self: &Arc<Self>,
        ticket: Ticket,
        job: impl Fn(&Snapshot, &Seen, &Attempt) -> Result<T, QueryError> + Send + Sync + 'static,
        reply: Reply<T>,
    ) {
        let engine = self.clone();
        let Ticket { min_seq, deadline, ask } = ticket;
        let asked = Instant::now();
        let begin = move |reached: bool| {
            if !reached {
                let (at, wanted) = (engine.publisher.reached().seq, min_seq.unwrap_or(0));
                return reply(Err(QueryError::NotYet { at, wanted }));
            }
            let snapshot = engine.publisher.current();
            let epochs = engine.epochs.clone();
            // Every attempt sees the same snapshot; an epoch under overlays is made on the worker, not here.
            let job = Arc::new(move |attempt: &Attempt| job(&snapshot, &epochs.see(&snapshot, &ask)?, attempt));
            let reply = Box::new(move |outcome: Result<Result<T, QueryError>, PoolError>| {
                reply(outcome.unwrap_or_else(|error| Err(pool_error(error))));
            });
            engine.pool.submit(job, reply, deadline.saturating_sub(asked.elapsed()));
        };
        match min_seq {
            // The snapshot itself says how far it has come, without a lock.
            Some(wanted) if self.publisher.current().seq < wanted => {
                self.publisher.when(wanted, deadline, Box::new(begin));
            }
            _ => begin(true),
        }
    }

    pub(super) fn note_served(&self, request: &ListRequest, answer: &ListAnswer) {
        let (kind, subject) = match &request.list {
            List::Search { text } => (ServedKind::Search, text),
            List::Category { path } => (ServedKind::Category, path),
            List::Unit { unit, .. } => (ServedKind::Unit, unit),
        };
        self.served.record(&Served {
            request_id: &answer.request_id,
            time_ms: self.clock.now_ms(),
            kind,
            subject,
            store_view: &request.store_view,
            visitor: served_visitor(&self.people.load(), request),
            columns: &answer.columns,
            items: answer.items.iter().map(shown).collect(),
            arms: &answer.arms,
        });
    }
}

/// Ranks a list under what its request sees, for the pseudonym of who asks.
pub(super) fn rank_seen(
    people: &People,
    snapshot: &Snapshot,
    seen: &Seen,
    request: &ListRequest,
    taken: &RoaringBitmap,
    attempt: &Attempt,
    keep: Keep,
) -> Result<ListAnswer, QueryError> {
    let answer = run::rank_list(snapshot, &seen.epoch, &disguised(people, request), taken, attempt, keep)?;
    Ok(ListAnswer { arms: seen.arms.clone(), ..answer })
}

fn shown(hit: &Hit) -> Shown<'_> {
    Shown { item: hit.item, position: hit.position, score: hit.score, values: &hit.values }
}

/// A list of a page asks for whom the page does, unless it says otherwise.
fn with_shopper(request: &ListRequest, shopper: &Shopper) -> ListRequest {
    let mut request = request.clone();
    if request.shopper == Shopper::default() {
        request.shopper = shopper.clone();
    }
    request
}

fn wait_for_reply<T: Send + 'static>(submit: impl FnOnce(Reply<T>)) -> Result<T, QueryError> {
    let (sender, receiver) = crossbeam_channel::bounded(1);
    submit(Box::new(move |answer| drop(sender.send(answer))));
    receiver.recv().unwrap_or_else(|_| Err(QueryError::Internal("the request was dropped without an answer".into())))
}

fn invalid(parameter: &str, message: String, allowed: String) -> QueryError {
    QueryError::Invalid { parameter: parameter.into(), message, allowed }
}

fn pool_error(error: PoolError) -> QueryError {
    match error {
        PoolError::Overloaded { waiting, limit } => QueryError::Overloaded { waiting, limit },
        PoolError::Expired => QueryError::Expired,
        other => QueryError::Internal(other.to_string()),
    }
}
