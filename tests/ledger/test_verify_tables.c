/* Verification's sweep: records in a table that no event accounts for, missing ones, changed ones. */
#include "tests/ledger/judge.h"

struct change {
    enum core_table table;
    struct bytes key, value;
    uint64_t seq;
    const char *where, *text;
};

#define TEXT(t)                                                                                                            \
    { (const uint8_t *)(t), sizeof(t) - 1 }
#define NUMBER(n)                                                                                                          \
    { (const uint8_t[]){0, 0, 0, 0, 0, (n) >> 16 & 255, (n) >> 8 & 255, (n)&255}, 8 }
#define TILE(level, n)                                                                                                     \
    { (const uint8_t[]){level, 0, 0, 0, 0, (n) >> 16 & 255, (n) >> 8 & 255, (n)&255}, 8 }
#define STRANGER "no event accounts for the record with key "

/* Makes the change (an empty value: the record is removed), verifies, and undoes it. */
static void each_is_found(const struct change *c, size_t n) {
    struct buf before = {0};
    for (size_t i = 0; i < n; i++, c++) {
        bool was = record_get(c->table, c->key, &before);
        if (c->value.n == 0) {
            assert_true(was);
            record_del(c->table, c->key);
        } else {
            record_put(c->table, c->key, c->value);
        }
        judge(NULL);
        found(LOG_INTEGRITY, c->seq, c->where, c->text);
        if (was) {
            record_put(c->table, c->key, bytes_of_buf(&before));
        } else {
            record_del(c->table, c->key);
        }
    }
    nothing_found();
    buf_done(&before);
}

