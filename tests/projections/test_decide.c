/* Judgements: what is permitted, proven, ready to be promoted, legal to write. */
#include "projections/decide/decide.h"
#include "projections/fold/fold.h"
#include "projections/permissions/permitted.h"
#include "tests/projections/state_box.h"

extern const struct projection projection_permissions, projection_policies, projection_runs;

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define D3 "sha256:3333333333333333333333333333333333333333333333333333333333333333"

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

/* The last decision is no, with a reason that contains this text. */
static void expect_no(const char *words) {
    if (d.yes || strstr(d.reason, words) == NULL) {
        fail_msg("%s: '%s' is not '%s'", d.yes ? "yes" : "no", d.reason, words);
    }
}

static void expect_yes(void) {
    if (!d.yes || d.reason[0] != '\0') {
        fail_msg("no: '%s'", d.reason);
    }
}

static void expect_evidence(size_t n, ...) {
    va_list args;
    va_start(args, n);
    assert_int_equal(d.n_evidence, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(d.evidence[i], va_arg(args, uint64_t));
    }
    va_end(args);
}

/* ---- permissions ---- */

static uint64_t say(const char *step, const char *group, const char *scope, const char *more) {
    char kind[64], json[256];
    snprintf(kind, sizeof(kind), "permission.%s", step);
    snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\"%s}", group, scope, more);
    return box_event(&b, kind, "pack/p", json);
}

static void ask(const char *group, const char *scope) {
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_is_permitted(b.view, bytes_of("pack/p"),
                              &(struct decide_use){.group = bytes_of(group), .scope = bytes_of(scope)}, &d, &b.err));
}

static void what_nobody_granted_is_not_permitted(void **state) {
    (void)state;
    ask("exec", "/srv/a");
    expect_no("pack/p may not exec '/srv/a': nobody granted it");
    expect_evidence(0);
    uint64_t asked = say("requested", "exec", "/srv/a", "");
    ask("exec", "/srv/a");
    expect_no("requested, not granted");
    expect_evidence(1, asked);
    uint64_t granted = say("granted", "exec", "/srv/a", "");
    ask("exec", "/srv/a");
    expect_yes();
    expect_evidence(2, asked, granted);
    ask("exec", "/srv/ab");
    expect_no("nobody granted it");
    ask("gpu", "/srv/a");
    expect_no("nobody granted it");
    ask("exec", "");
    expect_no("nobody granted it");
}

static void scopes_cover_by_name_by_pattern_or_altogether(void **state) {
    (void)state;
    say("granted", "exec", "/srv/*", "");
    ask("exec", "/srv/a/b");
    expect_yes();
    ask("exec", "/srv/a/*");
    expect_yes();
    ask("exec", "/srv");
    expect_no("nobody");
    say("granted", "gpu", "", "");
    ask("gpu", "0");
    expect_yes();
    ask("gpu", "");
    expect_yes();
}

static void the_newest_that_covers_it_wins(void **state) {
    (void)state;
    say("granted", "exec", "/srv/a", "");
    uint64_t wide = say("revoked", "exec", "", ""); /* overrides the older grant of a part */
    ask("exec", "/srv/a");
    expect_no("revoked");
    expect_evidence(1, wide);
    say("granted", "exec", "/srv/*", "");
    ask("exec", "/srv/a");
    expect_yes();
    say("denied", "exec", "/srv/secret/*", "");
    ask("exec", "/srv/a");
    expect_yes();
    ask("exec", "/srv/secret/key");
    expect_no("denied");
    ask("exec", "/srv/*"); /* not all of it is permitted any more */
    expect_no("denied");
    say("requested", "exec", "/srv/secret/*", ""); /* does not lift the denial */
    ask("exec", "/srv/secret/key");
    expect_no("denied");
    say("granted", "exec", "/srv/secret/key", "");
    ask("exec", "/srv/secret/key");
    expect_yes();
}

