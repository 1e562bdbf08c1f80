/* Malformed evaluations of the lm-evaluation-harness: what is rejected alone, what is bounded, and that no secret is
 * written. */
#include <dirent.h>
#include <sys/stat.h>

#include "tests/base/secret_sample.h"
#include "tests/ingest/lmeval_box.h"

/* ---- bad input ---------------------------------------------------------------------------------------------------- */

static void bad_samples_are_rejected_alone_with_line_and_reason(void **state) {
    struct box *b = *state;
    put_file(b, "samples_t_x.jsonl",
             "{\"doc_id\":0,\"acc\":1.0}\n"
             "not json\n"
             "\n"
             "{\"doc_id\":1,\"acc\":1.0,\"doc\":{\"q\":\"\\ud83e\"}}\n"
             "{\"doc\":1}\n"
             "{\"doc_id\":2,\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}\n"
             "{\"doc_id\":3,\"acc\":NaN}\r\n"
             "{\"doc_id\":4,\"acc\":1.0");
    assert_int_equal(take(b, b->dir), 0);
    assert_int_equal(b->result.total.accepted, 3);
    assert_int_equal(b->result.total.rejected, 5);
    assert_string_equal(b->rejections,
                        "2: not valid JSON: column 3: invalid token near 'not'\n"
                        "4: not valid JSON: column 41: invalid Unicode '\\uD83E' near '\"\\ud83e\"'\n"
                        "5: 'doc_id' is missing; expected: a line of samples, which has one\n"
                        "6: not valid JSON: column 48: nested deeper than 32 levels\n"
                        "8: the last line is cut off: not valid JSON: column 21: '}' expected near end of file\n");
    says(nth(b, "ledger.imported", 0), "\"reason\":\"the last line is cut off\"");
    says(that(b, "eval.sampled", "\"sample\":\"3\""), "\"scores\":{\"acc\":null}");
}

static void a_results_file_that_cannot_be_read_leaves_its_samples(void **state) {
    struct box *b = *state;
    copy_whole(b);
    put_file(b, "results_" DATE ".json", "");
    assert_int_equal(take(b, b->dir), 0);
    assert_string_equal(b->rejections, "0: line 1 column 1: no JSON value\n");
    assert_int_equal(box_count(b, "eval.sampled") + box_count(b, "eval.sample_failed"), 11);
    assert_int_equal(box_count(b, "eval.imported"), 2);
    assert_int_equal(box_count(b, "eval.scored"), 0);
    says(nth(b, "eval.imported", 0), "\"partial_reasons\":[\"results_missing\"]");
}

static void odd_pieces_of_results_are_rejected_or_kept_alone(void **state) {
    struct box *b = *state;
    put_file(
        b, "results_x.json",
        "{\"results\":{\"a\":{\"acc,none\":0.5,\"acc_stderr,none\":\"odd words\",\"lone_stderr,none\":0.25,\",none\":1,"
        "\"word\":\"w\"},\"b\":[1],\"c\":null},\"versions\":7,\"n-samples\":{\"a\":3},\"config\":[],\"n-shot\":{\"z\":1},"
        "\"task_hashes\":{\"a\":\"short\"},\"samples\":{\"a\":7},\"model_name\":[1],\"git_hash\":\"two words\","
        "\"higher_is_better\":{\"a\":{\"acc\":true}},\"total_evaluation_time_seconds\":\"long\"}");
    assert_int_equal(take(b, b->dir), 0);
    assert_string_equal(b->rejections, "0: the samples of a task are not an array\n"
                                       "0: the metrics of task 'b' are not an object; expected: names with their values\n"
                                       "0: the metrics of task 'c' are not an object; expected: names with their values\n");
    assert_int_equal(box_count(b, "eval.scored"), 2);
    says(nth(b, "eval.scored", 0), "\"metric\":\"acc\"");
    says(event_text, "\"stderr\":null");
    says(event_text, "{\"other\":{\",none\":1,\"acc_stderr,none\":\"odd words\",\"word\":\"w\"}}");
    says(nth(b, "eval.scored", 1), "\"metric\":\"lone_stderr\"");
    says(nth(b, "eval.imported", 0), "{\"other\":{\"config\":[],\"git_hash\":\"two "
                                     "words\",\"model_name\":[1],\"n-samples\":{\"a\":3},\"n-shot\":{\"z\":1},"
                                     "\"results\":{\"a\":{");
    says(event_text, "},\"task_hashes\":{\"a\":\"short\"},\"total_evaluation_time_seconds\":\"long\",\"versions\":7}");
    says(event_text, "\"partial_reasons\":[\"samples_missing\"]");
}

