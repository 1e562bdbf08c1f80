/* Verifying derived data only reads: whatever is missing or damaged there, the files stay as they are, byte by byte, and
 * the report says what was found: damage is a fault; what may be missing at any time is not. */
#include "tests/ledger/judge.h"

#include <dirent.h>

#include "cli/evidence/examine.h"
#include "ledger/derived/derived.h"
#include "projections/store/rebuild.h"
#include "projections/view/state.h"
#include "query/query.h"

#define EVENTS (CORE_SEGMENT + 1000)

static const char *const tables[] = {HINTS_NAMES, "column", "row", "proven"};
static struct scratch other;

/* ---- derived data, written directly ---- */

static const char *data(void) {
    return scratch_at(&s, "box/derived/data.mdb");
}

static struct db *derived(size_t n_tables, bool create) {
    struct db_options o = {.tables = tables, .n_tables = n_tables, .map_bytes = SCRATCH_MAP * 4, .create = create};
    struct db *db;
    must(db_open(scratch_at(&s, "box/derived"), &o, &db, &why));
    return db;
}

/* value.p NULL: the record is removed. */
static void put(size_t table, struct bytes key, struct bytes value) {
    struct db_txn *txn;
    struct db *db = derived(DERIVED_TABLES, false);
    must(db_begin(db, true, &txn, &why));
    must(value.p == NULL ? db_del(txn, table, key, &why) : db_put(txn, table, key, value, DB_PUT, &why));
    must(db_commit(txn, &why));
    db_close(db);
}

static void get(size_t table, struct bytes key, struct buf *ret) {
    struct db_txn *txn;
    struct bytes value;
    struct db *db = derived(DERIVED_TABLES, false);
    must(db_begin(db, false, &txn, &why));
    must(db_get(txn, table, key, &value, &why));
    buf_init(ret, SIZE_MAX);
    buf_put_bytes(ret, value);
    db_abort(txn);
    db_close(db);
}

/* One byte of the record is changed; at < 0 counts from its end. */
static void flip(size_t table, struct bytes key, int at) {
    struct buf record;
    get(table, key, &record);
    record.p[at < 0 ? record.n - (size_t)-at : (size_t)at] ^= 1;
    put(table, key, bytes_of_buf(&record));
    buf_done(&record);
}

/* As it was. */
static void restore(void) {
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
    must(file_make_dirs(scratch_at(&s, "box/derived"), &why));
    scratch_copy(scratch_at(&s, "kept"), data());
}

static void make(size_t n_tables) {
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
    must(file_make_dirs(scratch_at(&s, "box/derived"), &why));
    db_close(derived(n_tables, true));
}

/* ---- what is done to it ---- */

static const struct bytes none;

static void nothing(void) {
}

static void remove_it(void) {
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
}

static void remove_the_file(void) {
    assert_int_equal(unlink(data()), 0);
}

static void empty_the_file(void) {
    assert_int_equal(truncate(data(), 0), 0);
}

static void write_words(void) {
    scratch_write(data(), bytes_of("this is no database"));
}

static void write_zeros(void) {
    static uint8_t zeros[20 * 4096];
    scratch_write(data(), (struct bytes){zeros, sizeof(zeros)});
}

static void cut_it(void) {
    assert_int_equal(truncate(data(), 5 * 4096), 0);
}

static void make_without_a_table(void) {
    make(DERIVED_TABLES - 1);
}

static void make_empty(void) {
    make(DERIVED_TABLES);
}

static void spoil_the_state(void) {
    put(DERIVED_STATE, bytes_of("keys"), bytes_of("nonsense"));
}

static void spoil_the_root(void) {
    flip(DERIVED_STATE, bytes_of("keys"), -1);
}

static void spoil_the_genesis(void) {
    flip(DERIVED_STATE, bytes_of("keys"), 3 + 5);
}

/* array, bin of 32, then uint 65,536 in five bytes */
static void claim_more(void) {
    flip(DERIVED_STATE, bytes_of("keys"), 1 + 2 + 32 + 1);
}

