/* base/secret/secret.h: secrets revealed by their context, text that only looks like one, and field names. Every secret
 * here is assembled at run time, so that no file contains one. */
#include "tests/base/secret_sample.h"

/* ---- secrets by their context ------------------------------------------------------------------------------------- */

/* "@" is where the secret goes; all of it, and nothing else, must be masked. */
struct place {
    const char *rule, *text;
};

static const struct place VALUES[] = {
    {"keyword-value", "password=@"},
    {"keyword-value", "DB_PASSWORD=@\nNEXT=1"},
    {"keyword-value", "export MYAPP_TOKEN='@'"},
    {"keyword-value", "{\"api_key\":\"@\",\"n\":1}"},
    {"keyword-value", "{\"apiKey\" : \"@\"}"},
    {"keyword-value", "{\\\"client_secret\\\":\\\"@\\\"}"},
    {"keyword-value", "config.clientSecret = \"@\";"},
    {"keyword-value", "const accessToken: string = \"@\";"},
    {"keyword-value", "api_key: str = '@'"},
    {"keyword-value", "secret: @\nother: 1"},
    {"keyword-value", "env['SECRET_KEY'] = '@'"},
    {"keyword-value", "{\"name\": \"API_KEY\", \"value\": \"@\"}"},
    {"keyword-value", "set('auth_token', '@')"},
    {"keyword-value", "login --password @ --verbose"},
    {"keyword-value", "login --token=@ -v"},
    {"keyword-value", "<password>@</password>"},
    {"keyword-value", "AccountName=x;AccountKey=@;Suffix=y"},
    {"keyword-value", "api key: @"},
    {"keyword-value", "{\"auths\":{\"r.example\":{\"auth\":\"@\"}}}"},
    {"keyword-value", "passphrase := \"@\""},
    {"keyword-value", "credentials => '@'"},
    {"keyword-value", "passwd=b'@'"},
    {"http-header", "X-Api-Key: @\r\nHost: x"},
    {"http-header", "x-goog-api-key: @"},
    {"http-header", "api-key: @"},
    {"http-header", "Authorization: Bearer @\r\nHost: x"},
    {"http-header", "authorization: token @"},
    {"http-header", "curl -H \"Authorization: Basic @\" https://h/"},
    {"http-header", "{\"authorization\":\"Bearer @\"}"},
    {"http-header", "Proxy-Authorization: Basic @"},
    {"http-header", "sent bearer @ to it"},
    {"url-query", "https://h/v1?key=@&x=1"},
    {"url-query", "/v1?x=1&api_key=@"},
    {"url-query", "/v1?access_token=@#top"},
    {"url-query", "https://a.blob/c?sv=2&sig=@"},
    {"url-query", "https://b.s3/c?X-Amz-Signature=@"},
    {"url-password", "ssh://me:@@host/"},
    {"url-password", "git clone https://@@host.example/a.git"},
    {"url-password", "https://@@host.example:8443/a"},
    {"keyword-value", "[\"login\",\"--password\",\"@\",\"-v\"]"},
    {"keyword-value", "['--token', '@']"},
    {"keyword-value", "{\"argv\":[\"x\",\"--auth-token\", \"@\"]}"},
    {"command-option", "curl -u anna:@ https://h/"},
    {"command-option", "curl -sS -X POST -u 'anna:@' https://h/"},
    {"command-option", "curl -uanna:@ https://h/"},
    {"command-option", "curl --user anna:@ https://h/"},
    {"command-option", "curl --proxy-user=anna:@ https://h/"},
    {"command-option", "[\"curl\",\"-u\",\"anna:@\",\"https://h/\"]"},
    {"command-option", "mysql -uroot -p@ app < dump.sql"},
    {"command-option", "mysqldump -h db -p'@' app"},
    {"command-option", "[\"mariadb\",\"-p@\",\"app\"]"},
};

static void a_value_beside_a_telling_name_is_masked_exactly(void **state) {
    (void)state;
    char secret[33], text[256];
    size_t at;
    for (size_t i = 0; i < COUNT(VALUES); i++) {
        for (unsigned seed = 0; seed < 50; seed++) {
            sample_random(secret, 32, SAMPLE_ALNUM, seed);
            size_t m = put_secret(text, sizeof(text), VALUES[i].text, secret, &at);
            expect_one(text, m, VALUES[i].rule, at, 32);
            expect_stable(text, m);
        }
    }
}

