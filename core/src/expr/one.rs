//! Does a condition hold for one product?
//!
//! The same language as `evaluate`, read for the few variants of one product instead of for the whole catalog: which
//! of ten thousand rules are about a product, and what an audience asks of the ten products somebody looked at, must not
//! cost a pass over fifty thousand. As everywhere, all parts must hold for one and the same variant. A property test
//! holds the two to each other.

use super::evaluate::{LISTS, VISIBLE_IN, number_test, shown_in};
use super::{Condition, EvalContext, Test, Value};
use crate::catalog::Catalog;
use crate::catalog::attribute::{Attribute, UNLISTED};
use crate::id::{CategoryId, DAY_MS, ItemId, VariantId};
use crate::signal::SignalColumn;

/// Whether an alive variant of the product satisfies the condition, whatever its eligibility; never of a product that
/// was only heard of.
pub fn holds_for(condition: &Condition, catalog: &Catalog, item: ItemId, context: &EvalContext<'_>) -> bool {
    catalog.variants_of(item).iter().any(|variant| holds(condition, catalog, *variant, context))
}

/// Whether an alive variant satisfies the condition.
pub(super) fn holds(condition: &Condition, catalog: &Catalog, variant: VariantId, context: &EvalContext<'_>) -> bool {
    One { catalog, context, item: catalog.item_of(variant), variant }.holds(condition)
}

struct One<'a> {
    catalog: &'a Catalog,
    context: &'a EvalContext<'a>,
    item: ItemId,
    variant: VariantId,
}

impl One<'_> {
    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::All(parts) => parts.iter().all(|part| self.holds(part)),
            Condition::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Condition::Not(part) => !self.holds(part),
            Condition::Field { field, test } => !test.is_relative() && self.field(field, test),
        }
    }

    fn field(&self, field: &str, test: &Test) -> bool {
        let (catalog, variant) = (self.catalog, self.variant);
        match field {
            "sku" => self.sku(test),
            "name" => {
                catalog.product(self.item).is_some_and(|product| test.holds_for(product.name_in(self.context.view)))
            }
            "category" | "categories" => self.category(test),
            "price" => {
                let quote = catalog.price(variant, self.context.book, self.context.now_ms);
                is_number(quote.map(|quote| self.context.book.major(quote.final_minor)), test)
            }
            "in_stock" => test.holds_for(if catalog.sellable().contains(variant.0) { "true" } else { "false" }),
            "quantity" => is_number(catalog.stock(variant).quantity, test),
            "age_days" => {
                let created = catalog.created_ms(self.item);
                let age = created.map(|created| self.context.now_ms.saturating_sub(created) as f64 / DAY_MS as f64);
                is_number(age, test)
            }
            code => self.attribute(code, test),
        }
    }

    fn attribute(&self, code: &str, test: &Test) -> bool {
        let catalog = self.catalog;
        let Some((id, attribute)) = catalog.attribute_id(code).and_then(|id| Some((id, catalog.attribute(id)?))) else {
            return match SignalColumn::from_name(code) {
                _ if code == VISIBLE_IN => self.visible_in(test),
                Some(signal) => self.signal(signal, test),
                None => false,
            };
        };
        let mut ordinals = catalog.ordinals_of(self.variant, id);
        let is_number = |test| attribute.is_numeric() && is_number(Some(attribute.number(self.variant)), test);
        match test {
            Test::Exists => ordinals.next().is_some(),
            Test::Range { .. } | Test::Relative { .. } => is_number(test),
            Test::In(_) => ordinals.any(|ordinal| has_text(attribute, ordinal, test)) || is_number(test),
            _ => ordinals.any(|ordinal| has_text(attribute, ordinal, test)),
        }
    }

    fn visible_in(&self, test: &Test) -> bool {
        let (catalog, view) = (self.catalog, self.context.view);
        let is_shown = |purpose| shown_in(catalog, view, purpose).variants.contains(self.variant.0);
        LISTS.iter().any(|(name, purpose)| test.holds_for(name) && is_shown(*purpose))
    }

    fn signal(&self, signal: SignalColumn, test: &Test) -> bool {
        let Some(demand) = self.context.demand else { return false };
        let mut value = [0.0];
        demand.gather(signal, &[self.item.0], &mut value);
        number_test(test)(f64::from(value[0]))
    }

    fn sku(&self, test: &Test) -> bool {
        let skus = [self.catalog.variant_sku_of(self.variant), self.catalog.sku_of(self.item)];
        match test {
            // Compared exactly: they are names.
            Test::In(values) => values.iter().map(Value::spelling).any(|sku| skus.contains(&&*sku)),
            Test::Exists => true,
            _ => skus.iter().any(|sku| test.holds_for(sku)),
        }
    }

    /// A category stands for itself and everything below it.
    fn category(&self, test: &Test) -> bool {
        let catalog = self.catalog;
        let members = self.context.members(catalog);
        let contains = |id: CategoryId| members.subtree(id).contains(self.item.0);
        match test {
            Test::In(values) => values.iter().filter_map(|value| catalog.category(&value.spelling())).any(contains),
            _ => members.shelves(self.item).any(|id| test.holds_for(&catalog.category_path(id).join("/"))),
        }
    }
}

fn is_number(number: Option<f64>, test: &Test) -> bool {
    number.is_some_and(|number| !number.is_nan() && number_test(test)(number))
}

/// Numbers, and texts too long to filter by, have no text here.
fn has_text(attribute: &Attribute, ordinal: u32, test: &Test) -> bool {
    ordinal != UNLISTED && test.holds_for(attribute.text(ordinal))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{arb_condition, arb_smart};
    use super::*;
    use crate::catalog::testing::arb_shop;
    use crate::expr::{SmartTree, evaluate};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn one_product_is_told_what_the_bitmap_says(
            catalog in arb_shop(), condition in arb_condition(), smart in arb_smart(),
        ) {
            let book = catalog.root_chain();
            let hung = EvalContext { book: &book, now_ms: 0, view: "default", demand: None, seq: 0, tree: None };
            let tree = SmartTree::of(&smart, &catalog, &hung);
            let context = EvalContext { tree: tree.as_ref(), ..hung };
            let set = catalog.lift(&evaluate(&condition, &catalog, &context));
            for item in 0..catalog.item_bound() as u32 {
                let one = holds_for(&condition, &catalog, ItemId(item), &context);
                prop_assert_eq!(one, set.contains(item), "{}", catalog.sku_of(ItemId(item)));
            }
        }
    }
}
