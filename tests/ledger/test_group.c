/* Bundles and tail records: they are decoded as they were encoded, and every changed byte is detected and named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/archive/zst.h"
#include "ledger/event/group_format.h"
#include "tests/ledger/sample_group.h"

static struct group *made[2], *got;
static struct buf record[2];
static bool full;

static int start(void **state) {
    (void)state;
    full = getenv("LEDGER_TEST_FULL") != NULL;
    got = group_new();
    for (int k = 0; k < 2; k++) {
        made[k] = group_new();
        buf_init(&record[k], GROUP_PLAIN_MAX);
        if (got == NULL || made[k] == NULL || sample_group(made[k], (enum sample_kind)k) != 0 ||
            group_encode(made[k], &record[k], NULL) != 0) {
            return -1;
        }
    }
    return 0;
}

static int finish(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        group_free(made[k]);
        buf_done(&record[k]);
    }
    group_free(got);
    return 0;
}

static bool same_events(const struct group *a, const struct group *b) {
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        const struct group_event *x = &a->event[i], *y = &b->event[i];
        if (!bytes_eq(x->header, y->header) || !bytes_eq(x->payload, y->payload) || x->where != y->where ||
            memcmp(x->leaf, y->leaf, EVENT_HASH) != 0) {
            return false;
        }
    }
    return a->n == b->n;
}

static void a_full_group_comes_back_as_it_went_in(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        size_t bad = 7;
        uint8_t a[EVENT_HASH], b[EVENT_HASH];
        struct buf again;
        assert_int_equal(group_decode(got, SAMPLE_INDEX, bytes_of_buf(&record[k]), &bad, NULL), 0);
        assert_int_equal(bad, 7);
        assert_true(same_events(made[k], got));
        group_root(made[k], a);
        group_root(got, b);
        assert_memory_equal(a, b, EVENT_HASH);
        buf_init(&again, GROUP_PLAIN_MAX);
        assert_int_equal(group_encode(got, &again, NULL), 0);
        assert_true(bytes_eq(bytes_of_buf(&again), bytes_of_buf(&record[k])));
        buf_done(&again);
    }
}

/* Decoded by its middle alone, given the strings of the previous event. */
static void a_header_of_a_decoded_bundle_is_what_its_bytes_say(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct event_header h = {0}, want;
        assert_int_equal(group_decode(got, SAMPLE_INDEX, bytes_of_buf(&record[k]), NULL, NULL), 0);
        for (size_t i = 0; i < EVENT_GROUP; i++) {
            assert_int_equal(event_header_decode(got->event[i].header, &want, NULL), 0);
            assert_true(group_header(got, i, &h));
            assert_true(h.seq == want.seq && h.time == want.time && h.schema == want.schema &&
                        h.has_cause == want.has_cause && h.cause == want.cause);
            assert_true(h.body == want.body && h.private_ == want.private_ && h.prev == want.prev);
            const struct bytes a[] = {h.kind, h.subject, h.actor, h.source, h.grade, h.run, h.key},
                               b[] = {want.kind, want.subject, want.actor, want.source, want.grade, want.run, want.key};
            for (size_t n = 0; n < sizeof(a) / sizeof(a[0]); n++) {
                assert_true(a[n].p == b[n].p && a[n].n == b[n].n);
            }
        }
    }
}

static void the_tree_over_a_group_is_that_of_its_leaves(void **state) {
    static uint8_t node[2 * EVENT_GROUP][EVENT_HASH];
    struct merkle_edge edge = {0};
    uint8_t root[EVENT_HASH];
    (void)state;
    group_tree(made[SAMPLE_WIDE], node);
    group_root(made[SAMPLE_WIDE], root);
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        assert_memory_equal(node[EVENT_GROUP + i], made[SAMPLE_WIDE]->event[i].leaf, EVENT_HASH);
        merkle_edge_push(&edge, made[SAMPLE_WIDE]->event[i].leaf, NULL);
    }
    assert_memory_equal(root, edge.hash[0], EVENT_HASH);
    assert_memory_equal(node[1], root, EVENT_HASH);
}

static void a_bundle_says_how_large_its_content_is(void **state) {
    struct buf plain;
    (void)state;
    for (int k = 0; k < 2; k++) {
        buf_init(&plain, GROUP_PLAIN_MAX);
        assert_int_equal(zst_decompress(&plain, (struct bytes){record[k].p + GROUP_FIXED, record[k].n - GROUP_FIXED},
                                        GROUP_PLAIN_MAX, NULL),
                         0);
        assert_int_equal(group_declared(bytes_of_buf(&record[k])), plain.n);
        for (size_t n = 0; n <= GROUP_FIXED; n++) {
            assert_int_equal(group_declared((struct bytes){record[k].p, n}), 0);
        }
        buf_done(&plain);
    }
}

