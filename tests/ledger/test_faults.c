/* Every write, sync, rename and removal fails once, or from there on: what was acknowledged is stored, what was refused as
 * "nothing stored" is not, no process dies, and the next opening continues normally. LMDB's own calls are among those that
 * fail. Each run is a child, so that only the files remain of it. */
#include "tests/ledger/scratch.h"
#include "tests/ledger/syscalls.h"

#include <sys/mman.h>

#define OPS   8
#define SMALL 18 /* runs that share a ledger */

static struct scratch s;

struct outcome { /* shared with the child */
    volatile int rc[OPS];
    volatile bool hit;
    volatile long calls;
    char msg[256];
};

static struct outcome *outcome;

static int start(void **state) {
    (void)state;
    memset(&syscalls, 0, sizeof(syscalls));
    outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(outcome != MAP_FAILED);
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    munmap(outcome, sizeof(*outcome));
    scratch_done(&s);
    return 0;
}

struct plan {
    const char *name;
    int error;
    bool forever;
    bool done; /* what it reports as failed was done nevertheless */
};

static const struct plan plans[] = {{"EIO once", EIO, false, false},
                                    {"EIO for ever", EIO, true, false},
                                    {"ENOSPC once", ENOSPC, false, false},
                                    {"ENOSPC for ever", ENOSPC, true, false},
                                    {"EIO once, and done", EIO, false, true},
                                    {"EIO for ever, and done", EIO, true, true},
                                    {"ENOSPC for ever, and done", ENOSPC, true, true}};

#define PLANS (sizeof(plans) / sizeof(plans[0]))

/* Runs `work` in a child whose n-th call fails as planned. False: there is no n-th call any more. */
static bool fails_at(long n, const struct plan *plan, void (*work)(long run), long run) {
    memset(outcome, 0, sizeof(*outcome));
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        syscalls.fail_at = n;
        syscalls.error = plan->error;
        syscalls.forever = plan->forever;
        syscalls.done = plan->done;
        work(run);
        syscalls.on = false;
        outcome->hit = syscalls.hit;
        outcome->calls = syscalls.count;
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0) {
        fail_msg("%s at call %ld: the process ended with status 0x%x", plan->name, n, (unsigned)status);
    }
    return outcome->hit;
}

/* ---- appending ---- */

static void key_of_op(char ret[64], long run, int op) {
    snprintf(ret, 64, "run-%ld-%d", run, op);
}

static void append_all(long run) {
    struct ledger *ledger = NULL;
    struct log_batch *batch = NULL;
    struct err err = {0};
    char key[64], id[LOG_ARTIFACT_ID];
    uint64_t size;
    const char *large = scratch_at(&s, "large");
    if (log_open(s.dir, NULL, &ledger, &err) != 0) {
        snprintf(outcome->msg, sizeof(outcome->msg), "%.255s", err.msg);
        _exit(9);
    }
    syscalls.on = true;
    for (int op = 0; op < OPS; op++) {
        key_of_op(key, run, op);
        if (op == 2) { /* enough to seal a group now and then */
            log_batch_new(ledger, &batch, NULL);
            scratch_add(batch, (uint64_t)run * 1000, (uint64_t)run * 1000 + 40, true, NULL);
            log_batch_set_cursor(batch, "src", bytes_of(key), NULL);
            outcome->rc[op] = log_batch_commit(batch, NULL, NULL, NULL, &err);
            log_batch_free(batch);
        } else if (op == 4) {
            outcome->rc[op] = log_key_rotate(ledger, "user:test", "a test", NULL, &err);
        } else if (op == 6) {
            outcome->rc[op] = log_artifact_put(ledger, large, id, &size, &err);
        } else {
            outcome->rc[op] = scratch_try(ledger, (uint64_t)run, key, NULL, &err);
        }
    }
    log_close(ledger);
}

/* A caller without an acknowledgement tries again, with everything in one batch: each event is returned as present or as
 * new. */
static void check_append(long run, long n, const struct plan *plan) {
    static const int ops[] = {0, 1, 2, 3, 5, 7}; /* those with a key */
    struct log_receipt r[6];
    struct log_batch *batch;
    char key[64];
    scratch_open(&s);
    must(log_batch_new(s.ledger, &batch, &why));
    for (size_t i = 0; i < 6; i++) {
        struct log_draft draft = scratch_draft("run.step", "run/1", bytes_of(NULL));
        key_of_op(key, run, ops[i]);
        if (ops[i] == 2) {
            snprintf(key, sizeof(key), "key-%llu", (unsigned long long)run * 1000 + 39);
        }
        draft.key = bytes_of(key);
        must(log_batch_add(batch, &draft, &why));
    }
    must(log_batch_commit(batch, r, NULL, NULL, &why));
    log_batch_free(batch);
    for (size_t i = 0; i < 6; i++) {
        int rc = outcome->rc[ops[i]];
        if ((rc != 0 && rc != ERR_IO && rc != ERR_FULL) || (rc == 0 && !r[i].duplicate) ||
            (rc == ERR_FULL && r[i].duplicate)) {
            fail_msg("%s at call %ld: operation %d gave %s, and its event is %s", plan->name, n, ops[i], err_name(rc),
                     r[i].duplicate ? "there" : "not there");
        }
    }
    for (int op = 4; op <= 6; op += 2) {
        assert_true(outcome->rc[op] == 0 || outcome->rc[op] == ERR_IO || outcome->rc[op] == ERR_FULL);
    }
    scratch_verify_good(s.ledger);
    scratch_close(&s);
}

