/* Evaluations of the lm-evaluation-harness into a real ledger: which events they become, once, and what is partial. */
#include <zlib.h>

#include "ingest/lmeval/lmeval.h"
#include "tests/ingest/lmeval_box.h"

/* "eval/<id>" of the fixture: its results' own identity, hashed with this ledger's secret. */
static const char *subject(struct box *b, char ret[64]) {
    static const char says_of_itself[] = "fcf58e3103a3982aea430c03c854a646";
    uint8_t secret[KEY_SECRET_LEN];
    char id[LMEVAL_KEY_LEN];
    assert_int_equal(key_secret_get(b->ledger, false, secret, NULL), 0);
    lmeval_key(id, secret, "", (struct bytes[]){bytes_of(says_of_itself)}, 1);
    snprintf(ret, 64, "eval/%.32s", id);
    return ret;
}

/* ---- the resulting events ----------------------------------------------------------------------------------------- */

static void an_evaluation_becomes_its_tasks_samples_scores_and_a_receipt(void **state) {
    struct box *b = *state;
    assert_int_equal(take(b, FIXTURES "whole"), 0);
    assert_string_equal(b->rejections, "");
    assert_int_equal(b->result.total.accepted, 19);
    assert_int_equal(b->result.receipts, 1);
    assert_int_equal(box_count(b, "eval.task_declared"), 2);
    assert_int_equal(box_count(b, "eval.sampled"), 6);
    assert_int_equal(box_count(b, "eval.sample_failed"), 5);
    assert_int_equal(box_count(b, "eval.scored"), 5);
    char name[64];
    const char *scored = nth(b, "eval.scored", 1);
    says(scored, subject(b, name));
    assert_string_equal(
        scored + strlen("eval.scored ") + strlen(name),
        " service:lm-eval lm-eval reported "
        "{\"at\":1772360430250000000,\"definition_digest\":"
        "\"sha256:d2758046d2639ed8ecc3fdb9a46e6aa67621049cbf6f096ba2576a1092af0c02\",\"filter\":\"none\",\"grouped\":false,"
        "\"higher_is_better\":true,\"metric\":\"acc\",\"model\":\"acme/tiny-1b\",\"partial\":false,\"revision\":"
        "\"0123456789abcdef0123456789abcdef01234567\",\"samples\":3,\"samples_total\":3,\"shots\":0,\"stderr\":"
        "0.33333333333333337,\"task\":\"tiny_choice\",\"task_digest\":"
        "\"sha256:04c8993e45e3a45fd48ecbfb0a158be9f13917a26609bf7adb6f721002b86792\",\"task_version\":\"1.0\",\"value\":"
        "0.6666666666666666,\"value_sampled\":0.6666666666666666} {\"other\":{\"alias\":\" - tiny_choice\"}}");
    const char *text = nth(b, "eval.imported", 0);
    says(text, "\"duration_s\":12.25,");
    says(text, "\"file_digest\":\"sha256:53ab7c9c81b6183af7fd23bd42b3629be9b791c15bfb5248713d4c94f4fc04b7\"");
    says(text, "\"partial\":false,");
    says(text, "\"samples\":7,\"samples_total\":7,\"seeds\":{\"fewshot\":42,\"numpy\":1234,\"random\":0,\"torch\":1234}");
    says(text, "\"tasks\":[\"tiny_choice\",\"tiny_math\"]} {\"config\":{");
    says(text, "\"start_time\":51234.5"); /* private, unchanged */
    says(nth(b, "ledger.imported", 0), "\"accepted\":19,\"bytes\":10619,");
}

static void samples_keep_their_digests_open_and_their_texts_private(void **state) {
    struct box *b = *state;
    assert_int_equal(take(b, FIXTURES "whole"), 0);
    const char *text = that(b, "eval.sample_failed", "\"filter\":\"flexible-extract\"");
    char *private_ = strstr(text, "} {\"");
    assert_non_null(private_);
    says(text, "\"doc_digest\":\"sha256:");
    says(text, "\"prompt_digest\":\"sha256:");
    says(text, "\"target_digest\":\"sha256:e7f6c011776e8db7cd330b54174fd76f7d0216b612387a5ffcfb81e6f0919683\"");
    says(text, "\"scores\":{\"exact_match\":0.0}");
    says(private_, "\"output\":[[\"seven\"]]");
    says(private_, "\"target\":\"6\"");
    says(private_, "Q: three and three");
    *private_ = '\0';
    assert_null(strstr(text, "seven"));
    assert_null(strstr(text, "three"));
}