static void delete_the_state(void) {
    put(DERIVED_STATE, bytes_of("keys"), none);
}

static void delete_a_segment(void) {
    put(DERIVED_KEYSEG, key_u64(0), none);
}

static void delete_segments_and_state(void) {
    delete_a_segment();
    delete_the_state();
}

static void cut_a_segment(void) {
    struct buf segment;
    get(DERIVED_KEYSEG, key_u64(0), &segment);
    put(DERIVED_KEYSEG, key_u64(0), (struct bytes){segment.p, segment.n - 5});
    buf_done(&segment);
}

static void change_a_key(void) {
    flip(DERIVED_KEYSEG, key_u64(0), 8 + 7);
}

static void put_a_segment_behind(void) {
    uint8_t end[8];
    be64_put(end, 2 * CORE_SEGMENT);
    put(DERIVED_KEYSEG, key_u64(CORE_SEGMENT), (struct bytes){end, sizeof(end)});
}

static void delete_a_column(void) {
    struct db_txn *txn;
    struct db_cursor *cursor;
    struct bytes key, value;
    struct buf first;
    struct db *db = derived(DERIVED_TABLES, false);
    buf_init(&first, DB_KEY_MAX);
    must(db_begin(db, false, &txn, &why));
    must(db_cursor_open(txn, DERIVED_COLUMN, &cursor, &why));
    must(db_cursor_seek(cursor, none, &key, &value, &why));
    buf_put_bytes(&first, key);
    db_cursor_close(cursor);
    db_abort(txn);
    db_close(db);
    put(DERIVED_COLUMN, bytes_of_buf(&first), none);
    buf_done(&first);
}

static void put_anothers(void) {
    scratch_copy(scratch_at(&other, "box/derived/data.mdb"), data());
}

/* ---- what is reported ---- */

#define FAULT LOG_ASPECT_FAULT
#define GOOD  LOG_ASPECT_GOOD

static const struct {
    const char *name;
    void (*spoil)(void);
    enum log_aspect_state state;
    const char *words; /* of the first finding, or of the aspect */
} cases[] = {
    {"as it was", nothing, GOOD, "keys of the first 65536 events replayed and equal; the index of "},
    {"absent", remove_it, GOOD, "absent; it is rebuilt when needed"},
    {"without its file", remove_the_file, LOG_ASPECT_UNCHECKED, "not compared: "},
    {"never begun", empty_the_file, LOG_ASPECT_UNCHECKED, "not compared: "},
    {"without a table", make_without_a_table, LOG_ASPECT_UNCHECKED, "a table is missing; it is rebuilt when needed"},
    {"empty", make_empty, GOOD, "keys of the first 0 events"},
    {"behind", delete_segments_and_state, GOOD, "keys of the first 0 events"},
    {"a column less", delete_a_column, GOOD, "keys of the first 65536 events"},
    {"no database", write_words, FAULT, "is cut short"},
    {"zeros", write_zeros, FAULT, "the database is damaged"},
    {"cut short", cut_it, FAULT, "is cut short"},
    {"a spoiled state", spoil_the_state, FAULT, "the state of the key segments does not parse"},
    {"another root", spoil_the_root, FAULT, "of the first 65536 events of another log"},
    {"another genesis", spoil_the_genesis, FAULT, "of the first 65536 events of another log"},
    {"more than there is", claim_more, FAULT, "events of another log"},
    {"another ledger's", put_anothers, FAULT, "of the first 65536 events of another log"},
    {"no state", delete_the_state, FAULT, "key segments are too many: their state says the first 0 events"},
    {"a segment more", put_a_segment_behind, FAULT, "key segments are too many"},
    {"a segment less", delete_a_segment, FAULT, "key segments are missing: their state says the first 65536 events"},
    {"half an entry", cut_a_segment, FAULT, "the key segments are not contiguous"},
    {"another key", change_a_key, FAULT, "the key segment that begins there: "},
};

