/* The fast decoders agree with the thorough ones: a header's middle alone, given another one's strings, against the whole
 * header; a payload of plain texts and numbers against the general walk. Inputs are good ones in which a seeded generator
 * changed, removed and inserted bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mp.h"
#include "ledger/event/event.h"
#include "tests/ledger/header.h"

static uint64_t state;

static uint64_t draw(uint64_t below) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (state >> 33) % below;
}

static uint64_t rounds(void) {
    return getenv("LEDGER_TEST_FULL") != NULL ? 5000000 : 200000;
}

/* Changes, removes or inserts a byte, usually one that matters there. */
static void spoil_bytes(struct buf *buf) {
    static const uint8_t telling[] = {0x00, 0x7f, 0x80, 0x81, 0x82, 0x90, 0x92, 0xa0, 0xa1, 0xbf,
                                      0xc0, 0xc1, 0xc2, 0xc4, 0xca, 0xcb, 0xcc, 0xcd, 0xcf, 0xd0,
                                      0xd3, 0xd9, 0xda, 0xdc, 0xde, 0xe0, 0xff, 0x1f, 0x20, '.'};
    for (uint64_t n = draw(4); n > 0 && buf->n > 1; n--) {
        size_t at = (size_t)draw(buf->n);
        uint8_t byte = draw(3) > 0 ? telling[draw(sizeof(telling))] : (uint8_t)draw(256);
        switch (draw(4)) {
        case 0:
            memmove(buf->p + at, buf->p + at + 1, --buf->n - at);
            break;
        case 1:
            buf_put_u8(buf, 0);
            memmove(buf->p + at + 1, buf->p + at, buf->n - 1 - at);
            buf->p[at] = byte;
            break;
        case 2:
            buf->p[at] ^= (uint8_t)(1U << draw(8));
            break;
        default:
            buf->p[at] = byte;
        }
    }
}

/* ---- headers ---- */

static struct bytes drawn_text(unsigned max) {
    static char text[8][600];
    static unsigned turn;
    static const char *const odd[] = {"caf\xc3\xa9", "\xc2\x85", "a\x7f", "\xed\xa0\x80", "tab\t", "\xf0\x9f\x98\x80"};
    turn = (turn + 1) % 8;
    size_t n = (size_t)draw(draw(3) == 0 ? max + 3 : 40);
    memset(text[turn], 'a' + (int)draw(3), n);
    text[turn][n] = '\0';
    if (draw(6) == 0) {
        const char *o = odd[draw(6)];
        memcpy(text[turn] + draw(2) * (n > 10 ? n - 10 : 0), o, strlen(o) < n ? strlen(o) : 0);
    }
    return (struct bytes){(const uint8_t *)text[turn], n};
}

/* Few values, so that many equal those of the previous header, with heads of one, two and three bytes. */
static struct bytes known_text(unsigned max) {
    static char texts[3][300];
    static const size_t n[] = {5, 40, 256};
    size_t i = (size_t)draw(max < 256 ? 2 : 3);
    memset(texts[i], 'x', n[i]);
    return (struct bytes){(const uint8_t *)texts[i], n[i]};
}

static void put_middle(struct buf *out) {
    static const char *const kinds[] = {"run.step", "run.step", "permission.granted", "run", "x.a.b", ".a.b", "Run.step"};
    static const char *const grades[] = {"measured", "measured", "inferred", "guessed"};
    const struct event_header h = {.kind = bytes_of(kinds[draw(7)]),
                                   .schema = draw(9) == 0 ? 0 : 1 + (uint32_t)draw(300),
                                   .subject = draw(2) == 0 ? known_text(512) : drawn_text(512),
                                   .actor = draw(3) > 0 ? known_text(256) : drawn_text(256),
                                   .source = draw(3) > 0 ? known_text(256) : drawn_text(256),
                                   .grade = bytes_of(grades[draw(4)]),
                                   .run = draw(2) == 0 ? bytes_of("") : drawn_text(256)};
    event_head_encode(out, &h);
    if (draw(2) == 0) {
        mp_put_nil(out);
    } else {
        mp_put_uint(out, draw(70000));
    }
    mp_put_str(out, draw(2) == 0 ? bytes_of("") : drawn_text(256));
    assert_int_equal(out->fail, 0);
}

