/* Marks: what was written is read back, what was changed is refused, and files are told apart. */
#include "ingest/jsonl/position.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/test_position.XXXXXX";

static int setup(void **state) {
    (void)state;
    return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    unlink("a");
    unlink("b");
    return chdir("/") == 0 ? rmdir(dir) : -1;
}

static void put(const char *name, const char *text) {
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void a_mark_comes_back_and_no_part_of_it_does(void **state) {
    (void)state;
    struct file_position m = {.ino = 7, .born = 8, .offset = 1 << 20, .generation = 3, .head_n = 1024}, back;
    struct buf out;
    buf_init(&out, 4096);
    memset(m.head, 0xab, sizeof(m.head));
    file_position_encode(&out, &m);
    assert_int_equal(file_position_decode(bytes_of_buf(&out), &back), 0);
    assert_memory_equal(&m, &back, sizeof(m));
    for (size_t n = 0; n < out.n; n++) {
        assert_int_equal(file_position_decode((struct bytes){out.p, n}, &back), ERR_CORRUPT);
    }
    m.head_n = 1025;
    buf_clear(&out);
    file_position_encode(&out, &m);
    assert_int_equal(file_position_decode(bytes_of_buf(&out), &back), ERR_CORRUPT);
    buf_done(&out);
}

static void the_name_is_the_same_by_any_way_to_the_file_and_while_it_is_away(void **state) {
    (void)state;
    char a[FILE_POSITION_NAME_LEN], b[FILE_POSITION_NAME_LEN], path[64];
    snprintf(path, sizeof(path), "%s/../%s/absent", dir, dir + 5);
    assert_int_equal(file_position_name("absent", a, NULL), 0);
    assert_int_equal(file_position_name(path, b, NULL), 0);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), strlen("ingest/jsonl/") + 32);
    assert_int_equal(file_position_name("other", b, NULL), 0);
    assert_string_not_equal(a, b);
    assert_int_equal(file_position_name("/nonexistent/dir/x", b, NULL), ERR_NOTFOUND);
}

static void files_are_told_apart_by_identity_and_content_by_its_beginning(void **state) {
    (void)state;
    struct file_position a = {0}, b = {0};
    put("a", "first line\nsecond line\n");
    put("b", "first line\nsecond line\n");
    assert_true(file_position_identify(AT_FDCWD, "a", &a));
    assert_true(file_position_identify(AT_FDCWD, "b", &b));
    assert_true(file_position_same_file(&a, &a));
    assert_false(file_position_same_file(&a, &b));
    assert_false(file_position_identify(AT_FDCWD, "absent", &b));
    int fd = open("a", O_RDONLY | O_CLOEXEC);
    a.offset = a.head_n = 11;
    assert_true(file_position_head(fd, a.head_n, a.head));
    assert_true(file_position_same_content(&a, fd));
    assert_false(file_position_head(fd, 24, b.head));
    put("a", "First line\nsecond line\n");
    assert_false(file_position_same_content(&a, fd));
    put("a", "first line");
    assert_false(file_position_same_content(&a, fd));
    put("a", "first line\n");
    assert_true(file_position_same_content(&a, fd));
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_comes_back_and_no_part_of_it_does),
        cmocka_unit_test(the_name_is_the_same_by_any_way_to_the_file_and_while_it_is_away),
        cmocka_unit_test(files_are_told_apart_by_identity_and_content_by_its_beginning),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
