/* A guard that reads states while the index is built after the appends and others read and write: all of them make
 * progress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/write/guard.h"
#include "projections/decide/decide.h"
#include "query/query.h"

#define THREADS 3
#define ROUNDS  12
#define EVENTS  400 /* of a batch that fills a group, which goes to the index */

static struct ledger *ledger;

struct worker {
    pthread_t id;
    unsigned n, done;
    struct err err;
};

static int judge(void *ctx, uint64_t size, struct err *err) {
    const struct log_draft *draft = ctx;
    struct state_options options;
    struct state_view *view = NULL;
    struct decision decision = {0};
    state_options_init(&options);
    options.no_write = true;
    int rc = state_open(ledger, &options, &view, err);
    if (rc == 0 && state_at(view) != size) {
        rc = err_set(err, ERR_CORRUPT, "the view is of another size");
    }
    if (rc == 0) rc = decide_may_append(view, draft, &decision, err);
    state_close(view);
    if (rc == 0 && !decision.yes) rc = err_set(err, ERR_CONFLICT, "%s", decision.reason);
    return rc;
}

static int append(unsigned n, unsigned round, struct err *err) {
    struct log_batch *batch = NULL;
    struct log_draft draft;
    char subject[64];
    int rc = log_batch_new(ledger, &batch, err);
    snprintf(subject, sizeof(subject), "run/%u-%u", n, round);
    log_draft_init(&draft);
    draft.kind = bytes_of("run.started");
    draft.subject = bytes_of(subject);
    draft.run = bytes_of(subject + 4);
    draft.actor = draft.source = bytes_of("test");
    draft.grade = bytes_of("reported");
    for (unsigned i = 0; i < EVENTS && rc == 0; i++) {
        rc = log_batch_add(batch, &draft, err);
        draft.kind = bytes_of("run.step");
    }
    draft.kind = bytes_of("run.started");
    if (rc == 0) {
        guard_set(batch, judge, &draft);
        rc = log_batch_commit(batch, NULL, NULL, NULL, err);
    }
    log_batch_free(batch);
    return rc;
}

static void *work(void *ctx) {
    struct worker *w = ctx;
    int rc = 0;
    for (unsigned i = 0; i < ROUNDS && rc == 0; i++) {
        struct state_options options;
        struct state_view *view = NULL;
        rc = append(w->n, i, &w->err);
        state_options_init(&options); /* stores the folded rows, beside the index */
        if (rc == 0) rc = state_open(ledger, &options, &view, &w->err);
        state_close(view);
        if (rc == 0 && w->n == 0 && i % 4 == 3) rc = query_index_build(ledger, NULL, &w->err);
        if (rc == 0) rc = append(w->n, i, &w->err) == ERR_CONFLICT ? 0 : err_set(&w->err, ERR_IO, "started twice");
        w->done += rc == 0;
    }
    return NULL;
}

static void guards_states_and_the_index_do_not_wait_for_one_another(void **state) {
    (void)state;
    const struct log_create_options options = {.origin = "example.org/box", .actor = "user:test"};
    static struct worker w[THREADS];
    struct err err = {0};
    struct log_head head;
    char top[256], dir[300];
    snprintf(top, sizeof(top), "%.200s/guarded-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(top));
    snprintf(dir, sizeof(dir), "%s/box", top);
    assert_int_equal(log_create(dir, &options, &err), 0);
    assert_int_equal(log_open(dir, NULL, &ledger, &err), 0);
    assert_int_equal(query_index_follow(ledger, &err), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        w[i].n = i;
        assert_int_equal(pthread_create(&w[i].id, NULL, work, &w[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(w[i].id, NULL);
        if (w[i].done != ROUNDS) {
            fail_msg("%s", w[i].err.msg);
        }
    }
    assert_int_equal(log_head(ledger, &head, &err), 0);
    assert_int_equal(head.size, 1 + THREADS * ROUNDS * EVENTS);
    log_close(ledger);
    assert_int_equal(file_remove_tree(top, &err), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guards_states_and_the_index_do_not_wait_for_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
