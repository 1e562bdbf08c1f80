/* base/secret/secret.h: secrets in another encoding, wrapped in base64 or with escaped characters. Every secret here is
 * assembled at run time, so that no file contains one. */
#include "base/text.h"
#include "tests/base/secret_sample.h"

static const char *const WRAPPED[] = {"github-pat",         "github-oauth",      "github-app", "github-refresh",
                                      "gitlab-pat",         "anthropic-key",     "openai-key", "sk-key",
                                      "aws-key-id",         "huggingface-token", "npm-token",  "google-api-key",
                                      "github-fine-grained"};

static bool is_wrapped(const char *rule) {
    for (size_t i = 0; i < COUNT(WRAPPED); i++) {
        if (strcmp(WRAPPED[i], rule) == 0) return true;
    }
    return false;
}

static void a_secret_wrapped_in_base64_is_found_at_each_place_of_a_group(void **state) {
    (void)state;
    static const char *const before[] = {"", ":", "a:", "{\"token\":\"", "user=", "line one\n"};
    char secret[SAMPLE_MAX], plain[2 * SAMPLE_MAX];
    for (size_t i = 0; i < sample_count(); i++) {
        for (unsigned seed = 0; seed < 20 && is_wrapped(SAMPLES[i].rule); seed++) {
            if (strncmp(SAMPLES[i].pattern, "api_org_", 8) == 0) break;
            sample_make(i, seed, secret);
            for (size_t k = 0; k < COUNT(before); k++) {
                int n = snprintf(plain, sizeof(plain), "%s%s%s", before[k], secret, seed % 2 != 0 ? "\n" : "");
                struct buf text;
                buf_init(&text, 1 << 16);
                buf_put_str(&text, "it is ");
                assert_int_equal(text_base64(&text, (uint8_t *)plain, (size_t)n), 0);
                size_t start = strlen(before[k]) / 3 * 4, end = (strlen(before[k]) + strlen(secret) + 2) / 3 * 4;
                /* It is recognised by its beginning alone, so only a short piece is decoded: a longer one is masked to the
                 * end of the run. */
                struct secret_hit hit = {0};
                assert_int_equal(hits_of((char *)text.p, text.n, &hit, 1), 1);
                bool all = strlen(before[k]) % 3 + strlen(secret) >= 120 && hit.at + hit.n == text.n;
                expect_one((char *)text.p, text.n, SAMPLES[i].rule, 6 + start, all ? text.n - 6 - start : end - start);
                expect_stable((char *)text.p, text.n);
                buf_done(&text);
            }
        }
    }
}

static void of_a_longer_base64_text_the_secret_alone_is_masked(void **state) {
    (void)state;
    char secret[SAMPLE_MAX], plain[2 * SAMPLE_MAX], folded[4 * SAMPLE_MAX];
    sample_make(0, 1, secret);
    int n = snprintf(plain, sizeof(plain), "a line of text, %s, and another line behind it\n", secret);
    struct buf text;
    buf_init(&text, 1 << 16);
    assert_int_equal(text_base64(&text, (uint8_t *)plain, (size_t)n), 0);
    expect_one((char *)text.p, text.n, "github-pat", 20, 56);
    size_t m = (size_t)snprintf(folded, sizeof(folded), "%.40s\n%.40s\n%.*s\n", text.p, text.p + 40, (int)text.n - 80,
                                text.p + 80);
    expect_one(folded, m, "github-pat", 20, 56 + 1);
    buf_done(&text);
    sample_random(plain, 300, SAMPLE_ALNUM, 4);
    n = snprintf(folded, sizeof(folded), "%s%s!", secret, plain); /* longer than what is decoded at once */
    buf_init(&text, 1 << 16);
    assert_int_equal(text_base64(&text, (uint8_t *)folded, (size_t)n), 0);
    buf_put_str(&text, " end");
    expect_one((char *)text.p, text.n, "github-pat", 0, text.n - 4);
    buf_done(&text);
}

static void a_wrapped_private_key_is_found(void **state) {
    (void)state;
    char plain[512], body[65];
    sample_random(body, 64, SAMPLE_BASE64, 4);
    for (size_t shift = 0; shift < 3; shift++) {
        int n = snprintf(plain, sizeof(plain), "%.*s-----BEGIN PRIVATE KEY-----\n%s\n%s\n-----END PRIVATE KEY-----\n",
                         (int)shift, "  ", body, body);
        struct buf text;
        buf_init(&text, 1 << 16);
        assert_int_equal(text_base64(&text, (uint8_t *)plain, (size_t)n), 0);
        expect_one((char *)text.p, text.n, "private-key", 0, text.n);
        buf_done(&text);
    }
}