static void strings_are_same(const struct event_header *a, const struct event_header *b) {
    assert_true(bytes_eq(a->kind, b->kind) && bytes_eq(a->subject, b->subject) && bytes_eq(a->actor, b->actor) &&
                bytes_eq(a->source, b->source) && bytes_eq(a->grade, b->grade) && bytes_eq(a->run, b->run) &&
                bytes_eq(a->key, b->key));
    assert_int_equal(a->schema, b->schema);
    assert_true(a->has_cause == b->has_cause && a->cause == b->cause);
}

/* By the reader alone, then each string by its rule. */
static bool thoroughly_header(struct bytes header) {
    struct mp_reader r;
    struct mp_item item, at[15];
    mp_reader_init(&r, header);
    if (mp_check(header, NULL) != 0 || mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY || item.count != 15) {
        return false;
    }
    for (size_t i = 0; i < 15; i++) {
        static const enum mp_type types[] = {MP_UINT, MP_UINT, MP_UINT, MP_STR, MP_UINT, MP_STR, MP_STR, MP_STR,
                                             MP_STR,  MP_STR,  MP_UINT, MP_STR, MP_BIN,  MP_BIN, MP_BIN};
        bool may_be_nil = i == 10 || i == 13;
        if (mp_next(&r, &at[i], NULL) != 0 || (at[i].type != types[i] && !(may_be_nil && at[i].type == MP_NIL)) ||
            (at[i].type == MP_BIN && at[i].data.n != EVENT_HASH)) {
            return false;
        }
    }
    const struct event_header h = {.seq = at[1].uint,
                                   .time = at[2].uint,
                                   .kind = at[3].data,
                                   .subject = at[5].data,
                                   .actor = at[6].data,
                                   .source = at[7].data,
                                   .grade = at[8].data,
                                   .run = at[9].data,
                                   .key = at[11].data};
    return at[0].uint == 1 && at[4].uint > 0 && at[4].uint <= UINT32_MAX && event_header_check(&h, NULL) == 0;
}

static void a_middle_is_taken_when_a_header_around_it_is(void **test) {
    static const uint8_t hash[EVENT_HASH] = {7};
    struct buf middle[2], header;
    struct event_header by_itself = {0};
    uint64_t good = 0, all = rounds();
    (void)test;
    state = 1;
    buf_init(&middle[0], 8192);
    buf_init(&middle[1], 8192);
    buf_init(&header, 8192);
    for (uint64_t i = 0; i < all; i++) {
        struct buf *m = &middle[i % 2];
        struct event_header whole,
            around = {.seq = draw(70000), .time = draw(UINT64_MAX >> 32) << 30, .body = hash, .prev = hash};
        size_t at;
        buf_clear(m);
        buf_clear(&header);
        put_middle(m);
        if (draw(3) == 0) {
            spoil_bytes(m);
        }
        around.private_ = draw(2) == 0 ? hash : NULL;
        assert_int_equal(event_header_wrap(&header, &around, bytes_of_buf(m), &at), 0);
        int rc = header.n > EVENT_HEADER_MAX ? ERR_CORRUPT : event_header_decode(bytes_of_buf(&header), &whole, NULL);
        bool taken = event_middle_decode(bytes_of_buf(m), &by_itself);
        assert_int_equal(taken, rc == 0);
        assert_int_equal(taken, header.n <= EVENT_HEADER_MAX && thoroughly_header(bytes_of_buf(&header)));
        assert_true(bytes_eq(bytes_of_buf(m), (struct bytes){header.p + at, m->n}));
        if (taken) {
            strings_are_same(&by_itself, &whole);
            assert_true(whole.seq == around.seq && whole.time == around.time && memcmp(whole.body, hash, EVENT_HASH) == 0 &&
                        memcmp(whole.prev, hash, EVENT_HASH) == 0 && (whole.private_ == NULL) == (around.private_ == NULL));
            good++;
        } else {
            by_itself = (struct event_header){0};
        }
    }
    assert_true(good > all / 20 && good < all * 19 / 20);
    buf_done(&middle[0]);
    buf_done(&middle[1]);
    buf_done(&header);
}

