/* Suites: what is read, and what each is known by. */
#include "tests/evals/suite_box.h"

#include <math.h>
#include <sys/stat.h>

#include "packs/manifest/schema.h"

#define HEAD "schema: ledger-suite/v0\nname: n\n"
#define ONE  "cases: [{id: a, text: q, expect: [{check: equals, text: x}]}]\n"

static const char *const every =
    "schema: ledger-suite/v0\nname: n\nversion: 1.10\ndescription: |\n  two\n  lines\n"
    "settings: {top_p: 1.0, temperature: 0.5, stop: [b, a]}\nmax_tokens: 5\nprices: {prompt: 1, completion: 2.5}\n"
    "fresh_for: 1.5s\njudge: {protocol: openai, url: 'http://h/v1', model: m, key_file: k}\n"
    "defaults: {tags: [z], weight: 2, repeats: 30, timeout: 2s, seed: 7, system: S}\n"
    "thresholds:\n  - {metric: cost, at_most: 3}\n"
    "  - {metric: regression_lower, at_least: -0.7, baseline: b, confidence: 0.9}\n"
    "  - {metric: pass_rate_lower, at_least: 0.25}\n"
    "cases:\n"
    "  - {id: one, tags: [b, a, z], text: 4, probe: true, expect: [{check: judge, text: r, scale: {lowest: 1, highest: 5}, "
    "at_least: 4, not: true, output: o}]}\n"
    "  - {id: two, weight: 0.5, repeats: 1, timeout: 0.0001s, seed: -1, messages: [{role: user, text: ''}], "
    "files: [{path: d/f.txt}], arguments: [a=b], expect: [{check: json, value: {b: 1.0, a: [null, true]}}, "
    "{check: number, number: 2, tolerance: 0.5, relative: 0.1, pointer: ''}]}\n";

static void box_with_file(struct suite_box *box) {
    suite_box_init(box);
    assert_int_equal(mkdir(suite_box_path(box, "d"), 0700), 0);
    suite_box_put(box, "d/f.txt", bytes_of("content"));
}

static void the_head_is_read_as_it_is_meant(void **state) {
    struct suite_box box;
    (void)state;
    box_with_file(&box);
    struct suite *s = suite_box_good(&box, every);
    assert_true(bytes_is(s->name, "n") && bytes_is(s->version, "1.10") && bytes_is(s->description, "two\nlines\n"));
    assert_true(bytes_is(s->settings, "{\"stop\":[\"b\",\"a\"],\"temperature\":0.5,\"top_p\":1}"));
    assert_int_equal(s->max_tokens, 5);
    assert_true(s->prompt_price == 1 && s->completion_price == 2.5);
    assert_int_equal(s->max_age_s, 2);
    assert_true(bytes_is(s->judge.protocol, "openai") && bytes_is(s->judge.url, "http://h/v1"));
    assert_true(bytes_is(s->judge.model, "m") && bytes_is(s->judge.key_file, "k"));
    assert_string_equal(s->directory, box.dir);
    assert_int_equal(s->thresholds_n, 3);
    assert_int_equal(s->thresholds[0].metric, SUITE_PASS_RATE);
    assert_true(s->thresholds[0].value == 0.25 && s->thresholds[0].confidence == 0.95);
    assert_int_equal(s->thresholds[1].metric, SUITE_COST);
    assert_true(s->thresholds[1].value == 3 && isnan(s->thresholds[1].confidence));
    assert_int_equal(s->thresholds[2].metric, SUITE_REGRESSION);
    assert_true(s->thresholds[2].value == -0.7 && s->thresholds[2].confidence == 0.9);
    assert_true(bytes_is(s->thresholds[2].baseline, "b"));
    suite_free(s);
    suite_box_done(&box);
}

