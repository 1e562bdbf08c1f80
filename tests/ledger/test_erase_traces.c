/* Nothing of what was erased is left in any file, or in a backup, wherever in a page it was: pages are reused without being
 * cleared, and what follows a record depends on the sizes and the order of everything written. */
#include "tests/ledger/traces.h"

#define MARK    "zebra-7341"
#define LAYOUTS 24
#define EVENTS  60

static struct scratch s;

struct layout {
    unsigned seed;
    unsigned batch; /* events in one commit */
    bool private_, external;
};

static void begin(const struct layout *l) {
    struct log_create_options o = {.actor = "user:test", .map_bytes = SCRATCH_MAP};
    char origin[80];
    snprintf(origin, sizeof(origin), "example.org/%.*s", (int)(1 + l->seed % 40),
             "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
    o.origin = origin;
    snprintf(s.top, sizeof(s.top), "%.200s/ledger-test-XXXXXX", scratch_tmp());
    assert_non_null(mkdtemp(s.top));
    snprintf(s.dir, sizeof(s.dir), "%s/box", s.top);
    must(log_create(s.dir, &o, &why));
    scratch_open(&s);
}

/* Bodies of a few bytes, of about half a page to a whole one, and of several pages. */
static size_t size_of(const struct layout *l, unsigned i) {
    static const size_t sizes[] = {0, 2200, 40, 10000, 0, 3300, 2600, 100, 3900, 900};
    size_t size = sizes[(i * 7 + l->seed) % 10] + (i * 13 + l->seed * 29) % 150;
    return l->external && i % 9 == 0 ? 20000 + size : size;
}

/* "<word>-<i>" repeated, so that any piece of it is recognisable. */
static void put_text(struct buf *out, const char *word, unsigned i, size_t size) {
    buf_init(out, 1 << 20);
    do {
        buf_printf(out, "%s-%u ", word, i);
    } while (out->n < size);
    buf_put_u8(out, 0);
}

static void add(struct log_batch *batch, const struct layout *l, unsigned i, bool marked) {
    struct buf text, body = {0}, fields = {0}, open;
    put_text(&text, marked ? MARK : "stays", i, size_of(l, i));
    struct log_draft draft = scratch_draft("x.test.note", "note/1", scratch_map(&body, "{\"text\":\"%s\"}", text.p));
    buf_init(&open, 64);
    mp_put_array(&open, 1);
    mp_put_str(&open, bytes_of("text"));
    draft.open = bytes_of_buf(&open);
    if (l->private_ && i % 3 == 0) {
        draft.private_ = scratch_map(&fields, "{\"a\":\"%s\"}", text.p);
    }
    must(log_batch_add(batch, &draft, &why));
    buf_done(&text);
    buf_done(&body);
    buf_done(&fields);
    buf_done(&open);
}

/* Every second one, or all but every fifth, is to be erased. */
static bool goes(const struct layout *l, unsigned i) {
    return l->seed % 2 == 0 ? i % 2 == 1 : i % 5 != 0;
}

static void fill(const struct layout *l) {
    struct log_batch *batch;
    must(log_batch_new(s.ledger, &batch, &why));
    for (unsigned i = 0; i < EVENTS; i++) {
        add(batch, l, i, goes(l, i));
        if ((i + 1) % l->batch == 0 || i + 1 == EVENTS) {
            must(log_batch_commit(batch, NULL, NULL, NULL, &why));
        }
    }
    log_batch_free(batch);
}

static void erase(const struct layout *l, enum log_erase_what what) {
    struct log_erase_options o = {.what = what, .reason = "request", .actor = "user:test"};
    uint64_t seqs[EVENTS];
    o.seqs = seqs;
    for (unsigned i = 0; i < EVENTS; i++) {
        if (goes(l, i) && (what == LOG_ERASE_BODY || (l->private_ && i % 3 == 0))) {
            seqs[o.n_seqs++] = i + 1;
        }
    }
    if (o.n_seqs > 0) {
        must(log_erase(s.ledger, &o, NULL, &why));
    }
}

static void is_clean(const char *dir, const struct layout *l, const char *when) {
    size_t n = traces_below(dir, MARK);
    if (n != 0) {
        fail_msg("layout %u, %s: %zu traces in '%s'", l->seed, when, n, dir);
    }
}

static void one_layout(const struct layout *l, unsigned more) {
    begin(l);
    fill(l);
    scratch_fill(&s, 0, more, true);
    if (l->seed % 4 < 2) {
        scratch_reopen(&s);
    }
    erase(l, LOG_ERASE_PRIVATE);
    erase(l, LOG_ERASE_BODY);
    must(log_backup(s.ledger, scratch_at(&s, "early"), &why)); /* the old pages are still there */
    is_clean(scratch_at(&s, "early"), l, "a backup before the old pages went");
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    is_clean(s.dir, l, "erased");
    scratch_fill(&s, more, more + 20, true);
    is_clean(s.dir, l, "after more events");
    must(log_backup(s.ledger, scratch_at(&s, "copy"), &why));
    is_clean(scratch_at(&s, "copy"), l, "a backup");
    scratch_verify_good(s.ledger);
    assert_true(traces_below(s.dir, "stays-0") > 0);
    scratch_done(&s);
}

static void of_a_tail_nothing_is_left_in_any_layout(void **state) {
    (void)state;
    for (unsigned i = 0; i < LAYOUTS; i++) {
        one_layout(&(struct layout){.seed = i, .batch = 1 + i * i % 25, .private_ = i % 3 == 0, .external = i % 4 == 0}, 0);
    }
}

static void of_bundles_nothing_is_left_in_any_layout(void **state) {
    (void)state;
    for (unsigned i = 0; i < LAYOUTS / 2; i++) {
        one_layout(&(struct layout){.seed = i, .batch = 1 + i * i % 25, .private_ = i % 3 == 0, .external = i % 4 == 0},
                   150 + 40 * i);
    }
}

/* ---- the copy ---- */

static size_t records(struct ledger *ledger, struct buf *out) {
    buf_init(out, SIZE_MAX);
    for (int table = 0; table < CORE_TABLES; table++) {
        buf_put_u8(out, (uint8_t)table);
        must(scratch_dump_records(ledger, (enum core_table)table, out, &why));
    }
    return out->n;
}

static void the_new_generation_has_every_record_of_the_old_one(void **state) {
    struct log_erase_options o = {.what = LOG_ERASE_BODY, .reason = "request", .actor = "user:test"};
    struct db_txn *txn;
    struct buf before, after;
    const uint64_t seq = 7;
    (void)state;
    scratch_new(&s, 0);
    scratch_fill(&s, 0, 3000, true);
    o.seqs = &seq;
    o.n_seqs = 1;
    must(log_erase(s.ledger, &o, NULL, &why));
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_del(txn, T_META, bytes_of(CORE_ERASING), &why));
    must(db_del(txn, T_META, bytes_of("place"), &why)); /* which is different there: see test_place */
    must(db_commit(txn, &why));
    records(s.ledger, &before);
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_put(txn, T_META, bytes_of(CORE_ERASING), bytes_of("1"), DB_PUT, &why));
    must(db_commit(txn, &why));
    must(log_erase_finish(s.ledger, 0, NULL, &why));
    assert_int_equal(db_generation(s.ledger->evidence), 1);
    records(s.ledger, &after);
    assert_true(bytes_eq(bytes_of_buf(&before), bytes_of_buf(&after)));
    buf_done(&before);
    buf_done(&after);
    scratch_done(&s);
}

