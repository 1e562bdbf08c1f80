/* A program that is evaluated in a ledger: what is bound, and a program that changes in the middle. */
#include "tests/projections/state_box.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

#include "base/file.h"
#include "evals/run/command.h"
#include "evals/run/run.h"
#include "projections/ready/eval.h"
#include "projections/ready/routes.h"

#define CASES 6
#define ECHO_ "#!/bin/bash\nread -r line\necho \"$line\"\n"

struct scene {
    struct box box;
    struct suite suite;
    struct suite_case cases[CASES];
    struct suite_check check;
    struct suite_threshold threshold;
    char ids[CASES][8], dir[64], program[128], rules[128];
    const char *words[3];
    struct run_command *command;
    struct run_binding route;
    struct run_suite_options how;
    struct run_suite_result result;
    void (*meanwhile)(struct scene *s); /* once the beginning is on record */
    struct err err;
};

static void put(const char *path, const char *text, mode_t mode) {
    const struct bytes all = bytes_of(text);
    assert_int_equal(file_write_durable(path, all, mode, NULL), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void on_progress(void *ctx, const struct run_progress *p) {
    struct scene *s = ctx;
    if (p->done == 0 && s->meanwhile != NULL) s->meanwhile(s);
}

static int setup(void **state) {
    struct scene *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    box_open(&s->box);
    memcpy(s->dir, "/tmp/ledger-command-XXXXXX", sizeof("/tmp/ledger-command-XXXXXX"));
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->program, sizeof(s->program), "%s/echo", s->dir);
    snprintf(s->rules, sizeof(s->rules), "%s/rules", s->dir);
    put(s->program, ECHO_, 0755);
    put(s->rules, "rules\n", 0644);
    s->check =
        (struct suite_check){.type = SUITE_EQUALS, .text = bytes_of("yes"), .trim = true, .at_least = NAN, .at_most = NAN};
    for (size_t i = 0; i < CASES; i++) {
        snprintf(s->ids[i], sizeof(s->ids[i]), "c%zu", i);
        s->cases[i] = (struct suite_case){.id = bytes_of(s->ids[i]),
                                          .repeats = 1,
                                          .weight = 1,
                                          .timeout_ms = 20000,
                                          .text = bytes_of("yes\n"),
                                          .checks = &s->check,
                                          .checks_n = 1};
        s->cases[i].digest[0] = (uint8_t)(i + 1);
    }
    s->threshold = (struct suite_threshold){.metric = SUITE_PASS_RATE, .value = 0.5, .confidence = 0.95};
    s->suite = (struct suite){.name = bytes_of("echo"),
                              .settings = bytes_of("{}"),
                              .thresholds = &s->threshold,
                              .thresholds_n = 1,
                              .cases = s->cases,
                              .cases_n = CASES,
                              .directory = s->dir};
    s->suite.digest[0] = 9;
    s->words[0] = s->program;
    s->words[1] = s->rules;
    snprintf(s->route.route, sizeof(s->route.route), "echo");
    box_event(&s->box, "route.declared", "route/echo", "{\"role\":\"tool\",\"program\":\"/x\",\"suite\":\"echo\"}");
    s->how = (struct run_suite_options){.ledger = s->box.ledger,
                                        .suite = &s->suite,
                                        .actor = "user:test",
                                        .concurrency = 3,
                                        .progress = on_progress,
                                        .progress_ctx = s};
    *state = s;
    return 0;
}

static int teardown(void **state) {
    struct scene *s = *state;
    run_command_close(s->command);
    box_close(&s->box);
    (void)file_remove_tree(s->dir, NULL);
    free(s);
    return 0;
}

static void open_it(struct scene *s) {
    const struct run_command_options how = {
        .words = s->words, .words_n = 2, .ledger_dir = log_dir(s->box.ledger), .route = &s->route};
    run_command_close(s->command);
    s->command = NULL;
    if (run_command_open(&how, &s->command, &s->err) != 0) fail_msg("%s", s->err.msg);
    assert_int_equal(run_command_check(s->command, &s->suite, &s->err), 0);
    s->how.subject = run_command_subject(s->command);
}

/* A machine that forbids user namespaces has no sandbox: then nothing is known here. */
static bool go(struct scene *s) {
    open_it(s);
    if (run_suite(&s->how, &s->result, &s->err) != 0) fail_msg("%s", s->err.msg);
    if (strstr(s->result.why, "could not be started: bwrap") != NULL) skip();
    return true;
}

static const char *text_of(struct scene *s, const char *table, const char *key, size_t column) {
    static char text[512];
    const struct bytes part = bytes_of(key);
    struct row row;
    struct state_options options;
    box_forget(&s->box);
    state_options_init(&options);
    assert_int_equal(state_open(s->box.ledger, &options, &s->box.view, &s->err), 0);
    size_t at = state_table_find(s->box.view, table);
    row_init(&row, state_table(s->box.view, at));
    assert_int_equal(state_get(s->box.view, at, &part, 1, &row, &s->err), 0);
    snprintf(text, sizeof(text), "%.*s", (int)row_text(&row, column).n, (const char *)row_text(&row, column).p);
    row_done(&row);
    box_forget(&s->box);
    return text;
}
#define ROUTE(s) text_of(s, "routes", "echo", ROUTE_STATE)

static void a_full_pass_of_a_program_proves_its_route(void **state) {
    struct scene *s = *state;
    assert_true(go(s));
    assert_int_equal(s->result.counts.passed, CASES);
    assert_string_equal(s->result.verdict, "pass");
    assert_false(s->result.changed);
    assert_string_equal(ROUTE(s), "ready");
}

static void change_in_place(struct scene *s) {
    int fd = open(s->program, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "#", 1), 1);
    close(fd);
}

