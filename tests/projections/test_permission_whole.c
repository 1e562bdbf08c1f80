/* Uses of everything that a pattern covers. */
#include "projections/decide/decide.h"
#include "tests/projections/state_box.h"

static struct box b;

static int start(void **state) {
    (void)state;
    box_open(&b);
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_close(&b);
    return 0;
}

static uint64_t say(const char *step, const char *json) {
    char kind[64];
    snprintf(kind, sizeof(kind), "permission.%s", step);
    return box_event(&b, kind, "pack/p", json);
}

/* The row of pack/p, exec and this scope, as of now. */
static void look(const char *scope) {
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "pack/p", "exec", scope, NULL));
}

static void expect(const char *scope, const char *state, int64_t violations) {
    look(scope);
    box_text(&b, "state", state);
    box_int(&b, "violations", violations);
}

static void a_use_of_all_that_a_pattern_covers_is_one_use(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"scope\":\"/srv/**\",\"lifetime\":\"once\"}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/**\"}"); /* a pattern alone does not say what was used */
    expect("/srv/**", "granted", 1);
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/a/**\",\"whole\":true}");
    expect("/srv/**", "expired", 1);
    box_int(&b, "uses", 1);
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/**\",\"whole\":true}");
    expect("/srv/**", "expired", 2);
    say("granted", "{\"group\":\"exec\",\"scope\":\"/srv/**\"}");
    say("denied", "{\"group\":\"exec\",\"scope\":\"/srv/a/*\"}"); /* a part of it */
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/**\",\"whole\":true}");
    expect("/srv/a/*", "denied", 1);
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/../**\",\"whole\":true}");
    look("/srv/../**");
    box_text(&b, "violation", "used, but its scope has a '..' segment");
}

/* Also a single scope within the pattern that is refused is found by whoever judges. */
static void a_use_of_a_whole_is_judged_with_all_that_it_covers(void **state) {
    (void)state;
    struct decision d;
    struct buf body = {.max = 256};
    struct log_draft draft;
    say("granted", "{\"group\":\"exec\",\"scope\":\"/srv/**\"}");
    log_draft_init(&draft);
    draft.kind = bytes_of("permission.used");
    draft.subject = bytes_of("pack/p");
    assert_int_equal(log_json_to_body(bytes_of("{\"group\":\"exec\",\"scope\":\"/srv/**\",\"whole\":true}"), &body, &b.err),
                     0);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&body);
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), 0);
    assert_true(d.yes);
    say("denied", "{\"group\":\"exec\",\"scope\":\"/srv/secret\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), 0);
    assert_false(d.yes);
    assert_non_null(strstr(d.reason, "denied"));
    buf_done(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_use_of_all_that_a_pattern_covers_is_one_use, start, finish),
        cmocka_unit_test_setup_teardown(a_use_of_a_whole_is_judged_with_all_that_it_covers, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
