/* base/text.h, times and durations: exact to the nanosecond over all days, and what is not a date-time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/text.h"

static struct bytes view(const char *s) {
    return bytes_of(s);
}

static void times_are_written_with_nine_digits(void **state) {
    (void)state;
    char t[TEXT_TIME_MAX];
    text_time(t, 0);
    assert_string_equal(t, "1970-01-01T00:00:00.000000000Z");
    text_time(t, UINT64_C(1790000000000001000));
    assert_string_equal(t, "2026-09-21T14:13:20.000001000Z");
    text_time(t, UINT64_C(951782400999999999));
    assert_string_equal(t, "2000-02-29T00:00:00.999999999Z");
    text_time(t, UINT64_MAX);
    assert_string_equal(t, "2554-07-21T23:34:33.709551615Z");
}

static void every_day_is_written_as_the_c_library_does_and_reads_back(void **state) {
    (void)state;
    const uint64_t last = UINT64_C(9214646400) / 86400;
    for (uint64_t day = 0; day < last; day++) {
        uint64_t s = day * 86400 + day * 7919 % 86400, ns = s * 1000000000 + day * 104729 % 1000000000;
        char want[64], got[TEXT_TIME_MAX];
        struct tm tm;
        time_t t = (time_t)s;
        gmtime_r(&t, &tm);
        size_t n = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(want + n, sizeof(want) - n, ".%09uZ", (unsigned)(ns % 1000000000));
        text_time(got, ns);
        assert_string_equal(got, want);
        uint64_t back = 0;
        assert_int_equal(text_parse_time(view(got), &back), 0);
        assert_true(back == ns);
    }
}

static void times_with_offsets_and_any_number_of_digits_are_exact(void **state) {
    (void)state;
    const uint64_t base = UINT64_C(1790000000000000000);
    static const struct {
        const char *text;
        int64_t delta;
    } cases[] = {
        {"2026-09-21T14:13:20Z", 0},
        {"2026-09-21t14:13:20z", 0},
        {"2026-09-21 14:13:20Z", 0},
        {"2026-09-21T14:13:20+00:00", 0},
        {"2026-09-21T14:13:20-00:00", 0},
        {"2026-09-21T16:13:20+02:00", 0},
        {"2026-09-22T00:13:20+10:00", 0},
        {"2026-09-21T08:43:20-05:30", 0},
        {"2026-09-20T14:14:20-23:59", 0},
        {"2026-09-22T14:12:20+23:59", 0},
        {"2026-09-21T14:13:20.1Z", 100000000},
        {"2026-09-21T14:13:20.12Z", 120000000},
        {"2026-09-21T14:13:20.123Z", 123000000},
        {"2026-09-21T14:13:20.1234Z", 123400000},
        {"2026-09-21T14:13:20.12345Z", 123450000},
        {"2026-09-21T14:13:20.123456Z", 123456000},
        {"2026-09-21T14:13:20.1234567Z", 123456700},
        {"2026-09-21T14:13:20.12345678Z", 123456780},
        {"2026-09-21T14:13:20.123456789Z", 123456789},
        {"2026-09-21T14:13:20.000000001+00:00", 1},
        {"2026-09-21T14:13:59Z", INT64_C(39000000000)},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t ns = 0;
        /* Offsets a whole day apart give the same instant. */
        assert_int_equal(text_parse_time(view(cases[i].text), &ns), 0);
        if (strstr(cases[i].text, "23:59") != NULL) {
            assert_true(ns == base);
            continue;
        }
        assert_true(ns == base + (uint64_t)cases[i].delta);
    }
}

static void times_begin_in_1970_and_end_with_2261(void **state) {
    (void)state;
    uint64_t ns = 5;
    assert_int_equal(text_parse_time(view("1970-01-01T00:00:00Z"), &ns), 0);
    assert_int_equal(ns, 0);
    assert_int_equal(text_parse_time(view("1969-12-31T23:30:00-01:00"), &ns), 0);
    assert_true(ns == UINT64_C(1800000000000));
    assert_int_equal(text_parse_time(view("2261-12-31T23:59:59.999999999Z"), &ns), 0);
    assert_true(ns == UINT64_C(9214646399999999999));
    ns = 5;
    assert_int_equal(text_parse_time(view("1969-12-31T23:59:59.999999999Z"), &ns), ERR_INVALID);
    assert_int_equal(text_parse_time(view("1970-01-01T00:00:00+00:01"), &ns), ERR_INVALID);
    assert_int_equal(text_parse_time(view("2262-01-01T00:00:00Z"), &ns), ERR_INVALID);
    assert_int_equal(text_parse_time(view("2261-12-31T23:59:59-00:01"), &ns), ERR_INVALID);
    assert_int_equal(text_parse_time(view("0000-01-01T00:00:00Z"), &ns), ERR_INVALID);
    assert_int_equal(text_parse_time(view("9999-12-31T23:59:59Z"), &ns), ERR_INVALID);
    assert_int_equal(ns, 5);
}

