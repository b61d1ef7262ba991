//! What makes a product document acceptable?
//!
//! Everything the fold relies on is checked here, once, before a document is written to the log: what passes
//! can be folded without a failure. Each problem carries the JSON pointer of the value inside the row.
//! [`check_product`] and [`check_patch`] look at the document alone; the methods on [`Catalog`] look at what
//! it refers to.

use std::collections::{BTreeMap, BTreeSet};

use planogram_abi::Problem;

use super::doc::{AttributeValue, CategoryChange, Placement, Price, ProductDoc, ProductPatch, VariantDoc};
use super::read::pointer;
use super::{Catalog, ROOT};
use crate::limits::{
    ATTRIBUTE_BYTES_MAX, ATTRIBUTE_LIST_MAX, ATTRIBUTES_MAX, CATEGORY_DEPTH_MAX, CATEGORY_NAME_BYTES_MAX,
    CODE_BYTES_MAX, DESCRIPTION_BYTES_MAX, LINKS_MAX, NAME_BYTES_MAX, PLACEMENTS_MAX, PRICE_MINOR_MAX,
    PRODUCT_VIEWS_MAX, SKU_BYTES_MAX, URL_BYTES_MAX, VARIANT_PRICES_MAX, VARIANTS_MAX, VECTOR_DIMENSIONS_MAX,
    VECTOR_SPACES_MAX,
};

/// Spaces whose vectors the kernel makes itself: from visits, from orders, from the products' own texts.
pub const OWN_VECTOR_SPACES: [&str; 3] = ["co-view", "co-purchase", CONTENT_SPACE];

/// The space of the products' own texts, into which a query can be folded.
pub const CONTENT_SPACE: &str = "content";

/// Highest quantity in stock: whole numbers up to here are exact.
const QUANTITY_MAX: f64 = 9_007_199_254_740_992.0;

/// Collects problems under a growing pointer.
#[derive(Default)]
struct Checker {
    problems: Vec<Problem>,
}

impl Checker {
    fn refuse(&mut self, keys: &[&str], message: String, allowed: impl Into<String>) {
        self.problems.push(Problem::new(pointer(keys), message, allowed));
    }

    fn count(&mut self, keys: &[&str], what: &str, n: usize, n_max: usize) {
        if n > n_max {
            self.refuse(keys, format!("{n} {what}"), format!("at most {n_max}"));
        }
    }

    fn bytes(&mut self, keys: &[&str], text: &str, max: usize) {
        if text.len() > max {
            self.refuse(keys, format!("the text has {} bytes", text.len()), format!("at most {max}"));
        }
    }

    fn required(&mut self, keys: &[&str], text: &str, max: usize) {
        if text.trim().is_empty() {
            self.refuse(keys, "the text is empty".to_owned(), format!("1 to {max} bytes"));
        }
        self.bytes(keys, text, max);
    }

    fn price(&mut self, keys: &[&str], price: &Price) {
        let special = price.special.map(|special| special.minor);
        for minor in std::iter::once(price.regular_minor).chain(special) {
            if !(0..=PRICE_MINOR_MAX).contains(&minor) {
                self.refuse(keys, format!("the price is {minor} minor units"), format!("0 to {PRICE_MINOR_MAX}"));
            }
        }
        if let Some((from, until)) = price.special.and_then(|special| special.from_ms.zip(special.until_ms))
            && from >= until
        {
            let message = format!("the special price begins at {from} and ends at {until}");
            self.refuse(keys, message, "an end after the begin");
        }
    }

    fn quantity(&mut self, keys: &[&str], quantity: f64) {
        if !(-QUANTITY_MAX..=QUANTITY_MAX).contains(&quantity) {
            self.refuse(keys, format!("the quantity is {quantity}"), "a finite number below 2^53");
        }
    }

