//! What do the tests of this room share?
//!
//! Entries drawn from a seed, and the storage that stops.

use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};

use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use redb::StorageBackend;

use crate::catalog::doc::{
    AttributeValue, CategoryChange, LinkKind, PRODUCTS, Placement, Price, ProductDoc, ProductPatch, SpecialPrice,
    Stock, VariantDoc, ViewDoc, Visibility,
};
use crate::config::document::{DocumentKey, DocumentState, DocumentWrite};
use crate::id::{Seq, TimeMs};
use crate::log::entry::{Body, Entry, Membership};
use crate::signal::event::{Event, EventItem, EventKind, ProfileValue};

/// The same cases on every run.
pub fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(7), ..ProptestConfig::default() }
}

/// A small entry.
pub fn entry(seq: Seq, time_ms: TimeMs) -> Entry {
    let body = Body::Deletions(vec![format!("sku-{seq}")]);
    Entry { seq, time_ms, actor: "test".into(), idempotency_key: None, body }
}

/// Small entries, one a second.
pub fn entries(seqs: RangeInclusive<Seq>) -> Vec<Entry> {
    seqs.map(|seq| entry(seq, TimeMs::try_from(seq).unwrap() * 1_000)).collect()
}

/// The generator splitmix64 (Steele, Lea and Flood, 2014): small, seeded, good enough for tests.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| make(self))
    }

    fn some<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| make(self)).collect()
    }

    fn text(&mut self) -> String {
        const LETTERS: [char; 8] = ['a', 'Z', '0', ' ', 'é', '漢', '\u{0}', '🛒'];
        (0..self.below(12)).map(|_| LETTERS[self.roll() as usize % LETTERS.len()]).collect()
    }

    fn float(&mut self) -> f64 {
        (self.roll() as i64 as f64) / 1e6
    }

    fn time(&mut self) -> TimeMs {
        self.roll() as i64
    }
}

/// An entry with a body of any kind.
pub fn random_entry(seq: Seq, time_ms: TimeMs, seed: u64) -> Entry {
    let mut dice = Dice(seed);
    let body = random_body(&mut dice);
    Entry { seq, time_ms, actor: dice.text(), idempotency_key: dice.maybe(|d| format!("{}-{seq}", d.text())), body }
}

fn random_body(dice: &mut Dice) -> Body {
    match dice.below(11) {
        0 => Body::Products(dice.some(random_product)),
        1 => Body::Patches(dice.some(random_patch)),
        2 => Body::Deletions(dice.some(Dice::text)),
        3 => Body::Categories(vec![
            CategoryChange::Put {
                path: dice.some(Dice::text),
                position: dice.maybe(|d| d.roll() as i32),
                anchor: true,
            },
            CategoryChange::Move { path: dice.some(Dice::text), to: dice.some(Dice::text) },
            CategoryChange::Remove { path: dice.some(Dice::text) },
        ]),
        4 => Body::Events(dice.some(random_event)),
        5 => Body::Config(dice.some(random_write)),
        6 => Body::Plugin { name: dice.text(), content_hash: dice.maybe(Dice::text), version: dice.text() },
        7 => Body::Model { name: dice.text(), generation: dice.roll(), content_hash: dice.text() },
        8 => Body::Erased { visitors: dice.some(Dice::text), customers: dice.some(Dice::text) },
        9 => Body::Members {
            audience: dice.text(),
            replace: dice.below(2) == 0,
            rows: dice.some(|d| Membership {
                visitor: d.text(),
                customer: d.maybe(Dice::text),
                member: d.below(2) == 0,
            }),
        },
        _ => Body::Tick,
    }
}

fn random_value(dice: &mut Dice) -> AttributeValue {
    match dice.below(4) {
        0 => AttributeValue::Text(dice.text()),
        1 => AttributeValue::Number(dice.float()),
        2 => AttributeValue::Boolean(dice.below(2) == 0),
        _ => AttributeValue::List(dice.some(Dice::text)),
    }
}

fn random_said(dice: &mut Dice) -> ProfileValue {
    match dice.below(5) {
        0 => ProfileValue::Text(dice.text()),
        1 => ProfileValue::Number(dice.float()),
        2 => ProfileValue::Boolean(dice.below(2) == 0),
        3 => ProfileValue::Time(dice.time()),
        _ => ProfileValue::List(dice.some(Dice::text)),
    }
}

fn random_price(dice: &mut Dice) -> Price {
    let special =
        dice.maybe(|d| SpecialPrice { minor: d.time(), from_ms: d.maybe(Dice::time), until_ms: d.maybe(Dice::time) });
    Price { regular_minor: dice.time(), special }
}

fn random_map<T>(dice: &mut Dice, make: fn(&mut Dice) -> T) -> BTreeMap<String, T> {
    dice.some(|d| (d.text(), make(d))).into_iter().collect()
}

fn random_placement(dice: &mut Dice) -> Placement {
    Placement { path: dice.some(Dice::text), position: dice.maybe(|d| d.roll() as i32) }
}

fn random_links(dice: &mut Dice) -> BTreeMap<LinkKind, Vec<String>> {
    [LinkKind::Related, LinkKind::UpSell, LinkKind::CrossSell].map(|kind| (kind, dice.some(Dice::text))).into()
}

