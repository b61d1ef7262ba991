//! Which products have which attribute values?
//!
//! An attribute keeps a dictionary (text ↔ ordinal, looked up without case, the first spelling is shown), and
//! for each value the set of items and the set of variants that have it. Beside the postings stand rows,
//! the values of one item or variant side by side, so that a narrow set is counted for all facets in one
//! pass over few cache lines. A value on a variant replaces the product's value for that variant: this is
//! what keeps a product-level "Red, Blue" from answering for every variant.
//! An update compares before and after and touches only the sets that change.
//! What an attribute is used for (facet, filter, search) is configuration: see `definition`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;
use smallvec::SmallVec;
use unicode_normalization::UnicodeNormalization;

use super::chunk::{Cell, Chunked, Column};
use super::doc::AttributeValue;
use super::rows::{Pair, Rows};
use crate::id::{ItemId, VariantId};
use crate::limits::FILTER_VALUE_BYTES_MAX;

/// An attribute's number inside one catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeId(pub u32);

/// The ordinal of a value that is not in the dictionary: a number, or a text too long to filter by.
pub(crate) const UNLISTED: u32 = u32::MAX;

/// The form texts are compared in: trimmed, NFKC, lower case.
pub fn fold_text(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.nfkc().flat_map(char::to_lowercase).collect() }
}

/// Whether two texts have one folded form.
pub(crate) fn is_same_text(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() { a.trim().eq_ignore_ascii_case(b.trim()) } else { fold_text(a) == fold_text(b) }
}

/// Who has one value: only alive variants, and items with at least one such variant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Posting {
    pub items: RoaringBitmap,
    pub variants: RoaringBitmap,
}

#[derive(Clone, Debug)]
struct Value {
    text: Arc<str>,
    posting: Arc<Posting>,
}

/// One attribute: its dictionary, postings and numbers.
#[derive(Clone, Debug, Default)]
pub struct Attribute {
    code: String,
    values: Chunked<Option<Value>, 64>,
    /// How each text begins, see [`head`]: most texts are put in order by these, which lie side by side.
    heads: Chunked<u128, 64>,
    ordinals: imbl::HashMap<Arc<str>, u32>,
    unlisted: Arc<Posting>,
    pub(crate) item_numbers: Column<f64>,
    pub(crate) variant_numbers: Column<f64>,
    /// Variants with a value of their own.
    own_values: u32,
    /// Items with a variant that has any value.
    n_items: u32,
    /// Different values of each item, summed over all items.
    n_held: u64,
}

impl Attribute {
    /// The code, such as `color`.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// How many texts the dictionary holds; ordinals are below this.
    pub fn n_values(&self) -> usize {
        self.values.len()
    }

    /// How many products have any value.
    pub fn n_items(&self) -> u64 {
        u64::from(self.n_items)
    }

    /// Values a product has on average, of those that have any; 1 when none has.
    pub fn values_per_item(&self) -> f64 {
        if self.n_items == 0 { 1.0 } else { self.n_held as f64 / f64::from(self.n_items) }
    }

    /// Does every variant of a product share the product's values?
    pub fn is_uniform(&self) -> bool {
        self.own_values == 0
    }

    /// Does any variant have a number here?
    pub fn is_numeric(&self) -> bool {
        self.variant_numbers.filled() > 0
    }

    /// The text of an ordinal in its first-seen spelling; empty when there is no such ordinal.
    pub fn text(&self, ordinal: u32) -> &str {
        self.value(ordinal).map_or("", |value| &value.text)
    }

    /// Compares the texts of two ordinals.
    pub fn compare_texts(&self, a: u32, b: u32) -> Ordering {
        let head = |ordinal: u32| self.heads.get(ordinal as usize);
        head(a).cmp(&head(b)).then_with(|| self.text(a).cmp(self.text(b)))
    }

    /// The ordinal of a text, compared without case.
    pub fn ordinal(&self, text: &str) -> Option<u32> {
        self.ordinals.get(fold_text(text).as_str()).copied()
    }

