/* Readers: every range of every size, a snapshot that stays while others append, damage that is named and skipped, and long
 * reads that do not keep the database from reusing pages. */
#include "tests/ledger/scratch.h"

#include "base/clock.h"

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);

static uint64_t tick; /* how far the boot clock advances with each reading */
static uint64_t passed;

uint64_t __wrap_clock_boot_ns(void) {
    passed += tick;
    return __real_clock_boot_ns() + passed;
}

static struct scratch s;

static int start(void **state) {
    (void)state;
    tick = 0;
    scratch_new(&s, 0);
    return 0;
}

static int finish(void **state) {
    (void)state;
    tick = 0;
    scratch_done(&s);
    return 0;
}

static void reads(uint64_t from, uint64_t to, uint64_t size) {
    struct log_reader *reader;
    struct log_event event;
    uint64_t seq = from, end = to < size ? to : size;
    uint8_t leaf[EVENT_HASH];
    must(log_reader_open(s.ledger, from, to, &reader, &why));
    int rc;
    while ((rc = log_reader_next(reader, &event, &why)) == 0) {
        assert_int_equal(event.seq, seq);
        event_leaf(leaf, event.header);
        assert_memory_equal(leaf, event.leaf, EVENT_HASH);
        assert_true(seq == 0 || bytes_is(event.kind, "run.step"));
        seq++;
    }
    assert_int_equal(rc, 1);
    assert_int_equal(seq, end > from ? end : from);
    assert_int_equal(log_reader_next(reader, &event, &why), 1); /* and stays at the end */
    log_reader_close(reader);
}

static void any_range_of_any_size_is_read_in_order(void **state) {
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 511, 512, 513, 1300};
    uint64_t size = 1;
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        scratch_fill(&s, size, sizes[i], false);
        size = sizes[i];
        static const uint64_t points[] = {0, 1, 254, 255, 256, 257, 511, 512, 513, 1024, 5000, LOG_NO_SEQ};
        for (size_t a = 0; a < sizeof(points) / sizeof(points[0]); a++) {
            for (size_t b = 0; b < sizeof(points) / sizeof(points[0]); b++) {
                reads(points[a], points[b], size);
            }
        }
    }
    log_reader_close(NULL);
}

static void a_reader_sees_the_size_at_its_opening(void **state) {
    struct log_reader *reader;
    struct log_event event;
    uint64_t n = 0;
    (void)state;
    scratch_fill(&s, 0, 99, false);
    tick = CLOCK_NS_PER_S / 2; /* its transaction is renewed again and again */
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        assert_int_equal(event.seq, n);
        n++;
        if (n % 20 == 0) {
            scratch_fill(&s, n * 1000, n * 1000 + 300, false); /* its tail becomes a bundle meanwhile */
        }
    }
    assert_int_equal(n, 100);
    log_reader_close(reader);
}

static void a_long_read_does_not_hold_old_pages(void **state) {
    struct log_reader *reader;
    struct log_event event;
    struct log_stats before, after;
    uint64_t n = 0;
    (void)state;
    scratch_fill(&s, 0, 20 * 256, false);
    tick = 2 * CLOCK_NS_PER_S;
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    must(log_stats(s.ledger, &before, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        if (n++ % 256 == 0) {
            for (int i = 0; i < 20; i++) {
                scratch_append(&s, n, NULL);
            }
        }
    }
    must(log_stats(s.ledger, &after, &why));
    log_reader_close(reader);
    /* 400 commits that each rewrite some ten pages would, if held, be 16 MiB */
    assert_true(after.map_used - before.map_used < (uint64_t)2 << 20);
}

static void private_fields_are_given_for_the_event_last_read(void **state) {
    struct log_reader *reader;
    struct log_event event;
    struct buf body = {0}, fields;
    (void)state;
    buf_init(&fields, 2 * EVENT_PRIVATE_MAX);
    for (int i = 0; i < 300; i++) {
        struct log_draft draft = scratch_draft(
            "run.step", "run/1",
            scratch_map(&body, i % 3 == 0 ? "{\"index\":%d}" : "{\"detail\":\"words %d\",\"other\":[1,2]}", i));
        must(log_append(s.ledger, &draft, NULL, NULL, &why));
    }
    must(log_reader_open(s.ledger, 1, LOG_NO_SEQ, &reader, &why));
    for (int i = 0; i < 300; i++) {
        struct bytes raw;
        struct mp_item item;
        char want[32];
        must(log_reader_next(reader, &event, &why));
        assert_true(event.has_private == (i % 3 != 0));
        for (int twice = 0; twice < 2; twice++) {
            buf_clear(&fields);
            must(log_reader_private(reader, &fields, &why));
            must(mp_check(bytes_of_buf(&fields), &why));
            if (i % 3 == 0) {
                assert_int_equal(fields.n, 1);
            } else {
                snprintf(want, sizeof(want), "words %d", i);
                assert_int_equal(mp_map_get(bytes_of_buf(&fields), "detail", &raw), 0);
                assert_int_equal(mp_scalar(raw, &item), 0);
                assert_true(bytes_is(item.data, want));
                assert_int_equal(mp_map_get(bytes_of_buf(&fields), "other", &raw), 0);
            }
        }
    }
    log_reader_close(reader);
    buf_done(&fields);
    buf_done(&body);
}

/* ---- damage ---- */

/* Changes one byte of a record in the evidence. */
static void damage(enum core_table table, uint64_t key, size_t at) {
    struct db_txn *txn;
    struct bytes record;
    struct buf copy;
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_get_u64(txn, table, key, &record, &why));
    assert_true(at < record.n);
    buf_init(&copy, SIZE_MAX);
    buf_put_bytes(&copy, record);
    copy.p[at] ^= 0x01;
    must(db_put_u64(txn, table, key, bytes_of_buf(&copy), DB_PUT, &why));
    must(db_commit(txn, &why));
    buf_done(&copy);
}

