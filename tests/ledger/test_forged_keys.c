/* Somebody who can write the ledger's files but has no key forges what is used to look up idempotency keys: segments in
 * derived data, their vouchers, runs in the evidence. No duplicate gets through, above all no event that an author has
 * already signed, which would make the log invalid for everybody. */
#include "tests/ledger/scratch.h"

#include "ledger/core/author.h"
#include "ledger/dedup/keyproof.h"
#include "ledger/dedup/segments.h"
#include "ledger/dedup/segments_format.h"
#include "ledger/dedup/vouch.h"
#include "ledger/derived/derived.h"

#define FILL 9000 /* events after the first segment: eight vouchers of runs and more */

static struct scratch s, other;
static struct log_author *author;
static uint64_t signed_seq[3]; /* in a segment, in a run, in the tail */

static struct log_receipt append_signed(struct scratch *at, int i, int want, const char *text) {
    struct buf body = {0};
    struct log_receipt receipt = {0};
    char key[64];
    snprintf(key, sizeof(key), "signed-%d-0123456789abcdefghijkl", i);
    struct log_draft draft = scratch_draft("run.step", "run/r", scratch_map(&body, "{\"step\":\"work\"}"));
    draft.author = author;
    draft.source = bytes_of("somewhere");
    draft.key = bytes_of(key);
    if (want == 0) {
        must(log_append(at->ledger, &draft, &receipt, NULL, &why));
    } else { /* by another source, so that only the author's key is the same */
        draft.source = bytes_of("elsewhere");
        must_fail(log_append(at->ledger, &draft, &receipt, NULL, &why), want, text);
    }
    buf_done(&body);
    return receipt;
}

static void fill(struct scratch *at, uint64_t from) {
    scratch_new(at, (uint64_t)256 << 20);
    uint64_t first = append_signed(at, 0, 0, NULL).seq;
    scratch_fill(at, from, from + CORE_SEGMENT + 100, true);
    uint64_t second = append_signed(at, 1, 0, NULL).seq;
    scratch_fill(at, from + CORE_SEGMENT + 100, from + CORE_SEGMENT + FILL, true);
    uint64_t third = append_signed(at, 2, 0, NULL).seq;
    if (at == &s) {
        signed_seq[0] = first;
        signed_seq[1] = second;
        signed_seq[2] = third;
    }
    scratch_reopen(at);
}

static int start(void **state) {
    struct buf vkey;
    (void)state;
    scratch_in_memory();
    buf_init(&vkey, 1024);
    char dir[] = "/tmp/ledger-author-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/key", dir);
    must(log_author_new(path, "alice.example", bytes_of(""), &vkey, &why));
    must(log_author_load(path, bytes_of(""), &author, &why));
    must(file_remove_tree(dir, &why));
    buf_done(&vkey);
    fill(&s, 0);
    fill(&other, 1000000);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    scratch_done(&other);
    log_author_free(author);
    return 0;
}

/* ---- forging ---- */

static struct db_txn *begin(struct scratch *at, bool derived, bool write) {
    struct db *db = at->ledger->evidence;
    struct db_txn *txn;
    if (derived) {
        must(derived_open(at->ledger, true, &db, &why));
    }
    must(db_begin(db, write, &txn, &why));
    return txn;
}

static void get(struct scratch *at, size_t table, struct bytes key, struct buf *out) {
    struct bytes record = {NULL, 0};
    struct db_txn *txn = begin(at, true, false);
    buf_init(out, SIZE_MAX);
    int rc = db_get(txn, table, key, &record, &why);
    assert_true(rc == 0 || rc == ERR_NOTFOUND);
    buf_put_bytes(out, record);
    db_abort(txn);
}

static void put(size_t table, struct bytes key, const struct buf *value) {
    struct db_txn *txn = begin(&s, true, true);
    must(value->n == 0 ? db_del(txn, table, key, &why) : db_put(txn, table, key, bytes_of_buf(value), DB_PUT, &why));
    must(db_commit(txn, &why));
}

static const uint8_t segment_at[8], voucher_at[10] = {VOUCH_KEYS, 0, 0, 0, 0, 0, 0, 0, 0, 16};
#define SEGMENT ((struct bytes){segment_at, 8})
#define VOUCHER ((struct bytes){voucher_at, 10})

/* A segment of the right size in which the last pairs replace those of event `seq`. */
static void without_event(const struct buf *segment, uint64_t seq, struct buf *out) {
    buf_init(out, SIZE_MAX);
    buf_put(out, segment->p, 8);
    size_t left = 0;
    for (size_t at = 8; at < segment->n; at += SEGMENTS_ENTRY) {
        bool is = be32_get(segment->p + at + 8) == seq;
        left += is;
        buf_put(out, is ? out->p + out->n - SEGMENTS_ENTRY : segment->p + at, SEGMENTS_ENTRY);
    }
    assert_true(left > 0 && out->n == segment->n);
}

/* ---- what must hold ---- */

