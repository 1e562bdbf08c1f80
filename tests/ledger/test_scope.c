/* Scopes: which are valid, and which covers which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/kinds/scope.h"

#define FILES       "filesystem.write"
#define HOSTS       "network.egress"
#define IPV4_WITHIN "is an IPv6 address that stands for an IPv4 address (write that one)"
#define NAMES       "model.invoke"

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
    {FILES, "outbox/%2e%2e/x", NULL}, /* not decoded: an ordinary name */
    {FILES, "outbox/\xef\xbc\x8ex", NULL},
    {FILES, "outbox/ x", NULL},
    {FILES, "family \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9.png", NULL}, /* a joiner within a name */
    {FILES, " ", "has no visible character"},
    {"secrets.read", "\xe2\x80\x8b\xe2\x80\x8d", "has no visible character"}, /* zero width space, joiner */
    {"secrets.read", "\xc2\xa0\xe3\x80\x80\xef\xbb\xbf", "has no visible character"},
    {"secrets.read", "\xe3\x85\xa4", "has no visible character"}, /* U+3164 */
    {NAMES, "\xc2\xad", "has no visible character"},
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
    {"", "a/..", "has a '..' segment"}, /* an unknown group */
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
    {HOSTS, "https://example.org", "has a scheme (expected NAME or NAME:PORT, without scheme, user or path)"},
    {HOSTS, "http://x/", "has a scheme (expected NAME or NAME:PORT, without scheme, user or path)"},
    {HOSTS, "ex\xd0\xb0mple.org", "is not a host in lower case (NAME or NAME:PORT, without scheme, user or path)"},
    {HOSTS, "example.org.", "has an empty label, '.'"},
    {HOSTS, "a..b", "has an empty label, '.'"},
    {HOSTS, ":443", "names no host"},
    {HOSTS, "[::1]x:443", "has something between its address and its port"},
    {NAMES, "llama3.2:3b", NULL},
    {NAMES, "hf://org//model", NULL},
    {NAMES, "org/../other", "has a '..' segment"},
    {NAMES, "a\\b", "has a backslash"},
    {HOSTS, "evil.com:443?x=.example.org", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "evil.com:443/*#.example.org", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "api.good.org:*@evil.com", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "a:4[4/]3", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "a:4[a-f]", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "a:[4", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "a:[!4]3", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "a:4?.b", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "a:", "has a port that is not a number from 1 to 65535"},
    {HOSTS, "a:*", NULL},
    {HOSTS, "a:4?3", NULL},
    {HOSTS, "a:44[0-3]", NULL},
    {HOSTS, "127.0.0.1", NULL},
    {HOSTS, "127.0.0.1:80", NULL},
    {HOSTS, "127.*", NULL},
    {HOSTS, "10.0.0.?:*", NULL},
    {HOSTS, "1.example.org", NULL},
    {HOSTS, "0x7f.example.org", NULL},
    {HOSTS, "0xyz", NULL},
    {HOSTS, "[2001:db8::1]:44*", NULL},
    {HOSTS, "[::]", NULL},
    {HOSTS, "127.1", "is an IPv4 address that is not four decimal numbers up to 255"},
    {HOSTS, "2130706433", "is an IPv4 address that is not four decimal numbers up to 255"},
    {HOSTS, "0x7f.0.0.1", "is an IPv4 address that is not four decimal numbers up to 255"},
    {HOSTS, "0x7f000001", "is an IPv4 address that is not four decimal numbers up to 255"},
    {HOSTS, "127.0.0.0x1", "is an IPv4 address that is not four decimal numbers up to 255"},
    {HOSTS, "127.0.0.01", "is an IPv4 address that is not four decimal numbers up to 255"},
    {HOSTS, "127.0.0.256", "is an IPv4 address that is not four decimal numbers up to 255"},
    {HOSTS, "1.2.3.4.5", "is an IPv4 address that is not four decimal numbers up to 255"},
    {HOSTS, "127.1:80", "is an IPv4 address that is not four decimal numbers up to 255"},
    {HOSTS, "0x", "is an IPv4 address that is not four decimal numbers up to 255"},
    {HOSTS, "[0:0:0:0:0:0:0:1]", "is not an IPv6 address in its shortest form (RFC 5952)"},
    {HOSTS, "[::01]", "is not an IPv6 address in its shortest form (RFC 5952)"},
    {HOSTS, "[2001:db8:0::1]", "is not an IPv6 address in its shortest form (RFC 5952)"},
    {HOSTS, "[::ffff:127.0.0.1]", IPV4_WITHIN},
    {HOSTS, "[::ffff:7f00:1]", IPV4_WITHIN},
    {HOSTS, "[::127.0.0.1]", IPV4_WITHIN},
    {HOSTS, "[::7f00:1]", IPV4_WITHIN},
    {HOSTS, "[::2]:443", IPV4_WITHIN},
    {HOSTS, "[64:ff9b::7f00:1]", IPV4_WITHIN},
    {HOSTS, "[64:ff9b::127.0.0.1]:80", IPV4_WITHIN},
    {HOSTS, "[64:ff9b:1:7f00:0:100::]", IPV4_WITHIN},
    {HOSTS, "[::ffff:0:7f00:1]", IPV4_WITHIN},
    {HOSTS, "[64:ff9b:2::1]", NULL},
    {HOSTS, "[64:ff9b::1:7f00:1]", NULL},
    {HOSTS, "[1::2::3]", "is not an IPv6 address in its shortest form (RFC 5952)"},
    {FILES, "outbox/\xef\xb8\xb0/etc", "has a '..' segment"},
    {FILES,
     "outbox/a\xef\xb9\xa8..\xef\xb9\xa8"
     "etc",
     "has a character that some systems read as '/' or as a backslash"},
    {FILES,
     "outbox/\xef\xb9\xa8..\xef\xb9\xa8"
     "etc",
     "has a character that some systems read as '/' or as a backslash"},
    {FILES, "outbox/\xe2\x84\x80", "has a character that some systems read as '/' or as a backslash"},
    {FILES, "outbox/\xe2\x84\x81", "has a character that some systems read as '/' or as a backslash"},
    {FILES, "outbox/\xe2\x84\x85", "has a character that some systems read as '/' or as a backslash"},
    {FILES, "outbox/\xe2\x84\x86", "has a character that some systems read as '/' or as a backslash"},
    {FILES,
     "outbox/\xef\xbc\x8f"
     "x",
     "has a character that some systems read as '/' or as a backslash"},
    {NAMES,
     "a\xef\xbc\xbc"
     "b",
     "has a character that some systems read as '/' or as a backslash"},
    {FILES, "out/[.][.]/x", "has a segment that matches '.' or '..'"},
    {FILES, "out/.?/x", "has a segment that matches '.' or '..'"},
    {FILES, "out/?./x", "has a segment that matches '.' or '..'"},
    {FILES, "out/[.]", "has a segment that matches '.' or '..'"},
    {FILES, "[.a]/x", "has a segment that matches '.' or '..'"},
    {FILES, "out/[!a]/x", "has a segment that matches '.' or '..'"},
    {FILES, "out/[!a]./x", "has a segment that matches '.' or '..'"},
    {FILES, "out/.*/x", NULL},
    {FILES, "out/*.*", NULL},
    {FILES, "out/?/x", NULL},
    {FILES, "out/??", NULL},
    {FILES, "out/[ab]", NULL},
    {FILES, "out/[ab]?", NULL},
    {FILES, "out/*.?", NULL},
    {FILES, "..?", NULL},
    {FILES, "out/x[.]", NULL},
    {FILES, "out/[./]./x", "has a '/' in a class"},
    {NAMES, "org/[.][.]/x", "has a segment that matches '.' or '..'"},
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

