//! How is one list ranked?

pub mod request;