static void short_passwords_are_found_where_the_name_leaves_no_doubt(void **state) {
    (void)state;
    char text[128];
    size_t at;
    static const struct place places[] = {
        {"keyword-value", "password = \"@\""},
        {"keyword-value", "{\"password\":\"@\"}"},
        {"keyword-value", "MYSQL_PASSWORD=@"},
        {"url-password", "postgres://app:@@db:5432/x"},
    };
    static const char *const passwords[][2] = {
        {"Summer", "2024!"}, {"tr0ub4", "dor&3"}, {"h3llo-", "W0rld"}, {"p4ss.", "w0rd.9x"}};
    for (size_t i = 0; i < COUNT(places); i++) {
        for (size_t k = 0; k < COUNT(passwords); k++) {
            char password[32];
            snprintf(password, sizeof(password), "%s%s", passwords[k][0], passwords[k][1]);
            size_t m = put_secret(text, sizeof(text), places[i].text, password, &at);
            expect_one(text, m, places[i].rule, at, strlen(password));
        }
    }
}

static void numbers_and_plain_words_are_passwords_where_nothing_else_can_stand(void **state) {
    (void)state;
    static const struct {
        const char *rule, *text, *secret;
    } cases[] = {
        {"keyword-value", "password=@ next", "193436"},      {"keyword-value", "DB_PASSWORD=@\n", "1934366850"},
        {"keyword-value", "PGPASSWORD='@'", "193436"},       {"keyword-value", "password: @\n", "19343668"},
        {"keyword-value", "{\"password\":@}", "193436685"},  {"keyword-value", "{\"password\":\"@\"}", "193-436"},
        {"keyword-value", "[\"--password\",\"@\"]", "4711"}, {"keyword-value", "[\"--password\", \"@\"]", "correcthorse"},
        {"command-option", "curl -u anna:@ h", "geheim"},    {"command-option", "mysql -p@", "geheim"},
    };
    char text[128];
    size_t at;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t m = put_secret(text, sizeof(text), cases[i].text, cases[i].secret, &at);
        expect_one(text, m, cases[i].rule, at, strlen(cases[i].secret));
        expect_stable(text, m);
    }
}

static void a_hex_key_or_uuid_under_a_telling_name_is_masked(void **state) {
    (void)state;
    char hex[65], text[128];
    static const size_t lengths[] = {32, 40, 64};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        sample_random(hex, lengths[i], SAMPLE_HEX, 6);
        size_t m = (size_t)snprintf(text, sizeof(text), "secret_key: %s", hex);
        expect_one(text, m, "keyword-value", 12, lengths[i]);
    }
    size_t m = (size_t)snprintf(text, sizeof(text), "api_key=%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                                hex + 20);
    expect_one(text, m, "keyword-value", 8, 36);
}

static void a_secret_with_a_shape_keeps_its_name_beside_a_telling_name(void **state) {
    (void)state;
    char pat[SAMPLE_MAX], text[SAMPLE_MAX + 64];
    size_t n = sample_make(0, 1, pat), at;
    static const char *const places[] = {"token=@", "{\"password\":\"@\"}", "Authorization: Bearer @",
                                         "https://h/?access_token=@", "https://x:@@h/"};
    for (size_t i = 0; i < COUNT(places); i++) {
        size_t m = put_secret(text, sizeof(text), places[i], pat, &at);
        expect_one(text, m, SAMPLES[0].rule, at, n);
    }
    /* A secret that does not fill the value does not leave the rest any more readable. */
    size_t m = (size_t)snprintf(text, sizeof(text), "token=\"9$%s$9\"", pat);
    expect_one(text, m, "keyword-value", 7, n + 4);
    /* As a user name it is masked together with the password. */
    m = (size_t)snprintf(text, sizeof(text), "https://%s:x-oauth-basic@h/", pat);
    expect_one(text, m, "url-password", 8, n + 14);
}

