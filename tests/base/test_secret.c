/* base/secret/secret.h: secrets with a form of their own, masks, and how much work a text costs. Every secret here is
 * assembled at run time from a prefix and random characters, so that no file contains one. */
#include "tests/base/secret_sample.h"

/* ---- secrets with a shape ----------------------------------------------------------------------------------------- */

static void every_shape_is_found_alone_and_at_either_end_of_a_text(void **state) {
    (void)state;
    char secret[SAMPLE_MAX], text[2 * SAMPLE_MAX];
    for (size_t i = 0; i < sample_count(); i++) {
        for (unsigned seed = 0; seed < 20; seed++) {
            size_t n = sample_make(i, seed, secret);
            const char *rule = SAMPLES[i].rule;
            expect_one(secret, n, rule, 0, n);
            size_t m = (size_t)snprintf(text, sizeof(text), "%s is here, no more", secret);
            expect_one(text, m, rule, 0, n);
            m = (size_t)snprintf(text, sizeof(text), "here it is: %s", secret);
            expect_one(text, m, rule, 12, n);
            m = (size_t)snprintf(text, sizeof(text), "{\"a\":\"%s\",\"b\":1}", secret);
            expect_one(text, m, rule, 6, n);
            m = (size_t)snprintf(text, sizeof(text), "line one\n%s\nline two", secret);
            expect_one(text, m, rule, 9, n);
        }
    }
}

static void every_shape_is_found_at_every_offset_of_a_long_text(void **state) {
    (void)state;
    char secret[SAMPLE_MAX], text[SAMPLE_MAX + 256];
    for (size_t i = 0; i < sample_count(); i++) {
        size_t n = sample_make(i, 7, secret);
        for (size_t at = 1; at < 100; at++) {
            memset(text, '.', sizeof(text));
            for (size_t k = 3; k < at; k += 4) {
                text[k] = ' ';
            }
            text[at - 1] = ' ';
            memcpy(text + at, secret, n);
            text[at + n] = '\n';
            expect_one(text, at + n + 100, SAMPLES[i].rule, at, n);
        }
    }
}

/* The shortest text that may follow an anchor, at every place of the pieces in which a text is searched. */
static void a_secret_in_the_last_bytes_of_a_text_is_found(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t back; /* how far from the end the secret begins */
    } cases[] = {{"0://:abc@", 4}, {" mysql -pabc", 3}, {" ghp_0123456789abcdefghijABCDEFGHIJ01234%35", 42}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t n = 0; n < 80; n++) {
            char text[160];
            struct secret_hit hit;
            memset(text, n % 2 != 0 ? 'a' : '1', n);
            memcpy(text + n, cases[i].text, strlen(cases[i].text));
            size_t end = n + strlen(cases[i].text);
            uint8_t *copy = malloc(end);
            assert_non_null(copy);
            memcpy(copy, text, end);
            if (secret_next((struct bytes){copy, end}, 0, &hit) != 0) {
                fail_msg("nothing is found in '%.*s'", (int)end, text);
            }
            assert_int_equal(hit.at, end - cases[i].back);
            free(copy);
        }
    }
}

static void two_secrets_side_by_side_are_both_masked(void **state) {
    (void)state;
    char a[SAMPLE_MAX], b[SAMPLE_MAX], text[2 * SAMPLE_MAX + 8];
    static const char *const between[] = {" ", "\n", ",", "\",\"", "|"};
    for (size_t i = 0; i < sample_count(); i++) {
        for (size_t k = 0; k < sample_count(); k++) {
            sample_make(i, 1, a);
            sample_make(k, 2, b);
            size_t m = (size_t)snprintf(text, sizeof(text), "%s%s%s", a, between[(i + k) % COUNT(between)], b);
            struct secret_hit hit[2];
            size_t count = hits_of(text, m, hit, 2);
            /* A PEM key without its end takes the rest with it. */
            if (count != 2 && !(count == 1 && hit[0].n == m)) {
                fail_msg("%zu hits in '%s'", count, text);
            }
            expect_stable(text, m);
        }
    }
}

