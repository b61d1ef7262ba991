/* The contract between the planogram kernel and its plugins, for C.
 *
 * Generated from core/abi/src; do not edit. How to use it: core/abi/README.md.
 * Ownership: every pointer is borrowed until the call it came with returns; nobody frees what the other side made.
 */

#ifndef PLANOGRAM_H
#define PLANOGRAM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct PgCall PgCall;

/**
 * No item: an unknown sku, an event about no item.
 */
#define PG_NO_ITEM 4294967295

/**
 * No condition: the act names its items.
 */
#define PG_NO_CONDITION 4294967295

/**
 * `PgContribution::role`: query understanding.
 */
#define PG_REWRITER 1

/**
 * `PgContribution::role`: candidate generation.
 */
#define PG_RETRIEVER 2

/**
 * `PgContribution::role`: ranking.
 */
#define PG_SCORER 3

/**
 * `PgContribution::role`: re-ranking.
 */
#define PG_RERANKER 4

/**
 * `PgContribution::role`: learning.
 */
#define PG_OBSERVER 5

/**
 * `PgAct::verb`: never show it.
 */
#define PG_HIDE 1

/**
 * `PgAct::verb`: add it to the matches.
 */
#define PG_INCLUDE 2

/**
 * `PgAct::verb`: keep only the target.
 */
#define PG_FILTER 3

/**
 * `PgAct::verb`: place at `position`.
 */
#define PG_PIN 4

/**
 * `PgAct::verb`: multiply the score by `factor`.
 */
#define PG_BOOST 5

/**
 * `PgAct::verb`: after every item that is not buried.
 */
#define PG_BURY 6

/**
 * `PgAct::verb`: before every item that is neither pinned nor raised.
 */
#define PG_RAISE 7

/**
 * `PgAct::verb`: at least `count` of the target within the first `first` positions. Since 1.1.
 */
#define PG_AT_LEAST 8

/**
 * `PgAct::verb`: at most `count` with the same value of the attribute `text` in a row. Since 1.1.
 */
#define PG_AT_MOST_IN_ROW 9

/**
 * `PgAct::verb`: the banner `text` is shown with the list. Since 1.1.
 */
#define PG_BANNER 10

/**
 * `PgAct::verb`: the reason names a rule that applied. Since 1.1.
 */
#define PG_NOTE 11

/**
 * `PgHandshake::panic`: written in a language without panics.
 */
#define PG_PANIC_NONE 0

/**
 * `PgHandshake::panic`: panics unwind, and the shims stop them.
 */
#define PG_PANIC_UNWIND 1

/**
 * `PgHandshake::panic`: panics abort the process; refused.
 */
#define PG_PANIC_ABORT 2

/**
 * Outcome of a function of either table; one of the `PG_…` codes.
 */
typedef uint32_t PgStatus;

/**
 * The record in the plugin's file. Its texts are UTF-8, padded with NULs, at least one.
 */
typedef struct PgHandshake {
  /**
   * `planogram plugin`.
   */
  uint8_t magic[16];
  /**
   * Bytes of this record.
   */
  uint32_t record_size;
  /**
   * Major version of the contract.
   */
  uint32_t abi_major;
  /**
   * Minor version of the contract.
   */
  uint32_t abi_minor;
  /**
   * Bytes of the plugin's function table.
   */
  uint32_t table_size;
  /**
   * Hash of all layouts.
   */
  uint64_t layout_hash;
  /**
   * Bits of a pointer.
   */
  uint32_t pointer_bits;
  /**
   * `PG_PANIC_…`.
   */
  uint32_t panic;
  /**
   * Architecture and system, such as `x86_64-linux`.
   */
  uint8_t target[48];
  /**
   * Name of the plugin.
   */
  uint8_t name[64];
  /**
   * Version of the plugin.
   */
  uint8_t version[32];
  /**
   * Symbol of the entry function.
   */
  uint8_t entry[128];
} PgHandshake;

