/* Guards: the judge sees the log as it is when its batch is written, nothing comes between, and a refusal affects no other
 * request. */
#include <pthread.h>
#include <semaphore.h>

#include "ledger/derived/derived.h"
#include "ledger/write/guard.h"
#include "tests/ledger/scratch.h"

#define THREADS   6
#define PROCESSES 4
#define ROUNDS    20

static struct scratch s;

static int start(void **state) {
    (void)state;
    scratch_in_memory();
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

/* ---- judges ---- */

struct question {
    struct ledger *ledger;
    const char *subject; /* it must not have an event yet */
    int answer;          /* when it has none */
    const char *words;
    unsigned asked;
    uint64_t size, events; /* what the judge was given, and what it counted */
};

/* Reads everything, from both environments. */
static int count(struct question *q, bool *ret_there, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    struct log_head head;
    struct db *db = NULL;
    struct db_txn *txn = NULL;
    *ret_there = false;
    q->events = 0;
    int rc = log_reader_open(q->ledger, 0, LOG_NO_SEQ, &reader, err);
    while (rc == 0 && (rc = log_reader_next(reader, &event, err)) == 0) {
        q->events++;
        *ret_there = *ret_there || (q->subject != NULL && bytes_is(event.subject, q->subject));
    }
    log_reader_close(reader);
    rc = rc == 1 ? log_head(q->ledger, &head, err) : rc;
    if (rc == 0 && head.size != q->size) {
        rc = err_set(err, ERR_CORRUPT, "the head is not what the judge was told");
    }
    if (rc == 0 && derived_open(q->ledger, false, &db, NULL) == 0) {
        rc = db_begin(db, false, &txn, err);
        db_abort(txn);
    }
    return rc;
}

static int ask(void *ctx, uint64_t size, struct err *err) {
    struct question *q = ctx;
    bool there;
    q->asked++;
    q->size = size;
    int rc = count(q, &there, err);
    if (rc == 0 && there) return err_set(err, ERR_CONFLICT, "'%s' is there already", q->subject);
    if (rc == 0 && q->answer != 0 && q->words != NULL) {
        err_set(err, q->answer, "%s", q->words);
    }
    if (rc == 0) rc = q->answer;
    return rc;
}

static int append_guarded(struct ledger *ledger, const char *subject, const char *key, struct question *q,
                          struct log_receipt *ret, struct err *err) {
    struct log_batch *batch;
    struct log_draft draft = scratch_draft("run.step", subject, bytes_of(NULL));
    int rc = log_batch_new(ledger, &batch, err);
    if (rc != 0) return rc;
    draft.key = bytes_of(key);
    q->ledger = ledger;
    rc = log_batch_add(batch, &draft, err);
    guard_set(batch, ask, q);
    if (rc == 0) rc = log_batch_commit(batch, ret, NULL, NULL, err);
    log_batch_free(batch);
    return rc;
}

/* ---- one caller ---- */

static void the_judge_sees_what_the_batch_comes_after(void **state) {
    (void)state;
    struct question q = {0};
    struct log_receipt r;
    scratch_fill(&s, 0, 300, true);
    must(append_guarded(s.ledger, "run/a", NULL, &q, &r, &why));
    assert_int_equal(q.asked, 1);
    assert_int_equal(q.size, 301);
    assert_int_equal(q.events, 301);
    assert_int_equal(r.seq, 301);
    scratch_verify_good(s.ledger);
}

static void a_no_writes_nothing_and_comes_out_in_its_words(void **state) {
    (void)state;
    struct question q = {.answer = ERR_CONFLICT, .words = "the gate is shut"};
    struct log_batch *batch;
    struct log_receipt r[3];
    size_t at = 7;
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 0, 3, false, &why));
    must(log_batch_set_cursor(batch, "source", bytes_of("here"), &why));
    q.ledger = s.ledger;
    guard_set(batch, ask, &q);
    must_fail(log_batch_commit(batch, r, NULL, &at, &why), ERR_CONFLICT, "the gate is shut");
    assert_string_equal(why.msg, "the gate is shut");
    assert_true(at == SIZE_MAX);
    assert_int_equal(scratch_size(&s), 1);
    struct buf cursor;
    buf_init(&cursor, 100);
    assert_int_equal(log_cursor_get(s.ledger, "source", &cursor, &why), ERR_NOTFOUND);
    buf_done(&cursor);
    /* it keeps its drafts, its cursor and its guard */
    must_fail(log_batch_commit(batch, r, NULL, &at, &why), ERR_CONFLICT, "the gate is shut");
    q.answer = 0;
    must(log_batch_commit(batch, r, NULL, &at, &why));
    assert_int_equal(q.asked, 3);
    assert_int_equal(scratch_size(&s), 4);
    log_batch_free(batch);
    scratch_verify_good(s.ledger);
}

