/* What a pack is fit for, from its installation to its removal, and that this can be queried again for any moment. */
#include "projections/rows/list.h"
#include "tests/projections/proof_box.h"

static void pack(struct box *box, const char *state, const char *reason) {
    box_view(box, LOG_NO_SEQ, 0);
    assert_true(box_row(box, "packs", "p", NULL));
    if (state != NULL) {
        box_text(box, "state", state);
    } else {
        box_null(box, "state");
    }
    if (reason != NULL) {
        box_says(box, "reason", reason);
    } else {
        box_null(box, "reason");
    }
}

/* The pack's row names this rule, with this remedy. */
static void lacks(struct box *box, const char *rule, const char *remedy) {
    struct list list;
    struct bytes item, name, text;
    const struct cell *cell = &box->row.cells[box_column(box, "missing")];
    list_open(&list, cell->type == CELL_LIST ? cell->text : (struct bytes){0});
    while (list_next(&list, &item)) {
        if (list_text(item, "rule", &name) && bytes_is(name, rule)) {
            assert_true(list_text(item, "remedy", &text));
            assert_memory_equal(text.p, remedy, text.n);
            assert_int_equal(text.n, strlen(remedy));
            return;
        }
    }
    fail_msg("nothing is found by %s", rule);
}

static uint64_t check(struct box *box, const char *name, const char *verdict, const char *more) {
    char body[256];
    snprintf(body, sizeof(body), "{\"check\": \"%s\", \"verdict\": \"%s\"%s}", name, verdict, more);
    return box_event(box, "pack.checked", "pack/p", body);
}

static uint64_t grant(struct box *box, const char *kind, const char *group) {
    char body[128];
    snprintf(body, sizeof(body), "{\"group\": \"%s\"}", group);
    return box_event(box, kind, "pack/p", body);
}

/* Route `name` of pack p, on the tag m, proven by suite s. */
static uint64_t declare(struct box *box, const char *name) {
    char subject[32];
    snprintf(subject, sizeof(subject), "route/%s", name);
    return box_event(
        box, "route.declared", subject,
        "{\"pack\": \"p\", \"pack_version\": \"1\", \"model\": \"m\", \"runtime\": \"ollama\", \"suite\": \"s\"}");
}

static uint64_t prove(struct box *box, const char *id, const char *route, const char *digest) {
    char subject[32], body[512];
    snprintf(subject, sizeof(subject), "eval/%s", id);
    snprintf(body, sizeof(body),
             "{\"route\": \"%s\", \"suite\": \"s\", \"digest\": \"%s\", \"pack\": \"p\", \"pack_version\": \"1\", "
             "\"verdict\": \"pass\"}",
             route, digest);
    return box_eval(box, subject, body);
}

/* The moments of the story below: number of events, state, part of the reason (NULL: there is none), and events that are
 * cited for it, up to a 0. */
struct moment {
    uint64_t at;
    const char *state, *reason;
    uint64_t cites[5];
};
#define MOMENTS_MAX 16
static void check_moment(struct box *box, const struct moment *m) {
    box_view(box, m->at, 0);
    assert_true(box_row(box, "packs", "p", NULL));
    box_text(box, "state", m->state);
    if (m->reason != NULL) {
        box_says(box, "reason", m->reason);
    } else {
        box_null(box, "reason");
    }
    for (size_t i = 0; i < 5 && m->cites[i] != 0; i++) {
        box_cites(box, m->cites[i]);
    }
}

static void note(struct box *box, struct moment *moments, size_t *n, struct moment m) {
    assert_true(*n < MOMENTS_MAX);
    box_view(box, LOG_NO_SEQ, 0);
    m.at = state_at(box->view);
    moments[*n] = m;
    check_moment(box, &moments[(*n)++]);
}

