/* base/text.h: what is accepted, to the last byte, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static struct bytes view(const char *s) {
    return bytes_of(s);
}

static size_t valid_prefix(const void *p, size_t n) {
    /* A copy of the exact size, so that the sanitizer detects a read past the end. */
    uint8_t *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy + 1, p, n);
    size_t good = text_utf8_valid(copy + 1, n);
    free(copy);
    return good;
}

/* ---- UTF-8 -------------------------------------------------------------------------------------------------------- */

static size_t encode(uint8_t *p, uint32_t c) {
    if (c < 0x80) {
        p[0] = (uint8_t)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; c >>= 6) {
        p[i] = (uint8_t)(0x80 | (c & 0x3f));
    }
    p[0] = (uint8_t)(lead[n] | c);
    return n;
}

static void every_code_point_but_the_surrogates_is_valid(void **state) {
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint8_t p[4];
        size_t n = encode(p, c);
        bool surrogate = c >= 0xd800 && c < 0xe000;
        assert_int_equal(text_utf8_valid(p, n), surrogate ? 0 : n);
    }
}

static void no_other_two_or_three_bytes_are_a_code_point(void **state) {
    (void)state;
    size_t two = 0, three = 0;
    for (uint32_t v = 0x800000; v < 0x1000000; v++) {
        uint8_t p[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        if (p[2] == 0x80 && text_utf8_valid(p, 2) == 2) {
            two++;
        }
        /* Three bytes that are valid only together are one code point. */
        three += text_utf8_valid(p, 3) == 3 && text_utf8_valid(p, 2) == 0;
    }
    assert_int_equal(two, 0x800 - 0x80);
    assert_int_equal(three, 0x10000 - 0x800 - 0x800);
}

static void four_bytes_begin_at_u10000_and_end_at_u10ffff(void **state) {
    (void)state;
    size_t count = 0;
    for (unsigned v = 0; v < 0x10000; v++) {
        uint8_t p[4] = {(uint8_t)(v >> 8), (uint8_t)v, 0x80, 0xbf};
        count += p[0] >= 0xf0 && text_utf8_valid(p, 4) == 4;
    }
    assert_int_equal(count, 0x100000 / 0x1000);
    assert_int_equal(valid_prefix("\xf0\x90\x80\x80", 4), 4);
    assert_int_equal(valid_prefix("\xf0\x8f\xbf\xbf", 4), 0);
    assert_int_equal(valid_prefix("\xf4\x8f\xbf\xbf", 4), 4);
    assert_int_equal(valid_prefix("\xf4\x90\x80\x80", 4), 0);
    assert_int_equal(valid_prefix("\xf5\x80\x80\x80", 4), 0);
}

static void the_offset_of_the_first_bad_byte_is_given(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t n, good;
    } cases[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"gr\xc3\xb6\xc3\x9f"
         "e",
         7, 7},
        {"\x80", 1, 0},                  /* a continuation byte without a lead byte */
        {"ab\xc3", 3, 2},                /* cut */
        {"ab\xe2\x82", 4, 2},            /* cut */
        {"ab\xf0\x9f\x98", 5, 2},        /* cut */
        {"ab\xc0\xaf", 4, 2},            /* overlong '/' */
        {"ab\xc1\xbf", 4, 2},            /* overlong */
        {"ab\xe0\x9f\xbf", 5, 2},        /* overlong */
        {"ab\xed\xa0\x80", 5, 2},        /* U+D800 */
        {"ab\xed\xbf\xbf", 5, 2},        /* U+DFFF */
        {"ab\xee\x80\x80", 5, 5},        /* U+E000 */
        {"ab\xed\x9f\xbf", 5, 5},        /* U+D7FF */
        {"ab\xef\xbf\xbf", 5, 5},        /* U+FFFF */
        {"0123456789abcde\xff", 16, 15}, /* after a word of ASCII */
        {"01234567\xc3\xb6y\xfe", 12, 11},
        {"a\0b", 3, 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(valid_prefix(cases[i].text, cases[i].n), cases[i].good);
    }
    assert_int_equal(text_utf8_valid(NULL, 0), 0);
}

static void a_bad_byte_is_found_at_every_place_of_long_text(void **state) {
    (void)state;
    uint8_t p[64];
    for (size_t n = 1; n <= sizeof(p); n++) {
        for (size_t i = 0; i < n; i++) {
            memset(p, 'x', sizeof(p));
            p[i] = 0xff;
            assert_int_equal(valid_prefix(p, n), i);
        }
    }
}

