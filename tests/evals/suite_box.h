/* A directory with a suite, and what the reader says of it. */
#ifndef TESTS_EVALS_SUITE_BOX_H
#define TESTS_EVALS_SUITE_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "evals/load/load.h"

struct suite_box {
    char dir[64];
    struct buf lines; /* "suite.yaml:1:2: what" LF ... */
};

static inline void suite_box_init(struct suite_box *box) {
    *box = (struct suite_box){.dir = "/tmp/ledger-suite-XXXXXX", .lines = {.max = 1 << 20}};
    assert_non_null(mkdtemp(box->dir));
}

static inline void suite_box_done(struct suite_box *box) {
    assert_int_equal(file_remove_tree(box->dir, NULL), 0);
    buf_done(&box->lines);
}

static inline const char *suite_box_path(struct suite_box *box, const char *name) {
    static char path[FILE_PATH_MAX];
    assert_int_equal(file_join(path, box->dir, name, NULL), 0);
    return path;
}

static inline void suite_box_put(struct suite_box *box, const char *name, struct bytes text) {
    struct err err = {0};
    if (file_write_durable(suite_box_path(box, name), text, 0600, &err) != 0) fail_msg("%s", err.msg);
}

static inline void suite_box_fault(void *ctx, const char *path, unsigned line, unsigned column, const char *what) {
    struct suite_box *box = ctx;
    const size_t dir = strlen(box->dir);
    buf_put_str(&box->lines, strncmp(path, box->dir, dir) == 0 ? path + dir + 1 : path);
    if (line > 0) buf_printf(&box->lines, ":%u:%u", line, column);
    buf_printf(&box->lines, ": %s\n", what);
}

static inline int suite_box_load(struct suite_box *box, const char *name, struct suite **ret) {
    struct err err = {0};
    buf_clear(&box->lines);
    return load_suite(suite_box_path(box, name), suite_box_fault, box, ret, &err);
}

static inline struct suite *suite_box_good(struct suite_box *box, const char *text) {
    struct suite *suite = NULL;
    suite_box_put(box, "suite.yaml", bytes_of(text));
    int rc = suite_box_load(box, "suite.yaml", &suite);
    if (rc != 0) fail_msg("%.*s", (int)box->lines.n, (const char *)box->lines.p);
    assert_int_equal(box->lines.n, 0);
    return suite;
}

static inline void suite_box_bad(struct suite_box *box, const char *text, const char *expected) {
    struct suite *suite = NULL;
    suite_box_put(box, "suite.yaml", bytes_of(text));
    int rc = suite_box_load(box, "suite.yaml", &suite);
    buf_put_u8(&box->lines, 0);
    assert_string_equal((const char *)box->lines.p, expected);
    assert_int_equal(rc, ERR_INVALID);
    assert_null(suite);
}

/* Of a digest, in hex. */
static inline const char *suite_box_hex(const uint8_t digest[HASH_LEN]) {
    static char hex[2 * HASH_LEN + 1];
    text_hex(hex, digest, HASH_LEN);
    return hex;
}

#endif