static void of_two_secrets_without_a_gap_nothing_stays_readable(void **state) {
    (void)state;
    char a[SAMPLE_MAX], text[2 * SAMPLE_MAX];
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < sample_count(); i++) {
        size_t n = sample_make(i, 3, a);
        memcpy(text, a, n);
        memcpy(text + n, a, n + 1);
        mask_into(&out, text, 2 * n);
        /* Nothing marks where these begin or end among other letters. */
        static const char *const unmarked[] = {"aws-key-id", "databricks-token", "azure-secret", "1password-key"};
        bool exact = false;
        for (size_t k = 0; k < COUNT(unmarked); k++) {
            exact = exact || strcmp(SAMPLES[i].rule, unmarked[k]) == 0;
        }
        if (!exact && memmem(out.p, out.n, a + n - 8, 8) != NULL) {
            fail_msg("'%s' becomes '%.*s'", text, (int)out.n, out.p);
        }
        expect_stable(text, 2 * n);
    }
    buf_done(&out);
}

static void a_secret_that_is_too_short_or_wears_other_letters_is_not_one(void **state) {
    (void)state;
    char secret[SAMPLE_MAX], text[SAMPLE_MAX + 16];
    for (size_t i = 0; i < sample_count(); i++) {
        size_t n = sample_make(i, 5, secret), body = strcspn(SAMPLES[i].pattern, "<");
        if (SAMPLES[i].start) { /* part of a longer word */
            text[0] = 'x';
            memcpy(text + 1, secret, n + 1);
            expect_none(text, n + 1);
        }
        if (SAMPLES[i].least != 0) {
            size_t keep = body + SAMPLES[i].least;
            assert_true(keep <= n);
            expect_none(secret, keep - 1);
            memcpy(text, secret, n);
            text[keep - 1] = '!';
            expect_none(text, keep);
            memset(text + body, 'a', keep - body); /* not random at all */
            expect_none(text, keep);
        }
    }
}

static void a_hex_key_with_one_digit_more_is_a_digest_of_something_else(void **state) {
    (void)state;
    static const char *const prefixes[] = {"SK", "dapi", "shpat_"};
    char text[64], hex[34];
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        sample_random(hex, 33, SAMPLE_HEX, 9);
        size_t n = (size_t)snprintf(text, sizeof(text), "%s%s", prefixes[i], hex);
        expect_none(text, n);
        assert_int_equal(hits_of(text, n - 1, &(struct secret_hit){0}, 1), 1);
    }
}

static void a_pem_key_is_masked_to_its_end_line_or_to_the_end_of_the_text(void **state) {
    (void)state;
    static const char *const labels[] = {"PRIVATE KEY",         "RSA PRIVATE KEY",       "EC PRIVATE KEY",
                                         "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"};
    char body[65], text[1024];
    sample_random(body, 64, SAMPLE_BASE64, 4);
    for (size_t i = 0; i < COUNT(labels); i++) {
        size_t m =
            (size_t)snprintf(text, sizeof(text), "a -----BEGIN %s-----\nVersion: 1\n\n%s\n%s=\n", labels[i], body, body);
        expect_one(text, m, "private-key", 2, m - 2);
        size_t end = m + (size_t)snprintf(text + m, sizeof(text) - m, "-----END %s-----", labels[i]);
        m = end + (size_t)snprintf(text + end, sizeof(text) - end, "\nmore text");
        expect_one(text, m, "private-key", 2, end - 2);
        m = (size_t)snprintf(text, sizeof(text), "{\"k\":\"-----BEGIN %s-----\\n%s\\n-----END %s-----\\n\"}", labels[i],
                             body, labels[i]);
        expect_one(text, m, "private-key", 6, m - 6 - 4);
    }
    size_t m = (size_t)snprintf(text, sizeof(text), "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", body);
    expect_none(text, m);
    m = (size_t)snprintf(text, sizeof(text), "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n", body);
    expect_none(text, m);
    m = (size_t)snprintf(text, sizeof(text),
                         "A file that begins with -----BEGIN %s----- is a key and ends with -----END %s-----.", labels[0],
                         labels[0]);
    expect_none(text, m);
}

