//! Who is known, and who belongs together?
//!
//! The table in memory, of which the file is the durable copy: rows by the hash of their name, and ties between
//! them (a browser to each account that signed in on it, an order to who placed it), so that a person is erased
//! as a whole. One thread writes, the log's; readers load the newest [`People`] and take no lock.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::file::{self, IdentityError, Slot, Slots};
use super::{Kind, Lookup, People, Row, Rows, Secret};
use crate::limits::IDENTITY_SLOTS_MAX;

/// One end of a tie: the row at the other end, and the tie's own place in the file.
type Tie = (Lookup, u32);

/// The identity table, for the one who writes.
pub struct Identities {
    people: People,
    pub(super) ties: FxHashMap<Lookup, SmallVec<[Tie; 1]>>,
    slots: Slots,
    /// Slots in the file.
    pub(super) n_slots: u32,
    /// Those of them that hold nothing.
    free: Vec<u32>,
    secrets: Secrets,
    shared: Arc<ArcSwap<People>>,
    /// Rows were added or destroyed since the last publication.
    changed: bool,
    /// Most slots, so that nobody fills memory with invented names.
    slots_max: u32,
}

/// Everything that goes by one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Pseudonyms of browsers, in order of text.
    pub visitors: Vec<String>,
    /// Pseudonyms of accounts.
    pub customers: Vec<String>,
    /// Orders that were placed.
    pub orders: usize,
}

/// Where secrets come from.
enum Secrets {
    /// The system.
    Random,
    /// A seed, for measurements that must come out the same: everybody can tell these secrets.
    Seeded { seed: u64, drawn: u64 },
}

impl Secrets {
    /// Drawn secrets differ; seeded ones do, too, as long as they are about different names.
    fn draw<const N: usize>(&mut self, about: Lookup) -> Result<[u8; N], IdentityError> {
        let mut drawn_now = [0; N];
        match self {
            Secrets::Random => {
                getrandom::fill(&mut drawn_now).map_err(|error| IdentityError::Random(error.to_string()))?;
            }
            Secrets::Seeded { seed, drawn } => {
                *drawn += 1;
                let mut hasher = blake3::Hasher::new();
                hasher.update(&seed.to_le_bytes()).update(&drawn.to_le_bytes()).update(&about.to_le_bytes());
                hasher.finalize_xof().fill(&mut drawn_now);
            }
        }
        Ok(drawn_now)
    }
}

impl Identities {
    /// The table of `dir`, or one that ends with the process. With a `seed` its secrets can be told by anybody:
    /// for measurements only.
    ///
    /// # Errors
    /// See [`IdentityError`]; a damaged row is none, its person is anonymous from here on.
    pub fn open(dir: Option<&Path>, seed: Option<u64>) -> Result<Self, IdentityError> {
        let found = dir.map(file::read).transpose()?.unwrap_or_default();
        let mut secrets = seed.map_or(Secrets::Random, |seed| Secrets::Seeded { seed, drawn: 0 });
        let shop = found.shop.map_or_else(|| secrets.draw(0), Ok)?;
        let mut table = Self::of(shop, &found.slots, secrets);
        if let Some(dir) = dir {
            table.slots = Slots::open(dir, &shop, found.shop.is_none())?;
        }
        if found.damaged > 0 {
            tracing::warn!(rows = found.damaged, "damaged rows of the identity file were dropped");
        }
        table.publish();
        Ok(table)
    }

    /// The table of `dir` as it stands, for looking at it.
    ///
    /// # Errors
    /// As [`Identities::open`].
    pub fn look(dir: Option<&Path>) -> Result<Arc<ArcSwap<People>>, IdentityError> {
        let found = dir.map(file::read).transpose()?.unwrap_or_default();
        let mut table = Self::of(found.shop.unwrap_or_default(), &found.slots, Secrets::Random);
        table.publish();
        Ok(table.shared)
    }

