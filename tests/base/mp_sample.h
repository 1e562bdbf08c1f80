/* What the tests of base/mp share: hex literals as exact blocks, a walk that re-encodes, a document with every form. */
#ifndef TESTS_BASE_MP_SAMPLE_H
#define TESTS_BASE_MP_SAMPLE_H

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mp.h"
#include "base/text.h"

#define BUF_MAX ((size_t)1 << 20)

static inline struct bytes view(const char *s) {
    return bytes_of(s);
}

/* The bytes of a hex literal in a block of the exact size, so that the sanitizer detects a read past the end. */
static inline struct bytes unhex(struct bytes hex) {
    uint8_t *p = malloc(hex.n / 2 + 1);
    assert_non_null(p);
    assert_int_equal(text_unhex(p + 1, hex.n / 2, hex), 0);
    struct bytes b = {p + 1, hex.n / 2};
    return b;
}

static inline void unhex_free(struct bytes b) {
    free((void *)((uintptr_t)b.p - 1));
}

static inline void assert_hex(const struct buf *got, const char *want) {
    char hex[256];
    assert_int_equal(got->fail, 0);
    assert_true(got->n * 2 < sizeof(hex));
    text_hex(hex, got->p, got->n);
    assert_string_equal(hex, want);
}

static inline void put_item(struct buf *out, const struct mp_item *item) {
    switch (item->type) {
    case MP_NIL:
        mp_put_nil(out);
        return;
    case MP_BOOL:
        mp_put_bool(out, item->boolean);
        return;
    case MP_UINT:
        mp_put_uint(out, item->uint);
        return;
    case MP_INT:
        mp_put_int(out, item->sint);
        return;
    case MP_FLOAT:
        mp_put_float(out, item->real);
        return;
    case MP_STR:
        mp_put_str(out, item->data);
        return;
    case MP_BIN:
        mp_put_bin(out, item->data);
        return;
    case MP_ARRAY:
        mp_put_array(out, item->count);
        return;
    case MP_MAP:
        mp_put_map(out, item->count);
        return;
    }
    fail();
}

/* Decodes item by item and encodes again: the same bytes must come out. */
static inline void assert_identity(struct bytes input) {
    struct mp_reader r;
    struct mp_item item;
    struct buf out;
    int rc;
    buf_init(&out, BUF_MAX);
    mp_reader_init(&r, input);
    while ((rc = mp_next(&r, &item, NULL)) == 0) {
        put_item(&out, &item);
    }
    assert_int_equal(rc, 1);
    assert_true(bytes_eq(bytes_of_buf(&out), input));
    buf_done(&out);
}

static inline void put_rich_inner(struct buf *out) {
    mp_put_map(out, 5);
    mp_put_str(out, view("bin"));
    mp_put_bin(out, (struct bytes){(const uint8_t *)"\0\1\2\xff", 4});
    mp_put_str(out, view("empty"));
    mp_put_array(out, 3);
    mp_put_array(out, 0);
    mp_put_map(out, 0);
    mp_put_str(out, view(""));
    mp_put_str(out, view("real"));
    mp_put_array(out, 3);
    mp_put_float(out, 1834.25);
    mp_put_float(out, -DBL_MIN);
    mp_put_float(out, 0.0);
    mp_put_str(out, view("yes"));
    mp_put_bool(out, true);
    mp_put_str(out, view("\xc3\xb6"));
    mp_put_bool(out, false);
}

/* Every type, every length form that fits in a test. */
static inline void put_rich(struct buf *out) {
    static const uint64_t uints[] = {0, 127, 128, 255, 256, 65535, 65536, UINT32_MAX, UINT64_C(1) << 32, MP_INT_MAX};
    static const int64_t ints[] = {-1, -32, -33, -128, -129, -32768, -32769, INT32_MIN, INT64_C(-2147483649), INT64_MIN};
    uint8_t filler[300];
    memset(filler, 'f', sizeof(filler));
    mp_put_array(out, 26);
    for (size_t i = 0; i < 10; i++) {
        mp_put_uint(out, uints[i]);
        mp_put_int(out, ints[i]);
    }
    mp_put_nil(out);
    put_rich_inner(out);
    mp_put_str(out, (struct bytes){filler, 40});
    mp_put_str(out, (struct bytes){filler, 300});
    mp_put_bin(out, (struct bytes){filler, 300});
    mp_put_str(out, view("gr\xc3\xb6\xc3\x9f"
                         "e \xe2\x82\xac \xf0\x9f\x98\x80"));
}

#endif
