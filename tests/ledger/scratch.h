/* What the tests of the storage core share: a ledger in its own directory, short ways to append, read and verify, and a
 * dump of everything that a reader can see. */
#ifndef TESTS_LEDGER_SCRATCH_H
#define TESTS_LEDGER_SCRATCH_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/core/core.h"

#define SCRATCH_MAP    ((uint64_t)64 << 20)
#define SCRATCH_ORIGIN "example.org/box-1"

static __attribute__((unused)) struct err why; /* of the last call */

/* The call must return 0; otherwise the test fails with its message. */
#define must(call)                                                                                                         \
    do {                                                                                                                   \
        why.msg[0] = '\0';                                                                                                 \
        int rc_ = (call);                                                                                                  \
        if (rc_ != 0) {                                                                                                    \
            fail_msg("%s: %s: %s", #call, err_name(rc_), why.msg);                                                         \
        }                                                                                                                  \
    } while (0)
/* The call must fail with this code, with `text` in its message. */
#define must_fail(call, code, text)                                                                                        \
    do {                                                                                                                   \
        why.msg[0] = '\0';                                                                                                 \
        int rc_ = (call);                                                                                                  \
        if (rc_ != (code) || strstr(why.msg, (text)) == NULL) {                                                            \
            fail_msg("%s: gave %s '%s', not %s '%s'", #call, err_name(rc_), why.msg, err_name(code), (text));              \
        }                                                                                                                  \
    } while (0)

struct scratch {
    char top[256]; /* for whatever the test needs */
    char dir[300]; /* the ledger */
    struct ledger *ledger;
};

static inline void scratch_open(struct scratch *s) {
    must(log_open(s->dir, NULL, &s->ledger, &why));
}

static inline void scratch_close(struct scratch *s) {
    log_close(s->ledger);
    s->ledger = NULL;
}

static inline void scratch_reopen(struct scratch *s) {
    scratch_close(s);
    scratch_open(s);
}

static inline const char *scratch_tmp(void) {
    const char *tmp = getenv("TMPDIR");
    return tmp == NULL ? "/tmp" : tmp;
}

/* From here on, files are in memory where the system allows it: a sync costs nothing there, and the test is the same. */
static inline void scratch_in_memory(void) {
    if (access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
}

/* A new ledger, open. map_bytes 0: a medium size. */
static inline void scratch_new(struct scratch *s, uint64_t map_bytes) {
    struct log_create_options o = {
        .origin = SCRATCH_ORIGIN, .actor = "user:test", .map_bytes = map_bytes == 0 ? SCRATCH_MAP : map_bytes};
    snprintf(s->top, sizeof(s->top), "%.200s/ledger-test-XXXXXX", scratch_tmp());
    assert_non_null(mkdtemp(s->top));
    snprintf(s->dir, sizeof(s->dir), "%s/box", s->top);
    must(log_create(s->dir, &o, &why));
    scratch_open(s);
}

static inline void scratch_done(struct scratch *s) {
    scratch_close(s);
    must(file_remove_tree(s->top, &why));
}

/* "<top>/<name>"; in one of four buffers in turn. */
static inline const char *scratch_at(const struct scratch *s, const char *name) {
    static char path[4][FILE_PATH_MAX];
    static unsigned turn;
    turn = (turn + 1) % 4;
    must(file_join(path[turn], s->top, name, &why));
    return path[turn];
}

static inline void scratch_write(const char *path, struct bytes data) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data.p, data.n), (ssize_t)data.n);
    close(fd);
}

/* Appends the whole file. */
static inline void scratch_read(const char *path, struct buf *out) {
    must(file_read(path, out, &why));
}

/* Replaces what is at `to`. */
static inline void scratch_copy(const char *from, const char *to) {
    struct buf data;
    buf_init(&data, SIZE_MAX);
    scratch_read(from, &data);
    scratch_write(to, bytes_of_buf(&data));
    buf_done(&data);
}

/* ---- drafts and appending ---- */

