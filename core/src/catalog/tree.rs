//! Where do products hang?
//!
//! The category tree. A node knows its own members and the union of its subtree, so that a category page
//! starts from a ready bitmap; paths are walked from the root, so that moving a subtree changes one key and
//! the unions above it. Names compare without case among siblings; the first spelling is kept. Node 0 is
//! the unnamed root. A category that was removed and made again is a new category with a new id.

use std::sync::Arc;

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::attribute::fold_text;
use super::bits::put_bit;
use super::chunk::{Cell, Chunked, Column};
use crate::id::{CategoryId, ItemId};

/// The unnamed root of the tree.
pub const ROOT: CategoryId = CategoryId(0);

/// A product's place in a category, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hung {
    /// The category.
    pub category: CategoryId,
    /// The merchant's order in that category, smallest first; `None` goes behind.
    pub position: Option<i32>,
}

/// One category.
#[derive(Clone, Debug)]
pub struct Category {
    /// Name among its siblings, in its first spelling.
    pub name: String,
    /// `None` for the root.
    pub parent: Option<CategoryId>,
    /// Order among its siblings, smallest first; `None` goes behind.
    pub position: Option<i32>,
    /// Does it show its descendants' products?
    pub anchor: bool,
    /// In display order.
    pub children: Vec<CategoryId>,
    direct: Arc<RoaringBitmap>,
    subtree: Arc<RoaringBitmap>,
    positions: Column<i64>,
}

impl Category {
    fn new(name: &str, parent: Option<CategoryId>) -> Self {
        Self {
            name: name.trim().to_owned(),
            parent,
            position: None,
            anchor: true,
            children: Vec::new(),
            direct: Arc::default(),
            subtree: Arc::default(),
            positions: Column::default(),
        }
    }

    /// Products shown on the category's page: its own and, with `anchor`, those of its descendants.
    pub fn members(&self) -> &Arc<RoaringBitmap> {
        if self.anchor { &self.subtree } else { &self.direct }
    }

    /// Products in it or in any descendant, whatever `anchor` says.
    pub fn subtree(&self) -> &Arc<RoaringBitmap> {
        &self.subtree
    }

    /// Products placed directly in it.
    pub fn direct(&self) -> &Arc<RoaringBitmap> {
        &self.direct
    }

    /// The merchant's position of a product placed directly here with one.
    pub fn position_of(&self, item: ItemId) -> Option<i32> {
        let position = self.positions.get(item.index());
        (!position.is_missing()).then_some(position as i32)
    }
}

/// A node as it is saved: name, parent, position, anchor; `None` for a removed one.
pub(crate) type SavedNode = Option<(String, Option<CategoryId>, Option<i32>, bool)>;

/// The category tree.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// `None` where a category was removed.
    nodes: Chunked<Option<Arc<Category>>, 64>,
    names: imbl::HashMap<(CategoryId, String), CategoryId>,
}

impl Default for Tree {
    fn default() -> Self {
        let mut nodes = Chunked::default();
        nodes.push(Some(Arc::new(Category::new("", None))));
        Self { nodes, names: imbl::HashMap::new() }
    }
}

impl Tree {
    pub fn get(&self, id: CategoryId) -> Option<&Category> {
        self.nodes.get(id.index())?.as_deref()
    }

    /// Alive categories, the root left out, in id order.
    pub fn iter(&self) -> impl Iterator<Item = (CategoryId, &Category)> {
        let nodes = self.nodes.iter().enumerate().skip(1);
        nodes.filter_map(|(id, node)| Some((CategoryId(id as u32), node.as_deref()?)))
    }

    /// The category at the end of these names.
    pub fn find<S: AsRef<str>>(&self, path: &[S]) -> Option<CategoryId> {
        path.iter().try_fold(ROOT, |at, name| self.child(at, name.as_ref()))
    }

    /// The category of a path text, names joined by `/`. A name may itself contain `/`: the shortest split
    /// that names a category wins.
    pub fn find_text(&self, path: &str) -> Option<CategoryId> {
        let path = path.trim_matches('/');
        (!path.is_empty()).then(|| self.walk(ROOT, path)).flatten()
    }

