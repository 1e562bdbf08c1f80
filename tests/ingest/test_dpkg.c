/* dpkg's log: each form of line, each possible fault, local time, and which operations result from a sequence of lines. */
#include "ingest/dpkg/dpkg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/text.h"

static void zone(const char *tz) {
    setenv("TZ", tz, 1);
    tzset();
}

static int setup(void **state) {
    (void)state;
    zone("UTC0");
    return 0;
}

static struct dpkg_line good(const char *text) {
    struct dpkg_line l;
    struct err err = {0};
    if (dpkg_parse(bytes_of(text), &l, &err) != 0) {
        fail_msg("%s: %s", text, err.msg);
    }
    return l;
}

static void each_form_of_line_is_read(void **state) {
    (void)state;
    struct dpkg_line l = good("2025-06-24 14:36:25 upgrade libsystemd0:amd64 252.36-1~deb12u1 252.38-1~deb12u1");
    assert_int_equal(l.verb, DPKG_ACTION);
    assert_int_equal(l.action, DPKG_UPGRADE);
    assert_true(bytes_is(l.package, "libsystemd0"));
    assert_true(bytes_is(l.arch, "amd64"));
    assert_true(bytes_is(l.installed, "252.36-1~deb12u1"));
    assert_true(bytes_is(l.available, "252.38-1~deb12u1"));
    assert_true(bytes_is(l.time_text, "2025-06-24 14:36:25"));
    assert_true(l.at == UINT64_C(1750775785000000000));
    assert_true(l.at_exact);
    l = good("2025-06-24 14:36:29 install perl-modules-5.36:all <none> 5.36.0-7+deb12u2");
    assert_int_equal(l.action, DPKG_INSTALL);
    assert_int_equal(l.installed.n, 0);
    l = good("2025-06-24 14:36:25 status half-configured libc++1-14:amd64 1:14.0.6-12");
    assert_int_equal(l.verb, DPKG_STATUS);
    assert_int_equal(l.state, DPKG_HALF_CONFIGURED);
    assert_true(bytes_is(l.installed, "1:14.0.6-12"));
    l = good("2012-01-01 00:00:00 status installed old-style 1.0");
    assert_true(bytes_is(l.package, "old-style"));
    assert_int_equal(l.arch.n, 0);
    assert_int_equal(good("2025-06-24 14:36:25 startup archives unpack").verb, DPKG_STARTUP);
    assert_int_equal(good("2025-06-24 14:36:25 conffile /etc/a file with spaces keep").verb, DPKG_CONFFILE);
    static const char *const actions[] = {"install", "upgrade", "configure", "trigproc", "disappear", "remove", "purge"};
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        char text[128];
        snprintf(text, sizeof(text), "2025-06-24 14:36:25 %s a:b 1 <none>", actions[i]);
        l = good(text);
        assert_string_equal(dpkg_action_name(l.action), actions[i]);
    }
}

struct bad {
    const char *line, *want;
};

