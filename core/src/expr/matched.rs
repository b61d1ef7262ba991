//! What does a condition mean once the product it is relative to is known?
//!
//! Values that stand for the matched product's (`{"matched": "color"}`) are replaced by what that product and its
//! variants have, and percentages (`{"matched_percent": 80}`) by numbers; what comes out is an ordinary condition. A
//! matched category is each the product hangs in, which as everywhere means those below, too. Where the product has no
//! value, nothing is equal to it and no number is in the range.

use super::{Bound, Condition, EvalContext, Test, Value};
use crate::catalog::Catalog;
use crate::catalog::attribute::UNLISTED;
use crate::id::{DAY_MS, ItemId};

/// What a computed bound may miss a whole minor unit by and still be it.
const ROUNDING: f64 = 1e-6;

/// The condition with everything relative filled in from the product.
pub fn relate(condition: &Condition, catalog: &Catalog, item: ItemId, context: &EvalContext<'_>) -> Condition {
    let matched = Matched { catalog, item, context };
    matched.fill(condition)
}

struct Matched<'a> {
    catalog: &'a Catalog,
    item: ItemId,
    context: &'a EvalContext<'a>,
}

impl Matched<'_> {
    fn fill(&self, condition: &Condition) -> Condition {
        match condition {
            Condition::All(parts) => Condition::All(parts.iter().map(|part| self.fill(part)).collect()),
            Condition::Any(parts) => Condition::Any(parts.iter().map(|part| self.fill(part)).collect()),
            Condition::Not(part) => Condition::Not(Box::new(self.fill(part))),
            Condition::Field { field, test } => Condition::Field { field: field.clone(), test: self.test(field, test) },
        }
    }

    fn test(&self, field: &str, test: &Test) -> Test {
        match test {
            Test::In(values) => Test::In(values.iter().flat_map(|value| self.value(value)).collect()),
            Test::Relative { from, to } => match (self.bound(field, *from), self.bound(field, *to)) {
                (Ok(from), Ok(to)) => Test::Range { from, to },
                _ => Test::In(Vec::new()),
            },
            other => other.clone(),
        }
    }

    fn value(&self, value: &Value) -> Vec<Value> {
        match value {
            Value::Matched(field) => self.values(field),
            other => vec![other.clone()],
        }
    }

    /// Everything the product has in a field, each once.
    fn values(&self, field: &str) -> Vec<Value> {
        let catalog = self.catalog;
        let product = catalog.product(self.item);
        match field {
            "sku" => vec![Value::Text(catalog.sku_of(self.item).to_owned())],
            "name" => {
                product.map(|product| Value::Text(product.name_in(self.context.view).to_owned())).into_iter().collect()
            }
            "category" | "categories" => {
                let placed = self.context.members(catalog).placed_in(self.item);
                placed.map(|id| Value::Text(catalog.category_path(id).join("/"))).collect()
            }
            "price" | "quantity" | "age_days" => self.number(field).map(Value::Number).into_iter().collect(),
            "in_stock" => vec![Value::Boolean(catalog.sellable_items().contains(self.item.0))],
            code => {
                let Some(id) = catalog.attribute_id(code) else { return Vec::new() };
                let values = catalog.all_values(self.item).into_iter().filter(|(attribute, _)| *attribute == id);
                let texts = values.filter(|(_, ordinal)| *ordinal != UNLISTED);
                let texts = texts.filter_map(|(_, ordinal)| Some(catalog.attribute(id)?.text(ordinal).to_owned()));
                texts.map(Value::Text).chain(self.number(code).map(Value::Number)).collect()
            }
        }
    }

    /// The bound as a number; an error where the product has none.
    fn bound(&self, field: &str, bound: Option<Bound>) -> Result<Option<f64>, ()> {
        match bound {
            None => Ok(None),
            Some(Bound::Number(number)) => Ok(Some(number)),
            Some(Bound::Percent(percent)) if field == "price" => {
                let minor = self.price_minor().ok_or(())? as f64 * percent / 100.0;
                // Prices are whole minor units, so either bound may move up to the next one.
                Ok(Some((minor - ROUNDING).ceil() / self.context.book.scale()))
            }
            Some(Bound::Percent(percent)) => Ok(Some(self.number(field).ok_or(())? * percent / 100.0)),
        }
    }

    /// The number that stands for the product: that of the variant which stands for it.
    fn number(&self, field: &str) -> Option<f64> {
        let catalog = self.catalog;
        let witness = catalog.witness(self.item, catalog.alive())?;
        let number = match field {
            "price" => Some(self.context.book.major(self.price_minor()?)),
            "quantity" => catalog.stock(witness).quantity,
            "age_days" => {
                let created = catalog.created_ms(self.item)?;
                Some(self.context.now_ms.saturating_sub(created) as f64 / DAY_MS as f64)
            }
            code => catalog.attribute_id(code).and_then(|id| catalog.attribute(id)).map(|a| a.number(witness)),
        };
        number.filter(|number| number.is_finite())
    }

    fn price_minor(&self) -> Option<i64> {
        let witness = self.catalog.witness(self.item, self.catalog.alive())?;
        Some(self.catalog.price(witness, self.context.book, self.context.now_ms)?.final_minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::doc::{AttributeValue, Placement};
    use crate::catalog::testing::{product, variant};
    use crate::expr::{evaluate, parse_relative};

    /// A shirt in two colors, a red mug, a blue cap; all cost 10.
    fn shop() -> Catalog {
        let mut catalog = Catalog::new();
        let mut shirt =
            product("SHIRT", &[variant("SHIRT-R", &[("color", "Red")]), variant("SHIRT-G", &[("color", "green")])]);
        let path = |names: &[&str]| Placement { path: names.iter().map(|n| (*n).to_owned()).collect(), position: None };
        shirt.categories = vec![path(&["Men"])];
        shirt.attributes.insert("weight".to_owned(), AttributeValue::Number(200.0));
        catalog.put(shirt, 0);
        for (sku, color, weight) in [("MUG", "red", 100.0), ("CAP", "blue", 190.0)] {
            let mut doc = product(sku, &[variant(sku, &[])]);
            doc.attributes.insert("color".to_owned(), AttributeValue::Text(color.to_owned()));
            doc.attributes.insert("weight".to_owned(), AttributeValue::Number(weight));
            doc.categories = vec![path(if sku == "CAP" { &["Men", "Hats"] } else { &["Home"] })];
            catalog.put(doc, 0);
        }
        catalog
    }

    #[test]
    fn what_is_relative_is_filled_in_from_the_product() {
        let catalog = shop();
        let book = catalog.root_chain();
        let context = EvalContext { book: &book, now_ms: 0, view: "", demand: None, seq: 0, tree: None };
        let check = |matched: &str, json: &str, expected: &[&str]| {
            let condition = parse_relative(&serde_json::from_str(json).unwrap()).unwrap();
            assert!(condition.is_relative() && evaluate(&condition, &catalog, &context).is_empty(), "{json}");
            let filled = relate(&condition, &catalog, catalog.item(matched).unwrap(), &context);
            assert!(!filled.is_relative());
            let items = catalog.lift(&evaluate(&filled, &catalog, &context));
            let skus: Vec<&str> = items.iter().map(|item| catalog.sku_of(ItemId(item))).collect();
            assert_eq!(skus, expected, "{json} of {matched}");
        };
        let color = r#"{"field":"color","eq":{"matched":"color"}}"#;
        check("SHIRT", color, &["SHIRT", "MUG"]);
        check("MUG", color, &["SHIRT", "MUG"]);
        check("CAP", color, &["CAP"]);
        check("MUG", r#"{"field":"color","in":["blue",{"matched":"color"}]}"#, &["SHIRT", "MUG", "CAP"]);
        check("SHIRT", r#"{"field":"category","eq":{"matched":"category"}}"#, &["SHIRT", "CAP"]);
        check("CAP", r#"{"field":"category","eq":{"matched":"category"}}"#, &["CAP"]);
        check("CAP", r#"{"field":"brand","eq":{"matched":"brand"}}"#, &[]);
        let near = r#"{"field":"weight","range":{"from":{"matched_percent":90},"to":{"matched_percent":110}}}"#;
        check("SHIRT", near, &["SHIRT", "CAP"]);
        check("SHIRT", r#"{"field":"weight","range":{"from":150,"to":{"matched_percent":99}}}"#, &["CAP"]);
        check("MUG", r#"{"field":"price","range":{"from":{"matched_percent":100}}}"#, &["SHIRT", "MUG", "CAP"]);
        check("MUG", r#"{"field":"price","range":{"to":{"matched_percent":100}}}"#, &[]);
        check("MUG", r#"{"field":"quantity","range":{"to":{"matched_percent":100}}}"#, &[]);
    }
}