static void a_record_that_no_event_accounts_for_is_found_in_every_table(void **state) {
    const struct change cases[] = {
        {T_META, TEXT("note"), TEXT("x"), LOG_NO_SEQ, "meta", STRANGER "6e6f7465"},
        {T_TAIL, NUMBER(5), TEXT("x"), LOG_NO_SEQ, "tail", STRANGER "0000000000000005"},
        {T_TAIL, NUMBER(FULL_SIZE), TEXT("x"), LOG_NO_SEQ, "tail", STRANGER "0000000000000136"},
        {T_TAIL, TEXT("abc"), TEXT("x"), LOG_NO_SEQ, "tail", STRANGER "616263"},
        {T_BUNDLE, NUMBER(1), TEXT("x"), LOG_NO_SEQ, "bundle", STRANGER "0000000000000001"},
        {T_BUNDLE, TEXT("abc"), TEXT("x"), LOG_NO_SEQ, "bundle", STRANGER "616263"},
        {T_PAYLOAD, NUMBER(1), TEXT("x"), LOG_NO_SEQ, "payload", STRANGER "0000000000000001"},
        {T_PAYLOAD, NUMBER(300), TEXT("x"), LOG_NO_SEQ, "payload", STRANGER "000000000000012c"},
        {T_PAYLOAD, NUMBER(FULL_SIZE), TEXT("x"), LOG_NO_SEQ, "payload", STRANGER "0000000000000136"},
        {T_PAYLOAD, TEXT("abc"), TEXT("x"), LOG_NO_SEQ, "payload", STRANGER "616263"},
        {T_PRIVATE, NUMBER(0), TEXT("x"), LOG_NO_SEQ, "private", STRANGER "0000000000000000"},
        {T_PRIVATE, NUMBER(309), TEXT("x"), LOG_NO_SEQ, "private", STRANGER "0000000000000135"},
        {T_PRIVATE, NUMBER(FULL_SIZE), TEXT("x"), LOG_NO_SEQ, "private", STRANGER "0000000000000136"},
        {T_TILE, TILE(1, 1), TEXT("x"), LOG_NO_SEQ, "tile", STRANGER "0100000000000001"},
        {T_TILE, TILE(2, 0), TEXT("x"), LOG_NO_SEQ, "tile", STRANGER "0200000000000000"},
        {T_TILE, TILE(0, 0), TEXT("x"), LOG_NO_SEQ, "tile", STRANGER "0000000000000000"},
        {T_TILE, TEXT("abc"), TEXT("x"), LOG_NO_SEQ, "tile", STRANGER "616263"},
        {T_CHECKPOINT, NUMBER(0), TEXT("x"), LOG_NO_SEQ, "checkpoint", STRANGER "0000000000000000"},
        {T_CHECKPOINT, NUMBER(FULL_SIZE + 1), TEXT("x"), LOG_NO_SEQ, "checkpoint", STRANGER "0000000000000137"},
        {T_ARTIFACT, TEXT("abc"), TEXT("x"), LOG_NO_SEQ, "artifact", ""},
        {T_CURSOR, TEXT("other"), TEXT("x"), LOG_NO_SEQ, "cursor", ""},
        {T_KEYRUN, NUMBER(1), TEXT("x"), LOG_NO_SEQ, "keyrun", STRANGER "0000000000000001"},
        {T_KEYRUN, NUMBER(256), TEXT("x"), LOG_NO_SEQ, "keyrun", STRANGER "0000000000000100"},
        {T_KEYRUN, TEXT("abc"), TEXT("x"), LOG_NO_SEQ, "keyrun", STRANGER "616263"},
        {T_EPOCH, NUMBER(7), TEXT("x"), LOG_NO_SEQ, "epoch", "3 records for 2 epoch keys"},
    };
    (void)state;
    fill_all();
    each_is_found(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_record_that_is_missing_is_found_with_its_event(void **state) {
    const struct change cases[] = {
        {T_META, TEXT("format"), {NULL, 0}, LOG_NO_SEQ, "meta", "the record 'format' is missing"},
        {T_META, TEXT("identity"), {NULL, 0}, LOG_NO_SEQ, "meta", "the record 'identity' is missing"},
        {T_META, TEXT("head"), {NULL, 0}, LOG_NO_SEQ, "database", "the database has no 'head' record"},
        {T_META, TEXT("checkpoint"), {NULL, 0}, LOG_NO_SEQ, "database", "the database has no 'checkpoint' record"},
        {T_TAIL, NUMBER(300), {NULL, 0}, 300, "tail", "the record of event 300 is missing"},
        {T_TAIL, NUMBER(309), {NULL, 0}, 309, "tail", "the record of event 309 is missing"},
        {T_BUNDLE, NUMBER(0), {NULL, 0}, 0, "bundle", "the bundle is missing"},
        {T_PAYLOAD, NUMBER(BIG_SEQ), {NULL, 0}, BIG_SEQ, "payload", "the payload of event 2 is missing"},
        {T_PAYLOAD, NUMBER(309), {NULL, 0}, 309, "payload", "the payload of event 309 is missing"},
        {T_PRIVATE, NUMBER(1), {NULL, 0}, 1, "private", "its private fields are missing"},
        {T_PRIVATE, NUMBER(308), {NULL, 0}, 308, "private", "its private fields are missing"},
        {T_TILE, TILE(1, 0), {NULL, 0}, 255, "tile", "hash 0 of tile level 1 is not the root of events 0..255"},
        {T_KEYRUN, NUMBER(0), {NULL, 0}, 0, "keyrun", "the keys of events 0..255 are not those of the events"},
        {T_EPOCH, NUMBER(0), {NULL, 0}, LOG_NO_SEQ, "epoch", "1 records for 2 epoch keys"},
        {T_EPOCH, NUMBER(1), {NULL, 0}, ROTATED_SEQ, "epoch", "the record of epoch 1 is not what its event says"},
    };
    (void)state;
    fill_all();
    each_is_found(cases, sizeof(cases) / sizeof(cases[0]));
}

static void a_record_that_was_changed_is_found_with_its_event(void **state) {
    const struct {
        enum core_table table;
        struct bytes key;
        int at; /* of the changed byte; below zero: from the end */
        uint64_t seq;
        const char *where, *text;
    } cases[] = {
        {T_META, TEXT("identity"), 3, LOG_NO_SEQ, "meta", "the record 'identity' is not what the events say"},
        {T_META, TEXT("format"), -1, LOG_NO_SEQ, "meta", "the record 'format' is not what the events say"},
        {T_META, TEXT("head"), 10, LOG_NO_SEQ, "database", "the head record does not parse or was changed"},
        {T_TAIL, NUMBER(290), -1, 290, "tail", "event 290 is not what was written"},
        {T_TAIL, NUMBER(309), -40, 309, "tail", "event 309 is not what was written: its leaf is not the head's"},
        {T_PAYLOAD, NUMBER(BIG_SEQ), 0, BIG_SEQ, "payload", ""},
        {T_PAYLOAD, NUMBER(BIG_SEQ), -1, BIG_SEQ, "payload", ""},
        {T_PRIVATE, NUMBER(1), -1, 1, "private", ""},
        {T_TILE, TILE(1, 0), 0, 255, "tile", "hash 0 of tile level 1"},
        {T_ARTIFACT, {NULL, 0}, -1, LOG_NO_SEQ, "artifact", ""},
        {T_CURSOR, TEXT("source"), -1, LOG_NO_SEQ, "cursor", ""},
        {T_KEYRUN, NUMBER(0), 5, 0, "keyrun", "the keys of events 0..255"},
        {T_EPOCH, NUMBER(1), 1, ROTATED_SEQ, "epoch", "the record of epoch 1 is not what its event says"},
    };
    struct buf first = {0};
    struct db_txn *txn;
    struct db_cursor *cursor;
    struct bytes key, value;
    (void)state;
    fill_all();
    buf_init(&first, 64);
    must(db_begin(s.ledger->evidence, false, &txn, &why));
    must(db_cursor_open(txn, T_ARTIFACT, &cursor, &why));
    assert_int_equal(db_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &value, &why), 0);
    buf_put_bytes(&first, key);
    db_cursor_close(cursor);
    db_abort(txn);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes at = cases[i].key.n == 0 ? bytes_of_buf(&first) : cases[i].key;
        record_flip(cases[i].table, at, cases[i].at);
        judge(NULL);
        found(LOG_INTEGRITY, cases[i].seq, cases[i].where, cases[i].text);
        record_flip(cases[i].table, at, cases[i].at);
    }
    nothing_found();
    buf_done(&first);
}

