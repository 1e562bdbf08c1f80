/* A pack's directory: its digest, and what may not be in it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "packs/tree/content.h"

static char dir[FILE_PATH_MAX];

static int set_up(void **state) {
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof(dir), "%s/pack-XXXXXX", tmp != NULL ? tmp : "/tmp");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    struct err err = {0};
    return file_remove_tree(dir, &err);
}

static const char *at(const char *name) {
    static char path[2 * FILE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void put_file(const char *name, const char *text, mode_t mode) {
    int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void put_fault(void *ctx, const char *path, const char *what) {
    buf_printf(ctx, "%s %s\n", path, what);
}

static struct content *read_good(void) {
    struct buf faults = {.max = 65536};
    struct content *tree = NULL;
    struct err err = {0};
    assert_int_equal(content_read(dir, NULL, put_fault, &faults, &tree, &err), 0);
    assert_int_equal(faults.n, 0);
    return tree;
}

static void expect_faults(const char *expected) {
    struct buf faults = {.max = 65536};
    struct content *tree = NULL;
    struct err err = {0};
    assert_int_equal(content_read(dir, NULL, put_fault, &faults, &tree, &err), ERR_INVALID);
    assert_null(tree);
    buf_put_u8(&faults, 0);
    assert_string_equal((const char *)faults.p, expected);
    buf_done(&faults);
}

static void the_digest_is_that_of_the_documented_lines(void **state) {
    (void)state;
    /* sha256sum of "abc", of nothing, and of these lines */
    static const char lines[] = "755 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 bin/run\n"
                                "644 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0 bin-a\n"
                                "644 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 3 pack.yaml\n";
    const char *second = strchr(lines, '\n') + 1, *third = strchr(second, '\n') + 1;
    uint8_t expected[HASH_LEN];
    /* by the bytes of the path: '-' comes before '/' */
    const struct bytes sorted[] = {{(const uint8_t *)second, (size_t)(third - second)},
                                   {(const uint8_t *)lines, (size_t)(second - lines)},
                                   bytes_of(third)};
    assert_int_equal(mkdir(at("bin"), 0700), 0);
    assert_int_equal(mkdir(at("empty"), 0700), 0);
    put_file("pack.yaml", "abc", 0600);
    put_file("bin/run", "abc", 0711);
    put_file("bin-a", "", 0666);
    put_file("pack.sig", "not part of it", 0644);
    struct content *tree = read_good();
    hash_parts(expected, sorted, 3);
    assert_memory_equal(content_digest(tree), expected, HASH_LEN);
    assert_int_equal(content_count(tree), 4);
    assert_int_equal(content_bytes(tree), 20);
    assert_string_equal(content_at(tree, 1)->path, "bin/run");
    assert_true(content_at(tree, 1)->program);
    assert_true(content_find(tree, bytes_of("bin-a")) == content_at(tree, 0));
    assert_null(content_find(tree, bytes_of("bin")));
    assert_true(bytes_is(content_kept(tree, "pack.yaml"), "abc"));
    assert_null(content_kept(tree, "pack.json").p);
    content_free(tree);
}

static void any_change_of_a_file_changes_the_digest(void **state) {
    (void)state;
    uint8_t before[HASH_LEN];
    put_file("a", "abc", 0644);
    put_file("b", "", 0644);
    struct content *tree = read_good();
    memcpy(before, content_digest(tree), HASH_LEN);
    content_free(tree);
    for (int i = 0; i < 3; i++) {
        put_file("a", i == 0 ? "abd" : "abc", i == 1 ? 0755 : 0644);
        if (i == 2) put_file("d", "", 0644);
        tree = read_good();
        assert_memory_not_equal(content_digest(tree), before, HASH_LEN);
        content_free(tree);
    }
    assert_int_equal(unlink(at("d")), 0);
    tree = read_good();
    assert_memory_equal(content_digest(tree), before, HASH_LEN);
    content_free(tree);
}

static void what_is_not_a_file_is_refused_by_name(void **state) {
    (void)state;
    put_file("pack.yaml", "x", 0644);
    assert_int_equal(symlink("/etc/passwd", at("link")), 0);
    expect_faults("link is a symbolic link\n");
    unlink(at("link"));
    assert_int_equal(symlink("pack.yaml", at("link")), 0);
    expect_faults("link is a symbolic link\n");
    unlink(at("link"));
    assert_int_equal(symlink(".", at("farm")), 0);
    expect_faults("farm is a symbolic link\n");
    unlink(at("farm"));
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    expect_faults("fifo is a named pipe\n");
    unlink(at("fifo"));
    put_file("suid", "x", 0644);
    assert_int_equal(chmod(at("suid"), 04755), 0);
    expect_faults("suid is set-user-ID or set-group-ID\n");
    unlink(at("suid"));
    assert_int_equal(mknod(at("socket"), S_IFSOCK | 0600, 0), 0);
    expect_faults("socket is a socket\n");
}

