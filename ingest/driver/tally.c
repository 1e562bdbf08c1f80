/* Counting, and the body of the receipt. */
#include "ingest/driver/tally.h"

#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "base/mp_map.h"
#include "base/text.h"

void tally_init(struct ingest_tally *t) {
    memset(t, 0, sizeof(*t));
    t->first_at = INGEST_NO_TIME;
    t->last_at = INGEST_NO_TIME;
}

void tally_at(struct ingest_tally *t, uint64_t at) {
    if (at == INGEST_NO_TIME) return;
    if (t->first_at == INGEST_NO_TIME || at < t->first_at) {
        t->first_at = at;
    }
    if (t->last_at == INGEST_NO_TIME || at > t->last_at) {
        t->last_at = at;
    }
}

/* Cut to fit between characters, invalid UTF-8 replaced: it goes into an event. */
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

/* The entry of a reason, a new one if needed; the last entry collects what no longer fits. */
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

static void put_reasons(struct buf *out, const struct ingest_tally *t) {
    mp_put_array(out, (uint32_t)t->n_reasons);
    for (size_t i = 0; i < t->n_reasons; i++) {
        const struct ingest_reason *r = &t->reasons[i];
        mp_put_map(out, 4);
        mp_pair_uint(out, "count", r->count);
        mp_pair_uint(out, "line", r->line);
        mp_pair_uint(out, "offset", r->offset);
        mp_pair_text(out, "reason", r->text);
    }
}

int tally_encode(struct buf *out, const struct ingest_tally *t, const struct tally_input *input, struct err *err) {
    struct mp_map map;
    mp_map_init(&map, out->max);
    mp_map_uint(&map, "accepted", t->accepted);
    mp_map_uint(&map, "bytes", t->bytes);
    if (input->cursor != NULL) {
        mp_map_hash(&map, "cursor", input->cursor);
    }
    mp_map_hash(&map, "digest", input->digest);
    mp_map_uint(&map, "duplicate", t->duplicate);
    if (t->first_at != INGEST_NO_TIME) {
        mp_map_uint(&map, "first_at", t->first_at);
        mp_map_uint(&map, "last_at", t->last_at);
    }
    mp_map_uint(&map, "gaps", t->gaps);
    mp_map_text(&map, "input", bytes_of(input->name));
    mp_map_uint(&map, "masked", t->masked);
    mp_map_uint(&map, "parser", INGEST_PARSER_VERSION);
    mp_map_begin(&map, "reasons");
    put_reasons(&map.values, t);
    mp_map_end(&map);
    mp_map_uint(&map, "rejected", t->rejected);
    mp_map_text(&map, "source", bytes_of(input->source));
    mp_map_bool(&map, "stopped", input->stopped);
    int rc = mp_map_write(&map, out, err);
    mp_map_done(&map);
    return rc;
}
