/* What the tests of kind_sort share: inputs and outputs as JSON, and the two assertions: what is returned and what is
 * refused. */
#ifndef TESTS_LEDGER_KIND_IO_H
#define TESTS_LEDGER_KIND_IO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mp.h"
#include "ledger/kinds/kind.h"

#define BUF_MAX ((size_t)16 << 20)

struct input {
    const char *kind, *body, *private_, *open; /* JSON; NULL: empty bytes */
};

struct output {
    int rc;
    char *body, *private_; /* JSON; "" for no bytes */
    uint32_t masked;
    struct err err;
};

static inline struct buf to_mp(const char *json) {
    struct buf out;
    struct err err = {0};
    buf_init(&out, BUF_MAX);
    if (json != NULL && json_to_mp(bytes_of(json), &out, &err) != 0) {
        fail_msg("%s in %s", err.msg, json);
    }
    return out;
}

static inline char *to_json(struct bytes mp) {
    struct buf out;
    buf_init(&out, BUF_MAX);
    if (mp.n > 0) {
        assert_int_equal(json_from_mp(mp, JSON_LINE, &out, NULL), 0);
    }
    buf_put_u8(&out, '\0');
    assert_int_equal(out.fail, 0);
    return (char *)out.p;
}

/* Sorts after a byte that is already in the buffers, and checks that it is unchanged if sorting fails. */
static inline void sort_bytes(struct bytes kind, struct bytes body, struct bytes private_, struct bytes open,
                              struct output *ret) {
    struct buf out_body, out_private;
    *ret = (struct output){.masked = 777};
    buf_init(&out_body, BUF_MAX);
    buf_init(&out_private, BUF_MAX);
    buf_put_u8(&out_body, 0xc1);
    buf_put_u8(&out_private, 0xc1);
    ret->rc = kind_sort(kind, body, private_, open, &out_body, &out_private, &ret->masked, &ret->err);
    assert_int_equal(out_body.p[0], 0xc1);
    assert_int_equal(out_private.p[0], 0xc1);
    struct bytes b = {out_body.p + 1, out_body.n - 1}, p = {out_private.p + 1, out_private.n - 1};
    if (ret->rc == 0) {
        assert_int_equal(mp_check(b, NULL), 0);
        assert_true(p.n == 0 || mp_check(p, NULL) == 0);
        assert_int_equal(ret->err.code, 0);
    } else {
        assert_int_equal(b.n, 0);
        assert_int_equal(p.n, 0);
        assert_int_equal(ret->masked, 777);
        assert_int_equal(ret->err.code, ret->rc);
    }
    ret->body = to_json(b);
    ret->private_ = to_json(p);
    buf_done(&out_body);
    buf_done(&out_private);
}

static inline void sort(struct input in, struct output *ret) {
    struct buf body = to_mp(in.body), private_ = to_mp(in.private_), open = to_mp(in.open);
    sort_bytes(bytes_of(in.kind), bytes_of_buf(&body), bytes_of_buf(&private_), bytes_of_buf(&open), ret);
    buf_done(&body);
    buf_done(&private_);
    buf_done(&open);
}

static inline void output_done(struct output *out) {
    free(out->body);
    free(out->private_);
}

static inline void assert_sorted(struct input in, const char *body, const char *private_, uint32_t masked) {
    struct output out;
    sort(in, &out);
    if (out.rc != 0) {
        fail_msg("refused: %s", out.err.msg);
    }
    assert_string_equal(out.body, body);
    assert_string_equal(out.private_, private_);
    assert_int_equal(out.masked, masked);
    output_done(&out);
}

static inline void assert_refused(struct input in, int rc, const char *message) {
    struct output out;
    sort(in, &out);
    assert_int_equal(out.rc, rc);
    assert_string_equal(out.err.msg, message);
    output_done(&out);
}

#endif
