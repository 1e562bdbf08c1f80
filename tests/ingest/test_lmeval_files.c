/* Which files belong to the lm-evaluation-harness, and which of them to one evaluation. */
#include "ingest/lmeval/lmeval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static const char *shown(struct bytes b, char ret[512]) {
    snprintf(ret, 512, "%.*s", (int)b.n, b.n > 0 ? (const char *)b.p : "");
    return ret;
}

/* ---- files -------------------------------------------------------------------------------------------------------- */

static void files_are_known_by_their_names(void **state) {
    (void)state;
    static const struct {
        const char *name, *want; /* what|date|task, NULL: not one of its files */
    } cases[] = {
        {"results_2026-01-21T03-44-18.458309.json", "results|2026-01-21T03-44-18.458309|"},
        {"results_2026-01-21T03-44-18.458309.json.gz", "results|2026-01-21T03-44-18.458309|"},
        {"results.json", "results||"},
        {"results_final.json", "results|final|"},
        {"mine_2026-01-21T03-44-18.458309.json", "results|2026-01-21T03-44-18.458309|"},
        {"mine_2026-01-21T03:44:18.json", "results|2026-01-21T03:44:18|"},
        {"samples_a_b_2026-01-21T03-44-18.458309.jsonl", "samples|2026-01-21T03-44-18.458309|a_b"},
        {"samples_a_2026-01-21T03-44-18.458309.jsonl.gz", "samples|2026-01-21T03-44-18.458309|a"},
        {"samples_2026-01-21T03-44-18.458309.jsonl", NULL},
        {"samples_.jsonl", NULL},
        {"mine_2026-01-21.json", NULL},
        {"config.json", NULL},
        {"results_x.jsonl", NULL},
        {"results_x.txt", NULL},
        {".json", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lmeval_file f;
        char got[2048], date[512], task[512];
        bool ours = lmeval_name(cases[i].name, &f);
        assert_int_equal(ours, cases[i].want != NULL);
        if (ours) {
            snprintf(got, sizeof(got), "%s|%s|%s", f.samples ? "samples" : "results", shown(f.date, date),
                     shown(f.task, task));
            assert_string_equal(got, cases[i].want);
        }
    }
}

static void touch(const char *dir, const char *name) {
    char path[FILE_PATH_MAX];
    assert_int_equal(file_join(path, dir, name, NULL), 0);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fclose(f);
}

static void a_directory_stands_for_its_files_and_a_file_for_its_date(void **state) {
    (void)state;
    char dir[] = "/tmp/test_lmeval.XXXXXX", path[FILE_PATH_MAX];
    struct lmeval_files files = {0};
    struct err err = {0};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/model", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(lmeval_files_add(&files, dir, &err), ERR_NOTFOUND);
    assert_non_null(strstr(err.msg, ": no results_*.json or samples_*.jsonl in this directory or below it"));
    touch(path, "results_2026-01-01T00-00-00.1.json");
    touch(path, "results_2026-01-01T00-00-00.1.json.gz");
    touch(path, "samples_b_2026-01-01T00-00-00.1.jsonl");
    touch(path, "samples_a_2026-01-01T00-00-00.1.jsonl");
    touch(path, "samples_a_2026-01-01T00-00-00.2.jsonl");
    touch(path, "notes.json");
    char link[FILE_PATH_MAX];
    assert_int_equal(file_join(link, path, "loop", NULL), 0);
    assert_int_equal(symlink(dir, link), 0);
    assert_int_equal(lmeval_files_add(&files, dir, &err), 0);
    lmeval_files_sort(&files);
    static const char *const want[] = {"results_2026-01-01T00-00-00.1.json", "samples_a_2026-01-01T00-00-00.1.jsonl",
                                       "samples_b_2026-01-01T00-00-00.1.jsonl", "samples_a_2026-01-01T00-00-00.2.jsonl"};
    assert_int_equal(files.n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(strrchr(files.files[i].path, '/') + 1, want[i]);
    }
    lmeval_files_done(&files);
    assert_int_equal(file_join(link, path, "samples_b_2026-01-01T00-00-00.1.jsonl", NULL), 0);
    assert_int_equal(lmeval_files_add(&files, link, &err), 0);
    lmeval_files_sort(&files);
    assert_int_equal(files.n, 3);
    assert_string_equal(strrchr(files.files[2].path, '/') + 1, want[2]);
    lmeval_files_done(&files);
    /* the same from inside, where names have no directory */
    char before[FILE_PATH_MAX];
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(path), 0);
    assert_int_equal(lmeval_files_add(&files, want[0], &err), 0);
    assert_int_equal(chdir(before), 0);
    lmeval_files_sort(&files);
    assert_int_equal(files.n, 3);
    assert_string_equal(files.files[0].path, want[0]);
    lmeval_files_done(&files);
    assert_int_equal(file_remove_tree(dir, NULL), 0);
}

static void names_of_the_harness_that_are_no_regular_files_are_named(void **state) {
    (void)state;
    char dir[] = "/tmp/test_lmeval.XXXXXX", path[FILE_PATH_MAX], want[FILE_PATH_MAX];
    struct lmeval_files files = {0};
    struct err err = {0};
    assert_non_null(mkdtemp(dir));
    assert_int_equal(file_join(path, dir, "results_1.json", NULL), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(lmeval_files_add(&files, dir, &err), ERR_NOTFOUND);
    snprintf(want, sizeof(want), "%s/results_1.json: is not a regular file; expected: ", dir);
    assert_non_null(strstr(err.msg, want));
    assert_int_equal(file_join(path, dir, "samples_t_1.jsonl", NULL), 0);
    assert_int_equal(symlink(path, path), 0); /* a loop */
    assert_int_equal(file_join(path, dir, "other.json", NULL), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(lmeval_files_add(&files, dir, &err), ERR_NOTFOUND);
    assert_non_null(strstr(err.msg, "results_1.json"));
    assert_non_null(strstr(err.msg, "samples_t_1.jsonl"));
    assert_non_null(strstr(err.msg, "are not regular files; expected: "));
    assert_null(strstr(err.msg, "other.json"));
    lmeval_files_done(&files);
    assert_int_equal(file_remove_tree(dir, NULL), 0);
}

static void directories_too_deep_are_refused(void **state) {
    (void)state;
    char dir[] = "/tmp/test_lmeval.XXXXXX", path[FILE_PATH_MAX];
    struct lmeval_files files = {0};
    struct err err = {0};
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s", dir);
    for (int i = 0; i < 9; i++) {
        strncat(path, "/d", sizeof(path) - strlen(path) - 1);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    assert_int_equal(lmeval_files_add(&files, dir, &err), ERR_LIMIT);
    assert_non_null(strstr(err.msg, ": deeper than 8 directories; expected: a directory further down"));
    lmeval_files_done(&files);
    assert_int_equal(file_remove_tree(dir, NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_known_by_their_names),
        cmocka_unit_test(a_directory_stands_for_its_files_and_a_file_for_its_date),
        cmocka_unit_test(names_of_the_harness_that_are_no_regular_files_are_named),
        cmocka_unit_test(directories_too_deep_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
