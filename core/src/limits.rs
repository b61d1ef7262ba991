//! How much is too much?
//!
//! Every bound of the kernel stands here, once, with its unit and the reason for its size.
//! Bounds that a shop may want to move are defaults of the configuration and are named `DEFAULT_…`.

// Catalog: what a product may carry.

/// Longest sku, in bytes.
pub const SKU_BYTES_MAX: usize = 256;
/// Longest name of a product, in bytes.
pub const NAME_BYTES_MAX: usize = 4 << 10;
/// Longest description, in bytes: more is refused, not cut.
pub const DESCRIPTION_BYTES_MAX: usize = 1 << 20;
/// Longest image or page address, in bytes.
pub const URL_BYTES_MAX: usize = 4 << 10;
/// Most variants of one product.
pub const VARIANTS_MAX: usize = 10_000;
/// Most price books one variant has prices in.
pub const VARIANT_PRICES_MAX: usize = 1_000;
/// Most store views one product speaks of.
pub const PRODUCT_VIEWS_MAX: usize = 200;
/// Most links of one kind of one product.
pub const LINKS_MAX: usize = 1_000;
/// Longest vector supplied by the caller, in dimensions.
pub const VECTOR_DIMENSIONS_MAX: usize = 2_048;
/// Most vector spaces of a shop: each is asked about every product that is written.
pub const VECTOR_SPACES_MAX: usize = 64;
/// Highest price, in minor units: far from overflow when multiplied.
pub const PRICE_MINOR_MAX: i64 = 1_000_000_000_000_000;
/// Longest chain of price books, the root included.
pub const PRICE_BOOK_DEPTH_MAX: usize = 8;
/// Longest code of an attribute, collection, store view, price book or vector space, in bytes.
pub const CODE_BYTES_MAX: usize = 128;

// Catalog: attributes.

/// Most attributes of one product.
pub const ATTRIBUTES_MAX: usize = 500;
/// Most values in one list attribute.
pub const ATTRIBUTE_LIST_MAX: usize = 1_000;
/// Longest attribute value, in bytes.
pub const ATTRIBUTE_BYTES_MAX: usize = 64 << 10;
/// Longest attribute value that can be filtered and counted, in bytes: a longer one is a description.
pub const FILTER_VALUE_BYTES_MAX: usize = 1 << 10;

// Catalog: categories.

/// Deepest category path.
pub const CATEGORY_DEPTH_MAX: usize = 16;
/// Longest category name, in bytes.
pub const CATEGORY_NAME_BYTES_MAX: usize = 256;
/// Longest path of a category as one text, in bytes: bounds the work of splitting it.
pub const CATEGORY_PATH_BYTES_MAX: usize = 4 << 10;
/// Most categories one product hangs in.
pub const PLACEMENTS_MAX: usize = 1_000;

// Configuration documents.

/// Longest configuration document, in bytes.
pub const CONFIG_BYTES_MAX: usize = 1 << 20;
/// Revisions of one configuration document kept at hand; older ones are in the log.
pub const CONFIG_HISTORY_MAX: usize = 100;
/// Most remarks on one document: an author mends a few at a time.
pub const CONFIG_REMARKS_MAX: usize = 20;

// Experiments.

/// Most arms of one experiment: more would each see too few shoppers.
pub const EXPERIMENT_ARMS_MAX: usize = 20;
/// Most overlays of one arm.
pub const EXPERIMENT_OVERLAYS_MAX: usize = 8;
/// Longest salt, arm name or overlay name of an experiment, in bytes.
pub const EXPERIMENT_TEXT_BYTES_MAX: usize = 256;
/// Largest weight of an arm: sums stay exact to the last digit that matters.
pub const EXPERIMENT_WEIGHT_MAX: f64 = 1e6;
/// Most combinations of arms a shop can show at once, the live shop included; each is prepared when it is published
/// and holds its own prepared plugins. Five experiments with one changed arm each fill it.
pub const ARM_COMBINATIONS_MAX: usize = 32;
/// Most remarks about experiments that change the same documents.
pub const EXPERIMENT_REMARKS_MAX: usize = 50;

// Log: entries and the file.

