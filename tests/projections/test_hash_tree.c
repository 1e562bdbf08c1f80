/* Trees of rows against a plain sorted array, over random histories; replaced nodes, and what is left behind. */
#include "projections/rows/hash_tree.h"
#include "tests/projections/engine_box.h"

TUNED(__wrap_state_tuning)

#define KEYS 3000

static struct scratch s;
static struct db *db;
static uint64_t seed;

static uint64_t draw(uint64_t below) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % below;
}

static int start(void **state) {
    (void)state;
    scratch_new(&s, 0);
    must(derived_open(s.ledger, true, &db, &why));
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static struct db_txn *begin(bool write) {
    struct db_txn *txn;
    must(db_begin(db, write, &txn, &why));
    return txn;
}

/* ---- the reference: the value of each possible key ---- */

static char reference[KEYS][600]; /* empty: no value */

static struct bytes key_at(size_t i, char room[32]) {
    snprintf(room, 32, "%c/key-%05zu", i % 7 == 0 ? 'a' : 'b', i);
    return bytes_of(room);
}

static int cmp_change(const void *a, const void *b) {
    const struct hash_tree_change *x = a, *y = b;
    return bytes_cmp(x->key, y->key);
}

/* Some changes to both. */
static void change(struct db_txn *txn, uint8_t root[HASH_LEN], struct buf *replaced, size_t n) {
    static char rooms[KEYS][32];
    static bool taken[KEYS];
    struct hash_tree_change *changes = calloc(n, sizeof(*changes));
    size_t many = 0;
    assert_non_null(changes);
    memset(taken, 0, sizeof(taken));
    for (size_t k = 0; k < n; k++) {
        size_t i = draw(KEYS), len = draw(4) == 0 ? 0 : 1 + draw(draw(9) == 0 ? 590 : 60);
        if (!taken[i]) {
            taken[i] = true;
            memset(reference[i], 0, sizeof(reference[i]));
            memset(reference[i], 'a' + (int)draw(26), len);
            changes[many++] = (struct hash_tree_change){key_at(i, rooms[i]), bytes_of(reference[i])};
        }
    }
    qsort(changes, many, sizeof(*changes), cmp_change);
    must(hash_tree_update(txn, "things", root, changes, many, root, replaced, &why));
    free(changes);
}

struct known {
    struct bytes key;
    size_t i;
};

static int cmp_known(const void *a, const void *b) {
    const struct known *x = a, *y = b;
    return bytes_cmp(x->key, y->key);
}

/* Every key, and walks from some, give the same as the reference. */
static void compare(struct db_txn *txn, const uint8_t root[HASH_LEN]) {
    static char rooms[KEYS][32];
    static struct known known[KEYS];
    struct hash_tree *tree;
    struct hash_tree_cursor cursor = {0};
    struct bytes key, value;
    must(hash_tree_open(txn, "things", root, &tree, &why));
    for (size_t i = 0; i < KEYS; i++) {
        known[i] = (struct known){key_at(i, rooms[i]), i};
        int rc = hash_tree_get(tree, known[i].key, &value, &why);
        assert_int_equal(rc, reference[i][0] == '\0' ? ERR_NOTFOUND : 0);
        assert_true(rc != 0 || bytes_is(value, reference[i]));
    }
    qsort(known, KEYS, sizeof(known[0]), cmp_known);
    for (size_t from = 0; from < KEYS; from += 1 + draw(900)) {
        must(hash_tree_seek(&cursor, tree, from == 0 ? bytes_of("") : known[from].key, &why));
        for (size_t i = from; i < KEYS; i++) {
            if (reference[known[i].i][0] != '\0') {
                must(hash_tree_next(&cursor, &key, &value, &why));
                assert_true(bytes_eq(key, known[i].key) && bytes_is(value, reference[known[i].i]));
            }
        }
        assert_int_equal(hash_tree_next(&cursor, &key, &value, &why), 1);
    }
    hash_tree_cursor_done(&cursor);
    hash_tree_close(tree);
}

static uint64_t nodes(struct db_txn *txn) {
    uint64_t n;
    must(db_count(txn, DERIVED_PROVEN, &n, &why));
    return n;
}

/* Nodes that can be reached from the root. */
static uint64_t reached(struct db_txn *txn, const uint8_t root[HASH_LEN]) {
    static const uint8_t none[HASH_LEN];
    struct bytes node;
    uint64_t n = 1;
    if (memcmp(root, none, HASH_LEN) == 0) return 0;
    must(db_get(txn, DERIVED_PROVEN, (struct bytes){root, HASH_LEN}, &node, &why));
    for (size_t at = 2 + strlen("things"); node.p[0] > 0 && at < node.n;) {
        at += 2U + be16_get(node.p + at);
        n += reached(txn, node.p + at);
        at += HASH_LEN;
    }
    return n;
}

static void a_tree_holds_what_a_sorted_array_holds(void **state) {
    (void)state;
    for (seed = 1; seed <= 12;) {
        uint8_t root[HASH_LEN] = {0};
        struct buf replaced;
        uint64_t mine = seed++;
        struct db_txn *txn = begin(true);
        buf_init(&replaced, 1 << 20);
        must(db_clear(txn, DERIVED_PROVEN, &why));
        memset(reference, 0, sizeof(reference));
        seed = mine * 77;
        for (int round = 0; round < 12; round++) {
            change(txn, root, &replaced, 1 + draw(round % 3 == 0 ? 2500 : 40));
            compare(txn, root);
            must(hash_tree_remove(txn, bytes_of_buf(&replaced), &why));
            buf_clear(&replaced);
            assert_int_equal(nodes(txn), reached(txn, root));
        }
        buf_done(&replaced);
        db_abort(txn);
        seed = mine + 1;
    }
}

static void the_tree_before_stays_whole_until_its_nodes_are_removed(void **state) {
    static char before[KEYS][600];
    uint8_t root[HASH_LEN] = {0}, old[HASH_LEN];
    struct buf replaced;
    (void)state;
    seed = 5;
    buf_init(&replaced, 1 << 20);
    memset(reference, 0, sizeof(reference));
    struct db_txn *txn = begin(true);
    change(txn, root, &replaced, 2000);
    for (int round = 0; round < 5; round++) {
        buf_clear(&replaced);
        memcpy(old, root, sizeof(old));
        memcpy(before, reference, sizeof(before));
        change(txn, root, &replaced, 200);
        compare(txn, root);
        memcpy(reference, before, sizeof(before)); /* the old one, with its values */
        compare(txn, old);
        must(hash_tree_remove(txn, bytes_of_buf(&replaced), &why));
        memset(reference, 0, sizeof(reference));
        memset(root, 0, sizeof(root));
        change(txn, root, &replaced, 2000);
    }
    db_abort(txn);
    buf_done(&replaced);
}

static void a_tree_that_loses_all_its_rows_is_empty(void **state) {
    static const uint8_t none[HASH_LEN];
    uint8_t root[HASH_LEN] = {0};
    struct hash_tree_change changes[KEYS];
    static char rooms[KEYS][32];
    struct buf replaced;
    (void)state;
    buf_init(&replaced, 1 << 20);
    memset(reference, 0, sizeof(reference));
    struct db_txn *txn = begin(true);
    must(db_clear(txn, DERIVED_PROVEN, &why));
    change(txn, root, &replaced, 1000);
    for (size_t i = 0; i < KEYS; i++) {
        changes[i] = (struct hash_tree_change){.key = key_at(i, rooms[i])};
    }
    qsort(changes, KEYS, sizeof(changes[0]), cmp_change);
    must(hash_tree_update(txn, "things", root, changes, KEYS, root, &replaced, &why));
    assert_memory_equal(root, none, HASH_LEN);
    memset(reference, 0, sizeof(reference));
    compare(txn, root);
    must(hash_tree_remove(txn, bytes_of_buf(&replaced), &why));
    assert_int_equal(nodes(txn), 0);
    db_abort(txn);
    buf_done(&replaced);
}

/* Each node in turn, changed in one byte or removed: every operation that reaches it reports it, and none returns another
 * row than before. */
static void a_node_that_was_changed_is_refused_and_never_read(void **state) {
    uint8_t root[HASH_LEN] = {0};
    struct buf replaced, node;
    struct db_cursor *cursor;
    struct bytes key, value;
    size_t n = 0;
    static uint8_t hashes[4096][HASH_LEN];
    (void)state;
    seed = 9;
    buf_init(&replaced, 1 << 20);
    buf_init(&node, 1 << 20);
    memset(reference, 0, sizeof(reference));
    struct db_txn *txn = begin(true);
    must(db_clear(txn, DERIVED_PROVEN, &why));
    change(txn, root, &replaced, 2500);
    must(db_cursor_open(txn, DERIVED_PROVEN, &cursor, &why));
    int rc = db_cursor_seek(cursor, (struct bytes){hashes[0], HASH_LEN}, &key, &value, &why);
    for (; rc == 0; rc = db_cursor_next(cursor, &key, &value, &why)) {
        memcpy(hashes[n++], key.p, HASH_LEN);
    }
    db_cursor_close(cursor);
    assert_true(n > 5);
    for (size_t i = 0; i < n; i++) {
        const struct bytes name = {hashes[i], HASH_LEN};
        char room[32];
        unsigned refused = 0;
        struct hash_tree *tree;
        must(db_get(txn, DERIVED_PROVEN, name, &value, &why));
        buf_clear(&node);
        buf_put_bytes(&node, value);
        node.p[draw(node.n)] ^= (uint8_t)(1U << draw(8));
        must(i % 3 == 0 ? db_del(txn, DERIVED_PROVEN, name, &why)
                        : db_put(txn, DERIVED_PROVEN, name, bytes_of_buf(&node), DB_PUT, &why));
        must(hash_tree_open(txn, "things", root, &tree, &why));
        for (size_t k = 0; k < KEYS; k++) {
            rc = hash_tree_get(tree, key_at(k, room), &value, &why);
            refused += rc == ERR_CORRUPT;
            assert_true(rc == ERR_CORRUPT || (rc == 0 && bytes_is(value, reference[k])) ||
                        (rc == ERR_NOTFOUND && reference[k][0] == '\0'));
        }
        assert_true(refused > 0);
        hash_tree_close(tree);
        db_abort(txn);
        txn = begin(true);
        must(db_clear(txn, DERIVED_PROVEN, &why));
        memset(root, 0, sizeof(root));
        memset(reference, 0, sizeof(reference));
        seed = 9;
        change(txn, root, &replaced, 2500);
    }
    db_abort(txn);
    buf_done(&node);
    buf_done(&replaced);
}

static void a_tree_of_another_name_is_refused(void **state) {
    uint8_t root[HASH_LEN] = {0};
    struct buf replaced;
    struct hash_tree *tree;
    struct bytes value;
    (void)state;
    buf_init(&replaced, 1 << 20);
    struct db_txn *txn = begin(true);
    change(txn, root, &replaced, 100);
    must(hash_tree_open(txn, "others", root, &tree, &why));
    must_fail(hash_tree_get(tree, bytes_of("a"), &value, &why), ERR_CORRUPT, "what is stored of 'others' is damaged");
    hash_tree_close(tree);
    db_abort(txn);
    buf_done(&replaced);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_holds_what_a_sorted_array_holds),
        cmocka_unit_test(the_tree_before_stays_whole_until_its_nodes_are_removed),
        cmocka_unit_test(a_tree_that_loses_all_its_rows_is_empty),
        cmocka_unit_test(a_node_that_was_changed_is_refused_and_never_read),
        cmocka_unit_test(a_tree_of_another_name_is_refused),
    };
    scratch_in_memory();
    return cmocka_run_group_tests(tests, start, finish);
}
