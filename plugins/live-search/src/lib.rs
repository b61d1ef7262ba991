//! The live-search plugin.