static void a_pack_goes_from_its_installation_to_its_removal_and_every_moment_can_be_asked_again(void **state) {
    struct moment moments[MOMENTS_MAX];
    struct box box;
    size_t n = 0;
    (void)state;
    box_open(&box);
    uint64_t tag = box_tag(&box, "model.observed", WEIGHTS);
    uint64_t in = box_event(&box, "pack.installed", "pack/p",
                            "{\"version\": \"1\", \"permissions\": [{\"group\": \"exec\", \"required\": true}, "
                            "{\"group\": \"network.egress\", \"required\": false}], \"routes\": [{\"name\": \"a\", "
                            "\"required\": true}, {\"name\": \"b\", \"required\": true}], \"checks\": [\"smoke\"]}");
    note(&box, moments, &n,
         (struct moment){
             .state = "blocked", .reason = "permission exec is not granted; check 'smoke' has not run", .cites = {in}});
    uint64_t denied = grant(&box, "permission.denied", "exec");
    note(&box, moments, &n,
         (struct moment){.state = "blocked", .reason = "permission exec is denied", .cites = {in, denied}});
    uint64_t granted = grant(&box, "permission.granted", "exec");
    note(&box, moments, &n,
         (struct moment){.state = "blocked", .reason = "check 'smoke' has not run", .cites = {in, granted}});
    uint64_t failed = check(&box, "smoke", "fail", ", \"version\": \"1\"");
    note(&box, moments, &n,
         (struct moment){.state = "blocked", .reason = "check 'smoke' failed", .cites = {granted, failed}});
    uint64_t passed = check(&box, "smoke", "pass", ", \"version\": \"1\"");
    note(&box, moments, &n,
         (struct moment){.state = "demo-only",
                         .reason = "none of its 2 required routes is proven; 'a' was never declared; 'b' was never",
                         .cites = {in, granted, passed}});
    uint64_t a = declare(&box, "a"), b = declare(&box, "b");
    note(&box, moments, &n,
         (struct moment){.state = "demo-only", .reason = "'a': no eval; 'b': no eval", .cites = {in, passed, a, b}});
    uint64_t proven_a = prove(&box, "ea", "a", WEIGHTS);
    note(&box, moments, &n,
         (struct moment){.state = "partial",
                         .reason = "1 of 2 required routes is ready; 'b': no eval",
                         .cites = {in, a, b, proven_a, tag}});
    uint64_t proven_b = prove(&box, "eb", "b", WEIGHTS);
    note(&box, moments, &n, (struct moment){.state = "ready", .cites = {in, granted, passed, proven_a, proven_b}});
    uint64_t refused = grant(&box, "permission.denied", "network.egress");
    note(&box, moments, &n,
         (struct moment){.state = "partial", .reason = "permission network.egress is denied", .cites = {in, refused}});
    uint64_t allowed = grant(&box, "permission.granted", "network.egress");
    note(&box, moments, &n, (struct moment){.state = "ready", .cites = {allowed, proven_b}});
    uint64_t moved = box_tag(&box, "model.alias_set", WEIGHTS2);
    note(&box, moments, &n,
         (struct moment){.state = "demo-only",
                         .reason = "'a': model drift: proven for sha256:aaaaaaaaaaaa, 'm' is sha256:bbbbbbbbbbbb now",
                         .cites = {in, moved, proven_a, proven_b}});
    uint64_t again = prove(&box, "ea2", "a", WEIGHTS2);
    note(&box, moments, &n,
         (struct moment){.state = "partial", .reason = "'b': model drift", .cites = {moved, again, proven_b}});
    uint64_t last = prove(&box, "eb2", "b", WEIGHTS2);
    note(&box, moments, &n, (struct moment){.state = "ready", .cites = {moved, again, last}});
    uint64_t parked = box_event(&box, "pack.parked", "pack/p", "{\"reason\": \"review\"}");
    note(&box, moments, &n, (struct moment){.state = "parked", .reason = "set aside: review", .cites = {parked}});
    box_event(&box, "pack.unparked", "pack/p", NULL);
    note(&box, moments, &n, (struct moment){.state = "ready", .cites = {in, last}});
    uint64_t removed = box_event(&box, "pack.removed", "pack/p", "{\"reason\": \"obsolete\"}");
    note(&box, moments, &n, (struct moment){.state = "removed", .reason = "removed: obsolete", .cites = {removed}});
    for (size_t i = n; i-- > 0;) {
        check_moment(&box, &moments[i]);
    }
    box_close(&box);
}