static void what_is_over_does_not_count(void **state) {
    (void)state;
    say("granted", "exec", "", ",\"expires\":5000");
    box_view(&b, LOG_NO_SEQ, 4999);
    check(decide_is_permitted(b.view, bytes_of("pack/p"),
                              &(struct decide_use){.group = bytes_of("exec"), .scope = bytes_of("/a")}, &d, &b.err));
    expect_yes();
    box_view(&b, LOG_NO_SEQ, 5000);
    check(decide_is_permitted(b.view, bytes_of("pack/p"),
                              &(struct decide_use){.group = bytes_of("exec"), .scope = bytes_of("/a")}, &d, &b.err));
    expect_no("expired");
    say("granted", "gpu", "*", ",\"lifetime\":\"once\"");
    ask("gpu", "0");
    expect_yes();
    say("used", "gpu", "1", "");
    ask("gpu", "0");
    expect_no("expired");
}

static void a_session_s_grant_is_for_that_session(void **state) {
    (void)state;
    say("granted", "exec", "", ",\"lifetime\":\"session\",\"session\":\"s1\"");
    ask("exec", "/a");
    expect_yes();
    check(decide_is_permitted(
        b.view, bytes_of("pack/p"),
        &(struct decide_use){
            .group = bytes_of("exec"), .scope = bytes_of("/a"), .session = bytes_of("s1"), .of_session = true},
        &d, &b.err));
    expect_yes();
    check(decide_is_permitted(
        b.view, bytes_of("pack/p"),
        &(struct decide_use){
            .group = bytes_of("exec"), .scope = bytes_of("/a"), .session = bytes_of("s2"), .of_session = true},
        &d, &b.err));
    expect_no("granted for another session");
    box_event(&b, "run.finished", "run/s1", "{}");
    ask("exec", "/a");
    expect_no("expired");
}

static void who_has_no_group_is_refused_in_any(void **state) {
    (void)state;
    box_event(&b, "permission.decided", "tool/x", "{\"decision\":\"allow\",\"lifetime\":\"permanent\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_is_permitted(b.view, bytes_of("tool/x"),
                              &(struct decide_use){.group = bytes_of(""), .scope = bytes_of("")}, &d, &b.err));
    expect_yes();
    check(decide_is_permitted(b.view, bytes_of("tool/x"),
                              &(struct decide_use){.group = bytes_of("exec"), .scope = bytes_of("")}, &d, &b.err));
    expect_no("nobody");
    box_event(&b, "permission.granted", "tool/x", "{\"group\":\"exec\"}");
    box_event(&b, "permission.decided", "tool/x", "{\"decision\":\"deny\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_is_permitted(b.view, bytes_of("tool/x"),
                              &(struct decide_use){.group = bytes_of("exec"), .scope = bytes_of("")}, &d, &b.err));
    expect_no("denied");
}

/* ---- promotions ---- */

static void may_promote(void) {
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_may_promote(b.view, bytes_of("p"), &d, &b.err));
}

static uint64_t evaluated(const char *id, const char *digest, const char *more) {
    char subject[64], json[512];
    snprintf(subject, sizeof(subject), "eval/%s", id);
    snprintf(json, sizeof(json),
             "{\"suite\":\"s\",\"suite_digest\":\"" D3 "\",\"model\":\"m\",\"digest\":\"%s\",\"verdict\":\"pass\","
             "\"passed\":10,\"failed\":0,\"errors\":0,\"samples\":10,\"partial\":%s,\"cached\":false,\"dirty\":false%s}",
             digest, strcmp(id, "part") == 0 ? "true" : "false", more);
    box_event(&b, "eval.scored", subject,
              "{\"task\":\"t\",\"metric\":\"acc\",\"value\":1,\"threshold\":1,\"higher_is_better\":true}");
    return box_event(&b, "eval.finished", subject, json);
}

