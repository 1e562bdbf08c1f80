/* The range of an export against a full scan, whatever is in derived data: segments of another log that were made to fit
 * this one, with every checksum correct, changed bytes, swapped records and vouchers. None of it changes a range. */
#include "cli/evidence/cut_args.h"
#include "export/cut/bundle.h"
#include "ledger/dedup/vouch.h"
#include "ledger/derived/derived.h"
#include "query/condition/hash64.h"
#include "query/index/index.h"
#include "tests/query/random_log.h"

#define EVENTS   7600
#define SEGMENTS 64
#define ROUNDS   24

static struct scratch other; /* another log of the same origin */

struct segment {
    uint8_t key[COLUMNS_KEY];
    struct buf record, voucher, foreign, foreign_voucher;
};
static struct segment segment[SEGMENTS]; /* as they were built */
static size_t n_segments;

static struct db_txn *derived_begin(struct ledger *ledger, bool write) {
    struct db *db;
    struct db_txn *txn;
    must(derived_open(ledger, true, &db, &why));
    must(db_begin(db, write, &txn, &why));
    return txn;
}

static struct bytes voucher_key(const struct segment *s_, uint8_t ret[10]) {
    ret[0] = VOUCH_COLUMNS;
    memcpy(ret + 1, s_->key, COLUMNS_KEY);
    return (struct bytes){ret, 10};
}

static void copy_record(struct db_txn *txn, size_t table, struct bytes key, struct buf *out) {
    struct bytes record;
    buf_init(out, SIZE_MAX);
    if (db_get(txn, table, key, &record, NULL) == 0) {
        buf_put_bytes(out, record);
    }
}

/* The other log's segment in place of this one's: its node, its times, and the check recomputed. */
static void make_fit(struct buf *foreign, const struct buf *own) {
    if (foreign->n < COLUMNS_HEADER) return;
    memcpy(foreign->p + 16, own->p + 16, 32);
    memcpy(foreign->p + 64, own->p + 64, 16);
    size_t end = COLUMNS_HEADER + COLUMNS_ENTRY * (size_t)be32_get(foreign->p + 60);
    be64_put(foreign->p, hash64((struct bytes){foreign->p + 8, end - 8}));
}

static void remember_segments(void) {
    struct db_txn *mine = derived_begin(s.ledger, false), *theirs = derived_begin(other.ledger, false);
    struct db_cursor *cursor;
    struct bytes key, record;
    uint8_t at[10];
    must(db_cursor_open(mine, DERIVED_COLUMN, &cursor, &why));
    for (int rc = db_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &record, &why); rc == 0;
         rc = db_cursor_next(cursor, &key, &record, &why)) {
        struct segment *one = &segment[n_segments++];
        assert_true(n_segments < SEGMENTS && key.n == COLUMNS_KEY);
        memcpy(one->key, key.p, key.n);
        copy_record(mine, DERIVED_COLUMN, key, &one->record);
        copy_record(mine, DERIVED_VOUCHER, voucher_key(one, at), &one->voucher);
        copy_record(theirs, DERIVED_COLUMN, key, &one->foreign);
        copy_record(theirs, DERIVED_VOUCHER, voucher_key(one, at), &one->foreign_voucher);
        assert_true(one->voucher.n > 0);
        make_fit(&one->foreign, &one->record);
    }
    db_cursor_close(cursor);
    db_abort(mine);
    db_abort(theirs);
    assert_true(n_segments > 4);
}

static int start(void **state) {
    (void)state;
    scratch_in_memory();
    random_start();
    log_without_big = true; /* whose groups are read back */
    scratch_new(&s, (uint64_t)256 << 20);
    scratch_new(&other, (uint64_t)256 << 20);
    log_fill(s.ledger, EVENTS);
    log_fill(other.ledger, EVENTS);
    must(index_build(s.ledger, 1024, UINT64_MAX, NULL, NULL, &why));
    must(index_build(other.ledger, 1024, UINT64_MAX, NULL, NULL, &why));
    remember_segments();
    return 0;
}

static int finish(void **state) {
    (void)state;
    for (size_t i = 0; i < n_segments; i++) {
        buf_done(&segment[i].record);
        buf_done(&segment[i].voucher);
        buf_done(&segment[i].foreign);
        buf_done(&segment[i].foreign_voucher);
    }
    scratch_done(&s);
    scratch_done(&other);
    return 0;
}

/* ---- forging ---- */