static void names_that_are_hard_to_show_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *name, *what;
    } cases[] = {{"new\nline", "has a name with control characters"},
                 {"esc\x1b[2J", "has a name with control characters"},
                 {"bad\xff", "has a name that is not valid UTF-8"},
                 {"back\\slash", "has a name with a backslash"},
                 {"-rf", "has a name that begins with '-'"},
                 {"\xe2\x80\xae"
                  "txt",
                  "has a name with invisible characters"},
                 {" ", "has a name with invisible characters"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[256];
        put_file(cases[i].name, "x", 0644);
        snprintf(expected, sizeof(expected), "%s %s\n", cases[i].name, cases[i].what);
        expect_faults(expected);
        assert_int_equal(unlink(at(cases[i].name)), 0);
    }
    put_file("\xc3\xa9t\xc3\xa9 1.txt", "x", 0644);
    content_free(read_good());
}

static void every_fault_is_found_at_once(void **state) {
    (void)state;
    struct buf faults = {.max = 1 << 20};
    struct content *tree = NULL;
    struct err err = {0};
    assert_int_equal(mkdir(at("d"), 0700), 0);
    for (int i = 0; i < 50; i++) {
        char name[32];
        snprintf(name, sizeof(name), "%slink%02d", i % 2 ? "d/" : "", i);
        assert_int_equal(symlink("/", at(name)), 0);
    }
    assert_int_equal(content_read(dir, NULL, put_fault, &faults, &tree, &err), ERR_INVALID);
    size_t lines = 0;
    for (size_t i = 0; i < faults.n; i++) {
        lines += faults.p[i] == '\n';
    }
    assert_int_equal(lines, 50);
    assert_non_null(strstr(err.msg, "50 faults"));
    buf_done(&faults);
}

static void a_sparse_file_of_a_terabyte_is_refused_unread(void **state) {
    (void)state;
    put_file("a", "x", 0644);
    put_file("huge", "", 0644);
    assert_int_equal(truncate(at("huge"), (off_t)1 << 40), 0);
    expect_faults("huge exceeds the limit of 1 GiB for a whole pack\n");
}

static void too_many_files_are_refused_where_they_are_too_many(void **state) {
    (void)state;
    char one[FILE_PATH_MAX];
    put_file("a", "", 0644);
    snprintf(one, sizeof(one), "%s", at("a"));
    assert_int_equal(mkdir(at("d"), 0700), 0);
    for (int i = 0; i < CONTENT_ENTRIES_MAX - 2; i++) {
        char name[32];
        snprintf(name, sizeof(name), "d/%d", i);
        assert_int_equal(link(one, at(name)), 0);
    }
    content_free(read_good());
    assert_int_equal(link(one, at("d/x")), 0);
    expect_faults("d more than 10000 files and directories\n");
}

static void paths_that_are_too_long_are_refused(void **state) {
    (void)state;
    char path[FILE_PATH_MAX] = "";
    for (int i = 0; i < 5; i++) { /* four segments of 255 bytes and their separators fit into 1,024 */
        size_t n = strlen(path);
        snprintf(path + n, sizeof(path) - n, "%s%0255d", i > 0 ? "/" : "", i);
        assert_int_equal(mkdir(at(path), 0700), 0);
        if (i == 3) content_free(read_good());
    }
    struct buf faults = {.max = 65536};
    struct content *tree = NULL;
    struct err err = {0};
    assert_int_equal(content_read(dir, NULL, put_fault, &faults, &tree, &err), ERR_INVALID);
    buf_put_u8(&faults, 0);
    assert_non_null(strstr((const char *)faults.p, " has a path of more than 1024 bytes\n"));
    buf_done(&faults);
}

static void a_directory_that_is_not_there_is_not_found(void **state) {
    (void)state;
    struct content *tree = NULL;
    struct err err = {0};
    assert_int_equal(content_read(at("absent"), NULL, put_fault, NULL, &tree, &err), ERR_NOTFOUND);
}

/* A sink that copies into one text. */
static int begin(void *ctx, const char *path, bool program, struct err *err) {
    (void)err;
    return buf_printf(ctx, "[%s%s:", path, program ? "*" : "");
}
static int put(void *ctx, struct bytes piece, struct err *err) {
    (void)err;
    return buf_put_bytes(ctx, piece);
}
static int end(void *ctx, struct err *err) {
    (void)err;
    return buf_put_str(ctx, "]");
}
static int full(void *ctx, struct bytes piece, struct err *err) {
    (void)ctx, (void)piece;
    return err_set(err, ERR_FULL, "no room");
}

