/* One pass over the body's fields, each by a row of the table. An outcome is what the event's kind says; a failure without a
 * word, or with another than is known, is one of which nothing is known. */
#include "evals/sample/decode.h"

#include <math.h>
#include <stddef.h>

#include "base/mp.h"

enum form { TEXT, REAL, COUNT, TRUTH };

#define FIELD(name, form, member)                                                                                          \
    { {(const uint8_t *)(name), sizeof(name) - 1}, form, offsetof(struct sample, member) }

static const struct field {
    struct bytes name;
    enum form form;
    size_t at;
} fields[] = {
    FIELD("cost", REAL, cost),
    FIELD("doc_digest", TEXT, case_digest),
    FIELD("filter", TEXT, filter),
    FIELD("first_ms", REAL, first_ms),
    FIELD("latency_ms", REAL, latency_ms),
    FIELD("output_digest", TEXT, output_digest),
    FIELD("probe", TRUTH, probe),
    FIELD("repeat", COUNT, repeat),
    FIELD("sample", TEXT, id),
    FIELD("task", TEXT, task),
    FIELD("tokens_in", COUNT, tokens_in),
    FIELD("tokens_out", COUNT, tokens_out),
    FIELD("violations", COUNT, violations),
    FIELD("weight", REAL, weight),
};

static bool real_of(const struct mp_item *item, double *ret) {
    if (item->type == MP_FLOAT && isfinite(item->real)) {
        *ret = item->real;
    } else if (item->type == MP_UINT) {
        *ret = (double)item->uint;
    } else if (item->type == MP_INT) {
        *ret = (double)item->sint;
    } else if (item->type == MP_BOOL) {
        *ret = item->boolean;
    } else {
        return false;
    }
    return true;
}

static void take(struct sample *sample, const struct field *field, const struct mp_item *item) {
    void *at = (char *)sample + field->at;
    if (field->form == TEXT && item->type == MP_STR) *(struct bytes *)at = item->data;
    if (field->form == REAL) (void)real_of(item, at);
    if (field->form == COUNT && item->type == MP_UINT) *(uint64_t *)at = item->uint;
    if (field->form == TRUTH && item->type == MP_BOOL) *(bool *)at = item->boolean;
}

/* A graded metric: "score", as our own samples name it, or the only one that there is. */
static double score_of(struct bytes scores) {
    struct mp_reader r;
    struct mp_item item;
    struct bytes raw;
    double ret = NAN, one;
    if (mp_map_get(scores, "score", &raw) == 0) return mp_scalar(raw, &item) == 0 && real_of(&item, &one) ? one : NAN;
    mp_reader_init(&r, scores);
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_MAP || item.count != 1) return NAN;
    if (mp_next(&r, &item, NULL) != 0 || bytes_is(item.data, "passed")) return NAN;
    if (mp_next(&r, &item, NULL) == 0) (void)real_of(&item, &ret);
    return ret;
}

static enum sample_outcome outcome_of(struct bytes kind, struct bytes failure) {
    if (bytes_is(kind, "eval.sampled")) return SAMPLE_PASSED;
    return bytes_is(failure, "assertion") ? SAMPLE_MISSED : bytes_is(failure, "limit") ? SAMPLE_LIMITED : SAMPLE_ERRED;
}

bool sample_decode(const struct log_event *event, struct sample *ret) {
    struct sample sample = {.seq = event->seq, .weight = 1};
    struct mp_reader r;
    struct mp_item key, item;
    struct bytes raw, failure = {NULL, 0};
    sample.latency_ms = sample.first_ms = sample.cost = sample.score = NAN;
    sample.tokens_in = sample.tokens_out = SAMPLE_ABSENT;
    mp_reader_init(&r, event->body);
    if (event->body.n == 0 || mp_next(&r, &item, NULL) != 0 || item.type != MP_MAP) return false;
    for (uint32_t left = item.count; left > 0; left--) {
        if (mp_next(&r, &key, NULL) != 0 || key.type != MP_STR || mp_skip(&r, 1, &raw, NULL) != 0) return false;
        if (bytes_is(key.data, "scores")) sample.score = score_of(raw);
        if (bytes_is(key.data, "tags")) sample.tags = raw;
        if (mp_scalar(raw, &item) != 0) continue;
        if (bytes_is(key.data, "failure") && item.type == MP_STR) failure = item.data;
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            if (bytes_eq(key.data, fields[i].name)) take(&sample, &fields[i], &item);
        }
    }
    sample.outcome = outcome_of(event->kind, failure);
    if (sample.id.n == 0) return false;
    *ret = sample;
    return true;
}