static void damaged_files_are_rejected_and_the_others_go_in(void **state) {
    struct box *b = *state;
    copy_whole(b);
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/samples_tiny_math_" DATE ".jsonl", b->dir);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, "\x1f\x8b\x08\0\0\0\0\0\0\3junkjunkjunk", 22), 22);
    close(fd);
    assert_int_equal(take(b, b->dir), 0);
    assert_int_equal(b->result.total.rejected, 1);
    says(b->rejections, "0: gzip data is cut short after 22 bytes");
    says(nth(b, "eval.imported", 0), "\"partial_reasons\":[\"samples_fewer\"]");
    assert_int_equal(box_count(b, "eval.scored"), 5);
    snprintf(path, sizeof(path), "%s/results_2026-03-09T00-00-00.json", b->dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(take(b, path), 0);
    assert_int_equal(b->result.total.rejected, 1);
}

static void a_file_that_is_too_large_is_refused_with_the_bound(void **state) {
    struct box *b = *state;
    struct buf text;
    buf_init(&text, 20 << 20);
    buf_put_str(&text, "{\"results\":{},\"x\":\"");
    memset(buf_room(&text, 13 << 20), 'x', 13 << 20);
    text.n += 13 << 20;
    buf_put(&text, "\"}\0", 3);
    put_file(b, "results_x.json", (const char *)text.p);
    buf_done(&text);
    assert_int_equal(take(b, b->dir), 0);
    assert_string_equal(b->rejections, "0: content is larger than 12582912 bytes\n");
}

static void large_values_are_kept_up_to_a_bound_and_as_digests_beyond(void **state) {
    struct box *b = *state;
    struct buf text;
    buf_init(&text, 20 << 20);
    static const size_t sizes[] = {90000, 130000, 140000, 3000000};
    for (size_t i = 0; i < 4; i++) {
        buf_printf(&text, "{\"doc_id\":%zu,\"acc\":1.0,\"doc\":{\"q\":\"", i);
        memset(buf_room(&text, sizes[i]), 'q', sizes[i]);
        text.n += sizes[i];
        buf_put_str(&text, "\"}}\n");
    }
    buf_put_u8(&text, 0);
    put_file(b, "samples_t_x.jsonl", (const char *)text.p);
    buf_done(&text);
    assert_int_equal(take(b, b->dir), 0);
    assert_string_equal(b->rejections, "");
    assert_true(strlen(that(b, "eval.sampled", "\"sample\":\"0\"")) > 90000);
    assert_true(strlen(that(b, "eval.sampled", "\"sample\":\"1\"")) > 130000);
    says(that(b, "eval.sampled", "\"sample\":\"2\""), "{\"doc\":{\"bytes\":140008,\"sha256\":\"");
    says(that(b, "eval.sampled", "\"sample\":\"3\""), "{\"doc\":{\"bytes\":3000008,\"sha256\":\"");
}

static void strict_stops_at_the_first_bad_line(void **state) {
    struct box *b = *state;
    const char *paths[] = {b->dir};
    put_file(b, "samples_t_x.jsonl", "{\"doc_id\":0,\"acc\":1.0}\nbad\n{\"doc_id\":1,\"acc\":1.0}\n");
    assert_int_equal(box_run(b, "lm-eval", (struct ingest_options){.paths = paths, .n_paths = 1, .strict = true}),
                     ERR_INVALID);
    says(b->err.msg, "samples_t_x.jsonl: line 2: not valid JSON");
    assert_int_equal(b->result.total.accepted, 1);
    assert_int_equal(box_count(b, "eval.imported"), 0);
}

static void what_is_not_there_is_an_error(void **state) {
    struct box *b = *state;
    assert_int_equal(take(b, "/nonexistent/x"), ERR_NOTFOUND);
    assert_string_equal(b->err.msg, "/nonexistent/x: No such file or directory");
    assert_int_equal(box_run(b, "lm-eval", (struct ingest_options){0}), ERR_INVALID);
    assert_string_equal(b->err.msg, "no files given; expected: directories, results and samples");
}

/* ---- repeated imports --------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t stop;

struct rounds {
    struct box *box;
    const char *path;
    size_t n;
    uint64_t accepted[2];
};

static void on_round(void *ctx, const struct ingest_result *sum, const struct err *failed) {
    struct rounds *r = ctx;
    assert_null(failed);
    r->accepted[r->n++] = sum->total.accepted;
    const struct timespec old[2] = {{1700000000, 0}, {1700000000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, r->path, old, 0), 0);
    stop = r->n == 2;
}

static void between_looks_a_file_that_is_just_being_written_waits(void **state) {
    struct box *b = *state;
    char path[FILE_PATH_MAX];
    struct rounds rounds = {.box = b, .path = path};
    const char *paths[] = {path};
    put_file(b, "results_x.json", "{\"versions\":{},\"results\":{\"t\":{\"acc,none\":0.5}}}");
    snprintf(path, sizeof(path), "%s/results_x.json", b->dir);
    const struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    assert_int_equal(utimensat(AT_FDCWD, path, now, 0), 0);
    stop = 0;
    const struct ingest_options o = {
        .paths = paths, .n_paths = 1, .every_ns = 1000000, .stop = &stop, .ctx = &rounds, .round = on_round};
    assert_int_equal(ingest_source_run(b->ledger, "lm-eval", &o, &b->result, &b->err), 0);
    assert_int_equal(rounds.accepted[0], 0);
    assert_int_equal(rounds.accepted[1], 2);
}

/* ---- secrets ------------------------------------------------------------------------------------------------------ */

/* Whether any file below the directory contains these bytes. */
static bool is_below(const char *dir, const char *bytes) {
    DIR *d = opendir(dir);
    bool found = false;
    assert_non_null(d);
    for (struct dirent *e; !found && (e = readdir(d)) != NULL;) {
        char path[FILE_PATH_MAX];
        struct stat st;
        if (e->d_name[0] == '.' || file_join(path, dir, e->d_name, NULL) != 0 || lstat(path, &st) != 0) {
            continue;
        }
        if (S_ISDIR(st.st_mode)) {
            found = is_below(path, bytes);
        } else if (S_ISREG(st.st_mode)) {
            struct buf content;
            buf_init(&content, 1 << 28);
            assert_int_equal(file_read(path, &content, NULL), 0);
            found = content.n > 0 && memmem(content.p, content.n, bytes, strlen(bytes)) != NULL;
            buf_done(&content);
        }
    }
    closedir(d);
    return found;
}

static void json_text(struct buf *out, const char *text) {
    assert_int_equal(json_put_str(out, bytes_of(text)), 0);
}

/* In each place where a file can have a text: values that stay open, private ones, unknown ones, and names. */
static void plant(struct buf *results, struct buf *samples, size_t i, const char *secret) {
    char path[SAMPLE_MAX + 64];
    snprintf(path, sizeof(path), "pretrained=m,api_key=%s", secret);
    buf_printf(results, "%s\"task%zu\":{\"acc,none\":", i > 0 ? "," : "", i);
    json_text(results, secret);
    buf_put_str(results, ",\"acc_stderr,none\":");
    json_text(results, secret);
    buf_put_str(results, ",\"alias\":");
    json_text(results, path);
    buf_put_str(results, ",");
    json_text(results, secret);
    buf_put_str(results, ":1}");
    buf_printf(samples, "{\"doc_id\":%zu,\"doc\":{\"m\":\"plain words %zu\",\"q\":", i, i);
    json_text(samples, secret);
    buf_put_str(samples, "},\"target\":");
    json_text(samples, path);
    buf_put_str(samples, ",\"resps\":[[");
    json_text(samples, secret);
    buf_put_str(samples, "]],\"filter\":");
    json_text(samples, secret);
    buf_put_str(samples, ",\"unknown\":");
    json_text(samples, secret);
    buf_put_str(samples, ",\"doc_hash\":");
    json_text(samples, secret);
    buf_put_str(samples, ",");
    json_text(samples, secret);
    buf_put_str(samples, ":1.0}\n");
}

static void no_secret_of_any_rule_reaches_the_ledger(void **state) {
    struct box *b = *state;
    char secret[SAMPLE_MAX];
    for (size_t i = 0; i < sample_count(); i++) {
        struct buf results, samples;
        char path[FILE_PATH_MAX], plain[32];
        sample_make(i, 7, secret);
        buf_init(&results, 1 << 20);
        buf_init(&samples, 1 << 20);
        buf_put_str(&results, "{\"results\":{");
        plant(&results, &samples, i, secret);
        buf_put_str(&results, "},\"model_name\":");
        json_text(&results, secret);
        buf_put_str(&results, ",\"git_hash\":");
        json_text(&results, secret);
        buf_put_str(&results, ",\"config\":{\"model_args\":{\"api_key\":");
        json_text(&results, secret);
        buf_put_str(&results, ",\"base_url\":\"http://x:y@h/\"},\"model\":");
        json_text(&results, secret);
        buf_put_str(&results, "},\"configs\":{\"task\":{\"doc_to_text\":");
        json_text(&results, secret);
        buf_put_str(&results, ",\"dataset_path\":");
        json_text(&results, secret);
        buf_put_str(&results, "}},\"date\":");
        json_text(&results, secret);
        buf_put_str(&results, ",\"unknown\":[");
        json_text(&results, secret);
        buf_put_str(&results, "]}");
        buf_put_u8(&results, 0);
        buf_put_u8(&samples, 0);
        put_file(b, "results_x.json", (const char *)results.p);
        put_file(b, "samples_task_x.jsonl", (const char *)samples.p);
        buf_done(&results);
        buf_done(&samples);
        snprintf(path, sizeof(path), "%s/results_x.json", b->dir);
        assert_int_equal(take(b, path), 0);
        if (b->result.total.masked == 0) {
            fail_msg("nothing of rule %s was masked", SAMPLES[i].rule);
        }
        snprintf(plain, sizeof(plain), "plain words %zu", i);
        assert_true(is_below(b->log_dir, plain)); /* text that is not secret is found: the search works */
        const char *lf = strchr(secret, '\n');    /* of a key over several lines, the longest line is enough */
        if (is_below(b->log_dir, lf != NULL ? lf + 1 : secret) || strstr(b->rejections, secret) != NULL) {
            fail_msg("a secret of rule %s was written", SAMPLES[i].rule);
        }
        if (box_size(b) > 200) { /* full groups are compressed, so nothing would be found in them */
            box_done(b);
            box_init(b);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bad_samples_are_rejected_alone_with_line_and_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(a_results_file_that_cannot_be_read_leaves_its_samples, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_pieces_of_results_are_rejected_or_kept_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_files_are_rejected_and_the_others_go_in, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_too_large_is_refused_with_the_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(large_values_are_kept_up_to_a_bound_and_as_digests_beyond, setup, teardown),
        cmocka_unit_test_setup_teardown(strict_stops_at_the_first_bad_line, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(between_looks_a_file_that_is_just_being_written_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(no_secret_of_any_rule_reaches_the_ledger, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
