/* What commands say about the projections that an answer depends on, and the moments that people name. Here state_status
 * makes projections stale or stopped. */
#include "tests/projections/state_box.h"

#include "base/json.h"
#include "cli/view/asof.h"
#include "cli/view/entity.h"
#include "projections/walk/matters.h"

static const char *stale, *stopped; /* names of projections */

void __real_state_status(const struct state_view *view, size_t projection, struct state_status *ret);
void __wrap_state_status(const struct state_view *view, size_t projection, struct state_status *ret);
void __wrap_state_status(const struct state_view *view, size_t projection, struct state_status *ret) {
    __real_state_status(view, projection, ret);
    const char *name = ret->projection->name;
    if (stale && strcmp(name, stale) == 0) {
        ret->stored = true;
        ret->stale = true;
        ret->version = 1;
    }
    if (stopped && strcmp(name, stopped) == 0) {
        ret->failed_seq = 118;
        snprintf(ret->failed, sizeof(ret->failed), "a version of \x1b[31mits own");
    }
}

struct fixture {
    struct box box;
    struct cli cli;
    struct asof view;
    volatile int stop;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof(*f));
    box_open(&f->box);
    box_event(&f->box, "permission.granted", "pack/p", "{\"group\": \"exec\"}");
    box_event(&f->box, "run.started", "run/r1", "{}");
    box_view(&f->box, LOG_NO_SEQ, 0);
    f->cli.command = "state";
    f->view = (struct asof){.cli = &f->cli, .ledger = f->box.ledger, .state = f->box.view, .stop = &f->stop};
    assert_int_equal(log_head(f->box.ledger, &f->view.head, &f->box.err), 0);
    stale = stopped = NULL;
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    stale = stopped = NULL;
    box_close(&f->box);
    free(f);
    return 0;
}

/* The JSON that a read of this table includes. */
static void put(struct fixture *f, const char *table, char ret[4096]) {
    struct obj obj = {0};
    struct buf text;
    size_t t = table ? entity_table(&f->view, bytes_of(table)) : SIZE_MAX;
    assert_true(!table || t != SIZE_MAX);
    buf_init(&text, 4095);
    asof_put(&f->view, t, &obj);
    assert_int_equal(obj_json(&obj, JSON_LINE, &text, &f->box.err), 0);
    memcpy(ret, text.p, text.n);
    ret[text.n] = '\0';
    buf_done(&text);
    obj_done(&obj);
}

static void a_projection_that_is_up_to_date_is_not_spoken_of(void **state) {
    struct fixture *f = *state;
    struct state_status status;
    char words[ASOF_WORDS];
    char text[4096];
    for (size_t i = 0; i < state_projections(f->box.view); i++) {
        state_status(f->box.view, i, &status);
        assert_false(asof_describe(&status, words));
        assert_string_equal(asof_condition(&status), "current");
    }
    put(f, NULL, text);
    assert_non_null(strstr(text, "\"incomplete\":[]"));
    assert_non_null(strstr(text, "\"size\":3,\"at\":3,"));
}

static void a_stale_projection_is_named_with_its_version_and_what_mends_it(void **state) {
    struct fixture *f = *state;
    struct state_status status;
    char words[ASOF_WORDS];
    stale = "runs";
    state_status(f->box.view, state_find(f->box.view, "runs"), &status);
    assert_string_equal(asof_condition(&status), "stale");
    assert_true(asof_describe(&status, words));
    assert_non_null(strstr(words, "'runs' is stale: version 1 made it"));
    assert_non_null(strstr(words, "'ledger rebuild runs'"));
    status.version = status.projection->version;
    assert_true(asof_describe(&status, words));
    assert_non_null(strstr(words, "other columns"));
}

static void a_stopped_projection_is_named_with_its_event_and_the_reason(void **state) {
    struct fixture *f = *state;
    struct state_status status;
    char words[ASOF_WORDS];
    stopped = "runs";
    state_status(f->box.view, state_find(f->box.view, "runs"), &status);
    assert_string_equal(asof_condition(&status), "stopped");
    assert_true(asof_describe(&status, words));
    assert_non_null(strstr(words, "'runs' stopped at event 118: a version of"));
    assert_non_null(strstr(words, "'ledger show 118'"));
}