/**
 * Borrowed UTF-8 text, not NUL-terminated. Frozen.
 */
typedef struct PgStr {
  /**
   * First byte; may be null when `len` is 0.
   */
  const uint8_t *data;
  /**
   * Bytes.
   */
  uintptr_t len;
} PgStr;

/**
 * Borrowed texts. Frozen.
 */
typedef struct PgStrs {
  /**
   * First text; may be null when `len` is 0.
   */
  const struct PgStr *data;
  /**
   * Texts.
   */
  uintptr_t len;
} PgStrs;

/**
 * `Output`. Plugin to host, frozen.
 */
typedef struct PgOutput {
  /**
   * Name, unique within the plugin.
   */
  struct PgStr name;
  /**
   * 1 add, 2 factor, 3 feature.
   */
  uint32_t combine;
  /**
   * 0.
   */
  uint32_t reserved;
} PgOutput;

/**
 * One contribution. Plugin to host, growable.
 */
typedef struct PgContribution {
  /**
   * Size of the struct as the plugin knows it.
   */
  uint32_t struct_size;
  /**
   * `PG_REWRITER` … `PG_OBSERVER`.
   */
  uint32_t role;
  /**
   * Name, unique within the plugin.
   */
  struct PgStr name;
  /**
   * Bit `1 << kind` for every list it takes part in; 0 means all.
   */
  uint32_t lists;
  /**
   * Of a scorer: 1 all matches, 2 top window.
   */
  uint32_t phase;
  /**
   * Of a reranker: items of the head it wants to see.
   */
  uint32_t window;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Of a scorer or reranker: columns it reads.
   */
  struct PgStrs reads;
  /**
   * Of a scorer: first column it writes; may be null when `writes_len` is 0.
   */
  const struct PgOutput *writes;
  /**
   * Of a scorer: columns it writes.
   */
  uintptr_t writes_len;
} PgContribution;

/**
 * Borrowed ids. Frozen.
 */
typedef struct PgU32s {
  /**
   * First id; may be null when `len` is 0.
   */
  const uint32_t *data;
  /**
   * Ids.
   */
  uintptr_t len;
} PgU32s;

/**
 * `Candidate`. Either direction, frozen.
 */
typedef struct PgCandidate {
  /**
   * Item id.
   */
  uint32_t item;
  /**
   * Raw score, finite.
   */
  float score;
} PgCandidate;

/**
 * `Alternative`. Either direction, frozen.
 */
typedef struct PgAlternative {
  /**
   * A word, or several that must stand side by side.
   */
  struct PgStr text;
  /**
   * Factor on the text score, in (0, 1].
   */
  float weight;
  /**
   * 1 when the last word may also match as a prefix, else 0.
   */
  uint32_t prefix;
} PgAlternative;

/**
 * `Act`. Plugin to host, growable.
 */
typedef struct PgAct {
  /**
   * Size of the struct as the plugin knows it.
   */
  uint32_t struct_size;
  /**
   * `PG_HIDE` … `PG_NOTE`.
   */
  uint32_t verb;
  /**
   * Of a pin: zero-based position in the whole list.
   */
  uint32_t position;
  /**
   * Of a boost: finite and greater than 0.
   */
  float factor;
  /**
   * A compiled condition, or `PG_NO_CONDITION` when `items` holds the target.
   */
  uint32_t condition;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * The target, when there is no condition.
   */
  struct PgU32s items;
  /**
   * Who ordered it.
   */
  struct PgStr reason;
  /**
   * Of `PG_AT_LEAST` and `PG_AT_MOST_IN_ROW`: how many, at least 1. Since 1.1.
   */
  uint32_t count;
  /**
   * Of `PG_AT_LEAST`: within how many positions, at least `count`. Since 1.1.
   */
  uint32_t first;
  /**
   * Of `PG_AT_MOST_IN_ROW`: code of the attribute; of `PG_BANNER`: the banner. Since 1.1.
   */
  struct PgStr text;
} PgAct;

