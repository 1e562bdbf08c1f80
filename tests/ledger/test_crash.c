/* A writer is killed at random moments, again and again, and the ledger opened again. No acknowledged event is lost, none
 * is half written, and the ledger verifies. */
#include "tests/ledger/scratch.h"

#include <signal.h>
#include <time.h>

#include "base/clock.h"

#define KILLS      60
#define BATCH_SIZE 40
#define SESSION    UINT64_C(1000000)

struct ack {
    uint64_t i; /* which event: its key is "key-<i>" */
    uint64_t seq;
};

static void acknowledge(int fd, uint64_t i, uint64_t seq) {
    const struct ack ack = {i, seq};
    if (write(fd, &ack, sizeof(ack)) != sizeof(ack)) {
        _exit(4);
    }
}

/* Appends endlessly: single events and batches in turn, an acknowledgement for each that is durable. */
static void write_on(const char *dir, uint64_t i, int fd) {
    struct ledger *ledger;
    struct log_batch *batch;
    struct log_receipt receipt[BATCH_SIZE];
    if (log_open(dir, NULL, &ledger, NULL) != 0 || log_batch_new(ledger, &batch, NULL) != 0) {
        _exit(3);
    }
    for (unsigned turn = 0;; turn++) {
        size_t n = turn % 3 == 0 ? BATCH_SIZE : 1;
        if (scratch_add(batch, i, i + n, true, NULL) != 0 || log_batch_commit(batch, receipt, NULL, NULL, NULL) != 0) {
            _exit(5);
        }
        for (size_t k = 0; k < n; k++) {
            acknowledge(fd, i + k, receipt[k].seq);
        }
        i += n;
        if (turn % 50 == 49 && log_key_rotate(ledger, "user:test", "often", NULL, NULL) != 0) {
            _exit(6);
        }
    }
}

/* Reads acknowledgements from the pipe: up to `most` of them, or to its end. */
static size_t take_acks(int fd, struct ack **acks, size_t n, size_t *cap, size_t most) {
    struct ack one;
    ssize_t got = 0;
    for (; most > 0 && (got = read(fd, &one, sizeof(one))) == (ssize_t)sizeof(one); most--) {
        if (n == *cap) {
            *cap = *cap == 0 ? 4096 : 2 * *cap;
            *acks = realloc(*acks, *cap * sizeof(one));
            assert_non_null(*acks);
        }
        (*acks)[n++] = one;
    }
    assert_true(got == 0 || got == (ssize_t)sizeof(one)); /* one small write: all or nothing */
    return n;
}

/* Everything acknowledged is stored; of the rest, each batch is stored completely or not at all. A writer's events are
 * numbered from a multiple of SESSION, in batches of BATCH_SIZE, 1 and 1 in turn. */
static void check_acknowledged(struct scratch *s, const struct ack *acks, size_t n) {
    struct log_reader *reader;
    struct log_event event;
    size_t at = 0;
    uint64_t stored = 0, expected = 0; /* of the current writer; the next expected number */
    must(log_reader_open(s->ledger, 0, LOG_NO_SEQ, &reader, &why));
    int rc;
    while ((rc = log_reader_next(reader, &event, &why)) == 0) {
        uint64_t i;
        if (!bytes_is(event.kind, "run.step")) continue;
        struct bytes digits = {event.key.p + 4, event.key.n - 4}; /* "key-<i>" */
        assert_int_equal(text_parse_u64(digits, &i), 0);
        if (i / SESSION != expected / SESSION) { /* the next writer's: the previous one ended with a complete batch */
            assert_true(stored % (BATCH_SIZE + 2) == 0 || stored % (BATCH_SIZE + 2) >= BATCH_SIZE);
            assert_int_equal(i % SESSION, 0);
            stored = 0;
            expected = i;
        }
        assert_int_equal(i, expected);
        stored++;
        expected++;
        if (at < n && acks[at].seq == event.seq) {
            assert_int_equal(acks[at].i, i);
            at++;
        }
    }
    if (rc < 0) {
        fail_msg("%s", why.msg);
    }
    assert_true(stored % (BATCH_SIZE + 2) == 0 || stored % (BATCH_SIZE + 2) >= BATCH_SIZE);
    assert_int_equal(at, n);
    log_reader_close(reader);
}

static void a_killed_writer_loses_no_acknowledged_event(void **state) {
    struct scratch s = {0};
    struct ack *acks = NULL;
    size_t n = 0, cap = 0;
    uint64_t next = 0;
    unsigned seed = (unsigned)time(NULL);
    (void)state;
    print_message("seed %u\n", seed);
    scratch_new(&s, 0);
    scratch_close(&s);
    for (unsigned kill_number = 0; kill_number < KILLS; kill_number++) {
        int fds[2], status;
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(fds[0]);
            write_on(s.dir, next, fds[1]);
        }
        close(fds[1]);
        if (kill_number % 3 != 0) { /* otherwise it may still be opening */
            n = take_acks(fds[0], &acks, n, &cap, 1);
        }
        usleep((useconds_t)rand_r(&seed) % 30000);
        kill(pid, SIGKILL);
        n = take_acks(fds[0], &acks, n, &cap, SIZE_MAX);
        close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        next += SESSION; /* never the same key twice, even if it was stored and not acknowledged */
        scratch_open(&s);
        scratch_verify_good(s.ledger);
        check_acknowledged(&s, acks, n);
        scratch_close(&s);
    }
    print_message("%zu events were acknowledged over %d kills\n", n, KILLS);
    assert_true(n > 100);
    free(acks);
    scratch_done(&s);
}

/* ---- making one ---- */

static uint64_t make(const char *dir) {
    const struct log_create_options o = {.origin = "example.org/fresh", .actor = "user:test", .map_bytes = 1 << 20};
    uint64_t start = clock_boot_ns();
    return log_create(dir, &o, NULL) == 0 ? clock_boot_ns() - start : 0;
}

static void a_ledger_that_is_being_made_is_there_whole_or_not_at_all(void **state) {
    struct scratch s = {0};
    unsigned seed = (unsigned)time(NULL), made = 0, absent = 0;
    (void)state;
    scratch_new(&s, 0);
    uint64_t takes_us = make(scratch_at(&s, "measured")) / 1000;
    assert_true(takes_us > 0);
    for (unsigned i = 0; i < 60; i++) {
        const char *dir = scratch_at(&s, "fresh");
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            _exit(make(dir) > 0 ? 0 : 1);
        }
        int status;
        /* the last ones get all the time they need */
        usleep(i < 50 ? (useconds_t)((uint64_t)rand_r(&seed) % (takes_us + takes_us / 2)) : (useconds_t)(20 * takes_us));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        struct ledger *fresh;
        int rc = log_open(dir, NULL, &fresh, &why);
        if (rc == 0) {
            scratch_verify_good(fresh);
            log_close(fresh);
            must(file_remove_tree(dir, &why));
            made++;
        } else {
            assert_int_equal(rc, ERR_NOTFOUND);
            absent++;
        }
    }
    print_message("%u made, %u absent\n", made, absent);
    assert_true(made > 0 && absent > 0);
    scratch_done(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_writer_loses_no_acknowledged_event),
        cmocka_unit_test(a_ledger_that_is_being_made_is_there_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
