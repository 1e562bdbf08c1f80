/* Processes that append to one ledger at the same time: LMDB's lock orders them, receipts are distinct and without gaps, a
 * key counts once whichever process uses it, and a rotation by one of them is noticed by all. */
#include "tests/ledger/scratch.h"

#define PROCESSES 4
#define EVENTS    120

struct result {
    uint64_t seq[EVENTS];
    uint32_t stored, duplicates;
    int rc;
    char msg[256];
};

static struct scratch s;

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    scratch_close(&s); /* a handle must not be used across a fork */
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

/* In a child: single events, batches, a key that all use, and in `rotates` an occasional rotation. */
static void child(unsigned n, bool rotates, bool reopens, struct result *result) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    struct log_receipt r;
    int rc = log_open(s.dir, NULL, &ledger, &err);
    for (unsigned i = 0; i < EVENTS && rc == 0; i++) {
        char key[64];
        snprintf(key, sizeof(key), i % 10 == 3 ? "all-%u" : "own-%u-%u", i, n);
        rc = scratch_try(ledger, i, key, &r, &err);
        if (rc == 0 && r.duplicate) {
            result->duplicates++;
        } else if (rc == 0) {
            result->seq[result->stored++] = r.seq;
        }
        if (rc == 0 && rotates && i % 30 == 17) {
            rc = log_key_rotate(ledger, "user:test", "a test", NULL, &err);
        }
        if (rc == 0 && reopens && i % 25 == 24) {
            log_close(ledger);
            ledger = NULL;
            rc = log_open(s.dir, NULL, &ledger, &err);
        }
    }
    log_close(ledger);
    result->rc = rc;
    snprintf(result->msg, sizeof(result->msg), "%.255s", err.msg);
}

static void run(unsigned processes, bool rotates) {
    static struct result results[PROCESSES];
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    for (unsigned n = 0; n < processes; n++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            static struct result mine;
            child(n, rotates && n == 0, n == 1, &mine);
            ssize_t put = write(fd[1], &mine, sizeof(mine)); /* less than PIPE_BUF: atomic */
            _exit(put == (ssize_t)sizeof(mine) ? 0 : 1);
        }
    }
    close(fd[1]);
    for (unsigned n = 0; n < processes; n++) {
        size_t got = 0;
        while (got < sizeof(results[n])) {
            ssize_t more = read(fd[0], (char *)&results[n] + got, sizeof(results[n]) - got);
            assert_true(more > 0);
            got += (size_t)more;
        }
    }
    close(fd[0]);
    for (int status; wait(&status) > 0;) {
        assert_int_equal(status, 0);
    }
    scratch_open(&s);
    uint64_t size = scratch_size(&s), events = 0, duplicates = 0;
    bool *seen = calloc(size, sizeof(*seen));
    assert_non_null(seen);
    for (unsigned n = 0; n < processes; n++) {
        if (results[n].rc != 0) {
            fail_msg("process %u: %s: %s", n, err_name(results[n].rc), results[n].msg);
        }
        for (uint32_t i = 0; i < results[n].stored; i++) {
            assert_true(results[n].seq[i] < size && !seen[results[n].seq[i]]);
            seen[results[n].seq[i]] = true;
            events++;
        }
        duplicates += results[n].duplicates;
    }
    assert_int_equal(events + duplicates, (uint64_t)processes * EVENTS);
    assert_int_equal(duplicates, (uint64_t)(processes - 1) * (EVENTS / 10));
    assert_int_equal(events + 1 + (rotates ? EVENTS / 30 : 0), size);
    scratch_verify_good(s.ledger);
    free(seen);
}

static void two_processes_append_at_once(void **state) {
    (void)state;
    run(2, false);
}

static void four_processes_append_at_once(void **state) {
    (void)state;
    run(4, false);
}

static void processes_meet_the_rotations_of_another(void **state) {
    struct log_epoch epoch;
    char path[64];
    (void)state;
    run(4, true);
    must(log_epoch_current(s.ledger, &epoch, &why));
    assert_int_equal(epoch.epoch, EVENTS / 30);
    for (unsigned i = 0; i < EVENTS / 30; i++) { /* the old secrets are gone */
        snprintf(path, sizeof(path), "box/keys/epoch-%u.key", i);
        assert_false(file_exists(scratch_at(&s, path)));
    }
    assert_true(file_exists(scratch_at(&s, "box/keys/epoch-4.key")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_processes_append_at_once, start, finish),
        cmocka_unit_test_setup_teardown(four_processes_append_at_once, start, finish),
        cmocka_unit_test_setup_teardown(processes_meet_the_rotations_of_another, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
