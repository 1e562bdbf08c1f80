/* What counts is based on the events: whatever is done to derived data, the rows returned by state_ask, and the decisions
 * based on them, are those of a replay. */
#include <time.h>

#include "ledger/derived/derived.h"
#include "projections/act/checked.h"
#include "projections/attest/advance.h"
#include "projections/decide/decide.h"
#include "projections/store/attested.h"
#include "projections/store/rebuild.h"
#include "tests/projections/random_events.h"
#include "tests/projections/view_text.h"

#define RECORDS_MAX 4096

static struct box box;
static struct random_event r;

static int start(void **state) {
    (void)state;
    box_open(&box);
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_close(&box);
    return 0;
}

static void check(int rc) {
    if (rc != 0) {
        fail_msg("%s: %s", err_name(rc), why.msg);
    }
}

/* ---- derived records ---- */

struct record {
    enum derived_table table;
    struct buf key, value;
};

/* Everything related to attested rows. */
struct kept {
    struct record record[RECORDS_MAX];
    size_t n;
};

static void keep_table(struct kept *kept, struct db_txn *txn, enum derived_table table, const char *prefix) {
    struct db_cursor *cursor;
    struct bytes key, value;
    check(db_cursor_open(txn, table, &cursor, &why));
    int rc = db_cursor_seek(cursor, bytes_of(prefix), &key, &value, &why);
    for (; rc == 0 && bytes_has_prefix(key, prefix); rc = db_cursor_next(cursor, &key, &value, &why)) {
        struct record *record = &kept->record[kept->n++];
        assert_true(kept->n < RECORDS_MAX);
        record->table = table;
        buf_init(&record->key, DB_KEY_MAX);
        buf_init(&record->value, (size_t)16 << 20);
        buf_put_bytes(&record->key, key);
        buf_put_bytes(&record->value, value);
    }
    db_cursor_close(cursor);
}

static struct db_txn *begin(bool write) {
    struct db *db;
    struct db_txn *txn;
    check(derived_open(box.ledger, true, &db, &why));
    check(db_begin(db, write, &txn, &why));
    return txn;
}

static struct kept *keep(void) {
    struct kept *kept = calloc(1, sizeof(*kept));
    assert_non_null(kept);
    struct db_txn *txn = begin(false);
    keep_table(kept, txn, DERIVED_STATE, "attested");
    keep_table(kept, txn, DERIVED_PROVEN, "");
    db_abort(txn);
    return kept;
}

static void kept_free(struct kept *kept) {
    for (size_t i = 0; kept != NULL && i < kept->n; i++) {
        buf_done(&kept->record[i].key);
        buf_done(&kept->record[i].value);
    }
    free(kept);
}

/* What was there before, complete and consistent, replaces what is there now. */
static void put_back(const struct kept *kept) {
    struct db_txn *txn = begin(true);
    check(attested_drop(txn, &why));
    for (size_t i = 0; i < kept->n; i++) {
        check(db_put(txn, kept->record[i].table, bytes_of_buf(&kept->record[i].key), bytes_of_buf(&kept->record[i].value),
                     DB_PUT, &why));
    }
    check(db_commit(txn, &why));
}

/* ---- forgeries ---- */

/* Changes a byte of a record, or the record. */
static void spoil_record(struct kept *now) {
    if (now->n == 0) return;
    struct record *record = &now->record[random_below(&r, (uint32_t)now->n)];
    struct db_txn *txn = begin(true);
    if (random_below(&r, 3) == 0 || record->value.n == 0) {
        check(db_del(txn, record->table, bytes_of_buf(&record->key), &why));
    } else {
        record->value.p[random_below(&r, (uint32_t)record->value.n)] ^= (uint8_t)(1U << random_below(&r, 8));
        check(db_put(txn, record->table, bytes_of_buf(&record->key), bytes_of_buf(&record->value), DB_PUT, &why));
    }
    check(db_commit(txn, &why));
}

/* Replaces a row of one tree, with all hashes above it, and names the new root in its part of the record. False: the tree has
 * no rows. */
