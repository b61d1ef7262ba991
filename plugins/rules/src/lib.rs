//! The rule model the plugins share: conditions, targets, acts.