    fn value(&mut self, keys: &[&str], value: &AttributeValue) {
        match value {
            AttributeValue::Text(text) => self.bytes(keys, text, ATTRIBUTE_BYTES_MAX),
            AttributeValue::Number(number) if !number.is_finite() => {
                self.refuse(keys, format!("the number is {number}"), "a finite number");
            }
            AttributeValue::Number(_) | AttributeValue::Boolean(_) => {}
            AttributeValue::List(texts) => {
                self.count(keys, "values", texts.len(), ATTRIBUTE_LIST_MAX);
                let bytes = texts.iter().map(String::len).sum::<usize>();
                if bytes > ATTRIBUTE_BYTES_MAX {
                    self.refuse(
                        keys,
                        format!("the values have {bytes} bytes"),
                        format!("at most {ATTRIBUTE_BYTES_MAX}"),
                    );
                }
            }
        }
    }

    fn values(&mut self, keys: &[&str], values: &BTreeMap<String, AttributeValue>) {
        self.count(keys, "attributes", values.len(), ATTRIBUTES_MAX);
        for (code, value) in values {
            let keys = [keys, &[code.as_str()]].concat();
            self.required(&keys, code, CODE_BYTES_MAX);
            self.value(&keys, value);
        }
    }

    fn path(&mut self, keys: &[&str], path: &[String]) {
        if path.is_empty() || path.len() > CATEGORY_DEPTH_MAX {
            let message = format!("the category path has {} names", path.len());
            self.refuse(keys, message, format!("1 to {CATEGORY_DEPTH_MAX}"));
        }
        path.iter().for_each(|name| self.required(keys, name, CATEGORY_NAME_BYTES_MAX));
    }

    fn placements(&mut self, placements: &[Placement]) {
        self.count(&["categories"], "categories", placements.len(), PLACEMENTS_MAX);
        for (at, placement) in placements.iter().enumerate() {
            self.path(&["categories", &at.to_string()], &placement.path);
        }
    }

    fn links(&mut self, links: &BTreeMap<super::doc::LinkKind, Vec<String>>) {
        for (kind, skus) in links {
            let kind = match kind {
                super::doc::LinkKind::Related => "related",
                super::doc::LinkKind::UpSell => "upsell",
                super::doc::LinkKind::CrossSell => "crosssell",
            };
            self.count(&["links", kind], "links", skus.len(), LINKS_MAX);
            for (at, sku) in skus.iter().enumerate() {
                self.required(&["links", kind, &at.to_string()], sku, SKU_BYTES_MAX);
            }
        }
    }

    fn vector(&mut self, space: &str, vector: &[f32]) {
        let keys = ["vectors", space];
        self.required(&keys, space, CODE_BYTES_MAX);
        if vector.is_empty() || vector.len() > VECTOR_DIMENSIONS_MAX {
            let message = format!("the vector has {} dimensions", vector.len());
            self.refuse(&keys, message, format!("1 to {VECTOR_DIMENSIONS_MAX}"));
        } else if let Some(at) = vector.iter().position(|number| !number.is_finite()) {
            self.refuse(&keys, format!("dimension {at} is {}", vector[at]), "finite numbers");
        } else if vector.iter().all(|number| *number == 0.0) {
            self.refuse(&keys, "every dimension is 0".to_owned(), "a vector with a direction");
        }
    }

    fn variants(&mut self, variants: &[VariantDoc]) {
        if variants.is_empty() {
            self.refuse(&["variants"], "there are no variants".to_owned(), "at least one");
        }
        self.count(&["variants"], "variants", variants.len(), VARIANTS_MAX);
        let (mut skus, mut combinations) = (BTreeSet::new(), BTreeSet::new());
        for (at, variant) in variants.iter().enumerate() {
            let at = at.to_string();
            let keys = ["variants", at.as_str()];
            let under = |key| [&keys[..], &[key]].concat();
            self.required(&under("sku"), &variant.sku, SKU_BYTES_MAX);
            if !skus.insert(&variant.sku) {
                self.refuse(&under("sku"), format!("variant sku `{}` occurs twice", variant.sku), "one variant a sku");
            }
            self.values(&under("options"), &variant.options);
            // `{:?}` is a total, exact spelling of the options, numbers included.
            if variants.len() > 1 && !combinations.insert(format!("{:?}", variant.options)) {
                let message = format!("variant `{}` has the options of another variant", variant.sku);
                self.refuse(&under("options"), message, "one variant a combination of options");
            }
            self.count(&under("prices"), "prices", variant.prices.len(), VARIANT_PRICES_MAX);
            for (book, price) in &variant.prices {
                let keys = [&keys[..], &["prices", book]].concat();
                self.required(&keys, book, CODE_BYTES_MAX);
                self.price(&keys, price);
            }
            variant.stock.quantity.into_iter().for_each(|quantity| self.quantity(&under("quantity"), quantity));
            variant.image.iter().for_each(|image| self.bytes(&under("image"), image, URL_BYTES_MAX));
        }
    }
}

