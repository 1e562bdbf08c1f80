/* Rows of llama-bench: what is refused and with which message, which names and words are open, and that no layout of the same
 * rows is recorded twice. */
#include "ingest/llamabench/llamabench.h"

#include "ingest/input/pyjson.h"
#include "tests/ingest/ledger_box.h"

#define FIXTURES "tests/ingest/fixtures/llamabench/"

static int read_row(const char *json, struct buf *mp, struct llamabench_row *row, struct err *err) {
    struct buf scratch = {.max = 1 << 20};
    buf_init(mp, 1 << 20);
    int rc = pyjson_to_mp(bytes_of(json), LLAMABENCH_ROOM, &scratch, mp, err);
    if (rc == 0) rc = llamabench_row_read(bytes_of_buf(mp), row, err);
    buf_done(&scratch);
    return rc;
}

static void each_wrong_row_is_refused_in_its_own_words(void **state) {
    static const char not_ours[] =
        "'model_filename' is missing; expected: a row of llama-bench, as with -o json or -o jsonl";
    static const char *const cases[][2] = {
        {"7", not_ours},
        {"{}", not_ours},
        {"{\"model_filename\":7}", not_ours},
        {"{\"model_filename\":\"m\"}", "'n_prompt' is missing; expected: a whole number from 0"},
        {"{\"model_filename\":\"m\",\"n_prompt\":-1}", "'n_prompt' is not one; expected: a whole number from 0"},
        {"{\"model_filename\":\"m\",\"n_prompt\":\"512\"}", "'n_prompt' is not one; expected: a whole number from 0"},
        {"{\"model_filename\":\"m\",\"n_prompt\":512}", "'n_gen' is missing; expected: a whole number from 0"},
        {"{\"model_filename\":\"m\",\"n_prompt\":512,\"n_gen\":0,\"model_size\":0.5}",
         "'model_size' is not one; expected: a whole number from 0"},
        {"{\"model_filename\":\"m\",\"n_prompt\":512,\"n_gen\":0}",
         "'avg_ts' is missing; expected: tokens per second, a number from 0"},
        {"{\"model_filename\":\"m\",\"n_prompt\":512,\"n_gen\":0,\"avg_ts\":NaN}",
         "'avg_ts' is not one; expected: tokens per second, a number from 0"},
        {"{\"model_filename\":\"m\",\"n_prompt\":512,\"n_gen\":0,\"avg_ts\":-3}",
         "'avg_ts' is not one; expected: tokens per second, a number from 0"},
        {"{\"model_filename\":\"m\",\"n_prompt\":0,\"n_gen\":0,\"avg_ts\":1}",
         "'n_prompt' and 'n_gen' are both 0; expected: tokens that were read or written"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct llamabench_row row;
        struct buf mp;
        struct err err = {0};
        assert_int_equal(read_row(cases[i][0], &mp, &row, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i][1]);
        buf_done(&mp);
    }
}

static void a_model_is_named_by_its_file_without_its_path(void **state) {
    static const char *const cases[][3] = {
        {"m.gguf", "m", ""},
        {"/home/me/models/Qwen2.5-7B-Q4_K_M.gguf", "Qwen2.5-7B-Q4_K_M", ""},
        {"C:\\\\w\\\\big-00001-of-00003.gguf", "big", ""},
        {"big-0001-of-00003.gguf", "big-0001-of-00003", ""},
        {"my model.gguf", "", ""},
        {".hidden", "", ""},
        {"/", "", ""},
        {"b/sha256-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "",
         "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct llamabench_row row;
        struct buf mp;
        struct err err = {0};
        char json[256];
        snprintf(json, sizeof(json), "{\"model_filename\":\"%s\",\"n_prompt\":1,\"n_gen\":0,\"avg_ts\":1}", cases[i][0]);
        assert_int_equal(read_row(json, &mp, &row, &err), 0);
        assert_string_equal(row.model, cases[i][1]);
        assert_string_equal(row.digest, cases[i][2]);
        buf_done(&mp);
    }
}

static int run(struct box *b, const char *path) {
    const char *const paths[] = {path};
    return box_run(b, "llama-bench", (struct ingest_options){.paths = paths, .n_paths = 1});
}

static void want(const char *text, const char *part, bool there) {
    if ((strstr(text, part) != NULL) != there) {
        fail_msg("%s '%s': %s", there ? "lacks" : "has", part, text);
    }
}

static void the_same_rows_in_another_layout_are_recorded_once(void **state) {
    struct box b;
    char text[8192];
    (void)state;
    box_init(&b);
    uint64_t first = box_size(&b);
    assert_int_equal(run(&b, FIXTURES "cuda.json"), 0);
    assert_int_equal(b.result.total.accepted, 2);
    assert_int_equal(run(&b, FIXTURES "cuda.jsonl"), 0);
    assert_int_equal(b.result.total.accepted, 0);
    assert_int_equal(b.result.total.duplicate, 2);
    box_event(&b, first + 1, text, sizeof(text));
    static const char *const open[] = {"eval.benchmarked model/Tiny-1B-Instruct-Q4_K_M ",
                                       " reported {",
                                       "\"quantization\":\"Q4_K_M\"",
                                       "\"backend\":\"cuda\"",
                                       "\"build\":\"3f1c9a02 (6120)\"",
                                       "\"depth\":4096",
                                       "\"tokens_out\":128",
                                       "\"runs\":2",
                                       "\"tokens_per_second\":118.5",
                                       "\"n_gpu_layers\":99",
                                       "\"at\":1772352001000000000"};
    char *private_ = strstr(text, " {\"file\"");
    assert_non_null(private_);
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        want(text, open[i], true);
    }
    want(private_, "/home/me/models/", true);
    want(private_, "Example CPU", true);
    want(private_, "\"brand_new\":\"a b/c\"", true);
    *private_ = '\0';
    want(text, "/home", false);
    want(text, "Example", false);
    box_done(&b);
}

static void older_versions_name_their_backend_by_flags(void **state) {
    struct box b;
    char text[8192];
    (void)state;
    box_init(&b);
    uint64_t first = box_size(&b);
    assert_int_equal(run(&b, FIXTURES "old.jsonl"), 0);
    assert_int_equal(b.result.total.accepted, 2);
    box_event(&b, first, text, sizeof(text));
    want(text, "model/sha256:abab", true);
    want(text, "\"backend\":\"blas,cuda,gpu_blas\"", true);
    want(text, "\"quantization\":\"Q4_0\"", true);
    box_event(&b, first + 1, text, sizeof(text));
    want(text, "eval.benchmarked model/hash-", true);
    want(text, "\"backend\":\"cpu\"", true);
    want(text, "\"quantization\":\"F32\"", true);
    want(text, "\"at_text\":\"yesterday\"", true);
    box_done(&b);
}

static void a_run_that_was_stopped_keeps_its_rows(void **state) {
    struct buf whole = {.max = 1 << 20};
    struct box b;
    (void)state;
    box_init(&b);
    assert_int_equal(file_read(FIXTURES "cuda.json", &whole, NULL), 0);
    for (size_t n = 0; n < whole.n; n += 97) {
        char *part = strndup((const char *)whole.p, n);
        box_write(b.file, part, O_TRUNC);
        assert_int_equal(run(&b, b.file), 0);
        assert_true(b.result.total.rejected > 0);
        free(part);
    }
    assert_int_equal(box_count(&b, "eval.benchmarked"), 1);
    want(b.rejections, "the last row is cut off", true);
    want(b.rejections, "the array around the records is not closed: the input is cut off", true);
    box_write(b.file, "\n", O_TRUNC);
    assert_int_equal(run(&b, b.file), 0);
    assert_string_equal(b.rejections, "0: the file has no row; expected: the output of llama-bench -o json or -o jsonl\n");
    buf_done(&whole);
    box_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_row_is_refused_in_its_own_words),
        cmocka_unit_test(a_model_is_named_by_its_file_without_its_path),
        cmocka_unit_test(the_same_rows_in_another_layout_are_recorded_once),
        cmocka_unit_test(older_versions_name_their_backend_by_flags),
        cmocka_unit_test(a_run_that_was_stopped_keeps_its_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
