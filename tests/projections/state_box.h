/* A ledger to fill with events and the resulting states, for tests of folds: box_open creates it, box_event appends (body
 * as JSON), box_view reads as of any moment, box_row finds a row. Failures end the test. */
#ifndef TESTS_PROJECTIONS_STATE_BOX_H
#define TESTS_PROJECTIONS_STATE_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "ledger/write/batch.h"
#include "projections/view/state.h"
#include "projections/walk/since.h"

struct box {
    char dir[300], path[340];
    struct ledger *ledger;
    struct state_view *view;
    struct row row; /* what box_row found */
    bool has_row;
    state_files_fn *files; /* how the files of packs are seen; NULL: not at all */
    void *files_ctx;
    bool bare;         /* samples are not recorded by themselves */
    bool told;         /* evaluations are reported, not measured */
    uint64_t recorded; /* samples that were */
    struct err err;
};

static inline void box_open(struct box *box) {
    const struct log_create_options options = {.origin = "example.org/box", .actor = "user:test"};
    memset(box, 0, sizeof(*box));
    snprintf(box->dir, sizeof(box->dir), "%s/box-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(box->dir));
    snprintf(box->path, sizeof(box->path), "%s/ledger", box->dir);
    assert_int_equal(log_create(box->path, &options, &box->err), 0);
    assert_int_equal(log_open(box->path, NULL, &box->ledger, &box->err), 0);
}

static inline void box_forget(struct box *box) {
    if (box->has_row) {
        row_done(&box->row);
        box->has_row = false;
    }
    state_close(box->view);
    box->view = NULL;
}

static inline void box_close(struct box *box) {
    box_forget(box);
    log_close(box->ledger);
    assert_int_equal(file_remove_tree(box->dir, &box->err), 0);
}

static inline uint64_t box_put(struct box *box, const char *kind, const char *subject, const char *run, const char *json,
                               bool odd) {
    struct log_draft draft;
    struct log_receipt receipt;
    struct buf body;
    buf_init(&body, 1 << 20);
    log_draft_init(&draft);
    if (log_json_to_body(bytes_of(json ? json : "{}"), &body, &box->err) != 0) {
        fail_msg("%s: %s", kind, box->err.msg);
    }
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    bool asks = strcmp(kind, "promotion.verifying") == 0 || strcmp(kind, "promotion.gated") == 0;
    draft.grade = bytes_of((strncmp(kind, "eval.", 5) == 0 || asks) && !box->told
                               ? "measured"
                               : "reported"); /* a program evaluates, and asks the gates */
    draft.run = bytes_of(run);
    draft.body = bytes_of_buf(&body);
    struct log_batch *batch;
    assert_int_equal(log_batch_new(box->ledger, &batch, &box->err), 0);
    if ((odd ? batch_add_control : log_batch_add)(batch, &draft, &box->err) != 0 ||
        log_batch_commit(batch, &receipt, NULL, NULL, &box->err) != 0) {
        fail_msg("%s: %s", kind, box->err.msg);
    }
    log_batch_free(batch);
    buf_done(&body);
    return receipt.seq;
}

/* The samples that an event of an evaluation speaks of: as many as it says, a score without a number rests on one. */
static inline void box_samples(struct box *box, const char *kind, const char *subject, const char *json) {
    static const char name[] = "\"samples\":";
    const char *is = json != NULL ? strstr(json, name) : NULL;
    bool scored = strcmp(kind, "eval.scored") == 0;
    if (!scored && strcmp(kind, "eval.started") != 0 && strcmp(kind, "eval.finished") != 0) return;
    long n = is != NULL ? strtol(is + sizeof(name) - 1, NULL, 10) : scored;
    for (long i = 0; !box->bare && i < n && i < 100; i++) {
        box->recorded++;
        (void)box_put(box, "eval.sampled", subject, NULL, "{}", false);
    }
}

/* Appends an event and returns its seq. `run` may be NULL; a missing body is "{}". Of an evaluation its samples are on record. */
static inline uint64_t box_event_of(struct box *box, const char *kind, const char *subject, const char *run,
                                    const char *json) {
    bool starts = strcmp(kind, "eval.started") == 0;
    if (!starts) box_samples(box, kind, subject, json);
    uint64_t seq = box_put(box, kind, subject, run, json, false);
    if (starts) box_samples(box, kind, subject, json);
    return seq;
}

/* The same for an event that would be refused today but that an older program accepted. */
static inline uint64_t box_odd(struct box *box, const char *kind, const char *subject, const char *json) {
    return box_put(box, kind, subject, NULL, json, true);
}

static inline uint64_t box_event(struct box *box, const char *kind, const char *subject, const char *json) {
    return box_event_of(box, kind, subject, NULL, json);
}

/* The states as of `at` events (LOG_NO_SEQ: all) and at a time (0: that of the newest event). */
static inline void box_view(struct box *box, uint64_t at, uint64_t now) {
    struct state_options options;
    box_forget(box);
    state_options_init(&options);
    options.at = at;
    options.now = now;
    options.pack_files = box->files;
    options.pack_files_ctx = box->files_ctx;
    if (state_open(box->ledger, &options, &box->view, &box->err) != 0) {
        fail_msg("the view does not open: %s", box->err.msg);
    }
}

/* Finds a row by the parts of its key, up to a NULL, and since when it has its state. False: there is none. */
static inline bool box_row(struct box *box, const char *table, ...) {
    struct bytes parts[KEY_PARTS_MAX];
    const char *part;
    size_t n = 0, t = state_table_find(box->view, table);
    va_list args;
    if (t == SIZE_MAX) {
        fail_msg("there is no table '%s'", table);
    }
    va_start(args, table);
    while ((part = va_arg(args, const char *)) != NULL) {
        assert_true(n < KEY_PARTS_MAX);
        parts[n++] = bytes_of(part);
    }
    va_end(args);
    if (box->has_row) {
        row_done(&box->row);
    }
    row_init(&box->row, state_table(box->view, t));
    box->has_row = true;
    int rc = state_get(box->view, t, parts, n, &box->row, &box->err);
    rc = rc != 0 ? rc : since_find(box->view, &box->row, &box->err);
    if (rc != 0 && rc != ERR_NOTFOUND) {
        fail_msg("%s: %s", table, box->err.msg);
    }
    return rc == 0;
}

static inline size_t box_column(struct box *box, const char *name) {
    size_t column = projection_column(box->row.table, name);
    if (column == SIZE_MAX) {
        fail_msg("'%s' has no column '%s'", box->row.table->name, name);
    }
    return column;
}

/* Of the row found last. */
static inline void box_text(struct box *box, const char *column, const char *expected) {
    struct bytes got = row_text(&box->row, box_column(box, column));
    if (!bytes_is(got, expected)) {
        fail_msg("%s.%s is '%.*s', not '%s'", box->row.table->name, column, (int)got.n, (const char *)got.p, expected);
    }
}

static inline void box_int(struct box *box, const char *column, int64_t expected) {
    int64_t got = row_int(&box->row, box_column(box, column));
    if (got != expected) {
        fail_msg("%s.%s is %lld, not %lld", box->row.table->name, column, (long long)got, (long long)expected);
    }
}

/* The evidence is exactly these seqs; n of them. */
static inline void box_evidence(struct box *box, size_t n, ...) {
    uint64_t seqs[ROW_SEQS_MAX];
    size_t got = row_seqs(&box->row, box_column(box, "evidence"), seqs, ROW_SEQS_MAX);
    va_list args;
    va_start(args, n);
    assert_int_equal(got, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(seqs[i], va_arg(args, uint64_t));
    }
    va_end(args);
}

#endif
