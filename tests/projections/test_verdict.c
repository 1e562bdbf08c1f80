/* The doctor: observations, verdicts and their clauses, what each is based on and what helps. */
#include "projections/fold/fold.h"
#include "projections/rows/list.h"
#include "tests/projections/state_box.h"

#define DAY_NS (INT64_C(86400) * 1000000000)
#define DIGEST "sha256:00000000000000000000000000000000000000000000000000000000000000aa"

static struct box box;

static int setup(void **state) {
    (void)state;
    box_open(&box);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    box_close(&box);
    return 0;
}

/* ---- helpers ---- */

static void find_verdict(const char *pack) {
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "verdicts", pack, NULL));
}

/* The clause of the row found last. */
static struct bytes clause_of(const char *id) {
    struct list list;
    struct bytes item, found;
    list_open(&list, box.row.cells[box_column(&box, "clauses")].text);
    while (list_next(&list, &item)) {
        if (list_text(item, "id", &found) && bytes_is(found, id)) return item;
    }
    fail_msg("there is no clause '%s'", id);
    return (struct bytes){0};
}

static void clause_text(const char *id, const char *field, const char *expected) {
    struct bytes got = {0};
    list_text(clause_of(id), field, &got);
    if (!bytes_is(got, expected)) {
        fail_msg("%s of %s is '%.*s', not '%s'", field, id, (int)got.n, got.n > 0 ? (const char *)got.p : "", expected);
    }
}

static void clause(const char *id, const char *state, const char *reason) {
    clause_text(id, "reason", reason);
    clause_text(id, "state", state);
}

/* The clause cites only this event. */
static void clause_cites(const char *id, uint64_t seq) {
    struct bytes raw, item;
    struct list list;
    struct mp_item number;
    assert_int_equal(mp_map_get(clause_of(id), "evidence", &raw), 0);
    list_open(&list, raw);
    assert_true(list_next(&list, &item));
    assert_int_equal(mp_scalar(item, &number), 0);
    assert_int_equal(number.uint, seq);
    assert_false(list_next(&list, &item));
}

static uint64_t observe(const char *check, const char *fields) {
    char json[512], subject[128];
    snprintf(subject, sizeof(subject), "check/%s", check);
    snprintf(json, sizeof(json), "{\"check\":\"%s\"%s}", check, fields);
    return box_event(&box, "doctor.observed", subject, json);
}

static uint64_t runtime(const char *step, const char *endpoint) {
    char kind[64], json[256];
    snprintf(kind, sizeof(kind), "runtime.%s", step);
    snprintf(json, sizeof(json), "{\"runtime\":\"ollama\",\"endpoint\":\"%s\",\"error\":\"refused\"}", endpoint);
    return box_event(&box, kind, "runtime/ollama", json);
}

/* What the probes would say of a box that is well. */
static void probe_well(void) {
    static const char *const checks[] = {"ledger-chain", "ledger-trust",   "ledger-keys",
                                         "ledger-index", "ledger-readers", "time-sync"};
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        observe(checks[i], ",\"status\":\"ok\"");
    }
}

static void make_well(void) {
    runtime("observed", "http://127.0.0.1:11434");
    box_event(&box, "hardware.profiled", "host/local", "{\"memory_bytes\":34359738368}");
    observe("disk-space", ",\"target\":\"/\",\"status\":\"ok\",\"value\":41.5,\"limit\":90,\"unit\":\"%\"");
    probe_well();
}

/* ---- the box ---- */

static void of_a_new_box_nothing_is_known(void **state) {
    (void)state;
    find_verdict("");
    box_text(&box, "verdict", "unknown");
    box_text(&box, "reason", "runtimes: no runtime was observed");
    clause("runtimes", "unknown", "no runtime was observed");
    clause_text("runtimes", "remedy", "ledger doctor");
    clause_text("runtimes", "question", "do the runtimes answer?");
    clause("hardware", "unknown", "no machine was profiled");
    clause_text("hardware", "remedy", "ledger doctor");
    clause("disk", "unknown", "no disk was checked");
    clause("states", "pass", "all 21 follow the log");
    clause_text("states", "remedy", "");
    box_int(&box, "unknown", 9);
    box_int(&box, "failed", 0);
}

