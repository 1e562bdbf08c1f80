/* Processes are killed at random moments of their first milliseconds, most of them while they open the ledger, next to
 * writers that are left alone. The writers' receipts are kept here, outside the ledger: each must belong to a stored event,
 * no writer may wait for ever or be refused, and the ledger must verify.
 *
 *   killers   each starts processes that open the ledger (to read, append, rotate, or open derived data too) and kills them
 *   writers   one opens the ledger for each event, the other one for a few
 *
 * $LEDGER_TEST_KILLS sets the number; `make kills KILLS=200000`. */
#include <errno.h>
#include <lmdb.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "ledger/derived/derived.h"
#include "tests/ledger/scratch.h"

#define KILLS_DEFAULT 600
#define KILLERS       3
#define WRITERS       2
#define RECEIPTS_MAX  4000000
#define HUNG_NS       (60 * CLOCK_NS_PER_S)
#define SHORT_LIFE_NS 1500000  /* opening takes about that long */
#define LONG_LIFE_NS  12000000 /* so that commits are hit as well */
#define OPENING_NS    150000   /* mdb_env_open, when it is not blocked */

struct receipt {
    uint64_t seq;
    uint8_t leaf[LOG_HASH];
};

/* In memory that all processes share. */
static struct shared {
    _Atomic bool stop;
    _Atomic uint64_t kills, inside; /* inside: of mdb_env_open */
    _Atomic bool opening[KILLERS];
    _Atomic uint64_t n_receipts, refused, began[WRITERS]; /* began: what a writer is doing; 0: nothing */
    char msg[300];
    struct receipt receipt[RECEIPTS_MAX];
} * shared;

static struct scratch s;
static int victim_of = -1; /* in a victim: its killer */

int __real_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);
int __wrap_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);

int __wrap_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode) {
    if (victim_of >= 0) {
        shared->opening[victim_of] = true;
    }
    int rc = __real_mdb_env_open(env, path, flags, mode);
    if (victim_of >= 0) {
        shared->opening[victim_of] = false;
    }
    return rc;
}

/* A process that ends with its supervisor, whatever happens to that. */
static pid_t fork_with_us(void) {
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == 1) {
            _exit(1);
        }
    }
    return pid;
}

/* ---- the killed processes ---- */

static _Noreturn void be_victim(int killer, unsigned n) {
    struct ledger *ledger;
    struct log_receipt receipt;
    struct db *derived;
    victim_of = killer;
    bool reads = n % 8 == 1;
    if (log_open(s.dir, &(struct log_open_options){.read_only = reads}, &ledger, NULL) != 0) {
        _exit(1);
    }
    if (n % 64 == 2) {
        log_key_rotate(ledger, "user:test", "a test", NULL, NULL);
    } else if (n % 8 == 3) {
        derived_open(ledger, true, &derived, NULL);
    } else if (!reads) {
        scratch_try(ledger, n, NULL, &receipt, NULL);
    }
    log_close(ledger);
    _exit(0);
}

static void nap(uint64_t ns) {
    nanosleep(&(struct timespec){.tv_sec = (time_t)(ns / CLOCK_NS_PER_S), .tv_nsec = (long)(ns % CLOCK_NS_PER_S)}, NULL);
}

/* Until the victim is inside mdb_env_open, and a little longer. */
static void wait_for_opening(int killer, uint64_t then_ns) {
    uint64_t until = clock_monotonic_ns() + LONG_LIFE_NS;
    while (!shared->opening[killer] && clock_monotonic_ns() < until) {
        sched_yield();
    }
    until = clock_monotonic_ns() + then_ns;
    while (clock_monotonic_ns() < until) {
    }
}

static _Noreturn void be_killer(int killer, uint64_t kills, unsigned seed) {
    while (!shared->stop && shared->kills < kills) {
        unsigned n = (unsigned)rand_r(&seed);
        uint64_t most = rand_r(&seed) % 5 == 0 ? LONG_LIFE_NS : SHORT_LIFE_NS;
        int status;
        shared->opening[killer] = false;
        pid_t pid = fork_with_us();
        if (pid == 0) {
            be_victim(killer, n);
        }
        if (pid < 0) {
            nap(1000000);
            continue;
        }
        if (rand_r(&seed) % 4 == 0) {
            nap((uint64_t)rand_r(&seed) % most);
        } else {
            wait_for_opening(killer, (uint64_t)rand_r(&seed) % OPENING_NS);
        }
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        if (WIFSIGNALED(status)) {
            shared->kills++;
            shared->inside += shared->opening[killer] ? 1 : 0;
        }
    }
    _exit(0);
}

/* ---- the writers ---- */