static void what_could_not_be_judged_has_its_own_code(void **state) {
    (void)state;
    struct question q = {.answer = ERR_IO, .words = "no view"};
    struct log_receipt r;
    must_fail(append_guarded(s.ledger, "run/a", NULL, &q, &r, &why), ERR_IO, "no view");
    q.answer = 1;
    q.words = NULL;
    must_fail(append_guarded(s.ledger, "run/a", NULL, &q, &r, &why), ERR_CONFLICT, "guard");
    assert_int_equal(scratch_size(&s), 1);
}

static void what_is_there_already_is_not_judged_again(void **state) {
    (void)state;
    struct question q = {.subject = "run/a"};
    struct log_receipt first, again;
    must(append_guarded(s.ledger, "run/a", "key-1", &q, &first, &why));
    must(append_guarded(s.ledger, "run/a", "key-1", &q, &again, &why));
    assert_int_equal(q.asked, 1);
    assert_true(again.duplicate);
    assert_int_equal(again.seq, first.seq);
    must_fail(append_guarded(s.ledger, "run/a", "key-2", &q, &again, &why), ERR_CONFLICT, "'run/a' is there already");
    assert_int_equal(scratch_size(&s), 2);
}

static void a_batch_that_is_there_in_part_is_judged(void **state) {
    (void)state;
    struct question q = {.answer = ERR_CONFLICT, .words = "no", .ledger = s.ledger};
    struct log_batch *batch;
    scratch_fill(&s, 0, 2, true);
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, 0, 3, true, &why));
    guard_set(batch, ask, &q);
    must_fail(log_batch_commit(batch, NULL, NULL, NULL, &why), ERR_CONFLICT, "no");
    assert_int_equal(scratch_size(&s), 3);
    log_batch_free(batch);
}

