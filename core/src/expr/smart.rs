//! Which members do smart categories have?
//!
//! Documents of kind `smart-category` give a category of the tree members by a condition: those who satisfy it stand
//! beside the products that were hung there (`add`) or instead of them (`replace`). Nothing is stored: members are
//! evaluated when a request asks, so that a product enters and leaves with its attributes, and a draft shows what it
//! would do. [`Members`] is the tree as a request sees it; whoever asks for the members of a category asks it.
//! A condition that tests `category` means the hung products there: smart categories do not look at each other.
//! What is not here: counters by category and the text index, which follow the tree as products hang in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use planogram_abi::Problem;
use roaring::RoaringBitmap;

use super::kept;
use super::stored::StoredCondition;
use super::{EvalContext, parse};
use crate::catalog::read::Fields;
use crate::catalog::{Catalog, ROOT};
use crate::id::{CategoryId, ItemId};
use crate::limits::CATEGORY_PATH_BYTES_MAX;

/// Kind of the documents read here.
pub const SMART_CATEGORY_KIND: &str = "smart-category";

/// JSON Schema of a smart category.
pub const SMART_CATEGORY_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Smart category",
  "description": "Gives a category of the tree members by a condition, evaluated when a request asks.",
  "type": "object",
  "additionalProperties": false,
  "required": ["category", "condition"],
  "properties": {
    "category": {"type": "string", "minLength": 1, "description": "Names from the root, joined by `/`. Without such a category in the tree the document rests."},
    "condition": {"type": "object", "description": "A condition, as in filters."},
    "mode": {"enum": ["replace", "add"], "default": "replace", "description": "Whether products hung in the category stay members."}
  }
}"#;

/// What becomes of the products that hang in a smart category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmartMode {
    /// They are members only if they satisfy the condition.
    Replace,
    /// They stay members.
    Add,
}

/// One smart category.
#[derive(Clone, Debug, PartialEq)]
pub struct SmartCategory {
    /// Names from the root, joined by `/`.
    pub category: String,
    /// Who is a member.
    pub condition: StoredCondition,
    /// What becomes of the products that hang there.
    pub mode: SmartMode,
}

/// Reads one smart category document.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse_smart_category(json: &str) -> Result<SmartCategory, Vec<Problem>> {
    let mut fields = Fields::parse(json)?;
    let category = fields.text("category", CATEGORY_PATH_BYTES_MAX);
    if category.is_none() && !fields.refused("category") {
        fields.refuse("category", "`category` is missing", "names from the root, joined by `/`");
    }
    let condition = match fields.any("condition").map(|json| parse(&json)) {
        Some(Ok(condition)) => Some(condition),
        Some(Err(problems)) => {
            for problem in problems {
                let pointer: Vec<&str> =
                    std::iter::once("condition").chain(problem.pointer.split('/').skip(1)).collect();
                fields.refuse_at(&pointer, problem.message, problem.allowed);
            }
            None
        }
        None => {
            fields.refuse("condition", "`condition` is missing", "a condition, as in filters");
            None
        }
    };
    let mode = fields.word("mode", &[("replace", SmartMode::Replace), ("add", SmartMode::Add)]);
    let nothing = super::Condition::Any(Vec::new());
    let condition = StoredCondition::new(condition.unwrap_or(nothing));
    fields.finish(SmartCategory {
        category: category.unwrap_or_default(),
        condition,
        mode: mode.unwrap_or(SmartMode::Replace),
    })
}

/// The members that differ from what hangs in the tree.
#[derive(Debug, Default)]
pub struct SmartTree {
    direct: BTreeMap<CategoryId, Arc<RoaringBitmap>>,
    subtree: BTreeMap<CategoryId, Arc<RoaringBitmap>>,
}

impl SmartTree {
    /// The members that these documents give; `None` when they name no category of the tree. Conditions are evaluated
    /// in `context`, whose own tree is not looked at.
    pub fn of(smart: &[Arc<SmartCategory>], catalog: &Catalog, context: &EvalContext<'_>) -> Option<Arc<Self>> {
        let is_known = |one: &Arc<SmartCategory>| catalog.category(&one.category).is_some();
        if !smart.iter().any(is_known) {
            return None;
        }
        let plain = EvalContext { tree: None, ..*context };
        Some(kept::tree(smart, catalog, &plain, || Self::make(smart, catalog, &plain)))
    }

