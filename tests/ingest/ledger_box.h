/* A temporary ledger for a test, and ways to inspect it. */
#ifndef TESTS_INGEST_LEDGER_BOX_H
#define TESTS_INGEST_LEDGER_BOX_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mp.h"
#include "ingest/ingest.h"
#include "ingest/input/keyed_hash.h"
#include "ledger/core/key_secret.h"

struct box {
    char dir[64], log_dir[96], file[96];
    struct ledger *ledger;
    char rejections[8192]; /* "line: reason\n" for each */
    size_t previews;
    struct ingest_result result;
    struct err err;
};

static inline void box_open(struct box *b) {
    struct err err = {0};
    if (log_open(b->log_dir, NULL, &b->ledger, &err) != 0) {
        fail_msg("open: %s", err.msg);
    }
}

static inline void box_init(struct box *b) {
    struct err err = {0};
    memset(b, 0, sizeof(*b));
    snprintf(b->dir, sizeof(b->dir), "/tmp/test_ingest.XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    snprintf(b->log_dir, sizeof(b->log_dir), "%s/ledger", b->dir);
    snprintf(b->file, sizeof(b->file), "%s/input.jsonl", b->dir);
    const struct log_create_options options = {.origin = "example.org/test", .actor = "user:test"};
    if (log_create(b->log_dir, &options, &err) != 0) {
        fail_msg("create: %s", err.msg);
    }
    box_open(b);
}

static inline void box_done(struct box *b) {
    log_close(b->ledger);
    assert_int_equal(file_remove_tree(b->dir, NULL), 0);
}

static inline void box_write(const char *path, const char *text, int flags) {
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static inline void box_rejected(void *ctx, const struct ingest_place *place, const char *reason) {
    struct box *b = ctx;
    size_t n = strlen(b->rejections);
    snprintf(b->rejections + n, sizeof(b->rejections) - n, "%llu: %s\n", (unsigned long long)place->line, reason);
}

static inline void box_preview(void *ctx, const struct ingest_place *place, const struct ingest_preview *preview) {
    struct box *b = ctx;
    (void)place;
    assert_true(preview->draft->kind.n > 0 && preview->body.n > 0);
    b->previews++;
}

/* Runs a source over the options, adding the callbacks. */
static inline int box_run(struct box *b, const char *source, struct ingest_options o) {
    b->rejections[0] = '\0';
    memset(&b->err, 0, sizeof(b->err));
    o.ctx = b;
    o.rejected = box_rejected;
    o.preview = box_preview;
    return ingest_source_run(b->ledger, source, &o, &b->result, &b->err);
}

static inline int box_jsonl(struct box *b, const char *path) {
    const char *paths[] = {path};
    return box_run(b, "jsonl", (struct ingest_options){.paths = paths, .n_paths = 1});
}

/* The hash as it appears in this ledger's headers. */
static inline void box_hide(struct box *b, const uint8_t digest[HASH_LEN], char ret[KEYED_HASH_HEX]) {
    uint8_t secret[KEY_SECRET_LEN];
    assert_int_equal(key_secret_get(b->ledger, true, secret, NULL), 0);
    keyed_hash_hex(ret, secret, digest);
}

static inline uint64_t box_size(struct box *b) {
    struct log_head head;
    assert_int_equal(log_head(b->ledger, &head, NULL), 0);
    return head.size;
}

/* Event `seq` as "kind subject actor source grade body private", in the caller's buffer. */
static inline const char *box_event(struct box *b, uint64_t seq, char *out, size_t cap) {
    struct log_reader *reader = NULL;
    struct log_event e;
    struct err err = {0};
    struct buf text, private_;
    buf_init(&text, 1 << 20);
    buf_init(&private_, 1 << 20);
    if (log_reader_open(b->ledger, seq, seq + 1, &reader, &err) != 0 || log_reader_next(reader, &e, &err) != 0) {
        fail_msg("event %llu: %s", (unsigned long long)seq, err.msg);
    }
    const struct bytes parts[] = {e.kind, e.subject, e.actor, e.source, e.grade};
    for (size_t i = 0; i < 5; i++) {
        buf_put_bytes(&text, parts[i]);
        buf_put_u8(&text, ' ');
    }
    assert_int_equal(json_from_mp(e.body, JSON_LINE, &text, NULL), 0);
    if (e.has_private) {
        assert_int_equal(log_reader_private(reader, &private_, NULL), 0);
        buf_put_u8(&text, ' ');
        assert_int_equal(json_from_mp(bytes_of_buf(&private_), JSON_LINE, &text, NULL), 0);
    }
    assert_true(text.n < cap);
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    buf_done(&text);
    buf_done(&private_);
    log_reader_close(reader);
    return out;
}

/* How many events have this kind. */
static inline size_t box_count(struct box *b, const char *kind) {
    struct log_reader *reader = NULL;
    struct log_event e;
    size_t n = 0;
    assert_int_equal(log_reader_open(b->ledger, 0, LOG_NO_SEQ, &reader, NULL), 0);
    while (log_reader_next(reader, &e, NULL) == 0) {
        n += bytes_is(e.kind, kind);
    }
    log_reader_close(reader);
    return n;
}

/* The verdict. */
static inline enum log_verdict box_judged(struct box *b, struct log_report *report) {
    const struct log_verify_options options = {.threads = 1};
    assert_int_equal(log_verify(b->ledger, &options, report, &b->err), 0);
    return report->verdict;
}

#endif
