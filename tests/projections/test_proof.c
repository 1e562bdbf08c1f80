/* What counts as a proof of a route, and what invalidates it. */
#include "base/json.h"
#include "projections/decide/decide.h"
#include "projections/ready/proof.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"
#include "tests/projections/proof_box.h"

static void a_full_pass_for_the_route_as_it_is_proves_it(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t tag = box_tag(&box, "model.observed", WEIGHTS);
    uint64_t route = box_route(&box);
    box_route_is(&box, "declared-not-proven", "no eval");
    uint64_t end = box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "ready", NULL);
    box_int(&box, "proof", (int64_t)end);
    box_int(&box, "since_seq", (int64_t)end);
    box_evidence(&box, 3, tag, route, end);
    box_close(&box);
}

#define DECLARE "ledger append route.declared -s route/r digest=DIGEST"

/* Its remedy is typed, and then nothing is reported about weights any more. */
static void weights_that_nobody_knows_have_a_remedy_for_each_cause(void **state) {
    static const struct {
        const char *seen[2], *runtime, *model, *why, *rule, *remedy;
    } cases[] = {{{NULL}, NULL, "", "the route names no model", "proof.model", DECLARE},
                 {{NULL},
                  NULL,
                  ",\"model\":\"m\"",
                  "no runtime has listed model 'm'",
                  "proof.model-unlisted",
                  "ledger ingest ollama"},
                 {{NULL},
                  "ollama@gpu:1",
                  ",\"model\":\"m\"",
                  "ollama@gpu:1 has not listed model 'm'",
                  "proof.model-unlisted",
                  "ledger ingest ollama http://gpu:1"},
                 {{NULL}, "vllm", ",\"model\":\"m\"", "vllm has not listed model 'm'", "proof.model-untold", DECLARE},
                 {{"{\"model\":\"m\",\"runtime\":\"ollama\",\"remote\":true}"},
                  NULL,
                  ",\"model\":\"m\"",
                  "'m' is a remote service",
                  "proof.model-untold",
                  DECLARE},
                 {{"{\"model\":\"m\",\"runtime\":\"ollama\",\"digest\":\"" WEIGHTS "\"}",
                   "{\"model\":\"m\",\"runtime\":\"vllm\",\"digest\":\"" WEIGHTS2 "\"}"},
                  NULL,
                  ",\"model\":\"m\"",
                  "in different runtimes",
                  "proof.model-differs",
                  DECLARE}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        char json[256];
        box_open(&box);
        for (size_t k = 0; k < 2 && cases[i].seen[k] != NULL; k++) {
            box_event(&box, "model.observed", "model/m", cases[i].seen[k]);
        }
        snprintf(json, sizeof(json), "{\"suite\":\"s\"%s}", cases[i].model);
        box_event(&box, "route.declared", "route/r", json);
        if (cases[i].runtime != NULL) {
            snprintf(json, sizeof(json), "{\"config_digest\":\"" CONFIG "\",\"runtime\":\"%s\"}", cases[i].runtime);
            box_event(&box, "route.configured", "route/r", json);
        }
        box_route_is(&box, "declared-not-proven", cases[i].why);
        box_remedy(&box, cases[i].rule, cases[i].remedy);
        if (strcmp(cases[i].remedy, DECLARE) == 0) {
            box_event(&box, "route.declared", "route/r", "{\"digest\":\"" WEIGHTS "\"}");
        } else { /* it finds the model */
            snprintf(json, sizeof(json), "{\"model\":\"m\",\"runtime\":\"ollama\",\"digest\":\"" WEIGHTS "\"%s}",
                     cases[i].runtime != NULL ? ",\"endpoint\":\"http://gpu:1\"" : "");
            box_event(&box, "model.observed", "model/m", json);
        }
        box_route_is(&box, "declared-not-proven", "no eval");
        assert_true(bytes_has_prefix(row_text(&box.row, box_column(&box, "reason")), "no eval"));
        box_close(&box);
    }
}