/// Largest encoded log entry, in bytes: a batch beyond it is refused, the caller splits it.
pub const ENTRY_BYTES_MAX: usize = 64 << 20;
/// Longest name of an actor, in bytes.
pub const ACTOR_BYTES_MAX: usize = 256;
/// Longest idempotency key, in bytes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 256;
/// Most expired idempotency keys that one append forgets beyond the number of its entries.
pub const KEYS_FORGOTTEN_MAX: usize = 256;
/// A window of the log ends after this many encoded bytes, so that one read cannot fill the memory.
pub const LOG_READ_BYTES_MAX: usize = 32 << 20;
/// Page cache of the log file, in bytes: only the tail is hot.
pub const LOG_CACHE_BYTES: usize = 64 << 20;

// Log: the writer.

/// Submissions that may wait for the log's writer before the submitter waits too.
pub const DEFAULT_WRITER_QUEUE: usize = 1_024;
/// Most entries of one group commit.
pub const DEFAULT_GROUP_ENTRIES: usize = 512;
/// How long a write waits for others to share its sync, in milliseconds.
pub const DEFAULT_GROUP_COMMIT_MS: u64 = 5;
/// Idle time of the log after which a tick is appended, in milliseconds.
pub const DEFAULT_TICK_MS: i64 = 1_000;

// Log: snapshot files.

/// Snapshot files kept: the newest, and one to fall back to.
pub const CHECKPOINTS_KEPT: usize = 2;
/// Most sections of one snapshot file.
pub const CHECKPOINT_SECTIONS_MAX: usize = 4_096;
/// Longest name of a section of a snapshot file, in bytes.
pub const CHECKPOINT_NAME_BYTES_MAX: usize = 255;

// Log: the identity table.

/// Most rows and ties of the identity table, 32 bytes each in its file and about 200 in memory (half of what a
/// profile takes); beyond it new visitors, accounts and orders stay anonymous.
pub const IDENTITY_SLOTS_MAX: u32 = 20_000_000;

// Log: retention.

/// Entries that one cut of the log removes before writers get their turn: one more sync, however much is cut.
pub const LOG_CUT_ENTRIES_MAX: u64 = 1_000;
/// How long entries are kept behind the oldest snapshot file, in milliseconds; 0 keeps them all.
pub const DEFAULT_RETENTION_MS: i64 = 0;

// Log: served records.

/// Columns of a served record: what was added up and what may be learned from, some 2 KB for a page of 24.
pub const SERVED_COLUMNS_MAX: usize = 48;
/// Served records that may wait for the disk before new ones are dropped.
pub const DEFAULT_SERVED_QUEUE: usize = 4_096;
/// Served records that can be found by request id.
pub const DEFAULT_SERVED_RECENT: usize = 8_192;
/// Size at which a file of served records is closed, in bytes.
pub const DEFAULT_SERVED_FILE_BYTES: u64 = 16 << 20;
/// Files of served records kept.
pub const DEFAULT_SERVED_FILES: usize = 8;

// Text: what is indexed.

/// Longest word of the text index, in bytes: a whole sku fits, anything longer is no word.
pub const WORD_BYTES_MAX: usize = 256;
/// Most parts of a hyphenated word that are also indexed as one word.
pub const COMPOUND_PARTS_MAX: usize = 6;
/// Largest weight of a text field.
pub const TEXT_WEIGHT_MAX: f32 = 100.0;
/// Largest weight of one attribute in search: its words are indexed that many times.
pub const ATTRIBUTE_WEIGHT_MAX: u8 = 10;
/// Sizes joined by `x` that are read as one chain: three sides and a thickness.
pub const SIZES_MAX: usize = 4;
/// Words of a name whose places are kept in memory: what stands later in it says little.
pub const NAME_WORDS_MAX: usize = 64;
/// Memory in which one text index gathers documents before it writes a segment, in bytes.
pub const TEXT_WRITER_BYTES: usize = 64 << 20;

// Text: what is looked up.