static void controls_of_c0_and_c1_and_del_are_found(void **state) {
    (void)state;
    for (uint32_t c = 0; c < 0x200; c++) {
        uint8_t p[6] = {'a'};
        size_t n = 1 + encode(p + 1, c);
        p[n++] = 'b';
        struct bytes text = {p, n};
        assert_int_equal(text_has_control(text), c < 0x20 || (c >= 0x7f && c < 0xa0));
    }
    assert_false(text_has_control(view("")));
    assert_false(text_has_control(view("\xe2\x82\xac \xf0\x9f\x98\x80")));
}

/* ---- in blocks ---------------------------------------------------------------------------------------------------- */

/* RFC 3629's table of well-formed sequences, read byte by byte. */
static size_t plain_valid(const uint8_t *p, size_t n) {
    static const struct {
        uint8_t first[2], second[2], tails;
    } rows[] = {{{0x00, 0x7f}, {0, 0}, 0},       {{0xc2, 0xdf}, {0x80, 0xbf}, 1}, {{0xe0, 0xe0}, {0xa0, 0xbf}, 2},
                {{0xe1, 0xec}, {0x80, 0xbf}, 2}, {{0xed, 0xed}, {0x80, 0x9f}, 2}, {{0xee, 0xef}, {0x80, 0xbf}, 2},
                {{0xf0, 0xf0}, {0x90, 0xbf}, 3}, {{0xf1, 0xf3}, {0x80, 0xbf}, 3}, {{0xf4, 0xf4}, {0x80, 0x8f}, 3}};
    size_t i = 0;
    while (i < n) {
        size_t row = 0, len = 0;
        for (; row < sizeof(rows) / sizeof(rows[0]) && len == 0; row++) {
            if (p[i] < rows[row].first[0] || p[i] > rows[row].first[1]) continue;
            bool good = n - i > rows[row].tails;
            for (size_t k = 1; good && k <= rows[row].tails; k++) {
                uint8_t low = k == 1 ? rows[row].second[0] : 0x80, high = k == 1 ? rows[row].second[1] : 0xbf;
                good = p[i + k] >= low && p[i + k] <= high;
            }
            len = good ? 1U + rows[row].tails : 0;
        }
        if (len == 0) return i;
        i += len;
    }
    return n;
}

static unsigned plain_look(const uint8_t *p, size_t n) {
    unsigned look = 0;
    for (size_t i = 0; i < n; i++) {
        look |= p[i] >= 0x80 ? TEXT_WIDE : 0;
        look |= p[i] < 0x20 || p[i] == 0x7f ? TEXT_CONTROL : 0;
        look |= p[i] == '/' ? TEXT_SLASH : 0;
        look |= p[i] == '\\' ? TEXT_BACKSLASH : 0;
    }
    return look;
}

/* The bytes in a copy of their exact size, so that the sanitizer detects a read before or past them. */
static void assert_as_byte_by_byte(const uint8_t *p, size_t n) {
    uint8_t *copy = malloc(n != 0 ? n : 1);
    assert_non_null(copy);
    if (n != 0) {
        memcpy(copy, p, n);
    }
    struct bytes text = {copy, n};
    size_t good = plain_valid(p, n);
    unsigned look = plain_look(p, n);
    if (text_utf8_valid(copy, n) != good || text_look(text) != look || text_is_ascii(text) != ((look & TEXT_WIDE) == 0)) {
        fail_msg("%zu bytes: valid to %zu, seen %x, not %zu, %x", n, text_utf8_valid(copy, n), text_look(text), good, look);
    }
    free(copy);
}

static void every_byte_is_seen_at_every_place_of_texts_around_the_block_size(void **state) {
    (void)state;
    uint8_t p[50];
    for (size_t n = 0; n <= sizeof(p); n++) {
        for (size_t i = 0; i < n; i++) {
            for (unsigned c = 0; c < 256; c++) {
                memset(p, 'x', sizeof(p));
                p[i] = (uint8_t)c;
                assert_as_byte_by_byte(p, n);
            }
        }
    }
    assert_int_equal(text_look(view("")), 0);
    assert_int_equal(text_look((struct bytes){NULL, 0}), 0);
    assert_true(text_is_ascii((struct bytes){NULL, 0}));
}

