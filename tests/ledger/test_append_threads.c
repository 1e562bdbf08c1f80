/* Threads that append through one handle at the same time: receipts are distinct and complete, one thread's refusal affects
 * no other, and rotations and readers may run in between. */
#include "tests/ledger/scratch.h"

#include <pthread.h>

#define THREADS 8
#define ROUNDS  60

static struct scratch s;

struct worker {
    pthread_t thread;
    unsigned n;
    uint64_t seq[ROUNDS * 8]; /* of the events that were stored */
    uint8_t leaf[ROUNDS * 8][LOG_HASH];
    size_t stored, duplicates, conflicts;
    bool good;
    struct err err;
};

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static void took(struct worker *w, const struct log_receipt *r) {
    if (r->duplicate) {
        w->duplicates++;
    } else {
        w->seq[w->stored] = r->seq;
        memcpy(w->leaf[w->stored++], r->leaf, LOG_HASH);
    }
}

static struct log_draft draft_of(const char *key) {
    struct log_draft draft = scratch_draft("run.step", "run/shared", bytes_of(NULL));
    draft.key = bytes_of(key);
    return draft;
}

/* In turn: a single event, a batch of three, a key that all threads use, and a condition that cannot hold. */
static bool one_round(struct worker *w, unsigned round) {
    struct log_batch *batch;
    struct log_receipt r[3];
    struct log_draft draft;
    size_t at = 0;
    char key[64];
    int rc;
    snprintf(key, sizeof(key), round % 4 == 2 ? "all-%u" : "own-%u-%u", round, w->n);
    draft = draft_of(key);
    if (round % 4 == 0 || round % 4 == 2) {
        rc = log_append(s.ledger, &draft, r, NULL, &w->err);
        if (rc == 0) {
            took(w, r);
        }
        return rc == 0;
    }
    if (log_batch_new(s.ledger, &batch, &w->err) != 0) return false;
    bool refused = round % 4 == 3;
    for (unsigned i = 0; i < 3; i++) {
        snprintf(key, sizeof(key), "own-%u-%u-%u", round, w->n, i);
        draft = draft_of(i == 1 ? NULL : key);
        draft.none_after = refused && i == 2 ? 0 : LOG_NO_SEQ; /* the batch's own first event is after it */
        if (log_batch_add(batch, &draft, &w->err) != 0) return false;
    }
    rc = log_batch_commit(batch, r, NULL, &at, &w->err);
    for (unsigned i = 0; i < 3 && rc == 0; i++) {
        took(w, &r[i]);
    }
    log_batch_free(batch);
    if (refused) {
        w->conflicts++;
        return rc == ERR_CONFLICT && at == 2 && strstr(w->err.msg, "event 2 of the batch") != NULL;
    }
    return rc == 0 && r[1].seq == r[0].seq + 1 && r[2].seq == r[1].seq + 1;
}

static void *work(void *arg) {
    struct worker *w = arg;
    w->good = true;
    for (unsigned round = 0; round < ROUNDS && w->good; round++) {
        w->good = one_round(w, round);
    }
    return NULL;
}

struct other { /* what else runs meanwhile */
    pthread_t thread;
    size_t times;
    bool good;
    struct err err;
};

static void *rotate(void *arg) {
    struct other *o = arg;
    o->good = true;
    for (unsigned i = 0; i < 5 && o->good; i++) {
        o->good = log_key_rotate(s.ledger, "user:test", "a test", NULL, &o->err) == 0;
        o->times++;
    }
    return NULL;
}

static void *look(void *arg) {
    struct other *o = arg;
    struct log_report *report = calloc(1, sizeof(*report));
    o->good = report != NULL;
    for (unsigned i = 0; i < 4 && o->good; i++) {
        o->good = log_verify(s.ledger, NULL, report, &o->err) == 0 && report->n_findings == 0;
        if (!o->good && report->n_findings > 0) {
            snprintf(o->err.msg, sizeof(o->err.msg), "%.500s", report->findings[0].reason);
        }
    }
    free(report);
    return NULL;
}

static struct worker workers[THREADS];

/* Each seq except genesis and the rotations belongs to exactly one receipt, with its leaf. */
static void check_receipts(size_t rotations) {
    uint64_t size = scratch_size(&s), events = 0;
    uint8_t(*leaf)[LOG_HASH] = calloc(size, LOG_HASH);
    bool *seen = calloc(size, sizeof(*seen));
    struct log_reader *reader;
    struct log_event event;
    assert_true(leaf != NULL && seen != NULL);
    for (unsigned t = 0; t < THREADS; t++) {
        for (size_t i = 0; i < workers[t].stored; i++) {
            uint64_t seq = workers[t].seq[i];
            assert_true(seq < size && !seen[seq]);
            assert_true(i == 0 || seq > workers[t].seq[i - 1]);
            seen[seq] = true;
            memcpy(leaf[seq], workers[t].leaf[i], LOG_HASH);
            events++;
        }
    }
    assert_int_equal(events + rotations + 1, size);
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        assert_true(seen[event.seq] == bytes_is(event.kind, "run.step"));
        if (seen[event.seq]) {
            assert_memory_equal(event.leaf, leaf[event.seq], LOG_HASH);
        }
    }
    log_reader_close(reader);
    free(leaf);
    free(seen);
}

static void threads_append_through_one_handle(void **state) {
    struct other rotator = {0}, looker = {0};
    size_t duplicates = 0;
    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].n = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    assert_int_equal(pthread_create(&rotator.thread, NULL, rotate, &rotator), 0);
    assert_int_equal(pthread_create(&looker.thread, NULL, look, &looker), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    pthread_join(rotator.thread, NULL);
    pthread_join(looker.thread, NULL);
    for (unsigned i = 0; i < THREADS; i++) {
        if (!workers[i].good) {
            fail_msg("thread %u: %s", i, workers[i].err.msg);
        }
        assert_int_equal(workers[i].conflicts, ROUNDS / 4);
        duplicates += workers[i].duplicates;
    }
    if (!rotator.good || !looker.good) {
        fail_msg("%s%s", rotator.err.msg, looker.err.msg);
    }
    assert_int_equal(duplicates, (THREADS - 1) * ROUNDS / 4); /* all but one of each shared key */
    check_receipts(rotator.times);
    scratch_verify_good(s.ledger);
    scratch_reopen(&s);
    scratch_verify_good(s.ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(threads_append_through_one_handle, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
