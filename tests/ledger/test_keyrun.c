/* Idempotency keys in memory and in runs: hashes that distinguish pairs, runs that are decoded as encoded, a table that
 * loses nothing while it grows. */
#include "tests/ledger/scratch.h"

#include "ledger/dedup/keys.h"
#include "tests/ledger/header.h"

struct pair {
    uint64_t hash, seq;
};

struct pairs {
    struct pair at[1024];
    size_t n;
};

static int collect(void *ctx, uint64_t hash, uint64_t seq, struct err *err) {
    struct pairs *p = ctx;
    (void)err;
    p->at[p->n++] = (struct pair){hash, seq};
    return 0;
}

static void what_stands_where_in_a_pair_makes_a_difference(void **state) {
    const uint8_t id[4] = {1, 2, 3, 4};
    uint64_t hash[] = {keyrun_hash(bytes_of("ab"), bytes_of("c")),
                       keyrun_hash(bytes_of("a"), bytes_of("bc")),
                       keyrun_hash(bytes_of(""), bytes_of("abc")),
                       keyrun_hash(bytes_of("abc"), bytes_of("")),
                       keyrun_author_hash(bytes_of("ab"), id, bytes_of("c")),
                       keyrun_author_hash(bytes_of("a"), id, bytes_of("bc"))};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_true(hash[i] != hash[k]);
        }
    }
    assert_true(hash[0] == keyrun_hash(bytes_of("ab"), bytes_of("c")));
}

static void an_event_has_a_pair_by_source_and_when_signed_one_by_author(void **state) {
    static const uint8_t hash[EVENT_HASH] = {1}, id[4] = {5, 6, 7, 8}, sig[64] = {9};
    struct event_header h = {.seq = 300,
                             .schema = 1,
                             .kind = bytes_of("run.step"),
                             .subject = bytes_of("run/1"),
                             .actor = bytes_of("a"),
                             .source = bytes_of("cli"),
                             .grade = bytes_of("measured"),
                             .key = bytes_of("k"),
                             .body = hash,
                             .prev = hash};
    struct event_author author = {bytes_of("alice"), id, sig};
    struct buf header, payload;
    struct pairs got = {.n = 0};
    (void)state;
    buf_init(&header, 4096);
    buf_init(&payload, 4096);
    assert_int_equal(header_encode(&header, &h), 0);
    event_payload_encode(&payload, (struct bytes){(const uint8_t *)"\x80", 1}, &author);
    must(keyrun_of_event(bytes_of_buf(&header), bytes_of_buf(&payload), collect, &got, &why));
    assert_int_equal(got.n, 2);
    assert_true(got.at[0].hash == keyrun_hash(h.source, h.key) && got.at[0].seq == 300);
    assert_true(got.at[1].hash == keyrun_author_hash(author.name, id, h.key) && got.at[1].seq == 300);
    got.n = 0;
    h.key = bytes_of("");
    buf_clear(&header);
    assert_int_equal(header_encode(&header, &h), 0);
    must(keyrun_of_event(bytes_of_buf(&header), bytes_of_buf(&payload), collect, &got, &why));
    assert_int_equal(got.n, 0);
    buf_done(&header);
    buf_done(&payload);
}

static void a_run_comes_back_and_a_damaged_one_is_refused(void **state) {
    struct buf run;
    struct pairs got = {.n = 0};
    (void)state;
    buf_init(&run, 65536);
    for (unsigned i = 0; i < 512; i++) {
        buf_put_u8(&run, (uint8_t)(i / 2));
        buf_put_be64(&run, i * UINT64_C(0x9e3779b97f4a7c15));
    }
    must(keyrun_decode(7, bytes_of_buf(&run), collect, &got, &why));
    assert_int_equal(got.n, 512);
    for (unsigned i = 0; i < 512; i++) {
        assert_true(got.at[i].hash == i * UINT64_C(0x9e3779b97f4a7c15) && got.at[i].seq == 7 * 256 + i / 2);
    }
    for (size_t n = 0; n < 100; n++) {
        if (n == 0 || n % KEYRUN_ENTRY != 0) {
            must_fail(keyrun_decode(7, (struct bytes){run.p, n}, collect, &got, &why), ERR_CORRUPT,
                      "the key run of group 7 does not parse");
        }
    }
    buf_put(&run, run.p, KEYRUN_ENTRY); /* more than a group can have */
    must_fail(keyrun_decode(7, bytes_of_buf(&run), collect, &got, &why), ERR_CORRUPT, "does not parse");
    buf_done(&run);
}

static void the_table_finds_all_seqs_of_a_hash_while_it_grows(void **state) {
    struct keys_memory *keys = keys_new();
    (void)state;
    assert_non_null(keys);
    for (uint64_t i = 0; i < 50000; i++) { /* three seqs a hash */
        must(keys_put(keys, (i / 3 + 1) * UINT64_C(0x9e3779b97f4a7c15), i, &why));
    }
    for (uint64_t h = 0; h < 16000; h += 997) {
        size_t at = 0, n = 0;
        uint64_t seq, sum = 0;
        while (keys_next(keys, (h + 1) * UINT64_C(0x9e3779b97f4a7c15), &at, &seq) == 0) {
            sum += seq;
            n++;
        }
        assert_int_equal(n, 3);
        assert_int_equal(sum, 9 * h + 3);
    }
    size_t at = 0;
    uint64_t seq;
    assert_int_equal(keys_next(keys, 5, &at, &seq), 1);
    keys_forget(keys);
    at = 0;
    assert_int_equal(keys_next(keys, UINT64_C(0x9e3779b97f4a7c15), &at, &seq), 1);
    keys_free(keys);
    keys_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_where_in_a_pair_makes_a_difference),
        cmocka_unit_test(an_event_has_a_pair_by_source_and_when_signed_one_by_author),
        cmocka_unit_test(a_run_comes_back_and_a_damaged_one_is_refused),
        cmocka_unit_test(the_table_finds_all_seqs_of_a_hash_while_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