static void an_installation_that_says_nothing_of_its_needs_is_just_installed(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\"}");
    pack(&box, "installed", "its installation does not say what it needs");
    box_event(&box, "pack.upgraded", "pack/p", "{\"version\": \"2\", \"routes\": []}");
    pack(&box, "ready", NULL);
    box_text(&box, "version_before", "1");
    box_text(&box, "by", "user:test");
    box_close(&box);
}

static void a_check_of_another_version_or_from_before_a_removal_has_not_run(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    check(&box, "smoke", "pass", ", \"version\": \"1\"");
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\", \"checks\": [\"smoke\"]}");
    pack(&box, "ready", NULL); /* it was checked before it was installed */
    box_event(&box, "pack.upgraded", "pack/p", "{\"version\": \"2\"}");
    pack(&box, "blocked", "check 'smoke' has not run for this version");
    uint64_t ran = check(&box, "smoke", "warn", "");
    pack(&box, "ready", NULL);
    box_cites(&box, ran);
    check(&box, "smoke", "unknown", "");
    pack(&box, "blocked", "check 'smoke' has no clear result");
    check(&box, "smoke", "pass", ", \"version\": \"2\"");
    box_event(&box, "pack.removed", "pack/p", NULL);
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"2\", \"checks\": [\"smoke\"]}");
    pack(&box, "blocked", "check 'smoke' has not run for this version");
    box_close(&box);
}

static void a_check_may_be_required_by_its_result_and_a_listed_one_may_not_be(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\", \"checks\": [\"nice\"]}");
    check(&box, "nice", "fail", ", \"required\": false");
    pack(&box, "ready", NULL);
    check(&box, "hidden", "fail", ", \"required\": true");
    pack(&box, "blocked", "check 'hidden' failed");
    box_close(&box);
}

static void a_required_permission_that_was_asked_for_beside_the_list_blocks(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\", \"permissions\": []}");
    pack(&box, "ready", NULL);
    box_event(&box, "permission.requested", "pack/p", "{\"group\": \"gpu\", \"scope\": \"0\", \"required\": true}");
    pack(&box, "blocked", "permission gpu on '0' is requested, not granted (event 2)");
    grant(&box, "permission.granted", "gpu"); /* for every scope */
    pack(&box, "ready", NULL);
    grant(&box, "permission.revoked", "gpu");
    pack(&box, "blocked", "permission gpu on '0' is revoked by event 4");
    box_close(&box);
}

static void a_grant_that_has_expired_blocks_from_then_on(void **state) {
    char body[128];
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\", \"permissions\": [{\"group\": \"exec\"}]}");
    box_view(&box, LOG_NO_SEQ, 0);
    uint64_t end = state_now(box.view) + UINT64_C(3600000000000);
    snprintf(body, sizeof(body), "{\"group\": \"exec\", \"expires\": %llu}", (unsigned long long)end);
    box_event(&box, "permission.granted", "pack/p", body);
    box_event(&box, "pack.checked", "pack/p", "{\"check\": \"c\", \"verdict\": \"pass\", \"required\": true}");
    pack(&box, "ready", NULL);
    box_view(&box, LOG_NO_SEQ, end + 1);
    assert_true(box_row(&box, "packs", "p", NULL));
    box_text(&box, "state", "blocked");
    box_text(&box, "reason", "permission exec is expired (event 2)");
    box_int(&box, "since", (int64_t)end); /* though a newer event was read */
    assert_false(row_has(&box.row, box_column(&box, "since_seq")));
    box_close(&box);
}