/// What is wrong with a product document; nothing when it may be put.
pub fn check_product(doc: &ProductDoc) -> Vec<Problem> {
    let mut check = Checker::default();
    check.required(&["sku"], &doc.sku, SKU_BYTES_MAX);
    check.required(&["collection"], &doc.collection, CODE_BYTES_MAX);
    check.bytes(&["name"], &doc.name, NAME_BYTES_MAX);
    check.bytes(&["description"], &doc.description, DESCRIPTION_BYTES_MAX);
    doc.brand.iter().for_each(|brand| check.bytes(&["brand"], brand, NAME_BYTES_MAX));
    check.placements(&doc.categories);
    if doc.created_ms == Some(i64::MIN) {
        check.refuse(&["created"], "the time is too far back".to_owned(), "milliseconds since 1970");
    }
    check.values(&["attributes"], &doc.attributes);
    doc.image.iter().for_each(|image| check.bytes(&["image"], image, URL_BYTES_MAX));
    doc.url.iter().for_each(|url| check.bytes(&["url"], url, URL_BYTES_MAX));
    check.links(&doc.links);
    check.count(&["views"], "store views", doc.views.len(), PRODUCT_VIEWS_MAX);
    for (view, own) in &doc.views {
        check.required(&["views", view], view, CODE_BYTES_MAX);
        own.name.iter().for_each(|name| check.bytes(&["views", view, "name"], name, NAME_BYTES_MAX));
        let texts = own.description.iter();
        texts.for_each(|text| check.bytes(&["views", view, "description"], text, DESCRIPTION_BYTES_MAX));
        own.url.iter().for_each(|url| check.bytes(&["views", view, "url"], url, URL_BYTES_MAX));
    }
    check.count(&["vectors"], "vectors", doc.vectors.len(), ATTRIBUTES_MAX);
    doc.vectors.iter().for_each(|(space, vector)| check.vector(space, vector));
    check.variants(&doc.variants);
    check.problems
}

/// What is wrong with a patch, whatever it is applied to.
pub fn check_patch(patch: &ProductPatch) -> Vec<Problem> {
    let mut check = Checker::default();
    check.required(&["sku"], &patch.sku, SKU_BYTES_MAX);
    for (book, price) in &patch.prices {
        check.required(&["prices", book], book, CODE_BYTES_MAX);
        price.iter().for_each(|price| check.price(&["prices", book], price));
    }
    patch.quantity.flatten().into_iter().for_each(|quantity| check.quantity(&["quantity"], quantity));
    check.count(&["attributes"], "attributes", patch.attributes.len(), ATTRIBUTES_MAX);
    for (code, value) in &patch.attributes {
        check.required(&["attributes", code], code, CODE_BYTES_MAX);
        value.iter().for_each(|value| check.value(&["attributes", code], value));
    }
    patch.name.iter().for_each(|name| check.bytes(&["name"], name, NAME_BYTES_MAX));
    patch.description.iter().for_each(|text| check.bytes(&["description"], text, DESCRIPTION_BYTES_MAX));
    patch.image.iter().for_each(|image| check.bytes(&["image"], image, URL_BYTES_MAX));
    patch.url.iter().for_each(|url| check.bytes(&["url"], url, URL_BYTES_MAX));
    patch.categories.iter().for_each(|categories| check.placements(categories));
    check.links(&patch.links);
    check.problems
}

