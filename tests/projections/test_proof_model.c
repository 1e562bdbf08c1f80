/* Which weights a route uses: those it names, those its newest decision names, and whether they still exist. */
#include "projections/rows/list.h"
#include "tests/projections/proof_box.h"

#define ZZ(digest) "{\"model\": \"zz\", \"runtime\": \"ollama\", \"digest\": \"" digest "\"}"
#define USES(more) "{\"decision\": \"primary\"" more "}"

/* Route r, proven for WEIGHTS, to which the name m of ollama leads; `names`: how the route names them. */
static void proven(struct box *box, const char *names) {
    char body[256];
    box_open(box);
    box_tag(box, "model.observed", WEIGHTS);
    snprintf(body, sizeof(body), "{\"suite\": \"s\"%s}", names);
    box_event(box, "route.declared", "route/r", body);
    box_eval(box, "eval/e", "{\"route\": \"r\", \"suite\": \"s\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"}");
    box_route_is(box, "ready", NULL);
    box_text(box, "uses_digest", WEIGHTS);
}

/* The first finding of route r has this rule and remedy. */
static void helps(struct box *box, const char *rule, const char *remedy) {
    struct list list;
    struct bytes item, text;
    list_open(&list, box->row.cells[box_column(box, "missing")].text);
    assert_true(list_next(&list, &item));
    assert_true(list_text(item, "rule", &text) && bytes_is(text, rule));
    assert_true(list_text(item, "remedy", &text));
    if (!bytes_is(text, remedy)) {
        fail_msg("%s: '%.*s'", rule, (int)text.n, (const char *)text.p);
    }
}

static void serves(struct box *box, const char *digest, const char *route) {
    struct list list;
    struct bytes item, name;
    bool found = false;
    assert_true(box_row(box, "models", digest, NULL));
    list_open(&list, box->row.cells[box_column(box, "routes")].text);
    while (list_next(&list, &item)) {
        found = true;
        assert_true(route != NULL && list_name(item, "", &name) && bytes_is(name, route));
    }
    assert_true(found == (route != NULL));
}

static void weights_that_every_name_has_left_prove_nothing(void **state) {
    static const char *const ends[][2] = {
        {"model.removed", "{\"model\": \"m\", \"runtime\": \"ollama\", \"digest\": \"" WEIGHTS "\"}"},
        {"model.removed", "{\"model\": \"m\", \"runtime\": \"ollama\"}"},
        {"model.observed", "{\"model\": \"m\", \"runtime\": \"ollama\", \"digest\": \"" WEIGHTS2 "\"}"}};
    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct box box;
        proven(&box, ", \"pack\": \"p\", \"required\": true, \"digest\": \"" WEIGHTS "\"");
        box_event(&box, "pack.installed", "pack/p", NULL);
        box_view(&box, LOG_NO_SEQ, 0);
        assert_true(box_row(&box, "packs", "p", NULL));
        box_text(&box, "state", "ready");
        uint64_t gone = box_event(&box, ends[i][0], "model/m", ends[i][1]);
        box_route_is(&box, "declared-not-proven", "no weights: no runtime has sha256:aaaaaaaaaaaa any more");
        helps(&box, "proof.model-gone", "ledger append route.declared -s route/r digest=DIGEST");
        box_null(&box, "uses_digest");
        box_cites(&box, gone);
        box_int(&box, "since_seq", (int64_t)gone);
        assert_true(box_row(&box, "packs", "p", NULL));
        box_text(&box, "state", "demo-only");
        serves(&box, WEIGHTS, NULL);
        box_event(&box, "model.observed", "model/zz", ZZ(WEIGHTS));
        box_route_is(&box, "ready", NULL);
        serves(&box, WEIGHTS, "r");
        box_close(&box);
    }
}