/// Longest query text, in characters.
pub const QUERY_CHARS_MAX: usize = 255;
/// Most alternatives of one query, all groups together: a shopper's query with generous synonyms has a few dozen.
pub const QUERY_ALTERNATIVES_MAX: usize = 1_000;
/// Matches, the best by their words, whose names are looked at word by word: more than anybody pages through.
pub const FIT_WINDOW: usize = 200;
/// Matches, the best by their words, that are asked what kind of thing and which brand a query means: more than anybody
/// pages through.
pub const INTENT_WINDOW: usize = 200;
/// Categories, those most matches lie in, whose products' names are asked how usual the words of a query are there.
pub const INTENT_CATEGORIES_MAX: usize = 8;
/// Products of a category that stand for all of it when its names are asked: the share is right to a tenth.
pub const INTENT_NAMES_MAX: usize = 24;
/// Most words of a query that are asked for; queries have fewer.
pub const INTENT_WORDS_MAX: usize = 8;
/// Most words of a query that are read together as one brand.
pub const BRAND_WORDS_MAX: usize = 3;
/// Most words one prefix stands for, the most frequent first.
pub const PREFIX_WORDS_MAX: usize = 50;
/// Longest word that is corrected, in characters: longer ones cost more to compare and are seldom typed.
pub const CORRECTED_CHARS_MAX: usize = 32;
/// Spellings tried for one misspelled word.
pub const SPELLINGS_MAX: usize = 4;
/// Compound nouns tried for one word that they may end with.
pub const COMPOUND_NOUNS_MAX: usize = 12;
/// Products up to which a list is filled with those that match only part of the query: a few pages.
pub const RELAXED_FILL: usize = 120;
/// Products with both words of a query of two from which on nothing else is listed: a page.
pub const RELAXED_BELOW_TWO: usize = 24;

// Signals: events.

/// Longest id, visitor or session of an event, in bytes.
pub const EVENT_TEXT_BYTES_MAX: usize = 256;
/// Most items of one event.
pub const EVENT_ITEMS_MAX: usize = 1_000;
/// How late an event may arrive, and how long an idempotency key is remembered, in milliseconds of log time: 72 hours.
pub const DEFAULT_LATENESS_MS: i64 = 72 * 3_600_000;
/// How far a client's clock may run ahead of the log, in milliseconds: ten minutes.
pub const DEFAULT_FUTURE_MS: i64 = 10 * 60_000;
/// Most event ids remembered to recognize duplicates, about 25 bytes each (16 million are 60 events a second
/// for three days); beyond that the oldest are forgotten early.
pub const DEFAULT_SEEN_EVENTS_MAX: usize = 16_000_000;

// Signals: visits.

/// A visit ends after this long without an event, in milliseconds: thirty minutes.
pub const SESSION_IDLE_MS: i64 = 30 * 60_000;
/// Most sessions that can still be joined by late events; beyond that the oldest are closed.
/// About 250 bytes each, 12 more for each thing counted, and up to 4.8 KB where a visit searched and clicked.
pub const DEFAULT_SESSIONS_MAX: usize = 2_000_000;
/// Most distinct (counter, item, store view) triples one visit may count: a crawler cannot flood the counters.
pub const SESSION_MARKS_MAX: usize = 1_000;
/// Store views with counters of their own: their codes come with events and so from outside. Each costs what a shop
/// with its events costs; what names a later one counts in the whole shop alone.
pub const STORE_VIEWS_COUNTED_MAX: usize = 64;
/// Clicks in recommendation units, and answers seen, that a visit remembers.
pub const SESSION_PLACEMENTS_MAX: usize = 50;
/// Recommendation units whose shows and clicks are counted: ids come with events and so from outside.
pub const PLACEMENTS_COUNTED_MAX: usize = 1_000;
/// A newly viewed item is paired with this many distinct items viewed before it in the visit.
pub const SESSION_PAIRED_ITEMS_MAX: usize = 20;

// Signals: past visits.

/// Records of past visits kept, 64 bytes each (256 MiB in all); a newer one takes the place of the oldest.
pub const VISIT_RECORDS_MAX: u32 = 1 << 22;
/// Views in one record: with its header a line of cache.
pub const VISIT_RECORD_ITEMS: usize = 15;
/// Views that the next record of a longer visit repeats, so that what follows what is seen across the seam.
pub const VISIT_RECORD_REPEATED: usize = 4;
/// Most views of one visit that are remembered: beyond that it is likely a machine.
pub const VISIT_VIEWS_MAX: u32 = 500;
/// Newest visits that an item keeps when its list is pruned, 4 bytes each.
pub const ITEM_VISITS_MAX: usize = 240;
/// An item's list of visits is pruned when it grows past this.
pub const ITEM_VISITS_BEFORE_PRUNING_MAX: usize = 320;
/// Counts of one situation of going back are halved when they reach this: habits fade.
pub const RETURN_COUNTS_MAX: u32 = 1 << 16;

