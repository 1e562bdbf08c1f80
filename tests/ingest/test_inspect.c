/* Logs of Inspect: what is refused and with which message, what is recorded of them and once, and what keeps a result from
 * counting. */
#include "ingest/inspect/inspect.h"

#include <sys/stat.h>

#include "ingest/input/pyjson.h"
#include "tests/ingest/ledger_box.h"

#define FIXTURES "tests/ingest/fixtures/inspect/"

static int run(struct box *b, const char *path) {
    const char *const paths[] = {path};
    return box_run(b, "inspect", (struct ingest_options){.paths = paths, .n_paths = 1});
}

/* The newest event of the kind. */
static const char *newest(struct box *b, const char *kind, char *out, size_t cap) {
    for (uint64_t seq = box_size(b); seq-- > 0;) {
        if (strncmp(box_event(b, seq, out, cap), kind, strlen(kind)) == 0) return out;
    }
    fail_msg("no %s", kind);
    return NULL;
}

static void want(const char *text, const char *part) {
    if (strstr(text, part) == NULL) fail_msg("lacks '%s': %s", part, text);
}

static void each_wrong_log_is_refused_in_its_own_words(void **state) {
    static const char not_ours[] = "'eval' has no model; expected: a log of Inspect, as JSON or an .eval file";
    static const char *const cases[][2] = {
        {"[]", not_ours},
        {"{}", not_ours},
        {"{\"eval\":[]}", not_ours},
        {"{\"eval\":{\"task\":\"t\"}}", not_ours},
        {"{\"eval\":{\"model\":\"m\"}}", "'eval.task' is missing; expected: the task's name, at most 200 bytes"},
        {"{\"eval\":{\"model\":\"m\",\"task\":\"t\"},\"status\":\"done\"}",
         "'status' is unknown; expected: started, success, cancelled or error"},
        {"{\"eval\":{\"model\":\"m\",\"task\":\"t\"},\"status\":7}",
         "'status' is unknown; expected: started, success, cancelled or error"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf scratch = {.max = 1 << 16}, mp = {.max = 1 << 16};
        struct inspect_log log;
        struct err err = {0};
        assert_int_equal(pyjson_to_mp(bytes_of(cases[i][0]), 1 << 20, &scratch, &mp, &err), 0);
        assert_int_equal(inspect_log_read(bytes_of_buf(&mp), &log, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i][1]);
        buf_done(&scratch);
        buf_done(&mp);
    }
}

static void a_log_is_the_same_evaluation_in_each_of_its_forms(void **state) {
    static const char *const others[] = {FIXTURES "deflate.eval", FIXTURES "zstd.eval", FIXTURES "whole.json",
                                         FIXTURES "crashed.eval"};
    struct box b;
    (void)state;
    box_init(&b);
    assert_int_equal(run(&b, FIXTURES "whole.json"), 0);
    assert_int_equal(b.result.total.accepted, 9); /* task, start, 4 samples, import, 2 scores */
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(run(&b, others[i]), 0);
        assert_int_equal(b.result.total.accepted, 0);
        assert_int_equal(b.result.total.rejected, 0);
    }
    box_done(&b);
}

static void a_run_that_crashed_is_started_and_completed_by_its_log(void **state) {
    struct box b;
    (void)state;
    box_init(&b);
    assert_int_equal(run(&b, FIXTURES "crashed.eval"), 0);
    assert_int_equal(box_count(&b, "eval.started"), 1);
    assert_int_equal(box_count(&b, "eval.sampled"), 2);
    assert_int_equal(box_count(&b, "eval.imported"), 0);
    assert_int_equal(run(&b, FIXTURES "deflate.eval"), 0);
    assert_int_equal(box_count(&b, "eval.started"), 1);
    assert_int_equal(box_count(&b, "eval.sampled"), 3);
    assert_int_equal(box_count(&b, "eval.sample_failed"), 1);
    assert_int_equal(box_count(&b, "eval.imported"), 1);
    assert_int_equal(box_count(&b, "eval.scored"), 2);
    box_done(&b);
}