static void cookies_are_masked_to_the_end_of_their_line_or_quote(void **state) {
    (void)state;
    char id[25], text[256];
    sample_random(id, 24, SAMPLE_ALNUM, 8);
    size_t m = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nCookie: sid=%s; theme=dark\r\nHost: h\r\n", id);
    expect_one(text, m, "http-header", 24, 4 + 24 + 12);
    m = (size_t)snprintf(text, sizeof(text), "Set-Cookie: sid=%s; Path=/", id);
    expect_one(text, m, "http-header", 12, m - 12);
    m = (size_t)snprintf(text, sizeof(text), "{\"cookie\":\"sid=%s\",\"n\":1}", id);
    expect_one(text, m, "http-header", 11, 28);
    m = (size_t)snprintf(text, sizeof(text), "curl -H 'Cookie: sid=%s' h", id);
    expect_one(text, m, "http-header", 17, 28);
}

static void a_random_string_is_masked_near_a_telling_name_only(void **state) {
    (void)state;
    char blob[65], text[256];
    sample_random(blob, 64, SAMPLE_ALNUM, 11);
    size_t m = (size_t)snprintf(text, sizeof(text), "the password for it is %s, keep it", blob);
    expect_one(text, m, "high-entropy", 23, 64);
    m = (size_t)snprintf(text, sizeof(text), "the content of it is %s, keep it", blob);
    expect_none(text, m);
    m = (size_t)snprintf(text, sizeof(text), "the password for it is below\n\n%s", blob);
    expect_none(text, m);
    sample_random(blob, 64, SAMPLE_HEX, 11);
    m = (size_t)snprintf(text, sizeof(text), "the password file has digest %s", blob);
    expect_none(text, m);
}

static void masking_twice_changes_nothing_more(void **state) {
    (void)state;
    char secret[SAMPLE_MAX], alnum[33], text[2 * SAMPLE_MAX];
    size_t at;
    sample_random(alnum, 32, SAMPLE_ALNUM, 5);
    for (size_t i = 0; i < sample_count(); i++) {
        sample_make(i, 12, secret);
        for (size_t k = 0; k < COUNT(VALUES); k++) {
            size_t m = put_secret(text, sizeof(text), VALUES[k].text, secret, &at);
            m += (size_t)snprintf(text + m, sizeof(text) - m, "%s%s", k % 2 != 0 ? "" : " ", secret);
            expect_stable(text, m);
            m += (size_t)snprintf(text + m, sizeof(text) - m, "/%s", alnum);
            expect_stable(text, m);
        }
    }
}

static void no_rule_looks_past_a_mask(void **state) {
    (void)state;
    static const char mask[] = "\xe2\x80\xb9secret:jwt:123\xe2\x80\xba";
    char blob[65], hex[9], text[256];
    sample_random(blob, 64, SAMPLE_ALNUM, 11);
    sample_random(hex, 8, SAMPLE_HEX, 11);
    snprintf(text, sizeof(text), "the password is %s not %s", mask, blob);
    expect_none(text, strlen(text));
    snprintf(text, sizeof(text), "password=\"\\%s%s\"", mask, blob);
    expect_none(text, strlen(text));
    snprintf(text, sizeof(text), "Cookie: %s; id=%s", mask, blob);
    expect_none(text, strlen(text));
    snprintf(text, sizeof(text), "PRIVATE+KEY+name%sname+%s+%s", mask, hex, blob);
    expect_none(text, strlen(text));
    snprintf(text, sizeof(text), "-----BEGIN PRIVATE KEY-----\n%s\n%s", mask, blob);
    expect_none(text, strlen(text));
    snprintf(text, sizeof(text), "https://name%s:%s@h/", mask, blob);
    expect_none(text, strlen(text));
}

/* ---- what is not masked ------------------------------------------------------------------------------------------- */