impl Catalog {
    /// What of a patch does not fit the product or variant it names.
    pub fn check_patch_target(&self, patch: &ProductPatch) -> Vec<Problem> {
        let mut check = Checker::default();
        if self.item_ids.get(patch.sku.as_str()).is_some_and(|item| self.product(*item).is_some()) {
            return check.problems;
        }
        if self.variant(&patch.sku).is_none_or(|variant| self.variant_record(variant).is_none()) {
            check.refuse(&["sku"], format!("no product or variant `{}`", patch.sku), "the sku of an existing one");
            return check.problems;
        }
        let product_only = [
            ("name", patch.name.is_some()),
            ("description", patch.description.is_some()),
            ("visibility", patch.visibility.is_some()),
            ("url", patch.url.is_some()),
            ("categories", patch.categories.is_some()),
            ("links", !patch.links.is_empty()),
        ];
        for (field, _) in product_only.iter().filter(|(_, given)| *given) {
            let message = format!("`{field}` belongs to the product, `{}` is one of its variants", patch.sku);
            check.refuse(&[field], message, "prices, stock, attributes and image of a variant");
        }
        check.problems
    }

    /// What of a change of the category tree cannot be done.
    pub fn check_category(&self, change: &CategoryChange) -> Vec<Problem> {
        let mut check = Checker::default();
        let (CategoryChange::Put { path, .. } | CategoryChange::Move { path, .. } | CategoryChange::Remove { path }) =
            change;
        check.path(&["path"], path);
        let found = self.tree.find(path);
        if found.is_none() && !matches!(change, CategoryChange::Put { .. }) {
            check.refuse(&["path"], format!("no category `{}`", path.join("/")), "an existing category");
        }
        if let (CategoryChange::Move { to, .. }, Some(id)) = (change, found.filter(|id| *id != ROOT)) {
            check.path(&["to"], to);
            if self.tree.find(to).is_some_and(|other| other != id) {
                check.refuse(&["to"], format!("category `{}` exists", to.join("/")), "a path that is free");
            }
            if (1..to.len()).any(|depth| self.tree.find(&to[..depth]) == Some(id)) {
                check.refuse(
                    &["to"],
                    format!("`{}` lies inside the moved category", to.join("/")),
                    "a path outside of it",
                );
            }
            let depth = to.len() + self.tree.height(id);
            if depth > CATEGORY_DEPTH_MAX {
                let message = format!("the deepest category would have {depth} names");
                check.refuse(&["to"], message, format!("at most {CATEGORY_DEPTH_MAX}"));
            }
        }
        check.problems
    }

    /// Vectors of a product whose length differs from those of their space, whose space is the kernel's own, or is
    /// one too many.
    pub fn check_vectors(&self, doc: &ProductDoc) -> Vec<Problem> {
        let mut check = Checker::default();
        for (space, vector) in &doc.vectors {
            if OWN_VECTOR_SPACES.contains(&space.as_str()) {
                let message = format!("the space `{space}` is made by the kernel");
                check.refuse(&["vectors", space], message, "another name");
            } else if !self.vector_spaces.contains_key(space) && self.vector_spaces.len() >= VECTOR_SPACES_MAX {
                let message = format!("the space `{space}` would be number {}", self.vector_spaces.len() + 1);
                check.refuse(&["vectors", space], message, format!("at most {VECTOR_SPACES_MAX}"));
            }
            let expected = self.vector_spaces.get(space).copied().filter(|n| *n != vector.len());
            if let Some(expected) = expected {
                let message = format!("the vector has {} dimensions", vector.len());
                check.refuse(&["vectors", space], message, format!("{expected}, as the space `{space}` has"));
            }
        }
        check.problems
    }
}

#[cfg(test)]
mod tests {
    use super::super::doc::{SpecialPrice, Stock};
    use super::super::testing::{product, variant};
    use super::*;

