/* A planogram plugin in plain C: cheap items rise.
 *
 * Build:  cc -std=c11 -O2 -fPIC -shared -I core/abi core/abi/examples/cheapest_first.c -o libcheapest_first.so
 * It has one scorer, which reads the column `price` and adds `weight / (1 + price)`, and one reranker, which pins
 * the first anchor to the top. The only setting is `weight`.
 */
#include "planogram.h"

#include <stdio.h>
#include <stdlib.h>

enum { SCORER = 0, RERANKER = 1 };

typedef struct {
  float weight;
} Plugin;

static PgStatus fail(const PgCall *call, const char *message) {
  call->host->fail(call, pg_str(message));
  return PG_FAILED;
}

/* Reads `{}` or `{"weight": NUMBER}`; a plugin with more settings would use a JSON library. */
static PgStatus configure(const PgCall *call, PgStr settings, void **out) {
  char text[128] = {0}; /* the text has no NUL at its end, so it is copied before sscanf sees it */
  if (settings.len >= sizeof text) return fail(call, "settings: at most 127 bytes allowed");
  memcpy(text, settings.data, settings.len);
  float weight = 1.0f;
  int end = 0;
  if (sscanf(text, " { } %n", &end) < 0 || end == 0) {
    sscanf(text, " { \"weight\" : %f } %n", &weight, &end);
  }
  if (end == 0 || text[end] != 0) return fail(call, "settings: expected {} or {\"weight\": NUMBER}");
  if (!(weight >= 0.0f && weight <= 100.0f)) return fail(call, "`weight` must be in [0, 100]");
  Plugin *plugin = malloc(sizeof *plugin);
  if (!plugin) return fail(call, "out of memory");
  plugin->weight = weight;
  *out = plugin;
  return PG_OK;
}

static void destroy(void *instance) { free(instance); }

static PgStatus describe(void *instance, const PgCall *call) {
  (void)instance;
  PgStr reads[] = {pg_str("price")};
  PgOutput writes[] = {{pg_str("cheapness"), 1 /* add */, 0}};
  PgContribution scorer = {.struct_size = sizeof scorer,
                           .role = PG_SCORER,
                           .name = pg_str("cheapness"),
                           .phase = 1,
                           .reads = {reads, 1},
                           .writes = writes,
                           .writes_len = 1};
  PgContribution reranker = {
      .struct_size = sizeof reranker, .role = PG_RERANKER, .name = pg_str("anchor-first"), .window = 10};
  PgStatus status = call->host->emit_contribution(call, &scorer);
  return status == PG_OK ? call->host->emit_contribution(call, &reranker) : status;
}

/* Nothing depends on the epoch: no state, so `out` stays null and there is no `release`. */
static PgStatus prepare(void *instance, const PgCall *call, const PgEpoch *epoch, void *previous, void **out) {
  (void)instance, (void)call, (void)epoch, (void)previous, (void)out;
  return PG_OK;
}

static PgStatus score(void *instance, void *prepared, const PgCall *call, uint32_t contribution,
                      const PgRequest *request, const PgScoreBatch *batch) {
  (void)prepared, (void)call, (void)request;
  if (contribution != SCORER) return PG_UNSUPPORTED;
  const Plugin *plugin = instance;
  PgF32s price = batch->columns.data[0];
  PgF32sMut out = batch->out.data[0];
  for (size_t row = 0; row < out.len; row++) {
    if (price.data[row] >= 0.0f) out.data[row] = plugin->weight / (1.0f + price.data[row]); /* false for NaN */
  }
  return PG_OK;
}

static PgStatus rerank(void *instance, void *prepared, const PgCall *call, uint32_t contribution,
                       const PgRequest *request, const PgRankedList *list) {
  (void)instance, (void)prepared, (void)list;
  if (contribution != RERANKER) return PG_UNSUPPORTED;
  if (request->anchors.len == 0) return PG_OK;
  PgAct act = {.struct_size = sizeof act,
               .verb = PG_PIN,
               .position = 0,
               .condition = PG_NO_CONDITION,
               .items = {request->anchors.data, 1},
               .reason = pg_str("\"the product of the page comes first\"")};
  return call->host->emit_act(call, &act);
}

PG_HANDSHAKE(handshake, "cheapest-first", "0.1.0", "planogram_plugin_cheapest_first");

static const PgPluginTable table = {
    .struct_size = sizeof table,
    .abi_minor = PG_ABI_MINOR,
    .handshake = &handshake,
    .configure = configure,
    .destroy = destroy,
    .describe = describe,
    .prepare = prepare,
    .score = score,
    .rerank = rerank,
};

__attribute__((visibility("default"))) const PgPluginTable *planogram_plugin_cheapest_first(const PgHostTable *host) {
  (void)host;
  return &table;
}
