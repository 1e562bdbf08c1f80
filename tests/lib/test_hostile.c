/* A host that forks while it uses what is open, that has a limit on the size of files, and files in the ledger's directory
 * that were replaced by others. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/box.h"

static int note(void) {
    return ledger_append_json(ledger, "x.test.note", "thing/1", "user:test", NULL, NULL, NULL, &error);
}

/* ---- forks ---- */

#define CHECK(condition)                                                                                                   \
    do {                                                                                                                   \
        if (!(condition)) return __LINE__ % 250 + 1;                                                                       \
    } while (0)

/* What the child returns: 0, or the line that failed. */
static void in_child(int (*be)(void *ctx), void *ctx) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60); /* a lock that nobody releases ends the child */
        _exit(be(ctx));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

struct runner {
    struct ledger_sql *sql;
    int inside[2], go[2]; /* pipes: it is in a statement; it may continue */
    int rc;
};

static int wait_inside(void *ctx, const char *const *names, const struct ledger_value *values, size_t n) {
    struct runner *r = ctx;
    char byte = 'i';
    (void)names, (void)values, (void)n;
    return write(r->inside[1], &byte, 1) == 1 && read(r->go[0], &byte, 1) == 1 ? 0 : 1;
}

static void *run_statement(void *ctx) {
    struct runner *r = ctx;
    struct ledger_error own = LEDGER_ERROR_INIT;
    r->rc = ledger_sql_run(r->sql, "SELECT 1", wait_inside, r, &own);
    return NULL;
}

static int without_sql(void *ctx) {
    struct runner *r = ctx;
    struct ledger_sql *sql = NULL;
    struct ledger *own = NULL;
    const char *words = "was forked while another thread was running SQL";
    CHECK(ledger_open(dir, NULL, &own, &error) == 0);
    CHECK(ledger_sql_open(own, NULL, &sql, &error) == LEDGER_ERR_INVALID && strstr(error.message, words) != NULL);
    CHECK(ledger_sql_run(r->sql, "SELECT 1", NULL, NULL, &error) == LEDGER_ERR_INVALID);
    ledger_sql_close(r->sql);
    ledger_close(own);
    return 0;
}

static int with_sql(void *ctx) {
    struct ledger_sql *sql = NULL;
    struct ledger *own = NULL;
    char *json = NULL;
    (void)ctx;
    CHECK(ledger_open(dir, NULL, &own, &error) == 0);
    CHECK(ledger_sql_open(own, NULL, &sql, &error) == 0);
    CHECK(ledger_sql_json(sql, "SELECT count(*) AS n FROM events", &json, NULL, &error) == 0);
    CHECK(strstr(json, "\"n\":1") != NULL);
    ledger_free(json);
    ledger_sql_close(sql);
    ledger_close(own);
    return 0;
}

static void a_child_does_not_wait_for_sql_of_a_thread_that_it_does_not_have(void **state) {
    struct runner r = {.rc = -1};
    pthread_t thread;
    char byte = 'g';
    (void)state;
    assert_int_equal(pipe(r.inside), 0);
    assert_int_equal(pipe(r.go), 0);
    must(ledger_sql_open(ledger, NULL, &r.sql, &error));
    assert_int_equal(pthread_create(&thread, NULL, run_statement, &r), 0);
    assert_int_equal(read(r.inside[0], &byte, 1), 1);
    in_child(without_sql, &r);
    assert_int_equal(write(r.go[1], &byte, 1), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(r.rc, 0);
    in_child(with_sql, NULL);
    ledger_sql_close(r.sql);
    for (size_t i = 0; i < 2; i++) {
        close(r.inside[i]);
        close(r.go[i]);
    }
}

struct of_parent {
    struct ledger_states *states;
    struct ledger_state_rows *rows;
    size_t table;
};

static int use_states(void *ctx) {
    struct of_parent *p = ctx;
    const struct ledger_state_row *row = NULL;
    const char *words = "was opened before this process was forked";
    struct ledger_state_rows *rows = NULL;
    const char *key[] = {"pack/p", "exec", "/a"};
    char *json = NULL;
    CHECK(ledger_state_rows_next(p->rows, &row, &error) == LEDGER_ERR_INVALID && strstr(error.message, words) != NULL);
    CHECK(ledger_state_rows_open(p->states, p->table, &rows, &error) != 0 ||
          ledger_state_rows_next(rows, &row, &error) == LEDGER_ERR_INVALID);
    CHECK(ledger_states_get_json(p->states, p->table, key, 3, 0, &json, NULL, &error) == LEDGER_ERR_INVALID);
    return 0;
}

static void states_of_a_parent_are_not_read_by_its_child(void **state) {
    struct ledger_states_options o = LEDGER_STATES_OPTIONS_INIT;
    struct of_parent p;
    const struct ledger_state_row *row = NULL;
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        char body[80];
        snprintf(body, sizeof(body), "{\"group\":\"exec\",\"scope\":\"/%u\"}", i);
        must(ledger_append_json(ledger, "permission.granted", "pack/p", "user:test", NULL, body, NULL, &error));
    }
    must(ledger_states_open(ledger, &o, &p.states, &error));
    p.table = ledger_states_table_find(p.states, "permissions");
    must(ledger_state_rows_open(p.states, p.table, &p.rows, &error));
    must(ledger_state_rows_next(p.rows, &row, &error));
    in_child(use_states, &p);
    must(ledger_state_rows_next(p.rows, &row, &error));
    ledger_state_rows_close(p.rows);
    ledger_states_close(p.states);
}