    fn check(change: impl FnOnce(&mut ProductDoc), expected: &[&str]) {
        let mut doc = product("P", &[variant("P-1", &[("color", "Red")]), variant("P-2", &[("color", "Blue")])]);
        change(&mut doc);
        let found: Vec<String> = check_product(&doc).into_iter().map(|problem| problem.pointer).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_mistake_in_a_product_is_named() {
        check(|_| {}, &[]);
        check(|doc| doc.sku = " ".to_owned(), &["/sku"]);
        check(|doc| doc.sku = "x".repeat(SKU_BYTES_MAX + 1), &["/sku"]);
        check(|doc| doc.description = "x".repeat(DESCRIPTION_BYTES_MAX + 1), &["/description"]);
        check(|doc| doc.variants.clear(), &["/variants"]);
        check(|doc| doc.variants[1].sku = "P-1".to_owned(), &["/variants/1/sku"]);
        check(|doc| doc.variants[1].options = doc.variants[0].options.clone(), &["/variants/1/options"]);
        let price = |regular_minor, special| Price { regular_minor, special };
        let negative = BTreeMap::from([("a/b".to_owned(), price(-1, None))]);
        check(|doc| doc.variants[0].prices = negative, &["/variants/0/prices/a~1b"]);
        let empty = SpecialPrice { minor: 1, from_ms: Some(5), until_ms: Some(5) };
        let never = BTreeMap::from([("b".to_owned(), price(2, Some(empty)))]);
        check(|doc| doc.variants[0].prices = never, &["/variants/0/prices/b"]);
        check(
            |doc| doc.variants[0].stock = Stock { in_stock: true, quantity: Some(f64::NAN) },
            &["/variants/0/quantity"],
        );
        let nan = AttributeValue::Number(f64::NAN);
        check(|doc| drop(doc.attributes.insert("w".to_owned(), nan)), &["/attributes/w"]);
        check(|doc| drop(doc.vectors.insert("v".to_owned(), vec![0.0; 3])), &["/vectors/v"]);
        check(|doc| drop(doc.vectors.insert("v".to_owned(), vec![1.0, f32::NAN])), &["/vectors/v"]);
        check(|doc| drop(doc.vectors.insert("v".to_owned(), vec![])), &["/vectors/v"]);
        let place =
            |names: &[&str]| Placement { path: names.iter().map(|n| (*n).to_owned()).collect(), position: None };
        check(
            |doc| doc.categories = vec![place(&["Men"]), place(&["Men", ""]), place(&[])],
            &["/categories/1", "/categories/2"],
        );
        check(|doc| doc.categories = vec![place(&["x"; CATEGORY_DEPTH_MAX + 1])], &["/categories/0"]);
    }

    #[test]
    fn a_patch_is_checked_alone_and_against_its_target() {
        let mut catalog = Catalog::new();
        catalog.put(product("P", &[variant("P-1", &[("color", "Red")])]), 0);
        let check = |patch: ProductPatch, expected: &[&str]| {
            let problems = check_patch(&patch).into_iter().chain(catalog.check_patch_target(&patch));
            assert_eq!(problems.map(|problem| problem.pointer).collect::<Vec<_>>(), expected);
        };
        let sku = |sku: &str| ProductPatch { sku: sku.to_owned(), ..ProductPatch::default() };
        check(sku("P"), &[]);
        check(sku("nobody"), &["/sku"]);
        check(ProductPatch { name: Some("n".to_owned()), ..sku("P") }, &[]);
        check(ProductPatch { name: Some("n".to_owned()), ..sku("P-1") }, &["/name"]);
        check(ProductPatch { quantity: Some(Some(f64::INFINITY)), ..sku("P-1") }, &["/quantity"]);
    }

    #[test]
    fn a_move_that_cannot_be_done_is_refused() {
        let mut catalog = Catalog::new();
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        for text in ["Men/Tops/Tees", "Women"] {
            catalog.change_category(&CategoryChange::Put { path: path(text), position: None, anchor: true });
        }
        let check = |from: &str, to: &str, expected: &[&str]| {
            let problems = catalog.check_category(&CategoryChange::Move { path: path(from), to: path(to) });
            assert_eq!(
                problems.into_iter().map(|problem| problem.pointer).collect::<Vec<_>>(),
                expected,
                "{from} to {to}"
            );
        };
        check("Men/Tops", "Women/Tops", &[]);
        check("Men/Tops", "Men/tops", &[]);
        check("Men/Tops", "Women", &["/to"]);
        check("Men", "Men/Tops/Men", &["/to"]);
        check("Boys", "Kids/Boys", &["/path"]);
        check("Men", &["x"; 15].join("/"), &["/to"]);
    }
}
