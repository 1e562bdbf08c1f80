/* Opening a ledger from a program that does what programs do: it changes its directory, forks, runs out of descriptors; and
 * from a directory whose files are not what they should be. */
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/box.h"

static char before[FILE_PATH_MAX];

static int setup_closed(void **state) {
    (void)state;
    assert_non_null(getcwd(before, sizeof(before)));
    create_box();
    return 0;
}

static int teardown_elsewhere(void **state) {
    assert_int_equal(chdir(before), 0);
    int rc = teardown(state);
    ledger = NULL;
    return rc;
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

/* ---- NULL ---- */

static void a_path_that_is_missing_or_empty_is_refused(void **state) {
    struct ledger_create_options create = LEDGER_CREATE_OPTIONS_INIT;
    struct ledger_restore_options restore = LEDGER_RESTORE_OPTIONS_INIT;
    const struct ledger_bytes none = {NULL, 0}, secret = {(const uint8_t *)"secret", 6};
    struct ledger_trust *trust;
    struct ledger_author *author;
    struct ledger_report *report;
    struct ledger *other;
    char id[LEDGER_ARTIFACT_ID], *vkey;
    static const char *const paths[] = {NULL, ""};
    (void)state;
    must(ledger_open(dir, NULL, &ledger, &error));
    must(ledger_trust_new(&trust, &error));
    create.origin = "example.org/box-2";
    restore.reason = "test";
    restore.log_key = "key";
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const char *path = paths[i];
        must_fail(ledger_create(path, &create, &error), LEDGER_ERR_INVALID, "no directory is given");
        must_fail(ledger_open(path, NULL, &other, &error), LEDGER_ERR_INVALID, "no directory is given");
        must_fail(ledger_verify_isolated(path, NULL, &report, &error), LEDGER_ERR_INVALID, "no directory is given");
        must_fail(ledger_backup(ledger, path, &error), LEDGER_ERR_INVALID, "no directory is given");
        must_fail(ledger_restore(path, dir, &restore, &error), LEDGER_ERR_INVALID, "no backup is given");
        must_fail(ledger_restore(dir, path, &restore, &error), LEDGER_ERR_INVALID, "no directory is given");
        must_fail(ledger_author_load(path, none, &author, &error), LEDGER_ERR_INVALID, "no key file is given");
        must_fail(ledger_author_new(path, "me", none, &vkey, &error), LEDGER_ERR_INVALID, "no key file is given");
        must_fail(ledger_key_backup(ledger, path, secret, &error), LEDGER_ERR_INVALID, "no file is given");
        must_fail(ledger_artifact_put(ledger, path, id, NULL, &error), LEDGER_ERR_INVALID, "no file is given");
        must_fail(ledger_export(ledger, NULL, path, NULL, &error), LEDGER_ERR_INVALID, "no file is given");
        must_fail(ledger_trust_checkpoint(trust, path, &error), LEDGER_ERR_INVALID, "no file is given");
        must_fail(ledger_trust_policy(trust, path, &error), LEDGER_ERR_INVALID, "no file is given");
        must_fail(ledger_trust_file(trust, path, &error), LEDGER_ERR_INVALID, "no file is given");
        must_fail(ledger_trust_authors(trust, path, &error), LEDGER_ERR_INVALID, "no file is given");
    }
    ledger_trust_free(trust);
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

/* ---- files that are not what they should be ---- */

static void put_file(const char *path) {
    static const char text[] = "not to be touched\n";
    must(file_write_durable(path, (struct bytes){(const uint8_t *)text, sizeof(text) - 1}, 0600, NULL));
}

static void check_file(const char *path) {
    struct buf text = {.max = 4096};
    must(file_read(path, &text, NULL));
    assert_true(bytes_is(bytes_of_buf(&text), "not to be touched\n"));
    buf_done(&text);
}

/* In each way of opening. */
static void check_refused(const char *words) {
    struct ledger_open_options reading = LEDGER_OPEN_OPTIONS_INIT;
    struct ledger_report *report;
    reading.read_only = 1;
    alarm(60); /* of a FIFO that nobody writes to */
    must_fail(ledger_open(dir, NULL, &ledger, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_open(dir, &reading, &ledger, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_verify_isolated(dir, NULL, &report, &error), LEDGER_ERR_INVALID, words);
    alarm(0);
}

static void a_database_file_that_is_a_link_is_refused_and_what_it_names_is_untouched(void **state) {
    char victim[300], real[300];
    (void)state;
    snprintf(victim, sizeof(victim), "%s/victim", top);
    snprintf(real, sizeof(real), "%s/data.mdb", top);
    put_file(victim);
    unlink(in_dir("evidence/lock.mdb"));
    must(symlink(victim, in_dir("evidence/lock.mdb")));
    check_refused("evidence/lock.mdb' is a symbolic link, which is not followed");
    must(unlink(in_dir("evidence/lock.mdb")));
    must(rename(in_dir("evidence/data.mdb"), real));
    must(symlink(real, in_dir("evidence/data.mdb")));
    check_refused("evidence/data.mdb' is a symbolic link, which is not followed");
    must(unlink(in_dir("evidence/data.mdb")));
    must(symlink(victim, in_dir("evidence/data.mdb")));
    check_refused("evidence/data.mdb' is a symbolic link, which is not followed");
    check_file(victim);
}

static void a_database_directory_that_is_a_link_is_refused_and_what_it_names_is_untouched(void **state) {
    char real[300], other[300], file[320];
    (void)state;
    snprintf(real, sizeof(real), "%s/evidence", top);
    snprintf(other, sizeof(other), "%s/other", top);
    snprintf(file, sizeof(file), "%s/data.mdb", other);
    must(mkdir(other, 0700));
    put_file(file);
    must(symlink(other, in_dir("evidence.7.old"))); /* looks like the rest of an interrupted erasure */
    must(ledger_open(dir, NULL, &ledger, &error));
    ledger_close(ledger);
    ledger = NULL;
    check_file(file);
    must(rename(in_dir("evidence"), real));
    must(symlink(real, in_dir("evidence")));
    check_refused("evidence' is a symbolic link, which is not followed");
}

static void a_fifo_in_place_of_a_file_is_refused_at_once(void **state) {
    static const char *const names[] = {"evidence/lock.mdb", "evidence/data.mdb"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char words[100], real[300];
        snprintf(words, sizeof(words), "%s' is not a regular file", names[i]);
        snprintf(real, sizeof(real), "%s/real", top);
        bool was = rename(in_dir(names[i]), real) == 0;
        must(mkfifo(in_dir(names[i]), 0600));
        check_refused(words);
        must(unlink(in_dir(names[i])));
        if (was) {
            must(rename(real, in_dir(names[i])));
        }
    }
    must(ledger_open(dir, NULL, &ledger, &error));
}

static void check_pipe(int (*add)(struct ledger_trust *, const char *, struct ledger_error *), const char *path) {
    struct ledger_trust *trust;
    must(ledger_trust_new(&trust, &error));
    alarm(60);
    must_fail(add(trust, path, &error), LEDGER_ERR_INVALID, "' is not a regular file");
    must_fail(add(trust, "/dev/null", &error), LEDGER_ERR_INVALID, "'/dev/null' is not a regular file");
    alarm(0);
    ledger_trust_free(trust);
}

static void a_pipe_is_no_configuration_and_no_file_of_what_is_trusted(void **state) {
    (void)state;
    must(unlink(in_dir("config")));
    must(mkfifo(in_dir("config"), 0600));
    check_refused("config' is not a regular file");
    check_pipe(ledger_trust_checkpoint, in_dir("config"));
    check_pipe(ledger_trust_policy, in_dir("config"));
    check_pipe(ledger_trust_authors, in_dir("config"));
    check_pipe(ledger_trust_file, in_dir("config"));
}

static void an_append_does_not_wait_for_who_reads_a_pipe(void **state) {
    (void)state;
    must(unlink(in_dir("head")));
    must(mkfifo(in_dir("head"), 0600));
    alarm(60);
    must(ledger_open(dir, NULL, &ledger, &error));
    must(note());
    alarm(0);
}

/* ---- what is not to be had ---- */

static int read_without_privileges(void) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
    struct ledger_open_options reading = LEDGER_OPEN_OPTIONS_INIT;
    memset(none, 0, sizeof(none));
    reading.read_only = 1;
    CHECK(syscall(SYS_capset, &head, none) == 0);
    CHECK(ledger_open(dir, &reading, &ledger, &error) == LEDGER_ERR_IO);
    CHECK(strstr(error.message, "lock.mdb' cannot be read and written") != NULL);
    return 0;
}

static void a_file_that_may_not_be_written_is_named_by_who_only_reads(void **state) {
    int status = 0;
    (void)state;
    must(ledger_open(dir, NULL, &ledger, &error));
    ledger_close(ledger);
    ledger = NULL;
    must(chmod(in_dir("evidence/lock.mdb"), 0400));
    pid_t pid = fork();
    if (pid == 0) {
        _exit(read_without_privileges());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* With no more than `left` further descriptors. */
static int open_with(unsigned left) {
    struct rlimit before_, limit;
    int lowest = open("/", O_PATH | O_CLOEXEC);
    must(close(lowest));
    must(getrlimit(RLIMIT_NOFILE, &before_));
    limit = before_;
    limit.rlim_cur = (rlim_t)lowest + left;
    must(setrlimit(RLIMIT_NOFILE, &limit));
    int rc = ledger_open(dir, NULL, &ledger, &error);
    must(setrlimit(RLIMIT_NOFILE, &before_));
    return rc;
}

static void too_few_descriptors_are_not_an_absent_ledger(void **state) {
    int rc = LEDGER_ERR_IO;
    (void)state;
    for (unsigned left = 0; left < 64 && rc != 0; left++) {
        rc = open_with(left);
        if (rc != 0) {
            assert_int_equal(rc, LEDGER_ERR_IO);
            assert_non_null(strstr(error.message, "Too many open files"));
        }
    }
    assert_int_equal(rc, 0);
}

static int ignore(void *ctx, const char *const *names, const struct ledger_value *values, size_t n) {
    (void)ctx, (void)names, (void)values, (void)n;
    return 0;
}

static void sql_works_once_there_are_descriptors_again(void **state) {
    struct rlimit before_, limit;
    struct ledger_sql *sql = NULL;
    (void)state;
    must(ledger_open(dir, NULL, &ledger, &error));
    must(getrlimit(RLIMIT_NOFILE, &before_));
    limit = before_;
    limit.rlim_cur = 0;
    must(setrlimit(RLIMIT_NOFILE, &limit));
    int rc = ledger_sql_open(ledger, NULL, &sql, &error);
    must(setrlimit(RLIMIT_NOFILE, &before_));
    assert_int_equal(rc, LEDGER_ERR_IO);
    assert_non_null(strstr(error.message, "Too many open files"));
    must(ledger_sql_open(ledger, NULL, &sql, &error));
    must(ledger_sql_run(sql, "select count(*) from events", ignore, NULL, &error));
    ledger_sql_close(sql);
}

static void a_map_that_does_not_fit_is_named_with_its_size_and_its_setting(void **state) {
    struct ledger_open_options o = LEDGER_OPEN_OPTIONS_INIT;
    (void)state;
    o.map_bytes = (uint64_t)1 << 60;
    must_fail(ledger_open(dir, &o, &ledger, &error), LEDGER_ERR_NOMEM,
              "no address space for a map of 1152921504606846976 bytes (map_bytes in the ledger's config");
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_closed, teardown_elsewhere)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_ledger_that_was_opened_by_a_relative_path_stays_where_it_is),
        TEST(a_path_that_is_missing_or_empty_is_refused),
        TEST(a_child_opens_the_ledger_again_while_its_parent_has_it_open),
        TEST(a_database_file_that_is_a_link_is_refused_and_what_it_names_is_untouched),
        TEST(a_database_directory_that_is_a_link_is_refused_and_what_it_names_is_untouched),
        TEST(a_fifo_in_place_of_a_file_is_refused_at_once),
        TEST(a_pipe_is_no_configuration_and_no_file_of_what_is_trusted),
        TEST(an_append_does_not_wait_for_who_reads_a_pipe),
        TEST(too_few_descriptors_are_not_an_absent_ledger),
        TEST(sql_works_once_there_are_descriptors_again),
        TEST(a_file_that_may_not_be_written_is_named_by_who_only_reads),
        TEST(a_map_that_does_not_fit_is_named_with_its_size_and_its_setting),
    };
    return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