static void weights_are_there_while_any_name_leads_to_them_or_memory_holds_them(void **state) {
    struct box box;
    (void)state;
    proven(&box, ", \"digest\": \"" WEIGHTS "\"");
    box_event(&box, "model.observed", "model/zz", ZZ(WEIGHTS));
    box_tag(&box, "model.removed", WEIGHTS);
    box_route_is(&box, "ready", NULL);
    box_event(&box, "model.loaded", "model/zz", ZZ(WEIGHTS));
    box_event(&box, "model.observed", "model/zz", ZZ(WEIGHTS2)); /* the name moves, and the server keeps the weights */
    box_route_is(&box, "ready", NULL);
    box_event(&box, "model.unloaded", "model/zz", "{\"model\": \"zz\", \"runtime\": \"ollama\"}");
    box_route_is(&box, "declared-not-proven", "no runtime has sha256:aaaaaaaaaaaa any more");
    box_close(&box);
}

static void weights_that_nobody_ever_listed_may_be_anywhere(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "route.declared", "route/r", "{\"suite\": \"s\", \"digest\": \"" WEIGHTS "\"}");
    box_eval(&box, "eval/e", "{\"route\": \"r\", \"suite\": \"s\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"}");
    box_event(&box, "model.declared", "model/m", "{\"model\": \"m\", \"digest\": \"" WEIGHTS "\"}");
    box_tag(&box, "model.observed", WEIGHTS2);
    box_tag(&box, "model.removed", WEIGHTS2);
    box_route_is(&box, "ready", NULL);
    box_close(&box);
}

static void a_newer_decision_that_names_their_digest_says_that_they_are_there(void **state) {
    struct box box;
    (void)state;
    proven(&box, ", \"digest\": \"" WEIGHTS "\"");
    box_event(&box, "route.decided", "route/r", USES(", \"digest\": \"" WEIGHTS "\""));
    box_tag(&box, "model.removed", WEIGHTS);
    box_route_is(&box, "declared-not-proven", "no runtime has");
    box_event(&box, "route.decided", "route/r", USES(", \"digest\": \"" WEIGHTS "\""));
    box_route_is(&box, "ready", NULL);
    box_close(&box);
}

static void another_model_in_a_newer_decision_is_what_its_name_leads_to(void **state) {
    static const char *const names[] = {", \"model\": \"m\", \"digest\": \"" WEIGHTS "\"", ", \"model\": \"m\"",
                                        ", \"digest\": \"" WEIGHTS "\""};
    static const char *const uses[] = {USES(", \"model\": \"zz\""),
                                       USES(", \"model\": \"zz\", \"digest\": \"" WEIGHTS2 "\"")};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct box box;
        proven(&box, names[i / 2]);
        uint64_t seen = box_event(&box, "model.observed", "model/zz", ZZ(WEIGHTS2));
        box_route_is(&box, "ready", NULL);
        uint64_t used = box_event(&box, "route.decided", "route/r", uses[i % 2]);
        box_route_is(
            &box, "declared-not-proven",
            "model drift: proven for sha256:aaaaaaaaaaaa, its newest decision used 'zz', which is sha256:bbbbbbbbbbbb");
        box_text(&box, "uses_digest", WEIGHTS2);
        box_cites(&box, used);
        if (i % 2 == 0) {
            box_cites(&box, seen);
        }
        box_int(&box, "since_seq", (int64_t)used);
        serves(&box, WEIGHTS, NULL);
        serves(&box, WEIGHTS2, "r");
        box_event(&box, "route.decided", "route/r", USES("")); /* it names nothing, and says nothing about what is used */
        box_route_is(&box, "declared-not-proven", "its newest decision used 'zz'");
        box_event(&box, "route.decided", "route/r", USES(", \"model\": \"m:latest\""));
        box_route_is(&box, "ready", NULL);
        serves(&box, WEIGHTS, "r");
        box_close(&box);
    }
}