static void a_route_that_is_proven_and_does_not_answer_leaves_the_pack_partial(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_odd(&box, "pack.installed", "pack/p", "{\"version\": \"1\", \"routes\": [\"a\"]}");
    box_tag(&box, "model.observed", WEIGHTS);
    declare(&box, "a");
    prove(&box, "ea", "a", WEIGHTS);
    pack(&box, "ready", NULL);
    uint64_t down = box_event(&box, "route.offline", "route/a", "{\"reason\": \"refused\"}");
    pack(&box, "partial", "its required route is not ready; 'a': offline, nothing answers: refused");
    box_cites(&box, down);
    box_event(&box, "route.online", "route/a", NULL);
    box_event(&box, "route.fell_back", "route/a", NULL);
    pack(&box, "partial", "'a': degraded, its fallback answers for it");
    box_event(&box, "route.removed", "route/a", NULL);
    pack(&box, "demo-only", "'a': removed");
    lacks(&box, "need.route-removed",
          "ledger append route.declared -s route/a route=a pack=p pack_version=1 suite=SUITE digest=DIGEST required:=true");
    declare(&box, "a");
    prove(&box, "ea2", "a", WEIGHTS);
    pack(&box, "ready", NULL);
    box_close(&box);
}

static void a_required_route_that_was_only_configured_was_never_declared(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_odd(&box, "pack.installed", "pack/p", "{\"version\": \"1\", \"routes\": [\"a\"]}");
    box_event(&box, "route.configured", "route/a", "{\"config_digest\": \"" CONFIG "\"}");
    pack(&box, "demo-only", "'a' was never declared");
    lacks(&box, "need.route-undeclared",
          "ledger append route.declared -s route/a route=a pack=p pack_version=1 suite=SUITE digest=DIGEST required:=true");
    box_close(&box);
}

static void a_route_that_names_the_pack_is_required_when_it_says_so(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "pack.installed", "pack/p",
              "{\"version\": \"1\", \"routes\": [{\"name\": \"a\", \"required\": false}]}");
    box_event(&box, "route.declared", "route/a", "{\"pack\": \"p\", \"suite\": \"s\", \"required\": true}");
    pack(&box, "ready", NULL); /* the pack's own entry counts for what it lists */
    box_event(&box, "route.declared", "route/c", "{\"pack\": \"p\", \"suite\": \"s\", \"required\": true}");
    pack(&box, "demo-only", "its required route is not proven; 'c': no weights: the route names no model");
    box_close(&box);
}

