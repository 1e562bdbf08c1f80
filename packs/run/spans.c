/* One document at a time, its records in the order in which they happened. Each scope is read once, however its records alternate
 * with others; a resource is read again with each of its scopes, so what all of that may come to is bounded by the document. */
#include "packs/run/spans.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "ledger/core/key_secret.h"

/* Bytes of resources and scopes that are read for one document: so many, and so many times its size. */
#define FROM_BYTES  ((size_t)1 << 16)
#define FROM_FACTOR 16

static void begin(struct spans *s) {
    if (s->ready) return;
    otlp_map_init(&s->map);
    otlp_cut_init(&s->cut);
    buf_init(&s->item, 4 * OTLP_RECORD_MAX);
    s->ready = true;
}

void spans_done(struct spans *s) {
    if (!s->ready) return;
    otlp_map_done(&s->map);
    otlp_cut_done(&s->cut);
    buf_done(&s->item);
    explicit_bzero(s->secret, sizeof(s->secret));
    s->ready = false;
}

bool spans_is(struct spans *s, struct bytes text) {
    static const char name[] = "\"resource";
    if (memmem(text.p, text.n, name, sizeof(name) - 1) == NULL) return false;
    begin(s);
    otlp_cut_begin(&s->cut);
    return otlp_cut_feed(&s->cut, text, NULL) == 0 && (s->cut.has & (OTLP_HAS_SPANS | OTLP_HAS_LOGS)) != 0;
}

static int read_part(struct spans *s, struct bytes text, struct otlp_text at, const char *what, struct err *err) {
    struct err why = {0};
    if (at.n > OTLP_RECORD_MAX) return err_set(err, ERR_INVALID, "%s is too large", what);
    int rc = at.n == 0 ? 0 : json_to_mp((struct bytes){text.p + at.at, at.n}, &s->item, &why);
    return rc == 0 || rc == ERR_NOMEM ? rc : err_set(err, ERR_INVALID, "%s is not valid JSON: %.200s", what, why.msg);
}

struct known {
    struct otlp_from from;
    bool read;
};

/* Who reported: the scope of a record. *left: bytes that may still be read for that. */
static int read_from(struct spans *s, struct bytes text, uint32_t index, size_t *left, struct known *ret, struct err *err) {
    const struct otlp_scope *scope = &s->cut.scopes[index];
    const struct otlp_text at = s->cut.resources[scope->resource];
    const size_t cost = (size_t)at.n + scope->text.n;
    if (ret->read) return 0;
    if (cost > *left) return err_set(err, ERR_INVALID, "its resources are too large for so many scopes");
    *left -= cost;
    ret->read = true;
    buf_clear(&s->item);
    int rc = read_part(s, text, at, "its resource", err);
    size_t n = s->item.n;
    if (rc == 0) rc = read_part(s, text, scope->text, "its scope", err);
    if (rc != 0) return rc;
    const struct bytes resource = {s->item.p, n}, rest = {n == s->item.n ? NULL : s->item.p + n, s->item.n - n};
    return otlp_map_from(&s->map, resource, rest, &ret->from, err);
}

static int read_record(struct spans *s, struct bytes text, const struct otlp_record *record, const struct otlp_from *from,
                       struct err *err) {
    if (record->type == OTLP_METRIC) return 0;
    if (record->values > OTLP_VALUES_MAX) return err_set(err, ERR_INVALID, "the record has too many values");
    buf_clear(&s->item);
    int rc = read_part(s, text, record->text, "the record", err);
    if (rc != 0) return rc;
    return record->type == OTLP_SPAN ? otlp_map_span(&s->map, from, bytes_of_buf(&s->item), err)
                                     : otlp_map_log(&s->map, from, bytes_of_buf(&s->item), err);
}

int spans_read(struct spans *s, struct ledger *ledger, struct bytes text,
               int (*emit)(void *ctx, const struct otlp_event *event, struct err *err), void *ctx, struct err *err) {
    struct known *known = NULL;
    uint32_t *order = NULL;
    _Static_assert(sizeof(s->secret) == KEY_SECRET_LEN, "the secret of hashes in headers");
    int rc = key_secret_get(ledger, true, s->secret, err);
    size_t n = s->cut.n_records, left = FROM_FACTOR * text.n + FROM_BYTES;
    s->map.secret = s->secret;
    s->map.ctx = ctx;
    s->map.emit = emit;
    if (rc == 0 && n > 0) rc = otlp_order(&s->cut, &order, err);
    if (rc == 0 && n > 0) {
        known = calloc(s->cut.n_scopes, sizeof(*known));
        rc = known == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    }
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const struct otlp_record *record = &s->cut.records[order[i]];
        rc = read_from(s, text, record->scope, &left, &known[record->scope], err);
        if (rc == 0) rc = read_record(s, text, record, &known[record->scope].from, err);
    }
    free(known);
    free(order);
    return rc;
}