// Signals: what comes next in a visit. Measured on public click logs: more than this costs time and gains nothing.

/// Newest views of a visit that its next item is judged by.
pub const VISIT_CONTEXT_MAX: usize = 15;
/// Past visits of a visit's last item that are looked at.
pub const VISIT_LAST_VISITS_MAX: usize = 120;
/// Past visits of each earlier item that are looked at.
pub const VISIT_EARLIER_VISITS_MAX: usize = 80;
/// Companions of an item whose own past visits are looked at.
pub const VISIT_COMPANIONS_MAX: usize = 8;
/// Past visits of each companion that are looked at.
pub const VISIT_COMPANION_VISITS_MAX: usize = 24;
/// Candidates that are scored in full, at least.
pub const VISIT_CANDIDATES_MAX: usize = 60;

// Signals: searches.

/// Queries whose clicks are remembered, 16 bytes for each of their products; the least telling eighth goes at once.
pub const QUERIES_MAX: usize = 100_000;
/// Products remembered of one query: what nobody clicks gives way.
pub const QUERY_ITEMS_MAX: usize = 64;
/// Clicked queries found by one stem: work for a query without clicks of its own grows with it.
pub const QUERIES_OF_STEM_MAX: usize = 128;
/// Places of a result list whose examination is told apart: further down hardly anybody looks.
pub const EXAMINED_POSITIONS: usize = 64;
/// Positions of an answer that count as shown: nobody scrolls further.
pub const SHOWN_POSITIONS_MAX: u32 = 200;
/// Newest queries that a visit remembers, about 200 bytes each.
pub const SESSION_QUERIES_MAX: usize = 20;
/// Newest clicked results that a visit remembers, 16 bytes each.
pub const SESSION_CLICKS_MAX: usize = 50;
/// Answers of one visit that count as shown: a machine cannot drown what shoppers do.
pub const SESSION_ANSWERS_MAX: u32 = 200;
/// Query texts remembered for suggestions, about 150 bytes each and their shoppers; the least used eighth goes at once.
pub const QUERY_TEXTS_MAX: usize = 200_000;
/// Shoppers who must have used a query before anybody else sees it.
pub const SUGGESTION_VISITORS_MIN: usize = 3;
/// Shoppers remembered of one query, 8 bytes each: more than must have used it, so that one who only typed past it can
/// be taken back and enough are left.
pub const QUERY_VISITORS_MAX: usize = 8;
/// Queries looked at for one suggestion, a tenth of a microsecond each.
pub const SUGGESTION_SCAN_MAX: usize = 4_096;
/// Most suggestions of one answer.
pub const SUGGESTIONS_MAX: usize = 20;
/// Suggestions beside a list of search results.
pub const SUGGESTIONS_BESIDE_MAX: usize = 5;
/// Words of a name that a suggestion takes beyond those that were typed.
pub const SUGGESTION_WORDS_MORE: usize = 2;
/// Products whose names are looked up for suggestions, and read for them: a search in rare words is quick.
pub const SUGGESTION_PRODUCTS_MAX: u32 = 2_000;
/// Names read for suggestions, the best matches first.
pub const SUGGESTION_NAMES_MAX: usize = 30;
/// Categories looked at for suggestions.
pub const SUGGESTION_CATEGORIES_MAX: usize = 5_000;
/// Most phrases of one document that are never suggested.
pub const SUGGESTIONS_NEVER_MAX: usize = 10_000;
/// Most words of one document that are never corrected.
pub const EXACT_WORDS_MAX: usize = 10_000;

// Signals: orders.

/// Most orders whose lines are remembered so that a cancel can subtract them, about 150 bytes each and 8 for each line
/// and category; beyond that only the id is kept, 18 bytes.
pub const DEFAULT_ORDER_RECORDS_MAX: usize = 4_000_000;
/// Most distinct items of one order.
pub const ORDER_LINES_MAX: usize = 1_000;
/// Most lines of one order that are paired as bought together: pairs grow with the square.
pub const ORDER_PAIRED_LINES_MAX: usize = 50;

// Signals: co-occurrence.