    fn make(smart: &[Arc<SmartCategory>], catalog: &Catalog, context: &EvalContext<'_>) -> Self {
        let mut direct: BTreeMap<CategoryId, RoaringBitmap> = BTreeMap::new();
        let mut keeps_hung: BTreeMap<CategoryId, bool> = BTreeMap::new();
        for one in smart {
            let Some(id) = catalog.category(&one.category) else { continue };
            *direct.entry(id).or_default() |= &*kept::items(&one.condition, catalog, context);
            *keeps_hung.entry(id).or_insert(true) &= one.mode == SmartMode::Add;
        }
        for (id, members) in &mut direct {
            if let Some(node) = catalog.category_node(*id).filter(|_| keeps_hung[id]) {
                *members |= &**node.direct();
            }
        }
        let mut tree =
            Self { direct: direct.into_iter().map(|(id, set)| (id, Arc::new(set))).collect(), ..Self::default() };
        let changed: BTreeSet<CategoryId> =
            tree.direct.keys().flat_map(|id| std::iter::once(*id).chain(catalog.ancestors(*id))).collect();
        let mut upwards: Vec<CategoryId> = changed.into_iter().collect();
        upwards.sort_by_key(|id| std::cmp::Reverse(catalog.ancestors(*id).count()));
        for id in upwards {
            let members = Members { catalog, smart: Some(&tree) };
            let mut union = RoaringBitmap::clone(members.direct(id));
            let children = catalog.category_node(id).map_or(&[][..], |node| &node.children);
            children.iter().for_each(|child| union |= members.subtree(*child));
            tree.subtree.insert(id, Arc::new(union));
        }
        tree
    }

    /// The smart categories a product is a member of, in order of id.
    pub fn categories_of(&self, item: ItemId) -> impl Iterator<Item = CategoryId> + '_ {
        self.direct.iter().filter(move |(_, members)| members.contains(item.0)).map(|(id, _)| *id)
    }
}

/// The category tree with its members as one request sees it.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a> {
    /// The tree, and what hangs in it.
    pub catalog: &'a Catalog,
    /// What differs.
    pub smart: Option<&'a SmartTree>,
}

static NOBODY: std::sync::LazyLock<RoaringBitmap> = std::sync::LazyLock::new(RoaringBitmap::new);

