//! Which categories are kept for some customers?
//!
//! Configuration documents of kind `category-access`. A category that a document names, with everything below it, is
//! there for the customer groups of the document alone: for all others it has no page, no bucket in a facet and no
//! filter, and products that hang nowhere else are not shown. A product that also hangs in an open category is shown.
//! Which group a shopper is in is the caller's word (`customer_group`); prices are the price books' business.

use std::collections::BTreeSet;

use planogram_abi::Problem;
use roaring::RoaringBitmap;

use super::read::Fields;
use super::{Catalog, ROOT};
use crate::id::CategoryId;
use crate::limits::{CATEGORY_GROUPS_MAX, CATEGORY_PATH_BYTES_MAX, CODE_BYTES_MAX};

/// Kind of the documents read here.
pub const CATEGORY_ACCESS_KIND: &str = "category-access";

/// JSON Schema of a category access document.
pub const CATEGORY_ACCESS_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Category access",
  "description": "Keeps a category and everything below it for some customer groups.",
  "type": "object",
  "additionalProperties": false,
  "required": ["category"],
  "properties": {
    "category": {"type": "string", "minLength": 1, "description": "Names from the root, joined by `/`."},
    "groups": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 1000, "default": [], "description": "Customer groups that see it."},
    "guests": {"type": "boolean", "default": false, "description": "Do shoppers without a customer group see it?"}
  }
}"#;

/// Whom one category is kept for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryAccess {
    /// Names from the root, joined by `/`.
    pub category: String,
    /// Codes of the customer groups that see it.
    pub groups: Vec<String>,
    /// Do shoppers without a customer group see it?
    pub guests: bool,
}

impl CategoryAccess {
    /// Does a shopper of this group, or of none, see the category?
    pub fn admits(&self, group: Option<&str>) -> bool {
        group.map_or(self.guests, |group| self.groups.iter().any(|known| known == group))
    }
}

/// Reads one category access document.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_category_access(json: &str) -> Result<CategoryAccess, Vec<Problem>> {
    let mut fields = Fields::parse(json)?;
    let category = fields.text("category", CATEGORY_PATH_BYTES_MAX);
    if category.is_none() && !fields.refused("category") {
        fields.refuse("category", "`category` is missing", "names from the root, joined by `/`");
    }
    let read = CategoryAccess {
        category: category.unwrap_or_default(),
        groups: fields.texts("groups", CATEGORY_GROUPS_MAX, CODE_BYTES_MAX).unwrap_or_default(),
        guests: fields.flag("guests").unwrap_or(false),
    };
    fields.finish(read)
}

/// The categories one shopper does not see, and what goes with them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HiddenCategories {
    categories: BTreeSet<CategoryId>,
    items: RoaringBitmap,
}

impl HiddenCategories {
    /// The categories of these paths with everything below them; paths that lead nowhere hide nothing. Looks at what
    /// is hidden and at the way there from the root: what stands beside that way is open as a whole. `direct` are the
    /// products of a category itself, `subtree` those of it and of all below.
    pub fn of<'p, 'd>(
        catalog: &Catalog,
        paths: impl Iterator<Item = &'p str>,
        direct: impl Fn(CategoryId) -> &'d RoaringBitmap,
        subtree: impl Fn(CategoryId) -> &'d RoaringBitmap,
    ) -> Self {
        let tops: BTreeSet<CategoryId> = paths.filter_map(|path| catalog.category(path)).collect();
        if tops.is_empty() {
            return Self::default();
        }
        let way: BTreeSet<CategoryId> = tops.iter().flat_map(|top| catalog.ancestors(*top)).chain([ROOT]).collect();
        let (mut categories, mut items, mut open) = (BTreeSet::new(), RoaringBitmap::new(), RoaringBitmap::new());
        // Categories to look at, and whether they are hidden.
        let mut next = vec![(ROOT, false)];
        while let Some((id, above_is_hidden)) = next.pop() {
            let Some(node) = catalog.category_node(id) else { continue };
            let is_hidden = above_is_hidden || tops.contains(&id);
            if is_hidden {
                categories.insert(id);
                items |= direct(id);
            } else if way.contains(&id) {
                open |= direct(id);
            } else {
                open |= subtree(id);
                continue;
            }
            next.extend(node.children.iter().map(|child| (*child, is_hidden)));
        }
        Self { categories, items: items - open }
    }

    /// Is nothing hidden?
    pub fn is_empty(&self) -> bool {
        self.categories.is_empty()
    }

    /// Is this category hidden?
    pub fn contains(&self, category: CategoryId) -> bool {
        self.categories.contains(&category)
    }

    /// Products that hang in hidden categories alone.
    pub fn items(&self) -> &RoaringBitmap {
        &self.items
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::arb_shop;
    use super::*;

    proptest! {
        #[test]
        fn what_is_hidden_agrees_with_looking_at_every_category(catalog in arb_shop(), picks in any::<u64>()) {
            let paths: Vec<String> = catalog.categories().map(|(id, _)| catalog.category_path(id).join("/")).collect();
            let closed: Vec<&str> = paths.iter().enumerate().filter(|(at, _)| picks >> (2 * at % 64) & 3 == 3).map(|(_, path)| path.as_str()).collect();
            let node = |id: CategoryId| catalog.category_node(id).unwrap();
            let paths = closed.iter().copied().chain(["nowhere"]);
            let hidden = HiddenCategories::of(&catalog, paths, |id| node(id).direct(), |id| node(id).subtree());
            let tops: Vec<CategoryId> = closed.iter().filter_map(|path| catalog.category(path)).collect();
            let (mut inside, mut outside) = (RoaringBitmap::new(), RoaringBitmap::new());
            for (id, node) in catalog.categories() {
                let is_hidden = std::iter::once(id).chain(catalog.ancestors(id)).any(|id| tops.contains(&id));
                prop_assert_eq!(hidden.contains(id), is_hidden);
                if is_hidden { inside |= &**node.direct() } else { outside |= &**node.direct() }
            }
            prop_assert_eq!(hidden.items(), &(inside - outside));
        }
    }

    #[test]
    fn documents_are_read_and_mistakes_named() {
        let read = parse_category_access(r#"{"category":"Trade","groups":["wholesale"]}"#).unwrap();
        let seen = [Some("wholesale"), Some("retail"), None].map(|group| read.admits(group));
        assert_eq!(seen, [true, false, false]);
        assert!(parse_category_access(r#"{"category":"Trade","guests":true}"#).unwrap().admits(None));
        let pointers = |json: &str| {
            let problems = parse_category_access(json).unwrap_err();
            problems.into_iter().map(|problem| problem.pointer).collect::<Vec<_>>()
        };
        assert_eq!(pointers("{}"), ["/category"]);
        assert_eq!(pointers(r#"{"category":"","groups":[1],"group":"x"}"#), ["/category", "/groups", "/group"]);
    }
}
