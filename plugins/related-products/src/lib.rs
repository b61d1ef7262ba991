//! The related-products plugin.