    fn of(shop: [u8; 32], slots: &[Slot], secrets: Secrets) -> Self {
        let people = People { shop, rows: Rows::default() };
        let mut table = Self {
            shared: Arc::new(ArcSwap::from_pointee(people.clone())),
            people,
            ties: FxHashMap::default(),
            slots: Slots::nowhere(),
            n_slots: slots.len() as u32,
            free: Vec::new(),
            secrets,
            changed: true,
            slots_max: IDENTITY_SLOTS_MAX,
        };
        for (at, slot) in (0..).zip(slots) {
            match *slot {
                Slot::Free => table.free.push(at),
                Slot::Row { lookup, secret, kind, day } => {
                    table.people.rows.insert(lookup, Row { secret, slot: at, day, kind });
                }
                Slot::Link { one, other } => table.note_tie(one, other, at),
            }
        }
        table
    }

    /// The table as readers see it, always the newest.
    pub fn shared(&self) -> Arc<ArcSwap<People>> {
        self.shared.clone()
    }

    pub(super) fn people(&self) -> &People {
        &self.people
    }

    /// The row of a name, made when it is new; `None` of an empty name, and of a new one when the table is full.
    pub(super) fn row_of(&mut self, kind: Kind, name: &str, day: u16) -> Option<(Lookup, Row)> {
        if name.is_empty() {
            return None;
        }
        let lookup = self.people.lookup(kind, name);
        if let Some(row) = self.people.rows.get(&lookup) {
            return Some((lookup, *row));
        }
        let secret: Secret =
            self.secrets.draw(lookup).inspect_err(|error| tracing::error!(%error, "somebody stays anonymous")).ok()?;
        let slot = self.take_slot()?;
        let row = Row { secret, slot, day, kind };
        self.slots.put(slot, Slot::Row { lookup, secret, kind, day });
        self.people.rows.insert(lookup, row);
        self.changed = true;
        Some((lookup, row))
    }

    /// Says that two rows belong to one person; false when the table is full and they were not tied before.
    /// `one` is the end that has few ties: a browser, an order.
    pub(super) fn tie(&mut self, one: Lookup, other: Lookup) -> bool {
        if self.ties.get(&one).is_some_and(|ties| ties.iter().any(|(to, _)| *to == other)) {
            return true;
        }
        let Some(slot) = self.take_slot() else { return false };
        self.slots.put(slot, Slot::Link { one, other });
        self.note_tie(one, other, slot);
        true
    }

    fn note_tie(&mut self, one: Lookup, other: Lookup, slot: u32) {
        self.ties.entry(one).or_default().push((other, slot));
        self.ties.entry(other).or_default().push((one, slot));
    }

    fn take_slot(&mut self) -> Option<u32> {
        self.free.pop().or_else(|| {
            let next = (self.n_slots < self.slots_max).then_some(self.n_slots)?;
            self.n_slots += 1;
            Some(next)
        })
    }

    /// Makes new rows durable; costs nothing when there are none.
    ///
    /// # Errors
    /// [`IdentityError::Io`].
    pub fn sync(&mut self) -> Result<(), IdentityError> {
        self.slots.sync()
    }

    /// Lets readers see the rows as they are now.
    pub fn publish(&mut self) {
        if std::mem::take(&mut self.changed) {
            self.shared.store(Arc::new(self.people.clone()));
        }
    }

    /// Everything that goes by the person of this name; `None` of an unknown name. An account brings every browser
    /// that signed in to it; a browser brings those of its accounts that `is_signed_in` says are signed in on it.
    pub fn person(&self, kind: Kind, name: &str, is_signed_in: &dyn Fn(&str) -> bool) -> Option<Person> {
        let rows = self.rows_of_person(self.people.lookup(kind, name), is_signed_in)?;
        let mut person = Person::default();
        for row in rows.iter().filter_map(|lookup| self.people.rows.get(lookup)) {
            match row.kind {
                Kind::Visitor => person.visitors.push(self.people.pseudonym(row)),
                Kind::Customer => person.customers.push(self.people.pseudonym(row)),
                Kind::Order => person.orders += 1,
            }
        }
        person.visitors.sort_unstable();
        person.customers.sort_unstable();
        Some(person)
    }