/* A header that is assembled from parts is the same as one that is encoded at once. */
static void a_wrapped_header_is_the_encoded_one(void **test) {
    static const uint8_t body[EVENT_HASH] = {1}, private_[EVENT_HASH] = {2}, prev[EVENT_HASH] = {3};
    static const uint64_t numbers[] = {0,         1, 127, 128, 255, 256, 65535, 65536, UINT32_MAX, (uint64_t)UINT32_MAX + 1,
                                       MP_INT_MAX};
    struct buf middle, whole, wrapped;
    (void)test;
    buf_init(&middle, 4096);
    buf_init(&whole, 4096);
    buf_init(&wrapped, 4096);
    for (size_t i = 0; i < 4 * sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct event_header h = {.seq = numbers[i / 4],
                                       .time = numbers[i / 4],
                                       .schema = 1,
                                       .kind = bytes_of("run.step"),
                                       .subject = bytes_of("run/1"),
                                       .actor = bytes_of("user:me"),
                                       .source = bytes_of("cli"),
                                       .grade = bytes_of("measured"),
                                       .key = bytes_of("k"),
                                       .body = body,
                                       .private_ = i % 2 == 0 ? private_ : NULL,
                                       .prev = prev};
        size_t at;
        buf_clear(&middle);
        buf_clear(&whole);
        buf_clear(&wrapped);
        buf_put(&wrapped, "before", i % 4 < 2 ? 6 : 0);
        size_t from = wrapped.n;
        event_head_encode(&middle, &h);
        mp_put_nil(&middle);
        mp_put_str(&middle, h.key);
        assert_int_equal(header_encode(&whole, &h), 0);
        assert_int_equal(event_header_wrap(&wrapped, &h, bytes_of_buf(&middle), &at), 0);
        assert_true(bytes_eq(bytes_of_buf(&whole), (struct bytes){wrapped.p + from, wrapped.n - from}));
        assert_memory_equal(wrapped.p + from + at, middle.p, middle.n);
    }
    const struct event_header late = {.seq = 1, .time = MP_INT_MAX + 1, .body = body, .prev = prev};
    size_t at = 77;
    assert_int_equal(event_header_wrap(&wrapped, &late, bytes_of_buf(&middle), &at), ERR_LIMIT);
    assert_int_equal(at, 77);
    struct buf small;
    buf_init(&small, 100);
    assert_int_equal(event_header_wrap(&small, &late, bytes_of_buf(&middle), &at), ERR_LIMIT);
    buf_done(&middle);
    buf_done(&whole);
    buf_done(&wrapped);
    buf_done(&small);
}

/* ---- payloads ---- */

static void put_value(struct buf *out, unsigned depth) {
    static const int64_t ints[] = {-1, -32, -33, -129, -70000, INT64_MIN};
    uint64_t kind = draw(depth < 3 ? 10 : 8);
    if (kind < 3) {
        mp_put_str(out, drawn_text(300));
    } else if (kind == 3) {
        mp_put_uint(out, draw(2) == 0 ? draw(200) : draw(UINT64_MAX >> 33) << 30);
    } else if (kind == 4) {
        mp_put_int(out, ints[draw(6)]);
    } else if (kind == 5) {
        mp_put_float(out, (double)draw(1000) / 7);
    } else if (kind == 6) {
        mp_put_bool(out, draw(2) == 0);
    } else if (kind == 7) {
        mp_put_bin(out, drawn_text(40));
    } else if (kind == 8) {
        mp_put_array(out, 2);
        put_value(out, depth + 1);
        put_value(out, depth + 1);
    } else {
        mp_put_map(out, 1);
        mp_put_str(out, bytes_of("a"));
        put_value(out, depth + 1);
    }
}

static void put_payload(struct buf *out) {
    static const char *const names[] = {"a", "ab", "abc", "b", "caf\xc3\xa9", "d", "z_long_name_of_a_field"};
    uint8_t picked = (uint8_t)draw(128);
    mp_put_array(out, 2);
    mp_put_map(out, (uint32_t)__builtin_popcount(picked));
    for (unsigned i = 0; i < 7; i++) {
        if ((picked >> i & 1) != 0) {
            mp_put_str(out, bytes_of(names[draw(40) == 0 ? draw(7) : i]));
            put_value(out, 0);
        }
    }
    if (draw(3) > 0) {
        mp_put_nil(out);
        return;
    }
    static const uint8_t sig[64] = {9};
    mp_put_array(out, 3);
    mp_put_str(out, bytes_of("alice"));
    mp_put_bin(out, (struct bytes){sig, 4});
    mp_put_bin(out, (struct bytes){sig, draw(9) == 0 ? 63 : 64});
}

