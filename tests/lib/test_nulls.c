/* What a program gives in arrays and options is judged before it is used: NULL, empty, no UTF-8, no descriptor. */
#include "tests/lib/box.h"

#include <unistd.h>

static const char *in_top(const char *name) {
    static char path[400];
    snprintf(path, sizeof(path), "%s/%s", top, name);
    return path;
}

static uint64_t note(const char *json_private) {
    struct ledger_draft draft = LEDGER_DRAFT_INIT;
    struct ledger_receipt receipt;
    draft.kind = "x.test.note";
    draft.subject = "thing/1";
    draft.json = "{\"a\":1}";
    draft.json_private = json_private;
    must(ledger_append(ledger, &draft, &receipt, &error));
    return receipt.seq;
}

/* ---- arrays of texts ---- */

static void export_must_fail(const struct ledger_export_options *o, const char *words) {
    must_fail(ledger_export_plan(ledger, o, NULL, &error), LEDGER_ERR_INVALID, words);
    must_fail(ledger_export(ledger, o, in_top("bundle"), NULL, &error), LEDGER_ERR_INVALID, words);
    assert_int_not_equal(access(in_top("bundle"), F_OK), 0);
}

static void a_missing_name_in_an_export_is_refused_by_its_index(void **state) {
    const struct {
        const char *name, *words;
    } bad[] = {{NULL, "[1]' is NULL"}, {"", "[1]' is empty"}, {"a\xff", "[1]': byte 1; expected: UTF-8"}};
    char words[80];
    (void)state;
    note("{\"p\":\"x\"}");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *names[] = {"runs", bad[i].name};
        struct ledger_export_options o = LEDGER_EXPORT_OPTIONS_INIT;
        o.states = names;
        o.n_states = 2;
        snprintf(words, sizeof(words), "'states%s", bad[i].words);
        export_must_fail(&o, words);
        o.n_states = 0;
        o.private_fields = names;
        o.n_private_fields = 2;
        snprintf(words, sizeof(words), "'private_fields%s", bad[i].words);
        export_must_fail(&o, words);
    }
}

static void a_missing_name_of_an_erased_field_is_refused_and_nothing_is_erased(void **state) {
    const char *names[] = {"p", NULL};
    struct ledger_erase_options o = LEDGER_ERASE_OPTIONS_INIT;
    char *json;
    (void)state;
    uint64_t seq = note("{\"p\":\"kept\"}");
    o.what = LEDGER_ERASE_PRIVATE;
    o.reason = "request";
    o.seqs = &seq;
    o.n_seqs = 1;
    o.fields = names;
    o.n_fields = 2;
    must_fail(ledger_erase(ledger, &o, NULL, &error), LEDGER_ERR_INVALID, "'fields[1]' is NULL");
    o.fields = names + 1;
    o.n_fields = 1;
    must_fail(ledger_erase(ledger, &o, NULL, &error), LEDGER_ERR_INVALID, "'fields[0]' is NULL");
    must(ledger_read_json(ledger, seq, LEDGER_JSON_PRIVATE, &json, NULL, &error));
    assert_non_null(strstr(json, "kept"));
    ledger_free(json);
}

static int no_row(void *ctx, const struct ledger_value *values, size_t n, uint64_t count) {
    (void)ctx, (void)values, (void)n, (void)count;
    return 0;
}

