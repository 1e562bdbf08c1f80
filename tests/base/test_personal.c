/* Personal data in texts: published test numbers are found, and what only looks like them is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/personal/check_digit.h"
#include "base/personal/personal.h"

/* The only hit in the text is this; NULL: there is none. */
static void finds(enum personal_kind kind, const char *text, const char *want) {
    struct personal_hit hit = {0};
    int rc = personal_next(bytes_of(text), 0, &hit);
    if ((rc == 0) != (want != NULL)) {
        fail_msg("'%s': %s", text, rc == 0 ? "a hit" : "no hit");
    } else if (rc == 0 && (hit.kind != kind || hit.n != strlen(want) || memcmp(text + hit.at, want, hit.n) != 0)) {
        fail_msg("'%s': '%.*s' is a %s", text, (int)hit.n, text + hit.at, personal_name(hit.kind));
    } else if (rc == 0 && personal_next(bytes_of(text), hit.at + hit.n, &hit) == 0) {
        fail_msg("'%s': two hits", text);
    }
}

/* Alone, in a sentence, in brackets, in quotes, before a full stop. */
static void finds_around(enum personal_kind kind, const char *what) {
    static const char *const around[] = {"%s",        "it is %s, he said", "(%s)", "\"%s\"",
                                         "write %s.", "x: %s\n",           "<%s>", "=%s;"};
    char text[400];
    for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), around[i], what);
#pragma GCC diagnostic pop
        finds(kind, text, what);
    }
}

static void nothing_in(const char *const *texts, size_t n) {
    char text[400];
    for (size_t i = 0; i < n; i++) {
        finds(PERSONAL_EMAIL, texts[i], NULL);
        snprintf(text, sizeof(text), "see %s.", texts[i]);
        finds(PERSONAL_EMAIL, text, NULL);
    }
}
#define NOTHING_IN(texts) nothing_in(texts, sizeof(texts) / sizeof((texts)[0]))

static void addresses_are_found(void **state) {
    static const char *const hits[] = {"ann@example.org",    "first.last+tag@sub.example.co.uk", "a_b-c%d@ex-ample.museum",
                                       "o'neil@example.com", "x@xn--bcher-kva.xn--p1ai",         "1@2.com"};
    static const char *const misses[] = {"ann@localhost",
                                         "pkg@1.2.3",
                                         "@handle",
                                         "ann@",
                                         "ann@.org",
                                         "ann@example.",
                                         "git@example.org:team/repo",
                                         "https://ann@example.org/x",
                                         "a..b@example.org",
                                         "ann.@example.org",
                                         "ann@-x.org",
                                         "ann@x.o1",
                                         "ann@example.org@x",
                                         "ann at example.org"};
    (void)state;
    for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++) {
        finds_around(PERSONAL_EMAIL, hits[i]);
    }
    NOTHING_IN(misses);
    finds(PERSONAL_EMAIL, "mailto:ann@example.org?subject=x", "ann@example.org");
    finds(PERSONAL_EMAIL, "ann@example.org:", "ann@example.org");
}

static void phones_are_found(void **state) {
    static const char *const hits[] = {"+14155550132",     "+1 415 555 0132",   "+1 (415) 555-0132", "+44 20 7946 0958",
                                       "+49 30 23125 000", "+33 1 99 00 12 34", "+61 491 570 156",   "415-555-0132",
                                       "415.555.0132",     "(415) 555-0132"};
    static const char *const misses[] = {
        "+123456",        "+0123456789",  "555-0132",       "115-555-0132",  "415-155-0132",      "2024-11-23",
        "1.415.555.0132", "415-555.0132", "415 555 0132",   "x+14155550132", "+1234567890123456", "10.20.30.40",
        "127.0.0.1:8080", "12:34:56.789", "415-555-0132-7", "415-555-01321", "#+14155550132"};
    (void)state;
    for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++) {
        finds_around(PERSONAL_PHONE, hits[i]);
    }
    NOTHING_IN(misses);
}