static void a_box_of_which_all_is_known_and_well_passes(void **state) {
    (void)state;
    make_well();
    find_verdict("");
    box_text(&box, "verdict", "pass");
    box_text(&box, "reason", "");
    clause("runtimes", "pass", "1 answers");
    clause_cites("runtimes", 1);
    clause("disk", "pass", "1 checked, all well");
    box_int(&box, "passed", 19);
    box_evidence(&box, 10, (uint64_t)0, (uint64_t)1, (uint64_t)2, (uint64_t)3, (uint64_t)4, (uint64_t)5, (uint64_t)6,
                 (uint64_t)7, (uint64_t)8, (uint64_t)9);
}

static void a_runtime_of_several_that_does_not_answer_is_a_warning_and_of_one_a_failure(void **state) {
    (void)state;
    make_well();
    uint64_t seq = runtime("unreachable", "http://gpu-box:11434");
    find_verdict("");
    box_text(&box, "verdict", "warn");
    clause("runtimes", "warn", "ollama at http://gpu-box:11434 refuses connections");
    clause_text("runtimes", "remedy", "ledger ingest ollama http://gpu-box:11434");
    clause_text("runtimes", "first", "start it");
    clause_cites("runtimes", seq);
    runtime("unreachable", "http://127.0.0.1:11434");
    find_verdict("");
    box_text(&box, "verdict", "fail");
    clause("runtimes", "fail",
           "ollama at http://127.0.0.1:11434 refuses connections; ollama at http://gpu-box:11434 refuses connections");
}

static void a_failure_outweighs_a_warning_and_that_what_is_not_known(void **state) {
    (void)state;
    box_event(&box, "ledger.gap", "gap/otlp", "{\"what\":\"dropped\",\"missing\":3}");
    find_verdict("");
    box_text(&box, "verdict", "warn");
    box_text(&box, "reason", "gaps: dropped noticed by otlp, 3 missing");
    observe("disk-space", ",\"target\":\"/\",\"status\":\"full\"");
    find_verdict("");
    box_text(&box, "verdict", "fail");
    box_text(&box, "reason", "disk: disk-space of /: full");
    box_int(&box, "warned", 1);
    box_int(&box, "failed", 1);
}

static void faults_gaps_and_steps_of_the_clock_count_for_a_week(void **state) {
    (void)state;
    uint64_t fault = box_event(&box, "hardware.faulted", "host/local", "{\"what\":\"disk\",\"device\":\"sda\"}");
    box_event(&box, "hardware.faulted", "host/local", "{\"what\":\"oom\"}");
    box_event(&box, "ledger.gap", "ledger/b", "{\"what\":\"clock_jump\",\"step_ns\":3500000000}");
    find_verdict("");
    clause("faults", "fail", "disk fault of sda (1 in all)");
    clause_cites("faults", fault);
    clause("clock", "warn", "the clock stepped by 3500 ms");
    clause("gaps", "pass", "none was noticed in the last 7 days");
    uint64_t now = state_now(box.view);
    box_view(&box, LOG_NO_SEQ, now + 8 * DAY_NS);
    assert_true(box_row(&box, "verdicts", "", NULL));
    clause("faults", "pass", "none was recorded in the last 7 days");
    clause("clock", "pass", "it did not step in the last 7 days");
}

static void a_check_without_network_says_nothing_and_an_unknown_word_neither(void **state) {
    (void)state;
    observe("registry", ",\"status\":\"unreachable\",\"offline\":true");
    find_verdict("");
    clause("checks", "unknown", "registry: unreachable (there was no network)");
    observe("registry", ",\"status\":\"so-so\"");
    find_verdict("");
    clause("checks", "unknown", "registry: so-so");
    observe("registry", ",\"status\":\"unreachable\"");
    find_verdict("");
    clause("checks", "fail", "registry: unreachable");
}

