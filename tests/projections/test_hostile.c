/* Logs that are larger or odder than any honest one: queries still end, with an answer that is correct or on the safe side.
 */
#include "projections/decide/decide.h"
#include "projections/permissions/find.h"
#include "projections/permissions/permitted.h"
#include "tests/projections/state_box.h"

#define D1  "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define S8  "ssssssss"
#define S96 S8 S8 S8 S8 S8 S8 S8 S8 S8 S8 S8 S8

static struct box b;
static struct decision d;

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

static void check(int rc) {
    if (rc != 0) {
        fail_msg("%s", b.err.msg);
    }
}

static void expect_no(const char *words) {
    if (d.yes || strstr(d.reason, words) == NULL) {
        fail_msg("%s: '%s' is not '%s'", d.yes ? "yes" : "no", d.reason, words);
    }
}

/* ---- permissions ---- */

static void say(const char *step, const char *scope, const char *more) {
    char kind[64], json[256];
    snprintf(kind, sizeof(kind), "permission.%s", step);
    snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"%s\"%s}", scope, more);
    box_event(&b, kind, "pack/p", json);
}

static void say_many(const char *step, unsigned n) {
    char scope[32];
    for (unsigned i = 0; i < n; i++) {
        snprintf(scope, sizeof(scope), "%s%u/*", step, i);
        say(step, scope, "");
    }
}

static void may_use_as_told(const char *scope, const char *more) {
    struct log_draft draft;
    struct buf body;
    char json[128];
    snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"%s\"%s}", scope, more);
    buf_init(&body, 4096);
    check(log_json_to_body(bytes_of(json), &body, &b.err));
    log_draft_init(&draft);
    draft.kind = bytes_of("permission.used");
    draft.subject = bytes_of("pack/p");
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&body);
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_may_append(b.view, &draft, &d, &b.err));
    buf_done(&body);
}

static void may_use(const char *scope) {
    may_use_as_told(scope, "");
}

static void a_time_in_the_past_does_not_bring_back_what_is_over(void **state) {
    (void)state;
    say("granted", "/srv/a", ",\"expires\":1000");
    may_use_as_told("/srv/a", ",\"at\":5");
    expect_no("expired");
    say("granted", "/srv/a", "");
    may_use_as_told("/srv/a", ",\"at\":5");
    assert_true(d.yes);
}

static void a_refusal_takes_effect_however_many_patterns_came_before(void **state) {
    (void)state;
    say("granted", "", "");
    say_many("granted", PERMISSION_PATTERNS_MAX + 4);
    may_use("secret/key");
    assert_true(d.yes);
    say("denied", "secret/*", "");
    may_use("secret/key");
    expect_no("denied");
    may_use("public/key");
    assert_true(d.yes);
}

static void what_too_many_refusals_could_hide_is_refused(void **state) {
    (void)state;
    say("granted", "", "");
    say_many("revoked", PERMISSION_PATTERNS_MAX);
    may_use("public/key");
    assert_true(d.yes);
    say("denied", "secret/*", "");
    may_use("secret/key");
    expect_no("denied");   /* by its row, in addition to those that the fold finds by patterns */
    may_use("public/key"); /* the answer is now unknown */
    expect_no("patterns");
}

static void one_use_that_makes_room_for_a_refusal_is_over(void **state) {
    (void)state;
    say("granted", "once/*", ",\"lifetime\":\"once\"");
    say_many("granted", PERMISSION_PATTERNS_MAX - 1);
    say("denied", "secret/*", "");
    may_use("secret/key");
    expect_no("denied");
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_is_permitted(b.view, bytes_of("pack/p"),
                              &(struct decide_use){.group = bytes_of("exec"), .scope = bytes_of("once/a")}, &d, &b.err));
    expect_no("expired");
}

static void a_use_that_nobody_decided_was_not_revoked(void **state) {
    (void)state;
    say("used", "/srv/a", "");
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_is_permitted(b.view, bytes_of("pack/p"),
                              &(struct decide_use){.group = bytes_of("exec"), .scope = bytes_of("/srv/a")}, &d, &b.err));
    expect_no("pack/p may not exec '/srv/a': nobody granted it");
}

/* Over all decisions and over those that may apply: the same answers. */
static void same_answer(const char *scope) {
    struct permitted found;
    const struct decision *other = &found.decision;
    check(decide_is_permitted(b.view, bytes_of("pack/p"),
                              &(struct decide_use){.group = bytes_of("exec"), .scope = bytes_of(scope)}, &d, &b.err));
    check(permitted_ask(b.view, bytes_of("pack/p"),
                        &(struct decide_use){.group = bytes_of("exec"), .scope = bytes_of(scope)}, &found, &b.err));
    assert_int_equal(d.yes, other->yes);
    assert_memory_equal(d.reason, other->reason, strlen(other->reason)); /* over all decisions it adds the nearest one, */
    bool nearest = strstr(d.reason, "; the nearest grant is of ") != NULL;
    assert_int_equal(d.n_evidence, other->n_evidence + nearest); /* and cites it */
    assert_memory_equal(d.evidence, other->evidence, other->n_evidence * sizeof(d.evidence[0]));
}

