/* Lines from a stream: their text, number and offset, whatever the blocks; long lines, truncated lines, growing files. */
#include "ingest/input/lines.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"

static char path[] = "/tmp/test_lines.XXXXXX";

static int setup(void **state) {
    (void)state;
    int fd = mkstemp(path);
    if (fd < 0) return -1;
    close(fd);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return unlink(path);
}

static void put_file(struct bytes data, int flags) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags);
    assert_true(fd >= 0);
    for (size_t at = 0; at < data.n;) {
        ssize_t n = write(fd, data.p + at, data.n - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
    close(fd);
}

static struct lines *open_lines(struct lines_digest *digest) {
    struct gz *gz = NULL;
    struct lines *lines = NULL;
    assert_int_equal(gz_open(path, GZ_DETECT, UINT64_MAX, &gz, NULL), 0);
    assert_int_equal(lines_new(gz, digest, NULL, &lines, NULL), 0);
    return lines;
}

static void next_is(struct lines *lines, const char *text, uint64_t number, uint64_t offset) {
    struct lines_line line;
    assert_int_equal(lines_next(lines, -1, &line, NULL), 0);
    assert_true(bytes_is(line.text, text));
    assert_int_equal(line.number, number);
    assert_int_equal(line.offset, offset);
    assert_true(line.ended);
    assert_false(line.too_long);
}

static void lines_have_text_number_and_offset_without_mark_and_line_ends(void **state) {
    (void)state;
    struct lines_line line;
    put_file(bytes_of("\xef\xbb\xbfone\r\n\ntw\ro\n\xef\xbb\xbfthree\nrest\r"), O_TRUNC);
    struct lines *lines = open_lines(NULL);
    next_is(lines, "one", 1, 0);
    next_is(lines, "", 2, 8);
    next_is(lines, "tw\ro", 3, 9);
    next_is(lines, "\xef\xbb\xbfthree", 4, 14);
    assert_int_equal(lines_next(lines, -1, &line, NULL), 1);
    assert_true(lines_at_end(lines));
    assert_int_equal(lines_pending(lines), 5);
    assert_int_equal(lines_rest(lines, &line), 0);
    assert_true(bytes_is(line.text, "rest\r"));
    assert_false(line.ended);
    assert_int_equal(line.number, 5);
    assert_int_equal(lines_rest(lines, &line), 1);
    assert_int_equal(lines_offset(lines), 28);
    lines_free(lines);
}

static void digest_and_length_are_those_of_all_lines_given(void **state) {
    (void)state;
    struct lines_digest digest = {.hash = hash_new()};
    struct lines_line line;
    uint8_t got[HASH_LEN], want[HASH_LEN];
    struct bytes content = bytes_of("a\r\nbb\nccc\nnot given");
    put_file(content, O_TRUNC);
    struct lines *lines = open_lines(&digest);
    while (lines_next(lines, -1, &line, NULL) == 0) {
    }
    hash_end(digest.hash, got);
    content.n -= strlen("not given");
    hash_parts(want, &content, 1);
    assert_memory_equal(got, want, HASH_LEN);
    assert_int_equal(digest.bytes, content.n);
    lines_free(lines);
    hash_free(digest.hash);
}

static void many_lines_of_many_lengths_cross_blocks_whole(void **state) {
    (void)state;
    struct buf data;
    buf_init(&data, (size_t)64 << 20);
    for (size_t i = 0; i < 3000; i++) {
        size_t n = i * 7919 % 2003;
        buf_printf(&data, "%zu:", i);
        memset(buf_room(&data, n), 'x', n);
        data.n += n;
        buf_put_u8(&data, '\n');
    }
    put_file(bytes_of_buf(&data), O_TRUNC);
    struct lines *lines = open_lines(NULL);
    struct lines_line line;
    size_t i = 0, offset = 0;
    while (lines_next(lines, -1, &line, NULL) == 0) {
        char head[32];
        int head_n = snprintf(head, sizeof(head), "%zu:", i);
        assert_true(bytes_has_prefix(line.text, head));
        assert_int_equal(line.text.n, (size_t)head_n + i * 7919 % 2003);
        assert_int_equal(line.offset, offset);
        offset += line.text.n + 1;
        i++;
    }
    assert_int_equal(i, 3000);
    assert_int_equal(offset, data.n);
    lines_free(lines);
    buf_done(&data);
}

static void a_line_of_the_longest_length_passes_and_one_byte_more_is_said(void **state) {
    (void)state;
    for (size_t more = 0; more < 4; more++) {
        size_t n = LINES_LINE_MAX + (more == 3 ? 5 * LINES_LINE_MAX : more);
        struct buf data;
        buf_init(&data, n + 100);
        memset(buf_room(&data, n), 'y', n);
        data.n = n;
        buf_put_str(&data, "\nafter\n");
        put_file(bytes_of_buf(&data), O_TRUNC);
        struct lines *lines = open_lines(NULL);
        struct lines_line line;
        assert_int_equal(lines_next(lines, -1, &line, NULL), 0);
        assert_int_equal(line.too_long, more > 0);
        assert_int_equal(line.number, 1);
        assert_int_equal(line.offset, 0);
        assert_true(more > 0 || line.text.n == n);
        next_is(lines, "after", 2, n + 1);
        lines_free(lines);
        buf_done(&data);
    }
}

static void a_long_line_without_an_end_is_given_by_its_beginning(void **state) {
    (void)state;
    size_t n = 2 * LINES_LINE_MAX;
    struct buf data;
    buf_init(&data, n);
    memset(buf_room(&data, n), 'z', n);
    data.n = n;
    put_file(bytes_of_buf(&data), O_TRUNC);
    struct lines *lines = open_lines(NULL);
    struct lines_line line;
    assert_int_equal(lines_next(lines, -1, &line, NULL), 1);
    assert_int_equal(lines_rest(lines, &line), 0);
    assert_true(line.too_long);
    assert_false(line.ended);
    assert_int_equal(lines_offset(lines), n);
    lines_free(lines);
    buf_done(&data);
}

static void a_growing_file_gives_a_line_when_it_is_whole(void **state) {
    (void)state;
    struct lines_line line;
    put_file(bytes_of("one\ntw"), O_TRUNC);
    struct lines *lines = open_lines(NULL);
    next_is(lines, "one", 1, 0);
    assert_int_equal(lines_next(lines, -1, &line, NULL), 1);
    put_file(bytes_of("o\nthree\n"), O_APPEND);
    next_is(lines, "two", 2, 4);
    next_is(lines, "three", 3, 8);
    assert_int_equal(lines_next(lines, -1, &line, NULL), 1);
    lines_free(lines);
}

static void a_quiet_pipe_gives_control_back(void **state) {
    (void)state;
    int fds[2], saved = dup(STDIN_FILENO);
    struct gz *gz = NULL;
    struct lines *lines = NULL;
    struct lines_line line;
    assert_int_equal(pipe(fds), 0);
    assert_true(dup2(fds[0], STDIN_FILENO) >= 0);
    assert_int_equal(write(fds[1], "whole line\nhalf", 15), 15);
    assert_int_equal(gz_open("-", GZ_DETECT, UINT64_MAX, &gz, NULL), 0);
    assert_int_equal(lines_new(gz, NULL, NULL, &lines, NULL), 0);
    assert_int_equal(lines_next(lines, 20, &line, NULL), 0);
    assert_true(bytes_is(line.text, "whole line"));
    assert_int_equal(lines_next(lines, 20, &line, NULL), 1);
    assert_false(lines_at_end(lines));
    close(fds[1]);
    assert_int_equal(lines_next(lines, 20, &line, NULL), 1);
    assert_true(lines_at_end(lines));
    lines_free(lines);
    assert_true(dup2(saved, STDIN_FILENO) >= 0);
    close(saved);
    close(fds[0]);
}

static void the_stop_flag_ends_the_wait_for_a_pipe(void **state) {
    (void)state;
    int fds[2], saved = dup(STDIN_FILENO);
    volatile sig_atomic_t stop = 1;
    struct gz *gz = NULL;
    struct lines *lines = NULL;
    struct lines_line line;
    assert_int_equal(pipe(fds), 0);
    assert_true(dup2(fds[0], STDIN_FILENO) >= 0);
    assert_int_equal(gz_open("-", GZ_DETECT, UINT64_MAX, &gz, NULL), 0);
    assert_int_equal(lines_new(gz, NULL, &stop, &lines, NULL), 0);
    assert_int_equal(lines_next(lines, -1, &line, NULL), 1);
    lines_free(lines);
    assert_true(dup2(saved, STDIN_FILENO) >= 0);
    close(saved);
    close(fds[0]);
    close(fds[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_text_number_and_offset_without_mark_and_line_ends),
        cmocka_unit_test(digest_and_length_are_those_of_all_lines_given),
        cmocka_unit_test(many_lines_of_many_lengths_cross_blocks_whole),
        cmocka_unit_test(a_line_of_the_longest_length_passes_and_one_byte_more_is_said),
        cmocka_unit_test(a_long_line_without_an_end_is_given_by_its_beginning),
        cmocka_unit_test(a_growing_file_gives_a_line_when_it_is_whole),
        cmocka_unit_test(a_quiet_pipe_gives_control_back),
        cmocka_unit_test(the_stop_flag_ends_the_wait_for_a_pipe),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
