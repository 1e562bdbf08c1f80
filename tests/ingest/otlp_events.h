/* Events from records, without a ledger: each as a line of text, so that a test can compare all of it. */
#ifndef TESTS_INGEST_OTLP_EVENTS_H
#define TESTS_INGEST_OTLP_EVENTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "ingest/otlp/cut.h"
#include "ingest/otlp/map.h"

struct events {
    struct otlp_map map;
    struct otlp_from from;
    struct buf text;
    size_t n;
    int answer; /* of emit */
};

/* "KIND SUBJECT run=RUN key=KEY at=AT by=parent|first|- {body} {private}\n" */
static inline int events_emit(void *ctx, const struct otlp_event *e, struct err *err) {
    static const char *const causes[] = {[OTLP_NO_CAUSE] = "-", [OTLP_BY_PARENT] = "parent", [OTLP_BY_FIRST] = "first"};
    struct events *events = ctx;
    events->n++;
    if (events->answer < 0) return err_set(err, events->answer, "no more");
    buf_printf(&events->text, "%s %s run=%s key=%s ", e->kind, e->subject, e->run, e->key);
    if (e->at == INGEST_NO_TIME) {
        buf_put_str(&events->text, "at=- ");
    } else {
        buf_printf(&events->text, "at=%llu ", (unsigned long long)e->at);
    }
    buf_printf(&events->text, "by=%s ", causes[e->cause]);
    assert_int_equal(mp_check(e->body, err), 0);
    assert_int_equal(json_from_mp(e->body, JSON_LINE, &events->text, err), 0);
    if (e->private_.n > 0) {
        assert_int_equal(mp_check(e->private_, err), 0);
        buf_put_u8(&events->text, ' ');
        assert_int_equal(json_from_mp(e->private_, JSON_LINE, &events->text, err), 0);
    }
    buf_put_u8(&events->text, '\n');
    return events->answer;
}

static inline void events_init(struct events *e) {
    memset(e, 0, sizeof(*e));
    otlp_map_init(&e->map);
    buf_init(&e->text, (size_t)8 << 20);
    e->map.ctx = e;
    e->map.emit = events_emit;
    snprintf(e->from.actor, sizeof(e->from.actor), "service:app");
    snprintf(e->from.service, sizeof(e->from.service), "app");
    snprintf(e->from.digest, sizeof(e->from.digest), "sha256:r"); /* abbreviated for readability */
}

static inline void events_done(struct events *e) {
    otlp_map_done(&e->map);
    buf_done(&e->text);
}

static inline int events_of(struct events *e, enum otlp_type type, const char *json, struct err *err) {
    struct buf item;
    buf_init(&item, (size_t)8 << 20);
    buf_clear(&e->text);
    e->n = 0;
    int rc = json_to_mp(bytes_of(json), &item, err);
    if (rc != 0) {
        fail_msg("%s: %s", json, err->msg);
    }
    rc = type == OTLP_SPAN ? otlp_map_span(&e->map, &e->from, bytes_of_buf(&item), err)
                           : otlp_map_log(&e->map, &e->from, bytes_of_buf(&item), err);
    buf_put_u8(&e->text, 0);
    buf_done(&item);
    return rc;
}

static inline void events_refused(struct events *e, enum otlp_type type, const char *json, const char *wanted) {
    struct err err = {0};
    int rc = events_of(e, type, json, &err);
    if (rc != ERR_INVALID || e->n != 0 || e->map.failed) {
        fail_msg("%s: code %d, %zu events", json, rc, e->n);
    }
    assert_string_equal(err.msg, wanted);
}

#endif
