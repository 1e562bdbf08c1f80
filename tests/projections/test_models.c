/* Weights, the names that lead to them, and the consequences when a name leads elsewhere. */
#include "base/json.h"
#include "tests/projections/proof_box.h"

static void look(struct box *box) {
    box_view(box, LOG_NO_SEQ, 0);
}

static void model(struct box *box, const char *digest) {
    look(box);
    assert_true(box_row(box, "models", digest, NULL));
}

static void name(struct box *box, const char *runtime, const char *of) {
    look(box);
    assert_true(box_row(box, "model_names", runtime, of, NULL));
}

static void box_list(struct box *box, const char *column, const char *expected) {
    const struct cell *cell = &box->row.cells[box_column(box, column)];
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(cell->type, CELL_LIST);
    assert_int_equal(json_from_mp(cell->text, JSON_LINE, &out, NULL), 0);
    buf_put_u8(&out, 0);
    assert_string_equal((const char *)out.p, expected);
    buf_done(&out);
}

static void a_name_leads_to_weights_and_moving_it_is_seen_on_both_sides(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t seen = box_tag(&box, "model.observed", WEIGHTS);
    name(&box, "ollama", "m");
    box_text(&box, "state", "present");
    box_int(&box, "moved", 0);
    box_evidence(&box, 1, seen);
    uint64_t moved = box_tag(&box, "model.alias_set", WEIGHTS2);
    box_tag(&box, "model.observed", WEIGHTS2);
    name(&box, "ollama", "m");
    box_text(&box, "digest", WEIGHTS2);
    box_text(&box, "digest_before", WEIGHTS);
    box_int(&box, "moved", 1);
    box_int(&box, "moved_seq", (int64_t)moved);
    box_evidence(&box, 1, moved);
    model(&box, WEIGHTS);
    box_text(&box, "state", "removed"); /* no name leads there any more */
    box_list(&box, "names", "[]");
    box_int(&box, "since_seq", (int64_t)moved);
    box_cites(&box, moved);
    model(&box, WEIGHTS2);
    box_text(&box, "state", "present");
    box_list(&box, "names", "[\"ollama m\"]");
    box_view(&box, moved, 0);
    assert_true(box_row(&box, "models", WEIGHTS, NULL));
    box_text(&box, "state", "present");
    box_list(&box, "names", "[\"ollama m\"]");
    box_close(&box);
}

static void a_manifest_with_the_same_weights_moves_no_name(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.observed", "model/m",
              "{\"runtime\": \"ollama\", \"digest\": \"" WEIGHTS "\", \"manifest_digest\": \"" MANIFEST "\"}");
    box_event(&box, "model.identified", "model/" WEIGHTS,
              "{\"digest\": \"" WEIGHTS "\", \"manifest_digest\": \"" MANIFEST2 "\"}");
    box_event(&box, "model.observed", "model/m", "{\"runtime\": \"ollama\", \"manifest_digest\": \"" MANIFEST2 "\"}");
    name(&box, "ollama", "m");
    box_int(&box, "moved", 0);
    box_text(&box, "digest", WEIGHTS);
    box_text(&box, "manifest_digest", MANIFEST2);
    model(&box, WEIGHTS);
    box_list(&box, "manifests", "[\"" MANIFEST "\",\"" MANIFEST2 "\"]");
    box_close(&box);
}

static void the_length_of_the_context_is_found_in_the_files_own_numbers(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.identified", "model/" WEIGHTS,
              "{\"digest\": \"" WEIGHTS "\", \"architecture\": \"llama\", \"metadata\": {\"llama.context_length\": 8192}}");
    box_event(&box, "model.identified", "model/" WEIGHTS2,
              "{\"digest\": \"" WEIGHTS2
              "\", \"architecture\": \"qwen2\", \"metadata\": {\"llama.context_length\": 8192}}");
    model(&box, WEIGHTS);
    box_int(&box, "context_length", 8192);
    model(&box, WEIGHTS2);
    box_null(&box, "context_length");
    box_close(&box);
}