static void a_use_names_one_and_no_pattern(void **state) {
    const char *const fault = "is a pattern (it has '*', '?' or '['); a use names one";
    (void)state;
    assert_string_equal(scope_use_fault(bytes_of(FILES), bytes_of("outbox/*")), fault);
    assert_string_equal(scope_use_fault(bytes_of(FILES), bytes_of("src/[id]/page")), fault);
    assert_string_equal(scope_use_fault(bytes_of(HOSTS), bytes_of("evil.com?.example.org:443")), fault);
    assert_string_equal(scope_use_fault(bytes_of(HOSTS), bytes_of("[::1]:*")), fault);
    assert_string_equal(scope_use_fault(bytes_of(NAMES), bytes_of("llama?")), fault);
    assert_string_equal(scope_use_fault(bytes_of(FILES), bytes_of("out/..")), "has a '..' segment");
    assert_null(scope_use_fault(bytes_of(HOSTS), bytes_of("[::1]:443")));
    assert_null(scope_use_fault(bytes_of(FILES), bytes_of("outbox/a")));
    assert_null(scope_use_fault(bytes_of(FILES), bytes_of("")));
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
    {FILES, "*", "", false}, /* everything includes absolute paths */
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
    {HOSTS, "api.example.org", "api.example.org:443", false}, /* a port has to be named */
    {HOSTS, "api.example.org:*", "api.example.org:443", true},
    {HOSTS, "*.example.org:443", "api.example.org:443", true},
    {HOSTS, "*.example.org:443", "evil.org:80.example.org:443", false},
    {HOSTS, "*", "", true},
    {HOSTS, "[::1]:443", "[::1]:443", true},
    {HOSTS, "[::1]:*", "[::1]:443", true},
    {HOSTS, "[::1]:443", "1:443", false}, /* an address is no class */
    {NAMES, "llama*", "llama3.2:3b", true},
    {NAMES, "llama*", "qwen", false},
    {HOSTS, "*.example.org", "evil.com:443?x=.example.org", false},
    {HOSTS, "*.example.org", "evil.com:443/*#.example.org", false},
    {HOSTS, "api.good.org:*", "api.good.org:*@evil.com", false},
    {HOSTS, "api.good.org:*", "api.good.org:4*", true},
    {HOSTS, "?", "[::1]", false}, /* an address is not a class when it is requested either */
    {HOSTS, "*", "[::1]:443", true},
    {HOSTS, "[::1]:*", "[::1]:4?3", true},
    {HOSTS, "[::1]:*", "[::2]:443", false},
    {FILES, "outbox/**", "outbox/\xef\xb8\xb0/etc", false},
    {FILES, "out/**", "out/.?/x", false},
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
    assert_true(scope_touches(bytes_of(FILES), bytes_of("*secret*"), bytes_of("src/*")));
    assert_true(scope_touches(bytes_of(FILES), bytes_of("src/secret"), bytes_of("src/*")));
    assert_true(scope_touches(bytes_of(FILES), bytes_of("src/secret"), bytes_of("")));
    assert_true(scope_touches(bytes_of(FILES), bytes_of("src/*"), bytes_of("src/../x")));
    assert_true(scope_touches(bytes_of(FILES), bytes_of("**"), bytes_of("/etc")));
    assert_false(scope_touches(bytes_of(FILES), bytes_of("/etc/**"),
                               bytes_of("**"))); /* a grant of ** does not cover absolute paths */
    assert_true(scope_touches(bytes_of(FILES), bytes_of("/etc/**"), bytes_of("/**")));
    assert_true(scope_touches(bytes_of(FILES), bytes_of("/etc/**"), bytes_of("")));
    assert_true(scope_touches(bytes_of("gpu"), bytes_of("/a"), bytes_of("*")));
    assert_false(scope_touches(bytes_of(FILES), bytes_of("src/secret"), bytes_of("src/open")));
    assert_false(scope_touches(bytes_of(FILES), bytes_of("lib/*"), bytes_of("src/*")));
    assert_false(scope_touches(bytes_of(HOSTS), bytes_of("[fe80::1]"), bytes_of("[2001:db8::1]")));
    assert_false(scope_touches(bytes_of(HOSTS), bytes_of("[fe80::1]:443"), bytes_of("1:443")));
    assert_false(scope_touches(bytes_of(HOSTS), bytes_of("?"), bytes_of("[fe80::1]")));
    for (unsigned i = 0; i < 2; i++) { /* of a part of it, and of all */
        bool (*refuses)(struct bytes, struct bytes, struct bytes) = i == 0 ? scope_touches : scope_refuses;
        assert_true(refuses(bytes_of(HOSTS), bytes_of("a.org"), bytes_of("a.org:443")));
        assert_true(refuses(bytes_of(HOSTS), bytes_of("*.org"), bytes_of("a.org:*")));
        assert_true(refuses(bytes_of(HOSTS), bytes_of("[fe80::1]"), bytes_of("[fe80::1]:443")));
        assert_true(refuses(bytes_of(HOSTS), bytes_of("*80"), bytes_of("a.org:80")));
        assert_true(refuses(bytes_of(HOSTS), bytes_of("*"), bytes_of("")));
        assert_false(refuses(bytes_of(HOSTS), bytes_of("a.org:80"), bytes_of("a.org:443")));
        assert_false(refuses(bytes_of(HOSTS), bytes_of("a.org:443"), bytes_of("a.org")));
        assert_false(refuses(bytes_of(HOSTS), bytes_of("a.org"), bytes_of("b.a.org:443")));
        assert_false(refuses(bytes_of(NAMES), bytes_of("llama3"), bytes_of("llama3:8b")));
    }
    assert_true(scope_touches(bytes_of(HOSTS), bytes_of("a.org"), bytes_of("*:443")));
    assert_false(scope_refuses(bytes_of(HOSTS), bytes_of("a.org"), bytes_of("*:443")));
    assert_false(scope_refuses(bytes_of(FILES), bytes_of("src/secret"), bytes_of("src/*")));
    assert_true(scope_touches(bytes_of(HOSTS), bytes_of("[fe80::1]:*"), bytes_of("[fe80::1]:443")));
    assert_true(scope_touches(bytes_of(HOSTS), bytes_of("[fe80::1]:4*"), bytes_of("[fe80::1]:*3")));
    assert_true(scope_touches(bytes_of(HOSTS), bytes_of("*:443"), bytes_of("[fe80::1]:443")));
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
        cmocka_unit_test(a_use_names_one_and_no_pattern),
        cmocka_unit_test(a_scope_that_is_longer_than_a_row_keeps_is_a_fault),
        cmocka_unit_test(a_grant_reaches_what_its_form_says),
        cmocka_unit_test(a_refusal_concerns_what_has_a_part_in_common_with_it),
        cmocka_unit_test(tiers_are_four_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
