//! The plugin that planogram plugin new copies.
