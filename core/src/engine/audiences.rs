//! What can be asked of audiences, and told?
//!
//! Sizes and members are counted over every profile when they are asked for, by the code that a request is answered
//! with, so that they are the memberships and no copy of them: milliseconds for thousands of profiles, a minute for ten
//! million. Members go by the key of their profile, because the shop knows no names; access to a person says theirs.
//! What another system says of its own audiences comes in here, too.

use std::collections::BTreeMap;
use std::sync::Arc;

use planogram_abi::Problem;

use super::Engine;
use super::arms::Seen;
use super::identity::disguised;
use super::read::Reply;
use super::types::*;
use super::write::Door;
use crate::catalog::BookChain;
use crate::catalog::views::StoreView;
use crate::config::document::{DocumentKey, DocumentState, DocumentWrite};
use crate::expr::audience::{AUDIENCE_KIND, AppliesTo, Audiences, Person, find_cycle};
use crate::expr::{EvalContext, SmartTree, is_same_audience, named_in};
use crate::host::Attempt;
use crate::id::TimeMs;
use crate::limits::{
    AUDIENCE_ID_BYTES_MAX, AUDIENCE_MEMBERS_PAGE_MAX, EVENT_TEXT_BYTES_MAX, MEMBERS_ROWS_MAX, OUTSIDE_AUDIENCES_MAX,
};
use crate::log::entry::{Body, Membership};
use crate::pipeline::audience;
use crate::pipeline::members::of_view;
use crate::pipeline::request::{AsOf, ListRequest};
use crate::pipeline::run::resolve_demand;
use crate::snapshot::{Epoch, Snapshot, read_audiences};
use crate::visitor::Visitor;

/// One state of the shop, as one store view sees it at a time.
struct Sight {
    snapshot: Arc<Snapshot>,
    epoch: Arc<Epoch>,
    book: BookChain,
    view: StoreView,
    now_ms: TimeMs,
    smart: Option<Arc<SmartTree>>,
}

impl Sight {
    fn set(&self) -> &Audiences {
        &self.epoch.shop.audiences
    }

    fn context(&self) -> EvalContext<'_> {
        let demand = resolve_demand(&self.snapshot, &self.epoch, &self.view);
        EvalContext {
            book: &self.book,
            now_ms: self.now_ms,
            view: &self.view.code,
            demand: Some(demand),
            seq: self.snapshot.seq,
            tree: self.smart.as_ref(),
        }
    }

    /// A profile as a request without words of its own would see it.
    fn person<'a>(&'a self, visitor: &'a Visitor) -> Person<'a> {
        let outside = self.snapshot.visitors.outside();
        Person { visitor, is_registered: visitor.is_account, cart: None, group: None, outside, vouched: &[] }
    }

    fn audiences_of(&self, visitor: &Visitor) -> Vec<&str> {
        let mut of = self.set().of(&self.person(visitor), &self.snapshot.catalog, &self.context());
        of.extend(self.snapshot.visitors.outside().audiences_of(visitor));
        of.sort_unstable();
        of.dedup();
        of
    }

    fn as_of(&self) -> AsOf {
        self.snapshot.as_of(&self.epoch)
    }
}

impl Engine {
    /// Every audience that has a document in force or was named by another system, in order of id, with its size.
    /// Looks at every profile.
    ///
    /// # Errors
    /// [`QueryError::NotFound`] for an unknown store view.
    pub fn audiences(&self, ask: &ShopAsk) -> Result<AudienceList, QueryError> {
        let sight = self.sight(ask)?;
        let mut found: BTreeMap<String, AudienceInfo> = BTreeMap::new();
        for document in sight.set().in_force(&sight.view.code, sight.now_ms) {
            let audience = &document.audience;
            let info = AudienceInfo {
                id: document.id.clone(),
                name: audience.name.clone(),
                applies_to: applies_to(audience.applies_to),
                has_condition: audience.condition.is_some(),
                size: 0,
            };
            found.insert(document.id.clone(), info);
        }
        for id in sight.snapshot.visitors.outside().ids().filter(|id| !found.contains_key(*id)).collect::<Vec<_>>() {
            let (id, name) = (id.to_owned(), id.to_owned());
            let info = AudienceInfo { id, name, applies_to: "everyone", has_condition: false, size: 0 };
            found.insert(info.id.clone(), info);
        }
        for (_, visitor) in sight.snapshot.visitors.profiles(None) {
            for id in sight.audiences_of(visitor) {
                found.get_mut(id).into_iter().for_each(|info| info.size += 1);
            }
        }
        Ok(AudienceList { audiences: found.into_values().collect(), as_of: sight.as_of(), now_ms: sight.now_ms })
    }