static void an_aws_key_pair_is_masked_as_one(void **state) {
    (void)state;
    char id[32], secret[41], text[256];
    sample_random(id, 16, SAMPLE_BASE32, 2);
    sample_random(secret, 40, SAMPLE_BASE64, 3);
    size_t m = (size_t)snprintf(text, sizeof(text), "use %s%s and %s ok",
                                "AK"
                                "IA",
                                id, secret);
    expect_one(text, m, "aws-key-id", 4, 20 + 5 + 40);
    m = (size_t)snprintf(text, sizeof(text), "AWS_SECRET_ACCESS_KEY=%s", secret);
    expect_one(text, m, "aws-secret", 22, 40);
    m = (size_t)snprintf(text, sizeof(text), "aws: the secret (for eu) is %s.", secret);
    expect_one(text, m, "aws-secret", 28, 40);
    m = (size_t)snprintf(text, sizeof(text), "aws secret for %s%s: %s",
                         "AK"
                         "IA",
                         id, secret);
    expect_one(text, m, "aws-key-id", 15, 20 + 2 + 40);
    m = (size_t)snprintf(text, sizeof(text), "eu-west-1 %s", secret);
    expect_none(text, m);
    snprintf(text, sizeof(text), "%s%s",
             "AK"
             "IA",
             "IOSFODNN7EXAMPLE");
    expect_none(text, 20);
    snprintf(text, sizeof(text), "%s%s",
             "AK"
             "IA",
             "2222222222222222");
    expect_none(text, 20);
}

static void keys_of_two_makers_are_known_by_their_form_alone(void **state) {
    (void)state;
    static const char *const slack[] = {"xoxb-123456789012-123456789012-", "xoxb-111111111111-2222222222222-",
                                        "xoxp-000000000000-0000000000000-"};
    char key[128], body[25];
    for (unsigned seed = 0; seed < 2000; seed++) {
        sample_random(body, 20 + seed % 5, seed % 3 == 0 ? SAMPLE_ALPHA : SAMPLE_ALNUM, seed);
        size_t n = (size_t)snprintf(key, sizeof(key), "sk-ant-%s", body);
        expect_one(key, n, "anthropic-key", 0, n);
        sample_random(body, 24, seed % 3 == 0 ? SAMPLE_ALPHA : SAMPLE_ALNUM, seed);
        n = (size_t)snprintf(key, sizeof(key), "%s%s", slack[seed % COUNT(slack)], body);
        expect_one(key, n, "slack-token", 0, n);
    }
    size_t n = (size_t)snprintf(key, sizeof(key), "xoxb-111111111111-2222222222222-abxxxxabxxxxabxxxxcdxxxx");
    expect_one(key, n, "slack-token", 0, n);
    n = (size_t)snprintf(key, sizeof(key), "xoxb-111111111111-2222222222222-xxxxxxxxxxxxxxxxxxxxxxxx");
    expect_none(key, n);
}

static void what_a_message_shows_is_masked_escaped_and_short(void **state) {
    (void)state;
    char pat[SAMPLE_MAX], text[2 * SAMPLE_MAX], shown[SECRET_SHOW_LEN];
    sample_make(0, 1, pat);
    snprintf(text, sizeof(text), "a\x1b %s", pat);
    assert_string_equal(secret_show(shown, bytes_of(text)), "a\\x1b \xe2\x80\xb9secret:github-pat:40\xe2\x80\xba");
    assert_string_equal(secret_show(shown, (struct bytes){NULL, 0}), "");
    /* A truncated one must not be shown because it is truncated. */
    memset(text, '.', 80);
    snprintf(text + 80, sizeof(text) - 80, "%s", pat);
    secret_show(shown, bytes_of(text));
    assert_int_equal(strlen(shown), 96);
    assert_null(strstr(shown, "ghp_"));
    memset(text, '\x01', 300);
    text[300] = '\0';
    assert_int_equal(strlen(secret_show(shown, bytes_of(text))), 96);
    for (size_t i = 0; i < 40; i++) { /* never half a character */
        memcpy(text + 3 * i, "\xe2\x82\xac", 4);
    }
    assert_int_equal(strlen(secret_show(shown, bytes_of(text))) % 3, 0);
}

