//! Who is behind a pseudonym?
//!
//! No name of a person, visit, event or order reaches the log. Where a name stood, an entry carries a pseudonym:
//! a hash under a secret drawn at random when the person was first seen. The secret is a row of the identity
//! table, the one mutable file beside the log, and it is the only way from a name to what was done under it.
//! Erasing a person overwrites the row; what they did goes on counting, live and on replay alike, because a
//! replay needs no table: the pseudonyms stand in the entries. Someone who comes back is somebody new.
//!
//! The secret of an event is its visitor's, else its account's, else nobody's (zeros, under the shop's own key):
//! session and event ids are hashed under it, so that they belong to the person who sent them. An order has a row
//! of its own, because its cancellation may come without a person, and is tied to the person who placed it.
//!
//! Not here: readable names. Nothing needs them; who asks for a person brings the name. Free text (search words,
//! request ids) is not sealed.

mod file;
mod seal;
mod table;
#[cfg(test)]
mod tests;

use std::hash::BuildHasherDefault;

use imbl::shared_ptr::DefaultSharedPtr;
use rustc_hash::FxHasher;

pub use file::{FILE_NAME, IdentityError};
pub use table::{Identities, Person};

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A browser or device.
    Visitor,
    /// An account.
    Customer,
    /// An order.
    Order,
}

/// What is hashed, so that equal names of different kinds differ.
#[derive(Clone, Copy)]
enum Domain {
    /// Where the row of a name stands.
    Lookup(Kind),
    /// The pseudonym of a row.
    Pseudonym(Kind),
    Session,
    Event,
    IdempotencyKey,
    /// Somebody without a row, for the length of one request.
    Stranger(Kind),
}

impl Domain {
    fn byte(self) -> u8 {
        let kind = |kind: Kind| kind as u8;
        match self {
            Domain::Lookup(of) => kind(of),
            Domain::Pseudonym(of) => 8 + kind(of),
            Domain::Stranger(of) => 16 + kind(of),
            Domain::Session => 32,
            Domain::Event => 33,
            Domain::IdempotencyKey => 34,
        }
    }
}

/// What only the table knows of a person or an order.
type Secret = [u8; 16];
/// The secret of events that name nobody.
const NOBODY: Secret = [0; 16];
/// Where a row is found: a hash of its name.
type Lookup = u64;

/// A row of the table in memory, about 200 bytes with its place in the persistent map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    secret: Secret,
    /// Its place in the file.
    slot: u32,
    /// Day it was made, since 1970.
    day: u16,
    kind: Kind,
}

type Rows = imbl::GenericHashMap<Lookup, Row, BuildHasherDefault<FxHasher>, DefaultSharedPtr>;

/// The table as requests see it; a clone shares it. Names go in, pseudonyms come out, never the other way.
#[derive(Clone)]
pub struct People {
    /// The shop's own key; it keeps a copied log from being searched by guessed names.
    shop: [u8; 32],
    rows: Rows,
}

impl People {
    /// What stands for this name in the log; `None` of a name that was never seen, or erased.
    pub fn known(&self, kind: Kind, name: &str) -> Option<String> {
        self.rows.get(&self.lookup(kind, name)).map(|row| self.pseudonym(row))
    }

    /// What stands for this name in one request: its pseudonym, or a hash that is written nowhere.
    pub fn known_or_stranger(&self, kind: Kind, name: &str) -> String {
        self.known(kind, name).unwrap_or_else(|| text(self.hash(Domain::Stranger(kind), &NOBODY, name)))
    }

    /// What stands for a session in the events of this visitor, else of this account, else of nobody.
    pub fn session(&self, visitor: Option<&str>, customer: Option<&str>, session: &str) -> String {
        let row = |kind, name: Option<&str>| {
            name.filter(|name| !name.is_empty()).and_then(|name| self.rows.get(&self.lookup(kind, name)))
        };
        let row = row(Kind::Visitor, visitor).or_else(|| row(Kind::Customer, customer));
        text(self.hash(Domain::Session, row.map_or(&NOBODY, |row| &row.secret), session))
    }

    /// Visitors, accounts and orders that have a row.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn lookup(&self, kind: Kind, name: &str) -> Lookup {
        self.hash(Domain::Lookup(kind), &NOBODY, name)
    }

    fn pseudonym(&self, row: &Row) -> String {
        text(self.hash(Domain::Pseudonym(row.kind), &row.secret, ""))
    }

    /// The first eight bytes, little endian, of BLAKE3 under the shop's key over domain, secret and name.
    fn hash(&self, domain: Domain, secret: &Secret, name: &str) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.shop);
        hasher.update(&[domain.byte()]).update(secret).update(name.as_bytes());
        u64::from_le_bytes(*hasher.finalize().as_bytes().first_chunk().expect("a BLAKE3 hash has 32 bytes"))
    }
}

/// A pseudonym as it stands in entries: 16 hexadecimal digits.
fn text(pseudonym: u64) -> String {
    format!("{pseudonym:016x}")
}
