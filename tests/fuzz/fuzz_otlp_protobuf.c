/* Arbitrary bytes as a request in Protocol Buffers, its type by the first byte: refused with a message, or cut into records
 * that lie within it, each of which is refused with a message or becomes a canonical item, and then events whose maps are
 * canonical. */
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "ingest/otlp/metric.h"
#include "ingest/otlp/proto.h"

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

static int on_reject(void *ctx, const char *reason) {
    (void)ctx;
    want(reason[0] != '\0');
    return 0;
}

static struct bytes part(struct otlp_proto *proto, enum otlp_part what, struct bytes request, struct otlp_text place,
                         struct buf *out) {
    struct err err = {0};
    want((size_t)place.at + place.n <= request.n);
    buf_clear(out);
    if (place.n == 0 && what != OTLP_PART_SPAN && what != OTLP_PART_LOG && what != OTLP_PART_METRIC) {
        return (struct bytes){NULL, 0};
    }
    int rc = otlp_proto_to_mp(proto, what, (struct bytes){request.p + place.at, place.n}, out, &err);
    want(rc == 0 ? mp_check(bytes_of_buf(out), &err) == 0 : rc == err.code && err.msg[0] != '\0' && out->n == 0);
    return bytes_of_buf(out);
}

static void map_record(struct otlp_map *map, enum otlp_type type, const struct otlp_from *from, struct bytes record) {
    const struct otlp_metric_sink sink = {NULL, NULL, on_reject};
    char passed[OTLP_NAME_LEN];
    struct err err = {0};
    if (record.n == 0) return;
    int rc = type == OTLP_SPAN     ? otlp_map_span(map, from, record, &err)
             : type == OTLP_METRIC ? otlp_map_metric(map, from, record, &sink, passed, &err)
                                   : otlp_map_log(map, from, record, &err);
    want(rc == 0 || (rc == 1 && type == OTLP_METRIC) || (rc == ERR_INVALID && err.msg[0] != '\0' && !map->failed));
}

static void map_records(struct otlp_cut *cut, enum otlp_type type, struct bytes request) {
    struct otlp_map map;
    struct otlp_proto *proto = NULL;
    struct buf a = {.max = (size_t)8 << 20}, b = {.max = (size_t)8 << 20};
    uint32_t *order = NULL;
    size_t events = 0;
    otlp_map_init(&map);
    map.ctx = &events;
    map.emit = on_event;
    want(otlp_proto_new(&proto, NULL) == 0 && otlp_order(cut, &order, NULL) == 0);
    for (size_t i = 0; i < cut->n_records; i++) {
        const struct otlp_record *r = &cut->records[order[i]];
        const struct otlp_scope *scope = &cut->scopes[r->scope];
        struct otlp_from from;
        struct err err = {0};
        memset(&from, 0, sizeof(from));
        struct bytes resource = part(proto, OTLP_PART_RESOURCE, request, cut->resources[scope->resource], &a);
        if (otlp_map_from(&map, resource, part(proto, OTLP_PART_SCOPE, request, scope->text, &b), &from, &err) != 0) {
            want(err.msg[0] != '\0');
            continue;
        }
        map_record(&map, type, &from, part(proto, (enum otlp_part)type, request, r->text, &a));
    }
    free(order);
    buf_done(&a);
    buf_done(&b);
    otlp_proto_free(proto);
    otlp_map_done(&map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct otlp_cut cut;
    struct err err = {0};
    if (size == 0) return 0;
    enum otlp_type type = (enum otlp_type)(data[0] % 3);
    const struct bytes request = {data + 1, size - 1};
    otlp_cut_init(&cut);
    otlp_cut_begin(&cut);
    int rc = otlp_wire_cut(&cut, type, request, &err);
    want(cut.end <= request.n);
    if (rc == 0) {
        map_records(&cut, type, request);
    } else {
        want(rc == err.code && err.msg[0] != '\0');
    }
    otlp_cut_done(&cut);
    return 0;
}
