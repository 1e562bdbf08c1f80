/* Nothing comes between a judgement and what depends on it, whoever else writes at the same time. */
#include <pthread.h>

#include "ledger/write/guard.h"
#include "projections/decide/decide.h"
#include "tests/projections/state_box.h"

#define THREADS 4
#define ROUNDS  10

static struct box b;

static int start(void **state) {
    (void)state;
    box_open(&b);
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_close(&b);
    return 0;
}

struct racer {
    pthread_t id;
    unsigned n, won, refused, failed;
    struct err err;
};

struct step {
    const struct log_draft *draft;
    uint64_t size;
};

static int judge(void *ctx, uint64_t size, struct err *err) {
    struct step *step = ctx;
    struct state_options options;
    struct state_view *view = NULL;
    struct decision decision;
    state_options_init(&options);
    options.no_write = true;
    int rc = state_open(b.ledger, &options, &view, err);
    step->size = rc == 0 ? state_at(view) : 0;
    if (rc == 0 && state_at(view) != size) {
        rc = err_set(err, ERR_CORRUPT, "the view is of another size");
    }
    if (rc == 0) rc = decide_may_append(view, step->draft, &decision, err);
    state_close(view);
    if (rc == 0 && !decision.yes) rc = err_set(err, ERR_CONFLICT, "%s", decision.reason);
    return rc;
}

static int append_checked(const struct log_draft *draft, struct log_receipt *receipt, struct err *err) {
    struct step step = {draft, 0};
    struct log_batch *batch = NULL;
    int rc = log_batch_new(b.ledger, &batch, err);
    if (rc == 0) rc = log_batch_add(batch, draft, err);
    if (rc == 0) {
        guard_set(batch, judge, &step);
        rc = log_batch_commit(batch, receipt, NULL, NULL, err);
        if (rc == 0 && receipt->seq != step.size) {
            rc = err_set(err, ERR_CORRUPT, "something came between");
        }
    }
    log_batch_free(batch);
    return rc;
}

/* Each round has a permission for one use, which all threads want; half of them also write other events and read states,
 * which stores them. */
static void *race(void *ctx) {
    struct racer *r = ctx;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct log_draft draft;
        struct log_receipt receipt;
        struct state_options options;
        struct state_view *view = NULL;
        struct buf body;
        char json[64];
        int rc;
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"/%u\"}", i);
        buf_init(&body, 1024);
        log_draft_init(&draft);
        rc = log_json_to_body(bytes_of(json), &body, &r->err);
        draft.kind = bytes_of(r->n % 2 == 0 ? "permission.used" : "permission.requested");
        draft.subject = bytes_of(r->n % 2 == 0 ? "pack/p" : "pack/q");
        draft.actor = draft.source = bytes_of("test");
        draft.grade = bytes_of("reported");
        draft.body = bytes_of_buf(&body);
        if (rc == 0)
            rc = r->n % 2 == 0 ? append_checked(&draft, &receipt, &r->err)
                               : log_append(b.ledger, &draft, &receipt, NULL, &r->err);
        r->won += rc == 0;
        r->refused += rc == ERR_CONFLICT;
        r->failed += rc != 0 && rc != ERR_CONFLICT;
        state_options_init(&options);
        if (r->n % 2 == 1 && state_open(b.ledger, &options, &view, &r->err) != 0) {
            r->failed++;
        }
        state_close(view);
        buf_done(&body);
    }
    return NULL;
}

static void nothing_comes_between_a_judgement_and_its_step(void **state) {
    (void)state;
    static struct racer r[THREADS];
    unsigned won = 0, refused = 0;
    memset(r, 0, sizeof(r));
    for (unsigned i = 0; i < ROUNDS; i++) {
        char json[96];
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"/%u\",\"lifetime\":\"once\"}", i);
        (void)box_event(&b, "permission.granted", "pack/p", json);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        r[i].n = i;
        assert_int_equal(pthread_create(&r[i].id, NULL, race, &r[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(r[i].id, NULL);
        if (r[i].failed > 0) {
            fail_msg("%s", r[i].err.msg);
        }
        won += r[i].n % 2 == 0 ? r[i].won : 0;
        refused += r[i].refused;
    }
    assert_int_equal(won, ROUNDS);
    assert_int_equal(refused, (THREADS / 2 - 1) * ROUNDS);
    box_view(&b, LOG_NO_SEQ, 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        char scope[16];
        snprintf(scope, sizeof(scope), "/%u", i);
        assert_true(box_row(&b, "permissions", "pack/p", "exec", scope, NULL));
        box_int(&b, "uses", 1);
        box_int(&b, "violations", 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_comes_between_a_judgement_and_its_step, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
