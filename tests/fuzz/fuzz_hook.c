/* Arbitrary bytes as the input of an agent's hook: split into records, each refused with a message, or events whose maps
 * are canonical and whose header strings are valid. */
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "ingest/hook/hook.h"
#include "ingest/input/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static int on_event(void *ctx, const struct hook_event *e, struct err *err) {
    uint64_t *n = ctx;
    (void)err;
    const struct bytes names[] = {e->kind, e->subject, e->actor, e->run, e->key};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        want(names[i].n <= 256 && !text_has_control(names[i]));
        want(text_utf8_valid(names[i].p, names[i].n) == names[i].n);
    }
    want(e->kind.n > 0 && e->subject.n > 0 && e->key.n > 0);
    want(mp_check(e->body, NULL) == 0);
    want(e->at == INGEST_NO_TIME || e->at <= MP_INT_MAX);
    want(e->cause <= *n);
    ++*n;
    return 0;
}

static uint64_t on_ticket(void *ctx) {
    const uint64_t *n = ctx;
    return *n;
}

static void read_record(struct hook_reader *reader, const struct record *record, const struct hook_sink *sink) {
    struct err err = {0};
    if (record->fault != NULL) return;
    int rc = hook_read_record(reader, record->text, sink, &err);
    want(rc >= 0 || (rc == err.code && err.msg[0] != '\0'));
    want(rc <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct records split;
    struct record record;
    struct hook_reader *reader = hook_reader_new();
    uint64_t n = 0, number = 0;
    const struct hook_sink sink = {&n, on_event, on_ticket, NULL};
    want(reader != NULL);
    records_init(&split);
    for (size_t at = 0; at < size;) {
        const uint8_t *lf = memchr(data + at, '\n', size - at);
        size_t end = lf != NULL ? (size_t)(lf - data) : size;
        const struct lines_line line = {
            .text = {data + at, end - at}, .number = ++number, .offset = at, .ended = lf != NULL};
        records_line(&split, &line);
        while (records_next(&split, &record) == 0) {
            read_record(reader, &record, &sink);
        }
        at = end + 1;
    }
    while (records_end(&split, &record) == 0) {
        read_record(reader, &record, &sink);
    }
    records_done(&split);
    hook_reader_free(reader);
    return 0;
}
