/* A database's file is never shorter than its pages, also where LMDB leaves the last ones unwritten; a cut one is refused.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/ledger/scratch.h"

#define ROUNDS 200

static const char *const tables[] = {"a", "b"};
static struct err why2;

static struct db *open_at(const char *dir, bool create) {
    const struct db_options options = {.tables = tables, .n_tables = 2, .map_bytes = 1 << 26, .create = create};
    struct db *db;
    if (db_open(dir, &options, &db, &why2) != 0) {
        fail_msg("%s", why2.msg);
    }
    return db;
}

static void make_dir(char ret[256]) {
    const char *parent = getenv("TMPDIR");
    snprintf(ret, 256, "%s/db-whole-XXXXXX", parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(ret));
}

/* Some records come, and some of them go within the same transaction: pages are taken and given back. */
static void one_round(struct db *db, unsigned *seed, uint64_t *next) {
    static uint8_t value[6000];
    struct db_txn *txn;
    uint64_t first = *next, n = 1 + (uint64_t)rand_r(seed) % 60, keep = (uint64_t)rand_r(seed) % 3;
    must(db_begin(db, true, &txn, &why2));
    for (uint64_t i = 0; i < n; i++) {
        size_t size = (size_t)rand_r(seed) % sizeof(value);
        must(db_put_u64(txn, i % 2, (*next)++, (struct bytes){value, size}, DB_PUT, &why2));
    }
    for (uint64_t i = 0; i < n; i++) {
        if (keep == 0 || i % keep != 0) {
            must(db_del_u64(txn, i % 2, first + i, &why2));
        }
    }
    for (uint64_t i = 0; keep == 1 && i < n; i++) {
        must(db_del_u64(txn, i % 2, first + i, &why2));
    }
    must(db_commit(txn, &why2));
}

static void a_file_is_as_long_as_its_pages_after_every_commit(void **state) {
    char dir[256], path[300];
    unsigned seed = 3;
    uint64_t next = 0;
    (void)state;
    make_dir(dir);
    snprintf(path, sizeof(path), "%s/data.mdb", dir);
    struct db *db = open_at(dir, true);
    for (int i = 0; i < ROUNDS; i++) {
        struct db_stats stats;
        struct stat st;
        one_round(db, &seed, &next);
        must(db_stats(db, &stats, &why2));
        assert_int_equal(stat(path, &st), 0);
        assert_true((uint64_t)st.st_size >= stats.used_bytes);
        if (i % 20 == 0) {
            db_close(db);
            db = open_at(dir, false);
        }
    }
    db_close(db);
    must(file_remove_tree(dir, &why2));
}

static void a_file_that_was_cut_is_refused(void **state) {
    const struct db_options options = {.tables = tables, .n_tables = 2, .map_bytes = 1 << 26};
    char dir[256], path[300];
    unsigned seed = 4;
    uint64_t next = 0;
    struct stat st;
    struct db *db;
    (void)state;
    make_dir(dir);
    snprintf(path, sizeof(path), "%s/data.mdb", dir);
    db = open_at(dir, true);
    for (int i = 0; i < 10; i++) {
        one_round(db, &seed, &next);
    }
    db_close(db);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 4096), 0);
    assert_int_equal(db_open(dir, &options, &db, &why2), ERR_CORRUPT);
    must(file_remove_tree(dir, &why2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_as_long_as_its_pages_after_every_commit),
        cmocka_unit_test(a_file_that_was_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