static const char *const HARMLESS[] = {
    "password=",
    "password: required",
    "password: ${DB_PASSWORD}",
    "password=$PASSWORD1",
    "token: <your token 1234>",
    "api_key=os.environ['OPENAI_API_KEY_2']",
    "token = tokenizer.decode(ids[0:2048])",
    "secret: null",
    "secret=true",
    "api_key = self.settings.api_key_v2",
    "password = getpass.getpass('Password 123: ')",
    "\"password\":\"**********1\"",
    "api_key: your-api-key-12345-goes-here",
    "the token: a word or a part of a word",
    "token_count=123456789012",
    "\"prompt_tokens\":12345678,\"total_tokens\":23456789",
    "\"eos_token\":\"<|im_end|>\",\"pad_token\":\"<|endoftext|>\"",
    "\"token\":\" H3llo\",\"logprob\":-0.123",
    "\"token\": 128009",
    "{\"nextPageToken\":\"CAUQAA83jd92kd0s93kd0sk3\"}",
    "\"progressToken\":\"a81f3c55b7e94d02\"",
    "secretKeyRef: {name: db-2, key: password}",
    "token::Kind1::Ident2",
    "password_file: /run/secrets/db_password2",
    "token=/var/run/secrets/kubernetes.io/serviceaccount/token",
    "api_key: https://example.org/docs/keys?page=12",
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "Authorization: see section 4.1.2 of RFC 7235",
    "Authorization: Basic realm",
    "bearer authentication of the client",
    "bearer of the certificate issued 2024-01-02T03:04:05Z",
    "Cookie: a small text",
    "cookies=3",
    "set-cookie: none",
    "https://example.org:8080/a?b=c@d",
    "http://localhost:3000/@vite/client",
    "mailto:me@example.org",
    "git@github.com:a/b.git",
    "postgres://user:password@localhost/db",
    "https://user@example.org/",
    "https://<user>:<password>@host/",
    "a://b:c://d@e",
    "/v1?key=name&sort=asc",
    "?key=user_name_2",
    "&signature=required",
    "the key is public_key_1234567890",
    "idempotency_key=3f2b8c1d9e7a4f60b5c2d8e1f3a4b5c6",
    "key_id: 7f3e9a1c5d2b8046",
    "\"key\":\"a1B2c3D4e5F6g7H8i9J0\"",
    "public_key: ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq",
    "secret_field=a1B2c3D4e5F6g7H8",
    "token: sha256:9f86d081884c7d659a2feaa0c55ad015",
    "task-1a2b3c4d5e6f7a8b9c0d1e2f",
    "risk-assessment-2024-05-17-final-v3",
    "sk-estimator-doc-link fitted",
    "disk-by-id-0123456789ab",
    "desk-and-chair-with-many-parts-attached",
    "xoxo, see you",
    "hf_model_name_with_a_long_tail_of_words",
    "npm_config_registry_url_for_all",
    "eyJust a word.eyJust another",
    "SKETCH and SKIP",
    "dapper adapter",
    "AKIRA and ACCOUNTING",
    "A3-size paper",
    "-----BEGIN-----",
    "secrets.read and secret.list",
    "secretary: Anna2 Berta3",
    "password=123",
    "password: 2024-05-17",
    "password: 12 characters",
    "password_length=123456",
    "https://anna-berta@example.org/a",
    "https://release-2024.05.17-final-candidate@example.org/",
    "ssh://git@github.com/a/b.git",
    "docker run -u 1000:1000 image",
    "curl -u $NAME:$PASSWORD https://h/",
    "curl -u user:password https://h/",
    "curl -u anna https://h/",
    "curl -u https://h/a",
    "sudo -u curl a:bcdef",
    "systemctl --user start a:bcdef",
    "mkdir -p a1B2c3D4e5",
    "ssh -p22022 host",
    "mysql -p app",
    "mysql -p$PASSWORD app",
    "add_argument(\"--password\", \"-p\")",
    "option('--password', 'the password of the account')",
    "option(\"--api-key\", \"api_key\")",
    "[\"--token\",\"auto\"]",
    "[\"--password\",\"/run/secrets/db2\"]",
    "[\"--password\",\"${DB_PASSWORD_2}\"]",
    "password authentication for 2001:db8::1 port 50022 ssh2",
    "Failed password for root from 192.0.2.17 port 50022 ssh2",
    "authors: A. B. Cdefgh1, D. E. Fghijk2",
};