/// Neighbors of a co-occurrence row before it is pruned, 8 bytes each, 12 where orders are paired; a row never has room
/// for more, so that rows and ring of an item stay below 8 KB.
pub const NEIGHBORS_MAX: usize = 160;
/// The same where orders are paired: an order has more items than a visit is paired with, and losing its rare pairs
/// costs completions (.007 HR@10 at 160 on a year of a gift shop).
pub const BOUGHT_NEIGHBORS_MAX: usize = 320;
/// Share of a row that stays when it is pruned, as a fraction: the slack lets newcomers gather support.
pub const NEIGHBORS_KEPT: (usize, usize) = (4, 5);

/// Nearest neighbors of a product whose orders fill up its own: work grows with it, and 64 find no more.
pub const ALONGSIDE_NEIGHBORS_MAX: usize = 48;

// Vectors: spaces and graphs.

/// Size of the pieces in which a live space is copied on write, in bytes.
pub const VECTOR_CHUNK_BYTES: usize = 64 << 10;
/// Smallest space that gets a graph, in rows: a walk is faster from below 2,500 rows on, but up to here comparing all
/// stays below a millisecond (0.5 ms at 20,000 rows), is exact and needs no build.
pub const GRAPH_ROWS_MIN: usize = 25_000;
/// Neighbors a row is linked to (M), twice as many on the ground. 12 instead of 16 costs half a point of recall@20
/// and saves a quarter of the build.
pub const GRAPH_NEIGHBORS: usize = 12;
/// Rows kept while a place for a new one is sought (ef construction); 200 takes twice as long for another half point.
pub const GRAPH_EF_BUILD: usize = 80;
/// Rows kept while a graph is walked, at least: recall@20 is 0.98 to 0.99 at any selectivity that walks.
pub const GRAPH_EF_SEARCH: usize = 64;
/// Most levels of a graph: the builder's bound.
pub const GRAPH_LEVELS_MAX: usize = 16;
/// A graph is walked when `allowed² > 40 * ef * rows`; with 20,000 rows and ef 64 the two cost the same at 7,000
/// allowed rows.
pub const GRAPH_COST_FACTOR: u64 = 40;

// Vectors: models.

/// Dimensions of the vectors that are made here: 64 cost half of 128 and are within one point of HR@20 on sessions.
pub const MODEL_DIMENSION: usize = 64;
/// Directions followed beyond those kept, so that the last kept ones are right.
pub const SPECTRAL_OVERSAMPLING: usize = 16;
/// Passes over the pair counts that sharpen their main directions.
pub const FACTORIZE_ITERATIONS: usize = 4;
/// Passes over the texts that sharpen their main directions.
pub const CONTENT_ITERATIONS: usize = 2;
/// Columns that the words of texts are hashed into.
pub const CONTENT_COLUMNS: u32 = 1 << 17;
/// Words of one product that count, name and fields before the description.
pub const CONTENT_WORDS_MAX: usize = 256;
/// Most spaces in one model file.
pub const MODEL_SPACES_MAX: usize = 128;
/// Model files kept: the newest, and some to look back with.
pub const MODEL_FILES_KEPT: usize = 4;
/// Threads that build models.
pub const DEFAULT_MODEL_THREADS: usize = 1;
/// Log time after which models are built anew, in milliseconds: six hours.
pub const DEFAULT_MODEL_EVERY_MS: i64 = 6 * 3_600_000;
/// Changes (counted events and products written) after which models are built anew, whatever the time.
pub const DEFAULT_MODEL_EVERY_CHANGES: u64 = 1_000_000;
/// Changes without which no model is built by the clock.
pub const MODEL_CHANGES_MIN: u64 = 5_000;
/// Pause after a build, as a multiple of the time it took: the builder takes at most a tenth of a core.
pub const MODEL_PAUSE_FACTOR: u32 = 9;

// Search by words and vectors.

/// What the nearest product adds, as a share of the best text score, when a store view does not say: twice as much and
/// half as much found less on two sets of judged queries.
pub const DEFAULT_HYBRID_WEIGHT: f32 = 0.15;
/// Highest such share: above it words hardly count.
pub const HYBRID_WEIGHT_MAX: f64 = 10.0;
/// Similarity (cosine) from which a product counts as near.
pub const DEFAULT_HYBRID_FLOOR: f32 = 0.3;
/// Products found by vector alone: a page or four, so that totals and facets speak of the words.
pub const DEFAULT_HYBRID_CANDIDATES: usize = 100;
/// Most of them that a store view may ask for.
pub const HYBRID_CANDIDATES_MAX: usize = 1_000;
/// First matches whose mean stands for a query in a space that knows no words.
pub const HYBRID_FEEDBACK_ITEMS: usize = 10;