/* Each is an event that breaks a rule, and leaves the step that is next to it. */
static void steps_that_are_not_legal_show_as_violations(void **state) {
    static const struct {
        const char *before[2], *kind, *step, *words;
    } cases[] = {
        {{NULL}, "pack.upgraded", "installed", "upgraded though it was not installed"},
        {{NULL}, "pack.configured", NULL, "configured though it is not installed"},
        {{NULL}, "pack.parked", NULL, "parked though it is not installed"},
        {{NULL}, "pack.unparked", NULL, "taken up again though it is not installed"},
        {{NULL}, "pack.removed", "removed", "removed though it was never installed"},
        {{"pack.installed"},
         "pack.installed",
         "installed",
         "installed while it was installed: an upgrade or a removal comes before"},
        {{"pack.installed"}, "pack.unparked", "installed", "taken up again and was not parked"},
        {{"pack.installed", "pack.parked"}, "pack.parked", "parked", "parked twice"},
        {{"pack.installed", "pack.parked"},
         "pack.installed",
         "parked",
         "installed while it was parked: an upgrade or a removal comes before"},
        {{"pack.installed", "pack.removed"}, "pack.removed", "removed", "removed twice"},
        {{"pack.installed", "pack.removed"}, "pack.parked", "removed", "parked though it is not installed"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        box_open(&box);
        for (size_t k = 0; k < 2 && cases[i].before[k] != NULL; k++) {
            box_event(&box, cases[i].before[k], "pack/p", NULL);
        }
        uint64_t seq = box_event(&box, cases[i].kind, "pack/p", NULL);
        box_view(&box, LOG_NO_SEQ, 0);
        assert_true(box_row(&box, "packs", "p", NULL));
        if (cases[i].step != NULL) {
            box_text(&box, "step", cases[i].step);
        } else {
            box_null(&box, "step");
            box_null(&box, "state");
            box_text(&box, "reason", "it was never installed");
        }
        box_int(&box, "violations", 1);
        box_text(&box, "violation", cases[i].words);
        box_int(&box, "violation_seq", (int64_t)seq);
        box_close(&box);
    }
}

/* Other programs may have written anything into the lists. */
static void lists_of_odd_items_are_taken_as_needs_that_nobody_meets(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_odd(&box, "pack.installed", "pack/p",
            "{\"version\": \"1\", \"routes\": [7, {\"x\": 1}, [], {\"name\": \"a\", \"required\": 3}]}");
    pack(&box, "demo-only", "none of its 4 required routes is proven; '?' was never declared");
    box_odd(&box, "pack.upgraded", "pack/p", "{\"version\": \"2\", \"permissions\": [7], \"routes\": []}");
    pack(&box, "blocked", "permission of no group is not granted");
    box_close(&box);
}

static void a_list_that_is_too_long_to_be_kept_blocks(void **state) {
    struct box box;
    struct buf body;
    (void)state;
    box_open(&box);
    buf_init(&body, 1 << 20);
    buf_put_str(&body, "{\"version\": \"1\", \"routes\": [");
    for (int i = 0; i < 40000; i++) {
        buf_printf(&body, "%s\"route%d\"", i > 0 ? "," : "", i);
    }
    buf_put_str(&body, "]}");
    buf_put_u8(&body, 0);
    box_odd(&box, "pack.installed", "pack/p", (const char *)body.p);
    pack(&box, "blocked", "its list 'routes' is too long to be kept");
    box_event(&box, "pack.upgraded", "pack/p", "{\"version\": \"2\", \"routes\": []}");
    pack(&box, "ready", NULL);
    buf_done(&body);
    box_close(&box);
}

static void a_step_that_is_not_taken_leaves_reason_and_fields_as_they_are(void **state) {
    (void)state;
    struct box box;
    box_open(&box);
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\"}");
    box_event(&box, "pack.parked", "pack/p", "{\"reason\": \"review\"}");
    box_event(&box, "pack.parked", "pack/p", "{\"reason\": \"holiday\"}");
    pack(&box, "parked", "set aside: review");
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"2\", \"publisher\": \"q\"}");
    pack(&box, "parked", "set aside: review");
    box_text(&box, "version", "1");
    assert_false(row_has(&box.row, box_column(&box, "publisher")));
    uint64_t removed = box_event(&box, "pack.removed", "pack/p", "{\"reason\": \"old\"}");
    box_event(&box, "pack.parked", "pack/p", "{\"reason\": \"holiday\"}");
    box_event(&box, "pack.removed", "pack/p", "{\"reason\": \"again\"}");
    box_event(&box, "pack.configured", "pack/p", "{\"digest\": \"" DIGEST("7") "\"}");
    pack(&box, "removed", "removed: old");
    box_int(&box, "removed_seq", (int64_t)removed);
    box_int(&box, "violations", 5);
    assert_false(row_has(&box.row, box_column(&box, "settings_digest")));
    box_close(&box);
}