static bool forge_part(struct db_txn *txn, struct attested_part *part) {
    const char *name = part->projection->name;
    struct hash_tree *tree;
    struct hash_tree_cursor cursor = {0};
    struct bytes key, value;
    struct buf row, replaced;
    uint8_t forged[HASH_LEN], of[HASH_TREE_KEY_MAX];
    bool there;
    buf_init(&row, ROW_BYTES_MAX);
    buf_init(&replaced, 1 << 20);
    check(hash_tree_open(txn, name, part->root, &tree, &why));
    there = hash_tree_seek(&cursor, tree, bytes_of(""), &why) == 0 && hash_tree_next(&cursor, &key, &value, &why) == 0;
    if (there) {
        buf_put_bytes(&row, value);
        memcpy(of, key.p, key.n);
        row.p[row.n - 1] ^= 1;
        struct hash_tree_change change = {{of, key.n}, random_below(&r, 2) ? bytes_of_buf(&row) : bytes_of("")};
        if (hash_tree_update(txn, name, part->root, &change, 1, forged, &replaced, &why) == 0) {
            memcpy(part->root, forged, HASH_LEN);
        }
    }
    hash_tree_cursor_done(&cursor);
    hash_tree_close(tree);
    buf_done(&row);
    buf_done(&replaced);
    return there;
}

/* One tree of the newest record is forged: any that has rows. */
static void forge_tree(void) {
    static struct attested_heads heads;
    struct db_txn *txn = begin(true);
    check(attested_heads_get(txn, projection_all, &heads, &why));
    uint32_t n = heads.n > 0 ? (uint32_t)heads.head[0].n : 0;
    for (uint32_t i = 0, first = n > 0 ? random_below(&r, n) : 0; i < n; i++) {
        if (forge_part(txn, &heads.head[0].part[(first + i) % n])) break;
    }
    if (n > 0) {
        check(attested_heads_put(txn, &heads, &why));
    }
    check(db_commit(txn, &why));
}

/* The record claims that the rows are those of another moment, or that another event vouches for them. */
static void forge_record(uint64_t size) {
    static struct attested_heads heads;
    struct db_txn *txn = begin(true);
    check(attested_heads_get(txn, projection_all, &heads, &why));
    struct attested_head *head = &heads.head[random_below(&r, 2)];
    switch (random_below(&r, 4)) {
    case 0:
        head->position = random_below(&r, (uint32_t)size + 2);
        break;
    case 1:
        head->seq = random_below(&r, (uint32_t)size + 2);
        break;
    case 2:
        head->seq = LOG_NO_SEQ;
        break;
    default: /* the rows of one in place of the other's */
        if (heads.n == 2) {
            heads.head[0].n = heads.head[1].n;
            memcpy(heads.head[0].part, heads.head[1].part, sizeof(heads.head[0].part));
        }
        break;
    }
    if (heads.n > 0) {
        check(attested_heads_put(txn, &heads, &why));
    }
    check(db_commit(txn, &why));
}

static void forge(struct kept *before, uint64_t size) {
    struct kept *now = keep();
    switch (random_below(&r, 6)) {
    case 0:
    case 1:
        spoil_record(now);
        break;
    case 2:
        forge_tree();
        break;
    case 3:
        forge_record(size);
        break;
    case 4:
        if (before != NULL) {
            put_back(before);
        }
        break;
    default:
        break;
    }
    kept_free(now);
}

/* ---- queries ---- */

struct asked {
    struct buf text;
    const struct log_draft *draft;
    struct decision decision;
};

static int ask(void *ctx, struct state_view *view, struct err *err) {
    struct asked *asked = ctx;
    struct state_rows *rows;
    const struct row *row;
    int rc = 0;
    buf_clear(&asked->text);
    for (size_t t = 0; t < state_tables(view) && rc >= 0;
         t++) { /* what put_view reads, except that damage is not a failure here */
        rows = NULL;
        rc = state_rows_open(view, t, NULL, 0, &rows, err);
        while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        }
        state_rows_close(rows);
    }
    if (rc < 0) return rc;
    put_view(view, &asked->text);
    return asked->draft == NULL ? 0 : decide_may_append(view, asked->draft, &asked->decision, err);
}

static int ask_events(struct asked *asked) {
    struct state_options options;
    struct state_view *view;
    state_options_init(&options);
    options.base = STATE_EVENTS;
    check(state_open(box.ledger, &options, &view, &why));
    int rc = ask(asked, view, &why);
    state_close(view);
    return rc;
}

static struct state_view *kept_view; /* from one question to the next */
static unsigned continued;