// Signals: baskets.

/// Most items of a basket that its completion starts from: work grows with it.
pub const BASKET_ITEMS_MAX: usize = 100;
/// Most items that a basket's completion weighs closely.
pub const BASKET_CANDIDATES_MAX: usize = 100;
/// Nearest neighbors among which it is decided what speaks for an item directly: work grows with the cube.
pub const BASKET_NEIGHBORS_MAX: usize = 16;

// Visitors.

/// Most visitor and customer profiles remembered; the longest unseen go first.
pub const DEFAULT_VISITORS_MAX: usize = 10_000_000;
/// Most distinct items in a visitor's recent views, 16 bytes each.
pub const VISITOR_VIEWS_MAX: usize = 100;
/// Most distinct items in a visitor's cart.
pub const VISITOR_CART_MAX: usize = 200;
/// Most distinct items in a visitor's purchases, 32 bytes each.
pub const VISITOR_PURCHASES_MAX: usize = 400;
/// Newest purchases of a shopper whose neighbors are looked up for a recommendation.
pub const HISTORY_PURCHASES_MAX: usize = 100;
/// Newest views of a shopper whose neighbors are looked up for a recommendation: older ones have faded.
pub const HISTORY_VIEWS_MAX: usize = 20;
/// Items most likely looked at next that count for a recommendation: the others' chances are too small to matter.
pub const HISTORY_NEXT_MAX: usize = 100;
/// Most distinct items of the current visit.
pub const VISITOR_SESSION_ITEMS_MAX: usize = 50;
/// Newest lines of events that a visitor's history keeps, 24 bytes each: what audiences count and put in sequence.
pub const VISITOR_EVENTS_MAX: usize = 128;
/// Products of one event that the history keeps: a long order must not push everything else out.
pub const VISITOR_EVENT_ITEMS_MAX: usize = 8;
/// Newest orders of a visitor whose totals are remembered, 40 bytes each.
pub const VISITOR_ORDERS_MAX: usize = 64;
/// Most distinct items in a visitor's wishlist, 16 bytes each.
pub const VISITOR_WISHLIST_MAX: usize = 100;
/// Most attributes of one profile: what a customer record has, and names cannot fill memory.
pub const PROFILE_ATTRIBUTES_MAX: usize = 64;
/// Longest name of a profile attribute, in bytes.
pub const PROFILE_NAME_BYTES_MAX: usize = 64;
/// Longest text of a profile attribute, in bytes.
pub const PROFILE_TEXT_BYTES_MAX: usize = 256;
/// Most texts of one profile attribute.
pub const PROFILE_TEXTS_MAX: usize = 32;
/// Audiences of other systems that one profile is a member of, 8 bytes each; the longest known gives way.
pub const VISITOR_OUTSIDE_MAX: usize = 256;
/// Audiences of other systems that a shop knows members of: a name and two numbers each.
pub const OUTSIDE_AUDIENCES_MAX: usize = 4_000;
/// Most members named in one write, about 60 bytes each in the log.
pub const MEMBERS_ROWS_MAX: usize = 100_000;
/// Most browsers and devices signed in to one account at once; the longest linked is signed out.
pub const VISITOR_DEVICES_MAX: usize = 32;

// Catalog: who sees what.

/// Most customer groups that one category is kept for.
pub const CATEGORY_GROUPS_MAX: usize = 1_000;

// Conditions.

/// Deepest condition tree.
pub const CONDITION_DEPTH_MAX: usize = 16;
/// Most nodes of one condition tree.
pub const CONDITION_NODES_MAX: usize = 1_000;
/// Most values in one `in` test.
pub const CONDITION_VALUES_MAX: usize = 10_000;
/// Longest text in a condition, in bytes.
pub const CONDITION_TEXT_BYTES_MAX: usize = 4 << 10;
/// Answers to conditions that one thread keeps, in bytes: a set of 50,000 products takes 8 KB, so that thousands of
/// rules have theirs.
pub const CONDITION_CACHE_BYTES_MAX: usize = 32 << 20;
/// Trees of smart categories that one thread keeps: of several store views, and of previews.
pub const SMART_TREES_KEPT_MAX: usize = 8;