static void another_manifest_whose_weights_nobody_knows_is_a_move_to_the_unknown(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.observed", "model/m",
              "{\"runtime\": \"ollama\", \"digest\": \"" WEIGHTS "\", \"manifest_digest\": \"" MANIFEST "\"}");
    box_event(&box, "model.alias_set", "alias/m",
              "{\"alias\": \"m\", \"runtime\": \"ollama\", \"manifest_digest\": \"" MANIFEST2 "\"}");
    name(&box, "ollama", "m");
    box_int(&box, "moved", 1);
    box_null(&box, "digest");
    box_text(&box, "digest_before", WEIGHTS);
    uint64_t said = box_event(&box, "model.identified", "model/" WEIGHTS2,
                              "{\"digest\": \"" WEIGHTS2 "\", \"manifest_digest\": \"" MANIFEST2 "\"}");
    name(&box, "ollama", "m");
    box_text(&box, "digest", WEIGHTS2);
    box_cites(&box, said);
    model(&box, WEIGHTS2);
    box_list(&box, "names", "[\"ollama m\"]");
    box_text(&box, "state", "present");
    box_close(&box);
}

static void the_layer_of_type_model_has_the_weights(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.observed", "model/m",
              "{\"runtime\": \"ollama\", \"manifest_digest\": \"" MANIFEST "\", \"layers\": [7, {\"type\": \"template\", "
              "\"digest\": \"" WEIGHTS2 "\"}, {\"type\": \"model\", \"digest\": \"" WEIGHTS "\", \"bytes\": 5}]}");
    name(&box, "ollama", "m");
    box_text(&box, "digest", WEIGHTS);
    assert_true(box_row(&box, "model_manifests", MANIFEST, NULL));
    box_text(&box, "digest", WEIGHTS);
    box_close(&box);
}

static void the_same_manifest_with_other_weights_is_a_contradiction(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.identified", "model/" WEIGHTS,
              "{\"digest\": \"" WEIGHTS "\", \"manifest_digest\": \"" MANIFEST "\"}");
    uint64_t seq = box_event(&box, "model.identified", "model/" WEIGHTS2,
                             "{\"digest\": \"" WEIGHTS2 "\", \"manifest_digest\": \"" MANIFEST "\"}");
    look(&box);
    assert_true(box_row(&box, "model_manifests", MANIFEST, NULL));
    box_text(&box, "digest", WEIGHTS2);
    box_text(&box, "digest_before", WEIGHTS);
    box_int(&box, "violations", 1);
    box_cites(&box, seq);
    box_close(&box);
}

static void loading_moves_no_name_and_tells_what_is_in_memory(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_tag(&box, "model.observed", WEIGHTS);
    box_tag(&box, "model.loaded", WEIGHTS);
    model(&box, WEIGHTS);
    box_text(&box, "state", "loaded");
    box_tag(&box, "model.alias_set", WEIGHTS2);
    box_tag(&box, "model.loaded", WEIGHTS); /* the old ones are still in memory */
    name(&box, "ollama", "m");
    box_text(&box, "digest", WEIGHTS2);
    box_text(&box, "loaded_digest", WEIGHTS);
    box_int(&box, "moved", 1);
    model(&box, WEIGHTS2);
    box_text(&box, "state", "present");
    model(&box, WEIGHTS);
    box_text(&box, "state", "loaded");
    box_list(&box, "names", "[]");
    box_tag(&box, "model.loaded", WEIGHTS2);
    model(&box, WEIGHTS2);
    box_text(&box, "state", "loaded");
    model(&box, WEIGHTS);
    box_text(&box, "state", "removed");
    box_tag(&box, "model.unloaded", WEIGHTS2);
    model(&box, WEIGHTS2);
    box_text(&box, "state", "present");
    box_close(&box);
}