/* ---- a limit on the size of files ---- */

static int with_a_limit(void *ctx) {
    char path[400], id[LEDGER_ARTIFACT_ID], out[400];
    uint64_t size = 0;
    const struct rlimit limit = {1 << 20, 1 << 20};
    const char *id_of_large = ctx;
    snprintf(out, sizeof(out), "%s/out", top);
    ledger_close(ledger);
    CHECK(ledger_open(dir, NULL, &ledger, &error) == 0);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    snprintf(path, sizeof(path), "%s/larger", top);
    CHECK(ledger_artifact_put(ledger, path, id, &size, &error) == LEDGER_ERR_FULL);
    int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && ledger_artifact_get(ledger, id_of_large, fd, &error) == LEDGER_ERR_FULL);
    close(fd);
    CHECK(note() == 0);
    ledger_close(ledger);
    return 0;
}

static void put_pattern(const char *path, size_t n) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < n; i++) {
        fputc((int)(i * 2654435761U >> 13), f);
    }
    assert_int_equal(fclose(f), 0);
}

static void a_limit_on_file_sizes_is_an_error_and_sends_no_signal(void **state) {
    char id[LEDGER_ARTIFACT_ID], path[400];
    (void)state;
    snprintf(path, sizeof(path), "%s/large", top);
    put_pattern(path, 2 << 20);
    must(ledger_artifact_put(ledger, path, id, NULL, &error));
    snprintf(path, sizeof(path), "%s/larger", top);
    put_pattern(path, 3 << 20);
    in_child(with_a_limit, id);
}

/* ---- files that were replaced ---- */

static void head_path(char ret[400]) {
    snprintf(ret, 400, "%s/head", dir);
}

static void a_copy_of_the_head_that_cannot_be_read_is_written_anew(void **state) {
    char path[400];
    struct stat st;
    (void)state;
    head_path(path);
    must(note());
    assert_int_equal(stat(path, &st), 0);
    const off_t right = st.st_size;
    assert_int_equal(truncate(path, right + 1), 0);
    must(note());
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, right);
    ledger_close(ledger);
    ledger = NULL;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    must(ledger_open(dir, NULL, &ledger, &error));
    must(note());
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_size, right);
}

static void expect_bad_artifact(const char *id) {
    struct ledger_report *report = NULL;
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int rc = ledger_artifact_get(ledger, id, fd, &error);
    assert_true(rc == LEDGER_ERR_TAMPERED || rc == LEDGER_ERR_CORRUPT);
    close(fd);
    must(ledger_verify(ledger, NULL, &report, &error));
    assert_int_equal(ledger_report_verdict(report), 30);
    ledger_report_free(report);
}

static void what_cannot_be_an_artifact_is_not_read_to_its_end(void **state) {
    char id[LEDGER_ARTIFACT_ID], path[500];
    (void)state;
    snprintf(path, sizeof(path), "%s/large", top);
    put_pattern(path, 100000);
    must(ledger_artifact_put(ledger, path, id, NULL, &error));
    const char *hex = strrchr(id, ':') + 1;
    snprintf(path, sizeof(path), "%s/artifacts/%.2s/%s", dir, hex, hex);
    assert_int_equal(truncate(path, (off_t)8 << 40), 0); /* a sparse file: reading it takes hours */
    expect_bad_artifact(id);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mknod(path, S_IFSOCK | 0600, 0), 0);
    expect_bad_artifact(id);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/zero", path), 0);
    expect_bad_artifact(id);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_child_does_not_wait_for_sql_of_a_thread_that_it_does_not_have),
        TEST(states_of_a_parent_are_not_read_by_its_child),
        TEST(a_limit_on_file_sizes_is_an_error_and_sends_no_signal),
        TEST(a_copy_of_the_head_that_cannot_be_read_is_written_anew),
        TEST(what_cannot_be_an_artifact_is_not_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