/**
 * Borrowed numbers. Frozen.
 */
typedef struct PgF32s {
  /**
   * First number; may be null when `len` is 0.
   */
  const float *data;
  /**
   * Numbers.
   */
  uintptr_t len;
} PgF32s;

/**
 * Borrowed bytes. Frozen.
 */
typedef struct PgBytes {
  /**
   * First byte; may be null when `len` is 0.
   */
  const uint8_t *data;
  /**
   * Bytes.
   */
  uintptr_t len;
} PgBytes;

/**
 * What the host lends. Every function takes the `call` it was lent with and may be called only while that
 * call runs, except that `log` may be called at any time with a null `call`.
 * A function answers `PG_REFUSED` when it is given something out of bounds; the whole call then counts as
 * bad output, whatever the plugin returns.
 */
typedef struct PgHostTable {
  /**
   * Size of the table as the host knows it.
   */
  uint32_t struct_size;
  /**
   * Minor version of the contract that the host speaks.
   */
  uint32_t abi_minor;
  /**
   * Writes a line to the server's log: 0 debug, 1 info, 2 warn, 3 error.
   */
  void (*log)(const struct PgCall *call, uint32_t level, struct PgStr message);
  /**
   * Says why the running function is about to return `PG_FAILED` or `PG_PANICKED`.
   */
  void (*fail)(const struct PgCall *call, struct PgStr message);
  /**
   * Why the host's last answer was not `PG_OK`; valid until the next call of a host function.
   */
  struct PgStr (*last_error)(const struct PgCall *call);
  /**
   * `describe` only: adds a contribution; its index is the number of those before it.
   */
  PgStatus (*emit_contribution)(const struct PgCall *call, const struct PgContribution *contribution);
  /**
   * `describe` only: adds a kind of configuration document.
   */
  PgStatus (*emit_kind)(const struct PgCall *call, struct PgStr name, struct PgStr schema);
  /**
   * `describe` only: adds a question.
   */
  PgStatus (*emit_question)(const struct PgCall *call, struct PgStr kind, struct PgStr name, struct PgStr about);
  /**
   * `validate` only: adds a problem.
   */
  PgStatus (*emit_problem)(const struct PgCall *call, struct PgStr pointer, struct PgStr message, struct PgStr allowed);
  /**
   * `prepare` only: compiles a condition (JSON text).
   */
  PgStatus (*compile)(const struct PgCall *call, struct PgStr condition, uint32_t *out);
  /**
   * Requests only: writes the item id of every sku to `out[0..skus.len]`, `PG_NO_ITEM` where it is unknown.
   */
  PgStatus (*resolve)(const struct PgCall *call, struct PgStrs skus, uint32_t *out);
  /**
   * Requests only: writes 1 or 0 to `out[0..items.len]`: does the item satisfy the condition?
   */
  PgStatus (*test)(const struct PgCall *call, uint32_t condition, struct PgU32s items, uint8_t *out);
  /**
   * Requests only: writes at most `k` candidates of a kernel source to `out[0..k]`, best first, and their
   * number to `out_len`.
   */
  PgStatus (*retrieve)(const struct PgCall *call,
                       struct PgStr source,
                       struct PgU32s anchors,
                       uintptr_t k,
                       struct PgCandidate *out,
                       uintptr_t *out_len);
  /**
   * Requests only: the tokens of a text. They belong to the host and are valid until the plugin's function
   * returns.
   */
  PgStatus (*analyze)(const struct PgCall *call, struct PgStr text, struct PgStrs *out);
  /**
   * `rewrite` only: replaces the query by an empty one, without redirect.
   */
  PgStatus (*begin_query)(const struct PgCall *call);
  /**
   * `rewrite` only, after `begin_query`: begins the next term group.
   */
  PgStatus (*emit_group)(const struct PgCall *call);
  /**
   * `rewrite` only, after `emit_group`: adds an alternative to the last group.
   */
  PgStatus (*emit_alternative)(const struct PgCall *call, const struct PgAlternative *alternative);
  /**
   * `rewrite` only: sends the shopper elsewhere.
   */
  PgStatus (*emit_redirect)(const struct PgCall *call, struct PgStr target);
  /**
   * `rewrite` (both kinds of act) and `rerank` (order acts): adds an act.
   */
  PgStatus (*emit_act)(const struct PgCall *call, const struct PgAct *act);
  /**
   * `retrieve` only: adds candidates, best first, at most the asked number in all.
   */
  PgStatus (*emit_candidates)(const struct PgCall *call, const struct PgCandidate *candidates, uintptr_t len);
  /**
   * `ask` only: the answer, JSON text; a second one replaces the first.
   */
  PgStatus (*emit_text)(const struct PgCall *call, struct PgStr text);
  /**
   * `observer_freeze` only: adds a column indexed by item id.
   */
  PgStatus (*emit_column)(const struct PgCall *call, struct PgStr name, struct PgF32s values);
  /**
   * `observer_save` only: appends to the saved state.
   */
  PgStatus (*emit_bytes)(const struct PgCall *call, struct PgBytes bytes);
  /**
   * `score` only: writes the named column of every item to `out[0..items.len]`, NaN where it has no value.
   * Since 1.1.
   */
  PgStatus (*gather)(const struct PgCall *call, struct PgStr column, struct PgU32s items, float *out);
  /**
   * `prepare` only: compiles a condition that may compare with a matched product. Since 1.1.
   */
  PgStatus (*compile_relative)(const struct PgCall *call, struct PgStr condition, uint32_t *out);
  /**
   * `prepare` only: lets `satisfied` tell of compiled conditions. Since 1.1.
   */
  PgStatus (*index)(const struct PgCall *call, struct PgU32s conditions);
  /**
   * Requests only: the indexed conditions that an item satisfies, ascending, perhaps with such as other plugins or
   * earlier epochs indexed. They belong to the host and are valid until the plugin's function returns. Since 1.1.
   */
  PgStatus (*satisfied)(const struct PgCall *call, uint32_t item, struct PgU32s *out);
  /**
   * Requests only: the eligible items that satisfy a condition relative to any of the anchors, at most the first `k`
   * by id. They belong to the host and are valid until the plugin's function returns. Since 1.1.
   */
  PgStatus (*matching)(const struct PgCall *call,
                       uint32_t condition,
                       struct PgU32s anchors,
                       uintptr_t k,
                       struct PgU32s *out);
  /**
   * `retrieve` only: says which source proposed items; answers name it beside the unit's own. Since 1.1.
   */
  PgStatus (*credit)(const struct PgCall *call, struct PgStr source, struct PgU32s items);
  /**
   * `retrieve` only: says that a source proposes nothing but what satisfies a condition relative to any of the
   * anchors; who asks why a product is not there is told which part of it the product fails. Since 1.1.
   */
  PgStatus (*confine)(const struct PgCall *call, struct PgStr source, uint32_t condition, struct PgU32s anchors);
  /**
   * Requests only: writes 1 or 0 to `out[0..names.len]`: does the shop have what is named? Sorts of names are listed
   * in `planogram_abi::name`; of others the shop keeps no list, and everything is there. Since 1.1.
   */
  PgStatus (*knows)(const struct PgCall *call, struct PgStr sort, struct PgStrs names, uint8_t *out);
} PgHostTable;