static void accounts_are_found(void **state) {
    static const char *const hits[] = {"GB82 WEST 1234 5698 7654 32",       "DE89370400440532013000",
                                       "FR14 2004 1010 0505 0001 3M02 606", "NO93 8601 1117 947",
                                       "MT84MALT011000012345MTLCAST001S",   "CH93 0076 2011 6238 5295 7"};
    static const char *const misses[] = {"GB82 WEST 1234 5698 7654 33",
                                         "DE8937040044053201300",
                                         "DE893704004405320130001",
                                         "XX89370400440532013000",
                                         "xDE89370400440532013000",
                                         "DE8937040044053201300O",
                                         "GB82  WEST 1234 5698 7654 32",
                                         "GB",
                                         "DE89"};
    (void)state;
    for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++) {
        finds_around(PERSONAL_IBAN, hits[i]);
    }
    NOTHING_IN(misses);
}

static void cards_are_found(void **state) {
    static const char *const hits[] = {"4111111111111111", "4242 4242 4242 4242", "5555-5555-5555-4444", "2223003122003222",
                                       "378282246310005",  "3714 496353 98431",   "30569309025904",      "3852 000002 3237",
                                       "6011111111111117", "3530111333300000",    "6200000000000005",    "4222222222222"};
    static const char *const misses[] = {"4111111111111112",   "4111 1111 1111 111",   "1234567890123452",
                                         "x4111111111111111",  "41111111111111110",    "0.4111111111111111",
                                         "4111111111111111.5", "4111--1111-1111-1111", "9111111111111111",
                                         "37828224631000",     "5555555555554445"};
    (void)state;
    for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++) {
        finds_around(PERSONAL_CARD, hits[i]);
    }
    NOTHING_IN(misses);
}

/* A check digit notices every wrong digit, and the remainder every wrong character. */
static void one_wrong_digit_is_noticed(void **state) {
    uint8_t card[] = {4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    char iban[] = "GB82WEST12345698765432";
    (void)state;
    for (size_t i = 0; i < sizeof(card); i++) {
        for (uint8_t d = 0; d < 10; d++) {
            uint8_t was = card[i];
            card[i] = d;
            assert_int_equal(check_digit_luhn(card, sizeof(card)), d == was);
            card[i] = was;
        }
    }
    for (size_t i = 0; i < strlen(iban); i++) {
        for (char c = '0'; c <= '9'; c++) {
            char was = iban[i];
            if (was < '0' || was > '9') continue;
            iban[i] = c;
            assert_int_equal(check_digit_iban((const uint8_t *)iban, strlen(iban)), c == was);
            iban[i] = was;
        }
    }
}

/* What people and programs write besides the printed form. */
static void other_forms_are_found(void **state) {
    static const char *const ibans[] = {
        "de89370400440532013000",      "De89370400440532013000",      "DE89-3704-0044-0532-0130-00",
        "de89 3704 0044 0532 0130 00", "GB82.WEST.1234.5698.7654.32", "gb82-west-1234-5698-7654-32",
        "fr1420041010050500013m02606", "NO93_8601_1117_947",          "be68539007547034"};
    static const char *const cards[] = {
        "4111.1111.1111.1111", "4111/1111/1111/1111", "4111_1111_1111_1111", "4242 424242424242", "4242-42424242-4242",
        "42424242 42424242",   "41111 1111 1111 111", "3782.822463.10005",   "424242 4242424242", "4242 424 242424 242"};
    static const char *const addresses[] = {"\"bob smith\"@example.com", "\"a@b\"@example.com", "\"a\\\"b\"@example.com"};
    (void)state;
    for (size_t i = 0; i < sizeof(ibans) / sizeof(ibans[0]); i++) {
        finds_around(PERSONAL_IBAN, ibans[i]);
    }
    for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
        finds_around(PERSONAL_CARD, cards[i]);
    }
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        char text[200];
        finds(PERSONAL_EMAIL, addresses[i], addresses[i]);
        snprintf(text, sizeof(text), "to %s, <%s>", addresses[i], "x");
        finds(PERSONAL_EMAIL, text, addresses[i]);
    }
}

