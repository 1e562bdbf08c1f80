/* Random events of every kind in the catalog, about few subjects, so that they affect each other: in any order, with any
 * fields, even combinations that make no sense. The same seed gives the same events. */
#ifndef TESTS_PROJECTIONS_RANDOM_EVENTS_H
#define TESTS_PROJECTIONS_RANDOM_EVENTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mp.h"
#include "ledger/kinds/kind.h"
#include "ledger/log.h"
#include "ledger/write/batch.h"

struct random_event {
    uint64_t x;             /* the generator's state */
    struct log_draft draft; /* borrows from the members below */
    struct buf subject, run, body;
};

static inline uint32_t random_below(struct random_event *r, uint32_t n) {
    r->x = r->x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((r->x >> 33) % n);
}

static inline void random_event_init(struct random_event *r, uint64_t seed) {
    memset(r, 0, sizeof(*r));
    r->x = seed;
    buf_init(&r->subject, 4096);
    buf_init(&r->run, 4096);
    buf_init(&r->body, 1 << 20);
}

static inline void random_event_done(struct random_event *r) {
    buf_done(&r->subject);
    buf_done(&r->run);
    buf_done(&r->body);
}

static inline const char *random_name(struct random_event *r) {
    static const char *const names[] = {
        "alpha",  "beta",      "pdf-ops-pack",           "1.0", "2.0", "model.invoke", "network.egress",
        "ollama", "llama3:8b", "http://127.0.0.1:11434", "ok",  "up",  "primary",      "fallback"};
    return names[random_below(r, sizeof(names) / sizeof(names[0]))];
}

static inline void random_digest(struct random_event *r, struct buf *out) {
    char text[80] = "sha256:";
    memset(text + 7, "0123456789abcdef"[random_below(r, 4)], 64);
    text[71] = 0;
    mp_put_str(out, bytes_of(text));
}

/* One of "a|b|c". */
static inline void random_word(struct random_event *r, const char *words, struct buf *out) {
    size_t n = 1, pick;
    for (const char *p = words; *p != 0; p++) {
        n += *p == '|';
    }
    for (pick = random_below(r, (uint32_t)n); pick > 0; pick--) {
        words = strchr(words, '|') + 1;
    }
    mp_put_str(out, (struct bytes){(const uint8_t *)words, strcspn(words, "|")});
}

/* A map as in the lists of packs, its keys in order. */
static inline void random_map(struct random_event *r, struct buf *out) {
    mp_put_map(out, 6);
    mp_put_str(out, bytes_of("digest"));
    random_digest(r, out);
    mp_put_str(out, bytes_of("group"));
    random_word(r, "filesystem.read|exec|network.egress|model.invoke", out);
    mp_put_str(out, bytes_of("name"));
    mp_put_str(out, bytes_of(random_name(r)));
    mp_put_str(out, bytes_of("required"));
    mp_put_bool(out, random_below(r, 2) == 0);
    mp_put_str(out, bytes_of("scope"));
    mp_put_str(out, bytes_of(random_below(r, 2) == 0 ? "" : random_name(r)));
    mp_put_str(out, bytes_of("type"));
    mp_put_str(out, bytes_of(random_below(r, 2) == 0 ? "application/vnd.ollama.image.model" : random_name(r)));
}

static inline void random_value(struct random_event *r, const struct kind_field *field, uint64_t now, struct buf *out) {
    uint32_t n = random_below(r, 4);
    if (field->values != NULL) {
        random_word(r, field->values, out);
        return;
    }
    switch (field->type) {
    case KIND_INT:
        mp_put_int(out, (int64_t)random_below(r, 40) - 2);
        break;
    case KIND_NUM:
        mp_put_float(out, (double)random_below(r, 1000) / 8 + 0.0625);
        break;
    case KIND_BOOL:
        mp_put_bool(out, n < 2);
        break;
    case KIND_TIME:
        mp_put_uint(out, now + random_below(r, 100) * UINT64_C(1000000000));
        break;
    case KIND_DIGEST:
        random_digest(r, out);
        break;
    case KIND_STRS:
        mp_put_array(out, n);
        for (; n > 0; n--) {
            mp_put_str(out, bytes_of(random_name(r)));
        }
        break;
    case KIND_LIST:
        mp_put_array(out, n);
        for (; n > 0; n--) {
            if (n == 2) {
                mp_put_uint(out, random_below(r, 300));
            } else {
                random_map(r, out);
            }
        }
        break;
    case KIND_MAP:
        random_map(r, out);
        break;
    default:
        mp_put_str(out, bytes_of(random_name(r)));
        break;
    }
}

static inline int random_by_name(const void *a, const void *b) {
    return strcmp((*(const struct kind_field *const *)a)->name, (*(const struct kind_field *const *)b)->name);
}

static inline void random_body(struct random_event *r, const struct kind *kind, uint64_t now) {
    const struct kind_field *some[128];
    uint32_t n = 0;
    for (size_t i = 0; i < kind->n_fields && n < 128; i++) {
        const struct kind_field *f = &kind->fields[i];
        if (f->type != KIND_VKEY && ((f->flags & KIND_REQUIRED) || random_below(r, 3) != 0)) {
            some[n++] = f;
        }
    }
    qsort(some, n, sizeof(some[0]), random_by_name);
    buf_clear(&r->body);
    mp_put_map(&r->body, n);
    for (uint32_t i = 0; i < n; i++) {
        mp_put_str(&r->body, bytes_of(some[i]->name));
        random_value(r, some[i], now, &r->body);
    }
}

/* Fills r->draft. Some are refused when they are appended: kinds that only the ledger itself writes. */
static inline void random_event_make(struct random_event *r, uint64_t now) {
    const struct kind *kind = kind_at(random_below(r, (uint32_t)kind_count()));
    size_t family = strcspn(kind->subject, "/");
    log_draft_init(&r->draft);
    buf_clear(&r->subject);
    buf_clear(&r->run);
    buf_put(&r->subject, kind->subject, family);
    buf_printf(&r->subject, "/%s", random_name(r));
    if (random_below(r, 3) == 0) {
        buf_printf(&r->run, "run-%u", random_below(r, 5));
    }
    random_body(r, kind, now);
    r->draft.kind = bytes_of(kind->name);
    r->draft.subject = bytes_of_buf(&r->subject);
    r->draft.run = bytes_of_buf(&r->run);
    r->draft.actor = bytes_of(random_below(r, 2) == 0 ? "user:alice" : "user:bob");
    r->draft.source = bytes_of("cli");
    r->draft.grade = bytes_of("reported");
    r->draft.body = bytes_of_buf(&r->body);
}

/* Would it be accepted? ret not NULL: it is appended as by an older program, without a check of its form. False: only the
 * ledger writes it, or it is too odd. */
static inline bool random_event_take(struct ledger *ledger, const struct random_event *r, struct log_receipt *ret) {
    struct log_batch *batch;
    struct err err = {0};
    bool own = bytes_has_prefix(r->draft.kind, "ledger.") && !bytes_is(r->draft.kind, "ledger.imported") &&
               !bytes_is(r->draft.kind, "ledger.gap");
    assert_int_equal(log_batch_new(ledger, &batch, &err), 0);
    bool taken = !own && batch_add_control(batch, &r->draft, &err) == 0 &&
                 (ret == NULL || log_batch_commit(batch, ret, NULL, NULL, &err) == 0);
    log_batch_free(batch);
    return taken;
}

static inline bool random_event_append(struct ledger *ledger, const struct random_event *r, struct log_receipt *ret) {
    return random_event_take(ledger, r, ret);
}

#endif