/**
 * What a plugin function is called with; made by the host, valid until that function returns, and only on the
 * thread that was called. Growable.
 */
typedef struct PgCall {
  /**
   * Size of the struct as the host knows it.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * What the host lends.
   */
  const struct PgHostTable *host;
  /**
   * The host's own.
   */
  void *context;
} PgCall;

/**
 * `Document`. Host to plugin, growable.
 */
typedef struct PgDocument {
  /**
   * Size of the struct as the host knows it.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Kind.
   */
  struct PgStr kind;
  /**
   * Store view code, or empty.
   */
  struct PgStr scope;
  /**
   * Id, unique within kind and scope.
   */
  struct PgStr id;
  /**
   * Revision, from 1.
   */
  uint64_t revision;
  /**
   * Sequence of the write.
   */
  uint64_t seq;
  /**
   * Begin of validity, milliseconds since 1970.
   */
  int64_t from_ms;
  /**
   * End of validity, exclusive.
   */
  int64_t until_ms;
  /**
   * The body.
   */
  struct PgStr json;
} PgDocument;

/**
 * Documents; the next one begins `stride` bytes after the one before. Host to plugin, frozen.
 */
typedef struct PgDocuments {
  /**
   * First document; may be null when `len` is 0.
   */
  const struct PgDocument *data;
  /**
   * Documents.
   */
  uintptr_t len;
  /**
   * Bytes from one document to the next.
   */
  uintptr_t stride;
} PgDocuments;