static void compare(uint64_t seed, bool no_write, bool again) {
    struct asked attested = {.draft = &r.draft}, replayed = {.draft = &r.draft};
    struct state_options options;
    const struct state_view *before = kept_view;
    buf_init(&attested.text, (size_t)256 << 20);
    buf_init(&replayed.text, (size_t)256 << 20);
    state_options_init(&options);
    options.no_write = no_write;
    int rc = again ? state_ask_again(box.ledger, &options, &kept_view, ask, &attested, &why)
                   : state_ask(box.ledger, &options, ask, &attested, &why);
    struct err attested_why = why;
    continued += again && before != NULL && kept_view == before;
    int rc_replayed = ask_events(&replayed);
    if (rc != rc_replayed) {
        fail_msg("seed %llu: '%s', but the events give '%s'", (unsigned long long)seed, rc == 0 ? "" : attested_why.msg,
                 rc_replayed == 0 ? "" : why.msg);
    }
    if (attested.text.n != replayed.text.n || memcmp(attested.text.p, replayed.text.p, attested.text.n) != 0) {
        fail_msg("seed %llu: attested rows are not those of the events", (unsigned long long)seed);
    }
    if (rc == 0) {
        assert_int_equal(attested.decision.yes, replayed.decision.yes);
        assert_string_equal(attested.decision.reason, replayed.decision.reason);
    }
    buf_done(&attested.text);
    buf_done(&replayed.text);
}

static uint64_t size_now(void) {
    struct log_head head;
    check(log_head(box.ledger, &head, &why));
    return head.size;
}

static void grow(uint32_t n) {
    struct timespec now;
    struct log_receipt receipt;
    clock_gettime(CLOCK_REALTIME, &now);
    for (uint32_t i = 0; i < n; i++) {
        random_event_make(&r, (uint64_t)now.tv_sec * UINT64_C(1000000000));
        (void)log_append(box.ledger, &r.draft, &receipt, NULL, &why);
    }
}

static void one_seed(uint64_t seed) {
    struct kept *before = NULL;
    struct state_options options;
    state_options_init(&options);
    random_event_init(&r, seed);
    for (int round = 0; round < 16; round++) {
        grow(1 + random_below(&r, 60));
        if (random_below(&r, 3) > 0) {
            check(attested_advance(box.ledger, &options, 1 + random_below(&r, 80), &why));
        }
        if (random_below(&r, 4) == 0) {
            kept_free(before);
            before = keep();
        }
        compare(seed, random_below(&r, 2) == 0, false);
        compare(seed, true, true);
        forge(before, size_now());
        compare(seed, random_below(&r, 2) == 0, false);
        compare(seed, true, true);
        grow(1 + random_below(&r, 3));
        compare(seed, true, true);
        if (random_below(&r, 8) == 0) {
            state_close(kept_view);
            kept_view = NULL;
        }
    }
    kept_free(before);
    random_event_done(&r);
}

static void whatever_is_done_to_derived_data_what_counts_is_that_of_the_events(void **state) {
    const char *given = getenv("SEED");
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        one_seed(given != NULL ? strtoull(given, NULL, 10) : seed);
    }
    assert_true(continued > 0); /* that views are kept at all */
    state_close(kept_view);
    kept_view = NULL;
}

/* ---- that attested rows are used at all ---- */

static uint64_t stood_on; /* events that the rows of a view had folded before it was opened */

static int look_where(void *ctx, struct state_view *view, struct err *err) {
    struct state_status status;
    (void)ctx;
    (void)err;
    state_status(view, state_find(view, "permissions"), &status);
    stood_on = status.stored_position;
    return 0;
}

static uint64_t stands_on(void) {
    struct state_options options;
    state_options_init(&options);
    check(state_ask(box.ledger, &options, look_where, NULL, &why));
    return stood_on;
}

static void rows_that_an_event_vouches_for_are_not_folded_again(void **state) {
    static struct attested_heads heads;
    struct state_options options;
    (void)state;
    state_options_init(&options);
    random_event_init(&r, 99);
    check(rebuild_drop(box.ledger, &why));
    grow(50);
    assert_int_equal(stands_on(), 0);
    uint64_t first = size_now();
    check(attested_advance(box.ledger, &options, 1, &why));
    assert_int_equal(stands_on(), first);
    assert_int_equal(size_now(), first + 1); /* the event */
    grow(50);
    check(attested_advance(box.ledger, &options, 1000, &why));
    assert_int_equal(stands_on(), first);
    uint64_t second = size_now();
    check(attested_advance(box.ledger, &options, 1, &why));
    assert_int_equal(stands_on(), second);
    struct db_txn *txn =
        begin(true); /* as if it had died before it recorded the event's seq: the previous one is complete */
    check(attested_heads_get(txn, projection_all, &heads, &why));
    assert_int_equal(heads.n, 2);
    heads.head[0].seq = LOG_NO_SEQ;
    check(attested_heads_put(txn, &heads, &why));
    check(db_commit(txn, &why));
    assert_int_equal(stands_on(), first);
    compare(99, false, false);
    grow(5);
    check(attested_advance(box.ledger, &options, 1, &why));
    assert_int_equal(stands_on(), size_now() - 1);
    compare(99, false, false);
    random_event_done(&r);
}