static void a_tag_that_moves_takes_the_proof_away_and_one_that_comes_back_gives_it_again(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_ready(&box);
    uint64_t moved = box_tag(&box, "model.alias_set", WEIGHTS2);
    box_route_is(&box, "declared-not-proven",
                 "model drift: proven for sha256:aaaaaaaaaaaa, 'm' is sha256:bbbbbbbbbbbb now");
    box_null(&box, "proof");
    box_cites(&box, moved);
    box_int(&box, "since_seq", (int64_t)moved);
    box_tag(&box, "model.alias_set", WEIGHTS);
    box_route_is(&box, "ready", NULL);
    box_close(&box);
}

static void another_configuration_pack_or_suite_is_named_as_drift(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_ready(&box);
    uint64_t configured = box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG2 "\"}");
    box_route_is(&box, "declared-not-proven", "config drift");
    box_cites(&box, configured);
    box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG "\"}");
    box_route_is(&box, "ready", NULL);
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\"}");
    box_route_is(&box, "ready", NULL);
    uint64_t upgraded = box_event(&box, "pack.upgraded", "pack/p", "{\"version\": \"2\"}");
    box_route_is(&box, "declared-not-proven", "pack drift: proven for version 1 of pack 'p', which is 2 now");
    box_cites(&box, upgraded);
    box_event(&box, "pack.removed", "pack/p", NULL);
    box_route_is(&box, "declared-not-proven", "pack drift: pack 'p' is removed");
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\"}");
    box_event(&box, "route.declared", "route/r", "{\"suite_digest\": \"" SUITE2 "\"}");
    box_route_is(&box, "declared-not-proven", "suite drift");
    box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG2 "\"}");
    box_route_is(&box, "declared-not-proven",
                 "config drift: eval 'e' is of another configuration than the route has now; suite");
    box_close(&box);
}

static void an_evaluation_is_of_the_files_of_the_pack_not_of_its_version_alone(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_ready(&box);
    box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\", \"tree_digest\": \"" MANIFEST "\"}");
    box_route_is(&box, "declared-not-proven", "pack drift: eval 'e' does not name the files of pack 'p'");
    box_remedy(&box, "proof.files-named", "ledger eval run s --pack p --route r");
    uint64_t first = box_eval(&box, "eval/e", PASS(", \"pack_digest\": \"" MANIFEST "\""));
    box_route_is(&box, "ready", NULL);
    box_event(&box, "pack.removed", "pack/p", NULL);
    uint64_t other =
        box_event(&box, "pack.installed", "pack/p", "{\"version\": \"1\", \"tree_digest\": \"" MANIFEST2 "\"}");
    box_route_is(&box, "declared-not-proven", "pack drift: eval 'e' is of other files of pack 'p' than those installed");
    box_remedy(&box, "proof.files", "ledger eval run s --pack p --route r");
    box_cites(&box, other);
    box_eval(&box, "eval/f", FAIL(", \"pack_digest\": \"" MANIFEST2 "\""));
    box_route_is(&box, "declared-not-proven", "failed eval: 'f': it failed");
    box_event(&box, "pack.upgraded", "pack/p", "{\"version\": \"1\", \"tree_digest\": \"" MANIFEST "\"}");
    box_route_is(&box, "ready", NULL); /* what failed were other files */
    box_int(&box, "proof", (int64_t)first);
    box_close(&box);
}

static void a_suite_that_the_route_names_without_digest_is_the_one_declared_last(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_tag(&box, "model.observed", WEIGHTS);
    box_event(&box, "route.declared", "route/r", "{\"model\": \"m\", \"suite\": \"s\"}");
    box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "ready", NULL);
    box_event(&box, "eval.suite_declared", "suite/s", "{\"suite\": \"s\", \"suite_digest\": \"" SUITE "\"}");
    box_route_is(&box, "ready", NULL);
    uint64_t changed =
        box_event(&box, "eval.suite_declared", "suite/s", "{\"suite\": \"s\", \"suite_digest\": \"" SUITE2 "\"}");
    box_route_is(&box, "declared-not-proven", "suite drift");
    box_cites(&box, changed);
    box_close(&box);
}