static void cases_are_read_as_they_are_meant(void **state) {
    struct suite_box box;
    (void)state;
    box_with_file(&box);
    struct suite *s = suite_box_good(&box, every);
    assert_int_equal(s->cases_n, 2);
    const struct suite_case *one = &s->cases[0], *two = &s->cases[1];
    assert_true(bytes_is(one->id, "one") && one->weight == 2 && one->probe && one->seeded);
    assert_true(one->repeats == 30 && one->timeout_ms == 2000 && one->seed == 7);
    assert_int_equal(one->tags_n, 3);
    assert_true(bytes_is(one->tags[0], "a") && bytes_is(one->tags[1], "b") && bytes_is(one->tags[2], "z"));
    assert_true(bytes_is(one->text, "4") && bytes_is(one->system, "S"));
    assert_int_equal(one->checks_n, 1);
    const struct suite_check *judge = &one->checks[0];
    assert_true(judge->type == SUITE_JUDGE && judge->not &&bytes_is(judge->output, "o") && bytes_is(judge->text, "r"));
    assert_true(judge->scale[0] == 1 && judge->scale[1] == 5 && judge->at_least == 4 && isnan(judge->at_most));
    assert_true(bytes_is(two->id, "two") && two->weight == 0.5 && two->repeats == 1 && two->seed == -1 && !two->probe);
    assert_int_equal(two->timeout_ms, 1);
    assert_true(two->text.p == NULL && two->system.p == NULL && two->messages_n == 1);
    assert_true(bytes_is(two->messages[0].role, "user") && two->messages[0].text.n == 0);
    assert_int_equal(two->files_n, 1);
    assert_true(bytes_is(two->files[0].name, "f.txt") && bytes_is(two->files[0].path, "d/f.txt"));
    assert_int_equal(two->files[0].size, 7);
    assert_string_equal(suite_box_hex(two->files[0].digest),
                        "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73");
    assert_true(two->arguments_n == 1 && bytes_is(two->arguments[0], "a=b"));
    assert_true(two->checks[0].type == SUITE_JSON && bytes_is(two->checks[0].value, "{\"a\":[null,true],\"b\":1}"));
    assert_true(two->checks[0].pointer.p == NULL && two->checks[1].pointer.p != NULL);
    assert_true(two->checks[1].number == 2 && two->checks[1].tolerance == 0.5 && two->checks[1].relative == 0.1);
    suite_free(s);
    suite_box_done(&box);
}

static void what_is_absent_has_its_default(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    struct suite *s = suite_box_good(&box, HEAD ONE);
    assert_true(s->version.p == NULL && bytes_is(s->settings, "{}") && s->max_tokens == 0 && s->max_age_s == 0);
    assert_true(s->judge.url.n == 0 && s->thresholds_n == 0 && s->prompt_price == 0);
    const struct suite_case *c = &s->cases[0];
    assert_true(c->weight == 1 && c->repeats == 1 && c->timeout_ms == 60000 && !c->seeded && !c->probe && c->tags_n == 0);
    assert_true(c->system.p == NULL && c->files_n == 0 && c->checks_n == 1 && !c->checks[0].not );
    suite_free(s);
    suite_box_done(&box);
}

/* These change only when docs/suites.md says how digests are made in another way, which is another form. */
static void digests_stay_what_they_are(void **state) {
    struct suite_box box;
    (void)state;
    box_with_file(&box);
    struct suite *s = suite_box_good(&box, every);
    assert_string_equal(suite_box_hex(s->digest), "11eb1d422533336d2ba2658139ec1a3c8ef64d5f6d45bf1776055ec0ac96a241");
    assert_string_equal(suite_box_hex(s->data_digest), "1e7287930a18f5341994126883b9e3dae58b476fb163a28e4e2017b53cb218e4");
    assert_string_equal(suite_box_hex(s->cases[1].digest),
                        "f4d513dda2f903696dd3a43cf9a019e9143c9b380e725877a707c21284ee4ecf");
    suite_free(s);
    suite_box_done(&box);
}

static void a_fresh_suite_has_no_fault(void **state) {
    struct suite_box box;
    struct buf text = {.max = 1 << 16};
    struct err err = {0};
    (void)state;
    suite_box_init(&box);
    assert_int_equal(suite_fresh(false, &text, &err), 0);
    buf_put_u8(&text, 0);
    struct suite *s = suite_box_good(&box, (const char *)text.p);
    assert_int_equal(s->cases_n, 4);
    uint8_t digest[HASH_LEN];
    memcpy(digest, s->digest, HASH_LEN);
    suite_free(s);
    buf_clear(&text);
    assert_int_equal(suite_fresh(true, &text, &err), 0);
    assert_int_equal(text.p[0], '{');
    buf_put_u8(&text, 0);
    s = suite_box_good(&box, (const char *)text.p); /* the same suite */
    assert_memory_equal(s->digest, digest, HASH_LEN);
    suite_free(s);
    buf_done(&text);
    suite_box_done(&box);
}