/**
 * `Epoch`. Host to plugin, growable.
 */
typedef struct PgEpoch {
  /**
   * Size of the struct as the host knows it.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Revision of the configuration.
   */
  uint64_t revision;
  /**
   * The live documents of the plugin's kinds, ordered by kind, scope, id.
   */
  struct PgDocuments documents;
} PgEpoch;

/**
 * `Request`. Host to plugin, growable.
 */
typedef struct PgRequest {
  /**
   * Size of the struct as the host knows it.
   */
  uint32_t struct_size;
  /**
   * 0 search, 1 category, 2 recommendation.
   */
  uint32_t kind;
  /**
   * The shopper's words.
   */
  struct PgStr text;
  /**
   * Code of the store view.
   */
  struct PgStr store_view;
  /**
   * BCP 47 tag.
   */
  struct PgStr locale;
  /**
   * Path of the category being browsed, or empty.
   */
  struct PgStr category;
  /**
   * Id of the unit, or empty.
   */
  struct PgStr unit;
  /**
   * Type of the unit, or empty.
   */
  struct PgStr unit_type;
  /**
   * Page type, or empty.
   */
  struct PgStr page_type;
  /**
   * Customer group, or empty.
   */
  struct PgStr customer_group;
  /**
   * Audiences the shopper is in.
   */
  struct PgStrs audiences;
  /**
   * Items the list is about.
   */
  struct PgU32s anchors;
  /**
   * Items in the cart.
   */
  struct PgU32s cart;
  /**
   * Items looked at, newest first.
   */
  struct PgU32s recent;
  /**
   * Items bought, newest first.
   */
  struct PgU32s purchased;
  /**
   * Time of the request, milliseconds since 1970.
   */
  int64_t now_ms;
  /**
   * Seed of everything random.
   */
  uint64_t seed;
  /**
   * 1 when the caller asked for an explicit sort, else 0.
   */
  uint32_t explicit_sort;
  /**
   * How well the shopper is known: 0 not at all, 1 from this visit, 2 from before.
   */
  uint32_t warmth;
  /**
   * Kind of device, or empty. Since 1.1.
   */
  struct PgStr device;
  /**
   * What the caller filters by: `field` and `field=value`. Since 1.1.
   */
  struct PgStrs filters;
} PgRequest;

/**
 * `TermGroup`. Host to plugin, frozen.
 */
typedef struct PgTermGroup {
  /**
   * First alternative; may be null when `len` is 0.
   */
  const struct PgAlternative *data;
  /**
   * Alternatives.
   */
  uintptr_t len;
} PgTermGroup;

/**
 * `Query`. Host to plugin, growable.
 */
typedef struct PgQuery {
  /**
   * Size of the struct as the host knows it.
   */
  uint32_t struct_size;
  /**
   * 1 when there is a redirect, else 0.
   */
  uint32_t has_redirect;
  /**
   * First group; may be null when `len` is 0.
   */
  const struct PgTermGroup *data;
  /**
   * Groups.
   */
  uintptr_t len;
  /**
   * Where the shopper is sent, when `has_redirect`.
   */
  struct PgStr redirect;
} PgQuery;