static void a_bundle_at_another_place_is_refused_from_its_first_event_on(void **state) {
    size_t bad = SIZE_MAX;
    (void)state;
    assert_int_equal(group_decode(got, SAMPLE_INDEX + 1, bytes_of_buf(&record[SAMPLE_SMALL]), &bad, NULL), ERR_TAMPERED);
    assert_int_equal(bad, 0);
}

/* ---- cuts and flips ---- */

static void a_bundle_cut_at_any_byte_is_refused(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        size_t step = 1;
        for (size_t n = 0; n < record[k].n; n += step) {
            step = n < GROUP_FIXED + 64 ? 1 : k == SAMPLE_WIDE ? 397 : full ? 1 : 11;
            uint8_t *cut = malloc(n == 0 ? 1 : n);
            assert_non_null(cut);
            memcpy(cut, record[k].p, n);
            assert_int_equal(group_decode(got, SAMPLE_INDEX, (struct bytes){cut, n}, NULL, NULL), ERR_CORRUPT);
            assert_int_equal(got->n, 0);
            free(cut);
        }
    }
}

static void a_flipped_bit_is_refused_or_changes_nothing(void **state) {
    (void)state;
    for (int k = 0; k < 2; k++) {
        size_t bits = 8 * record[k].n, step = 1;
        for (size_t bit = 0; bit < bits; bit += step) {
            size_t bad = SIZE_MAX, at = bit / 8;
            step = k == SAMPLE_WIDE ? (at < GROUP_FIXED ? 37 : 2003) : full || at < GROUP_FIXED ? 1 : 53;
            record[k].p[at] ^= (uint8_t)(1U << (bit % 8));
            int rc = group_decode(got, SAMPLE_INDEX, bytes_of_buf(&record[k]), &bad, NULL);
            record[k].p[at] ^= (uint8_t)(1U << (bit % 8));
            if (rc == 0) {
                assert_true(same_events(made[k], got));
            } else if (bit == 8) { /* the flag of salts: present, or not */
                assert_int_equal(rc, ERR_CORRUPT);
            } else if (at < 2) {
                assert_int_equal(rc, ERR_VERSION);
            } else if (at < 2 + EVENT_HASH && record[k].p[1] != 0) { /* salts and a seed */
                assert_int_equal(rc, ERR_CORRUPT);
            } else if (at < 2 + 2 * EVENT_HASH) { /* seed or prev: all leaves change from the first on */
                assert_int_equal(rc, ERR_TAMPERED);
                assert_int_equal(bad, 0);
            } else if (at < GROUP_FIXED) { /* a stored piece of a leaf names its event */
                assert_int_equal(rc, ERR_TAMPERED);
                assert_int_equal(bad, (at - 2 - 2 * EVENT_HASH) / GROUP_LEAF_PREFIX);
            } else {
                assert_true(rc == ERR_CORRUPT || rc == ERR_TAMPERED);
            }
        }
    }
}

/* ---- pinning ---- */

static const uint8_t *find_in(const struct buf *hay, const void *needle, size_t n) {
    for (size_t i = 0; i + n <= hay->n; i++) {
        if (memcmp(hay->p + i, needle, n) == 0) return hay->p + i;
    }
    return NULL;
}

/* Incompressible data is stored as it is, so a flip in the frame hits one event's payload; the frame's checksum then fails.
 */
static void damage_inside_the_frame_names_the_event_that_it_hits(void **state) {
    (void)state;
    for (size_t i = 0; i < EVENT_GROUP; i += 13) {
        const struct group_event *e = &made[SAMPLE_WIDE]->event[i];
        if (e->payload.n < 32) continue;
        size_t bad = SIZE_MAX;
        struct err err = {0};
        const uint8_t *at = find_in(&record[SAMPLE_WIDE], e->payload.p + 8, 16);
        assert_non_null(at);
        record[SAMPLE_WIDE].p[at - record[SAMPLE_WIDE].p] ^= 0x10;
        assert_int_equal(group_decode(got, SAMPLE_INDEX, bytes_of_buf(&record[SAMPLE_WIDE]), &bad, &err), ERR_CORRUPT);
        record[SAMPLE_WIDE].p[at - record[SAMPLE_WIDE].p] ^= 0x10;
        assert_int_equal(bad, i);
    }
}

