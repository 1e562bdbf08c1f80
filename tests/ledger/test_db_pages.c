/* The walk over a database's pages: valid after any history, and a modified page is named. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/store/db_pages.h"
#include "tests/ledger/scratch.h"

#define ROUNDS 150
#define PAGE   4096

static const char *const tables[] = {"a", "b", "c"};

static struct db *open_at(const char *dir, bool create) {
    const struct db_options options = {.tables = tables, .n_tables = 3, .map_bytes = 1 << 27, .create = create};
    struct db *db;
    must(db_open(dir, &options, &db, &why));
    return db;
}

static void make_dir(char ret[256]) {
    const char *parent = getenv("TMPDIR");
    snprintf(ret, 256, "%s/db-pages-XXXXXX", parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(ret));
}

static void put(struct db_txn *txn, size_t table, unsigned key, size_t n) {
    static uint8_t value[20000];
    char text[64];
    snprintf(text, sizeof(text), "%u-%0*u", key, (int)(key % 40) + 1, key);
    must(db_put(txn, table, bytes_of(text), (struct bytes){value, n}, DB_PUT, &why));
}

static void one_round(struct db *db, unsigned *seed) {
    struct db_txn *txn;
    must(db_begin(db, true, &txn, &why));
    for (int i = 0, n = 1 + rand_r(seed) % 200; i < n; i++) {
        unsigned key = (unsigned)rand_r(seed) % 3000;
        size_t size = rand_r(seed) % 8 == 0 ? (size_t)rand_r(seed) % 20000 : (size_t)rand_r(seed) % 300;
        char text[64];
        put(txn, key % 3, key, size);
        key = (unsigned)rand_r(seed) % 3000;
        snprintf(text, sizeof(text), "%u-%0*u", key, (int)(key % 40) + 1, key);
        must(db_del(txn, key % 3, bytes_of(text), &why));
    }
    if (rand_r(seed) % 40 == 0) {
        must(db_clear(txn, (size_t)rand_r(seed) % 3, &why));
    }
    must(db_commit(txn, &why));
}

/* A new seed each time, printed, or the given one. */
static unsigned any_seed(void) {
    const char *given = getenv("LEDGER_TEST_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)clock_wall_ns();
    print_message("LEDGER_TEST_SEED=%u\n", seed);
    return seed;
}

static void all_pages_are_good_after_any_history(void **state) {
    char dir[256];
    unsigned seed = any_seed();
    (void)state;
    make_dir(dir);
    struct db *db = open_at(dir, true);
    must(db_check(db, &why));
    for (int i = 0; i < ROUNDS; i++) {
        one_round(db, &seed);
        must(db_check(db, &why));
    }
    db_close(db);
    must(file_remove_tree(dir, &why));
}

static uint64_t number_at(const uint8_t *p, size_t bytes) {
    uint64_t v = 0;
    memcpy(&v, p, bytes); /* the file is of this machine, which is little-endian like every machine that runs the tests */
    return v;
}

/* The newest commit, and the page of its root tree, where tables have their records. */
static void find_root(int fd, uint64_t *ret_commit, size_t *ret_at) {
    uint8_t meta[2][152];
    assert_int_equal(pread(fd, meta[0], 152, 0), 152);
    assert_int_equal(pread(fd, meta[1], 152, PAGE), 152);
    const uint8_t *newest = meta[number_at(meta[0] + 144, 8) < number_at(meta[1] + 144, 8)];
    *ret_commit = number_at(newest + 144, 8);
    *ret_at = (size_t)number_at(newest + 128, 8) * PAGE;
}

static void flip(int fd, size_t at, unsigned bit) {
    uint8_t byte;
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= (uint8_t)(1U << bit);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

static void is_refused_with(int fd, uint64_t commit, size_t at, unsigned bit) {
    struct err err = {0};
    flip(fd, at, bit);
    if (db_pages_check(fd, PAGE, commit, &err) != ERR_CORRUPT || strstr(err.msg, "page") == NULL) {
        fail_msg("bit %u of byte %zu: %s", bit, at % PAGE, err.msg);
    }
    flip(fd, at, bit);
}

/* If an offset leads there, LMDB reads an older copy of a table's record, or another table's. */
static void each_bit_of_a_pages_head_offsets_and_tree_records_counts(void **state) {
    char dir[256], file[300];
    uint8_t page[PAGE];
    struct err err = {0};
    unsigned seed = 7;
    uint64_t commit;
    size_t root;
    (void)state;
    make_dir(dir);
    struct db *db = open_at(dir, true);
    for (int i = 0; i < 20; i++) {
        one_round(db, &seed);
    }
    db_close(db);
    snprintf(file, sizeof(file), "%s/data.mdb", dir);
    int fd = open(file, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    find_root(fd, &commit, &root);
    assert_int_equal(pread(fd, page, PAGE, (off_t)root), PAGE);
    size_t end = (size_t)number_at(page + 12, 2), record = (size_t)number_at(page + 16, 2) + 8 + 1;
    assert_int_equal(end, 16 + 2 * 3);
    for (size_t at = 0; at < end; at++) {
        for (unsigned bit = 0; bit < 8 && at != 8 && at != 9; bit++) { /* those two mean nothing in such a page */
            is_refused_with(fd, commit, root + at, bit);
        }
    }
    for (size_t at = record + 6; at < record + 48; at++) { /* depth, counts and root of the table "a" */
        is_refused_with(fd, commit, root + at, at % 8);
    }
    assert_int_equal(db_pages_check(fd, PAGE, commit + 1, &err), 1);
    must(db_pages_check(fd, PAGE, commit, &err));
    close(fd);
    must(file_remove_tree(dir, &why));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pages_are_good_after_any_history),
        cmocka_unit_test(each_bit_of_a_pages_head_offsets_and_tree_records_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