/* Each is an evaluation of the current route that does not count, with the word for it. */
static void what_is_not_a_full_pass_proves_nothing(void **state) {
    static const struct {
        const char *end, *reason;
    } cases[] = {
        {FAIL(""), "failed eval: 'e': it failed"},
        {FAIL(", \"failed\": 3"), "failed eval: 'e': it failed: 3 scores below"},
        {PASS(", \"failed\": 1"), "failed eval: 'e': its verdict is 'pass' though 1 of its scores failed"},
        {PASS(", \"partial\": true"), "partial eval"},
        {PASS(", \"errors\": 2"), "partial eval: 'e': 2 of its samples ended in an error"},
        {PASS(", \"cached\": true"), "cached eval"},
        {PASS(", \"dirty\": true"), "dirty eval"},
        {"{" BINDINGS ", \"verdict\": \"unknown\"}", "no verdict"},
        {"{" BINDINGS ", \"verdict\": \"warn\"}", "failed eval: 'e': its verdict is 'warn'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        box_open(&box);
        box_tag(&box, "model.observed", WEIGHTS);
        box_route(&box);
        uint64_t end = box_eval(&box, "eval/e", cases[i].end);
        box_route_is(&box, "declared-not-proven", cases[i].reason);
        box_cites(&box, end);
        box_close(&box);
    }
}

static void what_the_route_says_the_evaluation_has_to_say_too(void **state) {
    static const struct {
        const char *end, *reason;
    } cases[] = {
        {"{\"route\": \"r\", \"suite\": \"s\", \"suite_digest\": \"" SUITE "\", \"config_digest\": \"" CONFIG
         "\", \"pack_version\": \"1\", \"verdict\": \"pass\"}",
         "no weights: eval 'e' names no weights"},
        {"{\"route\": \"r\", \"suite\": \"s\", \"suite_digest\": \"" SUITE "\", \"digest\": \"" WEIGHTS
         "\", \"pack_version\": \"1\", \"verdict\": \"pass\"}",
         "config drift: eval 'e' names no configuration"},
        {"{\"route\": \"r\", \"suite\": \"s\", \"suite_digest\": \"" SUITE "\", \"digest\": \"" WEIGHTS
         "\", \"config_digest\": \"" CONFIG "\", \"verdict\": \"pass\"}",
         "pack drift: eval 'e' names no version of the pack, which is 1 now"},
        {"{\"route\": \"r\", \"suite\": \"s\", \"digest\": \"" WEIGHTS "\", \"config_digest\": \"" CONFIG
         "\", \"pack_version\": \"1\", \"verdict\": \"pass\"}",
         "suite drift: eval 'e' names no version of the suite"},
        {"{\"suite\": \"s\", \"suite_digest\": \"" SUITE "\", \"digest\": \"" WEIGHTS "\", \"config_digest\": \"" CONFIG
         "\", \"pack_version\": \"1\", \"verdict\": \"pass\"}",
         "route drift: eval 'e' names no route"},
        {"{\"route\": \"r\", \"suite\": \"other\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"}", "no eval"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        box_open(&box);
        box_tag(&box, "model.observed", WEIGHTS);
        box_route(&box);
        box_eval(&box, "eval/e", cases[i].end);
        box_route_is(&box, "declared-not-proven", cases[i].reason);
        box_close(&box);
    }
}

/* The number of findings in the row's list, and that each of these rules is among them, up to a NULL. */
static void box_misses(struct box *box, size_t n, ...) {
    size_t column = box_column(box, "missing"), found = 0;
    struct list list;
    struct bytes item, rule;
    va_list rules;
    va_start(rules, n);
    for (const char *name = va_arg(rules, const char *); name != NULL; name = va_arg(rules, const char *)) {
        bool there = false;
        list_open(&list, box->row.cells[column].text);
        for (found = 0; list_next(&list, &item); found++) {
            there = there || (list_text(item, "rule", &rule) && bytes_is(rule, name));
        }
        if (!there || found != n) {
            fail_msg("%s: %zu findings, %s", name, found, there ? "it is there" : "it is not there");
        }
    }
    va_end(rules);
}

static void all_that_is_missing_is_named_at_once(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_tag(&box, "model.observed", WEIGHTS);
    box_route(&box);
    box_event(&box, "eval.finished", "eval/e",
              "{\"route\": \"r\", \"suite\": \"s\", \"verdict\": \"pass\", \"dirty\": true}");
    box_route_is(&box, "declared-not-proven", "no weights: eval 'e' names no weights");
    box_says(&box, "reason", "config drift: eval 'e' names no configuration");
    box_says(&box, "reason", "pack drift: eval 'e' names no version of the pack, which is 1 now");
    box_says(&box, "reason", "suite drift: eval 'e' names no version of the suite");
    box_says(&box, "reason", "no scores: 'e': nothing was scored");
    box_says(&box, "reason", "dirty eval: 'e': its code had changes");
    box_misses(&box, 7, "proof.weights-named", "proof.config-named", "proof.version-named", "proof.suite-named",
               "eval.scored", "eval.recorded", "eval.dirty", NULL);
    box_event(&box, "route.parked", "route/r", "{\"reason\": \"costs\"}");
    box_route_is(&box, "parked", "set aside: costs; no weights: eval 'e' names no weights");
    box_misses(&box, 8, "route.parked", "eval.scored", NULL);
    box_close(&box);
}

#define SCORE(more) "{\"task\": \"t\", \"metric\": \"m\"" more "}"

static void a_pass_without_scores_or_with_bad_ones_proves_nothing(void **state) {
    static const struct {
        const char *score, *reason;
    } cases[] = {
        {NULL, "no scores: 'e': nothing was scored"},
        {SCORE(", \"verdict\": \"pass\""), "no scores: 'e': none of its scores was held against a threshold"},
        {SCORE(", \"value\": 0.9, \"verdict\": \"pass\", \"higher_is_better\": true"),
         "no scores: 'e': none of its scores was held against a threshold"},
        {SCORE(", \"value\": 0.9"), "no scores: 'e': none of its scores was held against a threshold"},
        {SCORE(", \"value\": 0.2, \"threshold\": 0.9, \"verdict\": \"pass\", \"higher_is_better\": true"),
         "failed eval: 'e': a score is on the wrong side of its threshold: 't m' is 0.2, at least 0.9 is asked for"},
        {SCORE(", \"value\": 0.2, \"threshold\": 0.9, \"verdict\": \"pass\""),
         "unclear eval: 'e': it cannot be judged: it is not said whether more is better for 't m'"},
        {SCORE(", \"label\": \"good\", \"threshold\": 0.9, \"higher_is_better\": true"),
         "unclear eval: 'e': it cannot be judged: there is a threshold and no value for 't m'"},
        {SCORE(", \"verdict\": \"warn\""), "unclear eval: 'e': a score is not clear: 't m'"},
        {SCORE(", \"verdict\": \"fail\""), "failed eval: 'e': a score is on the wrong side"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        box_open(&box);
        box_tag(&box, "model.observed", WEIGHTS);
        box_route(&box);
        if (cases[i].score != NULL) {
            box_event(&box, "eval.scored", "eval/e", cases[i].score);
        }
        box_event(&box, "eval.finished", "eval/e", PASS(""));
        box_route_is(&box, "declared-not-proven", cases[i].reason);
        box_close(&box);
    }
}

static void declare_suite(struct box *box, const char *digest, const char *tasks) {
    char body[1024];
    snprintf(body, sizeof(body), "{\"suite\": \"s\", \"suite_digest\": \"%s\", \"tasks\": %s}", digest, tasks);
    box_event(box, "eval.suite_declared", "suite/s", body);
}

#define LOSS(value) "{\"task\": \"u\", \"metric\": \"loss\", \"filter\": \"none\", \"value\": " value "}"

static void what_the_suite_asks_for_has_to_be_scored_and_reached(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_tag(&box, "model.observed", WEIGHTS);
    box_route(&box);
    box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "ready", NULL);
    declare_suite(
        &box, SUITE,
        "[{\"name\": \"t\", \"metric\": \"acc\", \"threshold\": 0.8, \"higher_is_better\": true}, "
        "{\"name\": \"u\", \"metric\": \"loss\", \"threshold\": 2, \"higher_is_better\": false}, {\"name\": \"v\"}]");
    box_route_is(&box, "declared-not-proven", "partial eval: 'e': its suite asks for what was not scored: 'u loss'; 'v'");
    box_event(&box, "eval.scored", "eval/e", LOSS("3"));
    box_event(&box, "eval.scored", "eval/e", "{\"task\": \"v\", \"metric\": \"any\", \"value\": 3}");
    box_route_is(&box, "declared-not-proven", "failed eval: 'e': a score is on the wrong side of its threshold: ");
    box_says(&box, "reason", "'u loss/none' is 3, at most 2 is asked for");
    box_event(&box, "eval.scored", "eval/e", LOSS("1.5"));
    box_route_is(&box, "declared-not-proven", "it was scored more than once, with different results: 'u loss/none'");
    box_event(&box, "eval.started", "eval/e", "{" BINDINGS "}");
    box_event(&box, "eval.scored", "eval/e", LOSS("1.5"));
    box_event(&box, "eval.scored", "eval/e", "{\"task\": \"v\", \"metric\": \"any\", \"value\": 3}");
    box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "ready", NULL);
    declare_suite(&box, SUITE2, "[{\"name\": \"w\"}]"); /* another definition than the one it was made with */
    box_route_is(&box, "ready", NULL);
    declare_suite(&box, SUITE, "[{\"name\": \"w\"}]");
    box_route_is(&box, "declared-not-proven", "its suite asks for what was not scored: 'w'");
    box_close(&box);
}