static void a_groups_score_is_told_once_and_as_such(void **state) {
    struct box *b = *state;
    assert_int_equal(take(b, FIXTURES "whole"), 0);
    const char *text = that(b, "eval.scored", "\"grouped\":true");
    says(text, "\"task\":\"tiny_all\",\"task_version\":\"2.0\",\"value\":0.6666666666666666}");
    says(text, "\"samples\":3,\"stderr\":null,"); /* "N/A": it could not be computed */
    size_t groups = 0;
    for (size_t i = 0; i < 5; i++) {
        groups += strstr(nth(b, "eval.scored", i), "tiny_all") != NULL;
    }
    assert_int_equal(groups, 1);
}

static void a_score_follows_from_the_import_that_it_belongs_to(void **state) {
    struct box *b = *state;
    struct log_reader *reader = NULL;
    struct log_event e;
    uint64_t imported = 0;
    assert_int_equal(take(b, FIXTURES "whole"), 0);
    assert_int_equal(log_reader_open(b->ledger, 0, LOG_NO_SEQ, &reader, NULL), 0);
    while (log_reader_next(reader, &e, NULL) == 0) {
        imported = bytes_is(e.kind, "eval.imported") ? e.seq : imported;
        if (bytes_is(e.kind, "eval.scored")) {
            assert_true(e.has_cause && e.cause == imported && imported != 0);
        }
    }
    log_reader_close(reader);
}

static void numbers_as_text_nan_and_odd_values_find_their_places(void **state) {
    struct box *b = *state;
    assert_int_equal(take(b, FIXTURES "odd"), 0);
    assert_string_equal(b->rejections, "");
    const char *text = that(b, "eval.scored", "\"metric\":\"acc\"");
    says(text, "\"stderr\":0.125,");
    says(text, "\"value\":0.5}");
    says(text, "\"shots\":5,");
    says(text, "\"samples\":2,\"samples_total\":100,");
    says(text, "\"higher_is_better\":true,");
    says(that(b, "eval.scored", "\"metric\":\"f1\""), "\"label\":\"NaN\",");
    says(event_text, "\"stderr\":null,");
    says(event_text, "\"value\":null}");
    assert_null(strstr(event_text, "higher_is_better"));
    says(that(b, "eval.scored", "\"metric\":\"mae\""), "\"label\":\"Infinity\",");
    says(that(b, "eval.scored", "\"metric\":\"table\""), "\"other\":{\"alias\":\"odd\",\"table,none\":[[1,2],[3,4]]}");
    says(that(b, "eval.scored", "\"metric\":\"verdict\""), "\"label\":\"good\",");
    assert_null(strstr(event_text, "stderr"));
    text = nth(b, "eval.imported", 0);
    says(text, "{\"at_text\":\"51234.5\",\"cached\":true,\"code_revision\":\"v0.4.9-3-g0a1b2c3-dirty\",\"dirty\":true,");
    says(text, "\"endpoint\":\"http://127.0.0.1:8080/v1/completions\",");
    says(text, "\"limit\":2.0,\"model\":\"acme/tiny-1b\",\"parameters\":1000448,\"partial\":true,");
    says(
        text,
        "\"partial_reasons\":[\"limit\",\"effective_samples\"],\"revision\":\"89abcdef0123456789abcdef0123456789abcdef\",");
    says(text, "\"seeds\":{\"fewshot\":42,\"numpy\":1234,\"torch\":7},");
    says(text, "\"template_digest\":\"sha256:");
    says(text, "\"max_length\":\"1180591620717411303424\"");
    says(text, "\"a_new_field\":{\"of\":\"tomorrow\"}");
    char *private_ = strstr(event_text, "} {\"");
    *private_ = '\0';
    assert_null(strstr(event_text, "/srv/"));
    assert_null(strstr(event_text, "user:pw"));
    assert_null(strstr(nth(b, "eval.task_declared", 0), "\"dataset\"")); /* a path is not one */
}

static void old_files_without_filters_and_dates_are_read(void **state) {
    struct box *b = *state;
    assert_int_equal(take(b, FIXTURES "old"), 0);
    assert_int_equal(b->result.total.accepted, 4);
    says(that(b, "eval.scored", "\"metric\":\"ppl\""), "{\"grouped\":false,\"metric\":\"ppl\",\"model\":\"acme/tiny-1b\",");
    says(event_text, "\"shots\":8,\"stderr\":0.5,\"task\":\"lambada\",\"task_version\":\"0\",\"value\":5.5}");
    says(nth(b, "eval.imported", 0), "{\"cached\":false,");
    says(event_text, "\"runtime\":\"hf-causal\"");
    assert_null(strstr(event_text, "\"at\""));
}