static void put(struct db_txn *txn, const struct segment *at, const struct buf *record, const struct buf *voucher) {
    uint8_t key[10];
    struct bytes column = {at->key, COLUMNS_KEY};
    must(record->n > 0 ? db_put(txn, DERIVED_COLUMN, column, bytes_of_buf(record), DB_PUT, &why)
                       : db_del(txn, DERIVED_COLUMN, column, &why));
    must(voucher->n > 0 ? db_put(txn, DERIVED_VOUCHER, voucher_key(at, key), bytes_of_buf(voucher), DB_PUT, &why)
                        : db_del(txn, DERIVED_VOUCHER, voucher_key(at, key), &why));
}

static void put_flipped(struct db_txn *txn, const struct segment *at, bool voucher) {
    struct buf copy;
    const struct buf *from = voucher ? &at->voucher : &at->record;
    buf_init(&copy, SIZE_MAX);
    buf_put_bytes(&copy, bytes_of_buf(from));
    copy.p[random_below(copy.n)] ^= (uint8_t)(1U << random_below(8));
    put(txn, at, voucher ? &at->record : &copy, voucher ? &copy : &at->voucher);
    buf_done(&copy);
}

static void forge(struct db_txn *txn, const struct segment *at) {
    static const struct buf none;
    const struct segment *another = &segment[random_below(n_segments)];
    switch (random_below(9)) {
    case 0:
    case 1:
        put(txn, at, &at->foreign, &at->voucher);
        break;
    case 2:
        put(txn, at, &at->foreign, &at->foreign_voucher);
        break;
    case 3:
        put_flipped(txn, at, random_below(2) == 0);
        break;
    case 4:
        put(txn, at, &another->record, &another->voucher);
        break;
    case 5:
        put(txn, at, &at->record, &none);
        break;
    case 6:
        put(txn, at, &none, &none);
        break;
    case 7:
        put(txn, at, &at->record, &another->voucher);
        break;
    default:
        put(txn, at, &at->record, &at->voucher);
    }
}

static void forge_some(void) {
    struct db_txn *txn = derived_begin(s.ledger, true);
    for (size_t i = 0; i < n_segments; i++) {
        forge(txn, &segment[i]);
    }
    must(db_commit(txn, &why));
}

static void put_all(bool foreign) {
    struct db_txn *txn = derived_begin(s.ledger, true);
    for (size_t i = 0; i < n_segments; i++) {
        put(txn, &segment[i], foreign ? &segment[i].foreign : &segment[i].record, &segment[i].voucher);
    }
    must(db_commit(txn, &why));
}

/* ---- ranges ---- */

/* Conditions that usually match some event. */
static void random_terms(struct cut_args *args, struct buf *texts) {
    static const char *const fields[] = {"kind", "subject", "run", "actor", "source", "grade", "key"};
    struct log_reader *reader;
    struct log_event e;
    must(log_reader_open(s.ledger, random_below(EVENTS), LOG_NO_SEQ, &reader, &why));
    must(log_reader_next(reader, &e, &why));
    const struct bytes values[] = {e.kind, e.subject, e.run, e.actor, e.source, e.grade, e.key};
    export_options_init(&args->options);
    buf_init(texts, 1 << 14);
    buf_room(texts, 1 << 14);
    for (size_t i = 0; i < 7; i++) {
        if (random_below(3) != 0 || values[i].n == 0) continue;
        struct export_term *t = &args->term[args->options.n_terms++];
        size_t n = random_below(3) == 0 ? (size_t)random_below(values[i].n + 1) : values[i].n;
        *t = (struct export_term){fields[i], n < values[i].n ? EXPORT_PREFIX : EXPORT_EQUALS, {texts->p + texts->n, n}};
        buf_put(texts, values[i].p, n);
        if (random_below(12) == 0 && n > 0) {
            texts->p[texts->n - 1] ^= 1; /* perhaps no event */
        }
    }
    args->options.terms = args->term;
    log_reader_close(reader);
}

/* By reading every header. False: none matches. */
static bool range_by_scan(const struct cut_args *args, uint64_t *ret_from, uint64_t *ret_to) {
    struct log_reader *reader;
    struct log_event event;
    struct event_header h;
    bool any = false;
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        must(event_header_decode(event.header, &h, &why));
        if (bundle_matches(args->term, args->options.n_terms, &h)) {
            *ret_from = any ? *ret_from : event.seq;
            *ret_to = event.seq + 1;
            any = true;
        }
    }
    log_reader_close(reader);
    return any;
}