static void a_direction_that_the_score_does_not_say_is_the_suites(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_tag(&box, "model.observed", WEIGHTS);
    box_route(&box);
    box_event(&box, "eval.scored", "eval/e", "{\"task\": \"t\", \"metric\": \"acc\", \"value\": 0.9, \"threshold\": 0.8}");
    box_event(&box, "eval.finished", "eval/e", PASS(""));
    box_route_is(&box, "declared-not-proven", "it is not said whether more is better for 't acc'");
    declare_suite(&box, SUITE, "[{\"name\": \"t\", \"metric\": \"acc\", \"higher_is_better\": true}]");
    box_route_is(&box, "ready", NULL);
    declare_suite(&box, SUITE, "[{\"name\": \"t\", \"metric\": \"acc\", \"higher_is_better\": false}]");
    box_route_is(&box, "declared-not-proven", "'t acc' is 0.9, at most 0.8 is asked for");
    box_close(&box);
}

static void what_the_route_does_not_say_any_evaluation_may_say(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "route.declared", "route/r", "{\"digest\": \"" WEIGHTS "\", \"suite\": \"s\"}");
    box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "ready", NULL);
    box_close(&box);
}

static void the_newest_that_passed_or_failed_decides(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t first = box_ready(&box);
    box_eval(&box, "eval/e2", PASS(", \"partial\": true"));
    box_event(&box, "eval.started", "eval/e3", "{\"route\": \"r\", \"suite\": \"s\"}");
    box_route_is(&box, "ready", NULL);
    box_int(&box, "proof", (int64_t)first);
    uint64_t failed = box_eval(&box, "eval/a", FAIL(", \"partial\": true"));
    box_route_is(&box, "declared-not-proven", "failed eval: 'a'");
    box_cites(&box, failed);
    uint64_t again = box_eval(&box, "eval/b", PASS(""));
    box_route_is(&box, "ready", NULL);
    box_int(&box, "proof", (int64_t)again);
    box_close(&box);
}

