//! The category-merchandising plugin.