    /// The members of an audience whose keys are above `after`, in order of key, at most `limit`.
    ///
    /// # Errors
    /// [`QueryError::NotFound`] for an audience without a document in force that no other system named, and for an
    /// unknown store view; [`QueryError::Invalid`] for a limit out of range.
    pub fn audience_members(
        &self,
        id: &str,
        ask: &ShopAsk,
        after: Option<u64>,
        limit: usize,
    ) -> Result<MemberList, QueryError> {
        if !(1..=AUDIENCE_MEMBERS_PAGE_MAX).contains(&limit) {
            return Err(QueryError::Invalid {
                parameter: "limit".into(),
                message: format!("`limit` is {limit}"),
                allowed: format!("1 to {AUDIENCE_MEMBERS_PAGE_MAX}"),
            });
        }
        let sight = self.sight(ask)?;
        let set = sight.set();
        let visitors = &sight.snapshot.visitors;
        if set.get(id, &sight.view.code, sight.now_ms).is_none() && !visitors.outside().knows(id) {
            return Err(QueryError::NotFound { what: "audience".into(), name: id.to_owned() });
        }
        let context = sight.context();
        let is_member = |visitor: &Visitor| set.holds(id, &sight.person(visitor), &sight.snapshot.catalog, &context);
        let mut members: Vec<Member> = visitors
            .profiles(after)
            .filter(|(_, visitor)| is_member(visitor))
            .map(|(key, visitor)| Member::of(key, visitor))
            .take(limit + 1)
            .collect();
        let more = members.len() > limit;
        members.truncate(limit);
        let next = members.last().filter(|_| more).map(|member| member.key);
        Ok(MemberList { members, next, as_of: sight.as_of(), now_ms: sight.now_ms })
    }

    /// Every live document and every draft that names an audience, in whatever case, ordered by kind, scope, id and
    /// overlay.
    pub fn audience_uses(&self, id: &str) -> Vec<AudienceUse> {
        let epoch = self.publisher.current().epoch.clone();
        let live = epoch.store.select(&[]);
        let mut uses: Vec<AudienceUse> = Vec::new();
        let mut look = |key: &DocumentKey, overlay: &str, body: Option<&str>| {
            let named = named_in(body.unwrap_or_default()).audiences.into_iter();
            let pointers: Vec<String> =
                named.filter(|(_, name)| is_same_audience(name, id)).map(|(pointer, _)| pointer).collect();
            if !pointers.is_empty() {
                uses.push(AudienceUse { key: key.clone(), overlay: overlay.to_owned(), pointers });
            }
        };
        for kind in live.kinds() {
            for document in live.of_kind(&kind) {
                look(&document.write.key, "", document.write.body.as_deref());
            }
        }
        for (key, overlay) in epoch.store.drafts() {
            let draft = epoch.store.get(key, DocumentState::Draft, overlay);
            look(key, overlay, draft.as_ref().and_then(|draft| draft.write.body.as_deref()));
        }
        uses.sort_by(|a, b| (&a.key, &a.overlay).cmp(&(&b.key, &b.overlay)));
        uses
    }

