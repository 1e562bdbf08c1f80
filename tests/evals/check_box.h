/* For tests of checks: one expectation, one output, what comes of it. */
#ifndef TESTS_EVALS_CHECK_BOX_H
#define TESTS_EVALS_CHECK_BOX_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evals/check/check.h"

static inline struct suite_check check_of(enum suite_check_type type, const char *text) {
    return (struct suite_check){.type = type,
                                .text = bytes_of(text),
                                .number = NAN,
                                .tolerance = NAN,
                                .relative = NAN,
                                .at_least = NAN,
                                .at_most = NAN,
                                .scale = {NAN, NAN}};
}

static inline struct check_outcome outcome_of(const struct suite_check *check, struct bytes output) {
    struct check_given given = {.output = output};
    struct check_outcome ret = {0};
    struct err err = {0};
    int rc = check_one(check, &given, &ret, &err);
    assert_string_equal(err.msg, "");
    assert_int_equal(rc, 0);
    assert_int_equal(ret.why[0] == '\0', ret.end == CHECK_MET);
    return ret;
}

static inline enum check_end end_of(const struct suite_check *check, const char *output) {
    return outcome_of(check, bytes_of(output)).end;
}

/* `message`: NULL, it is sound; otherwise what the refusal says, or its beginning. */
static inline void assert_sound(const struct suite_check *check, const char *message) {
    struct err err = {0};
    int rc = check_is_sound(check, &err);
    if (message == NULL) {
        assert_string_equal(err.msg, "");
        assert_int_equal(rc, 0);
    } else {
        assert_int_equal(rc, ERR_INVALID);
        if (strncmp(err.msg, message, strlen(message)) != 0) fail_msg("'%s', expected '%s'", err.msg, message);
    }
}

#endif
