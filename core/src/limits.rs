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
/// Longest word of the text index, in bytes: a whole sku fits, anything longer is no word.
pub const WORD_BYTES_MAX: usize = 256;
/// Most parts of a hyphenated word that are also indexed as one word.
pub const COMPOUND_PARTS_MAX: usize = 6;
/// Largest weight of a text field.
pub const TEXT_WEIGHT_MAX: f32 = 100.0;
/// Largest weight of one attribute in search: its words are indexed that many times.
pub const ATTRIBUTE_WEIGHT_MAX: u8 = 10;
/// Most alternatives of one query, all groups together: a shopper's query with generous synonyms has a few dozen.
pub const QUERY_ALTERNATIVES_MAX: usize = 1_000;
/// Most words one prefix stands for, the most frequent first.
pub const PREFIX_WORDS_MAX: usize = 50;
/// Longest word that is corrected, in characters: longer ones make large automata and are seldom typed.
pub const CORRECTED_CHARS_MAX: usize = 32;
/// Memory in which one text index gathers documents before it writes a segment, in bytes.
pub const TEXT_WRITER_BYTES: usize = 64 << 20;