static int write_some(int writer, unsigned events, struct err *err) {
    struct ledger *ledger = NULL;
    shared->began[writer] = clock_monotonic_ns();
    int rc = log_open(s.dir, NULL, &ledger, err);
    for (unsigned i = 0; i < events && rc == 0; i++) {
        struct log_receipt receipt;
        shared->began[writer] = clock_monotonic_ns();
        rc = scratch_try(ledger, i, NULL, &receipt, err);
        if (rc == 0 && shared->n_receipts < RECEIPTS_MAX - WRITERS) {
            struct receipt *r = &shared->receipt[shared->n_receipts++];
            r->seq = receipt.seq;
            memcpy(r->leaf, receipt.leaf, LOG_HASH);
        }
    }
    log_close(ledger);
    shared->began[writer] = 0;
    return rc;
}

static _Noreturn void be_writer(int writer) {
    while (!shared->stop) {
        struct err err = {0};
        int rc = write_some(writer, writer == 0 ? 1 : 4, &err);
        if (rc != 0) {
            if (shared->refused++ == 0) {
                snprintf(shared->msg, sizeof(shared->msg), "%s: %.200s", err_name(rc), err.msg);
            }
            shared->stop = true;
        }
        nap(300000); /* so that at some moments no process has it open */
    }
    _exit(0);
}

/* ---- the supervisor ---- */

static uint64_t count_hung(void) {
    uint64_t now = clock_monotonic_ns(), hung = 0;
    for (int i = 0; i < WRITERS; i++) {
        uint64_t began = shared->began[i];
        hung += began != 0 && now > began && now - began > HUNG_NS ? 1 : 0;
    }
    return hung;
}

/* Receipts without a stored event. */
static uint64_t count_lost(struct ledger *ledger) {
    struct log_head head;
    struct log_reader *reader;
    struct log_event event;
    uint64_t lost = 0, n = shared->n_receipts;
    must(log_head(ledger, &head, &why));
    uint8_t(*leaf)[LOG_HASH] = calloc(head.size, LOG_HASH);
    assert_non_null(leaf);
    must(log_reader_open(ledger, 0, head.size, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        memcpy(leaf[event.seq], event.leaf, LOG_HASH);
    }
    log_reader_close(reader);
    for (uint64_t i = 0; i < n; i++) {
        const struct receipt *r = &shared->receipt[i];
        lost += r->seq >= head.size || memcmp(leaf[r->seq], r->leaf, LOG_HASH) != 0 ? 1 : 0;
    }
    free(leaf);
    return lost;
}

static void stop(int signal_) {
    (void)signal_;
    shared->stop = true; /* what was done until then is counted */
}

static uint64_t kills_wanted(void) {
    uint64_t kills = KILLS_DEFAULT;
    const char *text = getenv("LEDGER_TEST_KILLS");
    if (text != NULL && text_parse_u64(bytes_of(text), &kills) != 0) {
        fail_msg("LEDGER_TEST_KILLS='%s' is not a number", text);
    }
    return kills;
}

static void start_all(pid_t pid[KILLERS + WRITERS], uint64_t kills) {
    for (int i = 0; i < KILLERS + WRITERS; i++) {
        pid[i] = fork_with_us();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0) {
            if (i < KILLERS) {
                be_killer(i, kills, (unsigned)clock_wall_ns() + (unsigned)i);
            }
            be_writer(i - KILLERS);
        }
    }
}

static void no_death_takes_an_acknowledged_event_with_it(void **state) {
    static struct log_report report;
    pid_t pid[KILLERS + WRITERS];
    uint64_t kills = kills_wanted(), hung = 0, began = clock_monotonic_ns();
    (void)state;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    scratch_new(&s, (uint64_t)4 << 30);
    scratch_close(&s);
    start_all(pid, kills);
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    while (!shared->stop && shared->kills < kills && (hung = count_hung()) == 0) {
        nap(20000000);
    }
    shared->stop = true;
    for (int i = 0; i < KILLERS + WRITERS; i++) {
        while (waitpid(pid[i], NULL, WNOHANG) == 0) {
            hung = hung > 0 ? hung : count_hung();
            if (hung > 0) {
                kill(pid[i], SIGKILL);
            }
            nap(1000000);
        }
    }
    scratch_open(&s);
    uint64_t lost = count_lost(s.ledger);
    must(log_verify(s.ledger, NULL, &report, &why));
    uint64_t false_verdicts = shared->refused + (report.verdict > LOG_NOT_ANCHORED ? 1 : 0);
    print_message("%llu kills, %llu of them inside mdb_env_open; %llu receipts, %llu lost; %llu hung, %llu false verdicts; "
                  "%llu s\n",
                  (unsigned long long)shared->kills, (unsigned long long)shared->inside,
                  (unsigned long long)shared->n_receipts, (unsigned long long)lost, (unsigned long long)hung,
                  (unsigned long long)false_verdicts,
                  (unsigned long long)((clock_monotonic_ns() - began) / CLOCK_NS_PER_S));
    if (lost + hung + false_verdicts > 0) {
        fail_msg("%s; %s", shared->msg, report.n_findings > 0 ? report.findings[0].reason : "nothing was found");
    }
    scratch_done(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_death_takes_an_acknowledged_event_with_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
