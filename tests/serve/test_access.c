/* Who may ask: tokens as they are kept and found, codes that work once, and what is recorded of all requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "base/file.h"
#include "serve/access/meter.h"
#include "serve/access/session.h"
#include "serve/access/tokens.h"

#define S CLOCK_NS_PER_S

static char dir[64];

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/test_access.XXXXXX");
    return crypt_init(NULL) == 0 && mkdtemp(dir) != NULL ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    return file_remove_tree(dir, NULL);
}

static int add(void *ctx, struct access_tokens *tokens, struct err *err) {
    return access_tokens_add(tokens, ctx, err);
}

static int make_invalid(void *ctx, struct access_tokens *tokens, struct err *err) {
    (void)err;
    access_tokens_named(tokens, bytes_of(ctx))->revoked = 5;
    return 0;
}

static void write_file(const char *text, mode_t mode) {
    char path[128];
    snprintf(path, sizeof(path), "%s/" ACCESS_FILE, dir);
    assert_int_equal(file_write_durable(path, bytes_of(text), mode, NULL), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void a_token_is_found_by_its_text_alone(void **state) {
    (void)state;
    struct access_token one = {.scopes = ACCESS_READ_STATES, .created = 1},
                        other = {.scopes = ACCESS_VERIFY, .expires = 10};
    struct access_tokens tokens;
    const struct access_token *found = NULL;
    char text[ACCESS_TEXT], text2[ACCESS_TEXT];
    snprintf(one.name, sizeof(one.name), "one");
    snprintf(other.name, sizeof(other.name), "other");
    access_token_make(text, one.sha256);
    access_token_make(text2, other.sha256);
    assert_int_equal(strlen(text), 71);
    assert_string_not_equal(text, text2);
    assert_int_equal(access_tokens_change(dir, add, &one, NULL), 0);
    assert_int_equal(access_tokens_change(dir, add, &other, NULL), 0);
    struct err err = {0};
    assert_int_equal(access_tokens_change(dir, add, &one, &err), ERR_CONFLICT);

    char path[128];
    struct stat st;
    struct buf file = {.max = 65536};
    snprintf(path, sizeof(path), "%s/" ACCESS_FILE, dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_read(path, &file, NULL), 0);
    buf_put_u8(&file, 0);
    assert_null(strstr((char *)file.p, text + 7)); /* the secret is not kept */
    buf_done(&file);

    assert_int_equal(access_tokens_read(dir, &tokens, NULL), 0);
    assert_int_equal(tokens.n, 2);
    assert_int_equal(access_tokens_find(&tokens, bytes_of(text), 100, &found), ACCESS_GOOD);
    assert_string_equal(found->name, "one");
    assert_int_equal(found->scopes, ACCESS_READ_STATES);
    assert_int_equal(access_tokens_find(&tokens, bytes_of(text2), 9, &found), ACCESS_GOOD);
    assert_int_equal(access_tokens_find(&tokens, bytes_of(text2), 10, &found), ACCESS_EXPIRED);
    assert_int_equal(access_tokens_find(&tokens, (struct bytes){(uint8_t *)text, 70}, 0, &found), ACCESS_UNKNOWN);
    assert_int_equal(access_tokens_find(&tokens, (struct bytes){0}, 0, &found), ACCESS_UNKNOWN);
    access_tokens_done(&tokens);

    assert_int_equal(access_tokens_change(dir, make_invalid, one.name, NULL), 0);
    assert_int_equal(access_tokens_read(dir, &tokens, NULL), 0);
    assert_int_equal(access_tokens_find(&tokens, bytes_of(text), 100, &found), ACCESS_REVOKED);
    access_tokens_done(&tokens);
}

static void refused(const char *text, mode_t mode, const char *why) {
    struct access_tokens tokens;
    struct err err = {0};
    write_file(text, mode);
    assert_int_equal(access_tokens_read(dir, &tokens, &err), ERR_INVALID);
    if (strstr(err.msg, why) == NULL) fail_msg("'%s' lacks '%s'", err.msg, why);
}