    /// Overwrites every row of the person and every tie to one, durable on return. The row of the name itself goes
    /// last, so that an erasure that was interrupted can be asked for again.
    ///
    /// # Errors
    /// [`IdentityError::Io`]; the name is then known still.
    pub fn destroy(
        &mut self,
        kind: Kind,
        name: &str,
        is_signed_in: &dyn Fn(&str) -> bool,
    ) -> Result<(), IdentityError> {
        let named = self.people.lookup(kind, name);
        let Some(mut rows) = self.rows_of_person(named, is_signed_in) else { return Ok(()) };
        rows.retain(|lookup| *lookup != named);
        let mut freed = Vec::new();
        for lookup in rows {
            self.forget(lookup, &mut freed);
        }
        self.slots.sync()?;
        self.forget(named, &mut freed);
        self.slots.sync()?;
        // Only what is overwritten for certain is used again.
        self.free.extend(freed);
        self.publish();
        Ok(())
    }

    /// Forgets browsers and accounts that are tied to nothing, that were made before `day`, and of which
    /// `is_remembered` knows nothing; says how many. Their events are anonymous from here on.
    ///
    /// # Errors
    /// [`IdentityError::Io`].
    pub fn sweep(&mut self, day: u16, is_remembered: impl Fn(Kind, &str) -> bool) -> Result<usize, IdentityError> {
        let has_tie = |lookup: &Lookup| self.ties.get(lookup).is_some_and(|ties| !ties.is_empty());
        let stale: Vec<Lookup> = self
            .people
            .rows
            .iter()
            .filter(|(lookup, row)| row.kind != Kind::Order && row.day < day && !has_tie(lookup))
            .filter(|(_, row)| !is_remembered(row.kind, &self.people.pseudonym(row)))
            .map(|(lookup, _)| *lookup)
            .collect();
        let mut freed = Vec::new();
        stale.iter().for_each(|lookup| self.forget(*lookup, &mut freed));
        self.slots.sync()?;
        self.free.extend(freed);
        self.publish();
        Ok(stale.len())
    }

    /// The rows that go by one person.
    pub(super) fn rows_of_person(&self, named: Lookup, is_signed_in: &dyn Fn(&str) -> bool) -> Option<Vec<Lookup>> {
        let row = self.people.rows.get(&named)?;
        let mut found = vec![named];
        if row.kind == Kind::Visitor {
            let accounts = self.tied(named, Kind::Customer);
            found.extend(accounts.filter(|(_, row)| is_signed_in(&self.people.pseudonym(row))).map(|(at, _)| at));
        }
        for at in 0..found.len() {
            if self.people.rows.get(&found[at]).is_some_and(|row| row.kind == Kind::Customer) {
                let browsers: Vec<_> = self.tied(found[at], Kind::Visitor).map(|(at, _)| at).collect();
                found.extend(browsers);
            }
        }
        for at in 0..found.len() {
            let orders: Vec<_> = self.tied(found[at], Kind::Order).map(|(at, _)| at).collect();
            found.extend(orders);
        }
        found.sort_unstable();
        found.dedup();
        Some(found)
    }

    fn tied(&self, lookup: Lookup, kind: Kind) -> impl Iterator<Item = (Lookup, &Row)> {
        let ties = self.ties.get(&lookup).into_iter().flatten();
        let rows = ties.filter_map(|(to, _)| self.people.rows.get(to).map(|row| (*to, row)));
        rows.filter(move |(_, row)| row.kind == kind)
    }

    /// Takes a row and its ties out of memory and has their slots overwritten.
    pub(super) fn forget(&mut self, lookup: Lookup, freed: &mut Vec<u32>) {
        let row = self.people.rows.remove(&lookup).map(|row| row.slot);
        let ties = self.ties.remove(&lookup).unwrap_or_default();
        for (other, slot) in &ties {
            if let Some(back) = self.ties.get_mut(other) {
                back.retain(|(_, at)| at != slot);
                if back.is_empty() {
                    self.ties.remove(other);
                }
            }
        }
        for slot in row.into_iter().chain(ties.into_iter().map(|(_, slot)| slot)) {
            self.slots.put(slot, Slot::Free);
            freed.push(slot);
        }
        self.changed = true;
    }
}

#[cfg(test)]
impl Identities {
    /// The same with room for so many slots.
    pub(super) fn with_room_for(mut self, slots: u32) -> Self {
        self.slots_max = slots;
        self
    }
}
