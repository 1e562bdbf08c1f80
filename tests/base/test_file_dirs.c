/* Directories: created with their parents, removed without following links, synced; and joining paths. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define scratch_test(f) cmocka_unit_test_setup_teardown(f, make_scratch, remove_scratch)

static char scratch[256];

static const char *at(const char *name) {
    static char path[4][FILE_PATH_MAX];
    static unsigned turn;
    turn = (turn + 1) % 4;
    assert_int_equal(file_join(path[turn], scratch, name, NULL), 0);
    return path[turn];
}

static int make_scratch(void **state) {
    const char *tmp = getenv("TMPDIR");
    (void)state;
    snprintf(scratch, sizeof(scratch), "%s/test_file_dirs.XXXXXX", tmp != NULL ? tmp : "/tmp");
    return mkdtemp(scratch) == NULL ? -1 : 0;
}

static int remove_scratch(void **state) {
    (void)state;
    return file_remove_tree(scratch, NULL);
}

static void put(const char *name, const char *text) {
    assert_int_equal(file_write_durable(at(name), bytes_of(text), 0600, NULL), 0);
}

static bool holds(const char *name, const char *text) {
    struct buf out;
    buf_init(&out, 4096);
    bool same = file_read(at(name), &out, NULL) == 0 && bytes_is(bytes_of_buf(&out), text);
    buf_done(&out);
    return same;
}

static void directories_are_made_with_all_their_parents(void **state) {
    (void)state;
    assert_int_equal(file_make_dirs(at("a/b//c/"), NULL), 0);
    assert_int_equal(file_make_dirs(at("a/b/c"), NULL), 0);
    struct stat st;
    assert_int_equal(stat(at("a/b/c"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0700);
    struct err err = {0};
    put("file", "x");
    assert_int_equal(file_make_dirs(at("file/below"), &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "/file' is not a directory"));
    assert_int_equal(file_make_dirs(at("file"), &err), ERR_INVALID);
    assert_int_equal(file_make_dirs("", &err), ERR_INVALID);
}

static void removing_a_tree_leaves_what_its_links_point_to(void **state) {
    (void)state;
    assert_int_equal(file_make_dirs(at("kept"), NULL), 0);
    put("kept/file", "kept");
    assert_int_equal(file_make_dirs(at("tree/a/b"), NULL), 0);
    put("tree/a/b/file", "x");
    put("tree/file", "x");
    assert_int_equal(symlink(at("kept"), at("tree/a/link")), 0);
    assert_int_equal(symlink(at("kept"), at("link")), 0);
    assert_int_equal(file_remove_tree(at("tree"), NULL), 0);
    assert_false(file_exists(at("tree")));
    assert_int_equal(file_remove_tree(at("link"), NULL), 0);
    assert_true(holds("kept/file", "kept"));
    assert_int_equal(file_remove_tree(at("tree"), NULL), 0);
}

static void a_tree_that_is_absurdly_deep_is_refused(void **state) {
    (void)state;
    char path[FILE_PATH_MAX], *end = path + snprintf(path, sizeof(path), "%s/deep", scratch);
    for (int i = 0; i < 70; i++) {
        end += snprintf(end, 3, "/d");
    }
    assert_int_equal(file_make_dirs(path, NULL), 0);
    struct err err = {0};
    assert_int_equal(file_remove_tree(at("deep"), &err), ERR_LIMIT);
    assert_non_null(strstr(err.msg, "more than 64 directories deep"));
    char part[FILE_PATH_MAX];
    snprintf(part, sizeof(part), "%s/deep/d/d/d/d/d/d/d/d/d/d", scratch);
    assert_int_equal(file_remove_tree(part, NULL), 0);
}

static void syncing_a_directory_needs_a_directory(void **state) {
    (void)state;
    assert_int_equal(file_sync_dir(scratch, NULL), 0);
    assert_int_equal(file_sync_dir(at("absent"), NULL), ERR_NOTFOUND);
    put("file", "x");
    assert_int_equal(file_sync_dir(at("file"), NULL), ERR_IO);
}

static void paths_are_joined_with_one_slash_and_bounded(void **state) {
    (void)state;
    char path[FILE_PATH_MAX];
    assert_int_equal(file_join(path, "a", "b", NULL), 0);
    assert_string_equal(path, "a/b");
    assert_int_equal(file_join(path, "/", "b", NULL), 0);
    assert_string_equal(path, "/b");
    char name[FILE_PATH_MAX];
    memset(name, 'x', sizeof(name));
    name[FILE_PATH_MAX - 3] = '\0';
    assert_int_equal(file_join(path, "a", name, NULL), 0);
    assert_int_equal(strlen(path), FILE_PATH_MAX - 1);
    memcpy(path, "same", 5);
    name[FILE_PATH_MAX - 3] = 'x';
    name[FILE_PATH_MAX - 2] = '\0';
    assert_int_equal(file_join(path, "a", name, NULL), ERR_LIMIT);
    assert_string_equal(path, "same");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        scratch_test(directories_are_made_with_all_their_parents),
        scratch_test(removing_a_tree_leaves_what_its_links_point_to),
        scratch_test(a_tree_that_is_absurdly_deep_is_refused),
        scratch_test(syncing_a_directory_needs_a_directory),
        scratch_test(paths_are_joined_with_one_slash_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
