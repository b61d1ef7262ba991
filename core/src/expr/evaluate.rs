//! Which variants satisfy a condition?
//!
//! A condition becomes a bitmap of alive variants: attributes answer from their postings, numbers and prices
//! from a pass over a column, categories from the tree. `not` is relative to the alive variants. An unknown
//! field or value matches nothing, so that its negation matches everything; [`unknown_fields`] is how a
//! caller warns of it. Lifting to products comes after all conditions were intersected (`Catalog::lift`).

use std::borrow::Cow;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::{Condition, Members, SmartTree, Test, Value};
use crate::catalog::attribute::{Attribute, fold_text, is_same_text};
use crate::catalog::doc::PRODUCTS;
use crate::catalog::{BookChain, Catalog, Product, Purpose, StockRule, Universe, UniverseQuery};
use crate::id::{DAY_MS, ItemId, Seq, TimeMs, VariantId};
use crate::signal::{Demand, SignalColumn};

/// Fields that are not attributes.
pub const FIELDS: [&str; 8] = ["sku", "name", "category", "categories", "price", "in_stock", "quantity", "age_days"];

/// Field that tells where a product is shown, unless an attribute has this code.
pub(super) const VISIBLE_IN: &str = "visible_in";

/// What `visible_in` can name.
pub(super) const LISTS: [(&str, Purpose); 2] = [("search", Purpose::Search), ("catalog", Purpose::Catalog)];

/// What a store view shows in one kind of list, in stock or not.
pub(super) fn shown_in(catalog: &Catalog, view: &str, purpose: Purpose) -> Universe {
    catalog.universe(UniverseQuery { collection: PRODUCTS, purpose, view, stock: StockRule::Any })
}

/// What a condition is evaluated for.
#[derive(Clone, Copy, Debug)]
pub struct EvalContext<'a> {
    /// Price books of the request: `price` is its final price in major units.
    pub book: &'a BookChain,
    /// Time of the request: special prices and `age_days` follow it.
    pub now_ms: TimeMs,
    /// Store view code: `name` is the name it shows.
    pub view: &'a str,
    /// What shoppers want: `views.7d`, `purchases.30d`, `trending` and the like. Without it nothing has a signal.
    pub demand: Option<&'a Demand>,
    /// Log position of all of this.
    pub seq: Seq,
    /// The members of smart categories; without it those who hang in the tree count.
    pub tree: Option<&'a Arc<SmartTree>>,
}

impl<'a> EvalContext<'a> {
    /// The category tree with its members.
    pub fn members(&self, catalog: &'a Catalog) -> Members<'a> {
        Members { catalog, smart: self.tree.map(|tree| &**tree) }
    }
}

/// Alive variants that satisfy the condition, whatever their eligibility.
pub fn evaluate(condition: &Condition, catalog: &Catalog, context: &EvalContext<'_>) -> RoaringBitmap {
    Evaluation { catalog, context }.set(condition).into_owned()
}

/// Fields of the condition that name neither a built-in field nor an attribute that ever had a value, each
/// once, in order of occurrence.
pub fn unknown_fields(condition: &Condition, catalog: &Catalog) -> Vec<String> {
    let mut unknown = Vec::new();
    collect_unknown(condition, catalog, &mut unknown);
    unknown
}

fn collect_unknown(condition: &Condition, catalog: &Catalog, unknown: &mut Vec<String>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter().for_each(|part| collect_unknown(part, catalog, unknown));
        }
        Condition::Not(part) => collect_unknown(part, catalog, unknown),
        Condition::Field { field, .. } => {
            if !is_known_field(field, catalog) && !unknown.contains(field) {
                unknown.push(field.clone());
            }
        }
    }
}

/// Whether a field is built in, a signal, or an attribute that some product had.
pub fn is_known_field(field: &str, catalog: &Catalog) -> bool {
    let is_built_in = FIELDS.contains(&field) || matches!(field, "brand" | VISIBLE_IN);
    is_built_in || SignalColumn::from_name(field).is_some() || catalog.attribute_id(field).is_some()
}

struct Evaluation<'a> {
    catalog: &'a Catalog,
    context: &'a EvalContext<'a>,
}

type Set<'a> = Cow<'a, RoaringBitmap>;