static void same_range(bool build) {
    static struct cut_args args;
    struct buf texts;
    uint64_t from, to;
    memset(&args, 0, sizeof(args));
    random_terms(&args, &texts);
    if (args.options.n_terms > 0) {
        if (range_by_scan(&args, &from, &to)) {
            must(cut_args_narrow(&args, s.ledger, build, &why));
            assert_int_equal(args.options.from, from);
            assert_int_equal(args.options.to, to);
        } else {
            must_fail(cut_args_narrow(&args, s.ledger, build, &why), ERR_NOTFOUND, "no event matches");
        }
    }
    buf_done(&texts);
}

/* Which events match a kind that is in the log, as the sum of their hashed seqs, by the plain index or the proven one; groups
 * that were read. */
static uint64_t hash_rows(bool proven, uint64_t *ret_groups) {
    uint64_t sum = 0;
    const struct query_value kind = {.type = QUERY_TEXT, .text = bytes_of("x.acme.thing")};
    const struct query_term term = {.field = QUERY_KIND, .op = QUERY_EQ, .values = &kind, .n_values = 1};
    struct query q;
    struct query_cursor *cursor;
    struct query_cost cost;
    query_init(&q);
    q.terms = &term;
    q.n_terms = 1;
    q.proven = proven;
    must(query_open(s.ledger, &q, &cursor, &why));
    while (query_next(cursor, &why) == 0) {
        uint8_t seq[8];
        be64_put(seq, query_seq(cursor));
        sum += hash64((struct bytes){seq, sizeof(seq)});
    }
    query_cost(cursor, &cost);
    query_close(cursor);
    *ret_groups = cost.bundles;
    return sum;
}

/* ---- tests ---- */

static void a_range_by_vouched_segments_is_that_of_a_scan(void **state) {
    uint64_t plain, proven;
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        same_range(i % 2 == 0);
    }
    assert_int_equal(hash_rows(false, &plain), hash_rows(true, &proven));
    assert_int_equal(plain, proven); /* no more groups are read: the index answers */
    assert_true(proven <= 2);
}

static void segments_of_another_log_mislead_a_plain_query_and_no_range(void **state) {
    uint64_t plain, proven;
    (void)state;
    uint64_t right = hash_rows(false, &plain);
    put_all(true);
    assert_int_not_equal(hash_rows(false, &plain), right); /* otherwise this test forges nothing */
    assert_int_equal(hash_rows(true, &proven), right);
    assert_true(proven > plain);
    for (int i = 0; i < ROUNDS; i++) {
        same_range(false);
    }
    put_all(false);
    assert_int_equal(hash_rows(true, &proven), right);
}

static void random_forgeries_move_no_range(void **state) {
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        forge_some();
        same_range(false);
        same_range(i % 4 == 0);
        same_range(false);
    }
    put_all(false);
}

static void without_the_log_key_events_are_read(void **state) {
    char path[FILE_PATH_MAX];
    uint64_t groups;
    (void)state;
    scratch_close(&s);
    snprintf(path, sizeof(path), "%s/keys/log.key", s.dir);
    must(rename(path, scratch_at(&s, "log.key")));
    scratch_open(&s);
    put_all(true);
    same_range(false);
    same_range(true);
    hash_rows(true, &groups);
    assert_int_equal(groups, (scratch_size(&s) + EVENT_GROUP - 1) / EVENT_GROUP);
    scratch_close(&s);
    must(rename(scratch_at(&s, "log.key"), path));
    scratch_open(&s);
    put_all(false);
}

static void what_somebody_built_without_the_key_is_built_again_with_it(void **state) {
    static const struct buf none;
    uint64_t groups;
    (void)state;
    struct db_txn *txn = derived_begin(s.ledger, true);
    for (size_t i = 0; i < n_segments; i++) {
        put(txn, &segment[i], &segment[i].foreign, &none);
    }
    must(db_commit(txn, &why));
    must(query_index_build(s.ledger, NULL, &why));
    uint64_t right = hash_rows(true, &groups);
    assert_true(groups <= 2);
    assert_int_equal(hash_rows(false, &groups), right);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_by_vouched_segments_is_that_of_a_scan),
        cmocka_unit_test(segments_of_another_log_mislead_a_plain_query_and_no_range),
        cmocka_unit_test(random_forgeries_move_no_range),
        cmocka_unit_test(without_the_log_key_events_are_read),
        cmocka_unit_test(what_somebody_built_without_the_key_is_built_again_with_it),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
