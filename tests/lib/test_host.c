/* The library leaves the host's settings, its locale and its signals, unchanged, and is not affected by them. */
#include "tests/lib/box.h"

#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* ---- the locale ---- */

/* A locale with a decimal comma, made here from its source (package locales). */
static bool comma_locale(void) {
    char line[700];
    snprintf(line, sizeof(line), "localedef --no-archive -i de_DE -f UTF-8 %s/de_DE.UTF-8 >%s/out 2>&1", top, top);
    if (system(line) != 0) {
        print_message("skipped: localedef cannot make de_DE.UTF-8 (package locales)\n");
        return false;
    }
    setenv("LOCPATH", top, 1);
    assert_non_null(setlocale(LC_ALL, "de_DE.UTF-8"));
    assert_string_equal(localeconv()->decimal_point, ",");
    return true;
}

static void host_locale_is_intact(void) {
    char text[16];
    snprintf(text, sizeof(text), "%.1f", 1.5);
    assert_string_equal(text, "1,5");
    assert_string_equal(setlocale(LC_ALL, NULL), "de_DE.UTF-8");
}

static int one_and_three_quarters(void *ctx, const char *const *names, const struct ledger_value *values, size_t n) {
    (void)names;
    assert_int_equal(n, 1);
    assert_int_equal(values[0].type, LEDGER_REAL);
    assert_true(values[0].real == 1.75);
    host_locale_is_intact(); /* it is the host's function */
    ++*(int *)ctx;
    return 0;
}

static void numbers_have_a_point_in_a_host_with_a_decimal_comma(void **state) {
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    struct ledger_sql *sql;
    char *json;
    int rows = 0;
    (void)state;
    if (!comma_locale()) skip();
    draft.kind = "x.test.note";
    draft.subject = "thing/1";
    draft.json = "{\"a\": 1.75, \"tiny\": 1e-7}";
    draft.json_open = "[\"a\", \"tiny\"]";
    must(ledger_append(ledger, &draft, NULL, &error));
    must(ledger_read_json(ledger, 1, 0, &json, NULL, &error));
    assert_non_null(strstr(json, "\"a\":1.75"));
    assert_non_null(strstr(json, "\"tiny\":1e-07"));
    ledger_free(json);
    must(ledger_sql_open(ledger, NULL, &sql, &error));
    must(ledger_sql_run(sql, "SELECT json_extract(body, '$.a') FROM events WHERE seq = 1", one_and_three_quarters, &rows,
                        &error));
    must(ledger_sql_run(sql, "SELECT sum(json_extract(body, '$.a')) FROM events", one_and_three_quarters, &rows, &error));
    must(ledger_sql_run(sql, "SELECT json_each.value FROM events, json_each(body) WHERE seq = 1 AND json_each.key = 'a'",
                        one_and_three_quarters, &rows, &error));
    assert_int_equal(rows, 3);
    must(ledger_sql_json(sql, "SELECT printf('%.2f', 2.25) AS f, json_array(0.5) AS l, body FROM events WHERE seq = 1",
                         &json, NULL, &error));
    assert_non_null(strstr(json, "\"f\":\"2.25\",\"l\":\"[0.5]\""));
    assert_non_null(strstr(json, "1.75"));
    ledger_free(json);
    ledger_sql_close(sql);
    host_locale_is_intact();
}

/* ---- signals ---- */

static int signals;

static void on_signal(int signal_) {
    (void)signal_;
    signals++;
}

/* The writing end of a pipe that nobody reads. */
static int broken_pipe(void) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    return ends[1];
}

static void a_broken_pipe_is_an_error_and_sends_no_signal(void **state) {
    char id[LEDGER_ARTIFACT_ID], path[400], large[400];
    (void)state;
    snprintf(path, sizeof(path), "%s/small", top);
    snprintf(large, sizeof(large), "%s/large", top);
    assert_int_equal(file_create_durable(path, bytes_of("some bytes"), 0600, NULL), 0);
    assert_int_equal(file_create_durable(large, bytes_of(""), 0600, NULL), 0);
    assert_int_equal(truncate(large, 3 << 20), 0);
    int fd = broken_pipe();
    signals = 0;
    assert_true(signal(SIGPIPE, on_signal) != SIG_ERR);
    must(ledger_artifact_put(ledger, path, id, NULL, &error));
    must_fail(ledger_artifact_get(ledger, id, fd, &error), LEDGER_ERR_IO, "Broken pipe");
    must(ledger_artifact_put(ledger, large, id, NULL, &error));
    must_fail(ledger_artifact_get(ledger, id, fd, &error), LEDGER_ERR_IO, "Broken pipe");
    must_fail(ledger_export_fd(ledger, NULL, fd, NULL, &error), LEDGER_ERR_IO, "Broken pipe");
    assert_int_equal(signals, 0);
    assert_int_equal(write(fd, "x", 1), -1); /* the host's own writes send it as ever */
    assert_int_equal(signals, 1);
    signal(SIGPIPE, SIG_DFL);
    close(fd);
}

static void a_broken_pipe_of_the_host_stays_pending(void **state) {
    char id[LEDGER_ARTIFACT_ID], path[400];
    sigset_t pipe_, before, pending;
    (void)state;
    snprintf(path, sizeof(path), "%s/small", top);
    assert_int_equal(file_create_durable(path, bytes_of("some bytes"), 0600, NULL), 0);
    must(ledger_artifact_put(ledger, path, id, NULL, &error));
    int fd = broken_pipe(), got = 0;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &pipe_, &before), 0);
    assert_int_equal(write(fd, "x", 1), -1);
    must_fail(ledger_artifact_get(ledger, id, fd, &error), LEDGER_ERR_IO, "Broken pipe");
    assert_int_equal(sigpending(&pending), 0);
    assert_true(sigismember(&pending, SIGPIPE));
    assert_int_equal(sigwait(&pipe_, &got), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    close(fd);
}

static int teardown_of_a_host(void **state) {
    setlocale(LC_ALL, "C");
    return teardown(state);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown_of_a_host)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(numbers_have_a_point_in_a_host_with_a_decimal_comma),
        TEST(a_broken_pipe_is_an_error_and_sends_no_signal),
        TEST(a_broken_pipe_of_the_host_stays_pending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
