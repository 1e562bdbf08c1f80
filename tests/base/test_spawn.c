/* Programs of the host: no shell, a fixed environment, bounded in time and output. */
#include "base/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

static int ask(const char *const *argv, uint64_t limit_ns, bool errors, struct buf *out, int *ret_status, struct err *err) {
    const struct spawn spawn = {.argv = argv, .limit_ns = limit_ns, .errors = errors};
    return spawn_run(&spawn, out, ret_status, err);
}

static int shell(const char *script, bool errors, struct buf *out, int *ret_status, struct err *err) {
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    return ask(argv, 600 * CLOCK_NS_PER_S, errors, out, ret_status, err);
}

static void is(struct buf *out, const char *want) {
    assert_true(bytes_is(bytes_of_buf(out), want));
    buf_done(out);
}

static void arguments_are_words_and_no_shell_reads_them(void **state) {
    (void)state;
    const char *const argv[] = {"/usr/bin/printf", "%s|", "a b", "$(id)", "*", "'", "", NULL};
    struct buf out = {.max = 4096};
    int status = -1;
    assert_int_equal(ask(argv, CLOCK_NS_PER_S * 600, false, &out, &status, NULL), 0);
    assert_int_equal(status, 0);
    is(&out, "a b|$(id)|*|'||");
}

static void nothing_is_inherited_and_nothing_can_be_read(void **state) {
    (void)state;
    struct buf out = {.max = 4096};
    int status = -1;
    setenv("SPAWN_TEST", "secret", 1);
    int open_one = dup(1); /* not closed by exec */
    assert_true(open_one > 2);
    assert_int_equal(shell("echo $SPAWN_TEST-$PATH-$LC_ALL; cat; ls /proc/self/fd | wc -l", false, &out, &status, NULL), 0);
    close(open_one);
    is(&out, "-" SPAWN_PATH "-C\n4\n"); /* 0 to 2, and the directory that ls reads */
}

static void the_exit_code_and_the_signal_are_told(void **state) {
    (void)state;
    struct buf out = {.max = 4096};
    int status = -1;
    assert_int_equal(shell("echo no >&2; exit 3", false, &out, &status, NULL), 0);
    assert_int_equal(status, 3);
    is(&out, "");
    assert_int_equal(shell("echo no >&2; exit 3", true, &out, &status, NULL), 0);
    is(&out, "no\n");
    assert_int_equal(shell("kill -9 $$", false, &out, &status, NULL), 0);
    assert_int_equal(status, 128 + 9);
    buf_done(&out);
}

static void what_takes_too_long_is_killed_with_all_that_it_started(void **state) {
    (void)state;
    const char *const argv[] = {"/bin/sh", "-c", "sleep 1000 & echo $!; exit 0", NULL};
    struct buf out = {.max = 4096};
    struct err err = {0};
    int status = -1;
    assert_int_equal(ask(argv, CLOCK_NS_PER_S, false, &out, &status, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "'/bin/sh' did not end within 1 s");
    assert_int_equal(status, -1);
    buf_done(&out);
}

static void too_much_output_ends_it(void **state) {
    (void)state;
    struct buf out = {.max = 10000};
    struct err err = {0};
    int status = -1;
    assert_int_equal(shell("yes", false, &out, &status, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "'/bin/sh' printed more than 10000 bytes");
    buf_done(&out);
}

static void what_cannot_be_started_is_named(void **state) {
    (void)state;
    const char *const argv[] = {"/nonexistent/program", NULL};
    struct buf out = {.max = 4096};
    struct err err = {0};
    int status = -1;
    assert_int_equal(ask(argv, CLOCK_NS_PER_S, false, &out, &status, &err), ERR_IO);
    assert_string_equal(err.msg, "cannot start '/nonexistent/program': No such file or directory");
    buf_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_words_and_no_shell_reads_them),
        cmocka_unit_test(nothing_is_inherited_and_nothing_can_be_read),
        cmocka_unit_test(the_exit_code_and_the_signal_are_told),
        cmocka_unit_test(what_takes_too_long_is_killed_with_all_that_it_started),
        cmocka_unit_test(too_much_output_ends_it),
        cmocka_unit_test(what_cannot_be_started_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