/**
 * Columns, each of the batch's length. Frozen.
 */
typedef struct PgColumns {
  /**
   * First column; may be null when `len` is 0.
   */
  const struct PgF32s *data;
  /**
   * Columns.
   */
  uintptr_t len;
} PgColumns;

/**
 * Numbers lent for writing. Frozen.
 */
typedef struct PgF32sMut {
  /**
   * First number; may be null when `len` is 0.
   */
  float *data;
  /**
   * Numbers.
   */
  uintptr_t len;
} PgF32sMut;

/**
 * Columns lent for writing, each of the batch's length. Frozen.
 */
typedef struct PgColumnsMut {
  /**
   * First column; may be null when `len` is 0.
   */
  const struct PgF32sMut *data;
  /**
   * Columns.
   */
  uintptr_t len;
} PgColumnsMut;

/**
 * `ScoreBatch`. Host to plugin, growable; `out` is the host's memory, lent for writing.
 */
typedef struct PgScoreBatch {
  /**
   * Size of the struct as the host knows it.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Item ids, `[n]`.
   */
  struct PgU32s items;
  /**
   * The columns declared under `reads`, in that order, each `[n]`.
   */
  struct PgColumns columns;
  /**
   * The columns declared under `writes`, in that order, each `[n]`, neutral at first.
   */
  struct PgColumnsMut out;
} PgScoreBatch;

/**
 * `RankedList`. Host to plugin, growable.
 */
typedef struct PgRankedList {
  /**
   * Size of the struct as the host knows it.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Item ids in order, `[n]`.
   */
  struct PgU32s items;
  /**
   * Their scores, `[n]`.
   */
  struct PgF32s scores;
  /**
   * The columns declared under `reads`, each `[n]`.
   */
  struct PgColumns columns;
} PgRankedList;

/**
 * Borrowed hashes or sequences. Frozen.
 */
typedef struct PgU64s {
  /**
   * First number; may be null when `len` is 0.
   */
  const uint64_t *data;
  /**
   * Numbers.
   */
  uintptr_t len;
} PgU64s;

/**
 * Borrowed times. Frozen.
 */
typedef struct PgI64s {
  /**
   * First number; may be null when `len` is 0.
   */
  const int64_t *data;
  /**
   * Numbers.
   */
  uintptr_t len;
} PgI64s;

/**
 * `EventBatch`. Host to plugin, growable.
 */
typedef struct PgEventBatch {
  /**
   * Size of the struct as the host knows it.
   */
  uint32_t struct_size;
  /**
   * 0.
   */
  uint32_t reserved;
  /**
   * Log sequences, `[n]`.
   */
  struct PgU64s seqs;
  /**
   * Event times, `[n]`.
   */
  struct PgI64s times_ms;
  /**
   * Event kind codes, `[n]`.
   */
  struct PgU32s kinds;
  /**
   * Items, `[n]`.
   */
  struct PgU32s items;
  /**
   * Session hashes, `[n]`.
   */
  struct PgU64s sessions;
  /**
   * Visitor hashes, `[n]`.
   */
  struct PgU64s visitors;
  /**
   * Quantities, `[n]`.
   */
  struct PgF32s quantities;
} PgEventBatch;

/**
 * What a plugin gives. `instance` comes from `configure`, `prepared` from `prepare`, `observer` from
 * `observer_new`; the host hands them back unchanged and frees each exactly once, instances last.
 * All functions of one instance and all functions of one prepared state may be called from several threads at
 * once; an observer is used by one thread at a time. Every function must return; none may unwind.
 * `contribution` is the index in the order of `describe`.
 */
