/* A full group of events with everything that a bundle record can hold: private fields, payloads stored elsewhere, erased
 * ones, empty and maximal ones, the longest strings, equal and increasing times. */
#ifndef TESTS_LEDGER_SAMPLE_GROUP_H
#define TESTS_LEDGER_SAMPLE_GROUP_H

#include <stdio.h>
#include <string.h>

#include "ledger/event/group.h"
#include "tests/ledger/header.h"

enum sample_kind { SAMPLE_SMALL, SAMPLE_WIDE };

#define SAMPLE_INDEX 3
#define SAMPLE_LONG  5 /* wide: the event with the longest strings */
#define SAMPLE_LARGE 6 /* wide: the event with the largest inline payload */

/* Bytes that do not compress, always the same. */
static inline void sample_noise(uint8_t *p, size_t n, uint64_t state) {
    for (size_t i = 0; i < n; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        p[i] = (uint8_t)(state >> 56);
    }
}

static inline enum group_payload sample_where(enum sample_kind kind, size_t i) {
    if (kind == SAMPLE_SMALL) {
        return i == 100 ? GROUP_EXTERNAL : i == 101 ? GROUP_ERASED : GROUP_INLINE;
    }
    return i % 16 == 7 ? GROUP_EXTERNAL : i % 16 == 9 ? GROUP_ERASED : GROUP_INLINE;
}

static inline size_t sample_payload(enum sample_kind kind, size_t i, uint8_t out[GROUP_INLINE_MAX]) {
    static const uint8_t small[] = {0x92, 0x81, 0xa1, 'i', 0x01, 0xc0};
    if (sample_where(kind, i) != GROUP_INLINE) return 0;
    if (kind == SAMPLE_SMALL) {
        memcpy(out, small, sizeof(small));
        return sizeof(small);
    }
    size_t n = i == SAMPLE_LARGE ? GROUP_INLINE_MAX : i == 8 ? 0 : 40 + i % 50;
    sample_noise(out, n, i);
    return n;
}

/* The group, with its views set. */
static inline int sample_group(struct group *group, enum sample_kind kind) {
    static const uint8_t seed[EVENT_HASH] = {0x5e, 0xed}, first_prev[EVENT_HASH] = {0x9e, 0x77};
    static uint8_t payload[GROUP_INLINE_MAX];
    char longest[512], subject[32];
    uint8_t prev[EVENT_HASH], salt[EVENT_HASH], body[EVENT_HASH], private_[EVENT_HASH], leaf[EVENT_HASH];
    uint64_t time = UINT64_C(1790000000000000000);
    struct buf header;
    int rc = 0;
    memset(longest, 'x', sizeof(longest));
    memcpy(prev, first_prev, sizeof(prev));
    buf_init(&header, EVENT_HEADER_MAX);
    group_reset(group, SAMPLE_INDEX, seed, first_prev);
    for (size_t i = 0; i < EVENT_GROUP && rc == 0; i++) {
        struct event_header h = {.seq = SAMPLE_INDEX * EVENT_GROUP + i, .schema = 1, .body = body, .prev = prev};
        size_t n = sample_payload(kind, i, payload);
        snprintf(subject, sizeof(subject), "run/%zu", i % 9);
        time += i % 3 == 0 ? 0 : i * i;
        h.time = time;
        h.kind = bytes_of("run.step");
        h.subject = bytes_of(subject);
        h.actor = bytes_of("user:a");
        h.source = bytes_of("cli");
        h.grade = bytes_of("measured");
        h.has_cause = i % 5 == 0;
        h.cause = i;
        if (kind == SAMPLE_WIDE && i == SAMPLE_LONG) {
            h.subject = (struct bytes){(const uint8_t *)longest, EVENT_SUBJECT_MAX};
            h.actor = h.source = h.run = h.key = (struct bytes){(const uint8_t *)longest, EVENT_STRING_MAX};
        }
        sample_noise(private_, sizeof(private_), i + 1000);
        h.private_ = (kind == SAMPLE_WIDE ? i % 4 == 1 : i == 50) ? private_ : NULL;
        event_salt(salt, seed, h.seq);
        event_body_commit(body, salt, (struct bytes){payload, n});
        buf_clear(&header);
        rc = header_encode(&header, &h);
        event_leaf(leaf, bytes_of_buf(&header));
        struct event_header back;
        rc = rc != 0 ? rc : event_header_decode(bytes_of_buf(&header), &back, NULL);
        if (rc == 0) {
            const struct group_facts facts = group_facts_of(bytes_of_buf(&header), &back);
            rc = group_add(group, bytes_of_buf(&header), &facts, (struct bytes){payload, n}, sample_where(kind, i), leaf,
                           NULL);
        }
        memcpy(prev, leaf, sizeof(prev));
    }
    group_views(group);
    buf_done(&header);
    return rc;
}

#endif