static void placeholders_code_and_prose_beside_telling_names_are_left_alone(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(HARMLESS); i++) {
        expect_none(HARMLESS[i], strlen(HARMLESS[i]));
        expect_stable(HARMLESS[i], strlen(HARMLESS[i]));
    }
}

static void ordinary_text_holds_no_secret(void **state) {
    (void)state;
    for (size_t i = 0; i < sample_text_count(); i++) {
        const char *text = TEXTS[i];
        expect_none(text, strlen(text));
    }
}

static void digests_ids_and_numbers_of_any_value_are_left_alone(void **state) {
    (void)state;
    char hex[129], b64[45], text[1024];
    for (unsigned seed = 0; seed < 3000; seed++) {
        sample_random(hex, 128, SAMPLE_HEX, seed);
        sample_random(b64, 43, SAMPLE_BASE64, seed);
        snprintf(text, sizeof(text),
                 "%.64s sha256:%.64s %.40s %.8s-%.4s-4%.3s-a%.3s-%.12s model-%.12s "
                 "{\"id\":\"%.64s\",\"key\":\"%.32s\"} example.org/log+%.8s+%s= commit %.40s\n\xe2\x80\x94 example.org/log "
                 "%s=\n",
                 hex, hex + 1, hex + 2, hex, hex + 8, hex + 12, hex + 16, hex + 20, hex, hex + 5, hex + 6, hex, b64,
                 hex + 9, b64);
        expect_none(text, strlen(text));
    }
}

/* ---- names -------------------------------------------------------------------------------------------------------- */

static const char *const SECRET_NAMES[] = {
    "password",
    "Password",
    "PASSWORD",
    "passwd",
    "passphrase",
    "secret",
    "client_secret",
    "clientSecret",
    "CLIENT-SECRET",
    "api_key",
    "apikey",
    "apiKey",
    "APIKey",
    "x-api-key",
    "X-Api-Key",
    "x-goog-api-key",
    "OPENAI_API_KEY",
    "openai_apikey",
    "access_token",
    "accessToken",
    "refresh_token",
    "auth_token",
    "authToken",
    "bearer",
    "authorization",
    "Authorization",
    "proxy-authorization",
    "Proxy-Authorization",
    "cookie",
    "Cookie",
    "set-cookie",
    "Set-Cookie",
    "private_key",
    "privateKey",
    "credential",
    "credentials",
    "session_token",
    "AuthURL",
    "token",
    "hf_token",
    "HF_TOKEN",
    "GITHUB_TOKEN",
    "id_token",
    "csrf-token",
    "bot_token",
    "db_password",
    "DB_PASSWORD",
    "userPassword",
    "user.password",
    "password2",
    "new_password",
    "password_confirmation",
    "client_secret_value",
    "api_key_2",
    "secret_access_key",
    "aws_secret_access_key",
    "AWSSecretAccessKey",
    "AccountKey",
    "signing_key",
    "encryption-key",
    "master_key",
    "authkey",
    "jwt",
    "db_pwd",
    "ssh_pass",
    "Ocp-Apim-Subscription-Key",
    "private_key_pem",
};

static void field_names_that_speak_of_secrets_are_known(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(SECRET_NAMES); i++) {
        if (!secret_field_name(bytes_of(SECRET_NAMES[i]))) {
            fail_msg("'%s' is not taken for a secret's name", SECRET_NAMES[i]);
        }
    }
}

static void every_word_of_the_table_names_a_secret(void **state) {
    (void)state;
    static const char *const words[] = {
#define ENDING(text) text,
#define WORD(text)   text,
#include "base/secret/names.def"
#undef ENDING
#undef WORD
        "token", "db-pwd", "ssh.pass"};
    static const struct { const char *before, *after; } forms[] = {{"", ""}, {"My-", ""}, {"db_", "_value"}, {"x.", "2"}};
    for (size_t i = 0; i < COUNT(words); i++) {
        for (size_t k = 0; k < 2 * COUNT(forms); k++) {
            char name[64];
            int n = snprintf(name, sizeof(name), "%s%s%s", forms[k / 2].before, words[i], forms[k / 2].after);
            for (int c = 0; c < n && k % 2 != 0; c++) {
                name[c] = (char)(name[c] >= 'a' && name[c] <= 'z' ? name[c] - 'a' + 'A' : name[c]);
            }
            if (!secret_field_name(bytes_of(name))) {
                fail_msg("'%s' is not taken for a secret's name", name);
            }
        }
    }
}

