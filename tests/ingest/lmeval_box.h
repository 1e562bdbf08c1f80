/* What the tests of the source "lm-eval" share. */
#ifndef TESTS_INGEST_LMEVAL_BOX_H
#define TESTS_INGEST_LMEVAL_BOX_H

#include "tests/ingest/ledger_box.h"

#define FIXTURES  "tests/ingest/fixtures/lmeval/"
#define MODEL     FIXTURES "whole/acme__tiny-1b/"
#define DATE      "2026-03-01T10-20-30.123456"
#define EVENT_CAP (1 << 21)

static char event_text[EVENT_CAP];

static inline int setup(void **state) {
    struct box *b = malloc(sizeof(*b));
    box_init(b);
    *state = b;
    return 0;
}

static inline int teardown(void **state) {
    box_done(*state);
    free(*state);
    return 0;
}

static inline int take(struct box *b, const char *path) {
    const char *paths[] = {path};
    return box_run(b, "lm-eval", (struct ingest_options){.paths = paths, .n_paths = 1});
}

/* The text of the n-th event of a kind, from 0. */
static inline const char *nth(struct box *b, const char *kind, size_t n) {
    for (uint64_t seq = 0; seq < box_size(b); seq++) {
        box_event(b, seq, event_text, sizeof(event_text));
        if (strncmp(event_text, kind, strlen(kind)) == 0 && event_text[strlen(kind)] == ' ' && n-- == 0) {
            return event_text;
        }
    }
    fail_msg("there is no such '%s'", kind);
    return NULL;
}

/* The event of a kind that contains `what`. */
static inline const char *that(struct box *b, const char *kind, const char *what) {
    for (size_t n = 0; n < box_count(b, kind); n++) {
        if (strstr(nth(b, kind, n), what) != NULL) return event_text;
    }
    fail_msg("no '%s' says %s", kind, what);
    return NULL;
}

static inline void says(const char *text, const char *what) {
    if (strstr(text, what) == NULL) {
        fail_msg("'%s' is not in %s", what, text);
    }
}

/* A copy of a file below the box's directory with one piece replaced; NULL: unchanged. Returns its path. */
static inline char *copy(struct box *b, const char *from, const char *name, const char *old, const char *new) {
    static char path[FILE_PATH_MAX];
    struct buf text, changed;
    buf_init(&text, 1 << 24);
    buf_init(&changed, 1 << 24);
    assert_int_equal(file_read(from, &text, NULL), 0);
    if (old != NULL) {
        const uint8_t *at = memmem(text.p, text.n, old, strlen(old));
        assert_non_null(at);
        buf_put(&changed, text.p, (size_t)(at - text.p));
        buf_put_str(&changed, new);
        buf_put(&changed, at + strlen(old), (size_t)(text.p + text.n - at) - strlen(old));
    } else {
        buf_put_bytes(&changed, bytes_of_buf(&text));
    }
    snprintf(path, sizeof(path), "%s/%s", b->dir, name);
    assert_int_equal(file_write_durable(path, bytes_of_buf(&changed), 0600, NULL), 0);
    buf_done(&text);
    buf_done(&changed);
    return path;
}

static inline void copy_whole(struct box *b) {
    copy(b, MODEL "results_" DATE ".json", "results_" DATE ".json", NULL, NULL);
    copy(b, MODEL "samples_tiny_math_" DATE ".jsonl", "samples_tiny_math_" DATE ".jsonl", NULL, NULL);
    copy(b, MODEL "samples_tiny_choice_" DATE ".jsonl", "samples_tiny_choice_" DATE ".jsonl", NULL, NULL);
}

static inline void put_file(struct box *b, const char *name, const char *text) {
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", b->dir, name);
    box_write(path, text, O_TRUNC);
}

#endif