typedef struct PgPluginTable {
  /**
   * Size of the table as the plugin knows it.
   */
  uint32_t struct_size;
  /**
   * Minor version of the contract that the plugin was built for.
   */
  uint32_t abi_minor;
  /**
   * The record that also stands in the file.
   */
  const struct PgHandshake *handshake;
  /**
   * Makes an instance from settings (a JSON object).
   */
  PgStatus (*configure)(const struct PgCall *call, struct PgStr settings, void **out);
  /**
   * Frees an instance.
   */
  void (*destroy)(void *instance);
  /**
   * Emits contributions, kinds and questions; every time the same.
   */
  PgStatus (*describe)(void *instance, const struct PgCall *call);
  /**
   * Emits the problems of a document; `others` are the live ones of the same kind and scope.
   */
  PgStatus (*validate)(void *instance,
                       const struct PgCall *call,
                       const struct PgDocument *document,
                       struct PgDocuments others);
  /**
   * Makes the state of an epoch; `previous` is the state it replaces, or null.
   */
  PgStatus (*prepare)(void *instance, const struct PgCall *call, const struct PgEpoch *epoch, void *previous, void **out);
  /**
   * Frees a prepared state.
   */
  void (*release)(void *prepared);
  /**
   * Query understanding.
   */
  PgStatus (*rewrite)(void *instance,
                      void *prepared,
                      const struct PgCall *call,
                      uint32_t contribution,
                      const struct PgRequest *request,
                      const struct PgQuery *query);
  /**
   * Candidate generation: emits at most `k` candidates.
   */
  PgStatus (*retrieve)(void *instance,
                       void *prepared,
                       const struct PgCall *call,
                       uint32_t contribution,
                       const struct PgRequest *request,
                       uintptr_t k);
  /**
   * Ranking: writes the batch's `out` columns.
   */
  PgStatus (*score)(void *instance,
                    void *prepared,
                    const struct PgCall *call,
                    uint32_t contribution,
                    const struct PgRequest *request,
                    const struct PgScoreBatch *batch);
  /**
   * Re-ranking: emits order acts.
   */
  PgStatus (*rerank)(void *instance,
                     void *prepared,
                     const struct PgCall *call,
                     uint32_t contribution,
                     const struct PgRequest *request,
                     const struct PgRankedList *list);
  /**
   * Answers a question: emits text.
   */
  PgStatus (*ask)(void *instance,
                  void *prepared,
                  const struct PgCall *call,
                  const struct PgRequest *request,
                  struct PgStr question,
                  struct PgStr argument);
  /**
   * Makes the state of an observer.
   */
  PgStatus (*observer_new)(void *instance, const struct PgCall *call, uint32_t contribution, void **out);
  /**
   * Takes a batch of events in.
   */
  PgStatus (*observer_fold)(void *observer, const struct PgCall *call, const struct PgEventBatch *events);
  /**
   * Emits the learned columns.
   */
  PgStatus (*observer_freeze)(void *observer, const struct PgCall *call);
  /**
   * Emits the whole state as bytes.
   */
  PgStatus (*observer_save)(void *observer, const struct PgCall *call);
  /**
   * Replaces the state by saved bytes.
   */
  PgStatus (*observer_load)(void *observer, const struct PgCall *call, struct PgBytes state);
  /**
   * Frees an observer.
   */
  void (*observer_free)(void *observer);
} PgPluginTable;

/**
 * The one function a plugin exports, under the symbol its handshake names. Called once after loading, before
 * anything else; `host` and the returned table live as long as the process.
 */
typedef const struct PgPluginTable *(*PgEntry)(const struct PgHostTable *host);

/**
 * It worked.
 */
#define PG_OK 0

/**
 * It did not; the message went through `fail`.
 */
#define PG_FAILED 1

/**
 * It panicked; the message went through `fail`.
 */
#define PG_PANICKED 2

/**
 * The host refuses what was emitted: out of bounds, not UTF-8, or not expected from this function.
 */
#define PG_REFUSED 3

/**
 * The function or contribution does not exist.
 */
#define PG_UNSUPPORTED 4

#endif  /* PLANOGRAM_H */

