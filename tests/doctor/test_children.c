/* Probes that hang, crash, leave, write garbage, write for ever, leave others behind, close their pipe or fail in words: each
 * ends as documented, at its limit at the latest, and leaves no process behind. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mp.h"
#include "base/text.h"
#include "doctor/round/children.h"

#define LONG_MS  60000
#define SHORT_MS 60

static int pids[2]; /* a pipe: the grandchildren's numbers */

static void say(struct probe_out *out, const char *target) {
    struct probe_check check = PROBE_CHECK("thing", "ok");
    check.target = target;
    probe_say(out, &check);
}

static int look_well(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)err;
    say(out, "one");
    say(out, "two");
    return 0;
}

static int look_hang(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)err;
    say(out, "one");
    for (int woken = 0; woken <= 0;) {
        woken = pause();
    }
    return 0;
}

static int look_crash(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)err;
    say(out, "one");
    raise(SIGSEGV);
    return 0;
}

static int look_leave(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)out;
    (void)err;
    _exit(0);
}

static int look_fail(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    say(out, "one");
    return err_set(err, ERR_IO, "the device says \"no\"\n\x1b[31m and \xff");
}

static int look_fail_long(const struct probe_box *box, struct probe_out *out, struct err *err) {
    char text[900];
    (void)box;
    (void)out;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i + 2 < sizeof(text); i += 2) {
        memcpy(text + i, "\xc3\xa9", 2);
    }
    text[sizeof(text) - 1] = '\0';
    return err_set(err, ERR_IO, "x%s%s", text, text);
}

static int look_talk(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)err;
    for (;;) {
        say(out, "again");
        if (out->bytes.fail != 0) return 0; /* the child itself says that it is too much */
    }
}

/* The descriptor that a child writes to: the newest one it has. */
static int own_pipe(void) {
    for (int fd = 255; fd > 2; fd--) {
        if (fd != pids[0] && fd != pids[1] && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) return fd;
    }
    return -1;
}

static int look_garbage(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)out;
    (void)err;
    if (write(own_pipe(), "\xc1garbage", 8) != 8) _exit(9);
    _exit(0);
}

static int look_other(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)err;
    mp_put_array(&out->bytes, 2);
    mp_put_map(&out->bytes, 1);
    mp_put_str(&out->bytes, bytes_of("unheard_of"));
    mp_put_nil(&out->bytes);
    mp_put_map(&out->bytes, 0);
    return 0;
}

static int look_goes_on(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)err;
    mp_put_nil(&out->bytes);
    say(out, "after the end");
    return 0;
}

static int look_flood(const struct probe_box *box, struct probe_out *out, struct err *err) {
    static const char piece[4096];
    int fd = own_pipe();
    (void)box;
    (void)out;
    (void)err;
    while (write(fd, piece, sizeof(piece)) >= 0 || errno == EINTR) {
    }
    _exit(0);
}

static int look_close(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    say(out, "one");
    mp_put_nil(&out->bytes);
    if (write(own_pipe(), out->bytes.p, out->bytes.n) != (ssize_t)out->bytes.n) _exit(9);
    close(own_pipe());
    return look_hang(box, out, err);
}

/* Its number goes to the test; it ignores what asks it to end, and keeps the pipe open. */
static void leave_one_behind(bool own_group) {
    pid_t pid = fork();
    if (pid == 0) {
        if (own_group) setsid();
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        for (;;) {
            pause();
        }
    }
    if (pid < 0 || write(pids[1], &pid, sizeof(pid)) != (ssize_t)sizeof(pid)) _exit(9);
}

static int look_fork(const struct probe_box *box, struct probe_out *out, struct err *err) {
    leave_one_behind(false);
    return look_well(box, out, err);
}

static int look_fork_and_hang(const struct probe_box *box, struct probe_out *out, struct err *err) {
    leave_one_behind(false);
    return look_hang(box, out, err);
}

static int look_fork_a_group_and_hang(const struct probe_box *box, struct probe_out *out, struct err *err) {
    leave_one_behind(true);
    leave_one_behind(true);
    return look_hang(box, out, err);
}

/* ---- running them ---- */

static struct child start(int (*look)(const struct probe_box *, struct probe_out *, struct err *), struct probe *probe,
                          unsigned limit_ms) {
    static const struct probe_box box = {.dir = "/nowhere", .root = "/"};
    struct child child = {0};
    struct err err = {0};
    *probe = (struct probe){.name = "made-up", .clauses = "", .limit_ms = limit_ms, .help = "", .look = look};
    assert_int_equal(child_start(&child, probe, &box, &err), 0);
    return child;
}

