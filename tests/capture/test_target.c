/* A file of settings is replaced only if it is what was read, and never through a link. */
#include <sys/stat.h>

#include "base/edit/target.h"
#include "tests/ingest/ledger_box.h"

struct dir {
    char path[64], file[128];
};

static void dir_init(struct dir *d, const char *text) {
    snprintf(d->path, sizeof(d->path), "/tmp/test_target.XXXXXX");
    assert_non_null(mkdtemp(d->path));
    snprintf(d->file, sizeof(d->file), "%s/a/b", d->path);
    char sub[96];
    snprintf(sub, sizeof(sub), "%s/a", d->path);
    assert_int_equal(mkdir(sub, 0700), 0);
    if (text != NULL) {
        box_write(d->file, text, O_EXCL);
    }
}

static void dir_done(struct dir *d) {
    assert_int_equal(file_remove_tree(d->path, NULL), 0);
}

static void expect_text(const struct dir *d, const char *text) {
    struct buf now = {.max = 1000};
    assert_int_equal(file_read_regular(d->file, &now, NULL), 0);
    assert_true(bytes_is(bytes_of_buf(&now), text));
    buf_done(&now);
}

static void what_was_changed_meanwhile_is_not_replaced(void **state) {
    static const char *const others[] = {"12", "2"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct dir d;
        struct target t;
        struct err err = {0};
        dir_init(&d, "1");
        assert_int_equal(target_open(&t, d.path, "a/b", false, NULL), 0);
        box_write(d.file, others[i], O_TRUNC);
        assert_int_equal(target_replace(&t, bytes_of("new"), &err), ERR_CONFLICT);
        assert_non_null(strstr(err.msg, "changed by another program"));
        assert_int_equal(target_remove(&t, NULL), ERR_CONFLICT);
        expect_text(&d, others[i]);
        target_done(&t);
        dir_done(&d);
    }
}

static void what_was_created_or_removed_meanwhile_is_left_alone(void **state) {
    struct dir d;
    struct target t;
    (void)state;
    dir_init(&d, NULL);
    assert_int_equal(target_open(&t, d.path, "a/b", false, NULL), 0);
    assert_false(t.exists);
    box_write(d.file, "theirs", O_EXCL);
    assert_int_equal(target_replace(&t, bytes_of("new"), NULL), ERR_CONFLICT);
    expect_text(&d, "theirs");
    target_done(&t);
    assert_int_equal(target_open(&t, d.path, "a/b", false, NULL), 0);
    assert_int_equal(unlink(d.file), 0);
    assert_int_equal(target_replace(&t, bytes_of("new"), NULL), ERR_CONFLICT);
    assert_false(file_exists(d.file));
    target_done(&t);
    dir_done(&d);
}

static void the_mode_stays_and_a_stale_temporary_file_goes(void **state) {
    struct dir d;
    struct target t;
    struct stat st;
    char stale[256];
    (void)state;
    dir_init(&d, "1");
    assert_int_equal(chmod(d.file, 0640), 0);
    snprintf(stale, sizeof(stale), "%s/a/" FILE_TEMPORARY "b", d.path);
    box_write(stale, "half", O_EXCL);
    assert_int_equal(target_open(&t, d.path, "a/b", false, NULL), 0);
    assert_int_equal(target_replace(&t, bytes_of("new"), NULL), 0);
    assert_int_equal(stat(d.file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_false(file_exists(stale));
    expect_text(&d, "new");
    target_done(&t);
    dir_done(&d);
}

static void a_link_on_the_way_is_not_followed(void **state) {
    struct dir d;
    struct target t;
    struct err err = {0};
    char link[128];
    (void)state;
    dir_init(&d, "1");
    snprintf(link, sizeof(link), "%s/l", d.path);
    assert_int_equal(symlink("a", link), 0);
    assert_int_equal(target_open(&t, d.path, "l/b", true, &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "symbolic link"));
    target_done(&t);
    dir_done(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_changed_meanwhile_is_not_replaced),
        cmocka_unit_test(what_was_created_or_removed_meanwhile_is_left_alone),
        cmocka_unit_test(the_mode_stays_and_a_stale_temporary_file_goes),
        cmocka_unit_test(a_link_on_the_way_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
