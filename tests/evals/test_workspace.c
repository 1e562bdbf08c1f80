/* Where samples are while they run, and what killed evaluations left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "evals/run/workspace.h"

static int setup(void **state) {
    static char dir[64];
    snprintf(dir, sizeof(dir), "/tmp/ledger-workspace-XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(setenv("TMPDIR", dir, 1), 0);
    *state = dir;
    return 0;
}

static int teardown(void **state) {
    return file_remove_tree(*state, NULL);
}

static void open_one(struct run_workspace *w) {
    struct err err = {0};
    if (run_workspace_open(w, &err) != 0) fail_msg("%s", err.msg);
}

static void every_sample_has_its_own_directory_and_all_go_in_the_end(void **state) {
    struct run_workspace w;
    char one[FILE_PATH_MAX], two[FILE_PATH_MAX];
    struct stat st;
    (void)state;
    open_one(&w);
    assert_int_equal(run_workspace_sample(&w, one, NULL), 0);
    assert_int_equal(run_workspace_sample(&w, two, NULL), 0);
    assert_string_not_equal(one, two);
    assert_int_equal(stat(two, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    run_workspace_drop(one);
    assert_false(file_exists(one));
    char all[FILE_PATH_MAX];
    memcpy(all, w.path, sizeof(all));
    run_workspace_close(&w);
    assert_false(file_exists(all));
}

/* What a killed process left: *ret is its path. */
static void leave_one(char ret[FILE_PATH_MAX]) {
    int pipes[2], status;
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct run_workspace w;
        char sample[FILE_PATH_MAX], below[FILE_PATH_MAX + 8];
        int rc = run_workspace_open(&w, NULL);
        if (rc == 0) rc = run_workspace_sample(&w, sample, NULL);
        snprintf(below, sizeof(below), "%s/shut", sample);
        if (rc == 0) rc = mkdir(below, 0) == 0 && chmod(sample, 0) == 0 ? 0 : 1;
        if (write(pipes[1], w.path, sizeof(w.path)) != (ssize_t)sizeof(w.path)) rc = 1;
        _exit(rc == 0 ? 0 : 1);
    }
    assert_int_equal(read(pipes[0], ret, FILE_PATH_MAX), FILE_PATH_MAX);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(pipes[0]);
    close(pipes[1]);
}

static void what_a_killed_evaluation_left_is_removed_by_the_next(void **state) {
    struct run_workspace w;
    char left[FILE_PATH_MAX];
    (void)state;
    leave_one(left);
    assert_true(file_exists(left));
    open_one(&w);
    assert_false(file_exists(left));
    run_workspace_close(&w);
}

static void what_a_living_evaluation_uses_and_what_is_not_known_to_be_dead_stays(void **state) {
    struct run_workspace one, two;
    char other[FILE_PATH_MAX], link_[FILE_PATH_MAX];
    open_one(&one);
    assert_int_equal(file_join(other, *state, "ledger-eval-older", NULL), 0);
    assert_int_equal(mkdir(other, 0700), 0); /* without a lock */
    assert_int_equal(file_join(link_, *state, "ledger-eval-link", NULL), 0);
    assert_int_equal(symlink("/", link_), 0);
    open_one(&two);
    assert_true(file_exists(one.path));
    assert_true(file_exists(other));
    assert_true(file_exists(link_));
    run_workspace_close(&two);
    run_workspace_close(&one);
}

static void another_users_directory_stays(void **state) {
    struct run_workspace w;
    char left[FILE_PATH_MAX];
    (void)state;
    if (geteuid() != 0) skip();
    leave_one(left);
    assert_int_equal(chown(left, 65534, 65534), 0);
    open_one(&w);
    assert_true(file_exists(left));
    run_workspace_close(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_sample_has_its_own_directory_and_all_go_in_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_killed_evaluation_left_is_removed_by_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_living_evaluation_uses_and_what_is_not_known_to_be_dead_stays, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_users_directory_stays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