static void no_failing_call_gives_a_false_word_about_an_append(void **state) {
    static uint8_t large[200000];
    long run = 1;
    scratch_close(&s);
    for (size_t p = 0; p < PLANS; p++) {
        long n = 1;
        for (;; n++) {
            if (n % SMALL == 1) { /* a small ledger verifies quickly */
                finish(state);
                start(state);
                scratch_close(&s);
            }
            scratch_write(scratch_at(&s, "large"), (struct bytes){large, sizeof(large)});
            if (!fails_at(n, &plans[p], append_all, run)) break;
            check_append(run++, n, &plans[p]);
            large[0]++; /* another artifact each time */
        }
        check_append(run++, n, &plans[p]);
        for (int op = 0; op < OPS; op++) {
            assert_int_equal(outcome->rc[op], 0);
        }
        print_message("%s: %ld calls\n", plans[p].name, n - 1);
        assert_true(n > 30);
    }
    scratch_open(&s);
}

/* ---- creating, copying, restoring ---- */

static void make_one(long run) {
    const struct log_create_options o = {.origin = "example.org/fresh", .actor = "user:test", .map_bytes = 4 << 20};
    struct err err = {0};
    (void)run;
    const char *fresh = scratch_at(&s, "fresh");
    syscalls.on = true;
    outcome->rc[0] = log_create(fresh, &o, &err);
    snprintf(outcome->msg, sizeof(outcome->msg), "%.255s", err.msg);
}

static void copy_one(long run) {
    struct ledger *ledger;
    struct err err = {0};
    (void)run;
    const char *fresh = scratch_at(&s, "fresh");
    if (log_open(s.dir, NULL, &ledger, &err) != 0) {
        _exit(9);
    }
    syscalls.on = true;
    outcome->rc[0] = log_backup(ledger, fresh, &err);
    snprintf(outcome->msg, sizeof(outcome->msg), "%.255s", err.msg);
    log_close(ledger);
}

static void restore_one(long run) {
    struct err err = {0};
    (void)run;
    const char *fresh = scratch_at(&s, "fresh");
    struct log_restore_options o = {
        .actor = "user:test", .reason = "a test", .log_key = scratch_at(&s, "box/keys/log.key")};
    syscalls.on = true;
    outcome->rc[0] = log_restore(scratch_at(&s, "copy"), fresh, &o, &err);
    snprintf(outcome->msg, sizeof(outcome->msg), "%.255s", err.msg);
}

/* It exists completely or not at all, and nothing else is left. (A failed removal of an unfinished one leaves it: unlink is
 * among the calls that fail for good.) */
static void there_or_not(const struct plan *plan, long n) {
    struct ledger *fresh;
    char command[700];
    int rc = log_open(scratch_at(&s, "fresh"), NULL, &fresh, &why);
    if ((outcome->rc[0] == 0) != (rc == 0) && outcome->rc[0] != ERR_IO) {
        fail_msg("%s at call %ld: gave %s '%s', and it opens with %s '%s'", plan->name, n, err_name(outcome->rc[0]),
                 outcome->msg, err_name(rc), why.msg);
    }
    if (rc == 0) {
        scratch_verify_good(fresh);
        log_close(fresh);
    }
    snprintf(command, sizeof(command), "ls -d '%s'/fresh.* >/dev/null 2>&1", s.top);
    if (!plan->forever && system(command) == 0) {
        fail_msg("%s at call %ld: something is left", plan->name, n);
    }
    snprintf(command, sizeof(command), "rm -rf '%s'/fresh*", s.top);
    assert_int_equal(system(command), 0);
}

static void sweep(void (*work)(long run), long at_least) {
    scratch_close(&s);
    for (size_t p = 0; p < PLANS; p++) {
        long n = 1;
        for (; fails_at(n, &plans[p], work, n); n++) {
            there_or_not(&plans[p], n);
        }
        assert_int_equal(outcome->rc[0], 0);
        there_or_not(&plans[p], n);
        assert_true(n > at_least);
    }
    scratch_open(&s);
}

static void no_failing_call_leaves_half_a_ledger(void **state) {
    (void)state;
    sweep(make_one, 15);
}

static void no_failing_call_leaves_half_a_backup(void **state) {
    static uint8_t large[100000];
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    (void)state;
    scratch_fill(&s, 0, 300, true);
    scratch_write(scratch_at(&s, "large"), (struct bytes){large, sizeof(large)});
    must(log_artifact_put(s.ledger, scratch_at(&s, "large"), id, &size, &why));
    sweep(copy_one, 5);
}

static void no_failing_call_leaves_half_a_restored_ledger(void **state) {
    (void)state;
    scratch_fill(&s, 0, 300, true);
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    sweep(restore_one, 15);
}

int main(void) {
    scratch_in_memory(); /* some thousand commits, each synced */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_failing_call_gives_a_false_word_about_an_append, start, finish),
        cmocka_unit_test_setup_teardown(no_failing_call_leaves_half_a_ledger, start, finish),
        cmocka_unit_test_setup_teardown(no_failing_call_leaves_half_a_backup, start, finish),
        cmocka_unit_test_setup_teardown(no_failing_call_leaves_half_a_restored_ledger, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