/// What searches found that one thread keeps, in bytes: some 3,000 searches of 120 matches.
pub const SEARCHES_KEPT_BYTES_MAX: usize = 8 << 20;
/// States of texts and eligibility of which one thread keeps searches: several store views.
pub const SEARCH_MOMENTS_KEPT_MAX: usize = 16;

// Audiences.

/// Audience documents of a shop when nothing else is configured: each may be asked for every request.
pub const DEFAULT_AUDIENCES_MAX: usize = 1_000;
/// Longest id of an audience, in bytes.
pub const AUDIENCE_ID_BYTES_MAX: usize = 256;
/// Longest name and description of an audience, in bytes.
pub const AUDIENCE_NAME_BYTES_MAX: usize = 256;
/// Most events of one sequence.
pub const AUDIENCE_STEPS_MAX: usize = 8;
/// Longest window of an audience, in minutes: ten years.
pub const AUDIENCE_MINUTES_MAX: i64 = 10 * 366 * 24 * 60;
/// Most members of one answer.
pub const AUDIENCE_MEMBERS_PAGE_MAX: usize = 100_000;
/// Largest percentage of what a matched product has that a range may begin or end at.
pub const MATCHED_PERCENT_MAX: f64 = 100_000.0;

// Plugin host: libraries.

/// Largest library file of a plugin, in bytes.
pub const PLUGIN_FILE_BYTES_MAX: u64 = 256 << 20;
/// Most libraries mapped in one process: code is never unmapped, so each reload of a changed build adds one
/// (about 0.3 MB each).
pub const DEFAULT_MAPPINGS: usize = 1_000;

// Plugin host: calls.

/// The bounds on what a plugin may emit in one call stand in the contract, because plugins rely on them.
pub use planogram_abi::limits as wall;
/// Largest position an item may be pinned to.
pub const PIN_POSITION_MAX: u32 = 1_000_000;
/// Longest a plugin's function may take within a request, in milliseconds, even when the deadline is far away.
pub const DEFAULT_CALL_MS: u64 = 250;
/// Longest a plugin's function may take off the request path (configure, describe, validate, prepare, probe, and each
/// call of an observer), in milliseconds: rules by the ten thousand are prepared in a fraction of it.
pub const DEFAULT_CONTROL_MS: u64 = 10_000;
/// Threads that may be lost to plugins that never return off the request path; then none is called there any more.
/// Each keeps a stack and what it was given.
pub const CONTROL_THREADS_LOST_MAX: u64 = 64;

// Plugin host: what is done about failures.

/// Failures within the window that open a plugin's circuit breaker.
pub const DEFAULT_BREAKER_FAILURES: usize = 5;
/// Window of the circuit breaker, in milliseconds.
pub const DEFAULT_BREAKER_WINDOW_MS: u64 = 10_000;
/// How long an open breaker waits before it lets one call through, in milliseconds.
pub const DEFAULT_BREAKER_OPEN_MS: u64 = 5_000;
/// Written-off workers that quarantine a plugin.
pub const DEFAULT_QUARANTINE_WORKERS: u64 = 3;

// Pipeline.

/// Remarks on one request; there is one for each unknown field of its filters.
pub const WARNINGS_MAX: usize = 20;
/// Most items on one page of a list.
pub const PAGE_SIZE_MAX: u32 = 500;
/// Deepest position that paging reaches.
pub const PAGE_WINDOW_MAX: u64 = 10_000;
/// Most lists of one page request.
pub const PAGE_LISTS_MAX: usize = 50;
/// Most items of a list that is given to be ranked.
pub const AMONG_MAX: usize = 100;
/// Most items of a recommendation unit.
pub const UNIT_LIMIT_MAX: u32 = 100;
/// Most inclusions of a unit, and most exclusions.
pub const UNIT_FILTERS_MAX: usize = 50;
/// Furthest place of a unit on its page, in both directions.
pub const UNIT_ORDER_MAX: i64 = 1_000_000;
/// Units that may be live on one page type of one store view when nothing else is configured.
pub const DEFAULT_UNITS_PER_PAGE_TYPE_MAX: usize = PAGE_LISTS_MAX;
/// Products a readiness report tries a unit on.
pub const READINESS_SAMPLE: usize = 200;
/// Most audiences that one unit names.
pub const UNIT_AUDIENCES_MAX: usize = 100;
/// Most rungs of a unit's fallback chain.
pub const UNIT_FALLBACK_MAX: usize = 8;
/// How many times the items a unit shows are asked of its retriever, to make up for what is filtered out.
pub const RETRIEVE_FACTOR: usize = 4;
/// Rows of the head that phase 2 scores.
pub const DEFAULT_WINDOW: usize = 300;
/// Rows in order that a quota looks through for one that may stand next: how far "no more than three of a brand in a row"
/// reaches down for another brand. Fixed, so that no page depends on the size of pages.
pub const QUOTA_LOOKAHEAD: usize = 64;
/// Furthest position that a quota may speak of, as far as paging reaches.
pub const QUOTA_POSITION_MAX: u32 = PAGE_WINDOW_MAX as u32;

