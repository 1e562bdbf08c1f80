/* Moments as people write them. The zone is set here: local times depend on nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/print/when.h"

static uint64_t wall;
uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_wall_ns(void) {
    return wall;
}

static uint64_t at(const char *text) {
    uint64_t ns = 0;
    assert_int_equal(text_parse_time(bytes_of(text), &ns), 0);
    return ns;
}

static void zone(const char *name, const char *now) {
    setenv("TZ", name, 1);
    tzset();
    wall = at(now);
}

static void is(const char *text, const char *expected, bool local) {
    struct err err = {0};
    struct when when;
    if (when_parse(text, false, &when, &err) != 0) {
        fail_msg("'%s': %s", text, err.msg);
    }
    assert_false(when.is_seq);
    char got[TEXT_TIME_MAX];
    text_time(got, when.at);
    if (when.at != at(expected) || when.is_local != local) {
        fail_msg("'%s' is %s, wanted %s", text, got, expected);
    }
}

static void a_time_without_a_zone_is_local(void **state) {
    (void)state;
    zone("CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-10T12:30:00Z"); /* 14:30 there */
    is("2026-07-01T10:00", "2026-07-01T08:00:00Z", true);
    is("2026-07-01 10:00", "2026-07-01T08:00:00Z", true);
    is("2026-01-01T10:00:05", "2026-01-01T09:00:05Z", true);
    is("2026-01-01T10:00:05.25", "2026-01-01T09:00:05.25Z", true);
    is("10:00", "2026-07-10T08:00:00Z", true);
    is("14:30:00", "2026-07-10T12:30:00Z", true);
    is("00:00:00.5", "2026-07-09T22:00:00.5Z", true);
}

static void a_time_of_day_is_the_last_one(void **state) {
    (void)state;
    zone("UTC0", "2026-03-01T00:10:00Z");
    is("23:50", "2026-02-28T23:50:00Z", true);
    is("00:10", "2026-03-01T00:10:00Z", true);
    is("00:11", "2026-02-28T00:11:00Z", true);
}

static void a_time_with_a_zone_and_a_date_do_not_depend_on_it(void **state) {
    (void)state;
    zone("ABC-5", "2026-07-10T22:30:00Z");
    is("2026-07-01T10:00:00Z", "2026-07-01T10:00:00Z", false);
    is("2026-07-01T10:00:00.5+02:00", "2026-07-01T08:00:00.5Z", false);
    is("2026-07-01", "2026-07-01T00:00:00Z", false);
    is("today", "2026-07-10T00:00:00Z", false);
    is("2h", "2026-07-10T20:30:00Z", false);
    is("1.5h", "2026-07-10T21:00:00Z", false);
    is("@1783713600", "2026-07-10T20:00:00Z", false);
}

static void what_is_no_moment_is_refused_with_what_is_accepted(void **state) {
    static const char *const bad[] = {"",
                                      "noon",
                                      "25:00",
                                      "10:60",
                                      "10",
                                      "10:0",
                                      "1:00",
                                      "@",
                                      "@x",
                                      "@1.5",
                                      "2026-13-01",
                                      "2026-02-30T10:00",
                                      "10:00x",
                                      "-5m",
                                      "2026-07-01T10:0",
                                      "2026-07-01T10Z",
                                      "99999999999999999999"};
    (void)state;
    zone("UTC0", "2026-07-10T12:00:00Z");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = {0};
        struct when when;
        if (strcmp(bad[i], "10") == 0) { /* an event */
            assert_int_equal(when_parse(bad[i], false, &when, &err), 0);
            assert_true(when.is_seq);
            continue;
        }
        if (when_parse(bad[i], false, &when, &err) == 0) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_non_null(strstr(err.msg, "neither an event number nor a time"));
        assert_non_null(strstr(err.msg, "2h"));
    }
}

static void a_seq_past_the_end_that_reads_like_a_time_is_refused_with_that_time(void **state) {
    static const char *const texts[] = {"1795341633", "1795341633000", "1795341633000000", "1795341633000000000"};
    struct err err = {0};
    struct when when;
    (void)state;
    zone("UTC0", "2026-07-10T12:00:00Z");
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(when_parse(texts[i], false, &when, &err), 0);
        assert_int_equal(when_check(&when, texts[i], 100, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, "@1795341633 or 2026-11-22T10:00:33Z"));
        assert_int_equal(when_check(&when, texts[i], UINT64_MAX, &err), 0);
    }
    assert_int_equal(when_parse("118", false, &when, &err), 0);
    assert_int_equal(when_check(&when, "118", 10, &err), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_without_a_zone_is_local),
        cmocka_unit_test(a_time_of_day_is_the_last_one),
        cmocka_unit_test(a_time_with_a_zone_and_a_date_do_not_depend_on_it),
        cmocka_unit_test(what_is_no_moment_is_refused_with_what_is_accepted),
        cmocka_unit_test(a_seq_past_the_end_that_reads_like_a_time_is_refused_with_that_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
