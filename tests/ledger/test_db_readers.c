/* The reader table, as LMDB writes it. */
#include "tests/ledger/scratch.h"

#include "ledger/store/db_readers.h"

static struct db_readers read_all(const char *const *lines, size_t n) {
    struct db_readers r = {0};
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(db_readers_line(lines[i], &r), 0);
    }
    return r;
}

static void the_oldest_snapshot_is_found(void **state) {
    static const char *const lines[] = {"    pid     thread     txnid\n", "     41230 7f12ab34c640 512\n",
                                        "       977 7f00000000a0 -\n", "   4194303 7ffff7d8a740 87\n",
                                        "     41230 7f12ab34d640 88\n"};
    (void)state;
    struct db_readers r = read_all(lines, 5);
    assert_int_equal(r.n, 4);
    assert_int_equal(r.pid, 4194303);
    assert_int_equal(r.txnid, 87);
}

static void a_reader_without_a_snapshot_is_counted_only(void **state) {
    static const char *const lines[] = {"    pid     thread     txnid\n", "       977 7f00000000a0 -\n"};
    (void)state;
    struct db_readers r = read_all(lines, 2);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.pid, 0);
}

static void lines_without_a_reader_count_nobody(void **state) {
    static const char *const lines[] = {"(no active readers)\n", "(no reader locks)\n", "\n", ""};
    (void)state;
    struct db_readers r = read_all(lines, 4);
    assert_int_equal(r.n, 0);
    assert_int_equal(r.pid, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_snapshot_is_found),
        cmocka_unit_test(a_reader_without_a_snapshot_is_counted_only),
        cmocka_unit_test(lines_without_a_reader_count_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