static void an_evaluation_that_was_taken_back_does_not_count(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t end = box_ready(&box);
    char body[128];
    snprintf(body, sizeof(body), "{\"seq\": %llu, \"reason\": \"contaminated\"}", (unsigned long long)end);
    uint64_t taken = box_event(&box, "eval.invalidated", "eval/e", body);
    box_route_is(&box, "declared-not-proven", "invalidated eval: 'e': it was invalidated: contaminated");
    box_cites(&box, taken);
    box_view(&box, taken, 0);
    assert_true(box_row(&box, "routes", "r", NULL));
    box_text(&box, "state", "ready");
    box_close(&box);
}

static void a_proof_grows_stale_with_the_time_that_is_asked_for(void **state) {
    const uint64_t second = 1000000000;
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "eval.suite_declared", "suite/s",
              "{\"suite\": \"s\", \"suite_digest\": \"" SUITE "\", \"max_age_s\": 60}");
    box_ready(&box);
    box_route_is(&box, "ready", NULL);
    uint64_t now = state_now(box.view);
    int64_t ended = row_int(&box.row, box_column(&box, "since"));
    box_view(&box, LOG_NO_SEQ, now + 60 * second);
    assert_true(box_row(&box, "routes", "r", NULL));
    box_text(&box, "state", "ready");
    box_view(&box, LOG_NO_SEQ, now + 62 * second);
    assert_true(box_row(&box, "routes", "r", NULL));
    box_text(&box, "state", "declared-not-proven");
    box_says(&box, "reason", "stale: 'e': it is older than the 60 seconds");
    box_int(&box, "since", ended + 60 * (int64_t)second + 1); /* by time alone */
    box_close(&box);
}