/* More than one commit of it, and more than LMDB would take at once. */
static void a_copy_of_many_commits_is_whole(void **state) {
    static uint8_t value[100000];
    struct db_txn *txn;
    struct db *copy;
    uint64_t n = 0;
    (void)state;
    scratch_new(&s, (uint64_t)512 << 20);
    for (int i = 0; i < 4; i++) {
        must(db_begin(s.ledger->evidence, true, &txn, &why));
        for (int k = 0; k < 300; k++, n++) {
            value[0] = (uint8_t)n;
            must(db_put_u64(txn, T_PAYLOAD, n, (struct bytes){value, sizeof(value)}, DB_APPEND, &why));
        }
        must(db_commit(txn, &why));
    }
    must(db_begin(s.ledger->evidence, false, &txn, &why));
    must(db_copy(txn, scratch_at(&s, "copy"), NULL, &why));
    db_abort(txn);
    const struct db_options o = {.tables = core_table_names, .n_tables = CORE_TABLES, .map_bytes = (uint64_t)512 << 20};
    must(db_open(scratch_at(&s, "copy"), &o, &copy, &why));
    must(db_begin(copy, false, &txn, &why));
    for (uint64_t i = 0; i < n; i++) {
        struct bytes got;
        must(db_get_u64(txn, T_PAYLOAD, i, &got, &why));
        assert_true(got.n == sizeof(value) && got.p[0] == (uint8_t)i);
    }
    db_abort(txn);
    db_close(copy);
    scratch_done(&s);
}

int main(void) {
    scratch_in_memory();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_tail_nothing_is_left_in_any_layout),
        cmocka_unit_test(of_bundles_nothing_is_left_in_any_layout),
        cmocka_unit_test(the_new_generation_has_every_record_of_the_old_one),
        cmocka_unit_test(a_copy_of_many_commits_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