static void many_questions_about_one_pack_get_the_answers_that_each_would_get(void **state) {
    static const char *const scopes[] = {"", "a", "a/b", "a/*", "*", "a/b/c", "x", "?"};
    static const char *const steps[] = {"requested", "granted", "denied", "expired", "revoked", "used"};
    uint64_t x = 11;
    (void)state;
    for (unsigned round = 0; round < 12; round++) {
        for (unsigned i = 0; i < 5; i++) {
            char json[160], kind[64];
            x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            snprintf(kind, sizeof(kind), "permission.%s", steps[(x >> 33) % 6]);
            snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"%s\"%s}", scopes[(x >> 40) % 8],
                     (x >> 50) % 4 == 0 && (x >> 33) % 6 == 1 ? ",\"lifetime\":\"once\"" : "");
            box_event(&b, kind, "pack/p", json);
        }
        box_view(&b, LOG_NO_SEQ, 0);
        for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
            same_answer(scopes[i]);
        }
        same_answer("nobody spoke of it");
    }
}

/* ---- promotions ---- */

static void plan(void) {
    box_event(&b, "promotion.planned", "promotion/p", "{\"what\":\"model\",\"digest\":\"" D1 "\"}");
    box_event(&b, "promotion.simulated", "promotion/p", "{\"verdict\":\"pass\"}");
    box_event(&b, "promotion.verifying", "promotion/p", NULL);
    box_event(&b, "promotion.gated", "promotion/p", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
}

static void evaluated(const char *id, const char *suite, const char *verdict, const char *more) {
    char json[512], subject[64];
    snprintf(subject, sizeof(subject), "eval/%s", id);
    snprintf(json, sizeof(json), "{\"suite\":\"%s\",\"digest\":\"" D1 "\",\"verdict\":\"%s\"%s}", suite, verdict, more);
    box_event(&b, "eval.scored", subject,
              "{\"task\":\"t\",\"metric\":\"acc\",\"value\":1,\"threshold\":1,\"higher_is_better\":true}");
    box_event(&b, "eval.finished", subject, json);
}

static void may_promote(void) {
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_may_promote(b.view, bytes_of("p"), &d, &b.err));
}

static void suites_whose_long_names_begin_alike_are_two(void **state) {
    (void)state;
    plan();
    evaluated("one", S96 "-safety", "fail", "");
    evaluated("two", S96 "-speed", "pass", "");
    may_promote();
    expect_no("failed");
}

static void a_failure_in_other_words_takes_away_an_older_pass(void **state) {
    (void)state;
    plan();
    evaluated("one", "s", "pass", "");
    may_promote();
    assert_true(d.yes);
    evaluated("two", "s", "warn", "");
    may_promote();
    expect_no("its newest evaluation by suite 's' failed");
    evaluated("three", "s", "pass", "");
    may_promote();
    assert_true(d.yes);
    evaluated("four", "s", "pass", ",\"failed\":3");
    may_promote();
    expect_no("its newest evaluation by suite 's' failed");
}

/* ---- models ---- */

static void weights_with_more_names_than_a_list_holds_can_be_read(void **state) {
    char json[2048], name[1001];
    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "%04d", i);
        name[4] = 'n';
        snprintf(json, sizeof(json), "{\"alias\":\"%s\",\"runtime\":\"ollama\",\"digest\":\"" D1 "\"}", name);
        box_odd(&b, "model.alias_set", "alias", json); /* longer than a subject */
    }
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "models", D1, NULL));
    box_text(&b, "state", "present");
    assert_true(row_has(&b.row, box_column(&b, "names")));
}

static void a_name_that_many_runtimes_gave_up_leads_where_the_last_one_has_it(void **state) {
    char json[256];
    (void)state;
    for (int i = 0; i < 1100; i++) {
        snprintf(json, sizeof(json), "{\"model\":\"m\",\"runtime\":\"r%04d\",\"digest\":\"" D1 "\"}", i);
        box_event(&b, "model.observed", "model/m", json);
        if (i < 1099) {
            box_event(&b, "model.removed", "model/m", json);
        }
    }
    box_event(&b, "route.declared", "route/r", "{\"model\":\"m\",\"suite\":\"s\"}");
    box_event(&b, "eval.scored", "eval/e",
              "{\"task\":\"t\",\"metric\":\"acc\",\"value\":1,\"threshold\":1,\"higher_is_better\":true}");
    box_event(&b, "eval.finished", "eval/e",
              "{\"route\":\"r\",\"suite\":\"s\",\"digest\":\"" D1 "\",\"verdict\":\"pass\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "routes", "r", NULL));
    box_text(&b, "state", "ready");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_time_in_the_past_does_not_bring_back_what_is_over, start, finish),
        cmocka_unit_test_setup_teardown(a_refusal_takes_effect_however_many_patterns_came_before, start, finish),
        cmocka_unit_test_setup_teardown(what_too_many_refusals_could_hide_is_refused, start, finish),
        cmocka_unit_test_setup_teardown(one_use_that_makes_room_for_a_refusal_is_over, start, finish),
        cmocka_unit_test_setup_teardown(a_use_that_nobody_decided_was_not_revoked, start, finish),
        cmocka_unit_test_setup_teardown(many_questions_about_one_pack_get_the_answers_that_each_would_get, start, finish),
        cmocka_unit_test_setup_teardown(suites_whose_long_names_begin_alike_are_two, start, finish),
        cmocka_unit_test_setup_teardown(a_failure_in_other_words_takes_away_an_older_pass, start, finish),
        cmocka_unit_test_setup_teardown(weights_with_more_names_than_a_list_holds_can_be_read, start, finish),
        cmocka_unit_test_setup_teardown(a_name_that_many_runtimes_gave_up_leads_where_the_last_one_has_it, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
