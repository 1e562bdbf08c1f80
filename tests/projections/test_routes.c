/* The steps of a route, and its state. */
#include "tests/projections/proof_box.h"

static void box_step(struct box *box, const char *expected, int64_t violations) {
    box_view(box, LOG_NO_SEQ, 0);
    assert_true(box_row(box, "routes", "r", NULL));
    box_text(box, "step", expected);
    box_int(box, "violations", violations);
}

static void parking_and_going_offline_are_told_apart_and_combined(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t proof = box_ready(&box);
    uint64_t offline = box_event(&box, "route.offline", "route/r", "{\"reason\": \"refused\"}");
    box_route_is(&box, "offline", "nothing answers: refused");
    box_int(&box, "proof", (int64_t)proof);
    box_cites(&box, offline);
    box_event(&box, "route.offline", "route/r", "{\"reason\": \"timeout\"}");
    box_route_is(&box, "offline", "nothing answers: timeout");
    box_int(&box, "offline_seq", (int64_t)offline);
    uint64_t parked = box_event(&box, "route.parked", "route/r", "{\"reason\": \"costs\"}");
    box_route_is(&box, "parked", "set aside: costs; nothing answers: timeout");
    box_step(&box, "parked-offline", 0);
    box_evidence(&box, 3, offline - 4, offline, parked);
    box_event(&box, "route.parked", "route/r", "{\"parked\": false}");
    box_route_is(&box, "offline", "nothing answers: timeout");
    box_event(&box, "route.online", "route/r", NULL);
    box_route_is(&box, "ready", NULL);
    box_step(&box, "declared", 0);
    box_close(&box);
}

static void a_fallback_degrades_until_the_first_choice_answers(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_ready(&box);
    uint64_t fell = box_event(&box, "route.fell_back", "route/r", "{\"reason\": \"timeout\"}");
    box_route_is(&box, "degraded", "its fallback answers for it");
    box_cites(&box, fell);
    box_int(&box, "since_seq", (int64_t)fell);
    box_event(&box, "route.decided", "route/r", "{\"decision\": \"fallback\"}");
    box_event(&box, "route.decided", "route/r", "{\"decision\": \"cached\"}");
    box_route_is(&box, "degraded", "its fallback answers for it");
    box_int(&box, "since_seq", (int64_t)fell);
    box_event(&box, "route.decided", "route/r", "{\"decision\": \"primary\"}");
    box_route_is(&box, "ready", NULL);
    box_int(&box, "decisions", 3);
    box_int(&box, "fallbacks", 2);
    box_close(&box);
}

/* Each is an event that breaks a rule, and leaves the step that is next to it. */
static void steps_that_are_not_legal_show_as_violations(void **state) {
    static const struct {
        const char *before, *kind, *body, *step, *words;
    } cases[] = {
        {NULL, "route.configured", "{\"config_digest\": \"" CONFIG "\"}", "declared", "configured before it was declared"},
        {NULL, "route.online", NULL, "used", "said to be online again and was not offline"},
        {NULL, "route.parked", NULL, "parked", "parked though nobody had declared it"},
        {NULL, "route.removed", NULL, "removed", "removed though nobody had declared it"},
        {"route.declared", "route.online", NULL, "declared", "said to be online again and was not offline"},
        {"route.declared", "route.parked", "{\"parked\": false}", "declared", "taken up again and was not parked"},
        {"route.parked", "route.parked", NULL, "parked", "parked twice"},
        {"route.parked", "route.decided", "{\"decision\": \"primary\"}", "parked",
         "work was given to it while it was parked"},
        {"route.removed", "route.removed", NULL, "removed", "removed twice"},
        {"route.removed", "route.configured", "{\"config_digest\": \"" CONFIG "\"}", "removed",
         "spoken of after it was removed"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        box_open(&box);
        if (cases[i].before != NULL) {
            box_event(&box, "route.declared", "route/r", NULL);
        }
        if (cases[i].before != NULL && strcmp(cases[i].before, "route.declared") != 0) {
            box_event(&box, cases[i].before, "route/r", NULL);
        }
        uint64_t seq = box_event(&box, cases[i].kind, "route/r", cases[i].body);
        box_step(&box, cases[i].step, 1);
        box_text(&box, "violation", cases[i].words);
        box_int(&box, "violation_seq", (int64_t)seq);
        box_cites(&box, seq);
        box_close(&box);
    }
}

static void a_step_that_is_not_taken_gives_no_reason_and_makes_nothing_well(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "route.declared", "route/r", NULL);
    box_event(&box, "route.fell_back", "route/r", NULL);
    box_event(&box, "route.parked", "route/r", "{\"reason\": \"costs\"}");
    box_event(&box, "route.parked", "route/r", "{\"reason\": \"holiday\"}");
    box_route_is(&box, "parked", "set aside: costs");
    box_event(&box, "route.decided", "route/r", "{\"decision\": \"primary\"}");
    box_step(&box, "parked", 2);
    box_event(&box, "route.parked", "route/r", "{\"parked\": false}");
    box_route_is(&box, "degraded", "its fallback answers for it");
    box_event(&box, "route.removed", "route/r", NULL);
    box_event(&box, "route.offline", "route/r", "{\"reason\": \"timeout\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "routes", "r", NULL));
    box_null(&box, "why_offline");
    box_close(&box);
}

static void refusing_work_on_a_parked_route_is_legal(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "route.declared", "route/r", NULL);
    box_event(&box, "route.parked", "route/r", NULL);
    box_event(&box, "route.decided", "route/r", "{\"decision\": \"refused\"}");
    box_step(&box, "parked", 0);
    box_close(&box);
}