    fn walk(&self, at: CategoryId, path: &str) -> Option<CategoryId> {
        let ends = path.match_indices('/').map(|(end, _)| end);
        let below = |end: usize| self.walk(self.child(at, &path[..end])?, &path[end + 1..]);
        ends.into_iter().find_map(below).or_else(|| self.child(at, path))
    }

    fn child(&self, at: CategoryId, name: &str) -> Option<CategoryId> {
        self.names.get(&(at, fold_text(name))).copied()
    }

    /// From the category's parent up to, and without, the root.
    pub fn ancestors(&self, id: CategoryId) -> impl Iterator<Item = CategoryId> + '_ {
        let up = |id: &CategoryId| self.get(*id)?.parent.filter(|parent| *parent != ROOT);
        std::iter::successors(up(&id), up)
    }

    /// Levels below a category: 0 for one without children.
    pub fn height(&self, id: CategoryId) -> usize {
        let children = self.get(id).map_or(&[][..], |node| &node.children);
        children.iter().map(|child| 1 + self.height(*child)).max().unwrap_or(0)
    }

    /// Names from the root down.
    pub fn path(&self, id: CategoryId) -> Vec<String> {
        let nodes = std::iter::once(id).filter(|id| *id != ROOT).chain(self.ancestors(id));
        let mut names: Vec<String> = nodes.filter_map(|id| Some(self.get(id)?.name.clone())).collect();
        names.reverse();
        names
    }

    /// The category at the end of these names; what is missing is made.
    pub fn create(&mut self, path: &[String]) -> CategoryId {
        path.iter().fold(ROOT, |at, name| match self.child(at, name) {
            Some(child) => child,
            None => {
                let id = CategoryId(self.nodes.push(Some(Arc::new(Category::new(name, Some(at))))) as u32);
                self.attach(id, at);
                id
            }
        })
    }

    pub fn put(&mut self, path: &[String], position: Option<i32>, anchor: bool) {
        let id = self.create(path);
        if id == ROOT {
            return;
        }
        let node = self.node_mut(id);
        (node.position, node.anchor) = (position, anchor);
        if let Some(parent) = node.parent {
            self.sort_children(parent);
        }
    }

    /// Moves a category with everything below it. Nothing happens when `path` names none, when `to` is
    /// taken by another category, or when `to` lies inside the moved subtree.
    pub fn relocate(&mut self, path: &[String], to: &[String]) {
        let (Some(id), Some((name, above))) = (self.find(path), to.split_last()) else { return };
        let taken = self.find(to).is_some_and(|other| other != id);
        let inside = (1..=above.len()).any(|depth| self.find(&above[..depth]) == Some(id));
        if id == ROOT || taken || inside {
            return;
        }
        let target = self.create(above);
        let members = Arc::clone(&self.node_mut(id).subtree);
        let old = self.detach(id);
        self.rebuild_up(old);
        let node = self.node_mut(id);
        (node.name, node.parent) = (name.trim().to_owned(), Some(target));
        self.attach(id, target);
        self.each_up(target, |node| *Arc::make_mut(&mut node.subtree) |= &*members);
    }

    /// Removes a category with everything below it and returns the removed ids; none when there is no such.
    pub fn remove(&mut self, path: &[String]) -> Vec<CategoryId> {
        let Some(id) = self.find(path).filter(|id| *id != ROOT) else { return Vec::new() };
        let above = self.detach(id);
        let mut removed = vec![id];
        let mut next = 0;
        while let Some(&id) = removed.get(next) {
            next += 1;
            let children = self.get(id).map(|node| node.children.clone()).unwrap_or_default();
            for &child in &children {
                let name = self.get(child).map(|node| fold_text(&node.name)).unwrap_or_default();
                self.names.remove(&(id, name));
            }
            removed.extend(children);
            *self.nodes.get_mut(id.index()) = None;
        }
        self.rebuild_up(above);
        removed
    }

    /// Hangs a product; a category named twice counts once, with the first position.
    pub fn hang(&mut self, item: ItemId, places: &[Hung]) {
        for place in places.iter().rev() {
            let Some(node) = self.get(place.category) else { continue };
            let position = place.position.map_or(i64::MISSING, i64::from);
            if node.positions.get(item.index()) != position || !node.direct.contains(item.0) {
                let node = self.node_mut(place.category);
                put_bit(&mut node.direct, item.0, true);
                node.positions.set(item.index(), position);
            }
            self.mark_up(place.category, item);
        }
    }

    /// Takes a product down from where it hung.
    pub fn unhang(&mut self, item: ItemId, places: &[Hung]) {
        for place in places {
            if self.get(place.category).is_none() {
                continue;
            }
            let node = self.node_mut(place.category);
            put_bit(&mut node.direct, item.0, false);
            node.positions.set(item.index(), i64::MISSING);
            self.each_up(place.category, |node| put_bit(&mut node.subtree, item.0, false));
        }
    }

    /// Every node with its saved form, in id order, the root first.
    pub fn save(&self) -> Vec<SavedNode> {
        let save = |node: &Category| (node.name.clone(), node.parent, node.position, node.anchor);
        self.nodes.iter().map(|node| node.as_deref().map(save)).collect()
    }

    /// A tree without products. `None` when parents are missing or form a circle.
    pub fn load(saved: &[SavedNode]) -> Option<Self> {
        let mut tree = Self::default();
        for (id, node) in saved.iter().enumerate().skip(1) {
            let node = node.as_ref().map(|(name, parent, position, anchor)| {
                let node = Category::new(name, *parent);
                Arc::new(Category { position: *position, anchor: *anchor, ..node })
            });
            *tree.nodes.get_mut(id) = node;
        }
        for id in (1..saved.len()).map(|id| CategoryId(id as u32)) {
            let Some(node) = tree.get(id) else { continue };
            let parent = node.parent?;
            tree.get(parent)?;
            if tree.ancestors(id).take(saved.len() + 1).count() > saved.len() {
                return None;
            }
            tree.attach(id, parent);
        }
        Some(tree)
    }

    fn node_mut(&mut self, id: CategoryId) -> &mut Category {
        let node = self.nodes.get_mut(id.index()).as_mut().expect("ids are taken from the tree");
        Arc::make_mut(node)
    }

    fn attach(&mut self, id: CategoryId, parent: CategoryId) {
        let name = fold_text(&self.node_mut(id).name);
        self.names.insert((parent, name), id);
        self.node_mut(parent).children.push(id);
        self.sort_children(parent);
    }

    /// Takes a node out of its parent's list and returns that parent.
    fn detach(&mut self, id: CategoryId) -> CategoryId {
        let node = self.node_mut(id);
        let (name, parent) = (fold_text(&node.name), node.parent.unwrap_or(ROOT));
        self.names.remove(&(parent, name));
        self.node_mut(parent).children.retain(|child| *child != id);
        parent
    }

    fn sort_children(&mut self, parent: CategoryId) {
        let mut children = self.node_mut(parent).children.clone();
        let place = |id: &CategoryId| self.get(*id).and_then(|node| node.position).map_or(i64::MAX, i64::from);
        children.sort_by_key(|id| (place(id), *id));
        self.node_mut(parent).children = children;
    }

    /// Recomputes the unions of a node and everything above it.
    fn rebuild_up(&mut self, from: CategoryId) {
        let mut at = Some(from);
        while let Some(id) = at {
            let node = self.node_mut(id);
            let (mut union, children) = ((*node.direct).clone(), node.children.clone());
            for child in children.iter().filter_map(|child| self.get(*child)) {
                union |= &*child.subtree;
            }
            let node = self.node_mut(id);
            node.subtree = Arc::new(union);
            at = node.parent;
        }
    }

    fn mark_up(&mut self, from: CategoryId, item: ItemId) {
        let mut at = Some(from);
        while let Some(id) = at {
            // What is marked here is marked above, too.
            if self.get(id).is_none_or(|node| node.subtree.contains(item.0)) {
                return;
            }
            let node = self.node_mut(id);
            put_bit(&mut node.subtree, item.0, true);
            at = node.parent;
        }
    }

    fn each_up(&mut self, from: CategoryId, mut change: impl FnMut(&mut Category)) {
        let mut at = Some(from);
        while let Some(id) = at {
            let node = self.node_mut(id);
            change(node);
            at = node.parent;
        }
    }
}