static const char *const OTHER_NAMES[] = {
    "",
    "-",
    "___",
    "key",
    "keys",
    "key_id",
    "keyId",
    "public_key",
    "publicKey",
    "idempotency_key",
    "primary_key",
    "foreign_key",
    "vkey",
    "monkey",
    "turkey",
    "tokens",
    "tokens_in",
    "tokens_out",
    "max_tokens",
    "max_new_tokens",
    "total_tokens",
    "prompt_tokens",
    "tokenizer",
    "tokenizer_config",
    "token_count",
    "token_ids",
    "token_type",
    "eos_token",
    "eosToken",
    "bos_token_id",
    "pad_token",
    "next_page_token",
    "nextPageToken",
    "progressToken",
    "time_to_first_token",
    "ms_per_token",
    "secret_field",
    "secret_name",
    "secrets",
    "secretary",
    "password_file",
    "password_length",
    "has_password",
    "is_secret",
    "needs_token",
    "private_key_id",
    "api_key_id",
    "credential_id",
    "cookie_name",
    "author",
    "authors",
    "authority",
    "auth",
    "auth_method",
    "authorized",
    "pass",
    "passed",
    "pass_rate",
    "bypass",
    "compass",
    "pwd",
    "oldpwd",
    "cwd",
    "signature",
    "digest",
    "sha256",
    "nonce",
    "salt",
    "name",
    "subject",
    "actor",
    "session_id",
    "bearer_format",
};

static void field_names_that_only_sound_like_it_are_not_taken(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(OTHER_NAMES); i++) {
        if (secret_field_name(bytes_of(OTHER_NAMES[i]))) {
            fail_msg("'%s' is taken for a secret's name", OTHER_NAMES[i]);
        }
    }
}

static void of_a_long_field_name_the_end_decides(void **state) {
    (void)state;
    char name[400];
    memset(name, 'x', sizeof(name));
    memcpy(name + sizeof(name) - 9, "_password", 9);
    assert_true(secret_field_name((struct bytes){(uint8_t *)name, sizeof(name)}));
    memset(name, '_', sizeof(name));
    assert_false(secret_field_name((struct bytes){(uint8_t *)name, sizeof(name)}));
    memset(name, 0xc3, sizeof(name));
    assert_false(secret_field_name((struct bytes){(uint8_t *)name, sizeof(name)}));
    for (size_t i = 0; i < sizeof(name); i++) {
        name[i] = i % 2 != 0 ? 'a' : '1';
    }
    assert_false(secret_field_name((struct bytes){(uint8_t *)name, sizeof(name)}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_beside_a_telling_name_is_masked_exactly),
        cmocka_unit_test(short_passwords_are_found_where_the_name_leaves_no_doubt),
        cmocka_unit_test(numbers_and_plain_words_are_passwords_where_nothing_else_can_stand),
        cmocka_unit_test(a_hex_key_or_uuid_under_a_telling_name_is_masked),
        cmocka_unit_test(a_secret_with_a_shape_keeps_its_name_beside_a_telling_name),
        cmocka_unit_test(cookies_are_masked_to_the_end_of_their_line_or_quote),
        cmocka_unit_test(a_random_string_is_masked_near_a_telling_name_only),
        cmocka_unit_test(masking_twice_changes_nothing_more),
        cmocka_unit_test(no_rule_looks_past_a_mask),
        cmocka_unit_test(placeholders_code_and_prose_beside_telling_names_are_left_alone),
        cmocka_unit_test(ordinary_text_holds_no_secret),
        cmocka_unit_test(digests_ids_and_numbers_of_any_value_are_left_alone),
        cmocka_unit_test(field_names_that_speak_of_secrets_are_known),
        cmocka_unit_test(every_word_of_the_table_names_a_secret),
        cmocka_unit_test(field_names_that_only_sound_like_it_are_not_taken),
        cmocka_unit_test(of_a_long_field_name_the_end_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