/* Two bytes of every value at the boundaries of words and blocks. */
static void every_pair_of_bytes_is_judged_on_the_edge_of_words_and_blocks(void **state) {
    (void)state;
    static const size_t at[] = {0, 3, 7, 14, 15, 16, 23};
    uint8_t p[26];
    for (size_t k = 0; k < sizeof(at) / sizeof(at[0]); k++) {
        for (unsigned v = 0; v < 0x10000; v++) {
            memset(p, 'x', sizeof(p));
            p[at[k]] = (uint8_t)(v >> 8);
            p[at[k] + 1] = (uint8_t)v;
            size_t n = at[k] + 2 + v % 2;
            if (text_utf8_valid(p, n) != plain_valid(p, n)) {
                fail_msg("%04x at %zu of %zu", v, at[k], n);
            }
        }
    }
}

static void random_texts_of_difficult_bytes_are_judged_as_byte_by_byte(void **state) {
    (void)state;
    static const char *const pieces[] = {
        "a",    "text of ascii",    "/",        "\\",           "\x7f", "\x1f",     "\xc3\xb6",
        "\xc2", "\xe2\x82\xac",     "\xe2\x82", "\xed\x9f\xbf", "\xed", "\xed\xa0", "\xef\xbf\xbf",
        "\x80", "\xf0\x9f\x98\x80", "\xf0\x9f", "\xc2\x85",     "\xf4", "\xf5",     "\xc0\x80"};
    uint64_t x = 88172645463325252u;
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t p[128];
        size_t n = 0;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        uint64_t v = x;
        for (unsigned k = 0; k < 1 + i % 8; k++, v /= 37) {
            const char *piece = v % 3 == 0 ? pieces[v / 3 % (sizeof(pieces) / sizeof(pieces[0]))] : pieces[v % 2];
            memcpy(p + n, piece, strlen(piece));
            n += strlen(piece);
        }
        assert_as_byte_by_byte(p, n);
    }
}

static void a_control_is_found_at_every_place_of_long_text(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool control;
    } cases[] = {{"\x1f", true},      {"\x7f", true},      {"\xc2\x80", true}, {"\xc2\x9f", true},
                 {"\xc2\xa0", false}, {"\xc3\x80", false}, {" ", false},       {"~", false}};
    for (size_t n = 2; n <= 40; n++) {
        for (size_t i = 0; i + 2 <= n; i++) {
            for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
                uint8_t p[40];
                memset(p, 'x', sizeof(p));
                memcpy(p + i, cases[k].text, strlen(cases[k].text));
                assert_int_equal(text_has_control((struct bytes){p, n}), cases[k].control);
            }
        }
    }
}

/* ---- hex, base64, decimal ----------------------------------------------------------------------------------------- */

static void hex_reads_back_and_is_lowercase(void **state) {
    (void)state;
    uint8_t all[256], back[256];
    char hex[513];
    for (unsigned i = 0; i < 256; i++) {
        all[i] = (uint8_t)i;
    }
    text_hex(hex, all, sizeof(all));
    assert_int_equal(strlen(hex), 512);
    assert_memory_equal(hex + 2 * 0xab, "abacadae", 8);
    assert_int_equal(text_unhex(back, sizeof(back), view(hex)), 0);
    assert_memory_equal(back, all, sizeof(all));
    text_hex(hex, all, 0);
    assert_string_equal(hex, "");
}

static void hex_of_another_length_or_alphabet_is_refused_and_writes_nothing(void **state) {
    (void)state;
    static const char *const bad[] = {"",     "0",    "00",   "000",  "00000", "000000",
                                      "00AF", "0x00", "00 0", "000g", "-100",  "00:0"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t out[2] = {0x5a, 0x5a};
        assert_int_equal(text_unhex(out, 2, view(bad[i])), ERR_INVALID);
        assert_int_equal(out[0], 0x5a);
        assert_int_equal(out[1], 0x5a);
    }
    uint8_t out[2];
    assert_int_equal(text_unhex(out, 2, view("00af")), 0);
    assert_int_equal(text_unhex(out, 0, view("")), 0);
    /* twice the size wraps to zero */
    assert_int_equal(text_unhex(out, SIZE_MAX / 2 + 1, view("")), ERR_INVALID);
}