static void samples_inside_a_results_file_are_taken_too(void **state) {
    struct box *b = *state;
    assert_int_equal(take(b, FIXTURES "inner"), 0);
    assert_int_equal(box_count(b, "eval.sampled"), 2);
    assert_int_equal(box_count(b, "eval.sample_failed"), 1);
    says(nth(b, "eval.imported", 0), "\"partial\":false,");
    assert_null(strstr(event_text, "Which is a fruit?")); /* not a second time */
}

static void samples_without_results_are_an_evaluation_that_proves_nothing(void **state) {
    struct box *b = *state;
    assert_int_equal(take(b, FIXTURES "orphans"), 0);
    assert_int_equal(b->result.total.accepted, 4);
    says(nth(b, "eval.imported", 0),
         "{\"at_text\":\"2026-03-04T08-00-00.000001\",\"harness\":\"lm_eval\",\"partial\":true,\"partial_reasons\":["
         "\"results_missing\"],\"samples\":3,\"tasks\":[\"tiny_plain\"]}");
    says(nth(b, "eval.sample_failed", 1), "\"sample\":\"2\",\"scores\":{\"acc\":0},\"task\":\"tiny_plain\"}");
    assert_int_equal(take(b, FIXTURES "orphans"), 0);
    assert_int_equal(b->result.total.accepted, 0);
}

/* ---- once --------------------------------------------------------------------------------------------------------- */

static void the_same_evaluation_again_from_anywhere_writes_nothing(void **state) {
    struct box *b = *state;
    assert_int_equal(take(b, FIXTURES "whole"), 0);
    uint64_t size = box_size(b);
    assert_int_equal(take(b, FIXTURES "whole"), 0);
    assert_int_equal(b->result.total.accepted, 0);
    assert_int_equal(b->result.total.duplicate, 19);
    assert_int_equal(take(b, MODEL "samples_tiny_math_" DATE ".jsonl"), 0); /* one file represents all of its date */
    assert_int_equal(b->result.total.duplicate, 19);
    copy_whole(b);
    assert_int_equal(take(b, b->dir), 0);
    assert_int_equal(b->result.total.duplicate, 19);
    assert_int_equal(b->result.total.accepted, 0);
    assert_int_equal(box_size(b), size);
}

static void compressed_files_are_the_same_evaluation(void **state) {
    struct box *b = *state;
    static const char *const names[] = {"results_" DATE ".json", "samples_tiny_math_" DATE ".jsonl",
                                        "samples_tiny_choice_" DATE ".jsonl"};
    assert_int_equal(take(b, FIXTURES "whole"), 0);
    for (size_t i = 0; i < 3; i++) {
        char path[FILE_PATH_MAX];
        struct buf text;
        buf_init(&text, 1 << 20);
        snprintf(path, sizeof(path), MODEL "%s", names[i]);
        assert_int_equal(file_read(path, &text, NULL), 0);
        snprintf(path, sizeof(path), "%s/%s.gz", b->dir, names[i]);
        gzFile gz = gzopen(path, "wb");
        assert_non_null(gz);
        assert_int_equal(gzwrite(gz, text.p, (unsigned)text.n), (int)text.n);
        assert_int_equal(gzclose(gz), Z_OK);
        buf_done(&text);
    }
    assert_int_equal(take(b, b->dir), 0);
    assert_int_equal(b->result.total.accepted, 0);
    assert_int_equal(b->result.total.duplicate, 19);
}

static void a_score_that_was_edited_afterwards_is_another_event(void **state) {
    struct box *b = *state;
    copy_whole(b);
    assert_int_equal(take(b, b->dir), 0);
    copy(b, MODEL "results_" DATE ".json", "results_" DATE ".json", "\"exact_match,strict-match\": 0.25",
         "\"exact_match,strict-match\": 0.95");
    assert_int_equal(take(b, b->dir), 0);
    assert_int_equal(b->result.total.accepted, 2); /* that score, and that the file was ingested as it is now */
    assert_int_equal(b->result.total.duplicate, 17);
    char name[64];
    says(that(b, "eval.scored", "\"value\":0.95"), subject(b, name));
}

static void a_dry_run_shows_everything_and_writes_nothing(void **state) {
    struct box *b = *state;
    const char *paths[] = {FIXTURES "whole"};
    assert_int_equal(box_run(b, "lm-eval", (struct ingest_options){.paths = paths, .n_paths = 1, .dry_run = true}), 0);
    assert_int_equal(b->previews, 19);
    assert_int_equal(box_size(b), 1);
}

/* ---- partial ------------------------------------------------------------------------------------------------------ */