/* It is the form that tells them apart: most of these numbers have the right check digit. */
static void near_misses_of_other_forms_are_not_found(void **state) {
    static const char *const misses[] = {
        "4.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",      /* a version */
        "4.11.1.1111.1111.1111",                /*  */
        "978-4-11-111111-1",                    /* ISBN */
        "9784111111111",                        /*  */
        "978-4-1111-1111-3",                    /*  */
        "4111111111111111abcdef0123456789",     /* a digest */
        "a71f-4111-111111111111",               /* a UUID's end */
        "550e8400-e29b-11d4-a71f-411111111111", /*  */
        "41-11-11-11-11-11-11-11",              /* an address of hardware */
        "4111 1111.1111-11 111",                /* a table's cells */
        "378.282.246.310.005",                  /* a number with thousands */
        "42,424,242,424,242",                   /*  */
        "4111:1111:1111:1111",                  /*  */
        "de89 370400440532013000",              /* not in fours */
        "de89-3704 0044-0532 0130-00",          /* separators differ */
        "DE89-370400440532013000",              /*  */
        "de89370400440532013001",               /* the check digits */
        "be28abcdef012345",                     /* a hexadecimal digest */
        "be68539007547034be68539007547034",     /*  */
        "\"handle\": \"@example.com\"",         /* JSON */
        "{\"handle\":\"@example.com\"}",        /*  */
        "[\"a\",\"@example.com\"]",             /*  */
        "\"\"@example.com",                     /* an empty local part */
        "\"bob\nsmith\"@example.com",           /* two lines */
    };
    (void)state;
    NOTHING_IN(misses);
}

static void masked_is(const char *text, const char *want) {
    struct buf out = {.max = 1000};
    size_t counts[PERSONAL_KINDS] = {0};
    personal_mask(&out, bytes_of(text), counts);
    buf_put_u8(&out, 0);
    assert_string_equal((const char *)out.p, want);
    buf_done(&out);
}

/* Invisible characters and other spellings of blanks, dashes, dots and digits hide nothing; the mask covers all of it. */
static void other_spellings_are_masked(void **state) {
    (void)state;
    masked_is("a 4111\u00a01111\u00a01111\u00a01111 b", "a \u2039personal:card:22\u203a b");
    masked_is("4111\u20111111\u20111111\u20111111", "\u2039personal:card:25\u203a");
    masked_is("4111\u00b71111\u00b71111\u00b71111", "\u2039personal:card:22\u203a");
    masked_is("41\u200b11111111111111.", "\u2039personal:card:19\u203a.");
    masked_is("\uff14\uff11\uff11\uff11111111111111", "\u2039personal:card:24\u203a");
    masked_is("ann\uff20example.org", "\u2039personal:email:17\u203a");
    masked_is("an\u200dn@exam\u00adple.org!", "\u2039personal:email:20\u203a!");
    masked_is("ann@example\uff0eorg", "\u2039personal:email:17\u203a");
    masked_is("DE89\u202f3704\u202f0044\u202f0532\u202f0130\u202f00", "\u2039personal:iban:37\u203a");
    masked_is("\uff0b1\u2009415\u2009555\u20090132", "\u2039personal:phone:23\u203a");
    masked_is("\u200bcaf\u00e9 \u00fc\u2028 \U0001f600\xff 12\u00a034",
              "\u200bcaf\u00e9 \u00fc\u2028 \U0001f600\xff 12\u00a034");
    masked_is("4111\u20281111 1111 1111", "\u2039personal:card:21\u203a");
    masked_is("", "");
}

/* The query of a URL, escapes of links and pages, letters of all scripts, addresses in brackets. */
static void addresses_in_other_places_are_masked(void **state) {
    (void)state;
    masked_is("https://x/?e=bob@example.org", "https://x/?e=\u2039personal:email:15\u203a");
    masked_is("https://x/a/bob@example.org#b", "https://x/a/\u2039personal:email:15\u203a#b");
    masked_is("https://ann@example.org/?e=bob@example.org&x", "https://ann@example.org/?e=\u2039personal:email:15\u203a&x");
    masked_is("https://ann:word@example.org", "https://ann:word@example.org");
    masked_is("https://unpkg.com/react@18.2.0/index.js https://x/@ann",
              "https://unpkg.com/react@18.2.0/index.js https://x/@ann");
    masked_is("bob%40example.org", "\u2039personal:email:17\u203a");
    masked_is("?e=bob%2Bx%40example%2eorg&y", "?\u2039personal:email:25\u203a&y");
    masked_is("<bob&#64;example.org>", "<\u2039personal:email:19\u203a>");
    masked_is("bob&#x40;example&#x2E;org", "\u2039personal:email:25\u203a");
    masked_is("bob&commat;example.org", "\u2039personal:email:22\u203a");
    masked_is("100%40 &#64 %4 &#; %C3%A9 &#x;", "100%40 &#64 %4 &#; %C3%A9 &#x;");
    masked_is("bob@\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444, x", "\u2039personal:email:21\u203a, x");
    masked_is("\u0431\u043e\u0431@\u043f\u0440.\u0440\u0444", "\u2039personal:email:16\u203a");
    masked_is("j\u00fcrgen@b\u00fccher.example", "\u2039personal:email:23\u203a");
    masked_is("\u00abann@example.org\u00bb", "\u00ab\u2039personal:email:15\u203a\u00bb");
    masked_is("ann@example.org\u3067\u3059", "\u2039personal:email:15\u203a\u3067\u3059");
    masked_is("bob@[192.0.2.1].", "\u2039personal:email:15\u203a.");
    masked_is("bob@[IPv6:2001:db8::1]", "\u2039personal:email:22\u203a");
    masked_is("w@[1.0, 2.0] x@[1.2] y@[IPv6:1] z@[a.b.c.d]", "w@[1.0, 2.0] x@[1.2] y@[IPv6:1] z@[a.b.c.d]");
}