static void a_removed_name_leads_nowhere_and_one_that_comes_back_otherwise_has_moved(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_tag(&box, "model.observed", WEIGHTS);
    box_tag(&box, "model.removed", WEIGHTS);
    name(&box, "ollama", "m");
    box_text(&box, "state", "removed");
    model(&box, WEIGHTS);
    box_text(&box, "state", "removed");
    box_list(&box, "names", "[]");
    uint64_t twice = box_tag(&box, "model.removed", WEIGHTS);
    name(&box, "ollama", "m");
    box_int(&box, "violations", 1);
    box_int(&box, "violation_seq", (int64_t)twice);
    uint64_t back = box_tag(&box, "model.pulled", WEIGHTS2);
    name(&box, "ollama", "m");
    box_text(&box, "state", "present");
    box_int(&box, "moved", 1);
    box_int(&box, "moved_seq", (int64_t)back);
    box_close(&box);
}

static void one_of_two_names_may_go_and_the_weights_stay(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_tag(&box, "model.observed", WEIGHTS);
    box_event(&box, "model.observed", "model/m2", "{\"runtime\": \"ollama\", \"digest\": \"" WEIGHTS "\"}");
    box_tag(&box, "model.removed", WEIGHTS);
    model(&box, WEIGHTS);
    box_text(&box, "state", "present");
    box_list(&box, "names", "[\"ollama m2\"]");
    box_close(&box);
}

static void another_machines_runtime_has_names_of_its_own(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.observed", "model/m",
              "{\"runtime\": \"ollama\", \"endpoint\": \"http://127.0.0.1:11434\", \"digest\": \"" WEIGHTS "\"}");
    box_event(&box, "model.observed", "model/m",
              "{\"runtime\": \"ollama\", \"endpoint\": \"http://gpu2:11434/api\", \"digest\": \"" WEIGHTS2 "\"}");
    name(&box, "ollama", "m");
    box_text(&box, "digest", WEIGHTS);
    box_int(&box, "moved", 0);
    name(&box, "ollama@gpu2:11434", "m");
    box_text(&box, "digest", WEIGHTS2);
    box_close(&box);
}

/* Also for a server that speaks OpenAI's protocol, which has no port of its own. */
static void servers_of_one_machine_are_told_apart_by_their_ports(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.observed", "model/m",
              "{\"runtime\": \"openai\", \"endpoint\": \"http://127.0.0.1:8081/v1\", \"digest\": \"" WEIGHTS "\"}");
    box_event(&box, "model.observed", "model/m",
              "{\"runtime\": \"openai\", \"endpoint\": \"http://localhost:8082\", \"digest\": \"" WEIGHTS2 "\"}");
    box_event(&box, "model.observed", "model/m",
              "{\"runtime\": \"openai\", \"endpoint\": \"http://gpu2:8081\", \"digest\": \"" WEIGHTS2 "\"}");
    name(&box, "openai@127.0.0.1:8081", "m");
    box_text(&box, "digest", WEIGHTS);
    name(&box, "openai@127.0.0.1:8082", "m");
    box_text(&box, "digest", WEIGHTS2);
    name(&box, "openai@gpu2:8081", "m");
    box_text(&box, "digest", WEIGHTS2);
    box_close(&box);
}

static void a_declared_model_is_wanted_until_it_is_seen(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.declared", "model/planner",
              "{\"digest\": \"" WEIGHTS "\", \"role\": \"planner\", \"pack\": \"p\", \"bytes\": 9}");
    model(&box, WEIGHTS);
    box_text(&box, "state", "declared");
    box_text(&box, "role", "planner");
    name(&box, "", "planner");
    box_text(&box, "state", "declared");
    box_event(&box, "model.observed", "model/planner",
              "{\"runtime\": \"ollama\", \"digest\": \"" WEIGHTS "\", \"bytes\": 12}");
    model(&box, WEIGHTS);
    box_text(&box, "state", "present");
    box_int(&box, "bytes", 9); /* the size that a runtime lists is that of all layers */
    box_list(&box, "names", "[\"planner\",\"ollama planner\"]");
    box_close(&box);
}