static void every_truncation_is_refused_or_read(void **state) {
    struct suite_box box;
    struct buf text = {.max = 1 << 16};
    struct err err = {0};
    (void)state;
    suite_box_init(&box);
    assert_int_equal(suite_fresh(false, &text, &err), 0);
    for (size_t n = 0; n < text.n; n += 7) {
        struct suite *s = NULL;
        FILE *out = fopen(suite_box_path(&box, "cut.yaml"), "w");
        assert_non_null(out);
        assert_int_equal(fwrite(text.p, 1, n, out), n);
        fclose(out);
        int rc = suite_box_load(&box, "cut.yaml", &s);
        assert_true(rc == 0 ? s != NULL && box.lines.n == 0 : rc == ERR_INVALID && s == NULL && box.lines.n > 0);
        suite_free(s);
    }
    buf_done(&text);
    suite_box_done(&box);
}

/* ---- JSON Lines --------------------------------------------------------------------------------------------------- */

static void cases_may_be_in_a_file_of_json_lines(void **state) {
    struct suite_box box;
    uint8_t digest[HASH_LEN];
    (void)state;
    suite_box_init(&box);
    struct suite *s = suite_box_good(&box, HEAD "defaults: {repeats: 2}\ncases:\n"
                                                "  - {id: a, text: q, expect: [{check: equals, text: x}]}\n"
                                                "  - {id: b, text: r, expect: [{check: equals, text: y}]}\n");
    memcpy(digest, s->digest, HASH_LEN);
    suite_free(s);
    suite_box_put(&box, "c.jsonl",
                  bytes_of("{\"id\": \"a\", \"text\": \"q\", \"expect\": [{\"text\": \"x\", \"check\": \"equals\"}]}\n\r\n"
                           "{\"text\": \"r\", \"id\": \"b\", \"expect\": [{\"check\": \"equals\", \"text\": \"y\"}]}"));
    s = suite_box_good(&box, HEAD "defaults: {repeats: 2}\ncases: c.jsonl\n");
    assert_int_equal(s->cases_n, 2);
    assert_memory_equal(s->digest, digest, HASH_LEN);
    suite_free(s);
    suite_box_done(&box);
}

static void a_fault_in_json_lines_has_its_line_there(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    suite_box_put(&box, "c.jsonl",
                  bytes_of("{\"id\": \"a\", \"text\": \"q\", \"expect\": [{\"check\": \"equal\", \"text\": \"x\"}]}\n"
                           "\n"
                           "{\"id\": \"a\", \"txt\": \"q\"}\n"
                           "{\"id\": \n"
                           "[]\n"));
    suite_box_bad(&box, HEAD "nme: x\ncases: c.jsonl\n",
                  "c.jsonl:1:47: 'check': 'equal' is not one of equals, contains, regex, json, schema, number, "
                  "edit_distance, token_f1, exit, judge, did you mean 'equals'?\n"
                  "c.jsonl:3:8: duplicate case 'a' (first on line 1)\n"
                  "c.jsonl:3:13: 'txt' is not a key of a case, did you mean 'text'?\n"
                  "c.jsonl:4:7: this is not JSON: unexpected token near end of file\n"
                  "c.jsonl:5:1: expected a case, found a list\n"
                  "suite.yaml:3:1: 'nme' is not a key of a suite, did you mean 'name'?\n");
    suite_box_bad(&box, HEAD "cases: d.jsonl\n", "suite.yaml:3:8: 'cases': the file 'd.jsonl' does not exist\n");
    suite_box_bad(&box, HEAD "cases: ../c.jsonl\n",
                  "suite.yaml:3:8: 'cases': the file '../c.jsonl' is not beneath the suite's directory\n");
    suite_box_bad(
        &box, HEAD "cases: 7\n",
        "suite.yaml:3:8: 'cases': expected a list of maps, or the path of a file of JSON Lines, found a number\n");
    suite_box_put(&box, "c.jsonl", bytes_of("\n\n"));
    suite_box_bad(&box, HEAD "cases: c.jsonl\n", "c.jsonl: has no case\n");
    suite_box_done(&box);
}