static void a_file_that_is_not_as_it_was_written_lets_nobody_in(void **state) {
    (void)state;
    refused("{\"schema\":\"ledger.tokens/1\",\"tokens\":[]}", 0644, "mode 0600");
    refused("", 0600, "line 1");
    refused("{}", 0600, "schema");
    refused("{\"schema\":\"ledger.tokens/2\",\"tokens\":[]}", 0600, "schema");
    refused("{\"schema\":\"ledger.tokens/1\"}", 0600, "'tokens' is missing");
    refused("{\"schema\":\"ledger.tokens/1\",\"tokens\":{}}", 0600, "not a list");
    refused("{\"schema\":\"ledger.tokens/1\",\"tokens\":[{\"name\":\"A\"}]}", 0600, "'name'");
    refused("{\"schema\":\"ledger.tokens/1\",\"tokens\":[{\"name\":\"a\",\"sha256\":\"00\"}]}", 0600, "'sha256'");
#define HEX "0000000000000000000000000000000000000000000000000000000000000000"
    refused("{\"schema\":\"ledger.tokens/1\",\"tokens\":[{\"name\":\"a\",\"sha256\":\"" HEX "\"}]}", 0600, "'scopes'");
    refused("{\"schema\":\"ledger.tokens/1\",\"tokens\":[{\"name\":\"a\",\"sha256\":\"" HEX "\",\"scopes\":[\"all\"]}]}",
            0600, "a scope that this program does not know");
    refused("{\"schema\":\"ledger.tokens/1\",\"tokens\":[{\"name\":\"a\",\"sha256\":\"" HEX
            "\",\"scopes\":[]},{\"name\":\"a\",\"sha256\":\"" HEX "\",\"scopes\":[]}]}",
            0600, "the same name");
    for (const char *const *name = (const char *const[]){"", "A", "-a", ".", "a b", "page", "a/b", "\xc3\xa9", NULL};
         *name != NULL; name++) {
        assert_false(access_name_ok(bytes_of(*name)));
    }
    assert_true(access_name_ok(bytes_of("ci-2.x_y")));
}

static void a_code_works_once_within_a_minute(void **state) {
    (void)state;
    struct sessions s;
    struct bytes found;
    char code[SESSION_CODE], id[SESSION_ID], cookie[256], word[SESSION_ID];
    sessions_init(&s);
    assert_false(session_begin(&s, bytes_of(""), 1, id));
    assert_true(session_code(&s, 100 * S, code));
    assert_false(session_code(&s, 104 * S, code)); /* too soon for another */
    assert_int_equal(strlen(code), 19);
    assert_true(session_begin(&s, bytes_of(code), 101 * S, id));
    assert_false(session_begin(&s, bytes_of(code), 101 * S, id)); /* once */
    snprintf(cookie, sizeof(cookie), "a=b; " SESSION_COOKIE "=%s; c=d", id);
    assert_true(session_find(&s, bytes_of(cookie), 102 * S, &found));
    assert_false(session_find(&s, bytes_of(cookie), 101 * S + SESSION_LIFE_NS, &found));
    assert_false(session_find(&s, bytes_of("x" SESSION_COOKIE "=0"), 102 * S, &found));
    assert_false(session_find(&s, bytes_of(""), 102 * S, &found));
    session_form(&s, bytes_of(id), word);
    assert_true(session_form_is(&s, bytes_of(id), bytes_of(word)));
    assert_false(session_form_is(&s, bytes_of("0"), bytes_of(word)));
    assert_false(session_form_is(&s, bytes_of(id), bytes_of("")));
    session_end(&s, bytes_of(id));
    assert_false(session_find(&s, bytes_of(cookie), 102 * S, &found));

    assert_true(session_code(&s, 200 * S, code));
    assert_false(session_begin(&s, bytes_of(code), 260 * S, id)); /* late */
    assert_true(session_code(&s, 300 * S, code));
    for (int i = 0; i < SESSION_TRIES_MAX; i++) {
        assert_false(session_begin(&s, bytes_of("2222-2222-2222-2222"), 301 * S, id));
    }
    assert_false(session_begin(&s, bytes_of(code), 301 * S, id)); /* after that many guesses there is none */
}