    /// Takes in who is in an audience of another system, as one entry; with `replace` nobody else is. Saying the same
    /// twice changes nothing.
    ///
    /// # Errors
    /// [`WriteError::Refused`] when the audience has a condition, or the shop knows too many of other systems;
    /// [`WriteError::AllRejected`] when no row was good, and when any was bad that should replace the others.
    pub fn write_members(
        &self,
        audience: &str,
        replace: bool,
        rows: Vec<Membership>,
        options: WriteOptions,
    ) -> Result<Receipt, WriteError> {
        self.check_outside(audience, rows.len())?;
        let mut door = Door::default();
        let good = door.admit(rows, |_, row| check_row(row));
        if replace && !door.rejected.is_empty() {
            return Err(WriteError::AllRejected(Receipt { rejected: door.rejected, ..Receipt::default() }));
        }
        let audience = audience.to_owned();
        if replace && good.is_empty() {
            let acknowledge = options.acknowledge;
            let (seq, _) = self.submit(Body::Members { audience, replace, rows: good }, options)?;
            self.wait_for(seq, acknowledge)?;
            return Ok(Receipt { seq, ..Receipt::default() });
        }
        self.append(door, good, |rows| Body::Members { audience, replace, rows }, options)
    }

    fn check_outside(&self, audience: &str, rows: usize) -> Result<(), WriteError> {
        let snapshot = self.publisher.current();
        let key = DocumentKey { kind: AUDIENCE_KIND.into(), scope: String::new(), id: audience.to_owned() };
        let refused = |message: String, allowed: String| {
            Err(WriteError::Refused { key: key.clone(), problems: vec![Problem::new("", message, allowed)] })
        };
        if audience.is_empty() || audience.len() > AUDIENCE_ID_BYTES_MAX {
            let message = format!("the id has {} bytes", audience.len());
            return refused(message, format!("1 to {AUDIENCE_ID_BYTES_MAX} bytes"));
        }
        let documents = read_audiences(&snapshot.epoch.store.select(&[]), &mut Vec::new());
        if documents.iter().any(|one| one.id == audience && one.audience.condition.is_some()) {
            let message = format!("audience `{audience}` has a condition, which says who is in it");
            return refused(message, "an audience without a condition, or one without a document".into());
        }
        let outside = snapshot.visitors.outside();
        if !outside.knows(audience) && outside.ids().count() >= OUTSIDE_AUDIENCES_MAX {
            let message = format!("the shop knows {OUTSIDE_AUDIENCES_MAX} audiences of other systems");
            return refused(message, format!("at most {OUTSIDE_AUDIENCES_MAX}"));
        }
        if rows > MEMBERS_ROWS_MAX {
            let allowed = format!("at most {MEMBERS_ROWS_MAX} in one write; the others can be added");
            return refused(format!("{rows} members are named"), allowed);
        }
        Ok(())
    }

    /// The audiences of who asks, as every list for the same shopper sees them; `reply` is called exactly once,
    /// possibly on another thread. Which list is asked for does not matter.
    pub fn submit_membership(self: &Arc<Self>, request: ListRequest, reply: Reply<MembershipAnswer>) {
        let (ticket, people) = (self.ticket(&request), self.people.clone());
        let job = move |snapshot: &Snapshot, seen: &Seen, attempt: &Attempt| {
            let request = disguised(&people.load(), &request).into_owned();
            let audiences = audience::membership(snapshot, &seen.epoch, &request, attempt)?;
            Ok(MembershipAnswer { audiences, as_of: snapshot.as_of(&seen.epoch) })
        };
        self.on_pool(ticket, job, reply);
    }

