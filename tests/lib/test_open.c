/* Opening a ledger from a program that does what programs do: it changes its directory, forks, runs out of descriptors; and
 * from a directory whose files are not what they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ledger/ledger.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

static char top[256], dir[300], before[FILE_PATH_MAX];
static struct ledger *ledger;
static struct ledger_error error;

#define must(call)                                                                                                         \
    do {                                                                                                                   \
        int rc_ = (call);                                                                                                  \
        if (rc_ != 0) {                                                                                                    \
            fail_msg("%s: %s: %s", #call, ledger_error_name(rc_), error.message);                                          \
        }                                                                                                                  \
    } while (0)
#define must_fail(call, want, words)                                                                                       \
    do {                                                                                                                   \
        error = (struct ledger_error)LEDGER_ERROR_INIT;                                                                    \
        int rc_ = (call);                                                                                                  \
        if (rc_ != (want) || error.code != (want) || strstr(error.message, (words)) == NULL) {                             \
            fail_msg("%s: %s: '%s', wanted '%s'", #call, ledger_error_name(rc_), error.message, (words));                  \
        }                                                                                                                  \
    } while (0)

static int setup(void **state) {
    struct ledger_create_options o = LEDGER_CREATE_OPTIONS_INIT;
    const char *tmp = getenv("TMPDIR");
    (void)state;
    snprintf(top, sizeof(top), "%.200s/ledger-test-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    assert_non_null(mkdtemp(top));
    assert_non_null(getcwd(before, sizeof(before)));
    snprintf(dir, sizeof(dir), "%s/box", top);
    o.origin = "example.org/box-1";
    o.map_bytes = (uint64_t)64 << 20;
    must(ledger_create(dir, &o, &error));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    ledger_close(ledger);
    ledger = NULL;
    assert_int_equal(chdir(before), 0);
    return file_remove_tree(top, NULL);
}

static int note(void) {
    return ledger_append_json(ledger, "x.test.note", "thing/1", "user:test", NULL, NULL, NULL, &error);
}

static const char *in_dir(const char *name) {
    static char path[FILE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

/* ---- the host's directory ---- */

static void a_ledger_that_was_opened_by_a_relative_path_stays_where_it_is(void **state) {
    char other[300], id[LEDGER_ARTIFACT_ID];
    (void)state;
    snprintf(other, sizeof(other), "%s/other", top);
    must(mkdir(other, 0700));
    must(chdir(top));
    must(ledger_open("box", NULL, &ledger, &error));
    assert_string_equal(ledger_dir(ledger), dir);
    must(chdir(other));
    must(note());
    must(ledger_key_rotate(ledger, "user:test", "scheduled", NULL, &error));
    must(note());
    must(ledger_artifact_put(ledger, in_dir("head"), id, NULL, &error));
    must(rmdir(other)); /* which is empty */
}

/* ---- forks ---- */

#define CHECK(condition)                                                                                                   \
    do {                                                                                                                   \
        if (!(condition)) return __LINE__ % 250 + 1;                                                                       \
    } while (0)

/* What the child of a host does; not 0: the line that failed. */
static int be_child(void) {
    struct ledger *own = NULL;
    struct ledger_head head;
    const char *words = "was opened before this process was forked";
    CHECK(note() == LEDGER_ERR_INVALID && strstr(error.message, words) != NULL);
    CHECK(ledger_get_head(ledger, &head, &error) == LEDGER_ERR_INVALID && strstr(error.message, words) != NULL);
    CHECK(ledger_open(dir, NULL, &own, &error) == 0);
    ledger_close(ledger);
    ledger = own;
    CHECK(note() == 0);
    CHECK(ledger_get_head(ledger, &head, &error) == 0 && head.events == 3);
    CHECK(ledger_open(dir, NULL, &own, &error) == LEDGER_ERR_BUSY);
    ledger_close(ledger);
    return 0;
}

static void a_child_opens_the_ledger_again_while_its_parent_has_it_open(void **state) {
    struct ledger_reader *reader;
    const struct ledger_event *event;
    struct ledger_head head;
    int status = 0;
    (void)state;
    must(ledger_open(dir, NULL, &ledger, &error));
    must(note());
    must(ledger_reader_open(ledger, 0, LEDGER_NO_SEQ, &reader, &error));
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        _exit(be_child());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    must(ledger_reader_next(reader, &event, &error));
    ledger_reader_close(reader);
    must(note());
    must(ledger_get_head(ledger, &head, &error));
    assert_int_equal(head.events, 4);
    must_fail(ledger_open(dir, NULL, &(struct ledger *){NULL}, &error), LEDGER_ERR_BUSY, "open in this process already");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_ledger_that_was_opened_by_a_relative_path_stays_where_it_is),
        TEST(a_child_opens_the_ledger_again_while_its_parent_has_it_open),
    };
    return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
