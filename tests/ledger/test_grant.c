/* What a grant must contain before it is sealed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/log.h"

static struct err why;

static int check_of(const char *kind, const char *json, const char *run) {
    struct log_draft draft;
    struct buf in, body, private_;
    uint32_t masked;
    buf_init(&in, 1 << 16);
    buf_init(&body, 1 << 16);
    buf_init(&private_, 1 << 16);
    memset(&why, 0, sizeof(why));
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of(json), &in, &why), 0);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of("pack/p");
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    draft.run = bytes_of(run);
    draft.body = bytes_of_buf(&in);
    int rc = log_draft_check(&draft, &body, &private_, &masked, &why);
    buf_done(&private_);
    buf_done(&body);
    buf_done(&in);
    return rc;
}

static void what_limits_a_grant_is_not_null(void **state) {
    static const char *const limits[] = {"scope", "expires", "lifetime", "session"};
    char json[160], words[64];
    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"%s\":null}", limits[i]);
        snprintf(words, sizeof(words), "field '%s' is null, so nobody could tell", limits[i]);
        assert_int_equal(check_of("permission.granted", json, NULL), ERR_INVALID);
        assert_ptr_equal(strstr(why.msg, words), why.msg);
    }
    assert_int_equal(check_of("permission.denied", "{\"group\":\"exec\",\"scope\":null}", NULL), ERR_INVALID);
    assert_int_equal(check_of("permission.revoked", "{\"group\":\"exec\",\"scope\":null}", NULL), ERR_INVALID);
    assert_int_equal(check_of("permission.decided", "{\"decision\":\"allow\",\"scope\":null}", NULL), ERR_INVALID);
    assert_int_equal(check_of("permission.requested", "{\"group\":\"exec\",\"scope\":null}", NULL), 0);
}

static void until_names_a_time_and_session_a_session(void **state) {
    (void)state;
    assert_int_equal(check_of("permission.granted", "{\"group\":\"exec\",\"lifetime\":\"until\"}", NULL), ERR_INVALID);
    assert_string_equal(why.msg, "field 'lifetime' is 'until' and field 'expires' is missing: until when");
    assert_int_equal(check_of("permission.decided", "{\"decision\":\"allow\",\"lifetime\":\"until\"}", NULL), ERR_INVALID);
    assert_int_equal(check_of("permission.granted", "{\"group\":\"exec\",\"lifetime\":\"until\",\"expires\":5}", NULL), 0);
    assert_int_equal(check_of("permission.granted", "{\"group\":\"exec\",\"lifetime\":\"session\"}", NULL), ERR_INVALID);
    assert_string_equal(
        why.msg, "field 'lifetime' is 'session' and field 'session' is missing, nor is there a run: in which session");
    assert_int_equal(check_of("permission.granted", "{\"group\":\"exec\",\"lifetime\":\"session\"}", "r1"), 0);
    assert_int_equal(
        check_of("permission.granted", "{\"group\":\"exec\",\"lifetime\":\"session\",\"session\":\"s1\"}", NULL), 0);
    assert_int_equal(check_of("permission.decided", "{\"decision\":\"allow\",\"lifetime\":\"session\"}", NULL), 0);
}

static void one_event_stands_for_1_to_1000000_uses(void **state) {
    static const char *const bad[] = {"0", "-1", "1000001", "9223372036854775807", "\"2\"", "2.5"};
    char json[80];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"count\":%s}", bad[i]);
        assert_int_equal(check_of("permission.used", json, NULL), ERR_INVALID);
    }
    assert_int_equal(check_of("permission.used", "{\"group\":\"exec\",\"count\":0}", NULL), ERR_INVALID);
    assert_string_equal(why.msg, "field 'count' is out of range (expected 1 to 1000000)");
    assert_int_equal(check_of("permission.used", "{\"group\":\"exec\",\"count\":1}", NULL), 0);
    assert_int_equal(check_of("permission.used", "{\"group\":\"exec\",\"count\":1000000}", NULL), 0);
    assert_int_equal(check_of("permission.used", "{\"group\":\"exec\"}", NULL), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_limits_a_grant_is_not_null),
        cmocka_unit_test(until_names_a_time_and_session_a_session),
        cmocka_unit_test(one_event_stands_for_1_to_1000000_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