static void a_digest_that_the_route_names_is_contradicted_by_where_its_name_leads(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "route.declared", "route/r", "{\"model\": \"m\", \"digest\": \"" WEIGHTS "\", \"suite\": \"s\"}");
    box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "ready", NULL);
    box_tag(&box, "model.observed", WEIGHTS2);
    box_route_is(&box, "declared-not-proven", "model drift");
    box_event(&box, "model.observed", "model/m", "{\"model\": \"m\", \"runtime\": \"vllm\", \"digest\": \"" WEIGHTS "\"}");
    box_route_is(&box, "ready", NULL); /* one that has the name has the digest */
    box_close(&box);
}

static void a_name_that_runtimes_disagree_on_proves_nothing(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_tag(&box, "model.observed", WEIGHTS);
    box_event(&box, "route.declared", "route/r", "{\"model\": \"m\", \"suite\": \"s\"}");
    box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "ready", NULL);
    box_event(&box, "model.observed", "model/m", "{\"model\": \"m\", \"runtime\": \"vllm\", \"digest\": \"" WEIGHTS2 "\"}");
    box_route_is(&box, "declared-not-proven", "no weights: 'm' is sha256:");
    box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG "\", \"runtime\": \"ollama\"}");
    box_route_is(&box, "ready", NULL);
    box_close(&box);
}

static void other_weights_in_a_newer_decision_are_drift(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_ready(&box);
    box_event(&box, "route.decided", "route/r", "{\"decision\": \"primary\", \"digest\": \"" WEIGHTS "\"}");
    box_route_is(&box, "ready", NULL);
    uint64_t used =
        box_event(&box, "route.decided", "route/r", "{\"decision\": \"primary\", \"digest\": \"" WEIGHTS2 "\"}");
    box_route_is(&box, "declared-not-proven", "model drift");
    box_cites(&box, used);
    box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG "\"}");
    box_route_is(&box, "ready", NULL);
    box_close(&box);
}

static void a_manifest_stands_for_its_weights_once_somebody_said_which(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.observed", "model/m",
              "{\"model\": \"m\", \"runtime\": \"ollama\", \"manifest_digest\": \"" MANIFEST "\"}");
    box_route(&box);
    box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "declared-not-proven", "no weights: the weights of 'm' are not known");
    uint64_t said = box_event(&box, "model.identified", "model/" WEIGHTS,
                              "{\"digest\": \"" WEIGHTS "\", \"manifest_digest\": \"" MANIFEST "\"}");
    box_route_is(&box, "ready", NULL);
    box_cites(&box, said);
    box_close(&box);
}