static void a_decision_that_names_weights_alone_is_told_by_them(void **state) {
    struct box box;
    (void)state;
    proven(&box, ", \"model\": \"m\"");
    box_event(&box, "route.decided", "route/r", USES(", \"digest\": \"" WEIGHTS2 "\""));
    box_route_is(&box, "declared-not-proven",
                 "proven for sha256:aaaaaaaaaaaa, its newest decision used sha256:bbbbbbbbbbbb");
    box_close(&box);
}

static void a_declaration_that_is_newer_than_the_decision_says_what_is_used(void **state) {
    struct box box;
    (void)state;
    proven(&box, ", \"model\": \"m\"");
    box_event(&box, "model.observed", "model/zz", ZZ(WEIGHTS2));
    box_event(&box, "route.decided", "route/r", USES(", \"model\": \"zz\""));
    box_route_is(&box, "declared-not-proven", "model drift");
    box_event(&box, "model.observed", "model/m", "{\"model\": \"m\", \"runtime\": \"vllm\", \"digest\": \"" WEIGHTS "\"}");
    box_route_is(&box, "declared-not-proven", "model drift"); /* an event about m does not make it what is used */
    box_event(&box, "route.declared", "route/r", "{\"model\": \"m\"}");
    box_route_is(&box, "ready", NULL);
    box_close(&box);
}

static void the_runtime_that_was_chosen_says_whose_name_it_is(void **state) {
    struct box box;
    (void)state;
    proven(&box, ", \"model\": \"m\", \"digest\": \"" WEIGHTS "\"");
    box_event(&box, "model.observed", "model/m",
              "{\"model\": \"m\", \"runtime\": \"vllm\", \"endpoint\": \"http://gpu:8\", \"digest\": \"" WEIGHTS2 "\"}");
    box_route_is(&box, "ready", NULL);
    box_event(&box, "route.decided", "route/r", USES(", \"model\": \"m\", \"runtime\": \"vllm\""));
    box_route_is(&box, "ready", NULL); /* it has not listed the name: nothing says that it is another model */
    box_event(&box, "route.decided", "route/r",
              USES(", \"model\": \"m\", \"runtime\": \"vllm\", \"endpoint\": \"http://gpu:8\""));
    box_route_is(&box, "declared-not-proven", "its newest decision used 'm', which is sha256:bbbbbbbbbbbb");
    box_close(&box);
}

