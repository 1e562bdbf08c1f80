/* base/secret/secret.h: how much work a text costs, whatever it contains. */
#include "tests/base/secret_sample.h"

static size_t steps_for(const char *piece, size_t size) {
    size_t n = strlen(piece), at = 0;
    char *text = malloc(size);
    assert_non_null(text);
    for (; at + n <= size; at += n) {
        memcpy(text + at, piece, n);
    }
    struct secret_scan s = {.p = (uint8_t *)text, .hi = at};
    struct secret_hit hit;
    while (secret_scan_next(&s, &hit) == 0) {
    }
    free(text);
    return s.steps;
}

/* Steps per byte: the cost of a text that consists only of beginnings that are decoded, at most three times. */
#define WORK_MAX 400u

static const char *const PIECES[] = {
    "a",
    "=",
    "_",
    "eyJ",
    "sk-",
    "sk-ant-",
    "ghp_",
    "SK0",
    "xoxb-",
    "hf_",
    "://",
    "a://b:c",
    "a://b:",
    "-----BEGIN ",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIBVAIBADANBgkqhkiG\n-----END X-----",
    "token",
    "token=",
    "token =",
    "password",
    "password:",
    "password=\"",
    "secret ",
    "api_key",
    "_key_key",
    "aws secret ",
    "aws_secret_key ",
    "Authorization: ",
    "Cookie: a",
    "Cookie: a=bcde;",
    "bearer ",
    "?key=",
    "&sig=a",
    "1:A",
    "1Q~",
    "A3-",
    ".atlasv1.",
    "PRIVATE+KEY+",
    "E+K",
    "hooks.slack.com/",
    "\xe2\x80\xb9",
    "\xe2\x80\xb9secret:",
    "\xe2\x80\xb9secret:jwt:1",
    "\xe2\x80\xb9secret:jwt:1\xe2\x80\xba",
    "AKIA",
    "AKI\1012222222222222222 ",
    "glpat-",
    "eyJhbGciaaaaaaaaaaaaaaaaa.",
    "password:\\\"",
    "\\",
    "\"token\",\"",
    "token='a1B2c3D4e5';",
    "c2st",
    "NrL",
    "Z2hwX",
    "LS0tLS1CRUdJTi",
    "%73%6b%2d",
    "%61",
    "%61 ",
    "%61\n",
    "\\u0067",
    "\\x73\\x6b-",
    " -u a:b",
    " -p",
    " -pa",
    "curl -u a:",
    "mysql -p",
    "[\"--token\",\"",
    "://a1B2c3D4e5F6g7H8i9J0k1L2@",
    "\x1b[31m",
    "\x1b[31mghp_",
    "\x1b]0;",
    "\\033[",
    "\\u00",
    "&#x67;",
    "&quot;",
    "\xe2\x80\x8b",
    "a\xe2\x80\x8b",
    "ghp_a1B2 ",
    "ghp_a1B2c3D4\n",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXow",
    "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXow\n",
    "/YWJjZGVm",
    "616263646566",
    "6768705f",
    "Z2hwXz",
    "7061737377",
    "4",
    "4111 ",
    "4111-",
    "41111111 ",
    "GB82",
    "DE89 3704 ",
    "$6$",
    "$6$a$",
    "$argon2id$a,",
    "Private-Lines: 1\n",
    "/api/webhooks/1234567890123456789/",
    "legal winner thank ",
    "secret ",
    "test ",
    "abandon ability able ",
    "Ma1B2c3D4e5F6g7H8i9J0k1L2.",
    "login joe password ",
    "password is ",
    "db_password x\n",
    "pass=a1B2c3;",
    "pass=",
    "pass=a1B2c3 pwd: ",
    "pwd:",
    "docker login -p ",
    "redis-cli -a ",
    "-passin pass:",
};

static void hostile_text_costs_work_in_proportion_to_its_length(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(PIECES); i++) {
        size_t once = steps_for(PIECES[i], 1 << 16), twice = steps_for(PIECES[i], 1 << 17);
        if (once > WORK_MAX << 16 || twice > 2 * once + once / 8 + 4096) {
            fail_msg("'%s' costs %zu steps for 64 KiB and %zu for 128 KiB", PIECES[i], once, twice);
        }
    }
    /* And with random bytes between them, so that hits and near hits mix. */
    char piece[512];
    for (size_t i = 0; i < COUNT(PIECES); i++) {
        sample_random(piece, 40, SAMPLE_ALNUM, (unsigned)i);
        snprintf(piece + 40, sizeof(piece) - 40, "%s", PIECES[i]);
        size_t once = steps_for(piece, 1 << 16), twice = steps_for(piece, 1 << 17);
        if (once > WORK_MAX << 16 || twice > 2 * once + once / 8 + 4096) {
            fail_msg("'%s' costs %zu steps for 64 KiB and %zu for 128 KiB", piece, once, twice);
        }
    }
}

static void ordinary_text_costs_next_to_no_work(void **state) {
    (void)state;
    size_t bytes = 0, steps = 0;
    for (size_t i = 0; i < sample_text_count(); i++) {
        struct secret_scan s = {.p = (const uint8_t *)TEXTS[i], .hi = strlen(TEXTS[i])};
        struct secret_hit hit;
        assert_int_equal(secret_scan_next(&s, &hit), 1);
        bytes += strlen(TEXTS[i]);
        steps += s.steps;
    }
    if (steps >= 2 * bytes) { /* a third of it is digests, which are checked for what they may decode to */
        fail_msg("%zu bytes cost %zu steps", bytes, steps);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_text_costs_work_in_proportion_to_its_length),
        cmocka_unit_test(ordinary_text_costs_next_to_no_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