impl<'a> Members<'a> {
    /// Products of the category itself.
    pub fn direct(&self, id: CategoryId) -> &'a RoaringBitmap {
        let smart = self.smart.and_then(|smart| smart.direct.get(&id));
        smart.map(|set| &**set).or_else(|| Some(&**self.catalog.category_node(id)?.direct())).unwrap_or(&NOBODY)
    }

    /// Products of it or of any descendant.
    pub fn subtree(&self, id: CategoryId) -> &'a RoaringBitmap {
        let smart = self.smart.and_then(|smart| smart.subtree.get(&id));
        smart.map(|set| &**set).or_else(|| Some(&**self.catalog.category_node(id)?.subtree())).unwrap_or(&NOBODY)
    }

    /// Products of its page: its own and, for an anchor, those of its descendants. Not all are eligible.
    pub fn of_page(&self, id: CategoryId) -> &'a RoaringBitmap {
        match self.catalog.category_node(id) {
            Some(node) if !node.anchor => self.direct(id),
            _ => self.subtree(id),
        }
    }

    /// Every category whose [`Members::direct`] has the product.
    pub fn placed_in(&self, item: ItemId) -> impl Iterator<Item = CategoryId> + 'a {
        let Self { catalog, smart } = *self;
        let hangs_in = catalog.product(item).map_or(&[][..], |product| &product.placements);
        let is_hung = move |id: &CategoryId| smart.is_none_or(|smart| !smart.direct.contains_key(id));
        let hung = hangs_in.iter().map(|place| place.category).filter(is_hung);
        hung.chain(smart.into_iter().flat_map(move |smart| smart.categories_of(item)))
    }

    /// Every category whose [`Members::subtree`] has the product; some perhaps twice.
    pub fn shelves(&self, item: ItemId) -> impl Iterator<Item = CategoryId> + 'a {
        let catalog = self.catalog;
        self.placed_in(item).flat_map(move |id| std::iter::once(id).chain(catalog.ancestors(id)))
    }

    /// Those of `items` in each child of a category ([`ROOT`] for the top level), descendants included, in display
    /// order, empty ones left out.
    pub fn count_children(&self, parent: CategoryId, items: &RoaringBitmap) -> Vec<(CategoryId, u64)> {
        debug_assert!(parent == ROOT || self.catalog.category_node(parent).is_some(), "categories come from the tree");
        let children = self.catalog.category_node(parent).map_or(&[][..], |node| &node.children);
        let counts = children.iter().map(|id| (*id, self.subtree(*id).intersection_len(items)));
        counts.filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::doc::{AttributeValue, Placement};
    use crate::catalog::testing::{product, variant};

    fn shop() -> Catalog {
        let mut catalog = Catalog::new();
        for (sku, path, color) in [("a", "Men/Tops", "red"), ("b", "Men/Sale", "blue"), ("c", "Women", "red")] {
            let mut doc = product(sku, &[variant(sku, &[])]);
            doc.attributes.insert("color".to_owned(), AttributeValue::Text(color.to_owned()));
            let path = path.split('/').map(str::to_owned).collect();
            doc.categories = vec![Placement { path, position: None }];
            catalog.put(doc, 0);
        }
        catalog
    }

    fn check(mode: &str, sale: &[u32], men: &[u32]) {
        let catalog = shop();
        let json = format!(r#"{{"category":"men/sale","condition":{{"field":"color","eq":"red"}},"mode":"{mode}"}}"#);
        let smart = [Arc::new(parse_smart_category(&json).unwrap())];
        let book = catalog.root_chain();
        let context = EvalContext { book: &book, now_ms: 0, view: "", demand: None, seq: 1, tree: None };
        let tree = SmartTree::of(&smart, &catalog, &context).unwrap();
        let members = Members { catalog: &catalog, smart: Some(&tree) };
        let of = |path: &str| -> Vec<u32> { members.of_page(catalog.category(path).unwrap()).iter().collect() };
        assert_eq!((of("Men/Sale"), of("Men")), (sale.to_vec(), men.to_vec()), "{mode}");
        assert_eq!((of("Women"), of("Men/Tops")), (vec![2], vec![0]));
        assert!(Arc::ptr_eq(&tree, &SmartTree::of(&smart, &catalog, &context).unwrap()), "the tree is kept");
    }

    #[test]
    fn members_by_condition_stand_in_the_category_and_all_above() {
        check("replace", &[0, 2], &[0, 2]);
        check("add", &[0, 1, 2], &[0, 1, 2]);
    }

    #[test]
    fn documents_are_read_and_mistakes_named() {
        let pointers = |json: &str| -> Vec<String> {
            parse_smart_category(json).unwrap_err().into_iter().map(|problem| problem.pointer).collect()
        };
        assert_eq!(pointers("{}"), ["/category", "/condition"]);
        let wrong = r#"{"category":"A","condition":{"field":"x","near":1},"mode":"some","until":1}"#;
        assert_eq!(pointers(wrong), ["/condition/near", "/mode", "/until"]);
    }

    #[test]
    fn a_category_that_does_not_exist_changes_nothing() {
        let catalog = shop();
        let book = catalog.root_chain();
        let context = EvalContext { book: &book, now_ms: 0, view: "", demand: None, seq: 1, tree: None };
        let smart = Arc::new(parse_smart_category(r#"{"category":"Nowhere","condition":{"all":[]}}"#).unwrap());
        assert!(SmartTree::of(&[smart], &catalog, &context).is_none());
    }
}