static void of_many_findings_three_are_told(void **state) {
    (void)state;
    observe("a", ",\"status\":\"error\"");
    observe("b", ",\"status\":\"error\"");
    observe("c", ",\"status\":\"error\"");
    observe("d", ",\"status\":\"error\"");
    observe("e", ",\"status\":\"error\"");
    find_verdict("");
    clause("checks", "fail", "a: error; b: error; c: error; and 2 more");
}

static void an_import_that_refused_records_is_a_warning(void **state) {
    (void)state;
    box_event(&box, "ledger.imported", "import/dpkg", "{\"source\":\"dpkg\",\"rejected\":2}");
    find_verdict("");
    clause("imports", "warn", "the newest of dpkg refused 2 records");
    clause_text("imports", "remedy", "ledger ingest dpkg");
    box_event(&box, "ledger.imported", "import/dpkg", "{\"source\":\"dpkg\",\"rejected\":0}");
    find_verdict("");
    clause("imports", "pass", "the newest of 1 source was whole");
}

static void a_remedy_is_a_command_whatever_others_named_their_things(void **state) {
    (void)state;
    box_odd(&box, "doctor.observed", "check", "{\"check\":\"x; rm -rf ~ '\\u001b[31m\",\"status\":\"error\"}");
    find_verdict("");
    clause_text("checks", "remedy",
                "ledger append doctor.observed -s check/'x; rm -rf ~ '\\''?[31m' check='x; rm -rf ~ "
                "'\\''?[31m' status=ok");
}

extern const struct projection projection_doctor;

static int refuse(struct fold *fold, struct err *err) {
    (void)fold;
    return err_set(err, ERR_INVALID, "this cannot be taken");
}

static void a_projection_that_stopped_fails_the_box(void **state) {
    static const struct state_column columns[] = {{"key", CELL_TEXT, COLUMN_KEY, "a key"}};
    static const struct state_table tables[] = {{"broken", "break", "A row is nothing.", columns, 1, NULL}};
    static const char *const kinds[] = {"x.test.*", NULL};
    static const struct projection broken = {"broken", 1, tables, 1, kinds, refuse};
    static const struct projection *const both[] = {&broken, &projection_doctor, NULL};
    struct state_options options;
    (void)state;
    uint64_t seq = box_event(&box, "x.test.any", "test/1", NULL);
    state_options_init(&options);
    options.projections = both;
    assert_int_equal(state_open(box.ledger, &options, &box.view, &box.err), 0);
    assert_true(box_row(&box, "verdicts", "", NULL));
    box_text(&box, "verdict", "fail");
    clause("states", "fail", "broken stopped at event 1: this cannot be taken");
    clause_cites("states", seq);
    clause_text("states", "remedy", "ledger rebuild broken");
}

static void what_is_not_in_the_view_is_unknown(void **state) {
    static const struct projection *const alone[] = {&projection_doctor, NULL};
    struct state_options options;
    (void)state;
    make_well();
    box_forget(&box);
    state_options_init(&options);
    options.projections = alone;
    assert_int_equal(state_open(box.ledger, &options, &box.view, &box.err), 0);
    assert_true(box_row(&box, "verdicts", "", NULL));
    box_text(&box, "verdict", "unknown");
    clause("runtimes", "unknown", "runtimes are not kept here");
    clause("disk", "pass", "1 checked, all well");
}

static void the_same_question_about_the_past_has_the_same_answer(void **state) {
    (void)state;
    make_well();
    uint64_t at = observe("disk-space", ",\"target\":\"/\",\"status\":\"full\"");
    observe("disk-space", ",\"target\":\"/\",\"status\":\"ok\"");
    find_verdict("");
    box_text(&box, "verdict", "pass");
    box_view(&box, at + 1, 0);
    assert_true(box_row(&box, "verdicts", "", NULL));
    box_text(&box, "verdict", "fail");
}

