/* Versions by SemVer and in Debian's order, and ranges of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/version.h"

static int sign(int v) {
    return v < 0 ? -1 : v > 0;
}

/* Each is less than those after it. */
static void expect_order(enum version_order order, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        assert_null(version_fault(order, bytes_of(list[i])));
        for (size_t j = 0; j < n; j++) {
            int c = version_cmp(order, bytes_of(list[i]), bytes_of(list[j]));
            if (sign(c) != (i > j) - (i < j)) print_error("%s %s: %d\n", list[i], list[j], c);
            assert_int_equal(sign(c), (i > j) - (i < j));
        }
    }
}

static void semver_orders_versions_as_its_page_says(void **state) {
    (void)state;
    static const char *const list[] = {
        "0.0.0",
        "0.0.1-0",
        "0.0.1",
        "0.1.0",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1",
        "1.2.0",
        "1.10.0",
        "2.0.0",
        "10.0.0",
        "18446744073709551616.0.0",
    };
    expect_order(VERSION_SEMVER, list, sizeof(list) / sizeof(list[0]));
    assert_int_equal(version_cmp(VERSION_SEMVER, bytes_of("1.0.0+a"), bytes_of("1.0.0+b")), 0);
}

static void debian_orders_versions_as_dpkg_does(void **state) {
    (void)state;
    static const char *const list[] = {
        "0~rc1",  "0",   "0.1",  "1.0~beta1~svn1245", "1.0~beta1", "1.0",          "1.0-1",     "1.0-1.1", "1.0-2", "1.0a",
        "1.0+b1", "1.2", "1.10", "22.02.0-2",         "22.12.0-2", "22.12.0-2+b1", "22.12.0-3", "1:0.9",   "2:0.1",
    };
    expect_order(VERSION_DEBIAN, list, sizeof(list) / sizeof(list[0]));
    assert_int_equal(version_cmp(VERSION_DEBIAN, bytes_of("1.0"), bytes_of("0:1.0")), 0);
    assert_int_equal(version_cmp(VERSION_DEBIAN, bytes_of("1.01"), bytes_of("1.1")), 0);
}

static void what_is_no_semver_version_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",       "1",      "1.2",        "1.2.3.4",  "v1.2.3", "01.2.3",     "1.02.3",
                                      "1.2.03", "1.2.3-", "1.2.3-a..b", "1.2.3-01", "1.2.3+", "1.2.3+a..b", "1.2.3-a_b",
                                      "-1.2.3", "1.2.x",  "1..3",       " 1.2.3",   "1.2.3 "};
    static const char *const good[] = {"1.2.3-0", "1.2.3-a.0.b-c", "1.2.3-0a", "1.2.3+01", "1.2.3-x+y.01"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!version_fault(VERSION_SEMVER, bytes_of(bad[i]))) print_error("'%s'\n", bad[i]);
        assert_non_null(version_fault(VERSION_SEMVER, bytes_of(bad[i])));
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_null(version_fault(VERSION_SEMVER, bytes_of(good[i])));
    }
}

static void a_range_holds_the_versions_that_it_says(void **state) {
    (void)state;
    static const struct {
        const char *range, *in, *out; /* versions with blanks between them */
    } cases[] = {
        {"*", "0.0.0 1.2.3", "1.0.0-rc.1"},
        {"1.2.3", "1.2.3 1.2.3+b", "1.2.2 1.2.4 1.2.3-rc.1"},
        {"=1.2", "1.2.0", "1.2.1"},
        {">=1.2 <2", "1.2.0 1.99.0", "1.1.9 2.0.0 2.0.0-rc.1 1.3.0-a"},
        {">= 1.2  < 2", "1.2.0", "2.0.0"},
        {">1.2.3", "1.2.4", "1.2.3"},
        {"<=1.2.3", "1.2.3", "1.2.4"},
        {"<1 || >=2", "0.9.0 2.0.0", "1.0.0 1.5.0"},
        {"1.0.0||2.0.0", "1.0.0 2.0.0", "1.5.0"},
        {"^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0 0.9.9"},
        {"^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2"},
        {"^0.0.3", "0.0.3", "0.0.4 0.1.0"},
        {"^0", "0.0.1 0.9.0", "1.0.0"},
        {"^0.0", "0.0.0 0.0.9", "0.1.0"},
        {"^1", "1.0.0 1.9.9", "2.0.0"},
        {"~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2"},
        {"~1.2", "1.2.0 1.2.9", "1.3.0"},
        {"~1", "1.0.0 1.9.0", "2.0.0"},
        {">=1.0.0-rc.1 <2", "1.0.0-rc.1 1.0.0-rc.2 1.0.0", "1.0.0-beta 1.1.0-rc.1"},
        {"^1.0.0-rc.1", "1.0.0-rc.2 1.5.0", "1.0.0-alpha 2.0.0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_null(version_range_fault(VERSION_SEMVER, bytes_of(cases[i].range)));
        for (int in = 0; in < 2; in++) {
            const char *p = in ? cases[i].in : cases[i].out;
            while (*p) {
                size_t n = strcspn(p, " ");
                bool is = version_in(VERSION_SEMVER, (struct bytes){(const uint8_t *)p, n}, bytes_of(cases[i].range));
                if (is != in) print_error("%.*s in '%s'\n", (int)n, p, cases[i].range);
                assert_int_equal(is, in);
                p += n + (p[n] == ' ');
            }
        }
    }
}

static void ranges_in_debians_order(void **state) {
    (void)state;
    assert_true(version_in(VERSION_DEBIAN, bytes_of("22.12.0-2+b1"), bytes_of(">=22.02 <23")));
    assert_false(version_in(VERSION_DEBIAN, bytes_of("20.09.0-3.1"), bytes_of(">=22.02")));
    assert_true(version_in(VERSION_DEBIAN, bytes_of("1:0.1"), bytes_of(">=22")));
    assert_true(version_in(VERSION_DEBIAN, bytes_of("1.0~rc1"), bytes_of("<1.0")));
    assert_true(version_in(VERSION_DEBIAN, bytes_of("0.5.1"), bytes_of("")));
    assert_false(version_in(VERSION_DEBIAN, bytes_of("not a version"), bytes_of("*")));
}

static void what_is_no_range_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",    "||",     "1 ||", "|| 1",   ">=",  ">= <2", "latest",
                                      "1.x", "!1.0.0", ">>1",  "1.2.3-", "* 1", ">=1,<2"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (!version_range_fault(VERSION_SEMVER, bytes_of(bad[i]))) print_error("'%s'\n", bad[i]);
        assert_non_null(version_range_fault(VERSION_SEMVER, bytes_of(bad[i])));
        assert_false(bad[i][0] != '\0' && version_in(VERSION_SEMVER, bytes_of("1.0.0"), bytes_of(bad[i])));
    }
    assert_string_equal(version_range_fault(VERSION_DEBIAN, bytes_of("^1.2")),
                        "has '^' or '~', which only versions of packs have");
    assert_string_equal(version_range_fault(VERSION_SEMVER, bytes_of(">=")), "has a comparison without a version");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(semver_orders_versions_as_its_page_says),
        cmocka_unit_test(debian_orders_versions_as_dpkg_does),
        cmocka_unit_test(what_is_no_semver_version_is_refused),
        cmocka_unit_test(a_range_holds_the_versions_that_it_says),
        cmocka_unit_test(ranges_in_debians_order),
        cmocka_unit_test(what_is_no_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