static void the_base64_vectors_of_rfc_4648_hold(void **state) {
    (void)state;
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"},
                                             {"\xff\xef\xbe\xfb", "/+++"
                                                                  "+w=="}};
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct buf out;
        buf_init(&out, 64);
        struct bytes plain = view(vectors[i][0]);
        assert_int_equal(text_base64(&out, plain.p, plain.n), 0);
        assert_true(bytes_is(bytes_of_buf(&out), vectors[i][1]));
        buf_clear(&out);
        assert_int_equal(text_unbase64(&out, view(vectors[i][1])), 0);
        assert_true(bytes_eq(bytes_of_buf(&out), plain));
        buf_done(&out);
    }
}

static void one_value_has_one_base64_text(void **state) {
    (void)state;
    /* Of all four-character texts over a set that includes every kind (digits with and without zero bits at their end,
     * padding, garbage, white space), those that are accepted encode back to themselves. */
    static const char set[] = "AQgwBEzZ059+/=-_ \n";
    size_t n = sizeof(set) - 1, accepted = 0;
    struct buf raw, again;
    buf_init(&raw, 16);
    buf_init(&again, 16);
    for (size_t v = 0; v < n * n * n * n; v++) {
        char t[5] = {set[v % n], set[v / n % n], set[v / n / n % n], set[v / n / n / n], '\0'};
        buf_clear(&raw);
        if (text_unbase64(&raw, view(t)) == 0) {
            accepted++;
            buf_clear(&again);
            assert_int_equal(text_base64(&again, raw.p, raw.n), 0);
            assert_true(bytes_is(bytes_of_buf(&again), t));
        } else {
            assert_int_equal(raw.n, 0);
        }
    }
    /* 13 digits: four of them; three and "=" if the last ends in two zero bits (6 do); two and "==" if it ends in four (4
     * do). */
    assert_int_equal(accepted, 13 * 13 * 13 * 13 + 13 * 13 * 6 + 13 * 4);
    buf_done(&raw);
    buf_done(&again);
}

static void base64_that_is_not_strict_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"Z",        "Zg",   "Zg=",  "Zg===",    "Zg==Zg==",  "Zm8=Zm8=",   "=",
                                      "====",     "Zh==", "Zm9=", "Zm9v\n",   " Zm9v",     "Zm9vYg==\n", "Zm 9v",
                                      "Zm9vYm-_", "Z=9v", "Zm=v", "Zm9vZ===", "\xc3\xb6yv"};
    struct buf out;
    buf_init(&out, 64);
    buf_put_str(&out, "kept");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(text_unbase64(&out, view(bad[i])), ERR_INVALID);
        assert_true(bytes_is(bytes_of_buf(&out), "kept"));
    }
    buf_done(&out);
    buf_init(&out, 3);
    assert_int_equal(text_unbase64(&out, view("Zm9vYg==")), ERR_LIMIT);
    assert_int_equal(text_base64(&out, (const uint8_t *)"x", 1), ERR_LIMIT);
    buf_done(&out);
}

static void decimal_has_no_sign_no_leading_zero_and_no_overflow(void **state) {
    (void)state;
    uint64_t v = 7;
    static const char *const bad[] = {"",
                                      "00",
                                      "01",
                                      "+1",
                                      "-1",
                                      " 1",
                                      "1 ",
                                      "1x",
                                      "x",
                                      "0x10",
                                      "1.0",
                                      "1e3",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "184467440737095516150"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(text_parse_u64(view(bad[i]), &v), ERR_INVALID);
        assert_int_equal(v, 7);
    }
    assert_int_equal(text_parse_u64(view("0"), &v), 0);
    assert_int_equal(v, 0);
    assert_int_equal(text_parse_u64(view("1234567890"), &v), 0);
    assert_int_equal(v, 1234567890);
    assert_int_equal(text_parse_u64(view("18446744073709551615"), &v), 0);
    assert_true(v == UINT64_MAX);
}

/* ---- for people --------------------------------------------------------------------------------------------------- */