/* ---- recorded verdicts ---- */

static void a_verdict_that_was_given_shows_beside_what_is_true(void **state) {
    (void)state;
    make_well();
    uint64_t seq = box_event(&box, "doctor.judged", "host/local", "{\"verdict\":\"pass\",\"position\":4}");
    find_verdict("");
    box_text(&box, "given", "pass");
    box_int(&box, "given_seq", (int64_t)seq);
    box_int(&box, "given_position", 4);
    assert_false(row_bool(&box.row, box_column(&box, "differs")));
    observe("disk-space", ",\"target\":\"/\",\"status\":\"full\"");
    find_verdict("");
    box_text(&box, "given", "pass");
    box_text(&box, "verdict", "fail");
    assert_true(row_bool(&box.row, box_column(&box, "differs")));
    box_event(&box, "doctor.judged", "host/local", "{\"verdict\":\"fail\",\"verdict_before\":\"warn\"}");
    find_verdict("");
    box_text(&box, "given", "fail");
    box_text(&box, "violation", "it was warn before by this event, pass by those before it");
}

/* ---- packs ---- */

static uint64_t install(const char *fields) {
    char json[1024];
    snprintf(json, sizeof(json), "{\"pack\":\"p\",\"version\":\"1\"%s}", fields);
    return box_event(&box, "pack.installed", "pack/p", json);
}