    /// Holds audiences to their number, and refuses circles among them: live ones, and those of each overlay.
    pub(super) fn check_audiences(&self, epoch: &Epoch, writes: &[DocumentWrite]) -> Result<(), WriteError> {
        let current = self.publisher.current();
        let mut last: BTreeMap<&str, &DocumentWrite> = BTreeMap::new();
        let audiences = writes.iter().filter(|write| write.key.kind == AUDIENCE_KIND && write.body.is_some());
        last.extend(audiences.map(|write| (write.overlay.as_str(), write)));
        if last.is_empty() {
            return Ok(());
        }
        let mut store = epoch.store.clone();
        store.apply(writes, current.seq + 1, current.now_ms);
        for (overlay, write) in last {
            let overlays = Vec::from_iter((!overlay.is_empty()).then(|| overlay.to_owned()));
            let before = epoch.store.select(&overlays).of_kind(AUDIENCE_KIND).len();
            let after = read_audiences(&store.select(&overlays), &mut Vec::new());
            let refused = |pointer: &str, message: String, allowed: String| {
                let problems = vec![Problem::new(pointer, message, allowed)];
                Err(WriteError::Refused { key: write.key.clone(), problems })
            };
            if after.len() > self.audiences_max && after.len() > before {
                let message = format!("with it there would be {} audiences", after.len());
                let allowed = format!("at most {}, which the setting `audiences.max` says", self.audiences_max);
                return refused("", message, allowed);
            }
            if let Some(way) = find_cycle(after.iter().map(|one| (one.id.as_str(), &one.audience))) {
                let message = format!("audiences name each other in a circle: {}", way.join(" → "));
                return refused("/condition", message, "audiences that do not lead back to themselves".into());
            }
        }
        Ok(())
    }

    /// The audiences of profiles, in the default store view, now.
    pub(super) fn audiences_of_profiles(&self, profiles: &[&Visitor]) -> Vec<Vec<String>> {
        match self.sight(&ShopAsk::default()) {
            Ok(sight) => {
                let of = |visitor: &&Visitor| sight.audiences_of(visitor).into_iter().map(str::to_owned).collect();
                profiles.iter().map(of).collect()
            }
            Err(_) => profiles.iter().map(|_| Vec::new()).collect(),
        }
    }

    fn sight(&self, ask: &ShopAsk) -> Result<Sight, QueryError> {
        let snapshot = self.publisher.current();
        let epoch = self.epochs.under(&snapshot, snapshot.epoch.effective(ask.overlays.clone()));
        let view = epoch.shop.store_view(&ask.store_view);
        let view =
            view.ok_or_else(|| QueryError::NotFound { what: "store view".into(), name: ask.store_view.clone() })?;
        let book = epoch.shop.book(&snapshot.catalog, &view.price_book);
        let book = book.unwrap_or_else(|| snapshot.catalog.root_chain());
        let now_ms = ask.now_ms.unwrap_or(snapshot.now_ms);
        let smart = of_view(&snapshot, &epoch, &view, now_ms);
        Ok(Sight { snapshot, epoch, book, view, now_ms, smart })
    }
}

impl Member {
    fn of(key: u64, visitor: &Visitor) -> Self {
        let orders = visitor.kept().orders.iter().filter(|order| !order.canceled);
        Self {
            key,
            is_account: visitor.is_account,
            last_seen_ms: visitor.last_seen_ms,
            orders: orders.count() as u64,
            in_cart: visitor.cart.len() as u64,
        }
    }
}

fn applies_to(applies_to: AppliesTo) -> &'static str {
    match applies_to {
        AppliesTo::Everyone => "everyone",
        AppliesTo::Registered => "registered",
        AppliesTo::Visitors => "visitors",
    }
}

fn check_row(row: &Membership) -> Vec<Problem> {
    let customer = row.customer.as_deref().unwrap_or_default();
    let bytes = row.visitor.len().max(customer.len());
    if bytes > EVENT_TEXT_BYTES_MAX {
        return vec![Problem::new(
            "",
            format!("the id has {bytes} bytes"),
            format!("1 to {EVENT_TEXT_BYTES_MAX} bytes"),
        )];
    }
    if row.visitor.is_empty() && customer.is_empty() {
        return vec![Problem::new("", "the row names nobody", "`visitor` or `customer`")];
    }
    Vec::new()
}