static void go_to_the_gate(const char *plan) {
    box_event(&b, "promotion.planned", "promotion/p", plan);
    box_event(&b, "promotion.simulated", "promotion/p", "{\"verdict\":\"pass\"}");
    box_event(&b, "promotion.verifying", "promotion/p", NULL);
    box_event(&b, "promotion.gated", "promotion/p", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
}

static void a_candidate_needs_its_steps_its_gate_and_a_full_pass(void **state) {
    (void)state;
    may_promote();
    expect_no("there is no promotion 'p'");
    uint64_t planned = box_event(&b, "promotion.planned", "promotion/p", "{\"what\":\"model\",\"digest\":\"" D1 "\"}");
    may_promote();
    expect_no("promotion 'p' is planned: it has to be simulated and verified first");
    expect_evidence(1, planned);
    go_to_the_gate("{\"what\":\"model\",\"digest\":\"" D1 "\"}");
    may_promote();
    expect_no("no full pass for sha256:111111111111: nothing was evaluated");
    evaluated("other", D2, "");
    may_promote();
    expect_no("nothing was evaluated");
    evaluated("part", D1, ""); /* partial */
    may_promote();
    expect_no("eval 'part' does not count");
    uint64_t full = evaluated("full", D1, "");
    may_promote();
    expect_yes();
    assert_int_equal(d.evidence[d.n_evidence - 1], full);
    box_event(&b, "eval.invalidated", "eval/full", "{\"reason\":\"contaminated\"}");
    may_promote();
    expect_no("no full pass");
    evaluated("again", D1, "");
    box_event(&b, "promotion.tripped", "promotion/p", "{\"code\":\"red\"}");
    may_promote();
    expect_no("tripcode 'red' holds");
}

static void of_each_suite_the_newest_evaluation_decides(void **state) {
    (void)state;
    box_event(&b, "promotion.planned", "promotion/p", "{\"what\":\"model\",\"digest\":\"" D1 "\"}");
    go_to_the_gate("{\"what\":\"model\",\"digest\":\"" D1 "\"}");
    evaluated("one", D1, "");
    may_promote();
    expect_yes();
    box_event(&b, "eval.finished", "eval/two", "{\"suite\":\"s\",\"digest\":\"" D1 "\",\"verdict\":\"fail\"}");
    may_promote();
    expect_no("its newest evaluation by suite 's' failed");
    box_event(&b, "eval.finished", "eval/three", "{\"suite\":\"t\",\"digest\":\"" D1 "\",\"verdict\":\"fail\"}");
    evaluated("four", D1, "");
    may_promote();
    expect_no("its newest evaluation by suite 't' failed");
    box_event(&b, "eval.invalidated", "eval/three", "{\"reason\":\"wrong_suite\"}");
    may_promote();
    expect_yes();
}

static void a_route_and_a_pack_are_proven_by_their_own_evaluations(void **state) {
    (void)state;
    go_to_the_gate("{\"what\":\"route\",\"route\":\"r\",\"digest\":\"" D1 "\"}");
    evaluated("a", D2, ",\"route\":\"r\",\"config_digest\":\"" D3 "\"");
    may_promote();
    expect_no("nothing was evaluated");
    evaluated("b", D2, ",\"route\":\"r\",\"config_digest\":\"" D1 "\"");
    may_promote();
    expect_yes();
    box_event(&b, "promotion.aborted", "promotion/p", NULL);
    go_to_the_gate("{\"what\":\"pack\",\"pack\":\"k\",\"version\":\"2\",\"digest\":\"" D1 "\"}");
    evaluated("c", D2, ",\"pack\":\"k\",\"pack_version\":\"1\"");
    may_promote();
    expect_no("nothing was evaluated");
    evaluated("d", D2, ",\"pack\":\"k\",\"pack_version\":\"2\",\"pack_digest\":\"" D1 "\"");
    may_promote();
    expect_yes();
}

/* ---- routes ---- */

static void a_route_is_proven_by_a_pass_of_what_it_is_now(void **state) {
    (void)state;
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_is_proven(b.view, bytes_of("r"), &d, &b.err));
    expect_no("there is no route 'r'");
    box_event(&b, "route.declared", "route/r",
              "{\"route\":\"r\",\"config_digest\":\"" D2 "\",\"digest\":\"" D1 "\",\"suite\":\"s\",\"suite_digest\":\"" D3
              "\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_is_proven(b.view, bytes_of("r"), &d, &b.err));
    expect_no("route 'r' is declared");
    uint64_t pass = evaluated("e", D1, ",\"route\":\"r\",\"config_digest\":\"" D2 "\"");
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_is_proven(b.view, bytes_of("r"), &d, &b.err));
    expect_yes();
    assert_int_equal(d.evidence[d.n_evidence - 1], pass);
}