/* Compared with a model that the route names; if the route names only a digest, the decision's name may belong to it. */
static void another_model_whose_weights_nobody_knows_proves_nothing(void **state) {
    static const struct {
        const char *names, *seen, *gone, *why, *rule, *remedy;
    } cases[] = {{", \"model\": \"m\"", NULL, NULL, "its newest decision used 'zz': no runtime has listed model 'zz'",
                  "proof.model-used", "ledger append route.declared -s route/r model=zz digest=DIGEST"},
                 {", \"model\": \"m\"", "{\"runtime\": \"ollama\"}", NULL,
                  "its newest decision used 'zz': the weights of 'zz' are not known", "proof.model-used",
                  "ledger append route.declared -s route/r model=zz digest=DIGEST"},
                 {", \"model\": \"m\"", ZZ(WEIGHTS2), "{\"runtime\": \"ollama\"}", "no weights: model 'zz' was removed",
                  "proof.model-gone", "ledger append route.declared -s route/r model=MODEL digest=DIGEST"},
                 {", \"digest\": \"" WEIGHTS "\"", ZZ(WEIGHTS), "{\"runtime\": \"ollama\"}",
                  "no weights: model 'zz' was removed", "proof.model-gone",
                  "ledger append route.declared -s route/r digest=DIGEST"},
                 {", \"digest\": \"" WEIGHTS "\"", "{\"runtime\": \"ollama\", \"remote\": true}", NULL,
                  "its newest decision used 'zz': 'zz' is a remote service", "proof.model-used",
                  "ledger append route.declared -s route/r model=zz digest=DIGEST"},
                 {", \"digest\": \"" WEIGHTS "\"", "{\"runtime\": \"ollama\"}", NULL, NULL, NULL, NULL},
                 {", \"digest\": \"" WEIGHTS "\"", NULL, NULL, NULL, NULL, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        proven(&box, cases[i].names);
        if (cases[i].seen != NULL) {
            box_event(&box, "model.observed", "model/zz", cases[i].seen);
        }
        uint64_t used = box_event(&box, "route.decided", "route/r", USES(", \"model\": \"zz\""));
        if (cases[i].gone != NULL) {
            box_event(&box, "model.removed", "model/zz", cases[i].gone);
        }
        box_route_is(&box, cases[i].why != NULL ? "declared-not-proven" : "ready", cases[i].why);
        if (cases[i].why != NULL) {
            box_cites(&box, used);
            helps(&box, cases[i].rule, cases[i].remedy);
            box_event(&box, "route.declared", "route/r", /* the effect of the remedy */
                      strstr(cases[i].remedy, "MODEL")      ? "{\"model\": \"m\", \"digest\": \"" WEIGHTS "\"}"
                      : strstr(cases[i].remedy, "model=zz") ? "{\"model\": \"zz\", \"digest\": \"" WEIGHTS "\"}"
                                                            : "{\"digest\": \"" WEIGHTS "\"}");
            box_route_is(&box, "ready", NULL);
        }
        box_close(&box);
    }
}

static void a_route_that_has_no_suite_uses_weights_too(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_tag(&box, "model.observed", WEIGHTS);
    box_event(&box, "route.decided", "route/r", USES(", \"model\": \"m\""));
    box_route_is(&box, "undeclared", "it was used");
    box_text(&box, "uses_digest", WEIGHTS);
    serves(&box, WEIGHTS, "r");
    box_close(&box);
}

/* As from a source that is ingested later. */
static void a_decision_that_was_made_before_says_nothing_of_now(void **state) {
    struct box box;
    (void)state;
    proven(&box, ", \"model\": \"m\"");
    box_event(&box, "model.observed", "model/zz", ZZ(WEIGHTS2));
    box_event(&box, "route.decided", "route/r", USES(", \"model\": \"zz\", \"at\": 100"));
    box_route_is(&box, "ready", NULL); /* it was declared after that */
    box_tag(&box, "model.alias_set", WEIGHTS2);
    box_route_is(&box, "declared-not-proven", "'m' is sha256:bbbbbbbbbbbb now");
    box_event(&box, "route.decided", "route/r", USES(", \"digest\": \"" WEIGHTS "\", \"at\": 200"));
    box_route_is(&box, "declared-not-proven", "'m' is sha256:bbbbbbbbbbbb now");
    box_close(&box);
    box_open(&box);
    box_event(&box, "route.declared", "route/r", "{\"suite\": \"s\"}");
    box_tag(&box, "model.observed", WEIGHTS);
    box_tag(&box, "model.removed", WEIGHTS);
    box_event(&box, "route.decided", "route/r", USES(", \"digest\": \"" WEIGHTS "\", \"at\": 100"));
    box_route_is(&box, "declared-not-proven", "no runtime has sha256:aaaaaaaaaaaa any more");
    box_event(&box, "route.decided", "route/r", USES(", \"digest\": \"" WEIGHTS "\""));
    box_route_is(&box, "declared-not-proven", "no eval");
    box_close(&box);
}

/* Servers of this machine whose addresses are written in all ways, against what each last said: a runtime with a port is that
 * server alone; one without is whatever its servers agree on. What was proven is ready just while that is what it uses. */
static void a_runtime_without_a_port_is_what_its_servers_agree_on(void **state) {
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"}, *const digests[] = {WEIGHTS, WEIGHTS2},
                             *const ports[] = {"8081", "8082"};
    const char *said[2] = {NULL, NULL};
    uint64_t x = 11;
    struct box box;
    size_t differed = 0, agreed = 0, drifted = 0, proven_again = 0;
    (void)state;
    box_open(&box);
    box_event(&box, "route.declared", "route/any", "{\"model\": \"m\", \"runtime\": \"openai\", \"suite\": \"s\"}");
    box_event(&box, "route.declared", "route/p0",
              "{\"model\": \"m\", \"runtime\": \"openai@localhost:8081\", \"suite\": \"s\"}");
    box_event(&box, "route.declared", "route/p1",
              "{\"model\": \"m\", \"runtime\": \"openai@127.0.0.1:8082\", \"suite\": \"s\"}");
    for (size_t r = 0; r < 3; r++) {
        static const char *const proofs[] = {
            "{\"route\": \"any\", \"suite\": \"s\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"}",
            "{\"route\": \"p0\", \"suite\": \"s\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"}",
            "{\"route\": \"p1\", \"suite\": \"s\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"}"};
        static const char *const evals[] = {"eval/e0", "eval/e1", "eval/e2"};
        box_eval(&box, evals[r], proofs[r]);
    }
    for (int i = 0; i < 40; i++) {
        char body[256];
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const size_t port = (x >> 33) % 2, digest = (x >> 40) % 2;
        snprintf(body, sizeof(body), "{\"runtime\": \"openai\", \"endpoint\": \"http://%s:%s/v1\", \"digest\": \"%s\"}",
                 hosts[(x >> 47) % 3], ports[port], digests[digest]);
        box_event(&box, "model.observed", "model/m", body);
        said[port] = digests[digest];
        const char *both = said[0] == NULL || said[0] == said[1] ? said[1] : said[1] == NULL ? said[0] : NULL;
        const char *const want[] = {both, said[0], said[1]}, *const routes[] = {"any", "p0", "p1"};
        differed += both == NULL;
        agreed += both != NULL;
        box_view(&box, LOG_NO_SEQ, 0);
        for (size_t r = 0; r < 3; r++) {
            assert_true(box_row(&box, "routes", routes[r], NULL));
            struct bytes uses = row_text(&box.row, box_column(&box, "uses_digest"));
            if (want[r] != NULL ? !bytes_is(uses, want[r]) : uses.n > 0) {
                fail_msg("step %d: route %s uses '%.*s'", i, routes[r], (int)uses.n,
                         uses.n > 0 ? (const char *)uses.p : "");
            }
            bool other = want[r] == NULL || strcmp(want[r], WEIGHTS) != 0; /* proven are WEIGHTS alone */
            drifted += other;
            proven_again += !other && i > 0;
            box_text(&box, "state", other ? "declared-not-proven" : "ready");
        }
    }
    assert_true(differed > 5 && agreed > 5 && drifted > 5 && proven_again > 5);
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_that_every_name_has_left_prove_nothing),
        cmocka_unit_test(weights_are_there_while_any_name_leads_to_them_or_memory_holds_them),
        cmocka_unit_test(weights_that_nobody_ever_listed_may_be_anywhere),
        cmocka_unit_test(a_newer_decision_that_names_their_digest_says_that_they_are_there),
        cmocka_unit_test(another_model_in_a_newer_decision_is_what_its_name_leads_to),
        cmocka_unit_test(a_decision_that_names_weights_alone_is_told_by_them),
        cmocka_unit_test(a_declaration_that_is_newer_than_the_decision_says_what_is_used),
        cmocka_unit_test(the_runtime_that_was_chosen_says_whose_name_it_is),
        cmocka_unit_test(another_model_whose_weights_nobody_knows_proves_nothing),
        cmocka_unit_test(a_decision_that_was_made_before_says_nothing_of_now),
        cmocka_unit_test(a_route_that_has_no_suite_uses_weights_too),
        cmocka_unit_test(a_runtime_without_a_port_is_what_its_servers_agree_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