static void what_is_no_date_time_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "2026",
        "2026-09-21",
        "2026-09-21T14:13:20",
        "2026-09-21T14:13Z",
        "2026-09-21T14Z",
        "14:13:20Z",
        "2026-09-21T14:13:20.Z",
        "2026-09-21T14:13:20.1234567890Z",
        "2026-09-21T14:13:20,5Z",
        "2026-09-21T14:13:60Z",
        "2016-12-31T23:59:60Z",
        "2026-09-21T24:00:00Z",
        "2026-09-21T14:60:20Z",
        "2026-00-21T14:13:20Z",
        "2026-13-21T14:13:20Z",
        "2026-09-00T14:13:20Z",
        "2026-09-31T14:13:20Z",
        "2026-02-29T14:13:20Z",
        "2100-02-29T14:13:20Z",
        "2024-02-30T14:13:20Z",
        "2026-04-31T00:00:00Z",
        "26-09-21T14:13:20Z",
        "02026-09-21T14:13:20Z",
        "+2026-09-21T14:13:20Z",
        "2026-9-21T14:13:20Z",
        "2026-09-21  14:13:20Z",
        "2026-09-21_14:13:20Z",
        "2026-09-21T14:13:20 Z",
        " 2026-09-21T14:13:20Z",
        "2026-09-21T14:13:20Z ",
        "2026-09-21T14:13:20Z\n",
        "2026-09-21T14:13:20ZZ",
        "2026-09-21T14:13:20+0200",
        "2026-09-21T14:13:20+02",
        "2026-09-21T14:13:20+2:00",
        "2026-09-21T14:13:20+24:00",
        "2026-09-21T14:13:20+02:60",
        "2026-09-21T14:13:20+",
        "2026-09-21T14:13:20*02:00",
        "2026/09/21T14:13:20Z",
        "20260921T141320Z",
        "2026-09-21T14.13.20Z",
        "2026-09-21T1a:13:20Z",
        "2026-09-21T14:13:20 UTC",
        "2026-W39-1T14:13:20Z",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t ns = 5;
        assert_int_equal(text_parse_time(view(bad[i]), &ns), ERR_INVALID);
        assert_int_equal(ns, 5);
    }
    static const char good[] = "2026-09-21T14:13:20.123456789+02:00";
    for (size_t n = 0; n < sizeof(good) - 1; n++) {
        struct bytes cut = {(const uint8_t *)good, n};
        uint64_t ns;
        assert_int_equal(text_parse_time(cut, &ns), ERR_INVALID);
    }
    uint64_t ns;
    assert_int_equal(text_parse_time(view("2024-02-29T00:00:00Z"), &ns), 0);
    assert_int_equal(text_parse_time(view("2000-02-29T00:00:00Z"), &ns), 0);
}

static void durations_are_a_decimal_number_and_one_unit(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double s;
    } good[] = {{"0s", 0},
                {"90s", 90},
                {"15m", 900},
                {"2h", 7200},
                {"7d", 604800},
                {"2w", 1209600},
                {"1.5h", 5400},
                {"0.5s", 0.5},
                {"0.25d", 21600},
                {"2.0s", 2},
                {"1.000000001s", 1.000000001},
                {"0.000000000s", 0}};
    uint64_t ns;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(text_parse_duration(view(good[i].text), &ns), 0);
        assert_true(ns == (uint64_t)(good[i].s * 1e9 + 0.5));
    }
    assert_int_equal(text_parse_duration(view("18446744073s"), &ns), 0);
    assert_int_equal(text_parse_duration(view("18446744073.709551615s"), &ns), 0);
    assert_true(ns == UINT64_MAX);
    static const char *const bad[] = {"",
                                      "s",
                                      "5",
                                      "5 s",
                                      "5S",
                                      "-5s",
                                      "+5s",
                                      "05s",
                                      "5ms",
                                      "5y",
                                      "1h30m",
                                      "1.h",
                                      ".5h",
                                      "1.5",
                                      "1..5h",
                                      "1.5.5h",
                                      "1.0000000001s",
                                      "1.-5s",
                                      "1. 5s",
                                      ".s",
                                      "18446744073.709551616s",
                                      " 5s",
                                      "5s ",
                                      "5ss",
                                      "18446744074s",
                                      "30501w",
                                      "99999999999999999999s"};
    ns = 5;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(text_parse_duration(view(bad[i]), &ns), ERR_INVALID);
    }
    assert_int_equal(ns, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_with_nine_digits),
        cmocka_unit_test(every_day_is_written_as_the_c_library_does_and_reads_back),
        cmocka_unit_test(times_with_offsets_and_any_number_of_digits_are_exact),
        cmocka_unit_test(times_begin_in_1970_and_end_with_2261),
        cmocka_unit_test(what_is_no_date_time_is_refused),
        cmocka_unit_test(durations_are_a_decimal_number_and_one_unit),
    };
    return cmocka_run_group_tests_name("text_time", tests, NULL, NULL);
}