/* ---- appending ---- */

static void draft_of(struct log_draft *draft, struct buf *body, const char *kind, const char *subject, const char *json) {
    buf_init(body, 1 << 16);
    check(log_json_to_body(bytes_of(json), body, &b.err));
    log_draft_init(draft);
    draft->kind = bytes_of(kind);
    draft->subject = bytes_of(subject);
    draft->actor = bytes_of("user:test");
    draft->source = bytes_of("cli");
    draft->grade = bytes_of("reported");
    draft->body = bytes_of_buf(body);
}

static void may_append(const char *kind, const char *subject, const char *json) {
    struct log_draft draft;
    struct buf body;
    draft_of(&draft, &body, kind, subject, json);
    box_view(&b, LOG_NO_SEQ, 0);
    check(decide_may_append(b.view, &draft, &d, &b.err));
    buf_done(&body);
}

static int takes_no_denial(struct fold *fold, struct err *err) {
    return bytes_is(fold_event(fold)->kind, "permission.denied") ? err_set(err, ERR_LIMIT, "this is too much")
                                                                 : projection_permissions.fold(fold, err);
}

/* Calls and runs are not folded by the projection that judges them, so the view must be of the current log. */
static void nothing_is_permitted_by_permissions_that_stopped_before_it(void **state) {
    static const char *const calls[][2] = {{"permission.used", "tool/Read"}, {"run.tool_called", "run/r"}};
    struct projection permissions = projection_permissions;
    const struct projection *all[] = {&permissions, &projection_policies, &projection_runs, NULL};
    struct state_options options;
    struct log_draft draft;
    struct buf body;
    (void)state;
    permissions.fold = takes_no_denial;
    box_event(&b, "permission.granted", "tool/Read", "{\"group\":\"exec\",\"tier\":\"T3\"}");
    for (size_t i = 0; i < 2; i++) {
        may_append(calls[i][0], calls[i][1], "{\"group\":\"exec\",\"scope\":\"a\",\"tool\":\"Read\",\"tier\":\"T0\"}");
        expect_yes();
    }
    uint64_t denied = box_event(&b, "permission.denied", "tool/Read", "{\"group\":\"exec\"}");
    for (size_t i = 0; i < 2; i++) {
        box_forget(&b);
        state_options_init(&options);
        options.projections = all;
        options.no_write = true;
        assert_int_equal(state_open(b.ledger, &options, &b.view, &b.err), 0);
        draft_of(&draft, &body, calls[i][0], calls[i][1],
                 "{\"group\":\"exec\",\"scope\":\"a\",\"tool\":\"Read\",\"tier\":\"T0\"}");
        check(decide_may_append(b.view, &draft, &d, &b.err));
        buf_done(&body);
        expect_no("the states of 'permissions' stopped at event");
        expect_evidence(1, denied);
    }
}