/* Reads everything; counts good events; each failure must have the code and the text in its message. */
static uint64_t reads_around(int code, const char *text, unsigned *ret_failures) {
    struct log_reader *reader;
    struct log_event event;
    uint64_t good = 0;
    int rc;
    *ret_failures = 0;
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while ((rc = log_reader_next(reader, &event, &why)) != 1) {
        if (rc == 0) {
            good++;
            continue;
        }
        (*ret_failures)++;
        assert_int_equal(rc, code);
        if (strstr(why.msg, text) == NULL) {
            fail_msg("'%s' does not say '%s'", why.msg, text);
        }
        assert_true(*ret_failures < 10);
    }
    log_reader_close(reader);
    return good;
}

static void a_damaged_group_is_named_and_stepped_over(void **state) {
    unsigned failures;
    (void)state;
    scratch_fill(&s, 0, 3 * 256 + 9, false);
    damage(T_BUNDLE, 1, 2 + 32 + 32 + 4 * 5); /* a stored piece of the leaf of event 261 */
    assert_int_equal(reads_around(ERR_TAMPERED, "events 256..511: event 261 is not what was written", &failures),
                     2 * 256 + 10);
    assert_int_equal(failures, 1);
    damage(T_BUNDLE, 1, 2 + 32 + 32 + 4 * 5);
    damage(T_BUNDLE, 2, 1200);
    assert_int_equal(reads_around(ERR_CORRUPT, "events 512..767", &failures), 2 * 256 + 10);
    damage(T_BUNDLE, 2, 1200);
    damage(T_TAIL, 770, 40);
    assert_int_equal(reads_around(ERR_TAMPERED, "events 768..777: event 770 is not what was written", &failures), 3 * 256);
    assert_int_equal(failures, 1);
    damage(T_TAIL, 770, 40);
    assert_int_equal(reads_around(0, "", &failures), 3 * 256 + 10);
    assert_int_equal(failures, 0);
}

static void a_bundle_that_agrees_with_itself_but_not_with_the_tree_is_refused(void **state) {
    struct scratch other;
    struct db_txn *txn;
    struct bytes record;
    struct buf copy;
    unsigned failures;
    (void)state;
    scratch_new(&other, 0); /* another ledger's complete, valid bundle */
    scratch_fill(&other, 0, 600, false);
    scratch_fill(&s, 0, 600, false);
    must(db_begin(other.ledger->evidence, false, &txn, &why));
    must(db_get_u64(txn, T_BUNDLE, 1, &record, &why));
    buf_init(&copy, SIZE_MAX);
    buf_put_bytes(&copy, record);
    db_abort(txn);
    scratch_done(&other);
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_put_u64(txn, T_BUNDLE, 1, bytes_of_buf(&copy), DB_PUT, &why));
    must(db_commit(txn, &why));
    assert_int_equal(
        reads_around(ERR_TAMPERED, "events 256..511: their leaves do not give the stored tree's hash", &failures),
        601 - 256);
    buf_done(&copy);
}

static void a_changed_payload_or_private_field_is_refused(void **state) {
    static char text[20000];
    struct buf body = {0}, fields;
    struct log_reader *reader;
    struct log_event event;
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    struct log_draft draft =
        scratch_draft("run.step", "run/1", scratch_map(&body, "{\"step\":\"%s\",\"detail\":\"private\"}", text));
    must(log_append(s.ledger, &draft, NULL, NULL, &why));
    buf_init(&fields, 2 * EVENT_PRIVATE_MAX);
    damage(T_PRIVATE, 1, 50);
    must(log_reader_open(s.ledger, 1, 2, &reader, &why));
    must(log_reader_next(reader, &event, &why));
    int rc = log_reader_private(reader, &fields, &why);
    assert_true(rc == ERR_TAMPERED || rc == ERR_CORRUPT);
    assert_int_equal(strncmp(why.msg, "event 1", 7), 0);
    log_reader_close(reader);
    struct db_txn *txn;
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_put_u64(txn, T_PAYLOAD, 1, (struct bytes){(const uint8_t *)"\x00\x92\x80\xc0", 4}, DB_PUT, &why));
    must(db_commit(txn, &why));
    must(log_reader_open(s.ledger, 1, 2, &reader, &why));
    must_fail(log_reader_next(reader, &event, &why), ERR_TAMPERED, "event 1 is not what was written: its payload differs");
    log_reader_close(reader);
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_del_u64(txn, T_PAYLOAD, 1, &why));
    must(db_commit(txn, &why));
    must(log_reader_open(s.ledger, 1, 2, &reader, &why));
    must_fail(log_reader_next(reader, &event, &why), ERR_CORRUPT, "the payload of event 1 is missing");
    log_reader_close(reader);
    buf_done(&fields);
    buf_done(&body);
}

#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void) {
    const struct CMUnitTest tests[] = {
        each(any_range_of_any_size_is_read_in_order),
        each(a_reader_sees_the_size_at_its_opening),
        each(a_long_read_does_not_hold_old_pages),
        each(private_fields_are_given_for_the_event_last_read),
        each(a_damaged_group_is_named_and_stepped_over),
        each(a_bundle_that_agrees_with_itself_but_not_with_the_tree_is_refused),
        each(a_changed_payload_or_private_field_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
