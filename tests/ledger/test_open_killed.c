/* A process is stopped at each of its system calls while it opens a ledger, and between those where LMDB creates its
 * mutexes, and is killed there; two others append meanwhile. Every receipt they return belongs to a stored event, no
 * process waits for a lock that nobody holds, and the ledger verifies. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>

#include "tests/ledger/scratch.h"

#define WAITERS    2
#define MEANWHILE  15   /* ms in which processes that do not wait for the stopped one usually finish */
#define PATIENCE_S 60   /* how long no process waits for an abandoned lock */
#define CALLS_MAX  5000 /* of one process */

/* Between the two mutexes, and before and after them: system calls, for the process to be stopped at. */
__attribute__((visibility("default"))) int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr) {
    static int (*made)(pthread_mutex_t *, const pthread_mutexattr_t *);
    int shared = PTHREAD_PROCESS_PRIVATE;
    if (attr != NULL) {
        pthread_mutexattr_getpshared(attr, &shared);
    }
    if (made == NULL) {
        *(void **)&made = dlsym(RTLD_NEXT, "pthread_mutex_init");
    }
    if (shared == PTHREAD_PROCESS_SHARED) {
        syscall(SYS_getppid);
    }
    int rc = made(mutex, attr);
    if (shared == PTHREAD_PROCESS_SHARED) {
        syscall(SYS_getppid);
    }
    return rc;
}

static struct scratch s;

static int append_one(struct ledger *ledger, struct log_receipt *ret, struct err *err) {
    return scratch_try(ledger, (unsigned)getpid(), NULL, ret, err);
}

static int do_read(struct ledger *ledger, struct err *err) {
    struct log_head head;
    return log_head(ledger, &head, err);
}

static int do_append(struct ledger *ledger, struct err *err) {
    struct log_receipt receipt;
    return append_one(ledger, &receipt, err);
}

static int do_rotate(struct ledger *ledger, struct err *err) {
    return log_key_rotate(ledger, "user:test", "a test", NULL, err);
}

struct work {
    bool read_only;
    int (*run)(struct ledger *ledger, struct err *err);
};

static pid_t start_traced(const struct work *work) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct ledger *ledger;
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        int rc = log_open(s.dir, &(struct log_open_options){.read_only = work->read_only}, &ledger, NULL);
        if (rc == 0) rc = work->run(ledger, NULL);
        _exit(rc == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)PTRACE_O_TRACESYSGOOD), 0);
    return pid;
}

/* Up to its n-th system call (from 1), before the kernel has executed it. false: it exited before. */
static bool step_to(pid_t pid, int n) {
    for (int stops = 0; stops < 2 * n - 1;) { /* one on entry, one on exit */
        int status;
        assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            return false;
        }
        assert_true(WIFSTOPPED(status));
        stops += WSTOPSIG(status) == (SIGTRAP | 0x80) ? 1 : 0;
    }
    return true;
}

struct waiter {
    pid_t pid;
    int fd;
};

struct said {
    int rc;
    struct log_receipt receipt;
    char msg[200];
};

static struct waiter start_waiter(void) {
    struct waiter w;
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    w.pid = fork();
    w.fd = fd[0];
    assert_true(w.pid >= 0);
    if (w.pid == 0) {
        struct said said = {0};
        struct ledger *ledger;
        struct err err = {0};
        said.rc = log_open(s.dir, NULL, &ledger, &err);
        said.rc = said.rc != 0 ? said.rc : append_one(ledger, &said.receipt, &err);
        snprintf(said.msg, sizeof(said.msg), "%.199s", err.msg);
        _exit(write(fd[1], &said, sizeof(said)) == (ssize_t)sizeof(said) ? 0 : 1);
    }
    close(fd[1]);
    return w;
}

static bool is_done(const struct waiter *w, int ms) {
    struct pollfd in = {.fd = w->fd, .events = POLLIN};
    return poll(&in, 1, ms) == 1;
}

/* Its receipt must belong to a stored event. */
static void check_receipt(struct waiter *w, int call) {
    struct said said;
    struct log_reader *reader;
    struct log_event event;
    int status;
    if (!is_done(w, PATIENCE_S * 1000)) {
        kill(w->pid, SIGKILL);
        fail_msg("killed at call %d: who came later waits for ever", call);
    }
    assert_int_equal(read(w->fd, &said, sizeof(said)), sizeof(said));
    close(w->fd);
    assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
    if (said.rc != 0) {
        fail_msg("killed at call %d: %s: %s", call, err_name(said.rc), said.msg);
    }
    must(log_reader_open(s.ledger, said.receipt.seq, said.receipt.seq + 1, &reader, &why));
    if (log_reader_next(reader, &event, &why) != 0 || memcmp(event.leaf, said.receipt.leaf, LOG_HASH) != 0) {
        fail_msg("killed at call %d: the acknowledged event %llu is lost", call, (unsigned long long)said.receipt.seq);
    }
    log_reader_close(reader);
}

/* false: the process has fewer system calls than that. */
static bool kill_at(const struct work *work, int call) {
    struct waiter waiters[WAITERS];
    int status;
    pid_t pid = start_traced(work);
    bool stopped = step_to(pid, call);
    if (!stopped) return false;
    for (int i = 0; i < WAITERS; i++) {
        waiters[i] = start_waiter();
    }
    is_done(&waiters[0], MEANWHILE);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    scratch_open(&s);
    for (int i = 0; i < WAITERS; i++) {
        check_receipt(&waiters[i], call);
    }
    must(do_append(s.ledger, &why));
    scratch_close(&s);
    return true;
}

/* So that every call occurs with the newest commit in one of the two meta pages, and with it in the other. */
static void make_parity(unsigned parity) {
    struct log_head head;
    scratch_open(&s);
    must(log_head(s.ledger, &head, &why));
    if (head.size % 2 != parity) {
        must(do_append(s.ledger, &why));
    }
    scratch_close(&s);
}

static void sweep(const struct work *work, unsigned parities) {
    int call = 1;
    bool more = true;
    scratch_in_memory();
    scratch_new(&s, 0);
    scratch_close(&s);
    for (; more && call < CALLS_MAX; call++) {
        for (unsigned parity = 0; more && parity < parities; parity++) {
            if (parities > 1) {
                make_parity(parity);
            }
            more = kill_at(work, call);
        }
    }
    assert_true(call > 30 && call < CALLS_MAX);
    scratch_open(&s);
    scratch_verify_good(s.ledger);
    scratch_done(&s);
}

static void a_reader_killed_while_it_opens_takes_nothing_with_it(void **state) {
    (void)state;
    sweep(&(struct work){.read_only = true, .run = do_read}, 2);
}

static void a_writer_killed_while_it_opens_takes_nothing_with_it(void **state) {
    (void)state;
    sweep(&(struct work){.run = do_append}, 2);
}

static void a_rotation_killed_anywhere_takes_nothing_with_it(void **state) {
    (void)state;
    sweep(&(struct work){.run = do_rotate}, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_killed_while_it_opens_takes_nothing_with_it),
        cmocka_unit_test(a_writer_killed_while_it_opens_takes_nothing_with_it),
        cmocka_unit_test(a_rotation_killed_anywhere_takes_nothing_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