static void an_alias_of_a_registered_name_leads_where_that_leads(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.alias_set", "alias/m", "{\"alias\": \"m\", \"model\": \"reg\"}");
    box_event(&box, "model.alias_set", "alias/reg", "{\"alias\": \"reg\", \"digest\": \"" WEIGHTS "\"}");
    box_event(&box, "route.declared", "route/r", "{\"model\": \"m\", \"suite\": \"s\"}");
    box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "ready", NULL);
    box_event(&box, "model.alias_set", "alias/champion",
              "{\"alias\": \"champion\", \"model\": \"reg\", \"version\": \"1\"}");
    uint64_t moved = box_event(&box, "model.alias_set", "alias/champion",
                               "{\"alias\": \"champion\", \"model\": \"reg\", \"version\": \"2\"}");
    name(&box, "", "champion");
    box_int(&box, "moved", 1);
    box_int(&box, "moved_seq", (int64_t)moved);
    box_null(&box, "digest");
    box_close(&box);
}

static void the_first_that_is_heard_of_a_name_may_be_that_it_moved(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t seq = box_event(&box, "model.alias_set", "alias/m",
                             "{\"alias\": \"m\", \"runtime\": \"ollama\", \"digest\": \"" WEIGHTS2
                             "\", \"digest_before\": \"" WEIGHTS "\"}");
    name(&box, "ollama", "m");
    box_int(&box, "moved", 1);
    box_int(&box, "moved_seq", (int64_t)seq);
    box_text(&box, "digest_before", WEIGHTS);
    box_close(&box);
}

static void a_model_knows_whom_it_serves_and_what_proves_it(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t proof = box_ready(&box);
    box_eval(&box, "eval/f", FAIL(""));
    box_event(&box, "route.declared", "route/pinned", "{\"digest\": \"" WEIGHTS "\"}");
    model(&box, WEIGHTS);
    box_list(&box, "routes", "[\"r\",\"pinned\"]");
    uint64_t seqs[2];
    assert_int_equal(row_seqs(&box.row, box_column(&box, "proven_by"), seqs, 2), 1);
    assert_int_equal(seqs[0], proof);
    box_tag(&box, "model.alias_set", WEIGHTS2);
    model(&box, WEIGHTS);
    box_list(&box, "routes", "[]"); /* no name leads there any more */
    model(&box, WEIGHTS2);
    box_list(&box, "routes", "[\"r\"]");
    box_event(&box, "model.observed", "model/n", "{\"runtime\": \"vllm\", \"digest\": \"" WEIGHTS "\"}");
    model(&box, WEIGHTS);
    box_list(&box, "routes", "[\"pinned\"]");
    box_close(&box);
}

static void what_is_said_of_a_manifest_counts_for_its_weights(void **state) {
    struct box box;
    char body[512];
    (void)state;
    box_open(&box);
    for (char c = '0'; c <= '9'; c++) {
        char digest[72] = "sha256:", id[16];
        memset(digest + 7, c, 64);
        snprintf(body, sizeof(body), "{\"digest\": \"" WEIGHTS "\", \"manifest_digest\": \"%s\", \"model\": \"m%c\"}",
                 digest, c);
        box_event(&box, "model.identified", "model/" WEIGHTS, body);
        snprintf(id, sizeof(id), "eval/e%c", c);
        snprintf(body, sizeof(body), "{\"digest\": \"%s\", \"verdict\": \"pass\"}", digest);
        box_eval(&box, id, body);
    }
    model(&box, WEIGHTS);
    box_list(&box, "names", "[\"m0\",\"m1\",\"m2\",\"m3\",\"m4\",\"m5\",\"m6\",\"m7\",\"m8\",\"m9\"]");
    assert_int_equal(row_seqs(&box.row, box_column(&box, "proven_by"), NULL, 0), 10);
    box_close(&box);
}