static void more_than_200000_cases_are_refused(void **state) {
    struct suite_box box;
    (void)state;
    suite_box_init(&box);
    FILE *out = fopen(suite_box_path(&box, "c.jsonl"), "w");
    assert_non_null(out);
    for (int i = 0; i <= SUITE_CASES_MAX; i++) {
        fprintf(out, "{\"id\":\"%d\",\"text\":\"\",\"expect\":[{\"check\":\"exit\",\"number\":0}]}\n", i);
    }
    fclose(out);
    suite_box_bad(&box, HEAD "cases: c.jsonl\n", "c.jsonl:200001:1: more than 200000 cases\n");
    suite_box_done(&box);
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

#define FILES(list) HEAD "cases: [{id: a, files: [" list "], expect: [{check: equals, text: x}]}]\n"

static void files_are_known_by_name_and_content(void **state) {
    struct suite_box box;
    uint8_t digest[HASH_LEN], data[HASH_LEN];
    (void)state;
    box_with_file(&box);
    struct suite *s = suite_box_good(&box, FILES("{path: d/f.txt}"));
    memcpy(digest, s->digest, HASH_LEN);
    memcpy(data, s->data_digest, HASH_LEN);
    suite_free(s);
    suite_box_put(&box, "moved.txt", bytes_of("content"));
    s = suite_box_good(&box, FILES("{path: moved.txt, name: f.txt}"));
    assert_memory_equal(s->digest, digest, HASH_LEN);
    suite_free(s);
    s = suite_box_good(&box, FILES("{path: moved.txt}"));
    assert_memory_not_equal(s->digest, digest, HASH_LEN);
    assert_memory_equal(s->data_digest, data, HASH_LEN);
    suite_free(s);
    suite_box_put(&box, "d/f.txt", bytes_of("contenT"));
    s = suite_box_good(&box, FILES("{path: d/f.txt}"));
    assert_memory_not_equal(s->digest, digest, HASH_LEN);
    assert_memory_not_equal(s->data_digest, data, HASH_LEN);
    suite_free(s);
    suite_box_done(&box);
}

static void files_that_cannot_be_read_are_refused(void **state) {
    struct suite_box box;
    (void)state;
    box_with_file(&box);
    assert_int_equal(symlink("d/f.txt", suite_box_path(&box, "link")), 0);
    assert_int_equal(symlink("d", suite_box_path(&box, "way")), 0);
    suite_box_bad(&box,
                  FILES("{path: d/g.txt}, {path: link}, {path: way/f.txt}, {path: d}, {path: ../x}, {path: /etc/passwd}, "
                        "{path: d/f.txt, name: link}"),
                  "suite.yaml:3:32: the file 'd/g.txt' does not exist\n"
                  "suite.yaml:3:49: the file 'link' is a link, or there is one on the way to it\n"
                  "suite.yaml:3:63: the file 'way/f.txt' is a link, or there is one on the way to it\n"
                  "suite.yaml:3:82: the file 'd' is not a regular file\n"
                  "suite.yaml:3:93: 'path': '../x' has a '.' or '..' segment\n"
                  "suite.yaml:3:107: 'path': '/etc/passwd' is absolute (expected a path from the directory of this file)\n"
                  "suite.yaml:3:121: a second file is called 'link'\n");
    suite_box_done(&box);
}

/* ---- the table ---------------------------------------------------------------------------------------------------- */

static void the_schema_has_every_key_of_the_table(void **state) {
    struct buf json = {.max = 1 << 20}, markdown = {.max = 1 << 20};
    struct err err = {0};
    (void)state;
    assert_int_equal(schema_form_json(&suite_form, &json, &err), 0);
    assert_int_equal(schema_form_markdown(&suite_form, &markdown, &err), 0);
    for (size_t i = 0; i < suite_form.n; i++) {
        for (size_t j = 0; j < suite_form.shapes[i]->n; j++) {
            char key[80];
            snprintf(key, sizeof(key), "\"%s\": {", suite_form.shapes[i]->fields[j].key);
            assert_non_null(memmem(json.p, json.n, key, strlen(key)));
            snprintf(key, sizeof(key), "| `%s` |", suite_form.shapes[i]->fields[j].key);
            assert_non_null(memmem(markdown.p, markdown.n, key, strlen(key)));
        }
    }
    buf_done(&json);
    buf_done(&markdown);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_is_read_as_it_is_meant),
        cmocka_unit_test(cases_are_read_as_they_are_meant),
        cmocka_unit_test(what_is_absent_has_its_default),
        cmocka_unit_test(digests_stay_what_they_are),
        cmocka_unit_test(a_fresh_suite_has_no_fault),
        cmocka_unit_test(every_truncation_is_refused_or_read),
        cmocka_unit_test(cases_may_be_in_a_file_of_json_lines),
        cmocka_unit_test(a_fault_in_json_lines_has_its_line_there),
        cmocka_unit_test(more_than_200000_cases_are_refused),
        cmocka_unit_test(files_are_known_by_name_and_content),
        cmocka_unit_test(files_that_cannot_be_read_are_refused),
        cmocka_unit_test(the_schema_has_every_key_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
