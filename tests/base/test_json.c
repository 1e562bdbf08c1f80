/* base/json.h: what is accepted and with which bytes, what is refused and with which message, and the way back. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"

#define BUF_MAX ((size_t)4 << 20)

static struct bytes view(const char *s) {
    return bytes_of(s);
}

static void to_mp(const char *json, struct buf *out) {
    struct err err = {0};
    buf_init(out, BUF_MAX);
    int rc = json_to_mp(view(json), out, &err);
    assert_string_equal(err.msg, "");
    assert_int_equal(rc, 0);
    assert_int_equal(mp_check(bytes_of_buf(out), &err), 0);
}

static void assert_json(struct bytes mp, enum json_style style, const char *want) {
    struct buf out;
    struct err err = {0};
    buf_init(&out, BUF_MAX);
    assert_int_equal(json_from_mp(mp, style, &out, &err), 0);
    assert_int_equal(buf_put_u8(&out, 0), 0);
    assert_string_equal((const char *)out.p, want);
    buf_done(&out);
}

/* ---- JSON to MessagePack ------------------------------------------------------------------------------------------ */

static void json_becomes_canonical_messagepack(void **state) {
    (void)state;
    static const struct {
        const char *json, *hex;
    } cases[] = {
        {"null", "c0"},
        {" true\n", "c3"},
        {"false", "c2"},
        {"0", "00"},
        {"-0", "00"},
        {"127", "7f"},
        {"128", "cc80"},
        {"-1", "ff"},
        {"-33", "d0df"},
        {"9223372036854775807", "cf7fffffffffffffff"},
        {"-9223372036854775808", "d38000000000000000"},
        {"1.5", "cb3ff8000000000000"},
        {"1.0", "cb3ff0000000000000"},
        {"1e0", "cb3ff0000000000000"},
        {"0.0", "cb0000000000000000"},
        {"-0.0", "cb0000000000000000"},
        {"-1e-999", "cb0000000000000000"},
        {"1e308", "cb7fe1ccf385ebc8a0"},
        {"\"\"", "a0"},
        {"\"a\\u0000b\"", "a3610062"},
        {"\"\\ud83d\\ude00\\/\\u00f6\"", "a7f09f98802fc3b6"},
        {"[]", "90"},
        {"{}", "80"},
        {"[1,[2,{}]]", "92019202"
                       "80"},
        {"{\"b\":1,\"a\":2}", "82a16102a16201"},
        {"{\"aa\":1,\"b\":2,\"a\":3}", "83a16103a2616101a16202"},
        {"{\"\\u00f6\":1,\"z\":2,\"\":3}", "83a003a17a02a2c3b601"},
        {"{\"b\":{\"d\":1,\"c\":2},\"a\":[{\"f\":1,\"e\":2}]}", "82a1619182a16502a16601a16282a16302a16401"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        char hex[128];
        to_mp(cases[i].json, &out);
        text_hex(hex, out.p, out.n);
        assert_string_equal(hex, cases[i].hex);
        buf_done(&out);
    }
}

static void each_fault_is_refused_with_its_place(void **state) {
    (void)state;
    static const struct {
        const char *json, *message;
    } cases[] = {
        {"", "line 1 column 1: no JSON value"},
        {" \n\t", "line 2 column 2: no JSON value"},
        {"[1", "line 1 column 2: ']' expected near end of file"},
        {"[1,\n2\n", "line 3 column 0: ']' expected near end of file"},
        {"[1,]", "line 1 column 4: unexpected token near ']'"},
        {"{\"a\"}", "line 1 column 5: ':' expected near '}'"},
        {"{a:1}", "line 1 column 2: string or '}' expected near 'a'"},
        {"1 2", "line 1 column 3: end of file expected near '2'"},
        {"{}\n\n x", "line 3 column 2: end of file expected near 'x'"},
        {"[\"gr\xc3\xb6\xc3\x9f"
         "e\", x]",
         "line 1 column 11: invalid token near 'x'"},
        {"{\"a\":1,\n \"a\":2}", "line 2 column 4: duplicate object key near '\"a\"'"},
        {"[9223372036854775808]",
         "line 1 column 20: an integer is out of range, expected -9223372036854775808 to 9223372036854775807"},
        {"[\n -9223372036854775809]",
         "line 2 column 21: an integer is out of range, expected -9223372036854775808 to 9223372036854775807"},
        {"[\n1e400]", "line 2 column 5: a real number is larger than a 64-bit float can be"},
        {"-1e400", "line 1 column 6: a real number is larger than a 64-bit float can be"},
        {"NaN", "line 1 column 3: invalid token near 'NaN'"},
        {"-Infinity", "line 1 column 1: invalid token near '-'"},
        {"01", "line 1 column 1: invalid token near '0'"},
        {"1.", "line 1 column 2: invalid token near '1.'"},
        {"\"\\ud800\"", "line 1 column 8: invalid Unicode '\\uD800' near '\"\\ud800\"'"},
        {"\"\\udc00\"", "line 1 column 8: invalid Unicode '\\uDC00' near '\"\\udc00\"'"},
        {"\"\\x\"", "line 1 column 3: invalid escape near '\"\\x'"},
        {"\"a\tb\"", "line 1 column 2: control character 0x9 near '\"a'"},
        {"[\x1b]", "line 1 column 2: invalid token near '\\x1b'"},
        {"\"\xed\xa0\x80\"", "line 1 column 1: unable to decode byte 0xed near '\"'"},
        {"\"\xc0\xaf\"", "line 1 column 1: unable to decode byte 0xc0 near '\"'"},
        {"\xef\xbb\xbf[]", "line 1 column 1: invalid token near '\\u{feff}'"},
        {"{\"a\\u0000b\":1}", "line 1 column 11: an object key contains \\u0000"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        struct err err = {0};
        buf_init(&out, BUF_MAX);
        buf_put_str(&out, "kept");
        assert_int_equal(json_to_mp(view(cases[i].json), &out, &err), ERR_INVALID);
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.msg, cases[i].message);
        assert_int_equal(json_to_mp(view(cases[i].json), &out, NULL), ERR_INVALID);
        assert_true(bytes_is(bytes_of_buf(&out), "kept"));
        buf_done(&out);
    }
    struct buf out;
    buf_init(&out, BUF_MAX);
    assert_int_equal(json_to_mp((struct bytes){(const uint8_t *)"[1]\0", 4}, &out, NULL), ERR_INVALID);
    buf_done(&out);
}

static void text_and_result_have_a_maximum(void **state) {
    (void)state;
    struct buf out;
    struct err err = {0};
    buf_init(&out, 4);
    assert_int_equal(json_to_mp(view("[1,2]"), &out, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "JSON text of 5 bytes, expected at most 4");
    assert_int_equal(json_to_mp(view("1e1"), &out, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "JSON as MessagePack: larger than 4 bytes");
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

/* `levels` brackets around a 1; every second one an object. */
static void nest(struct buf *out, unsigned levels) {
    buf_init(out, BUF_MAX);
    buf_put_str(out, "\n[\"]]{{\\\"[[\", ");
    for (unsigned i = 1; i < levels; i++) {
        buf_put_str(out, i % 2 == 0 ? "[" : "{\"[\\\\\":");
    }
    buf_put_str(out, "1");
    for (unsigned i = levels - 1; i > 0; i--) {
        buf_put_str(out, i % 2 == 0 ? "]" : "}");
    }
    assert_int_equal(buf_put_str(out, "]"), 0);
}

static void thirty_two_levels_are_accepted_and_thirty_three_refused(void **state) {
    (void)state;
    struct buf text, out;
    struct err err = {0};
    buf_init(&out, BUF_MAX);
    nest(&text, 32);
    assert_int_equal(json_to_mp(bytes_of_buf(&text), &out, &err), 0);
    assert_int_equal(mp_check(bytes_of_buf(&out), &err), 0);
    buf_done(&text);
    nest(&text, 33);
    assert_int_equal(json_to_mp(bytes_of_buf(&text), &out, &err), ERR_INVALID);
    assert_string_equal(err.msg, "line 2 column 141: nested deeper than 32 levels");
    buf_done(&text);
    buf_done(&out);
}

static void a_million_brackets_do_not_reach_the_stack(void **state) {
    (void)state;
    static char brackets[1000001];
    static const char *const kinds[] = {"[", "{\"a\":", "[{\"\\\"\":"};
    for (size_t k = 0; k < 3; k++) {
        size_t n = strlen(kinds[k]);
        for (size_t i = 0; i + 1 < sizeof(brackets); i++) {
            brackets[i] = kinds[k][i % n];
        }
        struct buf out;
        struct err err = {0};
        buf_init(&out, BUF_MAX);
        assert_int_equal(json_to_mp(view(brackets), &out, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, "nested deeper than 32 levels"));
        buf_done(&out);
    }
}

static void many_keys_come_out_sorted(void **state) {
    (void)state;
    struct buf text, out;
    struct err err = {0};
    buf_init(&text, BUF_MAX);
    buf_init(&out, BUF_MAX);
    buf_put_u8(&text, '{');
    for (unsigned i = 0; i < 2000; i++) {
        buf_printf(&text, "%s\"k%u\":{\"z\":%u,\"y\":{\"x\":0,\"w\":[]}}", i == 0 ? "" : ",", i * 7919 % 2003, i);
    }
    buf_put_u8(&text, '}');
    assert_int_equal(json_to_mp(bytes_of_buf(&text), &out, &err), 0);
    assert_int_equal(mp_check(bytes_of_buf(&out), &err), 0);
    struct bytes inner;
    struct mp_item item;
    assert_int_equal(mp_map_get(bytes_of_buf(&out), "k1538", &inner), 0);
    assert_int_equal(mp_map_get(inner, "z", &inner), 0);
    assert_int_equal(mp_scalar(inner, &item), 0);
    assert_int_equal(item.uint, 5);
    buf_done(&text);
    buf_done(&out);
}

/* ---- MessagePack to JSON ------------------------------------------------------------------------------------------ */

static void both_styles_have_their_layout(void **state) {
    (void)state;
    struct buf mp;
    to_mp("{\"list\":[1,{\"a\":null},[],{}],\"empty\":{},\"on\":true,\"off\":false,\"s\":\"x\"}", &mp);
    assert_json(bytes_of_buf(&mp), JSON_LINE,
                "{\"empty\":{},\"list\":[1,{\"a\":null},[],{}],\"off\":false,\"on\":true,\"s\":\"x\"}");
    assert_json(bytes_of_buf(&mp), JSON_PRETTY,
                "{\n"
                "  \"empty\": {},\n"
                "  \"list\": [\n"
                "    1,\n"
                "    {\n"
                "      \"a\": null\n"
                "    },\n"
                "    [],\n"
                "    {}\n"
                "  ],\n"
                "  \"off\": false,\n"
                "  \"on\": true,\n"
                "  \"s\": \"x\"\n"
                "}");
    buf_done(&mp);
    to_mp("[]", &mp);
    assert_json(bytes_of_buf(&mp), JSON_PRETTY, "[]");
    buf_done(&mp);
}

static void strings_are_escaped_where_json_asks_for_it(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, BUF_MAX);
    static const char sample[] = "q\" b\\ / \b\f\n\r\t \0\x01\x1f\x7f \xc3\xb6 \xe2\x80\xa8 \xf0\x9f\x98\x80";
    struct bytes text = {(const uint8_t *)sample, sizeof(sample) - 1};
    assert_int_equal(json_put_str(&out, text), 0);
    buf_put_u8(&out, 0);
    assert_string_equal((const char *)out.p, "\"q\\\" b\\\\ / \\b\\f\\n\\r\\t \\u0000\\u0001\\u001f\x7f \xc3\xb6 "
                                             "\xe2\x80\xa8 \xf0\x9f\x98\x80\"");
    struct buf mp;
    struct mp_item item;
    to_mp((const char *)out.p, &mp);
    assert_int_equal(mp_scalar(bytes_of_buf(&mp), &item), 0);
    assert_true(bytes_eq(item.data, text));
    buf_clear(&out);
    assert_int_equal(json_put_str(&out, view("")), 0);
    assert_true(bytes_is(bytes_of_buf(&out), "\"\""));
    buf_done(&out);
    buf_done(&mp);
}

static void numbers_are_the_shortest_that_read_back_the_same(void **state) {
    (void)state;
    static const struct {
        double v;
        const char *text;
    } cases[] = {{0.0, "0.0"},
                 {1.0, "1.0"},
                 {-1.0, "-1.0"},
                 {0.1, "0.1"},
                 {100000.0, "100000.0"},
                 {1834.25, "1834.25"},
                 {1.0 / 3, "0.3333333333333333"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {1e15, "1e+15"},
                 {1e23, "1e+23"},
                 {123456789012345.0, "123456789012345.0"},
                 {9007199254740993.0, "9007199254740992.0"},
                 {DBL_MAX, "1.7976931348623157e+308"},
                 {DBL_MIN, "2.2250738585072014e-308"},
                 {DBL_TRUE_MIN, "5e-324"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf mp;
        buf_init(&mp, BUF_MAX);
        mp_put_float(&mp, cases[i].v);
        assert_json(bytes_of_buf(&mp), JSON_LINE, cases[i].text);
        buf_done(&mp);
    }
    struct buf mp;
    buf_init(&mp, BUF_MAX);
    mp_put_array(&mp, 4);
    mp_put_uint(&mp, MP_INT_MAX);
    mp_put_int(&mp, INT64_MIN);
    mp_put_int(&mp, -1);
    mp_put_uint(&mp, 0);
    assert_json(bytes_of_buf(&mp), JSON_LINE, "[9223372036854775807,-9223372036854775808,-1,0]");
    buf_done(&mp);
}

static void every_kind_of_float_survives_the_way_there_and_back(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (unsigned i = 0; i < 20000; i++) {
        double v;
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&v, &seed, sizeof(v));
        if (!mp_float_ok(v)) continue;
        struct buf mp, json, again;
        struct err err = {0};
        buf_init(&mp, 64);
        buf_init(&json, 64);
        buf_init(&again, 64);
        mp_put_float(&mp, v);
        assert_int_equal(json_from_mp(bytes_of_buf(&mp), JSON_LINE, &json, &err), 0);
        assert_int_equal(json_to_mp(bytes_of_buf(&json), &again, &err), 0);
        assert_true(bytes_eq(bytes_of_buf(&mp), bytes_of_buf(&again)));
        buf_done(&mp);
        buf_done(&json);
        buf_done(&again);
    }
}

static void bytes_become_base64_and_the_order_of_keys_stays(void **state) {
    (void)state;
    struct buf mp;
    buf_init(&mp, BUF_MAX);
    mp_put_map(&mp, 3);
    mp_put_str(&mp, view("z"));
    mp_put_bin(&mp, view("foob"));
    mp_put_str(&mp, view("a"));
    mp_put_bin(&mp, view(""));
    mp_put_str(&mp, view("m"));
    mp_put_nil(&mp);
    assert_json(bytes_of_buf(&mp), JSON_LINE, "{\"z\":\"Zm9vYg==\",\"a\":\"\",\"m\":null}");
    buf_done(&mp);
}

static void what_does_not_parse_is_not_written(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *message;
    } cases[] = {
        {"", 0, "byte 0: the input ends where an item is expected"},
        {"\xc0\xc0", 2, "byte 1: bytes follow the item"},
        {"\x92\x91\x01", 3, "byte 3: the input ends where an item is expected"},
        {"\x92\x01", 2, "byte 0: an array has more elements than the input has room for"},
        {"\x81\x01\x01", 3, "byte 1: a map key is not text"},
        {"\x91\xc1", 2, "byte 1: 0xc1 begins no item"},
        {"\xa2x", 2, "byte 0: the input ends inside an item"},
        {"\x91\xa1\xff", 3, "byte 2: text is not valid UTF-8"},
        {"\xcb\x7f\xf8\0\0\0\0\0\0", 9, "byte 0: a float is not a number, infinite or negative zero"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        struct err err = {0};
        buf_init(&out, BUF_MAX);
        buf_put_str(&out, "kept");
        struct bytes mp = {(const uint8_t *)cases[i].bytes, cases[i].n};
        assert_int_equal(json_from_mp(mp, JSON_LINE, &out, &err), ERR_CORRUPT);
        assert_string_equal(err.msg, cases[i].message);
        assert_true(bytes_is(bytes_of_buf(&out), "kept"));
        buf_done(&out);
    }
}

static void printing_follows_sixty_four_levels(void **state) {
    (void)state;
    struct buf mp, out;
    struct err err = {0};
    buf_init(&mp, BUF_MAX);
    buf_init(&out, BUF_MAX);
    for (unsigned i = 0; i < 64; i++) {
        mp_put_array(&mp, 1);
    }
    mp_put_nil(&mp);
    assert_int_equal(json_from_mp(bytes_of_buf(&mp), JSON_PRETTY, &out, &err), 0);
    assert_int_equal(out.n, 64 * 2 + 4 + 128 + 128 + 63 * 64 * 2);
    mp.n--;
    mp_put_array(&mp, 0);
    assert_int_equal(json_from_mp(bytes_of_buf(&mp), JSON_LINE, &out, &err), ERR_CORRUPT);
    assert_string_equal(err.msg, "nested deeper than 64 levels");
    buf_done(&mp);
    buf_done(&out);
}

/* Values are counted before a tree is built from them; brackets and commas in strings do not count. */
static void more_values_than_a_tree_may_have_are_refused(void **state) {
    struct buf text, out;
    struct err err;
    (void)state;
    buf_init(&text, SIZE_MAX);
    buf_init(&out, SIZE_MAX);
    buf_put_u8(&text, '[');
    for (size_t i = 0; i < JSON_VALUES_MAX - 2; i++) {
        buf_put_str(&text, "[],");
    }
    buf_put_str(&text, "\"[,[,\\\",[\"]");
    assert_int_equal(json_to_mp(bytes_of_buf(&text), &out, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "JSON text with more than 262144 values");
    assert_int_equal(out.n, 0);
    for (size_t i = 1; i < text.n; i++) { /* numbers now: half as many values */
        text.p[i] = text.p[i] == '[' && text.p[i + 1] == ']'   ? ' '
                    : text.p[i] == ']' && text.p[i - 1] == ' ' ? '7'
                                                               : text.p[i];
    }
    assert_int_equal(json_to_mp(bytes_of_buf(&text), &out, &err), 0);
    buf_done(&text);
    buf_done(&out);
}

static void a_full_buf_stops_the_writer(void **state) {
    (void)state;
    struct buf mp;
    to_mp("{\"a\":[1,2.5,\"x\\n\"],\"b\":{\"c\":null}}", &mp);
    size_t need = strlen("{\"a\":[1,2.5,\"x\\n\"],\"b\":{\"c\":null}}");
    for (size_t max = 0; max <= need; max++) {
        struct buf out;
        struct err err = {0};
        buf_init(&out, max);
        assert_int_equal(json_from_mp(bytes_of_buf(&mp), JSON_LINE, &out, &err), max < need ? ERR_LIMIT : 0);
        assert_int_equal(out.n, max < need ? 0 : need);
        buf_done(&out);
    }
    buf_done(&mp);
}

/* ---- there and back ----------------------------------------------------------------------------------------------- */

static void json_survives_the_way_there_and_back(void **state) {
    (void)state;
    static char text[65536];
    FILE *f = fopen("tests/vectors/events.json", "rb");
    assert_non_null(f);
    struct bytes all = {(const uint8_t *)text, fread(text, 1, sizeof(text), f)};
    fclose(f);
    for (int style = JSON_LINE; style <= JSON_PRETTY; style++) {
        struct buf mp, json, again;
        struct err err = {0};
        buf_init(&mp, BUF_MAX);
        buf_init(&json, BUF_MAX);
        buf_init(&again, BUF_MAX);
        assert_int_equal(json_to_mp(all, &mp, &err), 0);
        assert_int_equal(json_from_mp(bytes_of_buf(&mp), (enum json_style)style, &json, &err), 0);
        assert_int_equal(json_to_mp(bytes_of_buf(&json), &again, &err), 0);
        assert_true(bytes_eq(bytes_of_buf(&mp), bytes_of_buf(&again)));
        buf_done(&mp);
        buf_done(&json);
        buf_done(&again);
    }
}

/* A locale with a decimal comma: an installed one, otherwise one compiled for this test. */
static bool comma_locale(char *dir) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8", "it_IT.UTF-8"};
    char command[256];
    snprintf(command, sizeof(command), "localedef --no-archive -i de_DE -f UTF-8 %s/de_DE.UTF-8 >%s/log 2>&1", dir, dir);
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (setlocale(LC_ALL, names[i]) != NULL && strcmp(localeconv()->decimal_point, ",") == 0) {
                return true;
            }
        }
        if (attempt == 0 && (system(command) == -1 || setenv("LOCPATH", dir, 1) != 0)) return false;
    }
    return false;
}

static void a_locale_with_a_decimal_comma_changes_nothing(void **state) {
    (void)state;
    char dir[] = "/tmp/test-locale-XXXXXX", command[64];
    assert_non_null(mkdtemp(dir));
    bool found = comma_locale(dir);
    struct buf mp = {0};
    char shown[8] = "";
    if (found) {
        snprintf(shown, sizeof(shown), "%.1f", 1.5);
        to_mp("[1.5,-2.25e-3]", &mp);
        assert_json(bytes_of_buf(&mp), JSON_LINE, "[1.5,-0.00225]");
        char still[8];
        snprintf(still, sizeof(still), "%.1f", 1.5);
        assert_string_equal(still, shown);
    }
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
    buf_done(&mp);
    if (!found) {
        skip();
    }
    assert_string_equal(shown, "1,5");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_becomes_canonical_messagepack),
        cmocka_unit_test(each_fault_is_refused_with_its_place),
        cmocka_unit_test(text_and_result_have_a_maximum),
        cmocka_unit_test(thirty_two_levels_are_accepted_and_thirty_three_refused),
        cmocka_unit_test(a_million_brackets_do_not_reach_the_stack),
        cmocka_unit_test(many_keys_come_out_sorted),
        cmocka_unit_test(both_styles_have_their_layout),
        cmocka_unit_test(strings_are_escaped_where_json_asks_for_it),
        cmocka_unit_test(numbers_are_the_shortest_that_read_back_the_same),
        cmocka_unit_test(every_kind_of_float_survives_the_way_there_and_back),
        cmocka_unit_test(bytes_become_base64_and_the_order_of_keys_stays),
        cmocka_unit_test(what_does_not_parse_is_not_written),
        cmocka_unit_test(printing_follows_sixty_four_levels),
        cmocka_unit_test(more_values_than_a_tree_may_have_are_refused),
        cmocka_unit_test(a_full_buf_stops_the_writer),
        cmocka_unit_test(json_survives_the_way_there_and_back),
        cmocka_unit_test(a_locale_with_a_decimal_comma_changes_nothing),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