// Pipeline: facets.

/// Most values or ranges of one facet, and most lower edges of its ranges: each is counted for every request.
pub const FACET_BUCKETS_MAX: usize = 1_000;
/// Most values that always stand in a facet.
pub const FACET_PINNED_VALUES_MAX: usize = 100;
/// Values a facet shows, and ranges a numeric one is cut into, when its document does not say.
pub const DEFAULT_FACET_SIZE: usize = 8;
/// Attributes that may be facets when nothing else is configured: each is counted for every request.
pub const DEFAULT_FACETS_MAX: usize = 100;
/// Values or ranges that a facet may show when nothing else is configured.
pub const DEFAULT_FACET_BUCKETS_MAX: usize = 100;
/// Dynamic facets shown at once when a store view does not say.
pub const DEFAULT_DYNAMIC_FACETS: usize = 20;
/// Most dynamic facets a store view may show at once.
pub const DYNAMIC_FACETS_MAX: usize = 1_000;
/// A dynamic facet speaks of what was searched for when this share of the matches has it, or more …
pub const INTELLIGENT_COVERAGE_MIN: f64 = 0.3;
/// … and when they have it this many times as often as the shop does.
pub const INTELLIGENT_LIFT_MIN: f64 = 1.5;

// Pipeline: filters.

/// Attributes that the filters of one request may test by one text operator when nothing else is configured: every
/// such test walks the attribute's dictionary.
pub const DEFAULT_TEXT_FILTERS_MAX: usize = 6;
/// Longest text that a shopper's `contains` looks for inside words alone, in characters; a longer one is typed word by
/// word and may match so, too.
pub const CONTAINS_CHARS_MAX: usize = 10;

// Pipeline: highlights.

/// Longest part of a text that is shown with its matched words, in characters.
pub const HIGHLIGHT_CHARS_MAX: usize = 240;
/// Longest text that is looked through for matched words, in bytes.
pub const HIGHLIGHT_BYTES_MAX: usize = 16 << 10;
/// Most texts of one item that are shown with their matched words.
pub const HIGHLIGHTS_MAX: usize = 20;

// Pipeline: evidence of earlier searches.

/// Products that earlier searches bring into a list though their texts do not match.
pub const EVIDENT_ITEMS_MAX: usize = 50;
/// Least evidence that brings one in, in `(0, 1)`: about five clicks on one product and nothing else.
pub const EVIDENT_VALUE_MIN: f32 = 0.1;

// Engine: reads.

/// Deadline of a request that names none, in milliseconds.
pub const DEFAULT_DEADLINE_MS: u64 = 1_000;
/// Requests that may wait for a ranking worker.
pub const DEFAULT_QUEUE_MAX: usize = 256;
/// Epochs under overlays kept for the next preview.
pub const OVERLAY_EPOCHS_MAX: usize = 8;

/// Most events that access to a person's data lists, the newest ones.
pub const ACCESS_EVENTS_MAX: usize = 10_000;

// Engine: the fold.

/// Entries folded before a publication, at most.
pub const APPLY_BATCH_MAX: usize = 256;
/// Receipts kept for writers that have not asked yet.
pub const FOLD_REPORTS_MAX: usize = 4_096;
/// How often changed texts become searchable, in milliseconds.
pub const DEFAULT_TEXT_COMMIT_MS: u64 = 500;
/// Log entries between two snapshot files.
pub const DEFAULT_SNAPSHOT_EVERY: u64 = 100_000;