    /// Alive variants with this value.
    pub fn variants(&self, ordinal: u32) -> Option<&RoaringBitmap> {
        Some(&self.posting(ordinal)?.variants)
    }

    /// Items with an alive variant that has this value.
    pub fn items(&self, ordinal: u32) -> Option<&RoaringBitmap> {
        Some(&self.posting(ordinal)?.items)
    }

    /// The number a variant has, its own or the product's; NaN when it has none.
    pub fn number(&self, variant: VariantId) -> f64 {
        self.variant_numbers.get(variant.index())
    }

    /// The number on the product itself, for sorting and scoring; NaN when it has none.
    #[inline]
    pub fn item_number(&self, item: ItemId) -> f64 {
        self.item_numbers.get(item.index())
    }

    /// Alive variants with any value at all.
    pub fn present(&self) -> RoaringBitmap {
        let mut present = self.unlisted.variants.clone();
        self.values.iter().flatten().for_each(|value| present |= &value.posting.variants);
        present
    }

    pub(crate) fn posting(&self, ordinal: u32) -> Option<&Posting> {
        if ordinal == UNLISTED { Some(&self.unlisted) } else { Some(&self.value(ordinal)?.posting) }
    }

    /// The dictionary in ordinal order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Arc<str>> {
        self.values.iter().flatten().map(|value| &value.text)
    }

    fn value(&self, ordinal: u32) -> Option<&Value> {
        self.values.get(ordinal as usize)?.as_ref()
    }

    /// The ordinal of a text, given out when it is new.
    pub(crate) fn intern(&mut self, text: &str) -> u32 {
        let folded = fold_text(text);
        if let Some(&ordinal) = self.ordinals.get(folded.as_str()) {
            return ordinal;
        }
        let value = Value { text: text.trim().into(), posting: Arc::default() };
        self.heads.push(head(&value.text));
        let ordinal = self.values.push(Some(value)) as u32;
        self.ordinals.insert(folded.into(), ordinal);
        ordinal
    }

    fn posting_mut(&mut self, ordinal: u32) -> &mut Posting {
        if ordinal == UNLISTED {
            return Arc::make_mut(&mut self.unlisted);
        }
        let value = self.values.get_mut(ordinal as usize).as_mut().expect("ordinals come from `intern`");
        Arc::make_mut(&mut value.posting)
    }
}

/// The first bytes of a text as one number: where two differ, their texts are in the same order.
fn head(text: &str) -> u128 {
    let mut bytes = [0; 16];
    text.bytes().zip(&mut bytes).for_each(|(from, to)| *to = from);
    u128::from_be_bytes(bytes)
}

/// What one level (the product, or one variant) says, ready to be stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Level {
    /// Sorted, without duplicates.
    pub pairs: Vec<Pair>,
    /// Numbers by attribute; each has an [`UNLISTED`] pair.
    pub numbers: Vec<(u32, f64)>,
}

/// Every attribute of the catalog, with the rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    ids: imbl::HashMap<String, u32>,
    list: Chunked<Arc<Attribute>, 64>,
    item_rows: Rows,
    variant_rows: Rows,
}

type Pairs = SmallVec<[Pair; 32]>;

impl Attributes {
    pub fn id(&self, code: &str) -> Option<AttributeId> {
        self.ids.get(code).map(|&id| AttributeId(id))
    }