static void each_wrong_line_is_refused_in_its_own_words(void **state) {
    (void)state;
    static const char no_time[] = "the line does not begin with a time; expected: YYYY-MM-DD HH:MM:SS";
    static const struct bad cases[] = {
        {"", no_time},
        {"2025-06-24", no_time},
        {"2025-06-24T14:36:25 startup archives unpack", no_time},
        {"2025/06/24 14:36:25 startup archives unpack", no_time},
        {"x025-06-24 14:36:25 startup archives unpack", no_time},
        {"2025-13-24 14:36:25 startup archives unpack", "'2025-13-24 14:36:25' is not a time of the calendar"},
        {"2025-02-29 14:36:25 startup archives unpack", "'2025-02-29 14:36:25' is not a time of the calendar"},
        {"2025-02-28 24:00:00 startup archives unpack", "'2025-02-28 24:00:00' is not a time of the calendar"},
        {"1969-12-31 23:59:59 startup archives unpack", "'1969-12-31 23:59:59' is not a time of the calendar"},
        {"2025-06-24 14:36:25", "nothing follows the time"},
        {"2025-06-24 14:36:25x", "nothing follows the time"},
        {"2025-06-24 14:36:25 startup archives", "'startup' has 1 word after it; expected: TYPE COMMAND"},
        {"2025-06-24 14:36:25 conffile /etc/x", "'conffile' has 1 word after it; expected: FILE DECISION"},
        {"2025-06-24 14:36:25 status installed a:b", "'status' has 2 words after it; expected: STATE PACKAGE VERSION"},
        {"2025-06-24 14:36:25 status gone a:b 1", "unknown state 'gone'"},
        {"2025-06-24 14:36:25 install a:b 1", "'install' has 2 words after it; expected: PACKAGE INSTALLED AVAILABLE"},
        {"2025-06-24 14:36:25 install a:b 1 2 3", "'install' has 4 words after it; expected: PACKAGE INSTALLED AVAILABLE"},
        {"2025-06-24 14:36:25 instal a:b 1 2",
         "unknown action 'instal'; expected: startup, status, conffile, install, upgrade, configure, trigproc, disappear, "
         "remove, purge"},
        {"2025-06-24 14:36:25 install a: 1 2", "bad package 'a:'; expected: NAME or NAME:ARCHITECTURE"},
        {"2025-06-24 14:36:25 install :b 1 2", "bad package ':b'; expected: NAME or NAME:ARCHITECTURE"},
        {"2025-06-24 14:36:25 install a\x1b:b 1 2", "bad package 'a\\x1b:b'; expected: NAME or NAME:ARCHITECTURE"},
        {"2025-06-24 14:36:25 install a:b  2", "bad version ''; expected: a Debian version or <none>"},
        {"2025-06-24 14:36:25 install a:b <no> 2", "bad version '<no>'; expected: a Debian version or <none>"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dpkg_line l;
        struct err err = {0};
        assert_int_equal(dpkg_parse(bytes_of(cases[i].line), &l, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i].want);
    }
    static const uint8_t nul[] = "2025-06-24 14:36:25 \0\0\0\0";
    struct dpkg_line l;
    struct err err = {0};
    assert_int_equal(dpkg_parse((struct bytes){nul, sizeof(nul) - 1}, &l, &err), ERR_INVALID);
    assert_string_equal(err.msg, "the line holds NUL bytes, as a crash of the machine leaves them");
}

static void names_and_versions_that_are_too_long_are_refused(void **state) {
    (void)state;
    char name[200], text[512];
    memset(name, 'a', sizeof(name));
    struct dpkg_line l;
    name[DPKG_NAME_MAX] = '\0';
    snprintf(text, sizeof(text), "2025-06-24 14:36:25 install %s:amd64 <none> 1", name);
    good(text);
    name[DPKG_NAME_MAX] = 'a';
    name[DPKG_NAME_MAX + 1] = '\0';
    snprintf(text, sizeof(text), "2025-06-24 14:36:25 install %s:amd64 <none> 1", name);
    assert_int_equal(dpkg_parse(bytes_of(text), &l, NULL), ERR_INVALID);
    snprintf(text, sizeof(text), "2025-06-24 14:36:25 install a:amd64 <none> %s", name);
    assert_int_equal(dpkg_parse(bytes_of(text), &l, NULL), ERR_INVALID);
}

static void local_time_becomes_utc_and_doubtful_hours_are_marked(void **state) {
    (void)state;
    static const struct {
        const char *local;
        const char *utc;
        bool exact;
    } cases[] = {
        {"2026-01-15 12:00:00", "2026-01-15T11:00:00.000000000Z", true},
        {"2026-07-15 12:00:00", "2026-07-15T10:00:00.000000000Z", true},
        {"2026-10-25 01:59:59", "2026-10-24T23:59:59.000000000Z", true},
        {"2026-10-25 02:30:00", NULL, false}, /* occurred twice */
        {"2026-10-25 03:00:00", "2026-10-25T02:00:00.000000000Z", true},
        {"2026-03-29 02:30:00", NULL, false}, /* did not occur */
        {"2026-03-29 03:00:00", "2026-03-29T01:00:00.000000000Z", true},
    };
    zone("CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64], utc[TEXT_TIME_MAX];
        snprintf(text, sizeof(text), "%s startup archives unpack", cases[i].local);
        struct dpkg_line l = good(text);
        assert_int_equal(l.at_exact, cases[i].exact);
        if (cases[i].utc != NULL) {
            text_time(utc, l.at);
            assert_string_equal(utc, cases[i].utc);
        }
    }
    zone("UTC0");
}

static void the_rotation_number_is_read_from_the_name(void **state) {
    (void)state;
    assert_int_equal(dpkg_rotation("/var/log/dpkg.log"), 0);
    assert_int_equal(dpkg_rotation("/var/log/dpkg.log.1"), 1);
    assert_int_equal(dpkg_rotation("dpkg.log.12.gz"), 12);
    assert_int_equal(dpkg_rotation("dpkg.log.gz"), 0);
    assert_int_equal(dpkg_rotation("12"), 0);
}

/* ---- operations: lines in, "outcome action package before>after state" out ---- */

static char story[4096];

static int tell(void *ctx, const struct dpkg_operation *op, struct err *err) {
    static const char *const outcomes[] = {"done", "failed", "unfinished"};
    (void)ctx, (void)err;
    size_t n = strlen(story);
    snprintf(story + n, sizeof(story) - n, "%s %s %s%s%s %s>%s %s @%s+%llu\n", outcomes[op->outcome],
             dpkg_action_name(op->action), op->package, op->arch[0] != '\0' ? ":" : "", op->arch, op->before, op->after,
             dpkg_state_name(op->state), op->time_text + 11, (unsigned long long)((op->ended_at - op->at) / 1000000000));
    return 0;
}

/* Each line gets the next second. */
static void play(const char *const *lines, size_t n, uint64_t now, size_t want_held, const char *want) {
    const struct dpkg_sink sink = {NULL, tell};
    const struct ingest_place place = {.file = "log", .line = 1};
    struct dpkg_ops *ops = dpkg_ops_new();
    size_t held = 99;
    story[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        char text[256];
        snprintf(text, sizeof(text), "2026-01-01 00:00:%02zu %s", i, lines[i]);
        struct dpkg_line l = good(text);
        assert_int_equal(dpkg_ops_take(ops, &l, &place, &sink, NULL), 0);
    }
    assert_int_equal(dpkg_ops_end(ops, now, &sink, &held, NULL), 0);
    assert_int_equal(held, want_held);
    assert_string_equal(story, want);
    dpkg_ops_free(ops);
}

#define LATER (UINT64_C(1798761600) * 1000000000)
#define SOON  (UINT64_C(1767225700) * 1000000000)
#define PLAY(now, held, want, ...)                                                                                         \
    do {                                                                                                                   \
        static const char *const lines_[] = {__VA_ARGS__};                                                                 \
        play(lines_, sizeof(lines_) / sizeof(lines_[0]), now, held, want);                                                 \
    } while (0)

static void an_install_is_done_when_it_is_installed_in_whatever_run(void **state) {
    (void)state;
    PLAY(LATER, 0, "done install a:amd64 >1 installed @00:00:01+7\n", "startup archives unpack", "install a:amd64 <none> 1",
         "status half-installed a:amd64 1", "status unpacked a:amd64 1", "startup packages configure",
         "configure a:amd64 1 <none>", "status half-configured a:amd64 1", "status triggers-awaited a:amd64 1",
         "status installed a:amd64 1", "trigproc a:amd64 1 <none>", "status half-configured a:amd64 1",
         "status installed a:amd64 1");
}

static void an_upgrade_that_ends_at_the_old_version_failed(void **state) {
    (void)state;
    PLAY(LATER, 0, "failed upgrade a:amd64 1>2 installed @00:00:00+4\n", "upgrade a:amd64 1 2",
         "status half-configured a:amd64 1", "status half-installed a:amd64 1", "status unpacked a:amd64 1",
         "status installed a:amd64 1");
}

static void an_install_that_ends_at_nothing_failed(void **state) {
    (void)state;
    PLAY(LATER, 0, "failed install a:amd64 >2 not-installed @00:00:00+2\n", "install a:amd64 <none> 2",
         "status half-installed a:amd64 2", "status not-installed a:amd64 <none>");
    PLAY(LATER, 0, "failed install a:amd64 >2 config-files @00:00:00+2\n", "install a:amd64 1 2",
         "status half-installed a:amd64 1", "status config-files a:amd64 1");
}

static void half_done_at_the_next_start_is_unfinished_and_its_repair_an_event(void **state) {
    (void)state;
    PLAY(LATER, 0,
         "unfinished install a:amd64 >1 half-configured @00:00:00+4\ndone configure a:amd64 >1 installed @00:00:05+2\n",
         "install a:amd64 <none> 1", "status unpacked a:amd64 1", "configure a:amd64 1 <none>",
         "status half-configured a:amd64 1", "startup packages configure", "configure a:amd64 1 <none>",
         "status half-configured a:amd64 1", "status installed a:amd64 1");
}

static void another_action_on_the_package_ends_the_one_before(void **state) {
    (void)state;
    PLAY(LATER, 0, "unfinished install a:amd64 >1 unpacked @00:00:00+2\ndone upgrade a:amd64 1>2 installed @00:00:02+1\n",
         "install a:amd64 <none> 1", "status unpacked a:amd64 1", "upgrade a:amd64 1 2", "status installed a:amd64 2");
}

static void a_removal_is_one_event_that_tells_whether_the_configuration_stayed(void **state) {
    (void)state;
    PLAY(LATER, 0, "done remove a:amd64 1> config-files @00:00:01+2\ndone install b:all >1 installed @00:00:04+1\n",
         "status installed a:amd64 1", "remove a:amd64 1 <none>", "status half-installed a:amd64 1",
         "status config-files a:amd64 1", "install b:all <none> 1", "status installed b:all 1");
    PLAY(LATER, 0, "done remove a:amd64 1> not-installed @00:00:00+2\n", "remove a:amd64 1 <none>",
         "status config-files a:amd64 1", "status not-installed a:amd64 <none>");
    PLAY(LATER, 0, "done remove a:amd64 1> config-files @00:00:00+1\ndone purge a:amd64 1> not-installed @00:00:02+2\n",
         "remove a:amd64 1 <none>", "status config-files a:amd64 1", "purge a:amd64 1 <none>",
         "status config-files a:amd64 1", "status not-installed a:amd64 <none>");
    PLAY(LATER, 0, "done remove a:amd64 1> config-files @00:00:00+1\n", "remove a:amd64 1 <none>",
         "status config-files a:amd64 1");
    PLAY(LATER, 0, "failed remove a:amd64 1> installed @00:00:00+2\n", "remove a:amd64 1 <none>",
         "status half-configured a:amd64 1", "status installed a:amd64 1");
    PLAY(LATER, 0, "done disappear a 1> not-installed @00:00:00+1\n", "disappear a 1 <none>",
         "status not-installed a <none>");
}

static void what_is_open_at_the_end_is_held_back_while_dpkg_may_be_at_it(void **state) {
    (void)state;
    PLAY(SOON, 1, "", "startup archives unpack", "install a:amd64 <none> 1", "status half-installed a:amd64 1");
    PLAY(LATER, 0, "unfinished install a:amd64 >1 half-installed @00:00:01+1\n", "startup archives unpack",
         "install a:amd64 <none> 1", "status half-installed a:amd64 1");
}

static void packages_of_two_architectures_do_not_mix(void **state) {
    (void)state;
    PLAY(LATER, 0, "done install a:i386 >1 installed @00:00:01+1\ndone install a:amd64 >1 installed @00:00:00+3\n",
         "install a:amd64 <none> 1", "install a:i386 <none> 1", "status installed a:i386 1", "status installed a:amd64 1");
}

static void a_status_without_an_operation_says_nothing(void **state) {
    (void)state;
    PLAY(LATER, 0, "", "status installed a:amd64 1", "trigproc a:amd64 1 <none>", "status triggers-pending a:amd64 1",
         "conffile /etc/a keep", "status not-installed b <none>");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_line_is_read),
        cmocka_unit_test(each_wrong_line_is_refused_in_its_own_words),
        cmocka_unit_test(names_and_versions_that_are_too_long_are_refused),
        cmocka_unit_test(local_time_becomes_utc_and_doubtful_hours_are_marked),
        cmocka_unit_test(the_rotation_number_is_read_from_the_name),
        cmocka_unit_test(an_install_is_done_when_it_is_installed_in_whatever_run),
        cmocka_unit_test(an_upgrade_that_ends_at_the_old_version_failed),
        cmocka_unit_test(an_install_that_ends_at_nothing_failed),
        cmocka_unit_test(half_done_at_the_next_start_is_unfinished_and_its_repair_an_event),
        cmocka_unit_test(another_action_on_the_package_ends_the_one_before),
        cmocka_unit_test(a_removal_is_one_event_that_tells_whether_the_configuration_stayed),
        cmocka_unit_test(what_is_open_at_the_end_is_held_back_while_dpkg_may_be_at_it),
        cmocka_unit_test(packages_of_two_architectures_do_not_mix),
        cmocka_unit_test(a_status_without_an_operation_says_nothing),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
