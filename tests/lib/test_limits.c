/* What is too long, too large or cut in the middle is refused before it does harm. */
#include "tests/lib/box.h"

#include <unistd.h>

#define MIB ((size_t)1 << 20)

/* {"a":"xxx..."} of `n` bytes. */
static char *json_of(size_t n) {
    char *json = malloc(n + 1);
    assert_non_null(json);
    memset(json, 'x', n);
    memcpy(json, "{\"a\":\"", 6);
    memcpy(json + n - 2, "\"}", 3);
    return json;
}

static void json_longer_than_its_maximum_is_refused_without_being_parsed(void **state) {
    (void)state;
    assert_int_equal(LEDGER_JSON_MAX, 16 * MIB);
    char *json = json_of(LEDGER_JSON_MAX + 1);
    json[LEDGER_JSON_MAX] = '!'; /* so it would be wrong JSON, too */
    must_fail(ledger_append_json(ledger, "x.test.note", "thing/1", NULL, NULL, json, NULL, &error), LEDGER_ERR_LIMIT,
              "json: JSON text of 16777217 bytes, expected at most 16777216");
    free(json);
}

static void fields_far_beyond_their_room_are_refused_as_those_just_beyond_it(void **state) {
    const size_t sizes[] = {MIB + 100, 9 * MIB, 16 * MIB};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *json = json_of(sizes[i]);
        must_fail(ledger_append_json(ledger, "x.test.note", "thing/1", NULL, NULL, json, NULL, &error), LEDGER_ERR_LIMIT,
                  "store long content as an artifact");
        free(json);
    }
}

static void every_text_of_a_draft_that_is_too_long_is_over_a_limit(void **state) {
    static char text[600];
    const size_t at[] = {offsetof(struct ledger_draft, kind),  offsetof(struct ledger_draft, subject),
                         offsetof(struct ledger_draft, actor), offsetof(struct ledger_draft, source),
                         offsetof(struct ledger_draft, run),   offsetof(struct ledger_draft, key)};
    struct ledger_create_options create = LEDGER_CREATE_OPTIONS_INIT;
    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    const char *longest = text;
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        struct ledger_draft draft = LEDGER_DRAFT_INIT;
        draft.kind = "x.test.note";
        draft.subject = "thing/1";
        memcpy((char *)&draft + at[i], &longest, sizeof(longest));
        must_fail(ledger_append(ledger, &draft, NULL, &error), LEDGER_ERR_LIMIT, "has 599 bytes, at most");
    }
    create.origin = text;
    must_fail(ledger_create("nowhere", &create, &error), LEDGER_ERR_LIMIT, "origin");
}

/* Reasons that are refused. */
static char long_reason[202];
static const struct {
    const char *reason, *words;
    int code;
} bad[] = {{"", "the reason is empty", LEDGER_ERR_INVALID},
           {"a\nb", "has a control character", LEDGER_ERR_INVALID},
           {"a\xff", "is not UTF-8", LEDGER_ERR_INVALID},
           {long_reason, "the reason has 201 bytes, at most 200 are accepted", LEDGER_ERR_LIMIT}};

static void reasons_have_one_rule(void **state) {
    struct ledger_correct_options correct = LEDGER_CORRECT_OPTIONS_INIT;
    struct ledger_receipt receipt;
    (void)state;
    memset(long_reason, 'a', 201);
    must(ledger_append_json(ledger, "x.test.note", "thing/1", NULL, NULL, "{}", &receipt, &error));
    correct.seq = receipt.seq;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        correct.reason = bad[i].reason;
        must_fail(ledger_correct(ledger, &correct, NULL, &error), bad[i].code, bad[i].words);
        must_fail(ledger_key_rotate(ledger, NULL, bad[i].reason, NULL, &error), bad[i].code, bad[i].words);
        must_fail(ledger_moved(ledger, NULL, bad[i].reason, NULL, &error), bad[i].code, bad[i].words);
    }
    correct.reason = "tier was T0, not ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    must(ledger_correct(ledger, &correct, &receipt, &error));
    assert_int_equal(receipt.masked, 1);
}

static void a_restore_keeps_the_rule_for_reasons(void **state) {
    struct ledger_restore_options o = LEDGER_RESTORE_OPTIONS_INIT;
    const struct ledger_bytes secret = {(const uint8_t *)"secret", 6};
    char backup[300], key[300], again[300];
    struct ledger *other;
    (void)state;
    memset(long_reason, 'a', 201);
    snprintf(backup, sizeof(backup), "%s/backup", top);
    snprintf(key, sizeof(key), "%s/key", top);
    snprintf(again, sizeof(again), "%s/again", top);
    must(ledger_backup(ledger, backup, &error));
    must(ledger_key_backup(ledger, key, secret, &error));
    o.log_key = key;
    o.log_passphrase = secret;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        o.reason = bad[i].reason;
        must_fail(ledger_restore(backup, again, &o, &error), bad[i].code, bad[i].words);
        assert_int_not_equal(access(again, F_OK), 0);
    }
    long_reason[200] = '\0';
    o.reason = long_reason;
    must(ledger_restore(backup, again, &o, &error));
    must(ledger_open(again, NULL, &other, &error));
    ledger_close(other);
}

static void options_that_end_inside_a_member_are_refused(void **state) {
    (void)state;
    for (size_t size = 1; size < sizeof(struct ledger_query_options) + 16; size++) {
        struct {
            struct ledger_query_options o;
            uint64_t more[2];
        } q = {LEDGER_QUERY_OPTIONS_INIT, {0}};
        struct ledger_query *query = NULL;
        q.o.size = size;
        if (size % sizeof(size) == 0) {
            must(ledger_query_open(ledger, &q.o, &query, &error));
            ledger_query_close(query);
        } else {
            must_fail(ledger_query_open(ledger, &q.o, &query, &error), LEDGER_ERR_INVALID, "start from its INIT");
        }
    }
    struct ledger_stats stats = LEDGER_STATS_INIT;
    struct ledger_export_result result = LEDGER_EXPORT_RESULT_INIT;
    stats.size = result.size = 12;
    must_fail(ledger_get_stats(ledger, &stats, &error), LEDGER_ERR_INVALID,
              "the size of struct ledger_stats is 12, which no version of it has");
    must_fail(ledger_export_plan(ledger, NULL, &result, &error), LEDGER_ERR_INVALID,
              "the size of struct ledger_export_result is 12, which no version of it has");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(json_longer_than_its_maximum_is_refused_without_being_parsed),
        TEST(fields_far_beyond_their_room_are_refused_as_those_just_beyond_it),
        TEST(every_text_of_a_draft_that_is_too_long_is_over_a_limit),
        TEST(reasons_have_one_rule),
        TEST(a_restore_keeps_the_rule_for_reasons),
        TEST(options_that_end_inside_a_member_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
