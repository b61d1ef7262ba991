//! How much is too much?
//!
//! Every bound of the kernel stands here, once, with its unit and the reason for its size.
//! Bounds that a shop may want to move are defaults of the configuration and are named `DEFAULT_…`.

/// Longest sku, in bytes.
pub const SKU_BYTES_MAX: usize = 256;
/// Longest name of a product, in bytes.
pub const NAME_BYTES_MAX: usize = 4 << 10;
/// Longest description, in bytes: more is refused, not cut.
pub const DESCRIPTION_BYTES_MAX: usize = 1 << 20;
/// Most variants of one product.
pub const VARIANTS_MAX: usize = 10_000;
/// Most attributes of one product.
pub const ATTRIBUTES_MAX: usize = 500;
/// Longest attribute value, in bytes.
pub const ATTRIBUTE_BYTES_MAX: usize = 64 << 10;
/// Deepest category path.
pub const CATEGORY_DEPTH_MAX: usize = 16;
/// Highest price, in minor units: far from overflow when multiplied.
pub const PRICE_MINOR_MAX: i64 = 1_000_000_000_000_000;
/// Deepest condition tree.
pub const CONDITION_DEPTH_MAX: usize = 16;
/// Most nodes of one condition tree.
pub const CONDITION_NODES_MAX: usize = 1_000;
/// Longest query text, in characters.
pub const QUERY_CHARS_MAX: usize = 255;
/// Longest attribute value that can be filtered and counted, in bytes: a longer one is a description.
pub const FILTER_VALUE_BYTES_MAX: usize = 1 << 10;
/// Longest code of an attribute, collection, store view, price book or vector space, in bytes.
pub const CODE_BYTES_MAX: usize = 128;
/// Longest category name, in bytes.
pub const CATEGORY_NAME_BYTES_MAX: usize = 256;
/// Longest path of a category as one text, in bytes: bounds the work of splitting it.
pub const CATEGORY_PATH_BYTES_MAX: usize = 4 << 10;
/// Most categories one product hangs in.
pub const PLACEMENTS_MAX: usize = 1_000;
/// Most values in one list attribute.
pub const ATTRIBUTE_LIST_MAX: usize = 1_000;
/// Most store views one product speaks of.
pub const PRODUCT_VIEWS_MAX: usize = 200;
/// Most price books one variant has prices in.
pub const VARIANT_PRICES_MAX: usize = 1_000;
/// Most links of one kind of one product.
pub const LINKS_MAX: usize = 1_000;
/// Longest image or page address, in bytes.
pub const URL_BYTES_MAX: usize = 4 << 10;
/// Longest vector supplied by the caller, in dimensions.
pub const VECTOR_DIMENSIONS_MAX: usize = 4_096;
/// Longest chain of price books, the root included.
pub const PRICE_BOOK_DEPTH_MAX: usize = 8;
/// Most values in one `in` test.
pub const CONDITION_VALUES_MAX: usize = 10_000;
/// Longest text in a condition, in bytes.
pub const CONDITION_TEXT_BYTES_MAX: usize = 4 << 10;

/// The bounds on what a plugin may emit in one call.
pub use planogram_abi::limits as wall;

/// Largest library file of a plugin, in bytes.
pub const PLUGIN_FILE_BYTES_MAX: u64 = 256 << 20;
/// Most libraries mapped in one process: code is never unmapped, so each reload of a changed build adds one
/// (about 0.3 MB each).
pub const DEFAULT_MAPPINGS: usize = 1_000;
/// Failures within the window that open a plugin's circuit breaker.
pub const DEFAULT_BREAKER_FAILURES: usize = 5;
/// Window of the circuit breaker, in milliseconds.
pub const DEFAULT_BREAKER_WINDOW_MS: u64 = 10_000;
/// How long an open breaker waits before it lets one call through, in milliseconds.
pub const DEFAULT_BREAKER_OPEN_MS: u64 = 5_000;
/// Written-off workers that quarantine a plugin.
pub const DEFAULT_QUARANTINE_WORKERS: u64 = 3;
/// Longest a plugin's function may take off the request path (configure, describe, probe), in milliseconds.
pub const DEFAULT_CONTROL_MS: u64 = 5_000;
/// Longest a plugin's function may take within a request, in milliseconds, even when the deadline is far away.
pub const DEFAULT_CALL_MS: u64 = 250;
/// Requests that may wait for a ranking worker.
pub const DEFAULT_QUEUE: usize = 1_024;
/// Largest position an item may be pinned to.
pub const PIN_POSITION_MAX: u32 = 1_000_000;