    pub fn get(&self, id: AttributeId) -> Option<&Attribute> {
        self.list.get(id.0 as usize).map(|attribute| &**attribute)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.list.iter().map(|attribute| &**attribute)
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    #[inline]
    pub fn item_row(&self, item: ItemId) -> &[Pair] {
        self.item_rows.get(item.index())
    }

    pub fn variant_row(&self, variant: VariantId) -> &[Pair] {
        self.variant_rows.get(variant.index())
    }

    /// The attribute of this code, created when it is new.
    pub fn intern(&mut self, code: &str) -> AttributeId {
        if let Some(id) = self.id(code) {
            return id;
        }
        let attribute = Attribute { code: code.to_owned(), ..Attribute::default() };
        let id = self.list.push(Arc::new(attribute)) as u32;
        self.ids.insert(code.to_owned(), id);
        AttributeId(id)
    }

    pub fn get_mut(&mut self, id: u32) -> &mut Attribute {
        Arc::make_mut(self.list.get_mut(id as usize))
    }

    /// Turns values into pairs, interning codes and texts.
    pub fn level(&mut self, values: &BTreeMap<String, AttributeValue>) -> Level {
        let mut level = Level::default();
        for (code, value) in values {
            let attribute = self.intern(code).0;
            match value {
                AttributeValue::Text(text) => self.add_text(&mut level, attribute, text),
                AttributeValue::List(texts) => texts.iter().for_each(|text| self.add_text(&mut level, attribute, text)),
                AttributeValue::Boolean(flag) => {
                    self.add_text(&mut level, attribute, if *flag { "true" } else { "false" });
                }
                AttributeValue::Number(number) => {
                    level.pairs.push(Pair { attribute, ordinal: UNLISTED });
                    level.numbers.push((attribute, *number));
                }
            }
        }
        level.pairs.sort_unstable();
        level.pairs.dedup();
        level
    }

    fn add_text(&mut self, level: &mut Level, attribute: u32, text: &str) {
        let known = self.list.get(attribute as usize).and_then(|attribute| attribute.ordinal(text));
        let ordinal = match known {
            Some(ordinal) => ordinal,
            None if text.trim().is_empty() => return,
            None if text.len() > FILTER_VALUE_BYTES_MAX => UNLISTED,
            None => self.get_mut(attribute).intern(text),
        };
        level.pairs.push(Pair { attribute, ordinal });
    }

    /// What a variant effectively has: its own values, and the product's for every other attribute.
    pub fn effective(&self, item: ItemId, variant: VariantId) -> Pairs {
        let own = self.variant_row(variant);
        let shared = self.item_row(item).iter().filter(|pair| !has_attribute(own, pair.attribute));
        let mut pairs: Pairs = shared.chain(own).copied().collect();
        if !own.is_empty() {
            pairs.sort_unstable();
        }
        pairs
    }

    /// Replaces everything an item and its variants say. `before` are the variants alive until now,
    /// `after` those alive from now on with what they say.
    pub fn update(&mut self, item: ItemId, before: &[VariantId], shared: &Level, after: &[(VariantId, Level)]) {
        let old: Vec<(VariantId, Pairs)> = before.iter().map(|&v| (v, self.effective(item, v))).collect();
        self.item_rows.set(item.index(), &shared.pairs);
        for &variant in before {
            if !after.iter().any(|(kept, _)| *kept == variant) {
                self.set_own(variant, &[]);
            }
        }
        after.iter().for_each(|(variant, level)| self.set_own(*variant, &level.pairs));
        let new: Vec<(VariantId, Pairs)> = after.iter().map(|(v, _)| (*v, self.effective(item, *v))).collect();

        let (had, has) = (union(&old), union(&new));
        self.diff(&had, &has, |posting, member| put(&mut posting.items, item.0, member));
        self.count_holders(&had, &has);
        for (variant, pairs) in &old {
            let now = new.iter().find(|(kept, _)| kept == variant).map_or(&[][..], |(_, pairs)| pairs);
            self.diff(pairs, now, |posting, member| put(&mut posting.variants, variant.0, member));
        }
        for (variant, pairs) in new.iter().filter(|(variant, _)| !before.contains(variant)) {
            self.diff(&[], pairs, |posting, member| put(&mut posting.variants, variant.0, member));
        }
        self.update_numbers(item, &old, shared, after);
    }

    /// Keeps the numbers of holders up to date when an item's values change.
    fn count_holders(&mut self, had: &[Pair], has: &[Pair]) {
        let mut changed: Vec<u32> = attributes_of(had).chain(attributes_of(has)).collect();
        changed.sort_unstable();
        changed.dedup();
        for attribute in changed {
            let (old, new) = (values_in(had, attribute).len(), values_in(has, attribute).len());
            if old != new {
                let counted = self.get_mut(attribute);
                counted.n_held = counted.n_held + new as u64 - old as u64;
                counted.n_items = counted.n_items + u32::from(new > 0) - u32::from(old > 0);
            }
        }
    }

    fn set_own(&mut self, variant: VariantId, pairs: &[Pair]) {
        let old: Pairs = self.variant_row(variant).into();
        if old.as_slice() == pairs {
            return;
        }
        for attribute in attributes_of(&old) {
            self.get_mut(attribute).own_values -= 1;
        }
        for attribute in attributes_of(pairs) {
            self.get_mut(attribute).own_values += 1;
        }
        self.variant_rows.set(variant.index(), pairs);
    }

    /// Walks two sorted lists and applies what only one of them has.
    fn diff(&mut self, old: &[Pair], new: &[Pair], mut apply: impl FnMut(&mut Posting, bool)) {
        let (mut o, mut n) = (0, 0);
        while o < old.len() || n < new.len() {
            let gone = n == new.len() || (o < old.len() && old[o] < new[n]);
            if !gone && o < old.len() && old[o] == new[n] {
                (o, n) = (o + 1, n + 1);
                continue;
            }
            let pair = if gone { old[o] } else { new[n] };
            apply(self.get_mut(pair.attribute).posting_mut(pair.ordinal), !gone);
            if gone { o += 1 } else { n += 1 }
        }
    }

    fn update_numbers(
        &mut self,
        item: ItemId,
        old: &[(VariantId, Pairs)],
        shared: &Level,
        after: &[(VariantId, Level)],
    ) {
        let mut wanted: BTreeMap<(u32, VariantId), f64> = BTreeMap::new();
        for (variant, own) in after {
            let inherited = shared.numbers.iter().filter(|(attribute, _)| !has_attribute(&own.pairs, *attribute));
            wanted.extend(inherited.chain(&own.numbers).map(|&(attribute, number)| ((attribute, *variant), number)));
        }
        let mut stale: Vec<u32> = shared.numbers.iter().map(|&(attribute, _)| attribute).collect();
        for (variant, pairs) in old {
            for pair in pairs.iter().filter(|pair| pair.ordinal == UNLISTED) {
                wanted.entry((pair.attribute, *variant)).or_insert(f64::MISSING);
                stale.push(pair.attribute);
            }
        }
        stale.sort_unstable();
        stale.dedup();
        for attribute in stale {
            let number = shared.numbers.iter().find(|entry| entry.0 == attribute).map_or(f64::MISSING, |entry| entry.1);
            if self.list.get(attribute as usize).is_some_and(|a| differs(a.item_number(item), number)) {
                self.get_mut(attribute).item_numbers.set(item.index(), number);
            }
        }
        for ((attribute, variant), number) in wanted {
            if self.list.get(attribute as usize).is_some_and(|a| differs(a.number(variant), number)) {
                self.get_mut(attribute).variant_numbers.set(variant.index(), number);
            }
        }
    }
}

fn differs(old: f64, new: f64) -> bool {
    old.to_bits() != new.to_bits() && !(old.is_nan() && new.is_nan())
}

fn put(set: &mut RoaringBitmap, id: u32, member: bool) {
    if member {
        set.insert(id)
    } else {
        set.remove(id)
    };
}

/// Does a sorted row have any value of the attribute?
pub(crate) fn has_attribute(row: &[Pair], attribute: u32) -> bool {
    !values_in(row, attribute).is_empty()
}

/// The values of one attribute in a sorted row.
pub(crate) fn values_in(row: &[Pair], attribute: u32) -> &[Pair] {
    let from = row.partition_point(|pair| pair.attribute < attribute);
    let len = row[from..].iter().take_while(|pair| pair.attribute == attribute).count();
    &row[from..from + len]
}

fn attributes_of(row: &[Pair]) -> impl Iterator<Item = u32> + '_ {
    row.chunk_by(|a, b| a.attribute == b.attribute).map(|group| group[0].attribute)
}

fn union(levels: &[(VariantId, Pairs)]) -> Pairs {
    if let [(_, only)] = levels {
        return only.clone();
    }
    let mut all: Pairs = levels.iter().flat_map(|(_, pairs)| pairs.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    all
}