static void what_could_move_or_hide_text_is_shown_as_an_escape(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        const char *shown;
    } cases[] = {
        {"", 0, ""},
        {"plain text, C:\\path", 19, "plain text, C:\\path"},
        {"gr\xc3\xb6\xc3\x9f"
         "e \xf0\x9f\x98\x80",
         12,
         "gr\xc3\xb6\xc3\x9f"
         "e \xf0\x9f\x98\x80"},
        {"a\nb\tc\rd", 7, "a\\nb\\tc\\rd"},
        {"\a\b\v\f", 4, "\\a\\b\\v\\f"},
        {"\x1b[31mred\x1b[0m", 12, "\\x1b[31mred\\x1b[0m"},
        {"\x1b]0;title\x07", 10, "\\x1b]0;title\\a"},
        {"nul\0!", 5, "nul\\x00!"},
        {"del\x7f", 4, "del\\x7f"},
        {"csi\xc2\x9b"
         "1m",
         7, "csi\\u{9b}1m"},
        {"user\xe2\x80\xae"
         "txt.exe",
         14, "user\\u{202e}txt.exe"},
        {"\xe2\x81\xa6x\xe2\x81\xa9", 7, "\\u{2066}x\\u{2069}"},
        {"\xe2\x80\x8f\xd8\x9c", 5, "\\u{200f}\\u{61c}"},
        {"line\xe2\x80\xa8"
         "two\xe2\x80\xa9",
         13, "line\\u{2028}two\\u{2029}"},
        {"\xef\xbb\xbfz\xe2\x80\x8bw", 8, "\\u{feff}z\\u{200b}w"},
        {"tag\xf3\xa0\x81\x81", 7, "tag\\u{e0041}"},
        {"bad\xff\xfe", 5, "bad\\xff\\xfe"},
        {"cut\xe2\x82", 5, "cut\\xe2\\x82"},
        {"over\xc0\xaf", 6, "over\\xc0\\xaf"},
        {"half\xed\xa0\x80", 7, "half\\xed\\xa0\\x80"},
        /* joiners, where they join and where they only hide */
        {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", 11, "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"},
        {"\xd9\x85\xe2\x80\x8c\xd8\xae", 7, "\xd9\x85\xe2\x80\x8c\xd8\xae"},
        {"pack\xe2\x80\x8d/a", 9, "pack\\u{200d}/a"},
        {"\xe2\x80\x8cx", 4, "\\u{200c}x"},
        /* selectors, where they select and where they only hide */
        {"\xe2\x9d\xa4\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x94\xa5", 13,
         "\xe2\x9d\xa4\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x94\xa5"},
        {"1\xef\xb8\x8f\xe2\x83\xa3", 7, "1\xef\xb8\x8f\xe2\x83\xa3"},
        {"a\xef\xb8\x8f", 4, "a\\u{fe0f}"},
        {"\xe2\x9d\xa4\xf3\xa0\x84\x80\xf3\xa0\x84\x81", 11, "\xe2\x9d\xa4\xf3\xa0\x84\x80\\u{e0101}"},
        {"\xe3\x85\xa4\xef\xbe\xa0\xcd\x8f", 8, "\\u{3164}\\u{ffa0}\\u{34f}"},
        {"\xd9\x85\xe2\x80\x8c\xe2\x80\x8d", 8, "\xd9\x85\xe2\x80\x8c\\u{200d}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out, 256);
        struct bytes text = {(const uint8_t *)cases[i].text, cases[i].n};
        assert_int_equal(text_safe(&out, text), 0);
        assert_true(bytes_is(bytes_of_buf(&out), cases[i].shown));
        buf_done(&out);
    }
}

static void safe_text_is_valid_without_controls_and_stays_as_it_is(void **state) {
    (void)state;
    uint8_t noise[512];
    uint32_t seed = 1;
    for (unsigned round = 0; round < 500; round++) {
        for (size_t i = 0; i < sizeof(noise); i++) {
            seed = seed * 1664525 + 1013904223;
            noise[i] = (uint8_t)(seed >> 24);
        }
        struct buf once, twice;
        buf_init(&once, 4096);
        buf_init(&twice, 4096);
        struct bytes text = {noise, sizeof(noise)};
        assert_int_equal(text_safe(&once, text), 0);
        assert_int_equal(text_utf8_valid(once.p, once.n), once.n);
        assert_false(text_has_control(bytes_of_buf(&once)));
        assert_int_equal(text_safe(&twice, bytes_of_buf(&once)), 0);
        assert_true(bytes_eq(bytes_of_buf(&once), bytes_of_buf(&twice)));
        buf_done(&once);
        buf_done(&twice);
    }
}

static void safe_json_stays_json_and_steers_nothing(void **state) {
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"{\"a\":\"plain \xc3\xa4\"}\n", "{\"a\":\"plain \xc3\xa4\"}\n"},
        {"\"\xe2\x80\xae\"", "\"\\u202e\""},
        {"\"\xc2\x9b\x7f\"", "\"\\u009b\\u007f\""},
        {"\"a\xe2\x80\x8d\"", "\"a\\u200d\""},
        {"\"\xf3\xa0\x81\x81\"", "\"\\udb40\\udc41\""},
        {"\"\xff\"", "\"\\ufffd\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out, 256);
        assert_int_equal(text_safe_json(&out, bytes_of(cases[i].text)), 0);
        assert_true(bytes_is(bytes_of_buf(&out), cases[i].shown));
        buf_done(&out);
    }
}