static void a_tile_of_another_length_is_found(void **state) {
    struct buf tile = {0};
    (void)state;
    fill_all();
    assert_true(record_get(T_TILE, key_tile(1, 0), &tile));
    buf_put_u8(&tile, 0);
    record_put(T_TILE, key_tile(1, 0), bytes_of_buf(&tile));
    judge(NULL);
    found_only(LOG_INTEGRITY, LOG_NO_SEQ, "tile", "tile 1/0 has 33 bytes where 32 are due");
    buf_done(&tile);
}

static void a_head_record_that_is_not_the_events_is_found(void **state) {
    (void)state;
    fill_all();
    const struct head good = head_now();
    struct head h = good;
    h.edge.hash[0][0] ^= 1;
    head_put(&h);
    judge(NULL);
    found_only(LOG_INTEGRITY, FULL_SIZE - 1, "meta", "the head record's tree is not that of the events");
    h = good;
    h.time++;
    head_put(&h);
    judge(NULL);
    found_only(LOG_INTEGRITY, FULL_SIZE - 1, "meta", "the head record's newest event is not the newest event");
    h = good;
    h.epoch_since = h.time + 1;
    head_put(&h);
    judge(NULL);
    found_only(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the head record's numbers do not fit");
    h = good;
    h.epoch = INT64_MAX;
    head_put(&h);
    judge(NULL);
    found(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the head record names epoch 9223372036854775807 from size 4");
    h = good;
    h.epoch_from = 5;
    head_put(&h);
    judge(NULL);
    found_only(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the events say 1 from 4");
    h = good;
    h.seed[0] ^= 1;
    head_put(&h);
    judge(NULL);
    found(LOG_INTEGRITY, 256, "tail", "event 256 is not what was written: its payload differs from its commitment");
    head_put(&good);
    nothing_found();
}

static void a_head_of_full_groups_has_no_seed(void **state) {
    (void)state;
    scratch_fill(&s, 1, 256, false);
    struct head h = head_now();
    assert_int_equal(h.size, 256);
    h.seed[0] = 1;
    head_put(&h);
    judge(NULL);
    found_only(LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the head record has a seed and no group");
}

/* The truncation leaves records behind; and what cannot be judged is not called good. */
static void a_head_that_was_set_back_or_forth_is_found(void **state) {
    (void)state;
    fill_all();
    const struct head good = head_now();
    struct head h = good;
    h.size = h.edge.size = FULL_SIZE - 2; /* as many subtrees, the last one smaller */
    head_put(&h);
    judge(NULL);
    verdict_is(LOG_INVALID);
    aspect_is(LOG_INTEGRITY, LOG_ASPECT_FAULT, "fault");
    h.size = h.edge.size = FULL_SIZE + 1;
    head_put(&h);
    judge(NULL);
    found(LOG_INTEGRITY, FULL_SIZE, "tail", "the record of event 310 is missing");
    aspect_is(LOG_SEALS, LOG_ASPECT_UNCHECKED, "the newest checkpoint was not judged");
    head_put(&good);
    nothing_found();
}

static void a_table_that_does_not_belong_is_found(void **state) {
    const char *const names[] = {"notebook"};
    struct db_options o = {.tables = names, .n_tables = 1, .map_bytes = SCRATCH_MAP, .create = true};
    struct db *db;
    (void)state;
    scratch_close(&s);
    must(db_open(scratch_at(&s, "box/evidence"), &o, &db, &why));
    db_close(db);
    scratch_open(&s);
    judge(NULL);
    found_only(LOG_INTEGRITY, LOG_NO_SEQ, "root", "there is a table 'notebook' that does not belong here");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_that_no_event_accounts_for_is_found_in_every_table, start, finish),
        cmocka_unit_test_setup_teardown(a_record_that_is_missing_is_found_with_its_event, start, finish),
        cmocka_unit_test_setup_teardown(a_record_that_was_changed_is_found_with_its_event, start, finish),
        cmocka_unit_test_setup_teardown(a_tile_of_another_length_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_head_record_that_is_not_the_events_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_head_of_full_groups_has_no_seed, start, finish),
        cmocka_unit_test_setup_teardown(a_head_that_was_set_back_or_forth_is_found, start, finish),
        cmocka_unit_test_setup_teardown(a_table_that_does_not_belong_is_found, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