/* By the general walk: canonical as a whole, then of the form [map, nil | [name, 4 bytes, 64 bytes]]. */
static bool thoroughly(struct bytes payload, struct bytes *ret_body, struct bytes *ret_name) {
    struct mp_reader r;
    struct mp_item item, name, id, sig;
    mp_reader_init(&r, payload);
    if (mp_check(payload, NULL) != 0 || mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY || item.count != 2 ||
        mp_skip(&r, 1, ret_body, NULL) != 0 || mp_next(&r, &item, NULL) != 0) {
        return false;
    }
    struct mp_reader body;
    mp_reader_init(&body, *ret_body);
    *ret_name = (struct bytes){NULL, 0};
    if (mp_next(&body, &name, NULL) != 0 || name.type != MP_MAP) return false;
    if (item.type == MP_NIL) return true;
    if (item.type != MP_ARRAY || item.count != 3 || mp_next(&r, &name, NULL) != 0 || mp_next(&r, &id, NULL) != 0 ||
        mp_next(&r, &sig, NULL) != 0 || name.type != MP_STR || name.data.n == 0 || name.data.n > NOTE_NAME_MAX ||
        id.type != MP_BIN || id.data.n != 4 || sig.type != MP_BIN || sig.data.n != 64) {
        return false;
    }
    *ret_name = name.data;
    return true;
}

static void a_payload_is_taken_when_the_thorough_walk_takes_it(void **test) {
    struct buf payload;
    uint64_t good = 0, all = rounds();
    (void)test;
    state = 2;
    buf_init(&payload, 65536);
    for (uint64_t i = 0; i < all; i++) {
        struct event_author author;
        struct bytes body, want_body, want_name;
        buf_clear(&payload);
        put_payload(&payload);
        if (draw(2) == 0) {
            spoil_bytes(&payload);
        }
        /* a separate copy, so that reading one byte too far is detected */
        uint8_t *exact = malloc(payload.n);
        assert_non_null(exact);
        memcpy(exact, payload.p, payload.n);
        struct bytes bytes = {exact, payload.n};
        bool want = thoroughly(bytes, &want_body, &want_name);
        assert_int_equal(event_payload_decode(bytes, &body, &author, NULL), want ? 0 : ERR_CORRUPT);
        if (want) {
            assert_true(body.p == want_body.p && body.n == want_body.n && bytes_eq(author.name, want_name));
            good++;
        }
        free(exact);
    }
    assert_true(good > all / 20 && good < all * 19 / 20);
    buf_done(&payload);
}

/* 31 containers within the payload's own are accepted, wherever they are. */
static void a_body_may_be_as_deep_as_anything_and_no_deeper(void **test) {
    (void)test;
    for (unsigned depth = 29; depth <= 31; depth++) { /* arrays in a map in the payload's array: two more */
        struct buf payload;
        struct bytes body;
        struct event_author author;
        struct err err = {0};
        buf_init(&payload, 4096);
        mp_put_array(&payload, 2);
        mp_put_map(&payload, 2);
        mp_put_str(&payload, bytes_of("a"));
        mp_put_str(&payload, bytes_of("plain"));
        mp_put_str(&payload, bytes_of("b"));
        for (unsigned i = 0; i + 1 < depth; i++) {
            mp_put_array(&payload, 1);
        }
        mp_put_array(&payload, 0);
        mp_put_nil(&payload);
        int rc = event_payload_decode(bytes_of_buf(&payload), &body, &author, &err);
        assert_int_equal(rc, depth + 2 > MP_DEPTH_MAX ? ERR_CORRUPT : 0);
        if (rc != 0) {
            assert_non_null(strstr(err.msg, "nested deeper than 32 levels"));
        }
        buf_done(&payload);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_middle_is_taken_when_a_header_around_it_is),
        cmocka_unit_test(a_wrapped_header_is_the_encoded_one),
        cmocka_unit_test(a_payload_is_taken_when_the_thorough_walk_takes_it),
        cmocka_unit_test(a_body_may_be_as_deep_as_anything_and_no_deeper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