static void a_guard_goes_with_the_drafts(void **state) {
    (void)state;
    struct question q = {.answer = ERR_CONFLICT, .words = "no", .ledger = s.ledger};
    struct log_batch *batch;
    must(log_batch_new(s.ledger, &batch, &why));
    guard_set(batch, ask, &q);
    log_batch_clear(batch);
    must(scratch_add(batch, 0, 1, false, &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    guard_set(batch, ask, &q);
    guard_set(batch, NULL, NULL);
    must(scratch_add(batch, 1, 2, false, &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    q.answer = 0;
    guard_set(batch, ask, &q);
    must(scratch_add(batch, 2, 3, false, &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    q.answer = ERR_CONFLICT;
    must(scratch_add(batch, 3, 4, false, &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    assert_int_equal(q.asked, 1);
    log_batch_free(batch);
}

/* ---- several threads ---- */

struct thread {
    pthread_t id;
    unsigned n, won, refused, failed;
    struct err err;
};

/* All of them want to be the first to write about the round's subject; some append without a guard all the while. */
static void *race(void *ctx) {
    struct thread *t = ctx;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct question q = {0};
        struct log_receipt r;
        char subject[32];
        snprintf(subject, sizeof(subject), "run/round-%u", i);
        q.subject = subject;
        int rc = t->n % 3 == 2 ? scratch_try(s.ledger, i, NULL, &r, &t->err)
                               : append_guarded(s.ledger, subject, NULL, &q, &r, &t->err);
        t->won += rc == 0;
        t->refused += rc == ERR_CONFLICT;
        t->failed += rc != 0 && rc != ERR_CONFLICT;
    }
    return NULL;
}

static void of_threads_that_ask_the_same_one_wins_and_others_append_all(void **state) {
    (void)state;
    static struct thread t[THREADS];
    unsigned won = 0, refused = 0;
    memset(t, 0, sizeof(t));
    for (unsigned i = 0; i < THREADS; i++) {
        t[i].n = i;
        assert_int_equal(pthread_create(&t[i].id, NULL, race, &t[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(t[i].id, NULL);
        if (t[i].failed > 0) {
            fail_msg("%s", t[i].err.msg);
        }
        if (i % 3 == 2) {
            assert_int_equal(t[i].won, ROUNDS);
        } else {
            won += t[i].won;
            refused += t[i].refused;
        }
    }
    assert_int_equal(won, ROUNDS);
    assert_int_equal(refused, 3 * ROUNDS);
    assert_int_equal(scratch_size(&s), 1 + ROUNDS + 2 * ROUNDS);
    scratch_verify_good(s.ledger);
}

/* A slow judge. */
static sem_t judging, go_on;

static int wait_there(void *ctx, uint64_t size, struct err *err) {
    (void)ctx;
    (void)size;
    sem_post(&judging);
    while (sem_wait(&go_on) != 0) {
    }
    return err_set(err, ERR_CONFLICT, "no");
}

static void *append_slowly(void *ctx) {
    struct thread *t = ctx;
    struct log_batch *batch;
    int rc = log_batch_new(s.ledger, &batch, &t->err);
    if (rc == 0) rc = scratch_add(batch, 0, 1, false, &t->err);
    guard_set(batch, wait_there, NULL);
    if (rc == 0) rc = log_batch_commit(batch, NULL, NULL, NULL, &t->err);
    log_batch_free(batch);
    t->refused = rc == ERR_CONFLICT;
    return NULL;
}

static void *append_one(void *ctx) {
    struct thread *t = ctx;
    t->won = scratch_try(s.ledger, t->n, NULL, NULL, &t->err) == 0;
    return NULL;
}

static void readers_do_not_wait_for_a_judge_and_writers_come_after_it(void **state) {
    (void)state;
    static struct thread slow, writer[THREADS];
    struct question q = {.ledger = s.ledger};
    bool there;
    memset(&slow, 0, sizeof(slow));
    memset(writer, 0, sizeof(writer));
    sem_init(&judging, 0, 0);
    sem_init(&go_on, 0, 0);
    assert_int_equal(pthread_create(&slow.id, NULL, append_slowly, &slow), 0);
    while (sem_wait(&judging) != 0) {
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&writer[i].id, NULL, append_one, &writer[i]), 0);
    }
    q.size = 1;
    must(count(&q, &there, &why)); /* it would hang here */
    assert_int_equal(q.events, 1);
    sem_post(&go_on);
    pthread_join(slow.id, NULL);
    assert_int_equal(slow.refused, 1);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(writer[i].id, NULL);
        assert_int_equal(writer[i].won, 1);
    }
    assert_int_equal(scratch_size(&s), 1 + THREADS);
    sem_destroy(&judging);
    sem_destroy(&go_on);
    scratch_verify_good(s.ledger);
}

/* ---- several processes ---- */

static int child(void) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    int won = 0, rc = log_open(s.dir, NULL, &ledger, &err);
    for (unsigned i = 0; i < ROUNDS && rc == 0; i++) {
        char subject[32];
        struct question q = {.subject = subject};
        struct log_receipt r;
        snprintf(subject, sizeof(subject), "run/round-%u", i);
        rc = append_guarded(ledger, subject, NULL, &q, &r, &err);
        won += rc == 0;
        rc = rc == ERR_CONFLICT ? 0 : rc;
    }
    log_close(ledger);
    return rc == 0 ? won : 255;
}

static void of_processes_that_ask_the_same_one_wins(void **state) {
    (void)state;
    pid_t pid[PROCESSES];
    int won = 0;
    scratch_close(&s); /* a handle must not be used across a fork */
    for (unsigned i = 0; i < PROCESSES; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0) {
            _exit(child());
        }
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 255);
        won += WEXITSTATUS(status);
    }
    scratch_open(&s);
    assert_int_equal(won, ROUNDS);
    assert_int_equal(scratch_size(&s), 1 + ROUNDS);
    scratch_verify_good(s.ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_judge_sees_what_the_batch_comes_after, start, finish),
        cmocka_unit_test_setup_teardown(a_no_writes_nothing_and_comes_out_in_its_words, start, finish),
        cmocka_unit_test_setup_teardown(what_could_not_be_judged_has_its_own_code, start, finish),
        cmocka_unit_test_setup_teardown(what_is_there_already_is_not_judged_again, start, finish),
        cmocka_unit_test_setup_teardown(a_batch_that_is_there_in_part_is_judged, start, finish),
        cmocka_unit_test_setup_teardown(a_guard_goes_with_the_drafts, start, finish),
        cmocka_unit_test_setup_teardown(of_threads_that_ask_the_same_one_wins_and_others_append_all, start, finish),
        cmocka_unit_test_setup_teardown(readers_do_not_wait_for_a_judge_and_writers_come_after_it, start, finish),
        cmocka_unit_test_setup_teardown(of_processes_that_ask_the_same_one_wins, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