/* Every process of the test is its child or, as it is their subreaper, becomes one. */
static void no_process_is_left(void) {
    while (waitpid(-1, NULL, 0) > 0) {
    }
    assert_int_equal(errno, ECHILD);
}

static void runs(int (*look)(const struct probe_box *, struct probe_out *, struct err *), unsigned limit_ms,
                 enum child_end end, const char *why, size_t records) {
    struct probe probe;
    struct child child = start(look, &probe, limit_ms);
    children_wait(&child, 1, NULL, NULL, NULL);
    if (child.end != end || strstr(child.why, why) == NULL) {
        fail_msg("it ended as %s (%s), not as %s (%s)", child_words[child.end], child.why, child_words[end], why);
    }
    struct bytes rest = bytes_of_buf(&child.said);
    struct probe_record record;
    struct err err = {0};
    size_t n = 0;
    while (probe_read(&rest, &record, &err) == 0) {
        n++;
    }
    assert_int_equal(rest.n, 0);
    assert_int_equal(n, records);
    assert_int_equal(child.pid, 0);
    assert_int_equal(child.fd, -1);
    child_done(&child);
    no_process_is_left();
}

static void what_a_probe_says_arrives_whole(void **state) {
    (void)state;
    runs(look_well, LONG_MS, CHILD_OK, "", 2);
}

static void one_that_hangs_ends_at_its_limit(void **state) {
    (void)state;
    runs(look_hang, SHORT_MS, CHILD_TIMEOUT, "it had not ended after 60 ms", 0);
}

static void one_that_crashes_is_told_by_its_signal(void **state) {
    (void)state;
    runs(look_crash, LONG_MS, CHILD_CRASHED, "SIGSEGV", 0);
}

static void one_that_leaves_early_has_crashed(void **state) {
    (void)state;
    runs(look_leave, LONG_MS, CHILD_CRASHED, "it ended before it had said everything", 0);
}

static void one_that_fails_says_why_in_its_own_words(void **state) {
    (void)state;
    runs(look_fail, LONG_MS, CHILD_FAILED, "the device says \"no\"\\n\\x1b[31m and \\xff", 0);
    runs(look_fail_long, LONG_MS, CHILD_FAILED, "x\xc3\xa9\xc3\xa9", 0);
}

static void words_are_cut_between_characters(void **state) {
    struct probe probe;
    struct child child = start(look_fail_long, &probe, LONG_MS);
    (void)state;
    children_wait(&child, 1, NULL, NULL, NULL);
    size_t n = strlen(child.why);
    assert_true(n > PROBE_WORDS_MAX - 40 && n < PROBE_WORDS_MAX);
    assert_int_equal(text_utf8_valid((const uint8_t *)child.why, n), n);
    child_done(&child);
    no_process_is_left();
}

static void what_is_no_record_is_garbage(void **state) {
    (void)state;
    runs(look_garbage, LONG_MS, CHILD_GARBAGE, "", 0);
    runs(look_other, LONG_MS, CHILD_GARBAGE, "an unknown field in a record", 0);
    runs(look_goes_on, LONG_MS, CHILD_GARBAGE, "something follows its last record", 0);
}

static void one_that_writes_for_ever_is_ended(void **state) {
    (void)state;
    runs(look_flood, LONG_MS, CHILD_GARBAGE, "it says too much", 0);
    runs(look_talk, LONG_MS, CHILD_FAILED, "what the probe says", 0);
}

static void one_that_closes_its_pipe_and_hangs_ends_at_its_limit(void **state) {
    (void)state;
    runs(look_close, SHORT_MS, CHILD_TIMEOUT, "it had not ended after 60 ms", 0);
}