static void what_is_hashed_is_what_is_copied(void **state) {
    (void)state;
    struct buf copy = {.max = 65536}, faults = {.max = 65536};
    const struct content_sink sink = {&copy, begin, put, end}, refusing = {&copy, begin, full, end};
    struct content *tree = NULL;
    struct err err = {0};
    put_file("b", "two", 0755);
    put_file("a", "one", 0644);
    put_file("pack.sig", "sig", 0644);
    assert_int_equal(content_read(dir, &sink, put_fault, &faults, &tree, &err), 0);
    buf_put_u8(&copy, 0);
    assert_string_equal((const char *)copy.p, "[a:one][b*:two][pack.sig:sig]");
    content_free(tree);
    tree = NULL;
    assert_int_equal(content_read(dir, &refusing, put_fault, &faults, &tree, &err), ERR_FULL);
    assert_null(tree);
    buf_clear(&copy);
    assert_int_equal(symlink("a", at("c")), 0);
    assert_int_equal(content_read(dir, &sink, put_fault, &faults, &tree, &err), ERR_INVALID);
    assert_int_equal(copy.n, 0); /* nothing was copied of a directory with a fault */
    buf_done(&copy);
    buf_done(&faults);
}

static void one_file_is_read_by_the_same_way(void **state) {
    (void)state;
    struct buf text = {.max = 2 << 20};
    struct err err = {0};
    put_file("a", "one", 0644);
    assert_int_equal(content_read_file(dir, "a", &text, &err), 0);
    assert_true(bytes_is(bytes_of_buf(&text), "one"));
    assert_int_equal(symlink("a", at("link")), 0);
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    static const char *const bad[] = {"link", "fifo", "absent", ".", "../a", "/etc/passwd"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(content_read_file(dir, bad[i], &text, &err), ERR_NOTFOUND);
    }
    assert_int_equal(truncate(at("a"), CONTENT_KEPT_MAX + 1), 0);
    assert_int_equal(content_read_file(dir, "a", &text, &err), ERR_LIMIT);
    buf_done(&text);
}

/* Another process changes the directory while it is read: the later file becomes what `change` makes of it. */
static int begin_and_change(void *ctx, const char *path, bool program, struct err *err) {
    (void)program, (void)err;
    void (*const *change)(void) = ctx;
    if (strcmp(path, "a") == 0) (*change)();
    return 0;
}
static int ignore_piece(void *ctx, struct bytes piece, struct err *err) {
    (void)ctx, (void)piece, (void)err;
    return 0;
}
static int ignore_end(void *ctx, struct err *err) {
    (void)ctx, (void)err;
    return 0;
}
static void file_to_link(void) {
    unlink(at("d/b"));
    assert_int_equal(symlink("/etc/passwd", at("d/b")), 0);
}
static void dir_to_link(void) {
    unlink(at("d/b"));
    assert_int_equal(rmdir(at("d")), 0);
    assert_int_equal(symlink("/etc", at("d")), 0);
}
static void file_to_fifo(void) {
    unlink(at("d/b"));
    assert_int_equal(mkfifo(at("d/b"), 0600), 0);
}
static void file_gone(void) {
    unlink(at("d/b"));
}

static void what_changes_while_it_is_read_is_refused(void **state) {
    (void)state;
    static const struct {
        void (*change)(void);
        const char *fault;
    } cases[] = {{file_to_link, "d/b cannot be read: Too many levels of symbolic links\n"},
                 {dir_to_link, "d/b cannot be read: Too many levels of symbolic links\n"},
                 {file_to_fifo, "d/b is no longer a regular file\n"},
                 {file_gone, "d/b cannot be read: No such file or directory\n"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void (*change)(void) = cases[i].change;
        const struct content_sink sink = {&change, begin_and_change, ignore_piece, ignore_end};
        struct buf faults = {.max = 65536};
        struct content *tree = NULL;
        struct err err = {0};
        unlink(at("d"));
        mkdir(at("d"), 0700);
        put_file("a", "x", 0644);
        put_file("d/b", "x", 0644);
        assert_int_equal(content_read(dir, &sink, put_fault, &faults, &tree, &err), ERR_INVALID);
        buf_put_u8(&faults, 0);
        assert_string_equal((const char *)faults.p, cases[i].fault);
        unlink(at("d/b"));
        buf_done(&faults);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_digest_is_that_of_the_documented_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_change_of_a_file_changes_the_digest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_a_file_is_refused_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_that_are_hard_to_show_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_fault_is_found_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sparse_file_of_a_terabyte_is_refused_unread, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_files_are_refused_where_they_are_too_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(paths_that_are_too_long_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_that_is_not_there_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_hashed_is_what_is_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_file_is_read_by_the_same_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_changes_while_it_is_read_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