/* ---- masks -------------------------------------------------------------------------------------------------------- */

static void a_mask_names_the_rule_and_the_length(void **state) {
    (void)state;
    char pat[SAMPLE_MAX], text[SAMPLE_MAX + 64], want[128];
    struct buf out;
    buf_init(&out, 4096);
    sample_make(0, 1, pat);
    size_t m = (size_t)snprintf(text, sizeof(text), "gr\xc3\xbc\xc3\x9f %s!", pat);
    snprintf(want, sizeof(want), "gr\xc3\xbc\xc3\x9f \xe2\x80\xb9secret:%s:%zu\xe2\x80\xba!", SAMPLES[0].rule, strlen(pat));
    buf_put_str(&out, ">");
    assert_int_equal(secret_mask(&out, (struct bytes){(uint8_t *)text, m}), 1);
    assert_int_equal(out.fail, 0);
    assert_int_equal(out.n, strlen(want) + 1);
    assert_memory_equal(out.p + 1, want, strlen(want));
    buf_done(&out);
}

static void a_text_without_secrets_is_copied_exactly(void **state) {
    (void)state;
    static const char text[] = "a\0b \xff\xfe \xe2\x80\xb9 \xe2\x80\xb9secret: none";
    struct buf out;
    buf_init(&out, 4096);
    assert_int_equal(secret_mask(&out, (struct bytes){(const uint8_t *)text, sizeof(text)}), 0);
    assert_int_equal(out.n, sizeof(text));
    assert_memory_equal(out.p, text, sizeof(text));
    buf_clear(&out);
    assert_int_equal(secret_mask(&out, (struct bytes){NULL, 0}), 0);
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

static void a_mask_is_no_secret_and_no_shelter_for_one(void **state) {
    (void)state;
    char pat[SAMPLE_MAX], text[SAMPLE_MAX + 64];
    size_t n = sample_make(0, 1, pat);
    static const char *const masks[] = {"\xe2\x80\xb9secret:github-pat:40\xe2\x80\xba",
                                        "password=\xe2\x80\xb9secret:keyword-value:12\xe2\x80\xba",
                                        "Authorization: Bearer \xe2\x80\xb9secret:jwt:300\xe2\x80\xba"};
    for (size_t i = 0; i < COUNT(masks); i++) {
        expect_none(masks[i], strlen(masks[i]));
        size_t m = (size_t)snprintf(text, sizeof(text), "%s%s", masks[i], pat);
        expect_one(text, m, SAMPLES[0].rule, strlen(masks[i]), n);
    }
    static const char *const shelters[] = {"\xe2\x80\xb9secret:%s:40\xe2\x80\xba", "\xe2\x80\xb9secret:jwt:%s\xe2\x80\xba",
                                           "\xe2\x80\xb9secret:jwt:1%s"};
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < COUNT(shelters); i++) {
        const char *mark = strchr(shelters[i], '%');
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(mark - shelters[i]), shelters[i], pat, mark + 2);
        mask_into(&out, text, strlen(text));
        assert_null(memmem(out.p, out.n, pat + n - 8, 8));
    }
    buf_done(&out);
}

static void a_full_buffer_is_told(void **state) {
    (void)state;
    char pat[SAMPLE_MAX];
    size_t n = sample_make(0, 1, pat);
    struct buf out;
    buf_init(&out, 8);
    secret_mask(&out, (struct bytes){(uint8_t *)pat, n});
    assert_int_equal(out.fail, ERR_LIMIT);
    buf_done(&out);
}

