/* Lifts an event's body step by step to today's schema. */
#include "projections/fold/upcast.h"

#include <stdio.h>

static int same(struct bytes body, struct buf *out, struct err *err) {
    (void)err;
    return buf_put_bytes(out, body);
}

/* The rows name functions that take the body of one schema and append that of the next. */
const struct upcast upcast_all[] = {
#define UPCAST(kind, from, function) {kind, from, function},
#include "projections/fold/upcast.def"
#undef UPCAST
    {NULL, 0, NULL}};
const size_t upcast_count = sizeof(upcast_all) / sizeof(upcast_all[0]) - 1;

static const struct upcast *step_from(const struct upcast *steps, size_t n, struct bytes kind, uint32_t from) {
    for (size_t i = 0; i < n; i++) {
        if (steps[i].from == from && bytes_is(kind, steps[i].kind)) return &steps[i];
    }
    return NULL;
}

int upcast_body(const struct upcast *steps, size_t n, const struct log_event *event, uint32_t to, struct buf scratch[2],
                struct bytes *ret_body, struct err *err) {
    struct bytes body = event->body;
    if (event->schema > to) {
        return err_set(err, ERR_VERSION, "its kind '%.*s' has schema %u, this program knows %u", (int)event->kind.n,
                       (const char *)event->kind.p, event->schema, to);
    }
    for (uint32_t at = event->schema; at < to && body.n > 0; at++) { /* an erased body stays empty */
        const struct upcast *step = step_from(steps, n, event->kind, at);
        struct buf *out = &scratch[at % 2];
        buf_clear(out);
        int rc = step == NULL ? err_set(err, ERR_VERSION, "there is no step from schema %u of '%.*s' to the next", at,
                                        (int)event->kind.n, (const char *)event->kind.p)
                              : step->apply(body, out, err);
        if (rc == 0) rc = buf_check(out, "a body", err);
        if (rc != 0) return rc;
        body = bytes_of_buf(out);
    }
    *ret_body = body;
    return 0;
}
