/* A database's file is never shorter than its pages, even where LMDB leaves the last ones unwritten; a truncated one is
 * refused. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/ledger/scratch.h"

/* What extends the file after a commit: here it succeeds, fails, or the process dies there. */
static enum { WHOLE_MADE, WHOLE_FAILS, WHOLE_DIES } whole;
static unsigned asked;

int __real_fallocate(int fd, int mode, off_t at, off_t n);
int __wrap_fallocate(int fd, int mode, off_t at, off_t n);

int __wrap_fallocate(int fd, int mode, off_t at, off_t n) {
    if (mode == FALLOC_FL_KEEP_SIZE || whole == WHOLE_MADE) { /* the lock table has that mode */
        return __real_fallocate(fd, mode, at, n);
    }
    asked++;
    if (whole == WHOLE_DIES) {
        kill(getpid(), SIGKILL);
    }
    errno = EOPNOTSUPP;
    return -1;
}

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

/* Some records are added, and some of them removed within the same transaction: pages are allocated and freed. */
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

/* All records, in order; false: it cannot be opened. */
static bool dump(const char *dir, struct buf *out) {
    const struct db_options options = {.tables = tables, .n_tables = 2, .map_bytes = 1 << 26, .read_only = true};
    struct db *db;
    struct db_txn *txn;
    int rc = db_open(dir, &options, &db, &why2);
    if (rc != 0) {
        assert_int_equal(rc, ERR_CORRUPT);
        return false;
    }
    must(db_begin(db, false, &txn, &why2));
    for (size_t table = 0; table < 2; table++) {
        struct db_cursor *cursor;
        struct bytes key, value;
        must(db_cursor_open(txn, table, &cursor, &why2));
        rc = db_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &value, &why2);
        for (; rc == 0; rc = db_cursor_next(cursor, &key, &value, &why2)) {
            assert_int_equal(buf_put_bytes(out, key) + buf_put_bytes(out, value), 0);
        }
        assert_int_equal(rc, 1);
        db_cursor_close(cursor);
    }
    db_abort(txn);
    db_close(db);
    return true;
}

static void a_file_whose_last_pages_could_not_be_made_opens(void **state) {
    char dir[256];
    unsigned seed = 3;
    uint64_t next = 0;
    (void)state;
    make_dir(dir);
    struct db *db = open_at(dir, true);
    whole = WHOLE_FAILS;
    asked = 0;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned before = asked;
        one_round(db, &seed, &next);
        if (asked != before) { /* it is truncated now */
            db_close(db);
            db = open_at(dir, false);
        }
    }
    assert_true(asked > 0);
    db_close(db);
    must(file_remove_tree(dir, &why2));
}

static void a_process_killed_before_it_made_the_file_whole_leaves_a_good_one(void **state) {
    char dir[256];
    unsigned killed = 0;
    (void)state;
    make_dir(dir);
    db_close(open_at(dir, true));
    for (unsigned i = 0; i < 12; i++) {
        int status;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            unsigned seed = 100 + i;
            uint64_t next = 100000 * (i + 1);
            whole = WHOLE_DIES;
            struct db *db = open_at(dir, false);
            for (int round = 0; round < ROUNDS; round++) {
                one_round(db, &seed, &next);
            }
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        killed += WIFSIGNALED(status) ? 1 : 0;
        whole = WHOLE_MADE;
        db_close(open_at(dir, false));
    }
    assert_true(killed > 0);
    must(file_remove_tree(dir, &why2));
}

static void a_file_that_was_cut_is_refused_unless_nothing_is_missing(void **state) {
    char dir[256], path[300];
    unsigned seed = 4, refused = 0;
    uint64_t next = 0;
    struct stat st;
    struct buf all, some;
    (void)state;
    whole = WHOLE_MADE;
    buf_init(&all, SIZE_MAX);
    buf_init(&some, SIZE_MAX);
    make_dir(dir);
    snprintf(path, sizeof(path), "%s/data.mdb", dir);
    struct db *db = open_at(dir, true);
    for (int i = 0; i < 10; i++) {
        one_round(db, &seed, &next);
    }
    db_close(db);
    assert_true(dump(dir, &all));
    assert_int_equal(stat(path, &st), 0);
    for (off_t length = st.st_size; length > 8192; length -= 4096) {
        assert_int_equal(truncate(path, length), 0);
        buf_clear(&some);
        if (dump(dir, &some)) {
            assert_true(bytes_eq(bytes_of_buf(&all), bytes_of_buf(&some)));
        } else {
            refused++;
        }
    }
    assert_true(refused > 10);
    buf_done(&all);
    buf_done(&some);
    must(file_remove_tree(dir, &why2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_as_long_as_its_pages_after_every_commit),
        cmocka_unit_test(a_file_whose_last_pages_could_not_be_made_opens),
        cmocka_unit_test(a_process_killed_before_it_made_the_file_whole_leaves_a_good_one),
        cmocka_unit_test(a_file_that_was_cut_is_refused_unless_nothing_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