/* JSON as a canonical map, replacing `out`. */
static inline __attribute__((format(printf, 2, 3))) struct bytes scratch_map(struct buf *out, const char *fmt, ...) {
    struct buf json;
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    buf_init(&json, SIZE_MAX);
    char *room = (char *)buf_room(&json, (size_t)n + 1);
    assert_non_null(room);
    vsnprintf(room, (size_t)n + 1, fmt, again);
    json.n += (size_t)n;
    va_end(ap);
    va_end(again);
    if (out->max == 0) {
        buf_init(out, (size_t)8 << 20);
    }
    buf_clear(out);
    must(log_json_to_body(bytes_of_buf(&json), out, &why));
    buf_done(&json);
    return bytes_of_buf(out);
}

static inline struct log_draft scratch_draft(const char *kind, const char *subject, struct bytes body) {
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("test");
    draft.grade = bytes_of("measured");
    draft.body = body;
    return draft;
}

/* One run.step about run/r-<i % 100>; key may be NULL. */
static inline int scratch_try(struct ledger *ledger, uint64_t i, const char *key, struct log_receipt *ret,
                              struct err *err) {
    uint8_t body[64];
    char subject[32];
    struct buf map = {.p = body, .cap = sizeof(body), .max = sizeof(body)};
    snprintf(subject, sizeof(subject), "run/r-%u", (unsigned)(i % 100));
    mp_put_map(&map, 2);
    mp_put_str(&map, bytes_of("index"));
    mp_put_uint(&map, i);
    mp_put_str(&map, bytes_of("step"));
    mp_put_str(&map, bytes_of("work"));
    struct log_draft draft = scratch_draft("run.step", subject, bytes_of_buf(&map));
    draft.key = bytes_of(key);
    return log_append(ledger, &draft, ret, NULL, err);
}

static inline struct log_receipt scratch_append(struct scratch *s, uint64_t i, const char *key) {
    struct log_receipt receipt;
    must(scratch_try(s->ledger, i, key, &receipt, &why));
    return receipt;
}

/* Adds run.steps [from, to) to a batch; `keyed`: with the keys "key-<i>". */
static inline int scratch_add(struct log_batch *batch, uint64_t from, uint64_t to, bool keyed, struct err *err) {
    int rc = 0;
    for (uint64_t i = from; i < to && rc == 0; i++) {
        uint8_t body[64];
        char subject[32], key[32];
        struct buf map = {.p = body, .cap = sizeof(body), .max = sizeof(body)};
        snprintf(subject, sizeof(subject), "run/r-%u", (unsigned)(i % 100));
        snprintf(key, sizeof(key), "key-%llu", (unsigned long long)i);
        mp_put_map(&map, 2);
        mp_put_str(&map, bytes_of("index"));
        mp_put_uint(&map, i);
        mp_put_str(&map, bytes_of("step"));
        mp_put_str(&map, bytes_of("work"));
        struct log_draft draft = scratch_draft("run.step", subject, bytes_of_buf(&map));
        draft.key = bytes_of(keyed ? key : NULL);
        rc = log_batch_add(batch, &draft, err);
    }
    return rc;
}

/* Appends run.steps [from, to) in batches of at most 16,384. */
static inline void scratch_fill(struct scratch *s, uint64_t from, uint64_t to, bool keyed) {
    struct log_batch *batch;
    must(log_batch_new(s->ledger, &batch, &why));
    while (from < to) {
        uint64_t n = to - from < 16384 ? to - from : 16384;
        must(scratch_add(batch, from, from + n, keyed, &why));
        must(log_batch_commit(batch, NULL, NULL, NULL, &why));
        from += n;
    }
    log_batch_free(batch);
}

static inline uint64_t scratch_size(struct scratch *s) {
    struct log_head head;
    must(log_head(s->ledger, &head, &why));
    return head.size;
}

/* ---- verifying ---- */

