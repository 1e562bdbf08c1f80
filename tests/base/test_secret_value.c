/* base/secret/secret.h: where the value after a revealing name ends, and which values are code or prose. Every token here
 * is assembled at run time, so that no file contains one. */
#include "tests/base/secret_sample.h"

struct case_of {
    const char *rule, *text, *secret;
};

static void expect_cases(const struct case_of *cases, size_t count) {
    char text[256];
    size_t at;
    for (size_t i = 0; i < count; i++) {
        size_t m = put_secret(text, sizeof(text), cases[i].text, cases[i].secret, &at);
        expect_one(text, m, cases[i].rule, at, strlen(cases[i].secret));
        expect_stable(text, m);
    }
}

static void noise_behind_a_name_of_two_letters_is_no_password(void **state) {
    (void)state;
    static const char noise[] = "\x9d_pw=1\x8b\xd2\xf4\x89\xa1TGh+\n", control[] = "k/PW:#s\x01\x13\x02 8q7Z\n",
                      text[] = "pw=Gr\xc3\xbc&e12345\n";
    assert_false(secret_is_in((struct bytes){(const uint8_t *)noise, sizeof(noise) - 1}));
    assert_false(secret_is_in((struct bytes){(const uint8_t *)control, sizeof(control) - 1}));
    assert_true(secret_is_in((struct bytes){(const uint8_t *)text, sizeof(text) - 1}));
}

static void an_ampersand_ends_a_value_only_before_a_parameter_an_entity_or_a_command(void **state) {
    (void)state;
    static const struct case_of cases[] = {
        {"keyword-value", "Password: @", "Tr0ub4dor&3"},
        {"keyword-value", "password: @\nnext", "P&ss&w0rd!xyz"},
        {"keyword-value", "password=@ next", "Secr&et99"},
        {"keyword-value", "tool --password @ && ls", "Tr0ub4dor&3"},
        {"keyword-value", "password=@&user=joe", "Secret99"},
        {"keyword-value", "password=@&user[name]=joe", "Secr&et99"},
        {"keyword-value", "password=@&amp;user=joe", "Secret99"},
        {"keyword-value", "password=@&quot;, next", "Secret99"},
        {"keyword-value", "password=@&#34;, next", "Secret99"},
        {"keyword-value", "DB_PASSWORD=@&&run", "Secret99"},
        {"keyword-value", "DB_PASSWORD=@& wait", "Secret99"},
        {"keyword-value", "DB_PASSWORD=@&", "Secret99"},
        {"url-query", "https://h/?password=@&flag", "Secret99"},
        {"url-query", "login?user=joe&password=@&x=1", "Secret99"},
    };
    expect_cases(cases, COUNT(cases));
}

static void a_quoted_password_of_several_words_is_masked_behind_a_variable_an_option_or_a_login(void **state) {
    (void)state;
    static const struct case_of cases[] = {
        {"keyword-value", "PASSWORD='@'", "correct horse battery"},
        {"keyword-value", "export DB_PASSWORD=\"@\"\nNEXT=1", "correct horse battery staple"},
        {"keyword-value", "tool --password '@' -v", "correct horse 7"},
        {"keyword-value", "machine h login joe password \"@\"", "quoted pw"},
        {"keyword-value", "machine h login joe password \"@\"", "quotedpw"},
    };
    expect_cases(cases, COUNT(cases));
    static const char *const harmless[] = {
        "PASSWORD='correct horse battery",        "PASSWORD=\"Enter the old one\"",
        "PASSWORD='${FIRST} ${SECOND}'",          "messages.password='wrong horse battery'",
        "password = 'correct horse battery'",     "'--password', 'correct horse battery'",
        "machine h login joe said \"quoted pw\"",
    };
    for (size_t i = 0; i < COUNT(harmless); i++) {
        expect_none(harmless[i], strlen(harmless[i]));
    }
}

static void behind_an_option_in_a_list_a_bare_word_is_code_and_a_bare_key_is_not(void **state) {
    (void)state;
    static const struct case_of cases[] = {
        {"keyword-value", "args: [\"tool\", \"--token\", @]", "bT9x8Q7z2LmW4kRs"},
        {"keyword-value", "args: [\"tool\", \"--password\", @]", "47114711"},
        {"keyword-value", "args: [\"tool\", \"--password\", \"@\"]", "default=None"},
    };
    expect_cases(cases, COUNT(cases));
    static const char *const harmless[] = {"args(\"--token\", bT9x8Q7z2LmW=4)", "args(\"--password\", default=None)",
                                           "args(\"--password\", settings.password2)",
                                           "args(\"--password\", \"db_password_2\")"};
    for (size_t i = 0; i < COUNT(harmless); i++) {
        expect_none(harmless[i], strlen(harmless[i]));
    }
}