/* Names and bytes of all files except the locks, where readers hold their snapshots. */
static void dump(struct buf *out) {
    struct buf file;
    struct dirent *e;
    DIR *dir = opendir(scratch_at(&s, "box/derived"));
    buf_clear(out);
    while (dir != NULL && (e = readdir(dir)) != NULL) {
        if (e->d_name[0] != '.' && strcmp(e->d_name, "lock.mdb") != 0) {
            char name[300];
            snprintf(name, sizeof(name), "box/derived/%s", e->d_name);
            buf_put_str(out, e->d_name);
            buf_init(&file, SIZE_MAX);
            scratch_read(scratch_at(&s, name), &file);
            buf_put_bytes(out, bytes_of_buf(&file));
            buf_done(&file);
        }
    }
    if (dir != NULL) {
        closedir(dir);
        buf_put_str(out, "there");
    }
}

static void examine(void) {
    struct examine_options options = {.dir = s.dir, .derived = true, .cli = &(struct cli){.quiet = true}};
    struct rivals rivals;
    must(examine_ledger(&options, &report, &rivals, &why));
}

static void verifying_changes_no_byte_of_derived_data_and_says_what_it_met(void **state) {
    struct buf before, after;
    (void)state;
    buf_init(&before, SIZE_MAX);
    buf_init(&after, SIZE_MAX);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        restore();
        cases[i].spoil();
        dump(&before);
        examine();
        dump(&after);
        if (!bytes_eq(bytes_of_buf(&before), bytes_of_buf(&after))) {
            fail_msg("%s: %zu bytes before, %zu after", cases[i].name, before.n, after.n);
        }
        bool bad = cases[i].state == FAULT;
        const char *text = bad ? report.findings[0].reason : report.aspect[LOG_DERIVED].text;
        if (report.verdict != (bad ? LOG_INVALID : LOG_NOT_ANCHORED) ||
            report.aspect[LOG_DERIVED].state != cases[i].state || strstr(text, cases[i].words) == NULL) {
            fail_msg("%s: verdict %d, state %d: %s", cases[i].name, (int)report.verdict,
                     (int)report.aspect[LOG_DERIVED].state, text);
        }
        assert_true((report.n_findings > 0) == bad);
    }
    buf_done(&before);
    buf_done(&after);
}

/* ---- its progress ---- */

static void on_progress(void *ctx, uint64_t done, uint64_t total) {
    *(unsigned *)ctx += total == CORE_SEGMENT && done == CORE_SEGMENT; /* for the log there is more */
}

static void replaying_key_segments_is_progress(void **state) {
    unsigned n = 0;
    struct log_verify_options o = {.derived = true, .progress = on_progress, .progress_ctx = &n};
    (void)state;
    restore();
    scratch_open(&s);
    must(log_verify(s.ledger, &o, &report, &why));
    scratch_close(&s);
    assert_true(n > 0);
}

/* ---- */

static void fill(struct scratch *at, uint64_t from) {
    struct state_options how;
    scratch_new(at, SCRATCH_MAP * 4);
    scratch_fill(at, from, from + EVENTS, true);
    must(query_index_build(at->ledger, NULL, &why));
    state_options_init(&how);
    must(rebuild_run(at->ledger, &how, UINT32_MAX, &why));
    scratch_close(at); /* the segment of keys is built by then */
}

static int start_all(void **state) {
    (void)state;
    fill(&other, EVENTS);
    fill(&s, 0);
    scratch_copy(data(), scratch_at(&s, "kept"));
    return 0;
}

static int finish_all(void **state) {
    (void)state;
    scratch_done(&s);
    scratch_done(&other);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifying_changes_no_byte_of_derived_data_and_says_what_it_met),
        cmocka_unit_test(replaying_key_segments_is_progress),
    };
    scratch_in_memory();
    return cmocka_run_group_tests(tests, start_all, finish_all);
}