static void a_route_that_is_only_used_says_so(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "route.decided", "route/r", "{\"decision\": \"primary\", \"model\": \"m\"}");
    box_route_is(&box, "undeclared", "it was used, but never declared");
    box_text(&box, "used_model", "m");
    box_event(&box, "route.declared", "route/r", "{\"suite\": \"s\"}");
    box_route_is(&box, "declared-not-proven", "no weights: the route names no model; no eval");
    box_close(&box);
    box_open(&box);
    box_event(&box, "route.online", "route/r", NULL);
    box_route_is(&box, "undeclared", "it was named, but never declared");
    box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG "\", \"digest\": \"" WEIGHTS "\"}");
    box_route_is(&box, "undeclared", "it was configured, but never declared");
    box_null(&box, "declared_seq");
    box_event(&box, "route.declared", "route/r", NULL);
    box_route_is(&box, "declared", "it names no suite");
    box_text(&box, "config_digest", CONFIG);
    box_close(&box);
}

static void what_a_configuration_leaves_out_stays_and_another_model_has_no_digest(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "route.declared", "route/r",
              "{\"pack\": \"p\", \"model\": \"m\", \"digest\": \"" WEIGHTS "\", \"suite\": \"s\", \"required\": true}");
    box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG "\", \"model\": \"m\"}");
    box_step(&box, "declared", 0);
    box_text(&box, "digest", WEIGHTS);
    box_text(&box, "suite", "s");
    box_text(&box, "pack", "p");
    box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG "\", \"model\": \"n\"}");
    box_step(&box, "declared", 0);
    box_text(&box, "model", "n");
    box_null(&box, "digest");
    box_close(&box);
}

static void a_route_that_is_declared_again_after_its_removal_is_a_new_one(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_ready(&box);
    box_event(&box, "route.removed", "route/r", "{\"reason\": \"obsolete\"}");
    box_route_is(&box, "removed", NULL);
    assert_false(box_row(&box, "route_packs", "p", "r", NULL));
    assert_false(box_row(&box, "route_models", "m", "r", NULL));
    uint64_t seq = box_event(&box, "route.declared", "route/r", "{\"pack\": \"q\"}");
    box_route_is(&box, "declared", "it names no suite");
    box_evidence(&box, 1, seq);
    box_null(&box, "model");
    assert_true(box_row(&box, "route_packs", "q", "r", NULL));
    box_close(&box);
}

/* The subject counts, whatever a body says or no longer says. */
static void the_subject_names_the_route(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_odd(&box, "route.declared", "route/r", "{\"route\": \"other\", \"model\": \"m\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "routes", "r", NULL));
    assert_false(box_row(&box, "routes", "other", NULL));
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parking_and_going_offline_are_told_apart_and_combined),
        cmocka_unit_test(a_fallback_degrades_until_the_first_choice_answers),
        cmocka_unit_test(steps_that_are_not_legal_show_as_violations),
        cmocka_unit_test(a_step_that_is_not_taken_gives_no_reason_and_makes_nothing_well),
        cmocka_unit_test(refusing_work_on_a_parked_route_is_legal),
        cmocka_unit_test(a_route_that_is_only_used_says_so),
        cmocka_unit_test(what_a_configuration_leaves_out_stays_and_another_model_has_no_digest),
        cmocka_unit_test(a_route_that_is_declared_again_after_its_removal_is_a_new_one),
        cmocka_unit_test(the_subject_names_the_route),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
