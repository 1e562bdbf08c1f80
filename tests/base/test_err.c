/* Errors: what a message contains after it was set, prefixed, truncated or made from errno. */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void setting_an_error_fills_code_and_message_and_returns_the_code(void **state) {
    (void)state;
    struct err err = {0};
    assert_int_equal(err_set(&err, ERR_INVALID, "field '%s' has %d bytes", "kind", 300), ERR_INVALID);
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.msg, "field 'kind' has 300 bytes");
}

static void a_null_error_only_passes_the_code_on(void **state) {
    (void)state;
    assert_int_equal(err_set(NULL, ERR_FULL, "disk full"), ERR_FULL);
    assert_int_equal(err_errno(NULL, ENOENT, "opening"), ERR_NOTFOUND);
    assert_int_equal(err_prefix(NULL, "segment %d", 3), 0);
}

static void a_prefix_goes_before_the_message_and_keeps_the_code(void **state) {
    (void)state;
    struct err err = {0};
    err_set(&err, ERR_CORRUPT, "short read");
    assert_int_equal(err_prefix(&err, "segment %d", 3), ERR_CORRUPT);
    assert_int_equal(err_prefix(&err, "loading '%s'", "x"), ERR_CORRUPT);
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_string_equal(err.msg, "loading 'x': segment 3: short read");
}

static void an_error_may_quote_its_own_message(void **state) {
    (void)state;
    struct err err = {0};
    err_set(&err, ERR_IO, "inner");
    err_set(&err, ERR_NET, "outer (%s)", err.msg);
    assert_string_equal(err.msg, "outer (inner)");
}

static void a_message_that_is_too_long_ends_in_dots(void **state) {
    (void)state;
    char text[ERR_MSG_MAX + 50];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct err err = {0};
    err_set(&err, ERR_LIMIT, "%s", text);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    assert_string_equal(err.msg + ERR_MSG_MAX - 6, "xx...");
    err_prefix(&err, "head");
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    assert_memory_equal(err.msg, "head: xxx", 9);
    assert_string_equal(err.msg + ERR_MSG_MAX - 4, "...");
}

static void a_message_that_just_fits_is_kept_whole(void **state) {
    (void)state;
    char text[ERR_MSG_MAX];
    memset(text, 'y', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct err err = {0};
    err_set(&err, ERR_LIMIT, "%s", text);
    assert_string_equal(err.msg, text);
}

static void errno_values_become_the_code_a_caller_acts_on(void **state) {
    (void)state;
    static const struct {
        int errnum, code;
    } rows[] = {
        {ENOSPC, ERR_FULL},     {EDQUOT, ERR_FULL}, {EFBIG, ERR_FULL}, {ENOMEM, ERR_NOMEM},
        {ENOENT, ERR_NOTFOUND}, {EIO, ERR_IO},      {EACCES, ERR_IO},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};
        assert_int_equal(err_errno(&err, rows[i].errnum, "writing '%s'", "f"), rows[i].code);
        assert_int_equal(err.code, rows[i].code);
        assert_memory_equal(err.msg, "writing 'f': ", 13);
        assert_string_equal(err.msg + 13, strerror(rows[i].errnum));
    }
}

static void every_code_has_its_name_and_no_other_number_has_one(void **state) {
    (void)state;
    assert_string_equal(err_name(0), "ERR_NONE");
    assert_string_equal(err_name(ERR_NOMEM), "ERR_NOMEM");
    assert_string_equal(err_name(ERR_IO), "ERR_IO");
    assert_string_equal(err_name(ERR_BUSY), "ERR_BUSY");
    assert_string_equal(err_name(ERR_FULL), "ERR_FULL");
    assert_string_equal(err_name(ERR_LIMIT), "ERR_LIMIT");
    assert_string_equal(err_name(ERR_INVALID), "ERR_INVALID");
    assert_string_equal(err_name(ERR_NOTFOUND), "ERR_NOTFOUND");
    assert_string_equal(err_name(ERR_VERSION), "ERR_VERSION");
    assert_string_equal(err_name(ERR_CORRUPT), "ERR_CORRUPT");
    assert_string_equal(err_name(ERR_TAMPERED), "ERR_TAMPERED");
    assert_string_equal(err_name(ERR_CONFLICT), "ERR_CONFLICT");
    assert_string_equal(err_name(ERR_NET), "ERR_NET");
    assert_string_equal(err_name(ERR_ROLLBACK), "ERR_ROLLBACK");
    assert_string_equal(err_name(-1000), "ERR_UNKNOWN");
    assert_string_equal(err_name(1), "ERR_UNKNOWN");
    assert_string_equal(err_name(INT32_MIN + 1), "ERR_UNKNOWN");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_an_error_fills_code_and_message_and_returns_the_code),
        cmocka_unit_test(a_null_error_only_passes_the_code_on),
        cmocka_unit_test(a_prefix_goes_before_the_message_and_keeps_the_code),
        cmocka_unit_test(an_error_may_quote_its_own_message),
        cmocka_unit_test(a_message_that_is_too_long_ends_in_dots),
        cmocka_unit_test(a_message_that_just_fits_is_kept_whole),
        cmocka_unit_test(errno_values_become_the_code_a_caller_acts_on),
        cmocka_unit_test(every_code_has_its_name_and_no_other_number_has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