static void what_is_open_names_neither_paths_nor_texts(void **state) {
    static const char *const private[] = {"/home/me", "private", "plus one", "two words", "u:pw", "git@"};
    struct box b;
    char text[32768];
    (void)state;
    box_init(&b);
    assert_int_equal(run(&b, FIXTURES "whole.json"), 0);
    newest(&b, "eval.sample_failed", text, sizeof(text));
    want(text, "\"failure\":\"assertion\"");
    want(text, "\"metric\":\"match\"");
    want(text, "\"sample\":\"hash-");
    want(text, "\"output\":\"the private answer\""); /* an attachment */
    newest(&b, "eval.imported", text, sizeof(text));
    want(text, "\"partial\":false");
    want(text, "\"cached\":false");
    want(text, "\"endpoint\":\"http://localhost:11434/v1\"");
    want(text, "\"runtime\":\"ollama\"");
    want(text, "\"samples\":4,\"samples_total\":4");
    newest(&b, "eval.scored", text, sizeof(text));
    want(text, "\"value\":null");
    for (uint64_t seq = 0; seq < box_size(&b); seq++) {
        box_event(&b, seq, text, sizeof(text));
        char *rest = strstr(text, "} {"); /* private fields follow */
        if (strncmp(text, "eval.", 5) != 0) continue;
        if (rest != NULL) *rest = '\0';
        for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
            if (strstr(text, private[i]) != NULL) fail_msg("'%s' is open: %s", private[i], text);
        }
    }
    box_done(&b);
}

static void an_edited_score_is_invalidated_and_a_tampered_one_is_computed_again(void **state) {
    struct box b;
    char text[32768];
    (void)state;
    box_init(&b);
    assert_int_equal(run(&b, FIXTURES "edited.json"), 0);
    want(newest(&b, "eval.invalidated", text, sizeof(text)), "\"reason\":\"edited\"");
    assert_int_equal(box_count(&b, "eval.invalidated"), 2);
    want(text, "\"filter\":\"match\"");
    assert_int_equal(run(&b, FIXTURES "tampered.json"), 0);
    size_t before = box_count(&b, "eval.invalidated");
    bool found = false;
    for (uint64_t seq = box_size(&b) - 5; seq < box_size(&b); seq++) {
        box_event(&b, seq, text, sizeof(text));
        found = found || (strstr(text, "\"value\":0.9,") != NULL && strstr(text, "\"value_sampled\":0.625") != NULL);
    }
    assert_true(found);
    assert_int_equal(box_count(&b, "eval.invalidated"), before);
    box_done(&b);
}

static void a_part_says_why_it_is_one(void **state) {
    struct box b;
    char text[32768];
    (void)state;
    box_init(&b);
    assert_int_equal(run(&b, FIXTURES "part.json"), 0);
    want(newest(&b, "eval.imported", text, sizeof(text)),
         "\"partial_reasons\":[\"limit\",\"effective_samples\",\"samples_fewer\"]");
    want(text, "\"cached\":true");
    want(text, "\"status\":\"cancelled\"");
    want(newest(&b, "eval.sample_failed", text, sizeof(text)), "\"failure\":\"limit\"");
    want(newest(&b, "eval.invalidated", text, sizeof(text)), "\"reason\":\"invalidated\"");
    assert_int_equal(run(&b, FIXTURES "old.json"), 0);
    want(newest(&b, "eval.scored", text, sizeof(text)), "\"filter\":\"fact\"");
    want(text, "\"at_text\":\"2024-05-05T08:00:03\"");
    box_done(&b);
}

