/* Scopes: what can be meant, and what reaches what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/scope.h"

#define FILES "filesystem.write"
#define HOSTS "network.egress"
#define NAMES "model.invoke"

static const struct {
    const char *group, *scope, *fault; /* NULL: none */
} faults[] = {
    {FILES, "", NULL},
    {FILES, "outbox/x", NULL},
    {FILES, "/", NULL},
    {FILES, "/srv/*", NULL},
    {FILES, "outbox/...", NULL},
    {FILES, "outbox/.x", NULL},
    {FILES, "outbox/x..", NULL},
    {FILES, "outbox/%2e%2e/x", NULL}, /* not decoded: a name like any other */
    {FILES, "outbox/\xef\xbc\x8ex", NULL},
    {FILES, "outbox/../etc/passwd", "has a '..' segment"},
    {FILES, "inbox/..", "has a '..' segment"},
    {FILES, "..", "has a '..' segment"},
    {FILES, "outbox/./x", "has a '.' segment"},
    {FILES, "outbox/.", "has a '.' segment"},
    {FILES, "outbox//x", "has an empty segment, '//'"},
    {FILES, "//x", "has an empty segment, '//'"},
    {FILES, "outbox/x/", "ends in '/'"},
    {FILES, "outbox\\..\\x", "has a backslash"},
    {FILES, "~/x", "begins with '~', which only a shell knows"},
    {FILES, "~root", "begins with '~', which only a shell knows"},
    {FILES, "outbox/\nx", "has a control character"},
    {FILES, "outbox/\xc2\x85", "has a control character"},
    {FILES, "outbox/\xef\xbc\x8e\xef\xbc\x8e/x", "has a '..' segment"}, /* U+FF0E twice */
    {FILES, "outbox/.\xef\xbc\x8e/x", "has a '..' segment"},
    {FILES, "outbox/\xe2\x80\xa5/x", "has a '..' segment"}, /* U+2025 */
    {FILES,
     "outbox/\xef\xbc\x8e\xef\xbc\x8e\xef\xbc\x8f"
     "x",
     "has a '..' segment"},                                     /* U+FF0F */
    {FILES, "outbox/\xc0\xae\xc0\xae/x", "is not valid UTF-8"}, /* overlong dots */
    {FILES, "outbox/\xe0\x80\xaf", "is not valid UTF-8"},
    {"exec", "../bin/sh", "has a '..' segment"},
    {"secrets.read", "db/../root", "has a '..' segment"},
    {"", "a/..", "has a '..' segment"}, /* a group that is not known */
    {HOSTS, "api.example.org", NULL},
    {HOSTS, "api.example.org:443", NULL},
    {HOSTS, "*.example.org:*", NULL},
    {HOSTS, "[2001:db8::1]:443", NULL},
    {HOSTS, "[::1]", NULL},
    {HOSTS, "api.example.org:0", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "api.example.org:65536", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "a:80.example.org", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "API.example.org", "is not a host in lower case (NAME or NAME:PORT, without scheme, user or path)"},
    {HOSTS, "user@example.org", "is not a host in lower case (NAME or NAME:PORT, without scheme, user or path)"},
    {HOSTS, "example.org/x", "is not a host in lower case (NAME or NAME:PORT, without scheme, user or path)"},
    {HOSTS, "https://example.org", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "ex\xd0\xb0mple.org", "is not a host in lower case (NAME or NAME:PORT, without scheme, user or path)"},
    {HOSTS, "example.org.", "has an empty label, '.'"},
    {HOSTS, "a..b", "has an empty label, '.'"},
    {HOSTS, ":443", "names no host"},
    {HOSTS, "[::1]x:443", "has something between its address and its port"},
    {NAMES, "llama3.2:3b", NULL},
    {NAMES, "hf://org//model", NULL},
    {NAMES, "org/../other", "has a '..' segment"},
    {NAMES, "a\\b", "has a backslash"},
};

static void what_cannot_be_meant_is_named(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const char *fault = scope_fault(bytes_of(faults[i].group), bytes_of(faults[i].scope));
        if ((fault == NULL) != (faults[i].fault == NULL) || (fault != NULL && strcmp(fault, faults[i].fault) != 0)) {
            fail_msg("%s '%s': %s", faults[i].group, faults[i].scope, fault != NULL ? fault : "no fault");
        }
    }
    const struct bytes nul = {(const uint8_t *)"outbox/x\0/../y", 14};
    assert_string_equal(scope_fault(bytes_of(FILES), nul), "has a control character");
}