static void a_step_that_would_be_a_violation_may_not_be_written(void **state) {
    (void)state;
    may_append("permission.used", "pack/p", "{\"group\":\"exec\"}");
    expect_no("pack/p may not exec '': nobody granted it");
    expect_evidence(0);
    say("granted", "exec", "", "");
    may_append("permission.used", "pack/p", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect_yes();
    say("used", "gpu", "", ""); /* an existing violation does not count against others */
    may_append("permission.used", "pack/p", "{\"group\":\"exec\"}");
    expect_yes();
    uint64_t revoked = say("revoked", "exec", "", "");
    may_append("permission.used", "pack/p", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect_no("revoked");
    expect_evidence(1, revoked);
    may_append("permission.revoked", "pack/p", "{\"group\":\"exec\"}");
    expect_yes();
    uint64_t planned = box_event(&b, "promotion.planned", "promotion/p", "{\"digest\":\"" D1 "\"}");
    may_append("promotion.verifying", "promotion/p", "{}");
    expect_no(
        "promotion 'p': it is planned, and may not be verified: simulate it first: ledger promote simulate p -- COMMAND");
    expect_evidence(1, planned);
    may_append("promotion.simulated", "promotion/p", "{}");
    expect_yes();
    box_event(&b, "run.started", "run/r", NULL);
    may_append("run.started", "run/r", "{}");
    expect_no("run 'r': started twice");
    may_append("x.test.note", "thing/1", "{}");
    expect_yes();
}

static void a_promotion_without_a_full_pass_may_not_be_written(void **state) {
    (void)state;
    go_to_the_gate("{\"digest\":\"" D1 "\"}");
    may_append("promotion.promoted", "promotion/p", "{\"digest\":\"" D1 "\"}");
    expect_no("no full pass for sha256:111111111111");
    evaluated("e", D1, "");
    may_append("promotion.promoted", "promotion/p", "{\"digest\":\"" D1 "\"}");
    expect_yes();
    may_append("promotion.promoted", "promotion/p", "{\"digest\":\"" D2 "\"}");
    expect_no("it names sha256:222222222222");
}

static void what_cannot_be_written_at_all_is_an_error(void **state) {
    (void)state;
    struct log_draft draft;
    struct buf body;
    draft_of(&draft, &body, "permission.granted", "pack/p", "{\"group\":\"nonsense\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), ERR_INVALID);
    draft.kind = bytes_of("no.such");
    assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), ERR_NOTFOUND);
    buf_done(&body);
}

static void steps_are_judged_by_the_past_that_the_view_shows(void **state) {
    (void)state;
    struct log_draft draft;
    struct buf body;
    uint64_t granted = say("granted", "exec", "", "");
    say("revoked", "exec", "", "");
    draft_of(&draft, &body, "permission.used", "pack/p", "{\"group\":\"exec\"}");
    box_view(&b, granted + 1, 0);
    check(decide_may_append(b.view, &draft, &d, &b.err));
    expect_yes();
    box_view(&b, granted, 0);
    check(decide_may_append(b.view, &draft, &d, &b.err));
    expect_no("nobody granted it");
    buf_done(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_nobody_granted_is_not_permitted, start, finish),
        cmocka_unit_test_setup_teardown(scopes_cover_by_name_by_pattern_or_altogether, start, finish),
        cmocka_unit_test_setup_teardown(the_newest_that_covers_it_wins, start, finish),
        cmocka_unit_test_setup_teardown(what_is_over_does_not_count, start, finish),
        cmocka_unit_test_setup_teardown(a_session_s_grant_is_for_that_session, start, finish),
        cmocka_unit_test_setup_teardown(who_has_no_group_is_refused_in_any, start, finish),
        cmocka_unit_test_setup_teardown(a_candidate_needs_its_steps_its_gate_and_a_full_pass, start, finish),
        cmocka_unit_test_setup_teardown(of_each_suite_the_newest_evaluation_decides, start, finish),
        cmocka_unit_test_setup_teardown(a_route_and_a_pack_are_proven_by_their_own_evaluations, start, finish),
        cmocka_unit_test_setup_teardown(a_route_is_proven_by_a_pass_of_what_it_is_now, start, finish),
        cmocka_unit_test_setup_teardown(a_step_that_would_be_a_violation_may_not_be_written, start, finish),
        cmocka_unit_test_setup_teardown(a_promotion_without_a_full_pass_may_not_be_written, start, finish),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_at_all_is_an_error, start, finish),
        cmocka_unit_test_setup_teardown(steps_are_judged_by_the_past_that_the_view_shows, start, finish),
        cmocka_unit_test_setup_teardown(nothing_is_permitted_by_permissions_that_stopped_before_it, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