static void a_long_history_leaves_no_nodes_behind(void **state) {
    struct state_options options;
    uint64_t most = 0, n;
    (void)state;
    state_options_init(&options);
    random_event_init(&r, 3);
    for (int round = 0; round < 60; round++) {
        grow(20);
        check(attested_advance(box.ledger, &options, 1, &why));
        struct kept *now = keep();
        n = now->n;
        kept_free(now);
        most = round < 30 && n > most ? n : most;
    }
    assert_true(n < 2 * most + 200); /* few subjects whose rows appear and disappear: trees of about one size */
    random_event_done(&r);
}

/* ---- detecting the changes ---- */

static unsigned differences;

static void differs(void *ctx, const struct projection *projection, const char *words) {
    (void)ctx;
    (void)projection;
    assert_true(words[0] != '\0');
    differences++;
}

static unsigned count_differences(void) {
    struct state_options options;
    uint64_t rows;
    state_options_init(&options);
    differences = 0;
    check(rebuild_check(box.ledger, &options, UINT32_MAX, differs, NULL, &rows, NULL, &why));
    return differences;
}

static void a_check_finds_what_was_changed(void **state) {
    struct state_options options;
    (void)state;
    state_options_init(&options);
    random_event_init(&r, 21);
    check(rebuild_drop(box.ledger, &why));
    grow(60);
    check(attested_advance(box.ledger, &options, 1, &why));
    assert_int_equal(count_differences(), 0);
    struct kept *whole = keep();
    for (size_t i = 0; i < whole->n; i++) {
        struct record *record = &whole->record[i];
        if (record->table == DERIVED_PROVEN) {
            struct db_txn *txn = begin(true);
            check(db_del(txn, record->table, bytes_of_buf(&record->key), &why));
            check(db_commit(txn, &why));
            assert_int_equal(count_differences(), 1);
            put_back(whole);
        }
    }
    forge_tree();
    assert_true(count_differences() > 1); /* the root is in no event */
    put_back(whole);
    assert_int_equal(count_differences(), 0);
    kept_free(whole);
    random_event_done(&r);
}

static int says_yes(void *ctx, struct state_view *view, struct decision *ret, struct err *err) {
    (void)ctx;
    (void)view;
    (void)ret;
    (void)err;
    return 0;
}

/* A view that is kept from one commit to the next is no reason to fold ever more events on old rows. */
static void who_commits_again_and_again_stands_on_new_rows(void **state) {
    struct state_view *view = NULL;
    struct decision decision;
    (void)state;
    check(rebuild_drop(box.ledger, &why));
    for (unsigned i = 0; i < 400; i++) {
        struct log_batch *batch = NULL;
        struct log_draft draft;
        char subject[32];
        check(log_batch_new(box.ledger, &batch, &why));
        for (unsigned j = 0; j < 8; j++) {
            snprintf(subject, sizeof(subject), "thing/%u-%u", i, j);
            log_draft_init(&draft);
            draft.kind = bytes_of("x.test.note");
            draft.subject = bytes_of(subject);
            draft.actor = bytes_of("user:test");
            draft.source = bytes_of("test");
            draft.grade = bytes_of("reported");
            check(log_batch_add(batch, &draft, &why));
        }
        check(checked_commit_again(box.ledger, batch, says_yes, NULL, &view, NULL, &decision, &why));
        log_batch_free(batch);
    }
    state_close(view);
    uint64_t lag = size_now() - stands_on();
    if (lag > 2 * ATTESTED_LAG_MAX) fail_msg("%llu events are folded for each answer", (unsigned long long)lag);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_done_to_derived_data_what_counts_is_that_of_the_events),
        cmocka_unit_test(rows_that_an_event_vouches_for_are_not_folded_again),
        cmocka_unit_test(a_long_history_leaves_no_nodes_behind),
        cmocka_unit_test(a_check_finds_what_was_changed),
        cmocka_unit_test(who_commits_again_and_again_stands_on_new_rows),
    };
    if (access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 1);
    }
    return cmocka_run_group_tests(tests, start, finish);
}
