/* What a document was cut into: three growing arrays, each with a maximum. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "ingest/otlp/cut.h"

void otlp_cut_init(struct otlp_cut *cut) {
    memset(cut, 0, sizeof(*cut));
}

void otlp_cut_done(struct otlp_cut *cut) {
    free(cut->records);
    free(cut->relations);
    free(cut->scopes);
    free(cut->resources);
    otlp_cut_init(cut);
}

void otlp_cut_begin(struct otlp_cut *cut) {
    struct otlp_cut fresh = {.records = cut->records,
                             .relations = cut->relations,
                             .scopes = cut->scopes,
                             .resources = cut->resources,
                             .cap_records = cut->cap_records,
                             .cap_relations = cut->cap_relations,
                             .cap_scopes = cut->cap_scopes,
                             .cap_resources = cut->cap_resources};
    *cut = fresh;
}

/* Room for one more, of at most `max`. `array`: see array_room. */
static int grow(void *array, size_t n, size_t *cap, size_t size, size_t max, const char *what, struct err *err) {
    return n < max ? array_room(array, n + 1, cap, size, err)
                   : err_set(err, ERR_LIMIT, "the document has more than %zu %s", max, what);
}

int otlp_cut_add_resource(struct otlp_cut *cut, struct err *err) {
    int rc = grow(&cut->resources, cut->n_resources, &cut->cap_resources, sizeof(*cut->resources), OTLP_PARTS_MAX,
                  "resources", err);
    if (rc == 0) {
        cut->resources[cut->n_resources++] = (struct otlp_text){0, 0};
    }
    return rc;
}

int otlp_cut_add_scope(struct otlp_cut *cut, struct err *err) {
    int rc = grow(&cut->scopes, cut->n_scopes, &cut->cap_scopes, sizeof(*cut->scopes), OTLP_PARTS_MAX, "scopes", err);
    if (rc == 0) {
        cut->scopes[cut->n_scopes++] = (struct otlp_scope){.resource = (uint32_t)cut->n_resources - 1};
    }
    return rc;
}

int otlp_cut_add_record(struct otlp_cut *cut, const struct otlp_record *record, const struct otlp_relation *relation,
                        struct err *err) {
    const char *what = record->type == OTLP_METRIC ? "metrics" : "spans and log records";
    int rc = grow(&cut->records, cut->n_records, &cut->cap_records, sizeof(*cut->records), OTLP_RECORDS_MAX, what, err);
    if (rc == 0)
        rc = grow(&cut->relations, cut->n_records, &cut->cap_relations, sizeof(*cut->relations), OTLP_RECORDS_MAX, what,
                  err);
    if (rc == 0) {
        cut->relations[cut->n_records] = *relation;
        cut->records[cut->n_records] = *record;
        cut->records[cut->n_records++].scope = (uint32_t)cut->n_scopes - 1;
    }
    return rc;
}