static void settings_are_kept_and_an_upgrade_keeps_a_parked_pack_parked(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\"}");
    box_event(&box, "pack.configured", "pack/p", "{\"digest\": \"" CONFIG "\"}");
    box_event(&box, "pack.parked", "pack/p", NULL);
    box_event(&box, "pack.upgraded", "pack/p", "{\"version\": \"2\"}");
    pack(&box, "parked", "set aside");
    box_text(&box, "version", "2");
    box_text(&box, "settings_digest", CONFIG);
    box_int(&box, "violations", 0);
    box_close(&box);
}

/* ---- plans ---- */

static void a_plan_that_did_not_end_leaves_a_pack_incomplete_until_it_is_given_up(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t plan = box_event(&box, "pack.planned", "pack/p", "{\"version\": \"1\"}");
    pack(&box, "incomplete", "the installation of 1, planned by event");
    lacks(&box, "pack.incomplete", "ledger pack remove p");
    box_cites(&box, plan);
    box_event(&box, "pack.aborted", "pack/p", "{\"version\": \"1\", \"reason\": \"removed\"}");
    pack(&box, NULL, "it was never installed");
    box_event(&box, "pack.aborted", "pack/p", "{\"version\": \"1\"}");
    pack(&box, NULL, "it was never installed");
    assert_int_equal(box.row.cells[box_column(&box, "violations")].int_, 1);
    box_event(&box, "pack.planned", "pack/p", "{\"version\": \"2\"}");
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"2\"}");
    pack(&box, "installed", "its installation does not say what it needs");
    box_close(&box);
}

static void a_plan_for_an_installed_pack_leaves_it_installed_and_is_named(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\", \"permissions\": []}");
    pack(&box, "ready", NULL);
    box_event(&box, "pack.planned", "pack/p", "{\"version\": \"2\"}");
    pack(&box, "partial", "the upgrade to 2, planned by event");
    lacks(&box, "pack.upgrading", "ledger pack remove p --unfinished");
    box_event(&box, "pack.upgraded", "pack/p", "{\"version\": \"2\"}");
    pack(&box, "ready", NULL);
    box_event(&box, "pack.planned", "pack/p", "{\"version\": \"3\"}");
    box_event(&box, "pack.removed", "pack/p", "{}");
    pack(&box, "removed", "removed");
    box_event(&box, "pack.planned", "pack/p", "{\"version\": \"3\"}");
    pack(&box, "incomplete", "the installation of 3, planned by event");
    box_event(&box, "pack.aborted", "pack/p", "{}");
    pack(&box, "removed", "removed");
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pack_goes_from_its_installation_to_its_removal_and_every_moment_can_be_asked_again),
        cmocka_unit_test(an_installation_that_says_nothing_of_its_needs_is_just_installed),
        cmocka_unit_test(a_check_of_another_version_or_from_before_a_removal_has_not_run),
        cmocka_unit_test(a_check_may_be_required_by_its_result_and_a_listed_one_may_not_be),
        cmocka_unit_test(a_required_permission_that_was_asked_for_beside_the_list_blocks),
        cmocka_unit_test(a_grant_that_has_expired_blocks_from_then_on),
        cmocka_unit_test(a_route_that_is_proven_and_does_not_answer_leaves_the_pack_partial),
        cmocka_unit_test(a_required_route_that_was_only_configured_was_never_declared),
        cmocka_unit_test(a_route_that_names_the_pack_is_required_when_it_says_so),
        cmocka_unit_test(steps_that_are_not_legal_show_as_violations),
        cmocka_unit_test(lists_of_odd_items_are_taken_as_needs_that_nobody_meets),
        cmocka_unit_test(a_list_that_is_too_long_to_be_kept_blocks),
        cmocka_unit_test(a_step_that_is_not_taken_leaves_reason_and_fields_as_they_are),
        cmocka_unit_test(settings_are_kept_and_an_upgrade_keeps_a_parked_pack_parked),
        cmocka_unit_test(a_plan_that_did_not_end_leaves_a_pack_incomplete_until_it_is_given_up),
        cmocka_unit_test(a_plan_for_an_installed_pack_leaves_it_installed_and_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