static void of_a_program_that_is_written_to_in_the_middle_nothing_is_known(void **state) {
    struct scene *s = *state;
    assert_true(go(s));
    s->meanwhile = change_in_place;
    assert_true(go(s));
    assert_int_equal(s->result.counts.errors, CASES);
    assert_string_equal(s->result.why, "the program was changed while it was evaluated");
    assert_true(s->result.changed);
    assert_string_equal(s->result.verdict, "unknown");
    assert_string_equal(ROUTE(s), "declared-not-proven");
}

static void replace(struct scene *s) {
    put(s->program, ECHO_ "#\n", 0755);
}

static void remove_it(struct scene *s) {
    assert_int_equal(unlink(s->program), 0);
}

static void a_program_that_is_replaced_in_the_middle_is_not_proven(void **state) {
    struct scene *s = *state;
    s->meanwhile = replace;
    assert_true(go(s));
    assert_int_equal(s->result.counts.passed, 0);
    assert_true(s->result.changed);
    assert_string_equal(s->result.verdict, "unknown");
    assert_string_equal(ROUTE(s), "declared-not-proven");
    s->meanwhile = remove_it;
    assert_true(go(s));
    assert_true(s->result.changed);
    assert_string_equal(s->result.verdict, "unknown");
    assert_string_equal(ROUTE(s), "declared-not-proven");
}

static void change_rules(struct scene *s) {
    put(s->rules, "other rules\n", 0644);
}

static void a_file_of_the_command_that_changes_in_the_middle_is_told(void **state) {
    struct scene *s = *state;
    s->meanwhile = change_rules;
    assert_true(go(s));
    assert_true(s->result.changed);
    assert_int_equal(s->result.counts.errors, CASES);
    assert_non_null(strstr(s->result.why, "was changed meanwhile"));
    assert_string_equal(s->result.verdict, "unknown");
}

/* The same words and bytes are the same command; any of them that differs is another one. */
static void the_digest_of_a_command_is_of_its_words_and_its_files(void **state) {
    struct scene *s = *state;
    struct run_binding first, other;
    char longer[160];
    for (int what = 0; what < 4; what++) {
        put(s->program, ECHO_, 0755);
        put(s->rules, "rules\n", 0644);
        s->words[1] = s->rules;
        open_it(s);
        assert_int_equal(s->how.subject.bind(s->how.subject.target.ctx, &first, &s->err), 0);
        snprintf(longer, sizeof(longer), "%s/./rules", s->dir);
        if (what == 1) replace(s);
        if (what == 2) change_rules(s);
        if (what == 3) s->words[1] = longer;
        open_it(s);
        assert_int_equal(s->how.subject.bind(s->how.subject.target.ctx, &other, &s->err), 0);
        assert_int_equal(strcmp(first.command_digest, other.command_digest) != 0, what > 0);
        assert_int_equal(strcmp(first.program_digest, other.program_digest) != 0, what == 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_pass_of_a_program_proves_its_route, setup, teardown),
        cmocka_unit_test_setup_teardown(of_a_program_that_is_written_to_in_the_middle_nothing_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(a_program_that_is_replaced_in_the_middle_is_not_proven, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_of_the_command_that_changes_in_the_middle_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(the_digest_of_a_command_is_of_its_words_and_its_files, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