static inline struct log_report *scratch_report(struct ledger *ledger, const struct log_trust *trust, bool derived) {
    struct log_report *report = calloc(1, sizeof(*report));
    struct log_verify_options o = {.trust = trust, .derived = derived};
    assert_non_null(report);
    must(log_verify(ledger, &o, report, &why));
    return report;
}

/* No fault, anchored or not. */
static inline void scratch_verify_good(struct ledger *ledger) {
    struct log_report *report = scratch_report(ledger, NULL, true);
    if (report->verdict != LOG_NOT_ANCHORED || report->n_findings != 0) {
        fail_msg("verdict %d, event %lld, %s: %s", (int)report->verdict, (long long)report->findings[0].seq,
                 report->findings[0].place, report->findings[0].reason);
    }
    free(report);
}

/* ---- everything that a reader can see ---- */

static inline int scratch_dump_events(struct ledger *ledger, struct buf *out, struct err *err) {
    struct log_reader *reader;
    struct log_event event;
    struct buf fields;
    buf_init(&fields, 2 * EVENT_PRIVATE_MAX);
    int rc = log_reader_open(ledger, 0, LOG_NO_SEQ, &reader, err);
    if (rc != 0) return rc;
    while ((rc = log_reader_next(reader, &event, err)) == 0) {
        buf_clear(&fields);
        rc = event.has_private ? log_reader_private(reader, &fields, err) : 0;
        rc = rc != 0 ? rc : log_event_json(&event, bytes_of_buf(&fields), false, out, err);
        if (rc != 0) break;
        buf_put_u8(out, '\n');
    }
    log_reader_close(reader);
    buf_done(&fields);
    return rc < 0 ? rc : 0;
}

static inline int scratch_dump_records(struct ledger *ledger, enum core_table table, struct buf *out, struct err *err) {
    struct db_txn *txn;
    struct db_cursor *cursor = NULL;
    struct bytes key, value;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    rc = db_cursor_open(txn, table, &cursor, err);
    rc = rc != 0 ? rc : db_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &value, err);
    for (int n = 0; rc == 0 && n < 10000; n++) {
        buf_put_be32(out, (uint32_t)key.n);
        buf_put_bytes(out, key);
        buf_put_be32(out, (uint32_t)value.n);
        buf_put_bytes(out, value);
        rc = db_cursor_next(cursor, &key, &value, err);
    }
    db_cursor_close(cursor);
    db_abort(txn);
    return rc < 0 ? rc : 0;
}

/* Events and private fields as JSON lines; then head, checkpoint, log key, epochs, cursors, artifacts. */
static inline int scratch_dump(struct ledger *ledger, struct buf *out, struct err *err) {
    struct log_head head;
    struct log_epoch epoch;
    char root[2 * LOG_HASH + 1];
    int rc = scratch_dump_events(ledger, out, err);
    rc = rc != 0 ? rc : log_head(ledger, &head, err);
    rc = rc != 0 ? rc : log_epoch_current(ledger, &epoch, err);
    if (rc != 0) return rc;
    text_hex(root, head.root, LOG_HASH);
    buf_printf(out, "head %llu %s %llu\n", (unsigned long long)head.size, root, (unsigned long long)head.time);
    buf_printf(out, "origin %s\nlog %s\n", log_origin(ledger), log_vkey(ledger));
    for (uint64_t i = 0, last = epoch.epoch; i <= last && rc == 0; i++) {
        rc = log_epoch_at(ledger, i, &epoch, err);
        if (rc == 0) {
            buf_printf(out, "epoch %llu %llu %llu %s\n", (unsigned long long)i, (unsigned long long)epoch.from_size,
                       (unsigned long long)epoch.to_size, epoch.vkey);
        }
    }
    rc = rc != 0 ? rc : log_checkpoint(ledger, out, err);
    rc = rc != 0 ? rc : scratch_dump_records(ledger, T_CURSOR, out, err);
    rc = rc != 0 ? rc : scratch_dump_records(ledger, T_ARTIFACT, out, err);
    return rc != 0 ? rc : buf_check(out, "a dump", err);
}

#endif