static void an_array_that_is_null_has_no_elements(void **state) {
    struct ledger_export_options export = LEDGER_EXPORT_OPTIONS_INIT;
    struct ledger_erase_options erase = LEDGER_ERASE_OPTIONS_INIT;
    struct ledger_query_options query = LEDGER_QUERY_OPTIONS_INIT;
    const struct ledger_term term = {.field = "kind", .op = LEDGER_OP_EQ, .n_values = 1};
    const char *by[] = {NULL};
    struct ledger_query *q;
    struct ledger_batch *batch;
    (void)state;
    export.n_states = 1;
    export_must_fail(&export, "'states' is NULL; expected: 1 elements");
    export.n_states = 0;
    export.n_terms = 1;
    export_must_fail(&export, "'terms' is NULL");
    export.n_terms = 0;
    export.n_seqs = 2;
    export_must_fail(&export, "'seqs' is NULL");
    erase.reason = "request";
    erase.n_seqs = 1;
    must_fail(ledger_erase(ledger, &erase, NULL, &error), LEDGER_ERR_INVALID, "'seqs' is NULL");
    query.n_terms = 1;
    must_fail(ledger_query_open(ledger, &query, &q, &error), LEDGER_ERR_INVALID, "'terms' is NULL");
    query.terms = &term;
    must_fail(ledger_query_open(ledger, &query, &q, &error), LEDGER_ERR_INVALID, "'values' is NULL");
    must_fail(ledger_query_count(ledger, NULL, by, 1, no_row, NULL, &error), LEDGER_ERR_INVALID, "'by[0]' is NULL");
    must(ledger_batch_new(ledger, &batch, &error));
    must_fail(ledger_batch_remove(batch, NULL, 1, &error), LEDGER_ERR_INVALID, "'indexes' is NULL");
    ledger_batch_free(batch);
}

/* ---- single texts ---- */

static void what_is_trusted_has_to_be_given(void **state) {
    static const char *const none[] = {NULL, ""};
    struct ledger_trust *trust;
    (void)state;
    must(ledger_trust_new(&trust, &error));
    for (size_t i = 0; i < 2; i++) {
        must_fail(ledger_trust_genesis(trust, none[i], &error), LEDGER_ERR_INVALID,
                  "no leaf hash of a genesis event is given");
        must_fail(ledger_trust_key(trust, none[i], &error), LEDGER_ERR_INVALID, "no verifier key is given");
    }
    ledger_trust_free(trust);
}

static void conditions_of_an_export_name_a_field_of_headers_and_a_text(void **state) {
    struct ledger_export_term term = {"bogus", "x", 0};
    struct ledger_export_options o = LEDGER_EXPORT_OPTIONS_INIT;
    (void)state;
    note(NULL);
    o.terms = &term;
    o.n_terms = 1;
    export_must_fail(
        &o, "no proof covers 'bogus'; conditions of an export are on kind, subject, run, actor, source, grade, key");
    term.field = "subject";
    term.value = "thing/\xff";
    export_must_fail(&o, "'terms[0].value': byte 6; expected: UTF-8");
}

static void a_statement_that_is_not_utf_8_is_refused(void **state) {
    struct ledger_sql *sql;
    char *lines;
    (void)state;
    must(ledger_sql_open(ledger, NULL, &sql, &error));
    must_fail(ledger_sql_json(sql, "select '\xff'", &lines, NULL, &error), LEDGER_ERR_INVALID,
              "'statement': byte 8; expected: UTF-8");
    must_fail(ledger_sql_run(sql, "select '\xff'", NULL, NULL, &error), LEDGER_ERR_INVALID, "'statement': byte 8");
    ledger_sql_close(sql);
}

/* ---- descriptors ---- */

static void a_descriptor_below_zero_takes_nothing(void **state) {
    struct ledger_head before, after;
    char id[LEDGER_ARTIFACT_ID];
    (void)state;
    FILE *file = fopen(in_top("file"), "w");
    assert_non_null(file);
    fputs("content", file);
    fclose(file);
    must(ledger_artifact_put(ledger, in_top("file"), id, NULL, &error));
    must(ledger_get_head(ledger, &before, &error));
    must_fail(ledger_artifact_get(ledger, id, -1, &error), LEDGER_ERR_INVALID, "the descriptor is -1; expected: 0 or more");
    must_fail(ledger_export_fd(ledger, NULL, -1, NULL, &error), LEDGER_ERR_INVALID, "the descriptor is -1");
    must(ledger_get_head(ledger, &after, &error));
    assert_int_equal(after.events, before.events); /* no export is recorded that did not leave */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_missing_name_in_an_export_is_refused_by_its_index),
        TEST(a_missing_name_of_an_erased_field_is_refused_and_nothing_is_erased),
        TEST(an_array_that_is_null_has_no_elements),
        TEST(what_is_trusted_has_to_be_given),
        TEST(conditions_of_an_export_name_a_field_of_headers_and_a_text),
        TEST(a_statement_that_is_not_utf_8_is_refused),
        TEST(a_descriptor_below_zero_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