/* The record with its content changed by somebody who knows the format and repairs the frame. */
static void with_content(enum sample_kind kind, struct bytes plain, struct buf *out) {
    buf_clear(out);
    buf_put(out, record[kind].p, GROUP_FIXED);
    assert_int_equal(zst_compress(out, plain, 1, NULL), 0);
}

static void content_of(enum sample_kind kind, struct buf *plain) {
    buf_init(plain, GROUP_PLAIN_MAX);
    assert_int_equal(zst_decompress(plain, (struct bytes){record[kind].p + GROUP_FIXED, record[kind].n - GROUP_FIXED},
                                    GROUP_PLAIN_MAX, NULL),
                     0);
}

static void a_change_of_one_events_content_names_that_event(void **state) {
    struct buf plain, forged;
    (void)state;
    content_of(SAMPLE_WIDE, &plain);
    buf_init(&forged, GROUP_PLAIN_MAX);
    for (size_t i = 0; i < EVENT_GROUP; i += 11) {
        const struct group_event *e = &made[SAMPLE_WIDE]->event[i];
        struct event_header h;
        assert_int_equal(event_header_decode(e->header, &h, NULL), 0);
        const uint8_t *const parts[] = {h.private_, e->where == GROUP_INLINE ? NULL : h.body,
                                        e->payload.n > 32 ? e->payload.p : NULL, i == SAMPLE_LONG ? h.subject.p : NULL};
        for (size_t k = 0; k < 4; k++) {
            size_t bad = SIZE_MAX;
            struct err err = {0};
            const uint8_t *at = parts[k] == NULL ? NULL : find_in(&plain, parts[k], 32);
            if (at == NULL) continue;
            plain.p[at - plain.p] ^= 1;
            with_content(SAMPLE_WIDE, bytes_of_buf(&plain), &forged);
            plain.p[at - plain.p] ^= 1;
            assert_int_equal(group_decode(got, SAMPLE_INDEX, bytes_of_buf(&forged), &bad, &err), ERR_TAMPERED);
            assert_int_equal(bad, i);
            char want[96];
            snprintf(want, sizeof(want), "event %zu is not what was written: its leaf differs",
                     SAMPLE_INDEX * EVENT_GROUP + i);
            assert_string_equal(err.msg, want);
        }
    }
    buf_done(&plain);
    buf_done(&forged);
}

/* ---- hostile content ---- */

static void refused_content(struct bytes plain, const char *message) {
    struct buf forged;
    struct err err = {0};
    size_t bad = 3;
    buf_init(&forged, GROUP_PLAIN_MAX);
    with_content(SAMPLE_SMALL, plain, &forged);
    assert_int_equal(group_decode(got, SAMPLE_INDEX, bytes_of_buf(&forged), &bad, &err), ERR_CORRUPT);
    assert_string_equal(err.msg, message);
    buf_done(&forged);
}

