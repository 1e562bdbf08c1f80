/* A separate ledger for each test of the public library, and assertions on the results of calls. */
#ifndef TESTS_LIB_BOX_H
#define TESTS_LIB_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ledger/ledger.h>

#include "base/file.h"

static char top[256], dir[300];
static struct ledger *ledger;
static struct ledger_error error;

#define must(call)                                                                                                         \
    do {                                                                                                                   \
        int rc_ = (call);                                                                                                  \
        if (rc_ != 0) {                                                                                                    \
            fail_msg("%s: %s: %s", #call, ledger_error_name(rc_), error.message);                                          \
        }                                                                                                                  \
    } while (0)
#define must_fail(call, want, words)                                                                                       \
    do {                                                                                                                   \
        error = (struct ledger_error)LEDGER_ERROR_INIT;                                                                    \
        int rc_ = (call);                                                                                                  \
        if (rc_ != (want) || error.code != (want) || strstr(error.message, (words)) == NULL) {                             \
            fail_msg("%s: %s: '%s', wanted '%s'", #call, ledger_error_name(rc_), error.message, (words));                  \
        }                                                                                                                  \
    } while (0)

/* A new ledger, not open. */
static inline void create_box(void) {
    struct ledger_create_options o = LEDGER_CREATE_OPTIONS_INIT;
    const char *tmp = getenv("TMPDIR");
    snprintf(top, sizeof(top), "%.200s/ledger-test-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    assert_non_null(mkdtemp(top));
    snprintf(dir, sizeof(dir), "%s/box", top);
    o.origin = "example.org/box-1";
    o.map_bytes = (uint64_t)64 << 20;
    must(ledger_create(dir, &o, &error));
}

static inline int setup(void **state) {
    (void)state;
    create_box();
    must(ledger_open(dir, NULL, &ledger, &error));
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    ledger_close(ledger);
    return file_remove_tree(top, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