/* Two zeros in place of a plus, and cards that lines or commas split; not what has such digits for other reasons. */
static void numbers_in_other_places_are_found(void **state) {
    static const char *const phones[] = {"004930231250001", "0049 30 23125 000", "00 49 30 23125 000", "0033 1 99 00 12 34",
                                         "0044-20-7946-0958"};
    static const char *const cards[] = {"4111 1111\n1111 1111", "4111\n1111\n1111\n1111", "4111,1111,1111,1111",
                                        "3782 822463\n10005"};
    static const char *const misses[] = {"0012345678",                           /* a number with zeros before it */
                                         "000049302312500",                      /*  */
                                         "00 11 22 33 44 55 66",                 /* bytes */
                                         "00-11-22-33-44-55",                    /* an address of hardware */
                                         "00112233-4455-a677-8899-aabbccddeeff", /* a UUID */
                                         "00112233445566778899aabbccddeeff",     /* a digest */
                                         "00:49:30:23",                          /* a time */
                                         "0.0049302312500",                      /* a fraction */
                                         "4111\n1111\n1111\n1111\n1111",         /* a column */
                                         "17\n4111\n1111\n1111\n1111",           /*  */
                                         "4111,1111,1111,1111,5",                /* a row */
                                         "5,4111,1111,1111,1111",                /*  */
                                         "41111111\n11111111"};
    (void)state;
    for (size_t i = 0; i < sizeof(phones) / sizeof(phones[0]); i++) {
        finds_around(PERSONAL_PHONE, phones[i]);
    }
    for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++) {
        finds_around(PERSONAL_CARD, cards[i]);
    }
    NOTHING_IN(misses);
}

static void masks_hide_what_was_found_and_nothing_else(void **state) {
    struct buf out = {.max = 1000};
    size_t counts[PERSONAL_KINDS] = {0};
    (void)state;
    personal_mask(&out, bytes_of("Ann <ann@example.org>, +1 415 555 0132 or bob@example.org; 4111111111111111!"), counts);
    buf_put_u8(&out, 0);
    assert_string_equal((const char *)out.p, "Ann <\u2039personal:email:15\u203a>, \u2039personal:phone:15\u203a or "
                                             "\u2039personal:email:15\u203a; \u2039personal:card:16\u203a!");
    assert_int_equal(counts[PERSONAL_EMAIL], 2);
    assert_int_equal(counts[PERSONAL_PHONE], 1);
    assert_int_equal(counts[PERSONAL_IBAN], 0);
    assert_int_equal(counts[PERSONAL_CARD], 1);
    struct buf again = {.max = 1000};
    personal_mask(&again, (struct bytes){out.p, out.n}, counts);
    assert_true(bytes_eq((struct bytes){out.p, out.n}, (struct bytes){again.p, again.n}));
    buf_done(&out);
    buf_done(&again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_found),
        cmocka_unit_test(phones_are_found),
        cmocka_unit_test(accounts_are_found),
        cmocka_unit_test(cards_are_found),
        cmocka_unit_test(other_forms_are_found),
        cmocka_unit_test(near_misses_of_other_forms_are_not_found),
        cmocka_unit_test(other_spellings_are_masked),
        cmocka_unit_test(addresses_in_other_places_are_masked),
        cmocka_unit_test(numbers_in_other_places_are_found),
        cmocka_unit_test(one_wrong_digit_is_noticed),
        cmocka_unit_test(masks_hide_what_was_found_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
