/* The public library as a program sees it: options of older and newer programs, errors, ownership, other threads. */
#include "tests/lib/box.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static uint64_t note(const char *key, const char *json) {
    struct ledger_receipt receipt;
    must(ledger_append_json(ledger, "x.test.note", "thing/1", "user:test", key, json, &receipt, &error));
    return receipt.seq;
}

/* ---- options ---- */

static void options_without_their_size_are_refused(void **state) {
    struct ledger_create_options create = {.origin = "example.org/box-2"};
    struct ledger_open_options open = {.read_only = 1};
    struct ledger_draft draft = {.kind = "x.test.note"};
    struct ledger_verify_options verify = {.derived = 1};
    struct ledger_verify_bundle_options bundle = {.stop = NULL};
    struct ledger_query_options query = {.limit = 1};
    struct ledger_sql_options sql = {.rows = 1};
    struct ledger_states_options states = {.base = 0};
    struct ledger_export_options export = {.plain = 1};
    struct ledger_export_result result = {.from = 0};
    struct ledger_correct_options correct = {.seq = 0};
    struct ledger_erase_options erase = {.what = 0};
    struct ledger_restore_options restore = {.newest = 0};
    struct ledger *other;
    struct ledger_report *report;
    struct ledger_query *q;
    struct ledger_sql *s;
    struct ledger_states *st;
    const char *words = "is not set: start from its INIT";
    (void)state;
    must_fail(ledger_create("nowhere", &create, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_open(dir, &open, &other, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_append(ledger, &draft, NULL, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_verify(ledger, &verify, &report, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_verify_isolated(dir, &verify, &report, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_verify_bundle(0, &bundle, &report, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_query_open(ledger, &query, &q, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_sql_open(ledger, &sql, &s, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_states_open(ledger, &states, &st, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_export(ledger, &export, "nowhere", NULL, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_export_plan(ledger, NULL, &result, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_correct(ledger, &correct, NULL, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_erase(ledger, &erase, NULL, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_restore(dir, "nowhere", &restore, &error), LEDGER_ERR_INVALID, words);
}

static void options_of_an_older_program_work_and_nothing_behind_them_is_read(void **state) {
    struct ledger_query_options o = LEDGER_QUERY_OPTIONS_INIT;
    struct ledger_query *query;
    const struct ledger_event *event;
    (void)state;
    note("a", NULL);
    o.size = offsetof(struct ledger_query_options, to);
    memset((char *)&o + o.size, 0xff, sizeof(o) - o.size);
    must(ledger_query_open(ledger, &o, &query, &error));
    must(ledger_query_next(query, &event, &error));
    assert_int_equal(ledger_event_seq(event), 0);
    ledger_query_close(query);
}

static void options_of_a_newer_program_work_while_what_is_not_known_here_is_not_set(void **state) {
    struct {
        struct ledger_query_options known;
        uint64_t unknown;
    } o = {LEDGER_QUERY_OPTIONS_INIT, 0};
    struct ledger_query *query;
    (void)state;
    o.known.size = sizeof(o);
    must(ledger_query_open(ledger, &o.known, &query, &error));
    ledger_query_close(query);
    o.unknown = 1;
    must_fail(ledger_query_open(ledger, &o.known, &query, &error), LEDGER_ERR_VERSION,
              "struct ledger_query_options has members that this library");
}

static void a_result_of_an_older_program_is_not_written_past_its_end(void **state) {
    struct ledger_export_result r = LEDGER_EXPORT_RESULT_INIT;
    (void)state;
    r.size = offsetof(struct ledger_export_result, matching);
    r.matching = 77;
    must(ledger_export_plan(ledger, NULL, &r, &error));
    assert_int_equal(r.headers, 1);
    assert_int_equal(r.matching, 77);
    assert_int_equal(r.size, offsetof(struct ledger_export_result, matching));
}

/* ---- errors ---- */

static void codes_have_names(void **state) {
    (void)state;
    assert_string_equal(ledger_error_name(LEDGER_OK), "LEDGER_OK");
    assert_string_equal(ledger_error_name(LEDGER_END), "LEDGER_END");
    assert_string_equal(ledger_error_name(LEDGER_ERR_NOMEM), "LEDGER_ERR_NOMEM");
    assert_string_equal(ledger_error_name(LEDGER_ERR_CORRUPT), "LEDGER_ERR_CORRUPT");
    assert_string_equal(ledger_error_name(LEDGER_ERR_ROLLBACK), "LEDGER_ERR_ROLLBACK");
    assert_string_equal(ledger_error_name(-14), "LEDGER_ERR");
    assert_string_equal(ledger_error_name(2), "LEDGER_ERR");
    assert_string_equal(ledger_version(), LEDGER_VERSION);
}

static void an_error_may_be_left_out(void **state) {
    struct ledger *other;
    (void)state;
    assert_int_equal(ledger_open("nowhere", NULL, &other, NULL), LEDGER_ERR_NOTFOUND);
    assert_int_equal(ledger_append_json(ledger, "no.kind", "a/b", NULL, NULL, NULL, NULL, NULL), LEDGER_ERR_NOTFOUND);
}

static void a_refused_draft_of_a_batch_has_its_index_and_can_be_taken_out(void **state) {
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    struct ledger_batch *batch;
    struct ledger_receipt receipts[2];
    (void)state;
    draft.kind = "x.test.note";
    draft.subject = "thing/1";
    must(ledger_batch_new(ledger, &batch, &error));
    must(ledger_batch_add(batch, &draft, &error));
    draft.cause_type = LEDGER_CAUSE_KEY;
    draft.cause_key = "nobody has it";
    must(ledger_batch_add(batch, &draft, &error));
    draft.cause_type = LEDGER_CAUSE_NONE;
    must(ledger_batch_add(batch, &draft, &error));
    must_fail(ledger_batch_commit(batch, receipts, &error), LEDGER_ERR_INVALID, "event 1 of the batch");
    assert_int_equal(error.at, 1);
    assert_int_equal(ledger_batch_count(batch), 3);
    size_t at = (size_t)error.at;
    must(ledger_batch_remove(batch, &at, 1, &error));
    must(ledger_batch_commit(batch, receipts, &error));
    assert_int_equal(receipts[1].seq, receipts[0].seq + 1);
    assert_int_equal(ledger_batch_count(batch), 0);
    ledger_batch_free(batch);
}

static void what_cannot_be_taken_out_of_a_batch_is_refused_by_its_index(void **state) {
    const struct {
        size_t n, indexes[3];
        const char *words;
    } bad[] = {
        {1, {4}, "index 4: the batch has only 4 drafts"},
        {1, {SIZE_MAX}, "the batch has only 4 drafts"},
        {2, {1, 1}, "index 1 after index 1; expected: ascending order, each once"},
        {2, {3, 0}, "index 0 after index 3; expected: ascending order, each once"},
        {1, {0}, "draft 0 is the cause of draft 2, which stays; expected: both are removed"},
        {2, {0, 3}, "draft 0 is the cause of draft 2, which stays"},
    };
    struct ledger_batch *batch;
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    (void)state;
    draft.kind = "x.test.note";
    draft.subject = "thing/1";
    must(ledger_batch_new(ledger, &batch, &error));
    for (int i = 0; i < 4; i++) {
        draft.cause_type = i == 2 ? LEDGER_CAUSE_BATCH : LEDGER_CAUSE_NONE;
        must(ledger_batch_add(batch, &draft, &error));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        must_fail(ledger_batch_remove(batch, bad[i].indexes, bad[i].n, &error), LEDGER_ERR_INVALID, bad[i].words);
        assert_int_equal(ledger_batch_count(batch), 4);
    }
    must(ledger_batch_remove(batch, NULL, 0, &error));
    must(ledger_batch_remove(batch, (const size_t[]){0, 2}, 2, &error));
    assert_int_equal(ledger_batch_count(batch), 2);
    must(ledger_batch_commit(batch, NULL, &error));
    ledger_batch_free(batch);
}

static void wrong_json_is_refused_with_its_place(void **state) {
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    (void)state;
    must_fail(ledger_append_json(ledger, "x.test.note", "a/b", NULL, NULL, "{\"a\": }", NULL, &error), LEDGER_ERR_INVALID,
              "json: line 1 column");
    draft.kind = "x.test.note";
    draft.subject = "a/b";
    draft.json_open = "[1";
    must_fail(ledger_append(ledger, &draft, NULL, &error), LEDGER_ERR_INVALID, "json_open: line 1 column");
    draft.json_open = NULL;
    draft.json_private = "[]";
    must_fail(ledger_append(ledger, &draft, NULL, &error), LEDGER_ERR_INVALID, "json_private");
}

static void numbers_that_are_no_members_of_their_enum_are_refused(void **state) {
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    struct ledger_states_options so = LEDGER_STATES_OPTIONS_INIT;
    struct ledger_export_options eo = LEDGER_EXPORT_OPTIONS_INIT;
    struct ledger_erase_options ro = LEDGER_ERASE_OPTIONS_INIT;
    struct ledger_query_options qo = LEDGER_QUERY_OPTIONS_INIT;
    struct ledger_value value = {.type = LEDGER_MSGPACK};
    struct ledger_term term = {"kind", 99, &value, 1};
    struct ledger_states *states;
    struct ledger_query *query;
    (void)state;
    draft.cause_type = 9;
    must_fail(ledger_append(ledger, &draft, NULL, &error), LEDGER_ERR_INVALID, "not a type of cause");
    so.base = -1;
    must_fail(ledger_states_open(ledger, &so, &states, &error), LEDGER_ERR_INVALID, "not a base of states");
    eo.bodies = 3;
    must_fail(ledger_export_plan(ledger, &eo, NULL, &error), LEDGER_ERR_INVALID, "which bodies leave");
    ro.what = 3;
    must_fail(ledger_erase(ledger, &ro, NULL, &error), LEDGER_ERR_INVALID, "what to erase");
    qo.terms = &term;
    qo.n_terms = 1;
    must_fail(ledger_query_open(ledger, &qo, &query, &error), LEDGER_ERR_INVALID, "not an operator");
    term.op = LEDGER_OP_EQ;
    must_fail(ledger_query_open(ledger, &qo, &query, &error), LEDGER_ERR_INVALID, "compares with a number");
    term.field = "knd";
    must_fail(ledger_query_open(ledger, &qo, &query, &error), LEDGER_ERR_INVALID,
              "unknown field 'knd'; did you mean 'kind'?");
    must_fail(ledger_artifact_get(ledger, NULL, STDOUT_FILENO, &error), LEDGER_ERR_INVALID, "'' is not an artifact id");
}

/* ---- events ---- */

static void an_event_has_its_parts_and_fields(void **state) {
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    struct ledger_receipt receipt;
    struct ledger_reader *reader;
    const struct ledger_event *event;
    struct ledger_value value;
    char *json;
    size_t n;
    (void)state;
    draft.kind = "x.test.note";
    draft.subject = "thing/1";
    draft.run = "r-1";
    draft.json = "{\"n\": 7, \"ratio\": 0.5, \"good\": true, \"model\": \"m\", \"list\": [1]}";
    draft.json_open = "[\"n\", \"ratio\", \"good\", \"model\", \"list\"]";
    draft.json_private = "{\"prompt\": \"why?\"}";
    draft.cause_type = LEDGER_CAUSE_SEQ;
    must(ledger_append(ledger, &draft, &receipt, &error));
    must(ledger_reader_open(ledger, receipt.seq, LEDGER_NO_SEQ, &reader, &error));
    must(ledger_reader_next(reader, &event, &error));
    assert_int_equal(ledger_event_cause(event), 0);
    assert_true(ledger_event_has_private(event));
    assert_false(ledger_event_is_erased(event));
    struct ledger_bytes part = ledger_event_part(event, LEDGER_PART_RUN);
    assert_int_equal(part.n, 3);
    assert_memory_equal(part.p, "r-1", 3);
    assert_memory_equal(ledger_event_part(event, LEDGER_PART_LEAF).p, receipt.leaf, LEDGER_HASH);
    assert_int_equal(ledger_event_part(event, 99).n, 0);
    must(ledger_event_field(event, "n", &value, &error));
    assert_true(value.type == LEDGER_INT && value.integer == 7);
    must(ledger_event_field(event, "ratio", &value, &error));
    assert_true(value.type == LEDGER_REAL && value.real == 0.5);
    must(ledger_event_field(event, "good", &value, &error));
    assert_true(value.type == LEDGER_BOOL && value.boolean == 1);
    must(ledger_event_field(event, "model", &value, &error));
    assert_true(value.type == LEDGER_TEXT && value.text.n == 1);
    must(ledger_event_field(event, "list", &value, &error));
    assert_int_equal(value.type, LEDGER_MSGPACK);
    must(ledger_event_field(event, "prompt", &value, &error));
    assert_int_equal(value.type, LEDGER_NULL);
    must(ledger_event_json(event, 0, &json, &n, &error));
    assert_int_equal(strlen(json), n);
    assert_null(strstr(json, "why?"));
    ledger_free(json);
    must(ledger_event_json(event, LEDGER_JSON_PRIVATE, &json, NULL, &error));
    assert_non_null(strstr(json, "\"private\":{\"prompt\":\"why?\"}"));
    ledger_free(json);
    assert_int_equal(ledger_reader_next(reader, &event, &error), LEDGER_END);
    ledger_reader_close(reader);
    must_fail(ledger_read_json(ledger, 99, 0, &json, NULL, &error), LEDGER_ERR_NOTFOUND, "there is no event 99");
}

static void a_draft_is_checked_without_being_written(void **state) {
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    struct ledger_head head;
    char *json;
    (void)state;
    draft.kind = "x.test.note";
    draft.subject = "thing/1";
    draft.json = "{\"n\": 7, \"words\": 2}";
    draft.json_open = "[\"n\"]";
    must(ledger_draft_check(&draft, 0, &json, NULL, &error));
    assert_string_equal(json, "{\"body\":{\"n\":7},\"private\":{\"words\":2},\"masked\":0}");
    ledger_free(json);
    must(ledger_get_head(ledger, &head, &error));
    assert_int_equal(head.events, 1);
}

static void figures_and_place_are_those_of_the_ledger(void **state) {
    struct ledger_stats stats = LEDGER_STATS_INIT;
    int place = -1;
    (void)state;
    note("a", NULL);
    must(ledger_get_place(ledger, &place, &error));
    assert_int_equal(place, LEDGER_PLACE_HOME);
    must_fail(ledger_moved(ledger, NULL, NULL, NULL, &error), LEDGER_ERR_INVALID, "");
    must(ledger_get_stats(ledger, &stats, &error));
    assert_int_equal(stats.events, 2);
    assert_int_equal(stats.map_bytes, (uint64_t)64 << 20);
    stats.size = offsetof(struct ledger_stats, checkpoints);
    stats.checkpoints = 77;
    must(ledger_get_stats(ledger, &stats, &error));
    assert_int_equal(stats.checkpoints, 77);
    stats.size = 0;
    must_fail(ledger_get_stats(ledger, &stats, &error), LEDGER_ERR_INVALID, "start from its INIT");
}

/* ---- verifying ---- */

struct churn {
    char dir[320];
    atomic_bool stop;
};

/* Opens, appends and closes: what a fork must not interrupt. */
static void *churn(void *ctx) {
    struct churn *c = ctx;
    struct ledger_create_options o = LEDGER_CREATE_OPTIONS_INIT;
    o.origin = "example.org/box-2";
    o.map_bytes = (uint64_t)64 << 20;
    intptr_t rc = ledger_create(c->dir, &o, NULL);
    while (rc == 0 && !atomic_load(&c->stop)) {
        struct ledger *other = NULL;
        rc = ledger_open(c->dir, NULL, &other, NULL);
        if (rc == 0) rc = ledger_append_json(other, "x.test.note", "a/b", NULL, NULL, "{\"model\": \"m\"}", NULL, NULL);
        ledger_close(other);
    }
    return (void *)rc;
}

static void a_ledger_is_verified_in_a_child_while_threads_of_the_host_work(void **state) {
    struct churn other = {.stop = false};
    struct ledger_verify_options o = LEDGER_VERIFY_OPTIONS_INIT;
    pthread_t thread;
    void *ended;
    (void)state;
    note("a", NULL);
    o.derived = 1;
    snprintf(other.dir, sizeof(other.dir), "%s/other", top);
    assert_int_equal(pthread_create(&thread, NULL, churn, &other), 0);
    for (int i = 0; i < 20; i++) {
        struct ledger_report *report;
        must(ledger_verify_isolated(dir, &o, &report, &error));
        assert_int_equal(ledger_report_verdict(report), LEDGER_VERDICT_NOT_ANCHORED);
        ledger_report_free(report);
        note(NULL, NULL);
    }
    atomic_store(&other.stop, true);
    assert_int_equal(pthread_join(thread, &ended), 0);
    assert_null(ended);
}

static void a_host_that_ignores_its_children_gets_the_verdict(void **state) {
    struct ledger_report *report;
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    must(ledger_verify_isolated(dir, NULL, &report, &error));
    signal(SIGCHLD, SIG_DFL);
    assert_string_equal(ledger_report_verdict_name(report), "not anchored");
    assert_string_equal(ledger_report_origin(report), "example.org/box-1");
    assert_int_equal(ledger_report_events(report), 1);
    ledger_report_free(report);
}

static void a_cut_database_is_a_finding_and_the_host_lives(void **state) {
    struct ledger_report *report;
    char path[400], *json;
    (void)state;
    for (int i = 0; i < 40; i++) {
        note(NULL, "{\"model\": \"m\"}");
    }
    ledger_close(ledger);
    ledger = NULL;
    snprintf(path, sizeof(path), "%s/evidence/data.mdb", dir);
    assert_int_equal(truncate(path, 16384), 0);
    must(ledger_verify_isolated(dir, NULL, &report, &error));
    assert_int_equal(ledger_report_verdict(report), LEDGER_VERDICT_INVALID);
    assert_int_equal(ledger_report_findings(report), 1);
    assert_int_equal(ledger_report_findings_total(report), 1);
    assert_non_null(ledger_report_finding_reason(report, 0));
    assert_null(ledger_report_finding_reason(report, 1));
    assert_int_equal(ledger_report_finding_seq(report, 1), LEDGER_NO_SEQ);
    assert_int_equal(ledger_report_aspect_state(report, 99), -1);
    must(ledger_report_json(report, 0, &json, NULL, &error));
    assert_non_null(strstr(json, "\"verdict\":\"invalid\",\"exit\":30"));
    ledger_free(json);
    ledger_report_free(report);
}

static pid_t told_in;

static void tell(void *ctx, uint64_t done, uint64_t total) {
    (void)ctx;
    (void)done;
    (void)total;
    told_in = getpid();
}

static void a_verification_ends_when_it_is_told_to_and_tells_its_caller_how_far_it_is(void **state) {
    static volatile int stop = 1;
    struct ledger_verify_options o = LEDGER_VERIFY_OPTIONS_INIT;
    struct ledger_report *report;
    (void)state;
    o.stop = &stop;
    must_fail(ledger_verify(ledger, &o, &report, &error), LEDGER_ERR_BUSY, "interrupted");
    must_fail(ledger_verify_isolated(dir, &o, &report, &error), LEDGER_ERR_BUSY, "interrupted");
    stop = 0;
    o.progress = tell;
    must(ledger_verify(ledger, &o, &report, &error));
    ledger_report_free(report);
    assert_int_equal(told_in, getpid());
}

/* ---- proofs and bundles ---- */

static void a_proof_is_verified_and_a_changed_one_is_not(void **state) {
    struct ledger_proof *proof;
    struct ledger_report *report;
    struct ledger_trust *trust;
    uint8_t leaf[4096];
    (void)state;
    uint64_t seq = note("a", "{\"model\": \"m\"}");
    must(ledger_prove(ledger, seq, &proof, &error));
    must(ledger_trust_new(&trust, &error));
    must(ledger_trust_key(trust, ledger_vkey(ledger), &error));
    struct ledger_bytes changed = ledger_proof_leaf(proof);
    must(ledger_verify_proof(ledger_proof_note(proof), changed, ledger_proof_payload(proof), trust, &report, &error));
    assert_int_equal(ledger_report_verdict(report), LEDGER_VERDICT_GOOD);
    ledger_report_free(report);
    assert_true(changed.n <= sizeof(leaf));
    memcpy(leaf, changed.p, changed.n);
    leaf[changed.n / 2] ^= 1;
    changed.p = leaf;
    must(ledger_verify_proof(ledger_proof_note(proof), changed, ledger_proof_payload(proof), trust, &report, &error));
    assert_int_equal(ledger_report_verdict(report), LEDGER_VERDICT_INVALID);
    assert_non_null(ledger_report_rule(report));
    ledger_report_free(report);
    ledger_trust_free(trust);
    must(ledger_verify_proof(ledger_proof_note(proof), ledger_proof_leaf(proof), (struct ledger_bytes){NULL, 0}, NULL,
                             &report, &error));
    assert_non_null(
        strstr(ledger_report_aspect_text(report, 0), "its payload was not given, so only its header is checked"));
    ledger_report_free(report);
    ledger_proof_free(proof);
}

static int count_them(void *ctx, const struct ledger_event *event) {
    return ledger_event_seq(event) > 5 ? 1 : ((*(int *)ctx)++, 0);
}

static void a_bundle_goes_to_a_descriptor_once_it_is_recorded(void **state) {
    struct ledger_export_result r = LEDGER_EXPORT_RESULT_INIT;
    struct ledger_verify_bundle_options o = LEDGER_VERIFY_BUNDLE_OPTIONS_INIT;
    struct ledger_export_options eo = LEDGER_EXPORT_OPTIONS_INIT;
    struct ledger_export_term term = {"kind", "x.nobody.has", 0};
    struct ledger_report *report;
    char path[300], *json;
    int seen = 0;
    (void)state;
    note("a", NULL);
    snprintf(path, sizeof(path), "%s/bundle", top);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    must(ledger_export_fd(ledger, NULL, fd, &r, &error));
    assert_int_equal(r.headers, 2);
    assert_int_equal(r.bytes, lseek(fd, 0, SEEK_END));
    assert_int_equal(r.recorded, 2);
    must(ledger_read_json(ledger, r.recorded, 0, &json, NULL, &error));
    assert_non_null(strstr(json, "\"kind\":\"ledger.exported\""));
    ledger_free(json);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    o.each = count_them;
    o.each_ctx = &seen;
    must(ledger_verify_bundle(fd, &o, &report, &error));
    assert_int_equal(seen, 2);
    assert_int_equal(ledger_report_verdict(report), LEDGER_VERDICT_NOT_ANCHORED);
    assert_string_equal(ledger_report_aspect_name(report, 0), "container");
    must(ledger_report_json(report, 0, &json, NULL, &error));
    assert_non_null(strstr(json, "\"question\":{\"proof\":\"none: the exporter's word"));
    assert_non_null(strstr(json, "\"answer\":{\"proof\":\"headers in the sealed tree\",\"complete\":true"));
    ledger_free(json);
    ledger_report_free(report);
    close(fd);
    must_fail(ledger_export(ledger, NULL, path, NULL, &error), LEDGER_ERR_CONFLICT, path);
    eo.terms = &term;
    eo.n_terms = 1;
    must_fail(ledger_export_plan(ledger, &eo, NULL, &error), LEDGER_ERR_NOTFOUND, "no event matches");
}

/* ---- queries ---- */

static int end_at_once(void *ctx, const char *const *names, const struct ledger_value *values, size_t n) {
    (void)ctx;
    assert_int_equal(n, 1);
    assert_string_equal(names[0], "seq");
    assert_int_equal(values[0].type, LEDGER_INT);
    return 1;
}

static void sql_gives_rows_and_their_receiver_may_end_it(void **state) {
    struct ledger_sql *sql;
    char *lines;
    (void)state;
    must(ledger_sql_open(ledger, NULL, &sql, &error));
    must_fail(ledger_sql_run(sql, "SELECT seq FROM events", end_at_once, NULL, &error), LEDGER_ERR_BUSY, "by its caller");
    must(ledger_sql_json(sql, "SELECT 1 AS a, 0.5 AS b, 'c' AS c, NULL AS d, x'00ff' AS e", &lines, NULL, &error));
    assert_string_equal(lines, "{\"a\":1,\"b\":0.5,\"c\":\"c\",\"d\":null,\"e\":\"AP8=\"}\n");
    ledger_free(lines);
    must_fail(ledger_sql_json(sql, "DELETE FROM events", &lines, NULL, &error), LEDGER_ERR_INVALID, "");
    ledger_sql_close(sql);
}

static void states_are_as_of_the_moment_that_was_asked_for(void **state) {
    struct ledger_states_options o = LEDGER_STATES_OPTIONS_INIT;
    struct ledger_states *states;
    const char *const key[] = {"pack/p", "exec", "a"};
    char *json;
    (void)state;
    must(ledger_append_json(ledger, "permission.granted", "pack/p", NULL, NULL,
                            "{\"group\": \"exec\", \"scope\": \"a\", \"tier\": \"T1\"}", NULL, &error));
    for (o.at = 1; o.at <= 2; o.at++) {
        must(ledger_states_open(ledger, &o, &states, &error));
        must(ledger_states_whole(states, &error));
        assert_int_equal(ledger_states_at(states), o.at);
        size_t table = ledger_states_table_find(states, "permission");
        assert_string_equal(ledger_states_table_name(states, table), "permissions");
        if (o.at == 1) {
            must_fail(ledger_states_get_json(states, table, key, 3, 0, &json, NULL, &error), LEDGER_ERR_NOTFOUND, "no row");
        } else {
            must(ledger_states_get_json(states, table, key, 3, 0, &json, NULL, &error));
            assert_non_null(strstr(json, "\"state\":\"granted\""));
            ledger_free(json);
        }
        must_fail(ledger_states_get_json(states, SIZE_MAX, key, 3, 0, &json, NULL, &error), LEDGER_ERR_NOTFOUND,
                  "there is no table of that name");
        ledger_states_close(states);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(options_without_their_size_are_refused),
        TEST(options_of_an_older_program_work_and_nothing_behind_them_is_read),
        TEST(options_of_a_newer_program_work_while_what_is_not_known_here_is_not_set),
        TEST(a_result_of_an_older_program_is_not_written_past_its_end),
        TEST(codes_have_names),
        TEST(an_error_may_be_left_out),
        TEST(a_refused_draft_of_a_batch_has_its_index_and_can_be_taken_out),
        TEST(what_cannot_be_taken_out_of_a_batch_is_refused_by_its_index),
        TEST(wrong_json_is_refused_with_its_place),
        TEST(numbers_that_are_no_members_of_their_enum_are_refused),
        TEST(an_event_has_its_parts_and_fields),
        TEST(a_draft_is_checked_without_being_written),
        TEST(figures_and_place_are_those_of_the_ledger),
        TEST(a_ledger_is_verified_in_a_child_while_threads_of_the_host_work),
        TEST(a_host_that_ignores_its_children_gets_the_verdict),
        TEST(a_cut_database_is_a_finding_and_the_host_lives),
        TEST(a_verification_ends_when_it_is_told_to_and_tells_its_caller_how_far_it_is),
        TEST(a_proof_is_verified_and_a_changed_one_is_not),
        TEST(a_bundle_goes_to_a_descriptor_once_it_is_recorded),
        TEST(sql_gives_rows_and_their_receiver_may_end_it),
        TEST(states_are_as_of_the_moment_that_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
