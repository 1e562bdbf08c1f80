/* What counts as a proof of a route that a program serves, and what takes it away. */
#include "tests/projections/proof_box.h"

#define TOOL_PASS(program)                                                                                                 \
    "{\"route\": \"r\", \"suite\": \"s\", \"program_digest\": \"" program "\", \"verdict\": \"pass\"}"

static void a_tools_route_is_proven_by_its_program_and_by_no_weights(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "route.declared", "route/r", "{\"role\": \"tool\", \"program\": \"/usr/bin/x\", \"suite\": \"s\"}");
    box_route_is(&box, "declared-not-proven", "no program: the route does not name the digest of its program");
    box_remedy(&box, "proof.program", "ledger route declare r --program /usr/bin/x");
    box_eval(&box, "eval/w", "{\"route\": \"r\", \"suite\": \"s\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"}");
    box_event(&box, "route.declared", "route/r", "{\"program_digest\": \"" PROGRAM "\"}");
    box_route_is(&box, "declared-not-proven", "program drift: eval 'w' names no program");
    uint64_t end = box_eval(&box, "eval/e", TOOL_PASS(PROGRAM));
    box_route_is(&box, "ready", NULL);
    box_int(&box, "proof", (int64_t)end);
    box_null(&box, "uses_digest");
    box_event(&box, "route.declared", "route/r", "{\"program\": \"/usr/bin/y\"}");
    box_route_is(&box, "declared-not-proven", "no program"); /* the digest was of the other one */
    box_event(&box, "route.declared", "route/r", "{\"program_digest\": \"" PROGRAM "\"}");
    box_route_is(&box, "ready", NULL);
    box_close(&box);
}

static void a_decision_that_found_another_program_takes_the_proof_away(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "route.declared", "route/r", "{\"program_digest\": \"" PROGRAM "\", \"suite\": \"s\"}");
    box_eval(&box, "eval/e", TOOL_PASS(PROGRAM));
    box_route_is(&box, "ready", NULL);
    uint64_t decided =
        box_event(&box, "route.decided", "route/r", "{\"decision\": \"primary\", \"program_digest\": \"" PROGRAM2 "\"}");
    box_route_is(&box, "declared-not-proven",
                 "program drift: proven for program sha256:777777777777, its newest decision used sha256:888888888888");
    box_cites(&box, decided);
    box_event(&box, "route.decided", "route/r", "{\"decision\": \"primary\", \"program_digest\": \"" PROGRAM "\"}");
    box_route_is(&box, "ready", NULL);
    box_event(&box, "route.declared", "route/r", "{\"program_digest\": \"" PROGRAM2 "\"}");
    box_route_is(&box, "declared-not-proven",
                 "program drift: proven for program sha256:777777777777, the route names sha256:888888888888 now");
    box_close(&box);
}

static void a_models_route_that_names_a_program_is_bound_by_both(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_ready(&box);
    box_event(&box, "route.declared", "route/r", "{\"role\": \"model\", \"program_digest\": \"" PROGRAM "\"}");
    box_route_is(&box, "declared-not-proven", "program drift: eval 'e' names no program");
    box_eval(&box, "eval/f", PASS(", \"program_digest\": \"" PROGRAM "\""));
    box_route_is(&box, "ready", NULL);
    box_tag(&box, "model.alias_set", WEIGHTS2);
    box_route_is(&box, "declared-not-proven", "model drift");
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tools_route_is_proven_by_its_program_and_by_no_weights),
        cmocka_unit_test(a_decision_that_found_another_program_takes_the_proof_away),
        cmocka_unit_test(a_models_route_that_names_a_program_is_bound_by_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