static void a_name_without_tag_is_the_latest(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.observed", "model/m:latest", "{\"runtime\": \"ollama\", \"digest\": \"" WEIGHTS "\"}");
    box_route(&box);
    box_eval(&box, "eval/e", PASS(""));
    box_route_is(&box, "ready", NULL);
    model(&box, WEIGHTS);
    box_list(&box, "routes", "[\"r\"]");
    box_close(&box);
}

static void a_fetch_that_failed_changes_nothing(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "model.pulled", "model/m", "{\"runtime\": \"ollama\", \"digest\": \"" WEIGHTS "\", \"ok\": false}");
    look(&box);
    assert_false(box_row(&box, "models", WEIGHTS, NULL));
    assert_false(box_row(&box, "model_names", "ollama", "m", NULL));
    box_event(&box, "model.pulled", "model/" WEIGHTS,
              "{\"runtime\": \"ollama\", \"digest\": \"" WEIGHTS "\", \"ok\": true, \"verified\": true}");
    model(&box, WEIGHTS);
    box_text(&box, "state", "present"); /* of no name yet */
    box_close(&box);
}

static void speed_is_kept_by_weights_and_kind_of_work(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "eval.benchmarked", "model/m",
              "{\"digest\": \"" WEIGHTS "\", \"backend\": \"cpu\", \"tokens_in\": 512, \"tokens_out\": 0, "
              "\"tokens_per_second\": 80.5}");
    box_event(&box, "eval.benchmarked", "model/m",
              "{\"digest\": \"" WEIGHTS "\", \"backend\": \"cpu\", \"tokens_in\": 0, \"tokens_out\": 128, "
              "\"tokens_per_second\": 11}");
    look(&box);
    assert_true(box_row(&box, "model_speeds", WEIGHTS, "cpu", "prompt", NULL));
    assert_true(row_real(&box.row, box_column(&box, "tokens_per_second")) == 80.5);
    assert_true(box_row(&box, "model_speeds", WEIGHTS, "cpu", "answer", NULL));
    assert_true(row_real(&box.row, box_column(&box, "tokens_per_second")) == 11.0);
    box_int(&box, "tokens", 128);
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_leads_to_weights_and_moving_it_is_seen_on_both_sides),
        cmocka_unit_test(a_manifest_with_the_same_weights_moves_no_name),
        cmocka_unit_test(the_length_of_the_context_is_found_in_the_files_own_numbers),
        cmocka_unit_test(another_manifest_whose_weights_nobody_knows_is_a_move_to_the_unknown),
        cmocka_unit_test(the_layer_of_type_model_has_the_weights),
        cmocka_unit_test(the_same_manifest_with_other_weights_is_a_contradiction),
        cmocka_unit_test(loading_moves_no_name_and_tells_what_is_in_memory),
        cmocka_unit_test(a_removed_name_leads_nowhere_and_one_that_comes_back_otherwise_has_moved),
        cmocka_unit_test(one_of_two_names_may_go_and_the_weights_stay),
        cmocka_unit_test(another_machines_runtime_has_names_of_its_own),
        cmocka_unit_test(servers_of_one_machine_are_told_apart_by_their_ports),
        cmocka_unit_test(a_declared_model_is_wanted_until_it_is_seen),
        cmocka_unit_test(an_alias_of_a_registered_name_leads_where_that_leads),
        cmocka_unit_test(the_first_that_is_heard_of_a_name_may_be_that_it_moved),
        cmocka_unit_test(a_model_knows_whom_it_serves_and_what_proves_it),
        cmocka_unit_test(what_is_said_of_a_manifest_counts_for_its_weights),
        cmocka_unit_test(a_name_without_tag_is_the_latest),
        cmocka_unit_test(a_fetch_that_failed_changes_nothing),
        cmocka_unit_test(speed_is_kept_by_weights_and_kind_of_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