static void a_model_that_was_removed_serves_no_route(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_ready(&box);
    box_event(&box, "route.configured", "route/r", "{\"config_digest\": \"" CONFIG "\", \"digest\": \"" WEIGHTS "\"}");
    box_route_is(&box, "ready", NULL);
    uint64_t gone = box_tag(&box, "model.removed", WEIGHTS);
    box_route_is(&box, "declared-not-proven", "no weights: model 'm' was removed");
    box_cites(&box, gone);
    box_int(&box, "since_seq", (int64_t)gone);
    box_close(&box);
}

static void a_remote_model_is_never_proven(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.observed", "model/m",
              "{\"model\": \"m\", \"runtime\": \"ollama\", \"remote\": true, \"manifest_digest\": \"" MANIFEST "\"}");
    box_route(&box);
    box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "declared-not-proven", "no weights: 'm' is a remote service");
    box_close(&box);
}

static void a_route_without_suite_has_nothing_to_be_proven(void **state) {
    struct box box;
    struct proof proof;
    struct decision decision;
    struct row route;
    struct err err = {0};
    (void)state;
    box_open(&box);
    box_event(&box, "route.declared", "route/r", "{\"digest\": \"" WEIGHTS "\"}");
    box_route_is(&box, "declared", "it names no suite");
    const struct bytes name = bytes_of("r");
    assert_int_equal(look_stored(box.view, "routes", &name, 1, &route, NULL, &err), 0);
    assert_int_equal(proof_of_route(box.view, &route, &proof, &err), 0);
    row_done(&route);
    assert_false(proof.asked);
    assert_false(proof.counts);
    assert_int_equal(decide_is_proven(box.view, bytes_of("r"), &decision, &err), 0);
    assert_false(decision.yes);
    assert_int_equal(decide_is_proven(box.view, bytes_of("none"), &decision, &err), 0);
    assert_string_equal(decision.reason, "there is no route 'none'");
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_pass_for_the_route_as_it_is_proves_it),
        cmocka_unit_test(weights_that_nobody_knows_have_a_remedy_for_each_cause),
        cmocka_unit_test(a_tag_that_moves_takes_the_proof_away_and_one_that_comes_back_gives_it_again),
        cmocka_unit_test(another_configuration_pack_or_suite_is_named_as_drift),
        cmocka_unit_test(an_evaluation_is_of_the_files_of_the_pack_not_of_its_version_alone),
        cmocka_unit_test(a_suite_that_the_route_names_without_digest_is_the_one_declared_last),
        cmocka_unit_test(what_is_not_a_full_pass_proves_nothing),
        cmocka_unit_test(what_the_route_says_the_evaluation_has_to_say_too),
        cmocka_unit_test(all_that_is_missing_is_named_at_once),
        cmocka_unit_test(a_pass_without_scores_or_with_bad_ones_proves_nothing),
        cmocka_unit_test(what_the_suite_asks_for_has_to_be_scored_and_reached),
        cmocka_unit_test(a_direction_that_the_score_does_not_say_is_the_suites),
        cmocka_unit_test(what_the_route_does_not_say_any_evaluation_may_say),
        cmocka_unit_test(the_newest_that_passed_or_failed_decides),
        cmocka_unit_test(an_evaluation_that_was_taken_back_does_not_count),
        cmocka_unit_test(a_proof_grows_stale_with_the_time_that_is_asked_for),
        cmocka_unit_test(a_digest_that_the_route_names_is_contradicted_by_where_its_name_leads),
        cmocka_unit_test(a_name_that_runtimes_disagree_on_proves_nothing),
        cmocka_unit_test(other_weights_in_a_newer_decision_are_drift),
        cmocka_unit_test(a_manifest_stands_for_its_weights_once_somebody_said_which),
        cmocka_unit_test(a_model_that_was_removed_serves_no_route),
        cmocka_unit_test(a_remote_model_is_never_proven),
        cmocka_unit_test(a_route_without_suite_has_nothing_to_be_proven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
