//! What does the category tree hold, and what is wanted of it?

use super::Engine;
use super::types::{CategoryInfo, QueryError};
use crate::catalog::Catalog;
use crate::expr::Members;
use crate::id::{CategoryId, TimeMs};
use crate::pipeline::members;
use crate::signal::{Counter, Window};

impl Engine {
    /// Every category, parents before children and siblings in their order, with what shoppers did with its products
    /// in a window or in all time, and the time the window ends with. Counts are of the events that name `store_view`,
    /// or of the whole shop without one.
    ///
    /// # Errors
    /// [`QueryError::NotFound`] when no store view has that code.
    pub fn categories(
        &self,
        store_view: Option<&str>,
        window: Option<Window>,
    ) -> Result<(Vec<CategoryInfo>, TimeMs), QueryError> {
        let snapshot = self.publisher.current();
        if let Some(code) = store_view.filter(|code| snapshot.epoch.shop.store_view(code).is_none()) {
            return Err(QueryError::NotFound { what: "store view".into(), name: code.to_owned() });
        }
        let catalog = &snapshot.catalog;
        let shop = &snapshot.epoch.shop;
        let view = shop.store_view(store_view.unwrap_or_default()).unwrap_or_default();
        let smart = members::of_view(&snapshot, &snapshot.epoch, &view, snapshot.now_ms);
        let members = Members { catalog, smart: smart.as_deref() };
        let mut found = Vec::new();
        for id in in_tree_order(catalog) {
            let Some(node) = catalog.category_node(id) else { continue };
            let count = |counter| snapshot.signals.category(store_view, counter, window, id);
            found.push(CategoryInfo {
                path: catalog.category_path(id),
                position: node.position,
                anchor: node.anchor,
                products: members.of_page(id).len(),
                views: count(Counter::Views),
                carts: count(Counter::Carts),
                purchases: count(Counter::Purchases),
            });
        }
        Ok((found, snapshot.now_ms))
    }
}

/// Depth first, the root left out.
fn in_tree_order(catalog: &Catalog) -> Vec<CategoryId> {
    let children = |id| catalog.category_node(id).map_or(&[][..], |node| &node.children);
    let mut open: Vec<CategoryId> = children(crate::catalog::ROOT).iter().rev().copied().collect();
    let mut order = Vec::new();
    while let Some(id) = open.pop() {
        order.push(id);
        open.extend(children(id).iter().rev());
    }
    order
}