static void gone(void) {
    pid_t pid = 0;
    assert_int_equal(read(pids[0], &pid, sizeof(pid)), sizeof(pid));
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void what_a_probe_leaves_behind_ends_with_it(void **state) {
    (void)state;
    runs(look_fork, LONG_MS, CHILD_OK, "", 2); /* although the other one holds the pipe */
    gone();
    runs(look_fork_and_hang, SHORT_MS, CHILD_TIMEOUT, "", 0);
    gone();
    runs(look_fork_a_group_and_hang, SHORT_MS, CHILD_TIMEOUT, "", 0);
    gone();
    gone();
}

static void several_end_each_in_its_own_way(void **state) {
    static int (*const looks[])(const struct probe_box *, struct probe_out *,
                                struct err *) = {look_hang,  look_well, look_crash, look_garbage, look_flood,
                                                 look_leave, look_fail, look_well,  look_close,   look_fork};
    static const enum child_end ends[] = {CHILD_TIMEOUT, CHILD_OK,     CHILD_CRASHED, CHILD_GARBAGE, CHILD_GARBAGE,
                                          CHILD_CRASHED, CHILD_FAILED, CHILD_OK,      CHILD_TIMEOUT, CHILD_OK};
    enum { N = sizeof(looks) / sizeof(looks[0]) };
    struct child children[N];
    struct probe probes[N];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        children[i] = start(looks[i], &probes[i], ends[i] == CHILD_TIMEOUT ? SHORT_MS : LONG_MS);
    }
    children_wait(children, N, NULL, NULL, NULL);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(children[i].end, ends[i]);
        child_done(&children[i]);
    }
    no_process_is_left();
    gone();
}

static volatile int stop;

static void on_progress(void *ctx, uint64_t done, uint64_t total) {
    size_t *calls = ctx;
    assert_true(done <= total && total == 2);
    ++*calls;
    stop = done == 1; /* the other one hangs */
}

static void the_caller_stops_those_that_go_on(void **state) {
    struct probe probes[2];
    struct child children[2] = {start(look_well, &probes[0], LONG_MS), start(look_hang, &probes[1], LONG_MS)};
    size_t calls = 0;
    (void)state;
    stop = 0;
    children_wait(children, 2, &stop, on_progress, &calls);
    assert_int_equal(children[0].end, CHILD_OK);
    assert_int_equal(children[1].end, CHILD_STOPPED);
    assert_true(calls >= 2);
    child_done(&children[0]);
    child_done(&children[1]);
    no_process_is_left();
    stop = 1; /* before it began */
    children[0] = start(look_hang, &probes[0], LONG_MS);
    children_wait(children, 1, &stop, NULL, NULL);
    assert_int_equal(children[0].end, CHILD_STOPPED);
    child_done(&children[0]);
    no_process_is_left();
}

static void none_is_waited_for_when_there_is_none(void **state) {
    (void)state;
    children_wait(NULL, 0, NULL, NULL, NULL);
}

/* A process between starts the probe, and is killed. */
static void a_probe_dies_with_the_one_that_started_it(void **state) {
    pid_t between = fork(), probe_pid = 0;
    (void)state;
    assert_true(between >= 0);
    if (between == 0) {
        struct probe probe;
        struct child child = start(look_hang, &probe, LONG_MS);
        if (write(pids[1], &child.pid, sizeof(child.pid)) != (ssize_t)sizeof(child.pid)) _exit(9);
        children_wait(&child, 1, NULL, NULL, NULL);
        _exit(0);
    }
    assert_int_equal(read(pids[0], &probe_pid, sizeof(probe_pid)), sizeof(probe_pid));
    kill(between, SIGKILL);
    no_process_is_left(); /* would wait for a probe that lives on */
    assert_int_equal(kill(probe_pid, 0), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_probe_says_arrives_whole),
        cmocka_unit_test(one_that_hangs_ends_at_its_limit),
        cmocka_unit_test(one_that_crashes_is_told_by_its_signal),
        cmocka_unit_test(one_that_leaves_early_has_crashed),
        cmocka_unit_test(one_that_fails_says_why_in_its_own_words),
        cmocka_unit_test(words_are_cut_between_characters),
        cmocka_unit_test(what_is_no_record_is_garbage),
        cmocka_unit_test(one_that_writes_for_ever_is_ended),
        cmocka_unit_test(one_that_closes_its_pipe_and_hangs_ends_at_its_limit),
        cmocka_unit_test(what_a_probe_leaves_behind_ends_with_it),
        cmocka_unit_test(several_end_each_in_its_own_way),
        cmocka_unit_test(the_caller_stops_those_that_go_on),
        cmocka_unit_test(none_is_waited_for_when_there_is_none),
        cmocka_unit_test(a_probe_dies_with_the_one_that_started_it),
    };
    if (pipe2(pids, O_CLOEXEC) != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
