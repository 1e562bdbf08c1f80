/* Each allocation fails once: a query is answered correctly or refused for lack of memory, an index is built or not, and
 * nothing is lost or left over. */
#include "tests/query/same_answers.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t k, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t k, size_t n);
void *__wrap_realloc(void *p, size_t n);

static long fail_at; /* this many allocations from now; 0: none */

static bool fails(void) {
    return __atomic_load_n(&fail_at, __ATOMIC_RELAXED) > 0 && __atomic_sub_fetch(&fail_at, 1, __ATOMIC_RELAXED) == 0;
}

void *__wrap_malloc(size_t n) {
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t k, size_t n) {
    return fails() ? NULL : __real_calloc(k, n);
}

void *__wrap_realloc(void *p, size_t n) {
    return fails() ? NULL : __real_realloc(p, n);
}

static int start(void **state) {
    (void)state;
    random_start();
    scratch_new(&s, (uint64_t)256 << 20);
    log_fill(s.ledger, 2600);
    build(1024);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static long wanted; /* what fail_at becomes by arm() */

static void arm(void) {
    __atomic_store_n(&fail_at, wanted, __ATOMIC_RELAXED);
}

/* Runs `work` with the n-th allocation failing, for each n until there is none. */
static void sweep(int (*work)(void)) {
    for (long n = 1;; n++) {
        wanted = n;
        int rc = work();
        bool spent = __atomic_load_n(&fail_at, __ATOMIC_RELAXED) <= 0;
        __atomic_store_n(&fail_at, 0, __ATOMIC_RELAXED);
        if (rc != 0 && rc != ERR_NOMEM) {
            fail_msg("allocation %ld: %s '%s'", n, err_name(rc), why.msg);
        }
        if (!spent) {
            assert_int_equal(rc, 0);
            printf("%ld allocations\n", n - 1);
            return;
        }
    }
}

static const struct query_value outcomes[2] = {{.type = QUERY_TEXT, .text = {(const uint8_t *)"ok", 2}},
                                               {.type = QUERY_TEXT, .text = {(const uint8_t *)"error", 5}}};

static struct query question(struct query_term terms[2]) {
    static const struct query_value run = {.type = QUERY_TEXT, .text = {(const uint8_t *)"run-1", 5}};
    struct query q;
    query_init(&q);
    terms[0] = (struct query_term){query_field_find(bytes_of("outcome")), QUERY_EQ, outcomes, 2};
    terms[1] = (struct query_term){QUERY_RUN, QUERY_PREFIX, &run, 1};
    q.terms = terms;
    q.n_terms = 2;
    return q;
}

static uint64_t rows_expected;

static int ask(void) {
    struct query_term terms[2];
    struct query q = question(terms);
    struct query_cursor *cursor = NULL;
    const struct log_event *event;
    struct query_value v;
    uint64_t rows = 0;
    arm();
    int rc = query_open(s.ledger, &q, &cursor, &why);
    while (rc == 0 && (rc = query_next(cursor, &why)) == 0) {
        rows++;
        rc = query_get(cursor, QUERY_KIND, &v, &why);
        if (rc == 0) rc = query_get(cursor, QUERY_TIME, &v, &why);
        if (rc == 0 && rows % 8 == 0) rc = query_event(cursor, &event, &why);
    }
    query_close(cursor);
    if (rc == 1) {
        rows_expected = rows_expected == 0 ? rows : rows_expected;
        assert_true(rows > 0);
        assert_int_equal(rows, rows_expected);
    }
    return rc == 1 ? 0 : rc;
}

static uint64_t counted, size;

static int add_up(void *ctx, const struct query_value *values, uint64_t n, struct err *err) {
    (void)ctx;
    (void)values;
    (void)err;
    counted += n;
    return 0;
}

static int count(void) {
    struct query q;
    size_t by[2] = {QUERY_KIND, query_field_find(bytes_of("model"))};
    counted = 0;
    query_init(&q);
    arm();
    int rc = query_count(s.ledger, &q, by, 2, add_up, NULL, NULL, NULL, &why);
    assert_true(rc != 0 || counted == size);
    return rc;
}

static int rebuild(void) {
    arm();
    int rc = query_index_drop(s.ledger, &why);
    if (rc == 0) rc = index_build(s.ledger, 1024, UINT64_MAX, NULL, NULL, &why);
    return rc;
}

static int check_it(void) {
    unsigned n = 0;
    uint64_t checked;
    arm();
    int rc = query_index_check(s.ledger, NULL, count_differs, &n, &checked, &why);
    assert_int_equal(n, 0);
    return rc;
}

static int append_and_follow(void) {
    struct ledger *ledger = NULL;
    struct log_batch *batch = NULL;
    must(log_open(s.dir, NULL, &ledger, &why));
    arm();
    int rc = query_index_follow(ledger, &why);
    if (rc == 0) rc = log_batch_new(ledger, &batch, &why);
    if (rc == 0) rc = scratch_add(batch, 0, 300, false, &why);
    if (rc == 0) rc = log_batch_commit(batch, NULL, NULL, NULL, &why);
    log_batch_free(batch);
    log_close(ledger);
    return rc != 0 && fail_at <= 0 ? ERR_NOMEM : rc; /* append failures are tested elsewhere */
}

static void a_question_is_answered_or_refused(void **state) {
    (void)state;
    size = scratch_size(&s);
    sweep(ask);
    sweep(count);
}

static void an_index_is_built_or_not(void **state) {
    (void)state;
    sweep(rebuild);
    wanted = 0;
    must(rebuild());
    sweep(check_it);
    wanted = 0;
    assert_int_equal(check(), 0);
    must(ask());
}

static void appends_go_on_without_memory_for_the_index(void **state) {
    (void)state;
    scratch_close(&s);
    sweep(append_and_follow);
    scratch_open(&s);
    assert_int_equal(check(), 0);
    must(query_index_build(s.ledger, NULL, &why));
    assert_int_equal(covered(), scratch_size(&s) / 1024 * 1024);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_answered_or_refused),
        cmocka_unit_test(an_index_is_built_or_not),
        cmocka_unit_test(appends_go_on_without_memory_for_the_index),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