fn random_product(dice: &mut Dice) -> ProductDoc {
    ProductDoc {
        sku: dice.text(),
        collection: PRODUCTS.into(),
        name: dice.text(),
        description: dice.text(),
        brand: dice.maybe(Dice::text),
        categories: dice.some(random_placement),
        visibility: Visibility::Search,
        created_ms: dice.maybe(Dice::time),
        attributes: random_map(dice, random_value),
        image: dice.maybe(Dice::text),
        url: dice.maybe(Dice::text),
        links: random_links(dice),
        views: random_map(dice, |d| ViewDoc { name: d.maybe(Dice::text), ..ViewDoc::default() }),
        vectors: random_map(dice, |d| d.some(|d| d.float() as f32)),
        variants: dice.some(|d| VariantDoc {
            sku: d.text(),
            options: random_map(d, random_value),
            prices: random_map(d, random_price),
            stock: Stock { in_stock: d.below(2) == 0, quantity: d.maybe(Dice::float) },
            image: d.maybe(Dice::text),
        }),
    }
}

fn random_patch(dice: &mut Dice) -> ProductPatch {
    ProductPatch {
        sku: dice.text(),
        prices: random_map(dice, |d| d.maybe(random_price)),
        in_stock: dice.maybe(|d| d.below(2) == 0),
        quantity: dice.maybe(|d| d.maybe(Dice::float)),
        attributes: random_map(dice, |d| d.maybe(random_value)),
        visibility: dice.maybe(|_| Visibility::Neither),
        categories: dice.maybe(|d| d.some(random_placement)),
        links: random_links(dice),
        ..ProductPatch::default()
    }
}

fn random_event(dice: &mut Dice) -> Event {
    Event {
        id: dice.text(),
        time_ms: dice.time(),
        kind: EventKind::ALL[dice.roll() as usize % EventKind::ALL.len()],
        visitor: dice.text(),
        customer: dice.maybe(Dice::text),
        session: dice.text(),
        store_view: dice.text(),
        request_id: dice.maybe(Dice::text),
        items: dice.some(|d| EventItem {
            sku: d.text(),
            quantity: d.float() as f32,
            price_minor: d.maybe(Dice::time),
            position: d.maybe(|d| d.roll() as u32),
        }),
        query: dice.maybe(Dice::text),
        category: dice.maybe(Dice::text),
        unit: dice.maybe(Dice::text),
        order: dice.maybe(Dice::text),
        consent: true,
        attributes: random_map(dice, |d| d.maybe(random_said)),
    }
}

fn random_write(dice: &mut Dice) -> DocumentWrite {
    DocumentWrite {
        key: DocumentKey { kind: dice.text(), scope: dice.text(), id: dice.text() },
        state: DocumentState::Draft,
        overlay: dice.text(),
        body: dice.maybe(Dice::text),
        author: dice.text(),
        note: dice.text(),
        from_ms: dice.maybe(Dice::time),
        until_ms: dice.maybe(Dice::time),
        expected_revision: dice.maybe(Dice::roll),
    }
}

/// A disk that loses power at its n-th sync: what was written since the sync before survives by chance, piece by
/// piece and in any order, and nothing works from then on.
#[derive(Clone, Debug)]
pub struct FailingDisk(Arc<Mutex<DiskState>>);

#[derive(Debug)]
struct DiskState {
    durable: Vec<u8>,
    /// What the running program sees.
    volatile: Vec<u8>,
    unsynced: Vec<Change>,
    syncs_left: u64,
    seed: u64,
    powered: bool,
}

#[derive(Debug)]
enum Change {
    Length(usize),
    Write(usize, Vec<u8>),
}

impl FailingDisk {
    /// Smallest piece a disk writes at once.
    const SECTOR_BYTES: usize = 512;

    /// A disk holding `durable` that fails at sync number `syncs` (counted from 1).
    pub fn new(durable: Vec<u8>, syncs: u64, seed: u64) -> Self {
        let volatile = durable.clone();
        Self(Arc::new(Mutex::new(DiskState {
            durable,
            volatile,
            unsynced: Vec::new(),
            syncs_left: syncs,
            seed,
            powered: true,
        })))
    }

    /// What is on the disk when the power returns.
    pub fn remains(&self) -> Vec<u8> {
        self.0.lock().unwrap().durable.clone()
    }

    /// Whether the power is still on.
    pub fn powered(&self) -> bool {
        self.0.lock().unwrap().powered
    }

    fn powered_state(&self) -> io::Result<std::sync::MutexGuard<'_, DiskState>> {
        let state = self.0.lock().unwrap();
        if state.powered { Ok(state) } else { Err(io::Error::other("the power is off")) }
    }
}

impl DiskState {
    fn lose_power(&mut self) {
        let mut dice = Dice(self.seed);
        for change in std::mem::take(&mut self.unsynced) {
            match change {
                Change::Length(bytes) => self.durable.resize(bytes.max(self.durable.len()), 0),
                Change::Write(offset, data) => {
                    for (i, piece) in data.chunks(FailingDisk::SECTOR_BYTES).enumerate() {
                        let at = offset + i * FailingDisk::SECTOR_BYTES;
                        if dice.below(2) == 0 && at + piece.len() <= self.durable.len() {
                            self.durable[at..at + piece.len()].copy_from_slice(piece);
                        }
                    }
                }
            }
        }
        self.powered = false;
    }
}

impl StorageBackend for FailingDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.powered_state()?.volatile.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.powered_state()?;
        let from = offset as usize;
        let bytes = state.volatile.get(from..from + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.powered_state()?;
        state.volatile.resize(len as usize, 0);
        state.unsynced.push(Change::Length(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.powered_state()?;
        state.syncs_left -= 1;
        if state.syncs_left == 0 {
            state.lose_power();
            return Err(io::Error::other("the power went off"));
        }
        state.durable = state.volatile.clone();
        state.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.powered_state()?;
        let from = offset as usize;
        state.volatile[from..from + data.len()].copy_from_slice(data);
        state.unsynced.push(Change::Write(from, data.to_vec()));
        Ok(())
    }
}