/* Version of the contract, and the hash of all layouts on a 64-bit machine. */
#define PG_ABI_MAJOR 1
#define PG_ABI_MINOR 1
#define PG_LAYOUT_HASH 0x18e86f01ee622e59ull

/* Architecture and system, as the host spells them. */
#if defined(__x86_64__)
#define PG_ARCH "x86_64"
#elif defined(__aarch64__)
#define PG_ARCH "aarch64"
#endif
#if defined(__linux__)
#define PG_OS "linux"
#define PG_SECTION __attribute__((used, section(".planogram")))
#elif defined(__APPLE__)
#define PG_OS "macos"
#define PG_SECTION __attribute__((used, section("__DATA,__planogram")))
#endif

/* The record in the plugin's file; use it once. `entry_name` is the symbol of the PgEntry function, as text:
 *   PG_HANDSHAKE(handshake, "my-plugin", "1.0.0", "planogram_plugin_my_plugin");
 */
#define PG_HANDSHAKE(variable, plugin_name, plugin_version, entry_name)                                          \
  PG_SECTION static const PgHandshake variable = {                                                               \
    {'p', 'l', 'a', 'n', 'o', 'g', 'r', 'a', 'm', ' ', 'p', 'l', 'u', 'g', 'i', 'n'},                            \
    sizeof(PgHandshake), PG_ABI_MAJOR, PG_ABI_MINOR, sizeof(PgPluginTable), PG_LAYOUT_HASH,                      \
    8 * sizeof(void *), PG_PANIC_NONE, PG_ARCH "-" PG_OS, plugin_name, plugin_version, entry_name,               \
  }

/* A text as the host wants it; the bytes stay the caller's. */
static inline PgStr pg_str(const char *text) {
  PgStr lent = {(const uint8_t *)text, strlen(text)};
  return lent;
}

#if __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(PgStr) == 16, "PgStr");
_Static_assert(sizeof(PgStrs) == 16, "PgStrs");
_Static_assert(sizeof(PgBytes) == 16, "PgBytes");
_Static_assert(sizeof(PgF32s) == 16, "PgF32s");
_Static_assert(sizeof(PgF32sMut) == 16, "PgF32sMut");
_Static_assert(sizeof(PgU32s) == 16, "PgU32s");
_Static_assert(sizeof(PgU64s) == 16, "PgU64s");
_Static_assert(sizeof(PgI64s) == 16, "PgI64s");
_Static_assert(sizeof(PgColumns) == 16, "PgColumns");
_Static_assert(sizeof(PgColumnsMut) == 16, "PgColumnsMut");
_Static_assert(sizeof(PgRequest) == 272, "PgRequest");
_Static_assert(sizeof(PgAlternative) == 24, "PgAlternative");
_Static_assert(sizeof(PgTermGroup) == 16, "PgTermGroup");
_Static_assert(sizeof(PgQuery) == 40, "PgQuery");
_Static_assert(sizeof(PgAct) == 80, "PgAct");
_Static_assert(sizeof(PgCandidate) == 8, "PgCandidate");
_Static_assert(sizeof(PgScoreBatch) == 56, "PgScoreBatch");
_Static_assert(sizeof(PgRankedList) == 56, "PgRankedList");
_Static_assert(sizeof(PgDocument) == 104, "PgDocument");
_Static_assert(sizeof(PgDocuments) == 24, "PgDocuments");
_Static_assert(sizeof(PgEpoch) == 40, "PgEpoch");
_Static_assert(sizeof(PgEventBatch) == 120, "PgEventBatch");
_Static_assert(sizeof(PgOutput) == 24, "PgOutput");
_Static_assert(sizeof(PgContribution) == 72, "PgContribution");
_Static_assert(sizeof(PgHandshake) == 320, "PgHandshake");
_Static_assert(sizeof(PgCall) == 24, "PgCall");
_Static_assert(sizeof(PgHostTable) == 240, "PgHostTable");
_Static_assert(sizeof(PgPluginTable) == 152, "PgPluginTable");
#endif