static void the_oldest_session_goes_when_there_are_too_many(void **state) {
    (void)state;
    struct sessions s;
    struct bytes found;
    char code[SESSION_CODE], id[SESSION_ID], first[128];
    sessions_init(&s);
    for (int i = 0; i <= SESSIONS_MAX; i++) {
        uint64_t now = (uint64_t)(10 + i * 10) * S;
        assert_true(session_code(&s, now, code));
        assert_true(session_begin(&s, bytes_of(code), now, id));
        if (i == 0) snprintf(first, sizeof(first), SESSION_COOKIE "=%s", id);
        assert_int_equal(session_find(&s, bytes_of(first), now, &found), i < SESSIONS_MAX);
    }
}

static void rates_are_those_that_are_said(void **state) {
    (void)state;
    struct meter m = {0};
    unsigned wait = 0, n = 0;
    while (meter_take(&m, "a", true, 1000 * S, &wait)) {
        n++;
    }
    assert_int_equal(n, METER_DEAR_BURST);
    assert_true(wait >= 1);
    assert_true(meter_take(&m, "b", true, 1000 * S, &wait));  /* another holder */
    assert_true(meter_take(&m, "a", false, 1000 * S, &wait)); /* another kind */
    for (n = 0; meter_take(&m, "a", true, 1010 * S, &wait);) {
        n++;
    }
    assert_int_equal(n, 10 * METER_DEAR_RATE > METER_DEAR_BURST ? METER_DEAR_BURST : 10 * METER_DEAR_RATE);
    meter_done(&m);
}

/* The reference keeps every request; what is recorded must add up to all of them, and be few. */
static void records_are_few_and_add_up(void **state) {
    (void)state;
    const char *seed_text = getenv("SEED");
    unsigned seed = seed_text != NULL ? (unsigned)strtoul(seed_text, NULL, 10) : (unsigned)getpid();
    print_message("SEED=%u\n", seed);
    struct meter m = {0};
    struct meter_due due;
    struct meter_holder holder;
    struct meter_refused refused;
    static const char *const names[] = {"a", "b", "page"};
    uint64_t asked[3] = {0}, told[3] = {0}, no[ACCESS_REASONS] = {0}, said[ACCESS_REASONS] = {0}, now = S, records = 0;
    for (int i = 0; i < 20000; i++) {
        now += (uint64_t)(rand_r(&seed) % 1000) * S / 100;
        unsigned who = (unsigned)rand_r(&seed) % 3, why = (unsigned)rand_r(&seed) % ACCESS_REASONS;
        char peer[16];
        snprintf(peer, sizeof(peer), "10.0.0.%d", rand_r(&seed) % 40);
        if (rand_r(&seed) % 2 == 0) {
            meter_read(&m, names[who], 7, now);
            asked[who]++;
        } else {
            meter_refuse(&m, (enum access_reason)why, peer, now);
            no[why]++;
        }
        bool last = i == 19999;
        while (meter_next(&m, now, last, &due, &holder, &refused)) {
            records++;
            for (int j = 0; due.holder != NULL && j < 3; j++) {
                if (strcmp(due.holder->name, names[j]) == 0) told[j] += due.holder->requests;
            }
            for (int j = 0; due.refused != NULL && j < ACCESS_REASONS; j++) {
                if (strcmp(due.reason, access_reason_word((size_t)j)) == 0) said[j] += due.refused->count;
            }
            if (due.holder != NULL) assert_int_equal(due.holder->bytes, 7 * due.holder->requests);
            if (due.refused != NULL) assert_in_range(due.refused->n_peers, 1, METER_PEERS);
        }
    }
    assert_memory_equal(asked, told, sizeof(asked));
    assert_memory_equal(no, said, sizeof(no));
    assert_true(records <= 3 * (now / METER_READ_NS + 2) + ACCESS_REASONS * (now / METER_REFUSED_NS + 2));
    meter_done(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_is_found_by_its_text_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_as_it_was_written_lets_nobody_in, setup, teardown),
        cmocka_unit_test(a_code_works_once_within_a_minute),
        cmocka_unit_test(the_oldest_session_goes_when_there_are_too_many),
        cmocka_unit_test(rates_are_those_that_are_said),
        cmocka_unit_test(records_are_few_and_add_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