impl<'a> Evaluation<'a> {
    fn set(&self, condition: &Condition) -> Set<'a> {
        match condition {
            Condition::All(parts) => {
                let mut sets = parts.iter().map(|part| self.set(part));
                let Some(first) = sets.next() else { return Cow::Borrowed(self.catalog.alive()) };
                sets.fold(first, |all, set| Cow::Owned(&*all & &*set))
            }
            Condition::Any(parts) => union(parts.iter().map(|part| self.set(part))),
            Condition::Not(part) => Cow::Owned(&**self.catalog.alive() - &*self.set(part)),
            Condition::Field { field, test } => self.field(field, test),
        }
    }

    fn field(&self, field: &str, test: &Test) -> Set<'a> {
        let catalog = self.catalog;
        if test.is_relative() {
            // Nobody said to which product.
            return Set::default();
        }
        match field {
            "sku" => Cow::Owned(self.sku(test)),
            "name" => self.products(|product| test.holds_for(product.name_in(self.context.view))),
            "category" | "categories" => Cow::Owned(self.category(test)),
            "price" => self.numbers(test, |variant| {
                let quote = catalog.price(variant, self.context.book, self.context.now_ms);
                quote.map(|quote| self.context.book.major(quote.final_minor))
            }),
            "in_stock" => self.in_stock(test),
            "quantity" => self.numbers(test, |variant| catalog.stock(variant).quantity),
            "age_days" => self.numbers(test, |variant| {
                let created = catalog.created_ms(catalog.item_of(variant))?;
                Some(self.context.now_ms.saturating_sub(created) as f64 / DAY_MS as f64)
            }),
            code => match catalog.attribute_id(code).and_then(|id| catalog.attribute(id)) {
                Some(attribute) => self.attribute(attribute, test),
                None if code == VISIBLE_IN => Cow::Owned(self.visible_in(test)),
                None => SignalColumn::from_name(code).map_or_else(Set::default, |signal| self.signal(signal, test)),
            },
        }
    }

    fn attribute(&self, attribute: &'a Attribute, test: &Test) -> Set<'a> {
        let texts = |keep: &dyn Fn(&str) -> bool| {
            let ordinals = 0..attribute.n_values() as u32;
            let kept = ordinals.filter(|ordinal| keep(&fold_text(attribute.text(*ordinal))));
            union(kept.filter_map(|ordinal| attribute.variants(ordinal)).map(Cow::Borrowed))
        };
        match test {
            Test::In(values) => {
                let spelled = values.iter().filter_map(|value| attribute.ordinal(&value.spelling()));
                let texts = union(spelled.filter_map(|ordinal| attribute.variants(ordinal)).map(Cow::Borrowed));
                if !attribute.is_numeric() {
                    return texts;
                }
                let equal = self.numbers(test, |variant| Some(attribute.number(variant)));
                Cow::Owned(&*texts | &*equal)
            }
            Test::Range { .. } if attribute.is_numeric() => {
                self.numbers(test, |variant| Some(attribute.number(variant)))
            }
            Test::Range { .. } | Test::Relative { .. } => Cow::Owned(RoaringBitmap::new()),
            Test::Contains(part) => {
                let part = fold_text(part);
                texts(&|text| text.contains(&part))
            }
            Test::StartsWith(start) => {
                let start = fold_text(start);
                texts(&|text| text.starts_with(&start))
            }
            Test::EndsWith(end) => {
                let end = fold_text(end);
                texts(&|text| text.ends_with(&end))
            }
            Test::Words(words) => {
                let words = fold_text(words);
                texts(&|text| begins_words(text, &words))
            }
            Test::Exists => Cow::Owned(attribute.present()),
        }
    }

    /// A sku of a product stands for all its variants. Skus of `in` are compared exactly: they are names.
    fn sku(&self, test: &Test) -> RoaringBitmap {
        let catalog = self.catalog;
        match test {
            Test::In(values) => {
                let mut found = RoaringBitmap::new();
                for sku in values.iter().map(Value::spelling) {
                    let item = catalog.item(&sku).filter(|item| catalog.sku_of(*item) == sku);
                    let variants = item.map_or(&[][..], |item| catalog.variants_of(item));
                    found.extend(variants.iter().map(|variant| variant.0));
                    found.extend(catalog.variant(&sku).map(|variant| variant.0));
                }
                found & &**catalog.alive()
            }
            Test::Exists => (**catalog.alive()).clone(),
            _ => self.variants(|variant| {
                test.holds_for(catalog.variant_sku_of(variant))
                    || test.holds_for(catalog.sku_of(catalog.item_of(variant)))
            }),
        }
    }

    /// Paths; a category stands for itself and everything below it.
    fn category(&self, test: &Test) -> RoaringBitmap {
        let catalog = self.catalog;
        let members = self.context.members(catalog);
        let mut items = RoaringBitmap::new();
        match test {
            Test::In(values) => {
                for id in values.iter().filter_map(|value| catalog.category(&value.spelling())) {
                    items |= members.subtree(id);
                }
            }
            _ => {
                for (id, _) in catalog.categories() {
                    if test.holds_for(&catalog.category_path(id).join("/")) {
                        items |= members.subtree(id);
                    }
                }
            }
        }
        catalog.expand(&items)
    }

    fn in_stock(&self, test: &Test) -> Set<'a> {
        let catalog = self.catalog;
        let wanted = |flag: bool| test.holds_for(if flag { "true" } else { "false" });
        match (wanted(true), wanted(false)) {
            (true, true) => Cow::Borrowed(catalog.alive()),
            (true, false) => Cow::Borrowed(catalog.sellable()),
            (false, true) => Cow::Owned(&**catalog.alive() - &**catalog.sellable()),
            (false, false) => Cow::Owned(RoaringBitmap::new()),
        }
    }

    fn numbers(&self, test: &Test, number: impl Fn(VariantId) -> Option<f64>) -> Set<'a> {
        let holds = number_test(test);
        Cow::Owned(self.variants(|variant| number(variant).is_some_and(|number| !number.is_nan() && holds(number))))
    }

    /// Which kinds of list the store view shows a product in, in stock or not: `search`, `catalog`.
    fn visible_in(&self, test: &Test) -> RoaringBitmap {
        let wanted = LISTS.iter().filter(|(name, _)| test.holds_for(name));
        let shown = wanted.map(|(_, purpose)| shown_in(self.catalog, self.context.view, *purpose).variants);
        shown.fold(RoaringBitmap::new(), |all, variants| all | &*variants)
    }

    /// A product's signal counts for each of its variants.
    fn signal(&self, signal: SignalColumn, test: &Test) -> Set<'a> {
        let Some(demand) = self.context.demand else { return Set::default() };
        let items: Vec<u32> = self.catalog.alive_items().iter().collect();
        let mut values = vec![0.0; items.len()];
        demand.gather(signal, &items, &mut values);
        let holds = number_test(test);
        let kept = items.iter().zip(values).filter(|(_, value)| holds(f64::from(*value))).map(|(item, _)| *item);
        Cow::Owned(self.catalog.expand(&kept.collect()))
    }

    fn products(&self, keep: impl Fn(&Product) -> bool) -> Set<'a> {
        let items = self.catalog.alive_items().iter();
        let kept = items.filter(|item| self.catalog.product(ItemId(*item)).is_some_and(|product| keep(product)));
        Cow::Owned(self.catalog.expand(&kept.collect()))
    }

    fn variants(&self, keep: impl Fn(VariantId) -> bool) -> RoaringBitmap {
        let kept = self.catalog.alive().iter().filter(|variant| keep(VariantId(*variant)));
        RoaringBitmap::from_sorted_iter(kept).expect("a bitmap iterates in order")
    }
}

