/* Counting, and the body of the receipt. */
#include "ingest/tally.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "base/text.h"

void tally_init(struct ingest_tally *t) {
    memset(t, 0, sizeof(*t));
    t->first_at = INGEST_NO_TIME;
    t->last_at = INGEST_NO_TIME;
}

void tally_at(struct ingest_tally *t, uint64_t at) {
    if (at == INGEST_NO_TIME) {
        return;
    }
    if (t->first_at == INGEST_NO_TIME || at < t->first_at) {
        t->first_at = at;
    }
    if (t->last_at == INGEST_NO_TIME || at > t->last_at) {
        t->last_at = at;
    }
}

/* Cut to fit at a character's beginning, bytes that are no UTF-8 replaced: it goes into an event. */
static void put_reason(char ret[INGEST_REASON_LEN], const char *text) {
    size_t n = strlen(text);
    if (n >= INGEST_REASON_LEN) {
        n = INGEST_REASON_LEN - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    memcpy(ret, text, n);
    ret[n] = '\0';
    for (size_t at; (at = text_utf8_valid((const uint8_t *)ret, n)) < n;) {
        ret[at] = '?';
    }
}

/* The entry of a reason, a new one if need be; the last collects what no longer fits. */
static struct ingest_reason *reason_of(struct ingest_tally *t, const char *text, uint64_t line, uint64_t offset) {
    size_t i = 0;
    while (i < t->n_reasons && strcmp(t->reasons[i].text, text) != 0) {
        i++;
    }
    if (i == INGEST_REASONS_MAX) {
        i--;
        memcpy(t->reasons[i].text, "other reasons", sizeof("other reasons"));
    }
    struct ingest_reason *r = &t->reasons[i];
    if (i == t->n_reasons) {
        memcpy(r->text, text, strlen(text) + 1);
        r->line = line;
        r->offset = offset;
        t->n_reasons++;
    }
    return r;
}

void tally_reject(struct ingest_tally *t, const char *group, const struct ingest_place *place) {
    char text[INGEST_REASON_LEN];
    put_reason(text, group);
    t->rejected++;
    reason_of(t, text, place->line, place->offset)->count++;
}

void tally_sum(struct ingest_tally *t, const struct ingest_tally *more) {
    t->bytes += more->bytes;
    t->accepted += more->accepted;
    t->duplicate += more->duplicate;
    t->rejected += more->rejected;
    t->passed += more->passed;
    t->masked += more->masked;
    t->gaps += more->gaps;
    tally_at(t, more->first_at);
    tally_at(t, more->last_at);
    for (size_t i = 0; i < more->n_reasons; i++) {
        const struct ingest_reason *r = &more->reasons[i];
        reason_of(t, r->text, r->line, r->offset)->count += r->count;
    }
}

static void put_uint(struct buf *out, const char *name, uint64_t v) {
    mp_put_str(out, bytes_of(name));
    mp_put_uint(out, v);
}

static void put_str(struct buf *out, const char *name, const char *v) {
    mp_put_str(out, bytes_of(name));
    mp_put_str(out, bytes_of(v));
}

static void put_reasons(struct buf *out, const struct ingest_tally *t) {
    mp_put_str(out, bytes_of("reasons"));
    mp_put_array(out, (uint32_t)t->n_reasons);
    for (size_t i = 0; i < t->n_reasons; i++) {
        const struct ingest_reason *r = &t->reasons[i];
        mp_put_map(out, 4);
        put_uint(out, "count", r->count);
        put_uint(out, "line", r->line);
        put_uint(out, "offset", r->offset);
        put_str(out, "reason", r->text);
    }
}

void tally_encode(struct buf *out, const struct ingest_tally *t, const struct tally_input *input) {
    char hex[2 * HASH_LEN + 1], id[sizeof("sha256:") + 2 * HASH_LEN];
    bool timed = t->first_at != INGEST_NO_TIME;
    mp_put_map(out, 12U + (timed ? 2 : 0) + (input->cursor != NULL ? 1 : 0));
    put_uint(out, "accepted", t->accepted);
    put_uint(out, "bytes", t->bytes);
    if (input->cursor != NULL) {
        text_hex(hex, input->cursor, HASH_LEN);
        snprintf(id, sizeof(id), "sha256:%s", hex);
        put_str(out, "cursor", id);
    }
    text_hex(hex, input->digest, HASH_LEN);
    snprintf(id, sizeof(id), "sha256:%s", hex);
    put_str(out, "digest", id);
    put_uint(out, "duplicate", t->duplicate);
    if (timed) {
        put_uint(out, "first_at", t->first_at);
    }
    put_uint(out, "gaps", t->gaps);
    put_str(out, "input", input->name);
    if (timed) {
        put_uint(out, "last_at", t->last_at);
    }
    put_uint(out, "masked", t->masked);
    put_uint(out, "parser", INGEST_PARSER_VERSION);
    put_reasons(out, t);
    put_uint(out, "rejected", t->rejected);
    put_str(out, "source", input->source);
    mp_put_str(out, bytes_of("stopped"));
    mp_put_bool(out, input->stopped);
}
