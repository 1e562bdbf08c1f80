/* An event, as one process writes and reads it:
 *
 *   struct fixed | texts, each with its NUL | parts */
#include "ingest/otlp/held.h"

#include <string.h>

#define TEXTS 6
#define PARTS 4

struct fixed {
    uint64_t at, sequence;
    const char *kind;
    uint32_t n[TEXTS + PARTS]; /* bytes; of texts with their NULs */
    enum otlp_cause cause;
};

void otlp_hold(struct buf *out, const struct otlp_event *e) {
    const char *const texts[TEXTS] = {e->subject, e->run, e->key, e->trace, e->span, e->parent};
    const struct bytes parts[PARTS] = {e->actor, e->body, e->private_, e->session};
    struct fixed fixed;
    memset(&fixed, 0, sizeof(fixed));
    fixed.at = e->at;
    fixed.sequence = e->sequence;
    fixed.kind = e->kind;
    fixed.cause = e->cause;
    for (size_t i = 0; i < TEXTS; i++) {
        fixed.n[i] = (uint32_t)strlen(texts[i]) + 1;
    }
    for (size_t i = 0; i < PARTS; i++) {
        fixed.n[TEXTS + i] = (uint32_t)parts[i].n;
    }
    buf_put(out, &fixed, sizeof(fixed));
    for (size_t i = 0; i < TEXTS; i++) {
        buf_put(out, texts[i], fixed.n[i]);
    }
    for (size_t i = 0; i < PARTS; i++) {
        buf_put_bytes(out, parts[i]);
    }
}

static const uint8_t *take(struct bytes *held, size_t n) {
    const uint8_t *p = held->p;
    held->p += n;
    held->n -= n;
    return p;
}

bool otlp_held_next(struct bytes *held, struct otlp_event *ret) {
    const char **const texts[TEXTS] = {&ret->subject, &ret->run, &ret->key, &ret->trace, &ret->span, &ret->parent};
    struct bytes *const parts[PARTS] = {&ret->actor, &ret->body, &ret->private_, &ret->session};
    struct fixed fixed;
    if (held->n == 0) return false;
    memcpy(&fixed, take(held, sizeof(fixed)), sizeof(fixed));
    ret->at = fixed.at;
    ret->sequence = fixed.sequence;
    ret->kind = fixed.kind;
    ret->cause = fixed.cause;
    for (size_t i = 0; i < TEXTS; i++) {
        *texts[i] = (const char *)take(held, fixed.n[i]);
    }
    for (size_t i = 0; i < PARTS; i++) {
        parts[i]->n = fixed.n[TEXTS + i];
        parts[i]->p = take(held, parts[i]->n);
    }
    return true;
}
