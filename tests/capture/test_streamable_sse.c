/* Server-sent events out of pieces, and what is too large of them. */
#include "capture/streamable/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

#define LEFT 100000

struct seen {
    struct buf text;
    int answer;
};

static int on_event(void *ctx, const struct sse_event *e, struct err *err) {
    struct seen *seen = ctx;
    buf_printf(&seen->text, "<%.*s|%s%.*s|%.*s|%.*s>", (int)e->type.n, (const char *)e->type.p, e->has_id ? "#" : "",
               (int)e->id.n, (const char *)e->id.p, (int)e->retry.n, (const char *)e->retry.p, (int)e->data.n,
               (const char *)e->data.p);
    return seen->answer != 0 ? err_set(err, seen->answer, "enough") : 0;
}

/* Puts the text in pieces of n bytes, or of one cut at n; what was seen is `wanted`. */
static void put(struct bytes text, size_t n, bool once, size_t max, const char *wanted, uint64_t skipped) {
    struct seen seen = {.text = {.max = 1 << 20}};
    atomic_llong left = LEFT;
    struct sse sse;
    struct err err = {0};
    sse_init(&sse, max, &left, on_event, &seen);
    for (size_t at = 0; at < text.n;) {
        size_t size = once && at > 0 ? text.n - at : n < text.n - at ? n : text.n - at;
        uint8_t *copy = malloc(size + 1); /* so that a read past its end is seen */
        memcpy(copy, text.p + at, size);
        assert_int_equal(sse_put(&sse, (struct bytes){copy, size}, &err), 0);
        free(copy);
        at += size;
    }
    buf_put_u8(&seen.text, '\0');
    if (strcmp((const char *)seen.text.p, wanted) != 0) {
        fail_msg("in pieces of %zu: %s\nexpected %s", n, (const char *)seen.text.p, wanted);
    }
    assert_true(sse.skipped == skipped);
    sse_done(&sse);
    assert_true(atomic_load(&left) == LEFT);
    buf_done(&seen.text);
}