static void lengths_that_do_not_fit_are_refused(void **state) {
    static const char unfit[] = "the bundle's content does not parse";
    static const uint8_t overlong[] = {0x80, 0x00},
                         endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
                         large[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
    struct buf plain, hostile;
    (void)state;
    content_of(SAMPLE_SMALL, &plain);
    buf_init(&hostile, GROUP_PLAIN_MAX);
    refused_content((struct bytes){plain.p, plain.n - 1}, unfit);
    buf_put_u8(&plain, 0);
    refused_content(bytes_of_buf(&plain), unfit);
    plain.n--;
    refused_content((struct bytes){NULL, 0}, unfit);
    for (size_t k = 0; k < 3; k++) { /* replacing the length of the first event's middle */
        const uint8_t *v = k == 0 ? overlong : k == 1 ? endless : large;
        size_t n = k == 0 ? sizeof(overlong) : k == 1 ? sizeof(endless) : sizeof(large), skip = 0;
        while ((plain.p[skip++] & 0x80) != 0) {
        }
        buf_clear(&hostile);
        buf_put(&hostile, plain.p, skip);
        buf_put(&hostile, v, n);
        buf_put(&hostile, plain.p + skip + 1, plain.n - skip - 1);
        refused_content(bytes_of_buf(&hostile), unfit);
    }
    /* a payload code above the largest inline payload; a time beyond 2^63 */
    buf_clear(&hostile);
    buf_put(&hostile, "\x00\x00\x83\x80\x01", 5);
    buf_put(&hostile, plain.p, plain.n);
    refused_content(bytes_of_buf(&hostile), unfit);
    buf_clear(&hostile);
    for (int i = 0; i < EVENT_GROUP; i++) {
        buf_put(&hostile, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x02", 12);
    }
    buf_put(&hostile, (const uint8_t[32]){0}, 32);
    for (int i = 0; i < EVENT_GROUP && record[SAMPLE_SMALL].p[1] != 0; i++) { /* salts */
        buf_put(&hostile, (const uint8_t[32]){0}, 32);
    }
    refused_content(bytes_of_buf(&hostile), "the bundle's lengths do not fit");
    buf_done(&plain);
    buf_done(&hostile);
}

static void a_frame_that_claims_too_much_is_refused_before_it_is_unpacked(void **state) {
    struct buf bomb, zeros;
    struct err err = {0};
    (void)state;
    buf_init(&bomb, GROUP_PLAIN_MAX);
    buf_init(&zeros, GROUP_PLAIN_MAX + 1);
    memset(buf_room(&zeros, GROUP_PLAIN_MAX + 1), 0, GROUP_PLAIN_MAX + 1);
    zeros.n = GROUP_PLAIN_MAX + 1;
    with_content(SAMPLE_SMALL, bytes_of_buf(&zeros), &bomb);
    assert_int_equal(group_decode(got, SAMPLE_INDEX, bytes_of_buf(&bomb), NULL, &err), ERR_CORRUPT);
    buf_put_u8(&record[SAMPLE_SMALL], 0); /* a byte after the frame */
    assert_int_equal(group_decode(got, SAMPLE_INDEX, bytes_of_buf(&record[SAMPLE_SMALL]), NULL, &err), ERR_CORRUPT);
    record[SAMPLE_SMALL].n--;
    buf_done(&bomb);
    buf_done(&zeros);
}

/* ---- the tail ---- */

static void a_tail_record_comes_back_and_its_lengths_are_checked(void **state) {
    struct buf tail;
    (void)state;
    buf_init(&tail, 65536);
    for (size_t i = 0; i < EVENT_GROUP; i++) {
        const struct group_event *e = &made[SAMPLE_WIDE]->event[i];
        struct bytes header, payload;
        enum group_payload where;
        buf_clear(&tail);
        assert_int_equal(group_tail_encode(&tail, e->header, e->payload, e->where, NULL), 0);
        assert_int_equal(group_tail_decode(bytes_of_buf(&tail), &header, &payload, &where, NULL), 0);
        assert_true(bytes_eq(header, e->header) && bytes_eq(payload, e->payload) && where == e->where);
        for (size_t n = 0; n < 4 + e->header.n && i < 20; n++) {
            assert_int_equal(group_tail_decode((struct bytes){tail.p, n}, &header, &payload, &where, NULL), ERR_CORRUPT);
        }
        tail.p[0] = 2;
        assert_int_equal(group_tail_decode(bytes_of_buf(&tail), &header, &payload, &where, NULL), ERR_VERSION);
        tail.p[0] = 1;
        tail.p[1] = 3;
        assert_int_equal(group_tail_decode(bytes_of_buf(&tail), &header, &payload, &where, NULL), ERR_CORRUPT);
        tail.p[1] = GROUP_ERASED; /* with a payload after it */
        buf_put_u8(&tail, 1);
        assert_int_equal(group_tail_decode(bytes_of_buf(&tail), &header, &payload, &where, NULL), ERR_CORRUPT);
    }
    buf_clear(&tail);
    buf_put(&tail, "\x01\x02\x00\x00", 4);
    for (size_t i = 0; i <= GROUP_INLINE_MAX; i++) {
        buf_put_u8(&tail, 0);
    }
    struct bytes header, payload;
    enum group_payload where;
    assert_int_equal(group_tail_decode(bytes_of_buf(&tail), &header, &payload, &where, NULL), ERR_CORRUPT);
    buf_done(&tail);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_group_comes_back_as_it_went_in),
        cmocka_unit_test(a_header_of_a_decoded_bundle_is_what_its_bytes_say),
        cmocka_unit_test(the_tree_over_a_group_is_that_of_its_leaves),
        cmocka_unit_test(a_bundle_says_how_large_its_content_is),
        cmocka_unit_test(a_bundle_at_another_place_is_refused_from_its_first_event_on),
        cmocka_unit_test(a_bundle_cut_at_any_byte_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused_or_changes_nothing),
        cmocka_unit_test(damage_inside_the_frame_names_the_event_that_it_hits),
        cmocka_unit_test(a_change_of_one_events_content_names_that_event),
        cmocka_unit_test(lengths_that_do_not_fit_are_refused),
        cmocka_unit_test(a_frame_that_claims_too_much_is_refused_before_it_is_unpacked),
        cmocka_unit_test(a_tail_record_comes_back_and_its_lengths_are_checked),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