static void the_search_goes_on_from_where_it_is_told(void **state) {
    (void)state;
    char pat[SAMPLE_MAX], text[2 * SAMPLE_MAX];
    size_t n = sample_make(0, 1, pat);
    size_t m = (size_t)snprintf(text, sizeof(text), "%s %s", pat, pat);
    struct bytes view = {(uint8_t *)text, m};
    struct secret_hit hit = {"untouched", 1, 2};
    assert_int_equal(secret_next(view, 0, &hit), 0);
    assert_int_equal(hit.at, 0);
    assert_int_equal(secret_next(view, 1, &hit), 0);
    assert_int_equal(hit.at, n + 1);
    hit = (struct secret_hit){"untouched", 1, 2};
    assert_int_equal(secret_next(view, n + 2, &hit), 1);
    assert_int_equal(secret_next(view, m, &hit), 1);
    assert_int_equal(secret_next(view, m + 1, &hit), 1);
    assert_int_equal(secret_next((struct bytes){NULL, 0}, 0, &hit), 1);
    assert_string_equal(hit.rule, "untouched");
    assert_int_equal(hit.at, 1);
    assert_int_equal(hit.n, 2);
}

/* ---- the table ---------------------------------------------------------------------------------------------------- */

static void every_anchor_stands_in_its_rules_literal(void **state) {
    (void)state;
    static const struct {
        uint8_t rule;
        uint8_t at[3];
    } anchors[] = {
#define RULE(id, name, literal, back, context, set, min, max, entropy, check)
#define ANCHOR(id, a, b, c) {RULE_##id, {a, b, c}},
#include "base/secret/rules.def"
#undef RULE
#undef ANCHOR
    };
    for (size_t i = 0; i < COUNT(anchors); i++) {
        const struct secret_rule *rule = &secret_rules[anchors[i].rule];
        assert_non_null(rule->check);
        size_t n = rule->literal_n;
        /* For a short literal, the anchor includes the first characters of what follows. A bearer token is searched for
         * without regard to case. */
        if (rule->check == secret_check_prefix && n >= rule->back + 3u) {
            assert_memory_equal(rule->literal + rule->back, anchors[i].at, 3);
        } else if (rule->check == secret_check_prefix) {
            assert_memory_equal(rule->literal + rule->back, anchors[i].at, n - rule->back);
            assert_true((secret_class(anchors[i].at[2]) & rule->set) != 0);
        }
    }
    assert_true(RULE_COUNT <= UINT8_MAX);
}

static bool is_hex_or_dash(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if ((secret_class(p[i]) & (SET_HEX | SET_DASH)) == 0) return false;
    }
    return true;
}

/* Texts of digits, a to f and dashes are not searched: an anchor of such bytes has to be surrounded by other characters. */
static void no_rule_is_satisfied_by_hex_and_dashes(void **state) {
    (void)state;
    static const struct {
        uint8_t rule;
        uint8_t at[3];
    } anchors[] = {
#define RULE(id, name, literal, back, context, set, min, max, entropy, check)
#define ANCHOR(id, a, b, c) {RULE_##id, {a, b, c}},
#include "base/secret/rules.def"
#undef RULE
#undef ANCHOR
    };
    size_t count = 0;
    for (size_t i = 0; i < COUNT(anchors); i++) {
        const struct secret_rule *rule = &secret_rules[anchors[i].rule];
        if (is_hex_or_dash(anchors[i].at, 3)) {
            assert_true(rule->check == secret_check_prefix || rule->check == secret_check_word ||
                        rule->check == secret_check_base64 || rule->check == secret_check_seed);
            assert_false(rule->literal_n > 0 && is_hex_or_dash((const uint8_t *)rule->literal, rule->literal_n));
            count++;
        }
    }
    assert_true(count > 0 && count < COUNT(anchors) / 10);
}