static void a_missing_samples_file_makes_its_task_partial_until_it_is_there(void **state) {
    struct box *b = *state;
    char gone[FILE_PATH_MAX];
    copy_whole(b);
    snprintf(gone, sizeof(gone), "%s/samples_tiny_math_" DATE ".jsonl", b->dir);
    assert_int_equal(unlink(gone), 0);
    assert_int_equal(take(b, b->dir), 0);
    says(nth(b, "eval.imported", 0), "\"partial\":true,\"partial_reasons\":[\"samples_missing\"]");
    says(that(b, "eval.scored", "\"task\":\"tiny_math\""), "\"partial\":true,\"partial_reasons\":[\"samples_missing\"]");
    says(that(b, "eval.scored", "\"task\":\"tiny_choice\""), "\"partial\":false");
    says(that(b, "eval.scored", "\"task\":\"tiny_all\""), "\"partial\":true");
    copy(b, MODEL "samples_tiny_math_" DATE ".jsonl", "samples_tiny_math_" DATE ".jsonl", NULL, NULL);
    assert_int_equal(take(b, b->dir), 0);
    says(nth(b, "eval.imported", 1), "\"partial\":false");
    assert_int_equal(b->result.total.accepted, 8 + 1 + 3); /* samples, the import, two scores and the group's */
}

static void fewer_samples_than_planned_make_it_partial(void **state) {
    struct box *b = *state;
    struct buf text;
    copy_whole(b);
    buf_init(&text, 1 << 20);
    assert_int_equal(file_read(MODEL "samples_tiny_choice_" DATE ".jsonl", &text, NULL), 0);
    const uint8_t *lf = memchr(text.p, '\n', text.n);
    buf_put_u8(&text, 0);
    put_file(b, "samples_tiny_choice_" DATE ".jsonl", (const char *)lf + 1);
    buf_done(&text);
    assert_int_equal(take(b, b->dir), 0);
    says(nth(b, "eval.imported", 0), "\"partial\":true,\"partial_reasons\":[\"samples_fewer\"]");
    says(that(b, "eval.scored", "\"task\":\"tiny_choice\""), "\"partial_reasons\":[\"samples_fewer\"]");
    says(that(b, "eval.scored", "\"task\":\"tiny_math\""), "\"partial\":false");
}

static void other_samples_than_those_of_the_results_make_it_partial(void **state) {
    struct box *b = *state;
    copy_whole(b);
    copy(b, MODEL "samples_tiny_choice_" DATE ".jsonl", "samples_tiny_choice_" DATE ".jsonl", "\"doc_hash\": \"998508ac",
         "\"doc_hash\": \"00000000");
    assert_int_equal(take(b, b->dir), 0);
    says(nth(b, "eval.imported", 0), "\"partial\":true,\"partial_reasons\":[\"samples_differ\"]");
}

static void a_file_that_says_nothing_of_limits_is_neither_whole_nor_partial(void **state) {
    struct box *b = *state;
    put_file(b, "results_x.json", "{\"versions\":{},\"results\":{\"t\":{\"acc,none\":0.5}}}");
    assert_int_equal(take(b, b->dir), 0);
    says(nth(b, "eval.imported", 0), "\"partial\":null");
    says(nth(b, "eval.scored", 0), "\"partial\":null");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_evaluation_becomes_its_tasks_samples_scores_and_a_receipt, setup, teardown),
        cmocka_unit_test_setup_teardown(samples_keep_their_digests_open_and_their_texts_private, setup, teardown),
        cmocka_unit_test_setup_teardown(a_groups_score_is_told_once_and_as_such, setup, teardown),
        cmocka_unit_test_setup_teardown(a_score_follows_from_the_import_that_it_belongs_to, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_as_text_nan_and_odd_values_find_their_places, setup, teardown),
        cmocka_unit_test_setup_teardown(old_files_without_filters_and_dates_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(samples_inside_a_results_file_are_taken_too, setup, teardown),
        cmocka_unit_test_setup_teardown(samples_without_results_are_an_evaluation_that_proves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_evaluation_again_from_anywhere_writes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(compressed_files_are_the_same_evaluation, setup, teardown),
        cmocka_unit_test_setup_teardown(a_score_that_was_edited_afterwards_is_another_event, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dry_run_shows_everything_and_writes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_samples_file_makes_its_task_partial_until_it_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(fewer_samples_than_planned_make_it_partial, setup, teardown),
        cmocka_unit_test_setup_teardown(other_samples_than_those_of_the_results_make_it_partial, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_says_nothing_of_limits_is_neither_whole_nor_partial, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