static void a_pack_has_a_verdict_as_long_as_it_is_installed(void **state) {
    (void)state;
    box_view(&box, LOG_NO_SEQ, 0);
    assert_false(box_row(&box, "verdicts", "p", NULL));
    install("");
    find_verdict("p");
    box_event(&box, "pack.removed", "pack/p", "{\"pack\":\"p\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_false(box_row(&box, "verdicts", "p", NULL));
    assert_true(box_row(&box, "verdicts", "", NULL));
}

static void a_pack_without_a_permission_that_it_requires_fails(void **state) {
    (void)state;
    install(",\"permissions\":[{\"group\":\"exec\",\"scope\":\"/opt/a b/*\",\"tier\":\"T1\",\"required\":true},"
            "{\"group\":\"gpu\",\"required\":false}]");
    find_verdict("p");
    box_text(&box, "verdict", "fail");
    clause("permissions", "fail", "permission exec on '/opt/a b/*' of tier T1 is not granted");
    clause_text("permissions", "remedy", "ledger permit grant pack/p exec '/opt/a b/*' --tier T1");
    clause_text("state", "state", "fail");
    clause_text("state", "remedy", "ledger permit grant pack/p exec '/opt/a b/*' --tier T1");
    box_event(&box, "permission.granted", "pack/p",
              "{\"group\":\"exec\",\"scope\":\"/opt/a b/*\",\"tier\":\"T1\",\"lifetime\":\"permanent\"}");
    find_verdict("p");
    clause("permissions", "pass", "it has those that it requires of 2");
    uint64_t seq = box_event(&box, "permission.denied", "pack/p", "{\"group\":\"gpu\"}");
    find_verdict("p");
    char text[160];
    snprintf(text, sizeof(text), "permission gpu is denied by event %llu", (unsigned long long)seq);
    clause("permissions", "warn", text);
    snprintf(text, sizeof(text),
             "ledger permit grant pack/p gpu --tier TIER --note 'overrides event %llu, which denied it'",
             (unsigned long long)seq);
    clause_text("permissions", "remedy", text);
    clause_cites("permissions", seq);
}

static void a_pack_is_asked_for_its_checks(void **state) {
    (void)state;
    install(",\"checks\":[\"smoke\"]");
    find_verdict("p");
    clause("checks", "unknown", "check 'smoke' has not run");
    clause_text("checks", "remedy", "ledger append pack.checked -s pack/p pack=p version=1 check=smoke verdict=VERDICT");
    uint64_t seq = box_event(&box, "pack.checked", "pack/p",
                             "{\"pack\":\"p\",\"version\":\"1\",\"check\":\"smoke\",\"verdict\":\"fail\"}");
    find_verdict("p");
    clause("checks", "fail", "check 'smoke' failed");
    clause_cites("checks", seq);
    box_event(&box, "pack.checked", "pack/p",
              "{\"pack\":\"p\",\"version\":\"1\",\"check\":\"smoke\",\"verdict\":\"pass\"}");
    find_verdict("p");
    clause("checks", "pass", "1 pass");
    box_event(&box, "pack.upgraded", "pack/p", "{\"pack\":\"p\",\"version\":\"2\",\"checks\":[\"smoke\"]}");
    find_verdict("p");
    clause("checks", "unknown", "check 'smoke' has not run for this version");
    box_event(&box, "pack.checked", "pack/p",
              "{\"pack\":\"p\",\"version\":\"2\",\"check\":\"smoke\",\"verdict\":\"fail\",\"required\":false}");
    find_verdict("p");
    clause("checks", "warn", "check 'smoke', which is not required, did not pass");
    box_event(&box, "pack.checked", "pack/p",
              "{\"pack\":\"p\",\"version\":\"2\",\"check\":\"smoke\",\"verdict\":\"pass\"}");
    observe("latency", ",\"pack\":\"p\",\"status\":\"slow\"");
    find_verdict("p");
    clause("checks", "warn", "latency: slow");
    find_verdict("");
    clause("checks", "pass", "0 other checks were made"); /* that one belongs to the pack */
}

/* Those of its manifest; others can only be told. */
static void a_pack_whose_files_are_here_is_checked_by_one_command(void **state) {
    (void)state;
    install(",\"tree_digest\":\"" DIGEST "\",\"checks\":[\"smoke\"]");
    find_verdict("p");
    clause_text("checks", "remedy", "ledger pack check p");
    box_event(&box, "pack.checked", "pack/p", "{\"check\":\"smoke\",\"version\":\"1\",\"verdict\":\"pass\"}");
    box_event(&box, "pack.checked", "pack/p", "{\"check\":\"smoke:r\",\"verdict\":\"fail\",\"required\":true}");
    find_verdict("p");
    clause_text("checks", "remedy", "ledger pack check p --smoke");
    box_event(&box, "pack.checked", "pack/p", "{\"check\":\"other\",\"verdict\":\"fail\",\"required\":true}");
    find_verdict("p");
    clause_text("checks", "remedy", "ledger append pack.checked -s pack/p pack=p version=1 check=other verdict=VERDICT");
}

static void a_pack_is_asked_for_its_routes(void **state) {
    (void)state;
    install(",\"routes\":[{\"name\":\"r\",\"required\":true},{\"name\":\"s\",\"required\":false}]");
    find_verdict("p");
    clause("routes", "fail", "'r' was never declared");
    box_event(&box, "route.declared", "route/r", "{\"route\":\"r\",\"pack\":\"p\",\"pack_version\":\"1\",\"model\":\"m\"}");
    find_verdict("p");
    clause_text("routes", "state", "warn");
    clause_text("routes", "remedy", "ledger append route.declared -s route/r suite=SUITE");
    box_event(&box, "route.offline", "route/r", "{\"route\":\"r\",\"reason\":\"refused\"}");
    find_verdict("p");
    clause_text("routes", "state", "fail");
}

static void a_pack_is_asked_for_its_models(void **state) {
    (void)state;
    install(",\"models\":[{\"role\":\"worker\",\"digest\":\"" DIGEST "\"}]");
    find_verdict("p");
    clause("models", "fail", "worker sha256:000000000000 is not known");
    uint64_t seq =
        box_event(&box, "model.observed", "model/m", "{\"model\":\"m\",\"digest\":\"" DIGEST "\",\"runtime\":\"ollama\"}");
    find_verdict("p");
    clause("models", "pass", "1 are there");
    clause_cites("models", seq);
}

/* Each clause of a verdict is a row of a table, too. */
static void what_a_verdict_lists_is_a_table(void **state) {
    struct bytes reason, remedy;
    (void)state;
    install(",\"checks\":[\"smoke\"]");
    observe("latency", ",\"target\":\"a b\",\"status\":\"slow\"");
    find_verdict("");
    reason = remedy = (struct bytes){0};
    list_text(clause_of("checks"), "reason", &reason);
    list_text(clause_of("checks"), "remedy", &remedy);
    char words[256], command[256];
    snprintf(words, sizeof(words), "%.*s", (int)reason.n, (const char *)reason.p);
    snprintf(command, sizeof(command), "%.*s", (int)remedy.n, (const char *)remedy.p);
    assert_string_equal(command, "ledger append doctor.observed -s check/latency check=latency target='a b' status=ok");
    assert_true(box_row(&box, "clauses", "", "checks", NULL));
    box_text(&box, "state", "warn");
    box_text(&box, "reason", words);
    box_text(&box, "remedy", command);
    box_text(&box, "first", "mend it");
    assert_true(box_row(&box, "clauses", "p", "checks", NULL));
    box_text(&box, "state", "unknown");
    box_event(&box, "pack.removed", "pack/p", "{}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_false(box_row(&box, "clauses", "p", "checks", NULL));
}

static void what_somebody_saw_to_is_no_finding_until_it_happens_again(void **state) {
    (void)state;
    box_event(&box, "hardware.faulted", "host/local", "{\"what\":\"gpu\",\"device\":\"0000:01\"}");
    find_verdict("");
    clause_text("faults", "state", "fail");
    clause_text("faults", "remedy",
                "ledger append doctor.remedied -s check/faults check=faults target=gpu/0000:01 remedy=REMEDY outcome=ok");
    box_event(&box, "doctor.remedied", "check/faults",
              "{\"check\":\"faults\",\"target\":\"gpu/0000:02\",\"outcome\":\"ok\"}");
    box_event(&box, "doctor.remedied", "check/faults",
              "{\"check\":\"faults\",\"target\":\"gpu/0000:01\",\"outcome\":\"error\"}");
    find_verdict("");
    clause_text("faults", "state", "fail");
    box_event(&box, "doctor.remedied", "check/faults",
              "{\"check\":\"faults\",\"target\":\"gpu/0000:01\",\"outcome\":\"ok\"}");
    find_verdict("");
    clause_text("faults", "state", "pass");
    box_event(&box, "hardware.faulted", "host/local", "{\"what\":\"gpu\",\"device\":\"0000:01\"}");
    find_verdict("");
    clause_text("faults", "state", "fail");
}

static void a_blocked_pack_is_a_warning_of_the_box(void **state) {
    (void)state;
    install(",\"permissions\":[{\"group\":\"exec\",\"required\":true}]");
    find_verdict("");
    clause_text("packs", "state", "warn");
    clause_text("packs", "remedy", "ledger permit grant pack/p exec --tier TIER");
}

static void what_was_promoted_and_not_applied_fails(void **state) {
    (void)state;
    static const char digest[] = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    char json[512];
    find_verdict("");
    clause("promotions", "pass", "0 are promoted and live, by the log");
    snprintf(json, sizeof(json), "{\"what\":\"image\",\"name\":\"web\",\"linked\":true,\"digest\":\"%s\"}", digest);
    box_event(&box, "promotion.planned", "promotion/w", json);
    box_event(&box, "promotion.simulated", "promotion/w", "{\"verdict\":\"pass\"}");
    box_event(&box, "promotion.verifying", "promotion/w", NULL);
    snprintf(json, sizeof(json), "{\"decision\":\"pass\",\"digest\":\"%s\"}", digest);
    box_event(&box, "promotion.gated", "promotion/w", json);
    snprintf(json, sizeof(json), "{\"digest\":\"%s\"}", digest);
    box_event(&box, "promotion.promoted", "promotion/w", json);
    find_verdict("");
    clause("promotions", "fail", "w is promoted, and its link was not switched");
    clause_text("promotions", "remedy", "ledger promote apply w");
    snprintf(json, sizeof(json), "{\"digest\":\"%s\",\"read_back\":\"%s\"}", digest, digest);
    box_event(&box, "promotion.applied", "promotion/w", json);
    find_verdict("");
    clause("promotions", "pass", "1 is promoted and live, by the log");
}

static void what_does_not_apply_alone_does_not_pass(void **state) {
    (void)state;
    uint64_t seq = observe("disk-space", ",\"target\":\"/\",\"status\":\"not_applicable\"");
    observe("gpu", ",\"status\":\"not_applicable\"");
    observe("net", ",\"status\":\"ok\"");
    box_odd(&box, "hardware.profiled", "host/local", "{\"memory_bytes\":-5}");
    find_verdict("");
    clause("disk", "unknown", "disk-space of /: not_applicable");
    clause_cites("disk", seq);
    clause("checks", "pass", "1 made, all well");
    clause("hardware", "unknown", "the profile of local does not tell its memory");
    observe("disk-space", ",\"target\":\"/home\",\"status\":\"ok\"");
    find_verdict("");
    clause("disk", "pass", "1 checked, all well");
}

static void a_pack_that_is_ready_and_fails_by_its_own_verdict_is_named(void **state) {
    (void)state;
    box_event(&box, "model.observed", "model/m:1", "{\"runtime\":\"ollama\",\"digest\":\"" DIGEST "\"}");
    box_event(&box, "pack.installed", "pack/p",
              "{\"version\":\"1\",\"models\":[{\"role\":\"w\",\"model\":\"m:1\",\"digest\":\"" DIGEST
              "\"}],\"routes\":[{\"name\":\"r\",\"required\":false}]}");
    find_verdict("");
    clause("packs", "pass", "none of 1 fails");
    uint64_t seq = box_event(&box, "model.removed", "model/m:1", "{\"runtime\":\"ollama\"}");
    find_verdict("");
    clause("packs", "warn", "p fails: models: w sha256:000000000000 is removed");
    clause_text("packs", "remedy", "ledger ingest ollama");
    box_int(&box, "since_seq", (int64_t)seq);
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "packs", "p", NULL));
    box_text(&box, "state", "ready");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(what_was_promoted_and_not_applied_fails),
        TEST(what_does_not_apply_alone_does_not_pass),
        TEST(a_pack_that_is_ready_and_fails_by_its_own_verdict_is_named),
        TEST(of_a_new_box_nothing_is_known),
        TEST(a_box_of_which_all_is_known_and_well_passes),
        TEST(a_runtime_of_several_that_does_not_answer_is_a_warning_and_of_one_a_failure),
        TEST(a_failure_outweighs_a_warning_and_that_what_is_not_known),
        TEST(faults_gaps_and_steps_of_the_clock_count_for_a_week),
        TEST(a_check_without_network_says_nothing_and_an_unknown_word_neither),
        TEST(of_many_findings_three_are_told),
        TEST(an_import_that_refused_records_is_a_warning),
        TEST(a_remedy_is_a_command_whatever_others_named_their_things),
        TEST(a_projection_that_stopped_fails_the_box),
        TEST(what_is_not_in_the_view_is_unknown),
        TEST(the_same_question_about_the_past_has_the_same_answer),
        TEST(a_verdict_that_was_given_shows_beside_what_is_true),
        TEST(a_pack_has_a_verdict_as_long_as_it_is_installed),
        TEST(a_pack_without_a_permission_that_it_requires_fails),
        TEST(a_pack_is_asked_for_its_checks),
        TEST(a_pack_whose_files_are_here_is_checked_by_one_command),
        TEST(a_pack_is_asked_for_its_routes),
        TEST(a_pack_is_asked_for_its_models),
        TEST(what_a_verdict_lists_is_a_table),
        TEST(what_somebody_saw_to_is_no_finding_until_it_happens_again),
        TEST(a_blocked_pack_is_a_warning_of_the_box),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
