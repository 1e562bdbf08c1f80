/* A process whose threads share their commits is killed in the middle of one, at random moments and at each call that
 * changes a file, while another process waits for the write lock: the other continues at once, everything acknowledged to
 * either is stored, each batch is stored completely or not at all, and the ledger verifies. */
#include "tests/ledger/scratch.h"
#include "tests/ledger/syscalls.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#define THREADS      4
#define BATCH        3
#define TURNS        (BATCH + 2) /* events of three turns: a batch and two single ones */
#define AFTERWARDS   5           /* commits of the waiting process once the other is dead */
#define RANDOM_KILLS 25
#define CALLS        50
#define PROCESSES    (2 * (RANDOM_KILLS + CALLS))
#define PATIENCE     100 /* seconds until a process that waits for ever is killed */

struct ack {
    uint32_t process, thread;
    uint64_t i, seq;
    uint8_t leaf[LOG_HASH];
};

static struct scratch s;
static volatile bool *dead; /* shared with the children: the process to be killed is running */
static struct ack *acks;
static size_t n_acks, cap_acks;

/* ---- in the children ---- */

struct writer {
    pthread_t thread;
    struct ledger *ledger;
    uint32_t process, n;
    int fd;
};

/* The next turn's events in one commit; then one write acknowledges what is stored, completely or not at all. */
static void one_turn(const struct writer *w, struct log_batch *batch, uint64_t *i) {
    struct log_receipt r[BATCH];
    struct ack told[BATCH];
    struct err err = {0};
    size_t n = *i % TURNS == 0 ? BATCH : 1;
    for (size_t k = 0; k < n; k++) {
        char key[64];
        snprintf(key, sizeof(key), "%u-%u-%llu", w->process, w->n, (unsigned long long)(*i + k));
        struct log_draft draft = scratch_draft("run.step", "run/killed", bytes_of(NULL));
        draft.key = bytes_of(key);
        if (log_batch_add(batch, &draft, &err) != 0) {
            _exit(3);
        }
    }
    if (log_batch_commit(batch, r, NULL, NULL, &err) != 0) {
        fprintf(stderr, "%s\n", err.msg);
        _exit(4);
    }
    for (size_t k = 0; k < n; k++) {
        told[k] = (struct ack){w->process, w->n, *i + k, r[k].seq, {0}};
        memcpy(told[k].leaf, r[k].leaf, LOG_HASH);
    }
    if (write(w->fd, told, n * sizeof(told[0])) != (ssize_t)(n * sizeof(told[0]))) {
        _exit(5);
    }
    *i += n;
}

static struct ledger *open_in_child(void) {
    struct ledger *ledger;
    if (log_open(s.dir, NULL, &ledger, NULL) != 0) {
        _exit(2);
    }
    return ledger;
}

static void *write_for_ever(void *arg) {
    const struct writer *w = arg;
    struct log_batch *batch;
    if (log_batch_new(w->ledger, &batch, NULL) != 0) {
        _exit(2);
    }
    for (uint64_t i = 0;;) {
        one_turn(w, batch, &i);
    }
    return NULL;
}

/* The process that is killed: by the test, or (die_at > 0) at that call. */
static void victim(uint32_t process, int fd, long die_at) {
    static struct writer w[THREADS];
    struct ledger *ledger = open_in_child();
    syscalls.fail_at = die_at;
    syscalls.dies = true;
    syscalls.on = die_at > 0;
    for (unsigned n = 0; n < THREADS; n++) {
        w[n] = (struct writer){.ledger = ledger, .process = process, .n = n, .fd = fd};
        if (pthread_create(&w[n].thread, NULL, write_for_ever, &w[n]) != 0) {
            _exit(6);
        }
    }
    pthread_join(w[0].thread, NULL);
    _exit(7);
}

/* The process that requests the same lock all the time, and makes some more commits once it is alone. */
static void waiter(uint32_t process, int fd) {
    struct writer w = {.ledger = open_in_child(), .process = process, .fd = fd};
    struct log_batch *batch;
    uint64_t i = 0;
    alarm(PATIENCE);
    if (log_batch_new(w.ledger, &batch, NULL) != 0) {
        _exit(2);
    }
    while (!*dead) {
        one_turn(&w, batch, &i);
    }
    for (unsigned k = 0; k < AFTERWARDS; k++) {
        one_turn(&w, batch, &i);
    }
    log_batch_free(batch);
    log_close(w.ledger);
    _exit(0);
}

/* ---- the test ---- */