static void base64_of_words_that_only_begin_alike_is_left_alone(void **state) {
    (void)state;
    static const char *const words[] = {"ghp_is_a_prefix",
                                        "use sk-learn and sk-image here",
                                        "npm_config_cache=/tmp",
                                        "-----BEGIN CERTIFICATE-----\nMIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6",
                                        "task-list-of-the-day-2024-05-17 for all",
                                        "ASIAN and AKITA"};
    for (size_t i = 0; i < COUNT(words); i++) {
        struct buf text;
        buf_init(&text, 1 << 16);
        assert_int_equal(text_base64(&text, (const uint8_t *)words[i], strlen(words[i])), 0);
        expect_none((char *)text.p, text.n);
        buf_done(&text);
    }
}

struct escaping {
    const char *before; /* followed by two hex digits */
    bool upper;
};

/* Escapes the characters of `secret` that `which` selects. */
static size_t escape(char *ret, size_t room, struct escaping form, const char *secret, unsigned which) {
    size_t n = 0;
    for (size_t i = 0; secret[i] != '\0'; i++) {
        unsigned c = (unsigned char)secret[i];
        if (which != 0 && (i + which) % (which + 1) != 0) {
            ret[n++] = secret[i];
        } else if (form.upper) {
            n += (size_t)snprintf(ret + n, room - n, "%s%02X", form.before, c);
        } else {
            n += (size_t)snprintf(ret + n, room - n, "%s%02x", form.before, c);
        }
    }
    ret[n] = '\0';
    return n;
}

static void a_secret_with_escaped_letters_is_found_and_masked_exactly(void **state) {
    (void)state;
    static const struct escaping forms[] = {{"%", false}, {"%", true}, {"\\u00", false}, {"\\\\u00", true}, {"\\x", false}};
    char secret[SAMPLE_MAX], escaped[8 * SAMPLE_MAX], text[9 * SAMPLE_MAX];
    for (size_t i = 0; i < sample_count(); i++) {
        bool context = strchr(SAMPLES[i].pattern, '\n') != NULL || strcmp(SAMPLES[i].rule, "telegram-bot") == 0;
        sample_make(i, 3, secret);
        for (size_t k = 0; k < COUNT(forms) && !context && strlen(secret) < 110; k++) {
            for (unsigned which = 0; which < 3; which++) {
                size_t n = escape(escaped, sizeof(escaped), forms[k], secret, which);
                size_t m = (size_t)snprintf(text, sizeof(text), "it=%s next", escaped);
                expect_one(text, m, SAMPLES[i].rule, 3, n);
                expect_stable(text, m);
            }
        }
    }
    sample_make(0, 3, secret);
    size_t m = (size_t)snprintf(text, sizeof(text), "https://h/%%3Ftoken%%3Dgh%%70%s", secret + 3);
    expect_one(text, m, "github-pat", 21, 42);
    m = (size_t)snprintf(text, sizeof(text), "{\"a\":\"{\\\"t\\\":\\\"\\u0067%s\\\"}\"}", secret + 1);
    expect_one(text, m, "github-pat", 15, 45);
}

static void a_long_escaped_secret_is_masked_to_its_end(void **state) {
    (void)state;
    char secret[SAMPLE_MAX], text[4 * SAMPLE_MAX];
    memcpy(secret, "ghp_", 4);
    sample_random(secret + 4, 400, SAMPLE_ALNUM, 2);
    size_t n = escape(text, sizeof(text), (struct escaping){"%", false}, secret, 0);
    expect_one(text, n, "github-pat", 0, n);
}

static void escapes_that_spell_no_secret_are_left_alone(void **state) {
    (void)state;
    static const char *const texts[] = {
        "https://h/%E4%BD%A0%E5%A5%BD?q=a%20b%2Fc%61%62",
        "printf(\"%64d %5f %4d %3d%%\\n\", a, b, c, d);",
        "100%69 \\u0041\\u0042 \\x41\\x42 \\u00e4 \\u00",
        "%6",
        "%",
        "\\u006",
        "\\x6",
        "%73%6b%2d%73%6b%2d",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        expect_none(texts[i], strlen(texts[i]));
        expect_stable(texts[i], strlen(texts[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_wrapped_in_base64_is_found_at_each_place_of_a_group),
        cmocka_unit_test(of_a_longer_base64_text_the_secret_alone_is_masked),
        cmocka_unit_test(a_wrapped_private_key_is_found),
        cmocka_unit_test(base64_of_words_that_only_begin_alike_is_left_alone),
        cmocka_unit_test(a_secret_with_escaped_letters_is_found_and_masked_exactly),
        cmocka_unit_test(a_long_escaped_secret_is_masked_to_its_end),
        cmocka_unit_test(escapes_that_spell_no_secret_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