static void a_scope_that_is_longer_than_a_row_keeps_is_a_fault(void **state) {
    static uint8_t text[SCOPE_MAX + 1];
    (void)state;
    memset(text, 'a', sizeof(text));
    assert_null(scope_fault(bytes_of(FILES), (struct bytes){text, SCOPE_MAX}));
    assert_string_equal(scope_fault(bytes_of(FILES), (struct bytes){text, SCOPE_MAX + 1}), "is longer than 4000 bytes");
}

static const struct {
    const char *group, *pattern, *asked;
    bool covers;
} covers[] = {
    {FILES, "", "/etc/passwd", true},
    {FILES, "", "", true},
    {FILES, "*", "", false}, /* everything is also what is absolute */
    {FILES, "outbox/**", "outbox/a/b", true},
    {FILES, "outbox/**", "outbox", false},
    {FILES, "outbox/*", "outbox/a/b", true},
    {FILES, "outbox/**", "outbox/../x", false},
    {FILES, "outbox/**", "outbox/..", false},
    {FILES, "outbox/**", "outbox//x", false},
    {FILES, "outbox/**", "outbox/./x", false},
    {FILES, "outbox/**", "outbox/x/.", false},
    {FILES, "outbox/**", "outbox\\..\\x", false},
    {FILES, "outbox/**", "/outbox/x", false},
    {FILES, "**", "/etc/passwd", false},
    {FILES, "*", "/etc/passwd", false},
    {FILES, "[/]etc/*", "/etc/passwd", false},
    {FILES, "?etc/*", "/etc/passwd", false},
    {FILES, "/etc/*", "/etc/passwd", true},
    {FILES, "/**", "/", true},
    {FILES, "/**", "etc", false},
    {FILES, "outbox/../x", "outbox/../x", false}, /* nor by its own name */
    {FILES, "outbox/?", "outbox/*", false},
    {FILES, "outbox/**", "outbox/a/*", true},
    {FILES, "src/[id]/page", "src/[id]/page", true},
    {HOSTS, "api.example.org", "api.example.org", true},
    {HOSTS, "api.example.org", "api.example.org:443", false}, /* a port has to be said */
    {HOSTS, "api.example.org:*", "api.example.org:443", true},
    {HOSTS, "*.example.org:443", "api.example.org:443", true},
    {HOSTS, "*.example.org:443", "evil.org:80.example.org:443", false},
    {HOSTS, "*", "", true},
    {HOSTS, "[::1]:443", "[::1]:443", true},
    {HOSTS, "[::1]:*", "[::1]:443", true},
    {HOSTS, "[::1]:443", "1:443", false}, /* an address is no class */
    {NAMES, "llama*", "llama3.2:3b", true},
    {NAMES, "llama*", "qwen", false},
};

static void a_grant_reaches_what_its_form_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(covers) / sizeof(covers[0]); i++) {
        if (scope_covers(bytes_of(covers[i].group), bytes_of(covers[i].pattern), bytes_of(covers[i].asked)) !=
            covers[i].covers) {
            fail_msg("%s '%s' and '%s'", covers[i].group, covers[i].pattern, covers[i].asked);
        }
    }
}

static void a_refusal_concerns_what_has_a_part_in_common_with_it(void **state) {
    (void)state;
    assert_true(scope_touches(bytes_of("*secret*"), bytes_of("src/*")));
    assert_true(scope_touches(bytes_of("src/secret"), bytes_of("src/*")));
    assert_true(scope_touches(bytes_of("src/secret"), bytes_of("")));
    assert_true(scope_touches(bytes_of("src/*"), bytes_of("src/../x")));
    assert_true(scope_touches(bytes_of("**"), bytes_of("/etc")));
    assert_false(scope_touches(bytes_of("src/secret"), bytes_of("src/open")));
    assert_false(scope_touches(bytes_of("lib/*"), bytes_of("src/*")));
}

static void tiers_are_four_words(void **state) {
    (void)state;
    assert_int_equal(scope_tier(bytes_of("T0")), 0);
    assert_int_equal(scope_tier(bytes_of("T3")), 3);
    assert_int_equal(scope_tier(bytes_of("T4")), TIER_UNKNOWN);
    assert_int_equal(scope_tier(bytes_of("t1")), TIER_UNKNOWN);
    assert_int_equal(scope_tier(bytes_of("")), TIER_UNKNOWN);
    assert_int_equal(scope_tier(bytes_of("T01")), TIER_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_meant_is_named),
        cmocka_unit_test(a_scope_that_is_longer_than_a_row_keeps_is_a_fault),
        cmocka_unit_test(a_grant_reaches_what_its_form_says),
        cmocka_unit_test(a_refusal_concerns_what_has_a_part_in_common_with_it),
        cmocka_unit_test(tiers_are_four_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