static void a_read_names_what_it_rests_on_and_nothing_else(void **state) {
    struct fixture *f = *state;
    char text[4096];
    stale = "installs";
    stopped = "runs";
    put(f, "runs", text);
    assert_non_null(strstr(text, "\"projection\":\"runs\",\"condition\":\"stopped\",\"seq\":118"));
    assert_null(strstr(text, "installs"));
    put(f, "installs", text);
    assert_non_null(strstr(text, "\"projection\":\"installs\",\"condition\":\"stale\",\"seq\":null"));
    assert_null(strstr(text, "\"runs\""));
    put(f, "packs", text); /* judged by other tables */
    assert_non_null(strstr(text, "installs"));
    assert_non_null(strstr(text, "\"runs\""));
}

static void the_words_on_standard_error_steer_no_terminal(void **state) {
    struct fixture *f = *state;
    char path[] = "/tmp/asof-XXXXXX", text[4096] = {0};
    int file = mkstemp(path), old = dup(STDERR_FILENO);
    stopped = "runs";
    fflush(stderr);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    asof_warn(&f->view, SIZE_MAX);
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    ssize_t n = pread(file, text, sizeof(text) - 1, 0);
    close(old);
    close(file);
    unlink(path);
    assert_true(n > 0);
    assert_null(strchr(text, '\x1b'));
    assert_ptr_equal(strstr(text, "ledger: state: the projection 'runs' stopped at event 118"), text);
    assert_non_null(strstr(text, "\\x1b[31mits own"));
}

static void a_seq_counts_itself_and_a_time_all_up_to_it(void **state) {
    struct fixture *f = *state;
    struct asof_at at;
    struct err err = {0};
    assert_int_equal(asof_parse(&f->view, "0", true, &at, &err), 0);
    assert_int_equal(at.at, 1);
    assert_int_equal(at.now, 0);
    assert_int_equal(asof_parse(&f->view, "2", true, &at, &err), 0);
    assert_int_equal(at.at, 3);
    assert_int_equal(asof_parse(&f->view, "3", true, &at, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "the newest is 2"));
    assert_int_equal(asof_parse(&f->view, "1999-12-31", true, &at, &err), 0);
    assert_int_equal(at.at, 0);
    assert_int_equal(asof_parse(&f->view, "2199-12-31", false, &at, &err), 0);
    assert_int_equal(at.at, 3);
    uint64_t first = at.now;
    assert_int_equal(asof_parse(&f->view, "2199-12-31", true, &at, &err), 0);
    assert_int_equal(at.now - first, UINT64_C(86400000000000) - 1);
    assert_int_equal(asof_parse(&f->view, NULL, true, &at, &err), 0);
    assert_int_equal(at.at, 3);
    assert_true(at.now >= f->view.head.time);
}

static void asking_how_states_are_stored_folds_nothing(void **state) {
    struct fixture *f = *state;
    struct state_status kept[PROJECTIONS_MAX];
    struct err err = {0};
    size_t n = 0;
    assert_int_equal(asof_stored(f->box.ledger, kept, &n, &err), 0);
    assert_int_equal(n, state_projections(f->box.view));
    for (size_t i = 0; i < n; i++) {
        assert_false(kept[i].stored);
        assert_int_equal(kept[i].lag, 3);
    }
}

static void counters_times_and_seqs_are_no_changes_and_a_state_is_one(void **state) {
    (void)state;
    static const struct state_column columns[] = {
        {"uses", CELL_INT, COLUMN_WORK, ""},     {"installed_at", CELL_INT, COLUMN_TIME, ""},
        {"moved_seq", CELL_INT, COLUMN_SEQ, ""}, {"pack", CELL_TEXT, COLUMN_KEY, ""},
        {"version", CELL_TEXT, 0, ""},           {"state", CELL_TEXT, COLUMN_JUDGED, ""},
        {"memory_bytes", CELL_INT, 0, ""}};
    const struct state_table table = {
        .name = "things", .columns = columns, .n_columns = sizeof(columns) / sizeof(columns[0])};
    (void)state;
    for (size_t i = 0; i < table.n_columns; i++) {
        assert_int_equal(matters_column(&table, i), i >= 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_projection_that_is_up_to_date_is_not_spoken_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stale_projection_is_named_with_its_version_and_what_mends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stopped_projection_is_named_with_its_event_and_the_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_read_names_what_it_rests_on_and_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_words_on_standard_error_steer_no_terminal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_seq_counts_itself_and_a_time_all_up_to_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(asking_how_states_are_stored_folds_nothing, set_up, tear_down),
        cmocka_unit_test(counters_times_and_seqs_are_no_changes_and_a_state_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