/// The test as one of numbers; tests of texts hold for none.
pub(super) fn number_test(test: &Test) -> impl Fn(f64) -> bool {
    let wanted: Vec<f64> = match test {
        Test::In(values) => values.iter().filter_map(as_number).collect(),
        _ => Vec::new(),
    };
    move |number| match test {
        Test::In(_) => wanted.contains(&number),
        Test::Range { from, to } => from.is_none_or(|from| from <= number) && to.is_none_or(|to| number < to),
        Test::Exists => true,
        Test::Contains(_) | Test::StartsWith(_) | Test::EndsWith(_) | Test::Words(_) | Test::Relative { .. } => false,
    }
}

fn union<'a>(sets: impl Iterator<Item = Set<'a>>) -> Set<'a> {
    let union = sets.reduce(|mut union, set| {
        *union.to_mut() |= &*set;
        union
    });
    union.unwrap_or_default()
}

impl Test {
    /// Does a text satisfy the test? Texts compare without case; numbers compare by their spelling.
    pub(crate) fn holds_for(&self, text: &str) -> bool {
        match self {
            Test::In(values) => values.iter().any(|value| is_same_text(&value.spelling(), text)),
            Test::Contains(part) => fold_text(text).contains(&fold_text(part)),
            Test::StartsWith(start) => fold_text(text).starts_with(&fold_text(start)),
            Test::EndsWith(end) => fold_text(text).ends_with(&fold_text(end)),
            Test::Words(words) => begins_words(&fold_text(text), &fold_text(words)),
            Test::Exists => !fold_text(text).is_empty(),
            Test::Range { .. } | Test::Relative { .. } => false,
        }
    }
}

/// Does each of the words begin a word of the text? Both are folded; no words are no match.
fn begins_words(text: &str, words: &str) -> bool {
    let cut = |c: char| !c.is_alphanumeric();
    let mut words = words.split(cut).filter(|word| !word.is_empty()).peekable();
    words.peek().is_some() && words.all(|wanted| text.split(cut).any(|word| word.starts_with(wanted)))
}

impl Value {
    /// The text that a value is compared as.
    pub(crate) fn spelling(&self) -> Cow<'_, str> {
        match self {
            Value::Text(text) => Cow::Borrowed(text),
            Value::Number(number) => Cow::Owned(number.to_string()),
            Value::Boolean(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
            Value::Matched(_) => Cow::Borrowed(""),
        }
    }
}

pub(super) fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Boolean(_) | Value::Matched(_) => None,
    }
}

#[cfg(test)]
mod tests;