static void nothing_is_let_through(void) {
    struct buf body = {0};
    for (int i = 0; i < 3; i++) {
        append_signed(&s, i, ERR_CONFLICT, "a signed event counts once");
        assert_true(append_signed(&s, i, 0, NULL).duplicate);
        assert_int_equal(append_signed(&s, i, 0, NULL).seq, signed_seq[i]);
    }
    for (uint64_t i = 1; i < CORE_SEGMENT + FILL; i += 3001) {
        struct log_batch *batch;
        struct log_receipt receipt;
        must(log_batch_new(s.ledger, &batch, &why));
        must(scratch_add(batch, i, i + 1, true, &why));
        must(log_batch_commit(batch, &receipt, NULL, NULL, &why));
        assert_true(receipt.duplicate);
        log_batch_free(batch);
    }
    buf_done(&body);
}

static void holds_at_once_and_in_a_new_process(void) {
    nothing_is_let_through();
    scratch_reopen(&s);
    nothing_is_let_through();
}

static void a_forged_segment_lets_nothing_through(void **state) {
    struct buf segment, voucher, forged, foreign, foreign_voucher;
    const struct buf none = {0};
    (void)state;
    nothing_is_let_through();
    get(&s, DERIVED_KEYSEG, SEGMENT, &segment);
    get(&s, DERIVED_VOUCHER, VOUCHER, &voucher);
    get(&other, DERIVED_KEYSEG, SEGMENT, &foreign);
    get(&other, DERIVED_VOUCHER, VOUCHER, &foreign_voucher);
    assert_true(segment.n > 8 && voucher.n > 16 && foreign.n > 8 && foreign_voucher.n > 16);
    without_event(&segment, signed_seq[0], &forged);
    for (int how = 0; how < 5; how++) {
        scratch_reopen(&s); /* what this process has already proven is not checked again */
        put(DERIVED_KEYSEG, SEGMENT, how < 3 ? &forged : &foreign);
        put(DERIVED_VOUCHER, VOUCHER, how == 0 ? &voucher : how == 1 ? &none : &foreign_voucher);
        if (how == 4) {
            put(DERIVED_VOUCHER, VOUCHER, &none);
        }
        holds_at_once_and_in_a_new_process();
    }
    buf_done(&segment);
    buf_done(&voucher);
    buf_done(&forged);
    buf_done(&foreign);
    buf_done(&foreign_voucher);
}

static void a_segment_that_changes_under_a_process_lets_nothing_through(void **state) {
    struct buf segment, forged;
    (void)state;
    scratch_reopen(&s);
    nothing_is_let_through();
    get(&s, DERIVED_KEYSEG, SEGMENT, &segment);
    without_event(&segment, signed_seq[0], &forged);
    put(DERIVED_KEYSEG, SEGMENT, &forged);
    holds_at_once_and_in_a_new_process();
    buf_done(&segment);
    buf_done(&forged);
}

/* Runs of all groups without their pairs. */
static void forge_runs(bool remove) {
    struct db_txn *txn = begin(&s, false, true);
    struct core_view view;
    must(core_view_over(s.ledger, txn, &view, &why));
    for (uint64_t g = view.head.keyed_from; g + EVENT_GROUP <= view.head.size; g += EVENT_GROUP) {
        static uint8_t copy[2 * EVENT_GROUP * KEYRUN_ENTRY];
        struct bytes run;
        if (db_get_u64(txn, T_KEYRUN, g, &run, &why) != 0) continue;
        memcpy(copy, run.p, run.n);
        for (size_t at = 0; at < run.n; at += KEYRUN_ENTRY) {
            copy[at + 8] ^= 1;
        }
        must(remove ? db_del_u64(txn, T_KEYRUN, g, &why)
                    : db_put_u64(txn, T_KEYRUN, g, (struct bytes){copy, run.n}, DB_PUT, &why));
    }
    must(db_commit(txn, &why));
    core_view_release(&view);
}

static uint64_t run_vouchers(void) {
    struct db_txn *txn = begin(&s, true, false);
    uint64_t n = 0;
    for (uint64_t first = 0; first < 3 * CORE_SEGMENT; first += KEYPROOF_EVENTS) {
        uint8_t key[10] = {VOUCH_RUNS};
        struct bytes record;
        be64_put(key + 1, first);
        key[9] = 10;
        n += db_get(txn, DERIVED_VOUCHER, (struct bytes){key, 10}, &record, NULL) == 0;
    }
    db_abort(txn);
    return n;
}

static void forged_runs_let_nothing_through(void **state) {
    (void)state;
    scratch_reopen(&s);
    assert_true(run_vouchers() >= 8); /* those of events that already have a segment may still be there */
    forge_runs(false);
    scratch_reopen(&s);
    holds_at_once_and_in_a_new_process();
    forge_runs(true);
    scratch_reopen(&s);
    holds_at_once_and_in_a_new_process();
    struct db_txn *txn = begin(&s, true, true); /* and nothing wrong is vouched for */
    must(vouch_clear(txn, VOUCH_RUNS, &why));
    must(db_commit(txn, &why));
    scratch_reopen(&s);
    holds_at_once_and_in_a_new_process();
    scratch_reopen(&s);
    assert_int_equal(run_vouchers(), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forged_segment_lets_nothing_through),
        cmocka_unit_test(a_segment_that_changes_under_a_process_lets_nothing_through),
        cmocka_unit_test(forged_runs_let_nothing_through),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