static void a_hub_token_may_have_digits_and_is_no_digest(void **state) {
    (void)state;
    char body[41], text[64];
    static const char *const prefixes[] = {"hf_", "api_org_"};
    for (size_t i = 0; i < 2 * 100; i++) {
        sample_random(body, 34, SAMPLE_ALNUM, (unsigned)i);
        size_t m = (size_t)snprintf(text, sizeof(text), "%s%s", prefixes[i % 2], body);
        expect_one(text, m, "huggingface-token", 0, m);
        expect_none(text, m - 1);
        sample_random(body, 40, SAMPLE_HEX, (unsigned)i);
        expect_none(text, (size_t)snprintf(text, sizeof(text), "%s%s", prefixes[i % 2], body));
    }
}

/* Names are assembled from revealing words, words that are nearly revealing, and ordinary ones; a name judged by its
 * letters must get the same answer as from the three questions. */
static void a_name_that_says_nothing_makes_neither_a_text_nor_a_number_secret(void **state) {
    static const char *const words[] = {"pass", "pwd", "pw",   "db",  "session", "id",    "sessionid", "PHPSESSID", "token",
                                        "max",  "api", "key",  "Key", "url",     "value", "SESSION",   "Id",        "psk",
                                        "a",    "p",   "code", "2",   "digest",  "model", "w"};
    static const char *const signs[] = {"", "_", "-", "."};
    const size_t n = sizeof(words) / sizeof(words[0]);
    size_t silent = 0, weak = 0;
    (void)state;
    for (size_t i = 0; i < n * n * n * 4; i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s%s%s%s%s", words[i % n], signs[i % 4], words[i / n % n], signs[i % 4],
                 i % 3 == 0 ? "" : words[i / n / n % n]);
        struct bytes b = bytes_of(name), value = bytes_of("Zk7!mQx2#vR9pLw4");
        bool any = secret_field_name(b) || secret_field_value(b, value) || secret_field_number(b);
        assert_true(secret_field_says(b) || !any);
        silent += !secret_field_says(b);
        weak += any && !secret_field_name(b);
    }
    assert_true(silent > 1000 && weak > 100);
    assert_true(secret_field_says(bytes_of("PhpSessId")) && secret_field_says(bytes_of("sessionid")));
    assert_true(secret_field_says(bytes_of("db_pw_2")) && secret_field_says(bytes_of("x.pwd")));
}

/* A text beside one that ends in the middle of a token: its beginning is masked as the rest of that token, and so is the
 * value behind it, which only this beginning gives away. */
static void a_value_is_masked_although_its_name_was_masked_as_the_end_of_another_secret(void **state) {
    char value[17], text[64], want[96];
    struct secret_parts parts = {0};
    struct buf out;
    (void)state;
    sample_random(value, 16, SAMPLE_ALNUM, 5);
    snprintf(text, sizeof(text), "DB_PASSWORD=%s and", value);
    secret_parts_add(&parts, "split", 0, 11);
    buf_init(&out, 256);
    assert_int_equal(secret_mask_parts(&out, bytes_of(text), &parts), 2);
    buf_put_u8(&out, 0);
    snprintf(want, sizeof(want), "‹secret:split:11›=‹secret:");
    assert_memory_equal(out.p, want, strlen(want));
    assert_null(strstr((const char *)out.p, value));
    assert_string_equal((const char *)out.p + out.n - 5, " and");
    buf_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_behind_a_name_of_two_letters_is_no_password),
        cmocka_unit_test(an_ampersand_ends_a_value_only_before_a_parameter_an_entity_or_a_command),
        cmocka_unit_test(a_quoted_password_of_several_words_is_masked_behind_a_variable_an_option_or_a_login),
        cmocka_unit_test(behind_an_option_in_a_list_a_bare_word_is_code_and_a_bare_key_is_not),
        cmocka_unit_test(a_hub_token_may_have_digits_and_is_no_digest),
        cmocka_unit_test(a_name_that_says_nothing_makes_neither_a_text_nor_a_number_secret),
        cmocka_unit_test(a_value_is_masked_although_its_name_was_masked_as_the_end_of_another_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