static void lines_of_any_end_in_any_pieces_give_the_same_events(void **state) {
    static const struct {
        const char *text, *wanted;
    } all[] = {
        {"data: a\n\n", "<|||a>"},
        {"data:a\r\n\r\ndata:  b\r\n\r\n", "<|||a><||| b>"},
        {"data: a\rdata: b\r\r", "<|||a\nb>"},
        {"\xef\xbb\xbf"
         "data: a\n\n",
         "<|||a>"},
        {"data: a\n\n\xef\xbb\xbf"
         "data: b\n\n",
         "<|||a>"}, /* a mark that begins no stream belongs to a name */
        {": a comment\nevent: message\nid: 7\nretry: 20\ndata\n\n", "<message|#7|20|>"},
        {"id: 7\n\n", "<|#7||>"},
        {"id\n\n", "<|#||>"},
        {"event: x\n\ndata: a\n\n", "<|||a>"}, /* a type alone is no event, and not that of the next one */
        {"retry: 2x\ndata: a\n\n", "<|||a>"},
        {"unknown: x\ndata: a\nDATA: b\n\n", "<|||a>"},
        {"data: a\ndata\ndata: c\n\n", "<|||a\n\nc>"},
        {"data: a\n\ndata: not ended\n", "<|||a>"},
        {"\n\n\r\r\n", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct bytes text = bytes_of(all[i].text);
        for (size_t n = 1; n <= text.n; n++) {
            put(text, n, false, 1000, all[i].wanted, 0);
            put(text, n, true, 1000, all[i].wanted, 0);
        }
    }
}

static void an_id_with_a_zero_byte_or_too_many_is_none(void **state) {
    (void)state;
    struct buf text = {.max = 4096};
    put((struct bytes){(const uint8_t *)"id: a\0b\ndata: x\n\n", 17}, 3, false, 1000, "<|||x>", 0);
    buf_put_str(&text, "id: ");
    for (int i = 0; i <= SSE_WORD_MAX; i++) {
        buf_put_u8(&text, 'i');
    }
    buf_put_str(&text, "\ndata: x\n\n");
    put(bytes_of_buf(&text), text.n, false, 1000, "<|||x>", 0);
    buf_done(&text);
}

static void an_event_that_is_too_large_is_skipped_and_counted(void **state) {
    static const char all[] = "data: a\n\ndata: 0123456789\ndata: 0123456789\nid: 7\n\ndata: b\n\n";
    (void)state;
    for (size_t n = 1; n < sizeof(all); n++) {
        struct seen seen = {.text = {.max = 4096}};
        atomic_llong left = LEFT;
        struct sse sse;
        struct err err = {0};
        sse_init(&sse, 18, &left, on_event, &seen);
        for (size_t at = 0; at < sizeof(all) - 1; at += n) {
            size_t size = n < sizeof(all) - 1 - at ? n : sizeof(all) - 1 - at;
            assert_int_equal(sse_put(&sse, (struct bytes){(const uint8_t *)all + at, size}, &err), 0);
        }
        assert_int_equal(seen.text.n, strlen("<|||a><|||b>"));
        assert_memory_equal(seen.text.p, "<|||a><|||b>", seen.text.n);
        assert_true(sse.skipped > 0);
        sse_done(&sse);
        assert_true(atomic_load(&left) == LEFT);
        buf_done(&seen.text);
    }
}

static void what_all_streams_hold_together_is_bounded(void **state) {
    struct seen seen = {.text = {.max = 4096}};
    atomic_llong left = 100; /* less than a buffer's first room for each */
    struct sse one, other;
    struct err err = {0};
    (void)state;
    sse_init(&one, 1000, &left, on_event, &seen);
    sse_init(&other, 1000, &left, on_event, &seen);
    assert_int_equal(sse_put(&one, bytes_of("data: a"), &err), 0);
    assert_int_equal(sse_put(&other, bytes_of("data: b"), &err), 0);
    assert_int_equal(sse_put(&other, bytes_of("\n\n"), &err), 0);
    assert_true(other.skipped > 0 && seen.text.n == 0);
    sse_done(&other);
    sse_done(&one);
    assert_true(atomic_load(&left) == 100);
    buf_done(&seen.text);
}

static void an_answer_of_the_reader_ends_the_reading(void **state) {
    struct seen seen = {.text = {.max = 4096}, .answer = ERR_NET};
    atomic_llong left = LEFT;
    struct sse sse;
    struct err err = {0};
    (void)state;
    sse_init(&sse, 1000, &left, on_event, &seen);
    assert_int_equal(sse_put(&sse, bytes_of("data: a\n\ndata: b\n\n"), &err), ERR_NET);
    assert_memory_equal(seen.text.p, "<|||a>", seen.text.n);
    sse_done(&sse);
    buf_done(&seen.text);
}

static void what_is_written_is_read_again(void **state) {
    static const struct sse_event all[] = {
        {.has_data = true},
        {.type = {(const uint8_t *)"message", 7}, .has_data = true},
        {.type = {(const uint8_t *)"ping", 4}, .id = {(const uint8_t *)"9", 1}, .has_id = true, .has_data = true},
        {.retry = {(const uint8_t *)"5", 1}, .has_id = true, .has_data = true},
    };
    static const char wanted[] = "<|||{}><|||{}><ping|#9||{}><|#|5|{}>";
    struct buf text = {.max = 4096};
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        sse_write(&text, &all[i], bytes_of("{}"));
    }
    put(bytes_of_buf(&text), 5, false, 1000, wanted, 0);
    buf_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_any_end_in_any_pieces_give_the_same_events),
        cmocka_unit_test(an_id_with_a_zero_byte_or_too_many_is_none),
        cmocka_unit_test(an_event_that_is_too_large_is_skipped_and_counted),
        cmocka_unit_test(what_all_streams_hold_together_is_bounded),
        cmocka_unit_test(an_answer_of_the_reader_ends_the_reading),
        cmocka_unit_test(what_is_written_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
