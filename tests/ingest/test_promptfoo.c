/* Results files of promptfoo without a ledger: what is refused and with which message, and what a row says. */
#include "ingest/promptfoo/promptfoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "ingest/input/item.h"

#define FIXTURE "tests/ingest/fixtures/promptfoo/echo.json"

static int read_text(struct promptfoo_doc *doc, struct bytes text, struct err *err) {
    promptfoo_doc_init(doc);
    return promptfoo_doc_read(doc, text, err);
}

static void each_wrong_file_is_refused_in_its_own_words(void **state) {
    static const char not_ours[] =
        "'results' is not an object; expected: a results file of promptfoo, as by 'eval -o FILE.json'";
    static const char *const cases[][2] = {
        {"", "line 1 column 1: no JSON value"},
        {"[]", not_ours},
        {"{\"results\":{\"version\":3},\"results\":1}", "line 1 column 34: duplicate object key near '\"results\"'"},
        {"{\"results\":[1]}", not_ours},
        {"{\"version\":3,\"prompts\":[],\"results\":{}}",
         "'results.version' is missing; expected: 2 or 3, as in results files of promptfoo"},
        {"{\"results\":{\"version\":2,\"table\":{}}}",
         "'results.table.head.prompts' is not a list; expected: the prompts that were evaluated"},
        {"{\"results\":{\"table\":{\"head\":{\"prompts\":[{}]}}}}",
         "'results.table.body' is not a list; expected: what was answered to each test"},
        {"{\"results\":{\"table\":{\"head\":{\"prompts\":[{}]},\"body\":[{\"outputs\":[{}]},{\"outputs\":[]}]}}}",
         "'results.table.body[1].outputs' is not a list of 1; expected: one for each prompt"},
        {"{\"results\":{\"version\":4}}", "'results.version' is 4; expected: 2 or 3, as in results files of promptfoo"},
        {"{\"results\":{\"version\":\"3\"}}",
         "'results.version' is not a number; expected: 2 or 3, as in results files of promptfoo"},
        {"{\"results\":{\"version\":3}}", "'results.prompts' is not a list; expected: the prompts that were evaluated"},
        {"{\"results\":{\"version\":3,\"prompts\":[1]}}", "'results.prompts[0]' is not an object"},
        {"{\"results\":{\"version\":3,\"prompts\":[]}}",
         "'results.results' is not a list; expected: what was answered to each test"},
        {"{\"results\":{\"version\":3,\"prompts\":[{}],\"results\":[{\"promptIdx\":0,\"testIdx\":1},{\"promptIdx\":1}]}}",
         "'results.results[1].promptIdx' is not the number of a prompt; expected: 0 to 0"},
        {"{\"results\":{\"version\":3,\"prompts\":[{}],\"results\":[{\"promptIdx\":0,\"testIdx\":-1}]}}",
         "'results.results[0].testIdx' is not a whole number from 0"},
        {"{\"results\":{\"version\":3,\"prompts\":[{}],\"results\":[7]}}",
         "'results.results[0].promptIdx' is not the number of a prompt; expected: 0 to 0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct promptfoo_doc doc;
        struct err err = {0};
        assert_int_equal(read_text(&doc, bytes_of(cases[i][0]), &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i][1]);
        promptfoo_doc_done(&doc);
    }
}

/* The outcome of a row is by its reason, not by the words of its error; what contradicts itself proves nothing. */
static void a_row_that_contradicts_itself_is_unclear(void **state) {
    static const struct {
        const char *row;
        enum promptfoo_outcome outcome;
    } cases[] = {
        {"{\"success\":true,\"failureReason\":0,\"gradingResult\":{\"pass\":true}}", PROMPTFOO_PASSED},
        {"{\"success\":true}", PROMPTFOO_PASSED},
        {"{\"success\":false,\"failureReason\":1,\"error\":\"Expected output to contain x\"}", PROMPTFOO_FAILED},
        {"{\"success\":false,\"failureReason\":2,\"error\":\"429\"}", PROMPTFOO_ERRED},
        {"{\"success\":true,\"failureReason\":2}", PROMPTFOO_ERRED},
        {"{\"success\":true,\"failureReason\":1}", PROMPTFOO_UNCLEAR},
        {"{\"success\":true,\"failureReason\":0,\"gradingResult\":{\"pass\":false}}", PROMPTFOO_UNCLEAR},
        {"{\"success\":false,\"failureReason\":0}", PROMPTFOO_UNCLEAR},
        {"{\"success\":false}", PROMPTFOO_UNCLEAR},
        {"{\"success\":\"true\",\"failureReason\":0}", PROMPTFOO_UNCLEAR},
        {"{\"success\":false,\"failureReason\":3}", PROMPTFOO_UNCLEAR},
        {"{}", PROMPTFOO_UNCLEAR},
        {"7", PROMPTFOO_UNCLEAR},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf mp;
        buf_init(&mp, 1 << 16);
        assert_int_equal(json_to_mp(bytes_of(cases[i].row), &mp, NULL), 0);
        assert_int_equal(promptfoo_outcome(bytes_of_buf(&mp)), cases[i].outcome);
        buf_done(&mp);
    }
}

static void names_of_files_programs_and_addresses_are_no_models(void **state) {
    static const char *const cases[][2] = {{"\"openai:gpt-4o-mini\"", "openai:gpt-4o-mini"},
                                           {"\"ollama:chat:llama3.2:1b\"", "ollama:chat:llama3.2:1b"},
                                           {"\"file:///home/me/p.py\"", ""},
                                           {"\"https://api.example/v1?key=1\"", ""},
                                           {"\"python:provider.py\"", ""},
                                           {"\"exec: ./run.sh\"", ""},
                                           {"\"/home/me/p.js\"", ""},
                                           {"\"./p.js\"", ""},
                                           {"\"two words\"", ""},
                                           {"7", ""}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf mp;
        buf_init(&mp, 1 << 16);
        assert_int_equal(json_to_mp(bytes_of(cases[i][0]), &mp, NULL), 0);
        assert_true(bytes_is(item_word(bytes_of_buf(&mp)), cases[i][1]));
        buf_done(&mp);
    }
}

static void the_recorded_file_has_two_evaluations_of_three_rows(void **state) {
    struct promptfoo_doc doc;
    struct promptfoo_sums sums;
    struct buf text = {.max = 1 << 20};
    struct err err = {0};
    (void)state;
    assert_int_equal(file_read(FIXTURE, &text, &err), 0);
    assert_int_equal(read_text(&doc, bytes_of_buf(&text), &err), 0);
    assert_int_equal(doc.n_prompts, 2);
    assert_int_equal(doc.at, UINT64_C(1795218218021000000));
    for (size_t i = 0; i < 2; i++) {
        promptfoo_sum(&doc, i, &sums);
        assert_int_equal(sums.rows, 3);
        assert_int_equal(sums.passed, 2);
        assert_true(bytes_is(sums.model, "echo"));
        assert_true(sums.cached_known && !sums.cached && sums.counted && sums.scored);
        assert_int_equal(sums.said_rows, 3);
        assert_int_equal(sums.said_passed, 2);
    }
    promptfoo_doc_done(&doc);
    buf_done(&text);
}

static void a_table_of_version_2_gives_the_same_rows(void **state) {
    static const enum promptfoo_outcome outcomes[] = {PROMPTFOO_PASSED, PROMPTFOO_FAILED, PROMPTFOO_ERRED,
                                                      PROMPTFOO_PASSED};
    struct promptfoo_doc doc;
    struct promptfoo_sums sums;
    struct buf text = {.max = 1 << 20}, body = {.max = 1 << 20};
    struct err err = {0};
    (void)state;
    assert_int_equal(file_read("tests/ingest/fixtures/promptfoo/table.json", &text, &err), 0);
    assert_int_equal(read_text(&doc, bytes_of_buf(&text), &err), 0);
    assert_int_equal(doc.n_prompts, 2);
    assert_int_equal(doc.n_rows, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(promptfoo_outcome(doc.rows[i].raw), outcomes[i]);
        promptfoo_sum(&doc, doc.rows[i].prompt, &sums);
        buf_clear(&body);
        assert_int_equal(promptfoo_put_sample(&doc, &sums, &doc.rows[i], &body, NULL), 0);
        assert_int_equal(mp_check(bytes_of_buf(&body), NULL), 0);
    }
    promptfoo_sum(&doc, 0, &sums);
    assert_int_equal(sums.rows, 2);
    assert_int_equal(sums.passed, 1);
    assert_true(bytes_is(sums.model, "openai:gpt-4o-mini"));
    assert_true(sums.cached && sums.counted && sums.said_rows == 2);
    promptfoo_sum(&doc, 1, &sums);
    assert_true(!sums.cached && !sums.cached_known);
    promptfoo_doc_done(&doc);
    buf_done(&text);
    buf_done(&body);
}

/* Cut anywhere, or with any bit flipped, it is refused in words or read as something that can be written. */
static void no_damage_is_worse_than_a_refusal(void **state) {
    struct buf text = {.max = 1 << 20}, body = {.max = 1 << 20};
    struct err err = {0};
    (void)state;
    assert_int_equal(file_read(FIXTURE, &text, &err), 0);
    for (size_t i = 0; i < text.n; i += 41) {
        for (int how = 0; how < 2; how++) {
            struct bytes damaged = {text.p, how == 0 ? i : text.n};
            struct promptfoo_doc doc;
            struct err why = {0};
            text.p[i] ^= how == 0 ? 0 : (uint8_t)(1U << i / 41 % 8);
            int rc = read_text(&doc, damaged, &why);
            text.p[i] ^= how == 0 ? 0 : (uint8_t)(1U << i / 41 % 8);
            assert_true(rc == 0 || (rc == ERR_INVALID && why.msg[0] != '\0'));
            assert_true(how == 1 || rc != 0);
            for (size_t k = 0; rc == 0 && k < doc.n_rows; k++) {
                struct promptfoo_sums sums;
                promptfoo_sum(&doc, doc.rows[k].prompt, &sums);
                buf_clear(&body);
                assert_int_equal(promptfoo_put_sample(&doc, &sums, &doc.rows[k], &body, NULL), 0);
                assert_int_equal(mp_check(bytes_of_buf(&body), NULL), 0);
            }
            promptfoo_doc_done(&doc);
        }
    }
    buf_done(&text);
    buf_done(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_file_is_refused_in_its_own_words),
        cmocka_unit_test(a_row_that_contradicts_itself_is_unclear),
        cmocka_unit_test(names_of_files_programs_and_addresses_are_no_models),
        cmocka_unit_test(the_recorded_file_has_two_evaluations_of_three_rows),
        cmocka_unit_test(a_table_of_version_2_gives_the_same_rows),
        cmocka_unit_test(no_damage_is_worse_than_a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
