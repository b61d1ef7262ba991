//! planogram.