/* The same text as a whole, with a blank at its end, so that it is searched. */
static void a_text_of_hex_and_dashes_is_what_the_search_would_say(void **state) {
    (void)state;
    char text[80 + SAMPLE_MAX];
    for (unsigned seed = 0; seed < 4000; seed++) {
        size_t n = 1 + seed % 70;
        struct secret_hit hit;
        sample_random(text, n, seed % 2 == 0 ? "0123456789abcdef-" : "a29ede-1", seed);
        text[n] = ' ';
        assert_int_equal(secret_next((struct bytes){(uint8_t *)text, n + 1}, 0, &hit), 1);
        assert_int_equal(secret_next((struct bytes){(uint8_t *)text, n}, 0, &hit), 1);
        /* What is beside it is detected, whichever block it is in. */
        size_t m = sample_make(0, seed, text + n + 1);
        assert_int_equal(secret_next((struct bytes){(uint8_t *)text, n + 1 + m}, 0, &hit), 0);
        assert_int_equal(hit.at, n + 1);
        assert_int_equal(secret_next((struct bytes){(uint8_t *)text, n + 1 + m}, n, &hit), 0);
    }
}

static void every_rule_has_a_name_that_fits_a_mask(void **state) {
    (void)state;
    for (size_t i = 1; i < RULE_COUNT; i++) {
        const char *name = secret_rules[i].name;
        assert_true(strlen(name) > 0 && strlen(name) < 40);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
    }
}

static void entropy_is_that_of_shannon(void **state) {
    (void)state;
    static const struct {
        const char *text;
        unsigned low, high;
    } cases[] = {{"aaaaaaaa", 0, 0},     {"abababab", 100, 100},         {"abcdabcd", 200, 200},
                 {"abcdefgh", 300, 300}, {"0123456789abcdef", 400, 400}, {"aab", 90, 92},
                 {"hunter2", 279, 281},  {"mississippi", 181, 183}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned e = secret_entropy((const uint8_t *)cases[i].text, strlen(cases[i].text));
        if (e < cases[i].low || e > cases[i].high) {
            fail_msg("'%s' has entropy %u", cases[i].text, e);
        }
    }
    assert_int_equal(secret_entropy((const uint8_t *)"", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_is_found_alone_and_at_either_end_of_a_text),
        cmocka_unit_test(every_shape_is_found_at_every_offset_of_a_long_text),
        cmocka_unit_test(a_secret_in_the_last_bytes_of_a_text_is_found),
        cmocka_unit_test(two_secrets_side_by_side_are_both_masked),
        cmocka_unit_test(of_two_secrets_without_a_gap_nothing_stays_readable),
        cmocka_unit_test(a_secret_that_is_too_short_or_wears_other_letters_is_not_one),
        cmocka_unit_test(a_hex_key_with_one_digit_more_is_a_digest_of_something_else),
        cmocka_unit_test(a_pem_key_is_masked_to_its_end_line_or_to_the_end_of_the_text),
        cmocka_unit_test(an_aws_key_pair_is_masked_as_one),
        cmocka_unit_test(keys_of_two_makers_are_known_by_their_form_alone),
        cmocka_unit_test(what_a_message_shows_is_masked_escaped_and_short),
        cmocka_unit_test(a_mask_names_the_rule_and_the_length),
        cmocka_unit_test(a_text_without_secrets_is_copied_exactly),
        cmocka_unit_test(a_mask_is_no_secret_and_no_shelter_for_one),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(the_search_goes_on_from_where_it_is_told),
        cmocka_unit_test(every_anchor_stands_in_its_rules_literal),
        cmocka_unit_test(no_rule_is_satisfied_by_hex_and_dashes),
        cmocka_unit_test(a_text_of_hex_and_dashes_is_what_the_search_would_say),
        cmocka_unit_test(every_rule_has_a_name_that_fits_a_mask),
        cmocka_unit_test(entropy_is_that_of_shannon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