static int start(void **state) {
    (void)state;
    memset(&syscalls, 0, sizeof(syscalls));
    dead = mmap(NULL, sizeof(*dead), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(dead != MAP_FAILED);
    scratch_new(&s, 0);
    scratch_close(&s); /* a handle must not be used across a fork */
    return 0;
}

static int finish(void **state) {
    union {
        const volatile bool *in;
        void *out;
    } p = {.in = dead};
    (void)state;
    munmap(p.out, sizeof(*dead));
    free(acks);
    acks = NULL;
    n_acks = cap_acks = 0;
    scratch_done(&s);
    return 0;
}

/* Reads up to `most` acknowledgements from a pipe, fewer at its end. */
static size_t take(int fd, size_t most) {
    size_t n = 0;
    ssize_t got = 0;
    for (; n < most; n++, n_acks++) {
        if (n_acks == cap_acks) {
            cap_acks = cap_acks == 0 ? 4096 : 2 * cap_acks;
            acks = realloc(acks, cap_acks * sizeof(*acks));
            assert_non_null(acks);
        }
        got = read(fd, &acks[n_acks], sizeof(*acks));
        if (got != (ssize_t)sizeof(*acks)) break;
    }
    assert_true(n == most || got == 0);
    return n;
}

static pid_t child(uint32_t process, bool waits, long die_at, int *ret_fd) {
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        if (waits) {
            waiter(process, fds[1]);
        }
        victim(process, fds[1], die_at);
    }
    close(fds[1]);
    *ret_fd = fds[0];
    return pid;
}

/* One process is killed, another one waits. die_at 0: at a random moment. */
static void kill_one(uint32_t process, long die_at, unsigned *seed) {
    int waits_fd, dies_fd, status;
    *dead = false;
    pid_t waits = child(process, true, 0, &waits_fd);
    assert_int_equal(take(waits_fd, 1), 1);
    pid_t dies = child(process + 1, false, die_at, &dies_fd);
    if (die_at == 0) {
        if (process % 3 != 0) { /* otherwise it may still be opening */
            assert_int_equal(take(dies_fd, 1), 1);
        }
        usleep((useconds_t)rand_r(seed) % 20000);
        kill(dies, SIGKILL);
    }
    assert_int_equal(waitpid(dies, &status, 0), dies);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    *dead = true;
    take(dies_fd, SIZE_MAX);
    assert_true(take(waits_fd, SIZE_MAX) >= AFTERWARDS);
    close(dies_fd);
    close(waits_fd);
    assert_int_equal(waitpid(waits, &status, 0), waits);
    assert_int_equal(status, 0);
    scratch_open(&s);
    scratch_verify_good(s.ledger);
    scratch_close(&s);
}

/* "<process>-<thread>-<i>" */
static void parse_key(struct bytes key, uint64_t ret[3]) {
    struct bytes part = {key.p, 0};
    for (size_t k = 0; k < 3; k++) {
        while (part.p + part.n < key.p + key.n && part.p[part.n] != '-') {
            part.n++;
        }
        assert_int_equal(text_parse_u64(part, &ret[k]), 0);
        part = (struct bytes){part.p + part.n + 1, 0};
    }
}

static void check_all(void) {
    static uint64_t stored[PROCESSES][THREADS];
    struct log_reader *reader;
    struct log_event event;
    scratch_open(&s);
    uint64_t size = scratch_size(&s), found = 0;
    const struct ack **by_seq = calloc(size, sizeof(*by_seq)), *ack;
    assert_non_null(by_seq);
    for (size_t k = 0; k < n_acks; k++) {
        assert_true(acks[k].seq < size && by_seq[acks[k].seq] == NULL);
        by_seq[acks[k].seq] = &acks[k];
    }
    memset(stored, 0, sizeof(stored));
    must(log_reader_open(s.ledger, 1, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        uint64_t key[3];
        parse_key(event.key, key);
        assert_true(key[0] < PROCESSES && key[1] < THREADS);
        assert_int_equal(key[2], stored[key[0]][key[1]]); /* each once, in order */
        stored[key[0]][key[1]]++;
        if ((ack = by_seq[event.seq]) != NULL) {
            assert_true(ack->process == key[0] && ack->thread == key[1] && ack->i == key[2]);
            assert_memory_equal(ack->leaf, event.leaf, LOG_HASH);
            found++;
        }
    }
    assert_int_equal(found, n_acks);
    for (size_t p = 0; p < PROCESSES; p++) {
        for (size_t t = 0; t < THREADS; t++) { /* after whole turns only */
            assert_true(stored[p][t] % TURNS == 0 || stored[p][t] % TURNS >= BATCH);
        }
    }
    log_reader_close(reader);
    free(by_seq);
    scratch_close(&s);
}

static void who_waits_goes_on_when_a_process_of_threads_is_killed_at_any_moment(void **state) {
    unsigned seed = (unsigned)time(NULL);
    (void)state;
    print_message("seed %u\n", seed);
    for (uint32_t k = 0; k < RANDOM_KILLS; k++) {
        kill_one(2 * k, 0, &seed);
    }
    check_all();
    print_message("%zu events were acknowledged\n", n_acks);
    assert_true(n_acks > 100);
}

static void who_waits_goes_on_when_a_process_of_threads_is_killed_at_any_call(void **state) {
    (void)state;
    for (uint32_t k = 0; k < CALLS; k++) {
        kill_one(2 * k, k + 1, NULL);
    }
    check_all();
}

int main(void) {
    scratch_in_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_waits_goes_on_when_a_process_of_threads_is_killed_at_any_moment, start, finish),
        cmocka_unit_test_setup_teardown(who_waits_goes_on_when_a_process_of_threads_is_killed_at_any_call, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