static void bad_members_are_rejected_alone_and_make_it_a_part(void **state) {
    static const char *const cases[][2] = {
        {"bad-members.eval", "0: samples/broken_epoch_1.json: line 1 column 6: unexpected token near end of file\n"
                             "0: samples/1_epoch_1.json: the archive has two members of this name\n"},
        {"bad-bomb.eval", "0: samples/bomb_epoch_1.json: the member has more than 33554432 bytes of content\n"},
        {"bad-encrypted.eval", "0: the member is encrypted; expected: one that is not\n"},
        {"bad-nothing.eval", "0: the archive has neither header.json nor _journal/start.json; expected: an .eval file of "
                             "Inspect\n"},
    };
    char path[128], text[32768];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct box b;
        box_init(&b);
        snprintf(path, sizeof(path), FIXTURES "%s", cases[i][0]);
        assert_int_equal(run(&b, path), 0);
        assert_string_equal(b.rejections, cases[i][1]);
        if (i < 2) want(newest(&b, "eval.imported", text, sizeof(text)), "\"partial_reasons\":[\"samples_fewer\"]");
        assert_int_equal(box_count(&b, "eval.imported"), i < 2);
        box_done(&b);
    }
}

static void a_header_that_is_damaged_is_named(void **state) {
    struct buf whole = {.max = 1 << 20};
    struct box b;
    (void)state;
    box_init(&b);
    assert_int_equal(file_read(FIXTURES "deflate.eval", &whole, NULL), 0);
    uint8_t *name = memmem(whole.p, whole.n, "header.json", 11); /* in the member's own header; its content follows */
    assert_non_null(name);
    memset(name + 20, 0xff, 16);
    int fd = open(b.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, whole.p, whole.n), (ssize_t)whole.n);
    close(fd);
    assert_int_equal(run(&b, b.file), 0);
    want(b.rejections, "0: header.json: the member's content is damaged or cut off");
    assert_int_equal(box_count(&b, "eval.started"), 1);
    assert_int_equal(box_count(&b, "eval.imported"), 0);
    buf_done(&whole);
    box_done(&b);
}

static void an_archive_that_is_cut_off_gives_what_precedes_the_cut(void **state) {
    struct buf whole = {.max = 1 << 20};
    struct box b;
    (void)state;
    box_init(&b);
    assert_int_equal(file_read(FIXTURES "zstd.eval", &whole, NULL), 0);
    const uint8_t *directory = memmem(whole.p, whole.n, "PK\1\2", 4);
    assert_non_null(directory);
    for (size_t n = 4; n < (size_t)(directory - whole.p); n += 211) {
        int fd = open(b.file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, whole.p, n), (ssize_t)n);
        close(fd);
        assert_int_equal(run(&b, b.file), 0);
        assert_true(b.result.total.rejected > 0);
    }
    assert_int_equal(box_count(&b, "eval.started"), 1);
    assert_int_equal(box_count(&b, "eval.sampled") + box_count(&b, "eval.sample_failed"), 4);
    buf_done(&whole);
    box_done(&b);
}

static void a_directory_gives_its_logs(void **state) {
    struct box b;
    char path[128];
    (void)state;
    box_init(&b);
    snprintf(path, sizeof(path), "%s/logs", b.dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(run(&b, path), ERR_NOTFOUND);
    snprintf(path, sizeof(path), "%s/logs/a.eval", b.dir);
    struct buf whole = {.max = 1 << 20};
    assert_int_equal(file_read(FIXTURES "deflate.eval", &whole, NULL), 0);
    assert_int_equal(file_write_durable(path, bytes_of_buf(&whole), 0600, NULL), 0);
    snprintf(path, sizeof(path), "%s/logs", b.dir);
    assert_int_equal(run(&b, path), 0);
    assert_int_equal(b.result.total.accepted, 9);
    buf_done(&whole);
    box_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_log_is_refused_in_its_own_words),
        cmocka_unit_test(a_log_is_the_same_evaluation_in_each_of_its_forms),
        cmocka_unit_test(a_run_that_crashed_is_started_and_completed_by_its_log),
        cmocka_unit_test(what_is_open_names_neither_paths_nor_texts),
        cmocka_unit_test(an_edited_score_is_invalidated_and_a_tampered_one_is_computed_again),
        cmocka_unit_test(a_part_says_why_it_is_one),
        cmocka_unit_test(bad_members_are_rejected_alone_and_make_it_a_part),
        cmocka_unit_test(a_header_that_is_damaged_is_named),
        cmocka_unit_test(an_archive_that_is_cut_off_gives_what_precedes_the_cut),
        cmocka_unit_test(a_directory_gives_its_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
