/* Arbitrary bytes as a document of OTLP/JSON: refused with a message, or cut into records that lie within it, each of which
 * is refused with a message or becomes events whose maps are canonical. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "ingest/otlp/cut.h"
#include "ingest/otlp/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static int on_event(void *ctx, const struct otlp_event *e, struct err *err) {
    size_t *n = ctx;
    ++*n;
    want(e->kind[0] != '\0' && e->subject[0] != '\0' && e->key[0] != '\0');
    want(mp_check(e->body, err) == 0);
    want(e->private_.n == 0 || mp_check(e->private_, err) == 0);
    want(e->at == INGEST_NO_TIME || e->at <= MP_INT_MAX);
    return 0;
}

static struct bytes part(struct bytes text, struct otlp_text place, struct buf *out) {
    want((size_t)place.at + place.n <= text.n);
    buf_clear(out);
    return place.n > 0 && json_to_mp((struct bytes){text.p + place.at, place.n}, out, NULL) == 0 ? bytes_of_buf(out)
                                                                                                 : (struct bytes){NULL, 0};
}

static void map_records(struct otlp_cut *cut, struct bytes text) {
    struct otlp_map map;
    struct buf a, b;
    uint32_t *order = NULL;
    size_t events = 0;
    otlp_map_init(&map);
    map.ctx = &events;
    map.emit = on_event;
    buf_init(&a, (size_t)8 << 20);
    buf_init(&b, (size_t)8 << 20);
    want(otlp_order(cut, &order, NULL) == 0);
    for (size_t i = 0; i < cut->n_records; i++) {
        const struct otlp_record *r = &cut->records[order[i]];
        const struct otlp_scope *scope = &cut->scopes[r->scope];
        struct otlp_from from;
        struct err err = {0};
        memset(&from, 0, sizeof(from));
        struct bytes resource = part(text, cut->resources[scope->resource], &a);
        if (otlp_map_from(&map, resource, part(text, scope->text, &b), &from, &err) != 0) {
            want(err.msg[0] != '\0');
            continue;
        }
        struct bytes record = part(text, r->text, &a);
        int rc = r->type == OTLP_SPAN ? otlp_map_span(&map, &from, record, &err) : otlp_map_log(&map, &from, record, &err);
        want(rc == 0 || (rc == ERR_INVALID && err.msg[0] != '\0' && !map.failed));
    }
    free(order);
    buf_done(&a);
    buf_done(&b);
    otlp_map_done(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct otlp_cut cut;
    struct err err = {0};
    otlp_cut_init(&cut);
    otlp_cut_begin(&cut);
    const struct bytes text = {data, size};
    int rc = otlp_cut_feed(&cut, text, &err);
    want(cut.end <= size);
    if (rc == 0) {
        map_records(&cut, text);
    } else {
        want(rc == 1 || (rc == err.code && err.msg[0] != '\0'));
    }
    otlp_cut_done(&cut);
    return 0;
}