static void safe_text_keeps_to_the_maximum(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 5);
    assert_int_equal(text_safe(&out, view("a\x1b\x1b")), ERR_LIMIT);
    buf_done(&out);
}

static void the_distance_counts_insert_delete_replace_and_swap(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        size_t d;
    } cases[] = {{"", "", 0},
                 {"verify", "verify", 0},
                 {"verfiy", "verify", 1},
                 {"verif", "verify", 1},
                 {"verifyy", "verify", 1},
                 {"verity", "verify", 1},
                 {"evrifyx", "verify", 2},
                 {"ab", "ba", 1},
                 {"", "abc", 3},
                 {"kitten", "sitting", 3},
                 {"abc", "xyz", 3},
                 {"append", "query", 4}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t want = cases[i].d > 3 ? 4 : cases[i].d;
        assert_int_equal(text_distance(cases[i].a, cases[i].b, 3), want);
        assert_int_equal(text_distance(cases[i].b, cases[i].a, 3), want);
    }
    assert_int_equal(text_distance("abc", "xyz", 1), 2);
    char longest[200], same[200];
    memset(longest, 'a', sizeof(longest));
    longest[199] = '\0';
    memcpy(same, longest, sizeof(same));
    assert_int_equal(text_distance(longest, same, 2), 0);
    same[5] = 'b';
    assert_int_equal(text_distance(longest, same, 2), 3);
    longest[127] = same[127] = '\0';
    assert_int_equal(text_distance(longest, same, 2), 1);
}

static void words_agree_with_their_numbers(void **state) {
    (void)state;
    assert_string_equal(text_s(1), "");
    assert_string_equal(text_s(2), "s");
    assert_string_equal(text_has(0, 1), "has");
    assert_string_equal(text_has(1, 1), "has");
    assert_string_equal(text_has(1, 3), "has");
    assert_string_equal(text_has(0, 3), "have");
    assert_string_equal(text_has(2, 3), "have");
    assert_string_equal(text_differs(1), "is not the one that");
    assert_string_equal(text_differs(3), "are not those that");
}

int main(void) {
    const struct CMUnitTest tests[] = {

        cmocka_unit_test(words_agree_with_their_numbers),
        cmocka_unit_test(every_code_point_but_the_surrogates_is_valid),
        cmocka_unit_test(no_other_two_or_three_bytes_are_a_code_point),
        cmocka_unit_test(four_bytes_begin_at_u10000_and_end_at_u10ffff),
        cmocka_unit_test(the_offset_of_the_first_bad_byte_is_given),
        cmocka_unit_test(a_bad_byte_is_found_at_every_place_of_long_text),
        cmocka_unit_test(controls_of_c0_and_c1_and_del_are_found),
        cmocka_unit_test(every_byte_is_seen_at_every_place_of_texts_around_the_block_size),
        cmocka_unit_test(every_pair_of_bytes_is_judged_on_the_edge_of_words_and_blocks),
        cmocka_unit_test(random_texts_of_difficult_bytes_are_judged_as_byte_by_byte),
        cmocka_unit_test(a_control_is_found_at_every_place_of_long_text),
        cmocka_unit_test(hex_reads_back_and_is_lowercase),
        cmocka_unit_test(hex_of_another_length_or_alphabet_is_refused_and_writes_nothing),
        cmocka_unit_test(the_base64_vectors_of_rfc_4648_hold),
        cmocka_unit_test(one_value_has_one_base64_text),
        cmocka_unit_test(base64_that_is_not_strict_is_refused),
        cmocka_unit_test(decimal_has_no_sign_no_leading_zero_and_no_overflow),
        cmocka_unit_test(what_could_move_or_hide_text_is_shown_as_an_escape),
        cmocka_unit_test(safe_text_is_valid_without_controls_and_stays_as_it_is),
        cmocka_unit_test(safe_json_stays_json_and_steers_nothing),
        cmocka_unit_test(safe_text_keeps_to_the_maximum),
        cmocka_unit_test(the_distance_counts_insert_delete_replace_and_swap),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
